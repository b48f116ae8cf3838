"""What follows the bones: soft tissue goes with them, whole, and as long as it should be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.following import Following
from siexplorer.exploration.moving import joints_of, pose
from siexplorer.geometry.clearance import Solid, solid
from siexplorer.geometry.motion import BODIES, SIDES, Joints, moved, shifted, turned
from siexplorer.geometry.skinning import (
    Carriers,
    Tied,
    carriers,
    follow,
    gathered,
    shares_of,
    tied,
)
from siexplorer.geometry.surface import Floats, Surface, edges, vertex_normals
from siexplorer.packs.pack import Pack

IN_BONE_MM, IN_BONE_PERCENT = 1.5, 0.5
"""How far into bone, and how much of a muscle more than at rest (part 2's limits)."""

STRETCH, FLIPPED_PERCENT = 2.0, 0.2
"""How much longer an edge becomes, and how many triangles turn over, where no hip bends far."""

REST = {name: np.eye(4) for name in BODIES}


def followed(tissue: Tied, matrices: dict[str, Floats], joints: Joints) -> tuple[Floats, Floats]:
    """(n, 3) points and (n, 3) normals where the bones take them."""
    points, normals = follow(tissue, matrices, joints)
    return points.T.astype(np.float64), normals.T.astype(np.float64)


@pytest.fixture(scope="module")
def following(known: Knowledge, pack: Pack) -> Following:
    return Following(known, pack)


@pytest.fixture(scope="module")
def soft(known: Knowledge, pack: Pack) -> list[str]:
    """The bodies of muscles and ligaments."""
    return [
        name
        for name, one in pack.surfaces.items()
        if one.info.role == "body"
        and one.info.entry in known.entries
        and known.entries[one.info.entry].kind in ("muscle", "ligament")
    ]


# Following ----------------------------------------------------------------------------------------


def test_at_rest_nothing_moves(following: Following, pack: Pack) -> None:
    for name in ("left-iliacus", "right-sacrotuberous-ligament", "l5-s1-disc"):
        points, normals = followed(following.tie(name), REST, joints_of(pack))
        one = pack.surfaces[name]
        assert np.allclose(points, one.surface.vertices, atol=1e-3)
        assert np.allclose(normals, one.normals, atol=1e-5)


angle = st.floats(-170.0, 170.0)
shift = st.floats(-200.0, 200.0)


@settings(max_examples=15)
@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift))
def test_when_all_bones_go_together_the_tissue_goes_rigidly(
    following: Following,
    pack: Pack,
    angles: tuple[float, float, float],
    shifts: tuple[float, float, float],
) -> None:
    whole = shifted(np.array(shifts)) @ turned(np.array(angles), np.zeros(3))
    for name in ("left-gluteus-maximus", "right-psoas-major", "left-iliolumbar-ligament"):
        one = pack.surfaces[name]
        points, normals = followed(
            following.tie(name), dict.fromkeys(BODIES, whole), joints_of(pack)
        )
        assert np.allclose(points, moved(whole, one.surface.vertices), atol=0.02)
        assert np.allclose(normals, one.normals @ whole[:3, :3].T, atol=1e-4)


def test_each_end_goes_with_the_bone_it_holds_on_to(following: Following, pack: Pack) -> None:
    for side in SIDES:
        iliacus = following.tie(f"{side}-iliacus")
        by_femur = iliacus.thighs[side]
        points = iliacus.points.T
        fossa = pack.landmarks[f"{side}-iliac-fossa"][0]
        tip = pack.landmarks[f"{side}-lesser-trochanter"][0]
        up, down = (np.linalg.norm(points - place, axis=1) for place in (fossa, tip))
        assert by_femur[up < 25].max() < 0.1, "the fossa's part stays with the ilium"
        assert by_femur[down < 12].min() > 0.8
        sheets = following.tie(f"{side}-sacrotuberous-ligament")
        assert sheets.shares[BODIES.index("sacrum")].max() > 0.95
        assert sheets.shares[BODIES.index(f"{side}-hip-bone")].max() > 0.95


def test_the_shares_of_what_carries_it_make_one_whole(
    following: Following, soft: list[str]
) -> None:
    for name in soft:
        one = following.tie(name)
        assert one.shares.min() >= 0.0
        assert np.allclose(one.shares.sum(axis=0), 1.0, atol=1e-5), name
        for side, share in one.thighs.items():
            assert (share <= one.shares[BODIES.index(f"{side}-hip-bone")] + 1e-5).all()


