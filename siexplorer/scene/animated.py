"""A movement as an animated 3D model (GLB) that opens in other programs' viewers.

Bones are nodes that turn and shift. Soft tissue is a glTF skin on them. Where a muscle takes a
share of the turn in a hip, in-between joints (``LEVELS`` of them) stand for the shares, because a
plain blend of two places would make it shrink when the hip bends. Every file says, written on a
plinth and in its extras, how much is magnified and what is true, and which side is which.

glTF wants metres, +y up and +z forwards; a body's +x stays its left.
"""

import io
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from siexplorer import __version__
from siexplorer.anatomy.records import Movement, Skin
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.moving import Pose, pose
from siexplorer.geometry.motion import BODIES, SIDES, Joints, moved, rotation_vector_deg, turned
from siexplorer.geometry.section import flat_ends
from siexplorer.geometry.skinning import FLEXION_DEG, Tied
from siexplorer.geometry.surface import (
    Floats,
    Ints,
    compacted,
    used_vertices,
    vertex_normals,
)
from siexplorer.packs.pack import Pack, PackSurface
from siexplorer.scene.gltf import Array, Glb, Rgba, quaternions
from siexplorer.scene.looks import colour_of, role_of
from siexplorer.scene.reel import Reel
from siexplorer.scene.theme import LIGHT, Rgb

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

TO_GLTF = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
M_PER_MM = 0.001

LEVELS = 8
"""Steps between no share and the whole of the turn in a hip (design)."""

LEAST_WEIGHT = 1e-4
"""Less than this of a point is not worth a joint (design)."""

ALIKE_MM, LOOKS = 0.2, 7
"""Joints that never go further apart than this are one; at how many moments weights are fitted
(design)."""

INFLUENCES = 4
"""How many joints glTF lets move one point."""

FADED_OPACITY = 0.22
LETTER_MM, LETTER_APART_MM = 46.0, 42.0
"""How large L and R are, and how far outside the body they stand (design)."""

PLINTH_MM, PLINTH_HIGH_MM, PLINTH_BELOW_MM = 400.0, 100.0, 26.0
LETTER_PX, PLINTH_PX = (256, 256), (2048, 512)
"""How large the pictures of the plates are; powers of two, which old viewers ask for."""

Joint = tuple[str, str, int]
"""A body, and the side and level of the share of a hip's turn before it: ("sacrum", "left", 3)."""


class NothingToShow(ValueError):
    """Everything that the model has is hidden."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is magnified in a movement, and the most that is true of it, over its whole length."""

    asked: float
    factor: float
    true_deg: float
    true_mm: float

    def words(self, exploration: Exploration) -> str:
        """The sentence that goes with every picture of it."""
        if self.true_deg < 0.05 and self.true_mm < 0.05:
            return exploration.known.say("plate_still")
        return exploration.known.say(
            "plate_true" if self.factor == 1.0 else "plate_magnified",
            factor=f"{self.factor:.3g}",
            true_deg=f"{self.true_deg:.1f}",
            true_mm=f"{self.true_mm:.1f}",
        )


def truth_of(poses: list[Pose]) -> Truth:
    """The most that is true over some moments of a movement."""
    factor = poses[0].factor
    return Truth(
        factor.asked,
        factor.used,
        max(abs(si.true_deg) for one in poses for si in one.si.values()),
        max(si.true_mm for one in poses for si in one.si.values()),
    )


