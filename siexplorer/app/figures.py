"""The live numbers of a movement: true angles and shifts, and the factor they are drawn by."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from siexplorer.anatomy.records import Movement
from siexplorer.exploration.moving import Factor, Pose, SiJoint, moves_si, posture_at
from siexplorer.geometry.motion import SIDES, Posture

SAMPLES = 21
"""At so many moments a movement is looked at for what turns and how wide its figures get."""

TURNS_FROM_DEG, TILTS_FROM_DEG = 0.05, 3.0
"""What turns by less is not told; below the second, hip and thigh turn by much the same."""

APART_PX = 18


@dataclass(frozen=True, slots=True)
class Figure:
    """One live number: what it is, and how to write it."""

    title: str
    write: Callable[[Posture, dict[str, SiJoint], Factor], str]


class FiguresRow(QWidget):
    """The live numbers side by side, each as wide as it ever gets in its movement.

    Where one line has no room for them, they go on in the next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("True figures of the movement")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._shown: list[tuple[Figure, QLabel]] = []
        self._cells: list[QWidget] = []
        self._of = ""

    def words(self) -> str:
        """All of it as plain words."""
        return "; ".join(f"{f.title}: {label.text()}" for f, label in self._shown)

    def show_figures(self, movement: Movement) -> None:
        """Other numbers for another movement."""
        if movement.id == self._of:
            return
        self._of = movement.id
        for cell in self._cells:
            cell.hide()
            cell.deleteLater()
        self._shown, self._cells = [], []
        postures = [posture_at(movement, k / (SAMPLES - 1)) for k in range(SAMPLES)]
        for figure in figures_of(movement, postures):
            cell, title, value = QWidget(self), QLabel(figure.title), QLabel()
            title.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            title.setBuddy(value)
            value.setAccessibleName(figure.title)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            font = value.font()
            font.setBold(True)
            value.setFont(font)
            metrics = QFontMetrics(font)
            widest = max(
                metrics.horizontalAdvance(figure.write(one, _sampled(one), WIDEST_FACTOR))
                for one in postures
            )
            # Of one size whatever it says: nothing is laid out again while a movement plays.
            value.setFixedSize(widest + 4, value.sizeHint().height())
            pair = QHBoxLayout(cell)
            pair.setContentsMargins(0, 0, 0, 0)
            pair.setSpacing(6)
            pair.addWidget(title)
            pair.addWidget(value)
            cell.show()
            self._cells.append(cell)
            self._shown.append((figure, value))

    def flow(self, width: int) -> None:
        """Lay the numbers out in as many lines as a width in pixels asks for."""
        x, y, line = 0, 0, self.fontMetrics().height()
        for cell in self._cells:
            size = cell.sizeHint()
            line = max(line, size.height())
            if x and x + size.width() > width:
                x, y = 0, y + line + 2
            cell.setGeometry(x, y, size.width(), line)
            x += size.width() + APART_PX
        self.setFixedHeight(y + line)

    def renew(self, pose: Pose) -> None:
        """The numbers of this moment."""
        for figure, label in self._shown:
            label.setText(figure.write(pose.posture, pose.si, pose.factor))


WIDEST_FACTOR = Factor(10.0, 8.88, 8.88)


def _sampled(posture: Posture) -> dict[str, SiJoint]:
    return {side: SiJoint(posture.si_deg[side], 2.0, 0.0, 0.0) for side in SIDES}


def figures_of(movement: Movement, postures: list[Posture]) -> list[Figure]:
    """The numbers of all that moves in a movement, from its true angles at some moments."""

    def moves(value: Callable[[Posture], float]) -> bool:
        return any(abs(value(one)) > TURNS_FROM_DEG for one in postures)

    sides = [side for side in SIDES if moves_si(movement, side)]
    found = [Figure(f"{side.capitalize()} SI joint, true", _si_writer(side)) for side in sides]
    if sides:
        found.append(Figure("Drawn", lambda _posture, _si, factor: _factor_words(factor)))
    tilts = any(abs(one.tilt_deg) > TILTS_FROM_DEG for one in postures)
    found += [
        Figure(f"{side.capitalize()} hip", _hip_writer(side, tilts=tilts))
        for side in SIDES
        if any(abs(one.thighs[side].flexion_deg) > TURNS_FROM_DEG for one in postures)
    ]
    for title, angle, words in (
        ("Pelvic tilt", lambda one: one.tilt_deg, ("back", "forward")),
        ("Pelvic drop", lambda one: one.left_drop_deg, ("left", "right")),
        ("Pelvis turned", lambda one: one.left_turn_deg, ("left", "right")),
    ):
        if moves(angle):
            found.append(Figure(title, _angle_writer(angle, words)))
    return found


def _si_writer(side: str) -> Callable[[Posture, dict[str, SiJoint], Factor], str]:
    def write(_posture: Posture, si: dict[str, SiJoint], _factor: Factor) -> str:
        one = si[side]
        return f"{_way(one.true_deg, 1, ('back', 'forward'))}, {one.true_mm:.1f} mm"

    return write


def _hip_writer(side: str, *, tilts: bool) -> Callable[[Posture, dict[str, SiJoint], Factor], str]:
    """Between thigh and pelvis; where the pelvis tilts with it, the thigh's own angle besides."""

    def write(posture: Posture, _si: dict[str, SiJoint], _factor: Factor) -> str:
        thigh = posture.thighs[side].flexion_deg
        hip = _way(thigh - posture.tilt_deg, 0, ("flexed", "extended"))
        return f"{hip}, thigh {thigh:.0f}°" if tilts else hip

    return write


def _angle_writer(
    angle: Callable[[Posture], float], words: tuple[str, str]
) -> Callable[[Posture, dict[str, SiJoint], Factor], str]:
    return lambda posture, _si, _factor: _way(angle(posture), 0, words)


def _way(angle: float, digits: int, words: tuple[str, str]) -> str:
    """An angle without a sign and which way it goes; nothing to say of 0."""
    shown = f"{abs(angle):.{digits}f}"
    return f"{shown}°" if float(shown) == 0.0 else f"{shown}° {words[0 if angle > 0 else 1]}"


def _factor_words(factor: Factor) -> str:
    if factor.clamped:
        return f"×{factor.used:.3g} of ×{factor.asked:g}"
    return "true size" if factor.used == 1.0 else f"×{factor.used:.3g}"
