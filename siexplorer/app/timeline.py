"""The player below the model: which movement, how far along, how fast, how large, what is true."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QPalette, QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.records import Guide, Movement
from siexplorer.app.compare import MAGNIFIED, TEACHING, CompareButton
from siexplorer.app.figures import FiguresRow
from siexplorer.app.icons import icon
from siexplorer.app.lesson import LessonStrip, height_of
from siexplorer.app.links import tie
from siexplorer.app.player import STEP, Player
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.moving import Factor, moves_si
from siexplorer.geometry.motion import SIDES

STEPS = 200
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0)
LEAST_LIFT_SAID_MM = 0.05
LIVE_MS = 250
"""How often the numbers are renewed in playing: to be read, and to leave the time to the model."""

GROUPS = {
    "si-joint": "SI joint",
    "hip-and-pelvis": "Hip and pelvis",
    "standing-and-walking": "Standing and walking",
    "technique": "Techniques",
}
"""The headings of the list of movements, in their order."""


class TimelinePanel(QWidget):
    """Plays a movement, scrubs it, magnifies it and tells its lesson; true figures always beside.

    One row of controls, or two where it is narrow.
    """

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.player = Player(exploration, self)
        self.player.turned.connect(self._turned)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(LIVE_MS)
        self._soon.timeout.connect(self.renew)
        self.movement = movement_list()
        self.movement.activated.connect(self._choose)
        self._make_player()
        self._make_magnifier()
        self.compare = CompareButton(exploration)
        self.badge = QLabel(TEACHING)
        self.badge.setStyleSheet(
            "QLabel { border: 1px solid palette(text); border-radius: 4px;"
            " padding: 1px 7px; font-weight: 600 }"
        )
        self.figures = FiguresRow()
        self.lesson = LessonStrip(exploration, self.player)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setAccessibleName("What this movement is in truth, and what is drawn otherwise")
        self._wide: bool | None = None
        self._arrange()
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.fill)
        tie(self, exploration.settled, self.renew)
        self.fill()
        self.recolour()

    def _make_player(self) -> None:
        self.play = QToolButton()
        self.play.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.play.setToolTip("Play or pause (Space)")
        self.play.clicked.connect(self.toggle)
        self.back, self.on = QToolButton(), QToolButton()
        for button, by, words in (
            (self.back, -1, "One step back (Ctrl+Left)"),
            (self.on, 1, "One step on (Ctrl+Right)"),
        ):
            button.setToolTip(words)
            button.setAccessibleName(words.partition(" (")[0])
            button.setAutoRepeat(True)
            button.setAutoRaise(True)
            button.clicked.connect(lambda _checked=False, by=by: self.player.step(by))
        self.moment = QSlider(Qt.Orientation.Horizontal)
        self.moment.setRange(0, STEPS)
        self.moment.setSingleStep(round(STEPS * STEP))
        self.moment.setPageStep(STEPS // 10)
        self.moment.setMinimumWidth(90)
        self.moment.setAccessibleName("Moment of the movement")
        self.moment.sliderPressed.connect(self._new_run)
        self.moment.sliderReleased.connect(self.exploration.pause_merging)
        self.moment.valueChanged.connect(self._scrub)
        self.loop = QToolButton()
        self.loop.setCheckable(True)
        self.loop.setChecked(self.player.loop)
        self.loop.setAutoRaise(True)
        self.loop.setAccessibleName("Loop")
        self.loop.setToolTip("Play again and again (L)")
        self.loop.toggled.connect(self._set_loop)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Slower or faster (< and >)")
        for speed in SPEEDS:
            self.speed.addItem(f"Speed ×{speed:g}", speed)
        self.speed.setCurrentIndex(SPEEDS.index(self.player.speed))
        self.speed.currentIndexChanged.connect(self._set_speed)

    def _make_magnifier(self) -> None:
        self.factor = QSlider(Qt.Orientation.Horizontal)
        self.factor.setRange(2, 20)
        self.factor.setPageStep(2)
        self.factor.setFixedWidth(96)
        self.factor.setAccessibleName("Magnification")
        self.factor.sliderPressed.connect(self.exploration.pause_merging)
        self.factor.sliderReleased.connect(self.exploration.pause_merging)
        self.factor.valueChanged.connect(self._magnify)
        self.factor_label = QLabel()
        self.factor_label.setMinimumWidth(self.fontMetrics().horizontalAdvance("×10.5"))
        self.true_scale = QPushButton("True scale")
        self.true_scale.setAccessibleName("True scale, no magnification")
        self.true_scale.setToolTip("Show the movement at its true size (T)")
        self.true_scale.clicked.connect(self.show_true_scale)

    def _arrange(self) -> None:
        self._what, self._run, self._size = QWidget(), QWidget(), QWidget()
        self._magnified = QLabel("Magnified")
        self._magnified.setBuddy(self.factor)
        for group, widgets in (
            (self._what, (self.movement,)),
            (self._run, (self.play, self.back, self.moment, self.on, self.loop, self.speed)),
            (
                self._size,
                (self._magnified, self.factor, self.factor_label, self.true_scale, self.compare),
            ),
        ):
            row = QHBoxLayout(group)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(5)
            for widget in widgets:
                row.addWidget(widget, 1 if widget in (self.movement, self.moment) else 0)
        self._controls = QGridLayout()
        self._controls.setHorizontalSpacing(14)
        self._controls.setVerticalSpacing(4)
        truth = QHBoxLayout()
        truth.setSpacing(14)
        truth.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignTop)
        truth.addWidget(self.figures, 1)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 12, 7)
        column.setSpacing(6)
        column.addLayout(self._controls)
        column.addWidget(self.lesson)
        column.addLayout(truth)
        column.addWidget(self.label)
        self._place(wide=True)

    def _place(self, *, wide: bool) -> None:
        """Controls in one row, or where there is no room for it, in two."""
        if wide == self._wide:
            return
        self._wide = wide
        for group in (self._what, self._run, self._size):
            self._controls.removeWidget(group)
        if wide:
            for column, group in enumerate((self._what, self._run, self._size)):
                self._controls.addWidget(group, 0, column)
        else:
            self._controls.addWidget(self._what, 0, 0)
            self._controls.addWidget(self._size, 0, 1)
            self._controls.addWidget(self._run, 1, 0, 1, 2)
        for column, stretch in enumerate((2, 4, 0) if wide else (1, 0, 0)):
            self._controls.setColumnStretch(column, stretch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need other rows."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the longest texts of this movement need, so that nothing jumps in playing."""
        groups = (self._what, self._run, self._size)
        one_row = sum(group.minimumSizeHint().width() for group in groups) + 28
        room = self.width() - 24
        self._place(wide=room >= one_row + 80)
        self.setMinimumWidth(
            24
            + 14
            + max(
                groups[0].minimumSizeHint().width() + groups[2].minimumSizeHint().width(),
                groups[1].minimumSizeHint().width(),
            )
        )
        self.lesson.reserve(room)
        movement = self._movement()
        if movement is not None:
            longest = self._sentences(movement, clamped=Factor(10.0, 8.88, 8.88), lift_mm=8.8)
            self.label.setFixedHeight(height_of(self.label, longest, room))
        # Hidden or not, a badge of another movement says nothing about this one's room.
        badge = self.badge.sizeHint().width() + 14 if movement and movement.teaching_model else 0
        self.figures.flow(room - badge)
        self._column.activate()
        self.setFixedHeight(self._column.sizeHint().height())

    def fill(self) -> None:
        """List the movements that are known, each below the heading of its group."""
        fill_movements(self.movement, self.exploration)
        self._show_movement()
        self.renew()

    def recolour(self) -> None:
        """Icons in the palette's colour; the button says what it would do."""
        colour = self.palette().color(QPalette.ColorRole.ButtonText)
        playing = self.playing
        for text in ("Pause", "Play"):
            self.play.setText(text)
            self.play.setMinimumWidth(max(self.play.minimumWidth(), self.play.sizeHint().width()))
        self.play.setIcon(icon("pause" if playing else "play", colour))
        self.play.setText("Pause" if playing else "Play")
        self.play.setAccessibleName("Pause the movement" if playing else "Play the movement")
        self.back.setIcon(icon("step-back", colour))
        self.on.setIcon(icon("step-on", colour))
        self.loop.setIcon(icon("loop", colour))
        self.compare.setIcon(icon("compare", colour))
        self.lesson.recolour(colour)

    def _turned(self) -> None:
        """It plays now, or stands."""
        self.recolour()
        self.renew()

    @property
    def playing(self) -> bool:
        """Whether the movement runs by itself."""
        return self.player.playing

    def toggle(self) -> None:
        """Play or pause."""
        self.player.toggle()

    def stop(self) -> None:
        """Stand still at this moment."""
        self.player.stop()

    def step(self, by: int) -> None:
        """One step on or back."""
        self.player.step(by)

    def show_true_scale(self) -> None:
        """No magnification."""
        if self._movement() is not None:
            self.exploration.set_magnification(1.0)

    def compare_nearest(self) -> None:
        """Compare with the first thing that belongs to the movement."""
        for _, name, factor in self.compare.choices()[:1]:
            self.exploration.compare(name, factor)

    def compare_true_size(self) -> None:
        """The movement beside itself: magnified, and at its true size."""
        state = self.exploration.state
        if state.movement is not None:
            factor = 1.0 if state.magnification > 1.0 else MAGNIFIED
            self.exploration.compare(state.movement, factor)

    def faster(self, by: int) -> None:
        """One speed up or down."""
        at = self.speed.currentIndex() + by
        self.speed.setCurrentIndex(min(len(SPEEDS) - 1, max(0, at)))

    def _set_loop(self, on: bool) -> None:
        self.player.loop = on

    def _set_speed(self, index: int) -> None:
        self.player.speed = SPEEDS[index]

    def _choose(self, index: int) -> None:
        name = self.movement.itemData(index)
        if name and name != self.exploration.state.movement:
            self.exploration.set_movement(name)

    def _new_run(self) -> None:
        self.stop()
        self.exploration.pause_merging()

    def _scrub(self, value: int) -> None:
        self.stop()
        self.exploration.set_moment(value / STEPS)

    def _magnify(self, value: int) -> None:
        self.exploration.set_magnification(value / 2)

    def _movement(self) -> Movement | None:
        return self.exploration.known.movements.get(self.exploration.state.movement or "")

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        if (before.movement, before.voice) != (after.movement, after.voice):
            self._show_movement()
        watched = ("movement", "magnification", "mode", "voice", "shape")
        if any(getattr(before, key) != getattr(after, key) for key in watched):
            self.renew()
        elif before.at != after.at:
            if not self.playing:
                self.renew()
            elif not self._soon.isActive():
                self._soon.start()

    def _show_movement(self) -> None:
        """What stays the same while a movement plays."""
        movement, known = self._movement(), self.exploration.known
        self.lesson.renew()
        if movement is None:
            return
        self.movement.setCurrentIndex(self.movement.findData(movement.id))
        self.movement.setToolTip(self.movement.currentText())
        self.badge.setVisible(movement.teaching_model)
        self.badge.setToolTip(known.say("teaching_model"))
        moves = any(moves_si(movement, side) for side in SIDES)
        for widget in (self.factor, self.factor_label, self._magnified, self.true_scale):
            widget.setEnabled(moves)
        self.factor.setToolTip(
            "How many times larger than life the SI motion is drawn"
            if moves
            else known.say("no_si_motion")
        )
        self.figures.show_figures(movement)
        self._fit()

    def renew(self) -> None:
        """Bring every control and figure in line with the state."""
        self._soon.stop()
        state = self.exploration.state
        for slider, value in (
            (self.moment, round(state.at * STEPS)),
            (self.factor, round(state.magnification * 2)),
        ):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self.factor_label.setText(f"×{state.magnification:g}")
        self.factor.setAccessibleDescription(f"{state.magnification:g} times")
        self.moment.setAccessibleDescription(f"{100 * state.at:.0f} percent")
        self.lesson.renew()
        pose = self.exploration.pose()
        if pose is None:
            return
        self.figures.renew(pose)
        movement = self._movement()
        if movement is not None:
            factor = pose.factor if pose.factor.clamped else None
            lift_mm = max(pose.si[side].lift_mm for side in SIDES)
            self.label.setText(self._sentences(movement, clamped=factor, lift_mm=lift_mm))

    def _sentences(self, movement: Movement, *, clamped: Factor | None, lift_mm: float) -> str:
        """What the movement is in truth, and what is drawn otherwise than it is."""
        say, said = self.exploration.known.say, [movement.label.text]
        if any(moves_si(movement, side) for side in SIDES):
            if clamped is not None:
                words = {"factor": f"{clamped.used:.3g}", "asked": f"{clamped.asked:g}"}
                said.append(say("clamped", **words))
            if lift_mm > LEAST_LIFT_SAID_MM:
                said.append(say("lifted_hip_bone", lift_mm=f"{lift_mm:.1f}"))
        return " ".join(said)


