"""What follows the bones of a pack: soft tissue tied to them, and how long it becomes."""

import threading
from dataclasses import dataclass, replace

import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Ligament, Muscle, Nerve, Skin, Vessel
from siexplorer.exploration.catalog import is_soft
from siexplorer.exploration.moving import Pose, joints_of
from siexplorer.geometry.motion import BODIES, SIDES, Joints, moved
from siexplorer.geometry.skinning import Carriers, Tied, carriers, follow, gathered, shares_of, tied
from siexplorer.geometry.surface import Floats
from siexplorer.geometry.yielding import ways_out
from siexplorer.packs.pack import Pack

STRANDS, STEPS = 3, 10
"""Lines across a muscle or ligament, and places along each, by which its length is measured."""

TUBE_REACH_MM, SKIN_REACH_MM, SKIN_FAR_MM = 45.0, 90.0, 160.0
"""Nerves and vessels, and skin, lie off the bones that carry them by up to this (design)."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a muscle or ligament is: the mean of its strands, at rest and now."""

    rest_mm: float
    now_mm: float

    @property
    def change_mm(self) -> float:
        """Longer is positive."""
        return self.now_mm - self.rest_mm

    @property
    def change_percent(self) -> float:
        """Of the length at rest; of a ligament, its strain."""
        return 100.0 * self.change_mm / self.rest_mm


@dataclass(frozen=True, slots=True)
class JointLine:
    """How the two sides of an SI joint shift: apart (``gap_mm``, opening positive) and along each
    other (``glide_mm``), at the middle of the joint surface, at true size.
    """

    gap_mm: float
    glide_mm: float


