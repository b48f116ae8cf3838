"""The built-in body on other pelves: itself at zero, linear, and whole within two deviations."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.ball_checks import zones_on_any
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.following import Following
from siexplorer.exploration.moving import pose
from siexplorer.exploration.shaping import (
    MODES,
    MOST_SD,
    MOST_TOGETHER_SD,
    fault_of,
    shapes_of,
    tidy,
    within,
)
from siexplorer.geometry.filters import thinned
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.shape import ShapeModel
from siexplorer.geometry.surface import Surface
from siexplorer.geometry.tissue import DEEP_MM, depth_in
from siexplorer.packs.carried import Shapes, body_moves, carried_faults, carried_pack, places_of
from siexplorer.packs.pack import Pack, read_shape


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return read_shape()


@pytest.fixture(scope="module")
def shapes(pack: Pack) -> Shapes:
    """How the body goes along with the first modes."""
    return shapes_of(pack)


@pytest.fixture(scope="module")
def hers(shapes: Shapes) -> Pack:
    """The body on a pelvis that differs a good deal from the mean."""
    return shapes.exact(shapes.rough([1.4, -1.2, 0.8, 0.5, -1.0]))


def small(pack: Pack, *names: str) -> Pack:
    """The pack with few surfaces, so that it is carried quickly."""
    return replace(pack, surfaces={name: pack.surfaces[name] for name in names})


def test_on_the_mean_it_is_the_pack_itself(pack: Pack, model: ShapeModel) -> None:
    some = small(pack, *model.parts, "l5-vertebra", "left-piriformis-origin", "skin-female")
    flat = body_moves(some, model, np.zeros((*model.mean.shape, 1)))
    assert flat.keys() == places_of(some).keys()
    assert max(np.abs(one).max() for one in flat.values()) < 1e-9


def test_a_carried_body_is_whole(hers: Pack, pack: Pack) -> None:
    assert carried_faults(hers) == []
    assert hers.surfaces.keys() == pack.surfaces.keys()
    assert hers.landmarks.keys() == pack.landmarks.keys()
    for name, one in hers.surfaces.items():
        own = pack.surfaces[name]
        assert one.surface.faces is own.surface.faces
        assert one.fibres is own.fibres
    # Cut level, a skin keeps its flat ends.
    for name in ("skin-female", "skin-male"):
        skin = hers.surfaces[name].surface
        assert (flat_ends(skin) == flat_ends(pack.surfaces[name].surface)).mean() > 0.999


def test_what_lies_between_the_bones_is_linear(pack: Pack, model: ShapeModel) -> None:
    some = small(pack, *model.parts, "l4-vertebra", "left-piriformis", "left-piriformis-origin")
    modes = model.modes[:, :, :2].astype(float)
    one = body_moves(some, model, modes)
    both = body_moves(some, model, (1.5 * modes[..., :1] - 0.5 * modes[..., 1:]))
    for name, goes in both.items():
        assert np.abs(goes[..., 0] - 1.5 * one[name][..., 0] + 0.5 * one[name][..., 1]).max() < 1e-6


def test_a_body_is_carried_to_bones_as_its_shapes_are_and_takes_what_is_own(
    pack: Pack, model: ShapeModel, shapes: Shapes
) -> None:
    """By what each mode does, and by the bones as they are in the end: the same body."""
    weights = [0.9, 0.0, -1.1]
    some = small(pack, *model.parts, "l5-vertebra", "left-gluteus-medius", "right-sciatic-nerve")
    own, psis = thinned(pack.surfaces["l5-vertebra"].surface, 1000), np.array([[50.0, 130.0, 20.0]])
    vertices = model.sample(np.array(weights)).vertices
    found = carried_pack(
        some, model, vertices, bones={"l5-vertebra": own}, landmarks={"left-psis": psis}
    )
    assert found.surfaces["l5-vertebra"].surface is own
    assert found.surfaces["l5-vertebra"].info.triangles == len(own.faces)
    assert found.landmarks["left-psis"] is psis
    assert all(len(rows) >= 5 for rows in found.si_room.values())
    other = shapes.rough(weights)
    for name in some.surfaces.keys() - {"l5-vertebra"}:
        away = found.surfaces[name].surface.vertices - other.surfaces[name].surface.vertices
        assert np.linalg.norm(away, axis=1).max() < 1.0, name
    with pytest.raises(ValueError, match="vertices"):
        carried_pack(some, model, vertices[1:])


@settings(max_examples=2, deadline=None)
@given(
    direction=st.lists(st.floats(-1.0, 1.0), min_size=MODES, max_size=MODES),
    far=st.floats(1.0, MOST_TOGETHER_SD),
)
def test_what_holds_on_the_mean_holds_at_every_stop(
    shapes: Shapes, known: Knowledge, direction: list[float], far: float
) -> None:
    """Muscles outside bone, all within the skin, ends on bones, sides apart, no clear place where
    none may be."""
    size = max(float(np.linalg.norm(direction)), 1e-6)
    weights = tidy(np.clip(np.array(direction) * far / size, -MOST_SD, MOST_SD))
    assert fault_of(weights) == ""
    body = shapes.exact(shapes.rough(weights))
    assert carried_faults(body) == []
    assert zones_on_any(known, body) == []


@given(
    start=st.lists(st.floats(-1.0, 1.0), max_size=MODES),
    mode=st.integers(0, MODES - 1),
    value=st.floats(-9.0, 9.0),
)
def test_a_slider_goes_as_far_as_a_shape_may(start: list[float], mode: int, value: float) -> None:
    found = within(tidy(start), mode, value)
    assert fault_of(found) == ""
    kept = [found[k] if k < len(found) else 0.0 for k in range(MODES)]
    before = [*tidy(start), *[0.0] * MODES]
    assert all(kept[k] == before[k] for k in range(MODES) if k != mode)
    if abs(value) <= 0.5:
        assert kept[mode] == pytest.approx(value, abs=0.006)


def test_shapes_are_undone_exactly_and_taken_back_to_the_mean(
    known: Knowledge, pack: Pack, shapes: Shapes
) -> None:
    do = Exploration(known, pack)
    do.set_mode("ball")
    start, places = do.state, do.items["left-psis"].points
    for value in (0.4, 0.9, 1.3):
        do.set_shape([value], merge=True)
    do.pause_merging()
    assert do.rough
    assert do.state.ball != start.ball
    assert not np.allclose(do.items["left-psis"].points, places)
    do.settle()
    assert not do.rough
    assert do.pack is not pack
    assert do.undo() == "Shape"
    assert do.state == start
    assert do.pack is pack
    assert do.items["left-psis"].points is places
    do.redo()
    assert do.state.shape == (1.3,)
    do.set_shape(())
    assert do.pack is pack
    with pytest.raises(ValueError, match="95 of 100"):
        do.set_shape([2.0, 2.0, 2.0])
    with pytest.raises(ValueError, match="6 weights"):
        do.set_shape([0.1] * 6)


def test_soft_tissue_follows_the_bones_of_a_shape_as_those_of_the_mean(
    known: Knowledge, pack: Pack, shapes: Shapes
) -> None:
    """It is tied as in the mean, and keeps out of its own bone where the hip bends far."""
    some = ("left-hip-bone", "left-femur", "sacrum", "left-iliacus")
    names = (*some, "right-hip-bone", "right-femur")
    mean, shape = small(pack, *names), small(shapes.rough([-1.5, 1.0, 1.2]), *names)
    tied = Following(known, mean)
    now = pose(shape, known.movements["left-knee-lift"], 1.0, 1.0)
    bones = [
        shape.surfaces[name].surface.moved(now.matrices[name])
        for name in ("left-hip-bone", "left-femur")
    ]

    def inside(following: Following) -> float:
        return float((depth_in(bones, following.bent("left-iliacus", now)) > DEEP_MM).mean())

    assert inside(Following(known, shape, tied)) < 0.05
    assert inside(Following(known, shape, tied, yields=True)) <= 0.005


def test_what_no_body_may_have_is_found(hers: Pack) -> None:
    """A muscle in the bone, a loose ligament, a mark on the other side, and a bone in a bone."""
    one = dict(hers.surfaces)
    for name, by in (
        ("left-piriformis", [30.0, 0.0, 0.0]),
        ("left-sacrotuberous-ligament", [0.0, 20.0, 0.0]),
        ("right-hip-bone", [6.0, 0.0, 0.0]),
    ):
        own = one[name].surface
        one[name] = replace(one[name], surface=Surface(own.vertices + by, own.faces))
    marks = hers.landmarks | {"left-psis": hers.landmarks["left-psis"] * [-1.0, 1.0, 1.0]}
    told = " ".join(carried_faults(replace(hers, surfaces=one, landmarks=marks)))
    for word in ("left-psis", "left-piriformis", "left-sacrotuberous", "right SI joint"):
        assert word in told
