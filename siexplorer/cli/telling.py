"""The commands that print what is known: list, show, pose, compare, check."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from siexplorer.cli.arguments import Kind, Voice, magnification, moment, unknown
from siexplorer.cli.reading import (
    knowledge,
    movement_called,
    named_pack,
    pack_or_fault,
    posed_at,
    whole_pack,
)
from siexplorer.printing import (
    DONE,
    FAILED,
    Refusal,
    compared_lines,
    complain,
    described,
    kinds,
    pose_lines,
    pose_record,
    print_json,
    print_table,
    record_text,
)
from siexplorer.shaping import pack_in_shape

if TYPE_CHECKING:
    pass


def list_(*, kind: Kind | None = None, json: bool = False) -> int:
    """List everything that is known: id, kind, side and name.

    Parameters
    ----------
    kind
        Only this kind of thing.
    json
        Print JSON: an array of objects with id, kind, name, side.
    """
    from siexplorer.exploration.catalog import rows

    found = rows(knowledge(), kind)
    if json:
        print_json([{"id": r.id, "kind": r.kind, "name": r.name, "side": r.side} for r in found])
    elif found:
        head = ("ID", "KIND", "SIDE", "NAME")
        print_table([head, *((r.id, r.kind, r.side, r.name) for r in found)])
    else:
        complain(f"Nothing of the kind “{kind}” is known yet." if kind else "Nothing is known.")
    return DONE


def show(id: str, /, *, json: bool = False, voice: Voice = "plain") -> int:
    """Show all that is known about one thing.

    Parameters
    ----------
    id
        What to show; “siexplorer list” prints every id.
    json
        Print JSON: the record, its place and size on the model, and its sources.
    voice
        The wording of the text; otherwise plain.
    """
    known = knowledge()
    record = (
        known.entries.get(id)
        or known.movements.get(id)
        or known.zones.get(id)
        or known.tools.get(id)
        or known.positions.get(id)
        or known.guides.get(id)
    )
    if record is None:
        raise Refusal(unknown(known, id))
    pack, _ = pack_or_fault()
    if pack is not None:
        pack = pack_in_shape(known, pack)
    if json:
        print_json(described(known, record, pack))
    else:
        from siexplorer.anatomy.records import Guide, Movement, Position, Tool, Zone
        from siexplorer.exploration.card import card_of, movement_card, to_text, zones_card
        from siexplorer.exploration.guide import guide_card

        if isinstance(record, Tool | Position):
            print(record_text(known, record))
            return DONE
        if isinstance(record, Movement):
            card = movement_card(known, record, voice, "own-body")
        elif isinstance(record, Zone):
            card = zones_card(known, record, voice)
        elif isinstance(record, Guide):
            card = guide_card(known, record, voice, "own-body")
        else:
            card = card_of(known, record, pack, voice, "own-body")
        print(to_text(card))
    return DONE


def pose(movement: str, /, *, at: float, magnify: float = 1.0, json: bool = False) -> int:
    """Say where the bones are at a moment of a movement, and what follows them.

    Parameters
    ----------
    movement
        A movement's id; “siexplorer list --kind movement” prints them.
    at
        The moment, from 0 (start) to 1 (end).
    magnify
        How many times larger than life it is drawn, 1 to 10; otherwise 1.
    json
        Print JSON: for each bone its true SI rotation and shift, its axis and the matrices
        (row-major 4x4, mm) that carry it as drawn and in truth; for each landmark its true shift;
        the strain of ligaments, the length of muscles, the joint lines and the caption.
    """
    moment(at)
    magnification(magnify)
    known = knowledge()
    record = movement_called(known, movement)
    pack = pack_in_shape(known, whole_pack(), moves=True)
    posed = pose_record(known, pack, record, magnify, posed_at(known, pack, record, at, magnify))
    if json:
        print_json(posed)
    else:
        print("\n".join(pose_lines(known, record, posed)))
    return DONE


def compare(pack_a: str, pack_b: str, /, *, json: bool = False) -> int:
    """Compare the distances and angles of two pelves.

    Parameters
    ----------
    pack_a
        A pack's id, or a mesh file of your own; “siexplorer packs list” prints the ids.
    pack_b
        The pack or mesh to compare it with.
    json
        Print JSON: of each pelvis its title and what it lacks, of each measure both values and the
        difference (second less first), in mm and degrees, and how to read them.
    """
    from siexplorer.exploration.beside import beside_record

    known = knowledge()
    found = beside_record(known, named_pack(known, pack_a), named_pack(known, pack_b))
    print_json(found) if json else compared_lines(known, found)
    return DONE


def check(*, data: Path | None = None, json: bool = False) -> int:
    """Check every record, source, mesh, checksum and measurement, and what of the articles is told.

    Parameters
    ----------
    data
        Another folder that holds annotations and meshes.
    json
        Print JSON: problems, counts, and for each item of the articles (S1 to S168) the records
        that tell it.
    """
    if data is not None:
        if not data.is_dir():
            raise Refusal(f"{data} is not a folder; --data wants one with annotations and meshes.")
        os.environ["SIEXPLORER_DATA"] = str(data.resolve())
    from siexplorer.exploration.checks import checked
    from siexplorer.exploration.coverage import coverage

    known = knowledge(say_problems=False)
    pack, pack_error = pack_or_fault(cached=False, say_problems=False)
    problems, tissue = checked(known, pack, pack_error)
    counts = {
        **{f"{kind}s".replace("ys", "ies"): number for kind, number in kinds(known).items()},
        "sources": len(known.sources),
        "surfaces": len(pack.surfaces) if pack else 0,
    }
    if json:
        import msgspec

        print_json(
            {"ok": not problems, "problems": problems, "counts": counts}
            | {"coverage": coverage(known)}
            | msgspec.to_builtins(tissue)
        )
    elif problems:
        print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}:")
        for problem in problems:
            print(f"- {problem}")
    else:
        print(f"All well: {', '.join(f'{number} {name}' for name, number in counts.items())}.")
    return FAILED if problems else DONE
