"""Lumbar vertebrae, discs and twelfth ribs above a sacrum that came without them.

Open low-polygon vertebrae are stretched to an adult's sizes, made smooth through a distance field
and stacked on the sacral base with a standing lordosis; discs and ribs are modelled.
Body frame throughout; the vertebra's own frame has +x left, +y posterior, +z up, its origin in the
middle of the body.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray
from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance
from vtkmodules.vtkFiltersModeling import vtkLoopSubdivisionFilter

from siexplorer.geometry.filters import contour_grid, from_polydata, thinned, to_polydata
from siexplorer.geometry.lattice import Lattice
from siexplorer.geometry.surface import (
    Floats,
    Surface,
    face_normals,
    largest_piece,
    vertex_normals,
)


@dataclass(frozen=True, slots=True)
class Level:
    """Sizes of a lumbar vertebra and of the disc below it, mm.

    Design choices: widths and depths of the end plates and the span of the transverse processes
    close to the means of Panjabi et al. 1992 (Spine 17:299-306), heights of bodies and discs within
    the usual adult range and such that they add up to a standing lordosis.
    """

    name: str
    upper_width_mm: float
    lower_width_mm: float
    upper_depth_mm: float
    lower_depth_mm: float
    front_height_mm: float
    back_height_mm: float
    transverse_span_mm: float
    behind_body_mm: float
    transverse_height_mm: float
    transverse_depth_mm: float
    disc_front_mm: float
    disc_back_mm: float


LEVELS = (
    Level("l5", 47.3, 49.4, 34.7, 33.2, 28.5, 23.5, 92.6, 43.0, 14.0, 9.0, 14.5, 6.5),
    Level("l4", 46.6, 49.5, 35.5, 33.9, 27.0, 25.0, 79.4, 47.0, 8.5, 5.5, 13.5, 7.5),
    Level("l3", 44.1, 48.0, 35.2, 34.8, 27.0, 26.0, 85.7, 49.0, 9.5, 5.5, 12.0, 7.5),
    Level("l2", 42.6, 45.5, 34.6, 34.9, 26.5, 26.5, 76.1, 48.0, 9.0, 5.5, 10.5, 7.0),
    Level("l1", 41.2, 43.3, 34.1, 35.3, 25.0, 26.5, 71.2, 45.0, 8.5, 5.5, 9.0, 6.5),
)
"""From the sacrum upwards."""

GRID_MM = 1.0
BLUR_MM = 1.1
"""Sampling of the distance field and how far it is blurred: facets go, processes stay (design)."""

OVAL = 2.5
"""Exponent of the outline of bodies and discs: 2 is an ellipse, more is squarer (design)."""

WAIST_MM, PLATE_HOLLOW_MM = 3.0, 1.5
"""How far a body's wall curves in between its rims, and its end plates within them (design)."""

CANAL_WIDTH_MM, CANAL_DEPTH_MM = 23.0, 15.0
"""Of the vertebral canal (design: about as wide as in an adult and a little less deep, since the
raw laminae are thin)."""

TRIANGLES, DISC_TRIANGLES, RIB_TRIANGLES = 3200, 1200, 1000
"""For each solid at most (design: about as dense as the pelvis below it)."""


@dataclass(frozen=True, slots=True)
class Plate:
    """An end plate: its ``centre`` (3,), and unit vectors out of the disc's way.

    ``normal`` points up, ``forward`` to the front within the plate.
    """

    centre: Floats
    normal: Floats
    forward: Floats
    width_mm: float
    depth_mm: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A level in the body frame: ``matrix`` (4, 4) from the vertebra's own frame, both plates."""

    level: Level
    matrix: Floats
    lower: Plate
    upper: Plate


def plate(centre: Floats, tilt_rad: float, width_mm: float, depth_mm: float) -> Plate:
    """A plate whose front is lower than its back by ``tilt_rad``."""
    normal = np.array([0.0, -np.sin(tilt_rad), np.cos(tilt_rad)])
    forward = np.array([0.0, -np.cos(tilt_rad), -np.sin(tilt_rad)])
    return Plate(np.asarray(centre, dtype=np.float64), normal, forward, width_mm, depth_mm)


