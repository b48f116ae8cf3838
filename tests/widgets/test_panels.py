import gc
import weakref

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QStandardItem
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from siexplorer.app.icons import icon, names
from siexplorer.app.layers import GROUPS, LayersPanel
from siexplorer.app.looks import LooksPanel
from siexplorer.app.searchbox import SearchPanel
from siexplorer.app.section import SectionPanel
from siexplorer.exploration.exploration import Exploration


@pytest.fixture
def layers(qtbot: QtBot, exploration: Exploration) -> LayersPanel:
    panel = LayersPanel(exploration)
    qtbot.addWidget(panel)
    panel.resize(300, 1600)
    panel.show()
    return panel


@pytest.fixture
def search(qtbot: QtBot, exploration: Exploration) -> SearchPanel:
    panel = SearchPanel(exploration)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def row(panel: LayersPanel, *path: str) -> QStandardItem:
    """The row with these words, from the top of the tree down."""
    found = panel.model.invisibleRootItem()
    for word in path:
        found = next(
            found.child(k) for k in range(found.rowCount()) if found.child(k).text() == word
        )
    return found


def box_of(panel: LayersPanel, item: QStandardItem) -> QPoint:
    """The middle of a row's box, in the tree's viewport."""
    tree = panel.tree
    option = QStyleOptionViewItem()
    tree.initViewItemOption(option)
    option.rect = tree.visualRect(item.index())
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    box: QRect = tree.style().subElementRect(
        QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, tree
    )
    return box.center()


def highlighted(panel: LayersPanel) -> list[str]:
    return [index.data() for index in panel.tree.selectionModel().selectedIndexes()]


def settle() -> None:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


# Search -------------------------------------------------------------------------------------------


def test_search_then_enter_selects_and_shows_what_was_hidden(
    qtbot: QtBot, search: SearchPanel, exploration: Exploration
) -> None:
    exploration.hide("left-ischial-tuberosity")
    qtbot.keyClicks(search.edit, "sit bone left")
    qtbot.keyClick(search.edit, Qt.Key.Key_Return)
    assert exploration.state.selected == "left-ischial-tuberosity"
    assert exploration.visible("left-ischial-tuberosity")
    assert search.edit.selectedText() == "sit bone left"


def test_search_waits_for_a_pause_and_lists_only_while_there_is_text(
    qtbot: QtBot, search: SearchPanel
) -> None:
    qtbot.keyClicks(search.edit, "dimples")
    assert not search.results.isVisible()
    qtbot.waitUntil(search.results.isVisible, timeout=1000)
    assert search.results.item(0).text() == "Left dimple of Venus"
    qtbot.keyClick(search.edit, Qt.Key.Key_Escape)
    assert search.edit.text() == ""
    assert not search.results.isVisible()


