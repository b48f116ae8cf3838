"""What a browser page with three.js makes of a GLB: a second viewer, written by other people."""

import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    # Without someone who might look on, it would end as soon as the page is there.
    "--remote-debugging-port=0",
)
PATIENCE_S = 60.0

PAGE = """<!doctype html><title>A viewer</title><script type="importmap">
{"imports": {"three": "/three/build/three.module.js", "addons/": "/three/examples/jsm/"}}
</script><script type="module">
import * as THREE from "three";
import {GLTFLoader} from "addons/loaders/GLTFLoader.js";
const tell = what => fetch("/told", {method: "POST", body: JSON.stringify(what)});
try {
  const gltf = await new GLTFLoader().loadAsync("/model.glb");
  const scene = new THREE.Scene();
  scene.add(gltf.scene, new THREE.HemisphereLight());
  const mixer = new THREE.AnimationMixer(gltf.scene);
  mixer.clipAction(gltf.animations[0]).play();
  const box = new THREE.Box3().setFromObject(gltf.scene);
  const middle = box.getCenter(new THREE.Vector3());
  const far = box.getSize(new THREE.Vector3()).length();
  const camera = new THREE.PerspectiveCamera(40, 1, 0.01, 10);
  camera.position.copy(middle).add(new THREE.Vector3(0, 0, -1.2 * far));
  camera.lookAt(middle);
  const renderer = new THREE.WebGLRenderer({preserveDrawingBuffer: true});
  renderer.setSize(200, 200);
  const gl = renderer.getContext();
  const moments = [];
  for (const t of TIMES) {
    mixer.setTime(t);
    scene.updateMatrixWorld(true);
    renderer.render(scene, camera);
    const pixels = new Uint8Array(200 * 200 * 4);
    gl.readPixels(0, 0, 200, 200, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    const points = {};
    gltf.scene.traverse(node => {
      if (!node.isMesh) return;
      const count = node.geometry.attributes.position.count, some = [];
      for (let k = 0; k < 40; k++) {
        const at = node.getVertexPosition(Math.floor(k * count / 40), new THREE.Vector3());
        some.push(at.applyMatrix4(node.matrixWorld).toArray());
      }
      points[node.name] = some;
    });
    moments.push({points, pixels: Array.from(pixels.filter((_, k) => k % 4 === 0))});
  }
  tell({moments, clips: gltf.animations.map(one => one.name)});
} catch (error) { tell({error: String(error)}); }
</script>"""


def viewed(glb: bytes, times: list[float], folder: Path) -> dict[str, Any]:
    """The page's account of a GLB: at each time 40 points of every mesh, m, by its name, and the
    red of 200 x 200 pixels. Skips the test where there is no browser, or no three.js.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium is on this machine")
    (folder / "model.glb").write_bytes(glb)
    (folder / "three").symlink_to(npm_package("three").parent.parent)
    page = PAGE.replace("TIMES", json.dumps(times))
    (folder / "index.html").write_text(page, encoding="utf-8")
    with _served(folder) as (address, told):
        running = subprocess.Popen(
            [browser, *OPTIONS, f"--user-data-dir={folder / 'profile'}", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            found: dict[str, Any] = told.get(timeout=PATIENCE_S)
        finally:
            # With all its helpers.
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    assert "error" not in found, found
    return found


def npm_package(name: str) -> Path:
    """The file that an npm package begins with; skips the test where node does not find it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    everyones = subprocess.run([npm, "root", "-g"], capture_output=True, text=True).stdout.strip()
    ask = f"require.resolve({name!r}, {{paths: [process.cwd(), process.argv[1]]}})"
    asked = subprocess.run([node, "-p", ask, everyones], capture_output=True, text=True)
    if asked.returncode != 0:
        pytest.skip(f"the npm package {name} is not installed where node finds it")
    return Path(asked.stdout.strip())


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """The address of a page in a folder, and where what it tells comes in."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()

    class Quiet(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html", told
        finally:
            server.shutdown()
