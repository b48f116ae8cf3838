"""Real windows on a real (virtual) display: VTK's own errors and leaked windows fail the test."""

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import settle

os.environ["QT_API"] = "pyside6"


def pytest_configure() -> None:
    from PySide6.QtGui import QSurfaceFormat

    from siexplorer.app.main import gl_format

    QSurfaceFormat.setDefaultFormat(gl_format())


def pytest_sessionfinish() -> None:
    """Wait for what a closed window still works out: Python is not taken down under its hands."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(timeout=20.0)


@pytest.fixture(autouse=True)
def vtk_errors() -> Iterator[None]:
    from pyvista import VtkErrorCatcher

    catcher = VtkErrorCatcher(raise_errors=False, send_to_logging=False)
    with catcher:
        yield
    messages = [str(event) for event in catcher.events]
    assert not messages, f"VTK reported: {messages}"


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.ini"
    path.write_text("[General]\nnotice=1000\n")
    monkeypatch.setenv("SIEXPLORER_SETTINGS", str(path))
    return path


@pytest.fixture
def open_window(qtbot, settings_file: Path) -> Iterator[Callable[[], object]]:
    """Open the explorer's window, wait for its model, and check at the end that nothing is left."""
    from siexplorer.app.window import MainWindow

    watched: list[weakref.ref[object]] = []
    opened: list[MainWindow] = []

    def start() -> MainWindow:
        window = MainWindow()
        window.resize(1280, 800)
        window.show()
        qtbot.waitExposed(window)
        window.load()
        qtbot.waitUntil(lambda: window.view is not None, timeout=60_000)
        window.view.animate = False
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=5000)
        settle(qtbot)
        watched.extend([weakref.ref(window), weakref.ref(window.view)])
        opened.append(window)
        return window

    yield start
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication
    from shiboken6 import isValid

    while opened:
        window = opened.pop()
        window.close()
        window.deleteLater()
        del window
    application = QApplication.instance()
    for _ in range(3):
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        application.processEvents()
        gc.collect()
    # pytest itself still holds the window, so ask whether Qt has let go of it.
    left = [type(ref()).__name__ for ref in watched if ref() is not None and isValid(ref())]
    assert not left, f"still alive after closing: {left}"


@pytest.fixture
def window(open_window):
    return open_window()


@pytest.fixture
def body_window(open_window, monkeypatch: pytest.MonkeyPatch):
    """A window on a pelvis that has something of every kind."""
    from softbody import with_body

    from siexplorer.app import loading

    read = loading.read_all

    def read_body():
        known, pack, problems = read()
        return (*with_body(known, pack), problems)

    monkeypatch.setattr(loading, "read_all", read_body)
    return open_window()
