"""What lies beneath a place on the skin: at places that are known, and anywhere."""

import functools
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration.ball import SkinMap, skin_map, verdict
from siexplorer.exploration.beneath import (
    BESIDE_MM,
    REACH_MM,
    REACHED_MM,
    SKIN_MM,
    Body,
    Layer,
    Stack,
    beneath,
    body_of,
    reached,
    stack_along,
)
from siexplorer.exploration.catalog import join
from siexplorer.exploration.state import SKINS, SkinKind
from siexplorer.geometry.beneath import Inside
from siexplorer.geometry.rays import Searched
from siexplorer.geometry.surface import Floats, Surface
from siexplorer.packs.pack import Pack, read_pack

SIGNS = {"left": 1.0, "right": -1.0}


@functools.cache
def everything() -> tuple[Knowledge, Pack]:
    """Not a fixture, which hypothesis would print in full when something fails."""
    return read_knowledge(), read_pack()


@functools.cache
def drawn(skin: SkinKind) -> tuple[SkinMap, Body]:
    known, pack = everything()
    standing = known.positions["standing"]
    return skin_map(known, pack, skin, standing), body_of(known, pack, standing)


def below(skin: SkinKind, name: str, shift: Floats | None = None) -> Stack:
    """The stack over an entry's place on the model, as seen from where it is seen best."""
    known, pack = everything()
    item = join(known, pack)[name]
    anchor = item.anchor if shift is None else item.anchor + shift
    return beneath(known, pack, *drawn(skin), anchor, item.entry.view)


def layer(stack: Stack, name: str) -> Layer:
    return next(one for one in stack.layers if one.id == name)


@pytest.fixture(params=SKINS)
def skin(request: pytest.FixtureRequest) -> SkinKind:
    kind: SkinKind = request.param
    return kind


@pytest.fixture(params=SIGNS)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Known places -------------------------------------------------------------------------------------


def test_piriformis_lies_under_gluteus_maximus_and_over_the_notch(
    skin: SkinKind, side: str
) -> None:
    stack = below(skin, f"{side}-piriformis")
    names = [one.id for one in stack.layers if not one.beside]
    order = [f"{side}-{n}" for n in ("gluteus-maximus", "piriformis", "greater-sciatic-notch")]
    assert [name for name in names if name in order] == order
    assert names[0] == f"skin-{skin}"
    # CT of 60 people: 52 to 66 mm under the skin (facts 5.3).
    assert 52 <= layer(stack, f"{side}-piriformis").depth_mm <= 66


def test_the_sciatic_nerve_is_near_the_piriformis(skin: SkinKind, side: str) -> None:
    stack = below(skin, f"{side}-piriformis")
    nerve = layer(stack, f"{side}-sciatic-nerve")
    assert nerve.kind == "nerve"
    assert nerve.away_mm < BESIDE_MM
    assert nerve.depth_mm > layer(stack, f"{side}-gluteus-maximus").depth_mm


def test_under_the_dimple_there_is_skin_and_fat_and_then_bone(skin: SkinKind, side: str) -> None:
    stack = below(skin, f"{side}-psis")
    bone = layer(stack, f"{side}-hip-bone")
    assert 8 <= bone.depth_mm <= 25
    over = [one.id for one in stack.layers if one.depth_mm < bone.depth_mm and not one.beside]
    assert not any("gluteus" in name for name in over), over
    assert over == [f"skin-{skin}", ""]


def test_the_psis_is_as_deep_as_a_finger_finds_it(skin: SkinKind, side: str) -> None:
    stack = below(skin, f"{side}-psis")
    assert 8 <= layer(stack, f"{side}-hip-bone").depth_mm <= 25


def test_inside_the_asis_iliacus_lies_behind_skin_and_belly_wall(skin: SkinKind, side: str) -> None:
    known, pack = everything()
    on, body = drawn(skin)
    point = pack.landmarks[f"{side}-asis"][0] - np.array([SIGNS[side] * 20.0, 0.0, 3.0])
    far = point + np.array([0.0, -300.0, 0.0])
    met = on.searched.crossings(far, point).along_mm
    stack = stack_along(
        known, pack, on, body, far + np.array([0.0, met[0], 0.0]), np.array([0.0, 1.0, 0.0])
    )
    first, wall = stack.layers[:2]
    assert (first.kind, wall.kind) == ("skin", "soft-tissue")
    assert wall.name == known.say("layer_fat_and_wall")
    iliacus = layer(stack, f"{side}-iliacus")
    assert iliacus.depth_mm >= wall.depth_mm + wall.thickness_mm - 1e-6
    assert 10 < iliacus.depth_mm < 90
    bones = [one for one in stack.layers if one.kind == "bone"]
    assert all(one.depth_mm > iliacus.depth_mm for one in bones)


