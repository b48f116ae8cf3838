"""Five mesh formats read without trust: counts are checked against the file before anything is
allocated, nothing is unpickled, and no path in a file is followed.

Written here rather than left to a library, because what a reader does with a hostile header, an
external path or a texture must be known. STL, OBJ, PLY (Stanford), GLB and glTF 2.0 (Khronos), and
VTP (VTK's XML format) as their specifications describe them; of each only the triangles are read.
"""

import base64
import binascii
import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats, Ints, Surface

MOST_TRIANGLES = 6_000_000
"""A little above what the program is meant for."""

BLOCK_BYTES = 1 << 25
BLOCK_LINES = 200_000
WORDS_BYTES = 1 << 23
SPACE = re.compile(rb"\s")
MOST_NODES = 20_000
MOST_HEADER = 1 << 16
MOST_JSON = 1 << 26
MOST_CORNERS = 4096
ZLIB_MOST = 1100
"""zlib never packs more tightly than about 1 to 1032."""


class Unreadable(ValueError):
    """A file that is not what its format says; the message says what is wrong, without its name."""


@dataclass(frozen=True, slots=True)
class RawMesh:
    """Triangles as a file has them, in its own units; ``name`` may be empty."""

    name: str
    surface: Surface


def _too_many(count: int) -> Unreadable:
    return Unreadable(
        f"it has {count:,} triangles, and at most {MOST_TRIANGLES:,} are read; simplify it first"
    )


def _checked(vertices: npt.NDArray[Any], faces: npt.NDArray[Any], name: str = "") -> RawMesh:
    """A mesh whose faces name only vertices that exist, and whose vertices are numbers."""
    if len(faces) > MOST_TRIANGLES:
        raise _too_many(len(faces))
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise Unreadable("a triangle names a corner that is not in the file; export it again")
    points: Floats = np.ascontiguousarray(vertices, dtype=np.float64).reshape(-1, 3)
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise Unreadable(
            f"{int(bad.sum()):,} of its {len(points):,} points are not numbers (the first is point "
            f"{int(np.argmax(bad)) + 1:,}); repair it in the program that it came from"
        )
    if len(points) and np.abs(points).max() > 1e15:
        raise Unreadable("its points lie absurdly far away; export it again")
    whole: Ints = np.ascontiguousarray(faces, dtype=np.int32).reshape(-1, 3)
    return RawMesh(name, Surface(points, whole))


