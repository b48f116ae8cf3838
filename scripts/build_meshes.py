"""Build the built-in pack ``meshes/si-atlas`` from PyPI alone; two runs give identical bytes.

``python3 scripts/build_meshes.py`` makes ``.venv-build`` with the pinned packages of the ``meshes``
extra, evaluates the mean pelvis and femur of the LLP26 atlas, brings them into the body frame, adds
what is modelled, finds the landmarks and writes GLB, landmarks and ``pack.toml``.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "meshes" / "si-atlas"

HIP_DENSITY, SACRUM_DENSITY, FEMUR_DENSITY = 11, 8, 9
"""Points along each element edge, so that outlines look smooth close up within the frame budget."""

AREA_FACTOR = 1.45
"""Areas are painted on bones this much denser, for a smooth border."""

FEMUR_SHARE_KEPT = 2 / 3

REFERENCE_NODES = {
    "left-asis": 1004,
    "right-asis": 466,
    "left-psis": 924,
    "right-psis": 384,
    "left-pubic-tubercle": 643,
    "right-pubic-tubercle": 102,
    "left-ischial-spine": 773,
    "right-ischial-spine": 233,
    "left-ischial-tuberosity": 566,
    "right-ischial-tuberosity": 25,
}
"""Landmark nodes that the atlas' authors set (gias3.musculoskeletal, fw_pelvis_model_data.py)."""


def main() -> None:
    """Re-run inside the build environment, then build."""
    inside = os.environ.get("SIEXPLORER_MESH_BUILD") == "1"
    if not inside:
        home = ROOT / ".venv-build"
        python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            venv.create(home, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-e", f"{ROOT}[meshes]"]
        subprocess.run(install, check=True)
        again = subprocess.run(
            [str(python), __file__], env={**os.environ, "SIEXPLORER_MESH_BUILD": "1"}, check=False
        )
        sys.exit(again.returncode)
    build()


def atlas_field(name, ensemble):  # type: ignore[no-untyped-def]
    """Load one geometric field of the atlas. Returns the field with (3, nodes, 1) parameters."""
    import numpy
    import scipy

    # The atlas' own reader still calls NumPy through SciPy's old aliases.
    for alias in ("dot", "array", "zeros", "hstack", "vstack", "arange", "where"):
        if not hasattr(scipy, alias):
            setattr(scipy, alias, getattr(numpy, alias))
    from gias3.fieldwork.field import geometric_field
    from musculoskeletal.models import get_model_path

    folder = Path(str(get_model_path(f"atlas_meshes/{ensemble}.ens"))).parent
    return geometric_field.load_geometric_field(
        str(folder / f"{name}.geof"),
        str(folder / f"{ensemble}.ens"),
        str(folder / f"{ensemble}.mesh"),
    )


def node_map(field, density):  # type: ignore[no-untyped-def]
    """Sparse (vertices, nodes) map and (m, 3) faces of a field at a density: ``V = map @ nodes``.

    The map is what lets a shape mode, given on the nodes, move every vertex of this pack.
    Vertices shared by elements are merged; faces point outwards.
    """
    import numpy as np
    from scipy.sparse import csr_array, lil_array

    field.flatten_ensemble_field_function()
    function = field.ensemble_field_function
    nodes = field.get_number_of_points()
    blocks, basis = [], {}
    for number in np.sort(list(function.mesh.elements)):
        element = function.mesh.elements[number]
        if element.type not in basis:
            grid = element.generate_eval_grid([density, density])
            basis[element.type] = function.basis[element.type].eval(grid.T).T
        mapping = function.mapper._element_to_ensemble_map[number]
        order = function.mapper._custom_ensemble_order if function.mapper.has_custom_map else None
        local = lil_array((len(mapping), nodes))
        for point, (globals_, weights) in mapping.items():
            for node, weight in zip(globals_, weights, strict=True):
                local[point, order[node] if order else node] += float(np.squeeze(weight))
        weights_here = basis[element.type]
        if weights_here.shape[1] != len(mapping):
            weights_here = weights_here.T
        blocks.append(csr_array(weights_here @ local.toarray()))
    from scipy.sparse import vstack

    full = csr_array(vstack(blocks))
    raw_faces = np.asarray(field.triangulator._triangulate([density, density]))[:, ::-1]
    positions = full @ field.field_parameters[:, :, 0].T
    keys = np.round(positions, 4)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    faces = inverse[raw_faces]
    proper = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    )
    return full[first], faces[proper].astype(np.int32)


