"""A mesh of one's own in the window: chosen or dropped, used, its landmarks put right and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Qt, QTimer, QUrl
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from siexplorer.app.window import MainWindow
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.packs.opened import Opened
    from siexplorer.packs.pack import Pack

KEEP_AFTER_MS = 500
"""So long after the last step a corrected landmark is written to disk (design)."""


class OwnMesh(QObject):
    """What a window does with a mesh of one's own. ``opened`` is the one that is explored."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.opened: Opened | None = None
        self.unkept = False
        self._waiting: tuple[Sequence[Path], str | None, bool | None] | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(KEEP_AFTER_MS)
        self._soon.timeout.connect(self.keep)

    @property
    def window(self) -> MainWindow:
        """The window; asked of Qt, so that neither keeps the other alive."""
        return cast("MainWindow", self.parent())

    @property
    def do(self) -> Exploration:
        """The window's exploration."""
        return self.window.exploration

    # Opening --------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for the files of a mesh, and open it."""
        known = self.do.known
        names, _ = QFileDialog.getOpenFileNames(
            self.window, known.say("open_title"), "", known.say("open_choose")
        )
        if names:
            self.open([Path(name) for name in names])

    def open_when_ready(
        self, paths: Sequence[Path], *, unit: str | None = None, mirrored: bool | None = None
    ) -> None:
        """Open a mesh as soon as the window has its own model."""
        self._waiting = (paths, unit, mirrored)

    def open(
        self, paths: Sequence[Path], *, unit: str | None = None, mirrored: bool | None = None
    ) -> None:
        """Work on a mesh in a process of its own, report, and look at it once that is accepted."""
        from siexplorer.app.opening import OpenDialog

        dialog = OpenDialog(self.window, self.do.known, paths, unit=unit, mirrored=mirrored)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.used.connect(self.use)
        dialog.open()

    def use(self, opened: Opened) -> None:
        """Look at a mesh of one's own, with the landmarks where they were put before."""
        from siexplorer.exploration.correcting import as_corrections

        self.opened = opened
        self.window.use_pack(opened.pack, as_corrections(opened.corrected))
        # What was read is as it is kept.
        self.unkept = False
        if opened.corrected:
            count = len(opened.corrected)
            words = self.do.known.say("corrections_used", count=count)
            self.window.statusBar().showMessage(words, 8000)

    def show_report(self) -> None:
        """What was found in the mesh that is open, with what was put right since."""
        from siexplorer.app.opening import show_report
        from siexplorer.exploration.own import report

        do = self.do
        if self.opened is not None and do.pack is not None:
            show_report(self.window, do.known, report(do.known, self.opened, do.pack))

    def open_waiting(self) -> None:
        """Open what was asked for before the window had its own model."""
        if self._waiting is not None:
            paths, unit, mirrored = self._waiting
            self._waiting = None
            self.open(paths, unit=unit, mirrored=mirrored)

    def drop(self, urls: Sequence[QUrl]) -> None:
        """Open files that were dropped on the window."""
        from siexplorer.app import dialogs

        if not all(url.isLocalFile() for url in urls):
            dialogs.show_problem(self.window, [self.do.known.say("open_remote")])
            return
        paths = [Path(url.toLocalFile()) for url in urls]
        # The program that the files were dragged from waits until this returns.
        QTimer.singleShot(0, self, lambda: self.open(paths))

    def leave(self, pack: Pack) -> None:
        """Another pelvis is used from now on."""
        self.keep()
        if pack.own is None:
            self.opened = None

    # Correcting -----------------------------------------------------------------------------------

    def renew(self) -> None:
        """The commands that put landmarks of one's own mesh right; the others say why not."""
        do = self.do
        self.window.commands["own-report"].setEnabled(self.opened is not None)
        own = do.pack is not None and do.pack.own is not None
        reason = do.correcting.why_not(do.state.selected)
        self.window.commands["correct"].setEnabled(not reason)
        self.window.commands["correct"].setChecked(do.correcting.name is not None)
        self.window.commands["correct"].setStatusTip(reason)
        self.window.commands["correct-back"].setEnabled(
            do.correcting.moved_mm(do.state.selected) is not None
        )
        for name in ("corrections-save", "corrections-read"):
            self.window.commands[name].setEnabled(own)
        self.window.card.offer(self.window.commands["correct"] if own and not reason else None)

    def correct(self) -> None:
        """Put the selected landmark right by hand, or end that."""
        correcting, name = self.do.correcting, self.do.state.selected
        if correcting.name is not None:
            correcting.finish()
        elif name is not None:
            correcting.start(name)
            if self.window.view is not None:
                self.window.view.setFocus()

    def back(self) -> None:
        """Put the selected landmark back to where it was found."""
        self.do.correcting.reset(self.do.state.selected)

    def keep_soon(self) -> None:
        """Landmarks were moved: write that to disk once they rest."""
        self.unkept = True
        self._soon.start()

    def keep(self) -> None:
        """Write the corrected landmarks to disk now, if they have changed."""
        from siexplorer.app import dialogs
        from siexplorer.exploration.correcting import in_file
        from siexplorer.packs.corrections import CorrectionsError, keep

        self._soon.stop()
        if not self.unkept:
            return
        self.unkept = False
        pack = self.do.pack
        if pack is None or pack.own is None:
            return
        places = in_file(pack.own, self.do.state.corrections)
        try:
            keep(pack.own.digest, places, mirrored=pack.own.mirrored)
        except CorrectionsError as error:
            dialogs.show_problem(self.window, [str(error)])

    def save(self) -> None:
        """Save the corrected landmarks to a file of the person's choice."""
        from siexplorer.app import dialogs
        from siexplorer.exploration.correcting import in_file
        from siexplorer.packs.corrections import write_corrections

        do = self.do
        own = do.pack.own if do.pack is not None else None
        if own is None:
            return
        if not do.state.corrections:
            self.window.statusBar().showMessage(do.known.say("corrections_none"), 6000)
            return
        name, _ = QFileDialog.getSaveFileName(
            self.window, "Save corrections", "corrections.json", "JSON (*.json)"
        )
        if not name:
            return
        path = Path(name).with_suffix(".json")
        try:
            places = in_file(own, do.state.corrections)
            write_corrections(path, own.digest, places, mirrored=own.mirrored)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            words = f"{path}: the corrections were not saved ({reason}); choose another folder."
            dialogs.show_problem(self.window, [words])
            return
        self.window.statusBar().showMessage(do.known.say("corrections_saved", path=path), 6000)

    def read(self) -> None:
        """Take corrected landmarks from a file that was saved for this mesh."""
        name, _ = QFileDialog.getOpenFileName(self.window, "Read corrections", "", "JSON (*.json)")
        if name:
            self.take(Path(name))

    def take(self, path: Path) -> None:
        """Take corrected landmarks from a file; one that does not fit is a sentence."""
        from siexplorer.app import dialogs
        from siexplorer.packs.corrections import CorrectionsError, read_corrections

        do = self.do
        own = do.pack.own if do.pack is not None else None
        if own is None:
            return
        try:
            places = read_corrections(path, own.digest, mirrored=own.mirrored)
        except CorrectionsError as error:
            dialogs.show_problem(self.window, [str(error)])
            return
        count = do.correcting.take(places)
        self.window.statusBar().showMessage(do.known.say("corrections_read", count=count), 6000)
