"""The commands about a place on the skin: zones, ball, beneath."""

from siexplorer.cli.arguments import FIRST_POSITION, FIRST_TOOL, Body, Place, View, one_of, point_at
from siexplorer.cli.reading import (
    anchor_of,
    check_entry,
    check_reachable,
    knowledge,
    position_named,
    side_of,
    skin_map_of,
    tool_named,
    whole_pack,
)
from siexplorer.printing import (
    DONE,
    Refusal,
    ball_lines,
    ball_record,
    beneath_lines,
    beneath_record,
    print_json,
    reached_lines,
    reached_record,
    zones_record,
    zones_table,
)
from siexplorer.shaping import pack_in_shape


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
    known = knowledge()
    used, held = tool_named(known, tool), position_named(known, position)
    pack = pack_in_shape(known, whole_pack())
    on = skin_map_of(known, pack, skin, held)
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
    one_of({"--at": at, "--on": on}, "ball", "where the tool rests")
    known = knowledge()
    used = tool_named(known, tool)
    if on is not None:
        check_entry(known, on)
    held = position_named(known, position, side_of(known, at, on))
    pack = pack_in_shape(known, whole_pack())
    drawn = skin_map_of(known, pack, skin, held)

    from siexplorer.exploration.ball import over, verdict

    if on is None:
        point = point_at(at)
    else:
        item, anchor = anchor_of(known, pack, on, held)
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
    one_of(given, "beneath", "where to look")
    known = knowledge()
    named = landmark or structure
    if named is not None:
        check_entry(known, named)
    held = position_named(known, position, side_of(known, at, named))
    pack = pack_in_shape(known, whole_pack())
    on = skin_map_of(known, pack, skin, held)

    from siexplorer.exploration import beneath as below

    if structure is not None:
        check_reachable(known, pack, structure)
        depths = below.reached(known, pack, on, held, structure)
        reached = reached_record(known, skin, held, structure, depths)
        print_json(reached) if json else print("\n".join(reached_lines(known, reached)))
        return DONE
    view: View | None = None
    if landmark is None:
        point = point_at(at)
    else:
        item, point = anchor_of(known, pack, landmark, held)
        view = item.entry.view
    body = below.body_of(known, pack, held)
    stack = below.beneath(known, pack, on, body, point, view)
    found = beneath_record(known, on, held, stack)
    print_json(found) if json else beneath_lines(known, found)
    return DONE
