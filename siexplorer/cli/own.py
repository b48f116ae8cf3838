"""The commands for a mesh of the user’s own: landmarks and open."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from siexplorer.cli.arguments import MeshUnit, View, cannot_write
from siexplorer.cli.reading import knowledge
from siexplorer.cli.screen import has_screen, need_gl, open_window
from siexplorer.printing import DONE, FAILED, Refusal, complain, landmark_lines, print_json

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.packs.opened import Opened


def landmarks(
    mesh: list[Path],
    /,
    *,
    json: bool = False,
    unit: MeshUnit | None = None,
    mirrored: bool = False,
    out: Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
) -> int:
    """Find the landmarks of a pelvis in MESH, or of all meshes in a folder.

    MESH is an STL, OBJ, PLY, GLB, glTF or VTP file, several that belong together, or a folder
    (with --out). Nothing is sent anywhere. Landmarks that you have corrected in the window lie
    where you put them; a table holds them as they were found.

    Parameters
    ----------
    mesh
        The file or files, or one folder of them.
    json
        Print JSON: bones, landmarks with confidence and reason, distances and angles.
    unit
        The file's unit; otherwise told by its size.
    mirrored
        The mesh is a mirror image; turn it over first.
    out
        For a folder: the CSV table to fill, one row per mesh. Run again to resume.
    jobs
        For a folder: how many processes work side by side.
    dask
        For a folder: the address of a Dask scheduler to work on instead.
    """
    if len(mesh) == 1 and mesh[0].is_dir():
        if json or unit or mirrored:
            raise Refusal("A folder of meshes takes --out, --jobs and --dask alone.")
        return _landmark_table(mesh[0], out, jobs, dask)
    if out or dask or jobs != 1:
        raise Refusal(f"--out, --jobs and --dask are for a folder; “{mesh[0]}” is none.")
    # Small matrices: more threads only wait for each other. Nothing has loaded NumPy yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from siexplorer.geometry.find import locate
    from siexplorer.packs.batch import record_of
    from siexplorer.packs.opened import kept_on
    from siexplorer.packs.own import OwnMeshError, open_own
    from siexplorer.packs.pack import PackError, read_shape

    try:
        model = read_shape()
        found = open_own(mesh, model, unit=unit, mirrored=mirrored)
    except OwnMeshError as error:
        raise Refusal(str(error)) from None
    except PackError as error:
        raise Refusal(str(error), FAILED) from None
    located = locate(model, found)
    by_hand, problems = kept_on(mesh, found, located)
    for problem in problems:
        complain(problem)
    record = record_of(model, found, located, [path.name for path in mesh], by_hand)
    print_json(record) if json else landmark_lines(record)
    return DONE


def _landmark_table(folder: Path, out: Path | None, jobs: int, dask: str | None) -> int:
    from siexplorer.packs.batch import BatchError, run_batch

    if out is None:
        raise Refusal("For a folder, name the table to fill: --out table.csv.")
    if jobs < 1:
        raise Refusal("--jobs wants a whole number from 1 on.")
    try:
        done, before, failed = run_batch(
            folder, out, jobs=jobs, dask=dask,
            say=lambda k, n, row: complain(f"{k}/{n} {row['file']}: {row['status']}"),
        )  # fmt: skip
    except BatchError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(cannot_write(out, error)) from None
    print(f"{done} meshes done, {before} were there before, {failed} of all failed; see {out}.")
    return DONE


def open_(
    mesh: list[Path],
    /,
    *,
    json: bool = False,
    unit: MeshUnit | None = None,
    mirrored: bool = False,
    not_mirrored: bool = False,
    picture: Path | None = None,
    view: View = "back",
    into: Path | None = None,
) -> int:
    """Open a mesh of your own in the window, with the body carried over to it.

    MESH is an STL, OBJ, PLY, GLB, glTF or VTP file, or several that belong together. Without a
    screen, or with --json or --picture, what was found in it is reported instead. Nothing is sent
    anywhere, and nothing of it is kept.

    Parameters
    ----------
    mesh
        The file or files.
    json
        Print JSON: what “siexplorer landmarks --json” prints, and what could not be carried over.
    unit
        The file's unit; otherwise told by its size.
    mirrored
        The mesh is a mirror image; turn it over first. It cannot be told from shape.
    not_mirrored
        The mesh is no mirror image. If you say neither, pictures say that left and right are not
        confirmed.
    picture
        Draw this PNG file of it.
    view
        From where to look in the picture.
    into
        Write what was opened into this file, for a window to read; each step is printed.
    """
    if mirrored and not_mirrored:
        raise Refusal("--mirrored and --not-mirrored do not go together; leave one of them out.")
    sides = True if mirrored else False if not_mirrored else None
    for path in mesh:
        if not path.exists():
            raise Refusal(f"{path.name}: there is no such file; check the name.")
    if not (json or picture or into) and has_screen():
        return open_window(None, mesh, unit=unit, mirrored=sides)
    if picture is not None:
        need_gl()
    # Small matrices: more threads only wait for each other. Nothing has loaded NumPy yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from siexplorer.packs.opened import open_pelvis, write_opened
    from siexplorer.packs.own import OwnMeshError
    from siexplorer.packs.pack import PackError

    known = knowledge(say_problems=into is None)
    say_step = (lambda step: print(step, flush=True)) if into is not None else (lambda step: None)
    try:
        opened = open_pelvis(mesh, known, unit=unit, mirrored=sides, said=say_step)
    except OwnMeshError as error:
        raise Refusal(str(error)) from None
    except PackError as error:
        raise Refusal(str(error), FAILED) from None
    if into is not None:
        try:
            write_opened(opened, into)
        except OSError as error:
            raise Refusal(cannot_write(into, error)) from None
        return DONE
    for problem in opened.problems:
        complain(problem)
    if picture is not None:
        _draw_opened(opened, known, picture, view)
    if json:
        from siexplorer.exploration.own import opened_record

        print_json(opened_record(known, opened))
    else:
        from siexplorer.exploration.own import report, report_text

        print(report_text(report(known, opened)))
    return DONE


def _draw_opened(opened: "Opened", known: "Knowledge", out: Path, view: View) -> None:
    from siexplorer.exploration.correcting import as_corrections
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.scene.snapshot import draw, save_png

    exploration = Exploration(known)
    exploration.use(opened.pack, as_corrections(opened.corrected))
    exploration.look(view)
    try:
        save_png(draw(exploration, (1000, 760)), out)
    except OSError as error:
        raise Refusal(cannot_write(out, error)) from None
