"""Arrays of anybody as the compiled half takes them: float32, [samples, neurons], row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray

from .errors import RequestError

Array = NDArray[np.float32]
#: Anything that NumPy makes an array of, or that speaks DLPack (PyTorch and JAX on the CPU do).
ArrayLike = Any


def as_numpy(value: ArrayLike, name: str) -> NDArray[Any]:
    """`value` as a NumPy array, without a copy where it lends its memory (arrays, the buffer protocol, DLPack)."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    detach = getattr(value, "detach", None)
    if callable(detach) and getattr(value, "requires_grad", False):
        value = detach()
    if hasattr(value, "__dlpack__"):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError, AttributeError):
            pass
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as cause:
        raise RequestError(f'"{name}" can\'t be read as an array: {cause}') from cause


def as_matrix(value: ArrayLike, name: str) -> Array:
    """`value` as float32 rows; what is float32 and row by row already is not copied.

    Whole numbers, booleans and other floats are converted. Images [samples, height, width] are flattened; a vector is one
    sample. Complex numbers, text and objects are refused.
    """
    array = as_numpy(value, name)
    if array.dtype.kind not in "fiub":
        raise RequestError(f'"{name}" holds {array.dtype}, and real numbers are needed')
    if array.ndim == 0:
        raise RequestError(f'"{name}" is a single number; an array [samples, neurons] is needed')
    if array.ndim == 1:
        array = array.reshape(1, -1)
    elif array.ndim > 2:
        array = array.reshape(array.shape[0], -1)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4:
        return _narrowed(array, name)
    return np.require(array, dtype=np.float32, requirements=["C", "A"])


def _narrowed(array: NDArray[Any], name: str) -> Array:
    with np.errstate(over="ignore"):
        narrow = np.require(array, dtype=np.float32, requirements=["C", "A"])
    lost = np.isfinite(array) & ~np.isfinite(narrow)
    if lost.any():
        row, column = (int(i) for i in np.argwhere(lost)[0])
        found = array[row, column]
        raise RequestError(f'"{name}" holds {found} at sample {row}, value {column}: too large for 32 bits')
    return narrow


def as_tensors(weights: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Weights by name, each two-dimensional float32."""
    tensors = {}
    for name, value in weights.items():
        array = as_numpy(value, name)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise RequestError(f'tensor "{name}" is {array.dtype} of shape {array.shape}; weights are matrices of numbers')
        tensors[str(name)] = as_matrix(array, name)
    return tensors


def as_inputs(
    inputs: Union[Mapping[str, ArrayLike], ArrayLike], senses: list[str], what: str = "input"
) -> dict[str, Array]:
    """What every sense is shown: a mapping by name, or one array for a circuit of one sense."""
    return {name: as_matrix(value, name) for name, value in _by_sense(inputs, senses, what).items()}


def as_frames(
    inputs: Union[Mapping[str, ArrayLike], ArrayLike],
    masks: Optional[Union[Mapping[str, ArrayLike], ArrayLike]],
    senses: list[str],
) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
    """What every sense is shown in each frame, and the masks of each; a mask may be one for all frames."""
    shown = {name: as_numpy(value, name) for name, value in _by_sense(inputs, senses, "input").items()}
    counts = {name: _frames_of(array, name) for name, array in shown.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f'{count} of "{name}"' for name, count in counts.items())
        raise RequestError(f"senses are shown as many frames each, not {told}")
    count = next(iter(counts.values()), 1)
    seen = {} if masks is None else {n: as_numpy(v, n) for n, v in _by_sense(masks, senses, "mask").items()}
    for name, mask in seen.items():
        if name in shown and mask.ndim == shown[name].ndim - 1:
            seen[name] = mask = np.broadcast_to(mask, (count, *mask.shape))
        if _frames_of(mask, f"mask of {name}") != count:
            raise RequestError(f'the mask of "{name}" has {mask.shape[0]} frames, and its input {count}')
    each = range(count)
    return _split(shown, each), _split(seen, each)


def _split(arrays: Mapping[str, NDArray[Any]], frames: range) -> list[dict[str, Array]]:
    return [{name: as_matrix(array[frame], name) for name, array in arrays.items()} for frame in frames]


def _frames_of(array: NDArray[Any], name: str) -> int:
    if array.ndim < 3:
        problem = f'"{name}" has shape {list(array.shape)}, and the circuit settles frame by frame (per_frame)'
        raise RequestError(f"{problem}: an array [frames, samples, ...] is needed; one frame is [1, samples, ...]")
    if array.shape[0] == 0:
        raise RequestError(f'"{name}" has no frames; one frame is [1, samples, ...]')
    return int(array.shape[0])


def _by_sense(
    values: Union[Mapping[str, ArrayLike], ArrayLike], senses: list[str], what: str
) -> dict[str, ArrayLike]:
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    if len(senses) != 1:
        known = ", ".join(f'"{sense}"' for sense in senses)
        raise RequestError(f"the {what} of a circuit of several senses is a mapping from their names ({known}) to arrays")
    return {senses[0]: values}
