"""The VTK filters that geometry uses, arrays in and arrays out. None of them needs OpenGL."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import reference, vtkIdTypeArray, vtkPoints
from vtkmodules.vtkCommonDataModel import (
    vtkCellArray,
    vtkGenericCell,
    vtkImageData,
    vtkPlane,
    vtkPlaneCollection,
    vtkPolyData,
    vtkStaticCellLocator,
)
from vtkmodules.vtkFiltersCore import (
    vtkClipPolyData,
    vtkFlyingEdges3D,
    vtkQuadricDecimation,
    vtkTriangleFilter,
    vtkWindowedSincPolyDataFilter,
)
from vtkmodules.vtkFiltersGeneral import vtkClipClosedSurface

from siexplorer.geometry.surface import Floats, Ints, Surface, compacted, is_closed, largest_piece

BORDER_MM = 1.0
"""How far outside the border of a grid lies at least (design: any distance above zero does)."""

THINNING_SHARES = (*np.linspace(1.0, 0.91, 10), 1.25, 1.6, 2.0, 2.5)

RIM_MM = 0.5
"""Width of the rim of a cap (design: too narrow to see, wide enough to part two shadings)."""


def to_polydata(surface: Surface) -> vtkPolyData:
    """A VTK copy of the surface."""
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(surface.vertices, dtype=np.float64), deep=1))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(surface.faces) + 1, 3, dtype=np.int64)
    cells.SetData(_ids(offsets), _ids(surface.faces.astype(np.int64).ravel()))
    data = vtkPolyData()
    data.SetPoints(points)
    data.SetPolys(cells)
    return data


def _ids(values: npt.NDArray[np.int64]) -> vtkIdTypeArray:
    array: vtkIdTypeArray = numpy_to_vtk(values, deep=1, array_type=12)
    return array


def from_polydata(data: vtkPolyData) -> Surface:
    """The triangles of ``data``; its other cells are triangulated first."""
    triangles = vtkTriangleFilter()
    triangles.SetInputData(data)
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    triangles.Update()
    out = triangles.GetOutput()
    faces = vtk_to_numpy(out.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    vertices = vtk_to_numpy(out.GetPoints().GetData()).astype(np.float64)
    return Surface(vertices, faces.astype(np.int32))


def clip_by_scalar(surface: Surface, scalar: Floats) -> Surface:
    """The part where the (n,) vertex scalar, linear along edges, is positive: an open patch."""
    data = to_polydata(surface)
    data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(scalar), deep=1))
    clip = vtkClipPolyData()
    clip.SetInputData(data)
    clip.SetValue(0.0)
    clip.Update()
    return from_polydata(clip.GetOutput())


def cut_closed(surface: Surface, origin: Floats, normal: Floats) -> Surface:
    """What lies on the ``normal`` side of a plane, closed by a flat cap with a narrow rim.

    The rim keeps the shading of the wall off the cap, and the cap's off the wall.
    """
    plane = vtkPlane()
    plane.SetOrigin(*map(float, origin))
    plane.SetNormal(*map(float, normal))
    planes = vtkPlaneCollection()
    planes.AddItem(plane)
    clip = vtkClipClosedSurface()
    clip.SetInputData(to_polydata(surface))
    clip.SetClippingPlanes(planes)
    clip.Update()
    closed = from_polydata(clip.GetOutput())
    on_plane = np.abs((closed.vertices - origin) @ normal) < 1e-6
    cap = on_plane[closed.faces].all(axis=1)
    open_faces = closed.faces[~cap]
    directed = open_faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    rim = directed[on_plane[directed].all(axis=1)]
    outer = np.unique(rim)
    centre = closed.vertices[outer].mean(axis=0)
    inwards = centre - closed.vertices[outer]
    inset = RIM_MM * inwards / np.linalg.norm(inwards, axis=1, keepdims=True)
    first = len(closed.vertices)
    inner = first + np.searchsorted(outer, rim)
    middle = np.full(len(rim), first + len(outer))
    faces = np.concatenate(
        [
            open_faces,
            np.stack([rim[:, 1], rim[:, 0], inner[:, 0]], axis=1),
            np.stack([rim[:, 1], inner[:, 0], inner[:, 1]], axis=1),
            np.stack([inner[:, 1], inner[:, 0], middle], axis=1),
        ]
    )
    vertices = np.concatenate([closed.vertices, closed.vertices[outer] + inset, centre[None]])
    whole = Surface(vertices, faces.astype(np.int32))
    return compacted(whole, np.ones(len(faces), dtype=bool))


def contour_grid(
    values: npt.NDArray[np.float32] | npt.NDArray[np.float64], origin: Floats, spacing_mm: float
) -> Surface:
    """The surface where a (nx, ny, nz) field is zero, positive outside.

    The border of the grid counts as outside, so the surface is closed.
    """
    values = values.astype(np.float64)
    for axis in range(3):
        border = np.moveaxis(values, axis, 0)
        border[[0, -1]] = np.maximum(border[[0, -1]], BORDER_MM)
    grid = vtkImageData()
    grid.SetDimensions(*values.shape)
    grid.SetOrigin(*map(float, origin))
    grid.SetSpacing(spacing_mm, spacing_mm, spacing_mm)
    grid.GetPointData().SetScalars(numpy_to_vtk(values.ravel(order="F"), deep=1))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(grid)
    contour.SetValue(0, 0.0)
    contour.ComputeNormalsOff()
    contour.ComputeGradientsOff()
    contour.ComputeScalarsOff()
    contour.Update()
    found = from_polydata(contour.GetOutput())
    return Surface(found.vertices, found.faces[:, ::-1].copy())


def evened_surface(surface: Surface, rounds: int = 20, band: float = 0.12) -> Surface:
    """The surface without the steps of its grid, its volume kept (Taubin's windowed sinc)."""
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputData(to_polydata(surface))
    smooth.SetNumberOfIterations(rounds)
    smooth.SetPassBand(band)
    smooth.BoundarySmoothingOff()
    smooth.NonManifoldSmoothingOn()
    smooth.NormalizeCoordinatesOn()
    smooth.Update()
    moved = vtk_to_numpy(smooth.GetOutput().GetPoints().GetData()).astype(np.float64)
    return Surface(moved, surface.faces)


def thinned(surface: Surface, triangles: int) -> Surface:
    """The closed surface with about this many triangles, still closed, in one piece.

    Now and then the thinning folds one edge over another: then a little fewer triangles are tried,
    and after that more.
    """
    if len(surface.faces) <= triangles:
        return surface
    for share in THINNING_SHARES:
        wanted = share * triangles
        if wanted < len(surface.faces):
            thin = vtkQuadricDecimation()
            thin.SetInputData(to_polydata(surface))
            thin.SetTargetReduction(1.0 - wanted / len(surface.faces))
            thin.VolumePreservationOn()
            thin.Update()
            found = largest_piece(from_polydata(thin.GetOutput()))
            if is_closed(found):
                return found
    return surface


def fewer(surface: Surface, triangles: int) -> Surface:
    """The surface, whole or with holes, with about this many triangles."""
    if len(surface.faces) <= triangles:
        return surface
    thin = vtkQuadricDecimation()
    thin.SetInputData(to_polydata(surface))
    thin.SetTargetReduction(1.0 - triangles / len(surface.faces))
    thin.VolumePreservationOn()
    thin.Update()
    return from_polydata(thin.GetOutput())


def closest_points(surface: Surface, points: Floats) -> tuple[Floats, Ints]:
    """For (k, 3) points: the nearest points on the surface (k, 3) and their faces (k,)."""
    locator = vtkStaticCellLocator()
    locator.SetDataSet(to_polydata(surface))
    locator.BuildLocator()
    found, faces = np.empty_like(points), np.empty(len(points), dtype=np.int32)
    cell, sub, distance2, spot = vtkGenericCell(), reference(0), reference(0.0), [0.0, 0.0, 0.0]
    for k, point in enumerate(points):
        face = reference(0)
        # VTK fills these references; its type hints say plain numbers.
        locator.FindClosestPoint(point, spot, cell, face, sub, distance2)  # type: ignore[call-overload]
        found[k], faces[k] = spot, int(face)
    return found, faces
