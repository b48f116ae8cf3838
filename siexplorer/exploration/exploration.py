"""One exploration: the model that every view follows and every control speaks to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import (
    Layer,
    Pattern,
    ReferralArea,
    Side,
    Structure,
    Technique,
    View,
    Voice,
)
from siexplorer.exploration.ball import (
    FIRST_POSITION,
    SkinMap,
    Verdict,
    made_map,
    nudged,
    over,
    position_pose,
    reached_now,
    skin_map,
    verdict,
)
from siexplorer.exploration.beneath import (
    Reached,
    Stack,
    body_of,
    made_body,
    reached,
    stack_along,
)
from siexplorer.exploration.catalog import Item, join, reshaped
from siexplorer.exploration.correcting import Correcting, corrected
from siexplorer.exploration.looks import (
    BODY,
    Look,
    Preset,
    apart,
    depth_of,
    depths_of,
    look_at_depth,
    look_key,
    look_of,
    nearest_way,
    preset_called,
    preset_of,
    spare_skins,
    worn,
)
from siexplorer.exploration.moving import Pose, pose
from siexplorer.exploration.placement import spot
from siexplorer.exploration.sections import reach_mm, seen_from, started
from siexplorer.exploration.state import (
    ON_SKIN,
    SKINS,
    Beside,
    Camera,
    Corrections,
    Mode,
    Perspective,
    Plane,
    Section,
    SkinKind,
    State,
)
from siexplorer.geometry.surface import Floats
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following

MOST_UNDO = 200

FIRST_FROM_PSIS_MM = np.array([56.0, 14.0, -22.0])
"""Outwards, backwards and up from the PSIS: where a tool lies before it is moved (design)."""


@dataclass(frozen=True, slots=True)
class Change:
    """The state went from ``before`` to ``after``; ``label`` says why, in the user's words."""

    before: State
    after: State
    label: str


@dataclass(frozen=True, slots=True)
class Pelvis:
    """A pelvis beside the one in use, what of it can be clicked, and its shape (see ``State``)."""

    pack: Pack
    items: dict[str, Item]
    shape: tuple[float, ...] = ()


