"""The window in which a mesh of one's own is opened: how far it is, what was found, and a question.

The work is done by a process of its own, ``siexplorer open --into``, so that the window never waits
and Cancel really ends it.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.rows import quiet
from siexplorer.exploration.own import UNITS, Report, report
from siexplorer.packs.opened import STEPS, Opened, OpenedError, read_opened, with_sides

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge

COMMAND = [sys.executable, "-m", "siexplorer", "open"]

STOP_WAIT_MS = 3000
"""How long a process that was ended may take to go."""

Answer = bool | None
"""Whether the mesh is a mirror image; None where the person does not know."""

NOT_ASKED = "not asked"


class Reader(QObject):
    """Reads what the process has left, in a thread; ``done`` brings it with its report, or a
    fault.
    """

    done = Signal(object, object, str)

    def __init__(self, known: Knowledge, parent: QObject) -> None:
        super().__init__(parent)
        self.known = known

    def start(self, path: Path) -> None:
        """Begin."""
        threading.Thread(target=self._read, args=(path,), name="opened", daemon=True).start()

    def _read(self, path: Path) -> None:
        opened, told, fault = None, None, ""
        try:
            opened = read_opened(path)
            told = report(self.known, opened)
        except (OpenedError, MemoryError) as error:
            fault = str(error) or type(error).__name__
        try:
            self.done.emit(opened, told, fault)
        except RuntimeError:
            # The window was closed meanwhile.
            return


class OpenDialog(QDialog):
    """``used`` is emitted with an ``Opened`` once a person has accepted it."""

    used = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        known: Knowledge,
        paths: Sequence[Path],
        *,
        unit: str | None = None,
        mirrored: bool | None = None,
    ) -> None:
        super().__init__(parent)
        self.known, self.paths = known, list(paths)
        self.file = self.paths[0].name if len(self.paths) == 1 else f"{len(self.paths)} files"
        self.unit, self.mirrored = unit, bool(mirrored)
        self.answer: Answer | str = NOT_ASKED if mirrored is None else mirrored
        self.opened: Opened | None = None
        self._stopped = False
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._listen)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._did_not_start)
        self._reader = Reader(known, self)
        self._reader.done.connect(self._arrived)
        self.setWindowTitle(f"{known.say('open_title')}: {self.file}")
        self._build()
        self.run()

    # Building -------------------------------------------------------------------------------------

    def _build(self) -> None:
        say = self.known.say
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAccessibleName("What is going on")
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("How far it is")
        self.bar.setRange(0, len(STEPS) + 1)
        self.bar.setTextVisible(False)
        self.text = QTextBrowser()
        self.text.setAccessibleName("What was found in the mesh")
        self.text.document().setDocumentMargin(12)
        self.text.document().setIndentWidth(18)
        lead = QLabel(say("open_lead"))
        lead.setWordWrap(True)
        self.use = QPushButton(say("open_use"))
        self.use.clicked.connect(self._accept)
        self.stop = QPushButton("Cancel")
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self.reject)
        row = QHBoxLayout()
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        row.addWidget(self.hint, 1)
        row.addWidget(self.use)
        row.addWidget(self.stop)
        for words in (self.said, lead):
            # While there is no report, what there is stays together at the top.
            words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(10)
        layout.addWidget(self.said)
        layout.addWidget(self.bar)
        layout.addWidget(self.text, 1)
        layout.addWidget(self._build_question())
        layout.addWidget(lead)
        layout.addStretch(0)
        layout.addLayout(row)
        letter = self.fontMetrics().horizontalAdvance("n")
        wanted = QSize(letter * 84, self.fontMetrics().lineSpacing() * 46)
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    def _build_question(self) -> QWidget:
        say = self.known.say
        self.question = QFrame()
        self.question.setFrameShape(QFrame.Shape.StyledPanel)
        asked = QLabel(say("open_mirror_question"))
        font = asked.font()
        font.setBold(True)
        asked.setFont(font)
        self.why = QLabel(say("open_mirror_why"))
        self.why.setWordWrap(True)
        self.choices: dict[Answer, QRadioButton] = {
            False: QRadioButton(say("open_mirror_no")),
            True: QRadioButton(say("open_mirror_yes")),
            None: QRadioButton(say("open_mirror_unknown")),
        }
        group = QButtonGroup(self)
        self.units = QComboBox()
        self.units.setAccessibleName(say("open_unit"))
        for unit, words in UNITS.items():
            self.units.addItem(words, unit)
        self.units.activated.connect(self._choose_unit)
        label = QLabel(say("open_unit"))
        label.setBuddy(self.units)
        layout = QVBoxLayout(self.question)
        layout.addWidget(asked)
        layout.addWidget(self.why)
        for answer, button in self.choices.items():
            button.setAccessibleDescription(asked.text())
            group.addButton(button)
            button.clicked.connect(lambda _on=False, answer=answer: self._choose(answer))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.units)
        row.addStretch(1)
        layout.addLayout(row)
        return self.question

    # Running --------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the mesh is being worked on."""
        return self._folder is not None

    def run(self) -> None:
        """Work on the mesh, with the unit and the side that were chosen."""
        self.opened = None
        self._stopped = False
        self._folder = tempfile.TemporaryDirectory(prefix="siexplorer-", ignore_cleanup_errors=True)
        words = [str(path.absolute()) for path in self.paths]
        words += ["--into", str(self._result())]
        if self.unit is not None:
            words += ["--unit", self.unit]
        if self.mirrored:
            words.append("--mirrored")
        self._tell_step(0)
        self._process.start(COMMAND[0], [*COMMAND[1:], *words])
        self._renew()
        self.stop.setFocus()

    def _result(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "opened.npz"

    def _listen(self) -> None:
        text = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        steps = [line for line in text.split() if line in STEPS]
        if steps:
            self._tell_step(STEPS.index(steps[-1]))

    def _tell_step(self, number: int) -> None:
        name = STEPS[number] if number < len(STEPS) else "showing"
        self.bar.setValue(number)
        # The key of the sentence is put together from the step's name.
        self.said.setText(self.known.say(step_key(name), file=self.file))

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        errors = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        if self._stopped:
            self._fail(self.known.say("open_cancelled"))
        elif code == 0 and status == QProcess.ExitStatus.NormalExit:
            self._tell_step(len(STEPS))
            self._reader.start(self._result())
        else:
            said = errors.strip().splitlines()
            died = self.known.say("open_died", file=self.file)
            self._fail(said[-1] if said and status == QProcess.ExitStatus.NormalExit else died)

    def _did_not_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self.running:
            self._fail(self._process.errorString())

    def _arrived(self, opened: Opened | None, told: Report | None, fault: str) -> None:
        if self._folder is None:
            return
        self._let_go()
        if opened is None or told is None:
            self._fail(fault)
            return
        self.opened = opened
        self.unit = opened.record["unit"]
        if self.answer == NOT_ASKED and opened.record["sides_sure"]:
            self.answer = False
        self.text.setHtml(report_html(told, quiet(self.palette()).name()))
        self._renew()
        first = next((b for b in self.choices.values() if b.isChecked()), self.choices[False])
        (self.use if self.use.isEnabled() else first).setFocus()

    def _fail(self, sentence: str) -> None:
        self._let_go()
        self.said.setText(sentence)
        self._renew()
        self.stop.setFocus()

    def _let_go(self) -> None:
        """Nothing of the mesh stays behind."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # What is shown --------------------------------------------------------------------------------

    def _renew(self) -> None:
        say, there = self.known.say, self.opened is not None
        self.bar.setVisible(self.running)
        self.said.setVisible(not there)
        self.text.setVisible(there)
        self.question.setVisible(there)
        asked = there and self.answer == NOT_ASKED
        self.use.setVisible(there or self.running)
        self.use.setEnabled(there and not asked)
        self.use.setDefault(there)
        self.hint.setText(say("open_mirror_first") if asked else "")
        self.stop.setText("Cancel" if there or self.running else "Close")
        if self.opened is None:
            return
        self.units.setCurrentIndex(self.units.findData(self.unit))
        for answer, button in self.choices.items():
            button.setChecked(self.answer is answer)
        named = bool(self.opened.record["sides_sure"])
        self.why.setText(say("open_mirror_named" if named else "open_mirror_why"))

    def _choose(self, answer: Answer) -> None:
        self.answer = answer
        if bool(answer) != self.mirrored:
            self.mirrored = bool(answer)
            self.run()
        else:
            self._renew()

    def _choose_unit(self, index: int) -> None:
        unit = self.units.itemData(index)
        if unit != self.unit:
            self.unit = unit
            self.run()

    # Ending ---------------------------------------------------------------------------------------

    def _accept(self) -> None:
        if self.opened is None or self.answer == NOT_ASKED:
            return
        opened = self.opened
        sides = self.known.say("own_sides_unknown") if self.answer is None else ""
        opened.pack = with_sides(opened.pack, sides)
        self.accept()
        self.used.emit(opened)

    def _halt(self) -> None:
        self._stopped = True
        self._process.kill()
        self._process.waitForFinished(STOP_WAIT_MS)

    def reject(self) -> None:
        """End what runs, and close."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._halt()
        self._let_go()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """A window that closes takes its work with it."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._halt()
        self._let_go()
        super().closeEvent(event)


def step_key(name: str) -> str:
    """The key of the sentence in ``interface.toml`` about a step of the work."""
    return f"open_step_{name}"


def report_html(found: Report, faint: str) -> str:
    """The report as simple HTML."""
    out = [f"<h3>{escape(found.lead)}</h3>"]
    for number, (heading, sentences) in enumerate(found.parts):
        points = "".join(f"<li>{escape(one)}</li>" for one in sentences)
        out.append(f"<h4 style='margin-bottom:2px'>{escape(heading)}</h4>")
        if number == 0:
            out.append(_table(("Bone", "How sure", "Triangles"), found.bones, faint))
        out.append(f"<ul style='margin-top:2px'>{points}</ul>")
    out.append("<h4 style='margin-bottom:2px'>Distances and angles</h4>")
    out.append(_table((), found.measures, faint))
    return "".join(out)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], faint: str) -> str:
    cells = "".join(f"<td style='color:{faint}'>{escape(word)}&nbsp;&nbsp;</td>" for word in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(word)}&nbsp;&nbsp;&nbsp;</td>" for word in row) + "</tr>"
        for row in rows
    )
    return f"<table cellpadding='2'>{f'<tr>{cells}</tr>' if head else ''}{body}</table>"


def show_report(parent: QWidget, known: Knowledge, found: Report) -> QDialog:
    """The report again, about the mesh that is open."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(known.say("own_report_title"))
    text = QTextBrowser()
    text.setAccessibleName(known.say("own_report_title"))
    text.document().setDocumentMargin(12)
    text.document().setIndentWidth(18)
    text.setHtml(report_html(found, quiet(dialog.palette()).name()))
    close = QPushButton("Close")
    close.clicked.connect(dialog.close)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(close)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text, 1)
    layout.addLayout(row)
    letter = dialog.fontMetrics().horizontalAdvance("n")
    dialog.resize(letter * 80, dialog.fontMetrics().lineSpacing() * 32)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
