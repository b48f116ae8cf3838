"""Landmarks found on bones by rule, in the body frame.

The rules are those of the anterior-pelvic-plane method (Fischer et al. 2019,
doi 10.1038/s41598-019-49573-4) and of common bony definitions: extrema, support points along a
named direction, and outlines seen along an axis. Every rule is written for the left side; the right
side is the same rule on the mirrored bone. Distances inside rules are design choices checked
against the built-in pack's published nodes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import closest_points
from siexplorer.geometry.frame import front_points
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    edges,
    face_normals,
    section,
    vertex_normals,
)

MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
JOINT_GAP_MM = 4.0
"""How near hip bone and sacrum lie where they form the joint (design, from a gap near 4.5 mm)."""

LIFT_MM = 0.7
"""How far a curve floats above its bone, lest it show through where the bone is thin."""

BORDER_STEP_MM = 1.0
"""How far apart the levels lie at which the hip bone's front border is looked at (design)."""

AIIS_DIRECTION = np.array([0.0, -0.985, -0.17])
"""Where the AIIS of a left hip bone stands out to: forwards and a little down (design)."""

PLATEAU_MM = 0.4
"""What lies no further than this below the furthest place is as far as it: their middle is taken
(design; see scripts/measure_landmarks.py)."""

DIMPLE_DEPTH_MM = 12.0
"""How far behind the PSIS the skin of the dimple is taken to lie (design; no skin here to ask)."""


ABSENT = Surface(np.empty((0, 3)), np.empty((0, 3), dtype=np.int32))
"""Stands for a bone that a pelvis comes without."""


@dataclass(frozen=True, slots=True)
class Bones:
    """The bones of a pelvis in the body frame; coccyx and thigh bones may be ``ABSENT``."""

    hip_left: Surface
    hip_right: Surface
    sacrum: Surface
    coccyx: Surface
    femur_left: Surface
    femur_right: Surface

    def mirrored(self) -> "Bones":
        """The same pelvis in a mirror: its left bones are this one's right ones."""
        return Bones(
            self.hip_right.moved(MIRROR),
            self.hip_left.moved(MIRROR),
            self.sacrum.moved(MIRROR),
            self.coccyx.moved(MIRROR),
            self.femur_right.moved(MIRROR),
            self.femur_left.moved(MIRROR),
        )


Points = dict[str, Floats]
"""Landmark id to (k, 3) mm: one row for a point, more for a curve, in order along it."""


def find_landmarks(bones: Bones) -> Points:
    """All landmarks of a pelvis: points as (1, 3), curves as (k, 3), ids with their side first."""
    found: Points = {}
    for side, half in (("left", bones), ("right", bones.mirrored())):
        sign = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
        for name, points in _one_side(half).items():
            found[f"{side}-{name}"] = points * sign
    found.update(_midline(bones, found))
    return {name: found[name] for name in sorted(found)}


def fit_sphere(points: Floats) -> tuple[Floats, float]:
    """Centre (3,) and radius of the least-squares sphere through (n, 3) points."""
    matrix = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def acetabulum(hip: Surface) -> tuple[Floats, float]:
    """Centre and radius of a left hip bone's socket: the sphere that its hollow lies on.

    Starts from the usual place below and behind the ASIS, and keeps the points that face it.
    """
    normals = vertex_normals(hip)
    low, high = hip.vertices.min(axis=0), hip.vertices.max(axis=0)
    centre, radius = np.array([0.6 * high[0], 0.42 * high[1], 0.5 * low[2]]), 24.0
    for spread in (10.0, 6.0, 3.0, 2.0, 2.0, 2.0):
        away = centre - hip.vertices
        distance = np.linalg.norm(away, axis=1)
        facing = np.einsum("ij,ij->i", away, normals) > 0.8 * distance
        inside = facing & (np.abs(distance - radius) < spread)
        centre, radius = fit_sphere(hip.vertices[inside])
    return centre, radius


def femoral_head(femur: Surface) -> tuple[Floats, float]:
    """Centre and radius of a left femur's head: the sphere at its upper, inner end."""
    points = femur.vertices
    top = points[points[:, 2] > points[:, 2].max() - 90]
    head = top[top[:, 0] < np.percentile(top[:, 0], 25)]
    centre, radius = fit_sphere(head)
    for _ in range(5):
        near = np.linalg.norm(points - centre, axis=1) < radius + 3
        centre, radius = fit_sphere(points[near & (points[:, 0] < centre[0] + 8)])
    return centre, radius


