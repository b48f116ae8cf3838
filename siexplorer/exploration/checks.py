"""All that a program can check of the records and the pelvis: the body of ``siexplorer check``.

Every failure is one sentence: what is wrong, where, and what to do about it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from scipy.spatial import cKDTree

import siexplorer
from siexplorer.anatomy.knowledge import Knowledge, claims_of, sources_of
from siexplorer.anatomy.records import Entry, Landmark, Movement, Muscle, Structure, Zone
from siexplorer.exploration.ball import ZoneError, zone_map
from siexplorer.exploration.moving import pose
from siexplorer.exploration.tissue import Measured, faults, measured
from siexplorer.geometry.landmarks import Bones, Points, find_landmarks
from siexplorer.geometry.motion import TRUE_LIMIT_DEG, displacement_mm
from siexplorer.geometry.muscles import PLANS
from siexplorer.geometry.surface import Floats, face_normals, is_closed, volume_cm3
from siexplorer.geometry.zones import ORDER, ZoneMap
from siexplorer.packs.pack import Pack, PackSurface

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

LEAST_CLEAR_CM2 = 30.0
CLEAR_LATERAL_MM = (50.0, 90.0)
FLESHY_MM = (30.0, 60.0)
MOST_GLIDE_MM = 2.0
"""The largest shift of the joint that RSA has found (facts 3.1)."""

OPTIONAL = frozenset(
    {
        "sources",
        "safety",
        "differs",
        "covers",
        "fma",
        "fractions",
        "margins_mm",
        "referral_areas",
    }
)
"""Fields that may be empty."""

CHOSEN_SENTENCES = frozenset(
    {"own_body_side", "facing_side", "midline_side", "modelled", "statistical_mean"}
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
}


def check(known: Knowledge, pack: Pack | None, pack_error: str | None) -> list[str]:
    """One sentence per failure, none if all is well. Without a pack, the records alone."""
    return checked(known, pack, pack_error)[0]


def checked(
    known: Knowledge, pack: Pack | None, pack_error: str | None
) -> tuple[list[str], Measured]:
    """The failures as sentences, and what was measured on soft tissue if its surfaces are whole."""
    tissue = Measured()
    failures = [*known.problems, *_records(known)]
    if pack is None:
        gone = pack_error or "No pack of meshes was read; reinstall the program."
        return [*failures, gone], tissue
    surfaces, landmarks = _surfaces(known, pack), _landmarks(known, pack)
    failures += [*pack.problems, *surfaces, *landmarks]
    if not landmarks:
        # What follows measures between landmarks, so it needs them all.
        failures += [
            *_reference_nodes(pack),
            *_sides(pack),
            *_frame(pack),
            *_movements(known, pack),
            *_zones(known, pack),
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
        "annotations/zones.toml: [ball]": known.ball,
        "annotations/zones.toml: [depth_caveat]": known.depth_caveat,
        "annotations/zones.toml: [never_safe]": known.never_safe,
        "annotations/zones.toml: [stop]": known.stop,
        "annotations/movements.toml: every movement": known.movements or None,
    }
    missing = [f"{name} is missing; put it back." for name, one in wanted.items() if one is None]
    rules = known.zones.keys()
    missing += [
        f"annotations/zones.toml: the zone “{z}” is missing." for z in ORDER if z not in rules
    ]
    missing += [
        f"annotations/zones.toml: no rule of the map is called “{z}”; correct its id."
        for z in rules
        if z not in ORDER
    ]
    return missing


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
        if isinstance(entry, Structure) and entry.id not in {*shown, *BONES}
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
        for name, points in pack.landmarks.items()
        if (sign := SIGNS.get(name.split("-")[0])) and (points[:, 0] * sign <= 0).any()
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


def _movements(known: Knowledge, pack: Pack) -> list[str]:
    failures = []
    for movement in known.movements.values():
        where = _where(movement)
        moments = [stage.at for stage in movement.stages]
        if moments != sorted(moments) or not moments or moments[0] != 0.0 or moments[-1] > 1.0:
            failures.append(f"{where}: stages must run from 0 upwards to at most 1; sort them.")
        if not 0 < movement.true_range_deg <= TRUE_LIMIT_DEG:
            failures.append(
                f"{where}: true_range_deg must be above 0 and at most {TRUE_LIMIT_DEG}, the "
                "largest rotation measured; correct it."
            )
        elif f"{movement.side}-{movement.body}" not in pack.surfaces:
            failures.append(f"{where}: the pack has no “{movement.body}” to move; correct “body”.")
        else:
            failures += [f"{where}: {fault}" for fault in _direction_faults(movement, pack)]
    return failures


def _direction_faults(movement: Movement, pack: Pack) -> Iterator[str]:
    """Posterior rotation: ASIS up, PSIS down, crest back; anterior the reverse (facts 3.3)."""
    posterior = movement.direction == "posterior"
    words = "ASIS up and back" if posterior else "ASIS down and forwards"
    if words not in movement.description.student:
        yield f"the student's description does not say “{words}”; make words and direction agree."
    end = pose(pack, movement, 1.0, 1.0)
    side = movement.side
    matrix = end.matrices[f"{side}-{movement.body}"]
    sign = 1.0 if posterior else -1.0
    asis, psis, crest = (
        sign * displacement_mm(matrix, pack.landmarks[f"{side}-{name}"][0])
        for name in ("asis", "psis", "iliac-crest-top")
    )
    if not (asis[2] > 0 and psis[2] < 0 and crest[1] > 0):
        yield "the bone turns the other way than the words say; look at geometry/motion.py."
    if end.glide_mm > MOST_GLIDE_MM:
        yield (
            f"the joint would shift {end.glide_mm:.1f} mm, more than the {MOST_GLIDE_MM:g} mm ever "
            "measured; make the range smaller."
        )


def _zones(known: Knowledge, pack: Pack) -> list[str]:
    try:
        zones = zone_map(known, pack, cell_mm=2.0)
    except ZoneError as error:
        return [str(error)]
    return [
        f"annotations/zones.toml: on the {side} {fault}"
        for side in SIGNS
        for fault in _zone_faults(known, pack, zones, side)
    ]


def _zone_faults(known: Knowledge, pack: Pack, zones: ZoneMap, side: str) -> Iterator[str]:
    sign = SIGNS[side]
    psis = pack.landmarks[f"{side}-psis"][0]
    tuberosity = pack.landmarks[f"{side}-ischial-tuberosity"][0]

    def state(x_mm: float, z_mm: float) -> str:
        rule = zones.at(x_mm, z_mm)
        return known.zones[rule].state if rule in known.zones else "nothing"

    area, centroid = zones.area_cm2("gluteal-clear", sign), zones.centroid_mm("gluteal-clear", sign)
    if area <= LEAST_CLEAR_CM2:
        yield (
            f"the clear area is {area:.0f} cm2, not above {LEAST_CLEAR_CM2:g}; look at the margins."
        )
    low, high = CLEAR_LATERAL_MM
    if centroid and not low <= (lateral := sign * (centroid[0] - psis[0])) <= high:
        yield (
            f"the middle of the clear area is {lateral:.0f} mm lateral of the PSIS, not {low:g} to "
            f"{high:g}; look at the margins."
        )
    third = psis + (tuberosity - psis) / 3
    if state(third[0], third[2]) == "clear":
        yield "the nerve point, a third of the way from PSIS to sit bone, is clear; look there."
    beside = np.arange(FLESHY_MM[0], FLESHY_MM[1] + 1)
    if any(state(psis[0] + sign * away, psis[2]) in ("avoid", "nothing") for away in beside):
        yield "the fleshy area beside the PSIS is told to be avoided; look at the rules."


# Helpers ------------------------------------------------------------------------------------------


def _everything(known: Knowledge) -> Iterator[tuple[str, msgspec.Struct]]:
    """Every record with the words that say where it stands."""
    for entry in known.entries.values():
        yield _where(entry), entry
    for movement in known.movements.values():
        yield _where(movement), movement
    for zone in known.zones.values():
        yield _where(zone), zone
    single = {
        "annotations/notice.toml": known.notice,
        "annotations/zones.toml: [ball]": known.ball,
        "annotations/zones.toml: [depth_caveat]": known.depth_caveat,
        "annotations/zones.toml: [never_safe]": known.never_safe,
        "annotations/zones.toml: [stop]": known.stop,
    }
    yield from ((where, record) for where, record in single.items() if record is not None)


def _where(record: Entry | Movement | Zone) -> str:
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
        for name in value.__struct_fields__:
            if name not in OPTIONAL or getattr(value, name):
                yield from _empty(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        if not value:
            yield path
        for number, item in enumerate(value, start=1):
            yield from _empty(item, f"{path} {number}")


def _gap(one: Floats, other: Floats) -> float:
    """How far two sets of points lie apart: the largest distance to the nearest of the other."""
    return float(max(cKDTree(one).query(other)[0].max(), cKDTree(other).query(one)[0].max()))
