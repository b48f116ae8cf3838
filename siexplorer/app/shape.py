"""Shapes of people: a slider for each of the first modes of the shape model, with figures."""

import math
import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.links import tie
from siexplorer.app.loading import IMPORTING
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.shaping import (
    FIGURES,
    MODES,
    MOST_SD,
    can_be_shaped,
    ends_of,
    figures,
    made_shapes,
    shapes_of,
    within,
)
from siexplorer.packs.pack import PackError

STEPS_PER_SD = 10
WORDS_EVERY_S = 0.2
"""How often figures change while a slider is dragged (design)."""

REST_MS = 180
"""So long after the last change of shape, what was left out is worked out."""


class Worker(QObject):
    """Does one thing at a time in a thread; ``done`` brings what went wrong, or an empty text."""

    done = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.busy = False

    def start(self, task: Callable[[], object]) -> None:
        """Begin, unless something is under way."""
        if not self.busy:
            self.busy = True
            threading.Thread(target=self._run, args=(task,), name="shape", daemon=True).start()

    def _run(self, task: Callable[[], object]) -> None:
        fault = ""
        try:
            with IMPORTING:
                import siexplorer.packs.carried  # noqa: F401
            task()
        except (PackError, ValueError) as error:
            fault = str(error)
        except Exception as error:
            # A thread that dies in silence would leave the panel waiting for ever.
            fault = f"something went wrong that was not foreseen ({type(error).__name__}: {error})."
        self.busy = False
        try:
            self.done.emit(fault)
        except RuntimeError:
            # The window was closed meanwhile.
            return


