"""The skin of the trunk and thighs, fitted to the bones below it; and what depths it gives them.

A coarse body of quads is set on the hip joints, its legs are swung to the thigh bones, its
cross-sections are brought to believable sizes, and then the skin is bent as a thin plate until
named places lie at their depth and nothing that must stay inside comes too near. All lengths in mm,
all points in the body frame.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from siexplorer.geometry.filters import RIM_MM, clip_by_scalar, closest_points
from siexplorer.geometry.landmarks import Bones, acetabulum
from siexplorer.geometry.surface import (
    Floats,
    Ints,
    Surface,
    compacted,
    edges,
    face_normals,
    neighbour_mean,
    section,
    vertex_normals,
)

Inside = list[tuple[Floats, float]]
"""Points (n, 3) of something, and the least depth in mm at which they must lie below the skin."""


@dataclass(frozen=True, slots=True)
class BaseBody:
    """A coarse body to be fitted: (n, 3) ``vertices``, (m, 4) ``quads`` wound outwards.

    ``legs`` (n, 2) says from 0 to 1 how far a vertex follows the left and the right thigh.
    ``joints`` are the hip joints and knees by name: ``left-hip``, ``left-knee`` and so on.
    """

    vertices: Floats
    quads: Ints
    legs: Floats
    joints: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class SkinShape:
    """What one skin should measure, mm.

    ``stature``: height of this body over that of the coarse one. ``levels`` rows: height, half
    breadth, most anterior y, most posterior y. ``thigh``: x and y of the left thigh's middle at the
    lower cut. ``fairing_mm``: see ``faired``. ``depths``: of the skin over a landmark, sided ones
    named without their side. ``dimple``: depth and width (one standard deviation) of the hollow
    over each PSIS.
    """

    stature: float
    levels: tuple[tuple[float, float, float, float], ...]
    thigh: tuple[float, float]
    fairing_mm: float
    depths: dict[str, float]
    dimple: tuple[float, float]


TOP_MM, BOTTOM_MM = 226.0, -265.0
"""Heights of the two cuts (design): above the first lumbar vertebra, and through mid-thigh."""

REACH_MM = 90.0
"""How far a push on the skin spreads before it is forgotten (design: broad, no bulge)."""

BLEND_MM = 14.0
"""Over how many mm of height two levels blend (one standard deviation; design)."""

GAPS = ((-170.0, 4.5), (-185.0, 2.8), (-210.0, 1.8), (-240.0, 2.0), (-285.0, 3.5))
"""Heights and how far each thigh stays from the midline there (design: all but touching)."""

CROTCH_MM = 28.0
"""Over how many mm above the first gap the two thighs become one trunk."""

CLEFT_MM, SOFT_MM = 0.4, 0.8
"""How near skin comes to the midline in a cleft, and how softly it flattens there (design)."""

MARGIN_MM = 20.0
"""What lies this far beyond a cut still shapes the skin, so that the cut meets no other slope."""

BEND_DEG = 12.5
"""A quad across which the skin turns by more is parted in four, for a smooth outline (by eye)."""

FINE_MM = 45.0
"""Quads this near a dimple are parted in four whatever their bend, to carry its soft rim."""

BONE_DEPTH_MM = 7.0
"""Least depth of any bone (design: skin over the sacral crest of a lean adult is not thinner)."""

WANTED_PULL, INSIDE_PULL = 0.01, 0.01
"""How hard a named depth and a point that is too shallow pull, against the plate's 8 / reach²."""

ROUNDS, NEAR_MM, SPARE_MM, URGE_MM = 14, 25.0, 0.6, 15.0
"""Rounds of bending; how far over its least depth a point is still looked at; what subdivision may
take away again; the most that a shallow point adds to its pull."""

DIRECTION_ROUNDS = 14
"""How often normals are averaged with their neighbours to give the direction of bending."""