def test_search_arrows_move_and_a_click_goes(
    qtbot: QtBot, search: SearchPanel, exploration: Exploration
) -> None:
    qtbot.keyClicks(search.edit, "psis")
    qtbot.keyClick(search.edit, Qt.Key.Key_Down)
    assert search.results.currentItem().text().startswith("Right posterior superior")
    qtbot.keyClick(search.edit, Qt.Key.Key_Up)
    qtbot.keyClick(search.edit, Qt.Key.Key_Return)
    assert exploration.state.selected == "left-psis"
    place = search.results.visualItemRect(search.results.item(1)).center()
    qtbot.mouseClick(search.results.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert exploration.state.selected == "right-psis"


def test_search_says_what_it_matched_and_when_nothing_fits(search: SearchPanel) -> None:
    search.edit.setText("hip pointer")
    search.search_now()
    heard = search.results.item(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "landmark" in heard
    search.edit.setText("xyzzy<b>")
    search.search_now()
    assert not search.results.isVisible()
    assert search.nothing.isVisible()
    assert "“xyzzy<b>”" in search.nothing.text()


def test_esc_is_kept_from_the_window_only_while_there_is_text(
    qtbot: QtBot, search: SearchPanel
) -> None:
    def wants_esc() -> bool:
        event = QKeyEvent(
            QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier
        )
        event.ignore()
        QApplication.sendEvent(search.edit, event)
        return event.isAccepted()

    assert not wants_esc()
    search.edit.setText("psis")
    assert wants_esc()


# Layers -------------------------------------------------------------------------------------------


def test_every_item_has_a_row_and_landmarks_stand_under_their_bone(
    layers: LayersPanel, exploration: Exploration
) -> None:
    assert set(layers._rows) == set(exploration.items)
    groups = [layers.model.item(k).text() for k in range(layers.model.rowCount())]
    assert groups == [word for word in GROUPS.values() if word in groups]
    assert {"Bones", "Muscles", "Landmarks"} <= set(groups)
    for path in (
        ("Landmarks", "Hip bone", "Left PSIS"),
        ("Landmarks", "Sacrum", "Sacral apex"),
        ("Landmarks", "Coccyx", "Tip of the coccyx"),
        ("Landmarks", "Femur", "Right greater trochanter"),
    ):
        assert row(layers, *path).parent().text() == path[1]


def test_hide_and_restore_from_the_buttons_and_undo(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    assert not layers.restore_button.isEnabled()
    assert not layers.hide_button.isEnabled()
    exploration.select("sacrum")
    qtbot.mouseClick(layers.hide_button, Qt.MouseButton.LeftButton)
    assert exploration.changed_by_hand() == {"sacrum"}
    assert row(layers, "Bones", "Sacrum").checkState() == Qt.CheckState.Unchecked
    assert row(layers, "Bones").checkState() == Qt.CheckState.PartiallyChecked
    assert layers.restore_button.text() == "Restore (1)"
    qtbot.mouseClick(layers.restore_button, Qt.MouseButton.LeftButton)
    assert exploration.at_start()
    assert not layers.restore_button.isEnabled()
    exploration.undo()
    assert layers.restore_button.text() == "Restore (1)"
    exploration.undo()
    assert row(layers, "Bones").checkState() == Qt.CheckState.Checked
    assert highlighted(layers) == ["Sacrum"]


def test_selection_goes_both_ways_with_one_step_each(
    layers: LayersPanel, exploration: Exploration
) -> None:
    steps: list[str] = []

    def note(change: object) -> None:
        steps.append(change.label)  # type: ignore[attr-defined]

    exploration.changed.connect(note)
    exploration.select("left-greater-trochanter")
    assert highlighted(layers) == ["Left greater trochanter"]
    layers.tree.setCurrentIndex(row(layers, "Bones", "Coccyx").index())
    assert exploration.state.selected == "coccyx"
    exploration.undo()
    assert highlighted(layers) == ["Left greater trochanter"]
    exploration.select(None)
    assert highlighted(layers) == []
    assert len(steps) == 4


def test_a_group_is_one_undo_step(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    bones = {name for name, item in exploration.items.items() if item.entry.kind == "bone"}
    exploration.hide("left-femur")
    group = row(layers, "Bones")
    qtbot.mouseClick(layers.tree.viewport(), Qt.MouseButton.LeftButton, pos=box_of(layers, group))
    assert exploration.at_start()
    qtbot.mouseClick(layers.tree.viewport(), Qt.MouseButton.LeftButton, pos=box_of(layers, group))
    assert exploration.state.hidden >= bones
    assert exploration.undo() == "Hide bones"
    assert exploration.undo() == "Show bones"
    assert exploration.state.hidden & bones == {"left-femur"}
    assert group.checkState() == Qt.CheckState.PartiallyChecked


def test_a_click_on_a_box_shows_and_hides_without_selecting(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    place = box_of(layers, row(layers, "Bones", "Sacrum"))
    for hidden in ({"sacrum"}, set()):
        qtbot.mouseClick(layers.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert exploration.changed_by_hand() == hidden
        assert exploration.state.selected is None
    qtbot.mouseDClick(layers.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert exploration.state.selected is None


def test_a_right_click_leaves_a_hidden_row_hidden(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    exploration.hide("sacrum")
    place = layers.tree.visualRect(row(layers, "Bones", "Sacrum").index()).center()
    qtbot.mouseClick(layers.tree.viewport(), Qt.MouseButton.RightButton, pos=place)
    assert exploration.changed_by_hand() == {"sacrum"}


def test_fade_and_isolate_an_entry_and_a_group(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    exploration.select("left-iliacus")
    qtbot.mouseClick(layers.fade_button, Qt.MouseButton.LeftButton)
    faded = row(layers, "Muscles", "Middle", "Left iliacus (faded)")
    assert not faded.icon().isNull()
    assert layers.fade_button.text() == "Solid"
    qtbot.mouseClick(layers.isolate_button, Qt.MouseButton.LeftButton)
    assert exploration.visible("left-iliacus")
    assert not exploration.visible("coccyx")
    exploration.restore_hidden()
    exploration.select("left-iliacus")
    layers.tree.setCurrentIndex(row(layers, "Bones").index())
    assert exploration.state.selected == "left-iliacus"
    qtbot.mouseClick(layers.isolate_button, Qt.MouseButton.LeftButton)
    shown = set(exploration.items) - exploration.state.hidden
    assert {exploration.items[name].entry.kind for name in shown} == {"bone"}


def test_enter_and_double_click_visit(
    qtbot: QtBot, layers: LayersPanel, exploration: Exploration
) -> None:
    place = row(layers, "Bones", "Left femur").index()
    layers.tree.setCurrentIndex(place)
    exploration.look("top")
    qtbot.keyClick(layers.tree, Qt.Key.Key_Return)
    view = exploration.known.entries["left-femur"].view
    assert exploration.state.view == view != "top"
    exploration.look("top")
    qtbot.mouseDClick(
        layers.tree.viewport(),
        Qt.MouseButton.LeftButton,
        pos=layers.tree.visualRect(place).center(),
    )
    assert exploration.state.view == view


def test_the_menu_of_a_hidden_row_shows_it(layers: LayersPanel, exploration: Exploration) -> None:
    exploration.hide("coccyx")
    actions = {a.text(): a for a in layers.menu_of(row(layers, "Bones", "Coccyx")).actions()}
    assert actions["Restore (1)"].isEnabled()
    actions["Show"].trigger()
    assert exploration.visible("coccyx")


def test_rows_arrive_with_the_pelvis(qtbot: QtBot, exploration: Exploration) -> None:
    late = Exploration(exploration.known)
    panel = LayersPanel(late)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.empty.isVisible()
    late.load(exploration.known, exploration.pack)
    assert not panel.empty.isVisible()
    assert set(panel._rows) == set(late.items)
    late.select("sacrum")
    late.load(exploration.known, exploration.pack)
    assert late.state.selected == "sacrum"
    assert highlighted(panel) == ["Sacrum"]


@pytest.mark.parametrize("kind", [LayersPanel, LooksPanel, SearchPanel, SectionPanel])
def test_a_panel_goes_away_and_the_exploration_lives_on(
    qtbot: QtBot, exploration: Exploration, kind: type[QWidget]
) -> None:
    panel = kind(exploration)  # type: ignore[call-arg]
    gone = weakref.ref(panel)
    panel.deleteLater()
    settle()
    exploration.hide("sacrum")
    exploration.load(exploration.known, exploration.pack)
    assert len(exploration.changed) == 0
    assert len(exploration.loaded) == 0
    del panel
    settle()
    assert gone() is None


# Icons --------------------------------------------------------------------------------------------


@pytest.fixture
def all_icons(qtbot: QtBot) -> dict[str, QIcon]:
    return {name: icon(name, QColor("#204060")) for name in names()}


def test_icons_are_drawn_in_their_colour_and_differ_when_disabled(
    all_icons: dict[str, QIcon],
) -> None:
    for name, one in all_icons.items():
        image = one.pixmap(20, QIcon.Mode.Normal).toImage()
        colours = [
            image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())
        ]
        strongest = max(colours, key=lambda colour: colour.alpha())
        assert strongest.alpha() > 200, name
        assert abs(strongest.blue() - 0x60) < 6, name
        assert one.pixmap(20, QIcon.Mode.Disabled).toImage() != image, name


def test_an_unknown_icon_is_an_error(qtbot: QtBot) -> None:
    with pytest.raises(KeyError, match="no-such-icon"):
        icon("no-such-icon", QColor("black"))


def test_calls_that_return_nothing_keep_none_alive() -> None:
    """PySide6 6.12.0 lost a reference to None in each; on Python 3.11 that ends in a crash."""
    import sys

    from PySide6.QtGui import QColor

    colour, before = QColor("red"), sys.getrefcount(None)
    for _ in range(500):
        colour.setAlpha(5)
    assert sys.getrefcount(None) > before - 100
