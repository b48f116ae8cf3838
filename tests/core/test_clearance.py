"""Bones in motion: they never run into each other deeper than they do at rest."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration.moving import MOST_MAGNIFIED, joints_of, pose
from siexplorer.geometry.clearance import (
    ALLOWED_MM,
    MOST_LIFT_MM,
    NEAR_MM,
    Contact,
    Solid,
    contact,
    overlap_mm,
    room,
    solid,
)
from siexplorer.geometry.motion import BODIES, SIDES, VERTEBRAE, X, shifted, turned
from siexplorer.geometry.surface import Surface
from siexplorer.packs.pack import Pack

CROSSING_MM = 0.5
"""How much deeper than at rest bones may be drawn in each other (issue 4)."""

MOVEMENTS = sorted(read_knowledge().movements)
Pairs = list[tuple[Contact, float]]


def near_mm(one: str) -> float:
    """The neck of a femur comes near the socket's rim only when the hip bends."""
    return 60.0 if one.endswith("-femur") else NEAR_MM


@pytest.fixture(scope="module")
def solids(pack: Pack) -> dict[str, Solid]:
    return {name: solid(pack.surfaces[name].surface) for name in BODIES}


@pytest.fixture(scope="module")
def pairs(solids: dict[str, Solid]) -> Pairs:
    """Bones that face each other, and how deep they are in each other at rest."""
    faced = [
        *((f"{side}-hip-bone", "sacrum") for side in SIDES),
        ("left-hip-bone", "right-hip-bone"),
        *((f"{side}-femur", f"{side}-hip-bone") for side in SIDES),
        ("l5-vertebra", "sacrum"),
        *((f"{side}-hip-bone", "l5-vertebra") for side in SIDES),
        *zip(VERTEBRAE[1:], VERTEBRAE[:-1], strict=True),
    ]
    still = {name: np.eye(4) for name in BODIES}
    found = [contact(one, solids[one], other, solids[other], near_mm(one)) for one, other in faced]
    return [(pair, overlap_mm(solids, pair, still)) for pair in found]


@settings(max_examples=18)
@given(st.sampled_from(MOVEMENTS), st.floats(0.0, 1.0), st.floats(1.0, MOST_MAGNIFIED))
@example("left-loose-joint", 1.0, 10.0)
@example("right-ilium-extension", 1.0, 10.0)
@example("left-knee-lift-high", 1.0, 10.0)
@example("right-pelvis-over-hand", 1.0, 1.0)
def test_bones_never_cross_deeper_than_at_rest(
    known: Knowledge,
    pack: Pack,
    solids: dict[str, Solid],
    pairs: Pairs,
    name: str,
    at: float,
    magnification: float,
) -> None:
    now = pose(pack, known.movements[name], at, magnification)
    for pair, rest in pairs:
        deeper = overlap_mm(solids, pair, now.matrices) - rest
        assert deeper <= CROSSING_MM, f"{pair.one} and {pair.other}: {deeper:.2f} mm"


@given(st.floats(-2.0, 2.0))
def test_the_overlap_of_two_blocks_is_what_was_pushed_in(by_mm: float) -> None:
    corners = np.array([[x, y, z] for x in (0, 9) for y in (0, 9) for z in (0, 9)], dtype=float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))], dtype=np.int32)
    small = Surface(corners * 4 / 9 + [9.0, 2.5, 2.5], faces)
    solids = {"large": solid(Surface(corners, faces)), "small": solid(small)}
    pair = contact("small", solids["small"], "large", solids["large"], 20.0)
    drawn = {"small": shifted(-X * by_mm), "large": np.eye(4)}
    assert overlap_mm(solids, pair, drawn) == pytest.approx(max(0.0, by_mm), abs=1e-6)


def test_the_room_in_a_joint_is_what_the_pack_says(pack: Pack) -> None:
    for side in SIDES:
        rows = pack.si_room[side]
        angles = rows[:, 0]
        assert angles[0] <= -8.0
        assert angles[-1] >= 8.0
        assert (np.diff(angles) > 0).all()
        assert (rows[:, 1] >= 0).all()
        assert rows[:, 1].max() <= MOST_LIFT_MM + 0.02
        assert rows[np.abs(angles) <= 1.0, 1].max() < 0.3, "hardly any for true angles"
    some = np.array([-6.0, 6.0])
    hip, sacrum = (pack.surfaces[name].surface for name in ("left-hip-bone", "sacrum"))
    again = room(hip, sacrum, joints_of(pack), "left", some)
    wanted = np.interp(some, pack.si_room["left"][:, 0], pack.si_room["left"][:, 1])
    assert again == pytest.approx(wanted, abs=0.03)


def test_lifted_bones_cross_hardly_more_than_at_rest(
    pack: Pack, solids: dict[str, Solid], pairs: Pairs
) -> None:
    axis = joints_of(pack).si_axis
    for side, out in (("left", X), ("right", -X)):
        pair, rest = next(one for one in pairs if one[0].one == f"{side}-hip-bone")
        for angle, lift in pack.si_room[side][::4]:
            matrix = shifted(out * lift) @ turned(-X * angle, axis)
            drawn = {f"{side}-hip-bone": matrix, "sacrum": np.eye(4)}
            assert overlap_mm(solids, pair, drawn) - rest <= ALLOWED_MM + 0.05
