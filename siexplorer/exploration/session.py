"""A guided session: what comes when, and a clock that a busy machine does not bend.

Nothing here is stored or sent: a session lives while its window is open.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from psygnal import Signal

from siexplorer.anatomy.records import Description, SessionRules, Technique

Kind = Literal["step", "hold", "rest", "switch"]
Phase = Literal["ready", "running", "paused", "stopped", "done"]
Breath = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of a session. ``seconds`` 0 lasts until the person goes on; ``place`` counts the
    technique's places from 0, ``round`` its rounds from 1; ``guide`` is the technique's id.
    """

    kind: Kind
    title: str
    says: Description
    cue: str
    seconds: float
    place: int = 0
    round: int = 1
    guide: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """How a session stands: which slot, how far into it, and the breath to show (share 0..1)."""

    slot: Slot
    number: int
    of: int
    phase: Phase
    elapsed_s: float
    breath: Breath
    breath_share: float

    @property
    def left_s(self) -> float:
        """How long the slot still lasts; 0 where it has no time."""
        return max(0.0, self.slot.seconds - self.elapsed_s)


def planned(one: Technique, hold_s: float, rest: Description, rest_title: str) -> list[Slot]:
    """The slots of a technique: its steps, the holds at each place and in each round, with rests
    between rounds. ``rest`` and ``rest_title`` are what is said while resting.
    """
    holds = [number for number, step in enumerate(one.steps) if step.hold]
    if not holds or hold_s <= 0.0:
        return [
            _of(one, _slot(step.title, step.says, step.cue, step.seconds)) for step in one.steps
        ]
    first, last = holds[0], holds[-1]
    begun = [_slot(s.title, s.says, s.cue, s.seconds) for s in one.steps[:first]]
    held: list[Slot] = []
    places = max(1, len(one.places))
    for turn in range(1, max(1, one.rounds) + 1):
        if turn > 1 and one.rest_s > 0.0:
            held.append(Slot("rest", rest_title, rest, rest_title, one.rest_s, 0, turn))
        for place in range(places):
            for step in one.steps[first : last + 1]:
                seconds = hold_s if step.hold else step.seconds
                kind: Kind = "hold" if step.hold else "step"
                held.append(Slot(kind, step.title, step.says, step.cue, seconds, place, turn))
    ended = [_slot(s.title, s.says, s.cue, s.seconds) for s in one.steps[last + 1 :]]
    ended = [replace(slot, round=max(1, one.rounds), place=places - 1) for slot in ended]
    return [_of(one, slot) for slot in (*begun, *held, *ended)]


def with_other_side(
    first: list[Slot], other: list[Slot], says: Description, title: str
) -> list[Slot]:
    """One side, a pause to change sides that lasts until the person goes on, then the other."""
    return [
        *first,
        replace(other[0], kind="switch", title=title, says=says, cue=title, seconds=0.0),
        *other,
    ]


def _of(one: Technique, slot: Slot) -> Slot:
    return replace(slot, guide=one.id)


def _slot(title: str, says: Description, cue: str, seconds: float) -> Slot:
    return Slot("step", title, says, cue, seconds)


def hold_range(one: Technique) -> tuple[float, float] | None:
    """The shortest and longest hold, in seconds, that any source of a technique gives."""
    given = [h for h in one.holds if h.counts and h.seconds_to is not None]
    if not given:
        return None
    low = min(h.seconds_to if h.seconds_from is None else h.seconds_from for h in given)  # type: ignore[type-var]
    high = max(h.seconds_to for h in given if h.seconds_to is not None)
    return float(low), float(high)  # type: ignore[arg-type]


class Session:
    """Runs through slots. ``changed`` is emitted when the slot or the phase changes.

    ``clock`` gives seconds that never go back (monotonic). Slots that end by themselves begin the
    next one at the second they end, however late that is noticed, so that no time is lost or won.
    """

    changed = Signal(Moment)

    def __init__(
        self,
        slots: list[Slot],
        rules: SessionRules | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not slots:
            raise ValueError("a session needs at least one step")
        self.slots, self._clock = slots, clock
        self._breathe_in = rules.breathe_in_s if rules is not None else 4.0
        self._breathe_out = rules.breathe_out_s if rules is not None else 6.0
        self.number = 0
        self.phase: Phase = "ready"
        self._began = 0.0
        self._held_at = 0.0

    # What a person does ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with the first slot."""
        if self.phase == "ready":
            self._began = self._clock()
            self._enter("running")

    def pause(self) -> None:
        """Let the clock stand still."""
        if self.phase == "running":
            self._held_at = self._clock()
            self._enter("paused")

    def resume(self) -> None:
        """Go on where the clock was held."""
        if self.phase == "paused":
            self._began += self._clock() - self._held_at
            self._enter("running")

    def stop(self) -> None:
        """End at once: something was wrong."""
        if self.phase in ("running", "paused"):
            self._held_at = self._clock()
            self._enter("stopped")

    def go(self, by: int) -> None:
        """To another slot, from its beginning; past the last one the session is done."""
        if self.phase not in ("running", "paused"):
            return
        number = max(0, self.number + by)
        now = self._clock()
        if number >= len(self.slots):
            self._held_at = now
            self._enter("done")
            return
        self.number = number
        self._began = self._held_at = now
        self._enter(self.phase)

    # The clock ------------------------------------------------------------------------------------

    def tick(self) -> Moment:
        """How the session stands now; slots whose time is over are left behind."""
        while self.phase == "running":
            slot = self.slots[self.number]
            if slot.seconds <= 0.0 or self._elapsed() < slot.seconds:
                break
            self._began += slot.seconds
            if self.number + 1 == len(self.slots):
                self._held_at = self._began
                self._enter("done")
            else:
                self.number += 1
                self._enter("running")
        return self.moment()

    def moment(self) -> Moment:
        """How the session stands, without moving it."""
        elapsed = self._elapsed()
        turn = self._breathe_in + self._breathe_out
        into = elapsed % turn
        inwards = into < self._breathe_in
        past = into - self._breathe_in
        share = into / self._breathe_in if inwards else past / self._breathe_out
        return Moment(
            self.slots[self.number],
            self.number,
            len(self.slots),
            self.phase,
            elapsed,
            "in" if inwards else "out",
            share,
        )

    def _elapsed(self) -> float:
        if self.phase == "ready":
            return 0.0
        now = self._clock() if self.phase == "running" else self._held_at
        return max(0.0, now - self._began)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit(self.moment())
