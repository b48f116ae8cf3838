"""A mesh pack read from a folder: verified, read with trimesh once, then from a cache of arrays."""

import hashlib
import io
import json
import os
import tempfile
import tomllib
import zipfile
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
import numpy as np

from siexplorer.anatomy.places import data_folder
from siexplorer.geometry.surface import Floats, Surface, vertex_normals

if TYPE_CHECKING:
    from siexplorer.geometry.shape import ShapeModel

Kind = TypeVar("Kind")

BUILT_IN = "si-atlas"
SHAPE_FILE = "shape.npz"

PARTS = {
    "vertices": (3, np.float32),
    "faces": (3, np.int32),
    "normals": (3, np.float32),
    "fibres": (2, np.float32),
}
"""What is kept of each surface: how many numbers in a row, and their type."""

OWN = "your own mesh"
"""How the provenance of a bone of the user's own mesh begins."""

CARRIED = "carried over"
"""How the provenance of what was carried over to it from the built-in pelvis begins."""

WITH_HOLES = ("scanned", OWN)
"""What was scanned may have holes, and is the bone itself all the same."""

GLIDE_LIFT, CARRIED_GLIDE_LIFT = 0.25, 0.45
"""How far outwards an innominate is drawn for each mm that it is drawn glided, besides what its
turn asks for (design: from 0.2 on, the loose joint keeps within 0.5 mm of its overlap at rest). On
carried bones, whose joint faces fit less well, it takes more."""

CACHE_FORMAT = "joined"
MOST_CACHES = 6


class PackError(Exception):
    """A pack that cannot be used at all; the message is one sentence for the user."""


class PackFile(msgspec.Struct, forbid_unknown_fields=True):
    """A file of the pack and its checksum."""

    name: str
    bytes: int
    sha256: str


class SurfaceInfo(msgspec.Struct, forbid_unknown_fields=True):
    """One node of the GLB: which entry it shows, which bone it moves with, where it comes from.

    ``role`` tells the thing itself (``body``) from an area painted on a bone (``area``) and from
    the room within which a path varies (``corridor``).
    """

    id: str
    entry: str
    moves_with: str
    provenance: str
    closed: bool
    reviewed: bool
    triangles: int
    role: Literal["body", "area", "corridor"] = "body"


class PackInfo(msgspec.Struct, forbid_unknown_fields=True):
    """``pack.toml``. ``lacks`` says in sentences what this pelvis does not have."""

    id: str
    title: str
    version: str
    licence: str
    attribution: str
    upstream: str
    units: str
    axes: str
    origin: str
    provenance: str
    file: list[PackFile]
    surface: list[SurfaceInfo]
    lacks: list[str] = []


@dataclass(frozen=True, slots=True)
class PackSurface:
    """A surface with its normals (n, 3), ready to draw.

    ``fibres`` (n, 2), on muscles and ligaments alone: where a vertex lies across the fibres and
    along them, from 0 at the origin to 1 at the insertion.
    """

    info: SurfaceInfo
    surface: Surface
    normals: Floats
    fibres: Floats | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How sure a landmark that was found on a mesh is, 0..1, and why; ``shown`` tells whether the
    mesh has bone there at all.
    """

    confidence: float
    reason: str
    shown: bool


@dataclass(frozen=True, slots=True)
class OwnMesh:
    """What only a pelvis of the user's own has.

    ``name`` is the file's, for the window alone: pictures never show it. ``digest`` (SHA-256) tells
    the file, ``mirrored`` that it was turned over in a mirror. ``to_body`` (4, 4) takes the file's
    coordinates to the body frame, mm. ``found`` is about each landmark; ``bones`` are the surfaces
    that are the user's own. ``sides`` is what every picture must say about left and right;
    ``by_hand`` how far, mm, a person has moved some of the landmarks.
    """

    name: str
    digest: str
    mirrored: bool
    to_body: Floats
    found: dict[str, Found]
    bones: tuple[str, ...]
    sides: str = ""
    by_hand: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Pack:
    """A pelvis: surfaces by id, landmarks by id as (k, 3) mm, joint centres by id as (3,) mm.

    ``si_room`` has for each side (k, 2): posterior rotations in degrees, and how far outwards the
    innominate must then be drawn to clear the sacrum, in mm (see geometry.clearance);
    ``si_glide_lift`` how far besides for each mm that it is drawn glided. ``stand_ins`` are closed
    surfaces, by id, for those that have holes: what lies in them is asked of these.
    """

    info: PackInfo
    surfaces: dict[str, PackSurface]
    landmarks: dict[str, Floats]
    centres: dict[str, Floats]
    reference_nodes: dict[str, Floats]
    si_room: dict[str, Floats] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    own: OwnMesh | None = None
    stand_ins: dict[str, Surface] = field(default_factory=dict)
    si_glide_lift: float = GLIDE_LIFT
    derived: dict[Hashable, Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was worked out from this pack and would be the same again."""