class Following:
    """Ties each structure of a pack to its bones when it is first asked for, and keeps that.

    A pack that is another one in a different shape is tied as that one, ``like``, is: what carries
    a vertex is the same, and so is about how it gives way to bone; unless it ``yields`` by itself,
    which takes as long as for any pack.
    """

    def __init__(
        self,
        known: Knowledge,
        pack: Pack,
        like: "Following | None" = None,
        *,
        yields: bool = False,
    ) -> None:
        self.pack, self._entries, self._like, self._yields = pack, known.entries, like, yields
        self._bones: Carriers | None = None
        self._tied: dict[str, Tied] = {}
        self._lines: tuple[list[str], Tied, Floats] | None = None
        self._lock = threading.RLock()

    def soft(self, name: str) -> bool:
        """Whether a surface bends and stretches, instead of going with one bone."""
        info = self.pack.surfaces[name].info
        return is_soft(self._entries.get(info.entry), info)

    def ready(self, name: str) -> Tied | None:
        """A structure that is tied already, or None."""
        if name in self._tied or self._like is None or self._yields:
            return self._tied.get(name)
        return None if self._like.ready(name) is None else self.tie(name)

    def tie(self, name: str) -> Tied:
        """A structure tied to its bones; takes some hundredths of a second the first time."""
        with self._lock:
            if name not in self._tied:
                one = self.pack.surfaces[name]
                if self._like is not None:
                    made = replace(
                        self._like.tie(name),
                        points=np.ascontiguousarray(one.surface.vertices.T, dtype=np.float32),
                        normals=np.ascontiguousarray(one.normals.T, dtype=np.float32),
                    )
                    if self._yields:
                        made = self._yielding(name, replace(made, yields={}))
                    self._tied[name] = made
                    return made
                surface = one.surface
                made = tied(surface.vertices, one.normals, self._shares(name), surface.faces)
                self._tied[name] = self._yielding(name, made)
            return self._tied[name]

    def prepare(self) -> None:
        """Tie everything; arrays alone, so a thread may do it."""
        for name in self.pack.surfaces:
            if self.soft(name):
                self.tie(name)
        self._strands()

    def carried(self, name: str, points: Floats, pose: Pose) -> Floats:
        """(k, 3) points on a soft surface, as drawn; at rest while it is not tied yet."""
        whole = self.ready(name)
        if whole is None:
            return points
        vertices = self.pack.surfaces[name].surface.vertices
        nearest = np.array([np.linalg.norm(vertices - one, axis=1).argmin() for one in points])
        there, _ = follow(whole.only(nearest), pose.matrices, pose.joints)
        return np.asarray(there.T + (points - vertices[nearest]), dtype=np.float64)

    def bent(self, name: str, pose: Pose) -> Floats:
        """(n, 3) the vertices of a soft surface, as drawn."""
        points, _ = follow(self.tie(name), pose.matrices, pose.joints)
        return points.T.astype(np.float64)

    @property
    def measured(self) -> bool:
        """Whether lengths can be told without waiting."""
        return self._lines is not None

    def lengths(self, pose: Pose, matrices: dict[str, Floats] | None = None) -> dict[str, Length]:
        """How long every muscle and ligament is, by the id of its surface, at true size."""
        names, lines, rest = self._strands()
        if not names:
            return {}
        points, _ = follow(lines, matrices or pose.true, pose.joints)
        now = _lengths(points.T.astype(np.float64).reshape(-1, STRANDS, STEPS, 3))
        return {
            name: Length(float(first), float(last))
            for name, first, last in zip(names, rest, now, strict=True)
        }

    def joint_lines(self, pose: Pose) -> dict[str, JointLine]:
        """How both SI joints open and glide, at true size, without what is only drawn."""
        found = {}
        for side in SIDES:
            place, across = pose.joints.si[side], self._across(side, pose.joints)
            sacrum = np.linalg.inv(pose.si_only["sacrum"])
            shift = moved(sacrum @ pose.si_only[f"{side}-hip-bone"], place) - place
            gap = float(shift @ across)
            found[side] = JointLine(gap, float(np.linalg.norm(shift - gap * across)))
        return found

    def _across(self, side: str, joints: Joints) -> Floats:
        """(3,) square to the joint surface, from the sacrum to the innominate."""
        cartilage = self.pack.surfaces.get(f"{side}-si-joint-cartilage")
        outwards = np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
        if cartilage is None:
            return outwards
        flat = cartilage.surface.vertices - cartilage.surface.vertices.mean(axis=0)
        normal = np.linalg.svd(flat, full_matrices=False)[2][2]
        return np.asarray(normal if normal @ outwards > 0 else -normal)

    def _yielding(self, name: str, made: Tied) -> Tied:
        """A muscle that would sink into bone where the hip bends, told how to give way."""
        one = self.pack.surfaces[name]
        if not isinstance(self._entries.get(one.info.entry), Muscle):
            return made
        joints, yields = joints_of(self.pack), {}
        for side in made.thighs:
            bones = {
                body: self.pack.surfaces[body].surface
                for body in (f"{side}-hip-bone", f"{side}-femur")
            }
            out = ways_out(one.surface, made, joints, side, bones)
            if out is not None:
                yields[side] = out.transpose(0, 2, 1).astype(np.float32)
        return replace(made, yields=yields) if yields else made

    def _shares(self, name: str) -> Floats:
        one = self.pack.surfaces[name]
        entry = self._entries.get(one.info.entry)
        along = None if one.fibres is None else one.fibres[:, 1].astype(np.float64)
        if isinstance(entry, Skin):
            return shares_of(
                one.surface,
                self._carriers(),
                reach_mm=SKIN_REACH_MM,
                far_mm=SKIN_FAR_MM,
                firm=0.0,
                slip=SKIN_SLIP,
                nearness=SKIN_NEARNESS,
            )
        if isinstance(entry, Nerve | Vessel):
            near = shares_of(one.surface, self._carriers(), reach_mm=TUBE_REACH_MM)
            return self._into_thigh(name, near)
        return shares_of(one.surface, self._carriers(), along)

    def _into_thigh(self, name: str, shares: Floats) -> Floats:
        """Shares (n, bodies) of a nerve or vessel that goes with the thigh below the hip."""
        side = name.partition("-")[0]
        if side not in SIDES:
            return shares
        below = joints_of(self.pack).hips[side][2] - self.pack.surfaces[name].surface.vertices[:, 2]
        share = np.clip((below - THIGH_FROM_MM) / (THIGH_TO_MM - THIGH_FROM_MM), 0.0, 1.0)
        share = share * share * (3.0 - 2.0 * share)
        found: Floats = shares * (1.0 - share)[:, None]
        found[:, BODIES.index(f"{side}-femur")] += share
        return found

    def _carriers(self) -> Carriers:
        if self._bones is None:
            bones = {
                body: [
                    one.surface
                    for name, one in self.pack.surfaces.items()
                    if one.info.moves_with == body
                    and one.info.role == "body"
                    and not self.soft(name)
                ]
                for body in BODIES
            }
            self._bones = carriers({body: parts for body, parts in bones.items() if parts})
        return self._bones

    def _strands(self) -> tuple[list[str], Tied, Floats]:
        """Every muscle's and ligament's lines, tied, and how long they are at rest."""
        with self._lock:
            if self._lines is None:
                names, parts = [], []
                for name, one in self.pack.surfaces.items():
                    entry = self._entries.get(one.info.entry)
                    body = one.info.role == "body" and one.fibres is not None
                    if body and isinstance(entry, Muscle | Ligament):
                        names.append(name)
                        parts.append(self._lines_of(name))
                lines = gathered(parts) if parts else tied(NO_POINTS, NO_POINTS, NO_SHARES)
                rest = _lengths(lines.points.T.astype(np.float64).reshape(-1, STRANDS, STEPS, 3))
                self._lines = names, lines, rest
            return self._lines

    def _lines_of(self, name: str) -> Tied:
        """The middles of the vertices of each strand at each step, tied as those are on average."""
        one, whole = self.pack.surfaces[name], self.tie(name)
        assert one.fibres is not None
        across, along = one.fibres.astype(np.float64).T
        strand = _ranked(across, STRANDS)
        chosen = []
        for number in range(STRANDS):
            own = np.flatnonzero(strand == number)
            step = _ranked(along[own], STEPS)
            chosen += [own[step == k] for k in range(STEPS)]
        return whole.mean_of(chosen)


NO_POINTS, NO_SHARES = np.zeros((0, 3)), np.zeros((0, len(BODIES)))

THIGH_FROM_MM, THIGH_TO_MM = -5.0, 65.0
"""Nerves and vessels pass from the pelvis to the thigh between so far below the hip (design)."""

SKIN_SLIP, SKIN_NEARNESS = 0.03, 8.0
"""Skin folds in a band of some centimetres where the nearest bone changes (design)."""


def _ranked(values: Floats, count: int) -> Floats:
    """(n,) which of ``count`` equally full groups each value falls in, from the lowest up."""
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return np.asarray(rank * count // max(1, len(values)))


def _lengths(lines: Floats) -> Floats:
    """(k,) mean length of (k, strands, steps, 3) lines."""
    return np.asarray(np.linalg.norm(np.diff(lines, axis=2), axis=3).sum(axis=2).mean(axis=1))
