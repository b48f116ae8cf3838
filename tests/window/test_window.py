"""A person's first minutes, with real clicks and keys on the real window."""

import numpy as np
import pytest
from helpers import at_pixel, dragged_to, settle
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication


def test_click_on_the_left_psis_reads_its_card(window, qtbot):
    spot = at_pixel(window, "left-psis")
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=spot)
    assert window.exploration.state.selected == "left-psis"
    text = window.card.text.toPlainText()
    assert "Left posterior superior iliac spine (PSIS)" in text
    assert "How to find it with a hand" in text
    assert "(unconfirmed)" in text
    # The body's left is on the left of the picture when seen from behind.
    assert spot.x() < window.view.width() / 2


def test_click_on_bone_and_on_empty_space(window, qtbot):
    spot = at_pixel(window, "sacrum")
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=spot)
    assert window.exploration.state.selected == "sacrum"
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=QPoint(6, 6))
    assert window.exploration.state.selected is None


def test_selection_is_drawn_and_undone(window, qtbot):
    before = window.view.picture()
    window.exploration.visit("left-psis")
    settle(qtbot)
    after = window.view.picture()
    ratio = window.view.devicePixelRatioF()
    x, y = (round(v * ratio) for v in at_pixel(window, "left-psis").toTuple())
    patch = np.s_[y - 40 : y + 40, x - 40 : x + 40]
    assert np.abs(after[patch].astype(int) - before[patch]).mean() > 2
    assert window.commands["undo"].isEnabled()
    window.commands["undo"].trigger()
    settle(qtbot)
    assert window.exploration.state.selected is None
    assert np.abs(window.view.picture().astype(int) - before).mean() < 0.5


def test_drag_turns_without_selecting_and_can_be_undone(window, qtbot):
    start = window.view.pelvis.camera()
    middle = window.view.rect().center()
    qtbot.mousePress(window.view, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 9):
        qtbot.mouseMove(window.view, middle + QPoint(step * 15, step * 3))
        window.view.mouseMoveEvent(dragged_to(middle + QPoint(step * 15, step * 3)))
    end = middle + QPoint(120, 24)
    qtbot.mouseRelease(window.view, Qt.MouseButton.LeftButton, pos=end)
    turned = window.view.pelvis.camera()
    assert window.exploration.state.selected is None
    assert np.linalg.norm(np.subtract(turned.position, start.position)) > 100
    distance = [np.linalg.norm(np.subtract(c.position, c.focal_point)) for c in (start, turned)]
    assert distance[0] == pytest.approx(distance[1], rel=1e-4)
    window.commands["undo"].trigger()
    back = window.view.pelvis.camera()
    assert np.allclose(back.position, start.position, atol=0.1)


def test_wheel_zooms_to_the_cursor(window):
    spot = at_pixel(window, "right-psis")
    anchor = window.exploration.items["right-psis"].anchor
    window.view.come_closer(1.5, spot)
    moved = at_pixel(window, "right-psis", where=anchor)
    assert abs(moved.x() - spot.x()) <= 6
    assert abs(moved.y() - spot.y()) <= 6


def test_search_hides_and_restores(window, qtbot):
    do = window.exploration
    do.visit("left-femur")
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert "left-femur" in do.state.hidden
    assert not window.view.pelvis.surfaces.actors["left-femur"].GetVisibility()
    assert "(1)" in window.layers.restore_button.text()
    view_menu = next(a.menu() for a in window.menuBar().actions() if a.text() == "&View")
    view_menu.aboutToShow.emit()
    assert "(1)" in window.commands["restore"].text()
    window.commands["restore"].trigger()
    assert do.at_start()
    assert window.view.pelvis.surfaces.actors["left-femur"].GetVisibility()


