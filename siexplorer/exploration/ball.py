"""The ball on the skin: what the rules say of every place, and of the one where a tool rests."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import (
    Claim,
    Position,
    Side,
    Skin,
    Structure,
    Tool,
    View,
    Zone,
    ZoneState,
)
from siexplorer.exploration.moving import Pose, held_pose
from siexplorer.exploration.state import SkinKind
from siexplorer.geometry.contact import across, facing, patch, sink_mm
from siexplorer.geometry.geodesic import SkinGrid, grid_of, nearest_vertices, way_over
from siexplorer.geometry.motion import moved
from siexplorer.geometry.rays import Searched, shares_in_face
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.surface import Floats, Surface, area_cm2, compacted
from siexplorer.geometry.zones import (
    ORDER,
    SIDES,
    SIGNS,
    Fields,
    Index,
    Margins,
    Masks,
    Places,
    at_share,
    decide,
    fields_of,
    inside_mm,
    marks_on_skin,
    sciatic_line,
)
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following

T = TypeVar("T", Tool, Position)

FIRST_TOOL, FIRST_POSITION = "tennis-ball", "standing"

STATES: tuple[ZoneState, ...] = ("clear", "caution", "avoid")

TOWARDS: dict[View, Floats] = {
    "back": np.array([0.0, 1.0, 0.0]),
    "front": np.array([0.0, -1.0, 0.0]),
    "left": np.array([1.0, 0.0, 0.0]),
    "right": np.array([-1.0, 0.0, 0.0]),
    "top": np.array([0.0, 0.0, 1.0]),
    "below": np.array([0.0, 0.0, -1.0]),
}
FACES_VIEW = 0.25
"""From this share of its normal on, a place is seen from a view (design)."""

OVER_MM, TOWARDS_MIDLINE_MM = 15.0, 5.0
"""A place over a thing lies at most so far beside it, as seen from the view, and at most so much
nearer to the midline (design)."""

FACES_DOWN = 0.2
"""A place faces the floor from this share of its normal on (design)."""

WELL_INSIDE_MM = 1.0
"""A better place lies so far inside its area (design)."""

MARGIN_KEYS = {
    "clear_sciatic": ("gluteal-clear", "margins_mm", "sciatic"),
    "clear_sacrum": ("gluteal-clear", "margins_mm", "sacrum"),
    "clear_psis": ("gluteal-clear", "margins_mm", "psis"),
    "clear_crest": ("gluteal-clear", "margins_mm", "crest_below"),
    "clear_trochanter": ("gluteal-clear", "margins_mm", "trochanter"),
    "clear_tuberosity": ("gluteal-clear", "margins_mm", "tuberosity"),
    "strip_half_width": ("piriformis-strip", "margins_mm", "half_width"),
    "strip_from": ("piriformis-strip", "fractions", "from"),
    "strip_to": ("piriformis-strip", "fractions", "to"),
    "sciatic_core": ("sciatic-corridor", "margins_mm", "core"),
    "sciatic_caution": ("sciatic-corridor", "margins_mm", "caution"),
    "midline_half_width": ("midline", "margins_mm", "half_width"),
    "inside_from": ("inside-asis", "margins_mm", "from"),
    "inside_to": ("inside-asis", "margins_mm", "to"),
    "groin_share": ("groin", "fractions", "from"),
    "groin_below": ("groin", "margins_mm", "below"),
    "front_below": ("front-of-hip", "margins_mm", "below"),
}
"""Which zone record gives each margin."""

LINE_KEYS = ("psis_to_point", "tuberosity_to_point")
"""What the record of the sciatic corridor gives for its line."""

TELLS = {
    "sciatic_line": "sciatic_mm",
    "sacrum": "sacrum_mm",
    "coccyx": "coccyx_mm",
    "spine": "spine_mm",
    "psis": "psis_mm",
    "asis": "asis_mm",
    "iliac_crest": "crest_mm",
    "greater_trochanter": "trochanter_mm",
    "ischial_tuberosity": "tuberosity_mm",
    "groin_vessels": "groin_mm",
    "below_abdomen_line": "below_asis_mm",
    "below_flank": "crest_height_mm",
}
"""The distances that a verdict tells, and the field that each comes from."""

AVOIDED = (
    "sciatic_line",
    "sacrum",
    "coccyx",
    "psis",
    "asis",
    "iliac_crest",
    "greater_trochanter",
    "ischial_tuberosity",
    "groin_vessels",
)
"""Things to stay away from that have a mark on the skin."""


class ZoneError(Exception):
    """The zone records or the pack lack what the map needs; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a zone means for one tool: its state, whether the articles aim for it, and why."""

    state: ZoneState
    allowed: bool
    reason: Claim


@dataclass(slots=True)
class SkinMap:
    """A skin in one position with everything that the rules ask of it.

    ``skin`` is its entry's id; ``marks`` are the places on the skin that distances are measured
    from; ``searched`` is the fine skin to find places on.
    """

    skin: str
    grid: SkinGrid
    fields: Fields
    marks: dict[str, Floats]
    margins: Margins
    searched: Searched
    _rules: dict[float, Index] = field(default_factory=dict)
    _inside: dict[tuple[float, bytes], Floats] = field(default_factory=dict)
    _areas: Floats | None = None

    def rules(self, radius_mm: float) -> Index:
        """(n,) the rule of ``ORDER`` that decides at each fine vertex, for a contact radius."""
        if radius_mm not in self._rules:
            self._rules[radius_mm] = decide(self.fields, self.margins, radius_mm)
        return self._rules[radius_mm]

    def inside_mm(self, radius_mm: float, kinds: npt.NDArray[np.int8]) -> Floats:
        """(n, kinds) how far inside the area of each kind of rule each fine vertex lies."""
        key = (radius_mm, kinds.tobytes())
        if key not in self._inside:
            self._inside[key] = inside_mm(self.fields, self.margins, radius_mm, kinds)
        return self._inside[key]

    def areas_mm2(self) -> Floats:
        """(n,) the area of skin that belongs to each fine vertex."""
        if self._areas is None:
            faces = self.grid.fine.faces
            third = np.linalg.norm(self.searched.normals, axis=1) / 6.0
            self._areas = np.asarray(
                np.bincount(faces.ravel(), np.repeat(third, 3), minlength=len(self.grid.points)),
                dtype=np.float64,
            )
        return self._areas


@dataclass(frozen=True, slots=True)
class Area:
    """How large a part of the skin is, in cm2, and its middle (3,)."""

    area_cm2: float
    centroid_mm: Floats | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest thing to stay away from: which (a key of ``TELLS``), how far, where (3,)."""

    name: str
    distance_mm: float
    place: Floats


