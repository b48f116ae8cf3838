"""The built-in body carried over to another pelvis: whoever's bones the shape model is laid on.

The bones are the model's, or that pelvis' own. Everything else of the built-in pack goes with them
by :mod:`siexplorer.geometry.carry`; fibres, names and areas stay what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from siexplorer.geometry.carry import (
    between,
    jointed,
    levelled,
    on_bone,
    ridden,
    sacral_top,
    to_mean,
)
from siexplorer.geometry.clearance import NEAR_MM, contact, overlap_mm, solid
from siexplorer.geometry.landmarks import Bones, fit_sphere
from siexplorer.geometry.registration import apply
from siexplorer.geometry.shape import MODELLED, ShapeModel
from siexplorer.geometry.surface import Floats, Surface, is_closed, vertex_normals, volume_cm3
from siexplorer.packs.convert import si_room
from siexplorer.packs.pack import CARRIED_GLIDE_LIFT, Pack, PackInfo, PackSurface, SurfaceInfo
from siexplorer.packs.tissue import faults_of_any, measured

SIGNS = {"left": 1, "right": -1}
SIDES = tuple(SIGNS)
RIDING = ("vertebra", "rib", "l1-l2-disc", "l2-l3-disc", "l3-l4-disc", "l4-l5-disc")
"""How the ids of what rides on the sacrum end."""

PELVIS = frozenset({"left-hip-bone", "right-hip-bone", "sacrum"})

MOST_FACES = 100_000
"""Finer bones take too long to be moved against each other (design)."""

MOST_OVERLAP_MM = 3.5
"""As deep may hip bone and sacrum lie in each other at rest (design: in the mean, 1.3)."""

Places = dict[str, Floats]
"""Where everything of a body is: surfaces' vertices by id, and single places by ``kind/id``."""


def carried_pack(
    built_in: Pack,
    model: ShapeModel,
    vertices: Floats,
    *,
    info: PackInfo | None = None,
    bones: Mapping[str, Surface] | None = None,
    landmarks: Mapping[str, Floats] | None = None,
) -> Pack:
    """The built-in body on another pelvis, in about six seconds.

    ``vertices`` (n, 3) are all the model's, laid on that pelvis, mm, in its own body frame.
    ``bones`` and ``landmarks`` (k, 3) of that pelvis replace the carried ones of the same id;
    without its hip bones or sacrum, the faces of the model's joints are kept together (see
    :func:`carry.jointed`).
    ``info`` says whose it is; without it, it is said to be the built-in pack.

    Raises
    ------
    ValueError
        If there are not as many vertices as the model has.
    """
    if vertices.shape != model.mean.shape:
        raise ValueError(f"{len(vertices)} vertices for a model of {len(model.mean)}")
    flat = to_mean(model, vertices)
    moves = (apply(flat, vertices) - model.mean)[:, :, None]
    own = not PELVIS.isdisjoint(bones or {})
    goes = body_moves(built_in, model, moves if own else jointed(model, moves))
    back: Floats = np.asarray(np.linalg.inv(flat), dtype=np.float64)
    places = {
        name: apply(back, at + goes[name][..., 0]) for name, at in places_of(built_in).items()
    }
    pack = assembled(built_in, model, places, info=info, bones=bones, landmarks=landmarks)
    pack.si_room = measured_room(pack, model, vertices)
    return pack


def places_of(pack: Pack) -> Places:
    """Everything of the built-in body that has a place."""
    found = {name: one.surface.vertices for name, one in pack.surfaces.items()}
    found |= {f"landmark/{name}": at for name, at in pack.landmarks.items()}
    found |= {f"centre/{name}": at[None] for name, at in pack.centres.items()}
    return found | {f"node/{name}": at[None] for name, at in pack.reference_nodes.items()}


def body_moves(pack: Pack, model: ShapeModel, moves: Floats) -> Places:
    """(k, 3, m) how far each place of the built-in body goes where the model's vertices go by
    ``moves`` (n, 3, m) from the mean.
    """
    places = places_of(pack)
    found: Places = {name: moves[part] for name, part in model.parts.items()}
    found |= {
        f"landmark/{name}": np.einsum("kc,kcim->kim", one.shares, moves[one.corners])
        for name, one in model.landmarks.items()
        if f"landmark/{name}" in places
    }
    top = sacral_top(model)
    riding = [name for name in pack.surfaces if name.endswith(RIDING)]
    for name in riding:
        found[name] = ridden(model.mean[top], moves[top], places[name])
    for name, one in pack.surfaces.items():
        if one.info.role == "area" and one.info.moves_with in model.parts:
            found[name] = on_bone(model, one.info.moves_with, places[name]).moves(moves)
    rest = [name for name in places if name not in found]
    spine = np.concatenate([*(places[name] for name in riding), np.empty((0, 3))])
    goes = between(model, moves, spine, np.concatenate([places[name] for name in rest]))
    ends = np.cumsum([len(places[name]) for name in rest])
    return found | dict(zip(rest, np.split(goes, ends[:-1]), strict=True))


