"""The VTK actors that a scene is made of, from plain arrays."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkFiltersCore import vtkTubeFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkPolyDataMapper

from siexplorer.geometry.surface import Floats, Ints, Surface, edges, vertex_normals
from siexplorer.packs.pack import PackSurface
from siexplorer.scene.theme import Rgb


def poly_data(
    surface: Surface, normals: Floats | None = None, coordinates: Floats | None = None
) -> vtkPolyData:
    """Triangles for VTK with normals (n, 3) and places (n, 2) in a picture, where given."""
    data, points = vtkPolyData(), vtkPoints()
    points.SetData(numpy_to_vtk(surface.vertices.astype(np.float32), deep=1))
    data.SetPoints(points)
    data.SetPolys(triangles(surface.faces))
    if normals is not None:
        held = numpy_to_vtk(normals.astype(np.float32), deep=1)
        held.SetName("Normals")
        data.GetPointData().SetNormals(held)
    if coordinates is not None:
        held = numpy_to_vtk(coordinates.astype(np.float32), deep=1)
        held.SetName("Coordinates")
        data.GetPointData().SetTCoords(held)
    return data


def set_vertices(data: vtkPolyData, vertices: npt.NDArray[np.float32]) -> None:
    """Lay the points of triangles elsewhere, in place: VTK takes them with the next picture."""
    held = data.GetPoints().GetData()
    vtk_to_numpy(held)[:] = vertices
    held.Modified()
    data.GetPoints().Modified()


def set_normals(data: vtkPolyData, normals: Floats) -> None:
    """Give triangles that have normals other ones, in place."""
    held = data.GetPointData().GetNormals()
    if held is not None:
        vtk_to_numpy(held)[:] = normals
        held.Modified()


def surface_actor(surface: PackSurface, coordinates: Floats | None = None) -> vtkActor:
    """A surface with its own normals, smooth shaded."""
    actor = _shaded(poly_data(surface.surface, surface.normals, coordinates))
    # The far side of a closed body is never seen: a third of a frame without a graphics card.
    actor.GetProperty().SetBackfaceCulling(surface.info.closed)
    return actor


def area_actor(surface: PackSurface) -> vtkActor:
    """An area painted on a bone."""
    actor = _shaded(poly_data(surface.surface, surface.normals))
    # From behind, a painted area is inside its bone.
    actor.GetProperty().BackfaceCullingOn()
    # Painted areas lie a third of a millimetre above their bone: draw them in front of it.
    mapper = actor.GetMapper()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(-2.0, -2.0)
    return actor


LIGHTS = (((0.35, 0.55, 1.0), 0.82), ((-0.9, -0.25, 0.6), 0.30))
"""The directions of the two lights, seen from the eye (right, up, towards it), and how strong."""

SOFT = 0.35
"""How far round a body its light reaches, as from a wide lamp: no side is lost in the dark
(design)."""

SHINE = 0.08
"""How strongly the main light glints on a surface (design)."""

PLAIN_LIGHT = """
  vec3 outward = normalVCVSOutput;
  float glint = max(0.0, dot(outward, {halfway}));
  glint *= glint; glint *= glint; glint *= glint; glint *= glint; glint *= glint; glint *= glint;
  vec3 lit = ambientColor + diffuseColor * ({lights}) + vec3({shine} * glint);
  fragOutput0 = vec4(lit, opacity);
"""
"""Both lights, worked out in one short step: VTK's own loop takes a quarter of a frame more without
a graphics card. The glint is Blinn's, to the 64th power."""

GLASS = """
  vec3 outward = normalVCVSOutput;
  float lit = 0.12 + 0.9 * ({lights});
  float rim = 1.0 - abs(outward.z);
  float dense = opacity < 0.99 ? opacity * (0.42 + 3.0 * rim * rim * rim) : 1.0;
  fragOutput0 = vec4(diffuseColorUniform * lit, dense);
"""
"""See-through skin is clear in the middle and denser towards its outline, as a glass body is."""


def lamps() -> list[vtkLight]:
    """The lights, which go with the eye."""
    made = []
    for position, intensity in LIGHTS:
        light = vtkLight()
        light.SetLightTypeToCameraLight()
        light.SetPosition(*position)
        light.SetFocalPoint(0.0, 0.0, 0.0)
        light.SetIntensity(intensity)
        made.append(light)
    return made


