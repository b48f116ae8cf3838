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
    middle = _clear(stations, field, least_mm=3.2, sideways=False)
    share = np.linspace(0.0, 1.0, len(middle))
    width = np.interp(share, [0.0, 0.18, 0.35, 1.0], [3.5, half, half, 5.0])
    depth = np.interp(share, [0.0, 0.18, 0.35, 1.0], [2.2, 2.6, 2.8, 3.2])
    spread = np.interp(
        share,
        [0.0, 0.2, 0.55, 1.0],
        [SCIATIC_FROM_PSIS_SD_MM] * 2 + [SCIATIC_FROM_SEAT_SD_MM] * 2,
    )
    outer = share > 0.12
    room = tube(middle[outer], (width + spread)[outer], np.full(outer.sum(), 6.0), BACK)
    return Path(tube(middle, width, depth, BACK), middle, room)


def superior_gluteal(left: Points, field: Lattice) -> Path:
    """Out above piriformis, then forwards between gluteus medius and minimus."""
    notch = left["greater-sciatic-notch"]
    away = sum(
        (np.linalg.norm(notch - left[name][0], axis=1) - wanted) ** 2
        for name, wanted in SGN_FROM_MM.items()
    )
    roof = notch[int(np.argmin(away))]
    exit_ = roof + np.array([1.0, 9.0, -5.0])
    root = exit_ + np.array([-18.0, -4.0, 12.0])
    asis, outer = left["asis"][0], left["greater-trochanter"][0]
    tip = outer + np.array([-14.0, 4.0, 30.0])
    middle_way = tip + np.array([-14.0, 0.0, 62.0])
    front = asis + np.array([4.0, 38.0, -24.0])
    bend = roof + np.array([10.0, 8.0, 10.0])
    middle = _clear([root, exit_, bend, middle_way, front], field, least_mm=1.8)
    return _round(middle, 1.7, 1.2)


def lateral_femoral_cutaneous(left: Points, field: Lattice) -> Path:
    """Over iliacus, and into the thigh inside the ASIS."""
    asis, crest = left["asis"][0], left["iliac-crest-top"][0]
    aside = LFCN_FROM_ASIS_MM / np.hypot(1.0, 0.25)
    gate = asis + np.array([-aside, -1.0, -0.25 * aside])
    root = np.array([0.62 * crest[0], crest[1] - 34.0, crest[2] - 10.0])
    fossa = 0.5 * (root + gate) + np.array([10.0, -2.0, -2.0])
    thigh = gate + np.array([7.0, -4.0, -55.0])
    end = gate + np.array([16.0, -2.0, -140.0])
    middle = _clear([root, fossa, gate, thigh, end], field, least_mm=1.6)
    return _round(middle, 1.3, 1.0)


def _groin(left: Points) -> tuple[Floats, Floats]:
    """Middle of the groin line from ASIS to symphysis, and the unit way outwards along it."""
    asis, pubis = left["asis"][0], left["pubic-symphysis"][0]
    way = (asis - pubis) / np.linalg.norm(asis - pubis)
    return (asis + pubis) / 2, way


def femoral_nerve(left: Points, field: Lattice) -> Path:
    """Down the groove between psoas and iliacus, then outside the artery."""
    middle, way = _groin(left)
    gate = middle + 13.0 * way + np.array([0.0, 2.0, 0.0])
    brim = left["si-joint-line"][0] + np.array([8.0, -36.0, -6.0])
    low = gate + np.array([0.0, 4.0, -45.0])
    return _round(
        _clear([brim, 0.5 * (brim + gate), gate, low], field, least_mm=3.8, forwards=True), 2.6, 2.0
    )


def femoral_artery(left: Points, field: Lattice) -> Path:
    """Along the inner edge of psoas, under the middle of the groin line, down the thigh."""
    return _round(_vessel(left, field, 0.0, 4.6), 4.4, 3.8)


def femoral_vein(left: Points, field: Lattice) -> Path:
    """Beside the artery, on its inner side."""
    return _round(_vessel(left, field, -11.5, 5.2), 5.0, 4.6)


def _vessel(left: Points, field: Lattice, aside_mm: float, least_mm: float) -> Floats:
    middle, way = _groin(left)
    gate = middle + aside_mm * way
    base = left["sacral-promontory"][0]
    top = np.array([26.0 + 0.4 * aside_mm, base[1] + 2.0, base[2] + 22.0])
    brim = np.array([40.0 + 0.6 * aside_mm, base[1] - 22.0, base[2] - 38.0])
    low = gate + np.array([4.0, 6.0, -50.0])
    end = gate + np.array([4.0, 24.0, -120.0])
    return _clear([top, brim, gate, low, end], field, least_mm=least_mm)


def _round(middle: Floats, first_mm: float, last_mm: float) -> Path:
    radius = np.linspace(first_mm, last_mm, len(middle))
    return Path(tube(middle, radius, radius, BACK), middle)


def _clear(
    stations: list[Floats],
    field: Lattice,
    *,
    least_mm: float,
    sideways: bool = True,
    forwards: bool = False,
) -> Floats:
    """(45, 3) smooth path through stations, moved off what is there.

    ``sideways`` False moves it forwards or backwards alone, so that its outline seen from behind
    stays where the stations put it; ``forwards`` moves it forwards alone, out of a groove.
    """
    path = along(laid([point[None] for point in stations])[0], np.linspace(0.0, 1.0, 90))
    held = path.copy()
    for _ in range(60):
        short = np.clip(least_mm - field.sample(path), 0.0, 1.5)
        move = field.outwards(path) * short[:, None]
        if forwards:
            move = -BACK * short[:, None]
        if not sideways:
            behind = field.sample(path + BACK) >= field.sample(path - BACK)
            size = np.linalg.norm(move, axis=1) * np.where(behind, 1.0, -1.0)
            move = size[:, None] * BACK
        path = path + move
        smooth = gaussian_filter1d(path, 2.0, axis=0, mode="nearest")
        path = smooth if sideways else np.stack([held[:, 0], smooth[:, 1], held[:, 2]], axis=1)
    if sideways:
        for _ in range(8):
            short = np.clip(least_mm - field.sample(path), 0.0, 1.0)
            way = -BACK if forwards else field.outwards(path)
            path = path + way * short[:, None]
        path = gaussian_filter1d(path, 1.2, axis=0, mode="nearest")
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
