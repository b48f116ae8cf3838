"""What ``siexplorer check`` asks of the ball map: rules, tools, positions, and the map itself."""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Tool
from siexplorer.exploration.ball import (
    FIRST_POSITION,
    FIRST_TOOL,
    STATES,
    SkinMap,
    ZoneError,
    area_of,
    meaning,
    on_side,
    places_of,
    rule_at,
    skin_map,
    state_codes,
)
from siexplorer.exploration.moving import joints_of, posture_of, turn_fault
from siexplorer.exploration.state import SKINS, SkinKind
from siexplorer.geometry.contact import sink_mm
from siexplorer.geometry.motion import beyond_caps
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.zones import ORDER, SIGNS, Masks, Places, to_line
from siexplorer.packs.pack import Pack

ZONES, TOOLS_FILE = "annotations/zones.toml", "annotations/tools.toml"

TOOLS = (
    "tennis-ball",
    "lacrosse-ball",
    "racquetball",
    "massage-ball",
    "foam-roller",
    "hand",
    "knuckles",
    "elbow",
    "palm",
)
POSITIONS = (
    "standing",
    "lying-on-the-ball",
    "left-figure-four",
    "right-figure-four",
    "seated",
    "left-side-lying",
    "right-side-lying",
    "prone",
)
"""The tools and positions that every copy of this program has."""

SOFTEST, HARDEST = 1, 5

LEAST_CLEAR_CM2 = 30.0
CLEAR_LATERAL_MM = (50.0, 90.0)
FLESHY_MM = (30.0, 60.0)
FROM_NERVE_MM, FROM_MIDLINE_MM = 18.0, 30.0
"""What a clear place keeps from the sciatic line and the midline, whatever the records say now."""
INSIDE_ASIS_MM = (16.0, 39.0)
"""A millimetre inside the limits of the rule, whose very edge may be said either way."""

ACROSS_MM = 400.0
"""From so far away a line is dropped on the skin straight from behind or from the front."""


def ball_records(known: Knowledge) -> list[str]:
    """What is wrong with the records of zones, tools and positions, a sentence each."""
    return [*_zone_records(known), *_tool_records(known), *_position_records(known)]


def _zone_records(known: Knowledge) -> list[str]:
    failures = [f"{ZONES}: the zone “{z}” is missing." for z in ORDER if z not in known.zones]
    failures += [
        f"{ZONES}: no rule of the map is called “{z}”; correct its id."
        for z in known.zones
        if z not in ORDER
    ]
    tools = {name for one in known.tools.values() for name in (one.id, one.group)}
    positions = {
        name
        for one in known.positions.values()
        for name in (one.id, one.id.removeprefix(f"{one.side}-"))
    }
    for zone in known.zones.values():
        failures += [
            f"{ZONES}: “{zone.id}”: no {kind} is called “{name}”; correct it."
            for kind, names, there in (
                ("tool", [n for one in zone.for_tools for n in one.tools], tools),
                ("position", [n for one in zone.in_position for n in one.positions], positions),
            )
            for name in names
            if name not in there
        ]
    sacrum = known.zones.get("dorsal-sacrum")
    if sacrum is not None:
        failures += [
            f"{ZONES}: “dorsal-sacrum”: it must be “{wanted}” for “{tool.id}”, because the "
            "articles let only a broad palm near it; correct it."
            for tool in known.tools.values()
            if meaning(sacrum, tool).state
            != (wanted := "caution" if tool.group == "palm" else "avoid")
        ]
    return failures


def _tool_records(known: Knowledge) -> list[str]:
    failures = [
        f"{TOOLS_FILE}: the tool “{name}” is missing; describe it."
        for name in TOOLS
        if name not in known.tools
    ]
    for tool in known.tools.values():
        failures += [f"{TOOLS_FILE}: “{tool.id}”: {fault}" for fault in _tool_faults(tool)]
    return failures


