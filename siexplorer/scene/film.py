"""A movement drawn picture after picture, and the pictures put into a GIF or an MP4.

Every picture is the scene's own, with its captions (the true values and the factor), L and R.
"""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt
import pyvista as pv

from siexplorer.exploration.exploration import Exploration
from siexplorer.scene.reel import Reel
from siexplorer.scene.scene import PelvisScene
from siexplorer.scene.theme import LIGHT, Theme

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) from the upper left."""

COLOURS = 255
"""Of the 256 of a GIF; one is kept for what did not change since the picture before."""

LOOKED_AT = 5
"""From how many pictures of a run the colours of a GIF are chosen (design)."""

FOURCC = "vp09"
"""VP9, which OpenCV's own FFmpeg writes without any library under the GPL."""

NO_VIDEO = (
    "MP4 files are written by OpenCV, which is not installed here: run “pip install "
    "opencv-python-headless” (Apache-2.0, with an FFmpeg under LGPL-2.1), or give a name that ends "
    "in .gif."
)


class CannotFilm(RuntimeError):
    """Why pictures cannot be put into a file; one sentence for the user."""


class Drawn(Sequence[Picture]):
    """Pictures of one size, kept packed: a run of large ones would fill the memory."""

    def __init__(self) -> None:
        self._shape = (0, 0, 3)
        self._packed: list[bytes] = []

    def add(self, picture: Picture) -> None:
        """Keep one more."""
        self._shape = picture.shape
        self._packed.append(zlib.compress(picture.tobytes(), 1))

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        flat = np.frombuffer(zlib.decompress(self._packed[number]), dtype=np.uint8)
        return flat.reshape(self._shape)


def pictures(
    exploration: Exploration,
    run: Reel,
    size: tuple[int, int],
    theme: Theme = LIGHT,
    scale: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Drawn:
    """The picture of every moment of a run, in order, all drawn by one plotter.

    ``progress`` hears how many are drawn, and of how many. The exploration is taken along.
    """
    plotter = pv.Plotter(off_screen=True, window_size=list(size), lighting="none")
    scene = PelvisScene(plotter, exploration, theme, lambda: None, scale)
    drawn = Drawn()
    try:
        scene.aim()
        for at in run.moments:
            exploration.set_moment(at)
            plotter.render()
            image = plotter.screenshot(return_img=True)
            assert image is not None
            drawn.add(np.ascontiguousarray(image[..., :3]))
            if progress is not None:
                progress(len(drawn), len(run.moments))
    finally:
        scene.close()
        plotter.close()
    return drawn


def save_gif(drawn: Sequence[Picture], run: Reel, path: Path) -> None:
    """Write the pictures of a run as a GIF that repeats for ever.

    All share one palette and none is dithered, so that what stands still does not flicker.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from PIL import Image

    palette = _palette(drawn)
    flat = [
        Image.fromarray(one).quantize(palette=palette, dither=Image.Dither.NONE) for one in drawn
    ]
    ordered = [flat[number] for number in run.order]
    ordered[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=ordered[1:],
        duration=[10 * max(2, round(100 * seconds)) for seconds in run.seconds],
        loop=0,
        disposal=1,
        optimize=False,
    )


def _palette(drawn: Sequence[Picture]) -> "Image":
    """One palette for all pictures, from a few of them."""
    from PIL import Image

    chosen = np.unique(np.linspace(0, len(drawn) - 1, LOOKED_AT).round().astype(int))
    sheet = np.concatenate([drawn[int(number)][::2, ::2] for number in chosen])
    return Image.fromarray(sheet).quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)


def save_mp4(
    drawn: Sequence[Picture],
    run: Reel,
    path: Path,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the pictures of a run as a video of VP9 in MP4; an odd row or column is left out.

    Raises
    ------
    CannotFilm
        If OpenCV is not installed, or cannot write such a video here.
    """
    try:
        import cv2
    except ImportError:
        raise CannotFilm(NO_VIDEO) from None
    step = min(run.seconds)
    height, width = (2 * (edge // 2) for edge in drawn[0].shape[:2])
    code = cv2.VideoWriter.fourcc(*FOURCC)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, 1.0 / step, (width, height))
    try:
        if not writer.isOpened():
            raise CannotFilm("This build of OpenCV cannot write VP9 into an MP4; choose .gif.")
        for done, (number, seconds) in enumerate(zip(run.order, run.seconds, strict=True), 1):
            picture = np.ascontiguousarray(drawn[number][:height, :width, ::-1])
            for _ in range(round(seconds / step)):
                writer.write(picture)
            if progress is not None:
                progress(done, len(run.order))
    finally:
        writer.release()


def can_video() -> bool:
    """Whether MP4 files can be written here."""
    from importlib.util import find_spec

    return find_spec("cv2") is not None
