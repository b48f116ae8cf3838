"""The safety gate before a session: plain questions on one screen, nothing of which is kept."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Question
from siexplorer.app.links import press_focused
from siexplorer.exploration.card import BASIS_TAGS

HEADINGS = {"emergency": "Signs of an emergency", "not-now": "Not now", "ask-first": "Ask first"}


class GateDialog(QDialog):
    """One yes is enough not to start; only a plain no to all goes on. Answers live in this window
    alone.
    """

    def __init__(self, known: Knowledge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.known = known
        gate = known.gate
        self.setWindowTitle(gate.heading if gate else "Before you start")
        self.resize(680, 620)
        self.boxes: dict[str, QCheckBox] = {}
        column = QWidget()
        questions = QVBoxLayout(column)
        for severity, heading in HEADINGS.items():
            asked = [q for q in known.of_kind(Question).values() if q.severity == severity]
            if not asked:
                continue
            title = QLabel(f"<b>{escape(heading)}</b>")
            questions.addWidget(title)
            for one in asked:
                box = QCheckBox(f"Yes:  {one.text}")
                box.setAccessibleName(one.text)
                box.setToolTip(one.why.text)
                box.toggled.connect(self.renew)
                questions.addWidget(box)
                self.boxes[one.id] = box
        questions.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(column)
        scroll.setWidgetResizable(True)
        scroll.setAccessibleName("Safety questions")
        lead = QLabel(gate.lead.text if gate else known.say("notice_missing"))
        lead.setWordWrap(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.RichText)
        self.verdict.setAccessibleName("What a yes means")
        self.verdict.setMinimumHeight(5 * self.verdict.fontMetrics().lineSpacing())
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignTop)
        stored = QLabel(gate.nothing_stored.text if gate else "")
        stored.setWordWrap(True)
        self.go_on = QPushButton(gate.all_no if gate else "Go on")
        self.go_on.clicked.connect(self.accept)
        self.away = QPushButton("Do not start")
        self.away.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.away)
        buttons.addStretch(1)
        buttons.addWidget(self.go_on)
        layout = QVBoxLayout(self)
        layout.addWidget(lead)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.verdict)
        layout.addWidget(stored)
        layout.addLayout(buttons)
        # Enter must not wave the questions through, unless someone has gone to that button.
        for button in (self.go_on, self.away):
            button.setAutoDefault(False)
        first = next(iter(self.boxes.values()), None)
        (first or self.away).setFocus()
        self.renew()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus."""
        if not isinstance(self.focusWidget(), QPushButton) or not press_focused(self, event):
            super().keyPressEvent(event)

    def answered_yes(self) -> list[Question]:
        """The questions that are answered with yes, the gravest first."""
        questions = self.known.of_kind(Question)
        yes = [questions[name] for name, box in self.boxes.items() if box.isChecked()]
        order = list(HEADINGS)
        return sorted(yes, key=lambda one: order.index(one.severity))

    def renew(self) -> None:
        """Say what a yes means; only without one may a session start."""
        yes, gate = self.answered_yes(), self.known.gate
        self.go_on.setEnabled(not yes and gate is not None and bool(self.boxes))
        if not yes or gate is None:
            self.verdict.setText("")
            return
        urgent = yes[0].severity == "emergency"
        heading = gate.emergency_heading if urgent else gate.not_now_heading
        said = gate.emergency if urgent else gate.not_now
        lines = [f"<b>{escape(heading)}</b>", escape(said.text)]
        for one in yes:
            why = f"{escape(one.why.text)} <i>{BASIS_TAGS[one.why.basis]}</i>"
            lines.append(f"{escape(one.name)}: {why} See: {escape(one.see)}.")
        self.verdict.setText("<br>".join(lines))


def pass_gate(known: Knowledge, parent: QWidget | None, *, skips: bool) -> bool:
    """Whether a session may start. Without questions to ask, none does."""
    if skips and known.gate is not None:
        return True
    dialog = GateDialog(known, parent)
    answer = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return answer


def confirm_skipping(known: Knowledge, parent: QWidget | None) -> bool:
    """Explain what skipping the questions means; whether the person still wants it."""
    if known.gate is None:
        return False
    box = QMessageBox(parent)
    box.setWindowTitle(known.gate.skip_name)
    box.setText(known.gate.skip.text)
    yes = box.addButton("I am a trained therapist", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Keep the questions", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    wanted = box.clickedButton() is yes
    box.deleteLater()
    return bool(wanted)
