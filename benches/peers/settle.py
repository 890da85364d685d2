"""One settle of `circuits/gncn-pdh.ron` by hand in NumPy, PyTorch and JAX, alternated with `gncn bench --settle-only`.

The job: T = 50 updates of a GNCN-PDH (784-360-360-360, columns of 12/12/18, relu, sigmoid output, precision on two
hidden layers) and the mismatches of the readout, float32, with the weights of a trained run and real images. The
lateral columns are applied as blocks, and synapses that arrive at one population as one product: the fast way in all
three. Everything runs on one thread unless told otherwise.

    pip install numpy torch jax safetensors
    python3 settle.py --gncn target/release/gncn --run RUN --images IMAGES.npy --batch 1

RUN is a folder that `gncn train circuits/gncn-pdh.ron --out RUN` made; IMAGES.npy holds rows of 784 values in [0, 1].
Before anything is timed, the settled mean of z0 of every library is compared with that of gncn (`gncn settle`).
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--gncn", required=True, help="the binary")
parser.add_argument("--run", required=True, help="a run of gncn-pdh")
parser.add_argument("--images", required=True, help="a .npy of images")
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--reps", type=int, default=15)
parser.add_argument("--data", default="mnist", help="what `gncn bench` settles on")
arguments = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(arguments.threads)
os.environ["JAX_PLATFORMS"] = "cpu"
# XLA asks the system for the number of processors, not the environment.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

torch.set_num_threads(arguments.threads)
torch.set_grad_enabled(False)
STEPS, BETA, LEAK = 50, 0.1, 0.001
COLUMNS = {1: 12, 2: 12, 3: 18}

weights = load_file(os.path.join(arguments.run, "weights.safetensors"))
images = (np.load(arguments.images)[: arguments.batch].reshape(-1, 784) >= 0.5).astype(np.float32)


def generative(source, target):
    return np.ascontiguousarray(weights[f"{source}_to_{target}.generative"].T)


def backward(source, target):
    return np.ascontiguousarray(weights[f"{source}_to_{target}.feedback"].T)


W = {"z1z0": generative("z1", "z0"), "z2z0": generative("z2", "z0"), "z2z1": generative("z2", "z1"),
     "z3z1": generative("z3", "z1"), "z3z2": generative("z3", "z2")}
E = {1: backward("z1", "z0"), 2: backward("z2", "z1"), 3: backward("z3", "z2")}
P = {layer: np.linalg.inv(weights[f"z{layer}.covariance"]).astype(np.float32) for layer in (1, 2)}
V = {}
for layer, size in COLUMNS.items():
    V[layer] = np.full((size, size), 0.1, np.float32)
    np.fill_diagonal(V[layer], -0.15)
TO_IMAGE = np.vstack([W["z1z0"], W["z2z0"]])
TO_FIRST = np.vstack([W["z2z1"], W["z3z1"]])


def numpy_settle():
    rows = len(images)
    z = {layer: np.zeros((rows, 360), np.float32) for layer in COLUMNS}
    phi = np.zeros((rows, 1080), np.float32)
    f = {1: phi[:, :360], 2: phi[:, 360:720], 3: phi[:, 720:]}

    def compare():
        mean = phi[:, :720] @ TO_IMAGE
        np.negative(mean, out=mean), np.exp(mean, out=mean)
        mean += 1
        np.reciprocal(mean, out=mean)
        first = (f[1] - np.maximum(phi[:, 360:] @ TO_FIRST, 0)) @ P[1]
        second = (f[2] - np.maximum(f[3] @ W["z3z2"], 0)) @ P[2]
        return mean, {0: images - mean, 1: first, 2: second}

    for _ in range(STEPS):
        _, e = compare()
        for layer, size in COLUMNS.items():
            pull = e[layer - 1] @ E[layer]
            if layer < 3:
                pull -= e[layer]
            pull -= (np.ascontiguousarray(f[layer]).reshape(-1, size) @ V[layer]).reshape(rows, 360)
            z[layer] += BETA * (pull - LEAK * z[layer])
        for layer in COLUMNS:
            np.maximum(z[layer], 0, out=f[layer])
    return compare()[0]


def torch_maker():
    t = {name: torch.from_numpy(value) for name, value in W.items()}
    image, to_image, to_first = torch.from_numpy(images), torch.from_numpy(TO_IMAGE), torch.from_numpy(TO_FIRST)
    back, precision, block = ({k: torch.from_numpy(v) for k, v in d.items()} for d in (E, P, V))

    def settle():
        rows = len(images)
        z = {layer: torch.zeros(rows, 360) for layer in COLUMNS}
        phi = torch.zeros(rows, 1080)
        f = {1: phi[:, :360], 2: phi[:, 360:720], 3: phi[:, 720:]}

        def compare():
            mean = (phi[:, :720] @ to_image).sigmoid_()
            first = (f[1] - (phi[:, 360:] @ to_first).clamp_min_(0)) @ precision[1]
            second = (f[2] - (f[3] @ t["z3z2"]).clamp_min_(0)) @ precision[2]
            return mean, {0: image - mean, 1: first, 2: second}

        for _ in range(STEPS):
            _, e = compare()
            for layer, size in COLUMNS.items():
                pull = e[layer - 1] @ back[layer]
                if layer < 3:
                    pull.sub_(e[layer])
                pull.sub_((f[layer].contiguous().view(-1, size) @ block[layer]).view(rows, 360))
                z[layer].mul_(1 - BETA * LEAK).add_(pull, alpha=BETA)
            for layer in COLUMNS:
                torch.clamp_min(z[layer], 0, out=f[layer])
        return compare()[0].numpy()

    return settle


def jax_maker():
    rows = len(images)
    arrays = jax.tree.map(jnp.asarray, {"W": W["z3z2"], "I": TO_IMAGE, "F": TO_FIRST,
                                        "E": {str(k): v for k, v in E.items()},
                                        "P": {str(k): v for k, v in P.items()},
                                        "V": {str(k): v for k, v in V.items()}, "x": images})

    def compare(a, f):
        mean = jax.nn.sigmoid(jnp.concatenate([f[0], f[1]], 1) @ a["I"])
        first = (f[0] - jax.nn.relu(jnp.concatenate([f[1], f[2]], 1) @ a["F"])) @ a["P"]["1"]
        second = (f[1] - jax.nn.relu(f[2] @ a["W"])) @ a["P"]["2"]
        return mean, (a["x"] - mean, first, second)

    def settle(a):
        def body(_, z):
            f = [jax.nn.relu(v) for v in z]
            _, e = compare(a, f)
            out = []
            for layer, size in COLUMNS.items():
                pull = e[layer - 1] @ a["E"][str(layer)]
                pull -= (f[layer - 1].reshape(-1, size) @ a["V"][str(layer)]).reshape(rows, 360)
                if layer < 3:
                    pull -= e[layer]
                out.append(z[layer - 1] + BETA * (pull - LEAK * z[layer - 1]))
            return tuple(out)

        z = jax.lax.fori_loop(0, STEPS, body, tuple(jnp.zeros((rows, 360)) for _ in range(3)))
        return compare(a, [jax.nn.relu(v) for v in z])[0]

    jitted = jax.jit(settle)
    return lambda: np.asarray(jax.block_until_ready(jitted(arrays)))


circuit = os.path.join(arguments.run, "circuit.ron")
trained = ["--weights", os.path.join(arguments.run, "weights.safetensors")]


def bench(*extra):
    words = [arguments.gncn, "bench", circuit, *trained, "--data", arguments.data, "--settle-only", "--json",
             "--batch", str(arguments.batch), "--threads", str(arguments.threads), *extra]
    run = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise SystemExit(run.returncode)  # gncn has said why
    return json.loads(run.stdout)["samples_per_second"]


with tempfile.TemporaryDirectory() as folder:
    given, settled = os.path.join(folder, "images.npy"), os.path.join(folder, "settled.npz")
    np.save(given, images)
    words = [arguments.gncn, "settle", circuit, *trained, "--input", f"image={given}", "--out", settled]
    subprocess.run(words, capture_output=True, check=True)
    reference = np.load(settled)["mean.z0"]

peers = {"numpy": numpy_settle, "torch": torch_maker(), "jax": jax_maker()}
for name, settle in peers.items():
    print(f"{name}: largest difference of the settled mean from gncn {np.abs(settle() - reference).max():.1e}")
jobs = {"gncn dense": lambda: bench(), "gncn Events(0.1)": lambda: bench("--messages", "Events(threshold: 0.1)")}
rates = {name: [] for name in [*peers, *jobs]}
for _ in range(arguments.reps):
    for name, settle in peers.items():
        times = []
        for _ in range(max(1, 20 // arguments.batch)):
            start = time.perf_counter()
            settle()
            times.append(time.perf_counter() - start)
        rates[name].append(arguments.batch / statistics.median(times))
    for name, job in jobs.items():
        rates[name].append(job())
for name, values in rates.items():
    print(f"{name:17s} median {statistics.median(values):8.1f}  best {max(values):8.1f} samples/s")
for name in jobs:
    ratios = [rate / max(rates[peer][i] for peer in peers) for i, rate in enumerate(rates[name])]
    print(f"{name} / fastest peer, median over repetitions: {statistics.median(ratios):.2f}")