def test_the_sacrum_lies_close_under_the_skin(skin: SkinKind) -> None:
    stack = below(skin, "s2-tubercle")
    assert [one.kind for one in stack.layers[:3]] == ["skin", "soft-tissue", "bone"]
    assert layer(stack, "sacrum").depth_mm < 35


def test_beside_the_trochanter_the_femur_comes_first(skin: SkinKind, side: str) -> None:
    stack = below(skin, f"{side}-greater-trochanter")
    bones = [one.id for one in stack.layers if one.kind == "bone"]
    assert bones[0] == f"{side}-femur"


def test_on_the_upper_outer_buttock_gluteus_medius_comes_before_minimus(
    skin: SkinKind, side: str
) -> None:
    stack = below(skin, f"{side}-gluteus-medius")
    medius, minimus = (layer(stack, f"{side}-gluteus-{n}") for n in ("medius", "minimus"))
    assert medius.depth_mm < minimus.depth_mm < layer(stack, f"{side}-hip-bone").depth_mm


# Anywhere -----------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    skin=st.sampled_from(SKINS),
    where=st.floats(0.0, 1.0, exclude_max=True),
    offset=st.tuples(*(st.floats(-20.0, 20.0) for _ in range(3))),
)
def test_anywhere_depths_rise_and_nothing_is_thinner_than_nothing(
    skin: SkinKind, where: float, offset: tuple[float, float, float]
) -> None:
    known, pack = everything()
    on, body = drawn(skin)
    points = on.grid.points
    stack = beneath(known, pack, on, body, points[int(where * len(points))] + offset)
    assert np.linalg.norm(stack.inwards) == pytest.approx(1.0)
    assert np.linalg.norm(on.searched.nearest(stack.place)[0] - stack.place) < 1e-6
    depths = [one.depth_mm for one in stack.layers]
    assert depths == sorted(depths)
    assert all(0 <= one.depth_mm <= REACH_MM for one in stack.layers)
    assert all(one.thickness_mm >= 0 for one in stack.layers)
    assert stack.layers[0].kind == "skin"
    assert stack.layers[0].depth_mm == 0
    assert stack.layers[0].thickness_mm <= SKIN_MM
    assert all(one.away_mm <= BESIDE_MM for one in stack.layers)
    assert all(one.kind in ("nerve", "vessel") for one in stack.layers if one.beside)
    assert stack.deepest_mm >= depths[-1]
    assert all(one.name for one in stack.layers)
    # Of one surface, one layer ends before the next begins.
    for name in {one.surface for one in stack.layers if one.surface and not one.beside}:
        own = [one for one in stack.layers if one.surface == name and not one.beside]
        for first, second in pairwise(own):
            assert first.depth_mm + first.thickness_mm <= second.depth_mm + 1e-6
    # The middle of each layer lies inside what it is said to be, asked for in another direction.
    for one in stack.layers[2:6]:
        if one.surface and not one.beside and one.thickness_mm > 2:
            middle = stack.place + stack.inwards * (one.depth_mm + one.thickness_mm / 2)
            assert inside(one.surface, middle), one.name


@functools.cache
def searched(name: str) -> Searched:
    return Searched(everything()[1].surfaces[name].surface)


def inside(name: str, point: Floats) -> bool:
    """Whether most lines out of a point leave a closed surface once more than they enter it."""
    votes = []
    for out in np.random.default_rng(2).normal(size=(5, 3)):
        met = searched(name).crossings(point, point + out / np.linalg.norm(out) * 1000.0)
        votes.append(int((~met.entering).sum() - met.entering.sum()) == 1)
    return sum(votes) >= 3


def test_below_a_ball_is_what_is_below_its_place(skin: SkinKind) -> None:
    known, pack = everything()
    on, body = drawn(skin)
    point = np.array([110.0, 150.0, -20.0])
    rests = verdict(known, on, known.tools["tennis-ball"], known.positions["standing"], point)
    place, normal = rests.contact.place, rests.contact.normal
    one = stack_along(known, pack, on, body, place, -normal)
    other = beneath(known, pack, on, body, place)
    assert other.place == pytest.approx(one.place)
    assert [a.id for a in one.layers] == [b.id for b in other.layers]
    assert [a.depth_mm for a in one.layers] == pytest.approx([b.depth_mm for b in other.layers])


