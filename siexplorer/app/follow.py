"""Below the model while a technique is followed: choose it, start it, and be led through it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from html import escape

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
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

from siexplorer.anatomy.records import Description, Technique
from siexplorer.app.awake import ScreenKeeper
from siexplorer.app.ball import MapMaker
from siexplorer.app.gate import pass_gate
from siexplorer.app.links import press_focused, redraw, tie
from siexplorer.app.posture import PosturePicture
from siexplorer.app.session import SessionView
from siexplorer.app.speaking import Cues
from siexplorer.app.timeline import fill_groups, movement_list
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.guide import GROUP_WORDS, duration_words, feel_words, hold_words
from siexplorer.exploration.session import (
    Moment,
    Session,
    Slot,
    hold_range,
    planned,
    with_other_side,
)

PICTURE = QSize(300, 226)
CHOOSING_MS = 120
"""Arrow keys run through the list; only what they rest on is shown (design)."""

GROUPS = ("self", "partner", "therapist", "aftercare")


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
        self.cues, self.keeper = Cues(exploration, self), ScreenKeeper(self)
        self._fault = ""
        self._led: frozenset[str] = frozenset()
        self._place = 0
        self._told_of: str | None = None
        self.maker = MapMaker(exploration, self)
        self.maker.done.connect(self._made)
        self._chosen = QTimer(self)
        self._chosen.setSingleShot(True)
        self._chosen.setInterval(CHOOSING_MS)
        self._chosen.timeout.connect(self._choose)
        self.technique = movement_list()
        self.technique.setAccessibleName("Technique")
        self.technique.activated.connect(lambda _: self._chosen.start())
        self.side = QComboBox()
        self.side.setAccessibleName("Side")
        for side in ("left", "right"):
            self.side.addItem(f"{side.capitalize()} side", side)
        self.side.activated.connect(lambda _: self._chosen.start())
        self.tool = QComboBox()
        self.tool.setAccessibleName("Tool")
        self.tool.activated.connect(self._choose_tool)
        self.seconds = QSlider(Qt.Orientation.Horizontal)
        self.seconds.setAccessibleName("How long to hold, in seconds")
        self.seconds.valueChanged.connect(self._tell)
        self.held = QLabel()
        self.held.setMinimumWidth(self.held.fontMetrics().horizontalAdvance("90 min"))
        self.both = QCheckBox("Then the &other side")
        self.both.setToolTip("The session goes through both sides, with a pause between them")
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
        self.picture = PosturePicture(exploration, PICTURE)
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
        left.setFixedWidth(400)
        form = QFormLayout(left)
        form.setContentsMargins(0, 0, 0, 0)
        for words, box in (("&Technique", self.technique), ("&Side", self.side),
                           ("T&ool", self.tool)):  # fmt: skip
            label = QLabel(words)
            label.setBuddy(box)
            form.addRow(label, box)
        label, hold = QLabel("&Hold"), QHBoxLayout()
        label.setBuddy(self.seconds)
        hold.addWidget(self.seconds, 1)
        hold.addWidget(self.held)
        form.addRow(label, hold)
        form.addRow("", self.both)
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
        watched = (
            *("mode", "guide", "tool", "position", "skin", "voice", "ball", "corrections"),
            "shape",
        )
        if any(getattr(change.before, key) != getattr(change.after, key) for key in watched):
            left = change.after.guide not in self._led or change.after.mode != "follow"
            if left and self.session is not None:
                self.end()
            only_moved = replace(change.before, ball=change.after.ball) == change.after
            if not only_moved or change.after.ball is None:
                self.renew()

    def renew(self) -> None:
        """Every control in line with the state; the tool is laid down once the map is there."""
        do, one = self.exploration, self.exploration.technique()
        if one is None or do.pack is None or self._chosen.isActive():
            return
        bare = one.id.removeprefix("right-")
        twin = f"left-{bare}" if one.side == "right" else one.id
        self.technique.setCurrentIndex(self.technique.findData(twin))
        self.side.setEnabled(one.side != "midline")
        if one.side != "midline":
            self.side.setCurrentIndex(self.side.findData(one.side))
        self.both.setEnabled(one.side != "midline")
        if self._told_of != bare.removeprefix("left-"):
            self._told_of = bare.removeprefix("left-")
            self.both.setChecked(one.each_side)
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
        there = do.skin_map() is not None and do.map_at_rest() is not None
        needs = bool(one.tools) and any(place.zone for place in one.places)
        self._fault = ""
        self.picture.alone = False
        self.busy.setVisible(needs and not there)
        if needs and not there:
            if not do.rough:
                self.maker.start()
        elif needs and do.state.ball is None:
            do.lay_tool(self._place)
        self._tell()
        self.picture.renew()

    def _tell(self) -> None:
        known, one = self.exploration.known, self.exploration.technique()
        if one is None:
            return
        self.held.setText(duration_words(self.seconds.value()) if self.seconds.value() else "")
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

    def _made(self, fault: str | None) -> None:
        self.maker.drop()
        if fault:
            # The technique can be read all the same; only where its tool lies is not shown.
            self.busy.hide()
            self._fault = fault[:1].upper() + fault[1:]
            self.picture.alone = True
            self.picture.renew()
            self._tell()
            return
        if self.exploration.state.ball is None or not self.exploration.state.shape:
            # On another shape it has gone along with the skin: laid anew, it would be a step more.
            self.exploration.lay_tool(self._place)
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
        self.renew()

    def _choose_tool(self) -> None:
        self.exploration.set_tool(self.tool.currentData())
        self.exploration.lay_tool()

    def begin(self) -> None:
        """Ask the safety questions, and start if every answer is no."""
        if self._chosen.isActive():
            self._chosen.stop()
            self._choose()
        one, known = self.exploration.technique(), self.exploration.known
        if one is None or self.session is not None:
            return
        passed = pass_gate(known, self.window(), skips=self.skips_gate)
        redraw(self.window())
        if not passed:
            return
        if self.cues.wanted:
            self.cues.turn(on=True)
        slots = self._slots(one)
        self._led = frozenset(slot.guide for slot in slots)
        self.session = Session(slots, known.session, self.clock)
        self.session.changed.connect(self._heard)
        self.view = SessionView(self.exploration, self.session, self.cues, self.keeper)
        self.view.closed.connect(self.end)
        self.view.placed.connect(self._show_place)
        self._pages.addWidget(self.view)
        self._pages.setCurrentWidget(self.view)
        self.keeper.begin()
        self.session.start()
        self.view.on.setFocus()

    def _slots(self, one: Technique) -> list[Slot]:
        """What comes when, on one side or on both."""
        known, hold_s = self.exploration.known, float(self.seconds.value())
        rest = _the_same(known.say("session_rest_says"))
        slots = planned(one, hold_s, rest, known.say("session_rest"))
        other = known.guides.get(_other_side(one))
        if not (self.both.isChecked() and isinstance(other, Technique)):
            return slots
        others = planned(other, hold_s, rest, known.say("session_rest"))
        says = _the_same(known.say("session_switch_says", side=other.side))
        return with_other_side(slots, others, says, known.say("session_switch"))

    def _heard(self, moment: Moment) -> None:
        """A session has come to another slot, or to its end."""
        self.cues.follow(moment)
        if moment.phase in ("stopped", "done"):
            self.keeper.end()

    def _show_place(self, name: str, place: int) -> None:
        """The side and the place of now on the model, with the tool that was chosen."""
        do, tool = self.exploration, self.exploration.state.tool
        self._place = place
        if do.state.guide != name:
            do.read(name)
            if do.state.tool != tool:
                do.set_tool(tool)
        do.lay_tool(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus."""
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def end(self) -> None:
        """Close the session and forget it."""
        view, self.view = self.view, None
        session, self.session = self.session, None
        self._led, self._place = frozenset(), 0
        self.keeper.end()
        self.cues.hush()
        if session is not None:
            session.changed.disconnect(self._heard)
        if view is not None:
            had_focus = view.isAncestorOf(self.window().focusWidget() or self)
            view.finish()
            self._pages.removeWidget(view)
            view.deleteLater()
            self._pages.setCurrentIndex(0)
            if had_focus:
                self.start.setFocus()


def _the_same(said: str) -> Description:
    """A sentence that is the same in every wording."""
    return Description(plain=said, student=said, clinician=said, basis="design")


def _other_side(one: Technique) -> str:
    """The id of the same technique on the other side."""
    side, _, bare = one.id.partition("-")
    return f"{'right' if side == 'left' else 'left'}-{bare}"