def _tool_faults(tool: Tool) -> Iterator[str]:
    try:
        sink_mm(tool.diameter_mm / 2, tool.contact_radius_mm)
    except ValueError as error:
        yield f"{error}; correct one of them."
    if not 0.0 < tool.counted_radius_mm <= tool.contact_radius_mm:
        yield "counted_radius_mm must be above 0 and within contact_radius_mm; correct it."
    if (tool.length_mm > 0.0) != (tool.group == "roller"):
        yield "a roller has a length_mm and nothing else has; correct it."
    if not SOFTEST <= tool.stiffness <= HARDEST:
        yield f"stiffness must be {SOFTEST} (soft) to {HARDEST} (hard); correct it."


def _position_records(known: Knowledge) -> list[str]:
    failures = [
        f"{TOOLS_FILE}: the position “{name}” is missing; describe it."
        for name in POSITIONS
        if name not in known.positions
    ]
    for position in known.positions.values():
        failures += [
            f"{TOOLS_FILE}: “{position.id}”: {fault}; correct that turn."
            for turn in position.turns
            if (fault := turn_fault(turn))
        ]
        if any(len({value for _, value in turn.keys}) > 1 for turn in position.turns):
            failures.append(
                f"{TOOLS_FILE}: “{position.id}”: a position is held, so each turn must end "
                "as it began; correct its keys."
            )
    return failures


def positions_held(known: Knowledge, pack: Pack) -> list[str]:
    """Positions that bend a joint more than was ever measured, a sentence each."""
    found = joints_of(pack)
    return [
        f"{TOOLS_FILE}: “{position.id}”: {fault}; make that turn smaller."
        for position in known.positions.values()
        if not any(turn_fault(turn) for turn in position.turns)
        if (fault := beyond_caps(found, posture_of(position.turns, 0.0)))
    ]


def zones_drawn(known: Knowledge, pack: Pack) -> list[str]:
    """Where the map of a skin says something that the facts forbid, a sentence each."""
    tool, position = known.tools.get(FIRST_TOOL), known.positions.get(FIRST_POSITION)
    if tool is None or position is None:
        return []
    failures = []
    for skin in SKINS:
        try:
            on = skin_map(known, pack, skin, position)
            places = places_of(known, pack, None)
        except ZoneError as error:
            return [str(error)]
        failures += [
            f"{ZONES}: on the {side} of the {skin} body, {fault}"
            for side in SIGNS
            for fault in [
                *_clear_faults(on, places, tool, side),
                *_reach_faults(on, places, tool, side),
                *_place_faults(known, on, places, side),
            ]
        ]
    return failures


def zones_on_any(known: Knowledge, pack: Pack, skin: SkinKind = "female") -> list[str]:
    """Where the map says what must be said on no body, of whatever shape: a sentence each.

    Raises
    ------
    ZoneError
        If the map cannot be made.
    """
    tool, position = known.tools[FIRST_TOOL], known.positions[FIRST_POSITION]
    on, places = skin_map(known, pack, skin, position), places_of(known, pack, None)
    return [
        f"On the {side} of the {skin} body, {fault}"
        for side in SIGNS
        for fault in [
            *_reach_faults(on, places, tool, side),
            *_place_faults(known, on, places, side),
        ]
    ]


def _clear_faults(on: SkinMap, places: Places, tool: Tool, side: str) -> Iterator[str]:
    """What is wrong with the area that is clear for a ball."""
    clear = on.rules(tool.counted_radius_mm) == ORDER.index("gluteal-clear")
    clear &= on_side(on, side)
    area = area_of(on, clear)
    if area.area_cm2 <= LEAST_CLEAR_CM2:
        yield (
            f"the clear area is {area.area_cm2:.0f} cm2, not above {LEAST_CLEAR_CM2:g}; look at "
            "the margins."
        )
    if area.centroid_mm is None:
        return
    low, high = CLEAR_LATERAL_MM
    lateral = float(area.centroid_mm[0] - places.psis[side][0]) * SIGNS[side]
    if not low <= lateral <= high:
        yield (
            f"the middle of the clear area is {lateral:.0f} mm lateral of the PSIS, not {low:g} to "
            f"{high:g}; look at the margins."
        )