STEP_MM, LEAST_GAIN = 6.0, 0.5
"""The furthest one round moves the skin, and how squarely it must face a point to follow it."""

FAIRING = (
    ((0.0, 150.0, 60.0), (110.0, 80.0, 110.0), 17.0),
    ((60.0, 150.0, 10.0), (55.0, 60.0, 45.0), 22.0),
    ((0.0, 160.0, -5.0), (26.0, 50.0, 36.0), 20.0),
    ((150.0, 105.0, -60.0), (50.0, 60.0, 65.0), 26.0),
    ((0.0, 170.0, -110.0), (22.0, 80.0, 65.0), 4.0),
    ((60.0, 150.0, -170.0), (75.0, 70.0, 30.0), 6.0),
    ((0.0, -60.0, 78.0), (26.0, 40.0, 26.0), 1.5),
    ((0.0, 45.0, -150.0), (30.0, 75.0, 30.0), 12.0),
)
"""Where on the skin, within which radii, waves of what length are kept (design): the small of the
back, the places of the dimples, the top of the cleft, the side of the buttock, the cleft, the
gluteal folds, the navel, the perineum. The left is given; the right is the same."""

POINTS = {
    "l1-spinous-process": (0.0, 126.0, 160.0),
    "l2-spinous-process": (0.0, 121.0, 123.0),
    "l3-spinous-process": (0.0, 120.0, 98.0),
    "l4-spinous-process": (0.0, 121.0, 73.0),
    "l5-spinous-process": (0.0, 124.0, 55.0),
    "sacral-crest": (0.0, 151.0, -35.0),
    "left-piriformis-belly": (66.0, 107.0, -50.0),
}
"""Further places whose depth is asked for, where no landmark of that name is given (design)."""

SHAPES = {
    "female": SkinShape(
        stature=1.025,
        levels=(
            (226.0, 134.0, -73.0, 146.0),
            (150.0, 127.5, -62.0, 143.0),
            (110.0, 133.0, -60.0, 144.0),
            (70.0, 146.0, -60.0, 148.0),
            (35.0, 157.0, -56.0, 156.0),
            (0.0, 165.0, -47.0, 170.0),
            (-50.0, 173.0, -39.0, 189.0),
            (-95.0, 179.0, -35.0, 196.0),
            (-130.0, 181.0, -38.0, 188.0),
            (-185.0, 178.0, -42.0, 147.0),
            (-265.0, 171.0, -43.0, 132.0),
            (-330.0, 158.0, -38.0, 120.0),
        ),
        thigh=(90.0, 44.0),
        fairing_mm=7.0,
        depths={
            "psis": 16.8,
            "asis": 16.0,
            "greater-trochanter": 34.0,
            "pubic-symphysis": 32.0,
            "iliac-crest-top": 27.0,
            "iliac-tubercle": 20.0,
            "ischial-tuberosity": 45.0,
            "l1-spinous-process": 15.0,
            "l2-spinous-process": 19.0,
            "l3-spinous-process": 22.0,
            "l4-spinous-process": 24.0,
            "l5-spinous-process": 24.0,
            "s2-tubercle": 12.0,
            "sacral-crest": 15.0,
            "sacral-apex": 19.0,
            "coccyx-tip": 28.0,
            "piriformis-belly": 60.0,
        },
        dimple=(5.6, 12.0),
    ),
    "male": SkinShape(
        stature=1.0,
        levels=(
            (226.0, 148.0, -83.0, 146.0),
            (150.0, 143.0, -78.0, 143.0),
            (100.0, 145.0, -76.0, 146.0),
            (70.0, 149.0, -72.0, 149.0),
            (35.0, 154.0, -64.0, 156.0),
            (0.0, 158.0, -52.0, 168.0),
            (-50.0, 164.0, -41.0, 182.0),
            (-95.0, 170.0, -36.0, 186.0),
            (-130.0, 174.0, -40.0, 178.0),
            (-185.0, 177.0, -44.0, 145.0),
            (-265.0, 176.0, -45.0, 131.0),
            (-330.0, 164.0, -40.0, 120.0),
        ),
        thigh=(91.0, 43.0),
        fairing_mm=11.0,
        depths={
            "psis": 14.4,
            "asis": 14.0,
            "greater-trochanter": 27.0,
            "pubic-symphysis": 34.0,
            "iliac-crest-top": 23.0,
            "iliac-tubercle": 18.0,
            "ischial-tuberosity": 40.0,
            "l1-spinous-process": 14.0,
            "l2-spinous-process": 17.0,
            "l3-spinous-process": 20.0,
            "l4-spinous-process": 21.0,
            "l5-spinous-process": 21.0,
            "s2-tubercle": 13.0,
            "sacral-crest": 12.0,
            "sacral-apex": 16.0,
            "coccyx-tip": 25.0,
            "piriformis-belly": 58.0,
        },
        dimple=(5.2, 12.0),
    ),
}
"""The two skins (design): a slim average woman of 1.63 m and man of 1.73 m, of usual adult sizes.

A depth is met about, not exactly: the skin stays smooth, and whatever must stay inside goes first.
"""


