"""Types as checked by mypy, stubs as they are, and notebooks that run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
NOTEBOOKS = sorted((PACKAGE / "notebooks").glob("*.ipynb"))


def run(*words: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, cwd=HERE, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy() -> None:
    pytest.importorskip("mypy")
    run("mypy", "--strict", "--config-file", str(PACKAGE / "pyproject.toml"), "-p", "gncn")
    run("mypy", "--strict", "--config-file", str(PACKAGE / "pyproject.toml"), str(HERE / "example.py"))


def test_stubs_are_what_the_module_has() -> None:
    pytest.importorskip("mypy")
    allowed = HERE / "stubtest-allowed.txt"
    run("mypy.stubtest", "gncn._native", "--allowlist", str(allowed), "--ignore-unused-allowlist")


def test_docstrings_run() -> None:
    import doctest

    import gncn
    import gncn.circuit

    for module in (gncn, gncn.circuit):
        assert doctest.testmod(module).failed == 0


def test_an_example_runs() -> None:
    run("example")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("matplotlib")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in shown if "image/png" in output.get("data", {}) or "image/svg+xml" in output.get("data", {})]
    assert pictures, "a notebook without a picture"


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) == 3
