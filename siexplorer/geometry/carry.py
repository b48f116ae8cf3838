"""The body carried along when the bones take another shape: how far each of its places goes.

What lies between the bones follows the smoothest map of space that takes evenly spread places of
the bones to where they go, the biharmonic spline (see :func:`registration.warp`). What is painted
on a bone goes with the bone's own triangles. The lumbar spine, of which the shape model knows
nothing, rides on the top of the sacrum without bending: turned, shifted and scaled as that is.

All of it is linear in the moves of the bones, so that a sum of shapes carries the body as the sum
of what each of them does.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import closest_points
from siexplorer.geometry.rays import shares_in_faces
from siexplorer.geometry.registration import fit, warp
from siexplorer.geometry.shape import ShapeModel
from siexplorer.geometry.surface import Floats, Surface

CONTROLS_MM = 9.0
"""The spline goes through places of each bone about so far apart (design)."""

NEAREST, CLOSE_MM = 6, 5.0
"""What the spline misses on the bones between those places is made good by that of the nearest
vertices, less and less over this distance (design)."""

RIDING_CONTROLS = 200
"""So many places of the lumbar spine lead the spline, too (design)."""

BASE_MM, BASE_HALF_MM = 12.0, 30.0
"""The lumbar spine rides on what of the sacrum lies higher than so much below its base, and no
further from the midline: the body of S1 and its facets (design)."""

FACING = (
    ("left-hip-bone", "sacrum", 0.5),
    ("right-hip-bone", "sacrum", 0.5),
    ("left-hip-bone", "right-hip-bone", 0.5),
    ("left-hip-bone", "left-femur", 0.0),
    ("right-hip-bone", "right-femur", 0.0),
    ("sacrum", "coccyx", 0.0),
)
"""Bones whose faces meet in a joint, and the share in which the first gives way to the second: a
socket keeps its own shape, and the ball takes it."""

FACE_MM, EVEN_MM, FADE_MM, FACING_POINTS = 7.0, 4.0, 10.0, 24
"""How near faces lie that meet, over how much of them their moves are evened, and over how much of
the bone beside them that fades away (design)."""

LEVEL_MM = 60.0
"""A skin's flat end is made level again, and what lies within so much of it goes along (design)."""


@dataclass(frozen=True, slots=True)
class OnBone:
    """Places as shares (k, 3) of the corners (k, 3) of a bone's triangles, of all the model's
    vertices.
    """

    corners: npt.NDArray[np.int64]
    shares: Floats

    def moves(self, moves: Floats) -> Floats:
        """(k, 3, ...) how far the places go where the vertices (n, 3, ...) go so far."""
        return np.asarray(np.einsum("kc,kc...->k...", self.shares, moves[self.corners]))


def on_bone(model: ShapeModel, bone: str, points: Floats) -> OnBone:
    """Places (k, 3) hung on the nearest triangles of a bone in its mean shape."""
    surface = model.surface(bone, model.mean)
    spots, faces = closest_points(surface, points)
    corners, shares = shares_in_faces(surface, faces, spots)
    return OnBone(corners.astype(np.int64) + model.parts[bone].start, shares)


def jointed(model: ShapeModel, moves: Floats) -> Floats:
    """Moves (n, 3, m) of the model's vertices in which the faces of each joint keep together.

    The model's bones were analysed one beside the other, so that its modes let the faces slide, and
    run up to 7 mm into each other within two standard deviations. Here both faces go the middle way
    of the two, and the gap between them stays what it is in the mean (design).
    """
    found = moves.copy()
    for one, other, share in FACING:
        _keep_together(model, found, one, other, share)
    return found


def _keep_together(model: ShapeModel, moves: Floats, one: str, other: str, share: float) -> None:
    """Change the moves of two bones' vertices so that their faces go alike."""
    a, b = model.parts[one], model.parts[other]
    here, there = model.mean[a], model.mean[b]
    to_there, of_there = cKDTree(there).query(here)
    to_here, of_here = cKDTree(here).query(there)
    near_here, near_there = to_there < FACE_MM, to_here < FACE_MM
    pairs = np.concatenate(
        [
            np.c_[np.flatnonzero(near_here), of_there[near_here]],
            np.c_[of_here[near_there], np.flatnonzero(near_there)],
        ]
    )
    between_them = cKDTree((here[pairs[:, 0]] + there[pairs[:, 1]]) / 2)
    apart = moves[b][pairs[:, 1]] - moves[a][pairs[:, 0]]
    for part, places, way in ((a, here, share), (b, there, share - 1.0)):
        if way:
            away, near = between_them.query(places, k=FACING_POINTS)
            even = np.exp((away[:, :1] ** 2 - away**2) / EVEN_MM**2)
            fade = np.exp(-((np.maximum(away[:, :1] - FACE_MM / 2, 0.0) / FADE_MM) ** 2))
            weight = way * fade * even / even.sum(axis=1, keepdims=True)
            moves[part] += np.einsum("nk,nkim->nim", weight, apart[near])


