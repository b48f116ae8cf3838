"""A small bar: how far landmarks really shift, beside what a fingertip can tell apart."""

from vtkmodules.vtkRenderingCore import vtkRenderer, vtkTextActor

from siexplorer.scene.actors import mixed
from siexplorer.scene.labels import Box
from siexplorer.scene.quads import Quad, Quads, plain_text
from siexplorer.scene.theme import LIGHT, Theme

TELLS_FROM_MM, TELLS_TO_MM = 8.0, 20.0
"""How far marks made by fingertips differ: one examiner, two examiners (facts 2.2, Simmonds
1992)."""

PX_PER_MM, ROW_PX, BAR_PX, PAD_PX, LETTERS_PX = 8.0, 19.0, 9.0, 8.0, 138.0
FONT_PX = 13
STRIPE_MM = 0.7


class ShiftBar:
    """One bar for each landmark, from 0 to 20 mm; the part that a fingertip can tell is striped."""

    def __init__(self, renderer: vtkRenderer, scale: float) -> None:
        self.renderer, self.scale, self.theme = renderer, scale, LIGHT
        self._title, self._foot, self._rows = "", "", list[tuple[str, float]]()
        self._quads = Quads(renderer)
        self._texts: list[vtkTextActor] = []
        self._drawn: object = None

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        for text in self._texts:
            text.GetTextProperty().SetColor(*theme.label)

    def set(self, title: str, foot: str, rows: list[tuple[str, float]]) -> None:
        """What to show: words above and below, and for each landmark its name and true mm."""
        self._title, self._foot, self._rows = title, foot, rows
        self._quads.actor.SetVisibility(bool(rows))
        while len(self._texts) < len(rows) + 2:
            self._texts.append(plain_text(self.renderer, FONT_PX * self.scale, self.theme.label))
        for number, text in enumerate(self._texts):
            text.SetVisibility(bool(rows) and number < len(rows) + 2)

    def place(self, width_px: int, margin_px: float, taken: list[Box]) -> Box | None:
        """Draw it into the lower right corner, above what is taken there."""
        if not self._rows:
            return None
        scale = self.scale
        span = (LETTERS_PX + TELLS_TO_MM * PX_PER_MM + 2 * PAD_PX) * scale
        high = (ROW_PX * (len(self._rows) + 2) + 2 * PAD_PX) * scale
        box = Box(width_px - span - margin_px, margin_px, span, high)
        for other in taken:
            if box.overlaps(other):
                box = Box(box.left, other.bottom + other.height + margin_px / 2, span, high)
        if box.left < 0.0:
            for text in self._texts:
                text.SetVisibility(False)
            self._quads.actor.SetVisibility(False)
            return None
        drawn = (box, self.theme, self._title, self._foot, list(self._rows))
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw(box)
        return box

    def _draw(self, box: Box) -> None:
        scale, theme = self.scale, self.theme
        quads: list[Quad] = [(box.left, box.bottom, box.width, box.height, theme.label_back, 0.86)]
        zero = box.left + (PAD_PX + LETTERS_PX) * scale
        step = PX_PER_MM * scale
        top = box.bottom + box.height - PAD_PX * scale
        self._write(self._texts[0], self._title, box.left + PAD_PX * scale, top - ROW_PX * scale)
        for number, (name, shift_mm) in enumerate(self._rows, start=1):
            line = top - (number + 1) * ROW_PX * scale
            self._write(
                self._texts[number], f"{name} {shift_mm:.1f} mm", box.left + PAD_PX * scale, line
            )
            low, high = line + 2.0 * scale, BAR_PX * scale
            pale = mixed(theme.label_back, theme.side, 0.35)
            quads.append((zero, low, TELLS_TO_MM * step, high, pale, 1.0))
            at = TELLS_FROM_MM
            while at < TELLS_TO_MM:
                stripe = min(STRIPE_MM, TELLS_TO_MM - at)
                quads.append((zero + at * step, low, stripe * step, high, theme.side, 1.0))
                at += 2 * STRIPE_MM
            length = max(0.15, min(shift_mm, TELLS_TO_MM)) * step
            quads.append((zero, low - scale, length, high + 2 * scale, theme.accent, 1.0))
        foot = self._texts[len(self._rows) + 1]
        self._write(foot, self._foot, box.left + PAD_PX * scale, box.bottom + PAD_PX * scale)
        self._quads.set(quads)

    def _write(self, text: vtkTextActor, words: str, left: float, bottom: float) -> None:
        text.SetInput(words)
        text.SetPosition(left, bottom)
