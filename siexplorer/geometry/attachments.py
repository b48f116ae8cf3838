"""Attachment and named areas on the bones, as fields that are positive inside.

Each area is a smallest-of-distances field on a bone's vertices, built from that pelvis' own
landmarks, so it follows when the shape changes. Extents follow the usual descriptions (facts 4.1);
exact widths are design choices. Left side; mirror the bones for the right.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import clip_by_scalar
from siexplorer.geometry.landmarks import (
    Bones,
    Points,
    acetabulum,
    aiis_foot,
    joint_patch,
    support,
)
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    largest_piece,
    neighbour_mean,
    vertex_normals,
)

LIFT_MM = 0.35
"""How far a painted area floats above its bone, so that it is drawn whole."""


@dataclass(frozen=True, slots=True)
class Area:
    """A field on a bone's vertices, positive inside; ``bone`` is the id without its side."""

    bone: str
    surface: Surface
    field: Floats


def left_areas(bones: Bones, left: Points) -> dict[str, Area]:
    """Areas of the left side by id without it: ``iliac-fossa`` and ``MUSCLE.origin...``.

    ``left`` are the left landmarks without their side; midline ones as they are.
    """
    hip, sacrum, coccyx, femur = bones.hip_left, bones.sacrum, bones.coccyx, bones.femur_left
    on_hip = {
        "iliac-fossa": _iliac_fossa(bones, left, upper_part=0.0),
        "iliacus.origin": _iliacus_origin(bones, left),
        "gluteus-maximus.origin": _behind_posterior_line(bones, left),
        "gluteus-medius.origin": _between_lines(bones, left, upper=True),
        "gluteus-minimus.origin": _between_lines(bones, left, upper=False),
        "tensor-fasciae-latae.origin": _crest_lip(bones, left, (0.0, 0.14), outer=True),
        "quadratus-lumborum.origin": _crest_lip(bones, left, (0.58, 0.82), outer=False),
        "obturator-internus.origin": _round_obturator_foramen(bones, left),
        "superior-gemellus.origin": _ischial_spine_outside(bones, left),
        "inferior-gemellus.origin": _upper_tuberosity(bones, left),
        "quadratus-femoris.origin": _tuberosity_side(bones, left),
        "levator-ani.origin": _back_of_pubis(bones, left),
        "coccygeus.origin": _ischial_spine_inside(bones, left),
    }
    on_sacrum = {
        "iliacus.origin-ala": _sacral_ala(bones, left),
        "piriformis.origin": _pelvic_sacrum(bones, left),
        "gluteus-maximus.origin-sacrum": _dorsal_edge(bones, left),
        "multifidus.origin": _dorsal_groove(bones, left),
        "coccygeus.insertion-sacrum": _lower_edge(bones, left),
    }
    on_coccyx = {
        "gluteus-maximus.origin-coccyx": _coccyx_side(bones, back=True),
        "coccygeus.insertion": _coccyx_side(bones, back=False),
    }
    marks = femur_marks(bones, left)
    on_femur = {
        "iliacus.insertion": _lesser_trochanter(bones, left),
        "psoas-major.insertion": _lesser_trochanter_tip(bones, left),
        "piriformis.insertion": _trochanter_tip(bones, left),
        "gluteus-maximus.insertion": _near(femur, marks["gluteal-tuberosity"], 6.0),
        "gluteus-medius.insertion": _near(femur, marks["lateral-facet"], 6.5),
        "gluteus-minimus.insertion": _near(femur, marks["anterior-facet"], 6.0),
        "obturator-internus.insertion": _near(femur, marks["medial-facet"], 5.5),
        "superior-gemellus.insertion": _near(femur, marks["medial-facet"] + [0, 0, 3.0], 5.0),
        "inferior-gemellus.insertion": _near(femur, marks["medial-facet"] - [0, 0, 3.0], 5.0),
        "quadratus-femoris.insertion": _near(femur, marks["quadrate-line"], 4.5),
    }
    groups = (
        ("hip-bone", hip, on_hip),
        ("sacrum", sacrum, on_sacrum),
        ("coccyx", coccyx, on_coccyx),
        ("femur", femur, on_femur),
    )
    return {
        name: Area(bone, surface, field)
        for bone, surface, fields in groups
        for name, field in fields.items()
    }


