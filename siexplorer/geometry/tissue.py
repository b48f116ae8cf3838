"""What can be measured on the body of a muscle, a ligament or a nerve."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from siexplorer.geometry.lattice import spread_over
from siexplorer.geometry.surface import Floats, Surface, edges, turns_round

DEEP_MM = 1.5
"""How far a vertex may lie inside bone before it counts (facts: the grid is about that fine)."""


def depth_in(solids: list[Surface], points: Floats) -> Floats:
    """(n,) how deep points (n, 3) lie inside the nearest closed surface; negative outside.

    Measured to the plane of the nearest vertex or place on a face. By an edge that plane can lie on
    the wrong side, so whatever seems to lie deeper than ``DEEP_MM`` is asked again.
    """
    deepest = np.full(len(points), -np.inf)
    for solid in solids:
        low, high = solid.vertices.min(axis=0) - 1.0, solid.vertices.max(axis=0) + 1.0
        near = ((points > low) & (points < high)).all(axis=1)
        if not near.any():
            continue
        places, normals = spread_over(solid)
        away, which = cKDTree(places).query(points[near])
        plane = np.einsum("ij,ij->i", places[which] - points[near], normals[which])
        deep = np.sign(plane) * np.where(away < 3.0, np.abs(plane), away)
        asked = np.flatnonzero(deep > DEEP_MM)
        outside = asked[turns_round(solid, points[near][asked]) < 0.5]
        deep[outside] *= -1.0
        deepest[near] = np.maximum(deepest[near], deep)
    return deepest


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


def middle_of_tube(surface: Surface, step_mm: float = 6.0) -> Floats:
    """(k, 3) middle of a closed tube from its upper end: the mean of its vertices by their distance
    from there, along the surface."""
    pairs, _ = edges(surface)
    size = len(surface.vertices)
    length = np.linalg.norm(np.diff(surface.vertices[pairs], axis=1)[:, 0], axis=1)
    graph = coo_array((length, (pairs[:, 0], pairs[:, 1])), shape=(size, size)).tocsr()
    top = int(np.argmax(surface.vertices[:, 2]))
    level = np.floor(dijkstra(graph, directed=False, indices=top) / step_mm).astype(int)
    return np.array([surface.vertices[level == k].mean(axis=0) for k in np.unique(level)])


def covered_share(area: Surface, body: Surface, reach_mm: float) -> float:
    """Share of an area's vertices that lie within ``reach_mm`` of a body."""
    corners = np.concatenate([body.vertices, body.vertices[body.faces].mean(axis=1)])
    return float((cKDTree(corners).query(area.vertices)[0] < reach_mm).mean())
