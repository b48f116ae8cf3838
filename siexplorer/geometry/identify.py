"""What an unknown mesh is: its units, how it lies, which bones it shows, and which side is which.

Welding, a working copy, a search over all rotations, the shape model fitted, each face named by the
model's bone that it lies on. A mirrored scan of a pelvis looks like another person's pelvis: shape
tells front, back and up, and left and right only from those, so a mirror image cannot be told. What
is sure and what is not is said in ``Identified``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from siexplorer.geometry.fitting import Cloud, Fit, bend, coverage, fit_bones, fit_shape
from siexplorer.geometry.frame import body_frame
from siexplorer.geometry.landmarks import Points
from siexplorer.geometry.mending import (
    calm_normals,
    clustered,
    spread,
    welded,
    wound_alike,
)
from siexplorer.geometry.posing import Pose, poses
from siexplorer.geometry.registration import apply, samples
from siexplorer.geometry.shape import MODELLED, PELVIS, ShapeModel
from siexplorer.geometry.surface import (
    Floats,
    Ints,
    Surface,
    compacted,
    edges,
    face_normals,
    pieces,
)

Unit = Literal["m", "cm", "mm"]
UNIT_MM: dict[Unit, float] = {"m": 1000.0, "cm": 10.0, "mm": 1.0}

SMALLEST_MM, LARGEST_MM = 120.0, 2500.0
"""From less than one hip bone to more than a whole skeleton, across the diagonal (design)."""

WORKING_STEP_MM = 1.2
WORKING_FACES = 250_000
"""Above so many triangles the search uses a copy with its corners drawn together (design)."""

CLOUD_POINTS, SEARCH_POINTS = 9000, 2500
CALM_MM = 3.0
KNOWN_POINTS = {"left-hip-bone": 370, "right-hip-bone": 370, "sacrum": 270}
TRIED = 3
TRIAL_GATES_MM = (20.0, 14.0, 10.0, 8.0)
LEAST_TRIED = 0.2
"""A place where a rough fit explains less of the bones is not followed (design)."""

LEAST_COVERED = 0.55
"""At least this share of one hip bone must be there, lying as one does (design, see tests)."""

LEAST_ALONE = 0.8
"""The same, if all that could be found was one hip bone (design, see tests)."""

SEARCHES = ((PELVIS,), (("left-hip-bone",), ("right-hip-bone",)))
"""What is looked for: a pelvis, of which something may lack, and if there is none, one hip bone."""

LEAST_PART, MOST_PART_MM = 0.45, 1.5
"""Or at least this share of hip bones and sacrum together, lying as closely as this: a scan that is
cut off (design; nothing but pelves comes near, see tests).
"""

MOST_MEAN_MM = 2.6
MOST_SCALE, MOST_ODD = 1.3, 2.6
"""A mesh whose best fit is this bad, this much too large or small, or made of weights this far from
everyone's is no pelvis (design, see tests)."""

FLAT, FLAT_MM2 = 0.85, 20_000.0
"""A piece of at least this area whose faces look this much the same way (or the opposite one) is a
table (design)."""

MOST_MM2 = 250_000.0
"""More than a whole pelvis; a larger piece, such as a skin, counts as if it had this area (design).
"""

ON_BONE_MM = 9.0
"""A face further than this from all of the model's bones belongs to none of them (design)."""

PRESENT = {"left-femur": 0.6, "right-femur": 0.6}
PRESENT_ELSE = 0.3
"""A bone of the model is in the mesh if so much of it lies on it; a thigh bone that is not there
finds half of itself in the socket (design).
"""

TAIL_MM = 15.0
"""A loose piece on the sacrum whose middle lies no higher than this over its end is the coccyx."""

TAIL_REACH_MM = 50.0
"""How far from the sacrum's apex the middle of a loose coccyx may lie (design)."""

SPECK_MM = 12.0
"""A loose piece smaller than this is a speck of noise, and no bone (design)."""

HELD, MOSTLY = 0.4, 0.6
"""A piece holds a bone that has this share of the bone's places, and is none of them if so much of
it lies on none (design).
"""

FEMUR_MM, VERTEBRA_MM, GAP_MM = 32.0, (28.0, 130.0), 45.0
"""How near a thigh bone comes to the hip centre, how large a vertebra is, and how near it lies to
the one below (design)."""


