"""The commands that draw pictures: snapshot and first-look."""

from pathlib import Path
from typing import TYPE_CHECKING

from siexplorer.cli.arguments import (
    FIRST_POSITION,
    FIRST_TOOL,
    Mode,
    Place,
    SkinChoice,
    View,
    cannot_write,
    check_picture,
    depth_called,
    magnification,
    moment,
    point_at,
    preset_called,
    section_of,
    size_of,
)
from siexplorer.cli.reading import (
    check_entry,
    check_mapped,
    check_movable,
    check_taught,
    check_technique,
    knowledge,
    movement_called,
    named_pack,
    position_named,
    side_of,
    tool_named,
    whole_pack,
)
from siexplorer.cli.screen import need_gl
from siexplorer.printing import DONE, Refusal
from siexplorer.shaping import in_shape

if TYPE_CHECKING:
    from siexplorer.exploration.exploration import Exploration


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
        Show what pictures this pattern, saying or other thing that is check_taught, such as
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
    size_px = size_of(size)
    check_picture(out)
    moving = movement is not None or mode == "move"
    if movement is not None and mode not in (None, "move"):
        raise Refusal(f"--movement and --mode {mode} do not go together; leave one of them out.")
    placing: dict[str, object] = {"--zones": zones or None, "--tool": tool, "--position": position}
    placing |= {"--ball": ball, "--ball-on": ball_on}
    mode = _ball_mode(placing, mode, movement, skin)
    if not moving and (at is not None or magnify is not None):
        option = "--at" if at is not None else "--magnify"
        raise Refusal(f"{option} needs a movement to apply to; add --movement ID.")
    at, magnify = moment(at), magnification(magnify)
    if preset is not None and depth is not None:
        raise Refusal("--preset and --depth do not go together; leave one of them out.")
    look, layer, plane = preset_called(preset), depth_called(depth), section_of(section)
    need_gl()
    known = knowledge()
    wanted = [name for name in (*(only or []), select, ball_on) if name is not None]
    for name in wanted:
        check_entry(known, name)
    if movement is not None:
        movement_called(known, movement)
    if technique is not None:
        check_technique(known, technique)
    if read is not None:
        check_taught(known, read)
    used = tool_named(known, tool or FIRST_TOOL)
    held = position_named(known, position or FIRST_POSITION, side_of(known, ball, ball_on))
    if beside_pack is not None and (technique or mode in ("ball", "follow")):
        raise Refusal("A tool lies on one pelvis alone; leave --beside-pack out.")
    other = None if beside_pack is None else named_pack(known, beside_pack)
    pack = whole_pack()

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
        check_mapped(exploration)
        exploration.lay_tool()
    if moving:
        check_movable(exploration)
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
        check_mapped(exploration)
        # The map by itself, without a ball, unless one was asked for.
        if ball is not None:
            exploration.place_ball(point_at(ball))
        elif ball_on is not None:
            exploration.place_ball_on(ball_on)
        elif any(value is not None for value in placing.values()):
            exploration.apply("The map alone", ball=None)
        exploration.look(ball_view(exploration))
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
        raise Refusal(cannot_write(out, error)) from None
    print(out)
    return DONE


def first_look(folder: Path, /) -> int:
    """Draw the first look into FOLDER: pictures and a page, index.html, that shows them.

    Parameters
    ----------
    folder
        Where to put them; it is made if it is not there.
    """
    need_gl()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(cannot_write(folder, error)) from None
    known = knowledge()
    pack = whole_pack()

    from siexplorer.scene.first_look import draw_first_look

    try:
        page = draw_first_look(folder, known, pack)
    except OSError as error:
        raise Refusal(cannot_write(folder, error)) from None
    print(page)
    return DONE


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


def ball_view(exploration: "Exploration") -> "View":
    """From where the place of the ball is seen best; without one, the position's own view."""
    from siexplorer.exploration.ball import TOWARDS

    found = exploration.verdict()
    if found is None:
        return exploration.known.positions[exploration.state.position].view
    around: tuple[View, ...] = ("back", "front", "left", "right")
    return max(around, key=lambda view: float(TOWARDS[view] @ found.contact.normal))


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
