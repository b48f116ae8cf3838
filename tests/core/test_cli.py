"""The command line door: what it prints, what it refuses, and that it is one sentence."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from siexplorer import __version__, cli
from siexplorer.anatomy import records
from siexplorer.anatomy.places import data_folder
from siexplorer.cli import arguments, reading
from siexplorer.cli.drawing import ball_view
from siexplorer.exploration import ball, state
from siexplorer.exploration.catalog import rows
from siexplorer.exploration.exploration import Exploration
from siexplorer.geometry.motion import BODIES
from siexplorer.geometry.zones import ORDER
from siexplorer.scene.gl import missing_gl

CHECKOUT = Path(cli.__file__).resolve().parents[2]
needs_gl = pytest.mark.skipif(missing_gl() is not None, reason="this machine cannot draw")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_cache_folder", lambda: cache)
    monkeypatch.delenv("SIEXPLORER_DATA", raising=False)
    monkeypatch.delenv("SIEXPLORER_DEBUG", raising=False)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of annotations and meshes to break, which the commands then read."""
    folder = tmp_path / "data"
    for name in ("annotations", "meshes"):
        shutil.copytree(data_folder(name), folder / name)
    monkeypatch.setenv("SIEXPLORER_DATA", str(folder))
    return folder


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a command prints with --json; it must succeed and say nothing else."""
    code = cli.main([*words, "--json"])
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return json.loads(captured.out)


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """The one sentence on stderr with which a command refuses."""
    assert cli.main(list(words)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].endswith((".", "?"))
    assert "Traceback" not in lines[0]
    return lines[0]


def run(
    *words: str, ascii_only: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A real process, without a display unless ``environment`` brings one."""
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "SIEXPLORER_DATA")
    base = {name: value for name, value in os.environ.items() if name not in unset}
    base["PYTHONIOENCODING"] = "ascii" if ascii_only else "utf-8"
    base["PYTHONPATH"] = str(CHECKOUT)
    return subprocess.run(
        [sys.executable, *words],
        env=base | environment,
        capture_output=True,
        encoding="ascii" if ascii_only else "utf-8",
        timeout=60,
        check=False,
    )


# list ---------------------------------------------------------------------------------------------


def test_list_is_an_array_of_objects_with_id_kind_name_and_side(capsys):
    rows = printed(capsys, "list")
    assert all(list(row) == ["id", "kind", "name", "side"] for row in rows)
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows)
    assert by_id["left-psis"]["kind"] == "landmark"
    assert by_id["right-psis"]["side"] == "right"
    assert by_id["sacrum"]["side"] == "midline"
    assert {row["kind"] for row in rows} >= {"bone", "landmark", "muscle", "movement", "zone"}


@pytest.mark.parametrize("kind", ["bone", "muscle", "movement", "zone", "tool", "position"])
def test_list_of_one_kind(capsys, kind):
    rows = printed(capsys, "list", "--kind", kind)
    assert rows
    assert {row["kind"] for row in rows} == {kind}


def test_the_words_of_the_door_are_those_of_the_house(known):
    assert {row.kind for row in rows(known)} <= set(get_args(arguments.Kind))
    assert get_args(arguments.View) == get_args(records.View)
    assert get_args(arguments.Voice) == get_args(records.Voice)
    assert get_args(arguments.Mode) == get_args(state.Mode)
    assert set(get_args(arguments.SkinChoice)) == {*state.SKINS, "none"}
    assert get_args(arguments.Body) == state.SKINS
    assert (arguments.FIRST_TOOL, arguments.FIRST_POSITION) == (
        ball.FIRST_TOOL,
        ball.FIRST_POSITION,
    )


