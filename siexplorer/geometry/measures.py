"""Distances and angles of a pelvis from its landmarks."""

import numpy as np

from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.surface import Floats

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


def measures(points: Points) -> dict[str, float]:
    """Distances in mm and angles in degrees between landmarks in the body frame, by name.

    ``subpubic_angle_deg`` lies at the symphysis between the lowest points of both tuberosities;
    ``sacral_tilt_deg`` is how far the line from promontory to apex leans back from the vertical of
    the frame, and ``asis_psis_tilt_deg`` how far that from the PSIS down to the ASIS leans from the
    horizontal, mean of both sides.
    """
    found = {
        name: float(np.linalg.norm(_one(points, a) - _one(points, b)))
        for name, (a, b) in DISTANCES.items()
    }
    front = _one(points, "pubic-symphysis")
    left, right = (_one(points, f"{side}-ischial-tuberosity") - front for side in ("left", "right"))
    cosine = left @ right / (np.linalg.norm(left) * np.linalg.norm(right))
    found["subpubic_angle_deg"] = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    down = _one(points, "sacral-apex") - _one(points, "sacral-promontory")
    found["sacral_tilt_deg"] = float(np.degrees(np.arctan2(down[1], -down[2])))
    tilt = []
    for side in ("left", "right"):
        line = _one(points, f"{side}-psis") - _one(points, f"{side}-asis")
        tilt.append(np.degrees(np.arctan2(line[2], line[1])))
    found["asis_psis_tilt_deg"] = float(np.mean(tilt))
    return found


def _one(points: Points, name: str) -> Floats:
    return np.asarray(points[name][0])
