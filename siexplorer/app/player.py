"""What takes a movement through its moments, by itself or step by step."""

import math
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from siexplorer.anatomy.records import Movement
from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.moving import PAUSE_AT_END_S

STEP = 1 / 50
"""How much of a movement one step is (design)."""

CALM_STEP_S = 2.0
"""With reduced motion, one moment of the lesson after another is shown for so long (design)."""

LONGEST_TICK_S = 0.25
"""After a longer pause, as while a menu is open, the movement goes on instead of jumping."""


class Player(QObject):
    """Takes a movement through its moments: there and back, round and round, or to one moment.

    With ``calm``, for people who want less motion, it shows the lesson's moments one by one.
    """

    turned = Signal()

    def __init__(self, exploration: Exploration, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.speed, self.loop, self.calm = 1.0, True, False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._tick)
        self._last, self._rest_s, self._forwards = 0.0, 0.0, True
        self._target: float | None = None
        self._part_of = ""
        self._going = False
        tie(self, exploration.changed, self._follow)

    @property
    def playing(self) -> bool:
        """Whether the movement runs by itself."""
        return self._timer.isActive()

    @property
    def bound_for(self) -> float | None:
        """The moment where it will stop, if it runs to one."""
        return self._target if self.playing else None

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Run from this moment; from the beginning where it stands at the end of its way."""
        movement = self._movement()
        if movement is None:
            return
        self._begin(None)
        if self.calm:
            self._show_next(starting=True)
        elif self.exploration.state.at >= 1.0:
            self._forwards = movement.cycle or not self.loop
            if self._forwards:
                self._go(0.0)

    def run_to(self, at: float, *, part_of: str = "") -> None:
        """Run to a moment and stop there; with reduced motion, be there at once. Undo takes it back
        together with the last change, if the label of that is ``part_of``.
        """
        if self._movement() is None:
            return
        if self.calm:
            self.stop()
            self._go(at)
        elif abs(at - self.exploration.state.at) > 1e-9:
            self._begin(at, part_of)

    def stop(self) -> None:
        """Stand still at this moment."""
        if not self.playing:
            return
        self._timer.stop()
        self._target, self._part_of = None, ""
        self.exploration.pause_merging()
        self.turned.emit()

    def step(self, by: int) -> None:
        """Stand still, one or more steps further on, or back."""
        movement = self._movement()
        if movement is None:
            return
        self.stop()
        place = self.exploration.state.at / STEP
        # From between two steps, to the nearest of them on the way.
        number = math.floor(place + 1e-6) if by > 0 else math.ceil(place - 1e-6)
        at = (number + by) * STEP
        self._go(at % 1.0 if movement.cycle and not 0.0 <= at <= 1.0 else at)

    def _movement(self) -> Movement | None:
        return self.exploration.known.movements.get(self.exploration.state.movement or "")

    def _begin(self, target: float | None, part_of: str = "") -> None:
        if not part_of:
            self.exploration.pause_merging()
        self._last, self._rest_s, self._forwards = time.monotonic(), 0.0, True
        self._target, self._part_of = target, part_of
        self._timer.start()
        self.turned.emit()

    def _go(self, at: float) -> None:
        self._going = True
        try:
            self.exploration.set_moment(at, part_of=self._part_of)
        finally:
            self._going = False

    def _tick(self) -> None:
        movement = self._movement()
        if movement is None:
            self.stop()
            return
        now = time.monotonic()
        passed, self._last = min(now - self._last, LONGEST_TICK_S), now
        if self._rest_s > 0.0:
            self._rest_s -= passed
        elif self.calm and self._target is None:
            self._show_next()
        else:
            at, done = self._after(movement, passed * self.speed / movement.duration_s)
            self._go(at)
            if done:
                self.stop()

    def _after(self, movement: Movement, by: float) -> tuple[float, bool]:
        """The moment after a share of the way, and whether that ends it."""
        at = self.exploration.state.at
        if self._target is not None:
            left = self._target - at
            if abs(left) <= by:
                return self._target, True
            return at + (by if left > 0 else -by), False
        if movement.cycle:
            if at + by < 1.0 or self.loop:
                return (at + by) % 1.0, False
            return 1.0, True
        at += by if self._forwards else -by
        if 0.0 < at < 1.0:
            return at, False
        self._rest_s, self._forwards = PAUSE_AT_END_S, at <= 0.0
        return min(1.0, max(0.0, at)), not self.loop

    def _show_next(self, *, starting: bool = False) -> None:
        """With reduced motion: the next of the lesson's moments."""
        movement, at = self._movement(), self.exploration.state.at
        assert movement is not None
        moments = sorted({step.at for step in movement.steps} | {0.0, 1.0})
        later = [moment for moment in moments if moment > at + 1e-9]
        if not later and not self.loop and not starting:
            self.stop()
            return
        self._rest_s = CALM_STEP_S / self.speed
        self._go(later[0] if later else moments[0])

    def _follow(self, change: Change) -> None:
        """Whatever else changes the moment, as undo does, ends the run."""
        before, after = change.before, change.after
        if not self._going and (before.movement, before.at) != (after.movement, after.at):
            self.stop()
