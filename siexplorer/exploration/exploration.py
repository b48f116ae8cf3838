"""One exploration: the model that every view follows and every control speaks to."""

from dataclasses import dataclass, replace
from typing import Any

from psygnal import Signal

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import View, Voice
from siexplorer.exploration.catalog import Item, join
from siexplorer.exploration.moving import Pose, pose
from siexplorer.exploration.state import Camera, Mode, Perspective, State
from siexplorer.packs.pack import Pack

MOST_UNDO = 200


@dataclass(frozen=True, slots=True)
class Change:
    """The state went from ``before`` to ``after``; ``label`` says why, in the user's words."""

    before: State
    after: State
    label: str


class Exploration:
    """Holds what is known, the pelvis that is loaded, the state, and the way back.

    ``changed`` is emitted after every change of state, ``hovered`` with an id or None, ``loaded``
    once a pack is there.
    """

    changed = Signal(Change)
    hovered = Signal(object)
    loaded = Signal()

    def __init__(self, known: Knowledge, pack: Pack | None = None) -> None:
        self.known = known
        self.pack = pack
        self.items: dict[str, Item] = join(known, pack)
        self.state = State()
        self._undo: list[Change] = []
        self._redo: list[Change] = []
        self._open_label: str | None = None
        self._last_movement = ""

    def load(self, known: Knowledge, pack: Pack | None) -> None:
        """Take the records and the pelvis once they are read."""
        self.known, self.pack, self.items = known, pack, join(known, pack)
        self.loaded.emit()

    # Changing what is shown -----------------------------------------------------------------------

    def apply(self, label: str, *, merge: bool = False, **changes: Any) -> None:
        """Change fields of the state. ``merge`` lets a run of the same label be one undo step."""
        after = replace(self.state, **changes)
        if after == self.state:
            return
        before = self.state
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
        self.state = after
        self.changed.emit(Change(before, after, label))

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
        now, self.state = self.state, change.before if back else change.after
        self._open_label = None
        self.changed.emit(Change(now, self.state, change.label))
        return change.label

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
        self.apply(f"Select {entry.name}", selected=name, hidden=shown, zone=None)

    def visit(self, name: str) -> None:
        """Select an entry, show it, and look where it is seen best; or go to a movement.

        Raises
        ------
        KeyError
            If there is neither an entry nor a movement of that id.
        """
        if name in self.known.movements:
            self.set_movement(name)
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
            hidden=frozenset(self.items) - keep,
            selected=name,
        )

    def restore_hidden(self) -> None:
        """Show everything that was hidden."""
        self.apply("Restore hidden", hidden=frozenset())

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
        words = {"explore": "Explore", "move": "Move", "ball": "Place a ball"}
        changes: dict[str, Any] = {"mode": mode, "movement": None, "at": 0.0, "zone": None}
        if mode == "move" and self.known.movements:
            movement = self.known.movements[self._movement_for_now()]
            changes |= {"movement": movement.id, "view": movement.view, "camera": None}
        if mode == "ball":
            changes |= {"view": "back", "camera": None}
        if mode != "explore":
            changes["selected"] = None
        self.apply(words[mode], **changes)

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
            at=0.0,
            view=movement.view,
            camera=None,
            selected=None,
        )

    def set_moment(self, at: float) -> None:
        """Go to a moment of the movement, 0 to 1; a run of them is one undo step."""
        self.apply("Move in time", merge=True, at=min(1.0, max(0.0, at)))

    def set_magnification(self, factor: float) -> None:
        """How many times larger than life the movement is drawn, 1 to 10."""
        self.apply("Magnify", merge=True, magnification=min(10.0, max(1.0, factor)))

    def set_voice(self, voice: Voice) -> None:
        """Plain words, a student's, or a clinician's."""
        self.apply(f"Wording: {voice}", voice=voice)

    def set_perspective(self, perspective: Perspective) -> None:
        """Whose left and right the words speak of first. Never turns the anatomy."""
        self.apply("Whose body", perspective=perspective)

    def read_zone(self, name: str | None) -> None:
        """Read about one rule of the ball map, or about the map as a whole."""
        words = self.known.zones[name].lay_name if name else "The whole map"
        self.apply(words, zone=name, selected=None)

    def hover(self, name: str | None) -> None:
        """Say what lies under the pointer. Not part of the state."""
        self.hovered.emit(name)

    # What follows from the state ------------------------------------------------------------------

    def pose(self) -> Pose | None:
        """Where the bones are now, or None while nothing moves."""
        if self.pack is None or self.state.movement is None:
            return None
        movement = self.known.movements.get(self.state.movement)
        if movement is None or not self.pack.centres:
            return None
        try:
            return pose(self.pack, movement, self.state.at, self.state.magnification)
        except ValueError:
            # A record that asks for more than was ever measured is not played; check names it.
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

    def _shown_with(self, name: str) -> frozenset[str]:
        """The entry and the bones that it lies on."""
        item = self.items.get(name)
        if item is None or self.pack is None:
            return frozenset({name})
        bones = {self.pack.surfaces[part].info.moves_with for part in item.surfaces}
        return frozenset({name, item.moves_with, *bones})
