"""What can be clicked: the records of what is known joined to the pelvis that is loaded."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Bone, Entry, Landmark, Side
from siexplorer.geometry.motion import moved
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack, SurfaceInfo

if TYPE_CHECKING:
    from siexplorer.exploration.moving import Pose


@dataclass(frozen=True, slots=True)
class Item:
    """An entry with its place: the surfaces that show it, its landmark points, what it moves with.

    ``points`` (k, 3) mm is empty for what has only surfaces; ``anchor`` (3,) is where a label
    points.
    """

    entry: Entry
    surfaces: tuple[str, ...]
    points: Floats
    anchor: Floats
    moves_with: str

    @property
    def id(self) -> str:
        """The entry's id, side first."""
        return self.entry.id

    def anchor_in(self, pose: "Pose | None") -> Floats:
        """(3,) where the anchor is once the bones have moved; soft tissue as its bone goes."""
        matrix = None if pose is None else pose.matrices.get(self.moves_with)
        return self.anchor if matrix is None else moved(matrix, self.anchor[None])[0]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of ``siexplorer list``."""

    id: str
    kind: str
    name: str
    side: Side | str


def join(known: Knowledge, pack: Pack | None) -> dict[str, Item]:
    """Items by id, in the order of the records, without those that the pack does not show."""
    items: dict[str, Item] = {}
    if pack is None:
        return items
    for entry in known.entries.values():
        shown = tuple(s.info.id for s in pack.surfaces.values() if s.info.entry == entry.id)
        points = pack.landmarks.get(entry.id, np.empty((0, 3)))
        if not shown and not len(points):
            continue
        items[entry.id] = Item(
            entry, shown, points, _anchor(pack, shown, points), _moves_with(entry, pack, shown)
        )
    return items


def reshaped(items: dict[str, Item], mean: Pack, pack: Pack) -> dict[str, Item]:
    """The items of a pack that is ``mean`` in another shape: the same things at their new places.

    ``items`` are those of ``mean``.
    """
    key = "anchors"
    if key not in mean.derived:
        mean.derived[key] = {
            name: _on_surface(item, mean) for name, item in items.items() if not len(item.points)
        }
    found = {}
    for name, item in items.items():
        if len(item.points):
            points = pack.landmarks[name]
            anchor = np.asarray(points[len(points) // 2])
        else:
            surface, vertex = mean.derived[key][name]
            points, anchor = item.points, pack.surfaces[surface].surface.vertices[vertex]
        found[name] = replace(item, points=points, anchor=anchor)
    return found


def _on_surface(item: Item, pack: Pack) -> tuple[str, int]:
    """The surface and vertex that an item's anchor is."""
    away = {
        name: np.linalg.norm(pack.surfaces[name].surface.vertices - item.anchor, axis=1)
        for name in item.surfaces
    }
    name = min(away, key=lambda one: float(away[one].min()))
    return name, int(away[name].argmin())


def is_soft(entry: Entry | None, info: SurfaceInfo) -> bool:
    """Whether a surface bends and stretches with the bones, instead of going with one of them."""
    if info.role == "area" or isinstance(entry, Landmark) or entry is None:
        return False
    return info.id.endswith("-disc") or not isinstance(entry, Bone)


def rows(known: Knowledge, kind: str | None = None) -> list[Row]:
    """Everything that is known, as ``siexplorer list`` prints it."""
    found = [Row(e.id, e.kind, e.name, e.side) for e in known.entries.values()]
    found += [Row(m.id, m.kind, m.name, m.side) for m in known.movements.values()]
    found += [Row(z.id, z.kind, z.name, "both") for z in known.zones.values()]
    found += [Row(t.id, t.kind, t.name, "both") for t in known.tools.values()]
    found += [Row(p.id, p.kind, p.name, p.side) for p in known.positions.values()]
    found += [
        Row(g.id, g.kind, g.name, g.side if g.paired else "both") for g in known.guides.values()
    ]
    return [row for row in found if kind is None or row.kind == kind]


def _anchor(pack: Pack, shown: tuple[str, ...], points: Floats) -> Floats:
    if len(points):
        return np.asarray(points[len(points) // 2])
    bodies = [name for name in shown if pack.surfaces[name].info.closed]
    vertices = pack.surfaces[(bodies or shown)[0]].surface.vertices
    # Of its extent: a mean would be drawn to where its triangles are small.
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    return np.asarray(vertices[np.argmin(np.linalg.norm(vertices - middle, axis=1))])


def _moves_with(entry: Entry, pack: Pack, shown: tuple[str, ...]) -> str:
    if isinstance(entry, Landmark):
        sided = f"{entry.side}-{entry.bone}"
        return sided if sided in pack.surfaces else entry.bone
    bodies = [name for name in shown if pack.surfaces[name].info.closed]
    return pack.surfaces[(bodies or shown)[0]].info.moves_with
