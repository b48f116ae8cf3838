"""How soft tissue follows the bones: which bodies carry each vertex, and where that takes it.

A vertex that touches a bone goes with it. Between bones the shares change as evenly as they can
over the surface (harmonic weights). Round the hip, a share is not a mean of two places but that
share of the turn about the head of the femur, so that a muscle does not shrink when the hip bends.
Where the share changes along the surface, that turns unevenly and shears; normals follow the shear.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from siexplorer.geometry.motion import BODIES, SIDES, Joints, rotation_vector_deg
from siexplorer.geometry.surface import Floats, Surface, edges

Singles = npt.NDArray[np.float32]

FLEXION_DEG = np.array([-30.0, 0.0, 30.0, 60.0, 90.0, 120.0])
"""Angles of a femur in its socket at which it is known how tissue gives way; evenly spaced, with
rest among them. Extension is negative."""

REACH_MM = 9.0
"""A body that comes no nearer than this to a structure does not carry it (design)."""

FAR_MM = 70.0
"""Bodies farther off than this are not told apart (design)."""

FIRM = 0.12
"""A vertex goes wholly with a body that is nearer than this share of the distance to the next
(design)."""

ENDS = 0.04
"""Share of the vertices that counts as each end of the fibres (design)."""

SLIP = 0.01
"""How strongly a free vertex is drawn to the bones it lies near, against its neighbours (design:
bellies keep to what they lie on without a kink)."""

HELD = 1e6
"""As ``SLIP``, where nothing slips."""

NEARNESS = 3.0
"""Power of the distance by which a body's pull on a free vertex fades (design)."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The bones as search trees, with their boxes, in the order of ``BODIES``."""

    trees: dict[str, cKDTree]
    low: dict[str, Floats]
    high: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Tied:
    """Soft tissue ready to follow, in singles, coordinate by coordinate so that it follows fast.

    Points and normals (3, n), shares (bodies, n). ``thighs`` (n,) by side is the share that turns
    with that femur; in ``shares`` it is counted with the innominate, in whose socket the femur
    turns. ``yields`` (angles, 3, n) by side are shifts at ``FLEXION_DEG`` of that hip by which
    tissue gives way to bone. Only points within ``spans`` have either, if that is known. ``slopes``
    (3, n) by side tell how that share grows along the surface, per mm at rest.
    """

    points: Singles
    normals: Singles
    shares: Singles
    thighs: dict[str, Singles]
    yields: dict[str, Singles] = field(default_factory=dict)
    spans: dict[str, slice] = field(default_factory=dict)
    slopes: dict[str, Singles] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many points there are."""
        return int(self.points.shape[1])

    def only(self, chosen: npt.NDArray[np.int64]) -> "Tied":
        """Some of the vertices."""
        return Tied(
            self.points[:, chosen],
            self.normals[:, chosen],
            self.shares[:, chosen],
            {side: share[chosen] for side, share in self.thighs.items()},
            {side: shift[:, :, chosen] for side, shift in self.yields.items()},
            slopes={side: slope[:, chosen] for side, slope in self.slopes.items()},
        )

    def mean_of(self, groups: list[npt.NDArray[np.int64]]) -> "Tied":
        """One point for each group of vertices, tied as those are on average."""

        def mean(values: Singles) -> Singles:
            return np.stack([values[..., group].mean(axis=-1) for group in groups], axis=-1)

        return Tied(
            mean(self.points),
            mean(self.normals),
            mean(self.shares),
            {side: mean(share) for side, share in self.thighs.items()},
            {side: mean(shift) for side, shift in self.yields.items()},
            slopes={side: mean(slope) for side, slope in self.slopes.items()},
        )


def carriers(bones: dict[str, list[Surface]]) -> Carriers:
    """Bones by body ready to be searched; the sacrum's list may hold the coccyx too."""
    trees, low, high = {}, {}, {}
    for name, parts in bones.items():
        places = np.concatenate([part.vertices for part in parts])
        trees[name] = cKDTree(places, leafsize=32)
        low[name], high[name] = places.min(axis=0), places.max(axis=0)
    return Carriers(trees, low, high)


