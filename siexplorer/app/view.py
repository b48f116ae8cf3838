"""The model in the window: mouse and keys in, pictures out."""

import time
import weakref

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget
from pyvistaqt import QtInteractor

from siexplorer.exploration.ball import meaning
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.state import Camera
from siexplorer.scene.camera import between, orbit, pan, zoom
from siexplorer.scene.picking import Hit
from siexplorer.scene.scene import PelvisScene
from siexplorer.scene.theme import Theme

CLICK_SLACK_PX = 4
DEG_PER_PX = 0.35
KEY_STEP_DEG = 10.0
NUDGE_MM, LARGE_NUDGE_MM = 2.0, 10.0
"""How far an arrow key moves the tool, alone and with Shift (design)."""

SLIDE_MM, LARGE_SLIDE_MM = 1.0, 5.0
"""How far an arrow key moves a landmark that is corrected, alone and with Shift (design)."""

HOVER_PAUSE_MS = 40
FLIGHT_S = 0.28
STILL_MS = 220
"""After so long without turning, the model is drawn in full again."""

SLOW_MS = 28.0
"""Where drawing it in full takes longer, the model is drawn more coarsely while it turns."""

ZOOM_PER_STEP = 1.15


class SceneView(QtInteractor):  # type: ignore[misc]
    """Shows an exploration. Left drag turns, right drag shifts, the wheel comes closer.

    One that ``follows`` is put by another view to where that one looks from, and never flies or
    frames the model by itself. ``turned`` is emitted whenever the camera moves, ``nudged`` when
    arrow keys ask the tool to go so many mm to the right and up.
    """

    zone_hovered = Signal(object)
    turned = Signal()
    nudged = Signal(float, float)

    def __init__(
        self,
        exploration: Exploration,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        follows: bool = False,
    ) -> None:
        alone = QGuiApplication.platformName() == "xcb"
        super().__init__(
            None if alone else parent, auto_update=False, lighting="none", multi_samples=0
        )
        if alone:
            # A window of its own: Qt then composes this part alone for each frame, not the whole
            # main window. That stays a plain one only if this one is its own window before it
            # joins: else each label that changes composes everything once more, 15 ms. Measured on
            # X11 only.
            self.setAttribute(Qt.WidgetAttribute.WA_DontCreateNativeAncestors)
            self.setAttribute(Qt.WidgetAttribute.WA_NativeWindow)
            self.setParent(parent)
        self.setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Model of the pelvis")
        self.setMinimumSize(200, 200)
        self.exploration = exploration
        self.animate = True
        self.follows = follows
        self._pressed_at: QPoint | None = None
        self._last: QPoint | None = None
        self._dragging = False
        self._carried: QPoint | None = None
        self._carried_to: QPoint | None = None
        self._carry_timer = QTimer(self)
        self._carry_timer.setSingleShot(True)
        self._carry_timer.setInterval(0)
        self._carry_timer.timeout.connect(self._carry_on)
        self._hover_at: QPoint | None = None
        self._hover_timer = QTimer(self)
        self._hover_timer.setSingleShot(True)
        self._hover_timer.setInterval(HOVER_PAUSE_MS)
        self._hover_timer.timeout.connect(self._hover_now)
        self._flight_timer = QTimer(self)
        self._flight_timer.setInterval(16)
        self._flight_timer.timeout.connect(self._fly_on)
        self._flight: tuple[Camera, Camera, float] | None = None
        self._began, self._full_ms = 0.0, 0.0
        self._resizing = False
        self._watch_time()
        self._still_timer = QTimer(self)
        self._still_timer.setSingleShot(True)
        self._still_timer.setInterval(STILL_MS)
        self._still_timer.timeout.connect(self._stand_still)
        self.pelvis = PelvisScene(
            self,
            exploration,
            theme,
            self._request,
            self.devicePixelRatioF(),
            fly=self.fly,
            stirred=self._stirred,
        )

    def _request(self) -> None:
        if not getattr(self, "_closed", False):
            self.update()

    def _stirred(self) -> None:
        if hasattr(self, "pelvis"):
            self.turned.emit()
        if hasattr(self, "pelvis") and self._full_ms > SLOW_MS:
            self.pelvis.set_moving(moving=True)
            self._still_timer.start()

    def _watch_time(self) -> None:
        """Measure how long a picture in full takes on this machine."""
        me = weakref.ref(self)

        def begun(_window: object, _event: str) -> None:
            view = me()
            if view is not None:
                view._began = time.perf_counter()

        def done(_window: object, _event: str) -> None:
            view = me()
            if view is not None and hasattr(view, "pelvis") and view.pelvis.drawn_in_full():
                view._full_ms = 1000.0 * (time.perf_counter() - view._began)

        self.render_window.AddObserver("StartEvent", begun)
        self.render_window.AddObserver("EndEvent", done)

    def _stand_still(self) -> None:
        if not getattr(self, "_closed", False):
            self.pelvis.set_moving(moving=False)

    # Turning --------------------------------------------------------------------------------------

    def fly(self, target: Camera) -> None:
        """Glide to a camera; at once where nothing can be seen moving."""
        if self.follows:
            return
        start = self.pelvis.camera()
        far = np.linalg.norm(np.array(start.position) - np.array(target.position))
        if not self.animate or not self.isVisible() or far < 1.0:
            self._flight = None
            self.pelvis.set_camera(target)
            return
        self._flight = (start, target, time.monotonic())
        self._flight_timer.start()

    def _fly_on(self) -> None:
        if self._flight is None:
            self._flight_timer.stop()
            return
        start, target, since = self._flight
        share = min(1.0, (time.monotonic() - since) / FLIGHT_S)
        self.pelvis.set_camera(
            target if share >= 1.0 else between(start, target, share * share * (3 - 2 * share))
        )
        if share >= 1.0:
            self._flight = None
            self._flight_timer.stop()

    def look_from(self, camera: Camera) -> None:
        """Be at a camera at once, as another view is."""
        self._flight = None
        self.pelvis.set_camera(camera)

    def _keep(self) -> None:
        """Tell the exploration where the eye is now, so that it can be undone."""
        self._flight = None
        self.exploration.look_freely(self.pelvis.camera())

    def turn(self, right_deg: float, up_deg: float) -> None:
        """Turn the model by keys."""
        self.pelvis.set_camera(orbit(self.pelvis.camera(), right_deg, up_deg, self.pelvis.lying()))
        self._keep()

    def come_closer(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom, towards what lies under a point of the widget where one is given."""
        spot = None
        if at is not None:
            hit = self.hit(at)
            spot = np.array(hit.position) if hit else self._on_focal_plane(at)
        self.pelvis.set_camera(zoom(self.pelvis.camera(), factor, spot))
        self._keep()

    def _on_focal_plane(self, at: QPoint) -> npt.NDArray[np.float64]:
        x, y = self._pixel(at)
        camera = self.pelvis.camera()
        width, height = self.render_window.GetSize()
        moved = pan(camera, width / 2 - x, height / 2 - y, height)
        return np.array(moved.focal_point)

    # Picking --------------------------------------------------------------------------------------

    def _pixel(self, at: QPoint) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return at.x() * ratio, self.render_window.GetSize()[1] - 1 - at.y() * ratio

    def hit(self, at: QPoint) -> Hit | None:
        """What lies under a point of the widget."""
        return self.pelvis.pick(*self._pixel(at))

    def _hover_now(self) -> None:
        if self._hover_at is None or self._dragging:
            return
        hit = self.hit(self._hover_at)
        self.exploration.hover(hit.entry if hit else None)
        self.zone_hovered.emit(hit.zone if hit else None)
        name = self.exploration.name_of(hit.entry) if hit and hit.entry else ""
        if hit and hit.zone:
            name = self._reason(hit.zone)
        shape = Qt.CursorShape.PointingHandCursor if name else Qt.CursorShape.ArrowCursor
        pixel = self._pixel(self._hover_at)
        if self.pelvis.on_tool(*pixel) or self.pelvis.on_handle(*pixel):
            shape = Qt.CursorShape.OpenHandCursor
        self.setCursor(shape)
        if name:
            QToolTip.showText(self.mapToGlobal(self._hover_at + QPoint(14, 18)), name, self)
        else:
            QToolTip.hideText()

    def _reason(self, zone: str) -> str:
        known, tool = self.exploration.known, self.exploration.state.tool
        return meaning(known.zones[zone], known.tools[tool]).reason.text

    # Carrying the tool, or a landmark -------------------------------------------------------------

    def _take_hold(self, at: QPoint) -> None:
        """Carry the tool from here on: where it was taken hold of stays under the pointer."""
        found, place = self.exploration.verdict(), self.exploration.correcting.place()
        if place is not None and self.pelvis.on_handle(*self._pixel(at)):
            held = place
        elif found is not None and self.pelvis.on_tool(*self._pixel(at)):
            held = found.contact.place
        else:
            self._carried = None
            return
        x, y, _ = self.pelvis.to_pixels(held[None])[0]
        ratio = self.devicePixelRatioF()
        height = self.render_window.GetSize()[1]
        self._carried = QPoint(round(x / ratio), round((height - 1 - y) / ratio)) - at

    def _carry_on(self) -> None:
        """The tool goes where the pointer is now; positions in between are skipped, not queued."""
        if self._carried is None or self._carried_to is None:
            return
        if self.exploration.correcting.name is not None:
            self._put_landmark(self._carried_to + self._carried)
            return
        hit = self.hit(self._carried_to + self._carried)
        if hit is not None:
            self.exploration.place_ball(np.array(hit.position), merge=True)

    def _put_landmark(self, at: QPoint) -> None:
        """Put the landmark that is corrected where its bone lies under a point of the widget."""
        correcting = self.exploration.correcting
        place = correcting.seen_from(*self.pelvis.picker.ray(*self._pixel(at)))
        if place is not None:
            correcting.put(place)

    def _slide_landmark(self, right: float, up: float, step_mm: float) -> None:
        """Move the landmark that is corrected over its bone, as seen from here."""
        camera = self.pelvis.camera()
        upwards = np.array(camera.up)
        away = np.array(camera.focal_point) - np.array(camera.position)
        rightwards = np.cross(away, upwards)
        rightwards /= np.linalg.norm(rightwards)
        upwards = np.cross(rightwards, away / np.linalg.norm(away))
        self.exploration.correcting.slide(step_mm * (right * rightwards + up * upwards))

    # Events ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click or drag begins."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._flight = None
        self._pressed_at = self._last = event.position().toPoint()
        self._dragging = False
        self._carried = None
        if event.button() == Qt.MouseButton.LeftButton and not event.modifiers():
            self._take_hold(self._pressed_at)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn or shift while a button is down; otherwise name what is under the pointer."""
        at = event.position().toPoint()
        if self._pressed_at is None or self._last is None:
            self._hover_at = at
            if not self._hover_timer.isActive():
                self._hover_timer.start()
            return
        if not self._dragging:
            if (at - self._pressed_at).manhattanLength() <= CLICK_SLACK_PX:
                return
            self._dragging = True
            self.exploration.pause_merging()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            QToolTip.hideText()
        step = at - self._last
        self._last = at
        if self._carried is not None:
            self._carried_to = at
            self._carry_timer.start()
            return
        shifting = bool(event.buttons() & ~Qt.MouseButton.LeftButton) or bool(
            event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        )
        camera = self.pelvis.camera()
        if shifting:
            camera = pan(camera, step.x(), -step.y(), max(1, self.height()))
        else:
            right_deg, up_deg = step.x() * DEG_PER_PX, step.y() * DEG_PER_PX
            camera = orbit(camera, right_deg, up_deg, self.pelvis.lying())
        self.pelvis.set_camera(camera)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click selects; the end of a drag is kept for undo."""
        dragged, pressed = self._dragging, self._pressed_at
        self._pressed_at = self._last = None
        self._dragging = False
        self.setCursor(Qt.CursorShape.ArrowCursor)
        if pressed is None:
            return
        if dragged and self._carried is not None:
            self._carry_on()
            self._carried = self._carried_to = None
            self.exploration.pause_merging()
        elif dragged:
            self._keep()
            self.exploration.pause_merging()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.click(event.position().toPoint())

    def click(self, at: QPoint) -> None:
        """Select what lies there; empty space clears. In the ball mode the tool goes there, and so
        does a landmark that is being corrected.
        """
        if self.exploration.correcting.name is not None:
            self.exploration.pause_merging()
            self._put_landmark(at)
            self.exploration.pause_merging()
            return
        # The coarse stand-ins of a model that has only just come to rest are not searched.
        self.pelvis.set_moving(moving=False)
        hit = self.hit(at)
        if hit is not None and hit.zone is not None:
            self.exploration.place_ball(np.array(hit.position))
        else:
            self.exploration.select(hit.entry if hit else None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Come closer to, or move away from, what is under the cursor."""
        steps = event.angleDelta().y() / 120.0
        if steps:
            self.come_closer(ZOOM_PER_STEP**steps, event.position().toPoint())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows turn, plus and minus zoom. In the ball mode arrows move the tool, and while
        a landmark is corrected they move that; with Ctrl they turn.
        """
        turns = {
            Qt.Key.Key_Left: (-KEY_STEP_DEG, 0.0),
            Qt.Key.Key_Right: (KEY_STEP_DEG, 0.0),
            Qt.Key.Key_Up: (0.0, -KEY_STEP_DEG),
            Qt.Key.Key_Down: (0.0, KEY_STEP_DEG),
        }
        key = Qt.Key(event.key())
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        correcting = self.exploration.correcting
        if correcting.name is not None and key in turns and not ctrl:
            large = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            right, down = turns[key]
            step_mm = LARGE_SLIDE_MM if large else SLIDE_MM
            self._slide_landmark(right / KEY_STEP_DEG, -down / KEY_STEP_DEG, step_mm)
        elif correcting.name is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            correcting.finish()
        elif key in turns and self.exploration.verdict() is not None and not ctrl:
            large = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            step = (LARGE_NUDGE_MM if large else NUDGE_MM) / KEY_STEP_DEG
            right, down = turns[key]
            self.nudged.emit(right * step, -down * step)
        elif key in turns:
            self.turn(*turns[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.come_closer(ZOOM_PER_STEP)
        elif key == Qt.Key.Key_Minus:
            self.come_closer(1 / ZOOM_PER_STEP)
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Nothing waits for a key to come up."""
        event.ignore()

    def event(self, event: QEvent) -> bool:
        """Pinch on a touchpad zooms."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.come_closer(1.0 + event.value(), event.position().toPoint())
            return True
        return bool(super().event(event))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under a pointer that has left."""
        self._hover_at = None
        self.exploration.hover(None)
        self.zone_hovered.emit(None)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fixed view is framed again for the new shape."""
        self._resizing = True
        super().resizeEvent(event)
        self._resizing = False
        if hasattr(self, "pelvis") and self.exploration.state.camera is None:
            QTimer.singleShot(0, self, self._reframe)

    def paintGL(self) -> None:
        """Draw. Qt asks for it in the middle of a resize and again after it: once is enough."""
        if not self._resizing:
            super().paintGL()

    def _reframe(self) -> None:
        if not getattr(self, "_closed", False) and self._flight is None and not self.follows:
            self.pelvis.aim(fly=False)

    def picture(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3) what the view shows now."""
        # A picture to keep is never of the coarse stand-ins.
        if self.pelvis.moving:
            self.pelvis.set_moving(moving=False)
            self.render()
        image = self.screenshot(return_img=True)
        return np.ascontiguousarray(image[..., :3])

    def close(self) -> None:
        """Let go of the drawing before the window goes."""
        if not getattr(self, "_closed", True):
            self._hover_timer.stop()
            self._flight_timer.stop()
            self._still_timer.stop()
            self._carry_timer.stop()
            self.pelvis.close()
        super().close()