# --- subdivision -----------------------------------------------------------------------------


def catmull_clark(values: Floats, quads: Ints) -> tuple[Floats, Ints]:
    """One round of Catmull-Clark on (n, k) values and (m, 4) quads; open borders stay put."""
    n, m = len(values), len(quads)
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    ordered = np.sort(sides, axis=1)
    pairs, of_side, count = np.unique(ordered, axis=0, return_inverse=True, return_counts=True)
    of_side = of_side.reshape(m, 4)
    centres = values[quads].mean(axis=1)
    middles = values[pairs].mean(axis=1)
    beside = np.zeros_like(middles)
    np.add.at(beside, of_side.ravel(), np.repeat(centres, 4, axis=0))
    border = count == 1
    points = np.where(border[:, None], middles, (middles + beside / count[:, None]) / 2)

    around, of_faces = np.zeros_like(values), np.bincount(quads.ravel(), minlength=n)
    np.add.at(around, quads.ravel(), np.repeat(centres, 4, axis=0))
    spokes, of_edges = np.zeros_like(values), np.bincount(pairs.ravel(), minlength=n)
    np.add.at(spokes, pairs.ravel(), np.repeat(middles, 2, axis=0))
    faces, arms = np.maximum(of_faces, 1)[:, None], np.maximum(of_edges, 1)[:, None]
    moved = (around / faces + 2 * spokes / arms + (arms - 3) * values) / arms
    on_border = np.zeros(n, dtype=bool)
    on_border[pairs[border]] = True
    moved[on_border | (of_edges == 0)] = values[on_border | (of_edges == 0)]

    side_ids, centre_ids = n + of_side, n + len(pairs) + np.arange(m)
    before = np.roll(side_ids, 1, axis=1)
    fine = np.stack([quads, side_ids, np.broadcast_to(centre_ids[:, None], (m, 4)), before], axis=2)
    return np.concatenate([moved, points, centres]), fine.reshape(-1, 4).astype(np.int32)


def triangulated(vertices: Floats, quads: Ints) -> Surface:
    """Each quad as two triangles, parted along its shorter diagonal."""
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    first = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1)
    turned = np.where(first[:, None], quads, np.roll(quads, -1, axis=1))
    faces = np.concatenate([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]])
    return Surface(vertices, faces.astype(np.int32))