class NotAPelvis(ValueError):
    """The mesh shows no pelvis, or nothing that can be told; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A mesh brought into the body frame, mm, with its bones named.

    ``to_body`` (4, 4) takes the file's coordinates there. ``bones`` are the whole surfaces as they
    came, by id; what has no name is in ``others``. ``model`` (n, 3) are the shape model's vertices
    laid on the scan, in the body frame: the correspondence that landmarks and soft tissue follow;
    ``cloud`` the calmed points of the scan that it was laid on. ``covered`` has the share (0..1) of
    each bone of the pelvis that the scan shows; ``off_mm`` (n,) how far the model's vertices lie
    from the scan; ``bent_mm`` (n,) how far they had to be bent beyond what its modes explain.
    ``mirrored`` says that the mesh was turned over in a mirror first. ``holes`` counts its open
    borders, ``turned`` is the share (0..1) of its triangles that were wound inside out; both on the
    copy that was worked on.
    """

    unit: Unit
    unit_sure: float
    to_body: Floats
    bones: dict[str, Surface]
    others: dict[str, Surface]
    bone_sure: dict[str, float]
    model: Floats
    weights: Floats
    scale: float
    cloud: Cloud
    covered: dict[str, float]
    off_mm: Floats
    bent_mm: Floats
    mean_mm: float
    sure: float
    sides_sure: bool
    sides_reason: str
    mirrored: bool
    triangles: int
    repeated: int = 0
    holes: int = 0
    turned: float = 0.0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """A mesh as it came, with the name that the file gives it (may be empty)."""

    name: str
    surface: Surface


def identify(
    parts: Sequence[Part],
    model: ShapeModel,
    *,
    unit: Unit | None = None,
    mirrored: bool = False,
    said: Callable[[str], None] = lambda _: None,
) -> Identified:
    """Find the pelvis in some meshes.

    ``unit`` and ``mirrored`` are what a user knows: the file's unit, and that it is a mirror image.
    ``said`` is told what comes next: ``welding``, ``searching``, ``fitting``.

    Raises
    ------
    NotAPelvis
        If there is none, or too little of one; the message says what was seen.
    """
    soup, of_part = _joined(parts)
    if not len(soup.faces):
        raise NotAPelvis("There are no triangles in it.")
    if mirrored:
        soup = soup.moved(np.diag([-1.0, 1.0, 1.0, 1.0]))
    used = np.zeros(len(soup.vertices), dtype=bool)
    used[soup.faces] = True
    size = float(np.linalg.norm(np.ptp(soup.vertices[used], axis=0)))
    del used
    notes: list[str] = []
    chosen, unit_sure = _unit(size, unit)
    factor = UNIT_MM[chosen]
    given = len(soup.faces)
    said("welding")
    gathered = welded(soup)
    del soup
    whole = Surface(gathered.surface.vertices * factor, gathered.surface.faces)
    kept = gathered.face
    del gathered
    repeated = given - len(whole.faces)
    if repeated:
        notes.append(f"{repeated} flat or repeated triangles were left out.")
    working = whole
    corner: Ints | None = None
    if len(working.faces) > WORKING_FACES:
        thin = clustered(working, WORKING_STEP_MM)
        working, corner = thin.surface, thin.vertex
    if len(working.faces) < 50:
        raise NotAPelvis(f"It has only {len(working.faces)} triangles, too few for a bone.")
    holes = _holes(whole)
    wound = wound_alike(working)
    turned = float((wound.faces != working.faces).any(axis=1).mean())
    working = wound
    normals = calm_normals(working, CALM_MM)
    points, facing, _ = spread(working, normals, CLOUD_POINTS, _worth(working))
    cloud = Cloud(points, facing)
    said("searching")
    fit = _best_fit(model, cloud)
    said("fitting")
    stiff = fit_bones(model, fit, cloud)
    vertices = bend(model, fit, stiff, cloud)
    bent = np.linalg.norm(vertices - stiff, axis=1)
    vertices = _with_the_rest(model, fit, vertices, cloud)

    try:
        to_body = body_frame(
            model.surface("left-hip-bone", vertices), model.surface("right-hip-bone", vertices)
        )
    except ValueError:
        raise NotAPelvis("What is most like a pelvis in it has no front to be told.") from None
    vertices = apply(to_body, vertices)
    # The mean's frame has the mean's size: the scan keeps its own.
    turn = to_body @ fit.to_mean
    grow = float(np.cbrt(np.linalg.det(turn[:3, :3])))
    vertices /= grow
    turn[:3] /= grow
    scan = Cloud(apply(turn, cloud.points), cloud.normals @ (turn[:3, :3]).T)
    off = _off(model, vertices, scan)

    label = _labels(model, vertices, scan, working, turn, corner, whole)
    placed = Surface(apply(turn, whole.vertices), whole.faces)
    bones, others, bone_sure = _named(placed, label, model.points(vertices), fit.covered)
    unmirror = np.diag([-1.0, 1.0, 1.0, 1.0]) if mirrored else np.eye(4)
    size_matrix = np.diag([factor, factor, factor, 1.0])
    sides_sure, sides_reason = _sides(parts, of_part[kept], placed, bones)
    sure = _sure(fit, off, model)
    return Identified(
        unit=chosen,
        unit_sure=unit_sure,
        to_body=turn @ size_matrix @ unmirror,
        bones=bones,
        others=others,
        bone_sure=bone_sure,
        model=vertices,
        weights=fit.weights,
        scale=1.0 / grow,
        cloud=scan,
        covered=fit.covered,
        off_mm=off,
        bent_mm=bent / grow,
        mean_mm=fit.mean_mm,
        sure=sure,
        sides_sure=sides_sure,
        sides_reason=sides_reason,
        mirrored=mirrored,
        triangles=len(whole.faces),
        repeated=repeated,
        holes=holes,
        turned=turned,
        notes=notes,
    )


