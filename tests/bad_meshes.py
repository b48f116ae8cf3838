"""Files that are no pelvis, or no mesh, or not what they say: each must get one clear sentence."""

import base64
import gzip
import json
import struct
import zipfile
import zlib

import numpy as np

from siexplorer.geometry.filters import contour_grid
from siexplorer.geometry.surface import Surface


def cube(size=200.0):
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float) * size
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
    return Surface(corners, np.array(faces, dtype=np.int32))


def blob(spheres, spacing=4.0, hollow=0.0):
    """A closed surface round several balls, (centre, radius) mm, perhaps with a cavity."""
    low = np.min([np.array(c) - r for c, r in spheres], axis=0) - 3 * spacing
    high = np.max([np.array(c) + r for c, r in spheres], axis=0) + 3 * spacing
    axes = [np.arange(a, b, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = np.full(grid.shape[:-1], np.inf)
    for centre, radius in spheres:
        field = np.minimum(field, np.linalg.norm(grid - np.array(centre), axis=-1) - radius)
    if hollow:
        field = np.abs(field + hollow / 2) - hollow / 2
    return contour_grid(field, low, spacing)


def skull():
    """A hollow vault with a jaw: about as large as a pelvis and hollow like one."""
    return blob([((0, 0, 0), 75), ((0, -40, -20), 60), ((0, -55, -75), 38)], hollow=8.0)


def stl_bytes(surface):
    records = np.zeros(
        len(surface.faces), dtype=[("n", "<f4", 3), ("c", "<f4", (3, 3)), ("e", "<u2")]
    )
    records["c"] = surface.vertices[surface.faces]
    return b"\0" * 80 + struct.pack("<I", len(records)) + records.tobytes()


def obj_bytes(surface):
    lines = [f"v {x} {y} {z}" for x, y, z in surface.vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in surface.faces + 1]
    return "\n".join(lines).encode() + b"\n"


def ply_bytes(surface, count=None, faces=None):
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {count or len(surface.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {faces or len(surface.faces)}\nproperty list uchar int vertex_indices\n"
        "end_header\n"
    )
    rows = np.zeros(len(surface.faces), dtype=[("n", "u1"), ("f", "<i4", 3)])
    rows["n"], rows["f"] = 3, surface.faces
    return head.encode() + surface.vertices.astype("<f4").tobytes() + rows.tobytes()


def gltf_record(surface):
    points = surface.vertices.astype("<f4").tobytes()
    index = surface.faces.astype("<u4").tobytes()
    record = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "thing"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(surface.vertices),
             "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": surface.faces.size,
             "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(points)},
            {"buffer": 0, "byteOffset": len(points), "byteLength": len(index)},
        ],
        "buffers": [{"byteLength": len(points) + len(index)}],
    }  # fmt: skip
    return record, points + index


def gltf_bytes(surface):
    record, binary = gltf_record(surface)
    record["buffers"][0]["uri"] = "data:;base64," + base64.b64encode(binary).decode()
    return json.dumps(record).encode()


def glb_bytes(surface, change=lambda record: None, body=None):
    record, binary = gltf_record(surface)
    change(record)
    binary = binary if body is None else body
    text = json.dumps(record).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    parts = struct.pack("<II", len(text), 0x4E4F534A) + text
    parts += struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(parts)) + parts


def vtp_bytes(surface, packed=True):
    def array(values, name, extra=""):
        raw = values.tobytes()
        if packed:
            body = zlib.compress(raw)
            head = struct.pack("<IIII", 1, len(raw), 0, len(body))
            text = base64.b64encode(head) + base64.b64encode(body)
        else:
            text = base64.b64encode(struct.pack("<I", len(raw)) + raw)
        kind = {"f": "Float32", "i": "Int64"}[values.dtype.kind]
        return (
            f'<DataArray type="{kind}" Name="{name}" format="binary" {extra}>{text.decode()}'
            "</DataArray>"
        )

    points = array(surface.vertices.astype("<f4"), "Points", 'NumberOfComponents="3"')
    ends = np.arange(1, len(surface.faces) + 1, dtype="<i8") * 3
    polys = array(surface.faces.astype("<i8").ravel(), "connectivity") + array(ends, "offsets")
    compressor = ' compressor="vtkZLibDataCompressor"' if packed else ""
    return (
        '<?xml version="1.0"?><VTKFile type="PolyData" version="0.1" byte_order="LittleEndian" '
        f'header_type="UInt32"{compressor}><PolyData><Piece NumberOfPoints="'
        f'{len(surface.vertices)}" NumberOfPolys="{len(surface.faces)}"><Points>{points}</Points>'
        f"<Polys>{polys}</Polys></Piece></PolyData></VTKFile>"
    ).encode()


