"""An exploration drawn into a PyVista plotter: from its events to actors, and picking back."""

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyvista as pv
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator
from vtkmodules.vtkRenderingCore import vtkActor, vtkCellPicker, vtkLight

from siexplorer.anatomy.records import Bone, Landmark
from siexplorer.exploration.ball import ZoneError, zone_map
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.moving import Pose
from siexplorer.exploration.state import Camera, State
from siexplorer.geometry.motion import si_axis
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.zones import ZoneMap
from siexplorer.scene.actors import (
    mixed,
    place,
    point_cloud,
    rim_of,
    set_points,
    sheet_actor,
    surface_actor,
    tube_actor,
)
from siexplorer.scene.camera import DIRECTIONS, VIEW_ANGLE_DEG, fixed_view
from siexplorer.scene.overlay import Overlay, dashed_ring
from siexplorer.scene.theme import Rgb, Theme
from siexplorer.scene.zones import picture, sheet_depth_mm

POINT_REACH_PX, CURVE_REACH_PX = 11.0, 7.0
FADED_OPACITY = 0.22
CURVE_RADIUS_MM = 1.0
SKIN_RING_MM = 8.0
"""Radius of the ring that stands for a mark on the skin (design)."""

MAP_TURN_DEG = 18.0
"""The flat ball map is shown only for eyes within this of straight behind: it would mislead."""

HIDDEN_BEHIND_MM = 7.0
"""A point this much deeper than the bone in front of it is hidden by that bone."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a pixel: an entry or a rule of the ball map, and where, in mm."""

    entry: str | None
    zone: str | None
    position: tuple[float, float, float]


