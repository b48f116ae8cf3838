"""The shape sliders in the real window: bones, marks, words, the map and movements follow."""

import numpy as np
from helpers import dragged_to, settle
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionSlider
from vtkmodules.util.numpy_support import vtk_to_numpy


def handle(slider) -> QPoint:
    """The middle of a slider's handle."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    style = slider.style()
    part = QStyle.SubControl.SC_SliderHandle
    return style.subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def drawn(window, name: str):
    """(n, 3) the points that are drawn of a surface now."""
    surfaces = window.view.pelvis.surfaces
    data = surfaces.detail.full(surfaces.actors[name]).GetInput()
    return vtk_to_numpy(data.GetPoints().GetData()).copy()


def at_rest(window) -> bool:
    panel = window.shape
    waits = window.exploration.rough or panel.worker.busy or panel._rest.isActive()
    return not waits and panel.keep.isEnabled()


def test_a_drag_reshapes_everything_and_is_one_undo_step(window, qtbot) -> None:
    do, panel = window.exploration, window.shape
    window.commands["shapes"].trigger()
    assert panel.isVisible()
    assert not panel.sliders[0].isEnabled()
    assert panel.busy_words.text()
    qtbot.waitUntil(lambda: panel.sliders[0].isEnabled(), timeout=120_000)
    assert panel.sliders[0].accessibleName()
    assert "36" in panel.names[0].text()
    assert "26 people" in panel.lead.text()
    assert "women or men" in panel.sexes.text()
    do.select("left-asis")
    before, start = drawn(window, "left-hip-bone"), do.state
    label = do.items["left-asis"].points.copy()
    told = {name: now.text() for name, (_, now, _) in panel.figures.items()}

    slider = panel.sliders[1]
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle(slider))
    for _ in range(4):
        QApplication.sendEvent(slider, dragged_to(handle(slider) + QPoint(25, 0)))
        settle(qtbot)
    assert not np.allclose(drawn(window, "left-hip-bone"), before, atol=1.0)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=handle(slider))
    qtbot.waitUntil(lambda: at_rest(window), timeout=30_000)

    wide = do.items["left-asis"].points
    assert wide[0, 0] > label[0, 0] + 2.0
    assert {name: now.text() for name, (_, now, _) in panel.figures.items()} != told
    assert panel.values[1].text().startswith("+")
    captions = " ".join(window.view.pelvis.overlay._captions)
    assert "26 people" in captions
    exact = do.pack.surfaces["left-hip-bone"]
    assert np.abs(drawn(window, "left-hip-bone") - exact.surface.vertices).max() < 0.01
    do.undo()
    settle(qtbot)
    assert do.state == start
    assert np.abs(drawn(window, "left-hip-bone") - before).max() < 1e-4
    assert slider.value() == 0

    # Until it is known how much room its joints have, nothing of a shape is magnified.
    do.redo()
    do.set_movement("left-ilium-flexion")
    do.set_moment(1.0)
    assert do.pose().factor.used == 1.0
    do.set_mode("explore")

    # By keys; what is asked beyond the limit is not gone to, and that is said.
    do.set_shape(())
    panel.sliders[0].setFocus()
    qtbot.keyClick(panel.sliders[0], Qt.Key.Key_End)
    for other in (2, 3):
        panel.sliders[other].setValue(20)
        settle(qtbot)
    assert np.linalg.norm(do.state.shape) < 3.34
    assert "5 in 100" in panel.note.text()

    # The ball goes along with the skin, and the map is made anew once the shape is at rest.
    qtbot.waitUntil(lambda: at_rest(window), timeout=30_000)
    do.set_mode("ball")
    qtbot.waitUntil(lambda: do.skin_map() is not None, timeout=60_000)
    ball = do.state.ball
    panel.sliders[0].setValue(-10)
    settle(qtbot)
    assert do.skin_map() is None
    assert do.state.ball != ball
    qtbot.waitUntil(lambda: do.skin_map() is not None, timeout=60_000)
    assert do.verdict() is not None

    qtbot.waitUntil(lambda: not window.ball.maker.busy and at_rest(window), timeout=60_000)

    # Back at the mean it is the pack itself.
    panel.reset.click()
    settle(qtbot)
    assert do.pack is do.as_found
    assert do.state.shape == ()

    # A shape is kept in a second picture while another is made, and stands beside the mean.
    do.set_mode("explore")
    do.set_shape((0.0, 1.0))
    qtbot.waitUntil(lambda: at_rest(window), timeout=30_000)
    kept, stage = do.pack, window.stage
    panel.keep.click()
    qtbot.waitUntil(lambda: stage.second is not None, timeout=10_000)
    second = stage.second
    do.set_shape((0.0, -1.0))
    settle(qtbot)
    assert stage.second is second
    assert second.exploration.pack is kept
    heads = [head.name.text() for head in (stage.head, stage.second_head)]
    assert heads == ["Shape: 0, -1 SD", "Shape: 0, +1 SD"]
    qtbot.waitUntil(lambda: at_rest(window), timeout=30_000)
    panel.beside.click()
    qtbot.waitUntil(lambda: stage.second not in (None, second), timeout=10_000)
    settle(qtbot)
    assert stage.second.exploration.pack is do.as_found
    assert stage.second.exploration.following is do._tied_as_found()
    assert stage.second_head.name.text().startswith("SI atlas")
    do.compare(None)
    settle(qtbot)
