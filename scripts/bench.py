"""Measure start-up, orbiting, clicking and memory, each beside a baseline of the same run.

``python3 scripts/bench.py [--repeat N] [--json FILE]``. On Linux without a display it starts an
Xvfb of its own. Baselines: a minimal pyvistaqt window with one sphere (start-up, memory), and the
surfaces that the start shows, no others and all of them in full, in a bare VTK render window
(orbiting). Ratios are what to compare between machines; milliseconds are this machine's.
"""

# Only what a child needs before its clock is read; the rest is imported where it is used.
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOW = (1280, 800)
FRAMES, CLICKS, PICKS = 60, 60, 400
DEG_PER_FRAME = 4.0
PLAY_S, LONGEST_GAP_S = 6.0, 0.4


def main() -> int:
    """Run every child in turn, several times, and print the medians."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(CHILDREN[sys.argv[2]]()))
        return 0
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="start-ups of each kind (default 5)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with display() as environment:
        runs: dict[str, list[dict[str, float]]] = {}
        run_child("app", environment, runs, warm=True)
        for _ in range(options.repeat):
            for name in ("app", "minimal"):
                run_child(name, environment, runs)
        for name in ("orbit", "play", "ball", "shape"):
            run_child(name, environment, runs)
    figures = summary(runs)
    print_table(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


@contextlib.contextmanager
def display() -> Iterator[dict[str, str]]:
    """An environment with a display and settings of its own: the user's, or an Xvfb."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        # Compiled modules are kept, as Python does it unless told otherwise.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["SIEXPLORER_SETTINGS"] = str(Path(folder) / "settings.ini")
        Path(environment["SIEXPLORER_SETTINGS"]).write_text("[General]\nnotice=1000\n")
        if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
            yield environment
            return
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        number = os.read(read, 16).decode().strip()
        environment |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        try:
            yield environment
        finally:
            server.terminate()
            server.wait()


def run_child(
    name: str,
    environment: dict[str, str],
    runs: dict[str, list[dict[str, float]]],
    *,
    warm: bool = False,
) -> None:
    """Run one child in a fresh process; ``warm`` only fills the caches."""
    import subprocess

    started = dict(environment, BENCH_STARTED=repr(time.time()))
    done = subprocess.run(
        [sys.executable, __file__, "--child", name],
        env=started,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"bench: {name} failed:\n{done.stderr[-2000:]}")
    if not warm:
        runs.setdefault(name, []).append(json.loads(done.stdout.strip().splitlines()[-1]))


def since_start_ms() -> float:
    """Milliseconds since this process was asked for."""
    return (time.time() - float(os.environ["BENCH_STARTED"])) * 1000