class PelvisScene:
    """Keeps a plotter in step with an exploration.

    ``request_render`` is called when something changed that should be seen; the owner decides when.
    ``fly`` takes the camera to a new place gently; without it, it goes there at once.
    """

    def __init__(
        self,
        plotter: pv.BasePlotter,
        exploration: Exploration,
        theme: Theme,
        request_render: Callable[[], None],
        scale: float = 1.0,
        fly: Callable[[Camera], None] | None = None,
    ) -> None:
        self.plotter, self.exploration, self.theme = plotter, exploration, theme
        self.request_render, self.scale, self._fly = request_render, scale, fly
        self._actors: dict[str, vtkActor] = {}
        self._entry_of: dict[vtkActor, str] = {}
        self._ghosts: dict[str, vtkActor] = {}
        self._rims_at_rest: dict[str, list[Floats]] = {}
        self._points, self._point_ids, self._point_actor = point_cloud()
        self._curve_actor: vtkActor | None = None
        self._curves_drawn: object = None
        self._located: Floats = np.empty((0, 3))
        self._located_ids: list[str] = []
        self._located_reach: Floats = np.empty(0)
        self._sheet: vtkActor | None = None
        self.zone_map: ZoneMap | None = None
        self.zone_problem: str | None = None
        self._zones_ready: tuple[ZoneMap, npt.NDArray[np.uint8]] | None = None
        self._zones_lock = threading.Lock()
        self.overlay = Overlay(plotter, theme, scale, self._covered)
        self._picker = vtkCellPicker()
        self._picker.SetTolerance(0.0)
        self._picker.PickFromListOn()
        self._locators: dict[str, vtkStaticCellLocator] = {}
        self._light()
        plotter.renderer.AddActor(self._point_actor)
        self._build()
        # A weak link: the exploration outlives the views that watch it.
        me = weakref.ref(self)

        def follow(change: Change) -> None:
            scene = me()
            if scene is not None:
                scene._follow(change)

        self._follow_exploration = follow
        exploration.changed.connect(follow)
        self.set_theme(theme)
        self.redraw()

    def close(self) -> None:
        """Stop following and let go of the drawing."""
        self.exploration.changed.disconnect(self._follow_exploration, missing_ok=True)
        self.overlay.close()

    # Building -------------------------------------------------------------------------------------

    def _light(self) -> None:
        renderer = self.plotter.renderer
        renderer.RemoveAllLights()
        for position, intensity in (((0.35, 0.55, 1.0), 0.82), ((-0.9, -0.25, 0.6), 0.30)):
            light = vtkLight()
            light.SetLightTypeToCameraLight()
            light.SetPosition(*position)
            light.SetFocalPoint(0.0, 0.0, 0.0)
            light.SetIntensity(intensity)
            renderer.AddLight(light)
        renderer.GetActiveCamera().SetViewAngle(VIEW_ANGLE_DEG)
        # PyVista would otherwise choose a camera of its own before the first frame.
        renderer.camera_set = True

    def _build(self) -> None:
        pack = self.exploration.pack
        if pack is None:
            return
        for name, surface in pack.surfaces.items():
            actor = surface_actor(surface)
            self._actors[name] = actor
            self._entry_of[actor] = surface.info.entry
            self.plotter.renderer.AddActor(actor)
            if surface.info.entry.endswith("hip-bone"):
                ghost = vtkActor()
                ghost.SetMapper(actor.GetMapper())
                ghost.SetVisibility(False)
                ghost.GetProperty().SetOpacity(0.28)
                # Only its far side: where the bone still covers its old place, nothing is tinted.
                ghost.GetProperty().FrontfaceCullingOn()
                self._ghosts[name] = ghost
                self.plotter.renderer.AddActor(ghost)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        renderer = self.plotter.renderer
        # One plain colour: a gradient costs a quarter of a frame without a graphics card.
        renderer.SetBackground(*theme.background)
        self.overlay.set_theme(theme)
        self._curves_drawn = None
        self.redraw()

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        if (before.view, before.camera, before.mode) != (after.view, after.camera, after.mode):
            self.aim()
        self.redraw()

    def redraw(self) -> None:
        """Bring everything drawn in line with the state."""
        state, pose = self.exploration.state, self.exploration.pose()
        self._draw_surfaces(state, pose)
        self._draw_landmarks(state, pose)
        self._draw_zones(state)
        self._draw_overlay(state, pose)
        self.request_render()

    def aim(self, *, fly: bool = True) -> None:
        """Put the camera where the state says."""
        state = self.exploration.state
        target = state.camera or fixed_view(state.view, self.aspect(), level=state.mode == "ball")
        if fly and self._fly is not None:
            self._fly(target)
        else:
            self.set_camera(target)

    def aspect(self) -> float:
        """Width over height of the picture."""
        width, height = self.plotter.render_window.GetSize()
        return float(width) / max(1.0, float(height))

    def camera(self) -> Camera:
        """The camera as it stands."""
        vtk_camera = self.plotter.renderer.GetActiveCamera()
        return Camera(vtk_camera.GetPosition(), vtk_camera.GetFocalPoint(), vtk_camera.GetViewUp())

    def set_camera(self, camera: Camera) -> None:
        """Move the camera without telling the exploration (flights and drags)."""
        vtk_camera = self.plotter.renderer.GetActiveCamera()
        vtk_camera.SetPosition(*camera.position)
        vtk_camera.SetFocalPoint(*camera.focal_point)
        vtk_camera.SetViewUp(*camera.up)
        middle = np.linalg.norm(np.array(camera.position) - np.array([0.0, 70.0, -60.0]))
        # The ball map is compared with the bones behind it: without perspective they stay in line.
        vtk_camera.SetParallelProjection(self.exploration.state.mode == "ball")
        vtk_camera.SetParallelScale(
            vtk_camera.GetDistance() * float(np.tan(np.radians(VIEW_ANGLE_DEG / 2)))
        )
        self._show_sheet()
        vtk_camera.SetClippingRange(max(5.0, middle - 480.0), middle + 480.0)
        self.request_render()

    # Drawing --------------------------------------------------------------------------------------

    def _draw_surfaces(self, state: State, pose: Pose | None) -> None:
        pack = self.exploration.pack
        if pack is None:
            return
        for name, actor in self._actors.items():
            info = pack.surfaces[name].info
            entry = self.exploration.known.entries.get(info.entry)
            chosen = state.selected == info.entry
            shown = info.entry not in state.hidden
            if not info.closed and not chosen:
                # Paint goes with its bone.
                shown = shown and info.moves_with not in state.hidden
            if isinstance(entry, Landmark):
                shown = shown and chosen
            actor.SetVisibility(shown)
            actor.SetPickable(shown)
            colour, opacity = self._colour(info.entry, info.provenance, chosen), 1.0
            if info.entry in state.faded:
                opacity = FADED_OPACITY
            surface = actor.GetProperty()
            surface.SetColor(*colour)
            surface.SetOpacity(opacity)
            surface.SetAmbient(0.30 if chosen else 0.12)
            matrix = pose.matrices.get(info.moves_with) if pose else None
            place(actor, matrix)
        for name, ghost in self._ghosts.items():
            # At rest the ghost would only blotch the bone that covers it.
            moving = pose is not None and pose.shown.shown_deg > 0.05 and name in pose.matrices
            moving = moving and name not in state.hidden
            ghost.SetVisibility(moving)
            ghost.GetProperty().SetColor(*self.theme.accent)

    def _colour(self, name: str, provenance: str, chosen: bool) -> Rgb:
        entry = self.exploration.known.entries.get(name)
        plain = name.split("-", 1)[1] if name.startswith(("left-", "right-")) else name
        if plain in self.theme.muscles:
            colour = self.theme.muscles[plain]
            return mixed(colour, (1.0, 1.0, 1.0), 0.12) if chosen else colour
        if chosen and isinstance(entry, Bone):
            return self.theme.selected_bone
        if provenance == "modelled":
            return self.theme.modelled_bone
        return self.theme.sacrum if plain == "sacrum" else self.theme.bone

    def place_of(self, name: str, pose: Pose | None) -> Floats:
        """(k, 3) points of an item as drawn: its landmark points, or its anchor."""
        item = self.exploration.items[name]
        points = item.points if len(item.points) else item.anchor[None]
        matrix = pose.matrices.get(item.moves_with) if pose else None
        if matrix is None:
            return points
        return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])

    def _draw_landmarks(self, state: State, pose: Pose | None) -> None:
        points, colours, curves, located, ids, reach = [], [], [], [], [], []
        for name, item in self.exploration.items.items():
            if not isinstance(item.entry, Landmark) or not self.exploration.visible(name):
                continue
            place = self.place_of(name, pose)
            is_curve = item.entry.shape in ("curve", "ring")
            if item.entry.shape == "ring":
                # A mark on the skin is drawn round the bone point below it, so both can be clicked.
                towards = np.array(DIRECTIONS[item.entry.view][0])
                place = dashed_ring(place[0], towards, SKIN_RING_MM, dashes=1)[0]
            if is_curve:
                curves.append((name, place))
            else:
                points.append(place[0])
                colours.append(self.theme.landmark)
            located.append(place)
            ids += [name] * len(place)
            reach += [CURVE_REACH_PX if is_curve else POINT_REACH_PX] * len(place)
        set_points(self._points, self._point_ids, points, colours)
        surface = self._point_actor.GetProperty()
        surface.SetPointSize(9.0 * self.scale)
        self._located = np.concatenate(located) if located else np.empty((0, 3))
        self._located_ids = ids
        self._located_reach = np.array(reach) * self.scale
        key = (tuple(name for name, _ in curves), state.movement, state.at, state.magnification)
        if key != self._curves_drawn:
            self._curves_drawn = key
            self._draw_curves([place for _, place in curves])

    def _draw_curves(self, curves: list[Floats]) -> None:
        renderer = self.plotter.renderer
        if self._curve_actor is not None:
            renderer.RemoveActor(self._curve_actor)
            self._curve_actor = None
        if curves:
            self._curve_actor = tube_actor(curves, CURVE_RADIUS_MM, self.theme.landmark)
            renderer.AddActor(self._curve_actor)

    def _draw_zones(self, state: State) -> None:
        if state.mode == "ball" and self._sheet is None and self.exploration.pack is not None:
            self.prepare_zones()
            if self._zones_ready is None:
                return
            self.zone_map, image = self._zones_ready
            self._sheet = sheet_actor(self.zone_map, image)
            self.plotter.renderer.AddActor(self._sheet)
        self._show_sheet()

    def prepare_zones(self) -> None:
        """Work out the ball map and its picture; only arrays, so a thread may do it beforehand."""
        with self._zones_lock:
            pack = self.exploration.pack
            if self._zones_ready is not None or pack is None:
                return
            try:
                made = zone_map(self.exploration.known, pack)
            except ZoneError as error:
                self.zone_problem = str(error)
                return
            self._zones_ready = (made, picture(made, self.exploration.known.zones))

    def _show_sheet(self) -> None:
        """The flat map is there for the view from behind, and gone when the model is turned."""
        if self._sheet is not None:
            ball = self.exploration.state.mode == "ball"
            self._sheet.SetVisibility(ball and self._from_behind())

    def _from_behind(self) -> bool:
        towards = self.plotter.renderer.GetActiveCamera().GetDirectionOfProjection()
        return bool(-towards[1] > np.cos(np.radians(MAP_TURN_DEG)))

    def _draw_overlay(self, state: State, pose: Pose | None) -> None:
        known, items = self.exploration.known, self.exploration.items
        captions: list[str] = []
        selected = items.get(state.selected or "")
        if selected is None or state.selected in state.hidden:
            self.overlay.set_selection(None, None, None, [])
        else:
            place = self.place_of(selected.id, pose)
            anchor = place[len(place) // 2]
            near = [
                (items[name].entry, self._anchor(name, pose))
                for name in selected.entry.neighbours
                if name in items and self.exploration.visible(name)
            ]
            ring = None
            if isinstance(selected.entry, Landmark):
                # The ring faces the way a hand comes from: the view that shows the landmark best.
                towards = np.array(DIRECTIONS[selected.entry.view][0])
                ring = (selected.entry.certainty.spread_mm, towards / np.linalg.norm(towards))
                spread = f"{selected.entry.certainty.spread_mm:g}"
                captions.append(known.say("ring_caption", spread_mm=spread))
            curve = place if len(place) > 1 else None
            self.overlay.set_selection(
                (selected.entry, anchor),
                ring,
                curve,
                near,
                rims=self._rims(selected.surfaces, pose),
                voice=state.voice,
            )
        if state.mode == "move" and pose is not None:
            captions += self._movement_captions(pose)
            captions.append(known.say("axis_caption"))
            if pose.shown.shown_deg > 4.0:
                captions.append(known.say("pubis_caption"))
            self.overlay.set_axis(self._axis_line())
        else:
            self.overlay.set_axis(None)
        rings = [
            self._anchor(name, None)
            for name, item in items.items()
            if isinstance(item.entry, Landmark)
            and item.entry.shape == "ring"
            and self.exploration.visible(name)
        ]
        start = state.mode == "explore" and state.selected is None and state.view == "back"
        if start and rings and state.camera is None:
            captions.append(known.say("start_here"))
            self.overlay.set_hints(rings)
        else:
            self.overlay.set_hints([])
        if state.mode == "ball" and (state.view != "back" or state.camera is not None):
            captions.append(known.say("map_turned"))
        if state.mode == "ball" and self.zone_problem is not None:
            captions.append(self.zone_problem)
        self.overlay.set_captions(captions)

    def _movement_captions(self, pose: Pose) -> list[str]:
        known, shown = self.exploration.known, pose.shown
        captions = []
        if shown.clamped:
            asked = f"{self.exploration.state.magnification:g}"
            captions.append(known.say("clamped", factor=f"{shown.factor:.3g}", asked=asked))
        factor = self.exploration.state.magnification
        captions.append(
            known.say(
                "magnified",
                factor=f"{shown.factor:.3g}",
                true_deg=f"{shown.true_deg:.1f}",
                true_mm=f"{pose.glide_mm:.1f}",
            )
        )
        if factor == 1.0:
            captions.append(known.say("true_scale"))
        return captions

    def _anchor(self, name: str, pose: Pose | None) -> Floats:
        place = self.place_of(name, pose)
        return np.asarray(place[len(place) // 2])

    def _rims(self, names: tuple[str, ...], pose: Pose | None) -> list[Floats]:
        """The borders of painted areas, where they are now."""
        pack = self.exploration.pack
        rims: list[Floats] = []
        if pack is None:
            return rims
        for name in names:
            surface = pack.surfaces[name]
            if surface.info.closed:
                continue
            if name not in self._rims_at_rest:
                self._rims_at_rest[name] = rim_of(surface)
            matrix = pose.matrices.get(surface.info.moves_with) if pose else None
            pieces = self._rims_at_rest[name]
            if matrix is not None:
                pieces = [piece @ matrix[:3, :3].T + matrix[:3, 3] for piece in pieces]
            rims.extend(pieces)
        return rims

    def _axis_line(self) -> Floats | None:
        pack, name = self.exploration.pack, self.exploration.state.movement
        if pack is None or name is None:
            return None
        side = self.exploration.known.movements[name].side
        axis = si_axis(
            pack.landmarks["left-psis"][0],
            pack.landmarks["right-psis"][0],
            pack.centres[f"{side}-si-joint"],
        )
        sign = 1.0 if side == "left" else -1.0
        reach = np.array([[sign * 8.0, 0.0, 0.0], [sign * 150.0, 0.0, 0.0]])
        return np.asarray(axis.point + reach)

    # Picking --------------------------------------------------------------------------------------

    def pick(self, x_px: float, y_px: float) -> Hit | None:
        """What lies under a device pixel (origin lower left), or None on empty space.

        In the ball mode the map answers first; otherwise a landmark within a few pixels that no
        bone hides, then the surface under the pixel.
        """
        self._renew_locators()
        entry, position = self._pick_surface(x_px, y_px)
        if self.exploration.state.mode == "ball":
            zone = self._pick_zone(x_px, y_px)
            if zone is not None:
                return zone
        near = self._pick_landmark(x_px, y_px, position)
        if near is not None:
            return near
        if entry is None or position is None:
            return None
        return Hit(entry, None, position)

    def _covered(self, anchor: Floats, x_px: float, y_px: float) -> bool:
        """Whether a bone stands between the eye and a place that is drawn at a pixel."""
        self._renew_locators()
        _, wall = self._pick_surface(x_px, y_px)
        if wall is None:
            return False
        eye = np.array(self.plotter.renderer.GetActiveCamera().GetPosition())
        deep = float(np.linalg.norm(anchor - eye)) - float(np.linalg.norm(np.array(wall) - eye))
        return deep > HIDDEN_BEHIND_MM

    def _renew_locators(self) -> None:
        if self._locators:
            return
        for name, actor in self._actors.items():
            locator = vtkStaticCellLocator()
            locator.SetDataSet(actor.GetMapper().GetInput())
            locator.BuildLocator()
            self._locators[name] = locator
            self._picker.AddLocator(locator)
            self._picker.AddPickList(actor)

    def _pick_surface(
        self, x_px: float, y_px: float
    ) -> tuple[str | None, tuple[float, float, float] | None]:
        self._picker.Pick(x_px, y_px, 0.0, self.plotter.renderer)
        actor = self._picker.GetActor()
        if actor is None or actor not in self._entry_of:
            return None, None
        return self._entry_of[actor], self._picker.GetPickPosition()

    def to_pixels(self, points: Floats) -> Floats:
        """(k, 3) mm to (k, 3): device pixels from the lower left, and the distance from the eye."""
        return self.overlay.project(points)

    def _pick_landmark(
        self, x_px: float, y_px: float, behind: tuple[float, float, float] | None
    ) -> Hit | None:
        if not len(self._located):
            return None
        on_screen = self.to_pixels(self._located)
        away = np.hypot(on_screen[:, 0] - x_px, on_screen[:, 1] - y_px)
        close = np.flatnonzero(away <= self._located_reach)
        if behind is not None:
            eye = np.array(self.plotter.renderer.GetActiveCamera().GetPosition())
            wall = float(np.linalg.norm(np.array(behind) - eye))
            close = close[on_screen[close, 2] < wall + HIDDEN_BEHIND_MM]
        if not len(close):
            return None
        best = close[np.argmin(away[close] - self._located_reach[close])]
        x, y, z = map(float, self._located[best])
        return Hit(self._located_ids[best], None, (x, y, z))

    def _pick_zone(self, x_px: float, y_px: float) -> Hit | None:
        if self.zone_map is None or self._sheet is None or not self._sheet.GetVisibility():
            return None
        eye, towards = self._ray(x_px, y_px)
        # The sheet is a gentle parabola: a few steps of a fixed point find where the ray meets it.
        if abs(towards[1]) < 1e-3:
            return None
        point, depth = eye, float(sheet_depth_mm(np.zeros(1))[0])
        for _ in range(12):
            point = eye + towards * (depth - eye[1]) / towards[1]
            depth = float(sheet_depth_mm(point[:1])[0])
        if (depth - eye[1]) / towards[1] < 0:
            return None
        zone = self.zone_map.at(float(point[0]), float(point[2]))
        x, y, z = map(float, point)
        return Hit(None, zone, (x, y, z)) if zone else None

    def _ray(self, x_px: float, y_px: float) -> tuple[Floats, Floats]:
        renderer = self.plotter.renderer
        ends = []
        for depth in (0.0, 1.0):
            renderer.SetDisplayPoint(x_px, y_px, depth)
            renderer.DisplayToWorld()
            point = np.array(renderer.GetWorldPoint())
            ends.append(point[:3] / point[3])
        towards = ends[1] - ends[0]
        return ends[0], towards / np.linalg.norm(towards)
