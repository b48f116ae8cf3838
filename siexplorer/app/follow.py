"""Below the model while a technique is followed: choose it, start it, and be led through it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from math import cos, pi, sin
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.records import Care, Description, Technique
from siexplorer.app.ball import MapMaker
from siexplorer.app.gate import pass_gate
from siexplorer.app.links import tie
from siexplorer.app.timeline import fill_groups, movement_list
from siexplorer.exploration.card import BASIS_TAGS
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.guide import GROUP_WORDS, duration_words, feel_words, hold_words
from siexplorer.exploration.session import Moment, Session, hold_range, planned
from siexplorer.packs.pack import PackError
from siexplorer.scene.theme import DARK, LIGHT

if TYPE_CHECKING:
    from siexplorer.packs.figures import Figure

TICK_MS = 50
PICTURE = QSize(300, 226)
STOP_RED = "#c8102e"
GROUPS = ("self", "partner", "therapist", "aftercare")


class TimerRing(QWidget):
    """Time left in a slot as a ring, with each source's range marked, and the breath within it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.moment: Moment | None = None
        self.technique: Technique | None = None
        self.setAccessibleName("Time left, and the pace of the breath")
        self.setMinimumSize(150, 150)

    def sizeHint(self) -> QSize:
        """About as high as the panel."""
        return QSize(190, 190)

    def show_moment(self, moment: Moment, technique: Technique) -> None:
        """Draw how a session stands."""
        self.moment, self.technique = moment, technique
        self.setAccessibleDescription(words_of_time(moment))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A ring that empties, marks where each source's hold begins and ends, a breathing disc."""
        if self.moment is None or self.technique is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height()) - 36.0
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        pale = QColor(ink)
        pale.setAlpha(50)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        pen = painter.pen()
        pen.setWidthF(max(8.0, side / 16))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setColor(pale)
        painter.setPen(pen)
        painter.drawEllipse(box)
        moment = self.moment
        timed = moment.slot.seconds > 0.0
        if timed:
            pen.setColor(accent)
            painter.setPen(pen)
            left = moment.left_s / moment.slot.seconds
            painter.drawArc(box, 90 * 16, round(360 * 16 * left))
        if moment.slot.kind == "hold" and timed:
            self._marks(painter, box, ink, moment.slot.seconds)
        size = side * (0.28 + 0.26 * breath_size(moment))
        disc = QColor(accent)
        disc.setAlpha(70)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(disc)
        painter.drawEllipse(box.center(), size / 2, size / 2)
        painter.setPen(ink)
        font = QFont(painter.font())
        font.setPixelSize(max(13, round(side / 5.5)))
        font.setBold(True)
        painter.setFont(font)
        middle = f"{moment.left_s + 0.99:.0f}" if timed else ""
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), middle)
        font.setPixelSize(max(11, round(side / 13)))
        font.setBold(False)
        painter.setFont(font)
        lower = QRectF(box.left(), box.center().y() + side * 0.14, side, side * 0.2)
        painter.drawText(lower, int(Qt.AlignmentFlag.AlignCenter), f"breathe {moment.breath}")
        painter.end()

    def _marks(self, painter: QPainter, box: QRectF, ink: QColor, seconds: float) -> None:
        """Where the sources' ranges begin and end, with the short name of each source."""
        assert self.technique is not None
        painter.setPen(ink)
        font = QFont(painter.font())
        font.setPixelSize(11)
        painter.setFont(font)
        marks: dict[float, list[str]] = {}
        for hold in self.technique.holds:
            for value in {hold.seconds_from, hold.seconds_to}:
                if hold.counts and value is not None and value <= seconds:
                    marks.setdefault(value, []).append(hold.whose)
        radius = box.width() / 2
        for value, whose in marks.items():
            # The ring empties against the clock's hand: so much is gone, so much is left.
            angle = 2.0 * pi * (1.0 - value / seconds)
            way = QPointF(-sin(angle), -cos(angle))
            painter.drawLine(box.center() + way * (radius - 9), box.center() + way * (radius + 9))
            at = box.center() + way * (radius + 15)
            painter.drawText(
                QRectF(at.x() - 22, at.y() - 8, 44, 16),
                int(Qt.AlignmentFlag.AlignCenter),
                "/".join(whose),
            )


