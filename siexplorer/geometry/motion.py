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
    """What is drawn for a movement at one moment."""

    true_deg: float
    shown_deg: float
    factor_asked: float
    clamped: bool

    @property
    def factor(self) -> float:
        """The factor really drawn; 1 where nothing moves."""
        return self.shown_deg / self.true_deg if self.true_deg else 1.0


def si_axis(psis_left: Floats, psis_right: Floats, joint_centre: Floats) -> Axis:
    """The axis of one ilium from both PSIS (3,) and the centre (3,) of that joint's surface."""
    point = ((psis_left + psis_right) / 2 + joint_centre) / 2
    point[0] = 0.0
    return Axis(point)


def shown_rotation(true_deg: float, magnification: float) -> Shown:
    """The angle to draw for a true angle: magnified, and held at ``SHOWN_LIMIT_DEG``.

    Raises
    ------
    ValueError
        If ``true_deg`` is above ``TRUE_LIMIT_DEG`` or the magnification is not within 1 to 10.
    """
    if abs(true_deg) > TRUE_LIMIT_DEG + 1e-9:
        raise ValueError(
            f"a true SI rotation of {true_deg:.1f} deg exceeds the measured {TRUE_LIMIT_DEG}"
        )
    if not 1.0 <= magnification <= 10.0:
        raise ValueError(f"magnification must be 1 to 10, not {magnification:g}")
    asked = true_deg * magnification
    shown = float(np.clip(asked, -SHOWN_LIMIT_DEG, SHOWN_LIMIT_DEG))
    return Shown(true_deg, shown, magnification, abs(asked) > SHOWN_LIMIT_DEG)


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
