"""What is shown together: depths, ready-made looks, one skin at a time, and the way back."""

import pytest
from softbody import with_body

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Landmark, Skin
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import DEPTHS, PRESETS, depths_of, layer_of, look_key
from siexplorer.exploration.state import Section
from siexplorer.packs.pack import Pack


@pytest.fixture
def body(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(*with_body(known, pack))


def shown(exploration: Exploration) -> set[str]:
    return {
        name
        for name, item in exploration.items.items()
        if name not in exploration.state.hidden and not isinstance(item.entry, Landmark)
    }


def kinds(exploration: Exploration) -> set[str]:
    return {exploration.items[name].entry.kind for name in shown(exploration)}


def test_the_start_is_bones_in_a_translucent_body(body: Exploration) -> None:
    assert "skin-female" in shown(body)
    assert "skin-female" in body.state.faded
    assert "skin-male" not in shown(body)
    assert kinds(body) <= {"bone", "cartilage", "skin"}
    assert {"sacrum", "left-femur"} <= shown(body)
    assert body.preset() is PRESETS[0]
    assert body.depth() is None
    assert body.undo_label is None


def test_each_depth_shows_itself_and_what_is_deeper(body: Exploration) -> None:
    assert depths_of(body.items) == DEPTHS
    for number, depth in enumerate(DEPTHS):
        body.set_depth(depth)
        assert body.depth() == depth
        layers = {layer_of(body.items[name].entry) for name in shown(body)}
        assert layers == set(DEPTHS[number:])
        assert not body.state.faded
    assert body.undo_label == "Peel"
    body.undo()
    assert body.preset() is PRESETS[0]
    assert body.undo_label is None


def test_peeling_step_by_step_stops_at_the_ends(body: Exploration) -> None:
    seen = []
    for _ in range(8):
        body.step_depth(1)
        seen.append(body.depth())
    assert seen == [*DEPTHS, "bone", "bone"]
    body.step_depth(-1)
    assert body.depth() == "ligament"


def test_hiding_by_hand_is_no_depth_and_is_counted(body: Exploration) -> None:
    body.set_depth("superficial")
    assert body.restore_words() == "Restore"
    body.hide("left-gluteus-maximus")
    assert body.depth() is None
    assert body.restore_words() == "Restore (1)"
    body.restore_hidden()
    assert body.at_start()
    assert body.undo() == "Restore"
    assert body.state.hidden >= {"left-gluteus-maximus"}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.id)
def test_every_look_is_named_and_one_step(body: Exploration, preset) -> None:
    body.set_section("axial")
    body.set_preset(preset.id)
    assert body.known.text[look_key(preset.id)] == body.undo_label
    assert body.preset() is not None
    assert body.state.section is not None
    if preset.view:
        assert (body.state.view, body.state.camera) == (preset.view, None)
    body.undo()
    assert body.preset() is PRESETS[0]


def test_the_deep_rotators_stand_free(body: Exploration) -> None:
    body.set_preset("deep-rotators")
    seen = shown(body)
    for name in ("piriformis", "superior-gemellus", "inferior-gemellus", "obturator-internus"):
        assert {f"left-{name}", f"right-{name}"} <= seen
    assert {"left-quadratus-femoris", "left-sciatic-nerve", "sacrum"} <= seen
    assert not {"left-gluteus-maximus", "left-gluteus-medius", "left-psoas-major"} & seen
    assert not any(isinstance(body.items[name].entry, Skin) for name in seen)


def test_the_front_of_the_hip_is_seen_from_the_front(body: Exploration) -> None:
    body.set_preset("front-of-hip")
    assert {"left-iliacus", "left-psoas-major", "left-femoral-nerve"} <= shown(body)
    assert "left-lateral-femoral-cutaneous-nerve" in shown(body)
    assert "left-piriformis" not in shown(body)
    assert body.state.view == "front"


def test_an_unknown_look_is_refused(body: Exploration) -> None:
    with pytest.raises(KeyError):
        body.set_preset("x-ray")


def test_one_skin_at_a_time(body: Exploration) -> None:
    body.set_skin("male")
    assert shown(body) & {"skin-female", "skin-male"} == {"skin-male"}
    assert "skin-male" in body.state.faded
    assert body.at_start()
    body.show("skin-female")
    assert body.state.skin == "female"
    assert "skin-male" in body.state.hidden
    body.visit("skin-male")
    assert body.state.skin == "male"
    assert body.state.selected == "skin-male"
    body.show("skin-female")
    assert body.state.selected is None
    while body.undo() is not None:
        pass
    assert body.state.skin == "female"


def test_the_other_skin_is_taken_as_the_first_was(body: Exploration) -> None:
    body.set_preset("bones")
    body.set_skin("male")
    assert not shown(body) & {"skin-female", "skin-male"}
    assert body.depth() == "bone"
    body.set_preset("skin")
    assert "skin-male" in shown(body)
    assert not body.state.faded


def test_isolating_a_muscle_keeps_its_bones(body: Exploration) -> None:
    body.isolate("left-piriformis")
    assert {"left-piriformis", "sacrum", "left-femur"} <= shown(body)
    assert "left-gluteus-maximus" not in shown(body)
    assert body.state.selected == "left-piriformis"


def test_what_is_selected_is_let_go_when_it_is_peeled_off(body: Exploration) -> None:
    body.select("left-gluteus-maximus")
    body.set_depth("deep")
    assert body.state.selected is None


def test_a_run_of_the_cut_is_one_step_and_stays_in_the_body(body: Exploration) -> None:
    body.set_section("axial")
    assert body.state.view == "top"
    for at in (5.0, 30.0, 9_000.0):
        body.move_section(at_mm=at)
    assert body.state.section is not None
    assert 100 < body.state.section.at_mm < 400
    body.flip_section()
    assert body.state.view == "below"
    body.undo()
    body.undo()
    assert body.state.section == Section("axial", -20.0)
    body.set_section(None)
    body.move_section(at_mm=3.0)
    assert body.state.section is None


def test_a_pelvis_without_soft_parts_has_fewer_depths(known: Knowledge, pack: Pack) -> None:
    bones = {n: s for n, s in pack.surfaces.items() if n in ("sacrum", "coccyx")}
    bare = Exploration(known, Pack(pack.info, bones, pack.landmarks, {}, {}))
    assert depths_of(bare.items) == ("bone",)
    bare.step_depth(1)
    assert not bare.state.hidden
    bare.set_skin("male")
    bare.set_preset("skin")
    assert bare.at_start()


def test_what_was_done_before_the_pelvis_came_still_undoes(known: Knowledge, pack: Pack) -> None:
    late = Exploration(known)
    late.set_voice("student")
    late.load(*with_body(known, pack))
    assert late.at_start()
    assert "skin-female" in late.state.faded
    late.undo()
    assert late.at_start()
    assert late.state.voice == "plain"