def animated(exploration: Exploration, run: Reel) -> bytes:
    """The movement of an exploration as a GLB, with what the exploration shows.

    Raises
    ------
    NothingToShow
        If nothing is shown.
    ValueError
        If no movement is chosen, or its record asks for more than was ever measured.
    """
    state, known, pack = exploration.state, exploration.known, exploration.pack
    movement = known.movements.get(state.movement or "")
    if pack is None or movement is None:
        raise ValueError("no movement is chosen")
    poses = [pose(pack, movement, at, state.magnification) for at in run.moments]
    shown = shown_surfaces(exploration)
    if not shown:
        raise NothingToShow("nothing is shown")
    truth = truth_of(poses)
    words = truth.words(exploration)
    glb = Glb(
        f"SI Explorer {__version__}", f"{pack.info.attribution} Licence: {pack.info.licence}."
    )
    glb.extras = _extras(exploration, movement, pack, truth, words)
    writer = _Writer(glb, exploration, pack, poses, run)
    for name, surface in shown.items():
        writer.add(name, surface)
    low, high = _box(list(shown.values()))
    letters = _letters(glb, low, high)
    title = movement.lay_name[:1].upper() + movement.lay_name[1:]
    footer = known.say("education_footer")
    lines = [title, words, footer]
    if movement.teaching_model:
        lines.insert(1, known.say("teaching_caption"))
    plinth = _plinth(glb, lines, low, high)
    roots = writer.finished(movement.id)
    roots.append(glb.add("nodes", {"name": "plates", "children": [*letters, plinth]}))
    return glb.packed(roots, {"name": movement.id, "extras": glb.extras})


def shown_surfaces(exploration: Exploration) -> dict[str, PackSurface]:
    """The surfaces of the pack that are shown; inside an opaque skin nothing else is."""
    state, pack = exploration.state, exploration.pack
    found: dict[str, PackSurface] = {}
    for name, surface in pack.surfaces.items() if pack is not None else ():
        info = surface.info
        entry = exploration.known.entries.get(info.entry)
        role = role_of(info)
        if role == "area":
            there = state.attachments and info.moves_with not in state.hidden
        else:
            there = role == "body" and info.entry not in state.hidden
        if there and isinstance(entry, Skin) and info.entry not in state.faded:
            return {name: surface}
        if there:
            found[name] = surface
    return found


def to_gltf(points: Floats) -> Floats:
    """(n, 3) or (3,) mm of the body to metres of glTF."""
    return np.asarray(points @ TO_GLTF.T * M_PER_MM)


