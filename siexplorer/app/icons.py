"""The program's own line icons, drawn in whatever colour the palette asks for."""

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 20, 24, 32, 48)
RATIOS = (1, 2)
DISABLED_OPACITY = 0.38


def icon(name: str, colour: QColor) -> QIcon:
    """The icon in one colour, sharp from 16 to 48 px on plain and doubled screens.

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
    # Drawing is what costs: a size that serves both screens is drawn once.
    for pixels in sorted({size * ratio for size in SIZES for ratio in RATIOS}):
        normal = _canvas(pixels)
        painter = QPainter(normal)
        painter.setOpacity(colour.alphaF())
        svg.render(painter)
        painter.end()
        disabled = _canvas(pixels)
        painter = QPainter(disabled)
        painter.setOpacity(DISABLED_OPACITY)
        painter.drawPixmap(0, 0, normal)
        painter.end()
        for ratio in RATIOS:
            if pixels % ratio == 0 and pixels // ratio in SIZES:
                for pixmap, mode in ((normal, QIcon.Mode.Normal), (disabled, QIcon.Mode.Disabled)):
                    scaled = QPixmap(pixmap)
                    scaled.setDevicePixelRatio(ratio)
                    made.addPixmap(scaled, mode)
    return made


def _canvas(pixels: int) -> QPixmap:
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
