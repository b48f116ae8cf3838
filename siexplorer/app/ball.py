"""Below the model in the ball mode: tool, position, the verdict, and what lies beneath."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QIcon,
    QImage,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.links import tie
from siexplorer.app.loading import IMPORTING
from siexplorer.exploration.ball import ZoneError, meaning, reached_now, way_to
from siexplorer.exploration.ball_words import (
    better_words,
    nearest_words,
    notes,
    state_words,
    verdict_words,
)
from siexplorer.exploration.beneath import Layer, body_of, made_body
from siexplorer.exploration.card import BASIS_TAGS
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.scene.looks import colour_of
from siexplorer.scene.theme import FAT, LIGHT, SKIN, ZONE_COLOURS, ZONE_HATCHES, Rgb, hatching

if TYPE_CHECKING:
    from siexplorer.scene.core import CoreLayer

SWATCH, SIGN, CHIP = QSize(34, 18), QSize(22, 22), QSize(12, 12)
ENTRY = Qt.ItemDataRole.UserRole
WALK_MM, WALK_MS = 3.0, 16
"""How far, and how often, a tool that walks to a clear place goes on."""

COLUMN_PX, DEPTHS_PX, LEAST_SHOWN_MM = 42, 28, 60.0

WATCHED = (
    *("mode", "zone", "tool", "position", "ball", "skin", "selected", "voice", "reach"),
    "shape",
    "corrections",
)


class Row(NamedTuple):
    """What the list shows of a layer: three columns, what a click selects, and its chip."""

    words: tuple[str, str, str]
    entry: str
    colour: Rgb | None


class MapMaker(QObject):
    """Works out the map of a skin in a position in a thread; ``done`` brings a fault or None."""

    done = Signal(object)

    def __init__(self, exploration: Exploration, parent: QObject) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self._thread: threading.Thread | None = None
        self.wanted: object = None

    @property
    def busy(self) -> bool:
        """Whether a map is being made."""
        return self._thread is not None

    def start(self) -> None:
        """Begin, unless this very map is on its way."""
        state = self.exploration.state
        wanted = (state.skin, state.position, id(self.exploration.pack))
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self._thread = threading.Thread(
            target=self._make, args=(wanted,), name="ball map", daemon=True
        )
        self._thread.start()

    def drop(self) -> None:
        """What is on its way is no longer wanted."""
        self.wanted, self._thread = None, None

    def _make(self, wanted: object) -> None:
        do, fault = self.exploration, None
        with IMPORTING:
            import siexplorer.exploration.following  # noqa: F401
        try:
            do.skin_map(wait=True)
            do.map_at_rest(wait=True)
            position = do.known.positions.get(do.state.position)
            if do.pack is not None and position is not None:
                body_of(do.known, do.pack, position, do.following)
        except ZoneError as error:
            fault = str(error)
        except (KeyError, ValueError) as error:
            fault = f"This pelvis cannot be shown in that position ({error})."
        try:
            if wanted == self.wanted:
                self.done.emit(fault)
        except RuntimeError:
            # The window was closed meanwhile.
            return


class CoreColumn(QWidget):
    """The layers beneath the tool as a column to scale, from the skin inwards."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers: list[CoreLayer] = []
        self.setFixedWidth(COLUMN_PX + DEPTHS_PX)
        self.setAccessibleName("Core sample: the list beside it says the same")

    def show_layers(self, layers: list[CoreLayer]) -> None:
        """Draw these."""
        if layers != self.layers:
            self.layers = layers
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Depths in mm on the left, the column beside them, cords that pass by as dots."""
        if not self.layers:
            return
        painter = QPainter(self)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        last = max(one.ends_mm for one in self.layers)
        deepest = max(LEAST_SHOWN_MM, last)
        top, room = 8.0, self.height() - 16.0
        step = room / deepest
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        for depth in range(0, int(deepest) + 1, 20):
            level = round(top + depth * step)
            painter.drawLine(DEPTHS_PX - 5, level, DEPTHS_PX - 1, level)
            where = QRect(0, level - 8, DEPTHS_PX - 7, 16)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignRight), f"{depth}")
        painter.fillRect(QRectF(DEPTHS_PX, top, COLUMN_PX - 10, last * step), colour_q(FAT))
        for one in self.layers:
            down = top + one.begins_mm * step
            if one.beside:
                painter.setBrush(colour_q(one.colour))
                painter.drawEllipse(QPointF(DEPTHS_PX + COLUMN_PX - 5, down), 3.5, 3.5)
                continue
            high = max(1.5, (one.ends_mm - one.begins_mm) * step)
            painter.fillRect(QRectF(DEPTHS_PX, down, COLUMN_PX - 10, high), colour_q(one.colour))
            painter.drawLine(DEPTHS_PX, round(down), DEPTHS_PX + COLUMN_PX - 11, round(down))
        painter.end()


def colour_q(colour: Rgb) -> QColor:
    """A colour of the drawing for Qt."""
    return QColor.fromRgbF(*colour)


class Within(QWidget):
    """Room for a label that is written anew all the time.

    In a layout, each new text of such a label lays out the whole window again. Here it fills the
    room that there is, and nothing else moves.
    """

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        self.label = label
        label.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The label fills it."""
        super().resizeEvent(event)
        self.label.setGeometry(self.rect())


