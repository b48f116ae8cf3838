"""What the pack's muscles, ligaments, nerves and skins measure, beside what was published.

The body of the soft-tissue part of ``siexplorer check``.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
from scipy.spatial import cKDTree

from siexplorer.geometry.lattice import spread_over
from siexplorer.geometry.muscles import PLANS, VOLUME_CM3
from siexplorer.geometry.nerves import (
    SCIATIC_FROM_PSIS_MM,
    SCIATIC_FROM_PSIS_SD_MM,
    SCIATIC_FROM_SEAT_MM,
    SCIATIC_FROM_SEAT_SD_MM,
    crossing_mm,
)
from siexplorer.geometry.skin import depth_below
from siexplorer.geometry.strands import lengths_mm
from siexplorer.geometry.surface import Floats, Surface, is_closed, pieces, volume_cm3
from siexplorer.geometry.tissue import (
    DEEP_MM,
    covered_share,
    depth_in,
    middle_line,
    middle_of_tube,
    thickness_at_middle_mm,
)
from siexplorer.packs.pack import Pack, PackSurface

SIDES = ("left", "right")
SKINS = ("skin-female", "skin-male")
SMALL_ROTATORS = ("superior-gemellus", "inferior-gemellus")
"""Their volume is published as one sum (facts 4.1)."""

VOLUME_TOLERANCE = 0.15
MIRROR_TOLERANCE = 0.01
INSIDE_PERCENT = 0.5
ATTACHED_MM, ATTACHED_SHARE = 6.0, 0.1
PIRIFORMIS_THICK_MM = (13.0, 21.0)
SACROTUBEROUS_MM = (64.0, 94.0)
LONG_POSTERIOR_MM = (33.0, 43.0)
SKIN_TO_PIRIFORMIS_MM = (52.0, 66.0)
SKIN_TO_PSIS_MM = (8.0, 25.0)
"""Published bands (facts 4.1 to 4.3), and how far the model may differ (design)."""

ANYONE_TO_PIRIFORMIS_MM = (30.0, 95.0)
ANYONE_TO_PSIS_MM = (4.0, 40.0)
ANYONE_ATTACHED_SHARE = 0.05
"""The same of bodies that are not the mean: what is no thinner than skin with some flesh, and no
thicker than that of this body made half as large again (design)."""

END_ON_BONE_MM = 4.0
"""The middle of a ligament's end lies within so much of a bone (design: in the mean, 2.1)."""

SCIATIC_LINES = ("psis", "ischial-tuberosity", "greater-trochanter")
"""The landmarks between which the nerve's crossings were published."""

ENDS_SHARE = 0.06
"""So much of a ligament counts as each end (design)."""

NEAR_SKIN_MM, SHALLOWEST = 20.0, 600
"""So many vertices, the nearest to the skin, are measured exactly."""

HELD_BY = {
    "psoas-major": tuple(f"l{k}-vertebra" for k in (1, 2, 3, 4, 5)),
    "quadratus-lumborum": ("{side}-twelfth-rib", *(f"l{k}-vertebra" for k in (1, 2, 3, 4))),
    "multifidus": tuple(f"l{k}-vertebra" for k in (1, 2, 3, 4, 5)),
    "levator-ani": ("coccyx",),
}
"""Bones that a muscle must reach where no area is painted on them."""


class Attachment(msgspec.Struct):
    """An area or bone that a muscle holds on to, and the share of the area that it covers."""

    on: str
    bone: str
    covered: float


class MuscleReport(msgspec.Struct):
    """One muscle, measured."""

    id: str
    closed: bool
    pieces: int
    volume_cm3: float
    published_cm3: float | None
    inside_bone_percent: float
    attachments: list[Attachment]
    thickness_mm: float | None = None


class Measured(msgspec.Struct):
    """All that is measured on the soft tissue of a pack."""

    muscles: list[MuscleReport] = []
    ligament_length_mm: dict[str, float] = {}
    ligament_end_mm: dict[str, float] = {}
    sciatic_mm: dict[str, dict[str, float]] = {}
    skins: dict[str, dict[str, float]] = {}


