"""Search: every entry by each of its names, lay words and misspellings first."""

import pytest

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.search import find, names_of


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sit bone", "left-ischial-tuberosity"),
        ("sitz bones", "left-ischial-tuberosity"),
        ("tailbone", "coccyx"),
        ("dimples", "left-dimple-of-venus"),
        ("beltline", "left-iliac-crest"),
        ("hip pointer", "left-asis"),
        ("PSIS", "left-psis"),
        ("P.S.I.S.", "left-psis"),
        ("psis left", "left-psis"),
        ("left psis", "left-psis"),
        ("right PSIS", "right-psis"),
        ("r psis", "right-psis"),
        ("iliacus", "left-iliacus"),
        ("ilacus", "left-iliacus"),
        ("piriformis", "left-piriformis"),
        ("pirifomis", "left-piriformis"),
        ("sacroiliac joint", "left-si-joint-line"),
        ("sacroilliac", "left-si-joint-line"),
        ("SI joint", "left-si-joint-line"),
        ("joint si right", "right-si-joint-line"),
        ("promontory", "sacral-promontory"),
        ("promon", "sacral-promontory"),
        ("spina iliaca", "left-asis"),
        ("spina iliaca posterior superior", "left-psis"),
        ("A02.5.01.113", "left-psis"),
        ("trochanter", "left-greater-trochanter"),
        ("trocanter", "left-greater-trochanter"),
        ("hip bone", "left-hip-bone"),
        ("sacrum", "sacrum"),
        ("nutation", "nutation"),
        ("counternutation", "counternutation"),
        ("SI flexion", "left-ilium-flexion"),
        ("tucked ilium", "left-ilium-flexion"),
        ("sacral flexion", "nutation"),
        ("hypermobile SI joint", "left-loose-joint"),
        ("gait", "walking"),
        ("knee to chest", "left-knee-lift-high"),
        ("anterior innominate rotation", "left-ilium-extension"),
        ("left sacrum", "sacrum"),
        ("pain in the sit bone", "left-ischial-tuberosity"),
    ],
)
def test_typical_queries(known: Knowledge, query: str, first: str) -> None:
    assert find(known, query)[0].entry.id == first


def test_every_entry_by_every_name(known: Knowledge) -> None:
    shown: dict[str, list[str]] = {}
    for entry in known.entries.values():
        for name in names_of(entry):
            if name not in shown:
                shown[name] = [one.entry.id for one in find(known, name)]
            assert entry.id in shown[name][:8], (entry.id, name)
        assert shown[entry.name][0] == entry.id
        assert shown[entry.lay_name][0] == entry.id


def test_left_and_right_stand_together_and_best_comes_first(known: Knowledge) -> None:
    found = find(known, "dimples")
    assert [one.entry.id for one in found[:4]] == [
        "left-dimple-of-venus",
        "right-dimple-of-venus",
        "left-psis",
        "right-psis",
    ]
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


def test_a_side_never_brings_the_other(known: Knowledge) -> None:
    assert {one.entry.side for one in find(known, "right")} == {"right"}
    assert "left" not in {one.entry.side for one in find(known, "right hip")}


@pytest.mark.parametrize("query", ["", "   ", "xyzzy", "qq", "none", "!?", "ß", "🦴"])
def test_what_is_not_there(known: Knowledge, query: str) -> None:
    assert find(known, query) == []
