"""The state of one exploration: immutable and comparable, so that undo is keeping the old one."""

from dataclasses import dataclass
from typing import Literal

from siexplorer.anatomy.records import View, Voice

Mode = Literal["explore", "move", "ball", "follow"]
ON_SKIN: tuple[Mode, ...] = ("ball", "follow")
"""The modes in which a tool lies on the skin."""

Perspective = Literal["own-body", "facing"]
SkinKind = Literal["female", "male"]
SKINS: tuple[SkinKind, ...] = ("female", "male")
Plane = Literal["sagittal", "coronal", "axial", "free"]


Corrections = tuple[tuple[str, tuple[float, float, float]], ...]
"""Landmarks of a mesh of one's own that were put elsewhere by hand, mm, sorted by their ids."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the eye is, what it looks at, which way is up; mm in the body frame."""

    position: tuple[float, float, float]
    focal_point: tuple[float, float, float]
    up: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Section:
    """A plane that cuts the body: ``at_mm`` along its own direction from the middle of the ASIS.

    Only the ``free`` plane is turned: ``turn_deg`` from facing back towards the left,
    ``tilt_deg`` upwards. ``flipped`` takes the other side away.
    """

    plane: Plane
    at_mm: float = 0.0
    turn_deg: float = 0.0
    tilt_deg: float = 0.0
    flipped: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What a second view shows to compare: a movement at the same moment, so much magnified."""

    movement: str
    magnification: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides what is shown.

    ``camera`` None means the fixed view as it is; a free turn of the model sets it. ``at`` is the
    moment of ``movement``, 0 to 1. In the ball mode ``tool`` rests at ``ball``, mm, on the body in
    ``position``; ``zone`` is the rule that is read about, ``reach`` whether the skin is dotted from
    which what is selected is reached. ``guide`` is what is taught: in the mode of following the
    technique that is shown, elsewhere what is read about. Of the two skins only ``skin`` is ever
    out of ``hidden``. A second view shows ``beside``, or another pelvis, ``against``, by its key
    among those that the exploration keeps for it; never both. ``corrections`` are the landmarks
    that were put right by hand. ``shape`` has the weights of the shape model's
    first modes in standard deviations; empty is the mean.
    """

    mode: Mode = "explore"
    selected: str | None = None
    hidden: frozenset[str] = frozenset()
    faded: frozenset[str] = frozenset()
    view: View = "back"
    camera: Camera | None = None
    voice: Voice = "plain"
    perspective: Perspective = "own-body"
    movement: str | None = None
    at: float = 0.0
    magnification: float = 5.0
    beside: Beside | None = None
    against: str | None = None
    zone: str | None = None
    tool: str = "tennis-ball"
    position: str = "standing"
    ball: tuple[float, float, float] | None = None
    reach: bool = False
    guide: str | None = None
    skin: SkinKind = "female"
    attachments: bool = False
    referral: bool = False
    section: Section | None = None
    shape: tuple[float, ...] = ()
    corrections: Corrections = ()

    @property
    def compared(self) -> bool:
        """Whether there is a second view."""
        return self.beside is not None or self.against is not None

    @property
    def on_skin(self) -> bool:
        """Whether a tool lies on the skin, and the map with it."""
        return self.mode in ON_SKIN