class Exploration:
    """Holds what is known, the pelvis that is loaded, the state, and the way back.

    ``changed`` is emitted after every change of state, ``hovered`` with an id or None, ``loaded``
    once a pack is there, ``settled`` once more is worked out about the pelvis in its shape.

    ``as_found`` is the pack as it was read, ``pack`` the same in the shape of now. While a shape is
    ``rough``, its normals are the mean's and nothing slow should be begun on it.
    """

    changed = Signal(Change)
    hovered = Signal(object)
    loaded = Signal()
    settled = Signal()

    def __init__(self, known: Knowledge, pack: Pack | None = None) -> None:
        self.known = known
        self.as_found = self.pack = pack
        self.rough = False
        self.items: dict[str, Item] = join(known, pack)
        self._found_items = self.items
        self._found_following: Following | None = None
        self._following: Following | None = None
        self._posed: tuple[object, Pose | None] | None = None
        self._judged: tuple[object, Verdict] | None = None
        self._stacked: tuple[object, Stack] | None = None
        self._others: dict[str, Pelvis] = {}
        self.state = State()
        self.state = self._begun(self.state)
        self._undo: list[Change] = []
        self._redo: list[Change] = []
        self._open_label: str | None = None
        self._last_movement = ""
        self.correcting = Correcting(self)

    def load(self, known: Knowledge, pack: Pack | None) -> None:
        """Take the records and the pelvis once they are read."""
        before = self._start_look(self.state.skin)
        self.known = known
        self._take(pack)
        if Look(self.state.hidden, self.state.faded) == before:
            self.state = self._begun(self.state)
            # What was done before there was a model did not touch what it shows.
            for steps in (self._undo, self._redo):
                steps[:] = [
                    Change(self._begun(s.before), self._begun(s.after), s.label) for s in steps
                ]
        self.loaded.emit()

    def use(self, pack: Pack, corrections: Corrections = ()) -> None:
        """Take another pelvis. What is selected stays where it is shown there; undo starts anew.

        ``corrections`` are landmarks that were put right on it before.
        """
        self.correcting.finish()
        before = self.state
        self._take(pack)
        self.pack = corrected(pack, corrections)
        self.items = self._found_items = join(self.known, self.pack)
        self._others.clear()
        kept = replace(
            before,
            shape=(),
            selected=before.selected if before.selected in self.items else None,
            camera=None,
            beside=None,
            against=None,
            zone=None,
            reach=False,
            section=None,
            at=0.0,
            corrections=corrections,
        )
        kept = self._one_skin(self._begun(kept))
        self.state = replace(kept, ball=self._first() if kept.mode == "ball" else None)
        self.forget_history()
        self.loaded.emit()
        self.changed.emit(Change(before, self.state, "Use another pelvis"))

    def _take(self, pack: Pack | None) -> None:
        """Another pelvis, as it was read."""
        self.as_found = self.pack = pack
        self.rough = False
        self.items = self._found_items = join(self.known, pack)
        self._found_following = None
        self._forget()

    def _forget(self) -> None:
        """What was worked out on another shape or pelvis."""
        self._following, self._posed = None, None
        self._judged, self._stacked = None, None

    @property
    def other(self) -> Pelvis | None:
        """The pelvis in the second view, while two are compared."""
        return self._others.get(self.state.against or "")

    @property
    def every(self) -> dict[str, Item]:
        """What can be shown and hidden: while two pelves are compared, what either of them has."""
        return self._every(self.state)

    def _every(self, state: State) -> dict[str, Item]:
        other = self._others.get(state.against or "")
        if other is None:
            return self.items
        both = {**other.items, **self.items}
        return {name: both[name] for name in self.known.entries if name in both}

    def absent(self) -> list[str]:
        """What is shown of the other pelvis, while two are compared, and this one does not have."""
        other, hidden = self.other, self.state.hidden
        return [n for n in other.items if n not in self.items and n not in hidden] if other else []

    @property
    def following(self) -> "Following | None":
        """What follows the bones of the pelvis that is loaded; made when something first moves."""
        if self._following is None and self.pack is not None:
            from siexplorer.exploration.following import Following

            like = self._tied_as_found()
            if self.pack is self.as_found:
                self._following = like
            else:
                self._following = Following(
                    self.known, self.pack, like if self.state.shape else None
                )
        return self._following

    @following.setter
    def following(self, shared: "Following | None") -> None:
        """Share what another exploration of the same pelvis has worked out."""
        self._following = shared

    def _tied_as_found(self) -> "Following | None":
        """What follows the bones of the mean, which is tied alike in every shape."""
        from siexplorer.exploration.following import Following

        if self._found_following is None and self.as_found is not None:
            self._found_following = Following(self.known, self.as_found)
        return self._found_following

    # Changing what is shown -----------------------------------------------------------------------

    def apply(self, label: str, *, merge: bool = False, **changes: Any) -> None:
        """Change fields of the state. ``merge`` lets a run of the same label be one undo step."""
        before = self.state
        after = self._one_skin(replace(before, **changes))
        if after == before:
            return
        if merge and self._open_label == label and self._undo:
            started = self._undo.pop().before
            if started == after:
                # Back where the run began: there is nothing left of it to undo.
                merge = False
            else:
                self._undo.append(Change(started, after, label))
        else:
            self._undo.append(Change(before, after, label))
            del self._undo[:-MOST_UNDO]
        self._open_label = label if merge else None
        self._redo.clear()
        self._go(Change(before, after, label))

    def pause_merging(self) -> None:
        """The next merged change starts an undo step of its own (a drag or a run has ended)."""
        self._open_label = None

    def forget_history(self) -> None:
        """What is so far is the start: there is nothing to undo before it."""
        self._undo.clear()
        self._redo.clear()
        self._open_label = None

    def undo(self) -> str | None:
        """Take the last change back; returns its label, or None if there is none."""
        return self._step(self._undo, self._redo, back=True)

    def redo(self) -> str | None:
        """Do the change again that was taken back."""
        return self._step(self._redo, self._undo, back=False)

    @property
    def undo_label(self) -> str | None:
        """What undo would take back."""
        return self._undo[-1].label if self._undo else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again."""
        return self._redo[-1].label if self._redo else None

    def _step(self, source: list[Change], target: list[Change], *, back: bool) -> str | None:
        if not source:
            return None
        change = source.pop()
        target.append(change)
        self._open_label = None
        self._go(Change(self.state, change.before if back else change.after, change.label))
        return change.label

    def _go(self, change: Change) -> None:
        """Be in the state after a change, and say so."""
        self.state = change.after
        if change.before.corrections != change.after.corrections:
            self._take_corrections()
        if change.before.shape != change.after.shape:
            self._take_shape()
        self.correcting.follow(change)
        self.changed.emit(change)

    def _take_corrections(self) -> None:
        """Landmarks lie where they were put by hand, and what is worked out from them follows."""
        if self.as_found is None:
            return
        before = self.items
        self.pack = corrected(self.as_found, self.state.corrections)
        moved = {
            name: replace(item, points=points, anchor=points[len(points) // 2])
            for name, points in self.pack.landmarks.items()
            if (item := before.get(name)) is not None and item.points is not points
        }
        self.items = {name: moved.get(name, item) for name, item in before.items()}
        # What soft tissue follows are the surfaces, which no landmark changes.
        if self._following is not None:
            self._following.pack = self.pack
        self._posed = self._judged = self._stacked = None

    def _take_shape(self) -> None:
        """The pelvis takes the shape that the state asks for."""
        if self.as_found is None:
            return
        from siexplorer.exploration.shaping import is_exact, shaped

        shape = self.state.shape
        self.pack, self.rough = shaped(self.as_found, shape), not is_exact(self.as_found, shape)
        self.items = self._found_items
        if shape:
            self.items = reshaped(self._found_items, self.as_found, self.pack)
        self._forget()

    # The shape ------------------------------------------------------------------------------------

    def set_shape(self, shape: Sequence[float], *, merge: bool = False) -> None:
        """Give the built-in pelvis another shape: weights of the model's modes; none, the mean. A
        run is one undo step. The ball goes along with the skin.

        Raises
        ------
        ValueError
            If the model has no such shape, or this pelvis none.
        PackError
            If the shape model is missing or broken.
        """
        from siexplorer.exploration.shaping import can_be_shaped, fault_of, shaped, tidy

        if self.as_found is None or not can_be_shaped(self.as_found):
            raise ValueError("only the built-in pelvis has other shapes")
        wanted = tidy(shape)
        fault = fault_of(wanted)
        if fault:
            raise ValueError(fault)
        ball = self._carried_ball(shaped(self.as_found, wanted))
        label = "Shape" if any(wanted) else "Shape: the mean"
        self.apply(label, merge=merge, shape=wanted, ball=ball)

    def _carried_ball(self, pack: Pack) -> tuple[float, float, float] | None:
        """Where the ball lies once the pelvis is another: it goes with the skin below it."""
        ball, name = self.state.ball, f"skin-{self.state.skin}"
        if ball is None or self.pack is None or name not in self.pack.surfaces:
            return ball
        here = drawn = self.pack.surfaces[name].surface.vertices
        pose, following = self._held(), self.following
        if pose is not None and following is not None and following.ready(name) is not None:
            drawn = following.bent(name, pose)
        nearest = int(np.linalg.norm(drawn - np.array(ball), axis=1).argmin())
        goes = pack.surfaces[name].surface.vertices[nearest] - here[nearest]
        x, y, z = np.round(np.array(ball) + goes, 2)
        return float(x), float(y), float(z)

    def settle(self) -> None:
        """Work out what was left out while the shape changed; arrays alone, so a thread may. What
        is asked for meanwhile goes on with the rough shape.
        """
        if not self.rough or self.as_found is None or self.pack is None:
            return
        from siexplorer.exploration.shaping import made_exact

        shape, rough = self.state.shape, self.pack
        exact = made_exact(self.as_found, shape, rough)
        if self.state.shape == shape and self.pack is rough:
            self.pack, self.rough = exact, False
            self._forget()

    def make_movable(self, *, ready: bool = False) -> None:
        """Find out how much room the SI joints of a shape have, so that their motion can be
        magnified, and how its muscles give way to bone; in about three seconds, and arrays alone,
        so a thread may. ``ready`` ties everything at once, in some seconds more.
        """
        pack, mean = self.pack, self.as_found
        if pack is None or mean is None or pack is mean or self.rough or pack.si_room:
            return
        from siexplorer.exploration.following import Following
        from siexplorer.exploration.shaping import room_in

        following = Following(self.known, pack, self._tied_as_found(), yields=True)
        if ready:
            following.prepare()
        pack.si_room = room_in(mean, pack)
        if self.pack is pack:
            self._following, self._posed = following, None

    # What a person does ---------------------------------------------------------------------------

    def select(self, name: str | None) -> None:
        """Select an entry, or nothing. A hidden one is shown again.

        Raises
        ------
        KeyError
            If there is no such entry.
        """
        if name is None:
            if self.state.selected is not None:
                self.apply("Clear the selection", selected=None)
            return
        entry = self.known.entries[name]
        shown = self.state.hidden - self._shown_with(name)
        guide = self.state.guide if self.state.mode == "follow" else None
        self.apply(f"Select {entry.name}", selected=name, hidden=shown, zone=None, guide=guide)

    def visit(self, name: str) -> None:
        """Select an entry, show it, and look where it is seen best; or go to a movement.

        Raises
        ------
        KeyError
            If there is nothing of that id.
        """
        if name in self.known.movements:
            self.set_movement(name)
            return
        if name in self.known.guides:
            self.read(name)
            return
        entry = self.known.entries[name]
        shown = self.state.hidden - self._shown_with(name)
        self.apply(
            f"Go to {entry.name}",
            selected=name,
            hidden=shown,
            view=entry.view,
            camera=None,
            zone=None,
            guide=self.state.guide if self.state.mode == "follow" else None,
        )

    def hide(self, name: str) -> None:
        """Hide one entry; it is no longer selected."""
        selected = None if self.state.selected == name else self.state.selected
        self.apply(
            f"Hide {self.name_of(name)}", hidden=self.state.hidden | {name}, selected=selected
        )

    def show(self, name: str) -> None:
        """Show one entry again."""
        self.apply(f"Show {self.name_of(name)}", hidden=self.state.hidden - {name})

    def set_hidden(self, names: frozenset[str], label: str) -> None:
        """Hide exactly these entries."""
        selected = None if self.state.selected in names else self.state.selected
        self.apply(label, hidden=names, selected=selected)

    def isolate(self, name: str) -> None:
        """Hide everything except one entry and the bone it lies on."""
        keep = {name} | self._shown_with(name)
        self.apply(
            f"Show only {self.name_of(name)}",
            hidden=frozenset(self.every) - keep,
            selected=name,
        )

    def restore_hidden(self) -> None:
        """Go back to what is shown at the start: bones in a translucent body."""
        start = self._start_look(self.state.skin)
        selected = None if self.state.selected in start.hidden else self.state.selected
        self.apply("Restore", hidden=start.hidden, faded=start.faded, selected=selected)

    def changed_by_hand(self) -> frozenset[str]:
        """What is hidden, shown or faded otherwise than in the look that comes nearest."""
        items, skin = self.every, self.state.skin
        now = Look(self.state.hidden, self.state.faded)
        return apart(now, worn(items, nearest_way(items, now, skin), skin))

    def at_start(self) -> bool:
        """Whether all is shown as at the start."""
        return Look(self.state.hidden, self.state.faded) == self._start_look(self.state.skin)

    def restore_words(self) -> str:
        """What the command to restore is called, with how much a person changed by hand."""
        count = len(self.changed_by_hand())
        say = self.known.say
        return say("restore_hidden", count=count) if count else say("restore")

    def set_depth(self, depth: Layer) -> None:
        """Take away what lies above a depth; a run of them is one undo step."""
        look = look_at_depth(self.every, depth, self.state.skin)
        self._wear("Peel", look, merge=True)

    def step_depth(self, by: int) -> None:
        """Peel off one more layer, or lay one back on; from another look, start at the outside."""
        found, now = depths_of(self.every), self.depth()
        if not found:
            return
        at = 0 if now is None else min(len(found) - 1, max(0, found.index(now) + by))
        self.set_depth(found[at])

    def depth(self) -> Layer | None:
        """The depth that is shown, or None where the parts were chosen otherwise."""
        look = Look(self.state.hidden, self.state.faded)
        return depth_of(self.every, look, self.state.skin)

    def set_preset(self, name: str) -> None:
        """Show a ready-made look, from where it is seen best.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        preset = preset_called(name)
        view: dict[str, Any] = {"view": preset.view, "camera": None} if preset.view else {}
        look = look_of(self.every, preset, self.state.skin)
        self._wear(self.known.say(look_key(name)), look, **view)

    def preset(self) -> Preset | None:
        """The ready-made look that is shown, or None."""
        look = Look(self.state.hidden, self.state.faded)
        return preset_of(self.every, look, self.state.skin)

    def set_skin(self, skin: SkinKind) -> None:
        """Choose the body around the bones; it is hidden or faded as the other was."""
        was = frozenset(self.every) & {f"skin-{self.state.skin}"}
        now = frozenset(self.every) & {f"skin-{skin}"}
        hidden = (self.state.hidden | was) - now
        if was & self.state.hidden:
            hidden |= now
        faded = self.state.faded - was - now
        if was & self.state.faded:
            faded |= was | now
        selected = None if self.state.selected in was else self.state.selected
        self.apply(
            f"{skin.capitalize()} body", hidden=hidden, faded=faded, skin=skin, selected=selected
        )

    def set_attachments(self, *, shown: bool) -> None:
        """Paint where every muscle and ligament holds on to the bones, or only the selected one."""
        self.apply("Attachment areas", attachments=shown)

    def set_referral(self, *, shown: bool) -> None:
        """Draw where pain from the selected thing is reported, or not."""
        self.apply("Referral areas", referral=shown)

    def refers(self, name: str | None) -> bool:
        """Whether referral areas are known for an entry."""
        entry = self.known.entries.get(name or "")
        return isinstance(entry, Structure) and bool(entry.referral_areas)

    def painted(self) -> tuple[list[ReferralArea], Side]:
        """The referral areas that are drawn, and on which side: those of the pattern that is read,
        else those of what is selected, if they are asked for.
        """
        state, entry = self.state, self.known.entries.get(self.state.selected or "")
        guide = self.known.guides.get(state.guide or "")
        if isinstance(guide, Pattern):
            return guide.areas, "left"
        if state.referral and isinstance(entry, Structure):
            return entry.referral_areas, entry.side
        return [], "midline"

    def set_section(self, plane: Plane | None) -> None:
        """Cut along a plane and look on to the cut; None makes the body whole again."""
        if plane is None:
            self.apply("Whole again", section=None)
            return
        section = started(plane)
        self.apply(f"Cut: {plane}", section=section, view=seen_from(section), camera=None)

    def move_section(
        self,
        at_mm: float | None = None,
        turn_deg: float | None = None,
        tilt_deg: float | None = None,
    ) -> None:
        """Move or turn the plane; a run of it is one undo step. Kept within the body."""
        section = self.state.section
        if section is None:
            return
        turned = replace(
            section,
            turn_deg=section.turn_deg if turn_deg is None else turn_deg,
            tilt_deg=section.tilt_deg if tilt_deg is None else tilt_deg,
        )
        low, high = reach_mm(self.pack, turned)
        at = min(high, max(low, section.at_mm if at_mm is None else at_mm))
        self.apply("Move the cut", merge=True, section=replace(turned, at_mm=at))

    def flip_section(self) -> None:
        """Take the other side away, and look from there."""
        if self.state.section is not None:
            flipped = replace(self.state.section, flipped=not self.state.section.flipped)
            self.apply("Flip the cut", section=flipped, view=seen_from(flipped), camera=None)

    def place_section(self, section: Section) -> None:
        """Cut exactly there."""
        self.apply(f"Cut: {section.plane}", section=section, view=seen_from(section), camera=None)

    def fade(self, name: str, *, faded: bool) -> None:
        """Let one entry be seen through, or not."""
        names = self.state.faded | {name} if faded else self.state.faded - {name}
        word = "Fade" if faded else "Make solid"
        self.apply(f"{word} {self.name_of(name)}", faded=names)

    def look(self, view: View) -> None:
        """Turn to a fixed view."""
        self.apply(f"View from {view}", view=view, camera=None)

    def look_freely(self, camera: Camera) -> None:
        """Remember a free turn, pan or zoom; a run of them is one undo step."""
        self.apply("Turn the view", merge=True, camera=camera)

    def set_mode(self, mode: Mode) -> None:
        """Explore, move, or place a ball; nothing happens where one already is.

        Moving starts with the movement last chosen, on the side of what is selected. Moving and the
        ball map have cards of their own, so the selection is cleared for them.
        """
        if mode == self.state.mode:
            return
        words = {
            "explore": "Explore",
            "move": "Move",
            "ball": "Place a ball",
            "follow": "Follow a technique",
        }
        changes: dict[str, Any] = {
            **(self._alone() if mode in ON_SKIN else {}),
            "mode": mode,
            "movement": None,
            "beside": None,
            "at": 0.0,
            "zone": None,
            "guide": None,
        }
        if mode == "move" and self.known.movements:
            movement = self.known.movements[self._movement_for_now()]
            changes |= {"movement": movement.id, "view": movement.view, "camera": None}
        if mode == "ball":
            changes |= {"view": "back", "camera": None, "ball": self.state.ball or self._first()}
        if mode == "follow":
            first = self._technique_for_now()
            if first is None:
                return
            changes |= self._shown_technique(first)
        if mode != "explore":
            changes["selected"] = None
        self.apply(words[mode], **changes)

    def _first(self) -> tuple[float, float, float] | None:
        """Where the tool lies at first: in the flesh beside the PSIS of the selected side."""
        selected = self.known.entries.get(self.state.selected or "")
        side = "right" if selected is not None and selected.side == "right" else "left"
        psis = self.pack.landmarks.get(f"{side}-psis") if self.pack is not None else None
        if psis is None:
            return None
        x, y, z = psis[0] + FIRST_FROM_PSIS_MM * [1.0 if side == "left" else -1.0, 1.0, 1.0]
        return float(x), float(y), float(z)

    def _movement_for_now(self) -> str:
        """The movement last chosen, or the first; of the selected side where it has one."""
        known = self.known.movements
        name = self._last_movement if self._last_movement in known else next(iter(known))
        selected = self.known.entries.get(self.state.selected or "")
        if selected is not None and selected.side != "midline":
            twin = f"{selected.side}-{name.split('-', 1)[1]}"
            name = twin if twin in known else name
        return name

    def set_movement(self, name: str) -> None:
        """Choose a movement, at its start."""
        movement = self.known.movements[name]
        self._last_movement = name
        self.apply(
            movement.lay_name,
            mode="move",
            movement=name,
            beside=None,
            at=0.0,
            view=movement.view,
            camera=None,
            selected=None,
        )

    def set_moment(self, at: float, *, part_of: str = "") -> None:
        """Go to a moment of the movement, 0 to 1; a run of them is one undo step, and so is a run
        that is ``part_of`` a change of that label.
        """
        self.apply(part_of or "Move in time", merge=True, at=min(1.0, max(0.0, at)))

    def set_magnification(self, factor: float) -> None:
        """How many times larger than life the movement is drawn, 1 to 10."""
        self.apply("Magnify", merge=True, magnification=min(10.0, max(1.0, factor)))

    def show_step(self, number: int, *, at: float | None = None) -> None:
        """Show a step of the movement's lesson: its moment, from its view, with its look.

        ``at`` is the moment to show instead, for a player that runs to the step's own; its moments
        may be part of this change.

        Raises
        ------
        IndexError
            If the movement has no such step.
        """
        movement = self.known.movements.get(self.state.movement or "")
        if movement is None:
            return
        step = movement.steps[number]
        changes: dict[str, Any] = {"at": step.at if at is None else at, "zone": None}
        if step.look:
            look = look_of(self.every, preset_called(step.look), self.state.skin)
            changes |= {"hidden": look.hidden, "faded": look.faded}
        if step.factor is not None:
            changes["magnification"] = step.factor
        there = step.select in self.every
        changes["selected"] = step.select if there else None
        if there:
            hidden = changes.get("hidden", self.state.hidden)
            changes["hidden"] = hidden - self._shown_with(step.select)
        self.pause_merging()
        self.apply(step.title, merge=True, view=step.view, camera=None, **changes)

    def step_number(self) -> int | None:
        """Which step of the lesson the moment belongs to, or None while nothing moves."""
        movement = self.known.movements.get(self.state.movement or "")
        if movement is None or not movement.steps:
            return None
        begun = [n for n, step in enumerate(movement.steps) if step.at <= self.state.at + 1e-9]
        return max(begun, default=0)

    def compare(self, movement: str | None, magnification: float | None = None) -> None:
        """Show another movement, or another magnification, in a second view; None closes it.

        Raises
        ------
        KeyError
            If there is no such movement.
        """
        if movement is None:
            self.apply("End the comparison", **self._alone())
            return
        beside = self.known.movements[movement]
        factor = self.state.magnification if magnification is None else magnification
        factor = min(10.0, max(1.0, factor))
        changes = self._alone() | {"beside": Beside(movement, factor)}
        self.apply(f"Compare with {beside.lay_name}", **changes)

    def compare_with(self, pack: Pack) -> None:
        """Show another pelvis in a second view, as much of it as is shown of this one. A tool lies
        on one pelvis alone, so with it one explores.
        """
        key = self._keep_for_second(pack)
        other, state, alone = self._others[key].items, self.state, self._alone()
        way = nearest_way(self.items, Look(alone["hidden"], alone["faded"]), state.skin)
        look, new = worn(other, way, state.skin), frozenset(other) - frozenset(self.items)
        changes = alone | {
            "against": key,
            "hidden": alone["hidden"] | (look.hidden & new),
            "faded": alone["faded"] | (look.faded & new),
            "zone": None,
            "guide": None if state.on_skin else state.guide,
            "mode": "explore" if state.on_skin else state.mode,
        }
        self.apply(f"Compare with {pack.info.title}", **changes)

    def _keep_for_second(self, pack: Pack) -> str:
        """The key of a pelvis among those that the state, undo and redo speak of; others go."""
        steps = [*self._undo, *self._redo]
        spoken = {self.state.against, *(one.against for s in steps for one in (s.before, s.after))}
        self._others = {key: one for key, one in self._others.items() if key in spoken}
        for key, one in self._others.items():
            if one.pack is pack:
                return key
        key, number = pack.info.id, 1
        while key in self._others:
            number += 1
            key = f"{pack.info.id}-{number}"
        shape = self.state.shape if pack is self.pack else ()
        self._others[key] = Pelvis(pack, join(self.known, pack), shape)
        return key

    def _alone(self) -> dict[str, Any]:
        """The changes that leave a single view: what only the other pelvis has goes with it."""
        state, own = self.state, frozenset(self.items)
        gone = frozenset(self.every) - own
        return {
            "beside": None,
            "against": None,
            "hidden": state.hidden - gone,
            "faded": state.faded - gone,
            "selected": None if state.selected in gone else state.selected,
        }

    def set_voice(self, voice: Voice) -> None:
        """Plain words, a student's, or a clinician's."""
        self.apply(f"Wording: {voice}", voice=voice)

    def set_perspective(self, perspective: Perspective) -> None:
        """Whose left and right the words speak of first. Never turns the anatomy."""
        self.apply("Whose body", perspective=perspective)

    def read_zone(self, name: str | None) -> None:
        """Read about one rule of the ball map, or about the map as a whole."""
        rule = self.known.zones.get(name or "")
        words = rule.lay_name if rule is not None else "The whole map"
        self.apply(words, zone=name, selected=None)

    # What is taught -------------------------------------------------------------------------------

    def read(self, name: str) -> None:
        """Read about something that is taught, and see it on the model: a technique where its tool
        lies, anything else by what pictures it.

        Raises
        ------
        KeyError
            If nothing of that id is taught.
        """
        guide = self.known.guides[name]
        if isinstance(guide, Technique):
            self.apply(guide.lay_name, mode="follow", **self._shown_technique(guide))
            return
        changes: dict[str, Any] = {"view": guide.view, "camera": None}
        if guide.look:
            look = look_of(self.every, preset_called(guide.look), self.state.skin)
            changes |= {"hidden": look.hidden, "faded": look.faded}
        hidden = changes.get("hidden", self.state.hidden)
        for shown in guide.shows:
            if shown in self.every:
                hidden -= self._shown_with(shown)
        changes |= {"mode": "explore", "movement": None, "beside": None, "at": 0.0, "zone": None}
        self.apply(guide.lay_name, **changes | {"hidden": hidden, "guide": name, "selected": None})

    def lay_tool(self, place: int = 0) -> None:
        """Lay the tool of the technique that is shown on one of its places, if the map is there."""
        guide, on = self.technique(), self.skin_map()
        tool, position = (
            self.known.tools.get(self.state.tool),
            self.known.positions.get(self.state.position),
        )
        if guide is None or on is None or self.pack is None or tool is None or position is None:
            return
        places = [one for one in guide.places if one.zone]
        if not places or not guide.tools:
            return
        one = places[min(place, len(places) - 1)]
        found = spot(self.known, self.pack, on, one, tool, position)
        if found is not None:
            x, y, z = (round(float(value), 2) for value in found)
            self.apply("Lay the tool", merge=True, ball=(x, y, z))

    def tool_at_rest(self) -> Floats | None:
        """Where the tool lies (3,) on the body as it stands, whatever position is shown: the same
        place of the skin.
        """
        on, whole, ball = self.skin_map(), self.map_at_rest(), self.state.ball
        if on is None or whole is None or ball is None:
            return None
        nearest = int(np.linalg.norm(on.grid.points - np.array(ball), axis=1).argmin())
        return np.asarray(whole.grid.points[nearest])

    def map_at_rest(self, *, wait: bool = False) -> SkinMap | None:
        """The ball map of the skin as it stands, if it is there; ``wait`` for it.

        Raises
        ------
        ZoneError
            If it cannot be made (only with ``wait``).
        """
        standing = self.known.positions.get(FIRST_POSITION)
        if self.pack is None or standing is None:
            return None
        if wait:
            return skin_map(self.known, self.pack, self.state.skin, standing, self.following)
        return made_map(self.known, self.pack, self.state.skin, standing)

    def technique(self) -> Technique | None:
        """The technique that is shown, or None."""
        guide = self.known.guides.get(self.state.guide or "")
        return guide if isinstance(guide, Technique) and self.state.mode == "follow" else None

    def _technique_for_now(self) -> Technique | None:
        """The technique to begin with: the first, on the side of what is selected."""
        techniques = self.known.of_kind(Technique)
        selected = self.known.entries.get(self.state.selected or "")
        side = "right" if selected is not None and selected.side == "right" else "left"
        own = [one for one in techniques.values() if one.side == side]
        return next(iter(own or techniques.values()), None)

    def _shown_technique(self, one: Technique) -> dict[str, Any]:
        """The state that shows a technique: its body, its tool, its place once the map is there."""
        position = one.position if one.position in self.known.positions else FIRST_POSITION
        tool = next((name for name in one.tools if name in self.known.tools), self.state.tool)
        return self._alone() | {
            "guide": one.id,
            "position": position,
            "tool": tool,
            "ball": None,
            "view": one.view,
            "camera": None,
            "movement": None,
            "at": 0.0,
            "zone": None,
            "selected": None,
        }

    # The ball -------------------------------------------------------------------------------------

    def set_tool(self, name: str) -> None:
        """Choose what presses.

        Raises
        ------
        KeyError
            If there is no such tool.
        """
        self.apply(self.known.tools[name].name, tool=name, zone=None)

    def set_position(self, name: str) -> None:
        """Choose how the body stands or lies.

        Raises
        ------
        KeyError
            If there is no such position.
        """
        self.apply(self.known.positions[name].name, position=name, zone=None)

    def place_ball(self, point: Floats, *, merge: bool = False) -> None:
        """Lay the tool on the skin at the place nearest to a point (3,); a run is one undo step."""
        on = self.skin_map()
        place = point if on is None else on.searched.nearest(np.asarray(point, dtype=float))[0]
        x, y, z = (round(float(value), 2) for value in place)
        self.apply("Move the ball", merge=merge, ball=(x, y, z), zone=None, selected=None)

    def place_ball_on(self, name: str) -> bool:
        """Lay the tool on the skin above an entry; False where it has no place on this body."""
        item, on = self.items.get(name), self.skin_map()
        if item is None or on is None:
            return False
        place = over(on, item.anchor_in(self.pose()), item.entry.view)
        side = f" on the {item.entry.side}" if item.entry.side != "midline" else ""
        x, y, z = (round(float(value), 2) for value in place)
        self.apply(f"Ball over {item.entry.name}{side}", ball=(x, y, z), zone=None)
        return True

    def nudge_ball(self, right_mm: float, up_mm: float) -> None:
        """Move the tool over the skin, as seen by who looks on to it; a run is one undo step."""
        on = self.skin_map()
        if on is not None and self.state.ball is not None:
            place = np.array(self.state.ball)
            self.place_ball(nudged(on, place, right_mm, up_mm), merge=True)

    def set_reach(self, *, shown: bool) -> None:
        """Dot the skin from which what is selected is reached, or not."""
        self.apply("From where it is reached", reach=shown)

    def reached(self) -> Reached | None:
        """From where on the skin what is selected is reached, if that is asked for."""
        on, state = self.skin_map(), self.state
        if on is None or self.pack is None or not (state.reach and state.on_skin):
            return None
        if not reached_now(self.known, self.pack, state.selected):
            return None
        position = self.known.positions[state.position]
        return reached(self.known, self.pack, on, position, str(state.selected), self.following)

    def skin_map(self, *, wait: bool = False) -> SkinMap | None:
        """The ball map of the skin and position that are shown, if it is there; ``wait`` for it.

        Raises
        ------
        ZoneError
            If it cannot be made (only with ``wait``).
        """
        position = self.known.positions.get(self.state.position)
        if self.pack is None or position is None:
            return None
        skin = self.state.skin
        if wait:
            return skin_map(self.known, self.pack, skin, position, self.following)
        return made_map(self.known, self.pack, skin, position)

    def verdict(self) -> Verdict | None:
        """What the rules say of the tool where it rests, or None where there is none."""
        on, state = self.skin_map(), self.state
        if on is None or not state.on_skin or state.ball is None:
            return None
        key = (id(on), state.tool, state.ball)
        if self._judged is None or self._judged[0] != key:
            tool, position = self.known.tools[state.tool], self.known.positions[state.position]
            found = verdict(self.known, on, tool, position, np.array(state.ball))
            self._judged = key, found
        return self._judged[1]

    def stack(self, *, wait: bool = False) -> Stack | None:
        """What lies beneath the tool; None where there is none, or while the inside of the body is
        not worked out yet (``wait`` for it).
        """
        found, on = self.verdict(), self.skin_map()
        if found is None or on is None or self.pack is None:
            return None
        key = (id(on), self.state.ball)
        if self._stacked is None or self._stacked[0] != key:
            position = self.known.positions[self.state.position]
            if wait:
                body_of(self.known, self.pack, position, self.following)
            body = made_body(self.pack, position)
            if body is None:
                return None
            place, inwards = found.contact.place, -found.contact.normal
            self._stacked = key, stack_along(self.known, self.pack, on, body, place, inwards)
        return self._stacked[1]

    def hover(self, name: str | None) -> None:
        """Say what lies under the pointer. Not part of the state."""
        self.hovered.emit(name)

    # What follows from the state ------------------------------------------------------------------

    def pose(self) -> Pose | None:
        """Where the bones are now, or None while nothing moves."""
        if self.pack is None:
            return None
        if self.state.on_skin:
            return self._held()
        if self.state.movement is None:
            return None
        movement = self.known.movements.get(self.state.movement)
        if movement is None or not self.pack.centres:
            return None
        # Several views ask for the same moment.
        key = (id(self.pack), id(movement), self.state.at, self.state.magnification)
        if self._posed is None or self._posed[0] != key:
            try:
                found = pose(self.pack, movement, self.state.at, self.state.magnification)
            except (ValueError, KeyError):
                # A record that asks for more than was ever measured is not played, nor is any on a
                # pelvis without the landmarks that its joints are found from; check names them.
                found = None
            self._posed = key, found
        return self._posed[1]

    def _held(self) -> Pose | None:
        """Where the bones are in the position of the ball mode."""
        position = self.known.positions.get(self.state.position)
        if self.pack is None or position is None or position.id == FIRST_POSITION:
            return None
        try:
            return position_pose(self.pack, position)
        except (KeyError, ValueError):
            # A pack without joint centres, or a record beyond what was measured: check names it.
            return None

    def name_of(self, name: str) -> str:
        """The entry's name, or its id where it is not known."""
        entry = self.known.entries.get(name)
        return entry.name if entry else name

    def visible(self, name: str) -> bool:
        """Whether an entry is shown: neither hidden itself, nor a mark on a bone that is hidden.

        What is selected stays marked even when its bone is away.
        """
        if name in self.state.hidden:
            return False
        item = self.items.get(name)
        if item is None or name == self.state.selected or not len(item.points):
            return True
        return item.moves_with not in self.state.hidden

    def _start_look(self, skin: SkinKind) -> Look:
        return look_of(self.every, BODY, skin)

    def _begun(self, state: State) -> State:
        start = self._start_look(state.skin)
        return replace(state, hidden=start.hidden, faded=start.faded)

    def _wear(self, label: str, look: Look, *, merge: bool = False, **changes: Any) -> None:
        selected = None if self.state.selected in look.hidden else self.state.selected
        self.apply(
            label, merge=merge, hidden=look.hidden, faded=look.faded, selected=selected, **changes
        )

    def _one_skin(self, state: State) -> State:
        """Of the two skins one at most is shown: the one that was asked for last."""
        found: dict[SkinKind, str] = {kind: f"skin-{kind}" for kind in SKINS}
        items = self._every(state)
        shown = {kind for kind, name in found.items() if name in items and name not in state.hidden}
        newly = {kind for kind in shown if found[kind] in self.state.hidden}
        asked = newly or shown
        kind = state.skin if state.skin in asked or not asked else asked.pop()
        hidden = state.hidden | spare_skins(items, kind)
        if state.selected in hidden and state.selected not in state.hidden:
            state = replace(state, selected=None)
        return replace(state, hidden=hidden, skin=kind)

    def _shown_with(self, name: str) -> frozenset[str]:
        """The entry and the bones that it lies on."""
        found = {name}
        for pack, items in self._pelves():
            if name in items:
                parts = (pack.surfaces[part] for part in items[name].surfaces)
                found |= {items[name].moves_with, *(part.info.moves_with for part in parts)}
        return frozenset(found)

    def _pelves(self) -> list[tuple[Pack, dict[str, Item]]]:
        other = self._others.get(self.state.against or "")
        found = [] if self.pack is None else [(self.pack, self.items)]
        return found if other is None else [*found, (other.pack, other.items)]
