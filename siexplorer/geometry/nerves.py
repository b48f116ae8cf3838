"""The nerves and vessels of the left side: paths over and between what is there (facts 4.2, 5.2).

Each path goes through stations taken from landmarks and published distances, is pulled off what it
would run into, and becomes a tube. Left side; mirror the bones for the right.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.lattice import Lattice
from siexplorer.geometry.strands import along, laid
from siexplorer.geometry.surface import Floats, Surface
from siexplorer.geometry.tubes import tube

SCIATIC_FROM_PSIS_MM, SCIATIC_FROM_PSIS_SD_MM = 52.0, 10.0
SCIATIC_FROM_SEAT_MM, SCIATIC_FROM_SEAT_SD_MM = 58.0, 8.0
"""Where the sciatic nerve crosses the lines PSIS to tuberosity, and tuberosity to greater
trochanter: CT of 100 adults (facts 5.2)."""

SCIATIC_WIDTH_MM = 15.5
"""At the lower border of piriformis (Tomaszewski 2016, facts 4.2)."""

SGN_FROM_MM = {
    "psis": 76.0,
    "asis": 109.0,
    "greater-trochanter": 75.0,
    "ischial-tuberosity": 108.0,
}
"""Median distances of the superior gluteal nerve's exit from four landmarks (facts 5.2)."""

LFCN_FROM_ASIS_MM = 20.4
"""Mean distance of the lateral femoral cutaneous nerve from the ASIS (Hospodar 1999)."""

REST_MM = 0.3
"""How far above a muscle a resting nerve or vessel lies (design)."""

REST_ROUNDS = 90
PLANNED_SHARE = 0.15
"""How much of the way back to its plan a path goes each round, against being taut (design)."""

BACK = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Path:
    """A tube with the middle line (m, 3) that it runs along; the room it may vary in, if known."""

    surface: Surface
    middle: Floats
    corridor: Surface | None = None


def sciatic_marks(left: Points) -> tuple[Floats, Floats]:
    """The two published crossings, on the straight lines between the landmarks."""
    psis, seat = left["psis"][0], left["ischial-tuberosity"][0]
    outer = left["greater-trochanter"][0]
    upper = psis + SCIATIC_FROM_PSIS_MM * (seat - psis) / np.linalg.norm(seat - psis)
    lower = seat + SCIATIC_FROM_SEAT_MM * (outer - seat) / np.linalg.norm(outer - seat)
    return upper, lower


def sciatic(left: Points, field: Lattice) -> Path:
    """From the front of the sacrum below piriformis, over the short rotators, down the thigh."""
    upper, lower = sciatic_marks(left)
    spine = left["ischial-spine"][0]
    apex, base = left["sacral-apex"][0], left["sacral-promontory"][0]
    root = np.array([30.0, base[1] + 0.50 * (apex[1] - base[1]) - 6.0, upper[2] + 30.0])
    gate = np.array([upper[0], spine[1] - 4.0, upper[2]])
    outside = spine + np.array([11.0, 9.0, 4.0])
    # Seen from behind, both crossings are where they were measured; their depth is found.
    crossing = np.array([lower[0], lower[1] + 18.0, lower[2]])
    thigh = lower + np.array([6.0, 8.0, -60.0])
    end = lower + np.array([8.0, 0.0, -138.0])
    stations = [root, gate, outside, crossing, thigh, end]
    half = SCIATIC_WIDTH_MM / 2
    middle = _behind(stations, field, least_mm=4.2, outside=2)
    share = np.linspace(0.0, 1.0, len(middle))
    width = np.interp(share, [0.0, 0.04, 0.18, 0.35, 1.0], [1.6, 3.2, half, half, 5.0])
    depth = np.interp(share, [0.0, 0.04, 0.18, 0.35, 1.0], [1.4, 2.2, 2.6, 2.8, 3.2])
    spread = np.interp(
        share,
        [0.0, 0.2, 0.55, 1.0],
        [SCIATIC_FROM_PSIS_SD_MM] * 2 + [SCIATIC_FROM_SEAT_SD_MM] * 2,
    )
    outer = share > 0.12
    room = tube(middle[outer], (width + spread)[outer], np.full(outer.sum(), 6.0), BACK)
    return Path(tube(middle, width, depth, BACK), middle, room)


