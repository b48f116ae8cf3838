"""Two pelves side by side: one selection, one look, both measured, and what one lacks is said."""

from dataclasses import replace

import numpy as np
import pytest
from ownmesh import opened_like
from pelves import sampled_pack

from siexplorer import cli
from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.cli import reading
from siexplorer.exploration import beside
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.mirror import Mirror
from siexplorer.packs.pack import Pack


@pytest.fixture(scope="module")
def another(pack: Pack) -> Pack:
    """A larger pelvis: the second mode is mostly size."""
    return sampled_pack(pack, [0.0, 2.0])


@pytest.fixture
def do(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)


def test_what_is_done_in_either_is_done_in_both(do: Exploration, another: Pack) -> None:
    before = do.state
    do.compare_with(another)
    mirror = Mirror(do)
    assert do.undo_label == "Compare with Another pelvis"
    assert (mirror.pack, mirror.fits()) == (another, True)
    mirror.select("left-psis")
    mirror.renew()
    assert do.state.selected == mirror.state.selected == "left-psis"
    # Each marks it on its own bones.
    first, second = (one.items["left-psis"].anchor for one in (do, mirror))
    assert 1.0 < np.linalg.norm(first - second) < 40.0
    do.set_preset("bones")
    do.set_section("axial")
    do.set_voice("clinician")
    do.set_movement("left-ilium-flexion")
    mirror.renew()
    for key in ("hidden", "faded", "section", "voice", "movement", "view"):
        assert getattr(mirror.state, key) == getattr(do.state, key)
    while do.undo_label:
        do.undo()
    assert do.state == before
    assert not mirror.fits()
    do.redo()
    assert mirror.fits()


def test_looks_are_those_of_what_either_has(known: Knowledge, pack: Pack, another: Pack) -> None:
    do = Exploration(known, another)
    do.compare_with(pack)
    mirror = Mirror(do)
    # As much is shown of the other as of the one in use.
    assert "left-piriformis" in mirror.items
    assert "left-piriformis" in do.state.hidden
    assert do.preset() is not None
    # These bones alone could be that of many looks; it is taken to be the start.
    assert do.preset().id == "body-and-bones"
    do.set_preset("deep-rotators")
    mirror.renew()
    assert mirror.visible("left-piriformis")
    assert not mirror.visible("left-gluteus-maximus")
    assert "12 muscles" in beside.absent_words(known, do.absent())
    assert mirror.absent() == []
    mirror.select("left-piriformis")
    do.hide("left-piriformis")
    mirror.renew()
    assert not mirror.visible("left-piriformis")
    # What only the other has goes with it.
    do.select("left-piriformis")
    do.compare(None)
    assert do.state.selected is None
    assert do.state.hidden <= frozenset(do.items)
    do.undo()
    assert do.state.selected == "left-piriformis"
    assert do.other is not None


def test_another_comparison_takes_the_place_of_the_first(
    do: Exploration, pack: Pack, another: Pack
) -> None:
    third = sampled_pack(pack, [-2.0])
    do.compare_with(another)
    do.compare_with(third)
    # Both have the same id, and are two pelves.
    assert do.other is not None
    assert do.other.pack is third
    do.undo()
    assert do.other is not None
    assert do.other.pack is another
    do.set_movement("left-ilium-flexion")
    assert do.state.against is not None
    do.compare("left-ilium-flexion", 1.0)
    assert (do.state.against, do.other) == (None, None)
    do.undo()
    do.set_mode("ball")
    assert do.other is None
    do.compare_with(another)
    assert do.state.mode == "explore"
    do.use(another)
    assert not do.state.compared
    assert do.undo_label is None


