"""Records are read leniently: what is wrong is said in one sentence, and the rest works."""

from collections.abc import Callable
from pathlib import Path

import pytest

from siexplorer.anatomy.knowledge import FILES, Knowledge, read_knowledge, sources_of


def replace(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(folder: Path, file: str, text: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write(text)


BREAKS: dict[str, tuple[Callable[[Path], None], str, tuple[str, ...]]] = {
    "unknown key": (
        lambda f: replace(f, "landmarks.toml", 'lay_name = "{side} back', 'lay_nam = "{side} back'),
        "landmarks.toml",
        ("psis", "lay_nam"),
    ),
    "wrong type": (
        lambda f: replace(
            f, "structures.toml", 'id = "femur"\nname = "{Side} femur"', 'id = "femur"\nname = 7'
        ),
        "structures.toml",
        ("femur", "$.name"),
    ),
    "wrong value deep inside": (
        lambda f: replace(f, "landmarks.toml", 'reach = "yes"', 'reach = "perhaps"'),
        "landmarks.toml",
        ("psis", "perhaps", "$.palpation.reach"),
    ),
    "syntax error": (
        lambda f: append(f, "zones.toml", "\nbroken = = 1\n"),
        "zones.toml",
        ("line",),
    ),
    "not text": (
        lambda f: (f / "movements.toml").write_bytes(b"\xff\xfe\x00"),
        "movements.toml",
        ("cannot be read",),
    ),
    "missing file": (lambda f: (f / "notice.toml").unlink(), "notice.toml", ("missing",)),
    "missing sources": (lambda f: (f / "sources.toml").unlink(), "sources.toml", ("missing",)),
    "missing table": (
        lambda f: (f / "interface.toml").write_text("# nothing\n[txt]\n", encoding="utf-8"),
        "interface.toml",
        ("[txt]",),
    ),
    "unknown table": (
        lambda f: append(f, "landmarks.toml", '\n[[landmrk]]\nid = "new"\n'),
        "landmarks.toml",
        ("landmrk",),
    ),
    "duplicate id": (
        lambda f: replace(f, "landmarks.toml", 'id = "aiis"', 'id = "asis"'),
        "landmarks.toml",
        ("asis", "twice"),
    ),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_one_sentence_names_the_file_and_the_place(
    annotations: Path, known: Knowledge, fault: str
) -> None:
    damage, file, words = BREAKS[fault]
    damage(annotations)
    broken = read_knowledge(annotations)
    sentences = [s for s in broken.problems if fault != "missing table" or "[txt]" in s]
    assert len(sentences) == 1, broken.problems
    assert f"annotations/{file}" in sentences[0]
    assert all(word in sentences[0] for word in words)
    assert sentences[0].endswith(".")
    assert "\n" not in sentences[0]
    left_out = known.entries.keys() - broken.entries.keys()
    assert len(left_out) <= 2, "one record, on both sides"
    assert broken.entries["sacrum"] == known.entries["sacrum"]


def test_nothing_is_wrong_with_what_ships(known: Knowledge) -> None:
    assert known.problems == []
    assert known.notice is not None
    assert known.entries.keys() >= {"left-psis", "right-psis", "sacrum", "left-iliacus"}


def test_an_empty_folder_still_gives_a_knowledge(tmp_path: Path) -> None:
    empty = read_knowledge(tmp_path)
    assert len(empty.problems) == len(FILES)
    assert empty.entries == {}
    assert empty.say("start_here") == "start here"


def test_both_sides_of_a_record(known: Knowledge) -> None:
    left, right = known.entries["left-asis"], known.entries["right-asis"]
    assert (left.side, right.side) == ("left", "right")
    assert left.name.startswith("Left ")
    assert right.lay_name.startswith("right ")
    assert "right-iliac-tubercle" in right.neighbours
    assert known.entries["left-hip-bone"].view == "left"
    assert known.entries["right-hip-bone"].view == "right"


def test_both_sides_of_a_movement(known: Knowledge) -> None:
    left, right = (known.movements[f"{side}-one-leg-stance"] for side in ("left", "right"))
    assert (left.pivot, right.pivot) == ("left-hip", "right-hip")
    assert {turn.joint for turn in left.turns} == {"right-hip", "pelvis", "left-si", "right-si"}
    assert {turn.joint for turn in right.turns} == {"left-hip", "pelvis", "left-si", "right-si"}
    assert right.beside == "right-one-leg-stance-article"
    assert right.marks[0].at_place == "right-si-joint"
    other = {"left": "right", "right": "left"}
    for movement in known.movements.values():
        if movement.side != "left":
            continue
        twin = known.movements[f"right-{movement.id.split('-', 1)[1]}"]
        assert [step.view for step in twin.steps] == [
            other.get(step.view, step.view) for step in movement.steps
        ]
        assert twin.lying == other.get(movement.lying, "")
        assert [turn.keys for turn in twin.turns] == [turn.keys for turn in movement.turns]


def test_what_a_movement_is_called_rests_on_sources(known: Knowledge) -> None:
    for movement in known.movements.values():
        assert set(movement.terms.sources) <= set(sources_of(movement))


def test_sentences_are_filled_in(known: Knowledge) -> None:
    assert "left" in known.say("own_body_side", side="left")
    assert "{" not in known.say("facing_side", side="left", other_side="right")
