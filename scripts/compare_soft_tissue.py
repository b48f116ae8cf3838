"""Measure the pack's muscles against BodyParts3D's, laid on the pack by its bones alone.

``python scripts/compare_soft_tissue.py [--json] [--only left-iliacus] [--pack FOLDER]
[--npz FILE] [--save-registered FILE.npz]``

BodyParts3D's adult man has other proportions than the mean pelvis of the pack, his thighs are
turned otherwise, and his pelvis is tilted otherwise. So: (1) both come into the body frame, found
from the hip bones; (2) a similarity and then an affine transform lays his hip bones and sacrum on
the pack's; (3) from there every bone gets its own affine transform by iterative closest points;
(4) points on all his bones and where (3) and the nearest surface put them drive one smooth warp of
space, which carries his muscles. No muscle takes part in the registration.

His files are read from ``../shared/meshes`` and never copied; what this writes stays outside the
project. Exit code 1 if a muscle misses its target, 2 if the registration is not good enough.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from siexplorer.geometry.filters import closest_points, cut_closed  # noqa: E402
from siexplorer.geometry.frame import body_frame  # noqa: E402
from siexplorer.geometry.registration import (  # noqa: E402
    Samples,
    SurfaceDistance,
    icp,
    samples,
    surface_distance,
    warp,
)
from siexplorer.geometry.surface import (  # noqa: E402
    Floats,
    Surface,
    face_normals,
    volume_cm3,
)
from siexplorer.packs.pack import PackError, read_pack  # noqa: E402

MESHES = ROOT.parent / "shared" / "meshes"

TARGET_MM = {
    "iliacus": 6.0,
    "piriformis": 6.0,
    "gluteus-medius": 6.0,
    "gluteus-minimus": 6.0,
    "obturator-internus": 6.0,
    "gluteus-maximus": 9.0,
    "psoas-major": 9.0,
}
"""Greatest mean symmetric distance; other muscles are measured without one."""

CUT = {
    "psoas-major": "top",
    "iliocostalis-lumborum": "top",
    "sartorius": "bottom",
    "rectus-femoris": "bottom",
    "biceps-femoris-long-head": "bottom",
}
"""Where the pack may end a muscle early: compared only as far as both go."""

PACK_NAMES = {"long-head-of-biceps-femoris": "biceps-femoris-long-head"}
"""BodyParts3D's name, where the pack's is another."""

BONES = {
    "left-hip-bone": "left-hip-bone",
    "right-hip-bone": "right-hip-bone",
    "sacrum": "sacrum-and-coccyx",
    "left-femur": "left-femur",
    "right-femur": "right-femur",
    "l5-vertebra": "fifth-lumbar-vertebra",
    "l4-vertebra": "fourth-lumbar-vertebra",
    "l3-vertebra": "third-lumbar-vertebra",
}
"""The pack's bones and BodyParts3D's; the vertebrae take part if the pack has them."""

GOOD_HIP_MM = 3.0
"""Mean distance of the hip bones above which a comparison of muscles says nothing (design)."""

WARP_POINTS = {"hip": 450, "sacrum": 250, "femur": 300, "vertebra": 120}
SMOOTHING = 4.0
"""Points on each bone that drive the warp, and how far it may miss them (design)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One muscle of the pack against BodyParts3D's; ``passed`` is None without a target."""

    id: str
    mean_mm: float
    p95_mm: float
    pack_cm3: float
    bodyparts3d_cm3: float
    volume_ratio: float
    target_mm: float | None
    passed: bool | None
    compared: str


@dataclass(frozen=True, slots=True)
class BoneFit:
    """How well a bone lies on the pack's, after each stage, mm."""

    id: str
    pelvis_affine_mm: float
    own_affine_mm: float
    warped_mm: float


