"""Bundles of fibres as curves: laid from origin to insertion, and pulled tight round what is there.

A bundle is an (n, m, 3) array: n strands of m points, from origin to insertion.
"""

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from siexplorer.geometry.lattice import Lattice
from siexplorer.geometry.surface import Floats

POINTS = 60


def laid(stations: list[Floats], points: int = POINTS) -> Floats:
    """(n, points, 3) smooth strands through (n, 3) stations, evenly spaced along each.

    The first station holds the origins, the last the insertions, those between what they pass.
    """
    knots = np.stack(stations, axis=1)
    step = np.linalg.norm(np.diff(knots, axis=1), axis=2)
    bundle = np.empty((len(knots), points, 3))
    for k, strand in enumerate(knots):
        where = np.concatenate([[0.0], np.cumsum(np.maximum(step[k], 1e-6))])
        curve = (
            CubicSpline(where, strand, axis=0, bc_type="natural")
            if len(where) > 2
            else PchipInterpolator(where, strand, axis=0)
        )
        bundle[k] = curve(np.linspace(0.0, where[-1], points))
    return evened(bundle)


def evened(bundle: Floats) -> Floats:
    """The same strands with their points evenly spaced."""
    step = np.linalg.norm(np.diff(bundle, axis=1), axis=2)
    where = np.concatenate([np.zeros((len(bundle), 1)), np.cumsum(step, axis=1)], axis=1)
    share = np.linspace(0.0, 1.0, bundle.shape[1])
    out = np.empty_like(bundle)
    for k in range(len(bundle)):
        for axis in range(3):
            out[k, :, axis] = np.interp(share * where[k, -1], where[k], bundle[k, :, axis])
    return out


def tightened(bundle: Floats, field: Lattice, clearance_mm: Floats, rounds: int = 150) -> Floats:
    """Strands as taut as the field allows: no point nearer to it than ``clearance_mm`` (m,).

    Both ends stay. Each round pulls every point halfway to the middle of its neighbours and pushes
    what came too near straight out.
    """
    bundle = bundle.copy()
    need = np.broadcast_to(clearance_mm, bundle.shape[:2])[:, 1:-1]
    for turn in range(rounds):
        inner = bundle[:, 1:-1]
        inner += 0.5 * ((bundle[:, :-2] + bundle[:, 2:]) / 2 - inner)
        flat = inner.reshape(-1, 3)
        short = need.reshape(-1) - field.sample(flat)
        close = short > 0
        flat[close] += field.outwards(flat[close]) * np.minimum(short[close], 2.0)[:, None]
        bundle[:, 1:-1] = flat.reshape(inner.shape)
        if turn % 25 == 24:
            bundle = evened(bundle)
    return bundle


def along(curve: Floats, shares: Floats) -> Floats:
    """(n, 3) points at ``shares`` 0..1 of the way along a curve (k, 3)."""
    if len(curve) == 1:
        return np.repeat(curve, len(shares), axis=0)
    step = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    where = np.concatenate([[0.0], np.cumsum(step)])
    return np.stack([np.interp(shares * where[-1], where, curve[:, k]) for k in range(3)], axis=1)


def lengths_mm(bundle: Floats) -> Floats:
    """(n,) length of each strand."""
    return np.asarray(np.linalg.norm(np.diff(bundle, axis=1), axis=2).sum(axis=1))
