"""The tool on the skin: its body, the patch it presses on, and the ways from there."""

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersSources import vtkCylinderSource, vtkSphereSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from siexplorer.anatomy.records import Tool
from siexplorer.exploration.ball import Contact, SkinMap, Verdict
from siexplorer.geometry.contact import SPOKES, across
from siexplorer.geometry.surface import Floats, Surface
from siexplorer.scene.actors import flat_actor, lay_lines, mixed, no_lines, place
from siexplorer.scene.theme import ZONE_COLOURS, Theme, rgb

PATCH_LIFT_MM, WAY_LIFT_MM = 1.4, 3.0
SEE_THROUGH = 0.5
"""How dense a tool is drawn: what it presses on is to be seen through it (design)."""

WAY_STEPS = 12
DASH_MM, GAP_MM = 4.0, 3.0
HEAD_MM = 7.0

TOOL_COLOURS = {
    "tennis-ball": "#c9d64a",
    "lacrosse-ball": "#f3f1ea",
    "racquetball": "#3f78c7",
    "massage-ball": "#5a5f66",
    "foam-roller": "#4f5b66",
}
HAND_COLOUR = "#e0b79a"


class BallMarks:
    """Keeps the actors of the tool; they are moved, not made anew, while it is dragged."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self.renderer = renderer
        self._tool: str | None = None
        self._body: vtkActor | None = None
        self._patch: vtkActor | None = None
        self._lines = {name: no_lines() for name in ("rim", "nearest", "better")}

    def clear(self) -> None:
        """Take everything away."""
        if self._body is None:
            return
        for actor in (self._body, self._patch, *self._lines.values()):
            if actor is not None:
                self.renderer.RemoveActor(actor)
        self._tool = self._body = self._patch = None

    @property
    def body(self) -> vtkActor | None:
        """The tool's own actor."""
        return self._body

    def draw(self, tool: Tool, found: Verdict, on: SkinMap, theme: Theme, scale: float) -> None:
        """Lay the tool where it rests, its patch below it, and the ways to what matters."""
        if self._tool != tool.id or self._body is None:
            self.clear()
            self._tool, self._body = tool.id, tool_actor(tool)
            self.renderer.AddActor(self._body)
            self._patch = _patch_actor(found.contact)
            for actor in (self._patch, *self._lines.values()):
                self.renderer.AddActor(actor)
        assert self._patch is not None
        place(self._body, resting(tool, found.contact))
        colour = rgb(ZONE_COLOURS[found.state])
        lifted = found.contact.patch.vertices + found.contact.normal * PATCH_LIFT_MM
        _set_points(self._patch.GetMapper().GetInput(), lifted)
        self._patch.GetProperty().SetColor(*colour)
        rim = lifted[-SPOKES:]
        edge = mixed(colour, (0.0, 0.0, 0.0), 0.35)
        lay_lines(self._lines["rim"], [np.vstack([rim, rim[:1]])], edge, 3.0 * scale)
        pieces: list[Floats] = []
        way = over_skin(on, found.contact.place, found.nearest.place)
        if found.nearest.distance_mm > 1.0 and len(way) > 1:
            pieces = [way, *arrow_head(way, on)]
        lay_lines(self._lines["nearest"], pieces, theme.label, 2.0 * scale)
        pieces = []
        if found.better is not None:
            way = over_skin(on, found.contact.place, found.better.place)
            if len(way) > 1:
                pieces = [*dashed(way), *arrow_head(way, on)]
        good = mixed(rgb(ZONE_COLOURS["clear"]), (0.0, 0.0, 0.0), 0.25)
        lay_lines(self._lines["better"], pieces, good, 3.2 * scale)


def tool_actor(tool: Tool) -> vtkActor:
    """A tool round the origin, its axis (of a roller) along x and its pressing side towards -z."""
    if tool.length_mm:
        source = vtkCylinderSource()
        source.SetRadius(tool.diameter_mm / 2)
        source.SetHeight(tool.length_mm)
        source.SetResolution(48)
    else:
        source = vtkSphereSource()
        source.SetRadius(tool.diameter_mm / 2)
        source.SetThetaResolution(40)
        source.SetPhiResolution(28)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(source.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*rgb(TOOL_COLOURS.get(tool.id, HAND_COLOUR)))
    look.SetOpacity(SEE_THROUGH if tool.group != "palm" else 0.38)
    look.SetAmbient(0.35)
    look.SetSpecular(0.25)
    look.SetSpecularPower(30.0)
    look.BackfaceCullingOn()
    actor.SetPickable(False)
    return actor


def resting(tool: Tool, contact: Contact) -> Floats:
    """(4, 4) takes a tool from the origin to where it rests: a hand is a flat pad on the skin, a
    roller lies across the body.
    """
    first, second = across(contact.normal)
    matrix = np.eye(4)
    if tool.length_mm:
        # The cylinder stands along y; its side, not its end, lies on the skin.
        matrix[:3, :3] = np.column_stack([second, first, -contact.normal])
        matrix[:3, 3] = contact.centre
        return matrix
    matrix[:3, :3] = np.column_stack([first, second, contact.normal])
    matrix[:3, 3] = contact.centre
    if tool.group in ("hand", "palm"):
        pad = np.array([tool.contact_radius_mm, tool.contact_radius_mm, PAD_MM])
        matrix[:3, :3] *= pad / (tool.diameter_mm / 2)
        matrix[:3, 3] = contact.place + contact.normal * (0.45 * PAD_MM)
    return matrix


PAD_MM = 12.0
"""Half the thickness of a hand as it is drawn (design)."""


def over_skin(on: SkinMap, start: Floats, end: Floats) -> Floats:
    """(k, 3) a line close over the skin from one place on it to another: the straight way, laid on
    the skin at each step.
    """
    if np.linalg.norm(end - start) < 2.0:
        return np.empty((0, 3))
    found = []
    for share in np.linspace(0.0, 1.0, WAY_STEPS):
        place_, face = on.searched.nearest(start + (end - start) * share)
        normal = on.searched.normals[face]
        found.append(place_ + normal / max(float(np.linalg.norm(normal)), 1e-9) * WAY_LIFT_MM)
    return np.array(found)


def dashed(way: Floats) -> list[Floats]:
    """A line (k, 3) as dashes."""
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0.0, along[-1], DASH_MM + GAP_MM)

    def at(where: Floats) -> Floats:
        return np.column_stack([np.interp(where, along, way[:, axis]) for axis in range(3)])

    return [at(np.array([s, min(s + DASH_MM, along[-1])])) for s in starts]


def arrow_head(way: Floats, on: SkinMap) -> list[Floats]:
    """Two short lines at the end of a line (k, 3) over the skin."""
    tip = way[-1]
    back = way[-2] - tip
    back = back / max(float(np.linalg.norm(back)), 1e-9)
    _, face = on.searched.nearest(tip)
    normal = on.searched.normals[face]
    aside = np.cross(back, normal / max(float(np.linalg.norm(normal)), 1e-9))
    return [np.stack([tip + (back + s * 0.6 * aside) * HEAD_MM, tip]) for s in (1.0, -1.0)]


def _patch_actor(contact: Contact) -> vtkActor:
    actor = flat_actor(Surface(contact.patch.vertices, contact.patch.faces))
    actor.GetProperty().SetOpacity(0.55)
    actor.SetPickable(False)
    return actor


def _set_points(data: vtkPolyData, vertices: Floats) -> None:
    held = vtkPoints()
    held.SetData(numpy_to_vtk(vertices.astype(np.float32), deep=1))
    data.SetPoints(held)
    data.Modified()
