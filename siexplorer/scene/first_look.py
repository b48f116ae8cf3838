"""The first look: the program's main pictures drawn to a folder, with a page that shows them."""

import os
import sys
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import get_args

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Ligament, Muscle, View
from siexplorer.exploration.ball import (
    FIRST_POSITION,
    FIRST_TOOL,
    SkinMap,
    ZoneError,
    area_of,
    meaning,
    on_side,
    skin_map,
)
from siexplorer.exploration.ball_words import state_words
from siexplorer.exploration.card import Card, card_of, movement_card, to_html, zones_card
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import look_key
from siexplorer.exploration.sections import started, words
from siexplorer.exploration.state import Plane
from siexplorer.geometry.zones import ORDER, SIDES
from siexplorer.packs.pack import Pack
from siexplorer.scene.snapshot import draw, save_png
from siexplorer.scene.theme import ZONE_COLOURS, ZONE_HATCHES

SIZE = (1000, 760)
LANDMARK = "left-psis"
MOVEMENT = "left-ilium-flexion"
MAGNIFICATION = 5.0
VIEWS: tuple[View, ...] = get_args(View)
LOOKS: dict[str, View] = {
    "skin": "back",
    "superficial-muscles": "back",
    "deep-rotators": "back",
    "front-of-hip": "front",
    "ligaments": "back",
}
"""Ready-made looks that are drawn, and from where."""

CUT: Plane = "coronal"
PICTURES = (
    *(f"view-{view}.png" for view in VIEWS),
    *(f"look-{name}.png" for name in LOOKS),
    "cut.png",
    "landmark.png",
    "movement-start.png",
    "movement-end.png",
    "ball-map.png",
)
"""What is drawn, in this order."""