class _Writer:
    """Puts surfaces into a GLB, and the bodies and joints that carry them."""

    def __init__(
        self, glb: Glb, exploration: Exploration, pack: Pack, poses: list[Pose], run: Reel
    ) -> None:
        self.glb, self.exploration, self.pack, self.run = glb, exploration, pack, run
        self.carried = _Carried(poses)
        self._materials: dict[tuple[Rgb, float, bool], int] = {}
        self._children: dict[str, list[int]] = {}
        self._skinned: list[tuple[int, list[Joint]]] = []
        self._used: dict[Joint, None] = {}
        self._giving: dict[int, Floats] = {}

    def add(self, name: str, surface: PackSurface) -> None:
        """A surface: on its bone, or as a skin on several."""
        following, info = self.exploration.following, surface.info
        entry = self.exploration.known.entries.get(info.entry)
        faded = info.entry in self.exploration.state.faded and role_of(info) == "body"
        colour = colour_of(entry, info, LIGHT)
        material = self._material(colour, FADED_OPACITY if faded else 1.0, info.closed)
        extras = {"entry": info.entry, "provenance": info.provenance}
        if following is None or not following.soft(name):
            body = info.moves_with
            pivot = self.carried.pivot(body) if body in BODIES else np.zeros(3)
            points = to_gltf(surface.surface.vertices - pivot)
            mesh = self.glb.add_mesh(
                name,
                points,
                surface.surface.faces,
                material,
                normals=surface.normals @ TO_GLTF.T,
                extras=extras,
            )
            node = self.glb.add("nodes", {"name": name, "mesh": mesh})
            self._children.setdefault(body if body in BODIES else "", []).append(node)
            return
        drawn, normals, tied = surface.surface, surface.normals, following.tie(name)
        if isinstance(entry, Skin):
            sides = ~flat_ends(drawn)
            tied = tied.only(used_vertices(drawn, sides))
            drawn = compacted(drawn, sides)
            normals = vertex_normals(drawn)
        ways, when = self._giving_way(tied)
        joints, shares = shared_out(tied, self.carried.turns_deg())
        apart, some = self.carried.apart(joints, drawn.vertices), self.carried.some(joints)
        numbers, weights = influences(shares, apart, drawn.vertices, some)
        mesh = self.glb.add_mesh(
            name,
            to_gltf(drawn.vertices),
            drawn.faces,
            material,
            normals=normals @ TO_GLTF.T,
            joints=(numbers, weights),
            targets=[way @ TO_GLTF.T * M_PER_MM for way in ways],
            extras=extras,
        )
        node = self.glb.add("nodes", {"name": name, "mesh": mesh})
        if ways:
            self._giving[node] = np.stack(when, axis=1)
        self._skinned.append((node, joints))
        self._used |= dict.fromkeys(joints)

    def _giving_way(self, tissue: Tied) -> tuple[list[Floats], list[Floats]]:
        """How tissue gives way to bone where a hip bends: shifts (n, 3) mm at rest, and how much
        of each there is at each moment (moments,).
        """
        ways, when = [], []
        for side, table in tissue.yields.items():
            flexion = self.carried.flexion_deg(side)
            for number, angle in enumerate(FLEXION_DEG):
                much = np.interp(flexion, FLEXION_DEG, np.eye(len(FLEXION_DEG))[number])
                if angle == 0.0 or much.max() < LEAST_WEIGHT or not table[number].any():
                    continue
                # The shift is told as it is after the turn; a morph target comes before it.
                back = Rotation.from_rotvec(
                    np.radians(angle) * tissue.thighs[side][:, None] * [[1.0, 0.0, 0.0]]
                )
                ways.append(np.asarray(back.apply(table[number].T.astype(np.float64))))
                when.append(much)
        return ways, when

    def finished(self, name: str) -> list[int]:
        """Add what carries all that was added, and how it moves; returns the root nodes."""
        bodies = [body for body in BODIES if body in self._children]
        wanted: list[Joint] = [(body, "", 0) for body in bodies]
        wanted += [joint for joint in self._used if joint not in wanted]
        nodes = {}
        for joint in wanted:
            what: dict[str, Any] = {
                "name": _joint_name(joint),
                "translation": to_gltf(self.carried.pivot_of(joint)).tolist(),
            }
            if joint[2] == 0 and joint[0] in self._children:
                what["children"] = self._children[joint[0]]
            nodes[joint] = self.glb.add("nodes", what)
        children = [*nodes.values(), *self._children.get("", [])]
        root = self.glb.add("nodes", {"name": "body", "children": children})
        self._add_skins(nodes, root)
        self._add_animation(name, nodes)
        return [root, *(node for node, _ in self._skinned)]

    def _add_skins(self, nodes: dict[Joint, int], root: int) -> None:
        skins: dict[tuple[Joint, ...], int] = {}
        for node, joints in self._skinned:
            key = tuple(joints)
            if key not in skins:
                back = np.tile(np.eye(4), (len(joints), 1, 1))
                back[:, :3, 3] = [-to_gltf(self.carried.pivot_of(joint)) for joint in joints]
                # Column after column, as glTF has it.
                rows = back.transpose(0, 2, 1).reshape(len(joints), 16).astype(np.float32)
                skins[key] = self.glb.add(
                    "skins",
                    {
                        "joints": [nodes[joint] for joint in joints],
                        "skeleton": root,
                        "inverseBindMatrices": self.glb.add_array(rows),
                    },
                )
            self.glb.parts["nodes"][node]["skin"] = skins[key]

    def _add_animation(self, name: str, nodes: dict[Joint, int]) -> None:
        order = np.array(self.run.order)
        times, rows = _keys(self.run)
        clock = self.glb.add_array(times.astype(np.float32), bounds=True)
        channels: list[dict[str, Any]] = []
        samplers: list[dict[str, Any]] = []

        def animate(node: int, path: str, values: Array) -> None:
            if np.ptp(values, axis=0).max() < 1e-7:
                return
            numbers = self.glb.add_array(values.astype(np.float32))
            samplers.append({"input": clock, "output": numbers, "interpolation": "LINEAR"})
            target = {"node": node, "path": path}
            channels.append({"sampler": len(samplers) - 1, "target": target})

        for joint, node in nodes.items():
            matrices = self.carried.matrices(joint)[order][rows]
            places = moved_each(matrices, self.carried.pivot_of(joint))
            turns = TO_GLTF @ matrices[:, :3, :3] @ TO_GLTF.T
            animate(node, "rotation", quaternions(turns))
            animate(node, "translation", to_gltf(places))
        for node, much in self._giving.items():
            weights = much[order][rows]
            if weights.any():
                numbers = self.glb.add_array(weights.astype(np.float32).ravel())
                samplers.append({"input": clock, "output": numbers, "interpolation": "LINEAR"})
                target = {"node": node, "path": "weights"}
                channels.append({"sampler": len(samplers) - 1, "target": target})
        if channels:
            self.glb.add("animations", {"name": name, "channels": channels, "samplers": samplers})

    def _material(self, colour: Rgb, opacity: float, closed: bool) -> int:
        key = (colour, opacity, closed)
        if key not in self._materials:
            red, green, blue = colour
            rgba: Rgba = (red, green, blue, opacity)
            shade = "#{:02x}{:02x}{:02x}".format(*(round(255 * c) for c in colour))
            self._materials[key] = self.glb.add_material(shade, rgba, both_sides=not closed)
        return self._materials[key]


