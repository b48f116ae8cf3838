"""Where labels go on the screen: beside what they name, never on it and never on each other."""

import re
from dataclasses import dataclass

import numpy as np

from siexplorer.anatomy.records import Entry, Voice
from siexplorer.geometry.surface import Floats

GAP_PX, EDGE_PX = 46.0, 6.0
STEPS = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, origin at the lower left."""

    left: float
    bottom: float
    width: float
    height: float

    def overlaps(self, other: "Box", margin: float = 4.0) -> bool:
        """Whether two boxes come closer than ``margin``."""
        return (
            self.left < other.left + other.width + margin
            and other.left < self.left + self.width + margin
            and self.bottom < other.bottom + other.height + margin
            and other.bottom < self.bottom + self.height + margin
        )

    def near(self, point: Floats, radius: float) -> bool:
        """Whether a (2,) point lies within ``radius`` of the box."""
        dx = max(self.left - point[0], 0.0, point[0] - self.left - self.width)
        dy = max(self.bottom - point[1], 0.0, point[1] - self.bottom - self.height)
        return bool(np.hypot(dx, dy) < radius)


def place_labels(
    anchors: list[Floats],
    sizes: list[tuple[float, float]],
    viewport: tuple[float, float],
    keep_clear: float,
    taken: list[Box],
    scale: float = 1.0,
) -> list[Box | None]:
    """A box for each label, in order of importance, or None where there is no room.

    Boxes stay in the ``viewport`` (width, height), off ``taken`` boxes, and further than
    ``keep_clear`` from the first anchor, the selected thing; a label prefers the side of its anchor
    that faces away from the middle of the picture.
    """
    middle = np.array(viewport) / 2
    placed: list[Box] = list(taken)
    result: list[Box | None] = []
    for number, (anchor, (width, height)) in enumerate(zip(anchors, sizes, strict=True)):
        away = anchor - middle
        start = np.arctan2(0.35 * away[1], away[0] if abs(away[0]) > 1 else 1.0)
        distance = (keep_clear if number == 0 else 0.0) + GAP_PX * scale
        best = None
        for ring in range(4):
            for step in range(STEPS):
                turn = (step + 1) // 2 * (1 if step % 2 else -1) * 2 * np.pi / STEPS
                direction = np.array([np.cos(start + turn), np.sin(start + turn)])
                tip = anchor + direction * distance * (1 + 0.7 * ring)
                left = tip[0] if direction[0] >= 0 else tip[0] - width
                # In a narrow picture a long label reaches over its anchor, above or below it.
                left = min(max(left, EDGE_PX), max(EDGE_PX, viewport[0] - EDGE_PX - width))
                box = Box(left, tip[1] - height / 2, width, height)
                if _fits(box, viewport, placed, anchors, keep_clear, scale):
                    best = box
                    break
            if best:
                break
        if best:
            placed.append(best)
        result.append(best)
    return result


def _fits(
    box: Box,
    viewport: tuple[float, float],
    placed: list[Box],
    anchors: list[Floats],
    keep_clear: float,
    scale: float,
) -> bool:
    inside = (
        box.left >= EDGE_PX
        and box.bottom >= EDGE_PX
        and box.left + box.width <= viewport[0] - EDGE_PX
        and box.bottom + box.height <= viewport[1] - EDGE_PX
    )
    if not inside or any(box.overlaps(other) for other in placed):
        return False
    if box.near(anchors[0], keep_clear + 8 * scale):
        return False
    return not any(box.near(anchor, 10 * scale) for anchor in anchors)


def short_name(entry: Entry) -> str:
    """The name for a label: side and abbreviation where there is one, else the name."""
    bare = re.sub(r"\s*\([^)]*\)", "", entry.name)
    short = re.search(r"\(([A-Z]{2,5})\)$", entry.name)
    if short is None:
        return bare
    return f"{entry.side.capitalize()} {short[1]}" if entry.side != "midline" else short[1]


def bare_name(entry: Entry) -> str:
    """The short name without its side, for a picture that tells the side elsewhere."""
    words = short_name(entry)
    if entry.side == "midline":
        return words
    bare = words.removeprefix(entry.side.capitalize()).strip()
    return bare[:1].upper() + bare[1:]


def label_text(entry: Entry, voice: Voice, *, selected: bool) -> str:
    """What a label says: the short name, and for the selected thing in plain voice its lay name."""
    text = short_name(entry)
    if not selected or voice != "plain":
        return text
    return text + "\n" + "\n".join(_wrapped(entry.lay_name[:1].upper() + entry.lay_name[1:], 30))


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
