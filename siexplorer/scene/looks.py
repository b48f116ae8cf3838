"""What colour a surface has, and what part of its entry it is."""

from typing import Literal

from siexplorer.anatomy.records import (
    Bone,
    Cartilage,
    Entry,
    Landmark,
    Ligament,
    Muscle,
    Nerve,
    Skin,
    Vessel,
)
from siexplorer.packs.pack import CARRIED, WITH_HOLES, SurfaceInfo
from siexplorer.scene.theme import (
    ARTERY,
    CARTILAGE,
    CORRIDOR,
    DISC,
    FAT,
    FOSSA,
    INSERTION,
    LIGAMENT,
    MUSCLES,
    NERVE,
    ORIGIN,
    OTHER_MUSCLES,
    SKIN,
    VEIN,
    Rgb,
    Theme,
)

Role = Literal["body", "area", "corridor"]
CUT_ORDER: tuple[type[Entry], ...] = (Skin, Muscle, Vessel, Ligament, Nerve, Cartilage, Bone)
"""What is drawn over what where two cut faces meet: the later lies on top."""


def role_of(info: SurfaceInfo) -> Role:
    """The part that a surface plays; older packs say it only by leaving an area open."""
    if info.role == "body" and not info.closed and not info.provenance.startswith(WITH_HOLES):
        return "area"
    return info.role


def bare(name: str) -> str:
    """An id without its side."""
    return name.removeprefix("left-").removeprefix("right-")


def is_insertion(info: SurfaceInfo) -> bool:
    """Whether a painted area is where a muscle ends; else it is where it begins."""
    return "insertion" in info.id


def colour_of(entry: Entry | None, info: SurfaceInfo, theme: Theme) -> Rgb:
    """The colour of a surface at rest."""
    role, plain = role_of(info), bare(info.entry)
    if role == "corridor":
        return CORRIDOR
    if role == "area":
        if isinstance(entry, Landmark):
            return FOSSA
        return INSERTION if is_insertion(info) else ORIGIN
    if isinstance(entry, Muscle):
        return MUSCLES.get(plain, OTHER_MUSCLES[sum(map(ord, plain)) % len(OTHER_MUSCLES)])
    if isinstance(entry, Ligament):
        return LIGAMENT
    if isinstance(entry, Nerve):
        return NERVE
    if isinstance(entry, Vessel):
        return VEIN if "vein" in plain else ARTERY
    if isinstance(entry, Cartilage) or "disc" in info.id:
        return DISC if "disc" in info.id else CARTILAGE
    if isinstance(entry, Skin):
        return SKIN
    if plain == "sacrum":
        return theme.sacrum
    return theme.modelled_bone if info.provenance in ("modelled", CARRIED) else theme.bone


def cut_colour(entry: Entry | None, colour: Rgb) -> Rgb:
    """The colour of a cut face: the thing's own, a little lighter; inside the skin, fat."""
    if isinstance(entry, Skin):
        return FAT
    red, green, blue = (c + (1.0 - c) * 0.22 for c in colour)
    return red, green, blue


def cut_rank(entry: Entry | None) -> int:
    """How far on top a cut face is drawn."""
    for rank, kind in enumerate(CUT_ORDER):
        if isinstance(entry, kind):
            return rank
    return 0