class ShapePanel(QWidget):
    """Follows the exploration and speaks to it; a fast drag skips shapes instead of lagging."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.fault, self._told_at = "", 0.0
        self.worker = Worker(self)
        self.worker.done.connect(self._worked)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.come_to_rest)
        self._asked: tuple[int, float] | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._move)
        self.lead, self.sexes, self.note = QLabel(), QLabel(), QLabel()
        self.busy_words, self.busy = QLabel(), QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setMaximumHeight(6)
        self.names = [QLabel() for _ in range(MODES)]
        self.values = [QLabel() for _ in range(MODES)]
        self.ends = [(QLabel(), QLabel()) for _ in range(MODES)]
        self.sliders = [self._slider(mode) for mode in range(MODES)]
        self.figures = {name: (QLabel(), QLabel(), QLabel()) for name in FIGURES}
        self.reset = QPushButton()
        self.reset.clicked.connect(lambda: exploration.set_shape(()))
        self.beside, self.keep = QPushButton(), QPushButton()
        self.beside.clicked.connect(self._compare_with_mean)
        self.keep.clicked.connect(self._keep_beside)
        self._arrange()
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.fill)
        tie(self, exploration.settled, self.renew)
        self.fill()

    def _slider(self, mode: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        most = round(MOST_SD * STEPS_PER_SD)
        slider.setRange(-most, most)
        slider.setPageStep(STEPS_PER_SD // 2)
        slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        slider.setTickInterval(STEPS_PER_SD)
        slider.valueChanged.connect(lambda value: self._ask(mode, value / STEPS_PER_SD))
        # A drag is an undo step, and so is a run of keys.
        slider.sliderPressed.connect(self.exploration.pause_merging)
        slider.sliderReleased.connect(self._released)
        return slider

    def _arrange(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(6)
        for label in (self.lead, self.busy_words, self.sexes, self.note):
            label.setWordWrap(True)
        column.addWidget(self.lead)
        column.addWidget(self.busy_words)
        column.addWidget(self.busy)
        for mode, slider in enumerate(self.sliders):
            head = QHBoxLayout()
            self.names[mode].setBuddy(slider)
            self.names[mode].setWordWrap(True)
            head.addWidget(self.names[mode], 1)
            head.addWidget(self.values[mode], 0, Qt.AlignmentFlag.AlignBottom)
            foot = QHBoxLayout()
            for label, side in zip(self.ends[mode], ("AlignLeft", "AlignRight"), strict=True):
                label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
                label.setWordWrap(True)
                label.setAlignment(Qt.AlignmentFlag[side] | Qt.AlignmentFlag.AlignTop)
                foot.addWidget(label, 1)
            column.addLayout(head)
            column.addWidget(slider)
            column.addLayout(foot)
        column.addWidget(self.note)
        column.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignLeft)
        compared = QHBoxLayout()
        compared.addWidget(self.beside)
        compared.addWidget(self.keep)
        compared.addStretch(1)
        column.addLayout(compared)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        for row, (name, now, published) in enumerate(self.figures.values()):
            name.setWordWrap(True)
            published.setWordWrap(True)
            published.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            now.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(name, row, 0)
            grid.addWidget(now, row, 1)
            grid.addWidget(published, row, 2)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(2, 3)
        column.addLayout(grid)
        column.addWidget(self.sexes)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    # Words ----------------------------------------------------------------------------------------

    def fill(self) -> None:
        """All words, once the records are read."""
        say = self.exploration.known.say
        self.lead.setText(say("shape_lead"))
        self.sexes.setText(say("shape_sexes"))
        self.reset.setText(say("shape_reset"))
        self.reset.setToolTip(say("shape_reset_tip"))
        for button, key in ((self.beside, "shape_beside"), (self.keep, "shape_keep")):
            button.setText(say(key))
            button.setToolTip(say(f"{key}_tip"))
        for mode in range(MODES):
            self.names[mode].setText(f"<b>{say(f'shape_mode_{mode + 1}')}</b>")
            self.sliders[mode].setAccessibleName(say(f"shape_mode_{mode + 1}"))
        for name, (label, _, published) in self.figures.items():
            label.setText(say(f"shape_{name}"))
            published.setText(say(f"shape_{name}_published"))
        if self.isVisible():
            self._begin()
        self.renew()

    def showEvent(self, event: QShowEvent) -> None:
        """How the body goes along is worked out once someone wants to see it."""
        super().showEvent(event)
        self._begin()

    def _begin(self) -> None:
        pack = self.exploration.as_found
        if pack is not None and can_be_shaped(pack) and made_shapes(pack) is None:
            self.worker.start(lambda: shapes_of(pack))
        self.renew()

    def renew(self) -> None:
        """Every control in line with the state."""
        do, say = self.exploration, self.exploration.known.say
        shape = do.state.shape
        mean = do.as_found
        fits = can_be_shaped(mean)
        shapes = made_shapes(mean) if mean is not None and fits else None
        ready = shapes is not None
        if shapes is not None and not self.ends[0][0].text():
            self._tell_ends()
        waiting = fits and not self.fault and (not ready or do.rough or self.worker.busy)
        words = say("shape_working") if fits and not ready else say("shape_settling")
        self.busy_words.setText(words if waiting else self.fault or say("shape_rested"))
        if mean is not None and not fits:
            self.busy_words.setText(say("shape_other_pack"))
        # Kept in its place while it waits for nothing, so that no slider jumps under the pointer.
        self.busy.setRange(0, 0 if waiting else 1)
        for mode, slider in enumerate(self.sliders):
            value = shape[mode] if mode < len(shape) else 0.0
            slider.setEnabled(ready)
            if self._asked is None or self._asked[0] != mode:
                slider.blockSignals(True)
                slider.setValue(round(value * STEPS_PER_SD))
                slider.blockSignals(False)
            told = f"{value:+.1f} SD" if value else say("shape_mean")
            self.values[mode].setText(told)
            slider.setAccessibleDescription(told)
        self.reset.setEnabled(bool(shape))
        self.beside.setEnabled(bool(shape))
        self.keep.setEnabled(ready and not do.rough)
        if time.monotonic() - self._told_at > WORDS_EVERY_S or not do.rough:
            self._tell_figures()

    def _tell_ends(self) -> None:
        """What the ends of each slider measure, and how much of all differences it explains."""
        mean, say = self.exploration.as_found, self.exploration.known.say
        if mean is None:
            return
        shares = shapes_of(mean).model.variance_shares
        for mode, (low, high) in enumerate(ends_of(mean)):
            share = say("shape_share", percent=f"{100 * shares[mode]:.0f}")
            name = say(f"shape_mode_{mode + 1}")
            self.names[mode].setText(f"<b>{name}</b>, {share}")
            for label, values, end in zip(
                self.ends[mode], (low, high), ("low", "high"), strict=True
            ):
                told = {key: f"{value:.0f}" for key, value in values.items()}
                label.setText(say(f"shape_mode_{mode + 1}_{end}", **told))
            words = " / ".join(label.text() for label in self.ends[mode])
            self.sliders[mode].setToolTip(words)

    def _tell_figures(self) -> None:
        pack = self.exploration.pack
        if pack is None or not can_be_shaped(self.exploration.as_found) or not self.isVisible():
            return
        self._told_at = time.monotonic()
        found = figures(pack)
        for name, (label, now, published) in self.figures.items():
            unit = "°" if name.endswith("_deg") else " mm"
            value = found[name]
            now.setText("–" if math.isnan(value) else f"{value:.0f}{unit}")
            now.setAccessibleName(f"{label.text()} {now.text()}. {published.text()}")

    # Doing ----------------------------------------------------------------------------------------

    def _ask(self, mode: int, value: float) -> None:
        """Only the last of the shapes that are asked for before the next picture is made."""
        if self._asked is not None and self._asked[0] != mode:
            self._move()
        self._asked = mode, value
        self._soon.start()

    def _move(self) -> None:
        if self._asked is None:
            return
        mode, value = self._asked
        self._asked = None
        reached = within(self.exploration.state.shape, mode, value)
        got = reached[mode] if mode < len(reached) else 0.0
        held = abs(got - value) > 0.5 / STEPS_PER_SD
        self.note.setText(self.exploration.known.say("shape_limit") if held else "")
        if reached == self.exploration.state.shape:
            self.renew()
        else:
            self.exploration.set_shape(reached, merge=True)

    def _released(self) -> None:
        self._move()
        self.exploration.pause_merging()
        self._rest.stop()
        self.come_to_rest()

    def _compare_with_mean(self) -> None:
        mean = self.exploration.as_found
        if mean is not None:
            self.exploration.compare_with(mean)

    def _keep_beside(self) -> None:
        shape = self.exploration.pack
        if shape is not None:
            self.exploration.compare_with(shape)

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        shape = change.before.shape != change.after.shape
        if shape:
            self._rest.start()
        if shape and self.isVisible():
            self.renew()
        elif change.after.shape and change.before.mode != change.after.mode == "move":
            self._rest.start()

    def come_to_rest(self) -> None:
        """The shape stands still: what was left out is worked out now, in a thread."""
        do = self.exploration
        held = any(slider.isSliderDown() for slider in self.sliders)
        if do.rough:
            self.worker.start(do.settle)
        elif not held and do.state.shape and do.state.mode == "move" and self._needs_room():
            self.worker.start(lambda: do.make_movable(ready=True))
        self.renew()

    def _needs_room(self) -> bool:
        return self.exploration.pack is not None and not self.exploration.pack.si_room

    def _worked(self, fault: str) -> None:
        self.fault = fault[:1].upper() + fault[1:]
        self.exploration.settled.emit()
        if not fault:
            # What comes next waits until the picture is there.
            self._rest.start()
