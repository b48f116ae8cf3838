"""The posed figures: whole, on the floor, sides right, and drawn with their tool."""

import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Technique
from siexplorer.geometry.surface import is_closed
from siexplorer.packs.figures import Figure, read_figures
from siexplorer.packs.pack import Pack
from siexplorer.scene.figure import figure_picture, spot_on


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return read_figures()


def test_every_technique_has_its_figure(known: Knowledge, figures: dict[str, Figure]) -> None:
    for one in known.of_kind(Technique).values():
        assert one.figure in figures, one.id
        assert not one.helper or one.helper in figures, one.id


def test_figures_are_whole_and_lie_on_the_floor(figures: dict[str, Figure]) -> None:
    for name, one in figures.items():
        assert is_closed(one.surface), name
        assert len(one.surface.faces) <= 6000
        height = one.surface.vertices @ one.up - one.floor_mm
        assert -6.0 < height.min() < 12.0, (name, height.min())


def test_pairs_mirror_each_other(figures: dict[str, Figure]) -> None:
    for name, one in figures.items():
        if name.startswith("left-"):
            twin = figures[name.replace("left-", "right-", 1)]
            assert len(twin.surface.faces) == len(one.surface.faces)
            span, other = (np.ptp(f.surface.vertices, axis=0) for f in (one, twin))
            assert other == pytest.approx(span, abs=1.0)


def test_left_is_left(figures: dict[str, Figure], pack: Pack) -> None:
    left, right = (pack.landmarks[f"{s}-greater-trochanter"][0] for s in ("left", "right"))
    for name, one in figures.items():
        across = one.to_figure[:3, 0]
        assert (spot_on(one, left).point - spot_on(one, right).point) @ across > 100.0, name


def test_the_picture_shows_the_tool(
    figures: dict[str, Figure], known: Knowledge, pack: Pack
) -> None:
    psis = pack.landmarks["left-psis"][0] + np.array([50.0, 10.0, -30.0])
    figure = figures["lying-on-the-ball"]
    bare = figure_picture(figure, None, None, (160, 120))
    held = figure_picture(figure, known.tools["tennis-ball"], psis, (160, 120))
    assert bare.shape == (120, 160, 3)
    assert bare.std() > 5
    assert np.abs(bare.astype(int) - held).max() > 40
