"""The exploration of a second view: the first one's, but for what stands beside it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from siexplorer.exploration.exploration import Change, Exploration, Pelvis
from siexplorer.exploration.state import Camera, State
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.exploration.following import Following


class Mirror(Exploration):
    """Copies the first, with another movement, another magnification, or on another pelvis; what a
    person does in it is done to the first.
    """

    def __init__(self, first: Exploration) -> None:
        super().__init__(first.known)
        self.first = first
        other = first.other
        self._of: Pack | None = None if other is None else other.pack
        self._shape = () if other is None else other.shape
        if other is None:
            self._share()
        else:
            self.pack, self.items = other.pack, other.items
            kin = other.shape or other.pack is first.as_found
            self.as_found = first.as_found if kin else other.pack
        self.state = self._beside()

    def _share(self) -> None:
        """Take the pelvis of the first, and what was worked out on it."""
        self.pack, self.items = self.first.pack, self.first.items
        self.following, self._posed = self.first.following, None

    def _beside(self) -> State:
        state = self.first.state
        if state.against is not None:
            # What was put right, or shaped since, was the other.
            shape = self._shape
            return replace(state, against=None, corrections=(), shape=shape)
        if state.beside is None:
            return state
        return replace(
            state,
            movement=state.beside.movement,
            magnification=state.beside.magnification,
            beside=None,
        )

    @property
    def other(self) -> Pelvis | None:
        """The first one's pelvis, while two are compared."""
        first = self.first
        there = first.pack is not None and first.other is not None
        return Pelvis(first.pack, first.items) if there and first.pack is not None else None

    def _tied_as_found(self) -> "Following | None":
        """Shapes of the same mean are tied alike."""
        if self.as_found is self.first.as_found:
            return self.first._tied_as_found()
        return super()._tied_as_found()

    def fits(self) -> bool:
        """Whether it still stands for the pelvis that belongs beside the first."""
        other = self.first.other
        return self._of is (None if other is None else other.pack)

    def renew(self) -> None:
        """Become what the first one is now."""
        if self._of is None and self.pack is not self.first.pack:
            self._share()
        before, self.state = self.state, self._beside()
        if before != self.state:
            self.changed.emit(Change(before, self.state, "Compare"))

    def select(self, name: str | None) -> None:
        """Select in both."""
        self.first.select(name)

    def read_zone(self, name: str | None) -> None:
        """Read about a rule of the ball map in both."""
        self.first.read_zone(name)

    def look_freely(self, camera: Camera) -> None:
        """Keep the place of the eye for both."""
        self.first.look_freely(camera)

    def pause_merging(self) -> None:
        """A drag has begun or ended."""
        self.first.pause_merging()

    def hover(self, name: str | None) -> None:
        """Say what lies under the pointer."""
        self.first.hover(name)
