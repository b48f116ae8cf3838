"""Movements in the real window: played, scrubbed, told as a lesson, and two side by side."""

import numpy as np
import pytest
from helpers import settle
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QSurface

from siexplorer.app.view import STILL_MS
from siexplorer.app.window import MainWindow
from siexplorer.exploration.following import Following
from siexplorer.scene.scene import PelvisScene

MAKE_READY = MainWindow._make_ready


@pytest.fixture(autouse=True)
def unprepared(monkeypatch):
    """Tying all soft tissue takes seconds of another thread; these tests need none of it."""
    monkeypatch.setattr(MainWindow, "_make_ready", lambda self: self.prepared.emit())


@pytest.fixture
def moving(window, qtbot):
    window.exploration.set_preset("bones")
    window.exploration.set_movement("left-ilium-flexion")
    window.exploration.forget_history()
    settle(qtbot)
    return window


@pytest.fixture
def two(moving, qtbot):
    qtbot.keyClick(moving.view, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: moving.stage.second is not None, timeout=10_000)
    settle(qtbot)
    return moving


def dragged(at):
    return QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(at),
        QPointF(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


def where(view, name="left-hip-bone"):
    matrix = view.pelvis.surfaces.actors[name].GetUserMatrix()
    if matrix is None:
        return np.eye(4)
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def test_play_scrub_and_undo_to_the_pose_before(moving, qtbot):
    do = moving.exploration
    qtbot.keyClick(moving.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: do.state.at > 0.2, timeout=10_000)
    qtbot.keyClick(moving.view, Qt.Key.Key_Space)
    assert not moving.timeline.playing
    played = do.state.at
    slider = moving.timeline.moment
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert do.state.at == 1.0
    assert not np.allclose(where(moving.view), np.eye(4))
    qtbot.keyClick(moving, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert do.state.at == pytest.approx(played)
    qtbot.keyClick(moving, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert do.state.at == 0.0
    assert np.allclose(where(moving.view), np.eye(4))


def test_keys_step_loop_speed_and_true_scale(moving, qtbot):
    do, timeline = moving.exploration, moving.timeline
    control = Qt.KeyboardModifier.ControlModifier
    for _ in range(3):
        qtbot.keyClick(moving.view, Qt.Key.Key_Right, control)
    qtbot.keyClick(moving.view, Qt.Key.Key_Left, control)
    assert do.state.at == pytest.approx(0.04)
    qtbot.keyClick(moving.view, Qt.Key.Key_L)
    assert not timeline.player.loop
    assert not moving.commands["loop"].isChecked()
    qtbot.keyClick(moving.view, "<")
    assert timeline.player.speed == 0.5
    qtbot.keyClick(moving.view, ">")
    qtbot.keyClick(moving.view, ">")
    assert timeline.player.speed == 2.0
    qtbot.keyClick(moving.view, Qt.Key.Key_T)
    assert do.state.magnification == 1.0


def test_the_factor_changes_what_is_drawn_and_not_what_is_true(moving, qtbot):
    do, words = moving.exploration, moving.timeline.figures.words
    do.set_moment(1.0)
    moving.timeline.factor.setFocus()
    seen = []
    for _ in range(2):
        before = words().partition(";")[0]
        seen.append(where(moving.view))
        qtbot.keyClick(moving.timeline.factor, Qt.Key.Key_Left)
        assert words().partition(";")[0] == before
    assert not np.allclose(seen[0], seen[1])


def test_the_strip_stays_low_and_still(moving, qtbot):
    do = moving.exploration
    for size in ((1280, 800), (1000, 700)):
        moving.resize(*size)
        settle(qtbot)
        assert (moving.width(), moving.height()) == size
        height, top = moving.view.height(), moving.timeline.moment.y()
        assert moving.timeline.height() < 0.3 * size[1]
        for at in (0.1, 0.5, 0.9):
            do.set_moment(at)
            settle(qtbot, 1)
            assert (moving.view.height(), moving.timeline.moment.y()) == (height, top)


def test_page_keys_tell_the_lesson(moving, qtbot):
    do = moving.exploration
    steps = do.known.movements["left-ilium-flexion"].steps
    moving.timeline.player.speed = 20.0
    moving.view.setFocus()
    before = do.state
    qtbot.keyClick(moving.view, Qt.Key.Key_PageDown)
    assert moving.timeline.lesson.title.text() == steps[1].title
    qtbot.waitUntil(lambda: not moving.timeline.playing, timeout=10_000)
    assert do.state.at == pytest.approx(steps[1].at)
    assert do.state.view == steps[1].view
    # Look, view and the way there are one step back, and one forth.
    do.undo()
    assert do.state == before
    do.redo()
    assert do.state.at == pytest.approx(steps[1].at)
    qtbot.keyClick(moving.view, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: not moving.timeline.playing, timeout=10_000)
    assert do.state.at == pytest.approx(steps[0].at)
    # In the card the same key still scrolls.
    bar = moving.card.text.verticalScrollBar()
    moving.card.text.setFocus()
    bar.setValue(0)
    qtbot.keyClick(moving.card.text, Qt.Key.Key_PageDown)
    assert do.state.at == pytest.approx(steps[0].at)
    assert bar.value() > 0 or bar.maximum() == 0


def test_less_motion_steps_and_is_remembered(moving, qtbot, settings_file):
    moving.view.animate = True
    moving.commands["reduced-motion"].trigger()
    assert moving.timeline.player.calm
    assert not moving.view.animate
    steps = moving.exploration.known.movements["left-ilium-flexion"].steps
    moments = {step.at for step in steps} | {0.0, 1.0}
    qtbot.keyClick(moving.view, Qt.Key.Key_Space)
    assert moving.exploration.state.at in moments - {0.0}
    settle(qtbot, 20)
    assert moving.exploration.state.at in moments
    moving.close()
    assert "reduced_motion=yes" in settings_file.read_text()


def test_two_pictures_share_moment_and_camera(two, qtbot):
    do, first, second = two.exploration, two.view, two.stage.second
    do.set_moment(1.0)
    settle(qtbot)
    assert second.exploration.state.movement == "left-ilium-extension"
    assert second.exploration.state.at == 1.0
    assert not np.allclose(where(first), where(second))
    assert abs(first.width() - second.width()) <= 4
    first.turn(30.0, 10.0)
    assert np.allclose(second.pelvis.camera().position, first.pelvis.camera().position, atol=0.01)
    second.turn(-50.0, 0.0)
    assert np.allclose(second.pelvis.camera().position, first.pelvis.camera().position, atol=0.01)
    assert do.state.camera is not None
    assert np.allclose(do.state.camera.position, first.pelvis.camera().position, atol=0.01)
    turned = first.pelvis.camera()
    do.undo()
    back = first.pelvis.camera()
    assert not np.allclose(turned.position, back.position)
    assert np.allclose(second.pelvis.camera().position, back.position, atol=0.01)
    for view in (first, second):
        assert {side for side, _ in view.pelvis.overlay.boxes} & {"left", "right"}


def test_a_drag_in_the_second_picture_turns_both(two, qtbot):
    second = two.stage.second
    before = two.view.pelvis.camera()
    middle = second.rect().center()
    qtbot.mousePress(second, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 6):
        second.mouseMoveEvent(dragged(middle + QPoint(step * 15, 0)))
        assert two.view.pelvis.camera() == second.pelvis.camera()
    qtbot.mouseRelease(second, Qt.MouseButton.LeftButton, pos=middle + QPoint(75, 0))
    assert np.linalg.norm(np.subtract(two.view.pelvis.camera().position, before.position)) > 50
    # A click in it selects in both.
    two.exploration.select("sacrum")
    settle(qtbot)
    assert second.exploration.state.selected == "sacrum"
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton, pos=QPoint(6, second.height() - 6))
    assert two.exploration.state.selected is None


def test_titles_say_which_and_how_large(two, qtbot):
    do, stage = two.exploration, two.stage
    do.set_moment(1.0)
    do.set_magnification(4.0)
    assert stage.head.isVisible()
    assert stage.second_head.isVisible()
    assert stage.head.name.text().startswith("Left hip bone rolls back")
    assert stage.head.shown.text() == "drawn ×4, true 2.0°"
    stage.second_head.factor.setValue(1.0)
    assert do.state.beside.magnification == 1.0
    assert stage.second_head.shown.text() == "true size, true 2.0°"
    do.compare("left-one-leg-stance-article")
    assert stage.second_head.shown.text().startswith("Clinic teaching model")
    picture = stage.picture()
    assert picture.shape[1] > 1.9 * two.view.picture().shape[1]


def test_comparing_ends_by_its_button_by_key_and_by_undo(two, qtbot):
    do, stage = two.exploration, two.stage
    qtbot.mouseClick(stage.second_head.close_button, Qt.MouseButton.LeftButton)
    assert stage.second is None
    assert do.state.beside is None
    assert not stage.head.isVisible()
    do.undo()
    qtbot.waitUntil(lambda: stage.second is not None, timeout=10_000)
    settle(qtbot)
    stage.second.setFocus()
    qtbot.keyClick(stage.second, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert stage.second is None
    assert two.view.hasFocus()
    do.undo()
    qtbot.waitUntil(lambda: stage.second is not None, timeout=10_000)
    settle(qtbot)
    qtbot.keyClick(stage.second, Qt.Key.Key_E)
    assert stage.second is None
    settle(qtbot)
    # The first picture is whole again.
    assert two.view.width() > 0.95 * stage.width()
    assert two.view.picture().std() > 5


def test_a_narrow_window_makes_room_for_two_and_gives_it_back(moving, qtbot):
    moving.resize(1000, 700)
    settle(qtbot)
    dock = moving._docks[0]
    moving.commands["compare-true"].trigger()
    qtbot.waitUntil(lambda: moving.stage.second is not None, timeout=10_000)
    settle(qtbot)
    assert not dock.isVisible()
    assert min(view.width() for view in moving.stage.views) > 250
    moving.exploration.undo()
    settle(qtbot)
    assert dock.isVisible()


def test_the_window_closes_while_two_are_compared_and_one_plays(two, qtbot):
    qtbot.keyClick(two.stage.second, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: two.exploration.state.at > 0.05, timeout=10_000)
    assert two.timeline.playing


def test_the_picture_on_the_screen_is_the_model(window, qtbot):
    """A native view that is moved between parents shows something else."""
    settle(qtbot, 20)
    screen = window.screen().grabWindow(window.winId()).toImage()
    middle = window.view.mapTo(window, window.view.rect().center())
    ratio = screen.width() / window.width()
    picture = window.view.picture()
    high, wide = picture.shape[:2]
    for dx in (-120, -60, 0, 60, 120):
        colour = screen.pixelColor(round((middle.x() + dx) * ratio), round(middle.y() * ratio))
        drawn = picture[high // 2, wide // 2 + round(dx * ratio)].astype(int)
        assert np.abs(np.array(colour.getRgb()[:3]) - drawn).max() < 40


def test_the_drawing_is_renewed_once_soft_tissue_is_ready(window, qtbot, monkeypatch):
    drawn = []
    redraw = PelvisScene.redraw
    monkeypatch.setattr(PelvisScene, "redraw", lambda self: (drawn.append(1), redraw(self)))
    window._preparing = None
    drawn.clear()
    with qtbot.waitSignal(window.prepared, timeout=5000):
        window._prepare()
    settle(qtbot)
    assert drawn
    assert not window.statusBar().currentMessage()


def test_a_closed_window_stops_getting_ready(window, qtbot, monkeypatch):
    tied = []

    def tie(_self, name):
        tied.append(name)
        window._closing.set()

    monkeypatch.setattr(Following, "tie", tie)
    monkeypatch.setattr(PelvisScene, "prepare", lambda _self: tied.append("all"))
    MAKE_READY(window)
    assert len(tied) == 1


def test_words_that_change_compose_nothing_of_the_model(two, qtbot):
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("the view is a window of its own on X11 alone")
    # With the first view, and with the second that was made later.
    assert two.windowHandle().surfaceType() == QSurface.SurfaceType.RasterSurface
    qtbot.waitUntil(lambda: not any(one.pelvis.moving for one in two.stage.views), timeout=10_000)
    qtbot.wait(STILL_MS)
    settle(qtbot)
    composed = []
    for view in two.stage.views:
        view.aboutToCompose.connect(lambda: composed.append(1))
    for text in ("a", "b", "c"):
        two.timeline.label.setText(text)
        settle(qtbot)
    assert not composed


def test_what_stands_again_is_all_where_the_bones_are(moving, qtbot):
    do, scene = moving.exploration, moving.view.pelvis
    do.set_preset("superficial-muscles")
    scene.set_moving(moving=True)
    for at in (0.1, 0.9):
        do.set_moment(at)
    scene.set_moving(moving=False)
    pose = do.pose()
    for name in ("sacrum", "left-hip-bone", "l5-vertebra"):
        assert np.allclose(where(moving.view, name), pose.matrices[name]), name
        ghost = scene.surfaces._ghosts[name].GetMapper().GetInput()
        assert ghost is scene.surfaces.actors[name].GetMapper().GetInput()


def test_marks_of_a_movement_are_moved_and_not_made_again(moving, qtbot):
    do, marks = moving.exploration, moving.view.pelvis.moving_marks
    do.set_moment(0.4)
    before = set(marks.renderer.GetViewProps())
    do.set_moment(0.8)
    assert set(marks.renderer.GetViewProps()) == before
