"""The pack's surfaces as they are drawn: made when first shown, coloured, faded, posed, cut."""

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPlane
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer, vtkTexture

from siexplorer.anatomy.records import Bone, Landmark, Ligament, Muscle, Skin
from siexplorer.exploration.catalog import is_soft
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.moving import Pose
from siexplorer.exploration.sections import plane_of
from siexplorer.exploration.state import State
from siexplorer.geometry.motion import angle_deg, displacement_mm, moved
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.surface import Floats, compacted, used_vertices, vertex_normals
from siexplorer.packs.pack import Pack, PackSurface
from siexplorer.scene.actors import (
    area_actor,
    array_of,
    flat_actor,
    mixed,
    place,
    plain_mapper,
    rim_of,
    set_normals,
    set_vertices,
    skin_actor,
    surface_actor,
)
from siexplorer.scene.bending import Bending, Drawn
from siexplorer.scene.coarse import Detail
from siexplorer.scene.fibres import coordinates, streaks, texture_of
from siexplorer.scene.looks import Role, bare, colour_of, role_of
from siexplorer.scene.moving import tint
from siexplorer.scene.occlusion import covered
from siexplorer.scene.picking import Picker
from siexplorer.scene.theme import FAT, Rgb, Theme

if TYPE_CHECKING:
    from siexplorer.exploration.following import Length

WHITE: Rgb = (1.0, 1.0, 1.0)
FADED_OPACITY, CORRIDOR_OPACITY = 0.22, 0.30
LOOK_AGAIN = 10
"""So many moments of a running movement pass until it is found out again what can be seen."""

GHOST_FROM_MM, GHOST_FROM_DEG = 0.3, 0.3
"""A bone that is drawn nearer than this to its place at rest has no ghost there."""

CHOSEN_SHARE = 0.30
"""How much of the colour for what is selected a thing takes on."""


