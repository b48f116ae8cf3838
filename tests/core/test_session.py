"""A guided session's order and clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Description, Technique
from siexplorer.exploration.session import Session, Slot, hold_range, planned, with_other_side

SAYS = Description(plain="a", student="b", clinician="c", basis="design")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def slots(*seconds: float) -> list[Slot]:
    return [Slot("step", str(k), SAYS, "", value) for k, value in enumerate(seconds)]


def test_rounds_and_rests_come_in_order(known: Knowledge) -> None:
    one = known.of_kind(Technique)["left-ball-under-buttock"]
    kinds = [slot.kind for slot in planned(one, 30.0, SAYS, "Rest")]
    assert kinds.count("hold") == one.rounds == 2
    assert kinds.count("rest") == 1
    assert kinds.index("hold") < kinds.index("rest") < len(kinds) - 1 - kinds[::-1].index("hold")
    assert hold_range(one) == (30.0, 90.0)


def test_the_other_side_comes_after_a_pause_to_change(known: Knowledge) -> None:
    techniques = known.of_kind(Technique)
    left, right = techniques["left-knee-to-chest"], techniques["right-knee-to-chest"]
    assert left.each_side
    assert (left.view, right.view) == ("left", "right")
    slots = with_other_side(
        planned(left, 20.0, SAYS, "Rest"), planned(right, 20.0, SAYS, "Rest"), SAYS, "Change"
    )
    change = next(number for number, slot in enumerate(slots) if slot.kind == "switch")
    assert slots[change].seconds == 0.0
    assert {slot.guide for slot in slots[:change]} == {left.id}
    assert {slot.guide for slot in slots[change:]} == {right.id}
    assert len(slots) == 2 * change + 1


def test_every_technique_can_be_run_to_its_end(known: Knowledge) -> None:
    for one in known.of_kind(Technique).values():
        clock = Clock()
        session = Session(planned(one, one.default_hold_s, SAYS, "Rest"), known.session, clock)
        session.start()
        for _ in range(200):
            if session.phase != "running":
                break
            session.go(1)
        assert session.phase == "done", one.id


@given(st.lists(st.floats(0.01, 3.0), min_size=200, max_size=400))
def test_a_busy_machine_does_not_bend_the_clock(late: list[float]) -> None:
    clock = Clock()
    session = Session(slots(*[7.3] * 100), clock=clock)
    session.start()
    for pause in late:
        clock.now += pause
        moment = session.tick()
        if moment.phase == "done":
            assert clock.now - 100.0 >= 730.0
            return
        whole = moment.number * 7.3 + moment.elapsed_s
        assert whole == pytest.approx(clock.now - 100.0, abs=1e-6)


def test_pause_holds_and_stop_ends() -> None:
    clock = Clock()
    session = Session(slots(10.0, 0.0), clock=clock)
    session.start()
    clock.now += 4.0
    session.pause()
    clock.now += 60.0
    assert session.tick().elapsed_s == pytest.approx(4.0)
    session.resume()
    clock.now += 6.5
    assert session.tick().number == 1
    # Without a time it waits for the person.
    clock.now += 900.0
    assert session.tick().phase == "running"
    session.stop()
    assert session.tick().phase == "stopped"
    session.go(1)
    assert session.phase == "stopped"


def test_the_breath_goes_round(known: Knowledge) -> None:
    clock = Clock()
    session = Session(slots(0.0), known.session, clock)
    session.start()
    found = []
    for _ in range(20):
        found.append(session.tick().breath)
        clock.now += 1.0
    assert found[:4] == ["in"] * 4
    assert found[4:10] == ["out"] * 6
    assert found[:10] == found[10:]
