"""The command line door: what the window can show, printed or drawn without one.

Each command imports only the rooms it needs when it runs, so that a list never waits for a drawing
library. Exit codes: 0 done, 1 something in the data or the program is wrong, 2 the request cannot
be understood or met, 3 this machine lacks a library.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from siexplorer import __version__

if TYPE_CHECKING:
    from cyclopts import App

    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Entry, Movement, Zone
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.exploration.moving import Pose
    from siexplorer.geometry.surface import Floats
    from siexplorer.packs.pack import Pack

Kind = Literal[
    "bone",
    "landmark",
    "muscle",
    "ligament",
    "nerve",
    "vessel",
    "skin",
    "zone",
    "movement",
    "technique",
]
View = Literal["back", "front", "left", "right", "top", "below"]
Voice = Literal["plain", "student", "clinician"]
Mode = Literal["explore", "move", "ball"]

DONE, FAILED, REFUSED, CANNOT_DRAW, INTERRUPTED = 0, 1, 2, 3, 130
SMALLEST_PX, LARGEST_PX = 64, 4096
LEAST_MAGNIFICATION, MOST_MAGNIFICATION = 1.0, 10.0
SIDE_SIGNS = {"left": 1, "right": -1}

HELP = """See and understand the sacroiliac joint. Without a command, the window opens.

Start: siexplorer list, then siexplorer show left-psis. For learning only, not a diagnosis."""

NO_DISPLAY = (
    "There is no screen here to open a window on: run “python3 scripts/run.py” in a checkout, or "
    "“siexplorer first-look FOLDER” to draw pictures instead."
)
NO_ANSWER = (
    "No screen answers at DISPLAY={display}, so no window can open: correct DISPLAY, or run "
    "“siexplorer first-look FOLDER” to draw pictures instead."
)
XCB_LIBRARIES = (
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-image.so.0",
    "libxcb-keysyms.so.1",
    "libxcb-render-util.so.0",
    "libxkbcommon-x11.so.0",
)
"""What Qt needs for an X window beyond what every screen brings."""

NO_XCB = (
    "The window needs libraries that this machine lacks: run “python3 scripts/run.py” in a "
    "checkout, which installs them, or on Debian or Ubuntu “sudo apt-get install libxcb-cursor0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxkbcommon-x11-0”."
)


class Refusal(Exception):
    """What stops a command: one sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: int = REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _write_anything()
    if words == ["--version"]:
        # Answered before anything is imported.
        print(f"siexplorer {__version__}")
        return DONE
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except Refusal as refusal:
        _complain(str(refusal))
        return refusal.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough; Python must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if os.environ.get("SIEXPLORER_DEBUG") == "1":
            raise
        reason = " ".join(str(error).split())
        _complain(
            f"Something went wrong that was not foreseen ({type(error).__name__}"
            f"{': ' if reason else ''}{reason}); set SIEXPLORER_DEBUG=1 and run it again to see "
            "where."
        )
        return FAILED


def _run(words: list[str]) -> int:
    if not words:
        # The window, without waiting for the reader of command lines.
        return open_window(None)
    from cyclopts import CycloptsError
    from cyclopts.exceptions import UnusedCliTokensError

    app = _app()
    try:
        result = app(words, exit_on_error=False, print_error=False)
    except UnusedCliTokensError as error:
        unknown = (error.unused_tokens or [""])[0]
        raise Refusal(_unused(unknown, words)) from None
    except CycloptsError as error:
        reason = " ".join(str(error).split())
        raise Refusal(f"{reason} See “siexplorer {_command(words)}--help”.") from None
    return result if isinstance(result, int) else DONE


def _unused(unknown: str, words: list[str]) -> str:
    command = _command(words)
    if command:
        return (
            f"“{command.strip()}” does not know what to do with “{unknown}”; see “siexplorer "
            f"{command}--help”."
        )
    near = _close(unknown, COMMANDS)
    meant = f"did you mean “{near[0]}”?" if near else "see “siexplorer --help”."
    return f"There is no command “{unknown}”; {meant}"


def _command(words: list[str]) -> str:
    return f"{words[0]} " if words and words[0] in COMMANDS else ""


