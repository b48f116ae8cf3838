"""A ball on the skin of the real window: dragged, nudged, sent to a better place, asked, undone."""

import numpy as np
import pytest
from helpers import at_pixel, dragged_to, settle
from PySide6.QtCore import QEvent, QObject, QPoint, Qt

BESIDE_SACRUM = np.array([62.0, 160.0, -20.0])


@pytest.fixture
def ball_window(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: window.exploration.stack() is not None, timeout=30_000)
    settle(qtbot)
    return window


def place_of(window):
    return window.exploration.verdict().contact.place


def on_screen(window, place):
    return at_pixel(window, "left-psis", where=place)


def test_the_mode_begins_with_a_ball_that_is_judged(ball_window):
    window = ball_window
    assert window._ball_strip.isVisible()
    found = window.exploration.verdict()
    assert found.side == "left"
    assert "Clear by the rules" in window.ball.headline.text()
    assert "left" in window.ball.headline.text()
    assert window.ball.list.topLevelItem(0).text(0) == "Skin"
    assert "Where" not in window.card.text.toPlainText()[:5]
    assert "upper outer buttock" in window.card.text.toPlainText()
    # What cannot be known stands on the card, one click away from everywhere else.
    window.exploration.select("sacrum")
    window.ball.whole.click()
    assert "Anatomy varies" in window.card.text.toPlainText()


def test_drag_moves_the_ball_and_not_the_camera(ball_window, qtbot):
    window = ball_window
    camera = window.view.pelvis.camera()
    start = place_of(window)
    grip = on_screen(window, window.exploration.verdict().contact.centre)
    goal = grip + QPoint(60, 40)
    qtbot.mousePress(window.view, Qt.MouseButton.LeftButton, pos=grip)
    for share in np.linspace(0.2, 1.0, 5):
        at = grip + QPoint(round(60 * share), round(40 * share))
        window.view.mouseMoveEvent(dragged_to(at))
        settle(qtbot, frames=1)
    qtbot.mouseRelease(window.view, Qt.MouseButton.LeftButton, pos=goal)
    settle(qtbot)
    moved = place_of(window)
    assert 15 < np.linalg.norm(moved - start) < 120
    assert window.view.pelvis.camera() == camera
    # The ball stays under the hand that took it.
    away = on_screen(window, moved) - (on_screen(window, start) + QPoint(60, 40))
    assert away.manhattanLength() < 12
    # A whole drag is one step back.
    assert window.exploration.undo_label == "Move the ball"
    window.commands["undo"].trigger()
    settle(qtbot)
    assert place_of(window) == pytest.approx(start, abs=0.5)


def test_while_the_ball_is_dragged_nothing_is_laid_out_again(ball_window, qtbot):
    window, watched = ball_window, []

    class Watcher(QObject):
        def eventFilter(self, watched_: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.LayoutRequest:
                watched.append(type(watched_).__name__)
            return False

    watcher = Watcher()
    window.exploration.place_ball(BESIDE_SACRUM)
    settle(qtbot)
    said, rows = window.ball.reason.text(), window.ball.list.topLevelItem(1).text(2)
    for widget in (window, window.ball):
        widget.installEventFilter(watcher)
    for step in range(1, 5):
        window.exploration.place_ball(BESIDE_SACRUM + np.array([2.0 * step, 0, 0]), merge=True)
        settle(qtbot, frames=1)
    assert not watched
    # What is written there did change, within the room that it has.
    assert window.ball.reason.text() != said
    assert window.ball.list.topLevelItem(1).text(2) != rows
    assert window.ball.reason.geometry() == window.ball.reason.parentWidget().rect()


def test_a_drag_beside_the_ball_still_turns_the_model(ball_window, qtbot):
    window = ball_window
    start, camera = place_of(window), window.view.pelvis.camera()
    at = on_screen(window, np.array([-60.0, 160.0, -120.0]))
    qtbot.mousePress(window.view, Qt.MouseButton.LeftButton, pos=at)
    for step in range(1, 6):
        window.view.mouseMoveEvent(dragged_to(at + QPoint(20 * step, 0)))
    qtbot.mouseRelease(window.view, Qt.MouseButton.LeftButton, pos=at + QPoint(100, 0))
    turned = window.view.pelvis.camera()
    assert np.linalg.norm(np.subtract(turned.position, camera.position)) > 50
    assert place_of(window) == pytest.approx(start)


def test_click_puts_the_ball_there_and_the_verdict_follows(ball_window, qtbot):
    window = ball_window
    spot = on_screen(window, np.array([0.0, 165.0, 5.0]))
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=spot)
    settle(qtbot)
    found = window.exploration.verdict()
    assert (found.rule, found.state) == ("dorsal-sacrum", "avoid")
    assert "Not here" in window.ball.headline.text()
    assert "Better by the rules" in window.ball.reason.text()
    # A broad palm is another matter than a ball.
    window.ball.tool.setCurrentIndex(window.ball.tool.findData("palm"))
    window.ball.tool.activated.emit(window.ball.tool.currentIndex())
    assert window.exploration.verdict().state == "caution"
    assert "With caution" in window.ball.headline.text()