class _Carried:
    """Where the joints of a GLB are over time, (moments, 4, 4) in mm of the body."""

    def __init__(self, poses: list[Pose]) -> None:
        self._poses = poses
        self._kept: dict[Joint, Floats] = {}
        self._turned: dict[str, Floats] = {}

    def pivot(self, body: str) -> Floats:
        """(3,) about where a body turns, so that its node lies at a place that means something."""
        found: Joints = self._poses[0].joints
        if body.endswith("-femur"):
            return found.hips[body.removesuffix("-femur")]
        if body.endswith("-hip-bone"):
            return found.si[body.removesuffix("-hip-bone")]
        number = BODIES.index(body) - BODIES.index("l5-vertebra")
        if 0 <= number < len(found.discs):
            return np.asarray(found.discs[number])
        return found.si_axis

    def pivot_of(self, joint: Joint) -> Floats:
        """(3,) the same of a joint."""
        body, side, level = joint
        return self.pivot(body) if level == 0 else self._poses[0].joints.hips[side]

    def matrices(self, joint: Joint) -> Floats:
        """(moments, 4, 4) of a joint."""
        if joint not in self._kept:
            self._kept[joint] = np.stack([self._matrix(joint, one) for one in self._poses])
        return self._kept[joint]

    def _turned_deg(self, side: str) -> Floats:
        """(moments, 3) the turn of a femur in its socket."""
        if side not in self._turned:
            found = []
            for at in self._poses:
                hip, femur = (at.matrices[f"{side}-{bone}"] for bone in ("hip-bone", "femur"))
                found.append(rotation_vector_deg(hip[:3, :3].T @ femur[:3, :3]))
            self._turned[side] = np.array(found)
        return self._turned[side]

    def flexion_deg(self, side: str) -> Floats:
        """(moments,) how far a hip is bent, without a turn backwards."""
        return np.asarray(np.maximum(0.0, -self._turned_deg(side)[:, 0]))

    def turns_deg(self) -> Floats:
        """(sides,) how far each hip turns at most."""
        return np.array([np.linalg.norm(self._turned_deg(s), axis=1).max() for s in SIDES])

    def apart(self, joints: list[Joint], points: Floats) -> Floats:
        """(k, k) mm by which joints differ at most in where they take the corners of a box round
        points.
        """
        corners = np.array(list(product(*zip(points.min(axis=0), points.max(axis=0), strict=True))))
        places = np.einsum("klij,cj->klci", self.some(joints), np.c_[corners, np.ones(8)])
        away = np.stack([np.linalg.norm(places - one, axis=3).max(axis=(1, 2)) for one in places])
        return np.asarray(away)

    def some(self, joints: list[Joint]) -> Floats:
        """(k, looks, 3, 4) where joints are at a few moments of the movement."""
        count = len(self._poses)
        looks = np.unique(np.linspace(0, count - 1, LOOKS).round().astype(int))
        return np.stack([self.matrices(joint)[looks, :3] for joint in joints])

    def _matrix(self, joint: Joint, at: Pose) -> Floats:
        body, side, level = joint
        carried = at.matrices[body]
        if level == 0:
            return carried
        hip, femur = (at.matrices[f"{side}-{bone}"] for bone in ("hip-bone", "femur"))
        share = rotation_vector_deg(hip[:3, :3].T @ femur[:3, :3]) * (level / LEVELS)
        return np.asarray(carried @ turned(share, at.joints.hips[side]))


