"""What is drawn only while something moves: the axis, the joint line's shift, forces, hands."""

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from siexplorer.anatomy.records import Mark, Movement
from siexplorer.exploration.moving import STRAIN_FROM_PERCENT, Pose, moves_si
from siexplorer.geometry.motion import SIDES, X, displacement_mm, moved, outwards
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack
from siexplorer.scene.actors import Tubes, dashed_ring, mixed
from siexplorer.scene.actors import place as put
from siexplorer.scene.camera import DIRECTIONS
from siexplorer.scene.theme import Rgb, Theme, rgb

if TYPE_CHECKING:
    from siexplorer.exploration.following import Length

AXIS_REACH_MM = (8.0, 150.0)
JOINT_SHIFT_FROM_MM = 0.15
"""A joint that is drawn shifted by less shows no ticks (design)."""

ARROW_MM, ARROW_APART_MM, ARROW_RADIUS_MM = 34.0, 10.0, 2.6
HAND_RADIUS_MM, HAND_ARROW_MM = 19.0, 46.0

TAUT, SLACK = rgb("#d55e00"), rgb("#6f8fa8")
"""Okabe and Ito's vermilion and a greyed blue; a label says taut or slack in words."""

STRAIN_FULL_PERCENT = 3.0
"""From this strain on a ligament has its full colour (design)."""


class MovingMarks:
    """Keeps the actors that belong to the movement being shown; from moment to moment they are put
    elsewhere, not made anew.
    """

    def __init__(self, renderer: vtkRenderer) -> None:
        self.renderer = renderer
        self._tubes: list[Tubes] = []
        self._cones: list[vtkActor] = []
        self._used = [0, 0]
        self.placed: list[tuple[Mark, Floats]] = []
        """The marks that are drawn now, and where."""

    def clear(self) -> None:
        """Take everything away."""
        self._used, self.placed = [0, 0], []
        self._hide_rest()

    def draw(self, pack: Pack, movement: Movement, pose: Pose, theme: Theme) -> None:
        """Draw what belongs to a moment."""
        self._used, self.placed = [0, 0], []
        axis = _axis(movement, pose)
        if axis is not None:
            self._tube([axis], 0.9, theme.accent)
        for side in SIDES:
            ticks = joint_ticks(pack, pose, side)
            if ticks:
                self._tube(ticks, 0.7, theme.accent)
        for mark in movement.marks:
            if pose.at + 1e-9 < mark.from_moment:
                continue
            place = place_of_mark(pack, pose, mark.at_place, mark.offset_mm)
            if place is None:
                continue
            self.placed.append((mark, place))
            if mark.kind == "compression":
                side = mark.at_place.partition("-")[0]
                way = outwards(side) if side in SIDES else np.array([0.0, 0.0, 1.0])
                for sign in (1.0, -1.0):
                    tip = place + sign * way * ARROW_APART_MM
                    self._arrow(tip + sign * way * ARROW_MM, tip, theme.accent)
            else:
                towards = np.array(mark.towards)
                length = float(np.linalg.norm(towards))
                self._hand(place, np.array(DIRECTIONS[movement.view][0]), theme)
                if length > 0.0:
                    end = place + towards / length * HAND_ARROW_MM
                    self._arrow(place, end, theme.accent)
        self._hide_rest()

    def _tube(self, curves: list[Floats], radius_mm: float, colour: Rgb) -> None:
        if self._used[0] == len(self._tubes):
            self._tubes.append(Tubes())
            self._add(self._tubes[-1].actor)
        tubes = self._tubes[self._used[0]]
        self._used[0] += 1
        tubes.lay(curves, radius_mm)
        tubes.actor.GetProperty().SetColor(*colour)
        tubes.actor.SetVisibility(True)

    def _arrow(self, start: Floats, tip: Floats, colour: Rgb) -> None:
        way = (tip - start) / np.linalg.norm(tip - start)
        head = tip - way * 4.0 * ARROW_RADIUS_MM
        self._tube([np.stack([start, head])], ARROW_RADIUS_MM, colour)
        if self._used[1] == len(self._cones):
            self._cones.append(_cone())
            self._add(self._cones[-1])
        cone = self._cones[self._used[1]]
        self._used[1] += 1
        put(cone, _cone_matrix(head, tip, 2.4 * ARROW_RADIUS_MM))
        cone.GetProperty().SetColor(*colour)
        cone.SetVisibility(True)

    def _hand(self, place: Floats, towards: Floats, theme: Theme) -> None:
        ring = dashed_ring(place, towards, HAND_RADIUS_MM, dashes=1)
        self._tube(ring, 1.6, mixed(theme.accent, theme.label, 0.3))

    def _add(self, actor: vtkActor) -> None:
        actor.SetPickable(False)
        actor.GetProperty().LightingOff()
        self.renderer.AddActor(actor)

    def _hide_rest(self) -> None:
        for tubes in self._tubes[self._used[0] :]:
            tubes.actor.SetVisibility(False)
        for cone in self._cones[self._used[1] :]:
            cone.SetVisibility(False)


