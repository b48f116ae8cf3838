"""Words of a command line made into what the rooms take, or refused with a sentence."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from siexplorer.printing import Refusal

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Layer
    from siexplorer.exploration.state import Section
    from siexplorer.geometry.surface import Floats


Kind = Literal[
    "bone",
    "landmark",
    "muscle",
    "ligament",
    "nerve",
    "vessel",
    "cartilage",
    "skin",
    "zone",
    "movement",
    "technique",
    "care",
    "pattern",
    "misconception",
    "analogy",
    "question",
    "tool",
    "position",
]
View = Literal["back", "front", "left", "right", "top", "below"]
Voice = Literal["plain", "student", "clinician"]
Mode = Literal["explore", "move", "ball", "follow"]
SkinChoice = Literal["female", "male", "none"]
Body = Literal["female", "male"]
MeshUnit = Literal["m", "cm", "mm"]
Place = tuple[float, float, float]

SMALLEST_PX, LARGEST_PX = 64, 4096
MOST_SECTION_MM = 500.0
LEAST_MAGNIFICATION, MOST_MAGNIFICATION = 1.0, 10.0

FIRST_TOOL, FIRST_POSITION = "tennis-ball", "standing"


def one_of(given: dict[str, object], command: str, what: str) -> None:
    """Exactly one way to say where."""
    used = [name for name, value in given.items() if value is not None]
    ways = f"{', '.join(list(given)[:-1])} or {list(given)[-1]}"
    if not used:
        raise Refusal(f"“{command}” must be told {what}; give {ways}.")
    if len(used) > 1:
        raise Refusal(f"{' and '.join(used)} do not go together; give only one of {ways}.")


def point_at(at: Place | None) -> "Floats":
    """(3,) mm; the origin where nothing was given."""
    import numpy as np

    point = np.array(at or (0.0, 0.0, 0.0), dtype=np.float64)
    if not np.isfinite(point).all():
        raise Refusal("--at wants three numbers in mm, X Y Z.")
    return point


def size_of(text: str) -> tuple[int, int]:
    """Width and height in pixels from WxH."""
    wanted = f"--size wants WxH in pixels, each {SMALLEST_PX} to {LARGEST_PX}, such as 1000x760"
    width, _, height = text.lower().replace("×", "x").partition("x")
    # isascii: isdigit alone also takes digits that int() does not read.
    if not all(part.isascii() and part.isdigit() for part in (width, height)):
        raise Refusal(f"{wanted}, not “{text}”.")
    size = int(width[:9]), int(height[:9])
    if not all(SMALLEST_PX <= pixels <= LARGEST_PX for pixels in size):
        raise Refusal(f"{wanted}, not “{text}”.")
    return size


def moment(at: float | None) -> float | None:
    """A moment of a movement, from 0 to 1, or none."""
    if at is not None and not 0.0 <= at <= 1.0:
        raise Refusal(f"--at wants a moment from 0 (start) to 1 (end), not {at:g}.")
    return at


def magnification(factor: float | None) -> float | None:
    """How many times larger than life, within what is drawn, or none."""
    if factor is not None and not LEAST_MAGNIFICATION <= factor <= MOST_MAGNIFICATION:
        raise Refusal(
            f"--magnify wants {LEAST_MAGNIFICATION:g} (life size) to {MOST_MAGNIFICATION:g}, "
            f"not {factor:g}."
        )
    return factor


def preset_called(name: str | None) -> str | None:
    """The id of a ready-made look, or none."""
    if name is None:
        return None
    from siexplorer.exploration.looks import PRESETS

    known = [preset.id for preset in PRESETS]
    if name not in known:
        raise Refusal(f"--preset wants {either(known)}, not “{name}”.")
    return name


def depth_called(name: str | None) -> "Layer | None":
    """A layer by its name or its number from 1, or none."""
    if name is None:
        return None
    from siexplorer.exploration.looks import DEPTHS

    if name.isascii() and name.isdigit() and 1 <= int(name[:3]) <= len(DEPTHS):
        return DEPTHS[int(name) - 1]
    for depth in DEPTHS:
        if name == depth:
            return depth
    raise Refusal(f"--depth wants {either(list(DEPTHS))}, or 1 to {len(DEPTHS)}, not “{name}”.")


def section_of(text: str | None) -> "Section | None":
    """A cut from its plane and where it lies, such as ``axial:-20:flip``, or none."""
    if text is None:
        return None
    from dataclasses import replace

    from siexplorer.exploration.sections import MOST_TILT_DEG, MOST_TURN_DEG, PLANES, started

    wanted = (
        "--section wants a plane and where it lies in mm, such as axial:-20, coronal:90, "
        f"sagittal:40 or free:60:25:10, not “{text}”."
    )
    name, *rest = text.split(":")
    flipped = rest[-1:] == ["flip"]
    numbers = rest[:-1] if flipped else rest
    plane = next((one for one in PLANES if one == name), None)
    if plane is None or len(numbers) > (3 if plane == "free" else 1):
        raise Refusal(wanted)
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        raise Refusal(wanted) from None
    begun = started(plane)
    at, turn, tilt = [*values, *(begun.at_mm, begun.turn_deg, begun.tilt_deg)[len(values) :]]
    limits = (MOST_SECTION_MM, MOST_TURN_DEG, MOST_TILT_DEG)
    if not all(abs(v) <= most for v, most in zip((at, turn, tilt), limits, strict=True)):
        raise Refusal(wanted)
    return replace(begun, at_mm=at, turn_deg=turn, tilt_deg=tilt, flipped=flipped)


def check_picture(out: Path) -> None:
    """Refuse where no PNG file can be written."""
    if out.suffix.lower() != ".png":
        raise Refusal(f"{out}: pictures are PNG files; give a name that ends in .png.")
    check_place(out)


def check_place(out: Path) -> None:
    """Refuse where no file can be written."""
    if out.is_dir():
        raise Refusal(f"{out} is a folder; give the name of a file.")
    if not out.parent.is_dir():
        raise Refusal(f"{out}: there is no folder {out.parent}; make it first.")
    if not os.access(out.parent, os.W_OK):
        raise Refusal(f"{out}: the folder {out.parent} cannot be written; choose another.")


def cannot_write(path: Path, error: OSError) -> str:
    """A sentence about a file that could not be written."""
    reason = error.strerror or type(error).__name__
    return f"{path} cannot be written ({reason}); choose another place."


def unknown(
    known: "Knowledge", name: str, among: list[str] | None = None, what: str = "thing"
) -> str:
    """A sentence about an id that is not known, with the nearest that are."""
    everything = (
        known.entries,
        known.movements,
        known.zones,
        known.tools,
        known.positions,
        known.guides,
    )
    ids = among if among is not None else [name for records in everything for name in records]
    near = spelled_like(name, ids)
    if not near:
        from siexplorer.exploration.search import find

        fits = find(known, name, 4, guides=among is None)
        near = [found.entry.id for found in fits if found.entry.id in ids]
    asked = "siexplorer list --kind movement" if what == "movement" else "siexplorer list"
    meant = f"did you mean {either(near)}? " if near else ""
    tail = f"“{asked}” prints every id."
    return f"There is no {what} with the id “{name}”" + (
        f"; {meant}{tail}" if near else f"; {tail}"
    )


def spelled_like(name: str, among: Iterable[str]) -> list[str]:
    """What is spelled much like a name, the nearest first."""
    from difflib import get_close_matches

    return get_close_matches(name.lower(), list(among), n=4, cutoff=0.7)


def either(names: list[str]) -> str:
    """Names in quotes, with “or” before the last."""
    if len(names) == 1:
        return f"“{names[0]}”"
    return f"{', '.join(f'“{name}”' for name in names[:-1])} or “{names[-1]}”"
