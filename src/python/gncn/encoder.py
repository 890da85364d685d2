"""A circuit as a transformer of scikit-learn: it learns to predict its input from codes, and codes are what it settles to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .circuit import Circuit
from .errors import RequestError
from .network import Network
from .schedules import Messages, Schedule


class GncnEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Codes of a hierarchy of layers, each of which predicts the one below it.

    Features are standardised first. A code is the state that the top layer settles to while the bottom layer is held at a
    sample; it is a function of that sample alone, whatever batch it comes in.

    Parameters
    ----------
    n_components : int, default=8
        Neurons of the top layer.
    hidden : sequence of int, default=()
        Neurons of the layers between, from below.
    steps : int, default=50
        Updates of every state population.
    epochs : int, default=10
        Passes over the samples in `fit`.
    batch_size : int, default=64
    learning_rate : float, default=0.01
        Of Adam.
    schedule, messages : value of `gncn.schedules` or RON text, default=None
        Who fires when, and what travels; lock-step and whole vectors if None.
    random_state : int, RandomState or None, default=None
        Of synapses and of the order of samples.

    Attributes
    ----------
    network_ : Network
    mean_, scale_ : arrays [n_features_in_]
    n_features_in_ : int

    Examples
    --------
    >>> from gncn.encoder import GncnEncoder
    >>> from sklearn.datasets import load_digits
    >>> codes = GncnEncoder(16, random_state=0).fit_transform(load_digits().data[:200])
    >>> codes.shape
    (200, 16)
    """

    def __init__(
        self,
        n_components: int = 8,
        *,
        hidden: Sequence[int] = (),
        steps: int = 50,
        epochs: int = 10,
        batch_size: int = 64,
        learning_rate: float = 0.01,
        schedule: Union[Schedule, str, None] = None,
        messages: Union[Messages, str, None] = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.messages = messages
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> GncnEncoder:
        """Learns from samples ``X`` [n_samples, n_features]; ``y`` is of no account."""
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        random = check_random_state(self.random_state)
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        sd = X.std(axis=0, dtype=np.float64)
        # What varies by rounding alone does not vary.
        self.scale_ = np.where(sd > 1e-7 * (np.abs(self.mean_) + 1e-30), sd, 1.0)
        circuit = self._circuit(X.shape[1])
        self.network_ = Network(circuit, int(random.randint(2**31 - 1)))
        data = self._scaled(X)
        for _ in range(self.epochs):
            order = random.permutation(len(data))
            batches = [data[order[rows]] for rows in gen_batches(len(data), self.batch_size)]
            for _step in self.network_.train(batches):
                pass
        self._n_features_out = self.n_components
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Codes [n_samples, n_components] of samples."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        settled = self.network_.settle(self._scaled(X), measure="never")
        return settled.states[self._top()].astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """What codes predict, in units of the samples: [n_samples, n_features]."""
        check_is_fitted(self)
        codes = check_array(X, dtype=[np.float64, np.float32])
        if codes.shape[1] != self.n_components:
            raise RequestError(f"codes have {codes.shape[1]} components, and the encoder has {self.n_components}")
        weights, below = self.network_.weights, codes.astype(np.float64)
        for level in range(len(self.hidden) + 1, 0, -1):
            below = below @ weights[f"z{level}_to_z{level - 1}.generative"].T.astype(np.float64)
        predicted: NDArray[Any] = (below * self.scale_ + self.mean_).astype(codes.dtype, copy=False)
        return predicted

    def score(self, X: Any, y: Any = None) -> float:
        """Share of the variance of samples that their codes predict: 1 at best, 0 for the mean of the training samples."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        missed = (X - self.inverse_transform(self.transform(X))) / self.scale_
        total = float((((X - self.mean_) / self.scale_) ** 2).sum())
        return 1.0 - float((missed**2).sum()) / total if total > 0 else 0.0

    def _top(self) -> str:
        return f"z{len(self.hidden) + 1}"

    def _scaled(self, X: NDArray[Any]) -> NDArray[np.float32]:
        # Far from what it learned from, a feature counts as very far, and not as infinitely far.
        scaled: NDArray[np.float32] = np.clip((X - self.mean_) / self.scale_, -1e4, 1e4).astype(np.float32)
        return scaled

    def _circuit(self, features: int) -> Circuit:
        sizes = [features, *self.hidden, self.n_components]
        wrong = next((size for size in sizes if not isinstance(size, (int, np.integer)) or size < 1), None)
        if wrong is not None:
            raise RequestError(f"a layer of {wrong} neurons; n_components and hidden are whole numbers from 1 on")
        layers = [f'"z0": (size: {features}, sense: "x")']
        for level, size in enumerate(sizes[1:], start=1):
            # With columns of norm 1 the largest curvature is at most 1 + the neurons of a layer: this step never overshoots.
            beta = min(0.2, 1.0 / (1 + size))
            layers.append(f'"z{level}": (size: {size}, beta: {beta!r})')
        projections = [f'(from: "z{k}", to: "z{k - 1}", feedback: Transposed)' for k in range(1, len(sizes))]
        circuit = Circuit.from_ron(
            f'(name: "encoder", layers: {{{", ".join(layers)}}}, projections: [{", ".join(projections)}],'
            f" settling: (steps: {int(self.steps)}), learning: (optimizer: Adam(rate: {float(self.learning_rate)!r}),"
            " norm: UnitColumns))"
        )
        return circuit.with_settling(self.schedule, self.messages)