def memory_mb() -> float:
    """Resident memory of this process now (Linux), else its peak."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
        return float(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def open_window():  # type: ignore[no-untyped-def]
    """The real window, and a dict that fills with its start-up times as it comes up."""
    os.environ["QT_API"] = "pyside6"
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtGui import QSurfaceFormat
    from PySide6.QtWidgets import QApplication

    from siexplorer.app.main import gl_format

    QSurfaceFormat.setDefaultFormat(gl_format())
    app = QApplication(["bench"])
    app.setStyle("Fusion")
    from siexplorer.app.window import MainWindow

    times: dict[str, float] = {}
    window = MainWindow()
    window.resize(*WINDOW)

    class Watcher(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Expose:
                times.setdefault("window_visible_ms", since_start_ms())
            return False

    def drawn(*_: object) -> None:
        if "first_model_ms" not in times:
            times["first_model_ms"] = since_start_ms()
            QTimer.singleShot(0, app, app.exit)

    watcher = Watcher()
    filled = window._arrived

    def arrived(*read: object) -> None:
        filled(*read)
        window.view.render_window.AddObserver("EndEvent", drawn)

    window._arrived = arrived
    window.open()
    window.windowHandle().installEventFilter(watcher)

    QTimer.singleShot(60_000, app, app.exit)
    app.exec()
    return app, window, times


def app_child() -> dict[str, float]:
    """Start-up and memory of the explorer."""
    app, window, times = open_window()
    settle(app, 0.3)
    times["memory_mb"] = memory_mb()
    window.close()
    return times


def minimal_child() -> dict[str, float]:
    """Start-up and memory of the smallest pyvistaqt window that shows something."""
    os.environ["QT_API"] = "pyside6"
    import pyvista as pv
    from PySide6.QtWidgets import QApplication, QMainWindow
    from pyvistaqt import QtInteractor

    app = QApplication(["bench"])
    window = QMainWindow()
    window.resize(*WINDOW)
    plotter = QtInteractor(window, auto_update=False)
    plotter.add_mesh(pv.Sphere())
    window.setCentralWidget(plotter)
    times: dict[str, float] = {}
    plotter.render_window.AddObserver(
        "EndEvent", lambda *_: times.setdefault("first_model_ms", since_start_ms())
    )
    window.show()
    deadline = time.time() + 60
    while time.time() < deadline and len(times) < 2:
        app.processEvents()
        if "window_visible_ms" not in times and window.windowHandle().isExposed():
            times["window_visible_ms"] = since_start_ms()
    settle(app, 0.3)
    times["memory_mb"] = memory_mb()
    plotter.close()
    return times


def settle(app, seconds: float) -> None:  # type: ignore[no-untyped-def]
    """Let pending events run."""
    end = time.time() + seconds
    while time.time() < end:
        app.processEvents()
        time.sleep(0.002)


def orbit_child() -> dict[str, float]:
    """Orbit, pick and click in the real window; orbit the same surfaces in bare VTK windows."""
    app, window, _ = open_window()
    # Let the work that follows a start end first.
    settle(app, 4.0)
    from siexplorer.scene.camera import orbit

    view = window.view
    view.animate = False
    frames = []
    for _ in range(FRAMES):
        start = time.perf_counter()
        view.pelvis.set_camera(orbit(view.pelvis.camera(), DEG_PER_FRAME, 0.0))
        app.processEvents()
        frames.append((time.perf_counter() - start) * 1000)
    camera = view.pelvis.camera()
    size = view.render_window.GetSize()
    figures = {"orbit_frame_ms": median(frames[5:]), "view_width": size[0]}
    figures["standing_frame_ms"] = standing_frame(view)
    figures["view_height"] = size[1]
    figures |= picks(view, size)
    state = window.exploration.state
    surfaces = view.pelvis.surfaces.shown(state)
    shown = [(surface, surface.info.entry in state.faded) for surface in surfaces.values()]
    figures["triangles"] = sum(len(surface.surface.faces) for surface, _ in shown)
    figures |= clicks(app, window)
    window.close()
    app.processEvents()
    figures["bare_view_size_ms"] = bare_vtk(shown, camera, size)
    figures["bare_window_size_ms"] = bare_vtk(shown, camera, WINDOW)
    return figures


def play_child() -> dict[str, float]:
    """Play movements with every muscle shown, beside the same picture drawn again unmoved."""
    app, window, _ = open_window()
    settle(app, 4.0)
    view, do, player = window.view, window.exploration, window.timeline.player
    view.animate = False
    do.following.prepare()
    figures = {}
    for name, movement in PLAYED.items():
        do.set_movement(movement)
        do.set_preset("superficial-muscles")
        do.look("left")
        do.set_moment(0.5)
        settle(app, 1.0)
        figures[f"{name}_full_ms"] = standing_frame(view)
        figures[f"{name}_per_s"] = played_per_s(app, view, player)
        # From here on its moments are asked for one by one, as soon as one is on screen.
        player._timer.setInterval(3_600_000)
        frames, scrubbed, shown, still, follows = [], [], [], [], []
        for number in range(FRAMES):
            start = time.perf_counter()
            player._go((number % 30) / 30)
            app.processEvents()
            frames.append((time.perf_counter() - start) * 1000)
        for _ in range(FRAMES):
            start = time.perf_counter()
            view.renderer.GetActiveCamera().Modified()
            view.update()
            app.processEvents()
            shown.append((time.perf_counter() - start) * 1000)
            view._still_timer.start()
        for _ in range(FRAMES):
            start = time.perf_counter()
            drawn_anew(view)
            still.append((time.perf_counter() - start) * 1000)
        player.stop()
        player._timer.setInterval(33)
        for number in range(FRAMES):
            start = time.perf_counter()
            do.set_moment((number % 30) / 30)
            app.processEvents()
            scrubbed.append((time.perf_counter() - start) * 1000)
        pose = do.pose()
        for _ in range(20):
            start = time.perf_counter()
            view.pelvis.surfaces.bend(pose)
            follows.append((time.perf_counter() - start) * 1000)
        figures[f"{name}_ms"] = median(frames[5:])
        figures[f"{name}_shown_ms"] = median(shown[5:])
        figures[f"{name}_still_ms"] = median(still[5:])
        figures[f"{name}_scrub_ms"] = median(scrubbed[5:])
        figures[f"{name}_bend_ms"] = median(follows)
    window.close()
    app.processEvents()
    return figures


SHAPED = {"shape_bones": "bones", "shape_all": "superficial-muscles"}


def shape_child() -> dict[str, float]:
    """Drag a shape slider, beside the same picture drawn again unmoved."""
    app, window, _ = open_window()
    settle(app, 4.0)
    view, do, panel = window.view, window.exploration, window.shape
    view.animate = False
    window._docks[2].show()
    while not panel.sliders[0].isEnabled():
        settle(app, 0.05)
    figures = {}
    for name, preset in SHAPED.items():
        do.set_preset(preset)
        settle(app, 2.0)
        still = []
        for _ in range(FRAMES):
            start = time.perf_counter()
            drawn_anew(view)
            still.append((time.perf_counter() - start) * 1000)
        frames = []
        slider = panel.sliders[0]
        slider.setSliderDown(True)
        for number in range(FRAMES):
            start = time.perf_counter()
            slider.setValue(number % 40 - 20)
            while panel._soon.isActive():
                app.processEvents()
            app.processEvents()
            frames.append((time.perf_counter() - start) * 1000)
        slider.setSliderDown(False)
        figures[f"{name}_ms"] = median(frames[5:])
        figures[f"{name}_still_ms"] = median(still[5:])
        settle(app, 2.0)
    window.close()
    app.processEvents()
    return figures


def ball_child() -> dict[str, float]:
    """Drag the ball over the skin, beside the same picture drawn in full; make maps anew."""
    app, window, _ = open_window()
    settle(app, 4.0)
    import numpy as np

    view, do = window.view, window.exploration
    view.animate = False
    do.set_mode("ball")
    while do.stack() is None:
        settle(app, 0.05)
    figures = {}
    for name, preset in DRAGGED.items():
        do.set_preset(preset)
        settle(app, 1.0)
        start_at = np.array([60.0, 165.0, -20.0])
        frames, judged = [], []
        for number in range(FRAMES):
            place = start_at + np.array([0.8, 0.0, 0.3]) * number
            start = time.perf_counter()
            do.place_ball(place, merge=True)
            judged.append((time.perf_counter() - start) * 1000)
            app.processEvents()
            frames.append((time.perf_counter() - start) * 1000)
        figures[f"{name}_ms"] = median(frames[5:])
        figures[f"{name}_judge_ms"] = median(judged[5:])
        still = []
        for _ in range(FRAMES):
            start = time.perf_counter()
            drawn_anew(view)
            still.append((time.perf_counter() - start) * 1000)
        figures[f"{name}_still_ms"] = median(still[5:])
        settle(app, 0.5)
    for position in ("standing", "left-figure-four"):
        do.set_position(position)
        do.skin_map(wait=True)
        for key in [k for k in do.pack.derived if k[0] == "skin-map" and k[2] == position]:
            del do.pack.derived[key]
        start = time.perf_counter()
        do.skin_map(wait=True)
        figures[f"map_{position.replace('-', '_')}_ms"] = (time.perf_counter() - start) * 1000
    window.close()
    app.processEvents()
    return figures


DRAGGED = {"drag_skin": "skin", "drag_body": "body-and-bones"}


def played_per_s(app, view, player) -> float:  # type: ignore[no-untyped-def]
    """How many pictures a second come on screen while the player runs, which asks for 30."""
    player.start()
    settle(app, 1.0)
    drawn: list[float] = []
    tag = view.render_window.AddObserver("EndEvent", lambda *_: drawn.append(time.perf_counter()))
    settle(app, PLAY_S)
    view.render_window.RemoveObserver(tag)
    # It rests at either end of its way; only what runs counts.
    gaps = [b - a for a, b in itertools.pairwise(drawn) if b - a < LONGEST_GAP_S]
    return len(gaps) / sum(gaps)


PLAYED = {"play_ilium": "left-ilium-flexion", "play_knee": "left-knee-lift"}


def drawn_anew(view) -> None:  # type: ignore[no-untyped-def]
    """Draw everything, though nothing changed: the window would show what it has kept of it."""
    view.renderer.GetActiveCamera().Modified()
    view.render()


def standing_frame(view) -> float:  # type: ignore[no-untyped-def]
    """Median of the picture in full, as it is drawn when the model stands still."""
    view.pelvis.set_moving(moving=False)
    frames = []
    for _ in range(FRAMES // 3):
        start = time.perf_counter()
        drawn_anew(view)
        frames.append((time.perf_counter() - start) * 1000)
    return median(frames)


def picks(view, size: tuple[int, int]) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Latency of a pick at pseudo-random pixels."""
    import numpy as np

    spots = np.random.default_rng(7).uniform(0.1, 0.9, (PICKS, 2)) * np.array(size)
    view.pelvis.pick(*spots[0])
    times = []
    for x, y in spots:
        start = time.perf_counter()
        view.pelvis.pick(float(x), float(y))
        times.append((time.perf_counter() - start) * 1000)
    return {"pick_median_ms": median(times), "pick_p95_ms": percentile(times, 95)}


