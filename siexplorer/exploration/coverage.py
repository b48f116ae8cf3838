"""Whether all that is taught is there: what of the source articles is covered, and by what."""

from collections.abc import Iterator

from siexplorer.anatomy.knowledge import Knowledge, claims_of
from siexplorer.anatomy.places import data_folder
from siexplorer.anatomy.records import (
    Entry,
    Guide,
    Misconception,
    Movement,
    Pattern,
    Position,
    Question,
    Technique,
    Tool,
    Zone,
)
from siexplorer.exploration.ball import meaning
from siexplorer.exploration.looks import PRESETS
from siexplorer.exploration.wording import HARDEST_GRADE, our_texts, too_hard

Covering = Entry | Movement | Zone | Tool | Position | Guide

ITEMS = tuple(f"S{number}" for number in range(1, 169))
"""The items of the five source articles."""

CONFLICTS: dict[int, tuple[frozenset[str], frozenset[str]]] = {
    1: (frozenset({"article-a"}), frozenset({"article-c"})),
    2: (frozenset({"article-b"}), frozenset({"hungerford-2004", "kibsgard-2014"})),
    3: (frozenset({"article-d"}), frozenset({"article-e"})),
    4: (frozenset({"article-c"}), frozenset({"article-b"})),
    5: (frozenset({"article-b"}), frozenset({"article-a"})),
}
"""What must be cited on either side of each disagreement."""

FILE_OF_GUIDES = {
    "technique": "annotations/techniques.toml",
    "care": "annotations/techniques.toml",
    "pattern": "annotations/patterns.toml",
    "misconception": "annotations/patterns.toml",
    "analogy": "annotations/patterns.toml",
    "question": "annotations/safety.toml",
}

TECHNIQUES = {
    "self": 8,
    "partner": 6,
    "therapist": 3,
    "aftercare": 4,
}
"""How many techniques of each group there are (T1 to T7 with T3b, P1 to P6, Th1 to Th3)."""

LEAST_STEPS = {"self": 3, "partner": 3, "therapist": 3, "aftercare": 2}


def coverage(known: Knowledge) -> dict[str, list[str]]:
    """For each item of the articles, the ids of the records that tell it."""
    found: dict[str, list[str]] = {item: [] for item in ITEMS}
    for record in covering(known):
        for item in dict.fromkeys(record.covers):
            if item in found:
                found[item].append(record.id)
    return found


def covering(known: Knowledge) -> Iterator[Covering]:
    """Every record that has a card of its own, in the window and on the command line."""
    yield from known.entries.values()
    yield from known.movements.values()
    yield from known.zones.values()
    yield from known.tools.values()
    yield from known.positions.values()
    yield from known.guides.values()


def guide_records(known: Knowledge) -> list[str]:
    """One sentence for everything about the taught records that is wrong."""
    failures = [*_uncovered(known), *_conflicts(known), *_whole(known)]
    for guide in known.guides.values():
        where = f"{FILE_OF_GUIDES[guide.kind]}: “{guide.id}”"
        failures += [f"{where} {fault}" for fault in _faults(known, guide)]
    return failures + _reading(known)


def _uncovered(known: Knowledge) -> list[str]:
    failures = [
        f"{item} of the articles is covered by no record; write it, or add it to the “covers” of "
        "the one that tells it."
        for item, by in coverage(known).items()
        if not by
    ]
    failures += [
        f"“{record.id}” covers “{item}”, but the articles' items are S1 to S168; correct it."
        for record in covering(known)
        for item in record.covers
        if item not in ITEMS
    ]
    return failures


def _conflicts(known: Knowledge) -> list[str]:
    """Every disagreement is told by some record, and each that tells it cites both sides."""
    failures = []
    for number, sides in CONFLICTS.items():
        telling = [one for one in known.guides.values() if one.conflict == number]
        if not telling:
            failures.append(f"CONFLICT-{number} of the articles is told nowhere; write it.")
        for one in telling:
            used = {source for claim in claims_of(one) for source in claim.sources}
            if any(not side & used for side in sides):
                failures.append(
                    f"{FILE_OF_GUIDES[one.kind]}: “{one.id}” tells CONFLICT-{number} but cites "
                    "only one side; add the other."
                )
    return failures


