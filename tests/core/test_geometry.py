"""Properties that geometry must keep whatever the pelvis: frame, mirror, rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from siexplorer.geometry.filters import closest_points, cut_closed
from siexplorer.geometry.frame import body_frame
from siexplorer.geometry.landmarks import MIRROR, Bones, find_landmarks, fit_sphere
from siexplorer.geometry.motion import displacement_mm, rotation_vector_deg, turned
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    area_cm2,
    is_closed,
    vertex_normals,
    volume_cm3,
)

angle = st.floats(-12.0, 12.0)
shift = st.floats(-80.0, 80.0)


@pytest.fixture(scope="module")
def cube() -> Surface:
    """A cube of 10 mm, normals outwards."""
    corners = np.array([[x, y, z] for x in (0, 10) for y in (0, 10) for z in (0, 10)], dtype=float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
    return Surface(corners, np.array(faces, dtype=np.int32))


def rigid(angles: tuple[float, float, float], shifts: tuple[float, float, float]) -> Floats:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    matrix[:3, 3] = shifts
    return matrix


@settings(max_examples=12)
@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift))
def test_the_body_frame_is_found_again_after_any_small_motion(
    bones: Bones, angles: tuple[float, float, float], shifts: tuple[float, float, float]
) -> None:
    away = rigid(angles, shifts)
    back = body_frame(bones.hip_left.moved(away), bones.hip_right.moved(away)) @ away
    points = bones.hip_left.vertices[::50]
    off = np.linalg.norm(points @ back[:3, :3].T + back[:3, 3] - points, axis=1)
    assert off.max() < 0.5


def test_no_frame_for_what_is_no_pelvis() -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match="anterior pelvic plane"):
        body_frame(*(Surface(rng.normal(size=(9, 3)), np.zeros((0, 3), np.int32)) for _ in "lr"), 1)


def test_landmarks_of_a_mirrored_pelvis_are_the_other_sides(bones: Bones) -> None:
    plain, mirrored = find_landmarks(bones), find_landmarks(bones.mirrored())
    other = {"left": "right", "right": "left"}
    for name, points in plain.items():
        side, _, rest = name.partition("-")
        partner = f"{other[side]}-{rest}" if side in other else name
        assert np.abs(mirrored[partner] * [-1, 1, 1] - points).max() < 0.05, name


@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift), st.floats(-300.0, 300.0))
def test_rotations_are_rigid_and_keep_their_axis(
    vector: tuple[float, float, float], point: tuple[float, float, float], along: float
) -> None:
    turn_deg, about = np.array(vector), np.array(point)
    matrix = turned(turn_deg, about)
    rotation = matrix[:3, :3]
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert np.allclose(rotation, Rotation.from_rotvec(turn_deg, degrees=True).as_matrix())
    size = float(np.linalg.norm(turn_deg))
    on_axis = about + along * (turn_deg / size if size else np.zeros(3))
    assert np.allclose(displacement_mm(matrix, on_axis), 0.0, atol=1e-9)
    assert np.allclose(turned(-turn_deg, about) @ matrix, np.eye(4), atol=1e-9)
    assert rotation_vector_deg(rotation) == pytest.approx(turn_deg, abs=1e-6)


def test_what_is_measured_on_a_cube(cube: Surface) -> None:
    assert is_closed(cube)
    assert volume_cm3(cube) == pytest.approx(1.0)
    assert area_cm2(cube) == pytest.approx(6.0)
    assert not is_closed(Surface(cube.vertices, cube.faces[1:]))
    outwards = np.einsum("ij,ij->i", vertex_normals(cube), cube.vertices - 5.0)
    assert (outwards > 0).all()
    mirrored = cube.moved(MIRROR)
    assert volume_cm3(mirrored) == pytest.approx(1.0), "a mirror keeps normals outwards"
    half = cut_closed(cube, np.array([0.0, 0.0, 4.0]), np.array([0.0, 0.0, 1.0]))
    assert is_closed(half)
    assert volume_cm3(half) == pytest.approx(0.6)
    nearest, _ = closest_points(cube, np.array([[5.0, 5.0, 17.0]]))
    assert nearest[0] == pytest.approx([5.0, 5.0, 10.0])


@settings(max_examples=25)
@given(st.tuples(shift, shift, shift), st.floats(5.0, 60.0), st.integers(0, 2**16))
def test_a_sphere_is_found_from_part_of_it(
    centre: tuple[float, float, float], radius: float, seed: int
) -> None:
    directions = np.abs(np.random.default_rng(seed).normal(size=(60, 3)))
    points = centre + radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    found, size = fit_sphere(points)
    assert found == pytest.approx(centre, abs=1e-4)
    assert size == pytest.approx(radius, abs=1e-4)