def test_list_as_a_table_lines_up(capsys):
    assert cli.main(["list", "--kind", "bone"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "KIND", "SIDE", "NAME"]
    assert all(row[head.index("KIND") :].startswith("bone") for row in rows)


def test_techniques_are_listed_for_both_sides(capsys):
    assert cli.main(["list", "--kind", "technique", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} == {"technique"}
    ids = {row["id"] for row in rows}
    assert {"left-ball-under-buttock", "right-ball-under-buttock"} <= ids


# show ---------------------------------------------------------------------------------------------


def test_show_a_landmark_tells_where_it_is_and_what_it_rests_on(capsys):
    shown = printed(capsys, "show", "left-psis")
    x, y, z = shown["position_mm"]
    assert 25 < x < 60
    assert y > 100
    assert -60 < z < 40
    assert "points_mm" not in shown
    assert {shown["id"], shown["kind"], shown["side"]} == {"left-psis", "landmark", "left"}
    assert shown["palpation"]["steps"]
    assert {source["id"] for source in shown["sources"]} >= {"simmonds-1992"}
    assert all(source["title"] for source in shown["sources"])
    assert shown["provenance"]["licence"].startswith("MPL-2.0;")


def test_show_a_curve_gives_all_of_it_and_its_middle(capsys):
    shown = printed(capsys, "show", "left-iliac-crest")
    points = shown["points_mm"]
    assert shown["position_mm"] == points[len(points) // 2]


def test_show_a_bone_gives_its_volume(capsys):
    shown = printed(capsys, "show", "sacrum")
    assert 100 < shown["volume_cm3"] < 350
    assert "area_cm2" not in shown
    assert [surface["id"] for surface in shown["surfaces"]] == ["sacrum"]


def test_show_a_muscle_sums_its_painted_areas(capsys):
    shown = printed(capsys, "show", "left-iliacus")
    bodies = [surface for surface in shown["surfaces"] if surface["closed"]]
    parts = [surface["area_cm2"] for surface in shown["surfaces"] if not surface["closed"]]
    assert len(parts) == 3
    assert shown["area_cm2"] == pytest.approx(sum(parts), abs=0.02)
    assert [shown["volume_cm3"]] == [body["volume_cm3"] for body in bodies]
    assert shown["provenance"]["made"] == ["modelled"]


@pytest.mark.parametrize(
    ("name", "kind", "side"),
    [
        ("left-ilium-flexion", "movement", "left"),
        ("sciatic-core", "zone", "both"),
        ("lacrosse-ball", "tool", "both"),
        ("right-figure-four", "position", "right"),
    ],
)
def test_what_is_no_part_of_the_body_is_shown_too(capsys, name, kind, side):
    shown = printed(capsys, "show", name)
    assert (shown["kind"], shown["side"]) == (kind, side)
    assert cli.main(["show", name]) == 0
    assert "Sources" in capsys.readouterr().out


def test_show_as_text_is_the_card_in_the_voice_asked_for(capsys):
    texts = {}
    for voice in get_args(arguments.Voice):
        assert cli.main(["show", "left-psis", "--voice", voice]) == 0
        texts[voice] = capsys.readouterr().out
    assert len(set(texts.values())) == 3
    assert all("How to find it with a hand" in text for text in texts.values())


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [("left-pssi", "left-psis"), ("sit bone", "left-ischial-tuberosity"), ("PSIS", "right-psis")],
)
def test_an_unknown_id_is_answered_with_the_nearest(capsys, asked, nearest):
    sentence = refused(capsys, "show", asked)
    assert f"“{asked}”" in sentence
    assert f"“{nearest}”" in sentence


def test_what_resembles_nothing_is_answered_with_where_to_look(capsys):
    assert "“siexplorer list”" in refused(capsys, "show", "qqqqqq")


# pose and zones -----------------------------------------------------------------------------------


def test_pose_says_where_every_bone_is(capsys):
    posed = printed(capsys, "pose", "left-ilium-flexion", "--at", "1")
    assert posed["movement"] == "left-ilium-flexion"
    assert (posed["at"], posed["magnify"], posed["factor"]) == (1.0, 1.0, 1.0)
    assert (posed["clamped"], posed["clamp_reason"]) == (False, None)
    assert set(posed["bodies"]) == set(BODIES)
    hip = posed["bodies"]["left-hip-bone"]
    assert hip["si_rotation_deg"] == hip["shown_rotation_deg"] == pytest.approx(2.0)
    assert hip["rotation_deg"] == pytest.approx(2.0)
    assert 0 < hip["si_translation_mm"] < 2.0
    assert hip["lift_mm"] == 0.0
    assert hip["axis"]["direction"] == [-1.0, 0.0, 0.0]
    assert hip["matrix"] == hip["true_matrix"]
    matrix = np.array(hip["matrix"])
    assert matrix.shape == (4, 4)
    assert matrix[3].tolist() == [0, 0, 0, 1]
    assert np.degrees(np.arccos((np.trace(matrix[:3, :3]) - 1) / 2)) == pytest.approx(2, abs=1e-3)
    # The axis stands still, and the turn about it is the one that is told.
    point = np.array([*hip["axis"]["point_mm"], 1.0])
    assert matrix @ point == pytest.approx(point, abs=1e-3)
    assert posed["bodies"]["sacrum"]["si_rotation_deg"] == 0.0
    assert posed["bodies"]["left-femur"]["si_rotation_deg"] == 0.0
    assert set(posed["caption"]) == set(get_args(arguments.Voice))
    assert len(set(posed["caption"].values())) == 3
    assert posed["step"]["title"]
    assert posed["label"]


def test_pose_says_what_follows_the_bones(capsys, known):
    posed = printed(capsys, "pose", "nutation", "--at", "1", "--magnify", "3")
    landmarks = {entry.id for entry in known.entries.values() if entry.kind == "landmark"}
    assert set(posed["landmarks"]) == landmarks
    for shift in posed["landmarks"].values():
        assert shift["true_shift_mm"] == pytest.approx(np.linalg.norm(shift["vector_mm"]), abs=1e-3)
    promontory = posed["landmarks"]["sacral-promontory"]
    assert promontory["vector_mm"][1] < 0
    assert promontory["vector_mm"][2] < 0
    assert promontory["whole_shift_mm"] == promontory["true_shift_mm"]
    assert posed["landmarks"]["left-asis"]["true_shift_mm"] == 0.0
    assert posed["landmarks"]["coccyx-tip"]["true_shift_mm"] > 2.0
    sacrum = posed["bodies"]["sacrum"]
    assert sacrum["si_rotation_deg"] == pytest.approx(1.7), "nutation is the sacrum's own turn"
    assert sacrum["shown_rotation_deg"] == pytest.approx(5.1)
    ligaments, limit = posed["ligaments"], posed["taut_beyond_percent"]
    assert ligaments["left-sacrotuberous-ligament"]["taut"] == "taut"
    assert ligaments["left-long-posterior-sacroiliac-ligament"]["taut"] == "slack"
    for one in ligaments.values():
        strain = 100 * (one["now_mm"] / one["rest_mm"] - 1)
        assert one["strain_percent"] == pytest.approx(strain, abs=0.02)
        words = "taut" if strain > limit else "slack" if strain < -limit else "unchanged"
        assert one["taut"] == words
    for one in posed["muscles"].values():
        assert one["change_mm"] == pytest.approx(one["now_mm"] - one["rest_mm"], abs=2e-3)
    assert {"left-piriformis", "right-gluteus-maximus"} <= posed["muscles"].keys()
    for joint in posed["joints"].values():
        assert joint["rotation_deg"] == pytest.approx(1.7)
        assert joint["glide_mm"] > abs(joint["gap_mm"])


def test_pose_tells_hips_and_pelvis_apart_from_the_si_joints(capsys):
    posed = printed(capsys, "pose", "left-knee-lift", "--at", "1")
    left, right = posed["hips"]["left"], posed["hips"]["right"]
    assert left["thigh_flexion_deg"] == pytest.approx(90.0)
    tilt = posed["pelvis"]["posterior_tilt_deg"]
    assert left["flexion_deg"] == pytest.approx(90.0 - tilt - 0.5, abs=0.01)
    assert right["flexion_deg"] == pytest.approx(-tilt, abs=0.01)
    asis = posed["landmarks"]["left-asis"]
    assert asis["whole_shift_mm"] > 5 * asis["true_shift_mm"]
    femur = posed["bodies"]["left-femur"]
    assert femur["rotation_deg"] == pytest.approx(90.0)
    assert femur["axis"]["direction"][0] == pytest.approx(-1.0, abs=1e-3)


def test_magnifying_changes_what_is_drawn_and_never_what_is_true(capsys):
    name = "right-ilium-extension"
    plain = printed(capsys, "pose", name, "--at", "0.5")
    large = printed(capsys, "pose", name, "--at", "0.5", "--magnify", "4")
    one, other = (p["bodies"]["right-hip-bone"] for p in (plain, large))
    assert other["shown_rotation_deg"] == pytest.approx(4 * one["shown_rotation_deg"])
    assert other["si_rotation_deg"] == one["si_rotation_deg"] == pytest.approx(-1.0)
    assert other["true_matrix"] == one["true_matrix"]
    for key in ("landmarks", "ligaments", "muscles", "joints", "hips"):
        assert plain[key] == large[key]
    held = printed(capsys, "pose", name, "--at", "1", "--magnify", "10")
    assert held["clamped"]
    assert held["factor"] == held["most_factor"] < 10
    assert "not x10" in held["clamp_reason"]
    assert held["bodies"]["right-hip-bone"]["lift_mm"] > 0


def test_a_movement_that_cannot_be_is_refused_with_its_name(capsys, data):
    file = data / "annotations" / "movements.toml"
    text = file.read_text("utf-8")
    old = 'joint = "both-si", motion = "posterior-rotation", keys = [[0.0, 0.0], [1.0, 1.7]]'
    assert old in text
    for new, said in (
        (old.replace("1.7", "7.0"), "3.6"),
        (old.replace("posterior-rotation", "flexion"), "cannot do"),
    ):
        file.write_text(text.replace(old, new, 1), "utf-8")
        sentence = refused(capsys, "pose", "nutation", "--at", "1", code=1)
        assert said in sentence
        assert "nutation" in sentence


# The ball -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("skin", state.SKINS)
def test_zones_are_told_for_each_side_and_from_its_psis(capsys, known, skin):
    found = printed(capsys, "zones", "--skin", skin)
    assert (found["tool"], found["position"], found["skin"]) == ("tennis-ball", "standing", skin)
    assert len(found["caveats"]) == 3
    assert "along the skin" in found["projection"]
    rows = {(row["id"], row["side"]): row for row in found["zones"]}
    assert set(rows) == {(zone, side) for zone in ORDER for side in ("left", "right")}
    for side, sign in (("left", 1), ("right", -1)):
        clear = rows["gluteal-clear", side]
        psis = printed(capsys, "show", f"{side}-psis")["position_mm"]
        assert (clear["state"], clear["allowed"]) == ("clear", True)
        assert clear["area_cm2"] > 30
        assert 50 < clear["from_psis_mm"]["lateral_mm"] < 90
        assert clear["centroid_mm"]["x"] * sign > 0
        for axis, way, turn in (("x", "lateral", sign), ("y", "back", 1), ("z", "up", 1)):
            shift = (clear["centroid_mm"][axis] - psis["xyz".index(axis)]) * turn
            assert shift == pytest.approx(clear["from_psis_mm"][f"{way}_mm"], abs=0.02)
        assert clear["reason"]
        assert "design choice" in clear["tags"]
        assert clear["margins"]["mm"]["sciatic"] == 18.0
        assert set(clear["tools"]) == set(known.tools)
        assert any("prone" in one["positions"] for one in clear["positions"])
    # States are the zones of that state.
    for total in found["states"]:
        parts = [
            row["area_cm2"]
            for row in found["zones"]
            if (row["state"], row["side"]) == (total["state"], total["side"])
        ]
        assert total["area_cm2"] == pytest.approx(sum(parts), abs=0.1)
    assert {row["state"] for row in found["states"]} == set(ball.STATES)


def test_zones_differ_by_tool_and_position(capsys):
    plain = printed(capsys, "zones")
    palm = printed(capsys, "zones", "--tool", "broad palm")
    crossed = printed(capsys, "zones", "--position", "right figure-four")
    assert palm["tool"] == "palm"
    assert crossed["position"] == "right-figure-four"
    assert len(crossed["caveats"]) == 4

    def sacrum(found):
        return next(row for row in found["zones"] if row["id"] == "dorsal-sacrum")

    assert (sacrum(plain)["state"], sacrum(palm)["state"]) == ("avoid", "caution")
    assert sacrum(plain)["tools"] == sacrum(palm)["tools"]
    assert plain["states"] != crossed["states"]


def test_every_vertex_of_the_skin_can_be_asked_for(capsys, known, pack):
    found = printed(capsys, "zones", "--vertices", "--tool", "elbow")
    vertices = found["vertices"]
    assert len(vertices) > 6000
    assert set(vertices[0]["distances_mm"]) == set(ball.TELLS)
    points = np.array([one["point_mm"] for one in vertices])
    skin = pack.surfaces["skin-female"].surface.vertices
    assert np.abs(skin[:, None, 0][:50] - points[None, :, 0]).min(axis=1).max() < 0.01
    clear = [one["distances_mm"] for one in vertices if one["state"] == "clear"]
    assert len(clear) > 100
    radius = known.tools["elbow"].counted_radius_mm
    assert min(one["sciatic_line"] for one in clear) >= 18 + radius
    assert min(one["sacrum"] for one in clear) >= 5 + radius
    states = {one["rule"]: one["state"] for one in vertices}
    assert states == {rule: states[rule] for rule in states}
    assert "vertices" not in printed(capsys, "zones")


PLACES = {
    "clear": ("tennis", "110 150 -20"),
    "caution": ("lacrosse ball", "70 175 -40"),
    "avoid": ("elbow", "0 200 0"),
}


@pytest.mark.parametrize("state", PLACES)
def test_a_ball_is_told_what_the_rules_say(capsys, known, state):
    tool, place = PLACES[state]
    found = printed(capsys, "ball", "--tool", tool, "--at", *place.split())
    assert found["verdict"] == state
    record = known.tools[found["tool"]]
    assert found["rule_name"] == known.zones[found["rule"]].name
    assert found["reason"].endswith(".")
    assert set(found["distances_mm"]) == set(ball.TELLS)
    assert found["contact"] == {
        "radius_mm": record.contact_radius_mm,
        "counted_radius_mm": record.counted_radius_mm,
        "patch_area_cm2": found["contact_patch_cm2"],
    }
    circle = np.pi * record.contact_radius_mm**2 / 100
    assert found["contact_patch_cm2"] == pytest.approx(circle, rel=0.4)
    snapped, asked = np.array(found["place_mm"]), np.array(found["asked_mm"])
    assert asked.tolist() == [float(value) for value in place.split()]
    assert np.linalg.norm(snapped - asked) == pytest.approx(found["snapped_by_mm"], abs=0.01)
    out = np.array(found["centre_mm"]) - snapped
    height = record.diameter_mm / 2 - found["sink_mm"]
    assert out == pytest.approx(np.array(found["normal"]) * height, abs=0.05)
    near = found["nearest"]
    assert near["distance_mm"] == max(0, found["distances_mm"][near["name"]])
    assert near["words"].startswith("Nearest: ")
    assert set(found["sources"]) <= set(known.sources)
    assert found["position_says"]
    assert len(found["caveats"]) == 3
    assert (found["suggestion"] is None) == (state == "clear")
    if found["suggestion"]:
        there = [str(value) for value in found["suggestion"]["place_mm"]]
        after = printed(capsys, "ball", "--tool", tool, "--at", *there)
        assert (after["verdict"], after["suggestion"]) == ("clear", None)
        assert after["side"] == found["side"]
        assert "fleshy" in found["suggestion"]["words"]


@pytest.mark.parametrize("position", ["standing", "figure-four"])
def test_a_ball_is_told_what_the_window_shows(capsys, known, pack, position):
    seen = Exploration(known, pack)
    seen.set_mode("ball")
    seen.set_tool("lacrosse-ball")
    held = "standing" if position == "standing" else "right-figure-four"
    seen.set_position(held)
    seen.skin_map(wait=True)
    seen.place_ball(np.array([-80.0, 170.0, -50.0]))
    shown = seen.verdict()
    assert shown is not None
    at = [str(value) for value in seen.state.ball]
    told = printed(capsys, "ball", "--tool", "lacrosse", "--at", *at, "--position", position)
    assert told["position"] == held
    assert (told["verdict"], told["rule"]) == (shown.state, shown.rule)
    assert told["distances_mm"] == pytest.approx(shown.distances_mm, abs=0.02)
    if position != "standing":
        # All that is inside would have to be bent twice more.
        return
    stack = seen.stack(wait=True)
    assert stack is not None
    below = printed(capsys, "beneath", "--at", *at)
    assert [one["name"] for one in below["stack"]] == [one.name for one in stack.layers]
    depths = [one.depth_mm for one in stack.layers]
    assert [one["depth_mm"] for one in below["stack"]] == pytest.approx(depths, abs=0.05)


def test_a_ball_can_be_laid_on_a_named_thing(capsys, known, pack):
    seen = Exploration(known, pack)
    seen.set_mode("ball")
    seen.skin_map(wait=True)
    for name in ("right-piriformis", "left-ischial-tuberosity", "sacrum"):
        told = printed(capsys, "ball", "--tool", "tennis", "--on", name)
        assert seen.place_ball_on(name)
        shown = seen.verdict()
        assert shown is not None
        assert told["place_mm"] == pytest.approx(shown.contact.place, abs=0.02)
        assert (told["rule"], told["side"]) == (shown.rule, shown.side)


def test_a_ball_is_looked_at_from_where_it_lies(known, pack):
    seen = Exploration(known, pack)
    seen.set_mode("ball")
    seen.set_position("left-side-lying")
    assert ball_view(seen) == known.positions["left-side-lying"].view
    seen.set_position("standing")
    seen.skin_map(wait=True)
    sides = {"left-asis": "front", "right-piriformis": "back", "left-greater-trochanter": "left"}
    for name, view in sides.items():
        assert seen.place_ball_on(name)
        assert ball_view(seen) == view


def test_what_lies_beneath_is_told_in_order(capsys):
    found = printed(capsys, "beneath", "--landmark", "left-piriformis")
    depths = [one["depth_mm"] for one in found["stack"]]
    assert depths == sorted(depths)
    ids = [one["id"] for one in found["stack"] if one["beside_mm"] is None]
    wanted = [f"left-{n}" for n in ("gluteus-maximus", "piriformis", "greater-sciatic-notch")]
    assert [name for name in ids if name in wanted] == wanted
    assert found["stack"][0]["kind"] == "skin"
    nerve = next(one for one in found["stack"] if one["id"] == "left-sciatic-nerve")
    assert nerve["kind"] == "nerve"
    assert all(one["thickness_mm"] >= 0 for one in found["stack"])
    assert np.linalg.norm(found["inwards"]) == pytest.approx(1.0, abs=0.01)
    assert found["caveats"]
    other = printed(capsys, "beneath", "--landmark", "left-piriformis", "--skin", "male")
    assert other["skin"] == "male"
    assert other["stack"] != found["stack"]


def test_from_where_a_structure_is_reached_is_told(capsys):
    found = printed(capsys, "beneath", "--structure", "left-piriformis")
    assert found["area_cm2"] > 10
    assert 30 < found["least_mm"] < found["median_mm"] < 90
    hidden = printed(capsys, "beneath", "--structure", "left-anterior-sacroiliac-ligament")
    assert (hidden["area_cm2"], hidden["least_mm"]) == (0.0, None)
    assert cli.main(["beneath", "--structure", "left-anterior-sacroiliac-ligament"]) == 0
    assert "from no place" in capsys.readouterr().out


def test_another_shape_is_measured_and_shown(capsys, monkeypatch, pack):
    monkeypatch.setattr(reading, "pack_or_fault", lambda **_: (pack, None))
    mean = printed(capsys, "shape", "--weights", "0")
    wide = printed(capsys, "shape", "--weights", "0", "1.5")
    assert wide["measures"]["asis_asis_mm"] > mean["measures"]["asis_asis_mm"] + 10
    assert wide["variance_percent"] == [36.1, 18.8]
    assert wide["faults"] == mean["faults"] == []
    place = {
        shape: printed(capsys, "ball", "--tool", "tennis", "--on", "left-psis", *shape)
        for shape in ((), ("--shape", "0", "1.5"))
    }
    places = [one["place_mm"] for one in place.values()]
    assert np.abs(np.subtract(*places)).max() > 2.0


def test_the_ball_reads_well_as_text(capsys, known):
    words = ["ball", "--tool", "tennis", "--at", "70", "175", "-40", "--position", "prone"]
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert "With caution: " in text
    assert "Nearest: the line of the sciatic nerve" in text
    assert "Better: " in text
    assert "cannot rest here" in text
    assert known.never_safe.text in text
    assert "None" not in text
    assert cli.main(["beneath", "--at", "70", "175", "-40"]) == 0
    text = capsys.readouterr().out
    assert "gluteus maximus" in text
    assert "None" not in text
    assert cli.main(["zones", "--tool", "roller"]) == 0
    text = capsys.readouterr().out
    assert "gluteal-clear" in text
    assert known.depth_caveat.text in text


def test_zones_and_pose_read_well_as_text(capsys):
    assert cli.main(["zones"]) == 0
    assert "gluteal-clear" in capsys.readouterr().out
    assert cli.main(["pose", "left-ilium-flexion", "--at", "1", "--magnify", "10"]) == 0
    text = capsys.readouterr().out
    assert "Left SI joint: +2.00 deg" in text
    assert "Drawn x6, not x10" in text
    assert "sacrotuberous" in text
    assert "None" not in text
    assert cli.main(["pose", "left-tight-iliacus", "--at", "1"]) == 0
    text = capsys.readouterr().out
    assert "from the clinic" in text
    assert len(text.splitlines()) < 18


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lst", "“list”"),
        ("list surplus", "“surplus”"),
        ("list --kind bones", "--kind"),
        ("list --bogus", "--bogus"),
        ("show", "ID"),
        ("pose left-ilium-flexion", "--at"),
        ("pose left-ilium-flexion --at 1.5", "--at"),
        ("pose left-ilium-flexion --at nan", "--at"),
        ("pose left-ilium-flexion --at 1 --magnify 11", "--magnify"),
        ("pose left-ilium-flexion --at 1 --magnify 0.5", "--magnify"),
        ("pose left-psis --at 1", "movement"),
        ("check --data no-such-folder", "no-such-folder"),
        ("snapshot", "OUT"),
        ("snapshot a.jpg", ".png"),
        ("snapshot no-such-folder/a.png", "no-such-folder"),
        ("snapshot a.png --size 10", "--size"),
        ("snapshot a.png --size 800x", "--size"),
        ("snapshot a.png --size -1x800", "--size"),
        ("snapshot a.png --size 100000x800", "--size"),
        ("snapshot a.png --at 0.5", "--movement"),
        ("snapshot a.png --movement left-ilium-flexion --mode ball", "--mode ball"),
        ("snapshot a.png --movement left-ilium-flexion --at 2", "--at"),
        ("snapshot a.png --movement left-ilium-flexion --magnify 20", "--magnify"),
        ("snapshot a.png --preset x-ray", "deep-rotators"),
        ("snapshot a.png --depth 7", "--depth"),
        ("snapshot a.png --depth bones", "bone"),
        ("snapshot a.png --preset skin --depth 2", "--depth"),
        ("snapshot a.png --section oblique:3", "--section"),
        ("snapshot a.png --section axial:high", "--section"),
        ("snapshot a.png --section axial:nan", "--section"),
        ("snapshot a.png --section axial:1:2", "--section"),
        ("snapshot a.png --section axial:9000", "--section"),
        ("snapshot a.png --skin none-such", "--skin"),
        ("snapshot a.png --zones --movement nutation", "--zones and --movement"),
        ("snapshot a.png --tool palm --mode move", "--tool and --mode move"),
        ("snapshot a.png --ball 0 100 0 --ball-on sacrum", "--ball and --ball-on"),
        ("snapshot a.png --zones --skin none", "--skin female or male"),
        ("snapshot a.png --ball 0 100", "--ball"),
        ("zones --tool chair", "foam-roller"),
        ("zones --position floating", "right-figure-four"),
        ("zones --skin none", "--skin"),
        ("zones --vertices", "--json"),
        ("ball --at 0 100 0", "--tool"),
        ("ball --tool tennis", "--at or --on"),
        ("ball --tool tennis --at 0 100", "--at"),
        ("ball --tool tennis --at 0 100 left", "--at"),
        ("ball --tool tennis --at 0 nan 0", "--at"),
        ("ball --tool tennis --at 0 inf 0", "--at"),
        ("ball --tool tennis --at 0 100 0 --on sacrum", "--at and --on"),
        ("ball --tool chair --at 0 100 0", "tennis-ball"),
        ("ball --tool tennis --on left-pssi", "left-psis"),
        ("ball --tool tennis --at 0 100 0 --position floating", "side-lying"),
        ("beneath", "--at, --landmark or --structure"),
        ("beneath --at 0 100 0 --landmark left-psis", "--at and --landmark"),
        ("beneath --landmark left-psis --structure sacrum", "--landmark and --structure"),
        ("beneath --landmark left-pssi", "left-psis"),
        ("beneath --structure nothing-such", "nothing-such"),
        ("beneath --structure left-psis", "--landmark left-psis"),
        ("beneath --structure skin-female", "no body of its own"),
        ("beneath --at nan 0 0", "--at"),
        ("shape", "--weights"),
        ("shape --weights 3", "2 SD"),
        ("shape --weights 2 2 2", "95 of 100"),
        ("shape --weights nan", "nan"),
        ("snapshot a.png --shape", "such as --shape 1"),
        ("snapshot a.png --shape 0 -2.5", "-2.5"),
        ("show left-psis --shape 1 1 1 1 1 1", "6 weights"),
        ("list --shape 1", "zones"),
    ],
)
def test_a_bad_argument_is_one_sentence_that_names_it(capsys, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, *words.split())
    assert list(tmp_path.iterdir()) == []


