"""The legend of the ball map below the model, and the reason for the place under the pointer."""

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.scene.theme import ZONE_COLOURS, ZONE_HATCHES
from siexplorer.scene.zones import hatching

WORDS = {"clear": "Clear by the rules", "caution": "With caution", "avoid": "Not here"}
SWATCH = QSize(44, 24)


class BallPanel(QWidget):
    """Says what the colours and hatchings mean and why a place is what it is."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reason.setMinimumHeight(2 * self.reason.fontMetrics().lineSpacing())
        self.reason.setAccessibleName("Reason for the place under the pointer")
        self.whole = QPushButton("Read about the whole map")
        self.whole.clicked.connect(lambda: self.exploration.read_zone(None))
        self.caveat = QLabel()
        self.caveat.setWordWrap(True)
        self.caveat.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        top = QHBoxLayout()
        for state, word in WORDS.items():
            swatch = QLabel()
            swatch.setPixmap(swatch_pixmap(state))
            swatch.setAccessibleName(f"{word}: {ZONE_HATCHES[state]}")
            top.addWidget(swatch)
            top.addWidget(QLabel(word))
            top.addSpacing(16)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.addLayout(top)
        layout.addWidget(self.reason)
        bottom = QHBoxLayout()
        bottom.addWidget(self.caveat, 1)
        bottom.addWidget(self.whole)
        layout.addLayout(bottom)
        exploration.changed.connect(self._follow)
        exploration.loaded.connect(self.renew)
        self.renew()

    def _follow(self, change: Change) -> None:
        if change.before.zone != change.after.zone or change.before.mode != change.after.mode:
            self.renew()

    def renew(self) -> None:
        """The reason of the rule being read, and the caveat that always stands."""
        known = self.exploration.known
        self.caveat.setText(known.never_safe.text if known.never_safe else "")
        self.show_reason(None)

    def show_reason(self, zone: str | None) -> None:
        """The reason for a place, or for the rule being read where the pointer is off the map."""
        known = self.exploration.known
        rule = known.zones.get(zone or self.exploration.state.zone or "")
        if rule is None:
            self.reason.setText(known.say("ball_hint"))
        else:
            self.reason.setText(f"<b>{WORDS[rule.state]}: {rule.lay_name}.</b> {rule.reason.text}")


def swatch_pixmap(state: str) -> QPixmap:
    """A small patch with the colour and hatching of a state, as on the map."""
    width, height = SWATCH.width(), SWATCH.height()
    rows, columns = np.indices((height, width))
    colour = QColor(ZONE_COLOURS[state])
    image = QImage(SWATCH, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    ink = hatching(ZONE_HATCHES[state], rows * 2, columns * 2)
    for row in range(height):
        for column in range(width):
            edge = row in (0, height - 1) or column in (0, width - 1)
            colour.setAlpha(255 if edge or ink[row, column] else 110)
            image.setPixelColor(column, row, colour)
    return QPixmap.fromImage(image)