@dataclass(frozen=True, slots=True)
class Better:
    """Where to go instead: place (3,), how far, by which rule, and how much that is outwards, up
    and backwards, in mm.
    """

    place: Floats
    distance_mm: float
    rule: str
    outwards_mm: float
    up_mm: float
    backwards_mm: float


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a tool rests: its place on the skin (3,), the normal (3,) there, its middle (3,), how
    deep it sinks in, and the patch it presses on.
    """

    place: Floats
    normal: Floats
    centre: Floats
    sink_mm: float
    patch: Surface
    patch_cm2: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a tool where it rests. ``reached`` is False where the tool, held by the
    floor or a wall, cannot be there in this position.
    """

    tool: str
    position: str
    side: Side
    contact: Contact
    rule: str
    state: ZoneState
    allowed: bool
    reason: Claim
    distances_mm: dict[str, float]
    nearest: Nearest
    better: Better | None
    reached: bool


# Records ------------------------------------------------------------------------------------------


def margins_of(known: Knowledge) -> Margins:
    """The margins of ``annotations/zones.toml``.

    Raises
    ------
    ZoneError
        If a zone or one of its margins is missing.
    """
    for name in ORDER:
        if name not in known.zones:
            raise ZoneError(
                f"annotations/zones.toml: the zone “{name}” is missing, so the ball map cannot be "
                "drawn."
            )
    found: dict[str, float] = {}
    line = {key: ("sciatic-corridor", "margins_mm", key) for key in LINE_KEYS}
    for name, (zone, table, key) in (MARGIN_KEYS | line).items():
        try:
            found[name] = getattr(known.zones[zone], table)[key]
        except KeyError as error:
            raise ZoneError(
                f"annotations/zones.toml: {error} is missing, so the ball map cannot be drawn."
            ) from None
    return Margins(**{name: found[name] for name in MARGIN_KEYS})