def _holes(surface: Surface) -> int:
    """How many open borders there are."""
    pairs, count = edges(surface)
    border = pairs[count == 1]
    if not len(border):
        return 0
    _, ends = np.unique(border, return_inverse=True)
    ends = ends.reshape(-1, 2)
    size = int(ends.max()) + 1
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    return int(connected_components(graph, directed=False)[0])


def _joined(parts: Sequence[Part]) -> tuple[Surface, Ints]:
    first, vertices, faces, of_part = 0, [], [], []
    for number, part in enumerate(parts):
        vertices.append(part.surface.vertices)
        faces.append(part.surface.faces + np.int32(first) if first else part.surface.faces)
        of_part.append(np.full(len(part.surface.faces), number, dtype=np.int32))
        first += len(part.surface.vertices)
    if len(parts) == 1:
        return parts[0].surface, of_part[0]
    if not parts:
        return Surface(np.empty((0, 3)), np.empty((0, 3), dtype=np.int32)), np.empty(0, np.int32)
    return Surface(np.concatenate(vertices), np.concatenate(faces)), np.concatenate(of_part)


def _unit(size: float, given: Unit | None) -> tuple[Unit, float]:
    """The unit in which a mesh of this size may be a pelvis; the three ranges do not overlap."""
    if given is not None:
        return given, 1.0
    for name, factor in UNIT_MM.items():
        if SMALLEST_MM <= size * factor <= LARGEST_MM:
            near = 200 <= size * factor <= 1100
            return name, 0.98 if near else 0.7
    raise NotAPelvis(
        f"It is {size:.3g} units across, which is no pelvis in metres, centimetres or millimetres."
    )


def _worth(surface: Surface) -> Floats:
    """(m,) how much each face's area counts: nothing on a table, less on what is larger than any
    bone, so that enough points fall on bones.
    """
    of_piece = pieces(surface)
    count = int(of_piece.max()) + 1
    normals = face_normals(surface)
    twice = np.linalg.norm(normals, axis=1)
    area = np.bincount(of_piece, twice, count) / 2
    worth = np.minimum(1.0, MOST_MM2 / np.maximum(area, 1.0))
    for number in np.flatnonzero(area > FLAT_MM2):
        own, weight = normals[of_piece == number], twice[of_piece == number]
        ways = (own / np.sqrt(np.where(weight > 0, weight, 1.0))[:, None]).T
        if np.linalg.eigvalsh(ways @ ways.T)[-1] > FLAT * 2 * area[number]:
            worth[number] = 0.0
    return worth[of_piece] if worth.any() else np.ones(len(of_piece))


def _best_fit(model: ShapeModel, cloud: Cloud) -> Fit:
    for search in SEARCHES:
        tried: list[tuple[float, Floats]] = []
        for bones in search:
            tried += _trials(model, cloud, bones)
        for _, start in sorted(tried, key=lambda one: one[0])[:2]:
            try:
                fit = fit_shape(model, cloud, start)
            except ValueError:
                continue
            if _believable(fit, LEAST_COVERED if search == SEARCHES[0] else LEAST_ALONE):
                return fit
    raise NotAPelvis("Nothing in it is shaped like a pelvis.")