class BallPanel(QWidget):
    """Chooses tool and position, tells the verdict of the place, and lists what lies beneath."""

    ready = Signal()

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.maker = MapMaker(exploration, self)
        self.maker.done.connect(self._made)
        self.fault = ""
        self._way: list[np.ndarray] = []
        self._chips: dict[Rgb, QIcon] = {}
        self._listed: list[Row | None] = []
        self._walking = QTimer(self)
        self._walking.setInterval(WALK_MS)
        self._walking.timeout.connect(self._walk_on)
        self.calm = False
        self._make_choices()
        self._make_verdict()
        self._make_list()
        self._arrange()
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self._take_in)
        tie(self, exploration.settled, self.renew)
        self.fill()

    # Building -------------------------------------------------------------------------------------

    def _make_choices(self) -> None:
        do = self.exploration
        self.tool, self.position = QComboBox(), QComboBox()
        self.tool.setAccessibleName("What presses")
        self.position.setAccessibleName("How the body lies")
        self.tool.activated.connect(lambda k: do.set_tool(self.tool.itemData(k)))
        self.position.activated.connect(lambda k: do.set_position(self.position.itemData(k)))
        self.over = QPushButton("Put it over the selected")
        self.over.setToolTip("Lay the tool on the skin over the selected landmark or muscle (O)")
        self.over.clicked.connect(self.put_over)
        self.walk = QPushButton("Walk to a better place")
        self.walk.setToolTip("Move the tool over the skin to the nearest better place (W)")
        self.walk.clicked.connect(self.walk_to_better)
        self.reach = QCheckBox("From where the selected is reached")
        self.reach.setToolTip(
            "Dot the skin from which a line straight inwards meets the selected (Shift+W)"
        )
        self.reach.clicked.connect(lambda on: do.set_reach(shown=on))

    def _make_verdict(self) -> None:
        self.sign, self.headline = QLabel(), QLabel()
        self._signs = {state: swatch_pixmap(state, SIGN) for state in ZONE_COLOURS}
        self.sign.setFixedSize(SIGN)
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        font = self.headline.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.headline.setFont(font)
        self.headline.setWordWrap(True)
        self.headline.setAccessibleName("Verdict")
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reason.setAccessibleName("Why, what is near, and where to go")
        self.pointer = QLabel()
        self.pointer.setWordWrap(True)
        self.pointer.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.pointer.setAccessibleName("Reason for the place under the pointer")
        self.whole = QPushButton("About the map, and how bodies vary")
        self.whole.setToolTip("Read how the map was made, what it cannot know, and when to stop")
        self.whole.clicked.connect(lambda: self.exploration.read_zone(MAP))
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setMaximumWidth(160)
        self.busy.setAccessibleName("Working out the map")
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Go back to what was shown before")
        self.stop.clicked.connect(self.cancel)

    def _make_list(self) -> None:
        self.core = CoreColumn()
        self.list = QTreeWidget()
        self.list.setIconSize(CHIP)
        self.list.setColumnCount(3)
        self.list.setHeaderLabels(["What lies beneath", "Begins", "Thick"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setAccessibleName("What lies beneath the tool, from the skin inwards")
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)

    def _arrange(self) -> None:
        left = QWidget()
        left.setMaximumWidth(300)
        form = QFormLayout(left)
        form.setContentsMargins(0, 0, 0, 0)
        for words, box in (("&Tool", self.tool), ("&Body", self.position)):
            label = QLabel(words)
            label.setBuddy(box)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setMinimumContentsLength(14)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            form.addRow(label, box)
        form.addRow(self.walk)
        form.addRow(self.over)
        form.addRow(self.reach)
        legend = QHBoxLayout()
        self.legend: list[QLabel] = []
        for state in ZONE_COLOURS:
            swatch, word = QLabel(), QLabel()
            swatch.setPixmap(swatch_pixmap(state, SWATCH))
            legend.addWidget(swatch)
            legend.addSpacing(4)
            legend.addWidget(word)
            legend.addSpacing(12)
            self.legend.append(word)
        legend.addStretch(1)
        legend.addWidget(self.busy)
        legend.addWidget(self.stop)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.headline, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.pointer, 1)
        foot.addWidget(self.whole, 0, Qt.AlignmentFlag.AlignBottom)
        middle = QVBoxLayout()
        middle.addLayout(legend)
        middle.addLayout(head)
        middle.addWidget(Within(self.reason), 1)
        middle.addLayout(foot)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(18)
        grid.addWidget(left, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(middle, 0, 1)
        grid.addWidget(self.core, 0, 2)
        grid.addWidget(self.list, 0, 3)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)
        self.setFixedHeight(max(218, self.sizeHint().height()))

    def _take_in(self) -> None:
        """Another pelvis: what the last one could not show says nothing about it."""
        self.fault = ""
        self.fill()

    def fill(self) -> None:
        """The tools and positions of the records."""
        known = self.exploration.known
        for box, records in ((self.tool, known.tools), (self.position, known.positions)):
            box.clear()
            for one in records.values():
                box.addItem(one.lay_name[:1].upper() + one.lay_name[1:], one.id)
                box.setItemData(box.count() - 1, one.name, Qt.ItemDataRole.ToolTipRole)
        for state, word in zip(ZONE_COLOURS, self.legend, strict=True):
            word.setText(state_words(known, state))
            word.setAccessibleName(f"{word.text()}: {ZONE_HATCHES[state]}")
        self.renew()

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        if any(getattr(change.before, key) != getattr(change.after, key) for key in WATCHED):
            self.renew()

    def renew(self) -> None:
        """Everything in line with the state; a map that is not there yet is asked for."""
        do, state = self.exploration, self.exploration.state
        if state.mode != "ball" or do.pack is None:
            self._walking.stop()
            return
        self.tool.setCurrentIndex(self.tool.findData(state.tool))
        self.position.setCurrentIndex(self.position.findData(state.position))
        try:
            position = do.known.positions.get(state.position)
            there = position is not None and made_body(do.pack, position) is not None
            there = there and do.skin_map() is not None
        except ZoneError as error:
            there, self.fault = False, str(error)
        if there:
            self.fault = ""
        elif not self.fault and not do.rough:
            self.maker.start()
        waiting = not there and not self.fault
        self.busy.setVisible(waiting)
        self.stop.setVisible(waiting and do.undo_label is not None)
        self.over.setEnabled(there and state.selected in do.items)
        self.reach.setEnabled(there and reached_now(do.known, do.pack, state.selected))
        self.reach.setChecked(state.reach)
        self._tell(waiting=waiting)
        self._list()

    def _tell(self, *, waiting: bool) -> None:
        do, known = self.exploration, self.exploration.known
        found = do.verdict()
        self.walk.setEnabled(found is not None and found.better is not None)
        if found is None:
            self.sign.clear()
            self.headline.setText("")
            fault = self.fault[:1].upper() + self.fault[1:]
            self.reason.setText(fault or known.say("map_working" if waiting else "ball_hint"))
            return
        self.sign.setPixmap(self._signs[found.state])
        self.sign.setAccessibleName(ZONE_HATCHES[found.state])
        self.headline.setText(verdict_words(known, found))
        tag = BASIS_TAGS[found.reason.basis]
        lines = [f"{found.reason.text} <i>{tag}</i>".strip()]
        lines.append(nearest_words(known, found))
        if found.better is not None:
            lines.append(f"{known.say('better_lead')} {better_words(known, found)}.")
        lines += [f"{one.text} <i>{BASIS_TAGS[one.basis]}</i>" for one in notes(known, found)]
        self.reason.setText("<br>".join(lines))

    def show_reason(self, zone: str | None) -> None:
        """The reason for the place under the pointer."""
        known, state = self.exploration.known, self.exploration.state
        rule, tool = known.zones.get(zone or ""), known.tools.get(state.tool)
        if rule is None or tool is None:
            self.pointer.setText(known.say("ball_hint"))
            return
        means = meaning(rule, tool)
        words = known.say("pointer_words", state=state_words(known, means.state),
                          reason=means.reason.text)  # fmt: skip
        self.pointer.setText(words)

    def _list(self) -> None:
        stack, state = self.exploration.stack(), self.exploration.state
        rows = list(stack.layers) if stack is not None else []
        # What draws is slow to import, and nobody asks for a core in the first second.
        from siexplorer.scene.core import core_layers

        known, pack = self.exploration.known, self.exploration.pack
        self.core.show_layers(core_layers(known, pack, stack, LIGHT) if stack is not None else [])
        while self.list.topLevelItemCount() > len(rows):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        del self._listed[len(rows) :]
        chosen = None
        for number, one in enumerate(rows):
            item = self.list.topLevelItem(number)
            if item is None:
                item = QTreeWidgetItem(self.list)
                for column in (1, 2):
                    item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
                self._listed.append(None)
            before, row = self._listed[number], self._row(one)
            self._listed[number] = row
            # While the tool moves, most stays as it was, and an icon is drawn again even if it is
            # the same one.
            if before is None or before.colour != row.colour:
                item.setIcon(0, self._chip(row.colour))
            if before != row:
                for column, words in enumerate(row.words):
                    item.setText(column, words)
                item.setData(0, ENTRY, one.id)
                item.setToolTip(0, one.name)
            if one.id and one.id == state.selected and chosen is None:
                chosen = item
        if chosen is not None:
            self.list.setCurrentItem(chosen)
        else:
            self.list.clearSelection()

    def _row(self, one: Layer) -> Row:
        """A layer as the list writes it, in the colour that it has in the core sample."""
        thick = f"{one.thickness_mm:.0f} mm"
        colour: Rgb | None = SKIN if one.kind == "skin" else FAT
        pack = self.exploration.pack
        if one.surface and pack is not None:
            info = pack.surfaces[one.surface].info
            colour = colour_of(self.exploration.known.entries.get(info.entry), info, LIGHT)
        if one.beside:
            thick = f"{one.away_mm:.0f} mm aside"
        elif one.kind == "opening":
            thick, colour = "", None
        return Row((one.name, f"{one.depth_mm:.0f} mm", thick), one.id, colour)

    def _chip(self, colour: Rgb | None) -> QIcon:
        """A patch of a colour."""
        if colour is None:
            return QIcon()
        if colour not in self._chips:
            patch = QPixmap(CHIP)
            patch.fill(colour_q(colour))
            self._chips[colour] = QIcon(patch)
        return self._chips[colour]

    def _choose(self, item: QTreeWidgetItem) -> None:
        name = item.data(0, ENTRY)
        if name in self.exploration.known.entries:
            self.exploration.select(name)

    # Doing ----------------------------------------------------------------------------------------

    def put_over(self) -> None:
        """Lay the tool over what is selected."""
        name = self.exploration.state.selected
        if name is not None and self.exploration.state.mode == "ball":
            self.exploration.place_ball_on(name)

    def walk_to_better(self) -> None:
        """Let the tool go over the skin to the nearest better place; at once with less motion."""
        do = self.exploration
        found, on = do.verdict(), do.skin_map()
        if found is None or on is None or found.better is None:
            return
        do.pause_merging()
        way = way_to(on, found.contact.place, found.better.place)
        if self.calm:
            do.place_ball(way[-1])
            return
        self._way = list(strides(way, WALK_MM))
        self._walking.start()

    def _walk_on(self) -> None:
        if not self._way:
            self._walking.stop()
            self.exploration.pause_merging()
            return
        self.exploration.place_ball(self._way.pop(0), merge=True)

    def nudge(self, right_mm: float, up_mm: float) -> None:
        """Move the tool a little, by keys."""
        self._walking.stop()
        self.exploration.nudge_ball(right_mm, up_mm)

    def cancel(self) -> None:
        """Take back what asked for a map that is still being made."""
        self.maker.drop()
        self.exploration.undo()

    def _made(self, fault: str | None) -> None:
        self.maker.drop()
        self.fault = fault or ""
        self.renew()
        self.ready.emit()


MAP = "map"
"""What is read about where the whole map is meant."""


def strides(way: np.ndarray, step_mm: float) -> np.ndarray:
    """(k, 3) places at even steps along a line (n, 3), its end included."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    where = np.append(np.arange(step_mm, along[-1], step_mm), along[-1])
    return np.column_stack([np.interp(where, along, way[:, axis]) for axis in range(3)])


def swatch_pixmap(state: str, size: QSize) -> QPixmap:
    """A small patch with the colour and hatching of a state, as on the map."""
    wide, high = size.width(), size.height()
    rows, columns = np.indices((high, wide))
    ink = hatching(ZONE_HATCHES[state], rows * 2, columns * 2, 18)
    edge = np.isin(rows, (0, high - 1)) | np.isin(columns, (0, wide - 1))
    pixels = np.empty((high, wide, 4), np.uint8)
    colour = QColor(ZONE_COLOURS[state])
    pixels[..., :3] = colour.red(), colour.green(), colour.blue()
    pixels[..., 3] = np.where(edge | ink, 255, 110)
    image = QImage(pixels.tobytes(), wide, high, 4 * wide, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(image)
