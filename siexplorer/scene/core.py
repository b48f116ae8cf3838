"""A core sample: the layers below a place on the skin, drawn to scale beside the model."""

from dataclasses import dataclass

from vtkmodules.vtkRenderingCore import vtkRenderer, vtkTextActor

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.beneath import Stack
from siexplorer.packs.pack import Pack
from siexplorer.scene.labels import Box, bare_name
from siexplorer.scene.looks import colour_of
from siexplorer.scene.quads import Quad, Quads, plain_text
from siexplorer.scene.theme import FAT, LIGHT, SKIN, Rgb, Theme

HEIGHT_PX, COLUMN_PX, PAD_PX, ROW_PX, FONT_PX = 230.0, 30.0, 10.0, 16.5, 13
NAMES_PX, DEPTHS_PX = 226.0, 30.0
LEAST_SHOWN_MM = 60.0
"""A core shows at least so much of the depth (design)."""

MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class CoreLayer:
    """A layer as it is drawn: words, colour, where it begins and ends; a cord that the line passes
    by has a dot beside the column instead.
    """

    words: str
    colour: Rgb
    begins_mm: float
    ends_mm: float
    beside: bool


BONE_SHOWN_MM = 12.0
"""So much of the first bone is drawn at the foot of a core sample (design)."""


def core_layers(known: Knowledge, pack: Pack | None, stack: Stack, theme: Theme) -> list[CoreLayer]:
    """The layers of a stack down to the first bone, as they are drawn."""
    found = []
    for one in stack.layers if pack is not None else ():
        if one.kind == "opening":
            continue
        colour, words = SKIN if one.kind == "skin" else FAT, one.name
        if one.surface and pack is not None:
            info = pack.surfaces[one.surface].info
            entry = known.entries.get(info.entry)
            colour = colour_of(entry, info, theme)
            words = bare_name(entry) if entry is not None else words
        if one.beside:
            words = known.say("core_beside", name=words, mm=f"{one.away_mm:.0f}")
        ends = one.depth_mm + one.thickness_mm
        if one.kind == "bone":
            ends = min(ends, one.depth_mm + BONE_SHOWN_MM)
        found.append(CoreLayer(words, colour, one.depth_mm, ends, one.beside))
        if one.kind == "bone":
            break
    return found


class CoreSample:
    """A column from the skin inwards, with names beside it and depths in mm."""

    def __init__(self, renderer: vtkRenderer, scale: float) -> None:
        self.scale, self.theme, self.renderer = scale, LIGHT, renderer
        self._title, self._layers = "", list[CoreLayer]()
        self._quads = Quads(renderer)
        self._texts: list[vtkTextActor] = []
        self._used = 0

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        for text in self._texts:
            text.GetTextProperty().SetColor(*theme.label)

    def set(self, title: str, layers: list[CoreLayer]) -> None:
        """What to show; no layers, no core."""
        if self._layers and not layers:
            self._hide()
        self._title, self._layers = title, layers[:MOST_ROWS]

    def _hide(self) -> None:
        self._quads.set([])
        for text in self._texts:
            text.SetVisibility(False)

    def place(
        self, width_px: int, height_px: int, margin_px: float, taken: list[Box]
    ) -> Box | None:
        """Draw it in the right lower corner, above what is taken there; nowhere without room."""
        if not self._layers:
            return None
        scale = self.scale
        span = (NAMES_PX + COLUMN_PX + DEPTHS_PX + 2 * PAD_PX) * scale
        high = (HEIGHT_PX + 2 * PAD_PX + 1.4 * ROW_PX) * scale
        box = Box(width_px - span - margin_px, margin_px, span, high)
        for other in taken:
            if box.overlaps(other):
                box = Box(box.left, other.bottom + other.height + margin_px / 2, span, high)
        top = box.bottom + box.height
        if box.left < 0.3 * width_px or top > height_px or any(box.overlaps(o) for o in taken):
            self._hide()
            return None
        self._draw(box)
        return box

    def _draw(self, box: Box) -> None:
        scale, theme = self.scale, self.theme
        self._used = 0
        quads: list[Quad] = [(box.left, box.bottom, box.width, box.height, theme.label_back, 0.88)]
        top = box.bottom + box.height - (PAD_PX + 1.4 * ROW_PX) * scale
        deepest = max(LEAST_SHOWN_MM, max(one.ends_mm for one in self._layers))
        step = HEIGHT_PX * scale / deepest
        left = box.left + (PAD_PX + DEPTHS_PX) * scale
        self._write(self._title, box.left + PAD_PX * scale, top + 7.0 * scale, bold=True)
        for depth in range(0, int(deepest) + 1, 20):
            level = top - depth * step
            quads.append((left - 5 * scale, level, 5 * scale, scale, theme.side, 1.0))
            self._write(f"{depth}", box.left + PAD_PX * scale, level - 6.0 * scale)
        last = max(one.ends_mm for one in self._layers)
        quads.append((left, top - last * step, COLUMN_PX * scale, last * step, FAT, 1.0))
        for one in self._layers:
            if not one.beside:
                high = max(1.5 * scale, (one.ends_mm - one.begins_mm) * step)
                low = top - one.begins_mm * step - high
                quads.append((left, low, COLUMN_PX * scale, high, one.colour, 1.0))
                quads.append((left, low + high, COLUMN_PX * scale, scale, theme.label, 0.55))
        lines = _spread([(one.begins_mm + one.ends_mm) / 2 * step for one in self._layers],
                        ROW_PX * scale, HEIGHT_PX * scale)  # fmt: skip
        right = left + COLUMN_PX * scale
        for one, down in zip(self._layers, lines, strict=True):
            middle = top - (one.begins_mm + one.ends_mm) / 2 * step
            level = top - down
            if one.beside:
                quads.append((right + 3 * scale, middle - 3 * scale, 6 * scale, 6 * scale,
                              one.colour, 1.0))  # fmt: skip
            start, end = right + (10 if one.beside else 1) * scale, right + 20 * scale
            quads.append((start, middle, end - start - 6 * scale, scale, theme.side, 0.8))
            quads.append((end - 6 * scale, min(middle, level), scale, abs(level - middle) + scale,
                          theme.side, 0.8))  # fmt: skip
            quads.append((end - 6 * scale, level, 4 * scale, scale, theme.side, 0.8))
            self._write(one.words, end, level - 7.0 * scale)
        self._quads.set(quads)
        for text in self._texts[self._used :]:
            text.SetVisibility(False)

    def _write(self, words: str, left: float, bottom: float, *, bold: bool = False) -> None:
        if self._used == len(self._texts):
            self._texts.append(plain_text(self.renderer, FONT_PX * self.scale, self.theme.label))
        text = self._texts[self._used]
        self._used += 1
        text.GetTextProperty().SetBold(bold)
        text.SetInput(words)
        text.SetPosition(left, bottom)
        text.SetVisibility(True)


def _spread(wanted: list[float], apart: float, room: float) -> list[float]:
    """Places as near to the wanted ones as can be, in order, at least so far apart."""
    placed: list[float] = []
    for down in wanted:
        placed.append(max(down, placed[-1] + apart) if placed else max(0.0, down))
    over = placed[-1] - room if placed else 0.0
    if over > 0.0:
        limit = room
        for number in reversed(range(len(placed))):
            placed[number] = min(placed[number], limit)
            limit = placed[number] - apart
    return placed
