"""Where the rules let a ball go: the back of the pelvis as a flat map seen from behind.

Every distance is measured in the posterior projection (x, z) between a ball's centre and what the
rules of ``annotations/zones.toml`` name, all taken from this pelvis' own landmarks. The front
spines (ASIS) are not on this side of the body and take no part.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.surface import Floats, Surface

Masks = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int8]

OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Outline:
    """What the rules measure to, in the posterior projection, for one side mirrored to x > 0."""

    psis: Floats
    tuberosity: Floats
    trochanter: Floats
    trochanter_tip: Floats
    s2: Floats
    coccyx: Floats
    crest: Floats
    sacrum: Floats
    sciatic: Floats
    lateral: Floats


@dataclass(frozen=True, slots=True)
class Rules:
    """The margins of the zone records, mm, and fractions of the piriformis line."""

    contact_radius: float
    clear_sciatic: float
    clear_sacrum: float
    clear_psis: float
    clear_crest: float
    clear_trochanter: float
    clear_tuberosity: float
    strip_half_width: float
    strip_from: float
    strip_to: float
    sciatic_core: float
    sciatic_caution: float
    psis_to_sciatic: float
    tuberosity_to_sciatic: float
    midline_half_width: float


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """``rule`` (nz, nx): index into ``order`` or OUTSIDE; cell centres at ``x_mm`` and ``z_mm``."""

    rule: Index
    order: tuple[str, ...]
    x_mm: Floats
    z_mm: Floats
    cell_mm: float

    def at(self, x_mm: float, z_mm: float) -> str | None:
        """The rule that decides at a place, or None outside the map."""
        column = round((x_mm - self.x_mm[0]) / self.cell_mm)
        row = round((z_mm - self.z_mm[0]) / self.cell_mm)
        if not (0 <= row < self.rule.shape[0] and 0 <= column < self.rule.shape[1]):
            return None
        index = int(self.rule[row, column])
        return None if index == OUTSIDE else self.order[index]

    def area_cm2(self, rule: str, side: int) -> float:
        """Area of a rule on one side: +1 left, -1 right."""
        return float(self._cells(rule, side).sum()) * self.cell_mm**2 / 100

    def centroid_mm(self, rule: str, side: int) -> tuple[float, float] | None:
        """Mean (x, z) of a rule's cells on one side, or None where it has none."""
        rows, columns = np.nonzero(self._cells(rule, side))
        if not len(rows):
            return None
        return float(self.x_mm[columns].mean()), float(self.z_mm[rows].mean())

    def _cells(self, rule: str, side: int) -> Masks:
        return np.asarray((self.rule == self.order.index(rule)) & (self.x_mm * side > 0)[None, :])


ORDER = (
    "midline",
    "bony-points",
    "flank",
    "sciatic-core",
    "sciatic-corridor",
    "piriformis-strip",
    "gluteal-clear",
    "unrated",
)
"""Rules in the order in which they decide: the first that applies to a place is the one said."""


def outline_of(
    landmarks: dict[str, Floats], femur: Surface, sacrum: Surface, coccyx: Surface, side: str,
    rules: Rules,
) -> Outline:  # fmt: skip
    """Gather one side's outline; the right side is mirrored to x > 0."""
    sign = np.array([1.0 if side == "left" else -1.0, 1.0])

    def flat(points: Floats) -> Floats:
        return np.asarray(points[:, [0, 2]] * sign)

    def between(start: str, end: str, distance: float) -> Floats:
        # The published distances are in space; the projection comes after.
        a, b = landmarks[f"{side}-{start}"], landmarks[f"{side}-{end}"]
        return np.asarray(flat(a + (b - a) / np.linalg.norm(b - a) * distance)[0])

    psis = flat(landmarks[f"{side}-psis"])[0]
    tuberosity = flat(landmarks[f"{side}-ischial-tuberosity"])[0]
    trochanter = flat(landmarks[f"{side}-greater-trochanter"])[0]
    bone = flat(femur.vertices)
    near = bone[np.linalg.norm(bone - trochanter, axis=1) < 45]
    outer = near[near[:, 0] > trochanter[0] - 25]
    tip = outer[np.argmax(outer[:, 1])]
    high = between("psis", "ischial-tuberosity", rules.psis_to_sciatic)
    low = between("ischial-tuberosity", "greater-trochanter", rules.tuberosity_to_sciatic)
    sciatic = np.array([high, low, low + np.array([0.0, -120.0])])
    tubercle = flat(landmarks[f"{side}-iliac-tubercle"])[0]
    return Outline(
        psis,
        tuberosity,
        trochanter,
        tip,
        flat(landmarks["s2-tubercle"])[0],
        flat(landmarks["coccyx-tip"])[0],
        flat(landmarks[f"{side}-iliac-crest"]),
        np.concatenate([flat(sacrum.vertices), flat(coccyx.vertices)]),
        sciatic,
        np.array([tubercle, trochanter]),
    )


def evaluate(outlines: dict[str, Outline], rules: Rules, cell_mm: float = 1.0) -> ZoneMap:
    """The map of both sides (``outlines`` by "left" and "right") at a cell size."""
    reach = max(float(o.lateral[:, 0].max()) for o in outlines.values()) + 12
    top = max(float(o.crest[:, 1].max()) for o in outlines.values()) + 30
    bottom = min(float(o.tuberosity[1]) for o in outlines.values()) - 30
    half = np.arange(cell_mm / 2, reach, cell_mm)
    z = np.arange(bottom, top, cell_mm)
    halves = {side: _one_side(outlines[side], rules, half, z) for side in ("left", "right")}
    rule = np.concatenate([halves["right"][:, ::-1], halves["left"]], axis=1)
    return ZoneMap(rule, ORDER, np.concatenate([-half[::-1], half]), z, cell_mm)


