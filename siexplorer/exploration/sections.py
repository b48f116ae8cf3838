"""Where a cutting plane lies, which side it takes away, and how that is said."""

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import View
from siexplorer.exploration.state import Plane, Section
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial", "free")
STARTS_MM: dict[Plane, float] = {"sagittal": 0.0, "coronal": 90.0, "axial": -20.0, "free": 60.0}
"""Where a plane stands when it is first asked for: through the joints or the midline (design)."""

FREE_TURN_DEG, FREE_TILT_DEG = 25.0, 0.0
"""About square to the SI joint of the left side when it is first asked for (design)."""

MOST_TURN_DEG, MOST_TILT_DEG = 180.0, 90.0
FALLBACK_MM = (-250.0, 250.0)

_SEEN_FROM: dict[Plane, tuple[View, View]] = {
    "sagittal": ("left", "right"),
    "coronal": ("back", "front"),
    "axial": ("top", "below"),
    "free": ("back", "front"),
}


def started(plane: Plane) -> Section:
    """A plane as it is when it is first asked for."""
    if plane == "free":
        return Section(plane, STARTS_MM[plane], FREE_TURN_DEG, FREE_TILT_DEG)
    return Section(plane, STARTS_MM[plane])


def direction(section: Section) -> Floats:
    """(3,) along which ``at_mm`` is counted: left, back, up, or where the free plane faces."""
    if section.plane == "free":
        turn, tilt = np.radians([section.turn_deg, section.tilt_deg])
        flat = np.cos(tilt)
        return np.array([np.sin(turn) * flat, np.cos(turn) * flat, np.sin(tilt)])
    axis = PLANES.index(section.plane)
    return np.asarray(np.eye(3)[axis])


def plane_of(section: Section) -> tuple[Floats, Floats]:
    """A point (3,) of the plane, mm, and its unit normal (3,) towards what is taken away."""
    along = direction(section)
    return along * section.at_mm, -along if section.flipped else along


def seen_from(section: Section) -> View:
    """The fixed view that looks on to the cut."""
    return _SEEN_FROM[section.plane][section.flipped]


def reach_mm(pack: Pack | None, section: Section) -> tuple[float, float]:
    """Between which positions the plane meets the body, in whole millimetres."""
    closed = [s.surface.vertices for s in pack.surfaces.values() if s.info.closed] if pack else []
    if not closed:
        return FALLBACK_MM
    along = direction(section)
    ends = [v @ along for v in closed]
    low, high = min(e.min() for e in ends), max(e.max() for e in ends)
    return float(np.ceil(low)), float(np.floor(high))


def words(known: Knowledge, section: Section) -> str:
    """Where the plane is, as a person would say it."""
    away = f"{abs(section.at_mm):.0f}"
    ahead, level = section.at_mm > 0, away == "0"
    if section.plane == "sagittal":
        if level:
            return known.say("section_midline")
        return known.say("section_left" if ahead else "section_right", mm=away)
    if section.plane == "coronal":
        if level:
            return known.say("section_through_asis")
        return known.say("section_behind" if ahead else "section_before", mm=away)
    if section.plane == "axial":
        if level:
            return known.say("section_asis_level")
        return known.say("section_above" if ahead else "section_below", mm=away)
    turn, tilt = f"{section.turn_deg:.0f}", f"{section.tilt_deg:.0f}"
    return known.say("section_free", mm=f"{section.at_mm:.0f}", turn=turn, tilt=tilt)
