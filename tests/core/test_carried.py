"""The built-in body on other pelves: itself at zero, linear, and whole within two deviations."""

from dataclasses import replace

import numpy as np
import pytest

from siexplorer.geometry.filters import thinned
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.shape import ShapeModel
from siexplorer.geometry.surface import Surface
from siexplorer.packs.carried import body_moves, carried_faults, carried_pack, places_of
from siexplorer.packs.pack import Pack, read_shape


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return read_shape()


@pytest.fixture(scope="module")
def hers(pack: Pack, model: ShapeModel) -> Pack:
    """The body on a pelvis that differs a good deal from the mean."""
    return carried_pack(pack, model, model.sample(np.array([1.4, -1.2, 0.8, 0.5, -1.0])).vertices)


def test_on_the_mean_it_is_the_pack_itself(pack: Pack, model: ShapeModel) -> None:
    flat = body_moves(pack, model, np.zeros((*model.mean.shape, 1)))
    assert flat.keys() == places_of(pack).keys()
    assert max(np.abs(one).max() for one in flat.values()) < 1e-9


def test_a_carried_body_is_whole(hers: Pack, pack: Pack) -> None:
    assert carried_faults(hers) == []
    assert hers.surfaces.keys() == pack.surfaces.keys()
    assert hers.landmarks.keys() == pack.landmarks.keys()
    for name, one in hers.surfaces.items():
        own = pack.surfaces[name]
        assert one.surface.faces is own.surface.faces
        assert one.fibres is own.fibres
    assert all(len(rows) >= 5 for rows in hers.si_room.values())
    # Cut level, a skin keeps its flat ends.
    for name in ("skin-female", "skin-male"):
        skin = hers.surfaces[name].surface
        assert (flat_ends(skin) == flat_ends(pack.surfaces[name].surface)).mean() > 0.999


def test_what_lies_between_the_bones_is_linear(pack: Pack, model: ShapeModel) -> None:
    bones = {n: one for n, one in pack.surfaces.items() if n in (*model.parts, "l4-vertebra")}
    some = bones | {n: pack.surfaces[n] for n in ("left-piriformis", "left-piriformis-origin")}
    small = replace(pack, surfaces=some)
    modes = model.modes[:, :, :2].astype(float)
    one = body_moves(small, model, modes)
    both = body_moves(small, model, (1.5 * modes[..., :1] - 0.5 * modes[..., 1:]))
    for name, goes in both.items():
        assert np.abs(goes[..., 0] - 1.5 * one[name][..., 0] + 0.5 * one[name][..., 1]).max() < 1e-6


def test_own_bones_and_landmarks_replace_the_carried_ones(pack: Pack, model: ShapeModel) -> None:
    bones = {n: pack.surfaces[n] for n in (*model.parts, "left-si-joint-cartilage")}
    small = replace(pack, surfaces=bones)
    own = thinned(pack.surfaces["sacrum"].surface, 3000)
    psis = pack.landmarks["left-psis"] + 1.0
    found = carried_pack(
        small, model, model.mean, bones={"sacrum": own}, landmarks={"left-psis": psis}
    )
    assert found.surfaces["sacrum"].surface is own
    assert found.surfaces["sacrum"].info.triangles == len(own.faces)
    assert found.landmarks["left-psis"] is psis
    with pytest.raises(ValueError, match="vertices"):
        carried_pack(small, model, model.mean[1:])


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
