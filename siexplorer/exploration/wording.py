"""How the records are worded: runs of words that two texts share, and how hard one is to read."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUN = 8
"""Fewest words in a row that count as copied."""

HARDEST_GRADE = 8.0
"""The highest school grade (US) that plain wording may need."""

NOT_TEXT = frozenset(
    {"sources", "covers", "synonyms", "neighbours", "latin", "ta98", "fma", "ta2", "shows"}
)
"""Fields that hold ids and other words for a thing, not sentences."""

OPEN_FILES = ("techniques", "safety", "patterns")
"""The files whose records may share no run with any other record."""

SET_PHRASES = (
    # Where the ring on the model comes from, said alike wherever there is one.
    "its 20 mm is borrowed from the difference between examiners at the PSIS",
    # What is true of every magnified picture.
    "about 1-2 degrees and under 2 mm",
    # The clash of two languages, which a reader must recognise from card to card.
    "Other texts use sacral flexion for nutation and sacral extension for counternutation",
    "Other texts use sacral extension for counternutation and sacral flexion for nutation",
    "which speaks of the sacrum and not of the ilium",
    "Sacral flexion and sacral extension in other texts",
    # Rules of safety, in one wording everywhere.
    "Near the sacrum article C uses open palms only",
    "a change in bladder or bowel control, or weakness that",
    # What is ours and not measured, named alike.
    "In this model the ligament is modelled between",
    "Drawn by this program from the words of one page on iliopsoas",
)
"""Formulas of the cards: a run inside one of them counts as no repetition."""

OPPOSITES = (
    frozenset({"nutation", "counternutation"}),
    frozenset({"ilium-flexion", "ilium-extension"}),
    frozenset({"anterior-pelvic-tilt", "posterior-pelvic-tilt"}),
)
"""Movements that are each other's mirror: told alike, so that only the direction differs."""

NAMED = frozenset({"name", "lay_name"})
"""Fields that only name a thing; things that belong together have names alike."""

NAMES = (
    "sacroiliac|sacrotuberous|sacrospinous|iliolumbar|sacral|sacrum|iliacus|iliopsoas|piriformis|"
    "psoas|gluteus|gluteal|gluteals|maximus|medius|minimus|quadratus|lumborum|femoris|obturator|"
    "internus|externus|gemellus|multifidus|levator|ani|coccygeus|coccyx|tensor|fasciae|latae|"
    "iliotibial|sciatica|sciatic|femoral|femur|trochanter|symphysis|vertebrae|vertebra|lumbar|"
    "pelvis|pelvic|ligaments|ligament|cartilage"
)
"""Names of parts of the body, which no plainer word replaces: not counted as hard words."""

_NAMES = re.compile(rf"\b(?:{NAMES})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of ours: the file and record it stands in, and its field."""

    file: str
    record: str
    field: str
    text: str

    @property
    def where(self) -> str:
        """Where it stands, in words."""
        return f"annotations/{self.file}.toml, {self.record}, {self.field}"


def our_texts(folder: Path) -> list[Text]:
    """Every sentence of the annotation files as it is written, once for both sides."""
    found: list[Text] = []
    for path in sorted(folder.glob("*.toml")):
        if path.stem == "sources":
            continue
        for key, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for row in rows if isinstance(rows, list) else [rows]:
                name = str(row.get("id", key))
                found += [Text(path.stem, name, field, text) for field, text in _texts(row, "")]
    return found


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in NOT_TEXT:
                yield from _texts(item, f"{field}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _texts(item, f"{field} {number}")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without marks; ``{side}`` counts as a word."""
    return re.findall(r"[^\W_]+", text.casefold())


def runs_of(text: str, length: int = RUN) -> Iterator[str]:
    """Every run of so many words in a row."""
    words = words_of(text)
    for start in range(len(words) - length + 1):
        yield " ".join(words[start : start + length])


def shared_with(texts: Iterable[Text], other: str) -> list[tuple[Text, str]]:
    """Our texts that share a run of words with another text, each with its first such run."""
    theirs = set(runs_of(other))
    found = []
    for one in texts:
        run = next((run for run in runs_of(one.text) if run in theirs), None)
        if run is not None:
            found.append((one, run))
    return found


def repeated(texts: Iterable[Text]) -> list[tuple[Text, Text, str]]:
    """Pairs of texts of different records that share a run.

    Texts of the open files share none with any other. The cards of bones, muscles and movements are
    read one at a time, and a fact that belongs to several is told on each, in one and the same
    sentence; two sentences that differ share no run.
    """
    every = [one for one in texts if one.field not in NAMED]
    found = _sharing(every, lambda one: one.file in OPEN_FILES)
    parts = [
        Text(one.file, one.record, one.field, sentence)
        for one in every
        if one.file not in OPEN_FILES
        for sentence in re.split(r"(?<=[.!?])\s+", one.text)
    ]
    users: dict[str, set[tuple[str, str]]] = {}
    for part in parts:
        users.setdefault(part.text, set()).add((part.file, part.record))
    own = [part for part in parts if len(users[part.text]) == 1]
    common = {part.text: part for part in parts if len(users[part.text]) > 1}
    return found + _sharing([*own, *common.values()], lambda one: True)


def _sharing(texts: list[Text], counts: Callable[[Text], bool]) -> list[tuple[Text, Text, str]]:
    """Pairs from different records that share a run, of which one counts."""
    formulas = [" ".join(words_of(phrase)) for phrase in SET_PHRASES]
    first: dict[str, list[Text]] = {}
    for one in texts:
        for run in runs_of(one.text):
            first.setdefault(run, []).append(one)
    found: dict[tuple[str, str, str, str], tuple[Text, Text, str]] = {}
    for run, users in first.items():
        ours = next((one for one in users if counts(one)), None)
        if ours is None or any(run in phrase for phrase in formulas):
            continue
        for other in users:
            if (other.file, other.record) == (ours.file, ours.record):
                continue
            if frozenset({ours.record, other.record}) not in OPPOSITES:
                key = (ours.where, ours.text, other.where, other.text)
                found.setdefault(key, (ours, other, run))
    return list(found.values())


# How hard to read --------------------------------------------------------------------------------


def grade(text: str) -> float:
    """The school grade (US) that a text needs, after Flesch and Kincaid; names do not count."""
    bare = _NAMES.sub("bone", re.sub(r"\{\w+\}", "left", text))
    sentences = max(1, len(re.findall(r"[.!?]+(?=\s|$)", bare)))
    words = re.findall(r"[A-Za-z][A-Za-z'’-]*", bare)
    if not words:
        return 0.0
    heard = sum(syllables(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * heard / len(words) - 15.59


def syllables(word: str) -> int:
    """How many syllables an English word has, by the rule of its vowels."""
    bare = re.sub(r"[^a-z]", "", word.lower())
    if len(bare) <= 3:
        return 1
    bare = re.sub(r"(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$", lambda m: m[0][0], bare)
    return max(1, len(re.findall(r"[aeiouy]+", bare)))


def too_hard(texts: Iterable[Text]) -> list[tuple[Text, float]]:
    """Plain wordings that need more than the highest grade, with what they need."""
    plain = (one for one in texts if one.field.endswith("plain"))
    scored = ((one, grade(one.text)) for one in plain)
    return [(one, level) for one, level in scored if level > HARDEST_GRADE]
