"""Many meshes, one row each: in this process, in several, or on a Dask cluster; resumable.

Rows are added to the table one whole line at a time, as they are done. A table that was cut off is
read again, and only what is missing, or changed since, is done.
"""

import csv
import io
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from siexplorer.geometry.measures import ANGLES, DISTANCES
from siexplorer.geometry.shape import ShapeModel

POINTS = (
    "asis",
    "aiis",
    "psis",
    "piis",
    "pubic-tubercle",
    "ischial-spine",
    "ischial-tuberosity",
    "iliac-tubercle",
    "iliac-crest-top",
    "hip-centre",
)
MIDLINE = ("pubic-symphysis", "sacral-base", "sacral-promontory", "s2-tubercle", "sacral-apex")
LANDMARKS = (*(f"{side}-{name}" for side in ("left", "right") for name in POINTS), *MIDLINE)
HEAD = (
    "file",
    "bytes",
    "status",
    "says",
    "unit",
    "triangles",
    "sure",
    "sides_sure",
    *DISTANCES,
    *ANGLES,
    *(f"{name}_{axis}" for name in LANDMARKS for axis in ("x_mm", "y_mm", "z_mm", "confidence")),
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

Row = dict[str, str]


class BatchError(Exception):
    """A batch that cannot run; the message is one sentence."""


@lru_cache(maxsize=1)
def _model() -> ShapeModel:
    from siexplorer.packs.pack import read_shape

    return read_shape()


def row_of(path: str, name: str) -> Row:
    """The row of one mesh. What is wrong with it stands in the row; nothing is raised."""
    from siexplorer.geometry.find import locate
    from siexplorer.packs.own import OwnMeshError, open_own

    row: Row = dict.fromkeys(HEAD, "")
    row["file"] = name
    try:
        row["bytes"] = str(Path(path).stat().st_size)
        found = open_own([Path(path)], _model())
        located = locate(_model(), found)
    except OwnMeshError as error:
        return row | {"status": "failed", "says": str(error)}
    except Exception as error:
        # One bad mesh among thousands must not stop the others; the row tells.
        reason = f"{name}: it stopped unforeseen ({type(error).__name__}: {error})."
        return row | {"status": "failed", "says": " ".join(reason.split())}
    row |= {
        "status": "done",
        "says": " ".join([found.sides_reason, *found.notes]),
        "unit": found.unit,
        "triangles": str(found.triangles),
        "sure": f"{found.sure:.2f}",
        "sides_sure": "yes" if found.sides_sure else "no",
    }
    points = {one: place.points for one, place in located.items()}
    for one, value in _measured(_model(), found, located, points).items():
        row[one] = f"{value:.2f}" if value == value else ""
    for one in LANDMARKS:
        place = located[one]
        for axis, value in zip(("x_mm", "y_mm", "z_mm"), place.points[0], strict=True):
            row[f"{one}_{axis}"] = f"{value:.2f}"
        row[f"{one}_confidence"] = f"{place.confidence:.2f}"
    return row


def meshes_in(folder: Path) -> list[Path]:
    """The mesh files in a folder and those below it, sorted; links to folders are not followed."""
    from siexplorer.packs.own import READERS

    found = []
    for where, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(where) / n for n in names if Path(n).suffix.lower() in READERS]
    return sorted(found)


def run_batch(
    folder: Path,
    table: Path,
    *,
    jobs: int = 1,
    dask: str | None = None,
    say: Callable[[int, int, Row], None] = lambda done, total, row: None,
) -> tuple[int, int, int]:
    """Fill the table with a row for each mesh in the folder.

    Returns how many rows were done now, how many were there before, and how many of all failed.

    Raises
    ------
    BatchError
        If there are no meshes, the table belongs to something else, or the cluster is not reached.
    OSError
        If the table cannot be written.
    """
    paths = meshes_in(folder)
    if not paths:
        raise BatchError(f"{folder}: there is no mesh in that folder.")
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    kept = {
        name: row
        for name, row in _kept(table).items()
        if name in names and row["bytes"] == str(names[name].stat().st_size)
    }
    _write(table, kept.values())
    todo = [(str(path.resolve()), name) for name, path in names.items() if name not in kept]
    rows = dict(kept)
    with table.open("a", encoding="utf-8", newline="") as file:
        for row in _rows(todo, jobs, dask):
            rows[row["file"]] = row
            file.write(_line(row))
            file.flush()
            os.fsync(file.fileno())
            say(len(rows), len(names), row)
    _write(table, (rows[name] for name in sorted(rows)))
    failed = sum(row["status"] != "done" for row in rows.values())
    return len(todo), len(kept), failed


def _rows(todo: Sequence[tuple[str, str]], jobs: int, dask: str | None) -> Iterator[Row]:
    if dask is not None:
        yield from _on_dask(todo, dask)
    elif jobs <= 1 or len(todo) < 2:
        for path, name in todo:
            yield row_of(path, name)
    else:
        yield from _in_processes(todo, jobs)


