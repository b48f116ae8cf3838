"""One exploration: what a command does, and the way back from any run of commands."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from softbody import with_body

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.looks import DEPTHS, PRESETS
from siexplorer.exploration.sections import PLANES
from siexplorer.exploration.state import SKINS, Camera
from siexplorer.packs.pack import Pack

NAMES = ["left-psis", "right-asis", "sacrum", "left-hip-bone", "right-iliacus", "coccyx-tip"]
name = st.sampled_from(NAMES)
share = st.floats(-0.5, 1.5)
commands = st.one_of(
    st.tuples(st.just("select"), name | st.none()),
    st.tuples(st.sampled_from(["visit", "hide", "show", "isolate"]), name),
    st.tuples(st.just("restore_hidden")),
    st.tuples(st.just("look"), st.sampled_from(["back", "front", "left", "right", "top", "below"])),
    st.tuples(
        st.just("look_freely"),
        st.builds(Camera, st.tuples(share, share, share), st.just((0, 0, 0)), st.just((0, 0, 1))),
    ),
    st.tuples(st.just("set_mode"), st.sampled_from(["explore", "move", "ball"])),
    st.tuples(
        st.just("set_movement"),
        st.sampled_from(["left-ilium-flexion", "right-ilium-extension", "nutation", "walking"]),
    ),
    st.tuples(st.just("show_step"), st.integers(0, 2)),
    st.tuples(st.just("compare"), st.sampled_from([None, "counternutation", "left-knee-lift"])),
    st.tuples(st.just("set_moment"), share),
    st.tuples(st.just("set_magnification"), st.floats(-5.0, 20.0)),
    st.tuples(st.just("set_voice"), st.sampled_from(["plain", "student", "clinician"])),
    st.tuples(st.just("set_perspective"), st.sampled_from(["own-body", "facing"])),
    st.tuples(st.just("pause_merging")),
    st.tuples(st.just("set_depth"), st.sampled_from(DEPTHS)),
    st.tuples(st.just("step_depth"), st.sampled_from([-1, 1])),
    st.tuples(st.just("set_preset"), st.sampled_from([one.id for one in PRESETS])),
    st.tuples(st.just("set_skin"), st.sampled_from(SKINS)),
    st.tuples(st.just("set_section"), st.sampled_from([*PLANES, None])),
    st.tuples(st.just("move_section"), st.floats(-300, 300)),
    st.tuples(st.just("flip_section")),
)


@pytest.fixture
def exploration(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)


@settings(max_examples=60)
@given(st.lists(commands, max_size=25))
def test_undo_and_redo_go_all_the_way_back_and_forth(
    known: Knowledge, pack: Pack, run: list[tuple[Any, ...]]
) -> None:
    exploration = Exploration(*with_body(known, pack))
    start = exploration.state
    heard: list[Change] = []
    exploration.changed.connect(heard.append)
    for command, *arguments in run:
        getattr(exploration, command)(*arguments)
        assert 0.0 <= exploration.state.at <= 1.0
        assert 1.0 <= exploration.state.magnification <= 10.0
        assert exploration.state.selected not in exploration.state.hidden
        assert exploration.state.hidden & {"skin-female", "skin-male"}
    end = exploration.state
    back = []
    while (label := exploration.undo()) is not None:
        back.append(label)
    assert exploration.state == start
    assert exploration.undo_label is None
    forth = []
    while (label := exploration.redo()) is not None:
        forth.append(label)
    assert exploration.state == end
    assert forth == back[::-1]
    assert all(one.before != one.after for one in heard)
    assert all(one.after == next_.before for one, next_ in pairwise(heard))


def test_a_drag_is_one_step(exploration: Exploration) -> None:
    exploration.set_mode("move")
    for at in (0.1, 0.2, 0.3):
        exploration.set_moment(at)
    exploration.pause_merging()
    exploration.set_moment(0.9)
    exploration.undo()
    assert exploration.state.at == pytest.approx(0.3)
    exploration.undo()
    assert exploration.state.at == 0.0
    assert exploration.undo_label == "Move"


def test_a_step_shows_its_moment_view_look_and_thing(exploration: Exploration) -> None:
    for movement in list(exploration.known.movements.values())[:6]:
        exploration.set_movement(movement.id)
        for number, step in enumerate(movement.steps):
            before = exploration.state
            exploration.show_step(number)
            state = exploration.state
            assert (state.at, state.view, state.camera) == (step.at, step.view, None)
            assert exploration.step_number() == number
            if step.factor is not None:
                assert state.magnification == step.factor
            if step.select in exploration.items:
                assert state.selected == step.select
                assert exploration.visible(step.select)
            exploration.undo()
            assert exploration.state == before, "one step of the lesson is one step back"
            exploration.redo()
    with pytest.raises(IndexError):
        exploration.show_step(9)


def test_a_step_can_be_shown_at_the_moment_where_the_player_is(exploration: Exploration) -> None:
    exploration.set_movement("nutation")
    exploration.show_step(1, at=0.1)
    assert exploration.state.at == 0.1
    assert exploration.state.view == exploration.known.movements["nutation"].steps[1].view


def test_two_movements_are_compared_until_another_is_chosen(exploration: Exploration) -> None:
    exploration.set_movement("nutation")
    exploration.compare("counternutation")
    assert exploration.state.beside is not None
    assert exploration.state.beside.magnification == exploration.state.magnification
    exploration.compare("nutation", 40.0)
    assert exploration.state.beside.magnification == 10.0
    with pytest.raises(KeyError):
        exploration.compare("nodding")
    exploration.compare(None)
    assert exploration.state.beside is None
    exploration.undo()
    exploration.set_movement("walking")
    assert exploration.state.beside is None


def test_undo_returns_to_the_pose_before(exploration: Exploration) -> None:
    exploration.set_movement("left-knee-lift")
    exploration.set_moment(0.5)
    exploration.pause_merging()
    half = exploration.pose()
    exploration.set_moment(1.0)
    exploration.set_magnification(9.0)
    exploration.undo()
    exploration.undo()
    again = exploration.pose()
    assert half is not None
    assert again is not None
    assert again.posture == half.posture
    assert all((again.matrices[name] == half.matrices[name]).all() for name in half.matrices)


def test_a_new_change_forgets_what_was_undone(exploration: Exploration) -> None:
    exploration.hide("sacrum")
    exploration.undo()
    exploration.look("front")
    assert exploration.redo() is None


def test_selecting_shows_what_was_hidden_with_the_bone_it_lies_on(exploration: Exploration) -> None:
    exploration.hide("left-hip-bone")
    exploration.hide("left-psis")
    exploration.select("left-psis")
    assert exploration.visible("left-psis")
    assert exploration.visible("left-hip-bone")
    exploration.undo()
    assert not exploration.visible("left-hip-bone")


def test_hiding_the_selected_one_clears_the_selection(exploration: Exploration) -> None:
    exploration.select("sacrum")
    exploration.hide("sacrum")
    assert exploration.state.selected is None


def test_isolating_keeps_the_bone(exploration: Exploration) -> None:
    exploration.isolate("right-asis")
    shown = {item for item in exploration.items if exploration.visible(item)}
    assert shown == {"right-asis", "right-hip-bone"}
    exploration.restore_hidden()
    assert exploration.at_start()


def test_what_is_not_known_cannot_be_selected(exploration: Exploration) -> None:
    start = exploration.state
    with pytest.raises(KeyError):
        exploration.select("left-elbow")
    assert exploration.state == start


def test_every_record_has_a_place(known: Knowledge, exploration: Exploration) -> None:
    with_place = {n for n, e in known.entries.items() if e.kind in ("bone", "landmark")}
    assert exploration.items.keys() <= known.entries.keys()
    assert {"left-hip-bone", "sacrum", "left-psis"} <= with_place & exploration.items.keys()
    assert exploration.items["left-psis"].moves_with == "left-hip-bone"
    assert exploration.items["s2-tubercle"].moves_with == "sacrum"
    assert exploration.items["left-greater-trochanter"].moves_with == "left-femur"


def test_without_a_pelvis_the_records_can_still_be_read(known: Knowledge, pack: Pack) -> None:
    exploration = Exploration(known)
    exploration.select("left-psis")
    exploration.set_mode("move")
    assert exploration.items == {}
    assert exploration.pose() is None
    arrived = []
    exploration.loaded.connect(lambda: arrived.append(True))
    exploration.load(known, pack)
    assert arrived == [True]
    assert exploration.pose() is not None
    assert exploration.state.movement == "left-ilium-flexion"


def test_marks_go_with_their_bone_but_not_the_selected_one(exploration: Exploration) -> None:
    exploration.hide("left-hip-bone")
    assert not exploration.visible("left-psis")
    assert exploration.visible("right-psis")
    assert exploration.visible("s2-tubercle")
    exploration.apply("as a link might", selected="left-psis")
    assert exploration.visible("left-psis")


def test_a_run_that_ends_where_it_began_leaves_nothing_to_undo(exploration: Exploration) -> None:
    exploration.select("sacrum")
    exploration.set_magnification(7.0)
    exploration.set_magnification(exploration.state.magnification - 2.0)
    assert exploration.undo_label == "Select Sacrum"
    exploration.set_magnification(6.0)
    assert exploration.undo_label == "Magnify"
    exploration.undo()
    assert exploration.state.selected == "sacrum"
