"""The window in which a movement is saved as a GIF, an MP4 or an animated 3D model.

The drawing is done by a process of its own, ``siexplorer export``, so that the window never waits.
"""

import os
import re
import sys
import tempfile
from glob import escape
from pathlib import Path

import msgspec
import numpy as np
from PySide6.QtCore import QProcess, QProcessEnvironment, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import PRESETS, look_key
from siexplorer.packs.fetch import CHOSEN
from siexplorer.packs.opened import OPENED, Opened, write_opened
from siexplorer.packs.pack import BUILT_IN
from siexplorer.scene.whole import part_prefix

KINDS = ("gif", "mp4", "glb")
SIZES = ((640, 480), (800, 608), (1280, 720), (1920, 1080))
USUAL_SIZE = {"gif": (800, 608), "mp4": (1280, 720)}
FILTERS = {"gif": "GIF (*.gif)", "mp4": "MP4 (*.mp4)", "glb": "GLB (*.glb)"}
STOP_WAIT_MS = 3000
"""How long a stopped export may take to clear up after itself."""

FIGURES = re.compile(r"(\d+) of (\d+)\s*$")


def export_movement(window: QWidget, exploration: Exploration) -> None:
    """Ask what to save the movement as, and save it; the window goes on meanwhile.

    Nothing happens without a model or a movement.
    """
    if exploration.pack is None or exploration.state.movement is None:
        return
    dialog = ExportDialog(window, exploration)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class ExportDialog(QDialog):
    """The choices, and below them how far the export is."""

    def __init__(self, parent: QWidget | None, exploration: Exploration) -> None:
        super().__init__(parent)
        self.exploration, self.known = exploration, exploration.known
        self.setWindowTitle(self.known.say("export_title"))
        self.movement = exploration.state.movement or ""
        self._state = exploration.state
        self.command = [sys.executable, "-m", "siexplorer", "export"]
        self._out: Path | None = None
        self._stopped = False
        self._seen: Path | None = None
        self._mesh: Path | None = None
        self._errors = ""
        self._part = ""
        self._process = QProcess(self)
        self._process.readyReadStandardError.connect(self._listen)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._did_not_start)
        self._build()
        self._renew()

    # Building -------------------------------------------------------------------------------------

    def _build(self) -> None:
        say = self.known.say
        record = self.known.movements.get(self.movement)
        name = QLabel(record.name if record is not None else self.movement)
        name.setWordWrap(True)
        lead = QLabel(say("export_lead"))
        lead.setWordWrap(True)
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(say(f"export_{kind}"), kind)
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.size_px = QComboBox()
        for wide, high in SIZES:
            self.size_px.addItem(f"{wide} x {high}", (wide, high))
        self.size_px.setCurrentIndex(SIZES.index(USUAL_SIZE["gif"]))
        self.factor = QDoubleSpinBox()
        self.factor.setRange(1.0, 10.0)
        self.factor.setSingleStep(0.5)
        self.factor.setDecimals(1)
        self.factor.setPrefix("x")
        self.factor.setValue(self._state.magnification)
        self.look = QComboBox()
        self.look.addItem(say("export_as_shown"), "")
        for preset in PRESETS:
            self.look.addItem(say(look_key(preset.id)), preset.id)
        self.dark = QCheckBox("Dark colours")
        self.dark.setChecked(self.palette().color(QPalette.ColorRole.Base).lightness() < 128)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("How far the export is")
        self.bar.setTextVisible(False)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form = QFormLayout()
        rows = (
            ("Save as", self.kind),
            ("Size", self.size_px),
            ("Magnified", self.factor),
            ("Look", self.look),
        )
        for words, widget in rows:
            widget.setAccessibleName(words)
            form.addRow(words, widget)
        form.addRow("", self.dark)
        buttons = QDialogButtonBox()
        self.start = QPushButton("Save…")
        self.start.setDefault(True)
        self.start.clicked.connect(self._ask)
        self.stop = QPushButton("Close")
        self.stop.clicked.connect(self.reject)
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.stop, QDialogButtonBox.ButtonRole.RejectRole)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(name)
        layout.addWidget(lead)
        layout.addLayout(form)
        layout.addWidget(self.note)
        layout.addWidget(self.bar)
        layout.addWidget(self.said)
        layout.addWidget(buttons)
        self.setMinimumWidth(34 * self.fontMetrics().averageCharWidth() * 2)

    @property
    def running(self) -> bool:
        """Whether an export is on its way."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def _choose_kind(self) -> None:
        usual = USUAL_SIZE.get(self.kind.currentData())
        if usual is not None:
            self.size_px.setCurrentIndex(SIZES.index(usual))
        self._renew()

    def _renew(self) -> None:
        from siexplorer.scene.film import can_video

        kind, running = self.kind.currentData(), self.running
        no_video = kind == "mp4" and not can_video()
        is_film = kind != "glb"
        self.note.setText(
            self.known.say("export_no_video" if no_video else "export_glb_size")
            if no_video or not is_film
            else ""
        )
        self.note.setVisible(bool(self.note.text()))
        self.kind.setEnabled(not running)
        self.factor.setEnabled(not running)
        self.look.setEnabled(not running)
        self.size_px.setEnabled(is_film and not running)
        self.dark.setEnabled(is_film and not running)
        self.start.setEnabled(not running and not no_video)
        self.stop.setText("Stop" if running else "Close")
        self.bar.setVisible(running)

    # Running --------------------------------------------------------------------------------------

    def _ask(self) -> None:
        kind = self.kind.currentData()
        name, _ = QFileDialog.getSaveFileName(
            self, self.windowTitle(), f"{self.movement}.{kind}", FILTERS[kind]
        )
        if name:
            self.run(Path(name).with_suffix(f".{kind}"))

    def run(self, out: Path) -> None:
        """Start writing ``out``, as chosen."""
        self._out, self._stopped, self._errors = out, False, ""
        handle = tempfile.NamedTemporaryFile(suffix=".json", delete=False)  # noqa: SIM115
        self._seen = Path(handle.name)
        with handle:
            handle.write(msgspec.json.encode(self._state))
        self.bar.setRange(0, 0)
        self.said.setText("")
        self._hand_over()
        self._process.start(self.command[0], [*self.command[1:], *self.words(out)])
        self._part = part_prefix(out, self._process.processId())
        self._renew()

    def _hand_over(self) -> None:
        """Let the process find a mesh of the user's own, which only this one has."""
        pack = self.exploration.as_found
        if pack is None or pack.own is None:
            return
        with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
            self._mesh = Path(file.name)
        corrected = {name: np.array(place) for name, place in self._state.corrections}
        write_opened(Opened(pack, {}, corrected), self._mesh)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert(OPENED, str(self._mesh))
        self._process.setProcessEnvironment(environment)

    def words(self, out: Path) -> list[str]:
        """What the command is told besides its name."""
        words = [self.movement, str(out), "--magnify", f"{self.factor.value():g}"]
        pack = self.exploration.pack
        other = pack is not None and pack.info.id != (os.environ.get(CHOSEN) or BUILT_IN)
        if pack is not None and pack.own is None and other:
            words += ["--pack", pack.info.id]
        if self.exploration.state.shape:
            words += ["--shape", *(f"{weight:g}" for weight in self.exploration.state.shape)]
        if self._seen is not None:
            words += ["--state", str(self._seen)]
        if self.look.currentData():
            words += ["--preset", self.look.currentData()]
        if self.kind.currentData() != "glb":
            words += ["--size", "{}x{}".format(*self.size_px.currentData())]
            if self.dark.isChecked():
                words.append("--dark")
        return words

    def _listen(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        for line in filter(None, re.split(r"[\r\n]+", text)):
            found = FIGURES.search(line)
            if found is None:
                self._errors = line
                continue
            done, total = map(int, found.groups())
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.said.setText(self.known.say("export_running", done=done, total=total))

    def _ended(self, code: int) -> None:
        self._listen()
        if self._seen is not None:
            self._seen.unlink(missing_ok=True)
            self._seen = None
        if self._mesh is not None:
            self._mesh.unlink(missing_ok=True)
            self._mesh = None
        self.stop.setEnabled(True)
        if self._stopped:
            self._clear_up()
            words = self.known.say("export_stopped")
        elif code == 0:
            words = self.known.say("export_done", path=self._out)
        else:
            words = self.known.say("export_failed", reason=self._errors or f"exit code {code}")
        self.said.setText(words)
        self._renew()

    def _did_not_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._errors = self._process.errorString()
            self._ended(-1)

    def _clear_up(self) -> None:
        """Take away what an export that was ended the hard way had written."""
        if self._out is not None and self._part:
            for left in self._out.parent.glob(f"{escape(self._part)}*"):
                left.unlink(missing_ok=True)

    def _halt(self) -> None:
        self._stopped = True
        self._process.terminate()
        # It clears up after itself; where it does not listen, it is ended.
        QTimer.singleShot(STOP_WAIT_MS, self, self._process.kill)

    def reject(self) -> None:
        """Stop what runs; else close."""
        if self.running:
            self.stop.setEnabled(False)
            self._halt()
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """A window that closes takes its export with it."""
        if self.running:
            self._halt()
            if not self._process.waitForFinished(STOP_WAIT_MS):
                self._process.kill()
                self._process.waitForFinished(STOP_WAIT_MS)
        super().closeEvent(event)
