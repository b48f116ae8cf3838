"""How the bones of the pelvis move: rigid bodies, the joints between them, and how they turn.

The bodies are two innominates, the sacrum with the coccyx, five lumbar vertebrae and two femora.
The SI axis (facts 3.2, after Goode 2008 and Brunner 1991) is one line for both sides, parallel to
x, behind the joint surfaces at the level of S2. Hips turn about the centres of their heads,
vertebrae about the backs of their discs, near the facets. Angles are true; only the SI part is ever
drawn larger, by ``factor``.
"""

from dataclasses import dataclass, field
from math import cos, hypot, radians, sin

import numpy as np

from siexplorer.geometry.surface import Floats, Surface

TRUE_LIMIT_DEG = 3.6
"""Largest true SI rotation ever played: the RSA maximum (Kibsgard 2012, PMC3462864)."""

TRUE_LIMIT_MM = 2.0
"""Largest true shift of the joint surfaces ever played: RSA never found more (Kibsgard 2012)."""

BEHIND_DISC_MM = 18.0
"""How far behind the middle of a disc the vertebra above it turns (design: from further in front,
facets would cross when the spine arches)."""

SIDES = ("left", "right")
VERTEBRAE = ("l5-vertebra", "l4-vertebra", "l3-vertebra", "l2-vertebra", "l1-vertebra")
DISCS = ("l5-s1-disc", "l4-l5-disc", "l3-l4-disc", "l2-l3-disc", "l1-l2-disc")
BODIES = ("left-hip-bone", "right-hip-bone", "sacrum", *VERTEBRAE, "left-femur", "right-femur")

X, Y, Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class Joints:
    """Where the bodies meet, (3,) mm each: ``si_axis`` is a point of the mediolateral SI axis.

    ``discs`` (k, 3) are the middles of the discs from L5-S1 upwards, without those that are absent.
    """

    si_axis: Floats
    si: dict[str, Floats]
    hips: dict[str, Floats]
    discs: Floats


@dataclass(frozen=True, slots=True)
class Thigh:
    """The angles of a thigh against the vertical, in degrees."""

    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    external_rotation_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Posture:
    """True angles at one moment. SI angles are of the innominate against the sacrum, posterior
    positive; ``glide_mm`` is how far it slides upwards besides; the rest is against the vertical.
    """

    si_deg: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SIDES, 0.0))
    glide_mm: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SIDES, 0.0))
    tilt_deg: float = 0.0
    left_drop_deg: float = 0.0
    left_turn_deg: float = 0.0
    thighs: dict[str, Thigh] = field(default_factory=lambda: dict.fromkeys(SIDES, Thigh()))
    trunk_flexion_deg: float = 0.0
    trunk_left_bend_deg: float = 0.0


def joints(
    landmarks: dict[str, Floats], centres: dict[str, Floats], discs: dict[str, Surface]
) -> Joints:
    """Where the bodies meet, from landmarks (k, 3), joint centres (3,) and the discs' surfaces.

    The SI axis lies midway from the joint surfaces' centres back to both PSIS, as facts 3.2 has it,
    and at the level of S2: between its tubercle and the PIIS, where the joint ends at S3 (design).
    The midpoint's own level would lie above the ASIS of this pelvis and take it forwards in
    posterior rotation, where every text has it go back.

    Raises
    ------
    KeyError
        If a landmark or centre is missing.
    """
    surfaces = {side: centres[f"{side}-si-joint"] for side in SIDES}
    behind = (landmarks["left-psis"][0] + landmarks["right-psis"][0]) / 2
    below = (landmarks["left-piis"][0] + landmarks["right-piis"][0]) / 2
    middle = (surfaces["left"] + surfaces["right"]) / 2
    level = (landmarks["s2-tubercle"][0][2] + below[2]) / 2
    found = [discs[name].vertices.mean(axis=0) for name in DISCS if name in discs]
    return Joints(
        np.array([0.0, (behind[1] + middle[1]) / 2, level]),
        surfaces,
        {side: centres[f"{side}-hip-joint"] for side in SIDES},
        np.array(found).reshape(-1, 3),
    )


def turned(vector_deg: Floats, about: Floats) -> Floats:
    """(4, 4) rotation about the point ``about`` (3,) by a rotation vector (3,) in degrees."""
    # In plain numbers: some sixty of them are asked for in every picture of a movement.
    x, y, z = vector_deg.tolist()
    angle = hypot(x, y, z)
    if angle == 0.0:
        return np.eye(4)
    x, y, z = x / angle, y / angle, z / angle
    sine, cosine = sin(radians(angle)), cos(radians(angle))
    rest = 1.0 - cosine
    rows = (
        (cosine + rest * x * x, rest * x * y - sine * z, rest * x * z + sine * y),
        (rest * x * y + sine * z, cosine + rest * y * y, rest * y * z - sine * x),
        (rest * x * z - sine * y, rest * y * z + sine * x, cosine + rest * z * z),
    )
    a, b, c = about.tolist()
    held = [
        (one, two, three, place - (one * a + two * b + three * c))
        for (one, two, three), place in zip(rows, (a, b, c), strict=True)
    ]
    return np.array([*held, (0.0, 0.0, 0.0, 1.0)])


def shifted(by: Floats) -> Floats:
    """(4, 4) translation by (3,) mm."""
    matrix = np.eye(4)
    matrix[:3, 3] = by
    return matrix


def outwards(side: str) -> Floats:
    """(3,) the direction away from the midline."""
    return X if side == "left" else -X


