"""What each room brings along when it is imported."""

import subprocess
import sys

import pytest

REPORT = """
import importlib, pkgutil, sys
for name in {names!r}:
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", []), name + "."):
        importlib.import_module(found.name)
print(*sys.modules)
"""


def brought_along(*names: str) -> set[str]:
    code = REPORT.format(names=names)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_core_needs_neither_qt_nor_opengl() -> None:
    rooms = ("anatomy", "geometry", "packs", "exploration")
    loaded = brought_along(*(f"siexplorer.{room}" for room in rooms))
    assert not loaded & {"PySide6", "qtpy", "pyvista", "pyvistaqt", "vtkmodules.all"}
    assert "vtkmodules.vtkRenderingOpenGL2" not in loaded
    assert not any(name.startswith("vtkmodules.vtkRendering") for name in loaded)


@pytest.mark.parametrize(
    "module",
    ["exploration.exploration", "exploration.card", "exploration.search", "exploration.ball"],
)
def test_what_the_window_needs_first_starts_quickly(module: str) -> None:
    loaded = brought_along(f"siexplorer.{module}")
    assert not loaded & {"trimesh", "scipy", "matplotlib", "rapidfuzz", "vtkmodules", "PySide6"}


def test_the_records_need_no_numbers() -> None:
    assert not brought_along("siexplorer.anatomy") & {"numpy", "psygnal", "platformdirs"}


def test_the_camera_can_be_tested_without_drawing() -> None:
    assert "pyvista" not in brought_along("siexplorer.scene.camera")
