"""A pelvis with something of every kind in it: what the built-in pack lacks is a simple shape."""

from dataclasses import replace as changed

import msgspec
import numpy as np

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Claim, Description, Skin, Structure
from siexplorer.geometry.surface import Surface, vertex_normals
from siexplorer.packs.pack import Pack, PackSurface, SurfaceInfo

DESIGN = "design"


def ball(radius_mm: float = 10.0, at=(0.0, 0.0, 0.0), around: int = 24) -> Surface:
    """A closed sphere of triangles, wound outwards."""
    turn = np.linspace(0.0, 2 * np.pi, around, endpoint=False)
    tilt = np.linspace(0.0, np.pi, around // 2 + 1)[1:-1]
    rings = np.stack(
        [
            np.sin(tilt)[:, None] * np.cos(turn),
            np.sin(tilt)[:, None] * np.sin(turn),
            np.cos(tilt)[:, None] * np.ones_like(turn),
        ],
        axis=-1,
    ).reshape(-1, 3)
    vertices = np.concatenate([rings, [[0, 0, 1], [0, 0, -1]]]) * radius_mm + np.array(at)
    top, bottom = len(rings), len(rings) + 1
    k, after = np.arange(around), np.roll(np.arange(around), -1)
    faces = [np.column_stack([np.full(around, top), k, after])]
    for row in range(len(tilt) - 1):
        a, b = row * around + k, row * around + after
        faces += [np.column_stack([a, a + around, b]), np.column_stack([b, a + around, b + around])]
    last = (len(tilt) - 1) * around
    faces.append(np.column_stack([np.full(around, bottom), last + after, last + k]))
    return Surface(vertices, np.concatenate(faces).astype(np.int32))


def barrel(half_width_mm: float = 190.0) -> Surface:
    """A body: an upright tube from z 200 to -200 with flat ends."""
    around, rows = 48, 21
    turn = np.linspace(0.0, 2 * np.pi, around, endpoint=False)
    z = np.linspace(200.0, -200.0, rows)
    x = np.tile(half_width_mm * np.cos(turn), rows)
    y = np.tile(70.0 + 120.0 * np.sin(turn), rows)
    sides = np.column_stack([x, y, np.repeat(z, around)])
    vertices = np.concatenate([sides, [[0.0, 70.0, 200.0], [0.0, 70.0, -200.0]]])
    k, after = np.arange(around), np.roll(np.arange(around), -1)
    faces = []
    for row in range(rows - 1):
        a, b = row * around + k, row * around + after
        faces += [np.column_stack([a, a + around, b]), np.column_stack([b, a + around, b + around])]
    last = (rows - 1) * around
    faces.append(np.column_stack([np.full(around, len(sides)), k, after]))
    faces.append(np.column_stack([np.full(around, len(sides) + 1), last + after, last + k]))
    return Surface(vertices, np.concatenate(faces).astype(np.int32))


def drawn(
    name: str, entry: str, surface: Surface, moves_with: str = "sacrum", **more
) -> PackSurface:
    """A surface of a pack."""
    info = SurfaceInfo(name, entry, moves_with, "modelled", True, False, len(surface.faces), **more)
    fibres = np.linspace(0.0, 1.0, len(surface.vertices))
    return PackSurface(
        info, surface, vertex_normals(surface), np.column_stack([fibres, fibres]).astype(np.float32)
    )


def skin_record(kind: str) -> Skin:
    """What is known of a skin, in as few words as will do."""
    said = Description(plain="Skin.", student="Skin.", clinician="Skin.", basis=DESIGN)
    return Skin(
        id=f"skin-{kind}",
        name=f"Skin, {kind} body",
        lay_name=f"outside of a {kind} body",
        latin="cutis",
        ta98="none",
        fma="",
        paired=False,
        view="back",
        description=said,
        facts=[Claim(text="It is the outside.", basis=DESIGN)],
    )


def with_body(known: Knowledge, pack: Pack) -> tuple[Knowledge, Pack]:
    """The records and the pelvis with a body for every structure, and two skins."""
    entries = dict(known.entries)
    for kind in ("female", "male"):
        entries.setdefault(f"skin-{kind}", skin_record(kind))
    surfaces = dict(pack.surfaces)
    whole = {s.info.entry for s in pack.surfaces.values() if s.info.closed}
    for number, (name, entry) in enumerate(entries.items()):
        if not isinstance(entry, Structure) or name in whole:
            continue
        if isinstance(entry, Skin):
            shape = barrel(190.0 if name.endswith("female") else 180.0)
        else:
            sign = {"left": 1.0, "right": -1.0}.get(entry.side, 0.0)
            shape = ball(6.0, (sign * 80.0, 60.0 + number % 9 * 9.0, 60.0 - number % 13 * 14.0))
        surfaces[name] = drawn(name, name, shape)
    corridor = drawn(
        "left-sciatic-corridor", "left-sciatic-nerve", ball(12.0, (60, 110, -60)), role="corridor"
    )
    if not any(s.info.role == "corridor" for s in surfaces.values()):
        surfaces["left-sciatic-corridor"] = corridor
    more = Knowledge(**{f: getattr(known, f) for f in known.__dataclass_fields__})
    more.entries = entries
    return more, changed(pack, surfaces=surfaces)


def with_referral(known: Knowledge, name: str) -> Knowledge:
    """The records with one made referral area, half seen, for one structure."""
    from siexplorer.anatomy.records import ReferralArea, Spot

    area = ReferralArea(
        name="Upper buttock",
        spots=[Spot(landmark="psis", offset_mm=(20.0, 0.0, -10.0), radius_mm=40.0)],
        percent=44.0,
        claim=Claim(text="Made for a test.", basis=DESIGN),
    )
    more = Knowledge(**{f: getattr(known, f) for f in known.__dataclass_fields__})
    changed_entry = msgspec.structs.replace(known.entries[name], referral_areas=[area])
    more.entries = {**known.entries, name: changed_entry}
    return more