def test_arrow_keys_nudge_it_in_millimetres(ball_window, qtbot):
    window = ball_window
    window.exploration.place_ball(BESIDE_SACRUM)
    settle(qtbot)
    window.view.setFocus()
    start = place_of(window)
    qtbot.keyClick(window.view, Qt.Key.Key_Up)
    up = place_of(window) - start
    assert up[2] == pytest.approx(2.0, abs=0.6)
    qtbot.keyClick(window.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    right = place_of(window) - start - up
    # From behind, the picture's right is the body's right: towards smaller x.
    assert right[0] == pytest.approx(-10.0, abs=2.0)
    camera = window.view.pelvis.camera()
    qtbot.keyClick(window.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert window.view.pelvis.camera() != camera
    window.commands["undo"].trigger()
    window.commands["undo"].trigger()
    assert place_of(window) == pytest.approx(start, abs=0.5)


def test_it_walks_to_a_better_place(ball_window, qtbot):
    window = ball_window
    window.exploration.place_ball(BESIDE_SACRUM)
    settle(qtbot)
    assert window.exploration.verdict().state != "clear"
    qtbot.keyClick(window, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: window.exploration.verdict().state == "clear", timeout=10_000)
    qtbot.waitUntil(lambda: not window.ball._walking.isActive(), timeout=10_000)
    assert window.exploration.verdict().side == "left"
    assert not window.ball.walk.isEnabled()
    window.commands["undo"].trigger()
    assert place_of(window) == pytest.approx(BESIDE_SACRUM, abs=20)
    assert window.exploration.verdict().state != "clear"


def test_hovering_tells_the_reason(ball_window, qtbot):
    window = ball_window
    at = on_screen(window, np.array([0.0, 160.0, 100.0]))
    window.view._hover_at = at
    window.view._hover_now()
    assert "Not here" in window.ball.pointer.text()
    assert "spine" in window.ball.pointer.text()


def test_what_lies_beneath_can_be_selected(ball_window, qtbot):
    window = ball_window
    window.exploration.place_ball(BESIDE_SACRUM)
    settle(qtbot)
    names = [window.ball.list.topLevelItem(k).text(0) for k in range(5)]
    assert names.index("Left gluteus maximus") < names.index("Left piriformis")
    item = window.ball.list.topLevelItem(names.index("Left piriformis"))
    box = window.ball.list.visualItemRect(item)
    qtbot.mouseClick(window.ball.list.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    assert window.exploration.state.selected == "left-piriformis"
    assert "Left piriformis" in window.card.text.toPlainText()
    # And the other way round: from where on the skin it is reached.
    assert window.ball.reach.isEnabled()
    window.ball.reach.click()
    settle(qtbot)
    reached = window.exploration.reached()
    assert reached.area_cm2 > 20
    assert 40 < reached.least_mm < reached.median_mm


def test_it_is_put_over_what_is_selected(ball_window, qtbot):
    window = ball_window
    window.exploration.select("right-psis")
    window.ball.over.click()
    settle(qtbot)
    found = window.exploration.verdict()
    assert found.side == "right"
    assert found.state == "avoid"
    psis = window.exploration.items["right-psis"].anchor
    assert np.linalg.norm(place_of(window) - psis) < 25


def test_a_position_is_worked_out_beside_the_window(ball_window, qtbot):
    window = ball_window
    at_rest = window.exploration.skin_map().grid.points
    window.exploration.set_position("left-figure-four")
    assert window.ball.busy.isVisibleTo(window.ball)
    qtbot.waitUntil(lambda: window.exploration.stack() is not None, timeout=60_000)
    settle(qtbot)
    posed = window.exploration.skin_map().grid.points
    assert np.linalg.norm(posed - at_rest, axis=1).max() > 100
    assert not window.ball.busy.isVisibleTo(window.ball)
    assert "figure-four" in window.card.text.toPlainText()
    window.commands["undo"].trigger()
    assert window.exploration.state.position == "standing"


def test_every_control_has_a_name_and_works_without_a_mouse(ball_window):
    panel = ball_window.ball
    for control in (panel.tool, panel.position, panel.list, panel.reason, panel.headline):
        assert control.accessibleName()
    for name in ("ball-walk", "ball-over", "ball-reach", "ball-tool", "ball-position"):
        assert not ball_window.commands[name].shortcut().isEmpty()
    tool = ball_window.exploration.state.tool
    ball_window.commands["ball-tool"].trigger()
    assert ball_window.exploration.state.tool != tool
    ball_window.exploration.set_mode("explore")
    assert not ball_window.commands["ball-walk"].isEnabled()
