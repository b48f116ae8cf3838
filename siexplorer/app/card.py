"""The card on the right: one thing, told in the chosen voice."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QHBoxLayout, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from siexplorer.anatomy.records import Zone
from siexplorer.exploration.card import Card, card_of, movement_card, to_html, zones_card
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.guide import guide_card

LEAST_WIDTH_PX = 270
"""Narrower, headings would break inside their words."""


class CardPanel(QWidget):
    """Follows the selection, the movement or the ball map, whichever is being looked at."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.setMinimumWidth(LEAST_WIDTH_PX)
        self.text = QTextBrowser()
        self.text.setAccessibleName("Card about what is selected")
        self.text.setOpenLinks(False)
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.document().setDocumentMargin(14)
        self.text.document().setUndoRedoEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        self.correct = QToolButton()
        self.correct.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.correct.hide()
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 12, 8)
        row.addWidget(self.correct)
        row.addStretch(1)
        layout.addLayout(row)
        self._shown: Card | None = None
        self._rule: Zone | None = None
        exploration.changed.connect(self._follow)
        exploration.loaded.connect(self.renew)
        exploration.settled.connect(self.renew)
        self.renew()

    def _follow(self, change: Change) -> None:
        before, after = change.before, change.after
        watched = (
            *("selected", "mode", "movement", "zone", "voice", "perspective", "hidden"),
            *("tool", "position", "skin", "guide", "corrections"),
        )
        if any(getattr(before, key) != getattr(after, key) for key in watched):
            self.renew()
        elif before.ball != after.ball and self._rule != self._zone():
            # A tool that moves within the same rule changes no word of the card.
            self.renew()

    def card(self) -> Card | None:
        """The card that belongs here now."""
        known, state, pack = (
            self.exploration.known,
            self.exploration.state,
            self.exploration.pack,
        )
        if state.selected in known.entries:
            entry = known.entries[state.selected]
            return card_of(known, entry, pack, state.voice, state.perspective)
        if state.guide in known.guides and state.zone is None:
            return guide_card(known, known.guides[state.guide], state.voice, state.perspective)
        if state.on_skin and known.zones:
            tool, position = known.tools.get(state.tool), known.positions.get(state.position)
            return zones_card(known, self._zone(), state.voice, tool, position)
        if state.mode == "move" and state.movement in known.movements:
            movement = known.movements[state.movement]
            return movement_card(known, movement, state.voice, state.perspective)
        return None

    def _zone(self) -> Zone | None:
        """The rule that is read about: the one asked for, or the one where the tool rests."""
        known, state = self.exploration.known, self.exploration.state
        if state.zone is not None:
            return known.zones.get(state.zone)
        found = self.exploration.verdict()
        return known.zones.get(found.rule) if found is not None else None

    def offer(self, command: QAction | None) -> None:
        """Offer below the card to put the landmark right, or not."""
        if command is not None:
            self.correct.setDefaultAction(command)
        self.correct.setVisible(command is not None)

    def renew(self) -> None:
        """Write the card again."""
        card = self.card()
        self._shown, self._rule = card, self._zone()
        palette = self.palette()
        dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
        if card is None:
            known = self.exploration.known
            if known.text:
                lead = f"<p>{known.say('empty_card')}</p>"
                if not self.exploration.state.hidden:
                    lead = f"<h2>{known.say('start_here')}</h2>{lead}"
                self.text.setHtml(lead + f"<p><i>{known.say('education_footer')}</i></p>")
            return
        self.text.setHtml(
            to_html(
                card,
                quiet="#a5afb6" if dark else "#5b6770",
                warn_background="#4a3b1d" if dark else "#fff3d6",
                warn_text="#ffe9b8" if dark else "#4a3200",
            )
        )

    def changeEvent(self, event: QEvent) -> None:
        """Other colours when the system turns dark or light."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_shown"):
            self.renew()