def partly_refined(vertices: Floats, quads: Ints, chosen: npt.NDArray[np.bool_]) -> Surface:
    """The next round of Catmull-Clark, but with its fine triangles only in the ``chosen`` quads.

    A quad beside a chosen one is closed by a fan, so that no gap opens between coarse and fine.
    """
    every, fine = catmull_clark(vertices, quads)
    corners = fine.reshape(-1, 4, 4)
    rim = corners[:, :, :2].reshape(-1, 8)
    halved = np.zeros(len(every), dtype=bool)
    halved[rim[chosen, 1::2]] = True
    cut = halved[rim[:, 1::2]]
    plain, fans = ~cut.any(axis=1), cut.any(axis=1) & ~chosen
    faces = [triangulated(every, corners[chosen].reshape(-1, 4)).faces]
    faces.append(triangulated(every, quads[plain]).faces)
    for outline, split, middle in zip(rim[fans], cut[fans], corners[fans, 0, 2], strict=True):
        keep = np.ones(8, dtype=bool)
        keep[1::2] = split
        ring = outline[keep]
        after = np.roll(ring, -1)
        faces.append(np.stack([np.full(len(ring), middle), ring, after], axis=1))
    whole = Surface(every, np.concatenate(faces).astype(np.int32))
    return compacted(whole, np.ones(len(whole.faces), dtype=bool))


def strongly_bent(surface: Surface, quads: Ints, least_deg: float) -> npt.NDArray[np.bool_]:
    """(m,) whether the skin about a quad turns by more than ``least_deg`` between its corners.

    Averaged over a few quads around, so that fine and coarse skin meet along even borders.
    """
    normals = vertex_normals(surface)[quads]
    opposite = np.stack(
        [np.einsum("ij,ij->i", normals[:, k], normals[:, k + 2]) for k in (0, 1)], axis=1
    )
    turn = np.degrees(np.arccos(np.clip(opposite.min(axis=1), -1.0, 1.0)))
    share = np.bincount(quads.ravel(), minlength=len(surface.vertices))
    total = np.bincount(quads.ravel(), np.repeat(turn, 4), minlength=len(surface.vertices))
    even = neighbour_mean(surface, total / np.maximum(share, 1), 4)
    return np.asarray(even[quads].mean(axis=1) > least_deg)


# --- posture and cross-sections --------------------------------------------------------------


def swung(
    vertices: Floats, legs: Floats, joints: dict[str, Floats], aims: dict[str, Floats]
) -> Floats:
    """The vertices with each leg turned at its hip until hip to knee points along ``aims``."""
    moved = vertices.copy()
    for column, side in enumerate(("left", "right")):
        hip = joints[f"{side}-hip"]
        along = joints[f"{side}-knee"] - hip
        turn = _turn_between(along, aims[side])
        share = legs[:, column]
        part = share > 0
        turned = Rotation.from_rotvec(share[part, None] * turn).apply(vertices[part] - hip)
        moved[part] += turned + hip - vertices[part]
    return moved


def _turn_between(one: Floats, other: Floats) -> Floats:
    """Rotation vector (3,) that turns direction ``one`` to ``other``."""
    a, b = one / np.linalg.norm(one), other / np.linalg.norm(other)
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis)
    if sine < 1e-12:
        return np.zeros(3)
    return np.asarray(axis / sine * np.arctan2(sine, a @ b))


def sized(vertices: Floats, quads: Ints, levels: Floats) -> Floats:
    """The vertices with the breadth, front and back of every level brought to those wanted.

    ``levels`` rows: height, half breadth, most anterior y, most posterior y. What holds at the
    levels is blended between them, so that no level shows as a ridge.
    """
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    pairs = np.unique(np.sort(sides, axis=1), axis=0)
    rows = []
    for height, half, front, back in levels:
        rim = section(vertices, pairs, height)
        low, high = rim.min(axis=0), rim.max(axis=0)
        stretch = (back - front) / (high[1] - low[1])
        rows.append([height, 2 * half / (high[0] - low[0]), stretch, front - stretch * low[1]])
    across, along, shift = _levels(np.array(rows), vertices[:, 2])
    return np.stack(
        [across * vertices[:, 0], along * vertices[:, 1] + shift, vertices[:, 2]], axis=1
    )