def moved(matrix: Floats, points: Floats) -> Floats:
    """(n, 3) or (3,) points carried by a (4, 4) transform."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def displacement_mm(matrix: Floats, point: Floats) -> Floats:
    """(3,) how far a point (3,) moves under a (4, 4) transform."""
    return moved(matrix, point) - point


def angle_deg(matrix: Floats) -> float:
    """The angle of the rotation in a (4, 4) transform, 0 to 180."""
    skew = matrix[:3, :3] - matrix[:3, :3].T
    sine = np.linalg.norm([skew[2, 1], skew[0, 2], skew[1, 0]]) / 2
    return float(np.degrees(np.arctan2(sine, (np.trace(matrix[:3, :3]) - 1.0) / 2)))


def si_motion(
    joints: Joints, posture: Posture, side: str, factor: float = 1.0, lift_mm: float = 0.0
) -> Floats:
    """(4, 4) motion of one innominate against the sacrum, drawn ``factor`` times and ``lift_mm``
    outwards."""
    # In this frame (y backwards) a turn about -x takes the front up.
    rotation = turned(-X * posture.si_deg[side] * factor, joints.si_axis)
    return shifted(Z * posture.glide_mm[side] * factor + outwards(side) * lift_mm) @ rotation


def si_shift_mm(joints: Joints, posture: Posture, side: str) -> float:
    """True shift of the joint surface's centre against the sacrum."""
    motion = si_motion(joints, posture, side)
    return float(np.linalg.norm(displacement_mm(motion, joints.si[side])))


def beyond_caps(joints: Joints, posture: Posture) -> str:
    """What is more than was ever measured, in words, or an empty text."""
    for side in SIDES:
        if abs(posture.si_deg[side]) > TRUE_LIMIT_DEG + 1e-9:
            return (
                f"a true {side} SI rotation of {posture.si_deg[side]:.1f} deg exceeds the measured "
                f"{TRUE_LIMIT_DEG} deg"
            )
        shift = si_shift_mm(joints, posture, side)
        if shift > TRUE_LIMIT_MM + 1e-6:
            return (
                f"a true {side} SI shift of {shift:.2f} mm exceeds the measured {TRUE_LIMIT_MM} mm"
            )
    return ""


def posed(
    joints: Joints,
    posture: Posture,
    factor: float = 1.0,
    held: str = "sacrum",
    pivot: str = "hips",
    lift_mm: dict[str, float] | None = None,
) -> dict[str, Floats]:
    """(4, 4) transforms by body, with the SI part drawn ``factor`` times.

    ``lift_mm`` is how far each innominate is drawn outwards, to clear the sacrum when magnified.

    ``held`` (sacrum or hip-bones) is what follows the whole pelvis while the SI joints move; the
    pelvis turns on ``pivot`` (hips, left-hip or right-hip). Thighs keep their own angles and go
    where their sockets go; the lumbar joints share evenly what lies between sacrum and trunk.

    Raises
    ------
    ValueError
        If a true SI rotation or shift is larger than was ever measured.
    """
    beyond = beyond_caps(joints, posture)
    if beyond:
        raise ValueError(beyond)
    centre = joints.hips.get(pivot.removesuffix("-hip"))
    if centre is None:
        centre = (joints.hips["left"] + joints.hips["right"]) / 2
    whole = turned(-X * posture.tilt_deg, centre)
    whole = turned(Y * posture.left_drop_deg, centre) @ whole
    whole = turned(Z * posture.left_turn_deg, centre) @ whole
    bodies = {"sacrum": whole}
    if held == "hip-bones":
        bodies["sacrum"] = whole @ np.linalg.inv(si_motion(joints, posture, "left", factor))
    for side in SIDES:
        lift = lift_mm[side] if lift_mm else 0.0
        motion = si_motion(joints, posture, side, factor, lift)
        bodies[f"{side}-hip-bone"] = bodies["sacrum"] @ motion
        bodies[f"{side}-femur"] = _thigh(
            posture.thighs[side], side, joints.hips[side], bodies[f"{side}-hip-bone"]
        )
    bodies |= _spine(joints, posture, bodies["sacrum"])
    return bodies


def eased(at: float) -> float:
    """0..1 to 0..1, starting and stopping gently."""
    return float(at * at * (3.0 - 2.0 * at))


def _thigh(thigh: Thigh, side: str, centre: Floats, hip_bone: Floats) -> Floats:
    outwards = -1.0 if side == "left" else 1.0
    matrix = turned(Z * thigh.external_rotation_deg * -outwards, centre)
    matrix = turned(Y * thigh.abduction_deg * outwards, centre) @ matrix
    matrix = turned(-X * thigh.flexion_deg, centre) @ matrix
    return shifted(displacement_mm(hip_bone, centre)) @ matrix


def _spine(joints: Joints, posture: Posture, sacrum: Floats) -> dict[str, Floats]:
    """Each vertebra turns on the one below by an even share of what the trunk asks for."""
    trunk = turned(X * posture.trunk_flexion_deg, np.zeros(3))
    trunk = turned(Y * posture.trunk_left_bend_deg, np.zeros(3)) @ trunk
    between = rotation_vector_deg(trunk[:3, :3] @ sacrum[:3, :3].T)
    below, found = sacrum, {}
    share = between / max(1, len(joints.discs))
    for name, disc in zip(VERTEBRAE, joints.discs, strict=False):
        below = turned(share, moved(below, disc + Y * BEHIND_DISC_MM)) @ below
        found[name] = below
    for name in VERTEBRAE[len(joints.discs) :]:
        found[name] = below
    return found


def rotation_vector_deg(rotation: Floats) -> Floats:
    """(3,) axis times angle in degrees of a rotation (3, 3) below 180 degrees."""
    skew = np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    sine = np.linalg.norm(skew) / 2
    if sine < 1e-12:
        return np.zeros(3)
    angle = np.degrees(np.arctan2(sine, (np.trace(rotation) - 1.0) / 2))
    return np.asarray(skew / (2 * sine) * angle)