def _app() -> "App":
    from typing import Annotated

    from cyclopts import App, Parameter

    app = App(
        name="siexplorer",
        help=HELP,
        help_format="plaintext",
        version_flags=[],
        default_parameter=Parameter(negative=(), consume_multiple=True, show_default=False),
        result_action="return_value",
    )

    @app.default
    def window(
        *,
        quit_after: Annotated[float | None, Parameter(show=False)] = None,
        version: Annotated[bool, Parameter(help="Print the version.")] = False,
    ) -> int:
        """Open the window."""
        if version:
            print(f"siexplorer {__version__}")
            return DONE
        return open_window(quit_after)

    for name, command in COMMANDS.items():
        app.command(command, name=name)
    return app


# The commands -------------------------------------------------------------------------------------


def open_window(quit_after: float | None) -> int:
    """Open the window and stay until it is closed."""
    if sys.platform.startswith("linux"):
        _need_screen()
    _need_gl()
    try:
        from siexplorer.app.main import run
    except ImportError as error:
        raise Refusal(
            f"The window cannot open, because a library is missing ({error}): run “python3 "
            "scripts/run.py” in a checkout, which installs what is missing.",
            CANNOT_DRAW,
        ) from None
    return run(quit_after=quit_after)


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

    found = rows(_knowledge(), kind)
    if json:
        _print_json([{"id": r.id, "kind": r.kind, "name": r.name, "side": r.side} for r in found])
    elif found:
        head = ("ID", "KIND", "SIDE", "NAME")
        _print_table([head, *((r.id, r.kind, r.side, r.name) for r in found)])
    else:
        _complain(f"Nothing of the kind “{kind}” is known yet." if kind else "Nothing is known.")
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
    known = _knowledge()
    record = known.entries.get(id) or known.movements.get(id) or known.zones.get(id)
    if record is None:
        raise Refusal(_unknown(known, id))
    pack, _ = _pack()
    if json:
        _print_json(_described(known, record, pack))
    else:
        from siexplorer.anatomy.records import Movement, Zone
        from siexplorer.exploration.card import card_of, movement_card, to_text, zones_card

        if isinstance(record, Movement):
            card = movement_card(known, record, voice, "own-body")
        elif isinstance(record, Zone):
            card = zones_card(known, record, voice)
        else:
            card = card_of(known, record, pack, voice, "own-body")
        print(to_text(card))
    return DONE


def snapshot(
    out: Path,
    /,
    *,
    view: View | None = None,
    select: str | None = None,
    only: list[str] | None = None,
    movement: str | None = None,
    at: float | None = None,
    magnify: float | None = None,
    size: str = "1000x760",
    mode: Mode | None = None,
    dark: bool = False,
) -> int:
    """Draw one picture into OUT, a PNG file. Give OUT before the options.

    Parameters
    ----------
    out
        The PNG file to write.
    view
        From where to look; otherwise from where the chosen thing is seen best.
    select
        Select this id, with its labels and its ring.
    only
        Show only these ids, with the bones that they lie on.
    movement
        Show this movement.
    at
        The moment of the movement, 0 to 1; otherwise its end.
    magnify
        How many times larger than life it is drawn, 1 to 10; otherwise 5.
    size
        Width and height in pixels, WxH; otherwise 1000x760.
    mode
        Explore, move, or the map of where a ball may go.
    dark
        Dark colours.
    """
    size_px = _size(size)
    _check_picture(out)
    moving = movement is not None or mode == "move"
    if movement is not None and mode not in (None, "move"):
        raise Refusal(f"--movement and --mode {mode} do not go together; leave one of them out.")
    if not moving and (at is not None or magnify is not None):
        option = "--at" if at is not None else "--magnify"
        raise Refusal(f"{option} needs a movement to apply to; add --movement ID.")
    at, magnify = _moment(at), _magnification(magnify)
    _need_gl()
    known = _knowledge()
    wanted = [*(only or []), *([] if select is None else [select])]
    for name in wanted:
        if name not in known.entries:
            raise Refusal(_unknown(known, name, list(known.entries)))
    if movement is not None:
        _movement(known, movement)
    pack = _whole_pack()

    from siexplorer.exploration.exploration import Exploration

    exploration = Exploration(known, pack)
    _check_shown(exploration, wanted)
    if mode is not None:
        exploration.set_mode(mode)
    if movement is not None:
        exploration.set_movement(movement)
    if moving:
        _can_move(exploration)
        exploration.set_moment(1.0 if at is None else at)
        if magnify is not None:
            exploration.set_magnification(magnify)
    if mode == "ball":
        _can_map(exploration)
    if only is not None:
        exploration.set_hidden(_all_but(exploration, only), "Show only what was asked for")
    if select is not None and mode is None and movement is None:
        exploration.visit(select)
    elif select is not None:
        exploration.select(select)
    if view is not None:
        exploration.look(view)

    from siexplorer.scene.snapshot import draw, save_png
    from siexplorer.scene.theme import DARK, LIGHT

    # Letters and dots grow with the picture, so that a large one is a small one seen closer.
    scale = max(0.75, min(size_px[0] / 1000, size_px[1] / 760))
    image = draw(exploration, size_px, DARK if dark else LIGHT, scale)
    try:
        save_png(image, out)
    except OSError as error:
        raise Refusal(_cannot_write(out, error)) from None
    print(out)
    return DONE


