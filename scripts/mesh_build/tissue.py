"""What lies on the bones of one side: muscles, ligaments, nerves, vessels and painted areas."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from mesh_build.writing import Made

from siexplorer.geometry import nerves
from siexplorer.geometry.attachments import left_areas, painted
from siexplorer.geometry.landmarks import MIRROR, Bones, Points
from siexplorer.geometry.lattice import Lattice, take_in
from siexplorer.geometry.ligaments import left_ligaments, left_tract
from siexplorer.geometry.muscles import PLANS, Body, body_of, modelled
from siexplorer.geometry.surface import Floats, Surface, area_cm2

LARGE_AREA_CM2 = 9.0
Maker = Callable[[Points, Lattice], nerves.Path]
BEFORE: dict[str, dict[str, Maker]] = {
    "gluteus-medius": {"superior-gluteal-nerve": nerves.superior_gluteal},
    "tensor-fasciae-latae": {
        "femoral-artery": nerves.femoral_artery,
        "femoral-vein": nerves.femoral_vein,
        "femoral-nerve": nerves.femoral_nerve,
        "lateral-femoral-cutaneous-nerve": nerves.lateral_femoral_cutaneous,
    },
    "gluteus-maximus": {"sciatic-nerve": nerves.sciatic},
}
"""Nerves and vessels are laid before the muscle that covers them, so that it leaves them room."""

LIE_FREE = ("sacrotuberous-ligament", "sacrospinous-ligament", "iliolumbar-ligament")
"""Muscles leave room for these ligaments; the others are a skin on the bone."""

TRACT = "iliotibial-tract"

STAY_WITH_SACRUM = ("piriformis", "psoas-major", "multifidus", "coccygeus")


@dataclass(frozen=True, slots=True)
class Side:
    """What one side is built from. ``bones`` are mirrored for the right, landmarks too."""

    name: str
    bones: Bones
    fine: Bones
    finest: Bones
    left: Points
    spine: dict[str, Surface]
    marks: dict[str, Floats]


def built(side: Side) -> dict[str, Made]:
    """All soft tissue of a side, in the body frame, ids with the side first."""
    made: dict[str, Made] = {}
    for name, one in _left(side):
        surface = one.surface if side.name == "left" else one.surface.moved(MIRROR)
        entry = f"{side.name}-{one.entry}"
        moves = one.moves_with
        moves = moves if moves in ("sacrum", "coccyx") else f"{side.name}-{moves}"
        moves = "sacrum" if moves == "coccyx" else moves
        made[f"{side.name}-{name}"] = Made(
            surface, entry, moves, one.provenance, one.role, one.fibres
        )
    return made


def _left(side: Side) -> Iterator[tuple[str, Made]]:
    ligaments = left_ligaments(side.bones, side.left, side.spine)
    for name, band in ligaments.items():
        yield name, Made(band.surface, name, "sacrum", "modelled", "body", band.fibres)
    body = body_of(side.bones, side.finest, side.left, side.spine, side.marks)
    for name in LIE_FREE:
        if name in ligaments:
            take_in(body.field, ligaments[name].surface)
    muscles = {}
    for name in PLANS:
        for tube, path in _paths(body, BEFORE.get(name, {})):
            yield tube, Made(path.surface, tube, "sacrum", "modelled")
            if path.corridor is not None:
                room = Made(path.corridor, tube, "sacrum", "modelled", "corridor")
                yield f"{tube}-corridor", room
        muscles[name] = muscle = modelled(body, name)
        moves = "sacrum" if name in STAY_WITH_SACRUM else "hip-bone"
        print(f"  {side.name} {name}", flush=True)
        yield name, Made(muscle.surface, name, moves, "modelled", "body", muscle.fibres)
    ends = muscles["tensor-fasciae-latae"], muscles["gluteus-maximus"]
    tract = left_tract(side.bones.femur_left, side.left, body.field, *ends)
    made = Made(tract.surface, TRACT, "femur", "modelled", "body", tract.fibres)
    yield TRACT, made
    yield from _areas(side)


def _paths(body: Body, makers: dict[str, Maker]) -> Iterator[tuple[str, nerves.Path]]:
    for name, make in makers.items():
        path = make(body.left, body.field)
        take_in(body.field, path.surface)
        yield name, path


def _areas(side: Side) -> Iterator[tuple[str, Made]]:
    rough = left_areas(side.fine, side.left)
    for name, area in left_areas(side.finest, side.left).items():
        patch = painted(area)
        if area_cm2(patch) > LARGE_AREA_CM2:
            patch = painted(rough[name])
        entry = name.split(".")[0]
        yield name.replace(".", "-"), Made(patch, entry, area.bone, "modelled", "area")


def local_points(found: Points, side: str) -> Points:
    """Landmarks of a side without its name, mirrored for the right; midline ones as well."""
    sign = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    return {
        name.removeprefix(f"{side}-"): points * sign
        for name, points in found.items()
        if name.startswith(side) or not name.startswith(("left-", "right-"))
    }


def mirrored_spine(spine: dict[str, Surface]) -> dict[str, Surface]:
    """The lumbar surfaces in a mirror, the ribs under each other's names."""
    other = {"left-twelfth-rib": "right-twelfth-rib", "right-twelfth-rib": "left-twelfth-rib"}
    return {other.get(name, name): one.moved(MIRROR) for name, one in spine.items()}
