"""Words of circuit files as values: every option with a capital is a name here, and prints as RON.

>>> from gncn import ron
>>> str(ron.Columns(size=12, excite=0.15, inhibit=0.1)), str(ron.Fixed(2.0)), str(ron.Relu)
('Columns(size: 12, excite: 0.15, inhibit: 0.1)', 'Fixed(2.0)', 'Relu')

Which words there are, and which values they take, is for the circuit to say: one that is wrong is refused by name, with the
legal ones, when the text is read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RequestError

_TEXTS = {"name", "about", "sense", "from", "to", "population"}


@dataclass(frozen=True)
class Word:
    """A word of RON; called with values it is one with fields."""

    text: str

    def __call__(self, *values: Any, **fields: Any) -> Word:
        if values and fields:
            raise RequestError(f"{self.text} takes values by their places or by their names, not both")
        inner = [text(value) for value in values] if values else _fields(fields)
        return Word(f"{self.text}({', '.join(inner)})")

    def __str__(self) -> str:
        return self.text


def __getattr__(name: str) -> Word:
    if not name[:1].isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; words of circuit files begin with a capital")
    return Word(name)


def text(value: Any, field: str = "") -> str:
    """A value as RON.

    Numbers, booleans and None are what they are, lists are lists, tuples are tuples, dictionaries are structs of their
    fields. A string is a word (``"Relu"``, ``"Adam(rate: 0.001)"``), but for the fields that are names or texts.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, field)
    if isinstance(value, (str, os.PathLike)):
        plain = os.fspath(value)
        return json.dumps(plain, ensure_ascii=False) if field in _TEXTS else plain
    if isinstance(value, Mapping):
        return f"({', '.join(_fields(value))})"
    if isinstance(value, tuple):
        return f"({', '.join(text(part) for part in value)})"
    if isinstance(value, Sequence):
        return f"[{', '.join(text(part) for part in value)}]"
    if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0:
        return text(value.item(), field)
    return str(value)


def _number(value: float, field: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise RequestError(f"{field or 'a value'} is {value}; a finite number is needed")
    return repr(value)


def _fields(fields: Mapping[str, Any]) -> list[str]:
    """``name: value`` of each that is given; ``from_`` stands for ``from``, which Python keeps for itself."""
    named = [(name.rstrip("_"), value) for name, value in fields.items() if value is not None]
    return [f"{name}: {text(value, name)}" for name, value in named]
