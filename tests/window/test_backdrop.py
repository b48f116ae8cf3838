"""What is kept from one picture to the next looks as if it were drawn anew, and never too long."""

import numpy as np
import pytest
from helpers import settle
from PySide6.QtCore import Qt

SPOTS = [np.array([62.0, 160.0, -20.0]), np.array([85.0, 150.0, -25.0])]


@pytest.fixture
def drawn(window, qtbot):
    """A window with a ball, and a list of whether each of its pictures was drawn in full."""
    qtbot.keyClick(window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: window.exploration.stack() is not None, timeout=30_000)
    settle(qtbot, frames=8)
    view, whole = window.view, []
    view.render_window.AddObserver("EndEvent", lambda *_: whole.append(view.pelvis.backdrop.whole))
    return window, whole


def drag(drawn, qtbot):
    """Put the ball to and fro, each time until that is on the screen; nothing else is drawn."""
    window, whole = drawn
    for spot in SPOTS * 2:
        count = len(whole)
        window.exploration.place_ball(spot, merge=True)
        qtbot.waitUntil(lambda count=count: len(whole) > count, timeout=10_000)
    assert not whole[-1]


def is_as_if_drawn_anew(window):
    shown = window.view.picture().astype(int)
    window.view.renderer.GetActiveCamera().Modified()
    window.view.render()
    assert window.view.pelvis.backdrop.whole
    return np.abs(window.view.picture() - shown).max() <= 1


def test_a_dragged_ball_looks_as_if_all_was_drawn_anew(drawn, qtbot):
    window, _ = drawn
    for preset in ("skin", "body-and-bones", "deep-rotators"):
        window.exploration.set_preset(preset)
        settle(qtbot, frames=8)
        drag(drawn, qtbot)
        assert is_as_if_drawn_anew(window), preset


def test_what_was_kept_goes_with_the_context(drawn, qtbot):
    window, whole = drawn
    view = window.view
    drag(drawn, qtbot)
    view.makeCurrent()
    view.pelvis.backdrop._buffer.ReleaseGraphicsResources(view.render_window)
    count = len(whole)
    window.exploration.place_ball(SPOTS[0], merge=True)
    qtbot.waitUntil(lambda: len(whole) > count, timeout=10_000)
    settle(qtbot, frames=8)
    assert is_as_if_drawn_anew(window)


def test_whatever_changes_behind_the_ball_is_drawn(drawn, qtbot):
    window, whole = drawn
    view, do = window.view, window.exploration
    do.set_preset("body-and-bones")
    settle(qtbot, frames=8)
    changes = {
        "turn": lambda: view.turn(10.0, 0.0),
        "hide": lambda: do.hide("sacrum"),
        "fade": lambda: do.fade("left-hip-bone", faded=True),
        "skin": lambda: do.set_skin("male"),
        "tool": lambda: do.set_tool("palm"),
        "size": lambda: window.resize(window.width() - 60, window.height() - 40),
        "cut": lambda: do.set_section("axial"),
        "its place": lambda: do.move_section(do.state.section.at_mm + 4.0),
    }
    for what, change in changes.items():
        drag(drawn, qtbot)
        before = view.picture()
        whole.clear()
        change()
        qtbot.waitUntil(lambda: bool(whole), timeout=10_000)
        # It is drawn more coarsely while it turns.
        qtbot.waitUntil(lambda: not view.pelvis.moving, timeout=10_000)
        qtbot.waitUntil(lambda: do.stack() is not None, timeout=30_000)
        settle(qtbot, frames=8)
        assert not np.array_equal(view.picture(), before), what
        assert is_as_if_drawn_anew(window), what