def _in_processes(todo: Sequence[tuple[str, str]], jobs: int) -> Iterator[Row]:
    """Rows as they are done. A mesh whose process dies is tried once alone, then told as failed."""
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    before = {key: os.environ.get(key) for key in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    waiting = list(reversed(todo))
    alone: list[tuple[str, str]] = []
    try:
        while waiting or alone:
            single = bool(alone)
            with ProcessPoolExecutor(1 if single else jobs, get_context("spawn")) as pool:
                running: dict[Future[Row], tuple[str, str]] = {}
                source = alone if single else waiting
                broken = False
                while (source or running) and not broken:
                    while source and len(running) < (1 if single else jobs):
                        one = source.pop()
                        running[pool.submit(row_of, *one)] = one
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        one = running.pop(future)
                        try:
                            yield future.result()
                        except BrokenProcessPool:
                            broken = True
                            if single:
                                yield _died(one[1])
                            else:
                                alone += [one, *running.values()]
                                running.clear()
                            break
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _died(name: str) -> Row:
    says = f"{name}: its process ended without an answer, perhaps for lack of memory."
    return dict.fromkeys(HEAD, "") | {"file": name, "status": "failed", "says": says}


def _on_dask(todo: Sequence[tuple[str, str]], address: str) -> Iterator[Row]:
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise BatchError(
            "Dask is not installed: install “siexplorer[batch]”, here and on the cluster."
        ) from None
    try:
        client = Client(address, timeout="15s")
    except (OSError, ValueError, TimeoutError) as error:
        raise BatchError(
            f"No Dask scheduler answers at “{address}” ({type(error).__name__}); check the address."
        ) from None
    with client:
        futures = {client.submit(row_of, path, name, pure=False): name for path, name in todo}
        for future in as_completed(futures):
            lost = future.exception()
            yield _died(futures[future]) if lost is not None else future.result()


def _kept(table: Path) -> dict[str, Row]:
    """The whole rows of a table that was begun; a last line that was cut off is not one."""
    try:
        text = table.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, IsADirectoryError):
        raise BatchError(f"{table.name}: that is no table; name another file.") from None
    if not text.strip():
        return {}
    whole = text[: text.rfind("\n") + 1]
    lines = list(csv.reader(io.StringIO(whole)))
    if not lines or tuple(lines[0]) != HEAD:
        raise BatchError(
            f"{table.name}: that is a table of something else, or of another version; name another "
            "file."
        )
    return {
        line[0]: dict(zip(HEAD, line, strict=True)) for line in lines[1:] if len(line) == len(HEAD)
    }


def _line(row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row[key] for key in HEAD)
    return out.getvalue()


def _write(table: Path, rows: Iterable[Row]) -> None:
    """The table as a whole, all or nothing."""
    part = table.with_name(f".{table.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(_line({key: key for key in HEAD}))
        file.writelines(_line(row) for row in rows)
        file.flush()
        os.fsync(file.fileno())
    part.replace(table)


def _measured(
    model: ShapeModel,
    found: Any,
    located: Any,
    points: Mapping[str, Any],
    by_hand: Collection[str] = (),
) -> dict[str, float]:
    """Distances and angles by name, NaN where the mesh does not show what they go by."""
    from siexplorer.geometry.measures import measures

    shown = {name for name, place in located.items() if place.shown} | set(by_hand)
    hips = [
        model.surface(f"{side}-hip-bone", found.model)
        if {f"{side}-ischial-tuberosity", "pubic-symphysis"} <= shown
        else None
        for side in ("left", "right")
    ]
    return measures({name: points[name] for name in shown}, *hips)


def record_of(
    model: ShapeModel,
    found: Any,
    located: Any,
    files: Sequence[str],
    by_hand: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What was found in a mesh, as plain values: mm in the body frame, and in the file's own.

    ``by_hand`` has landmarks that a person has put elsewhere, (3,) in the body frame by id: they
    count instead of what was found.
    """
    import numpy as np

    from siexplorer.geometry.registration import apply
    from siexplorer.packs.corrections import followed

    back = np.linalg.inv(found.to_body)
    by_hand = dict(by_hand or {})
    points = followed({name: place.points for name, place in located.items()}, by_hand)
    return {
        "files": list(files),
        "unit": found.unit,
        "unit_sure": found.unit_sure,
        "triangles": found.triangles,
        "repeated": found.repeated,
        "holes": found.holes,
        "turned": round(found.turned, 4),
        "sure": found.sure,
        "fit_mm": round(found.mean_mm, 2),
        "scale": round(found.scale, 4),
        "shape_weights_sd": [round(float(weight), 2) for weight in found.weights],
        "sides_sure": found.sides_sure,
        "sides_reason": found.sides_reason,
        "mirrored": found.mirrored,
        "to_body": [[round(float(x), 6) for x in row] for row in found.to_body],
        "bones": {
            name: {"triangles": len(bone.faces), "confidence": round(found.bone_sure[name], 2)}
            for name, bone in found.bones.items()
        },
        "unnamed": {name: len(one.faces) for name, one in found.others.items()},
        "notes": found.notes,
        "measures": {
            name: round(value, 2) if np.isfinite(value) else None
            for name, value in _measured(model, found, located, points, by_hand).items()
        },
        "landmarks": {
            name: {
                "points_mm": np.round(points[name], 2).tolist(),
                "in_file": [[float(f"{x:.7g}") for x in p] for p in apply(back, points[name])],
                "confidence": place.confidence,
                "shown": place.shown,
                "reason": place.reason,
                "by_hand": name in by_hand,
                "moved_mm": round(float(np.linalg.norm(points[name] - place.points)), 2)
                if name in by_hand
                else 0.0,
            }
            for name, place in located.items()
        },
    }
