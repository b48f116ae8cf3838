"""What lies under a pixel: surfaces, landmarks near it, cut faces, and the ball map."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator
from vtkmodules.vtkRenderingCore import vtkActor, vtkCellPicker, vtkRenderer

from siexplorer.geometry.surface import Floats

Position = tuple[float, float, float]

HIDDEN_BEHIND_MM = 7.0
"""A point this much deeper than the bone in front of it is hidden by that bone."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a pixel: an entry or a rule of the ball map, and where, in mm."""

    entry: str | None
    zone: str | None
    position: Position


class Picker:
    """Finds surfaces under a pixel; the search tree of each is made when it is first needed."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self.renderer = renderer
        self.hurried = False
        """While a movement runs, what changes its shape is left out of the search."""
        self._entry_of: dict[vtkActor, str] = {}
        self._owners: dict[vtkActor, list[str]] = {}
        self._locators: dict[vtkActor, vtkStaticCellLocator] = {}
        self._picker = vtkCellPicker()
        self._picker.SetTolerance(0.0)
        self._picker.PickFromListOn()

    def add(self, actor: vtkActor, entry: str) -> None:
        """Let an actor be found as an entry, while it is visible and pickable."""
        self._entry_of[actor] = entry

    def add_faces(self, actor: vtkActor, owners: list[str]) -> None:
        """Let each face of an actor be found as an entry of its own; renewed by a later call."""
        if actor not in self._owners:
            self._picker.AddPickList(actor)
        self._owners[actor] = owners

    def surface(self, x_px: float, y_px: float) -> tuple[str | None, Position | None]:
        """The entry under a device pixel, and where its surface is met."""
        self._renew_locators()
        self._picker.Pick(x_px, y_px, 0.0, self.renderer)
        actor = self._picker.GetActor()
        if actor in self._entry_of:
            return self._entry_of[actor], self._picker.GetPickPosition()
        owners = self._owners.get(actor, [])
        cell = self._picker.GetCellId()
        if 0 <= cell < len(owners):
            return owners[cell], self._picker.GetPickPosition()
        return None, None

    def forget_shape(self, actors: Iterable[vtkActor]) -> None:
        """The shape of some actors has changed: they are searched anew when next asked for."""
        for actor in actors:
            locator = self._locators.pop(actor, None)
            if locator is not None:
                self._picker.RemoveLocator(locator)
                self._picker.DeletePickList(actor)

    def _renew_locators(self) -> None:
        if self.hurried:
            return
        for actor in self._entry_of:
            if actor in self._locators or not (actor.GetVisibility() and actor.GetPickable()):
                continue
            locator = vtkStaticCellLocator()
            locator.SetDataSet(actor.GetMapper().GetInput())
            locator.BuildLocator()
            self._locators[actor] = locator
            self._picker.AddLocator(locator)
            self._picker.AddPickList(actor)

    def eye(self) -> Floats:
        """(3,) where the eye is, mm."""
        return np.array(self.renderer.GetActiveCamera().GetPosition())

    def covered(self, anchor: Floats, x_px: float, y_px: float, name: str | None = None) -> bool:
        """Whether something else than ``name`` stands before a place that is drawn at a pixel."""
        found, wall = self.surface(x_px, y_px)
        if wall is None or (name is not None and found == name):
            return False
        eye = self.eye()
        deep = float(np.linalg.norm(anchor - eye)) - float(np.linalg.norm(np.array(wall) - eye))
        return deep > HIDDEN_BEHIND_MM

    def ray(self, x_px: float, y_px: float) -> tuple[Floats, Floats]:
        """Where the line of sight through a pixel begins (3,), and its direction (3,)."""
        ends = []
        for depth in (0.0, 1.0):
            self.renderer.SetDisplayPoint(x_px, y_px, depth)
            self.renderer.DisplayToWorld()
            point = np.array(self.renderer.GetWorldPoint())
            ends.append(point[:3] / point[3])
        towards = ends[1] - ends[0]
        return ends[0], towards / np.linalg.norm(towards)


@dataclass(frozen=True, slots=True)
class Marks:
    """Landmarks as drawn: points (k, 3) mm, whose they are, and how near a click counts."""

    points: Floats
    names: list[str]
    reach_px: Floats

    def nearest(
        self, on_screen: Floats, x_px: float, y_px: float, wall_mm: float | None
    ) -> Hit | None:
        """The mark nearest to a pixel, within its reach and not behind a wall so far from the eye.

        ``on_screen`` (k, 3) are the points in pixels with their distance from the eye.
        """
        if not len(self.points):
            return None
        away: npt.NDArray[np.float64] = np.hypot(on_screen[:, 0] - x_px, on_screen[:, 1] - y_px)
        close = np.flatnonzero(away <= self.reach_px)
        if wall_mm is not None:
            close = close[on_screen[close, 2] < wall_mm + HIDDEN_BEHIND_MM]
        if not len(close):
            return None
        best = close[np.argmin(away[close] - self.reach_px[close])]
        x, y, z = map(float, self.points[best])
        return Hit(self.names[best], None, (x, y, z))
