"""The cards of what is taught: techniques, care, patterns, what people say, pictures in words."""

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import (
    Analogy,
    Care,
    Claim,
    Guide,
    Hold,
    Misconception,
    Pattern,
    Question,
    Severity,
    Technique,
    Voice,
)
from siexplorer.exploration.card import Block, Card, CardWriter, Line, referral_areas, side_sentence
from siexplorer.exploration.state import Perspective

SEVERITY_WORDS: dict[Severity, str] = {
    "emergency": "Emergency",
    "not-now": "Not now",
    "ask-first": "Ask first",
}

GROUP_WORDS = {
    "self": "Alone",
    "partner": "With a partner",
    "therapist": "By a trained therapist",
    "aftercare": "Afterwards",
    "ground-rule": "Ground rule",
    "routine": "Routine",
    "clinic": "In the clinic",
    "difference": "Where the articles differ",
    "pattern": "Pattern",
    "symptom": "What people feel",
    "usually-not": "What it usually is not",
    "when-to-be-looked-at": "When to be looked at",
}
"""What the groups of records are called."""


READING: dict[str, tuple[type[Guide], str]] = {
    "When to be looked at": (Pattern, "when-to-be-looked-at"),
    "What people feel": (Pattern, "symptom"),
    "Patterns": (Pattern, "pattern"),
    "What it usually is not": (Pattern, "usually-not"),
    "What people say": (Misconception, ""),
    "Pictures in words": (Analogy, ""),
    "Ground rules": (Care, "ground-rule"),
    "Routines": (Care, "routine"),
    "In the clinic": (Care, "clinic"),
    "Where the articles differ": (Care, "difference"),
    "Safety questions": (Question, ""),
}
"""What there is to read besides parts, movements and techniques: kind and group, by heading."""


def reading_list(known: Knowledge) -> dict[str, list[Guide]]:
    """What is taught and is no technique, below its headings, in the order of the records."""
    found: dict[str, list[Guide]] = {}
    for heading, (kind, group) in READING.items():
        there = [
            one
            for one in known.guides.values()
            if isinstance(one, kind) and getattr(one, "group", "") == group
        ]
        if there:
            found[heading] = there
    return found


def guide_card(known: Knowledge, guide: Guide, voice: Voice, perspective: Perspective) -> Card:
    """The card of anything that is taught."""
    if isinstance(guide, Technique):
        return technique_card(known, guide, voice, perspective)
    if isinstance(guide, Care):
        return care_card(known, guide, voice, perspective)
    if isinstance(guide, Pattern):
        return pattern_card(known, guide, voice, perspective)
    if isinstance(guide, Misconception):
        return misconception_card(known, guide, voice, perspective)
    if isinstance(guide, Analogy):
        return analogy_card(known, guide, voice, perspective)
    if isinstance(guide, Question):
        return question_card(known, guide, voice, perspective)
    write = _begin(known, guide, voice, perspective)
    return _end(write, guide)


def technique_card(
    known: Knowledge, one: Technique, voice: Voice, perspective: Perspective
) -> Card:
    """Who, where, how hard, how long by each source, step by step, and when to stop."""
    write = _begin(known, one, voice, perspective, GROUP_WORDS[one.group])
    pressing = known.stop.words if known.stop is not None and one.tools else []
    stop = [*one.stop, *pressing]
    write.block("Stop at once", stop, warning=True)
    write.card.blocks.append(Block("What it takes", tuple(_needs(known, one))))
    write.block("Where", [place.note for place in one.places])
    write.block("Which way", [one.direction])
    if one.pressure is not None:
        hard = [one.pressure.claim] + ([known.session.scale] if known.session else [])
        write.block(f"How hard: {feel_words(one)}", hard)
    ranges = "; ".join(f"{hold.whose} {hold_words(hold)}" for hold in one.holds)
    write.block(f"How long: {ranges}", _times(known, one))
    breath = [one.breathing]
    if known.session is not None and one.group != "aftercare":
        breath.append(known.session.breathing)
    write.block("Breathing", breath)
    steps = tuple(
        write.line(step.says, f"{_ended(step.title)} {step.says.wording(voice)}")
        for step in one.steps
    )
    write.card.blocks.append(Block("Step by step", steps, ordered=True))
    write.block("What it should feel like", [one.should_feel])
    return _end(write, one)


def care_card(known: Knowledge, one: Care, voice: Voice, perspective: Perspective) -> Card:
    """A ground rule, a routine, a thought of the clinic, or both sides of a difference."""
    write = _begin(known, one, voice, perspective, GROUP_WORDS[one.group])
    write.block("Both sides" if one.group == "difference" else "Worth knowing", one.points)
    return _end(write, one)


def pattern_card(known: Knowledge, one: Pattern, voice: Voice, perspective: Perspective) -> Card:
    """How trouble is described, never as a finding about the reader."""
    write = _begin(known, one, voice, perspective, GROUP_WORDS[one.group])
    write.block("Take care", [one.caution], warning=True)
    write.block("As it is described", one.points)
    referral_areas(write, one.areas)
    return _end(write, one)


