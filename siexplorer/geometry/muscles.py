"""The muscles of the left side, grown round fibres that run from their attachments (facts 4.1).

Each muscle is a plan: where its strands begin, what they pass and where they end, how thick they
are along the way, and the volume it must come to. The paths follow the usual descriptions; shares
and widths are design choices, judged by ``siexplorer check`` and by ``compare_soft_tissue.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from siexplorer.geometry.attachments import (
    Area,
    femur_marks,
    foramen_rim,
    iliacus_line,
    left_areas,
    painted,
)
from siexplorer.geometry.flesh import ACROSS_ROUNDS, BAND, SPREAD_MM, Flesh, grown, spread_evenly
from siexplorer.geometry.landmarks import Bones, Points, acetabulum, aiis_foot
from siexplorer.geometry.lattice import REACH_MM, Lattice, distances
from siexplorer.geometry.strands import POINTS, along, laid, tightened
from siexplorer.geometry.surface import Floats, Surface, edges, vertex_normals
from siexplorer.geometry.walls import FLOOR_MM, wall_over
from siexplorer.geometry.zones import to_line

SPACING_MM = 1.4
SWELL_MM = 14.0
"""How far the outer sheet of gluteus maximus stands off what it spans, beyond the inner one
(design)."""

SAG_MM = np.array([-8.0, 0.0, -15.0])
"""How far the lowest strands of gluteus maximus hang below a straight line (design)."""

HOLLOW_MM, DOME_MM = 20.0, 30.0
"""Gluteus maximus spans hollows narrower than a ball of the first radius, which fat fills; its
outer strands span those narrower than the second (design)."""

BROAD_ROUNDS = 52
"""Strands of gluteus maximus begin all over broad areas: their places across take more evening out
than a narrow muscle's (design)."""

INSIDE = np.array([-0.80, 0.52, 0.30])
RIM, OUTSIDE = 12, 45
"""Which way obturator internus faces: into the pelvis; its strands leave the rim of their area by
this point, and are outside of the pelvis from that point on (design)."""

LOW_MM, HIGH_MM = np.array([-34.0, -95.0, -285.0]), np.array([205.0, 205.0, 245.0])
"""The box in which the left side is modelled."""

VOLUME_CM3 = {
    "iliacus": 175.0,
    "psoas-major": 271.0,
    "piriformis": 42.0,
    "gluteus-maximus": 842.0,
    "gluteus-medius": 320.0,
    "gluteus-minimus": 104.0,
    "tensor-fasciae-latae": 64.0,
    "obturator-internus": 26.0,
    "superior-gemellus": 7.0,
    "inferior-gemellus": 9.0,
    "quadratus-femoris": 32.0,
}
"""For a person of 1.71 m and 72 kg (Handsfield 2014, as read in facts 4.1). The two gemelli share
the 16 cm3 that it gives for the small rotators."""

LEAN = {
    "gluteus-maximus": 0.858,
    "gluteus-medius": 0.857,
    "psoas-major": 0.88,
    "iliacus": 0.9,
    "gluteus-minimus": 0.9,
}
"""The mean pelvis belongs to no person of that height and mass: its large muscles are made a little
smaller than the formula says, within the 15 % to which they are held (design)."""

MODEL_CM3 = {
    "quadratus-lumborum": 88.0,
    "multifidus": 145.0,
    "levator-ani": 14.0,
    "coccygeus": 5.5,
}
"""Where no volume is published, both sides are grown to the same one (design)."""

TRIANGLES = {
    "gluteus-maximus": 5200,
    "gluteus-medius": 3800,
    "iliacus": 3800,
    "psoas-major": 3800,
    "gluteus-minimus": 2600,
    "piriformis": 2400,
    "multifidus": 2800,
    "obturator-internus": 3200,
}
USUAL_TRIANGLES = 2000


@dataclass(frozen=True, slots=True)
class Body:
    """What the muscles of the left side are modelled on.

    ``fine`` are denser bones for the areas; ``spine`` the lumbar surfaces by id, ``spine_marks``
    points on them; ``field`` the distances to everything that is there so far.
    """

    bones: Bones
    fine: Bones
    left: Points
    areas: dict[str, Area]
    spine: dict[str, Surface]
    spine_marks: dict[str, Floats]
    field: Lattice


@dataclass(frozen=True, slots=True)
class Plan:
    """Strands (n, 60, 3), their radii in mm (n, 60), and each one's place across, 0 to 1.

    ``begins`` is the place along its fibres, 0 to 1, where the muscle begins: 0 with short tendons,
    about 0.1 fleshy.
    """

    bundle: Floats
    radii_mm: Floats
    across: Floats
    smooth_voxels: float = 1.0
    least_mm: float = 0.0
    spread_mm: float = SPREAD_MM
    field: Lattice | None = None
    band: float = BAND
    across_rounds: int = ACROSS_ROUNDS
    begins: float = 0.0


