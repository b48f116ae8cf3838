"""Others' meshes brought into the body frame once, and written as a pack that is read like ours."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from siexplorer.geometry.filters import cut_closed, thinned
from siexplorer.geometry.frame import body_frame
from siexplorer.geometry.landmarks import (
    ABSENT,
    MIRROR,
    Bones,
    Points,
    acetabulum,
    find_landmarks,
    joint_patch,
)
from siexplorer.geometry.motion import joints
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    compacted,
    face_normals,
    is_closed,
    largest_piece,
    outwards,
    pieces,
)
from siexplorer.packs.catalog import UNITS_MM, CatalogPack, CatalogSurface, axes_of, part_of
from siexplorer.packs.pack import PackError

CRUMB_SHARE = 0.02
"""Pieces with less than this share of the largest one's area are left out (design)."""

ROOM_TRIANGLES = 6000
"""To how many triangles a bone is thinned where the room in a joint is looked for (design)."""

ANGLES_DEG = np.arange(-12.0, 12.5, 1.0)
"""At which rotations the room in an SI joint is looked for."""

Said = Callable[[str], None]


def convert(pack: CatalogPack, files: Path, into: Path, said: Said = lambda _: None) -> list[str]:
    """Write ``pack.toml``, a GLB and ``landmarks.json`` into the folder ``into``.

    ``files`` holds the upstream files under their names. Returns what could not be found or made,
    one sentence each; it is also kept in ``pack.toml``.

    Raises
    ------
    PackError
        If a file cannot be read, or these are not the bones that the catalog says.
    """
    said("Reading the meshes")
    surfaces = _read(pack, files)
    said("Bringing them into the body frame")
    surfaces = _placed(pack, surfaces)
    said("Finding the landmarks")
    record, missing = _measured(surfaces)
    said("Writing the pack")
    _write(pack, surfaces, record, missing, into)
    return missing


# Reading ------------------------------------------------------------------------------------------


def _read(pack: CatalogPack, files: Path) -> dict[str, Surface]:
    """Surfaces by id, mm, along the axes of the body, where upstream has them."""
    axes = axes_of(pack.axes)
    if axes is None or pack.units not in UNITS_MM:
        raise PackError(f"meshes/catalog.toml: {pack.id}: units or axes are not understood.")
    turn = np.array(axes, dtype=np.float64) * UNITS_MM[pack.units]
    meshes = {one.name: _meshes(files / one.name, one.name) for one in pack.file}
    found = {}
    for one in pack.surface:
        parts = []
        for part in one.parts:
            name, node = part_of(part)
            if node not in meshes[name]:
                raise PackError(f"{name}: the part “{node}” that the catalog names is not in it.")
            whole = meshes[name][node]
            faces = whole.faces if np.linalg.det(turn) > 0 else whole.faces[:, ::-1]
            parts.append(_clean(Surface(whole.vertices @ turn, faces)))
        found[one.id] = joined(parts)
    return found


def _meshes(path: Path, name: str) -> dict[str, Surface]:
    """The meshes of a file by node; one under an empty name where it has no nodes."""
    import trimesh

    try:
        scene = trimesh.load_scene(path, process=False, skip_materials=True)
        found = {}
        for node in scene.graph.nodes_geometry:
            matrix, geometry = scene.graph[node]
            mesh = scene.geometry[geometry].copy()
            mesh.apply_transform(matrix)
            mesh.merge_vertices(merge_tex=True, merge_norm=True)
            found[str(node)] = Surface(
                np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces, dtype=np.int32)
            )
    except Exception as error:
        # trimesh raises whatever its parser meets; the user needs the file, not the parser.
        raise PackError(f"{name}: not a readable mesh ({type(error).__name__}).") from None
    if not found:
        raise PackError(f"{name}: there is no mesh in it.")
    for one in found.values():
        if not np.isfinite(one.vertices).all() or not len(one.faces):
            raise PackError(f"{name}: not a whole triangle mesh.")
    return found if path.suffix == ".glb" else {"": joined(list(found.values()))}


