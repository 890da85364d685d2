"""gncn: predictive-coding circuits simulated as populations of neurons that are independent actors.

A circuit is RON text, arrays are NumPy's, errors are exceptions in the words of the command line.

>>> import gncn, numpy as np
>>> circuit = gncn.Circuit.from_ron('''(
...     name: "pair",
...     layers: {"z0": (size: 4, sense: "image"), "z1": (size: 3, beta: 0.1)},
...     projections: [(from: "z1", to: "z0", feedback: Transposed)],
... )''')
>>> network = gncn.Network(circuit, seed=1)
>>> settled = network.settle(np.ones((2, 4), np.float32), schedule=gncn.Bounded(staleness=0), steps=20)
>>> settled.states["z1"].shape
(2, 3)
>>> network.learn()
"""

# The compiled half is chosen before anything uses it.
from ._levels import Build, build, choose

choose()

from . import ron
from ._native import Log, __version__, cpu, set_threads, threads
from .builder import CircuitBuilder
from .circuit import Check, Circuit, Drawing, Layer
from .errors import BugError, CircuitError, GncnError, Mistake, RequestError, RunError
from .network import Firing, Network, Settled, Trained
from .runs import Run, Step, Study, load_data, load_weights, study, train
from .schedules import (
    Bounded,
    Clock,
    Dense,
    Events,
    Exponential,
    Firings,
    Fixed,
    Free,
    Replay,
    Sweep,
    Synchronous,
    Ternary,
    Uniform,
    VirtualTime,
)

__all__ = [
    "Bounded",
    "BugError",
    "Build",
    "Check",
    "Circuit",
    "CircuitBuilder",
    "CircuitError",
    "Clock",
    "Dense",
    "Drawing",
    "Events",
    "Exponential",
    "Firing",
    "Firings",
    "Fixed",
    "Free",
    "GncnError",
    "Layer",
    "Log",
    "Mistake",
    "Network",
    "Replay",
    "RequestError",
    "Run",
    "RunError",
    "Settled",
    "Step",
    "Study",
    "Sweep",
    "Synchronous",
    "Ternary",
    "Trained",
    "Uniform",
    "VirtualTime",
    "__version__",
    "build",
    "cpu",
    "load_data",
    "load_weights",
    "ron",
    "set_threads",
    "study",
    "threads",
    "train",
]
