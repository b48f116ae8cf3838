"""The export dialog: what it asks the command for, how far it is, and that it can be stopped."""

import sys
from pathlib import Path

import pytest
from ownmesh import own_pack

from siexplorer.app import export
from siexplorer.app.export import ExportDialog, export_movement
from siexplorer.packs.opened import with_sides

SLOW = """
import pathlib, signal, sys, time
out = pathlib.Path(sys.argv[2])
part = out.parent / f".{out.stem}.{__import__('os').getpid()}-x.part.gif"
part.write_text("half")
print("Drawing 1 of 4", file=sys.stderr, flush=True)
time.sleep(30)
"""
QUICK = """
import pathlib, sys
for k in range(1, 5):
    print(f"Drawing {k} of 4", file=sys.stderr, flush=True)
pathlib.Path(sys.argv[2]).write_text("done")
"""
BROKEN = """
import sys
print("No room is left on the disk.", file=sys.stderr)
sys.exit(2)
"""


@pytest.fixture
def dialog(qtbot, exploration) -> ExportDialog:
    exploration.set_movement("left-ilium-flexion")
    exploration.set_magnification(3.0)
    made = ExportDialog(None, exploration)
    qtbot.addWidget(made)
    made.show()
    return made


def choose(dialog: ExportDialog, kind: str) -> None:
    dialog.kind.setCurrentIndex(dialog.kind.findData(kind))


def test_it_asks_for_what_was_chosen(dialog: ExportDialog, tmp_path: Path) -> None:
    out = tmp_path / "a.gif"
    assert dialog.words(out) == [
        "left-ilium-flexion", str(out), "--magnify", "3", "--size", "800x608",
    ]  # fmt: skip
    dialog.look.setCurrentIndex(dialog.look.findData("ligaments"))
    dialog.dark.setChecked(True)
    dialog.factor.setValue(5.0)
    assert dialog.words(out)[3:] == ["5", "--preset", "ligaments", "--size", "800x608", "--dark"]
    choose(dialog, "glb")
    assert dialog.words(out)[3:] == ["5", "--preset", "ligaments"]
    assert not dialog.size_px.isEnabled()
    assert "skins" in dialog.note.text()


@pytest.mark.parametrize("there", [True, False])
def test_mp4_is_explained_where_it_cannot_be_written(
    dialog: ExportDialog, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    from siexplorer.scene import film

    monkeypatch.setattr(film, "can_video", lambda: there)
    choose(dialog, "mp4")
    assert dialog.start.isEnabled() is there
    assert ("opencv-python-headless" in dialog.note.text()) is not there
    assert dialog.size_px.currentData() == (1280, 720)


def test_it_shows_how_far_it_is_and_where_the_file_lies(
    qtbot, dialog: ExportDialog, tmp_path: Path
) -> None:
    out = tmp_path / "a.gif"
    dialog.command = [sys.executable, "-c", QUICK]
    dialog.run(out)
    assert dialog.running
    assert not dialog.start.isEnabled()
    assert dialog.stop.text() == "Stop"
    qtbot.waitUntil(lambda: not dialog.running, timeout=20_000)
    assert (dialog.bar.value(), dialog.bar.maximum()) == (4, 4)
    assert str(out) in dialog.said.text()
    assert dialog.start.isEnabled()


def test_stopped_it_leaves_nothing(qtbot, dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.command = [sys.executable, "-c", SLOW]
    dialog.run(tmp_path / "a.gif")
    qtbot.waitUntil(lambda: dialog.bar.value() == 1, timeout=20_000)
    assert list(tmp_path.iterdir())
    dialog.stop.click()
    qtbot.waitUntil(lambda: not dialog.running, timeout=20_000)
    assert not list(tmp_path.iterdir())
    assert dialog.said.text() == dialog.known.say("export_stopped")
    assert dialog.isVisible()


def test_closing_takes_the_export_along(qtbot, dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.command = [sys.executable, "-c", SLOW]
    dialog.run(tmp_path / "a.gif")
    qtbot.waitUntil(lambda: dialog.bar.value() == 1, timeout=20_000)
    dialog.close()
    assert not dialog.running
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [[sys.executable, "-c", BROKEN], ["no-such-program-anywhere"]])
def test_what_went_wrong_is_said(
    qtbot, dialog: ExportDialog, tmp_path: Path, command: list[str]
) -> None:
    dialog.command = command
    dialog.run(tmp_path / "a.gif")
    qtbot.waitUntil(lambda: not dialog.running and dialog.said.text() != "", timeout=20_000)
    assert dialog.said.text().startswith("The export did not work: ")
    if "-c" in command:
        assert "No room is left" in dialog.said.text()


def test_the_real_command_does_it(qtbot, dialog: ExportDialog, tmp_path: Path) -> None:
    out = tmp_path / "a.glb"
    choose(dialog, "glb")
    dialog.look.setCurrentIndex(dialog.look.findData("bones"))
    dialog.run(out)
    qtbot.waitUntil(lambda: not dialog.running, timeout=60_000)
    assert dialog.said.text() == dialog.known.say("export_done", path=out)
    assert out.read_bytes().startswith(b"glTF")


def test_without_a_movement_nothing_opens(exploration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ExportDialog", lambda *_: pytest.fail("it opened"))
    export_movement(None, exploration)


def test_a_mesh_of_ones_own_is_exported_as_it_is_in_the_window(
    qtbot, exploration, pack, tmp_path: Path
) -> None:
    exploration.use(with_sides(own_pack(pack), "Left and right were not confirmed."))
    exploration.set_movement("left-ilium-flexion")
    dialog, out = ExportDialog(None, exploration), tmp_path / "a.glb"
    qtbot.addWidget(dialog)
    choose(dialog, "glb")
    dialog.look.setCurrentIndex(dialog.look.findData("bones"))
    dialog.run(out)
    handed = dialog._mesh
    assert handed.exists()
    assert "--pack" not in dialog.words(out)
    qtbot.waitUntil(lambda: not dialog.running, timeout=60_000)
    assert dialog.said.text() == dialog.known.say("export_done", path=out)
    assert b"your own mesh" in out.read_bytes()
    assert b"Left and right were not confirmed." in out.read_bytes()
    assert not handed.exists()
