"""Another pelvis in the real window: the dialog fetches and uses it, and its bones are clicked."""

from pathlib import Path

import numpy as np
import pytest
from helpers import at_pixel, settle
from packs_server import REAL, serving, small_pack
from PySide6.QtCore import Qt
from scipy.spatial import cKDTree

from siexplorer.app.packs import PacksDialog
from siexplorer.packs import fetch
from siexplorer.packs.catalog import read_catalog
from siexplorer.packs.pack import BUILT_IN


@pytest.fixture
def small(pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "mirror"
    made = small_pack(pack, folder)
    monkeypatch.setattr(fetch, "packs_folder", lambda: tmp_path / "data" / "packs")
    monkeypatch.setattr(fetch, "read_catalog", lambda: {"small": made})
    with serving(folder) as server:
        monkeypatch.setenv(fetch.MIRROR, server.address)
        yield server


def choose(dialog: PacksDialog, name: str) -> None:
    for number in range(dialog.list.topLevelItemCount()):
        item = dialog.list.topLevelItem(number)
        if item.data(0, Qt.ItemDataRole.UserRole) == name:
            dialog.list.setCurrentItem(item)
    assert dialog.chosen() == name


def test_a_pack_is_fetched_used_clicked_and_left_again(window, qtbot, small) -> None:
    do = window.exploration
    window.commands["packs"].trigger()
    dialog = window.findChild(PacksDialog)
    choose(dialog, "small")
    # The licence is read before anything is fetched.
    assert "CC0-1.0" in dialog.text.toPlainText()
    assert "Nobody." in dialog.text.toPlainText()
    assert not small.asked
    assert dialog.download.isEnabled()
    assert not dialog.use.isEnabled()

    small.misbehave("slow", 100)
    dialog.download.click()
    qtbot.waitUntil(lambda: bool(small.asked), timeout=10_000)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialog.task is None, timeout=10_000)
    assert "Cancelled" in dialog.said.text()
    small.misbehave("missing", 1)
    dialog.download.click()
    qtbot.waitUntil(lambda: dialog.task is None, timeout=10_000)
    assert "404" in dialog.said.text()
    dialog.download.click()
    qtbot.waitUntil(lambda: dialog.task is None, timeout=60_000)
    assert "is here now" in dialog.said.text()
    dialog.verify.click()
    qtbot.waitUntil(lambda: dialog.task is None, timeout=10_000)
    assert "every byte" in dialog.said.text()

    do.select("left-psis")
    first = window.view
    dialog.use.click()
    qtbot.waitUntil(lambda: dialog.task is None, timeout=60_000)
    assert do.pack.info.id == "small"
    assert window.view is not first
    assert "left-piriformis" not in do.items
    assert "nothing but bones" in dialog.text.toPlainText()
    dialog.remove.click()
    assert "in use" in dialog.said.text()
    dialog.close()
    assert do.state.selected == "left-psis"
    assert "CC0-1.0" in window._pack_label.text()

    window.view.animate = False
    do.look("left")
    settle(qtbot, 10)
    place = do.items["left-hip-bone"].anchor
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at_pixel(window, "", place))
    settle(qtbot)
    assert do.state.selected == "left-hip-bone"
    assert "Left hip bone" in window.card.text.toPlainText()
    assert "Nobody." in window.card.text.toPlainText()

    do.set_mode("ball")
    settle(qtbot)
    assert "skin" in window.ball.reason.text()
    do.set_mode("move")
    settle(qtbot)

    window.show_packs()
    dialog = window.findChildren(PacksDialog)[-1]
    choose(dialog, BUILT_IN)
    dialog.use.click()
    qtbot.waitUntil(lambda: dialog.task is None, timeout=60_000)
    choose(dialog, "small")
    dialog.remove.click()
    assert "removed" in dialog.said.text()
    dialog.close()
    assert do.pack.info.id == BUILT_IN
    assert "left-piriformis" in do.items
    assert not window._pack_label.isVisible()
    # Nothing of the old map's fault is left.
    assert not window.ball.fault


@pytest.mark.skipif(not REAL.is_dir(), reason="the real packs are not beside this checkout")
def test_every_bone_and_muscle_of_the_real_packs_is_clicked_for_its_card(
    window, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "packs_folder", lambda: tmp_path / "packs")
    monkeypatch.setenv(fetch.MIRROR, str(REAL))
    do = window.exploration
    for name in read_catalog():
        fetch.fetch(name)
        window.use_pack(fetch.open_pack(name))
        window.view.animate = False
        settle(qtbot, 15)
        # A faded skin lets clicks through.
        solid = [n for n, item in do.items.items() if item.surfaces and not n.startswith("skin")]
        for one in solid:
            do.select(None)
            do.set_hidden(frozenset(do.items) - {one}, "Alone")
            do.look(do.known.entries[one].view)
            settle(qtbot, 2)
            point = facing(window, one)
            qtbot.mouseClick(
                window.view, Qt.MouseButton.LeftButton, pos=at_pixel(window, "", point)
            )
            settle(qtbot, 1)
            assert do.state.selected == one, (name, one)
            card = window.card.text.toPlainText()
            assert do.known.entries[one].name in card
            assert do.pack.info.attribution in card


def facing(window, name: str) -> np.ndarray:
    """The middle of the triangle that lies furthest from the edge of what is seen of a thing."""
    parts = [window.exploration.pack.surfaces[s].surface for s in
             window.exploration.items[name].surfaces]  # fmt: skip
    middles = np.concatenate([part.vertices[part.faces].mean(axis=1) for part in parts])
    x, y, _ = window.view.pelvis.to_pixels(middles).T
    wide, high = window.view.render_window.GetSize()
    inside = (x > 60) & (x < wide - 60) & (y > 120) & (y < high - 60)
    middles, places = middles[inside], np.column_stack([x, y])[inside]
    # In the thickest of it there are the most triangles round about.
    near = cKDTree(places).query_ball_point(places, 6.0, return_length=True)
    return middles[np.argmax(near)]
