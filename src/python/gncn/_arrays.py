"""Arrays of anybody as the compiled half takes them: float32, [samples, neurons], row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

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
    if isinstance(inputs, Mapping):
        return {str(name): as_matrix(value, str(name)) for name, value in inputs.items()}
    if len(senses) != 1:
        known = ", ".join(f'"{sense}"' for sense in senses)
        raise RequestError(f"the {what} of a circuit of several senses is a mapping from their names ({known}) to arrays")
    return {senses[0]: as_matrix(inputs, senses[0])}