def misconception_card(
    known: Knowledge, one: Misconception, voice: Voice, perspective: Perspective
) -> Card:
    """What people say, and what was measured."""
    card = Card(one.name, one.lay_name, _side(known, one, perspective))
    write = CardWriter(known, card)
    write.block("What people say", [one.says])
    measured = write.line(one.description, one.description.wording(voice))
    card.blocks.append(Block("What was measured", (measured,)))
    return _end(write, one)


def analogy_card(known: Knowledge, one: Analogy, voice: Voice, perspective: Perspective) -> Card:
    """A picture in words, what it pictures, and where it ends."""
    write = _begin(known, one, voice, perspective, "A picture in words")
    write.block("The picture", [one.picture])
    write.block("Where the picture ends", [one.limits])
    return _end(write, one)


def question_card(known: Knowledge, one: Question, voice: Voice, perspective: Perspective) -> Card:
    """A question of the safety gate: why it is asked and whom to see."""
    write = _begin(known, one, voice, perspective, SEVERITY_WORDS[one.severity])
    write.block("Why it is asked", [one.why])
    gate = known.gate
    if gate is not None:
        urgent = one.severity == "emergency"
        said = gate.emergency if urgent else gate.not_now
        heading = gate.emergency_heading if urgent else gate.not_now_heading
        whom = Line(known.say("guide_see", see=one.see))
        lines = (whom, write.line(said, said.text))
        write.card.blocks.append(Block(heading, lines, warning=True))
        write.block("", [gate.nothing_stored])
    return _end(write, one)


def feel_words(one: Technique) -> str:
    """``4 to 6 out of 10``, or an empty text where nothing presses."""
    if one.pressure is None:
        return ""
    return f"{one.pressure.feel_from:g} to {one.pressure.feel_to:g} out of 10"


def hold_words(hold: Hold) -> str:
    """``30 to 60 s``, ``about 60 s``, ``15 to 20 min``, or that the source gives no time."""
    low, high = hold.seconds_from, hold.seconds_to
    if high is None:
        return "no time given"
    if low is None or low == high:
        return f"about {duration_words(high)}"
    return f"{low / (60.0 if high >= LONG_S else 1.0):g} to {duration_words(high)}"


LONG_S = 300.0
"""From so many seconds on a time is told in minutes (design)."""


def duration_words(seconds: float) -> str:
    """``45 s`` or ``15 min``."""
    return f"{seconds / 60:g} min" if seconds >= LONG_S else f"{seconds:g} s"


# Parts --------------------------------------------------------------------------------------------


def _begin(
    known: Knowledge, guide: Guide, voice: Voice, perspective: Perspective, group: str = ""
) -> CardWriter:
    subtitle = f"{group}: {guide.lay_name}" if group else guide.lay_name
    if isinstance(guide, Question):
        subtitle = guide.text
    card = Card(guide.name, subtitle, _side(known, guide, perspective))
    write = CardWriter(known, card)
    said = write.line(guide.description, guide.description.wording(voice))
    card.blocks.append(Block("", (said,)))
    return write


def _end(write: CardWriter, guide: Guide) -> Card:
    known = write.known
    write.block("Where sources differ", guide.differs)
    seen = [known.entries[name].name for name in guide.shows if name in known.entries]
    moved = known.movements.get(guide.movement)
    if moved is not None:
        seen.append(f"the movement “{moved.lay_name}”")
    if seen:
        write.card.blocks.append(Block("See on the model", (Line(f"{', '.join(seen)}."),)))
    return write.card


def _side(known: Knowledge, guide: Guide, perspective: Perspective) -> str:
    return side_sentence(known, guide.side, perspective) if guide.paired else ""


def _needs(known: Knowledge, one: Technique) -> list[Line]:
    lines = [Line(known.say("guide_who", who=one.who[:1].lower() + one.who[1:]))]
    position = known.positions.get(one.position)
    if position is not None:
        lines.append(Line(known.say("guide_position", position=position.lay_name)))
    tools = [known.tools[name].lay_name for name in one.tools if name in known.tools]
    if len(tools) > 1:
        lines.append(Line(known.say("guide_tools", tools=", ".join(tools))))
    elif tools:
        lines.append(Line(known.say("guide_tool", tool=tools[0])))
    if one.asks_affected_side:
        lines.append(Line(known.say("guide_affected_side")))
    return lines


def _times(known: Knowledge, one: Technique) -> list[Claim]:
    lines = [hold.claim for hold in one.holds]
    if one.default_hold_s:
        time = duration_words(one.default_hold_s)
        text = known.say("guide_timer", time=time)
        if one.rounds > 1:
            text = known.say("guide_rounds", time=time, rounds=one.rounds, rest=f"{one.rest_s:g}")
        lines.append(Claim(text=text, basis="design"))
    if known.session is not None and one.tools:
        lines.append(known.session.defaults)
        if one.rounds > 1:
            lines.append(known.session.rounds)
    return lines


def _ended(title: str) -> str:
    return title if title.endswith((".", "?", "!")) else f"{title}."