def body_of(
    bones: Bones, fine: Bones, left: Points, spine: dict[str, Surface], marks: dict[str, Floats]
) -> Body:
    """Gather what the left side is modelled on; the field begins with all bones."""
    solid = [bones.hip_left, bones.sacrum, bones.coccyx, bones.femur_left, bones.hip_right]
    grid = distances([*solid, *spine.values()], LOW_MM, HIGH_MM, SPACING_MM)
    return Body(bones, fine, left, left_areas(fine, left), spine, marks, grid)


def modelled(body: Body, name: str) -> Flesh:
    """One muscle of the left side; it leaves room for what is in the field, and joins it.

    Grow them in the order of :data:`PLANS`.
    """
    plan = PLANS[name](body)
    flesh = grown(
        plan.bundle,
        plan.radii_mm,
        plan.across,
        body.field if plan.field is None else plan.field,
        volume_cm3_wanted=wanted_cm3(name),
        triangles=TRIANGLES.get(name, USUAL_TRIANGLES),
        smooth_voxels=plan.smooth_voxels,
        least_mm=plan.least_mm,
        spread_mm=plan.spread_mm,
        band=plan.band,
        across_rounds=plan.across_rounds,
        into=body.field,
    )
    return Flesh(flesh.surface, np.array([0.0, plan.begins]) + flesh.fibres * [1, 1 - plan.begins])


def wanted_cm3(name: str) -> float | None:
    """The volume that a muscle is grown to."""
    published = VOLUME_CM3.get(name)
    return MODEL_CM3.get(name) if published is None else published * LEAN.get(name, 1.0)


# Building blocks ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Starts:
    """Points (n, 3) spread over an area, and how far each is from its rim."""

    points: Floats
    to_rim_mm: Floats


def starts(area: Area, count: int, lift_mm: float) -> Starts:
    """Evenly spread points over an area, lifted off its bone."""
    patch = painted(area, lift_mm)
    pairs, uses = edges(patch)
    rim = patch.vertices[np.unique(pairs[uses == 1])]
    chosen = patch.vertices[spread_evenly(patch.vertices, count)]
    gap = np.linalg.norm(chosen[:, None] - rim[None], axis=2).min(axis=1)
    return Starts(chosen, gap)


def together(*parts: Starts) -> Starts:
    """Several areas as one."""
    return Starts(
        np.concatenate([p.points for p in parts]),
        np.concatenate([p.to_rim_mm for p in parts]),
    )


