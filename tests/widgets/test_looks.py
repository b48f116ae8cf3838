"""The controls for looks, depth, body, painted areas and the cut: both ways, by mouse and key."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMainWindow, QSlider, QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from siexplorer.app.actions import make_actions
from siexplorer.app.commands import look_specs
from siexplorer.app.layers import LayersPanel
from siexplorer.app.looks import LooksPanel
from siexplorer.app.section import SectionPanel
from siexplorer.exploration.exploration import Exploration


@pytest.fixture
def looks(qtbot: QtBot, body: Exploration) -> LooksPanel:
    panel = LooksPanel(body)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def section(qtbot: QtBot, body: Exploration) -> SectionPanel:
    panel = SectionPanel(body)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_the_depth_is_told_in_words_and_follows(
    qtbot: QtBot, looks: LooksPanel, body: Exploration
) -> None:
    assert looks.look.currentText() == "Body and bones"
    looks.peel.setFocus()
    for _ in range(2):
        qtbot.keyClick(looks.peel, Qt.Key.Key_Right)
    assert body.depth() == "middle"
    assert looks.depth_name.text() == "Middle muscles"
    assert looks.peel.accessibleDescription() == "Middle muscles"
    body.hide("left-iliacus")
    assert looks.peel.value() == 2
    assert looks.depth_name.text() == "Your own choice"
    assert looks.look.currentIndex() == -1
    body.undo()
    assert looks.depth_name.text() == "Middle muscles"
    body.undo()
    assert body.at_start()


def handle_of(slider: QSlider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    handle = QStyle.SubControl.SC_SliderHandle
    control = QStyle.ComplexControl.CC_Slider
    return slider.style().subControlRect(control, option, handle, slider).center()


def test_a_look_is_chosen_and_shown(qtbot: QtBot, looks: LooksPanel, body: Exploration) -> None:
    at = looks.look.findText("Deep rotators")
    looks.look.setCurrentIndex(at)
    looks.look.activated.emit(at)
    assert body.preset() is not None
    assert body.preset().id == "deep-rotators"
    body.set_preset("ligaments")
    assert looks.look.currentText() == "Ligaments"
    assert looks.peel.value() == 4
    body.set_preset("deep-rotators")
    assert looks.peel.value() == 0
    # No depth is shown: even a click on the stop where the slider stands asks for one.
    qtbot.mouseClick(looks.peel, Qt.MouseButton.LeftButton, pos=handle_of(looks.peel))
    assert body.depth() == "skin"


def test_body_and_painted_areas(qtbot: QtBot, looks: LooksPanel, body: Exploration) -> None:
    looks.skin.activated.emit(1)
    assert body.state.skin == "male"
    body.undo()
    assert looks.skin.currentText() == "Female body"
    qtbot.keyClick(looks.attachments, Qt.Key.Key_Space)
    qtbot.keyClick(looks.referral, Qt.Key.Key_Space)
    assert (body.state.attachments, body.state.referral) == (True, True)
    body.undo()
    assert not looks.referral.isChecked()
    assert looks.attachments.isChecked()


def test_the_cut_is_moved_by_keys_and_told(
    qtbot: QtBot, section: SectionPanel, body: Exploration
) -> None:
    body.set_section("sagittal")
    assert section.where.text() == "In the midline."
    assert not section._angles.isVisible()
    section.place.setFocus()
    for _ in range(3):
        qtbot.keyClick(section.place, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: section.where.text() == "30 mm to the left of the midline.")
    assert body.state.section.at_mm == 30.0
    body.undo()
    assert section.place.value() == 0
    qtbot.mouseClick(section.flip, Qt.MouseButton.LeftButton)
    assert body.state.section.flipped
    section.plane.activated.emit(3)
    assert body.state.section.plane == "free"
    assert section._angles.isVisible()
    section.turn.setValue(40)
    section.tilt.setValue(-10)
    assert (body.state.section.turn_deg, body.state.section.tilt_deg) == (40, -10)
    qtbot.mouseClick(section.off, Qt.MouseButton.LeftButton)
    assert body.state.section is None


def test_every_control_has_a_name(looks: LooksPanel, section: SectionPanel) -> None:
    for widget in (looks.look, looks.peel, looks.skin, section.plane, section.place):
        assert widget.accessibleName()
    for box in (section.turn, section.tilt):
        assert "degrees" in box.accessibleName()


def test_commands_do_what_they_say(qtbot: QtBot, body: Exploration) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    commands = make_actions(window, look_specs(body))
    commands["look-bones"].trigger()
    assert body.depth() == "bone"
    commands["shallower"].trigger()
    assert body.depth() == "ligament"
    commands["deeper"].trigger()
    assert body.depth() == "bone"
    commands["other-skin"].trigger()
    assert body.state.skin == "male"
    commands["cut-further"].trigger()
    assert body.state.section is None
    commands["cut"].trigger()
    commands["cut-further"].trigger()
    assert body.state.section.at_mm == -15.0
    commands["cut-back"].trigger()
    commands["cut-flip"].trigger()
    assert body.state.section.flipped
    commands["cut-coronal"].trigger()
    commands["cut"].trigger()
    assert body.state.section is None
    for name in ("attachments", "referral"):
        commands[name].trigger()
        assert getattr(body.state, name)


def test_the_list_has_every_kind_and_muscles_by_depth(qtbot: QtBot, body: Exploration) -> None:
    panel = LayersPanel(body)
    qtbot.addWidget(panel)
    groups = {panel.model.item(k).text(): panel.model.item(k) for k in range(8)}
    assert list(groups)[-1] == "Landmarks"
    muscles = groups["Muscles"]
    assert [muscles.child(k).text() for k in range(3)] == ["Superficial", "Middle", "Deep"]
    assert muscles.checkState() == Qt.CheckState.Unchecked
    skin = groups["Skin"]
    assert skin.checkState() == Qt.CheckState.Checked
    skin.child(1).setCheckState(Qt.CheckState.Checked)
    assert body.state.skin == "male"
    assert skin.child(0).checkState() == Qt.CheckState.Unchecked
    assert skin.checkState() == Qt.CheckState.Checked
    deep = muscles.child(2)
    deep.setCheckState(Qt.CheckState.Checked)
    assert body.undo_label == "Show deep muscles"
    assert "left-piriformis" not in body.state.hidden
