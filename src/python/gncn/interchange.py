"""Weights from and to other tools: which of their tensors is which of gncn's, and which way round it lies.

gncn keeps generative synapses of a projection ``A_to_B`` as ``A_to_B.generative`` [B, A], and feedback synapses as
``A_to_B.feedback`` [A, B].

| layout             | generative                       | feedback                        | lies          |
|--------------------|----------------------------------|---------------------------------|---------------|
| ``ngc-learn``      | ``W{k}``                         | ``E{k}``                        | [in, out]     |
| ``ngc-learn-legacy`` | ``A_{source}-to-mu{n}_dense``  | ``A_e{n}-to-{source}_dense``    | [in, out]     |
| ``pcx``            | ``.layers[{i}].nn.weight``       | none: it is the same, backwards | [out, in]     |
| ``jpc``            | ``[{i}].layers[1].weight``       | none: it is the same, backwards | [out, in]     |

``k`` counts projections from 1 at the bottom, ``i`` from 0 at the top; ``source`` and ``n`` are the layer that predicts, and
the number in the name of the layer that is predicted (``1`` of ``z1``). ``ngc-learn`` is version 1 and later, whose synapses
bear the names that a model gives them; ``W1`` and ``E1`` are those of its museum. Names that differ are given as ``names``.

Tensors are plain dictionaries of arrays: ``numpy.load`` of an .npz file is one, PyTorch and JAX arrays may be in it. Biases
(``b{k}``, ``b_{source}-to-mu{n}_dense``, ``.bias``) go to the layers that are predicted where the circuit has them (``bias:
Learned``); elsewhere one that is not zero is refused. What gncn has beyond (covariances) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ._arrays import Array, ArrayLike, as_numpy, as_tensors
from .circuit import Circuit
from .errors import RequestError


@dataclass(frozen=True)
class Layout:
    """Names of tensors, with ``{k}``, ``{i}``, ``{source}``, ``{target}``, ``{n}`` to be filled in.

    Attributes
    ----------
    generative, bias : str
    feedback : str or None
        None where feedback is always the generative synapses read backwards.
    by_input : bool
        Whether tensors lie [in, out] rather than [out, in].
    """

    generative: str
    feedback: Optional[str]
    bias: str
    by_input: bool


LAYOUTS: dict[str, Layout] = {
    "ngc-learn": Layout("W{k}", "E{k}", "b{k}", True),
    "ngc-learn-legacy": Layout(
        "A_{source}-to-mu{n}_dense", "A_e{n}-to-{source}_dense", "b_{source}-to-mu{n}_dense", True
    ),
    "pcx": Layout(".layers[{i}].nn.weight", None, ".layers[{i}].nn.bias", False),
    "jpc": Layout("[{i}].layers[1].weight", None, "[{i}].layers[1].bias", False),
}


def names(circuit: Circuit, layout: str) -> dict[str, str]:
    """The tensor of another tool that each synaptic tensor of `circuit` is, by gncn's name.

    Raises
    ------
    RequestError
        Where the layout is unknown, or the circuit has learned feedback and the other tool has none.
    """
    shape = _layout(layout)
    projections = [name.removesuffix(".generative") for name in circuit.tensors if name.endswith(".generative")]
    found: dict[str, str] = {}
    for k, projection in enumerate(_from_below(circuit, projections), start=1):
        source, target = _ends(circuit, projection)
        number = re.search(r"\d+$", target)
        words = {
            "k": k,
            "i": len(projections) - k,
            "source": source,
            "target": target,
            "n": target if number is None else number.group(),
        }
        found[f"{projection}.generative"] = shape.generative.format(**words)
        if f"{target}.bias" in circuit.tensors:
            found.setdefault(f"{target}.bias", shape.bias.format(**words))
        if f"{projection}.feedback" in circuit.tensors:
            if shape.feedback is None:
                raise RequestError(
                    f'"{projection}" learns its feedback, and {layout} has none: it reads the generative synapses backwards;'
                    " a circuit with `feedback: Transposed` does the same"
                )
            found[f"{projection}.feedback"] = shape.feedback.format(**words)
    return found


def export_weights(
    circuit: Circuit, weights: Mapping[str, ArrayLike], layout: str, names_of: Optional[Mapping[str, str]] = None
) -> dict[str, Array]:
    """Synapses of a network as the tensors of another tool.

    Parameters
    ----------
    circuit : Circuit
    weights : mapping
        As `Network.weights` gives them. Covariances and moments have no place elsewhere and are left out.
    layout : "ngc-learn", "ngc-learn-legacy", "pcx" or "jpc"
    names_of : mapping, optional
        The other tool's name of a tensor, by gncn's name, where it is not the one of the table.
    """
    by_input = _layout(layout).by_input
    tensors = as_tensors(weights)
    turned = {}
    for own, other in {**names(circuit, layout), **(names_of or {})}.items():
        if own not in tensors:
            raise RequestError(f'the weights hold no tensor "{own}"; they hold {", ".join(tensors)}')
        if own.endswith(".bias"):
            turned[other] = tensors[own].copy() if by_input else tensors[own].reshape(-1).copy()
        else:
            turned[other] = np.ascontiguousarray(tensors[own].T) if by_input else tensors[own].copy()
    return turned


def import_weights(
    circuit: Circuit,
    tensors: Mapping[str, ArrayLike],
    layout: str,
    names_of: Optional[Mapping[str, str]] = None,
    otherwise: Optional[Mapping[str, ArrayLike]] = None,
) -> dict[str, Array]:
    """Tensors of another tool as weights for `Network`.

    Parameters
    ----------
    circuit, layout, names_of
        As of `export_weights`.
    tensors : mapping
        The other tool's; others than those needed are left out, but a bias must be zero.
    otherwise : mapping, optional
        Weights for what the other tool does not have, such as covariances: those of a fresh network, for instance.

    Raises
    ------
    RequestError
        Where a tensor is missing or has another shape, or a bias is not zero.
    """
    shape = _layout(layout)
    mapping = {**names(circuit, layout), **(names_of or {})}
    found = as_tensors(otherwise or {})
    for own, other in mapping.items():
        if other not in tensors:
            raise RequestError(f'there is no tensor "{other}", which "{own}" is made of; there are {", ".join(map(str, tensors))}')
        if own.endswith(".bias"):
            array = as_tensors({other: as_numpy(tensors[other], other).reshape(1, -1)})[other]
        else:
            array = as_tensors({other: tensors[other]})[other]
            array = np.ascontiguousarray(array.T) if shape.by_input else array
        if array.shape != circuit.tensors[own]:
            lies = "[in, out]" if shape.by_input else "[out, in]"
            raise RequestError(
                f'tensor "{other}" is {as_numpy(tensors[other], other).shape}, which lies {lies} in {layout}; "{own}" needs'
                f" {circuit.tensors[own]} [to, from]" + (", turned" if shape.by_input else "")
            )
        found[own] = array
    _refuse_biases(set(mapping.values()), tensors, shape)
    return found


def _refuse_biases(used: set[str], tensors: Mapping[str, ArrayLike], shape: Layout) -> None:
    pattern = re.escape(shape.bias)
    for word in ("k", "i", "source", "target", "n"):
        pattern = pattern.replace(re.escape("{" + word + "}"), r"[^\[\]]+?")
    for name, value in tensors.items():
        if str(name) in used or value is None or not re.fullmatch(pattern, str(name)):
            continue
        if np.any(as_numpy(value, str(name)) != 0):
            raise RequestError(f'"{name}" is a bias, and the circuit has none there; give its layer `bias: Learned`')


def _layout(layout: str) -> Layout:
    if layout not in LAYOUTS:
        raise RequestError(f"`{layout}` is no layout; legal are {', '.join(LAYOUTS)}")
    return LAYOUTS[layout]


def _ends(circuit: Circuit, projection: str) -> tuple[str, str]:
    layers = circuit.layers
    for source in layers:
        target = projection.removeprefix(f"{source}_to_")
        if target != projection and target in layers:
            return source, target
    raise RequestError(f'"{projection}" names no two layers of the circuit')


def _from_below(circuit: Circuit, projections: list[str]) -> list[str]:
    """Projections ordered by how far the predicted layer is from the bottom, then by the predicting one's distance."""
    ends = {projection: _ends(circuit, projection) for projection in projections}
    height = dict.fromkeys(circuit.layers, 0)
    for _ in height:
        for source, target in ends.values():
            height[source] = min(max(height[source], height[target] + 1), len(height))
    return sorted(projections, key=lambda p: (height[ends[p][1]], height[ends[p][0]], p))
