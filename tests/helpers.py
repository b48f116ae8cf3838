"""What tests of the window share."""

import time

import numpy as np


def at_pixel(window, name, where=None):
    """The point of the view's widget where an entry, or a place in mm, is drawn."""
    from PySide6.QtCore import QPoint

    view = window.view
    anchor = window.exploration.items[name].anchor if where is None else where
    x, y, _ = view.pelvis.to_pixels(np.asarray(anchor, dtype=float)[None])[0]
    ratio, height = view.devicePixelRatioF(), view.render_window.GetSize()[1]
    return QPoint(round(x / ratio), round((height - 1 - y) / ratio))


def settle(qtbot, frames=4):
    """Let events and a few frames pass."""
    from PySide6.QtWidgets import QApplication

    for _ in range(frames):
        QApplication.processEvents()
        time.sleep(0.02)
    QApplication.processEvents()


def dragged_to(at):
    """A mouse that moves to a point of a widget with its left button down."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    return QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(at),
        QPointF(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
