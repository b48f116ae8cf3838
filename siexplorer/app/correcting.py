"""Below the model while a landmark of one's own mesh is put right: how, how far, the way back."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Change, Exploration

MARGIN_PX = 12


class CorrectingPanel(QWidget):
    """Shown while a landmark is put right."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration, self.correcting = exploration, exploration.correcting
        self.name = QLabel()
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.name.setAccessibleName("The landmark that is corrected")
        self.how = QLabel()
        self.how.setWordWrap(True)
        self.moved = QLabel()
        self.moved.setWordWrap(True)
        self.moved.setAccessibleName("How far it was moved")
        self.done = QPushButton("Done")
        self.done.setToolTip("Keep it where it is now (Enter)")
        self.done.clicked.connect(self.correcting.finish)
        self.leave = QPushButton("Leave as it was")
        self.leave.setToolTip("Put it back to where it was when you began (Esc)")
        self.leave.clicked.connect(self.correcting.cancel)
        self.back = QPushButton("Back to where it was found")
        self.back.setToolTip("Put it where the program had found it (Shift+J)")
        self.back.clicked.connect(lambda: self.correcting.reset())
        top = QHBoxLayout()
        top.addWidget(self.name)
        top.addStretch(1)
        for button in (self.back, self.leave, self.done):
            button.setAutoDefault(False)
            top.addWidget(button)
        grid = QGridLayout(self)
        grid.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, 10)
        grid.addLayout(top, 0, 0)
        grid.addWidget(self.how, 1, 0)
        grid.addWidget(self.moved, 2, 0)
        self.hide()
        tie(self, self.correcting.changed, self.renew)
        tie(self, exploration.changed, self._follow)

    def _follow(self, change: Change) -> None:
        if change.before.corrections != change.after.corrections:
            self.renew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines that wrap need room for that."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        for label in (self.how, self.moved) if self.isVisible() else ():
            label.setMinimumHeight(label.heightForWidth(self.width() - 2 * MARGIN_PX))

    def renew(self) -> None:
        """In line with what is put right."""
        name, known = self.correcting.name, self.exploration.known
        self.setVisible(name is not None)
        if name is None:
            return
        self.name.setText(known.say("correct_caption", name=self.exploration.name_of(name)))
        self.how.setText(known.say("correct_how"))
        moved = self.correcting.moved_mm(name)
        self.back.setEnabled(moved is not None)
        if moved is None:
            self.moved.setText(known.say("correct_at_found"))
            return
        words = ("own_by_hand", "corrections_kept", "correct_follows_too")
        self.moved.setText(" ".join(known.say(key, mm=f"{moved:.1f}") for key in words))
        self._make_room()
