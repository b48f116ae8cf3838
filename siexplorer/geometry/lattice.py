"""A regular grid of signed distances: what is outside of what, and which way is out."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, label, map_coordinates
from scipy.spatial import cKDTree

from siexplorer.geometry.surface import Floats, Surface, face_normals, turns_round, vertex_normals

Grid = npt.NDArray[np.float32] | npt.NDArray[np.float64]
REACH_MM = 24.0
"""Distances are exact up to here; beyond, only the side is kept (design)."""

STEEP = 2.5
"""How many spacings a distance may change by from one node to the next (design)."""

ON_FACE = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4]], dtype=float)
ON_FACE /= ON_FACE.sum(axis=1, keepdims=True)
"""Four places spread over a triangle, as shares of its corners."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Signed distances in mm, positive outside, on a grid (nx, ny, nz) from ``origin``."""

    values: Grid
    origin: Floats
    spacing_mm: float

    def points(self) -> Floats:
        """(nx, ny, nz, 3) places of the nodes."""
        x, y, z = self.values.shape
        return self.positions((slice(0, x), slice(0, y), slice(0, z))).reshape(x, y, z, 3)

    def with_values(self, values: Grid) -> "Lattice":
        """The same grid with other values."""
        return Lattice(values, self.origin, self.spacing_mm)

    def sample(self, points: Floats) -> Floats:
        """(n,) trilinear distances at (n, 3) points; beyond the grid, those of its border."""
        place = ((points - self.origin) / self.spacing_mm).T
        return np.asarray(
            map_coordinates(self.values, place, order=1, mode="nearest"), dtype=np.float64
        )

    def outwards(self, points: Floats) -> Floats:
        """(n, 3) unit directions in which the distance grows; zero where it is even."""
        slope = np.empty_like(points)
        for axis in range(3):
            step = np.zeros(3)
            step[axis] = self.spacing_mm
            slope[:, axis] = self.sample(points + step) - self.sample(points - step)
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        return np.asarray(slope / np.where(length > 1e-9, length, 1.0))

    def block(self, low: Floats, high: Floats) -> tuple[slice, slice, slice]:
        """The part of the grid that covers a box, as slices."""
        first = np.floor((low - self.origin) / self.spacing_mm).astype(int)
        last = np.ceil((high - self.origin) / self.spacing_mm).astype(int) + 1
        first = np.clip(first, 0, np.array(self.values.shape) - 2)
        last = np.clip(last, first + 2, self.values.shape)
        x, y, z = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return x, y, z

    def positions(self, block: tuple[slice, slice, slice]) -> Floats:
        """(n, 3) places of the nodes of a block, in the order of ``values[block].ravel()``."""
        axes = [
            self.origin[k] + self.spacing_mm * np.arange(part.start, part.stop)
            for k, part in enumerate(block)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)

    def closed_over(self, radius_mm: float) -> "Lattice":
        """The same with every hollow filled that a ball of this radius cannot enter.

        This is where a broad muscle lies that spans hollows instead of sinking into them.
        """
        away = distance_transform_edt(self.values >= 0) * self.spacing_mm
        depth = distance_transform_edt(away < radius_mm) * self.spacing_mm
        filled = np.where(away < radius_mm, radius_mm - depth, self.values).astype(np.float32)
        return self.with_values(np.minimum(filled, self.values))

    def joined(self, block: tuple[slice, slice, slice], values: Grid) -> None:
        """Take something more into the grid: from now on its inside counts as inside."""
        np.minimum(self.values[block], values, out=self.values[block])


def spread_over(surface: Surface) -> tuple[Floats, Floats]:
    """(k, 3) places on a surface and their (k, 3) normals: its vertices, and some on each face.

    Where bone is thin, the nearest vertex alone may be on its other side.
    """
    facing = face_normals(surface)
    length = np.linalg.norm(facing, axis=1, keepdims=True)
    spots = np.einsum("sc,fcd->sfd", ON_FACE, surface.vertices[surface.faces]).reshape(-1, 3)
    facing = np.tile(facing / np.where(length > 0, length, 1.0), (len(ON_FACE), 1))
    points = np.concatenate([surface.vertices, spots])
    return points, np.concatenate([vertex_normals(surface), facing])