def clicks(app, window) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """From a click on a landmark to its card written and its highlight drawn."""
    from PySide6.QtCore import QPoint

    view, do = window.view, window.exploration
    do.look("back")
    settle(app, 0.2)
    names = [
        n for n, i in do.items.items() if i.entry.kind == "landmark" and i.entry.view == "back"
    ]
    ratio, height = view.devicePixelRatioF(), view.render_window.GetSize()[1]
    times = []
    for number in range(CLICKS):
        do.select(None)
        settle(app, 0.15)
        anchor = do.items[names[number % len(names)]].anchor
        x, y, _ = view.pelvis.to_pixels(anchor[None])[0]
        drawn = []
        tag = view.render_window.AddObserver("EndEvent", lambda *_, d=drawn: d.append(1))
        start = time.perf_counter()
        view.click(QPoint(round(x / ratio), round((height - 1 - y) / ratio)))
        while do.state.selected and not drawn and time.perf_counter() - start < 2:
            app.processEvents()
        if do.state.selected:
            times.append((time.perf_counter() - start) * 1000)
        view.render_window.RemoveObserver(tag)
    return {"click_median_ms": median(times), "click_p95_ms": percentile(times, 95)}


def median(values) -> float:  # type: ignore[no-untyped-def]
    """The middle value."""
    return percentile(list(values), 50)