def main() -> int:
    """Compare, print, and say by the exit code whether every target is met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", metavar="ID", action="append", help="only this muscle")
    parser.add_argument("--pack", type=Path, metavar="FOLDER", help="another pack's folder")
    parser.add_argument(
        "--npz",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="surfaces that replace or join the pack's (ID/vertices, ID/faces); repeatable",
    )
    parser.add_argument(
        "--save-registered",
        type=Path,
        metavar="FILE",
        help="write BodyParts3D's surfaces in the body frame, to look at",
    )
    options = parser.parse_args()
    if not (MESHES / "bodyparts3d").is_dir() or not (MESHES / "manifest.json").is_file():
        print("compare_soft_tissue: skipped, ../shared/meshes/bodyparts3d is not here.")
        return 0
    try:
        pack = {name: one.surface for name, one in read_pack(options.pack).surfaces.items()}
    except PackError as error:
        sys.exit(f"compare_soft_tissue: {error}")
    for path in options.npz:
        pack.update(read_npz(path))
    theirs = read_bodyparts3d(MESHES)
    registered, fits = register(pack, theirs)
    if options.save_registered:
        if options.save_registered.resolve().is_relative_to(ROOT):
            sys.exit("compare_soft_tissue: BodyParts3D's surfaces may not go into the project")
        try:
            write_npz(options.save_registered, registered)
        except OSError as error:
            sys.exit(f"compare_soft_tissue: cannot write {options.save_registered} ({error})")

    muscles = sorted(name for name in registered if not is_bone(name))
    if options.only:
        unknown = sorted(set(options.only) - set(muscles))
        if unknown:
            sys.exit(f"compare_soft_tissue: no muscle {', '.join(unknown)} in BodyParts3D")
        muscles = [name for name in muscles if name in options.only]
    found = [measure(name, pack[name], registered[name]) for name in muscles if name in pack]
    missing = [name for name in muscles if name not in pack]
    if options.json:
        record = {
            "bones": [asdict(one) for one in fits],
            "muscles": [asdict(one) for one in found],
            "missing": missing,
        }
        print(json.dumps(record, indent=1))
    else:
        report(fits, found, missing)
    hips = [one.warped_mm for one in fits if one.id.endswith("hip-bone")]
    if max(hips) > GOOD_HIP_MM:
        print("compare_soft_tissue: the bones do not fit well enough to judge", file=sys.stderr)
        return 2
    return 1 if any(one.passed is False for one in found) else 0


def read_npz(path: Path) -> dict[str, Surface]:
    """Surfaces by id from a file with ``ID/vertices`` and ``ID/faces``."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = sorted({key.rsplit("/", 1)[0] for key in stored.files if "/" in key})
            return {
                name: Surface(
                    stored[f"{name}/vertices"].astype(np.float64),
                    stored[f"{name}/faces"].astype(np.int32),
                )
                for name in names
            }
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"compare_soft_tissue: {path}: not a readable file of surfaces ({error})")


def write_npz(path: Path, surfaces: dict[str, Surface]) -> None:
    """The surfaces as :func:`read_npz` reads them."""
    arrays: dict[str, Any] = {}
    for name, surface in surfaces.items():
        arrays[f"{name}/vertices"] = surface.vertices.astype(np.float32)
        arrays[f"{name}/faces"] = surface.faces
    np.savez_compressed(path, **arrays)