def _fans(corners: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(m, 3) triangles of polygons given one behind the other, fanned from their first corners."""
    if not len(sizes):
        return np.empty((0, 3), dtype=np.int64)
    if sizes.min() < 0 or sizes.max() > MOST_CORNERS or sizes.sum() != len(corners):
        raise Unreadable("its faces do not have the corners that they say; export it again")
    start = np.cumsum(sizes) - sizes
    found = []
    for size in np.unique(sizes[sizes >= 3]):
        first = start[sizes == size]
        found += [
            np.stack([corners[first], corners[first + k], corners[first + k + 1]], 1)
            for k in range(1, int(size) - 1)
        ]
    return np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)


# STL ----------------------------------------------------------------------------------------------

RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")])


def read_stl(path: Path) -> list[RawMesh]:
    """A binary or text STL."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(84)
        if len(head) == 84:
            count = struct.unpack("<I", head[80:])[0]
            if size == 84 + 50 * count or not head.lstrip().lower().startswith(b"solid"):
                return [_binary_stl(file, count, size)]
    return [_text_stl(path)]


def _binary_stl(file: Any, count: int, size: int) -> RawMesh:
    if size < 84 + 50 * count:
        raise Unreadable(
            f"its header promises {count:,} triangles, but the file ends after "
            f"{max(0, size - 84) // 50:,}; it is cut short or no STL, get it again"
        )
    if count > MOST_TRIANGLES:
        raise _too_many(count)
    corners = np.frombuffer(file.read(50 * count), dtype=RECORD)["corners"].reshape(-1, 3)
    return _checked(corners, np.arange(3 * count, dtype=np.int32).reshape(-1, 3))


def _text_stl(path: Path) -> RawMesh:
    found, ended = [], False
    for block in _blocks(path):
        ended = ended or b"endsolid" in block
        text = b" ".join(re.findall(rb"vertex\s+([^\r\n]*)", block))
        found.append(_numbers(text))
    values = np.concatenate(found) if found else np.empty(0)
    if len(values) % 9:
        raise Unreadable("a triangle in it has not three corners of three numbers; export it again")
    if len(values) and not ended:
        raise Unreadable("it ends before “endsolid”: it is cut short, get it again")
    return _checked(values.reshape(-1, 3), np.arange(len(values) // 3).reshape(-1, 3))


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks that end with a line."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            whole = rest + block
            cut = whole.rfind(b"\n") + 1
            if cut == 0 and len(whole) > 4 * BLOCK_BYTES:
                raise Unreadable("it has no lines, so it is no text file of this kind")
            yield whole[:cut]
            rest = whole[cut:]
    if rest:
        yield rest


def _numbers(text: bytes) -> Floats:
    found, at = [], 0
    while at < len(text):
        # Words take ten times the memory of their numbers, so not all of them at once.
        gap = SPACE.search(text, at + WORDS_BYTES)
        end = gap.start() if gap else len(text)
        try:
            found.append(np.array(text[at:end].split(), dtype="S32").astype(np.float64))
        except ValueError:
            raise Unreadable("a coordinate in it is not a number; export it again") from None
        at = end
    return np.concatenate(found) if found else np.empty(0)


# OBJ ----------------------------------------------------------------------------------------------

OBJ_NAME = re.compile(rb"^(?:o|g)[ \t]+([^\r\n]*)", re.MULTILINE)
OBJ_VERTEX = re.compile(rb"^[ \t]*v[ \t]+([^\r\n#]*)", re.MULTILINE)
OBJ_FACE = re.compile(rb"^[ \t]*f[ \t]+([^\r\n#]*)", re.MULTILINE)


def read_obj(path: Path) -> list[RawMesh]:
    """A Wavefront OBJ: its objects and groups; materials are not looked for."""
    vertices: list[Floats] = []
    faces: dict[str, list[npt.NDArray[np.int64]]] = {}
    count = triangles = 0
    name = ""
    for block in _blocks(path):
        places = list(OBJ_NAME.finditer(block))[:MOST_NODES]
        starts = [0, *(found.end() for found in places)]
        ends = [*(found.start() for found in places), len(block)]
        names = [None, *(found.group(1) for found in places)]
        for start, end, told in zip(starts, ends, names, strict=True):
            if told is not None:
                name = told.decode("utf-8", "replace").strip()
            part = block[start:end]
            some = _obj_vertices(part)
            face = _obj_faces(part, count, count + len(some))
            vertices.append(some)
            count += len(some)
            triangles += len(face)
            if triangles > MOST_TRIANGLES:
                raise _too_many(triangles)
            if len(face):
                faces.setdefault(name, []).append(face)
    points = np.concatenate(vertices) if vertices else np.empty((0, 3))
    found_meshes = []
    for told_name, some_faces in faces.items():
        joined = np.concatenate(some_faces)
        if joined.min() < 0 or joined.max() >= len(points):
            raise Unreadable("a face names a vertex that is not in the file; it may be cut short")
        if len(faces) == 1:
            found_meshes.append(_checked(points, joined, told_name))
        else:
            used, again = np.unique(joined, return_inverse=True)
            found_meshes.append(_checked(points[used], again.reshape(-1, 3), told_name))
    if not found_meshes and len(points):
        found_meshes.append(_checked(points, np.empty((0, 3), dtype=np.int32)))
    return found_meshes


def _obj_vertices(part: bytes) -> Floats:
    lines = OBJ_VERTEX.findall(part)
    if not lines:
        return np.empty((0, 3))
    values = _numbers(b" ".join(lines))
    width, rest = divmod(len(values), len(lines))
    if rest or width not in (3, 4, 6, 7):
        rows = [line.split()[:3] for line in lines]
        if any(len(row) < 3 for row in rows):
            raise Unreadable("a vertex in it has not three numbers; it may be cut short")
        values, width = _numbers(b" ".join(word for row in rows for word in row)), 3
    return np.asarray(values.reshape(len(lines), width)[:, :3])


def _obj_faces(part: bytes, before: int, after: int) -> npt.NDArray[np.int64]:
    """(m, 3) triangles, vertices counted from 0; ``before`` and ``after`` this part there were so
    many of them.
    """
    lines = OBJ_FACE.findall(part)
    if not lines:
        return np.empty((0, 3), dtype=np.int64)
    text = b"\n".join(lines)
    if b"/" in text:
        text = re.sub(rb"/[^\s]*", b"", text)
        lines = text.split(b"\n")
    try:
        values = np.array(text.split(), dtype="S16").astype(np.int64)
    except ValueError:
        raise Unreadable(
            "a face in it names something that is no vertex; export it again"
        ) from None
    if len(values) == 3 * len(lines) and all(len(line.split()) == 3 for line in lines[:64]):
        sizes = np.full(len(lines), 3, dtype=np.int64)
    else:
        sizes = np.array([len(line.split()) for line in lines], dtype=np.int64)
    if (values < 0).any():
        # Counted back from here: exact if a part's vertices come before its faces, as they do.
        values = np.where(values < 0, after + 1 + values, values)
    if (values == 0).any():
        raise Unreadable("a face in it names vertex 0, but they count from 1; export it again")
    return _fans(values - 1, sizes)


# PLY ----------------------------------------------------------------------------------------------

PLY_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Element:
    name: str
    count: int
    properties: list[tuple[str, str, str | None]]
    """Name, type, and the type of its length if it is a list."""


def read_ply(path: Path) -> list[RawMesh]:
    """A text or binary PLY."""
    data = path.read_bytes()
    end = data.find(b"end_header", 0, MOST_HEADER)
    if end < 0:
        raise Unreadable("its header has no end: it is cut short or no PLY, get it again")
    line_end = data.find(b"\n", end)
    if line_end < 0:
        raise Unreadable("it ends with its header; get it again")
    kind, elements = _ply_header(data[:end].decode("latin-1"))
    body = memoryview(data)[line_end + 1 :]
    least = sum(e.count * _ply_least(e, text=kind == "ascii") for e in elements)
    if least > len(body) + 1:
        raise Unreadable(
            f"its header promises at least {least:,} bytes and {len(body):,} follow; it is cut "
            "short or damaged, get it again"
        )
    if kind == "ascii":
        return [_ply_text(bytes(body), elements)]
    return [_ply_binary(body, elements, "<" if kind == "binary_little_endian" else ">")]


def _ply_header(text: str) -> tuple[str, list[_Element]]:
    kind = ""
    elements: list[_Element] = []
    try:
        for line in text.split("\n"):
            words = line.split()
            if not words:
                continue
            if words[0] == "format":
                kind = words[1]
            elif words[0] == "element":
                count = int(words[2])
                if count < 0 or count > 4 * MOST_TRIANGLES:
                    raise Unreadable(f"its header promises {count:,} of “{words[1][:20]}”")
                elements.append(_Element(words[1], count, []))
            elif words[0] == "property" and words[1] == "list":
                elements[-1].properties.append((words[4], PLY_TYPES[words[3]], PLY_TYPES[words[2]]))
            elif words[0] == "property":
                elements[-1].properties.append((words[2], PLY_TYPES[words[1]], None))
    except (IndexError, KeyError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("its header is damaged; export it again") from None
    if kind not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise Unreadable("its header names no known format; export it again")
    names = [element.name for element in elements]
    if "vertex" not in names or "face" not in names:
        raise Unreadable("it has no faces, only points; export it as a surface")
    return kind, elements


def _ply_least(element: _Element, *, text: bool) -> int:
    """The fewest bytes of one record."""
    if text:
        return max(1, 2 * len(element.properties))
    return sum(np.dtype(length or own).itemsize for _, own, length in element.properties)


def _ply_text(body: bytes, elements: list[_Element]) -> RawMesh:
    ends = np.append(np.flatnonzero(np.frombuffer(body, dtype=np.uint8) == ord("\n")), len(body))
    at = 0
    vertices: Floats = np.empty((0, 3))
    triangles: npt.NDArray[np.int64] = np.empty((0, 3), dtype=np.int64)
    for element in elements:
        first, at = at, at + element.count
        if at > len(ends) or (element.count and not body[_line(ends, at - 1)].strip()):
            raise Unreadable("it ends before its last record: it is cut short, get it again")
        blocks = (
            body[_line(ends, row).start : _line(ends, min(row + BLOCK_LINES, at) - 1).stop]
            for row in range(first, at, BLOCK_LINES)
        )
        if element.name == "vertex":
            columns = [name for name, _, _ in element.properties]
            values = [_numbers(block) for block in blocks]
            told = sum(map(len, values))
            if told != len(columns) * element.count or not {"x", "y", "z"} <= set(columns):
                raise Unreadable("its points do not have the numbers that its header says")
            picked = [columns.index(axis) for axis in "xyz"]
            if values:
                vertices = np.concatenate(values).reshape(-1, len(columns))[:, picked]
        elif element.name == "face":
            fans = [_ply_text_faces(block) for block in blocks]
            triangles = np.concatenate([triangles, *fans])
    return _checked(vertices, triangles)


def _line(ends: npt.NDArray[np.int64], number: int) -> slice:
    """Where a line of a text lies whose lines end at ``ends``."""
    return slice(int(ends[number - 1]) + 1 if number else 0, int(ends[number]))


def _ply_text_faces(block: bytes) -> npt.NDArray[np.int64]:
    try:
        rows = [line.split() for line in block.split(b"\n")]
        sizes = np.array([int(row[0]) for row in rows], dtype=np.int64)
        corners = [c for row in rows for c in row[1 : 1 + int(row[0])]]
        return _fans(np.array(list(map(int, corners)), dtype=np.int64), sizes)
    except (ValueError, IndexError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("a face in it is damaged; export it again") from None


def _ply_binary(body: memoryview, elements: list[_Element], order: str) -> RawMesh:
    at = 0
    vertices: Floats = np.empty((0, 3))
    triangles: npt.NDArray[np.int64] = np.empty((0, 3), dtype=np.int64)
    for element in elements:
        if all(length is None for _, _, length in element.properties):
            fields = [(f"{k}-{n}", order + own) for k, (n, own, _) in enumerate(element.properties)]
            record = np.dtype(fields)
            size = record.itemsize * element.count
            if at + size > len(body):
                raise Unreadable("it ends before its last point: it is cut short, get it again")
            if element.name == "vertex":
                rows = np.frombuffer(body[at : at + size], dtype=record)
                names = {n: f"{k}-{n}" for k, (n, _, _) in enumerate(element.properties)}
                if not {"x", "y", "z"} <= set(names):
                    raise Unreadable("its points have no x, y and z; export it again")
                vertices = np.stack([rows[names[axis]].astype(np.float64) for axis in "xyz"], 1)
            at += size
            continue
        flat, sizes, at = _ply_lists(body, at, element, order)
        if element.name == "face":
            triangles = _fans(flat, sizes)
    return _checked(vertices, triangles)


def _ply_lists(
    body: memoryview, at: int, element: _Element, order: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """The first list of each record: all its numbers, their lengths, and where the element ends."""
    fields: list[Any] = []
    for k, (_, own, length) in enumerate(element.properties):
        if length is None:
            fields.append((f"s{k}", order + own))
        else:
            fields += [(f"n{k}", order + length), (f"l{k}", order + own, (3,))]
    record = np.dtype(fields)
    lists = [k for k, (_, _, length) in enumerate(element.properties) if length is not None]
    size = record.itemsize * element.count
    if at + size <= len(body):
        rows = np.frombuffer(body[at : at + size], dtype=record)
        if all((rows[f"n{k}"] == 3).all() for k in lists):
            flat = rows[f"l{lists[0]}"].astype(np.int64).ravel()
            return flat, np.full(element.count, 3, dtype=np.int64), at + size
    values: list[npt.NDArray[np.int64]] = []
    sizes = np.zeros(element.count, dtype=np.int64)
    for row in range(element.count):
        for k, (_, own, length) in enumerate(element.properties):
            count = 1
            if length is not None:
                step = np.dtype(length).itemsize
                if at + step > len(body):
                    raise Unreadable("it ends before its last face: it is cut short, get it again")
                count = int(np.frombuffer(body[at : at + step], dtype=order + length)[0])
                at += step
                if not 0 <= count <= MOST_CORNERS:
                    raise Unreadable("a face in it has an absurd number of corners; get it again")
            step = np.dtype(own).itemsize * count
            if at + step > len(body):
                raise Unreadable("it ends before its last face: it is cut short, get it again")
            if k == lists[0]:
                some = np.frombuffer(body[at : at + step], dtype=order + own).astype(np.int64)
                values.append(some)
                sizes[row] = count
            at += step
    return (np.concatenate(values) if values else np.empty(0, np.int64)), sizes, at


# GLB and glTF -------------------------------------------------------------------------------------

COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
PACKED = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_mesh_quantization")


def read_glb(path: Path) -> list[RawMesh]:
    """A binary glTF 2.0."""
    size = path.stat().st_size
    data = path.read_bytes()
    if len(data) < 20 or data[:4] != b"glTF":
        raise Unreadable("it does not begin as a GLB does; it is damaged or of another kind")
    version, length = struct.unpack("<II", data[4:12])
    if version != 2:
        raise Unreadable(
            f"it is glTF version {version}, and only version 2 is read; export it again"
        )
    if length > size:
        raise Unreadable(
            f"its header promises {length:,} bytes and it has {size:,}: it is cut short, get it "
            "again"
        )
    at, text, binary = 12, b"", b""
    while at + 8 <= length:
        step, kind = struct.unpack("<II", data[at : at + 8])
        if at + 8 + step > length:
            raise Unreadable("a part of it is longer than the file: it is damaged, get it again")
        chunk = data[at + 8 : at + 8 + step]
        if kind == 0x4E4F534A:
            text = text or chunk
        elif kind == 0x004E4942:
            binary = binary or chunk
        at += 8 + step
    return _gltf(text, binary)


def read_gltf(path: Path) -> list[RawMesh]:
    """A text glTF 2.0 that holds its data itself."""
    return _gltf(path.read_bytes(), b"")


def _gltf(text: bytes, binary: bytes) -> list[RawMesh]:
    if len(text) > MOST_JSON and not binary == b"":
        raise Unreadable("its description is absurdly long; export it again")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("its description is no JSON: it is damaged, get it again") from None
    if not isinstance(record, dict):
        raise Unreadable("its description is not one of glTF; export it again")
    used = [name for name in record.get("extensionsRequired") or [] if name in PACKED]
    if used:
        raise Unreadable(f"it is packed with {used[0]}, which is not read; export it unpacked")
    try:
        return _Gltf(record, binary).meshes()
    except Unreadable:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        raise Unreadable("its description does not fit together: it is damaged") from None


class _Gltf:
    """One glTF being read."""

    def __init__(self, record: dict[str, Any], binary: bytes) -> None:
        self.record, self.binary = record, binary
        self.buffers: dict[int, bytes] = {}
        self.triangles = self.visited = 0
        self.found: list[RawMesh] = []

    def meshes(self) -> list[RawMesh]:
        record = self.record
        nodes = record.get("nodes") or []
        scenes = record.get("scenes") or []
        scene = record.get("scene", 0)
        if scenes:
            roots = scenes[scene].get("nodes") or []
        else:
            children = {c for node in nodes for c in node.get("children") or []}
            roots = [k for k in range(len(nodes)) if k not in children]
        waiting = [(int(root), np.eye(4), 0) for root in roots]
        while waiting:
            number, above, depth = waiting.pop()
            self.visited += 1
            if self.visited > MOST_NODES or depth > 100:
                raise Unreadable("its parts hold each other without end; export it again")
            if number < 0:
                raise IndexError
            node = nodes[number]
            matrix = above @ _node_matrix(node)
            waiting += [(int(c), matrix, depth + 1) for c in node.get("children") or []]
            if "mesh" in node:
                self._mesh(int(node["mesh"]), matrix, str(node.get("name") or ""))
        if not nodes:
            for number in range(len(record.get("meshes") or [])):
                self._mesh(number, np.eye(4), "")
        return self.found

    def _mesh(self, number: int, matrix: Floats, name: str) -> None:
        mesh = self.record["meshes"][number]
        for primitive in mesh["primitives"]:
            if primitive.get("mode", 4) not in (4, 5, 6):
                continue
            if any(one in (primitive.get("extensions") or {}) for one in PACKED):
                raise Unreadable("a part of it is packed in a way that is not read; unpack it")
            points = self._values(int(primitive["attributes"]["POSITION"]), width=3)
            if "indices" in primitive:
                index = self._values(int(primitive["indices"]), width=1).ravel().astype(np.int64)
            else:
                index = np.arange(len(points), dtype=np.int64)
            faces = _strip(index, primitive.get("mode", 4))
            self.triangles += len(faces)
            if self.triangles > MOST_TRIANGLES:
                raise _too_many(self.triangles)
            points = _checked(points, np.empty((0, 3), dtype=np.int32)).surface.vertices
            moved = points @ matrix[:3, :3].T + matrix[:3, 3]
            if np.linalg.det(matrix[:3, :3]) < 0:
                faces = faces[:, ::-1]
            if len(faces) and (faces.min() < 0 or faces.max() >= len(points)):
                raise Unreadable("a triangle names a corner that is not in the file")
            self.found.append(_checked(moved, faces, name or str(mesh.get("name") or "")))

    def _values(self, number: int, *, width: int) -> npt.NDArray[Any]:
        accessor = self.record["accessors"][number]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise Unreadable("it leaves points out (sparse accessors), which is not read")
        told = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        if told != width:
            raise ValueError
        kind = np.dtype(COMPONENTS[accessor["componentType"]])
        view = self.record["bufferViews"][int(accessor["bufferView"])]
        buffer = self._buffer(int(view["buffer"]))
        count, row = int(accessor["count"]), kind.itemsize * width
        stride = int(view.get("byteStride", row))
        start = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
        if count < 0 or start < 0 or stride < row or stride > 252 + row:
            raise ValueError
        needed = start + stride * (count - 1) + row if count else start
        if needed > len(buffer):
            raise Unreadable(
                f"its description promises {count:,} values where the file has room for "
                f"{max(0, len(buffer) - start) // stride:,}: it is damaged, get it again"
            )
        return np.ndarray((count, width), kind, buffer, start, (stride, kind.itemsize))

    def _buffer(self, number: int) -> bytes:
        if number in self.buffers:
            return self.buffers[number]
        uri = self.record["buffers"][number].get("uri")
        if uri is None:
            data = self.binary
        elif isinstance(uri, str) and uri.startswith("data:") and ";base64," in uri[:200]:
            try:
                data = base64.b64decode(uri.split(",", 1)[1], validate=True)
            except (binascii.Error, ValueError):
                raise Unreadable("its data are damaged; get it again") from None
        else:
            raise Unreadable(
                f"it keeps its data in another file (“{str(uri)[:60]}”), and no path in a file is "
                "followed; save it as one GLB"
            )
        self.buffers[number] = data
        return data


def _node_matrix(node: dict[str, Any]) -> Floats:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = (float(value) for value in node.get("rotation") or (0, 0, 0, 1))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix[:3, :3] = turn * np.array(node.get("scale") or (1, 1, 1), dtype=np.float64)
    matrix[:3, 3] = node.get("translation") or (0, 0, 0)
    return matrix


def _strip(index: npt.NDArray[np.int64], mode: int) -> npt.NDArray[np.int64]:
    if mode == 4:
        if len(index) % 3:
            raise Unreadable("its triangles have not three corners each; export it again")
        return index.reshape(-1, 3)
    if len(index) < 3:
        return np.empty((0, 3), dtype=np.int64)
    if mode == 6:
        return np.stack([np.full(len(index) - 2, index[0]), index[1:-1], index[2:]], 1)
    faces = np.stack([index[:-2], index[1:-1], index[2:]], 1)
    faces[1::2] = faces[1::2, ::-1]
    return faces


# VTP ----------------------------------------------------------------------------------------------

VTK_TYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4",
    "Int64": "i8", "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip


def read_vtp(path: Path) -> list[RawMesh]:
    """VTK's XML polygons: text, base64 or raw, packed with zlib or not."""
    data = path.read_bytes()
    cut = data.find(b"<AppendedData")
    appended, encoding = b"", ""
    if cut >= 0:
        start = data.find(b"_", cut)
        head_end = data.find(b">", cut)
        if start < 0 or head_end < 0:
            raise Unreadable("it ends before its data: it is cut short, get it again")
        encoding = "raw" if b'encoding="raw"' in data[cut:head_end] else "base64"
        end = data.rfind(b"</AppendedData>")
        appended = data[start + 1 : end if end > start else len(data)]
        if encoding == "base64":
            appended = appended.strip()
        data = data[:cut] + b"</VTKFile>"
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Unreadable("it declares entities, which no VTP needs; it is not read")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Unreadable("it is no whole XML: it is cut short or damaged, get it again") from None
    if root.tag != "VTKFile" or root.get("type") != "PolyData":
        raise Unreadable("it holds no PolyData; save it as VTP again")
    reader = _Vtp(root, appended, encoding)
    try:
        return reader.meshes()
    except Unreadable:
        raise
    except (KeyError, ValueError, TypeError, struct.error, binascii.Error, zlib.error, IndexError):
        raise Unreadable("its data do not fit its description: it is damaged") from None


class _Vtp:
    """One VTP being read."""

    def __init__(self, root: ElementTree.Element, appended: bytes, encoding: str) -> None:
        self.root, self.appended, self.encoding = root, appended, encoding
        self.order = ">" if root.get("byte_order") == "BigEndian" else "<"
        self.head = np.dtype(self.order + VTK_TYPES[root.get("header_type", "UInt32")])
        packing = root.get("compressor")
        if packing not in (None, "vtkZLibDataCompressor"):
            raise Unreadable(f"it is packed with {packing}, which is not read; save it with zlib")
        self.packed = packing is not None

    def meshes(self) -> list[RawMesh]:
        found = []
        for piece in self.root.iter("Piece"):
            points = piece.find("Points/DataArray")
            if points is None:
                continue
            if points.get("NumberOfComponents") != "3":
                raise ValueError
            vertices = self._array(points).astype(np.float64).reshape(-1, 3)
            faces = []
            for kind in ("Polys", "Strips"):
                arrays = {one.get("Name"): one for one in piece.findall(f"{kind}/DataArray")}
                if {"connectivity", "offsets"} <= set(arrays):
                    corners = self._array(arrays["connectivity"]).astype(np.int64)
                    ends = self._array(arrays["offsets"]).astype(np.int64)
                    sizes = np.diff(ends, prepend=0)
                    if kind == "Strips" and len(sizes):
                        raise Unreadable("it has triangle strips, which are not read")
                    faces.append(_fans(corners, sizes))
            if faces:
                found.append(_checked(vertices, np.concatenate(faces)))
        return found

    def _array(self, element: ElementTree.Element) -> npt.NDArray[Any]:
        kind = np.dtype(self.order + VTK_TYPES[element.get("type", "")])
        form = element.get("format", "ascii")
        if form == "ascii":
            values = _numbers((element.text or "").encode())
            return values.astype(kind)
        if form == "appended":
            start = int(element.get("offset", "0"))
            if not 0 <= start <= len(self.appended):
                raise ValueError
            raw = self._bytes(memoryview(self.appended)[start:], self.encoding == "raw")
        else:
            raw = self._bytes(memoryview((element.text or "").strip().encode()), False)
        return np.frombuffer(raw[: len(raw) // kind.itemsize * kind.itemsize], dtype=kind)

    def _bytes(self, data: memoryview, raw: bool) -> bytes:
        wide = self.head.itemsize

        def head(count: int) -> npt.NDArray[np.int64]:
            size = count * wide
            some = bytes(data[:size]) if raw else _base64(data, size)
            return np.frombuffer(some[:size], dtype=self.head).astype(np.int64)

        if not self.packed:
            size = int(head(1)[0])
            if size < 0 or size > len(data):
                raise Unreadable("it promises more data than it has: it is cut short, get it again")
            return bytes(data[wide : wide + size]) if raw else _base64(data, wide + size)[wide:]
        blocks = int(head(1)[0])
        if blocks < 0 or blocks * wide > len(data):
            raise Unreadable("it promises more data than it has: it is cut short, get it again")
        sizes = head(3 + blocks)
        _, block, last, packed = sizes[0], int(sizes[1]), int(sizes[2]), sizes[3:]
        total = int(packed.sum())
        whole = block * blocks
        if (packed < 0).any() or total > len(data) or whole > ZLIB_MOST * max(total, 1) + 65536:
            raise Unreadable("it promises more data than it has: it is damaged, get it again")
        if whole > 24 * MOST_TRIANGLES * 3:
            raise Unreadable("it unpacks to more than is read; simplify it first")
        start = (3 + blocks) * wide
        if raw:
            body = bytes(data[start : start + total])
        else:
            body = _base64(data[_base64_length(start) :], total)
        out, at = [], 0
        for number, size in enumerate(packed):
            most = last if last and number == blocks - 1 else block
            out.append(zlib.decompressobj().decompress(body[at : at + int(size)], most))
            at += int(size)
        return b"".join(out)


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4


def _base64(data: memoryview, size: int) -> bytes:
    """The first ``size`` bytes that base64 text holds."""
    found = base64.b64decode(bytes(data[: _base64_length(size)]), validate=True)
    if len(found) < size:
        raise Unreadable("it promises more data than it has: it is cut short, get it again")
    return found[:size]