def shares_of(
    surface: Surface,
    bones: Carriers,
    along: Floats | None = None,
    *,
    reach_mm: float = REACH_MM,
    far_mm: float = FAR_MM,
    firm: float = FIRM,
    slip: float = SLIP,
    nearness: float = NEARNESS,
) -> Floats:
    """(n, bodies) how much of each vertex each body carries; rows sum to 1.

    Only bodies that come within ``reach_mm`` carry anything. See ``FIRM``, ``SLIP`` and
    ``NEARNESS`` for the rest.

    ``along`` (n,) from origin to insertion: both ends are held by the bones nearest to them,
    however far those are (a tendon that joins a fascia goes with the bone below it).
    """
    distance = _distances(surface, bones, far_mm)
    near = distance.min(axis=0) < reach_mm
    if along is not None:
        first, last = np.quantile(along, [ENDS, 1.0 - ENDS])
        for end in (along <= first, along >= last):
            near[distance[end].mean(axis=0).argmin()] = True
    if not near.any():
        near[distance.min(axis=0).argmin()] = True
    count, bodies = len(surface.vertices), np.flatnonzero(near)
    shares = np.zeros((count, len(BODIES)))
    if len(bodies) == 1:
        shares[:, bodies[0]] = 1.0
        return shares
    away = np.maximum(distance[:, bodies], 0.3)
    order = np.sort(away, axis=1)
    fixed = order[:, 0] < firm * order[:, 1]
    pull = (order[:, :1] / away) ** nearness
    pull /= pull.sum(axis=1, keepdims=True)
    nearest = np.eye(len(bodies))[away.argmin(axis=1)]
    wanted = np.where(fixed[:, None], nearest, pull)
    shares[:, bodies] = _spread(surface, np.where(fixed, HELD, slip), wanted)
    return shares


def tied(
    points: Floats, normals: Floats, shares: Floats, faces: npt.NDArray[np.int32] | None = None
) -> Tied:
    """Points (n, 3) with normals (n, 3) and shares (n, bodies) made ready to follow quickly.

    With the ``faces`` (m, 3) of their surface the normals tell how it lies when a hip bends far.
    """
    carried, thighs, slopes = shares.copy(), {}, {}
    for side in SIDES:
        femur, hip = BODIES.index(f"{side}-femur"), BODIES.index(f"{side}-hip-bone")
        carried[:, hip] += carried[:, femur]
        carried[:, femur] = 0.0
        if shares[:, femur].any():
            thighs[side] = shares[:, femur].astype(np.float32)
            if faces is not None:
                slope = _slope(Surface(points, faces), normals, shares[:, femur])
                slopes[side] = _singles(slope.T)
    return Tied(_singles(points.T), _singles(normals.T), _singles(carried.T), thighs, slopes=slopes)


