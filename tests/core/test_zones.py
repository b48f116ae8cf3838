"""The ball map: what facts and articles ask of every vertex of both skins, measured anew."""

import functools
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.anatomy.records import Tool
from siexplorer.exploration.ball import (
    AVOIDED,
    STATES,
    TELLS,
    SkinMap,
    area_of,
    meaning,
    on_side,
    rule_at,
    skin_map,
    state_codes,
    verdict,
)
from siexplorer.exploration.ball_checks import TOOLS
from siexplorer.exploration.state import SKINS, SkinKind
from siexplorer.geometry.surface import Floats, Surface, area_cm2
from siexplorer.geometry.zones import ORDER, Masks, to_line
from siexplorer.packs.pack import Pack, read_pack
from siexplorer.scene.zones import fewer, weights

SIGNS = {"left": 1.0, "right": -1.0}
BALLS = ("tennis-ball", "lacrosse-ball", "racquetball", "massage-ball")
POINTED = (*BALLS, "foam-roller", "knuckles", "elbow")
MARGINS = {"psis": 10, "iliac_crest": 5, "greater_trochanter": 10, "ischial_tuberosity": 15}
BACK, FRONT = np.array([0.0, 300.0, 0.0]), np.array([0.0, -300.0, 0.0])


@functools.cache
def everything() -> tuple[Knowledge, Pack]:
    """Not a fixture, which hypothesis would print in full when something fails."""
    return read_knowledge(), read_pack()


def drawn(skin: SkinKind, position: str = "standing") -> SkinMap:
    known, pack = everything()
    return skin_map(known, pack, skin, known.positions[position])


@pytest.fixture(params=SKINS)
def on(request: pytest.FixtureRequest) -> SkinMap:
    return drawn(request.param)


@pytest.fixture(params=SIGNS)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest, known: Knowledge) -> Tool:
    return known.tools[request.param]


def clear_on(on: SkinMap, tool: Tool, side: str) -> Masks:
    rules = on.rules(tool.counted_radius_mm)
    return (rules == ORDER.index("gluteal-clear")) & on_side(on, side)


def states_on(known: Knowledge, on: SkinMap, tool: Tool) -> np.ndarray:
    return state_codes(known, tool)[on.rules(tool.counted_radius_mm)]


def seen(on: SkinMap, point: Floats, away: Floats) -> Floats:
    """The place on the skin that is met first on the way straight to a point."""
    met = on.searched.crossings(point + away, point - away).along_mm
    return point + away * (1.0 - met[0] / np.linalg.norm(away))


def state_at(
    known: Knowledge, on: SkinMap, tool: Tool, point: Floats, away: Floats = BACK
) -> tuple[str, str]:
    rule = rule_at(on, tool, seen(on, point, away))
    return meaning(known.zones[rule], tool).state, rule


def nerve_line(pack: Pack, side: str) -> Floats:
    """(3, 2) the published sciatic line seen from behind: facts 5.2, in mm along two bony lines."""
    psis, seat, knob = (
        pack.landmarks[f"{side}-{name}"][0]
        for name in ("psis", "ischial-tuberosity", "greater-trochanter")
    )
    upper = psis + (seat - psis) / np.linalg.norm(seat - psis) * 52.0
    lower = seat + (knob - seat) / np.linalg.norm(knob - seat) * 58.0
    return np.array([upper, lower, lower - [0.0, 0.0, 200.0]])[:, [0, 2]]


# Clear --------------------------------------------------------------------------------------------


