"""Schedules, probes, observers, traces, errors."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

import gncn


def same(a: gncn.Settled, b: gncn.Settled) -> bool:
    return all(np.array_equal(a.states[name], b.states[name]) for name in a.states)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (gncn.Synchronous(), "Synchronous"),
        (gncn.Bounded(2), "Bounded(staleness: 2)"),
        (gncn.Free(), "Free"),
        (gncn.Free("OnAll"), "Free(fire: OnAll)"),
        (gncn.Sweep(["z0.error", "z1.error", "z1", "z2"]), 'Sweep(order: ["z0.error", "z1.error", "z1", "z2"])'),
        (gncn.VirtualTime(), "VirtualTime"),
        (
            gncn.VirtualTime(
                clocks={"z1": gncn.Clock(period=4, phase=1, jitter=1)},
                delays=[("z1", "z0.error", gncn.Uniform(0, 3))],
                delay=gncn.Exponential(1),
                drop=0.1,
                lesions=[("z2", 30)],
                changes=[(12, 'Silence("z1.error")'), (20, 'Beta("z1", 0.03)')],
                scale="PerTime",
                seed=4,
                noise="Frozen",
            ),
            None,
        ),
    ],
)
def test_schedules_print_as_ron(schedule: object, text: str, network: gncn.Network, images: np.ndarray) -> None:
    if text is not None:
        assert str(schedule) == text
    for executor in ["Threads", "Tasks"]:
        settled = network.settle(images, schedule=schedule, executor=executor, steps=15)
        again = network.settle(images, schedule=str(schedule), executor=executor, steps=15)
        assert settled.samples == 10 and all(np.isfinite(state).all() for state in settled.states.values())
        if not isinstance(schedule, (gncn.Free, gncn.Bounded)):
            assert same(settled, again)


def test_lock_step_has_many_names(network: gncn.Network, images: np.ndarray) -> None:
    lock_step = network.settle(images)
    assert same(lock_step, network.settle(images, schedule=gncn.Bounded(0)))
    assert same(lock_step, network.settle(images, schedule=gncn.VirtualTime()))

    def own() -> Iterator[str]:
        for _ in range(20):
            yield from ["z0.error", "z1.error", "z1", "z2"]

    sweep = gncn.Sweep(["z0.error", "z1.error", "z1", "z2"])
    mine = network.settle(images, schedule=gncn.Firings(own()))
    assert same(mine, network.settle(images, schedule=sweep)) and mine.steps == 20
    assert same(mine, network.settle(images, schedule=gncn.Firings(list(own()))))


def test_an_order_that_is_wrong(network: gncn.Network, images: np.ndarray) -> None:
    with pytest.raises(gncn.RequestError, match='no population "z9" to fire'):
        network.settle(images, schedule=gncn.Firings(["z9"]))
    with pytest.raises(gncn.RequestError, match="names populations"):
        network.settle(images, schedule=gncn.Firings([3]))  # type: ignore[list-item]
    with pytest.raises(gncn.RequestError, match="order of firings"):
        network.settle(images, schedule=gncn.Firings(["z0"]))

    def broken() -> Iterator[str]:
        yield "z1.error"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        network.settle(images, schedule=gncn.Firings(broken()))
    assert network.settle(images).samples == 10


def test_messages_and_quiet(network: gncn.Network, images: np.ndarray) -> None:
    assert str(gncn.Events(0.1)) == "Events(threshold: 0.1)"
    assert str(gncn.Events(1e-7, refresh=5)) == "Events(threshold: 1e-07, refresh: 5)"
    assert str(gncn.Ternary(0.1)) == "Ternary(threshold: 0.1)"
    dense = network.settle(images)
    events = network.settle(images, messages=gncn.Events(0.01))
    assert 0 < events.operations < dense.operations
    steps = network.settle(images, messages=gncn.Ternary(0.05))
    assert 0 < steps.operations < dense.operations
    quiet = network.settle(images, tolerance=1e-3, steps=5000)
    assert quiet.quiet and quiet.movement <= 1e-3


def test_probes_and_observers_see_every_firing(network: gncn.Network, images: np.ndarray) -> None:
    plain = network.settle(images)
    seen: list[gncn.Firing] = []
    settled = network.settle(images, observer=seen.append, probes=["z1", "z1.activity", "z0.mean", "z0.error"])
    assert same(plain, settled)
    assert settled.probes["z1"].shape == (20, 10, 4)
    assert settled.probes["z0.error"].shape == (21, 10, 6), "the readout is the last"
    np.testing.assert_array_equal(settled.probes["z1"][-1], settled.states["z1"])
    np.testing.assert_array_equal(settled.probes["z1.activity"][-1], settled.activities["z1"])
    np.testing.assert_array_equal(settled.probes["z0.mean"][-1], settled.means["z0"])
    np.testing.assert_array_equal(settled.probes["z0.error"][-1], settled.mismatches["z0"])
    of_z1 = [firing for firing in seen if firing.population == "z1" and firing.samples[0] == 0]
    assert [firing.number for firing in of_z1] == list(range(1, 21))
    assert of_z1[-1].state is not None and of_z1[-1].mean is None
    with pytest.raises(gncn.RequestError, match='no probe "z7"'):
        network.settle(images, probes=["z7"])


def test_an_observer_that_raises(network: gncn.Network, images: np.ndarray) -> None:
    def fails(firing: gncn.Firing) -> None:
        if firing.number == 3:
            raise LookupError("enough")

    for schedule in [gncn.Synchronous(), gncn.Free(), gncn.VirtualTime(), gncn.Bounded(1)]:
        with pytest.raises(LookupError, match="enough"):
            network.settle(images, observer=fails, schedule=schedule)
        assert network.settle(images, schedule=schedule).samples == 10


def test_an_observer_that_settles(network: gncn.Network, circuit: gncn.Circuit, images: np.ndarray) -> None:
    other = gncn.Network(circuit)
    for inner in [network, other]:
        with pytest.raises(gncn.RequestError, match="an observer or an order of firings can't settle"):
            network.settle(images, observer=lambda firing: inner.settle(images))


def test_a_trace(network: gncn.Network, images: np.ndarray) -> None:
    settled = network.settle(images, trace=True, record=True)
    frame = settled.trace_frame()
    assert list(frame.columns)[:3] == ["population", "layer", "number"]
    assert len(frame[~frame.readout]) == 80 and settled.log is not None and len(settled.log) == 80
    assert settled.traffic_frame().shape[0] == len(settled.traffic)
    stale, unheard = settled.ages[("z1", "z0.error")]
    assert stale.sum() == unheard.sum() == 20
    with pytest.raises(gncn.RequestError, match="trace=True"):
        network.settle(images).trace_frame()


def test_learning(circuit: gncn.Circuit, images: np.ndarray) -> None:
    network = gncn.Network(circuit, 1)
    with pytest.raises(gncn.RequestError, match="settle first"):
        network.learn()
    network.settle(images)
    other = network.copy()
    network.learn()
    with pytest.raises(gncn.RequestError, match="settle first"):
        other.learn()
    assert other.learn(images) is not None
    for name, tensor in network.weights.items():
        np.testing.assert_array_equal(tensor, other.weights[name])
    before = network.eval(images)
    steps = list(network.train([images[:5], images[5:]], epochs=30))
    assert (steps[-1].epoch, steps[-1].batch, len(steps)) == (30, 2, 60)
    after = network.eval([images[:5], images[5:]])
    assert after["free_energy"]["total"] < before["free_energy"]["total"] and after["samples"] == 10
    assert set(after["squared_error"]) == {"image"}
    with pytest.raises(gncn.RequestError, match="uses up"):
        list(network.train(iter([images]), epochs=2))
    assert len(list(network.train(lambda: iter([images]), epochs=2))) == 2


def test_batches_of_a_data_loader() -> None:
    file = gncn.Circuit.from_ron(
        '(name: "both", layers: {"z0": (size: 4, sense: "image"), "l": (size: 3, sense: "label"), "z1": (size: 5, beta: 0.1)},'
        ' projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z1", to: "l", feedback: Transposed)])'
    )
    network = gncn.Network(file)
    images = np.random.default_rng(0).random((6, 4))
    (step,) = network.train([[images, np.array([0, 1, 2, 0, 1, 2])]])
    assert step.samples == 6
    released = network.settle({"image": images})
    assert released.states["l"].shape == (6, 3)
    with pytest.raises(gncn.RequestError, match="holds classes 3 to 3"):
        list(network.train([(images, np.full(6, 3))]))
    with pytest.raises(gncn.RequestError, match="mapping from their names"):
        network.settle(images)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(gncn.CircuitError) as caught:
        gncn.Circuit.from_ron(
            '(\n name: "x",\n layers: {"z0": (size: 4, sense: "i"), "z1": (size: 0, beta: 3.0)},\n'
            ' projections: [(from: "z1", to: "zO", feedback: Transposed)])'
        )
    mistakes = caught.value.mistakes
    assert len(mistakes) >= 3 and str(caught.value).count("\n") + 1 == len(mistakes)
    assert mistakes[0].line == 3 and all(mistake.text for mistake in mistakes)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.mistakes == mistakes and isinstance(copy, ValueError)
    with pytest.raises(gncn.CircuitError, match="no-such.ron"):
        gncn.Circuit.from_file("no-such.ron")
    with pytest.raises(gncn.CircuitError, match="did you mean `Bounded`"):
        gncn.Circuit.from_ron('(name: "x", layers: {"z0": (size: 1, sense: "i"), "z1": (size: 1, beta: 0.1)},'
                              ' projections: [(from: "z1", to: "z0", feedback: Silent)])').with_settling("Bonded(staleness: 1)")


def test_a_circuit_as_a_value(circuit: gncn.Circuit, network: gncn.Network) -> None:
    assert circuit.senses == ["image"] and circuit.steps == 20 and circuit.schedule == "Synchronous"
    assert circuit.populations == ["z0", "z1", "z2", "z0.error", "z1.error"]
    assert gncn.Circuit.from_ron(circuit.to_ron()) == circuit == pickle.loads(pickle.dumps(circuit))
    assert "z1.error -> z1" in circuit.explain() and circuit.check().cost["totals"]["neurons"] > 0
    svg = circuit.draw(network.weights)._repr_svg_()
    assert svg.startswith("<svg") and "z1" in svg and svg != circuit.draw().svg
    other = circuit.with_settling(gncn.Free(), gncn.Events(0.1), "Tasks", steps=7)
    assert (other.schedule, other.steps) == ("Free", 7) and circuit.schedule == "Synchronous"
    clone = pickle.loads(pickle.dumps(network))
    for name, tensor in network.weights.items():
        np.testing.assert_array_equal(tensor, clone.weights[name])
    with pytest.raises(gncn.RequestError, match="no theme"):
        circuit.draw(theme="red")
    with pytest.raises(gncn.RequestError, match="seed is -1"):
        gncn.Network(circuit, seed=-1)


def test_states_without_bound(images: np.ndarray) -> None:
    wild = gncn.Circuit.from_ron(
        '(name: "wild", layers: {"z0": (size: 6, sense: "i"), "z1": (size: 6, beta: 1.0)},'
        ' projections: [(from: "z1", to: "z0", feedback: ScaledTranspose(gain: 1.0))], init: Gaussian(sd: 50.0))'
    )
    with pytest.raises(gncn.RunError, match="no longer finite"):
        gncn.Network(wild).settle(images, steps=500)


def test_a_panic_is_an_exception(network: gncn.Network, images: np.ndarray) -> None:
    if not hasattr(network._native, "plant_panic"):
        pytest.skip("built without --features testing")
    network._native.plant_panic("z1", 3)  # type: ignore[attr-defined]
    for schedule in [gncn.Synchronous(), gncn.Free(), gncn.Bounded(1), gncn.VirtualTime()]:
        with pytest.raises(gncn.BugError, match="panic"):
            network.settle(images, schedule=schedule)
    with pytest.raises(gncn.BugError, match="a test asked for this panic"):
        network._native.panic()  # type: ignore[attr-defined]
