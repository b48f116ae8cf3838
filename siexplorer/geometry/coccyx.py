"""A modelled coccyx: no open atlas of this pelvis has one, so four segments continue the sacrum."""

import numpy as np

from siexplorer.geometry.filters import contour_grid
from siexplorer.geometry.surface import Floats, Surface, largest_piece

LENGTHS_MM = (11.0, 9.0, 8.0, 7.0)
HALF_WIDTHS_MM = (10.5, 7.5, 5.5, 4.0)
HALF_DEPTHS_MM = (4.6, 4.0, 3.4, 3.0)
FIRST_BEND_DEG, LAST_BEND_DEG = 12.0, 58.0
"""How far the first and the last segment lean forwards from straight down (design)."""


def modelled_coccyx(sacrum: Surface, apex: Floats) -> Surface:
    """A closed coccyx of four fused segments below ``apex`` (3,), curving forwards (design)."""
    end = sacrum.vertices[sacrum.vertices[:, 2] < sacrum.vertices[:, 2].min() + 6]
    start = np.array([end[:, 0].mean(), end[:, 1].mean(), apex[2] + 1.5])
    centres, leans = [], []
    for k, length in enumerate(LENGTHS_MM):
        lean = np.radians(FIRST_BEND_DEG + (LAST_BEND_DEG - FIRST_BEND_DEG) * k / 3)
        along = np.array([0.0, -np.sin(lean), -np.cos(lean)])
        centres.append(start + along * length / 2)
        leans.append(along)
        start = start + along * length
    spacing = 1.5
    low = np.min(centres, axis=0) - 18
    high = np.max(centres, axis=0) + 18
    axes = [np.arange(a, b, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = np.full(grid.shape[:-1], np.inf)
    for centre, along, length, width, depth in zip(
        centres, leans, LENGTHS_MM, HALF_WIDTHS_MM, HALF_DEPTHS_MM, strict=True
    ):
        field = _smooth_min(field, _ellipsoid(grid, centre, along, (width, depth, length * 0.62)))
    wing = centres[0] + np.array([0.0, 0.0, 2.0])
    field = _smooth_min(field, _ellipsoid(grid, wing, leans[0], (11.5, 2.8, 2.6)))
    return largest_piece(contour_grid(field, low, spacing))


def _ellipsoid(
    grid: Floats, centre: Floats, along: Floats, radii: tuple[float, float, float]
) -> Floats:
    """Approximate distance in mm to an ellipsoid, its long axis ``along``, its width along x."""
    across = np.array([1.0, 0.0, 0.0])
    local = (grid - centre) @ np.array([across, np.cross(along, across), along]).T
    scaled = np.linalg.norm(local / np.array(radii), axis=-1)
    return np.asarray((scaled - 1.0) * min(radii))


def _smooth_min(a: Floats, b: Floats, blend_mm: float = 2.2) -> Floats:
    """Union of two distance fields with a fillet, so that segments look fused."""
    if not np.isfinite(a).any():
        return b
    mix = np.clip(0.5 + 0.5 * (b - a) / blend_mm, 0.0, 1.0)
    return np.asarray(b * (1 - mix) + a * mix - blend_mm * mix * (1 - mix))