def test_a_line_through_a_ball_in_a_box_tells_both() -> None:
    import trimesh

    box = trimesh.creation.box((20.0, 20.0, 20.0))
    ball = trimesh.creation.icosphere(3, 5.0)
    rod = trimesh.creation.cylinder(1.0, 40.0).subdivide_to_size(2.0)
    rod.apply_translation([4.0, 0.0, 0.0])
    shapes = [
        Surface(np.asarray(one.vertices, float), np.asarray(one.faces, np.int32))
        for one in (box, ball, rod)
    ]
    inner = Inside(shapes[:2], shapes[2:])
    start, inwards = np.array([0.1, 30.0, 0.2]), np.array([0.0, -1.0, 0.0])
    passed = inner.passed(start, inwards, 100.0)
    assert [one.index for one in passed] == [0, 1]
    assert [passed[0].enters_mm, passed[0].leaves_mm] == pytest.approx([20.0, 40.0])
    assert [passed[1].enters_mm, passed[1].leaves_mm] == pytest.approx([25.0, 35.0], abs=0.2)
    assert inner.passed(start, -inwards, 100.0) == []
    beside = inner.beside(start, inwards, 100.0, 5.0)
    assert [one.index for one in beside] == [2]
    assert beside[0].away_mm == pytest.approx(3.0, abs=0.3)
    assert inner.beside(start, inwards, 100.0, 2.0) == []


# The other way round ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["piriformis", "gluteus-medius", "iliacus"])
def test_from_where_a_muscle_is_reached(skin: SkinKind, side: str, name: str) -> None:
    known, pack = everything()
    on, body = drawn(skin)
    found = reached(known, pack, on, known.positions["standing"], f"{side}-{name}")
    assert found is not None
    depth = found.depth_mm
    assert depth.shape == (len(on.grid.coarse.vertices),)
    there = np.flatnonzero(np.isfinite(depth))
    assert found.least_mm == depth[there].min()
    assert found.least_mm <= found.median_mm <= depth[there].max() <= REACHED_MM
    assert 10 < found.area_cm2 < 600
    # The stack below such a place says the same.
    for vertex in np.random.default_rng(3).choice(there, 8, replace=False):
        place, normal = on.grid.points[vertex], on.grid.normals[vertex]
        stack = stack_along(known, pack, on, body, place, -normal)
        own = [one for one in stack.layers if one.id == f"{side}-{name}"]
        if own:
            assert own[0].depth_mm == pytest.approx(depth[vertex], abs=0.5)
            bones = [one.depth_mm for one in stack.layers if one.kind == "bone"]
            assert all(bone > own[0].depth_mm - 0.5 for bone in bones)


def test_piriformis_is_reached_only_from_deep(skin: SkinKind, side: str) -> None:
    known, pack = everything()
    on, _ = drawn(skin)
    standing = known.positions["standing"]
    deep = reached(known, pack, on, standing, f"{side}-piriformis")
    shallow = reached(known, pack, on, standing, f"{side}-gluteus-maximus")
    assert deep is not None
    assert shallow is not None
    assert shallow.median_mm < 25 < 40 < deep.median_mm < 75
    assert shallow.area_cm2 > 2 * deep.area_cm2


@pytest.mark.parametrize("name", ["left-psis", "skin-female", "sacral-promontory"])
def test_what_has_no_body_of_its_own_is_not_reached(name: str) -> None:
    known, pack = everything()
    on, _ = drawn("female")
    assert reached(known, pack, on, known.positions["standing"], name) is None


# In another position ------------------------------------------------------------------------------


def test_in_figure_four_what_is_inside_goes_along() -> None:
    known, pack = everything()
    crossed = known.positions["left-figure-four"]
    on, body = skin_map(known, pack, "female", crossed), body_of(known, pack, crossed)
    standing = drawn("female")
    strip = standing[0].marks["trochanter_mm"][0]
    vertex = int(np.linalg.norm(standing[0].grid.points - strip, axis=1).argmin())
    for here, inner in (standing, (on, body)):
        # The same piece of skin lies over the same knob of the thigh bone.
        place, normal = here.grid.points[vertex], here.grid.normals[vertex]
        stack = stack_along(known, pack, here, inner, place, -normal)
        bones = [one.id for one in stack.layers if one.kind == "bone"]
        assert bones[:1] == ["left-femur"]
    depths = [one.depth_mm for one in stack.layers]
    assert depths == sorted(depths)