def _trials(model: ShapeModel, cloud: Cloud, bones: tuple[str, ...]) -> list[tuple[float, Floats]]:
    """Places (4, 4) where the scan may hold these bones, into the mean's frame, each with how badly
    it does.
    """
    known = np.concatenate(
        [samples(model.surface(name, model.mean), KNOWN_POINTS[name]).points for name in bones]
    )
    step = max(1, len(cloud.points) // SEARCH_POINTS)
    found: list[Pose] = poses(known, cloud.points[::step], best=TRIED)
    some = Cloud(cloud.points[::3], cloud.normals[::3])
    tried: list[tuple[float, Floats]] = []
    for pose in found:
        start = np.asarray(np.linalg.inv(pose.matrix), dtype=np.float64)
        if tried and pose.mean_mm > found[0].mean_mm * 1.6:
            continue
        try:
            trial = fit_shape(model, some, start, bones=bones, gates=TRIAL_GATES_MM)
        except ValueError:
            continue
        there = float(np.mean([trial.covered[name] for name in bones]))
        if there > LEAST_TRIED:
            tried.append((-there + 0.05 * trial.mean_mm, start))
    return tried


def _believable(fit: Fit, least_covered: float) -> bool:
    hips = max(fit.covered["left-hip-bone"], fit.covered["right-hip-bone"])
    size = max(fit.scale, 1 / fit.scale)
    odd = float(np.sqrt((fit.weights**2).mean()))
    part = float(np.mean([fit.covered[name] for name in PELVIS]))
    there = hips >= least_covered and fit.mean_mm <= MOST_MEAN_MM
    there |= part >= LEAST_PART and fit.mean_mm <= MOST_PART_MM
    return there and size <= MOST_SCALE and odd <= MOST_ODD


def _with_the_rest(model: ShapeModel, fit: Fit, vertices: Floats, cloud: Cloud) -> Floats:
    """Thigh bones and coccyx put where the bent pelvis carries them, thigh bones then fitted."""
    from siexplorer.geometry.registration import fit as fitted

    vertices = vertices.copy()
    points = apply(fit.to_mean, cloud.points)
    normals = cloud.normals @ fit.to_mean[:3, :3].T / fit.scale
    for name, carrier in (
        ("coccyx", "sacrum"),
        ("left-femur", "left-hip-bone"),
        ("right-femur", "right-hip-bone"),
    ):
        part, own = model.parts[name], model.parts[carrier]
        if name == "coccyx":
            low = fit.vertices[own][:, 2] < fit.vertices[own][:, 2].min() + 40
            move = fitted("rigid", fit.vertices[own][low], vertices[own][low])
            vertices[part] = apply(move, fit.vertices[part])
            continue
        side = name.split("-")[0]
        before = model.points(fit.vertices)[f"{side}-hip-centre"][0]
        after = model.points(vertices)[f"{side}-hip-centre"][0]
        vertices[part] = fit.vertices[part] + after - before
        low_box, high_box = vertices[part].min(axis=0) - 40, vertices[part].max(axis=0) + 40
        near = ((points > low_box) & (points < high_box)).all(axis=1)
        if near.sum() < 300:
            continue
        near_it = Cloud(points[near], normals[near])
        try:
            alone = fit_shape(
                model,
                near_it,
                np.eye(4),
                bones=(name,),
                around=np.clip(fit.weights, -3, 3),
            )
        except ValueError:
            continue
        there = coverage(model, alone.vertices, near_it, alone.to_mean, bones=(name,))[name]
        if alone.mean_mm < MOST_MEAN_MM and there > PRESENT[name]:
            back = np.asarray(np.linalg.inv(alone.to_mean), dtype=np.float64)
            vertices[part] = apply(back, alone.vertices[part])
    return vertices


def _off(model: ShapeModel, vertices: Floats, scan: Cloud) -> Floats:
    """(n,) how far each of the model's vertices lies from the scan's nearest tangent plane, within
    reach; where the scan has nothing, how far its nearest point is.
    """
    tree = cKDTree(scan.points)
    distance, near = tree.query(vertices)
    away = np.abs(np.einsum("ij,ij->i", scan.normals[near], vertices - scan.points[near]))
    return np.asarray(np.where(distance < 6.0, away, distance))


def _labels(
    model: ShapeModel,
    vertices: Floats,
    scan: Cloud,
    working: Surface,
    turn: Floats,
    corner: Ints | None,
    whole: Surface,
) -> npt.NDArray[np.int32]:
    """(m,) for each face of ``whole`` which bone of ``MODELLED`` it lies on, or below -1 minus the
    number of the piece that lies on none.
    """
    placed = working.moved(turn)
    of_vertex = _piece_of_vertex(placed)
    there = coverage(model, vertices, scan, np.eye(4), bones=MODELLED)
    present = [name for name in MODELLED if there[name] > PRESENT.get(name, PRESENT_ELSE)]
    spots = np.concatenate([vertices[model.parts[name]] for name in present])
    bone_of = np.concatenate(
        [np.full(len(vertices[model.parts[n]]), MODELLED.index(n)) for n in present]
    )
    distance, near = cKDTree(spots).query(placed.vertices)
    lies_on = np.where(distance < ON_BONE_MM, bone_of[near], -1)
    count = int(of_vertex.max()) + 1
    votes = np.zeros((count, len(MODELLED) + 1), dtype=np.int64)
    np.add.at(votes, (of_vertex, lies_on), 1)
    total = np.maximum(votes.sum(axis=1), 1)
    holds = votes[:, :-1] / np.maximum(votes[:, :-1].sum(axis=0), 1)
    # A piece is one bone unless it holds much of several: then each face goes where it lies.
    best = votes[:, :-1].argmax(axis=1)
    several = (holds >= HELD).sum(axis=1) > 1
    lone = (holds >= HELD).sum(axis=1) == 1
    best = np.where(lone, holds.argmax(axis=1), best)
    tail = (best == MODELLED.index("sacrum")) & ~lone & ~several
    low = vertices[model.parts["sacrum"]][:, 2].min() + TAIL_MM
    height = np.bincount(of_vertex, placed.vertices[:, 2], count) / np.bincount(of_vertex)
    tail &= (height < low) & (_sizes(placed.vertices, of_vertex, count) > SPECK_MM)
    best = np.where(tail, MODELLED.index("coccyx"), best)
    none = votes[:, -1] > MOSTLY * total
    whole_piece = np.where(none, -2 - np.arange(count), best)
    split = (several & ~none)[of_vertex]
    label = np.where(split, bone_of[near], whole_piece[of_vertex]).astype(np.int32)
    if corner is None:
        return label[whole.faces[:, 0]]
    place = corner[whole.faces]
    first = place.max(axis=1)
    return np.where(first >= 0, label[first], -2).astype(np.int32)


def _piece_of_vertex(surface: Surface) -> npt.NDArray[np.intp]:
    of_face = pieces(surface)
    found = np.zeros(len(surface.vertices), dtype=np.intp)
    for k in range(3):
        found[surface.faces[:, k]] = of_face
    return found


def _sizes(points: Floats, group: npt.NDArray[np.intp], count: int) -> Floats:
    """(count,) the longest side of the box round the points (n, 3) of each group (n,)."""
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, group, points)
    np.maximum.at(high, group, points)
    return np.asarray((high - low).max(axis=1))


