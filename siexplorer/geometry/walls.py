"""The wall on which a broad muscle lies that begins round a gap in the bone and on its membrane.

A wall is one smooth sheet over bone and gap, with one smooth outline. Strands that begin close
along that outline make a muscle whose free edge is as smooth as it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator

from siexplorer.geometry.flesh import spread_evenly
from siexplorer.geometry.lattice import Grid, Lattice
from siexplorer.geometry.strands import along
from siexplorer.geometry.surface import Floats, Surface

SECTORS, WAVES = 72, 2
"""The outline goes round as the first waves through the rim of the area, seen in sectors (design:
with a third wave it follows every lobe of the area)."""

WITHIN = 0.92
"""The strands begin this far out to that rim: the flesh round them reaches it (design)."""

POINTS, SMOOTHING = 220, 3000.0
"""So many points of the bone shape the sheet, this softly: it must not dip into the canal beside
the bone (design)."""

REACH_MM, DEEP_MM, BEHIND_MM = 60.0, 40.0, 6.0
"""How far from its middle a wall is looked for, how far before and behind it, and how far behind
it nothing may be (design)."""

FLOOR_MM = 2.0
"""Strands are let down to this height over their wall (design)."""

LEAVES_MM, LIES_MM = 8.0, 54.0
"""Strands leave the wall this far before their bend; they lie on it when this far (design)."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A sheet as heights over a plane.

    ``frame`` (3, 3) holds two directions of the plane and the one that the sheet faces, ``centre``
    (3,) is its middle in mm. ``waves`` (2 k + 1,) shape its outline, ``height`` the sheet itself.
    """

    centre: Floats
    frame: Floats
    waves: Floats
    height: RBFInterpolator

    def flat(self, points: Floats) -> Floats:
        """(n, 3) points as two places in the plane and a height over it, mm."""
        return np.asarray((points - self.centre) @ self.frame.T)

    def solid(self, flat: Floats) -> Floats:
        """The way back."""
        return np.asarray(flat @ self.frame + self.centre)

    def within_mm(self, flat: Floats) -> Floats:
        """(n,) how far inside the outline places (n, 2 or 3) lie, seen from the middle."""
        turn = np.arctan2(flat[:, 1], flat[:, 0])
        return np.asarray(_round(turn, self.waves) - np.hypot(flat[:, 0], flat[:, 1]))

    def backed(self, field: Lattice) -> Lattice:
        """A field in which what lies right behind the sheet counts as inside too."""
        block = field.block(self.centre - REACH_MM, self.centre + REACH_MM)
        flat = self.flat(field.positions(block))
        near = (self.within_mm(flat) > 0) & (np.abs(flat[:, 2]) < DEEP_MM)
        above = flat[near, 2] - self.height(flat[near, :2])
        grid: Grid = field.values.copy()
        there = grid[block].reshape(-1)
        there[near] = np.where(above > -BEHIND_MM, np.minimum(there[near], above), there[near])
        grid[block] = there.reshape(grid[block].shape)
        return field.with_values(grid)

    def starts(self, step_mm: float) -> tuple[Floats, Floats]:
        """(n, 3) points evenly over the sheet and twice as close along its outline, and (n,) how
        far in mm each is from that."""
        turn = np.linspace(-np.pi, np.pi, 721)
        way = np.stack([np.cos(turn), np.sin(turn), np.zeros(len(turn))], axis=1)
        ring = _round(turn, self.waves)[:, None] * way
        length = np.linalg.norm(np.diff(ring, axis=0), axis=1).sum()
        count = int(2 * length / step_mm)
        border = along(ring, np.arange(count) / count)[:, :2]
        half = np.ceil(np.abs(ring).max() / (np.sqrt(0.75) * step_mm))
        x, y = np.meshgrid(*[np.arange(-half, half + 1)] * 2, indexing="ij")
        # Every other row is shifted: so all neighbours are equally far.
        rows = step_mm * np.stack([(x + 0.5 * (y % 2)).ravel(), np.sqrt(0.75) * y.ravel()], axis=1)
        gap = np.linalg.norm(rows[:, None] - border[None], axis=2).min(axis=1)
        inner = (self.within_mm(rows) > 0) & (gap > 0.5 * step_mm)
        places = np.concatenate([rows[inner], border])
        points = self.solid(np.column_stack([places, self.height(places)]))
        return points, np.concatenate([gap[inner], np.zeros(len(border))])

    def let_down(self, bundle: Floats, bend: Floats) -> Floats:
        """Strands (n, m, 3) laid down on the sheet, as far as to where they leave it for a bend
        (3,): a taut strand spans the hollow of the wall, a muscle fills it from its floor."""
        points = bundle.reshape(-1, 3)
        away = np.linalg.norm(points - bend, axis=1)
        share = np.clip((away - LEAVES_MM) / (LIES_MM - LEAVES_MM), 0.0, 1.0)
        share = share * share * (3 - 2 * share)
        flat = self.flat(points)
        spare = flat[:, 2] - self.height(flat[:, :2]) - FLOOR_MM
        flat[:, 2] -= share * np.maximum(spare, 0.0)
        return self.solid(flat).reshape(bundle.shape)


def wall_over(patch: Surface, facing: Floats) -> Wall:
    """The wall over a ring-shaped patch that faces a direction (3,), not straight up or down."""
    normal = facing / np.linalg.norm(facing)
    side = np.cross(np.array([0.0, 0.0, 1.0]), normal)
    side /= np.linalg.norm(side)
    frame = np.stack([side, np.cross(normal, side), normal])
    centre = (patch.vertices.min(axis=0) + patch.vertices.max(axis=0)) / 2
    flat = (patch.vertices - centre) @ frame.T
    away = np.hypot(flat[:, 0], flat[:, 1])
    share = np.arctan2(flat[:, 1], flat[:, 0]) / (2 * np.pi) + 0.5
    sector = np.minimum((share * SECTORS).astype(int), SECTORS - 1)
    seen = np.unique(sector)
    rim = np.array([away[sector == k].max() for k in seen])
    middles = ((seen + 0.5) / SECTORS - 0.5) * 2 * np.pi
    waves = np.asarray(np.linalg.lstsq(_waves(middles, WAVES), WITHIN * rim, rcond=None)[0], float)
    few = spread_evenly(patch.vertices, POINTS)
    height = RBFInterpolator(flat[few, :2], flat[few, 2], smoothing=SMOOTHING)
    return Wall(centre, frame, waves, height)


def _round(turn: Floats, waves: Floats) -> Floats:
    return np.asarray(_waves(turn, len(waves) // 2) @ waves)


def _waves(turn: Floats, count: int) -> Floats:
    turns = turn[:, None] * np.arange(1, count + 1)
    return np.hstack([np.ones((len(turn), 1)), np.cos(turns), np.sin(turns)])
