"""The ball map: what facts and articles ask of it on any pelvis that is loaded."""

import msgspec
import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration.ball import ZoneError, zone_map
from siexplorer.exploration.checks import SIGNS
from siexplorer.geometry.zones import ORDER, ZoneMap, to_line
from siexplorer.packs.pack import Pack


@pytest.fixture(scope="module")
def zones(known: Knowledge, pack: Pack) -> ZoneMap:
    return zone_map(known, pack)


@pytest.fixture(params=SIGNS)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def state_at(known: Knowledge, zones: ZoneMap, point: np.ndarray) -> str | None:
    rule = zones.at(float(point[0]), float(point[2]))
    return known.zones[rule].state if rule else None


def test_clear_is_large_and_lies_in_the_upper_outer_buttock(
    zones: ZoneMap, pack: Pack, side: str
) -> None:
    psis = pack.landmarks[f"{side}-psis"][0]
    assert zones.area_cm2("gluteal-clear", SIGNS[side]) > 30
    middle = zones.centroid_mm("gluteal-clear", SIGNS[side])
    assert middle is not None
    assert 50 <= SIGNS[side] * (middle[0] - psis[0]) <= 90
    assert middle[1] < psis[2]
    assert middle[1] > pack.landmarks[f"{side}-greater-trochanter"][0][2]


def test_the_nerve_point_is_never_clear(
    known: Knowledge, zones: ZoneMap, pack: Pack, side: str
) -> None:
    psis, sit = (pack.landmarks[f"{side}-{n}"][0] for n in ("psis", "ischial-tuberosity"))
    assert state_at(known, zones, psis + (sit - psis) / 3) != "clear"
    for share in np.linspace(0, 1, 21):
        assert state_at(known, zones, psis + (sit - psis) * share) != "clear"


def test_flesh_beside_the_psis_is_never_red(
    known: Knowledge, zones: ZoneMap, pack: Pack, side: str
) -> None:
    psis = pack.landmarks[f"{side}-psis"][0]
    for away in range(30, 61):
        beside = psis + np.array([SIGNS[side] * away, 0, 0])
        assert state_at(known, zones, beside) in ("clear", "caution")


@pytest.mark.parametrize(
    "name", ["psis", "ischial-tuberosity", "greater-trochanter", "iliac-crest-top", "si-joint-line"]
)
def test_bones_and_joint_are_never_a_place_for_a_ball(
    known: Knowledge, zones: ZoneMap, pack: Pack, side: str, name: str
) -> None:
    point = pack.landmarks[f"{side}-{name}"][0] - [2.0 * SIGNS[side], 0, 0]
    assert state_at(known, zones, point) == "avoid"


def test_the_midline_is_red_from_top_to_bottom(
    known: Knowledge, zones: ZoneMap, pack: Pack
) -> None:
    for name in ("s2-tubercle", "sacral-apex", "coccyx-tip", "sacral-base"):
        assert state_at(known, zones, pack.landmarks[name][0]) == "avoid"
    for x in (-29.0, 0.0, 29.0):
        for z in np.arange(pack.landmarks["coccyx-tip"][0][2] + 1, zones.z_mm[-1]):
            rule = zones.at(x, float(z))
            assert rule is None or known.zones[rule].state == "avoid"


def test_clear_keeps_its_distances(known: Knowledge, zones: ZoneMap, pack: Pack, side: str) -> None:
    rows, columns = np.nonzero(zones.rule == ORDER.index("gluteal-clear"))
    cells = np.stack([zones.x_mm[columns], zones.z_mm[rows]], axis=1)
    cells = cells[cells[:, 0] * SIGNS[side] > 0]
    assert known.ball is not None
    radius, margins = known.ball.contact_radius_mm, known.zones["gluteal-clear"].margins_mm
    for name, key in (
        ("psis", "psis"),
        ("ischial-tuberosity", "tuberosity"),
        ("greater-trochanter", "trochanter"),
    ):
        point = pack.landmarks[f"{side}-{name}"][0][[0, 2]]
        assert np.linalg.norm(cells - point, axis=1).min() >= radius + margins[key] - 1e-6
    crest = pack.landmarks[f"{side}-iliac-crest"][:, [0, 2]]
    behind = crest[int(np.argmax(np.abs(crest[:, 0]))) :]
    assert to_line(cells, behind).min() >= radius + margins["crest_below"] - 1e-6


def test_both_sides_are_about_as_large(zones: ZoneMap) -> None:
    for rule in ORDER:
        left, right = zones.area_cm2(rule, 1), zones.area_cm2(rule, -1)
        assert left == pytest.approx(right, rel=0.2, abs=2.0)


def test_a_finer_map_says_the_same(known: Knowledge, pack: Pack, zones: ZoneMap) -> None:
    coarse = zone_map(known, pack, cell_mm=3.0)
    assert coarse.area_cm2("gluteal-clear", 1) == pytest.approx(
        zones.area_cm2("gluteal-clear", 1), rel=0.1
    )


def test_outside_the_map_nothing_is_said(zones: ZoneMap) -> None:
    assert zones.at(500.0, 0.0) is None
    assert zones.at(0.0, -900.0) is None


def test_a_missing_margin_is_a_sentence(pack: Pack) -> None:
    broken = read_knowledge()
    clear = broken.zones["gluteal-clear"]
    less = {k: v for k, v in clear.margins_mm.items() if k != "sacrum"}
    broken.zones["gluteal-clear"] = msgspec.structs.replace(clear, margins_mm=less)
    with pytest.raises(ZoneError, match="sacrum"):
        zone_map(broken, pack)
    broken.zones.clear()
    with pytest.raises(ZoneError, match=r"zones\.toml"):
        zone_map(broken, pack)
