"""The postures of the figures, as numbers in the figure's own frame.

The figure's frame is in mm: z up, the floor at z = 0, the hips above its origin. Who lies has the
head towards +y when on the back or on a side, and towards -y when on the front; who sits, stands
or kneels looks towards -y. All of it is a choice (design), judged by eye.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from mesh_build.mannequin import (
    HIPS,
    Arm,
    Leg,
    Mannequin,
    Pose,
    Vector,
    about,
    mirrored_limb,
    put,
    reach,
    turn,
    unit,
)

from siexplorer.geometry.surface import Floats

SUPINE, PRONE = turn((1, 0, 0), -90.0), turn((1, 0, 0), 90.0)
LEFT_UP = turn((0, 1, 0), -90.0) @ SUPINE

Built = Callable[[Mannequin, dict[str, float]], Pose]


@dataclass(frozen=True, slots=True)
class Posture:
    """How to make a figure.

    ``free`` holds first guesses of numbers that ``settle`` then finds: each of its rows says which
    number to change until the lowest point of which part of the body is how high above the floor.
    """

    pose: Built
    free: dict[str, float]
    settle: list[tuple[str, str, float]]
    camera: Vector
    mirror: str | None = None
    fixture: dict[str, Any] = field(default_factory=dict)
    partner: str | None = None
    helps: bool = False


def both(left: Arm | Leg) -> dict[str, Any]:
    """The same for both sides."""
    return {"left": left, "right": mirrored_limb(left)}


def knee_of(man: Mannequin, pelvis: Floats, hips: Vector, side: str, leg: Leg) -> Floats:
    """(3,) where a leg's knee comes to lie."""
    letter = side[0].upper()
    root, middle, end = (
        man.joints[f"{name}.{letter}"] for name in ("upperleg01", "lowerleg01", "foot")
    )
    size = size_of(man)
    start = put(about(pelvis, HIPS, size * np.array(hips)), root)
    lengths = (float(np.linalg.norm(middle - root)), float(np.linalg.norm(end - middle)))
    return reach(start, size * np.array(leg.ankle), lengths, unit(leg.knee))[0] / size


LEGS_MM = 768.6
"""Thigh and shin of the woman that the postures are measured on."""


def size_of(man: Mannequin) -> float:
    """How large a mannequin is beside the one that the postures are measured on."""
    points = [man.joints[f"{name}.L"] for name in ("upperleg01", "lowerleg01", "foot")]
    legs = sum(float(np.linalg.norm(b - a)) for a, b in itertools.pairwise(points))
    return legs / LEGS_MM


def fitted(man: Mannequin, pose: Pose) -> Pose:
    """The posture at the size of a mannequin."""
    size = size_of(man)

    def larger(vector: Vector) -> Vector:
        return (size * vector[0], size * vector[1], size * vector[2])

    return replace(
        pose,
        hips=larger(pose.hips),
        arms={side: replace(arm, wrist=larger(arm.wrist)) for side, arm in pose.arms.items()},
        legs={side: replace(leg, ankle=larger(leg.ankle)) for side, leg in pose.legs.items()},
    )