def meaning(zone: Zone, tool: Tool) -> Meaning:
    """What a zone means for a tool."""
    for one in zone.for_tools:
        if tool.id in one.tools or tool.group in one.tools:
            return Meaning(one.state, one.allowed, one.reason)
    return Meaning(zone.state, zone.state == "clear" or zone.allowed, zone.reason)


def state_codes(known: Knowledge, tool: Tool) -> npt.NDArray[np.int8]:
    """For each rule of ``ORDER``, which of ``STATES`` it is for a tool."""
    states = [
        meaning(known.zones[name], tool).state if name in known.zones else "caution"
        for name in ORDER
    ]
    return np.array([STATES.index(state) for state in states], dtype=np.int8)


def said_in(zone: Zone, position: Position) -> list[Claim]:
    """What is added about a zone in a position."""
    bare = position.id.removeprefix(f"{position.side}-")
    return [one.says for one in zone.in_position if {bare, position.id} & set(one.positions)]


def tool_called(known: Knowledge, word: str) -> Tool | None:
    """The tool of an id, a name, or another word for it."""
    return _called(known.tools, word)


def position_called(known: Knowledge, word: str, side: str = "left") -> Position | None:
    """The position of an id, a name, or another word for it; a paired one on a side."""
    exact = _called(known.positions, word)
    if exact is None:
        return None
    if exact.side == "midline" or _plain(word).startswith(("left", "right")):
        return exact
    return known.positions.get(f"{side}-{exact.id.removeprefix(f'{exact.side}-')}", exact)


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.lower())


def _called(records: dict[str, T], word: str) -> T | None:
    wanted = _plain(word)
    return next((one for one in records.values() if wanted in _words_for(one)), None)


def _words_for(one: Tool | Position) -> list[str]:
    bare = one.id.removeprefix("left-").removeprefix("right-")
    return [_plain(word) for word in (one.id, bare, one.name, one.lay_name, *one.synonyms)]


# The map ------------------------------------------------------------------------------------------


def position_pose(pack: Pack, position: Position) -> Pose | None:
    """Where the bones are in a position, or None where the body stands as it was modelled."""
    if not position.turns:
        return None
    key = ("position", position.id)
    if key not in pack.derived:
        pack.derived[key] = held_pose(pack, position.turns)
    found: Pose = pack.derived[key]
    return found


def skin_map(
    known: Knowledge,
    pack: Pack,
    skin: SkinKind,
    position: Position,
    following: "Following | None" = None,
) -> SkinMap:
    """The map of one skin in one position; worked out once, in about half a second.

    Raises
    ------
    ZoneError
        If the records, the skin or the landmarks it is measured from are missing.
    """
    margins = margins_of(known)
    key = ("skin-map", skin, position.id, margins)
    if key not in pack.derived:
        pack.derived[key] = _made(known, pack, skin, position, following, margins)
    found: SkinMap = pack.derived[key]
    return found


def made_map(known: Knowledge, pack: Pack, skin: SkinKind, position: Position) -> SkinMap | None:
    """The map if it is there already."""
    found: SkinMap | None = pack.derived.get(("skin-map", skin, position.id, margins_of(known)))
    return found


