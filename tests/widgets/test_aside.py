"""What goes on beside a session: a voice for its cues, and a screen that stays on."""

import threading
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

from siexplorer.anatomy.knowledge import read_knowledge
from siexplorer.anatomy.records import Description
from siexplorer.app import speaking
from siexplorer.app.awake import ScreenKeeper, ask_desktop
from siexplorer.app.settings import Settings
from siexplorer.app.speaking import Cues, NoVoice, find_voice
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.session import Session, Slot

SAYS = Description(plain="a", student="b", clinician="c", basis="design")


class Voice:
    def __init__(self):
        self.heard = []

    def say(self, text):
        self.heard.append(text)

    def stop(self):
        self.heard.append("")


@pytest.fixture
def cues(qapp, monkeypatch):
    monkeypatch.setattr(speaking, "find_spec", lambda name: object())
    return Cues(Exploration(read_knowledge()))


def test_each_cue_is_spoken_and_pause_and_stop_are_silent(cues):
    voice = Voice()
    cues.find = lambda parent: voice
    session = Session([Slot("step", "First", SAYS, "Lie down.", 0.0),
                       Slot("hold", "Second", SAYS, "", 30.0)])  # fmt: skip
    session.changed.connect(cues.follow)
    session.start()
    assert voice.heard == [], "off at first"
    cues.turn(on=True)
    session.go(1)
    assert voice.heard[-1] == "Second", "where there is no cue, the title"
    session.go(-1)
    assert voice.heard[-2:] == ["", "Lie down."], "the last is broken off for the next"
    session.pause()
    assert voice.heard[-1] == ""
    session.resume()
    assert voice.heard[-1] == "Lie down."
    session.stop()
    assert voice.heard[-1] == ""
    cues.turn(on=False)
    assert not cues.wanted


def test_without_a_voice_the_reason_is_said(cues, monkeypatch):
    changes = []
    cues.changed.connect(lambda: changes.append(cues.reason))

    def find(parent):
        raise NoVoice("speak_no_voice")

    cues.find = find
    assert cues.reason == ""
    cues.turn(on=True)
    assert not cues.on
    assert not cues.wanted
    assert "no voice" in cues.reason
    assert changes == [cues.reason]
    monkeypatch.setattr(speaking, "find_spec", lambda name: None)
    assert "README" in Cues(cues.exploration).reason


def test_whether_to_speak_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("SIEXPLORER_SETTINGS", str(tmp_path / "settings.ini"))
    assert not Settings().speaks, "off at first"
    Settings().speaks = True
    assert Settings().speaks


@pytest.mark.skipif(find_spec("PySide6.QtTextToSpeech") is not None, reason="the extra is there")
def test_the_missing_extra_is_found_out_without_importing(qapp):
    with pytest.raises(NoVoice, match="speak_no_extra"):
        find_voice(qapp)


@pytest.mark.skipif(find_spec("PySide6.QtTextToSpeech") is None, reason="needs the extra “voice”")
def test_qt_speaks_in_the_background(qapp, qtbot):
    voice = find_voice(qapp, "mock")
    voice.say("Hold still.")
    qtbot.waitUntil(lambda: voice.state() == voice.State.Speaking, timeout=2000)
    voice.stop()
    qtbot.waitUntil(lambda: voice.state() == voice.State.Ready, timeout=2000)


class Kept:
    def __init__(self, *, active):
        self.active, self.over = active, threading.Event()
        self.threads = set()

    @contextmanager
    def __call__(self):
        self.threads.add(threading.get_ident())
        yield self
        self.threads.add(threading.get_ident())
        self.over.set()


@pytest.mark.parametrize("active", [True, False])
def test_the_screen_is_held_on_from_beginning_to_end(qtbot, active):
    desktop = Kept(active=active)
    keeper = ScreenKeeper(ask=desktop)
    assert keeper.kept is None
    with qtbot.waitSignal(keeper.told, timeout=5000):
        keeper.begin()
    keeper.begin()
    assert keeper.kept is active
    assert not desktop.over.is_set()
    keeper.end()
    assert desktop.over.wait(5.0)
    assert keeper.kept is None
    # Asked once, and let go by whoever asked, as desktops want it; never by the window's thread.
    assert len(desktop.threads) == 1
    assert threading.get_ident() not in desktop.threads


def test_a_desktop_that_fails_is_no_error(qtbot):
    def broken():
        raise OSError("no bus")

    keeper = ScreenKeeper(ask=broken)
    with qtbot.waitSignal(keeper.told, timeout=5000):
        keeper.begin()
    assert keeper.kept is False
    keeper.end()


def test_the_library_is_asked_as_it_wants_to_be(monkeypatch):
    monkeypatch.setenv("WAKEPY_FAKE_SUCCESS", "1")
    with ask_desktop() as mode:
        assert mode.active
