"""Arrays of every kind: read, or refused by name, never an abort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gncn


def same(a: gncn.Settled, b: gncn.Settled) -> bool:
    return all(np.array_equal(a.states[name], b.states[name]) for name in a.states)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.asfortranarray(x),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: x[::-1].copy()[::-1],
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x.reshape(10, 2, 3),
        lambda x: x.tolist(),
        lambda x: memoryview(x),
        lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape),
    ],
    ids=["fortran", "float64", "big-endian", "negative stride", "strided", "images", "list", "buffer", "unaligned"],
)
def test_layouts_mean_the_same(change: Any, network: gncn.Network, images: np.ndarray) -> None:
    assert same(network.settle(change(images)), network.settle(images))


def test_a_read_only_array(network: gncn.Network, images: np.ndarray) -> None:
    locked = images.copy()
    locked.flags.writeable = False
    assert same(network.settle(locked), network.settle(images))


class Lender:
    """Somebody else's array, as PyTorch and JAX lend theirs."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.lent = array, 0

    def __dlpack__(self, **options: Any) -> Any:
        self.lent += 1
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_dlpack(network: gncn.Network, images: np.ndarray) -> None:
    lender = Lender(images)
    assert same(network.settle(lender), network.settle(images))
    assert lender.lent == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones((2, 6), np.complex64), "real numbers are needed"),
        (np.array([["a"] * 6]), "real numbers are needed"),
        (np.array([[object()] * 6]), "real numbers are needed"),
        (3.0, "single number"),
        (np.ones((2, 5), np.float32), "has 5 values per sample, but layer \"z0\" has 6 neurons"),
        (np.ones((0, 6), np.float32), "has no samples"),
        (np.full((2, 6), np.nan, np.float32), "inputs are finite"),
        (np.full((2, 6), np.inf, np.float32), "inputs are finite"),
        (np.full((2, 6), 2.0, np.float32), r"its inputs lie in \[0, 1\]"),
        (np.full((2, 6), 1e300), "too large for 32 bits"),
        ([[1.0], [1.0, 2.0]], "can't be read as an array"),
        ({"picture": np.ones((2, 6))}, "there is no sense \"picture\""),
        ({}, "no input"),
    ],
)
def test_refusals(value: Any, words: str, network: gncn.Network) -> None:
    with pytest.raises(gncn.RequestError, match=words):
        network.settle(value)
    assert network.settle(np.ones((1, 6), np.float32)).samples == 1


def test_masks(network: gncn.Network, images: np.ndarray) -> None:
    seen = np.ones_like(images)
    seen[:, 3:] = 0
    completed = network.settle(images, masks=seen)
    np.testing.assert_array_equal(completed.states["z0"][:, :3], images[:, :3])
    assert not np.array_equal(completed.states["z0"][:, 3:], images[:, 3:])
    with pytest.raises(gncn.RequestError, match="a mask is 1 where"):
        network.settle(images, masks=seen * 0.5)
    with pytest.raises(gncn.RequestError, match="which has no input|no input"):
        network.settle({}, masks=seen)


def test_weights_go_in_and_out(circuit: gncn.Circuit, network: gncn.Network, images: np.ndarray, tmp_path: Path) -> None:
    weights = network.weights
    assert {name: tensor.shape for name, tensor in weights.items()} == circuit.tensors
    before = network.settle(images)
    weights["z1_to_z0.generative"] *= 2
    assert same(network.settle(images), before), "what was given out is a copy"
    network.weights = weights
    assert not same(network.settle(images), before)
    network.save_weights(tmp_path / "w.safetensors")
    loaded = gncn.load_weights(tmp_path / "w.safetensors")
    assert same(gncn.Network(circuit, weights=loaded).settle(images), network.settle(images))
    for change, words in [
        ({"z1_to_z0.generative": None}, "no tensor"),
        ({"other": np.ones((2, 2))}, "has no use for"),
        ({"z1_to_z0.generative": np.ones((2, 2))}, "has shape"),
        ({"z1_to_z0.generative": np.full((6, 4), np.nan)}, "not finite"),
        ({"z1_to_z0.generative": np.ones(3)}, "weights are matrices"),
    ]:
        wrong = {name: tensor for name, tensor in {**weights, **change}.items() if tensor is not None}
        with pytest.raises(gncn.RequestError, match=words):
            network.weights = wrong
    assert same(gncn.Network(circuit, weights=loaded).settle(images), network.settle(images)), "as it was"


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_an_input_is_not_copied() -> None:
    """A large input of one sense, clamped: what is allocated on the way is far less than it, and so is what stays.

    States hold the input once, because a state is what it is clamped to; nothing else may.
    """
    import threading

    circuit = gncn.Circuit.from_ron(
        '(name: "wide", layers: {"z0": (size: 4096, sense: "x"), "z1": (size: 2, beta: 0.1)},'
        ' projections: [(from: "z1", to: "z0", feedback: Silent)], settling: (steps: 1))'
    )
    network = gncn.Network(circuit)
    native = network._native
    data = np.ones((16384, 4096), np.float32)  # 256 MiB
    bad = data.copy()
    bad[-1, -1] = np.nan
    peak, done = [resident()], threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            peak[0] = max(peak[0], resident())

    start = resident()
    watcher = threading.Thread(target=watch)
    watcher.start()
    # Refused once all of it was looked at, and before any state is made: whatever was copied shows.
    with pytest.raises(gncn.RequestError, match="sample 16383, value 4095"):
        network.settle(bad)
    done.set()
    watcher.join()
    assert peak[0] - start < data.nbytes // 8, f"{(peak[0] - start) / 2**20:.0f} MiB for an input of 256 MiB"
    assert native is network._native
