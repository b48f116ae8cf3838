"""What the commands work on: records, packs and maps, whole or refused with a sentence."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from siexplorer.cli.arguments import Body, Place, unknown
from siexplorer.printing import FAILED, Refusal, complain, sentence_of

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Movement, Position, Tool
    from siexplorer.exploration.ball import SkinMap
    from siexplorer.exploration.catalog import Item
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.exploration.moving import Pose
    from siexplorer.geometry.surface import Floats
    from siexplorer.packs.pack import Pack


PACK = "SIEXPLORER_PACK"
"""The variable that names the pack to use instead of the built-in one."""


def check_pack(name: str) -> None:
    """Refuse an id whose pack is not here."""
    from siexplorer.packs.pack import BUILT_IN, PackError

    if name == BUILT_IN:
        return
    from siexplorer.packs.fetch import listed, pack_called

    try:
        pack_called(name)
        state = next(one.state for one in listed() if one.pack.id == name)
    except PackError as error:
        raise Refusal(str(error)) from None
    if state == "not here":
        raise Refusal(f"The pack “{name}” is not here; “siexplorer packs fetch {name}” fetches it.")


def knowledge(*, say_problems: bool = True) -> "Knowledge":
    """Everything that is known; what is wrong with it is said."""
    from siexplorer.anatomy.knowledge import read_knowledge

    known = read_knowledge()
    for problem in known.problems if say_problems else ():
        complain(problem)
    return known


def pack_or_fault(
    *, cached: bool = True, say_problems: bool = True
) -> "tuple[Pack | None, str | None]":
    """The chosen pack, or None and why; what is wrong with it is said, the rest goes on."""
    from siexplorer.packs.fetch import open_pack
    from siexplorer.packs.pack import BUILT_IN, PackError

    if os.environ.get("SIEXPLORER_OPENED"):
        return _opened_pack(Path(os.environ["SIEXPLORER_OPENED"]))
    try:
        name = os.environ.get(PACK) or BUILT_IN
        pack = open_pack(name, cache=_cache_folder() if cached else None)
    except PackError as error:
        if say_problems:
            complain(str(error))
        return None, str(error)
    for problem in pack.problems if say_problems else ():
        complain(problem)
    return pack, None


def _opened_pack(path: Path) -> "tuple[Pack | None, str | None]":
    """The mesh of the user's own that a window has open."""
    from siexplorer.exploration.correcting import as_corrections, corrected
    from siexplorer.packs.opened import OpenedError, read_opened

    try:
        opened = read_opened(path)
    except OpenedError as error:
        return None, str(error)
    return corrected(opened.pack, as_corrections(opened.corrected)), None


def named_pack(known: "Knowledge", name: str) -> "Pack":
    """A pack by its id, or the pelvis in a mesh file; whole or refused."""
    from siexplorer.packs.fetch import open_pack
    from siexplorer.packs.pack import PackError

    # No id of a pack has a full stop in it.
    if Path(name).suffix:
        return _pack_of_mesh(known, Path(name))
    check_pack(name)
    try:
        pack = open_pack(name, cache=_cache_folder())
    except PackError as error:
        raise Refusal(str(error), FAILED) from None
    for problem in pack.problems:
        complain(problem)
    return pack


def _pack_of_mesh(known: "Knowledge", path: Path) -> "Pack":
    # Small matrices: more threads only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from siexplorer.exploration.correcting import as_corrections, corrected
    from siexplorer.packs.opened import open_pelvis
    from siexplorer.packs.own import OwnMeshError

    try:
        opened = open_pelvis([path], known)
    except OwnMeshError as error:
        raise Refusal(str(error)) from None
    for problem in opened.problems:
        complain(problem)
    return corrected(opened.pack, as_corrections(opened.corrected))


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return Path(user_cache_path("siexplorer", appauthor=False)) / "packs"


def whole_pack() -> "Pack":
    """The chosen pack, which must be there."""
    pack, error = pack_or_fault(say_problems=False)
    if pack is None:
        raise Refusal(f"{error} Without the model this command has nothing to work on.", FAILED)
    for problem in pack.problems:
        complain(problem)
    return pack


def movement_called(known: "Knowledge", name: str) -> "Movement":
    """A movement by its id."""
    if name not in known.movements:
        raise Refusal(unknown(known, name, list(known.movements), what="movement"))
    return known.movements[name]