def _whole(known: Knowledge) -> list[str]:
    """The sets that the articles teach are there in full."""
    failures = []
    for group, least in TECHNIQUES.items():
        there = {
            one.id.removeprefix(f"{one.side}-")
            for one in known.of_kind(Technique).values()
            if one.group == group
        }
        if len(there) < least:
            failures.append(
                f"annotations/techniques.toml: {len(there)} techniques are of the group “{group}”, "
                f"not {least}; describe the others."
            )
    if len(known.of_kind(Misconception)) < 15:
        failures.append("annotations/patterns.toml: fewer than 15 misconceptions; add the others.")
    if not known.of_kind(Question):
        failures.append("annotations/safety.toml: the gate asks nothing; write its questions.")
    single = {"techniques.toml: [session]": known.session, "safety.toml: [gate]": known.gate}
    failures += [
        f"annotations/{name} is missing; put it back."
        for name, one in single.items()
        if one is None
    ]
    if known.session is not None:
        failures += [
            f"annotations/techniques.toml: [session] shows “{name}”, which does not exist; correct "
            "it."
            for name in (*known.session.before, *known.session.after)
            if name not in known.guides
        ]
    return failures


def _faults(known: Knowledge, guide: Guide) -> Iterator[str]:
    """What is wrong with one record, as the end of a sentence."""
    if guide.look and guide.look not in {preset.id for preset in PRESETS}:
        yield f"shows the look “{guide.look}”, which does not exist; correct it."
    if guide.movement and guide.movement not in known.movements:
        yield f"shows the movement “{guide.movement}”, which does not exist; correct it."
    for name in guide.shows:
        if name not in known.entries:
            yield f"shows “{name}”, which does not exist; correct it."
    for area in guide.areas if isinstance(guide, Pattern) else []:
        for spot in area.spots:
            if f"left-{spot.landmark}" not in known.entries and spot.landmark not in known.entries:
                yield f"paints at “{spot.landmark}”, which does not exist; correct it."
    if isinstance(guide, Technique):
        yield from _technique_faults(known, guide)


def _technique_faults(known: Knowledge, one: Technique) -> Iterator[str]:
    if one.position and one.position not in known.positions:
        yield f"is done in “{one.position}”, a position that does not exist; correct it."
    for name in one.tools:
        if name not in known.tools:
            yield f"uses “{name}”, a tool that does not exist; correct it."
    if one.group != "aftercare" and not (one.position and one.tools and one.places):
        yield "lacks its position, its tools or its places; add them."
    if one.tools and not any(place.zone for place in one.places):
        yield "names no zone that its tool may press; add one."
    if one.tools and one.pressure is None:
        yield "does not say how hard to press; add it."
    if len(one.steps) < LEAST_STEPS[one.group]:
        yield f"has {len(one.steps)} steps, too few to follow; add some."
    if one.default_hold_s and not any(step.hold for step in one.steps):
        yield "is timed, but no step holds; mark the one that does."
    if one.pressure is not None and not 0 <= one.pressure.feel_from <= one.pressure.feel_to < 7:
        yield "is pressed outside 0 to below 7; correct it."
    if not 0 <= one.default_hold_s <= _longest(one):
        yield f"starts its timer at {one.default_hold_s:g} s, longer than any source; correct it."
    for hold in one.holds:
        low, high = hold.seconds_from, hold.seconds_to
        if low is not None and (high is None or not 0 < low <= high):
            yield f"has the hold of “{hold.whose}” from {low:g} to nothing longer; correct it."
    for place in one.places:
        if place.over and place.over not in known.entries:
            yield f"lies over “{place.over}”, which does not exist; correct it."
        if not place.zone and not place.over:
            yield "has a place without a zone or a thing it lies over; add one."
        if place.zone and place.zone not in known.zones:
            yield f"names the zone “{place.zone}”, which does not exist; correct it."
            continue
        for name in one.tools:
            if not place.zone or name not in known.tools:
                continue
            means = meaning(known.zones[place.zone], known.tools[name])
            if means.state != "clear" and not (means.state == "caution" and means.allowed):
                yield (
                    f"puts “{name}” in the zone “{place.zone}”, which is “{means.state}” for it "
                    "and not aimed for; choose another place."
                )


NO_SOURCE_MOST_S = 60.0
"""The longest that a timer starts at where no source gives a time (design)."""


def _longest(one: Technique) -> float:
    given = [t for hold in one.holds for t in (hold.seconds_from, hold.seconds_to) if t is not None]
    return max(given, default=NO_SOURCE_MOST_S)


def _reading(known: Knowledge) -> list[str]:
    """Plain wordings that are too hard to read. The files are read as they are written, so that a
    fault is named once and not once for each side.
    """
    if not known.guides:
        return []
    return [
        f"{text.where}: needs grade {level:.1f}, above {HARDEST_GRADE:g}; use shorter words and "
        "sentences."
        for text, level in too_hard(our_texts(data_folder("annotations")))
    ]
