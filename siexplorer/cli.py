"""The command line door: what the window can show, printed or drawn without one.

Each command imports only the rooms it needs when it runs, so that a list never waits for a drawing
library. Exit codes: 0 done, 1 something in the data or the program is wrong, 2 the request cannot
be understood or met, 3 this machine lacks a library.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from siexplorer import __version__
from siexplorer.printing import (
    CANNOT_DRAW,
    DONE,
    FAILED,
    INTERRUPTED,
    Refusal,
    ball_lines,
    ball_record,
    beneath_lines,
    beneath_record,
    compared_lines,
    complain,
    described,
    kinds,
    landmark_lines,
    pose_lines,
    pose_record,
    print_json,
    print_table,
    reached_lines,
    reached_record,
    record_text,
    sentence_of,
    write_anything,
    zones_record,
    zones_table,
)
from siexplorer.shaping import chosen_shape, in_shape, pack_in_shape, shape_command

if TYPE_CHECKING:
    from cyclopts import App

    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Layer, Movement, Position, Tool
    from siexplorer.exploration.ball import SkinMap
    from siexplorer.exploration.catalog import Item
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.exploration.moving import Pose
    from siexplorer.exploration.state import Section
    from siexplorer.geometry.surface import Floats
    from siexplorer.packs.opened import Opened
    from siexplorer.packs.pack import Pack
    from siexplorer.scene.reel import Reel

Kind = Literal[
    "bone",
    "landmark",
    "muscle",
    "ligament",
    "nerve",
    "vessel",
    "cartilage",
    "skin",
    "zone",
    "movement",
    "technique",
    "care",
    "pattern",
    "misconception",
    "analogy",
    "question",
    "tool",
    "position",
]
View = Literal["back", "front", "left", "right", "top", "below"]
Voice = Literal["plain", "student", "clinician"]
Mode = Literal["explore", "move", "ball", "follow"]
SkinChoice = Literal["female", "male", "none"]
Body = Literal["female", "male"]
MeshUnit = Literal["m", "cm", "mm"]
Place = tuple[float, float, float]

SMALLEST_PX, LARGEST_PX = 64, 4096
MOST_SECTION_MM = 500.0
LEAST_MAGNIFICATION, MOST_MAGNIFICATION = 1.0, 10.0
USUAL_FPS = {".gif": 10.0, ".mp4": 15.0, ".glb": 25.0}
SMALLEST_FILM_PX, LARGEST_FILM_PX = 320, 1920
MOST_FRAMES, MOST_FPS = 400, 60.0

HELP = """See and understand the sacroiliac joint. Without a command, the window opens.

