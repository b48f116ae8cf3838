"""One person's surfaces brought onto another's: iterative closest points, a warp, and distances.

Least squares after Umeyama 1991 (doi 10.1109/34.88573); iterative closest points after Besl and
McKay 1992 (doi 10.1109/34.121791) with the worst pairs left out; the warp is the biharmonic spline
in three dimensions (Bookstein 1989, doi 10.1109/34.24792).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import closest_points
from siexplorer.geometry.surface import Floats, Surface, face_normals

Kind = Literal["rigid", "similarity", "affine"]

TOGETHER_COS = 0.3
"""Two surfaces' points pair up only if their normals agree at least this well (design)."""


SLIDE_MM = 1.5
"""How far beside a sample its tangent plane still counts as the surface (design)."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Points (n, 3) spread evenly over a surface, with its unit normals there (n, 3)."""

    points: Floats
    normals: Floats

    def moved(self, matrix: Floats) -> "Samples":
        """The samples under a (4, 4) transform."""
        normals = self.normals @ np.linalg.inv(matrix[:3, :3])
        normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return Samples(apply(matrix, self.points), normals * np.sign(np.linalg.det(matrix[:3, :3])))


@dataclass(frozen=True, slots=True)
class SurfaceDistance:
    """How far two surfaces lie apart, both ways taken together."""

    mean_mm: float
    p95_mm: float
    max_mm: float


@dataclass(frozen=True, slots=True)
class Registration:
    """A (4, 4) transform and the mean distance in mm of the pairs that it was fitted to."""

    matrix: Floats
    mean_mm: float


def apply(matrix: Floats, points: Floats) -> Floats:
    """(n, 3) points under a (4, 4) transform."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def samples(surface: Surface, count: int) -> Samples:
    """``count`` points evenly by area; the same surface always gives the same points."""
    doubled = face_normals(surface)
    area = np.linalg.norm(doubled, axis=1)
    steps = (np.arange(count) + 0.5) / count * area.sum()
    face = np.searchsorted(np.cumsum(area), steps).clip(0, len(area) - 1)
    # The additive recurrence of the plastic number fills the triangle evenly without chance.
    u, v = np.modf(np.outer([0.7548776662466927, 0.5698402909980532], np.arange(count) + 1))[0]
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    a, b, c = (surface.vertices[surface.faces[face, i]] for i in range(3))
    points = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    return Samples(points, doubled[face] / np.maximum(area[face], 1e-12)[:, None])


def fit(kind: Kind, source: Floats, target: Floats) -> Floats:
    """The (4, 4) transform that takes (n, 3) points nearest to their partners (n, 3).

    Raises
    ------
    ValueError
        If there are fewer than 4 pairs.
    """
    if len(source) < 4 or len(source) != len(target):
        raise ValueError(f"{len(source)} and {len(target)} points: at least 4 pairs are needed")
    matrix = np.eye(4)
    if kind == "affine":
        homogeneous = np.c_[source, np.ones(len(source))]
        matrix[:3] = np.linalg.lstsq(homogeneous, target, rcond=None)[0].T
        return matrix
    from_middle, to_middle = source.mean(axis=0), target.mean(axis=0)
    before, after = source - from_middle, target - to_middle
    left, singular, right = np.linalg.svd(after.T @ before)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(signs) @ right
    scale = float(singular @ signs / (before**2).sum()) if kind == "similarity" else 1.0
    matrix[:3, :3] = scale * rotation
    matrix[:3, 3] = to_middle - scale * rotation @ from_middle
    return matrix


def icp(
    source: Samples,
    target: Samples,
    kind: Kind,
    *,
    start: Floats | None = None,
    rounds: int = 60,
    keep: float = 0.9,
) -> Registration:
    """The transform that lays ``source`` on ``target``, from ``start`` on.

    Each round pairs every source point with the nearest target point, and every target point with
    the nearest source point, drops pairs whose normals disagree and the worst ``1 - keep``.

    Raises
    ------
    ValueError
        If too few points pair up: the two lie too far apart, or are not the same thing.
    """
    matrix = np.eye(4) if start is None else start
    target_tree = cKDTree(target.points)
    mean = np.inf
    for _ in range(rounds):
        moved = source.moved(matrix)
        there, forth = _partners(moved, target, target_tree, keep)
        here, back = _partners(target, moved, cKDTree(moved.points), keep)
        if len(forth) + len(back) < 12:
            raise ValueError("too few points of the two surfaces pair up")
        begin = np.concatenate(
            [source.points[forth], apply(np.asarray(np.linalg.inv(matrix), dtype=np.float64), here)]
        )
        end = np.concatenate([there, target.points[back]])
        matrix = fit(kind, begin, end)
        before, mean = mean, float(np.linalg.norm(apply(matrix, begin) - end, axis=1).mean())
        if abs(before - mean) < 1e-5:
            break
    return Registration(matrix, mean)


def _partners(
    moving: Samples, still: Samples, tree: cKDTree, keep: float
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """For the moving points that pair up (k,): where on the still surface (k, 3), and which."""
    distance, nearest = tree.query(moving.points)
    normal = still.normals[nearest]
    agree = np.flatnonzero(np.einsum("ij,ij->i", moving.normals, normal) > TOGETHER_COS)
    chosen = agree[np.argsort(distance[agree], kind="stable")][: int(keep * len(agree))]
    spot, normal = still.points[nearest[chosen]], normal[chosen]
    away = moving.points[chosen] - spot
    # Between two samples the surface is nearer than either: slide along the tangent, but not far.
    tangent = away - np.einsum("ij,ij->i", away, normal)[:, None] * normal
    size = np.linalg.norm(tangent, axis=1, keepdims=True)
    return spot + tangent * np.minimum(1.0, SLIDE_MM / np.maximum(size, 1e-9)), chosen


def warp(source: Floats, target: Floats, smoothing: float = 0.0) -> RBFInterpolator:
    """A smooth map of space, callable on (k, 3), that takes (n, 3) points to (n, 3) points.

    ``smoothing`` > 0 lets it miss noisy partners; far away it becomes affine.
    """
    return RBFInterpolator(source, target, kernel="linear", degree=1, smoothing=smoothing)


def surface_distance(
    a: Surface, b: Surface, count: int = 6000, *, low_z: float = -np.inf, high_z: float = np.inf
) -> SurfaceDistance:
    """Mean symmetric distance of two surfaces, from ``count`` even points on each.

    Only points between ``low_z`` and ``high_z`` count, so that a surface that was cut off there is
    not blamed for what it lacks. The 95th percentile is the worse of the two ways.

    Raises
    ------
    ValueError
        If one of them has no point between these heights.
    """
    means, high, worst = [], [], []
    for here, there in ((a, b), (b, a)):
        points = samples(here, count).points
        points = points[(points[:, 2] >= low_z) & (points[:, 2] <= high_z)]
        if not len(points):
            raise ValueError("a surface has nothing between these heights")
        found, _ = closest_points(there, points)
        distance = np.linalg.norm(points - found, axis=1)
        means.append(distance.mean())
        high.append(np.percentile(distance, 95))
        worst.append(distance.max())
    return SurfaceDistance(float(np.mean(means)), float(max(high)), float(max(worst)))