def draw_first_look(folder: Path, known: Knowledge, pack: Pack) -> Path:
    """Draw the pictures into an existing folder and write ``index.html``; returns its path.

    What the data lack is said on the page in place of its picture.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    look = _Look(folder, known, pack)
    parts = [look.views(), look.looks(), look.landmark(), look.movement(), look.zones()]
    page = folder / "index.html"
    _write(page, _page(known, pack, "\n".join(parts)))
    return page


class _Look:
    """Draws picture by picture, says so on stderr, and returns the page's sections."""

    def __init__(self, folder: Path, known: Knowledge, pack: Pack) -> None:
        self.folder, self.known, self.pack = folder, known, pack

    def draw(self, name: str, arrange: Callable[[Exploration], None]) -> None:
        """Draw one picture of an exploration of its own."""
        place = PICTURES.index(name) + 1
        print(f"[{place}/{len(PICTURES)}] {name}", file=sys.stderr, flush=True)
        exploration = Exploration(self.known, self.pack)
        arrange(exploration)
        save_png(draw(exploration, SIZE), self.folder / name)

    def views(self) -> str:
        """The six fixed views."""
        figures = []
        for view in VIEWS:
            name = f"view-{view}.png"
            self.draw(name, lambda one, view=view: one.look(view))  # type: ignore[misc]
            alt = self.known.say("first_look_view_alt", view=view)
            figures.append(_figure(name, alt, view.capitalize()))
        return _section(
            self.known.say("first_look_views"), f"<div class='grid'>{''.join(figures)}</div>"
        )

    def looks(self) -> str:
        """What lies on the bones, laid bare step by step, and cut open."""
        heading = self.known.say("first_look_looks")
        items = Exploration(self.known, self.pack).items.values()
        if not any(isinstance(item.entry, Muscle | Ligament) for item in items):
            return _section(heading, self._missing("nothing lies on these bones."))
        figures = []
        for name, view in LOOKS.items():

            def wear(one: Exploration, name: str = name, view: View = view) -> None:
                one.set_preset(name)
                one.look(view)

            self.draw(f"look-{name}.png", wear)
            called = self.known.say(look_key(name))
            alt = self.known.say("first_look_look_alt", name=called, view=view)
            figures.append(_figure(f"look-{name}.png", alt, called))
        self.draw("cut.png", _cut_open)
        where = words(self.known, started(CUT))
        alt = self.known.say("first_look_cut_alt", where=where)
        caption = f"{self.known.say('first_look_cut')}. {where}"
        figures.append(_figure("cut.png", alt, caption))
        return _section(heading, f"<div class='grid'>{''.join(figures)}</div>")

    def landmark(self) -> str:
        """One landmark selected, beside its card."""
        heading = self.known.say("first_look_selected")
        entry = self.known.entries.get(LANDMARK)
        if entry is None or LANDMARK not in self.pack.landmarks:
            return _section(heading, self._missing(f"“{LANDMARK}” is not there."))
        self.draw("landmark.png", lambda one: one.visit(LANDMARK))
        alt = self.known.say("first_look_selected_alt", name=entry.name)
        card = card_of(self.known, entry, self.pack, "plain", "own-body")
        picture = _figure("landmark.png", alt, entry.name)
        return _section(heading, f"<div class='beside'>{picture}{_card(card)}</div>")

    def movement(self) -> str:
        """One movement at its start and at its end, with what is true of it."""
        heading = self.known.say("first_look_movement")
        movement = self.known.movements.get(MOVEMENT)
        if movement is None or not (self.pack.landmarks and self.pack.centres):
            return _section(heading, self._missing(f"“{MOVEMENT}” cannot be posed."))

        def at(moment: float) -> Callable[[Exploration], None]:
            def arrange(exploration: Exploration) -> None:
                exploration.set_movement(MOVEMENT)
                exploration.set_magnification(MAGNIFICATION)
                exploration.set_moment(moment)

            return arrange

        self.draw("movement-start.png", at(0.0))
        self.draw("movement-end.png", at(1.0))
        posed = Exploration(self.known, self.pack)
        at(1.0)(posed)
        end = posed.pose()
        assert end is not None
        joint = end.si[movement.side]
        caption = self.known.say(
            "magnified",
            factor=f"{end.factor.used:.3g}",
            true_deg=f"{joint.true_deg:.1f}",
            true_mm=f"{joint.true_mm:.1f}",
        )
        figures = _figure(
            "movement-start.png",
            self.known.say("first_look_start_alt", name=movement.name),
            self.known.say("first_look_start"),
        ) + _figure(
            "movement-end.png",
            self.known.say("first_look_end_alt", name=movement.name),
            f"{caption} {movement.label.text}",
        )
        card = _card(movement_card(self.known, movement, "plain", "own-body"))
        more = escape(self.known.say("first_look_more"))
        card = f"<details><summary>{more}</summary>{card}</details>"
        return _section(heading, f"<div class='grid'>{figures}</div>{card}")

    def zones(self) -> str:
        """The ball map with its legend: a colour, a hatch and a word for each state."""
        heading = self.known.say("first_look_zones")
        try:
            position = self.known.positions[FIRST_POSITION]
            areas = skin_map(self.known, self.pack, "female", position)
        except ZoneError as error:
            return _section(heading, self._missing(str(error)))
        except KeyError as error:
            return _section(heading, self._missing(f"annotations/tools.toml has no {error}."))
        self.draw("ball-map.png", lambda one: one.set_mode("ball"))
        alt = self.known.say("first_look_zones_alt")
        never = self.known.never_safe.text if self.known.never_safe else ""
        picture = _figure("ball-map.png", alt, never)
        card = _card(zones_card(self.known, None, "plain"))
        return _section(
            heading, f"<div class='beside'><div>{picture}{self._legend(areas)}</div>{card}</div>"
        )

    def _legend(self, areas: SkinMap) -> str:
        rows = []
        tool = self.known.tools[FIRST_TOOL]
        rules = areas.rules(tool.counted_radius_mm)
        for state, hatch in ZONE_HATCHES.items():
            zones = [z for z in self.known.zones.values() if meaning(z, tool).state == state]
            sizes = {
                zone.lay_name: [
                    area_of(areas, (rules == ORDER.index(zone.id)) & on_side(areas, side)).area_cm2
                    for side in SIDES
                ]
                for zone in zones
            }
            if not zones:
                continue
            parts = "; ".join(
                f"{escape(name)} {left:.0f} and {right:.0f} cm²"
                for name, (left, right) in sizes.items()
            )
            rows.append(
                f"<dt>{_swatch(state, hatch)} {escape(state_words(self.known, state))} "
                f"<small>({hatch})</small></dt><dd>{parts}.</dd>"
            )
        lead = escape(self.known.say("first_look_areas"))
        return f"<p>{lead}</p><dl class='legend'>{''.join(rows)}</dl>"

    def _missing(self, reason: str) -> str:
        words = self.known.say("first_look_missing", reason=reason)
        return f"<p class='missing'>{escape(words)}</p>"


