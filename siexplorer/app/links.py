"""Letting a widget follow the exploration for exactly as long as it lives."""

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from psygnal import SignalInstance
from PySide6.QtCore import QObject


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
