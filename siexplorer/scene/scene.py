"""An exploration drawn into a PyVista plotter: from its events to actors, and picking back."""

import time
import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkActor

from siexplorer.anatomy.records import Landmark, Movement, Pattern
from siexplorer.exploration.ball import SkinMap, ZoneError, rule_at
from siexplorer.exploration.ball_words import better_words, thing_words
from siexplorer.exploration.beside import absent_words, title_of, whose
from siexplorer.exploration.card import is_unsure
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.looks import skins
from siexplorer.exploration.moving import STRAIN_FROM_PERCENT, Pose, moves_si
from siexplorer.exploration.sections import words
from siexplorer.exploration.shaping import shape_words
from siexplorer.exploration.state import Camera, State
from siexplorer.geometry.motion import SIDES, moved
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.surface import Floats, Surface
from siexplorer.packs.pack import BUILT_IN
from siexplorer.scene.actors import (
    Tubes,
    dashed_ring,
    lamps,
    point_cloud,
    set_points,
)
from siexplorer.scene.actors import place as put
from siexplorer.scene.backdrop import Backdrop, layer_above
from siexplorer.scene.ball import BallMarks
from siexplorer.scene.camera import DIRECTIONS, VIEW_ANGLE_DEG, fixed_view, lain
from siexplorer.scene.core import core_layers
from siexplorer.scene.cutting import Cutting
from siexplorer.scene.looks import is_insertion, role_of
from siexplorer.scene.moving import MovingMarks, shifts
from siexplorer.scene.overlay import Overlay
from siexplorer.scene.picking import Hit, Marks, Picker
from siexplorer.scene.referral import Laid, above, dots_actor, label, laid_on, open_skin, wash_actor
from siexplorer.scene.surfaces import Surfaces
from siexplorer.scene.theme import Theme
from siexplorer.scene.zones import ZoneSkin

POINT_REACH_PX, CURVE_REACH_PX, HANDLE_REACH_PX = 11.0, 7.0, 18.0
CURVE_RADIUS_MM = 1.0
SKIN_RING_MM = 8.0
"""Radius of the ring that stands for a mark on the skin (design)."""

LEAST_LIFT_SAID_MM, PUBIS_SAID_FROM_DEG = 0.05, 4.0
"""From when on a caption says that a bone is drawn further out, or the pubic joint parted."""

FAR_MM, BALL_GRIP_MM = 3000.0, 45.0
"""How far a line of sight is followed; how far from its middle a large tool can be taken hold of
(design)."""

HANDLE_MM = 6.0
"""Radius of the ring by which a landmark is taken hold of while it is put right (design)."""

LEAST_DEG_SAID = 0.05
"""A turn that is written as 0.0 degrees goes no way."""

WORDS_EVERY_S = 0.25
"""How often figures in the picture change while a movement runs (design)."""

MOST_STRAIN_NOTES = 4
"""So many ligaments are named with their strain at a time (design)."""


