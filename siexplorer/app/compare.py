"""Two movements, one at two magnifications, or two pelves, side by side: the same moment, one way
of looking, one selection. The second view shows a ``Mirror`` of the exploration.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.icons import icon
from siexplorer.app.links import tie
from siexplorer.exploration.beside import title_of, whose
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.mirror import Mirror
from siexplorer.exploration.moving import Pose, moves_si
from siexplorer.geometry.motion import SIDES

if TYPE_CHECKING:
    from siexplorer.anatomy.records import Movement
    from siexplorer.app.view import SceneView
    from siexplorer.scene.theme import Theme

TEACHING = "Clinic teaching model"
MAGNIFIED = 5.0
"""What a movement at its true size is compared with (design)."""


class SideBySide(QSplitter):
    """The model, and while two are compared, the second one beside it.

    Each view is made where it stays: a native window that is moved between parents loses its
    picture on X11. So this must be in its window before ``begin`` is called.
    """

    opened = Signal(object)
    closed = Signal()

    def __init__(self, exploration: Exploration, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.exploration, self.theme = exploration, theme
        self.second: SceneView | None = None
        self.mirror: Mirror | None = None
        self._linking = False
        self.setChildrenCollapsible(False)
        self.setHandleWidth(3)
        self.setAccessibleName("Model")
        self.head = ViewHead("First picture")
        self.head.hide()
        self.second_head: ViewHead | None = None
        self._pane: QWidget | None = None

    def begin(self) -> SceneView:
        """Make the first view, and follow the exploration."""
        from siexplorer.app.view import SceneView

        pane, column = self._make_pane(self.head)
        self.view = SceneView(self.exploration, self.theme, pane)
        column.addWidget(self.view, 1)
        self.view.show()
        self.view.turned.connect(self._first_turned)
        tie(self, self.exploration.changed, self._follow)
        tie(self, self.exploration.settled, self._settle)
        return self.view

    def _settle(self) -> None:
        """More is known of the shape of the pelvis: the second view shows that, too."""
        if self.mirror is not None:
            self.mirror.renew()
            self.mirror.settled.emit()

    def _make_pane(self, head: QWidget) -> tuple[QWidget, QVBoxLayout]:
        pane = QWidget(self)
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        self.addWidget(pane)
        pane.show()
        return pane, column

    @property
    def views(self) -> list[SceneView]:
        """The views that are open, from the left."""
        return [self.view] if self.second is None else [self.view, self.second]

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        for view in self.views:
            view.pelvis.set_theme(theme)
        if self.second_head is not None:
            self.second_head.recolour()

    def picture(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3) what can be seen; of two views, both below their titles."""
        if self.second is None or self.second_head is None:
            return self.view.picture()
        parts = [
            _titled(head.title(), view.picture())
            for head, view in ((self.head, self.view), (self.second_head, self.second))
        ]
        high = min(len(part) for part in parts)
        line = np.full((high, 2, 3), 128, dtype=np.uint8)
        return np.concatenate([parts[0][:high], line, parts[1][:high]], axis=1)

    def close_second(self) -> None:
        """Let the second drawing go."""
        if self.second is None or self._pane is None:
            return
        second, self.second, self.mirror = self.second, None, None
        self.head.hide()
        had_focus = second.hasFocus()
        second.close()
        self.second_head = None
        self._pane.hide()
        self._pane.setParent(None)
        self._pane.deleteLater()
        self._pane = None
        if had_focus:
            self.view.setFocus()
        self.closed.emit()

    def _follow(self, _change: Change) -> None:
        if getattr(self.view, "_closed", False):
            # Another pelvis is in use, and this is about to be deleted.
            return
        compared = self.exploration.state.compared
        if not compared or (self.mirror is not None and not self.mirror.fits()):
            self.close_second()
        if not compared:
            return
        if self.second is None:
            # What asked for it, a menu or undo, is over first: a view takes a moment to make.
            QTimer.singleShot(0, self, self._open)
        elif self.mirror is not None:
            self.mirror.renew()
        self._write_heads()

    def _open(self) -> None:
        from siexplorer.app.view import SceneView

        if self.second is not None or not self.exploration.state.compared:
            return
        mirror = self.mirror = Mirror(self.exploration)
        self.second_head = ViewHead("Second picture", self._magnify, self._end)
        self.head.show()
        self._pane, column = self._make_pane(self.second_head)
        for number in range(2):
            self.setStretchFactor(number, 1)
        half = self.width() // 2
        self.setSizes([half, half])
        second = self.second = SceneView(mirror, self.theme, self._pane, follows=True)
        second.setAccessibleName("Second model, to compare")
        second.turned.connect(self._second_turned)
        column.addWidget(second, 1)
        second.show()
        self._write_heads()
        # Pictures of the same height show the same mm as equally long.
        heads = (self.head, self.second_head)
        height = max(head.sizeHint().height() for head in heads)
        for head in heads:
            head.setFixedHeight(height)
        self._first_turned()
        self.opened.emit(second)

    def _first_turned(self) -> None:
        if self.second is not None:
            self._link(self.view, self.second)

    def _second_turned(self) -> None:
        if self.second is not None:
            self._link(self.second, self.view)

    def _link(self, source: SceneView, target: SceneView) -> None:
        """Both look from the same place."""
        if self._linking:
            return
        camera = source.pelvis.camera()
        if camera != target.pelvis.camera():
            self._linking = True
            try:
                target.look_from(camera)
            finally:
                self._linking = False

    def _magnify(self, factor: float) -> None:
        beside = self.exploration.state.beside
        if beside is not None:
            self.exploration.compare(beside.movement, factor)

    def _end(self) -> None:
        self.exploration.compare(None)

    def _write_heads(self) -> None:
        if self.mirror is None or self.second_head is None:
            return
        for head, one in ((self.head, self.exploration), (self.second_head, self.mirror)):
            if self.exploration.other is not None and one.pack is not None:
                title = title_of(one.known, one.pack, one.state.shape)
                head.name_pelvis(title, whose(one.known, one.pack))
                continue
            movement = one.known.movements.get(one.state.movement or "")
            if movement is not None:
                head.write(movement, one.pose(), one.state.magnification)