def stacked(base: Plate, levels: tuple[Level, ...] = LEVELS) -> list[Placed]:
    """Each level on the disc above the one before, from the sacral base upwards."""
    placed = []
    below = base
    for level in levels:
        tilt = float(np.arctan2(-below.normal[1], below.normal[2]))
        lower = _next_plate(
            below,
            tilt,
            level.disc_front_mm,
            level.disc_back_mm,
            level.lower_width_mm,
            level.lower_depth_mm,
        )
        tilt = float(np.arctan2(-lower.normal[1], lower.normal[2]))
        upper = _next_plate(
            lower,
            tilt,
            level.front_height_mm,
            level.back_height_mm,
            level.upper_width_mm,
            level.upper_depth_mm,
        )
        up = _unit(lower.normal + upper.normal)
        matrix = np.eye(4)
        matrix[:3, :3] = np.array([[1.0, 0.0, 0.0], np.cross(up, [1.0, 0.0, 0.0]), up]).T
        matrix[:3, 3] = (lower.centre + upper.centre) / 2
        placed.append(Placed(level, matrix, lower, upper))
        below = upper
    return placed


def _next_plate(
    below: Plate, tilt: float, front_mm: float, back_mm: float, width_mm: float, depth_mm: float
) -> Plate:
    """The plate above a wedge with these heights at its front and back."""
    wedge = float(np.arctan2(front_mm - back_mm, (below.depth_mm + depth_mm) / 2))
    middle = tilt - wedge / 2
    along = np.array([0.0, -np.sin(middle), np.cos(middle)])
    centre = below.centre + along * (front_mm + back_mm) / 2
    return plate(centre, tilt - wedge, width_mm, depth_mm)


def stretched(raw: Surface, level: Level) -> Surface:
    """A vertebra in its own axes (any origin) stretched to a level's sizes.

    The end plates go to the level's wedge, the body to its width and depth, and what lies beyond
    to the span of its transverse and the reach of its spinous process.
    """
    points = raw.vertices
    upper_z, upper_slope = _raw_plate(raw, 1.0)
    lower_z, lower_slope = _raw_plate(raw, -1.0)
    # The narrow part right behind the body, in the midline, is the front of the vertebral canal.
    middle = np.abs(points[:, 0]) < 7
    back = points[middle & (points[:, 1] > 3), 1].min()
    front = points[:, 1].min()
    half = np.abs(points[points[:, 1] < 0, 0]).max()

    y = points[:, 1]
    level_with = np.minimum(y, back + 2)
    top = upper_z + upper_slope * level_with
    bottom = lower_z + lower_slope * level_with
    share = (points[:, 2] - bottom) / (top - bottom)
    depth = (level.upper_depth_mm + level.lower_depth_mm) / 2
    to_front = np.clip((back - y) / (back - front), 0.0, 1.0)
    height = level.back_height_mm + to_front * (level.front_height_mm - level.back_height_mm)
    z = (share - 0.5) * height

    reach = y.max() - back
    behind = np.maximum(y - back, 0.0) * level.behind_body_mm / reach
    new_y = -depth / 2 + np.minimum(y - front, back - front) * depth / (back - front) + behind
    width = level.lower_width_mm + np.clip(share, 0, 1) * (
        level.upper_width_mm - level.lower_width_mm
    )
    inner = np.minimum(np.abs(points[:, 0]), half)
    outer = np.abs(points[:, 0]) - inner
    span = np.abs(points[:, 0]).max()
    beyond = (level.transverse_span_mm - width) / 2 / (span - half)
    x = np.sign(points[:, 0]) * (inner * width / 2 / half + outer * beyond)
    return Surface(np.stack([x, new_y, z], axis=1), raw.faces)


def _raw_plate(raw: Surface, side: float) -> tuple[float, float]:
    """Height at y = 0 and slope dz/dy of an end plate of a vertebra in its own axes."""
    normals = face_normals(raw)
    areas = np.linalg.norm(normals, axis=1)
    centres = raw.vertices[raw.faces].mean(axis=1)
    flat = (normals[:, 2] * side > 0.9 * areas) & (centres[:, 1] < 14)
    normal = normals[flat].sum(axis=0)
    centre = np.average(centres[flat], axis=0, weights=areas[flat])
    slope = float(-normal[1] / normal[2])
    return float(centre[2] - slope * centre[1]), slope