def _made(
    known: Knowledge, pack: Pack, skin: SkinKind, position: Position,
    following: "Following | None", margins: Margins,
) -> SkinMap:  # fmt: skip
    name = f"skin-{skin}"
    if name not in pack.surfaces:
        raise ZoneError(f"the pack {pack.info.id} has no {name}, so the ball map cannot be drawn.")
    try:
        pose = position_pose(pack, position)
        places = places_of(known, pack, pose)
    except KeyError as error:
        raise ZoneError(
            f"the pack {pack.info.id} has no {error}, so the ball map cannot be drawn."
        ) from None
    except ValueError as error:
        raise ZoneError(f"annotations/tools.toml: {position.id}: {error}.") from None
    whole = pack.surfaces[name].surface
    ends = flat_ends(whole)
    if pose is not None:
        if following is None:
            from siexplorer.exploration.following import Following

            following = Following(known, pack)
        whole = Surface(following.bent(name, pose), whole.faces)
    grid = grid_of(compacted(whole, ~ends))
    marks = marks_on_skin(grid, places)
    found = fields_of(grid, places, marks)
    if pose is not None:
        standing = skin_map(known, pack, skin, known.positions[FIRST_POSITION])
        found |= {line: standing.fields[line] for line in CARRIED}
        trace = nearest_vertices(standing.grid.points, standing.marks["sciatic_mm"])
        marks["sciatic_mm"] = grid.points[trace]
    return SkinMap(name, grid, found, marks, margins, Searched(grid.fine))


CARRIED = (
    "strip_1_share",
    "strip_1_mm",
    "strip_2_share",
    "strip_2_mm",
    "sciatic_mm",
    "lateral_of_sciatic_mm",
    "above_trochanter_mm",
)
"""Lines that were published for straight hips: in other positions they go along with the skin."""


def places_of(known: Knowledge, pack: Pack, pose: Pose | None) -> Places:
    """What the rules measure to, where a pose has taken it.

    Raises
    ------
    KeyError
        If a landmark or bone is missing.
    """

    def point(name: str, body: str) -> Floats:
        places = pack.landmarks[name]
        return places if pose is None else moved(pose.matrices[body], places)

    def both(name: str, body: str) -> dict[str, Floats]:
        return {s: point(f"{s}-{name}", f"{s}-{body}")[0] for s in SIDES}

    corridor = known.zones["sciatic-corridor"].margins_mm
    psis, asis = both("psis", "hip-bone"), both("asis", "hip-bone")
    seat, pubic = both("ischial-tuberosity", "hip-bone"), both("pubic-tubercle", "hip-bone")
    symphysis = pack.landmarks["pubic-symphysis"][0]
    trochanter, sciatic, groin = {}, {}, {}
    for side in SIDES:
        femur = pack.surfaces[f"{side}-femur"].surface.vertices
        outer = pack.landmarks[f"{side}-greater-trochanter"][0]
        sign = SIGNS[side]
        near = femur[np.linalg.norm(femur - outer, axis=1) < 45]
        top = near[near[:, 0] * sign > outer[0] * sign - 25]
        ends = np.array([outer, top[np.argmax(top[:, 2])]])
        down = np.array([0.0, 0.0, -1.0])
        # The published lengths hold for a straight hip; a bent one keeps their shares of the way.
        shares = (
            corridor["psis_to_point"] / float(np.linalg.norm(seat[side] - psis[side])),
            corridor["tuberosity_to_point"] / float(np.linalg.norm(ends[0] - seat[side])),
        )
        if pose is not None:
            matrix = pose.matrices[f"{side}-femur"]
            ends, down = moved(matrix, ends), matrix[:3, :3] @ down
        trochanter[side] = ends
        sciatic[side] = sciatic_line(psis[side], seat[side], ends[0], down, *shares)
        middle = (asis[side] + symphysis) / 2
        groin[side] = np.array([middle, middle - [0.0, 0.0, 80.0]])
    return Places(
        psis=psis,
        asis=asis,
        tubercle=both("iliac-tubercle", "hip-bone"),
        crest={s: point(f"{s}-iliac-crest", f"{s}-hip-bone") for s in SIDES},
        trochanter=trochanter,
        tuberosity=seat,
        sciatic=sciatic,
        inguinal={s: np.array([asis[s], pubic[s]]) for s in SIDES},
        groin=groin,
        s2=point("s2-tubercle", "sacrum")[0],
        apex=point("sacral-apex", "sacrum")[0],
        coccyx=point("coccyx-tip", "sacrum")[0],
        sacrum=np.concatenate(
            [pack.surfaces[name].surface.vertices for name in ("sacrum", "coccyx")]
        ),
    )


