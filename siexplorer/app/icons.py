"""The program's own line icons, drawn in whatever colour the palette asks for."""

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES = (20, 24)
RATIOS = (1, 2)


def icon(name: str, colour: QColor) -> QIcon:
    """The icon in one colour, sharp at the window's sizes on plain and doubled screens.

    Raises
    ------
    KeyError
        If there is no such icon: a wrong name is a mistake of the caller, not an empty button.
    """
    return _drawn(name, colour.rgba())


def names() -> list[str]:
    """Every icon there is."""
    folder = files("siexplorer.app") / "icons"
    return sorted(f.name[:-4] for f in folder.iterdir() if f.name.endswith(".svg"))


@cache
def _drawn(name: str, rgba: int) -> QIcon:
    file = files("siexplorer.app") / "icons" / f"{name}.svg"
    if not file.is_file():
        raise KeyError(name)
    colour = QColor.fromRgba(rgba)
    code = file.read_text(encoding="utf-8").replace("currentColor", colour.name())
    svg = QSvgRenderer(QByteArray(code.encode()))
    made = QIcon()
    for size in SIZES:
        for ratio in RATIOS:
            pixmap = QPixmap(size * ratio, size * ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setOpacity(colour.alphaF())
            svg.render(painter)
            painter.end()
            pixmap.setDevicePixelRatio(ratio)
            made.addPixmap(pixmap)
    return made