def subdivided(surface: Surface, times: int = 2, rounds: int = 4) -> Surface:
    """Loop subdivision whose limit still passes near the given vertices.

    The control points are pushed out by what the subdivision takes in (progressive interpolation),
    so that thin processes do not shrink away.
    """
    control = surface.vertices.copy()
    fine = surface
    for _ in range(rounds):
        fine = _loop(Surface(control, surface.faces), times)
        # VTK keeps the given vertices first, each moved to its place on the finer surface.
        control = control + 0.8 * (surface.vertices - fine.vertices[: len(control)])
    return _loop(Surface(control, surface.faces), times)


def _loop(surface: Surface, times: int) -> Surface:
    divide = vtkLoopSubdivisionFilter()
    divide.SetNumberOfSubdivisions(times)
    divide.SetInputData(to_polydata(surface))
    divide.Update()
    return from_polydata(divide.GetOutput())


def distance(surface: Surface, points: Floats) -> Floats:
    """Signed distance in mm of (..., 3) points to a closed surface, positive outside."""
    field = vtkImplicitPolyDataDistance()
    field.SetInput(to_polydata(surface))
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    out = vtkDoubleArray()
    field.FunctionValue(numpy_to_vtk(flat), out)
    return np.asarray(vtk_to_numpy(out).copy().reshape(points.shape[:-1]))


def sampled(surface: Surface, spacing_mm: float = GRID_MM, margin_mm: float = 4.0) -> Lattice:
    """The distance field around a closed surface, on a grid symmetric about x = 0 where it is.

    Raises
    ------
    ValueError
        If the border of the grid is not outside: the surface is inside out, or folds over itself.
    """
    low = surface.vertices.min(axis=0) - margin_mm
    high = surface.vertices.max(axis=0) + margin_mm
    low[0] = -np.ceil(-low[0] / spacing_mm) * spacing_mm
    counts = np.ceil((high - low) / spacing_mm).astype(int) + 1
    field = _filled(surface, Lattice(np.zeros(tuple(counts)), low, spacing_mm))
    border = np.ones(field.values.shape, dtype=bool)
    border[1:-1, 1:-1, 1:-1] = False
    if (field.values[border] <= 0).any():
        raise ValueError("the surface has no inside that ends: inside out, or folded")
    return field


