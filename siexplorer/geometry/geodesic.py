"""Distances along a skin, and the shortest way over it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats, Ints, Surface, edges, vertex_normals

NEIGHBOURS = 48
"""From each vertex so many near ones are gone to straight, so that a way over the skin need not
follow the edges of its triangles: it comes out within 1 mm of the shortest (tested)."""

FACES_ALIKE = 0.5
"""Vertices whose normals agree less lie on two sides of a fold, with no straight step between
them (design)."""


@dataclass(frozen=True, slots=True)
class SkinGrid:
    """A skin made ready for measuring.

    ``fine`` has the vertices of ``coarse`` first, then the middles of its edges, of which
    ``parents`` (n, 2) are the ends (a coarse vertex is its own two parents). ``normals`` (n, 3).
    ``steps`` is the sparse matrix of how far it is from each coarse vertex to those near it, mm.
    """

    coarse: Surface
    fine: Surface
    normals: Floats
    parents: npt.NDArray[np.int64]
    steps: Any

    @property
    def points(self) -> Floats:
        """(n, 3) the fine vertices."""
        return self.fine.vertices


def grid_of(skin: Surface) -> SkinGrid:
    """A skin, open at its cut ends, with every edge halved once."""
    pairs, _ = edges(skin)
    count = len(skin.vertices)
    keys = pairs[:, 0].astype(np.int64) * count + pairs[:, 1]
    sides = np.sort(skin.faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).astype(np.int64)
    middles = count + np.searchsorted(keys, sides[..., 0] * count + sides[..., 1])
    a, b, c = skin.faces.T.astype(np.int64)
    ab, bc, ca = middles.T
    faces = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]], axis=0)
    own = np.repeat(np.arange(count)[:, None], 2, axis=1)
    parents = np.concatenate([own, pairs.astype(np.int64)])
    fine = Surface(
        skin.vertices[parents].mean(axis=1),
        np.moveaxis(faces, (0, 1, 2), (1, 2, 0)).reshape(-1, 3).astype(np.int32),
    )
    normals = vertex_normals(skin)[parents].mean(axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return SkinGrid(skin, fine, normals, parents, _steps(skin, normals[:count], pairs))


def _steps(skin: Surface, normals: Floats, pairs: Ints) -> Any:
    from scipy.sparse import csr_matrix
    from scipy.spatial import cKDTree

    points = skin.vertices
    count = len(points)
    near = cKDTree(points).query(points, k=min(NEIGHBOURS + 1, count))[1][:, 1:]
    start, end = np.repeat(np.arange(count), near.shape[1]), near.ravel()
    alike = np.einsum("ij,ij->i", normals[start], normals[end]) > FACES_ALIKE
    both = np.concatenate([np.column_stack([start, end])[alike], pairs]).astype(np.int64)
    # Each pair once: a sparse matrix would add up what it is told twice.
    keys = np.unique(both.min(axis=1) * count + both.max(axis=1))
    start, end = keys // count, keys % count
    lengths = np.linalg.norm(points[start] - points[end], axis=1)
    return csr_matrix((lengths, (start, end)), shape=(count, count))


def nearest_vertices(points: Floats, marks: Floats) -> npt.NDArray[np.int64]:
    """(k,) which of the points (n, 3) lies nearest to each mark (k, 3)."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(points).query(marks)[1], dtype=np.int64)


def along_skin_mm(grid: SkinGrid, marks: Floats) -> Floats:
    """(n,) how far each fine vertex lies along the skin from the nearest of the marks (k, 3).

    A way over the skin goes from vertex to vertex and then to the mark, so it is never shorter
    than the straight distance, nor than the way between vertices less the step from vertex to mark:
    the larger is taken.
    """
    from scipy.sparse.csgraph import dijkstra
    from scipy.spatial import cKDTree

    straight = cKDTree(marks).query(grid.points)[0]
    starts = nearest_vertices(grid.coarse.vertices, marks)
    step = np.linalg.norm(grid.coarse.vertices[starts] - marks, axis=1).max()
    over = dijkstra(grid.steps, directed=False, indices=np.unique(starts), min_only=True)
    round_folds = over[grid.parents].mean(axis=1) - step
    # A piece of skin apart from the marks has no way to them.
    reached = np.where(np.isfinite(round_folds), round_folds, 0.0)
    return np.asarray(np.maximum(straight, reached))


def way_over(skin: Surface, start: int, end: int) -> Floats:
    """(k, 3) the shortest way over a skin from one of its vertices to another."""
    import potpourri3d

    if start == end:
        return skin.vertices[[start]]
    solver = potpourri3d.EdgeFlipGeodesicSolver(skin.vertices, skin.faces)
    return np.asarray(solver.find_geodesic_path(start, end))
