"""Muscle and ligament drawn with their fibres: a streaked picture laid along them."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from siexplorer.geometry.surface import Floats, area_cm2
from siexplorer.packs.pack import PackSurface
from siexplorer.scene.theme import TENDON, Rgb

WIDE, LONG = 128, 128
PERIOD_MM = 55.0
"""Width of one repeat of the streaks (design)."""

TENDON_ENDS = ((0.01, 0.05), (0.06, 0.12))
"""How much of the beginning and of the end is tendon, and over how much more it fades into the
belly: most muscles here begin fleshy and end in a tendon (design)."""

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
    return np.column_stack([fibres[:, 0] * repeats, 0.005 + 0.99 * np.clip(along, 0.0, 1.0)])
