"""How an ilium turns: a small rigid rotation about a mediolateral axis behind the joint.

Axis (facts 3.2, after Goode 2008 and Brunner 1991): parallel to x, through the point midway between
the middle of both PSIS and the middle of the joint surface. Sign: posterior rotation (ASIS up and
back, PSIS down) is positive.
"""

from dataclasses import dataclass

import numpy as np

from siexplorer.geometry.surface import Floats

SHOWN_LIMIT_DEG = 12.0
"""Largest angle ever drawn (facts 3.6 clamp at 12 to 15): beyond it the bones would cross."""

TRUE_LIMIT_DEG = 3.6
"""Largest true rotation ever played: the RSA maximum (Kibsgard 2012, PMC3462864)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A mediolateral axis through ``point`` (3,), parallel to x."""

    point: Floats


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn for a movement at one moment: ``factor`` is the one really used."""

    true_deg: float
    shown_deg: float
    factor: float
    clamped: bool


def si_axis(psis_left: Floats, psis_right: Floats, joint_centre: Floats) -> Axis:
    """The axis of one ilium from both PSIS (3,) and the centre (3,) of that joint's surface."""
    point = ((psis_left + psis_right) / 2 + joint_centre) / 2
    point[0] = 0.0
    return Axis(point)


def shown_rotation(true_deg: float, range_deg: float, magnification: float) -> Shown:
    """The angle to draw for a true angle within a movement of ``range_deg``.

    The factor is the same for the whole movement: as asked, or as much as keeps its end within
    ``SHOWN_LIMIT_DEG``, so that a magnified movement never stands still on its way.

    Raises
    ------
    ValueError
        If ``range_deg`` is above ``TRUE_LIMIT_DEG`` or the magnification is not within 1 to 10.
    """
    if max(abs(range_deg), abs(true_deg)) > TRUE_LIMIT_DEG + 1e-9:
        raise ValueError(
            f"a true SI rotation of {range_deg:.1f} deg exceeds the measured {TRUE_LIMIT_DEG}"
        )
    if not 1.0 <= magnification <= 10.0:
        raise ValueError(f"magnification must be 1 to 10, not {magnification:g}")
    most = SHOWN_LIMIT_DEG / abs(range_deg) if range_deg else magnification
    factor = min(magnification, most)
    return Shown(true_deg, true_deg * factor, factor, factor < magnification)


def rotation(axis: Axis, posterior_rotation_deg: float) -> Floats:
    """(4, 4) transform that turns an ilium posteriorly by the angle, about its axis."""
    angle = -np.radians(posterior_rotation_deg)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = axis.point - matrix[:3, :3] @ axis.point
    return matrix


def displacement_mm(matrix: Floats, point: Floats) -> Floats:
    """(3,) how far a point (3,) moves under a (4, 4) transform."""
    return np.asarray(matrix[:3, :3] @ point + matrix[:3, 3] - point)


def eased(at: float) -> float:
    """0..1 to 0..1, starting and stopping gently."""
    return float(at * at * (3.0 - 2.0 * at))
