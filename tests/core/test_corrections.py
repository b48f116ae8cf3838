"""Landmarks of one's own mesh put right by hand: where they may go, what follows, what is kept."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import pyvista as pv
from bad_meshes import cube, stl_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ownmesh import TO_BODY, opened_like, own_pack
from pelves import joined, made_up

from siexplorer.cli import main
from siexplorer.exploration.beneath import body_of
from siexplorer.exploration.card import card_of, to_text
from siexplorer.exploration.correcting import as_corrections, corrected, in_file
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.moving import joints_of
from siexplorer.exploration.own import opened_record, report, report_text
from siexplorer.geometry.filters import closest_points
from siexplorer.geometry.registration import apply
from siexplorer.geometry.surface import compacted, is_closed, volume_cm3
from siexplorer.packs import carried, corrections
from siexplorer.packs.corrections import CorrectionsError, digest_of, keep, kept, kept_file
from siexplorer.packs.opened import STEPS, OpenedError, read_opened, with_sides, write_opened
from siexplorer.packs.pack import CARRIED, OWN, read_shape
from siexplorer.scene.cutting import Cutting
from siexplorer.scene.looks import role_of
from siexplorer.scene.picking import Picker
from siexplorer.scene.theme import LIGHT

DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(corrections, "corrections_folder", lambda: tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def do(known, pack):
    exploration = Exploration(known)
    exploration.use(own_pack(pack))
    return exploration


# What is kept -------------------------------------------------------------------------------------

NUMBER = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(min_size=1, max_size=20), st.tuples(NUMBER, NUMBER, NUMBER)),
    st.booleans(),
)
def test_what_is_kept_comes_back(places, mirrored):
    wanted = {name: np.array(place) for name, place in places.items()}
    keep(DIGEST, wanted, mirrored=mirrored)
    found = kept(DIGEST, mirrored=mirrored)
    assert found.keys() == wanted.keys()
    assert all((found[name] == wanted[name]).all() for name in found)
    assert kept_file(DIGEST, mirrored=mirrored).exists() == bool(places)


def test_a_mirror_image_has_corrections_of_its_own(folder):
    keep(DIGEST, {"left-asis": np.ones(3)}, mirrored=False)
    assert kept(DIGEST, mirrored=True) == {}
    assert [path.name for path in folder.iterdir()] == [f"{DIGEST}.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, 2]",
        '{"siexplorer_corrections": 2, "mesh_sha256": "ab", "mirrored": false, "landmarks": {}}',
        '{"siexplorer_corrections": 1, "mesh_sha256": "DIGEST", "mirrored": false,'
        ' "landmarks": {"left-asis": [1, 2]}}',
        '{"siexplorer_corrections": 1, "mesh_sha256": "DIGEST", "mirrored": false,'
        ' "landmarks": {"left-asis": [1, 2, NaN]}}',
        '{"siexplorer_corrections": 1, "mesh_sha256": "DIGEST", "mirrored": false,'
        ' "landmarks": {"left-asis": [1, 2, 1e999]}}',
        '{"siexplorer_corrections": 1, "mesh_sha256": "other", "mirrored": false, "landmarks": {}}',
        '{"siexplorer_corrections": 1, "mesh_sha256": "DIGEST", "mirrored": true, "landmarks": {}}',
        "\udcff",
    ],
)
def test_a_broken_file_is_one_sentence_and_nothing_of_it_is_lost(folder, text):
    folder.mkdir()
    path = kept_file(DIGEST, mirrored=False)
    data = text.replace("DIGEST", DIGEST).encode("utf-8", "surrogateescape")
    path.write_bytes(data)
    with pytest.raises(CorrectionsError) as caught:
        kept(DIGEST, mirrored=False)
    said = str(caught.value)
    assert path.name in said
    assert said.endswith(".")
    assert "\n" not in said
    assert path.read_bytes() == data
    keep(DIGEST, {"left-asis": np.ones(3)}, mirrored=False)
    assert path.with_suffix(".broken").read_bytes() == data
    assert list(kept(DIGEST, mirrored=False)) == ["left-asis"]


def test_several_files_are_one_mesh_in_whatever_order(tmp_path):
    one, other = tmp_path / "a.stl", tmp_path / "b.stl"
    one.write_bytes(b"a")
    other.write_bytes(b"b")
    assert digest_of([one, other]) == digest_of([other, one]) != digest_of([one])


# Putting one right --------------------------------------------------------------------------------


def test_a_landmark_slides_over_its_bone_and_comes_back(do):
    fixing, before = do.correcting, do.items["left-psis"].points[0].copy()
    dimple = do.items["left-dimple-of-venus"].points.copy()
    turning = joints_of(do.pack)
    fixing.start("left-psis")
    assert do.state.selected == fixing.name == "left-psis"
    for _ in range(4):
        fixing.slide(np.array([0.0, 0.0, 1.0]))
    now = do.items["left-psis"].points[0]
    assert 2.0 < np.linalg.norm(now - before) < 4.1
    bone = do.pack.surfaces["left-hip-bone"].surface
    assert np.linalg.norm(closest_points(bone, now[None])[0][0] - now) < 0.01
    assert fixing.moved_mm("left-psis") == pytest.approx(np.linalg.norm(now - before), abs=0.01)
    # What was set behind it, and what is worked out from it, go along.
    assert do.items["left-dimple-of-venus"].points[0] - dimple[0] == pytest.approx(now - before)
    assert joints_of(do.pack) is not turning
    assert do.undo() == f"Correct {do.name_of('left-psis')}"
    assert (do.items["left-psis"].points[0] == before).all()
    do.redo()
    assert do.items["left-psis"].points[0] == pytest.approx(now)
    fixing.finish()
    fixing.reset("left-psis")
    assert (do.items["left-psis"].points[0] == before).all()
    assert do.state.corrections == ()
    do.undo()
    assert do.items["left-psis"].points[0] == pytest.approx(now)


def test_leaving_it_puts_it_back_to_where_it_was_when_that_began(do):
    fixing = do.correcting
    fixing.start("left-asis")
    fixing.slide(np.array([0.0, 0.0, 3.0]))
    fixing.finish()
    kept_there = do.state.corrections
    fixing.start("left-asis")
    fixing.slide(np.array([0.0, 0.0, -5.0]))
    fixing.cancel()
    assert do.state.corrections == kept_there != ()
    fixing.start("left-asis")
    do.select("right-asis")
    assert fixing.name is None


def test_a_line_of_sight_meets_the_near_side_of_the_bone(do):
    do.correcting.start("left-asis")
    place = do.items["left-asis"].points[0]
    eye, towards = place + np.array([0.0, -500.0, 0.0]), np.array([0.0, 1.0, 0.0])
    assert np.linalg.norm(do.correcting.seen_from(eye, towards) - place) < 3.0
    assert do.correcting.seen_from(eye, -towards) is None


def test_what_cannot_be_put_right_says_why(known, pack, do):
    why_not = do.correcting.why_not
    assert why_not("left-asis") == ""
    assert "PSIS" in why_not("left-dimple-of-venus")
    assert "line" in why_not("left-iliac-crest")
    assert "Coccyx" in why_not("coccyx-tip")
    assert why_not(None) == why_not("sacrum") == known.say("correct_select")
    plain = Exploration(known, pack)
    assert "your own" in plain.correcting.why_not("left-asis")
    plain.correcting.start("left-asis")
    assert plain.correcting.name is None


def test_the_card_says_how_sure_and_what_was_set_by_hand(known, do):
    def card(name):
        return to_text(card_of(known, known.entries[name], do.pack, "plain", "own-body"))

    assert "90 % sure" in card("left-asis")
    assert f"! {known.say('own_unsure_heading')}" in card("left-aiis")
    assert "does not show this place" in card("left-greater-trochanter")
    do.correcting.start("left-aiis")
    do.correcting.slide(np.array([0.0, 0.0, 2.0]))
    moved = do.correcting.moved_mm("left-aiis")
    assert 0.5 < moved <= 2.0
    assert f"Set by hand, {moved:.1f} mm" in card("left-aiis")
    assert known.say("own_unsure_heading") not in card("left-aiis")


def test_places_go_into_the_file_and_back(do):
    place = np.array([31.0, 70.0, -12.0])
    moved = as_corrections({"left-asis": place})
    there = in_file(do.pack.own, moved)["left-asis"]
    assert apply(TO_BODY, there[None])[0] == pytest.approx(place, abs=1e-6)
    assert do.correcting.take({"left-asis": there, "nothing-known": there}) == 1
    assert do.items["left-asis"].points[0] == pytest.approx(place, abs=1e-3)


def test_only_single_points_are_moved(pack):
    whole = own_pack(pack)
    crest = as_corrections({"left-iliac-crest": np.zeros(3), "no-such-thing": np.zeros(3)})
    found = corrected(whole, crest)
    assert found.landmarks.keys() == whole.landmarks.keys()
    assert (found.landmarks["left-iliac-crest"] == whole.landmarks["left-iliac-crest"]).all()


# Opened -------------------------------------------------------------------------------------------


def test_what_one_process_opens_another_reads(pack, tmp_path):
    opened = opened_like(pack)
    opened.corrected = {"left-asis": np.array([1.0, 2.0, 3.0])}
    opened.pack.stand_ins = {"sacrum": pack.surfaces["sacrum"].surface}
    path = tmp_path / "opened.npz"
    write_opened(opened, path)
    found = read_opened(path)
    assert found.pack.own.found == opened.pack.own.found
    assert found.record == opened.record
    assert (found.corrected["left-asis"] == [1.0, 2.0, 3.0]).all()
    for name, one in opened.pack.surfaces.items():
        assert np.allclose(found.pack.surfaces[name].surface.vertices, one.surface.vertices)
        assert (found.pack.surfaces[name].surface.faces == one.surface.faces).all()
    assert (found.pack.stand_ins["sacrum"].faces == pack.surfaces["sacrum"].surface.faces).all()
    assert found.pack.landmarks.keys() == pack.landmarks.keys()
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(OpenedError):
        read_opened(path)


def test_the_report_tells_what_was_found_and_what_is_missing(known, pack):
    opened = opened_like(pack)
    opened.faults = ["Something does not fit.", "left-iliacus: it folds."]
    said = report_text(report(known, opened))
    assert "Left hip bone: 99 %" in said
    assert "Coccyx" in said
    assert "2 holes" in said
    assert "Something does not fit." in said
    assert "Left iliacus: it folds." in said
    assert "It cannot be told from shape." in said
    # Every sentence was found under its key.
    assert "report " not in said
    assert "measure " not in said
    assert opened_record(known, opened)["carried_faults"] == opened.faults


def test_the_command_line_gives_the_landmarks_where_they_were_put(tmp_path, capsys):
    path = tmp_path / "scan.stl"
    scan = made_up(read_shape(), 5, triangles=9000, noise_mm=0.3, unit="cm")
    path.write_bytes(stl_bytes(joined([part for _, part in scan.parts])))

    def landmarks():
        assert main(["landmarks", str(path), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    first = landmarks()
    asis = np.array(first["landmarks"]["left-asis"]["in_file"][0])
    assert not first["landmarks"]["left-asis"]["by_hand"]
    aside = asis + np.array([0.4, 0.0, 0.0])
    keep(digest_of([path]), {"left-asis": aside}, mirrored=False)
    second = landmarks()
    assert second["landmarks"]["left-asis"]["by_hand"]
    assert second["landmarks"]["left-asis"]["moved_mm"] == pytest.approx(4.0, abs=0.02)
    assert second["landmarks"]["left-asis"]["in_file"][0] == pytest.approx(aside)
    assert second["landmarks"]["right-asis"] == first["landmarks"]["right-asis"]
    assert second["measures"]["asis_asis_mm"] != first["measures"]["asis_asis_mm"]


def test_open_brings_bones_sides_and_corrections(tmp_path, capsys, monkeypatch):
    def as_built_in(built_in, model, vertices, *, info, bones, landmarks):
        assert set(bones) == {"left-hip-bone", "right-hip-bone", "sacrum"}
        assert landmarks["left-asis"][0, 0] > 0
        return replace(built_in, info=info)

    # Carrying over has its own tests, and takes a while.
    monkeypatch.setattr(carried, "carried_pack", as_built_in)
    monkeypatch.setattr(carried, "carried_faults", lambda pack: ["Something does not fit."])
    path, out = tmp_path / "scan.stl", tmp_path / "opened.npz"
    scan = made_up(read_shape(), 6, triangles=9000, noise_mm=0.3, unit="mm", merged=True)
    path.write_bytes(stl_bytes(joined([part for _, part in scan.parts])))
    assert main(["open", str(path), "--into", str(out), "--not-mirrored"]) == 0
    assert tuple(capsys.readouterr().out.split()) == STEPS
    opened = read_opened(out)
    own = opened.pack.own
    assert own.sides == ""
    unsure = with_sides(with_sides(opened.pack, "Who knows?"), "Not confirmed.")
    assert unsure.info.attribution.startswith("Not confirmed. Bones: your own mesh.")
    assert with_sides(unsure, "").info.attribution == opened.pack.info.attribution
    assert own.digest == digest_of([path])
    assert set(own.bones) == {"left-hip-bone", "right-hip-bone", "sacrum"}
    assert opened.faults == opened.pack.info.lacks == ["Something does not fit."]
    made = {name: one.info.provenance for name, one in opened.pack.surfaces.items()}
    assert {name for name, one in made.items() if one == OWN} == set(own.bones)
    assert {one for name, one in made.items() if name not in own.bones} == {CARRIED}
    # Drawn as they are, and wound outwards, whichever way they came.
    for name in own.bones:
        bone = opened.pack.surfaces[name].surface
        assert volume_cm3(bone) > 50
        assert name in opened.pack.stand_ins or is_closed(bone)


def test_open_refuses_what_contradicts_itself_and_what_is_no_pelvis(tmp_path, capsys):
    path = tmp_path / "cube.stl"
    path.write_bytes(stl_bytes(cube()))
    assert main(["open", str(path), "--mirrored", "--not-mirrored"]) == 2
    assert main(["open", str(path), "--json"]) == 2
    assert main(["open", str(tmp_path / "gone.stl")]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 3
    assert "gone.stl: there is no such file" in said.err
    assert "cube.stl" in said.err
    assert not said.out


def test_a_bone_with_holes_is_cut_and_lies_beneath_as_what_stands_in_for_it(known, pack):
    whole = own_pack(pack)
    bone = whole.surfaces["sacrum"]
    open_bone = compacted(bone.surface, np.arange(len(bone.surface.faces)) % 9 > 0)
    info = msgspec.structs.replace(bone.info, closed=False)
    whole.surfaces["sacrum"] = replace(bone, surface=open_bone, info=info)
    whole.stand_ins = {"sacrum": bone.surface}
    assert role_of(info) == "body"
    do = Exploration(known)
    do.use(whole)
    do.set_section("axial")
    shown = {"sacrum": whole.surfaces["sacrum"]}
    plotter = pv.Plotter(off_screen=True)
    cutting = Cutting(plotter.renderer, do, Picker(plotter.renderer), 1.0)
    cutting.draw(do.state, shown, None, LIGHT)
    assert cutting.faces.GetMapper().GetInput().GetNumberOfCells() > 20
    plotter.close()
    body = body_of(known, whole, known.positions["standing"], do.following)
    assert "sacrum" in body.names
