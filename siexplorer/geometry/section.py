"""A plane through closed surfaces: the filled faces that it leaves, and flat ends of a skin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats, Ints, Surface, face_normals

TOUCHING_MM = 1e-5
"""A vertex this near to the plane counts as lying behind it, so that no edge lies in the plane."""

CAP_WITHIN_MM = 1.0
CAP_UPRIGHT = 0.98
"""A flat end: faces this near to the highest or lowest point that face straight up or down."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a plane leaves of a closed surface, in the plane.

    ``vertices`` (k, 3) mm, ``faces`` (t, 3) that fill the outline, ``border`` (s, 2) pairs of
    vertices along it. Without faces the outline could not be filled, or the plane misses.
    """

    vertices: Floats
    faces: Ints
    border: Ints


def cut(surface: Surface, point: Floats, normal: Floats) -> Cut:
    """The cut of a surface by the plane through ``point`` (3,) across ``normal`` (3,).

    Nested outlines become holes. An outline that cannot be filled, as holes in a surface leave,
    has a border and no faces.
    """
    height = surface.vertices @ normal - float(point @ normal)
    if not (height.min() < 0.0 < height.max()):
        return Cut(np.empty((0, 3)), np.empty((0, 3), np.int32), np.empty((0, 2), np.int32))
    height = np.where(np.abs(height) < TOUCHING_MM, -TOUCHING_MM, height)
    vertices, border = _outline(surface, height)
    return Cut(vertices, _filled(vertices, border, normal), border)


def _outline(surface: Surface, height: Floats) -> tuple[Floats, Ints]:
    """Where the crossing edges meet the plane, (k, 3), and the pieces (s, 2) between them.

    Every crossing triangle gives one piece, wound with the triangle, so that a closed surface
    gives closed loops.
    """
    above = height > 0.0
    up = above[surface.faces]
    count = up.sum(axis=1)
    crossing = np.flatnonzero((count == 1) | (count == 2))
    faces, up = surface.faces[crossing], up[crossing]
    # The corner that is alone on its side, then the other two in order.
    alone = np.where(up.sum(axis=1) == 1, up.argmax(axis=1), (~up).argmax(axis=1))
    rows = np.arange(len(faces))
    tip, after, before = (faces[rows, (alone + k) % 3] for k in range(3))
    first, second = np.stack([tip, after], axis=1), np.stack([before, tip], axis=1)
    turn = ~up[rows, alone]
    first[turn], second[turn] = second[turn], first[turn].copy()
    ends = np.sort(np.concatenate([first, second]), axis=1).astype(np.int64)
    size = np.int64(len(surface.vertices))
    keys, place = np.unique(ends[:, 0] * size + ends[:, 1], return_inverse=True)
    low, high = np.divmod(keys, size)
    share = (height[low] / (height[low] - height[high]))[:, None]
    vertices = surface.vertices[low] * (1.0 - share) + surface.vertices[high] * share
    pieces = np.asarray(place, dtype=np.int32).reshape(2, -1).T
    return vertices, pieces[pieces[:, 0] != pieces[:, 1]]


def _filled(vertices: Floats, border: Ints, normal: Floats) -> Ints:
    """Triangles (t, 3) that fill closed outlines, or none where they do not close."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkFiltersGeneral import vtkContourTriangulator

    data, points, lines = vtkPolyData(), vtkPoints(), vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(vertices), deep=1))
    offsets = np.arange(0, 2 * len(border) + 1, 2, dtype=np.int64)
    lines.SetData(
        numpy_to_vtk(offsets, deep=1, array_type=12),
        numpy_to_vtk(border.astype(np.int64).ravel(), deep=1, array_type=12),
    )
    data.SetPoints(points)
    data.SetLines(lines)
    maker = vtkContourTriangulator()
    maker.SetInputData(data)
    maker.TriangulationErrorDisplayOff()
    maker.Update()
    made = maker.GetOutput().GetPolys()
    if made is None or made.GetNumberOfCells() == 0:
        return np.empty((0, 3), np.int32)
    return np.asarray(vtk_to_numpy(made.GetConnectivityArray()).reshape(-1, 3), dtype=np.int32)


def area_mm2(made: Cut) -> float:
    """The area of a cut, square millimetres."""
    a, b, c = (made.vertices[made.faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def flat_ends(surface: Surface) -> npt.NDArray[np.bool_]:
    """(m,) which faces lie in the flat upper or lower end of a surface that was cut off level."""
    z = surface.vertices[surface.faces, 2]
    normals = face_normals(surface)
    upright = np.abs(normals[:, 2]) > CAP_UPRIGHT * np.linalg.norm(normals, axis=1)
    top, bottom = surface.vertices[:, 2].max(), surface.vertices[:, 2].min()
    at_end = (z > top - CAP_WITHIN_MM).all(axis=1) | (z < bottom + CAP_WITHIN_MM).all(axis=1)
    return np.asarray(upright & at_end)