def joined(parts: list[Surface]) -> Surface:
    """Several surfaces as one, each still whole."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    return Surface(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(
            [part.faces + start for part, start in zip(parts, starts[:-1], strict=True)]
        ).astype(np.int32),
    )


def _clean(surface: Surface) -> Surface:
    """Without crumbs and triangles that have no area, and wound outwards."""
    area = np.linalg.norm(face_normals(surface), axis=1)
    of_face = pieces(surface)
    sizes = np.bincount(of_face, area)
    keep = (area > 0) & (sizes > CRUMB_SHARE * sizes.max())[of_face]
    surface = compacted(surface, keep)
    return outwards(surface) if is_closed(surface) else surface


# Into the body frame ------------------------------------------------------------------------------


def _placed(pack: CatalogPack, surfaces: dict[str, Surface]) -> dict[str, Surface]:
    try:
        matrix = body_frame(surfaces["left-hip-bone"], surfaces["right-hip-bone"])
    except (ValueError, IndexError) as error:
        raise PackError(f"{pack.id}: the hip bones have no body frame ({error}).") from None
    placed = {name: one.moved(matrix) for name, one in surfaces.items()}
    _verify_sides(pack, placed)
    crops = {o.id: o for o in pack.surface if (o.above_mm, o.below_mm) != (None, None)}
    return {
        name: _cropped(crops[name], one) if name in crops else one for name, one in placed.items()
    }


def _verify_sides(pack: CatalogPack, surfaces: dict[str, Surface]) -> None:
    """Left must be left, and the pelvis upright, looking forward: nothing is guessed here."""
    faults = []
    for name, one in surfaces.items():
        sign = {"left": 1.0, "right": -1.0}.get(name.partition("-")[0], 0.0)
        if sign * one.vertices[:, 0].mean() < 0:
            faults.append(f"“{name}” lies on the other side")
    hip = surfaces["left-hip-bone"].vertices
    sacrum = surfaces["sacrum"].vertices
    if sacrum[:, 1].mean() < hip[:, 1].mean():
        faults.append("the sacrum lies in front of the hip bones")
    if sacrum[:, 2].mean() < hip[:, 2].mean():
        faults.append("the sacrum lies below the hip bones")
    if faults:
        raise PackError(f"{pack.id}: {'; '.join(faults)}: these are not the meshes of the catalog.")


def _cropped(info: CatalogSurface, surface: Surface) -> Surface:
    """The surface between the heights of the catalog; hands that hang beside the hips go too."""
    for height, up in ((info.above_mm, 1.0), (info.below_mm, -1.0)):
        if height is not None:
            surface = cut_closed(surface, np.array([0, 0, height]), np.array([0, 0, up]))
    return largest_piece(surface)


# Landmarks ----------------------------------------------------------------------------------------


def _measured(surfaces: dict[str, Surface]) -> tuple[dict[str, Any], list[str]]:
    """The record of ``landmarks.json``, and what could not be found."""
    bones = Bones(
        surfaces["left-hip-bone"],
        surfaces["right-hip-bone"],
        surfaces["sacrum"],
        surfaces.get("coccyx", ABSENT),
        surfaces.get("left-femur", ABSENT),
        surfaces.get("right-femur", ABSENT),
    )
    record: dict[str, Any] = {
        "landmarks": {},
        "centres_mm": {},
        "reference_nodes_mm": {},
        "si_room_deg_mm": {},
    }
    try:
        found = find_landmarks(bones)
        centres = _centres(bones)
    except (ValueError, IndexError) as error:
        return record, [f"No landmark could be found on these bones ({error})."]
    record["landmarks"] = {
        name: {"points_mm": np.round(p, 3).tolist()} for name, p in found.items()
    }
    record["centres_mm"] = {name: np.round(p, 3).tolist() for name, p in centres.items()}
    record["si_room_deg_mm"] = si_room(surfaces, bones, found, centres)
    missing = []
    if bones.femur_left is ABSENT:
        missing.append("Without thigh bones the trochanters have no place.")
    if bones.coccyx is ABSENT:
        missing.append("Without a coccyx its tip has no place.")
    missing += [
        "The iliac fossa is not painted: that area is drawn on the built-in bones alone.",
        "The landmarks were found by rule on these bones; nobody has checked them.",
    ]
    return record, missing


def _centres(bones: Bones) -> dict[str, Floats]:
    centres = {}
    for side, half in (("left", bones), ("right", bones.mirrored())):
        sign = MIRROR.diagonal()[:3] if side == "right" else np.ones(3)
        centres[f"{side}-hip-joint"] = acetabulum(half.hip_left)[0] * sign
        patch = joint_patch(half.hip_left, half.sacrum)
        if not len(patch):
            raise ValueError("hip bone and sacrum do not meet")
        centres[f"{side}-si-joint"] = patch.mean(axis=0) * sign
    return centres


def si_room(
    surfaces: dict[str, Surface], bones: Bones, found: Points, centres: dict[str, Floats]
) -> dict[str, list[list[float]]]:
    """For each side rows of rotation in degrees and lift in mm, as ``Pack.si_room`` has them, in
    about three seconds; ``bones`` are the whole ones, ``surfaces`` may hold discs too.
    """
    from siexplorer.geometry.clearance import room

    discs = {name: one for name, one in surfaces.items() if name.endswith("-disc")}
    # Of a hip bone in parts the largest is left, the ilium: the one that meets the sacrum.
    sacrum = thinned(bones.sacrum, ROOM_TRIANGLES)
    turning = joints(found, centres, discs)
    record = {}
    for side, hip in (("left", bones.hip_left), ("right", bones.hip_right)):
        lifts = room(thinned(hip, ROOM_TRIANGLES), sacrum, turning, side, ANGLES_DEG)
        # Only the run of angles round rest can be reached: what lies beyond a crossing cannot.
        free = np.isfinite(lifts)
        rest = len(ANGLES_DEG) // 2
        first, last = rest, rest
        while first > 0 and free[first - 1]:
            first -= 1
        while last < len(free) - 1 and free[last + 1]:
            last += 1
        if free[rest]:
            rows = zip(ANGLES_DEG[first : last + 1], lifts[first : last + 1], strict=True)
            record[side] = [[float(a), round(float(lift), 3)] for a, lift in rows]
    return record


# Writing ------------------------------------------------------------------------------------------


def _write(
    pack: CatalogPack,
    surfaces: dict[str, Surface],
    record: dict[str, Any],
    missing: list[str],
    into: Path,
) -> None:
    import trimesh

    scene = trimesh.Scene()
    for name, one in surfaces.items():
        mesh = trimesh.Trimesh(one.vertices.astype(np.float32), one.faces, process=False)
        scene.add_geometry(mesh, geom_name=name, node_name=name)
    glb = bytes(trimesh.exchange.gltf.export_glb(scene, include_normals=False))
    files = {
        f"{pack.id}.glb": glb,
        "landmarks.json": json.dumps(record, indent=1).encode(),
    }
    for name, data in files.items():
        (into / name).write_bytes(data)
    (into / "pack.toml").write_text(_toml(pack, surfaces, files, missing), encoding="utf-8")


def _toml(
    pack: CatalogPack, surfaces: dict[str, Surface], files: dict[str, bytes], missing: list[str]
) -> str:
    head: dict[str, object] = {
        "id": pack.id,
        "title": pack.title,
        "version": pack.version,
        "licence": pack.licence,
        "attribution": pack.attribution,
        "upstream": pack.address,
        "units": "mm",
        "axes": "+x left, +y posterior, +z superior",
        "origin": "midway between the two anterior superior iliac spines; z lies in the anterior "
        "pelvic plane",
        "provenance": pack.provenance,
        "lacks": [*pack.lacks, *missing],
    }
    lines = ["# Written by “siexplorer packs fetch”.", *_pairs(head)]
    for name, data in files.items():
        digest = hashlib.sha256(data).hexdigest()
        lines += ["", "[[file]]", *_pairs({"name": name, "bytes": len(data), "sha256": digest})]
    for one in pack.surface:
        surface = surfaces[one.id]
        row = {
            "id": one.id,
            "entry": one.entry,
            "moves_with": one.moves_with,
            "provenance": one.provenance,
            "closed": is_closed(surface),
            "reviewed": False,
            "triangles": len(surface.faces),
        }
        lines += ["", "[[surface]]", *_pairs(row)]
    return "\n".join(lines) + "\n"


def _pairs(row: dict[str, object]) -> list[str]:
    # The strings, numbers and lists of JSON are those of TOML as well.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items()]
