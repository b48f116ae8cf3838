"""All that a program can check of the records and the pelvis: the body of ``siexplorer check``.

Every failure is one sentence: what is wrong, where, and what to do about it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from scipy.spatial import cKDTree

import siexplorer
from siexplorer.anatomy.knowledge import Knowledge, claims_of, sources_of
from siexplorer.anatomy.records import (
    Entry,
    Guide,
    Landmark,
    Movement,
    Muscle,
    Position,
    Structure,
    Tool,
    Zone,
)
from siexplorer.exploration.ball import STATES, TELLS
from siexplorer.exploration.ball_checks import ball_records, positions_held, zones_drawn
from siexplorer.exploration.coverage import FILE_OF_GUIDES, guide_records
from siexplorer.exploration.following import Following
from siexplorer.exploration.looks import PRESETS
from siexplorer.exploration.moving import (
    MOST_MAGNIFIED,
    SAMPLES,
    joints_of,
    pose,
    posture_at,
    shift_mm,
    turn_fault,
)
from siexplorer.exploration.shaping import FIGURES, MODES
from siexplorer.geometry.clearance import NEAR_MM, contact, overlap_mm, solid
from siexplorer.geometry.landmarks import Bones, Points, find_landmarks
from siexplorer.geometry.motion import BODIES, Joints, beyond_caps
from siexplorer.geometry.muscles import PLANS
from siexplorer.geometry.surface import Floats, face_normals, is_closed, volume_cm3
from siexplorer.packs.carried import crossed
from siexplorer.packs.catalog import catalog_faults
from siexplorer.packs.pack import BUILT_IN, Pack, PackSurface
from siexplorer.packs.tissue import Measured, faults, measured

SIGNS = {"left": 1, "right": -1}
BONES = ("left-hip-bone", "right-hip-bone", "sacrum", "coccyx", "left-femur", "right-femur")
MUSCLES = tuple(f"{side}-{name}" for side in SIGNS for name in PLANS)
PAIRED_LANDMARKS = (
    "psis",
    "dimple-of-venus",
    "si-joint-line",
    "asis",
    "aiis",
    "piis",
    "iliac-crest",
    "iliac-crest-top",
    "iliac-tubercle",
    "inferior-lateral-angle",
    "ischial-tuberosity",
    "ischial-spine",
    "pubic-tubercle",
    "greater-trochanter",
    "lesser-trochanter",
    "greater-sciatic-notch",
    "iliac-fossa",
    "arcuate-line",
)
MIDLINE_LANDMARKS = (
    "sacral-base",
    "sacral-promontory",
    "s2-tubercle",
    "sacral-apex",
    "coccyx-tip",
    "pubic-symphysis",
)
LANDMARKS = (
    *(f"{side}-{name}" for side in SIGNS for name in PAIRED_LANDMARKS),
    *MIDLINE_LANDMARKS,
)

RULE_AGREES_MM = 0.5
MIRROR_AGREES_MM = 12.0
FRAME_AGREES_MM = 1.0
NODE_LIMITS_MM = {
    "asis": 4.0,
    "pubic-tubercle": 4.0,
    "ischial-spine": 4.0,
    "ischial-tuberosity": 4.0,
    "psis": 8.0,
}
"""How far a landmark may lie from the node that the atlas' authors set. Their PSIS is medial of the
most posterior prominence that this program takes, so it may lie further away."""

STEPS = (3, 5)
"""Fewest and most steps of a movement's lesson (design)."""

CROSSING_MM = 0.5
"""How much deeper than at rest two bones may be drawn in each other (design)."""

DRAWN_MOMENTS = (0.25, 0.5, 1.0)
"""Moments at which the bones are asked whether they cross; the tests ask at any (design)."""

MOVEMENTS = (
    *(
        f"{side}-{name}"
        for side in SIGNS
        for name in (
            "ilium-flexion",
            "ilium-extension",
            "stiff-joint",
            "loose-joint",
            "knee-lift",
            "knee-lift-high",
            "knee-lift-stiff",
            "one-leg-stance",
            "one-leg-stance-article",
            "tight-iliacus",
            "side-lying-piston",
            "pelvis-over-hand",
        )
    ),
    "nutation",
    "counternutation",
    "both-knees-lift",
    "anterior-pelvic-tilt",
    "posterior-pelvic-tilt",
    "walking",
)
"""The movements that every copy of this program has."""

