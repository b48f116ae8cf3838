"""Landmarks of a mesh of one's own, put right by hand: one at a time, along the bone's surface."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Landmark
from siexplorer.exploration.catalog import Item
from siexplorer.exploration.state import Corrections
from siexplorer.geometry.rays import Searched
from siexplorer.geometry.surface import Floats
from siexplorer.packs.corrections import SET_BEHIND, followed
from siexplorer.packs.pack import OwnMesh, Pack

if TYPE_CHECKING:
    from siexplorer.exploration.exploration import Change, Exploration

FAR_MM = 3000.0
"""How far a line of sight is followed (design)."""

LEAST_MM = 0.05
"""A landmark that is nearer than this to where it was found lies there."""


def corrected(pack: Pack, corrections: Corrections) -> Pack:
    """The pack with some landmarks put elsewhere; what is worked out from them is made anew."""
    if pack.own is None:
        return pack
    places = {name: np.array(place) for name, place in corrections}
    landmarks = followed(pack.landmarks, places)
    by_hand = {
        name: float(np.linalg.norm(place - pack.landmarks[name][0]))
        for name, place in places.items()
        if name in pack.landmarks
    }
    return replace(pack, landmarks=landmarks, own=replace(pack.own, by_hand=by_hand))


def as_corrections(places: Mapping[str, Floats]) -> Corrections:
    """Places (3,) by landmark as the state holds them."""
    found = []
    for name in sorted(places):
        x, y, z = (round(float(value), 3) for value in places[name])
        found.append((name, (x, y, z)))
    return tuple(found)


def in_file(own: OwnMesh, corrections: Corrections) -> dict[str, Floats]:
    """The corrected places (3,) by landmark, in the coordinates of the mesh's file."""
    back = np.linalg.inv(own.to_body)
    return {n: back[:3, :3] @ np.array(place) + back[:3, 3] for n, place in corrections}


def why_not(
    known: Knowledge, pack: Pack | None, items: Mapping[str, Item], name: str | None
) -> str:
    """Why a landmark cannot be put right, in a sentence; empty where it can."""
    item = items.get(name or "")
    if pack is None or pack.own is None:
        return known.say("correct_own_only")
    if item is None or not isinstance(item.entry, Landmark):
        return known.say("correct_select")
    plain = item.id.partition("-")[2]
    if plain in SET_BEHIND.values():
        first = next(bone for bone, mark in SET_BEHIND.items() if mark == plain)
        side = item.entry.side
        return known.say("correct_follows", name=known.entries[f"{side}-{first}"].name)
    if len(item.points) != 1:
        return known.say("correct_points_only", name=item.entry.name)
    if item.moves_with not in pack.own.bones:
        bone = known.entries.get(item.moves_with)
        return known.say("correct_no_bone", bone=bone.name if bone else item.moves_with)
    return ""


