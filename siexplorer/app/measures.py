"""Below two pelves that are compared: the distances and angles of both, and how to read them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.links import tie
from siexplorer.exploration.beside import Compared, cautions, compared, title_of
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.packs.pack import Pack

UNITS = {"mm": " mm", "deg": "°"}
NAMES_PX, LEAST_COLUMN_PX, SIDE_PX = 170, 76, 10
"""How wide the names of the pelves may be, a column is at least, and the margins (design)."""


class MeasuresPanel(QWidget):
    """Follows the comparison of two pelves: a column for each measure, a row for each pelvis."""

    def __init__(self, exploration: Exploration) -> None:
        super().__init__()
        self.exploration = exploration
        self._shown: tuple[Pack, Pack] | None = None
        self.table = MeasuresTable()
        self.table.setAccessibleName(exploration.known.say("compare_table"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.words.setAccessibleName("How to read the comparison")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SIDE_PX, 6, SIDE_PX, 6)
        layout.setSpacing(4)
        layout.addWidget(self.table)
        layout.addWidget(self.words)
        tie(self, exploration.changed, self._follow)
        self.renew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words are as high as their lines: a guess of the width would leave a gap."""
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        self.words.setFixedHeight(self.words.heightForWidth(self.width() - 2 * SIDE_PX))

    def _follow(self, _change: Change) -> None:
        self.renew()

    def renew(self) -> None:
        """Write the table for the two pelves that are compared now."""
        do, other = self.exploration, self.exploration.other
        if do.pack is None or other is None:
            return
        known, pair = do.known, (do.pack, other.pack)
        if self._shown is not None and pair[0] is self._shown[0] and pair[1] is self._shown[1]:
            return
        self._shown = pair
        shapes = (do.state.shape, other.shape)
        titles = [title_of(known, *one) for one in zip(pair, shapes, strict=True)]
        rows = [*titles, known.say("compare_difference")]
        found = compared(*pair)
        columns = [known.say(f"measure_{one.name}") for one in found]
        self.table.fill(columns, rows, found, known.say("compare_not_measured"))
        self.words.setText(" ".join(cautions(known, pair)))
        self._fit_words()


class MeasuresTable(QTableWidget):
    """As high as its rows. The keyboard goes through it; nothing in it can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setDefaultAlignment(
            Qt.AlignmentFlag.AlignCenter | Qt.AlignmentFlag(Qt.TextFlag.TextWordWrap.value)
        )
        across.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 8)
        across.setMinimumSectionSize(LEAST_COLUMN_PX)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setSectionsClickable(False)
        down.setMaximumWidth(NAMES_PX)
        down.setTextElideMode(Qt.TextElideMode.ElideRight)
        down.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        down.setSectionsClickable(False)
        self.horizontalScrollBar().rangeChanged.connect(lambda *_: self.updateGeometry())

    def fill(
        self, columns: list[str], rows: list[str], found: list[Compared], missing: str
    ) -> None:
        """Write everything again; ``missing`` says why a cell is a dash."""
        self.setColumnCount(len(columns))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(columns)
        self.setVerticalHeaderLabels(rows)
        for row, title in enumerate(rows):
            heading = self.verticalHeaderItem(row)
            if heading is not None:
                heading.setToolTip(title)
        bold = self.font()
        bold.setBold(True)
        for column, one in enumerate(found):
            for row, text in enumerate(cells(one)):
                cell = QTableWidgetItem(text or "–")
                cell.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                said = f"{columns[column]}, {rows[row]}: {text or missing}"
                cell.setData(Qt.ItemDataRole.AccessibleTextRole, said)
                cell.setToolTip(said)
                cell.setFont(bold if row == len(rows) - 1 else self.font())
                self.setItem(row, column, cell)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Room for all rows, and for the bar where not all columns fit."""
        bar = self.horizontalScrollBar()
        height = self.horizontalHeader().height() + self.verticalHeader().length()
        height += 2 * self.frameWidth() + (bar.sizeHint().height() if bar.maximum() > 0 else 0)
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        """Never fewer rows than there are."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())


def cells(one: Compared) -> list[str]:
    """A measure of both pelves, and how much larger it is on the second; empty where missing."""
    signs = {"first": "", "second": "", "difference": "+"}
    found = [(getattr(one, name), sign) for name, sign in signs.items()]
    unit = UNITS[one.unit]
    return [
        f"{round(value):{sign if round(value) else ''}}{unit}".replace("-", "−")
        if np.isfinite(value)
        else ""
        for value, sign in found
    ]