OPTIONAL = frozenset(
    {
        "helper",
        "sources",
        "safety",
        "differs",
        "covers",
        "fma",
        "fractions",
        "margins_mm",
        "referral_areas",
        "packs",
        "lying",
        "beside",
        "marks",
        "look",
        "select",
        "for_tools",
        "in_position",
        "shows",
        "movement",
        "position",
        "tools",
        "places",
        "areas",
        "people",
        "zone",
        "over",
    }
)
"""Fields that may be empty."""

CHOSEN_SENTENCES = frozenset(
    {
        "own_body_side",
        "facing_side",
        "midline_side",
        "modelled",
        "scanned",
        "statistical_mean",
        "statistical_shape",
        "where_left",
        "where_right",
        *(f"thing_{name}" for name in TELLS),
        *(f"state_{state}" for state in STATES),
        *(f"way_{way}" for way in ("outwards", "inwards", "up", "down", "forwards", "backwards")),
        *(f"to_{rule}" for rule in ("gluteal_clear", "inside_asis", "front_of_hip")),
        *(f"shape_mode_{mode + 1}{end}" for mode in range(MODES) for end in ("", "_low", "_high")),
        *(f"shape_{name}{end}" for name in FIGURES for end in ("", "_published")),
        "layer_fat",
        "layer_fat_and_wall",
    }
)
"""Keys of ``interface.toml`` that code picks by a rule, so that no call names them."""

FILE_OF = {
    "bone": "annotations/structures.toml",
    "cartilage": "annotations/structures.toml",
    "skin": "annotations/structures.toml",
    "muscle": "annotations/muscles.toml",
    "ligament": "annotations/ligaments.toml",
    "nerve": "annotations/nerves.toml",
    "vessel": "annotations/nerves.toml",
    "landmark": "annotations/landmarks.toml",
    "movement": "annotations/movements.toml",
    "zone": "annotations/zones.toml",
    "tool": "annotations/tools.toml",
    "position": "annotations/tools.toml",
} | FILE_OF_GUIDES


def check(known: Knowledge, pack: Pack | None, pack_error: str | None) -> list[str]:
    """One sentence per failure, none if all is well. Without a pack, the records alone."""
    return checked(known, pack, pack_error)[0]


def checked(
    known: Knowledge, pack: Pack | None, pack_error: str | None
) -> tuple[list[str], Measured]:
    """The failures as sentences, and what was measured on soft tissue if its surfaces are whole."""
    tissue = Measured()
    failures = [*known.problems, *_records(known), *catalog_faults()]
    if pack is None:
        gone = pack_error or "No pack of meshes was read; reinstall the program."
        return [*failures, gone], tissue
    if pack.info.id != BUILT_IN:
        return [*failures, *pack.problems, *_of_others(known, pack)], tissue
    surfaces, landmarks = _surfaces(known, pack), _landmarks(known, pack)
    failures += [*pack.problems, *surfaces, *landmarks]
    if not landmarks:
        # What follows measures between landmarks, so it needs them all.
        failures += [
            *_reference_nodes(pack),
            *_sides(pack),
            *_frame(pack),
            *_movements(known, pack),
            *positions_held(known, pack),
        ]
    if not landmarks and not surfaces:
        failures += [
            *_ligaments(known, pack),
            *_crossing(known, pack),
            *zones_drawn(known, pack),
        ]
    if not surfaces:
        where = f"meshes/{pack.info.id}/{pack.info.id}.glb"
        tissue = measured(pack)
        failures += [f"{where}: {fault}" for fault in faults(tissue)]
    if not surfaces and not landmarks:
        failures += _rules_agree(pack)
    return failures, tissue


# The records --------------------------------------------------------------------------------------


def _records(known: Knowledge) -> list[str]:
    return [
        *_sources(known),
        *_filled(known),
        *_neighbours(known),
        *_required(known),
        *_single_records(known),
        *_movement_records(known),
        *ball_records(known),
        *guide_records(known),
        *_sentences(known),
    ]


