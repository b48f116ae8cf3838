"""Techniques: whole, timed as their sources have it, and laid where the ball map lets them be."""

import msgspec
import pytest

from siexplorer.anatomy.knowledge import Knowledge, claims_of, read_knowledge
from siexplorer.anatomy.records import Claim, Place, Question, Technique
from siexplorer.exploration.card import BASIS_TAGS, to_text
from siexplorer.exploration.coverage import guide_records
from siexplorer.exploration.guide import duration_words, guide_card, hold_words
from siexplorer.exploration.placement import placed
from siexplorer.exploration.search import find
from siexplorer.packs.pack import Pack

HOLDS = {
    "left-ball-under-buttock": {"A": (30, 60), "C": (30, 90)},
    "right-ball-figure-four": {"A": (30, 60), "C": (30, 90)},
    "left-seated-hands": {"A": (30, 60)},
    "left-prone-hand-press": {"C": (None, 60)},
    "left-partner-elbow": {"C": (45, 75), "A": (None, None)},
    "moist-heat": {"A": (900, 1200), "D": (None, 1200)},
    "wrapped-ice": {"A": (600, 900)},
    "left-knee-to-chest": {"A": (20, 30)},
    "left-counter-corner-lean": {"D": (None, None)},
    "left-therapist-piston": {"B": (None, None)},
}
"""What the articles give, in seconds."""


def technique(known: Knowledge, name: str) -> Technique:
    return known.of_kind(Technique)[name]


@pytest.mark.parametrize("name", HOLDS)
def test_each_source_keeps_its_own_time(known: Knowledge, name: str) -> None:
    given = {
        hold.whose: (hold.seconds_from, hold.seconds_to)
        for hold in technique(known, name).holds
        if hold.counts
    }
    assert given == HOLDS[name]


def test_every_technique_is_whole(known: Knowledge) -> None:
    assert [fault for fault in guide_records(known) if "techniques.toml" in fault] == []
    for one in known.of_kind(Technique).values():
        assert one.steps
        assert all(step.cue and len(step.cue.split()) <= 12 for step in one.steps), one.id
        for claim in claims_of(one):
            assert claim.sources or claim.basis != "source", (one.id, claim)


def test_only_the_sides_that_the_article_asks_for(known: Knowledge) -> None:
    asked = {one.id for one in known.of_kind(Technique).values() if one.asks_affected_side}
    assert asked == {
        f"{side}-{name}"
        for side in ("left", "right")
        for name in ("ball-figure-four", "partner-leg-turn")
    }


@pytest.mark.parametrize("skin", ["female", "male"])
def test_every_place_lies_where_its_tool_may_press(known: Knowledge, pack: Pack, skin: str) -> None:
    laid = 0
    for one in known.of_kind(Technique).values():
        if one.side == "right":
            continue
        for tool in one.tools:
            found = placed(known, pack, skin, one, tool)  # type: ignore[arg-type]
            assert len(found) == sum(bool(place.zone) for place in one.places), one.id
            for spot in found:
                said = spot.verdict
                assert said.rule == spot.place.zone, (one.id, tool)
                assert said.state == "clear" or (said.state == "caution" and said.allowed)
                assert said.reached, (one.id, tool)
                assert spot.place.side in ("left", "midline")
                assert spot.place.side == "midline" or spot.point[0] > 0
                laid += 1
    assert laid > 20


def test_a_place_that_the_map_avoids_is_an_error() -> None:
    known = read_knowledge()
    one = technique(known, "left-ball-under-buttock")
    for zone, bad in (("sciatic-core", True), ("dorsal-sacrum", True), ("piriformis-strip", False)):
        place: Place = msgspec.structs.replace(one.places[0], zone=zone)
        known.guides[one.id] = msgspec.structs.replace(one, places=[place])
        assert bool(guide_records(known)) is bad, zone


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"position": "on-the-moon"}, "on-the-moon"),
        ({"tools": ["hammer"]}, "hammer"),
        ({"movement": "dance"}, "dance"),
        ({"shows": ["left-gill"]}, "left-gill"),
        ({"look": "x-ray"}, "x-ray"),
        ({"steps": []}, "too few"),
        ({"default_hold_s": 600.0}, "longer than any source"),
        ({"pressure": None}, "how hard"),
    ],
)
def test_what_does_not_exist_is_named(change: dict[str, object], words: str) -> None:
    known = read_knowledge()
    one = technique(known, "left-ball-figure-four")
    known.guides[one.id] = msgspec.structs.replace(one, **change)
    assert any(words in fault and one.id in fault for fault in guide_records(known))


def test_the_gate_asks_for_all_that_keeps_one_from_starting(known: Knowledge) -> None:
    asked = known.of_kind(Question)
    assert {one.id for one in asked.values() if one.severity == "emergency"} == {
        "saddle-numbness",
        "bladder-bowel",
        "progressive-weakness",
    }
    assert asked.keys() >= {
        *("fever", "cancer", "major-injury", "night-pain", "weight-loss", "leg-signs"),
        *("inflamed", "bruise", "clot", "blood-thinners", "pregnant", "severe-pain"),
    }
    assert all(one.text.endswith("?") and one.see for one in asked.values())
    assert known.gate is not None
    assert known.gate.not_now_heading == "Not now: ask a professional first"
    assert known.gate.stop_feels == ["sharp", "shooting", "numb", "tingling", "pulsing"]


def test_cards_say_all_with_its_tag(known: Knowledge) -> None:
    for guide in known.guides.values():
        for voice in ("plain", "student", "clinician"):
            text = to_text(guide_card(known, guide, voice, "own-body"))  # type: ignore[arg-type]
            for claim in claims_of(guide):
                words = claim.text if isinstance(claim, Claim) else claim.wording(voice)  # type: ignore[union-attr, arg-type]
                assert f"{words} {BASIS_TAGS[claim.basis]}".rstrip() in text, guide.id


def test_cards_say_time_place_and_stop(known: Knowledge) -> None:
    text = to_text(guide_card(known, known.guides["left-ball-figure-four"], "plain", "own-body"))
    for words in ("A 30 to 60 s; C 30 to 90 s", "4 to 6 out of 10", "! Stop at once"):
        assert words in text
    assert duration_words(900) == "15 min"
    assert hold_words(technique(known, "moist-heat").holds[0]) == "15 to 20 min"
    assert hold_words(technique(known, "left-prone-hand-press").holds[0]) == "about 60 s"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("figure four ball", "left-ball-figure-four"),
        ("right figure four ball", "right-ball-figure-four"),
        ("counter corner", "left-counter-corner-lean"),
        ("heating pad", "moist-heat"),
        ("out of place", "bone-out-of-place"),
        ("mouse ears", "mouse-ears"),
        ("DVT", "clot"),
        ("below the knee", "never-below-the-knee"),
    ],
)
def test_what_is_taught_is_found(known: Knowledge, query: str, first: str) -> None:
    assert first in [found.entry.id for found in find(known, query, guides=True)][:3]
    assert all(found.entry.id not in known.guides for found in find(known, query))
