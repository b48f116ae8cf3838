"""The cues of a session spoken, where the platform has a voice and a person wants it."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtTextToSpeech import QTextToSpeech

    from siexplorer.exploration.exploration import Exploration
    from siexplorer.exploration.session import Moment

MODULE = "PySide6.QtTextToSpeech"
SILENT_ENGINES = frozenset({"mock"})
"""Engines of Qt that only pretend to speak."""


class NoVoice(Exception):
    """Why nothing can be spoken here, as a key of ``interface.toml``."""


def find_voice(parent: QObject, engine: str = "") -> QTextToSpeech:
    """The platform's voice, or an engine of Qt by name. It speaks in the background.

    Raises
    ------
    NoVoice
        If PySide6's add-ons are not installed, or the platform has no voice.
    """
    try:
        module = importlib.import_module(MODULE)
    except ImportError:
        raise NoVoice("speak_no_extra") from None
    speech = module.QTextToSpeech
    real = [name for name in speech.availableEngines() if name not in SILENT_ENGINES]
    if not engine and not real:
        raise NoVoice("speak_no_voice")
    # Qt takes an engine that pretends where the real one does not start, so it is named.
    found: QTextToSpeech = speech(engine or real[0], parent)
    if found.state() == speech.State.Error or not found.availableVoices():
        found.deleteLater()
        raise NoVoice("speak_no_voice")
    # The words are English, whatever the platform speaks first.
    english = [
        one for one in found.availableLocales() if one.language() == QLocale.Language.English
    ]
    if english and found.locale().language() != QLocale.Language.English:
        found.setLocale(english[0])
    return found


class Cues(QObject):
    """Speaks the cue of each slot when it begins; silent in a pause and after STOP.

    Nothing is imported before someone turns it on, or starts a session with it ``wanted``.
    ``changed`` is emitted when that, or the reason why it cannot be, changes.
    """

    changed = Signal()

    def __init__(self, exploration: Exploration, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.on = self.wanted = False
        self.find = find_voice
        self._voice: QTextToSpeech | None = None
        self._fault = "" if self._installed() else "speak_no_extra"

    def _installed(self) -> bool:
        return find_spec(MODULE) is not None

    @property
    def reason(self) -> str:
        """Why nothing can be spoken here, or an empty text."""
        return self.exploration.known.say(self._fault) if self._fault else ""

    def turn(self, *, on: bool) -> None:
        """On or off; where there is no voice it stays off and says why."""
        if on and self._voice is None and not self._fault:
            try:
                self._voice = self.find(self)
            except NoVoice as fault:
                self._fault = str(fault)
        self.on = self.wanted = on and self._voice is not None
        if not self.on:
            self.hush()
        self.changed.emit()

    def say(self, text: str) -> None:
        """Speak in the background, instead of what is being said."""
        if self.on and self._voice is not None and text:
            self._voice.stop()
            self._voice.say(text)

    def hush(self) -> None:
        """Say no more."""
        if self._voice is not None:
            self._voice.stop()

    def follow(self, moment: Moment) -> None:
        """What a session has come to."""
        if moment.phase == "running":
            self.say(moment.slot.cue or moment.slot.title)
        elif moment.phase == "done":
            self.say(self.exploration.known.say("session_done"))
        else:
            self.hush()
