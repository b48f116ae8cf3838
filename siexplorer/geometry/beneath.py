"""What lies under a place on the skin: the layers that a line inwards goes through, in order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.rays import Searched, first_mm
from siexplorer.geometry.surface import Floats, Surface, joined

LEAST_MM = 0.2
"""A layer thinner than this is a graze, not a layer (design)."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A closed surface that the line goes through: which one, where in and where out, in mm."""

    index: int
    enters_mm: float
    leaves_mm: float


@dataclass(frozen=True, slots=True)
class Beside:
    """A cord that passes near the line: which one, how deep, how far from the line, in mm."""

    index: int
    depth_mm: float
    away_mm: float


class Inside:
    """Closed surfaces, searched as one, and cords (nerves and vessels), asked for their nearness.

    ``solids`` and ``cords`` are counted on from 0 in the order given, cords after solids.
    """

    def __init__(self, solids: list[Surface], cords: list[Surface]) -> None:
        parts = [*solids, *cords]
        self._searched = Searched(joined(parts))
        self._owner = np.repeat(np.arange(len(parts)), [len(part.faces) for part in parts])
        self._cord_points = np.concatenate([cord.vertices for cord in cords] or [np.empty((0, 3))])
        self._cord_owner = np.repeat(
            np.arange(len(solids), len(parts)), [len(cord.vertices) for cord in cords]
        )

    def passed(self, start: Floats, inwards: Floats, reach_mm: float) -> list[Passed]:
        """What the line from ``start`` (3,) along the unit vector ``inwards`` (3,) goes through,
        in the order in which it enters.
        """
        met = self._searched.crossings(start, start + inwards * reach_mm)
        owners = self._owner[met.faces]
        found = []
        for owner in np.unique(owners):
            own = owners == owner
            found += _pairs(int(owner), met.along_mm[own], met.entering[own])
        return sorted(found, key=lambda one: (one.enters_mm, one.leaves_mm))

    def beside(
        self, start: Floats, inwards: Floats, reach_mm: float, away_mm: float
    ) -> list[Beside]:
        """The cords within ``away_mm`` of that line, each where it comes nearest."""
        offset = self._cord_points - start
        depth = offset @ inwards
        away = np.linalg.norm(offset - depth[:, None] * inwards, axis=1)
        near = (away <= away_mm) & (depth > 0.0) & (depth <= reach_mm)
        found = []
        for owner in np.unique(self._cord_owner[near]):
            own = np.flatnonzero(near & (self._cord_owner == owner))
            best = own[away[own].argmin()]
            found.append(Beside(int(owner), float(depth[best]), float(away[best])))
        return sorted(found, key=lambda one: one.depth_mm)


def _pairs(owner: int, along: Floats, entering: npt.NDArray[np.bool_]) -> list[Passed]:
    """Where one surface is entered and left in turn; an edge that is met twice counts once."""
    found: list[Passed] = []
    inside_since: float | None = None
    for place, goes_in in zip(along, entering, strict=True):
        if goes_in and inside_since is None:
            inside_since = float(place)
        elif not goes_in and inside_since is not None:
            if place - inside_since >= LEAST_MM:
                found.append(Passed(owner, inside_since, float(place)))
            inside_since = None
    return found


def reached_from(
    skin: Surface, normals: Floats, target: Surface, walls: Surface, reach_mm: float
) -> Floats:
    """(n,) how deep below each skin vertex a line inwards meets ``target``, mm; infinite where it
    does not within ``reach_mm``, or where it meets ``walls`` (bones) first.
    """
    depth = np.full(len(skin.vertices), np.inf)
    aim, stop = Searched(target), Searched(walls)
    low, high = target.vertices.min(axis=0), target.vertices.max(axis=0)
    ends = skin.vertices - normals * reach_mm
    towards = (np.maximum(skin.vertices, ends) >= low) & (np.minimum(skin.vertices, ends) <= high)
    index = np.flatnonzero(towards.all(axis=1))
    met = first_mm(aim, skin.vertices[index], ends[index])
    index, met = index[np.isfinite(met)], met[np.isfinite(met)]
    free = first_mm(stop, skin.vertices[index], ends[index]) > met
    depth[index[free]] = met[free]
    return depth