def _with_lights(shader: str) -> str:
    directions = [np.array(direction) / np.linalg.norm(direction) for direction, _ in LIGHTS]
    terms = [
        f"{strength:.4f} * max(0.0, (dot(outward, {_vec3(direction)}) + {SOFT}) / {1.0 + SOFT})"
        for direction, (_, strength) in zip(directions, LIGHTS, strict=True)
    ]
    halfway = directions[0] + np.array([0.0, 0.0, 1.0])
    return (
        shader.replace("{lights}", " + ".join(terms))
        .replace("{halfway}", _vec3(halfway / np.linalg.norm(halfway)))
        .replace("{shine}", f"{SHINE:.4f}")
    )


def _vec3(direction: Floats) -> str:
    return "vec3({:.4f}, {:.4f}, {:.4f})".format(*direction)


def skin_actor(skin: Surface) -> vtkActor:
    """The skin without its flat ends: from outside only, and like glass where it is faded."""
    actor = _shaded(poly_data(skin, vertex_normals(skin)), GLASS)
    actor.GetProperty().BackfaceCullingOn()
    return actor


def flat_actor(surface: Surface) -> vtkActor:
    """Faces without light and shade, each as its colour is."""
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(poly_data(surface))
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    return actor


def plain_mapper(data: vtkPolyData) -> vtkPolyDataMapper:
    """A mapper of triangles that no filter makes, and that all lie within a metre."""
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.ScalarVisibilityOff()
    # Nothing to bring up to date before a picture, and no range to look for in points that moved.
    mapper.SetStatic(True)
    mapper.SetVBOShiftScaleMethod(vtkPolyDataMapper.DISABLE_SHIFT_SCALE)
    return mapper


def _shaded(data: vtkPolyData, light: str = PLAIN_LIGHT) -> vtkActor:
    mapper = plain_mapper(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetInterpolationToGouraud()
    look.SetDiffuse(0.9)
    shader = actor.GetShaderProperty()
    shader.AddFragmentShaderReplacement("//VTK::Light::Impl", True, _with_lights(light), False)
    return actor


def triangles(faces: Ints) -> vtkCellArray:
    """(n, 3) vertex numbers as VTK's cells."""
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int64)
    cells.SetData(
        numpy_to_vtk(offsets, deep=1, array_type=12),
        numpy_to_vtk(faces.astype(np.int64).ravel(), deep=1, array_type=12),
    )
    return cells


def point_cloud() -> tuple[vtkPolyData, vtkUnsignedCharArray, vtkActor]:
    """An empty cloud of round points, its colours, and the actor that draws it."""
    data, colours = vtkPolyData(), vtkUnsignedCharArray()
    colours.SetNumberOfComponents(3)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.SetPickable(False)
    actor.GetProperty().SetRenderPointsAsSpheres(True)
    actor.GetProperty().SetAmbient(0.4)
    return data, colours, actor


def set_points(
    data: vtkPolyData, colours: vtkUnsignedCharArray, points: list[Floats], shades: list[Rgb]
) -> None:
    """Fill a cloud: one colour for each point."""
    shown = np.array(points, dtype=np.float32).reshape(-1, 3)
    wanted = np.array([[round(255 * c) for c in shade] for shade in shades], dtype=np.uint8)
    if data.GetNumberOfPoints() == len(points) and len(points):
        # The same marks elsewhere: so it is in every picture of a movement.
        vtk_to_numpy(data.GetPoints().GetData())[:] = shown
        data.GetPoints().GetData().Modified()
        if not np.array_equal(vtk_to_numpy(colours), wanted):
            vtk_to_numpy(colours)[:] = wanted
            colours.Modified()
        return
    held = vtkPoints()
    verts = vtkCellArray()
    colours.Initialize()
    colours.SetNumberOfComponents(3)
    for number, (point, shade) in enumerate(zip(points, shades, strict=True)):
        held.InsertNextPoint(*map(float, point))
        verts.InsertNextCell(1, [number])
        colours.InsertNextTuple3(*(round(255 * c) for c in shade))
    data.SetPoints(held)
    data.SetVerts(verts)
    data.GetPointData().SetScalars(colours)
    data.Modified()


