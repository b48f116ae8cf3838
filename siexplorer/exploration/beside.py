"""Two pelves side by side: whose each is, what they measure, and what one of them lacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.card import made_key
from siexplorer.geometry.measures import measures
from siexplorer.packs.pack import BUILT_IN, Pack

MEASURED_ON = "left-hip-bone"
"""The bone whose provenance tells whose pelvis it is."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A distance in mm or an angle in degrees on two pelves, and how much larger it is on the
    second; NaN where a landmark is missing.
    """

    name: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        """Second less first."""
        return self.second - self.first

    @property
    def unit(self) -> str:
        """``mm`` or ``deg``."""
        return self.name.rpartition("_")[2]


def measured(pack: Pack) -> dict[str, float]:
    """Distances and angles of a pelvis from its landmarks, as ``geometry.measures`` names them."""
    if "measures" not in pack.derived:
        points = dict(pack.landmarks)
        for side in ("left", "right"):
            centre = pack.centres.get(f"{side}-hip-joint")
            if centre is not None:
                points[f"{side}-hip-centre"] = np.asarray(centre).reshape(1, 3)
        hips = [pack.surfaces.get(f"{side}-hip-bone") for side in ("left", "right")]
        left, right = (None if one is None else one.surface for one in hips)
        pack.derived["measures"] = measures(points, left, right)
    found: dict[str, float] = pack.derived["measures"]
    return found


def compared(first: Pack, second: Pack) -> list[Compared]:
    """What both pelves measure, one entry for each distance and angle."""
    one, other = measured(first), measured(second)
    return [Compared(name, value, other[name]) for name, value in one.items()]


def title_of(known: Knowledge, pack: Pack, shape: Sequence[float]) -> str:
    """What a pelvis is called above its picture."""
    if not any(shape):
        return pack.info.title
    # Slow to import, and nobody asks for shapes at the start.
    from siexplorer.packs.carried import weights_text

    return known.say("compare_shape", weights=weights_text(shape))


def whose(known: Knowledge, pack: Pack) -> str:
    """One person's, or a mean: in a sentence."""
    if pack.own is not None:
        return known.say("compare_own")
    bone = pack.surfaces.get(MEASURED_ON)
    if bone is None:
        return ""
    return known.say(made_key(bone.info.provenance), made=bone.info.provenance)


def cautions(known: Knowledge, packs: Iterable[Pack]) -> list[str]:
    """How a comparison is to be read, and whose landmarks nobody has checked."""
    found = [known.say("compare_read")]
    for pack in packs:
        own, title = pack.own, pack.info.title
        if own is not None and own.by_hand:
            found.append(known.say("compare_by_hand", pack=title, count=len(own.by_hand)))
        elif pack.info.id != BUILT_IN:
            found.append(known.say("compare_unchecked", pack=title))
        if own is not None and own.sides:
            found.append(own.sides)
    return found


def beside_record(known: Knowledge, first: Pack, second: Pack) -> dict[str, Any]:
    """All of it as plain values; what cannot be measured is None."""
    packs = {"first": first, "second": second}
    whole: dict[str, Any] = {
        number: {
            "id": pack.info.id if pack.own is None else pack.own.name,
            "title": pack.info.title,
            "whose": whose(known, pack),
            "licence": pack.info.licence,
            "attribution": pack.info.attribution,
            "lacks": pack.info.lacks,
        }
        for number, pack in packs.items()
    }
    whole["measures"] = {
        one.name: {
            key: round(value, 2) if np.isfinite(value := getattr(one, key)) else None
            for key in ("first", "second", "difference")
        }
        for one in compared(first, second)
    }
    whole["read"] = cautions(known, packs.values())
    return whole


def absent_words(known: Knowledge, names: Iterable[str]) -> str:
    """What one pelvis lacks of what the other shows, counted by kind; empty if nothing."""
    kinds: dict[str, int] = {}
    for name in names:
        kind = known.entries[name].kind
        kinds[kind] = kinds.get(kind, 0) + 1
    if not kinds:
        return ""
    told = [_counted(kind, count) for kind, count in kinds.items()]
    return known.say("compare_absent", what=", ".join(told))


def _counted(kind: str, count: int) -> str:
    if kind in ("skin", "cartilage"):
        return kind
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{count} {kind if count == 1 else plural}"