def _named(
    placed: Surface, label: npt.NDArray[np.int32], points: Points, covered: dict[str, float]
) -> tuple[dict[str, Surface], dict[str, Surface], dict[str, float]]:
    """Bones by id and other pieces, with how sure each name is."""
    bones: dict[str, Surface] = {}
    sure: dict[str, float] = {}
    least = max(20, len(placed.faces) // 5000)
    for k, name in enumerate(MODELLED):
        mask = label == k
        if mask.sum() >= least:
            bones[name] = compacted(placed, mask)
            sure[name] = min(0.99, 0.5 + covered[name] / 2) if name in covered else 0.8
    others: dict[str, Surface] = {}
    loose = [
        one for one in _loose(placed, label, least) if np.ptp(one.vertices, 0).max() > SPECK_MM
    ]
    centres = {side: points[f"{side}-hip-centre"][0] for side in ("left", "right")}
    base, apex = points["sacral-base"][0], points["sacral-apex"][0]
    spine = []
    for one in loose:
        low, high = one.vertices.min(axis=0), one.vertices.max(axis=0)
        middle, size = (low + high) / 2, high - low
        side = "left" if middle[0] > 0 else "right"
        to_hip = float(np.linalg.norm(one.vertices - centres[side], axis=1).min())
        if to_hip < FEMUR_MM and middle[2] < centres[side][2] and size.max() > 80:
            _add(bones, sure, f"{side}-femur", one, 0.9)
        elif (
            abs(middle[0] - base[0]) < 30
            and middle[2] > base[2] - 10
            and VERTEBRA_MM[0] < size.max() < VERTEBRA_MM[1]
        ):
            spine.append((float(middle[2]), one))
        elif (
            middle[2] < apex[2] + 15
            and np.linalg.norm(middle - apex) < TAIL_REACH_MM
            and SPECK_MM < size.max() < 80
        ):
            _add(bones, sure, "coccyx", one, 0.8)
        else:
            others[f"unnamed-{len(others) + 1}"] = one
    _vertebrae(spine, float(base[2]), bones, others, sure)
    return bones, others, sure


def _loose(placed: Surface, label: npt.NDArray[np.int32], least: int) -> list[Surface]:
    """The pieces that lie on no bone of the model and have at least so many faces."""
    faces = np.flatnonzero(label < -1)
    faces = faces[np.argsort(label[faces], kind="stable")]
    _, count = np.unique(label[faces], return_counts=True)
    groups = np.split(faces, np.cumsum(count)[:-1]) if len(faces) else []
    found = []
    for group in groups:
        if len(group) >= least:
            used, corners = np.unique(placed.faces[group], return_inverse=True)
            faces_here = corners.reshape(-1, 3).astype(np.int32)
            found.append(Surface(placed.vertices[used], faces_here))
    return found


def _vertebrae(
    spine: list[tuple[float, Surface]],
    floor: float,
    bones: dict[str, Surface],
    others: dict[str, Surface],
    sure: dict[str, float],
) -> None:
    """Counted upwards from the sacrum as long as each one follows the one below; discs, which are
    flatter than vertebrae, are not counted.
    """
    number, sureness = 5, 0.85
    for middle, one in sorted(spine, key=lambda pair: pair[0]):
        low, high = one.vertices[:, 2].min(), one.vertices[:, 2].max()
        if high - low < 25 or number < 1 or middle - floor > GAP_MM + 10:
            others[f"unnamed-{len(others) + 1}"] = one
            continue
        _add(bones, sure, f"l{number}-vertebra", one, sureness)
        floor, number, sureness = middle, number - 1, sureness - 0.05


def _add(
    bones: dict[str, Surface], sure: dict[str, float], name: str, one: Surface, how: float
) -> None:
    if name in bones:
        old = bones[name]
        shifted = one.faces + np.int32(len(old.vertices))
        one = Surface(np.vstack([old.vertices, one.vertices]), np.vstack([old.faces, shifted]))
    bones[name] = one
    sure[name] = how


def side_in(name: str) -> str | None:
    """The side that a part's name tells, if any: “left hip”, “femur_R”, “ilium.l”."""
    words = "".join(c if c.isalpha() else " " for c in name.replace("_", " ")).lower().split()
    left = any(word in ("l", "left", "lt") for word in words)
    right = any(word in ("r", "right", "rt") for word in words)
    return None if left == right else "left" if left else "right"


def _sides(
    parts: Sequence[Part], of_face: Ints, placed: Surface, bones: dict[str, Surface]
) -> tuple[bool, str]:
    """Whether left and right are sure, and why: only names in the file can say so."""
    agree = against = 0
    for number, part in enumerate(parts):
        told = side_in(part.name)
        if told is None:
            continue
        faces = placed.faces[of_face == number]
        if not len(faces):
            continue
        x = float(placed.vertices[faces[:, 0], 0].mean())
        if abs(x) < 15:
            continue
        if ("left" if x > 0 else "right") == told:
            agree += 1
        else:
            against += 1
    if agree and not against:
        return True, "The names in the file say left and right as the shape does."
    if against and not agree:
        return False, (
            "The names in the file say left where the shape says right: either the scan is a "
            "mirror image, or the names are wrong."
        )
    if against:
        return False, "The names in the file contradict each other about left and right."
    both = "left-hip-bone" in bones and "right-hip-bone" in bones
    return False, (
        "Left and right follow from front, back and up"
        + (", " if both else " and from the shape of one hip bone, ")
        + "if the scan is no mirror image; that cannot be told from shape."
    )


def _sure(fit: Fit, off: Floats, model: ShapeModel) -> float:
    """How sure it is that this is a pelvis lying so, 0..1 (design)."""
    there = np.mean([fit.covered[name] for name in PELVIS])
    close = np.clip(1.2 - fit.mean_mm / 4.0, 0.2, 1.0)
    return float(round(np.clip(0.3 + 0.7 * there, 0, 1) * close, 3))
