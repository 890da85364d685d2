"""Circuits that settle frame by frame, to the bits of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import FRAMED, run

import gncn

FRAMES = """(
    name: "frames",
    layers: {"z0": (size: 6, sense: "image"), "z1": (size: 4, activation: Tanh, beta: 0.1)},
    projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z1", to: "z1", feedback: Silent, delay: 1)],
    settling: (per_frame: 5),
    learning: (optimizer: Sgd(rate: 0.05), norm: None),
)"""


@pytest.fixture
def network() -> gncn.Network:
    return gncn.Network(gncn.Circuit.from_ron(FRAMES), seed=3)


@pytest.fixture
def film() -> np.ndarray:
    return np.random.default_rng(1).random((4, 10, 6), dtype=np.float32)


def given(case: Path, kind: str) -> dict[str, Path]:
    return {path.name.split(".")[1]: path for path in case.glob(f"{kind}.*.npy")}


@pytest.mark.parametrize("case", FRAMED, ids=lambda case: case.name)
def test_goldens_of_frames(case: Path, command: str, tmp_path: Path) -> None:
    files = {kind: given(case, kind) for kind in ("input", "mask")}
    words = [word for kind, of in files.items() for sense, file in of.items() for word in (f"--{kind}", f"{sense}={file}")]
    weights, out, learned = case / "weights.safetensors", tmp_path / "out.npz", tmp_path / "learned.safetensors"
    done = run(command, "settle", case / "circuit.ron", "--weights", weights, *words, "--out", out, "--learn", learned, "--json")
    report, expected = json.loads(done.stdout), np.load(out)
    inputs, masks = ({sense: np.load(file) for sense, file in of.items()} for of in files.values())

    network = gncn.Network(gncn.Circuit.from_file(case / "circuit.ron"), weights=gncn.load_weights(weights))
    settled = network.learn(inputs, masks=masks)
    assert settled is not None and settled.frames == report["frames"] == len(next(iter(inputs.values())))
    parts = {"state": settled.states, "mean": settled.means, "error": settled.mismatches}
    reference = np.load(case / "frames.npz")
    for part, arrays in parts.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, expected[f"{part}.{name}"], err_msg=f"{part}.{name}")
            if f"{part}.{name}" in reference:
                np.testing.assert_allclose(array, reference[f"{part}.{name}"], rtol=0, atol=5e-6)
    assert settled.account["links"] == report["traffic"] and settled.operations == report["operations"]
    tensors = gncn.load_weights(learned)
    for name, tensor in network.weights.items():
        np.testing.assert_array_equal(tensor, tensors[name], err_msg=name)


def test_a_frame_goes_on_from_the_one_before(network: gncn.Network, film: np.ndarray) -> None:
    whole = network.settle(film)
    assert network.circuit.framed and whole.frames == 4 and whole.samples == 10
    assert whole.states["z1"].shape == (4, 10, 4) and whole.energies["z0"].shape == (4, 6)
    assert whole.free_energy["z0"].shape == (4, 10)
    first = network.settle(film[:1], probes=["z1"])
    np.testing.assert_array_equal(first.states["z1"][0], whole.states["z1"][0])
    assert first.probes["z1"].shape == (1, 5, 10, 4)
    assert not np.array_equal(network.settle(film[1:2]).states["z1"][0], whole.states["z1"][1])
    images = network.settle(film.reshape(4, 10, 2, 3))
    np.testing.assert_array_equal(images.states["z1"], whole.states["z1"])


def test_one_mask_for_all_frames_or_one_for_each(network: gncn.Network, film: np.ndarray) -> None:
    seen = np.ones((10, 6), np.float32)
    seen[:, 3:] = 0
    for_all = network.settle(film, masks=seen)
    for_each = network.settle(film, masks=np.stack([seen] * 4))
    np.testing.assert_array_equal(for_all.states["z0"], for_each.states["z0"])
    np.testing.assert_array_equal(for_all.states["z0"][..., :3], film[..., :3])


def test_learning_from_frames(network: gncn.Network, film: np.ndarray) -> None:
    figures = network.eval(film)
    assert figures["samples"] == 40
    *_, last = network.train([film], epochs=20)
    assert network.eval(film)["free_energy"]["total"] < figures["free_energy"]["total"]
    assert abs(last.free_energy - network.eval(film)["free_energy"]["total"]) < 0.5


def test_frames_that_are_refused(network: gncn.Network, film: np.ndarray) -> None:
    for asked, words in [
        ({"inputs": film[0]}, r"\[frames, samples, ...\] is needed"),
        ({"inputs": film[:0]}, "has no frames"),
        ({"inputs": film, "masks": np.ones((3, 10, 6))}, "has 3 frames, and its input 4"),
        ({"inputs": film, "record": True}, "record is about one episode"),
        ({"inputs": film, "probes": ["z1"]}, "probes is about one episode"),
        ({"inputs": film[..., :5]}, "has 5 values per sample"),
    ]:
        with pytest.raises(gncn.RequestError, match=words):
            network.settle(**asked)
