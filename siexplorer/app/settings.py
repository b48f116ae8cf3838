"""What is remembered between starts: the window, the wording, whose body, and the notice."""

import os
from typing import Any

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QStyle

from siexplorer.anatomy.records import Voice
from siexplorer.exploration.state import Perspective


class Settings:
    """A thin, typed door to QSettings. Nothing about a person's health is ever stored."""

    def __init__(self) -> None:
        path = os.environ.get("SIEXPLORER_SETTINGS")
        if path:
            self._store = QSettings(path, QSettings.Format.IniFormat)
        else:
            self._store = QSettings(
                QSettings.Format.IniFormat, QSettings.Scope.UserScope, "siexplorer", "siexplorer"
            )

    def _get(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self._store.value(key)
        return value if isinstance(value, str) and value in allowed else allowed[0]

    @property
    def voice(self) -> Voice:
        """The wording last chosen."""
        return self._get("voice", ("plain", "student", "clinician"))  # type: ignore[return-value]

    @voice.setter
    def voice(self, voice: Voice) -> None:
        self._store.setValue("voice", voice)

    @property
    def perspective(self) -> Perspective:
        """Whose left and right the words speak of first."""
        return self._get("perspective", ("own-body", "facing"))  # type: ignore[return-value]

    @perspective.setter
    def perspective(self, perspective: Perspective) -> None:
        self._store.setValue("perspective", perspective)

    @property
    def reduced_motion(self) -> bool:
        """Whether to step instead of animating; as the system has it until a person chooses."""
        chosen = self._get("reduced_motion", ("", "yes", "no"))
        return chosen == "yes" if chosen else system_reduces_motion()

    @reduced_motion.setter
    def reduced_motion(self, reduced: bool) -> None:
        self._store.setValue("reduced_motion", "yes" if reduced else "no")

    @property
    def skips_gate(self) -> bool:
        """Whether sessions start without the safety questions: for trained therapists."""
        return self._get("skip_gate", ("no", "yes")) == "yes"

    @skips_gate.setter
    def skips_gate(self, skips: bool) -> None:
        self._store.setValue("skip_gate", "yes" if skips else "no")

    @property
    def speaks(self) -> bool:
        """Whether the cues of a session are spoken."""
        return self._get("speak_cues", ("no", "yes")) == "yes"

    @speaks.setter
    def speaks(self, speaks: bool) -> None:
        self._store.setValue("speak_cues", "yes" if speaks else "no")

    @property
    def notice_accepted(self) -> int:
        """The version of the safety notice that was accepted, 0 for none."""
        value: Any = self._store.value("notice", 0)
        return int(value) if str(value).isdigit() else 0

    @notice_accepted.setter
    def notice_accepted(self, version: int) -> None:
        self._store.setValue("notice", version)
        self._store.sync()

    def window(self) -> tuple[QByteArray | None, QByteArray | None]:
        """Geometry and arrangement of the window, where they were saved."""
        geometry, arrangement = self._store.value("geometry"), self._store.value("arrangement")
        return (
            geometry if isinstance(geometry, QByteArray) else None,
            arrangement if isinstance(arrangement, QByteArray) else None,
        )

    def save_window(self, geometry: QByteArray, arrangement: QByteArray) -> None:
        """Remember the window."""
        self._store.setValue("geometry", geometry)
        self._store.setValue("arrangement", arrangement)
        self._store.sync()


def system_reduces_motion() -> bool:
    """Whether the system asks for less motion: by its setting where Qt tells (from 6.12), or by
    turning off the animations of its own widgets.
    """
    hints = QGuiApplication.styleHints()
    told = getattr(hints.accessibility(), "motionPreference", None) if hints else None
    if callable(told):
        return bool(told().name != "NoPreference")
    duration = QStyle.StyleHint.SH_Widget_Animation_Duration
    return QApplication.style().styleHint(duration) == 0
