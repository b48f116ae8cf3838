"""The ligaments and the cartilage of the left SI joint, and the iliotibial tract (facts 4.1, 4.3).

Ligaments are sheets of strands from one attachment to the other, pulled taut over what they cross.
The cartilage and the interosseous ligament fill the room between the two bones. Left side; mirror
the bones for the right.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from siexplorer.geometry.filters import closest_points, contour_grid, evened_surface, thinned
from siexplorer.geometry.flesh import Flesh
from siexplorer.geometry.landmarks import Bones, Points, joint_patch, support
from siexplorer.geometry.lattice import Lattice, distances, take_in
from siexplorer.geometry.strands import along, evened, laid, lengths_mm
from siexplorer.geometry.surface import Floats, Surface, largest_piece, outwards, vertex_normals

SPACING_MM, REACH_MM = 0.8, 18.0
LOW_MM, HIGH_MM = np.array([-14.0, 36.0, -150.0]), np.array([112.0, 172.0, 92.0])
LONG_POSTERIOR_MM = 40.0
"""Between its ends, so that its body comes near the 37.9 mm of ultrasound (facts 4.3)."""

CARTILAGE_HALF_MM = 1.1
CARTILAGE_GAP_MM = 1.6
INTEROSSEOUS_GAP_MM = 17.0
TRACT_HALF_MM, TRACT_FROM_AXIS_MM, TRACT_TURN_DEG = 1.25, 31.0, (-42.0, 64.0)
"""Half its thickness; at the cut how far it lies from the middle of the femur, and between which
turns, 0 pointing outwards and 90 backwards (design)."""

TRACT_BOW_MM = 14.0
"""How far outside the straight way it is laid before it is pulled taut (design)."""

TRACT_ON_TENSOR = ((0.9, 0.1), (0.76, 0.5), (0.58, 0.9))
TRACT_ON_MAXIMUS = ((0.67, 0.05), (0.71, 0.2), (0.76, 0.4), (0.82, 0.6), (0.88, 0.78), (0.93, 0.92))
"""How far along its muscles and across them its upper border lies, from front to back: where three
quarters of gluteus maximus go over into it (facts 4.1; design)."""

CLEAR_MM, SUNK_MM = 0.15, 0.5
"""A band keeps so far from what it crosses; its ends may sink so deep in (design)."""

Course = tuple[list[Floats], float]
"""Where the strands of a band begin, what they pass, and where they end, (n, 3) each; and half its
thickness in mm. They are drawn thicker than measured, to be seen (design)."""


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
    # The short posterior ligament lies on the one, the sacrotuberous behind the other.
    take_in(field, made["interosseous-sacroiliac-ligament"].surface, REACH_MM)
    plans = {
        "sacrospinous-ligament": _sacrospinous(bones, left),
        "sacrotuberous-ligament": _sacrotuberous(bones, left),
        "long-posterior-sacroiliac-ligament": _long_posterior(bones, left),
        "short-posterior-sacroiliac-ligament": _short_posterior(bones, left),
        "anterior-sacroiliac-ligament": _anterior(bones, left),
    }
    if "l5-vertebra" in spine:
        plans["iliolumbar-ligament"] = _iliolumbar(bones, left, spine["l5-vertebra"])
    for name, (stations, half) in plans.items():
        made[name] = _band(field, stations, half)
        if name == "sacrospinous-ligament":
            take_in(field, made[name].surface, REACH_MM)
    return made


def _band(field: Lattice, stations: list[Floats], half_mm: float) -> Band:
    """A band through stations (n, 3) each, over what is in the field."""
    band = sheet(draped(laid(stations, 30), field, half_mm), half_mm)
    clear_of(field, band.surface.vertices)
    return band


def draped(bundle: Floats, field: Lattice, half_mm: float, rounds: int = 500) -> Floats:
    """Strands (n, m, 3) side by side, pulled taut as one cloth of twice ``half_mm`` over the field.

    Like :func:`~siexplorer.geometry.strands.tightened`, but each strand keeps near the middle of
    its neighbours, so that no bump of the bone parts them. Both ends stay; near them the cloth
    sinks down to what holds it.
    """
    bundle = bundle.copy()
    from_end = np.minimum(np.arange(bundle.shape[1]), np.arange(bundle.shape[1])[::-1])
    clear = (half_mm + CLEAR_MM) * np.clip(from_end / (0.1 * bundle.shape[1]), 0.0, 1.0)[1:-1]
    need = np.broadcast_to(clear, (len(bundle), len(clear))).reshape(-1)
    for turn in range(rounds):
        inner = bundle[:, 1:-1]
        inner += 0.5 * ((bundle[:, :-2] + bundle[:, 2:]) / 2 - inner)
        inner[1:-1] += 0.3 * ((inner[:-2] + inner[2:]) / 2 - inner[1:-1])
        flat = inner.reshape(-1, 3)
        short = need - field.sample(flat)
        close = short > 0
        flat[close] += field.outwards(flat[close]) * np.minimum(short[close], 2.0)[:, None]
        bundle[:, 1:-1] = flat.reshape(inner.shape)
        if turn % 25 == 24:
            bundle = evened(bundle)
    return bundle


def sheet(bundle: Floats, half_mm: float, across: int = 16, lengthwise: int = 28) -> Band:
    """A closed sheet of twice ``half_mm`` with round borders round strands (n, m, 3)."""
    width = float(np.mean(lengths_mm(bundle.transpose(1, 0, 2))))
    length = float(np.mean(lengths_mm(bundle)))
    aside, ahead = _rounded(across, half_mm / width), _rounded(lengthwise, half_mm / length)
    rows = np.stack([along(strand, ahead) for strand in bundle])
    middle = np.stack([along(row, aside) for row in rows.transpose(1, 0, 2)], axis=1)
    facing = np.cross(np.gradient(middle, axis=0), np.gradient(middle, axis=1))
    facing /= np.maximum(np.linalg.norm(facing, axis=2, keepdims=True), 1e-9)
    rise = half_mm * np.multiply.outer(_round_half(across), _round_half(lengthwise))
    number = np.arange(across * lengthwise).reshape(across, lengthwise)
    border = rise == 0
    under = number.copy()
    under[~border] = number.size + np.arange(int((~border).sum()))
    lift = (rise[..., None] * facing).reshape(-1, 3)
    top, bottom = middle.reshape(-1, 3) + lift, middle.reshape(-1, 3) - lift
    inside = ~border.reshape(-1)
    made = Surface(
        np.concatenate([top, bottom[inside]]),
        np.concatenate([_net(number), _net(under)[:, ::-1]]).astype(np.int32),
    )
    place = np.stack(np.meshgrid(aside, ahead, indexing="ij"), axis=-1).reshape(-1, 2)
    return Band(outwards(made), np.concatenate([place, place[inside]]))


def _rounded(count: int, half: float) -> Floats:
    """(count,) shares from 0 to 1: even, but for two steps at each border for its rounding."""
    half = min(half, 0.1)
    inner = np.linspace(half, 1.0 - half, count - 4)
    return np.concatenate([[0.0, 0.35 * half], inner, [1.0 - 0.35 * half, 1.0]])


def _round_half(count: int) -> Floats:
    """(count,) share of the full thickness at :func:`_rounded` places."""
    full = np.ones(count)
    full[[0, -1]], full[[1, -2]] = 0.0, 0.76
    return full


def _net(number: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """(k, 3) triangles over a grid of vertex numbers; in its corners none has only border."""
    a, b = number[:-1, :-1].ravel(), number[1:, :-1].ravel()
    d, c = number[:-1, 1:].ravel(), number[1:, 1:].ravel()
    one = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    other = np.concatenate([np.stack([a, b, d], axis=1), np.stack([b, c, d], axis=1)])
    turned = np.zeros((number.shape[0] - 1, number.shape[1] - 1), dtype=bool)
    turned[0, -1] = turned[-1, 0] = True
    use = np.tile(turned.ravel(), 2)
    return np.where(use[:, None], other, one)


def clear_of(field: Lattice, points: Floats) -> None:
    """Push points (n, 3), in place, out of what they lie more than ``SUNK_MM`` deep in."""
    for _ in range(4):
        deep = -SUNK_MM - field.sample(points)
        low = deep > 0
        points[low] += field.outwards(points[low]) * deep[low][:, None]


def _held(surface: Surface, curve: Floats, count: int) -> Floats:
    """(count, 3) smooth line on a surface, near a few points (k, 3)."""
    line = _smooth(curve, count)
    for _ in range(3):
        line = closest_points(surface, line)[0]
        line = gaussian_filter1d(line, count / 14.0, axis=0, mode="nearest")
    return closest_points(surface, _smooth(line, count))[0]


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


def _sacrospinous(bones: Bones, left: Points) -> Course:
    corner, tip = left["inferior-lateral-angle"][0], left["coccyx-tip"][0]
    line = np.stack([corner + np.array([-1.0, -7.0, 8.0]), corner + np.array([-4.0, -8.0, -8.0])])
    coccyx = bones.coccyx.vertices
    side = support(coccyx[coccyx[:, 2] > tip[2] + 12.0], (1.0, -0.2, 0.0))
    starts = _smooth(np.stack([*closest_points(bones.sacrum, line)[0], side]), 26)
    spine = left["ischial-spine"][0] + np.array([-1.0, 0.5, 0.0])
    down = np.array([[0.0, 0.0, 4.0], [0.0, 0.0, 0.0], [0.0, 0.0, -4.0]])
    return [starts, _held(bones.hip_left, spine + down, 26)], 1.6


def _sacrotuberous(bones: Bones, left: Points) -> Course:
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
    ends = _held(bones.hip_left, np.array(inner)[::-1], 44)
    # Laid behind the edge of the sacrum, before it is pulled down on it: none of it slips in front.
    behind = 0.7 * starts + 0.3 * ends + np.array([3.0, 9.0, 0.0])
    return [starts, behind, ends], 1.9


def _long_posterior(bones: Bones, left: Points) -> Course:
    psis = left["psis"][0] + np.array([-3.0, 0.5, -6.0])
    edge = _sacral_edge(bones, 0.84, left["sacral-apex"][0, 2] + 18.0, psis[2] - 15.0, 60)
    edge = _smooth(edge[::6], 200)
    aside = np.array([[-4.5, 0.0, -1.0], [0.0, 0.0, 0.0], [4.5, -1.0, 1.0]])
    starts = _held(bones.hip_left, psis + 0.9 * aside, 20)
    away = np.linalg.norm(edge - starts.mean(axis=0), axis=1)
    end = edge[np.argmin(np.abs(away - LONG_POSTERIOR_MM))]
    return [starts, _held(bones.sacrum, end + 1.3 * aside, 20)], 1.3


def _short_posterior(bones: Bones, left: Points) -> Course:
    psis = left["psis"][0]
    starts = _sacral_edge(bones, 0.44, psis[2] - 18.0, psis[2] + 16.0, 6)
    points, normals = bones.hip_left.vertices, vertex_normals(bones.hip_left)
    ends = []
    for z in np.linspace(psis[2] + 20.0, psis[2] - 10.0, 6):
        level = (np.abs(points[:, 2] - z) < 4.0) & (normals[:, 0] < -0.2)
        ends.append(support(points[level], (-0.3, 1.0, 0.0)))
    begun, ended = _held(bones.sacrum, starts, 48), _held(bones.hip_left, np.array(ends), 48)
    # Laid behind the interosseous ligament, before it is pulled down on it.
    behind = (begun + ended) / 2 + np.array([0.0, 8.0, 0.0])
    return [begun, behind, ended], 1.6


def _anterior(bones: Bones, left: Points) -> Course:
    patch = joint_patch(bones.hip_left, bones.sacrum)
    levels = np.linspace(patch[:, 2].max() + 2.0, patch[:, 2].min() + 4.0, 9)
    front = np.array(
        [support(patch[np.abs(patch[:, 2] - z) < 4.0], (0.0, -1.0, 0.0)) for z in levels]
    )
    starts = _held(bones.sacrum, front + np.array([-12.0, -7.0, 2.0]), 48)
    ends = _held(bones.hip_left, front + np.array([8.0, -9.0, -2.0]), 48)
    # Laid in front of the joint: no strand of it slips into the gap.
    before = (starts + ends) / 2 + np.array([0.0, -6.0, 0.0])
    return [starts, before, ends], 1.2


def _iliolumbar(bones: Bones, left: Points, l5: Surface) -> Course:
    tip = support(l5.vertices, (1.0, 0.15, 0.0))
    crest = left["iliac-crest"]
    inner = np.array([-6.0, -8.0, -2.0])
    # From in front of the iliac tuberosity up and back to the crest.
    line = [crest[round(share * (len(crest) - 1))] + inner for share in (0.66, 0.72, 0.78)]
    low = line[0] + np.array([-4.0, -2.0, -22.0])
    ends = _held(bones.hip_left, np.stack([low, *line]), 34)
    aside = np.array([[-3.0, -2.5, -4.0], [-0.5, 1.5, 3.0]])
    starts = closest_points(l5, along(tip + aside, np.linspace(0.0, 1.0, 34)))[0]
    return [starts, ends], 1.3


def left_tract(femur: Surface, left: Points, field: Lattice, tensor: Flesh, large: Flesh) -> Band:
    """The iliotibial tract of the left side, from where its two muscles end to the cut femur.

    ``field`` holds the bones and all muscles; ``tensor`` and ``large`` are tensor fasciae latae
    and gluteus maximus. Its sheet over gluteus medius, up to the crest, is left out, so that the
    muscle is seen.
    """
    outer = left["greater-trochanter"][0]
    border = np.stack(
        [
            *(_spot(tensor, *place) for place in TRACT_ON_TENSOR),
            outer + np.array([9.0, -2.0, 10.0]),
            *(_spot(large, *place) for place in TRACT_ON_MAXIMUS),
        ]
    )
    starts = _smooth(border, 60)
    for _ in range(12):
        starts = gaussian_filter1d(starts, 1.5, axis=0, mode="nearest")
        short = np.maximum(0.3 - field.sample(starts), 0.0)
        starts += field.outwards(starts) * short[:, None]
    cut = femur.vertices[:, 2].min()
    axis = femur.vertices[femur.vertices[:, 2] < cut + 12.0].mean(axis=0)
    turn = np.radians(np.linspace(*TRACT_TURN_DEG, len(starts)))
    ring = np.stack([np.cos(turn), np.sin(turn), np.zeros(len(turn))], axis=1)
    ends = np.array([axis[0], axis[1], cut + 2.0]) + TRACT_FROM_AXIS_MM * ring
    # Laid in a bow outside all muscles, then pulled taut: none of them pierces it.
    bow = (starts + ends) / 2 + TRACT_BOW_MM * ring
    cloth = draped(laid([starts, bow, ends], 30), field, TRACT_HALF_MM, rounds=1000)
    band = sheet(cloth, TRACT_HALF_MM, across=26, lengthwise=36)
    clear_of(field, band.surface.vertices)
    return band


def _spot(muscle: Flesh, share: float, across: float) -> Floats:
    """The place on the outer face of a muscle that far along it and across, 0 to 1 each."""
    facing = vertex_normals(muscle.surface) @ np.array([0.9, 0.43, 0.0])
    along_it = muscle.fibres[:, 1] / muscle.fibres[:, 1].max()
    off = ((along_it - share) / 0.04) ** 2 + ((muscle.fibres[:, 0] - across) / 0.08) ** 2
    weight = np.exp(-0.5 * (off - off[facing > 0.45].min())) * (facing > 0.45)
    return np.asarray(weight @ muscle.surface.vertices / weight.sum())


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
            26.0 - nodes[:, 0],
        ]
    ).max(axis=0)
    values = outside.reshape(hip.values.shape).astype(np.float64)
    return Band(_filled(values, hip, 2200))


def _back_of(patch: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Levels and how far back a patch reaches at each."""
    return levels, np.array([patch[np.abs(patch[:, 2] - z) < 4.0, 1].max() for z in levels])
