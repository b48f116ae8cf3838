"""A folder of meshes becomes a table: resumable, the same however it is run."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from bad_meshes import cube, stl_bytes
from pelves import joined, made_up

from siexplorer.cli import main
from siexplorer.packs.batch import HEAD, LANDMARKS, BatchError, run_batch
from siexplorer.packs.pack import read_shape

COUNT = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Some small pelves in two folders, a cube, and something that is no mesh."""
    home = tmp_path_factory.mktemp("scans")
    (home / "more").mkdir()
    model = read_shape()
    for number in range(COUNT):
        scan = made_up(model, 700 + number, triangles=5000, unit="mm")
        where = home / ("more" if number % 2 else "") / f"scan-{number}.stl"
        where.write_bytes(stl_bytes(joined([part for _, part in scan.parts])))
    (home / "cube.stl").write_bytes(stl_bytes(cube()))
    (home / "notes.txt").write_text("no mesh")
    return home


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """The table made in one go, as text."""
    table = tmp_path_factory.mktemp("table") / "table.csv"
    assert run_batch(folder, table) == (COUNT + 1, 0, 1)
    return table.read_text()


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def test_a_row_for_each_mesh_and_a_sentence_for_each_failure(whole):
    rows = rows_of(whole)
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    assert len(rows) == COUNT + 1
    (bad,) = [row for row in rows if row["status"] == "failed"]
    assert bad["file"] == "cube.stl"
    assert bad["says"] == "cube.stl: it has only 12 triangles, too few for a bone."
    for row in rows:
        if row["status"] == "done":
            assert 180 < float(row["asis_asis_mm"]) < 300
            assert 45 < float(row["subpubic_angle_deg"]) < 125
            assert all(row[f"{name}_x_mm"] for name in LANDMARKS)


def test_it_goes_on_where_it_was_cut_off(folder, whole, tmp_path):
    table = tmp_path / "table.csv"
    lines = whole.splitlines(keepends=True)
    # A row that was done bears a mark, so that doing it again would show; the last one is torn.
    marked = lines[2].replace("cannot be told", "CANNOT BE TOLD")
    table.write_text("".join(lines[:2]) + marked + lines[3][: len(lines[3]) // 2])
    assert run_batch(folder, table)[:2] == (COUNT + 1 - 2, 2)
    assert "CANNOT BE TOLD" in table.read_text()
    assert table.read_text().replace("CANNOT BE TOLD", "cannot be told") == whole


def test_a_killed_run_is_taken_up_again(folder, whole, tmp_path):
    table = tmp_path / "table.csv"
    command = [sys.executable, "-m", "siexplorer", "landmarks", str(folder)]
    command += ["--out", str(table), "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if table.exists() and table.read_text().count("\n") >= 3:
            break
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = table.read_text().count("\n") - 1
    assert before >= 2
    assert main(command[3:]) == 0
    assert table.read_text() == whole
    assert run_batch(folder, table)[:2] == (0, COUNT + 1)


def test_a_changed_mesh_is_done_again(folder, whole, tmp_path):
    home = tmp_path / "scans"
    shutil.copytree(folder, home)
    table = tmp_path / "table.csv"
    table.write_text(whole)
    (home / "cube.stl").write_bytes(stl_bytes(cube()) + b"more")
    assert run_batch(home, table)[:2] == (1, COUNT)


def test_dask_gives_the_same_table(folder, whole, tmp_path):
    distributed = pytest.importorskip("dask.distributed")
    table = tmp_path / "table.csv"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        run_batch(folder, table, dask=cluster.scheduler_address)
    assert table.read_text() == whole


def test_what_cannot_run_is_said(folder, tmp_path, capsys):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(BatchError, match="table of something else"):
        run_batch(folder, other)
    assert other.read_text() == "a,b\n1,2\n"
    (tmp_path / "empty").mkdir()
    with pytest.raises(BatchError, match="no mesh"):
        run_batch(tmp_path / "empty", tmp_path / "table.csv")
    for words, said in (
        ([str(folder)], "--out table.csv"),
        ([str(folder), "--out", str(tmp_path / "t.csv"), "--jobs", "0"], "--jobs"),
        ([str(folder), "--json"], "--out, --jobs and --dask"),
        ([str(folder / "cube.stl"), "--jobs", "2"], "for a folder"),
        ([str(folder), "--out", str(tmp_path / "no" / "t.csv")], "t.csv"),
    ):
        assert main(["landmarks", *words]) == 2
        assert said in capsys.readouterr().err


def test_the_head_names_each_column_once():
    assert len(set(HEAD)) == len(HEAD)
