"""A network: populations of a circuit with their synapses; what settles, learns and is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import Array, ArrayLike, as_frames, as_inputs, as_numpy, as_tensors
from .circuit import Circuit, PathLike
from .errors import RequestError
from .schedules import Firings, Messages, Schedule

Inputs = Union[Mapping[str, ArrayLike], ArrayLike]


@dataclass(frozen=True)
class Firing:
    """What an observer is told: one firing of one population, with copies of what it holds afterwards.

    Attributes
    ----------
    population : str
    number : int
        The population's own count, from 1.
    samples : (int, int)
        Which samples of the batch, from and up to; batches are split over threads.
    movement : float
        The largest change of a component of the state; 0 for error populations.
    state, activity : array [samples, neurons] or None
        Of state populations.
    mean, mismatch : array [samples, neurons] or None
        Of error populations.
    """

    population: str
    number: int
    samples: tuple[int, int]
    movement: float
    state: Optional[Array]
    activity: Optional[Array]
    mean: Optional[Array]
    mismatch: Optional[Array]


@dataclass(frozen=True)
class Settled:
    """What an episode came to. Arrays are [samples, neurons], float32, by layer.

    Attributes
    ----------
    states, activities : dict of layer to array
        z and φ(z).
    means, mismatches : dict of layer to array
        μ and e of predicted layers.
    energies : dict of layer to array of float64
        Free energy summed over the samples, in nats, at each step; the last is at the readout.
    free_energy : dict of layer to array of float64, [samples]
        Free energy of each sample at the readout.
    samples, steps : int
    frames : int or None
        How many there were, where the circuit settles frame by frame (``per_frame``). All arrays above, and those of
        probes, then have a leading axis of frames, the account is that of all, and the other figures are of the last.
    quiet : bool or None
        Whether the circuit came to rest, where it was to settle until then.
    movement : float
        The largest change of a component of a state in its last firing.
    account : dict
        ``links`` and ``populations``: what became of every message (docs/account.md says what each figure means).
    never_heard : list of dict
        Populations that made updates and never heard a neighbour.
    operations, messages, bytes : int
        Synaptic operations, messages sent, bytes sent: totals of the account.
    probes : dict of probe to array [firings, samples, neurons]
    log : Log or None
        Where `record` asked for it: the run, to be saved and replayed.
    trace : dict of column to array or list, or None
        Where `trace` asked for it: the columns of ``gncn settle --trace``.
    """

    states: dict[str, Array]
    activities: dict[str, Array]
    means: dict[str, Array]
    mismatches: dict[str, Array]
    energies: dict[str, NDArray[np.float64]]
    free_energy: dict[str, NDArray[np.float64]]
    samples: int
    frames: Optional[int]
    steps: int
    quiet: Optional[bool]
    movement: float
    account: dict[str, list[dict[str, Any]]]
    never_heard: list[dict[str, Any]]
    operations: int
    messages: int
    bytes: int
    probes: dict[str, Array]
    log: Optional[_native.Log]
    trace: Optional[dict[str, Any]] = field(repr=False)

    @property
    def traffic(self) -> list[dict[str, Any]]:
        """What became of the messages of each link."""
        return self.account["links"]

    @property
    def ages(self) -> dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """By link (sender, receiver): histograms of staleness and of unheard, both by age in firings from 0 on."""
        of = {}
        for link in self.account["links"]:
            histograms = (np.asarray(link["staleness"], np.int64), np.asarray(link["unheard"], np.int64))
            of[(str(link["from"]), str(link["to"]))] = histograms
        return of

    def traffic_frame(self) -> Any:
        """The traffic as a pandas data frame, without the histograms."""
        rows = [{k: v for k, v in link.items() if not isinstance(v, list)} for link in self.account["links"]]
        return _frame(rows)

    def trace_frame(self) -> Any:
        """The trace as a pandas data frame, a row for each firing."""
        if self.trace is None:
            raise RequestError("no trace was kept; settle with trace=True")
        return _frame(self.trace)

    @classmethod
    def _of(cls, frames: list[dict[str, Any]], framed: bool) -> Settled:
        told = frames[-1]
        told["frames"] = len(frames) if framed else None
        if framed:
            for part in ("states", "activities", "means", "mismatches", "energies", "free_energy", "probes"):
                told[part] = {name: _stacked([frame[part][name] for frame in frames]) for name in told[part]}
        operations, messages, size = told.pop("totals")
        told["account"] = json.loads(told["account"])
        told["never_heard"] = json.loads(told["never_heard"])
        return cls(operations=operations, messages=messages, bytes=size, **told)


def _stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Arrays of frames one above the other; what came to rest sooner than others is followed by NaN."""
    longest = max(len(array) for array in arrays)
    whole: NDArray[Any] = np.full((len(arrays), longest, *arrays[0].shape[1:]), np.nan, arrays[0].dtype)
    for frame, array in zip(whole, arrays):
        frame[: len(array)] = array
    return whole


