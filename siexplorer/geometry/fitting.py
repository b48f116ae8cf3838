"""The shape model laid on a scan: pose, size and weights together, then what the model lacks.

Gauss-Newton on point-to-plane distances (Chen and Medioni 1992, doi 10.1016/0262-8856(92)90066-C)
over rotation, shift, scale and the modes' weights, each mode held by its own spread among people;
pairs are found both ways, must face the same way, and count less the worse they fit (Tukey's
biweight). What is left is then taken up by a smooth field over the bones' surfaces.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from siexplorer.geometry.shape import PELVIS, ShapeModel
from siexplorer.geometry.surface import Floats, Surface, neighbour_mean, vertex_normals

MODEL_POINTS = 2000
CLOUD_POINTS = 4000
GATES_MM = (24.0, 20.0, 16.0, 13.0, 10.0, 8.0, 7.0, 6.0, 5.0, 5.0)
BONE_GATES_MM = (12.0, 9.0, 7.0, 6.0, 5.0, 5.0)
"""Pairs further apart than this do not count, round by round: for the pelvis, then for each of its
bones (design).
"""

FACING_COS = 0.5
LEAST_PAIRS = 120
ERROR_MM = 1.5
ALIKE = 15.0
"""So many neighbouring pairs tell about as much as one: their errors go together (design)."""

SCALE_SD = 0.03
"""How far from 1 the size of a scan in true units may be beside what the modes explain (design)."""

LEAST_COVERED = 0.3
MARGIN_MM = 12.0
MOST_WEIGHT = 3.0
"""When a bone is fitted by itself, what of the scan may be it, and how odd it may be (design)."""

MODES_BY_ROUND = (6, 6, 10, 10, 15, 15, 25)
FIELD_GATES_MM = (12.0, 8.0, 6.0, 5.0)
FIELD_ROUNDS = (60, 40, 25, 15)
"""How far pairs reach, and how far along the surface they are averaged, step by step (design)."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What of a scan is fitted to: points (n, 3) mm and unit normals (n, 3)."""

    points: Floats
    normals: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """How the model lies on a scan.

    ``to_mean`` (4, 4) takes the scan, in mm, into the mean's frame, ``scale`` is its scale;
    ``weights`` (m,) are in standard deviations, ``vertices`` (n, 3) the model's then, in the mean's
    frame. ``covered`` has for each bone of the pelvis the share of its surface that the scan
    explains, ``mean_mm`` the mean distance of the pairs along the normal.
    """

    to_mean: Floats
    scale: float
    weights: Floats
    vertices: Floats
    covered: dict[str, float]
    mean_mm: float


def pelvis_index(model: ShapeModel) -> npt.NDArray[np.int64]:
    """(k,) the vertices of hip bones and sacrum among all of the model's."""
    return np.concatenate([np.arange(len(model.mean))[model.parts[name]] for name in PELVIS])


