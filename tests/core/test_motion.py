"""Movements: true numbers and their signs, caps, and what is drawn of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.anatomy.records import Claim, Turn
from siexplorer.exploration.moving import (
    MOST_MAGNIFIED,
    Pose,
    joints_of,
    pose,
    posture_at,
    shift_mm,
    step_at,
    turn_fault,
    value_at,
)
from siexplorer.geometry.landmarks import MIRROR
from siexplorer.geometry.motion import (
    BODIES,
    SIDES,
    TRUE_LIMIT_DEG,
    TRUE_LIMIT_MM,
    Joints,
    Posture,
    Thigh,
    beyond_caps,
    displacement_mm,
    eased,
    posed,
)
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack

ILIA = [f"{side}-ilium-{way}" for side in SIDES for way in ("flexion", "extension")]
OTHER = {"left": "right", "right": "left"}
angle = st.floats(-TRUE_LIMIT_DEG, TRUE_LIMIT_DEG, allow_subnormal=False)


@pytest.fixture(scope="module")
def found(pack: Pack) -> Joints:
    return joints_of(pack)


def mark(pack: Pack, name: str) -> Floats:
    return pack.landmarks[name][0]


def turn(joint: str, motion: str, *keys: tuple[float, float]) -> Turn:
    return Turn(joint=joint, motion=motion, keys=list(keys), claim=Claim(text="a test"))  # type: ignore[arg-type]


# Signs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ILIA)
def test_the_hip_bone_turns_as_the_words_say(known: Knowledge, pack: Pack, name: str) -> None:
    side, posterior = name.split("-")[0], name.endswith("flexion")
    end = pose(pack, known.movements[name], 1.0, 1.0)
    sign = 1.0 if posterior else -1.0
    gone = {
        place: sign * shift_mm(end.true, f"{side}-hip-bone", mark(pack, f"{side}-{place}"))
        for place in ("asis", "psis", "iliac-crest-top", "ischial-tuberosity")
    }
    assert gone["asis"][2] > 3, "posterior rotation takes the ASIS up"
    assert gone["psis"][2] < 0, "and the PSIS down"
    assert gone["iliac-crest-top"][1] > 1, "the crest back"
    assert gone["ischial-tuberosity"][1] < -1, "and the sit bone forwards"
    if posterior:
        assert gone["asis"][1] > 0, "the ASIS goes back as well"
    assert all(abs(one[0]) < 1e-9 for one in gone.values())


def test_nutation_takes_the_promontory_forward_and_down(known: Knowledge, pack: Pack) -> None:
    for name, sign in (("nutation", 1.0), ("counternutation", -1.0)):
        end = pose(pack, known.movements[name], 1.0, 1.0)
        promontory = sign * shift_mm(end.true, "sacrum", mark(pack, "sacral-promontory"))
        apex = sign * shift_mm(end.true, "sacrum", mark(pack, "sacral-apex"))
        assert promontory[1] < 0, "forward"
        assert promontory[2] < -0.5, "and down"
        assert apex[1] > 1.0, "the apex back"
        for side in SIDES:
            assert np.allclose(end.true[f"{side}-hip-bone"], np.eye(4)), "the ilia are held"


def test_a_turn_of_the_whole_pelvis_is_no_si_motion(known: Knowledge, pack: Pack) -> None:
    for name, sign in (("posterior-pelvic-tilt", 1.0), ("anterior-pelvic-tilt", -1.0)):
        end = pose(pack, known.movements[name], 1.0, 10.0)
        assert {joint.true_deg for joint in end.si.values()} == {0.0}
        assert all(np.allclose(matrix, np.eye(4)) for matrix in end.si_only.values())
        for side in SIDES:
            assert np.allclose(end.matrices[f"{side}-hip-bone"], end.matrices["sacrum"])
            asis = shift_mm(end.true, f"{side}-hip-bone", mark(pack, f"{side}-asis"))
            assert sign * asis[1] > 3, "the ASIS goes back in posterior tilt, and far"


# True millimetres ---------------------------------------------------------------------------------


@given(angle, st.sampled_from(["asis", "psis", "ischial-tuberosity", "iliac-crest-top"]))
def test_a_shift_is_the_angle_times_the_distance_from_the_axis(
    pack: Pack, degrees: float, place: str
) -> None:
    joints = joints_of(pack)
    for side in SIDES:
        posture = Posture(si_deg={**dict.fromkeys(SIDES, 0.0), side: degrees})
        if beyond_caps(joints, posture):
            continue
        where = mark(pack, f"{side}-{place}")
        arm = float(np.linalg.norm((where - joints.si_axis)[1:]))
        gone = displacement_mm(posed(joints, posture)[f"{side}-hip-bone"], where)
        assert np.linalg.norm(gone) == pytest.approx(abs(np.radians(degrees)) * arm, rel=0.05)


def test_two_degrees_in_millimetres(pack: Pack, found: Joints) -> None:
    both = posed(found, Posture(si_deg=dict.fromkeys(SIDES, 2.0)), held="hip-bones")
    promontory = np.linalg.norm(shift_mm(both, "sacrum", mark(pack, "sacral-promontory")))
    assert 2.0 < promontory < 3.5
    for side in SIDES:
        one = posed(found, Posture(si_deg={**dict.fromkeys(SIDES, 0.0), side: 2.0}))
        psis = np.linalg.norm(shift_mm(one, f"{side}-hip-bone", mark(pack, f"{side}-psis")))
        asis = np.linalg.norm(shift_mm(one, f"{side}-hip-bone", mark(pack, f"{side}-asis")))
        assert psis < 1.2
        assert 3.0 < asis < 5.0


@pytest.mark.parametrize("name", [*ILIA, "nutation", "left-loose-joint", "walking"])
def test_what_is_true_never_grows_with_the_picture(known: Knowledge, pack: Pack, name: str) -> None:
    plain, large = (pose(pack, known.movements[name], 0.8, factor) for factor in (1.0, 10.0))
    assert plain.posture == large.posture
    for body in BODIES:
        assert np.array_equal(plain.true[body], large.true[body])
        assert np.allclose(plain.matrices[body], plain.true[body]), "drawn at true size at x1"
    for side in SIDES:
        assert plain.si[side].true_mm == large.si[side].true_mm <= TRUE_LIMIT_MM
        assert plain.si[side].shown_deg == plain.si[side].true_deg == large.si[side].true_deg
        assert plain.si[side].lift_mm == 0.0


# Opposites and mirrors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nutation", "counternutation"),
        ("left-ilium-flexion", "left-ilium-extension"),
        ("posterior-pelvic-tilt", "anterior-pelvic-tilt"),
    ],
)
def test_opposite_movements_cancel(known: Knowledge, pack: Pack, one: str, other: str) -> None:
    there, back = (pose(pack, known.movements[name], 1.0, 1.0) for name in (one, other))
    for body in ("left-hip-bone", "right-hip-bone", "sacrum"):
        assert np.allclose(there.true[body] @ back.true[body], np.eye(4), atol=1e-9)
    # As far there as back; ten degrees of the whole pelvis are too large for straight lines.
    for body, place in (("left-hip-bone", "left-asis"), ("sacrum", "sacral-promontory")):
        if "tilt" in one:
            continue
        gone, come = (shift_mm(p.true, body, mark(pack, place)) for p in (there, back))
        assert np.linalg.norm(gone + come) <= 0.05 * max(1e-9, float(np.linalg.norm(gone)))


def mirrored(joints: Joints) -> Joints:
    """The same pelvis seen in a mirror."""
    flip = MIRROR.diagonal()[:3]
    return Joints(
        joints.si_axis * flip,
        {OTHER[side]: place * flip for side, place in joints.si.items()},
        {OTHER[side]: place * flip for side, place in joints.hips.items()},
        joints.discs * flip,
    )


def test_left_and_right_mirror(known: Knowledge, pack: Pack, found: Joints) -> None:
    for name, movement in known.movements.items():
        if movement.side != "left":
            continue
        twin = known.movements[f"right-{name.split('-', 1)[1]}"]
        for at in (0.3, 0.7, 1.0):
            left = posed(found, posture_at(movement, at), 2.0, movement.held, movement.pivot)
            right = posed(mirrored(found), posture_at(twin, at), 2.0, twin.held, twin.pivot)
            for body in BODIES:
                side, _, rest = body.partition("-")
                partner = f"{OTHER[side]}-{rest}" if side in OTHER else body
                assert np.allclose(MIRROR @ right[partner] @ MIRROR, left[body], atol=1e-9), name


# Caps and the clamp -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "posture",
    [
        Posture(si_deg={"left": 3.7, "right": 0.0}),
        Posture(si_deg={"left": 0.0, "right": -4.0}),
        Posture(glide_mm={"left": 2.1, "right": 0.0}),
        Posture(si_deg={"left": 3.0, "right": 0.0}, glide_mm={"left": 1.5, "right": 0.0}),
    ],
)
def test_what_was_never_measured_is_never_played(found: Joints, posture: Posture) -> None:
    with pytest.raises(ValueError, match="exceeds the measured"):
        posed(found, posture)


@pytest.mark.parametrize("magnification", [0.9, 11.0, float("nan")])
def test_the_magnification_is_one_to_ten(
    known: Knowledge, pack: Pack, magnification: float
) -> None:
    with pytest.raises(ValueError, match="magnification"):
        pose(pack, known.movements["nutation"], 1.0, magnification)


MOVEMENTS = sorted(read_knowledge().movements)


@given(st.sampled_from(MOVEMENTS), st.floats(0.0, 1.0), st.floats(1.0, MOST_MAGNIFIED))
def test_no_moment_is_beyond_a_cap_or_the_clamp(
    known: Knowledge, pack: Pack, name: str, at: float, magnification: float
) -> None:
    now = pose(pack, known.movements[name], at, magnification)
    assert beyond_caps(now.joints, now.posture) == ""
    assert 1.0 <= now.factor.used <= min(magnification, now.factor.most)
    assert now.factor.clamped == (magnification > now.factor.most + 1e-9)
    for side, joint in now.si.items():
        assert abs(joint.true_deg) <= TRUE_LIMIT_DEG
        assert joint.true_mm <= TRUE_LIMIT_MM + 1e-6
        assert joint.shown_deg == pytest.approx(joint.true_deg * now.factor.used)
        room = pack.si_room[side]
        assert room[0, 0] - 0.05 <= joint.shown_deg <= room[-1, 0] + 0.05
        assert 0.0 <= joint.lift_mm <= 3.0
    for matrix in (*now.matrices.values(), *now.true.values()):
        assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)


def test_the_clamp_is_one_factor_for_the_whole_movement(known: Knowledge, pack: Pack) -> None:
    movement = known.movements["left-loose-joint"]
    factors = {pose(pack, movement, at, 10.0).factor.used for at in (0.0, 0.3, 0.7, 1.0)}
    assert len(factors) == 1
    assert 2.0 < factors.pop() < 4.0, "3.6 degrees are drawn up to 12"
    assert not pose(pack, known.movements["left-stiff-joint"], 1.0, 10.0).factor.clamped


def test_without_room_nothing_is_magnified(known: Knowledge, pack: Pack) -> None:
    bare = Pack(pack.info, pack.surfaces, pack.landmarks, pack.centres, pack.reference_nodes)
    now = pose(bare, known.movements["nutation"], 1.0, 5.0)
    assert (now.factor.used, now.factor.most) == (1.0, 1.0)
    assert now.factor.clamped


# Over time ----------------------------------------------------------------------------------------


def resting(now: Pose) -> bool:
    return all(np.allclose(matrix, np.eye(4)) for matrix in now.matrices.values())


def test_every_movement_starts_at_rest_unless_it_goes_round(known: Knowledge, pack: Pack) -> None:
    for movement in known.movements.values():
        start, end = (pose(pack, movement, at, 5.0) for at in (0.0, 1.0))
        assert start.resting == resting(start) == (not movement.cycle), movement.id
        if movement.cycle:
            assert all(np.allclose(start.true[body], end.true[body]) for body in BODIES)
        else:
            assert not end.resting, movement.id


def test_the_step_is_the_last_one_begun(known: Knowledge) -> None:
    for movement in known.movements.values():
        assert step_at(movement, 0.0) == movement.steps[0]
        assert step_at(movement, 1.0) == movement.steps[-1]
        for step in movement.steps:
            assert step_at(movement, step.at) == step


amount = st.floats(-100.0, 100.0)


@given(st.lists(st.tuples(st.floats(0.01, 0.99), amount), max_size=4), amount, amount, st.data())
def test_a_value_stays_within_its_keys(
    between: list[tuple[float, float]], first: float, last: float, data: st.DataObject
) -> None:
    inner = sorted({round(at, 3): value for at, value in between}.items())
    keys = [(0.0, first), *inner, (1.0, last)]
    one = turn("pelvis", "posterior-tilt", *keys)
    assert turn_fault(one) == ""
    at = data.draw(st.floats(0.0, 1.0))
    value = value_at(one, at, cycle=False)
    start = max(k for k, (moment, _) in enumerate(keys) if moment <= at)
    around = [value for _, value in keys[start : start + 2]]
    assert min(around) - 1e-9 <= value <= max(around) + 1e-9
    for moment, wanted in keys:
        assert value_at(one, moment, cycle=False) == pytest.approx(wanted)


def test_a_cycle_runs_on_without_a_jolt() -> None:
    one = turn("left-hip", "flexion", (0.0, 25.0), (0.5, -10.0), (1.0, 25.0))
    at = np.linspace(0.0, 2.0, 401)
    values = [value_at(one, moment, cycle=True) for moment in at]
    assert values[0] == pytest.approx(values[200]) == pytest.approx(values[400])
    assert np.abs(np.diff(values, 2)).max() < 0.03
    assert min(values) == pytest.approx(-10.0, abs=0.5)
    assert max(values) == pytest.approx(25.0, abs=0.5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (turn("left-si", "flexion", (0, 0), (1, 1)), "cannot do"),
        (turn("left-hip", "glide", (0, 0), (1, 1)), "cannot do"),
        (turn("pelvis", "left-bend", (0, 0), (1, 1)), "cannot do"),
        (turn("trunk", "posterior-tilt", (0, 0), (1, 1)), "cannot do"),
        (turn("left-si", "glide", (0, 0)), "keys"),
        (turn("left-si", "glide", (0, 0), (0.9, 1)), "keys"),
        (turn("left-si", "glide", (0, 0), (0.5, 1), (0.5, 2), (1, 0)), "keys"),
    ],
)
def test_a_turn_that_makes_no_sense_is_said(wrong: Turn, said: str) -> None:
    assert said in turn_fault(wrong)


def test_it_starts_and_stops_gently() -> None:
    assert (eased(0.0), eased(0.5), eased(1.0)) == (0.0, 0.5, 1.0)
    assert eased(0.01) < 0.001


# Hips and spine -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ILIA)
def test_the_thigh_goes_along_without_turning(known: Knowledge, pack: Pack, name: str) -> None:
    side = name.split("-")[0]
    end = pose(pack, known.movements[name], 1.0, 10.0)
    hip, thigh = end.matrices[f"{side}-hip-bone"], end.matrices[f"{side}-femur"]
    centre = pack.centres[f"{side}-hip-joint"]
    assert np.allclose(thigh[:3, :3], np.eye(3))
    assert displacement_mm(thigh, centre) == pytest.approx(displacement_mm(hip, centre))


def test_thighs_turn_as_their_words_say(pack: Pack, found: Joints) -> None:
    for side, out in (("left", 1.0), ("right", -1.0)):
        femur, knee = f"{side}-femur", found.hips[side] - [0.0, 0.0, 400.0]

        def ends(thigh: Thigh, femur: str = femur, side: str = side) -> Floats:
            still = {name: Thigh() for name in SIDES}
            return posed(found, Posture(thighs={**still, side: thigh}))[femur]

        flexed = displacement_mm(ends(Thigh(flexion_deg=90.0)), knee)
        assert flexed == pytest.approx([0.0, -400.0, 400.0]), "forwards and up"
        apart = displacement_mm(ends(Thigh(abduction_deg=30.0)), knee)
        assert apart[0] * out > 100, "away from the midline"
        trochanter = mark(pack, f"{side}-greater-trochanter")
        rotated = displacement_mm(ends(Thigh(external_rotation_deg=20.0)), trochanter)
        assert rotated[1] > 5, "external rotation takes the trochanter back"


def test_the_spine_shares_what_the_pelvis_does(found: Joints) -> None:
    tilted = posed(found, Posture(tilt_deg=10.0))
    turned_deg = [
        float(np.degrees(np.arccos((np.trace(tilted[body][:3, :3]) - 1) / 2)))
        for body in ("sacrum", "l5-vertebra", "l4-vertebra", "l3-vertebra", "l2-vertebra")
    ]
    assert turned_deg == pytest.approx([10.0, 8.0, 6.0, 4.0, 2.0], abs=1e-6)
    assert np.allclose(tilted["l1-vertebra"][:3, :3], np.eye(3)), "the trunk stays upright"