def shared_out(tissue: Tied, turns_deg: Floats) -> tuple[list[Joint], Floats]:
    """Every joint that carries any soft tissue, and how much of each point it carries (n, k).

    ``turns_deg`` (sides,) is how far each hip turns at most. What both thighs carry is divided
    between the hips by how far each would take it, and each turns its part by so much more.
    """
    count, none = tissue.count, np.zeros(tissue.count)
    thighs = np.stack([tissue.thighs.get(side, none) for side in SIDES], axis=1).astype(np.float64)
    taken = thighs * np.maximum(turns_deg, 0.01)
    whole = taken.sum(axis=1, keepdims=True)
    of_side = np.where(whole > 1e-9, taken / np.maximum(whole, 1e-9), [1.0, 0.0])
    share = np.clip(thighs / np.maximum(of_side, 1e-6), 0.0, 1.0) * LEVELS
    lower = np.minimum(np.floor(share).astype(int), LEVELS - 1)
    above = share - lower
    rows = np.arange(count)
    levels = np.zeros((count, len(SIDES), LEVELS + 1))
    for number in range(len(SIDES)):
        below = lower[:, number]
        levels[rows, number, below] += of_side[:, number] * (1.0 - above[:, number])
        levels[rows, number, below + 1] += of_side[:, number] * above[:, number]
    shares: dict[Joint, Floats] = {}
    for column, body in enumerate(BODIES):
        own = tissue.shares[column].astype(np.float64)
        # Without a share of the turn it is all one on which side it would be.
        shares[body, "", 0] = own * levels[:, :, 0].sum(axis=1)
        for number, side in enumerate(SIDES):
            for level in range(1, LEVELS + 1):
                shares[body, side, level] = own * levels[:, number, level]
    used = [joint for joint, share in shares.items() if share.max() > LEAST_WEIGHT]
    return used, np.stack([shares[joint] for joint in used], axis=1)


def influences(shares: Floats, apart: Floats, points: Floats, some: Floats) -> tuple[Array, Array]:
    """Of each of the points (n, 3) the four joints that carry it best (n, 4), and their weights
    (n, 4), which sum to 1.

    ``shares`` (n, k) are what all joints carry of it, ``apart`` (k, k) how far joints go apart,
    ``some`` (k, looks, 3, 4) where they are at some moments. Joints that move alike become one;
    the weights of the four that then carry most are fitted to where all of them together take it.
    """
    shares = shares.copy()
    for number in range(len(apart) - 1, 0, -1):
        alike = int(apart[number, :number].argmin())
        if apart[number, alike] < ALIKE_MM:
            shares[:, alike] += shares[:, number]
            shares[:, number] = 0.0
    shares = np.pad(shares, ((0, 0), (0, max(0, INFLUENCES - shares.shape[1]))))
    most = np.argsort(-shares, axis=1, kind="stable")[:, :INFLUENCES]
    weights = np.take_along_axis(shares, most, axis=1)
    many = np.flatnonzero((shares > LEAST_WEIGHT).sum(axis=1) > INFLUENCES)
    if len(many):
        weights[many] = _fitted(shares[many], most[many], points[many], some)
    weights[weights < LEAST_WEIGHT] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    # A joint of no weight is written as number 0, as glTF asks.
    return np.where(weights > 0.0, most, 0), weights