def reached_now(known: Knowledge, pack: Pack, name: str | None) -> bool:
    """Whether an entry has a body inside the skin, so that it can be asked from where it is
    reached.
    """
    entry = known.entries.get(name or "")
    if not isinstance(entry, Structure) or isinstance(entry, Skin):
        return False
    return any(
        one.info.entry == entry.id and one.info.role == "body" and one.info.closed
        for one in pack.surfaces.values()
    )


def area_of(on: SkinMap, where: Masks) -> Area:
    """How large the part of the skin is whose vertices (n,) are marked, and its middle."""
    weights = on.areas_mm2() * where
    total = float(weights.sum())
    if total <= 0.0:
        return Area(0.0, None)
    return Area(total / 100.0, weights @ on.grid.points / total)


def on_side(on: SkinMap, side: str) -> Masks:
    """(n,) which fine vertices lie on one side of the body."""
    return np.asarray(on.grid.points[:, 0] * SIGNS[side] > 0.0)


# One place ----------------------------------------------------------------------------------------


def side_of(place: Floats) -> Literal["left", "right"]:
    """The body's own side that a place (3,) lies on."""
    return "left" if place[0] >= 0.0 else "right"


def rest(on: SkinMap, tool: Tool, point: Floats) -> Contact:
    """A tool laid on the skin at the place nearest to a point (3,)."""
    place, _, normal = facing(on.searched, on.grid.normals, point)
    radius = tool.diameter_mm / 2
    sink = sink_mm(radius, tool.contact_radius_mm)
    along = tool.contact_radius_mm
    if tool.length_mm:
        # A roller lies across the body: along its length it presses wherever the body is.
        along = min(tool.length_mm / 2, 1.6 * tool.contact_radius_mm)
    pressed = patch(on.searched, place, normal, (along, tool.contact_radius_mm))
    return Contact(
        place, normal, place + normal * (radius - sink), sink, pressed, area_cm2(pressed)
    )


def verdict(
    known: Knowledge, on: SkinMap, tool: Tool, position: Position, point: Floats
) -> Verdict:
    """What the rules say of a tool laid on the skin at the place nearest to a point (3,)."""
    contact = rest(on, tool, point)
    _, face = on.searched.nearest(contact.place)
    corners, shares = shares_in_face(on.grid.fine, face, contact.place)
    here = at_share(on.fields, corners, shares)
    rule = ORDER[int(decide(here, on.margins, tool.counted_radius_mm)[0])]
    means = meaning(known.zones[rule], tool)
    told = {name: float(here[key][0]) for name, key in TELLS.items()}
    return Verdict(
        tool.id,
        position.id,
        side_of(contact.place),
        contact,
        rule,
        means.state,
        means.allowed,
        means.reason,
        told,
        _nearest(on, told, contact.place),
        None if means.state == "clear" else better(known, on, tool, contact.place),
        reaches(tool, position, contact.normal),
    )


def rule_at(on: SkinMap, tool: Tool, point: Floats) -> str:
    """The rule that decides at the place on the skin nearest to a point (3,)."""
    place, face = on.searched.nearest(point)
    corners, shares = shares_in_face(on.grid.fine, face, place)
    here = at_share(on.fields, corners, shares)
    return ORDER[int(decide(here, on.margins, tool.counted_radius_mm)[0])]


def _nearest(on: SkinMap, told: dict[str, float], place: Floats) -> Nearest:
    name = min(AVOIDED, key=lambda one: told[one])
    marks = on.marks[TELLS[name]]
    mark = marks[np.linalg.norm(marks - place, axis=1).argmin()]
    return Nearest(name, max(0.0, told[name]), mark)