def pieces(surface):  # type: ignore[no-untyped-def]
    """The closed pieces of a surface as face masks, largest x-mean first."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from siexplorer.geometry.surface import edges

    pairs, _ = edges(surface)
    size = len(surface.vertices)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    masks = [label[surface.faces[:, 0]] == k for k in range(count)]
    masks = [m for m in masks if m.any()]
    return sorted(masks, key=lambda m: -surface.vertices[surface.faces[m]][..., 0].mean())


def outwards(surface):  # type: ignore[no-untyped-def]
    """The closed surface wound so that its volume is positive."""
    from siexplorer.geometry.surface import Surface, volume_cm3

    if volume_cm3(surface) > 0:
        return surface
    return Surface(surface.vertices, surface.faces[:, ::-1].copy())


def mean_bones(pelvis, femur, factor):  # type: ignore[no-untyped-def]
    """Left hip, right hip, sacrum and left femur at ``factor`` times the densities, atlas frame."""
    from siexplorer.geometry.surface import Surface, compacted

    nodes = pelvis.field_parameters[:, :, 0].T
    found = []
    for density in (HIP_DENSITY, SACRUM_DENSITY):
        weights, faces = node_map(pelvis, round(density * factor))
        whole = Surface(weights @ nodes, faces)
        left, sacrum, right = [outwards(compacted(whole, mask)) for mask in pieces(whole)]
        found.append((left, right, sacrum))
    weights, faces = node_map(femur, round(FEMUR_DENSITY * factor))
    thigh = outwards(Surface(weights @ femur.field_parameters[:, :, 0].T, faces))
    return found[0][0], found[0][1], found[1][2], thigh


def assemble(pelvis, femur, factor, to_body):  # type: ignore[no-untyped-def]
    """All bones in the body frame. ``to_body`` None finds the frame; it is returned beside them."""
    import numpy as np

    from siexplorer.geometry.coccyx import modelled_coccyx
    from siexplorer.geometry.filters import cut_closed
    from siexplorer.geometry.frame import body_frame
    from siexplorer.geometry.landmarks import MIRROR, Bones, acetabulum, femoral_head

    left, right, sacrum, thigh = mean_bones(pelvis, femur, factor)
    if to_body is None:
        to_body = body_frame(left, right)
    left, right, sacrum, thigh = (s.moved(to_body) for s in (left, right, sacrum, thigh))
    low, high = thigh.vertices[:, 2].min(), thigh.vertices[:, 2].max()
    cut = np.array([0.0, 0.0, high - FEMUR_SHARE_KEPT * (high - low)])
    head, _ = femoral_head(thigh)
    thigh = cut_closed(thigh, cut, np.array([0.0, 0.0, 1.0]))
    femora = []
    for hip in (left, right.moved(MIRROR)):
        place = np.eye(4)
        place[:3, 3] = acetabulum(hip)[0] - head
        femora.append(thigh.moved(place))
    lowest = sacrum.vertices[np.argmin(sacrum.vertices[:, 2])]
    coccyx = modelled_coccyx(sacrum, lowest)
    bones = Bones(left, right, sacrum, coccyx, femora[0], femora[1].moved(MIRROR))
    return bones, to_body


def build() -> None:
    """Write ``meshes/si-atlas``."""
    import hashlib
    import json
    import logging

    import numpy as np
    import trimesh

    from siexplorer.geometry.attachments import left_areas
    from siexplorer.geometry.landmarks import MIRROR, acetabulum, find_landmarks, joint_patch
    from siexplorer.geometry.surface import is_closed, vertex_normals

    logging.disable(logging.WARNING)
    pelvis = atlas_field("pelvis_combined_cubic_mean_rigid_LLP26", "pelvis_combined_cubic_flat")
    femur = atlas_field("femur_left_mean_rigid_LLP26", "femur_left_quartic_flat")
    bones, to_body = assemble(pelvis, femur, 1, None)
    fine, _ = assemble(pelvis, femur, AREA_FACTOR, to_body)

    surfaces = {
        "left-hip-bone": (bones.hip_left, "left-hip-bone", "left-hip-bone", "statistical mean"),
        "right-hip-bone": (bones.hip_right, "right-hip-bone", "right-hip-bone", "statistical mean"),
        "sacrum": (bones.sacrum, "sacrum", "sacrum", "statistical mean"),
        "coccyx": (bones.coccyx, "coccyx", "sacrum", "modelled"),
        "left-femur": (bones.femur_left, "left-femur", "left-femur", "statistical mean"),
        "right-femur": (
            bones.femur_right,
            "right-femur",
            "right-femur",
            "statistical mean, mirrored",
        ),
    }
    for name, bone in surfaces.items():
        if not is_closed(bone[0]):
            sys.exit(f"build_meshes: {name} is not closed")
    found = find_landmarks(bones)
    on = {"hip-bone": "{}-hip-bone", "sacrum": "sacrum", "femur": "{}-femur"}
    for side in ("left", "right"):
        half = fine if side == "left" else fine.mirrored()
        sign = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
        local = {
            name.removeprefix(f"{side}-"): points * sign
            for name, points in found.items()
            if name.startswith(side) or not name.startswith(("left-", "right-"))
        }
        for name, (bone, patch) in left_areas(half, local).items():
            placed = patch if side == "left" else patch.moved(MIRROR)
            entry = f"{side}-{name.split('-')[0]}" if name != "iliac-fossa" else f"{side}-{name}"
            surfaces[f"{side}-{name}"] = (placed, entry, on[bone].format(side), "modelled")
            if name == "iliac-fossa":
                away = np.linalg.norm(placed.vertices - placed.vertices.mean(axis=0), axis=1)
                middle = np.argmin(away)
                # The wing is thin here: a mark right on it would show through from outside.
                lifted = placed.vertices[middle] + 3.5 * vertex_normals(placed)[middle]
                found[f"{side}-{name}"] = lifted[None]

    centres = {}
    for side, half in (("left", bones), ("right", bones.mirrored())):
        sign = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
        centres[f"{side}-hip-joint"] = acetabulum(half.hip_left)[0] * sign
        centres[f"{side}-si-joint"] = joint_patch(half.hip_left, half.sacrum).mean(axis=0) * sign

    scene = trimesh.Scene()
    for name, (surface, *_) in surfaces.items():
        mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
        mesh.visual = trimesh.visual.TextureVisuals()
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    OUT.mkdir(parents=True, exist_ok=True)
    glb = scene.export(file_type="glb")
    nodes = pelvis.field_parameters[:, :, 0].T @ to_body[:3, :3].T + to_body[:3, 3]
    record = {
        "landmarks": {
            name: {"points_mm": np.round(points, 3).tolist()}
            for name, points in sorted(found.items())
        },
        "centres_mm": {name: np.round(point, 3).tolist() for name, point in centres.items()},
        "reference_nodes_mm": {
            name: np.round(nodes[number], 3).tolist() for name, number in REFERENCE_NODES.items()
        },
    }
    text = json.dumps(record, indent=1) + "\n"
    (OUT / "si-atlas.glb").write_bytes(glb)
    (OUT / "landmarks.json").write_text(text, encoding="utf-8")
    lines = [PACK_HEAD]
    for name, data in (("si-atlas.glb", glb), ("landmarks.json", text.encode())):
        digest = hashlib.sha256(data).hexdigest()
        lines.append(f'[[file]]\nname = "{name}"\nbytes = {len(data)}\nsha256 = "{digest}"\n')
    for name, (surface, entry, moves_with, provenance) in surfaces.items():
        lines.append(
            f'[[surface]]\nid = "{name}"\nentry = "{entry}"\nmoves_with = "{moves_with}"\n'
            f'provenance = "{provenance}"\nclosed = {str(is_closed(surface)).lower()}\n'
            f"reviewed = false\ntriangles = {len(surface.faces)}\n"
        )
    (OUT / "pack.toml").write_text("\n".join(lines), encoding="utf-8")
    total = sum(len(s[0].faces) for s in surfaces.values())
    print(
        f"wrote {OUT.relative_to(ROOT)}: {len(surfaces)} surfaces, {total} triangles, {len(glb)} bytes"
    )


PACK_HEAD = """\
# Written by scripts/build_meshes.py; edit that, not this.
id = "si-atlas"
title = "SI atlas: mean pelvis and thigh bones of 26 CT scans"
version = "1"
licence = "MPL-2.0"
attribution = "Derived from musculoskeletal-models 0.2.4 (LLP26), Auckland Bioengineering Institute, University of Auckland, MPL-2.0."
upstream = "https://pypi.org/project/musculoskeletal-models/0.2.4/"
units = "mm"
axes = "+x left, +y posterior, +z superior"
origin = "midway between the two anterior superior iliac spines; z lies in the anterior pelvic plane"
provenance = "The hip bones, sacrum and left thigh bone are the statistical mean of 26 CT scans (LLP26), evaluated from its cubic and quartic element meshes with gias3.fieldwork 3.0.1. The right thigh bone is the left one mirrored. Each thigh bone is cut to its upper two thirds and set with the centre of its head in the centre of its socket. The coccyx and the painted areas are modelled by this project from those bones. No clinician has reviewed them."
"""

if __name__ == "__main__":
    main()
