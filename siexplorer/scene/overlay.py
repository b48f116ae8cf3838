"""What lies over the model and is never hidden by it: L and R, labels, the ring, captions."""

import weakref
from collections.abc import Callable
from functools import partial
from textwrap import wrap

import numpy as np
import pyvista as pv
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkActor2D,
    vtkPolyDataMapper2D,
    vtkRenderer,
    vtkTextActor,
)

from siexplorer.anatomy.records import Entry, Voice
from siexplorer.geometry.surface import Floats
from siexplorer.scene.actors import (
    array_of,
    dashed_ring,
    lines_actor,
    point_cloud,
    set_points,
    tube_actor,
)
from siexplorer.scene.core import CoreLayer, CoreSample
from siexplorer.scene.labels import Box, label_text, place_labels
from siexplorer.scene.shifts import ShiftBar
from siexplorer.scene.theme import Rgb, Theme

SIDE_ANCHORS = {"left": np.array([172.0, 60.0, 30.0]), "right": np.array([-172.0, 60.0, 30.0])}
FONT_PX, SIDE_PX, CAPTION_PX = 15, 30, 15
MARGIN_PX = 14.0
LETTER_PX = 7.4
"""Width of a letter of the captions, a little more than the mean, so that no line is cut off."""

ROOM_PX = 260.0
"""In a narrower picture the side is named in fewer words (design)."""

SIDELONG = 0.85
"""Beyond this share of looking along the left-right line, one side covers the other: say which."""


