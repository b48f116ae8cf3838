"""How the built-in pelvis is shaped: which weights may be asked for, and what they measure."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import BUILT_IN, Pack, read_shape

if TYPE_CHECKING:
    # Slow to import, and nobody asks for shapes at the start.
    from siexplorer.packs.carried import Shapes

MODES = 5
"""So many modes have a slider: together three quarters of how the 26 people differ."""

MOST_SD = 2.0
"""How far a slider goes: about 95 people of 100 lie within (normal distribution)."""

MOST_TOGETHER_SD = 3.33
"""How far all weights together may go: of five that are spread normally, 95 in 100 people lie
within (chi-square). Beyond, the model folds its bones."""

SIDES = ("left", "right")

KEPT = 6
"""So many shapes that were shown are kept as they are, with what was worked out on them."""

Shape = tuple[float, ...]

_making = threading.Lock()


def can_be_shaped(pack: Pack | None) -> bool:
    """Whether the shape model belongs to a pelvis: it does to the built-in one alone."""
    return pack is not None and pack.info.id == BUILT_IN and pack.own is None


def made_shapes(pack: Pack) -> "Shapes | None":
    """The shapes of a pack, if they are there already."""
    found: Shapes | None = pack.derived.get("shapes")
    return found


def shapes_of(pack: Pack) -> "Shapes":
    """The shapes of the built-in pack; worked out the first time, in about five seconds.

    Raises
    ------
    PackError
        If the shape model is missing or broken.
    """
    from siexplorer.packs.carried import Shapes

    with _making:
        found = made_shapes(pack)
        if found is None:
            found = pack.derived["shapes"] = Shapes(pack, read_shape(), MODES)
        return found


def tidy(weights: Sequence[float]) -> Shape:
    """Weights as a state keeps them: rounded, without zeros at the end."""
    kept = [round(float(value), 2) + 0.0 for value in weights]
    while kept and kept[-1] == 0.0:
        kept.pop()
    return tuple(kept)


def within(shape: Sequence[float], mode: int, value: float) -> Shape:
    """A shape with one weight set, as near to what is asked as may be: within ``MOST_SD`` alone,
    and with the others within ``MOST_TOGETHER_SD``.
    """
    whole = [*shape, *[0.0] * (mode + 1 - len(shape))]
    whole[mode] = 0.0
    rest = MOST_TOGETHER_SD**2 - sum(one * one for one in whole)
    most = min(MOST_SD, np.floor(100.0 * np.sqrt(max(0.0, rest))) / 100.0)
    whole[mode] = min(most, max(-most, value))
    return tidy(whole)


def fault_of(shape: Sequence[float]) -> str:
    """Why a shape cannot be shown, as one clause, or an empty text."""
    if len(shape) > MODES:
        return f"{len(shape)} weights, and a shape has {MODES} at most"
    for value in shape:
        if not abs(value) <= MOST_SD:
            return f"a weight of {value:g}, and a shape goes no further than {MOST_SD:g} SD"
    together = float(np.linalg.norm(shape)) if len(shape) else 0.0
    if together > MOST_TOGETHER_SD:
        return (
            f"together the weights are {together:.2f} SD from the mean, and no more than "
            f"{MOST_TOGETHER_SD:g} is shown, within which 95 of 100 people lie"
        )
    return ""


def shaped(pack: Pack, shape: Shape) -> Pack:
    """The built-in pack in a shape: exact if it was shown before, otherwise still rough."""
    if not any(shape):
        return pack
    kept: dict[Shape, Pack] = pack.derived.setdefault("shaped", {})
    if shape in kept:
        return kept[shape]
    last: tuple[Shape, Pack] | None = pack.derived.get("rough")
    if last is None or last[0] != shape:
        # Asked for more than once on its way into the picture.
        last = pack.derived["rough"] = shape, shapes_of(pack).rough(shape)
    return last[1]


def is_exact(pack: Pack, shape: Shape) -> bool:
    """Whether a shape of the built-in pack is there with all its normals."""
    return not any(shape) or shape in pack.derived.get("shaped", {})


def made_exact(pack: Pack, shape: Shape, rough: Pack) -> Pack:
    """A rough shape of a pack with all its normals, kept for when it is shown again."""
    kept: dict[Shape, Pack] = pack.derived.setdefault("shaped", {})
    if shape not in kept:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[shape] = shapes_of(pack).exact(rough)
    return kept[shape]


def room_in(pack: Pack, shape: Pack) -> dict[str, Floats]:
    """``si_room`` of a shape of a pack."""
    from siexplorer.packs.carried import measured_room

    return measured_room(shape, shapes_of(pack).model)


def ends_of(pack: Pack) -> list[tuple[dict[str, float], dict[str, float]]]:
    """What each mode measures at both ends of its slider, worked out once in a quarter second."""
    if "ends" not in pack.derived:
        shapes = shapes_of(pack)
        pack.derived["ends"] = [
            tuple(figures(shapes.rough((*[0.0] * mode, sd))) for sd in (-MOST_SD, MOST_SD))
            for mode in range(MODES)
        ]
    found: list[tuple[dict[str, float], dict[str, float]]] = pack.derived["ends"]
    return found


def shape_words(known: Knowledge, shape: Shape) -> str:
    """What a picture says of its shape; nothing of the mean."""
    if not any(shape):
        return ""
    from siexplorer.packs.carried import weights_text

    return known.say("shape_caption", weights=weights_text(shape))


FIGURES = ("asis_asis_mm", "psis_psis_mm", "subpubic_angle_deg", "sacral_tilt_deg")
"""What is told of a shape, by the names of :mod:`siexplorer.geometry.measures`."""


def figures(pack: Pack) -> dict[str, float]:
    """The distances in mm and angles in degrees of a pack by which people's pelves differ; NaN
    where a pelvis has no such thing.
    """
    from siexplorer.exploration.beside import measured

    found, points = dict(measured(pack)), pack.landmarks
    hips = [pack.surfaces[f"{side}-hip-bone"].surface for side in SIDES]
    found["promontory_above_asis_mm"] = float(points["sacral-promontory"][0, 2])
    found["promontory_behind_asis_mm"] = float(points["sacral-promontory"][0, 1])
    found["height_mm"] = float(np.mean([np.ptp(hip.vertices[:, 2]) for hip in hips]))
    return found