class ViewHead(QWidget):
    """Above a view while two are compared: which movement, how large, how much in truth; or whose
    pelvis.
    """

    def __init__(
        self,
        name: str,
        magnify: object = None,
        close: object = None,
    ) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.name, self.shown = ElidedLabel(), ElidedLabel()
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.shown.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.name)
        words.addWidget(self.shown)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 6, 4)
        row.setSpacing(8)
        row.addLayout(words, 1)
        self.factor: QDoubleSpinBox | None = None
        self.close_button: QToolButton | None = None
        if callable(magnify):
            self.factor = QDoubleSpinBox()
            self.factor.setPrefix("×")
            self.factor.setRange(1.0, 10.0)
            self.factor.setSingleStep(0.5)
            self.factor.setDecimals(1)
            self.factor.setKeyboardTracking(False)
            self.factor.setAccessibleName("Magnification of the second picture")
            self.factor.setToolTip("Magnification of this picture")
            self.factor.valueChanged.connect(magnify)
            row.addWidget(self.factor)
        if callable(close):
            self.close_button = QToolButton()
            self.close_button.setAutoRaise(True)
            self.close_button.setAccessibleName("End the comparison")
            self.close_button.setToolTip("End the comparison (Shift+D)")
            self.close_button.clicked.connect(lambda: close())
            row.addWidget(self.close_button)
            self.recolour()

    def recolour(self) -> None:
        """Icons in the palette's colour."""
        if self.close_button is not None:
            colour = self.palette().color(QPalette.ColorRole.ButtonText)
            self.close_button.setIcon(icon("close", colour))

    def title(self) -> str:
        """What it says."""
        return f"{self.name.text()}  ·  {self.shown.text()}"

    def name_pelvis(self, title: str, whose: str) -> None:
        """Name a pelvis, and say whether it is one person's."""
        self.name.setText(title)
        self.shown.setText(whose)
        if self.factor is not None:
            self.factor.hide()

    def write(self, movement: Movement, pose: Pose | None, asked: float) -> None:
        """Name a movement at a moment."""
        self.name.setText(movement.lay_name[:1].upper() + movement.lay_name[1:])
        said = size_words(movement, pose)
        self.shown.setText(f"{TEACHING}  ·  {said}" if movement.teaching_model else said)
        if self.factor is not None:
            self.factor.blockSignals(True)
            self.factor.setValue(asked)
            self.factor.blockSignals(False)
            self.factor.setVisible(any(moves_si(movement, side) for side in SIDES))