def support(points: Floats, direction: tuple[float, float, float]) -> Floats:
    """The (3,) point that reaches furthest along ``direction``."""
    return np.asarray(points[np.argmax(points @ np.array(direction))])


def outline(
    points: Floats,
    centre: Floats,
    start: Floats,
    end: Floats,
    *,
    axes: tuple[int, int],
    outer: bool,
    steps: int,
    through: float,
) -> Floats:
    """(k, 3) rim of ``points`` around ``centre``, seen along the axis that ``axes`` leave out.

    In each of ``steps`` sectors from ``start`` to ``end``, turning the way that passes the angle
    ``through`` (radians), the outermost or innermost point.
    """
    flat = points[:, axes] - centre[list(axes)]
    angle = np.arctan2(flat[:, 1], flat[:, 0])
    radius = np.hypot(flat[:, 0], flat[:, 1])

    def angle_of(point: Floats) -> float:
        return float(np.arctan2(*(point[list(axes)] - centre[list(axes)])[::-1]))

    first, last = angle_of(start), angle_of(end)
    to_through = (through - first) % (2 * np.pi)
    sweep = (last - first) % (2 * np.pi)
    turn = 1.0 if to_through <= sweep else -1.0
    sweep = sweep if turn > 0 else 2 * np.pi - sweep
    along = ((angle - first) * turn) % (2 * np.pi)
    width = sweep / steps
    rim = []
    for k in range(steps + 1):
        gap = np.abs((along - k * width + np.pi) % (2 * np.pi) - np.pi)
        inside = np.flatnonzero(gap < width)
        if len(inside):
            best = np.argmax(radius[inside] if outer else -radius[inside])
            rim.append(points[inside[best]])
    return np.array(rim)


def _smooth(curve: Floats, sigma: float = 1.2) -> Floats:
    ends = curve[[0, -1]]
    smooth = gaussian_filter1d(curve, sigma, axis=0, mode="nearest")
    smooth[[0, -1]] = ends
    return np.asarray(smooth)


def on_surface(surface: Surface, curve: Floats) -> Floats:
    """The curve made smooth and laid just above the surface, its ends kept where they are."""
    laid, faces = closest_points(
        surface, np.vstack([curve[:1], _smooth(curve, 1.5)[1:-1], curve[-1:]])
    )
    normals = face_normals(surface)[faces]
    return np.asarray(laid + LIFT_MM * normals / np.linalg.norm(normals, axis=1, keepdims=True))


def joint_patch(hip: Surface, sacrum: Surface) -> Floats:
    """(n, 3) points of the hip bone's surface that face the sacrum within the joint gap."""
    corners = hip.vertices[hip.faces]
    dense = np.concatenate([hip.vertices, corners.mean(axis=1)])
    distance, _ = cKDTree(
        np.concatenate([sacrum.vertices, sacrum.vertices[sacrum.faces].mean(axis=1)])
    ).query(dense)
    return np.asarray(dense[distance < JOINT_GAP_MM])


