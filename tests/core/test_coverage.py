"""All that the source articles teach is told, and both sides of what they disagree on."""

import msgspec
import pytest

from siexplorer.anatomy.knowledge import Knowledge, claims_of, read_knowledge
from siexplorer.anatomy.records import Misconception, Pattern
from siexplorer.exploration.card import share_words
from siexplorer.exploration.catalog import rows
from siexplorer.exploration.coverage import CONFLICTS, ITEMS, coverage, covering, guide_records
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.guide import guide_card


def test_every_item_of_the_articles_is_told(known: Knowledge) -> None:
    found = coverage(known)
    assert list(found) == [f"S{number}" for number in range(1, 169)]
    assert [item for item, by in found.items() if not by] == []
    listed = {row.id for row in rows(known)}
    assert all(name in listed for by in found.values() for name in by)


def test_one_id_names_one_thing(known: Knowledge) -> None:
    names = [record.id for record in covering(known)]
    assert len(names) == len(set(names))


def test_no_item_is_claimed_that_does_not_exist(known: Knowledge) -> None:
    claimed = {item for record in covering(known) for item in record.covers}
    assert claimed == set(ITEMS)


@pytest.mark.parametrize("number", CONFLICTS)
def test_both_sides_of_each_conflict_are_told(known: Knowledge, number: int) -> None:
    telling = [one for one in known.guides.values() if one.conflict == number]
    assert telling
    for one in telling:
        used = {source for claim in claims_of(one) for source in claim.sources}
        assert all(side & used for side in CONFLICTS[number]), one.id


def test_what_is_missing_is_said() -> None:
    known = read_knowledge()
    one = known.guides["sleep-and-posture"]
    known.guides[one.id] = msgspec.structs.replace(one, covers=["S169"])
    said = guide_records(known)
    assert any(sentence.startswith("S102 ") for sentence in said)
    assert any("S169" in sentence for sentence in said)
    for name in [name for name, guide in known.guides.items() if guide.conflict == 4]:
        known.guides[name] = msgspec.structs.replace(known.guides[name], conflict=None)
    assert any("CONFLICT-4" in sentence for sentence in guide_records(known))


def test_patterns_never_speak_of_the_reader(known: Knowledge) -> None:
    """Percentages are those published, and each pattern says that it is no finding."""
    numbers = {misconception.synonyms[0] for misconception in known.of_kind(Misconception).values()}
    assert numbers == {f"M{number}" for number in range(1, 16)}
    for pattern in known.of_kind(Pattern).values():
        assert pattern.caution.text
        assert "you have" not in pattern.description.plain.lower()
    leg = known.guides["down-the-leg"]
    assert "28 %" in leg.description.clinician


def test_patterns_are_painted_with_the_published_shares(known: Knowledge) -> None:
    """Slipman 2000 and Kurosawa 2014, 50 people each; below the knee is told, though not drawn."""
    patterns = known.of_kind(Pattern)
    shares = {
        name: {area.name: area.percent for area in one.areas if area.percent is not None}
        for name, one in patterns.items()
    }
    assert shares["where-it-hurts"] == {"Buttock": 94, "Low back": 72, "Leg": 50, "Groin": 14}
    assert list(shares["down-the-leg"].values()) == [50.0, 28.0]
    assert "Below the knee" in list(shares["down-the-leg"])[1]
    assert shares["by-part-of-the-joint"] == {"Groin": 44.0}
    do = Exploration(known)
    do.read("where-it-hurts")
    areas, side = do.painted()
    assert side == "left"
    assert share_words(areas[0]) == "94 % of 50 people"
    assert all(area.claim.sources for one in patterns.values() for area in one.areas)
    card = guide_card(known, patterns["down-the-leg"], "plain", "own-body")
    (block,) = [one for one in card.blocks if one.heading == "Referral areas on the skin"]
    assert "28 % of 50 people" in block.lines[1].text
    do.set_mode("ball")
    assert do.painted()[0] == []
