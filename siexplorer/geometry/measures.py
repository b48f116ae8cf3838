"""Distances and angles of a pelvis from its landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siexplorer.geometry.surface import Floats, Surface

if TYPE_CHECKING:
    # The window reads this module at its start; finding landmarks brings scipy.
    from siexplorer.geometry.landmarks import Points

SLAB_MM = 3.0
OPENING_MM, RAMUS_SHARE = 4.0, 0.75
"""The ramus' inner edge begins where it has left the symphysis by so much, and ends at this share
of the way out to the tuberosity, before it rounds it (design).
"""

DISTANCES = {
    "asis_asis_mm": ("left-asis", "right-asis"),
    "psis_psis_mm": ("left-psis", "right-psis"),
    "left_asis_psis_mm": ("left-asis", "left-psis"),
    "right_asis_psis_mm": ("right-asis", "right-psis"),
    "left_psis_tuberosity_mm": ("left-psis", "left-ischial-tuberosity"),
    "right_psis_tuberosity_mm": ("right-psis", "right-ischial-tuberosity"),
    "hip_centres_mm": ("left-hip-centre", "right-hip-centre"),
    "tuberosities_mm": ("left-ischial-tuberosity", "right-ischial-tuberosity"),
    "spines_mm": ("left-ischial-spine", "right-ischial-spine"),
    "promontory_apex_mm": ("sacral-promontory", "sacral-apex"),
    "promontory_symphysis_mm": ("sacral-promontory", "pubic-symphysis"),
}
ANGLES = ("subpubic_angle_deg", "sacral_tilt_deg", "asis_psis_tilt_deg")


def measures(
    points: Points, hip_left: Surface | None, hip_right: Surface | None
) -> dict[str, float]:
    """Distances in mm and angles in degrees between landmarks in the body frame, by name; NaN where
    a landmark or a bone is missing.

    ``sacral_tilt_deg`` is how far the line from promontory to apex leans back from the vertical of
    the frame, and ``asis_psis_tilt_deg`` how far that from the ASIS up to the PSIS leans from the
    horizontal, mean of both sides; for ``subpubic_angle_deg`` see :func:`subpubic_angle`.
    """
    found = {
        name: float(np.linalg.norm(_one(points, a) - _one(points, b)))
        for name, (a, b) in DISTANCES.items()
    }
    found["subpubic_angle_deg"] = np.nan
    if hip_left is not None and hip_right is not None:
        found["subpubic_angle_deg"] = subpubic_angle(hip_left, hip_right)
    down = _one(points, "sacral-apex") - _one(points, "sacral-promontory")
    found["sacral_tilt_deg"] = float(np.degrees(np.arctan2(down[1], -down[2])))
    tilt = []
    for side in ("left", "right"):
        line = _one(points, f"{side}-psis") - _one(points, f"{side}-asis")
        tilt.append(np.degrees(np.arctan2(line[2], line[1])))
    found["asis_psis_tilt_deg"] = float(np.mean(tilt))
    return found


def subpubic_angle(hip_left: Surface, hip_right: Surface) -> float:
    """Degrees between the inner edges of both inferior pubic rami, in the plane that they span.

    Each edge is the innermost point of every slab of height below the symphysis, up to where it
    rounds the tuberosity; a straight line is laid through it. NaN if a bone has no such edge.
    """
    left = _ramus(hip_left.vertices)
    right = _ramus(hip_right.vertices * [-1.0, 1.0, 1.0]) * [-1.0, 1.0, 1.0]
    return float(np.degrees(np.arccos(np.clip(left @ right, -1.0, 1.0))))


def _ramus(hip: Floats) -> Floats:
    """The unit direction (3,) of a left hip bone's ramus, downwards along its inner edge."""
    lowest = hip[np.argmin(hip[:, 2])]
    inner = hip[(hip[:, 2] < -40) & (hip[:, 1] < lowest[1] + 10)]
    slabs = [
        inner[np.abs(inner[:, 2] - level) < SLAB_MM]
        for level in np.arange(lowest[2] + SLAB_MM, -40.0, SLAB_MM)
    ]
    edge = np.array([slab[np.argmin(slab[:, 0])] for slab in slabs if len(slab)]).reshape(-1, 3)
    if len(edge) < 4:
        return np.full(3, np.nan)
    closed = edge[:, 0] < edge[:, 0].min() + OPENING_MM
    below = edge[:, 2] < edge[closed, 2].min()
    ramus = edge[below & (edge[:, 0] < RAMUS_SHARE * lowest[0])]
    if len(ramus) < 3:
        return np.full(3, np.nan)
    along = np.linalg.svd(ramus - ramus.mean(axis=0))[2][0]
    return np.asarray(-along * np.sign(along[2]))


def _one(points: Points, name: str) -> Floats:
    return np.asarray(points[name][0]) if name in points else np.full(3, np.nan)
