"""How much of the body is shown: ready-made looks, the depth, whose body, and painted areas."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from siexplorer.app.links import tie
from siexplorer.exploration.exploration import Change, Exploration
from siexplorer.exploration.looks import PRESETS, depths_of, look_key, skins
from siexplorer.exploration.state import SKINS


class LooksPanel(QWidget):
    """Above the list of parts. Follows the exploration and speaks to it."""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = exploration
        self.look = QComboBox()
        self.look.setAccessibleName("Ready-made look")
        self.look.activated.connect(self._choose)
        self.peel = QSlider(Qt.Orientation.Horizontal)
        self.peel.setAccessibleName("Depth, from the skin to the bones")
        self.peel.setToolTip("Peel off layer by layer, from the skin to the bones ([ and ])")
        self.peel.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.peel.setTickInterval(1)
        self.peel.setPageStep(1)
        self.peel.valueChanged.connect(self._peel)
        self.peel.sliderReleased.connect(self._released)
        self.depth_name = QLabel()
        self.depth_name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.skin = QComboBox()
        self.skin.setAccessibleName("Whose body")
        self.skin.setToolTip("The body around the bones (K)")
        for kind in SKINS:
            self.skin.addItem(f"{kind.capitalize()} body", kind)
        self.skin.activated.connect(lambda k: exploration.set_skin(self.skin.itemData(k)))
        self.attachments = QCheckBox("Attachment areas")
        self.attachments.setToolTip("Paint on the bones where every muscle holds on (A)")
        self.attachments.toggled.connect(lambda on: exploration.set_attachments(shown=on))
        self.referral = QCheckBox("Referral areas")
        self.referral.setToolTip("Dot on the skin where pain from the selected is reported (R)")
        self.referral.toggled.connect(lambda on: exploration.set_referral(shown=on))
        self._arrange()
        tie(self, exploration.changed, self._follow)
        tie(self, exploration.loaded, self.fill)
        self.fill()

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        for row, (words, widget) in enumerate((("Look", self.look), ("Depth", self.peel))):
            label = QLabel(words)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.depth_name, 2, 1)
        label = QLabel("Body")
        label.setBuddy(self.skin)
        grid.addWidget(label, 3, 0)
        grid.addWidget(self.skin, 3, 1)
        grid.setColumnStretch(1, 1)
        ticks = QHBoxLayout()
        ticks.addWidget(self.attachments)
        ticks.addWidget(self.referral)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(6)
        layout.addLayout(grid)
        layout.addLayout(ticks)

    def fill(self) -> None:
        """The looks, and as many stops as there are layers."""
        known, items = self.exploration.known, self.exploration.every
        self.look.clear()
        for preset in PRESETS:
            self.look.addItem(known.say(look_key(preset.id)), preset.id)
        self._quietly(self.peel, lambda: self.peel.setRange(0, max(0, len(self._depths()) - 1)))
        for widget in (self.look, self.peel, self.attachments, self.referral):
            widget.setEnabled(bool(items))
        self.skin.setEnabled(len(skins(items)) > 1)
        self.renew()

    def _depths(self) -> tuple[str, ...]:
        return depths_of(self.exploration.every)

    def _follow(self, change: Change) -> None:
        watched = ("hidden", "faded", "skin", "attachments", "referral", "selected")
        before, after = change.before, change.after
        if before.against != after.against:
            self.fill()
        elif any(getattr(before, key) != getattr(after, key) for key in watched):
            self.renew()

    def renew(self) -> None:
        """Every control in line with the state."""
        do, state, known = self.exploration, self.exploration.state, self.exploration.known
        preset, depth = do.preset(), do.depth()
        self.look.setCurrentIndex(self.look.findData(preset.id) if preset else -1)
        self.look.setPlaceholderText(known.say("look_custom"))
        words = known.say(f"depth_{depth or 'custom'}")
        if depth is None and preset is not None:
            words = known.say(look_key(preset.id))
        self.depth_name.setText(words)
        if depth is not None or preset is not None:
            # From a ready-made look it starts at the outside, as its keys do; where something was
            # hidden or shown, it goes on from the depth that was.
            at = 0 if depth is None else self._depths().index(depth)
            self._quietly(self.peel, lambda: self.peel.setValue(at))
        # What a screen reader says after the slider's name.
        self.peel.setAccessibleDescription(words)
        self.skin.setCurrentIndex(self.skin.findData(state.skin))
        self._quietly(self.attachments, lambda: self.attachments.setChecked(state.attachments))
        self._quietly(self.referral, lambda: self.referral.setChecked(state.referral))

    def _quietly(self, widget: QWidget, do: object) -> None:
        widget.blockSignals(True)
        do()  # type: ignore[operator]
        widget.blockSignals(False)

    def _choose(self, index: int) -> None:
        self.exploration.set_preset(self.look.itemData(index))

    def _peel(self, stop: int) -> None:
        found = depths_of(self.exploration.every)
        if 0 <= stop < len(found):
            self.exploration.set_depth(found[stop])

    def _released(self) -> None:
        """A click on the outermost stop counts too, where the slider only stands there for lack of
        a depth.
        """
        if self.exploration.depth() is None:
            self._peel(self.peel.value())
        self.exploration.pause_merging()
