"""A movement record at a moment: where each bone is, and what is true of it."""

from dataclasses import dataclass

import numpy as np

from siexplorer.anatomy.records import Claim, Movement
from siexplorer.geometry.motion import (
    Shown,
    displacement_mm,
    eased,
    rotation,
    shown_rotation,
    si_axis,
)
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class Pose:
    """``matrices`` (4, 4) as drawn, by the bone that carries; ``true_mm``: real shifts by landmark.

    ``glide_mm`` is the real shift of the joint surface's centre; ``claim`` is what to say now.
    """

    shown: Shown
    matrices: dict[str, Floats]
    true_mm: dict[str, float]
    glide_mm: float
    claim: Claim


def pose(pack: Pack, movement: Movement, at: float, magnification: float) -> Pose:
    """The pose at ``at`` in 0..1 with the SI rotation drawn ``magnification`` times (1..10).

    The thigh bone is carried along without turning, so that its head stays in the socket.

    Raises
    ------
    ValueError
        If the record's true range is above what has been measured (see geometry.motion).
    """
    side = movement.side
    sign = 1.0 if movement.direction == "posterior" else -1.0
    true_deg = movement.true_range_deg * eased(at)
    shown = shown_rotation(true_deg, movement.true_range_deg, magnification)
    centre = pack.centres[f"{side}-si-joint"]
    axis = si_axis(
        pack.landmarks["left-psis"][0].copy(), pack.landmarks["right-psis"][0].copy(), centre
    )
    drawn = rotation(axis, sign * shown.shown_deg)
    true = rotation(axis, sign * true_deg)
    thigh = np.eye(4)
    thigh[:3, 3] = displacement_mm(drawn, pack.centres[f"{side}-hip-joint"])
    body = f"{side}-{movement.body}"
    shifts = {
        name: float(np.linalg.norm(displacement_mm(true, pack.landmarks[name][0])))
        for name in (f"{side}-psis", f"{side}-asis")
    }
    glide = float(np.linalg.norm(displacement_mm(true, centre)))
    begun = [stage for stage in movement.stages if stage.at <= at + 1e-9]
    claim = max(begun, key=lambda stage: stage.at).claim if begun else movement.label
    return Pose(shown, {body: drawn, f"{side}-femur": thigh}, shifts, glide, claim)
