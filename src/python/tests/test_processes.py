"""Threads, asyncio, fork, spawn, Ctrl-C, and memory over many episodes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import PAIR

import gncn


def settle(seed: int, schedule: str = "Synchronous") -> bytes:
    images = np.random.default_rng(1).random((40, 6), dtype=np.float32)
    network = gncn.Network(gncn.Circuit.from_ron(PAIR), seed)
    return network.settle(images, schedule=schedule).states["z1"].tobytes()


def test_eight_threads() -> None:
    expected = [settle(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(settle, range(8))) == expected


def test_eight_threads_share_a_network(network: gncn.Network, images: np.ndarray) -> None:
    expected = network.settle(images).states["z2"].tobytes()
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: network.settle(images).states["z2"].tobytes(), range(64))
    assert set(found) == {expected}


def test_asyncio() -> None:
    async def several() -> list[bytes]:
        return await asyncio.gather(*(asyncio.to_thread(settle, seed, "Free(fire: OnAll)") for seed in range(4)))

    assert len(asyncio.run(several())) == 4


def test_the_lock_is_let_go(circuit: gncn.Circuit) -> None:
    network = gncn.Network(circuit)
    images = np.random.default_rng(1).random((200, 6), dtype=np.float32)
    settling = threading.Thread(target=lambda: network.settle(images, steps=20000, measure="never"))
    count = 0
    settling.start()
    while settling.is_alive():
        count += 1
        time.sleep(0.001)
    assert count > 5, "Python went on meanwhile"


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_processes(way: str) -> None:
    expected = [settle(seed) for seed in range(4)]
    with multiprocessing.get_context(way).Pool(2) as pool:
        assert pool.map_async(settle, range(4)).get(timeout=120) == expected


@pytest.mark.parametrize("schedule", ["Synchronous", "Free", "Bounded(staleness: 0)"])
def test_a_network_goes_on_after_a_fork(schedule: str, circuit: gncn.Circuit, images: np.ndarray) -> None:
    network = gncn.Network(circuit, 1)
    for executor in ["Threads", "Tasks"]:
        before = network.settle(images, schedule=schedule, executor=executor)
        child = os.fork()
        if child == 0:
            try:
                again = network.settle(images, schedule=schedule, executor=executor)
                fine = schedule == "Free" or np.array_equal(again.states["z1"], before.states["z1"])
                os._exit(0 if fine else 1)
            except BaseException:
                os._exit(2)
        deadline = time.time() + 60
        while (done := os.waitpid(child, os.WNOHANG))[0] == 0:
            if time.time() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                pytest.fail("the child hangs")
            time.sleep(0.01)
        assert done[1] == 0
        assert network.settle(images, schedule=schedule, executor=executor).samples == 10


@pytest.mark.parametrize("schedule", ["Synchronous", "Free", "VirtualTime"])
def test_ctrl_c(schedule: str) -> None:
    steps = 1_000_000_000
    script = f"""
import gncn, numpy as np
network = gncn.Network(gncn.Circuit.from_ron('''{PAIR}'''), 1)
images = np.ones((50, 6), np.float32)
before = network.settle(images).states["z1"]
print("ready", flush=True)
try:
    network.settle(images, steps={steps}, schedule="{schedule}", measure="never")
except KeyboardInterrupt:
    assert np.array_equal(network.settle(images).states["z1"], before)
    print("stopped", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("stopped\n", 0)


def test_ctrl_c_while_training(circuit: gncn.Circuit, tmp_path: Path) -> None:
    from test_bits import ROOT, small

    text = small(ROOT / "circuits" / "gncn-t1-rao.ron")

    def interrupt(step: gncn.Step) -> None:
        if step.kind == "batch" and step.done == 3:
            raise KeyboardInterrupt

    own = gncn.Circuit.from_ron(text)
    whole = gncn.train(own, tmp_path / "whole", limit=1000, epochs=1)
    with pytest.raises(KeyboardInterrupt):
        gncn.train(own, tmp_path / "cut", limit=1000, epochs=1, observer=interrupt)
    with pytest.raises(gncn.RequestError, match="not finished; --resume"):
        gncn.train(own, tmp_path / "cut", limit=1000, epochs=1)
    resumed = gncn.train(own, tmp_path / "cut", limit=1000, epochs=1, resume=True)
    for name, tensor in whole.weights.items():
        np.testing.assert_array_equal(tensor, resumed.weights[name])
    resumed.close()
    with pytest.raises(gncn.RequestError, match="is closed"):
        resumed.network()
    with pytest.raises(gncn.RequestError, match="is not a run folder"):
        gncn.Run(tmp_path)


def test_memory_does_not_grow(network: gncn.Network) -> None:
    images = np.ones((3, 6), np.float32)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def episodes(count: int) -> int:
        for _ in range(count):
            network.settle(images, steps=2, probes=["z1"], observer=lambda firing: None)
        return resident()

    warm = episodes(2000)
    assert episodes(10_000) - warm < 4 * 2**20
