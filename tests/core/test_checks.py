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
    """Copies that a test may break. The rules run once: no test here moves a bone."""
    monkeypatch.setattr(checks, "found_again", lambda _: found)
    copy = dataclasses.replace(
        pack,
        surfaces=dict(pack.surfaces),
        landmarks={name: points.copy() for name, points in pack.landmarks.items()},
        reference_nodes=dict(pack.reference_nodes),
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
    "range": (lambda k, p: change(k.movements, "left-ilium-flexion", true_range_deg=9.0), "3.6"),
    "stages": (lambda k, p: change(k.movements, "left-ilium-flexion", stages=[]), "stages"),
    "direction": (
        lambda k, p: change(k.movements, "left-ilium-flexion", direction="anterior"),
        "ASIS down and forwards",
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


@pytest.mark.parametrize("fault", BREAKS)
def test_what_is_broken_is_said(broken: tuple[Knowledge, Pack], fault: str) -> None:
    known, pack = broken
    damage, word = BREAKS[fault]
    damage(known, pack)
    failures = check(known, pack, None)
    assert any(word in sentence for sentence in failures), failures
    assert all(s[-1] == "." and "\n" not in s and len(s) < 300 for s in failures)