def read_pack(folder: Path | None = None, *, cache: Path | None = None) -> Pack:
    """Read and verify a pack.

    ``cache`` is a folder for ready arrays keyed by the GLB's hash; None reads the GLB itself.

    Raises
    ------
    PackError
        If ``pack.toml`` or the GLB is missing, broken, or not what its checksum says. A broken
        landmark file is not fatal: it is said in ``problems`` and the bones are still there.
    """
    folder = folder or data_folder("meshes") / BUILT_IN
    info = _read_info(folder / "pack.toml")
    by_name = {file.name: file for file in info.file}
    glb = verified(folder, by_name[f"{info.id}.glb"]) if f"{info.id}.glb" in by_name else None
    if glb is None:
        raise PackError(f"{_where(folder)}/pack.toml: no file “{info.id}.glb” is listed in it.")
    digest = by_name[f"{info.id}.glb"].sha256
    arrays = _cached(cache, digest, info)
    if arrays is None:
        arrays = _read_glb(glb, folder / f"{info.id}.glb", info)
        _store(cache, digest, arrays, info)
    surfaces = {}
    for one in info.surface:
        surface = Surface(
            arrays[f"{one.id}/vertices"].astype(np.float64), arrays[f"{one.id}/faces"]
        )
        fibres = arrays.get(f"{one.id}/fibres")
        surfaces[one.id] = PackSurface(one, surface, arrays[f"{one.id}/normals"], fibres)
    pack = Pack(info, surfaces, {}, {}, {})
    _read_landmarks(folder, by_name, pack)
    return pack


def read_info(folder: Path | None = None) -> PackInfo:
    """``pack.toml`` alone, for lists and About."""
    return _read_info((folder or data_folder("meshes") / BUILT_IN) / "pack.toml")


def read_shape(folder: Path | None = None) -> "ShapeModel":
    """The shape model that comes with the built-in pack, verified; read only when it is asked for.

    Raises
    ------
    PackError
        If it is missing, broken, or not what its checksum says.
    """
    # Slow to import, and nobody asks for shapes at the start.
    from siexplorer.geometry.shape import ShapeModel

    folder = folder or data_folder("meshes") / BUILT_IN
    where = f"{_where(folder)}/{SHAPE_FILE}"
    listed = [file for file in _read_info(folder / "pack.toml").file if file.name == SHAPE_FILE]
    if not listed:
        raise PackError(f"{_where(folder)}/pack.toml: no file “{SHAPE_FILE}” is listed in it.")
    data = verified(folder, listed[0])
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return ShapeModel({name: stored[name] for name in stored.files})
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PackError(f"{where}: not a shape model ({error}); put the original back.") from None


def _where(folder: Path) -> str:
    return f"{'packs' if folder.parent.name == 'packs' else 'meshes'}/{folder.name}"


def _read_info(path: Path) -> PackInfo:
    return read_list(path, f"{_where(path.parent)}/{path.name}", PackInfo)


