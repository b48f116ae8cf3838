"""An exploration drawn to a PNG file without a window."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvista as pv

from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.mirror import Mirror
from siexplorer.scene.scene import PelvisScene
from siexplorer.scene.theme import LIGHT, Theme
from siexplorer.scene.whole import whole_file

LINE_PX, LINE_GREY = 2, 128


def draw(
    exploration: Exploration, size: tuple[int, int], theme: Theme = LIGHT, scale: float = 1.0
) -> npt.NDArray[np.uint8]:
    """(height, width, 3) picture of the exploration as it stands."""
    plotter = pv.Plotter(off_screen=True, window_size=list(size), lighting="none")
    scene = PelvisScene(plotter, exploration, theme, lambda: None, scale)
    try:
        scene.aim()
        image = plotter.screenshot(return_img=True)
        assert image is not None
        return np.asarray(image[..., :3])
    finally:
        scene.close()
        plotter.close()


def draw_two(
    exploration: Exploration, size: tuple[int, int], theme: Theme = LIGHT, scale: float = 1.0
) -> npt.NDArray[np.uint8]:
    """(height, width, 3) picture of the exploration, and of what it is compared with beside it."""
    width, height = (size[0] - LINE_PX) // 2, size[1]
    halves = [
        draw(one, (width, height), theme, scale) for one in (exploration, Mirror(exploration))
    ]
    line = np.full((height, size[0] - 2 * width, 3), LINE_GREY, dtype=np.uint8)
    return np.concatenate([halves[0], line, halves[1]], axis=1)


def save_png(image: npt.NDArray[np.uint8], path: Path) -> None:
    """Write a picture whole or not at all.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written.
    """
    from PIL import Image

    with whole_file(path) as part:
        Image.fromarray(image).save(part, format="PNG")
