"""Following a technique in the real window: the gate, the session, STOP, and nothing kept."""

import hashlib
from pathlib import Path

import pytest
from helpers import settle
from platformdirs import user_cache_path, user_config_path, user_data_path, user_state_path
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QPushButton

from siexplorer.anatomy.records import Question, Technique
from siexplorer.app.gate import GateDialog

TEN = (
    "left-ball-under-buttock",
    "left-ball-seated",
    "right-ball-against-wall",
    "left-seated-hands",
    "left-prone-hand-press",
    "right-prone-roller",
    "left-counter-corner-lean",
    "left-partner-elbow",
    "partner-palms",
    "right-therapist-iliacus-hold",
    "left-knee-to-chest",
)
"""Alone, with a partner, by a therapist; balls, hands, a roller; two places, both sides."""


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


def at_the_gate(do):
    """Do something with the next gate that opens."""

    def wait():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, GateDialog) and dialog.isActiveWindow():
            do(dialog)
        else:
            QTimer.singleShot(10, wait)

    QTimer.singleShot(0, wait)


def focus_shown():
    """What has the focus: there always is something, it is seen, and it can be used."""
    if QApplication.activeWindow() is None:
        # Without a window manager no window comes back to the front by itself.
        window = [w for w in QApplication.topLevelWidgets() if w.isVisible()][-1]
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.isVisible()
    assert focus.isEnabled()
    return focus


def tab_to(qtbot, target, most=40, *, back=False):
    """Press Tab until a control has the focus."""
    key = Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab
    for _ in range(most):
        focus = focus_shown()
        if focus is target:
            return
        qtbot.keyClick(focus, key)
    raise AssertionError(f"{most} times Tab do not reach {target.accessibleName() or target}")


def by_keys(qtbot, key):
    qtbot.keyClick(focus_shown(), key)


def by_mouse(qtbot, button):
    assert button.isVisible()
    middle = button.rect().center()
    # Not covered, not cut off.
    hit = button.window().childAt(button.mapTo(button.window(), middle))
    assert hit is button or button.isAncestorOf(hit)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(middle))


def choose(qtbot, window, name):
    """Open a technique with arrow keys alone, and wait for its tool."""
    panel, one = window.follow, window.exploration.known.guides[name]
    tab_to(qtbot, panel.technique)
    twin = name.replace("right-", "left-")
    for _ in range(2 * panel.technique.count()):
        now = panel.technique.currentIndex()
        wanted = panel.technique.findData(twin)
        if now == wanted:
            break
        by_keys(qtbot, Qt.Key.Key_Down if now < wanted else Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: not panel._chosen.isActive(), timeout=5000)
    if one.side != "midline" and panel.side.currentData() != one.side:
        tab_to(qtbot, panel.side)
        by_keys(qtbot, Qt.Key.Key_Down if one.side == "right" else Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: window.exploration.technique() is one, timeout=5000)
    if one.tools:
        qtbot.waitUntil(lambda: window.exploration.verdict() is not None, timeout=60_000)
    return one


def start_by_keys(qtbot, window):
    """From the chooser through the gate, by Tab and Space alone."""

    def answer(dialog):
        assert isinstance(focus_shown(), QCheckBox)
        qtbot.keyClick(focus_shown(), Qt.Key.Key_Return)
        assert dialog.isVisible(), "Enter must not wave the questions through"
        # Backwards, as the questions are many.
        tab_to(qtbot, dialog.go_on, back=True)
        qtbot.keyClick(dialog.go_on, Qt.Key.Key_Space)

    tab_to(qtbot, window.follow.start)
    at_the_gate(answer)
    by_keys(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.follow.view is not None, timeout=10_000)
    return window.follow.view