class Correcting:
    """What is being put right now: ``name``, or None. ``changed`` is emitted when that changes."""

    changed = Signal()

    def __init__(self, exploration: "Exploration") -> None:
        self.do = exploration
        self.name: str | None = None
        self._before: Corrections = ()

    def why_not(self, name: str | None) -> str:
        """Why a landmark cannot be put right, in a sentence; empty where it can."""
        return why_not(self.do.known, self.do.pack, self.do.items, name)

    def start(self, name: str) -> None:
        """Begin to put a landmark right; nothing happens where it cannot be."""
        if self.why_not(name) or self.name == name:
            return
        self.finish()
        if self.do.state.compared:
            self.do.compare(None)
        self.do.set_mode("explore")
        self.do.select(name)
        self.do.pause_merging()
        self.name, self._before = name, self.do.state.corrections
        self.changed.emit()

    def finish(self) -> None:
        """Leave it where it is now."""
        if self.name is not None:
            self.name = None
            self.do.pause_merging()
            self.changed.emit()

    def cancel(self) -> None:
        """Leave it where it was when this began."""
        if self.name is not None:
            name = self.do.name_of(self.name)
            self.finish()
            self.do.apply(f"Leave {name} as it was", corrections=self._before)

    def follow(self, change: "Change") -> None:
        """Whoever looks at something else has finished."""
        after = change.after
        if self.name is not None and (after.selected != self.name or after.mode != "explore"):
            self.finish()

    # Moving it ------------------------------------------------------------------------------------

    def place(self) -> Floats | None:
        """Where the landmark is (3,), or None while none is put right."""
        if self.name is None:
            return None
        return np.asarray(self.do.items[self.name].points[0])

    def seen_from(self, eye: Floats, towards: Floats) -> Floats | None:
        """The place of its bone (3,) that a line of sight from ``eye`` (3,) along ``towards`` meets
        first, or None.
        """
        bone = self._bone()
        if bone is None:
            return None
        met = bone.crossings(eye, eye + towards * FAR_MM)
        return eye + towards * met.along_mm[0] if len(met.along_mm) else None

    def put(self, place: Floats) -> None:
        """Put it on its bone as near as can be to a place (3,); a run is one undo step."""
        bone = self._bone()
        if bone is not None and self.name is not None:
            self._set(self.name, bone.nearest(np.asarray(place, dtype=float))[0], merge=True)

    def slide(self, along: Floats) -> None:
        """Move it over its bone by a way (3,) in mm, as far as the surface there lets it."""
        bone, start = self._bone(), self.place()
        if bone is None or start is None:
            return
        far = float(np.linalg.norm(along))
        _, face = bone.nearest(start)
        normal = bone.normals[face] / max(float(np.linalg.norm(bone.normals[face])), 1e-12)
        flat = along - (along @ normal) * normal
        size = float(np.linalg.norm(flat))
        # Where the surface faces the way to go, there is no telling where on it that leads.
        step = along if size < 0.1 * far else flat * far / size
        self.put(start + step)

    def reset(self, name: str | None = None) -> None:
        """Put a landmark back to where it was found: the one that is put right, or another."""
        name = name or self.name
        if name is not None and self.moved_mm(name) is not None:
            left = tuple(one for one in self.do.state.corrections if one[0] != name)
            label = f"{self.do.name_of(name)} back to where it was found"
            self.do.apply(label, corrections=left)

    def take(self, places: Mapping[str, Floats]) -> int:
        """Put landmarks where a file says, (3,) each in the mesh's own coordinates; returns how
        many of them can be.
        """
        pack = self.do.as_found
        if pack is None or pack.own is None:
            return 0
        points = {name: place for name, place in pack.landmarks.items() if len(place) == 1}
        to_body = pack.own.to_body
        there = {
            name: to_body[:3, :3] @ place + to_body[:3, 3]
            for name, place in places.items()
            if name in points
        }
        self.do.apply("Read corrections", corrections=as_corrections(there))
        return len(there)

    def moved_mm(self, name: str | None) -> float | None:
        """How far a landmark lies from where it was found, or None where nobody moved it."""
        own = self.do.pack.own if self.do.pack is not None else None
        return None if own is None else own.by_hand.get(name or "")

    def found_at(self, name: str) -> Floats | None:
        """Where a landmark that was moved had been found (3,), or None."""
        if self.moved_mm(name) is None or self.do.as_found is None:
            return None
        return np.asarray(self.do.as_found.landmarks[name][0])

    def _set(self, name: str, place: Floats, *, merge: bool) -> None:
        left = {one: np.array(where) for one, where in self.do.state.corrections if one != name}
        found = self.do.as_found
        if found is None or np.linalg.norm(place - found.landmarks[name][0]) >= LEAST_MM:
            left[name] = place
        label = f"Correct {self.do.name_of(name)}"
        self.do.apply(label, merge=merge, corrections=as_corrections(left))

    def _bone(self) -> Searched | None:
        pack = self.do.as_found
        if self.name is None or pack is None:
            return None
        key = ("searched", self.do.items[self.name].moves_with)
        if key not in pack.derived:
            pack.derived[key] = Searched(pack.surfaces[key[1]].surface)
        found: Searched = pack.derived[key]
        return found