def percentile(values: list[float], share: int) -> float:
    """A percentile by the nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share / 100 * (len(ranked) - 1)))]


def bare_vtk(shown, camera, size: tuple[int, int]) -> float:  # type: ignore[no-untyped-def]
    """Median frame of surfaces, each with whether it is faded, in a plain VTK window of a size."""
    from vtkmodules.vtkRenderingCore import (
        vtkActor,
        vtkLight,
        vtkPolyDataMapper,
        vtkRenderer,
        vtkRenderWindow,
    )

    from siexplorer.scene.actors import poly_data
    from siexplorer.scene.camera import VIEW_ANGLE_DEG, orbit
    from siexplorer.scene.surfaces import FADED_OPACITY

    renderer, window = vtkRenderer(), vtkRenderWindow()
    window.SetMultiSamples(0)
    window.SetSize(*size)
    window.AddRenderer(renderer)
    for surface, faded in shown:
        mapper, actor = vtkPolyDataMapper(), vtkActor()
        mapper.SetInputData(poly_data(surface.surface, surface.normals))
        actor.SetMapper(mapper)
        actor.GetProperty().SetOpacity(FADED_OPACITY if faded else 1.0)
        renderer.AddActor(actor)
    renderer.SetUseOIT(False)
    for _ in range(2):
        light = vtkLight()
        light.SetLightTypeToCameraLight()
        renderer.AddLight(light)
    eye = renderer.GetActiveCamera()
    eye.SetViewAngle(VIEW_ANGLE_DEG)
    frames = []
    for _ in range(FRAMES):
        camera = orbit(camera, DEG_PER_FRAME, 0.0)
        eye.SetPosition(*camera.position)
        eye.SetFocalPoint(*camera.focal_point)
        eye.SetViewUp(*camera.up)
        renderer.ResetCameraClippingRange()
        start = time.perf_counter()
        window.Render()
        frames.append((time.perf_counter() - start) * 1000)
    window.Finalize()
    return median(frames[5:])


def summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Medians of each child."""
    return {
        name: {key: round(median(run[key] for run in group), 3) for key in group[0]}
        for name, group in runs.items()
    }


