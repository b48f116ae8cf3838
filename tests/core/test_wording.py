"""Our words are our own, said once, and easy to read."""

import runpy
from pathlib import Path

import pytest

from siexplorer.anatomy.places import data_folder
from siexplorer.exploration.wording import (
    HARDEST_GRADE,
    OPPOSITES,
    SET_PHRASES,
    Text,
    grade,
    our_texts,
    repeated,
    shared_with,
    syllables,
    too_hard,
    words_of,
)

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_wording.py"


def run(*arguments: str) -> int:
    code: int = runpy.run_path(str(SCRIPT))["main"](list(arguments))
    return code


def test_no_record_repeats_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0, capsys.readouterr().out


def test_a_copied_run_is_found_whatever_its_marks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = next(one for one in our_texts(data_folder("annotations")) if one.record == "pulley" and
                one.field == "picture.text")  # fmt: skip
    copied = tmp_path / "copied.txt"
    copied.write_text("Elsewhere:\n" + text.text.upper().replace(" ", " \n ").replace(",", " --"))
    assert run(str(copied)) == 1
    said = capsys.readouterr().out
    assert "annotations/patterns.toml, pulley, picture.text" in said
    assert str(copied) in said
    own = tmp_path / "own.txt"
    own.write_text("Nothing of this was ever written in any of those files before, we hope.")
    assert run(str(own)) == 0
    assert run(str(tmp_path / "missing.txt")) == 2


def test_a_run_is_eight_words() -> None:
    ours = [Text("patterns", "one", "text", "a b c d e f g h i")]
    assert shared_with(ours, "x b c d e f g h i y")
    assert not shared_with(ours, "x b c d e f g h y")
    assert repeated([*ours, Text("muscles", "two", "text", "a b c d e f g h")])
    assert not repeated([*ours, Text("patterns", "one", "more", "a b c d e f g h")])


def test_cards_share_whole_sentences_or_no_run() -> None:
    first, run = "a b c d e f g h i.", "a b c d e f g h"
    card = Text("muscles", "one", "text", f"{first} More.")
    assert not repeated([card, Text("nerves", "two", "text", f"Else. {first}")])
    assert repeated([card, Text("nerves", "two", "text", f"{run} x.")])
    assert not repeated([card, Text("nerves", "two", "lay_name", run)])
    assert repeated([card, Text("safety", "two", "text", first)]), "open files share nothing at all"


def test_exceptions_are_few_and_in_use() -> None:
    """Each formula stands on at least two cards; each mirrored movement exists."""
    texts = [" ".join(words_of(one.text)) for one in our_texts(data_folder("annotations"))]
    for phrase in SET_PHRASES:
        assert sum(" ".join(words_of(phrase)) in text for text in texts) > 1, phrase
    assert len(SET_PHRASES) <= 12
    assert {name for pair in OPPOSITES for name in pair} <= {
        one.record for one in our_texts(data_folder("annotations")) if one.file == "movements"
    }


def test_plain_wording_needs_no_more_than_eighth_grade() -> None:
    assert too_hard(our_texts(data_folder("annotations"))) == []


@pytest.mark.parametrize(
    ("word", "count"),
    [("knee", 1), ("muscle", 2), ("buttock", 2), ("pressed", 1), ("needed", 2), ("doctor", 2)],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_grades_tell_plain_from_learned() -> None:
    assert grade("Lie on your back. Breathe out slowly.") < 4
    learned = (
        "Quantification of intraindividual biomechanical variability necessitates comprehensive "
        "instrumentation of numerous anatomical structures."
    )
    assert grade(learned) > HARDEST_GRADE
    assert grade("Lie on the sacroiliac joint.") == grade("Lie on the bone joint.")
