"""Two pelves side by side in the real window: chosen, clicked, turned together, measured, ended."""

import gc
import weakref

import numpy as np
import pytest
from helpers import settle
from pelves import sampled_pack
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication

from siexplorer.app import packs as packs_dialog
from siexplorer.app.measures import MeasuresPanel
from siexplorer.app.packs import PacksDialog
from siexplorer.app.window import MainWindow
from siexplorer.packs.pack import BUILT_IN, Pack


@pytest.fixture(autouse=True)
def unprepared(monkeypatch):
    """Tying all soft tissue takes seconds of another thread; these tests need none of it."""
    monkeypatch.setattr(MainWindow, "_make_ready", lambda self: self.prepared.emit())


@pytest.fixture(scope="module")
def another(pack: Pack) -> Pack:
    return sampled_pack(pack, [0.0, 2.0])


@pytest.fixture
def two(window, qtbot, another):
    window.exploration.forget_history()
    window.compare_with(another)
    qtbot.waitUntil(lambda: window.stage.second is not None, timeout=10_000)
    settle(qtbot)
    return window


def pixel(view, place) -> QPoint:
    x, y, _ = view.pelvis.to_pixels(np.asarray(place, dtype=float)[None])[0]
    ratio, height = view.devicePixelRatioF(), view.render_window.GetSize()[1]
    return QPoint(round(x / ratio), round((height - 1 - y) / ratio))


def said(view) -> str:
    return " ".join(view.pelvis.overlay._captions)


def test_a_click_in_either_selects_in_both_and_a_turn_turns_both(two, qtbot):
    do, first, second = two.exploration, two.view, two.stage.second
    do.set_preset("bones")
    settle(qtbot)
    for view, name in ((second, "left-psis"), (first, "right-psis"), (second, "sacral-apex")):
        place = view.exploration.items[name].points[0]
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=pixel(view, place))
        settle(qtbot)
        assert do.state.selected == second.exploration.state.selected == name
        # Labelled in both pictures, ringed where each has it.
        for one in (first, second):
            overlay = one.pelvis.overlay
            ids = [overlay._names.get(text) for _, text, _ in overlay._labels]
            assert ids[0] == name
            assert np.allclose(overlay._labels[0][0], one.exploration.items[name].points[0])
            assert {side for side, _ in overlay.boxes} >= {"left", "right"}
    assert "apex" in two.card.text.toPlainText()

    # Both are looked at from the same place, and as large.
    assert first.height() == second.height()
    second.turn(35.0, 12.0)
    assert second.pelvis.camera() == first.pelvis.camera()
    first.come_closer(1.4)
    assert second.pelvis.camera() == first.pelvis.camera()
    do.look("left")
    settle(qtbot)
    assert second.pelvis.camera() == first.pelvis.camera()
    # 10 mm are as many pixels.
    rule = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 10.0]])
    lengths = [np.diff(view.pelvis.to_pixels(rule)[:, 1])[0] for view in (first, second)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-6)


def test_titles_table_and_what_is_lacking(two, qtbot):
    do, stage = two.exploration, two.stage
    assert stage.head.name.text().startswith("SI atlas")
    assert stage.second_head.name.text() == "Another pelvis"
    assert "one person" in stage.second_head.shown.text()
    panel = two.findChild(MeasuresPanel)
    assert panel.isVisible()
    table = panel.table
    assert table.horizontalHeaderItem(0).text() == "ASIS to ASIS"
    values = [table.item(row, 0).text() for row in range(3)]
    assert values[0] == "230 mm"
    assert values[2].startswith("+")
    assert "neither is the normal one" in panel.words.text()
    assert "Another pelvis" in panel.words.text()
    # Every row can be seen.
    assert table.visualItemRect(table.item(2, 0)).bottom() <= table.viewport().height()

    do.set_preset("superficial-muscles")
    do.select("left-gluteus-maximus")
    settle(qtbot)
    assert "Not in this pelvis: Left gluteus maximus" in said(stage.second)
    do.select(None)
    settle(qtbot)
    assert "muscles" in said(stage.second)
    assert "Not in this pelvis" not in said(two.view)
    assert "Nobody" in said(stage.second)
    do.set_movement("left-ilium-flexion")
    settle(qtbot)
    assert not panel.isVisible()
    assert stage.second.exploration.state.movement == "left-ilium-flexion"
    picture = stage.picture()
    assert picture.shape[1] > 1.9 * two.view.picture().shape[1]


def test_it_ends_by_esc_by_its_button_by_key_and_by_undo(two, qtbot):
    do, stage = two.exploration, two.stage
    do.select("sacrum")
    settle(qtbot)
    # Esc clears the selection first.
    qtbot.keyClick(stage.second, Qt.Key.Key_Escape)
    assert (do.state.selected, do.state.compared) == (None, True)
    gone = [weakref.ref(one) for one in (stage.second, stage.mirror)]
    qtbot.keyClick(stage.second, Qt.Key.Key_Escape)
    assert stage.second is None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert [one() for one in gone] == [None, None]
    assert not two.findChild(MeasuresPanel).isVisible()
    settle(qtbot)
    assert two.view.width() > 0.95 * stage.width()
    for end in (
        lambda: qtbot.mouseClick(stage.second_head.close_button, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(two.view, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier),
        two.commands["mode-ball"].trigger,
    ):
        do.undo()
        qtbot.waitUntil(lambda: stage.second is not None, timeout=10_000)
        settle(qtbot)
        end()
        assert stage.second is None
    while do.undo_label is not None:
        do.undo()
    assert not do.state.compared
    assert stage.second is None


def test_a_pelvis_is_chosen_from_the_menu(window, qtbot, pack, another, monkeypatch):
    do = window.exploration
    monkeypatch.setattr(packs_dialog.fetch, "open_pack", lambda name, cache=None: pack)
    window.use_pack(another)
    window.view.animate = False
    settle(qtbot)
    window.commands["compare-pelves"].trigger()
    dialog = window.findChild(PacksDialog)
    assert dialog.chosen() == BUILT_IN
    assert "Compare" in dialog.windowTitle()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.stage.second is not None, timeout=10_000)
    settle(qtbot)
    assert do.state.against == BUILT_IN
    # The list has what only the second has, and a tick in it counts there.
    second = window.stage.second
    do.set_preset("bones")
    do.show("left-piriformis")
    settle(qtbot)
    assert "left-piriformis" in window.layers._rows
    assert "left-piriformis" in second.pelvis.surfaces.shown(second.exploration.state)
    assert "muscle" in said(window.view)
    window.compare_with(sampled(pack))
    qtbot.waitUntil(lambda: window.stage.second not in (None, second), timeout=10_000)
    settle(qtbot)
    assert window.stage.second.exploration.pack is do.other.pack


def sampled(pack: Pack) -> Pack:
    return sampled_pack(pack, [0.0, -2.0])
