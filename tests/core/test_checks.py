"""The body of ``siexplorer check``: silent on what ships, one sentence for each thing broken."""

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration import ball_checks, checks
from siexplorer.exploration.checks import check
from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.surface import Surface
from siexplorer.packs.pack import Pack
from siexplorer.packs.tissue import Measured


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


def for_tools(known: Knowledge, **fields: Any) -> None:
    changed = [
        msgspec.structs.replace(one, **fields) for one in known.zones["dorsal-sacrum"].for_tools
    ]
    change(known.zones, "dorsal-sacrum", for_tools=changed)


def in_position(known: Knowledge, name: str) -> None:
    one = known.zones["gluteal-clear"].in_position[0]
    said = msgspec.structs.replace(one, positions=[name])
    change(known.zones, "gluteal-clear", in_position=[said])


def held(known: Knowledge, *keys: tuple[float, float], **fields: Any) -> None:
    turn = msgspec.structs.replace(known.positions["seated"].turns[0], keys=[*keys], **fields)
    change(known.positions, "seated", turns=[turn])


def margins(known: Knowledge, zone: str, **mm: float) -> None:
    change(known.zones, zone, margins_mm=known.zones[zone].margins_mm | mm)


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
    "caveat": (lambda k, p: setattr(k, "anatomy_varies", None), "anatomy_varies"),
    "zone's tool": (lambda k, p: for_tools(k, tools=["plam"]), "“plam”"),
    "zone's position": (lambda k, p: in_position(k, "floating"), "“floating”"),
    "ball on the sacrum": (
        lambda k, p: for_tools(k, tools=["palm", "elbow"]),
        "must be “avoid” for “elbow”",
    ),
    "tool record": (lambda k, p: k.tools.pop("lacrosse-ball"), "lacrosse-ball"),
    "tool's words": (lambda k, p: change(k.tools, "palm", lay_name=""), "lay_name"),
    "tool's source": (lambda k, p: k.sources.pop("itf-ball"), "itf-ball"),
    "contact": (
        lambda k, p: change(k.tools, "elbow", contact_radius_mm=30.0),
        "does not fit a ball of 22 mm",
    ),
    "counted": (lambda k, p: change(k.tools, "elbow", counted_radius_mm=16.0), "counted_radius_mm"),
    "length": (lambda k, p: change(k.tools, "foam-roller", length_mm=0.0), "length_mm"),
    "stiffness": (lambda k, p: change(k.tools, "palm", stiffness=0), "stiffness"),
    "position record": (lambda k, p: k.positions.pop("prone"), "“prone”"),
    "position's turn": (
        lambda k, p: held(k, (0.0, 5.0), (1.0, 5.0), motion="glide"),
        "“both-hips” cannot do “glide”",
    ),
    "position that moves": (lambda k, p: held(k, (0.0, 5.0), (1.0, 50.0)), "is held"),
    "position beyond a cap": (
        lambda k, p: held(k, (0.0, 9.0), (1.0, 9.0), joint="both-si", motion="posterior-rotation"),
        "3.6",
    ),
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
    "small clear": (lambda k, p: margins(k, "gluteal-clear", crest_below=70.0), "cm2"),
    "clear near the nerve": (
        lambda k, p: margins(k, "gluteal-clear", sciatic=0.0),
        "reaches the sciatic nerve",
    ),
    "flesh avoided": (lambda k, p: margins(k, "sciatic-corridor", core=90.0), "fleshy area"),
    "hand not allowed": (lambda k, p: margins(k, "inside-asis", **{"from": 30.0}), "a hand"),
    "groin allowed": (lambda k, p: margins(k, "groin", below=10.0), "the groin is not told"),
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
MAPPED = (
    "margins",
    "too much clear",
    "small clear",
    "clear near the nerve",
    "flesh avoided",
    "hand not allowed",
    "groin allowed",
)


@pytest.mark.parametrize("fault", BREAKS)
def test_what_is_broken_is_said(
    broken: tuple[Knowledge, Pack], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    known, pack = broken
    if fault not in CROSSING:
        # The slowest parts, which are the same for all others.
        monkeypatch.setattr(checks, "_crossing", lambda *_: [])
        if fault != "movement record":
            monkeypatch.setattr(checks, "_ligaments", lambda *_: [])
    if fault in MAPPED:
        monkeypatch.setattr(ball_checks, "SKINS", ("male",))
    else:
        monkeypatch.setattr(checks, "zones_drawn", lambda *_: [])
    damage, word = BREAKS[fault]
    damage(known, pack)
    failures = check(known, pack, None)
    assert any(word in sentence for sentence in failures), failures
    assert all(s[-1] == "." and "\n" not in s and len(s) < 300 for s in failures)
