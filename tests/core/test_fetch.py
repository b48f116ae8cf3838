"""Packs are fetched whole or not at all, whatever the network and the disk do."""

import errno
import json
import os
import shutil
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from packs_server import REAL, Server, serving, small_pack

from siexplorer import cli
from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Bone, Muscle
from siexplorer.exploration.card import card_of, to_text
from siexplorer.exploration.catalog import join
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.lacking import lacking
from siexplorer.geometry.surface import is_closed, volume_cm3
from siexplorer.packs import convert, fetch
from siexplorer.packs.catalog import CatalogPack, catalog_faults, read_catalog
from siexplorer.packs.pack import Pack, PackError

real_packs = pytest.mark.skipif(
    not REAL.is_dir(), reason="the real packs are not beside this checkout"
)


@pytest.fixture(scope="session")
def mirror(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CatalogPack]:
    folder = tmp_path_factory.mktemp("mirror")
    return folder, small_pack(pack, folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror) -> Path:
    """A data folder of its own, where the small pack is the only one that is known."""
    folder = tmp_path / "data" / "packs"
    monkeypatch.setattr(fetch, "packs_folder", lambda: folder)
    monkeypatch.setattr(fetch, "read_catalog", lambda: {"small": mirror[1]})
    monkeypatch.setattr(fetch, "PAUSE_S", 0.0)
    monkeypatch.delenv(fetch.CHOSEN, raising=False)
    return folder