def pose(movement: str, /, *, at: float, magnify: float = 1.0, json: bool = False) -> int:
    """Say where the bones are at a moment of a movement.

    Parameters
    ----------
    movement
        A movement's id; “siexplorer list --kind movement” prints them.
    at
        The moment, from 0 (start) to 1 (end).
    magnify
        How many times larger than life it is drawn, 1 to 10; otherwise 1.
    json
        Print JSON, with the matrices (row-major 4x4, mm) that carry each bone as drawn.
    """
    _moment(at)
    _magnification(magnify)
    known = _knowledge()
    record = _movement(known, movement)
    pack = _whole_pack()
    now = _posed(known, pack, record, at, magnify)
    if json:
        _print_json(_pose_record(record, at, magnify, now))
        return DONE
    shown = now.shown
    print(f"{record.name}\n{record.lay_name}, at {at:g}")
    print(f"True: {shown.true_deg:.2f} deg; the joint's surface shifts {now.glide_mm:.2f} mm.")
    for name, distance in now.true_mm.items():
        print(f"True shift of {name}: {distance:.2f} mm.")
    print(f"Drawn: {shown.shown_deg:.2f} deg, x{shown.factor:.1f}.")
    if shown.clamped:
        print(known.say("clamped", factor=f"{shown.factor:.3g}", asked=f"{magnify:g}"))
    print(now.claim.text)
    return DONE


def zones(*, json: bool = False) -> int:
    """List the ball map's rules: their areas, and where they lie from the PSIS of their side.

    Parameters
    ----------
    json
        Print JSON: areas in cm2, centroids in mm in the posterior projection, reasons, caveats.
    """
    known = _knowledge()
    pack = _whole_pack()
    found = _zone_rows(known, pack)
    caveats = [c.text for c in (known.never_safe, known.depth_caveat) if c is not None]
    if known.ball is not None:
        caveats.append(known.ball.claim.text)
    projection = known.say("zones_projection")
    if json:
        _print_json({"zones": found, "caveats": caveats, "projection": projection})
        return DONE
    table = [("ID", "SIDE", "STATE", "AREA cm2", "LATERAL mm", "UP mm")]
    for row in found:
        place = row["from_psis_mm"]
        lateral, up = (
            (f"{place['lateral_mm']:+.0f}", f"{place['up_mm']:+.0f}") if place else ("-", "-")
        )
        area = f"{row['area_cm2']:.1f}"
        table.append((row["id"], row["side"], row["state"], area, lateral, up))
    _print_table(table, right=(3, 4, 5))
    print(f"\n{projection}")
    for caveat in caveats:
        print(caveat)
    return DONE


def check(*, data: Path | None = None, json: bool = False) -> int:
    """Check every record, source, mesh, checksum and measurement.

    Parameters
    ----------
    data
        Another folder that holds annotations and meshes.
    json
        Print JSON: problems and counts.
    """
    if data is not None:
        if not data.is_dir():
            raise Refusal(f"{data} is not a folder; --data wants one with annotations and meshes.")
        os.environ["SIEXPLORER_DATA"] = str(data.resolve())
    from siexplorer.exploration.checks import check as check_everything

    known = _knowledge(say_problems=False)
    pack, pack_error = _pack(cached=False, say_problems=False)
    problems = check_everything(known, pack, pack_error)
    counts = {
        **{f"{kind}s": number for kind, number in _kinds(known).items()},
        "sources": len(known.sources),
        "surfaces": len(pack.surfaces) if pack else 0,
    }
    if json:
        _print_json({"ok": not problems, "problems": problems, "counts": counts})
    elif problems:
        print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}:")
        for problem in problems:
            print(f"- {problem}")
    else:
        print(f"All well: {', '.join(f'{number} {name}' for name, number in counts.items())}.")
    return FAILED if problems else DONE


