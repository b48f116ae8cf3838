"""Soft tissue that is drawn, bent with the bones: its points are moved in place, frame by frame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDataArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from siexplorer.exploration.moving import Pose
from siexplorer.geometry.motion import BODIES, angle_deg

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following
    from siexplorer.geometry.skinning import Tied

Singles = npt.NDArray[np.float32]


MOST_GROUPS = 4
"""So many sets of things that bend together are kept: what can be seen changes back and forth."""

NORMALS_FROM_DEG = 12.5
"""From this turn of a body on, normals are turned too (design: more than an SI joint is drawn)."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The triangles that stand for a surface now; ``kept`` are the surface's vertices they use."""

    data: vtkPolyData
    surface: str
    kept: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """The arrays of triangles that are drawn, open to be written to, and how they are at rest."""

    data: vtkPolyData
    points: Singles
    normals: Singles | None
    rest_points: Singles
    rest_normals: Singles
    arrays: tuple[vtkDataArray, vtkDataArray | None]

    def fill(self, points: Singles, normals: Singles | None) -> None:
        """Write (n, 3) points, and normals where they change; VTK takes them with the next
        picture."""
        self.points[:] = points
        # What holds an array is as young as that is.
        places, facing = self.arrays
        places.Modified()
        if self.normals is not None and facing is not None and normals is not None:
            self.normals[:] = normals
            facing.Modified()


@dataclass(frozen=True, slots=True)
class _Group:
    """What bends in one step: the tied whole, and of each of the triangles which rows belong to
    them, and which bodies carry them.
    """

    whole: "Tied"
    rows: list[tuple[_Held, slice, frozenset[str]]]


class Bending:
    """Keeps the points of soft tissue where a pose takes them.

    What is not tied to its bones yet stays at rest until it is; with ``patient`` it is tied at
    once, for pictures that are drawn only once.
    """

    def __init__(self, *, patient: bool) -> None:
        self.patient = patient
        self._held: dict[vtkPolyData, _Held] = {}
        self._bent: set[vtkPolyData] = set()
        self._turned: set[vtkPolyData] = set()
        self._groups: dict[tuple[tuple[str, vtkPolyData], ...], _Group] = {}
        self._last: tuple[Mapping[str, Drawn], _Group] | None = None
        self._following: Following | None = None
        self.waiting: frozenset[str] = frozenset()

    def forget(self) -> None:
        """The points at rest are others from now on."""
        for data in list(self._bent):
            self._lay_back(data)
        self._held.clear()
        self._groups.clear()
        self._last = None

    def draw(
        self, drawn: Mapping[str, Drawn], following: "Following | None", pose: Pose | None
    ) -> frozenset[str]:
        """Bend what is drawn, or lay it back at rest; returns the names whose points changed.

        One that comes again, and is the very same mapping, is known already.
        """
        if pose is None or following is None or pose.resting:
            self.waiting = frozenset()
            changed = frozenset(name for name, one in drawn.items() if one.data in self._bent)
            for one in drawn.values():
                self._lay_back(one.data)
            return changed
        from siexplorer.geometry.skinning import follow

        if following is not self._following:
            # It may tie the same things otherwise.
            self._following = following
            self._groups.clear()
            self._last = None
        if self._last is not None and self._last[0] is drawn and not self.waiting:
            group = self._last[1]
        else:
            found = following.tie if self.patient else following.ready
            tied = {name: found(one.surface) for name, one in drawn.items()}
            self.waiting = frozenset(name for name, one in tied.items() if one is None)
            there = {name: one for name, one in tied.items() if one is not None}
            if not there:
                return frozenset()
            # What turns with the same thigh lies together, and follows faster so.
            near = {name: drawn[name] for name in sorted(there, key=_side)}
            group = self._gathered(near, there)
            self._last = drawn, group
        far = {
            body for body, matrix in pose.matrices.items() if angle_deg(matrix) > NORMALS_FROM_DEG
        }
        facing = bool(far) or bool(self._turned)
        points, normals = follow(group.whole, pose.matrices, pose.joints, facing=facing)
        for held, rows, carriers in group.rows:
            # Light hardly tells a small turn, and half of what is handed over is saved.
            turned = not far.isdisjoint(carriers)
            again = turned or held.data in self._turned
            held.fill(points[:, rows].T, normals[:, rows].T if again else None)
            self._bent.add(held.data)
            if turned:
                self._turned.add(held.data)
            else:
                self._turned.discard(held.data)
        return frozenset(drawn.keys() - self.waiting)

    def _gathered(self, drawn: Mapping[str, Drawn], tied: Mapping[str, "Tied"]) -> _Group:
        key = tuple((name, one.data) for name, one in drawn.items())
        if key in self._groups:
            return self._groups[key]
        parts, rows, start = [], [], 0
        for name, one in drawn.items():
            part = tied[name]
            if one.kept is not None:
                part = part.only(one.kept)
            held = self._holding(one.data)
            # A coarse stand-in has points of its own between those that tell how it follows.
            part = replace(
                part, points=held.rest_points.T.copy(), normals=held.rest_normals.T.copy()
            )
            parts.append(part)
            rows.append((held, slice(start, start + part.count), _carriers(part)))
            start += part.count
        from siexplorer.geometry.skinning import gathered

        group = _Group(gathered(parts), rows)
        while len(self._groups) >= MOST_GROUPS:
            self._groups.pop(next(iter(self._groups)))
        self._groups[key] = group
        return group

    def _holding(self, data: vtkPolyData) -> _Held:
        if data not in self._held:
            places = data.GetPoints().GetData()
            points = vtk_to_numpy(places)
            facing = data.GetPointData().GetNormals()
            normals = None if facing is None else vtk_to_numpy(facing)
            rest = np.zeros_like(points) if normals is None else normals.copy()
            arrays = (places, facing)
            self._held[data] = _Held(data, points, normals, points.copy(), rest, arrays)
        return self._held[data]

    def _lay_back(self, data: vtkPolyData) -> None:
        if data in self._bent:
            held = self._held[data]
            held.fill(held.rest_points, held.rest_normals)
            self._bent.discard(data)
            self._turned.discard(data)


def _side(name: str) -> int:
    """Where a name comes in the order of left, middle and right."""
    return 0 if name.startswith("left-") else 2 if name.startswith("right-") else 1


def _carriers(part: "Tied") -> frozenset[str]:
    """The bodies that carry any of it."""
    found = {name for name, share in zip(BODIES, part.shares, strict=True) if share.any()}
    return frozenset(
        found | {f"{side}-femur" for side, share in part.thighs.items() if share.any()}
    )
