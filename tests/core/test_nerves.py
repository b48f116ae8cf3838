"""Nerves and vessels: where they begin, what they rest on, and in which order they pass."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from siexplorer.geometry import nerves
from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.lattice import Lattice, distances, take_in
from siexplorer.geometry.surface import Floats, Surface, is_closed
from siexplorer.packs.pack import Pack

FRONT = {
    "femoral-artery": nerves.femoral_artery,
    "femoral-vein": nerves.femoral_vein,
    "femoral-nerve": nerves.femoral_nerve,
    "lateral-femoral-cutaneous-nerve": nerves.lateral_femoral_cutaneous,
}
AROUND = ("left-hip-bone", "sacrum", "l5-vertebra", "l4-vertebra", "l4-l5-disc", "l5-s1-disc")


def body(pack: Pack, name: str) -> Surface:
    one = pack.surfaces[name].surface
    return Surface(np.asarray(one.vertices, dtype=np.float64), one.faces)


@pytest.fixture(scope="module")
def left(pack: Pack) -> Points:
    """The left landmarks without their side."""
    return {
        name.removeprefix("left-"): points
        for name, points in pack.landmarks.items()
        if not name.startswith("right-")
    }


@pytest.fixture(scope="module")
def field(pack: Pack) -> Lattice:
    """Distances to the left bones, iliacus and psoas in front of the hip, on a coarse grid."""
    there = [body(pack, name) for name in (*AROUND, "left-iliacus", "left-psoas-major")]
    return distances(there, np.array([-12.0, -45.0, -150.0]), np.array([150.0, 115.0, 110.0]), 2.2)


@pytest.fixture(scope="module")
def paths(left: Points, field: Lattice) -> dict[str, nerves.Path]:
    grid = field.with_values(field.values.copy())
    made = {}
    for name, make in FRONT.items():
        made[name] = make(left, grid)
        take_in(grid, made[name].surface)
    return made


def at_height(path: nerves.Path, height_mm: float) -> Floats:
    """The point (3,) of a path nearest to a height."""
    return np.asarray(path.middle[np.argmin(np.abs(path.middle[:, 2] - height_mm))])


def test_all_are_closed_and_do_not_turn_sharply(paths: dict[str, nerves.Path]) -> None:
    for name, path in paths.items():
        assert is_closed(path.surface), name
        way = np.diff(path.middle, axis=0)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        assert (np.einsum("ij,ij->i", way[1:], way[:-1]) > np.cos(np.radians(30.0))).all(), name


@pytest.mark.parametrize(
    ("name", "radius_mm"), [("femoral-nerve", 2.6), ("lateral-femoral-cutaneous-nerve", 1.3)]
)
def test_a_nerve_of_the_lumbar_plexus_begins_hidden_in_psoas(
    pack: Pack, paths: dict[str, nerves.Path], field: Lattice, name: str, radius_mm: float
) -> None:
    start, hidden = paths[name].middle[0], field.sample(paths[name].middle[:1])[0]
    assert hidden < -radius_mm - 3.0
    away = cdist(start[None], body(pack, "left-psoas-major").vertices).min()
    assert away == pytest.approx(-hidden, abs=3.0)


def test_the_femoral_nerve_rests_on_the_muscles(
    paths: dict[str, nerves.Path], field: Lattice
) -> None:
    middle = paths["femoral-nerve"].middle
    gap = field.sample(middle) - np.linspace(2.6, 1.4, len(middle))
    outside = int(np.argmax(gap > 0))
    assert 4 < outside < 20
    assert (np.abs(gap[outside:-1]) < 1.0).mean() > 0.9


def test_nerve_artery_vein_from_the_outer_side_inwards(
    left: Points, paths: dict[str, nerves.Path]
) -> None:
    height = (left["asis"][0, 2] + left["pubic-symphysis"][0, 2]) / 2
    nerve, artery, vein = (
        at_height(paths[f"femoral-{name}"], height)[0] for name in ("nerve", "artery", "vein")
    )
    assert 8.0 < nerve - artery < 25.0
    assert 6.0 < artery - vein < 15.0


def test_the_vessels_begin_in_front_of_the_lowest_lumbar_vertebrae(
    pack: Pack, paths: dict[str, nerves.Path]
) -> None:
    for name, bone in (("femoral-artery", "l4-l5-disc"), ("femoral-vein", "l5-vertebra")):
        start = paths[name].middle[0]
        front = body(pack, bone).vertices
        assert 0.0 < start[0] < 15.0
        assert start[1] < front[:, 1].min() + 6.0
        assert front[:, 2].min() - 8.0 < start[2] < front[:, 2].max() + 8.0
        # They are halves of a fork in the middle line; the two sides do not meet.
        assert paths[name].surface.vertices[:, 0].min() > 1.0


def test_the_skin_nerve_passes_inside_the_asis(left: Points, paths: dict[str, nerves.Path]) -> None:
    middle, asis = paths["lateral-femoral-cutaneous-nerve"].middle, left["asis"][0]
    assert np.linalg.norm(middle - asis, axis=1).min() == pytest.approx(
        nerves.LFCN_FROM_ASIS_MM, abs=3.0
    )
    assert at_height(paths["lateral-femoral-cutaneous-nerve"], asis[2])[0] < asis[0] - 10.0


def test_the_sciatic_nerve_keeps_its_crossings_and_passes_behind(pack: Pack, left: Points) -> None:
    there = [body(pack, f"left-{name}") for name in ("hip-bone", "quadratus-femoris", "femur")]
    low, high = np.array([20.0, 50.0, -260.0]), np.array([130.0, 150.0, 30.0])
    made = nerves.sciatic(left, distances(there, low, high, 2.5))
    psis, seat, outer = (
        left[name][0] for name in ("psis", "ischial-tuberosity", "greater-trochanter")
    )
    for start, end, wanted in (
        (psis, seat, nerves.SCIATIC_FROM_PSIS_MM),
        (seat, outer, nerves.SCIATIC_FROM_SEAT_MM),
    ):
        assert nerves.crossing_mm(made.middle, start, end) == pytest.approx(wanted, abs=2.0)
    muscle = body(pack, "left-quadratus-femoris").vertices
    for point in made.middle:
        beside = muscle[cdist(point[None, [0, 2]], muscle[:, [0, 2]])[0] < 4.0]
        assert not len(beside) or point[1] > beside[:, 1].max() - 1.0