def parted(surface: Surface, side: Floats, gaps: Floats) -> Surface:
    """The surface with its two thighs as far from the midline as ``gaps`` say, and never across it.

    ``side`` (n,) is 1 for vertices of the left half, -1 for the right. ``gaps`` rows: height, where
    there are two thighs, and distance of each from the midline.
    """
    moved = surface.vertices.copy()
    pairs, _ = edges(surface)
    z = moved[:, 2]
    for sign in (1.0, -1.0):
        mine = pairs[(side[pairs] * sign > 0.5).all(axis=1)]
        rows = []
        for height, gap in gaps:
            reach = sign * section(moved, mine, height)[:, 0]
            rows.append([height, reach.min() - gap, reach.min(), reach.max()])
        excess, inner, outer = _levels(np.array(rows), z)
        below = np.clip((gaps[:, 0].max() + CROTCH_MM - z) / CROTCH_MM, 0.0, 1.0)
        half = side * sign > 0.5
        x = sign * moved[:, 0]
        share = np.clip((outer - x) / (outer - inner), 0.0, 1.0) * below * below * (3 - 2 * below)
        x = x - excess * share
        # Walls that face each other flatten where they would meet, as touching skin does.
        apart = np.where(half, CLEFT_MM + SOFT_MM * np.logaddexp(0, (x - CLEFT_MM) / SOFT_MM), x)
        moved[half, 0] = sign * apart[half]
    return Surface(moved, surface.faces)


def _levels(rows: Floats, heights: Floats) -> Floats:
    """(k, n) columns of ``rows``, smooth in height and constant beyond the first and last row."""
    rows = rows[np.argsort(rows[:, 0])]
    fine = np.arange(rows[0, 0], rows[-1, 0] + 1.0)
    between = PchipInterpolator(rows[:, 0], rows[:, 1:])(fine)
    soft = gaussian_filter1d(between, BLEND_MM, axis=0, mode="nearest")
    return np.stack([np.interp(heights, fine, column) for column in soft.T])


# --- bending the skin to depths ----------------------------------------------------------------


def bending(surface: Surface) -> tuple[csr_array, Floats]:
    """(n, n) bending energy of a thin plate, and (n,) area of skin that belongs to each vertex."""
    size = len(surface.vertices)
    corners = surface.vertices[surface.faces]
    rows, columns, values = [], [], []
    for k in range(3):
        i, j, tip = surface.faces[:, k], surface.faces[:, k - 2], corners[:, k - 1]
        u, v = corners[:, k] - tip, corners[:, k - 2] - tip
        area2 = np.linalg.norm(np.cross(u, v), axis=1)
        # Slivers would make the plate stiff in one spot.
        cotangent = np.clip(np.einsum("ij,ij->i", u, v) / np.maximum(area2, 1e-9), 0.02, 8.0) / 2
        rows += [i, j]
        columns += [j, i]
        values += [cotangent, cotangent]
    weight = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (size, size)
    ).tocsr()
    laplacian = diags_array(weight.sum(axis=1)) - weight
    thirds = np.repeat(np.linalg.norm(face_normals(surface), axis=1) / 6, 3)
    areas = np.maximum(np.bincount(surface.faces.ravel(), thirds, minlength=size), 1e-6)
    return csr_array(laplacian @ diags_array(1 / areas) @ laplacian), areas


def signed_depths(surface: Surface, points: Floats) -> tuple[Floats, Ints, Floats]:
    """Depths (k,) of points below a surface, positive inside; nearest faces (k,) and spots (k, 3).

    The side is read off the normal at the nearest spot, blended between the corners of its face.
    """
    spots, faces = closest_points(surface, points)
    shares = barycentric(surface, faces, spots)
    normals = vertex_normals(surface)[surface.faces[faces]]
    outwards = np.einsum("ij,ijk->ik", shares, normals)
    away = spots - points
    side = np.where(np.einsum("ij,ij->i", away, outwards) >= 0, 1.0, -1.0)
    return np.linalg.norm(away, axis=1) * side, faces, spots


