"""Where a known shape lies among unknown points, however they are turned: many starts at once.

Iterative closest points (Besl and McKay 1992, doi 10.1109/34.121791), all starts side by side, with
the worst pairs left out; only the known shape must be explained by the points, so that femora,
vertebrae or a table among them do no harm.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from siexplorer.geometry.surface import Floats

SEARCH_POINTS = 120
ROUNDS = (5, 12, 25)
KEPT = (1.0, 0.1, 0.03)
"""How many rounds each heat runs, and which share of all starts runs it (design)."""

TRIM = 0.75
"""Share of the known shape that must be there: hip bones alone are about this much (design)."""

FAR_MM = 25.0
"""A point further away than this from everything counts as this far (design)."""

WIDE_MM = 430.0
"""A pelvis alone is not larger than this across its diagonal; above it, it is searched for."""

STEP_MM = 80.0
REACH_MM = 150.0


@dataclass(frozen=True, slots=True)
class Pose:
    """A rigid (4, 4) transform of the known shape onto the points, and the mean distance then."""

    matrix: Floats
    mean_mm: float


def poses(known: Floats, points: Floats, best: int = 5) -> list[Pose]:
    """The ``best`` places of ``known`` (n, 3) among ``points`` (m, 3), nearest first, all in mm."""
    centres = _centres(points)
    turns = _turns(points, centres, known)
    rotation = np.concatenate([turn for turn, _ in turns])
    centre = np.concatenate([np.repeat(c[None], len(turn), axis=0) for turn, c in turns])
    tree = cKDTree(points)
    own = known.mean(axis=0)
    shift = centre - rotation @ own
    for share, rounds, heat in zip(KEPT, ROUNDS, range(3), strict=True):
        keep = max(best * 2, int(share * len(centre)))
        if heat:
            score = _score(known[:: max(1, len(known) // 400)], tree, rotation, shift)
            order = np.argsort(score, kind="stable")[:keep]
            rotation, shift = rotation[order], shift[order]
        some = known[:: max(1, len(known) // (SEARCH_POINTS * (1 + 2 * heat)))]
        rotation, shift = _closer(some, points, tree, rotation, shift, rounds)
    score = _score(known, tree, rotation, shift)
    found: list[Pose] = []
    for k in np.argsort(score, kind="stable"):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation[k], shift[k]
        if all(_apart(matrix, one.matrix, own) for one in found):
            found.append(Pose(matrix, float(score[k])))
        if len(found) == best:
            break
    return found


def _apart(a: Floats, b: Floats, middle: Floats) -> bool:
    """Whether two poses differ by more than about 15 degrees or 20 mm."""
    turn = (np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2
    shift = (a[:3, :3] - b[:3, :3]) @ middle + a[:3, 3] - b[:3, 3]
    return bool(turn < np.cos(np.radians(15)) or np.linalg.norm(shift) > 20)


def _centres(points: Floats) -> list[Floats]:
    middle = points.mean(axis=0)
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    if size < WIDE_MM:
        return [middle, (points.min(axis=0) + points.max(axis=0)) / 2]
    axis = np.linalg.eigh(np.cov((points - middle).T))[1][:, -1]
    along = (points - middle) @ axis
    found = []
    for place in np.arange(along.min() + STEP_MM / 2, along.max(), STEP_MM):
        near = np.abs(along - place) < REACH_MM * 0.7
        if near.sum() > 30:
            found.append(points[near].mean(axis=0))
    return found


def _turns(points: Floats, centres: list[Floats], known: Floats) -> list[tuple[Floats, Floats]]:
    """For each centre, rotations (k, 3, 3): principal axes laid on each other in all 24 ways, and
    an even set of others.
    """
    own = np.linalg.eigh(np.cov(known.T))[1]
    own *= np.linalg.det(own)
    cube = Rotation.create_group("O").as_matrix()
    even = _even_turns(96 if len(centres) <= 2 else 40)
    found = []
    for centre in centres:
        near = points[np.linalg.norm(points - centre, axis=1) < REACH_MM]
        axes = np.linalg.eigh(np.cov(near.T))[1] if len(near) > 10 else np.eye(3)
        axes = axes * np.linalg.det(axes)
        found.append((np.concatenate([axes @ cube @ own.T, even]), centre))
    return found


def _even_turns(count: int) -> Floats:
    """(count, 3, 3) rotations spread evenly (super-Fibonacci spirals, Alexa 2022, CVPR)."""
    s = np.arange(count) + 0.5
    phi, psi = np.sqrt(2.0), 1.533751168755204288118041
    r, big = np.sqrt(s / count), np.sqrt(1 - s / count)
    alpha, beta = 2 * np.pi * s / phi, 2 * np.pi * s / psi
    quaternions = np.stack(
        [r * np.sin(alpha), r * np.cos(alpha), big * np.sin(beta), big * np.cos(beta)], axis=1
    )
    return np.asarray(Rotation.from_quat(quaternions).as_matrix())


def _score(known: Floats, tree: cKDTree, rotation: Floats, shift: Floats) -> Floats:
    moved = np.einsum("sij,kj->ski", rotation, known) + shift[:, None]
    distance, _ = tree.query(moved.reshape(-1, 3), distance_upper_bound=FAR_MM)
    distance = np.minimum(distance, FAR_MM).reshape(len(rotation), -1)
    distance.sort(axis=1)
    return np.asarray(distance[:, : int(0.95 * distance.shape[1])].mean(axis=1))


def _closer(
    known: Floats, points: Floats, tree: cKDTree, rotation: Floats, shift: Floats, rounds: int
) -> tuple[Floats, Floats]:
    keep = max(4, int(TRIM * len(known)))
    for _ in range(rounds):
        moved = np.einsum("sij,kj->ski", rotation, known) + shift[:, None]
        distance, nearest = tree.query(moved.reshape(-1, 3))
        distance = distance.reshape(len(rotation), -1)
        chosen = np.argpartition(distance, keep - 1, axis=1)[:, :keep]
        partner = points[np.take_along_axis(nearest.reshape(distance.shape), chosen, axis=1)]
        source = known[chosen]
        a, b = source.mean(axis=1), partner.mean(axis=1)
        cross = np.einsum("ski,skj->sij", partner - b[:, None], source - a[:, None])
        u, _, v = np.linalg.svd(cross)
        u[:, :, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(v))[:, None]
        rotation = u @ v
        shift = b - np.einsum("sij,sj->si", rotation, a)
    return rotation, shift