def superior_gluteal(left: Points, field: Lattice) -> Path:
    """From beside the sacral plexus out above piriformis, then forwards below gluteus medius."""
    notch = left["greater-sciatic-notch"]
    away = sum(
        (np.linalg.norm(notch - left[name][0], axis=1) - wanted) ** 2
        for name, wanted in SGN_FROM_MM.items()
    )
    roof = notch[int(np.argmin(away))]
    exit_ = roof + np.array([4.0, 8.0, 0.0])
    root = roof + np.array([-29.0, -2.0, 20.0])
    over = roof + np.array([-13.0, 2.0, 9.0])
    asis, outer = left["asis"][0], left["greater-trochanter"][0]
    tip = outer + np.array([-14.0, 4.0, 30.0])
    middle_way = tip + np.array([-14.0, 0.0, 62.0])
    front = asis + np.array([17.0, 49.0, -18.0])
    bend = roof + np.array([10.0, 8.0, 10.0])
    stations = [root, over, exit_, bend, middle_way, front]
    return _round(_rested(stations, field, (1.5, 1.2), hidden=0, rests_to=0), 1.5, 1.2)


def lateral_femoral_cutaneous(left: Points, field: Lattice) -> Path:
    """From under the outer edge of psoas near the crest, over iliacus, out inside the ASIS."""
    asis, crest = left["asis"][0], left["iliac-crest-top"][0]
    base = left["sacral-promontory"][0]
    aside = LFCN_FROM_ASIS_MM / np.hypot(1.0, 0.25)
    gate = asis + np.array([-aside, -1.0, -0.25 * aside])
    root = np.array([0.52 * crest[0], base[1] + 8.0, crest[2] + 14.0])
    edge = np.array([0.71 * crest[0], base[1] + 13.0, crest[2] - 5.0])
    fossa = 0.5 * (edge + gate) + np.array([1.0, 12.0, 5.0])
    thigh = gate + np.array([7.0, -4.0, -55.0])
    end = gate + np.array([16.0, -2.0, -140.0])
    stations = [root, edge, fossa, gate, thigh, end]
    return _round(_rested(stations, field, (1.3, 1.0), hidden=1, rests_to=3), 1.3, 1.0)


def _groin(left: Points) -> tuple[Floats, Floats]:
    """Middle of the groin line from ASIS to symphysis, and the unit way outwards along it."""
    asis, pubis = left["asis"][0], left["pubic-symphysis"][0]
    way = (asis - pubis) / np.linalg.norm(asis - pubis)
    return (asis + pubis) / 2, way


def femoral_nerve(left: Points, field: Lattice) -> Path:
    """Out from under psoas, down the groove between it and iliacus, then outside the artery."""
    middle, way = _groin(left)
    base = left["sacral-promontory"][0] * [0.0, 1.0, 1.0]
    gate = middle + 20.0 * way + np.array([0.0, -14.0, 0.0])
    root = base + np.array([46.0, 6.0, 50.0])
    under = base + np.array([58.0, 6.0, 24.0])
    groove = base + np.array([68.0, -17.0, 3.0])
    brim = base + np.array([75.5, -51.0, -28.0])
    low = gate + np.array([-1.0, 6.0, -55.0])
    stations = [root, under, groove, brim, gate, low]
    return _round(_rested(stations, field, (2.6, 1.4), hidden=2, rests_to=5), 2.6, 1.4)


def femoral_artery(left: Points, field: Lattice) -> Path:
    """From the front of L4 along the inner edge of psoas, under the middle of the groin line."""
    base = left["sacral-promontory"][0] * [0.0, 1.0, 1.0]
    middle, _ = _groin(left)
    stations = [
        base + np.array([8.0, -27.0, 50.0]),
        base + np.array([29.0, -20.0, 8.0]),
        base + np.array([44.0, -37.0, -25.0]),
        middle + np.array([-2.0, -11.0, 0.0]),
        middle + np.array([2.0, -2.0, -50.0]),
        middle + np.array([4.0, 24.0, -120.0]),
    ]
    return _vessel(_rested(stations, field, (4.4, 3.8), hidden=0, rests_to=4), 4.4, 3.8)


def femoral_vein(left: Points, field: Lattice) -> Path:
    """Beside the artery, from the front of L5, on its inner side."""
    base = left["sacral-promontory"][0] * [0.0, 1.0, 1.0]
    middle, way = _groin(left)
    gate = middle - 11.5 * way + np.array([-2.0, -9.0, 0.0])
    stations = [
        base + np.array([7.0, -18.0, 24.0]),
        base + np.array([25.0, -14.0, -3.0]),
        base + np.array([39.0, -28.0, -28.0]),
        gate,
        gate + np.array([4.0, 6.0, -50.0]),
        gate + np.array([4.0, 32.0, -122.0]),
    ]
    return _vessel(_rested(stations, field, (5.0, 4.6), hidden=0, rests_to=4), 5.0, 4.6)


