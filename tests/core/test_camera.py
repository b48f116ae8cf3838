"""The camera: plain functions, so that no view can ever swap left and right by accident."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siexplorer.exploration.state import Camera
from siexplorer.geometry.surface import Floats
from siexplorer.scene.camera import (
    FARTHEST_MM,
    HEIGHT_MM,
    NEAREST_MM,
    VIEW_ANGLE_DEG,
    between,
    fixed_view,
    orbit,
    pan,
    zoom,
)

VIEWS = ("back", "front", "left", "right", "top", "below")
views = st.sampled_from(VIEWS)
turn = st.floats(-400.0, 400.0)
HEIGHT_PX = 800.0


def distance(camera: Camera) -> float:
    return float(np.linalg.norm(np.subtract(camera.position, camera.focal_point)))


def on_screen(camera: Camera, point: Floats) -> Floats:
    """Where a point is drawn: right and up in pixels from the middle of a picture 800 px high."""
    position, up = np.array(camera.position), np.array(camera.up)
    forward = np.array(camera.focal_point) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    offset = point - position
    flat = np.array([offset @ right, offset @ np.cross(right, forward)]) / (offset @ forward)
    return np.asarray(flat / np.tan(np.radians(VIEW_ANGLE_DEG / 2)) * HEIGHT_PX / 2)


@pytest.mark.parametrize(
    ("view", "left_is_drawn"),
    [("back", -1), ("front", 1), ("top", -1), ("below", 1)],
)
@pytest.mark.parametrize("aspect", [0.6, 1.0, 1.6, 3.0])
def test_left_is_where_it_belongs(view: str, left_is_drawn: int, aspect: float) -> None:
    camera = fixed_view(view, aspect)  # type: ignore[arg-type]
    left = on_screen(camera, np.array([100.0, 72.0, -48.0]))
    assert np.sign(left[0]) == left_is_drawn


@pytest.mark.parametrize(("view", "front_is_drawn"), [("left", -1), ("right", 1)])
def test_the_front_is_where_it_belongs(view: str, front_is_drawn: int) -> None:
    camera = fixed_view(view, 1.5)  # type: ignore[arg-type]
    assert np.sign(on_screen(camera, np.array([0.0, 0.0, -48.0]))[0]) == front_is_drawn
    assert on_screen(camera, np.array([0.0, 72.0, 60.0]))[1] > 0


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.0])
def test_a_fixed_view_shows_the_whole_pelvis(view: str, aspect: float) -> None:
    camera = fixed_view(view, aspect)  # type: ignore[arg-type]
    for corner in np.array(np.meshgrid([-140, 140], [0, 140], [-140, 70])).reshape(3, -1).T:
        right, up = on_screen(camera, corner.astype(float))
        assert abs(right) < HEIGHT_PX / 2 * aspect * 1.02
        assert abs(up) < HEIGHT_PX / 2 * 1.02
    assert HEIGHT_MM > 200


@given(views, turn, turn)
def test_orbit_keeps_distance_and_focus_and_stays_upright(
    view: str, right: float, up: float
) -> None:
    start = fixed_view(view, 1.5)  # type: ignore[arg-type]
    turned = orbit(start, right, up)
    assert distance(turned) == pytest.approx(distance(start), abs=0.01)
    assert turned.focal_point == start.focal_point
    assert turned.up[2] > 0
    line = np.subtract(turned.position, turned.focal_point)
    assert abs(line @ np.array(turned.up)) < 0.2
    assert np.linalg.norm(turned.up) == pytest.approx(1.0, abs=1e-3)


@given(views, st.floats(-60, 60), st.floats(-60, 60))
def test_orbit_never_mirrors(view: str, right: float, up: float) -> None:
    camera = orbit(fixed_view(view, 1.5), right, up)  # type: ignore[arg-type]
    centre = np.array(camera.focal_point)
    left, back, top = (
        np.append(on_screen(camera, centre + step), (step @ (np.array(camera.position) - centre)))
        for step in np.eye(3)
    )
    assert np.linalg.det(np.array([left, back, top])) > 0


@given(
    views,
    st.floats(-60, 60),
    st.floats(0.05, 20.0),
    st.tuples(st.floats(-140, 140), st.floats(0, 140), st.floats(-140, 80)),
)
def test_zoom_keeps_the_point_under_the_cursor(
    view: str, turned: float, factor: float, place: tuple[float, float, float]
) -> None:
    camera = orbit(fixed_view(view, 1.5), turned, turned / 2)  # type: ignore[arg-type]
    point = np.array(place)
    near = zoom(camera, factor, point)
    assert on_screen(near, point) == pytest.approx(on_screen(camera, point), abs=0.5)
    assert NEAREST_MM - 0.1 <= distance(near) <= FARTHEST_MM + 0.1
    middle = zoom(camera, factor, None)
    assert middle.focal_point == camera.focal_point


@given(views, st.floats(-300, 300), st.floats(-300, 300))
def test_pan_moves_the_picture_by_pixels(view: str, right: float, up: float) -> None:
    camera = fixed_view(view, 1.5)  # type: ignore[arg-type]
    point = np.array(camera.focal_point)
    moved = pan(camera, right, up, HEIGHT_PX)
    assert on_screen(moved, point) == pytest.approx([right, up], abs=1.0)
    assert distance(moved) == pytest.approx(distance(camera), abs=0.01)


@given(views, views, st.floats(0.0, 1.0))
def test_a_flight_ends_where_it_should_and_never_dives(start: str, end: str, share: float) -> None:
    a, b = (fixed_view(view, 1.5) for view in (start, end))  # type: ignore[arg-type]
    assert between(a, b, 0.0).position == pytest.approx(a.position, abs=0.01)
    assert between(a, b, 1.0).position == pytest.approx(b.position, abs=0.01)
    way = between(a, b, share)
    assert distance(way) > 0.9 * min(distance(a), distance(b))
