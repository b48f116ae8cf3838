"""Take the README's screenshots from the real window: ``python scripts/take_pictures.py``.

Run it with the project's own Python under a display, for example
``xvfb-run .venv/bin/python scripts/take_pictures.py``. Pictures go to ``scripts/pictures``, or to
the folder that is named.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siexplorer.anatomy.records import View
    from siexplorer.exploration.state import Plane

ROOT = Path(__file__).resolve().parent.parent
OUT = Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / "scripts" / "pictures"

PLATE = (640, 640)
PLATES: dict[str, tuple[str, View, Plane | None]] = {
    "skin": ("skin", "left", None),
    "muscles": ("superficial-muscles", "back", None),
    "side": ("superficial-muscles", "left", None),
    "rotators": ("deep-rotators", "back", None),
    "front": ("front-of-hip", "front", None),
    "ligaments": ("ligaments", "back", None),
}
BESIDE_PSIS, INSIDE_ASIS = (100.0, 155.0, -12.0), (88.0, -30.0, -12.0)
OVER_PIRIFORMIS = (72.0, 175.0, -45.0)
"""Where a tool is put for the pictures of the ball map, mm."""

MADE_UP_SD = (1.4, -1.2, 1.0, 0.6)
"""Weights of the pelvis that stands for a mesh of one's own."""

SHAPE_STEPS = (9, -16, 8)
"""Where the first sliders of shapes are put, in tenths of a standard deviation."""

COLOURS = 256
"""Of a picture that is kept: enough for the eye, and a third of the size."""