def test_isolate_shows_the_thing_and_its_bone(window):
    window.exploration.isolate("left-iliacus")
    drawn = {n for n, a in window.view.pelvis.surfaces.actors.items() if a.GetVisibility()}
    assert {"left-iliacus-origin", "left-hip-bone", "sacrum", "left-femur"} <= drawn
    assert "right-hip-bone" not in drawn


@pytest.mark.parametrize(("key", "side"), [("1", "left"), ("2", "right")])
def test_left_is_on_its_side_in_fixed_views(window, qtbot, key, side):
    qtbot.keyClick(window, key)
    settle(qtbot)
    boxes = dict(window.view.pelvis.overlay.boxes)
    first, second = ("left", "right") if side == "left" else ("right", "left")
    assert boxes[first].left < boxes[second].left


def test_move_mode_tells_the_truth_at_every_magnification(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_M)
    do = window.exploration
    do.set_moment(1.0)
    for factor in (1.0, 5.0, 10.0):
        do.set_magnification(factor)
        settle(qtbot, 1)
        assert "Left SI joint, true: 2.0° back" in window.timeline.figures.words()
        # While a picture is stirred, its words follow a quarter of a second later.
        qtbot.waitUntil(
            lambda: any("True: 2.0 deg" in one for one in window.view.pelvis.overlay._captions)
        )
    assert "not x10" in window.timeline.label.text()  # held, and said so
    window.timeline.true_scale.click()
    assert do.state.magnification == 1.0


def test_play_moves_the_bone_and_pauses(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_M)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.exploration.state.at > 0.1, timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    held = window.exploration.state.at
    settle(qtbot, 6)
    assert window.exploration.state.at == held
    assert window.view.pelvis.surfaces.actors["left-hip-bone"].GetUserMatrix() is not None


def test_space_presses_a_focused_button_and_the_keys_stay_with_the_model(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_M)
    window.exploration.set_magnification(8.0)
    window.timeline.true_scale.setFocus()
    qtbot.keyClick(window.timeline.true_scale, Qt.Key.Key_Space)
    assert window.exploration.state.magnification == 1.0
    assert not window.timeline.playing
    qtbot.keyClick(window.timeline.true_scale, Qt.Key.Key_E)
    assert window.view.hasFocus()


def test_move_begins_on_the_selected_side(window):
    window.exploration.visit("right-psis")
    window.exploration.set_mode("move")
    assert window.exploration.state.movement == "right-ilium-flexion"
    assert window.exploration.state.selected is None


def test_side_words_turn_but_anatomy_does_not(window, qtbot):
    window.exploration.visit("left-psis")
    settle(qtbot)
    before = at_pixel(window, "left-psis")
    assert "On your own body this is your left side" in window.card.text.toPlainText()
    qtbot.keyClick(window, Qt.Key.Key_P)
    settle(qtbot)
    assert "on your right as they face you" in window.card.text.toPlainText()
    assert at_pixel(window, "left-psis") == before


def test_wording_changes_the_card_and_is_remembered(window, qtbot, settings_file):
    window.exploration.visit("left-psis")
    plain = window.card.text.toPlainText()
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert window.exploration.state.voice == "student"
    assert window.card.text.toPlainText() != plain
    window.close()
    assert "student" in settings_file.read_text()


def test_picture_to_clipboard_and_file(window, tmp_path):
    window.copy_picture()
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == window.view.render_window.GetSize()
    target = tmp_path / "picture.png"
    window.write_picture(target, window.view.picture())
    assert target.read_bytes().startswith(b"\x89PNG")


def test_labels_stay_clear_of_what_they_name(window, qtbot):
    for name in ("left-psis", "right-asis", "s2-tubercle", "left-ischial-tuberosity"):
        window.exploration.visit(name)
        settle(qtbot)
        spot = at_pixel(window, name)
        ratio = window.view.devicePixelRatioF()
        height = window.view.render_window.GetSize()[1]
        point = np.array([spot.x() * ratio, height - spot.y() * ratio])
        labels = [b for words, b in window.view.pelvis.overlay.boxes if words not in ("caption",)]
        assert labels
        assert not any(box.near(point, 8) for box in labels)


