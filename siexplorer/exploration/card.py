"""The card about what is selected: one structure for the window, the command line and pictures."""

from dataclasses import dataclass, field
from html import escape

from siexplorer.anatomy.knowledge import SIDES, Knowledge
from siexplorer.anatomy.records import (
    Basis,
    Bone,
    Cartilage,
    Claim,
    Description,
    Entry,
    Joint,
    Landmark,
    Ligament,
    Motion,
    Movement,
    Muscle,
    Nerve,
    Palpation,
    Position,
    ReferralArea,
    Skin,
    Source,
    Step,
    Structure,
    Terms,
    Tool,
    Turn,
    Vessel,
    Voice,
    Zone,
)
from siexplorer.exploration.ball import meaning, said_in
from siexplorer.exploration.moving import moves_si
from siexplorer.exploration.state import Perspective
from siexplorer.packs.pack import CARRIED, OWN, WITH_HOLES, Pack

UNSURE = 0.5
"""A landmark that is less sure than this is said to be unsure (design)."""

BASIS_TAGS: dict[Basis, str] = {
    "source": "",
    "unconfirmed": "(unconfirmed)",
    "design": "(design choice)",
    "model": "(measured on this model)",
}
REACH = {
    "yes": "A hand can feel this.",
    "partly": "A hand can feel part of this.",
    "no": "A hand cannot feel this.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, its basis tag, and the numbers of its sources in the card's list."""

    text: str
    tag: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A heading and its lines. ``warning`` blocks are drawn apart, with a sign and a colour."""

    heading: str
    lines: tuple[Line, ...]
    ordered: bool = False
    warning: bool = False


@dataclass(slots=True)
class Card:
    """What is said about one thing."""

    title: str
    subtitle: str
    side: str
    blocks: list[Block] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


class CardWriter:
    """Gathers blocks and numbers the sources as they are first used."""

    def __init__(self, known: Knowledge, card: Card) -> None:
        self.known, self.card = known, card

    def line(self, claim: Claim | Description | Terms, text: str) -> Line:
        """A text with the tag and the source numbers of the claim it says."""
        numbers = []
        for name in claim.sources:
            source = self.known.sources.get(name)
            if source is None:
                continue
            if source not in self.card.sources:
                self.card.sources.append(source)
            numbers.append(self.card.sources.index(source) + 1)
        return Line(text, BASIS_TAGS[claim.basis], tuple(numbers))

    def block(
        self, heading: str, claims: list[Claim], *, ordered: bool = False, warning: bool = False
    ) -> None:
        """A block of claims, if there are any."""
        if claims:
            lines = tuple(self.line(claim, claim.text) for claim in claims)
            self.card.blocks.append(Block(heading, lines, ordered, warning))


def card_of(
    known: Knowledge, entry: Entry, pack: Pack | None, voice: Voice, perspective: Perspective
) -> Card:
    """The card of an entry in one voice, its side told from one perspective."""
    card = Card(entry.name, entry.lay_name, side_sentence(known, entry.side, perspective))
    write = CardWriter(known, card)
    card.blocks.append(
        Block("", (write.line(entry.description, entry.description.wording(voice)),))
    )
    write.block("Take care", entry.safety, warning=True)
    if isinstance(entry, Landmark):
        card.blocks += _found_block(known, entry, pack)
        _palpation(write, entry.palpation, entry.mistakes)
        write.block("How sure can a hand be?", [entry.certainty.text])
        write.block("Where it is", [entry.definition, entry.level])
    if isinstance(entry, Bone | Cartilage | Skin):
        write.block("Worth knowing", entry.facts)
    if isinstance(entry, Ligament):
        write.block("From and to", [entry.attachments])
        write.block("Which motion it holds back", [entry.resists])
        write.block("Link to the SI joint", [entry.si_link])
        _palpation(write, entry.palpation, [])
        write.block("Size", [entry.size])
        write.block("Worth knowing", entry.facts)
    if isinstance(entry, Nerve):
        write.block("Its course", [entry.course])
        write.block("Roots", [entry.roots])
        write.block("What it supplies", [entry.supplies])
        write.block("Link to the SI joint", [entry.si_link])
        write.block("Worth knowing", entry.facts)
    if isinstance(entry, Vessel):
        write.block("Its course", [entry.course])
        write.block("Worth knowing", entry.facts)
    if isinstance(entry, Muscle):
        write.block("From", [entry.origin])
        write.block("To", [entry.insertion])
        write.block("What it does", [entry.action])
        write.block("Link to the SI joint", [entry.si_link])
        _palpation(write, entry.palpation, entry.mistakes)
        write.block("How sure can a hand be?", [entry.certainty.text])
        write.block("Nerve", [entry.nerve])
        write.block("Size", [entry.size])
        write.block("Where it is said to refer pain", [entry.referral])
    if isinstance(entry, Structure):
        referral_areas(write, entry.referral_areas)
    write.block("Where sources differ", entry.differs)
    card.blocks.append(Block("Names", tuple(_names(entry))))
    made = _provenance(known, entry, pack)
    if made:
        card.blocks.append(Block("This model", tuple(made)))
    return card


def movement_card(
    known: Knowledge, movement: Movement, voice: Voice, perspective: Perspective
) -> Card:
    """The card of a movement: its words, its true size, its lesson, and what is not agreed on."""
    side = side_sentence(known, movement.side, perspective)
    card = Card(movement.name, movement.lay_name, side)
    write = CardWriter(known, card)
    if movement.teaching_model:
        warned = (Line(known.say("teaching_model")),)
        card.blocks.append(Block(known.say("teaching_model_heading"), warned, warning=True))
    card.blocks.append(
        Block("", (write.line(movement.description, movement.description.wording(voice)),))
    )
    card.blocks.append(Block("Words for it", tuple(_terms(write, movement.terms))))
    sizes = [write.line(movement.label, movement.label.text)]
    sizes += [
        write.line(turn.claim, f"{size_of(turn)}. {turn.claim.text}") for turn in movement.turns
    ]
    card.blocks.append(Block("How large it really is", tuple(sizes)))
    steps = [write.line(step.says, _step(step, voice)) for step in movement.steps]
    card.blocks.append(Block("Step by step", tuple(steps), ordered=True))
    if any(moves_si(movement, one) for one in SIDES):
        card.blocks.append(Block("What the lines mean", (Line(known.say("axis_caption")),)))
    write.block("What the arrows and hands mean", [mark.claim for mark in movement.marks])
    other = known.movements.get(movement.beside)
    if other is not None:
        compared = Line(f"{other.name}: {other.lay_name}")
        card.blocks.append(Block("Compare with", (compared,)))
    write.block("Where sources differ", movement.differs)
    return card


def _terms(write: CardWriter, terms: Terms) -> list[Line]:
    words = {
        "In the articles": terms.article,
        "In kinesiology": terms.kinesiology,
        "Which bone on which": terms.relative,
        "Beware": terms.beware,
    }
    return [write.line(terms, f"{what}: {text}") for what, text in words.items()]


def _step(step: Step, voice: Voice) -> str:
    end = "" if step.title.endswith((".", "?", "!")) else "."
    return f"{step.title}{end} {step.says.wording(voice)}"


def size_of(turn: Turn) -> str:
    """Where a turn happens, which way and how far, in true numbers: ``Left SI joint: posterior
    rotation, 0 to 2 deg``."""
    forth, back = MOTION_WORDS[turn.motion]
    unit = "mm" if turn.motion == "glide" else "deg"
    values = [value for _, value in turn.keys]
    low, high = min(values), max(values)
    if low == high:
        way = f"{forth}, {low:g} {unit}" if low else f"no {forth}"
    elif low >= 0:
        way = f"{forth}, {low:g} to {high:g} {unit}"
    elif high <= 0:
        way = f"{back}, {abs(high):g} to {-low:g} {unit}"
    else:
        way = f"from {-low:g} {unit} {back} to {high:g} {unit} {forth}"
    return f"{JOINT_WORDS[turn.joint]}: {way}"


JOINT_WORDS: dict[Joint, str] = {
    "left-si": "Left SI joint",
    "right-si": "Right SI joint",
    "both-si": "Both SI joints",
    "pelvis": "Whole pelvis",
    "left-hip": "Left thigh",
    "right-hip": "Right thigh",
    "both-hips": "Both thighs",
    "trunk": "Upper body",
}

MOTION_WORDS: dict[Motion, tuple[str, str]] = {
    "posterior-rotation": ("posterior rotation", "anterior rotation"),
    "glide": ("glide upwards", "glide downwards"),
    "posterior-tilt": ("posterior tilt", "anterior tilt"),
    "left-drop": ("drop on the left", "drop on the right"),
    "right-drop": ("drop on the right", "drop on the left"),
    "left-turn": ("turn to the left", "turn to the right"),
    "right-turn": ("turn to the right", "turn to the left"),
    "flexion": ("flexion", "extension"),
    "abduction": ("abduction", "adduction"),
    "external-rotation": ("external rotation", "internal rotation"),
    "left-bend": ("bend to the left", "bend to the right"),
    "right-bend": ("bend to the right", "bend to the left"),
}
"""What each motion is called, and its opposite, which is negative in the records."""


def zones_card(
    known: Knowledge,
    zone: Zone | None,
    voice: Voice,
    tool: Tool | None = None,
    position: Position | None = None,
) -> Card:
    """The card of the ball map, or of one of its rules, for a tool on a body in a position."""
    if zone is not None:
        card = Card(zone.lay_name, zone.name, "")
        write = CardWriter(known, card)
        means = meaning(zone, tool) if tool is not None else None
        state, reason = (means.state, means.reason) if means else (zone.state, zone.reason)
        write.block(_STATE_WORDS[state], [reason], warning=state == "avoid")
        card.blocks.append(
            Block("", (write.line(zone.description, zone.description.wording(voice)),))
        )
        others = [one.reason for one in zone.for_tools if one.reason is not reason]
        write.block(
            "With other tools", others + ([zone.reason] if reason is not zone.reason else [])
        )
    else:
        card = Card("Where a ball may go", "The map on the skin", "")
        write = CardWriter(known, card)
        for kind in ("clear", "caution", "avoid"):
            rules = [z.reason for z in known.zones.values() if z.state == kind]
            write.block(_STATE_WORDS[kind], rules, warning=kind == "avoid")
    if position is not None:
        said = said_in(zone, position) if zone is not None else []
        write.block(position.name, [position.says, *said, position.pressure])
        drawn = [turn.claim for turn in position.turns]
        write.block("How the body is drawn", drawn)
    elif zone is not None:
        write.block("In some positions", [one.says for one in zone.in_position])
    if tool is not None:
        write.block(tool.name, [tool.use, tool.size, tool.contact])
    caveats = [known.never_safe, known.anatomy_varies, known.depth_caveat]
    if position is not None and position.turns:
        caveats.append(known.position_caveat)
    write.block("How to read the map", [c for c in caveats if c is not None])
    if known.stop is not None:
        write.block("Stop at once", known.stop.words, warning=True)
    return card


_STATE_WORDS = {"clear": "Clear", "caution": "With caution", "avoid": "Not here"}


def side_sentence(known: Knowledge, side: str, perspective: Perspective) -> str:
    """Whose left or right, in words."""
    if side not in SIDES:
        return known.say("midline_side")
    key = "own_body_side" if perspective == "own-body" else "facing_side"
    return known.say(key, side=side, other_side=SIDES[side])


def _palpation(write: CardWriter, palpation: Palpation, mistakes: list[Claim]) -> None:
    where = Line(f"{REACH[palpation.reach]} {palpation.position}")
    write.card.blocks.append(Block("How to find it with a hand", (where,)))
    write.block("", palpation.steps, ordered=True)
    write.block("Common mistakes", mistakes)


def referral_areas(write: CardWriter, areas: list[ReferralArea]) -> None:
    """Each area by name, with the share of people where one was published."""
    lines = []
    for area in areas:
        share = share_words(area)
        named = f"{area.name} ({share})" if share else area.name
        lines.append(write.line(area.claim, f"{named}: {area.claim.text}"))
    if lines:
        write.card.blocks.append(Block("Referral areas on the skin", tuple(lines)))


def share_words(area: ReferralArea) -> str:
    """``94 % of 50 people``, ``94 %``, or an empty text where no share was published."""
    if area.percent is None:
        return ""
    return f"{area.percent:g} %" + (f" of {area.people} people" if area.people else "")


def _names(entry: Entry) -> list[Line]:
    found = [Line(f"Latin: {entry.latin}"), Line(f"Terminologia Anatomica (TA98): {entry.ta98}")]
    if isinstance(entry, Structure) and entry.fma:
        found.append(Line(f"Foundational Model of Anatomy: {entry.fma}"))
    return found


def _provenance(known: Knowledge, entry: Entry, pack: Pack | None) -> list[Line]:
    if pack is None:
        return []
    shown = [s.info for s in pack.surfaces.values() if s.info.entry == entry.id]
    credit = Line(f"Licence {pack.info.licence}. {pack.info.attribution}")
    if not shown:
        if entry.id not in pack.landmarks:
            return [Line(known.say("not_in_pack", pack=pack.info.title))]
        if pack.own is not None:
            return [credit]
        return [Line(f"Found by rule on the bones of: {pack.info.title}."), credit]
    made = dict.fromkeys(info.provenance for info in shown)
    lines = [Line(known.say(made_key(one), made=one)) for one in made]
    if any("mirrored" in one for one in made):
        lines.append(Line("Mirrored from the other side."))
    whole = [info for info in shown if info.closed or info.provenance.startswith(WITH_HOLES)]
    if {info.role for info in shown} == {"area"} or not whole:
        lines.append(Line(known.say("areas_only")))
    if not all(info.reviewed for info in shown):
        lines.append(Line("Not yet reviewed by a clinician."))
    lines.append(credit)
    return lines


def _found_block(known: Knowledge, entry: Landmark, pack: Pack | None) -> list[Block]:
    """How sure the place of a landmark is on a mesh of one's own, and why."""
    own = pack.own if pack is not None else None
    if own is None or entry.id not in own.found:
        return []
    found = own.found[entry.id]
    percent = f"{100 * found.confidence:.0f} %"
    if entry.id in own.by_hand:
        moved = f"{own.by_hand[entry.id]:.1f}"
        lines = [known.say("own_by_hand", mm=moved), known.say("own_found_before", percent=percent)]
        return [Block(known.say("own_sure_heading"), tuple(map(Line, lines)))]
    key = "own_found" if found.shown else "own_expected"
    said = f"{known.say(key, percent=percent)} {found.reason}"
    unsure = is_unsure(pack, entry.id)
    heading = known.say("own_unsure_heading" if unsure else "own_sure_heading")
    return [Block(heading, (Line(said),), warning=unsure)]


def is_unsure(pack: Pack | None, name: str) -> bool:
    """Whether a landmark of a mesh of one's own lies where the program is not sure of."""
    own = pack.own if pack is not None else None
    if own is None or name not in own.found or name in own.by_hand:
        return False
    return not own.found[name].shown or own.found[name].confidence < UNSURE


def made_key(provenance: str) -> str:
    """The sentence about how a surface was made, by the first words of its provenance."""
    for start in (
        *("modelled", "statistical mean", "statistical shape", "fitted", "scanned"),
        *(OWN, CARRIED),
    ):
        if provenance.startswith(start):
            return start.replace(" ", "_")
    return "made_otherwise"


def cite(source: Source) -> str:
    """A source as one line of text."""
    parts = [source.authors, f"({source.year})" if source.year else "", source.title, source.where]
    text = " ".join(part.rstrip(".") + "." if part else "" for part in parts).replace("  ", " ")
    text = text.replace(").", ")").strip()
    if source.doi:
        text += f" doi:{source.doi}"
    elif source.url:
        text += f" {source.url}"
    return text + (f" [{source.note}]" if source.note else "")


def to_html(card: Card, *, quiet: str, warn_background: str, warn_text: str) -> str:
    """The card as simple HTML; the three colours come from the theme."""
    out = [f"<h2 style='margin-bottom:2px'>{escape(card.title)}</h2>"]
    out.append(f"<p style='margin-top:0;font-size:large'>{escape(card.subtitle)}</p>")
    if card.side:
        out.append(f"<p style='color:{quiet}'>{escape(card.side)}</p>")
    for block in card.blocks:
        body = _lines_html(block, quiet)
        if block.warning:
            out.append(
                "<p style='margin:0;font-size:4px'>&nbsp;</p>"
                f"<table width='100%' cellpadding='8' cellspacing='0' bgcolor='{warn_background}'>"
                f"<tr><td style='color:{warn_text}'><b>⚠ {escape(block.heading)}</b>{body}"
                "</td></tr></table>"
            )
        else:
            head = f"<h3 style='margin-bottom:2px'>{escape(block.heading)}</h3>"
            out.append((head if block.heading else "") + body)
    if card.sources:
        out.append("<h3>Sources</h3>")
        # Plain lines: a table of sources takes several times as long to lay out.
        rows = [f"{k}&nbsp; {escape(cite(s))}" for k, s in enumerate(card.sources, start=1)]
        out.append(f"<p style='color:{quiet};font-size:small'>{'<br>'.join(rows)}</p>")
    return "\n".join(out)


def _lines_html(block: Block, quiet: str) -> str:
    lines = []
    for line in block.lines:
        tag = f" <i style='color:{quiet}'>{line.tag}</i>" if line.tag and not block.warning else ""
        tag = f" <i>{line.tag}</i>" if line.tag and block.warning else tag
        numbers = ",".join(map(str, line.numbers))
        marks = f"<sup>{numbers}</sup>" if numbers else ""
        lines.append(f"{escape(line.text)}{tag}{marks}")
    if block.ordered:
        return "<ol>" + "".join(f"<li>{line}</li>" for line in lines) + "</ol>"
    if len(lines) > 1:
        items = "".join(f"<li>{line}</li>" for line in lines)
        return f"<ul style='margin-top:2px'>{items}</ul>"
    return f"<p style='margin-top:2px'>{lines[0]}</p>"


def to_text(card: Card) -> str:
    """The card as plain text for a terminal."""
    out = [card.title, card.subtitle]
    if card.side:
        out.append(card.side)
    for block in card.blocks:
        if block.heading:
            out.append(f"\n{'! ' if block.warning else ''}{block.heading}")
        for number, line in enumerate(block.lines, start=1):
            mark = f"{number}." if block.ordered else "-" if len(block.lines) > 1 else ""
            cited = f" [{', '.join(map(str, line.numbers))}]" if line.numbers else ""
            out.append(" ".join(p for p in (mark, line.text, line.tag) if p) + cited)
    if card.sources:
        out.append("\nSources")
        out += [f"{k}. {cite(source)}" for k, source in enumerate(card.sources, start=1)]
    return "\n".join(out)
