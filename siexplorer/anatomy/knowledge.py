"""All records of ``annotations/`` read, checked and spread over the two sides."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from siexplorer.anatomy.places import data_folder
from siexplorer.anatomy.records import (
    Analogy,
    Bone,
    Care,
    Cartilage,
    Claim,
    Description,
    Entry,
    Gate,
    Guide,
    Landmark,
    Ligament,
    Misconception,
    Movement,
    Muscle,
    Nerve,
    Notice,
    Pattern,
    Position,
    Question,
    Record,
    SessionRules,
    Skin,
    Source,
    StopWords,
    Technique,
    Terms,
    Tool,
    Vessel,
    Zone,
)

R = TypeVar("R", bound=Record)
G = TypeVar("G", bound=Guide)

SIDES = {"left": "right", "right": "left"}


@dataclass(slots=True)
class Knowledge:
    """What is known, by id; paired records stand here once for each side.

    ``problems`` holds one sentence for everything that could not be read; the rest is usable.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    movements: dict[str, Movement] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    guides: dict[str, Guide] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    notice: Notice | None = None
    tools: dict[str, Tool] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    depth_caveat: Claim | None = None
    anatomy_varies: Claim | None = None
    position_caveat: Claim | None = None
    never_safe: Claim | None = None
    stop: StopWords | None = None
    session: SessionRules | None = None
    gate: Gate | None = None
    problems: list[str] = field(default_factory=list)

    def of_kind(self, kind: type[G]) -> dict[str, G]:
        """The taught things of one kind, by id: ``of_kind(Technique)``."""
        return {name: one for name, one in self.guides.items() if isinstance(one, kind)}

    def say(self, key: str, **values: object) -> str:
        """A sentence of ``interface.toml`` with its braces filled in.

        A missing sentence shows its key instead of failing: the window stays usable.
        """
        sentence = self.text.get(key, key.replace("_", " "))
        for name, value in values.items():
            sentence = sentence.replace("{" + name + "}", str(value))
        return sentence


def read_knowledge(folder: Path | None = None) -> Knowledge:
    """Read every annotation file. A record that is wrong is left out and said in ``problems``."""
    folder = folder or data_folder("annotations")
    known = Knowledge()
    tables = {name: _read_toml(folder / f"{name}.toml", known.problems) for name in FILES}

    for source in _records(tables, "sources", "source", Source, known.problems):
        _add(known.sources, source, "sources", known.problems)
    for file, key, kind in (
        ("structures", "bone", Bone),
        ("structures", "cartilage", Cartilage),
        ("muscles", "muscle", Muscle),
        ("ligaments", "ligament", Ligament),
        ("nerves", "nerve", Nerve),
        ("nerves", "vessel", Vessel),
        ("structures", "skin", Skin),
        ("landmarks", "landmark", Landmark),
    ):
        for entry in _records(tables, file, key, kind, known.problems):
            _add(known.entries, entry, file, known.problems)
    for movement in _records(tables, "movements", "movement", Movement, known.problems):
        _add(known.movements, movement, "movements", known.problems)
    for zone in _records(tables, "zones", "zone", Zone, known.problems):
        _add(known.zones, zone, "zones", known.problems)
    for file, key, taught in GUIDES:
        for guide in _records(tables, file, key, taught, known.problems):
            _add(known.guides, guide, file, known.problems)
    known.session = _single(tables, "techniques", "session", SessionRules, known.problems)
    known.gate = _single(tables, "safety", "gate", Gate, known.problems)
    known.notice = _single(tables, "notice", "notice", Notice, known.problems)
    for tool in _records(tables, "tools", "tool", Tool, known.problems):
        _add(known.tools, tool, "tools", known.problems)
    for position in _records(tables, "tools", "position", Position, known.problems):
        _add(known.positions, position, "tools", known.problems)
    known.depth_caveat = _single(tables, "zones", "depth_caveat", Claim, known.problems)
    known.anatomy_varies = _single(tables, "zones", "anatomy_varies", Claim, known.problems)
    known.position_caveat = _single(tables, "zones", "position_caveat", Claim, known.problems)
    known.never_safe = _single(tables, "zones", "never_safe", Claim, known.problems)
    known.stop = _single(tables, "zones", "stop", StopWords, known.problems)
    text = _single(tables, "interface", "text", dict[str, str], known.problems)
    known.text = text or {}

    paired = {e.id.split("-", 1)[1] for e in known.entries.values() if e.side != "midline"}
    for name, entry in known.entries.items():
        near = [_beside(entry, other, paired) for other in entry.neighbours]
        known.entries[name] = msgspec.structs.replace(entry, neighbours=near)
    return known