def run_out(window, view, go_on, seen=lambda: None):
    """Lead a session to its end with a fast clock; what was told on the way."""
    titles = []
    while view.session.phase == "running":
        moment = view.session.moment()
        titles.append(view.title.text())
        many = len(view.technique.places) > 1 and moment.slot.kind in ("step", "hold")
        assert (f"spot {moment.slot.place + 1} of 2" in view.count.text()) == many
        assert view.says.text()
        assert view.stop.isVisible()
        seen()
        if moment.slot.seconds:
            window.follow.clock.now += moment.left_s + 0.01
        else:
            go_on()
        view.renew()
        assert len(titles) < 80
    return titles


def test_techniques_from_gate_to_aftercare_by_keys_alone(follow_window, qtbot):
    window, do = follow_window, follow_window.exploration
    panel = window.follow
    assert focus_shown() is panel.technique
    known = do.known.of_kind(Technique)
    for name in TEN:
        one = choose(qtbot, window, name)
        if one.tools:
            found = do.verdict()
            assert found.allowed, name
            assert found.tool == one.tools[0]
            assert one.side in (found.side, "midline")
        qtbot.waitUntil(lambda: panel.picture.pixmap().width() > 0, timeout=10_000)
        assert panel.both.isChecked() == one.each_side
        view = start_by_keys(qtbot, window)
        assert focus_shown() is view.on
        places = set()
        titles = run_out(
            window,
            view,
            lambda: by_keys(qtbot, Qt.Key.Key_Return),
            lambda do=do, places=places: places.add((do.state.guide, do.state.ball)),
        )
        assert view.session.phase == "done", name
        assert titles[0] == one.steps[0].title
        assert {step.title for step in one.steps} <= set(titles)
        assert ("Rest" in titles) == (one.rounds > 1 and one.rest_s > 0.0)
        assert ("Change sides" in titles) == one.each_side
        assert len({ball for _, ball in places}) == max(1, len(one.places))
        assert {guide for guide, _ in places} == (
            {"left-knee-to-chest", "right-knee-to-chest"} if one.each_side else {name}
        )
        assert "Done" in view.title.text()
        assert view.says.text()
        assert focus_shown() is view.end
        by_keys(qtbot, Qt.Key.Key_Space)
        assert panel.session is None
        assert focus_shown() is panel.start
    groups = {known[name].group for name in TEN}
    assert groups == {"self", "partner", "therapist", "aftercare"}


def test_stop_by_keys_and_mouse_at_every_step_of_every_technique(follow_window, qtbot):
    """By the button, by Space wherever the focus is, and by Tab and Enter; once without a stop."""
    window, do = follow_window, follow_window.exploration
    panel = window.follow
    ways = (
        lambda view: by_mouse(qtbot, view.stop),
        lambda view: qtbot.keyClick(focus_shown(), Qt.Key.Key_Space),
        lambda view: (view.hold.setFocus(), by_keys(qtbot, Qt.Key.Key_Space)),
        lambda view: (tab_to(qtbot, view.stop), by_keys(qtbot, Qt.Key.Key_Return)),
    )
    stopped = 0
    for name in TEN:
        do.read(name)
        panel.skips_gate = False
        at_the_gate(lambda dialog: by_mouse(qtbot, dialog.go_on))
        by_mouse(qtbot, panel.start)
        view = panel.view
        settle(qtbot, 1)
        run_out(window, view, lambda view=view: by_mouse(qtbot, view.on))
        assert view.session.phase == "done", name
        last = len(view.session.slots)
        by_mouse(qtbot, view.end)
        panel.skips_gate = True
        for number in range(last):
            panel.begin()
            view = panel.view
            view.session.go(number)
            if number % 5 == 4:
                view.toggle()
            view.renew()
            QApplication.processEvents()
            assert "tingling" in view.stop.accessibleName()
            ways[stopped % len(ways)](view)
            assert view.session.phase == "stopped", (name, number)
            assert "professional" in view.says.text()
            assert not view.stop.isVisible()
            assert focus_shown() is view.end
            by_keys(qtbot, Qt.Key.Key_Space)
            assert panel.session is None
            stopped += 1
    assert stopped > 60
    panel.begin()
    do.set_mode("explore")
    assert panel.session is None
    assert focus_shown()


