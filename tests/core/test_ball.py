"""A ball on the skin: how it rests, what it is told, where it may go, and in which words."""

import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration.ball import (
    CARRIED,
    SkinMap,
    Verdict,
    ZoneError,
    better,
    nudged,
    over,
    position_called,
    reaches,
    rest,
    said_in,
    skin_map,
    tool_called,
    verdict,
    way_to,
)
from siexplorer.exploration.ball_checks import POSITIONS, TOOLS
from siexplorer.exploration.ball_words import (
    better_words,
    direction_words,
    nearest_words,
    notes,
    thing_words,
    verdict_words,
)
from siexplorer.exploration.catalog import join
from siexplorer.exploration.state import SKINS
from siexplorer.geometry.contact import across, facing, patch, sink_mm
from siexplorer.geometry.rays import Searched, shares_in_face
from siexplorer.geometry.surface import Floats, Surface, area_cm2, vertex_normals
from siexplorer.geometry.zones import ORDER
from siexplorer.packs.pack import Pack

CLEAR_SPOT = np.array([110.0, 150.0, -20.0])
ON_STRIP = np.array([70.0, 180.0, -60.0])


@pytest.fixture(params=SKINS)
def on(request: pytest.FixtureRequest, known: Knowledge, pack: Pack) -> SkinMap:
    return skin_map(known, pack, request.param, known.positions["standing"])


def asked(
    known: Knowledge, pack: Pack, tool: str, point: Floats, position: str = "standing"
) -> Verdict:
    on = skin_map(known, pack, "female", known.positions[position])
    return verdict(known, on, known.tools[tool], known.positions[position], point)


# How it rests -------------------------------------------------------------------------------------


@given(radius=st.floats(5.0, 100.0), share=st.floats(0.05, 1.0))
def test_a_ball_sinks_in_as_its_cap_is_high(radius: float, share: float) -> None:
    contact = radius * share
    sink = sink_mm(radius, contact)
    assert 0.0 < sink <= radius
    assert (radius - sink) ** 2 + contact**2 == pytest.approx(radius**2)


@pytest.mark.parametrize("contact", [0.0, -3.0, 30.1, np.nan])
def test_a_contact_that_does_not_fit_the_ball_is_said(contact: float) -> None:
    with pytest.raises(ValueError, match="does not fit a ball of 30 mm"):
        sink_mm(30.0, contact)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("point", [CLEAR_SPOT, ON_STRIP, np.array([-90.0, -60.0, -20.0])])
def test_a_tool_rests_on_the_skin_and_not_in_it(
    known: Knowledge, on: SkinMap, name: str, point: Floats
) -> None:
    tool, contact = known.tools[name], rest(on, known.tools[name], point)
    radius = tool.diameter_mm / 2
    assert np.linalg.norm(contact.normal) == pytest.approx(1.0)
    assert np.linalg.norm(on.searched.nearest(contact.place)[0] - contact.place) < 1e-6
    # Its middle stands over the place, as far out as it is thick less what it sinks in.
    out = contact.centre - contact.place
    assert out @ contact.normal == pytest.approx(radius - contact.sink_mm)
    assert np.linalg.norm(out) == pytest.approx(radius - contact.sink_mm)
    # It cuts the plane of the skin in a circle that is its contact.
    assert np.sqrt(radius**2 - (out @ contact.normal) ** 2) == pytest.approx(tool.contact_radius_mm)
    flat = np.pi * tool.contact_radius_mm**2 / 100 * (1.6 if tool.length_mm else 1.0)
    assert 0.9 * flat < contact.patch_cm2 < 1.6 * flat
    assert np.linalg.norm(contact.patch.vertices[0] - contact.place) < 1e-9


def plane() -> tuple[Searched, Floats]:
    """A flat skin at y = 0 that faces back."""
    steps = np.linspace(-100.0, 100.0, 21)
    x, z = (grid.ravel() for grid in np.meshgrid(steps, steps))
    vertices = np.column_stack([x, np.zeros(len(x)), z])
    first = (np.arange(20)[:, None] * 21 + np.arange(20)).ravel()
    below = np.column_stack([first, first + 21, first + 1])
    above = np.column_stack([first + 1, first + 21, first + 22])
    flat = Surface(vertices, np.concatenate([below, above]).astype(np.int32))
    return Searched(flat), vertex_normals(flat)