Start: siexplorer list, then siexplorer show left-psis. For learning only, not a diagnosis.
Before or after any command, --pack ID uses another pelvis; siexplorer packs list prints them.
With snapshot, export, pose, show, zones, ball and beneath, --shape W1 W2 … shows another shape."""

PACK = "SIEXPLORER_PACK"
"""The variable that names the pack to use instead of the built-in one."""

FIRST_TOOL, FIRST_POSITION = "tennis-ball", "standing"

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    write_anything()
    if words == ["--version"]:
        # Answered before anything is imported.
        print(f"siexplorer {__version__}")
        return DONE
    try:
        with _chosen_pack(words), chosen_shape(words):
            code = _run(words)
        sys.stdout.flush()
        return code
    except Refusal as refusal:
        complain(str(refusal))
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
        complain(
            f"Something went wrong that was not foreseen ({type(error).__name__}"
            f"{': ' if reason else ''}{reason}); set SIEXPLORER_DEBUG=1 and run it again to see "
            "where."
        )
        return FAILED


@contextmanager
def _chosen_pack(words: list[str]) -> Iterator[None]:
    """Take “--pack ID” out of the words, and let that pack be the one that is read meanwhile.

    A variable of the environment carries it, so that what the window starts reads the same pack.
    """
    from_outside = os.environ.get(PACK)
    chosen = from_outside or None
    for number, word in enumerate(words):
        if word == "--pack" or word.startswith("--pack="):
            taken = words[number : number + (2 if word == "--pack" else 1)]
            chosen = taken[-1].removeprefix("--pack=") if len(taken) > 1 or "=" in word else ""
            del words[number : number + len(taken)]
            if not chosen:
                raise Refusal("--pack wants the id of a pack; “siexplorer packs list” prints them.")
            break
    if chosen is None:
        yield
        return
    if words[:1] != ["packs"]:
        _check_pack(chosen)
    os.environ[PACK] = chosen
    try:
        yield
    finally:
        if from_outside is None:
            os.environ.pop(PACK, None)
        else:
            os.environ[PACK] = from_outside


def _check_pack(name: str) -> None:
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
    near = _close(unknown, [*COMMANDS, "packs"])
    meant = f"did you mean “{near[0]}”?" if near else "see “siexplorer --help”."
    return f"There is no command “{unknown}”; {meant}"


def _command(words: list[str]) -> str:
    if words[:1] == ["packs"]:
        from siexplorer import fetching

        return f"packs {words[1]} " if words[1:2] and words[1] in fetching.COMMANDS else "packs "
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
    app.command(_packs_app(), name="packs")
    return app


def _packs_app() -> "App":
    from cyclopts import App

    from siexplorer import fetching

    app = App(help="Packs of other people's meshes: list, fetch, verify, remove.", version_flags=[])
    for name, command in fetching.COMMANDS.items():
        app.command(command, name=name)
    return app


# The commands -------------------------------------------------------------------------------------


def open_window(
    quit_after: float | None,
    meshes: Sequence[Path] = (),
    *,
    unit: MeshUnit | None = None,
    mirrored: bool | None = None,
) -> int:
    """Open the window, with a mesh of the user's own or without, and stay until it is closed."""
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
    return run(quit_after, meshes, unit=unit, mirrored=mirrored)


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
    known = _knowledge()
    record = (
        known.entries.get(id)
        or known.movements.get(id)
        or known.zones.get(id)
        or known.tools.get(id)
        or known.positions.get(id)
        or known.guides.get(id)
    )
    if record is None:
        raise Refusal(_unknown(known, id))
    pack, _ = _pack()
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
    technique: str | None = None,
    read: str | None = None,
    preset: str | None = None,
    depth: str | None = None,
    section: str | None = None,
    skin: SkinChoice | None = None,
    attachments: bool = False,
    referral: bool = False,
    zones: bool = False,
    tool: str | None = None,
    position: str | None = None,
    ball: Place | None = None,
    ball_on: str | None = None,
    beside_pack: str | None = None,
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
        Explore, move, the map of where a ball may go, or follow a technique.
    technique
        Show this technique, its tool where it lies.
    read
        Show what pictures this pattern, saying or other thing that is taught, such as
        where-it-hurts.
    preset
        A ready-made look: body-and-bones, skin, superficial-muscles, deep-rotators,
        front-of-hip, ligaments, bones.
    depth
        Peel down to this layer: skin, superficial, middle, deep, ligament, bone, or 1 to 6.
    section
        Cut along a plane, at so many mm: sagittal:40 (left of the midline), coronal:90 (behind
        the ASIS), axial:-20 (above the ASIS), free:60:25:10 (mm, turn, tilt); add :flip for the
        other side.
    skin
        The body around the bones, female, male or none.
    attachments
        Paint where every muscle begins and ends.
    referral
        Dot on the skin where pain from the selected thing is reported.
    zones
        Draw the map of where a ball may go on the skin.
    tool
        Draw that map for this tool; otherwise for a tennis ball.
    position
        Draw the body and the map in this position, such as figure-four; otherwise standing. One
        that has sides is taken on the side of the ball unless it says “left-” or “right-”.
    ball
        Lay the tool on the skin nearest to X Y Z, in mm.
    ball_on
        Lay the tool on the skin over this landmark or structure.
    beside_pack
        Draw the pelvis of this pack, or of a mesh of your own, beside it, from the same place and
        to the same scale; “siexplorer packs list” prints the ids.
    dark
        Dark colours.
    """
    size_px = _size(size)
    _check_picture(out)
    moving = movement is not None or mode == "move"
    if movement is not None and mode not in (None, "move"):
        raise Refusal(f"--movement and --mode {mode} do not go together; leave one of them out.")
    placing: dict[str, object] = {"--zones": zones or None, "--tool": tool, "--position": position}
    placing |= {"--ball": ball, "--ball-on": ball_on}
    mode = _ball_mode(placing, mode, movement, skin)
    if not moving and (at is not None or magnify is not None):
        option = "--at" if at is not None else "--magnify"
        raise Refusal(f"{option} needs a movement to apply to; add --movement ID.")
    at, magnify = _moment(at), _magnification(magnify)
    if preset is not None and depth is not None:
        raise Refusal("--preset and --depth do not go together; leave one of them out.")
    look, layer, plane = _preset(preset), _depth(depth), _section(section)
    _need_gl()
    known = _knowledge()
    wanted = [name for name in (*(only or []), select, ball_on) if name is not None]
    for name in wanted:
        _entry(known, name)
    if movement is not None:
        _movement(known, movement)
    if technique is not None:
        _technique(known, technique)
    if read is not None:
        _taught(known, read)
    used = _tool(known, tool or FIRST_TOOL)
    held = _position(known, position or FIRST_POSITION, _side_of(known, ball, ball_on))
    if beside_pack is not None and (technique or mode in ("ball", "follow")):
        raise Refusal("A tool lies on one pelvis alone; leave --beside-pack out.")
    other = None if beside_pack is None else _named_pack(known, beside_pack)
    pack = _whole_pack()

    from siexplorer.exploration.exploration import Exploration

    exploration = Exploration(known, pack)
    if other is not None:
        exploration.compare_with(other)
    _check_shown(exploration, wanted)
    if mode is not None:
        exploration.set_mode(mode)
    if movement is not None:
        exploration.set_movement(movement)
    in_shape(exploration)
    if read is not None:
        exploration.read(read)
    if mode == "follow" or technique is not None:
        if technique is not None:
            exploration.read(technique)
        _can_map(exploration)
        exploration.lay_tool()
    if moving:
        _can_move(exploration)
        exploration.set_moment(1.0 if at is None else at)
        if magnify is not None:
            exploration.set_magnification(magnify)
    if look is not None:
        exploration.set_preset(look)
    if layer is not None:
        exploration.set_depth(layer)
    if skin is not None:
        _dress(exploration, skin, peeled=look is not None or layer is not None)
    if mode == "ball":
        exploration.set_tool(used.id)
        exploration.set_position(held.id)
        _can_map(exploration)
        # The map by itself, without a ball, unless one was asked for.
        if ball is not None:
            exploration.place_ball(_point(ball))
        elif ball_on is not None:
            exploration.place_ball_on(ball_on)
        elif any(value is not None for value in placing.values()):
            exploration.apply("The map alone", ball=None)
        exploration.look(_ball_view(exploration))
    exploration.set_attachments(shown=attachments)
    exploration.set_referral(shown=referral)
    if referral:
        _can_refer(exploration, select)
    if only is not None:
        exploration.set_hidden(_all_but(exploration, only), "Show only what was asked for")
    looked_at = mode is not None or movement is not None or look is not None
    if select is not None and not looked_at:
        exploration.visit(select)
    elif select is not None:
        exploration.select(select)
    if plane is not None:
        exploration.place_section(plane)
    if view is not None:
        exploration.look(view)

    from siexplorer.scene.snapshot import draw, draw_two, save_png
    from siexplorer.scene.theme import DARK, LIGHT

    # Letters and dots grow with the picture, so that a large one is a small one seen closer.
    scale = max(0.75, min(size_px[0] / 1000, size_px[1] / 760))
    drawn = draw if other is None else draw_two
    image = drawn(exploration, size_px, DARK if dark else LIGHT, scale)
    try:
        save_png(image, out)
    except OSError as error:
        raise Refusal(_cannot_write(out, error)) from None
    print(out)
    return DONE


def export(
    movement: str,
    out: Path,
    /,
    *,
    magnify: float | None = None,
    size: str | None = None,
    frames: int | None = None,
    fps: float | None = None,
    preset: str | None = None,
    view: View | None = None,
    dark: bool = False,
    state: Path | None = None,
) -> int:
    """Save a movement as a GIF, an MP4 or an animated 3D model (GLB).

    Parameters
    ----------
    movement
        A movement's id; “siexplorer list --kind movement” prints them.
    out
        The file to write. Its name says as what: .gif; .mp4, a video of VP9, which needs the
        library opencv-python-headless (Apache-2.0, with an FFmpeg under LGPL-2.1); or .glb, a 3D
        model that moves, for glTF viewers.
    magnify
        How many times larger than life the SI joints' part is drawn, 1 to 10; otherwise 5.
    size
        Width and height in pixels, WxH; otherwise 800x608 for a GIF, 1280x720 for an MP4.
    frames
        How many pictures show it from start to end.
    fps
        How many pictures a second; otherwise 10 for a GIF, 15 for an MP4, 25 for a GLB.
    preset
        A ready-made look: body-and-bones, skin, superficial-muscles, deep-rotators,
        front-of-hip, ligaments, bones; otherwise body-and-bones.
    view
        From where to look; otherwise from where the movement is seen best.
    dark
        Dark colours.
    state
        A JSON file that says what is shown, as the window writes it for its own exports.
    """
    kind = _export_kind(out)
    if kind == ".glb":
        for name, given in (("--size", size), ("--view", view), ("--dark", dark)):
            if given:
                raise Refusal(f"A .glb is turned by whoever looks at it; leave {name} out.")
    if kind == ".mp4":
        _need_video()
    size_px = _film_size(size or ("1280x720" if kind == ".mp4" else "800x608"))
    magnify, look = _magnification(magnify), _preset(preset)
    _check_pictures(frames, fps)
    if kind != ".glb":
        _need_gl()
    known = _knowledge()
    record = _movement(known, movement)
    pack = _whole_pack()

    from siexplorer.exploration.exploration import Exploration
    from siexplorer.scene.reel import reel

    exploration = Exploration(known, pack)
    exploration.set_movement(movement)
    in_shape(exploration)
    _can_move(exploration)
    if state is not None:
        _look_as(exploration, state)
    if magnify is not None:
        exploration.set_magnification(magnify)
    if look is not None:
        exploration.set_preset(look)
    if look is not None or state is None:
        exploration.look(view or record.view)
    elif view is not None:
        exploration.look(view)
    run = reel(record, fps=fps or USUAL_FPS[kind], frames=frames)
    with _ended_softly():
        try:
            _write_export(exploration, run, out, size_px, dark=dark)
        except OSError as error:
            raise Refusal(_cannot_write(out, error)) from None
    print(out)
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
    _moment(at)
    _magnification(magnify)
    known = _knowledge()
    record = _movement(known, movement)
    pack = pack_in_shape(known, _whole_pack(), moves=True)
    posed = pose_record(known, pack, record, magnify, _posed(known, pack, record, at, magnify))
    if json:
        print_json(posed)
    else:
        print("\n".join(pose_lines(known, record, posed)))
    return DONE


def zones(
    *,
    tool: str = FIRST_TOOL,
    position: str = FIRST_POSITION,
    skin: Body = "female",
    json: bool = False,
    vertices: bool = False,
) -> int:
    """List the ball map's rules: their areas on the skin, and where they lie from the PSIS.

    Parameters
    ----------
    tool
        What presses, by id, name or another word for it; otherwise a tennis ball.
    position
        How the body stands or lies, such as figure-four; otherwise standing. One that has sides is
        taken on the left unless it says “right-”.
    skin
        The body around the bones, female or male.
    json
        Print JSON: areas in cm2, places in mm, reasons, margins, caveats, and the area of each
        state.
    vertices
        With --json: every vertex of the skin with its rule, state and distances.
    """
    if vertices and not json:
        raise Refusal("--vertices prints too much to read; add --json.")
    known = _knowledge()
    used, held = _tool(known, tool), _position(known, position)
    pack = pack_in_shape(known, _whole_pack())
    on = _skin_map(known, pack, skin, held)
    found = zones_record(known, pack, on, used, held, vertices=vertices)
    if json:
        print_json(found)
    else:
        zones_table(found)
    return DONE


def ball(
    *,
    tool: str,
    at: Place | None = None,
    on: str | None = None,
    position: str = FIRST_POSITION,
    skin: Body = "female",
    json: bool = False,
) -> int:
    """Say what the rules say of a ball, roller or hand that rests on the skin.

    Parameters
    ----------
    tool
        What presses, by id, name or another word for it; “siexplorer list --kind tool” prints them.
    at
        Where, as X Y Z in mm: left, backwards and up from the middle between both ASIS. The nearest
        place on the skin is taken.
    on
        Or: over this landmark or structure.
    position
        How the body stands or lies, such as figure-four; otherwise standing. One that has sides is
        taken on the side of the place unless it says “left-” or “right-”.
    skin
        The body around the bones, female or male.
    json
        Print JSON: verdict, rule, reason, distances in mm, contact, the nearest thing to stay away
        from, and where to go instead.
    """
    _one_of({"--at": at, "--on": on}, "ball", "where the tool rests")
    known = _knowledge()
    used = _tool(known, tool)
    if on is not None:
        _entry(known, on)
    held = _position(known, position, _side_of(known, at, on))
    pack = pack_in_shape(known, _whole_pack())
    drawn = _skin_map(known, pack, skin, held)

    from siexplorer.exploration.ball import over, verdict

    if on is None:
        point = _point(at)
    else:
        item, anchor = _anchor(known, pack, on, held)
        point = over(drawn, anchor, item.entry.view)
    found = ball_record(known, drawn, verdict(known, drawn, used, held, point), point)
    if json:
        print_json(found)
    else:
        print("\n".join(ball_lines(known, found)))
    return DONE


def beneath(
    *,
    at: Place | None = None,
    landmark: str | None = None,
    structure: str | None = None,
    position: str = FIRST_POSITION,
    skin: Body = "female",
    json: bool = False,
) -> int:
    """Say what lies beneath a place on the skin, or from where on it a structure is reached.

    Parameters
    ----------
    at
        Beneath X Y Z in mm: left, backwards and up from the middle between both ASIS. The nearest
        place on the skin is taken.
    landmark
        Or: beneath the place on the skin over this landmark, or over the middle of this structure.
    structure
        Or the other way round: from how much of the skin this structure is reached, and how deep.
    position
        How the body stands or lies, such as figure-four; otherwise standing. One that has sides is
        taken on the side of the place unless it says “left-” or “right-”.
    skin
        The body around the bones, female or male.
    json
        Print JSON: the stack in order of depth, or the area and depths, in mm and cm2.
    """
    given: dict[str, object] = {"--at": at, "--landmark": landmark, "--structure": structure}
    _one_of(given, "beneath", "where to look")
    known = _knowledge()
    named = landmark or structure
    if named is not None:
        _entry(known, named)
    held = _position(known, position, _side_of(known, at, named))
    pack = pack_in_shape(known, _whole_pack())
    on = _skin_map(known, pack, skin, held)

    from siexplorer.exploration import beneath as below

    if structure is not None:
        _can_be_reached(known, pack, structure)
        depths = below.reached(known, pack, on, held, structure)
        reached = reached_record(known, skin, held, structure, depths)
        print_json(reached) if json else print("\n".join(reached_lines(known, reached)))
        return DONE
    view: View | None = None
    if landmark is None:
        point = _point(at)
    else:
        item, point = _anchor(known, pack, landmark, held)
        view = item.entry.view
    body = below.body_of(known, pack, held)
    stack = below.beneath(known, pack, on, body, point, view)
    found = beneath_record(known, on, held, stack)
    print_json(found) if json else beneath_lines(known, found)
    return DONE


def landmarks(
    mesh: list[Path],
    /,
    *,
    json: bool = False,
    unit: MeshUnit | None = None,
    mirrored: bool = False,
    out: Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
) -> int:
    """Find the landmarks of a pelvis in MESH, or of all meshes in a folder.

    MESH is an STL, OBJ, PLY, GLB, glTF or VTP file, several that belong together, or a folder
    (with --out). Nothing is sent anywhere. Landmarks that you have corrected in the window lie
    where you put them; a table holds them as they were found.

    Parameters
    ----------
    mesh
        The file or files, or one folder of them.
    json
        Print JSON: bones, landmarks with confidence and reason, distances and angles.
    unit
        The file's unit; otherwise told by its size.
    mirrored
        The mesh is a mirror image; turn it over first.
    out
        For a folder: the CSV table to fill, one row per mesh. Run again to resume.
    jobs
        For a folder: how many processes work side by side.
    dask
        For a folder: the address of a Dask scheduler to work on instead.
    """
    if len(mesh) == 1 and mesh[0].is_dir():
        if json or unit or mirrored:
            raise Refusal("A folder of meshes takes --out, --jobs and --dask alone.")
        return _landmark_table(mesh[0], out, jobs, dask)
    if out or dask or jobs != 1:
        raise Refusal(f"--out, --jobs and --dask are for a folder; “{mesh[0]}” is none.")
    # Small matrices: more threads only wait for each other. Nothing has loaded NumPy yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from siexplorer.geometry.find import locate
    from siexplorer.packs.batch import record_of
    from siexplorer.packs.opened import kept_on
    from siexplorer.packs.own import OwnMeshError, open_own
    from siexplorer.packs.pack import PackError, read_shape

    try:
        model = read_shape()
        found = open_own(mesh, model, unit=unit, mirrored=mirrored)
    except OwnMeshError as error:
        raise Refusal(str(error)) from None
    except PackError as error:
        raise Refusal(str(error), FAILED) from None
    located = locate(model, found)
    by_hand, problems = kept_on(mesh, found, located)
    for problem in problems:
        complain(problem)
    record = record_of(model, found, located, [path.name for path in mesh], by_hand)
    print_json(record) if json else landmark_lines(record)
    return DONE


def _landmark_table(folder: Path, out: Path | None, jobs: int, dask: str | None) -> int:
    from siexplorer.packs.batch import BatchError, run_batch

    if out is None:
        raise Refusal("For a folder, name the table to fill: --out table.csv.")
    if jobs < 1:
        raise Refusal("--jobs wants a whole number from 1 on.")
    try:
        done, before, failed = run_batch(
            folder, out, jobs=jobs, dask=dask,
            say=lambda k, n, row: complain(f"{k}/{n} {row['file']}: {row['status']}"),
        )  # fmt: skip
    except BatchError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(_cannot_write(out, error)) from None
    print(f"{done} meshes done, {before} were there before, {failed} of all failed; see {out}.")
    return DONE


def open_(
    mesh: list[Path],
    /,
    *,
    json: bool = False,
    unit: MeshUnit | None = None,
    mirrored: bool = False,
    not_mirrored: bool = False,
    picture: Path | None = None,
    view: View = "back",
    into: Path | None = None,
) -> int:
    """Open a mesh of your own in the window, with the body carried over to it.

    MESH is an STL, OBJ, PLY, GLB, glTF or VTP file, or several that belong together. Without a
    screen, or with --json or --picture, what was found in it is reported instead. Nothing is sent
    anywhere, and nothing of it is kept.

    Parameters
    ----------
    mesh
        The file or files.
    json
        Print JSON: what “siexplorer landmarks --json” prints, and what could not be carried over.
    unit
        The file's unit; otherwise told by its size.
    mirrored
        The mesh is a mirror image; turn it over first. It cannot be told from shape.
    not_mirrored
        The mesh is no mirror image. If you say neither, pictures say that left and right are not
        confirmed.
    picture
        Draw this PNG file of it.
    view
        From where to look in the picture.
    into
        Write what was opened into this file, for a window to read; each step is printed.
    """
    if mirrored and not_mirrored:
        raise Refusal("--mirrored and --not-mirrored do not go together; leave one of them out.")
    sides = True if mirrored else False if not_mirrored else None
    for path in mesh:
        if not path.exists():
            raise Refusal(f"{path.name}: there is no such file; check the name.")
    if not (json or picture or into) and _has_screen():
        return open_window(None, mesh, unit=unit, mirrored=sides)
    if picture is not None:
        _need_gl()
    # Small matrices: more threads only wait for each other. Nothing has loaded NumPy yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from siexplorer.packs.opened import open_pelvis, write_opened
    from siexplorer.packs.own import OwnMeshError
    from siexplorer.packs.pack import PackError

    known = _knowledge(say_problems=into is None)
    say_step = (lambda step: print(step, flush=True)) if into is not None else (lambda step: None)
    try:
        opened = open_pelvis(mesh, known, unit=unit, mirrored=sides, said=say_step)
    except OwnMeshError as error:
        raise Refusal(str(error)) from None
    except PackError as error:
        raise Refusal(str(error), FAILED) from None
    if into is not None:
        try:
            write_opened(opened, into)
        except OSError as error:
            raise Refusal(_cannot_write(into, error)) from None
        return DONE
    for problem in opened.problems:
        complain(problem)
    if picture is not None:
        _draw_opened(opened, known, picture, view)
    if json:
        from siexplorer.exploration.own import opened_record

        print_json(opened_record(known, opened))
    else:
        from siexplorer.exploration.own import report, report_text

        print(report_text(report(known, opened)))
    return DONE


def _draw_opened(opened: "Opened", known: "Knowledge", out: Path, view: View) -> None:
    from siexplorer.exploration.correcting import as_corrections
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.scene.snapshot import draw, save_png

    exploration = Exploration(known)
    exploration.use(opened.pack, as_corrections(opened.corrected))
    exploration.look(view)
    try:
        save_png(draw(exploration, (1000, 760)), out)
    except OSError as error:
        raise Refusal(_cannot_write(out, error)) from None


def _has_screen() -> bool:
    """Whether a window can be opened here."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        _need_screen()
    except Refusal:
        return False
    return True


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

    known = _knowledge()
    found = beside_record(known, _named_pack(known, pack_a), _named_pack(known, pack_b))
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

    known = _knowledge(say_problems=False)
    pack, pack_error = _pack(cached=False, say_problems=False)
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
    "export": export,
    "pose": pose,
    "zones": zones,
    "ball": ball,
    "beneath": beneath,
    "open": open_,
    "landmarks": landmarks,
    "shape": shape_command(lambda: _knowledge(), lambda: _whole_pack()),
    "compare": compare,
    "check": check,
    "first-look": first_look,
}