def _sources(known: Knowledge) -> list[str]:
    failures = []
    used: set[str] = set()
    for where, record in _everything(known):
        for name in sources_of(record):
            used.add(name)
            if name not in known.sources:
                failures.append(
                    f"{where}: the source “{name}” is not in annotations/sources.toml; add it."
                )
        failures += [
            f"{where}: “{_start(claim)}” says it rests on a source but names none; add one, or say "
            "what it rests on."
            for claim in claims_of(record)
            if claim.basis == "source" and not claim.sources
        ]
    for source in known.sources.values():
        where = f"annotations/sources.toml: “{source.id}”"
        if source.id not in used:
            failures.append(f"{where} is used nowhere; cite it or remove it.")
        if not (source.doi or source.url or source.where or source.note):
            failures.append(f"{where} cannot be found by anyone; add a doi, an address or a note.")
    return failures


def _filled(known: Knowledge) -> list[str]:
    failures = []
    for where, record in _everything(known):
        failures += [f"{where}: “{path}” is empty; fill it." for path in _empty(record, "")]
        failures += [
            f"{where}: “{mark}” was not filled in; only side words can stand in braces here."
            for text in _texts(record)
            for mark in re.findall(r"\{\w*\}", text)
        ]
        if isinstance(record, Landmark | Muscle) and record.certainty.spread_mm <= 0:
            failures.append(f"{where}: certainty.spread_mm must be above 0; correct it.")
        if isinstance(record, Landmark) and not sources_of(record):
            failures.append(f"{where}: no source at all; add one.")
    return failures


def _neighbours(known: Knowledge) -> list[str]:
    return [
        f"{_where(entry)}: the neighbour “{other}” does not exist; correct its name."
        for entry in known.entries.values()
        for other in entry.neighbours
        if other not in known.entries or other == entry.id
    ]


def _required(known: Knowledge) -> list[str]:
    wanted = ((BONES, "bone"), (MUSCLES, "muscle"), (LANDMARKS, "landmark"))
    return [
        f"{FILE_OF[kind]}: the {kind} “{name}” is missing; describe it."
        for names, kind in wanted
        for name in names
        if name not in known.entries or known.entries[name].kind != kind
    ]


def _single_records(known: Knowledge) -> list[str]:
    wanted = {
        "annotations/notice.toml: the safety notice": known.notice,
        "annotations/zones.toml: [depth_caveat]": known.depth_caveat,
        "annotations/zones.toml: [anatomy_varies]": known.anatomy_varies,
        "annotations/zones.toml: [position_caveat]": known.position_caveat,
        "annotations/zones.toml: [never_safe]": known.never_safe,
        "annotations/zones.toml: [stop]": known.stop,
        "annotations/movements.toml: every movement": known.movements or None,
    }
    return [f"{name} is missing; put it back." for name, one in wanted.items() if one is None]


def _sentences(known: Knowledge) -> list[str]:
    """Every sentence that some code asks for by its key is in ``interface.toml``."""
    asked = set(CHOSEN_SENTENCES)
    for path in Path(siexplorer.__file__).parent.rglob("*.py"):
        asked.update(re.findall(r"\.say\(\s*[\"'](\w+)", path.read_text(encoding="utf-8")))
    return [
        f"annotations/interface.toml: the sentence “{key}” is missing; write it."
        for key in sorted(asked - known.text.keys())
    ]


# The surfaces -------------------------------------------------------------------------------------


