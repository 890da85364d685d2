"""Same bits from Python as from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import numpy as np
import pytest
from conftest import GOLDEN, ROOT, run

import gncn


def inputs_of(case: Path, circuit: gncn.Circuit) -> dict[str, np.ndarray]:
    return {sense: np.load(case / f"input.{sense}.npy") for sense in circuit.senses}


def settled_by_command(command: str, case: Path, folder: Path, *options: str, circuit: str = "circuit.ron") -> dict:
    checked = gncn.Circuit.from_file(case / circuit)
    given = [word for s in checked.senses for word in ("--input", f"{s}={case / f'input.{s}.npy'}")]
    weights = ["--weights", case / "weights.safetensors"]
    out = folder / "out.npz"
    done = run(command, "settle", case / circuit, *weights, *given, "--out", out, "--json", *options)
    return {**np.load(out), "report": json.loads(done.stdout)}


def assert_same(settled: gncn.Settled, expected: dict) -> None:
    parts = {"state": settled.states, "mean": settled.means, "error": settled.mismatches, "energy": settled.energies}
    for part, arrays in parts.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, expected[f"{part}.{name}"], err_msg=f"{part}.{name}")
    assert settled.steps == expected["report"]["steps"]
    assert settled.account["links"] == expected["report"]["traffic"]
    assert settled.operations == expected["report"]["operations"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
@pytest.mark.parametrize("file", ["circuit.ron", "circuit-virtual.ron"])
@pytest.mark.parametrize("messages", [None, gncn.Events(0.03)], ids=["own", "events"])
def test_goldens(case: Path, file: str, messages: Optional[gncn.Events], command: str, tmp_path: Path) -> None:
    options = [] if messages is None else ["--messages", str(messages)]
    expected = settled_by_command(command, case, tmp_path, *options, circuit=file)
    circuit = gncn.Circuit.from_file(case / file)
    network = gncn.Network(circuit, weights=gncn.load_weights(case / "weights.safetensors"))
    assert_same(network.settle(inputs_of(case, circuit), messages=messages), expected)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_goldens_match_the_reference(case: Path) -> None:
    circuit = gncn.Circuit.from_file(case / "circuit.ron")
    network = gncn.Network(circuit, weights=gncn.load_weights(case / "weights.safetensors"))
    settled = network.settle(inputs_of(case, circuit))
    network.learn()
    expected = np.load(case / "arrays.npz")
    learned = network.weights
    checked = 0
    for name in expected.files:
        part, _, rest = name.partition(".")
        found = {"state": settled.states, "mean": settled.means, "error": settled.mismatches, "learned": learned}.get(part)
        if found is not None:
            np.testing.assert_allclose(found[rest], expected[name], rtol=0, atol=5e-6, err_msg=name)
            checked += 1
    assert checked > 5


def test_a_replay(command: str, tmp_path: Path) -> None:
    case = GOLDEN[0]
    circuit = gncn.Circuit.from_file(case / "circuit.ron")
    network = gncn.Network(circuit, weights=gncn.load_weights(case / "weights.safetensors"))
    inputs = inputs_of(case, circuit)
    free = network.settle(inputs, schedule=gncn.Free(), record=True)
    log = tmp_path / "free.gncnlog"
    assert free.log is not None and len(free.log) > 10
    free.log.save(log)
    replay = str(gncn.Replay(log))
    expected = settled_by_command(command, case, tmp_path, "--schedule", replay)
    again = network.settle(inputs, schedule=gncn.Replay(log))
    assert_same(again, expected)
    for name, state in free.states.items():
        np.testing.assert_array_equal(state, again.states[name])
    cut = network.settle(inputs, schedule=gncn.Replay(log), stop_at=7)
    assert cut.free_energy == {}
    with pytest.raises(gncn.RequestError, match="settle first"):
        network.learn()


def test_a_training(command: str, tmp_path: Path) -> None:
    file = ROOT / "circuits" / "gncn-t1-rao.ron"
    circuit = gncn.Circuit.from_ron(small(file))
    (tmp_path / "small.ron").write_text(circuit.to_ron())
    common = ["--limit", "2000", "--epochs", "1", "--seed", "5"]
    run(command, "train", tmp_path / "small.ron", "--out", tmp_path / "by-command", *common)
    steps: list[gncn.Step] = []
    trained = gncn.train(circuit, tmp_path / "by-python", limit=2000, epochs=1, seed=5, observer=steps.append)
    by_command = (tmp_path / "by-command" / "weights.safetensors").read_bytes()
    assert (tmp_path / "by-python" / "weights.safetensors").read_bytes() == by_command
    assert [step.kind for step in steps].count("batch") == 10
    assert trained.info["finished"] and trained.metrics[0]["epoch"] == 1
    opened = gncn.Run(tmp_path / "by-command")
    for name, tensor in opened.weights.items():
        np.testing.assert_array_equal(tensor, trained.weights[name])
    by_command = json.loads(run(command, "eval", tmp_path / "by-command", "--only", "bce", "--limit", "50", "--json").stdout)
    figures = opened.eval(["bce"], limit=50)
    assert figures["bce"] == by_command["bce"] and figures["free_energy"] == by_command["free_energy"]
    frame = trained.metrics_frame()
    assert frame.shape[0] == 1 and "validation.bce" in frame.columns
    # The command line goes on with what Python began.
    run(command, "train", tmp_path / "small.ron", "--out", tmp_path / "by-python", "--resume", "--epochs", "2")
    assert gncn.Run(tmp_path / "by-python").metrics[-1]["epoch"] == 2


def test_options_of_training(command: str, tmp_path: Path) -> None:
    circuit = gncn.Circuit.from_ron(small(ROOT / "circuits" / "gncn-t1-rao.ron"))
    (tmp_path / "small.ron").write_text(circuit.to_ron())
    common = ["--limit", "300", "--epochs", "2", "--batch", "100", "--seed", "5"]
    run(command, "train", tmp_path / "small.ron", "--out", tmp_path / "best", "--keep", "best", "--tensorboard", *common)
    asked = {"limit": 300, "epochs": 2, "batch": 100, "seed": 5}
    best = gncn.train(circuit, tmp_path / "best-too", keep="best", tensorboard=True, **asked)
    for name in ("weights.safetensors", "reconstructions.png"):
        assert (tmp_path / "best" / name).read_bytes() == (tmp_path / "best-too" / name).read_bytes(), name
    curves = list((tmp_path / "best-too").glob("events.out.tfevents.*"))
    assert len(curves) == 1 and curves[0].stat().st_size > 1000
    assert best.info["build"]["level"] == gncn.build().level
    run(command, "train", tmp_path / "small.ron", "--out", tmp_path / "all", "--no-validation", *common)
    every = gncn.train(circuit, tmp_path / "all-too", no_validation=True, **asked)
    assert (tmp_path / "all" / "weights.safetensors").read_bytes() == (tmp_path / "all-too" / "weights.safetensors").read_bytes()
    assert every.info["data"]["without_validation"] is True
    with pytest.raises(gncn.RequestError, match="no images are held out"):
        gncn.train(circuit, tmp_path / "none", no_validation=True, keep="best", **asked)
    assert not (tmp_path / "none").exists()
    with pytest.raises(gncn.RequestError, match="started without it"):
        gncn.train(circuit, tmp_path / "all-too", no_validation=False, keep="best", resume=True, **{**asked, "epochs": 3})
    with pytest.raises(gncn.RequestError, match="not one of last, best"):
        gncn.train(circuit, tmp_path / "none", keep="worst", **asked)  # type: ignore[arg-type]


def small(file: Path) -> str:
    """A circuit with few neurons, so that a training takes seconds."""
    import re

    text = re.sub(r"size: (360|128|100|20)\b", "size: 24", file.read_text())
    return re.sub(r"steps: \d+", "steps: 10", text)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads(threads: int, circuit: gncn.Circuit) -> None:
    data = np.random.default_rng(2).random((100, 6), dtype=np.float32)
    try:
        gncn.set_threads(1)
        alone = gncn.Network(circuit, 1).settle(data)
        gncn.set_threads(threads)
        assert gncn.threads() == threads
        together = gncn.Network(circuit, 1).settle(data)
    finally:
        gncn.set_threads(0)
    for name, state in alone.states.items():
        np.testing.assert_array_equal(state, together.states[name])