def assembled(
    built_in: Pack,
    model: ShapeModel,
    places: Places,
    *,
    info: PackInfo | None = None,
    bones: Mapping[str, Surface] | None = None,
    landmarks: Mapping[str, Floats] | None = None,
    rough: bool = False,
) -> Pack:
    """A pack, still without ``si_room``, from where everything is in the new pelvis' body frame;
    a ``rough`` one keeps the normals of the built-in body.
    """
    bones, landmarks = bones or {}, landmarks or {}
    said = {name: one.info for name, one in built_in.surfaces.items()}
    said |= {one.id: one for one in (info.surface if info else ()) if one.id in said}
    surfaces = {}
    for name, one in built_in.surfaces.items():
        if name in bones:
            own = bones[name]
            record, fibres = _of_own(one.info, own), None
        else:
            skin, at = name.startswith("skin-"), places[name]
            at = levelled(one.surface, at) if skin else at
            own, record, fibres = Surface(at, one.surface.faces), said[name], one.fibres
        surfaces[name] = PackSurface(record, own, one.normals, fibres)
        if not rough:
            surfaces[name] = with_normals(surfaces[name])
    found = {n: landmarks.get(n, places[f"landmark/{n}"]) for n in built_in.landmarks}
    centres = {n: places[f"centre/{n}"][0] for n in built_in.centres}
    for side in SIDES:
        # The centre of a socket is that of the sphere in it, not of what lies there.
        socket, bone = model.sockets[side], f"{side}-hip-bone"
        before = fit_sphere(model.mean[model.parts[bone]][socket])[0]
        hip = landmarks.get(f"{side}-hip-centre", fit_sphere(places[bone][socket])[0][None])[0]
        centres[f"{side}-hip-joint"] = hip + built_in.centres[f"{side}-hip-joint"] - before
    return Pack(
        msgspec.structs.replace(
            info or built_in.info, surface=[one.info for one in surfaces.values()]
        ),
        surfaces,
        found,
        centres,
        {n: places[f"node/{n}"][0] for n in built_in.reference_nodes},
        si_glide_lift=CARRIED_GLIDE_LIFT,
    )


def with_normals(one: PackSurface) -> PackSurface:
    """A surface with the normals that it has now."""
    return replace(one, normals=vertex_normals(one.surface).astype(np.float32))


def _of_own(info: SurfaceInfo, own: Surface) -> SurfaceInfo:
    return msgspec.structs.replace(
        info, provenance="scanned", closed=is_closed(own), triangles=len(own.faces)
    )


def measured_room(
    pack: Pack, model: ShapeModel, vertices: Floats | None = None
) -> dict[str, Floats]:
    """``si_room`` of a pack, in about three seconds: on its own bones, or on the model's laid on
    them, ``vertices`` (n, 3), where those are open or too fine.
    """
    found = {}
    for name in MODELLED:
        own = pack.surfaces[name]
        plain = own.info.closed and len(own.surface.faces) <= MOST_FACES
        found[name] = own.surface
        if vertices is not None and not plain:
            found[name] = model.surface(name, vertices)
    discs = {name: one.surface for name, one in pack.surfaces.items()}
    rows = si_room(discs, Bones(*found.values()), pack.landmarks, pack.centres)
    return {side: np.array(row).reshape(-1, 2) for side, row in rows.items()}


# Shapes -------------------------------------------------------------------------------------------


