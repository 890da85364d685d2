"""Run folders, data and studies, as the command line writes and reads them."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Optional, Union

from . import _native
from ._arrays import Array
from .circuit import Circuit, PathLike
from .errors import RequestError
from .network import Network, _frame
from .schedules import Messages, Schedule

#: A name (digits, mnist, ...), a path, or a mapping of senses to files.
Data = Union[str, "os.PathLike[str]", Mapping[str, PathLike], None]


def _words(data: Data) -> list[str]:
    if data is None:
        return []
    if isinstance(data, Mapping):
        return [f"{sense}={os.fspath(file)}" for sense, file in data.items()]
    return [os.fspath(data)]


@dataclass(frozen=True)
class Step:
    """What a training tells on its way.

    Attributes
    ----------
    kind : "batch", "measured", "epoch", "checkpoint" or "warning"
    epoch, done, of : int
        The epoch from 1; batches (or images measured) done, of how many.
    free_energy : float
        Of the batch, in nats, mean over its images; NaN of other kinds.
    told : str
        The line of ``metrics.jsonl`` of an epoch, the path of a checkpoint, the words of a warning.
    """

    kind: str
    epoch: int
    done: int
    of: int
    free_energy: float
    told: str


class Run:
    """What ``gncn train`` (or `train`) wrote: circuit, weights, metrics.

    It holds no file open; `close`, or the end of a ``with``, lets go of the weights.

    Raises
    ------
    RequestError
        Where the folder is no run, or its circuit was changed since.
    """

    def __init__(self, path: PathLike) -> None:
        circuit, weights, info, metrics = _native.open_run(path)
        self.path = os.fspath(path)
        self._circuit = Circuit(circuit)
        self._weights: Optional[dict[str, Array]] = weights
        #: What ``run.json`` tells.
        self.info: dict[str, Any] = json.loads(info)
        #: The lines of ``metrics.jsonl``, one for each finished epoch.
        self.metrics: list[dict[str, Any]] = [json.loads(line) for line in metrics.splitlines()]

    @property
    def circuit(self) -> Circuit:
        """The circuit as it was run."""
        self._open()
        return self._circuit

    @property
    def weights(self) -> dict[str, Array]:
        """The weights of the end, or of the newest checkpoint where the run is not finished."""
        return self._open()

    def network(self) -> Network:
        """A network with the weights of the run."""
        return Network(self.circuit, int(self.info["seed"]), self.weights)

    def metrics_frame(self) -> Any:
        """The metrics as a pandas data frame, nested names joined by dots."""
        flat: list[dict[str, Any]] = []
        for line in self.metrics:
            flat.append({})
            _flatten("", line, flat[-1])
        return _frame(flat)

    def eval(
        self,
        only: Iterable[str] = (),
        *,
        data: Data = None,
        test: Data = None,
        limit: Optional[int] = None,
        schedule: Union[Schedule, str, None] = None,
        messages: Union[Messages, str, None] = None,
        executor: Optional[str] = None,
        steps: Optional[int] = None,
        prior_images: Optional[int] = None,
        components: Optional[int] = None,
        draws: Optional[int] = None,
        is_images: Optional[int] = None,
        is_draws: Optional[int] = None,
        seed: int = 0,
    ) -> dict[str, Any]:
        """The figures of ``gncn eval``; nothing is written.

        Parameters
        ----------
        only : names
            Of bce, mmse, classification, log_px, log_px_is, samples; all of them but the last if empty.
        data, test
            Other data than those of the run.
        limit : int, optional
            The first so many test images only.
        schedule, messages, executor, steps
            Another settling than the run's own.
        """
        own = self.circuit
        circuit = own.with_settling(schedule, messages, executor, steps)
        told, _ = _native.evaluate(
            self.path,
            _words(data),
            _words(test),
            circuit._native,
            [only] if isinstance(only, str) else list(only),
            limit=limit,
            prior_images=prior_images,
            components=components,
            draws=draws,
            is_images=is_images,
            is_draws=is_draws,
            seed=seed,
        )
        figures: dict[str, Any] = json.loads(told)
        return figures

    def close(self) -> None:
        """Lets go of the weights; the run can't be used any more."""
        self._weights = None

    def _open(self) -> dict[str, Array]:
        if self._weights is None:
            raise RequestError(f"the run {self.path} is closed; open it again with gncn.Run")
        return self._weights

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<gncn.Run {self.path!r}, {len(self.metrics)} epochs>"


def _flatten(name: str, value: Any, into: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}" if name else str(key), inner, into)
    else:
        into[name] = value


