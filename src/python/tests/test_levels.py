"""Which compiled half is used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run

import gncn
from gncn import _levels


def imported(code: str, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    words = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=words)


def test_a_build_tells_what_it_is_for(command: str) -> None:
    build = gncn.build()
    assert build.version == gncn.__version__ and build.features == [name for name in gncn.cpu() if name in build.features]
    told = run(command, "--version", "--verbose").stdout
    assert f"machine: {build.machine} (" in told


def test_the_highest_that_runs_is_taken() -> None:
    there = {"x86-64-v2", "x86-64-v3", "x86-64-v4"}
    assert _levels._best(there, "x86-64-v4") == "x86-64-v4"
    assert _levels._best(there, "x86-64-v3") == "x86-64-v3"
    assert _levels._best(there - {"x86-64-v3"}, "x86-64-v3") == "x86-64-v2"
    assert _levels._best(there, "x86-64") is None
    assert _levels._best({"aarch64"}, "aarch64") is None


def test_a_level_that_is_asked_for() -> None:
    level = gncn.build().level
    done = imported("import gncn; print(gncn.build().level)", GNCN_CPU=level)
    assert done.stdout.strip() == level and not done.stderr, done.stderr
    if not level.startswith("x86-64"):
        pytest.skip("one level only")
    other = next(name for name in ("v2", "v3") if not level.endswith(name))
    refused = imported("import gncn", GNCN_CPU=other)
    if "holds kernels for" in refused.stderr:
        assert refused.returncode != 0 and f"x86-64-{other} was asked for" in refused.stderr
    else:
        assert refused.returncode == 0, "a package that holds it"
    assert "legal are x86-64, v2, v3, v4" in imported("import gncn", GNCN_CPU="fast").stderr


def test_another_compiled_half_beside_it_is_loaded(tmp_path: Path) -> None:
    """A copy by the name of a level stands for a build of that level."""
    level = gncn.build().level
    if not level.startswith("x86-64-v"):
        pytest.skip("one level only")
    package = Path(gncn.__file__).parent
    shutil.copytree(package, tmp_path / "gncn", ignore=shutil.ignore_patterns("__pycache__"))
    (native,) = (tmp_path / "gncn").glob("_native.*so")
    other = "v2" if level != "x86-64-v2" else "v3"
    shutil.copy(native, native.with_name(f"_native_{other}.abi3.so"))
    code = "import gncn, sys; print(sys.modules['gncn._native'].__file__); gncn.Circuit.from_ron('()')"
    chosen = imported(code, str(tmp_path), GNCN_CPU=other)
    assert Path(chosen.stdout.strip()).name == f"_native_{other}.abi3.so", chosen
    assert "gncn.errors.CircuitError" in chosen.stderr, chosen.stderr
    own = imported(code, str(tmp_path), GNCN_CPU=level)
    assert Path(own.stdout.strip()).name == native.name, own


def test_importing_is_cheap() -> None:
    """Beside NumPy, and by the time of the processor, which other work on the machine hardly changes."""
    code = "import numpy, time; begun = time.process_time(); import gncn; print(time.process_time() - begun)"
    times = sorted(float(imported(code).stdout) for _ in range(3))
    assert times[0] < 0.2, times
