"""What the command line says: tables, JSON, records as plain values, and one-sentence refusals."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Claim, Entry, Guide, Movement, Position, Tool, Zone
    from siexplorer.exploration.ball import Area, SkinMap, Verdict
    from siexplorer.exploration.beneath import Reached, Stack
    from siexplorer.exploration.following import Length
    from siexplorer.exploration.moving import Pose
    from siexplorer.exploration.state import SkinKind
    from siexplorer.geometry.surface import Floats
    from siexplorer.packs.pack import Pack

DONE, FAILED, REFUSED, CANNOT_DRAW, INTERRUPTED = 0, 1, 2, 3, 130
SIDE_SIGNS = {"left": 1, "right": -1}

MOST_NAMED = 5
"""How many landmarks, ligaments and muscles the short form names (design)."""


class Refusal(Exception):
    """What stops a command: one sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: int = REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


# Describing ---------------------------------------------------------------------------------------


def described(
    known: "Knowledge",
    record: "Entry | Movement | Zone | Tool | Position | Guide",
    pack: "Pack | None",
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


def pose_record(
    known: "Knowledge", pack: "Pack", movement: "Movement", magnify: float, now: "Pose"
) -> dict[str, Any]:
    """A movement at a moment as plain values: true degrees and mm, unless a key says otherwise."""
    from siexplorer.exploration.following import Following
    from siexplorer.exploration.moving import STRAIN_FROM_PERCENT

    following = Following(known, pack)
    lengths = following.lengths(now)
    step = now.step
    return {
        "movement": movement.id,
        "name": movement.name,
        "at": now.at,
        "magnify": magnify,
        "factor": round(now.factor.used, 4),
        "most_factor": round(now.factor.most, 4),
        "clamped": now.factor.clamped,
        "clamp_reason": clamp_reason(known, now),
        "bodies": {name: _body(now, name) for name in now.matrices},
        "landmarks": _landmark_shifts(known, pack, now),
        "ligaments": {
            name: _length(known, pack, name, one)
            for name, one in lengths.items()
            if known.entries[pack.surfaces[name].info.entry].kind == "ligament"
        },
        "muscles": {
            name: _length(known, pack, name, one)
            for name, one in lengths.items()
            if known.entries[pack.surfaces[name].info.entry].kind == "muscle"
        },
        "taut_beyond_percent": STRAIN_FROM_PERCENT,
        "joints": {
            side: {
                "gap_mm": round(line.gap_mm, 4),
                "glide_mm": round(line.glide_mm, 4),
                "rotation_deg": round(now.si[side].true_deg, 4),
            }
            for side, line in following.joint_lines(now).items()
        },
        "hips": {side: _hip(now, side) for side in SIDE_SIGNS},
        "pelvis": {
            "posterior_tilt_deg": round(now.posture.tilt_deg, 4),
            "left_drop_deg": round(now.posture.left_drop_deg, 4),
            "left_turn_deg": round(now.posture.left_turn_deg, 4),
        },
        "step": step and {"number": movement.steps.index(step) + 1, "title": step.title},
        "caption": step
        and {
            "plain": step.says.plain,
            "student": step.says.student,
            "clinician": step.says.clinician,
        },
        "label": movement.label.text,
        "teaching_model": movement.teaching_model,
    }


def clamp_reason(known: "Knowledge", now: "Pose") -> str | None:
    """Why less is drawn than was asked for, in words, or None."""
    if not now.factor.clamped:
        return None
    return known.say("clamped", factor=f"{now.factor.used:.3g}", asked=f"{now.factor.asked:g}")


def _body(now: "Pose", name: str) -> dict[str, Any]:
    """How one body stands. Of ``axis``, the point is where it is at rest; positive angles turn
    right-handed about its direction."""
    from siexplorer.exploration.moving import rotation_deg

    side = name.split("-")[0]
    turn_deg, shift_mm, lift_mm = 0.0, 0.0, 0.0
    if name == f"{side}-hip-bone":
        joint = now.si[side]
        turn_deg, shift_mm, lift_mm = joint.true_deg, joint.true_mm, joint.lift_mm
    elif name == "sacrum":
        turn_deg, shift_mm = _of_sacrum(now)
    point, direction = _axis(now, name)
    return {
        "si_rotation_deg": round(turn_deg, 4),
        "si_translation_mm": round(shift_mm, 4),
        "shown_rotation_deg": round(turn_deg * now.factor.used, 4),
        "rotation_deg": round(rotation_deg(now.true, name), 4),
        "axis": {"point_mm": _rounded(point), "direction": _rounded(direction)},
        "lift_mm": round(lift_mm, 4),
        "matrix": _matrix(now.matrices[name]),
        "true_matrix": _matrix(now.true[name]),
    }


def _of_sacrum(now: "Pose") -> tuple[float, float]:
    """Nutation against both ilia in degrees, and the larger shift of the two joints in mm; nothing
    where the sides differ, as then there is no one angle."""
    left, right = now.si["left"], now.si["right"]
    alike = abs(left.true_deg - right.true_deg) < 1e-9
    return (left.true_deg, max(left.true_mm, right.true_mm)) if alike else (0.0, 0.0)


def _axis(now: "Pose", name: str) -> "tuple[Floats, Floats]":
    """A point (3,) and the direction (3,) about which a body turns on the one that carries it."""
    import numpy as np

    from siexplorer.geometry.motion import BEHIND_DISC_MM, VERTEBRAE, rotation_vector_deg

    found = now.joints
    if name.endswith("-hip-bone") or name == "sacrum":
        # Posterior rotation of an innominate takes its front up, nutation that of the sacrum down.
        return found.si_axis, np.array([1.0 if name == "sacrum" else -1.0, 0.0, 0.0])
    if name in VERTEBRAE:
        number = VERTEBRAE.index(name)
        below = VERTEBRAE[number - 1] if number else "sacrum"
        # Without discs a vertebra goes with the sacrum, and any axis serves.
        discs = found.discs if len(found.discs) else found.si_axis[None]
        point = discs[min(number, len(discs) - 1)] + [0.0, BEHIND_DISC_MM, 0.0]
    else:
        side = name.split("-")[0]
        below, point = f"{side}-hip-bone", found.hips[side]
    turn = rotation_vector_deg(now.true[below][:3, :3].T @ now.true[name][:3, :3])
    size = float(np.linalg.norm(turn))
    # At rest there is none: flexion, about which hips and vertebrae mostly turn.
    return point, turn / size if size > 1e-6 else np.array([-1.0, 0.0, 0.0])


def _hip(now: "Pose", side: str) -> dict[str, float]:
    """The thigh against the vertical, and the femur against its own innominate."""
    from siexplorer.geometry.motion import rotation_vector_deg

    thigh = now.posture.thighs[side]
    hip_bone, femur = (now.true[f"{side}-{bone}"] for bone in ("hip-bone", "femur"))
    x, y, z = rotation_vector_deg(hip_bone[:3, :3].T @ femur[:3, :3])
    sign = SIDE_SIGNS[side]
    return {
        "flexion_deg": round(-float(x), 4),
        "abduction_deg": round(-float(y) * sign, 4),
        "external_rotation_deg": round(float(z) * sign, 4),
        "thigh_flexion_deg": round(thigh.flexion_deg, 4),
        "thigh_abduction_deg": round(thigh.abduction_deg, 4),
        "thigh_external_rotation_deg": round(thigh.external_rotation_deg, 4),
    }


def _landmark_shifts(known: "Knowledge", pack: "Pack", now: "Pose") -> dict[str, Any]:
    import numpy as np

    from siexplorer.exploration.catalog import join
    from siexplorer.exploration.moving import shift_mm

    found = {}
    for item in join(known, pack).values():
        if not len(item.points):
            continue
        # What lies between both hip bones goes half way with each.
        bodies = _carriers(pack, item.moves_with)
        alone, whole = (
            np.mean([shift_mm(matrices, body, item.anchor) for body in bodies], axis=0)
            for matrices in (now.si_only, now.true)
        )
        found[item.id] = {
            "true_shift_mm": round(float(np.linalg.norm(alone)), 4),
            "vector_mm": [round(float(value), 4) for value in alone],
            "whole_shift_mm": round(float(np.linalg.norm(whole)), 4),
        }
    return found


def _carriers(pack: "Pack", name: str) -> list[str]:
    """The moving bodies that something which goes with ``name`` goes with."""
    from siexplorer.geometry.motion import BODIES

    if name in BODIES:
        return [name]
    if name in pack.surfaces:
        return [pack.surfaces[name].info.moves_with]
    return [body for body in BODIES if body.endswith(f"-{name}")] or ["sacrum"]


def _length(known: "Knowledge", pack: "Pack", name: str, one: "Length") -> dict[str, Any]:
    from siexplorer.exploration.moving import STRAIN_FROM_PERCENT

    found = {"rest_mm": round(one.rest_mm, 3), "now_mm": round(one.now_mm, 3)}
    if known.entries[pack.surfaces[name].info.entry].kind == "muscle":
        changes = {
            "change_mm": round(one.change_mm, 4),
            "change_percent": round(one.change_percent, 4),
        }
        return changes | found
    strain = one.change_percent
    least = STRAIN_FROM_PERCENT
    word = "taut" if strain >= least else "slack" if strain <= -least else "unchanged"
    return {"strain_percent": round(strain, 4), **found, "taut": word}


def _matrix(matrix: "Floats") -> list[list[float]]:
    return [[round(float(value), 8) for value in row] for row in matrix]


def pose_lines(known: "Knowledge", movement: "Movement", posed: dict[str, Any]) -> list[str]:
    """What ``pose_record`` holds, in short, as lines of text."""
    step = posed["step"]
    lines = [movement.name, f"{movement.lay_name}, at {posed['at']:g}"]
    if step:
        lines.append(f"{step['number']}. {step['title']}")
    if movement.teaching_model:
        lines.append(known.say("teaching_model"))
    for side, joint in posed["joints"].items():
        body = posed["bodies"][f"{side}-hip-bone"]
        lines.append(
            f"{side.capitalize()} SI joint: {body['si_rotation_deg']:+.2f} deg (posterior +), "
            f"{body['si_translation_mm']:.2f} mm; gap {joint['gap_mm']:+.2f} mm, glide "
            f"{joint['glide_mm']:.2f} mm; drawn {body['shown_rotation_deg']:+.1f} deg."
        )
    hips = (f"{side} {hip['flexion_deg']:+.1f}" for side, hip in posed["hips"].items())
    lines.append(
        f"Hip flexion: {', '.join(hips)} deg; posterior tilt of the pelvis "
        f"{posed['pelvis']['posterior_tilt_deg']:+.1f} deg."
    )
    lines.append(f"Drawn x{posed['factor']:.3g}; at most x{posed['most_factor']:.3g}.")
    if posed["clamp_reason"]:
        lines.append(posed["clamp_reason"])
    shifts = {name: one["true_shift_mm"] for name, one in posed["landmarks"].items()}
    strains = {name: one["strain_percent"] for name, one in posed["ligaments"].items()}
    changes = {name: one["change_mm"] for name, one in posed["muscles"].items()}
    lines += [
        f"SI shift of landmarks: {_most(shifts, '.1f', 'mm')}",
        f"Ligaments: {_most(strains, '+.1f', '%')}",
        f"Muscles: {_most(changes, '+.1f', 'mm')}",
    ]
    if posed["caption"]:
        lines.append(posed["caption"]["plain"])
    return [*lines, posed["label"]]


def _most(values: dict[str, float], form: str, unit: str) -> str:
    """The few largest of some values, with their names."""
    largest = sorted(values.items(), key=lambda one: -abs(one[1]))[:MOST_NAMED]
    told = [f"{name} {value:{form}}" for name, value in largest if abs(value) >= 0.05]
    return f"{', '.join(told)} {unit}." if told else "no change."


# The ball map -------------------------------------------------------------------------------------


def zones_record(
    known: "Knowledge", pack: "Pack", on: "SkinMap", tool: "Tool", position: "Position",
    *, vertices: bool,
) -> dict[str, Any]:  # fmt: skip
    """The map of one skin for one tool as plain values: areas in cm2, places in mm."""
    found = {
        "tool": tool.id,
        "position": position.id,
        "skin": on.skin.removeprefix("skin-"),
        "zones": zone_rows(known, pack, on, tool, position),
        "states": state_rows(known, pack, on, tool, position),
        "projection": known.say("zones_measured"),
        "caveats": ball_caveats(known, position),
    }
    return found | ({"vertices": vertex_rows(known, on, tool)} if vertices else {})


def zone_rows(
    known: "Knowledge", pack: "Pack", on: "SkinMap", tool: "Tool", position: "Position"
) -> list[dict[str, Any]]:
    """The rules of the ball map, for each side, as they are for a tool."""
    from siexplorer.exploration.ball import area_of, meaning, on_side
    from siexplorer.geometry.zones import ORDER

    rules, psis = on.rules(tool.counted_radius_mm), _psis(known, pack, position)
    found = []
    for zone in known.zones.values():
        means = meaning(zone, tool)
        here = rules == (ORDER.index(zone.id) if zone.id in ORDER else -1)
        said = {
            "reason": means.reason.text,
            "tags": _tags([means.reason.basis, zone.description.basis]),
            "sources": means.reason.sources,
            "margins": {"mm": zone.margins_mm, "fractions": zone.fractions},
            "tools": {one.id: meaning(zone, one).state for one in known.tools.values()},
            "positions": [
                {"positions": one.positions, "says": one.says.text} for one in zone.in_position
            ],
        }
        found += [
            {"id": zone.id, "side": side, "name": zone.name}
            | {"state": means.state, "allowed": means.allowed}
            | _area(area_of(on, here & on_side(on, side)), side, psis[side])
            | said
            for side in SIDE_SIGNS
        ]
    return found


def state_rows(
    known: "Knowledge", pack: "Pack", on: "SkinMap", tool: "Tool", position: "Position"
) -> list[dict[str, Any]]:
    """How much of each side of the skin is clear, caution and avoid for a tool."""
    from siexplorer.exploration.ball import STATES, area_of, on_side, state_codes

    codes = state_codes(known, tool)[on.rules(tool.counted_radius_mm)]
    psis = _psis(known, pack, position)
    return [
        {"state": state, "side": side}
        | _area(area_of(on, (codes == code) & on_side(on, side)), side, psis[side])
        for code, state in enumerate(STATES)
        for side in SIDE_SIGNS
    ]


def vertex_rows(known: "Knowledge", on: "SkinMap", tool: "Tool") -> list[dict[str, Any]]:
    """Every vertex of the pack's skin, without its flat ends: place, rule, state, distances."""
    from siexplorer.exploration.ball import STATES, TELLS, state_codes
    from siexplorer.geometry.zones import ORDER

    count = len(on.grid.coarse.vertices)
    rules, codes = on.rules(tool.counted_radius_mm)[:count], state_codes(known, tool)
    told = {name: on.fields[key][:count].round(3).tolist() for name, key in TELLS.items()}
    points = on.grid.points[:count].round(3).tolist()
    return [
        {
            "point_mm": point,
            "rule": ORDER[rule],
            "state": STATES[codes[rule]],
            "distances_mm": {name: values[index] for name, values in told.items()},
        }
        for index, (point, rule) in enumerate(zip(points, rules, strict=True))
    ]


def _psis(known: "Knowledge", pack: "Pack", position: "Position") -> "dict[str, Floats]":
    """Where the PSIS of each side is in a position."""
    from siexplorer.exploration.ball import places_of, position_pose

    return places_of(known, pack, position_pose(pack, position)).psis


def _area(area: "Area", side: str, psis: "Floats") -> dict[str, Any]:
    """A part of the skin as plain values, its middle also as seen from the PSIS of its side."""
    found: dict[str, Any] = {
        "area_cm2": round(area.area_cm2, 2),
        "centroid_mm": None,
        "from_psis_mm": None,
    }
    if area.centroid_mm is not None:
        x, y, z = area.centroid_mm
        lateral, back, up = area.centroid_mm - psis
        found["centroid_mm"] = _numbers({"x": x, "y": y, "z": z})
        found["from_psis_mm"] = _numbers(
            {"lateral_mm": lateral * SIDE_SIGNS[side], "up_mm": up, "back_mm": back}
        )
    return found


def _numbers(values: "dict[str, Any]") -> dict[str, float]:
    return {name: round(float(value), 2) for name, value in values.items()}


def _tags(bases: "Sequence[Any]") -> list[str]:
    """What sentences rest on other than sources, in words."""
    from siexplorer.exploration.card import BASIS_TAGS

    return [BASIS_TAGS[b].strip("()") for b in dict.fromkeys(bases) if BASIS_TAGS[b]]


def ball_caveats(known: "Knowledge", position: "Position") -> list[str]:
    """What goes with every answer of the ball map."""
    from siexplorer.exploration.ball import FIRST_POSITION

    claims = [known.never_safe, known.anatomy_varies, known.depth_caveat]
    if position.id != FIRST_POSITION:
        claims.append(known.position_caveat)
    return [claim.text for claim in claims if claim is not None]


def zones_table(found: dict[str, Any]) -> None:
    """Print the map as a table, and what to know of it."""
    table = [("ID", "SIDE", "STATE", "AREA cm2", "LATERAL mm", "UP mm", "BACK mm")]
    for row in found["zones"]:
        place = row["from_psis_mm"] or {}
        ways = [place.get(f"{way}_mm") for way in ("lateral", "up", "back")]
        lateral, up, back = ("-" if value is None else f"{value:+.0f}" for value in ways)
        area = f"{row['area_cm2']:.1f}"
        table.append((row["id"], row["side"], row["state"], area, lateral, up, back))
    print_table(table, right=(3, 4, 5, 6))
    print()
    totals = [("STATE", "SIDE", "AREA cm2")]
    totals += [(r["state"], r["side"], f"{r['area_cm2']:.1f}") for r in found["states"]]
    print_table(totals, right=(2,))
    print(f"\n{found['projection']}")
    for caveat in found["caveats"]:
        print(caveat)


def ball_record(
    known: "Knowledge", on: "SkinMap", verdict: "Verdict", asked: "Floats"
) -> dict[str, Any]:
    """What the rules say of a tool where it rests, as plain values in mm and cm2."""
    import numpy as np

    from siexplorer.exploration.ball_words import (
        better_words,
        direction_words,
        nearest_words,
        notes,
        verdict_words,
    )

    tool, position = known.tools[verdict.tool], known.positions[verdict.position]
    zone, contact, near = known.zones[verdict.rule], verdict.contact, verdict.nearest
    better = verdict.better
    suggestion = better and {
        "place_mm": _rounded(better.place),
        "rule": better.rule,
        **_numbers(
            {
                "distance_mm": better.distance_mm,
                "outwards_mm": better.outwards_mm,
                "up_mm": better.up_mm,
                "backwards_mm": better.backwards_mm,
            }
        ),
        "words": better_words(known, verdict),
    }
    return {
        "tool": tool.id,
        "position": position.id,
        "skin": on.skin.removeprefix("skin-"),
        "verdict": verdict.state,
        "allowed": verdict.allowed,
        "headline": verdict_words(known, verdict),
        "rule": verdict.rule,
        "rule_name": zone.name,
        "reason": verdict.reason.text,
        "tags": _tags([verdict.reason.basis, zone.description.basis]),
        "sources": verdict.reason.sources,
        "side": verdict.side,
        "asked_mm": _rounded(asked),
        "place_mm": _rounded(contact.place),
        "snapped_by_mm": round(float(np.linalg.norm(contact.place - asked)), 2),
        "normal": _rounded(contact.normal),
        "centre_mm": _rounded(contact.centre),
        "sink_mm": round(contact.sink_mm, 2),
        "distances_mm": _numbers(verdict.distances_mm),
        "contact": {
            "radius_mm": tool.contact_radius_mm,
            "counted_radius_mm": tool.counted_radius_mm,
            "patch_area_cm2": round(contact.patch_cm2, 2),
        },
        "contact_patch_cm2": round(contact.patch_cm2, 2),
        "nearest": {
            "name": near.name,
            "words": nearest_words(known, verdict),
            "distance_mm": round(near.distance_mm, 2),
            "place_mm": _rounded(near.place),
            "direction": direction_words(known, verdict.side, near.place - contact.place),
        },
        "suggestion": suggestion,
        "reached": verdict.reached,
        "position_says": [claim.text for claim in notes(known, verdict)],
        "caveats": ball_caveats(known, position),
    }


def ball_lines(known: "Knowledge", found: dict[str, Any]) -> list[str]:
    """What ``ball_record`` holds, in short, as lines of text."""
    tool, position = known.tools[found["tool"]], known.positions[found["position"]]
    tags = "".join(f" ({tag})" for tag in found["tags"])
    x, y, z = found["place_mm"]
    lines = [
        f"{tool.name}, {position.lay_name}; {found['skin']} body.",
        found["headline"],
        f"{found['reason']}{tags}",
        found["nearest"]["words"],
    ]
    if found["suggestion"] is not None:
        lines.append(known.say("suggestion", words=found["suggestion"]["words"]))
    lines += found["position_says"]
    lines.append(
        f"It rests at {x:.0f} {y:.0f} {z:.0f} mm, sinks in {found['sink_mm']:.0f} mm and presses "
        f"on {found['contact_patch_cm2']:.0f} cm2."
    )
    told = ", ".join(
        f"{name.replace('_', ' ')} {value:.0f}" for name, value in found["distances_mm"].items()
    )
    return [*lines, f"Distances in mm: {told}.", *found["caveats"]]


def beneath_record(
    known: "Knowledge", on: "SkinMap", position: "Position", stack: "Stack"
) -> dict[str, Any]:
    """What lies below a place on the skin, as plain values in mm, in order of depth."""
    return {
        "position": position.id,
        "skin": on.skin.removeprefix("skin-"),
        "place_mm": _rounded(stack.place),
        "inwards": _rounded(stack.inwards),
        "stack": [
            {
                "id": one.id,
                "surface": one.surface,
                "name": one.name,
                "kind": one.kind,
                "depth_mm": round(one.depth_mm, 2),
                "thickness_mm": round(one.thickness_mm, 2),
                "beside_mm": round(one.away_mm, 2) if one.beside else None,
            }
            for one in stack.layers
        ],
        "caveats": ball_caveats(known, position),
    }


def beneath_lines(known: "Knowledge", found: dict[str, Any]) -> None:
    """Print the stack as a table, and what to know of it."""
    x, y, z = found["place_mm"]
    print(f"Below {x:.0f} {y:.0f} {z:.0f} mm on the {found['skin']} body:\n")
    table = [("DEPTH mm", "THICK mm", "BESIDE mm", "KIND", "NAME")]
    for one in found["stack"]:
        beside = "-" if one["beside_mm"] is None else f"{one['beside_mm']:.0f}"
        thick = f"{one['thickness_mm']:.0f}" if one["thickness_mm"] else "-"
        table.append((f"{one['depth_mm']:.0f}", thick, beside, one["kind"], one["name"]))
    print_table(table, right=(0, 1, 2))
    print()
    for caveat in found["caveats"]:
        print(caveat)


def reached_record(
    known: "Knowledge", skin: "SkinKind", position: "Position", name: str,
    reached: "Reached | None",
) -> dict[str, Any]:  # fmt: skip
    """From how much of the skin a structure is reached, and from how deep, as plain values."""
    return {
        "structure": name,
        "name": known.entries[name].name,
        "position": position.id,
        "skin": skin,
        "area_cm2": round(reached.area_cm2, 2) if reached else 0.0,
        "least_mm": round(reached.least_mm, 2) if reached else None,
        "median_mm": round(reached.median_mm, 2) if reached else None,
        "caveats": ball_caveats(known, position),
    }


def reached_lines(known: "Knowledge", found: dict[str, Any]) -> list[str]:
    """What ``reached_record`` holds as lines of text."""
    if found["least_mm"] is None:
        said = known.say("reached_nowhere", name=found["name"])
    else:
        said = known.say(
            "reached_from",
            name=found["name"],
            area=f"{found['area_cm2']:.0f}",
            least=f"{found['least_mm']:.0f}",
            median=f"{found['median_mm']:.0f}",
        )
    return [said, *found["caveats"]]


# A mesh of the user's own -------------------------------------------------------------------------


def landmark_lines(found: dict[str, Any]) -> None:
    """Print what ``packs.batch.record_of`` holds: a short report, and the landmarks as a table."""
    print(
        f"{', '.join(found['files'])}: {found['triangles']:,} triangles in {found['unit']}; "
        f"a pelvis, {found['sure']:.0%} sure."
    )
    for name, bone in found["bones"].items():
        print(f"- {name}: {bone['triangles']:,} triangles, {bone['confidence']:.0%} sure")
    if found["unnamed"]:
        count = len(found["unnamed"])
        print(f"- {count} piece{'s' if count > 1 else ''} without a name")
    print(found["sides_reason"])
    for note in found["notes"]:
        print(note)
    print()
    table = [("x mm", "y mm", "z mm", "SURE", "LANDMARK")]
    for name, place in found["landmarks"].items():
        points = place["points_mm"]
        x, y, z = points[len(points) // 2]
        sure = f"{place['confidence']:.0%}"
        told = name if place["shown"] else f"{name} (not in the mesh)"
        table.append((f"{x:.1f}", f"{y:.1f}", f"{z:.1f}", sure, told))
    print_table(table, right=(0, 1, 2, 3))
    print()
    for name, value in found["measures"].items():
        plain, _, unit = name.rpartition("_")
        told = "not to be measured" if value is None else f"{value:.1f} {unit}"
        print(f"{plain.replace('_', ' ')}: {told}")


def compared_lines(known: "Knowledge", found: dict[str, Any]) -> None:
    """Print what ``exploration.beside.beside_record`` holds: whose, a table, how to read it."""
    for number in ("first", "second"):
        one = found[number]
        print(f"{one['id']}: {one['title']}. {one['whose']}")
    print()
    missing = known.say("compare_not_measured")
    ids = [found[number]["id"].upper() for number in ("first", "second")]
    table = [("MEASURE", *ids, known.say("compare_difference").upper())]
    for name, values in found["measures"].items():
        unit = name.rpartition("_")[2]
        signs = {"first": "", "second": "", "difference": "+"}
        told = [
            missing if values[key] is None else f"{values[key]:{sign}.1f} {unit}"
            for key, sign in signs.items()
        ]
        table.append((known.say(f"measure_{name}"), *told))
    print_table(table, right=(1, 2, 3))
    print()
    print("\n".join(found["read"]))


# Tools and positions ------------------------------------------------------------------------------


def record_text(known: "Knowledge", record: "Tool | Position") -> str:
    """A tool or a position as text for a terminal, with its sources."""
    from siexplorer.anatomy.records import Tool
    from siexplorer.exploration.card import BASIS_TAGS, Block, Card, Line, to_text

    if isinstance(record, Tool):
        parts = {"Size": [record.size], "Contact": [record.contact], "Use": [record.use]}
    else:
        turns: list[Claim] = [turn.claim for turn in record.turns]
        parts = {"How": [record.says], "How it is drawn": turns, "Pressure": [record.pressure]}
    used = dict.fromkeys(n for claims in parts.values() for one in claims for n in one.sources)
    cited = [name for name in used if name in known.sources]
    card = Card(record.name, record.lay_name, "")
    card.sources = [known.sources[name] for name in cited]
    for heading, claims in parts.items():
        lines = tuple(
            Line(
                one.text,
                BASIS_TAGS[one.basis],
                tuple(cited.index(name) + 1 for name in one.sources if name in cited),
            )
            for one in claims
        )
        if lines:
            card.blocks.append(Block(heading, lines))
    return to_text(card)


def kinds(known: "Knowledge") -> dict[str, int]:
    """How many records there are of each kind."""
    from collections import Counter

    from siexplorer.exploration.catalog import rows

    return Counter(row.kind for row in rows(known))


def _rounded(point: "Floats") -> list[float]:
    return [round(float(value), 3) for value in point]


def sentence_of(text: str) -> str:
    """With a capital letter, unless it begins with the name of a file."""
    return text[:1].upper() + text[1:] if not text.startswith("annotations/") else text


# Printing -----------------------------------------------------------------------------------------


def write_anything() -> None:
    """Let a terminal that lacks a letter show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def complain(sentence: str) -> None:
    """One sentence on stderr."""
    print(sentence, file=sys.stderr)


def print_json(value: object) -> None:
    """A value as JSON."""
    import json

    # A replaced letter would be lost; escaped ones are read back as they were.
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(value, indent=2, ensure_ascii=plain, allow_nan=False))


def print_table(rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> None:
    """Rows of text in columns; ``right`` names those that line up at their right edge."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
