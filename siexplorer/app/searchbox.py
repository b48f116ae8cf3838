"""Search: type any name of a thing, see what fits, go there."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.icons import icon
from siexplorer.app.links import tie
from siexplorer.app.rows import CORNER_ROLE, QUIET_ROLE, ResultDelegate
from siexplorer.exploration.exploration import Exploration

ID_ROLE = Qt.ItemDataRole.UserRole
DEBOUNCE_MS = 60
MOST_ROWS_SHOWN = 6

_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: MOST_ROWS_SHOWN,
    Qt.Key.Key_PageUp: -MOST_ROWS_SHOWN,
}


class SearchEdit(QLineEdit):
    """A line that lends its arrow keys to the list below it."""

    stepped = Signal(int)
    chosen = Signal()

    def event(self, event: QEvent) -> bool:
        """Keep Esc for the text while there is any; the window has a shortcut on it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.text()
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move in the list, Enter chooses, Esc clears."""
        if event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class SearchPanel(QWidget):
    """The search line and, while there is text in it, what fits."""

    visited = Signal()

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.edit = SearchEdit()
        self.edit.setPlaceholderText("Search: PSIS, sit bone, dimples…")
        self.edit.setClearButtonEnabled(True)
        self.edit.setAccessibleName("Search the parts of the body by any name")
        self._sign = self.edit.addAction(
            icon("search", self._colour()), QLineEdit.ActionPosition.LeadingPosition
        )
        self.results = QListWidget()
        self.results.setAccessibleName("Search results")
        self.results.setItemDelegate(ResultDelegate(self.results))
        self.results.setUniformItemSizes(True)
        self.results.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.results.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.results.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.nothing = QLabel()
        self.nothing.setWordWrap(True)
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.edit)
        layout.addWidget(self.results)
        layout.addWidget(self.nothing)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.results.hide()
        self.nothing.hide()

        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(DEBOUNCE_MS)
        self._pause.timeout.connect(self.search_now)
        self.edit.textChanged.connect(self._typed)
        self.edit.stepped.connect(self._step)
        self.edit.chosen.connect(self._choose)
        self.results.itemClicked.connect(self._go)
        tie(self, exploration.loaded, self.search_now)

    def focus_search(self) -> None:
        """Put the cursor here, with the old text ready to be typed over."""
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()

    def search_now(self) -> None:
        """Bring the list up to the text, without waiting for a pause in the typing."""
        self._pause.stop()
        query = self.edit.text().strip()
        self.results.clear()
        if query:
            self._fill(query)
        self.results.setVisible(self.results.count() > 0)
        self.nothing.setVisible(bool(query) and self.results.count() == 0)

    def _fill(self, query: str) -> None:
        # rapidfuzz is slow to import and nobody searches in the first half second.
        from siexplorer.exploration.search import find

        known = self.exploration.known
        for found in find(known, query, guides=True):
            entry = found.entry
            words = [entry.lay_name]
            if found.matched not in (entry.name, entry.lay_name):
                words.insert(0, f"“{found.matched}”")
            row = QListWidgetItem(entry.name)
            row.setData(ID_ROLE, entry.id)
            row.setData(QUIET_ROLE, " · ".join(words))
            row.setData(CORNER_ROLE, entry.kind)
            row.setToolTip("\n".join((entry.name, *reversed(words))))
            row.setData(
                Qt.ItemDataRole.AccessibleTextRole, ", ".join((entry.name, *words, entry.kind))
            )
            self.results.addItem(row)
        self.nothing.setText(known.say("no_results", query=query))
        if self.results.count():
            self.results.setCurrentRow(0)
            rows = min(self.results.count(), MOST_ROWS_SHOWN)
            frame = 2 * self.results.frameWidth()
            self.results.setFixedHeight(rows * self.results.sizeHintForRow(0) + frame)

    def _typed(self, text: str) -> None:
        if text.strip():
            self._pause.start()
        else:
            self.search_now()

    def _step(self, by: int) -> None:
        if self._pause.isActive():
            self.search_now()
        last = self.results.count() - 1
        if last >= 0:
            self.results.setCurrentRow(min(last, max(0, self.results.currentRow() + by)))

    def _choose(self) -> None:
        if self._pause.isActive():
            self.search_now()
        row = self.results.currentItem()
        if row is not None:
            self._go(row)

    def _go(self, row: QListWidgetItem) -> None:
        self.exploration.visit(row.data(ID_ROLE))
        self.edit.selectAll()
        self.visited.emit()

    def _colour(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.PlaceholderText)

    def changeEvent(self, event: QEvent) -> None:
        """Another colour when the system turns dark or light."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_sign"):
            self._sign.setIcon(icon("search", self._colour()))
