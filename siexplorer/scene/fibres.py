"""Muscle and ligament drawn with their fibres: a streaked picture laid along them."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from siexplorer.geometry.surface import Floats, Surface, area_cm2
from siexplorer.packs.pack import PackSurface
from siexplorer.scene.theme import TENDON, Rgb

WIDE, LONG = 128, 128
PERIOD_MM = 55.0
"""Width of one repeat of the streaks (design)."""

TENDON_ENDS = ((0.01, 0.05), (0.06, 0.12))
"""How much of the beginning and of the end is tendon, and over how much more it fades into the
belly: most muscles here begin fleshy and end in a tendon (design)."""

WAY_ROUNDS, ROUNDS, OWN_SHARE = 6, 100, 0.01
"""How often the fibres' directions, and places across them, are evened out with the neighbours',
and how much each vertex holds on to its own place (design: no streak curls any more)."""

Picture = npt.NDArray[np.uint8]


def streaks(colour: Rgb, *, tendons: bool) -> Picture:
    """(LONG, WIDE, 3): fibres run along the rows' direction; it repeats across without a seam."""
    random = np.random.default_rng(3)
    across = np.zeros((LONG, WIDE))
    for period, strength in ((2.0, 0.4), (4.0, 0.9), (11.0, 0.6)):
        knots = random.normal(size=round(WIDE / period))
        line = np.interp(np.arange(WIDE), np.arange(len(knots)) * period, knots, period=WIDE)
        # Bundles wander a little sideways along their way, as fibres do.
        for row in range(LONG):
            across[row] += strength * np.roll(line, round(1.6 * np.sin(row / 21.0 + period)))
    across /= np.abs(across).max()
    shade = 1.0 + (0.20 if tendons else 0.07) * across
    along = np.linspace(0.0, 1.0, LONG)[:, None]
    picture = np.array(colour) * shade[..., None]
    if tendons:
        ragged = 0.05 * across
        belly = np.ones_like(across)
        for away, (tendon, soft) in zip((along, 1.0 - along), TENDON_ENDS, strict=True):
            belly = np.minimum(belly, np.clip((away + ragged - tendon) / soft, 0.0, 1.0))
        share = (belly * belly * (3 - 2 * belly))[..., None]
        white = np.array(TENDON) * (1.0 + 0.07 * across)[..., None]
        picture = white * (1.0 - share) + picture * share
    return np.asarray(np.clip(picture, 0.0, 1.0) * 255, dtype=np.uint8)


def texture_of(picture: Picture) -> vtkTexture:
    """A picture ready to be laid on: it repeats."""
    rows, columns, _ = picture.shape
    image = vtkImageData()
    image.SetDimensions(columns, rows, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(picture.reshape(-1, 3), deep=1))
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.RepeatOn()
    texture.InterpolateOn()
    # No smaller copies: choosing between them doubles a frame without a graphics card, and the
    # picture is about as fine as the screen where the whole pelvis is seen.
    return texture


def coordinates(surface: PackSurface) -> Floats | None:
    """(n, 2) where each vertex lies in the picture, or None without fibres."""
    fibres = surface.fibres
    if fibres is None:
        return None
    vertices, along = surface.surface.vertices, np.asarray(fibres[:, 1], dtype=np.float64)
    first, last = vertices[along <= 0.15], vertices[along >= 0.85]
    length = 100.0
    if len(first) and len(last):
        length = max(10.0, float(np.linalg.norm(first.mean(axis=0) - last.mean(axis=0))))
    around = 100.0 * area_cm2(surface.surface) / length
    repeats = max(1, round(around / PERIOD_MM))
    across = drawn_along(surface.surface, along, np.asarray(fibres[:, 0], dtype=np.float64))
    return np.column_stack([across * repeats, 0.005 + 0.99 * np.clip(along, 0.0, 1.0)])


def drawn_along(surface: Surface, along: Floats, across: Floats) -> Floats:
    """(n,) places across the fibres, evened out along them.

    Where bundles mingle, neighbours on the surface may belong to fibres that lie far apart: streaks
    would curl there. Each vertex takes on most of what lies before and behind it on its own way.
    """
    from scipy.sparse import csr_array

    count = len(surface.vertices)
    faces = surface.faces.astype(np.int64)
    ends = [faces[:, [k, (k + step) % 3]] for k in range(3) for step in (1, 2)]
    one, other = np.divmod(np.unique(np.concatenate(ends) @ np.array([count, 1])), count)
    steps = surface.vertices[other] - surface.vertices[one]
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
    linked = csr_array((np.ones(len(one)), (one, other)), shape=(count, count))
    ways = _uphill(surface, along)
    for _ in range(WAY_ROUNDS):
        ways = ways + _units(linked @ ways)
        ways = _units(ways)
    way = _units(ways[one] + ways[other])
    weights = np.abs(np.einsum("ij,ij->i", steps, way)) ** 4 + 0.01
    total = np.bincount(one, weights, count) + OWN_SHARE
    near = csr_array((weights / total[one], (one, other)), shape=(count, count))
    own, drawn = OWN_SHARE * across / total, across
    for _ in range(ROUNDS):
        drawn = own + near @ drawn
    return np.asarray(drawn)


def _uphill(surface: Surface, values: Floats) -> Floats:
    """(n, 3) unit vectors in which a value given at the vertices grows fastest."""
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    at = values[surface.faces]
    slope = np.cross(
        normal, at[:, :1] * (c - b) + at[:, 1:2] * (a - c) + at[:, 2:] * (b - a)
    ) / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    held = np.zeros_like(surface.vertices)
    for corner in surface.faces.T:
        for axis in range(3):
            held[:, axis] += np.bincount(corner, slope[:, axis], len(held))
    return _units(held)


def _units(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9))
