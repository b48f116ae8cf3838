"""A mesh of one's own for tests without the search: the built-in bones, said to be one."""

from dataclasses import replace

import msgspec
import numpy as np

from siexplorer.packs.opened import OWN_MESH, Opened
from siexplorer.packs.pack import OWN, Found, OwnMesh, Pack

TO_BODY = np.array(
    [[0.0, -1000.0, 0.0, 12.0], [1000.0, 0.0, 0.0, -7.0], [0.0, 0.0, 1000.0, 3.0], [0, 0, 0, 1.0]]
)
"""A file in metres, turned by a quarter about the vertical."""

BONES = ("left-hip-bone", "right-hip-bone", "sacrum")


def own_pack(pack: Pack, digest: str = "ab" * 32) -> Pack:
    """The built-in pack as if its pelvis, without coccyx and thighs, had come from a file."""
    surfaces = dict(pack.surfaces)
    for name in BONES:
        info = msgspec.structs.replace(surfaces[name].info, provenance=OWN)
        surfaces[name] = replace(surfaces[name], info=info)
    found = {name: Found(0.9, "The shape model explains it.", True) for name in pack.landmarks}
    for name in pack.landmarks:
        if "trochanter" in name or name == "coccyx-tip":
            found[name] = Found(0.1, "The bone is not in the mesh.", False)
    found["left-aiis"] = Found(0.3, "The bone differs from the shape model.", True)
    info = msgspec.structs.replace(
        pack.info, id=OWN_MESH, title="Your own mesh", attribution="Bones: your own mesh.",
        upstream="", file=[], surface=[one.info for one in surfaces.values()], lacks=[],
    )  # fmt: skip
    own = OwnMesh("scan.stl", digest, False, TO_BODY, found, BONES)
    return replace(pack, info=info, surfaces=surfaces, own=own)


def record_like(pack: Pack) -> dict[str, object]:
    """What the search would have told."""
    landmarks = {
        name: {"points_mm": points.tolist(), "confidence": 0.9, "shown": True, "reason": ""}
        for name, points in pack.landmarks.items()
    }
    for side in ("left", "right"):
        centre = pack.centres[f"{side}-hip-joint"].tolist()
        landmarks[f"{side}-hip-centre"] = {"points_mm": [centre]}
    return {
        "files": ["scan.stl"], "unit": "m", "unit_sure": 0.98, "triangles": 12000, "drawn": 12000,
        "repeated": 0, "holes": 2, "turned": 1.0, "sure": 1.0, "fit_mm": 0.31, "scale": 1.02,
        "sides_sure": False, "sides_reason": "It cannot be told from shape.", "mirrored": False,
        "bones": {name: {"triangles": 4000, "confidence": 0.99} for name in BONES},
        "unnamed": {}, "notes": [], "landmarks": landmarks,
        "measures": {"subpubic_angle_deg": 76.0},
    }  # fmt: skip


def opened_like(pack: Pack, digest: str = "ab" * 32) -> Opened:
    """What opening that mesh would have brought."""
    whole = own_pack(pack, digest)
    return Opened(whole, record_like(whole))
