"""The lesson of a movement: step by step, each from its view, with its look and what to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from siexplorer.app.icons import icon
from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Change, Exploration

if TYPE_CHECKING:
    from siexplorer.anatomy.records import Movement, Step
    from siexplorer.app.player import Player

SHARE_OF_HEAD, WIDEST_HEAD_PX = 0.32, 330
"""How much of the strip the title of a step takes, at most (design)."""


class LessonStrip(QWidget):
    """Which step it is, the way to the next and the previous one, and what it says."""

    def __init__(self, exploration: Exploration, player: Player) -> None:
        super().__init__()
        self.exploration, self.player = exploration, player
        self._asked: tuple[str, int] | None = None
        self.previous, self.next = QToolButton(), QToolButton()
        for button, by, words in (
            (self.previous, -1, "Previous step of the lesson (Page Up)"),
            (self.next, 1, "Next step of the lesson (Page Down)"),
        ):
            button.setToolTip(words)
            button.setAccessibleName(words.partition(" (")[0])
            button.clicked.connect(lambda _checked=False, by=by: self.go(by))
        self.again = QToolButton()
        self.again.setAutoRaise(True)
        self.again.setToolTip("Show this step as the lesson has it (Home)")
        self.again.setAccessibleName("Show this step as the lesson has it")
        self.again.clicked.connect(self.show_again)
        self.number = QLabel()
        self.number.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.title.setAccessibleName("Title of the step")
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("What happens now")
        self._head = QWidget()
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.number)
        names.addWidget(self.title)
        names.addStretch(1)
        ways = QHBoxLayout()
        ways.setSpacing(3)
        for button in (self.previous, self.next, self.again):
            ways.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(10)
        head.addLayout(ways)
        head.addLayout(names, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self._head)
        row.addWidget(self.words, 1)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        tie(self, exploration.changed, self._follow)
        self.renew()

    def go(self, by: int) -> None:
        """Show the next step, or the previous: its view and look first, then the way there."""
        movement, now = self._movement(), self.current()
        if movement is not None and now is not None:
            self.show_step(min(len(movement.steps) - 1, max(0, now + by)))

    def show_again(self) -> None:
        """Back to the view, the look and the moment of this step."""
        number = self.current()
        if number is not None:
            self.show_step(number)

    def show_step(self, number: int) -> None:
        """Show one step of the lesson; the bones run to its moment."""
        movement = self._movement()
        if movement is None:
            return
        self.player.stop()
        self.exploration.pause_merging()
        self._asked = (movement.id, number)
        if self.player.calm:
            self.exploration.show_step(number)
        else:
            self.exploration.show_step(number, at=self.exploration.state.at)
            step = movement.steps[number]
            self.player.run_to(step.at, part_of=step.title)
        self.renew()

    def current(self) -> int | None:
        """The step being shown, or run to: two may share a moment, so the one asked for counts."""
        movement, state = self._movement(), self.exploration.state
        if movement is None or not movement.steps:
            return None
        if self._asked is not None:
            name, number = self._asked
            moment = movement.steps[number].at if name == movement.id else None
            if moment is not None and moment in (self.player.bound_for, state.at):
                return number
        return self.exploration.step_number()

    def step(self) -> Step | None:
        """The record of the step being shown."""
        movement, number = self._movement(), self.current()
        return None if movement is None or number is None else movement.steps[number]

    def recolour(self, colour: QColor) -> None:
        """Icons in the palette's colour."""
        self.previous.setIcon(icon("previous", colour))
        self.next.setIcon(icon("next", colour))
        self.again.setIcon(icon("show", colour))

    def reserve(self, width: int) -> None:
        """As high as the longest step of this movement in this wording, at a width in pixels."""
        movement = self._movement()
        if movement is None or not movement.steps:
            return
        head = min(WIDEST_HEAD_PX, round(SHARE_OF_HEAD * width))
        self._head.setFixedWidth(head)
        buttons = sum(b.sizeHint().width() for b in (self.previous, self.next, self.again)) + 20
        voice = self.exploration.state.voice
        title = max(height_of(self.title, step.title, head - buttons) for step in movement.steps)
        words = max(
            height_of(self.words, step.says.wording(voice), width - head - 20)
            for step in movement.steps
        )
        self.setFixedHeight(max(words, title + self.number.sizeHint().height(), 34) + 2)

    def renew(self) -> None:
        """The step of this moment, in the chosen wording."""
        movement, number = self._movement(), self.current()
        self.setVisible(movement is None or bool(movement.steps))
        if movement is None or number is None:
            return
        step = movement.steps[number]
        self.number.setText(f"Step {number + 1} of {len(movement.steps)}")
        self.title.setText(step.title)
        self.words.setText(step.says.wording(self.exploration.state.voice))
        self.previous.setEnabled(number > 0)
        self.next.setEnabled(number < len(movement.steps) - 1)

    def _movement(self) -> Movement | None:
        return self.exploration.known.movements.get(self.exploration.state.movement or "")

    def _follow(self, change: Change) -> None:
        if change.before.movement != change.after.movement:
            self._asked = None


def height_of(label: QLabel, text: str, width: int) -> int:
    """The height that a label needs for a text at a width, in pixels."""
    flags = Qt.TextFlag.TextWordWrap
    return label.fontMetrics().boundingRect(0, 0, width, 10_000, flags, text).height()
