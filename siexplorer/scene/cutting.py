"""The cut through the body: filled faces with clear borders, the innermost on top."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPlane, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from siexplorer.anatomy.records import Skin
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.moving import Pose
from siexplorer.exploration.sections import plane_of
from siexplorer.exploration.state import Section, State
from siexplorer.geometry.section import Cut, area_mm2, cut
from siexplorer.geometry.surface import Floats, Ints, Surface
from siexplorer.packs.pack import PackSurface
from siexplorer.scene.actors import flat_actor, mixed, poly_data
from siexplorer.scene.looks import colour_of, cut_colour, cut_rank, role_of
from siexplorer.scene.picking import Picker
from siexplorer.scene.theme import SKIN, Rgb, Theme

Bytes = npt.NDArray[np.uint8]

LIFT_MM = 0.02
"""How much nearer to the eye each face is drawn than the one it covers."""

BORDER_PX = 1.5
DARK: Rgb = (0.13, 0.10, 0.09)


class Cutting:
    """Draws the cut faces of what is shown, and the plane that takes the rest away."""

    def __init__(
        self, renderer: vtkRenderer, exploration: Exploration, picker: Picker, scale: float
    ) -> None:
        self.exploration, self._picker = exploration, picker
        self.plane = vtkPlane()
        self._kept: dict[str, tuple[object, Cut]] = {}
        self.faces = flat_actor(Surface(np.empty((0, 3)), np.empty((0, 3), np.int32)))
        self.borders = flat_actor(Surface(np.empty((0, 3)), np.empty((0, 3), np.int32)))
        self.borders.GetProperty().SetLineWidth(BORDER_PX * scale)
        self.borders.SetPickable(False)
        for actor in (self.faces, self.borders):
            actor.SetVisibility(False)
            renderer.AddActor(actor)
        lines = self.borders.GetMapper()
        lines.SetResolveCoincidentTopologyToPolygonOffset()
        # Seen at a slant, a line lies partly behind the face that it borders.
        lines.SetRelativeCoincidentTopologyLineOffsetParameters(-1.5, -3.0)
        self.anchors: dict[str, Floats] = {}
        self.hollow: frozenset[str] = frozenset()
        picker.add_faces(self.faces, [])
        self._drawn: object = None
        self._shape: object = None

    def beyond(self, section: Section, points: Floats) -> bool:
        """Whether points (k, 3) lie on the side that is taken away."""
        point, normal = plane_of(section)
        return bool(((points - point) @ normal).min() > 1.0)

    def draw(
        self,
        state: State,
        shown: Mapping[str, PackSurface],
        pose: Pose | None,
        theme: Theme,
    ) -> vtkPlane | None:
        """Renew the cut faces of what is shown; returns the plane that clips the rest, or None."""
        section = state.section
        self.faces.SetVisibility(section is not None)
        self.borders.SetVisibility(section is not None)
        if section is None:
            self._kept.clear()
            self.anchors, self.hollow = {}, frozenset()
            self._drawn = None
            return None
        point, normal = plane_of(section)
        # VTK keeps what lies where the normal points to.
        self.plane.SetOrigin(*point)
        self.plane.SetNormal(*(-normal))
        moment = (state.movement, state.at, state.magnification) if pose else None
        pack = self.exploration.pack
        if pack is not None and self._shape is not pack.surfaces:
            self._shape = pack.surfaces
            self._kept.clear()
            self._drawn = None
        key = (section, tuple(shown), moment, state.selected, id(theme))
        if key != self._drawn:
            self._drawn = key
            self._renew(point, normal, shown, pose, theme)
        return self.plane

    def _renew(
        self,
        point: Floats,
        normal: Floats,
        shown: Mapping[str, PackSurface],
        pose: Pose | None,
        theme: Theme,
    ) -> None:
        vertices, faces, face_colours, owners = [], [], [], []
        pieces, piece_colours = [], []
        start, known = 0, self.exploration.known.entries
        made_of: list[tuple[PackSurface, Cut]] = []
        pack = self.exploration.pack
        stand_ins = pack.stand_ins if pack is not None else {}
        for name, surface in shown.items():
            closed = surface.info.closed or name in stand_ins
            if role_of(surface.info) == "body" and closed:
                following = self.exploration.following if pose is not None else None
                if pose is not None and following is not None and following.soft(name):
                    bent = Surface(following.bent(name, pose), surface.surface.faces)
                    made = cut(bent, point, normal)
                else:
                    matrix = pose.matrices.get(surface.info.moves_with) if pose else None
                    # A bone with holes has no inside; what stands in for it has.
                    solid = stand_ins.get(name, surface.surface)
                    made = self._cut(name, solid, point, normal, matrix)
                if len(made.border):
                    made_of.append((surface, made))
        self.anchors = {}
        # What does not close stays open, and shows its inside.
        self.hollow = frozenset(one.info.id for one, made in made_of if not len(made.faces))
        # What lies deeper inside is drawn later and higher; among the same kind, what is smaller.
        made_of.sort(key=lambda one: (cut_rank(known.get(one[0].info.entry)), -area_mm2(one[1])))
        for number, (surface, made) in enumerate(made_of, start=1):
            info, entry = surface.info, known.get(surface.info.entry)
            colour = colour_of(entry, info, theme)
            chosen = info.entry == self.exploration.state.selected
            if chosen and not isinstance(entry, Skin):
                colour = mixed(colour, theme.selected_bone, 0.6)
            vertices.append(made.vertices + normal * number * LIFT_MM)
            if len(made.faces):
                middles = made.vertices[made.faces].mean(axis=1)
                inmost = np.linalg.norm(middles - middles.mean(axis=0), axis=1).argmin()
                self.anchors.setdefault(info.entry, middles[inmost])
            faces.append(made.faces + start)
            face_colours.append(np.tile(_bytes(cut_colour(entry, colour)), (len(made.faces), 1)))
            owners += [info.entry] * len(made.faces)
            pieces.append(made.border + start)
            edge = mixed(SKIN if isinstance(entry, Skin) else colour, DARK, 0.5)
            piece_colours.append(np.tile(_bytes(edge), (len(made.border), 1)))
            start += len(made.vertices)
        points = np.concatenate(vertices) if vertices else np.empty((0, 3))
        triangles = np.concatenate(faces) if faces else np.empty((0, 3), np.int32)
        data = poly_data(Surface(points, triangles.astype(np.int32)))
        _show(self.faces, data, face_colours)
        _show(self.borders, _lines(points + normal * LIFT_MM / 2, pieces), piece_colours)
        self._picker.add_faces(self.faces, owners)

    def _cut(
        self,
        name: str,
        surface: Surface,
        point: Floats,
        normal: Floats,
        matrix: Floats | None,
    ) -> Cut:
        """The cut of one surface; kept, as most stay where they are while others move."""
        turned, shift = (
            (np.eye(3), np.zeros(3))
            if matrix is None
            else (
                matrix[:3, :3],
                matrix[:3, 3],
            )
        )
        # The plane as the surface at rest would meet it.
        at, across = turned.T @ (point - shift), turned.T @ normal
        key = (*np.round(at @ across, 6).reshape(-1), *np.round(across, 6))
        kept = self._kept.get(name)
        if kept is None or kept[0] != key:
            kept = (key, cut(surface, at, across))
            self._kept[name] = kept
        made = kept[1]
        if matrix is None:
            return made
        return Cut(made.vertices @ turned.T + shift, made.faces, made.border)


def _bytes(colour: Rgb) -> Bytes:
    return np.array([round(255 * c) for c in colour], dtype=np.uint8)


def _lines(points: Floats, pieces: list[Ints]) -> vtkPolyData:
    data, held, lines = vtkPolyData(), vtkPoints(), vtkCellArray()
    held.SetData(numpy_to_vtk(points.astype(np.float32), deep=1))
    pairs = np.concatenate(pieces).astype(np.int64) if pieces else np.empty((0, 2), np.int64)
    offsets = np.arange(0, 2 * len(pairs) + 1, 2, dtype=np.int64)
    lines.SetData(
        numpy_to_vtk(offsets, deep=1, array_type=12),
        numpy_to_vtk(pairs.ravel(), deep=1, array_type=12),
    )
    data.SetPoints(held)
    data.SetLines(lines)
    return data


def _show(actor: vtkActor, data: vtkPolyData, colours: list[Bytes]) -> None:
    held = np.concatenate(colours) if colours else np.empty((0, 3), np.uint8)
    data.GetCellData().SetScalars(numpy_to_vtk(held, deep=1))
    mapper = actor.GetMapper()
    assert isinstance(mapper, vtkPolyDataMapper)
    mapper.SetInputData(data)
    mapper.SetScalarModeToUseCellData()
    mapper.ScalarVisibilityOn()