def painted(area: Area, lift_mm: float = LIFT_MM) -> Surface:
    """The patch where the field is positive, lifted off the bone along its normals."""
    smooth = neighbour_mean(area.surface, area.field, rounds=2)
    normals = vertex_normals(area.surface)
    lifted = Surface(area.surface.vertices + lift_mm * normals, area.surface.faces)
    return largest_piece(clip_by_scalar(lifted, smooth))


def _dense(curve: Floats, step_mm: float = 1.0) -> Floats:
    parts = [
        np.linspace(a, b, max(2, int(np.linalg.norm(b - a) / step_mm)), endpoint=False)
        for a, b in pairwise(curve)
    ]
    return np.concatenate([*parts, curve[-1:]])


def _distance(points: Floats, targets: Floats) -> Floats:
    return np.asarray(cKDTree(targets).query(points)[0])


def _iliac_fossa(bones: Bones, left: Points, upper_part: float) -> Floats:
    """Inner face of the wing between crest, front border, arcuate line and joint."""
    hip = bones.hip_left
    points, normals = hip.vertices, vertex_normals(hip)
    brim = _dense(left["arcuate-line"])
    to_brim, nearest = cKDTree(brim).query(points)
    above = np.sign((points - brim[nearest]) @ np.array([0.35, 0.35, 0.87]))
    to_brim = to_brim * above
    to_crest = _distance(points, _dense(left["iliac-crest"]))
    asis = left["asis"][0]
    front = np.stack([asis, aiis_foot(points, asis)])
    to_front = _distance(points, _dense(front))
    to_joint = _distance(points, joint_patch(hip, bones.sacrum))
    facing = normals @ np.array([-0.72, -0.62, 0.3])
    share = to_brim / np.maximum(to_brim + to_crest, 1.0)
    return np.asarray(
        np.minimum.reduce(
            [
                to_crest - 3.5,
                to_brim - 4.0,
                to_front - 4.0,
                to_joint - 6.0,
                (facing - 0.25) * 25.0,
                left["si-joint-line"][0, 1] - 6.0 - points[:, 1],
                (share - upper_part) * 60.0,
            ]
        )
    )


def _iliacus_origin(bones: Bones, left: Points) -> Floats:
    """The upper two thirds of the iliac fossa, up to the inner lip of the crest."""
    return np.asarray(_iliac_fossa(bones, left, upper_part=1 / 3))


def _sacral_ala(bones: Bones, left: Points) -> Floats:
    """The lateral edge of the ala beside the joint, where a few fibres of iliacus begin."""
    centre = support(bones.sacrum.vertices, (0.62, -0.75, 0.2))
    return np.asarray(10.0 - np.linalg.norm(bones.sacrum.vertices - centre, axis=1))


def _lesser_trochanter(bones: Bones, left: Points) -> Floats:
    """The front of the lesser trochanter and the shaft just below it."""
    return _near(bones.femur_left, iliacus_line(bones, left), 7.5)


def iliacus_line(bones: Bones, left: Points) -> Floats:
    """(3, 3) down the middle of where iliacus ends: from the front flank of the lesser trochanter
    to the inner side of the shaft."""
    points = bones.femur_left.vertices
    tip = left["lesser-trochanter"][0]
    inner = points[points[:, 0] < tip[0] + 22.0]
    line = []
    for down, way in ((3.0, (-0.95, -0.3, 0.0)), (11.0, (-1.0, -0.1, 0.0)), (22.0, (-1.0, 0, 0))):
        level = inner[np.abs(inner[:, 2] - (tip[2] - down)) < 2.0]
        line.append(support(level, way))
    return np.array(line)


