"""What there is to read that is no part of the body: patterns, sayings, care, pictures in words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from siexplorer.app.links import tie
from siexplorer.app.rows import QUIET_ROLE, NameDelegate
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.guide import reading_list

ID_ROLE = Qt.ItemDataRole.UserRole


class ReadingTree(QTreeWidget):
    """Enter reads, even where the window has a shortcut on it."""

    def event(self, event: QEvent) -> bool:
        """Keep Space and Enter for the list."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space read the row, or open and shut its group."""
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        row = self.currentItem()
        if event.key() in keys and row is not None:
            self.itemClicked.emit(row, 0)
        else:
            super().keyPressEvent(event)


class ReadingPanel(QWidget):
    """All of it below headings. A click, or Enter, opens the card and what pictures it."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self._rows: dict[str, QTreeWidgetItem] = {}
        self.tree = ReadingTree()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(12)
        self.tree.setUniformRowHeights(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setItemDelegate(NameDelegate(self.tree))
        self.tree.setAccessibleName("What there is to read")
        self.tree.setExpandsOnDoubleClick(False)
        self.tree.itemClicked.connect(self._read)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        tie(self, exploration.loaded, self.rebuild)
        tie(self, exploration.changed, self._follow)
        self.rebuild()

    def rebuild(self) -> None:
        """Make the rows again."""
        self.tree.clear()
        self._rows.clear()
        for heading, guides in reading_list(self.exploration.known).items():
            group = QTreeWidgetItem([heading])
            group.setData(0, QUIET_ROLE, str(len(guides)))
            group.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{heading}, {len(guides)}")
            self.tree.addTopLevelItem(group)
            for guide in guides:
                row = QTreeWidgetItem([guide.name])
                row.setData(0, ID_ROLE, guide.id)
                row.setData(0, QUIET_ROLE, guide.lay_name)
                row.setToolTip(0, f"{guide.name}\n{guide.lay_name}")
                words = f"{guide.name}, {guide.lay_name}"
                row.setData(0, Qt.ItemDataRole.AccessibleTextRole, words)
                group.addChild(row)
                self._rows[guide.id] = row
            group.setExpanded(len(self._rows) < 16)
        first = self.tree.topLevelItem(0)
        if first is not None:
            self.tree.setCurrentItem(first)
        self._select(self.exploration.state.guide)

    def _follow(self, change: Change) -> None:
        if change.before.guide != change.after.guide:
            self._select(change.after.guide)

    def _select(self, name: str | None) -> None:
        row = self._rows.get(name or "")
        if row is None:
            self.tree.clearSelection()
            return
        self.tree.setCurrentItem(row)
        self.tree.scrollToItem(row)

    def _read(self, row: QTreeWidgetItem) -> None:
        name = row.data(0, ID_ROLE)
        if name:
            self.exploration.read(name)
        else:
            row.setExpanded(not row.isExpanded())
