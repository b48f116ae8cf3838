"""The built-in pelvis against published distances; spreads are two standard deviations."""

from pathlib import Path

import numpy as np
import pytest

from siexplorer.exploration.checks import PAIRED_LANDMARKS, SIGNS
from siexplorer.geometry.frame import body_frame
from siexplorer.geometry.landmarks import Bones, Points, acetabulum, femoral_head, find_landmarks
from siexplorer.geometry.surface import Surface, is_closed, volume_cm3
from siexplorer.packs.pack import Pack

PUBLISHED_MM = {
    # ASIS to ASIS: 225 ± 20 in women, 227 ± 13 in men (CT models, n = 100).
    ("left-asis", "right-asis"): (225.0, 40.0),
    # The PSIS is about 40 mm beside the midline.
    ("left-psis", "right-psis"): (80.0, 16.0),
    # CT of 100 living adults: 52 ± 10 and 114 ± 11, 58 ± 8 and 62 ± 10 along two lines.
    ("psis", "ischial-tuberosity"): (166.0, 30.0),
    ("ischial-tuberosity", "greater-trochanter"): (120.0, 26.0),
    # 49.6 ± 5.8 in men, 54.4 ± 5.2 in women (n = 149).
    ("piis", "ischial-spine"): (52.0, 13.0),
}


def distance(landmarks: Points, one: str, other: str) -> float:
    return float(np.linalg.norm(landmarks[one][0] - landmarks[other][0]))


@pytest.mark.parametrize(("pair", "published"), PUBLISHED_MM.items())
def test_distances_are_as_published(
    pack: Pack, pair: tuple[str, str], published: tuple[float, float]
) -> None:
    middle, spread = published
    sided = (
        [pair] if pair[0].startswith("left-") else [tuple(f"{s}-{n}" for n in pair) for s in SIGNS]
    )
    for one, other in sided:
        assert distance(pack.landmarks, one, other) == pytest.approx(middle, abs=spread)


@pytest.mark.parametrize("side", SIGNS)
def test_landmarks_lie_to_each_other_as_a_hand_finds_them(pack: Pack, side: str) -> None:
    at = {
        name: pack.landmarks[f"{side}-{name}"][0] * [SIGNS[side], 1, 1] for name in PAIRED_LANDMARKS
    }
    s2, base = pack.landmarks["s2-tubercle"][0], pack.landmarks["sacral-base"][0]
    x, y, z = range(3)
    assert at["iliac-crest-top"][z] > at["psis"][z] + 30
    assert at["psis"][z] > at["piis"][z] > at["ischial-spine"][z] > at["ischial-tuberosity"][z]
    assert at["asis"][z] > at["aiis"][z] > at["pubic-tubercle"][z]
    assert 40 <= np.linalg.norm(at["iliac-tubercle"] - at["asis"]) <= 70
    assert 15 <= at["pubic-tubercle"][x] <= 35
    assert at["greater-trochanter"][x] > at["iliac-tubercle"][x] > at["psis"][x]
    assert at["lesser-trochanter"][z] < at["greater-trochanter"][z]
    assert abs(s2[z] - at["psis"][z]) < 15
    assert base[y] < at["psis"][y]
    promontory = pack.landmarks["sacral-promontory"][0]
    assert promontory[y] < base[y]
    assert abs(promontory[x]) < 2
    dimple = at["dimple-of-venus"]
    assert dimple[y] > at["psis"][y]
    assert np.allclose(dimple[[x, z]], at["psis"][[x, z]])


@pytest.mark.parametrize("side", SIGNS)
def test_the_joint_lies_deeper_than_the_psis_and_a_little_below(pack: Pack, side: str) -> None:
    psis, joint = pack.landmarks[f"{side}-psis"][0], pack.centres[f"{side}-si-joint"]
    assert 20 < psis[1] - joint[1] < 60
    assert 5 < psis[2] - joint[2] < 30
    line = pack.landmarks[f"{side}-si-joint-line"]
    assert (line[:, 1] < psis[1]).all()
    assert (np.diff(line[:, 2]) < 0).all(), "the line runs from top to bottom"


@pytest.mark.parametrize("side", SIGNS)
def test_the_thigh_bone_sits_in_its_socket(bones: Bones, side: str) -> None:
    half = bones if side == "left" else bones.mirrored()
    socket, wide = acetabulum(half.hip_left)
    head, radius = femoral_head(half.femur_left)
    assert np.linalg.norm(socket - head) < 1.0
    assert 18 < radius < wide < 32


def test_bones_are_closed_and_of_human_size(bones: Bones) -> None:
    for bone, least, most in (
        (bones.hip_left, 200, 450),
        (bones.hip_right, 200, 450),
        (bones.sacrum, 120, 300),
        (bones.coccyx, 1, 15),
        (bones.femur_left, 150, 450),
        (bones.femur_right, 150, 450),
    ):
        assert is_closed(bone)
        assert least < volume_cm3(bone) < most


def test_the_rules_hold_on_another_pelvis(other_pelvis: Path) -> None:
    def load(name: str) -> Surface:
        import trimesh

        mesh = trimesh.load_mesh(other_pelvis / f"{name}.obj")
        return Surface(np.asarray(mesh.vertices), np.asarray(mesh.faces, dtype=np.int32))

    left, right, sacrum = load("FJ3288"), load("FJ3152"), load("FJ3393")
    to_body = body_frame(left, right)
    placed = [one.moved(to_body) for one in (left, right, sacrum, sacrum)]
    placed += [load(name).moved(to_body) for name in ("FJ3259", "FJ3365")]
    found = find_landmarks(Bones(*placed))
    for side in SIGNS:
        for one, other in (
            ("psis", "ischial-tuberosity"),
            ("ischial-tuberosity", "greater-trochanter"),
        ):
            middle, spread = PUBLISHED_MM[one, other]
            assert distance(found, f"{side}-{one}", f"{side}-{other}") == pytest.approx(
                middle, abs=spread
            )
        gap = distance(found, f"{side}-piis", f"{side}-ischial-spine")
        assert gap == pytest.approx(52.0, abs=13.0)
    for name in ("asis", "psis", "ischial-spine", "pubic-tubercle", "iliac-crest-top"):
        mirrored = found[f"right-{name}"][0] * [-1, 1, 1]
        assert np.linalg.norm(found[f"left-{name}"][0] - mirrored) < 12