def _pelvic_sacrum(bones: Bones, left: Points) -> Floats:
    """The pelvic face of S2 to S4, from beside the foramina outwards."""
    points, normals = bones.sacrum.vertices, vertex_normals(bones.sacrum)
    top, bottom = left["sacral-promontory"][0, 2], left["sacral-apex"][0, 2]
    down = (top - points[:, 2]) / (top - bottom)
    levels = np.linspace(points[:, 2].min(), points[:, 2].max(), 40)
    widths = [points[np.abs(points[:, 2] - z) < 3.0, 0].max(initial=1.0) for z in levels]
    width = np.interp(points[:, 2], levels, widths)
    facing = normals @ np.array([0.15, -0.85, -0.5])
    return np.asarray(
        np.minimum.reduce(
            [
                (down - 0.24) * (top - bottom),
                (0.80 - down) * (top - bottom),
                points[:, 0] - 0.36 * width,
                0.82 * width - points[:, 0],
                (facing - 0.2) * 20.0,
            ]
        )
    )


def _trochanter_tip(bones: Bones, left: Points) -> Floats:
    """The upper inner border of the greater trochanter."""
    points = bones.femur_left.vertices
    outer = left["greater-trochanter"][0]
    near = points[np.linalg.norm(points - outer, axis=1) < 42.0]
    tip = support(near[near[:, 0] > outer[0] - 32.0], (-0.35, 0.1, 0.93))
    return np.asarray(8.5 - np.linalg.norm(points - tip, axis=1))


def _lesser_trochanter_tip(bones: Bones, left: Points) -> Floats:
    """The lesser trochanter itself, where the psoas tendon ends."""
    return _near(bones.femur_left, left["lesser-trochanter"] - [0.0, 0.0, 3.0], 9.0)


def _near(surface: Surface, curve: Floats, reach_mm: float) -> Floats:
    """Within ``reach_mm`` of a curve (k, 3)."""
    targets = _dense(curve) if len(curve) > 1 else curve
    return np.asarray(reach_mm - _distance(surface.vertices, targets))


# The outer face of the ilium ----------------------------------------------------------------------

POSTERIOR_LINE = 0.82
ANTERIOR_LINE = ([0.0, 0.15, 0.35, 0.55, 0.8], [0.95, 0.80, 0.66, 0.58, 0.42])
INFERIOR_LINE = ([0.0, 0.3, 0.6, 0.8], [0.24, 0.15, 0.12, 0.12])
"""The three gluteal lines in shares (design, after their usual course): the first as a share of the
crest from ASIS to PSIS; the others as how high between lower border and crest, for shares along."""


def wing_shares(bones: Bones, left: Points) -> tuple[Floats, Floats]:
    """For every hip vertex, 0..1: how far from ASIS to PSIS, and how high up to the crest."""
    points = bones.hip_left.vertices
    centre, radius = acetabulum(bones.hip_left)
    notch = left["greater-sciatic-notch"]
    front = notch[np.argmin(notch[:, 1])]
    above = centre + np.array([0.5, 0.0, 1.0]) * (radius + 10.0)
    foremost = aiis_foot(points, left["asis"][0])
    low = _dense(np.stack([foremost, above, front, notch[0]]))
    high = _dense(left["iliac-crest"])
    to_low, low_at = cKDTree(low).query(points)
    to_high, high_at = cKDTree(high).query(points)
    height = to_low / np.maximum(to_low + to_high, 1.0)
    along = height * high_at / len(high) + (1 - height) * low_at / len(low)
    below = points[:, 2] < low[low_at, 2] - 2.0
    return np.asarray(along), np.where(below & (to_low < to_high), -height, height)


def _outer(bones: Bones, direction: tuple[float, float, float], least: float) -> Floats:
    return np.asarray((vertex_normals(bones.hip_left) @ np.array(direction) - least) * 25.0)