# Exporting ----------------------------------------------------------------------------------------


def _write_export(
    exploration: "Exploration", run: "Reel", out: Path, size_px: tuple[int, int], *, dark: bool
) -> None:
    from siexplorer.scene.whole import whole_file

    kind = out.suffix.lower()
    if kind == ".glb":
        from siexplorer.scene.animated import NothingToShow, animated

        try:
            made = animated(exploration, run)
        except NothingToShow:
            raise Refusal("Nothing is shown, so there is nothing to export.") from None
        with whole_file(out) as part:
            part.write_bytes(made)
        return

    from siexplorer.scene.film import CannotFilm, pictures, save_gif, save_mp4
    from siexplorer.scene.theme import DARK, LIGHT

    scale = max(0.75, min(size_px[0] / 1000, size_px[1] / 760))
    theme = DARK if dark else LIGHT
    with whole_file(out) as part:
        drawn = pictures(exploration, run, size_px, theme, scale, _progress("Drawing"))
        if kind == ".gif":
            save_gif(drawn, run, part)
            return
        try:
            save_mp4(drawn, run, part, _progress("Writing"))
        except CannotFilm as error:
            raise Refusal(str(error), CANNOT_DRAW) from None


def _progress(word: str) -> Callable[[int, int], None]:
    """Says on stderr how far it is: in one line on a screen, else line by line."""
    on_screen = sys.stderr.isatty()

    def say(done: int, total: int) -> None:
        if _ENDING.is_set():
            raise KeyboardInterrupt
        end = "\r" if on_screen and done < total else "\n"
        print(f"{word} {done} of {total}", end=end, file=sys.stderr, flush=True)

    return say