def strip(length_mm: float = 60.0) -> Surface:
    """A flat strip along x, from 0 to its length."""
    x, y = np.meshgrid(np.linspace(0.0, length_mm, 31), np.linspace(-5.0, 5.0, 5), indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    at = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (part.ravel() for part in (at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]))
    return Surface(points, np.vstack([np.c_[a, b, c], np.c_[a, c, d]]).astype(np.int32))


def held_by(ends: dict[str, Floats]) -> Carriers:
    """Bones that are small triangles at places."""
    corners = np.array([[0.0, -4.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 1.0]])
    face = np.array([[0, 1, 2]], dtype=np.int32)
    return carriers({name: [Surface(corners + at, face)] for name, at in ends.items()})


def test_between_two_bones_the_shares_change_evenly() -> None:
    cloth = strip()
    bones = held_by({"sacrum": np.zeros(3), "left-hip-bone": np.array([60.0, 0.0, 0.0])})
    shares = shares_of(cloth, bones)
    by_sacrum = shares[:, BODIES.index("sacrum")]
    assert np.allclose(shares.sum(axis=1), 1.0)
    middle = by_sacrum.reshape(31, 5).mean(axis=1)
    assert middle[0] > 0.99
    assert middle[-1] < 0.01
    assert (np.diff(middle) < 1e-6).all()
    assert middle[15] == pytest.approx(0.5, abs=0.05)
    far = held_by({"sacrum": np.zeros(3), "left-hip-bone": np.array([60.0, 40.0, 0.0])})
    alone = shares_of(cloth, far)
    assert np.allclose(alone[:, BODIES.index("sacrum")], 1.0), "what is far off carries nothing"