def measured(pack: Pack) -> Measured:
    """Measure what is there; a pack of bones alone gives empty lists."""
    found = Measured()
    bones = _bones(pack)
    muscles = [(s, name) for s in SIDES for name in PLANS if f"{s}-{name}" in pack.surfaces]
    bodies = [pack.surfaces[f"{side}-{name}"].surface.vertices for side, name in muscles]
    # All at once: the search trees of the bones are made but once.
    deep = depth_in(list(bones.values()), np.concatenate([*bodies, np.empty((0, 3))])) > DEEP_MM
    parts = np.split(deep, np.cumsum([len(body) for body in bodies]))
    for (side, name), inside in zip(muscles, parts, strict=False):
        found.muscles.append(_muscle(pack, bones, side, name, 100 * float(inside.mean())))
    found.ligament_end_mm = _ends(pack, bones)
    for side in SIDES:
        for ligament in ("sacrotuberous-ligament", "long-posterior-sacroiliac-ligament"):
            one = pack.surfaces.get(f"{side}-{ligament}")
            if one is not None and one.fibres is not None:
                line = middle_line(one.surface, one.fibres[:, 1])
                found.ligament_length_mm[f"{side}-{ligament}"] = _mm(lengths_mm(line[None])[0])
        ends = {f"{side}-{end}" for end in SCIATIC_LINES}
        if f"{side}-sciatic-nerve" in pack.surfaces and ends <= pack.landmarks.keys():
            found.sciatic_mm[side] = _sciatic(pack, side)
    for skin in SKINS:
        if skin in pack.surfaces:
            found.skins[skin] = _skin(pack, pack.surfaces[skin].surface)
    return found


def faults_of_any(found: Measured) -> Iterator[str]:
    """One sentence for every measurement that no body may have, of whatever size and shape."""
    for one in found.muscles:
        if not one.closed or one.pieces != 1:
            yield f"{one.id}: not one closed piece ({one.pieces})."
        if one.inside_bone_percent > INSIDE_PERCENT:
            yield f"{one.id}: {one.inside_bone_percent:g} % of its vertices lie inside bone."
        for held in one.attachments:
            if held.covered < ANYONE_ATTACHED_SHARE:
                yield f"{one.id}: covers only {held.covered:.0%} of {held.on}."
    for name, away in found.ligament_end_mm.items():
        if away > END_ON_BONE_MM:
            yield f"{name}: one of its ends lies {away:g} mm off the bones."
    for name, depths in found.skins.items():
        if depths["least"] <= 0:
            yield f"{name}: something of bone or muscle lies outside it ({depths['least']:g} mm)."
        yield from _depth_faults(name, depths, ANYONE_TO_PSIS_MM, ANYONE_TO_PIRIFORMIS_MM)


def faults(found: Measured) -> Iterator[str]:
    """One sentence for every measurement outside its published band, too: of a mean body."""
    yield from faults_of_any(found)
    volumes = {one.id: one.volume_cm3 for one in found.muscles}
    for one in found.muscles:
        yield from _muscle_faults(one)
    for side in SIDES:
        both = [volumes.get(f"{side}-{name}", 0.0) for name in SMALL_ROTATORS]
        wanted = sum(VOLUME_CM3[name] for name in SMALL_ROTATORS)
        if all(both) and abs(sum(both) / wanted - 1) > VOLUME_TOLERANCE:
            yield f"{side} gemelli: {sum(both):.1f} cm3 together instead of {wanted:g}."
    for name in PLANS:
        left, right = volumes.get(f"left-{name}"), volumes.get(f"right-{name}")
        if left and right and abs(left - right) > MIRROR_TOLERANCE * (left + right) / 2:
            yield f"{name}: left and right differ by more than 1 % ({left:.1f}, {right:.1f} cm3)."
    for name, length in found.ligament_length_mm.items():
        low, high = SACROTUBEROUS_MM if "tuberous" in name else LONG_POSTERIOR_MM
        if not low <= length <= high:
            yield f"{name}: {length:g} mm long, not {low:g} to {high:g}."
    for side, marks in found.sciatic_mm.items():
        for key, wanted, spread in (
            ("from_psis", SCIATIC_FROM_PSIS_MM, SCIATIC_FROM_PSIS_SD_MM),
            ("from_tuberosity", SCIATIC_FROM_SEAT_MM, SCIATIC_FROM_SEAT_SD_MM),
        ):
            if abs(marks[key] - wanted) > spread:
                yield (
                    f"{side}-sciatic-nerve: {marks[key]:g} mm {key.replace('_', ' ')}, not "
                    f"{wanted:g} ± {spread:g}."
                )
    for name, depths in found.skins.items():
        yield from _depth_faults(name, depths, SKIN_TO_PSIS_MM, SKIN_TO_PIRIFORMIS_MM)


def _muscle_faults(one: MuscleReport) -> Iterator[str]:
    name = one.id.split("-", 1)[1]
    for held in one.attachments:
        if ANYONE_ATTACHED_SHARE <= held.covered < ATTACHED_SHARE:
            yield f"{one.id}: covers only {held.covered:.0%} of {held.on}."
    if one.published_cm3 and name not in SMALL_ROTATORS:
        ratio = one.volume_cm3 / one.published_cm3
        if abs(ratio - 1) > VOLUME_TOLERANCE:
            yield f"{one.id}: {one.volume_cm3:g} cm3 instead of {one.published_cm3:g}."
    low, high = PIRIFORMIS_THICK_MM
    if one.thickness_mm is not None and not low <= one.thickness_mm <= high:
        yield f"{one.id}: {one.thickness_mm:g} mm thick at its middle, not {low:g} to {high:g}."