@pytest.mark.parametrize("radii", [(20.0, 20.0), (48.0, 30.0), (15.0, 15.0)])
def test_on_flat_skin_the_patch_is_the_circle(radii: tuple[float, float]) -> None:
    skin, normals = plane()
    place, _, normal = facing(skin, normals, np.array([3.0, 17.0, -4.0]))
    assert place == pytest.approx([3.0, 0.0, -4.0])
    assert normal == pytest.approx([0.0, 1.0, 0.0])
    pressed = patch(skin, place, normal, radii)
    assert area_cm2(pressed) == pytest.approx(np.pi * radii[0] * radii[1] / 100, rel=0.02)
    assert np.abs(pressed.vertices[:, 1]).max() < 1e-6
    assert np.ptp(pressed.vertices[:, 0]) == pytest.approx(2 * radii[0], rel=0.01)
    assert np.ptp(pressed.vertices[:, 2]) == pytest.approx(2 * radii[1], rel=0.01)


@given(st.tuples(*(st.floats(-1.0, 1.0) for _ in range(3))))
def test_across_is_square_to_a_normal_and_points_up(raw: tuple[float, float, float]) -> None:
    if np.linalg.norm(raw) < 0.05:
        return
    normal = np.array(raw) / np.linalg.norm(raw)
    first, second = across(normal)
    frame = np.array([first, second, normal])
    assert frame @ frame.T == pytest.approx(np.eye(3), abs=1e-9)
    assert second[2] > 0 or abs(normal[2]) >= 0.95


def test_shares_in_a_face_give_the_point_back() -> None:
    skin, _ = plane()
    for point in np.random.default_rng(1).uniform(-99, 99, (50, 3)) * [1, 0, 1]:
        place, face = skin.nearest(point)
        corners, shares = shares_in_face(skin.surface, face, place)
        assert shares.sum() == pytest.approx(1.0)
        assert shares @ skin.surface.vertices[corners] == pytest.approx(point, abs=1e-9)


# Moving it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "up"), [(5.0, 0.0), (-5.0, 0.0), (0.0, 5.0), (0.0, -1.0)])
def test_a_nudge_is_a_step_over_the_skin(on: SkinMap, right: float, up: float) -> None:
    place, _, _ = facing(on.searched, on.grid.normals, CLEAR_SPOT)
    there = nudged(on, place, right, up)
    step = there - place
    assert np.linalg.norm(step) == pytest.approx(max(abs(right), abs(up)), rel=0.15)
    # Seen from behind, the right of who looks on is the body's right: x falls.
    assert step[0] * -right >= 0.0
    assert step[2] * up >= 0.0
    assert np.linalg.norm(nudged(on, there, -right, -up) - place) < 0.8


def test_many_nudges_go_a_long_way_and_stay_on_the_skin(on: SkinMap) -> None:
    place = facing(on.searched, on.grid.normals, CLEAR_SPOT)[0]
    start = place
    for _ in range(40):
        place = nudged(on, place, 0.0, -5.0)
        assert np.linalg.norm(on.searched.nearest(place)[0] - place) < 1e-6
    assert place[2] < start[2] - 100


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    "point",
    [ON_STRIP, np.array([0.0, 160.0, 0.0]), np.array([-45.0, 160.0, 22.0]), [100.0, 150, -120.0]],
)
def test_a_better_place_is_clear_when_one_goes_there(
    known: Knowledge, pack: Pack, name: str, point: Floats
) -> None:
    found = asked(known, pack, name, np.asarray(point))
    assert found.state != "clear"
    to = found.better
    assert to is not None
    there = asked(known, pack, name, to.place.round(2))
    assert (there.state, there.rule) == ("clear", to.rule)
    assert there.better is None
    assert there.side == found.side
    away = to.place - found.contact.place
    assert np.linalg.norm(away) == pytest.approx(to.distance_mm)
    sign = 1.0 if found.side == "left" else -1.0
    assert [to.outwards_mm * sign, to.backwards_mm, to.up_mm] == pytest.approx(away)