def barycentric(surface: Surface, faces: Ints, spots: Floats) -> Floats:
    """(k, 3) shares of the corners of each face at a spot (k, 3) on it."""
    a, b, c = (surface.vertices[surface.faces[faces, i]] for i in range(3))
    u, v, w = b - a, c - a, spots - a
    uu, uv, vv = (np.einsum("ij,ij->i", p, q) for p, q in ((u, u), (u, v), (v, v)))
    wu, wv = np.einsum("ij,ij->i", w, u), np.einsum("ij,ij->i", w, v)
    scale = np.maximum(uu * vv - uv * uv, 1e-12)
    second, third = (vv * wu - uv * wv) / scale, (uu * wv - uv * wu) / scale
    return np.asarray(np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0))


def bent(
    surface: Surface, wanted: list[tuple[Floats, float]], kept: Floats, least: Floats
) -> Surface:
    """The surface bent until ``wanted`` points (3,) lie about at their depth.

    And every point ``kept`` (k, 3) at least ``least`` (k,) deep. The skin moves along its broadly
    smoothed normals by an amount that bends like a thin plate on a soft bed, so that a push is
    spread over ``REACH_MM``. A point that stays too shallow pulls harder from round to round; one
    that lies deep enough lets go.
    """
    energy, areas = bending(surface)
    stiff = energy + diags_array(areas / REACH_MM**4)
    normals = vertex_normals(surface)
    along = np.stack(
        [neighbour_mean(surface, normals[:, k], DIRECTION_ROUNDS) for k in range(3)], axis=1
    )
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = len(wanted)
    points = np.concatenate([np.array([point for point, _ in wanted]).reshape(-1, 3), kept])
    goals = np.concatenate([[depth for _, depth in wanted], least + SPARE_MM])
    pulls = np.where(np.arange(len(points)) < first, WANTED_PULL, INSIDE_PULL)
    urges = np.zeros(len(points))
    height, now = np.zeros(len(surface.vertices)), surface
    for _ in range(ROUNDS):
        away = cKDTree(now.vertices).query(points)[0]
        near = np.flatnonzero((away < goals + NEAR_MM) | (np.arange(len(points)) < first))
        depths, faces, spots = signed_depths(now, points[near])
        shares = barycentric(now, faces, spots)
        corners = now.faces[faces]
        facing = np.einsum("ij,ijk->ik", shares, vertex_normals(now)[corners])
        facing /= np.linalg.norm(facing, axis=1, keepdims=True)
        gain = shares * np.einsum("ik,ijk->ij", facing, along[corners])
        push = np.clip(goals[near] - depths, -STEP_MM, STEP_MM) + urges[near]
        # Where the skin cannot move towards a point, as in a fold, the point has no say.
        used = (gain.sum(axis=1) > LEAST_GAIN) & ((near < first) | (push > 0))
        gain, corners, push, who = gain[used], corners[used], push[used], near[used]
        urges[:] = 0.0
        urges[who[who >= first]] = np.minimum(push[who >= first], URGE_MM)
        row = np.repeat(np.arange(len(who)), 3)
        matrix = coo_array((gain.ravel(), (row, corners.ravel())), (len(who), len(height))).tocsr()
        pull = matrix.T @ diags_array(pulls[who])
        height = splu((stiff + pull @ matrix).tocsc()).solve(pull @ (matrix @ height + push))
        now = Surface(surface.vertices + height[:, None] * along, surface.faces)
    return now


def hollow(points: Floats, centres: Floats, depth_mm: float, width_mm: float) -> Floats:
    """(n,) depths of soft round hollows around (k, 3) centres; ``width_mm`` is one deviation."""
    away = np.linalg.norm(points[:, None] - centres, axis=2)
    return np.asarray(depth_mm * np.exp(-0.5 * (away / width_mm) ** 2).sum(axis=1))