def _surfaces(known: Knowledge, pack: Pack) -> list[str]:
    where = f"meshes/{pack.info.id}/pack.toml"
    failures = []
    shown = {one.info.entry for one in pack.surfaces.values()}
    failures += [
        f"{where}: the bone “{name}” is missing; add it."
        for name in BONES
        if name not in pack.surfaces
    ]
    failures += [
        f"{where}: no surface shows the {entry.kind} “{entry.id}”; add one."
        for entry in known.entries.values()
        if isinstance(entry, Structure) and not entry.packs and entry.id not in {*shown, *BONES}
    ]
    carriers = {one.info.moves_with for one in pack.surfaces.values()}
    failures += [
        f"{where}: “{name}” carries others but is no surface of this pack; correct its name."
        for name in sorted(carriers - pack.surfaces.keys())
    ]
    for one in pack.surfaces.values():
        if one.info.entry not in known.entries:
            failures.append(
                f"{where}: the surface “{one.info.id}” shows “{one.info.entry}”, which no record "
                "describes; correct one of them."
            )
        failures += [
            f"meshes/{pack.info.id}/{pack.info.id}.glb: the surface “{one.info.id}” {fault}; "
            "build the pack again."
            for fault in _faults(one)
        ]
    return failures


def _of_others(known: Knowledge, pack: Pack) -> list[str]:
    """Another pack need not show everything, but what it shows must be whole and described."""
    where = f"packs/{pack.info.id}"
    failures = [
        f"{where}: “{one.info.id}” shows “{one.info.entry}”, which no record describes; correct "
        "one of them."
        for one in pack.surfaces.values()
        if one.info.entry not in known.entries
    ]
    failures += [
        f"{where}: the surface “{one.info.id}” {fault}; fetch the pack again."
        for one in pack.surfaces.values()
        for fault in _faults(one)
    ]
    return failures + [
        f"{where}: the landmark “{name}” is described nowhere; correct one of them."
        for name in pack.landmarks
        if name not in known.entries
    ]


def _faults(one: PackSurface) -> Iterator[str]:
    surface, info = one.surface, one.info
    faces, count = surface.faces, len(surface.vertices)
    if len(faces) != info.triangles:
        yield f"has {len(faces)} triangles instead of {info.triangles}"
    if not np.isfinite(surface.vertices).all():
        yield "holds points that are not numbers"
    if not len(faces) or faces.min() < 0 or faces.max() >= count:
        yield "has no triangles, or some whose corners do not exist"
        return
    a, b, c = faces.T
    if ((a == b) | (b == c) | (c == a)).any() or not face_normals(surface).any(axis=1).all():
        yield "has triangles without an area"
    if info.id in BONES and not info.closed:
        yield "is a bone and must be closed"
    if info.closed and not is_closed(surface):
        yield "is said to be closed but has holes"
    elif info.closed and volume_cm3(surface) <= 0:
        yield "is wound inside out"


# The landmarks ------------------------------------------------------------------------------------


def _landmarks(known: Knowledge, pack: Pack) -> list[str]:
    where = f"meshes/{pack.info.id}/landmarks.json"
    described = [e.id for e in known.entries.values() if isinstance(e, Landmark)]
    wanted = dict.fromkeys([*LANDMARKS, *described])
    failures = [
        f"{where}: the landmark “{name}” has no place; build the pack again."
        for name in wanted
        if name not in pack.landmarks
    ]
    failures += [
        f"{where}: the landmark “{name}” is not in annotations/landmarks.toml; describe it there."
        for name in pack.landmarks
        if name not in wanted
    ]
    failures += [
        f"{where}: the centre “{side}-{joint}-joint” is missing; build the pack again."
        for side in SIGNS
        for joint in ("hip", "si")
        if f"{side}-{joint}-joint" not in pack.centres
    ]
    failures += [
        f"{where}: “{name}” is a {entry.shape} but has {len(pack.landmarks[name])} points; correct "
        "one of them."
        for name, entry in known.entries.items()
        if isinstance(entry, Landmark) and name in pack.landmarks
        if (entry.shape == "curve") != (len(pack.landmarks[name]) > 1)
    ]
    return failures


def found_again(pack: Pack) -> Points:
    """The landmarks that the rules find on the pack's own bones."""
    return find_landmarks(Bones(*(pack.surfaces[name].surface for name in BONES)))


def _rules_agree(pack: Pack) -> list[str]:
    where = f"meshes/{pack.info.id}"
    try:
        gaps = {
            name: _gap(points, pack.landmarks[name])
            for name, points in found_again(pack).items()
            if name in pack.landmarks
        }
    except (ValueError, IndexError) as error:
        return [f"{where}: the landmark rules fail on these bones ({error}); look at the bones."]
    return [
        f"{where}/landmarks.json: “{name}” lies {gap:.1f} mm from where its rule finds it; build "
        "the pack again."
        for name, gap in gaps.items()
        if gap > RULE_AGREES_MM
    ]


