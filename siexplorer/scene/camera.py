"""Where the eye goes: fixed views, orbit, pan and zoom as plain functions on a Camera."""

import numpy as np

from siexplorer.anatomy.records import View
from siexplorer.exploration.state import Camera
from siexplorer.geometry.surface import Floats

VIEW_ANGLE_DEG = 20.0
CENTRE_MM = np.array([0.0, 72.0, -46.0])
"""The middle of the pelvis in the body frame of any adult, near enough to frame one."""

WIDTH_MM, HEIGHT_MM = 372.0, 306.0
"""What a fixed view must show: the pelvis with its letters, and the upper thigh."""

WHOLE_SKIN = 1.5
"""From so many times as far away the skin is seen down to the middle of the thigh."""

DIRECTIONS: dict[View, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "back": ((0.0, 1.0, 0.06), (0.0, 0.0, 1.0)),
    "front": ((0.0, -1.0, 0.06), (0.0, 0.0, 1.0)),
    "left": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    "right": ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    "top": ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
    "below": ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
}
"""From where each fixed view looks, and which way is up. From above and below the front is up, so
that left and right stay where a person standing behind has them (from below they swap)."""

NEAREST_MM, FARTHEST_MM = 90.0, 3000.0


def fixed_view(
    view: View, aspect: float, *, level: bool = False, whole_skin: bool = False
) -> Camera:
    """A fixed view for a picture ``aspect`` times as wide as high; ``level`` without any tilt, of
    the bones or of the ``whole_skin``.
    """
    direction, up = DIRECTIONS[view]
    if level and up[2] == 1.0:
        direction = (direction[0], direction[1], 0.0)
    towards = np.array(direction) / np.linalg.norm(direction)
    half = np.tan(np.radians(VIEW_ANGLE_DEG / 2))
    distance = max(HEIGHT_MM / 2 / half, WIDTH_MM / 2 / half / max(aspect, 0.2))
    if whole_skin:
        distance *= WHOLE_SKIN
    return _camera(CENTRE_MM + towards * distance, CENTRE_MM, np.array(up))


def lain(camera: Camera, side: str) -> Camera:
    """The same view of a body that lies on its ``side``: the other side is up."""
    focal, offset, _ = _parts(camera)
    pole = pole_of(side)
    up = np.cross(offset, np.cross(pole, offset))
    length = float(np.linalg.norm(up))
    if length < 0.2 * float(offset @ offset):
        # Looked at from straight above or below it, nothing is up.
        return camera
    return _camera(focal + offset, focal, up / length)


def pole_of(lying: str) -> Floats:
    """(3,) which way is up for a body that stands (empty) or lies on a side."""
    up = {"left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0)}
    return np.array(up.get(lying, (0.0, 0.0, 1.0)))


def orbit(camera: Camera, right_deg: float, up_deg: float, lying: str = "") -> Camera:
    """Turn round the focal point: about the upright axis, and over it, never past the poles."""
    focal, offset, up = _parts(camera)
    z = pole_of(lying)
    across = np.cross(up, offset)
    across /= np.linalg.norm(across)
    tilt = np.degrees(np.arcsin(np.clip(offset @ z / np.linalg.norm(offset), -1, 1)))
    up_deg = float(np.clip(tilt + up_deg, -89.0, 89.0) - tilt)
    turned = _rotate(_rotate(offset, across, -up_deg), z, -right_deg)
    level = np.cross(turned, np.cross(z, turned))
    return _camera(focal + turned, focal, level / np.linalg.norm(level))


def pan(camera: Camera, right_px: float, up_px: float, height_px: float) -> Camera:
    """Shift the picture by pixels."""
    focal, offset, up = _parts(camera)
    per_px = 2 * np.linalg.norm(offset) * np.tan(np.radians(VIEW_ANGLE_DEG / 2)) / height_px
    back = offset / np.linalg.norm(offset)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    shift = (-right * right_px - np.cross(back, right) * up_px) * per_px
    return _camera(focal + offset + shift, focal + shift, up)


def zoom(camera: Camera, factor: float, at: Floats | None) -> Camera:
    """Come ``factor`` times closer towards the point ``at`` (3,), which stays under the cursor."""
    focal, offset, up = _parts(camera)
    distance = float(np.linalg.norm(offset))
    factor = float(np.clip(factor, distance / FARTHEST_MM, distance / NEAREST_MM))
    towards = focal if at is None else at
    keep = 1.0 / factor
    return _camera(
        towards + (focal + offset - towards) * keep, towards + (focal - towards) * keep, up
    )


def between(start: Camera, end: Camera, share: float) -> Camera:
    """A camera on the way: the directions turn, the distance and focal point glide."""
    focal_a, offset_a, up_a = _parts(start)
    focal_b, offset_b, up_b = _parts(end)
    length_a, length_b = np.linalg.norm(offset_a), np.linalg.norm(offset_b)
    offset = _slerp(offset_a / length_a, offset_b / length_b, share)
    offset = offset * (length_a + (length_b - length_a) * share)
    focal = focal_a + (focal_b - focal_a) * share
    return _camera(focal + offset, focal, _slerp(up_a, up_b, share))


def _slerp(a: Floats, b: Floats, share: float) -> Floats:
    angle = np.arccos(np.clip(a @ b, -1.0, 1.0))
    if angle < 1e-6:
        return b
    if angle > np.pi - 1e-3:
        # Opposite directions have no one way between them: go round the body's long axis.
        side = np.cross(a, [0.0, 0.0, 1.0])
        side = side if np.linalg.norm(side) > 1e-6 else np.array([1.0, 0.0, 0.0])
        return np.asarray(
            a * np.cos(np.pi * share) + side / np.linalg.norm(side) * np.sin(np.pi * share)
        )
    return np.asarray((a * np.sin((1 - share) * angle) + b * np.sin(share * angle)) / np.sin(angle))


def _rotate(vector: Floats, axis: Floats, degrees: float) -> Floats:
    angle = np.radians(degrees)
    return np.asarray(
        vector * np.cos(angle)
        + np.cross(axis, vector) * np.sin(angle)
        + axis * (axis @ vector) * (1 - np.cos(angle))
    )


def _parts(camera: Camera) -> tuple[Floats, Floats, Floats]:
    focal = np.array(camera.focal_point)
    return focal, np.array(camera.position) - focal, np.array(camera.up)


def _camera(position: Floats, focal: Floats, up: Floats) -> Camera:
    def three(vector: Floats) -> tuple[float, float, float]:
        x, y, z = (round(float(value), 4) for value in vector)
        return x, y, z

    return Camera(three(position), three(focal), three(up))
