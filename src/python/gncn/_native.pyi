"""The compiled half of the package; what users see of it is in the other modules."""

import os
from collections.abc import Callable, Iterator
from typing import Any, Optional, final

from numpy.typing import NDArray
import numpy as np

__all__ = [
    "Circuit",
    "Log",
    "Network",
    "__version__",
    "build",
    "cpu",
    "evaluate",
    "level",
    "load_data",
    "load_weights",
    "messages",
    "open_run",
    "save_weights",
    "set_threads",
    "slower",
    "study",
    "threads",
    "train_run",
]

__version__: str

_Arrays = dict[str, NDArray[np.float32]]

@final
class Circuit:
    @staticmethod
    def from_file(path: str | os.PathLike[str]) -> Circuit: ...
    @staticmethod
    def from_ron(text: str) -> Circuit: ...
    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def framed(self) -> bool: ...
    def ron(self) -> str: ...
    def layers(self) -> list[tuple[str, int, Optional[str], bool]]: ...
    def populations(self) -> list[str]: ...
    def tensors(self) -> list[tuple[str, list[int]]]: ...
    def figures(self) -> tuple[int, int, int, str]: ...
    def check(self) -> tuple[list[str], str]: ...
    def draw(self, theme: str, weights: Optional[_Arrays]) -> str: ...
    def with_settling(
        self,
        schedule: Optional[str] = ...,
        messages: Optional[str] = ...,
        executor: Optional[str] = ...,
        steps: Optional[int] = ...,
        tolerance: Optional[float] = ...,
    ) -> Circuit: ...

@final
class Network:
    def __new__(cls, circuit: Circuit, seed: int, weights: Optional[_Arrays] = ...) -> Network: ...
    def weights(self) -> _Arrays: ...
    def set_weights(self, weights: _Arrays) -> None: ...
    def copy(self) -> Network: ...
    def settle(
        self,
        inputs: list[_Arrays],
        masks: list[_Arrays],
        circuit: Optional[Circuit],
        *,
        measure: str,
        learn: bool,
        record: bool,
        trace: bool,
        stop_at: Optional[int],
        presentation: tuple[int, str, int, int],
        probes: list[str],
        observer: Optional[Callable[..., object]],
        order: Optional[Iterator[str]],
    ) -> list[dict[str, Any]]: ...
    def learn(self) -> None: ...

@final
class Log:
    def save(self, path: str | os.PathLike[str]) -> None: ...
    @property
    def schedule(self) -> str: ...
    def firings(self) -> list[str]: ...
    def __len__(self) -> int: ...

def set_threads(count: int) -> None: ...
def threads() -> int: ...
def messages(text: str) -> str: ...
def cpu() -> list[str]: ...
def build() -> tuple[str, list[str], Optional[str], str]: ...
def level(word: str) -> str: ...
def slower() -> Optional[str]: ...
def load_weights(path: str | os.PathLike[str]) -> _Arrays: ...
def save_weights(path: str | os.PathLike[str], weights: _Arrays) -> None: ...
def load_data(
    data: list[str], test: list[str], circuit: Optional[Circuit]
) -> tuple[dict[str, Any], list[str]]: ...
def open_run(folder: str | os.PathLike[str]) -> tuple[Circuit, _Arrays, str, str]: ...
def train_run(
    circuit: Circuit,
    options: dict[str, Any],
    told: Callable[[str, int, int, int, float, str], object],
) -> list[str]: ...
def evaluate(
    folder: str | os.PathLike[str],
    data: list[str],
    test: list[str],
    circuit: Optional[Circuit],
    only: list[str],
    *,
    limit: Optional[int],
    prior_images: Optional[int],
    components: Optional[int],
    draws: Optional[int],
    is_images: Optional[int],
    is_draws: Optional[int],
    seed: int,
) -> tuple[str, list[str]]: ...
def study(
    study: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    quick: bool,
    only: list[str],
    csv: bool,
    told: Callable[[str, int, int, str], object],
) -> dict[str, dict[str, Any]]: ...
