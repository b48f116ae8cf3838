"""A mesh of the user's own made ready to be explored: bones, landmarks, and what is carried over.

Made in a process of its own, so that a window never waits: what is made goes back through a file of
arrays. Nothing else is kept, and nothing is sent.
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.geometry.surface import Floats, Surface, area_cm2, is_closed, vertex_normals
from siexplorer.packs.corrections import CorrectionsError, digest_of, kept, kept_file
from siexplorer.packs.pack import (
    CARRIED,
    CARRIED_GLIDE_LIFT,
    OWN,
    PARTS,
    Found,
    OwnMesh,
    Pack,
    PackInfo,
    PackSurface,
    joined_arrays,
    parted_arrays,
    read_pack,
    read_shape,
)

OPENED = "SIEXPLORER_OPENED"
"""The variable by which a window names the file that holds the mesh it has open."""

OWN_MESH = "own-mesh"
"""The id of the pack that a mesh of one's own becomes."""

MOST_DRAWN = 160_000
"""So many triangles of the user's own bones are drawn (design: what turns smoothly without a
graphics card); landmarks are found on all of them."""

MEASURED = 15_000
"""With so many triangles of them it is worked out what fits what (design)."""

STEPS = ("reading", "welding", "searching", "fitting", "landmarks", "carrying")
"""What is done, one after the other."""


