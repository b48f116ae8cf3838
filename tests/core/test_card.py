"""Cards: every claim is shown with what it rests on, in text and in HTML."""

import re
from collections.abc import Iterator
from html import escape

import pytest

from siexplorer.anatomy.knowledge import Knowledge, claims_of
from siexplorer.anatomy.records import Claim, Description, Terms, Turn
from siexplorer.exploration.card import (
    BASIS_TAGS,
    Card,
    card_of,
    movement_card,
    size_of,
    to_html,
    to_text,
    zones_card,
)
from siexplorer.packs.pack import Pack

VOICES = ("plain", "student", "clinician")


def as_html(card: Card) -> str:
    return to_html(card, quiet="#555", warn_background="#fee", warn_text="#900")


def said(record: object, voice: str) -> Iterator[tuple[str, str]]:
    """Every sentence of a record that a card must show, with its tag."""
    for claim in claims_of(record):
        if isinstance(claim, Terms):
            yield claim.beware, BASIS_TAGS[claim.basis]
            continue
        text = claim.wording(voice) if isinstance(claim, Description) else claim.text  # type: ignore[arg-type]
        yield text, BASIS_TAGS[claim.basis]


def assert_all_said(card: Card, record: object, voice: str) -> None:
    plain, html = to_text(card), as_html(card)
    for text, tag in said(record, voice):
        assert f"{text} {tag}".rstrip() in plain
        # One record may say the same words twice, with and without a tag.
        places = [found.end() for found in re.finditer(re.escape(escape(text)), html)]
        tagged = {bool(re.match(rf" <i[^>]*>{re.escape(tag)}</i>", html[p:])) for p in places}
        bare = {not html[p:].startswith(" <i") for p in places}
        assert True in (tagged if tag else bare), text


@pytest.mark.parametrize("voice", VOICES)
def test_no_tag_is_ever_lost(known: Knowledge, pack: Pack, voice: str) -> None:
    for entry in known.entries.values():
        assert_all_said(card_of(known, entry, pack, voice, "own-body"), entry, voice)  # type: ignore[arg-type]
    for movement in known.movements.values():
        card = movement_card(known, movement, voice, "facing")  # type: ignore[arg-type]
        assert_all_said(card, movement, voice)
    for zone in known.zones.values():
        assert_all_said(zones_card(known, zone, voice), zone, voice)  # type: ignore[arg-type]


def test_a_movement_s_card_has_its_words_its_size_and_its_lesson(known: Knowledge) -> None:
    for movement in known.movements.values():
        texts = set()
        for voice in VOICES:
            card = movement_card(known, movement, voice, "own-body")  # type: ignore[arg-type]
            text = to_text(card)
            headings = [block.heading for block in card.blocks]
            assert headings[0] == (
                known.say("teaching_model_heading") if movement.teaching_model else ""
            )
            assert card.blocks[0].warning == movement.teaching_model
            for words in (movement.terms.article, movement.terms.kinesiology):
                assert words in text
            assert movement.terms.relative in text
            lesson = card.blocks[headings.index("Step by step")]
            assert lesson.ordered
            assert [
                line.text.startswith(step.title)
                for line, step in zip(lesson.lines, movement.steps, strict=True)
            ] == [True] * len(movement.steps)
            sizes = card.blocks[headings.index("How large it really is")].lines
            assert len(sizes) == 1 + len(movement.turns)
            assert ("Compare with" in headings) == bool(movement.beside)
            assert "Where sources differ" in headings
            used = {n for block in card.blocks for line in block.lines for n in line.numbers}
            assert used == set(range(1, len(card.sources) + 1))
            texts.add(text)
        assert len(texts) == 3, movement.id