def first_look(folder: Path, /) -> int:
    """Draw the first look into FOLDER: pictures and a page, index.html, that shows them.

    Parameters
    ----------
    folder
        Where to put them; it is made if it is not there.
    """
    _need_gl()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(_cannot_write(folder, error)) from None
    known = _knowledge()
    pack = _whole_pack()

    from siexplorer.scene.first_look import draw_first_look

    try:
        page = draw_first_look(folder, known, pack)
    except OSError as error:
        raise Refusal(_cannot_write(folder, error)) from None
    print(page)
    return DONE


COMMANDS: dict[str, Callable[..., int]] = {
    "list": list_,
    "show": show,
    "snapshot": snapshot,
    "pose": pose,
    "zones": zones,
    "check": check,
    "first-look": first_look,
}


# Reading ------------------------------------------------------------------------------------------


def _knowledge(*, say_problems: bool = True) -> "Knowledge":
    from siexplorer.anatomy.knowledge import read_knowledge

    known = read_knowledge()
    for problem in known.problems if say_problems else ():
        _complain(problem)
    return known


def _pack(*, cached: bool = True, say_problems: bool = True) -> "tuple[Pack | None, str | None]":
    """The built-in pack, or None and why; what is wrong with it is said, the rest goes on."""
    from siexplorer.packs.pack import PackError, read_pack

    try:
        pack = read_pack(cache=_cache_folder() if cached else None)
    except PackError as error:
        if say_problems:
            _complain(str(error))
        return None, str(error)
    for problem in pack.problems if say_problems else ():
        _complain(problem)
    return pack, None


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return Path(user_cache_path("siexplorer", appauthor=False)) / "packs"


def _whole_pack() -> "Pack":
    pack, error = _pack(say_problems=False)
    if pack is None:
        raise Refusal(f"{error} Without the model this command has nothing to work on.", FAILED)
    for problem in pack.problems:
        _complain(problem)
    return pack


def _movement(known: "Knowledge", name: str) -> "Movement":
    if name not in known.movements:
        raise Refusal(_unknown(known, name, list(known.movements), what="movement"))
    return known.movements[name]


def _posed(
    known: "Knowledge", pack: "Pack", movement: "Movement", at: float, magnify: float
) -> "Pose":
    from siexplorer.exploration.moving import pose as posed

    try:
        return posed(pack, movement, at, magnify)
    except ValueError as error:
        raise Refusal(f"annotations/movements.toml: {movement.id}: {error}.", FAILED) from None
    except KeyError as error:
        raise Refusal(
            f"The pack {pack.info.id} has no {error}, which “{movement.id}” turns about; put its "
            "landmarks.json back.",
            FAILED,
        ) from None


def _can_move(exploration: "Exploration") -> None:
    pack, name = exploration.pack, exploration.state.movement
    if pack is None or name is None:
        raise Refusal("annotations/movements.toml holds no movement that can be shown.", FAILED)
    _posed(exploration.known, pack, exploration.known.movements[name], 0.0, 1.0)


def _can_map(exploration: "Exploration") -> None:
    from siexplorer.exploration.ball import ZoneError, zone_map

    assert exploration.pack is not None
    try:
        # Coarse: only to learn whether everything is there that the map is measured from.
        zone_map(exploration.known, exploration.pack, cell_mm=10.0)
    except ZoneError as error:
        raise Refusal(_sentence(str(error)), FAILED) from None


# Describing ---------------------------------------------------------------------------------------


def _described(
    known: "Knowledge", record: "Entry | Movement | Zone", pack: "Pack | None"
) -> dict[str, Any]:
    """The record as plain values, with its sources in full and what the pack adds."""
    import msgspec

    from siexplorer.anatomy.knowledge import sources_of
    from siexplorer.anatomy.records import Entry

    found: dict[str, Any] = {
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "side": getattr(record, "side", "both"),
    }
    for key, value in msgspec.to_builtins(record).items():
        found.setdefault(key, value)
    if pack is not None and isinstance(record, Entry):
        found |= _measured(record, pack)
    used = [known.sources[name] for name in sources_of(record) if name in known.sources]
    found["sources"] = msgspec.to_builtins(used)
    return found


