"""Keeping the screen on while a session runs, by the desktop's own means and for no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from PySide6.QtCore import QObject, Signal


class Kept(Protocol):
    """What tells whether the desktop agreed."""

    active: bool


def ask_desktop() -> AbstractContextManager[Kept]:
    """Ask for a screen that stays on: by D-Bus on Linux, by the system itself on Windows and macOS.
    A desktop that does not know how is no error.
    """
    # Only here: nobody needs it before the first session.
    from wakepy import keep

    return keep.presenting(on_fail="pass")


class ScreenKeeper(QObject):
    """Holds the screen on from ``begin`` to ``end``; ``told`` brings whether it is held.

    The desktop is asked in a thread, because it may take its time, and lets go from the same one.
    """

    told = Signal(bool)

    def __init__(
        self,
        parent: QObject | None = None,
        ask: Callable[[], AbstractContextManager[Kept]] = ask_desktop,
    ) -> None:
        super().__init__(parent)
        self._ask = ask
        self._over: threading.Event | None = None
        self.kept: bool | None = None
        """Whether the screen is held on; None until the desktop has answered."""
        self.told.connect(self._note)

    def begin(self) -> None:
        """Hold the screen on, unless it is."""
        if self._over is None:
            self._over = threading.Event()
            threading.Thread(
                target=self._hold, args=(self._over,), name="keep the screen on", daemon=True
            ).start()

    def end(self) -> None:
        """Let it go."""
        if self._over is not None:
            self._over.set()
        self._over, self.kept = None, None

    def _hold(self, over: threading.Event) -> None:
        try:
            with self._ask() as mode:
                self._tell(over, active=mode.active)
                over.wait()
        except (OSError, RuntimeError, ImportError):
            # A desktop without what it promised: the session goes on, and the panel says so.
            self._tell(over, active=False)

    def _tell(self, over: threading.Event, *, active: bool) -> None:
        try:
            if not over.is_set():
                self.told.emit(active)
        except RuntimeError:
            # The window was closed meanwhile.
            return

    def _note(self, active: bool) -> None:
        if self._over is not None:
            self.kept = active