_ENDING = threading.Event()
"""Somebody asked to end. What is raised at that moment is lost where a library calls us back, so
that it is asked again between two pictures."""


@contextmanager
def _ended_softly() -> Iterator[None]:
    """Let a request to end from outside be as Ctrl+C is, so that nothing is left behind."""
    import signal

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        _ENDING.set()
        raise KeyboardInterrupt

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        _ENDING.clear()
        for one, handler in before.items():
            signal.signal(one, handler)


def _export_kind(out: Path) -> str:
    kind = out.suffix.lower()
    if kind not in USUAL_FPS:
        raise Refusal(f"{out}: give a name that ends in {_either(list(USUAL_FPS))}.")
    _check_place(out)
    return kind


def _need_video() -> None:
    from siexplorer.scene.film import NO_VIDEO, can_video

    if not can_video():
        raise Refusal(NO_VIDEO, CANNOT_DRAW)


def _film_size(text: str) -> tuple[int, int]:
    size = _size(text)
    if min(size) < SMALLEST_FILM_PX or max(size) > LARGEST_FILM_PX:
        raise Refusal(
            f"--size of an export wants {SMALLEST_FILM_PX} to {LARGEST_FILM_PX} pixels each way, "
            f"so that the true values can be read, not “{text}”."
        )
    return size