def test_no_clear_place_is_much_nearer_than_the_better_one(
    known: Knowledge, pack: Pack, on: SkinMap
) -> None:
    tool = known.tools["tennis-ball"]
    clear = on.grid.points[on.rules(20.0) == ORDER.index("gluteal-clear")]
    for point in (ON_STRIP, np.array([-45.0, 160.0, 22.0])):
        place = on.searched.nearest(point)[0]
        to = better(known, on, tool, place)
        assert to is not None
        own = clear[clear[:, 0] * place[0] > 0]
        assert to.distance_mm < np.linalg.norm(own - place, axis=1).min() + 12.0


def test_in_front_the_better_place_is_in_front(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "foam-roller", np.array([30.0, -60.0, -60.0]))
    assert found.state == "avoid"
    assert found.better is not None
    assert found.better.rule == "front-of-hip"
    there = asked(known, pack, "foam-roller", found.better.place)
    assert (there.state, there.allowed, there.better) == ("caution", True, None)


def test_the_way_to_a_better_place_runs_over_the_skin(known: Knowledge, on: SkinMap) -> None:
    start = on.searched.nearest(np.array([0.0, 160.0, 0.0]))[0]
    to = better(known, on, known.tools["tennis-ball"], start)
    assert to is not None
    way = way_to(on, start, to.place)
    assert way[0] == pytest.approx(start)
    assert way[-1] == pytest.approx(to.place)
    length = np.linalg.norm(np.diff(way, axis=0), axis=1).sum()
    assert to.distance_mm <= length < 1.6 * to.distance_mm + 25
    assert max(np.linalg.norm(on.searched.nearest(p)[0] - p) for p in way) < 2.0


@pytest.mark.parametrize("name", ["left-ischial-tuberosity", "right-ischial-tuberosity"])
def test_a_sit_bone_is_looked_for_from_behind_not_between_the_legs(
    known: Knowledge, on: SkinMap, pack: Pack, name: str
) -> None:
    bone = pack.landmarks[name][0]
    place = over(on, bone, "back")
    assert abs(place[0]) > abs(bone[0]) - 5.5
    assert place[1] > bone[1] + 40
    tool, position = known.tools["tennis-ball"], known.positions["standing"]
    found = verdict(known, on, tool, position, place)
    assert (found.state, found.rule) == ("avoid", "bony-points")
    marks = on.marks["tuberosity_mm"]
    assert np.abs(marks[:, 0]).min() > 35.0


def test_a_ball_put_on_piriformis_lies_on_its_strip(
    known: Knowledge, pack: Pack, on: SkinMap
) -> None:
    items = join(known, pack)
    for side in ("left", "right"):
        for tool in known.tools.values():
            place = over(on, items[f"{side}-piriformis"].anchor, "back")
            found = verdict(known, on, tool, known.positions["standing"], place)
            assert (found.rule, found.state, found.allowed) == ("piriformis-strip", "caution", True)
            assert found.side == side


def test_a_place_over_a_thing_faces_the_view(on: SkinMap, pack: Pack) -> None:
    for name, view, towards in (
        ("left-psis", "back", (0, 1, 0)),
        ("right-asis", "front", (0, -1, 0)),
        ("left-greater-trochanter", "left", (1, 0, 0)),
    ):
        bone = pack.landmarks[name][0]
        place = over(on, bone, view)  # type: ignore[arg-type]
        assert np.linalg.norm(place - bone) < 45
        assert facing(on.searched, on.grid.normals, place)[2] @ np.array(towards) > 0.2


def test_what_was_far_from_the_body_is_laid_on_it(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "tennis-ball", np.array([5000.0, 40.0, 20.0]))
    assert found.contact.place[0] > 120
    assert np.isfinite(list(found.distances_mm.values())).all()


