"""The tools that fit a skin, on shapes whose answer is known; and the built-in skins, measured."""

import numpy as np
import pytest

from siexplorer.exploration.checks import BONES
from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.skin import (
    BOTTOM_MM,
    TOP_MM,
    bent,
    catmull_clark,
    cut_level,
    depth_below,
    dimpled,
    faired,
    loops,
    parted,
    partly_refined,
    section,
    signed_depths,
    sized,
    strongly_bent,
    swung,
    triangulated,
)
from siexplorer.geometry.surface import (
    Floats,
    Ints,
    Surface,
    edges,
    is_closed,
    vertex_normals,
    volume_cm3,
)
from siexplorer.packs.pack import Pack

RADIUS = 100.0
DEPTHS_MM = {
    "psis": (8, 25),
    "asis": (8, 20),
    "greater-trochanter": (20, 40),
    "pubic-symphysis": (20, 40),
    "iliac-crest-top": (15, 36),
    "s2-tubercle": (8, 22),
    "sacral-apex": (12, 25),
    "coccyx-tip": (20, 40),
    "ischial-tuberosity": (25, 60),
}
"""Believable depths of skin over bony landmarks in lean adults (design of the two skins)."""


def cube_of_quads(half: float) -> tuple[Floats, Ints]:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return half * corners, np.array(quads, dtype=np.int32)


def sphere_of_quads(rounds: int = 4) -> tuple[Floats, Ints]:
    vertices, quads = cube_of_quads(1.0)
    for _ in range(rounds):
        vertices, quads = catmull_clark(vertices, quads)
    return RADIUS * vertices / np.linalg.norm(vertices, axis=1, keepdims=True), quads


@pytest.fixture(scope="module")
def ball() -> Surface:
    return triangulated(*sphere_of_quads())


def two_legs() -> tuple[Floats, Ints]:
    """A block of 200 on two legs, 60 wide and 40 apart, open nowhere, side by side along x."""
    spans = [(-80, -20), (-20, 20), (20, 80)]
    cells = [(x, 0) for x in spans] + [(spans[0], 1), (spans[2], 1)]
    heights = [(0, 100), (-100, 0)]
    found: dict[tuple[float, ...], int] = {}
    quads = []
    for (x0, x1), row in cells:
        z0, z1 = heights[row]
        box = [(x, y, z) for x in (x0, x1) for y in (-40, 40) for z in (z0, z1)]
        ids = [found.setdefault(corner, len(found)) for corner in box]
        quads += [[ids[k] for k in quad] for quad in cube_of_quads(1.0)[1]]
    every = np.array(quads, dtype=np.int32)
    _, first, count = np.unique(
        np.sort(every, axis=1), axis=0, return_index=True, return_counts=True
    )
    return np.array(list(found), dtype=float), every[np.sort(first[count == 1])]


def test_subdivision_rounds_a_cube_and_keeps_it_closed() -> None:
    vertices, quads = cube_of_quads(50.0)
    for _ in range(3):
        vertices, quads = catmull_clark(vertices, quads)
    surface = triangulated(vertices, quads)
    assert len(quads) == 6 * 4**3
    assert is_closed(surface)
    assert 300 < volume_cm3(surface) < 700, "rounder than the cube of 1000, normals outwards"
    away = np.linalg.norm(vertices, axis=1)
    assert away.max() / away.min() < 1.1


def test_subdivision_leaves_flat_sheets_flat_and_their_border_in_place() -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij"))
    quads = np.array(
        [
            [4 * i + j, 4 * i + j + 4, 4 * i + j + 5, 4 * i + j + 1]
            for i in range(3)
            for j in range(3)
        ],
        dtype=np.int32,
    )
    vertices, fine = catmull_clark(np.stack([x, y, 0 * x], axis=1), quads)
    assert np.allclose(vertices[:, 2], 0.0)
    assert vertices[:, :2].min() == 0.0
    assert vertices[:, :2].max() == 3.0
    assert len(fine) == 36


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_partly_fine_skin_has_no_gaps(share: float) -> None:
    vertices, quads = sphere_of_quads(2)
    chosen = vertices[quads].mean(axis=1)[:, 2] > RADIUS * (1 - 2 * share)
    surface = partly_refined(vertices, quads, chosen)
    assert is_closed(surface)
    assert 2 * len(quads) <= len(surface.faces) <= 8 * len(quads)
    assert volume_cm3(surface) == pytest.approx(4.19e3, rel=0.2)


def test_fine_skin_goes_where_the_surface_turns_most() -> None:
    vertices, quads = sphere_of_quads()
    squashed = vertices * [1.0, 1.0, 0.3]
    bend = strongly_bent(triangulated(squashed, quads), quads, 10.0)
    height = np.abs(squashed[quads].mean(axis=1)[:, 2])
    assert 0 < bend.sum() < len(quads)
    assert height[bend].mean() < height[~bend].mean(), "its rim turns more than its poles"


