"""Colours of the drawing, told apart with any kind of colour vision; never the only sign."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Rgb = tuple[float, float, float]
Scheme = Literal["light", "dark"]


def rgb(code: str) -> Rgb:
    """``#rrggbb`` as three numbers 0..1."""
    return tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours for one scheme."""

    background: Rgb
    bone: Rgb
    modelled_bone: Rgb
    sacrum: Rgb
    selected_bone: Rgb
    landmark: Rgb
    dimple: Rgb
    accent: Rgb
    label: Rgb
    label_back: Rgb
    side: Rgb


MUSCLES: dict[str, Rgb] = {
    "gluteus-maximus": rgb("#a9564b"),
    "gluteus-medius": rgb("#bb7462"),
    "gluteus-minimus": rgb("#8c4a47"),
    "tensor-fasciae-latae": rgb("#c08069"),
    "piriformis": rgb("#a4626e"),
    "superior-gemellus": rgb("#bd8066"),
    "obturator-internus": rgb("#93514d"),
    "inferior-gemellus": rgb("#b98a78"),
    "quadratus-femoris": rgb("#a05a4c"),
    "iliacus": rgb("#b3604f"),
    "psoas-major": rgb("#96504f"),
    "quadratus-lumborum": rgb("#b57a6a"),
    "multifidus": rgb("#9c5450"),
    "levator-ani": rgb("#a9717a"),
    "coccygeus": rgb("#bd8f86"),
}
"""Natural muscle reds, pinks and browns; neighbours differ in lightness first, then in hue."""

OTHER_MUSCLES: tuple[Rgb, ...] = (
    rgb("#b06a5c"),
    rgb("#99554f"),
    rgb("#bc8272"),
    rgb("#a5616a"),
)
TENDON, LIGAMENT = rgb("#ece5d6"), rgb("#e4e3dc")
NERVE, ARTERY, VEIN = rgb("#e0bd3a"), rgb("#8d3b40"), rgb("#4d74a6")
CARTILAGE, DISC = rgb("#cfdde2"), rgb("#a9bac6")
SKIN, FAT = rgb("#d3a88c"), rgb("#f2e8cb")
ORIGIN, INSERTION = rgb("#b9683f"), rgb("#3f7fb0")
"""Painted areas: where a muscle begins (earth) and where it ends (blue); labels say it too."""

FOSSA, CORRIDOR, REFERRAL = rgb("#3f8f8a"), rgb("#e0bd3a"), rgb("#7b4fa3")

LIGHT = Theme(
    background=rgb("#eef1f3"),
    bone=rgb("#eadfc8"),
    modelled_bone=rgb("#cfc6b8"),
    sacrum=rgb("#dccba6"),
    selected_bone=rgb("#f3c969"),
    landmark=rgb("#2f5d8a"),
    dimple=rgb("#0072b2"),
    accent=rgb("#0072b2"),
    label=rgb("#1b2a36"),
    label_back=rgb("#ffffff"),
    side=rgb("#5b6770"),
)
DARK = Theme(
    background=rgb("#20262b"),
    bone=rgb("#d9ccb2"),
    modelled_bone=rgb("#b3aa9b"),
    sacrum=rgb("#c9b78f"),
    selected_bone=rgb("#f0c057"),
    landmark=rgb("#7db7e8"),
    dimple=rgb("#56b4e9"),
    accent=rgb("#56b4e9"),
    label=rgb("#f2f4f5"),
    label_back=rgb("#12161a"),
    side=rgb("#aab4bb"),
)
THEMES: dict[Scheme, Theme] = {"light": LIGHT, "dark": DARK}

ZONE_COLOURS: dict[str, str] = {"clear": "#009e73", "caution": "#e69f00", "avoid": "#c8102e"}
"""Okabe and Ito's green and orange, and the one red of this program, which means: do not."""

ZONE_HATCHES: dict[str, str] = {"clear": "dots", "caution": "stripes", "avoid": "crosses"}


def hatching(
    kind: str, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], step: int = 24
) -> npt.NDArray[np.bool_]:
    """Where a hatch has ink on a legend's patch: dots, stripes or crosses."""
    if kind == "dots":
        odd = (rows // step) % 2 * (step // 2)
        away = (rows % step - step // 2) ** 2 + ((columns + odd) % step - step // 2) ** 2
        return np.asarray(away < (0.14 * step) ** 2)
    width = step // 8
    stripes = (rows + columns) % step < width
    if kind == "stripes":
        return np.asarray(stripes)
    return np.asarray(stripes | ((rows - columns) % step < width))
