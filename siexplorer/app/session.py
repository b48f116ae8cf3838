"""One session as it runs: large words, a ring for the time, the breath, and STOP always there."""

from __future__ import annotations

from math import cos, pi, sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QShortcut,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.records import Care, Technique
from siexplorer.app.awake import ScreenKeeper
from siexplorer.app.links import press_focused, redraw
from siexplorer.app.posture import PosturePicture
from siexplorer.app.speaking import Cues
from siexplorer.exploration.card import BASIS_TAGS
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.session import Moment, Session

TICK_MS = 50
STOP_RED = "#c8102e"


class TimerRing(QWidget):
    """Time left in a slot as a ring, with each source's range marked, and the breath within it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.moment: Moment | None = None
        self.technique: Technique | None = None
        self._mark_px = 11
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
        room = float(min(self.width(), self.height()))
        self._mark_px = max(11, round(room / 24))
        side = room - 3.4 * self._mark_px
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
        font.setPixelSize(self._mark_px)
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
            reach, wide = 0.8 * self._mark_px, 4.0 * self._mark_px
            painter.drawLine(
                box.center() + way * (radius - reach), box.center() + way * (radius + reach)
            )
            at = box.center() + way * (radius + 1.4 * self._mark_px)
            painter.drawText(
                QRectF(at.x() - wide / 2, at.y() - 0.7 * self._mark_px, wide, 1.4 * self._mark_px),
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


class StopButton(QPushButton):
    """STOP, and beneath it in smaller words for what: as wide as it is, never cut off."""

    def __init__(self, word: str, feels: str, px: int) -> None:
        super().__init__()
        self.setAccessibleName(f"Stop: {feels}")
        self.setToolTip("End the session at once (Space)")
        self.setStyleSheet(
            f"StopButton {{ background: {STOP_RED}; border: 4px solid {STOP_RED};"
            " border-radius: 10px }"
            "StopButton:focus { border-color: palette(window-text) }"
            "StopButton:hover, StopButton:pressed { background: #a50d26 }"
            "QLabel { color: white; background: transparent }"
        )
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10, 6, 10, 6)
        self._column.setSpacing(2)
        for text, size, bold in (
            (word, px, True),
            (feels, round(px * (0.6 if px > 40 else 0.5)), False),
        ):
            label = QLabel(text)
            label.setFont(sized(label.font(), size, bold=bold))
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._column.addWidget(label)
        self._column.insertStretch(0, 1)
        self._column.addStretch(1)

    def sizeHint(self) -> QSize:
        """As its words need, not as those of an ordinary button."""
        return self._column.sizeHint()


def sized(font: QFont, px: float, *, bold: bool = False) -> QFont:
    """A font of so many pixels."""
    font = QFont(font)
    font.setPixelSize(max(9, round(px)))
    font.setBold(bold)
    return font


class SessionView(QWidget):
    """One session as it runs. ``large`` fills a screen, to be read from across a room.

    ``placed`` brings the technique's id and the number of its place whenever they change.
    """

    closed = Signal()
    placed = Signal(str, int)

    def __init__(
        self,
        exploration: Exploration,
        session: Session,
        cues: Cues,
        keeper: ScreenKeeper,
        parent: QWidget | None = None,
        *,
        large: QSize | None = None,
    ) -> None:
        super().__init__(parent)
        self.exploration, self.session, self.cues = exploration, session, cues
        self.keeper = keeper
        gate = exploration.known.gate
        self._is_large = large is not None
        self._px = self.font().pointSizeF() * self.logicalDpiY() / 72.0
        if large is not None:
            # Words of 1/20 of a screen are read from two metres (design).
            self._px = min(large.height() / 26.0, large.width() / 42.0)
        self.ring = TimerRing()
        self.count, self.title, self.says, self.awake = QLabel(), QLabel(), QLabel(), QLabel()
        for label, share, bold in ((self.count, 1.0 if large is None else 0.8, False),
                                   (self.title, 1.9, True), (self.says, 1.35, False)):  # fmt: skip
            label.setFont(sized(label.font(), self._px * share, bold=bold))
            label.setWordWrap(True)
        self.title.setAccessibleName("Step")
        self.says.setAccessibleName("What to do")
        self.says.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.awake.setAccessibleName("Whether the screen stays on")
        feels = ", ".join(gate.stop_feels) if gate else ""
        self.stop = StopButton(
            gate.stop_button if gate else "STOP", feels, round(self._px * (1.7 if large else 2.2))
        )
        self.stop.clicked.connect(self.halt)
        self.back, self.hold, self.on = QPushButton("Back"), QPushButton(), QPushButton("Next")
        self.back.clicked.connect(lambda: session.go(-1))
        self.on.clicked.connect(lambda: session.go(1))
        self.hold.clicked.connect(self.toggle)
        self.full = QPushButton("Full screen")
        self.full.clicked.connect(self.show_full)
        self.end = QPushButton("Leave full screen" if self._is_large else "Close")
        self.end.clicked.connect(self.closed)
        self.speak = QCheckBox("Speak the cues")
        self.speak.clicked.connect(lambda on: self.cues.turn(on=on))
        cues.changed.connect(self._renew_speaking)
        self.picture = (
            PosturePicture(
                exploration, QSize(round(large.width() * 0.32), round(large.width() * 0.24))
            )
            if large is not None
            else None
        )
        if self.picture is not None:
            self.picture.alone = True
        self._arrange()
        self._large: QDialog | None = None
        self._halt = QShortcut(QKeySequence(Qt.Key.Key_Space), self)
        self._halt.activated.connect(self.halt)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.renew)
        self._timer.start()
        self._placed: tuple[str, int] | None = None
        self._renew_speaking()
        self.renew()

    def _arrange(self) -> None:
        words, steps = QVBoxLayout(), QHBoxLayout()
        words.addWidget(self.count)
        words.addWidget(self.title)
        words.addWidget(self.says, 1)
        for button in (self.back, self.hold, self.on, self.full, self.end):
            button.setAutoDefault(False)
            steps.addWidget(button)
            if self._is_large:
                button.setFont(sized(button.font(), self._px * 0.75))
                button.setMinimumHeight(round(self._px * 1.7))
        steps.addWidget(self.speak)
        steps.addStretch(1)
        if not self._is_large:
            words.addLayout(steps)
            right = QVBoxLayout()
            right.addWidget(self.stop, 1)
            right.addWidget(self.awake)
            self.stop.setFixedWidth(180)
            self.awake.setWordWrap(True)
            self.awake.setFixedWidth(180)
            layout = QHBoxLayout(self)
            layout.setContentsMargins(14, 8, 14, 8)
            layout.addWidget(self.ring)
            layout.addLayout(words, 1)
            layout.addLayout(right)
            return
        assert self.picture is not None
        self.full.hide()
        self.speak.setFont(sized(self.speak.font(), self._px * 0.75))
        self.awake.setFont(sized(self.awake.font(), self._px * 0.6))
        self.awake.setWordWrap(True)
        self.ring.setFixedWidth(self.picture.width())
        left, right, page = QVBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        self.stop.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        left.addWidget(self.ring, 1)
        left.addWidget(self.picture)
        left.addWidget(self.awake)
        right.addLayout(words, 1)
        right.addWidget(self.stop)
        right.addLayout(steps)
        edge = round(self._px)
        page.setSpacing(edge)
        right.setSpacing(edge)
        steps.setSpacing(edge)
        page.setContentsMargins(edge, edge, edge, edge)
        page.addLayout(left)
        page.addLayout(right, 1)

    @property
    def technique(self) -> Technique:
        """What is being followed: the technique, on the side of now."""
        one = self.exploration.known.guides[self.session.moment().slot.guide]
        assert isinstance(one, Technique)
        return one

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses what has the focus: here Space is STOP."""
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def show_full(self) -> None:
        """The same session over the whole screen, to be read from across a room."""
        if self._large is not None:
            return
        dialog, whole = QDialog(self.window()), self.screen().geometry()
        dialog.setWindowTitle(self.technique.lay_name)
        view = SessionView(
            self.exploration, self.session, self.cues, self.keeper, dialog, large=whole.size()
        )
        view.closed.connect(dialog.reject)
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        self._large = dialog
        # Where no window manager makes it so large, it is asked for in so many words.
        dialog.setGeometry(whole)
        dialog.finished.connect(self._left_full)
        dialog.showFullScreen()
        view.on.setFocus()

    def _left_full(self) -> None:
        dialog, self._large = self._large, None
        if dialog is not None:
            dialog.deleteLater()
            redraw(self.window())

    def renew(self) -> None:
        """Everything in line with the session."""
        moment, state = self.session.tick(), self.exploration.state
        over = moment.phase in ("stopped", "done")
        self._halt.setEnabled(not over)
        if over:
            self._timer.stop()
            self._tell_end(moment)
            return
        slot, one = moment.slot, self.technique
        self.ring.show_moment(moment, one)
        self.hold.setText("Go on" if moment.phase == "paused" else "Pause")
        turn = f", round {slot.round} of {one.rounds}" if slot.kind in ("hold", "rest") else ""
        many = len(one.places) > 1 and slot.kind in ("step", "hold")
        spot = f", spot {slot.place + 1} of {len(one.places)}" if many else ""
        self.count.setText(f"Step {moment.number + 1} of {moment.of}{turn}{spot}: {one.lay_name}")
        self.title.setText(slot.title)
        self.says.setText(slot.says.wording(state.voice))
        self._tell_aside()
        if (slot.guide, slot.place) != self._placed:
            self._placed = (slot.guide, slot.place)
            self.placed.emit(slot.guide, slot.place)
        if moment.number == 0 and self.back.hasFocus():
            self.on.setFocus()
        self.back.setEnabled(moment.number > 0)

    def _tell_aside(self) -> None:
        """Whether the screen stays on, and why there is no voice."""
        said, kept = [], self.keeper.kept
        if kept is not None:
            key = "screen_stays_on" if kept else "screen_may_go_off"
            said.append(self.exploration.known.say(key))
        if self.cues.reason:
            said.append(self.cues.reason)
        self.awake.setText("\n".join(said))

    def _renew_speaking(self) -> None:
        self.speak.setChecked(self.cues.on)
        reason = self.cues.reason
        if reason and self.speak.hasFocus():
            self.on.setFocus()
        self.speak.setEnabled(not reason)
        self.speak.setToolTip(reason or self.exploration.known.say("speak_tip"))
        self.speak.setAccessibleDescription(reason)

    def _tell_end(self, moment: Moment) -> None:
        focus = self.focusWidget()
        going = (self.back, self.hold, self.on, self.stop, self.full, self.speak, self.ring)
        for widget in going:
            # Whoever loses the focus hands it on to what is left to press.
            if widget is focus:
                self.end.setFocus()
            widget.hide()
        self.awake.hide()
        if self.picture is not None:
            # Without it there is room for all that is to be said.
            self.picture.hide()
            self.says.setFont(sized(self.says.font(), self._px * 1.1))
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
