"""The main window: modes on top, what to show on the left, the model, one card, the timeline."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from siexplorer import __version__
from siexplorer.app.actions import Spec, key_rows, make_actions
from siexplorer.app.own import OwnMesh

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import View, Voice
    from siexplorer.app.compare import SideBySide
    from siexplorer.app.settings import Settings
    from siexplorer.app.view import SceneView
    from siexplorer.exploration.exploration import Change
    from siexplorer.exploration.state import Corrections, Mode
    from siexplorer.packs.pack import Pack
    from siexplorer.scene.theme import Theme

VOICES: tuple[tuple[Voice, str], ...] = (
    ("plain", "Plain words"),
    ("student", "Student"),
    ("clinician", "Clinician"),
)
MODES: tuple[tuple[Mode, str], ...] = (
    ("explore", "Explore"),
    ("move", "Move"),
    ("ball", "Place a ball"),
    ("follow", "Follow a technique"),
)
LEAST_ROOM_FOR_TWO_PX = 560
"""Below this, two pictures side by side show too little (design)."""

VIEWS: tuple[View, ...] = ("back", "front", "left", "right", "top", "below")


class MainWindow(QMainWindow):
    """On screen at once, with a page that says so; ``load`` fills it and brings the model.

    The rooms below are imported by ``load``, so that nothing slow stands before the window.
    """

    prepared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.view: SceneView | None = None
        self.stage: SideBySide | None = None
        self._preparing: threading.Thread | None = None
        self._measures_strip: QDockWidget | None = None
        self._closing = threading.Event()
        self._stepped_aside = False
        self.problems: list[str] = []
        self.own = OwnMesh(self)
        self.filled = False
        self._fill_when_seen = False
        self.setWindowTitle("SI Explorer")
        self.resize(1280, 800)
        self.setMinimumSize(900, 560)
        self.setAcceptDrops(True)
        self._build_middle()
        self.prepared.connect(self._now_prepared)

    def open(self) -> None:
        """Start reading, show the window, and fill it as soon as it is really on screen."""
        self._fill_when_seen = True
        self._read()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The first picture of the window is what a person waits for; the rest comes after it."""
        super().paintEvent(event)
        if self._fill_when_seen:
            self._fill_when_seen = False
            QTimer.singleShot(0, self, self._fill)

    def load(self) -> None:
        """Start reading and fill the window now."""
        self._read()
        self._fill()

    def _read(self) -> None:
        from siexplorer.app.loading import Loader

        self._loader = Loader(self)
        self._loader.done.connect(self._arrived)
        self._loader.start()

    def _fill(self) -> None:
        if self.filled:
            return
        from siexplorer.anatomy.knowledge import Knowledge
        from siexplorer.app.links import tie
        from siexplorer.app.settings import Settings
        from siexplorer.exploration.exploration import Exploration

        self.settings: Settings = Settings()
        self.exploration = Exploration(Knowledge())
        self.exploration.set_voice(self.settings.voice)
        self.exploration.set_perspective(self.settings.perspective)
        self.exploration.forget_history()
        self._build_panels()
        self._build_docks()
        self._specs = self._commands()
        self.commands = make_actions(self, self._specs)
        self._build_menus()
        self._build_toolbars()
        self._build_status()
        self.filled = True
        self._recolour()
        geometry, arrangement = self.settings.window()
        if geometry is not None:
            self.restoreGeometry(geometry)
        if arrangement is not None:
            self.restoreState(arrangement)
        self.exploration.changed.connect(self._follow)
        tie(self, self.exploration.correcting.changed, self._renew_commands)
        self.exploration.hovered.connect(self._name_hovered)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._recolour)
        self._show_mode()
        self._renew_commands()

    # Building -------------------------------------------------------------------------------------

    def _build_middle(self) -> None:
        waiting = QWidget()
        self._waiting_label = QLabel("Loading the model…")
        self._waiting_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._waiting_bar = QProgressBar()
        self._waiting_bar.setRange(0, 0)
        self._waiting_bar.setMaximumWidth(260)
        self._waiting_bar.setAccessibleName("Loading the model")
        layout = QVBoxLayout(waiting)
        layout.addStretch(1)
        layout.addWidget(self._waiting_label)
        layout.addWidget(self._waiting_bar, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self._middle = QStackedWidget()
        self._middle.addWidget(waiting)
        middle = QWidget()
        self._column = QVBoxLayout(middle)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._middle, 1)
        self.setCentralWidget(middle)

    def _build_panels(self) -> None:
        from siexplorer.app.ball import BallPanel
        from siexplorer.app.correcting import CorrectingPanel
        from siexplorer.app.follow import FollowPanel
        from siexplorer.app.section import SectionPanel
        from siexplorer.app.timeline import TimelinePanel

        self.timeline = TimelinePanel(self.exploration)
        self.ball = BallPanel(self.exploration)
        self.follow = FollowPanel(self.exploration)
        self.follow.skips_gate = self.settings.skips_gate
        self.follow.cues.wanted = self.settings.speaks
        self.follow.cues.changed.connect(self._remember_speaking)
        self.section = SectionPanel(self.exploration)
        self.timeline.player.calm = self.settings.reduced_motion
        self.ball.calm = self.settings.reduced_motion
        self.section.hide()
        self.correcting = CorrectingPanel(self.exploration)
        self._column.addWidget(self.section)
        self._column.addWidget(self.correcting)

    def _below(self) -> tuple[QWidget, ...]:
        """The panels below the model, each there while it is needed."""
        return self.section, self.correcting, self.timeline, self.ball, self.follow

    def _build_docks(self) -> None:
        from siexplorer.app.card import CardPanel
        from siexplorer.app.layers import LayersPanel
        from siexplorer.app.looks import LooksPanel
        from siexplorer.app.reading import ReadingPanel
        from siexplorer.app.searchbox import SearchPanel
        from siexplorer.app.shape import ShapePanel

        self.search = SearchPanel(self.exploration)
        self.looks = LooksPanel(self.exploration)
        self.layers = LayersPanel(self.exploration)
        self.reading = ReadingPanel(self.exploration)
        self.lists = QTabWidget()
        self.lists.setDocumentMode(True)
        self.lists.addTab(self.layers, "Parts")
        self.lists.addTab(self.reading, "Read")
        self.lists.setTabToolTip(1, "Patterns, what people say, care, and when to be looked at (G)")
        self.lists.setAccessibleName("Parts of the body, or what there is to read")
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(8, 8, 4, 8)
        layout.addWidget(self.search)
        layout.addWidget(self.looks)
        layout.addWidget(self.lists, 1)
        left.setMinimumWidth(230)
        self.card = CardPanel(self.exploration)
        self.shape = ShapePanel(self.exploration)
        self.ball.ready.connect(self._now_prepared)
        self.ball.ready.connect(self.card.renew)
        self.follow.ready.connect(self._now_prepared)
        self._strip = self._build_strip("Movement", self.timeline)
        self._ball_strip = self._build_strip("Ball", self.ball)
        self._follow_strip = self._build_strip("Technique", self.follow)
        self._docks = [
            self._dock("What to show", left, Qt.DockWidgetArea.LeftDockWidgetArea, 270),
            self._dock("Card", self.card, Qt.DockWidgetArea.RightDockWidgetArea, 350),
            self._dock("Shapes of people", self.shape, Qt.DockWidgetArea.RightDockWidgetArea, 350),
        ]
        # Over the card, and only for who asks for it.
        self.tabifyDockWidget(self._docks[1], self._docks[2])
        self._docks[2].hide()

    def _build_strip(self, name: str, panel: QWidget) -> QDockWidget:
        """A panel of a mode, below everything: the full width keeps it low."""
        strip = QDockWidget(name, self)
        strip.setObjectName(name)
        strip.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        strip.setTitleBarWidget(QWidget())
        strip.setWidget(panel)
        strip.toggleViewAction().setVisible(False)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, strip)
        strip.hide()
        return strip

    def _dock(
        self, title: str, widget: QWidget, area: Qt.DockWidgetArea, width: int
    ) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(widget)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        self.addDockWidget(area, dock)
        self.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
        return dock

    def _commands(self) -> list[Spec]:
        from siexplorer.app.commands import ball_specs, correct_specs, look_specs, movement_specs

        do = self.exploration
        mode_keys = {"explore": "E", "move": "M", "ball": "B", "follow": "F"}
        modes = [
            Spec(
                f"mode-{mode}",
                "&Mode",
                text,
                partial(do.set_mode, mode),
                (mode_keys[mode],),
                mode,
                checkable=True,
            )
            for mode, text in MODES
        ]
        views = [
            Spec(
                f"view-{view}",
                "&View",
                {"left": "Left side", "right": "Right side", "top": "Above"}.get(
                    view, view.capitalize()
                ),
                partial(do.look, view),
                (str(number),),
                f"{view}-view",
                tip=f"Look from the {'top' if view == 'top' else view}"
                if view != "below"
                else "Look from below",
            )
            for number, view in enumerate(VIEWS, start=1)
        ]
        return [
            Spec(
                "open-mesh",
                "&File",
                "Open mesh…",
                self.own.choose,
                ("Ctrl+O",),
                tip="Open a pelvis of your own: STL, OBJ, PLY, GLB, glTF or VTP",
            ),
            Spec("own-report", "&File", "About your mesh…", self.own.show_report),
            Spec(
                "save-picture", "&File", "Save picture…", self.save_picture, ("Ctrl+S",), "camera"
            ),
            Spec(
                "copy-picture",
                "&File",
                "Copy picture",
                self.copy_picture,
                ("Ctrl+Shift+C",),
                "copy",
            ),
            Spec(
                "export-movement",
                "&File",
                "Export the movement…",
                self.export_movement,
                ("Ctrl+E",),
                tip="Save the movement as GIF, MP4 or animated GLB",
            ),
            Spec(
                "packs",
                "&File",
                "Mesh packs…",
                self.show_packs,
                ("Ctrl+Shift+M",),
                tip="Other people's pelves: fetch, verify, remove and use them",
            ),
            Spec("quit", "&File", "Quit", self.close, ("Ctrl+Q",)),
            Spec("undo", "&Edit", "Undo", do.undo, ("Ctrl+Z",), "undo"),
            Spec("redo", "&Edit", "Redo", do.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
            Spec("find", "&Edit", "Find…", self.search_for, ("Ctrl+F", "/"), "search"),
            Spec(
                "read-list",
                "&Edit",
                "What there is to read…",
                self.show_reading,
                ("G",),
                tip="Patterns, what people say, pictures in words, care, when to be looked at",
            ),
            Spec(
                "clear",
                "&Edit",
                "Clear the selection, or end the comparison",
                self.clear,
                ("Esc",),
            ),
            *correct_specs(self.own),
            *modes,
            *movement_specs(do, self.timeline),
            *ball_specs(do, self.ball),
            *views,
            Spec(
                "compare-pelves",
                "&View",
                "Compare with another pelvis…",
                self.choose_to_compare,
                ("Ctrl+D",),
                tip="Show another pelvis beside this one",
            ),
            Spec("next", "&View", "Next landmark", lambda: self.step(1), ("N",)),
            Spec("previous", "&View", "Previous landmark", lambda: self.step(-1), ("Shift+N",)),
            Spec("hide", "&View", "Hide the selected", self.hide_selected, ("H",), "hide"),
            Spec("fade", "&View", "Fade the selected", self.fade_selected, ("X",), "fade"),
            Spec(
                "isolate",
                "&View",
                "Show only the selected",
                self.isolate_selected,
                ("I",),
                "isolate",
            ),
            Spec("restore", "&View", "Restore", do.restore_hidden, ("Shift+H",), "restore"),
            Spec(
                "facing",
                "&View",
                "A person facing me",
                self.swap_perspective,
                ("P",),
                "facing",
                checkable=True,
                tip="Tell left and right for a person who faces you, instead of your own body",
            ),
            Spec(
                "reduced-motion",
                "&View",
                "Less motion",
                self.swap_motion,
                checkable=True,
                tip="Show movements moment by moment, and turn the view at once",
            ),
            *look_specs(do),
            Spec(
                "shapes",
                "&View",
                "Shapes of people…",
                self.show_shapes,
                ("S",),
                tip="How pelves differ from person to person, with a slider for each way",
            ),
            Spec("voice", "&View", "Next wording", self.next_voice, ("V",)),
            Spec(
                "skip-gate",
                "&Help",
                "Skip the safety questions (for therapists)",
                self.swap_gate,
                checkable=True,
            ),
            Spec("keys", "&Help", "Keys", self.show_keys, ("?", "F1"), "keys"),
            Spec("notice", "&Help", "Safety notice", self.show_notice),
            Spec("about", "&Help", "About SI Explorer", self.show_about, (), "about"),
        ]

    def _build_menus(self) -> None:
        menus = {}
        for spec in self._specs:
            if spec.menu not in menus:
                menus[spec.menu] = self.menuBar().addMenu(spec.menu)
                menus[spec.menu].aboutToShow.connect(self._renew_menu_words)
            menus[spec.menu].addAction(self.commands[spec.id])
        menus["&View"].addSeparator()
        for dock in self._docks[:2]:
            menus["&View"].addAction(dock.toggleViewAction())

    def _build_toolbars(self) -> None:
        bar = QToolBar("Modes")
        bar.setObjectName("Modes")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        group = QActionGroup(self)
        for mode, _ in MODES:
            group.addAction(self.commands[f"mode-{mode}"])
            bar.addAction(self.commands[f"mode-{mode}"])
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        label = QLabel("Wording ")
        self.voice = QComboBox()
        self.voice.setAccessibleName("Wording")
        self.voice.setToolTip("For whom the texts are written")
        for voice, text in VOICES:
            self.voice.addItem(text, voice)
        self.voice.activated.connect(
            lambda index: self.exploration.set_voice(self.voice.itemData(index))
        )
        label.setBuddy(self.voice)
        bar.addWidget(label)
        bar.addWidget(self.voice)
        bar.addSeparator()
        bar.addAction(self.commands["facing"])
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)

        tools = QToolBar("Views and history")
        tools.setObjectName("Views")
        tools.setMovable(False)
        tools.setIconSize(QSize(22, 22))
        for name in ("undo", "redo"):
            tools.addAction(self.commands[name])
        tools.addSeparator()
        for view in VIEWS:
            tools.addAction(self.commands[f"view-{view}"])
        tools.addSeparator()
        for name in ("cut", "attachments", "referral"):
            tools.addAction(self.commands[name])
        tools.addSeparator()
        for name in ("save-picture", "copy-picture", "keys"):
            tools.addAction(self.commands[name])
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, tools)

    def _build_status(self) -> None:
        self._hover_label = QLabel()
        self._hover_label.setAccessibleName("What is under the pointer")
        self._footer = QLabel("For learning only. Not a diagnosis, not treatment.")
        self._pack_label = QLabel()
        self._pack_label.setAccessibleName("Whose pelvis this is, and its licence")
        self._pack_label.hide()
        self.statusBar().addWidget(self._hover_label, 1)
        self.statusBar().addPermanentWidget(self._pack_label)
        self.statusBar().addPermanentWidget(self._footer)

    # Loading --------------------------------------------------------------------------------------

    def _arrived(self, known: Knowledge, pack: Pack | None, problems: list[str]) -> None:
        from siexplorer.scene.gl import missing_gl

        self._fill()
        self.problems = list(problems)
        missing = missing_gl()
        self._footer.setText(known.say("education_footer"))
        if pack is not None and missing is None:
            self.exploration.load(known, pack)
            self._show_model()
            self._name_pack()
        else:
            self.exploration.load(known, pack)
            self._waiting_bar.hide()
            words = [missing] if missing else []
            self._waiting_label.setWordWrap(True)
            self._waiting_label.setText("\n\n".join(words + self.problems))
        self._renew_commands()
        if not self._accept_notice():
            return
        if self.problems:
            from siexplorer.app import dialogs

            dialogs.show_problem(self, self.problems, known)
        self.own.open_waiting()

    def _show_model(self) -> None:
        from siexplorer.app.compare import SideBySide

        self.stage = SideBySide(self.exploration, self.theme(), self._middle)
        self._middle.addWidget(self.stage)
        self._middle.setCurrentWidget(self.stage)
        self.view = self.stage.begin()
        self.view.animate = not self.timeline.player.calm
        self.stage.opened.connect(self._give_keys)
        self.stage.opened.connect(self._make_room)
        self.stage.opened.connect(self._prepare_second)
        self.stage.closed.connect(self._give_room_back)
        self.view.zone_hovered.connect(self.ball.show_reason)
        self.view.nudged.connect(self.ball.nudge)
        self.search.visited.connect(self.view.setFocus)
        self._give_keys(self.view)
        # Space plays where it has no other meaning; on a button it presses the button.
        for widget in (self.timeline.moment, self.timeline.factor):
            widget.addAction(self.commands["play"])
        # Fibres and the ball map are worked out once the first picture has long been drawn.
        QTimer.singleShot(1500, self, self._prepare)
        self.view.setFocus()

    def use_pack(self, pack: Pack, corrections: Corrections = ()) -> None:
        """Look at another pelvis: the drawing is made anew, all else stays as it is.

        ``corrections`` are landmarks that were put right on it before.
        """
        from siexplorer.scene.gl import missing_gl

        self.own.leave(pack)
        self.timeline.stop()
        stage, view = self.stage, self.view
        self.stage = self.view = self._preparing = None
        if stage is not None and view is not None:
            stage.close_second()
            view.close()
            self._middle.setCurrentIndex(0)
            self._middle.removeWidget(stage)
            stage.hide()
            stage.deleteLater()
        self.exploration.use(pack, corrections)
        if missing_gl() is None:
            self._show_model()
        self._name_pack()
        self._renew_commands()

    def compare_with(self, pack: Pack) -> None:
        """Look at another pelvis beside the one in use."""
        self.timeline.stop()
        self.exploration.compare_with(pack)

    def _name_pack(self) -> None:
        """Whose pelvis this is and its licence, where it is not the one that comes along."""
        from siexplorer.packs.pack import BUILT_IN

        pack = self.exploration.pack
        other = pack is not None and pack.info.id != BUILT_IN
        self._pack_label.setVisible(other)
        if pack is not None and other:
            named = f"{pack.info.id}, {pack.info.licence}"
            if pack.own is not None:
                named = f"{pack.info.title}: {pack.own.name}. {pack.own.sides}".rstrip()
            self._pack_label.setText(named)
            self._pack_label.setToolTip(f"{pack.info.title}. {pack.info.attribution}")

    def _give_keys(self, view: QWidget) -> None:
        """Let a view answer the keys that mean something else elsewhere."""
        from siexplorer.app.commands import KEYS_IN_VIEW

        for name in KEYS_IN_VIEW:
            self.commands[name].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            view.addAction(self.commands[name])

    def _make_room(self) -> None:
        """Two views need room: where it is narrow, what there is to show steps aside for them."""
        if self.stage is not None and self.stage.width() < LEAST_ROOM_FOR_TWO_PX:
            self._stepped_aside = self._docks[0].isVisible()
            self._docks[0].setVisible(False)

    def _give_room_back(self) -> None:
        if self._stepped_aside:
            self._docks[0].show()
        self._stepped_aside = False

    def _prepare(self) -> None:
        """Work out in a thread what would make a person wait later, once."""
        if self.view is None or self._preparing is not None:
            return
        self._preparing = threading.Thread(target=self._make_ready, name="prepare", daemon=True)
        self._preparing.start()
        if self.exploration.state.mode == "move":
            self.statusBar().showMessage(self.exploration.known.say("preparing_movement"))

    def _make_ready(self) -> None:
        """What the thread does, until the window is closed."""
        from siexplorer.app.loading import IMPORTING
        from siexplorer.exploration.ball import ZoneError

        with IMPORTING:
            import siexplorer.exploration.following  # noqa: F401

        view, following, pack = self.view, self.exploration.following, self.exploration.pack
        if view is None or following is None or pack is None:
            return
        if self.exploration.state.mode != "move":
            # Quick, and the ball map waits for nothing else.
            with contextlib.suppress(ZoneError):
                self.exploration.skin_map(wait=True)
        for name in list(pack.surfaces):
            if self._closing.is_set() or self.view is not view:
                return
            if following.soft(name):
                following.tie(name)
        view.pelvis.prepare()
        try:
            self.prepared.emit()
        except RuntimeError:
            # The window was closed meanwhile.
            return

    def _prepare_second(self, *_: object) -> None:
        """Another pelvis in the second view: tie its soft tissue to its bones, in a thread."""
        second = self.stage.second if self.stage is not None else None
        if second is None or self.exploration.other is None:
            return
        if self.exploration.state.mode != "move":
            return

        def tie_all() -> None:
            second.exploration.make_movable(ready=True)
            second.pelvis.prepare()
            with contextlib.suppress(RuntimeError):
                # The window may have been closed meanwhile.
                self.prepared.emit()

        threading.Thread(target=tie_all, name="prepare second", daemon=True).start()

    def _now_prepared(self) -> None:
        """Muscles can follow the bones from now on."""
        self.statusBar().clearMessage()
        for view in self.stage.views if self.stage is not None else []:
            view.pelvis.redraw()

    def _accept_notice(self) -> bool:
        from siexplorer.app import dialogs

        notice = self.exploration.known.notice
        if notice is not None and self.settings.notice_accepted >= notice.version:
            return True
        # A notice that cannot be read is replaced by a short one that is asked about every time.
        if dialogs.accept_notice(self, self.exploration.known):
            if notice is not None:
                self.settings.notice_accepted = notice.version
            return True
        QTimer.singleShot(0, self, self.close)
        return False

    # Following ------------------------------------------------------------------------------------

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        arrangement = [(s.mode, s.section is None, s.against) for s in (before, after)]
        if arrangement[0] != arrangement[1]:
            self._show_mode()
        if change.before.voice != change.after.voice:
            self.settings.voice = change.after.voice
        if before.corrections != after.corrections:
            self.own.keep_soon()
        if change.before.perspective != change.after.perspective:
            self.settings.perspective = change.after.perspective
        moment = replace(before, at=after.at, ball=after.ball)
        if self.exploration.correcting.name is not None:
            moment = replace(moment, corrections=after.corrections)
        ways = (self.exploration.undo_label, self.exploration.redo_label)
        told = [self.commands[name].isEnabled() for name in ("undo", "redo")]
        if moment != after or told != [way is not None for way in ways]:
            # A moment of a running movement changes no command; renewing them all costs 6 ms.
            self._renew_commands()
        if self.view is not None and change.before.selected != change.after.selected:
            name = change.after.selected
            self.view.setAccessibleDescription(
                f"{self.exploration.name_of(name)} is selected" if name else "Nothing is selected"
            )

    def _show_mode(self) -> None:
        mode = self.exploration.state.mode
        focus = self.focusWidget()
        below = focus is not None and any(p.isAncestorOf(focus) for p in self._below())
        if self.view is not None and below:
            # A panel that goes away must not hand the keys to the search box.
            self.view.setFocus()
        self.section.setVisible(self.exploration.state.section is not None)
        self._strip.setVisible(mode == "move")
        self._show_measures()
        if mode == "move":
            self._prepare()
            self._prepare_second()
        self._ball_strip.setVisible(mode == "ball")
        self._follow_strip.setVisible(mode == "follow")
        if mode == "follow" and self.focusWidget() in (None, self, self.view):
            # There the keys choose a technique, and Tab leads on to its session.
            self.follow.technique.setFocus()
        self.commands[f"mode-{mode}"].setChecked(True)

    def _show_measures(self) -> None:
        """The table of two pelves, made when it is first asked for; below what moves it is away."""
        state = self.exploration.state
        wanted = state.against is not None and state.mode == "explore"
        if wanted and self._measures_strip is None:
            from siexplorer.app.measures import MeasuresPanel

            self._measures_strip = self._build_strip("Measures", MeasuresPanel(self.exploration))
        if self._measures_strip is not None:
            self._measures_strip.setVisible(wanted)

    def _renew_commands(self) -> None:
        from siexplorer.app.commands import BALL, LESSON, MOVING, checks_of

        do, state = self.exploration, self.exploration.state
        self.commands["undo"].setEnabled(do.undo_label is not None)
        self.commands["redo"].setEnabled(do.redo_label is not None)
        for name in ("hide", "fade", "isolate"):
            self.commands[name].setEnabled(state.selected in do.every)
        read = state.guide is not None and state.mode != "follow"
        clear = state.selected is not None or state.zone is not None or read or state.compared
        self.commands["clear"].setEnabled(clear)
        self.commands["skip-gate"].setChecked(self.follow.skips_gate)
        self.commands["restore"].setEnabled(not do.at_start())
        for name, on in checks_of(state).items():
            self.commands[name].setChecked(on)
        moves = state.mode == "move" and state.movement is not None
        for name in (*MOVING, "export-movement"):
            self.commands[name].setEnabled(moves)
        for name in BALL:
            self.commands[name].setEnabled(state.mode == "ball")
        for name in LESSON:
            self.commands[name].setEnabled(moves and self.timeline.lesson.current() is not None)
        self.own.renew()
        self.commands["compare-end"].setEnabled(state.compared)
        self.commands["compare-pelves"].setEnabled(self.view is not None)
        self.commands["reduced-motion"].setChecked(self.timeline.player.calm)
        self.commands["loop"].setChecked(self.timeline.player.loop)
        self.commands["facing"].setChecked(state.perspective == "facing")
        self.voice.setCurrentIndex(self.voice.findData(state.voice))
        for name in ("save-picture", "copy-picture"):
            self.commands[name].setEnabled(self.view is not None)

    def _renew_menu_words(self) -> None:
        """Words that change, written when a menu opens: each would lay out the toolbars again."""
        do = self.exploration
        for name, label in (("undo", do.undo_label), ("redo", do.redo_label)):
            what = f" {label[:1].lower()}{label[1:]}" if label else ""
            self.commands[name].setText(name.capitalize() + what)
        self.commands["restore"].setText(do.restore_words())

    def _name_hovered(self, name: str | None) -> None:
        self._hover_label.setText(self.exploration.name_of(name) if name else "")

    def theme(self) -> Theme:
        """The drawing's colours for the palette of now."""
        from siexplorer.scene.theme import DARK, LIGHT

        dark = self.palette().color(QPalette.ColorRole.Window).lightness() < 128
        return DARK if dark else LIGHT

    def _recolour(self) -> None:
        from siexplorer.app.icons import icon

        colour = self.palette().color(QPalette.ColorRole.ButtonText)
        for spec in self._specs:
            if spec.icon:
                self.commands[spec.id].setIcon(icon(spec.icon, colour))
        self.timeline.recolour()
        if self.stage is not None:
            self.stage.set_theme(self.theme())

    # Commands -------------------------------------------------------------------------------------

    def search_for(self) -> None:
        """Put the cursor into the search box."""
        self._docks[0].show()
        self.search.focus_search()

    def show_reading(self) -> None:
        """The list of what is taught, with the keys in it."""
        self._docks[0].show()
        self.lists.setCurrentWidget(self.reading)
        self.reading.tree.setFocus()

    def clear(self) -> None:
        """Clear the selection, or stop reading about one rule of the ball map; where there is
        nothing of them, end the comparison. While a landmark is put right, leave it as it was.
        """
        if self.exploration.correcting.name is not None:
            self.exploration.correcting.cancel()
            return
        state = self.exploration.state
        if state.selected is None and state.zone is None and state.guide is None:
            if state.compared:
                self.exploration.compare(None)
            return
        self.exploration.select(None)
        if self.exploration.state.zone is not None:
            self.exploration.read_zone(None)
        if self.exploration.state.guide is not None and self.exploration.state.mode != "follow":
            self.exploration.apply("Close the card", guide=None)

    def step(self, by: int) -> None:
        """Go to the next or previous landmark that is shown, in the order of the records."""
        do = self.exploration
        names = [n for n, i in do.items.items() if i.entry.kind == "landmark" and do.visible(n)]
        if not names:
            return
        at = names.index(do.state.selected) + by if do.state.selected in names else 0
        do.visit(names[at % len(names)])

    def hide_selected(self) -> None:
        """Hide what is selected."""
        if self.exploration.state.selected:
            self.exploration.hide(self.exploration.state.selected)

    def fade_selected(self) -> None:
        """Let what is selected be seen through, or make it solid again."""
        name = self.exploration.state.selected
        if name:
            self.exploration.fade(name, faded=name not in self.exploration.state.faded)

    def isolate_selected(self) -> None:
        """Show only what is selected and its bone."""
        if self.exploration.state.selected:
            self.exploration.isolate(self.exploration.state.selected)

    def swap_perspective(self) -> None:
        """From one's own body to a person facing one, and back."""
        facing = self.exploration.state.perspective == "facing"
        self.exploration.set_perspective("own-body" if facing else "facing")

    def swap_motion(self) -> None:
        """Animate, or step from moment to moment."""
        player = self.timeline.player
        player.stop()
        player.calm = self.settings.reduced_motion = self.ball.calm = not player.calm
        if self.view is not None:
            self.view.animate = not player.calm
        self._renew_commands()

    def swap_gate(self) -> None:
        """Ask the safety questions before each session, or leave them to a trained therapist."""
        from siexplorer.app.gate import confirm_skipping

        skips = not self.follow.skips_gate
        if skips and not confirm_skipping(self.exploration.known, self):
            skips = False
        self.follow.skips_gate = self.settings.skips_gate = skips
        self._renew_commands()

    def _remember_speaking(self) -> None:
        if self.settings.speaks != self.follow.cues.wanted:
            self.settings.speaks = self.follow.cues.wanted

    def next_voice(self) -> None:
        """The next of the three wordings."""
        voices = [voice for voice, _ in VOICES]
        at = voices.index(self.exploration.state.voice)
        self.exploration.set_voice(voices[(at + 1) % len(voices)])

    def save_picture(self) -> None:
        """Save what the view shows as a PNG file."""
        if self.stage is None:
            return
        image = self.stage.picture()
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        name = f"si-explorer {datetime.now():%Y-%m-%d %H.%M.%S}.png"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save picture", str(Path(folder) / name), "PNG picture (*.png)"
        )
        if path:
            self.write_picture(Path(path).with_suffix(".png"), image)

    def write_picture(self, path: Path, image: object) -> None:
        """Write a picture; a folder that refuses is a sentence."""
        from siexplorer.app import dialogs
        from siexplorer.scene.snapshot import save_png

        try:
            save_png(image, path)  # type: ignore[arg-type]
        except OSError as error:
            reason = error.strerror or type(error).__name__
            words = f"{path}: the picture was not saved ({reason}); choose another folder."
            dialogs.show_problem(self, [words])
            return
        self.statusBar().showMessage(f"Saved {path}", 6000)

    def export_movement(self) -> None:
        """Save the movement that is shown as a film, or for another viewer."""
        from siexplorer.app.export import export_movement

        export_movement(self, self.exploration)

    def copy_picture(self) -> None:
        """Copy what the view shows."""
        if self.stage is None:
            return
        image = self.stage.picture()
        height, width, _ = image.shape
        copied = QImage(image.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        QGuiApplication.clipboard().setImage(copied.copy())
        self.statusBar().showMessage("Picture copied", 4000)

    # A mesh of one's own --------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files that were dropped."""
        if event.mimeData().urls() and self.filled and self.exploration.pack is not None:
            event.acceptProposedAction()
            self.own.drop(event.mimeData().urls())

    def show_packs(self, *, to_compare: bool = False) -> None:
        """Other people's pelves: fetch, verify, remove, use and compare them."""
        from siexplorer.app.packs import PacksDialog

        do = self.exploration
        dialog = PacksDialog(self, do.known, do.pack, to_compare=to_compare)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.used.connect(self.use_pack)
        dialog.compared.connect(self.compare_with)
        dialog.open()

    def show_shapes(self) -> None:
        """The sliders of the shape model, over the card; again, and they go."""
        dock = self._docks[2]
        covered = dock.isVisible() and dock.visibleRegion().isEmpty()
        dock.setVisible(not dock.isVisible() or covered)
        if dock.isVisible():
            dock.raise_()
            self.shape.sliders[0].setFocus()

    def choose_to_compare(self) -> None:
        """Choose the pelvis to show beside the one in use."""
        self.show_packs(to_compare=True)

    def show_keys(self) -> None:
        """The list of keys."""
        from siexplorer.app import dialogs

        dialogs.show_keys(self, key_rows(self._specs))

    def show_notice(self) -> None:
        """The safety notice again."""
        from siexplorer.app import dialogs

        if self.exploration.known.notice is not None:
            dialogs.accept_notice(self, self.exploration.known)

    def show_about(self) -> None:
        """Meshes, sources and licences."""
        from siexplorer.app import dialogs

        pack = self.exploration.pack
        dialogs.show_about(self, self.exploration.known, pack.info if pack else None, __version__)

    # Closing --------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Follow a palette that changes under way."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.filled:
            self._recolour()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window, stop what runs, and let the drawing go first."""
        if not self.filled:
            event.accept()
            return
        self._closing.set()
        self.own.keep()
        self.timeline.stop()
        self._give_room_back()
        self.settings.save_window(self.saveGeometry(), self.saveState())
        self.follow.end()
        self.exploration.changed.disconnect(self._follow, missing_ok=True)
        self.exploration.hovered.disconnect(self._name_hovered, missing_ok=True)
        if self.stage is not None:
            self.stage.close_second()
            self.stage = None
        if self.view is not None:
            self.view.close()
            self.view = None
        event.accept()
