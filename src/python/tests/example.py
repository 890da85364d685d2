"""A first look at the package, with types that mypy --strict is content with."""

from __future__ import annotations

import numpy as np

import gncn


def main() -> float:
    circuit = gncn.Circuit.from_ron(
        """(
            name: "pair",
            layers: {
                "z0": (size: 4, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
                "z1": (size: 3, activation: Tanh, beta: 0.1),
            },
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
        )"""
    )
    network = gncn.Network(circuit, seed=1)
    images = np.eye(4, dtype=np.float32)
    for schedule in (gncn.Synchronous(), gncn.Bounded(staleness=2), gncn.VirtualTime(delay=gncn.Uniform(0, 3), seed=1)):
        settled = network.settle(images, schedule=schedule, messages=gncn.Events(0.01), probes=["z1"])
        probe: np.ndarray = settled.probes["z1"]
        print(f"{schedule}: {settled.operations} operations, {probe.shape[0]} firings of z1")
    losses = [step.free_energy for step in network.train([images], epochs=20)]
    measured: float = network.eval(images)["free_energy"]["total"]
    print(f"free energy {losses[0]:.2f} before, {measured:.2f} after {len(losses)} batches")
    return measured


if __name__ == "__main__":
    main()