def _check_pictures(frames: int | None, fps: float | None) -> None:
    if frames is not None and fps is not None:
        raise Refusal("--frames and --fps do not go together; leave one of them out.")
    if frames is not None and not 2 <= frames <= MOST_FRAMES:
        raise Refusal(f"--frames wants 2 to {MOST_FRAMES}, not {frames}.")
    if fps is not None and not 1.0 <= fps <= MOST_FPS:
        raise Refusal(f"--fps wants 1 to {MOST_FPS:g}, not {fps:g}.")


def _look_as(exploration: "Exploration", path: Path) -> None:
    """Show what a window shows, as it wrote it down."""
    import msgspec

    from siexplorer.exploration.state import State

    try:
        seen = msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError) as error:
        raise Refusal(f"{path} does not say what a window shows ({error}).") from None
    kept = ("hidden", "faded", "skin", "attachments", "section", "selected", "view", "camera")
    changes = {name: getattr(seen, name) for name in (*kept, "voice", "magnification")}
    exploration.apply("As shown", **changes)


# Reading ------------------------------------------------------------------------------------------


def _knowledge(*, say_problems: bool = True) -> "Knowledge":
    from siexplorer.anatomy.knowledge import read_knowledge

    known = read_knowledge()
    for problem in known.problems if say_problems else ():
        complain(problem)
    return known


