"""A mesh of one's own in the real window: opened, asked about, explored, its landmarks moved."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bad_meshes import cube, stl_bytes
from helpers import at_pixel, dragged_to, settle
from ownmesh import TO_BODY, opened_like
from pelves import joined, made_up
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from siexplorer.app import dialogs, opening
from siexplorer.app.opening import OpenDialog
from siexplorer.packs import corrections
from siexplorer.packs.corrections import kept
from siexplorer.packs.opened import placed, write_opened
from siexplorer.packs.pack import read_shape

LONGEST_S = 0.3
"""So long at most the window may not answer (an idle machine: 0.1)."""

PELVIS_AND_THIGHS = ("left-hip-bone", "right-hip-bone", "sacrum", "left-femur", "right-femur")

CHILD = """
import pathlib, shutil, sys, time
words = sys.argv[1:]
with open({log!r}, "a") as file:
    print(words, file=file)
print("reading", flush=True)
time.sleep({wait})
shutil.copy({ready!r}, words[words.index("--into") + 1])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(corrections, "corrections_folder", lambda: tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def quick(pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What opening brings, at once or after a while; returns the words that were asked with."""
    ready, log = tmp_path / "ready.npz", tmp_path / "log"
    write_opened(opened_like(pack), ready)

    def set_up(wait: float = 0.0):
        script = tmp_path / "child.py"
        script.write_text(CHILD.format(log=str(log), wait=wait, ready=str(ready)))
        monkeypatch.setattr(opening, "COMMAND", [sys.executable, str(script)])
        return lambda: log.read_text().splitlines() if log.exists() else []

    return set_up


def dialog_of(window, qtbot) -> OpenDialog:
    qtbot.waitUntil(lambda: window.findChild(OpenDialog) is not None, timeout=5000)
    return window.findChild(OpenDialog)


def done(dialog: OpenDialog, qtbot, seconds: float = 120) -> None:
    qtbot.waitUntil(lambda: not dialog.running, timeout=round(seconds * 1000))


def test_a_mesh_is_opened_by_the_menu_while_the_window_answers(
    window, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.stl"
    scan = made_up(read_shape(), 7, triangles=200_000, noise_mm=0.3, bones=PELVIS_AND_THIGHS)
    path.write_bytes(stl_bytes(joined([part for _, part in scan.parts])))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))
    # What the window itself gets ready after its start is over first.
    qtbot.waitUntil(lambda: window._preparing is not None, timeout=10_000)
    window._preparing.join()
    ticks = [time.perf_counter()]
    timer = QTimer(window)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(5)
    # How long this machine lets the window wait when nothing is worked on.
    qtbot.wait(1000)
    usual = max(np.diff(ticks))
    del ticks[:-1]
    window.commands["open-mesh"].trigger()
    dialog, said = dialog_of(window, qtbot), set()
    while dialog.running:
        QApplication.processEvents()
        time.sleep(0.002)
        said.add(dialog.said.text())
    timer.stop()
    assert max(np.diff(ticks)) < max(LONGEST_S, 3 * usual)
    assert len(said) >= 5
    text = dialog.text.toPlainText()
    assert "Left femur" in text
    assert "cannot be told from shape" in text
    # Left and right are asked for, and nothing is taken for granted.
    assert not dialog.use.isEnabled()
    assert not any(button.isChecked() for button in dialog.choices.values())
    qtbot.mouseClick(dialog.choices[None], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    window.view.animate = False
    settle(qtbot, 10)
    do = window.exploration
    assert do.pack.own.bones
    assert "may be a mirror image" in window._pack_label.text()
    captions = " ".join(window.view.pelvis.overlay._captions)
    assert "may be a mirror image" in captions
    assert "scan.stl" not in captions
    do.visit("left-psis")
    settle(qtbot)
    assert "% sure" in window.card.text.toPlainText()
    assert not list(tmp_path.glob("data/*"))


def test_dropped_files_are_opened_and_a_mirror_image_is_turned_over(
    window, qtbot, tmp_path: Path, quick
) -> None:
    asked = quick()
    files = [tmp_path / name for name in ("left hip.stl", "right hip.stl")]
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in files])
    place, copy = QPoint(600, 400), Qt.DropAction.CopyAction
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, copy, mime, button, key)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), copy, mime, button, key))
    dialog = dialog_of(window, qtbot)
    done(dialog, qtbot)
    assert all(str(path) in asked()[0] for path in files)
    assert "--mirrored" not in asked()[0]
    qtbot.mouseClick(dialog.choices[True], Qt.MouseButton.LeftButton)
    assert dialog.running
    done(dialog, qtbot)
    assert "--mirrored" in asked()[1]
    assert dialog.use.isEnabled()
    dialog.units.setCurrentIndex(dialog.units.findData("cm"))
    dialog.units.activated.emit(dialog.units.currentIndex())
    done(dialog, qtbot)
    assert "'--unit', 'cm'" in asked()[2]
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    settle(qtbot)
    assert window.exploration.pack.own is None


def test_something_from_the_network_is_not_opened(
    window, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    monkeypatch.setattr(dialogs, "show_problem", lambda _parent, words, *_: said.extend(words))
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/scan.stl")])
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place, copy = QPoint(600, 400), Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(place, copy, mime, button, key))
    QApplication.sendEvent(window, QDropEvent(QPointF(place), copy, mime, button, key))
    assert "on this computer" in said[0]
    assert window.findChild(OpenDialog) is None


def test_cancel_ends_the_work_and_leaves_nothing(window, qtbot, tmp_path: Path, quick) -> None:
    quick(60.0)
    window.own.open([tmp_path / "scan.stl"])
    dialog = dialog_of(window, qtbot)
    qtbot.waitUntil(lambda: dialog._process.processId() != 0, timeout=10_000)
    process, left = dialog._process, Path(dialog._folder.name)
    assert left.is_dir()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert process.state() == process.ProcessState.NotRunning
    assert not left.exists()
    settle(qtbot)
    assert window.exploration.pack.own is None


def test_a_cube_is_refused_in_one_sentence(window, qtbot, tmp_path: Path) -> None:
    path = tmp_path / "cube.stl"
    path.write_bytes(stl_bytes(cube()))
    window.own.open([path])
    dialog = dialog_of(window, qtbot)
    done(dialog, qtbot)
    assert dialog.said.text().startswith("cube.stl: ")
    assert dialog.said.text().endswith(".")
    assert not dialog.use.isVisible()
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    settle(qtbot)
    assert window.findChild(OpenDialog) is None


def test_a_landmark_is_dragged_nudged_undone_reset_and_kept(
    window, qtbot, pack, tmp_path: Path
) -> None:
    opened = opened_like(pack)
    window.own.use(opened)
    window.view.animate = False
    do, digest, name = window.exploration, opened.pack.own.digest, "left-asis"
    do.visit(name)
    do.look("front")
    settle(qtbot, 10)
    assert window.card.correct.isVisible()
    qtbot.mouseClick(window.card.correct, Qt.MouseButton.LeftButton)
    settle(qtbot)
    assert do.correcting.name == name
    assert window.correcting.isVisible()
    found = do.items[name].points[0].copy()

    # The real mouse takes hold of the point, and it stays on the bone.
    start = at_pixel(window, name)
    goal = start + QPoint(-14, 12)
    qtbot.mousePress(window.view, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.4, 0.7, 1.0):
        QApplication.sendEvent(window.view, dragged_to(start + (goal - start) * share))
        settle(qtbot, 2)
    qtbot.mouseRelease(window.view, Qt.MouseButton.LeftButton, pos=goal)
    settle(qtbot)
    dragged = do.items[name].points[0].copy()
    assert 3.0 < np.linalg.norm(dragged - found) < 25.0
    assert (at_pixel(window, name) - goal).manhattanLength() <= 3
    assert do.state.camera is None
    assert "from where it was found" in window.correcting.moved.text()

    window.view.setFocus()
    qtbot.keyClick(window.view, Qt.Key.Key_Up)
    qtbot.keyClick(window.view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    nudged = do.items[name].points[0].copy()
    assert 3.0 < np.linalg.norm(nudged - dragged) < 6.5
    assert nudged[2] > dragged[2]
    window.commands["undo"].trigger()
    assert do.items[name].points[0] == pytest.approx(dragged)
    window.commands["undo"].trigger()
    assert do.items[name].points[0] == pytest.approx(found)
    window.commands["redo"].trigger()
    qtbot.keyClick(window.view, Qt.Key.Key_Return)
    assert do.correcting.name is None
    assert do.state.selected == name

    # Kept for this very file, and taken up again when it is opened the next time.
    qtbot.waitUntil(lambda: not window.own.unkept, timeout=5000)
    places = kept(digest, mirrored=False)
    again = opened_like(pack)
    again.corrected = placed(places, TO_BODY, _single(again.pack))
    window.own.use(again)
    settle(qtbot)
    assert do.items[name].points[0] == pytest.approx(dragged, abs=0.01)
    assert "where you put them before" in window.statusBar().currentMessage()
    assert "Set by hand" in window.card.text.toPlainText()

    do.select(name)
    window.commands["correct-back"].trigger()
    assert do.items[name].points[0] == pytest.approx(found)
    window.close()
    assert kept(digest, mirrored=False) == {}


def _single(pack):
    from types import SimpleNamespace

    return {n: SimpleNamespace(points=p) for n, p in pack.landmarks.items()}


def test_corrections_are_saved_and_read_and_another_meshs_are_refused(
    window, qtbot, pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.own.use(opened_like(pack))
    do, path = window.exploration, tmp_path / "mine.json"
    do.correcting.start("left-psis")
    do.correcting.slide(np.array([0.0, 0.0, 4.0]))
    qtbot.keyClick(window.view, Qt.Key.Key_Return)
    there = do.state.corrections
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.commands["corrections-save"].trigger()
    do.undo()
    assert do.state.corrections == ()
    window.commands["corrections-read"].trigger()
    assert do.state.corrections[0][1] == pytest.approx(there[0][1], abs=0.002)
    said = []
    monkeypatch.setattr(dialogs, "show_problem", lambda _parent, words, *_: said.extend(words))
    window.own.use(opened_like(pack, "cd" * 32))
    window.commands["corrections-read"].trigger()
    assert "another mesh" in said[0]
