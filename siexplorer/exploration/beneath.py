"""What lies beneath a place on the skin, by name: and from where on the skin a thing is reached."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Bone, Entry, Nerve, Position, Vessel, View
from siexplorer.exploration.ball import SkinMap, over, position_pose
from siexplorer.exploration.moving import Pose
from siexplorer.geometry.beneath import Inside, reached_from
from siexplorer.geometry.contact import facing
from siexplorer.geometry.motion import moved
from siexplorer.geometry.rays import Searched
from siexplorer.geometry.surface import Floats, Surface, joined
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following

SKIN_MM = 2.0
"""How thick the skin itself is taken to be (design: the model has only its outside)."""

REACH_MM = 150.0
"""How far inwards is looked (design)."""

REACHED_MM = 90.0
"""What lies deeper is not counted as reached (design: lines from the belly, or through the other
buttock, would meet everything in the end)."""

BESIDE_MM = 25.0
"""A nerve or vessel is named when it passes within this of the line (design: about the contact
radius of a ball and a little more)."""

Kind = Literal[
    "skin", "soft-tissue", "muscle", "ligament", "cartilage", "bone", "nerve", "vessel", "opening"
]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer on the way inwards, or a nerve or vessel beside it.

    ``id`` is the entry's, or empty for what has none. ``depth_mm`` is where it begins below the
    skin; of a cord beside the line, where that comes nearest, at ``away_mm``.
    """

    id: str
    surface: str
    name: str
    kind: Kind
    depth_mm: float
    thickness_mm: float
    away_mm: float = 0.0

    @property
    def beside(self) -> bool:
        """Whether the line only passes near it."""
        return self.away_mm > 0.0


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers below a place (3,) on the skin along the unit vector ``inwards`` (3,)."""

    place: Floats
    inwards: Floats
    layers: tuple[Layer, ...]

    @property
    def deepest_mm(self) -> float:
        """How deep the last layer ends."""
        return max((one.depth_mm + one.thickness_mm for one in self.layers), default=0.0)


@dataclass(slots=True)
class Body:
    """Everything inside the skin in one position, ready to be asked: surfaces by number."""

    names: list[str]
    inside: Inside
    openings: dict[str, Searched]


def body_of(
    known: Knowledge, pack: Pack, position: Position, following: "Following | None" = None
) -> Body:
    """What is inside the skin in a position; worked out once.

    Raises
    ------
    ValueError, KeyError
        As :func:`siexplorer.exploration.moving.held_pose` does.
    """
    key = ("inside", position.id)
    if key not in pack.derived:
        pack.derived[key] = _body(known, pack, position, following)
    found: Body = pack.derived[key]
    return found


def made_body(pack: Pack, position: Position) -> Body | None:
    """What is inside the skin in a position, if it was worked out already."""
    found: Body | None = pack.derived.get(("inside", position.id))
    return found


def _body(known: Knowledge, pack: Pack, position: Position, following: "Following | None") -> Body:
    pose = position_pose(pack, position)
    within = [
        name
        for name, one in pack.surfaces.items()
        if one.info.role == "body"
        and (one.info.closed or name in pack.stand_ins)
        and not name.startswith("skin-")
    ]
    cords = [n for n in within if isinstance(_entry(known, pack, n), Nerve | Vessel)]
    names = [n for n in within if n not in cords] + cords
    solids = len(names) - len(cords)
    shapes = [shape_in(known, pack, name, pose, following) for name in names]
    openings = {
        name: Searched(_posed(_opening(points), pose, f"{name.partition('-')[0]}-hip-bone"))
        for name, points in pack.landmarks.items()
        if name.endswith("greater-sciatic-notch")
    }
    return Body(names, Inside(shapes[:solids], shapes[solids:]), openings)


def shape_in(
    known: Knowledge, pack: Pack, name: str, pose: Pose | None, following: "Following | None"
) -> Surface:
    """A surface of the pack where a pose has taken it."""
    one = pack.surfaces[name]
    if name in pack.stand_ins:
        return _posed(pack.stand_ins[name], pose, one.info.moves_with)
    if pose is None:
        return one.surface
    if following is None:
        from siexplorer.exploration.following import Following

        following = Following(known, pack)
    if following.soft(name):
        return Surface(following.bent(name, pose), one.surface.faces)
    return _posed(one.surface, pose, one.info.moves_with)


def _posed(surface: Surface, pose: Pose | None, body: str) -> Surface:
    matrix = None if pose is None else pose.matrices.get(body)
    return surface if matrix is None else Surface(moved(matrix, surface.vertices), surface.faces)


def _opening(rim: Floats) -> Surface:
    """The gap that a notch (k, 3) leaves, as a fan over it."""
    vertices = np.vstack([rim.mean(axis=0), rim])
    first = np.arange(1, len(rim) + 1)
    after = np.roll(first, -1)
    return Surface(vertices, np.column_stack([np.zeros_like(first), first, after]).astype(np.int32))


def beneath(
    known: Knowledge, pack: Pack, on: SkinMap, body: Body, point: Floats, view: View | None = None
) -> Stack:
    """What lies below the place on the skin nearest to a point (3,), or nearest to it of those
    that can be seen from a view.
    """
    above = point if view is None else over(on, point, view)
    place, _, normal = facing(on.searched, on.grid.normals, above)
    away = place - point
    if 1.0 < np.linalg.norm(away) < REACH_MM:
        # A point inside the body: its nearest place on the skin lies straight above it.
        towards = away / np.linalg.norm(away)
        if towards @ normal > 0.5:
            normal = towards
    return stack_along(known, pack, on, body, place, -normal)


def stack_along(
    known: Knowledge, pack: Pack, on: SkinMap, body: Body, place: Floats, inwards: Floats
) -> Stack:
    """The layers from a place (3,) on the skin along a unit vector (3,)."""
    passed = body.inside.passed(place, inwards, REACH_MM)
    # What comes after leaving the body again belongs to another limb.
    out = on.searched.crossings(place + inwards, place + inwards * REACH_MM)
    leaving = out.along_mm[~out.entering]
    end = float(leaving[0]) + 1.0 if len(leaving) else REACH_MM
    passed = [one for one in passed if one.enters_mm < end]
    first = min((one.enters_mm for one in passed), default=end)
    said = known.say("layer_skin")
    layers = [Layer(on.skin, "", said, "skin", 0.0, min(SKIN_MM, first))]
    if first > SKIN_MM:
        name = known.say("layer_fat_and_wall" if _over_belly(on, place) else "layer_fat")
        layers.append(Layer("", "", name, "soft-tissue", SKIN_MM, first - SKIN_MM))
    layers += [
        _layer(known, pack, body, one.index, one.enters_mm, min(one.leaves_mm, end) - one.enters_mm)
        for one in passed
    ]
    through = {one.index for one in passed}
    layers += [
        _layer(known, pack, body, cord.index, cord.depth_mm, 0.0, cord.away_mm)
        for cord in body.inside.beside(place, inwards, min(end, REACH_MM), BESIDE_MM)
        if cord.index not in through
    ]
    layers += _openings(known, body, place, inwards, end)
    return Stack(place, inwards, tuple(sorted(layers, key=lambda one: one.depth_mm)))


def _openings(
    known: Knowledge, body: Body, place: Floats, inwards: Floats, end: float
) -> list[Layer]:
    found = []
    for name, fan in body.openings.items():
        met = fan.crossings(place, place + inwards * end)
        if len(met.along_mm) and name in known.entries:
            said = known.say("layer_opening", name=known.entries[name].name)
            found.append(Layer(name, "", said, "opening", float(met.along_mm[0]), 0.0))
    return found


def _layer(
    known: Knowledge, pack: Pack, body: Body, index: int, depth: float, thickness: float,
    away: float = 0.0,
) -> Layer:  # fmt: skip
    surface = body.names[index]
    entry = _entry(known, pack, surface)
    kind: Kind = "bone"
    if entry is not None and not isinstance(entry, Bone):
        kind = entry.kind  # type: ignore[assignment]
    if surface.endswith("-disc"):
        kind = "cartilage"
    name = entry.name if entry is not None else surface
    return Layer(entry.id if entry is not None else "", surface, name, kind, depth, thickness, away)


def _entry(known: Knowledge, pack: Pack, surface: str) -> Entry | None:
    return known.entries.get(pack.surfaces[surface].info.entry)


def _over_belly(on: SkinMap, place: Floats) -> bool:
    """Whether the wall of the belly lies here, which the model does not show apart from the fat."""
    nearest = int(np.linalg.norm(on.grid.points - place, axis=1).argmin())
    return bool(
        on.fields["back_mm"][nearest] < 0.0 and on.fields["below_ligament_mm"][nearest] < 0.0
    )


# The other way round ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reached:
    """From where a structure is reached: how deep (n,) below each coarse skin vertex a line inwards
    meets it within ``REACHED_MM`` and before any bone (infinite elsewhere), the area, and the least
    and median depth.
    """

    depth_mm: Floats
    area_cm2: float
    least_mm: float
    median_mm: float


def reached(
    known: Knowledge, pack: Pack, on: SkinMap, position: Position, name: str,
    following: "Following | None" = None,
) -> Reached | None:  # fmt: skip
    """The skin from which an entry's body is reached, or None if it has none below this skin."""
    key = ("reached", on.skin, position.id, name)
    if key not in pack.derived:
        pack.derived[key] = _reached(known, pack, on, position, name, following)
    found: Reached | None = pack.derived[key]
    return found


