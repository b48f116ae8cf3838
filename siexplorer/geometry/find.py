"""Landmarks of an unknown pelvis: where the model's own points came to lie, corrected by rule.

Where the shape model explains a bone, its correspondence is the best guide: the same point on each
person. Where it had to be bent, the bone is unlike those of the model, and the landmark's own
definition (the furthest point in a direction, near where the model expects it) counts for more.
Each landmark says how sure it is, 0..1, and why.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from siexplorer.geometry.fitting import Cloud
from siexplorer.geometry.identify import Identified
from siexplorer.geometry.landmarks import PLATEAU_MM, fit_sphere
from siexplorer.geometry.shape import ShapeModel
from siexplorer.geometry.surface import Floats, Surface, edges


@dataclass(frozen=True, slots=True)
class Rule:
    """The furthest point in ``direction`` (left side) within ``reach_mm`` of the model's point."""

    direction: tuple[float, float, float]
    reach_mm: float


RULES = {
    "asis": Rule((0.0, -1.0, -0.1), 18.0),
    "aiis": Rule((0.1, -0.98, -0.17), 14.0),
    "psis": Rule((-0.25, 0.95, -0.2), 15.0),
    "piis": Rule((-0.1, 0.35, -0.93), 20.0),
    "pubic-tubercle": Rule((0.4, -0.9, 0.1), 16.0),
    "ischial-spine": Rule((-0.7, 0.7, 0.1), 10.0),
    "ischial-tuberosity": Rule((0.0, 0.0, -1.0), 20.0),
    "iliac-tubercle": Rule((1.0, 0.0, 0.0), 22.0),
    "iliac-crest-top": Rule((0.0, 0.0, 1.0), 30.0),
    "sacral-promontory": Rule((0.0, -1.0, 0.15), 15.0),
    "sacral-apex": Rule((0.0, 0.1, -1.0), 22.0),
}
"""The definitions of facts and :mod:`siexplorer.geometry.landmarks` as directions (design)."""

HAND_MM = {
    "asis": 1.5,
    "aiis": 1.5,
    "psis": 3.0,
    "piis": 3.0,
    "pubic-tubercle": 1.0,
    "ischial-spine": 1.0,
    "ischial-tuberosity": 1.5,
    "iliac-tubercle": 3.0,
    "iliac-crest-top": 3.0,
    "sacral-promontory": 1.5,
    "s2-tubercle": 4.0,
    "sacral-apex": 3.0,
    "sacral-base": 3.0,
    "hip-centre": 1.5,
}
"""How far experienced people stray from their own mean at each (Fischer et al. 2019,
doi 10.1038/s41598-019-49573-4, for the first six); the others are estimates (design).
"""

STRAY_MM = 2.5
PATCH_MM = 18.0
EXPLAINED_MM, STRANGE_MM = 0.65, 1.0
"""Misfit below the first, the model is trusted alone; above the second, the rule alone. Misfit is
the greater of how far the model was bent there, and of how far all of it lies off (design).
"""

CALM_MM = 1.6
NOISE_POINTS = 8
MIDLINE_MM = 4.0
ON_IT_MM = 0.5
"""A landmark that lies so near to the model's surface is laid on the scan's (design)."""

SLAB_MM, WAIST = 1.0, 0.85
"""Where sacrum and coccyx are one, the sacrum ends at their waist: the thinnest section, if it has
no more than this share of the area of some on either side (design).
"""

SHOWN_MM, RULE_MM = 4.0, 9.0
"""The scan shows a landmark if it has a surface this near to it; one that a rule may move may be
further off (design).
"""

HALF_SURE_MM = 6.0
"""An expected error of so much makes a landmark half as sure (design)."""

ONE_PIECE = "Sacrum and coccyx are one piece: "
GUESSED = ONE_PIECE + "this is where the shape model ends the sacrum."
AT_WAIST = ONE_PIECE + "this is the back of their thinnest place."

SKIN_MARKS = ("dimple-of-venus",)


@dataclass(frozen=True, slots=True)
class Located:
    """A landmark in the body frame: (1, 3) mm, or (k, 3) along a curve; how sure (0..1), and why.

    ``shown`` tells whether the scan has bone there at all; else it is where the model expects it.
    """

    points: Floats
    confidence: float
    reason: str
    shown: bool