def _filled(surface: Surface, grid: Lattice) -> Lattice:
    """``grid`` with a surface's distances: exact near it, from every third sample elsewhere."""
    counts = tuple(-(-count // 3) + 1 for count in grid.values.shape)
    coarse = Lattice(np.zeros(counts), grid.origin, 3 * grid.spacing_mm)
    coarse = coarse.with_values(distance(surface, coarse.points()))
    points = grid.points().reshape(-1, 3)
    values = coarse.sample(points)
    # Interpolation errs by less than half a coarse cell's diagonal.
    close = np.abs(values) < 3.0 * grid.spacing_mm + 1.0
    values[close] = distance(surface, points[close])
    return grid.with_values(values.reshape(grid.values.shape))


def surface_of(field: Lattice, triangles: int) -> Surface:
    """The zero surface of a field, thinned out to about ``triangles``, its largest piece."""
    fine = largest_piece(contour_grid(field.values, field.origin, field.spacing_mm))
    return thinned(fine, triangles)


def smooth_max(a: Floats, b: Floats, blend_mm: float) -> Floats:
    """Intersection of two distance fields with a rounded edge."""
    return -smooth_min(-a, -b, blend_mm)


def smooth_min(a: Floats, b: Floats, blend_mm: float) -> Floats:
    """Union of two distance fields with a fillet of about ``blend_mm``."""
    mix = np.clip(0.5 + 0.5 * (b - a) / blend_mm, 0.0, 1.0)
    return np.asarray(b * (1 - mix) + a * mix - blend_mm * mix * (1 - mix))


CLEARANCE_MM = 0.5
"""What is left between one vertebra and the next, or the sacrum, where their joints meet (design:
the cartilage of a facet joint is about a millimetre thick)."""

SACRAL_WIDTH_MM, SACRAL_DEPTH_MM = 50.0, 34.0
"""Width and depth of the sacral base that the disc covers (measured on the built-in sacrum)."""


def sacral_plate(sacrum: Surface, promontory: Floats) -> Plate:
    """The sacral base as a plate, from the vertices that face up and forward behind (3,)
    ``promontory``; its middle is taken to lie at x = 0.

    Raises
    ------
    ValueError
        If nothing there faces up and forward: this is no sacrum in the body frame.
    """
    facing = vertex_normals(sacrum) @ _unit([0.0, -0.65, 0.75]) > 0.85
    away = sacrum.vertices - [0.0, promontory[1], promontory[2]]
    near = facing & (np.abs(away[:, 0]) < 20) & (away[:, 2] > 0) & (np.hypot(*away.T[1:]) < 40)
    if near.sum() < 10:
        raise ValueError("no sacral base behind the promontory: is this a sacrum, upright?")
    points = sacrum.vertices[near]
    slope, height = np.polyfit(points[:, 1], points[:, 2], 1)
    found = plate(
        np.array([0.0, 0.0, height]), float(np.arctan(slope)), SACRAL_WIDTH_MM, SACRAL_DEPTH_MM
    )
    front = (np.array([0.0, promontory[1], promontory[2]]) - found.centre) @ found.forward
    centre = found.centre + found.forward * (front - SACRAL_DEPTH_MM / 2)
    return Plate(centre, found.normal, found.forward, SACRAL_WIDTH_MM, SACRAL_DEPTH_MM)


def vertebra_field(raw: Surface, level: Level) -> Lattice:
    """The distance field of a level in its own frame, from a closed low-polygon vertebra.

    The raw meshes are angular where they are coarsest: the body's corners are rounded off, the
    transverse processes filled out to blades, and the vertebral canal opened to its width. Both
    sides become alike.
    """
    shape = stretched(raw, level)
    field = sampled(subdivided(shape))
    points = field.points()
    values = gaussian_filter(field.values, BLUR_MM / field.spacing_mm)
    tip = shape.vertices[np.argmax(shape.vertices[:, 0])]
    for side in (1.0, -1.0):
        blade = _blade(points * [side, 1.0, 1.0], tip, level)
        values = smooth_min(values, blade, 2.5)
    values = smooth_max(values, _round_body(points, level), 1.5)
    values = smooth_min(values, _body(points, level), 2.0)
    values = smooth_max(values, _beyond_plates(points, level), 1.2)
    values = smooth_max(values, -_canal(points, level), 1.5)
    return field.with_values((values + values[::-1]) / 2)


def _blade(points: Floats, tip: Floats, level: Level) -> Floats:
    """Distance to a flattened rod in the left transverse process, thicker at its root."""
    end = tip - [level.transverse_depth_mm / 2, 0.0, 0.0]
    start = np.array([0.5 * tip[0], tip[1] - 5.0, tip[2] - 0.5])
    along = end - start
    share = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    along = _unit(along)
    flat = _unit(np.cross(along, [0.0, 0.0, 1.0]))
    offset = points - start - share[..., None] * (end - start)
    size = 1.2 - 0.45 * share
    tall, deep = level.transverse_height_mm / 2 * size, level.transverse_depth_mm / 2 * size
    upright = offset @ np.cross(flat, along) / tall
    across = np.hypot(offset @ flat, offset @ along) / deep
    return np.asarray((np.hypot(upright, across) - 1.0) * deep)


def _round_body(points: Floats, level: Level) -> Floats:
    """Distance to an oval column that holds the front of the body; nothing ends behind it."""
    width = (level.upper_width_mm + level.lower_width_mm) / 4
    depth = (level.upper_depth_mm + level.lower_depth_mm) / 4
    widest = 1.0 + level.lower_width_mm / 4
    x, y = np.abs(points[..., 0]) / (width + 1.0), np.minimum(points[..., 1], 0.0) / depth
    radius = (x**OVAL + np.abs(y) ** OVAL) ** (1 / OVAL)
    behind = np.clip(points[..., 1] + 3.0, 0.0, None)
    return np.asarray((radius - 1.0) * depth - widest * behind / 3.0)


def _heights(points: Floats, level: Level) -> Floats:
    """Half the body's height at these points, the wedge continued a little beyond the body."""
    depth = (level.upper_depth_mm + level.lower_depth_mm) / 2
    to_front = np.clip(0.5 - points[..., 1] / depth, -0.1, 1.1)
    height = level.back_height_mm + to_front * (level.front_height_mm - level.back_height_mm)
    return np.asarray(height / 2)


def _body(points: Floats, level: Level) -> Floats:
    """Distance to the vertebral body: an oval column with a waist and hollow end plates."""
    half = _heights(points, level)
    share = np.clip(points[..., 2] / half, -1.0, 1.0)
    waist = WAIST_MM * (1 - share**2)
    middle = (level.lower_width_mm + level.upper_width_mm) / 4
    width = middle + share * (level.upper_width_mm - level.lower_width_mm) / 4 - waist
    depth = (level.upper_depth_mm + level.lower_depth_mm) / 4 - waist / 2
    # The waist is in front and at the sides; behind, the canal's wall is straight.
    x, y = np.abs(points[..., 0]) / width, np.abs(points[..., 1] - waist / 2) / depth
    column = ((x**OVAL + y**OVAL) ** (1 / OVAL) - 1.0) * depth
    return smooth_max(column, np.abs(points[..., 2]) - half, 1.6)


def _beyond_plates(points: Floats, level: Level) -> Floats:
    """Distance to what lies between the hollow end plates; above 0 only where the body is."""
    wall = (level.upper_depth_mm + level.lower_depth_mm) / 4
    half_width = (level.upper_width_mm + level.lower_width_mm) / 4
    radius = np.hypot(points[..., 0] / half_width, points[..., 1] / wall)
    hollow = PLATE_HOLLOW_MM * np.clip(1.0 - radius**4, 0.0, 1.0)
    depth = np.clip(points[..., 1] - wall + 2.0, 0.0, None)
    width = np.clip(np.abs(points[..., 0]) - level.lower_width_mm / 2 - 1.0, 0.0, None)
    return np.asarray(
        np.abs(points[..., 2]) - _heights(points, level) + hollow - 6.0 * (depth + width)
    )


def _canal(points: Floats, level: Level) -> Floats:
    """Distance to the vertebral canal, a column behind the body, wider in front than behind."""
    wall = (level.upper_depth_mm + level.lower_depth_mm) / 4
    back = points[..., 1] - wall - CANAL_DEPTH_MM / 2
    y = back / (CANAL_DEPTH_MM / 2)
    half = CANAL_WIDTH_MM / 2 * (0.8 - 0.25 * np.clip(y, -1.0, 1.0))
    x, y = np.abs(points[..., 0]) / half, np.abs(y)
    return np.asarray(((x**2.5 + y**2.5) ** 0.4 - 1.0) * CANAL_DEPTH_MM / 2)


def carved(field: Lattice, other: Lattice, into_other: Floats) -> Lattice:
    """``field`` without what lies within the clearance of another solid's field.

    ``into_other`` (4, 4) takes the one's frame to the other's.
    """
    points = field.points()
    there = points.reshape(-1, 3) @ into_other[:3, :3].T + into_other[:3, 3]
    away = other.sample(there).reshape(field.values.shape)
    own = field.values.astype(np.float64)
    return field.with_values(smooth_max(own, CLEARANCE_MM - away, 0.6))


def sacrum_field(sacrum: Surface, from_z: float) -> Lattice:
    """The distance field of what of the sacrum lies above ``from_z``, the larger of both sides.

    The vertebrae are symmetric and must clear both its articular processes.
    """
    low = np.array([-45.0, 55.0, from_z])
    high = np.array([45.0, 135.0, sacrum.vertices[:, 2].max() + 6.0])
    counts = np.round((high - low) / GRID_MM).astype(int) + 1
    grid = _filled(sacrum, Lattice(np.zeros(tuple(counts)), low, GRID_MM))
    values = grid.values
    return grid.with_values(np.minimum(values, values[::-1]))


def disc(lower: Plate, upper: Plate, solids: list[tuple[Lattice, Floats]]) -> Surface:
    """A closed disc between two plates: a rounded lens a little wider than they are.

    ``solids`` are the neighbours' fields and the (4, 4) transforms into their frames: the disc
    fills the hollows of their plates and goes no further.
    """
    corner = max(lower.width_mm, upper.width_mm) / 2 + 5
    middle = (lower.centre + upper.centre) / 2
    low = middle - np.array([corner, 26, 24])
    low[0] = -0.8 * np.ceil(corner / 0.8)
    high = middle + np.array([corner, 26, 24])
    counts = np.ceil((high - low) / 0.8).astype(int) + 1
    counts[0] = round(-2 * low[0] / 0.8) + 1
    grid = Lattice(np.zeros(tuple(counts)), low, 0.8)
    points = grid.points()
    above = (points - lower.centre) @ lower.normal
    below = (upper.centre - points) @ upper.normal
    share = np.clip(above / np.where(above + below > 1e-6, above + below, 1e-6), 0.0, 1.0)
    bulge = 0.2 + 3.2 * share * (1 - share)
    across = points[..., 0] / (
        (1 - share) * lower.width_mm / 2 + share * upper.width_mm / 2 + bulge
    )
    forward = _unit(lower.forward + upper.forward)
    centre = (1 - share)[..., None] * lower.centre + share[..., None] * upper.centre
    along = np.einsum("...i,i->...", points - centre, forward)
    depth = (1 - share) * lower.depth_mm / 2 + share * upper.depth_mm / 2 + bulge
    radius = (np.abs(across) ** OVAL + np.abs(along / depth) ** OVAL) ** (1 / OVAL)
    rim = (radius - 1.0) * depth
    # The back of a disc is flat to hollow, where the canal passes.
    rim = smooth_max(rim, -along - depth + 1.5, 2.0)
    slab = np.maximum(-above, -below) - 3.0
    field = smooth_max(rim + 0.25 * np.maximum(slab + 3.0, 0), slab, 2.0)
    for solid, into in solids:
        there = points.reshape(-1, 3) @ into[:3, :3].T + into[:3, 3]
        away = solid.sample(there).reshape(field.shape)
        field = smooth_max(field, 0.15 - away, 0.8)
    field = gaussian_filter((field + field[::-1]) / 2, 1.0)
    return surface_of(grid.with_values(field), DISC_TRIANGLES)


RIB_PATH_MM = (
    (22.0, 6.0, 12.0),
    (34.0, 18.0, 9.0),
    (48.0, 24.0, -1.0),
    (64.0, 25.0, -16.0),
    (80.0, 20.0, -34.0),
    (94.0, 11.0, -51.0),
)
"""Middle line of a left twelfth rib from its head to its tip, relative to the back of the upper
plate of L1 (design: head beside T12, 106 mm long, its tip level with L2)."""


def twelfth_rib(upper: Plate) -> Surface:
    """A closed left twelfth rib above the upper plate of L1: a curved, flattened, tapering rod."""
    back = upper.centre - upper.forward * upper.depth_mm / 2
    line = np.array(RIB_PATH_MM) + np.array([0.0, back[1], upper.centre[2]])
    knots = np.linspace(0, 1, len(line))
    fine = np.linspace(0, 1, 60)
    path = CubicSpline(knots, line)(fine)
    low, high = path.min(axis=0) - 10, path.max(axis=0) + 10
    counts = np.ceil((high - low) / GRID_MM).astype(int) + 1
    grid = Lattice(np.zeros(tuple(counts)), low, GRID_MM)
    points = grid.points().reshape(-1, 3)
    _, nearest = cKDTree(path).query(points)
    nearest = np.clip(nearest, 1, len(path) - 2)
    along = path[nearest + 1] - path[nearest - 1]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    offset = points - path[nearest]
    # Flat against the wall of the trunk: thin along the horizontal normal of the path.
    thin = np.cross(along, [0.0, 0.0, 1.0])
    thin /= np.linalg.norm(thin, axis=1, keepdims=True)
    tall = np.cross(thin, along)
    share = fine[nearest]
    height = 4.2 + 1.4 * np.sin(np.pi * np.clip(share * 1.3, 0, 1)) - 2.0 * share
    head = np.exp(-((share / 0.06) ** 2))
    width = 2.8 + 1.6 * head - 0.6 * share
    out = np.stack(
        [
            np.einsum("ij,ij->i", offset, thin) / width,
            np.einsum("ij,ij->i", offset, tall) / height,
            np.einsum("ij,ij->i", offset, along) / width,
        ]
    )
    values = (np.linalg.norm(out, axis=0) - 1.0) * width
    field = gaussian_filter(values.reshape(grid.values.shape), 0.8)
    return surface_of(grid.with_values(field), RIB_TRIANGLES)


def _unit(vector: npt.ArrayLike) -> Floats:
    vector = np.asarray(vector, dtype=np.float64)
    return np.asarray(vector / np.linalg.norm(vector))