def read_bodyparts3d(folder: Path) -> dict[str, Surface]:
    """BodyParts3D's surfaces by id, side first, corners joined; in its own coordinates, mm."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = next(one["files"] for one in manifest["packs"] if one["pack"] == "bodyparts3d")
    surfaces = {}
    for file in files:
        name = file["structure"].replace(" ", "-")
        name = PACK_NAMES.get(name, name)
        if file["side"] != "median":
            name = f"{file['side']}-{name}"
        surfaces[name] = read_obj(folder / file["file"])
    return surfaces


def read_obj(path: Path) -> Surface:
    """The triangles of an OBJ file, vertices in one place joined."""
    points, corners = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("v "):
            points.append([float(word) for word in line.split()[1:4]])
        elif line.startswith("f "):
            numbers = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            corners += [[numbers[0], *numbers[k : k + 2]] for k in range(1, len(numbers) - 1)]
    vertices, index = np.unique(np.array(points), axis=0, return_inverse=True)
    faces = index.reshape(-1)[np.array(corners)].astype(np.int32)
    distinct = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return Surface(vertices, faces[distinct])


def is_bone(name: str) -> bool:
    """Whether a BodyParts3D id is a bone's or a disc's."""
    return name in BONES.values() or name.startswith(("intervertebral", "third-", "fourth-"))


def register(
    pack: dict[str, Surface], theirs: dict[str, Surface]
) -> tuple[dict[str, Surface], list[BoneFit]]:
    """BodyParts3D's surfaces laid on the pack by its bones, and how well the bones lie."""
    to_body = body_frame(theirs["left-hip-bone"], theirs["right-hip-bone"])
    theirs = {name: surface.moved(to_body) for name, surface in theirs.items()}
    bones = {ours: his for ours, his in BONES.items() if ours in pack and his in theirs}
    targets = {ours: whole(ours, pack) for ours in bones}

    pelvis = ("left-hip-bone", "right-hip-bone", "sacrum")
    source = _joined([samples(theirs[bones[name]], 2500) for name in pelvis])
    target = _joined([samples(targets[name], 6000) for name in pelvis])
    similar = icp(source, target, "similarity", keep=0.9)
    affine = icp(source, target, "affine", start=similar.matrix, keep=0.9)

    from_points, to_points, own = [], [], {}
    for ours, his in bones.items():
        kind = ours.rsplit("-", 1)[-1] if "-" in ours else ours
        kind = "hip" if kind == "bone" else kind
        goal = targets[ours]
        points = samples(near(theirs[his], goal, affine.matrix), 2500)
        begin = affine.matrix
        if kind in ("femur", "vertebra"):
            # These lie otherwise than the pelvis says: turn first, then stretch.
            begin = _about_middle(points, samples(goal, 2500), begin)
            begin = icp(points, samples(goal, 6000), "similarity", start=begin, keep=0.8).matrix
        own[ours] = icp(points, samples(goal, 6000), "affine", start=begin, keep=0.9).matrix
        drive = samples(near(theirs[his], goal, own[ours]), WARP_POINTS[kind])
        there = drive.moved(own[ours])
        spot, face = closest_points(goal, there.points)
        normal = face_normals(goal)[face]
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        distance = np.linalg.norm(spot - there.points, axis=1)
        agree = np.einsum("ij,ij->i", normal, there.normals) > 0.5
        use = agree & (distance < 8)
        from_points.append(drive.points[use])
        to_points.append(spot[use])
    carry = warp(np.concatenate(from_points), np.concatenate(to_points), SMOOTHING)

    registered = {
        name: Surface(np.asarray(carry(surface.vertices)), surface.faces)
        for name, surface in theirs.items()
    }
    fits = []
    for ours, his in bones.items():
        stages = [theirs[his].moved(affine.matrix), theirs[his].moved(own[ours]), registered[his]]
        fits.append(BoneFit(ours, *(bone_distance(one, targets[ours]) for one in stages)))
    return registered, fits


def whole(name: str, pack: dict[str, Surface]) -> Surface:
    """The pack's bone; its sacrum with its coccyx, as BodyParts3D has them in one."""
    if name != "sacrum" or "coccyx" not in pack:
        return pack[name]
    first, second = pack["sacrum"], pack["coccyx"]
    return Surface(
        np.concatenate([first.vertices, second.vertices]),
        np.concatenate([first.faces, second.faces + np.int32(len(first.vertices))]),
    )


def near(surface: Surface, goal: Surface, matrix: Floats) -> Surface:
    """The faces that, moved, lie no lower than the goal does: a femur may be cut."""
    height = surface.moved(matrix).vertices[surface.faces].mean(axis=1)[:, 2]
    keep = height > goal.vertices[:, 2].min() - 2.0
    return Surface(surface.vertices, surface.faces[keep])


def _joined(parts: list[Samples]) -> Samples:
    return Samples(
        np.concatenate([one.points for one in parts]),
        np.concatenate([one.normals for one in parts]),
    )


