"""What the command line says: tables, JSON, records as plain values, and one-sentence refusals."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.anatomy.records import Entry, Movement, Zone
    from siexplorer.exploration.moving import Pose
    from siexplorer.geometry.surface import Floats
    from siexplorer.packs.pack import Pack

DONE, FAILED, REFUSED, CANNOT_DRAW, INTERRUPTED = 0, 1, 2, 3, 130
SIDE_SIGNS = {"left": 1, "right": -1}


class Refusal(Exception):
    """What stops a command: one sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: int = REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


# Describing ---------------------------------------------------------------------------------------


def described(
    known: "Knowledge", record: "Entry | Movement | Zone", pack: "Pack | None"
) -> dict[str, Any]:
    """The record as plain values, with its sources in full and what the pack adds."""
    import msgspec

    from siexplorer.anatomy.knowledge import sources_of
    from siexplorer.anatomy.records import Entry

    found: dict[str, Any] = {
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "side": getattr(record, "side", "both"),
    }
    for key, value in msgspec.to_builtins(record).items():
        found.setdefault(key, value)
    if pack is not None and isinstance(record, Entry):
        found |= _measured(record, pack)
    used = [known.sources[name] for name in sources_of(record) if name in known.sources]
    found["sources"] = msgspec.to_builtins(used)
    return found


def _measured(entry: "Entry", pack: "Pack") -> dict[str, Any]:
    from siexplorer.anatomy.records import Landmark
    from siexplorer.geometry.surface import area_cm2, volume_cm3

    found: dict[str, Any] = {}
    points = pack.landmarks.get(entry.id)
    if isinstance(entry, Landmark) and points is not None:
        found["position_mm"] = _rounded(points[len(points) // 2])
        if len(points) > 1:
            found["points_mm"] = [_rounded(point) for point in points]
    surfaces: list[dict[str, Any]] = []
    for one in pack.surfaces.values():
        if one.info.entry != entry.id:
            continue
        measured = (
            {"volume_cm3": round(volume_cm3(one.surface), 2)}
            if one.info.closed
            else {"area_cm2": round(area_cm2(one.surface), 2)}
        )
        info = one.info
        surfaces.append(
            {
                "id": info.id,
                "moves_with": info.moves_with,
                "provenance": info.provenance,
                "reviewed": info.reviewed,
                "closed": info.closed,
                "triangles": info.triangles,
                **measured,
            }
        )
    for key in ("volume_cm3", "area_cm2"):
        parts = [surface[key] for surface in surfaces if key in surface]
        if parts:
            found[key] = round(sum(parts), 2)
    found["surfaces"] = surfaces
    found["provenance"] = {
        "pack": pack.info.id,
        "title": pack.info.title,
        "version": pack.info.version,
        "licence": pack.info.licence,
        "attribution": pack.info.attribution,
        "made": sorted({surface["provenance"] for surface in surfaces})
        or ["found by rule on the bones"],
    }
    return found


def pose_record(movement: "Movement", at: float, magnify: float, now: "Pose") -> dict[str, Any]:
    """A movement at a moment as plain values."""
    return {
        "movement": movement.id,
        "name": movement.name,
        "at": at,
        "magnify": magnify,
        "true_deg": round(now.shown.true_deg, 4),
        "shown_deg": round(now.shown.shown_deg, 4),
        "factor": round(now.shown.factor, 4),
        "clamped": now.shown.clamped,
        "glide_mm": round(now.glide_mm, 4),
        "true_mm": {name: round(distance, 4) for name, distance in now.true_mm.items()},
        "matrices": {
            bone: [[round(float(value), 8) for value in row] for row in matrix]
            for bone, matrix in now.matrices.items()
        },
        "caption": now.claim.text,
    }


def zone_rows(known: "Knowledge", pack: "Pack") -> list[dict[str, Any]]:
    """The rules of the ball map, for each side; refuses where the map cannot be made."""
    from siexplorer.exploration.ball import ZoneError, zone_map
    from siexplorer.exploration.card import BASIS_TAGS

    try:
        drawn = zone_map(known, pack)
    except ZoneError as error:
        raise Refusal(sentence_of(str(error)), FAILED) from None
    found = []
    for zone in known.zones.values():
        bases = dict.fromkeys((zone.reason.basis, zone.description.basis))
        for side, sign in SIDE_SIGNS.items():
            here = zone.id in drawn.order
            centroid = drawn.centroid_mm(zone.id, sign) if here else None
            psis = pack.landmarks[f"{side}-psis"][0]
            found.append(
                {
                    "id": zone.id,
                    "side": side,
                    "name": zone.name,
                    "state": zone.state,
                    "area_cm2": round(drawn.area_cm2(zone.id, sign), 2) if here else 0.0,
                    "centroid_mm": centroid
                    and {"x": round(centroid[0], 1), "z": round(centroid[1], 1)},
                    "from_psis_mm": centroid
                    and {
                        "lateral_mm": round(float(centroid[0] - psis[0]) * sign, 1),
                        "up_mm": round(float(centroid[1] - psis[2]), 1),
                    },
                    "reason": zone.reason.text,
                    "tags": [BASIS_TAGS[b].strip("()") for b in bases if BASIS_TAGS[b]],
                    "sources": zone.reason.sources,
                }
            )
    return found


def kinds(known: "Knowledge") -> dict[str, int]:
    """How many records there are of each kind."""
    from collections import Counter

    from siexplorer.exploration.catalog import rows

    return Counter(row.kind for row in rows(known))


def _rounded(point: "Floats") -> list[float]:
    return [round(float(value), 3) for value in point]


def sentence_of(text: str) -> str:
    """With a capital letter, unless it begins with the name of a file."""
    return text[:1].upper() + text[1:] if not text.startswith("annotations/") else text


# Printing -----------------------------------------------------------------------------------------


def write_anything() -> None:
    """Let a terminal that lacks a letter show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def complain(sentence: str) -> None:
    """One sentence on stderr."""
    print(sentence, file=sys.stderr)


def print_json(value: object) -> None:
    """A value as JSON."""
    import json

    # A replaced letter would be lost; escaped ones are read back as they were.
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(value, indent=2, ensure_ascii=plain, allow_nan=False))


def print_table(rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> None:
    """Rows of text in columns; ``right`` names those that line up at their right edge."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