def posed_at(
    known: "Knowledge", pack: "Pack", movement: "Movement", at: float, magnify: float
) -> "Pose":
    """A moment of a movement, which the records and the pack must allow."""
    from siexplorer.exploration.moving import pose as posed
    from siexplorer.exploration.moving import turn_fault

    where = f"annotations/movements.toml: {movement.id}"
    fault = next((fault for turn in movement.turns if (fault := turn_fault(turn))), None)
    if fault is not None:
        raise Refusal(f"{where}: {fault}.", FAILED)
    try:
        return posed(pack, movement, at, magnify)
    except ValueError as error:
        raise Refusal(f"{where}: {error}.", FAILED) from None
    except KeyError as error:
        raise Refusal(
            f"The pack {pack.info.id} has no {error}, which “{movement.id}” turns about; put its "
            "landmarks.json back.",
            FAILED,
        ) from None


def check_movable(exploration: "Exploration") -> None:
    """Refuse where the movement that is shown cannot be posed."""
    pack, name = exploration.pack, exploration.state.movement
    if pack is None or name is None:
        raise Refusal("annotations/movements.toml holds no movement that can be shown.", FAILED)
    posed_at(exploration.known, pack, exploration.known.movements[name], 0.0, 1.0)


def check_technique(known: "Knowledge", name: str) -> None:
    """Refuse an id of no technique."""
    from siexplorer.anatomy.records import Technique

    if name not in known.of_kind(Technique):
        raise Refusal(unknown(known, name, list(known.of_kind(Technique)), what="technique"))


def check_taught(known: "Knowledge", name: str) -> None:
    """Refuse an id of no pattern or saying."""
    from siexplorer.anatomy.records import Technique

    names = [one for one, guide in known.guides.items() if not isinstance(guide, Technique)]
    if name in known.of_kind(Technique):
        raise Refusal(f"{name} is a technique; draw it with --technique {name}.")
    if name not in names:
        raise Refusal(unknown(known, name, names, what="pattern or saying"))


def check_mapped(exploration: "Exploration") -> None:
    """Refuse where there is no map for what is shown."""
    from siexplorer.exploration.ball import ZoneError

    try:
        exploration.skin_map(wait=True)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None


def tool_named(known: "Knowledge", word: str) -> "Tool":
    """A tool by id, name or another word."""
    from siexplorer.exploration.ball import tool_called

    found = tool_called(known, word)
    if found is None:
        there = ", ".join(known.tools) or "none"
        raise Refusal(f"There is no tool “{word}”; there are: {there}.")
    return found


def position_named(known: "Knowledge", word: str, side: str = "left") -> "Position":
    """A position by id, name or another word."""
    from siexplorer.exploration.ball import position_called

    found = position_called(known, word, side)
    if found is None:
        there = ", ".join(known.positions) or "none"
        raise Refusal(f"There is no position “{word}”; there are: {there}.")
    return found


def skin_map_of(known: "Knowledge", pack: "Pack", skin: Body, position: "Position") -> "SkinMap":
    """The map of a skin in a position."""
    from siexplorer.exploration.ball import ZoneError, skin_map

    try:
        return skin_map(known, pack, skin, position)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None


def side_of(known: "Knowledge", at: Place | None, name: str | None) -> str:
    """The side of the body that a command speaks of; the left where it speaks of the middle."""
    if name is not None:
        return "right" if known.entries[name].side == "right" else "left"
    return "right" if at is not None and at[0] < 0.0 else "left"


def check_entry(known: "Knowledge", name: str) -> None:
    """Refuse an id of nothing."""
    if name not in known.entries:
        raise Refusal(unknown(known, name, list(known.entries)))


def anchor_of(
    known: "Knowledge", pack: "Pack", name: str, position: "Position"
) -> "tuple[Item, Floats]":
    """What an id is on the model, and the point (3,) that stands for it in a position."""
    from siexplorer.exploration.ball import position_pose
    from siexplorer.exploration.catalog import join

    item = join(known, pack).get(name)
    if item is None:
        raise Refusal(f"“{name}” is known, but the model that is loaded does not show it.")
    return item, item.anchor_in(position_pose(pack, position))


def check_reachable(known: "Knowledge", pack: "Pack", name: str) -> None:
    """Refuse what has no body of its own below the skin."""
    from siexplorer.anatomy.records import Skin

    shown = [one.info for one in pack.surfaces.values() if one.info.entry == name]
    solid = any(info.role == "body" and info.closed for info in shown)
    if not solid or isinstance(known.entries[name], Skin):
        raise Refusal(
            f"“{name}” has no body of its own below the skin; for what lies beneath it give "
            f"“--landmark {name}”."
        )