def _reference_nodes(pack: Pack) -> list[str]:
    where = f"meshes/{pack.info.id}/landmarks.json"
    failures = []
    for side in SIGNS:
        for name, limit in NODE_LIMITS_MM.items():
            node = pack.reference_nodes.get(f"{side}-{name}")
            if node is None:
                failures.append(f"{where}: the reference node “{side}-{name}” is missing.")
                continue
            gap = float(np.linalg.norm(pack.landmarks[f"{side}-{name}"][0] - node))
            if gap > limit:
                failures.append(
                    f"{where}: “{side}-{name}” lies {gap:.1f} mm from the published node, more "
                    f"than {limit:g} mm; look at its rule."
                )
    return failures


def _sides(pack: Pack) -> list[str]:
    where = f"meshes/{pack.info.id}/landmarks.json"
    failures = [
        f"{where}: “{name}” crosses to the other side of the body; look at its rule."
        for name in crossed(pack)
    ]
    for name in PAIRED_LANDMARKS:
        mirrored = pack.landmarks[f"right-{name}"] * [-1.0, 1.0, 1.0]
        gap = _gap(pack.landmarks[f"left-{name}"], mirrored)
        if gap > MIRROR_AGREES_MM:
            failures.append(
                f"{where}: left and right “{name}” are {gap:.1f} mm from mirroring each other; "
                "look at the rule."
            )
    return failures


def _frame(pack: Pack) -> list[str]:
    left, right = pack.landmarks["left-asis"][0], pack.landmarks["right-asis"][0]
    off = max(abs(left[1:]).max(), abs(right[1:]).max(), abs(left[0] + right[0]) / 2)
    if off <= FRAME_AGREES_MM:
        return []
    return [
        f"meshes/{pack.info.id}/landmarks.json: the two ASIS lie {off:.1f} mm off the body frame; "
        "build the pack again."
    ]


# Movements and zones ------------------------------------------------------------------------------


def _movement_records(known: Knowledge) -> list[str]:
    where = "annotations/movements.toml"
    failures = [
        f"{where}: the movement “{name}” is missing; describe it."
        for name in MOVEMENTS
        if name not in known.movements
    ]
    for movement in known.movements.values():
        failures += [f"{_where(movement)}: {fault}" for fault in _record_faults(known, movement)]
    return failures


def _record_faults(known: Knowledge, movement: Movement) -> Iterator[str]:
    moments = [step.at for step in movement.steps]
    low, high = STEPS
    if not low <= len(moments) <= high:
        yield f"its lesson has {len(moments)} steps, not {low} to {high}; add or remove some."
    if moments != sorted(set(moments)) or (moments and (moments[0] != 0.0 or moments[-1] > 1.0)):
        yield "its steps must run from 0 upwards to at most 1; correct “at”."
    looks = {preset.id for preset in PRESETS}
    for step in movement.steps:
        if step.look and step.look not in looks:
            yield f"“{step.title}” shows the look “{step.look}”, which does not exist; correct it."
        if step.select and step.select not in known.entries:
            yield f"“{step.title}” points at “{step.select}”, which does not exist; correct it."
        if step.factor is not None and not 1.0 <= step.factor <= MOST_MAGNIFIED:
            yield f"“{step.title}” is magnified {step.factor:g} times, not 1 to 10; correct it."
    if movement.beside and (
        movement.beside not in known.movements or movement.beside == movement.id
    ):
        yield f"the movement “{movement.beside}” to compare it with does not exist; correct it."
    if movement.duration_s <= 0:
        yield "duration_s must be above 0; correct it."
    faults = [fault for turn in movement.turns if (fault := turn_fault(turn))]
    yield from (f"{fault}; correct that turn." for fault in faults)
    if movement.cycle and any(turn.keys[0][1] != turn.keys[-1][1] for turn in movement.turns):
        yield "it goes round and round, so each turn must end as it began; correct its keys."
    at_si = [turn.joint for turn in movement.turns if turn.joint.endswith("-si")]
    if movement.held == "hip-bones" and any(joint != "both-si" for joint in at_si):
        yield "with the hip bones held, both SI joints must turn alike; use “both-si”."


