"""Round and flat tubes along a path: nerves, vessels, and the room within which one varies."""

import numpy as np

from siexplorer.geometry.surface import Floats, Surface, outwards

AROUND = 12
"""Points of a ring."""


def tube(path: Floats, half_width_mm: Floats, half_depth_mm: Floats, flat: Floats) -> Surface:
    """A closed tube along (m, 3) points with an oval section of two half axes (m,) each.

    ``flat`` (3,) is the direction across which the tube is thin; the wide axis lies square to it
    and to the path. Both ends are round.
    """
    around, rings = AROUND, []
    way = np.gradient(path, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    wide = np.cross(way, flat)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    deep = np.cross(wide, way)
    turn = np.linspace(0.0, 2 * np.pi, around, endpoint=False)
    first, last = half_depth_mm[0], half_depth_mm[-1]
    stops = [(0, -first * np.cos(a), np.sin(a)) for a in (0.45, 0.95)]
    stops += [(k, 0.0, 1.0) for k in range(len(path))]
    stops += [(len(path) - 1, last * np.cos(a), np.sin(a)) for a in (0.95, 0.45)]
    for k, ahead, share in stops:
        ring = (
            half_width_mm[k] * np.cos(turn)[:, None] * wide[k]
            + half_depth_mm[k] * np.sin(turn)[:, None] * deep[k]
        )
        rings.append(path[k] + ahead * way[k] + share * ring)
    ends = np.stack([path[0] - first * way[0], path[-1] + last * way[-1]])
    vertices = np.concatenate([*rings, ends])
    faces = []
    for ring_number in range(len(rings) - 1):
        low = ring_number * around
        for k in range(around):
            a, b = low + k, low + (k + 1) % around
            c, d = a + around, b + around
            faces += [[a, b, c], [b, d, c]]
    start, end = len(rings) * around, len(rings) * around + 1
    top = (len(rings) - 1) * around
    for k in range(around):
        faces += [[start, (k + 1) % around, k], [end, top + k, top + (k + 1) % around]]
    return outwards(Surface(vertices, np.array(faces, dtype=np.int32)))
