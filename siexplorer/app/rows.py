"""How lists write a thing: its name, then what people call it, in a quieter colour."""

import re
from functools import cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from siexplorer.anatomy.records import Entry

Index = QModelIndex | QPersistentModelIndex

QUIET_ROLE = Qt.ItemDataRole.UserRole + 1
"""What stands behind or below the name."""
CORNER_ROLE = Qt.ItemDataRole.UserRole + 2
"""What stands at the end of the line."""

QUIETNESS = 0.36
GAP = 8
LEAST_ROOM = 36
AIR = 6


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """The first colour with a share (0..1) of the second in it."""
    parts = (
        (first.redF(), second.redF()),
        (first.greenF(), second.greenF()),
        (first.blueF(), second.blueF()),
    )
    return QColor.fromRgbF(*(one + (two - one) * share for one, two in parts))


def quiet(palette: QPalette) -> QColor:
    """A text colour that steps back and can still be read (above 4.5 : 1 on the palette's base)."""
    text, base = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
    return _quiet(text.rgb(), base.rgb())


@cache
def _quiet(text: int, base: int) -> QColor:
    return mixed(QColor.fromRgb(text), QColor.fromRgb(base), QUIETNESS)


def short_name(entry: Entry) -> str:
    """The name as a narrow list has room for: its abbreviation, or the name without its aside."""
    found = re.fullmatch(r"(.+) \(([^()]+)\)", entry.name)
    if found is None:
        return entry.name
    name, aside = found.groups()
    if not aside.isupper():
        return name
    return aside if entry.side == "midline" else f"{entry.side.capitalize()} {aside}"


def lay_part(entry: Entry) -> str:
    """The lay name without the side, for use right behind a name that has it."""
    return entry.lay_name.removeprefix(f"{entry.side} ")


class NameDelegate(QStyledItemDelegate):
    """One line: the name, and as much of the quiet words behind it as there is room for."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Let the style draw the row, then add the quiet words."""
        super().paint(painter, option, index)
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        style = drawn.widget.style()
        if drawn.features & QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator:
            # On a dark base the style leaves an empty box without a visible edge.
            box = style.subElementRect(
                QStyle.SubElement.SE_ItemViewItemCheckIndicator, drawn, drawn.widget
            )
            painter.setPen(quiet(drawn.widget.palette()))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
        words = index.data(QUIET_ROLE)
        if not words:
            return
        place = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, drawn, drawn.widget)
        room = QRect(place)
        room.setLeft(place.left() + QFontMetrics(drawn.font).horizontalAdvance(drawn.text) + GAP)
        if room.width() < LEAST_ROOM:
            return
        _write(painter, drawn, room, words, Qt.AlignmentFlag.AlignLeft, quieted=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A little air between the rows."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), hint.height() + AIR)


class ResultDelegate(QStyledItemDelegate):
    """Two lines: name and kind, and below them the quiet words."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Let the style draw the row without words, then write both lines."""
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        name, drawn.text = drawn.text, ""
        drawn.widget.style().drawControl(
            QStyle.ControlElement.CE_ItemViewItem, drawn, painter, drawn.widget
        )
        metrics = QFontMetrics(drawn.font)
        room = drawn.rect.adjusted(GAP, GAP // 2, -GAP, -GAP // 2)
        first = QRect(room.left(), room.top(), room.width(), metrics.height())
        kind = str(index.data(CORNER_ROLE) or "")
        _write(painter, drawn, first, kind, Qt.AlignmentFlag.AlignRight, quieted=True)
        first.setWidth(first.width() - metrics.horizontalAdvance(kind) - GAP)
        _write(painter, drawn, first, name, Qt.AlignmentFlag.AlignLeft)
        second = QRect(room)
        second.setTop(room.bottom() - metrics.height())
        words = str(index.data(QUIET_ROLE) or "")
        _write(painter, drawn, second, words, Qt.AlignmentFlag.AlignLeft, quieted=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines of the list's font."""
        return QSize(120, 2 * QFontMetrics(option.font).height() + GAP + 4)


def _write(
    painter: QPainter,
    option: QStyleOptionViewItem,
    room: QRect,
    words: str,
    side: Qt.AlignmentFlag,
    *,
    quieted: bool = False,
) -> None:
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    # A highlight leaves too little contrast for a quieter colour.
    role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
    colour = option.palette.color(role)
    painter.save()
    painter.setFont(QFont(option.font))
    painter.setPen(quiet(option.widget.palette()) if quieted and not selected else colour)
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, shown)
    painter.restore()
