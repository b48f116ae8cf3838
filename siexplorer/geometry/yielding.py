"""How soft tissue gives way to bone when the hip bends: small shifts, worked out beforehand.

Shares of a turn alone would let a muscle that lies over the joint sink into the bone there. At a
few angles its points are pushed out along the bone's surface and the push is evened out over the
muscle; between those angles the shifts are interpolated.
"""

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.spatial import cKDTree

from siexplorer.geometry.lattice import spread_over
from siexplorer.geometry.motion import Joints, Posture, Thigh, moved, posed
from siexplorer.geometry.skinning import FLEXION_DEG, Tied, follow
from siexplorer.geometry.surface import Floats, Surface, edges, face_normals, vertex_normals

ALLOWED_MM, CLEAR_MM = 0.3, 1.2
"""A muscle that lies no deeper than the first is left as it is; others end so far outside."""

TURNS, UNFOLD_ROUNDS, FOLDED_SHARE = 6, 25, 0.002
"""How often in turn folds are evened out and bone is cleared, how often each time, and which share
of turned triangles is let be (design)."""

NEAR_MM, ROUNDS, SOFTENED = 14.0, 8, 4
"""How near a bone is searched for; how often points are pushed, and that evened out (design)."""


def ways_out(
    surface: Surface, tissue: Tied, joints: Joints, side: str, bones: dict[str, Surface]
) -> Floats | None:
    """(angles, n, 3) shifts of a muscle's vertices, before the bones carry them, or None.

    ``bones`` are those that may be met, by body; the innominate of the side is at rest.
    """
    searched = {name: _Searched(bone) for name, bone in bones.items()}
    smooth = _averaging(surface)
    found = np.zeros((len(FLEXION_DEG), len(surface.vertices), 3))
    rest = int(np.flatnonzero(FLEXION_DEG == 0.0)[0])
    needed = False
    for number in (*range(rest - 1, -1, -1), *range(rest + 1, len(FLEXION_DEG))):
        angle = FLEXION_DEG[number]
        thighs = {"left": Thigh(), "right": Thigh(), side: Thigh(flexion_deg=float(angle))}
        matrices = posed(joints, Posture(thighs=thighs))
        there, _ = follow(tissue, matrices, joints, facing=False)
        bent = there.T.astype(np.float64)
        # Each angle goes on from the one nearer to rest.
        shift = found[number + 1 if number < rest else number - 1].copy()
        for _ in range(TURNS):
            unfolded = _unfolded(surface, bent + shift, smooth)
            if unfolded is not None:
                needed, shift = True, unfolded - bent
            # Last of all out of the bone: a crease is seen less than a muscle in bone.
            shift, pushed = _pushed_out(bent, shift, matrices, searched, smooth)
            needed = needed or pushed
            if unfolded is None and not pushed:
                break
        found[number] = shift
    return found if needed else None


def _pushed_out(
    bent: Floats,
    shift: Floats,
    matrices: dict[str, Floats],
    searched: "dict[str, _Searched]",
    smooth: csr_array,
) -> tuple[Floats, bool]:
    """(n, 3) shifts that also take ``bent`` (n, 3) out of the bones, and whether any had to."""
    shift, pushed = shift.copy(), False
    for _ in range(ROUNDS):
        push = np.zeros_like(shift)
        for name, bone in searched.items():
            back = np.asarray(np.linalg.inv(matrices[name]))
            away = bone.out_of(moved(back, np.asarray(bent + shift)))
            push += away @ matrices[name][:3, :3].T
        if np.linalg.norm(push, axis=1).max() < ALLOWED_MM:
            break
        pushed = True
        spread = push
        for _ in range(SOFTENED):
            spread = smooth @ spread
        # What sinks in is pushed out whole; its neighbours go along.
        sunk = np.linalg.norm(push, axis=1, keepdims=True) > 0.0
        shift += np.where(sunk, push, spread)
    return shift, pushed


def _unfolded(surface: Surface, points: Floats, smooth: csr_array) -> Floats | None:
    """(n, 3) points evened out where triangles face against those around, or None where none do."""
    found = points.copy()
    changed = False
    for _ in range(UNFOLD_ROUNDS):
        now = Surface(found, surface.faces)
        around = vertex_normals(now)[surface.faces].mean(axis=1)
        over = np.einsum("ij,ij->i", face_normals(now), around) < 0.0
        if over.sum() <= len(surface.faces) * FOLDED_SHARE:
            break
        changed = True
        near = np.zeros(len(points))
        near[surface.faces[over].ravel()] = 1.0
        # Their neighbours go along, the farther the less.
        for _ in range(2):
            near = np.maximum(near, np.minimum(1.0, 1.6 * (smooth @ near)))
        found += 1.8 * near[:, None] * (smooth @ found - found)
    return found if changed else None


class _Searched:
    """A bone whose way out can be asked for."""

    def __init__(self, bone: Surface) -> None:
        self.places, self.normals = spread_over(bone)
        self.tree = cKDTree(self.places)
        self.low = bone.vertices.min(axis=0) - 1.0
        self.high = bone.vertices.max(axis=0) + 1.0

    def out_of(self, points: Floats) -> Floats:
        """(n, 3) what takes points inside the bone out of it; zero for all others."""
        push = np.zeros_like(points)
        near = np.flatnonzero(((points > self.low) & (points < self.high)).all(axis=1))
        if not len(near):
            return push
        away, which = self.tree.query(points[near], distance_upper_bound=NEAR_MM)
        found = np.isfinite(away)
        near, which, away = near[found], which[found], away[found]
        offset = self.places[which] - points[near]
        depth = np.einsum("ij,ij->i", offset, self.normals[which])
        # Close to the surface its plane is the better guide; deeper in, the nearest place.
        inside = depth > 0.0
        length = np.where(away < 3.0, depth, away) + CLEAR_MM
        way = np.where((away < 3.0)[:, None], self.normals[which], offset / _lengths(offset))
        push[near[inside]] = (way * length[:, None])[inside]
        return push


def _lengths(vectors: Floats) -> Floats:
    return np.asarray(np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _averaging(surface: Surface) -> csr_array:
    """Each vertex' neighbours' mean, half and half with itself."""
    pairs, _ = edges(surface)
    count = len(surface.vertices)
    one, other = pairs.T
    links = coo_array(
        (np.ones(2 * len(pairs)), (np.r_[one, other], np.r_[other, one])), shape=(count, count)
    ).tocsr()
    degree = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1.0)
    half = 0.5 * diags_array(np.ones(count)) + 0.5 * (diags_array(1.0 / degree) @ links)
    return csr_array(half)