# Tools and positions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("tennis", "tennis-ball"),
        ("Tennis ball", "tennis-ball"),
        ("lacrosse", "lacrosse-ball"),
        ("racquet ball", "racquetball"),
        ("massage ball", "massage-ball"),
        ("roller", "foam-roller"),
        ("hands", "hand"),
        ("fist", "knuckles"),
        ("broad-palm", "palm"),
        ("elbow", "elbow"),
        ("chair", None),
        ("", None),
    ],
)
def test_tools_answer_to_many_words(known: Knowledge, word: str, found: str | None) -> None:
    tool = tool_called(known, word)
    assert (tool and tool.id) == found


@pytest.mark.parametrize(
    ("word", "side", "found"),
    [
        ("standing", "left", "standing"),
        ("supine", "left", "lying-on-the-ball"),
        ("figure-four", "left", "left-figure-four"),
        ("Figure four", "right", "right-figure-four"),
        ("right-figure-four", "left", "right-figure-four"),
        ("side lying", "right", "right-side-lying"),
        ("prone", "right", "prone"),
        ("sitting", "left", "seated"),
        ("floating", "left", None),
    ],
)
def test_positions_answer_to_many_words(
    known: Knowledge, word: str, side: str, found: str | None
) -> None:
    position = position_called(known, word, side)
    assert (position and position.id) == found


def test_every_tool_and_position_answers_to_its_own_names(known: Knowledge) -> None:
    assert set(known.tools) == set(TOOLS)
    assert set(known.positions) == set(POSITIONS)
    for tool in known.tools.values():
        for word in (tool.id, tool.name, tool.lay_name, *tool.synonyms):
            assert tool_called(known, word) is tool
    for position in known.positions.values():
        for word in (position.id, position.name, *position.synonyms):
            assert position_called(known, word, position.side) is position


def test_the_floor_reaches_only_what_faces_it(known: Knowledge) -> None:
    ball, hand = known.tools["tennis-ball"], known.tools["hand"]
    back, front = np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])
    lying, prone = known.positions["lying-on-the-ball"], known.positions["prone"]
    assert reaches(ball, lying, back)
    assert not reaches(ball, lying, front)
    assert reaches(ball, prone, front)
    assert not reaches(ball, prone, back)
    assert reaches(ball, known.positions["standing"], front)
    # The right side is down when the left is up.
    side = known.positions["left-side-lying"]
    assert reaches(ball, side, np.array([-1.0, 0.0, 0.0]))
    assert not reaches(ball, side, np.array([1.0, 0.0, 0.0]))
    for position in known.positions.values():
        assert reaches(hand, position, back)
        assert reaches(hand, position, front)


def test_softer_tools_rank_before_harder_ones(known: Knowledge) -> None:
    rank = {name: tool.stiffness for name, tool in known.tools.items()}
    assert rank["racquetball"] < rank["tennis-ball"] < rank["lacrosse-ball"]
    assert rank["massage-ball"] == rank["lacrosse-ball"]


# In another position ------------------------------------------------------------------------------


def test_figure_four_takes_the_skin_and_its_lines_along(known: Knowledge, pack: Pack) -> None:
    standing = skin_map(known, pack, "female", known.positions["standing"])
    crossed = skin_map(known, pack, "female", known.positions["left-figure-four"])
    assert crossed.grid.points.shape == standing.grid.points.shape
    moved_mm = np.linalg.norm(crossed.grid.points - standing.grid.points, axis=1)
    assert moved_mm.max() > 100
    psis = pack.landmarks["left-psis"][0]
    assert moved_mm[np.linalg.norm(standing.grid.points - psis, axis=1) < 40].max() < 5
    for line in CARRIED:
        assert (crossed.fields[line] == standing.fields[line]).all(), line
    # The strip is the same skin in both, and rated the same: caution, allowed.
    strip = ORDER.index("piriformis-strip")
    left = standing.grid.points[:, 0] > 0
    here, there = ((one.rules(20.0) == strip) & left for one in (standing, crossed))
    assert (here & there).sum() > 0.6 * here.sum()
    # The knee of the crossed leg goes out to the side, and the trochanter with it.
    knob = crossed.marks["trochanter_mm"]
    assert np.abs(knob - standing.marks["trochanter_mm"][: len(knob)]).max() > 20