def print_table(figures: dict[str, dict[str, float]]) -> None:
    """The figures people ask for, with their baselines."""
    app, minimal, orbit = figures["app"], figures["minimal"], figures["orbit"]
    size = f"{orbit['view_width']:.0f}x{orbit['view_height']:.0f}"
    rows = [
        (
            "window visible, ms",
            app["window_visible_ms"],
            minimal["window_visible_ms"],
            "minimal window",
        ),
        (
            "first drawn model, ms",
            app["first_model_ms"],
            minimal["first_model_ms"],
            "minimal window",
        ),
        ("memory, MB", app["memory_mb"], minimal["memory_mb"], "minimal window"),
        (
            f"orbit frame, ms (view {size})",
            orbit["orbit_frame_ms"],
            orbit["bare_view_size_ms"],
            f"bare VTK {size}",
        ),
        (
            "orbit frame, ms",
            orbit["orbit_frame_ms"],
            orbit["bare_window_size_ms"],
            "bare VTK 1280x800",
        ),
    ]
    print(f"{'':34}{'explorer':>10}{'baseline':>10}{'ratio':>8}  baseline is")
    for what, ours, theirs, baseline in rows:
        print(f"{what:34}{ours:10.1f}{theirs:10.1f}{ours / theirs:8.2f}  {baseline}")
    play = figures["play"]
    for name in PLAYED:
        words = name.replace("_", " ")
        for key, baseline in (
            ("shown", "the same unmoved, on screen"),
            ("still", "the same unmoved, drawn alone"),
        ):
            ours, theirs = play[f"{name}_ms"], play[f"{name}_{key}_ms"]
            head = f"{words + ', ms':34}{ours:10.1f}{theirs:10.1f}"
            print(f"{head}{ours / theirs:8.2f}  {baseline}")
        for key, what in (
            ("per_s", "frames/s (the player asks for 30)"),
            ("scrub_ms", "by hand, ms"),
            ("bend_ms", "bending, ms"),
            ("full_ms", "picture in full, ms"),
        ):
            print(f"{words + ', ' + what:50}{play[f'{name}_{key}']:10.1f}")
    ball = figures["ball"]
    for name in DRAGGED:
        words = name.replace("_", " ")
        ours, theirs = ball[f"{name}_ms"], ball[f"{name}_still_ms"]
        head = f"{words + ', ms':34}{ours:10.1f}{theirs:10.1f}"
        print(f"{head}{ours / theirs:8.2f}  the same unmoved")
        print(f"{words + ', verdict and panel, ms':34}{ball[f'{name}_judge_ms']:10.1f}")
    shape = figures["shape"]
    for name in SHAPED:
        ours, theirs = shape[f"{name}_ms"], shape[f"{name}_still_ms"]
        words = name.replace("_", ", ")
        print(
            f"{words + ', ms':34}{ours:10.1f}{theirs:10.1f}{ours / theirs:8.2f}  the same unmoved"
        )
        print(f"{words + ', updates/s':50}{1000.0 / ours:10.1f}")
    for name in ("standing", "left_figure_four"):
        words = name.replace("_", " ")
        print(f"{'ball map ' + words + ', ms':34}{ball[f'map_{name}_ms']:10.1f}")
    print(f"{'triangles at the start':34}{orbit['triangles']:10.0f}")
    print(f"{'orbit, frames/s':34}{1000 / orbit['orbit_frame_ms']:10.1f}")
    for key, what in (
        ("standing_frame_ms", "picture in full, standing, ms"),
        ("pick_median_ms", "pick, median ms"),
        ("pick_p95_ms", "pick, 95th percentile ms"),
        ("click_median_ms", "click to card and highlight, median ms"),
        ("click_p95_ms", "click to card and highlight, p95 ms"),
    ):
        print(f"{what:38}{orbit[key]:6.2f}")


CHILDREN = {
    "app": app_child,
    "minimal": minimal_child,
    "orbit": orbit_child,
    "play": play_child,
    "ball": ball_child,
    "shape": shape_child,
}

if __name__ == "__main__":
    sys.exit(main())
