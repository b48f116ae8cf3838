"""Packs are verified; what is damaged is one sentence, and the cache never makes things worse."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from siexplorer.packs import pack as packs
from siexplorer.packs.pack import Pack, PackError, read_info, read_pack

GLB = "si-atlas.glb"


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def sign_again(folder: Path, name: str) -> None:
    """Make pack.toml vouch for a file that was changed, as a faulty build would."""
    data = (folder / name).read_bytes()
    text = (folder / "pack.toml").read_text(encoding="utf-8")
    new = f'name = "{name}"\nbytes = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"'
    text, count = re.subn(rf'name = "{name}"\nbytes = \d+\nsha256 = "\w+"', new, text)
    assert count == 1
    (folder / "pack.toml").write_text(text, encoding="utf-8")


def cut_short(folder: Path) -> None:
    data = (folder / GLB).read_bytes()
    (folder / GLB).write_bytes(data[: len(data) // 2])


def cut_short_and_signed(folder: Path) -> None:
    cut_short(folder)
    sign_again(folder, GLB)


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "pack.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


FATAL: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "truncated": (cut_short, GLB, "cut short"),
    "truncated but signed": (cut_short_and_signed, GLB, "not a readable GLB"),
    "wrong hash": (lambda f: flip_a_byte(f / GLB), GLB, "sha256"),
    "missing": (lambda f: (f / GLB).unlink(), GLB, "missing"),
    "no pack.toml": (lambda f: (f / "pack.toml").unlink(), "pack.toml", "missing"),
    "syntax": (lambda f: rewrite(f, 'units = "mm"', "units = mm"), "pack.toml", "line"),
    "missing key": (lambda f: rewrite(f, 'units = "mm"\n', ""), "pack.toml", "units"),
    "wrong key": (lambda f: rewrite(f, "reviewed =", "revewed ="), "pack.toml", "revewed"),
    "file not listed": (lambda f: rewrite(f, f'name = "{GLB}"', 'name = "x"'), "pack.toml", GLB),
    "node not there": (lambda f: rewrite(f, 'id = "coccyx"', 'id = "tail"'), GLB, "tail"),
}


@pytest.mark.parametrize("fault", FATAL)
def test_a_damaged_pack_is_one_sentence(pack_folder: Path, fault: str) -> None:
    damage, file, word = FATAL[fault]
    damage(pack_folder)
    with pytest.raises(PackError) as caught:
        read_pack(pack_folder)
    sentence = str(caught.value)
    assert f"meshes/si-atlas/{file}" in sentence
    assert word in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "missing"),
        ("{", "not what was expected"),
        ("[]", "not what was expected"),
        ('{"landmarks": []}', "not what was expected"),
        ('{"landmarks": {}}', "centres_mm"),
        ('{"landmarks": {"left-psis": {"points_mm": [[1, 2]]}}}', "not what was expected"),
        ('{"landmarks": {"left-psis": {"points_mm": [[NaN, 2, 3]]}}}', "left-psis"),
    ],
)
def test_broken_landmarks_leave_the_bones(
    pack_folder: Path, tmp_path: Path, content: str | None, word: str
) -> None:
    path = pack_folder / "landmarks.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(content, encoding="utf-8")
        sign_again(pack_folder, "landmarks.json")
    read = read_pack(pack_folder, cache=tmp_path / "cache")
    assert len(read.problems) == 1
    assert "meshes/si-atlas/landmarks.json" in read.problems[0]
    assert word in read.problems[0]
    assert not read.landmarks
    assert len(read.surfaces["sacrum"].surface.faces) > 1000


def test_a_changed_landmark_file_is_noticed(pack_folder: Path) -> None:
    path = pack_folder / "landmarks.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["landmarks"]["left-psis"]["points_mm"][0][0] += 1.0
    path.write_text(json.dumps(record), encoding="utf-8")
    assert "landmarks.json" in read_pack(pack_folder).problems[0]


def same(one: Pack, other: Pack) -> bool:
    return one.surfaces.keys() == other.surfaces.keys() and all(
        np.array_equal(a.surface.vertices, b.surface.vertices)
        and np.array_equal(a.surface.faces, b.surface.faces)
        and np.array_equal(a.normals, b.normals)
        for a, b in zip(one.surfaces.values(), other.surfaces.values(), strict=True)
    )


def test_the_cache_gives_identical_arrays_without_reading_the_glb(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    assert same(read_pack(cache=cache), pack)
    monkeypatch.setattr(packs, "_read_glb", lambda *_: pytest.fail("the cache was not used"))
    assert same(read_pack(cache=cache), pack)
    assert [path.suffix for path in cache.iterdir()] == [".npz"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other arrays"])
def test_a_damaged_cache_is_built_again(pack: Pack, tmp_path: Path, damage: str) -> None:
    read_pack(cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    good = stored.read_bytes()
    if damage == "cut":
        stored.write_bytes(good[:-2000])
    elif damage == "flipped":
        flip_a_byte(stored)
    elif damage == "empty":
        stored.write_bytes(b"")
    else:
        with stored.open("wb") as stream:
            np.savez(stream, **{"sacrum/vertices": np.zeros((1, 3))})
    assert same(read_pack(cache=tmp_path), pack)
    assert len(stored.read_bytes()) == len(good)


def test_caches_of_replaced_packs_are_removed(pack: Pack, tmp_path: Path) -> None:
    for number in range(5):
        old = tmp_path / f"{number}.npz"
        old.write_bytes(b"of a pack that is gone")
        os.utime(old, (number, number))
    read_pack(cache=tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == packs.MOST_CACHES
    assert {"3.npz", "4.npz"} < set(left)
    assert same(read_pack(cache=tmp_path), pack)


def test_a_cache_that_cannot_be_written_costs_nothing(pack: Pack, tmp_path: Path) -> None:
    occupied = tmp_path / "cache"
    occupied.write_text("a file where the folder should be")
    assert same(read_pack(cache=occupied), pack)


def test_a_changed_glb_is_noticed_with_a_cache_too(pack_folder: Path, tmp_path: Path) -> None:
    read_pack(pack_folder, cache=tmp_path / "cache")
    flip_a_byte(pack_folder / GLB)
    with pytest.raises(PackError, match="sha256"):
        read_pack(pack_folder, cache=tmp_path / "cache")


def test_what_the_pack_says_of_itself() -> None:
    info = read_info()
    assert info.units == "mm"
    assert {"MPL-2.0", "Apache-2.0", "CC0-1.0"} <= set(info.licence.replace(";", "").split())
    coccyx = next(one for one in info.surface if one.id == "coccyx")
    assert coccyx.provenance == "modelled"