def _pack(*, cached: bool = True, say_problems: bool = True) -> "tuple[Pack | None, str | None]":
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


def _named_pack(known: "Knowledge", name: str) -> "Pack":
    """A pack by its id, or the pelvis in a mesh file; whole or refused."""
    from siexplorer.packs.fetch import open_pack
    from siexplorer.packs.pack import PackError

    # No id of a pack has a full stop in it.
    if Path(name).suffix:
        return _pack_of_mesh(known, Path(name))
    _check_pack(name)
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


def _whole_pack() -> "Pack":
    pack, error = _pack(say_problems=False)
    if pack is None:
        raise Refusal(f"{error} Without the model this command has nothing to work on.", FAILED)
    for problem in pack.problems:
        complain(problem)
    return pack


def _movement(known: "Knowledge", name: str) -> "Movement":
    if name not in known.movements:
        raise Refusal(_unknown(known, name, list(known.movements), what="movement"))
    return known.movements[name]


def _posed(
    known: "Knowledge", pack: "Pack", movement: "Movement", at: float, magnify: float
) -> "Pose":
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


def _can_move(exploration: "Exploration") -> None:
    pack, name = exploration.pack, exploration.state.movement
    if pack is None or name is None:
        raise Refusal("annotations/movements.toml holds no movement that can be shown.", FAILED)
    _posed(exploration.known, pack, exploration.known.movements[name], 0.0, 1.0)