def test_a_leg_turns_about_its_hip_only() -> None:
    joints = {
        "left-hip": np.array([80.0, 0.0, 0.0]),
        "left-knee": np.array([120.0, 0.0, -400.0]),
        "right-hip": np.array([-80.0, 0.0, 0.0]),
        "right-knee": np.array([-120.0, 0.0, -400.0]),
    }
    points = np.array([joints["left-knee"], [0.0, 0.0, 100.0], joints["right-knee"]])
    legs = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    down = np.array([0.0, 0.0, -1.0])
    moved = swung(points, legs, joints, {"left": down, "right": down})
    length = np.hypot(40.0, 400.0)
    assert moved[0] == pytest.approx([80.0, 0.0, -length])
    assert moved[2] == pytest.approx([-80.0, 0.0, -length])
    assert moved[1] == pytest.approx(points[1])


def test_levels_get_the_breadth_and_depth_asked_for() -> None:
    vertices, quads = sphere_of_quads()
    levels = np.array(
        [[-60.0, 90.0, -50.0, 70.0], [0.0, 90.0, -50.0, 70.0], [60.0, 90.0, -50.0, 70.0]]
    )
    surface = triangulated(sized(vertices, quads, levels), quads)
    for height in (-40.0, 3.0, 40.0):
        rim = section(surface.vertices, edges(surface)[0], height)
        assert np.abs(rim[:, 0]).max() == pytest.approx(90.0, abs=6.0)
        assert rim[:, 1].min() == pytest.approx(-50.0, abs=6.0)
        assert rim[:, 1].max() == pytest.approx(70.0, abs=6.0)


def test_thighs_are_brought_to_their_gap_and_stay_on_their_side() -> None:
    vertices, quads = two_legs()
    side = np.sign(vertices[:, :1])
    values = np.c_[vertices, side]
    for _ in range(3):
        values, quads = catmull_clark(values, quads)
    legs = triangulated(values[:, :3], quads)
    gaps = np.array([[-35.0, 5.0], [-45.0, 5.0], [-55.0, 5.0], [-65.0, 5.0]])
    near = parted(legs, values[:, 3], gaps)
    for height in (-50.0, -60.0):
        before = np.abs(section(legs.vertices, edges(legs)[0], height)[:, 0])
        after = np.abs(section(near.vertices, edges(near)[0], height)[:, 0])
        assert before.min() > 15
        assert after.min() == pytest.approx(5.0, abs=3.0)
        assert after.max() == pytest.approx(before.max(), abs=0.5), "outlines stay"
    half = values[:, 3] > 0.5
    assert (near.vertices[half, 0] > 0).all()
    above = legs.vertices[:, 2] > 20
    assert np.abs(near.vertices[above] - legs.vertices[above]).max() < 1.0


def test_fairing_takes_short_waves_and_leaves_long_ones(ball: Surface) -> None:
    out = ball.vertices / RADIUS
    rough = 2.0 * np.sign(np.sin(37.0 * out[:, 0] + 53.0 * out[:, 1] + 41.0 * out[:, 2]))
    long = 6.0 * out[:, 2] ** 2
    smooth = faired(
        Surface(ball.vertices + (rough + long)[:, None] * out, ball.faces), np.full(len(out), 12.0)
    )
    left = np.linalg.norm(smooth.vertices, axis=1) - RADIUS - long
    assert np.abs(left).mean() < 0.6
    assert np.abs(rough).mean() == 2.0


def test_depths_are_signed_distances(ball: Surface) -> None:
    points = np.array([[0.0, 0.0, 80.0], [0.0, 130.0, 0.0], [-95.0, 0.0, 0.0]])
    depths, _, spots = signed_depths(ball, points)
    assert depths == pytest.approx([20.0, -30.0, 5.0], abs=0.6)
    assert np.linalg.norm(spots, axis=1) == pytest.approx([RADIUS] * 3, abs=0.6)


def test_a_named_point_gets_about_its_depth_and_far_skin_stays(ball: Surface) -> None:
    point = np.array([0.0, 0.0, 82.0])
    none = np.zeros((0, 3))
    moved = bent(ball, [(point, 10.0)], none, np.zeros(0))
    assert signed_depths(moved, point[None])[0][0] == pytest.approx(10.0, abs=2.5)
    away = np.linalg.norm(moved.vertices - ball.vertices, axis=1)
    assert away[ball.vertices[:, 2] < -50].max() < away.max() / 3


def test_what_must_stay_inside_does_without_a_sharp_bulge(ball: Surface) -> None:
    rng = np.random.default_rng(7)
    lump = np.array([0.0, 0.0, 92.0]) + rng.uniform(-1, 1, size=(200, 3)) * [12.0, 12.0, 5.0]
    assert signed_depths(ball, lump)[0].min() < 4
    moved = bent(ball, [], lump, np.full(len(lump), 6.0))
    assert signed_depths(moved, lump)[0].min() > 5.5
    before, after = vertex_normals(ball), vertex_normals(moved)
    turned = np.degrees(np.arccos(np.clip(np.einsum("ij,ij->i", before, after), -1, 1)))
    assert turned.max() < 25, "a broad swelling, no bump"
    deep = bent(ball, [], lump * 0.5, np.full(len(lump), 6.0))
    assert np.allclose(deep.vertices, ball.vertices), "what lies deep enough moves nothing"


