"""Packs to fetch in tests: a local server that can misbehave, a small pack, and the real ones."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from siexplorer.geometry.filters import thinned
from siexplorer.geometry.registration import apply
from siexplorer.packs.catalog import CatalogFile, CatalogPack, CatalogSurface
from siexplorer.packs.pack import Pack

REAL = Path(__file__).resolve().parents[2] / "shared" / "meshes"
"""Where the real packs lie beside a checkout; elsewhere tests of them are skipped."""

BONES = ("left-hip-bone", "right-hip-bone", "sacrum", "coccyx", "left-femur", "right-femur")


class Server(ThreadingHTTPServer):
    """Gives out the files of a folder, with a fault for so many requests."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.fault, self.left = "", 0
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def misbehave(self, fault: str, times: int = 1) -> None:
        self.fault, self.left = fault, times


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        path = self.server.folder / name
        fault = self.server.fault if self.server.left > 0 else ""
        self.server.left -= 1
        if not path.is_file() or fault == "missing":
            self.send_error(404)
            return
        data = path.read_bytes()
        if fault == "wrong":
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        if fault == "endless":
            data = data * 3
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.connection.close()
            return
        if fault == "slow":
            for start in range(0, len(data), 4096):
                try:
                    self.wfile.write(data[start : start + 4096])
                except OSError:
                    return
                time.sleep(0.05)
            return
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server on this machine for as long as it is needed."""
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def small_pack(pack: Pack, folder: Path) -> CatalogPack:
    """The built-in bones as another's pack: few triangles, in cm, turned, y up; written there."""
    matrix = np.eye(4)
    tilt = np.radians(12.0)
    cos, sin = np.cos(tilt), np.sin(tilt)
    matrix[:3, :3] = [[1, 0, 0], [0, cos, -sin], [0, sin, cos]]
    matrix[:3, 3] = [40.0, -900.0, 300.0]
    files, surfaces = [], []
    (folder / "small").mkdir(parents=True)
    for name in BONES:
        thin = thinned(pack.surfaces[name].surface, 2500)
        x, y, z = apply(matrix, thin.vertices).T / 10
        # Upstream: +x left, +y up, +z anterior.
        lines = [f"v {a:.5f} {c:.5f} {-b:.5f}" for a, b, c in zip(x, y, z, strict=True)]
        lines += [f"f {a} {b} {c}" for a, b, c in thin.faces + 1]
        data = "\n".join(lines).encode()
        path = f"small/{name}.obj"
        (folder / path).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        files.append(CatalogFile(path, len(data), digest, f"https://example.invalid/{path}"))
        carrier = "sacrum" if name == "coccyx" else name
        surfaces.append(CatalogSurface(name, name, carrier, "scanned", [path]))
    return CatalogPack(
        id="small",
        title="A small pack",
        version="1",
        summary="Bones.",
        licence="CC0-1.0",
        attribution="Nobody.",
        doi="10.1000/1",
        units="cm",
        axes="+x left, +y up, +z anterior",
        provenance="Made for a test.",
        lacks=["There is nothing but bones."],
        file=files,
        surface=surfaces,
    )
