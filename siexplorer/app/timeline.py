"""The timeline below the model: which movement, how far along, how much magnified, what is true."""

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from siexplorer.app.icons import icon
from siexplorer.exploration.exploration import Change, Exploration

STEPS = 200
PAUSE_AT_END_S = 0.6


class TimelinePanel(QWidget):
    """Plays a movement there and back, scrubs it, magnifies it; the true figures always beside."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.movement = QComboBox()
        self.movement.setAccessibleName("Movement")
        self.movement.activated.connect(self._choose)
        # A long name must not widen the window; the list itself shows it whole.
        self.movement.setMinimumContentsLength(16)
        self.movement.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.play = QToolButton()
        self.play.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.play.clicked.connect(self.toggle)
        self.moment = QSlider(Qt.Orientation.Horizontal)
        self.moment.setRange(0, STEPS)
        self.moment.setPageStep(STEPS // 10)
        self.moment.setAccessibleName("Moment of the movement")
        self.moment.valueChanged.connect(self._scrub)
        self.factor = QSlider(Qt.Orientation.Horizontal)
        self.factor.setRange(2, 20)
        self.factor.setFixedWidth(130)
        self.factor.setPageStep(2)
        self.factor.setAccessibleName("Magnification")
        self.factor.valueChanged.connect(self._magnify)
        self.factor_label = QLabel()
        self.factor_label.setMinimumWidth(34)
        self.true_scale = QPushButton("1:1")
        self.true_scale.setMaximumWidth(56)
        self.true_scale.setAccessibleName("True scale, no magnification")
        self.true_scale.setToolTip("Show the movement at its true size")
        self.true_scale.clicked.connect(lambda: self.exploration.set_magnification(1.0))
        self.figures = QLabel()
        self.figures.setAccessibleName("True figures of the movement")
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        # Room for the longest text, so that nothing below a playing movement jumps.
        self.words.setMinimumHeight(3 * self.words.fontMetrics().lineSpacing())
        self.words.setAccessibleName("What happens now")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._arrange()
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._tick)
        self._since, self._from = 0.0, 0.0
        exploration.changed.connect(self._follow)
        exploration.loaded.connect(self.fill)
        self.fill()
        self.recolour()

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 10)
        grid.setHorizontalSpacing(10)
        top = QHBoxLayout()
        top.addWidget(self.movement, 1)
        top.addSpacing(14)
        top.addWidget(QLabel("Magnified"))
        top.addWidget(self.factor)
        top.addWidget(self.factor_label)
        top.addWidget(self.true_scale)
        run = QHBoxLayout()
        run.addWidget(self.play)
        run.addWidget(self.moment, 1)
        grid.addLayout(top, 0, 0)
        grid.addLayout(run, 1, 0)
        grid.addWidget(self.figures, 2, 0)
        grid.addWidget(self.words, 3, 0)
        grid.addWidget(self.label, 4, 0)

    def fill(self) -> None:
        """List the movements that are known."""
        self.movement.clear()
        for name, movement in self.exploration.known.movements.items():
            text = movement.lay_name[:1].upper() + movement.lay_name[1:]
            self.movement.addItem(text, name)
        self.renew()

    def recolour(self) -> None:
        """Icons in the palette's colour."""
        colour: QColor = self.palette().color(QPalette.ColorRole.ButtonText)
        playing = self.playing
        self.play.setIcon(icon("pause" if playing else "play", colour))
        self.play.setText("Pause" if playing else "Play")
        self.play.setAccessibleName("Pause the movement" if playing else "Play the movement")

    @property
    def playing(self) -> bool:
        """Whether the movement runs by itself."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.stop()
            return
        self.exploration.pause_merging()
        self._since, self._from = time.monotonic(), self.exploration.state.at
        self._timer.start()
        self.recolour()

    def stop(self) -> None:
        """Stand still at this moment."""
        self._timer.stop()
        self.exploration.pause_merging()
        self.recolour()

    def _tick(self) -> None:
        movement = self.exploration.known.movements.get(self.exploration.state.movement or "")
        if movement is None:
            self.stop()
            return
        run = movement.duration_s
        there_and_back = 2 * (run + PAUSE_AT_END_S)
        elapsed = (self._from * run + time.monotonic() - self._since) % there_and_back
        if elapsed > run + PAUSE_AT_END_S:
            at = 1.0 - (elapsed - run - PAUSE_AT_END_S) / run
        else:
            at = elapsed / run
        self.exploration.set_moment(at)

    def _choose(self, index: int) -> None:
        self.exploration.set_movement(self.movement.itemData(index))

    def _scrub(self, value: int) -> None:
        if self.playing:
            self.stop()
        self.exploration.set_moment(value / STEPS)

    def _magnify(self, value: int) -> None:
        self.exploration.set_magnification(value / 2)

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        if after.movement is None and self.playing:
            self.stop()
        watched = ("movement", "at", "magnification", "mode")
        if any(getattr(before, key) != getattr(after, key) for key in watched):
            self.renew()

    def renew(self) -> None:
        """Bring every control and figure in line with the state."""
        state = self.exploration.state
        for slider, value in (
            (self.moment, round(state.at * STEPS)),
            (self.factor, round(state.magnification * 2)),
        ):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self.factor_label.setText(f"×{state.magnification:g}")
        index = self.movement.findData(state.movement)
        if index >= 0:
            self.movement.setCurrentIndex(index)
        pose = self.exploration.pose()
        if pose is None or state.movement is None:
            return
        movement = self.exploration.known.movements[state.movement]
        shifts = ", ".join(
            f"{name.split('-')[1].upper()} {value:.1f} mm" for name, value in pose.true_mm.items()
        )
        shown = f"drawn {abs(pose.shown.shown_deg):.1f}° (×{pose.shown.factor:.3g})"
        self.figures.setText(
            f"<b>True: {pose.shown.true_deg:.1f}°</b>, joint shift {pose.glide_mm:.1f} mm, "
            f"{shifts} &nbsp;·&nbsp; {shown}"
        )
        clamp = ""
        if pose.shown.clamped:
            clamp = " " + self.exploration.known.say(
                "clamped",
                factor=f"{pose.shown.factor:.3g}",
                asked=f"{state.magnification:g}",
            )
        self.words.setText(pose.claim.text + clamp)
        self.label.setText(movement.label.text)