def _movements(known: Knowledge, pack: Pack) -> list[str]:
    playable = [
        movement
        for movement in known.movements.values()
        if not any(turn_fault(turn) for turn in movement.turns)
    ]
    found = joints_of(pack)
    failures, within = [], []
    for movement in playable:
        fault = _beyond(found, movement)
        if fault:
            failures.append(f"{_where(movement)}: {fault}; make that turn smaller.")
        else:
            within.append(movement)
        failures += [
            f"{_where(movement)}: a mark is set at “{mark.at_place}”, which this pack does not "
            "have; correct it."
            for mark in movement.marks
            if mark.at_place not in {*pack.landmarks, *pack.centres}
        ]
    named = {movement.id: movement for movement in within}
    failures += [
        f"annotations/movements.toml: “{name}” takes “{mark}” the other way than its words say; "
        "correct its turns."
        for name, mark, way in _signs()
        if name in named and not _goes(pack, named[name], mark, way)
    ]
    return failures


def _beyond(found: Joints, movement: Movement) -> str:
    """What is more than was ever measured at any of many moments, in words, or an empty text."""
    for moment in np.linspace(0.0, 1.0, SAMPLES):
        fault = beyond_caps(found, posture_at(movement, float(moment)))
        if fault:
            return f"at moment {moment:g}, {fault}"
    return ""