def train(
    circuit: Circuit,
    out: PathLike,
    *,
    data: Data = None,
    test: Data = None,
    epochs: Optional[int] = None,
    batch: Optional[int] = None,
    seed: int = 0,
    limit: Optional[int] = None,
    schedule: Union[Schedule, str, None] = None,
    messages: Union[Messages, str, None] = None,
    checkpoint_every: Optional[int] = None,
    test_each_epoch: bool = False,
    no_validation: bool = False,
    keep: Literal["last", "best"] = "last",
    tensorboard: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: bool = False,
    observer: Optional[Callable[[Step], object]] = None,
) -> Run:
    """Trains a circuit on data as ``gncn train`` does, to the same bits, and gives the run.

    Parameters
    ----------
    circuit : Circuit
    out : path
        The run folder.
    data, test : name, path, or mapping of senses to files
        digits (drawn by gncn) if left out.
    epochs, batch : int, optional
        The circuit's own if left out.
    limit : int, optional
        Learn from the first so many images only.
    no_validation : bool
        Hold out nothing: learn from all training images, and measure on the test images only.
    keep : "last" or "best"
        The weights to leave: of the last epoch, or of the one that was best by the images held out.
    tensorboard : bool
        Write curves and the picture for TensorBoard, too, into the run folder.
    resume : bool
        Go on with a run that was stopped, by the same arguments.
    progress : bool
        A bar, where tqdm is installed.
    observer : callable, optional
        Called with a `Step` for each batch, epoch and checkpoint. What it raises stops the training after a checkpoint.

    Raises
    ------
    RequestError, RunError
    KeyboardInterrupt
        By Ctrl-C, after the batch under way and a checkpoint; ``resume=True`` goes on to the same bits.
    """
    asked = circuit.with_settling(schedule, messages)
    bar = _bar() if progress else None

    def told(kind: str, epoch: int, done: int, of: int, free_energy: float, text: str) -> None:
        if bar is not None and kind == "batch":
            bar.total, bar.n = of, done
            bar.set_description(f"epoch {epoch}, free energy {free_energy:.1f}")
        if observer is not None:
            observer(Step(kind, epoch, done, of, free_energy, text))

    try:
        notes = _native.train_run(
            asked._native,
            {
                "folder": os.fspath(out),
                "data": _words(data),
                "test": _words(test),
                "epochs": epochs,
                "batch": batch,
                "seed": seed,
                "limit": limit,
                "checkpoint_every": checkpoint_every,
                "test_each_epoch": test_each_epoch,
                "no_validation": no_validation,
                "keep": keep,
                "tensorboard": tensorboard,
                "overwrite": overwrite,
                "resume": resume,
            },
            told,
        )
        for note in notes:
            if "--cpu" in note:
                warnings.warn(note, RuntimeWarning, stacklevel=2)
    finally:
        if bar is not None:
            bar.close()
    return Run(out)


def _bar() -> Any:
    try:
        from tqdm.auto import tqdm

        return tqdm()
    except ImportError:
        return None


def load_data(data: Data = None, test: Data = None, circuit: Optional[Circuit] = None) -> dict[str, Any]:
    """Arrays of a data set: ``train``, ``train_labels``, ``test``, ...; values float32, labels uint8.

    Parameters
    ----------
    data, test : name, path, or mapping of senses to files
        digits (drawn by gncn) if left out; names are looked up in the folder that ``GNCN_DATA`` names.
    circuit : Circuit, optional
        Values as this circuit is shown them: binarised, grey, standardised; as they are stored if left out.
    """
    arrays, _ = _native.load_data(_words(data), _words(test), None if circuit is None else circuit._native)
    return arrays


def load_weights(path: PathLike) -> dict[str, Array]:
    """The tensors of a safetensors file."""
    return _native.load_weights(path)


@dataclass(frozen=True)
class Study:
    """The three tables of a study, by column, and the folder where they and ``report.html`` are."""

    folder: str
    points: dict[str, Any]
    images: dict[str, Any]
    series: dict[str, Any]

    def frame(self, table: str = "points") -> Any:
        """A table (points, images or series) as a pandas data frame."""
        tables = {"points": self.points, "images": self.images, "series": self.series}
        if table not in tables:
            raise RequestError(f"`{table}` is no table of a study; legal are points, images, series")
        return _frame(tables[table])


def study(
    path: PathLike,
    out: PathLike,
    *,
    quick: bool = False,
    only: Iterable[str] = (),
    csv: bool = False,
    observer: Optional[Callable[[str, int, int, str], object]] = None,
) -> Study:
    """Runs a study file as ``gncn study`` does; points that are finished stay finished.

    Parameters
    ----------
    path : path
        The study file.
    out : path
        The folder to write.
    quick : bool
        The smaller numbers of the file's ``quick``.
    only : texts
        Run the points whose description holds all of these.
    observer : callable, optional
        Called with what is done ("training" or "point"), how many, of how many, and words.
    """
    told = observer if observer is not None else (lambda *_: None)
    chosen = [only] if isinstance(only, str) else list(only)
    tables = _native.study(path, out, quick=quick, only=chosen, csv=csv, told=told)
    return Study(os.fspath(out), tables["points"], tables["images"], tables["series"])