def _reach_faults(on: SkinMap, places: Places, tool: Tool, side: str) -> Iterator[str]:
    """What the area that is clear for a ball must not reach."""
    clear = on.rules(tool.counted_radius_mm) == ORDER.index("gluteal-clear")
    clear &= on_side(on, side)
    for name, near in _kept_off(on, places, tool, side).items():
        if (clear & near).any():
            yield f"the clear area reaches {name}; look at the margins."


def _kept_off(on: SkinMap, places: Places, tool: Tool, side: str) -> dict[str, Masks]:
    """(n,) where the skin belongs to what a ball is kept away from, measured anew."""
    points, fields = on.grid.points, on.fields
    radius = tool.counted_radius_mm
    nerve = to_line(points[:, [0, 2]], places.sciatic[side][:, [0, 2]])
    silhouette = cKDTree(places.sacrum[:, [0, 2]]).query(points[:, [0, 2]])[0]
    coccyx = np.linalg.norm(points - places.coccyx, axis=1)
    level = (fields["above_sacrum_mm"] > 0.0) | (fields["below_apex_mm"] > 0.0)
    return {
        "the sciatic nerve": nerve < FROM_NERVE_MM + radius,
        "the sacrum": silhouette < radius,
        "the coccyx": coccyx < FROM_MIDLINE_MM + radius,
        "the spine": level & (np.abs(points[:, 0]) < FROM_MIDLINE_MM + radius),
        "the front": fields["back_mm"] < 0.0,
        "the flank": fields["crest_height_mm"] < 0.0,
    }


def _place_faults(known: Knowledge, on: SkinMap, places: Places, side: str) -> Iterator[str]:
    """What is wrong with places that the articles or the atlases name."""
    sign, psis, asis = SIGNS[side], places.psis[side], places.asis[side]
    ball, hand = known.tools[FIRST_TOOL], known.tools.get("hand")

    def state(tool: Tool, point: Floats, back: float) -> str:
        rule = rule_at(on, tool, _out(on, point, back))
        return str(STATES[state_codes(known, tool)[ORDER.index(rule)]])

    third = psis + (places.tuberosity[side] - psis) / 3
    if state(ball, third, 1.0) == "clear":
        yield "the nerve point, a third of the way from PSIS to sit bone, is clear; look there."
    lateral = np.array([sign, 0.0, 0.0])
    beside = [psis + lateral * away for away in np.arange(FLESHY_MM[0], FLESHY_MM[1] + 1)]
    if any(state(ball, point, 1.0) == "avoid" for point in beside):
        yield "the fleshy area beside the PSIS is told to be avoided; look at the rules."
    below = np.array([0.0, 0.0, -2.0])
    inside = [asis - lateral * away + below for away in np.arange(*INSIDE_ASIS_MM)]
    if hand is not None and any(state(hand, point, -1.0) != "caution" for point in inside):
        yield "inside the ASIS a hand is not told to take caution; look at the rules."
    groin = places.groin[side]
    down = [groin[0] + (groin[1] - groin[0]) * share for share in np.linspace(0.0, 1.0, 9)]
    for tool in known.tools.values():
        if any(state(tool, point, -1.0) != "avoid" for point in down):
            yield f"the groin is not told to be avoided for “{tool.id}”; look at the rules."


def _out(on: SkinMap, point: Floats, back: float) -> Floats:
    """The place (3,) on the skin that is met first on the way straight from behind (+1) or from the
    front (-1) to a point, and beyond it where the point lies outside the body.
    """
    away = np.array([0.0, back * ACROSS_MM, 0.0])
    met = on.searched.crossings(point + away, point - away).along_mm
    return np.asarray(point if not len(met) else point + away * (1.0 - met[0] / ACROSS_MM))