def ranked(values: Floats) -> Floats:
    """(n,) values as shares of their order, 0 to 1."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray(order / max(1, len(values) - 1), dtype=np.float64)


def scaled(values: Floats) -> Floats:
    """(n,) values from 0 at the least to 1 at the largest."""
    low, high = values.min(), values.max()
    return np.asarray((values - low) / max(float(high - low), 1e-9))


def beside(point: Floats, x: float, y: float, z: float) -> Floats:
    """(3,) point moved by some mm."""
    return np.asarray(point + np.array([x, y, z]))


def angle_about(points: Floats, centre: Floats, zero: Floats, quarter: Floats) -> Floats:
    """(n,) angle of points about a centre in the plane of two directions."""
    away = points - centre
    return np.asarray(np.arctan2(away @ quarter, away @ zero))


def fanned(begun: Starts, centre: Floats) -> Floats:
    """(n,) place across a fan that comes together at ``centre``: from front to back, 0 to 1."""
    up, back = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    return ranked(angle_about(begun.points, centre, up, back))


def belly(start: float, middle: float, end: float, peak: float = 0.45) -> Floats:
    """(60,) radius along a strand: ``start`` at the origin, ``middle`` at ``peak``, ``end``."""
    t = np.linspace(0.0, 1.0, POINTS)
    rise = start + (middle - start) * np.sin(np.pi / 2 * np.clip(t / peak, 0, 1))
    fall = end + (middle - end) * np.cos(np.pi / 2 * np.clip((t - peak) / (1 - peak), 0, 1)) ** 1.3
    return np.asarray(np.where(t < peak, rise, fall))


def thick(profile: Floats, begun: Starts, rim_mm: float, at_rim: float) -> Floats:
    """(n, 60) radii: the profile, thinner for strands from near the rim of their area."""
    share = at_rim + (1 - at_rim) * np.clip(begun.to_rim_mm / rim_mm, 0.0, 1.0)
    t = np.linspace(0.0, 1.0, POINTS)
    # Strands come together at their tendon, so that there all count alike.
    blend = share[:, None] * (1 - t) + np.ones(len(share))[:, None] * t
    return np.asarray(profile * blend)


def lifted(body: Body, points: Floats, least_mm: float) -> Floats:
    """Points pushed out of what is there until they are ``least_mm`` away."""
    return lifted_from(body.field, points, least_mm)


def lifted_from(field: Lattice, points: Floats, least_mm: float) -> Floats:
    """The same, out of any field."""
    out = points.copy()
    for _ in range(12):
        short = least_mm - field.sample(out)
        close = short > 0.02
        if not close.any():
            break
        out[close] += field.outwards(out[close]) * np.minimum(short[close], 2.0)[:, None]
    return out


def lifted_along(field: Lattice, points: Floats, least_mm: float, way: Floats) -> Floats:
    """The same, moved one way (3,) only: an outline seen from there stays as it is."""
    out = points.copy()
    for _ in range(40):
        short = np.maximum(least_mm - field.sample(out), 0.0)
        if not (short > 0.02).any():
            break
        out += np.minimum(short, 1.0)[:, None] * way
    return out


def pulled(body: Body, stations: list[Floats], clearance_mm: Floats | float) -> Floats:
    """Strands through stations, then as taut as what is there allows."""
    return pulled_over(body.field, stations, clearance_mm)


def pulled_over(field: Lattice, stations: list[Floats], clearance_mm: Floats | float) -> Floats:
    """The same, over any field."""
    clear = np.asarray(clearance_mm, dtype=np.float64)
    # The ends lie on bone; the way there is gradual.
    ramp = np.clip(np.minimum(np.arange(POINTS), np.arange(POINTS)[::-1]) / 6.0, 0.0, 1.0)
    return tightened(laid(stations), field, clear * ramp)


def layered(across: Floats, outer: Floats) -> Floats:
    """(n,) 0, 1 or 2: which layer each strand lies in. Of any three that lie side by side, the one
    that begins farthest out is outermost."""
    order = np.argsort(across, kind="stable")
    layer = np.empty(len(order))
    for three in np.split(order, np.arange(3, len(order), 3)):
        layer[three[np.argsort(outer[three])]] = np.arange(3)[-len(three) :]
    return layer


def combed(bundle: Floats, across: Floats, degree: int = 4) -> Floats:
    """Strands (n, 60, 3) of one sheet, smooth across it: at each place along, a polynomial."""
    fit = np.polynomial.chebyshev.chebvander(2 * across - 1, degree)
    count = len(bundle)
    smooth = fit @ np.linalg.lstsq(fit, bundle.reshape(count, -1), rcond=None)[0]
    t = np.linspace(0.0, 1.0, POINTS)
    own = np.clip(np.minimum(t, 1 - t) / 0.2, 0, 1)
    own = (own * own * (3 - 2 * own))[:, None]
    return np.asarray(bundle + own * (smooth.reshape(bundle.shape) - bundle))


# The plans ----------------------------------------------------------------------------------------


def _obturator_internus(body: Body) -> Plan:
    # Bone and membrane are one wall here: strands that begin on each apart would leave a ragged
    # edge where they are few, and dip into the foramen.
    wall = wall_over(painted(body.areas["obturator-internus.origin"], 0.0), INSIDE)
    bed = wall.backed(body.field)
    points, to_rim = wall.starts(2.8)
    up = wall.frame[2]
    begun = Starts(lifted_along(bed, points + FLOOR_MM * up, FLOOR_MM, up), to_rim)
    spine, seat = body.left["ischial-spine"][0], body.left["ischial-tuberosity"][0]
    bend = spine + 0.30 * (seat - spine) + np.array([-1.0, -1.0, 0.0])
    turn = angle_about(begun.points, bend, np.array([-0.3, -0.9, 0.0]), np.array([0, 0, 1.0]))
    across = ranked(turn)
    notch = np.array([[0.5, -3.0, -6.0], [0.5, -3.0, 6.0]]) + bend
    end = femur_marks(body.fine, body.left)["medial-facet"][0]
    ends = along(end + np.array([[0, 0, -2.5], [0, 0, 2.5]]), across)
    at_bend = lifted(body, along(notch, across) + np.array([-2.0, 6.0, 0.0]), 3.0)
    before = lifted_from(bed, (at_bend * 2 + begun.points) / 3, 3.0)
    bundle = pulled_over(bed, [begun.points, before, at_bend, ends], 2.4)
    bundle = wall.let_down(bundle, at_bend.mean(axis=0))
    # Where they begin they are lifted straight off the wall: pushed aside, they would dent its rim.
    rim = bundle[:, :RIM].reshape(-1, 3)
    bundle[:, :RIM] = lifted_along(bed, rim, FLOOR_MM, up).reshape(-1, RIM, 3)
    inner = bundle[:, :OUTSIDE].reshape(-1, 3)
    bundle[:, :OUTSIDE] = lifted_from(bed, inner, FLOOR_MM).reshape(-1, OUTSIDE, 3)
    radii = np.broadcast_to(belly(3.2, 3.4, 1.5, 0.3), bundle.shape[:2]).copy()
    return Plan(bundle, radii, across, 1.0, least_mm=2.0, field=bed, band=0.04, begins=0.1)


def _free(points: Floats) -> Starts:
    """Starts that lie on a membrane instead of a bone."""
    return Starts(points, np.full(len(points), 8.0))


def _gemellus(name: str, count: int, offset: tuple[float, float, float]) -> Callable[[Body], Plan]:
    def plan(body: Body) -> Plan:
        begun = starts(body.areas[f"{name}.origin"], count, 1.5)
        across = ranked(begun.points[:, 2] + 0.5 * begun.points[:, 1])
        end = femur_marks(body.fine, body.left)["medial-facet"][0] + np.array(offset)
        ends = lifted(body, along(end + np.array([[0.0, 0, -1.5], [0.0, 0, 1.5]]), across), 1.2)
        middle = lifted(body, (begun.points + ends) / 2 + np.array([0.0, 4.0, 0.0]), 3.0)
        bundle = pulled(body, [begun.points, middle, ends], 2.6)
        return Plan(bundle, thick(belly(3.0, 4.2, 1.6), begun, 5.0, 0.8), across)

    return plan


def _quadratus_femoris(body: Body) -> Plan:
    begun = starts(body.areas["quadratus-femoris.origin"], 70, 1.5)
    across = ranked(begun.points[:, 2])
    line = femur_marks(body.fine, body.left)["quadrate-line"]
    ends = lifted(body, along(line[np.argsort(line[:, 2])], across), 1.2)
    middle = (begun.points + ends) / 2 + np.array([0.0, 2.0, 0.0])
    bundle = pulled(body, [begun.points, lifted(body, middle, 4.0), ends], 4.0)
    return Plan(
        bundle, thick(belly(5.0, 7.0, 5.0, 0.5), begun, 5.0, 0.85), across, 1.6, spread_mm=8.0
    )


def _piriformis(body: Body) -> Plan:
    begun = starts(body.areas["piriformis.origin"], 160, 3.0)
    across = ranked(begun.points[:, 2])
    patch = painted(body.areas["piriformis.insertion"], 1.0)
    end = patch.vertices.mean(axis=0)
    ends = lifted(body, end + along(np.array([[0.0, 2.0, -1.5], [0.0, -2.0, 1.5]]), across), 1.0)
    notch = body.left["greater-sciatic-notch"]
    roof = notch[np.argmin(notch[:, 1])]
    # Through the greater sciatic foramen, below its roof and behind it.
    gate = roof + np.array([-8.0, 20.0, -12.0])
    spreads = along(np.array([[0.0, 5.0, -8.0], [0.0, -1.0, 6.0]]), across)
    bundle = pulled(body, [begun.points, lifted(body, gate + spreads, 6.0), ends], 3.0)
    return Plan(bundle, thick(belly(2.6, 8.0, 1.8, 0.45), begun, 8.0, 0.7), across, 1.2)


def _gluteus_minimus(body: Body) -> Plan:
    begun = starts(body.areas["gluteus-minimus.origin"], 240, 3.0)
    line = femur_marks(body.fine, body.left)["anterior-facet"]
    across = fanned(begun, line.mean(axis=0))
    ends = lifted(body, along(line[::-1] if line[0, 2] < line[-1, 2] else line, 1 - across), 1.0)
    bundle = pulled(body, [begun.points, ends], 4.0)
    return Plan(bundle, thick(belly(3.0, 7.5, 1.8, 0.42), begun, 16.0, 0.55), across, 1.2)


def _gluteus_medius(body: Body) -> Plan:
    begun = starts(body.areas["gluteus-medius.origin"], 420, 3.5)
    line = femur_marks(body.fine, body.left)["lateral-facet"]
    across = fanned(begun, line.mean(axis=0))
    back_first = line if line[0, 1] > line[-1, 1] else line[::-1]
    ends = lifted(body, along(back_first, 1 - across), 1.5)
    bundle = pulled(body, [begun.points, ends], 6.0)
    return Plan(bundle, thick(belly(5.5, 9.5, 2.5, 0.3), begun, 20.0, 0.55), across, 1.4)


def _iliacus(body: Body) -> Plan:
    begun = together(
        starts(body.areas["iliacus.origin"], 420, 3.5),
        starts(body.areas["iliacus.origin-ala"], 30, 2.0),
    )
    centre, radius = acetabulum(body.bones.hip_left)
    gate = _groin(body)
    turn = angle_about(
        begun.points, gate.mean(axis=0), np.array([0, 0, 1.0]), np.array([0, -1.0, 0])
    )
    across = ranked(turn)
    ends = along(iliacus_line(body.fine, body.left), 0.1 + 0.9 * across)
    low = centre + np.array([-2.0, -radius - 4.0, -24.0])
    under = low + along(np.array([[-2.0, 6.0, 0.0], [10.0, 0.0, 0.0]]), across)
    stations = [
        begun.points,
        lifted(body, along(gate, 0.35 + 0.65 * across), 9.0),
        lifted(body, under, 8.0),
        lifted(body, ends, 0.5),
    ]
    bundle = pulled(body, stations, 6.0)
    radii = thick(belly(4.0, 9.0, 1.8, 0.42), begun, 20.0, 0.65)
    return Plan(bundle, radii, across, 1.2, least_mm=3.0)


def _groin(body: Body) -> Floats:
    """Where iliopsoas crosses the brim: from the iliopubic eminence to beside the AIIS (2, 3)."""
    foot = aiis_foot(body.bones.hip_left.vertices, body.left["asis"][0])
    tubercle = body.left["pubic-tubercle"][0]
    eminence, outer = foot + 0.45 * (tubercle - foot), foot + 0.10 * (tubercle - foot)
    return np.stack([eminence + np.array([0.0, 4.0, 6.0]), outer + np.array([0.0, -4.0, 2.0])])


def _psoas_major(body: Body) -> Plan:
    begun = lifted(body, _lumbar_sides(body), 2.5)
    centre, radius = acetabulum(body.bones.hip_left)
    sides = [body.spine_marks[f"l{k}-left-body-side"][0] for k in (1, 2, 3, 4, 5)]
    brim = body.left["arcuate-line"]
    over_brim = beside(brim[np.argmin(np.abs(brim[:, 2] + 12.0))], 0.0, -18.0, 18.0)
    gate = along(_groin(body), np.array([0.42]))[0]
    end = beside(body.left["lesser-trochanter"][0], 0.4, 0.2, -1.5)
    core = np.stack(
        [
            *(beside(side, out, 6.0, 0.0) for side, out in zip(sides, PSOAS_BESIDE, strict=True)),
            over_brim,
            lifted(body, gate[None], 13.0)[0],
            lifted(body, beside(centre, -9.5, -radius - 4.0, -22.0)[None], 9.0)[0],
            end,
        ]
    )
    size = np.array([5.0, 9.0, 12.0, 14.5, 16.0, 15.0, 12.0, 6.0, 2.2])
    # A spindle: each strand leaves its vertebra and joins it, at a place of its own within.
    middle = laid([point[None] for point in core], 400)[0]
    knots = np.array([np.argmin(np.linalg.norm(middle - point, axis=1)) for point in core])
    width = np.interp(np.arange(400), knots, size)
    number = np.arange(len(begun))
    within, turn = np.sqrt((number * 0.618) % 1.0), 2 * np.pi * ((number * 0.7548) % 1.0)
    offset = within[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    way = np.gradient(middle, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    outwards = np.array([1.0, 0.0, 0.0]) - way[:, :1] * way
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    square = np.stack([outwards, np.cross(outwards, way)], axis=1)
    lowest = knots[5]
    across = 0.5 + 0.5 * offset[:, 0]
    strands = []
    for start, aside in zip(begun, offset, strict=True):
        join = int(np.argmin(np.abs(middle[:, 2] - (start[2] - 38.0))))
        join = min(join, lowest - 5)
        steps = np.unique(np.round(np.linspace(join, 399, 12)).astype(int))
        passed = middle[steps] + 0.75 * width[steps][:, None] * (aside @ square[steps])
        strands.append(laid([start[None], *(point[None] for point in passed)])[0])
    bundle = np.stack(strands)
    # It meets the bone head-on, and ends in it: no thin lip runs on along the surface.
    bundle[:, 1:-3] = lifted(body, bundle[:, 1:-3].reshape(-1, 3), 2.0).reshape(len(bundle), -1, 3)
    radii = np.broadcast_to(
        np.interp(np.linspace(0, 1, POINTS), [0, 0.2, 0.6, 0.8, 0.9, 1], [3, 6, 6, 4.5, 3.4, 2.6]),
        bundle.shape[:2],
    )
    return Plan(bundle, radii.copy(), across, 1.6, least_mm=3.0)


PSOAS_BESIDE = (6.0, 12.0, 16.0, 20.0, 25.0)
"""How far beside the body of L1 to L5 the middle of psoas runs, in mm (design)."""


def _lumbar_sides(body: Body) -> Floats:
    """(n, 3) points on the sides of L1 to L5 and the discs between, and before their processes."""
    found = []
    for name, surface in body.spine.items():
        if "rib" in name or name == "l5-s1-disc":
            continue
        level = name[:2]
        side = body.spine_marks[f"{level}-left-body-side"][0]
        facing = vertex_normals(surface) @ np.array([0.97, -0.25, 0.0])
        depth = np.abs(surface.vertices[:, 1] - side[1] - 1.0)
        keep = (facing > 0.55) & (depth < 13.0) & (surface.vertices[:, 0] > 8.0)
        if keep.any():
            on_side = surface.vertices[keep]
            found.append(on_side[spread_evenly(on_side, 16)])
        if name.endswith("vertebra"):
            tip = body.spine_marks[f"{level}-left-transverse-tip"][0]
            found.append(
                along(np.stack([beside(side, 2.0, 8.0, 0.0), tip]), np.array([0.3, 0.55, 0.8]))
            )
    return np.concatenate(found)


def _tensor_fasciae_latae(body: Body) -> Plan:
    begun = starts(body.areas["tensor-fasciae-latae.origin"], 60, 2.0)
    across = ranked(begun.points[:, 1])
    outer = body.left["greater-trochanter"][0]
    # It ends in the iliotibial tract.
    tract = outer + np.array([[3.0, -27.0, -75.0], [6.0, -13.0, -75.0]])
    middle = outer + np.array([[-4.0, -46.0, -2.0], [4.0, -28.0, -2.0]])
    bundle = pulled(body, [begun.points, along(middle, across), along(tract, across)], 4.5)
    profile = np.interp(
        np.linspace(0, 1, POINTS), [0, 0.1, 0.35, 0.6, 0.85, 1.0], [4, 6.5, 9, 7.5, 3.0, 2.0]
    )
    edge = 0.75 + 0.25 * np.clip(begun.to_rim_mm / 5.0, 0.0, 1.0)
    return Plan(bundle, edge[:, None] * profile, across, 1.2)


def _gluteus_maximus(body: Body) -> Plan:
    bed = body.field.closed_over(HOLLOW_MM)
    begun = together(
        starts(body.areas["gluteus-maximus.origin"], 150, 2.5),
        starts(body.areas["gluteus-maximus.origin-sacrum"], 90, 2.5),
        starts(body.areas["gluteus-maximus.origin-coccyx"], 30, 3.0),
        _fascia_starts(body, bed),
    )
    outer = body.left["greater-trochanter"][0]
    ridge = femur_marks(body.fine, body.left)["gluteal-tuberosity"]
    # How far a strand begins down the line from the crest to the coccyx.
    down = -(begun.points @ np.array([0.45, 0.0, 0.90]))
    across = ranked(down)
    # The upper part goes to the iliotibial tract, the deep lower part to the bone.
    tract = outer + np.array([[-6.0, 11.0, -50.0], [-11.0, 15.0, -83.0], [-24.0, 11.0, -106.0]])
    layer = layered(across, begun.points[:, 1])
    deep = (across > 0.45) & (layer == 0)
    bone = lifted(body, along(ridge, across), 2.0)
    # The last strands end closer together: the lower corner is round, and no spur.
    onto = across - 0.65 * np.clip(across - 0.84, 0.0, None)
    ends = np.where(deep[:, None], bone, along(tract, onto))
    over = outer + np.array([[-18.0, 16.0, 14.0], [-31.0, 28.0, -26.0], [-40.0, 30.0, -70.0]])
    stations = [begun.points, lifted(body, along(over, across), 12.0), ends]
    bundle = _buttock(body.field, bed, stations, across, layer)
    share = np.linspace(0.0, 1.0, POINTS)
    profile = np.interp(
        share, [0, 0.18, 0.35, 0.5, 0.65, 0.8, 1.0], [3.0, 11.0, 12.5, 10.0, 7.0, 4.5, 2.2]
    )
    # Thin at its front border, thickest in the middle.
    width = np.interp(across, [0.0, 0.2, 0.45, 0.8, 1.0], [0.42, 0.88, 1.05, 0.96, 0.56])
    return Plan(
        bundle,
        profile * width[:, None],
        across,
        smooth_voxels=4.0,
        least_mm=3.5,
        spread_mm=9.0,
        field=psis_left_bare(bed, body.left["psis"][0]),
        across_rounds=BROAD_ROUNDS,
    )


def _buttock(
    field: Lattice, bed: Lattice, stations: list[Floats], across: Floats, layer: Floats
) -> Floats:
    """Layers of strands between two sheets: the inner one follows what lies below, the outer one
    spans it, as smooth across as along. So the back of the muscle is one swelling surface.
    """
    share = np.linspace(0.0, 1.0, POINTS)
    base = np.interp(share, [0, 0.2, 0.7, 1.0], [4.0, 6.0, 6.0, 3.0])
    inner = pulled_over(bed, stations, base)
    # How far the outer sheet stands off, in shares: little at the front border, most soon after
    # the origin from the sacrum.
    front = np.interp(share, [0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.1, 0.25, 0.1, 0.0])
    middle = np.interp(
        share, [0, 0.08, 0.2, 0.4, 0.55, 0.8, 1.0], [0.0, 0.72, 1.1, 1.1, 0.6, 0.15, 0.0]
    )
    reached = across[:, None] / np.interp(share, [0, 0.1, 0.35, 1.0], [0.2, 0.25, 0.7, 0.9])
    lowest = np.interp(across, [0.65, 1.0], [1.0, 0.4])[:, None]
    swell = np.maximum(front, np.minimum(reached, lowest) * middle)
    dome = field.closed_over(DOME_MM)
    outer = combed(pulled_over(dome, stations, base + SWELL_MM * swell), across)
    bundle = inner + (layer / 2)[:, None, None] * (outer - inner)
    # Its lower border sags towards the cleft instead of running straight to the thigh.
    low = np.clip((across - 0.3) / 0.7, 0.0, 1.0) ** 1.5
    return np.asarray(bundle + (low[:, None] * np.sin(np.pi * share))[:, :, None] * SAG_MM)


def psis_left_bare(bed: Lattice, psis: Floats) -> Lattice:
    """A grid in which nothing grows over the PSIS, nor above and inwards of it: the skin is tied to
    the bone there, which makes the dimple, and a finger feels it. Seen from behind, a muscle keeps
    to the outer and lower side of an edge round it.
    """
    low, high = psis + np.array([-46.0, -14.0, -18.0]), psis + np.array([40.0, 46.0, 60.0])
    block = bed.block(low, high)
    nodes = bed.positions(block)
    flat = nodes[:, [0, 2]] - psis[[0, 2]]
    away = to_line(flat, BARE_EDGE_MM)
    bare = flat[:, 1] > np.interp(flat[:, 0], BARE_EDGE_MM[:, 0], BARE_EDGE_MM[:, 1], right=np.inf)
    values = np.where(bare, -away, away).astype(np.float32)
    # In front of the bone's back the muscle may lie where it likes.
    values[nodes[:, 1] < psis[1] - 12.0] = REACH_MM
    left_bare = bed.with_values(bed.values.copy())
    left_bare.joined(block, values.reshape(bed.values[block].shape))
    return left_bare


BARE_EDGE_MM = np.array(
    [
        *([-60.0, -13.0], [-12.0, -12.5], [-2.0, -11.5], [5.0, -9.5], [9.0, -5.0]),
        *([11.5, 2.0], [14.5, 10.0], [18.5, 19.0], [25.0, 27.0], [38.0, 36.0], [60.0, 46.0]),
    ]
)
"""The edge of gluteus maximus round the PSIS, outwards and up from it, seen from behind (design: a
fingertip of bare bone below and beside it)."""


def _fascia_starts(body: Body, bed: Lattice) -> Starts:
    """Between the bones: from the PSIS over the back of the joint to the coccyx, and on down the
    sacrotuberous ligament."""
    left = body.left
    psis, corner, tip = left["psis"][0], left["inferior-lateral-angle"][0], left["coccyx-tip"][0]
    seat = left["ischial-tuberosity"][0] + np.array([0.0, 14.0, 22.0])
    edge = np.stack(
        [
            beside(psis, -4.0, -2.0, -14.0),
            beside(corner, 6.0, 2.0, 22.0),
            beside(corner, 0.0, 2.0, 0),
        ]
    )
    down = np.stack([beside(corner, -8.0, 0.0, -4.0), beside(tip, 8.0, 6.0, 16.0)])
    band = np.stack([corner, corner + 0.5 * (seat - corner)]) + np.array([0.0, 6.0, 0.0])
    shares = np.linspace(0.0, 1.0, 16)
    points = np.concatenate([along(edge, shares), along(down, shares[::2]), along(band, shares)])
    return _free(lifted_from(bed, points, 3.5))


def _quadratus_lumborum(body: Body) -> Plan:
    begun = starts(body.areas["quadratus-lumborum.origin"], 90, 1.5)
    across = ranked(-begun.points[:, 0])
    bone = body.spine["left-twelfth-rib"].vertices
    bins = np.quantile(bone[:, 0], np.linspace(0.05, 0.75, 8))
    rib = np.stack(
        [(near := bone[np.abs(bone[:, 0] - x) < 4.0])[np.argmin(near[:, 2])] for x in bins]
    )
    tips = np.stack([body.spine_marks[f"l{k}-left-transverse-tip"][0] for k in (1, 2, 3, 4)])
    # The outer strands reach the rib, the inner ones the transverse processes.
    ends = np.empty_like(begun.points)
    to_rib = across < 0.66
    ends[to_rib] = along(rib, 1 - across[to_rib] / 0.66)
    ends[~to_rib] = along(tips, (across[~to_rib] - 0.66) / 0.34)
    bundle = pulled(body, [begun.points, lifted(body, ends, 2.0)], 4.0)
    return Plan(bundle, thick(belly(5.0, 6.0, 3.0, 0.4), begun, 5.0, 0.85), across, 1.2)


def _multifidus(body: Body) -> Plan:
    begun = starts(body.areas["multifidus.origin"], 220, 4.0)
    across = ranked(begun.points[:, 0])
    tips = np.stack([body.spine_marks[f"l{k}-spinous-tip"][0] for k in (5, 4, 3, 2, 1)])
    facets = np.stack([body.spine_marks[f"l{k}-left-mamillary"][0] for k in (5, 4, 3, 2, 1)])
    up = scaled(begun.points[:, 2])
    number = np.arange(len(across), dtype=np.float64)
    level = 0.35 + 0.65 * ((number * 7) % 11) / 10.0
    inner = along(tips + np.array([4.0, -6.0, 0.0]), level)
    outer = along(facets + np.array([2.0, 3.0, 0.0]), level)
    ends = inner + across[:, None] * (outer - inner)
    middle = (begun.points + ends) / 2
    bundle = pulled(body, [begun.points, lifted(body, middle, 6.0), lifted(body, ends, 3.0)], 5.0)
    radii = thick(belly(4.5, 8.0, 5.0, 0.45), begun, 8.0, 0.7)
    radii = radii * (0.85 + 0.15 * up)[:, None]
    return Plan(bundle, radii, across, 1.6, least_mm=4.0)


def _coccygeus(body: Body) -> Plan:
    begun = starts(body.areas["coccygeus.origin"], 40, 1.5)
    across = ranked(begun.points[:, 2])
    side = painted(body.areas["coccygeus.insertion"], 1.0).vertices
    edge = painted(body.areas["coccygeus.insertion-sacrum"], 1.0).vertices
    low = side[side[:, 2] > np.quantile(side[:, 2], 0.35)]
    line = np.stack([low[np.argmin(low[:, 2])], low[np.argmax(low[:, 2])], edge.mean(axis=0)])
    bundle = pulled(body, [begun.points, lifted(body, along(line, across), 1.2)], 2.0)
    radii = thick(belly(1.8, 2.6, 2.0, 0.5), begun, 4.0, 0.9)
    return Plan(bundle, radii, across, band=0.05)


def _levator_ani(body: Body) -> Plan:
    pubis = starts(body.areas["levator-ani.origin"], 30, 2.0).points.mean(axis=0)
    spine = beside(body.left["ischial-spine"][0], -4.0, -3.0, -2.0)
    rim = foramen_rim(body.bones, body.left)
    arch = beside(rim[np.argmax(rim[:, 2])], -9.0, 12.0, 6.0)
    # Its tendinous arch hangs on the fascia of obturator internus, from the pubis to the spine.
    # Its front edge begins behind the bone, where nothing pushes it below or before the pubis.
    front = beside(pubis, 0.0, 2.5, 3.0)
    begun = lifted(body, laid([front[None], arch[None], spine[None]], 180)[0], 2.2)
    across = np.linspace(0.0, 1.0, len(begun))
    tip = body.left["coccyx-tip"][0]
    hiatus = (pubis + tip) / 2
    inner_border = np.stack(
        [
            beside(pubis, -3.0, 11.0, -4.0),
            np.array([11.0, hiatus[1] - 8.0, tip[2] - 24.0]),
            np.array([8.5, hiatus[1] + 12.0, tip[2] - 24.0]),
            np.array([2.0, tip[1] - 22.0, tip[2] - 16.0]),
            beside(tip, 2.2, -4.0, -4.0),
            beside(tip, 5.5, 3.0, 12.0),
        ]
    )
    round_corners = laid([corner[None] for corner in inner_border], 180)[0]
    ends = lifted(body, along(round_corners, across), 1.5)
    sag = (begun + ends) / 2 + np.array([3.0, 0.0, -5.0])
    bundle = pulled(body, [begun, sag, ends], 2.6)
    # A hammock hangs; it is not pulled flat.
    hang = np.sin(np.linspace(0, np.pi, POINTS))[:, None] * np.array([1.5, 0.0, -6.0])
    bundle = lifted(body, (bundle + hang).reshape(-1, 3), 2.4).reshape(bundle.shape)
    radii = np.full(bundle.shape[:2], 2.4)
    return Plan(bundle, radii, across, 1.0, least_mm=2.2, band=0.05)


PLANS: dict[str, Callable[[Body], Plan]] = {
    "obturator-internus": _obturator_internus,
    "superior-gemellus": _gemellus("superior-gemellus", 40, (0.0, 0.0, 3.0)),
    "inferior-gemellus": _gemellus("inferior-gemellus", 45, (0.0, 0.0, -3.0)),
    "quadratus-femoris": _quadratus_femoris,
    "coccygeus": _coccygeus,
    "levator-ani": _levator_ani,
    "piriformis": _piriformis,
    "gluteus-minimus": _gluteus_minimus,
    "iliacus": _iliacus,
    "psoas-major": _psoas_major,
    "quadratus-lumborum": _quadratus_lumborum,
    "multifidus": _multifidus,
    "tensor-fasciae-latae": _tensor_fasciae_latae,
    "gluteus-medius": _gluteus_medius,
    "gluteus-maximus": _gluteus_maximus,
}
"""In the order in which they are grown: the deepest first."""
