"""A movement record at a moment: where each bone is, and what is true of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from siexplorer.anatomy.records import Movement, Step, Turn
from siexplorer.geometry.motion import (
    SIDES,
    Joints,
    Posture,
    Thigh,
    angle_deg,
    displacement_mm,
    eased,
    joints,
    posed,
    si_shift_mm,
)
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack

MOST_MAGNIFIED = 10.0
SAMPLES = 41
"""How many moments of a movement are looked at for its largest angles (design)."""

PAUSE_AT_END_S = 0.6
"""How long a movement that goes there and back rests at either end (design)."""

STRAIN_FROM_PERCENT = 0.3
"""A ligament that becomes longer or shorter by less counts as unchanged (design)."""

MOST_DRAWN_MM = 8.0
"""Largest shift ever drawn besides the rotation (design)."""


@dataclass(frozen=True, slots=True)
class Factor:
    """How many times larger than life the SI part is drawn: as asked, or ``most`` at most."""

    asked: float
    used: float
    most: float

    @property
    def clamped(self) -> bool:
        """Whether less is drawn than was asked for."""
        return self.used < self.asked - 1e-9


@dataclass(frozen=True, slots=True)
class SiJoint:
    """One SI joint at a moment. Angles are of the innominate against the sacrum, posterior
    positive; ``true_mm`` is the real shift of the joint surface's centre. ``lift_mm`` is how far
    the innominate is drawn outwards so that magnified bones do not cross: no part of the motion.
    """

    true_deg: float
    true_mm: float
    shown_deg: float
    lift_mm: float


@dataclass(frozen=True, slots=True)
class Pose:
    """A movement at the moment ``at``.

    ``matrices`` and ``true`` (4, 4) carry each body as drawn and as it really goes; ``si_only`` as
    the SI joints alone would carry it, at their true size.
    """

    at: float
    posture: Posture
    joints: Joints
    factor: Factor
    si: dict[str, SiJoint]
    matrices: dict[str, Floats]
    true: dict[str, Floats]
    si_only: dict[str, Floats]
    step: Step | None

    @property
    def resting(self) -> bool:
        """Whether everything is drawn where it is at rest."""
        return all(np.allclose(matrix, REST, atol=1e-9) for matrix in self.matrices.values())


REST = np.eye(4)


def pose(pack: Pack, movement: Movement, at: float, magnification: float) -> Pose:
    """The pose at ``at`` in 0..1 with the SI part drawn ``magnification`` times (1..10).

    Raises
    ------
    ValueError
        If the record asks for more than was ever measured, or the magnification is out of range.
    KeyError
        If the pack lacks a landmark or a joint centre that the joints are found from.
    """
    if not 1.0 <= magnification <= MOST_MAGNIFIED:
        raise ValueError(f"magnification must be 1 to 10, not {magnification:g}")
    found = joints_of(pack)
    posture = posture_at(movement, at)
    most = most_factor(pack, movement)
    factor = Factor(magnification, min(magnification, most), most)
    lift = {
        side: _lift_mm(
            pack, side, posture.si_deg[side] * factor.used, posture.glide_mm[side] * factor.used
        )
        if factor.used > 1.0
        else 0.0
        for side in SIDES
    }
    si = {
        side: SiJoint(
            posture.si_deg[side],
            si_shift_mm(found, posture, side),
            posture.si_deg[side] * factor.used,
            lift[side],
        )
        for side in SIDES
    }
    alone = Posture(si_deg=posture.si_deg, glide_mm=posture.glide_mm)
    true = posed(found, posture, 1.0, movement.held, movement.pivot)
    drawn = dict(true)
    if factor.used != 1.0:
        drawn = posed(found, posture, factor.used, movement.held, movement.pivot, lift)
    return Pose(
        at,
        posture,
        found,
        factor,
        si,
        drawn,
        true,
        posed(found, alone, 1.0, movement.held, movement.pivot),
        step_at(movement, at),
    )


def joints_of(pack: Pack) -> Joints:
    """Where the bodies of a pack meet.

    Raises
    ------
    KeyError
        If the pack lacks a landmark or a centre for it.
    """
    if "joints" not in pack.derived:
        discs = {name: one.surface for name, one in pack.surfaces.items() if name.endswith("-disc")}
        pack.derived["joints"] = joints(pack.landmarks, pack.centres, discs)
    found: Joints = pack.derived["joints"]
    return found


def held_pose(pack: Pack, turns: Sequence[Turn]) -> Pose:
    """The pose of a body that is held still, at its true size.

    Raises
    ------
    ValueError, KeyError
        As :func:`pose` does.
    """
    found = joints_of(pack)
    posture = posture_of(turns, 0.0)
    matrices = posed(found, posture, 1.0, "sacrum", "hips")
    alone = Posture(si_deg=posture.si_deg, glide_mm=posture.glide_mm)
    si = {
        side: SiJoint(
            posture.si_deg[side], si_shift_mm(found, posture, side), posture.si_deg[side], 0.0
        )
        for side in SIDES
    }
    still = posed(found, alone, 1.0, "sacrum", "hips")
    return Pose(0.0, posture, found, Factor(1.0, 1.0, 1.0), si, matrices, matrices, still, None)


def posture_at(movement: Movement, at: float) -> Posture:
    """The true angles at a moment: the sum of all that the record's turns say."""
    return posture_of(movement.turns, at, cycle=movement.cycle)


