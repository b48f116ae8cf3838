"""What was found in a mesh of one's own, as a short report: for the window and for a terminal."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.beside import measured
from siexplorer.exploration.card import is_unsure
from siexplorer.packs.opened import named
from siexplorer.packs.pack import Pack

if TYPE_CHECKING:
    from siexplorer.packs.opened import Opened

UNITS = {"m": "metres", "cm": "centimetres", "mm": "millimetres"}
SHOWN_MEASURES = (
    "asis_asis_mm",
    "psis_psis_mm",
    "tuberosities_mm",
    "spines_mm",
    "promontory_symphysis_mm",
    "subpubic_angle_deg",
    "sacral_tilt_deg",
)
"""Those of the measures that a report shows (design)."""

EXPECTED = ("left-hip-bone", "right-hip-bone", "sacrum", "coccyx", "left-femur", "right-femur")
"""The bones that a report misses, if they are not there."""

FEW = 8
"""So many names are listed before the rest is counted (design)."""


@dataclass(frozen=True, slots=True)
class Report:
    """``bones`` are rows of name, how sure, and triangles; ``parts`` headings with sentences."""

    lead: str
    bones: list[tuple[str, str, str]]
    parts: list[tuple[str, list[str]]]
    measures: list[tuple[str, str]] = field(default_factory=list)


def report(known: Knowledge, opened: "Opened", pack: Pack | None = None) -> Report:
    """The report about an opened mesh; ``pack`` is how it is now, with what was put right since."""
    record, say = opened.record, known.say
    pack = opened.pack if pack is None else pack
    bones = [
        (_name(known, name), _percent(bone["confidence"]), f"{bone['triangles']:,}")
        for name, bone in record["bones"].items()
    ]
    missing = [_name(known, name) for name in EXPECTED if name not in record["bones"]]
    found = []
    if missing:
        found.append(say("report_missing", names=_listed(missing)))
    if record["unnamed"]:
        found.append(say("report_unnamed", count=len(record["unnamed"])))
    landmarks = [name for name in record["landmarks"] if name in known.entries]
    by_hand = set(pack.own.by_hand if pack.own is not None else ()) | set(opened.corrected)
    unsure = [name for name in landmarks if is_unsure(pack, name) and name not in by_hand]
    found.append(say("report_landmarks", count=len(landmarks), sure=len(landmarks) - len(unsure)))
    if unsure:
        names = _listed([_name(known, name) for name in unsure])
        found.append(say("report_unsure", names=names))
    if by_hand:
        found.append(say("report_by_hand", names=_listed([_name(known, n) for n in by_hand])))
    parts = [(say("report_found"), found)]
    parts.append((say("report_sides"), [record["sides_reason"]]))
    parts.append((say("report_mesh"), _mesh(known, record)))
    carried = [say("report_carried")]
    faults = named(known, opened.faults)
    carried += [say("report_faults"), *faults] if faults else [say("report_no_faults")]
    parts.append((say("report_carried_heading"), carried))
    if opened.problems:
        parts.append((say("report_problems"), opened.problems))
    lead = say("report_lead", sure=_percent(record["sure"]))
    return Report(lead, bones, parts, _measures(known, record, pack))


def opened_record(known: Knowledge, opened: "Opened") -> dict[str, Any]:
    """All that was found, as plain values, and what does not hold on what was carried over."""
    told = {name: one for name, one in opened.record.items() if name != "drawn"}
    return told | {
        "drawn_triangles": opened.record["drawn"],
        "sides_unconfirmed": bool(opened.pack.own and opened.pack.own.sides),
        "carried_faults": opened.faults,
        "problems": opened.problems,
    }


def report_text(found: Report) -> str:
    """The report for a terminal."""
    out = [found.lead]
    out += [f"- {name}: {sure}, {triangles} triangles" for name, sure, triangles in found.bones]
    for heading, sentences in found.parts:
        out += ["", heading, *(f"- {sentence}" for sentence in sentences)]
    out += ["", *(f"{name}: {value}" for name, value in found.measures)]
    return "\n".join(out)


def _mesh(known: Knowledge, record: dict[str, Any]) -> list[str]:
    say = known.say
    unit, sure = UNITS[record["unit"]], _percent(record["unit_sure"])
    told = [say("report_unit", unit=unit, sure=sure)]
    told.append(say("report_triangles", count=f"{record['triangles']:,}"))
    if record["drawn"] < record["triangles"]:
        told.append(say("report_drawn", count=f"{record['drawn']:,}"))
    if record["repeated"]:
        told.append(say("report_repeated", count=f"{record['repeated']:,}"))
    holes = record["holes"]
    told.append(say("report_holes", count=holes) if holes else say("report_no_holes"))
    if record["turned"] > 0.0005:
        told.append(say("report_turned", share=f"{100 * record['turned']:.0f} %"))
    size = f"{100 * record['scale']:.0f}"
    told.append(say("report_fit", mm=f"{record['fit_mm']:.2f}", size=size))
    return told


def _measures(known: Knowledge, record: dict[str, Any], pack: Pack) -> list[tuple[str, str]]:
    # The angle of the rami is told by the shape model, which has no holes.
    now = measured(pack) | {"subpubic_angle_deg": record["measures"]["subpubic_angle_deg"]}
    rows = []
    for name in SHOWN_MEASURES:
        value, unit = now[name], name.rpartition("_")[2]
        there = value is not None and np.isfinite(value)
        told = f"{value:.0f} {unit}" if there else known.say("compare_not_measured")
        rows.append((known.say(f"measure_{name}"), told))
    return rows


def _name(known: Knowledge, name: str) -> str:
    """The name as a list has room for: without its aside, or as its abbreviation."""
    entry = known.entries.get(name)
    if entry is None:
        return name.replace("-", " ").capitalize()
    plain, _, aside = entry.name.removesuffix(")").partition(" (")
    short = entry.kind == "landmark" and aside.isupper()
    return f"{entry.side.capitalize()} {aside}" if short else plain


def _percent(share: float) -> str:
    # Nothing that was only found is quite sure.
    return f"{min(99, round(100 * share))} %"


def _listed(names: list[str]) -> str:
    names = sorted(names)
    if len(names) > FEW:
        return f"{', '.join(names[:FEW])}, and {len(names) - FEW} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
