"""Typed records of what is known, as read from ``annotations/*.toml``.

A record is written once for both sides; :mod:`siexplorer.anatomy.knowledge` makes the left and
the right entry from it. Every sentence is a :class:`Claim`, so that each carries the sources it
rests on, or says that it rests on none.
"""

from typing import ClassVar, Literal

import msgspec

Basis = Literal["source", "unconfirmed", "design", "model"]
"""What a claim rests on: cited sources, general knowledge that no source here confirms, a design
choice of this program, or a measurement on the built-in model."""

Side = Literal["left", "right", "midline"]
Voice = Literal["plain", "student", "clinician"]
View = Literal["back", "front", "left", "right", "top", "below"]
Layer = Literal["skin", "superficial", "middle", "deep", "ligament", "bone"]
"""How deep a structure lies, from the skin inwards: what the depth slider peels off in turn."""


class Record(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of all records: a key that no record knows is an error, not silence."""


class Claim(Record, kw_only=True, frozen=True):
    """A statement and what it rests on. ``basis == "source"`` needs at least one source id."""

    text: str
    sources: list[str] = []
    basis: Basis = "source"


class Description(Record, kw_only=True, frozen=True):
    """One paragraph in three wordings: for a client, for a student, for a clinician."""

    plain: str
    student: str
    clinician: str
    sources: list[str] = []
    basis: Basis = "source"

    def wording(self, voice: Voice) -> str:
        """The paragraph in one voice."""
        return str(getattr(self, voice))


class Palpation(Record, kw_only=True, frozen=True):
    """How to find a thing with a hand. ``reach`` says whether a hand can feel the bone at all."""

    reach: Literal["yes", "partly", "no"]
    position: str
    steps: list[Claim]


class Certainty(Record, kw_only=True, frozen=True):
    """How sure a hand can be: the published spread, drawn as a ring of that radius, in words."""

    spread_mm: float
    text: Claim


class Entry(Record, kw_only=True, frozen=True):
    """What every clickable thing has: names, a paragraph, its open questions and its sources.

    ``id`` is the kebab-case id without the side; ``paired`` makes a left and a right one of it,
    with the side in the id and in ``side``.
    """

    kind: ClassVar[str] = "entry"

    id: str
    name: str
    lay_name: str
    latin: str
    ta98: str
    synonyms: list[str] = []
    paired: bool
    view: View
    description: Description
    safety: list[Claim] = []
    differs: list[Claim] = []
    neighbours: list[str] = []
    covers: list[str] = []
    side: Side = "midline"


class Landmark(Entry, kw_only=True, frozen=True):
    """A point, ring on the skin, curve or area; ``bone`` is what it lies on, without the side."""

    kind: ClassVar[str] = "landmark"

    shape: Literal["point", "ring", "curve", "area"]
    bone: str
    definition: Claim
    level: Claim
    palpation: Palpation
    mistakes: list[Claim]
    certainty: Certainty


class Spot(Record, kw_only=True, frozen=True):
    """A round place on the skin, ``offset_mm`` (lateral, posterior, up) from a landmark."""

    landmark: str
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius_mm: float


class ReferralArea(Record, kw_only=True, frozen=True):
    """Where pain is reported: drawn as a soft area on the skin.

    The outline is drawn by this program from the words of the sources, as ``claim`` tells them;
    ``percent`` is the share of ``people``, where those were published.
    """

    name: str
    spots: list[Spot]
    percent: float | None = None
    people: int | None = None
    claim: Claim


class Structure(Entry, kw_only=True, frozen=True):
    """What has a surface of its own and lies at some depth.

    ``packs`` names the packs that alone show it; it is empty for what the built-in pack shows.
    """

    fma: str
    layer: Layer
    referral_areas: list[ReferralArea] = []
    packs: list[str] = []


class Bone(Structure, kw_only=True, frozen=True):
    """A bone of the model."""

    kind: ClassVar[str] = "bone"

    layer: Layer = "bone"
    facts: list[Claim]


class Muscle(Structure, kw_only=True, frozen=True):
    """A muscle: its body, and the areas where it holds on to the bones."""

    kind: ClassVar[str] = "muscle"

    origin: Claim
    insertion: Claim
    action: Claim
    nerve: Claim
    size: Claim
    referral: Claim
    si_link: Claim
    palpation: Palpation
    mistakes: list[Claim]
    certainty: Certainty


class Ligament(Structure, kw_only=True, frozen=True):
    """A ligament: from where to where, and which motion it holds back."""

    kind: ClassVar[str] = "ligament"

    layer: Layer = "ligament"
    attachments: Claim
    size: Claim
    resists: Claim
    si_link: Claim
    palpation: Palpation
    facts: list[Claim]


class Nerve(Structure, kw_only=True, frozen=True):
    """A nerve: where it runs, what it serves, how much its path varies."""

    kind: ClassVar[str] = "nerve"

    course: Claim
    roots: Claim
    supplies: Claim
    si_link: Claim
    facts: list[Claim]


class Vessel(Structure, kw_only=True, frozen=True):
    """An artery or vein."""

    kind: ClassVar[str] = "vessel"

    course: Claim
    facts: list[Claim]


class Cartilage(Structure, kw_only=True, frozen=True):
    """The gliding or cushioning layer of a joint: SI joint cartilage, discs, symphysis."""

    kind: ClassVar[str] = "cartilage"

    layer: Layer = "ligament"
    facts: list[Claim]


class Skin(Structure, kw_only=True, frozen=True):
    """The outside of the body that the rest lies in."""

    kind: ClassVar[str] = "skin"

    layer: Layer = "skin"
    facts: list[Claim]


class Source(Record, kw_only=True, frozen=True):
    """A publication, page, article or data set that claims point to by ``id``."""

    id: str
    title: str
    authors: str = ""
    year: int | None = None
    where: str = ""
    doi: str = ""
    url: str = ""
    kind: Literal["paper", "review", "book", "page", "article", "data", "standard", "code"]
    note: str = ""


Joint = Literal[
    "left-si", "right-si", "both-si", "pelvis", "left-hip", "right-hip", "both-hips", "trunk"
]
"""Where a movement happens: in the SI joints, at both hips under the whole pelvis, between a thigh
and the vertical, between the upper body and the vertical."""

Motion = Literal[
    "posterior-rotation",
    "glide",
    "posterior-tilt",
    "left-drop",
    "right-drop",
    "left-turn",
    "right-turn",
    "flexion",
    "abduction",
    "external-rotation",
    "left-bend",
    "right-bend",
]
"""What happens there, in degrees; ``glide`` in mm. The opposite is negative."""


class Turn(Record, kw_only=True, frozen=True):
    """How much one joint does over time: ``keys`` are (moment 0..1, true degrees or mm).

    Between keys it starts and stops gently. Never magnified: these are the real values.
    """

    joint: Joint
    motion: Motion
    keys: list[tuple[float, float]]
    claim: Claim


class Step(Record, kw_only=True, frozen=True):
    """A step of a movement's lesson, and what to say from its moment on (``at`` in 0..1).

    ``look`` is a ready-made look and ``select`` an entry to point at; without them what is shown
    stays. ``factor`` is the magnification that shows it best.
    """

    at: float
    title: str
    view: View
    look: str = ""
    select: str = ""
    factor: float | None = None
    says: Description


class Terms(Record, kw_only=True, frozen=True):
    """What a movement is called: in the source article, in kinesiology, and which bone moves
    relative to which."""

    article: str
    kinesiology: str
    relative: str
    beware: str
    sources: list[str] = []
    basis: Basis = "source"


class Mark(Record, kw_only=True, frozen=True):
    """Something to see at a place while a movement is shown: forces that press a joint together
    (``compression``), or a therapist's hand (``hand``), from a moment on."""

    kind: Literal["compression", "hand"]
    at_place: str
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    towards: tuple[float, float, float] = (0.0, 0.0, 0.0)
    from_moment: float = 0.0
    claim: Claim


class Movement(Record, kw_only=True, frozen=True):
    """A movement: which joints turn how much over time, in true degrees and millimetres.

    ``held`` is what stands still while an SI joint moves; ``pivot`` what the whole pelvis turns on.
    ``cycle`` movements end as they begin and run on; the others go there and back. ``lying`` is the
    side that a person lies on. ``teaching_model`` marks a picture that no measurement bears out;
    ``beside`` is the movement to compare it with.
    """

    id: str
    name: str
    lay_name: str
    group: Literal["si-joint", "hip-and-pelvis", "standing-and-walking", "technique"]
    synonyms: list[str] = []
    paired: bool
    view: View
    held: Literal["sacrum", "hip-bones"] = "sacrum"
    pivot: Literal["hips", "left-hip", "right-hip"] = "hips"
    lying: Literal["", "left", "right"] = ""
    cycle: bool = False
    teaching_model: bool = False
    beside: str = ""
    duration_s: float
    label: Claim
    terms: Terms
    description: Description
    turns: list[Turn]
    steps: list[Step]
    marks: list[Mark] = []
    differs: list[Claim] = []
    covers: list[str] = []
    side: Side = "midline"
    kind: ClassVar[str] = "movement"


ZoneState = Literal["clear", "caution", "avoid"]
"""What the rules say of a place."""


class ForTools(Record, kw_only=True, frozen=True):
    """What a zone means for some tools, named by their ids or groups, instead of for the rest."""

    tools: list[str]
    state: ZoneState
    allowed: bool = False
    reason: Claim


class InPosition(Record, kw_only=True, frozen=True):
    """What to say of a zone while the body is in some positions."""

    positions: list[str]
    says: Claim


class Zone(Record, kw_only=True, frozen=True):
    """A rule of the ball map: how near a ball's centre may come to what, and what that means.

    ``margins_mm`` are the rule's own distances; the contact's radius is added where
    ``siexplorer.geometry.zones`` says so. ``allowed`` marks a caution that the articles aim for.
    """

    id: str
    name: str
    lay_name: str
    state: ZoneState
    allowed: bool = False
    margins_mm: dict[str, float]
    fractions: dict[str, float] = {}
    reason: Claim
    for_tools: list[ForTools] = []
    in_position: list[InPosition] = []
    description: Description
    covers: list[str] = []
    kind: ClassVar[str] = "zone"


class Tool(Record, kw_only=True, frozen=True):
    """What presses: a ball, a roller, an elbow or knuckle (``point``), a hand, or a broad palm.

    ``diameter_mm`` is its real size where it is round, ``length_mm`` a roller's; it presses with a
    circle of ``contact_radius_mm``, of which rules count ``counted_radius_mm``. ``stiffness`` ranks
    tools from soft (1) to hard (5).
    """

    id: str
    name: str
    lay_name: str
    synonyms: list[str] = []
    group: Literal["ball", "roller", "point", "hand", "palm"]
    diameter_mm: float
    length_mm: float = 0.0
    contact_radius_mm: float
    counted_radius_mm: float
    stiffness: int
    size: Claim
    contact: Claim
    use: Claim
    covers: list[str] = []
    kind: ClassVar[str] = "tool"


class Position(Record, kw_only=True, frozen=True):
    """How a person stands or lies. ``down`` is the side of the body that a tool on the floor or a
    wall can reach; ``turns`` are the true angles of its joints, held.
    """

    id: str
    name: str
    lay_name: str
    synonyms: list[str] = []
    paired: bool
    down: Literal["back", "front", "left", "right", "any"]
    view: View = "back"
    turns: list[Turn] = []
    pressure: Claim
    says: Claim
    covers: list[str] = []
    side: Side = "midline"
    kind: ClassVar[str] = "position"


class StopWords(Record, kw_only=True, frozen=True):
    """When to stop at once."""

    words: list[Claim]


class Notice(Record, kw_only=True, frozen=True):
    """The safety and education notice of the first start. A new ``version`` is shown again."""

    version: int
    title: str
    lead: str
    points: list[Claim]
    stop: list[Claim]
    ask_first: list[Claim]
    accept: str
    decline: str


# What is taught: techniques, care, patterns, and what people say ----------------------------------

Severity = Literal["ask-first", "not-now", "emergency"]
"""What a yes at the safety gate means: ask a professional before trying, leave it for now, or get
medical help at once."""


class Guide(Record, kw_only=True, frozen=True):
    """What every taught thing has: names, a paragraph, and what the model shows beside it.

    ``shows`` are the entries that picture it, ``look`` a ready-made look, ``movement`` one that
    moves it. ``conflict`` is the number of a disagreement between articles that it tells both
    sides of.
    """

    kind: ClassVar[str] = "guide"

    id: str
    name: str
    lay_name: str
    synonyms: list[str] = []
    paired: bool = False
    view: View = "back"
    look: str = ""
    shows: list[str] = []
    movement: str = ""
    description: Description
    differs: list[Claim] = []
    conflict: int | None = None
    covers: list[str] = []
    side: Side = "midline"


class Feel(Record, kw_only=True, frozen=True):
    """How hard, on the scale from 0 (nothing) to 10 (the worst there is)."""

    feel_from: float
    feel_to: float
    claim: Claim


class Hold(Record, kw_only=True, frozen=True):
    """How long, as one source has it. Without numbers the source gives none, and ``claim`` says so.

    ``whose`` is the short name at the mark on the timer, ``article-a``'s being ``A``. ``counts``
    is False for a time that belongs to something else than this technique.
    """

    seconds_from: float | None = None
    seconds_to: float | None = None
    whose: str
    counts: bool = True
    claim: Claim


class Place(Record, kw_only=True, frozen=True):
    """Where a technique works: a zone of the ball map, and the entry that it lies over."""

    zone: str = ""
    over: str = ""
    side: Literal["left", "right", "midline", "both"]
    note: Claim


class GuideStep(Record, kw_only=True, frozen=True):
    """A step of a session: what to do, how long, and what a voice says.

    ``hold`` steps last as long as the technique's hold, at each place and in each round; other
    steps last ``seconds``, or until the person goes on where that is 0.
    """

    title: str
    says: Description
    cue: str
    seconds: float = 0.0
    hold: bool = False


class Technique(Guide, kw_only=True, frozen=True):
    """Something that an article does with a ball, a hand, a roller, heat or cold.

    ``figure`` is the posed body that pictures it, ``helper`` whose hands press, where another
    person does. ``position`` and ``tools`` are ids of ``tools.toml``, softest tool first;
    ``default_hold_s`` is where a timer starts within the ranges, 0 where nothing is timed;
    ``each_side`` where the source does it on both sides. What holds for every session stands in
    :class:`SessionRules`.
    """

    kind: ClassVar[str] = "technique"

    group: Literal["self", "partner", "therapist", "aftercare"]
    figure: str
    helper: str = ""
    who: str
    position: str = ""
    tools: list[str] = []
    places: list[Place] = []
    direction: Claim
    pressure: Feel | None = None
    holds: list[Hold]
    default_hold_s: float = 0.0
    rounds: int = 1
    rest_s: float = 0.0
    breathing: Claim
    steps: list[GuideStep]
    should_feel: Claim
    stop: list[Claim]
    asks_affected_side: bool = False
    each_side: bool = False


class SessionRules(Record, kw_only=True, frozen=True):
    """What holds for every session: the scale, the breath, rounds, and why timers start where they
    do. ``before`` and ``after`` are the ground rules to show then.

    A breath is paced as ``breathe_in_s`` and ``breathe_out_s``; from ``stop_from`` on the scale it
    is too much.
    """

    scale: Claim
    stop_from: float
    defaults: Claim
    rounds: Claim
    breathing: Claim
    breathe_in_s: float
    breathe_out_s: float
    before: list[str]
    after: list[str]


class Care(Guide, kw_only=True, frozen=True):
    """Something to do or to know that has no place on the body: ground rules, routines, clinic
    care, and where the articles differ."""

    kind: ClassVar[str] = "care"

    group: Literal["ground-rule", "routine", "clinic", "difference"]
    points: list[Claim]


class Pattern(Guide, kw_only=True, frozen=True):
    """How trouble of the SI joint is described: for learning, never matched with a person.

    ``areas`` picture it on the skin, on the left as an example.
    """

    kind: ClassVar[str] = "pattern"

    group: Literal["pattern", "symptom", "usually-not", "when-to-be-looked-at"]
    points: list[Claim]
    areas: list[ReferralArea] = []
    caution: Claim


class Misconception(Guide, kw_only=True, frozen=True):
    """What people say; ``description`` tells what was measured."""

    kind: ClassVar[str] = "misconception"

    says: Claim


class Analogy(Guide, kw_only=True, frozen=True):
    """A picture in words from an article, shown on the model; ``limits`` is where it ends."""

    kind: ClassVar[str] = "analogy"

    picture: Claim
    limits: Claim


class Question(Guide, kw_only=True, frozen=True):
    """A question of the safety gate, whose answer is never kept; ``see`` says whom to see."""

    kind: ClassVar[str] = "question"

    text: str
    why: Claim
    see: str
    severity: Severity


class Gate(Record, kw_only=True, frozen=True):
    """The words of the safety gate, and of what ends a session."""

    heading: str
    lead: Claim
    not_now_heading: str
    not_now: Claim
    emergency_heading: str
    emergency: Claim
    nothing_stored: Claim
    all_no: str
    skip_name: str
    skip: Claim
    stop_button: str
    stop_feels: list[str]
    stop_heading: str
    after_stop: list[Claim]