def locate(model: ShapeModel, found: Identified) -> dict[str, Located]:
    """All landmarks of an identified pelvis, by id, sorted."""
    carried = model.points(found.model)
    middle = float(np.mean([carried[f"{side}-psis"][0, 0] for side in ("left", "right")]))
    tree = cKDTree(found.cloud.points)
    trees = {name: cKDTree(found.model[part]) for name, part in model.parts.items()}
    located = {}
    for name, points in carried.items():
        if name.endswith(SKIN_MARKS):
            continue
        side, _, plain = name.partition("-")
        key = plain if side in ("left", "right") else name
        if key == "hip-centre":
            located[name] = _hip_centre(model, found, side, points)
            continue
        bone = model.landmarks[name].bone
        patch = trees[bone].query_ball_point(points[len(points) // 2], PATCH_MM)
        bent = float(found.bent_mm[model.parts[bone]][patch].mean()) if patch else 0.0
        gap = float(np.median(tree.query(points)[0]))
        reach = RULE_MM if key in RULES else SHOWN_MM
        shown = bone in found.bones and gap < reach + _spacing(tree)
        moved = 0.0
        if shown and key in RULES and len(points) == 1:
            misfit = max(bent, found.mean_mm)
            share = (misfit - EXPLAINED_MM) / (STRANGE_MM - EXPLAINED_MM)
            share = float(np.clip(share, 0.0, 1.0))
            if share > 0:
                sign = -1.0 if side == "right" else 1.0
                start = points[0].copy()
                if key == "sacral-promontory":
                    start[0] += share * (middle - start[0])
                spot = _furthest(found.bones[bone], start, RULES[key], sign, key)
                to = points[0] + share * (spot - points[0])
                to = _laid(found.bones[bone], to)
                moved = float(np.linalg.norm(to - points[0]))
                points = to[None]
        elif (
            shown
            and len(points) == 1
            and max(bent, found.mean_mm) > EXPLAINED_MM
            and _on_surface(model, name)
        ):
            points = _laid(found.bones[bone], points[0])[None]
        judged = _judged(key, bent, moved, shown, bone, found)
        if shown and key == "sacral-apex" and _goes_on(found.bones[bone], points[0]):
            tail = found.model[model.parts["coccyx"]].mean(axis=0)
            waist = _waist(found.bones[bone], points[0], tail - points[0])
            points = points if waist is None else waist[None]
            judged = (round(0.5 * judged[0], 2), GUESSED if waist is None else AT_WAIST)
        located[name] = Located(points, *judged, shown)
    for side in ("left", "right"):
        located[f"{side}-dimple-of-venus"] = _dimple(carried, located, side)
    return {name: located[name] for name in sorted(located)}


def _spacing(tree: cKDTree) -> float:
    """About how far the tree's points lie from each other."""
    some = tree.data[:: max(1, tree.n // 500)]
    return float(np.median(tree.query(some, k=2)[0][:, 1]))


def _furthest(bone: Surface, start: Floats, rule: Rule, sign: float, key: str) -> Floats:
    """The place of a bone's surface that fits the rule, on calmed vertices near ``start``."""
    near = np.linalg.norm(bone.vertices - start, axis=1) < rule.reach_mm
    if key == "sacral-promontory":
        near &= np.abs(bone.vertices[:, 0] - start[0]) < MIDLINE_MM
    goes_on = key == "sacral-apex" and _goes_on(bone, start)
    points = np.unique(bone.vertices[near], axis=0)
    if len(points) < 4 or goes_on:
        return start
    around = cKDTree(points).query_ball_point(points, CALM_MM)
    calm = np.array([points[k].mean(axis=0) for k in around])
    direction = np.array(rule.direction) * [sign, 1.0, 1.0]
    direction /= np.linalg.norm(direction)
    away = np.linalg.norm(calm - start, axis=1) / rule.reach_mm
    score = calm @ direction - away**2
    # What lies below the furthest by no more than the scan's own noise is as far as it, too.
    top = calm[score > score.max() - max(PLATEAU_MM, _noise(calm, direction))]
    return np.asarray(top.mean(axis=0))


def _noise(points: Floats, outwards: Floats) -> float:
    """How far points (n, 3) of a patch of bone stray from the planes through their neighbours, as a
    standard deviation; what all have in common is the patch's curvature.
    """
    _, near = cKDTree(points).query(points, k=min(NOISE_POINTS + 1, len(points)))
    around = points[near[:, 1:]]
    middle = around.mean(axis=1)
    centred = around - middle[:, None]
    normal = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))[1][:, :, 0]
    normal *= np.where(normal @ outwards < 0, -1.0, 1.0)[:, None]
    off = np.einsum("ni,ni->n", points - middle, normal)
    return float(1.4826 * np.median(np.abs(off - np.median(off))))


def _on_surface(model: ShapeModel, name: str) -> bool:
    return float(np.linalg.norm(model.landmarks[name].beside, axis=1).max()) < ON_IT_MM


def _waist(bone: Surface, apex: Floats, down: Floats) -> Floats | None:
    """The middle of the back of a bone's thinnest section near ``apex``, across ``down`` (3,), or
    None if it has no waist there.
    """
    down = down / np.linalg.norm(down)
    across = np.cross(down, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    back = np.cross(across, down)
    back *= np.sign(back[1])
    local = (bone.vertices - apex) @ np.array([across, back, down]).T
    reach = RULES["sacral-apex"].reach_mm
    levels = np.arange(-reach, reach + SLAB_MM / 2, SLAB_MM)
    pairs, _ = edges(bone)
    low, high = local[pairs].min(axis=1)[:, 2], local[pairs].max(axis=1)[:, 2]
    sections = []
    for level in levels:
        a, b = local[pairs[(low < level) & (high > level)]].transpose(1, 0, 2)
        if len(a) < 4:
            return None
        sections.append(a + (b - a) * ((level - a[:, 2]) / (b[:, 2] - a[:, 2]))[:, None])
    area = gaussian_filter1d([float(np.prod(np.ptp(s[:, :2], axis=0))) for s in sections], 2.0)
    above, below = (np.maximum.accumulate(some) for some in (area, area[::-1]))
    share = area / np.minimum(above, below[::-1])
    thin = int(np.argmin(share))
    if share[thin] > WAIST:
        return None
    section = sections[thin]
    middle = (section[:, 0].min() + section[:, 0].max()) / 2
    rim = section[np.abs(section[:, 0] - middle) < MIDLINE_MM]
    if not len(rim):
        return None
    behind = rim[rim[:, 1] > rim[:, 1].max() - PLATEAU_MM].mean(axis=0)
    return np.asarray(apex + behind @ np.array([across, back, down]))


def _goes_on(bone: Surface, apex: Floats) -> bool:
    """Whether a coccyx that is one with the sacrum goes on below its apex: then no lowest point
    tells where the sacrum ends.
    """
    return bool(bone.vertices[:, 2].min() < apex[2] - RULES["sacral-apex"].reach_mm)


def _laid(bone: Surface, point: Floats) -> Floats:
    """The mean of the bone's surface nearest to a point, so that noise does not matter."""
    corners = bone.faces[(np.abs(bone.vertices[bone.faces[:, 0]] - point) < 15.0).all(axis=1)]
    if not len(corners):
        return point
    from siexplorer.geometry.filters import closest_points

    used, faces = np.unique(corners, return_inverse=True)
    patch = Surface(bone.vertices[used], faces.reshape(-1, 3).astype(np.int32))
    return np.asarray(closest_points(patch, point[None])[0][0])


def _judged(
    key: str, bent: float, moved: float, shown: bool, bone: str, found: Identified
) -> tuple[float, str]:
    if not shown:
        covered = found.covered.get(bone, 0.0)
        if bone not in found.bones:
            return 0.1, f"The {_plain(bone)} is not in the mesh: the shape model expects it here."
        return round(0.15 + 0.15 * covered, 2), (
            f"The mesh has a gap here in the {_plain(bone)}: the shape model expects it here."
        )
    expected = float(np.hypot(HAND_MM.get(key, STRAY_MM), bent + 0.2 * moved))
    confidence = found.sure**0.5 / (1 + (expected / HALF_SURE_MM) ** 2)
    if moved > 0.5:
        why = (
            f"The bone differs from the shape model by {bent:.1f} mm here, so its rule moved it by "
            f"{moved:.1f} mm."
        )
    elif bent > EXPLAINED_MM:
        why = f"The shape model lies on the bone after bending by {bent:.1f} mm here."
    else:
        why = f"The shape model explains the bone here to {bent:.1f} mm."
    return round(float(confidence), 2), why


def _plain(bone: str) -> str:
    return bone.replace("-", " ")


def _dimple(carried: dict[str, Floats], located: dict[str, Located], side: str) -> Located:
    psis = located[f"{side}-psis"]
    behind = carried[f"{side}-dimple-of-venus"] - carried[f"{side}-psis"]
    return Located(
        psis.points + behind,
        round(psis.confidence * 0.5, 2),
        "Set behind the PSIS; a mesh of bones has no skin.",
        psis.shown,
    )


def _hip_centre(model: ShapeModel, found: Identified, side: str, start: Floats) -> Located:
    """The sphere through the scan's points that face the model's socket from outside."""
    socket = found.model[model.parts[f"{side}-hip-bone"].start + model.sockets[side]]
    first, radius = fit_sphere(socket)
    cloud: Cloud = found.cloud
    away = first - cloud.points
    distance = np.linalg.norm(away, axis=1)
    facing = np.einsum("ij,ij->i", away, cloud.normals) > 0.8 * distance
    near, _ = cKDTree(socket).query(cloud.points)
    points = cloud.points[facing & (near < 5.0) & (np.abs(distance - radius) < 4.0)]
    if len(points) < 40 or f"{side}-hip-bone" not in found.bones:
        return Located(
            start, 0.2, "The socket is not in the mesh: the shape model expects it here.", False
        )
    centre, size = fit_sphere(points)
    off = np.abs(np.linalg.norm(points - centre, axis=1) - size)
    error = float(off.mean())
    confidence = found.sure**0.5 / (1 + ((1.0 + error) / HALF_SURE_MM) ** 2)
    return Located(
        centre[None],
        round(float(confidence), 2),
        f"A sphere of {size:.1f} mm radius through {len(points)} points of the socket, "
        f"{error:.1f} mm off on average.",
        True,
    )
