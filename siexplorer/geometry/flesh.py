"""A closed body round a bundle of strands, of a wanted volume, that leaves room for what is there.

The body is where a point is nearer to the strands than their radius: half the nearest strand's
word, half a weighted mean of the strands around, so that single strands do not show.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, label
from scipy.spatial import cKDTree

from siexplorer.geometry.filters import contour_grid, evened_surface, thinned
from siexplorer.geometry.lattice import REACH_MM, Grid, Lattice
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    largest_piece,
    neighbour_mean,
    volume_cm3,
)

NEIGHBOURS = 24
SPREAD_MM = 5.0
MOST_SCALE = 2.5
EDGE_MM = 8.0
"""Distances are kept this far on both sides of a body: enough for smoothing (design)."""

CORRECTIONS, CLOSE_ENOUGH = 3, 0.003
"""So often the scale is corrected for what smoothing took off, unless it is this near already."""

BAND, ROUNDS = 0.12, 2.4
"""What of a surface's waves is kept when the steps of its grid are evened; the less is kept, the
more rounds it takes: their product (design)."""

ACROSS_ROUNDS = 12
"""So often a surface's places across its fibres are evened out with the neighbours' (design)."""

SAMPLE = 5
"""One node in so many is asked while the scale is sought."""

GAP_MM = 0.6
"""Between a muscle and what it lies on (design: it keeps two surfaces from flickering)."""


@dataclass(frozen=True, slots=True)
class Flesh:
    """The body of a muscle or ligament: its surface and fibre coordinates (n, 2)."""

    surface: Surface
    fibres: Floats


def grown(
    bundle: Floats,
    radii_mm: Floats,
    across: Floats,
    field: Lattice,
    *,
    volume_cm3_wanted: float | None,
    triangles: int,
    least_mm: float = 0.0,
    smooth_voxels: float = 1.0,
    spread_mm: float = SPREAD_MM,
    gap_mm: float = GAP_MM,
    band: float = BAND,
    across_rounds: int = ACROSS_ROUNDS,
    into: Lattice | None = None,
) -> Flesh:
    """The body of a bundle (n, m, 3) with radii (n, m) and each strand's place across (n,).

    ``volume_cm3_wanted`` None keeps the radii as they are. The body joins ``into``, so that what is
    grown later leaves room for it.

    Raises
    ------
    ValueError
        If nothing is left of the body once room is made for what is there.
    """
    points, radii = bundle.reshape(-1, 3), radii_mm.reshape(-1)
    most = MOST_SCALE if volume_cm3_wanted else 1.0
    reach = most * float(radii.max()) + EDGE_MM
    block = field.block(points.min(axis=0) - reach, points.max(axis=0) + reach)
    nodes = field.positions(block)
    there = field.values[block].reshape(-1)
    tree = cKDTree(points)
    first, nearest = tree.query(nodes, distance_upper_bound=reach)
    # Only where the body may come to be: near the strands, and not deep in what is there.
    near = np.isfinite(first) & (there > -EDGE_MM)
    near[near] &= first[near] < most * np.maximum(radii[nearest[near]], least_mm) + EDGE_MM
    away, which = tree.query(nodes[near], k=NEIGHBOURS)
    weight = np.exp((away[:, :1] ** 2 - away**2) / (2 * spread_mm**2))
    weight /= weight.sum(axis=1, keepdims=True)
    radius = radii[which]
    mean_away, mean_radius = (weight * away).sum(axis=1), (weight * radius).sum(axis=1)
    room = gap_mm - there[near]
    shape = field.values[block].shape

    def value(scale: float) -> Grid:
        grow = np.maximum(scale * radius, least_mm)
        single = (away - grow).min(axis=1)
        shared = mean_away - np.maximum(scale * mean_radius, least_mm)
        cube = np.full(len(nodes), EDGE_MM, dtype=np.float32)
        cube[near] = np.maximum(0.5 * single + 0.5 * shared, room)
        return cube.reshape(shape)

    def size_cm3(cube: npt.NDArray[np.floating[Any]], share: int = 1) -> float:
        inside = np.clip(0.5 - cube / field.spacing_mm, 0.0, 1.0)
        return float(inside.sum()) * share * field.spacing_mm**3 / 1000

    def rough_cm3(scale: float) -> float:
        grow = np.maximum(scale * radius[::SAMPLE], least_mm)
        single = (away[::SAMPLE] - grow).min(axis=1)
        shared = mean_away[::SAMPLE] - np.maximum(scale * mean_radius[::SAMPLE], least_mm)
        return size_cm3(np.maximum(0.5 * single + 0.5 * shared, room[::SAMPLE]), SAMPLE)

    def smoothed(cube: Grid) -> Grid:
        soft = np.asarray(
            gaussian_filter(np.clip(cube, -EDGE_MM, EDGE_MM), smooth_voxels), dtype=np.float32
        )
        soft = np.maximum(soft, (gap_mm - field.values[block]).astype(np.float32))
        return np.asarray(gaussian_filter(soft, 0.6), dtype=np.float32)

    def fitting(wanted: float) -> float:
        low, high = 0.05, most
        for _ in range(12):
            middle = (low + high) / 2
            too_small = rough_cm3(middle) < wanted
            low, high = (middle, high) if too_small else (low, middle)
        return (low + high) / 2

    origin = field.origin + field.spacing_mm * np.array([part.start for part in block])

    def body_at(scale: float) -> tuple[Grid, Surface]:
        smooth = smoothed(_one_piece(value(scale)))
        if not (smooth < 0).any():
            raise ValueError("there is no room for this body")
        raw = largest_piece(contour_grid(smooth, origin, field.spacing_mm))
        return smooth, thinned(evened_surface(raw, round(ROUNDS / band), band), triangles)

    scale = fitting(volume_cm3_wanted) if volume_cm3_wanted is not None else 1.0
    smooth, surface = body_at(scale)
    for _ in range(CORRECTIONS if volume_cm3_wanted is not None else 0):
        # Smoothing takes a little off: ask for that much more.
        assert volume_cm3_wanted is not None
        missing = volume_cm3_wanted - volume_cm3(surface)
        if abs(missing) < CLOSE_ENOUGH * volume_cm3_wanted:
            break
        scale = fitting(rough_cm3(scale) + missing)
        smooth, surface = body_at(scale)
    if into is not None:
        # Its distances end at EDGE_MM: beyond, it says nothing.
        into.joined(block, np.where(smooth < EDGE_MM - 1.0, smooth, np.float32(REACH_MM)))
    return Flesh(surface, fibre_coordinates(surface, bundle, across, across_rounds))


def _one_piece(cube: Grid) -> Grid:
    parts, count = label(cube < 0)
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        cube = np.where((parts > 0) & (parts != sizes.argmax()), np.float32(1.0), cube)
    return cube


def fibre_coordinates(
    surface: Surface, bundle: Floats, across: Floats, across_rounds: int = ACROSS_ROUNDS
) -> Floats:
    """(k, 2) of a surface's vertices: where across the bundle (n, m, 3), and how far along, 0 to 1.

    Across is evened over the surface, so that strands on top of each other do not make swirls.
    """
    count, points, _ = bundle.shape
    away, which = cKDTree(bundle.reshape(-1, 3)).query(surface.vertices, k=2 * NEIGHBOURS)
    weight = np.exp((away[:, :1] ** 2 - away**2) / (2 * 6.0**2))
    weight /= weight.sum(axis=1, keepdims=True)
    along = np.tile(np.linspace(0.0, 1.0, points), count)
    aside = np.repeat(across, points)
    across_here = neighbour_mean(surface, (weight * aside[which]).sum(axis=1), across_rounds)
    along_here = neighbour_mean(surface, (weight * along[which]).sum(axis=1), rounds=2)
    return np.stack([across_here, along_here], axis=1)


def spread_evenly(points: Floats, count: int) -> npt.NDArray[np.intp]:
    """Indices of ``count`` points of (n, 3), each as far as can be from those before (farthest)."""
    chosen = np.empty(min(count, len(points)), dtype=np.intp)
    chosen[0] = int(np.argmin(points[:, 2] + points[:, 1] * 1e-3))
    away = np.linalg.norm(points - points[chosen[0]], axis=1)
    for k in range(1, len(chosen)):
        chosen[k] = int(np.argmax(away))
        away = np.minimum(away, np.linalg.norm(points - points[chosen[k]], axis=1))
    return chosen
