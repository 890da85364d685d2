"""Schedules and messages as values, which print as the RON that a circuit file has."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Optional, Union

Fire = Literal["OnAny", "OnAll", "OnAnswer"]


def _float(value: float) -> str:
    text = repr(float(value))
    return text if any(c in text for c in ".en") else text + ".0"


def _call(name: str, fields: Sequence[tuple[str, Optional[str]]]) -> str:
    given = [f"{key}: {value}" for key, value in fields if value is not None]
    return f"{name}({', '.join(given)})" if given else name


@dataclass(frozen=True)
class Synchronous:
    """All error populations, then all state populations, T times: the reference."""

    def __str__(self) -> str:
        return "Synchronous"


@dataclass(frozen=True)
class Bounded:
    """Actors; no inlet is more than ``staleness`` firings behind lock-step. 0 gives the bits of Synchronous."""

    staleness: int

    def __str__(self) -> str:
        return f"Bounded(staleness: {int(self.staleness)})"


@dataclass(frozen=True)
class Free:
    """Actors at full speed; the newest message wins. ``fire`` says what a state population waits for."""

    fire: Fire = "OnAny"

    def __str__(self) -> str:
        return "Free" if self.fire == "OnAny" else f"Free(fire: {self.fire})"


@dataclass(frozen=True)
class Sweep:
    """T times: the listed populations one after another, each on all that was sent before it."""

    order: Sequence[str]

    def __str__(self) -> str:
        return f"Sweep(order: [{', '.join(map(json.dumps, self.order))}])"


@dataclass(frozen=True)
class Replay:
    """A recorded run again, to the same bits. ``path`` is what ``Log.save`` or ``gncn settle --record`` wrote."""

    path: Union[str, os.PathLike[str]]

    def __str__(self) -> str:
        return f"Replay({json.dumps(os.fspath(self.path), ensure_ascii=False)})"


@dataclass(frozen=True)
class Clock:
    """A population fires at ``phase + n * period`` ticks, each firing up to ``jitter`` ticks later."""

    period: int = 2
    phase: Optional[int] = None
    jitter: int = 0

    def __str__(self) -> str:
        phase = None if self.phase is None else str(self.phase)
        return _call("", [("period", str(self.period)), ("phase", phase), ("jitter", str(self.jitter))])


@dataclass(frozen=True)
class Fixed:
    """A delay of always as many ticks."""

    ticks: int

    def __str__(self) -> str:
        return f"Fixed({self.ticks})"


@dataclass(frozen=True)
class Uniform:
    """A delay drawn uniformly from ``lo`` to ``hi`` ticks, both included."""

    lo: int
    hi: int

    def __str__(self) -> str:
        return f"Uniform({self.lo}, {self.hi})"


@dataclass(frozen=True)
class Exponential:
    """A delay drawn from an exponential distribution of this mean, in ticks, rounded."""

    mean: float

    def __str__(self) -> str:
        return f"Exponential({_float(self.mean)})"


Delay = Union[Fixed, Uniform, Exponential]


@dataclass(frozen=True)
class VirtualTime:
    """Seeded discrete-event time; every field that is left out is as in a circuit file.

    Attributes
    ----------
    until : int, optional
        The first tick that does not happen.
    clocks : mapping of population to Clock
    clock : Clock, optional
        For all others.
    delays : list of (sender, receiver, delay)
    delay : Fixed, Uniform or Exponential, optional
        For all others.
    drop : float, optional
        Probability that a message is lost, in [0, 1).
    lesions : list of (population, tick)
        From that tick on the population is silent.
    changes : list of (tick, change)
        What a hand does while it settles, as RON: ``(40, 'Silence("z1.error")')``, ``(60, 'Beta("z1", 0.03)')``.
    scale : "PerFiring" or "PerTime", optional
    seed : int, optional
        Of jitter, delays and losses.
    noise : "Fresh" or "Frozen", optional
        Whether presentations differ in what is drawn.
    fire : "OnAny", "OnAll" or "OnAnswer", optional
    patience : int, optional
    """

    until: Optional[int] = None
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    clock: Optional[Clock] = None
    delays: Sequence[tuple[str, str, Delay]] = ()
    delay: Optional[Delay] = None
    drop: Optional[float] = None
    lesions: Sequence[tuple[str, int]] = ()
    changes: Sequence[tuple[int, str]] = ()
    scale: Optional[Literal["PerFiring", "PerTime"]] = None
    seed: Optional[int] = None
    noise: Optional[Literal["Fresh", "Frozen"]] = None
    fire: Optional[Fire] = None
    patience: Optional[int] = None

    def __str__(self) -> str:
        clocks = ", ".join(f"{json.dumps(name)}: {clock}" for name, clock in self.clocks.items())
        delays = ", ".join(f"(from: {json.dumps(a)}, to: {json.dumps(b)}, delay: {delay})" for a, b, delay in self.delays)
        lesions = ", ".join(f"(population: {json.dumps(name)}, at: {tick})" for name, tick in self.lesions)
        changes = ", ".join(f"(at: {tick}, change: {change})" for tick, change in self.changes)
        plain = ["until", "clock", "delay", "scale", "seed", "noise", "fire", "patience"]
        fields: dict[str, Optional[str]] = {
            name: None if getattr(self, name) is None else str(getattr(self, name)) for name in plain
        }
        fields["clocks"] = f"{{{clocks}}}" if clocks else None
        fields["delays"] = f"[{delays}]" if delays else None
        fields["lesions"] = f"[{lesions}]" if lesions else None
        fields["changes"] = f"[{changes}]" if changes else None
        fields["drop"] = None if self.drop is None else _float(self.drop)
        return _call("VirtualTime", list(fields.items()))


@dataclass(frozen=True)
class Firings:
    """An order of firings of one's own: each population that the iterable names fires on all that was sent before.

    A generator is asked a few dozen firings ahead of those that happen: which messages a firing uses never depends on
    values, and neither can the order. It may end, and then the readout comes; ``steps`` do not count here. An iterator is
    used up by one episode; give a list, or a function that returns an iterator, to use it again.
    """

    names: Iterable[str]


@dataclass(frozen=True)
class Dense:
    """The whole vector at every firing."""

    def __str__(self) -> str:
        return "Dense"


@dataclass(frozen=True)
class Events:
    """Only components that moved by more than ``threshold``; the whole vector at every ``refresh``-th firing, if given."""

    threshold: float
    refresh: Optional[int] = None

    def __str__(self) -> str:
        refresh = None if self.refresh is None else str(self.refresh)
        return _call("Events", [("threshold", _float(self.threshold)), ("refresh", refresh)])


@dataclass(frozen=True)
class Ternary:
    """Only which components are further than ``threshold`` from what was told of them, and whether up or down."""

    threshold: float

    def __str__(self) -> str:
        return _call("Ternary", [("threshold", _float(self.threshold))])


Schedule = Union[Synchronous, Bounded, Free, Sweep, VirtualTime, Replay]
Messages = Union[Dense, Events, Ternary]