def _slope(surface: Surface, normals: Floats, values: Floats) -> Floats:
    """(n, 3) how (n,) values grow along a surface, per mm: each face's gradient, by its area."""
    corners = surface.vertices[surface.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    # The edge across from each corner.
    across = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    weighted = np.einsum("fc,fcd->fd", values[surface.faces], across)
    grown, area = np.zeros_like(surface.vertices), np.zeros((len(surface.vertices), 1))
    for corner in surface.faces.T:
        np.add.at(grown, corner, np.cross(facing / double, weighted))
        np.add.at(area, corner, double)
    found = grown / np.maximum(area, 1e-9)
    return np.asarray(found - np.einsum("ij,ij->i", found, normals)[:, None] * normals)


def gathered(parts: list[Tied]) -> Tied:
    """Several structures as one, which follows in one step, the faster the closer together those
    lie that turn with the same thigh.
    """
    ends = np.cumsum([0, *(part.count for part in parts)])
    turning = {s: [k for k, part in enumerate(parts) if s in part.thighs] for s in SIDES}

    def joined(side: str, of: str, shape: tuple[int, ...]) -> Singles:
        pieces = [
            getattr(part, of).get(side, np.zeros((*shape, part.count), dtype=np.float32))
            for part in parts
        ]
        return np.concatenate(pieces, axis=-1)

    return Tied(
        np.concatenate([part.points for part in parts], axis=1),
        np.concatenate([part.normals for part in parts], axis=1),
        np.concatenate([part.shares for part in parts], axis=1),
        {s: joined(s, "thighs", ()) for s in SIDES if any(s in one.thighs for one in parts)},
        {
            s: joined(s, "yields", (len(FLEXION_DEG), 3))
            for s in SIDES
            if any(s in one.yields for one in parts)
        },
        {s: slice(int(ends[k[0]]), int(ends[k[-1] + 1])) for s, k in turning.items() if k},
        {s: joined(s, "slopes", (3,)) for s in SIDES if any(s in one.slopes for one in parts)},
    )


def follow(
    tissue: Tied, matrices: dict[str, Floats], joints: Joints, *, facing: bool = True
) -> tuple[Singles, Singles]:
    """(3, n) points and (3, n) normals of soft tissue where the bodies' (4, 4) matrices take it.

    Without ``facing`` the normals are left as they are at rest.
    """
    points, normals = tissue.points, tissue.normals
    for side in tissue.thighs:
        points, normals = _bent(tissue, points, normals, side, matrices, joints, facing=facing)
    stacked = np.stack([matrices.get(name, REST)[:3] for name in BODIES], axis=-1)
    each = stacked.reshape(12, -1).astype(np.float32) @ tissue.shares
    moved = _turned(each, points)
    moved += each[3::4]
    return moved, _turned(each, normals) if facing else normals


REST = np.eye(4)


def _turned(each: Singles, ways: Singles) -> Singles:
    """(3, n) each of the ways (3, n) turned by its own rotation, rows of ``each`` (12, n)."""
    found, part = np.empty_like(ways), np.empty_like(ways[0])
    for axis in range(3):
        np.multiply(each[4 * axis], ways[0], out=found[axis])
        for other in (1, 2):
            np.multiply(each[4 * axis + other], ways[other], out=part)
            found[axis] += part
    return found


def _singles(values: Floats) -> Singles:
    return np.ascontiguousarray(values, dtype=np.float32)


def _bent(
    tissue: Tied,
    points: Singles,
    normals: Singles,
    side: str,
    matrices: dict[str, Floats],
    joints: Joints,
    *,
    facing: bool,
) -> tuple[Singles, Singles]:
    """Points and normals with each one's share of the turn of the femur in its socket."""
    hip, femur = (matrices[f"{side}-{body}"] for body in ("hip-bone", "femur"))
    vector = np.radians(rotation_vector_deg(hip[:3, :3].T @ femur[:3, :3]))
    angle = float(np.linalg.norm(vector))
    if angle < LEAST_TURN:
        return points, normals
    axis = vector / angle
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    once, twice = cross.astype(np.float32), (cross @ cross).astype(np.float32)
    span = tissue.spans.get(side, slice(None))
    turn = tissue.thighs[side][span] * np.float32(angle)
    sine, rest = np.sin(turn), np.float32(1.0) - np.cos(turn)
    bent = points.copy()
    offset = points[:, span] - joints.hips[side].astype(np.float32)[:, None]
    way = once @ offset
    bent[:, span] += sine * way + rest * (twice @ offset)
    if facing:
        still = normals[:, span]
        if side in tissue.slopes:
            still = _sheared(still, np.float32(angle) * way, tissue.slopes[side][:, span])
        normals = normals.copy()
        normals[:, span] = still + sine * (once @ still) + rest * (twice @ still)
    flexion = float(np.degrees(-vector[0]))
    if side in tissue.yields:
        low, high = float(FLEXION_DEG[0]), float(FLEXION_DEG[-1])
        place = (min(max(flexion, low), high) - low) / float(FLEXION_DEG[1] - low)
        first = min(int(place), len(FLEXION_DEG) - 2)
        share = np.float32(place - first)
        before, after = tissue.yields[side][first : first + 2, :, span]
        bent[:, span] += (1 - share) * before + share * after
    return bent, normals


def _sheared(normals: Singles, way: Singles, slope: Singles) -> Singles:
    """(3, n) normals where the surface shears: its points go ``way`` (3, n) per share, which grows
    by ``slope`` (3, n). The cofactor of 1 + way slope^T takes normals along.
    """
    grown = _dot(way, slope)
    grown += np.float32(1.0)
    found = grown * normals
    found -= _dot(way, normals) * slope
    found /= np.sqrt(np.maximum(_dot(found, found), np.float32(1e-12)))
    return found


def _dot(one: Singles, other: Singles) -> Singles:
    """(n,) products of the columns of (3, n), faster than ``einsum`` gives them."""
    found: Singles = one[0] * other[0]
    found += one[1] * other[1]
    found += one[2] * other[2]
    return found


LEAST_TURN = 1e-6
"""A turn of a hip below this many radians is none."""


def _distances(surface: Surface, bones: Carriers, far_mm: float) -> Floats:
    """(n, bodies) distance from each vertex to each body, up to ``far_mm``; beyond it, that."""
    found = np.full((len(surface.vertices), len(BODIES)), far_mm)
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    for number, name in enumerate(BODIES):
        if name not in bones.trees:
            continue
        if (bones.low[name] > high + far_mm).any() or (bones.high[name] < low - far_mm).any():
            continue
        away, _ = bones.trees[name].query(surface.vertices, eps=0.05, distance_upper_bound=far_mm)
        found[:, number] = np.minimum(away, far_mm)
    return found


def _spread(surface: Surface, hold: Floats, wanted: Floats) -> Floats:
    """(n, k) shares as even as can be over the surface, each drawn to ``wanted`` by ``hold``."""
    pairs, _ = edges(surface)
    count = len(surface.vertices)
    length = np.linalg.norm(np.diff(surface.vertices[pairs], axis=1)[:, 0], axis=1)
    weight = 1.0 / np.maximum(length, 0.05)
    one, other = pairs.T
    links = coo_array(
        (np.r_[weight, weight], (np.r_[one, other], np.r_[other, one])), shape=(count, count)
    ).tocsr()
    degree = np.asarray(links.sum(axis=1)).ravel()
    degree[degree == 0.0] = 1.0
    links = csr_array(diags_array(1.0 / degree) @ links)
    system = diags_array(1.0 + hold) - links
    found = splu(system.tocsc()).solve(hold[:, None] * wanted)
    found = np.clip(found, 0.0, 1.0)
    return np.asarray(found / found.sum(axis=1, keepdims=True))