def _fitted(shares: Floats, most: Array, points: Floats, some: Floats) -> Floats:
    """(n, 4) weights of the joints ``most`` (n, 4), not below 0, that take points (n, 3) nearest to
    where ``shares`` (n, k) of all joints take them.
    """
    whole = np.c_[points, np.ones(len(points))]
    everywhere = np.einsum("klij,nj->nkli", some, whole).reshape(len(points), len(some), -1)
    wanted = np.einsum("nk,nkm->nm", shares[:, : len(some)], everywhere)
    four = np.take_along_axis(everywhere, most[:, :, None], axis=1) - wanted[:, None]
    # The least sum of squares with a sum of 1: what solves (A A^T) w ~ 1.
    square = np.einsum("nim,njm->nij", four, four)
    square += np.eye(INFLUENCES) * (1e-6 * np.trace(square, axis1=1, axis2=2)[:, None, None] + 1e-9)
    given = np.take_along_axis(shares, most, axis=1)
    found = given / given.sum(axis=1, keepdims=True)
    for free in product((True, False), repeat=INFLUENCES):
        part = np.flatnonzero(free)
        if not len(part):
            continue
        ones = np.ones((len(points), len(part), 1))
        tried = np.linalg.solve(square[:, part[:, None], part], ones)[..., 0]
        tried /= tried.sum(axis=1, keepdims=True)
        full = np.zeros_like(found)
        full[:, part] = tried
        better = (tried >= 0.0).all(axis=1) & (_cost(square, full) < _cost(square, found))
        found[better] = full[better]
    return np.asarray(found)


def _cost(square: Floats, weights: Floats) -> Floats:
    """(n,) the square of how far off weights (n, 4) are."""
    return np.asarray(np.einsum("ni,nij,nj->n", weights, square, weights))


def moved_each(matrices: Floats, point: Floats) -> Floats:
    """(n, 3) where each of (n, 4, 4) takes a point (3,)."""
    return np.asarray([moved(matrix, point) for matrix in matrices])


def _keys(run: Reel) -> tuple[Floats, Ints]:
    """Times (k,) in seconds, and which picture of the reel is reached at each (k,).

    A picture that stays longer than the others is reached, and left a little later. The last time
    is that of the first picture again, so that a viewer that repeats shows no jump.
    """
    step = min(run.seconds)
    times, rows, now = [0.0], [0], 0.0
    for number, stays in enumerate(run.seconds):
        if number:
            times.append(now)
            rows.append(number)
        if stays > step + 1e-6:
            times.append(now + stays - step)
            rows.append(number)
        now += stays
    return np.array([*times, now]), np.array([*rows, 0])


def _joint_name(joint: Joint) -> str:
    body, side, level = joint
    return f"moving-{body}" if level == 0 else f"moving-{body}-{side}-hip-{level}-of-{LEVELS}"


def _extras(
    exploration: Exploration, movement: Movement, pack: Pack, truth: Truth, words: str
) -> dict[str, Any]:
    return {
        "movement": movement.id,
        "name": movement.name,
        "said": words,
        "factor": round(truth.factor, 4),
        "factor_asked": round(truth.asked, 4),
        "true_deg_at_most": round(truth.true_deg, 4),
        "true_mm_at_most": round(truth.true_mm, 4),
        "measured": movement.label.text,
        "left": "+x is the left of the body",
        "pack": f"{pack.info.id} {pack.info.version}",
        "licence": pack.info.licence,
        "attribution": pack.info.attribution,
        "notice": exploration.known.say("education_footer"),
    }


# Plates -------------------------------------------------------------------------------------------


def _box(surfaces: list[PackSurface]) -> tuple[Floats, Floats]:
    low = np.min([one.surface.vertices.min(axis=0) for one in surfaces], axis=0)
    high = np.max([one.surface.vertices.max(axis=0) for one in surfaces], axis=0)
    return low, high


