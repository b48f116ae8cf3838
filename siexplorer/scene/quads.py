"""Flat rectangles and words over the picture, in device pixels."""

from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor2D,
    vtkPolyDataMapper2D,
    vtkRenderer,
    vtkTextActor,
)

from siexplorer.scene.theme import Rgb

Quad = tuple[float, float, float, float, Rgb, float]
"""Left, bottom, width, height, colour, opacity."""


class Quads:
    """Rectangles drawn in their order as one actor."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._data, mapper = vtkPolyData(), vtkPolyDataMapper2D()
        mapper.SetInputData(self._data)
        self.actor = vtkActor2D()
        self.actor.SetMapper(mapper)
        self.actor.SetVisibility(False)
        renderer.AddViewProp(self.actor)

    def set(self, quads: list[Quad]) -> None:
        """Show exactly these."""
        points, cells, colours = vtkPoints(), vtkCellArray(), vtkUnsignedCharArray()
        colours.SetNumberOfComponents(4)
        for left, bottom, width, height, colour, opacity in quads:
            corners = [
                points.InsertNextPoint(left + x * width, bottom + y * height, 0.0)
                for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
            ]
            cells.InsertNextCell(4, corners)
            colours.InsertNextTuple4(*(round(255 * c) for c in (*colour, opacity)))
        self._data.SetPoints(points)
        self._data.SetPolys(cells)
        self._data.GetCellData().SetScalars(colours)
        self._data.Modified()
        self.actor.SetVisibility(bool(quads))


def plain_text(renderer: vtkRenderer, size_px: float, colour: Rgb) -> vtkTextActor:
    """Words without a plate, placed by their lower left corner."""
    text = vtkTextActor()
    look = text.GetTextProperty()
    look.SetFontFamilyToArial()
    look.SetFontSize(round(size_px))
    look.SetColor(*colour)
    look.SetVerticalJustificationToBottom()
    renderer.AddViewProp(text)
    return text