def fit_shape(
    model: ShapeModel,
    cloud: Cloud,
    start: Floats,
    *,
    bones: tuple[str, ...] = PELVIS,
    gates: tuple[float, ...] = GATES_MM,
    around: Floats | None = None,
) -> Fit:
    """Fit the model's ``bones`` to a cloud from ``start``, a (4, 4) into the mean's frame.

    With ``around``, the weights (m,) start there, are all free at once, and are held there.

    Raises
    ------
    ValueError
        If too few points pair up.
    """
    to_mean = start.copy()
    held = np.zeros(model.count) if around is None else around
    weights = held.copy()
    scale = float(np.cbrt(np.linalg.det(start[:3, :3])))
    own = np.concatenate([np.arange(len(model.mean))[model.parts[name]] for name in bones])
    some = own[:: max(1, len(own) // MODEL_POINTS)]
    vertices, mean = model.vertices(weights), np.inf
    normals = np.zeros_like(vertices)
    tree = cKDTree(cloud.points)
    asking = np.arange(0, len(cloud.points), max(1, len(cloud.points) // CLOUD_POINTS))
    for step, gate in enumerate(gates):
        free = MODES_BY_ROUND[min(step, len(MODES_BY_ROUND) - 1)]
        free = model.count if around is not None else min(free, model.count)
        normals[own] = np.concatenate(
            [vertex_normals(model.surface(name, vertices)) for name in bones]
        )
        turn, shift = to_mean[:3, :3], to_mean[:3, 3]
        size = float(np.cbrt(np.linalg.det(turn)))
        points = cloud.points @ turn.T + shift
        facing = cloud.normals @ turn.T / size

        back = np.linalg.inv(to_mean)
        asked = vertices[some] @ back[:3, :3].T + back[:3, 3]
        _, near = tree.query(asked, distance_upper_bound=gate / size)
        hit = near < len(points)
        vertex_a, point_a = some[hit], near[hit]
        own_tree = cKDTree(vertices[own])
        _, near = own_tree.query(points[asking], distance_upper_bound=gate)
        hit = np.flatnonzero(near < len(own))
        vertex = np.concatenate([vertex_a, own[near[hit]]])
        point = np.concatenate([point_a, asking[hit]])
        normal = normals[vertex]
        agree = np.einsum("ij,ij->i", normal, facing[point]) > FACING_COS
        vertex, point, normal = vertex[agree], point[agree], normal[agree]
        if len(vertex) < LEAST_PAIRS:
            raise ValueError("too few points of the scan lie on the shape model")
        x = points[point]
        residual = np.einsum("ij,ij->i", normal, x - vertices[vertex])
        spread = max(ERROR_MM, 1.4826 * float(np.median(np.abs(residual))))
        trust = np.clip(1 - (residual / (4.0 * spread)) ** 2, 0, None) ** 2
        trust /= ALIKE * spread**2
        middle = x.mean(axis=0)
        arm = x - middle
        columns = np.concatenate(
            [
                np.cross(arm, normal),
                normal,
                np.einsum("ij,ij->i", normal, arm)[:, None],
                -np.einsum("ki,kim->km", normal, model.modes[vertex, :, :free]),
            ],
            axis=1,
        )
        left = columns.T @ (columns * trust[:, None])
        right = -columns.T @ (residual * trust)
        left[6, 6] += 1 / SCALE_SD**2
        right[6] -= np.log(scale) / SCALE_SD**2
        left[range(7, 7 + free), range(7, 7 + free)] += 1.0
        right[7:] -= (weights - held)[:free]
        left[range(6), range(6)] += 1e-9 * np.trace(left)
        move = np.linalg.solve(left, right)
        step_matrix = np.eye(4)
        grow = float(np.exp(np.clip(move[6], -0.1, 0.1)))
        step_matrix[:3, :3] = grow * _rotation(move[:3])
        step_matrix[:3, 3] = middle + move[3:6] - step_matrix[:3, :3] @ middle
        to_mean = step_matrix @ to_mean
        scale *= grow
        weights[:free] += move[7:]
        weights = np.clip(weights, -MOST_WEIGHT - 1, MOST_WEIGHT + 1)
        vertices = model.vertices(weights)
        mean = float(np.abs(residual[trust > 0]).mean())
    return Fit(to_mean, scale, weights, vertices, coverage(model, vertices, cloud, to_mean), mean)


def coverage(
    model: ShapeModel,
    vertices: Floats,
    cloud: Cloud,
    to_mean: Floats,
    *,
    bones: tuple[str, ...] = PELVIS,
    reach: float = 5.0,
) -> dict[str, float]:
    """For each of the bones, the share (0..1) of it that the cloud lies near and along."""
    size = float(np.cbrt(np.linalg.det(to_mean[:3, :3])))
    points = cloud.points @ to_mean[:3, :3].T + to_mean[:3, 3]
    facing = cloud.normals @ to_mean[:3, :3].T / size
    tree = cKDTree(points)
    found = {}
    for name in bones:
        surface = model.surface(name, vertices)
        normals = vertex_normals(surface)
        _, near = tree.query(surface.vertices, k=3, distance_upper_bound=reach)
        inside = near < len(points)
        safe = np.where(inside, near, 0)
        along = np.einsum("vi,vki->vk", normals, facing[safe]) > FACING_COS
        found[name] = float((inside & along).any(axis=1).mean())
    return found


def fit_bones(model: ShapeModel, fit: Fit, cloud: Cloud) -> Floats:
    """(n, 3) the model's vertices, in the mean's frame, after each bone of the pelvis that the scan
    shows was fitted by itself, from where the whole pelvis put it: the joints of a scan need not
    stand as those of the model do, nor its bones go together.
    """
    points = cloud.points @ fit.to_mean[:3, :3].T + fit.to_mean[:3, 3]
    here = Cloud(points, cloud.normals @ fit.to_mean[:3, :3].T / fit.scale)
    vertices = fit.vertices.copy()
    for name in PELVIS:
        if fit.covered[name] < LEAST_COVERED:
            continue
        bone = vertices[model.parts[name]]
        low, high = bone.min(axis=0) - MARGIN_MM, bone.max(axis=0) + MARGIN_MM
        near = ((points > low) & (points < high)).all(axis=1)
        if near.sum() < LEAST_PAIRS:
            continue
        try:
            alone = fit_shape(
                model,
                Cloud(here.points[near], here.normals[near]),
                np.eye(4),
                bones=(name,),
                gates=BONE_GATES_MM,
                around=np.clip(fit.weights, -MOST_WEIGHT, MOST_WEIGHT),
            )
        except ValueError:
            continue
        back = np.linalg.inv(alone.to_mean)
        bone = alone.vertices[model.parts[name]]
        vertices[model.parts[name]] = bone @ back[:3, :3].T + back[:3, 3]
    return vertices


def bend(model: ShapeModel, fit: Fit, start: Floats, cloud: Cloud) -> Floats:
    """(n, 3) vertices ``start`` drawn onto the scan, in the mean's frame.

    At each vertex of the pelvis the distance along the normal to the scan, where there is one, is
    averaged over its surroundings and followed, first over wide ones, then narrower.
    """
    points = cloud.points @ fit.to_mean[:3, :3].T + fit.to_mean[:3, 3]
    facing = cloud.normals @ fit.to_mean[:3, :3].T / fit.scale
    tree = cKDTree(points)
    vertices = start.copy()
    for gate, rounds in zip(FIELD_GATES_MM, FIELD_ROUNDS, strict=True):
        for name in PELVIS:
            surface = model.surface(name, vertices)
            normals = vertex_normals(surface)
            away, known = _towards(surface, normals, points, facing, tree, gate)
            top = neighbour_mean(surface, away * known, rounds)
            weight = neighbour_mean(surface, known, rounds)
            # Where nothing is known nearby, the model is kept.
            move = top / (weight + 0.02)
            vertices[model.parts[name]] += move[:, None] * normals
    return vertices


def _towards(
    surface: Surface,
    normals: Floats,
    points: Floats,
    facing: Floats,
    tree: cKDTree,
    gate: float,
) -> tuple[Floats, Floats]:
    """For each vertex how far along its normal the scan lies (n,), and 1.0 where that is known."""
    distance, near = tree.query(surface.vertices, k=8, distance_upper_bound=gate)
    inside = near < len(points)
    safe = np.where(inside, near, 0)
    along = np.einsum("vi,vki->vk", normals, facing[safe])
    good = inside & (along > FACING_COS)
    weight = good / (1.0 + np.where(good, distance, 0.0) ** 2)
    # Between the two tangent planes: on a round tip, points beside it lie lower than it, and their
    # own planes higher (Rusinkiewicz 2019, doi 10.1145/3306346.3323037).
    both = normals[:, None] + facing[safe]
    away = np.einsum("vki,vki->vk", both, points[safe] - surface.vertices[:, None])
    away /= np.maximum(1.0 + along, 1.0)
    total = weight.sum(axis=1)
    known = (total > 0).astype(np.float64)
    return (away * weight).sum(axis=1) / np.where(total > 0, total, 1.0), known


def _rotation(vector: Floats) -> Floats:
    """(3, 3) rotation by a vector of radians, no more than 0.5."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    axis = vector / angle
    angle = min(angle, 0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