class Shapes:
    """The built-in body in the shapes of the model's first modes.

    How far everything goes in each of ``count`` modes is worked out once, in about five seconds;
    after that a shape is a sum, in a few hundredths of a second.
    """

    def __init__(self, built_in: Pack, model: ShapeModel, count: int) -> None:
        self.built_in, self.model, self.count = built_in, model, count
        modes = jointed(model, model.modes[:, :, :count].astype(np.float64))
        places, goes = places_of(built_in), body_moves(built_in, model, modes)
        self._names = list(places)
        self._ends = np.cumsum([len(at) for at in places.values()])[:-1]
        # Coordinate by coordinate, in singles: so a sum of them takes the least time.
        self._rest = np.concatenate(list(places.values())).T.astype(np.float32)
        rows = np.concatenate([goes[name] for name in self._names])
        self._moves = np.ascontiguousarray(rows.transpose(2, 1, 0), dtype=np.float32)

    def rough(self, weights: Sequence[float]) -> Pack:
        """The body in the shape of some weights in standard deviations, still without ``si_room``
        and with the normals of the mean.

        Raises
        ------
        ValueError
            If there are more weights than modes, or the shape has no anterior pelvic plane.
        """
        if len(weights) > self.count:
            raise ValueError(f"{len(weights)} weights for {self.count} modes")
        some = np.asarray(weights or [0.0], dtype=np.float32)
        flat = some @ self._moves[: len(some)].reshape(len(some), -1)
        places = self._rest + flat.reshape(3, -1)
        split = dict(zip(self._names, np.split(places, self._ends, axis=1), strict=True))
        bones = np.concatenate([split[name] for name in MODELLED], axis=1)
        to_body = self.model.to_body(bones.T.astype(np.float64))
        turned = to_body[:3, :3].astype(np.float32) @ places
        turned += to_body[:3, 3:].astype(np.float32)
        named = {
            name: np.array(part.T, dtype=np.float64, order="C")
            for name, part in zip(self._names, np.split(turned, self._ends, axis=1), strict=True)
        }
        info = shaped_info(self.built_in.info, weights)
        return assembled(self.built_in, self.model, named, info=info, rough=True)

    def exact(self, rough: Pack) -> Pack:
        """A rough body with its own normals, in some tenths of a second; still without ``si_room``
        (see :func:`measured_room`).
        """
        return replace(
            rough,
            surfaces={name: with_normals(one) for name, one in rough.surfaces.items()},
        )


def shaped_info(info: PackInfo, weights: Sequence[float]) -> PackInfo:
    """``pack.toml`` of the built-in pack in another shape, which says so."""
    shape = f"not the mean but a shape of its model, at {weights_text(weights)}"
    return msgspec.structs.replace(
        info,
        title=f"{info.title} ({shape})",
        attribution=f"{info.attribution} Shown is {shape}.",
        provenance=f"{info.provenance} Shown is {shape}; soft tissue is carried over to it.",
        surface=[
            msgspec.structs.replace(one, provenance="statistical shape")
            if one.provenance.startswith("statistical mean")
            else one
            for one in info.surface
        ],
    )


def weights_text(weights: Sequence[float]) -> str:
    """Weights as people read them: +1.5, 0, -0.3 SD."""
    return f"{', '.join(f'{value:+.3g}' if value else '0' for value in weights)} SD"


# Faults -------------------------------------------------------------------------------------------


def carried_faults(pack: Pack) -> list[str]:
    """What does not hold on a carried body that must hold on any, one sentence each; in about two
    seconds.
    """
    found = [f"{name}: it crosses to the other side of the body." for name in crossed(pack)]
    for name, one in pack.surfaces.items():
        if not np.isfinite(one.surface.vertices).all():
            return [f"{name}: some of its places are not numbers."]
        if one.info.closed and (not is_closed(one.surface) or volume_cm3(one.surface) <= 0):
            found.append(f"{name}: it is not closed, or inside out.")
    found += faults_of_any(measured(pack))
    found += [
        f"{side} SI joint: hip bone and sacrum run {deep:.1f} mm into each other."
        for side in SIDES
        if (deep := si_overlap_mm(pack, side)) > MOST_OVERLAP_MM
    ]
    return found


def crossed(pack: Pack) -> list[str]:
    """Ids of landmarks of one side that lie on the other."""
    return [
        name
        for name, points in pack.landmarks.items()
        if (sign := SIGNS.get(name.split("-")[0])) and (points[:, 0] * sign <= 0).any()
    ]


def si_overlap_mm(pack: Pack, side: str) -> float:
    """How deep the hip bone of a side and the sacrum lie in each other at rest."""
    hip = f"{side}-hip-bone"
    solids = {name: solid(pack.surfaces[name].surface) for name in (hip, "sacrum")}
    pair = contact(hip, solids[hip], "sacrum", solids["sacrum"], NEAR_MM)
    return overlap_mm(solids, pair, {name: np.eye(4) for name in solids})
