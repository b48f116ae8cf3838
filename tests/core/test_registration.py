"""One surface brought onto another: what was done to it is found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from siexplorer.geometry.filters import contour_grid
from siexplorer.geometry.registration import (
    apply,
    fit,
    icp,
    samples,
    surface_distance,
    warp,
)
from siexplorer.geometry.surface import Surface, area_cm2


def lumpy(spacing: float = 2.0) -> Surface:
    """A closed surface without symmetry: three balls of different sizes grown together."""
    axes = np.arange(-45, 46, spacing)
    grid = np.stack(np.meshgrid(axes, axes, axes, indexing="ij"), axis=-1)
    field = np.full(grid.shape[:-1], np.inf)
    for centre, radius in (((0, 0, 0), 20), ((18, 5, 8), 13), ((-6, 22, -9), 11)):
        field = np.minimum(field, np.linalg.norm(grid - np.array(centre), axis=-1) - radius)
    return contour_grid(field, np.full(3, -45.0), spacing)


def transform(turn_deg, shift_mm, scale=1.0, stretch=(1.0, 1.0, 1.0)):
    matrix = np.eye(4)
    rotation = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    matrix[:3, :3] = scale * rotation @ np.diag(stretch)
    matrix[:3, 3] = shift_mm
    return matrix


BODY = lumpy()


@settings(max_examples=40, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-170, 170)] * 3),
    shift=st.tuples(*[st.floats(-200, 200)] * 3),
    scale=st.floats(0.5, 2.0),
    seed=st.integers(0, 2**16),
)
def test_a_similarity_is_found_from_pairs(turn, shift, scale, seed):
    points = np.random.default_rng(seed).normal(size=(12, 3)) * 40
    matrix = transform(turn, shift, scale)
    for kind in ("similarity", "affine"):
        assert np.allclose(fit(kind, points, apply(matrix, points)), matrix, atol=1e-6)


def test_a_rigid_fit_does_not_scale_and_never_mirrors():
    points = np.random.default_rng(1).normal(size=(30, 3)) * 40
    for target in (points * 1.3, points * [-1.0, 1.0, 1.0]):
        found = fit("rigid", points, target)[:3, :3]
        assert np.allclose(found @ found.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(found) == pytest.approx(1.0)


def test_too_few_pairs_are_refused():
    with pytest.raises(ValueError, match="at least 4 pairs"):
        fit("rigid", np.zeros((3, 3)), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("kind", "matrix"),
    [
        ("rigid", transform((7, -5, 9), (4, -3, 5))),
        ("similarity", transform((-6, 8, 4), (-3, 5, 2), 1.08)),
        ("affine", transform((5, 4, -6), (3, 2, -4), 1.0, (1.06, 0.95, 1.03))),
    ],
)
def test_icp_finds_a_known_transform_without_pairs(kind, matrix):
    target = BODY.moved(matrix)
    found = icp(samples(BODY, 1500), samples(target, 5000), kind, rounds=200)
    error = apply(found.matrix, BODY.vertices) - target.vertices
    assert np.linalg.norm(error, axis=1).mean() < 0.3
    assert found.mean_mm < 0.5


def test_icp_is_deterministic():
    target = samples(BODY.moved(transform((4, 4, 4), (2, 2, 2))), 3000)
    first, second = (icp(samples(BODY, 800), target, "rigid") for _ in range(2))
    assert np.array_equal(first.matrix, second.matrix)


def test_icp_says_when_nothing_pairs_up():
    inside_out = Surface(BODY.vertices, BODY.faces[:, ::-1].copy())
    with pytest.raises(ValueError, match="pair up"):
        icp(samples(BODY, 5), samples(inside_out, 5), "rigid")


def test_samples_are_even_by_area_and_on_the_surface():
    found = samples(BODY, 4000)
    assert np.allclose(np.linalg.norm(found.normals, axis=1), 1.0)
    # The large ball's free side has its share of the points that it has of the area.
    corners = BODY.vertices[BODY.faces]
    low = corners.mean(axis=1)[:, 0] < -5
    share = area_cm2(Surface(BODY.vertices, BODY.faces[low])) / area_cm2(BODY)
    assert (found.points[:, 0] < -5).mean() == pytest.approx(share, abs=0.02)
    assert surface_distance(BODY, BODY, 500).max_mm < 1e-4


@settings(max_examples=8, deadline=None)
@given(offset=st.floats(0.5, 6.0))
def test_the_distance_of_two_balls_is_the_difference_of_their_radii(offset):
    axes = np.arange(-34, 35, 2.0)
    grid = np.stack(np.meshgrid(axes, axes, axes, indexing="ij"), axis=-1)
    away = np.linalg.norm(grid, axis=-1)
    small = contour_grid(away - 20, np.full(3, -34.0), 2.0)
    large = contour_grid(away - 20 - offset, np.full(3, -34.0), 2.0)
    found = surface_distance(small, large, 400)
    assert found.mean_mm == pytest.approx(offset, abs=0.15)
    assert found.mean_mm <= found.p95_mm + 1e-9 <= found.max_mm + 1e-6


def test_what_was_cut_off_is_not_held_against_a_surface():
    low = BODY.vertices[:, 2].min()
    half = BODY.vertices[BODY.faces].mean(axis=1)[:, 2] < 5
    part = Surface(BODY.vertices, BODY.faces[half])
    assert surface_distance(BODY, part, 1500).mean_mm > 1.5
    assert surface_distance(BODY, part, 1500, high_z=0.0).mean_mm < 0.05
    with pytest.raises(ValueError, match="nothing between"):
        surface_distance(BODY, part, 500, high_z=float(low) - 5)


def test_a_warp_passes_through_its_points_and_is_affine_far_away():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(60, 3)) * 30
    matrix = transform((10, 5, 0), (3, 0, -2), 1.1)
    assert np.allclose(
        warp(points, apply(matrix, points))(points + 500), apply(matrix, points + 500), atol=1e-4
    )
    bent = apply(matrix, points) + 3 * np.sin(points / 20)
    assert np.allclose(warp(points, bent)(points), bent, atol=1e-6)
    missed = np.linalg.norm(warp(points, bent, 5.0)(points) - bent, axis=1)
    assert 0 < missed.mean() < 3
