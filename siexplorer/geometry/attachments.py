"""Attachment and named areas on the bones, as fields that are positive inside.

Each area is a smallest-of-distances field on a bone's vertices, built from that pelvis' own
landmarks, so it follows when the shape changes. Extents follow the usual descriptions (facts 4.1);
exact widths are design choices. Left side; mirror the bones for the right.
"""

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import clip_by_scalar
from siexplorer.geometry.landmarks import Bones, Points, joint_patch, support
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    largest_piece,
    neighbour_mean,
    vertex_normals,
)

LIFT_MM = 0.35
"""How far a painted area floats above its bone, so that it is drawn whole."""


def left_areas(bones: Bones, left: Points) -> dict[str, tuple[str, Surface]]:
    """Area id (without side) to the bone it lies on and its open patch, for the left side.

    ``left`` are the left landmarks without their side; midline ones as they are.
    """
    fields = {
        "iliac-fossa": ("hip-bone", bones.hip_left, _iliac_fossa(bones, left, upper_part=0.0)),
        "iliacus-origin": ("hip-bone", bones.hip_left, _iliacus_origin(bones, left)),
        "iliacus-ala": ("sacrum", bones.sacrum, _sacral_ala(bones, left)),
        "iliacus-insertion": ("femur", bones.femur_left, _lesser_trochanter(bones, left)),
        "piriformis-origin": ("sacrum", bones.sacrum, _pelvic_sacrum(bones, left)),
        "piriformis-insertion": ("femur", bones.femur_left, _trochanter_tip(bones, left)),
    }
    return {
        name: (bone, painted(surface, field)) for name, (bone, surface, field) in fields.items()
    }


def painted(surface: Surface, field: Floats) -> Surface:
    """The patch where the field is positive, lifted off the bone along its normals."""
    smooth = neighbour_mean(surface, field, rounds=3)
    lifted = Surface(surface.vertices + LIFT_MM * vertex_normals(surface), surface.faces)
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
    to_front = _distance(points, _dense(np.concatenate([left["asis"], left["aiis"]])))
    to_joint = _distance(points, joint_patch(hip, bones.sacrum))
    facing = normals @ np.array([-0.72, -0.62, 0.3])
    share = to_brim / np.maximum(to_brim + to_crest, 1.0)
    return np.asarray(
        np.minimum.reduce(
            [
                to_crest - 5.0,
                to_brim - 4.0,
                to_front - 6.0,
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
    """The lesser trochanter and the shaft just below it."""
    points = bones.femur_left.vertices
    tip = left["lesser-trochanter"][0]
    below = points[np.abs(points[:, 2] - (tip[2] - 22.0)) < 4.0]
    shaft = support(below, (-0.8, 0.6, 0.0))
    return np.asarray(9.0 - _distance(points, _dense(np.array([tip, shaft]))))


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