class Surfaces:
    """Keeps an actor for every surface that has ever been shown."""

    def __init__(
        self,
        renderer: vtkRenderer,
        exploration: Exploration,
        theme: Theme,
        picker: Picker,
        *,
        patient: bool,
    ) -> None:
        self.renderer, self.exploration, self.theme = renderer, exploration, theme
        self.actors: dict[str, vtkActor] = {}
        self.detail = Detail(self.streaked)
        self.bending = Bending(patient=patient)
        self._picker = picker
        self._ends: dict[str, vtkActor] = {}
        self._ghosts: dict[str, vtkActor] = {}
        self._middles: dict[str, Floats] = {}
        self._rims: dict[str, list[Floats]] = {}
        self._textures: dict[tuple[str, bool], vtkTexture] = {}
        self._boxes: dict[str, Floats] = {}
        self._to_bend: dict[str, Drawn] | None = None
        self._kept: dict[str, npt.NDArray[np.int64]] = {}
        self._streaked: dict[str, Floats | None] = {}
        self._plane: vtkPlane | None = None
        self._soft_shown: list[str] = []
        self._lengths: dict[str, Length] = {}
        self._plain: dict[str, Rgb] = {}
        self._drawn: dict[str, PackSurface] = {}
        self._laid: dict[str, PackSurface] = {}
        self._shape: object = None
        self._look: object = None
        self._covered: frozenset[str] = frozenset()
        self._moments = 0
        self._shown: tuple[State, Pack | None, dict[str, PackSurface], State] | None = None

    def all_actors(self) -> list[vtkActor]:
        """Every actor made so far."""
        return [*self.actors.values(), *self._ends.values(), *self._ghosts.values()]

    def clip(self, plane: vtkPlane | None) -> None:
        """Leave out of every surface what lies on the side that a plane looks away from."""
        if plane is self._plane:
            return
        self.detail.set_moving(moving=False)
        self._to_bend = None
        self._match_ghosts()
        self._plane = plane
        for actor in self.all_actors():
            self._clip(actor)
        self.detail.clip(plane)

    def _clip(self, actor: vtkActor) -> None:
        actor.GetMapper().RemoveAllClippingPlanes()
        if self._plane is not None:
            actor.GetMapper().AddClippingPlane(self._plane)

    # Shape ----------------------------------------------------------------------------------------

    def _reshape(self) -> bool:
        """Whether the pelvis took another shape; then what was worked out on the one before is let
        go of.
        """
        pack = self.exploration.pack
        shape = None if pack is None else pack.surfaces
        if shape is self._shape:
            return False
        self.bending.forget()
        for kept in (self._boxes, self._middles, self._rims):
            kept.clear()
        self._shape = shape
        return True

    def _morph(self, state: State, pose: Pose | None) -> None:
        """Another shape of the same picture: points are laid elsewhere, and while it changes only
        what can be seen.
        """
        self._drawn = self.shown(state)
        renew = self._renews()
        for name in self._drawn.keys() - self._covered:
            self._lay(name, self._drawn[name])
        self.detail.watch({name: self.actors[name] for name in self._drawn}, self._drawn)
        if pose is not None:
            self._lengths = self._lengths_now(pose)
            self._put(pose)
        self._draw_ghosts(self._drawn, pose)
        self._to_bend = None
        self.bend(pose)
        if renew and self.detail.moving:
            self._cover()

    def _renews(self) -> bool:
        """Whether it is found out anew after this picture what can be seen; then all is drawn."""
        renew = self._moments % LOOK_AGAIN == 0
        self._moments += 1
        if renew or not self.detail.moving:
            self._uncover()
        return renew

    def _lay(self, name: str, surface: PackSurface) -> None:
        """Move the points that are drawn to where a surface in its shape of now has them."""
        before = self._laid.get(name)
        self._laid[name] = surface
        if before is None or before is surface:
            return
        actor = self.actors[name]
        whole = surface.surface.vertices.astype(np.float32)
        full = self.detail.full(actor).GetInput()
        kept = self._kept.get(name)
        set_vertices(full, whole if kept is None else whole[kept])
        if surface.normals is not before.normals:
            if kept is None:
                set_normals(full, surface.normals)
            else:
                set_normals(full, vertex_normals(surface.surface)[kept])
        if f"{name} ends" in self._kept:
            ends = self._ends[name].GetMapper().GetInput()
            set_vertices(ends, whole[self._kept[f"{name} ends"]])
        self.detail.lay(name, surface)
        self._picker.forget_shape([actor])

    # Which ----------------------------------------------------------------------------------------

    def shown(self, state: State) -> dict[str, PackSurface]:
        """The surfaces that belong in the picture."""
        kept, pack = self._shown, self.exploration.pack
        if kept is not None and kept[0] is state and kept[1] is pack:
            return kept[2]
        # A moment of a movement shows what the one before showed.
        still = replace(state, at=0.0, magnification=1.0, camera=None, ball=None)
        if kept is not None and kept[1] is pack and kept[3] == still:
            found = kept[2]
        else:
            found = self._find_shown(state)
        self._shown = (state, pack, found, still)
        return found

    def _find_shown(self, state: State) -> dict[str, PackSurface]:
        pack = self.exploration.pack
        if pack is None:
            return {}
        whole_skin = self.whole_skin(state)
        found = {}
        for name, surface in pack.surfaces.items():
            if whole_skin is not None and name != whole_skin:
                continue
            if self._belongs(state, surface):
                found[name] = surface
        return found

    def _seen(
        self, state: State, pose: Pose | None, hollow: frozenset[str]
    ) -> dict[str, PackSurface]:
        """What is shown, without what a cut takes away, and what lies in a skin that is cut: there
        the cut faces are all that can be seen.
        """
        shown, section = self.shown(state), state.section
        if section is None:
            return shown
        for name, surface in shown.items():
            entry = self.exploration.known.entries.get(surface.info.entry)
            if isinstance(entry, Skin) and name not in hollow and not self._faded(state, surface):
                return {name: surface}
        point, normal = plane_of(section)
        left = {}
        for name, surface in shown.items():
            if name not in self._boxes:
                self._boxes[name] = _corners(surface)
            corners = self._boxes[name]
            if pose is not None and self._soft(name):
                left[name] = surface
                continue
            matrix = pose.matrices.get(surface.info.moves_with) if pose else None
            if matrix is not None:
                corners = corners @ matrix[:3, :3].T + matrix[:3, 3]
            if ((corners - point) @ normal).min() < 0.0:
                left[name] = surface
        return left

    def whole_skin(self, state: State) -> str | None:
        """The opaque skin that hides everything in it, or None."""
        pack = self.exploration.pack
        if pack is None or state.section is not None:
            return None
        for name, surface in pack.surfaces.items():
            entry = surface.info.entry
            is_skin = isinstance(self.exploration.known.entries.get(entry), Skin)
            if is_skin and entry not in state.hidden and entry not in state.faded:
                return name
        return None

    def _belongs(self, state: State, surface: PackSurface) -> bool:
        info = surface.info
        entry = self.exploration.known.entries.get(info.entry)
        chosen, shown = state.selected == info.entry, info.entry not in state.hidden
        role = role_of(info)
        if isinstance(entry, Landmark):
            return shown and chosen
        if role == "corridor":
            return shown and chosen
        if role == "area":
            # Paint goes with its bone; what is selected stays marked even without it.
            return chosen or (state.attachments and info.moves_with not in state.hidden)
        if isinstance(entry, Skin):
            return shown or self.lends_skin(state, info.entry)
        return shown

    def lends_skin(self, state: State, name: str) -> bool:
        """Whether a hidden skin is drawn, faded, because referral areas need something to lie on.

        Only the chosen one of the two is.
        """
        return (
            state.referral
            and self.exploration.refers(state.selected)
            and name == f"skin-{state.skin}"
        )

    # How ------------------------------------------------------------------------------------------

    def draw(self, state: State, pose: Pose | None, hollow: frozenset[str] = frozenset()) -> None:
        """Bring every surface in line with the state. ``hollow`` ones are cut and not filled."""
        reshaped = self._reshape()
        still = replace(state, at=0.0, magnification=1.0, camera=None, shape=(), ball=None)
        look = (still, self.theme, hollow)
        if look == self._look and state.section is None and (reshaped or pose is not None):
            if reshaped:
                self._morph(state, pose)
            elif pose is not None:
                self._move_on(pose)
            return
        self._look = look
        self._uncover()
        shown = self._seen(state, pose, hollow)
        for name in self.actors.keys() - shown.keys():
            self.actors[name].SetVisibility(False)
            self.actors[name].SetPickable(False)
        for name, ends in self._ends.items():
            ends.SetVisibility(name in shown and not self._faded(state, shown[name]))
        self._drawn = shown
        self._lengths = self._lengths_now(pose)
        self._soft_shown = [name for name in shown if self._soft(name)]
        for name, surface in shown.items():
            self._draw_one(name, surface, state, pose)
            if role_of(surface.info) == "body" and surface.info.closed:
                # From outside alone, unless a cut shows the inside, or skin folds over.
                is_skin = isinstance(self.exploration.known.entries.get(surface.info.entry), Skin)
                folds = is_skin and pose is not None and not self._faded(state, surface)
                self.actors[name].GetProperty().SetBackfaceCulling(name not in hollow and not folds)
        self._draw_ghosts(shown, pose)
        self.detail.watch({name: self.actors[name] for name in shown}, shown)
        self._to_bend = None
        self.bend(pose)

    def _move_on(self, pose: Pose) -> None:
        """Another moment of the same picture: only what moves is touched, and while it runs only
        what can be seen.
        """
        renew = self._renews()
        self._lengths = self._lengths_now(pose)
        self._put(pose)
        self._draw_ghosts(self._drawn, pose)
        self.bend(pose)
        if renew and self.detail.moving:
            self._cover()

    def _put(self, pose: Pose) -> None:
        """Place what goes with one bone, and tint ligaments, among what can be seen."""
        for name in self._soft_shown:
            if name not in self._covered:
                self._tint(name)
        for name in self._drawn.keys() - set(self._soft_shown) - self._covered:
            place(self.actors[name], pose.matrices.get(self._drawn[name].info.moves_with))

    def _cover(self) -> None:
        """Leave out of the next pictures what lies wholly behind other things."""
        points, opaque = {}, set()
        for name, surface in self._drawn.items():
            actor = self.actors[name]
            held = vtk_to_numpy(actor.GetMapper().GetInput().GetPoints().GetData())
            matrix = actor.GetUserMatrix()
            if matrix is not None:
                held = moved(array_of(matrix), held)
            points[name] = held
            if surface.info.closed and actor.GetProperty().GetOpacity() >= 1.0:
                opaque.add(name)
            if name in self._ghosts and self._ghosts[name].GetVisibility():
                points[_ghost_of(name)] = vtk_to_numpy(
                    actor.GetMapper().GetInput().GetPoints().GetData()
                )
        width, height = self.renderer.GetRenderWindow().GetSize()
        camera = self.renderer.GetActiveCamera()
        matrix = camera.GetCompositeProjectionTransformMatrix(width / max(height, 1), -1.0, 1.0)
        self._covered = covered(points, frozenset(opaque), array_of(matrix), (width, height))
        self._to_bend = None
        for name in self._covered & self.actors.keys():
            self.actors[name].SetVisibility(False)
        for name, ghost in self._ghosts.items():
            if _ghost_of(name) in self._covered:
                ghost.SetVisibility(False)

    def _uncover(self) -> None:
        self._to_bend = None
        for name in self._covered:
            if name in self._drawn:
                self._lay(name, self._drawn[name])
                self.actors[name].SetVisibility(True)
        self._covered = frozenset()

    def stand(self, pose: Pose | None) -> None:
        """Nothing moves any more: everything is drawn again, in full."""
        self._moments = 0
        self._uncover()
        self._match_ghosts()
        self._lengths = self._lengths_now(pose)
        if pose is not None:
            self._put(pose)
        self.bend(pose)

    def lengths_shown(self) -> dict[str, "Length"]:
        """How long the ligaments are that can be seen, by their entry; muscles cover them all."""
        entries = self.exploration.known.entries
        if any(isinstance(entries.get(s.info.entry), Muscle) for s in self._drawn.values()):
            return {}
        return {
            surface.info.entry: self._lengths[name]
            for name, surface in self._drawn.items()
            if name in self._lengths and isinstance(entries.get(surface.info.entry), Ligament)
        }

    def _tint(self, name: str) -> None:
        """A ligament's colour tells how taut it is."""
        entry = self.exploration.known.entries.get(self._drawn[name].info.entry)
        if isinstance(entry, Ligament):
            strain = tint(self._lengths.get(name))
            plain = self._plain.get(name, WHITE)
            look = self.actors[name].GetProperty()
            look.SetColor(*(c * s for c, s in zip(plain, strain, strict=True)))

    def bend(self, pose: Pose | None) -> None:
        """Lay soft tissue where the bones take it, in whichever detail it is drawn."""
        if self._to_bend is None:
            self._to_bend = self._find_to_bend()
        # What follows is only worked out, and its libraries loaded, once something moves.
        following = self.exploration.following if pose is not None else None
        changed = self.bending.draw(self._to_bend, following, pose)
        self._picker.hurried = self.detail.moving
        self._picker.forget_shape(self.actors[name] for name in changed if name in self.actors)

    def _find_to_bend(self) -> dict[str, Drawn]:
        drawn = {}
        for name in self._soft_shown:
            for key, actor in ((name, self.actors[name]), (f"{name} ends", self._ends.get(name))):
                if actor is None or not actor.GetVisibility() or name not in self._drawn:
                    continue
                kept = self.detail.standing_in(name) if key == name else None
                kept = self._kept.get(key) if kept is None else kept
                drawn[key] = Drawn(actor.GetMapper().GetInput(), name, kept)
        return drawn

    def _lengths_now(self, pose: Pose | None) -> dict[str, "Length"]:
        """How long ligaments are, once they are tied to their bones, while any can be seen."""
        following = self.exploration.following if pose is not None else None
        entries = self.exploration.known.entries
        seen = (self._drawn[name].info.entry for name in self._drawn.keys() - self._covered)
        if not any(isinstance(entries.get(entry), Ligament) for entry in seen):
            return {}
        if pose is None or following is None or not (self.bending.patient or following.measured):
            return {}
        return following.lengths(pose)

    def _soft(self, name: str) -> bool:
        pack = self.exploration.pack
        if pack is None:
            return False
        info = pack.surfaces[name].info
        return is_soft(self.exploration.known.entries.get(info.entry), info)

    def _draw_one(self, name: str, surface: PackSurface, state: State, pose: Pose | None) -> None:
        actor = self.actors.get(name) or self._make(name, surface)
        self._lay(name, surface)
        entry = self.exploration.known.entries.get(surface.info.entry)
        chosen, faded = state.selected == surface.info.entry, self._faded(state, surface)
        role, is_skin = role_of(surface.info), isinstance(entry, Skin)
        actor.SetVisibility(True)
        # A click goes through a body that is seen through, and through mere room.
        actor.SetPickable(role != "corridor" and not (is_skin and faded))
        look = actor.GetProperty()
        texture = self._texture(surface, role, chosen=chosen)
        if texture is not None:
            actor.SetTexture(texture)
        colour = self._colour(surface, role, chosen=chosen and not is_skin)
        self._plain[name] = WHITE if texture is not None else colour
        look.SetColor(*self._plain[name])
        self._tint(name)
        look.SetOpacity(CORRIDOR_OPACITY if role == "corridor" else FADED_OPACITY if faded else 1.0)
        look.SetAmbient(0.26 if chosen and not is_skin else 0.12)
        if pose is not None and not self._soft(name):
            place(actor, pose.matrices.get(surface.info.moves_with))
        else:
            place(actor, None)
        if is_skin and not faded and name not in self._ends:
            self._make_ends(name, surface)

    def _faded(self, state: State, surface: PackSurface) -> bool:
        name = surface.info.entry
        # A hidden skin that is drawn is only lent; a painted area is never seen through.
        lent = name in state.hidden and self.lends_skin(state, name)
        return lent or (name in state.faded and role_of(surface.info) == "body")

    def _colour(self, surface: PackSurface, role: Role, *, chosen: bool) -> Rgb:
        entry = self.exploration.known.entries.get(surface.info.entry)
        colour = colour_of(entry, surface.info, self.theme)
        if not chosen or role != "body":
            return colour
        if isinstance(entry, Bone):
            return self.theme.selected_bone
        return mixed(colour, self.theme.selected_bone, CHOSEN_SHARE)

    def _texture(self, surface: PackSurface, role: Role, *, chosen: bool) -> vtkTexture | None:
        entry = self.exploration.known.entries.get(surface.info.entry)
        if surface.fibres is None or role != "body" or not isinstance(entry, Muscle | Ligament):
            return None
        key = (bare(surface.info.entry), chosen)
        if key not in self._textures:
            colour = self._colour(surface, role, chosen=chosen)
            tendons = isinstance(entry, Muscle)
            self._textures[key] = texture_of(streaks(colour, tendons=tendons))
        return self._textures[key]

    # Making ---------------------------------------------------------------------------------------

    def _make(self, name: str, surface: PackSurface) -> vtkActor:
        entry = self.exploration.known.entries.get(surface.info.entry)
        if isinstance(entry, Skin):
            sides = ~flat_ends(surface.surface)
            actor = skin_actor(compacted(surface.surface, sides))
            self._kept[name] = used_vertices(surface.surface, sides)
        elif role_of(surface.info) == "area":
            actor = area_actor(surface)
        else:
            actor = surface_actor(surface, self.streaked(name, surface))
        self.actors[name] = actor
        self.renderer.AddActor(actor)
        self._clip(actor)
        self._picker.add(actor, surface.info.entry)
        if isinstance(entry, Bone) and not self._soft(name):
            self._make_ghost(name, actor)
        return actor

    def streaked(self, name: str, surface: PackSurface) -> Floats | None:
        """Where each vertex lies in the picture of its fibres, worked out once."""
        if name not in self._streaked:
            self._streaked[name] = coordinates(surface)
        return self._streaked[name]

    def prepare(self) -> None:
        """Work out beforehand how all fibres run; arrays alone, so a thread may do it."""
        pack = self.exploration.pack
        for name, surface in list(pack.surfaces.items()) if pack is not None else []:
            self.streaked(name, surface)

    def _make_ends(self, name: str, surface: PackSurface) -> None:
        ends = flat_ends(surface.surface)
        if not ends.any():
            return
        actor = flat_actor(compacted(surface.surface, ends))
        self._kept[f"{name} ends"] = used_vertices(surface.surface, ends)
        actor.GetProperty().SetColor(*FAT)
        actor.SetPickable(False)
        self._ends[name] = actor
        self.renderer.AddActor(actor)
        self._clip(actor)

    def _make_ghost(self, name: str, actor: vtkActor) -> None:
        ghost = vtkActor()
        # A mapper of its own: one that two actors share shades both as the first of them asked for.
        ghost.SetMapper(plain_mapper(actor.GetMapper().GetInput()))
        ghost.SetShaderProperty(actor.GetShaderProperty())
        ghost.SetVisibility(False)
        ghost.SetPickable(False)
        ghost.GetProperty().SetOpacity(0.28)
        # Only its far side: where the bone still covers its old place, nothing is tinted.
        ghost.GetProperty().FrontfaceCullingOn()
        self._ghosts[name] = ghost
        self.renderer.AddActor(ghost)
        self._clip(ghost)

    def _draw_ghosts(self, shown: dict[str, PackSurface], pose: Pose | None) -> None:
        for name, ghost in self._ghosts.items():
            # At rest the ghost would only blotch the bone that covers it.
            moving = name in shown and pose is not None and self._apart(name, shown[name], pose)
            ghost.SetVisibility(moving and _ghost_of(name) not in self._covered)
            ghost.GetProperty().SetColor(*self.theme.accent)
        self._match_ghosts()

    def _match_ghosts(self) -> None:
        """A ghost is as detailed as its bone."""
        for name, ghost in self._ghosts.items():
            data = self.actors[name].GetMapper().GetInput()
            if ghost.GetMapper().GetInput() is not data:
                ghost.GetMapper().SetInputData(data)

    def _apart(self, name: str, surface: PackSurface, pose: Pose) -> bool:
        """Whether a bone is drawn away from where it is at rest."""
        matrix = pose.matrices.get(surface.info.moves_with)
        if matrix is None:
            return False
        if name not in self._middles:
            self._middles[name] = surface.surface.vertices.mean(axis=0)
        shift_mm = np.linalg.norm(displacement_mm(matrix, self._middles[name]))
        return bool(shift_mm > GHOST_FROM_MM) or angle_deg(matrix) > GHOST_FROM_DEG

    def rims(self, names: tuple[str, ...], pose: Pose | None) -> list[Floats]:
        """The borders of painted areas, where they are now."""
        pack = self.exploration.pack
        found: list[Floats] = []
        if pack is None:
            return found
        for name in names:
            surface = pack.surfaces[name]
            if role_of(surface.info) != "area":
                continue
            if name not in self._rims:
                self._rims[name] = rim_of(surface)
            matrix = pose.matrices.get(surface.info.moves_with) if pose else None
            pieces = self._rims[name]
            if matrix is not None:
                pieces = [piece @ matrix[:3, :3].T + matrix[:3, 3] for piece in pieces]
            found.extend(pieces)
        return found


def _ghost_of(name: str) -> str:
    """What the ghost of a bone is called among things that may be covered."""
    return f"{name} ghost"


def _corners(surface: PackSurface) -> Floats:
    """(8, 3) the corners of the box round a surface."""
    vertices = surface.surface.vertices
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return np.array(list(product(*zip(low, high, strict=True))))