def _technique(known: "Knowledge", name: str) -> None:
    from siexplorer.anatomy.records import Technique

    if name not in known.of_kind(Technique):
        raise Refusal(_unknown(known, name, list(known.of_kind(Technique)), what="technique"))


def _taught(known: "Knowledge", name: str) -> None:
    from siexplorer.anatomy.records import Technique

    names = [one for one, guide in known.guides.items() if not isinstance(guide, Technique)]
    if name in known.of_kind(Technique):
        raise Refusal(f"{name} is a technique; draw it with --technique {name}.")
    if name not in names:
        raise Refusal(_unknown(known, name, names, what="pattern or saying"))


def _can_map(exploration: "Exploration") -> None:
    from siexplorer.exploration.ball import ZoneError

    try:
        exploration.skin_map(wait=True)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None


# The ball -----------------------------------------------------------------------------------------


def _tool(known: "Knowledge", word: str) -> "Tool":
    from siexplorer.exploration.ball import tool_called

    found = tool_called(known, word)
    if found is None:
        there = ", ".join(known.tools) or "none"
        raise Refusal(f"There is no tool “{word}”; there are: {there}.")
    return found


def _position(known: "Knowledge", word: str, side: str = "left") -> "Position":
    from siexplorer.exploration.ball import position_called

    found = position_called(known, word, side)
    if found is None:
        there = ", ".join(known.positions) or "none"
        raise Refusal(f"There is no position “{word}”; there are: {there}.")
    return found


def _skin_map(known: "Knowledge", pack: "Pack", skin: Body, position: "Position") -> "SkinMap":
    from siexplorer.exploration.ball import ZoneError, skin_map

    try:
        return skin_map(known, pack, skin, position)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None


def _ball_mode(
    placing: dict[str, object], mode: Mode | None, movement: str | None, skin: SkinChoice | None
) -> Mode | None:
    """The mode that the options ask for; refuses those that contradict each other."""
    used = [name for name, value in placing.items() if value is not None]
    if used and (movement is not None or mode not in (None, "ball")):
        other = "--movement" if movement is not None else f"--mode {mode}"
        raise Refusal(f"{used[0]} and {other} do not go together; leave one of them out.")
    if placing["--ball"] is not None and placing["--ball-on"] is not None:
        raise Refusal("--ball and --ball-on do not go together; leave one of them out.")
    if (used or mode == "ball") and skin == "none":
        raise Refusal("The ball map lies on the skin; give --skin female or male with it.")
    return "ball" if used else mode


def _ball_view(exploration: "Exploration") -> "View":
    """From where the place of the ball is seen best; without one, the position's own view."""
    from siexplorer.exploration.ball import TOWARDS

    found = exploration.verdict()
    if found is None:
        return exploration.known.positions[exploration.state.position].view
    around: tuple[View, ...] = ("back", "front", "left", "right")
    return max(around, key=lambda view: float(TOWARDS[view] @ found.contact.normal))


def _one_of(given: dict[str, object], command: str, what: str) -> None:
    """Exactly one way to say where."""
    used = [name for name, value in given.items() if value is not None]
    ways = f"{', '.join(list(given)[:-1])} or {list(given)[-1]}"
    if not used:
        raise Refusal(f"“{command}” must be told {what}; give {ways}.")
    if len(used) > 1:
        raise Refusal(f"{' and '.join(used)} do not go together; give only one of {ways}.")


def _point(at: Place | None) -> "Floats":
    import numpy as np

    point = np.array(at or (0.0, 0.0, 0.0), dtype=np.float64)
    if not np.isfinite(point).all():
        raise Refusal("--at wants three numbers in mm, X Y Z.")
    return point


def _side_of(known: "Knowledge", at: Place | None, name: str | None) -> str:
    """The side of the body that a command speaks of; the left where it speaks of the middle."""
    if name is not None:
        return "right" if known.entries[name].side == "right" else "left"
    return "right" if at is not None and at[0] < 0.0 else "left"


