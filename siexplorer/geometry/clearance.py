"""How far bones run into each other when they move: the mean bones already touch at rest."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray
from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance

from siexplorer.geometry.filters import to_polydata
from siexplorer.geometry.motion import SIDES, Joints, Posture, moved, outwards, shifted, si_motion
from siexplorer.geometry.surface import Floats, Surface, turns_round

NEAR_MM = 16.0
"""Vertices of one bone this near to another at rest are looked at (design)."""

ALLOWED_MM = 0.35
"""How much deeper than at rest an innominate and the sacrum may be drawn in each other (design:
with what lies between two entries of the table, it stays below 0.5)."""

SURE_MM = 1.0
"""A depth below this is taken as the filter tells it (design)."""

MOST_LIFT_MM = 2.0
"""How far outwards an innominate is drawn at most, so that it clears the sacrum (design)."""


@dataclass(frozen=True, slots=True)
class Solid:
    """A bone that can be asked how far points lie from it, inside negative."""

    surface: Surface
    distance: vtkImplicitPolyDataDistance

    @property
    def vertices(self) -> Floats:
        """(n, 3) its vertices."""
        return self.surface.vertices


@dataclass(frozen=True, slots=True)
class Contact:
    """Two bones that face each other, and which vertices of each may reach the other."""

    one: str
    other: str
    of_one: Floats
    of_other: Floats


def solid(surface: Surface) -> Solid:
    """A bone made ready to be asked."""
    distance = vtkImplicitPolyDataDistance()
    distance.SetInput(to_polydata(surface))
    return Solid(surface, distance)


def contact(name: str, one: Solid, other_name: str, other: Solid, near_mm: float) -> Contact:
    """Which vertices of two bones lie near the other bone at rest."""
    to_other = cKDTree(other.vertices).query(one.vertices, distance_upper_bound=near_mm)[0]
    to_one = cKDTree(one.vertices).query(other.vertices, distance_upper_bound=near_mm)[0]
    return Contact(
        name, other_name, one.vertices[to_other < near_mm], other.vertices[to_one < near_mm]
    )


def overlap_mm(solids: dict[str, Solid], pair: Contact, matrices: dict[str, Floats]) -> float:
    """How deep the deepest vertex of either bone lies in the other; 0 where none does."""
    one, other = matrices[pair.one], matrices[pair.other]
    return max(
        _deepest_mm(solids[pair.other], moved(np.linalg.inv(other) @ one, pair.of_one)),
        _deepest_mm(solids[pair.one], moved(np.linalg.inv(one) @ other, pair.of_other)),
    )


def _deepest_mm(bone: Solid, points: Floats) -> float:
    if not len(points):
        return 0.0
    found = vtkDoubleArray()
    bone.distance.FunctionValue(numpy_to_vtk(np.ascontiguousarray(points), deep=1), found)
    depth = -vtk_to_numpy(found)
    for deepest in np.argsort(-depth):
        # By a sharp edge the filter can take a place outside for one far inside.
        if depth[deepest] < SURE_MM or turns_round(bone.surface, points[[deepest]])[0] > 0.5:
            return float(max(0.0, depth[deepest]))
    return 0.0


def room(
    hip_bone: Surface, sacrum: Surface, joints: Joints, side: str, angles_deg: Floats
) -> Floats:
    """(k,) how far an innominate must be drawn outwards at each posterior rotation, in mm.

    That far, it crosses the sacrum hardly more than at rest; NaN where ``MOST_LIFT_MM`` is not
    enough. Real joint faces ride over each other as well, on ridges too fine for this model.
    """
    solids = {"hip": solid(hip_bone), "sacrum": solid(sacrum)}
    pair = contact("hip", solids["hip"], "sacrum", solids["sacrum"], NEAR_MM)
    allowed = overlap_mm(solids, pair, _apart(np.eye(4), side, 0.0)) + ALLOWED_MM
    found = np.full(len(angles_deg), np.nan)
    for number, angle in enumerate(angles_deg):
        posture = Posture(si_deg={**dict.fromkeys(SIDES, 0.0), side: float(angle)})
        motion = si_motion(joints, posture, side)
        low, high = 0.0, MOST_LIFT_MM
        if overlap_mm(solids, pair, _apart(motion, side, low)) <= allowed:
            found[number] = 0.0
            continue
        if overlap_mm(solids, pair, _apart(motion, side, high)) > allowed:
            continue
        while high - low > 0.02:
            middle = (low + high) / 2
            crosses = overlap_mm(solids, pair, _apart(motion, side, middle)) > allowed
            low, high = (middle, high) if crosses else (low, middle)
        found[number] = high
    return found


def _apart(motion: Floats, side: str, lift_mm: float) -> dict[str, Floats]:
    return {"hip": shifted(outwards(side) * lift_mm) @ motion, "sacrum": np.eye(4)}
