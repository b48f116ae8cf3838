"""A triangle surface as two arrays, and what can be measured on one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Surface:
    """``vertices`` (n, 3) in mm, ``faces`` (m, 3), wound so that normals point outwards."""

    vertices: Floats
    faces: Ints

    def moved(self, matrix: Floats) -> "Surface":
        """The surface under a (4, 4) transform; a mirroring one keeps its normals outwards."""
        turned = self.vertices @ matrix[:3, :3].T + matrix[:3, 3]
        mirrored = np.linalg.det(matrix[:3, :3]) < 0
        return Surface(turned, self.faces[:, ::-1].copy() if mirrored else self.faces)


def joined(parts: list[Surface]) -> Surface:
    """All parts as one surface, their vertices and faces in the order given."""
    firsts = np.cumsum([0, *(len(part.vertices) for part in parts)])[:-1]
    faces = [part.faces + first for part, first in zip(parts, firsts, strict=True)]
    return Surface(
        np.concatenate([part.vertices for part in parts]), np.concatenate(faces).astype(np.int32)
    )


def face_normals(surface: Surface) -> Floats:
    """(m, 3) normals, as long as twice each face's area."""
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    return np.asarray(np.cross(b - a, c - a))


def vertex_normals(surface: Surface) -> Floats:
    """(n, 3) unit normals, each the area-weighted mean of its faces'."""
    weighted = face_normals(surface)
    normals = np.zeros_like(surface.vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(
                surface.faces[:, corner], weighted[:, axis], minlength=len(normals)
            )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0, lengths, 1.0)


def area_cm2(surface: Surface) -> float:
    """Area in square centimetres."""
    return float(np.linalg.norm(face_normals(surface), axis=1).sum() / 2 / 100)


def volume_cm3(surface: Surface) -> float:
    """Volume in cubic centimetres, by the divergence theorem; only a closed surface has one."""
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 / 1000)


def turns_round(surface: Surface, points: Floats) -> Floats:
    """(k,) how often a closed surface lies round points (k, 3): 1 within, 0 outside, whatever its
    folds (the solid angle of all faces, Van Oosterom and Strackee 1983, doi
    10.1109/TBME.1983.325207). For few points: it takes all faces for each.
    """
    found = np.empty(len(points))
    corners = surface.vertices[surface.faces]
    for number, point in enumerate(points):
        a, b, c = (corners[:, i] - point for i in range(3))
        along_a, along_b, along_c = (np.sqrt(np.einsum("ij,ij->i", x, x)) for x in (a, b, c))
        volume = np.einsum("ij,ij->i", a, np.cross(b, c))
        rest = along_a * along_b * along_c
        for one, other, third in ((a, b, along_c), (b, c, along_a), (c, a, along_b)):
            rest += np.einsum("ij,ij->i", one, other) * third
        found[number] = np.arctan2(volume, rest).sum() / (2.0 * np.pi)
    return found


def edges(surface: Surface) -> tuple[Ints, Ints]:
    """Unique undirected edges (e, 2) and how many faces use each (e,)."""
    pairs = np.sort(surface.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    # One whole number per pair sorts many times faster than rows do.
    size = np.int64(pairs.max(initial=0)) + 1
    unique, count = np.unique(pairs[:, 0] * size + pairs[:, 1], return_counts=True)
    return np.stack(np.divmod(unique, size), axis=1).astype(np.int32), count.astype(np.int32)


def section(vertices: Floats, pairs: Ints, level: float, axis: int = 2) -> Floats:
    """(k, 3) points where edges ``pairs`` (e, 2) cross a level of an axis, by default a height."""
    above = vertices[pairs, axis] - level
    crosses = above[:, 0] * above[:, 1] < 0
    share = above[crosses, 0] / (above[crosses, 0] - above[crosses, 1])
    a, b = vertices[pairs[crosses, 0]], vertices[pairs[crosses, 1]]
    return np.asarray(a + share[:, None] * (b - a))


def is_closed(surface: Surface) -> bool:
    """Whether every edge joins exactly two faces, so that there is an inside."""
    return len(surface.faces) > 0 and bool((edges(surface)[1] == 2).all())


def neighbour_mean(surface: Surface, values: Floats, rounds: int = 1) -> Floats:
    """(n,) vertex values, ``rounds`` times replaced by the mean with their neighbours'."""
    pairs, _ = edges(surface)
    count = np.bincount(pairs.ravel(), minlength=len(values)) + 1.0
    for _ in range(rounds):
        total = values.copy()
        total += np.bincount(pairs[:, 0], values[pairs[:, 1]], minlength=len(values))
        total += np.bincount(pairs[:, 1], values[pairs[:, 0]], minlength=len(values))
        values = total / count
    return values


def outwards(surface: Surface) -> Surface:
    """The closed surface wound so that its volume is positive."""
    if volume_cm3(surface) > 0:
        return surface
    return Surface(surface.vertices, surface.faces[:, ::-1].copy())


def pieces(surface: Surface) -> npt.NDArray[np.intp]:
    """(m,) the connected piece that each face belongs to, numbered from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs, _ = edges(surface)
    size = len(surface.vertices)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return np.asarray(np.unique(label[surface.faces[:, 0]], return_inverse=True)[1], dtype=np.intp)


def largest_piece(surface: Surface) -> Surface:
    """The connected piece with the most faces, without the vertices that it does not use."""
    of_face = pieces(surface)
    return compacted(surface, of_face == np.bincount(of_face).argmax())


def used_vertices(surface: Surface, keep: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(k,) which vertices :func:`compacted` keeps, in its order."""
    return np.unique(surface.faces[keep]).astype(np.int64)


def compacted(surface: Surface, keep: npt.NDArray[np.bool_]) -> Surface:
    """The faces selected by the (m,) mask, without the vertices that they do not use."""
    used, faces = np.unique(surface.faces[keep], return_inverse=True)
    return Surface(surface.vertices[used], faces.reshape(-1, 3).astype(np.int32))
