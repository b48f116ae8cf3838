"""The command that writes films and models that move."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from siexplorer.cli.arguments import (
    View,
    cannot_write,
    check_place,
    either,
    magnification,
    preset_called,
    size_of,
)
from siexplorer.cli.reading import check_movable, knowledge, movement_called, whole_pack
from siexplorer.cli.screen import need_gl
from siexplorer.printing import CANNOT_DRAW, DONE, Refusal
from siexplorer.shaping import in_shape

if TYPE_CHECKING:
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.scene.reel import Reel


USUAL_FPS = {".gif": 10.0, ".mp4": 15.0, ".glb": 25.0}
SMALLEST_FILM_PX, LARGEST_FILM_PX = 320, 1920
MOST_FRAMES, MOST_FPS = 400, 60.0


def export(
    movement: str,
    out: Path,
    /,
    *,
    magnify: float | None = None,
    size: str | None = None,
    frames: int | None = None,
    fps: float | None = None,
    preset: str | None = None,
    view: View | None = None,
    dark: bool = False,
    state: Path | None = None,
) -> int:
    """Save a movement as a GIF, an MP4 or an animated 3D model (GLB).

    Parameters
    ----------
    movement
        A movement's id; “siexplorer list --kind movement” prints them.
    out
        The file to write. Its name says as what: .gif; .mp4, a video of VP9, which needs the
        library opencv-python-headless (Apache-2.0, with an FFmpeg under LGPL-2.1); or .glb, a 3D
        model that moves, for glTF viewers.
    magnify
        How many times larger than life the SI joints' part is drawn, 1 to 10; otherwise 5.
    size
        Width and height in pixels, WxH; otherwise 800x608 for a GIF, 1280x720 for an MP4.
    frames
        How many pictures show it from start to end.
    fps
        How many pictures a second; otherwise 10 for a GIF, 15 for an MP4, 25 for a GLB.
    preset
        A ready-made look: body-and-bones, skin, superficial-muscles, deep-rotators,
        front-of-hip, ligaments, bones; otherwise body-and-bones.
    view
        From where to look; otherwise from where the movement is seen best.
    dark
        Dark colours.
    state
        A JSON file that says what is shown, as the window writes it for its own exports.
    """
    kind = _export_kind(out)
    if kind == ".glb":
        for name, given in (("--size", size), ("--view", view), ("--dark", dark)):
            if given:
                raise Refusal(f"A .glb is turned by whoever looks at it; leave {name} out.")
    if kind == ".mp4":
        _need_video()
    size_px = _film_size(size or ("1280x720" if kind == ".mp4" else "800x608"))
    magnify, look = magnification(magnify), preset_called(preset)
    _check_pictures(frames, fps)
    if kind != ".glb":
        need_gl()
    known = knowledge()
    record = movement_called(known, movement)
    pack = whole_pack()

    from siexplorer.exploration.exploration import Exploration
    from siexplorer.scene.reel import reel

    exploration = Exploration(known, pack)
    exploration.set_movement(movement)
    in_shape(exploration)
    check_movable(exploration)
    if state is not None:
        _look_as(exploration, state)
    if magnify is not None:
        exploration.set_magnification(magnify)
    if look is not None:
        exploration.set_preset(look)
    if look is not None or state is None:
        exploration.look(view or record.view)
    elif view is not None:
        exploration.look(view)
    run = reel(record, fps=fps or USUAL_FPS[kind], frames=frames)
    with _ended_softly(at_once=kind == ".glb"):
        try:
            _write_export(exploration, run, out, size_px, dark=dark)
        except OSError as error:
            raise Refusal(cannot_write(out, error)) from None
    print(out)
    return DONE


def _write_export(
    exploration: "Exploration", run: "Reel", out: Path, size_px: tuple[int, int], *, dark: bool
) -> None:
    from siexplorer.scene.whole import whole_file

    kind = out.suffix.lower()
    if kind == ".glb":
        from siexplorer.scene.animated import NothingToShow, animated

        try:
            made = animated(exploration, run)
        except NothingToShow:
            raise Refusal("Nothing is shown, so there is nothing to export.") from None
        with whole_file(out) as part:
            part.write_bytes(made)
        return

    from siexplorer.scene.film import CannotFilm, pictures, save_gif, save_mp4
    from siexplorer.scene.theme import DARK, LIGHT

    scale = max(0.75, min(size_px[0] / 1000, size_px[1] / 760))
    theme = DARK if dark else LIGHT
    with whole_file(out) as part:
        drawn = pictures(exploration, run, size_px, theme, scale, _progress("Drawing"))
        if kind == ".gif":
            save_gif(drawn, run, part)
        else:
            try:
                save_mp4(drawn, run, part, _progress("Writing"))
            except CannotFilm as error:
                raise Refusal(str(error), CANNOT_DRAW) from None
        _heed()


def _progress(word: str) -> Callable[[int, int], None]:
    """Says on stderr how far it is: in one line on a screen, else line by line."""
    on_screen = sys.stderr.isatty()

    def say(done: int, total: int) -> None:
        _heed()
        end = "\r" if on_screen and done < total else "\n"
        print(f"{word} {done} of {total}", end=end, file=sys.stderr, flush=True)

    return say


_ENDING = threading.Event()
"""Somebody asked to end."""


@contextmanager
def _ended_softly(*, at_once: bool) -> Iterator[None]:
    """Let a request to end from outside be as Ctrl+C is, so that nothing is left behind.

    Unless ``at_once``, a first request is only noted, and heeded between two pictures: raised while
    VTK draws, it would end the process on the spot, with its unfinished file. A second one is not
    so patient.
    """
    import signal

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        asked_before = _ENDING.is_set()
        _ENDING.set()
        if at_once or asked_before:
            raise KeyboardInterrupt

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        _ENDING.clear()
        for one, handler in before.items():
            signal.signal(one, handler)


def _heed() -> None:
    """End here, if somebody asked to."""
    if _ENDING.is_set():
        raise KeyboardInterrupt


def _export_kind(out: Path) -> str:
    kind = out.suffix.lower()
    if kind not in USUAL_FPS:
        raise Refusal(f"{out}: give a name that ends in {either(list(USUAL_FPS))}.")
    check_place(out)
    return kind


def _need_video() -> None:
    from siexplorer.scene.film import NO_VIDEO, can_video

    if not can_video():
        raise Refusal(NO_VIDEO, CANNOT_DRAW)


def _film_size(text: str) -> tuple[int, int]:
    size = size_of(text)
    if min(size) < SMALLEST_FILM_PX or max(size) > LARGEST_FILM_PX:
        raise Refusal(
            f"--size of an export wants {SMALLEST_FILM_PX} to {LARGEST_FILM_PX} pixels each way, "
            f"so that the true values can be read, not “{text}”."
        )
    return size


def _check_pictures(frames: int | None, fps: float | None) -> None:
    if frames is not None and fps is not None:
        raise Refusal("--frames and --fps do not go together; leave one of them out.")
    if frames is not None and not 2 <= frames <= MOST_FRAMES:
        raise Refusal(f"--frames wants 2 to {MOST_FRAMES}, not {frames}.")
    if fps is not None and not 1.0 <= fps <= MOST_FPS:
        raise Refusal(f"--fps wants 1 to {MOST_FPS:g}, not {fps:g}.")


def _look_as(exploration: "Exploration", path: Path) -> None:
    """Show what a window shows, as it wrote it down."""
    import msgspec

    from siexplorer.exploration.state import State

    try:
        seen = msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError) as error:
        raise Refusal(f"{path} does not say what a window shows ({error}).") from None
    kept = ("hidden", "faded", "skin", "attachments", "section", "selected", "view", "camera")
    changes = {name: getattr(seen, name) for name in (*kept, "voice", "magnification")}
    exploration.apply("As shown", **changes)
