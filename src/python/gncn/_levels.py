"""Which compiled half is used: a wheel that travels holds several, each with kernels for one level of x86-64.

`_native` is compiled for the lowest level, `_native_v3` and the like beside it for others; a wheel that was built for one
machine has `_native` alone. Of those that the machine can run the highest is taken, or the one that ``GNCN_CPU`` asks for.
"""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

_ASCENDING = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]


@dataclass(frozen=True)
class Build:
    """What the compiled half is built for; bits are promised for one level.

    Attributes
    ----------
    version : str
    level : str
        ``x86-64-v3``, or the architecture where it has no levels.
    features : list of str
        Of the CPU, of those that kernels use.
    machine : str
        The highest level that this machine offers.
    commit : str or None
        Where the build was told it.
    """

    version: str
    level: str
    features: list[str]
    machine: str
    commit: Optional[str]


def choose() -> None:
    """Puts the compiled half that fits in the place of ``gncn._native``; the package does it once, before all else."""
    from . import _native

    others = _others()
    own, machine = _native.build()[0], _native.build()[3]
    word = os.environ.get("GNCN_CPU", "")
    wanted = _asked(_native, word, {own, *others}, machine) if word else _best({own, *others}, machine)
    if wanted is not None and wanted != own:
        _install(others[wanted])
    elif not word and (told := _native.slower()) is not None:
        warnings.warn(told, RuntimeWarning, stacklevel=4)


def build() -> Build:
    """What the compiled half is built for."""
    from . import _native

    level, features, commit, machine = _native.build()
    return Build(_native.__version__, level, features, machine, commit)


def _others() -> dict[str, Path]:
    """Compiled halves beside `_native`, by the name of their level."""
    found = Path(__file__).parent.glob("_native_v*")
    return {f"x86-64-{path.name.split('.')[0].removeprefix('_native_')}": path for path in found}


def _best(there: set[str], machine: str) -> Optional[str]:
    can = _ASCENDING[: _ASCENDING.index(machine) + 1] if machine in _ASCENDING else []
    return next((level for level in reversed(can) if level in there), None)


def _asked(native: Any, word: str, there: set[str], machine: str) -> str:
    try:
        level: str = native.level(word)
    except Exception as cause:
        raise ImportError(f"GNCN_CPU: {cause}") from None
    if level not in there:
        raise ImportError(f"GNCN_CPU: {level} was asked for, and this package holds kernels for {', '.join(sorted(there))} only")
    if level in _ASCENDING and _ASCENDING.index(level) > _ASCENDING.index(machine):
        raise ImportError(f"GNCN_CPU: {level} was asked for, and this machine offers {machine}; ask for no more than that")
    return level


def _install(path: Path) -> None:
    name = f"{__package__}._native"
    spec = spec_from_loader(name, ExtensionFileLoader(name, str(path)))
    if spec is None:
        raise ImportError(f"{path} can't be loaded")
    module: ModuleType = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)
    sys.modules[name] = module
    setattr(sys.modules[str(__package__)], "_native", module)
