"""A circuit written in Python."""

from __future__ import annotations

import json
from typing import Any

from .circuit import Circuit
from .errors import RequestError
from .ron import text


class CircuitBuilder:
    """A circuit that is put together by layers and projections. What it holds is a circuit file, so all options of one are
    legal by their names there, and `circuit` refuses what a file would be refused for.

    Parameters
    ----------
    name : str
    about : str, optional
        What it models and where it comes from.

    Examples
    --------
    >>> from gncn import CircuitBuilder, VirtualTime, ron
    >>> builder = CircuitBuilder("pair")
    >>> builder = builder.layer("z0", size=4, sense="image", mean=ron.Sigmoid, likelihood="Bernoulli")
    >>> builder = builder.layer("z1", size=3, activation="Tanh", beta=0.1, prior=ron.Laplace(0.01))
    >>> builder = builder.project("z1", "z0", feedback=ron.Learned(rate=1.0))
    >>> circuit = builder.settling(steps=20, schedule=VirtualTime(seed=1)).learning(optimizer=ron.Adam(rate=0.001)).circuit()
    >>> circuit.schedule, circuit.steps
    ('VirtualTime', 20)
    """

    def __init__(self, name: str, about: str = "") -> None:
        self.name, self.about = name, about
        self._layers: dict[str, str] = {}
        self._projections: list[str] = []
        self._rest: dict[str, str] = {}

    def layer(self, name: str, **fields: Any) -> CircuitBuilder:
        """A layer: ``size``, ``sense``, ``activation``, ``beta`` and so on, as in a circuit file."""
        if name in self._layers:
            raise RequestError(f'there is a layer "{name}" already; layers have names of their own')
        self._layers[name] = text(fields)
        return self

    def project(self, source: str, target: str, *, feedback: Any, **fields: Any) -> CircuitBuilder:
        """A projection from the layer `source`, which predicts, to `target`, which is predicted."""
        self._projections.append(text({"from": source, "to": target, "feedback": feedback, **fields}))
        return self

    def init(self, init: Any) -> CircuitBuilder:
        """How synapses are drawn."""
        self._rest["init"] = text(init)
        return self

    def settling(self, **fields: Any) -> CircuitBuilder:
        """How an episode settles: ``steps``, ``schedule``, ``messages``, ``executor``, ``start``, ``until``."""
        self._rest["settling"] = text(fields)
        return self

    def learning(self, **fields: Any) -> CircuitBuilder:
        """How synapses learn: ``optimizer``, ``norm``, ``batch``, ``epochs`` and so on."""
        self._rest["learning"] = text(fields)
        return self

    def to_ron(self) -> str:
        """The circuit file."""
        layers = [f"        {json.dumps(name, ensure_ascii=False)}: {fields}," for name, fields in self._layers.items()]
        projections = [f"        {fields}," for fields in self._projections]
        lines = ["#![enable(implicit_some)]", "Circuit(", f"    name: {text(self.name, 'name')},"]
        lines += [f"    about: {text(self.about, 'about')},"] if self.about else []
        lines += ["    layers: {", *layers, "    },", "    projections: [", *projections, "    ],"]
        lines += [f"    {name}: {value}," for name, value in self._rest.items()]
        return "\n".join([*lines, ")\n"])

    def circuit(self) -> Circuit:
        """The circuit.

        Raises
        ------
        CircuitError
            With every mistake; lines and columns are those of `to_ron`.
        """
        return Circuit.from_ron(self.to_ron())

    def __repr__(self) -> str:
        return f"<gncn.CircuitBuilder {self.name!r}, {len(self._layers)} layers>"
