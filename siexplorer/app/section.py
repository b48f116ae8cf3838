"""The cut, below the model: which plane, where it stands, which side is taken away."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.sections import (
    MOST_TILT_DEG,
    MOST_TURN_DEG,
    PLANES,
    reach_mm,
    words,
)

NAMES = {
    "sagittal": "Sagittal: left from right",
    "coronal": "Coronal: front from back",
    "axial": "Axial: upper from lower",
    "free": "Free: turned by two angles",
}


class SectionPanel(QWidget):
    """Moves the plane; a fast drag skips positions instead of lagging behind."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.plane = QComboBox()
        self.plane.setAccessibleName("Plane of the cut")
        for plane in PLANES:
            self.plane.addItem(NAMES[plane], plane)
        self.plane.activated.connect(lambda k: exploration.set_section(self.plane.itemData(k)))
        self.place = QSlider(Qt.Orientation.Horizontal)
        self.place.setAccessibleName("Position of the cut, mm")
        self.place.setSingleStep(1)
        self.place.setPageStep(10)
        self.place.valueChanged.connect(self._ask)
        self.place.sliderReleased.connect(exploration.pause_merging)
        self.turn = self._angle("Turn of the free plane, degrees", MOST_TURN_DEG)
        self.tilt = self._angle("Tilt of the free plane, degrees", MOST_TILT_DEG)
        self.turn.valueChanged.connect(lambda value: exploration.move_section(turn_deg=value))
        self.tilt.valueChanged.connect(lambda value: exploration.move_section(tilt_deg=value))
        self.where = QLabel()
        self.where.setAccessibleName("Where the cut lies")
        self.flip = QPushButton("Other side")
        self.flip.setToolTip("Take the other side away, and look from there (Shift+C)")
        self.flip.clicked.connect(exploration.flip_section)
        self.off = QPushButton("Whole again")
        self.off.setToolTip("End the cut (C)")
        self.off.clicked.connect(lambda: exploration.set_section(None))
        self._asked: int | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._move)
        self._arrange()
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.renew)
        self.renew()

    def _angle(self, name: str, most: float) -> QSpinBox:
        box = QSpinBox()
        box.setAccessibleName(name)
        box.setRange(-round(most), round(most))
        box.setSingleStep(5)
        box.setSuffix("°")
        return box

    def _arrange(self) -> None:
        self._angles = QWidget()
        angles = QHBoxLayout(self._angles)
        angles.setContentsMargins(0, 0, 0, 0)
        for text, box in (("Turn", self.turn), ("Tilt", self.tilt)):
            label = QLabel(text)
            label.setBuddy(box)
            angles.addWidget(label)
            angles.addWidget(box)
        top = QHBoxLayout()
        top.addWidget(self.plane)
        top.addWidget(self._angles)
        top.addStretch(1)
        top.addWidget(self.flip)
        top.addWidget(self.off)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 10)
        grid.addLayout(top, 0, 0)
        grid.addWidget(self.place, 1, 0)
        grid.addWidget(self.where, 2, 0)

    def _ask(self, value: int) -> None:
        """Only the last of the positions that arrive before the next picture is cut."""
        self._asked = value
        self._soon.start()

    def _move(self) -> None:
        if self._asked is not None:
            self.exploration.move_section(at_mm=float(self._asked))
            self._asked = None

    def _follow(self, change: Change) -> None:
        if change.before.section != change.after.section:
            self.renew()

    def renew(self) -> None:
        """Every control in line with the state."""
        section = self.exploration.state.section
        if section is None:
            self._asked = None
            return
        low, high = reach_mm(self.exploration.pack, section)
        boxes = (self.place, self.turn, self.tilt)
        for box in boxes:
            box.blockSignals(True)
        self.plane.setCurrentIndex(self.plane.findData(section.plane))
        self.place.setRange(round(low), round(high))
        if self._asked is None:
            self.place.setValue(round(section.at_mm))
        self.turn.setValue(round(section.turn_deg))
        self.tilt.setValue(round(section.tilt_deg))
        for box in boxes:
            box.blockSignals(False)
        self._angles.setVisible(section.plane == "free")
        said = words(self.exploration.known, section)
        self.where.setText(said)
        self.place.setAccessibleDescription(said)