def test_clear_is_large_and_lies_in_the_upper_outer_buttock(
    on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    area = area_of(on, clear_on(on, tool, side))
    assert area.area_cm2 > 30
    assert area.centroid_mm is not None
    psis = pack.landmarks[f"{side}-psis"][0]
    assert 50 <= SIGNS[side] * (area.centroid_mm[0] - psis[0]) <= 90
    assert area.centroid_mm[2] < psis[2]
    assert area.centroid_mm[2] > pack.landmarks[f"{side}-greater-trochanter"][0][2]


def test_both_sides_are_about_as_large(known: Knowledge, on: SkinMap) -> None:
    rules = on.rules(20.0)
    for index in range(len(ORDER)):
        left, right = (area_of(on, (rules == index) & on_side(on, s)).area_cm2 for s in SIGNS)
        assert left == pytest.approx(right, rel=0.2, abs=2.0), ORDER[index]


def test_no_clear_vertex_is_near_the_nerve(on: SkinMap, pack: Pack, tool: Tool, side: str) -> None:
    clear = on.grid.points[clear_on(on, tool, side)]
    away = to_line(clear[:, [0, 2]], nerve_line(pack, side))
    assert away.min() >= 18.0 + tool.counted_radius_mm - 1e-6


def test_no_clear_vertex_is_on_sacrum_coccyx_or_spine(
    on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    clear, radius = on.grid.points[clear_on(on, tool, side)], tool.counted_radius_mm
    bones = [pack.surfaces[name].surface.vertices for name in ("sacrum", "coccyx")]
    silhouette = cKDTree(np.concatenate(bones)[:, [0, 2]])
    assert silhouette.query(clear[:, [0, 2]])[0].min() > radius
    assert np.abs(clear[:, 0]).min() > 30.0 + radius
    assert np.linalg.norm(clear - pack.landmarks["coccyx-tip"][0], axis=1).min() > 30.0 + radius


def test_no_clear_vertex_is_on_groin_belly_or_flank(
    on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    clear = on.grid.points[clear_on(on, tool, side)]
    crest, knob = (pack.landmarks[f"{side}-{n}"] for n in ("iliac-crest", "greater-trochanter"))
    assert clear[:, 2].max() < crest[:, 2].max() - tool.counted_radius_mm
    assert clear[:, 2].min() > knob[0][2]
    # All of it lies well behind ASIS and groin, and behind the line down the side of the hip.
    assert clear[:, 1].min() > pack.landmarks[f"{side}-iliac-tubercle"][0][1]
    for front in ("asis", "pubic-tubercle"):
        mark = pack.landmarks[f"{side}-{front}"][0]
        assert np.linalg.norm(clear - mark, axis=1).min() > 60.0


def test_clear_keeps_its_distances_from_bones(on: SkinMap, tool: Tool, side: str) -> None:
    clear = clear_on(on, tool, side)
    for name, margin in MARGINS.items():
        least = margin + tool.counted_radius_mm
        assert on.fields[TELLS[name]][clear].min() >= least - 1e-6, name
        # As the crow flies it may be a little nearer, where the body is round.
        straight = cKDTree(on.marks[TELLS[name]]).query(on.grid.points[clear])[0]
        assert straight.min() >= least - 2.0, name


def test_a_larger_contact_never_finds_more_that_is_clear(on: SkinMap) -> None:
    clear = ORDER.index("gluteal-clear")
    small, middle, large = (on.rules(radius) == clear for radius in (15.0, 20.0, 30.0))
    assert not (middle & ~small).any()
    assert not (large & ~middle).any()
    assert small.sum() > middle.sum() > large.sum() > 0


# Named places -------------------------------------------------------------------------------------


def test_the_line_from_psis_to_sit_bone_is_never_clear(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    psis, seat = (pack.landmarks[f"{side}-{n}"][0] for n in ("psis", "ischial-tuberosity"))
    for share in (1 / 3, *np.linspace(0, 1, 21)):
        assert state_at(known, on, tool, psis + (seat - psis) * share)[0] != "clear", share


@pytest.mark.parametrize("name", [*BALLS, "hand", "knuckles", "elbow", "palm"])
def test_flesh_beside_the_psis_is_never_avoided(
    known: Knowledge, on: SkinMap, pack: Pack, side: str, name: str
) -> None:
    psis = pack.landmarks[f"{side}-psis"][0]
    for away in range(30, 61):
        beside = psis + np.array([SIGNS[side] * away, 0.0, 0.0])
        assert state_at(known, on, known.tools[name], beside)[0] in ("clear", "caution"), away


def test_the_piriformis_strip_is_caution_and_allowed(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    marks = pack.landmarks
    psis, coccyx = marks[f"{side}-psis"][0], marks["coccyx-tip"][0]
    tip = on_trochanter(pack, side)
    for start in (marks["s2-tubercle"][0], (psis + coccyx) / 2):
        for share in np.linspace(0.56, 0.69, 8):
            state, rule = state_at(known, on, tool, start + (tip - start) * share)
            assert (state, rule) == ("caution", "piriformis-strip"), share
    assert meaning(known.zones["piriformis-strip"], tool).allowed


def on_trochanter(pack: Pack, side: str) -> Floats:
    """The tip of the greater trochanter: its highest point near the outermost one."""
    outer = pack.landmarks[f"{side}-greater-trochanter"][0]
    femur = pack.surfaces[f"{side}-femur"].surface.vertices
    near = femur[np.linalg.norm(femur - outer, axis=1) < 45.0]
    near = near[np.abs(near[:, 0] - outer[0]) < 25.0]
    return np.asarray(near[near[:, 2].argmax()])


@pytest.mark.parametrize("name", ["psis", "ischial-tuberosity", "iliac-crest-top"])
def test_bones_are_never_a_place_for_a_tool(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str, name: str
) -> None:
    state, _ = state_at(known, on, tool, pack.landmarks[f"{side}-{name}"][0])
    assert state in (("avoid", "caution") if tool.group == "palm" else ("avoid",))


def test_trochanter_and_asis_are_never_a_place_for_a_ball(
    known: Knowledge, on: SkinMap, pack: Pack, side: str
) -> None:
    sideways = np.array([SIGNS[side] * 300.0, 0.0, 0.0])
    for name, away in (("greater-trochanter", sideways), ("asis", FRONT)):
        for tool in (known.tools[one] for one in POINTED):
            point = pack.landmarks[f"{side}-{name}"][0]
            assert state_at(known, on, tool, point, away)[0] == "avoid", (name, tool.id)


def test_the_midline_is_avoided_from_top_to_bottom(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool
) -> None:
    apex = pack.landmarks["sacral-apex"][0][2]
    top = pack.surfaces["sacrum"].surface.vertices[:, 2].max()
    for x in (-29.0, 0.0, 29.0):
        for z in np.arange(-120.0, 200.0, 7.0):
            state, rule = state_at(known, on, tool, np.array([x, 100.0, z]))
            on_sacrum = apex < z < top
            broad = tool.group == "palm" and on_sacrum
            assert state in (("avoid", "caution") if broad else ("avoid",)), (x, z, rule)


def test_on_the_sacrum_only_a_broad_palm(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    s2, apex = pack.landmarks["s2-tubercle"][0], pack.landmarks["sacral-apex"][0]
    wanted = "caution" if tool.group == "palm" else "avoid"
    for share in (0.0, 0.3, 0.6):
        for lateral in (0.0, 10.0, 20.0):
            point = s2 + (apex - s2) * share + [SIGNS[side] * lateral, 0.0, 0.0]
            assert state_at(known, on, tool, point)[0] == wanted, (share, lateral)


def test_inside_the_asis_only_a_hand_with_caution(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    asis = pack.landmarks[f"{side}-asis"][0]
    wanted = "caution" if tool.id in ("hand", "knuckles", "palm") else "avoid"
    for medial in range(16, 40):
        point = asis - np.array([SIGNS[side] * medial, 0.0, 2.0])
        assert state_at(known, on, tool, point, FRONT) == (wanted, "inside-asis"), medial


def test_the_femoral_triangle_is_avoided_by_all(
    known: Knowledge, on: SkinMap, pack: Pack, tool: Tool, side: str
) -> None:
    asis, pubic = (pack.landmarks[f"{side}-{n}"][0] for n in ("asis", "pubic-tubercle"))
    knob, tubercle = (
        pack.landmarks[f"{side}-{n}"][0] for n in ("greater-trochanter", "iliac-tubercle")
    )
    points = on.grid.points
    run = (pubic - asis)[[0, 2]] / np.linalg.norm((pubic - asis)[[0, 2]])
    offset = (points - asis)[:, [0, 2]]
    share = (points[:, 0] - asis[0]) / (pubic[0] - asis[0])
    below = -(offset[:, 1] - offset[:, 0] * run[1] / run[0]) * abs(run[0])
    front = points[:, 1] < min(knob[1], tubercle[1]) - 5.0
    triangle = front & on_side(on, side) & (share > 0.36) & (below > 1.0) & (below < 119.0)
    assert triangle.sum() > 300
    states = states_on(known, on, tool)[triangle]
    assert (states == STATES.index("avoid")).all()


def test_above_the_crest_and_on_the_belly_nothing_presses(
    known: Knowledge, on: SkinMap, pack: Pack, side: str
) -> None:
    points, crest = on.grid.points, pack.landmarks[f"{side}-iliac-crest"]
    asis = pack.landmarks[f"{side}-asis"][0]
    flank = on_side(on, side) & (points[:, 2] > crest[:, 2].max() + 25.0)
    inside = SIGNS[side] * points[:, 0] < SIGNS[side] * asis[0] - 42.0
    belly = on_side(on, side) & (points[:, 1] < -15.0) & inside & (points[:, 2] > asis[2] + 1.0)
    for tool in known.tools.values():
        states = states_on(known, on, tool)
        assert (states[belly] == STATES.index("avoid")).all()
        # A palm may rest on the crest itself, which lies close under the skin above it.
        broad = tool.group == "palm"
        assert (states[flank] >= STATES.index("caution" if broad else "avoid")).all(), tool.id


# Distances ----------------------------------------------------------------------------------------


def test_along_the_skin_is_as_far_as_a_real_way_over_it() -> None:
    from potpourri3d import EdgeFlipGeodesicSolver

    on = drawn("female")
    points = on.grid.points
    ways = EdgeFlipGeodesicSolver(on.grid.fine.vertices, on.grid.fine.faces)
    chance = np.random.default_rng(5)
    for name in ("psis", "greater_trochanter", "sacrum", "ischial_tuberosity"):
        told, marks = np.abs(on.fields[TELLS[name]]), on.marks[TELLS[name]]
        straight = cKDTree(marks).query(points)[0]
        assert (told >= straight - 1e-6).all(), name
        for vertex in chance.choice(np.flatnonzero((told > 10) & (told < 70)), 12, replace=False):
            near = np.linalg.norm(marks - points[vertex], axis=1).argsort()[:4]
            found = []
            for mark in marks[near]:
                start = int(np.linalg.norm(points - mark, axis=1).argmin())
                way = ways.find_geodesic_path(start, int(vertex)) if start != vertex else points[:1]
                length = np.linalg.norm(np.diff(way, axis=0), axis=1).sum()
                found.append(length + np.linalg.norm(points[start] - mark))
            # Never told to be further than it is: that could call a near place clear.
            assert told[vertex] <= min(found) + 1.5, name
            assert told[vertex] >= min(found) - 8.0, name


def test_areas_add_up_to_the_whole_skin(on: SkinMap) -> None:
    whole = np.linalg.norm(on.searched.normals, axis=1).sum() / 2 / 100
    rules = on.rules(20.0)
    parts = [area_of(on, rules == index).area_cm2 for index in range(len(ORDER))]
    assert sum(parts) == pytest.approx(whole)


# At random ----------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(
    skin=st.sampled_from(SKINS),
    position=st.sampled_from(("standing", "prone")),
    name=st.sampled_from(TOOLS),
    where=st.floats(0.0, 1.0, exclude_max=True),
    offset=st.tuples(*(st.floats(-25.0, 25.0) for _ in range(3))),
)
def test_a_ball_anywhere_never_contradicts_the_map(
    skin: SkinKind, position: str, name: str, where: float, offset: tuple[float, float, float]
) -> None:
    (known, pack), on = everything(), drawn(skin, position)
    tool, radius = known.tools[name], known.tools[name].counted_radius_mm
    points = on.grid.points
    found = verdict(
        known, on, tool, known.positions[position], points[int(where * len(points))] + offset
    )
    place = found.contact.place
    assert found.side == ("left" if place[0] >= 0 else "right")

    # The ball says what one of the three vertices round it says.
    corners = on.grid.fine.faces[on.searched.nearest(place)[1]]
    around = {STATES[code] for code in states_on(known, on, tool)[corners]}
    assert found.state in around
    means = meaning(known.zones[found.rule], tool)
    assert (found.state, found.allowed, found.reason) == (means.state, means.allowed, means.reason)

    # What it measures agrees with the rule, and with what is measured anew.
    told = found.distances_mm
    assert set(told) == set(TELLS)
    nerve = to_line(place[None, [0, 2]], nerve_line(pack, found.side))[0]
    behind = on.fields["back_mm"][corners].min() > 0
    if behind:
        assert told["sciatic_line"] <= nerve + 1.5
    bones = min(told[one] for one in (*MARGINS, "asis"))
    if found.state == "clear":
        assert nerve >= 18 + radius - 1e-6
        assert told["sacrum"] >= 5 + radius - 1e-6
        assert all(told[one] >= margin + radius - 1e-6 for one, margin in MARGINS.items())
        assert told["below_flank"] >= 5 + radius - 1e-6
        assert behind
    _rule_holds(found.rule, told, bones, radius)
    for one in AVOIDED:
        straight = np.linalg.norm(on.marks[TELLS[one]] - place, axis=1).min()
        if one != "sciatic_line":
            assert abs(told[one]) >= straight - 3.0, one

    # The nearest is the nearest, and the better place is a better one.
    assert found.nearest.name == min(AVOIDED, key=lambda one: told[one])
    assert found.nearest.distance_mm == max(0.0, told[found.nearest.name])
    if found.state == "clear":
        assert found.better is None
    elif found.better is not None:
        there = verdict(known, on, tool, known.positions[position], found.better.place.round(2))
        assert there.rule == found.better.rule
        assert there.state == "clear" or there.allowed
        assert there.side == found.side


def _rule_holds(rule: str, told: dict[str, float], bones: float, radius: float) -> None:
    holds: dict[str, Callable[[], bool]] = {
        "bony-points": lambda: bones <= radius + 1e-6,
        "sciatic-core": lambda: told["sciatic_line"] <= 8 + 1e-6,
        "sciatic-corridor": lambda: 8 - 1e-6 <= told["sciatic_line"] <= 18 + 1e-6,
        "flank": lambda: told["below_flank"] <= 1e-6,
        "midline": lambda: min(told["spine"], told["coccyx"]) <= 30 + radius + 1e-6,
        "inside-asis": lambda: told["below_abdomen_line"] >= -1e-6,
        "gluteal-clear": lambda: bones > radius,
    }
    assert holds.get(rule, lambda: True)(), rule


def test_each_verdict_has_a_reason_of_one_sentence(known: Knowledge) -> None:
    for zone in known.zones.values():
        for reason in (zone.reason, *(one.reason for one in zone.for_tools)):
            assert re.fullmatch(r"[^.!?]+[.!?]", reason.text), (zone.id, reason.text)


@pytest.mark.parametrize("tool", ["lacrosse-ball", "palm"])
def test_the_map_is_drawn_with_fewer_triangles_and_without_cracks(on: SkinMap, tool: str) -> None:
    known, _ = everything()
    faces, parents = on.grid.fine.faces, on.grid.parents
    shares = weights(on, state_codes(known, known.tools[tool]), known.tools[tool])
    few = fewer(faces, parents, shares)
    assert len(few) < 0.5 * len(faces)
    assert area_cm2(Surface(on.grid.points, few)) == pytest.approx(area_cm2(on.grid.fine))
    # As many open edges as at the cut ends of the skin, each as long: none opened elsewhere.
    whole, left = open_edges(on.grid.fine), open_edges(Surface(on.grid.points, few))
    assert left == pytest.approx(whole)
    # What lies on a border is drawn as it is: the middles of the edges there are corners still.
    best = np.sort(shares[:, :3].astype(int), axis=1)
    border = (best[:, 2] - best[:, 1] < 8) & (parents[:, 0] != parents[:, 1])
    bent = np.abs(shares - shares.astype(float)[parents].mean(axis=1)).max(axis=1) > 1.0
    assert set(np.flatnonzero(border & bent)) <= set(few.ravel())


def open_edges(surface: Surface) -> float:
    """The length in mm of the edges that belong to one triangle only."""
    sides = np.sort(surface.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    pairs, count = np.unique(sides, axis=0, return_counts=True)
    first, second = surface.vertices[pairs[count == 1]].transpose(1, 0, 2)
    return float(np.linalg.norm(second - first, axis=1).sum())