def _vessel(middle: Floats, first_mm: float, last_mm: float) -> Path:
    """A round tube that begins slender: the stem it leaves is not drawn."""
    share = np.linspace(0.0, 1.0, len(middle))
    taper = np.interp(share, [0.0, 0.03, 0.08], [0.55, 0.85, 1.0])
    radius = taper * np.linspace(first_mm, last_mm, len(middle))
    return Path(tube(middle, radius, radius, BACK), middle)


def _round(middle: Floats, first_mm: float, last_mm: float) -> Path:
    radius = np.linspace(first_mm, last_mm, len(middle))
    return Path(tube(middle, radius, radius, BACK), middle)


def _rested(
    stations: list[Floats],
    field: Lattice,
    radius_mm: tuple[float, float],
    *,
    hidden: int,
    rests_to: int,
) -> Floats:
    """(45, 3) smooth path through stations, that rests on what is there.

    Before station ``hidden`` it lies where it is put, be it inside a muscle; from there to station
    ``rests_to`` a tube of that radius, first and last, is ``REST_MM`` above what it passes; beyond,
    it only keeps clear. Its beginning stays where it is.
    """
    path = along(laid([point[None] for point in stations])[0], np.linspace(0.0, 1.0, 90))
    spots = [int(np.argmin(np.linalg.norm(path - point, axis=1))) for point in stations]
    number, away = np.arange(len(path)), np.linspace(*radius_mm, len(path)) + REST_MM
    first = spots[hidden - 1] if hidden else 0
    push = np.interp(number, [first, spots[hidden]], [0.0, 1.0]) if hidden else np.ones(len(path))
    pull = push * np.interp(number, [spots[rests_to], spots[rests_to] + 8], [1.0, 0.0])
    planned = path.copy()
    for _ in range(REST_ROUNDS):
        short = away - field.sample(path)
        step = np.where(short > 0, push * np.minimum(short, 1.2), pull * np.maximum(short, -0.8))
        out = field.outwards(path)
        # Along the surface it keeps to where it was planned; the surface alone tells how high.
        back = planned - path
        back -= np.einsum("ij,ij->i", back, out)[:, None] * out
        path = path + out * step[:, None] + PLANNED_SHARE * push[:, None] * back
        path = gaussian_filter1d(path, 1.5, axis=0, mode="nearest")
        path[0] = planned[0]
    return np.asarray(path[np.round(np.linspace(0, len(path) - 1, 45)).astype(int)])


def _behind(stations: list[Floats], field: Lattice, *, least_mm: float, outside: int) -> Floats:
    """(45, 3) smooth path through stations, moved off what is there forwards or backwards alone.

    Its outline seen from behind stays where the stations put it. From station ``outside`` on it
    has left the pelvis and moves backwards alone: it crosses what is there on the rear.
    """
    path = along(laid([point[None] for point in stations])[0], np.linspace(0.0, 1.0, 90))
    left_at = int(np.argmin(np.linalg.norm(path - stations[outside], axis=1)))
    gone = np.arange(len(path)) >= left_at
    for _ in range(60):
        short = np.clip(least_mm - field.sample(path), 0.0, 1.5)
        behind = gone | (field.sample(path + BACK) >= field.sample(path - BACK))
        path[:, 1] += short * np.where(behind, 1.0, -1.0)
        path[:, 1] = gaussian_filter1d(path[:, 1], 1.5, mode="nearest")
    return path[::2]


def crossing_mm(path: Floats, start: Floats, end: Floats) -> float:
    """How far along start to end a path crosses that line, both seen from behind (x and z)."""
    line = (end - start)[[0, 2]]
    normal = np.array([-line[1], line[0]])
    side = (path[:, [0, 2]] - start[[0, 2]]) @ normal
    step = int(np.flatnonzero(np.diff(np.sign(side)) != 0)[0])
    share = side[step] / (side[step] - side[step + 1])
    spot = path[step] + share * (path[step + 1] - path[step])
    fraction = float((spot - start)[[0, 2]] @ line / (line @ line))
    return fraction * float(np.linalg.norm(end - start))
