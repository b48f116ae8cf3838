"""A picture of a whole body in the position of a technique, with the tool where it lies."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPalette, QPixmap, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Exploration
from siexplorer.packs.pack import PackError
from siexplorer.scene.theme import DARK, LIGHT

if TYPE_CHECKING:
    from siexplorer.packs.figures import Figure


@cache
def _figures() -> dict[str, Figure]:
    # Only here: what draws figures is slow to import.
    from siexplorer.packs.figures import read_figures

    return read_figures()


_drawn: dict[object, QImage] = {}
"""The pictures drawn last: whoever goes to and fro between techniques does not wait again."""

MOST_KEPT = 24


class PosturePicture(QLabel):
    """Drawn when there is someone to see it, and again when technique, tool or place change.

    While the tool has not been laid down the picture waits for it, unless it is ``alone``.
    """

    def __init__(
        self, exploration: Exploration, size: QSize, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.setFixedSize(size)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.alone = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._draw)
        tie(self, exploration.changed, self.renew)

    def renew(self) -> None:
        """Draw it as soon as nothing else is waiting."""
        self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Drawn now that it is seen."""
        super().showEvent(event)
        self.renew()

    def _draw(self) -> None:
        do, one = self.exploration, self.exploration.technique()
        if one is None or not self.isVisible():
            return
        point, tool = do.tool_at_rest(), do.known.tools.get(do.state.tool)
        laid = bool(one.tools) and any(place.zone for place in one.places)
        if laid and point is None and not self.alone:
            return
        dark = self.palette().color(QPalette.ColorRole.Window).lightness() < 128
        size = (self.width(), self.height())
        place = None if point is None or not one.tools else tuple(map(float, point))
        key = (one.figure, one.helper, do.state.tool if one.tools else "", place, size, dark)
        if key not in _drawn:
            from siexplorer.scene.figure import figure_picture

            try:
                figures = _figures()
                image = figure_picture(
                    figures[one.figure],
                    tool if one.tools else None,
                    point if one.tools else None,
                    size,
                    DARK if dark else LIGHT,
                    helper=figures.get(one.helper),
                )
            except (PackError, KeyError) as error:
                self.setText(str(error))
                return
            high, wide, _ = image.shape
            shown = QImage(image.tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888)
            while len(_drawn) >= MOST_KEPT:
                del _drawn[next(iter(_drawn))]
            _drawn[key] = shown.copy()
        self.setPixmap(QPixmap.fromImage(_drawn[key]))
        self.setAccessibleName(f"Picture of the position: {one.lay_name}")