def _entry(known: "Knowledge", name: str) -> None:
    if name not in known.entries:
        raise Refusal(_unknown(known, name, list(known.entries)))


def _anchor(
    known: "Knowledge", pack: "Pack", name: str, position: "Position"
) -> "tuple[Item, Floats]":
    """What an id is on the model, and the point (3,) that stands for it in a position."""
    from siexplorer.exploration.ball import position_pose
    from siexplorer.exploration.catalog import join

    item = join(known, pack).get(name)
    if item is None:
        raise Refusal(f"“{name}” is known, but the model that is loaded does not show it.")
    return item, item.anchor_in(position_pose(pack, position))


def _can_be_reached(known: "Knowledge", pack: "Pack", name: str) -> None:
    from siexplorer.anatomy.records import Skin

    shown = [one.info for one in pack.surfaces.values() if one.info.entry == name]
    solid = any(info.role == "body" and info.closed for info in shown)
    if not solid or isinstance(known.entries[name], Skin):
        raise Refusal(
            f"“{name}” has no body of its own below the skin; for what lies beneath it give "
            f"“--landmark {name}”."
        )


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
        if name not in exploration.every:
            raise Refusal(f"“{name}” is known, but the model that is loaded does not show it.")


def _all_but(exploration: "Exploration", names: list[str]) -> frozenset[str]:
    """What to hide so that only these are left, with the bones that what is no bone lies on."""
    from siexplorer.anatomy.records import Bone

    if not names:
        raise Refusal("--only needs at least one id.")
    items = exploration.every
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


def _preset(name: str | None) -> str | None:
    if name is None:
        return None
    from siexplorer.exploration.looks import PRESETS

    known = [preset.id for preset in PRESETS]
    if name not in known:
        raise Refusal(f"--preset wants {_either(known)}, not “{name}”.")
    return name


def _depth(name: str | None) -> "Layer | None":
    if name is None:
        return None
    from siexplorer.exploration.looks import DEPTHS

    if name.isascii() and name.isdigit() and 1 <= int(name[:3]) <= len(DEPTHS):
        return DEPTHS[int(name) - 1]
    for depth in DEPTHS:
        if name == depth:
            return depth
    raise Refusal(f"--depth wants {_either(list(DEPTHS))}, or 1 to {len(DEPTHS)}, not “{name}”.")


def _section(text: str | None) -> "Section | None":
    if text is None:
        return None
    from dataclasses import replace

    from siexplorer.exploration.sections import MOST_TILT_DEG, MOST_TURN_DEG, PLANES, started

    wanted = (
        "--section wants a plane and where it lies in mm, such as axial:-20, coronal:90, "
        f"sagittal:40 or free:60:25:10, not “{text}”."
    )
    name, *rest = text.split(":")
    flipped = rest[-1:] == ["flip"]
    numbers = rest[:-1] if flipped else rest
    plane = next((one for one in PLANES if one == name), None)
    if plane is None or len(numbers) > (3 if plane == "free" else 1):
        raise Refusal(wanted)
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        raise Refusal(wanted) from None
    begun = started(plane)
    at, turn, tilt = [*values, *(begun.at_mm, begun.turn_deg, begun.tilt_deg)[len(values) :]]
    limits = (MOST_SECTION_MM, MOST_TURN_DEG, MOST_TILT_DEG)
    if not all(abs(v) <= most for v, most in zip((at, turn, tilt), limits, strict=True)):
        raise Refusal(wanted)
    return replace(begun, at_mm=at, turn_deg=turn, tilt_deg=tilt, flipped=flipped)


def _dress(exploration: "Exploration", skin: SkinChoice, *, peeled: bool) -> None:
    """Put the body on that was asked for; whole or see-through as the look has it."""
    from siexplorer.exploration.looks import skins

    if skin == "none":
        hidden = exploration.state.hidden | skins(exploration.items)
        exploration.set_hidden(hidden, "No body")
        return
    name = f"skin-{skin}"
    if name not in exploration.items:
        raise Refusal(f"The model that is loaded has no {skin} body; leave --skin out.")
    exploration.set_skin(skin)
    if name in exploration.state.hidden:
        exploration.show(name)
        if peeled:
            exploration.fade(name, faded=True)


def _can_refer(exploration: "Exploration", select: str | None) -> None:
    if select is None:
        raise Refusal("--referral needs a thing whose pain it shows; add --select ID.")
    if not exploration.refers(select):
        raise Refusal(f"No referral areas are known for “{select}”; leave --referral out.")


def _check_picture(out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise Refusal(f"{out}: pictures are PNG files; give a name that ends in .png.")
    _check_place(out)


def _check_place(out: Path) -> None:
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
    everything = (
        known.entries,
        known.movements,
        known.zones,
        known.tools,
        known.positions,
        known.guides,
    )
    ids = among if among is not None else [name for records in everything for name in records]
    near = _close(name, ids)
    if not near:
        from siexplorer.exploration.search import find

        fits = find(known, name, 4, guides=among is None)
        near = [found.entry.id for found in fits if found.entry.id in ids]
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