def test_every_landmark_can_be_reached_by_keys(window, qtbot):
    seen = set()
    wanted = {n for n, i in window.exploration.items.items() if i.entry.kind == "landmark"}
    for _ in wanted:
        qtbot.keyClick(window, Qt.Key.Key_N)
        seen.add(window.exploration.state.selected)
    assert seen == wanted


def test_broken_pack_leaves_the_texts(qtbot, open_window, tmp_path, monkeypatch):
    import shutil

    from siexplorer.anatomy.places import data_folder
    from siexplorer.app import dialogs
    from siexplorer.app.window import MainWindow

    for name in ("annotations", "meshes"):
        shutil.copytree(data_folder(name), tmp_path / name)
    glb = tmp_path / "meshes" / "si-atlas" / "si-atlas.glb"
    glb.write_bytes(glb.read_bytes()[:5000])
    monkeypatch.setenv("SIEXPLORER_DATA", str(tmp_path))
    told = []
    monkeypatch.setattr(
        dialogs, "show_problem", lambda _parent, sentences, _known=None: told.extend(sentences)
    )
    window = MainWindow()
    qtbot.addWidget(window)
    window.show()
    window.load()
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert len(told) == 1
    assert "si-atlas.glb" in told[0]
    assert window.view is None
    window.exploration.select("left-psis")
    assert "PSIS" in window.card.text.toPlainText()


def test_a_click_goes_through_a_faded_body_and_selects_a_whole_one(qtbot, body_window):
    window = body_window
    do = window.exploration
    spot = at_pixel(window, "sacrum")
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=spot)
    assert do.state.selected == "sacrum"
    do.set_preset("skin")
    settle(qtbot)
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=spot)
    assert do.state.selected == "skin-female"
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert do.depth() == "middle"
    assert window.looks.depth_name.text() == "Middle muscles"
    assert not window.view.pelvis.surfaces.actors["skin-female"].GetVisibility()


def test_a_cut_face_can_be_clicked_and_the_rest_is_gone(qtbot, body_window):
    window = body_window
    do = window.exploration
    do.set_preset("skin")
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert do.state.section.plane == "axial"
    assert window.section.isVisible()
    settle(qtbot)
    sacrum = do.pack.surfaces["sacrum"].surface.vertices
    level = sacrum[np.abs(sacrum[:, 2] + 20.0) < 3.0].mean(axis=0) * [0, 1, 0] + [0.0, 0.0, -20.0]
    hit = window.view.hit(at_pixel(window, "sacrum", where=level))
    assert hit.entry == "sacrum"
    assert hit.position[2] == pytest.approx(-20.0, abs=2.0)
    between = window.view.hit(at_pixel(window, "sacrum", where=np.array([0.0, 30.0, -20.0])))
    assert between.entry == "skin-female"
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert do.state.section is None
    assert not window.section.isVisible()


def test_nothing_is_made_before_it_is_shown(body_window):
    window = body_window
    made = window.view.pelvis.surfaces.actors
    assert "left-gluteus-maximus" not in made
    window.exploration.select("left-gluteus-maximus")
    assert made["left-gluteus-maximus"].GetVisibility()


def test_referral_areas_lie_on_a_body_that_is_lent_for_them(body_window):
    window = body_window
    do = window.exploration
    do.set_preset("bones")
    do.set_referral(shown=True)
    scene = window.view.pelvis
    assert not scene._laid
    do.select("left-piriformis")
    assert scene._laid
    assert scene.surfaces.actors["skin-female"].GetVisibility()
    assert not scene.surfaces.actors["skin-female"].GetPickable()
    assert any("reported" in line for line in scene.overlay._captions)
    do.set_referral(shown=False)
    assert not scene._laid
    assert not scene.surfaces.actors["skin-female"].GetVisibility()