@pytest.fixture
def server(mirror, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(mirror[0]) as one:
        monkeypatch.setenv(fetch.MIRROR, one.address)
        yield one


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the conversion, for tests of the way here alone."""

    def write(pack: CatalogPack, _files: Path, into: Path, _said: object) -> list[str]:
        head = {"id": pack.id, "title": "t", "version": "1", "licence": "l", "attribution": "a"}
        head |= {"upstream": "u", "units": "mm", "axes": "x", "origin": "o", "provenance": "p"}
        lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
        (into / "pack.toml").write_text("\n".join([*lines, "file = []", "surface = []"]))
        return []

    monkeypatch.setattr(convert, "convert", write)


def nothing_half(home: Path) -> bool:
    """No pack in place, and no half-made folder left; what was downloaded whole may stay."""
    left = {path.name for path in home.iterdir()} if home.is_dir() else set()
    return left <= {"small.part"}


# Fetch, verify, break, remove ---------------------------------------------------------------------


@pytest.mark.parametrize("way", ["server", "folder"])
def test_a_pack_is_fetched_verified_broken_mended_and_removed(
    way: str, home: Path, mirror, request, monkeypatch: pytest.MonkeyPatch, pack: Pack
) -> None:
    if way == "server":
        request.getfixturevalue("server")
    else:
        monkeypatch.setenv(fetch.MIRROR, str(mirror[0]))
    told: list[tuple[str, int, int]] = []
    assert [one.state for one in fetch.listed()] == ["not here"]
    lacks = fetch.fetch("small", lambda *now: told.append(now))
    assert "There is nothing but bones." in lacks
    assert [one.state for one in fetch.listed()] == ["here"]
    assert {path.name for path in home.iterdir()} == {"small"}
    counts = [done for _, done, _ in told]
    assert counts == sorted(counts)
    assert counts[-1] == told[-1][2] == mirror[1].bytes
    fetch.verify("small")

    found = fetch.open_pack("small")
    # Through units, axes and a turn, the bones come back to where the built-in ones lie.
    for name in ("left-asis", "right-asis", "left-ischial-tuberosity", "right-psis"):
        away = np.linalg.norm(found.landmarks[name][0] - pack.landmarks[name][0])
        assert away < 6.0, name
    for one in found.surfaces.values():
        assert is_closed(one.surface)
        assert volume_cm3(one.surface) > 0

    glb = home / "small" / "small.glb"
    data = bytearray(glb.read_bytes())
    data[len(data) // 2] ^= 0xFF
    glb.write_bytes(bytes(data))
    with pytest.raises(PackError, match=r"packs/small/small.glb.*sha256.*fetch small"):
        fetch.verify("small")
    glb.write_bytes(bytes(data[:100]))
    assert [one.state for one in fetch.listed()] == ["broken"]
    fetch.fetch("small")
    fetch.verify("small")
    assert fetch.remove("small")
    assert not fetch.remove("small")
    assert not list(home.iterdir())
    with pytest.raises(PackError, match="is not here"):
        fetch.open_pack("small")


# The network --------------------------------------------------------------------------------------


def test_a_cut_connection_is_tried_again(server: Server, home: Path, plain: None) -> None:
    server.misbehave("cut", fetch.ATTEMPTS - 1)
    fetch.fetch("small")
    assert server.asked[: fetch.ATTEMPTS] == [server.asked[0]] * fetch.ATTEMPTS
    assert [one.state for one in fetch.listed()] == ["here"]


def test_what_is_whole_is_not_fetched_again(
    server: Server, home: Path, plain: None, mirror
) -> None:
    names = [one.name for one in mirror[1].file]

    def progress(what: str, _done: int, _total: int) -> None:
        if what.endswith(names[2]):
            server.misbehave("cut", 100)

    with pytest.raises(PackError, match="was cut") as caught:
        fetch.fetch("small", progress)
    assert "\n" not in str(caught.value)
    assert nothing_half(home)
    server.misbehave("", 0)
    server.asked.clear()
    fetch.fetch("small")
    assert server.asked == names[2:]


@pytest.mark.parametrize(
    ("fault", "word"),
    [("wrong", "sha256 differs"), ("endless", "sha256 differs"), ("missing", "404")],
)
def test_what_is_not_the_file_is_thrown_away(
    server: Server, home: Path, plain: None, fault: str, word: str
) -> None:
    server.misbehave(fault, 100)
    with pytest.raises(PackError, match=word) as caught:
        fetch.fetch("small")
    assert "\n" not in str(caught.value)
    assert nothing_half(home)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_no_network_is_a_sentence(
    home: Path, plain: None, monkeypatch: pytest.MonkeyPatch, mirror
) -> None:
    with serving(mirror[0]) as gone:
        monkeypatch.setenv(fetch.MIRROR, gone.address)
    with pytest.raises(PackError, match="cannot be reached"):
        fetch.fetch("small")
    monkeypatch.setenv(fetch.MIRROR, str(home / "nowhere"))
    with pytest.raises(PackError, match="is not there"):
        fetch.fetch("small")
    with pytest.raises(PackError, match="There is no pack “large”; there are: small"):
        fetch.fetch("large")


def test_a_download_can_be_cancelled(server: Server, home: Path, plain: None) -> None:
    server.misbehave("slow", 100)
    stop = threading.Event()

    def progress(_what: str, done: int, _total: int) -> None:
        if done:
            stop.set()

    with pytest.raises(fetch.Cancelled):
        fetch.fetch("small", progress, stop.is_set)
    assert nothing_half(home)


# The disk -----------------------------------------------------------------------------------------


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def too_small(_path: object) -> object:
    return namedtuple("usage", "total used free")(10, 10, 0)


@pytest.mark.parametrize(
    "fill",
    [
        lambda patch: patch.setattr(shutil, "disk_usage", too_small),
        lambda patch: patch.setattr(convert, "convert", no_room),
        lambda patch: patch.setattr("pooch.core.hash_matches", no_room),
    ],
    ids=["before", "while it is converted", "while it comes"],
)
def test_a_full_disk_is_a_sentence(
    server: Server, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch, fill: Callable
) -> None:
    fill(monkeypatch)
    with pytest.raises(PackError, match=r"not enough room.*MB") as caught:
        fetch.fetch("small")
    assert "\n" not in str(caught.value)
    assert nothing_half(home)


def test_an_older_copy_outlives_a_full_disk(
    server: Server, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch.fetch("small")
    before = (home / "small" / "pack.toml").read_bytes()
    monkeypatch.setattr(convert, "convert", no_room)
    with pytest.raises(PackError, match="not enough room"):
        fetch.fetch("small")
    assert (home / "small" / "pack.toml").read_bytes() == before
    assert [one.state for one in fetch.listed()] == ["here"]


def test_a_folder_that_cannot_be_written_is_a_sentence(
    server: Server, home: Path, plain: None
) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("in the way")
    with pytest.raises(PackError, match="cannot be written"):
        fetch.fetch("small")


# What is not the pelvis that was promised ---------------------------------------------------------


def test_bones_of_the_other_side_are_refused(pack: Pack, tmp_path: Path) -> None:
    small = small_pack(pack, tmp_path)
    swapped = {"left": "right", "right": "left"}
    surfaces = [
        msgspec.structs.replace(one, id=f"{swapped[one.id.split('-')[0]]}-femur")
        if one.id.endswith("femur")
        else one
        for one in small.surface
    ]
    wrong = msgspec.structs.replace(small, surface=surfaces)
    (tmp_path / "out").mkdir()
    with pytest.raises(PackError, match="lies on the other side"):
        convert.convert(wrong, tmp_path, tmp_path / "out")


def test_without_thigh_bones_the_rest_is_still_found(pack: Pack, tmp_path: Path) -> None:
    small = small_pack(pack, tmp_path)
    fewer = [one for one in small.surface if "femur" not in one.id and one.id != "coccyx"]
    (tmp_path / "out").mkdir()
    missing = convert.convert(
        msgspec.structs.replace(small, surface=fewer), tmp_path, tmp_path / "out"
    )
    found = json.loads((tmp_path / "out" / "landmarks.json").read_text())["landmarks"]
    assert {"left-psis", "right-piis", "s2-tubercle"} <= found.keys()
    assert not {"coccyx-tip", "left-greater-trochanter"} & found.keys()
    assert any("trochanters" in words for words in missing)


def test_the_catalog_is_checked() -> None:
    assert catalog_faults() == []
    packs = read_catalog()
    assert list(packs) == ["hra-female", "hra-male", "bodyparts3d"]
    assert all(len(one.sha256) == 64 and one.bytes for pack in packs.values() for one in pack.file)


def test_a_faulty_catalog_is_named(tmp_path: Path) -> None:
    text = (Path(convert.__file__).parents[2] / "meshes" / "catalog.toml").read_text()
    for old, new, word in (
        ('units = "mm"', 'units = "feet"', "feet"),
        ('axes = "+x left, +y posterior', 'axes = "+x left, +y left', "does not say where"),
        ('name = "hra-male/3d', 'name = "../3d', "must lie in"),
        ('url = "https:', 'url = "http:', "https"),
        ('moves_with = "sacrum"', 'moves_with = "nothing"', "moves with"),
        ("[[pack]]", "[[pack", "line"),
    ):
        (tmp_path / "catalog.toml").write_text(text.replace(old, new, 1))
        faults = catalog_faults(tmp_path)
        assert faults, word
        assert word in " ".join(faults)
    assert "missing" in catalog_faults(tmp_path / "none")[0]


# The command line ---------------------------------------------------------------------------------


def test_the_commands(
    server: Server, home: Path, capsys: pytest.CaptureFixture[str], plain: None
) -> None:
    assert cli.main(["packs", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["state"]) for row in rows] == [
        ("si-atlas", "built in"),
        ("small", "not here"),
    ]
    assert cli.main(["packs", "fetch", "small"]) == 0
    said = capsys.readouterr()
    assert said.out.index("Licence: CC0-1.0") < said.out.index("small is here")
    assert "Attribution: Nobody." in said.out
    assert "Fetching" in said.err
    assert cli.main(["packs", "remove", "small"]) == 0
    assert "removed" in capsys.readouterr().out
    server.misbehave("wrong", 100)
    assert cli.main(["packs", "fetch", "small"]) == 1
    assert capsys.readouterr().err.count("\n") >= 1


@pytest.mark.parametrize(
    "words",
    [
        ["packs", "fetch", "large"],
        ["packs", "fetch"],
        ["packs", "verify", "small"],
        ["packs", "verify", "large"],
        ["packs", "remove", "large"],
        ["packs", "nothing"],
        ["show", "left-psis", "--pack", "large"],
        ["show", "left-psis", "--pack=small"],
        ["list", "--pack"],
    ],
)
def test_what_cannot_be_met_is_refused_in_a_sentence(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.strip().count("\n") == 0
    assert fetch.CHOSEN not in os.environ


# The real packs -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pack]:
    """All three packs, fetched from a server on this machine."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch, serving(REAL) as one:
        patch.setattr(fetch, "packs_folder", lambda: folder)
        patch.setenv(fetch.MIRROR, one.address)
        for name in read_catalog():
            fetch.fetch(name)
            fetch.verify(name)
        return {name: fetch.open_pack(name) for name in read_catalog()}


@real_packs
def test_every_bone_and_muscle_of_the_real_packs_has_its_card(
    real: dict[str, Pack], known: Knowledge
) -> None:
    for name, pack in real.items():
        items = join(known, pack)
        assert not pack.problems
        assert {s.info.entry for s in pack.surfaces.values()} <= items.keys()
        for entry in {s.info.entry for s in pack.surfaces.values()}:
            text = to_text(card_of(known, known.entries[entry], pack, "plain", "own-body"))
            assert pack.info.attribution in text
            assert pack.info.licence in text
        bones = {n for n, item in items.items() if isinstance(item.entry, Bone)}
        assert {"left-hip-bone", "right-hip-bone", "sacrum", "coccyx"} <= bones, name
    muscles = {
        n for n, item in join(known, real["bodyparts3d"]).items() if isinstance(item.entry, Muscle)
    }
    assert len(muscles) == 36
    # 19 surfaces on each side: levator ani is shown by two.
    shown = [s for s in real["bodyparts3d"].surfaces.values() if s.info.entry in muscles]
    assert len(shown) == 38


@real_packs
def test_the_real_packs_are_upright_whole_and_the_right_way_round(real: dict[str, Pack]) -> None:
    for name, pack in real.items():
        for one in pack.surfaces.values():
            assert is_closed(one.surface), (name, one.info.id)
            assert volume_cm3(one.surface) > 0, (name, one.info.id)
            side = one.info.id.split("-")[0]
            middle = one.surface.vertices[:, 0].mean()
            if side in ("left", "right"):
                assert (middle > 0) == (side == "left"), (name, one.info.id)
        points = {key: rows[0] for key, rows in pack.landmarks.items()}
        assert np.allclose(points["left-asis"] + points["right-asis"], 0, atol=1e-2)
        assert abs(points["left-asis"][1]) < 1e-2
        for side in ("left", "right"):
            assert 140 < np.linalg.norm(points[f"{side}-psis"] - points[f"{side}-asis"]) < 200
            assert points[f"{side}-psis"][2] > points[f"{side}-ischial-tuberosity"][2] + 125
            hip = pack.centres[f"{side}-hip-joint"]
            assert hip[2] < points[f"{side}-asis"][2] < points[f"{side}-iliac-crest-top"][2]
        assert 200 < points["left-asis"][0] - points["right-asis"][0] < 290


@real_packs
def test_no_mode_breaks_on_a_pelvis_that_lacks_something(
    real: dict[str, Pack], known: Knowledge
) -> None:
    for name, pack in real.items():
        do = Exploration(known, pack)
        do.use(pack)
        words = lacking(known, pack)
        for movement in known.movements:
            do.set_movement(movement)
            for moment in (0.0, 0.5, 1.0):
                do.set_moment(moment)
                if do.pose() is None:
                    # On larger joints it is more than was ever measured, and that is said.
                    assert movement.endswith("loose-joint"), (name, movement)
                    assert any(known.movements[movement].name in one for one in words), name
        do.set_mode("ball")
        assert any("ball map" in one for one in words), name
        assert all(one.endswith(".") for one in words)
    bare = real["hra-male"]
    bare = Pack(bare.info, bare.surfaces, {}, {}, {})
    do = Exploration(known, bare)
    do.set_movement("nutation")
    assert do.pose() is None
    assert any("Movements cannot be shown" in one for one in lacking(known, bare))
