"""Every command of the window as data: its words, keys, place in the menus, and what it calls."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True, slots=True)
class Spec:
    """One command. ``keys`` in portable text, the first is shown; ``icon`` a name in app/icons."""

    id: str
    menu: str
    text: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    tip: str = ""


MOUSE_KEYS = [
    ("Model", "Turn the model", "Left drag, or arrow keys"),
    ("Model", "Shift the picture", "Right or middle drag, or Shift and left drag"),
    ("Model", "Come closer or go back", "Wheel or pinch (towards the pointer), + and -"),
    ("Model", "Move the tool (in the ball mode)", "Drag it, click on the skin, or arrow keys"),
    ("Model", "Move it by 10 mm", "Shift and arrow keys"),
    ("Model", "Turn the model by keys in the ball mode", "Ctrl and arrow keys"),
    ("Model", "Move the landmark that is corrected", "Drag it, click on the bone, or arrow keys"),
    ("Model", "Keep it there, or leave it as it was", "Enter, or Esc"),
    ("Model", "Select what is under the pointer", "Click"),
    ("Model", "Clear the selection", "Click on empty space, or Esc"),
    ("Session", "STOP", "Space"),
    ("Session", "Press the button that has the focus", "Enter"),
]


def make_actions(window: QMainWindow, specs: list[Spec]) -> dict[str, QAction]:
    """Create the actions, add them to the window, and refuse a key that is used twice."""
    used: dict[str, str] = {}
    actions = {}
    for spec in specs:
        for key in spec.keys:
            if key in used:
                raise ValueError(f"the key {key} is used by {used[key]} and {spec.id}")
            used[key] = spec.id
        action = QAction(spec.text, window)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        shown = f" ({spec.keys[0]})" if spec.keys else ""
        action.setToolTip((spec.tip or spec.text.replace("&", "").rstrip("…")) + shown)
        action.triggered.connect(lambda _checked=False, run=spec.run: run())
        window.addAction(action)
        actions[spec.id] = action
    return actions


def key_rows(specs: list[Spec]) -> list[tuple[str, str, str]]:
    """(group, what, keys) for the list of keys."""
    rows = list(MOUSE_KEYS)
    for spec in specs:
        if spec.keys:
            keys = ", ".join(
                QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
                for key in spec.keys
            )
            rows.append((spec.menu.replace("&", ""), spec.text.replace("&", "").rstrip("…"), keys))
    return rows
