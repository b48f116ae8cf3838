"""A GLB file put together by hand: nodes, triangles, pictures, skins and animations of glTF 2.0.

What trimesh writes has no animation; this has what an exported movement needs, and no more.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Rgba = tuple[float, float, float, float]

FLOAT, UINT, USHORT, UBYTE = 5126, 5125, 5123, 5121
COMPONENTS = {"float32": FLOAT, "uint32": UINT, "uint16": USHORT, "uint8": UBYTE}
SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
VERTICES, TRIANGLES = 34962, 34963
MAGIC, JSON_CHUNK, BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942


@dataclass(slots=True)
class Glb:
    """A file in the making. Every ``add_*`` returns the number by which others point to it."""

    generator: str
    copyright: str
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    extensions: set[str] = field(default_factory=set)
    _bytes: bytearray = field(default_factory=bytearray)

    def add(self, kind: str, what: dict[str, Any]) -> int:
        """Add one object to a list of the file, such as ``nodes``."""
        found = self.parts.setdefault(kind, [])
        found.append(what)
        return len(found) - 1

    def add_bytes(self, data: bytes, target: int | None = None) -> int:
        """Add a stretch of the binary chunk."""
        self._bytes.extend(b"\0" * (-len(self._bytes) % 4))
        view: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": len(self._bytes),
            "byteLength": len(data),
        }
        if target is not None:
            view["target"] = target
        self._bytes.extend(data)
        return self.add("bufferViews", view)

    def add_array(self, values: Array, target: int | None = None, *, bounds: bool = False) -> int:
        """Add numbers, (n,) or (n, k), in the type that they have; ``bounds`` notes their range."""
        values = np.ascontiguousarray(values)
        width = 1 if values.ndim == 1 else values.shape[1]
        accessor: dict[str, Any] = {
            "bufferView": self.add_bytes(values.tobytes(), target),
            "componentType": COMPONENTS[values.dtype.name],
            "count": len(values),
            "type": SHAPES[width],
        }
        if bounds:
            rows = values.reshape(len(values), width)
            accessor["min"] = rows.min(axis=0).tolist()
            accessor["max"] = rows.max(axis=0).tolist()
        return self.add("accessors", accessor)

    def add_material(self, name: str, rgba: Rgba, *, both_sides: bool = False) -> int:
        """A plain matt colour, given as it is seen (sRGB); see-through below an alpha of 1."""
        material: dict[str, Any] = {
            "name": name,
            "pbrMetallicRoughness": {
                "baseColorFactor": [*(linear(c) for c in rgba[:3]), rgba[3]],
                "metallicFactor": 0.0,
                "roughnessFactor": 0.75,
            },
        }
        if rgba[3] < 1.0:
            material["alphaMode"] = "BLEND"
        if both_sides:
            material["doubleSided"] = True
        return self.add("materials", material)

    def add_picture_material(self, name: str, png: bytes) -> int:
        """A picture that is shown as it is, without light and shade where a viewer knows how."""
        image = self.add(
            "images", {"name": name, "mimeType": "image/png", "bufferView": self.add_bytes(png)}
        )
        # Clamped at its edges, and blended between its pixels from near and far.
        sampler = {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}
        texture = self.add("textures", {"source": image, "sampler": self.add("samplers", sampler)})
        self.extensions.add("KHR_materials_unlit")
        return self.add(
            "materials",
            {
                "name": name,
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": texture},
                    "metallicFactor": 0.0,
                    "roughnessFactor": 1.0,
                },
                "extensions": {"KHR_materials_unlit": {}},
            },
        )

    def add_mesh(
        self,
        name: str,
        points: Array,
        faces: Array,
        material: int,
        *,
        normals: Array | None = None,
        places: Array | None = None,
        joints: tuple[Array, Array] | None = None,
        targets: Sequence[Array] = (),
        extras: dict[str, Any] | None = None,
    ) -> int:
        """Triangles: points (n, 3) m, faces (m, 3), normals (n, 3), places (n, 2) in a picture,
        and for a skin the four joints (n, 4) of each point and their weights (n, 4). ``targets``
        (n, 3) are shifts of the points that an animation can add.
        """
        attributes = {"POSITION": self.add_array(_single(points), VERTICES, bounds=True)}
        if normals is not None:
            attributes["NORMAL"] = self.add_array(_single(_unit(normals)), VERTICES)
        if places is not None:
            attributes["TEXCOORD_0"] = self.add_array(_single(places), VERTICES)
        if joints is not None:
            numbers, weights = joints
            attributes["JOINTS_0"] = self.add_array(numbers.astype(np.uint16), VERTICES)
            attributes["WEIGHTS_0"] = self.add_array(_single(weights), VERTICES)
        indices = self.add_array(faces.astype(np.uint32).ravel(), TRIANGLES)
        primitive: dict[str, Any] = {
            "attributes": attributes,
            "indices": indices,
            "material": material,
        }
        if targets:
            primitive["targets"] = [
                {"POSITION": self.add_array(_single(shift), VERTICES, bounds=True)}
                for shift in targets
            ]
        mesh: dict[str, Any] = {"name": name, "primitives": [primitive]}
        if targets:
            mesh["weights"] = [0.0] * len(targets)
        if extras:
            mesh["extras"] = extras
        return self.add("meshes", mesh)

    def packed(self, roots: list[int], scene: dict[str, Any]) -> bytes:
        """The whole file, with one scene of these root nodes; ``scene`` adds to it."""
        asset: dict[str, Any] = {
            "version": "2.0",
            "generator": self.generator,
            "copyright": self.copyright,
        }
        if self.extras:
            asset["extras"] = self.extras
        binary = bytes(self._bytes) + b"\0" * (-len(self._bytes) % 4)
        document: dict[str, Any] = {
            "asset": asset,
            "scene": 0,
            "scenes": [{"nodes": roots, **scene}],
            **self.parts,
            "buffers": [{"byteLength": len(binary)}],
        }
        if self.extensions:
            document["extensionsUsed"] = sorted(self.extensions)
        text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        return b"".join(
            (
                struct.pack("<3I", MAGIC, 2, 12 + 8 + len(text) + 8 + len(binary)),
                struct.pack("<2I", len(text), JSON_CHUNK),
                text,
                struct.pack("<2I", len(binary), BINARY_CHUNK),
                binary,
            )
        )


def unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of a GLB.

    Raises
    ------
    ValueError
        If it is none.
    """
    if len(data) < 20 or struct.unpack_from("<3I", data) != (MAGIC, 2, len(data)):
        raise ValueError("not a GLB of glTF 2.0")
    length, kind = struct.unpack_from("<2I", data, 12)
    if kind != JSON_CHUNK:
        raise ValueError("the GLB does not begin with its JSON")
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document, data[28 + length :]


def values_of(document: dict[str, Any], binary: bytes, number: int) -> Array:
    """The numbers of one accessor, (n,) or (n, k)."""
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    name = next(n for n, code in COMPONENTS.items() if code == accessor["componentType"])
    width = next(w for w, shape in SHAPES.items() if shape == accessor["type"])
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    flat = np.frombuffer(binary, dtype=name, count=accessor["count"] * width, offset=start)
    return flat if width == 1 else flat.reshape(-1, width)


def linear(value: float) -> float:
    """A colour as it is seen (sRGB, 0..1) to the light that it is, as glTF wants it."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def quaternions(rotations: Array) -> Array:
    """(n, 3, 3) rotations to (n, 4) unit quaternions x, y, z, w, without a leap of sign."""
    from scipy.spatial.transform import Rotation

    found = np.asarray(Rotation.from_matrix(rotations).as_quat())
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    leaps = (found[1:] * found[:-1]).sum(axis=1) < 0.0
    found[1:][np.cumsum(leaps) % 2 == 1] *= -1.0
    return found


def _single(values: Array) -> Array:
    return np.asarray(values, dtype=np.float32)


def _unit(normals: Array) -> Array:
    """Of length 1 each, also where a surface has none."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), [[0.0, 0.0, 1.0]])
