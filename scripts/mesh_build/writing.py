"""A pack written to its folder: GLB, landmarks, shape, and ``pack.toml`` with their checksums."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from siexplorer.geometry.surface import Floats, Surface, is_closed

SHAPE_FILE = "shape.npz"


@dataclass(frozen=True, slots=True)
class Made:
    """A surface of the pack and what is said of it."""

    surface: Surface
    entry: str
    moves_with: str
    provenance: str
    role: Literal["body", "area", "corridor"] = "body"
    fibres: Floats | None = None


def glb_of(made: dict[str, Made]) -> bytes:
    """All surfaces as one GLB; a muscle's fibre coordinates travel as texture coordinates."""
    import trimesh

    scene = trimesh.Scene()
    for name, one in made.items():
        mesh = trimesh.Trimesh(one.surface.vertices, one.surface.faces, process=False)
        mesh.visual = trimesh.visual.TextureVisuals(uv=one.fibres)
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    return bytes(scene.export(file_type="glb"))


def file_entry(name: str, data: bytes) -> str:
    """How ``pack.toml`` lists a file."""
    digest = hashlib.sha256(data).hexdigest()
    return f'[[file]]\nname = "{name}"\nbytes = {len(data)}\nsha256 = "{digest}"\n'


def listed(text: str, name: str, data: bytes) -> str:
    """The text of a ``pack.toml`` in which a file is listed with these bytes, after the others."""
    blocks = text.split("\n[[")
    kept = [block for block in blocks if f'name = "{name}"' not in block]
    last = max(k for k, block in enumerate(kept) if block.startswith("file]]"))
    kept.insert(last + 1, file_entry(name, data).removeprefix("[["))
    return "\n[[".join(kept)


def write_pack(
    folder: Path, head: str, made: dict[str, Made], landmarks: dict[str, Any], shape: bytes
) -> int:
    """Write the pack's four files. Returns how many bytes they take."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"{folder.name}.glb": glb_of(made),
        "landmarks.json": (json.dumps(landmarks, indent=1) + "\n").encode(),
        SHAPE_FILE: shape,
    }
    lines = [head]
    for name, data in files.items():
        (folder / name).write_bytes(data)
        lines.append(file_entry(name, data))
    for name, one in made.items():
        lines.append(
            f'[[surface]]\nid = "{name}"\nentry = "{one.entry}"\nmoves_with = "{one.moves_with}"\n'
            f'provenance = "{one.provenance}"\nclosed = {str(is_closed(one.surface)).lower()}\n'
            f"reviewed = false\ntriangles = {len(one.surface.faces)}\n"
            f'role = "{one.role}"\n'
        )
    text = "\n".join(lines).encode()
    (folder / "pack.toml").write_bytes(text)
    return len(text) + sum(map(len, files.values()))
