"""What can be measured on the body of a muscle, a ligament or a nerve."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from siexplorer.geometry.surface import Floats, Surface, edges, face_normals, vertex_normals

DEEP_MM = 1.5
"""How far a vertex may lie inside bone before it counts (facts: the grid is about that fine)."""


def depth_in(solids: list[Surface], points: Floats) -> Floats:
    """(n,) how deep points (n, 3) lie inside the nearest closed surface; negative outside.

    Measured to the plane of the nearest vertex or face centre.
    """
    deepest = np.full(len(points), -np.inf)
    for solid in solids:
        low, high = solid.vertices.min(axis=0) - 1.0, solid.vertices.max(axis=0) + 1.0
        near = ((points > low) & (points < high)).all(axis=1)
        if not near.any():
            continue
        facing = face_normals(solid)
        size = np.linalg.norm(facing, axis=1, keepdims=True)
        places = np.concatenate([solid.vertices, solid.vertices[solid.faces].mean(axis=1)])
        normals = np.concatenate([vertex_normals(solid), facing / np.where(size > 0, size, 1.0)])
        away, which = cKDTree(places).query(points[near])
        plane = np.einsum("ij,ij->i", places[which] - points[near], normals[which])
        deep = np.sign(plane) * np.where(away < 3.0, np.abs(plane), away)
        deepest[near] = np.maximum(deepest[near], deep)
    return deepest


def pieces(surface: Surface) -> int:
    """How many connected pieces a surface has."""
    pairs, _ = edges(surface)
    size = len(surface.vertices)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return len(np.unique(label[surface.faces]))


def thickness_at_middle_mm(surface: Surface, along: Floats) -> float:
    """The smaller width of a muscle halfway, square to its long axis; ``along`` (n,) 0 to 1."""
    points = surface.vertices
    axis = points[along > 0.8].mean(axis=0) - points[along < 0.2].mean(axis=0)
    axis /= np.linalg.norm(axis)
    place = points @ axis
    middle = (place.min() + place.max()) / 2
    slab = points[np.abs(place - middle) < 6.0]
    flat = slab - np.outer(slab @ axis, axis)
    flat -= flat.mean(axis=0)
    directions = np.linalg.svd(flat, full_matrices=False)[2]
    widths = [float(np.ptp(flat @ way)) for way in directions[:2]]
    return min(widths)


def middle_line(surface: Surface, along: Floats, steps: int = 12) -> Floats:
    """(k, 3) middle of a band from one end to the other, by its vertices' ``along``."""
    share = (along - along.min()) / max(float(np.ptp(along)), 1e-9)
    step = np.minimum((share * steps).astype(int), steps - 1)
    return np.array(
        [surface.vertices[step == k].mean(axis=0) for k in range(steps) if (step == k).any()]
    )


def covered_share(area: Surface, body: Surface, reach_mm: float) -> float:
    """Share of an area's vertices that lie within ``reach_mm`` of a body."""
    corners = np.concatenate([body.vertices, body.vertices[body.faces].mean(axis=1)])
    return float((cKDTree(corners).query(area.vertices)[0] < reach_mm).mean())