def breath_size(moment: Moment) -> float:
    """How full the breath is, 0 to 1."""
    return moment.breath_share if moment.breath == "in" else 1.0 - moment.breath_share


def words_of_time(moment: Moment) -> str:
    """The time left in words."""
    if moment.slot.seconds <= 0.0:
        return "No time: go on when you are ready"
    return f"{moment.left_s + 0.99:.0f} seconds left"


class SessionView(QWidget):
    """One session as it runs: large words, a ring, STOP always there."""

    closed = Signal()
    placed = Signal(int)

    def __init__(
        self,
        exploration: Exploration,
        session: Session,
        technique: Technique,
        parent: QWidget | None = None,
        *,
        large: bool = False,
    ) -> None:
        super().__init__(parent)
        self.exploration, self.session, self.technique = exploration, session, technique
        known = exploration.known
        gate = known.gate
        self.ring = TimerRing()
        self.count, self.title, self.says = QLabel(), QLabel(), QLabel()
        for label, share, bold in ((self.count, 1.0, False), (self.title, 1.9, True),
                                   (self.says, 1.35, False)):  # fmt: skip
            font = label.font()
            font.setPointSizeF(font.pointSizeF() * share * (2.1 if large else 1.0))
            font.setBold(bold)
            label.setFont(font)
            label.setWordWrap(True)
        self.title.setAccessibleName("Step")
        self.says.setAccessibleName("What to do")
        self.says.setAlignment(Qt.AlignmentFlag.AlignTop)
        feels = ", ".join(gate.stop_feels) if gate else ""
        self.stop = QPushButton(f"{gate.stop_button if gate else 'STOP'}\n{feels}")
        self.stop.setAccessibleName(f"Stop: {feels}")
        self.stop.setToolTip("End the session at once (Space)")
        self.stop.setMinimumSize(QSize(190, 74))
        self.stop.setStyleSheet(
            f"QPushButton {{ background: {STOP_RED}; color: white; font-weight: 700;"
            f" font-size: {26 if large else 17}px; border-radius: 8px; padding: 8px }}"
        )
        self.stop.clicked.connect(self.halt)
        self.back, self.hold, self.on = QPushButton("Back"), QPushButton(), QPushButton("Next")
        self.back.clicked.connect(lambda: session.go(-1))
        self.on.clicked.connect(lambda: session.go(1))
        self.hold.clicked.connect(self.toggle)
        self.full = QPushButton("Full screen")
        self.full.setVisible(not large)
        self.full.clicked.connect(self.show_full)
        self.end = QPushButton("Close")
        self.end.clicked.connect(self.closed)
        self._is_large = large
        self._arrange(large=large)
        self._large: QDialog | None = None
        halt = QShortcut(QKeySequence(Qt.Key.Key_Space), self)
        halt.activated.connect(self.halt)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.renew)
        self._timer.start()
        self._place: int | None = None
        self.renew()

    def _arrange(self, *, large: bool) -> None:
        words = QVBoxLayout()
        words.addWidget(self.count)
        words.addWidget(self.title)
        words.addWidget(self.says, 1)
        steps = QHBoxLayout()
        for button in (self.back, self.hold, self.on, self.full, self.end):
            button.setAutoDefault(False)
            steps.addWidget(button)
        steps.addStretch(1)
        words.addLayout(steps)
        right = QVBoxLayout()
        right.addWidget(self.stop, 1 if large else 0)
        right.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 8)
        if large:
            self.ring.setMinimumSize(QSize(460, 460))
        layout.addWidget(self.ring)
        layout.addLayout(words, 2 if large else 1)
        layout.addLayout(right)

    def toggle(self) -> None:
        """Pause, or go on."""
        if self.session.phase == "paused":
            self.session.resume()
        else:
            self.session.pause()
        self.renew()

    def halt(self) -> None:
        """STOP: end at once, and say what to do now."""
        self.session.stop()
        self.renew()

    def show_full(self) -> None:
        """The same session over the whole screen, to be read from across a room."""
        if self._large is not None:
            return
        dialog = QDialog(self.window())
        dialog.setWindowTitle(self.technique.lay_name)
        view = SessionView(self.exploration, self.session, self.technique, dialog, large=True)
        view.closed.connect(dialog.reject)
        column = QVBoxLayout(dialog)
        column.addWidget(view)
        self._large = dialog
        # Where no window manager makes it so large, it is asked for in so many words.
        dialog.setGeometry(self.screen().geometry())
        dialog.finished.connect(self._left_full)
        dialog.showFullScreen()

    def _left_full(self) -> None:
        dialog, self._large = self._large, None
        if dialog is not None:
            dialog.deleteLater()

    def renew(self) -> None:
        """Everything in line with the session."""
        moment, state = self.session.tick(), self.exploration.state
        self.ring.show_moment(moment, self.technique)
        over = moment.phase in ("stopped", "done")
        for button in (self.back, self.hold, self.on, self.stop):
            button.setVisible(not over)
        self.ring.setVisible(not over)
        self.full.setVisible(not over and not self._is_large)
        self.hold.setText("Go on" if moment.phase == "paused" else "Pause")
        if over:
            self._tell_end(moment)
            self._timer.stop()
            return
        slot = moment.slot
        rounds = f", round {slot.round} of {self.technique.rounds}" if slot.kind != "step" else ""
        self.count.setText(f"Step {moment.number + 1} of {moment.of}{rounds}: "
                           f"{self.technique.lay_name}")  # fmt: skip
        self.title.setText(slot.title)
        self.says.setText(slot.says.wording(state.voice))
        if slot.place != self._place:
            self._place = slot.place
            self.placed.emit(slot.place)
        self.back.setEnabled(moment.number > 0)

    def _tell_end(self, moment: Moment) -> None:
        known = self.exploration.known
        if moment.phase == "stopped" and known.gate is not None:
            self.count.setText("")
            self.title.setText(known.gate.stop_heading)
            told = [f"• {one.text} {BASIS_TAGS[one.basis]}" for one in known.gate.after_stop]
            self.says.setText("\n".join(told))
            return
        self.count.setText(self.technique.lay_name)
        self.title.setText(known.say("session_done"))
        cares = known.of_kind(Care)
        after = known.session.after if known.session is not None else []
        lines = [
            cares[name].description.wording(self.exploration.state.voice)
            for name in after
            if name in cares
        ]
        self.says.setText("\n".join(f"• {line}" for line in lines))

    def finish(self) -> None:
        """Stop asking for the time."""
        self._timer.stop()
        if self._large is not None:
            self._large.reject()


