"""What to show: every part of the body in a tree with boxes to tick."""

from collections.abc import Iterator

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPalette,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.records import Landmark
from siexplorer.app.icons import icon
from siexplorer.app.links import tie
from siexplorer.app.rows import QUIET_ROLE, NameDelegate, lay_part, quiet, short_name
from siexplorer.exploration.catalog import Item
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.looks import layer_of, spare_skins

ID_ROLE = Qt.ItemDataRole.UserRole
"""The entry's id; None on groups."""

GROUPS = {
    "bone": "Bones",
    "cartilage": "Cartilage and discs",
    "muscle": "Muscles",
    "ligament": "Ligaments",
    "nerve": "Nerves",
    "vessel": "Vessels",
    "skin": "Skin",
    "landmark": "Landmarks",
}
MUSCLE_LAYERS = {"superficial": "Superficial", "middle": "Middle", "deep": "Deep"}
SHUT = frozenset({"nerve", "vessel"})
"""Groups that are not opened at first, so that the list stays short."""
BONES = {"hip-bone": "Hip bone", "sacrum": "Sacrum", "coccyx": "Coccyx", "femur": "Femur"}


class LayerTree(QTreeView):
    """A tree that keeps apart ticking, selecting, visiting, and asking for the menu."""

    visited = Signal(QModelIndex)
    menu_asked = Signal(QModelIndex, QPoint)

    def selectionCommand(
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Leave the selection alone when the press is for the menu.

        Selecting shows what was hidden, so the menu of a hidden row could never say "Show".
        """
        if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.RightButton:
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Visit what was double-clicked; on a box it is only a second click."""
        index = self.indexAt(event.position().toPoint())
        super().mouseDoubleClickEvent(event)
        if index.isValid() and not self._on_box(index, event.position().toPoint()):
            self.visited.emit(index)

    def event(self, event: QEvent) -> bool:
        """Keep Space and Enter for the tree where the window has shortcuts on them."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter visits the current row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.visited.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the row under the pointer, or of the current one from the keys."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index, place = self.indexAt(event.pos()), event.globalPos()
        else:
            index = self.currentIndex()
            place = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        self.menu_asked.emit(index, place)

    def _on_box(self, index: QModelIndex | QPersistentModelIndex, place: QPoint) -> bool:
        if not index.isValid():
            return False
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(index)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
        box = self.style().subElementRect(
            QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, self
        )
        return box.adjusted(-2, -2, 2, 2).contains(place)


class LayersPanel(QWidget):
    """The tree and its buttons. Follows the exploration and speaks to it, never to another view."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self._rows: dict[str, QStandardItem] = {}
        self._following = False
        self.model = QStandardItemModel(self)
        self.model.itemChanged.connect(self._ticked)
        self.tree = LayerTree()
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(NameDelegate(self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.tree.setExpandsOnDoubleClick(False)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setAccessibleName("Parts of the body")
        self.tree.selectionModel().selectionChanged.connect(self._picked)
        self.tree.visited.connect(self._visit)
        self.tree.menu_asked.connect(self._open_menu)
        self.empty = QLabel()
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)

        self.hide_button = self._button("Hide", self._hide)
        self.fade_button = self._button("Fade", self._fade)
        self.isolate_button = self._button("Isolate", self._isolate)
        self.isolate_button.setToolTip("Hide everything except what is selected and its bones")
        self.restore_button = self._button("", exploration.restore_hidden)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.hide_button, self.fade_button, self.isolate_button):
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.empty)
        layout.addWidget(self.tree, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.restore_button)

        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.rebuild)
        self.rebuild()

    def _button(self, text: str, run: object) -> QPushButton:
        button = QPushButton(text)
        button.setIconSize(QSize(16, 16))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setMinimumWidth(64)
        button.clicked.connect(lambda: run())  # type: ignore[operator]
        return button

    # The rows -------------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Make the rows again for the pelvis that is loaded."""
        self._following = True
        self.model.clear()
        self._rows.clear()
        items = self.exploration.every.values()
        for kind, title in GROUPS.items():
            of_kind = [item for item in items if item.entry.kind == kind]
            if not of_kind:
                continue
            group = _group(title, len(of_kind))
            self.model.appendRow(group)
            if kind == "landmark":
                self._add_by_bone(group, of_kind)
            elif kind == "muscle":
                self._add_by_layer(group, of_kind)
            else:
                self._add(group, of_kind)
            self.tree.setExpanded(group.index(), kind not in SHUT)
        self._following = False
        self.empty.setVisible(not self._rows)
        self.empty.setText(self.exploration.known.say("layers_empty"))
        self._renew_states()
        self._renew_selection()

    def _add_by_bone(self, group: QStandardItem, items: list[Item]) -> None:
        bones = {item.entry.bone: None for item in items if isinstance(item.entry, Landmark)}
        for bone in sorted(bones, key=[*BONES, *bones].index):
            on_it = [
                item
                for item in items
                if isinstance(item.entry, Landmark) and item.entry.bone == bone
            ]
            row = _group(BONES.get(bone, bone.replace("-", " ").capitalize()), len(on_it))
            group.appendRow(row)
            self._add(row, on_it)

    def _add_by_layer(self, group: QStandardItem, items: list[Item]) -> None:
        for layer, title in MUSCLE_LAYERS.items():
            there = [item for item in items if layer_of(item.entry) == layer]
            if there:
                row = _group(title, len(there))
                group.appendRow(row)
                self._add(row, there)
                self.tree.expand(row.index())

    def _add(self, group: QStandardItem, items: list[Item]) -> None:
        for item in items:
            row = QStandardItem(short_name(item.entry))
            row.setEditable(False)
            row.setCheckable(True)
            row.setData(item.id, ID_ROLE)
            group.appendRow(row)
            self._rows[item.id] = row

    def _renew_states(self) -> None:
        """Boxes, words and greys, from the state."""
        self._following = True
        state = self.exploration.state
        grey = quiet(self.palette())
        text = self.palette().color(QPalette.ColorRole.Text)
        for name, row in self._rows.items():
            entry = self.exploration.known.entries[name]
            hidden, faded = name in state.hidden, name in state.faded
            says = "(hidden)" if hidden else "(faded)" if faded else ""
            row.setCheckState(Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked)
            row.setForeground(grey if hidden else text)
            row.setText(f"{short_name(entry)} {says}" if says and not hidden else short_name(entry))
            row.setData(icon("fade", text) if faded else None, Qt.ItemDataRole.DecorationRole)
            row.setData(lay_part(entry), QUIET_ROLE)
            row.setToolTip(f"{entry.name}\n{entry.lay_name}")
            row.setData(
                " ".join(filter(None, (entry.name, says))), Qt.ItemDataRole.AccessibleTextRole
            )
        for group in self._groups():
            # Of two skins one is always away; the group is whole with the other.
            names = self._under(group)
            spare = spare_skins(self.exploration.every, state.skin)
            group.setCheckState(_tick(names - spare or names, state.hidden))
        self._following = False
        self.restore_button.setText(self.exploration.restore_words())
        self.restore_button.setToolTip(self.exploration.known.say("restore_tip"))
        self.restore_button.setEnabled(not self.exploration.at_start())
        self._renew_buttons()

    def _renew_selection(self) -> None:
        """The highlighted row, from the state."""
        self._following = True
        selected = self.exploration.state.selected
        row = self._rows.get(selected) if selected else None
        if row is None:
            self.tree.clearSelection()
        else:
            self.tree.setCurrentIndex(row.index())
            self.tree.scrollTo(row.index())
        self._following = False
        self._renew_buttons()

    def _renew_buttons(self) -> None:
        names = self._under(self._chosen())
        for button in (self.hide_button, self.fade_button, self.isolate_button):
            button.setEnabled(bool(names))
        state = self.exploration.state
        all_hidden, all_faded = names <= state.hidden, names <= state.faded
        show, solid = bool(names) and all_hidden, bool(names) and all_faded
        colour = self.palette().color(QPalette.ColorRole.ButtonText)
        self.hide_button.setText("Show" if show else "Hide")
        self.hide_button.setIcon(icon("show" if show else "hide", colour))
        self.hide_button.setToolTip("Show what is selected" if show else "Hide what is selected")
        self.fade_button.setText("Solid" if solid else "Fade")
        self.fade_button.setIcon(icon("fade", colour))
        self.fade_button.setToolTip(
            "Make what is selected solid again" if solid else "See through what is selected"
        )
        self.isolate_button.setIcon(icon("isolate", colour))
        self.restore_button.setIcon(icon("restore", colour))

    def _groups(self) -> Iterator[QStandardItem]:
        for number in range(self.model.rowCount()):
            group = self.model.item(number)
            yield group
            for row in range(group.rowCount()):
                if group.child(row).hasChildren():
                    yield group.child(row)

    def _under(self, row: QStandardItem | None) -> frozenset[str]:
        """The entry of a row, or all entries of a group."""
        if row is None:
            return frozenset()
        name = row.data(ID_ROLE)
        if name:
            return frozenset({name})
        return frozenset().union(*(self._under(row.child(k)) for k in range(row.rowCount())))

    def _chosen(self) -> QStandardItem | None:
        """The highlighted row."""
        chosen = self.tree.selectionModel().selectedIndexes()
        return self.model.itemFromIndex(chosen[0]) if chosen else None

    # Following and speaking -----------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        if before.against != after.against and self._rows.keys() != self.exploration.every.keys():
            self.rebuild()
        elif before.hidden != after.hidden or before.faded != after.faded:
            self._renew_states()
        if before.selected != after.selected:
            self._renew_selection()

    def _picked(self) -> None:
        if self._following:
            return
        row = self._chosen()
        if row is None:
            self.exploration.select(None)
        elif row.data(ID_ROLE):
            self.exploration.select(row.data(ID_ROLE))
        self._renew_buttons()

    def _ticked(self, row: QStandardItem) -> None:
        if self._following:
            return
        self._set_shown(row, shown=row.checkState() == Qt.CheckState.Checked)
        self._renew_states()

    def _visit(self, index: QModelIndex) -> None:
        name = index.data(ID_ROLE)
        if name:
            self.exploration.visit(name)
        else:
            self.tree.setExpanded(index, not self.tree.isExpanded(index))

    def _set_shown(self, row: QStandardItem, *, shown: bool) -> None:
        do, names = self.exploration, self._under(row)
        name = row.data(ID_ROLE)
        if name:
            (do.show if shown else do.hide)(name)
        elif shown:
            do.set_hidden(do.state.hidden - names, f"Show {_called(row)}")
        else:
            do.set_hidden(do.state.hidden | names, f"Hide {_called(row)}")

    def _hide(self, row: QStandardItem | None = None) -> None:
        row = row or self._chosen()
        if row is not None:
            self._set_shown(row, shown=self._under(row) <= self.exploration.state.hidden)

    def _fade(self, row: QStandardItem | None = None) -> None:
        row = row or self._chosen()
        if row is None:
            return
        do, names = self.exploration, self._under(row)
        faded = not names <= do.state.faded
        name = row.data(ID_ROLE)
        if name:
            do.fade(name, faded=faded)
        elif faded:
            do.apply(f"Fade {_called(row)}", faded=do.state.faded | names)
        else:
            do.apply(f"Make solid {_called(row)}", faded=do.state.faded - names)

    def _isolate(self, row: QStandardItem | None = None) -> None:
        row = row or self._chosen()
        if row is None:
            return
        do, names = self.exploration, self._under(row)
        name = row.data(ID_ROLE)
        if name:
            do.isolate(name)
        else:
            keep = names | {do.every[one].moves_with for one in names}
            do.set_hidden(frozenset(do.every) - keep, f"Show only {_called(row)}")

    def menu_of(self, row: QStandardItem | None) -> QMenu:
        """The menu of a row: the buttons' commands for it, whether or not it is selected."""
        menu = QMenu(self)
        colour = self.palette().color(QPalette.ColorRole.Text)
        state = self.exploration.state
        if row is not None:
            names = self._under(row)
            show, solid = names <= state.hidden, names <= state.faded
            if row.data(ID_ROLE):
                go = menu.addAction(icon("search", colour), "Go there")
                go.triggered.connect(lambda: self._visit(row.index()))
                menu.addSeparator()
            for word, sign, run in (
                ("Show", "show", self._hide) if show else ("Hide", "hide", self._hide),
                ("Make solid" if solid else "Fade", "fade", self._fade),
                ("Isolate", "isolate", self._isolate),
            ):
                action = menu.addAction(icon(sign, colour), word)
                action.triggered.connect(lambda _checked=False, run=run: run(row))
            menu.addSeparator()
        restore = menu.addAction(icon("restore", colour), self.restore_button.text())
        restore.setEnabled(self.restore_button.isEnabled())
        restore.triggered.connect(self.exploration.restore_hidden)
        return menu

    def _open_menu(self, index: QModelIndex, place: QPoint) -> None:
        menu = self.menu_of(self.model.itemFromIndex(index))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def changeEvent(self, event: QEvent) -> None:
        """Other colours when the system turns dark or light."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "restore_button"):
            self._renew_states()


def _group(title: str, count: int) -> QStandardItem:
    row = QStandardItem(title)
    row.setEditable(False)
    row.setCheckable(True)
    row.setData(str(count), QUIET_ROLE)
    row.setData(f"{title}, {count}", Qt.ItemDataRole.AccessibleTextRole)
    return row


def _called(row: QStandardItem) -> str:
    """A group in the words of the undo list."""
    above = row.parent()
    title = row.text().lower()
    if row.text() in MUSCLE_LAYERS.values():
        return f"{title} muscles"
    return f"{above.text().lower()} of the {title}" if above else title


def _tick(names: frozenset[str], hidden: frozenset[str]) -> Qt.CheckState:
    away = len(names & hidden)
    if away == 0:
        return Qt.CheckState.Checked
    return Qt.CheckState.Unchecked if away == len(names) else Qt.CheckState.PartiallyChecked