def _letters(glb: Glb, low: Floats, high: Floats) -> list[int]:
    """L and R on small blocks beside the body, each to be read from four sides."""
    reach = max(abs(low[0]), abs(high[0])) + LETTER_APART_MM
    middle = float(np.clip(60.0, low[1], high[1]))
    nodes = []
    for letter, sign in (("L", 1.0), ("R", -1.0)):
        picture = _lettering([letter], LETTER_PX, 0.74)
        material = glb.add_picture_material(f"plate-{letter}", picture)
        centre = np.array([sign * reach, middle, 30.0])
        quads = [_quad(centre, way, LETTER_MM / 2, LETTER_MM, LETTER_MM) for way in WAYS]
        nodes.append(_plate_node(glb, f"plate-{letter}", quads, material))
    return nodes


WAYS = (
    np.array([0.0, 1.0, 0.0]),
    np.array([0.0, -1.0, 0.0]),
    np.array([1.0, 0.0, 0.0]),
    -np.eye(3)[0],
)
"""The four sides from which a plate is read: behind, before, left, right."""


def _plinth(glb: Glb, lines: list[str], low: Floats, high: Floats) -> int:
    """A block below the body with the same words on its four sides."""
    picture = _lettering(lines, PLINTH_PX, 0.28)
    material = glb.add_picture_material("plate-words", picture)
    below = low[2] - PLINTH_BELOW_MM - PLINTH_HIGH_MM / 2
    centre = np.array([0.0, (low[1] + high[1]) / 2, below])
    quads = [_quad(centre, way, PLINTH_MM / 2, PLINTH_MM, PLINTH_HIGH_MM) for way in WAYS]
    return _plate_node(glb, "plate-words", quads, material)


def _quad(centre: Floats, way: Floats, out_mm: float, wide_mm: float, high_mm: float) -> Floats:
    """(4, 3) corners of an upright plate that faces ``way``, from its lower left round."""
    across = np.cross([0.0, 0.0, 1.0], way) * wide_mm / 2
    up = np.array([0.0, 0.0, high_mm / 2])
    middle = centre + way * out_mm
    return np.stack(
        [middle - across - up, middle + across - up, middle + across + up, middle - across + up]
    )


def _plate_node(glb: Glb, name: str, quads: list[Floats], material: int) -> int:
    corners = np.concatenate(quads)
    normals = np.concatenate([np.tile(np.cross(q[1] - q[0], q[3] - q[0]), (4, 1)) for q in quads])
    faces = np.concatenate(
        [np.array([[0, 1, 2], [0, 2, 3]]) + 4 * number for number in range(len(quads))]
    )
    places = np.tile([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]], (len(quads), 1))
    mesh = glb.add_mesh(
        name, to_gltf(corners), faces, material, normals=normals @ TO_GLTF.T, places=places
    )
    return glb.add("nodes", {"name": name, "mesh": mesh})


def _lettering(lines: list[str], size: tuple[int, int], letter: float) -> bytes:
    """A PNG of some lines; the first takes the share ``letter`` of the height, or what fits."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, _bytes(LIGHT.label_back))
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=_bytes(LIGHT.side), width=3)
    wide = size[0] * 0.95
    wanted = letter * size[1]
    fonts = []
    for number, line in enumerate(lines):
        pixels = wanted if number == 0 else wanted * 0.92
        font = _font(pixels)
        length = drawing.textlength(line, font=font)
        fonts.append(_font(min(pixels, pixels * wide / max(1.0, length))))
    high = [sum(font.getmetrics()) for font in fonts]
    squeeze = min(1.0, size[1] * 0.94 / sum(high))
    top = (size[1] - sum(high) * squeeze) / 2
    for line, font, tall in zip(lines, fonts, high, strict=True):
        fitting = _font(font.size * squeeze)
        middle = (size[0] / 2, top + tall * squeeze / 2)
        drawing.text(middle, line, font=fitting, fill=_bytes(LIGHT.label), anchor="mm")
        top += tall * squeeze
    written = io.BytesIO()
    image.save(written, format="PNG", optimize=True)
    return written.getvalue()


def _font(pixels: float) -> "FreeTypeFont":
    from PIL import ImageFont

    font = ImageFont.load_default(pixels)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _bytes(colour: Rgb) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colour)
    return red, green, blue
