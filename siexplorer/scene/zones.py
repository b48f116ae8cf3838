"""The ball map as a picture on a curved sheet behind the pelvis: colour, hatching and outlines."""

import numpy as np
import numpy.typing as npt

from siexplorer.anatomy.records import Zone
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.zones import OUTSIDE, ZoneMap
from siexplorer.scene.theme import ZONE_COLOURS, ZONE_HATCHES, rgb

SHEET_BACK_MM, SHEET_CURVE = 170.0, 0.0030
"""The sheet stands behind the sacrum and curves forwards at the sides (design; it is not skin)."""

FINER = 3
"""Pixels of the picture for each cell of the map, so that hatching is crisp."""

SOFTEN_CELLS = 1.1
"""How far outlines are rounded, so that the map does not pretend to the precision of its cells."""

FILL = {"clear": 105, "caution": 80, "avoid": 72}
INK = {"clear": 190, "caution": 150, "avoid": 150}
QUIET = {"unrated": 0.5}
"""Rules that are drawn fainter than their state: nothing is known there."""


def sheet_depth_mm(x_mm: Floats) -> Floats:
    """(n,) y of the sheet at x."""
    return np.asarray(SHEET_BACK_MM - SHEET_CURVE * x_mm**2)


def picture(zone_map: ZoneMap, zones: dict[str, Zone]) -> npt.NDArray[np.uint8]:
    """(rows, columns, 4) RGBA, row 0 lowest: a colour and hatch for each state, white outlines."""
    states = [zones[name].state if name in zones else "caution" for name in zone_map.order]
    rule = _smooth(zone_map)
    rows, columns = (np.asarray(index) for index in np.indices(rule.shape))
    image = np.zeros((*rule.shape, 4), dtype=np.uint8)
    for index, (name, state) in enumerate(zip(zone_map.order, states, strict=True)):
        here = rule == index
        share = QUIET.get(name, 1.0)
        image[here, :3] = np.round(np.array(rgb(ZONE_COLOURS[state])) * 255)
        image[here, 3] = round(FILL[state] * share)
        image[here & hatching(ZONE_HATCHES[state], rows, columns), 3] = round(INK[state] * share)
    codes = [*ZONE_COLOURS, ""]
    state_of = np.array([codes.index(state) for state in states] + [-1], dtype=np.int8)
    image[_edges(rule), 3] = 200
    image[_edges(state_of[rule])] = (255, 255, 255, 235)
    return image


def _smooth(zone_map: ZoneMap) -> npt.NDArray[np.int64]:
    """The rule of every pixel, finer than the cells, outlines rounded; the last is outside."""
    from scipy.ndimage import gaussian_filter

    outside = len(zone_map.order)
    coarse = np.where(zone_map.rule == OUTSIDE, outside, zone_map.rule)
    fine = np.repeat(np.repeat(coarse, FINER, axis=0), FINER, axis=1)
    best = np.full(fine.shape, -1.0, dtype=np.float32)
    rule = np.full(fine.shape, outside, dtype=np.int64)
    for index in np.unique(fine):
        share = gaussian_filter((fine == index).astype(np.float32), SOFTEN_CELLS * FINER)
        closer = share > best
        best[closer], rule[closer] = share[closer], index
    return rule


def _edges(labels: npt.NDArray[np.int64] | npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    edge = np.zeros(labels.shape, dtype=bool)
    edge[1:] |= labels[1:] != labels[:-1]
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[:-1] |= edge[1:]
    return edge


def hatching(
    kind: str, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Where a hatch has ink: dots, stripes or crosses. State is never colour alone."""
    step = 8 * FINER
    if kind == "dots":
        odd = (rows // step) % 2 * (step // 2)
        return ((rows % step - step // 2) ** 2 + ((columns + odd) % step - step // 2) ** 2) < (
            1.1 * FINER
        ) ** 2
    stripes = (rows + columns) % step < FINER
    if kind == "stripes":
        return np.asarray(stripes)
    return np.asarray(stripes | ((rows - columns) % step < FINER))
