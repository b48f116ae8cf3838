"""The human figures in the positions of the techniques: read, verified, and kept as arrays.

A figure has a frame of its own: mm, z up, whoever sits, stands or kneels looks towards -y.
``to_figure`` takes places from the body frame to it, as if the whole body were the figure's pelvis.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from siexplorer.anatomy.places import data_folder
from siexplorer.geometry.surface import Floats, Surface, vertex_normals
from siexplorer.packs.pack import PackError, PackFile, read_list, verified

FOLDER, LIST, GLB = "figures", "figures.toml", "figures.glb"
Sex = Literal["female", "male"]
Triple = tuple[float, float, float]


class Fixture(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a figure leans or sits on: a wall behind it at ``y_mm``, or a counter or a seat whose
    top is ``top_mm`` above the floor's zero.
    """

    kind: Literal["wall", "counter", "seat"]
    y_mm: float = 0.0
    top_mm: float = 0.0


class FigureInfo(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What ``figures.toml`` says of one figure.

    ``camera`` points from the figure to where it is best seen from. ``partner`` names the figure of
    who helps, ``hands_mm`` is where the hands of such a one press, in its own frame.
    """

    id: str
    sex: Sex
    triangles: int
    to_figure: list[list[float]]
    floor_mm: float
    up: Triple
    camera: Triple
    fixture: Fixture | None = None
    partner: str | None = None
    hands_mm: Triple | None = None


class FiguresInfo(msgspec.Struct, forbid_unknown_fields=True):
    """``figures.toml``."""

    id: str
    title: str
    version: str
    licence: str
    attribution: str
    upstream: str
    units: str
    axes: str
    provenance: str
    file: list[PackFile]
    figure: list[FigureInfo]


@dataclass(frozen=True, slots=True)
class Figure:
    """A posed body: its closed skin in mm, ``normals`` (n, 3), and how it stands in the room.

    ``to_figure`` (4, 4) takes the body frame to the figure's; ``camera`` and ``up`` (3,) are unit
    vectors; ``hands_mm`` (3,) is where a helper's hands press.
    """

    id: str
    sex: Sex
    surface: Surface
    normals: Floats
    to_figure: Floats
    floor_mm: float
    camera: Floats
    up: Floats
    fixture: Fixture | None = None
    partner: str | None = None
    hands_mm: Floats | None = None


def read_figures(
    folder: Path | None = None, cache: Path | None = None, *, sex: Sex = "female"
) -> dict[str, Figure]:
    """All figures of one sex by id.

    ``cache`` is a folder for ready arrays keyed by the GLB's hash; None reads the GLB itself.

    Raises
    ------
    PackError
        If ``figures.toml`` or the GLB is missing, broken, or not what its checksum says.
    """
    folder = folder or data_folder("meshes") / FOLDER
    info = read_figures_info(folder)
    listed = [file for file in info.file if file.name == GLB]
    if not listed:
        raise PackError(f"{_where(folder)}: no file “{GLB}” is listed in it.")
    data = verified(folder, listed[0], LIST)
    names = [f"{one.sex}/{one.id}" for one in info.figure]
    arrays = _cached(cache, listed[0].sha256, names)
    if arrays is None:
        arrays = _read_glb(data, folder, names)
        _store(cache, listed[0].sha256, arrays)
    return {
        one.id: _figure(one, arrays[f"{one.sex}/{one.id}"], folder)
        for one in info.figure
        if one.sex == sex
    }


def read_figures_info(folder: Path | None = None) -> FiguresInfo:
    """``figures.toml`` alone, for lists and About."""
    folder = folder or data_folder("meshes") / FOLDER
    return read_list(folder / LIST, _where(folder), FiguresInfo)


def _where(folder: Path, name: str = LIST) -> str:
    return f"meshes/{folder.name}/{name}"


def _figure(info: FigureInfo, surface: Surface, folder: Path) -> Figure:
    matrix = np.array(info.to_figure, dtype=np.float64)
    camera, up = np.array(info.camera), np.array(info.up)
    if matrix.shape != (4, 4) or abs(abs(np.linalg.det(matrix[:3, :3])) - 1.0) > 0.01:
        raise PackError(f"{_where(folder)}: “to_figure” of “{info.id}” does not place a body.")
    if not np.linalg.norm(camera) or not np.linalg.norm(up):
        raise PackError(f"{_where(folder)}: “camera” or “up” of “{info.id}” has no direction.")
    return Figure(
        info.id,
        info.sex,
        surface,
        vertex_normals(surface),
        matrix,
        info.floor_mm,
        camera / np.linalg.norm(camera),
        up / np.linalg.norm(up),
        info.fixture,
        info.partner,
        None if info.hands_mm is None else np.array(info.hands_mm),
    )


def _read_glb(data: bytes, folder: Path, names: list[str]) -> dict[str, Surface]:
    import trimesh
    from trimesh.util import wrap_as_stream

    where = _where(folder, GLB)
    try:
        scene = trimesh.load_scene(wrap_as_stream(data), file_type="glb", process=False)
        meshes = dict(scene.geometry)
    except Exception as error:
        # trimesh raises whatever its parser meets; the user needs the file, not the parser.
        raise PackError(f"{where}: not a readable GLB ({type(error).__name__}).") from None
    found = {}
    for name in names:
        if name not in meshes:
            raise PackError(f"{where}: the node “{name}” that {LIST} lists is not in it.")
        faces = np.asarray(getattr(meshes[name], "faces", ()), dtype=np.int32).reshape(-1, 3)
        surface = Surface(np.asarray(meshes[name].vertices, dtype=np.float64), faces)
        if not len(faces) or faces.min() < 0 or faces.max() >= len(surface.vertices):
            raise PackError(f"{where}: the node “{name}” is not a whole triangle mesh.")
        if not np.isfinite(surface.vertices).all():
            raise PackError(f"{where}: the node “{name}” holds points that are not numbers.")
        found[name] = surface
    return found


def _cache_file(cache: Path, digest: str) -> Path:
    # In a folder of its own: packs forget the oldest caches beside their own.
    return cache / FOLDER / f"{digest}.npz"


def _cached(cache: Path | None, digest: str, names: list[str]) -> dict[str, Surface] | None:
    if cache is None:
        return None
    try:
        with np.load(_cache_file(cache, digest), allow_pickle=False) as stored:
            joined = {part: stored[part] for part in ("vertices", "faces", "counts")}
        counts = joined["counts"]
        if counts.shape != (len(names), 2):
            return None
        cuts = np.cumsum(counts[:-1], axis=0)
        vertices = np.split(joined["vertices"].astype(np.float64), cuts[:, 0])
        faces = np.split(joined["faces"], cuts[:, 1])
        whole = zip(names, vertices, faces, counts, strict=True)
        found = {}
        for name, points, corners, count in whole:
            if (len(points), len(corners)) != tuple(count) or corners.max() >= len(points):
                return None
            found[name] = Surface(points, corners)
    except Exception:
        # A damaged cache is never a reason to fail: it is built again.
        return None
    return found


def _store(cache: Path | None, digest: str, surfaces: dict[str, Surface]) -> None:
    """Write the cache atomically; a cache that cannot be written costs time, not the start."""
    if cache is None:
        return
    joined: dict[str, Any] = {
        "vertices": np.concatenate([one.vertices for one in surfaces.values()]).astype(np.float32),
        "faces": np.concatenate([one.faces for one in surfaces.values()]),
        "counts": np.array([(len(one.vertices), len(one.faces)) for one in surfaces.values()]),
    }
    path = _cache_file(cache, digest)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **joined)
        Path(name).replace(path)
        for old in path.parent.glob("*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        return
