"""The body of ``siexplorer check``: silent on what ships, one sentence for each thing broken."""

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration import checks
from siexplorer.exploration.checks import check
from siexplorer.exploration.tissue import Measured
from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.surface import Surface
from siexplorer.packs.pack import Pack


def test_all_is_well_with_what_ships(known: Knowledge, pack: Pack) -> None:
    assert check(known, pack, None) == []


def test_without_a_pack_the_reason_is_said(known: Knowledge) -> None:
    assert check(known, None, "meshes/x: gone.") == ["meshes/x: gone."]
    assert len(check(known, None, None)) == 1


@pytest.fixture(scope="module")
def found(pack: Pack) -> Points:
    return checks.found_again(pack)


@pytest.fixture
def broken(pack: Pack, found: Points, monkeypatch: pytest.MonkeyPatch) -> tuple[Knowledge, Pack]:
    """Copies that a test may break. The rules run once: no test here moves a bone, and what is
    measured on soft tissue has tests of its own."""
    monkeypatch.setattr(checks, "found_again", lambda _: found)
    monkeypatch.setattr(checks, "measured", lambda _: Measured())
    copy = dataclasses.replace(
        pack,
        surfaces=dict(pack.surfaces),
        landmarks={name: points.copy() for name, points in pack.landmarks.items()},
        reference_nodes=dict(pack.reference_nodes),
        si_room=dict(pack.si_room),
        problems=[],
    )
    return read_knowledge(), copy


def change(records: dict[str, Any], name: str, **fields: Any) -> None:
    records[name] = msgspec.structs.replace(records[name], **fields)


def change_surface(pack: Pack, name: str, faces: Callable[[Any], Any], **info: Any) -> None:
    one = pack.surfaces[name]
    new = Surface(one.surface.vertices, faces(one.surface.faces))
    described = msgspec.structs.replace(one.info, triangles=len(new.faces), **info)
    pack.surfaces[name] = dataclasses.replace(one, surface=new, info=described)


def no_source(known: Knowledge, _: Pack) -> None:
    level = msgspec.structs.replace(known.entries["left-psis"].level, sources=[])  # type: ignore[attr-defined]
    change(known.entries, "left-psis", level=level)


def turning(known: Knowledge, name: str, last: tuple[float, float], **fields: Any) -> None:
    turn = known.movements[name].turns[0]
    turn = msgspec.structs.replace(turn, keys=[turn.keys[0], last], **fields)
    change(known.movements, name, turns=[turn])


def stepping(known: Knowledge, chosen: slice, **fields: Any) -> None:
    steps = known.movements["nutation"].steps[chosen]
    steps = [msgspec.structs.replace(step, **fields) for step in steps]
    change(known.movements, "nutation", steps=steps)


def terms(known: Knowledge, **fields: Any) -> None:
    new = msgspec.structs.replace(known.movements["nutation"].terms, **fields)
    change(known.movements, "nutation", terms=new)


def marking(known: Knowledge, place: str) -> None:
    marks = known.movements["left-one-leg-stance"].marks
    marks = [msgspec.structs.replace(mark, at_place=place) for mark in marks]
    change(known.movements, "left-one-leg-stance", marks=marks)


def with_text(known: Knowledge, text: str) -> None:
    description = msgspec.structs.replace(known.entries["sacrum"].description, plain=text)
    change(known.entries, "sacrum", description=description)


def shift(pack: Pack, name: str, by: tuple[float, float, float]) -> None:
    pack.landmarks[name] = pack.landmarks[name] + by


