"""Where pain is reported: soft, dotted areas laid on the skin, from the spots of a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import vtkActor

from siexplorer.anatomy.records import ReferralArea, Side
from siexplorer.exploration.card import share_words
from siexplorer.geometry.surface import Floats, Surface, compacted, face_normals, vertex_normals
from siexplorer.scene.actors import flat_actor
from siexplorer.scene.theme import REFERRAL, Rgb

SKIN_REACH_MM, SKIN_GAP_MM = 6.0, 1.0
"""How far beside a bone point its place on the skin is looked for, and how far above it drawn."""

LIFT_MM, DOT_LIFT_MM = 1.2, 1.8
WASH, DOTS = 0.55, 0.95
"""How strong the colour and the dots are in the middle of an area, 0 to 1 (design)."""

DOT_MM, DOT_STEP_MM, DOT_CORNERS = 1.1, 6.0, 7


@dataclass(frozen=True, slots=True)
class Laid:
    """An area on the skin: how strong at each vertex (n,), and where its label points (3,)."""

    area: ReferralArea
    strength: Floats
    anchor: Floats
    facing: Floats


def spot_places(
    area: ReferralArea, side: Side, landmarks: Mapping[str, Floats]
) -> list[tuple[Floats, float]]:
    """Centre (3,) and radius in mm of each spot whose landmark there is.

    A spot's ``offset_mm`` counts away from the midline, backwards and up.
    """
    found = []
    sign = -1.0 if side == "right" else 1.0
    for spot in area.spots:
        points = landmarks.get(f"{side}-{spot.landmark}", landmarks.get(spot.landmark))
        if points is None:
            continue
        away = np.array(spot.offset_mm) * [sign, 1.0, 1.0]
        found.append((points[len(points) // 2] + away, spot.radius_mm))
    return found


def laid_on(
    skin: Surface,
    normals: Floats,
    areas: Sequence[ReferralArea],
    side: Side,
    landmarks: Mapping[str, Floats],
) -> list[Laid]:
    """Areas of one side on a skin: each spot drawn round the nearest place on the skin."""
    found = []
    for area in areas:
        strength = np.zeros(len(skin.vertices))
        anchors = []
        for centre, radius in spot_places(area, side, landmarks):
            nearest = int(np.linalg.norm(skin.vertices - centre, axis=1).argmin())
            away = np.linalg.norm(skin.vertices - skin.vertices[nearest], axis=1)
            share = np.clip(1.0 - away / radius, 0.0, 1.0)
            # Not through a fold or a limb to skin that looks the other way.
            share[normals @ normals[nearest] < 0.1] = 0.0
            strength = np.maximum(strength, share * share * (3.0 - 2.0 * share))
            anchors.append(nearest)
        if anchors:
            middle = anchors[len(anchors) // 2]
            found.append(Laid(area, strength, skin.vertices[middle], normals[middle]))
    return found


def wash_actor(skin: Surface, normals: Floats, strength: Floats) -> vtkActor:
    """The soft colour: densest in the middle, fading to nothing."""
    inside = np.asarray((strength[skin.faces] > 0.0).any(axis=1))
    lifted = Surface(skin.vertices + normals * LIFT_MM, skin.faces)
    part = compacted(lifted, inside)
    kept = strength[np.unique(skin.faces[inside])]
    actor = flat_actor(part)
    colours = np.empty((len(kept), 4), dtype=np.uint8)
    colours[:, :3] = _bytes(REFERRAL)
    colours[:, 3] = np.round(255 * WASH * np.sqrt(kept))
    actor.GetMapper().GetInput().GetPointData().SetScalars(numpy_to_vtk(colours, deep=1))
    actor.GetProperty().BackfaceCullingOn()
    actor.ForceTranslucentOn()
    actor.SetPickable(False)
    return actor


def dots_actor(skin: Surface, strength: Floats) -> vtkActor:
    """Small discs on the skin, so that an area is never told by colour alone."""
    places, across = dotted(skin, strength)
    angle = np.linspace(0.0, 2 * np.pi, DOT_CORNERS, endpoint=False)
    helper = np.where(np.abs(across[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(across, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(across, first)
    rim = (
        places[:, None]
        + DOT_MM * np.cos(angle)[None, :, None] * first[:, None]
        + DOT_MM * np.sin(angle)[None, :, None] * second[:, None]
    )
    vertices = rim.reshape(-1, 3)
    corner = np.arange(1, DOT_CORNERS - 1)
    fan = np.column_stack([np.zeros_like(corner), corner, corner + 1])
    faces = (np.arange(len(places))[:, None, None] * DOT_CORNERS + fan[None]).reshape(-1, 3)
    actor = flat_actor(Surface(vertices, faces.astype(np.int32)))
    actor.GetProperty().SetColor(*REFERRAL)
    actor.GetProperty().BackfaceCullingOn()
    actor.SetPickable(False)
    return actor


def dotted(skin: Surface, strength: Floats) -> tuple[Floats, Floats]:
    """(k, 3) places about ``DOT_STEP_MM`` apart inside the areas, and the normals (k, 3) there."""
    of_face = strength[skin.faces].mean(axis=1)
    inside = np.flatnonzero(of_face > 0.12)
    if not len(inside):
        return np.empty((0, 3)), np.empty((0, 3))
    faces, normals = skin.faces[inside], face_normals(skin)[inside]
    areas = np.linalg.norm(normals, axis=1)
    random = np.random.default_rng(5)
    chosen = random.choice(len(inside), size=40 * len(inside), p=areas / areas.sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), size=len(chosen))
    places = np.einsum("ij,ijk->ik", weights, skin.vertices[faces[chosen]])
    across = normals[chosen] / areas[chosen, None]
    return _spread(places + across * DOT_LIFT_MM, across)


def _spread(places: Floats, across: Floats) -> tuple[Floats, Floats]:
    """Those places that keep their distance from all that were taken before them."""
    from scipy.spatial import cKDTree

    tree = cKDTree(places)
    free: npt.NDArray[np.bool_] = np.ones(len(places), dtype=bool)
    taken = []
    for index in range(len(places)):
        if free[index]:
            taken.append(index)
            free[tree.query_ball_point(places[index], DOT_STEP_MM)] = False
    return places[taken], across[taken]


def label(area: ReferralArea) -> str:
    """The area's name, and the share of people where one was published."""
    share = share_words(area)
    return f"{area.name}: {share}" if share else area.name


def open_skin(skin: Surface, ends: npt.NDArray[np.bool_]) -> tuple[Surface, Floats]:
    """The skin without its flat ends, and its normals (n, 3)."""
    whole = compacted(skin, ~ends)
    return whole, vertex_normals(whole)


def _bytes(colour: Rgb) -> npt.NDArray[np.uint8]:
    return np.array([round(255 * c) for c in colour], dtype=np.uint8)


def above(skin: Surface, point: Floats, towards: Floats) -> Floats:
    """The outermost place on a skin above a point, in a direction; without one, the point."""
    towards = towards / np.linalg.norm(towards)
    away = skin.vertices - point
    depth = away @ towards
    beside = np.linalg.norm(away - depth[:, None] * towards, axis=1)
    over = np.flatnonzero((beside < SKIN_REACH_MM) & (depth > 0.0))
    if not len(over):
        return point
    return np.asarray(point + towards * (depth[over].max() + SKIN_GAP_MM))
