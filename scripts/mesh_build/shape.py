"""The shape model of the pack: how 26 people's pelves differ, at the pack's own vertices.

The modes of LLP26 move the nodes of its element meshes; the same sparse map that gives this pack's
vertices from the nodes gives how each vertex moves. What is not of the atlas follows it: the coccyx
goes with the lower end of the sacrum, and each thigh bone keeps its head in its socket.
"""

import io
import pickle
import zipfile
from typing import Any

PC_FILE = "shape_models/LLP26_rigid.pc"
PELVIS_NODES, FEMUR_NODES = slice(0, 1946), slice(1946, 2580)
"""Where the pelvis and the left femur lie among the model's nodes (checked when it is read)."""

FREEDOM = 25
"""26 people differ in at most 25 ways; the model's last mode is empty."""

APEX_MM = 30.0
"""The lowest part of the sacrum, which the coccyx follows (design)."""

HIP_SPHERE_MM = 2.0
"""How near a vertex lies to the fitted sphere of socket or head to count to it (design)."""

ON_BONE = {
    "pubic-symphysis": "left-hip-bone",
    "sacral-base": "sacrum",
    "sacral-promontory": "sacrum",
    "s2-tubercle": "sacrum",
    "sacral-apex": "sacrum",
    "coccyx-tip": "coccyx",
}
"""The bone that carries a landmark, where it is not the hip bone of its side."""

ON_BONE_ENDING = {
    "inferior-lateral-angle": "sacrum",
    "greater-trochanter": "femur",
    "lesser-trochanter": "femur",
}


class _ArraysOnly(pickle.Unpickler):
    """Reads the model's pickle and lets it name nothing but NumPy's arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype"):
            import numpy as np

            return {"ndarray": np.ndarray, "dtype": np.dtype}.get(name) or super().find_class(
                module.replace("numpy.core", "numpy._core"), name
            )
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a shape model")


def read_model():  # type: ignore[no-untyped-def]
    """Mean (n, 3), modes (n, 3, 25) in mm per standard deviation, and 25 shares of variance."""
    import numpy as np
    from musculoskeletal.models import get_model_path

    with get_model_path(PC_FILE).open("rb") as file:
        record = _ArraysOnly(file, encoding="latin1").load()
    variance = np.asarray(record["weights"], dtype=np.float64)[:FREEDOM]
    mean = np.asarray(record["mean"], dtype=np.float64).reshape(3, -1).T
    modes = np.asarray(record["modes"], dtype=np.float64)[:, :FREEDOM] * np.sqrt(variance)
    return mean, modes.reshape(3, -1, FREEDOM).transpose(1, 0, 2), variance / variance.sum()


def hip_and_sacrum_maps(pelvis):  # type: ignore[no-untyped-def]
    """The sparse node map of the left hip, right hip and sacrum, in the pack's vertex order."""
    from mesh_build.atlas import (
        HIP_DENSITY,
        SACRUM_DENSITY,
        from_left_to_right,
        node_map,
    )

    from siexplorer.geometry.surface import Surface, used_vertices

    nodes = pelvis.field_parameters[:, :, 0].T
    found = []
    for density in (HIP_DENSITY, SACRUM_DENSITY):
        weights, faces = node_map(pelvis, density)
        whole = Surface(weights @ nodes, faces)
        found.append([weights[used_vertices(whole, m)] for m in from_left_to_right(whole)])
    return found[0][0], found[0][2], found[1][1]


