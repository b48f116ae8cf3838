import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialog,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTabWidget,
    QTextBrowser,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.app import dialogs
from siexplorer.app.layers import LayersPanel
from siexplorer.app.searchbox import SearchPanel
from siexplorer.exploration.exploration import Exploration
from siexplorer.packs.pack import Pack

ROWS = [("Model", "Turn", "Drag"), ("View", "Back", "1"), ("Model", "Select", "Click")]


def pages(dialog: QDialog) -> dict[str, str]:
    tabs = dialog.findChild(QTabWidget)
    found = {}
    for number in range(tabs.count()):
        page = tabs.widget(number)
        text = page if isinstance(page, QTextBrowser) else page.findChild(QTextBrowser)
        found[tabs.tabText(number)] = text.toPlainText()
    return found


def flat(text: str) -> str:
    return " ".join(text.split())


def button(dialog: QDialog, text: str) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if b.text() == text)


@pytest.mark.parametrize("which", ["accept", "decline"])
def test_the_notice_waits_for_an_answer(qtbot: QtBot, known: Knowledge, which: str) -> None:
    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        qtbot.mouseClick(button(dialog, getattr(known.notice, which)), Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, answer)
    assert dialogs.accept_notice(None, known) is (which == "accept")


def test_esc_declines_and_enter_accepts_the_notice(qtbot: QtBot, known: Knowledge) -> None:
    for key, result in (
        (Qt.Key.Key_Escape, QDialog.DialogCode.Rejected),
        (Qt.Key.Key_Return, QDialog.DialogCode.Accepted),
    ):
        dialog = dialogs.make_notice(None, known)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.keyClick(dialog.findChild(QTextBrowser), key)
        assert dialog.result() == result
        assert not dialog.isVisible()


def test_the_notice_holds_every_sentence_and_source(qtbot: QtBot, known: Knowledge) -> None:
    dialog = dialogs.make_notice(None, known)
    qtbot.addWidget(dialog)
    text = flat(dialog.findChild(QTextBrowser).toPlainText())
    notice = known.notice
    assert notice is not None
    for claim in (*notice.points, *notice.stop, *notice.ask_first):
        assert flat(claim.text) in text
        for source in claim.sources:
            assert known.sources[source].title.rstrip(".") in text


def test_a_notice_that_cannot_be_read_still_asks(qtbot: QtBot) -> None:
    dialog = dialogs.make_notice(None, Knowledge())
    qtbot.addWidget(dialog)
    assert dialog.findChild(QTextBrowser).toPlainText()
    assert button(dialog, "I understand")


def test_about_lists_every_source_surface_and_library(
    qtbot: QtBot, known: Knowledge, pack: Pack
) -> None:
    dialog = dialogs.make_about(None, known, pack.info, "9.8.7")
    qtbot.addWidget(dialog)
    said = {title: flat(text) for title, text in pages(dialog).items()}
    assert list(said) == ["About", "Meshes", "Sources", "Licences"]
    assert "9.8.7" in said["About"]
    for value in (pack.info.title, pack.info.licence, pack.info.attribution, pack.info.provenance):
        assert flat(value) in said["Meshes"]
    for surface in pack.info.surface:
        assert f"{surface.id}, {surface.triangles:,} triangles" in said["Meshes"]
    unreviewed = sum(not surface.reviewed for surface in pack.info.surface)
    assert said["Meshes"].count(known.say("about_review")) == unreviewed
    for source in known.sources.values():
        assert flat(source.title).rstrip(".") in said["Sources"]
    assert all(name in said["Licences"] for name, _, _ in dialogs.LIBRARIES)


def test_sources_are_filtered_by_every_word(qtbot: QtBot, known: Knowledge) -> None:
    page = dialogs.SourcesPage(known)
    qtbot.addWidget(page)
    page.filter.setText("simmonds 1992")
    assert page.count.text() == f"1 of {len(known.sources)}"
    page.filter.setText("xyzzy")
    assert known.say("about_no_source") in page.text.toPlainText()


def test_about_without_a_model(qtbot: QtBot, known: Knowledge) -> None:
    dialog = dialogs.make_about(None, known, None, "1")
    qtbot.addWidget(dialog)
    assert pages(dialog)["Meshes"].strip() == known.say("about_no_mesh")


def test_keys_stand_under_their_group_once(qtbot: QtBot) -> None:
    dialog = dialogs.make_keys(None, ROWS)
    qtbot.addWidget(dialog)
    table = dialog.findChild(QTreeWidget)
    groups = [table.topLevelItem(k) for k in range(table.topLevelItemCount())]
    assert [(g.text(0), g.childCount()) for g in groups] == [("Model", 2), ("View", 1)]
    assert groups[0].child(1).text(1) == "Click"


def test_problems_can_be_copied(qtbot: QtBot, known: Knowledge) -> None:
    dialog = dialogs.make_problem(None, ["One is missing.", "Two is broken."], known)
    qtbot.addWidget(dialog)
    qtbot.mouseClick(button(dialog, "Copy"), Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied == dialog.findChild(QPlainTextEdit).toPlainText()
    assert copied.split("\n\n") == ["One is missing.", "Two is broken."]


def test_everything_has_a_name_for_a_screen_reader(
    qtbot: QtBot, known: Knowledge, pack: Pack
) -> None:
    exploration = Exploration(known, pack)
    widgets: list[QWidget] = [
        LayersPanel(exploration),
        SearchPanel(exploration),
        dialogs.make_notice(None, known),
        dialogs.make_about(None, known, pack.info, "1"),
        dialogs.make_keys(None, ROWS),
        dialogs.make_problem(None, ["One."], known),
    ]
    kinds = (QAbstractButton, QLineEdit, QAbstractItemView, QTextBrowser, QPlainTextEdit)
    # What Qt itself puts into a line, a tab bar or a table.
    inner = (QLineEdit, QTabBar, QHeaderView)
    for widget in widgets:
        qtbot.addWidget(widget)
        for control in (c for kind in kinds for c in widget.findChildren(kind)):
            if isinstance(control, inner[-1]) or isinstance(control.parent(), inner):
                continue
            text = control.text() if isinstance(control, QAbstractButton) else ""
            assert control.accessibleName() or text, control