def _one_side(bones: Bones) -> Points:
    hip, sacrum = bones.hip_left.vertices, bones.sacrum.vertices
    asis, _, pubis, _ = front_points(hip, bones.hip_right.vertices)
    hip_centre, _ = acetabulum(bones.hip_left)

    # Fischer's guard: above 0.6 of the ASIS height over the pubis, or the PIIS may win.
    upper = hip[hip[:, 2] > pubis[2] * 0.4]
    plateau = upper[upper[:, 1] > upper[:, 1].max() - 1.5].mean(axis=0)
    psis = upper[np.argmin(np.linalg.norm(upper - plateau, axis=1))]

    behind = hip[(hip[:, 1] > hip_centre[1] + 15)]
    tuberosity = hip[np.argmin(hip[:, 2])]
    spine_level = (behind[:, 2] > tuberosity[2] + 50) & (behind[:, 2] < psis[2] - 65)
    spine = support(behind[spine_level], (-1.0, 1.0, 0.0))
    corner = behind[(behind[:, 2] > psis[2] - 50) & (behind[:, 1] > (psis[1] + spine[1]) / 2 - 10)]
    piis = support(corner, (0.0, 0.5, -0.87))

    pubic = hip[(hip[:, 2] < asis[2] - 60) & (hip[:, 0] > 20) & (hip[:, 0] < 30)]
    pubic_tubercle = support(pubic, (0.1, -0.9, -0.3))

    crest_top = hip[np.argmax(hip[:, 2])]
    tubercle = support(hip[hip[:, 2] > asis[2] + 15], (1.0, 0.0, 0.0))
    crest = outline(
        hip, hip_centre, asis, psis, axes=(1, 2), outer=True, steps=48, through=np.pi / 2
    )
    notch_centre = (piis + spine) / 2
    notch = outline(
        behind, notch_centre, piis, spine, axes=(1, 2), outer=False, steps=24, through=np.pi
    )
    brim = _arcuate_line(bones, asis, pubic_tubercle)

    patch = joint_patch(bones.hip_left, bones.sacrum)
    lower = sacrum[sacrum[:, 2] < sacrum[:, 2].min() + 30]
    angle = support(lower, (0.68, 0.28, -0.68))
    return {
        "psis": psis[None],
        "dimple-of-venus": psis[None] + np.array([0.0, DIMPLE_DEPTH_MM, 0.0]),
        "si-joint-line": on_surface(bones.hip_left, _posterior_margin(patch)),
        "asis": asis[None],
        "aiis": _aiis(bones.hip_left, asis)[None],
        "piis": piis[None],
        "iliac-crest": on_surface(
            bones.hip_left, np.concatenate([asis[None], crest[1:-1], psis[None]])
        ),
        "iliac-crest-top": crest_top[None],
        "iliac-tubercle": tubercle[None],
        "inferior-lateral-angle": angle[None],
        "ischial-tuberosity": tuberosity[None],
        "ischial-spine": spine[None],
        "pubic-tubercle": pubic_tubercle[None],
        "greater-sciatic-notch": on_surface(bones.hip_left, notch),
        "arcuate-line": on_surface(bones.hip_left, brim),
        **(_of_femur(bones.femur_left) if len(bones.femur_left.vertices) else {}),
    }


def aiis_foot(hip: Floats, asis: Floats) -> Floats:
    """(3,) where the AIIS ends below, over the front of the socket's rim: of a left hip bone's
    vertices (n, 3) the one that reaches furthest forwards and down (design).
    """
    front = hip[_on_front_border(hip, asis) & (hip[:, 2] < asis[2] - 15)]
    return support(front, (0.0, -0.857, -0.515))


def _on_front_border(points: Floats, asis: Floats) -> npt.NDArray[np.bool_]:
    """(n,) which points lie far enough out for the border between ASIS and socket."""
    return np.asarray(points[:, 0] > 0.72 * asis[0])


