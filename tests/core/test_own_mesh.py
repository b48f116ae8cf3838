"""A mesh of one's own: read without trust, and refused in one sentence where it must be."""

import contextlib
import io
import os
import socket
import sys
import time

import numpy as np
import pytest
from bad_meshes import (
    corpus,
    cube,
    glb_bytes,
    gltf_bytes,
    obj_bytes,
    ply_bytes,
    stl_bytes,
    vtp_bytes,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexplorer.cli import main
from siexplorer.geometry.surface import Surface
from siexplorer.packs import meshfiles
from siexplorer.packs.own import MOST_BYTES, READERS, OwnMeshError, read_own

BAD = corpus()
WRITERS = {
    ".stl": stl_bytes,
    ".obj": obj_bytes,
    ".ply": ply_bytes,
    ".glb": glb_bytes,
    ".gltf": gltf_bytes,
    ".vtp": vtp_bytes,
}
assert set(WRITERS) == set(READERS)

WATCHED: list[list[str]] = []
"""Where files that are opened for writing are noted, while a test watches."""


def _note_writing(event, args):
    if WATCHED and event in ("open", "os.mkdir", "os.rename", "os.remove", "shutil.copyfile"):
        writes = event != "open" or (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and not str(args[0]).endswith(".pyc") and "__pycache__" not in str(args[0]):
            WATCHED[-1].append(f"{event} {args[0]}")


sys.addaudithook(_note_writing)


@contextlib.contextmanager
def nothing_written():
    """Fails if a file is opened for writing anywhere."""
    WATCHED.append([])
    try:
        yield
    finally:
        noted = WATCHED.pop()
    assert not [one for one in noted if "/dev/null" not in one]


def refused(capsys, path):
    """The one sentence that a file gets from the command line."""
    begun = time.monotonic()
    code = main(["landmarks", str(path)])
    said = capsys.readouterr()
    assert code == 2, said.err
    assert time.monotonic() - begun < 60
    assert not said.out
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert path.name in said.err
    assert said.err.rstrip().endswith(".")
    return said.err


def test_the_corpus_is_large_enough():
    assert len(BAD) >= 30


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_gets_one_sentence(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    path = tmp_path / name
    path.write_bytes(BAD[name])
    with nothing_written():
        refused(capsys, path)
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_path_in_a_file_is_named_and_not_followed(tmp_path, capsys):
    path = tmp_path / "path.gltf"
    path.write_bytes(BAD["path.gltf"])
    assert "no path in a file is followed" in refused(capsys, path)


def test_a_folder_a_missing_file_and_one_that_may_not_be_read(tmp_path):
    (tmp_path / "folder.stl").mkdir()
    with pytest.raises(OwnMeshError, match="folder"):
        read_own([tmp_path / "folder.stl"])
    with pytest.raises(OwnMeshError, match="no such file"):
        read_own([tmp_path / "gone.stl"])
    locked = tmp_path / "locked.stl"
    locked.write_bytes(stl_bytes(cube()))
    locked.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(OwnMeshError, match="may not be read"):
            read_own([locked])


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.stl"
    with path.open("wb") as file:
        # A hole: it takes no disk, and reading it would take all memory.
        file.truncate(MOST_BYTES + 1)
    begun = time.monotonic()
    with pytest.raises(OwnMeshError, match="more than is read"):
        read_own([path])
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_each_format_gives_the_same_triangles(ending, tmp_path):
    box = cube()
    path = tmp_path / f"box{ending}"
    path.write_bytes(WRITERS[ending](box))
    (part,) = read_own([path])
    corners = part.surface.vertices[part.surface.faces]
    assert np.allclose(corners, box.vertices[box.faces])


@pytest.mark.parametrize("small", [False, True])
def test_other_ways_to_write_the_same(tmp_path, monkeypatch, small):
    import trimesh

    if small:
        # Large files are read in blocks; these are larger than such blocks.
        monkeypatch.setattr(meshfiles, "BLOCK_BYTES", 64)
        monkeypatch.setattr(meshfiles, "BLOCK_LINES", 5)
        monkeypatch.setattr(meshfiles, "WORDS_BYTES", 16)
    box = cube()
    mesh = trimesh.Trimesh(box.vertices, box.faces, process=False)
    (tmp_path / "text.stl").write_text(mesh.export(file_type="stl_ascii"))
    (tmp_path / "text.ply").write_bytes(mesh.export(file_type="ply", encoding="ascii"))
    (tmp_path / "raw.vtp").write_bytes(vtp_bytes(box, packed=False))
    quads = b"".join(b"v %g %g %g\n" % tuple(v) for v in box.vertices)
    quads += b"vt 0 0\no left\nf 1/1 2/1 4/1 3/1\nf -4 -2 -1 -3\no right\nf 1 5 6 2\n"
    (tmp_path / "quads.obj").write_bytes(quads)
    for name in ("text.stl", "text.ply", "raw.vtp"):
        (part,) = read_own([tmp_path / name])
        corners = part.surface.vertices[part.surface.faces]
        assert np.allclose(corners, box.vertices[box.faces], atol=1e-4), name
    left, right = read_own([tmp_path / "quads.obj"])
    assert (left.name, right.name) == ("left", "right")
    assert (len(left.surface.faces), len(right.surface.faces)) == (4, 2)


def test_parts_keep_their_names_and_places(tmp_path):
    import trimesh

    scene = trimesh.Scene()
    box = cube(10)
    shift = np.eye(4)
    shift[:3, 3] = [100, 0, 0]
    mesh = trimesh.Trimesh(box.vertices, box.faces, process=False)
    scene.add_geometry(mesh, node_name="left hip", geom_name="a")
    scene.add_geometry(mesh, node_name="right hip", geom_name="b", transform=shift)
    path = tmp_path / "two.glb"
    path.write_bytes(scene.export(file_type="glb"))
    found = {part.name: part.surface.vertices.mean(axis=0) for part in read_own([path])}
    assert set(found) == {"left hip", "right hip"}
    assert np.allclose(found["right hip"] - found["left hip"], [100, 0, 0])


def small():
    """A surface of a few triangles: too few for a bone, even twice over."""
    rng = np.random.default_rng(3)
    return Surface(rng.normal(size=(40, 3)), rng.integers(0, 40, (20, 3)).astype(np.int32))


WHOLE = {ending: write(small()) for ending, write in WRITERS.items()}
MUTATED = {
    "changes": st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=4),
    "cut": st.floats(0, 1),
    "doubled": st.booleans(),
}


def mutated(data, changes, cut, doubled):
    """Bytes changed here and there, cut off, and perhaps twice."""
    data = bytearray(data)
    for place, new in changes:
        at = int(place * (len(data) - 1))
        data[at : at + len(new)] = new
    return bytes(data[: int(len(data) * (1 - cut**3))] * (2 if doubled else 1))


@pytest.mark.parametrize("ending", sorted(WRITERS))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(**MUTATED)
def test_damaged_files_are_read_or_refused(tmp_path, ending, changes, cut, doubled):
    path = tmp_path / f"damaged{ending}"
    path.write_bytes(mutated(WHOLE[ending], changes, cut, doubled))
    said, parts = "", []
    try:
        parts = read_own([path])
    except OwnMeshError as error:
        said = str(error)
    assert parts or (said.startswith(f"damaged{ending}: ") and said.endswith("."))
    for part in parts:
        assert np.isfinite(part.surface.vertices).all()
        assert part.surface.faces.max(initial=0) < len(part.surface.vertices)


@pytest.mark.parametrize("ending", sorted(WRITERS))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(**MUTATED)
def test_the_command_line_refuses_damaged_files_in_one_sentence(
    tmp_path, ending, changes, cut, doubled
):
    path = tmp_path / f"damaged{ending}"
    path.write_bytes(mutated(WHOLE[ending], changes, cut, doubled))
    out, err = io.StringIO(), io.StringIO()
    begun = time.monotonic()
    with nothing_written(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["landmarks", str(path)])
    assert code == 2, err.getvalue()
    assert time.monotonic() - begun < 60
    assert not out.getvalue()
    assert err.getvalue().count("\n") == 1
    assert "Traceback" not in err.getvalue()
    assert err.getvalue().rstrip().endswith(".")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