def dimpled(surface: Surface, centres: Floats, depth_mm: float, width_mm: float) -> Surface:
    """The surface with a hollow at each of (k, 3) places on it."""
    sunk = hollow(surface.vertices, centres, depth_mm, width_mm)
    return Surface(surface.vertices - sunk[:, None] * vertex_normals(surface), surface.faces)


def faired(surface: Surface, length_mm: Floats) -> Surface:
    """The surface without its waves shorter than about six times (n,) ``length_mm``."""
    energy, areas = bending(surface)
    hold = diags_array(areas / length_mm**4)
    solver = splu((energy + hold).tocsc())
    moved = np.stack([solver.solve(hold @ surface.vertices[:, k]) for k in range(3)], axis=1)
    return Surface(moved, surface.faces)


def fairing_lengths(vertices: Floats, shape: SkinShape) -> Floats:
    """(n,) lengths for ``faired``: long where skin is even, short where it folds.

    The coarse body brings hollows of its own, which must not pass for the dimples of this pelvis.
    """
    lengths = np.full(len(vertices), shape.fairing_mm)
    for centre, radii, length in FAIRING:
        mirrored = np.abs(vertices * [1, 0, 0]) + vertices * [0, 1, 1]
        away = np.linalg.norm((mirrored - centre) / np.array(radii), axis=1)
        share = np.exp(-(away**4))
        lengths = np.exp((1 - share) * np.log(lengths) + share * np.log(length))
    return lengths


# --- cutting -----------------------------------------------------------------------------------


def cut_level(surface: Surface, height: float, keep_above: bool) -> Surface:
    """One side of a level, open there, then closed by one flat cap with a rim for every loop."""
    sign = 1.0 if keep_above else -1.0
    opened = clip_by_scalar(surface, sign * (surface.vertices[:, 2] - height))
    vertices, faces = opened.vertices.copy(), opened.faces
    on_level = np.abs(vertices[:, 2] - height) < 1e-6
    directed = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    rim = directed[on_level[directed].all(axis=1)]
    new_vertices, new_faces = [vertices], [faces]
    total = len(vertices)
    for loop in loops(rim):
        points = vertices[loop]
        centre = points.mean(axis=0)
        inwards = centre - points
        inner = points + RIM_MM * inwards / np.linalg.norm(inwards, axis=1, keepdims=True)
        k = np.arange(len(loop))
        after = np.roll(k, -1)
        middle = np.full(len(loop), total + len(loop))
        new_faces += [
            np.stack([loop[after], loop, total + k], axis=1),
            np.stack([loop[after], total + k, total + after], axis=1),
            np.stack([total + after, total + k, middle], axis=1),
        ]
        new_vertices += [inner, centre[None]]
        total += len(loop) + 1
    closed = Surface(np.concatenate(new_vertices), np.concatenate(new_faces).astype(np.int32))
    return compacted(closed, np.ones(len(closed.faces), dtype=bool))


def loops(directed: Ints) -> list[npt.NDArray[np.int64]]:
    """Closed loops of vertices, each in order, from (e, 2) directed edges."""
    after = {int(a): int(b) for a, b in directed}
    found = []
    while after:
        start = min(after)
        loop, here = [start], after.pop(start)
        while here != start and here in after:
            loop.append(here)
            here = after.pop(here)
        found.append(np.array(loop))
    return found


# --- the whole ---------------------------------------------------------------------------------