def _aiis(hip: Surface, asis: Floats) -> Floats:
    """The middle (3,) of what stands out furthest on the front border below its notch.

    The notch lies furthest behind the chord from the ASIS to the foot of the AIIS, seen from the
    side. Below it many bones have no tip, only a border that bends from upright to leaning back.
    """
    foot = aiis_foot(hip.vertices, asis)
    pairs, _ = edges(hip)
    border = []
    for level in np.arange(asis[2] - BORDER_STEP_MM, foot[2], -BORDER_STEP_MM):
        rim = section(hip.vertices, pairs, level)
        rim = rim[_on_front_border(rim, asis)]
        if len(rim):
            border.append(rim[np.argmin(rim[:, 1])])
    line = np.array([*border, foot])
    run = (asis - foot)[1:]
    behind = (line - foot)[:, 1:] @ np.array([run[1], -run[0]])
    below = line[np.argmax(behind) :]
    ahead = below @ AIIS_DIRECTION
    top = below[ahead > ahead.max() - PLATEAU_MM]
    return np.asarray(top[len(top) // 2])


def _of_femur(bone: Surface) -> Points:
    femur = bone.vertices
    head_centre, _ = femoral_head(bone)
    trochanter_part = femur[femur[:, 2] > head_centre[2] - 60]
    trochanter = support(trochanter_part, (1.0, 0.0, 0.0))
    below_neck = femur[(femur[:, 2] < head_centre[2] - 40) & (femur[:, 2] > head_centre[2] - 85)]
    lesser = support(below_neck, (-0.8, 0.6, 0.0))
    return {"greater-trochanter": trochanter[None], "lesser-trochanter": lesser[None]}


def _posterior_margin(patch: Floats, step: float = 4.0) -> Floats:
    """(k, 3) hindmost points of the joint patch from top to bottom: the joint line from behind."""
    levels = np.arange(patch[:, 2].max() - step / 2, patch[:, 2].min(), -step)
    rim = []
    for level in levels:
        slab = patch[np.abs(patch[:, 2] - level) < step]
        if len(slab):
            rim.append(slab[np.argmax(slab[:, 1])])
    return np.array(rim)


def _arcuate_line(bones: Bones, asis: Floats, pubic_tubercle: Floats) -> Floats:
    """(k, 3) pelvic brim of the ilium, from the joint's front to above the pubic tubercle.

    Seen along the axis of the pelvic inlet (promontory to symphysis), the innermost rim of what
    lies near the inlet plane.
    """
    hip = bones.hip_left.vertices
    promontory = _promontory(bones.sacrum)
    symphysis_top = np.array([0.0, pubic_tubercle[1] + 5.0, pubic_tubercle[2] + 5.0])
    along = promontory - symphysis_top
    along /= np.linalg.norm(along)
    up = np.cross(np.array([1.0, 0.0, 0.0]), along)
    up *= np.sign(up[2])
    rotation = np.array([[1.0, 0.0, 0.0], along, up])
    centre = (promontory + symphysis_top) / 2
    local = (hip - centre) @ rotation.T
    near = local[(np.abs(local[:, 2]) < 22) & (local[:, 0] > 12)]
    patch = (joint_patch(bones.hip_left, bones.sacrum) - centre) @ rotation.T
    start = patch[np.argmin(patch[:, 1])]
    end = (pubic_tubercle - centre) @ rotation.T + np.array([12.0, 8.0, 0.0])
    rim = outline(near, np.zeros(3), start, end, axes=(0, 1), outer=False, steps=30, through=0.0)
    return np.asarray(rim @ rotation + centre)


def _promontory(sacrum: Surface) -> Floats:
    """The foremost point of the sacrum's upper part, midway between its two sides: where the base
    is broad its edge is nearly straight, and the foremost point of all may lie well aside.
    """
    points = sacrum.vertices
    low, high = points[:, 2].min(), points[:, 2].max()
    upper = points[points[:, 2] > low + 0.6 * (high - low)]
    middle = (upper[:, 0].min() + upper[:, 0].max()) / 2
    rim = section(points, edges(sacrum)[0], middle, axis=0)
    return support(rim[rim[:, 2] > upper[:, 2].min()], (0.0, -1.0, 0.0))


def _midline(bones: Bones, sides: Points) -> Points:
    sacrum = bones.sacrum.vertices
    normals = vertex_normals(bones.sacrum)
    promontory = _promontory(bones.sacrum)
    # The end plate faces up and forward, between the promontory and the vertebral canal.
    plate = (np.abs(sacrum[:, 0]) < 15) & (sacrum[:, 2] > promontory[2])
    plate &= (normals @ np.array([0.0, -0.6, 0.8]) > 0.75) & (sacrum[:, 1] < promontory[1] + 32)
    base = sacrum[plate].mean(axis=0)

    psis_z = (sides["left-psis"][0, 2] + sides["right-psis"][0, 2]) / 2
    dorsal = sacrum[(np.abs(sacrum[:, 0]) < 6) & (np.abs(sacrum[:, 2] - psis_z) < 15)]
    top, bottom = support(dorsal, (0, 0.8, 0.6)), support(dorsal, (0, 0.8, -0.6))
    run = np.array([0.0, top[2] - bottom[2], bottom[1] - top[1]])
    s2 = support(dorsal, tuple(run / np.linalg.norm(run)))

    lowest = sacrum[sacrum[:, 2] < sacrum[:, 2].min() + 2.5]
    symphysis = np.mean(
        [
            _symphysis_front(bones.hip_left.vertices),
            _symphysis_front(bones.hip_right.vertices * [-1, 1, 1]) * [-1, 1, 1],
        ],
        axis=0,
    )
    coccyx = bones.coccyx.vertices
    tip = {"coccyx-tip": coccyx[np.argmin(coccyx[:, 2])][None]} if len(coccyx) else {}
    return {
        "sacral-base": base[None],
        "sacral-promontory": promontory[None],
        "s2-tubercle": s2[None],
        "sacral-apex": lowest.mean(axis=0)[None],
        **tip,
        "pubic-symphysis": symphysis[None],
    }


def _symphysis_front(hip: Floats) -> Floats:
    medial = hip[(hip[:, 0] < hip[:, 0].min() + 6) & (hip[:, 2] < -40)]
    return np.asarray(medial[medial[:, 1] < np.percentile(medial[:, 1], 30)].mean(axis=0))