def _depth_faults(
    name: str, depths: dict[str, float], psis: tuple[float, float], piriformis: tuple[float, float]
) -> Iterator[str]:
    for key, (low, high) in (
        ("left_psis", psis),
        ("right_psis", psis),
        ("left_piriformis", piriformis),
        ("right_piriformis", piriformis),
    ):
        if key in depths and not low <= depths[key] <= high:
            where = key.replace("_", " ")
            yield f"{name}: {depths[key]:g} mm to the {where}, not {low:g} to {high:g}."


def _ends(pack: Pack, bones: dict[str, Surface]) -> dict[str, float]:
    """How far off the bones the further end of each ligament lies, by its middle vertex, mm."""
    tree = cKDTree(np.concatenate([spread_over(bone)[0] for bone in bones.values()]))
    found = {}
    for name, one in pack.surfaces.items():
        if name.endswith("ligament") and one.fibres is not None:
            along, away = one.fibres[:, 1], tree.query(one.surface.vertices)[0]
            low, high = np.quantile(along, [ENDS_SHARE, 1.0 - ENDS_SHARE])
            found[name] = _mm(max(np.median(away[along <= low]), np.median(away[along >= high])))
    return found


def _bones(pack: Pack) -> dict[str, Surface]:
    words = ("hip-bone", "sacrum", "coccyx", "femur", "vertebra", "rib")
    return {
        name: one.surface
        for name, one in pack.surfaces.items()
        if one.info.role == "body" and name.endswith(words)
    }


def _muscle(
    pack: Pack, bones: dict[str, Surface], side: str, name: str, inside_percent: float
) -> MuscleReport:
    one = pack.surfaces[f"{side}-{name}"]
    surface = one.surface
    held = []
    for area in pack.surfaces.values():
        if area.info.role == "area" and area.info.entry == one.info.entry:
            share = covered_share(area.surface, surface, ATTACHED_MM)
            held.append(Attachment(area.info.id, area.info.moves_with, round(share, 2)))
    for bone in (word.format(side=side) for word in HELD_BY.get(name, ())):
        if bone in bones:
            reached = covered_share(bones[bone], surface, ATTACHED_MM) > 0
            held.append(Attachment(bone, bone, float(reached)))
    thick = None
    if name == "piriformis" and one.fibres is not None:
        thick = _mm(thickness_at_middle_mm(surface, one.fibres[:, 1]))
    return MuscleReport(
        id=one.info.id,
        closed=is_closed(surface),
        pieces=len(np.unique(pieces(surface))),
        volume_cm3=round(volume_cm3(surface), 2),
        published_cm3=VOLUME_CM3.get(name),
        inside_bone_percent=round(inside_percent, 2),
        attachments=held,
        thickness_mm=thick,
    )


def _sciatic(pack: Pack, side: str) -> dict[str, float]:
    path = middle_of_tube(pack.surfaces[f"{side}-sciatic-nerve"].surface)
    psis = pack.landmarks[f"{side}-psis"][0]
    seat = pack.landmarks[f"{side}-ischial-tuberosity"][0]
    outer = pack.landmarks[f"{side}-greater-trochanter"][0]
    return {
        "from_psis": _mm(crossing_mm(path, psis, seat)),
        "from_tuberosity": _mm(crossing_mm(path, seat, outer)),
    }


def _skin(pack: Pack, skin: Surface) -> dict[str, float]:
    within = [
        one.surface.vertices
        for name, one in pack.surfaces.items()
        if one.info.role == "body" and name not in SKINS
    ]
    points = np.concatenate(within)
    # Exact only where it comes near the skin; what pokes out must pass through there.
    away = cKDTree(skin.vertices).query(points, distance_upper_bound=NEAR_SKIN_MM)[0]
    shallow = points[np.argsort(away)[:SHALLOWEST]]
    found = {"least": _mm(depth_below(skin, shallow).min())}
    for side in SIDES:
        if f"{side}-psis" in pack.landmarks:
            found[f"{side}_psis"] = _mm(depth_below(skin, pack.landmarks[f"{side}-psis"])[0])
        muscle = pack.surfaces.get(f"{side}-piriformis")
        if muscle is not None and muscle.info.role == "body" and muscle.info.closed:
            found[f"{side}_piriformis"] = _mm(depth_below(skin, _centre(muscle)[None])[0])
    return found


def _centre(muscle: PackSurface) -> Floats:
    """The middle of a muscle halfway along its fibres."""
    if muscle.fibres is None:
        return np.asarray(muscle.surface.vertices.mean(axis=0))
    halfway = np.abs(muscle.fibres[:, 1] - 0.5) < 0.1
    return np.asarray(muscle.surface.vertices[halfway].mean(axis=0))


def _mm(value: float) -> float:
    return round(float(value), 1)
