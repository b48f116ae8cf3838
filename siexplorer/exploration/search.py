"""Finding a thing or a movement by any of its names: standard, lay, Latin, misspelt too."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Entry, Guide, Movement

LEAST_SCORE, MOST_BEHIND = 66.0, 25.0
"""What is shown at all, and how far behind the best result the last one may be (design)."""

SIDE_WORDS = {"left": "left", "l": "left", "right": "right", "r": "right"}

Likeness = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Found:
    """A result: the entry, movement or guide, the name that matched, and how well (0..100)."""

    entry: Entry | Movement | Guide
    matched: str
    score: float


def find(known: Knowledge, query: str, most: int = 12, *, guides: bool = False) -> list[Found]:
    """What fits the query, best first. ``left`` or ``right`` in it chooses the side.

    With ``guides``, what is taught is searched too: techniques, care, patterns and the rest.
    """
    from rapidfuzz import fuzz

    words = _words(query)
    sides = {SIDE_WORDS[word] for word in words if word in SIDE_WORDS}
    wanted = [word for word in words if word not in SIDE_WORDS]
    if not wanted and not sides:
        return []
    asked = _spelling(wanted)
    found = []
    things: list[Entry | Movement | Guide] = [*known.entries.values(), *known.movements.values()]
    if guides:
        things += known.guides.values()
    for entry in things:
        other_side = bool(sides) and entry.side not in sides
        if other_side and (entry.side != "midline" or not wanted):
            continue
        if not wanted:
            found.append(Found(entry, entry.name, 1.0))
            continue
        scores = {name: _score(asked, _spelt(name), fuzz.ratio) for name in names_of(entry)}
        matched = max(scores, key=lambda name: scores[name])
        score = scores[matched] - (5.0 if other_side else 0.0)
        if score >= LEAST_SCORE:
            score -= _strangeness(wanted, entry)
        if score >= LEAST_SCORE:
            found.append(Found(entry, matched, score))
    # Stable: what fits equally well stays in the order of the records, left beside right.
    found.sort(key=lambda one: -one.score)
    return [one for one in found[:most] if one.score >= found[0].score - MOST_BEHIND]


def names_of(entry: Entry | Movement | Guide) -> list[str]:
    """Every name that an entry, a movement or a guide goes by."""
    terms: list[str] = []
    if isinstance(entry, Entry):
        terms = [entry.latin, entry.ta98]
    elif isinstance(entry, Movement):
        terms = _phrases(entry.terms.article) + _phrases(entry.terms.kinesiology)
    names = (entry.name, entry.lay_name, *terms, *entry.synonyms)
    return [name for name in names if name and name != "none"]


def _phrases(words: str) -> list[str]:
    """The single terms in a line of them: ``SI flexion, a tucked ilium (B)`` has two."""
    parts = re.split(r"[,;:()]", words)
    return [part.strip() for part in parts if len(part.strip()) > 2]


def _words(text: str) -> list[str]:
    from rapidfuzz import utils

    return str(utils.default_process(text)).split()


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Words, in a row, and in the order of the alphabet."""

    words: tuple[str, ...]
    whole: str
    ordered: str


def _spelling(words: list[str]) -> _Spelling:
    return _Spelling(tuple(words), " ".join(words), " ".join(sorted(words)))


@lru_cache(maxsize=4096)
def _spelt(name: str) -> _Spelling:
    """A name without its side; kept, as every key that is typed asks for them all."""
    return _spelling([word for word in _words(name) if word not in SIDE_WORDS])


def _score(wanted: _Spelling, name: _Spelling, likeness: Likeness) -> float:
    """How well the words of a query fit those of one name, 0..100.

    In falling order: the same words, those words at the beginning or anywhere in a longer name, the
    beginnings of its words (while typing), a name inside a longer query, and last what is spelt
    alike.
    """
    query, whole = wanted.whole, name.whole
    longer = min(4.0, 0.1 * abs(len(whole) - len(query)))
    if query == whole:
        return 100.0
    if f" {query} " in f" {whole} ":
        return 94.0 - longer
    if f" {query}" in f" {whole}":
        return 89.0 - longer
    if all(any(part.startswith(word) for part in name.words) for word in wanted.words):
        return 84.0 - longer
    if len(whole) > 3 and f" {whole} " in f" {query} ":
        return 80.0 - longer
    if len(query) < 3:
        return 0.0
    return 0.9 * max(likeness(query, whole), likeness(wanted.ordered, name.ordered))


def _strangeness(wanted: list[str], entry: Entry | Movement | Guide) -> float:
    """0 to 3: how many of the query's words the entry's own name, or at least its lay name, lacks.

    Many things go by one word: both the PSIS and the dimple above it are called ``dimples``. What
    bears the word in its name comes first.
    """
    own = {word.rstrip("s") for word in _spelt(entry.name).words}
    lay = {word.rstrip("s") for word in _spelt(entry.lay_name).words}
    lacks = [
        0.0 if word.rstrip("s") in own else 1.5 if word.rstrip("s") in lay else 3.0
        for word in wanted
    ]
    return sum(lacks) / len(lacks)