def _signs() -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Movements, landmarks, and the signs of how those go backwards (y) and up (z), 0 for either
    (facts 3.2 and 3.3)."""
    for side in SIGNS:
        for name, sign in ((f"{side}-ilium-flexion", 1), (f"{side}-ilium-extension", -1)):
            # Forwards, it goes nearly straight down: the axis lies at its level.
            yield name, f"{side}-asis", (max(sign, 0), sign)
            yield name, f"{side}-psis", (0, -sign)
            yield name, f"{side}-iliac-crest-top", (sign, 0)
    for name, sign in (("nutation", 1), ("counternutation", -1)):
        yield name, "sacral-promontory", (-sign, -sign)
        yield name, "sacral-apex", (sign, 0)


def _goes(pack: Pack, movement: Movement, mark: str, way: tuple[int, int]) -> bool:
    body = mark.partition("-")[0] + "-hip-bone" if mark.split("-")[0] in SIGNS else "sacrum"
    end = pose(pack, movement, 1.0, 1.0)
    shift = shift_mm(end.si_only, body, pack.landmarks[mark][0])[1:]
    return all(sign == 0 or sign * value > 0 for sign, value in zip(way, shift, strict=True))


def _ligaments(known: Knowledge, pack: Pack) -> list[str]:
    """The two ligaments whose direction is agreed on do as described (facts 4.3)."""
    wanted = {
        f"{side}-{name}": way
        for side in SIGNS
        for name, way in (("long-posterior-sacroiliac-ligament", -1), ("sacrotuberous-ligament", 1))
        if f"{side}-{name}" in pack.surfaces
    }
    both = [known.movements.get(name) for name in ("nutation", "counternutation")]
    if not wanted or any(one is None or any(map(turn_fault, one.turns)) for one in both):
        return []
    # With these and the bones alone it takes a second, with all muscles several.
    shown = {
        name: one for name, one in pack.surfaces.items() if name in {*wanted, *BODIES, "coccyx"}
    }
    following = Following(known, replace(pack, surfaces=shown))
    strains = [
        following.lengths(pose(pack, one, 1.0, 1.0)) if one is not None else {} for one in both
    ]
    return [
        f"meshes/{pack.info.id}: “{name}” must be longer in "
        f"{'nutation' if way > 0 else 'counternutation'}, but its strain there is "
        f"{strains[way < 0][name].change_percent:.2f} %; look at its attachments."
        for name, way in wanted.items()
        if way * (strains[0][name].change_mm - strains[1][name].change_mm) <= 0
    ]


def _crossing(known: Knowledge, pack: Pack) -> list[str]:
    """Drawn as large as they ever are, no movement lets the bones of an SI joint cross."""
    where = f"meshes/{pack.info.id}/landmarks.json"
    if any(not len(pack.si_room.get(side, ())) for side in SIGNS):
        return [f"{where}: how much room the SI joints have is missing; build the pack again."]
    solids = {name: solid(pack.surfaces[name].surface) for name in BONES[:3]}
    failures = []
    for side in SIGNS:
        hip = f"{side}-hip-bone"
        pair = contact(hip, solids[hip], "sacrum", solids["sacrum"], NEAR_MM)
        still = {name: np.eye(4) for name in (hip, "sacrum")}
        allowed = overlap_mm(solids, pair, still) + CROSSING_MM
        seen: set[tuple[float, float]] = set()
        for movement in known.movements.values():
            if any(turn_fault(turn) for turn in movement.turns):
                continue
            for moment in DRAWN_MOMENTS:
                try:
                    now = pose(pack, movement, moment, MOST_MAGNIFIED)
                except ValueError:
                    break
                drawn = (round(now.si[side].shown_deg, 2), round(now.posture.glide_mm[side], 2))
                if drawn in seen or drawn == (0.0, 0.0):
                    continue
                seen.add(drawn)
                deeper = overlap_mm(solids, pair, now.matrices) - allowed
                if deeper > 0:
                    failures.append(
                        f"{_where(movement)}: drawn x{now.factor.used:.1f} at moment {moment:g}, "
                        f"the {side} SI joint crosses {deeper + CROSSING_MM:.1f} mm deeper than at "
                        "rest; build the pack again."
                    )
    return failures


# Helpers ------------------------------------------------------------------------------------------


def _everything(known: Knowledge) -> Iterator[tuple[str, msgspec.Struct]]:
    """Every record with the words that say where it stands."""
    for entry in known.entries.values():
        yield _where(entry), entry
    for movement in known.movements.values():
        yield _where(movement), movement
    for zone in known.zones.values():
        yield _where(zone), zone
    for tool in known.tools.values():
        yield _where(tool), tool
    for position in known.positions.values():
        yield _where(position), position
    for guide in known.guides.values():
        yield _where(guide), guide
    single = {
        "annotations/notice.toml": known.notice,
        "annotations/zones.toml: [depth_caveat]": known.depth_caveat,
        "annotations/zones.toml: [anatomy_varies]": known.anatomy_varies,
        "annotations/zones.toml: [position_caveat]": known.position_caveat,
        "annotations/zones.toml: [never_safe]": known.never_safe,
        "annotations/zones.toml: [stop]": known.stop,
        "annotations/techniques.toml: [session]": known.session,
        "annotations/safety.toml: [gate]": known.gate,
    }
    yield from ((where, record) for where, record in single.items() if record is not None)


def _where(record: Entry | Movement | Zone | Tool | Position | Guide) -> str:
    return f"{FILE_OF[record.kind]}: “{record.id}”"


def _start(claim: object) -> str:
    text = next(_texts(claim), "")
    return text if len(text) < 50 else f"{text[:47].rstrip()}..."


def _texts(value: object) -> Iterator[str]:
    """Every text inside a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _empty(value: object, path: str) -> Iterator[str]:
    """The paths of texts and lists inside a record that hold nothing but should."""
    if isinstance(value, str):
        if not value.strip():
            yield path
    elif isinstance(value, msgspec.Struct):
        # A position may leave the body as it was modelled; a movement that turns nothing is none.
        optional = OPTIONAL | ({"turns"} if isinstance(value, Position) else set())
        for name in value.__struct_fields__:
            if name not in optional or getattr(value, name):
                yield from _empty(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        if not value:
            yield path
        for number, item in enumerate(value, start=1):
            yield from _empty(item, f"{path} {number}")


def _gap(one: Floats, other: Floats) -> float:
    """How far two sets of points lie apart: the largest distance to the nearest of the other."""
    return float(max(cKDTree(one).query(other)[0].max(), cKDTree(other).query(one)[0].max()))