def better(known: Knowledge, on: SkinMap, tool: Tool, place: Floats) -> Better | None:
    """The nearest place of the same side that the rules leave clear for a tool; in front, where
    nothing is clear, the nearest that they leave with caution. None where there is none.
    """
    rules, side = on.rules(tool.counted_radius_mm), side_of(place)
    meanings = [meaning(known.zones[name], tool) for name in ORDER]
    here = int(np.linalg.norm(on.grid.points - place, axis=1).argmin())
    in_front = on.fields["back_mm"] <= 0.0
    target = _well_inside(on, tool, [m.state == "clear" for m in meanings]) & on_side(on, side)
    if in_front[here]:
        if meanings[int(rules[here])].allowed:
            return None
        aims = _well_inside(on, tool, [m.state == "caution" and m.allowed for m in meanings])
        aims &= in_front & on_side(on, side)
        target = aims if aims.any() else target
    found = np.flatnonzero(target)
    if not len(found):
        return None
    depth = np.linalg.norm(on.grid.points[found] - place, axis=1)
    best = found[depth.argmin()]
    end = on.grid.points[best]
    away = end - place
    return Better(
        end,
        float(depth.min()),
        ORDER[int(rules[best])],
        float(away[0] * SIGNS[side]),
        float(away[2]),
        float(away[1]),
    )


def _well_inside(on: SkinMap, tool: Tool, wanted: list[bool]) -> Masks:
    """(n,) which fine vertices lie a little inside the area of the wanted rules: from its very rim
    the next small step would leave it again.
    """
    if not any(wanted):
        return np.zeros(len(on.grid.points), dtype=bool)
    inside = on.inside_mm(tool.counted_radius_mm, np.array(wanted, dtype=np.int8))
    return np.asarray(inside[:, 1] >= WELL_INSIDE_MM)


def way_to(on: SkinMap, start: Floats, end: Floats) -> Floats:
    """(k, 3) the way over the skin from one place on it to another."""
    first, last = nearest_vertices(on.grid.coarse.vertices, np.array([start, end]))
    return np.vstack([start, way_over(on.grid.coarse, int(first), int(last)), end])


def reaches(tool: Tool, position: Position, normal: Floats) -> bool:
    """Whether a tool can press at a place that faces along ``normal`` (3,): balls and rollers lie
    between the body and a floor or wall, hands come from anywhere.
    """
    if tool.group not in ("ball", "roller") or position.down == "any":
        return True
    ways = {"back": (0, 1, 0), "front": (0, -1, 0), "left": (1, 0, 0), "right": (-1, 0, 0)}
    return bool(normal @ np.array(ways[position.down], dtype=float) > FACES_DOWN)


def nudged(on: SkinMap, place: Floats, right_mm: float, up_mm: float) -> Floats:
    """The place on the skin (3,) a step away: to the right of who looks on to it, and upwards."""
    _, _, normal = facing(on.searched, on.grid.normals, place)
    right, up = across(normal)
    moved_to, _, _ = facing(on.searched, on.grid.normals, place + right * right_mm + up * up_mm)
    return moved_to


def over(on: SkinMap, point: Floats, view: View) -> Floats:
    """The place on the skin (3,) over a point of the body: the nearest of those that can be seen
    from a view and do not lie far beside it, so that a sit bone is not looked for between the legs.
    """
    place, _, normal = facing(on.searched, on.grid.normals, point)
    if _is_over(place, normal, point, view):
        return place
    found = on.grid.points[_is_over(on.grid.points, on.grid.normals, point, view)]
    return place if not len(found) else found[np.linalg.norm(found - point, axis=1).argmin()]


def _is_over(places: Floats, normals: Floats, point: Floats, view: View) -> Masks:
    away, towards = places - point, TOWARDS[view]
    beside = np.linalg.norm(away - (away @ towards)[..., None] * towards, axis=-1)
    near = (beside <= OVER_MM) & (away[..., 0] * np.sign(point[0]) >= -TOWARDS_MIDLINE_MM)
    return np.asarray(near & (normals @ towards > FACES_VIEW))
