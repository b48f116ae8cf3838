"""``siexplorer packs``: which packs of meshes there are, fetched, verified and removed."""

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from siexplorer.printing import DONE, FAILED, Refusal, complain, print_json, print_table

if TYPE_CHECKING:
    from siexplorer.packs.catalog import CatalogPack
    from siexplorer.packs.fetch import Listed

T = TypeVar("T")


def list_(*, json: bool = False) -> int:
    """List the packs: state, size, licence.

    Parameters
    ----------
    json
        Print JSON: for each pack its state, bytes, licence, attribution and what it lacks.
    """
    from siexplorer.packs.fetch import listed

    found = _or_refused(listed)
    if json:
        print_json([_built_in(), *(_row(one) for one in found)])
        return DONE
    built_in = _built_in()
    head = ("ID", "STATE", "SIZE", "LICENCE", "WHAT")
    rows = [(one.pack.id, one.state, size_of(one.pack.bytes), one.pack.licence, one.pack.summary)
            for one in found]  # fmt: skip
    first = (built_in["id"], built_in["state"], "", built_in["licence"], built_in["title"])
    print_table([head, tuple(map(str, first)), *rows])
    print("\n“--pack ID” uses a pack that is here, such as: siexplorer --pack hra-female")
    return DONE


def fetch(ids: list[str], /) -> int:
    """Download packs, check them, and make them ready. Their licence is shown first.

    Parameters
    ----------
    ids
        Which packs; “siexplorer packs list” prints them.
    """
    from siexplorer.packs.fetch import fetch as fetched
    from siexplorer.packs.pack import PackError

    if not ids:
        raise Refusal("“packs fetch” must be told which pack; “siexplorer packs list” prints them.")
    packs = [_pack(name) for name in dict.fromkeys(ids)]
    failed = False
    for pack in packs:
        print("\n".join(licence_lines(pack)), flush=True)
        try:
            lacks = fetched(pack.id, _progress())
        except PackError as error:
            complain(str(error))
            failed = True
            continue
        print(f"{pack.id} is here. To use it: siexplorer --pack {pack.id}")
        for one in lacks:
            print(f"- {one}")
    return FAILED if failed else DONE


def verify(ids: list[str] | None = None, /, *, json: bool = False) -> int:
    """Check every byte of the packs that are here.

    Parameters
    ----------
    ids
        Which packs; otherwise all that are here.
    json
        Print JSON: for each pack whether it is whole, and what is wrong.
    """
    from siexplorer.packs.fetch import listed
    from siexplorer.packs.fetch import verify as verified
    from siexplorer.packs.pack import PackError

    found = {one.pack.id: one for one in _or_refused(listed)}
    for name in ids or ():
        _pack(name)
        if found[name].state == "not here":
            raise Refusal(f"The pack “{name}” is not here, so there is nothing to verify.")
    names = list(dict.fromkeys(ids or [n for n, one in found.items() if one.state != "not here"]))
    rows = []
    for name in names:
        try:
            verified(name)
        except PackError as error:
            rows.append({"id": name, "ok": False, "problem": str(error)})
        else:
            rows.append({"id": name, "ok": True, "problem": ""})
    if json:
        print_json(rows)
    elif not rows:
        print("No pack was fetched, so there is nothing to verify.")
    else:
        for row in rows:
            print(f"{row['id']}: {'all well' if row['ok'] else row['problem']}")
    return DONE if all(row["ok"] for row in rows) else FAILED


def remove(ids: list[str], /) -> int:
    """Take fetched packs away.

    Parameters
    ----------
    ids
        Which packs.
    """
    from siexplorer.packs.fetch import remove as removed

    if not ids:
        raise Refusal(
            "“packs remove” must be told which pack; “siexplorer packs list” prints them."
        )
    for pack in [_pack(name) for name in dict.fromkeys(ids)]:
        there = _or_refused(partial(removed, pack.id), FAILED)
        print(f"{pack.id} is removed." if there else f"Of {pack.id} nothing was here.")
    return DONE


COMMANDS: dict[str, Callable[..., int]] = {
    "list": list_,
    "fetch": fetch,
    "verify": verify,
    "remove": remove,
}


def licence_lines(pack: "CatalogPack") -> list[str]:
    """What a person should read before a pack is fetched."""
    return [
        f"{pack.title}, {size_of(pack.bytes)}",
        f"Licence: {pack.licence}",
        f"Attribution: {pack.attribution}",
        f"From: {pack.address}",
    ]


def size_of(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:.1f} MB"


def _pack(name: str) -> "CatalogPack":
    from siexplorer.packs.fetch import pack_called

    return _or_refused(partial(pack_called, name))


def _or_refused(ask: Callable[[], T], code: int = 2) -> T:
    from siexplorer.packs.pack import PackError

    try:
        return ask()
    except PackError as error:
        raise Refusal(str(error), code) from None


def _built_in() -> dict[str, object]:
    from siexplorer.packs.pack import read_info

    info = _or_refused(read_info, FAILED)
    return {
        "id": info.id,
        "state": "built in",
        "title": info.title,
        "version": info.version,
        "bytes": sum(one.bytes for one in info.file),
        "licence": info.licence,
        "attribution": info.attribution,
        "from": info.upstream,
        "folder": "",
        "lacks": info.lacks,
    }


def _row(one: "Listed") -> dict[str, object]:
    pack = one.pack
    return {
        "id": pack.id,
        "state": one.state,
        "title": pack.title,
        "version": pack.version,
        "bytes": pack.bytes,
        "licence": pack.licence,
        "attribution": pack.attribution,
        "from": pack.address,
        "folder": "" if one.state == "not here" else str(one.folder),
        "lacks": one.lacks,
    }


def _progress() -> Callable[[str, int, int], None]:
    """Says on stderr how far it is: in one line on a screen, else once for each thing it does."""
    on_screen = sys.stderr.isatty()
    last = ""

    def say(what: str, done: int, total: int) -> None:
        nonlocal last
        if on_screen:
            share = f" {done / 1e6:.1f} of {size_of(total)}" if what.startswith("Fetching") else ""
            print(f"\r\x1b[K{what}{share}", end="", file=sys.stderr, flush=True)
            if what.startswith("Putting"):
                print(file=sys.stderr)
        elif what != last:
            print(what, file=sys.stderr, flush=True)
        last = what

    return say
