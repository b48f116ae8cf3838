"""Which surfaces lie wholly behind others from where the eye is, found from vertices alone."""

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats

CELL_PX = 18.0
"""The picture is looked at in squares of this size: vertices lie closer than that (design)."""

BEHIND_MM = 7.0
"""A vertex must lie this much deeper than all that is in front of its square and those around it
(design: thinner layers count as seen)."""


def covered(
    points: dict[str, Floats], opaque: frozenset[str], matrix: Floats, size: tuple[int, int]
) -> frozenset[str]:
    """The names whose every vertex in the picture lies behind opaque surfaces.

    ``points`` (n, 3) mm by name as they are now, ``matrix`` (4, 4) the camera's projection,
    ``size`` the picture in pixels.
    """
    if not points:
        return frozenset()
    names = list(points)
    whole = np.concatenate([points[name] for name in names])
    owner = np.repeat(np.arange(len(names)), [len(points[name]) for name in names])
    clip = whole @ matrix[:, :3].T + matrix[:, 3]
    depth = clip[:, 3]
    wide, high = (int(np.ceil(pixels / CELL_PX)) + 3 for pixels in size)
    column = ((clip[:, 0] / depth + 1.0) / 2.0 * size[0] / CELL_PX).astype(np.int64) + 1
    row = ((clip[:, 1] / depth + 1.0) / 2.0 * size[1] / CELL_PX).astype(np.int64) + 1
    inside = (column > 0) & (column < wide - 1) & (row > 0) & (row < high - 1)
    solid = np.array([name in opaque for name in names])[owner] & inside
    front, square = np.full(wide * high, np.inf), np.where(inside, column * high + row, 0)
    np.minimum.at(front, square[solid], depth[solid])
    wall = _farthest_around(front.reshape(wide, high)).ravel()
    seen = inside & (depth < wall[square])
    found = np.bincount(owner[seen], minlength=len(names)) > 0
    return frozenset(name for name, is_seen in zip(names, found, strict=True) if not is_seen)


def _farthest_around(front: Floats) -> npt.NDArray[np.float64]:
    """For each square the farthest of the nearest depths in it and around it, and a little more."""
    padded = np.pad(front, 1, constant_values=np.inf)
    wide, high = front.shape
    around = [padded[i : i + wide, j : j + high] for i in range(3) for j in range(3)]
    return np.asarray(np.maximum.reduce(around) + BEHIND_MM)
