"""The posed figures: whole, on the floor, sides right, and drawn with their tool."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.places import data_folder
from siexplorer.anatomy.records import Technique
from siexplorer.geometry.surface import is_closed, volume_cm3
from siexplorer.packs.figures import Figure, read_figures
from siexplorer.packs.pack import Pack, PackError
from siexplorer.scene.figure import (
    figure_picture,
    helper_place,
    resting_tool,
    seen_from,
    spot_on,
)
from siexplorer.scene.theme import DARK

FOLDER = data_folder("meshes") / "figures"
BUTTOCK = np.array([85.0, 150.0, -35.0])


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return read_figures()


@pytest.fixture(scope="module", params=["female", "male"])
def of_sex(request: pytest.FixtureRequest) -> dict[str, Figure]:
    return read_figures(sex=request.param)


def test_every_technique_has_its_figure(known: Knowledge, of_sex: dict[str, Figure]) -> None:
    for one in known.of_kind(Technique).values():
        assert one.figure in of_sex, one.id
        assert not one.helper or one.helper in of_sex, one.id
    for figure in of_sex.values():
        assert figure.partner is None or of_sex[figure.partner].hands_mm is not None


def test_figures_are_whole_and_rest_on_the_floor(of_sex: dict[str, Figure]) -> None:
    for name, one in of_sex.items():
        assert is_closed(one.surface), name
        assert 40_000 < volume_cm3(one.surface) < 90_000, name
        assert 4000 <= len(one.surface.faces) <= 6000
        height = one.surface.vertices @ one.up - one.floor_mm
        assert -3.0 < height.min() < 3.0, name
        assert np.linalg.norm(one.camera) == pytest.approx(1.0)
        assert np.linalg.det(one.to_figure[:3, :3]) == pytest.approx(1.0, abs=1e-4)


def test_who_lies_touches_the_floor_in_many_places(figures: dict[str, Figure]) -> None:
    for name in ("prone", "left-side-lying", "left-knee-to-chest"):
        points = figures[name].surface.vertices
        touching = points[points[:, 2] - figures[name].floor_mm < 12.0]
        assert np.ptp(touching[:, 1]) > 600.0, name


def test_pairs_mirror_each_other(of_sex: dict[str, Figure]) -> None:
    pairs = [name for name in of_sex if name.startswith("left-")]
    assert len(pairs) >= 5
    for name in pairs:
        one, twin = of_sex[name], of_sex[name.replace("left-", "right-", 1)]
        flip = np.array([-1.0, 1.0, 1.0])
        assert np.array_equal(one.surface.vertices * flip, twin.surface.vertices)
        assert np.array_equal(one.surface.faces, twin.surface.faces[:, ::-1])
        assert np.allclose(one.camera * flip, twin.camera)


def test_left_is_left(of_sex: dict[str, Figure], pack: Pack) -> None:
    for place, apart in (("greater-trochanter", 200.0), ("psis", 50.0), ("asis", 120.0)):
        left, right = (pack.landmarks[f"{side}-{place}"][0] for side in ("left", "right"))
        for name, one in of_sex.items():
            ends = spot_on(one, left).point, spot_on(one, right).point
            assert (ends[0] - ends[1]) @ one.to_figure[:3, 0] > apart, (name, place)
            for bone, found in zip((left, right), ends, strict=True):
                there = one.to_figure[:3, :3] @ bone + one.to_figure[:3, 3]
                assert np.linalg.norm(found - there) < 45.0, (name, place)


def test_a_ball_lies_between_the_body_and_the_floor_or_wall(figures: dict[str, Figure]) -> None:
    for name in ("lying-on-the-ball", "left-figure-four", "seated-floor"):
        one = figures[name]
        rest = resting_tool(one, spot_on(one, BUTTOCK), 33.5)
        assert rest.support is not None, name
        assert rest.centre @ one.up == pytest.approx(one.floor_mm + 33.5), name
    wall = figures["standing-back-to-wall"]
    rest = resting_tool(wall, spot_on(wall, BUTTOCK), 33.5)
    assert wall.fixture is not None
    assert rest.centre[1] == pytest.approx(wall.fixture.y_mm - 33.5)
    held = resting_tool(figures["prone"], spot_on(figures["prone"], BUTTOCK), 33.5)
    assert held.support is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hands_of_who_helps_are_on_the_place(figures: dict[str, Figure], side: str) -> None:
    flip = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    for name in ("prone", f"{side}-side-lying"):
        one = figures[name]
        assert one.partner is not None
        helper, spot = figures[one.partner], spot_on(one, BUTTOCK * flip)
        hands = helper.hands_mm
        assert hands is not None
        matrix = helper_place(one, helper, spot)
        pressing = matrix[:3, :3] @ hands + matrix[:3, 3]
        assert np.linalg.norm(pressing - spot.point) < 150.0, name
        assert np.linalg.norm(one.surface.vertices - pressing, axis=1).min() < 35.0, name


@pytest.mark.parametrize("name", ["lying-on-the-ball", "seated-floor", "prone-propped"])
def test_a_place_is_seen_from_its_own_side(figures: dict[str, Figure], name: str) -> None:
    one, flip = figures[name], np.array([-1.0, 1.0, 1.0])
    leftwards = one.to_figure[:3, 0]
    left = seen_from(one, spot_on(one, BUTTOCK)) @ leftwards
    right = seen_from(one, spot_on(one, BUTTOCK * flip)) @ leftwards
    assert left > 0.0
    assert right == pytest.approx(-left)


def test_a_broken_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="file is missing"):
        read_figures(tmp_path)
    text = (FOLDER / "figures.toml").read_text(encoding="utf-8")
    (tmp_path / "figures.toml").write_text(text, encoding="utf-8")
    glb = bytearray((FOLDER / "figures.glb").read_bytes())
    glb[-1] ^= 1
    (tmp_path / "figures.glb").write_bytes(glb)
    with pytest.raises(PackError, match=r"sha256 in figures\.toml"):
        read_figures(tmp_path)
    (tmp_path / "figures.toml").write_text(text.replace("camera", "kamera", 1), encoding="utf-8")
    with pytest.raises(PackError, match="correct that place"):
        read_figures(tmp_path)


def test_the_cache_gives_the_same_and_may_be_damaged(
    tmp_path: Path, figures: dict[str, Figure]
) -> None:
    for round_ in range(3):
        again = read_figures(cache=tmp_path)
        for name, one in figures.items():
            assert np.array_equal(again[name].surface.faces, one.surface.faces)
            assert np.allclose(again[name].surface.vertices, one.surface.vertices, atol=1e-3)
        if round_ == 1:
            next(tmp_path.rglob("*.npz")).write_bytes(b"no archive")


def test_the_picture_shows_the_tool(figures: dict[str, Figure], known: Knowledge) -> None:
    figure = figures["lying-on-the-ball"]
    bare = figure_picture(figure, None, None, (160, 120))
    held = figure_picture(figure, known.tools["tennis-ball"], BUTTOCK, (160, 120))
    dark = figure_picture(figure, None, None, (160, 120), DARK)
    assert bare.shape == (120, 160, 3)
    assert bare.std() > 5
    assert np.abs(bare.astype(int) - held).max() > 40
    assert dark.mean() < 0.6 * bare.mean()


def test_every_figure_looks_different(figures: dict[str, Figure]) -> None:
    drawn = {name: figure_picture(one, None, None, (96, 72)) for name, one in figures.items()}
    for (first, one), (second, other) in itertools.combinations(drawn.items(), 2):
        assert np.abs(one.astype(int) - other).max() > 60, (first, second)
