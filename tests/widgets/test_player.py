"""The player of movements, without a model: its clock, its controls, its lesson, its numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSlider, QApplication, QComboBox, QToolButton
from pytestqt.qtbot import QtBot

from siexplorer.app import player as playing
from siexplorer.app.compare import other_side, size_words
from siexplorer.app.player import STEP, Player
from siexplorer.app.settings import Settings
from siexplorer.app.timeline import GROUPS, SPEEDS, TimelinePanel
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.mirror import Mirror
from siexplorer.exploration.moving import PAUSE_AT_END_S


@dataclass
class Clock:
    """A clock that a test moves on."""

    now: float = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(playing, "time", one)
    return one


@pytest.fixture
def player(qtbot: QtBot, exploration: Exploration, clock: Clock) -> Player:
    exploration.set_movement("left-ilium-flexion")
    exploration.forget_history()
    return Player(exploration)


@pytest.fixture
def run(player: Player, clock: Clock) -> Callable[[float], None]:
    """Let so many seconds pass, tick by tick, without waiting."""

    def go(seconds: float) -> None:
        for _ in range(round(seconds / 0.04)):
            clock.now += 0.04
            if player.playing:
                player._tick()

    return go


@pytest.fixture
def panel(qtbot: QtBot, exploration: Exploration) -> TimelinePanel:
    exploration.set_movement("left-ilium-flexion")
    made = TimelinePanel(exploration)
    qtbot.addWidget(made)
    made.resize(1200, 200)
    made.show()
    return made


# The clock ----------------------------------------------------------------------------------------


def test_it_goes_there_waits_and_comes_back(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    length = exploration.known.movements["left-ilium-flexion"].duration_s
    player.start()
    run(length / 2)
    assert exploration.state.at == pytest.approx(0.5, abs=0.03)
    run(length / 2 + PAUSE_AT_END_S / 2)
    assert exploration.state.at == 1.0
    run(PAUSE_AT_END_S / 2 + length / 2)
    assert exploration.state.at == pytest.approx(0.5, abs=0.05)
    run(length)
    assert player.playing


def test_without_loop_it_stops_at_the_end_and_starts_over(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    player.loop = False
    player.start()
    run(30.0)
    assert exploration.state.at == 1.0
    assert not player.playing
    player.start()
    assert exploration.state.at == 0.0
    run(0.4)
    assert 0.0 < exploration.state.at < 0.5


def test_walking_runs_round(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    exploration.set_movement("walking")
    length = exploration.known.movements["walking"].duration_s
    player.start()
    run(1.25 * length)
    assert exploration.state.at == pytest.approx(0.25, abs=0.05)
    player.stop()
    player.loop = False
    player.start()
    run(2 * length)
    assert exploration.state.at == 1.0
    assert not player.playing


@pytest.mark.parametrize("speed", SPEEDS)
def test_speed(
    player: Player, exploration: Exploration, run: Callable[[float], None], speed: float
) -> None:
    length = exploration.known.movements["left-ilium-flexion"].duration_s
    player.speed = speed
    player.start()
    run(0.3 * length)
    assert exploration.state.at == pytest.approx(0.3 * speed, abs=0.03)


def test_a_run_is_one_step_back_to_the_pose_before(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    exploration.set_moment(0.2)
    before = exploration.state
    player.start()
    run(1.0)
    player.stop()
    player.start()
    run(0.5)
    exploration.undo()
    assert not player.playing
    exploration.undo()
    assert exploration.state == before


def test_undo_while_it_plays_stops_it(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    player.start()
    run(1.0)
    exploration.undo()
    assert not player.playing
    assert exploration.state.at == 0.0


def test_steps_of_a_fiftieth_meet_the_grid(player: Player, exploration: Exploration) -> None:
    exploration.set_moment(0.513)
    player.step(1)
    assert exploration.state.at == pytest.approx(0.52)
    player.step(-1)
    assert exploration.state.at == pytest.approx(0.50)
    exploration.set_moment(0.513)
    player.step(-1)
    assert exploration.state.at == pytest.approx(0.50)
    for _ in range(60):
        player.step(1)
    assert exploration.state.at == 1.0
    exploration.set_movement("walking")
    player.step(-1)
    assert exploration.state.at == pytest.approx(1.0 - STEP)


def test_it_runs_to_a_moment_and_stops_there(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    player.run_to(0.7)
    assert player.bound_for == 0.7
    run(20.0)
    assert exploration.state.at == 0.7
    assert not player.playing
    player.run_to(0.3)
    run(20.0)
    assert exploration.state.at == 0.3


def test_reduced_motion_shows_one_moment_after_another(
    player: Player, exploration: Exploration, run: Callable[[float], None]
) -> None:
    player.calm, player.loop = True, False
    seen = []
    exploration.changed.connect(lambda change: seen.append(change.after.at))
    player.start()
    run(30.0)
    steps = exploration.known.movements["left-ilium-flexion"].steps
    assert seen == sorted({step.at for step in steps if step.at > 0} | {1.0})
    assert not player.playing
    player.start()
    assert exploration.state.at == 0.0
    assert player.playing
    player.run_to(0.25)
    assert exploration.state.at == 0.25
    assert not player.playing


# The panel ----------------------------------------------------------------------------------------


def test_movements_stand_below_their_group(panel: TimelinePanel, exploration: Exploration) -> None:
    box, known = panel.movement, exploration.known
    heads = [box.itemText(k) for k in range(box.count()) if not box.itemData(k)]
    assert heads == list(GROUPS.values())
    ids = [box.itemData(k) for k in range(box.count()) if box.itemData(k)]
    assert set(ids) == set(known.movements)
    model = box.model()
    for k in range(box.count()):
        enabled = bool(model.flags(model.index(k, 0)) & Qt.ItemFlag.ItemIsEnabled)
        assert enabled == bool(box.itemData(k))


def test_keys_choose_past_the_headings(
    qtbot: QtBot, panel: TimelinePanel, exploration: Exploration
) -> None:
    last = [m.id for m in exploration.known.movements.values() if m.group == "si-joint"][-1]
    exploration.set_movement(last)
    qtbot.keyClick(panel.movement, Qt.Key.Key_Down)
    now = exploration.known.movements[exploration.state.movement or ""]
    assert now.group == "hip-and-pelvis"


def test_scrubbing_is_one_undo_step(panel: TimelinePanel, exploration: Exploration) -> None:
    exploration.forget_history()
    panel.moment.sliderPressed.emit()
    for value in (20, 60, 90):
        panel.moment.setValue(value)
    panel.moment.sliderReleased.emit()
    assert exploration.state.at == pytest.approx(0.45)
    exploration.undo()
    assert exploration.state.at == 0.0
    assert exploration.undo_label is None
    assert panel.moment.value() == 0


def test_the_numbers_are_true_at_every_factor(
    panel: TimelinePanel, exploration: Exploration
) -> None:
    exploration.set_moment(1.0)
    for factor in (1.0, 3.0, 10.0):
        exploration.set_magnification(factor)
        assert "Left SI joint, true: 2.0° back, 0.7 mm" in panel.figures.words()
    pose = exploration.pose()
    assert pose is not None
    assert pose.factor.clamped
    assert f"×{pose.factor.used:.3g} of ×10" in panel.figures.words()
    assert "not x10" in panel.label.text()
    panel.true_scale.click()
    assert "Drawn: true size" in panel.figures.words()
    assert "not x" not in panel.label.text()
    assert panel.label.text().startswith("Real SI motion is about 1-2 degrees")


def test_a_bone_drawn_further_out_is_said(panel: TimelinePanel, exploration: Exploration) -> None:
    exploration.set_movement("left-ilium-extension")
    exploration.set_magnification(10.0)
    exploration.set_moment(1.0)
    pose = exploration.pose()
    assert pose is not None
    lift = pose.si["left"].lift_mm
    assert (f"{lift:.1f} mm further out" in panel.label.text()) == (lift > 0.05)


def test_hips_and_pelvis_have_their_angles(panel: TimelinePanel, exploration: Exploration) -> None:
    exploration.set_movement("left-knee-lift-stiff")
    exploration.set_moment(1.0)
    pose = exploration.pose()
    assert pose is not None
    thigh, tilt = pose.posture.thighs["left"].flexion_deg, pose.posture.tilt_deg
    words = panel.figures.words()
    assert f"Left hip: {thigh - tilt:.0f}° flexed, thigh {thigh:.0f}°" in words
    assert f"Pelvic tilt: {tilt:.0f}° back" in words
    assert "Right hip" not in words
    assert not panel.factor.isEnabled()
    assert panel.badge.isVisible()
    exploration.set_movement("nutation")
    assert not panel.badge.isVisible()
    assert panel.factor.isEnabled()


@pytest.mark.parametrize("width", [880, 1240])
def test_nothing_jumps_while_it_plays(
    qtbot: QtBot, panel: TimelinePanel, exploration: Exploration, width: int
) -> None:
    panel.resize(width, panel.height())
    for name in exploration.known.movements:
        exploration.set_movement(name)
        QApplication.processEvents()
        places = set()
        for k in range(0, 11):
            exploration.set_moment(k / 10)
            QApplication.processEvents()
            places.add(
                (panel.height(), panel.label.y(), *(cell.x() for cell in panel.figures._cells))
            )
            for label in (panel.label, panel.lesson.words):
                assert label.heightForWidth(label.width()) <= label.height() + 1, (name, k)
        assert len(places) == 1, name
        assert panel.height() < 250


def test_it_is_one_row_where_there_is_room(panel: TimelinePanel) -> None:
    def rows() -> set[int]:
        return {w.mapTo(panel, w.rect().center()).y() for w in (panel.movement, panel.play)}

    QApplication.processEvents()
    assert max(rows()) - min(rows()) < 6
    panel.resize(880, panel.height())
    QApplication.processEvents()
    assert max(rows()) - min(rows()) > 15
    assert panel.minimumWidth() <= 880


def test_speed_and_loop(panel: TimelinePanel) -> None:
    assert [panel.speed.itemData(k) for k in range(panel.speed.count())] == list(SPEEDS)
    panel.faster(-1)
    assert panel.player.speed == 0.5
    for _ in range(5):
        panel.faster(1)
    assert panel.player.speed == 2.0
    panel.loop.click()
    assert not panel.player.loop


def test_everything_has_a_name(panel: TimelinePanel) -> None:
    for kind in (QToolButton, QAbstractSlider, QComboBox):
        for widget in panel.findChildren(kind):
            if widget.isVisible():
                assert widget.accessibleName() or widget.text(), widget


def test_the_panel_goes_away_and_the_exploration_lives_on(
    qtbot: QtBot, exploration: Exploration
) -> None:
    panel = TimelinePanel(exploration)
    panel.deleteLater()
    QApplication.sendPostedEvents(None, 52)
    exploration.set_movement("nutation")
    exploration.set_moment(0.5)
    assert len(exploration.changed) == 0


# The lesson ---------------------------------------------------------------------------------------


def test_the_lesson_goes_on_and_back(
    qtbot: QtBot, panel: TimelinePanel, exploration: Exploration
) -> None:
    steps = exploration.known.movements["left-ilium-flexion"].steps
    panel.player.speed = 50.0
    assert panel.lesson.number.text() == f"Step 1 of {len(steps)}"
    assert not panel.lesson.previous.isEnabled()
    for number in range(1, len(steps)):
        panel.lesson.next.click()
        assert panel.lesson.number.text() == f"Step {number + 1} of {len(steps)}"
        assert panel.lesson.title.text() == steps[number].title
        assert exploration.state.view == steps[number].view
        qtbot.waitUntil(lambda: not panel.playing, timeout=3000)
        assert exploration.state.at == pytest.approx(steps[number].at)
        assert panel.lesson.current() == number
    assert not panel.lesson.next.isEnabled()
    panel.lesson.previous.click()
    qtbot.waitUntil(lambda: not panel.playing, timeout=3000)
    assert exploration.state.at == pytest.approx(steps[-2].at)


def test_the_lesson_follows_the_moment_and_the_wording(
    panel: TimelinePanel, exploration: Exploration
) -> None:
    steps = exploration.known.movements["left-ilium-flexion"].steps
    exploration.set_moment(1.0)
    assert panel.lesson.title.text() == steps[-1].title
    for voice in ("plain", "student", "clinician"):
        exploration.set_voice(voice)
        assert panel.lesson.words.text() == steps[-1].says.wording(voice)


def test_the_lesson_jumps_with_reduced_motion(
    panel: TimelinePanel, exploration: Exploration
) -> None:
    panel.player.calm = True
    panel.lesson.go(1)
    steps = exploration.known.movements["left-ilium-flexion"].steps
    assert exploration.state.at == steps[1].at
    assert not panel.playing
    exploration.undo()
    assert exploration.state.at == 0.0


def test_a_step_is_shown_again_after_looking_around(
    qtbot: QtBot, panel: TimelinePanel, exploration: Exploration
) -> None:
    panel.player.speed = 50.0
    step = exploration.known.movements["left-ilium-flexion"].steps[0]
    exploration.look("below")
    exploration.set_preset("skin")
    panel.lesson.again.click()
    qtbot.waitUntil(lambda: not panel.playing, timeout=3000)
    assert exploration.state.view == step.view
    assert exploration.state.at == step.at
    preset = exploration.preset()
    assert preset is None or preset.id == step.look


def test_every_step_of_every_lesson_can_be_reached(
    panel: TimelinePanel, exploration: Exploration
) -> None:
    panel.player.calm = True
    for name, movement in exploration.known.movements.items():
        exploration.set_movement(name)
        seen = [panel.lesson.title.text()]
        while panel.lesson.next.isEnabled():
            panel.lesson.next.click()
            seen.append(panel.lesson.title.text())
        assert seen[-len(movement.steps) + 1 :] == [s.title for s in movement.steps[1:]], name


# Comparing ----------------------------------------------------------------------------------------


def test_what_a_movement_is_compared_with(panel: TimelinePanel, exploration: Exploration) -> None:
    choices = {(name, factor) for _, name, factor in panel.compare.choices()}
    assert choices == {
        ("left-ilium-extension", 5.0),
        ("left-ilium-flexion", 1.0),
        ("right-ilium-flexion", 5.0),
    }
    exploration.set_magnification(1.0)
    assert ("left-ilium-flexion", 5.0) in {(n, f) for _, n, f in panel.compare.choices()}
    assert other_side(exploration.known.movements["nutation"]) == ""
    panel.compare_nearest()
    assert exploration.state.beside is not None
    assert exploration.state.beside.movement == "left-ilium-extension"


def test_the_menu_offers_every_other_movement(
    panel: TimelinePanel, exploration: Exploration
) -> None:
    panel.compare._fill()
    others = next(a.menu() for a in panel.compare._menu.actions() if a.menu())
    groups = [a.menu() for a in others.actions()]
    assert [g.title() for g in groups] == list(GROUPS.values())
    assert sum(len(g.actions()) for g in groups) == len(exploration.known.movements) - 1
    groups[1].actions()[0].trigger()
    assert exploration.state.beside is not None


def test_a_mirror_shows_what_stands_beside_and_speaks_to_the_first(
    exploration: Exploration,
) -> None:
    exploration.set_movement("left-ilium-flexion")
    exploration.compare("left-ilium-flexion", 1.0)
    mirror = Mirror(exploration)
    changes = []
    mirror.changed.connect(changes.append)
    exploration.set_moment(0.8)
    mirror.renew()
    assert len(changes) == 1
    assert (mirror.state.at, mirror.state.magnification) == (0.8, 1.0)
    assert mirror.state.beside is None
    mirror.select("left-psis")
    assert exploration.state.selected == "left-psis"
    movement = exploration.known.movements["left-ilium-flexion"]
    assert size_words(movement, mirror.pose()).startswith("true size")
    assert size_words(movement, exploration.pose()).startswith("drawn ×")


# Remembering --------------------------------------------------------------------------------------


def test_reduced_motion_is_remembered_and_begins_as_the_system_has_it(
    qtbot: QtBot, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIEXPLORER_SETTINGS", str(tmp_path / "settings.ini"))
    from siexplorer.app import settings

    monkeypatch.setattr(settings, "system_reduces_motion", lambda: True)
    assert Settings().reduced_motion
    one = Settings()
    one.reduced_motion = False
    assert not Settings().reduced_motion
    monkeypatch.undo()
    assert settings.system_reduces_motion() in (True, False)