def _about_middle(source: Samples, target: Samples, matrix: Floats) -> Floats:
    """``matrix`` and then a shift that brings the tops of both together."""
    moved = source.moved(matrix).points
    shift = np.eye(4)
    for axis in range(3):
        shift[axis, 3] = (
            target.points[:, axis].mean() - moved[:, axis].mean()
            if axis < 2
            else target.points[:, 2].max() - moved[:, 2].max()
        )
    return np.asarray(shift @ matrix)


def bone_distance(moved: Surface, goal: Surface) -> float:
    """Mean symmetric distance in mm, a femur only as far down as both go."""
    low = max(moved.vertices[:, 2].min(), goal.vertices[:, 2].min()) + 3.0
    return surface_distance(moved, goal, 3000, low_z=float(low)).mean_mm


def measure(name: str, ours: Surface, theirs: Surface) -> Measured:
    """One muscle: distances and volumes, within the heights that both cover if it may be cut."""
    muscle = name.split("-", 1)[1]
    cut = CUT.get(muscle, "")
    low, high, compared = -np.inf, np.inf, "whole"
    if cut == "top":
        high = float(min(ours.vertices[:, 2].max(), theirs.vertices[:, 2].max()))
        compared = f"below z = {high:.0f} mm"
    elif cut == "bottom":
        low = float(max(ours.vertices[:, 2].min(), theirs.vertices[:, 2].min()))
        compared = f"above z = {low:.0f} mm"
    distance: SurfaceDistance = surface_distance(ours, theirs, low_z=low, high_z=high)
    volumes = [volume_cm3(between(one, low, high)) for one in (ours, theirs)]
    target = TARGET_MM.get(muscle)
    return Measured(
        id=name,
        mean_mm=round(distance.mean_mm, 2),
        p95_mm=round(distance.p95_mm, 2),
        pack_cm3=round(volumes[0], 1),
        bodyparts3d_cm3=round(volumes[1], 1),
        volume_ratio=round(volumes[0] / volumes[1], 3),
        target_mm=target,
        passed=None if target is None else distance.mean_mm <= target,
        compared=compared,
    )


def between(surface: Surface, low_z: float, high_z: float) -> Surface:
    """The closed part of a closed surface between two heights."""
    if surface.vertices[:, 2].max() > high_z + 0.5:
        surface = cut_closed(surface, np.array([0.0, 0.0, high_z]), np.array([0.0, 0.0, -1.0]))
    if surface.vertices[:, 2].min() < low_z - 0.5:
        surface = cut_closed(surface, np.array([0.0, 0.0, low_z]), np.array([0.0, 0.0, 1.0]))
    return surface


def report(fits: list[BoneFit], found: list[Measured], missing: list[str]) -> None:
    """Print two tables and what is missing."""
    print("BodyParts3D laid on the pack by its bones; mean symmetric distance in mm after")
    print(f"{'bone':<16} {'pelvis affine':>13} {'own affine':>11} {'warp':>6}")
    for bone in fits:
        print(
            f"{bone.id:<16} {bone.pelvis_affine_mm:13.2f} {bone.own_affine_mm:11.2f} "
            f"{bone.warped_mm:6.2f}"
        )
    if not any(bone.id.endswith("-vertebra") for bone in fits):
        print("(no lumbar vertebrae in the pack: pelvis and thighs alone carry the psoas)")
    print()
    print(
        f"{'muscle':<32} {'mean':>6} {'p95':>6} {'pack':>7} {'BP3D':>7} {'ratio':>6} {'target':>6}"
    )
    for one in found:
        target = "" if one.target_mm is None else f"{one.target_mm:.0f}"
        verdict = {True: "pass", False: "FAIL", None: ""}[one.passed]
        where = "" if one.compared == "whole" else f"  ({one.compared})"
        print(
            f"{one.id:<32} {one.mean_mm:6.2f} {one.p95_mm:6.2f} {one.pack_cm3:7.1f} "
            f"{one.bodyparts3d_cm3:7.1f} {one.volume_ratio:6.2f} {target:>6} {verdict}{where}"
        )
    if missing:
        print(f"\nnot in the pack: {', '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
