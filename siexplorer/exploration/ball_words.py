"""What is said of a ball on the skin: its verdict, what is near, where to go, and what to know."""

from collections.abc import Sequence

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Claim
from siexplorer.exploration.ball import Verdict, said_in
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.zones import SIGNS

LEAST_MM = 2.0
"""A part of a way shorter than this is left out (design)."""

MAIN_SHARE = 0.4
"""A direction is named when it makes at least this share of the way (design)."""

MIDDLE_MM = 5.0
"""This near to the midline a place is in the middle, not on a side (design)."""


def thing_words(known: Knowledge, name: str) -> str:
    """A key of ``ball.TELLS`` in words: “the line of the sciatic nerve”."""
    return known.say(f"thing_{name}")


def where_words(known: Knowledge, verdict: Verdict) -> str:
    """“on the left”, “on the right” or “in the middle”: always the body's own."""
    if abs(float(verdict.contact.place[0])) < MIDDLE_MM:
        return known.say("where_middle")
    return known.say("where_left" if verdict.side == "left" else "where_right")


def verdict_words(known: Knowledge, verdict: Verdict) -> str:
    """The headline: “Not here: on bone, on the left”."""
    zone = known.zones[verdict.rule]
    return known.say(
        "verdict_headline",
        state=state_words(known, verdict.state),
        zone=_inside_sentence(zone.lay_name),
        where=where_words(known, verdict),
    )


def state_words(known: Knowledge, state: str) -> str:
    """What a state is called: “Clear by the rules”, “With caution”, “Not here”."""
    return known.say(f"state_{state}")


def nearest_words(known: Knowledge, verdict: Verdict) -> str:
    """The nearest thing to stay away from: “34 mm from the sacrum, which lies inwards and down”."""
    near = verdict.nearest
    thing = thing_words(known, near.name)
    distance = round(near.distance_mm)
    ways = direction_words(known, verdict.side, near.place - verdict.contact.place)
    if distance < 1:
        return known.say("nearest_on", thing=thing)
    if not ways:
        return known.say("nearest_plain", thing=thing, distance=distance)
    return known.say("nearest_words", thing=thing, distance=distance, ways=ways)


def direction_words(known: Knowledge, side: str, away_mm: Floats) -> str:
    """The main directions of a way (3,) on a side of the body: “inwards and down”."""
    length = float(np.linalg.norm(away_mm))
    if length < LEAST_MM:
        return ""
    main = _parts(away_mm, MAIN_SHARE * length)
    return _joined(known, [_way(known, side, axis, value) for axis, value in main])


def better_words(known: Knowledge, verdict: Verdict) -> str:
    """Where to go instead: “23 mm outwards and 8 mm up, to the fleshy upper outer buttock”; empty
    where there is nothing better.
    """
    better = verdict.better
    if better is None:
        return ""
    target = known.say(f"to_{better.rule.replace('-', '_')}")
    away = np.array([better.outwards_mm * SIGNS[verdict.side], better.backwards_mm, better.up_mm])
    parts = [
        known.say("way_mm", distance=round(abs(value)), way=_way(known, verdict.side, axis, value))
        for axis, value in _parts(away, LEAST_MM)
    ]
    if not parts:
        return known.say("better_here", target=target)
    return known.say("better_words", parts=_joined(known, parts), target=target)


def notes(known: Knowledge, verdict: Verdict) -> list[Claim]:
    """What to know of a place in this position: whether the tool can be there, what the zone's
    record adds, and how much of the weight presses.
    """
    position, tool = known.positions[verdict.position], known.tools[verdict.tool]
    found = []
    if not verdict.reached:
        text = known.say("not_reached", tool=tool.lay_name)
        found.append(Claim(text=text, basis="design"))
    # What is said of a position with a side holds for the side that it is named after.
    if position.side in ("midline", verdict.side):
        found += said_in(known.zones[verdict.rule], position)
    return [*found, position.pressure]


def _parts(away_mm: Floats, least_mm: float) -> list[tuple[int, float]]:
    """(axis, mm) of a way (3,): sideways, up, then backwards; parts under ``least_mm`` left out."""
    return [(axis, float(away_mm[axis])) for axis in (0, 2, 1) if abs(away_mm[axis]) >= least_mm]


def _way(known: Knowledge, side: str, axis: int, value: float) -> str:
    if axis == 0:
        return known.say("way_outwards" if value * SIGNS[side] > 0 else "way_inwards")
    if axis == 2:
        return known.say("way_up" if value > 0 else "way_down")
    return known.say("way_backwards" if value > 0 else "way_forwards")


def _joined(known: Knowledge, parts: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    if len(parts) < 2:
        return "".join(parts)
    return known.say("way_and", first=", ".join(parts[:-1]), last=parts[-1])


def _inside_sentence(name: str) -> str:
    """A name without its capital letter, unless it is an abbreviation."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
