"""Cutting: filled faces of the right size, holes where a thing is hollow, and no crash."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from softbody import ball, barrel

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration import sections
from siexplorer.exploration.state import Section
from siexplorer.geometry.section import area_mm2, cut, flat_ends
from siexplorer.geometry.surface import Surface
from siexplorer.packs.pack import Pack

UP = np.array([0.0, 0.0, 1.0])


@settings(max_examples=40)
@given(st.floats(-0.95, 0.95), st.floats(0, 6.3), st.floats(-1.5, 1.5))
def test_a_sphere_is_cut_to_a_disc(share: float, turn: float, tilt: float) -> None:
    normal = np.array([np.cos(turn) * np.cos(tilt), np.sin(turn) * np.cos(tilt), np.sin(tilt)])
    made = cut(ball(50.0, around=80), normal * 50.0 * share, normal)
    assert area_mm2(made) == pytest.approx(np.pi * 2500 * (1 - share**2), rel=0.05)
    assert np.abs((made.vertices - normal * 50.0 * share) @ normal).max() < 1e-3


def test_a_hollow_thing_is_cut_to_a_ring() -> None:
    outer, inner = ball(50.0, around=60), ball(30.0, around=60)
    faces = np.concatenate([outer.faces, inner.faces[:, ::-1] + len(outer.vertices)])
    both = Surface(np.concatenate([outer.vertices, inner.vertices]), faces.astype(np.int32))
    assert area_mm2(cut(both, UP * 3.0, UP)) == pytest.approx(np.pi * 1600, rel=0.02)


def test_two_pieces_are_both_filled() -> None:
    one, other = ball(20.0), ball(20.0, (60.0, 0.0, 0.0))
    faces = np.concatenate([one.faces, other.faces + len(one.vertices)]).astype(np.int32)
    both = Surface(np.concatenate([one.vertices, other.vertices]), faces)
    single = area_mm2(cut(one, UP, UP))
    assert area_mm2(cut(both, UP, UP)) == pytest.approx(2 * single, rel=1e-6)


def test_a_plane_through_vertices_is_cut_too() -> None:
    # Twelve rows: the middle one lies exactly in the plane.
    assert area_mm2(cut(ball(50.0, around=60), np.zeros(3), UP)) == pytest.approx(
        np.pi * 2500, rel=0.02
    )


def test_beside_the_thing_there_is_nothing() -> None:
    made = cut(ball(10.0), UP * 11.0, UP)
    assert len(made.faces) == len(made.border) == 0


def test_a_surface_with_holes_does_not_crash() -> None:
    whole = ball(30.0)
    torn = Surface(whole.vertices, np.delete(whole.faces, np.arange(0, 90, 7), axis=0))
    for at in np.linspace(-29.0, 29.0, 12):
        made = cut(torn, UP * at, UP)
        assert len(made.border)


def test_every_bone_of_the_pelvis_can_be_cut(pack: Pack) -> None:
    for surface in pack.surfaces.values():
        if surface.info.closed:
            middle = surface.surface.vertices.mean(axis=0)
            for normal in np.eye(3):
                assert len(cut(surface.surface, middle, normal).border)


def test_flat_ends_are_found_and_nothing_else() -> None:
    body = barrel()
    ends = flat_ends(body)
    assert ends.sum() == 2 * 48
    assert not flat_ends(ball(20.0)).all()


# Where the plane is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (Section("sagittal", 52.0), "52 mm to the left of the midline."),
        (Section("sagittal", -3.4), "3 mm to the right of the midline."),
        (Section("sagittal", 0.2), "In the midline."),
        (Section("coronal", 90.0), "90 mm behind the ASIS."),
        (Section("coronal", -10.0), "10 mm in front of the ASIS."),
        (Section("axial", 10.0), "10 mm above the level of the ASIS."),
        (Section("axial", -20.0), "20 mm below the level of the ASIS."),
    ],
)
def test_the_place_is_told_as_a_person_would(known: Knowledge, section: Section, said: str) -> None:
    assert sections.words(known, section) == said


@pytest.mark.parametrize("plane", sections.PLANES)
def test_a_plane_takes_the_near_side_away(plane, pack: Pack) -> None:
    section = sections.started(plane)
    point, normal = sections.plane_of(section)
    assert np.linalg.norm(normal) == pytest.approx(1.0)
    assert point @ normal == pytest.approx(section.at_mm)
    low, high = sections.reach_mm(pack, section)
    assert low < section.at_mm < high
    flipped = Section(plane, section.at_mm, section.turn_deg, section.tilt_deg, flipped=True)
    assert np.allclose(sections.plane_of(flipped)[1], -normal)
    assert sections.seen_from(flipped) != sections.seen_from(section)


def test_without_a_pelvis_there_is_still_a_reach() -> None:
    assert sections.reach_mm(None, Section("axial")) == sections.FALLBACK_MM