def shrink(source: Path, target: Path) -> None:
    """Write a picture with few colours, as small as it gets."""
    from PIL import Image

    picture = Image.open(source).convert("RGB")
    # Without the second step, the few yellow pixels of a nerve would turn brown.
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2)
    few.save(target, optimize=True)
    print(target.name, target.stat().st_size // 1000, "kB")


def made_up_scan(path: Path) -> None:
    """Write a pelvis that the shape model makes up, as an STL in metres that lies on its side."""
    import numpy as np

    from siexplorer.geometry.shape import PELVIS
    from siexplorer.packs.pack import read_shape

    sample = read_shape().sample(np.array(MADE_UP_SD))
    corners = np.concatenate(
        [one.vertices[one.faces] for name, one in sample.surfaces.items() if name in PELVIS]
    )
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    rows = np.zeros(len(corners), record)
    rows["corners"] = corners[..., [2, 0, 1]] / 1000.0
    path.write_bytes(bytes(80) + np.uint32(len(rows)).tobytes() + rows.tobytes())


def main() -> None:
    """Open the window, bring it into each state, and save what a person would see."""
    os.environ["QT_API"] = "pyside6"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if sys.platform == "linux" else "")
    folder = tempfile.mkdtemp()
    settings = Path(folder) / "settings.ini"
    settings.write_text("[General]\nnotice=1000\n")
    os.environ["SIEXPLORER_SETTINGS"] = str(settings)
    # The corrected landmark is kept nowhere but here.
    os.environ["XDG_DATA_HOME"] = folder
    sys.path.insert(0, str(ROOT))
    import numpy as np
    from PySide6.QtGui import QSurfaceFormat
    from PySide6.QtWidgets import QApplication

    from siexplorer.app.gate import GateDialog
    from siexplorer.app.main import gl_format
    from siexplorer.app.opening import OpenDialog
    from siexplorer.app.window import MainWindow
    from siexplorer.scene.snapshot import draw, save_png

    QSurfaceFormat.setDefaultFormat(gl_format())
    app = QApplication(["siexplorer"])
    app.setStyle("Fusion")
    window = MainWindow()
    window.resize(1280, 800)
    window.open()
    OUT.mkdir(exist_ok=True)

    def settle(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.005)

    def save(name: str) -> None:
        settle(1.0)
        # The second view of a comparison stands still when the first one does.
        while window.view is not None and window.view.pelvis.moving:
            settle(0.5)
        path = OUT / f"{name}.png"
        window.grab().save(str(path))
        shrink(path, path)

    def plate(name: str, preset: str, view: View, cut: Plane | None = None) -> None:
        do.set_preset(preset)
        if cut is not None:
            do.set_section(cut)
        else:
            do.look(view)
        settle(1.0)
        path = OUT / f"plate-{name}.png"
        save_png(draw(do, PLATE), path)
        do.set_section(None)
        shrink(path, path)

    def ball(place: tuple[float, float, float]) -> None:
        while do.stack() is None:
            settle(0.05)
        do.place_ball(np.array(place))

    def own_mesh() -> None:
        scan = Path(folder) / "scan.stl"
        made_up_scan(scan)
        window.own.open([scan])
        dialog = window.findChild(OpenDialog)
        while dialog.running:
            settle(0.05)
        dialog.choices[False].click()
        dialog.use.click()
        do.set_mode("explore")
        do.restore_hidden()
        do.visit("left-asis")
        do.correcting.start("left-asis")
        do.correcting.slide(np.array([-4.0, 0.0, -7.0]))
        save("own")
        do.correcting.cancel()

    def shapes() -> None:
        do.set_mode("explore")
        do.restore_hidden()
        do.look("front")
        window.commands["shapes"].trigger()
        while not window.shape.sliders[0].isEnabled():
            settle(0.05)
        for slider, steps in zip(window.shape.sliders, SHAPE_STEPS, strict=False):
            slider.setValue(steps)
            settle(0.1)
        while do.rough:
            settle(0.05)
        save("shapes")
        do.set_preset("bones")
        do.visit("left-asis")
        do.look("front")
        window.shape.beside.click()
        save("pelves")
        do.compare(None)
        do.set_shape(())
        do.restore_hidden()
        window.commands["shapes"].trigger()

    while window.view is None:
        settle(0.05)
    window.view.animate = False
    do = window.exploration
    save("start")
    do.visit("left-psis")
    save("psis")
    do.set_preset("front-of-hip")
    do.visit("left-iliacus")
    do.set_voice("student")
    save("iliacus")
    do.set_voice("plain")
    do.set_preset("superficial-muscles")
    do.visit("left-gluteus-medius")
    do.set_referral(shown=True)
    save("referral")
    do.set_referral(shown=False)
    do.select(None)
    do.set_preset("skin")
    do.set_section("axial")
    do.select("left-gluteus-maximus")
    save("section")
    do.select(None)
    do.set_section(None)
    for name, (preset, view, cut) in PLATES.items():
        plate(name, preset, view, cut)
    do.restore_hidden()
    do.set_mode("move")
    do.set_moment(1.0)
    if do.following is not None:
        do.following.prepare()
    save("move")
    do.set_movement("left-knee-lift")
    do.set_preset("superficial-muscles")
    do.look("left")
    do.set_moment(1.0)
    save("knee")
    do.set_movement("counternutation")
    do.set_preset("ligaments")
    do.look("back")
    do.set_moment(1.0)
    save("taut")
    do.set_movement("left-one-leg-stance")
    do.set_preset("body-and-bones")
    do.compare("left-one-leg-stance-article")
    do.set_moment(1.0)
    save("compare")
    do.compare(None)
    do.restore_hidden()
    do.set_mode("ball")
    ball(BESIDE_PSIS)
    save("ball")
    do.set_preset("skin")
    do.look("front")
    do.set_tool("hand")
    do.set_position("prone")
    ball(INSIDE_ASIS)
    save("ball-front")
    do.look("back")
    do.set_tool("tennis-ball")
    do.set_position("left-figure-four")
    ball(OVER_PIRIFORMIS)
    save("ball-four")

    def lead(name: str, kind: str) -> None:
        """Lead a session to its first hold, rest or change of sides."""
        do.read(name)
        while do.technique() is None or (do.technique().tools and do.verdict() is None):
            settle(0.05)
        window.follow.begin()
        session = window.follow.session
        while session is not None and session.moment().slot.kind != kind:
            session.go(1)

    do.restore_hidden()
    do.read("left-ball-figure-four")
    while do.verdict() is None:
        settle(0.05)
    save("follow")
    gate = GateDialog(do.known, window)
    gate.show()
    gate.boxes["blood-thinners"].click()
    settle(0.5)
    gate.grab().save(str(OUT / "gate.png"))
    gate.close()
    shrink(OUT / "gate.png", OUT / "gate.png")
    # Only for the pictures: who takes them has read the questions.
    window.follow.skips_gate = True
    lead("left-partner-compression", "hold")
    settle(8.0)
    save("session")
    window.follow.end()
    lead("left-ball-under-buttock", "hold")
    view = window.follow.view
    assert view is not None
    view.show_full()
    settle(8.0)
    large = view._large
    assert large is not None
    large.grab().save(str(OUT / "session-full.png"))
    shrink(OUT / "session-full.png", OUT / "session-full.png")
    window.follow.end()
    settle(0.5)
    lead("left-knee-to-chest", "switch")
    settle(1.0)
    save("session-sides")
    window.follow.end()
    shapes()
    own_mesh()
    window.close()


if __name__ == "__main__":
    main()