@dataclass(slots=True)
class Opened:
    """A pelvis ready to be looked at, and the report about it.

    ``record`` is what ``packs.batch.record_of`` tells; ``corrected`` the landmarks that were put
    right earlier, (3,) mm in the body frame; ``problems`` what could not be used; ``faults`` which
    of the rules about soft tissue do not hold on what was carried over.
    """

    pack: Pack
    record: dict[str, Any]
    corrected: dict[str, Floats] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def open_pelvis(
    paths: Sequence[Path],
    known: Knowledge,
    *,
    unit: Any = None,
    mirrored: bool | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> Opened:
    """Read some files, find the pelvis in them, and carry the built-in body over to it.

    ``mirrored`` None means that nobody has said whether the mesh is a mirror image; it is taken as
    it lies, then. ``said`` is told which of ``STEPS`` comes next.

    Raises
    ------
    OwnMeshError
        If the files cannot be read, or show no pelvis.
    PackError
        If the built-in pack cannot be read.
    """
    from siexplorer.geometry.find import locate
    from siexplorer.packs.batch import record_of
    from siexplorer.packs.carried import carried_faults, carried_pack
    from siexplorer.packs.own import open_own

    model, built_in = read_shape(), read_pack()
    turned = bool(mirrored)
    found = open_own(paths, model, unit=unit, mirrored=turned, said=said)
    said("landmarks")
    located = locate(model, found)
    corrected, problems = kept_on(paths, found, located)
    record = record_of(model, found, located, [path.name for path in paths], corrected)

    said("carrying")
    bones = thinner(found.bones, MOST_DRAWN)
    record["drawn"] = sum(len(bone.faces) for bone in bones.values())
    pack = carried_pack(
        built_in,
        model,
        found.model,
        info=_info(known, built_in.info),
        bones=thinner(bones, MEASURED),
        landmarks={name: place.points for name, place in located.items()},
    )
    faults = carried_faults(pack)
    pack = _marked(pack, bones, named(known, faults))
    pack.stand_ins = {
        name: model.surface(name, found.model)
        for name in bones
        if name in model.parts and not pack.surfaces[name].info.closed
    }
    settled = found.sides_sure or mirrored is not None
    pack.own = OwnMesh(
        name=paths[0].name if len(paths) == 1 else f"{len(paths)} files",
        digest=_digest(paths),
        mirrored=turned,
        to_body=found.to_body,
        found={n: Found(p.confidence, p.reason, p.shown) for n, p in located.items()},
        bones=tuple(bones),
    )
    if not settled:
        pack = with_sides(pack, known.say("own_sides_unknown"))
    return Opened(pack, record, corrected, problems, faults)


def with_sides(pack: Pack, said: str) -> Pack:
    """The pack with what is to be said about left and right, wherever it is told whose it is."""
    own = pack.own
    if own is None:
        return pack
    attribution = pack.info.attribution.removeprefix(own.sides).strip()
    info = msgspec.structs.replace(pack.info, attribution=f"{said} {attribution}".strip())
    return replace(pack, info=info, own=replace(own, sides=said))


def kept_on(
    paths: Sequence[Path], found: Any, located: Mapping[str, Any]
) -> tuple[dict[str, Floats], list[str]]:
    """The landmarks of an identified mesh that were put right earlier, (3,) mm in the body frame;
    and a sentence for what is kept but not used.

    Raises
    ------
    OwnMeshError
        If a file can no longer be read.
    """
    digest = _digest(paths)
    try:
        places = kept(digest, mirrored=found.mirrored)
    except CorrectionsError as error:
        return {}, [str(error)]
    problems = []
    if not places and kept_file(digest, mirrored=not found.mirrored).exists():
        as_what = "as it lies" if found.mirrored else "as a mirror image"
        problems.append(
            f"{paths[0].name}: landmarks of this mesh were corrected {as_what}; those are not used."
        )
    return placed(places, found.to_body, located), problems


def placed(
    places: Mapping[str, Floats], to_body: Floats, located: Mapping[str, Any]
) -> dict[str, Floats]:
    """Kept places (3,) brought into the body frame, of landmarks that are single points."""
    whole = {n: p for n, p in places.items() if n in located and len(located[n].points) == 1}
    return {name: to_body[:3, :3] @ place + to_body[:3, 3] for name, place in whole.items()}


def _digest(paths: Sequence[Path]) -> str:
    from siexplorer.packs.own import OwnMeshError

    try:
        return digest_of(paths)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OwnMeshError(f"{paths[0].name}: it cannot be read any more ({reason}).") from None


def named(known: Knowledge, faults: Sequence[str]) -> list[str]:
    """Faults that begin with the name of the thing instead of its id."""
    told = []
    for fault in faults:
        name, _, rest = fault.partition(": ")
        entry = known.entries.get(name)
        told.append(fault if entry is None else f"{entry.name}: {rest}")
    return told


def thinner(bones: Mapping[str, Surface], most: int) -> dict[str, Surface]:
    """The bones' own surfaces, wound outwards, thinned to ``most`` triangles in all."""
    from siexplorer.geometry.filters import fewer
    from siexplorer.geometry.mending import clustered, wound_alike

    total = sum(len(bone.faces) for bone in bones.values())
    share = min(1.0, most / max(total, 1))
    found = {}
    for name, bone in bones.items():
        wanted = max(200, round(share * len(bone.faces)))
        if len(bone.faces) > 4 * wanted:
            # A grid takes most of them away at once; about two triangles fill each of its cells.
            step_mm = float(np.sqrt(2 * 100 * area_cm2(bone) / (3 * wanted)))
            bone = clustered(bone, step_mm).surface
        found[name] = wound_alike(fewer(bone, wanted))
    return found


def _info(known: Knowledge, built_in: PackInfo) -> PackInfo:
    return msgspec.structs.replace(
        built_in,
        id=OWN_MESH,
        title=known.say("own_title"),
        version="1",
        licence=known.say("own_licence", licence=built_in.licence),
        attribution=known.say("own_attribution"),
        upstream="",
        provenance=f"{known.say('own_provenance')} {built_in.attribution}",
        file=[],
        lacks=[],
    )


def _marked(pack: Pack, bones: Mapping[str, Surface], faults: Sequence[str]) -> Pack:
    """The pack with the user's own bones as they are drawn, whose surfaces say which those are and
    which were carried over, and which says what does not hold on it.
    """
    surfaces = {}
    for name, one in pack.surfaces.items():
        said = msgspec.structs.replace(one.info, provenance=CARRIED, reviewed=False)
        own = bones.get(name)
        if own is None:
            surfaces[name] = replace(one, info=said)
            continue
        said = msgspec.structs.replace(
            said, provenance=OWN, closed=is_closed(own), triangles=len(own.faces)
        )
        surfaces[name] = PackSurface(said, own, vertex_normals(own))
    infos = [one.info for one in surfaces.values()]
    info = msgspec.structs.replace(pack.info, surface=infos, lacks=list(faults))
    return replace(pack, surfaces=surfaces, info=info)


# From one process to another ----------------------------------------------------------------------


class _Own(msgspec.Struct):
    name: str
    digest: str
    mirrored: bool
    to_body: list[list[float]]
    found: dict[str, tuple[float, str, bool]]
    bones: list[str]
    sides: str


class _Head(msgspec.Struct):
    info: PackInfo
    landmarks: dict[str, list[list[float]]]
    centres: dict[str, list[float]]
    reference_nodes: dict[str, list[float]]
    si_room: dict[str, list[list[float]]]
    pack_problems: list[str]
    own: _Own
    record: dict[str, Any]
    corrected: dict[str, list[float]]
    problems: list[str]
    faults: list[str]


class OpenedError(Exception):
    """A file that holds no opened mesh."""


def write_opened(opened: Opened, path: Path) -> None:
    """Write it as one file of arrays, for another process to read.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    pack, own = opened.pack, opened.pack.own
    if own is None:
        raise ValueError("no mesh of a user's own")
    head = _Head(
        pack.info,
        {name: points.tolist() for name, points in pack.landmarks.items()},
        {name: point.tolist() for name, point in pack.centres.items()},
        {name: point.tolist() for name, point in pack.reference_nodes.items()},
        {side: rows.tolist() for side, rows in pack.si_room.items()},
        pack.problems,
        _Own(
            own.name,
            own.digest,
            own.mirrored,
            own.to_body.tolist(),
            {name: (one.confidence, one.reason, one.shown) for name, one in own.found.items()},
            list(own.bones),
            own.sides,
        ),
        opened.record,
        {name: point.tolist() for name, point in opened.corrected.items()},
        opened.problems,
        opened.faults,
    )
    arrays: dict[str, Any] = {}
    for name, one in pack.surfaces.items():
        arrays[f"{name}/vertices"] = one.surface.vertices.astype(np.float32)
        arrays[f"{name}/faces"] = one.surface.faces.astype(np.int32)
        arrays[f"{name}/normals"] = one.normals.astype(np.float32)
        if one.fibres is not None:
            arrays[f"{name}/fibres"] = one.fibres.astype(np.float32)
    joined = joined_arrays(arrays, list(pack.surfaces))
    for name, surface in pack.stand_ins.items():
        joined[f"{name}/stand-in"] = surface.vertices
        joined[f"{name}/stand-in-faces"] = surface.faces
    text = np.frombuffer(msgspec.json.encode(head), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, head=text, **joined)


def read_opened(path: Path) -> Opened:
    """What another process has opened.

    Raises
    ------
    OpenedError
        If the file holds nothing of the kind.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            joined = {name: stored[name] for name in (*PARTS, "counts")}
            stand_ins = {
                name.partition("/")[0]: Surface(stored[name], stored[f"{name}-faces"])
                for name in stored.files
                if name.endswith("/stand-in")
            }
            head = msgspec.json.decode(stored["head"].tobytes(), type=_Head)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise OpenedError(f"{path.name}: no opened mesh ({type(error).__name__}).") from None
    infos = head.info.surface
    arrays = parted_arrays(joined, [one.id for one in infos])
    if arrays is None:
        raise OpenedError(f"{path.name}: its arrays do not fit each other.")
    surfaces = {}
    for one in infos:
        vertices = arrays[f"{one.id}/vertices"].astype(np.float64)
        surface = Surface(vertices, arrays[f"{one.id}/faces"])
        fibres = arrays.get(f"{one.id}/fibres")
        surfaces[one.id] = PackSurface(one, surface, arrays[f"{one.id}/normals"], fibres)
    own = head.own
    pack = Pack(
        head.info,
        surfaces,
        _arrays(head.landmarks),
        _arrays(head.centres),
        _arrays(head.reference_nodes),
        _arrays(head.si_room),
        head.pack_problems,
        OwnMesh(
            own.name,
            own.digest,
            own.mirrored,
            np.array(own.to_body),
            {name: Found(*one) for name, one in own.found.items()},
            tuple(own.bones),
            own.sides,
        ),
        stand_ins,
        CARRIED_GLIDE_LIFT,
    )
    corrected = _arrays(head.corrected)
    return Opened(pack, head.record, corrected, head.problems, head.faults)


def _arrays(rows: Mapping[str, Any]) -> dict[str, Floats]:
    return {name: np.array(values, dtype=np.float64) for name, values in rows.items()}