def posture_of(turns: Sequence[Turn], at: float, *, cycle: bool = False) -> Posture:
    """The true angles that turns add up to at a moment."""
    si, glide = dict.fromkeys(SIDES, 0.0), dict.fromkeys(SIDES, 0.0)
    thighs = dict.fromkeys(SIDES, Thigh())
    whole: dict[str, float] = {}
    for turn in turns:
        value = value_at(turn, at, cycle=cycle)
        for side in _sides(turn.joint):
            if turn.motion == "posterior-rotation":
                si[side] += value
            elif turn.motion == "glide":
                glide[side] += value
            else:
                name = f"{turn.motion.replace('-', '_')}_deg"
                thighs[side] = replace(thighs[side], **{name: getattr(thighs[side], name) + value})
        if not _sides(turn.joint):
            motion, sign = turn.motion, 1.0
            if motion.startswith("right-"):
                motion, sign = motion.replace("right-", "left-"), -1.0  # type: ignore[assignment]
            key = WHOLE[turn.joint, motion]
            whole[key] = whole.get(key, 0.0) + sign * value
    return Posture(si, glide, thighs=thighs, **whole)


WHOLE = {
    ("pelvis", "posterior-tilt"): "tilt_deg",
    ("pelvis", "left-drop"): "left_drop_deg",
    ("pelvis", "left-turn"): "left_turn_deg",
    ("trunk", "flexion"): "trunk_flexion_deg",
    ("trunk", "left-bend"): "trunk_left_bend_deg",
}
"""Which angle of the posture a turn of the pelvis or the trunk is."""

OF_SI = ("posterior-rotation", "glide")
OF_THIGHS = ("flexion", "abduction", "external-rotation")


def turn_fault(turn: Turn) -> str:
    """What is wrong with a turn, in words, or an empty text."""
    motion = turn.motion.replace("right-", "left-")
    of_sides = OF_SI if turn.joint.endswith("-si") else OF_THIGHS
    fits = motion in of_sides if _sides(turn.joint) else (turn.joint, motion) in WHOLE
    if not fits:
        return f"“{turn.joint}” cannot do “{turn.motion}”"
    moments = [moment for moment, _ in turn.keys]
    if len(moments) < 2 or moments != sorted(set(moments)) or (moments[0], moments[-1]) != (0, 1):
        return f"the keys of “{turn.joint} {turn.motion}” do not run from 0 upwards to 1"
    return ""


def _sides(joint: str) -> tuple[str, ...]:
    if joint.startswith("both-"):
        return SIDES
    side = joint.partition("-")[0]
    return (side,) if side in SIDES else ()


def value_at(turn: Turn, at: float, *, cycle: bool) -> float:
    """Degrees or mm of a turn at a moment: gently from key to key, or round and round."""
    if cycle:
        return _round_and_round(tuple(turn.keys))(at % 1.0)
    for (start, first), (end, last) in pairwise(turn.keys):
        if at <= end:
            return first + (last - first) * eased(max(0.0, (at - start) / (end - start)))
    return turn.keys[-1][1]


@lru_cache(maxsize=64)
def _round_and_round(keys: tuple[tuple[float, float], ...]) -> Callable[[float], float]:
    from scipy.interpolate import CubicSpline

    moments, values = zip(*keys, strict=True)
    curve = CubicSpline(moments, (*values[:-1], values[0]), bc_type="periodic")
    return lambda at: float(curve(at))


def step_at(movement: Movement, at: float) -> Step | None:
    """The step that is being shown at a moment: the last one begun."""
    begun = [step for step in movement.steps if step.at <= at + 1e-9]
    return max(begun, key=lambda step: step.at) if begun else None


def moves_si(movement: Movement, side: str) -> bool:
    """Whether a movement turns or shifts the SI joint of a side at all."""
    return any(
        turn.joint in (f"{side}-si", "both-si") and any(value for _, value in turn.keys)
        for turn in movement.turns
    )


def most_factor(pack: Pack, movement: Movement) -> float:
    """How many times the SI part may be drawn at most: until bones would cross, for its whole
    length alike, so that a magnified movement never stands still on its way.
    """
    turns = [turn for turn in movement.turns if turn.joint.endswith("-si")]
    if turns and not pack.si_room:
        # Not known, or not yet: nothing is magnified, and nothing is kept.
        return 1.0
    key = tuple((turn.joint, turn.motion, tuple(turn.keys)) for turn in turns)
    if key not in pack.derived:
        pack.derived[key] = _most_factor(pack, movement)
    found: float = pack.derived[key]
    return found


def _most_factor(pack: Pack, movement: Movement) -> float:
    most = MOST_MAGNIFIED
    for moment in np.linspace(0.0, 1.0, SAMPLES):
        posture = posture_at(movement, float(moment))
        for side in SIDES:
            angle, glide = posture.si_deg[side], abs(posture.glide_mm[side])
            low, high = _room_deg(pack, side)
            if angle > 0:
                most = min(most, high / angle)
            elif angle < 0:
                most = min(most, low / angle)
            if glide > 0:
                most = min(most, MOST_DRAWN_MM / glide)
    return max(1.0, most)


def _room_deg(pack: Pack, side: str) -> tuple[float, float]:
    """The angles between which the bones of a side can be drawn without crossing."""
    rows = pack.si_room.get(side)
    if rows is None or not len(rows):
        return 0.0, 0.0
    return float(rows[0, 0]), float(rows[-1, 0])


def _lift_mm(pack: Pack, side: str, angle: float, glide_mm: float) -> float:
    rows = pack.si_room.get(side)
    if rows is None or not len(rows):
        return 0.0
    return float(np.interp(angle, rows[:, 0], rows[:, 1])) + pack.si_glide_lift * abs(glide_mm)


def shift_mm(matrices: dict[str, Floats], body: str, point: Floats) -> Floats:
    """(3,) how far a point (3,) of a body goes."""
    return displacement_mm(matrices[body], point)


def rotation_deg(matrices: dict[str, Floats], body: str) -> float:
    """How far a body is turned from where it is at rest, 0 to 180."""
    return angle_deg(matrices[body])
