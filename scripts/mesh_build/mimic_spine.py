"""Lumbar vertebrae from the PyPI wheel ``musclemimic-models``, read at build time only.

The wheel's meshes are Apache-2.0 (its NOTICE: from MyoHub's myo_sim; the lumbar spine after the
MIT-licensed OpenSim model of Bruno et al. 2015).
"""

import struct
import zipfile
from pathlib import Path

import numpy as np

from siexplorer.geometry.landmarks import MIRROR, Bones
from siexplorer.geometry.lattice import Lattice
from siexplorer.geometry.lumbar import (
    LEVELS,
    TRIANGLES,
    Placed,
    carved,
    disc,
    sacral_plate,
    sacrum_field,
    stacked,
    surface_of,
    twelfth_rib,
    vertebra_field,
)
from siexplorer.geometry.surface import Floats, Surface

WHEEL = "musclemimic_models-1.0.6-py3-none-any.whl"
WHEEL_SHA256 = "88b096fe072bd5d2cfcc88ec43ffef27a73bc5a54e6699d3bda0e92a76a03bea"
MESHES = "musclemimic_models/model/meshes"


def read_stl(data: bytes) -> Surface:
    """A binary STL with its equal corners joined, vertices in order of their coordinates."""
    (count,) = struct.unpack_from("<I", data, 80)
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    corners = np.frombuffer(data, record, count, 84)["corners"].reshape(-1, 3)
    vertices, faces = np.unique(corners, axis=0, return_inverse=True)
    return Surface(vertices.astype(np.float64), faces.reshape(-1, 3).astype(np.int32))


def read_vertebra(wheel: Path, level: str) -> Surface:
    """A vertebra (``l5`` ... ``l1``) in mm, +x left, +y posterior, +z up.

    The file holds metres, +x anterior, +y up, +z right.
    """
    with zipfile.ZipFile(wheel) as files:
        raw = read_stl(files.read(f"{MESHES}/lumbar{level[1:]}.stl"))
    to_axes = np.eye(4)
    to_axes[:3, :3] = 1000.0 * np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return raw.moved(to_axes)


def build_spine(wheel: Path, bones: Bones, landmarks: dict[str, Floats]) -> dict[str, Surface]:
    """Vertebrae, discs and twelfth ribs by surface id, in the body frame of ``bones``."""
    placed, fields, sacral = _fields(wheel, bones, landmarks)
    surfaces = {}
    for one, field in zip(placed, fields, strict=True):
        own = surface_of(field, TRIANGLES)
        surfaces[f"{one.level.name}-vertebra"] = own.moved(one.matrix)
    solids: list[tuple[Lattice, Floats]] = [(sacral, np.eye(4))]
    solids += [(f, inverse(one.matrix)) for one, f in zip(placed, fields, strict=True)]
    plates = [sacral_plate(bones.sacrum, landmarks["sacral-promontory"][0])]
    plates += [one.upper for one in placed]
    names = ["l5-s1-disc", "l4-l5-disc", "l3-l4-disc", "l2-l3-disc", "l1-l2-disc"]
    for k, name in enumerate(names):
        surfaces[name] = disc(plates[k], placed[k].lower, solids[k : k + 2])
    rib = twelfth_rib(placed[-1].upper)
    surfaces["left-twelfth-rib"] = rib
    surfaces["right-twelfth-rib"] = rib.moved(MIRROR)
    return surfaces


def _fields(
    wheel: Path, bones: Bones, landmarks: dict[str, Floats]
) -> tuple[list[Placed], list[Lattice], Lattice]:
    """Where each level goes, its field in its own frame, and the sacrum's field."""
    promontory = landmarks["sacral-promontory"][0]
    placed = stacked(sacral_plate(bones.sacrum, promontory))
    sacral = sacrum_field(bones.sacrum, promontory[2] - 6)
    fields: list[Lattice] = []
    below, into_below = sacral, np.eye(4)
    for one in placed:
        field = vertebra_field(read_vertebra(wheel, one.level.name), one.level)
        fields.append(carved(field, below, into_below @ one.matrix))
        below, into_below = fields[-1], inverse(one.matrix)
    return placed, fields, sacral


def inverse(matrix: Floats) -> Floats:
    """The (4, 4) transform back."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def spine_marks(surfaces: dict[str, Surface]) -> dict[str, Floats]:
    """Points (1, 3) of each level for whoever hangs muscles on it, in the body frame.

    ``l4-left-transverse-tip``, ``l4-spinous-tip``, ``l4-left-mamillary`` (back of the superior
    articular process) and ``l4-left-body-side`` (middle of the body's side); the right is the left
    mirrored.
    """
    marks = {}
    for level in LEVELS:
        points = surfaces[f"{level.name}-vertebra"].vertices
        middle = points[np.abs(points[:, 0]) < 5]
        spinous = middle[np.argmax(middle[:, 1])]
        tip = points[np.argmax(points[:, 0])]
        front = points[:, 1].min()
        body = points[points[:, 1] < front + 26]
        height = (body[:, 2].min() + body[:, 2].max()) / 2
        waist = body[np.abs(body[:, 2] - height) < 5]
        side = waist[np.argmax(waist[:, 0])]
        articular = points[(points[:, 0] > 8) & (points[:, 0] < 0.75 * tip[0])]
        mamillary = articular[np.argmax(articular @ np.array([0.2, 0.6, 0.75]))]
        marks[f"{level.name}-left-transverse-tip"] = tip[None]
        marks[f"{level.name}-spinous-tip"] = spinous[None] * [0.0, 1.0, 1.0]
        marks[f"{level.name}-left-mamillary"] = mamillary[None]
        marks[f"{level.name}-left-body-side"] = side[None]
    return marks
