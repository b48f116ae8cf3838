"""What panels share: following the exploration for as long as they live, and Enter on buttons."""

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from psygnal import SignalInstance
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget


def tie(widget: QObject, signal: SignalInstance, slot: Callable[..., object]) -> None:
    """Call a method of the widget on every emission, until Qt deletes the widget.

    The exploration outlives its panels, and Python may hold a widget that Qt has already deleted;
    neither may keep the other alive or call into it.
    """
    method = WeakMethod(slot)

    def call(*args: Any) -> None:
        bound = method()
        if bound is not None:
            bound(*args)

    # The wrapper takes any arguments, so the signal cannot tell how many the method wants.
    count = slot.__code__.co_argcount - 1
    signal.connect(call, max_args=count)
    widget.destroyed.connect(lambda: signal.disconnect(call))


def press_focused(within: QWidget, event: QKeyEvent) -> bool:
    """Let Enter press the button that has the focus, as Space does elsewhere; whether it did."""
    focus = QApplication.focusWidget()
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    if not isinstance(focus, QAbstractButton) or not within.isAncestorOf(focus):
        return False
    focus.click()
    return True


def redraw(window: QWidget) -> None:
    """Draw a window anew after another one lay over it: without a compositor, Qt leaves parts of
    that one standing beside the 3D view.
    """
    window.update()
    for widget in window.findChildren(QWidget):
        widget.update()