def kept() -> dict[Path, bytes]:
    """All that the program keeps on this computer but for its settings."""
    folders = {
        place("siexplorer", appauthor=False)
        for place in (user_data_path, user_cache_path, user_config_path, user_state_path)
    }
    return {
        file: hashlib.sha256(file.read_bytes()).digest()
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_every_question_blocks_nothing_is_kept_and_it_fills_a_screen(
    follow_window, settings_file, qtbot, tmp_path, monkeypatch
):
    window = follow_window
    # Folders of its own, so that nothing else on this computer changes them meanwhile.
    for kind in ("DATA", "CACHE", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    window.settings._store.sync()
    before = settings_file.read_bytes(), kept()
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
    refused = []

    def say_yes(dialog):
        dialog.boxes[next(iter(questions))].click()
        refused.append(not dialog.go_on.isEnabled())
        dialog.away.click()

    at_the_gate(say_yes)
    window.follow.begin()
    assert refused == [True]
    assert window.follow.session is None
    at_the_gate(lambda dialog: dialog.go_on.click())
    window.follow.begin()
    view = window.follow.view
    window.settings._store.sync()
    assert (settings_file.read_bytes(), kept()) == before

    # Over the whole screen it is the same session.
    view.full.click()
    large = view._large.findChild(type(view))
    assert large.session is view.session
    assert large.says.fontInfo().pixelSize() > 1.8 * view.says.fontInfo().pixelSize()
    # Nothing is pushed beyond the edge of the screen.
    settle(qtbot, 2)
    assert large.size() == view._large.size()
    assert view._large.minimumSizeHint().width() <= view._large.screen().geometry().width()
    for button in large.findChildren(QPushButton):
        if button.isVisible():
            assert large.rect().contains(button.geometry())
    view.session.go(1)
    large.renew()
    view.renew()
    assert large.title.text() == view.title.text()
    qtbot.waitUntil(large.isActiveWindow, timeout=5000)
    by_keys(qtbot, Qt.Key.Key_Space)
    assert view.session.phase == "stopped"
    assert focus_shown() is large.end
    by_keys(qtbot, Qt.Key.Key_Space)
    assert view._large is None
    window.follow.end()


def test_what_is_taught_is_found_and_read(window, qtbot):
    names = window.exploration.known.guides
    # By keys alone: G opens the list, arrows go through it, Enter reads.
    qtbot.keyClick(window, Qt.Key.Key_G)
    tree = window.reading.tree
    qtbot.waitUntil(tree.hasFocus, timeout=5000)
    read = []
    for _ in range(200):
        before = tree.currentItem()
        if before.parent() is None and not before.isExpanded():
            by_keys(qtbot, Qt.Key.Key_Right)
        by_keys(qtbot, Qt.Key.Key_Down)
        if tree.currentItem() is before:
            break
        if tree.currentItem().parent() is not None and len(read) < 3:
            by_keys(qtbot, Qt.Key.Key_Return)
            read.append(window.exploration.state.guide)
            assert names[read[-1]].name in window.card.text.toPlainText()
            assert focus_shown() is tree
    assert read[:2] == ["when-to-be-looked-at", "tests-together"]
    assert window.reading._rows.keys() == {
        name for name, one in names.items() if not isinstance(one, Technique)
    }
    for kind in ("misconception", "pattern", "analogy", "care"):
        name = next(n for n, one in names.items() if one.kind == kind)
        window.exploration.visit(name)
        assert names[name].name in window.card.text.toPlainText()
    window.exploration.visit("where-it-hurts")
    painted = [area.area.name for area in window.view.pelvis._laid]
    assert painted[:2] == ["Buttock", "Low back"]
    window.commands["clear"].trigger()
    assert window.exploration.state.guide is None
    assert window.view.pelvis._laid == []
    window.search.edit.setText("figure four")
    window.search.search_now()
    texts = [window.search.results.item(k).text() for k in range(window.search.results.count())]
    assert any("figure-four" in text for text in texts)