def tube_actor(curves: list[Floats], radius_mm: float, colour: Rgb) -> vtkActor:
    """All curves as one actor of round tubes."""
    actor = Tubes(curves, radius_mm).actor
    actor.SetPickable(False)
    actor.GetProperty().SetColor(*colour)
    return actor


class Tubes:
    """An actor of round tubes along curves (k, 3), that can be laid along others."""

    def __init__(self, curves: list[Floats] | None = None, radius_mm: float = 1.0) -> None:
        self._data, self._counts = vtkPolyData(), list[int]()
        self._tube = vtkTubeFilter()
        self._tube.SetInputData(self._data)
        self._tube.SetNumberOfSides(8)
        self._tube.CappingOn()
        mapper = vtkPolyDataMapper()
        mapper.SetInputConnection(self._tube.GetOutputPort())
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        self.actor.GetProperty().SetAmbient(0.35)
        self.lay(curves or [], radius_mm)

    def lay(self, curves: list[Floats], radius_mm: float) -> None:
        """Follow other curves, with another radius."""
        self._tube.SetRadius(radius_mm)
        counts = [len(curve) for curve in curves]
        if counts != self._counts:
            self._data.SetLines(_runs(counts))
            self._counts = counts
        self._data.SetPoints(_points(np.concatenate(curves)) if curves else vtkPoints())


def dashed_ring(centre: Floats, normal: Floats, radius_mm: float, dashes: int = 14) -> list[Floats]:
    """Arcs of a circle round ``centre``, across ``normal``; a single dash closes it."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(normal[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    across = np.cross(normal, helper)
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    if dashes == 1:
        spans = [(0.0, 2 * np.pi)]
    else:
        step = 2 * np.pi / dashes
        spans = [(k * step, (k + 0.6) * step) for k in range(dashes)]
    arcs = []
    for start, end in spans:
        angle = np.linspace(start, end, 49 if dashes == 1 else 7)[:, None]
        arcs.append(centre + radius_mm * (np.cos(angle) * across + np.sin(angle) * along))
    return arcs


def place(actor: vtkActor, matrix: Floats | None) -> None:
    """Put an actor where a (4, 4) transform says, or back at rest."""
    if matrix is None:
        if actor.GetUserMatrix() is not None:
            actor.SetUserMatrix(None)
        return
    held = vtkMatrix4x4()
    held.DeepCopy(matrix.ravel().tolist())
    actor.SetUserMatrix(held)


def array_of(matrix: vtkMatrix4x4) -> Floats:
    """(4, 4) the same transform as numbers."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    """A colour ``share`` of the way from one to another."""
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return red, green, blue


def rim_of(surface: PackSurface) -> list[Floats]:
    """The border of an open patch as short pieces (2, 3); none for a closed surface."""
    pairs, count = edges(surface.surface)
    return list(surface.surface.vertices[pairs[count == 1]])


def lines_actor(pieces: list[Floats], colour: Rgb, width_px: float) -> vtkActor:
    """Many short lines as one actor."""
    actor = no_lines()
    lay_lines(actor, pieces, colour, width_px)
    return actor


def no_lines() -> vtkActor:
    """An actor of lines that has none yet."""
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(vtkPolyData())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.SetPickable(False)
    actor.GetProperty().LightingOff()
    return actor


def lay_lines(actor: vtkActor, pieces: list[Floats], colour: Rgb, width_px: float) -> None:
    """Give an actor of lines other ones; with none it is not drawn."""
    actor.SetVisibility(bool(pieces))
    if not pieces:
        return
    data = actor.GetMapper().GetInput()
    data.SetPoints(_points(np.concatenate(pieces)))
    data.SetLines(_runs([len(piece) for piece in pieces]))
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().SetLineWidth(width_px)


def _points(points: Floats) -> vtkPoints:
    held = vtkPoints()
    held.SetData(numpy_to_vtk(points.astype(np.float32), deep=1))
    return held


def _runs(counts: list[int]) -> vtkCellArray:
    """Lines through so many points each, one after the other."""
    lines, start = vtkCellArray(), 0
    for count in counts:
        lines.InsertNextCell(count, list(range(start, start + count)))
        start += count
    return lines


def body_actor(surface: Surface, normals: Floats) -> vtkActor:
    """A closed surface with normals (n, 3), in the light of all others."""
    actor = _shaded(poly_data(surface, normals))
    actor.GetProperty().BackfaceCullingOn()
    return actor
