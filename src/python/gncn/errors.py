"""What can go wrong, in the sentences of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


class GncnError(Exception):
    """Anything that gncn refuses or fails at."""


class RequestError(GncnError, ValueError):
    """What was asked for can't be met as it stands: a name, a shape, a value, a file (exit code 2 of the command line)."""


class RunError(GncnError, RuntimeError):
    """What was asked for is sound, and carrying it out failed: states without bound, a full disk (exit code 1)."""


class BugError(RunError):
    """A panic in gncn: a bug. Please report it."""


@dataclass(frozen=True)
class Mistake:
    """One mistake of a circuit, schedule or study.

    Attributes
    ----------
    line, column : int or None
        From 1, in characters; None where the text does not give one place.
    at : str
        The field, such as ``layers.z1.beta``; empty where it concerns the text as a whole.
    text : str
        What is wrong, what would be right, and what to do.
    """

    line: Optional[int]
    column: Optional[int]
    at: str
    text: str


class CircuitError(RequestError):
    """A circuit, schedule, message or study text that can't be used, with every mistake that was found in it.

    Attributes
    ----------
    mistakes : list of Mistake
        In the order of the text; never empty.
    path : str or None
        The file, where the text came from one.
    """

    mistakes: list[Mistake]
    path: Optional[str]

    def __init__(self, text: str, path: Optional[str] = None, mistakes: Optional[list[Mistake]] = None) -> None:
        super().__init__(text)
        self.path = path
        self.mistakes = mistakes if mistakes is not None else []

    def __reduce__(self) -> tuple[type[CircuitError], tuple[str, Optional[str], list[Mistake]]]:
        return (type(self), (str(self), self.path, self.mistakes))

    @classmethod
    def _of(
        cls, text: str, path: Optional[str], mistakes: list[tuple[Optional[int], Optional[int], str, str]]
    ) -> CircuitError:
        return cls(text, path, [Mistake(*mistake) for mistake in mistakes])
