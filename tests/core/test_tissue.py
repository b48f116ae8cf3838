"""Soft tissue: the engine on simple shapes, and the built pack against published anatomy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from siexplorer.geometry.flesh import grown
from siexplorer.geometry.lattice import REACH_MM, Lattice, distances, take_in
from siexplorer.geometry.ligaments import SUNK_MM, clear_of, draped, sheet
from siexplorer.geometry.muscles import INSIDE, LOW_MM, PLANS, SPACING_MM, VOLUME_CM3
from siexplorer.geometry.nerves import crossing_mm
from siexplorer.geometry.strands import along, evened, laid, lengths_mm, tightened
from siexplorer.geometry.surface import Floats, Surface, edges, is_closed, pieces, volume_cm3
from siexplorer.geometry.tissue import (
    depth_in,
    middle_line,
    middle_of_tube,
    thickness_at_middle_mm,
)
from siexplorer.geometry.tubes import tube
from siexplorer.geometry.walls import WITHIN, wall_over
from siexplorer.packs.pack import Pack
from siexplorer.packs.tissue import Measured, faults, measured


def ball(radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Surface:
    import trimesh

    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return Surface(np.asarray(mesh.vertices) + np.array(centre), np.asarray(mesh.faces, np.int32))


@pytest.fixture(scope="module")
def field() -> Lattice:
    """Distances to a ball of 20 mm in a box."""
    half = np.array([60.0, 60.0, 60.0])
    return distances([ball(20.0)], -half, half, 2.0)


# The lattice --------------------------------------------------------------------------------------


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(1.0, 42.0))
@settings(max_examples=60, deadline=None)
def test_distance_to_a_ball(field: Lattice, turn: float, rise: float, far: float) -> None:
    way = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
    found = field.sample((far * way)[None])[0]
    assert found == pytest.approx(np.clip(far - 20.0, -REACH_MM, REACH_MM), abs=0.8)


def test_outwards_points_away_from_what_is_there(field: Lattice) -> None:
    spots = np.array([[25.0, 0.0, 0.0], [0.0, -28.0, 0.0], [10.0, 10.0, 20.0]])
    ways = field.outwards(spots)
    np.testing.assert_allclose(
        ways, spots / np.linalg.norm(spots, axis=1, keepdims=True), atol=0.08
    )


def test_a_second_body_counts_from_then_on() -> None:
    half = np.array([40.0, 40.0, 40.0])
    grid = distances([ball(10.0, (-20.0, 0.0, 0.0))], -half, half, 2.0)
    assert grid.sample(np.array([[20.0, 0.0, 0.0]]))[0] > 15
    take_in(grid, ball(10.0, (20.0, 0.0, 0.0)))
    assert grid.sample(np.array([[20.0, 0.0, 0.0]]))[0] < -5
    assert grid.sample(np.array([[-20.0, 0.0, 0.0]]))[0] < -5


@pytest.mark.parametrize("name", ["l4-vertebra", "left-femur"])
def test_the_inside_of_a_bone_with_creases_is_kept_whole(pack: Pack, name: str) -> None:
    """By a crease the nearest normal tells the wrong side: one such node must not spread."""
    found = pack.surfaces[name].surface
    bone = Surface(np.asarray(found.vertices, dtype=np.float64), found.faces)
    low, high = bone.vertices.min(axis=0), bone.vertices.max(axis=0)
    first = LOW_MM + SPACING_MM * np.floor((low - 6.0 - LOW_MM) / SPACING_MM)
    grid = distances([bone], first, high + 6.0, SPACING_MM)
    inside_cm3 = (grid.values < 0).sum() * SPACING_MM**3 / 1000
    assert inside_cm3 == pytest.approx(volume_cm3(bone), rel=0.02)


def test_a_hollow_that_a_ball_cannot_enter_is_filled() -> None:
    half = np.array([50.0, 50.0, 50.0])
    pair = [ball(15.0, (-20.0, 0.0, 0.0)), ball(15.0, (20.0, 0.0, 0.0))]
    grid = distances(pair, -half, half, 2.0)
    closed = grid.closed_over(12.0)
    between, far = np.zeros((1, 3)), np.array([[0.0, 0.0, 40.0]])
    assert grid.sample(between)[0] > 3 > 0 > closed.sample(between)[0]
    assert closed.sample(far)[0] == pytest.approx(grid.sample(far)[0], abs=2.0)


# Strands and what grows round them ----------------------------------------------------------------


def test_a_taut_strand_goes_round_a_ball(field: Lattice) -> None:
    start, end = np.array([[-40.0, 0.0, 2.0]]), np.array([[40.0, 0.0, 2.0]])
    bundle = tightened(laid([start, np.array([[0.0, 0.0, 30.0]]), end]), field, np.full(60, 3.0))
    inner = bundle[0, 3:-3]
    assert field.sample(inner).min() > 2.0
    # Tangents of 34 mm each and the arc between: shorter than the detour that it was laid on.
    assert 84.0 < lengths_mm(bundle)[0] < 100.0
    assert np.abs(bundle[0, :, 1]).max() < 2.0


def test_strands_are_evenly_spaced_and_keep_their_ends() -> None:
    rough = np.cumsum(np.random.default_rng(1).random((4, 30, 3)), axis=1)
    even = evened(rough)
    np.testing.assert_allclose(even[:, [0, -1]], rough[:, [0, -1]])
    step = np.linalg.norm(np.diff(even, axis=1), axis=2)
    assert (step.std(axis=1) < 0.1 * step.mean(axis=1)).all()
    np.testing.assert_allclose(along(rough[0], np.array([0.0, 1.0])), rough[0, [0, -1]])


@pytest.mark.parametrize("wanted", [20.0, 45.0])
def test_a_body_of_the_wanted_volume_that_leaves_room(field: Lattice, wanted: float) -> None:
    shares = np.linspace(0.0, 1.0, 12)
    starts = along(np.array([[-45.0, -15.0, 24.0], [-45.0, 15.0, 24.0]]), shares)
    bundle = tightened(laid([starts, starts + np.array([90.0, 0.0, 0.0])]), field, np.full(60, 4.0))
    flesh = grown(
        bundle,
        np.full(bundle.shape[:2], 6.0),
        shares,
        field,
        volume_cm3_wanted=wanted,
        triangles=3000,
    )
    assert is_closed(flesh.surface)
    assert len(np.unique(pieces(flesh.surface))) == 1
    assert volume_cm3(flesh.surface) == pytest.approx(wanted, rel=0.06)
    assert depth_in([ball(20.0)], flesh.surface.vertices).max() < 0.8
    # Fibre coordinates run along x and across y.
    assert np.corrcoef(flesh.fibres[:, 1], flesh.surface.vertices[:, 0])[0, 1] > 0.95
    assert np.corrcoef(flesh.fibres[:, 0], flesh.surface.vertices[:, 1])[0, 1] > 0.8


def test_a_body_at_the_edge_of_its_block_does_not_wall_it_in(field: Lattice) -> None:
    """What joins the field is the body alone: far from it, the field is as it was."""
    grid = field.with_values(field.values.copy())
    starts = np.array([[-30.0, 0.0, 40.0], [-30.0, 4.0, 40.0]])
    bundle = laid([starts, starts + np.array([60.0, 0.0, 0.0])])
    grown(
        bundle,
        np.full(bundle.shape[:2], 5.0),
        np.array([0.0, 1.0]),
        grid,
        volume_cm3_wanted=None,
        triangles=500,
        into=grid,
    )
    away = cKDTree(bundle.reshape(-1, 3)).query(grid.points().reshape(-1, 3))[0]
    far = away.reshape(grid.values.shape) > 15.0
    np.testing.assert_array_equal(grid.values[far], field.values[far])


def test_no_room_is_said(field: Lattice) -> None:
    bundle = laid([np.zeros((3, 3)), np.full((3, 3), 4.0)])
    with pytest.raises(ValueError, match="no room"):
        grown(
            bundle,
            np.full(bundle.shape[:2], 1.0),
            np.linspace(0, 1, 3),
            field,
            volume_cm3_wanted=None,
            triangles=500,
        )


def test_a_cloth_draped_over_a_ball_is_one_smooth_sheet(field: Lattice) -> None:
    """It stays outside, has round borders all the way round, and runs from end to end."""
    shares = np.linspace(0.0, 1.0, 12)
    starts = along(np.array([[-30.0, -14.0, 14.0], [-30.0, 14.0, 14.0]]), shares)
    strands = laid([starts, starts * [-1.0, 1.0, 1.0]])
    cloth = draped(strands, field, 1.5)
    np.testing.assert_allclose(cloth[:, [0, -1]], strands[:, [0, -1]])
    band = sheet(cloth, 1.5)
    clear_of(field, band.surface.vertices)
    assert is_closed(band.surface)
    assert len(np.unique(pieces(band.surface))) == 1
    width, length = 28.0, float(lengths_mm(cloth).mean())
    assert volume_cm3(band.surface) == pytest.approx(width * length * 3.0 / 1000, rel=0.15)
    assert depth_in([ball(20.0)], band.surface.vertices).max() < SUNK_MM + 0.3
    assert band.fibres is not None
    assert np.corrcoef(band.fibres[:, 1], band.surface.vertices[:, 0])[0, 1] > 0.95
    assert np.corrcoef(band.fibres[:, 0], band.surface.vertices[:, 1])[0, 1] > 0.95


def test_a_tube_is_closed_and_runs_along_its_path() -> None:
    path = np.stack([np.zeros(30), np.zeros(30), np.linspace(0.0, 100.0, 30)], axis=1)
    made = tube(path, np.full(30, 6.0), np.full(30, 3.0), np.array([0.0, 1.0, 0.0]))
    assert is_closed(made)
    assert volume_cm3(made) == pytest.approx(np.pi * 6 * 3 * 103 / 1000, rel=0.05)
    assert np.abs(middle_of_tube(made)[:, :2]).max() < 1e-6
    assert np.ptp(made.vertices[:, 0]) == pytest.approx(12.0)
    assert np.ptp(made.vertices[:, 1]) == pytest.approx(6.0)


def test_a_wall_spans_the_gap_in_a_ring(field: Lattice) -> None:
    """It is one sheet with a round outline, evenly covered and backed, though its ring has lobes.

    The ring lies on a shallow bowl beside the ball, and faces away from it.
    """
    turn, away = np.meshgrid(np.linspace(0, 2 * np.pi, 121)[:-1], np.linspace(0.5, 1.0, 12))
    far = away * (24.0 + 2.0 * np.sin(9 * turn))
    ring = np.stack([40.0 + 0.005 * far**2, far * np.cos(turn), far * np.sin(turn)], axis=-1)
    k = np.arange(11)[:, None] * 120 + np.arange(120)
    right = k - np.arange(120) + (np.arange(120) + 1) % 120
    faces = np.concatenate(
        [np.stack([k, k + 120, right], axis=-1), np.stack([right, k + 120, right + 120], axis=-1)]
    )
    patch = Surface(ring.reshape(-1, 3), faces.reshape(-1, 3).astype(np.int32))
    wall = wall_over(patch, np.array([1.0, 0.0, 0.0]))
    points, to_rim = wall.starts(3.0)
    out = np.hypot(points[:, 1], points[:, 2])
    np.testing.assert_allclose(out[to_rim == 0], WITHIN * 26.0, rtol=0.1)
    assert np.ptp(out[to_rim == 0]) < 1.5
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    assert 1.0 < nearest.min() < nearest.max() < 3.5
    assert cKDTree(points).query(np.array([[40.0, 0.0, 0.0]]))[0][0] < 3.0
    backed = wall.backed(field)
    before, behind = np.array([[44.0, 0.0, 0.0]]), np.array([[38.0, 0.0, 0.0]])
    assert field.sample(behind)[0] > 0 > backed.sample(behind)[0]
    assert backed.sample(before)[0] > 0


# Measures -----------------------------------------------------------------------------------------


def test_depth_in_a_ball() -> None:
    spots = np.array([[0.0, 0.0, 15.0], [0.0, 19.0, 0.0], [23.0, 0.0, 0.0]])
    deep = depth_in([ball(20.0)], spots)
    np.testing.assert_allclose(deep, [5.0, 1.0, -np.inf if np.isinf(deep[2]) else -3.0], atol=0.2)


def test_thickness_and_middle_of_a_flat_bar() -> None:
    import trimesh

    mesh = trimesh.creation.box((120.0, 30.0, 12.0))
    for _ in range(5):
        mesh = mesh.subdivide()
    bar = Surface(np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32))
    share = (bar.vertices[:, 0] + 60.0) / 120.0
    assert thickness_at_middle_mm(bar, share) == pytest.approx(12.0, abs=0.5)
    line = middle_line(bar, share)
    assert np.abs(line[:, 1:]).max() < 1.0
    assert 105.0 < lengths_mm(line[None])[0] <= 120.0


def test_where_a_path_crosses_a_line() -> None:
    path = np.stack([np.linspace(-10, 30, 41), np.full(41, 99.0), np.full(41, -20.0)], axis=1)
    start, end = np.array([10.0, 0.0, 0.0]), np.array([10.0, 0.0, -80.0])
    assert crossing_mm(path, start, end) == pytest.approx(20.0)


# The built pack -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(pack: Pack) -> Measured:
    return measured(pack)


def test_every_muscle_is_there_on_both_sides(found: Measured) -> None:
    assert {one.id for one in found.muscles} == {
        f"{side}-{name}" for side in ("left", "right") for name in PLANS
    }


def test_the_pack_is_within_the_published_bands(found: Measured) -> None:
    assert list(faults(found)) == []


def test_a_muscle_out_of_its_band_is_named(found: Measured) -> None:
    worse = Measured(muscles=[*found.muscles])
    one = next(m for m in worse.muscles if m.id == "left-iliacus")
    kept = one.volume_cm3
    one.volume_cm3 = VOLUME_CM3["iliacus"] * 1.3
    try:
        said = list(faults(worse))
    finally:
        one.volume_cm3 = kept
    assert any("left-iliacus" in sentence and "cm3" in sentence for sentence in said)
    assert any("left and right differ" in sentence for sentence in said)


def test_fibres_run_from_origin_to_insertion(pack: Pack) -> None:
    """The end of each muscle lies where its insertion is painted, not at its origin."""
    for name in ("iliacus", "piriformis", "gluteus-medius", "gluteus-minimus"):
        one = pack.surfaces[f"left-{name}"]
        assert one.fibres is not None
        area = pack.surfaces[f"left-{name}-insertion"].surface.vertices.mean(axis=0)
        end = one.surface.vertices[one.fibres[:, 1] > 0.95].mean(axis=0)
        start = one.surface.vertices[one.fibres[:, 1] < 0.05].mean(axis=0)
        assert np.linalg.norm(end - area) < 25.0 < np.linalg.norm(start - area), name


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_free_edge_of_obturator_internus_is_smooth(pack: Pack, side: str) -> None:
    """Seen from within the pelvis, away from its tendon, its outline is hardly longer than the same
    outline without its small waves."""
    muscle = pack.surfaces[f"{side}-obturator-internus"]
    assert muscle.fibres is not None
    spine, seat = (
        pack.landmarks[f"{side}-{n}"][0] for n in ("ischial-spine", "ischial-tuberosity")
    )
    sign = 1.0 if side == "left" else -1.0
    facing = np.array([sign, 1.0, 1.0]) * INSIDE
    facing /= np.linalg.norm(facing)
    across = np.cross([0.0, 0.0, 1.0], facing)
    across /= np.linalg.norm(across)
    plane = np.stack([across, np.cross(facing, across)])
    pairs, _ = edges(muscle.surface)
    first, last = (muscle.surface.vertices[pairs[:, k]] for k in (0, 1))
    spots = (first + np.linspace(0, 1, 9)[:, None, None] * (last - first)).reshape(-1, 3)
    centre = muscle.surface.vertices[muscle.fibres[:, 1] < 0.5].mean(axis=0)
    x, y = plane @ (spots - centre).T
    bend = plane @ (spine + 0.3 * (seat - spine) - centre)
    turn = (np.degrees(np.arctan2(y, x) - np.arctan2(bend[1], bend[0])) % 360 / 2).astype(int) % 180
    outline = np.array([np.hypot(x, y)[turn == k].max() for k in range(180)])
    smooth = gaussian_filter1d(outline, 6.0, mode="wrap")
    free = np.arange(38, 143)

    def length(out: Floats) -> float:
        way = np.radians(2.0 * free)
        path = out[free, None] * np.stack([np.cos(way), np.sin(way)], axis=1)
        return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())

    # With single strands showing at the edge it was 1.09 and 1.13.
    assert length(outline) / length(smooth) < 1.03
    assert np.abs(outline - smooth)[free].max() < 1.6


def test_the_sciatic_nerve_leaves_below_piriformis(pack: Pack) -> None:
    nerve = middle_of_tube(pack.surfaces["left-sciatic-nerve"].surface)
    muscle = pack.surfaces["left-piriformis"].surface.vertices
    seat, spine = pack.landmarks["left-ischial-tuberosity"][0], pack.landmarks["left-ischial-spine"]
    at_spine = nerve[np.argmin(np.abs(nerve[:, 2] - spine[0, 2]))]
    beside = muscle[np.abs(muscle[:, 0] - at_spine[0]) < 8.0]
    assert beside[:, 2].min() > at_spine[2] - 6.0
    assert seat[0] < nerve[np.argmin(np.abs(nerve[:, 2] - seat[2])), 0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_buttock_swells_in_one_curve(pack: Pack, side: str) -> None:
    """From the side, the rear outline of gluteus maximus goes out to its height and back, once."""
    surface = pack.surfaces[f"{side}-gluteus-maximus"].surface
    pairs, _ = edges(surface)
    first, last = (surface.vertices[pairs[:, k]] for k in (0, 1))
    spots = (first + np.linspace(0, 1, 9)[:, None, None] * (last - first)).reshape(-1, 3)
    level = np.round(spots[:, 2] / 4.0).astype(int)
    rear = np.array([spots[level == k, 1].max() for k in np.unique(level)])
    rising = np.maximum.accumulate(rear) - rear
    falling = np.maximum.accumulate(rear[::-1])[::-1] - rear
    # With one hump over the ilium and another over the ischium it was 1.5 mm.
    assert np.minimum(rising, falling).max() < 0.5