BREAKS: dict[str, tuple[Callable[[Knowledge, Pack], object], str]] = {
    "unknown source": (lambda k, p: k.sources.pop("simmonds-1992"), "simmonds-1992"),
    "claim without source": (no_source, "names none"),
    "unused source": (lambda k, p: change(k.sources, "ta98-list", id="spare"), "spare"),
    "empty text": (lambda k, p: with_text(k, " "), "description.plain"),
    "placeholder": (lambda k, p: with_text(k, "the {sidee} one"), "{sidee}"),
    "no steps": (lambda k, p: change(k.entries, "left-asis", mistakes=[]), "mistakes"),
    "neighbour": (lambda k, p: change(k.entries, "sacrum", neighbours=["moon"]), "moon"),
    "landmark record": (lambda k, p: k.entries.pop("right-piis"), "right-piis"),
    "notice": (lambda k, p: setattr(k, "notice", None), "notice"),
    "zone record": (lambda k, p: k.zones.pop("flank"), "flank"),
    "sentence": (lambda k, p: k.text.pop("midline_side"), "midline_side"),
    "movement record": (lambda k, p: k.movements.pop("nutation"), "“nutation” is missing"),
    "beyond a cap": (lambda k, p: turning(k, "left-ilium-flexion", (1.0, 9.0)), "3.6"),
    "impossible turn": (
        lambda k, p: turning(k, "left-ilium-flexion", (1.0, 2.0), motion="abduction"),
        "cannot do",
    ),
    "keys": (lambda k, p: turning(k, "left-ilium-flexion", (0.8, 2.0)), "0 upwards to 1"),
    "no turns": (lambda k, p: change(k.movements, "nutation", turns=[]), "turns"),
    "few steps": (lambda k, p: stepping(k, slice(0, 2)), "2 steps"),
    "steps backwards": (lambda k, p: stepping(k, slice(None, None, -1)), "upwards"),
    "look": (lambda k, p: stepping(k, slice(None), look="x-ray"), "x-ray"),
    "step's thing": (lambda k, p: stepping(k, slice(None), select="moon"), "moon"),
    "step's factor": (lambda k, p: stepping(k, slice(None), factor=30.0), "30 times"),
    "comparison": (lambda k, p: change(k.movements, "nutation", beside="nodding"), "nodding"),
    "duration": (lambda k, p: change(k.movements, "nutation", duration_s=0.0), "duration_s"),
    "no article word": (lambda k, p: terms(k, article=""), "terms.article"),
    "terms' source": (lambda k, p: terms(k, sources=["hearsay"]), "hearsay"),
    "held": (
        lambda k, p: change(k.movements, "left-ilium-flexion", held="hip-bones"),
        "both-si",
    ),
    "round and round": (lambda k, p: change(k.movements, "nutation", cycle=True), "as it began"),
    "wrong way": (
        lambda k, p: turning(k, "left-ilium-flexion", (1.0, -2.0)),
        "“left-asis” the other way",
    ),
    "sacrum's way": (
        lambda k, p: change(k.movements, "nutation", turns=k.movements["counternutation"].turns),
        "“sacral-promontory” the other way",
    ),
    "mark": (lambda k, p: marking(k, "left-elbow"), "left-elbow"),
    "no room": (lambda k, p: p.si_room.clear(), "room"),
    "too little lift": (
        lambda k, p: p.si_room.update(
            {side: np.array([[-12.0, 0.0], [12.0, 0.0]]) for side in ("left", "right")}
        ),
        "deeper than at rest",
    ),
    "margins": (lambda k, p: change(k.zones, "gluteal-clear", margins_mm={}), "sciatic"),
    "too much clear": (
        lambda k, p: change(k.zones, "sciatic-corridor", margins_mm={"core": 0.0}),
        "caution",
    ),
    "no surface": (lambda k, p: p.surfaces.pop("coccyx"), "“coccyx”"),
    "unknown entry": (lambda k, p: change_surface(p, "coccyx", lambda f: f, entry="tail"), "tail"),
    "carrier": (lambda k, p: change_surface(p, "coccyx", lambda f: f, moves_with="x"), "“x”"),
    "hole": (lambda k, p: change_surface(p, "sacrum", lambda f: f[1:]), "holes"),
    "inside out": (lambda k, p: change_surface(p, "sacrum", lambda f: f[:, ::-1]), "inside out"),
    "corner": (lambda k, p: change_surface(p, "sacrum", lambda f: f + 9), "do not exist"),
    "flat": (
        lambda k, p: change_surface(p, "sacrum", lambda f: np.vstack([f, [[5, 5, 6]]])),
        "without an area",
    ),
    "landmark lost": (lambda k, p: p.landmarks.pop("left-psis"), "left-psis"),
    "landmark moved": (lambda k, p: shift(p, "left-piis", (0, 0, 0.7)), "left-piis"),
    "far from node": (lambda k, p: shift(p, "left-ischial-spine", (0, 0, 6)), "published node"),
    "wrong side": (lambda k, p: shift(p, "left-psis", (-100, 0, 0)), "other side"),
    "not mirrored": (lambda k, p: shift(p, "left-aiis", (0, 0, 15)), "mirroring"),
    "frame": (lambda k, p: shift(p, "right-asis", (0, 3, 0)), "body frame"),
    "node lost": (lambda k, p: p.reference_nodes.pop("left-asis"), "left-asis"),
}


CROSSING = ("no room", "too little lift")


@pytest.mark.parametrize("fault", BREAKS)
def test_what_is_broken_is_said(
    broken: tuple[Knowledge, Pack], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    known, pack = broken
    if fault not in CROSSING:
        # The slowest part, which is the same for all others.
        monkeypatch.setattr(checks, "_crossing", lambda *_: [])
    damage, word = BREAKS[fault]
    damage(known, pack)
    failures = check(known, pack, None)
    assert any(word in sentence for sentence in failures), failures
    assert all(s[-1] == "." and "\n" not in s and len(s) < 300 for s in failures)
