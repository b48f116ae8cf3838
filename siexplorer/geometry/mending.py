"""Any triangles made fit to work on: welded, cleaned, wound alike, and thinned."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals

from siexplorer.geometry.filters import from_polydata, to_polydata
from siexplorer.geometry.surface import (
    Floats,
    Ints,
    Surface,
    edges,
    face_normals,
    neighbour_mean,
    pieces,
    vertex_normals,
)

KEY_BITS = 21
"""Three coordinates share a 64-bit key, so a grid has at most two million steps a side."""

WELD_SHARE = 1e-6
"""Corners nearer than this share of the whole's size are one vertex (design: float32 in a file)."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A surface whose vertices were drawn together: ``vertex`` (n,) says where each old vertex
    went (-1 where nothing is left of it), ``face`` (m,) which old face each new one was.
    """

    surface: Surface
    vertex: Ints
    face: npt.NDArray[np.int64]


def welded(surface: Surface) -> Gathered:
    """The surface with coinciding corners made one, without flat and repeated faces."""
    size = float(np.ptp(surface.vertices, axis=0).max(initial=0.0))
    return _gathered(surface, max(size * WELD_SHARE, 1e-12), mean=False)


def clustered(surface: Surface, step: float) -> Gathered:
    """The surface with all corners within a cell of a grid of ``step`` drawn together in their
    middle; thin walls stay apart only where they are thicker than that.
    """
    return _gathered(surface, step, mean=True)


def _gathered(surface: Surface, step: float, *, mean: bool) -> Gathered:
    low = surface.vertices.min(axis=0)
    step = max(step, float(np.ptp(surface.vertices, axis=0).max()) / (2**KEY_BITS - 4))
    key = np.zeros(len(surface.vertices), dtype=np.int64)
    for axis in range(3):
        key <<= KEY_BITS
        key |= np.rint((surface.vertices[:, axis] - low[axis]) / step).astype(np.int64)
    # What numpy.unique does, with less memory: these arrays may be 15 million long.
    order = np.argsort(key, kind="stable").astype(np.int32)
    key = key[order]
    new = np.empty(len(key), dtype=bool)
    new[0] = True
    np.not_equal(key[1:], key[:-1], out=new[1:])
    del key
    first = order[new]
    inverse = np.empty(len(order), dtype=np.int32)
    inverse[order] = np.cumsum(new, dtype=np.int32) - 1
    del order, new
    if mean:
        count = np.bincount(inverse)
        vertices = np.stack(
            [np.bincount(inverse, surface.vertices[:, i]) / count for i in range(3)], axis=1
        )
    else:
        vertices = surface.vertices[first]
    faces = inverse[surface.faces]
    a, b, c = faces.T
    proper = np.flatnonzero((a != b) & (b != c) & (a != c))
    faces = faces[proper]
    once = _once(faces, len(vertices))
    faces, kept = faces[once], proper[once]
    used, again = np.unique(faces, return_inverse=True)
    place = np.full(len(vertices), -1, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    whole = Surface(vertices[used], again.reshape(-1, 3).astype(np.int32))
    return Gathered(whole, place[inverse], kept)


def _once(faces: Ints, vertices: int) -> npt.NDArray[np.intp]:
    """Which faces are the first with their corners, whichever way each is wound, in order."""
    low, high = faces.min(axis=1), faces.max(axis=1)
    middle = faces.sum(axis=1, dtype=np.int64) - low - high
    if vertices < 2**KEY_BITS:
        key = (low.astype(np.int64) * vertices + middle) * vertices + high
        order = np.argsort(key, kind="stable")
        key = key[order]
        new = np.ones(len(key), dtype=bool)
        new[1:] = key[1:] != key[:-1]
    else:
        order = np.lexsort((high, middle, low))
        new = np.ones(len(order), dtype=bool)
        same = [one[order][1:] == one[order][:-1] for one in (low, middle, high)]
        new[1:] = ~(same[0] & same[1] & same[2])
    return np.sort(order[new])


def wound_alike(surface: Surface) -> Surface:
    """The surface with neighbouring faces wound the same way, and each piece facing outwards.

    Which way is outwards is told by the sign of a piece's volume, about its own middle, so that a
    few holes do no harm.
    """
    even = vtkPolyDataNormals()
    even.SetInputData(to_polydata(surface))
    even.SplittingOff()
    even.ConsistencyOn()
    even.NonManifoldTraversalOff()
    even.ComputePointNormalsOff()
    even.ComputeCellNormalsOff()
    even.Update()
    found = from_polydata(even.GetOutput())
    if len(found.faces) != len(surface.faces):
        found = surface
    of_piece = pieces(found)
    volume = piece_volumes(found, of_piece)
    faces = found.faces.copy()
    inwards = (volume < 0)[of_piece]
    faces[inwards] = faces[inwards][:, ::-1]
    return Surface(found.vertices, faces)


def piece_volumes(surface: Surface, of_piece: npt.NDArray[np.intp]) -> Floats:
    """(pieces,) signed volumes about each piece's own middle, in cubed units of the surface."""
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    count = np.maximum(np.bincount(of_piece), 1)
    centre = (a + b + c) / 3
    middle = np.stack([np.bincount(of_piece, centre[:, i]) / count for i in range(3)], axis=1)
    shift = middle[of_piece]
    part = np.einsum("ij,ij->i", a - shift, np.cross(b - shift, c - shift)) / 6
    return np.asarray(np.bincount(of_piece, part), dtype=np.float64)


def edge_length(surface: Surface) -> float:
    """The median length of the edges."""
    pairs, _ = edges(surface)
    pairs = pairs[:: max(1, len(pairs) // 20000)]
    return float(np.median(np.linalg.norm(np.diff(surface.vertices[pairs], axis=1)[:, 0], axis=1)))


def calm_normals(surface: Surface, reach: float) -> Floats:
    """(n, 3) unit normals averaged over about ``reach`` along the surface, so that noise in fine
    triangles does not turn them.
    """
    normals = vertex_normals(surface)
    edge = max(edge_length(surface), 1e-9)
    rounds = int(np.clip((reach / edge) ** 2, 0, 12))
    if rounds:
        normals = np.stack(
            [neighbour_mean(surface, normals[:, i].copy(), rounds) for i in range(3)], axis=1
        )
    size = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(size > 0, size, 1.0)


def spread(
    surface: Surface, normals: Floats, count: int, worth: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """Points (k, 3) spread evenly over the surface, the normals there (k, 3), and their faces;
    ``worth`` (m,) says how much the area of each face counts.
    """
    area = np.linalg.norm(face_normals(surface), axis=1) * worth
    total = np.cumsum(area)
    steps = (np.arange(count) + 0.5) / count * total[-1]
    face = np.searchsorted(total, steps).clip(0, len(area) - 1)
    u, v = np.modf(np.outer([0.7548776662466927, 0.5698402909980532], np.arange(count) + 1))[0]
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    shares = np.stack([1 - u - v, u, v], axis=1)
    corners: Ints = surface.faces[face]
    points = np.einsum("kc,kci->ki", shares, surface.vertices[corners])
    found = np.einsum("kc,kci->ki", shares, normals[corners])
    size = np.linalg.norm(found, axis=1, keepdims=True)
    return points, found / np.where(size > 0, size, 1.0), face