def corpus():
    """Name to bytes of at least 30 files that must be refused."""
    box, ball = cube(), blob([((0, 0, 0), 110)], 8.0)
    hurt = Surface(box.vertices.copy(), box.faces)
    hurt.vertices[3, 1] = np.nan
    endless = Surface(box.vertices.copy(), box.faces)
    endless.vertices[2, 0] = np.inf
    rng = np.random.default_rng(5)
    record, binary = gltf_record(box)
    with_path = json.loads(json.dumps(record))
    with_path["buffers"][0]["uri"] = "../../../../etc/passwd"
    remote = json.loads(json.dumps(record))
    remote["buffers"][0]["uri"] = "https://example.org/scene.bin"
    pictures = json.loads(json.dumps(record))
    pictures["images"] = [{"uri": "/etc/passwd"}]
    pictures["buffers"][0]["uri"] = "data:;base64," + base64.b64encode(binary).decode()
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    xml_bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><VTKFile/>'

    def loop(record):
        record["nodes"] = [{"children": [0], "mesh": 0}]

    def many(record):
        record["accessors"][0]["count"] = 2**40

    def crowd(record):
        record["nodes"] = [{"children": list(range(1, 60000))}] + [{"mesh": 0}] * 60000

    def negative(record):
        record["bufferViews"][1]["byteOffset"] = -4

    def draco(record):
        record["extensionsRequired"] = ["KHR_draco_mesh_compression"]

    files = {
        "empty.stl": b"",
        "empty.obj": b"",
        "empty.glb": b"",
        "cube.stl": stl_bytes(box),
        "cube.obj": obj_bytes(box),
        "cube.ply": ply_bytes(box),
        "cube.glb": glb_bytes(box),
        "cube.vtp": vtp_bytes(box),
        "ball.stl": stl_bytes(ball),
        "skull.stl": stl_bytes(skull()),
        "rod.stl": stl_bytes(blob([((0, 0, z), 14) for z in range(0, 400, 8)], 5.0)),
        "grain.stl": stl_bytes(Surface(box.vertices * 1e-7, box.faces)),
        "planet.stl": stl_bytes(Surface(box.vertices * 1e6, box.faces)),
        "nan.stl": stl_bytes(hurt),
        "nan.obj": obj_bytes(hurt),
        "nan.ply": ply_bytes(hurt),
        "infinite.glb": glb_bytes(endless),
        "nan.vtp": vtp_bytes(hurt),
        "short.stl": stl_bytes(ball)[:-1000],
        "short.ply": ply_bytes(ball)[:-1000],
        "short.glb": glb_bytes(ball)[:-1000],
        "short.vtp": vtp_bytes(ball)[:-1000],
        "short.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 2 3 4\n",
        "promises.stl": b"\0" * 80 + struct.pack("<I", 2**32 - 1) + b"\0" * 500,
        "promises.ply": ply_bytes(box, count=2_000_000_000),
        "promises-faces.ply": ply_bytes(box, faces=20_000_000),
        "promises.glb": glb_bytes(box, many),
        "loop.glb": glb_bytes(box, loop),
        "crowd.glb": glb_bytes(box, crowd),
        "negative.glb": glb_bytes(box, negative),
        "packed.glb": glb_bytes(box, draco),
        "bomb.glb": bomb,
        "old.glb": b"glTF" + struct.pack("<II", 1, 20) + b"\0" * 8,
        "path.gltf": json.dumps(with_path).encode(),
        "remote.gltf": json.dumps(remote).encode(),
        "pictures.gltf": json.dumps(pictures).encode(),
        "deep.gltf": b"[" * 200_000,
        "list.gltf": b"[1, 2]",
        "entities.vtp": xml_bomb,
        "bomb.vtp": (
            b'<?xml version="1.0"?><VTKFile type="PolyData" header_type="UInt32" '
            b'compressor="vtkZLibDataCompressor"><PolyData><Piece><Points><DataArray '
            b'type="Float32" NumberOfComponents="3" format="binary">'
            + base64.b64encode(struct.pack("<IIII", 1, 2**31, 0, len(bomb)))
            + base64.b64encode(bomb)
            + b"</DataArray></Points></Piece></PolyData></VTKFile>"
        ),
        "grid.vtp": b'<?xml version="1.0"?><VTKFile type="ImageData"></VTKFile>',
        "glb-inside.stl": glb_bytes(ball),
        "stl-inside.glb": stl_bytes(ball),
        "zip.stl": b"PK\x03\x04" + b"\0" * 300,
        "gzip.obj": gzip.compress(obj_bytes(box)),
        "picture.ply": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        "numbers.npy": b"\x93NUMPY" + b"\0" * 100,
        "words.txt": b"a pelvis, honestly",
        "no-ending": stl_bytes(box),
        "noise.stl": rng.bytes(20_000),
        "noise.obj": rng.bytes(20_000),
        "noise.ply": b"ply\n" + rng.bytes(20_000),
        "noise.glb": b"glTF" + rng.bytes(20_000),
        "noise.vtp": rng.bytes(20_000),
        "points.obj": b"".join(b"v %d 0 1\n" % k for k in range(100)),
        "points.ply": (
            b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
            b"property float z\nend_header\n0 0 0\n"
        ),
        "words.obj": b"v a b c\nf 1 2 3\n",
        "zero.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n",
        "material.obj": b"mtllib /etc/passwd\nusemtl x\n" + obj_bytes(box),
        "text.stl": b"solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\n",
        "flat.stl": stl_bytes(
            Surface(box.vertices * [1, 1, 0], np.tile(box.faces[:2], (40, 1)).astype(np.int32))
        ),
    }
    toes = [((x, abs(x) / 2 - 170, -40), 11) for x in (-28, -12, 4, 18, 30)]
    heel = [((0, 0, 0), 35), ((0, -60, -20), 30), ((0, -110, -30), 26), ((0, 10, 90), 30)]
    files["foot.stl"] = stl_bytes(blob([*heel, *toes], 5.0))
    rows = rng.normal(size=(4000, 3)) * 90
    soup = Surface(rows, rng.integers(0, 4000, (3000, 3)).astype(np.int32))
    files["soup.stl"] = stl_bytes(soup)
    packed = gzip.compress(b"x")
    files["empty-archive.ply"] = packed
    return files


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mesh.stl", stl_bytes(cube()))