def _cut_open(exploration: Exploration) -> None:
    exploration.set_preset("skin")
    exploration.set_section(CUT)


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def _figure(name: str, alt: str, caption: str) -> str:
    width, height = SIZE
    return (
        f"<figure><a href='{name}'><img src='{name}' width='{width}' height='{height}' "
        f"alt='{escape(alt, quote=True)}'></a><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _card(card: Card) -> str:
    html = to_html(
        card,
        quiet="var(--quiet)",
        # The page's own style sheet replaces this one attribute, which cannot hold a variable.
        warn_background="#fff3dc",
        warn_text="var(--warn-text)",
    )
    # One level down: the page has headings of its own above the card's.
    for level in (3, 2):
        html = html.replace(f"<h{level}", f"<h{level + 1}").replace(
            f"</h{level}>", f"</h{level + 1}>"
        )
    return f"<article class='card'>{html}</article>"


def _swatch(state: str, hatch: str) -> str:
    """A small patch with the colour and the hatching that the map uses."""
    colour = ZONE_COLOURS[state]
    ink = {
        "dots": f"<circle cx='4' cy='4' r='1.5' fill='{colour}'/>",
        "stripes": f"<path d='M-1 9L9 -1' stroke='{colour}' stroke-width='1.6'/>",
        "crosses": f"<path d='M-1 9L9 -1M-1 -1L9 9' stroke='{colour}' stroke-width='1.4'/>",
    }[hatch]
    return (
        "<svg width='44' height='24' aria-hidden='true'>"
        f"<pattern id='{hatch}' width='8' height='8' patternUnits='userSpaceOnUse'>{ink}</pattern>"
        f"<rect width='44' height='24' fill='{colour}' fill-opacity='.25'/>"
        f"<rect width='44' height='24' fill='url(#{hatch})'/>"
        f"<rect x='.5' y='.5' width='43' height='23' fill='none' stroke='{colour}'/></svg>"
    )


STYLE = """
:root { color-scheme: light dark; --back: #fbfaf7; --paper: #ffffff; --text: #1b2a36;
  --quiet: #55626c; --line: #d5dade; --accent: #005f96; --warn: #fff3dc; --warn-text: #4a3300; }
@media (prefers-color-scheme: dark) { :root { --back: #171b1f; --paper: #20262b; --text: #eef1f3;
  --quiet: #aab4bb; --line: #3b444b; --accent: #7cc4f2; --warn: #44340f; --warn-text: #ffe9bd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { margin: 0; font-size: 1.9rem; }
header p { max-width: 65ch; color: var(--quiet); }
section { margin: 2.5rem 0; }
.grid { display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.beside { display: grid; gap: 1.25rem; align-items: start; }
@media (min-width: 60rem) { .beside { grid-template-columns: 3fr 2fr; }
  .beside > :first-child { position: sticky; top: 1rem; } }
figure { margin: 0; background: var(--paper); border: 1px solid var(--line);
  border-radius: .6rem; overflow: hidden; }
img { display: block; width: 100%; height: auto; }
figcaption { padding: .6rem .9rem; color: var(--quiet); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.card { padding: .9rem 1.2rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .6rem; overflow-wrap: anywhere; }
details { margin-top: 1.25rem; }
summary { padding: .4rem 0; color: var(--accent); cursor: pointer; }
.card h3 { margin-top: 0; }
.card td:first-child:not(:only-child) { white-space: nowrap; }
.card table[bgcolor] { background: var(--warn); border-radius: .4rem; margin: .8rem 0; }
.legend dt { display: flex; align-items: center; gap: .6rem; font-weight: 600; }
.legend dd { margin: .2rem 0 .9rem 3.4rem; color: var(--quiet); }
.missing { padding: .9rem 1.2rem; border: 1px dashed var(--line); border-radius: .6rem; }
footer { padding: 1.5rem 1.25rem 2.5rem; border-top: 1px solid var(--line); color: var(--quiet); }
"""


def _page(known: Knowledge, pack: Pack, body: str) -> str:
    title = escape(known.say("first_look_title"))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · SI Explorer</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{escape(known.say("first_look_lead"))}</p>
</header>
<main>
{body}
</main>
<footer>
<p><strong>{escape(known.say("education_footer"))}</strong></p>
<p>{escape(known.say("first_look_next"))}</p>
<p>{escape(pack.info.title)}. {escape(pack.info.attribution)}</p>
</footer>
</body>
</html>
"""


def _write(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