def _reached(
    known: Knowledge, pack: Pack, on: SkinMap, position: Position, name: str,
    following: "Following | None",
) -> Reached | None:  # fmt: skip
    pose = position_pose(pack, position)
    own = [
        surface
        for surface, one in pack.surfaces.items()
        if one.info.entry == name and one.info.role == "body" and one.info.closed
    ]
    if not own or own[0].startswith("skin-"):
        return None
    target = joined([shape_in(known, pack, surface, pose, following) for surface in own])
    walls = joined(
        [
            shape_in(known, pack, surface, pose, following)
            for surface, one in pack.surfaces.items()
            if one.info.role == "body"
            and isinstance(_entry(known, pack, surface), Bone)
            and surface not in own
            and not surface.endswith("-disc")
        ]
    )
    coarse = on.grid.coarse
    normals = on.grid.normals[: len(coarse.vertices)]
    depth = reached_from(coarse, normals, target, walls, REACHED_MM)
    found = np.isfinite(depth)
    if not found.any():
        return None
    shares = found[coarse.faces].mean(axis=1)
    a, b, c = (coarse.vertices[coarse.faces[:, i]] for i in range(3))
    area = float((np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2 * shares).sum()) / 100
    return Reached(depth, area, float(depth[found].min()), float(np.median(depth[found])))