class Overlay:
    """A second renderer on top, with the same camera; positions are renewed before every frame."""

    def __init__(
        self,
        plotter: pv.BasePlotter,
        theme: Theme,
        scale: float,
        covered: Callable[[Floats, float, float, str | None], bool],
    ) -> None:
        self.plotter, self.theme, self.scale = plotter, theme, scale
        self._covered = weakref.WeakMethod(covered)
        self.renderer = vtkRenderer()
        self.renderer.SetLayer(2)
        self.renderer.InteractiveOff()
        self.renderer.SetActiveCamera(plotter.renderer.GetActiveCamera())
        window = plotter.render_window
        window.SetNumberOfLayers(3)
        window.AddRenderer(self.renderer)
        self._actors3d: list[vtkActor] = []
        self._hints: list[Floats] = []
        self._labels: list[tuple[Floats, vtkTextActor, str]] = []
        self._facing: dict[vtkTextActor, Floats | None] = {}
        self._names: dict[vtkTextActor, str] = {}
        self._ring_mm = 0.0
        self._captions: list[str] = []
        self._wrapped: object = None
        self.boxes: list[tuple[str, Box]] = []
        self._lines = vtkPolyData()
        self._leader = vtkActor2D()
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(self._lines)
        self._leader.SetMapper(mapper)
        self.renderer.AddViewProp(self._leader)
        self._notes: list[tuple[Floats, vtkTextActor]] = []
        self._shifts = ShiftBar(self.renderer, scale)
        self._core = CoreSample(self.renderer, scale)
        self._sides = {side: self._text(SIDE_PX, bold=True) for side in SIDE_ANCHORS}
        self._caption = self._text(CAPTION_PX)
        me = weakref.ref(self)

        def before_frame(_window: object, _event: str) -> None:
            overlay = me()
            if overlay is not None:
                overlay.renew()

        self._observer = window.AddObserver("StartEvent", before_frame)
        self.set_theme(theme)

    def close(self) -> None:
        """Take the renderer out of its window."""
        window = self.plotter.render_window
        if window is not None:
            window.RemoveObserver(self._observer)
            window.RemoveRenderer(self.renderer)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        for text in self._sides.values():
            self._plate(text, theme.side)
        self._plate(self._caption, theme.label)
        for _, text in self._notes:
            self._plate(text, theme.label)
        self._shifts.set_theme(theme)
        self._core.set_theme(theme)
        self._leader.GetProperty().SetColor(*theme.label)
        self._leader.GetProperty().SetLineWidth(1.4 * self.scale)

    # What to show ---------------------------------------------------------------------------------

    def set_selection(
        self,
        selected: tuple[Entry, Floats] | None,
        ring: tuple[float, Floats] | None,
        curve: Floats | None,
        neighbours: list[tuple[Entry, Floats]],
        *,
        rims: list[Floats] | None = None,
        notes: list[tuple[str, Floats, Floats | None]] | None = None,
        voice: Voice = "plain",
    ) -> None:
        """Mark what is selected (entry and anchor), ring it (radius mm, normal), label it and them.

        ``rims`` are the border pieces (2, 3) of its painted areas, drawn through the bones.
        ``notes`` are words for places; one on the skin says which way it faces (3,), and is left
        out where that is away from the eye.
        """
        for actor in self._actors3d:
            self.renderer.RemoveActor(actor)
        for _, text, _ in self._labels:
            self.renderer.RemoveViewProp(text)
        self._actors3d, self._labels, self._ring_mm = [], [], 0.0
        self._facing, self._names = {}, {}
        if selected is None:
            for words, place, facing in notes or []:
                self._facing[self._add_label(place, words, bold=False)] = facing
            return
        entry, anchor = selected
        if ring is not None:
            self._ring_mm = ring[0]
            self._add3d(dashed_ring(anchor, ring[1], ring[0]), 0.8, self.theme.accent)
            self._add_dot(anchor, 13.0, self.theme.accent)
        if curve is not None:
            self._add3d([curve], 1.5, self.theme.accent)
        if rims:
            outline = lines_actor(rims, self.theme.accent, 2.4 * self.scale)
            self.renderer.AddActor(outline)
            self._actors3d.append(outline)
        said = label_text(entry, voice, selected=True)
        self._names[self._add_label(anchor, said, bold=True)] = entry.id
        for words, place, facing in notes or []:
            self._facing[self._add_label(place, words, bold=False)] = facing
        for other, place in neighbours:
            said = label_text(other, voice, selected=False)
            self._names[self._add_label(place, said, bold=False)] = other.id

    def set_notes(self, notes: list[tuple[str, Floats]]) -> None:
        """Words beside places that move; nothing hides them."""
        while len(self._notes) > len(notes):
            self.renderer.RemoveViewProp(self._notes.pop()[1])
        while len(self._notes) < len(notes):
            text = self._text(FONT_PX - 2)
            self._plate(text, self.theme.label)
            self._notes.append((np.zeros(3), text))
        for number, (words, place) in enumerate(notes):
            text = self._notes[number][1]
            text.SetInput(words)
            self._notes[number] = place, text

    def set_shifts(self, title: str, foot: str, rows: list[tuple[str, float]]) -> None:
        """A small bar of true shifts in mm beside what fingertips can tell; no rows, no bar."""
        self._shifts.set(title, foot, rows)

    def set_core(self, title: str, layers: list[CoreLayer]) -> None:
        """What lies beneath a place, to scale; no layers, no core."""
        self._core.set(title, layers)

    def set_hints(self, points: list[Floats]) -> None:
        """Circle the places where to start."""
        if len(points) == len(self._hints) == 0:
            return
        self._hints = points
        for point in points:
            self._add3d(
                dashed_ring(point, np.array([0.0, 1.0, 0.0]), 9.0, dashes=1), 0.7, self.theme.dimple
            )

    def set_captions(self, lines: list[str]) -> None:
        """Sentences in the lower left corner."""
        self._captions = lines
        self._caption.SetVisibility(bool(lines))

    # Before every frame ---------------------------------------------------------------------------

    def renew(self) -> None:
        """Put letters, labels and captions where the camera now wants them."""
        width, height = self.plotter.render_window.GetSize()
        if width < 2 or height < 2:
            return
        taken = self._place_captions(width, height)
        bar = self._shifts.place(width, MARGIN_PX * self.scale, taken)
        if bar is not None:
            taken.append(bar)
            self.boxes.append(("shifts", bar))
        taken += self._place_sides(width, height, taken)
        core = self._core.place(width, height, MARGIN_PX * self.scale, taken)
        if core is not None:
            taken.append(core)
            self.boxes.append(("core", core))
        self._place_labels(width, height, taken)

    def _place_captions(self, width: int, height: int) -> list[Box]:
        self.boxes = []
        if not self._captions:
            return []
        room = max(20, int((width - 2 * MARGIN_PX * self.scale) / (LETTER_PX * self.scale)))
        if (self._captions, room) != self._wrapped:
            self._wrapped = (self._captions, room)
            whole = partial(wrap, width=room, break_on_hyphens=False)
            lines = [part for line in self._captions for part in whole(line)]
            self._caption.SetInput("\n".join(lines))
        size = self._size_of(self._caption)
        self._caption.SetPosition(MARGIN_PX * self.scale, MARGIN_PX * self.scale)
        box = Box(MARGIN_PX * self.scale, MARGIN_PX * self.scale, *size)
        self.boxes.append(("caption", box))
        return [box]

    def _place_sides(self, width: int, height: int, under: list[Box]) -> list[Box]:
        places = self.project(np.stack(list(SIDE_ANCHORS.values())))
        spots = dict(zip(SIDE_ANCHORS, places, strict=True))
        nearer = min(spots, key=lambda side: spots[side][2])
        sidelong = abs(self.renderer.GetActiveCamera().GetDirectionOfProjection()[0]) > SIDELONG
        taken = []
        for side, text in self._sides.items():
            letter = side[0].upper()
            text.SetVisibility(not sidelong or side == nearer)
            whole = f"{letter}  {side} side" + (
                ", facing you" if width > ROOM_PX * self.scale else ""
            )
            text.SetInput(whole if sidelong else letter)
            text.GetTextProperty().SetFontSize(round((18 if sidelong else SIDE_PX) * self.scale))
            box_width, box_height = self._size_of(text)
            x, y = spots[side][0] - box_width / 2, spots[side][1] - box_height / 2
            if sidelong:
                x, y = width / 2 - box_width / 2, height - box_height - MARGIN_PX * self.scale
            x = float(
                np.clip(x, MARGIN_PX * self.scale, width - box_width - MARGIN_PX * self.scale)
            )
            y = float(np.clip(y, MARGIN_PX * self.scale, height - box_height - MARGIN_PX))
            for other in under:
                # Left and right are never covered.
                if Box(x, y, box_width, box_height).overlaps(other):
                    y = other.bottom + other.height + MARGIN_PX * self.scale / 2
            text.SetPosition(x, y)
            if text.GetVisibility():
                taken.append(Box(x, y, box_width, box_height))
                self.boxes.append((side, taken[-1]))
        return taken

    def _place_labels(self, width: int, height: int, taken: list[Box]) -> None:
        shown = self._labels_in_sight()
        shown += [(self.project(place[None])[0][:2], text) for place, text in self._notes]
        if not shown and not self._lines.GetNumberOfLines():
            return
        points, lines = vtkPoints(), vtkCellArray()
        if shown:
            anchors = [anchor for anchor, _ in shown]
            sizes = [self._size_of(text) for _, text in shown]
            placed = place_labels(
                anchors, sizes, (width, height), self._ring_px(), taken, self.scale
            )
            for (_, text), anchor, box in zip(shown, anchors, placed, strict=True):
                text.SetVisibility(box is not None)
                if box is None:
                    continue
                text.SetPosition(box.left, box.bottom)
                self.boxes.append((text.GetInput(), box))
                end = np.clip(
                    anchor,
                    [box.left, box.bottom],
                    [box.left + box.width, box.bottom + box.height],
                )
                first = points.InsertNextPoint(float(anchor[0]), float(anchor[1]), 0.0)
                points.InsertNextPoint(float(end[0]), float(end[1]), 0.0)
                lines.InsertNextCell(2, [first, first + 1])
        self._lines.SetPoints(points)
        self._lines.SetLines(lines)
        self._lines.Modified()

    def _labels_in_sight(self) -> list[tuple[Floats, vtkTextActor]]:
        """Anchors on the screen and their labels. A neighbour behind a bone is left out, so that no
        line points at the wrong bone; the selected thing says that it lies behind.
        """
        covered = self._covered()
        eye = np.array(self.renderer.GetActiveCamera().GetPosition())
        shown = []
        for number, (anchor, text, words) in enumerate(self._labels):
            place = self.project(anchor[None])[0][:2]
            behind = covered is not None and covered(
                anchor, float(place[0]), float(place[1]), self._names.get(text)
            )
            text.SetVisibility(False)
            facing = self._facing.get(text)
            if facing is not None:
                # A place on the skin: what lies under see-through skin does not cover it.
                if facing @ (eye - anchor) <= 0.0:
                    continue
            elif behind and number > 0:
                continue
            text.SetInput(f"{words}\n(behind, covered)" if behind and number == 0 else words)
            shown.append((place, text))
        return shown

    # Pieces ---------------------------------------------------------------------------------------

    def project(self, points: Floats) -> Floats:
        """(k, 3) mm to (k, 3): device pixels from the lower left, and the distance from the eye."""
        camera = self.renderer.GetActiveCamera()
        width, height = self.plotter.render_window.GetSize()
        matrix = camera.GetCompositeProjectionTransformMatrix(width / height, -1.0, 1.0)
        clip = np.c_[points, np.ones(len(points))] @ array_of(matrix).T
        depth = np.linalg.norm(points - np.array(camera.GetPosition()), axis=1)
        x = (clip[:, 0] / clip[:, 3] + 1) / 2 * width
        y = (clip[:, 1] / clip[:, 3] + 1) / 2 * height
        return np.asarray(np.c_[x, y, depth])

    def _ring_px(self) -> float:
        if not self._labels or self._ring_mm == 0.0:
            return 10.0 * self.scale
        camera = self.renderer.GetActiveCamera()
        height = self.plotter.render_window.GetSize()[1]
        span = 2 * camera.GetDistance() * np.tan(np.radians(camera.GetViewAngle() / 2))
        return float(self._ring_mm / span * height)

    def _text(self, size: int, *, bold: bool = False) -> vtkTextActor:
        text = vtkTextActor()
        look = text.GetTextProperty()
        look.SetFontFamilyToArial()
        look.SetFontSize(round(size * self.scale))
        look.SetBold(bold)
        look.SetJustificationToLeft()
        look.SetVerticalJustificationToBottom()
        self.renderer.AddViewProp(text)
        return text

    def _plate(self, text: vtkTextActor, colour: Rgb) -> None:
        look = text.GetTextProperty()
        look.SetColor(*colour)
        look.SetBackgroundColor(*self.theme.label_back)
        look.SetBackgroundOpacity(0.82)

    def _size_of(self, text: vtkTextActor) -> tuple[float, float]:
        box = [0.0, 0.0]
        text.GetSize(self.renderer, box)
        return box[0], box[1]

    def _add_label(self, anchor: Floats, words: str, *, bold: bool) -> vtkTextActor:
        text = self._text(FONT_PX if bold else FONT_PX - 2, bold=bold)
        text.SetInput(words)
        self._plate(text, self.theme.label)
        self._labels.append((anchor, text, words))
        return text

    def _add3d(self, curves: list[Floats], radius_mm: float, colour: Rgb) -> None:
        actor = tube_actor(curves, radius_mm, colour)
        actor.GetProperty().LightingOff()
        self.renderer.AddActor(actor)
        self._actors3d.append(actor)

    def _add_dot(self, point: Floats, size_px: float, colour: Rgb) -> None:
        data, colours, actor = point_cloud()
        set_points(data, colours, [point], [colour])
        actor.GetProperty().SetPointSize(size_px * self.scale)
        self.renderer.AddActor(actor)
        self._actors3d.append(actor)
