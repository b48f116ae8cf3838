"""Where on the skin a technique's tool lies: a place of its zone, over the thing it aims at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Place, Position, Technique, Tool
from siexplorer.exploration.ball import (
    SkinMap,
    Verdict,
    position_pose,
    reaches,
    skin_map,
    verdict,
)
from siexplorer.exploration.catalog import join
from siexplorer.exploration.state import SkinKind
from siexplorer.geometry.motion import moved
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.zones import ORDER, SIGNS
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following

DEEP_INSIDE_MM = 4.0
"""A placed tool lies so far inside its zone, or as far as the zone allows (design)."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A place of a technique on one skin: the tool there, and what the rules say of it."""

    place: Place
    tool: Tool
    position: Position
    verdict: Verdict

    @property
    def point(self) -> Floats:
        """The place on the skin (3,)."""
        return self.verdict.contact.place


def placed(
    known: Knowledge,
    pack: Pack,
    skin: SkinKind,
    one: Technique,
    tool: str | None = None,
    following: "Following | None" = None,
) -> list[Placed]:
    """The places of a technique on a skin, with one of its tools or else the softest. Places that
    have no zone, and those that the skin does not show, are left out.

    Raises
    ------
    ZoneError
        If the map cannot be made.
    """
    chosen = known.tools.get(tool or next(iter(one.tools), ""))
    position = known.positions.get(one.position)
    if chosen is None or position is None:
        return []
    on = skin_map(known, pack, skin, position, following)
    found = []
    for place in one.places:
        point = spot(known, pack, on, place, chosen, position)
        if point is not None:
            said = verdict(known, on, chosen, position, point)
            found.append(Placed(place, chosen, position, said))
    return found


def spot(
    known: Knowledge, pack: Pack, on: SkinMap, place: Place, tool: Tool, position: Position
) -> Floats | None:
    """The vertex (3,) of a place's zone that is nearest to what it lies over, well inside the zone
    and within the tool's reach; None where there is none.
    """
    if place.zone not in ORDER:
        return None
    kinds = (np.array(ORDER) == place.zone).astype(np.int8)
    radius = tool.counted_radius_mm
    fits = on.rules(radius) == ORDER.index(place.zone)
    if place.side in SIGNS:
        fits &= on.grid.points[:, 0] * SIGNS[place.side] > 0.0
    found = np.flatnonzero(fits)
    found = found[[reaches(tool, position, on.grid.normals[at]) for at in found]]
    if not len(found):
        return None
    depth = on.inside_mm(radius, kinds)[found, 1]
    found = found[depth >= min(DEEP_INSIDE_MM, float(depth.max()))]
    aim = _aim(known, pack, place, position)
    if aim is None:
        aim = on.grid.points[found].mean(axis=0)
    nearest = np.linalg.norm(on.grid.points[found] - aim, axis=1).argmin()
    return np.asarray(on.grid.points[found[nearest]])


def _aim(known: Knowledge, pack: Pack, place: Place, position: Position) -> Floats | None:
    """Where the thing that a place lies over is, in a position (3,)."""
    item = join(known, pack).get(place.over)
    if item is None:
        return None
    pose = position_pose(pack, position)
    if pose is None or item.moves_with not in pose.matrices:
        return np.asarray(item.anchor)
    return moved(pose.matrices[item.moves_with], item.anchor)