def _frame(data: Any) -> Any:
    try:
        import pandas
    except ImportError as cause:
        raise RequestError("data frames need pandas: pip install pandas") from cause
    return pandas.DataFrame(data)


@dataclass(frozen=True)
class Trained:
    """One batch that was learned: epoch and batch from 1, its free energy in nats, mean over samples, all layers."""

    epoch: int
    batch: int
    samples: int
    free_energy: float


class Network:
    """Populations built from a circuit.

    Parameters
    ----------
    circuit : Circuit
    seed : int
        Of synapses, where no weights are given, and of noise.
    weights : mapping of tensor names to arrays, optional

    Notes
    -----
    Arrays that are float32, row by row, are read where they lie; others are copied first. Don't write into an input while
    it settles. The interpreter's lock is let go meanwhile. One thread at a time has a network, and others wait for it:
    `copy` makes one for another thread.
    """

    def __init__(self, circuit: Circuit, seed: int = 0, weights: Optional[Mapping[str, ArrayLike]] = None) -> None:
        if not 0 <= seed < 2**64:
            raise RequestError(f"seed is {seed}; whole numbers from 0 to 2**64 - 1 are legal")
        self.circuit = circuit
        self.seed = seed
        self._native = _native.Network(circuit._native, seed, None if weights is None else as_tensors(weights))

    @property
    def weights(self) -> dict[str, Array]:
        """Copies of all weights, by the names of docs/python.md; set it to put others in their place."""
        return self._native.weights()

    @weights.setter
    def weights(self, weights: Mapping[str, ArrayLike]) -> None:
        self._native.set_weights(as_tensors(weights))

    def save_weights(self, path: PathLike) -> None:
        """Writes the weights as a safetensors file, as the command line does: whole or not at all."""
        _native.save_weights(path, self.weights)

    def copy(self) -> Network:
        """Another network with the same synapses, and what their optimisers remember."""
        other = Network.__new__(Network)
        other.circuit, other.seed, other._native = self.circuit, self.seed, self._native.copy()
        return other

    def settle(
        self,
        inputs: Inputs,
        *,
        masks: Optional[Inputs] = None,
        schedule: Union[Schedule, Firings, str, None] = None,
        messages: Union[Messages, str, None] = None,
        executor: Optional[str] = None,
        steps: Optional[int] = None,
        tolerance: Optional[float] = None,
        measure: str = "steps",
        probes: Iterable[str] = (),
        record: bool = False,
        trace: bool = False,
        observer: Optional[Callable[[Firing], object]] = None,
        stop_at: Optional[int] = None,
        seed: Optional[int] = None,
    ) -> Settled:
        """Settles one episode, up to and including the readout; of a circuit with ``per_frame`` one for each frame.

        Parameters
        ----------
        inputs : mapping of sense to array [samples, neurons], or one array
            A sense that is left out is released: its layer settles like any other. Where the circuit settles frame by
            frame, arrays are [frames, samples, ...], and each frame goes on from the one before.
        masks : like `inputs`, optional
            1 where a value is observed and 0 where it is missing and to be completed. Of frames, one for each or one for
            all.
        schedule, messages, executor, steps, tolerance
            Instead of the circuit's own; see `Circuit.with_settling`. `Firings` is an order of one's own.
        measure : "never", "readout" or "steps"
            When free energy is measured.
        probes : names
            Of what to keep at every firing: ``z1`` (state), ``z1.activity``, ``z1.mean``, ``z1.error`` (mismatch).
        record, trace : bool
            Whether to keep the delivery log, and every firing.
        observer : callable, optional
            Called with a `Firing` for each, from whichever thread it happens on, while the episode waits. What it raises
            ends the episode.
        stop_at : int, optional
            With a `Replay`: stop after so many firings of the log, before the readout.
        seed : int, optional
            Of noise; the network's own if not given.

        Raises
        ------
        RequestError
            Where shapes, values, names or the schedule don't fit.
        RunError
            Where states grow without bound.
        KeyboardInterrupt
            By Ctrl-C; the network is as it was.
        """
        return self._settle(
            inputs,
            masks,
            self._settling(schedule, messages, executor, steps, tolerance),
            schedule if isinstance(schedule, Firings) else None,
            measure=measure,
            probes=[probes] if isinstance(probes, str) else list(probes),
            record=record,
            trace=trace,
            observer=observer,
            stop_at=stop_at,
            presentation=(self.seed if seed is None else seed, "settling", 0, 0),
        )

    def learn(self, inputs: Optional[Inputs] = None, **settling: Any) -> Optional[Settled]:
        """One learning step on what settled last; with `inputs` these are settled first (options as of `settle`).

        Of frames there is one after each, where there are `inputs`; else one on the last.

        Raises
        ------
        RequestError
            Where nothing has settled with these weights.
        RunError
            Where a covariance would lose its Cholesky factor; it stays as it was.
        """
        if inputs is None:
            self._native.learn()
            return None
        # The noise of `settle`: this is the same as to settle, and then to learn.
        (trained, settled) = self._learn(inputs, (self.seed, "settling", 0, 0), settling)
        return settled

    def train(
        self, batches: Union[Iterable[Any], Callable[[], Iterable[Any]]], epochs: int = 1, progress: bool = False, **settling: Any
    ) -> Iterator[Trained]:
        """Learns batch after batch, and gives for each what it came to.

        Parameters
        ----------
        batches : iterable, or a function that returns one
            Of what `settle` takes as inputs; a PyTorch ``DataLoader`` is one. A tuple or list of arrays is one for each
            sense, in the order of the circuit; of a longer one the rest is left out. Whole numbers for the sense ``label`` are
            classes, shown one-hot.
        epochs : int
            How often to go through them; what can be gone through once only must be given as a function.
        progress : bool
            A bar, where tqdm is installed.
        settling
            Options of `settle`.

        Examples
        --------
        ``for step in network.train(loader, epochs=3): print(step.free_energy)``
        """
        for epoch in range(epochs):
            whole = batches() if callable(batches) else batches
            if epoch > 0 and whole is batches and iter(whole) is whole:
                raise RequestError("batches is an iterator, which one epoch uses up; give a list, or a function that makes it")
            for number, batch in enumerate(_with_progress(whole, progress, f"epoch {epoch + 1}/{epochs}")):
                inputs = self._inputs_of(batch)
                trained, _ = self._learn(inputs, (self.seed, "learning", epoch, number), settling)
                yield trained

    def eval(self, batches: Any, **settling: Any) -> dict[str, Any]:
        """Settles batches and measures them: means over samples.

        Parameters
        ----------
        batches : inputs as of `settle`, or an iterable of them as of `train`
        settling
            Options of `settle`.

        Returns
        -------
        dict
            ``samples``; ``free_energy`` by layer and ``total``, in nats; ``squared_error`` by sense, summed over its
            neurons: of what was shown to what is predicted; ``operations`` for a sample. A sample in each of several frames
            counts as one of each.
        """
        is_one = isinstance(batches, Mapping) or hasattr(batches, "shape")
        count, operations = 0, 0
        energies: dict[str, float] = {}
        errors: dict[str, float] = {}
        for number, batch in enumerate([batches] if is_one else batches):
            inputs = self._inputs_of(batch)
            frames, _ = self._shown(inputs, None)
            presentation = (self.seed, "measuring", 0, number)
            settled = self._present(inputs, presentation, settling, "readout")
            count, operations = count + settled.samples * len(frames), operations + settled.operations
            for name, values in settled.free_energy.items():
                energies[name] = energies.get(name, 0.0) + float(values.sum())
            for layer in self.circuit.layers.values():
                if layer.sense in frames[0] and layer.name in settled.means:
                    predicted = settled.means[layer.name].reshape(len(frames), settled.samples, -1)
                    for frame, mean in zip(frames, predicted):
                        missed = frame[layer.sense].astype(np.float64) - mean
                        errors[layer.sense] = errors.get(layer.sense, 0.0) + float((missed**2).sum())
        if count == 0:
            raise RequestError("there is no batch to measure")
        means = {layer: energy / count for layer, energy in energies.items()}
        return {
            "samples": count,
            "free_energy": {**means, "total": sum(means.values())},
            "squared_error": {sense: error / count for sense, error in errors.items()},
            "operations": operations / count,
        }

    def _settling(
        self,
        schedule: Union[Schedule, Firings, str, None] = None,
        messages: Union[Messages, str, None] = None,
        executor: Optional[str] = None,
        steps: Optional[int] = None,
        tolerance: Optional[float] = None,
    ) -> Optional[_native.Circuit]:
        own = None if isinstance(schedule, Firings) else schedule
        if own is None and messages is None and executor is None and steps is None and tolerance is None:
            return None
        return self.circuit.with_settling(own, messages, executor, steps, tolerance)._native

    def _settle(
        self,
        inputs: Inputs,
        masks: Optional[Inputs],
        circuit: Optional[_native.Circuit],
        firings: Optional[Firings],
        *,
        measure: str,
        presentation: tuple[int, str, int, int],
        learn: bool = False,
        probes: list[str],
        record: bool = False,
        trace: bool = False,
        observer: Optional[Callable[[Firing], object]] = None,
        stop_at: Optional[int] = None,
    ) -> Settled:
        shown, seen = self._shown(inputs, masks)
        if len(shown) > 1:
            about_one = {
                "record": record,
                "trace": trace,
                "probes": bool(probes),
                "Firings": firings is not None,
                "Replay": (circuit or self.circuit._native).figures()[3] == "Replay",
            }
            for name in (name for name, is_asked in about_one.items() if is_asked):
                problem = f"{name} is about one episode, and the input has {len(shown)} frames"
                raise RequestError(f"{problem}; settle one frame, an input [1, samples, ...]")
        told = self._native.settle(
            shown,
            seen,
            circuit,
            measure=measure,
            learn=learn,
            record=record,
            trace=trace,
            stop_at=stop_at,
            presentation=presentation,
            probes=probes,
            observer=None if observer is None else _told(observer),
            order=None if firings is None else _order(firings),
        )
        return Settled._of(told, self.circuit.framed)

    def _shown(self, inputs: Inputs, masks: Optional[Inputs]) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
        """Inputs and masks of each frame; of one where the circuit knows no frames."""
        senses = self.circuit.senses
        if self.circuit.framed:
            return as_frames(inputs, masks, senses)
        return [as_inputs(inputs, senses)], [{} if masks is None else as_inputs(masks, senses, "mask")]

    def _present(
        self,
        inputs: Inputs,
        presentation: tuple[int, str, int, int],
        settling: dict[str, Any],
        measure: str,
        learn: bool = False,
    ) -> Settled:
        options = dict(settling)
        masks = options.pop("masks", None)
        observer = options.pop("observer", None)
        probes = list(options.pop("probes", ()))
        schedule = options.get("schedule")
        firings = schedule if isinstance(schedule, Firings) else None
        return self._settle(
            inputs,
            masks,
            self._settling(**options),
            firings,
            measure=measure,
            presentation=presentation,
            learn=learn,
            probes=probes,
            observer=observer,
        )

    def _learn(
        self, inputs: Inputs, presentation: tuple[int, str, int, int], settling: dict[str, Any]
    ) -> tuple[Trained, Settled]:
        settled = self._present(inputs, presentation, settling, "readout", learn=True)
        count = settled.samples * (settled.frames or 1)
        energy = sum(float(values.sum()) for values in settled.free_energy.values()) / max(count, 1)
        return Trained(presentation[2] + 1, presentation[3] + 1, settled.samples, energy), settled

    def _inputs_of(self, batch: Any) -> Inputs:
        """A batch as of `train`."""
        senses = self.circuit.senses
        if isinstance(batch, Mapping):
            given = dict(batch)
        elif isinstance(batch, (tuple, list)) and any(hasattr(part, "shape") for part in batch):
            given = dict(zip(senses, batch))
        else:
            given = {senses[0]: batch} if senses else {}
        if "label" in given and "label" in senses:
            size = next(layer.size for layer in self.circuit.layers.values() if layer.sense == "label")
            given["label"] = _one_hot(as_numpy(given["label"], "label"), size, 2 if self.circuit.framed else 1)
        return given

    def __repr__(self) -> str:
        return f"<gncn.Network of {self.circuit.name!r}>"

    def __reduce__(self) -> tuple[type[Network], tuple[Circuit, int, dict[str, Array]]]:
        return (Network, (self.circuit, self.seed, self.weights))


def _one_hot(labels: NDArray[Any], size: int, dimensions: int) -> NDArray[Any]:
    if labels.ndim > dimensions or labels.dtype.kind not in "iu":
        return labels
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < size:
        raise RequestError(f'"label" holds classes {labels.min()} to {labels.max()}, and its layer has {size} neurons')
    shown: Array = np.eye(size, dtype=np.float32)[labels]
    return shown


def _told(observer: Callable[[Firing], object]) -> Callable[..., object]:
    if not callable(observer):
        raise RequestError("an observer is a function of one Firing")
    return lambda *told: observer(Firing(*told))


def _order(firings: Firings) -> Iterator[str]:
    names: Any = firings.names
    return iter(names() if callable(names) else names)


def _with_progress(batches: Iterable[Any], progress: bool, words: str) -> Iterable[Any]:
    if progress:
        try:
            from tqdm.auto import tqdm

            bar: Iterable[Any] = tqdm(batches, desc=words)
            return bar
        except ImportError:
            pass
    return batches