def _between_lines(bones: Bones, left: Points, *, upper: bool) -> Floats:
    """Gluteus medius above the anterior gluteal line, gluteus minimus below it."""
    along, height = wing_shares(bones, left)
    line = np.interp(along, *ANTERIOR_LINE)
    low = np.interp(along, *INFERIOR_LINE)
    outside = _outer(bones, (0.72, 0.62, -0.3), 0.05)
    to_crest = _distance(bones.hip_left.vertices, _dense(left["iliac-crest"]))
    if upper:
        parts = [(along - 0.31) * 150.0, (height - line - 0.02) * 80.0, to_crest - 5.0]
        parts.append((POSTERIOR_LINE - along) * 150.0)
    else:
        parts = [(along - 0.2) * 150.0, (line - 0.03 - height) * 80.0, (height - low) * 80.0]
        parts.append((0.70 - along) * 150.0)
    return np.asarray(np.minimum.reduce([*parts, outside]))


def _behind_posterior_line(bones: Bones, left: Points) -> Floats:
    """The ilium behind the posterior gluteal line, with the crest's outer lip there."""
    along, height = wing_shares(bones, left)
    outside = _outer(bones, (0.55, 0.83, 0.0), 0.1)
    parts = [(along - POSTERIOR_LINE - 0.02) * 150.0, (height - 0.12) * 80.0, outside]
    return np.asarray(np.minimum.reduce(parts))


def _crest_lip(bones: Bones, left: Points, part: tuple[float, float], *, outer: bool) -> Floats:
    """A stretch of the crest, given in shares from ASIS to PSIS, on its outer or inner lip."""
    crest = _dense(left["iliac-crest"])
    first, last = (round(share * (len(crest) - 1)) for share in part)
    way = np.array([0.95, -0.2, 0.1]) if outer else np.array([-0.72, -0.62, 0.3])
    facing = vertex_normals(bones.hip_left) @ way
    band = 8.0 - _distance(bones.hip_left.vertices, crest[first : last + 1])
    return np.asarray(np.minimum(band, (facing + 0.15) * 25.0))


# The ischium, the pubis and the obturator foramen -------------------------------------------------


def foramen_rim(bones: Bones, left: Points) -> Floats:
    """(k, 3) ring round the obturator foramen: where the hip bone first meets a ray from within."""
    points = bones.hip_left.vertices
    centre = (left["pubic-tubercle"][0] + left["ischial-tuberosity"][0]) / 2
    centre = centre + np.array([0.0, 3.0, 14.0])
    away = points - centre
    # Seen along the normal of the foramen, which looks forwards, outwards and down.
    normal = np.array([0.55, -0.72, -0.42])
    normal /= np.linalg.norm(normal)
    up = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
    up /= np.linalg.norm(up)
    side = np.cross(normal, up)
    flat = np.stack([away @ side, away @ up], axis=1)
    angle, radius = np.arctan2(flat[:, 1], flat[:, 0]), np.hypot(flat[:, 0], flat[:, 1])
    near = np.abs(away @ normal) < 30.0
    sector = ((angle + np.pi) / (2 * np.pi) * 36).astype(int) % 36
    rim = [
        points[np.flatnonzero(near & (sector == k))[np.argmin(radius[near & (sector == k)])]]
        for k in range(36)
        if (near & (sector == k)).any()
    ]
    return np.asarray(rim)


def _round_obturator_foramen(bones: Bones, left: Points) -> Floats:
    """The inner face round the foramen, and the plate of bone above and behind it."""
    hip = bones.hip_left
    facing = vertex_normals(hip) @ np.array([-0.85, 0.45, 0.1])
    centre, _ = acetabulum(hip)
    plate = centre + np.array([-30.0, 10.0, -8.0])
    ring = 15.0 - _distance(hip.vertices, _dense(foramen_rim(bones, left)))
    plate_part = 24.0 - np.linalg.norm(hip.vertices - plate, axis=1)
    low = left["arcuate-line"][:, 2].min() + 3.0
    return np.asarray(
        np.minimum.reduce(
            [np.maximum(ring, plate_part), (facing - 0.25) * 25.0, low + 45.0 - hip.vertices[:, 2]]
        )
    )


