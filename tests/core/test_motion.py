"""Movements: true numbers, their signs, the clamp, and bones that stay apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray
from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.moving import pose
from siexplorer.geometry.filters import to_polydata
from siexplorer.geometry.motion import (
    SHOWN_LIMIT_DEG,
    TRUE_LIMIT_DEG,
    displacement_mm,
    eased,
    shown_rotation,
)
from siexplorer.geometry.surface import Surface
from siexplorer.packs.pack import Pack

MOVEMENTS = [
    f"{side}-ilium-{way}" for side in ("left", "right") for way in ("flexion", "extension")
]


@pytest.mark.parametrize("name", MOVEMENTS)
def test_the_bone_turns_as_the_words_say(known: Knowledge, pack: Pack, name: str) -> None:
    side, posterior = name.split("-")[0], name.endswith("flexion")
    end = pose(pack, known.movements[name], 1.0, 1.0)
    matrix = end.matrices[f"{side}-hip-bone"]
    sign = 1.0 if posterior else -1.0
    moved = {
        mark: sign * displacement_mm(matrix, pack.landmarks[f"{side}-{mark}"][0])
        for mark in ("asis", "psis", "iliac-crest-top", "ischial-tuberosity")
    }
    assert moved["asis"][2] > 3, "posterior rotation takes the ASIS up"
    assert moved["psis"][2] < 0, "and the PSIS down"
    assert moved["iliac-crest-top"][1] > 1, "the crest back"
    assert moved["ischial-tuberosity"][1] < -1, "and the sit bone forwards"
    assert all(abs(one[0]) < 1e-9 for one in moved.values())


@pytest.mark.parametrize("name", MOVEMENTS)
def test_true_millimetres_never_grow_with_the_picture(
    known: Knowledge, pack: Pack, name: str
) -> None:
    plain, large = (pose(pack, known.movements[name], 1.0, factor) for factor in (1.0, 10.0))
    side = name.split("-")[0]
    assert plain.true_mm == large.true_mm
    assert plain.glide_mm == large.glide_mm
    assert plain.shown.true_deg == large.shown.true_deg == 2.0
    # Lever arms from the axis: ASIS about 127 mm, PSIS about 20 mm, so 4.4 and 0.7 mm at 2 degrees.
    assert plain.true_mm[f"{side}-asis"] == pytest.approx(4.4, abs=0.4)
    assert plain.true_mm[f"{side}-psis"] == pytest.approx(0.7, abs=0.15)
    assert plain.glide_mm < 2.0
    drawn = displacement_mm(plain.matrices[f"{side}-hip-bone"], pack.landmarks[f"{side}-asis"][0])
    assert np.linalg.norm(drawn) == pytest.approx(plain.true_mm[f"{side}-asis"])
    assert large.shown.clamped
    assert large.shown.shown_deg == SHOWN_LIMIT_DEG


@given(st.floats(-TRUE_LIMIT_DEG, TRUE_LIMIT_DEG, allow_subnormal=False), st.floats(1.0, 10.0))
def test_what_is_drawn_is_never_beyond_the_clamp(true_deg: float, magnification: float) -> None:
    end = shown_rotation(true_deg, true_deg, magnification)
    assert abs(end.shown_deg) <= SHOWN_LIMIT_DEG + 1e-9
    assert end.shown_deg * true_deg >= 0
    assert end.clamped == (abs(true_deg) * magnification > SHOWN_LIMIT_DEG)
    assert end.clamped or end.factor == magnification
    # One factor for the whole movement: half way is half of what the end shows.
    half = shown_rotation(true_deg / 2, true_deg, magnification)
    assert half.factor == end.factor
    assert half.shown_deg == pytest.approx(end.shown_deg / 2)


@pytest.mark.parametrize(("true_deg", "factor"), [(3.7, 1.0), (-4.0, 1.0), (1.0, 0.9), (1.0, 11.0)])
def test_what_was_never_measured_is_never_played(true_deg: float, factor: float) -> None:
    with pytest.raises(ValueError, match=r"deg|magnification"):
        shown_rotation(true_deg, true_deg, factor)


def test_a_movement_starts_and_ends_where_it_says(known: Knowledge, pack: Pack) -> None:
    movement = known.movements["left-ilium-flexion"]
    start = pose(pack, movement, 0.0, 5.0)
    assert all(np.allclose(matrix, np.eye(4)) for matrix in start.matrices.values())
    assert start.claim == movement.stages[0].claim
    assert pose(pack, movement, 1.0, 5.0).claim == movement.stages[-1].claim
    angles = [pose(pack, movement, at, 5.0).shown.true_deg for at in np.linspace(0, 1, 11)]
    assert angles == sorted(angles)
    assert (eased(0.0), eased(0.5), eased(1.0)) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize("name", MOVEMENTS)
def test_the_thigh_goes_along_without_turning(known: Knowledge, pack: Pack, name: str) -> None:
    side = name.split("-")[0]
    end = pose(pack, known.movements[name], 1.0, 10.0)
    hip, thigh = end.matrices[f"{side}-hip-bone"], end.matrices[f"{side}-femur"]
    centre = pack.centres[f"{side}-hip-joint"]
    assert np.array_equal(thigh[:3, :3], np.eye(3))
    assert displacement_mm(thigh, centre) == pytest.approx(displacement_mm(hip, centre))


def depth_mm(points: np.ndarray, surface: Surface) -> float:
    """How deep the deepest of (n, 3) points lies inside a closed surface; negative if none is."""
    inside, distances = vtkImplicitPolyDataDistance(), vtkDoubleArray()
    inside.SetInput(to_polydata(surface))
    inside.FunctionValue(numpy_to_vtk(np.ascontiguousarray(points), deep=1), distances)
    return float(-vtk_to_numpy(distances).min())


@pytest.mark.parametrize("name", MOVEMENTS)
def test_bones_hardly_cross_at_the_clamp(known: Knowledge, pack: Pack, name: str) -> None:
    side = name.split("-")[0]
    end = pose(pack, known.movements[name], 1.0, 10.0)
    hip, thigh = (
        pack.surfaces[f"{side}-{bone}"].surface.moved(end.matrices[f"{side}-{bone}"])
        for bone in ("hip-bone", "femur")
    )
    other = pack.surfaces[f"{'right' if side == 'left' else 'left'}-hip-bone"].surface
    sacrum = pack.surfaces["sacrum"].surface
    assert depth_mm(hip.vertices, sacrum) < 2.5
    assert depth_mm(thigh.vertices, hip) < 2.5
    near = other.vertices[np.abs(other.vertices[:, 0]) < 15]
    assert depth_mm(near, hip) < 0, "the two pubic bones stay apart"
    # The mean bones already touch at rest (their gap is below the atlas' own error).
    close = sacrum.vertices[np.abs(sacrum.vertices[:, 0]) > 35]
    assert depth_mm(close, hip) < 3.0