def spread_vertices(points: Floats, apart_mm: float) -> npt.NDArray[np.int64]:
    """(k,) which of some points (n, 3) to take so that any two lie at least so far apart."""
    tree, left = cKDTree(points), np.ones(len(points), dtype=bool)
    chosen = []
    for number in range(len(points)):
        if left[number]:
            chosen.append(number)
            left[tree.query_ball_point(points[number], apart_mm)] = False
    return np.array(chosen, dtype=np.int64)


def sacral_top(model: ShapeModel) -> npt.NDArray[np.int64]:
    """(k,) the vertices of the sacrum on which the lumbar spine rides."""
    part = model.parts["sacrum"]
    base = model.points(model.mean)["sacral-base"][0]
    away = model.mean[part] - base
    return (
        np.flatnonzero((away[:, 2] > -BASE_MM) & (np.abs(away[:, 0]) < BASE_HALF_MM)) + part.start
    )


def ridden(base: Floats, moves: Floats, points: Floats) -> Floats:
    """(k, 3, ...) how far points (k, 3) go with a base (b, 3) whose points go by (b, 3, ...): the
    small turn, shift and change of size that fit it best.

    Least squares in the seven numbers of a similarity near the identity, in which it is linear.
    """
    middle = base.mean(axis=0)
    rows = moves.reshape(len(base) * 3, -1)
    found = np.linalg.lstsq(_similarity(base - middle), rows, rcond=None)[0]
    return np.asarray(_similarity(points - middle) @ found).reshape(len(points), *moves.shape[1:])


def _similarity(away: Floats) -> Floats:
    """(3 k, 7): by how much shifts, turns about the axes, and growth move places (k, 3)."""
    rows = np.zeros((len(away), 3, 7))
    rows[:, range(3), range(3)] = 1.0
    x, y, z = away.T
    rows[:, 1, 3], rows[:, 2, 3] = -z, y
    rows[:, 0, 4], rows[:, 2, 4] = z, -x
    rows[:, 0, 5], rows[:, 1, 5] = -y, x
    rows[:, :, 6] = away
    return rows.reshape(-1, 7)


def between(model: ShapeModel, moves: Floats, riding: Floats, points: Floats) -> Floats:
    """(k, 3, m) how far points (k, 3) go that lie between the bones.

    ``moves`` (n, 3, m) are m ways in which all vertices of the model go, from its mean; ``riding``
    (r, 3) are the vertices of what rides on the sacrum, if there is something.
    """
    # Bone by bone: the two faces of a joint go their own ways, however near they lie.
    own = np.concatenate(
        [
            spread_vertices(model.mean[part], CONTROLS_MM) + part.start
            for part in model.parts.values()
        ]
    )
    spine = riding[:: max(1, len(riding) // RIDING_CONTROLS)]
    top = sacral_top(model)
    places = np.concatenate([model.mean[own], spine])
    goes = np.concatenate([moves[own], ridden(model.mean[top], moves[top], spine)])
    field = warp(places, goes.reshape(len(places), -1))
    missed = moves - np.asarray(field(model.mean)).reshape(moves.shape)
    away, near = cKDTree(model.mean).query(points, k=NEAREST, distance_upper_bound=3.0 * CLOSE_MM)
    pull = np.where(np.isfinite(away), 1.0 / (away + 0.1) ** 2, 0.0)
    pull *= np.exp(-((away[:, :1] / CLOSE_MM) ** 2)) / np.maximum(
        pull.sum(axis=1, keepdims=True), 1e-9
    )
    found = np.asarray(field(points)).reshape(len(points), 3, -1)
    for column in range(NEAREST):
        some = np.flatnonzero(pull[:, column] > 0.0)
        found[some] += pull[some, column, None, None] * missed[near[some, column]]
    return found


def to_mean(model: ShapeModel, vertices: Floats) -> Floats:
    """(4, 4) how all vertices (n, 3) of a pelvis are laid on the model's mean, rigidly."""
    return fit("rigid", vertices, model.mean)


def levelled(rest: Surface, moved: Floats) -> Floats:
    """Vertices (n, 3) of a skin that was moved, its flat ends level again.

    ``rest`` is the skin as it was, with flat ends at its top and bottom.
    """
    found, z = moved.copy(), rest.vertices[:, 2]
    for end, sign in ((z.max(), -1.0), (z.min(), 1.0)):
        flat = np.abs(z - end) < FLAT_MM
        plane = np.c_[moved[flat, :2], np.ones(flat.sum())]
        slope = np.linalg.lstsq(plane, moved[flat, 2], rcond=None)[0]
        level = float(moved[flat, 2].mean())
        share = np.clip(1.0 - sign * (z - end) / LEVEL_MM, 0.0, 1.0)
        tilt = np.c_[moved[:, :2], np.ones(len(moved))] @ slope - level
        found[:, 2] -= share * share * (3.0 - 2.0 * share) * tilt
        found[flat, 2] = level
    return found


FLAT_MM = 0.01