class PelvisScene:
    """Keeps a plotter in step with an exploration.

    ``request_render`` is called when something changed that should be seen; the owner decides when.
    ``fly`` takes the camera to a new place gently; without it, it goes there at once. ``stirred``
    is called whenever the camera moves; an owner that gives it says with ``set_moving`` when the
    model turns and when it stands, so that it may be drawn more coarsely meanwhile.
    """

    def __init__(
        self,
        plotter: pv.BasePlotter,
        exploration: Exploration,
        theme: Theme,
        request_render: Callable[[], None],
        scale: float = 1.0,
        fly: Callable[[Camera], None] | None = None,
        stirred: Callable[[], None] | None = None,
    ) -> None:
        self.plotter, self.exploration, self.theme = plotter, exploration, theme
        self.request_render, self.scale, self._fly = request_render, scale, fly
        self._stirred = stirred
        self._points, self._point_ids, self._point_actor = point_cloud()
        self._lain = ""
        self._said: list[str] | None = None
        self._said_at = 0.0
        self._words_late = False
        self._curve_actors: dict[str, vtkActor] = {}
        self._curves: dict[str, Tubes] = {}
        self._curves_drawn: tuple[object, object] | None = None
        self._landmarks: tuple[object, State, list[tuple[str, Floats, str, bool]]] | None = None
        self._marks = Marks(np.empty((0, 3)), [], np.empty(0))
        self.zone_problem: str | None = None
        self._skins: dict[str, tuple[Surface, Floats]] = {}
        self._places_on_skin: dict[tuple[str, bytes, bytes], Floats] = {}
        self._referral_drawn: object = None
        self._referral_actors: list[vtkActor] = []
        self._reach_drawn: object = None
        self._reach_actor: vtkActor | None = None
        self._laid: list[Laid] = []
        self._shape: object = None
        self.picker = Picker(plotter.renderer)
        self.overlay = Overlay(plotter, theme, scale, self._covered)
        self._light()
        plotter.renderer.AddActor(self._point_actor)
        # Without someone who says when the model turns, each picture is drawn once and for all.
        self.surfaces = Surfaces(
            plotter.renderer, exploration, theme, self.picker, patient=stirred is None
        )
        self.moving_marks = MovingMarks(self.overlay.renderer)
        self.zone_skin = ZoneSkin(plotter.renderer)
        standing = layer_above(plotter.render_window, plotter.renderer)
        self.ball_marks = BallMarks(standing)
        # Nothing is kept of a picture that is drawn once.
        self.backdrop = None
        if stirred is not None:
            self.backdrop = Backdrop(plotter.render_window, plotter.renderer, standing)
        self.cutting = Cutting(plotter.renderer, exploration, self.picker, scale)
        # A weak link: the exploration outlives the views that watch it.
        me = weakref.ref(self)

        def follow(change: Change) -> None:
            scene = me()
            if scene is not None:
                scene._follow(change)

        def handle() -> None:
            scene = me()
            if scene is not None:
                scene.redraw()

        self._follow_exploration, self._follow_correcting = follow, handle
        exploration.changed.connect(follow)

        def settled() -> None:
            scene = me()
            if scene is not None:
                scene.redraw()

        self._settle = settled
        exploration.settled.connect(settled)
        exploration.correcting.changed.connect(handle)
        self.set_theme(theme)

    def close(self) -> None:
        """Stop following and let go of the drawing."""
        self.exploration.changed.disconnect(self._follow_exploration, missing_ok=True)
        self.exploration.settled.disconnect(self._settle, missing_ok=True)
        self.exploration.correcting.changed.disconnect(self._follow_correcting, missing_ok=True)
        if self.backdrop is not None:
            self.backdrop.close()
        self.overlay.close()

    # Building -------------------------------------------------------------------------------------

    def _light(self) -> None:
        renderer = self.plotter.renderer
        renderer.RemoveAllLights()
        for light in lamps():
            renderer.AddLight(light)
        renderer.GetActiveCamera().SetViewAngle(VIEW_ANGLE_DEG)
        # Plain blending: sorting every see-through pixel doubles a frame without a graphics card.
        renderer.SetUseOIT(False)
        # The nearest first, so that what they hide costs nothing.
        renderer.GetCullers().GetLastItem().SetSortingStyleToFrontToBack()
        # PyVista would otherwise choose a camera of its own before the first frame.
        renderer.camera_set = True

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = self.surfaces.theme = theme
        renderer = self.plotter.renderer
        # One plain colour: a gradient costs a quarter of a frame without a graphics card.
        renderer.SetBackground(*theme.background)
        self.overlay.set_theme(theme)
        self._curves_drawn = None
        self.redraw()

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        seen = (before.view, before.camera, before.mode, self._lain)
        if seen != (after.view, after.camera, after.mode, self.lying()):
            self._lain = self.lying()
            self.aim()
        glides = (before.section, before.at, before.magnification, before.shape)
        now = (after.section, after.at, after.magnification, after.shape)
        if glides != now and self._stirred is not None:
            self._stirred()
        if after.ball is not None and replace(before, ball=after.ball) == after:
            # A tool that moves over the skin moves nothing else.
            self._draw_ball(after)
            self.request_render()
        elif after.mode == "explore" and replace(before, corrections=after.corrections) == after:
            self._draw_landmarks(after, None)
            self._draw_overlay(after, None)
            self._draw_movement(after, None)
            self.request_render()
        else:
            self.redraw()

    def redraw(self) -> None:
        """Bring everything drawn in line with the state."""
        state, pose = self.exploration.state, self.exploration.pose()
        pack = self.exploration.pack
        if pack is not None and self._shape is not pack.surfaces:
            # The pelvis took another shape: what was found on its skin lies elsewhere.
            self._shape = pack.surfaces
            self._skins.clear()
            self._places_on_skin.clear()
            self._landmarks = self._referral_drawn = None
        plane = self.cutting.draw(state, self.surfaces.shown(state), pose, self.theme)
        self.surfaces.draw(state, pose, self.cutting.hollow)
        self.surfaces.clip(plane)
        self._draw_landmarks(state, pose)
        self._draw_referral(state)
        self._draw_overlay(state, pose)
        self._draw_movement(state, pose)
        self._draw_ball(state)
        self.request_render()

    def _draw_movement(self, state: State, pose: Pose | None) -> None:
        pack, movement = self.exploration.pack, self.exploration.known.movements
        if pack is None or pose is None or state.movement not in movement:
            self.moving_marks.clear()
            if not state.on_skin:
                self.overlay.set_notes(self._found_notes(state))
            self.overlay.set_shifts("", "", [])
            return
        known, shown = self.exploration.known, movement[state.movement]
        self.moving_marks.draw(pack, shown, pose, self.theme)
        if not self._due():
            return
        self._said_at = time.monotonic()
        notes = [
            (known.say(f"mark_{mark.kind}"), place) for mark, place in self.moving_marks.placed
        ]
        self.overlay.set_notes(notes + self._strain_notes(pose))
        self.overlay.set_shifts(
            known.say("shifts_title"), known.say("shifts_foot"), shifts(pack, shown, pose)
        )

    def _found_notes(self, state: State) -> list[tuple[str, Floats]]:
        """Where the selected landmark had been found, if it was put elsewhere by hand."""
        place = self.exploration.correcting.found_at(state.selected or "")
        return [] if place is None else [(self.exploration.known.say("mark_found"), place)]

    def _due(self) -> bool:
        """Whether words are to be written anew: while a movement runs, not with every picture."""
        due = not self.moving or time.monotonic() - self._said_at > WORDS_EVERY_S
        self._words_late = not due
        return due

    def _strain_notes(self, pose: Pose) -> list[tuple[str, Floats]]:
        """Which of the ligaments that are shown become taut or slack, the most strained first."""
        known, found = self.exploration.known, []
        for name, length in self.surfaces.lengths_shown().items():
            if abs(length.change_percent) < STRAIN_FROM_PERCENT:
                continue
            entry = known.entries[name]
            word = known.say("taut" if length.change_percent > 0 else "slack")
            said = f"{entry.name}: {word}, {length.change_percent:+.1f} %"
            found.append((abs(length.change_percent), said, self._anchor(name, pose)))
        found.sort(key=lambda one: -one[0])
        return [(said, place) for _, said, place in found[:MOST_STRAIN_NOTES]]

    def aim(self, *, fly: bool = True) -> None:
        """Put the camera where the state says."""
        state = self.exploration.state
        # What is painted on the skin goes on below the bones.
        skin = isinstance(self.exploration.known.guides.get(state.guide or ""), Pattern) and bool(
            self.exploration.painted()[0]
        )
        view = fixed_view(state.view, self.aspect(), whole_skin=skin)
        target = state.camera or lain(view, self.lying())
        if fly and self._fly is not None:
            self._fly(target)
        else:
            self.set_camera(target)

    def lying(self) -> str:
        """The side on which the body lies in the movement that is shown, or an empty text."""
        movement = self._movement()
        return movement.lying if movement is not None else ""

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
        if self._stirred is not None:
            self._stirred()
        vtk_camera.SetClippingRange(max(5.0, middle - 480.0), middle + 480.0)
        self.request_render()

    # Drawing --------------------------------------------------------------------------------------

    def place_of(self, name: str, pose: Pose | None) -> Floats:
        """(k, 3) points of an item as drawn: its landmark points, or its anchor."""
        item = self.exploration.items[name]
        points = item.points if len(item.points) else item.anchor[None]
        if pose is None:
            return points
        following = self.exploration.following
        soft = [one for one in item.surfaces if following is not None and following.soft(one)]
        if soft and following is not None and not len(item.points):
            return following.carried(soft[0], points, pose)
        matrix = pose.matrices.get(item.moves_with)
        return points if matrix is None else moved(matrix, points)

    def _draw_landmarks(self, state: State, pose: Pose | None) -> None:
        points, colours, located, ids, reach = [], [], [], [], []
        curves: dict[str, list[Floats]] = {}
        for name, rest, body, is_curve in self._landmarks_shown(state):
            matrix = pose.matrices.get(body) if pose else None
            place = rest if matrix is None else moved(matrix, rest)
            if state.section is not None and self.cutting.beyond(state.section, place):
                continue
            if is_curve:
                curves.setdefault(body, []).append(rest)
            else:
                points.append(place[0])
                colours.append(self.theme.landmark)
            located.append(place)
            ids += [name] * len(place)
            reach += [CURVE_REACH_PX if is_curve else POINT_REACH_PX] * len(place)
        set_points(self._points, self._point_ids, points, colours)
        surface = self._point_actor.GetProperty()
        surface.SetPointSize(9.0 * self.scale)
        marked = np.concatenate(located) if located else np.empty((0, 3))
        self._marks = Marks(marked, ids, np.array(reach) * self.scale)
        key = [(body, [len(one) for one in held]) for body, held in curves.items()]
        places = [[tuple(one[0]) for one in held] for held in curves.values()]
        now = (key, state.section is None), places
        if self._curves_drawn is None or now[0] != self._curves_drawn[0]:
            self._draw_curves(curves)
        elif places != self._curves_drawn[1]:
            for body, held in curves.items():
                self._curves[body].lay(held, CURVE_RADIUS_MM)
        self._curves_drawn = now
        for body, actor in self._curve_actors.items():
            put(actor, pose.matrices.get(body) if pose else None)

    def _landmarks_shown(self, state: State) -> list[tuple[str, Floats, str, bool]]:
        """Of each landmark in the picture its name, its points (k, 3) as drawn at rest, the body
        that carries it, and whether it is a curve; the same for all moments of a movement.
        """
        still, items = (
            replace(state, at=0.0, magnification=1.0, camera=None),
            self.exploration.items,
        )
        kept = self._landmarks
        if kept is not None and kept[0] is items and kept[1] == still:
            return kept[2]
        found = []
        whole_skin = self.surfaces.whole_skin(state) is not None
        for name, item in items.items():
            if not isinstance(item.entry, Landmark) or not self.exploration.visible(name):
                continue
            rest = item.points if len(item.points) else item.anchor[None]
            is_ring = item.entry.shape == "ring"
            if whole_skin and not is_ring:
                continue
            if is_ring:
                # A mark on the skin is drawn round the bone point below it, so both can be clicked.
                towards = np.array(DIRECTIONS[item.entry.view][0])
                centre = self._on_skin(item.points[0], towards, state)
                rest = dashed_ring(centre, towards, SKIN_RING_MM, dashes=1)[0]
            found.append((name, rest, item.moves_with, is_ring or item.entry.shape == "curve"))
        self._landmarks = items, still, found
        return found

    def _skin(self, state: State) -> tuple[Surface, Floats] | None:
        """The skin that is drawn now, without its flat ends, and its normals."""
        pack = self.exploration.pack
        for name in self.surfaces.shown(state):
            if pack is not None and pack.surfaces[name].info.entry == f"skin-{state.skin}":
                if name not in self._skins:
                    skin = pack.surfaces[name].surface
                    self._skins[name] = open_skin(skin, flat_ends(skin))
                return self._skins[name]
        return None

    def _on_skin(self, point: Floats, towards: Floats, state: State) -> Floats:
        """The place on the drawn skin that a point of bone lies below, or the point itself."""
        skin = self._skin(state)
        if skin is None:
            return point
        key = (state.skin, point.tobytes(), towards.tobytes())
        if key not in self._places_on_skin:
            self._places_on_skin[key] = above(skin[0], point, towards)
        return self._places_on_skin[key]

    def _draw_curves(self, curves: dict[str, list[Floats]]) -> None:
        """The curves of each body as one actor, at rest: a pose only puts it elsewhere."""
        renderer = self.plotter.renderer
        for actor in self._curve_actors.values():
            renderer.RemoveActor(actor)
        self._curves = {body: Tubes(held, CURVE_RADIUS_MM) for body, held in curves.items()}
        self._curve_actors = {body: tubes.actor for body, tubes in self._curves.items()}
        for actor in self._curve_actors.values():
            actor.SetPickable(False)
            actor.GetProperty().SetColor(*self.theme.landmark)
            renderer.AddActor(actor)
            if self.exploration.state.section is not None:
                actor.GetMapper().AddClippingPlane(self.cutting.plane)

    def _draw_referral(self, state: State) -> None:
        """Soft areas on the skin for what is read, or if asked for those of what is selected."""
        areas, side = self.exploration.painted()
        skin, pack = self._skin(state), self.exploration.pack
        key = (
            (state.guide, state.selected, state.skin, id(pack))
            if areas and skin is not None
            else None
        )
        if key != self._referral_drawn:
            self._referral_drawn = key
            for actor in self._referral_actors:
                self.plotter.renderer.RemoveActor(actor)
            self._referral_actors, self._laid = [], []
            if key and skin is not None and pack is not None:
                self._laid = laid_on(*skin, areas, side, pack.landmarks)
                strength = np.maximum.reduce([one.strength for one in self._laid] or [np.zeros(1)])
                if strength.any():
                    self._referral_actors = [
                        dots_actor(skin[0], strength),
                        wash_actor(*skin, strength),
                    ]
            for actor in self._referral_actors:
                self.plotter.renderer.AddActor(actor)
        for actor in self._referral_actors:
            actor.GetMapper().RemoveAllClippingPlanes()
            if state.section is not None:
                actor.GetMapper().AddClippingPlane(self.cutting.plane)

    def _notes(self, state: State, pose: Pose | None) -> list[tuple[str, Floats, Floats | None]]:
        """Words for places, and which way each place faces: referral areas, origin, insertion."""
        known = self.exploration.known
        notes: list[tuple[str, Floats, Floats | None]] = [
            (label(one.area), one.anchor, one.facing) for one in self._laid
        ]
        pack, selected = self.exploration.pack, self.exploration.items.get(state.selected or "")
        # A cut shows what is inside, not what is painted on the bones.
        is_cut = state.section is not None
        if pack is None or selected is None or is_cut or isinstance(selected.entry, Landmark):
            return notes
        for ends_there in (False, True):
            areas = [
                pack.surfaces[name]
                for name in selected.surfaces
                if role_of(pack.surfaces[name].info) == "area"
                and is_insertion(pack.surfaces[name].info) == ends_there
            ]
            if not areas:
                continue
            largest = max(areas, key=lambda one: len(one.surface.faces))
            vertices = largest.surface.vertices
            if pose is not None and largest.info.moves_with in pose.matrices:
                vertices = moved(pose.matrices[largest.info.moves_with], vertices)
            middle = vertices.mean(axis=0)
            place = vertices[np.linalg.norm(vertices - middle, axis=1).argmin()]
            word = known.say("area_insertion") if ends_there else known.say("area_origin")
            notes.append((word, place, None))
        return notes

    def skin_map(self) -> SkinMap | None:
        """The ball map that is shown: in a window once it is ready; without one, waited for."""
        try:
            return self.exploration.skin_map(wait=self._stirred is None)
        except ZoneError as error:
            self.zone_problem = str(error)
            return None

    def _draw_ball(self, state: State) -> None:
        """The map on the skin, the tool that rests there, and what lies beneath it."""
        known, tool = self.exploration.known, self.exploration.known.tools.get(state.tool)
        self._draw_reach()
        if not state.on_skin:
            self.zone_skin.draw(known, None, None)
            self.ball_marks.clear()
            self.overlay.set_core("", [])
            return
        on = self.skin_map()
        self.zone_skin.draw(known, on if state.section is None else None, tool)
        found = self.exploration.verdict()
        stack = self.exploration.stack(wait=self._stirred is None)
        if on is None or tool is None or found is None:
            self.ball_marks.clear()
            self.overlay.set_core("", [])
            self.overlay.set_notes([])
            return
        self.ball_marks.draw(tool, found, on, self.theme, self.scale)
        said = known.say(
            "mark_nearest",
            distance=f"{found.nearest.distance_mm:.0f}",
            thing=thing_words(known, found.nearest.name),
        )
        notes = [(said, found.nearest.place)]
        if found.better is not None:
            notes.append((better_words(known, found), found.better.place))
        self.overlay.set_notes(notes)
        # In a window the panel below shows the core sample, beside its list.
        if stack is not None and self._stirred is None:
            layers = core_layers(known, self.exploration.pack, stack, self.theme)
            self.overlay.set_core(known.say("core_title", side=found.side), layers)

    def _draw_reach(self) -> None:
        """Dots on the skin from which what is selected is reached."""
        found, on = self.exploration.reached(), self.exploration.skin_map()
        key = (id(found), id(on)) if found is not None else None
        if key == self._reach_drawn:
            return
        self._reach_drawn = key
        if self._reach_actor is not None:
            self.plotter.renderer.RemoveActor(self._reach_actor)
            self._reach_actor = None
        if found is not None and on is not None:
            strength = np.isfinite(found.depth_mm).astype(float)
            self._reach_actor = dots_actor(on.grid.coarse, strength)
            self.plotter.renderer.AddActor(self._reach_actor)

    def prepare(self) -> None:
        """Do beforehand, in a thread, what would make a person wait later."""
        self.surfaces.prepare()
        if self.exploration.following is not None:
            self.exploration.following.prepare()

    def _draw_overlay(self, state: State, pose: Pose | None) -> None:
        known, items = self.exploration.known, self.exploration.items
        captions: list[str] = []
        selected = items.get(state.selected or "")
        if selected is None or state.selected in state.hidden:
            self.overlay.set_selection(None, None, None, [], notes=self._notes(state, pose))
        else:
            place = self.place_of(selected.id, pose)
            # On the cut, a label points at the cut face.
            anchor = self.cutting.anchors.get(selected.id, place[len(place) // 2])
            near = [
                (items[name].entry, self.cutting.anchors.get(name, self._anchor(name, pose)))
                for name in selected.entry.neighbours
                if name in items and self.exploration.visible(name)
            ]
            if self.exploration.correcting.name is not None:
                # What is put right must not be hidden by the names around it.
                near = []
            if state.section is not None:
                near = [n for n in near if not self.cutting.beyond(state.section, n[1][None])]
            ring = None
            if isinstance(selected.entry, Landmark):
                # The ring faces the way a hand comes from: the view that shows the landmark best.
                towards = np.array(DIRECTIONS[selected.entry.view][0])
                towards = towards / np.linalg.norm(towards)
                if self.exploration.correcting.name == selected.id:
                    ring = (HANDLE_MM, towards)
                else:
                    ring = (selected.entry.certainty.spread_mm, towards)
                    spread = f"{selected.entry.certainty.spread_mm:g}"
                    captions.append(known.say("ring_caption", spread_mm=spread))
                captions += self._sureness(selected.id)
            curve = place if len(place) > 1 else None
            self.overlay.set_selection(
                (selected.entry, anchor),
                ring,
                curve,
                near,
                rims=None if state.section else self.surfaces.rims(selected.surfaces, pose),
                notes=self._notes(state, pose),
                voice=state.voice,
            )
        captions += self._structure_captions(state)
        captions += self._beside_captions(state)
        if state.mode == "move" and pose is not None:
            if self._said is None or self._due():
                self._said = self._movement_captions(pose)
            captions += self._said
        elif state.mode == "move" and state.movement is not None and self._of_another():
            captions.append(known.say("not_posed"))
        rings = [
            self._on_skin(self._anchor(name, None), np.array(DIRECTIONS[item.entry.view][0]), state)
            for name, item in items.items()
            if isinstance(item.entry, Landmark)
            and item.entry.shape == "ring"
            and self.exploration.visible(name)
        ]
        start = state.mode == "explore" and state.selected is None and state.view == "back"
        # The dimples are marks on the skin: no place to start where it has been taken away.
        start = start and self.exploration.other is None and state.guide is None
        start = start and (self._skin(state) is not None or not skins(items))
        if start and rings and state.camera is None and state.section is None:
            captions.append(known.say("start_here"))
            self.overlay.set_hints(rings)
        else:
            self.overlay.set_hints([])
        if state.on_skin:
            captions += self._reach_captions()
            problem = self.zone_problem or ""
            # On another pelvis there may be no map, and then there is nothing to be said of one.
            mapped = not self._of_another() or self.skin_map() is not None
            usual = known.say("map_caption_shape") if state.shape else known.say("map_caption")
            usual = usual if mapped else ""
            captions += filter(None, [problem[:1].upper() + problem[1:] or usual])
        shape = shape_words(known, state.shape)
        self.overlay.set_captions([*captions, *([shape] if shape else []), *self._credit()])

    def _sureness(self, name: str) -> list[str]:
        """What a picture must say of a landmark that is not sure, or was put there by hand."""
        pack, known = self.exploration.pack, self.exploration.known
        moved = self.exploration.correcting.moved_mm(name)
        if moved is not None:
            return [known.say("own_by_hand", mm=f"{moved:.1f}")]
        if pack is None or pack.own is None or not is_unsure(pack, name):
            return []
        found = pack.own.found[name]
        key = "own_unsure_caption" if found.shown else "own_expected_caption"
        return [known.say(key, percent=f"{100 * found.confidence:.0f}")]

    def _beside_captions(self, state: State) -> list[str]:
        """While two pelves are compared, whose this is, and what it lacks of what is shown."""
        do, known, pack = self.exploration, self.exploration.known, self.exploration.pack
        if do.other is None or pack is None:
            return []
        # In a window it stands above the picture.
        title = title_of(known, pack, state.shape)
        said = [] if self._stirred else [f"{title}. {whose(known, pack)}"]
        chosen = state.selected
        if chosen is not None and chosen not in do.items:
            lacks = known.say("compare_absent", what=do.name_of(chosen))
        else:
            lacks = absent_words(known, do.absent())
        return [*said, *filter(None, [lacks])]

    def _of_another(self) -> bool:
        """Whether this is another pelvis than the one that comes along."""
        pack = self.exploration.pack
        return pack is not None and pack.info.id != BUILT_IN

    def _credit(self) -> list[str]:
        """Whose pelvis is drawn, where its licence asks that every picture says so."""
        pack = self.exploration.pack
        if pack is None or not self._of_another():
            return []
        licence = pack.info.licence
        said = licence.replace("-", " ") in pack.info.attribution.replace("-", " ")
        if pack.own is not None:
            return [pack.info.attribution]
        return [pack.info.attribution if said else f"{pack.info.attribution} {licence}"]

    def _reach_captions(self) -> list[str]:
        found = self.exploration.reached()
        if found is None:
            return []
        known = self.exploration.known
        name = self.exploration.name_of(self.exploration.state.selected or "")
        values = {"least": found.least_mm, "median": found.median_mm, "area": found.area_cm2}
        figures = {key: f"{value:.0f}" for key, value in values.items()}
        return [known.say("reach_caption", name=name, **figures)]

    def _structure_captions(self, state: State) -> list[str]:
        """What painted areas, the corridor, referral areas and the cut mean."""
        known, pack = self.exploration.known, self.exploration.pack
        selected = self.exploration.items.get(state.selected or "")
        captions = []
        roles = (
            {role_of(pack.surfaces[n].info) for n in selected.surfaces}
            if (
                selected is not None
                and pack is not None
                and not isinstance(selected.entry, Landmark)
            )
            else set()
        )
        if state.section is None and (state.attachments or "area" in roles):
            captions.append(known.say("areas_caption"))
        if "corridor" in roles:
            captions.append(known.say("corridor_caption"))
        if self._laid:
            guide = isinstance(known.guides.get(state.guide or ""), Pattern)
            captions.append(known.say("pattern_caption" if guide else "referral_caption"))
        if state.section is not None:
            captions.append(known.say("section_caption", where=words(known, state.section)))
            if any(name not in state.hidden for name in skins(self.exploration.items)):
                captions.append(known.say("section_rest"))
        return captions

    @property
    def moving(self) -> bool:
        """Whether the model is drawn as one that turns."""
        return self.surfaces.detail.moving

    def drawn_in_full(self) -> bool:
        """Whether the last picture was drawn anew in every part, and as finely as can be."""
        return not self.moving and (self.backdrop is None or self.backdrop.whole)

    def set_moving(self, *, moving: bool) -> None:
        """The model turns, or stands again."""
        if moving != self.moving:
            self.surfaces.detail.set_moving(moving=moving)
            self.surfaces.stand(self.exploration.pose())
            if not moving:
                self.request_render()
        if not moving and self._words_late:
            state, pose = self.exploration.state, self.exploration.pose()
            self._draw_overlay(state, pose)
            self._draw_movement(state, pose)
            self.request_render()

    def _movement_captions(self, pose: Pose) -> list[str]:
        """The true figures and the factor, always; and what is drawn otherwise than it is."""
        known, movement = self.exploration.known, self._movement()
        if movement is None:
            return []
        captions = [known.say("teaching_caption")] if movement.teaching_model else []
        moving = [side for side in SIDES if moves_si(movement, side)]
        factor = f"{pose.factor.used:.3g}"
        for side in moving:
            joint = pose.si[side]
            captions.append(
                known.say(
                    "si_shown",
                    side=side.capitalize(),
                    factor=factor,
                    way=self._way(joint.true_deg),
                    true_deg=f"{abs(joint.true_deg):.1f}",
                    true_mm=f"{joint.true_mm:.1f}",
                )
            )
        if not moving:
            captions.append(known.say("no_si_motion"))
        elif pose.factor.clamped:
            asked = f"{pose.factor.asked:g}"
            captions.append(known.say("clamped", factor=factor, asked=asked))
        elif pose.factor.used == 1.0:
            captions.append(known.say("true_scale"))
        if self._stirred is not None:
            # In a window the player below says the rest.
            return captions
        lift = max(pose.si[side].lift_mm for side in SIDES)
        if lift > LEAST_LIFT_SAID_MM:
            captions.append(known.say("lifted", lift_mm=f"{lift:.1f}"))
        if len(moving) == 1 and abs(pose.si[moving[0]].shown_deg) > PUBIS_SAID_FROM_DEG:
            captions.append(known.say("pubis_caption"))
        return captions

    def _way(self, true_deg: float) -> str:
        if abs(true_deg) < LEAST_DEG_SAID:
            return ""
        return " " + self.exploration.known.say("si_anterior" if true_deg < 0 else "si_posterior")

    def _movement(self) -> Movement | None:
        return self.exploration.known.movements.get(self.exploration.state.movement or "")

    def _anchor(self, name: str, pose: Pose | None) -> Floats:
        place = self.place_of(name, pose)
        return np.asarray(place[len(place) // 2])

    # Picking --------------------------------------------------------------------------------------

    def pick(self, x_px: float, y_px: float) -> Hit | None:
        """What lies under a device pixel (origin lower left), or None on empty space.

        In the ball mode the place on the skin and its rule; otherwise a landmark within a few
        pixels that no bone hides, then the surface or cut face under the pixel.
        """
        state = self.exploration.state
        if state.on_skin and state.section is None:
            return self._pick_skin(x_px, y_px)
        entry, position = self.picker.surface(x_px, y_px)
        wall = None
        if position is not None:
            wall = float(np.linalg.norm(np.array(position) - self.picker.eye()))
        near = self._marks.nearest(self.to_pixels(self._marks.points), x_px, y_px, wall)
        if near is not None:
            return near
        if entry is None or position is None:
            return None
        return Hit(entry, None, position)

    def _pick_skin(self, x_px: float, y_px: float) -> Hit | None:
        state, on = self.exploration.state, self.exploration.skin_map()
        tool = self.exploration.known.tools.get(state.tool)
        if on is None or tool is None:
            return None
        eye, towards = self.picker.ray(x_px, y_px)
        met = on.searched.crossings(eye, eye + towards * FAR_MM)
        if not met.entering.any():
            return None
        x, y, z = map(float, eye + towards * met.along_mm[met.entering][0])
        return Hit(None, rule_at(on, tool, np.array([x, y, z])), (x, y, z))

    def on_handle(self, x_px: float, y_px: float) -> bool:
        """Whether a pixel lies on the landmark that is being put right."""
        place = self.exploration.correcting.place()
        if place is None:
            return False
        x, y, _ = self.to_pixels(place[None])[0]
        return bool(np.hypot(x - x_px, y - y_px) <= HANDLE_REACH_PX * self.scale)

    def on_tool(self, x_px: float, y_px: float) -> bool:
        """Whether a pixel lies on the tool that rests on the skin."""
        found = self.exploration.verdict()
        if found is None:
            return False
        tool = self.exploration.known.tools[found.tool]
        reach = max(tool.contact_radius_mm, min(tool.diameter_mm / 2, BALL_GRIP_MM))
        eye, towards = self.picker.ray(x_px, y_px)
        away = found.contact.centre - eye
        return bool(np.linalg.norm(away - (away @ towards) * towards) < reach)

    def _covered(self, anchor: Floats, x_px: float, y_px: float, name: str | None) -> bool:
        return self.picker.covered(anchor, x_px, y_px, name)

    def to_pixels(self, points: Floats) -> Floats:
        """(k, 3) mm to (k, 3): device pixels from the lower left, and the distance from the eye."""
        return self.overlay.project(points)