@pytest.mark.parametrize(
    ("joint", "motion", "values", "said"),
    [
        ("left-si", "posterior-rotation", (0, 2), "Left SI joint: posterior rotation, 0 to 2 deg"),
        (
            "both-si",
            "posterior-rotation",
            (0, -1.7),
            "Both SI joints: anterior rotation, 0 to 1.7 deg",
        ),
        ("left-si", "glide", (0, 0.7), "Left SI joint: glide upwards, 0 to 0.7 mm"),
        ("right-hip", "flexion", (25, -10), "Right thigh: from 10 deg extension to 25 deg flexion"),
        ("pelvis", "left-turn", (0, 0), "Whole pelvis: no turn to the left"),
        ("left-hip", "flexion", (90, 90), "Left thigh: flexion, 90 deg"),
    ],
)
def test_a_turn_in_words_says_which_way_and_how_far(
    joint: str, motion: str, values: tuple[float, float], said: str
) -> None:
    turn = Turn(
        joint=joint,  # type: ignore[arg-type]
        motion=motion,  # type: ignore[arg-type]
        keys=[(0.0, values[0]), (1.0, values[1])],
        claim=Claim(text="a test"),
    )
    assert size_of(turn) == said


def test_unconfirmed_is_there_as_often_as_in_the_record(known: Knowledge, pack: Pack) -> None:
    for entry in known.entries.values():
        card = card_of(known, entry, pack, "plain", "own-body")
        times = sum(claim.basis == "unconfirmed" for claim in claims_of(entry))
        assert to_text(card).count("(unconfirmed)") >= times
        assert as_html(card).count("(unconfirmed)") >= times


def test_the_map_card_says_all_reasons_and_when_to_stop(known: Knowledge) -> None:
    card = zones_card(known, None, "plain")
    text = to_text(card)
    assert all(zone.reason.text in text for zone in known.zones.values())
    assert known.stop is not None
    assert all(word.text in text for word in known.stop.words)
    assert known.never_safe is not None
    assert known.never_safe.text in text
    assert [b.heading for b in card.blocks if b.warning] == ["Not here", "Stop at once"]


def test_every_number_leads_to_a_source(known: Knowledge, pack: Pack) -> None:
    for entry in known.entries.values():
        card = card_of(known, entry, pack, "clinician", "own-body")
        used = {n for block in card.blocks for line in block.lines for n in line.numbers}
        assert used == set(range(1, len(card.sources) + 1))
        assert len({source.id for source in card.sources}) == len(card.sources)


def test_whose_side_it_is(known: Knowledge, pack: Pack) -> None:
    entry = known.entries["left-psis"]
    own = card_of(known, entry, pack, "plain", "own-body")
    facing = card_of(known, entry, pack, "plain", "facing")
    assert own.side == "On your own body this is your left side."
    assert "left side: on your right as they face you" in facing.side
    assert "From behind it is on your left" in facing.side
    assert own.title == facing.title
    assert own.blocks == facing.blocks, "only the words about the side change"
    middle = card_of(known, known.entries["sacrum"], pack, "plain", "facing")
    assert middle.side == known.say("midline_side")


def test_the_voices_differ(known: Knowledge, pack: Pack) -> None:
    entry = known.entries["right-piriformis"]
    texts = {to_text(card_of(known, entry, pack, voice, "own-body")) for voice in VOICES}  # type: ignore[arg-type]
    assert len(texts) == 3


def test_what_is_modelled_says_so(known: Knowledge, pack: Pack) -> None:
    coccyx = to_text(card_of(known, known.entries["coccyx"], pack, "plain", "own-body"))
    sacrum = to_text(card_of(known, known.entries["sacrum"], pack, "plain", "own-body"))
    assert known.say("modelled") in coccyx
    assert known.say("statistical_mean") in sacrum
    assert "Not yet reviewed" in sacrum
    without = to_text(card_of(known, known.entries["sacrum"], None, "plain", "own-body"))
    assert known.say("statistical_mean") not in without


def test_html_is_escaped() -> None:
    from siexplorer.exploration.card import Block, Line

    card = Card("a <b> & c", "", "", [Block("x < y", (Line("1 < 2"),))])
    html = as_html(card)
    assert "<b>" not in html
    assert "1 &lt; 2" in html
    assert "x &lt; y" in html


def test_an_unknown_source_is_left_out_and_not_a_crash(known: Knowledge, pack: Pack) -> None:
    from siexplorer.anatomy.knowledge import read_knowledge

    broken = read_knowledge()
    broken.sources.clear()
    card = card_of(broken, broken.entries["left-psis"], pack, "plain", "own-body")
    assert card.sources == []
    assert isinstance(known.entries["left-psis"].level, Claim)
