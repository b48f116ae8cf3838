"""What the command line says: tables, JSON, records as plain values, and one-sentence refusals."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Entry, Movement, Zone
    from siexplorer.exploration.following import Length
    from siexplorer.exploration.moving import Pose
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
        point = found.discs[min(number, len(found.discs) - 1)] + [0.0, BEHIND_DISC_MM, 0.0]
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


def zone_rows(known: "Knowledge", pack: "Pack") -> list[dict[str, Any]]:
    """The rules of the ball map, for each side; refuses where the map cannot be made."""
    from siexplorer.exploration.ball import ZoneError, zone_map
    from siexplorer.exploration.card import BASIS_TAGS

    try:
        drawn = zone_map(known, pack)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None
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
