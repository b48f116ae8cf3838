"""Colours of the drawing, told apart with any kind of colour vision; never the only sign."""

from dataclasses import dataclass
from typing import Literal

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
    muscles: dict[str, Rgb]


_MUSCLES = {"iliacus": rgb("#b5574a"), "piriformis": rgb("#7a5ba6"), "iliac-fossa": rgb("#3f8f8a")}

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
    muscles=_MUSCLES,
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
    muscles=_MUSCLES,
)
THEMES: dict[Scheme, Theme] = {"light": LIGHT, "dark": DARK}

ZONE_COLOURS: dict[str, str] = {"clear": "#009e73", "caution": "#e69f00", "avoid": "#c8102e"}
"""Okabe and Ito's green and orange, and the one red of this program, which means: do not."""

ZONE_HATCHES: dict[str, str] = {"clear": "dots", "caution": "stripes", "avoid": "crosses"}
