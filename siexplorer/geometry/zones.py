"""Where the rules let a ball go: every place on a skin, rated by its distances to what lies below.

A rule of ``annotations/zones.toml`` speaks of a ball's centre on the skin. Distances to a bony
point, an edge or a line are measured along the skin from the place where that thing comes nearest
to it (``geodesic``). Lines that were published on the flat (the piriformis strip, the inguinal
line, the level of the spines) are measured flat, seen from behind or from the front. All lengths
are in mm; sides are told by the sign of x, with x > 0 the body's left.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.geodesic import SkinGrid, along_skin_mm, nearest_vertices
from siexplorer.geometry.surface import Floats, Ints

Masks = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int8]
Fields = dict[str, Floats]

SIDES = ("left", "right")
SIGNS = {"left": 1.0, "right": -1.0}

ORDER = (
    "midline",
    "dorsal-sacrum",
    "inside-asis",
    "bony-points",
    "abdomen",
    "flank",
    "groin",
    "front-of-hip",
    "sciatic-core",
    "piriformis-strip",
    "sciatic-corridor",
    "gluteal-clear",
    "unrated",
)
"""Rules in the order in which they decide: the first that applies to a place is the one said."""

STEP_MM = 4.0
"""How densely lines are laid on the skin (design)."""

THIGH_MM = 145.0
"""How far below its last published point the sciatic line goes straight down the thigh: to where
the skins of the built-in pack end (design)."""

SEAT_DOWN_MM = 40.0
"""A sit bone is marked on the skin behind it, and so far down, where the buttock ends (design)."""

BELOW_SEAT_MM = 5.0
"""How far below the sit bones the rule of the midline still speaks (design)."""

OVERLAP_MM = 3.0
"""So far a rule reaches over its border with the one that decides before it, lest a gap be left
between them (design)."""

BONY = ("psis", "asis", "crest", "trochanter", "tuberosity")
"""What no contact may reach on to."""

STRIP_MM, LIGAMENT_MM = 135.0, 93.0
"""About how long the piriformis line is, and how far apart ASIS and pubic tubercle lie: they turn
shares of those ways into mm, for borders alone."""


@dataclass(frozen=True, slots=True)
class Places:
    """What the rules measure to, of both sides where there are two, as the body is posed.

    Single points (3,), lines and clouds (k, 3). ``trochanter`` holds its outermost point and its
    tip; ``sciatic`` the published line, from above downwards; ``inguinal`` runs from the ASIS to
    the pubic tubercle; ``groin`` follows the big vessels down from the middle of the groin.
    """

    psis: dict[str, Floats]
    asis: dict[str, Floats]
    tubercle: dict[str, Floats]
    crest: dict[str, Floats]
    trochanter: dict[str, Floats]
    tuberosity: dict[str, Floats]
    sciatic: dict[str, Floats]
    inguinal: dict[str, Floats]
    groin: dict[str, Floats]
    s2: Floats
    apex: Floats
    coccyx: Floats
    sacrum: Floats


@dataclass(frozen=True, slots=True)
class Margins:
    """The margins of the zone records, mm, and fractions of the piriformis and inguinal lines."""

    clear_sciatic: float
    clear_sacrum: float
    clear_psis: float
    clear_crest: float
    clear_trochanter: float
    clear_tuberosity: float
    strip_half_width: float
    strip_from: float
    strip_to: float
    sciatic_core: float
    sciatic_caution: float
    midline_half_width: float
    inside_from: float
    inside_to: float
    groin_share: float
    groin_below: float
    front_below: float


def sciatic_line(
    psis: Floats, tuberosity: Floats, trochanter: Floats, thigh: Floats, high_share: float,
    low_share: float,
) -> Floats:  # fmt: skip
    """(3, 3) the nerve's line: a point so far on the way from PSIS to sit bone, a point so far on
    the way from the sit bone to the trochanter, and straight on along the unit vector ``thigh``.
    """
    low = tuberosity + (trochanter - tuberosity) * low_share
    high = psis + (tuberosity - psis) * high_share
    return np.array([high, low, low + thigh * THIGH_MM])


def fields_of(grid: SkinGrid, places: Places, marks: dict[str, Floats]) -> Fields:
    """What the rules are asked of each fine vertex, (n,) each, by name; ``marks`` as
    :func:`marks_on_skin` finds them.

    Names in ``_mm`` are distances along the skin or flat ones; ``*_height_mm`` and the rest are
    signed. ``back_mm`` is positive behind the side line from iliac tubercle to trochanter.
    """
    points = grid.points
    left = points[:, 0] >= 0.0
    found: Fields = {}
    for name, mark in marks.items():
        found[name] = along_skin_mm(grid, mark)
    sides = [_flat(points, places, side) for side in SIDES]
    for name in sides[0]:
        found[name] = np.where(left, sides[0][name], sides[1][name])
    # The nearer of two ways to measure: along the skin, and flat from behind, as it was published.
    flat = np.where(found["back_mm"] > 0.0, found.pop("sciatic_flat_mm"), np.inf)
    found["sciatic_mm"] = np.minimum(found["sciatic_mm"], flat)
    outline = found["sacrum_mm"]
    found["sacrum_mm"] = np.where(found["sacrum_inside_mm"] > 0.0, -outline, outline)
    found["spine_mm"] = np.abs(points[:, 0])
    return found


def marks_on_skin(grid: SkinGrid, places: Places) -> dict[str, Floats]:
    """(k, 3) the places on the skin that distances of that name are measured from."""
    # Slow to import, and nobody asks for a map at the start.
    from siexplorer.geometry.filters import closest_points

    def nearest(parts: dict[str, Floats]) -> Floats:
        """What lies close below the skin is marked where it comes nearest."""
        points = np.concatenate([densified(np.atleast_2d(parts[side])) for side in SIDES])
        # On the skin itself: from vertex to vertex a line would go in steps, and so would its rim.
        return closest_points(grid.fine, points)[0]

    def straight(lines: list[Floats], back: float) -> Floats:
        return np.concatenate([_cast(grid, densified(line), back) for line in lines])

    outline = sacrum_outline(places.sacrum)
    # The skin between the legs is nearer to a sit bone, but no ball comes to it from there.
    seats = [places.tuberosity[s] - [[0.0, 0.0, 0.0], [0.0, 0.0, SEAT_DOWN_MM]] for s in SIDES]
    return {
        "psis_mm": nearest(places.psis),
        "asis_mm": nearest(places.asis),
        "crest_mm": nearest(places.crest),
        "trochanter_mm": nearest(places.trochanter),
        "tuberosity_mm": straight(seats, 1.0),
        "coccyx_mm": straight([places.coccyx[None]], 1.0),
        "sciatic_mm": straight([places.sciatic[s] for s in SIDES], 1.0),
        "groin_mm": straight([places.groin[s] for s in SIDES], -1.0),
        "sacrum_mm": straight([outline, outline * [-1.0, 1.0, 1.0]], 1.0),
    }


def _cast(grid: SkinGrid, line: Floats, back: float) -> Floats:
    """Where lines straight back (+1) or forwards (-1) from places (k, 3) come out of the skin."""
    facing = np.flatnonzero(grid.normals[:, 1] * back > 0.15)
    flat = grid.points[facing][:, [0, 2]]
    near = facing[nearest_vertices(flat, line[:, [0, 2]])]
    return np.column_stack([line[:, 0], grid.points[near, 1], line[:, 2]])


def densified(line: Floats) -> Floats:
    """A line (k, 3) with a place at least every ``STEP_MM``; a point stays one."""
    pieces = [line[:1]]
    for start, end in pairwise(line):
        steps = max(1, int(np.ceil(np.linalg.norm(end - start) / STEP_MM)))
        pieces.append(start + (end - start) * (np.arange(1, steps + 1) / steps)[:, None])
    return np.concatenate(pieces)


def sacrum_outline(cloud: Floats) -> Floats:
    """(k, 3) the edge of sacrum and coccyx seen from behind, x >= 0, from below upwards."""
    levels, widths = _half_width(cloud)
    behind = float(cloud[:, 1].max())
    rim = np.column_stack([widths, np.full(len(levels), behind), levels])
    top = np.array([[0.0, behind, levels[-1]]])
    return np.concatenate([rim, top])


def _half_width(cloud: Floats) -> tuple[Floats, Floats]:
    levels = np.arange(cloud[:, 2].min(), cloud[:, 2].max() + 2, 4.0)
    widths = [np.abs(cloud[np.abs(cloud[:, 2] - z) < 3.0, 0]).max(initial=0.0) for z in levels]
    return levels, np.array(widths)


def _flat(points: Floats, places: Places, side: str) -> Fields:
    """What is measured flat or by height, for one side, of all the points."""
    x, y, z = points[:, 0] * SIGNS[side], points[:, 1], points[:, 2]

    def seen(point: Floats) -> Floats:
        """(…, 2) across and up, mirrored to the left."""
        return np.stack([point[..., 0] * SIGNS[side], point[..., 2]], axis=-1)

    here = np.stack([x, z], axis=1)
    tubercle, trochanter = places.tubercle[side], places.trochanter[side][0]
    asis, tip = places.asis[side], seen(places.trochanter[side][1])
    # A leg that is lifted takes its trochanter along; the side line stays where it stood.
    levels = np.array([min(trochanter[2], tubercle[2] - 80.0), tubercle[2]])
    side_y = np.interp(z, levels, [max(trochanter[1], tubercle[1]), tubercle[1]])
    back = y - side_y
    levels_of_sacrum, widths = _half_width(places.sacrum)
    width = np.interp(z, levels_of_sacrum, widths, left=-50.0, right=-50.0)
    sciatic = seen(places.sciatic[side])
    ligament = seen(places.inguinal[side])
    run = ligament[1] - ligament[0]
    across = np.array([run[1], -run[0]]) / np.linalg.norm(run)
    below = (here - ligament[0]) @ across
    found = {
        "back_mm": back,
        "sacrum_inside_mm": np.where(back > 0.0, width - np.abs(x), -50.0),
        "above_sacrum_mm": z - levels_of_sacrum[-1],
        "below_apex_mm": places.apex[2] - z,
        "below_seat_mm": places.tuberosity[side][2] - z,
        "crest_height_mm": _crest_height(points, places, side) - z,
        "sciatic_flat_mm": to_line(here, sciatic),
        "lateral_of_sciatic_mm": x - np.interp(z, sciatic[::-1, 1], sciatic[::-1, 0]),
        "above_trochanter_mm": z - tip[1],
        "medial_of_asis_mm": asis[0] * SIGNS[side] - x,
        "below_asis_mm": asis[2] - z,
        "below_ligament_mm": below if across[1] < 0 else -below,
        "inguinal_share": (ligament[0][0] - x) / (ligament[0][0] - ligament[1][0]),
    }
    midpoint = (seen(places.psis[side]) + seen(places.coccyx)) / 2
    for number, start in enumerate((seen(places.s2), midpoint), start=1):
        share, away = _on_line(here, start, tip)
        found[f"strip_{number}_share"], found[f"strip_{number}_mm"] = share, away
    return found


def _crest_height(points: Floats, places: Places, side: str) -> Floats:
    """(n,) how high the crest stands on the way round the body where each point lies."""
    crest = places.crest[side]
    middle = np.array([0.0, (places.asis[side][1] + places.psis[side][1]) / 2])

    def way_round(where: Floats) -> Floats:
        out = (where[:, :2] - middle) * [SIGNS[side], 1.0]
        return np.asarray(np.arctan2(out[:, 1], np.maximum(out[:, 0], 1e-6)))

    turn = way_round(crest)
    order = np.argsort(turn)
    return np.asarray(np.interp(way_round(points), turn[order], crest[order, 2]))


def decide(found: Fields, margins: Margins, radius_mm: float) -> Index:
    """(n,) which rule of ``ORDER`` decides at each place, for a contact of so large a radius."""
    rules = within_mm(found, margins, radius_mm)
    rule = np.full(len(found["back_mm"]), len(ORDER) - 1, dtype=np.int8)
    for index in reversed(range(len(ORDER))):
        rule[rules[ORDER[index]] >= 0.0] = index
    return rule


def inside_mm(
    found: Fields, margins: Margins, radius_mm: float, kinds: npt.NDArray[np.int8]
) -> Floats:
    """(n, kinds) how far inside the area of each kind of rule a place lies, in about mm; negative
    outside. ``kinds`` says for each rule of ``ORDER`` which kind it is, from 0 on.

    Runs evenly over the skin, so that borders between kinds can be drawn between vertices.
    """
    rules = within_mm(found, margins, radius_mm)
    inside = np.full((len(found["back_mm"]), int(kinds.max()) + 1), -np.inf)
    # From the rule that decides last to the one that decides first.
    for name, kind in zip(reversed(ORDER), reversed(kinds), strict=True):
        own = np.arange(inside.shape[1]) == kind
        rule = rules[name][:, None]
        inside = np.where(own, np.maximum(inside, rule), np.minimum(inside, -rule))
    return inside


def within_mm(found: Fields, margins: Margins, radius_mm: float) -> Fields:
    """(n,) for each rule, how far inside its own area each place lies, in about mm, whatever other
    rules say there: what it says is met from 0 on.
    """
    f, m, r = found, margins, radius_mm
    back, front = f["back_mm"], -f["back_mm"]
    middle = m.midline_half_width + r - f["spine_mm"]
    off_sacrum = np.maximum(f["above_sacrum_mm"], f["below_apex_mm"])
    strips = [
        _all_of(
            (f[f"strip_{number}_share"] - m.strip_from) * STRIP_MM,
            (m.strip_to - f[f"strip_{number}_share"]) * STRIP_MM,
            m.strip_half_width - f[f"strip_{number}_mm"],
        )
        for number in (1, 2)
    ]
    medial, below = f["medial_of_asis_mm"], f["below_asis_mm"]
    below_ligament, outer = f["below_ligament_mm"], m.groin_share - f["inguinal_share"]
    bony = _any_of(*(r - f[f"{name}_mm"] for name in BONY))
    clear = _all_of(
        back - r,
        f["above_trochanter_mm"],
        f["lateral_of_sciatic_mm"],
        f["sciatic_mm"] - m.clear_sciatic - r,
        f["sacrum_mm"] - m.clear_sacrum - r,
        f["psis_mm"] - m.clear_psis - r,
        f["crest_height_mm"] - m.clear_crest - r,
        f["crest_mm"] - m.clear_crest - r,
        f["trochanter_mm"] - m.clear_trochanter - r,
        f["tuberosity_mm"] - m.clear_tuberosity - r,
    )
    return {
        "midline": _any_of(
            _all_of(back, middle, off_sacrum, BELOW_SEAT_MM - f["below_seat_mm"]),
            _all_of(back, m.midline_half_width + r - f["coccyx_mm"]),
        ),
        "dorsal-sacrum": _all_of(back, OVERLAP_MM - off_sacrum, _any_of(middle, -f["sacrum_mm"])),
        "inside-asis": _all_of(
            front, medial - m.inside_from, m.inside_to - medial, below, -below_ligament
        ),
        "bony-points": bony,
        "abdomen": _all_of(
            front,
            _any_of(
                _all_of(OVERLAP_MM - below, medial + OVERLAP_MM),
                _all_of(medial - m.inside_to + OVERLAP_MM, OVERLAP_MM - below_ligament),
            ),
        ),
        "flank": -f["crest_height_mm"],
        "groin": _all_of(
            front, below_ligament, -outer * LIGAMENT_MM, m.groin_below - below_ligament
        ),
        "front-of-hip": _all_of(
            front,
            below,
            m.front_below - below,
            outer * LIGAMENT_MM,
            _any_of(below_ligament, -medial),
        ),
        "sciatic-core": m.sciatic_core - f["sciatic_mm"],
        "piriformis-strip": _all_of(back, _any_of(*strips)),
        "sciatic-corridor": m.sciatic_caution - f["sciatic_mm"],
        "gluteal-clear": clear,
        "unrated": np.full(len(back), np.inf),
    }


def _all_of(*values: Floats) -> Floats:
    return np.asarray(np.minimum.reduce(values))


def _any_of(*values: Floats) -> Floats:
    return np.asarray(np.maximum.reduce(values))


def at_share(found: Fields, corners: Ints, shares: Floats) -> Fields:
    """The fields at one place: between the three ``corners`` of a face, by ``shares`` (3,)."""
    return {name: np.array([values[corners] @ shares]) for name, values in found.items()}


def to_line(points: Floats, line: Floats) -> Floats:
    """(n,) distance of (n, 2) points to a polyline (k, 2)."""
    best = np.full(len(points), np.inf)
    for start, end in pairwise(line):
        run = end - start
        share = np.clip((points - start) @ run / max(float(run @ run), 1e-12), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - start - share[:, None] * run, axis=1))
    return best


def _on_line(points: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    run = end - start
    share = (points - start) @ run / float(run @ run)
    return share, np.linalg.norm(points - start - share[:, None] * run, axis=1)


def margin_names() -> tuple[str, ...]:
    """What a rule book must give."""
    return tuple(field.name for field in fields(Margins))