# The list of movements ----------------------------------------------------------------------------


class GroupedDelegate(QStyledItemDelegate):
    """Movements stand in a little from the heading of their group."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Indent what is below a heading."""
        super().initStyleOption(option, index)
        if index.data(Qt.ItemDataRole.UserRole):
            option.text = f"    {option.text}"
        else:
            # A heading cannot be chosen, and is to be read all the same.
            option.state |= QStyle.StateFlag.State_Enabled


def movement_list() -> QComboBox:
    """An empty box for the movements. A long name must not widen the window; the list shows it."""
    box = QComboBox()
    box.setAccessibleName("Movement")
    box.setMinimumContentsLength(16)
    box.setMaxVisibleItems(24)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setItemDelegate(GroupedDelegate(box))
    return box


def fill_movements(box: QComboBox, exploration: Exploration) -> None:
    """Every movement below the heading of its group; headings cannot be chosen."""
    known = exploration.known.movements.values()
    fill_groups(
        box,
        {words: [m for m in known if m.group == group] for group, words in GROUPS.items()},
    )


def fill_groups(box: QComboBox, groups: Mapping[str, Sequence[Movement | Guide]]) -> None:
    """Things below the headings of their groups; headings cannot be chosen."""
    model = QStandardItemModel(box)
    for heading, members in groups.items():
        if not members:
            continue
        head = QStandardItem(heading)
        font = head.font()
        font.setBold(True)
        head.setFont(font)
        head.setFlags(Qt.ItemFlag.NoItemFlags)
        head.setData(f"{heading}, group", Qt.ItemDataRole.AccessibleTextRole)
        model.appendRow(head)
        for movement in members:
            name = movement.lay_name[:1].upper() + movement.lay_name[1:]
            row = QStandardItem(name)
            row.setData(movement.id, Qt.ItemDataRole.UserRole)
            row.setData(f"{name}, {heading}", Qt.ItemDataRole.AccessibleTextRole)
            row.setToolTip(movement.name)
            model.appendRow(row)
    box.setModel(model)
    width = box.view().sizeHintForColumn(0) + 40
    box.view().setMinimumWidth(min(width, 640))