def _ischial_spine_outside(bones: Bones, left: Points) -> Floats:
    """The outer side of the ischial spine."""
    facing = vertex_normals(bones.hip_left) @ np.array([0.6, 0.8, 0.0])
    band = 10.0 - _distance(bones.hip_left.vertices, left["ischial-spine"] + [3.0, 0.0, -3.0])
    return np.asarray(np.minimum(band, (facing + 0.1) * 20.0))


def _ischial_spine_inside(bones: Bones, left: Points) -> Floats:
    """The inner side of the ischial spine."""
    facing = vertex_normals(bones.hip_left) @ np.array([-0.9, 0.2, 0.0])
    band = 9.0 - _distance(bones.hip_left.vertices, left["ischial-spine"])
    return np.asarray(np.minimum(band, (facing + 0.2) * 20.0))


def _upper_tuberosity(bones: Bones, left: Points) -> Floats:
    """The upper border of the tuberosity, just below the lesser sciatic notch."""
    spine, seat = left["ischial-spine"][0], left["ischial-tuberosity"][0]
    points = bones.hip_left.vertices
    level = points[np.abs(points[:, 2] - (spine[2] + 0.40 * (seat[2] - spine[2]))) < 4.0]
    back = support(level[level[:, 0] > 25.0], (0.1, 1.0, 0.0))
    return _near(bones.hip_left, back[None], 9.0)


def _tuberosity_side(bones: Bones, left: Points) -> Floats:
    """The outer border of the tuberosity, from mid height to near its lower end."""
    spine, seat = left["ischial-spine"][0], left["ischial-tuberosity"][0]
    points = bones.hip_left.vertices
    line = []
    for share in (0.55, 0.68, 0.8, 0.92):
        level = points[np.abs(points[:, 2] - (spine[2] + share * (seat[2] - spine[2]))) < 3.0]
        line.append(support(level[level[:, 1] > 60.0], (0.85, 0.5, 0.0)))
    return _near(bones.hip_left, np.array(line), 5.5)


def _back_of_pubis(bones: Bones, left: Points) -> Floats:
    """The back of the body of the pubis, a finger's breadth beside the symphysis."""
    points = bones.hip_left.vertices
    spot = left["pubic-symphysis"][0] + np.array([13.0, 25.0, -5.0])
    back = points[np.argmin(np.linalg.norm(points - spot, axis=1))]
    facing = vertex_normals(bones.hip_left) @ np.array([-0.2, 0.95, 0.2])
    return np.asarray(np.minimum(_near(bones.hip_left, back[None], 9.0), (facing + 0.1) * 25.0))


# The back and the edge of the sacrum --------------------------------------------------------------


def _width_at(points: Floats) -> Floats:
    levels = np.linspace(points[:, 2].min(), points[:, 2].max(), 40)
    widths = [points[np.abs(points[:, 2] - z) < 3.0, 0].max(initial=1.0) for z in levels]
    return np.asarray(np.interp(points[:, 2], levels, widths))


def _dorsal_edge(bones: Bones, left: Points) -> Floats:
    """The back of the sacrum along its outer edge, S3 to S5."""
    points, normals = bones.sacrum.vertices, vertex_normals(bones.sacrum)
    top = left["psis"][0, 2] - 22.0
    return np.asarray(
        np.minimum.reduce(
            [
                points[:, 0] - 0.62 * _width_at(points),
                top - points[:, 2],
                points[:, 2] - left["sacral-apex"][0, 2] - 2.0,
                (normals @ np.array([0.5, 0.85, 0.0]) - 0.1) * 20.0,
            ]
        )
    )