def fit_skin(
    body: BaseBody, bones: Bones, landmarks: dict[str, Floats], inside: Inside, shape: SkinShape
) -> Surface:
    """A closed skin from above the waist to mid-thigh, in the body frame of ``bones``.

    ``landmarks`` (k, 3) by id must hold both PSIS; those that ``shape.depths`` names are heeded.
    """
    skin, quads, side = shaped(body, bones, shape)
    dimples = np.array([landmarks[f"{side}-psis"][0] for side in ("left", "right")])
    wanted = wanted_depths(landmarks, shape)
    inside = [(bone.vertices, BONE_DEPTH_MM) for bone in _bones(bones)] + inside
    kept = np.concatenate([points for points, _ in inside])
    least = np.concatenate([np.full(len(points), depth) for points, depth in inside])
    least = least + hollow(kept, dimples, *shape.dimple)
    between = (kept[:, 2] < TOP_MM + MARGIN_MM) & (kept[:, 2] > BOTTOM_MM - MARGIN_MM)
    skin = parted(bent(skin, wanted, kept[between], least[between]), side, np.array(GAPS))

    away = cKDTree(dimples).query(skin.vertices[quads].mean(axis=1))[0]
    fine = strongly_bent(skin, quads, BEND_DEG) | (away < FINE_MM)
    skin = partly_refined(skin.vertices, quads, fine)
    skin = dimpled(skin, signed_depths(skin, dimples)[2], *shape.dimple)
    return cut_level(cut_level(skin, TOP_MM, keep_above=False), BOTTOM_MM, keep_above=True)


def shaped(body: BaseBody, bones: Bones, shape: SkinShape) -> tuple[Surface, Ints, Floats]:
    """The body on these bones in posture and size, but not yet at any depth.

    Returns the smooth skin, its quads (m, 4), and (n,) how far each vertex is of the left half (1)
    or of the right (-1).
    """
    hips = {
        "left": acetabulum(bones.hip_left)[0],
        "right": acetabulum(bones.mirrored().hip_left)[0] * [-1, 1, 1],
    }
    middle = (hips["left"] + hips["right"]) / 2
    joints = {name: shape.stature * point + middle for name, point in body.joints.items()}
    x, y = shape.thigh
    aims = {
        name: np.array([sign * x, y, BOTTOM_MM]) - hips[name]
        for name, sign in (("left", 1), ("right", -1))
    }
    vertices = swung(shape.stature * body.vertices + middle, body.legs, joints, aims)
    vertices = sized(vertices, body.quads, np.array(shape.levels))
    half = np.sign(np.round(body.vertices[:, 0], 3))
    fine, quads = catmull_clark(np.c_[vertices, half], body.quads)
    side = fine[:, 3]
    skin = parted(triangulated(fine[:, :3], quads), side, np.array(GAPS))
    return faired(skin, fairing_lengths(skin.vertices, shape)), quads, side


def wanted_depths(landmarks: dict[str, Floats], shape: SkinShape) -> list[tuple[Floats, float]]:
    """The points (3,) whose depth ``shape`` names, each with that depth, before any dimple."""
    places = {name: np.array([point]) for name, point in POINTS.items()}
    places |= {
        f"right{name.removeprefix('left')}": point * [-1, 1, 1]
        for name, point in places.items()
        if name.startswith("left")
    }
    places |= landmarks
    return [
        (places[name][0], depth + (shape.dimple[0] if plain == "psis" else 0.0))
        for plain, depth in shape.depths.items()
        for name in (plain, f"left-{plain}", f"right-{plain}")
        if name in places
    ]


def _bones(bones: Bones) -> tuple[Surface, ...]:
    return (
        bones.hip_left,
        bones.hip_right,
        bones.sacrum,
        bones.coccyx,
        bones.femur_left,
        bones.femur_right,
    )


def depth_below(skin: Surface, points: Floats) -> Floats:
    """(k,) signed distances in mm of (k, 3) points to the skin, positive inside.

    The flat caps of the cuts are no skin: a point near a cut is not called shallow for it.
    """
    z = skin.vertices[:, 2]
    flat = (z > z.max() - 0.01) | (z < z.min() + 0.01)
    open_skin = compacted(skin, ~flat[skin.faces].all(axis=1))
    return signed_depths(open_skin, points)[0]