def read_list(path: Path, where: str, kind: type[Kind]) -> Kind:
    """A TOML file as the records of ``kind``; ``where`` names it in what the user reads.

    Raises
    ------
    PackError
        If the file is missing, cannot be read, or does not say what it must.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), type=kind)
    except FileNotFoundError:
        raise PackError(
            f"{where}: the file is missing; put it back or reinstall the program."
        ) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise PackError(f"{where}: {error}; correct that place.") from None
    except OSError as error:
        raise PackError(f"{where}: cannot be read ({error}).") from None


def verified(folder: Path, file: PackFile, listed: str = "pack.toml") -> bytes:
    """The bytes of a file of a folder, if they are what the list of that name says.

    Raises
    ------
    PackError
        If the file is missing, cannot be read, or is another one.
    """
    where = f"{_where(folder)}/{file.name}"
    try:
        data = (folder / file.name).read_bytes()
    except FileNotFoundError:
        raise PackError(
            f"{where}: the file is missing; put it back or reinstall the program."
        ) from None
    except OSError as error:
        raise PackError(f"{where}: cannot be read ({error}).") from None
    if len(data) != file.bytes:
        raise PackError(
            f"{where}: {len(data)} bytes instead of {file.bytes}; the file is cut short or "
            "changed, put the original back."
        )
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise PackError(
            f"{where}: its contents do not match the sha256 in {listed}; put the original back."
        )
    return data


def _read_glb(data: bytes, path: Path, info: PackInfo) -> dict[str, Any]:
    import trimesh
    from trimesh.util import wrap_as_stream

    where = f"{_where(path.parent)}/{path.name}"
    try:
        scene = trimesh.load_scene(wrap_as_stream(data), file_type="glb", process=False)
        meshes = {name: scene.geometry[name] for name in scene.geometry}
    except Exception as error:
        # trimesh raises whatever its parser meets; the user needs the file, not the parser.
        raise PackError(f"{where}: not a readable GLB ({type(error).__name__}).") from None
    arrays: dict[str, Any] = {}
    for one in info.surface:
        if one.id not in meshes:
            raise PackError(f"{where}: the node “{one.id}” that pack.toml lists is not in it.")
        mesh = meshes[one.id]
        faces = np.asarray(getattr(mesh, "faces", ()), dtype=np.int32).reshape(-1, 3)
        surface = Surface(np.asarray(mesh.vertices, dtype=np.float64), faces)
        if not len(faces) or faces.min() < 0 or faces.max() >= len(surface.vertices):
            raise PackError(f"{where}: the node “{one.id}” is not a whole triangle mesh.")
        if not np.isfinite(surface.vertices).all():
            raise PackError(f"{where}: the node “{one.id}” holds points that are not numbers.")
        arrays[f"{one.id}/vertices"] = surface.vertices.astype(np.float32)
        arrays[f"{one.id}/faces"] = surface.faces
        arrays[f"{one.id}/normals"] = vertex_normals(surface).astype(np.float32)
        fibres = getattr(mesh.visual, "uv", None)
        if fibres is not None and np.shape(fibres) == (len(surface.vertices), 2):
            arrays[f"{one.id}/fibres"] = np.asarray(fibres, dtype=np.float32)
    return arrays


def _cached(cache: Path | None, digest: str, info: PackInfo) -> dict[str, Any] | None:
    if cache is None:
        return None
    try:
        with np.load(_cache_file(cache, digest), allow_pickle=False) as stored:
            joined = {name: stored[name] for name in (*PARTS, "counts")}
        return parted_arrays(joined, [one.id for one in info.surface])
    except Exception:
        # A damaged cache (whatever the zip reader meets, or an array that is not in it) is never a
        # reason to fail: it is built again.
        return None


def _cache_file(cache: Path, digest: str) -> Path:
    return cache / f"{digest}-{CACHE_FORMAT}.npz"


def joined_arrays(arrays: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """All surfaces' arrays of a part as one, and (surfaces, parts) how long each of them is: a few
    long arrays are read much sooner than hundreds of short ones.
    """
    joined: dict[str, Any] = {}
    counts = np.zeros((len(names), len(PARTS)), dtype=np.int64)
    for column, (part, (width, kind)) in enumerate(PARTS.items()):
        pieces = [arrays.get(f"{name}/{part}", np.empty((0, width), kind)) for name in names]
        counts[:, column] = [len(piece) for piece in pieces]
        joined[part] = np.concatenate(pieces) if pieces else np.empty((0, width), kind)
    return {**joined, "counts": counts}


def parted_arrays(joined: dict[str, Any], names: list[str]) -> dict[str, Any] | None:
    """The arrays of each surface again, or None where they do not fit each other."""
    counts = joined["counts"]
    if counts.shape != (len(names), len(PARTS)):
        return None
    arrays: dict[str, Any] = {}
    for column, (part, (width, kind)) in enumerate(PARTS.items()):
        whole = joined[part]
        if whole.shape != (counts[:, column].sum(), width) or whole.dtype != kind:
            return None
        pieces = np.split(whole, np.cumsum(counts[:-1, column]))
        arrays |= {f"{n}/{part}": p for n, p in zip(names, pieces, strict=True) if len(p)}
    return arrays


def _store(cache: Path | None, digest: str, arrays: dict[str, Any], info: PackInfo) -> None:
    """Write the cache atomically; a cache that cannot be written costs time, not the start."""
    if cache is None:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **joined_arrays(arrays, [one.id for one in info.surface]))
        Path(name).replace(_cache_file(cache, digest))
        _forget_old(cache)
    except OSError:
        return


def _forget_old(cache: Path) -> None:
    """Keep the caches made last: those of packs that were replaced are of no more use."""
    made = sorted(cache.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in made[MOST_CACHES:]:
        path.unlink(missing_ok=True)


def _read_landmarks(folder: Path, by_name: dict[str, PackFile], pack: Pack) -> None:
    if "landmarks.json" not in by_name:
        pack.problems.append(f"{_where(folder)}/pack.toml: no file “landmarks.json” is listed.")
        return
    try:
        record = json.loads(verified(folder, by_name["landmarks.json"]))
        landmarks = {
            name: _points(name, found["points_mm"]) for name, found in record["landmarks"].items()
        }
        centres, nodes = (
            {name: _points(name, point)[0] for name, point in record[key].items()}
            for key in ("centres_mm", "reference_nodes_mm")
        )
        room = {
            side: np.array(rows, dtype=np.float64).reshape(-1, 2)
            for side, rows in record.get("si_room_deg_mm", {}).items()
        }
    except PackError as error:
        pack.problems.append(str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"no key {error}" if isinstance(error, KeyError) else str(error)
        pack.problems.append(
            f"{_where(folder)}/landmarks.json: not what was expected ({reason}); "
            "put the original back."
        )
    else:
        pack.landmarks, pack.centres, pack.reference_nodes = landmarks, centres, nodes
        pack.si_room = room


def _points(name: str, numbers: Any) -> Floats:
    points = np.array(numbers, dtype=np.float64).reshape(-1, 3)
    if not len(points) or not np.isfinite(points).all():
        raise ValueError(f"“{name}” is not a place")
    return points