def at(point: Floats, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Vector:
    """A place beside another."""
    return (float(point[0]) + x, float(point[1]) + y, float(point[2]) + z)


# --- upright ----------------------------------------------------------------------------------


def standing(man: Mannequin, free: dict[str, float]) -> Pose:
    """Upright, arms beside the body."""
    h = free["hips"]
    arm = Arm(
        (228.0, -12.0, h + 20.0),
        (0.35, 1.0, 0.0),
        (-0.05, -0.12, -1.0),
        (-1.0, -0.2, 0.1),
        26.0,
        (-5.0, 0.0),
    )
    leg = Leg((98.0, -5.0, 70.0), (0.12, -1.0, 0.0), yaw=6.0)
    return Pose(np.eye(3), (0.0, 0.0, h), (0, 0, 0), (2, 0, 0), both(arm), both(leg))


def back_to_wall(man: Mannequin, free: dict[str, float]) -> Pose:
    """Leaning back against a ball on a wall, knees soft."""
    h = free["hips"]
    arm = Arm(
        (200.0, -105.0, h + 45.0),
        (0.5, 1.0, 0.0),
        (-0.1, -0.45, -0.9),
        (-0.85, 0.45, -0.2),
        22.0,
        (-5.0, 0.0),
    )
    leg = Leg((110.0, -235.0, 70.0), (0.12, -1.0, 0.1), yaw=6.0)
    return Pose(turn((1, 0, 0), -7.0), (0.0, 0.0, h), (4, 0, 0), (8, 0, 0), both(arm), both(leg))


def at_counter(man: Mannequin, free: dict[str, float]) -> Pose:
    """Leaning with the front of the hip on the corner of a counter, hands on its top."""
    h = free["hips"]
    arm = Arm(
        (190.0, -375.0, h + 140.0), (0.6, 0.8, -0.4), (-0.1, -1.0, -0.05), (0.0, 0.0, -1.0), 10.0
    )
    leg = Leg((105.0, 150.0, 70.0), (0.1, -1.0, 0.0), yaw=5.0)
    return Pose(turn((1, 0, 0), 12.0), (0.0, 0.0, h), (14, 0, 0), (-2, 0, 0), both(arm), both(leg))


# --- on the back ------------------------------------------------------------------------------


def on_the_ball(man: Mannequin, free: dict[str, float]) -> Pose:
    """Lying back, propped on the forearms, knees bent, the buttock off the floor by a ball."""
    h = free["hips"]
    lean = free["lean"]
    pelvis = turn((1, 0, 0), -lean)
    arm = Arm(
        (205.0, 235.0, 60.0),
        (0.25, 0.75, -1.0),
        (-0.1, -1.0, 0.0),
        (0.0, 0.0, -1.0),
        12.0,
        (8.0, -8.0),
    )
    leg = Leg((125.0, -330.0, 70.0), (0.1, -0.5, 1.0), yaw=6.0)
    return Pose(pelvis, (0.0, 0.0, h), (24, 0, 0), (36, 0, 0), both(arm), both(leg))


def figure_four(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the back, the left ankle over the right knee."""
    h = free["hips"]
    hips = (0.0, 0.0, h)
    pelvis = turn((1, 0, 0), -free["lean"])
    stand = Leg((-120.0, -330.0, 70.0), (-0.1, -0.5, 1.0), yaw=-4.0)
    knee = knee_of(man, pelvis, hips, "right", stand)
    cross = Leg(at(knee, 5.0, 72.0, 52.0), (1.0, -0.35, 0.35), point=8.0)
    arm = Arm((260.0, 85.0, 60.0), (0.8, 0.6, -0.1), (0.12, -1.0, 0.0), (0.0, 0.0, -1.0), 14.0)
    return Pose(
        pelvis, hips, (-5, 0, 0), (free["neck"], 0, 0), both(arm), {"left": cross, "right": stand}
    )


def knee_to_chest(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the back, the left knee drawn to the chest with both hands."""
    h = free["hips"]
    hips = (0.0, 0.0, h)
    pelvis = turn((1, 0, 0), -90.0)
    up = Leg((100.0, -122.0, h + 238.0), (0.1, 1.0, 0.55), point=38.0)
    knee = knee_of(man, pelvis, hips, "left", up)
    down = Leg((-115.0, -755.0, 70.0), (-0.1, 0.0, 1.0), point=25.0)
    arms = {
        "left": Arm(
            at(knee, 75.0, -40.0, 5.0),
            (1.0, 0.5, -0.4),
            (-0.75, -0.5, 0.3),
            (-0.5, 0.2, -0.9),
            40.0,
            (0, 12),
        ),
        "right": Arm(
            at(knee, -70.0, -45.0, 0.0),
            (-1.0, 0.5, -0.4),
            (0.75, -0.5, 0.3),
            (0.5, 0.2, -0.9),
            40.0,
            (0, 16),
        ),
    }
    return Pose(
        pelvis, hips, (free["spine"], 0, 0), (free["neck"], 0, 0), arms, {"left": up, "right": down}
    )


# --- sitting ----------------------------------------------------------------------------------


def seated_floor(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the floor, leaning back on the hands, knees bent."""
    h = free["hips"]
    arm = Arm(
        (215.0, 395.0, 58.0), (0.3, 1.0, 0.1), (0.45, 0.9, 0.0), (0.0, 0.0, -1.0), 8.0, (6.0, -10.0)
    )
    leg = Leg((130.0, -400.0, 70.0), (0.15, -0.6, 1.0), yaw=8.0)
    return Pose(turn((1, 0, 0), -40.0), (0.0, 0.0, h), (14, 0, 0), (14, 0, 0), both(arm), both(leg))


def seated_upright(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the edge of a seat, upright, the left hand reaching round to the low back."""
    h = free["hips"]
    arms = {
        "left": Arm(
            (150.0, 118.0, h + 105.0),
            (1.0, 0.75, -0.1),
            (-1.0, 0.25, -0.05),
            (0.0, -1.0, 0.1),
            12.0,
            (4, -14),
        ),
        "right": Arm(
            (-135.0, -215.0, h + 95.0),
            (-0.8, 0.7, -0.4),
            (0.12, -1.0, -0.25),
            (0.0, -0.2, -1.0),
            16.0,
        ),
    }
    leg = Leg((125.0, -370.0, 70.0), (0.1, -1.0, 0.8), yaw=6.0)
    return Pose(turn((1, 0, 0), -2.0), (0.0, 0.0, h), (0, 0, 0), (2, 0, 0), arms, both(leg))


# --- on the front and on a side ---------------------------------------------------------------


def prone(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the front, forehead on the hands."""
    h = free["hips"]
    arm = Arm(
        (95.0, -735.0, free["wrist"]),
        (1.0, 0.15, -0.15),
        (-0.97, -0.25, 0.0),
        (0.0, 0.0, -1.0),
        8.0,
        (14.0, 6.0),
    )
    leg = Leg((100.0, 765.0, free["ankle"]), (0.15, 0.0, -1.0), point=68.0, toes=-5.0)
    return Pose(
        PRONE, (0.0, 0.0, h), (free["spine"], 0, 0), (free["neck"], 0, 0), both(arm), both(leg)
    )


def prone_hand(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the front, the left hand under the front of the hip, forehead on the right hand."""
    h = free["hips"]
    arms = {
        "left": Arm(
            (205.0, -35.0, free["under"]),
            (1.0, -0.1, 0.3),
            (-0.95, -0.3, 0.05),
            (0.0, 0.0, 1.0),
            14.0,
            (-4.0, 4.0),
        ),
        "right": Arm(
            (-85.0, -735.0, free["wrist"]),
            (-1.0, 0.15, -0.15),
            (0.97, -0.25, 0.0),
            (0.0, 0.0, -1.0),
            8.0,
            (14.0, 6.0),
        ),
    }
    leg = Leg((100.0, 765.0, free["ankle"]), (0.15, 0.0, -1.0), point=68.0, toes=-5.0)
    return Pose(PRONE, (0.0, 0.0, h), (free["spine"], 0, 0), (free["neck"], 0, 0), arms, both(leg))


def prone_propped(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the front, propped on the forearms, a roller under the front of the hip."""
    h = free["hips"]
    arm = Arm(
        (165.0, -640.0, 60.0),
        (0.35, 0.2, -1.0),
        (-0.1, -1.0, 0.0),
        (0.0, 0.0, -1.0),
        10.0,
        (6.0, 4.0),
    )
    leg = Leg((110.0, 748.0, free["ankle"]), (0.15, 0.0, -1.0), point=58.0, toes=-5.0)
    return Pose(
        turn((1, 0, 0), 84.0),
        (0.0, 0.0, h),
        (free["spine"], 0, 0),
        (-6, 0, 0),
        both(arm),
        both(leg),
    )


def left_side_up(man: Mannequin, free: dict[str, float]) -> Pose:
    """On the right side, hips and knees bent, head on the right arm."""
    h = free["hips"]
    legs = {
        "right": Leg((-70.0, -560.0, 60.0), (-1.0, 0.0, 0.0), point=20.0),
        "left": Leg((-90.0, -545.0, 146.0), (-1.0, 0.0, -0.12), point=20.0),
    }
    arms = {
        "right": Arm(
            (-330.0, 715.0, 48.0),
            (0.5, 1.0, 0.0),
            (-1.0, -0.1, 0.0),
            (0.0, 0.0, 1.0),
            24.0,
            (16.0, 18.0),
        ),
        "left": Arm(
            (-285.0, 270.0, 64.0),
            (-0.2, -0.4, 1.0),
            (-0.75, 0.65, -0.05),
            (0.0, 0.0, -1.0),
            12.0,
            (0.0, 20.0),
        ),
    }
    return Pose(LEFT_UP, (0.0, 0.0, h), (10, free["spine"], 0), (10, free["neck"], 0), arms, legs)


# --- who helps --------------------------------------------------------------------------------


def kneeling(man: Mannequin, free: dict[str, float]) -> Pose:
    """Kneeling, leaning with straight arms on hands that lie one on the other."""
    h, hands = 372.0, free["hands"]
    lean = free["lean"]
    arms = {
        "left": Arm(
            (46.0, -475.0, hands + 58.0),
            (0.8, 0.6, 0.0),
            (-0.75, -0.65, -0.12),
            (0.1, 0.15, -1.0),
            10.0,
            (0.0, 14.0),
        ),
        "right": Arm(
            (-46.0, -475.0, hands + 38.0),
            (-0.8, 0.6, 0.0),
            (0.75, -0.65, -0.12),
            (-0.1, 0.15, -1.0),
            10.0,
            (0.0, 14.0),
        ),
    }
    leg = Leg((105.0, 270.0, free["ankle"]), (0.15, -1.0, -0.6), point=60.0, toes=-10.0)
    return Pose(turn((1, 0, 0), lean), (0.0, 0.0, h), (14, 0, 0), (-8, 0, 0), arms, both(leg))


def kneeling_low(man: Mannequin, free: dict[str, float]) -> Pose:
    """At somebody who lies on the front."""
    return kneeling(man, {"hands": 215.0, "lean": 42.0, **free})


def kneeling_high(man: Mannequin, free: dict[str, float]) -> Pose:
    """At somebody who lies on a side."""
    return kneeling(man, {"hands": 325.0, "lean": 30.0, **free})


POSTURES: dict[str, Posture] = {
    "standing": Posture(standing, {"hips": 832.0}, [("hips", "feet", 0.0)], (0.55, -1.0, 0.12)),
    "standing-back-to-wall": Posture(
        back_to_wall, {"hips": 775.0}, [], (1.0, -0.3, 0.12), fixture={"kind": "wall"}
    ),
    "standing-front": Posture(
        at_counter,
        {"hips": 815.0},
        [],
        (0.95, 0.35, 0.25),
        fixture={"kind": "counter", "top_mm": 882.0},
    ),
    "lying-on-the-ball": Posture(
        on_the_ball,
        {"hips": 142.0, "lean": 78.0},
        [("hips", "pelvis", 36.0), ("lean", "elbows", -2.0)],
        (1.0, -0.45, 0.35),
    ),
    "left-figure-four": Posture(
        figure_four,
        {"hips": 130.0, "lean": 92.0, "neck": 0.0},
        [("hips", "pelvis", 28.0), ("lean", "chest", -7.0), ("neck", "head", -2.0)],
        (0.75, -0.8, 0.5),
        mirror="right-figure-four",
    ),
    "left-knee-to-chest": Posture(
        knee_to_chest,
        {"hips": 95.0, "spine": 0.0, "neck": 0.0},
        [("hips", "pelvis", -9.0), ("spine", "chest", -7.0), ("neck", "head", -2.0)],
        (1.0, -0.45, 0.4),
        mirror="right-knee-to-chest",
    ),
    "seated-floor": Posture(
        seated_floor, {"hips": 115.0}, [("hips", "pelvis", 22.0)], (1.0, -0.6, 0.3)
    ),
    "left-seated-upright": Posture(
        seated_upright,
        {"hips": 535.0},
        [("hips", "seat", 430.0)],
        (0.75, 0.75, 0.3),
        mirror="right-seated-upright",
        fixture={"kind": "seat", "top_mm": 440.0},
    ),
    "prone": Posture(
        prone,
        {"hips": 110.0, "spine": 0.0, "neck": -10.0, "wrist": 30.0, "ankle": 60.0},
        [
            ("hips", "pelvis", -6.0),
            ("spine", "chest", -8.0),
            ("neck", "head", 38.0),
            ("wrist", "hands", -1.0),
            ("ankle", "feet", -1.0),
        ],
        (1.0, 0.35, 0.5),
        partner="kneeling-partner",
    ),
    "left-prone-hand-press": Posture(
        prone_hand,
        {"hips": 115.0, "spine": 0.0, "neck": -10.0, "wrist": 30.0, "under": 40.0, "ankle": 60.0},
        [
            ("hips", "pelvis", 6.0),
            ("spine", "chest", -8.0),
            ("neck", "head", 34.0),
            ("wrist", "right-hand", -1.0),
            ("under", "left-hand", -1.0),
            ("ankle", "feet", -1.0),
        ],
        (1.0, -0.3, 0.45),
        mirror="right-prone-hand-press",
    ),
    "prone-propped": Posture(
        prone_propped,
        {"hips": 200.0, "spine": -10.0, "ankle": 60.0},
        [("hips", "pelvis", 112.0), ("spine", "elbows", -2.0), ("ankle", "feet", -1.0)],
        (1.0, -0.35, 0.3),
    ),
    "left-side-lying": Posture(
        left_side_up,
        {"hips": 165.0, "spine": 0.0, "neck": 0.0},
        [("hips", "right-thigh", -9.0), ("spine", "chest", 6.0), ("neck", "head", 66.0)],
        (-0.9, -0.5, 0.6),
        mirror="right-side-lying",
        partner="kneeling-partner-high",
    ),
    "kneeling-partner": Posture(
        kneeling_low, {"ankle": 55.0}, [("ankle", "feet", -1.0)], (0.9, -0.6, 0.25), helps=True
    ),
    "kneeling-partner-high": Posture(
        kneeling_high, {"ankle": 55.0}, [("ankle", "feet", -1.0)], (0.9, -0.6, 0.25), helps=True
    ),
}

GROUPS = {
    "feet": ("left-foot", "right-foot"),
    "hands": ("left-hand", "right-hand"),
    "elbows": ("left-forearm", "right-forearm"),
    "seat": ("pelvis",),
    "legs": ("left-thigh", "right-thigh", "left-shin", "right-shin", *("left-foot", "right-foot")),
}


def lowest(man: Mannequin, vertices: Floats, part: str) -> float:
    """How high the lowest point of a part of the body is."""
    return float(vertices[np.isin(man.region, GROUPS.get(part, (part,))), 2].min())


def settled(man: Mannequin, posture: Posture) -> Pose:
    """The posture with its free numbers found."""

    def height(free: dict[str, float], part: str) -> float:
        pose = fitted(man, posture.pose(man, free))
        return lowest(man, man.posed(pose, fine=False)[0], part)

    free = dict(posture.free)
    for _ in range(4):
        for name, part, wanted in posture.settle:
            for _ in range(5):
                here = height(free, part)
                slope = (height({**free, name: free[name] + STEP}, part) - here) / STEP
                if abs(here - wanted) < 0.3 or abs(slope) < 0.05:
                    break
                free[name] += float(np.clip((wanted - here) / slope, -12.0, 12.0))
    return fitted(man, posture.pose(man, free))


STEP = 2.0