def shape_arrays(pelvis, femur, bones, to_body, landmarks):  # type: ignore[no-untyped-def]
    """What ``shape.npz`` holds, by name; see :mod:`siexplorer.geometry.shape`."""
    import numpy as np
    from mesh_build.atlas import FEMUR_DENSITY, node_map

    from siexplorer.geometry.filters import closest_points
    from siexplorer.geometry.landmarks import MIRROR, acetabulum, femoral_head, fit_sphere
    from siexplorer.geometry.rays import shares_in_face
    from siexplorer.geometry.registration import fit
    from siexplorer.geometry.surface import Surface, outwards, vertex_normals

    mean, modes, shares = read_model()
    for field, part in ((pelvis, PELVIS_NODES), (femur, FEMUR_NODES)):
        if not np.allclose(mean[part], field.field_parameters[:, :, 0].T, atol=1e-6):
            raise SystemExit("build_meshes: the shape model's mean is not the atlas' mean mesh")
    turn = to_body[:3, :3]

    def moved(weights, part):  # type: ignore[no-untyped-def]
        """(n, 3, 25) how the vertices of a node map move, in the body frame."""
        return np.einsum("ij,njk->nik", turn, _spread(weights, modes[part]))

    left, right, sacrum = hip_and_sacrum_maps(pelvis)
    surfaces = {
        "left-hip-bone": bones.hip_left,
        "right-hip-bone": bones.hip_right,
        "sacrum": bones.sacrum,
        "coccyx": bones.coccyx,
        "left-femur": bones.femur_left,
        "right-femur": bones.femur_right,
    }
    move = {
        "left-hip-bone": moved(left, PELVIS_NODES),
        "right-hip-bone": moved(right, PELVIS_NODES),
        "sacrum": moved(sacrum, PELVIS_NODES),
    }

    low = bones.sacrum.vertices[:, 2] < bones.sacrum.vertices[:, 2].min() + APEX_MM
    apex, tail = bones.sacrum.vertices[low], bones.coccyx.vertices
    move["coccyx"] = np.empty((len(tail), 3, FREEDOM))
    for k in range(FREEDOM):
        with_it = fit("rigid", apex, apex + move["sacrum"][low, :, k])
        move["coccyx"][:, :, k] = tail @ with_it[:3, :3].T + with_it[:3, 3] - tail

    weights, faces = node_map(femur, FEMUR_DENSITY)
    thigh = outwards(Surface(weights @ femur.field_parameters[:, :, 0].T, faces)).moved(to_body)
    thigh_move = moved(weights, FEMUR_NODES)
    head, radius = femoral_head(thigh)
    on_head = np.abs(np.linalg.norm(thigh.vertices - head, axis=1) - radius) < HIP_SPHERE_MM
    sockets = {}
    for side, sign in (("left", np.ones(3)), ("right", MIRROR.diagonal()[:3])):
        hip = surfaces[f"{side}-hip-bone"]
        mirrored = hip if side == "left" else hip.moved(MIRROR)
        centre, socket_radius = acetabulum(mirrored)
        away = mirrored.vertices - centre
        facing = np.einsum("ij,ij->i", -away, vertex_normals(mirrored))
        distance = np.linalg.norm(away, axis=1)
        socket = np.flatnonzero(
            (facing > 0.8 * distance) & (np.abs(distance - socket_radius) < HIP_SPHERE_MM)
        )
        sockets[side] = socket
        cut = surfaces[f"{side}-femur"].vertices * sign
        whole = thigh.vertices - head + centre
        found, hit = closest_points(Surface(whole, thigh.faces), cut)
        carried = np.empty((len(cut), 3, FREEDOM))
        for n, (face, spot) in enumerate(zip(hit, found, strict=True)):
            corners, share = shares_in_face(Surface(whole, thigh.faces), face, spot)
            carried[n] = np.einsum("c,cik->ik", share, thigh_move[corners])
        # The middle of the cut's cap lies far from the bone's wall: it goes with the whole rim.
        inside = np.linalg.norm(found - cut, axis=1) > 3.0
        rim = np.abs(cut[:, 2] - cut[:, 2].min()) < 1e-3
        carried[inside] = carried[rim & ~inside].mean(axis=0)
        hip_move = move[f"{side}-hip-bone"] * sign[:, None]
        for k in range(FREEDOM):
            before, after = hip.vertices[socket] * sign, hip_move[socket, :, k]
            socket_goes = fit_sphere(before + after)[0] - fit_sphere(before)[0]
            ball = thigh.vertices[on_head]
            head_goes = fit_sphere(ball + thigh_move[on_head, :, k])[0] - fit_sphere(ball)[0]
            carried[:, :, k] += socket_goes - head_goes
        move[f"{side}-femur"] = carried * sign[:, None]

    arrays: dict[str, Any] = {"variance_shares": shares.astype(np.float32)}
    for name, surface in surfaces.items():
        arrays[f"{name}/mean"] = surface.vertices.astype(np.float32)
        arrays[f"{name}/faces"] = surface.faces.astype(np.uint16)
        arrays[f"{name}/modes"] = move[name].astype(np.float16)
    for side, socket in sockets.items():
        arrays[f"{side}-socket"] = socket.astype(np.uint16)
    bone_names = sorted(surfaces)
    for name, points in sorted(landmarks.items()):
        side = name.split("-")[0]
        ending = next((b for e, b in ON_BONE_ENDING.items() if name.endswith(e)), "hip-bone")
        bone = ON_BONE.get(name) or (ending if ending == "sacrum" else f"{side}-{ending}")
        found, hit = closest_points(surfaces[bone], points)
        rows = []
        for face, spot, point in zip(hit, found, points, strict=True):
            corners, share = shares_in_face(surfaces[bone], face, spot)
            rows.append([bone_names.index(bone), *corners, *share, *(point - spot)])
        arrays[f"landmark/{name}"] = np.array(rows, dtype=np.float32)
    return arrays


def _spread(weights, modes):  # type: ignore[no-untyped-def]
    """(n, 3, 25) modes (m, 3, 25) of the nodes through a sparse (n, m) map."""
    flat = weights @ modes.reshape(len(modes), -1)
    return flat.reshape(-1, 3, FREEDOM)


def npz_bytes(arrays: dict[str, Any]) -> bytes:
    """The arrays as an ``.npz`` whose bytes depend on nothing but them, so not on zlib either."""
    from numpy.lib import format as npy

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            one = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            body = io.BytesIO()
            npy.write_array(body, array, allow_pickle=False)
            archive.writestr(one, body.getvalue())
    return out.getvalue()


def shape_file(pelvis, femur, bones, to_body, landmarks) -> bytes:  # type: ignore[no-untyped-def]
    """``shape.npz`` of the pack."""
    return npz_bytes(shape_arrays(pelvis, femur, bones, to_body, landmarks))