def test_figure_four_keeps_clear_away_from_the_nerve(known: Knowledge, pack: Pack) -> None:
    crossed = skin_map(known, pack, "female", known.positions["left-figure-four"])
    clear = crossed.rules(20.0) == ORDER.index("gluteal-clear")
    assert clear.any()
    assert crossed.fields["sciatic_mm"][clear].min() >= 38 - 1e-9
    straight = crossed.grid.points[clear]
    for name in ("psis_mm", "crest_mm", "trochanter_mm"):
        nearest = np.linalg.norm(straight[:, None] - crossed.marks[name], axis=2).min()
        assert nearest > 22, name


# In words -----------------------------------------------------------------------------------------


def test_a_clear_place_in_words(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "tennis-ball", CLEAR_SPOT)
    assert verdict_words(known, found) == (
        "Clear by the rules: fleshy upper outer buttock, on the left"
    )
    assert better_words(known, found) == ""
    assert nearest_words(known, found).startswith("Nearest: the ")
    assert " mm away, " in nearest_words(known, found)


def test_a_better_place_in_words(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "tennis-ball", ON_STRIP * [-1, 1, 1])
    words = better_words(known, found)
    assert " mm outwards" in words
    assert words.endswith(", to the fleshy upper outer buttock")
    assert verdict_words(known, found).endswith(", on the right")


def test_parts_below_two_millimetres_are_left_out(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "tennis-ball", ON_STRIP)
    assert found.better is not None

    def words(outwards: float, up: float, backwards: float) -> str:
        to = dataclasses.replace(
            found.better, outwards_mm=outwards, up_mm=up, backwards_mm=backwards
        )
        return better_words(known, dataclasses.replace(found, better=to))

    target = "to the fleshy upper outer buttock"
    assert words(23.2, 8.4, 1.9) == f"23 mm outwards and 8 mm up, {target}"
    assert words(-5.0, -12.0, -3.0) == f"5 mm inwards, 12 mm down and 3 mm forwards, {target}"
    assert words(0.0, 0.0, 30.0) == f"30 mm backwards, {target}"
    assert words(1.0, 1.0, 1.0) == "Right here, in the fleshy upper outer buttock"


def test_directions_are_those_of_the_side(known: Knowledge) -> None:
    left = np.array([30.0, 0.0, 1.0])
    assert direction_words(known, "left", left) == "outwards"
    assert direction_words(known, "right", left) == "inwards"
    assert direction_words(known, "left", np.array([-20.0, 2.0, -20.0])) == "inwards and down"
    assert direction_words(known, "left", np.zeros(3)) == ""


def test_every_thing_has_a_name(known: Knowledge, pack: Pack) -> None:
    for name in asked(known, pack, "tennis-ball", CLEAR_SPOT).distances_mm:
        assert thing_words(known, name).startswith("the ")


def test_on_the_midline_neither_side_is_named(known: Knowledge, pack: Pack) -> None:
    found = asked(known, pack, "palm", np.array([0.5, 170.0, 0.0]))
    assert verdict_words(known, found).endswith(", in the middle")
    assert "right here" in nearest_words(known, found)


def test_notes_say_what_the_position_changes(known: Knowledge, pack: Pack) -> None:
    def texts(tool: str, point: Floats, position: str) -> list[str]:
        return [one.text for one in notes(known, asked(known, pack, tool, point, position))]

    lying = texts("tennis-ball", CLEAR_SPOT, "lying-on-the-ball")
    assert known.positions["lying-on-the-ball"].pressure.text in lying
    zone, position = known.zones["gluteal-clear"], known.positions["lying-on-the-ball"]
    assert {one.text for one in said_in(zone, position)} <= set(lying)
    assert len(lying) > 1
    prone = texts("lacrosse-ball", CLEAR_SPOT, "prone")
    assert prone[0] == (
        "In this position this place does not face the floor or wall, so a lacrosse ball cannot "
        "rest here."
    )
    assert not any("cannot rest" in text for text in texts("hand", CLEAR_SPOT, "prone"))