def test_several_structures_follow_as_one(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    now = pose(pack, known.movements["left-knee-lift"], 1.0, 1.0)
    parts = [
        following.tie(name) for name in ("left-iliacus", "right-multifidus", "left-piriformis")
    ]
    together, _ = followed(gathered(parts), now.true, now.joints)
    single = np.concatenate([followed(part, now.true, now.joints)[0] for part in parts])
    assert np.allclose(together, single, atol=1e-3)
    some = np.arange(0, parts[0].count, 7)
    few, _ = followed(parts[0].only(some), now.true, now.joints)
    assert np.allclose(few, single[: parts[0].count][some], atol=1e-3)


def test_round_the_hip_nothing_shrinks(pack: Pack) -> None:
    """Half of a turn by 90 degrees is one by 45, at the same distance from the hip's centre."""
    joints = joints_of(pack)
    centre = joints.hips["left"]
    points = centre + np.array([[0.0, -30.0, 0.0], [0.0, 0.0, -50.0], [20.0, 10.0, -10.0]])
    shares = np.zeros((3, len(BODIES)))
    shares[:, [BODIES.index("left-femur"), BODIES.index("left-hip-bone")]] = 0.5
    bent = {**REST, "left-femur": turned(np.array([-90.0, 0.0, 0.0]), centre)}
    gone, _ = followed(tied(points, np.zeros((3, 3)), shares), bent, joints)
    assert np.allclose(gone, moved(turned(np.array([-45.0, 0.0, 0.0]), centre), points), atol=1e-3)


# Lengths ------------------------------------------------------------------------------------------


def test_ligaments_tighten_as_described(following: Following, known: Knowledge, pack: Pack) -> None:
    strain = {
        name: following.lengths(pose(pack, known.movements[name], 1.0, 1.0))
        for name in ("nutation", "counternutation")
    }
    for side in SIDES:
        for ligament, tight in (
            ("long-posterior-sacroiliac-ligament", "counternutation"),
            ("sacrotuberous-ligament", "nutation"),
            ("sacrospinous-ligament", "nutation"),
        ):
            slack = "nutation" if tight == "counternutation" else "counternutation"
            name = f"{side}-{ligament}"
            assert strain[tight][name].change_percent > 0.5
            assert strain[slack][name].change_percent < -0.5
    assert max(abs(s.change_percent) for one in strain.values() for s in one.values()) < 10


def test_lengths_are_true_whatever_is_drawn(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    movement = known.movements["left-ilium-flexion"]
    plain, large = (following.lengths(pose(pack, movement, 1.0, factor)) for factor in (1.0, 6.0))
    assert plain == large
    still = following.lengths(pose(pack, movement, 0.0, 6.0))
    assert all(abs(one.change_mm) < 1e-3 for one in still.values())


def test_bending_the_hip_shortens_the_front_and_lengthens_the_back(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    found = following.lengths(pose(pack, known.movements["left-knee-lift"], 1.0, 1.0))
    assert found["left-iliacus"].change_percent < -3
    assert found["left-psoas-major"].change_percent < -3
    assert found["left-gluteus-maximus"].change_percent > 10
    assert abs(found["left-quadratus-lumborum"].change_percent) < 8


def test_the_joint_line_tells_gap_and_glide(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    for name in ("left-ilium-flexion", "nutation", "left-loose-joint"):
        now = pose(pack, known.movements[name], 1.0, 5.0)
        for side, line in following.joint_lines(now).items():
            whole = np.hypot(line.gap_mm, line.glide_mm)
            assert whole == pytest.approx(now.si[side].true_mm, abs=1e-6)
            assert abs(line.gap_mm) <= line.glide_mm, "a turn lets the faces glide, not gape"


# Whole and outside the bones ----------------------------------------------------------------------


def lefts(known: Knowledge) -> Iterator[str]:
    yield from (name for name, one in known.movements.items() if one.side != "right")


def bends_far(known: Knowledge, pack: Pack, name: str) -> bool:
    """Whether a thigh comes up so far that the model of what follows is at its end."""
    now = pose(pack, known.movements[name], 1.0, 1.0)
    return any(abs(thigh.flexion_deg) > FAR_DEG for thigh in now.posture.thighs.values())


FAR_DEG = 20.0


@dataclass(frozen=True)
class Inside:
    """A bone that can tell which of many points lie in it."""

    bone: Solid
    tree: cKDTree
    normals: Floats


@pytest.fixture(scope="module")
def bones(pack: Pack) -> dict[str, Inside]:
    found = {name: pack.surfaces[name].surface for name in BODIES}
    return {
        name: Inside(solid(one), cKDTree(one.vertices), vertex_normals(one))
        for name, one in found.items()
    }


def depth_mm(points: Floats, bones: dict[str, Inside], matrices: dict[str, Floats]) -> Floats:
    """(n,) how deep each of (n, 3) points lies in any bone; 0 outside."""
    deepest = np.zeros(len(points))
    for name, one in bones.items():
        here = moved(np.linalg.inv(matrices[name]), points)
        away, nearest = one.tree.query(here, distance_upper_bound=20.0)
        near = np.flatnonzero(np.isfinite(away))
        out = here[near] - one.bone.vertices[nearest[near]]
        # Exact distances are slow: only for what the nearest vertex has behind it.
        near = near[np.einsum("ij,ij->i", out, one.normals[nearest[near]]) < 0.5]
        if len(near):
            found = vtkDoubleArray()
            places = numpy_to_vtk(np.ascontiguousarray(here[near]), deep=1)
            one.bone.distance.FunctionValue(places, found)
            deepest[near] = np.maximum(deepest[near], -vtk_to_numpy(found))
    return deepest


def test_muscles_stay_out_of_the_bones(
    following: Following,
    known: Knowledge,
    pack: Pack,
    soft: list[str],
    bones: dict[str, Inside],
) -> None:
    rest = {
        name: depth_mm(pack.surfaces[name].surface.vertices, bones, REST) > IN_BONE_MM
        for name in soft
    }
    failures = []
    for movement in lefts(known):
        now = pose(pack, known.movements[movement], 1.0, 1.0)
        for name in soft:
            points, _ = followed(following.tie(name), now.true, now.joints)
            inside = depth_mm(points, bones, now.true) > IN_BONE_MM
            more = 100 * float(inside.mean() - rest[name].mean())
            if more > IN_BONE_PERCENT:
                failures.append(f"{movement}: {more:.1f} % of {name}")
    assert not failures, "; ".join(failures)


def turned_over(points: Floats, normals: Floats, faces: npt.NDArray[np.int32]) -> float:
    """Percent of triangles that face against the normals of their corners."""
    a, b, c = (points[corner] for corner in faces.T)
    facing = np.einsum("ij,ij->i", np.cross(b - a, c - a), normals[faces].mean(axis=1))
    return 100 * float((facing < 0).mean())


def lengths_of(points: Floats, pairs: npt.NDArray[np.int64]) -> Floats:
    """(k,) lengths of edges; the shortest count as longer, as their corners nearly meet."""
    return np.asarray(
        np.maximum(np.linalg.norm(points[pairs[:, 1]] - points[pairs[:, 0]], axis=1), 0.05)
    )


def test_nothing_tears_or_turns_over(
    following: Following, known: Knowledge, pack: Pack, soft: list[str]
) -> None:
    failures = []
    for name in soft:
        one = pack.surfaces[name]
        surface = one.surface
        pairs, _ = edges(surface)
        before = lengths_of(surface.vertices, pairs)
        resting = turned_over(surface.vertices, one.normals, surface.faces)
        for movement in lefts(known):
            now = pose(pack, known.movements[movement], 1.0, 1.0)
            far = bends_far(known, pack, movement)
            points, normals = followed(following.tie(name), now.true, now.joints)
            stretch = float(np.quantile(lengths_of(points, pairs) / before, 0.999))
            over = turned_over(points, normals, surface.faces) - resting
            if stretch > (FAR_STRETCH if far else STRETCH):
                failures.append(f"{movement}: {name} stretches x{stretch:.1f}")
            if over > (FAR_FLIPPED_PERCENT if far else FLIPPED_PERCENT):
                failures.append(f"{movement}: {over:.1f} % of {name} turns over")
            # Whatever the normals say that it is drawn with: no sharp fold in the surface itself.
            around = vertex_normals(Surface(points, surface.faces))
            creased = turned_over(points, around, surface.faces) - resting
            if creased > CREASED_PERCENT:
                failures.append(f"{movement}: {creased:.1f} % of {name} folds over")
    assert not failures, "; ".join(failures)


FAR_STRETCH, FAR_FLIPPED_PERCENT, CREASED_PERCENT = 7.0, 3.0, 1.0
"""The same where a hip bends far, and how many triangles face against those around them at all. At
120 degrees the shortest edges of quadratus femoris and the gemelli grow up to 5.7 times; up to
2.2 % of iliacus, which bone pushes out there, faces against its normals, and 0.5 % folds."""


def test_normals_tell_how_a_sheared_muscle_lies(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    """Where a hip bends far, shares of its turn shear a muscle, and light must fall on it so."""
    now = pose(pack, known.movements["left-knee-lift-high"], 1.0, 1.0)
    for name in ("quadratus-femoris", "superior-gemellus", "piriformis", "gluteus-maximus"):
        one = pack.surfaces[f"left-{name}"]
        points, normals = followed(following.tie(f"left-{name}"), now.true, now.joints)
        true = vertex_normals(Surface(points, one.surface.faces))
        assert np.allclose(np.linalg.norm(normals, axis=1), 1.0, atol=0.01)
        off_deg = np.degrees(np.arccos(np.clip(np.einsum("ij,ij->i", normals, true), -1.0, 1.0)))
        assert off_deg.mean() < 3.0, name
        assert np.quantile(off_deg, 0.95) < 8.0, name


def test_the_rest_of_a_pack_without_bones_stays(known: Knowledge, pack: Pack) -> None:
    bare = replace(pack, surfaces={"sacrum": pack.surfaces["sacrum"]})
    now = pose(pack, known.movements["nutation"], 1.0, 1.0)
    assert Following(known, bare).lengths(now) == {}


def test_what_bends_together_bends_as_each_alone(
    following: Following, known: Knowledge, pack: Pack
) -> None:
    names = ["left-gluteus-maximus", "left-psoas-major", "right-gluteus-maximus"]
    knee = pose(pack, known.movements["left-knee-lift"], 0.8, 5.0)
    parts = [following.tie(name) for name in names]
    whole, facing = follow(gathered(parts), knee.matrices, knee.joints)
    start = 0
    for name, part in zip(names, parts, strict=True):
        points, normals = follow(part, knee.matrices, knee.joints)
        rows = slice(start, start + part.count)
        assert np.allclose(whole[:, rows], points, atol=1e-3), name
        assert np.allclose(facing[:, rows], normals, atol=1e-4), name
        start += part.count
    quick, unturned = follow(gathered(parts), knee.matrices, knee.joints, facing=False)
    assert np.array_equal(quick, whole)
    assert np.array_equal(unturned, gathered(parts).normals)