class FollowPanel(QWidget):
    """Chooses a technique and its side, shows it on the model, and leads through it."""

    ready = Signal()

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.skips_gate = False
        self.session: Session | None = None
        self.view: SessionView | None = None
        self.clock: Callable[[], float] = time.monotonic
        self._fault = ""
        self.maker = MapMaker(exploration, self)
        self.maker.done.connect(self._made)
        self.technique = movement_list()
        self.technique.setAccessibleName("Technique")
        self.technique.activated.connect(self._choose)
        self.side = QComboBox()
        self.side.setAccessibleName("Side")
        for side in ("left", "right"):
            self.side.addItem(f"{side.capitalize()} side", side)
        self.side.activated.connect(self._choose)
        self.tool = QComboBox()
        self.tool.setAccessibleName("Tool")
        self.tool.activated.connect(self._choose_tool)
        self.seconds = QSlider(Qt.Orientation.Horizontal)
        self.seconds.setAccessibleName("How long to hold, in seconds")
        self.seconds.valueChanged.connect(self._tell)
        self.start = QPushButton("Start the session…")
        self.start.setToolTip("Safety questions first, then step by step")
        self.start.clicked.connect(self.begin)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.summary.setAccessibleName("What this technique takes")
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setMaximumWidth(160)
        self.busy.setAccessibleName("Working out where the tool lies")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._chooser())
        self.picture = QLabel()
        self.picture.setFixedSize(PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self._figures: dict[str, Figure] | None = None
        self._pictured: object = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._draw_figure)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.picture)
        self.setFixedHeight(236)
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.fill)
        tie(self, exploration.settled, self.renew)
        self.fill()

    def _chooser(self) -> QWidget:
        page, left = QWidget(), QWidget()
        left.setFixedWidth(360)
        form = QFormLayout(left)
        form.setContentsMargins(0, 0, 0, 0)
        for words, box in (("&Technique", self.technique), ("&Side", self.side),
                           ("T&ool", self.tool), ("&Hold", self.seconds)):  # fmt: skip
            label = QLabel(words)
            label.setBuddy(box)
            form.addRow(label, box)
        form.addRow(self.start)
        right = QVBoxLayout()
        right.addWidget(self.summary, 1)
        right.addWidget(self.busy)
        row = QHBoxLayout(page)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(18)
        row.addWidget(left)
        row.addLayout(right, 1)
        return page

    def fill(self) -> None:
        """The techniques of the records, once for both sides."""
        techniques = self.exploration.known.of_kind(Technique).values()
        fill_groups(
            self.technique,
            {
                GROUP_WORDS[group]: [
                    one for one in techniques if one.group == group and one.side != "right"
                ]
                for group in GROUPS
            },
        )
        for row in range(self.technique.count()):
            words = self.technique.itemText(row).replace(" left ", " ")
            self.technique.setItemText(row, words)
        self.renew()

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        watched = ("mode", "guide", "tool", "position", "skin", "voice", "ball", "shape")
        if any(getattr(change.before, key) != getattr(change.after, key) for key in watched):
            left = change.before.guide != change.after.guide or change.after.mode != "follow"
            if left and self.session is not None:
                self.end()
            if replace(change.before, ball=change.after.ball) == change.after:
                self._soon.start()
            else:
                self.renew()

    def renew(self) -> None:
        """Every control in line with the state; the tool is laid down once the map is there."""
        do, one = self.exploration, self.exploration.technique()
        if one is None or do.pack is None:
            return
        bare = one.id.removeprefix("right-")
        twin = f"left-{bare}" if one.side == "right" else one.id
        self.technique.setCurrentIndex(self.technique.findData(twin))
        self.side.setEnabled(one.side != "midline")
        if one.side != "midline":
            self.side.setCurrentIndex(self.side.findData(one.side))
        self.tool.clear()
        for name in one.tools:
            if name in do.known.tools:
                self.tool.addItem(do.known.tools[name].lay_name, name)
        self.tool.setCurrentIndex(self.tool.findData(do.state.tool))
        self.tool.setEnabled(self.tool.count() > 1)
        span = hold_range(one)
        timed = one.default_hold_s > 0.0
        self.seconds.blockSignals(True)
        low, high = span if span is not None else (one.default_hold_s, one.default_hold_s)
        self.seconds.setRange(round(low), round(max(low, high, one.default_hold_s)))
        self.seconds.setValue(round(one.default_hold_s))
        self.seconds.blockSignals(False)
        self.seconds.setEnabled(timed and self.seconds.maximum() > self.seconds.minimum())
        there = do.skin_map() is not None
        needs = bool(one.tools) and any(place.zone for place in one.places)
        self._fault = ""
        self.busy.setVisible(needs and not there)
        if needs and not there:
            if not do.rough:
                self.maker.start()
        elif needs and do.state.ball is None:
            do.lay_tool()
        self._tell()
        self._soon.start()

    def _tell(self) -> None:
        known, one = self.exploration.known, self.exploration.technique()
        if one is None:
            return
        lines = [f"<b>{one.lay_name[:1].upper()}{one.lay_name[1:]}</b>"]
        lines.append(one.description.wording(self.exploration.state.voice))
        position = known.positions.get(one.position)
        lines.append(f"{one.who}" + (f", {position.lay_name}." if position is not None else "."))
        if feel_words(one):
            lines.append(f"How hard: {feel_words(one)}.")
        ranges = "; ".join(f"{hold.whose}: {hold_words(hold)}" for hold in one.holds)
        chosen = f" Chosen: {duration_words(self.seconds.value())}." if self.seconds.value() else ""
        lines.append(f"How long, by source: {ranges}.{chosen}")
        if one.asks_affected_side:
            lines.append(f"<i>{known.say('guide_affected_side')}</i>")
        if self._fault:
            lines.append(escape(self._fault))
        self.summary.setText("<br>".join(lines))

    def _draw_figure(self) -> None:
        """A whole body in the position, with the tool where it lies on the model."""
        do, one = self.exploration, self.exploration.technique()
        if one is None or not self.isVisible():
            return
        point, tool = do.tool_at_rest(), do.known.tools.get(do.state.tool)
        dark = self.palette().color(QPalette.ColorRole.Window).lightness() < 128
        key = (one.id, do.state.tool, None if point is None else tuple(point), dark)
        if key == self._pictured:
            return
        self._pictured = key
        # Only here: what draws figures is slow to import.
        from siexplorer.packs.figures import read_figures
        from siexplorer.scene.figure import figure_picture

        try:
            if self._figures is None:
                self._figures = read_figures()
            image = figure_picture(
                self._figures[one.figure],
                tool if one.tools else None,
                point if one.tools else None,
                (PICTURE.width(), PICTURE.height()),
                DARK if dark else LIGHT,
                helper=self._figures.get(one.helper),
            )
        except (PackError, KeyError) as error:
            self.picture.setText(str(error))
            return
        high, wide, _ = image.shape
        shown = QImage(image.tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888)
        self.picture.setPixmap(QPixmap.fromImage(shown.copy()))
        self.picture.setAccessibleName(f"Picture of the position: {one.lay_name}")

    def showEvent(self, event: QShowEvent) -> None:
        """The figure is drawn once there is someone to see it."""
        super().showEvent(event)
        self._soon.start()

    def _made(self, fault: str | None) -> None:
        self.maker.drop()
        if fault:
            # The technique can be read all the same; only where its tool lies is not shown.
            self.busy.hide()
            self._fault = fault[:1].upper() + fault[1:]
            self._tell()
            return
        if self.exploration.state.ball is None or not self.exploration.state.shape:
            # On another shape it has gone along with the skin: laid anew, it would be a step more.
            self.exploration.lay_tool()
        self.renew()
        self.ready.emit()

    # Doing ----------------------------------------------------------------------------------------

    def _choose(self) -> None:
        name, side = self.technique.currentData(), self.side.currentData()
        guides = self.exploration.known.guides
        if name is None:
            return
        wanted = f"{side}-{name.removeprefix('left-')}"
        self.exploration.read(wanted if wanted in guides else name)

    def _choose_tool(self) -> None:
        self.exploration.set_tool(self.tool.currentData())
        self.exploration.lay_tool()

    def begin(self) -> None:
        """Ask the safety questions, and start if every answer is no."""
        one, known = self.exploration.technique(), self.exploration.known
        if one is None or self.session is not None:
            return
        if not pass_gate(known, self.window(), skips=self.skips_gate):
            return
        said = known.say("session_rest_says")
        rest = Description(plain=said, student=said, clinician=said, basis="design")
        slots = planned(one, float(self.seconds.value()), rest, known.say("session_rest"))
        self.session = Session(slots, known.session, self.clock)
        self.view = SessionView(self.exploration, self.session, one)
        self.view.closed.connect(self.end)
        self.view.placed.connect(self.exploration.lay_tool)
        self._pages.addWidget(self.view)
        self._pages.setCurrentWidget(self.view)
        self.session.start()
        self.view.on.setFocus()

    def end(self) -> None:
        """Close the session and forget it."""
        view, self.view, self.session = self.view, None, None
        if view is not None:
            view.finish()
            self._pages.removeWidget(view)
            view.deleteLater()
        self._pages.setCurrentIndex(0)
