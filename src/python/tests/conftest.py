"""What tests share: golden cases, the command line (where it was built), and small circuits."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gncn

ROOT = Path(__file__).resolve().parents[3]
_CASES = sorted((ROOT / "tests" / "golden").iterdir())
GOLDEN = [case for case in _CASES if (case / "case.json").exists()]
#: Cases that settle frame by frame.
FRAMED = [case for case in _CASES if (case / "frames.npz").exists()]

PAIR = """(
    name: "pair",
    layers: {
        "z0": (size: 6, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 4, activation: Tanh, beta: 0.1),
        "z2": (size: 3, beta: 0.1),
    },
    projections: [
        (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
        (from: "z2", to: "z1", feedback: Transposed),
    ],
    settling: (steps: 20),
    learning: (batch: 5, epochs: 1),
)"""


@pytest.fixture
def circuit() -> gncn.Circuit:
    return gncn.Circuit.from_ron(PAIR)


@pytest.fixture
def network(circuit: gncn.Circuit) -> gncn.Network:
    return gncn.Network(circuit, seed=3)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).random((10, 6), dtype=np.float32)


@pytest.fixture(scope="session")
def command() -> str:
    """The command line of the same build: GNCN_BINARY, or one that cargo has built."""
    built = [os.environ.get("GNCN_BINARY", ""), str(ROOT / "target/debug/gncn"), str(ROOT / "target/release/gncn")]
    found = next((path for path in built if path and shutil.which(path)), None)
    if found is None:
        pytest.skip("no gncn binary; build one with cargo build, or name one by GNCN_BINARY")
    return found


def run(command: str, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([command, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done
