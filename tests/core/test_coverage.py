"""All that the source articles teach is told, and both sides of what they disagree on."""

import msgspec
import pytest

from siexplorer.anatomy.knowledge import Knowledge, claims_of, read_knowledge
from siexplorer.anatomy.records import Misconception, Pattern
from siexplorer.exploration.catalog import rows
from siexplorer.exploration.coverage import CONFLICTS, ITEMS, coverage, covering, guide_records


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
    referral = known.entries["left-si-joint-cartilage"]
    published = {area.name: area.percent for area in referral.referral_areas}  # type: ignore[attr-defined]
    assert (published["Buttock"], published["Low back"]) == (94.0, 72.0)