def _dorsal_groove(bones: Bones, left: Points) -> Floats:
    """The groove between the midline crest and the outer edge, S1 to S4."""
    points, normals = bones.sacrum.vertices, vertex_normals(bones.sacrum)
    return np.asarray(
        np.minimum.reduce(
            [
                points[:, 0] - 4.0,
                0.72 * _width_at(points) - points[:, 0],
                points[:, 2] - left["sacral-apex"][0, 2] - 22.0,
                (normals @ np.array([0.0, 0.95, 0.25]) - 0.2) * 20.0,
                points[:, 1] - left["sacral-base"][0, 1] - 20.0,
            ]
        )
    )


def _lower_edge(bones: Bones, left: Points) -> Floats:
    """The side of the last sacral piece."""
    return _near(bones.sacrum, left["inferior-lateral-angle"] + [-2.0, -4.0, -4.0], 7.0)


def _coccyx_side(bones: Bones, *, back: bool) -> Floats:
    """The left border of the coccyx, its back or its edge."""
    points, normals = bones.coccyx.vertices, vertex_normals(bones.coccyx)
    way = np.array([0.6, 0.8, 0.0]) if back else np.array([0.9, -0.4, 0.0])
    middle = points[:, 0].mean()
    return np.asarray(
        np.minimum.reduce(
            [
                points[:, 0] - middle - 1.0,
                (normals @ way - 0.2) * 12.0,
                points[:, 2] - points[:, 2].min() - 6.0,
            ]
        )
    )


# The upper end of the femur -----------------------------------------------------------------------


def femur_marks(bones: Bones, left: Points) -> dict[str, Floats]:
    """Curves (k, 3) on the left femur where the muscles of the hip end."""
    points = bones.femur_left.vertices
    outer = left["greater-trochanter"][0]
    small = left["lesser-trochanter"][0]
    knob = points[np.linalg.norm(points - outer, axis=1) < 40.0]
    knob = knob[knob[:, 0] > outer[0] - 30.0]
    centre = knob.mean(axis=0)

    def facing(x: float, y: float, z: float, near: Floats = knob) -> Floats:
        return support(near, (x, y, z))

    back_top = facing(0.1, 0.62, 0.78)
    front_low = facing(0.85, -0.35, -0.15)
    lateral = np.stack(
        [back_top, outer + 0.5 * (back_top - outer), outer + 0.1 * (front_low - outer)]
    )
    high = knob[knob[:, 2] > outer[2] - 4.0]
    front = np.stack([facing(-0.1, -0.35, 0.9, high), facing(0.3, -0.65, 0.7, high)])
    inner_part = points[
        (np.abs(points[:, 2] - (centre[2] + 10.0)) < 7.0)
        & (points[:, 1] > centre[1] - 4.0)
        & (points[:, 0] > outer[0] - 36.0)
        & (points[:, 0] < outer[0] - 12.0)
    ]
    inner = support(inner_part, (-0.8, 0.6, 0.2))[None]
    crest_from, crest_to = facing(-0.25, 0.95, 0.1), small
    crest = []
    for share in (0.3, 0.48, 0.66, 0.84):
        spot = crest_from + share * (crest_to - crest_from)
        near = points[np.linalg.norm(points - spot, axis=1) < 14.0]
        crest.append(support(near, (-0.1, 1.0, 0.0)))
    ridge = []
    for down in (12.0, 26.0, 40.0, 54.0, 68.0):
        level = points[np.abs(points[:, 2] - (small[2] - down)) < 3.0]
        ridge.append(support(level, (0.55, 0.83, 0.0)))
    return {
        "lateral-facet": lateral,
        "anterior-facet": front,
        "medial-facet": inner,
        "quadrate-line": np.array(crest),
        "gluteal-tuberosity": np.array(ridge),
    }
