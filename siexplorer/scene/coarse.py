"""Coarse stand-ins that are drawn while the model turns, so that it turns smoothly."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.vtkCommonDataModel import vtkPlane, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkMapper

from siexplorer.geometry.surface import Floats, Surface, area_cm2, volume_cm3
from siexplorer.packs.pack import WITH_HOLES, PackSurface
from siexplorer.scene.actors import plain_mapper, poly_data, set_vertices

BUDGET = 40_000
"""Triangles that are drawn as they are while the model turns; above, the heaviest are thinned."""

WORTH = 1_250
"""Surfaces with fewer triangles are left as they are."""

CELL_MM, CELL_EDGES = 4.5, 1.4
"""Edge of the cubes whose vertices become one, or so many times the mean edge of the triangles, if
that is more (design: about a third of the triangles)."""

CELL_THICK = 0.9
"""Of the mean thickness of a body: larger cubes would tear it."""


AGREE = 0.5
"""Vertices of one cube whose normals' mean is shorter than this are not all of one face."""


@dataclass(frozen=True, slots=True)
class Thinned:
    """A surface with fewer vertices: which of the old ones stand for them, and their normals."""

    surface: Surface
    normals: Floats
    kept: npt.NDArray[np.int64]


def thinned(surface: Surface, normals: Floats, cell_mm: float = CELL_MM) -> Thinned:
    """Vertices of each cube of space that look the same way, merged; what collapses is left out."""
    cube = np.floor(surface.vertices / cell_mm).astype(np.int64)
    cube -= cube.min(axis=0)
    size = cube.max(axis=0) + 1
    key = (cube[:, 0] * size[1] + cube[:, 1]) * size[2] + cube[:, 2]
    # The two faces of a thin plate of bone stay apart: they look opposite ways.
    _, place = np.unique(key, return_inverse=True)
    total = np.column_stack([np.bincount(place, normals[:, axis]) for axis in range(3)])
    torn = np.linalg.norm(total, axis=1) < AGREE * np.bincount(place)
    main = np.abs(normals).argmax(axis=1)
    ahead = normals[np.arange(len(normals)), main] > 0
    key = key * 7 + np.where(torn[place], 1 + main * 2 + ahead, 0)
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    count = np.bincount(place)[:, None]
    means = [
        np.column_stack([np.bincount(place, values[:, axis]) for axis in range(3)])
        for values in (surface.vertices, normals.astype(np.float64))
    ]
    vertices, directions = means[0] / count, means[1]
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    faces = place[surface.faces]
    a, b, c = faces.T
    # A fold would be a dark speck.
    across = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
    outwards = np.einsum("ij,ij->i", across, directions[a] + directions[b] + directions[c]) > 0
    whole = (a != b) & (b != c) & (c != a) & outwards
    kept = Surface(vertices, faces[whole].astype(np.int32))
    return Thinned(kept, directions / np.where(lengths > 0, lengths, 1.0), first)


def cell_mm(surface: Surface) -> float:
    """The edge of the cubes that suits the triangles of a surface."""
    first, second = (surface.vertices[surface.faces[:, k]] for k in (0, 1))
    wanted = max(CELL_MM, CELL_EDGES * float(np.linalg.norm(second - first, axis=1).mean()))
    thick_mm = 20.0 * volume_cm3(surface) / max(area_cm2(surface), 1e-6)
    return min(wanted, max(0.5, CELL_THICK * thick_mm))


class Detail:
    """Swaps the heavy surfaces for coarse ones while something moves, and back when it stops."""

    def __init__(self, places: Callable[[str, PackSurface], Floats | None]) -> None:
        self._places = places
        self._full: dict[vtkActor, vtkMapper] = {}
        self._coarse: dict[str, vtkMapper] = {}
        self._ready: dict[str, tuple[Thinned, Floats | None, Floats]] = {}
        self._asked: set[str] = set()
        self._shown: dict[str, vtkActor] = {}
        self._surfaces: dict[str, PackSurface] = {}
        self._plane: vtkPlane | None = None
        self.moving = False

    def watch(self, shown: dict[str, vtkActor], surfaces: dict[str, PackSurface]) -> None:
        """Take note of what is drawn now; thin out what is heavy, in a thread."""
        self._shown, self._surfaces = shown, surfaces
        if sum(len(one.surface.faces) for one in surfaces.values()) <= BUDGET:
            self._surfaces = {}
            self.set_moving(moving=False)
            return
        wanted = {
            name: one
            for name, one in surfaces.items()
            if len(one.surface.faces) > WORTH and name not in self._asked
            # A skin is drawn without its ends, and an area must stay on its bone.
            if one.info.closed or one.info.provenance.startswith(WITH_HOLES)
            if not one.info.entry.startswith("skin-")
        }
        self._asked |= wanted.keys()
        if wanted:
            threading.Thread(target=self._thin, args=(wanted,), daemon=True).start()
        if self.moving:
            self._swap()

    def _thin(self, surfaces: dict[str, PackSurface]) -> None:
        """Arrays only: whatever belongs to VTK is made in the window's own thread."""
        for name, one in surfaces.items():
            places = self._places(name, one)
            made = thinned(one.surface, one.normals, cell_mm(one.surface))
            laid = None if places is None else places[made.kept]
            self._ready[name] = (made, laid, one.surface.vertices[made.kept])

    def set_moving(self, *, moving: bool) -> None:
        """The model begins to turn, or stands still again."""
        if moving == self.moving:
            return
        self.moving = moving
        if moving:
            self._swap()
        else:
            for actor, mapper in self._full.items():
                actor.SetMapper(mapper)
            self._full.clear()

    def standing_in(self, name: str) -> npt.NDArray[np.int64] | None:
        """Which vertices of a surface its coarse stand-in uses, while that is drawn; else None."""
        actor = self._shown.get(name)
        if actor is None or actor not in self._full or name not in self._ready:
            return None
        return self._ready[name][0].kept

    def _swap(self) -> None:
        for name in self._surfaces.keys() & self._ready.keys():
            actor = self._shown[name]
            if actor in self._full:
                continue
            if name not in self._coarse:
                made, places, _ = self._ready[name]
                mapper = plain_mapper(poly_data(made.surface, made.normals, places))
                if self._plane is not None:
                    mapper.AddClippingPlane(self._plane)
                self._coarse[name] = mapper
                self.lay(name, self._surfaces[name])
            self._full[actor] = actor.GetMapper()
            actor.SetMapper(self._coarse[name])

    def full(self, actor: vtkActor) -> vtkMapper:
        """What draws an actor when nothing moves."""
        return self._full.get(actor, actor.GetMapper())

    def lay(self, name: str, surface: PackSurface) -> None:
        """Let the coarse stand-in go along with a surface that took another shape."""
        if name in self._coarse:
            made, _, before = self._ready[name]
            goes = surface.surface.vertices[made.kept] - before
            moved = (made.surface.vertices + goes).astype(np.float32)
            data = self._coarse[name].GetInput()
            assert isinstance(data, vtkPolyData)
            set_vertices(data, moved)

    def clip(self, plane: vtkPlane | None) -> None:
        """Cut the coarse ones as the others are."""
        self._plane = plane
        for mapper in self._coarse.values():
            mapper.RemoveAllClippingPlanes()
            if plane is not None:
                mapper.AddClippingPlane(plane)
