"""The body drawn: fibres, coarse stand-ins, referral areas, and pictures of every look."""

import numpy as np
import pytest
from softbody import ball, barrel, drawn, with_body, with_referral

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import PRESETS
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.surface import is_closed, vertex_normals, volume_cm3
from siexplorer.packs.pack import Pack
from siexplorer.scene.gl import draw_without_display, missing_gl

pytestmark = pytest.mark.skipif(missing_gl() is not None, reason="this machine cannot draw")


def picture(exploration: Exploration) -> np.ndarray:
    draw_without_display()
    from siexplorer.scene.snapshot import draw

    return draw(exploration, (240, 180)).astype(int)


@pytest.fixture
def body(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(*with_body(known, pack))


def test_every_look_is_a_picture_of_its_own(body: Exploration) -> None:
    pictures = []
    for preset in PRESETS:
        body.set_preset(preset.id)
        body.look("back")
        pictures.append(picture(body))
    for number, one in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert (np.abs(one - other).max(axis=2) > 12).sum() > 40


def test_cutting_fills_what_it_opens(body: Exploration) -> None:
    body.set_preset("skin")
    body.set_section("coronal")
    middle = picture(body)[60:120, 60:180].reshape(-1, 3)
    # Fat is pale yellow; a hollow shell would show the dark inside of its far wall.
    pale = (middle[:, 0] > 200) & (middle[:, 0] - middle[:, 2] > 15)
    assert pale.mean() > 0.4
    body.flip_section()
    assert picture(body).shape == (180, 240, 3)


def test_a_torn_surface_is_cut_hollow_and_drawn(known: Knowledge, pack: Pack) -> None:
    known, pack = with_body(known, pack)
    whole = pack.surfaces["left-gluteus-maximus"]
    torn = type(whole.surface)(whole.surface.vertices, whole.surface.faces[::2].copy())
    surfaces = {
        **pack.surfaces,
        "left-gluteus-maximus": drawn("left-gluteus-maximus", "left-gluteus-maximus", torn),
    }
    exploration = Exploration(known, Pack(pack.info, surfaces, pack.landmarks, pack.centres, {}))
    exploration.set_preset("superficial-muscles")
    exploration.set_section("free")
    assert picture(exploration).any()


def test_fibres_run_along_and_whiten_at_the_end() -> None:
    from siexplorer.scene.fibres import coordinates, streaks

    image = streaks((0.66, 0.34, 0.29), tendons=True).astype(float)
    belly, end = image[50:80], image[-3:]
    assert end.mean() > belly.mean() + 60
    # Across the fibres the shade changes more than along them.
    assert np.abs(np.diff(belly, axis=1)).mean() > 3 * np.abs(np.diff(belly, axis=0)).mean()
    # It repeats without a seam.
    seam = np.abs(image[:, 0] - image[:, -1]).mean()
    assert seam < 3 * np.abs(np.diff(image, axis=1)).mean()
    assert coordinates(drawn("a", "a", ball(30.0))).shape == (266, 2)


def test_a_coarse_stand_in_keeps_its_shape() -> None:
    from siexplorer.scene.coarse import thinned

    whole = ball(40.0, around=120)
    made = thinned(whole, vertex_normals(whole))
    assert len(made.surface.faces) < 0.6 * len(whole.faces)
    assert volume_cm3(made.surface) == pytest.approx(volume_cm3(whole), rel=0.05)
    assert np.abs(np.linalg.norm(made.normals, axis=1) - 1.0).max() < 1e-6
    assert len(made.kept) == len(made.surface.vertices)


def test_a_referral_area_is_soft_dotted_and_on_the_right_side(known: Knowledge, pack: Pack) -> None:
    from siexplorer.scene.referral import dotted, label, laid_on, open_skin

    skin, normals = open_skin(barrel(), flat_ends(barrel()))
    assert not is_closed(skin)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        entry = with_referral(known, f"{side}-piriformis").entries[f"{side}-piriformis"]
        (laid,) = laid_on(skin, normals, entry.referral_areas, entry.side, pack.landmarks)
        assert label(laid.area) == "Upper buttock: 44 %"
        assert laid.strength.max() == pytest.approx(1.0)
        inside = skin.vertices[laid.strength > 0.0]
        assert (sign * inside[:, 0] > -10.0).all()
        assert (inside[:, 1] > 70.0).all()
        places, across = dotted(skin, laid.strength)
        assert len(places) > 20
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e3 * np.eye(len(places))
        assert gaps.min() > 5.9
        assert np.allclose(np.linalg.norm(across, axis=1), 1.0)


def test_streaks_are_evened_out_along_the_fibres() -> None:
    from siexplorer.scene.fibres import drawn_along

    tube = barrel()
    sides = slice(0, len(tube.vertices) - 2)
    along = (200.0 - tube.vertices[:, 2]) / 400.0
    across = tube.vertices[:, 0] / 600.0
    jumbled = across + np.random.default_rng(5).normal(scale=0.1, size=len(across))
    # Rows of 48 vertices round the tube, 21 rows down it.
    before, after = (
        one[sides].reshape(21, 48) for one in (jumbled, drawn_along(tube, along, jumbled))
    )
    assert after.std(axis=0).mean() < 0.3 * before.std(axis=0).mean()
    smooth = across[sides].reshape(21, 48).mean(axis=0)
    assert np.corrcoef(after.mean(axis=0), smooth)[0, 1] > 0.9


def test_a_cut_draws_what_can_be_seen_and_no_more(known: Knowledge, pack: Pack) -> None:
    draw_without_display()
    import pyvista as pv

    from siexplorer.scene.scene import PelvisScene
    from siexplorer.scene.theme import LIGHT

    whole = pack.surfaces["sacrum"]
    torn = type(whole.surface)(whole.surface.vertices, whole.surface.faces[::2].copy())
    surfaces = {**pack.surfaces, "sacrum": drawn("sacrum", "sacrum", torn)}
    body = Exploration(known, Pack(pack.info, surfaces, pack.landmarks, pack.centres, {}))
    body.set_preset("bones")
    plotter = pv.Plotter(off_screen=True, window_size=[240, 180], lighting="none")
    scene = PelvisScene(plotter, body, LIGHT, lambda: None)

    def seen() -> set[str]:
        return {name for name, one in scene.surfaces.actors.items() if one.GetVisibility()}

    try:
        bones = seen()
        culled = {n: scene.surfaces.actors[n].GetProperty().GetBackfaceCulling for n in bones}
        assert culled["sacrum"]()
        body.set_section("axial")
        # The upper half is taken away; what is torn cannot be filled and shows its inside.
        assert {"left-hip-bone", "sacrum"} <= seen() < bones
        assert "l1-vertebra" not in seen()
        assert not culled["sacrum"]()
        assert culled["left-hip-bone"]()
        body.set_section(None)
        assert seen() == bones
        assert culled["sacrum"]()
        body.set_preset("skin")
        body.set_section("axial")
        assert seen() == {"skin-female"}
    finally:
        scene.close()
        plotter.close()


def test_a_movement_that_plays_stirs_the_model(body: Exploration) -> None:
    draw_without_display()
    import pyvista as pv

    from siexplorer.scene.scene import PelvisScene
    from siexplorer.scene.theme import LIGHT

    stirs = []
    plotter = pv.Plotter(off_screen=True, window_size=[240, 180], lighting="none")
    scene = PelvisScene(plotter, body, LIGHT, lambda: None, stirred=lambda: stirs.append(1))
    try:
        body.set_mode("move")
        for change in (
            lambda: body.set_moment(0.4),
            lambda: body.set_magnification(3.0),
            lambda: body.set_section("axial"),
            lambda: body.move_section(-30.0),
        ):
            stirs.clear()
            change()
            assert stirs
        stirs.clear()
        body.select("sacrum")
        assert not stirs
    finally:
        scene.close()
        plotter.close()