def place_of_mark(
    pack: Pack, pose: Pose, name: str, offset_mm: tuple[float, float, float]
) -> Floats | None:
    """(3,) where a mark is now: at a joint or a landmark of the pack, carried by its bone."""
    side = name.partition("-")[0]
    if name in pack.centres:
        carrier, point = "sacrum", pack.centres[name]
        if name.endswith("hip-joint"):
            carrier = f"{side}-hip-bone"
    elif name in pack.landmarks:
        point = pack.landmarks[name][len(pack.landmarks[name]) // 2]
        part = "femur" if "trochanter" in name else "hip-bone"
        carrier = f"{side}-{part}" if side in SIDES else "sacrum"
    else:
        return None
    return np.asarray(moved(pose.matrices[carrier], point) + np.array(offset_mm))


def shifts(pack: Pack, movement: Movement, pose: Pose) -> list[tuple[str, float]]:
    """How far landmarks truly go by the SI joints alone, in mm, by a short name."""
    found = []
    if movement.held == "hip-bones":
        rows = [
            ("Promontory", "sacral-promontory", "sacrum"),
            ("Sacral apex", "sacral-apex", "sacrum"),
        ]
    else:
        rows = [
            (f"{side.capitalize()} {name.upper()}", f"{side}-{name}", f"{side}-hip-bone")
            for side in SIDES
            if moves_si(movement, side)
            for name in ("asis", "psis")
        ]
    for words, name, body in rows:
        if name in pack.landmarks:
            shift = displacement_mm(pose.si_only[body], pack.landmarks[name][0])
            found.append((words, float(np.linalg.norm(shift))))
    return found


def joint_ticks(pack: Pack, pose: Pose, side: str) -> list[Floats]:
    """Short lines from the joint line on the sacrum to the same places on the innominate."""
    line = pack.landmarks.get(f"{side}-si-joint-line")
    if line is None:
        return []
    on_sacrum = moved(pose.matrices["sacrum"], line[::2])
    on_hip = moved(pose.matrices[f"{side}-hip-bone"], line[::2])
    if np.linalg.norm(on_hip - on_sacrum, axis=1).max() < JOINT_SHIFT_FROM_MM:
        return []
    return [np.stack(pair) for pair in zip(on_sacrum, on_hip, strict=True)]


def tint(length: "Length | None") -> Rgb:
    """What a ligament's colour is multiplied with: white unchanged, vermilion taut, blue slack."""
    if length is None:
        return 1.0, 1.0, 1.0
    strain = length.change_percent
    share = (abs(strain) - STRAIN_FROM_PERCENT) / (STRAIN_FULL_PERCENT - STRAIN_FROM_PERCENT)
    return mixed((1.0, 1.0, 1.0), TAUT if strain > 0 else SLACK, float(np.clip(share, 0.0, 1.0)))


def _axis(movement: Movement, pose: Pose) -> Floats | None:
    """(2, 3) the SI axis, as it is carried, on the sides that turn; None where none does."""
    turning = {side for side in SIDES if moves_si(movement, side)}
    if not turning:
        return None
    near, far = AXIS_REACH_MM
    low = -far if "right" in turning else near
    high = far if "left" in turning else -near
    carrier = pose.matrices["left-hip-bone" if movement.held == "hip-bones" else "sacrum"]
    line: Floats = pose.joints.si_axis + np.array([[low, 0.0, 0.0], [high, 0.0, 0.0]])
    return moved(carrier, line)


def _cone(sides: int = 16) -> vtkActor:
    """A cone of radius 1 on the xy plane with its tip at z = 1."""
    points, cells = vtkPoints(), vtkCellArray()
    points.InsertNextPoint(0.0, 0.0, 1.0)
    for angle in np.linspace(0.0, 2 * np.pi, sides, endpoint=False):
        points.InsertNextPoint(float(np.cos(angle)), float(np.sin(angle)), 0.0)
    for number in range(sides):
        cells.InsertNextCell(3, [0, number + 1, (number + 1) % sides + 1])
    cells.InsertNextCell(sides, list(range(sides, 0, -1)))
    data = vtkPolyData()
    data.SetPoints(points)
    data.SetPolys(cells)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    return actor


def _cone_matrix(base: Floats, tip: Floats, radius_mm: float) -> Floats:
    """(4, 4) that puts that cone between two points (3,)."""
    along = tip - base
    helper = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 * np.linalg.norm(along) else X
    across = np.cross(along, helper)
    across *= radius_mm / np.linalg.norm(across)
    other = np.cross(along, across) / np.linalg.norm(along)
    matrix = np.eye(4)
    matrix[:3] = np.column_stack([across, other, along, base])
    return matrix
