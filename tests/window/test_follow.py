"""Following a technique in the real window: the gate, the session, STOP, and nothing kept."""

import pytest
from helpers import settle
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from siexplorer.anatomy.records import Question
from siexplorer.app.gate import GateDialog


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def follow_window(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.exploration.verdict() is not None, timeout=60_000)
    settle(qtbot)
    window.follow.clock = Clock()
    return window


def answer_gate(yes=None):
    """Answer the next gate that opens: no to all, or yes to one question."""
    seen = []

    def answer():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, GateDialog):
            QTimer.singleShot(50, answer)
            return
        if yes is not None:
            dialog.boxes[yes].click()
            seen.append((dialog.go_on.isEnabled(), dialog.verdict.text()))
            dialog.away.click()
        else:
            dialog.go_on.click()

    QTimer.singleShot(0, answer)
    return seen


def test_a_technique_lies_on_the_model_by_the_rules(follow_window):
    window = follow_window
    one = window.exploration.technique()
    found = window.exploration.verdict()
    assert found.tool == one.tools[0]
    assert found.allowed
    assert found.side == one.side == "left"
    assert "Stop at once" in window.card.text.toPlainText()
    window.follow.side.setCurrentIndex(1)
    window.follow.side.activated.emit(1)
    assert window.exploration.technique().side == "right"


def test_from_gate_to_aftercare_by_keyboard(follow_window, qtbot):
    window = follow_window
    answer_gate()
    window.follow.start.setFocus()
    qtbot.keyClick(window.follow.start, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.follow.view is not None, timeout=10_000)
    view, clock = window.follow.view, window.follow.clock
    titles = []
    for _ in range(60):
        if view.session.phase != "running":
            break
        titles.append(view.title.text())
        if view.session.moment().slot.seconds:
            clock.now += view.session.moment().left_s + 0.01
        else:
            view.on.click()
        view.renew()
    assert view.session.phase == "done"
    assert "Rest" in titles
    assert view.says.text()
    view.end.click()
    assert window.follow.session is None


def test_stop_is_always_there(follow_window, qtbot):
    window = follow_window
    answer_gate()
    window.follow.begin()
    view = window.follow.view
    for _ in range(3):
        assert view.stop.isVisibleTo(view)
        assert "tingling" in view.stop.text()
        view.session.go(1)
        view.renew()
    qtbot.keyClick(view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: view.session.phase == "stopped", timeout=5000)
    assert "professional" in view.says.text()
    assert not view.stop.isVisibleTo(view)
    window.exploration.set_mode("explore")
    assert window.follow.session is None


def test_every_question_blocks_and_nothing_is_kept(follow_window, settings_file):
    window = follow_window
    window.settings._store.sync()
    before = settings_file.read_bytes()
    questions = window.exploration.known.of_kind(Question)
    assert len(questions) >= 12
    dialog = GateDialog(window.exploration.known)
    for name, one in questions.items():
        dialog.boxes[name].click()
        assert not dialog.go_on.isEnabled()
        assert one.name in dialog.verdict.text()
        urgent = "medical help" in dialog.verdict.text()
        assert urgent == (one.severity == "emergency")
        dialog.boxes[name].click()
        assert dialog.go_on.isEnabled()
    dialog.deleteLater()
    seen = answer_gate(next(iter(questions)))
    window.follow.begin()
    assert seen
    assert seen[0][0] is False
    assert window.follow.session is None
    window.settings._store.sync()
    assert settings_file.read_bytes() == before


def test_full_screen_shows_the_same_session(follow_window, qtbot):
    window = follow_window
    answer_gate()
    window.follow.begin()
    view = window.follow.view
    view.full.click()
    large = view._large.findChild(type(view))
    assert large.session is view.session
    assert large.title.font().pointSizeF() > 1.8 * view.title.font().pointSizeF()
    view.session.go(1)
    large.renew()
    view.renew()
    assert large.title.text() == view.title.text()
    window.follow.end()
    assert view._large is None


def test_what_is_taught_is_found_and_read(window, qtbot):
    names = window.exploration.known.guides
    for kind in ("misconception", "pattern", "analogy", "care"):
        name = next(n for n, one in names.items() if one.kind == kind)
        window.exploration.visit(name)
        assert names[name].name in window.card.text.toPlainText()
    window.commands["clear"].trigger()
    assert window.exploration.state.guide is None
    window.search.edit.setText("figure four")
    window.search.search_now()
    texts = [window.search.results.item(k).text() for k in range(window.search.results.count())]
    assert any("figure-four" in text for text in texts)
