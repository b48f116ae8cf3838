"""The windows that come up in front: the first-start notice, About, the keys, and problems.

Each ``make_*`` builds a dialog and returns it; the function beside it shows it and waits.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Claim, Notice, Source
from siexplorer.app.icons import icon
from siexplorer.app.rows import NameDelegate, quiet
from siexplorer.exploration.card import BASIS_TAGS, cite
from siexplorer.packs.pack import PackInfo

STOP_RED = {"light": "#b3261e", "dark": "#ff8a80"}
"""The one red of these windows: the sign before what means stop."""
LINK_BLUE = {"light": "#0067a3", "dark": "#7db7e8"}

LIBRARIES = (
    ("PySide6 and Qt 6", "LGPL-3.0", "https://doc.qt.io/qtforpython-6/"),
    ("VTK", "BSD-3-Clause", "https://vtk.org"),
    ("PyVista", "MIT", "https://pyvista.org"),
    ("pyvistaqt", "MIT", "https://qtdocs.pyvista.org"),
    ("trimesh", "MIT", "https://trimesh.org"),
    ("NumPy", "BSD-3-Clause", "https://numpy.org"),
    ("SciPy", "BSD-3-Clause", "https://scipy.org"),
    ("msgspec", "BSD-3-Clause", "https://jcristharif.com/msgspec/"),
    ("psygnal", "BSD-3-Clause", "https://psygnal.readthedocs.io"),
    ("cyclopts", "Apache-2.0", "https://cyclopts.readthedocs.io"),
    ("platformdirs", "MIT", "https://platformdirs.readthedocs.io"),
    ("Pooch", "BSD-3-Clause", "https://www.fatiando.org/pooch/"),
    ("Requests", "Apache-2.0", "https://requests.readthedocs.io"),
    ("RapidFuzz", "MIT", "https://rapidfuzz.github.io/RapidFuzz/"),
    ("Matplotlib (with PyVista)", "Matplotlib licence, PSF-style", "https://matplotlib.org"),
    ("wakepy, and jeepney on Linux", "MIT", "https://wakepy.readthedocs.io"),
    ("Pillow", "MIT-CMU", "https://python-pillow.github.io"),
)
"""What runs beside our own code: name, licence, home."""


# Shown and waited for -----------------------------------------------------------------------------


def accept_notice(parent: QWidget | None, known: Knowledge) -> bool:
    """Show the safety and education notice; whether it was accepted. Esc and closing decline."""
    return _wait(make_notice(parent, known)) == QDialog.DialogCode.Accepted


def show_about(
    parent: QWidget | None, known: Knowledge, pack_info: PackInfo | None, version: str
) -> None:
    """Show what this is, where its meshes and sentences come from, and under which licences."""
    _wait(make_about(parent, known, pack_info, version))


def show_keys(parent: QWidget | None, rows: Sequence[tuple[str, str, str]]) -> None:
    """Show the keys, ``rows`` of (group, what, keys)."""
    _wait(make_keys(parent, rows))


def show_problem(
    parent: QWidget | None, sentences: Sequence[str], known: Knowledge | None = None
) -> None:
    """Show what went wrong, a sentence for each thing. ``known`` adds a lead on loading."""
    _wait(make_problem(parent, sentences, known))


def _wait(dialog: QDialog) -> int:
    answer = dialog.exec()
    dialog.deleteLater()
    return answer


# Built --------------------------------------------------------------------------------------------


def make_notice(parent: QWidget | None, known: Knowledge) -> QDialog:
    """The notice; where it could not be read, a sentence that says so, still to be accepted."""
    notice = known.notice or Notice(
        version=0,
        title="Before you start",
        lead=f"{known.say('education_footer')} {known.say('notice_missing')}",
        points=[],
        stop=[],
        ask_first=[],
        accept="I understand",
        decline="Close",
    )
    dialog = _dialog(parent, notice.title, 42, 44)
    text = _browser(notice.title)
    red = QColor(STOP_RED[_scheme(dialog)])
    sign = icon("stop", red).pixmap(QSize(20, 20), 2.0)
    text.document().addResource(
        QTextDocument.ResourceType.ImageResource, QUrl("sign:stop"), sign.toImage()
    )
    text.setHtml(_notice_html(known, notice, quiet(dialog.palette()).name()))
    buttons = QDialogButtonBox()
    accept = buttons.addButton(notice.accept, QDialogButtonBox.ButtonRole.AcceptRole)
    buttons.addButton(notice.decline, QDialogButtonBox.ButtonRole.RejectRole)
    accept.setDefault(True)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = _column(dialog)
    layout.addWidget(text, 1)
    layout.addWidget(buttons)
    text.setFocus()
    return dialog


def make_about(
    parent: QWidget | None, known: Knowledge, pack_info: PackInfo | None, version: str
) -> QDialog:
    """About, with its four tabs."""
    dialog = _dialog(parent, "About SI Explorer", 48, 40)
    tabs = QTabWidget()
    tabs.setAccessibleName("About SI Explorer")
    tabs.setDocumentMode(True)
    faint = quiet(dialog.palette()).name()
    for title, html in (
        ("About", _about_html(known, version)),
        ("Meshes", _meshes_html(known, pack_info, faint)),
    ):
        page = _browser(title)
        page.setHtml(html)
        tabs.addTab(page, title)
    tabs.addTab(SourcesPage(known), "Sources")
    page = _browser("Licences")
    page.setHtml(_licences_html(known, faint))
    tabs.addTab(page, "Licences")
    layout = _column(dialog)
    layout.addWidget(tabs, 1)
    layout.addWidget(_close_button(dialog))
    return dialog


def make_keys(parent: QWidget | None, rows: Sequence[tuple[str, str, str]]) -> QDialog:
    """The keys as one table, group by group in the order in which they come."""
    dialog = _dialog(parent, "Keys", 38, 40)
    table = QTreeWidget()
    table.setAccessibleName("Keys")
    table.setColumnCount(2)
    table.setHeaderLabels(["What", "Keys"])
    table.setRootIsDecorated(False)
    table.setIndentation(14)
    table.setItemDelegate(NameDelegate(table))
    table.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
    table.setItemsExpandable(False)
    table.setExpandsOnDoubleClick(False)
    table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    table.header().setStretchLastSection(False)
    for group, of_group in groupby(_grouped(rows), key=lambda row: row[0]):
        head = QTreeWidgetItem(table, [group])
        font = head.font(0)
        font.setBold(True)
        head.setFont(0, font)
        head.setFirstColumnSpanned(True)
        for _, what, keys in of_group:
            QTreeWidgetItem(head, [what, keys])
    table.expandAll()
    layout = _column(dialog)
    layout.addWidget(table, 1)
    layout.addWidget(_close_button(dialog))
    return dialog


def make_problem(
    parent: QWidget | None, sentences: Sequence[str], known: Knowledge | None = None
) -> QDialog:
    """The problems, to be read and copied."""
    known = known or Knowledge()
    dialog = _dialog(parent, "There was a problem", 38, 18)
    sign = QLabel()
    colour = dialog.palette().color(QPalette.ColorRole.WindowText)
    sign.setPixmap(icon("warning", colour).pixmap(QSize(32, 32), dialog.devicePixelRatioF()))
    sign.setAlignment(Qt.AlignmentFlag.AlignTop)
    lead = QLabel(known.say("problem_lead") if known.text else "")
    lead.setVisible(bool(known.text))
    lead.setWordWrap(True)
    text = QPlainTextEdit("\n\n".join(sentences))
    text.setReadOnly(True)
    text.setTabChangesFocus(True)
    text.setAccessibleName("What went wrong")
    buttons = _close_button(dialog)
    copy = QPushButton("Copy")
    copy.setIcon(icon("copy", dialog.palette().color(QPalette.ColorRole.ButtonText)))
    copy.setAutoDefault(False)
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text.toPlainText()))
    buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
    right = QVBoxLayout()
    right.addWidget(lead)
    right.addWidget(text, 1)
    row = QHBoxLayout()
    row.setSpacing(14)
    row.addWidget(sign)
    row.addLayout(right, 1)
    layout = _column(dialog)
    layout.addLayout(row, 1)
    layout.addWidget(buttons)
    return dialog


class SourcesPage(QWidget):
    """All sources, narrowed to those that hold every word of a filter."""

    def __init__(self, known: Knowledge) -> None:
        super().__init__()
        self.known = known
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter: author, year, word…")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter the sources")
        self.filter.textChanged.connect(self._renew)
        self.count = QLabel()
        self.text = _browser("Sources")
        top = QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.text, 1)
        self._renew()

    def _renew(self) -> None:
        words = self.filter.text().casefold().split()
        sources = sorted(self.known.sources.values(), key=_order)
        fitting = [
            one for one in sources if all(w in f"{cite(one)} {one.kind}".casefold() for w in words)
        ]
        self.count.setText(f"{len(fitting)} of {len(sources)}")
        lead = self.known.say("about_sources_lead" if fitting else "about_no_source")
        faint = quiet(self.palette()).name()
        self.text.setHtml(
            f"<p style='color:{faint}'>{escape(lead)}</p>"
            + "".join(f"<p>{_source_html(one, faint)}</p>" for one in fitting)
        )


# What they say ------------------------------------------------------------------------------------


def _notice_html(known: Knowledge, notice: Notice, faint: str) -> str:
    numbers: dict[str, int] = {}

    def items(claims: Iterable[Claim]) -> str:
        out = []
        for claim in claims:
            cited = [numbers.setdefault(s, len(numbers) + 1) for s in claim.sources]
            marks = f"<sup>{','.join(map(str, cited))}</sup>" if cited else ""
            tag = BASIS_TAGS[claim.basis]
            tag = f" <i style='color:{faint}'>{tag}</i>" if tag else ""
            out.append(f"<li style='margin-bottom:4px'>{escape(claim.text)}{tag}{marks}</li>")
        return f"<ul style='margin-top:4px'>{''.join(out)}</ul>" if out else ""

    html = f"<h2>{escape(notice.title)}</h2><p style='font-size:large'>{escape(notice.lead)}</p>"
    html += items(notice.points)
    if notice.stop:
        sign = "<img src='sign:stop' width='20' height='20' align='middle'>"
        html += f"<h3>{sign}&nbsp; Stop at once if you feel</h3>{items(notice.stop)}"
    if notice.ask_first:
        html += f"<h3>Ask a professional first</h3>{items(notice.ask_first)}"
    cited = [(n, known.sources[s]) for s, n in numbers.items() if s in known.sources]
    if cited:
        rows = "".join(
            f"<tr><td valign='top'>{n}&nbsp;</td><td>{escape(cite(source))}</td></tr>"
            for n, source in cited
        )
        html += f"<h4>Sources</h4><table style='color:{faint};font-size:small'>{rows}</table>"
    return html


def _about_html(known: Knowledge, version: str) -> str:
    keys = ("about_lead", "about_limits", "about_sides", "about_reading")
    body = "".join(f"<p>{escape(known.say(key))}</p>" for key in keys)
    footer = escape(known.say("education_footer"))
    return f"<h2>SI Explorer {escape(version)}</h2>{body}<p><b>{footer}</b></p>"


def _meshes_html(known: Knowledge, info: PackInfo | None, faint: str) -> str:
    if info is None:
        return f"<p>{escape(known.say('about_no_mesh'))}</p>"
    fields = (
        ("Pack", f"{escape(info.id)}, version {escape(info.version)}"),
        ("Licence", escape(info.licence)),
        ("Attribution", escape(info.attribution)),
        *([("From", _link(info.upstream))] if info.upstream else []),
        ("Provenance", escape(info.provenance)),
        ("Units", escape(info.units)),
        ("Axes", escape(info.axes)),
        ("Origin", escape(info.origin)),
        *(
            ("File", f"{escape(f.name)}, {f.bytes:,} bytes<br><tt>sha256 {f.sha256}</tt>")
            for f in info.file
        ),
    )
    top = "".join(
        f"<tr><td valign='top' style='color:{faint}'>{name}&nbsp;&nbsp;</td><td>{value}</td></tr>"
        for name, value in fields
    )
    lacks = "".join(f"<li>{escape(words)}</li>" for words in info.lacks)
    if lacks:
        lacks = f"<h3>{escape(known.say('packs_lacks'))}</h3><ul>{lacks}</ul>"
    rows = []
    for one in info.surface:
        entry = known.entries.get(one.entry)
        review = known.say("about_reviewed" if one.reviewed else "about_review")
        shut = "closed" if one.closed else "open"
        rows.append(
            f"<tr><td valign='top'>{escape(entry.name if entry else one.entry)}<br>"
            f"<span style='color:{faint};font-size:small'>{escape(one.id)}, {one.triangles:,} "
            f"triangles, {shut}</span></td>"
            f"<td valign='top'>{escape(one.provenance.capitalize())}</td>"
            f"<td valign='top'>{escape(review)}</td></tr>"
        )
    head = "<tr>" + "".join(
        f"<th align='left'>{name}</th>" for name in ("Surface", "Provenance", "Review")
    )
    return (
        f"<h2>{escape(info.title)}</h2><table cellpadding='3'>{top}</table>{lacks}"
        f"<h3>{len(info.surface)} surfaces</h3>"
        f"<table width='100%' cellpadding='4'>{head}</tr>{''.join(rows)}</table>"
    )


def _licences_html(known: Knowledge, faint: str) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(licence)}</td><td>{_link(home)}</td></tr>"
        for name, licence, home in LIBRARIES
    )
    head = "".join(f"<th align='left'>{name}</th>" for name in ("Library", "Licence", "Home"))
    return (
        f"<h2>Licences</h2><p>{escape(known.say('about_licences'))}</p>"
        f"<table width='100%' cellpadding='4'><tr>{head}</tr>{rows}</table>"
        f"<p style='color:{faint}'>{escape(known.say('about_qt'))}</p>"
    )


def _source_html(source: Source, faint: str) -> str:
    text = escape(cite(source))
    if source.doi:
        text = text.replace(
            f"doi:{escape(source.doi)}", _link(f"https://doi.org/{source.doi}", f"doi:{source.doi}")
        )
    elif source.url:
        text = text.replace(escape(source.url), _link(source.url))
    return f"{text} <span style='color:{faint};font-size:small'>{escape(source.kind)}</span>"


def _link(address: str, text: str = "") -> str:
    shown = text or address.removeprefix("https://").rstrip("/")
    return f"<a href='{escape(address, quote=True)}'>{escape(shown)}</a>"


def _order(source: Source) -> tuple[bool, str, int]:
    return (not source.authors, (source.authors or source.title).casefold(), source.year or 0)


def _grouped(rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    order = list(dict.fromkeys(group for group, _, _ in rows))
    return sorted(rows, key=lambda row: order.index(row[0]))


# Parts --------------------------------------------------------------------------------------------


def _dialog(parent: QWidget | None, title: str, wide: int, high: int) -> QDialog:
    """An empty dialog, sized in letters and lines so that it grows with the font."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAccessibleName(title)
    metrics = dialog.fontMetrics()
    size = QSize(wide * metrics.horizontalAdvance("n") * 2, high * metrics.lineSpacing())
    screen = dialog.screen().availableSize()
    dialog.resize(size.boundedTo(screen * 0.92))
    dialog.setSizeGripEnabled(True)
    return dialog


def _column(dialog: QDialog) -> QVBoxLayout:
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(12, 12, 12, 12)
    layout.setSpacing(10)
    return layout


def _browser(name: str) -> QTextBrowser:
    text = QTextBrowser()
    text.setOpenExternalLinks(True)
    text.setAccessibleName(name)
    text.setTabChangesFocus(True)
    text.document().setDocumentMargin(14)
    text.document().setIndentWidth(22)
    text.document().setDefaultStyleSheet(f"a {{ color: {LINK_BLUE[_scheme(text)]} }}")
    return text


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
    buttons.rejected.connect(dialog.reject)
    return buttons


def _scheme(widget: QWidget) -> str:
    dark = widget.palette().color(QPalette.ColorRole.Base).lightness() < 128
    return "dark" if dark else "light"
