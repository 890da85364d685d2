"""Circuits written in Python, and words of circuit files as values."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
from conftest import PAIR, ROOT

import gncn
from gncn import ron


def pair() -> gncn.CircuitBuilder:
    builder = gncn.CircuitBuilder("pair")
    builder.layer("z0", size=6, sense="image", mean="Sigmoid", likelihood=ron.Bernoulli)
    builder.layer("z1", size=4, activation=ron.Tanh, beta=0.1)
    builder.layer("z2", size=np.int64(3), beta=np.float32(0.5) / 5)
    builder.project("z1", "z0", feedback=ron.Learned(rate=1.0))
    builder.project("z2", "z1", feedback="Transposed")
    return builder.settling(steps=20).learning(batch=5, epochs=1)


def test_a_built_circuit_is_that_of_the_file() -> None:
    assert pair().circuit() == gncn.Circuit.from_ron(PAIR)
    quiet = pair().settling(until=ron.Quiet(tolerance=0.001, max_steps=30)).circuit()
    assert quiet.steps == 30 and "Quiet" in quiet.to_ron()


def test_options_of_every_kind() -> None:
    builder = gncn.CircuitBuilder("options", about='said to be "rich"')
    builder.layer("z0", shape=(4, 4), sense="image", bias=ron.Learned, read=ron.Grey)
    builder.layer("z1", shape=(3, 3, 2), beta=0.1, leak=0.001, noise=ron.Gaussian(sd=0.1), prior=ron.Laplace(0.01))
    builder.layer("z2", size=18, beta=0.1, lateral=ron.Columns(size=6, excite=0.1, inhibit=0.1), derivative=True)
    builder.layer("l", size=3, sense="label", learning={"frozen": True}, precision=ron.Fixed(2.0))
    builder.project("z1", "z0", feedback=ron.Learned(rate=1.0), reach=ron.Patch(field=(2, 2), stride=(1, 1)))
    builder.project("z2", "z1", feedback="Transposed", sign="Positive", init=ron.Uniform(bound=0.05))
    builder.project("z2", "l", feedback=ron.ScaledTranspose(gain=0.5), learning={"decay": 0.001, "norm": ron.ClipRows})
    builder.init(ron.Xavier)
    builder.settling(
        steps=30,
        schedule=gncn.VirtualTime(delay=gncn.Uniform(0, 2), clocks={"z1": gncn.Clock(4)}, changes=[(9, 'Beta("z1", 0.03)')]),
        messages=gncn.Events(0.01, refresh=5),
        start=ron.Gaussian(sd=0.1),
    )
    builder.learning(optimizer=ron.Adam(rate=0.001, beta1=0.8), rate_over_time=ron.Step(every=10, factor=0.5), when="EveryStep")
    circuit = builder.circuit()
    assert circuit.schedule == "VirtualTime" and circuit.about == 'said to be "rich"'
    assert gncn.Circuit.from_ron(circuit.to_ron()) == circuit
    assert circuit.tensors["z1_to_z0.generative"] is not None


def test_mistakes_of_a_builder() -> None:
    builder = pair().layer("z3", size=2, bta=0.1, activation="Rellu")
    with pytest.raises(gncn.CircuitError, match="bta"):
        builder.circuit()
    with pytest.raises(gncn.RequestError, match='layer "z0" already'):
        pair().layer("z0", size=3)
    with pytest.raises(gncn.RequestError, match="finite"):
        pair().layer("z9", size=3, beta=float("nan"))
    with pytest.raises(gncn.RequestError, match="not both"):
        ron.Columns(3, excite=1.0)
    with pytest.raises(AttributeError, match="begin with a capital"):
        ron.relu


def test_every_shipped_circuit_can_be_built() -> None:
    """A builder that is given a file's own text, part by part, makes that file."""
    circuit = gncn.Circuit.from_file(Path(ROOT) / "circuits" / "gncn-pdh.ron")
    builder = gncn.CircuitBuilder("gncn-pdh", circuit.about)
    columns = {"z1": 12, "z2": 12, "z3": 18}
    builder.layer("z0", size=784, sense="image", mean=ron.Sigmoid, likelihood=ron.Bernoulli)
    for name, size in columns.items():
        layer = {"size": 360, "activation": "Relu", "beta": 0.1, "leak": 0.001}
        layer["lateral"] = ron.Columns(size=size, excite=0.15, inhibit=0.1)
        if name != "z3":
            layer |= {"mean": "Relu", "target": "Activity", "precision": ron.Learned(floor=1.0)}
        builder.layer(name, **layer)
    for source, target, feedback in [("z1", "z0", 1), ("z2", "z1", 1), ("z3", "z2", 1), ("z2", "z0", 0), ("z3", "z1", 0)]:
        builder.project(source, target, feedback=ron.Learned(rate=1.0) if feedback else ron.Silent)
    built = builder.circuit()
    assert built.layers == circuit.layers and built.tensors == circuit.tensors and built.populations == circuit.populations


def test_docstrings_of_the_builder_run() -> None:
    import gncn.builder

    for module in (gncn.builder, ron):
        found = doctest.testmod(module)
        assert found.failed == 0 and found.attempted > 0