def distances(
    surfaces: Iterable[Surface],
    low: Floats,
    high: Floats,
    spacing_mm: float,
    reach_mm: float = REACH_MM,
) -> Lattice:
    """Signed distance to the nearest of some closed surfaces, on a grid over a box.

    Near a surface it is the distance to the plane of the nearest face or vertex; beyond
    ``reach_mm`` it is that.
    """
    shape = tuple(np.ceil((high - low) / spacing_mm).astype(int) + 1)
    grid = Lattice(np.full(shape, reach_mm, dtype=np.float32), np.asarray(low, float), spacing_mm)
    for surface in surfaces:
        take_in(grid, surface, reach_mm)
    return grid


def take_in(grid: Lattice, surface: Surface, reach_mm: float = REACH_MM) -> None:
    """Let a closed surface count as inside from now on."""
    points, normals = spread_over(surface)
    low, high = surface.vertices.min(axis=0) - reach_mm, surface.vertices.max(axis=0) + reach_mm
    end = grid.origin + grid.spacing_mm * (np.array(grid.values.shape) - 1)
    if (low > end).any() or (high < grid.origin).any():
        return
    block = grid.block(low, high)
    nodes = grid.positions(block)
    away, nearest = cKDTree(points).query(nodes, distance_upper_bound=reach_mm)
    found = np.isfinite(away)
    values = np.full(len(nodes), reach_mm)
    offset = nodes[found] - points[nearest[found]]
    plane = np.einsum("ij,ij->i", offset, normals[nearest[found]])
    # Close by, the plane is better than the point; far off, the point is better than the plane.
    share = np.clip((away[found] - 2.0) / 2.0, 0.0, 1.0)
    values[found] = np.sign(plane) * (share * away[found] + (1 - share) * np.abs(plane))
    cube = values.reshape(grid.values[block].shape)
    known = found.reshape(cube.shape)
    parts, count = label(~known)
    if count:
        # What the band does not reach is far outside or deep inside: the band around it tells.
        border = np.zeros(cube.shape, dtype=bool)
        for axis in range(3):
            edge = np.moveaxis(border, axis, 0)
            edge[0] = edge[-1] = True
        outside = np.unique(parts[border & (parts > 0)])
        inside = ~np.isin(parts, outside) & (parts > 0)
        cube[inside] = -reach_mm
    grid.joined(block, unfolded(cube, nodes, surface, grid.spacing_mm).astype(np.float32))


def unfolded(cube: Grid, nodes: Floats, surface: Surface, spacing_mm: float) -> Grid:
    """Signed distances (nx, ny, nz) at ``nodes`` (n, 3), on the right side of a closed surface.

    By a sharp rim or a narrow crease the nearest normal may tell the wrong side. Distances differ
    by no more than places do, so where they do, on both sides of zero, one of two neighbours is
    wrong: the surface itself is asked, and so on, until what was put right agrees all round.
    """
    cube, places = cube.copy(), nodes.reshape(*cube.shape, 3)
    sure = np.zeros(cube.shape, dtype=bool)
    while True:
        doubtful = np.zeros(cube.shape, dtype=bool)
        for axis in range(3):
            here, mark = np.moveaxis(cube, axis, 0), np.moveaxis(doubtful, axis, 0)
            steep = np.abs(np.diff(here, axis=0)) > STEEP * spacing_mm
            steep &= (here[1:] < 0) != (here[:-1] < 0)
            mark[1:] |= steep
            mark[:-1] |= steep
        doubtful &= ~sure
        if not doubtful.any():
            return cube
        within = turns_round(surface, places[doubtful]) > 0.5
        cube[doubtful] = np.abs(cube[doubtful]) * np.where(within, -1.0, 1.0)
        sure |= doubtful