FILES = {
    "sources": {"source"},
    "structures": {"bone", "cartilage", "skin"},
    "muscles": {"muscle"},
    "ligaments": {"ligament"},
    "nerves": {"nerve", "vessel"},
    "landmarks": {"landmark"},
    "movements": {"movement"},
    "zones": {
        "zone",
        "depth_caveat",
        "anatomy_varies",
        "position_caveat",
        "never_safe",
        "stop",
    },
    "tools": {"tool", "position"},
    "techniques": {"technique", "care", "session"},
    "safety": {"question", "gate"},
    "patterns": {"pattern", "misconception", "analogy"},
    "notice": {"notice"},
    "interface": {"text"},
}
"""The annotation files and the tables that each may hold."""

GUIDES: tuple[tuple[str, str, type[Guide]], ...] = (
    ("techniques", "technique", Technique),
    ("techniques", "care", Care),
    ("patterns", "pattern", Pattern),
    ("patterns", "misconception", Misconception),
    ("patterns", "analogy", Analogy),
    ("safety", "question", Question),
)
"""Where each kind of taught thing stands."""


def both_sides(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The record as it is written, or its left and its right one where it is ``paired``.

    In the right one, views from the left are views from the right, and the other way round.
    """
    if row.get("paired") is not True or not isinstance(row.get("id"), str):
        return [row]
    found = []
    for side, other in SIDES.items():
        words = {
            "{side}": side,
            "{other_side}": other,
            "{Side}": side.capitalize(),
            "{Other_side}": other.capitalize(),
        }
        filled = _filled(row, words)
        if side == "right":
            filled = _seen_from_other_side(filled)
        found.append({**filled, "id": f"{side}-{row['id']}", "side": side})
    return found


def claims_of(value: object) -> Iterator[Claim | Description | Terms]:
    """All that rests on sources inside a record, a list of records, or anything else."""
    if isinstance(value, Claim | Description | Terms):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from claims_of(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from claims_of(item)


def sources_of(value: object) -> list[str]:
    """The source ids that a record rests on, each once, in order of appearance."""
    return list(dict.fromkeys(s for claim in claims_of(value) for s in claim.sources))


def _beside(entry: Entry, other: str, paired: set[str]) -> str:
    if other not in paired:
        return other
    return f"{entry.side if entry.side != 'midline' else 'left'}-{other}"


def _filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        for placeholder, word in words.items():
            value = value.replace(placeholder, word)
        return value
    if isinstance(value, list):
        return [_filled(item, words) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, words) for key, item in value.items()}
    return value


def _seen_from_other_side(value: Any) -> Any:
    """The same with every ``view`` from the left or right taken from the other side."""
    if isinstance(value, list):
        return [_seen_from_other_side(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: SIDES.get(item, item)
        if key == "view" and isinstance(item, str)
        else _seen_from_other_side(item)
        for key, item in value.items()
    }


def _read_toml(path: Path, problems: list[str]) -> dict[str, Any]:
    where = f"annotations/{path.name}"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        problems += [
            f"{where}: nothing is called [{key}]; correct that name."
            for key in sorted(tables.keys() - FILES[path.stem])
        ]
        return tables
    except FileNotFoundError:
        problems.append(f"{where}: the file is missing; put it back or reinstall the program.")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{where}: not valid TOML, {error}; correct that place.")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{where}: cannot be read ({error}).")
    return {}


def _records(
    tables: dict[str, dict[str, Any]], file: str, key: str, kind: type[R], problems: list[str]
) -> list[R]:
    found = []
    rows = tables[file].get(key, [])
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        label = row.get("id") if isinstance(row, dict) else None
        try:
            rows_of_sides = both_sides(row) if isinstance(row, dict) else [row]
            found += [msgspec.convert(one, type=kind) for one in rows_of_sides]
        except msgspec.ValidationError as error:
            name = f"“{label}”" if label else f"number {number}"
            problems.append(f"annotations/{file}.toml: {key} {name}: {error}; correct that key.")
    return found


T = TypeVar("T")


def _single(
    tables: dict[str, dict[str, Any]], file: str, key: str, kind: type[T], problems: list[str]
) -> T | None:
    if key not in tables[file]:
        if tables[file]:
            problems.append(f"annotations/{file}.toml: the table [{key}] is missing.")
        return None
    try:
        return msgspec.convert(tables[file][key], type=kind)
    except msgspec.ValidationError as error:
        problems.append(f"annotations/{file}.toml: [{key}]: {error}; correct that key.")
        return None


def _add(into: dict[str, Any], record: Any, file: str, problems: list[str]) -> None:
    if record.id not in into:
        into[record.id] = record
        return
    name = record.id.split("-", 1)[1] if getattr(record, "paired", False) else record.id
    said = f"annotations/{file}.toml: the id “{name}” is used twice; rename one."
    if said not in problems:
        problems.append(said)