def test_a_dimple_is_as_deep_and_as_wide_as_asked(ball: Surface) -> None:
    hollow = dimpled(ball, np.array([[0.0, RADIUS, 0.0]]), 5.0, 12.0)
    sunk = RADIUS - np.linalg.norm(hollow.vertices, axis=1)
    away = np.linalg.norm(ball.vertices - [0.0, RADIUS, 0.0], axis=1)
    assert sunk == pytest.approx(5.0 * np.exp(-0.5 * (away / 12.0) ** 2), abs=0.05)
    assert sunk.max() == pytest.approx(5.0, abs=0.1)


def test_a_cut_closes_every_loop_with_a_flat_cap() -> None:
    legs = triangulated(*two_legs())
    assert volume_cm3(legs) == pytest.approx(160 * 80 * 100 / 1000 + 2 * 60 * 80 * 100 / 1000)
    cut = cut_level(cut_level(legs, 50.0, keep_above=False), -50.0, keep_above=True)
    assert is_closed(cut)
    assert volume_cm3(cut) == pytest.approx(160 * 80 * 50 / 1000 + 2 * 60 * 80 * 50 / 1000)
    assert cut.vertices[:, 2].min() == pytest.approx(-50.0)
    assert cut.vertices[:, 2].max() == pytest.approx(50.0)


def test_loops_are_followed_in_order() -> None:
    directed = np.array([[5, 1], [3, 5], [1, 3], [8, 9], [9, 7], [7, 8]], dtype=np.int32)
    assert [loop.tolist() for loop in loops(directed)] == [[1, 3, 5], [7, 8, 9]]


def test_caps_do_not_make_a_point_shallow(ball: Surface) -> None:
    cut = cut_level(ball, 60.0, keep_above=False)
    near_cap = np.array([[0.0, 0.0, 58.0]])
    assert signed_depths(cut, near_cap)[0][0] == pytest.approx(2.0, abs=0.1)
    assert depth_below(cut, near_cap)[0] > 30


# --- the skins of the built-in pack ------------------------------------------------------------


@pytest.fixture(scope="module", params=["female", "male"])
def skin(request: pytest.FixtureRequest, pack: Pack) -> Surface:
    name = f"skin-{request.param}"
    if name not in pack.surfaces:
        pytest.skip(f"the built-in pack has no {name}")
    return pack.surfaces[name].surface


def between_cuts(points: Floats) -> Floats:
    return points[(points[:, 2] < TOP_MM - 1) & (points[:, 2] > BOTTOM_MM + 1)]


def test_a_skin_is_closed_and_light_enough(skin: Surface) -> None:
    assert is_closed(skin)
    assert 11_000 <= len(skin.faces) <= 17_000
    assert 20_000 < volume_cm3(skin) < 32_000
    assert skin.vertices[:, 2].min() == pytest.approx(BOTTOM_MM, abs=0.01)
    assert skin.vertices[:, 2].max() == pytest.approx(TOP_MM, abs=0.01)


def test_a_skin_has_the_size_of_an_adult(skin: Surface) -> None:
    pairs, _ = edges(skin)
    hips, navel, thighs = (section(skin.vertices, pairs, z) for z in (-100.0, 78.0, -262.0))
    assert 330 <= np.ptp(hips[:, 0]) <= 375
    assert 200 <= np.ptp(navel[:, 1]) <= 250
    left, right = thighs[thighs[:, 0] > 0], thighs[thighs[:, 0] < 0]
    for thigh in (left, right):
        assert 80 <= np.ptp(thigh[:, :2], axis=0).mean() / 2 <= 95
    assert left[:, 0].min() - right[:, 0].max() > 1, "the thighs do not touch"


def test_everything_lies_inside_the_skin(skin: Surface, pack: Pack) -> None:
    for name, one in pack.surfaces.items():
        if not one.info.closed or name.startswith("skin-"):
            continue
        depths = depth_below(skin, between_cuts(one.surface.vertices))
        assert depths.min() > (5.0 if name in BONES else 1.0), name


@pytest.mark.parametrize("name", DEPTHS_MM)
def test_landmarks_lie_at_believable_depths(skin: Surface, pack: Pack, name: str) -> None:
    landmarks: Points = pack.landmarks
    low, high = DEPTHS_MM[name]
    for found in (name, f"left-{name}", f"right-{name}"):
        if found in landmarks:
            assert low <= depth_below(skin, landmarks[found])[0] <= high, found


def test_a_dimple_lies_over_each_psis(skin: Surface, pack: Pack) -> None:
    for side in ("left", "right"):
        psis = pack.landmarks[f"{side}-psis"]
        spot = signed_depths(skin, psis)[2][0]
        around = np.linalg.norm(skin.vertices - spot, axis=1)
        ring = skin.vertices[(around > 24) & (around < 34)]
        flat = ring - ring.mean(axis=0)
        normal = np.linalg.svd(flat, full_matrices=False)[2][2]
        normal *= np.sign(normal[1])
        assert (ring.mean(axis=0) - spot) @ normal > 0.5, "the skin is hollow there"