def test_what_is_said_of_the_crossed_leg_is_not_said_of_the_other(
    known: Knowledge, pack: Pack
) -> None:
    on = skin_map(known, pack, "female", known.positions["left-figure-four"])
    strip = on.grid.points[on.rules(20.0) == ORDER.index("piriformis-strip")]
    said = []
    for side in (1.0, -1.0):
        place = strip[strip[:, 0] * side > 0].mean(axis=0)
        found = asked(known, pack, "tennis-ball", place, "left-figure-four")
        assert found.rule == "piriformis-strip"
        said.append(any("ankle" in one.text for one in notes(known, found)))
    assert said == [True, False]


@pytest.mark.parametrize("tool", TOOLS)
def test_no_word_calls_a_place_safe(known: Knowledge, pack: Pack, tool: str) -> None:
    for point in (CLEAR_SPOT, ON_STRIP):
        found = asked(known, pack, tool, point)
        said = [verdict_words(known, found), nearest_words(known, found), found.reason.text]
        said += [better_words(known, found), *(one.text for one in notes(known, found))]
        assert not any("safe" in text.lower() for text in said)


# What is missing ----------------------------------------------------------------------------------


@pytest.fixture
def bare(pack: Pack) -> Pack:
    """A copy with nothing worked out yet."""
    return dataclasses.replace(pack, surfaces=dict(pack.surfaces), landmarks=dict(pack.landmarks))


def refused(known: Knowledge, pack: Pack) -> str:
    with pytest.raises(ZoneError) as caught:
        skin_map(known, pack, "female", known.positions["standing"])
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("zone", "table", "key"),
    [
        ("gluteal-clear", "margins_mm", "sacrum"),
        ("piriformis-strip", "fractions", "to"),
        ("sciatic-corridor", "margins_mm", "psis_to_point"),
    ],
)
def test_a_missing_margin_is_a_sentence(bare: Pack, zone: str, table: str, key: str) -> None:
    broken = read_knowledge()
    record = broken.zones[zone]
    less = {k: v for k, v in getattr(record, table).items() if k != key}
    broken.zones[zone] = msgspec.structs.replace(record, **{table: less})
    sentence = refused(broken, bare)
    assert f"'{key}'" in sentence
    assert sentence.startswith("annotations/zones.toml")


@pytest.mark.parametrize("zone", ORDER)
def test_a_missing_zone_is_a_sentence(bare: Pack, zone: str) -> None:
    broken = read_knowledge()
    del broken.zones[zone]
    assert f"“{zone}”" in refused(broken, bare)


@pytest.mark.parametrize(
    "name", ["left-psis", "right-greater-trochanter", "pubic-symphysis", "left-iliac-crest"]
)
def test_a_missing_landmark_is_a_sentence(known: Knowledge, bare: Pack, name: str) -> None:
    del bare.landmarks[name]
    assert f"'{name}'" in refused(known, bare)


def test_a_missing_skin_or_bone_is_a_sentence(known: Knowledge, bare: Pack) -> None:
    del bare.surfaces["left-femur"]
    assert "left-femur" in refused(known, bare)
    del bare.surfaces["skin-female"]
    assert "skin-female" in refused(known, bare)


def test_a_position_that_cannot_be_is_a_sentence(bare: Pack) -> None:
    broken = read_knowledge()
    position = broken.positions["seated"]
    turn = msgspec.structs.replace(
        position.turns[0],
        joint="both-si",
        motion="posterior-rotation",
        keys=[(0.0, 9.0), (1.0, 9.0)],
    )
    broken.positions["seated"] = msgspec.structs.replace(position, turns=[turn])
    with pytest.raises(ZoneError, match="seated"):
        skin_map(broken, bare, "female", broken.positions["seated"])