@needs_gl
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--select left-pssi", "left-psis"),
        ("--only sacrum nothing-such", "nothing-such"),
        ("--only", "--only"),
        ("--movement left-ilium-flexon", "left-ilium-flexion"),
        ("--referral", "--select"),
        ("--referral --select left-psis", "left-psis"),
        ("--ball-on left-pssi", "left-psis"),
        ("--zones --tool chair", "tennis-ball"),
        ("--zones --position floating", "standing"),
    ],
)
def test_a_picture_of_nothing_known_is_refused(capsys, tmp_path, words, said):
    out = tmp_path / "a.png"
    assert said in refused(capsys, "snapshot", str(out), *words.split())
    assert not out.exists()


def test_without_opengl_drawing_is_refused_and_the_rest_works(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("siexplorer.scene.gl.missing_gl", lambda: "There is no OpenGL here.")
    assert "OpenGL" in refused(capsys, "snapshot", str(tmp_path / "a.png"), code=3)
    assert "OpenGL" in refused(capsys, "first-look", str(tmp_path / "look"), code=3)
    assert printed(capsys, "list")


def test_what_was_not_foreseen_is_a_sentence_unless_debugging(capsys, monkeypatch):
    def fail() -> None:
        raise RuntimeError("no\nluck")

    monkeypatch.setattr("siexplorer.anatomy.knowledge.read_knowledge", fail)
    assert "RuntimeError: no luck" in refused(capsys, "list", code=1)
    monkeypatch.setenv("SIEXPLORER_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli.main(["list"])


# Broken data --------------------------------------------------------------------------------------


def test_a_broken_toml_key_is_named_and_the_rest_is_listed(capsys, data):
    file = data / "annotations" / "landmarks.toml"
    file.write_text(file.read_text("utf-8").replace("lay_name =", "layname =", 1), "utf-8")
    assert cli.main(["list", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "annotations/landmarks.toml" in captured.err
    assert "layname" in captured.err
    ids = {row["id"] for row in json.loads(captured.out)}
    assert "sacrum" in ids
    assert "left-asis" in ids


def test_broken_toml_syntax_is_named_with_its_line(capsys, data):
    file = data / "annotations" / "movements.toml"
    file.write_text(file.read_text("utf-8") + "\nname = = 3\n", "utf-8")
    assert cli.main(["list", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("annotations/movements.toml: ")
    assert "line" in captured.err
    assert "left-psis" in captured.out


def _cut(data: Path) -> str:
    glb = data / "meshes" / "si-atlas" / "si-atlas.glb"
    glb.write_bytes(glb.read_bytes()[:4096])
    return "meshes/si-atlas/si-atlas.glb"


def _cut_with_its_checksum(data: Path) -> str:
    folder = data / "meshes" / "si-atlas"
    whole = (folder / "si-atlas.glb").read_bytes()
    cut = whole[:4096]
    (folder / "si-atlas.glb").write_bytes(cut)
    text = (folder / "pack.toml").read_text("utf-8")
    for old, new in (
        (f"bytes = {len(whole)}", f"bytes = {len(cut)}"),
        (hashlib.sha256(whole).hexdigest(), hashlib.sha256(cut).hexdigest()),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "pack.toml").write_text(text, "utf-8")
    return "meshes/si-atlas/si-atlas.glb"


def _missing(data: Path) -> str:
    (data / "meshes" / "si-atlas" / "si-atlas.glb").unlink()
    return "meshes/si-atlas/si-atlas.glb"


def _no_pack(data: Path) -> str:
    (data / "meshes" / "si-atlas" / "pack.toml").unlink()
    return "meshes/si-atlas/pack.toml"


def _changed(data: Path) -> str:
    glb = data / "meshes" / "si-atlas" / "si-atlas.glb"
    content = bytearray(glb.read_bytes())
    content[-1] ^= 1
    glb.write_bytes(content)
    return "meshes/si-atlas/si-atlas.glb"


@pytest.mark.parametrize("harm", [_cut, _cut_with_its_checksum, _missing, _no_pack, _changed])
def test_a_broken_pack_is_one_sentence_and_the_records_still_work(capsys, data, harm):
    where = harm(data)
    assert cli.main(["show", "left-psis", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith(where)
    assert captured.err.count("\n") == 1
    shown = json.loads(captured.out)
    assert "position_mm" not in shown
    assert shown["description"]["plain"]
    assert where in refused(capsys, "pose", "left-ilium-flexion", "--at", "1", code=1)
    assert where in refused(capsys, "zones", code=1)
    assert where in refused(capsys, "ball", "--tool", "tennis", "--at", "0", "0", "0", code=1)
    assert where in refused(capsys, "beneath", "--landmark", "left-psis", code=1)
    assert cli.main(["check"]) == 1
    checked = capsys.readouterr().out
    assert checked.startswith("1 problem:")
    assert where in checked


def test_a_broken_landmark_file_leaves_the_bones(capsys, data):
    (data / "meshes" / "si-atlas" / "landmarks.json").unlink()
    assert cli.main(["show", "sacrum", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("meshes/si-atlas/landmarks.json: ")
    assert json.loads(captured.out)["volume_cm3"] > 0
    for words in (
        ["pose", "left-ilium-flexion", "--at", "1"],
        ["zones"],
        ["ball", "--tool", "tennis", "--at", "100", "150", "0"],
        ["beneath", "--at", "100", "150", "0"],
    ):
        assert cli.main(words) == 1
        assert "Traceback" not in capsys.readouterr().err


# check --------------------------------------------------------------------------------------------


def test_check_counts_what_is_well(capsys):
    assert cli.main(["check"]) == 0
    assert capsys.readouterr().out.startswith("All well: ")


def test_check_lists_what_is_not_and_fails(capsys, data, monkeypatch):
    file = data / "annotations" / "structures.toml"
    file.write_text(file.read_text("utf-8").replace('"krawiec-2003"', '"no-such"', 1), "utf-8")
    monkeypatch.setenv("SIEXPLORER_DATA", "/nowhere")
    assert cli.main(["check", "--data", str(data), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert any("no-such" in problem for problem in found["problems"])
    assert found["counts"]["bones"] > 0


# Real processes -----------------------------------------------------------------------------------


def test_version_is_answered_at_once():
    start = time.perf_counter()
    done = run("-m", "siexplorer", "--version")
    taken = time.perf_counter() - start
    assert done.stdout == f"siexplorer {__version__}\n"
    assert taken < 0.4


def test_nothing_that_draws_is_imported_for_words_alone():
    script = (
        "import sys; from siexplorer.cli import main;"
        "codes = [main(words.split()) for words in sys.argv[1:]];"
        "heavy = {'PySide6', 'pyvista', 'pyvistaqt', 'matplotlib', 'qtpy'};"
        "heavy |= {m for m in sys.modules if m.startswith('vtkmodules.vtkRendering')};"
        "print(codes, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    commands = ("list", "show left-psis", "show left-iliacus --json", "zones", "check", "list -h")
    commands += ("ball --tool palm --at 70 170 -40", "beneath --landmark left-psis")
    done = run("-c", script, *commands, "pose left-ilium-flexion --at 1")
    assert done.stderr.splitlines()[-1] == "[0, 0, 0, 0, 0, 0, 0, 0, 0] []"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a screen")
def test_without_a_screen_the_window_is_refused_with_the_way_out():
    done = run("-m", "siexplorer")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "first-look" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only X screens go deaf")
def test_a_screen_that_does_not_answer_is_a_sentence():
    done = run("-m", "siexplorer", "--quit-after", "1", DISPLAY=":4242")
    assert done.returncode in (2, 3)
    assert done.stderr.count("\n") == 1


def test_a_terminal_without_the_letters_shows_others():
    done = run("-m", "siexplorer", "show", "left-psis", "--voice", "clinician", ascii_only=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("-m", "siexplorer", "show", "left-psis", "--json", ascii_only=True)
    assert "±" in json.loads(done.stdout)["description"]["clinician"]


@pytest.mark.skipif(os.name != "posix", reason="pipes close differently elsewhere")
def test_a_reader_that_leaves_early_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "siexplorer", "list"],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0


# snapshot -----------------------------------------------------------------------------------------


def picture(capsys: pytest.CaptureFixture[str], out: Path, *options: str) -> Any:
    """What snapshot draws, (height, width, 3)."""
    from PIL import Image

    assert cli.main(["snapshot", str(out), "--size", "300x240", *options]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    with Image.open(out) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@needs_gl
def test_snapshot_has_the_size_asked_for_and_a_bone_in_its_middle(capsys, tmp_path):
    image = picture(capsys, tmp_path / "a.png", "--view", "back", "--select", "left-psis")
    assert image.shape == (240, 300, 3)
    corner, middle = image[100, 3], image[90:130, 140:160].reshape(-1, 3).mean(axis=0)
    assert np.abs(middle - corner).max() > 25
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@needs_gl
def test_snapshot_shows_what_was_asked_for(capsys, tmp_path):
    out = tmp_path / "a.png"
    whole = picture(capsys, out)
    background = whole[:, :3].mean(axis=1, keepdims=True)

    def drawn(image: Any) -> int:
        return int((np.abs(image - background).max(axis=2) > 25).sum())

    only = picture(capsys, out, "--only", "sacrum")
    assert 0 < drawn(only) < 0.5 * drawn(whole)
    moving = ("--movement", "left-ilium-flexion", "--magnify", "6")
    start, end = (picture(capsys, out, *moving, "--at", at) for at in ("0", "1"))
    assert (np.abs(start - end).max(axis=2) > 25).sum() > 300
    assert picture(capsys, out, "--dark")[3, 3].mean() < 100 < whole[3, 3].mean()
    cut = picture(capsys, out, "--section", "coronal:90")
    assert (np.abs(cut - whole).max(axis=2) > 25).sum() > 1000
    painted = picture(capsys, out, "--attachments", "--view", "front")
    plain = picture(capsys, out, "--view", "front")
    assert (np.abs(painted - plain).max(axis=2) > 25).sum() > 300
    ball = picture(capsys, out, "--mode", "ball")
    green = (ball[..., 1] - ball[..., 0] > 40) & (ball[..., 1] > 90)
    assert green.sum() > 300
    bare = picture(capsys, out, "--zones")
    assert (np.abs(bare - ball).max(axis=2) > 25).sum() > 300, "the ball"
    placed = picture(capsys, out, "--ball", "-110", "150", "-20")
    assert (np.abs(placed - ball).max(axis=2) > 25).sum() > 300, "on the other side"
    crossed = picture(capsys, out, "--zones", "--position", "figure-four")
    assert (np.abs(crossed - bare).max(axis=2) > 25).sum() > 1000, "the body in that position"


def test_a_technique_can_be_drawn(tmp_path, capsys):
    out = tmp_path / "technique.png"
    asked = ["snapshot", str(out), "--technique", "left-ball-figure-four", "--size", "300x240"]
    assert cli.main(asked) == 0
    assert out.stat().st_size > 5000
    assert cli.main(["snapshot", str(out), "--technique", "left-bal-under-buttock"]) == 2
    assert "left-ball-under-buttock" in capsys.readouterr().err