def test_both_are_measured(known: Knowledge, pack: Pack, another: Pack) -> None:
    same = {one.name: one for one in beside.compared(pack, sampled_pack(pack, [0.0]))}
    assert all(abs(one.difference) < 1.5 for one in same.values())
    found = {one.name: one for one in beside.compared(pack, another)}
    points = another.landmarks
    apart = np.linalg.norm(points["left-asis"][0] - points["right-asis"][0])
    assert found["asis_asis_mm"].second == pytest.approx(apart)
    assert found["hip_centres_mm"].difference > 3.0
    assert beside.whose(known, pack) != beside.whose(known, another)


def test_what_is_missing_is_said_and_not_made_up(known: Knowledge, pack: Pack) -> None:
    lame = sampled_pack(pack, [0.0])
    del lame.landmarks["sacral-apex"], lame.surfaces["left-hip-bone"]
    lame.centres.clear()
    found = beside.beside_record(known, pack, lame)
    for name in ("promontory_apex_mm", "subpubic_angle_deg", "hip_centres_mm"):
        assert found["measures"][name]["second"] is found["measures"][name]["difference"] is None
        assert found["measures"][name]["first"] > 0
    assert found["measures"]["asis_asis_mm"]["difference"] is not None
    # That of the first is told by Help > About.
    assert [lame.info.title in words for words in found["read"]] == [False, True]
    do = Exploration(known, pack)
    do.compare_with(lame)
    mirror = Mirror(do)
    assert {"sacral-apex", "left-hip-bone"} <= set(mirror.absent())
    assert "landmark" in beside.absent_words(known, mirror.absent())


def test_the_command_line_compares_and_draws_both(
    capsys, monkeypatch, pack: Pack, another: Pack, tmp_path
) -> None:
    import json

    packs = {"si-atlas": pack, "another": another}
    monkeypatch.setattr(reading, "check_pack", lambda name: None)
    monkeypatch.setattr("siexplorer.packs.fetch.open_pack", lambda name, cache=None: packs[name])
    assert cli.main(["compare", "si-atlas", "another", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["second"]["title"] == "Another pelvis"
    values = found["measures"]["asis_asis_mm"]
    assert values["second"] - values["first"] == pytest.approx(values["difference"], abs=0.011)
    assert cli.main(["compare", "si-atlas", "another"]) == 0
    told = capsys.readouterr().out
    assert "ASIS to ASIS" in told
    assert "neither is the normal one" in told

    out = tmp_path / "two.png"
    words = ["--beside-pack", "another", "--preset", "bones", "--size", "301x240"]
    assert cli.main(["snapshot", str(out), *words]) == 0
    from PIL import Image

    image = np.asarray(Image.open(out)).astype(float)
    assert image.shape == (240, 301, 3)
    first, second = image[:160, :149], image[:160, -149:]
    assert min(first.std(), second.std()) > 20
    assert np.abs(first - second).mean() > 1.0
    assert cli.main(["snapshot", str(out), "--beside-pack", "another", "--zones"]) == 2
    assert "--beside-pack" in capsys.readouterr().err


def test_a_mesh_of_ones_own_is_compared_as_it_was_put_right(
    capsys, monkeypatch, pack: Pack
) -> None:
    import json

    opened = opened_like(pack)
    out = pack.landmarks["left-asis"][0] + [5.0, 0.0, 0.0]
    opened.corrected["left-asis"] = out
    opened.pack.own = replace(opened.pack.own, sides="Left and right were not confirmed.")
    monkeypatch.setattr("siexplorer.packs.opened.open_pelvis", lambda paths, known: opened)
    assert cli.main(["compare", "si-atlas", "scan.stl", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["second"]["id"] == "scan.stl"
    assert found["measures"]["asis_asis_mm"]["difference"] == pytest.approx(5.0, abs=0.1)
    assert any("set by hand: 1" in words for words in found["read"])
    assert "Left and right were not confirmed." in found["read"]
    monkeypatch.undo()
    assert cli.main(["compare", "si-atlas", "no-such.stl"]) == 2
    assert "no-such.stl" in capsys.readouterr().err


def test_a_pack_that_is_not_there_is_refused(capsys) -> None:
    assert cli.main(["compare", "si-atlas", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
