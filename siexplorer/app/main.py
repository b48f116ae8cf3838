"""Start the window: one application, one window, closed in order."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication


def gl_format() -> QSurfaceFormat:
    """The OpenGL format that VTK draws with; it must be the default before any window exists."""
    wanted = QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setVersion(3, 2)
    wanted.setSwapBehavior(QSurfaceFormat.SwapBehavior.DoubleBuffer)
    for size in (wanted.setRedBufferSize, wanted.setGreenBufferSize, wanted.setBlueBufferSize):
        size(8)
    wanted.setDepthBufferSize(8)
    wanted.setAlphaBufferSize(8)
    wanted.setStencilBufferSize(0)
    wanted.setSamples(0)
    wanted.setSwapInterval(0)
    return wanted


def run(
    quit_after: float | None = None,
    meshes: Sequence[Path] = (),
    *,
    unit: str | None = None,
    mirrored: bool | None = None,
) -> int:
    """Open the window and stay until it is closed, or for ``quit_after`` seconds. ``meshes`` are
    files of the user's own to be opened in it at once.
    """
    # pyvistaqt asks qtpy, which would otherwise take whatever binding it finds first.
    os.environ["QT_API"] = "pyside6"
    QSurfaceFormat.setDefaultFormat(gl_format())
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("siexplorer")
    app.setApplicationDisplayName("SI Explorer")
    app.setStyle("Fusion")

    from siexplorer.app.window import MainWindow

    window = MainWindow()
    if meshes:
        window.own.open_when_ready(meshes, unit=unit, mirrored=mirrored)
    window.open()
    if quit_after is not None:
        QTimer.singleShot(round(quit_after * 1000), app, app.closeAllWindows)
        QTimer.singleShot(round(quit_after * 1000) + 100, app, app.quit)
    code = app.exec()
    close_everything(app)
    return code


def close_everything(app: QApplication) -> None:
    """Close and delete every window while the application still lives."""
    for widget in app.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()
