"""A circuit: text that was checked, and what can be said of it without running it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from . import _native
from ._arrays import ArrayLike, as_tensors
from .errors import RequestError
from .schedules import Firings, Messages, Schedule

PathLike = Union[str, os.PathLike[str]]


@dataclass(frozen=True)
class Layer:
    """One layer: its neurons, the sense that clamps it, and whether anything predicts it."""

    name: str
    size: int
    sense: Optional[str]
    is_predicted: bool


@dataclass(frozen=True)
class Check:
    """What `Circuit.check` found in a sound circuit.

    Attributes
    ----------
    warnings : list of str
        What is legal and yet likely to surprise.
    cost : dict
        Of populations, links and in total: the ``cost`` of ``gncn check --json``.
    """

    warnings: list[str]
    cost: dict[str, Any]


class Drawing:
    """A picture of a circuit, shown inline by notebooks."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg

    def save(self, path: PathLike) -> None:
        """Writes the picture as an .svg file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


class Circuit:
    """A checked circuit. It can't be edited; `with_settling` makes another one.

    Examples
    --------
    >>> import gncn
    >>> circuit = gncn.Circuit.from_ron('''(
    ...     name: "pair",
    ...     layers: {"z0": (size: 4, sense: "image"), "z1": (size: 3, beta: 0.1)},
    ...     projections: [(from: "z1", to: "z0", feedback: Transposed)],
    ... )''')
    >>> circuit.name, circuit.senses
    ('pair', ['image'])
    """

    def __init__(self, native: _native.Circuit) -> None:
        self._native = native

    @classmethod
    def from_file(cls, path: PathLike) -> Circuit:
        """The circuit of a file.

        Raises
        ------
        CircuitError
            With every mistake that was found, each with line and column.
        """
        return cls(_native.Circuit.from_file(path))

    @classmethod
    def from_ron(cls, text: str) -> Circuit:
        """The circuit of a text; raises as `from_file`."""
        return cls(_native.Circuit.from_ron(text))

    @property
    def name(self) -> str:
        """Its name, as in the file."""
        return self._native.name

    @property
    def about(self) -> str:
        """What it models and where it comes from."""
        return self._native.about

    @property
    def layers(self) -> dict[str, Layer]:
        """Layers by name, in the order of the file."""
        return {layer[0]: Layer(*layer) for layer in self._native.layers()}

    @property
    def senses(self) -> list[str]:
        """Names of the inputs, in the order of the file."""
        return [layer.sense for layer in self.layers.values() if layer.sense is not None]

    @property
    def populations(self) -> list[str]:
        """Names of all populations: ``z1`` of states, ``z1.error`` of errors."""
        return self._native.populations()

    @property
    def tensors(self) -> dict[str, tuple[int, int]]:
        """Shapes of all weights, by name."""
        return {name: (shape[0], shape[1]) for name, shape in self._native.tensors()}

    @property
    def steps(self) -> int:
        """Updates of every state population in an episode, at the most."""
        return self._native.figures()[2]

    @property
    def framed(self) -> bool:
        """Whether it settles frame by frame (``per_frame``): inputs are [frames, samples, ...] then."""
        return self._native.framed

    @property
    def schedule(self) -> str:
        """The schedule, as a word."""
        return self._native.figures()[3]

    def to_ron(self) -> str:
        """The text, defaults written out; it reads back as this very circuit."""
        return self._native.ron()

    def check(self) -> Check:
        """Warnings and costs. That a circuit is sound was checked when it was made: mistakes are raised there, all at once."""
        warnings, cost = self._native.check()
        return Check(warnings, json.loads(cost))

    def explain(self) -> str:
        """The circuit in words: layers, who talks to whom, what it costs, and what is likely to surprise."""
        check = self.check()
        batch, epochs, steps, schedule = self._native.figures()
        lines = [self.name, *([self.about] if self.about else []), ""]
        lines.append(f"{schedule}, {steps} steps; batches of {batch}, {epochs} epochs")
        lines.append("")
        for layer in self.layers.values():
            told = [f"{layer.size} neurons"]
            told += [f'shown the sense "{layer.sense}"'] if layer.sense is not None else []
            told += ["predicted"] if layer.is_predicted else ["nothing predicts it"]
            lines.append(f"{layer.name}: {', '.join(told)}")
        lines.append("")
        for link in check.cost["links"]:
            lines.append(f"{link['from']} -> {link['to']}: {link['carries']}, {link['width']} values")
        totals = check.cost["totals"]
        lines += ["", f"{totals['neurons']:,} neurons, {totals['parameters']:,} parameters"]
        lines += [f"warning: {warning}" for warning in check.warnings]
        return "\n".join(lines)

    def draw(self, weights: Optional[Mapping[str, ArrayLike]] = None, theme: str = "auto") -> Drawing:
        """A picture of the circuit, shown inline by notebooks; with `weights`, how strong synapses are.

        Parameters
        ----------
        weights : mapping of tensor names to arrays, optional
        theme : "auto", "light" or "dark"
        """
        return Drawing(self._native.draw(theme, None if weights is None else as_tensors(weights)))

    def _repr_svg_(self) -> str:
        return self.draw().svg

    def with_settling(
        self,
        schedule: Union[Schedule, str, None] = None,
        messages: Union[Messages, str, None] = None,
        executor: Optional[str] = None,
        steps: Optional[int] = None,
        tolerance: Optional[float] = None,
    ) -> Circuit:
        """The same circuit that settles in another way; what is None stays.

        Parameters
        ----------
        schedule, messages : value of `gncn.schedules`, or RON text
        executor : "Threads" or "Tasks"
            What runs `Bounded` and `Free`.
        steps : int
            Updates of every state population; with `tolerance` the largest number of them.
        tolerance : float
            Until no free state moves by more than this and nothing is in flight.
        """
        if isinstance(schedule, Firings):
            raise RequestError("an order of firings of one's own belongs to one episode: give it to Network.settle")
        if steps is not None and steps < 1:
            raise RequestError(f"steps is {steps}; 1 or more are needed")
        return Circuit(
            self._native.with_settling(
                None if schedule is None else str(schedule),
                None if messages is None else str(messages),
                executor,
                steps,
                tolerance,
            )
        )

    def __repr__(self) -> str:
        layers = ", ".join(f"{layer.name}: {layer.size}" for layer in self.layers.values())
        return f"<gncn.Circuit {self.name!r} ({layers})>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Circuit) and self.to_ron() == other.to_ron()

    def __hash__(self) -> int:
        return hash(self.to_ron())

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Circuit.from_ron, (self.to_ron(),))
