"""A surface searched many times: where a line crosses it, and which place on it is nearest."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats, Ints, Surface, face_normals

LINE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where a line crosses a surface, from its start on: how far along (k,) mm, which faces (k,),
    and whether it goes in there (k,) or comes out.
    """

    along_mm: Floats
    faces: npt.NDArray[np.int64]
    entering: npt.NDArray[np.bool_]


class Searched:
    """A surface with its search tree. ``normals`` (m, 3) are its faces', not of unit length."""

    # VTK is imported where it is used: the window reads this module before it can wait for it.

    def __init__(self, surface: Surface) -> None:
        from vtkmodules.vtkCommonDataModel import vtkGenericCell, vtkStaticCellLocator

        from siexplorer.geometry.filters import to_polydata

        self.surface, self.normals = surface, face_normals(surface)
        self._data = to_polydata(surface)
        self._locator = vtkStaticCellLocator()
        self._locator.SetDataSet(self._data)
        self._locator.BuildLocator()
        self._cell = vtkGenericCell()

    def nearest(self, point: Floats) -> tuple[Floats, int]:
        """The nearest place (3,) on the surface to a point (3,), and the face it lies on."""
        from vtkmodules.vtkCommonCore import reference

        face, sub, distance2, spot = reference(0), reference(0), reference(0.0), [0.0, 0.0, 0.0]
        # VTK fills these references; its type hints say plain numbers.
        self._locator.FindClosestPoint(point, spot, self._cell, face, sub, distance2)  # type: ignore[call-overload]
        return np.array(spot), int(face)

    def crossings(self, start: Floats, end: Floats) -> Crossings:
        """Where the line from ``start`` (3,) to ``end`` (3,) crosses the surface, nearest first.

        A line through an edge or corner is told of each face there once.
        """
        return self.crossings_of(start[None], end[None])[1]

    def crossings_of(self, starts: Floats, ends: Floats) -> tuple[npt.NDArray[np.int64], Crossings]:
        """:meth:`crossings` of lines from ``starts`` to ``ends`` (n, 3), one line after the other,
        and which line (k,) each belongs to.
        """
        from vtkmodules.vtkCommonCore import vtkIdList, vtkPoints

        places, faces = vtkPoints(), vtkIdList()
        lines: list[int] = []
        index: list[int] = []
        found: list[tuple[float, float, float]] = []
        for line, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            self._locator.IntersectWithLine(start, end, LINE_TOLERANCE, places, faces)
            count = faces.GetNumberOfIds()
            lines += [line] * count
            index += [faces.GetId(k) for k in range(count)]
            found += [places.GetPoint(k) for k in range(count)]
        of, face = np.array(lines, dtype=np.int64), np.array(index, dtype=np.int64)
        along = np.linalg.norm(np.array(found).reshape(-1, 3) - starts[of], axis=1)
        order = np.lexsort((along, of))
        of, face, along = of[order], face[order], along[order]
        ways = np.einsum("ij,ij->i", self.normals[face], (ends - starts)[of])
        return of, Crossings(along, face, ways < 0.0)


def first_mm(searched: Searched, starts: Floats, ends: Floats) -> Floats:
    """(n,) how far along lines from ``starts`` to ``ends`` (n, 3) each first meets a surface, mm;
    infinite where it does not.
    """
    lines, met = searched.crossings_of(starts, ends)
    first = np.full(len(starts), np.inf)
    found, at = np.unique(lines, return_index=True)
    first[found] = met.along_mm[at]
    return first


def shares_in_face(surface: Surface, face: int, point: Floats) -> tuple[Ints, Floats]:
    """The corners (3,) of a face, and the barycentric shares (3,) of a point in its plane, kept
    between 0 and 1.
    """
    corners, shares = shares_in_faces(surface, np.array([face], dtype=np.int32), point[None])
    return corners[0], shares[0]


def shares_in_faces(surface: Surface, faces: Ints, points: Floats) -> tuple[Ints, Floats]:
    """:func:`shares_in_face` of faces (k,) and points (k, 3): corners (k, 3) and shares (k, 3)."""
    corners = surface.faces[faces]
    a, b, c = (surface.vertices[corners[:, i]] for i in range(3))
    u, v, w = b - a, c - a, points - a
    uu, uv, vv, uw, vw = (
        np.einsum("ij,ij->i", *pair) for pair in ((u, u), (u, v), (v, v), (u, w), (v, w))
    )
    size = uu * vv - uv * uv
    flat = size <= 0.0
    size = np.where(flat, 1.0, size)
    second, third = (vv * uw - uv * vw) / size, (uu * vw - uv * uw) / size
    shares = np.clip(np.stack([1.0 - second - third, second, third], axis=1), 0.0, 1.0)
    shares[flat] = [1.0, 0.0, 0.0]
    return corners, shares / shares.sum(axis=1, keepdims=True)