def _one_side(outline: Outline, rules: Rules, x: Floats, z: Floats) -> Index:
    grid = np.stack(np.meshgrid(x, z), axis=-1).reshape(-1, 2)
    radius = rules.contact_radius
    to_sciatic = to_line(grid, outline.sciatic)
    to_psis = np.linalg.norm(grid - outline.psis, axis=1)
    to_trochanter = to_line(grid, np.array([outline.trochanter, outline.trochanter_tip]))
    to_tuberosity = np.linalg.norm(grid - outline.tuberosity, axis=1)
    crest_line = np.interp(grid[:, 0], *_upper_rim(outline.crest))
    on_crest = to_line(grid, outline.crest[_behind(outline.crest)])
    sacrum_top, sacrum_half_width = outline.sacrum[:, 1].max(), _half_width(outline.sacrum)
    widths = np.interp(grid[:, 1], *sacrum_half_width, left=0.0, right=0.0)
    beside_sacrum = np.where(
        (grid[:, 1] > outline.coccyx[1]) & (grid[:, 1] < sacrum_top),
        grid[:, 0] - widths,
        _to_cloud_edge(grid, *sacrum_half_width),
    )
    inside = (grid[:, 0] < _lateral_limit(grid, outline)) & (grid[:, 1] < crest_line + 30)

    # Down to the tip of the coccyx and round it: what lies beyond is no place for a ball either.
    spine = np.array([[0.0, float(grid[:, 1].max()) + 100.0], [0.0, outline.coccyx[1]]])
    midline = to_line(grid, spine) <= rules.midline_half_width + radius
    midline |= (grid[:, 0] < widths) & (grid[:, 1] <= sacrum_top)
    bony = (to_psis <= radius) | (to_trochanter <= radius) | (to_tuberosity <= radius)
    bony |= on_crest <= radius
    strip = np.zeros(len(grid), dtype=bool)
    midpoint = (outline.psis + outline.coccyx) / 2
    for start in (outline.s2, midpoint):
        fraction, away = _on_line(grid, start, outline.trochanter_tip)
        strip |= (
            (fraction >= rules.strip_from)
            & (fraction <= rules.strip_to)
            & (away <= rules.strip_half_width)
        )
    upper_outer = grid[:, 1] >= outline.trochanter_tip[1]
    upper_outer &= grid[:, 0] > np.interp(
        grid[:, 1], outline.sciatic[::-1, 1], outline.sciatic[::-1, 0]
    )
    clear = (
        upper_outer
        & (to_sciatic >= rules.clear_sciatic + radius)
        & (beside_sacrum >= rules.clear_sacrum + radius)
        & (to_psis >= rules.clear_psis + radius)
        & (crest_line - grid[:, 1] >= rules.clear_crest + radius)
        & (on_crest >= rules.clear_crest + radius)
        & (to_trochanter >= rules.clear_trochanter + radius)
        & (to_tuberosity >= rules.clear_tuberosity + radius)
    )
    decides = {
        "midline": midline,
        "bony-points": bony,
        "flank": grid[:, 1] > crest_line,
        "sciatic-core": to_sciatic <= rules.sciatic_core,
        "sciatic-corridor": to_sciatic <= rules.sciatic_caution,
        "piriformis-strip": strip,
        "gluteal-clear": clear,
        "unrated": np.ones(len(grid), dtype=bool),
    }
    rule = np.full(len(grid), OUTSIDE, dtype=np.int8)
    for index in reversed(range(len(ORDER))):
        rule[decides[ORDER[index]] & inside] = index
    return rule.reshape(len(z), len(x))


def to_line(points: Floats, line: Floats) -> Floats:
    """(n,) distance of (n, 2) points to a polyline (k, 2)."""
    best = np.full(len(points), np.inf)
    for start, end in pairwise(line):
        run = end - start
        share = np.clip((points - start) @ run / max(float(run @ run), 1e-12), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - start - share[:, None] * run, axis=1))
    return best


def _on_line(points: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    run = end - start
    fraction = (points - start) @ run / float(run @ run)
    return fraction, np.linalg.norm(points - start - fraction[:, None] * run, axis=1)


def _behind(crest: Floats) -> slice:
    """The crest from its widest point back: the part that lies on the back of the body."""
    return slice(int(np.argmax(crest[:, 0])), None)


def _upper_rim(crest: Floats) -> tuple[Floats, Floats]:
    back = crest[_behind(crest)]
    order = np.argsort(back[:, 0])
    return back[order, 0], np.maximum.accumulate(back[order, 1][::-1])[::-1]


def _half_width(cloud: Floats) -> tuple[Floats, Floats]:
    levels = np.arange(cloud[:, 1].min(), cloud[:, 1].max() + 2, 2.0)
    widths = [np.abs(cloud[np.abs(cloud[:, 1] - z) < 2.5, 0]).max(initial=0.0) for z in levels]
    return levels, np.array(widths)


def _to_cloud_edge(points: Floats, levels: Floats, widths: Floats) -> Floats:
    rim = np.stack([widths, levels], axis=1)
    return to_line(points, rim)


def _lateral_limit(points: Floats, outline: Outline) -> Floats:
    """The side of the pelvis: from the iliac tubercle to the trochanter, straight beyond them."""
    tubercle, trochanter = outline.lateral
    levels, reach = [trochanter[1], tubercle[1]], [trochanter[0], tubercle[0]]
    return np.asarray(np.interp(points[:, 1], levels, reach))