def size_words(movement: Movement, pose: Pose | None) -> str:
    """How large the SI motion is drawn, and how large it is."""
    sides = [side for side in SIDES if moves_si(movement, side)]
    if pose is None or not sides:
        return "true size"
    true = max((pose.si[side] for side in sides), key=lambda one: abs(one.true_deg))
    drawn = "true size" if pose.factor.used == 1.0 else f"drawn ×{pose.factor.used:.3g}"
    return f"{drawn}, true {abs(true.true_deg):.1f}°"


class ElidedLabel(QLabel):
    """One line that ends in an ellipsis where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), 6 * self.fontMetrics().averageCharWidth()), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """What fits; all of it is in the tool tip."""
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if text != self.text() else "")
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)


class CompareButton(QToolButton):
    """Asks what to compare the movement with."""

    def __init__(self, exploration: Exploration) -> None:
        super().__init__()
        self.exploration = exploration
        self.setText("Compare")
        self.setToolTip("Show a second picture beside this one (D)")
        self.setAccessibleName("Compare with a second picture")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.setAccessibleName("Compare")
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)

    def choices(self) -> list[tuple[str, str, float]]:
        """The nearest things to compare with: what to call each, its movement and magnification."""
        do, state = self.exploration, self.exploration.state
        movements = do.known.movements
        movement = movements.get(state.movement or "")
        if movement is None:
            return []
        found = []
        if movement.beside in movements:
            words = f"With {movements[movement.beside].lay_name}"
            found.append((words, movement.beside, state.magnification))
        if any(moves_si(movement, side) for side in SIDES):
            if state.magnification > 1.0:
                found.append(("With its true size", movement.id, 1.0))
            else:
                found.append((f"Magnified ×{MAGNIFIED:g}", movement.id, MAGNIFIED))
        twin = other_side(movement)
        if twin in movements:
            found.append(("With the other side", twin, state.magnification))
        return found

    def _fill(self) -> None:
        from siexplorer.app.timeline import GROUPS

        menu, do = self._menu, self.exploration
        menu.clear()
        for words, name, factor in self.choices():
            menu.addAction(words, partial(do.compare, name, factor))
        others = menu.addMenu("With another movement")
        for group, heading in GROUPS.items():
            members = [m for m in do.known.movements.values() if m.group == group]
            below = others.addMenu(heading)
            for movement in members:
                if movement.id != do.state.movement:
                    name = movement.lay_name[:1].upper() + movement.lay_name[1:]
                    below.addAction(name, partial(do.compare, movement.id))
        if do.state.beside is not None:
            menu.addSeparator()
            menu.addAction("End the comparison", partial(do.compare, None))


def other_side(movement: Movement) -> str:
    """The id of the same movement on the other side, or an empty text."""
    if not movement.paired or movement.side == "midline":
        return ""
    side = "right" if movement.side == "left" else "left"
    return f"{side}-{movement.id.split('-', 1)[1]}"


def _titled(title: str, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A picture with a line of text above it."""
    width = image.shape[1]
    band = QImage(width, 34, QImage.Format.Format_RGB888)
    band.fill(Qt.GlobalColor.white)
    painter = QPainter(band)
    font = painter.font()
    font.setPixelSize(16)
    painter.setFont(font)
    painter.setPen(Qt.GlobalColor.black)
    room = band.rect().adjusted(10, 0, -10, 0)
    painter.drawText(
        room,
        Qt.AlignmentFlag.AlignVCenter,
        painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room.width()),
    )
    painter.end()
    rows = np.frombuffer(band.constBits(), dtype=np.uint8).reshape(34, band.bytesPerLine())
    top = rows[:, : 3 * width].reshape(34, width, 3)
    return np.concatenate([top, image])
