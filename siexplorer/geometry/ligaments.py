"""The ligaments and the cartilage of the left SI joint, modelled from the bones (facts 4.3).

Ligaments are bands of strands from one attachment to the other, pulled over what they cross. The
cartilage and the interosseous ligament fill the room between the two bones. Left side; mirror the
bones for the right.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from siexplorer.geometry.filters import contour_grid, evened_surface, thinned
from siexplorer.geometry.flesh import grown
from siexplorer.geometry.landmarks import Bones, Points, joint_patch, support
from siexplorer.geometry.lattice import Lattice, distances, take_in
from siexplorer.geometry.strands import POINTS, along, laid, tightened
from siexplorer.geometry.surface import Floats, Surface, largest_piece, vertex_normals

SPACING_MM, REACH_MM = 0.8, 18.0
LOW_MM, HIGH_MM = np.array([-14.0, 36.0, -150.0]), np.array([112.0, 172.0, 92.0])
LONG_POSTERIOR_MM = 40.0
"""Between its ends, so that its body comes near the 37.9 mm of ultrasound (facts 4.3)."""

CARTILAGE_HALF_MM = 1.1
CARTILAGE_GAP_MM = 1.6
INTEROSSEOUS_GAP_MM = 17.0
BAND_TRIANGLES = 1400


@dataclass(frozen=True, slots=True)
class Band:
    """A ligament with its fibre coordinates (n, 2); None where it fills a room."""

    surface: Surface
    fibres: Floats | None = None


def left_ligaments(bones: Bones, left: Points, spine: dict[str, Surface]) -> dict[str, Band]:
    """Ligaments and cartilage of the left side by id, without the side."""
    hip = distances([bones.hip_left], LOW_MM, HIGH_MM, SPACING_MM, REACH_MM)
    sacrum = distances([bones.sacrum], LOW_MM, HIGH_MM, SPACING_MM, REACH_MM)
    field = hip.with_values(np.minimum(hip.values, sacrum.values))
    for other in (bones.coccyx, *spine.values()):
        take_in(field, other, REACH_MM)
    made = {
        "si-joint-cartilage": _cartilage(bones, hip, sacrum),
        "interosseous-sacroiliac-ligament": _interosseous(bones, left, hip, sacrum),
    }
    plans = {
        "sacrospinous-ligament": _sacrospinous(bones, left),
        "sacrotuberous-ligament": _sacrotuberous(bones, left),
        "long-posterior-sacroiliac-ligament": _long_posterior(bones, left),
        "short-posterior-sacroiliac-ligament": _short_posterior(bones, left),
        "anterior-sacroiliac-ligament": _anterior(bones, left),
    }
    if "l5-vertebra" in spine:
        plans["iliolumbar-ligament"] = _iliolumbar(bones, left, spine["l5-vertebra"])
    for name, (starts, ends, radius) in plans.items():
        made[name] = _band(field, starts, ends, radius)
    return made


def _band(field: Lattice, starts: Floats, ends: Floats, radius_mm: Floats) -> Band:
    """A band of strands from (n, 3) to (n, 3); ``radius_mm`` (60,) along it."""
    clear = 1.6 * radius_mm
    ramp = np.clip(np.minimum(np.arange(POINTS), np.arange(POINTS)[::-1]) / 5.0, 0.0, 1.0)
    bundle = tightened(laid([starts, ends]), field, clear * ramp, rounds=120)
    radii = np.broadcast_to(radius_mm, bundle.shape[:2]).copy()
    across = np.linspace(0.0, 1.0, len(bundle))
    flesh = grown(
        bundle,
        radii,
        across,
        field,
        volume_cm3_wanted=None,
        triangles=BAND_TRIANGLES,
        smooth_voxels=0.6,
        least_mm=1.2,
        spread_mm=3.0,
        gap_mm=0.2,
        into=field,
    )
    return Band(flesh.surface, flesh.fibres)


def _even(radius_mm: float, ends: float = 1.0) -> Floats:
    shape = np.sin(np.linspace(0.0, np.pi, POINTS)) ** 0.5
    return np.asarray(radius_mm * (ends + (1 - ends) * shape))


def _on(surface: Surface, curve: Floats, out_mm: float = 0.8) -> Floats:
    """(k, 3) points of a curve moved to the nearest vertices, and a little off the bone."""
    away = np.linalg.norm(surface.vertices[None] - curve[:, None], axis=2)
    nearest = away.argmin(axis=1)
    return np.asarray(surface.vertices[nearest] + out_mm * vertex_normals(surface)[nearest])


def _smooth(curve: Floats, count: int) -> Floats:
    """(count, 3) evenly spaced points along a curve."""
    return along(laid([point[None] for point in curve])[0], np.linspace(0.0, 1.0, count))


def _sacral_edge(bones: Bones, share: float, low: float, high: float, count: int) -> Floats:
    """(count, 3) down the back of the sacrum at ``share`` of its half width, from high to low z."""
    points, normals = bones.sacrum.vertices, vertex_normals(bones.sacrum)
    found = []
    for z in np.linspace(high, low, count):
        level = np.abs(points[:, 2] - z) < 3.5
        width = points[level, 0].max()
        spot = level & (np.abs(points[:, 0] - share * width) < 4.0) & (normals[:, 1] > 0.1)
        found.append(support(points[spot], (0.0, 1.0, 0.0)))
    return np.array(found)


def _sacrospinous(bones: Bones, left: Points) -> tuple[Floats, Floats, Floats]:
    corner, tip = left["inferior-lateral-angle"][0], left["coccyx-tip"][0]
    line = np.stack([corner + np.array([-1.0, -7.0, 8.0]), corner + np.array([-4.0, -8.0, -8.0])])
    coccyx = bones.coccyx.vertices
    side = support(coccyx[coccyx[:, 2] > tip[2] + 12.0], (1.0, -0.2, 0.0))
    starts = _smooth(np.stack([*_on(bones.sacrum, line), side]), 26)
    spine = left["ischial-spine"][0] + np.array([-1.0, 0.5, 0.0])
    ends = along(
        np.stack([spine + np.array([0.0, 0.0, 2.5]), spine - np.array([0.0, 0.0, 2.5])]),
        np.linspace(0.0, 1.0, 26),
    )
    return starts, ends, _even(1.6)


def _sacrotuberous(bones: Bones, left: Points) -> tuple[Floats, Floats, Floats]:
    corner, seat = left["inferior-lateral-angle"][0], left["ischial-tuberosity"][0]
    tip = left["coccyx-tip"][0]
    edge = _sacral_edge(bones, 0.86, corner[2] + 4.0, corner[2] + 40.0, 5)
    coccyx = bones.coccyx.vertices
    side = support(coccyx[coccyx[:, 2] > tip[2] + 14.0], (0.8, 0.6, 0.0))
    starts = _smooth(np.stack([*edge, corner + np.array([-4.0, 0.0, -6.0]), side]), 44)
    points = bones.hip_left.vertices
    inner = []
    for up in (34.0, 24.0, 14.0):
        level = points[(np.abs(points[:, 2] - seat[2] - up) < 4.0) & (points[:, 1] > 55.0)]
        inner.append(support(level, (-0.75, 0.65, 0.0)))
    # The upper fibres end in front, the lower ones behind: the band twists as it comes down.
    ends = _smooth(_on(bones.hip_left, np.array(inner)[::-1]), 44)
    return starts, ends, _even(1.9)


def _long_posterior(bones: Bones, left: Points) -> tuple[Floats, Floats, Floats]:
    psis = left["psis"][0] + np.array([-3.0, 0.5, -6.0])
    edge = _sacral_edge(bones, 0.84, left["sacral-apex"][0, 2] + 18.0, psis[2] - 15.0, 60)
    end = edge[np.argmin(np.abs(np.linalg.norm(edge - psis, axis=1) - LONG_POSTERIOR_MM))]
    count = 14
    aside = np.array([[-4.5, 0.0, -1.0], [4.5, -1.0, 1.0]])
    shares = np.linspace(0.0, 1.0, count)
    starts = _on(bones.hip_left, along(psis + 0.7 * aside, shares))
    ends = _on(bones.sacrum, along(end + 0.9 * aside, shares))
    return starts, ends, _even(1.3)


def _short_posterior(bones: Bones, left: Points) -> tuple[Floats, Floats, Floats]:
    psis = left["psis"][0]
    starts = _sacral_edge(bones, 0.55, psis[2] - 24.0, psis[2] + 10.0, 40)
    points, normals = bones.hip_left.vertices, vertex_normals(bones.hip_left)
    ends = []
    for z in np.linspace(psis[2] + 16.0, psis[2] - 14.0, 40):
        level = (np.abs(points[:, 2] - z) < 4.0) & (normals[:, 0] < -0.2)
        ends.append(support(points[level], (-0.3, 1.0, 0.0)))
    return (
        _smooth(starts[::4], 60),
        _smooth(_on(bones.hip_left, np.array(ends)[::4]), 60),
        _even(1.6),
    )


def _anterior(bones: Bones, left: Points) -> tuple[Floats, Floats, Floats]:
    patch = joint_patch(bones.hip_left, bones.sacrum)
    levels = np.linspace(patch[:, 2].max() - 3.0, patch[:, 2].min() + 4.0, 44)
    front = np.array(
        [support(patch[np.abs(patch[:, 2] - z) < 4.0], (0.0, -1.0, 0.0)) for z in levels]
    )
    front = _smooth(front[::4], 44)
    starts = _on(bones.sacrum, front + np.array([-12.0, -7.0, 2.0]))
    ends = _on(bones.hip_left, front + np.array([8.0, -9.0, -2.0]))
    return _smooth(starts[::4], 44), _smooth(ends[::4], 44), _even(1.2)


def _iliolumbar(bones: Bones, left: Points, l5: Surface) -> tuple[Floats, Floats, Floats]:
    tip = support(l5.vertices, (1.0, 0.15, 0.0))
    crest = left["iliac-crest"]
    inner = np.array([-6.0, -8.0, -2.0])
    # From in front of the iliac tuberosity up and back to the crest.
    line = [crest[round(share * (len(crest) - 1))] + inner for share in (0.66, 0.72, 0.78)]
    low = line[0] + np.array([-4.0, -2.0, -22.0])
    ends = _smooth(_on(bones.hip_left, np.stack([low, *line])), 34)
    aside = np.array([[-3.0, -2.5, -4.0], [-0.5, 1.5, 3.0]])
    starts = _on(l5, along(tip + aside, np.linspace(0.0, 1.0, 34)))
    return starts, ends, _even(1.3)


def _filled(values: Floats, field: Lattice, triangles: int) -> Surface:
    soft = np.asarray(gaussian_filter(np.clip(values, -4.0, 4.0), 0.8))
    raw = largest_piece(contour_grid(soft, field.origin, field.spacing_mm))
    return thinned(evened_surface(raw, rounds=30, band=0.08), triangles)


def _cartilage(bones: Bones, hip: Lattice, sacrum: Lattice) -> Band:
    """The plate between the auricular surfaces, midway between the bones."""
    middle = np.abs(hip.values - sacrum.values) / 2 - CARTILAGE_HALF_MM
    between = hip.values + sacrum.values - CARTILAGE_GAP_MM
    values = np.maximum(middle, between).astype(np.float64)
    return Band(_filled(values, hip, 2200))


def _interosseous(bones: Bones, left: Points, hip: Lattice, sacrum: Lattice) -> Band:
    """The room behind the auricular surfaces, between the two tuberosities."""
    nodes = hip.points().reshape(-1, 3)
    patch = joint_patch(bones.hip_left, bones.sacrum)
    behind = np.interp(
        nodes[:, 2], *_back_of(patch, np.linspace(patch[:, 2].min(), patch[:, 2].max(), 24))
    )
    psis = left["psis"][0]
    outside = np.stack(
        [
            (0.5 - hip.values).ravel(),
            (0.5 - sacrum.values).ravel(),
            (hip.values + sacrum.values).ravel() - INTEROSSEOUS_GAP_MM,
            behind + 1.0 - nodes[:, 1],
            nodes[:, 1] - (psis[1] - 9.0),
            nodes[:, 2] - (psis[2] + 24.0),
            (psis[2] - 20.0) - nodes[:, 2],
            20.0 - nodes[:, 0],
        ]
    ).max(axis=0)
    values = outside.reshape(hip.values.shape).astype(np.float64)
    return Band(_filled(values, hip, 2200))


def _back_of(patch: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Levels and how far back a patch reaches at each."""
    return levels, np.array([patch[np.abs(patch[:, 2] - z) < 4.0, 1].max() for z in levels])
