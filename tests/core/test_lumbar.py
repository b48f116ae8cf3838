"""The modelled lumbar spine: sizes, angles, closed solids that keep clear of each other."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from siexplorer.geometry.filters import contour_grid
from siexplorer.geometry.lattice import Lattice
from siexplorer.geometry.lumbar import (
    CLEARANCE_MM,
    LEVELS,
    TRIANGLES,
    carved,
    disc,
    distance,
    plate,
    sacral_plate,
    sampled,
    smooth_max,
    smooth_min,
    stacked,
    stretched,
    subdivided,
    surface_of,
    twelfth_rib,
    vertebra_field,
)
from siexplorer.geometry.surface import Surface, is_closed, largest_piece, volume_cm3
from siexplorer.packs.pack import read_pack

BASE = plate(np.array([0.0, 73.0, 27.0]), np.radians(38), 50.0, 34.0)
PACK = read_pack()
SPINE = [name for name in PACK.surfaces if name.endswith(("-vertebra", "-twelfth-rib"))]


def tilt_deg(one):
    return np.degrees(np.arctan2(-one.normal[1], one.normal[2]))


def ball(radius: float = 15.0, spacing: float = 2.0) -> Surface:
    axes = np.arange(-30, 31, spacing)
    grid = np.stack(np.meshgrid(axes, axes, axes, indexing="ij"), axis=-1)
    return contour_grid(np.linalg.norm(grid, axis=-1) - radius, np.full(3, -30.0), spacing)


def blocky_vertebra(blur_mm: float, spacing: float) -> Surface:
    """Boxes for a body, two pedicles, transverse processes and a spinous process, any origin."""
    boxes = [
        ((-20, 20), (-15, 12), (5, 30)),
        ((-19, -9), (10, 26), (18, 28)),
        ((9, 19), (10, 26), (18, 28)),
        ((-32, 32), (20, 27), (19, 26)),
        ((-4, 4), (22, 46), (10, 26)),
    ]
    low, high = np.array([-36.0, -21.0, -1.0]), np.array([36.0, 51.0, 35.0])
    axes = [np.arange(a, b + 1e-6, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = np.full(grid.shape[:-1], np.inf)
    for box in boxes:
        sides = [np.abs(grid[..., k] - sum(box[k]) / 2) - np.ptp(box[k]) / 2 for k in range(3)]
        field = np.minimum(field, np.max(sides, axis=0))
    field = gaussian_filter(field, blur_mm / spacing)
    return largest_piece(contour_grid(field, low, spacing))


def test_the_stack_stands_in_a_lordosis_and_each_level_over_its_disc():
    placed = stacked(BASE)
    assert [one.level.name for one in placed] == ["l5", "l4", "l3", "l2", "l1"]
    lordosis = tilt_deg(BASE) - tilt_deg(placed[-1].upper)
    assert 40 <= lordosis <= 60
    assert 10 <= tilt_deg(BASE) - tilt_deg(placed[0].lower) <= 15
    below = BASE
    for one in placed:
        gap = np.linalg.norm(one.lower.centre - below.centre)
        assert 7 <= gap <= 14
        assert gap == pytest.approx((one.level.disc_front_mm + one.level.disc_back_mm) / 2)
        height = np.linalg.norm(one.upper.centre - one.lower.centre)
        assert height == pytest.approx((one.level.front_height_mm + one.level.back_height_mm) / 2)
        rotation = one.matrix[:3, :3]
        assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
        below = one.upper


def test_the_sacral_base_is_found_on_the_built_in_sacrum():
    sacrum = PACK.surfaces["sacrum"].surface
    found = sacral_plate(sacrum, PACK.landmarks["sacral-promontory"][0])
    assert 30 <= tilt_deg(found) <= 48
    assert np.abs(distance(sacrum, found.centre[None])).max() < 4
    with pytest.raises(ValueError, match="no sacral base"):
        sacral_plate(ball(), np.array([0.0, 200.0, 0.0]))


def test_the_crest_tops_lie_at_l4_or_the_disc_below_it():
    sacrum = PACK.surfaces["sacrum"].surface
    placed = stacked(sacral_plate(sacrum, PACK.landmarks["sacral-promontory"][0]))
    crest = PACK.landmarks["left-iliac-crest-top"][0, 2]
    assert placed[0].upper.centre[2] - 3 <= crest <= placed[1].upper.centre[2]


def test_a_raw_vertebra_is_stretched_to_its_level():
    raw = blocky_vertebra(0.0, 1.0)
    for level in LEVELS:
        points = stretched(raw, level).vertices
        assert np.ptp(points[:, 0]) == pytest.approx(level.transverse_span_mm, abs=0.2)
        assert points[:, 0].min() == pytest.approx(-points[:, 0].max(), abs=1e-6)
        mean_depth = (level.upper_depth_mm + level.lower_depth_mm) / 2
        assert points[:, 1].min() == pytest.approx(-mean_depth / 2, abs=1e-6)
        assert points[:, 1].max() == pytest.approx(mean_depth / 2 + level.behind_body_mm, abs=0.1)
        front = points[points[:, 1] < -mean_depth / 2 + 1]
        assert np.ptp(front[:, 2]) == pytest.approx(level.front_height_mm, abs=2.0)


def test_vertebrae_and_discs_are_closed_and_keep_clear_of_each_other():
    placed = stacked(BASE)[:2]
    fields, below, into = [], None, np.eye(4)
    for one in placed:
        field = vertebra_field(blocky_vertebra(2.0, 4.0), one.level)
        if below is not None:
            field = carved(field, below, into @ one.matrix)
        fields.append(field)
        below, into = field, np.linalg.inv(one.matrix)
    own = [surface_of(field, TRIANGLES) for field in fields]
    bodies = [shape.moved(one.matrix) for shape, one in zip(own, placed, strict=True)]
    for body in bodies:
        assert is_closed(body)
        assert len(body.faces) <= TRIANGLES
        assert 25 < volume_cm3(body) < 80
    assert distance(bodies[0], bodies[1].vertices).min() > -0.3
    solids = [(field, np.linalg.inv(one.matrix)) for field, one in zip(fields, placed, strict=True)]
    between = disc(placed[0].upper, placed[1].lower, solids)
    assert is_closed(between)
    assert 6 < volume_cm3(between) < 25
    for body in bodies:
        assert distance(body, between.vertices).min() > -1.0
    middle = (placed[0].upper.centre + placed[1].lower.centre) / 2
    assert distance(between, middle[None])[0] < -3


def test_carving_leaves_the_clearance():
    one = sampled(ball(15.0), 1.0)
    shift = np.eye(4)
    shift[0, 3] = 20.0
    left = surface_of(carved(one, one, shift), 10**6)
    assert distance(ball(15.0), left.vertices + shift[:3, 3]).min() > CLEARANCE_MM - 0.3


def test_the_twelfth_rib_is_a_closed_rod_of_its_length():
    upper = stacked(BASE)[-1].upper
    rib = twelfth_rib(upper)
    assert is_closed(rib)
    assert 1.5 < volume_cm3(rib) < 6
    head, tip = rib.vertices[rib.vertices[:, 0].argmin()], rib.vertices[rib.vertices[:, 0].argmax()]
    assert 85 < np.linalg.norm(tip - head) < 125
    assert rib.vertices[:, 2].max() < 225
    assert tip[2] < head[2] - 40


def test_a_sampled_ball_has_its_distances_everywhere():
    # A radius that no sample lies at: slivers of triangles have no side.
    field = sampled(ball(15.3, 1.0), 1.0)
    exact = np.linalg.norm(field.points(), axis=-1) - 15.3
    near = np.abs(exact) < 4
    assert np.abs(field.values - exact)[near].max() < 0.3
    assert (np.sign(field.values) == np.sign(exact))[~near].all()
    assert field.sample(np.array([[0.0, 0.0, 20.0]]))[0] == pytest.approx(4.7, abs=1.0)


def test_a_surface_that_is_inside_out_is_refused():
    outside = ball(15.3)
    with pytest.raises(ValueError, match="no inside"):
        sampled(Surface(outside.vertices, outside.faces[:, ::-1].copy()))


def test_subdividing_keeps_the_volume():
    coarse = ball(15.0, 8.0)
    assert volume_cm3(subdivided(coarse)) == pytest.approx(volume_cm3(coarse), rel=0.12)


def test_smooth_blends_lie_within_a_quarter_of_the_blend():
    a, b = np.meshgrid(np.linspace(-5, 5, 41), np.linspace(-5, 5, 41))
    joined, common = smooth_min(a, b, 2.0), smooth_max(a, b, 2.0)
    assert ((joined <= np.minimum(a, b) + 1e-12) & (joined >= np.minimum(a, b) - 0.5)).all()
    assert ((common >= np.maximum(a, b) - 1e-12) & (common <= np.maximum(a, b) + 0.5)).all()


def test_a_field_keeps_its_grid_with_other_values():
    field = Lattice(np.zeros((2, 3, 4)), np.array([1.0, 2.0, 3.0]), 0.5)
    other = field.with_values(np.ones((2, 3, 4)))
    assert np.array_equal(other.points(), field.points())
    assert other.points()[1, 2, 3] == pytest.approx([1.5, 3.0, 4.5])


@pytest.mark.skipif(not SPINE, reason="the built-in pack has no lumbar spine")
def test_no_bone_of_the_packs_spine_goes_into_another():
    solids = {name: PACK.surfaces[name].surface for name in SPINE}
    solids |= {
        name: PACK.surfaces[name].surface for name in ("sacrum", "left-hip-bone", "right-hip-bone")
    }
    for name in SPINE:
        for other, surface in solids.items():
            points = solids[name].vertices
            low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
            points = points[((points > low) & (points < high)).all(axis=1)]
            if name != other and len(points):
                assert distance(surface, points).min() > -1.0, (name, other)
