"""The window of mesh packs: which there are, fetched, verified, removed, and used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.loading import cache_folder
from siexplorer.exploration.lacking import lacking
from siexplorer.packs import fetch
from siexplorer.packs.pack import BUILT_IN, Pack, PackError, PackInfo, read_info

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge

Run = Callable[["Task"], Any]


class Task(QObject):
    """Something that takes a while, in a thread; its signals arrive in the window's."""

    told = Signal(str, int, int)
    ended = Signal(object, str)

    def __init__(self, run: Run, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self.stop = threading.Event()
        self._runner = threading.Thread(target=self._work, name="packs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._runner.start()

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""
        self.told.emit(what, done, total)

    def _work(self) -> None:
        found, fault = None, ""
        try:
            found = self._run(self)
        except fetch.Cancelled:
            fault = "cancelled"
        except PackError as error:
            fault = str(error)
        except Exception as error:
            # A thread that dies in silence would leave its dialog waiting for ever.
            fault = f"Something went wrong that was not foreseen ({type(error).__name__}: {error})."
        try:
            self.ended.emit(found, fault)
        except RuntimeError:
            # The window was closed meanwhile.
            return


class PacksDialog(QDialog):
    """``used`` is emitted with a pack that was read and shall be looked at, ``compared`` with one
    that shall be shown beside the one in use; ``to_compare`` if that is what it was opened for.
    """

    used = Signal(object)
    compared = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        known: Knowledge,
        pack: Pack | None,
        *,
        to_compare: bool = False,
    ) -> None:
        super().__init__(parent)
        self.known = known
        self.to_compare = to_compare
        self.now = BUILT_IN if pack is None else pack.info.id
        self.lacks = [] if pack is None or self.now == BUILT_IN else lacking(known, pack)
        self.own = pack.info if pack is not None and pack.own is not None else None
        self.task: Task | None = None
        self.setWindowTitle(known.say("compare_title" if to_compare else "packs_title"))
        self._build()
        self.renew()
        self.resize(720, 560)

    # Building -------------------------------------------------------------------------------------

    def _build(self) -> None:
        lead = QLabel(self.known.say("compare_lead" if self.to_compare else "packs_lead"))
        lead.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Packs")
        self.list.setColumnCount(4)
        self.list.setHeaderLabels(["Pack", "State", "Size", "Licence"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.list.currentItemChanged.connect(lambda *_: self._describe())
        self.text = QTextBrowser()
        self.text.setAccessibleName("Licence, attribution, and what the pack lacks")
        self.text.setOpenExternalLinks(True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("How far it is")
        self.progress.setTextVisible(False)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAccessibleName("What happened")
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.download = self._button("&Download", "Fetch this pack from where it is published")
        self.verify = self._button("&Verify", "Check every byte of it")
        self.remove = self._button("&Remove", "Take it off this computer")
        self.use = self._button("&Use", "Look at this pelvis")
        self.compare = self._button("Com&pare", "Look at this pelvis beside the one in use")
        self.cancel = self._button("&Cancel", "Stop what is going on")
        self.shut = self._button("Close", "Close this window")
        self.download.clicked.connect(self.start_download)
        self.verify.clicked.connect(self.start_verify)
        self.remove.clicked.connect(self.remove_now)
        self.use.clicked.connect(self.start_use)
        self.compare.clicked.connect(self.start_compare)
        self.list.itemActivated.connect(lambda *_: self._activated())
        self.cancel.clicked.connect(self.stop)
        self.shut.clicked.connect(self.close)
        row = QHBoxLayout()
        for button in (self.download, self.verify, self.remove, self.use, self.compare):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.shut)
        layout = QVBoxLayout(self)
        layout.addWidget(lead)
        layout.addWidget(self.list, 2)
        layout.addWidget(self.text, 3)
        layout.addWidget(self.progress)
        layout.addWidget(self.said)
        layout.addLayout(row)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    # What there is --------------------------------------------------------------------------------

    def renew(self) -> None:
        """Look again at what is here; the same pack stays chosen."""
        chosen = self.chosen()
        self.found: dict[str, fetch.Listed] = {}
        self.built_in: PackInfo | None = None
        self.list.clear()
        try:
            self.built_in = read_info()
            self.found = {one.pack.id: one for one in fetch.listed()}
        except PackError as error:
            self.said.setText(str(error))
        if self.built_in is not None:
            self._add(BUILT_IN, self.built_in.title, "built in", None, self.built_in.licence)
        if self.own is not None:
            self._add(self.own.id, self.own.title, "open", None, self.own.licence)
        for name, one in self.found.items():
            self._add(name, one.pack.title, one.state, one.pack.bytes, one.pack.licence)
        if not chosen:
            chosen = self._other() if self.to_compare else self.now
        for number in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(number)
            if item is not None and item.data(0, Qt.ItemDataRole.UserRole) == chosen:
                self.list.setCurrentItem(item)
        self._describe()

    def _other(self) -> str:
        """A pelvis that can be compared with the one in use at once, or else fetched for it."""
        here = [name for name, one in self.found.items() if one.state == "here"]
        names = [BUILT_IN, *here, *self.found]
        return next((name for name in names if name != self.now), BUILT_IN)

    def _add(self, name: str, title: str, state: str, count: int | None, licence: str) -> None:
        shown = f"{state}, in use" if name == self.now else state
        size = "" if count is None else f"{count / 1e6:.1f} MB"
        item = QTreeWidgetItem(self.list, [title, shown, size, licence.partition(";")[0]])
        item.setData(0, Qt.ItemDataRole.UserRole, name)
        item.setToolTip(0, title)
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight)

    def chosen(self) -> str:
        """The id of the pack that is chosen in the list."""
        item = self.list.currentItem()
        return str(item.data(0, Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _describe(self) -> None:
        name = self.chosen()
        one = self.found.get(name)
        if one is not None:
            pack = one.pack
            rows = [("Licence", pack.licence), ("Attribution", pack.attribution)]
            rows += [("Version", pack.version), ("How it was made", pack.provenance)]
            title, address, lacks = pack.title, pack.address, one.lacks
        elif self.built_in is not None and name == BUILT_IN:
            info = self.built_in
            rows = [("Licence", info.licence), ("Attribution", info.attribution)]
            rows += [("Version", info.version), ("How it was made", info.provenance)]
            title, address, lacks = info.title, info.upstream, info.lacks
        elif self.own is not None and name == self.own.id:
            info = self.own
            rows = [("Licence", info.licence), ("Attribution", info.attribution)]
            rows += [("How it was made", info.provenance)]
            title, address, lacks = info.title, "", info.lacks
        else:
            self.text.clear()
            self._renew_buttons()
            return
        table = "".join(
            f"<tr><td><b>{what}</b>&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
            for what, value in rows
        )
        if address:
            link = f"<a href='{escape(address, quote=True)}'>{escape(address)}</a>"
            table += f"<tr><td><b>From</b></td><td>{link}</td></tr>"
        if name == self.now and self.lacks:
            lacks = self.lacks
        points = "".join(f"<li>{escape(words)}</li>" for words in lacks)
        points = f"<ul>{points}</ul>" if lacks else escape(self.known.say("packs_nothing_lacks"))
        self.text.setHtml(
            f"<h3>{escape(title)}</h3><table cellpadding='2'>{table}</table>"
            f"<p><b>{escape(self.known.say('packs_lacks'))}</b></p>{points}"
        )
        self._renew_buttons()

    def _renew_buttons(self) -> None:
        name, busy = self.chosen(), self.task is not None
        one = self.found.get(name)
        is_own = self.own is not None and name == self.own.id
        state = one.state if one is not None else "open" if is_own else "built in"
        self.download.setEnabled(one is not None and state != "here" and not busy)
        self.verify.setEnabled(state in ("here", "broken") and not busy)
        self.remove.setEnabled(state in ("here", "broken") and not busy)
        ready = bool(name) and state in ("here", "built in") and name != self.now and not busy
        for button in (self.use, self.compare):
            button.setEnabled(ready)
        self.cancel.setEnabled(busy)
        self.list.setEnabled(not busy)
        self.progress.setVisible(busy)

    # What is done ---------------------------------------------------------------------------------

    def start_download(self) -> None:
        """Fetch the chosen pack; the window goes on meanwhile."""
        name = self.chosen()
        self._start(
            lambda task: fetch.fetch(name, task.tell, task.stop.is_set),
            lambda _: self.known.say("packs_fetched", pack=name),
        )

    def start_verify(self) -> None:
        """Check the chosen pack."""
        name = self.chosen()
        self._start(
            lambda _task: fetch.verify(name), lambda _: self.known.say("packs_whole", pack=name)
        )

    def start_use(self) -> None:
        """Read the chosen pack and hand it to the window."""
        name = self.chosen()

        def done(pack: Pack) -> str:
            self.now, self.own = name, None
            self.used.emit(pack)
            self.lacks = lacking(self.known, pack)
            words = self.known.say("packs_in_use", pack=pack.info.title)
            return " ".join([words, *pack.problems])

        self._start(lambda _task: fetch.open_pack(name, cache=cache_folder()), done)

    def start_compare(self) -> None:
        """Read the chosen pack and show it beside the one in use."""
        name = self.chosen()

        def done(pack: Pack) -> str:
            self.compared.emit(pack)
            self.close()
            return ""

        self._start(lambda _task: fetch.open_pack(name, cache=cache_folder()), done)

    def _activated(self) -> None:
        if self.to_compare and self.compare.isEnabled():
            self.start_compare()

    def remove_now(self) -> None:
        """Take the chosen pack away."""
        name = self.chosen()
        if name == self.now:
            self.said.setText(self.known.say("packs_remove_in_use", pack=name))
            return
        try:
            fetch.remove(name)
            self.said.setText(self.known.say("packs_removed", pack=name))
        except PackError as error:
            self.said.setText(str(error))
        self.renew()
        self.list.setFocus()

    def stop(self) -> None:
        """Ask what is going on to end."""
        if self.task is not None:
            self.task.stop.set()

    def _start(self, run: Run, done: Callable[[Any], str]) -> None:
        if self.task is not None:
            return
        task = self.task = Task(run, self)
        task.told.connect(self._told)
        task.ended.connect(lambda found, fault: self._ended(done, found, fault))
        self.progress.setRange(0, 0)
        self.said.clear()
        self._renew_buttons()
        self.cancel.setFocus()
        task.start()

    def _told(self, what: str, done: int, total: int) -> None:
        fetching = done < total
        self.progress.setRange(0, total if fetching else 0)
        self.progress.setValue(done)
        figures = {"done": f"{done / 1e6:.1f}", "total": f"{total / 1e6:.1f}"}
        words = self.known.say("packs_fetching", what=what, **figures) if fetching else f"{what}…"
        self.said.setText(words)

    def _ended(self, done: Callable[[Any], str], found: Any, fault: str) -> None:
        if self.task is None:
            return
        self.task.deleteLater()
        self.task = None
        if fault == "cancelled":
            fault = self.known.say("packs_cancelled")
        said = fault or done(found)
        self.renew()
        self.said.setText(said)
        self.list.setFocus()

    def reject(self) -> None:
        """Esc stops what is going on first, and closes the window the second time."""
        if self.task is not None:
            self.stop()
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """What is going on ends by itself; nobody listens to it any more."""
        if self.task is not None:
            self.task.stop.set()
            self.task.setParent(None)
            self.task = None
        super().closeEvent(event)