def _measured(entry: "Entry", pack: "Pack") -> dict[str, Any]:
    from siexplorer.anatomy.records import Landmark
    from siexplorer.geometry.surface import area_cm2, volume_cm3

    found: dict[str, Any] = {}
    points = pack.landmarks.get(entry.id)
    if isinstance(entry, Landmark) and points is not None:
        found["position_mm"] = _rounded(points[len(points) // 2])
        if len(points) > 1:
            found["points_mm"] = [_rounded(point) for point in points]
    surfaces: list[dict[str, Any]] = []
    for one in pack.surfaces.values():
        if one.info.entry != entry.id:
            continue
        measured = (
            {"volume_cm3": round(volume_cm3(one.surface), 2)}
            if one.info.closed
            else {"area_cm2": round(area_cm2(one.surface), 2)}
        )
        info = one.info
        surfaces.append(
            {
                "id": info.id,
                "moves_with": info.moves_with,
                "provenance": info.provenance,
                "reviewed": info.reviewed,
                "closed": info.closed,
                "triangles": info.triangles,
                **measured,
            }
        )
    for key in ("volume_cm3", "area_cm2"):
        parts = [surface[key] for surface in surfaces if key in surface]
        if parts:
            found[key] = round(sum(parts), 2)
    found["surfaces"] = surfaces
    found["provenance"] = {
        "pack": pack.info.id,
        "title": pack.info.title,
        "version": pack.info.version,
        "licence": pack.info.licence,
        "attribution": pack.info.attribution,
        "made": sorted({surface["provenance"] for surface in surfaces})
        or ["found by rule on the bones"],
    }
    return found


def _pose_record(movement: "Movement", at: float, magnify: float, now: "Pose") -> dict[str, Any]:
    return {
        "movement": movement.id,
        "name": movement.name,
        "at": at,
        "magnify": magnify,
        "true_deg": round(now.shown.true_deg, 4),
        "shown_deg": round(now.shown.shown_deg, 4),
        "factor": round(now.shown.factor, 4),
        "clamped": now.shown.clamped,
        "glide_mm": round(now.glide_mm, 4),
        "true_mm": {name: round(distance, 4) for name, distance in now.true_mm.items()},
        "matrices": {
            bone: [[round(float(value), 8) for value in row] for row in matrix]
            for bone, matrix in now.matrices.items()
        },
        "caption": now.claim.text,
    }


def _zone_rows(known: "Knowledge", pack: "Pack") -> list[dict[str, Any]]:
    from siexplorer.exploration.ball import ZoneError, zone_map
    from siexplorer.exploration.card import BASIS_TAGS

    try:
        drawn = zone_map(known, pack)
    except ZoneError as error:
        raise Refusal(_sentence(str(error)), FAILED) from None
    found = []
    for zone in known.zones.values():
        bases = dict.fromkeys((zone.reason.basis, zone.description.basis))
        for side, sign in SIDE_SIGNS.items():
            here = zone.id in drawn.order
            centroid = drawn.centroid_mm(zone.id, sign) if here else None
            psis = pack.landmarks[f"{side}-psis"][0]
            found.append(
                {
                    "id": zone.id,
                    "side": side,
                    "name": zone.name,
                    "state": zone.state,
                    "area_cm2": round(drawn.area_cm2(zone.id, sign), 2) if here else 0.0,
                    "centroid_mm": centroid
                    and {"x": round(centroid[0], 1), "z": round(centroid[1], 1)},
                    "from_psis_mm": centroid
                    and {
                        "lateral_mm": round(float(centroid[0] - psis[0]) * sign, 1),
                        "up_mm": round(float(centroid[1] - psis[2]), 1),
                    },
                    "reason": zone.reason.text,
                    "tags": [BASIS_TAGS[b].strip("()") for b in bases if BASIS_TAGS[b]],
                    "sources": zone.reason.sources,
                }
            )
    return found


def _kinds(known: "Knowledge") -> dict[str, int]:
    from collections import Counter

    from siexplorer.exploration.catalog import rows

    return Counter(row.kind for row in rows(known))


def _rounded(point: "Floats") -> list[float]:
    return [round(float(value), 3) for value in point]


# Drawing ------------------------------------------------------------------------------------------


def _need_gl() -> None:
    from siexplorer.scene.gl import draw_without_display, missing_gl

    missing = missing_gl()
    if missing:
        raise Refusal(missing, CANNOT_DRAW)
    draw_without_display()


def _need_screen() -> None:
    """Whether Qt can open a window here: it would not raise but abort."""
    platform, display, wayland = (
        os.environ.get(name, "") for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    )
    if not (platform or display or wayland):
        raise Refusal(NO_DISPLAY)
    if wayland or not display or not (platform or "xcb").startswith("xcb"):
        return
    import ctypes

    try:
        for library in XCB_LIBRARIES:
            ctypes.CDLL(library)
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        raise Refusal(NO_XCB, CANNOT_DRAW) from None
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    deaf = xcb.xcb_connection_has_error(connection) != 0
    xcb.xcb_disconnect(connection)
    if deaf:
        raise Refusal(NO_ANSWER.format(display=display))


def _check_shown(exploration: "Exploration", names: list[str]) -> None:
    for name in names:
        if name not in exploration.items:
            raise Refusal(f"“{name}” is known, but the model that is loaded does not show it.")


def _all_but(exploration: "Exploration", names: list[str]) -> frozenset[str]:
    """What to hide so that only these are left, with the bones that what is no bone lies on."""
    from siexplorer.anatomy.records import Bone

    if not names:
        raise Refusal("--only needs at least one id.")
    items = exploration.items
    carriers = {items[n].moves_with for n in names if not isinstance(items[n].entry, Bone)}
    return frozenset(items) - set(names) - carriers


# Arguments ----------------------------------------------------------------------------------------


def _size(text: str) -> tuple[int, int]:
    wanted = f"--size wants WxH in pixels, each {SMALLEST_PX} to {LARGEST_PX}, such as 1000x760"
    width, _, height = text.lower().replace("×", "x").partition("x")
    # isascii: isdigit alone also takes digits that int() does not read.
    if not all(part.isascii() and part.isdigit() for part in (width, height)):
        raise Refusal(f"{wanted}, not “{text}”.")
    size = int(width[:9]), int(height[:9])
    if not all(SMALLEST_PX <= pixels <= LARGEST_PX for pixels in size):
        raise Refusal(f"{wanted}, not “{text}”.")
    return size


def _moment(at: float | None) -> float | None:
    if at is not None and not 0.0 <= at <= 1.0:
        raise Refusal(f"--at wants a moment from 0 (start) to 1 (end), not {at:g}.")
    return at


def _magnification(factor: float | None) -> float | None:
    if factor is not None and not LEAST_MAGNIFICATION <= factor <= MOST_MAGNIFICATION:
        raise Refusal(
            f"--magnify wants {LEAST_MAGNIFICATION:g} (life size) to {MOST_MAGNIFICATION:g}, "
            f"not {factor:g}."
        )
    return factor


def _check_picture(out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise Refusal(f"{out}: pictures are PNG files; give a name that ends in .png.")
    if out.is_dir():
        raise Refusal(f"{out} is a folder; give the name of a file.")
    if not out.parent.is_dir():
        raise Refusal(f"{out}: there is no folder {out.parent}; make it first.")
    if not os.access(out.parent, os.W_OK):
        raise Refusal(f"{out}: the folder {out.parent} cannot be written; choose another.")


def _cannot_write(path: Path, error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{path} cannot be written ({reason}); choose another place."


def _unknown(
    known: "Knowledge", name: str, among: list[str] | None = None, what: str = "thing"
) -> str:
    """A sentence about an id that is not known, with the nearest that are."""
    ids = among if among is not None else [*known.entries, *known.movements, *known.zones]
    near = _close(name, ids)
    if not near:
        from siexplorer.exploration.search import find

        near = [found.entry.id for found in find(known, name, 4) if found.entry.id in ids]
    asked = "siexplorer list --kind movement" if what == "movement" else "siexplorer list"
    meant = f"did you mean {_either(near)}? " if near else ""
    tail = f"“{asked}” prints every id."
    return f"There is no {what} with the id “{name}”" + (
        f"; {meant}{tail}" if near else f"; {tail}"
    )


def _close(name: str, among: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name.lower(), list(among), n=4, cutoff=0.7)


def _either(names: list[str]) -> str:
    if len(names) == 1:
        return f"“{names[0]}”"
    return f"{', '.join(f'“{name}”' for name in names[:-1])} or “{names[-1]}”"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if not text.startswith("annotations/") else text


# Printing -----------------------------------------------------------------------------------------


def _write_anything() -> None:
    """Let a terminal that lacks a letter show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _print_json(value: object) -> None:
    import json

    # A replaced letter would be lost; escaped ones are read back as they were.
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(value, indent=2, ensure_ascii=plain, allow_nan=False))


def _print_table(rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
