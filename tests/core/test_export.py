"""Movements saved as GIF, MP4 and animated GLB: what they carry, and that they are whole."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import npm_package, viewed
from scipy.spatial.transform import Rotation

from siexplorer import cli
from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.cli import exporting, reading
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.moving import PAUSE_AT_END_S, pose
from siexplorer.packs.pack import Pack
from siexplorer.scene.animated import NothingToShow, animated, to_gltf
from siexplorer.scene.gl import missing_gl
from siexplorer.scene.gltf import linear, quaternions, unpacked, values_of
from siexplorer.scene.reel import reel
from siexplorer.scene.whole import part_prefix, whole_file

CHECKOUT = Path(cli.__file__).resolve().parents[2]
needs_gl = pytest.mark.skipif(missing_gl() is not None, reason="this machine cannot draw")

# In mm: how far the GLB may be from where the program itself draws a thing. Bones differ by what
# lies between two samples; soft tissue by what four joints a point can do.
BONE_MM, SOFT_MEAN_MM, SOFT_MOST_MM = 0.2, 0.15, 4.0


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_cache_folder", lambda: tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(scope="module")
def exploration(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)


def moving(exploration: Exploration, movement: str, look: str, factor: float = 5.0) -> Exploration:
    exploration.set_movement(movement)
    exploration.set_preset(look)
    exploration.set_magnification(factor)
    return exploration


def made(exploration: Exploration, fps: float = 25.0) -> bytes:
    movement = exploration.known.movements[exploration.state.movement or ""]
    return animated(exploration, reel(movement, fps=fps))


# Reels --------------------------------------------------------------------------------------------


def test_a_movement_goes_there_and_back(known: Knowledge) -> None:
    movement = known.movements["left-ilium-flexion"]
    run = reel(movement, frames=5)
    assert run.moments == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert run.order == (0, 1, 2, 3, 4, 3, 2, 1)
    assert run.length_s == pytest.approx(2 * (movement.duration_s + PAUSE_AT_END_S))
    assert len(reel(movement, fps=10.0).moments) == round(10 * movement.duration_s) + 1


def test_a_cycle_goes_round(known: Knowledge) -> None:
    run = reel(known.movements["walking"], frames=8)
    assert run.order == tuple(range(8))
    assert 1.0 not in run.moments
    assert run.length_s == pytest.approx(known.movements["walking"].duration_s)


@pytest.mark.parametrize("how", [{"frames": 1}, {"fps": 0.1}, {}])
def test_a_single_picture_is_no_movement(known: Knowledge, how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        reel(known.movements["walking"], **how)


# The 3D model -------------------------------------------------------------------------------------


def where_nodes_are(document: dict[str, Any], binary: bytes, t: float) -> dict[int, Any]:
    """(4, 4) of every node at a time, as a viewer works it out; and the weights of its targets."""
    nodes = document["nodes"]
    places = [np.array(node.get("translation", (0.0, 0.0, 0.0))) for node in nodes]
    turns = [np.array((0.0, 0.0, 0.0, 1.0)) for _ in nodes]
    weights: dict[int, Any] = {}
    animation = document["animations"][0]
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        times = values_of(document, binary, sampler["input"])
        rows = values_of(document, binary, sampler["output"]).reshape(len(times), -1)
        rows = rows.astype(float)
        k = int(np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2))
        part = (t - times[k]) / (times[k + 1] - times[k])
        value = rows[k] * (1 - part) + rows[k + 1] * part
        node, path = channel["target"]["node"], channel["target"]["path"]
        if path == "weights":
            weights[node] = value
        elif path == "translation":
            places[node] = value
        else:
            turns[node] = value / np.linalg.norm(value)
    found: dict[int, Any] = {}

    def go(number: int, above: Any) -> None:
        own = np.eye(4)
        own[:3, :3] = Rotation.from_quat(turns[number]).as_matrix()
        own[:3, 3] = places[number]
        found[number] = above @ own
        for child in nodes[number].get("children", ()):
            go(child, found[number])

    for root in document["scenes"][0]["nodes"]:
        go(root, np.eye(4))
    return {"nodes": found, "weights": weights}


def played(data: bytes, t: float) -> dict[str, Any]:
    """(n, 3) m of every mesh at a time, by name, as a viewer would draw it."""
    document, binary = unpacked(data)
    there = where_nodes_are(document, binary, t)
    drawn = {}
    for number, node in enumerate(document["nodes"]):
        if "mesh" not in node:
            continue
        primitive = document["meshes"][node["mesh"]]["primitives"][0]
        points = values_of(document, binary, primitive["attributes"]["POSITION"]).astype(float)
        for share, target in zip(
            there["weights"].get(number, ()), primitive.get("targets", ()), strict=False
        ):
            points = points + share * values_of(document, binary, target["POSITION"])
        whole = np.c_[points, np.ones(len(points))]
        if "skin" not in node:
            drawn[node["name"]] = (whole @ there["nodes"][number].T)[:, :3]
            continue
        skin = document["skins"][node["skin"]]
        back = values_of(document, binary, skin["inverseBindMatrices"]).reshape(-1, 4, 4)
        joints = np.stack([there["nodes"][j] for j in skin["joints"]]) @ back.transpose(0, 2, 1)
        of = values_of(document, binary, primitive["attributes"]["JOINTS_0"])
        weights = values_of(document, binary, primitive["attributes"]["WEIGHTS_0"])
        assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
        drawn[node["name"]] = np.einsum("nk,nkij,nj->ni", weights, joints[of], whole)[:, :3]
    return drawn


@pytest.mark.parametrize(
    ("movement", "look"),
    [("left-ilium-flexion", "ligaments"), ("right-knee-lift", "deep-rotators")],
)
def test_a_viewer_shows_what_the_program_draws(
    exploration: Exploration, pack: Pack, movement: str, look: str
) -> None:
    record = moving(exploration, movement, look).known.movements[movement]
    data, following = made(exploration), exploration.following
    assert following is not None
    means = []
    for at in (0.37, 1.0):
        now = pose(pack, record, at, 5.0)
        drawn = played(data, PAUSE_AT_END_S + at * record.duration_s)
        for name, points in drawn.items():
            if name.startswith("plate-"):
                continue
            info = pack.surfaces[name].info
            if following.soft(name):
                away = np.linalg.norm(points - to_gltf(following.bent(name, now)), axis=1) * 1000
                assert away.max() < SOFT_MOST_MM, name
                means.append(away.mean())
            else:
                matrix = now.matrices[info.moves_with]
                there = pack.surfaces[name].surface.vertices @ matrix[:3, :3].T + matrix[:3, 3]
                assert np.abs(points - to_gltf(there)).max() * 1000 < BONE_MM, name
    assert np.mean(means) < SOFT_MEAN_MM


@pytest.fixture(scope="module")
def bones_glb(exploration: Exploration) -> bytes:
    return made(moving(exploration, "left-ilium-flexion", "bones"), fps=12.0)


def test_another_library_opens_it(bones_glb: bytes) -> None:
    import trimesh

    scene = trimesh.load_scene(io.BytesIO(bones_glb), file_type="glb")
    for name in ("left-hip-bone", "right-hip-bone", "sacrum", "plate-words", "plate-L"):
        assert name in scene.geometry
    low, high = scene.bounds
    assert 0.25 < high[0] - low[0] < 0.8, "in metres"


def test_glTFs_own_validator_finds_no_fault(
    exploration: Exploration, bones_glb: bytes, tmp_path: Path
) -> None:
    validator = npm_package("gltf-validator")
    script = (
        "require(process.argv[1]).validateBytes(new Uint8Array(require('fs').readFileSync("
        "process.argv[2]))).then(r => console.log(JSON.stringify(r.issues)))"
    )
    soft = made(moving(exploration, "right-knee-lift", "deep-rotators"), fps=5.0)
    for name, data in (("bones", bones_glb), ("soft", soft)):
        file = tmp_path / f"{name}.glb"
        file.write_bytes(data)
        asked = ["node", "-e", script, str(validator), str(file)]
        said = subprocess.run(asked, capture_output=True, check=True)
        issues = json.loads(said.stdout)
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_a_browser_page_plays_it_as_the_program_does(
    exploration: Exploration, tmp_path: Path
) -> None:
    record = moving(exploration, "right-knee-lift", "deep-rotators").known.movements[
        "right-knee-lift"
    ]
    data = made(exploration, fps=5.0)
    # At its ends, and between two samples, where a viewer works it out.
    times = [0.0, PAUSE_AT_END_S + 0.37 * record.duration_s, PAUSE_AT_END_S + record.duration_s]
    seen = viewed(data, times, tmp_path)
    assert seen["clips"] == ["right-knee-lift"]
    for moment, t in zip(seen["moments"], times, strict=True):
        drawn = played(data, t)
        assert set(moment["points"]) == set(drawn)
        for name, points in moment["points"].items():
            every = np.floor(np.arange(40) * len(drawn[name]) / 40).astype(int)
            assert np.array(points) == pytest.approx(drawn[name][every], abs=1e-5), name
    first, _, last = (np.array(moment["pixels"]) for moment in seen["moments"])
    assert 0.05 < (first != first[0]).mean() < 0.95, "a body before an empty background"
    assert (first != last).mean() > 0.02, "it moves"


def test_the_animation_is_one_that_viewers_play(bones_glb: bytes) -> None:
    document, binary = unpacked(bones_glb)
    assert document["asset"]["version"] == "2.0"
    (animation,) = document["animations"]
    assert animation["name"] == "left-ilium-flexion"
    names = {document["nodes"][c["target"]["node"]]["name"] for c in animation["channels"]}
    assert "moving-left-hip-bone" in names
    assert "moving-sacrum" not in names, "what stands still needs no channel"
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        assert sampler["interpolation"] == "LINEAR"
        times = values_of(document, binary, sampler["input"])
        rows = values_of(document, binary, sampler["output"])
        clock = document["accessors"][sampler["input"]]
        assert (clock["min"], clock["max"]) == ([0.0], [pytest.approx(2 * (4.0 + PAUSE_AT_END_S))])
        assert (np.diff(times) > 0.0).all()
        assert len(rows) == len(times)
        assert rows[0] == pytest.approx(rows[-1], abs=1e-6), "it ends as it began"
        if channel["target"]["path"] == "rotation":
            assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
            assert ((rows[1:] * rows[:-1]).sum(axis=1) > 0.0).all()


def test_it_says_what_is_true_and_which_side_is_which(bones_glb: bytes, pack: Pack) -> None:
    document, _ = unpacked(bones_glb)
    extras = document["asset"]["extras"]
    assert extras == document["scenes"][0]["extras"]
    assert (extras["movement"], extras["factor"]) == ("left-ilium-flexion", 5.0)
    assert extras["true_deg_at_most"] == pytest.approx(2.0)
    assert extras["said"] == "SI motion shown x5. True: 2.0° and 0.7 mm at most."
    assert extras["licence"] == pack.info.licence
    assert extras["attribution"] == pack.info.attribution
    assert pack.info.attribution in document["asset"]["copyright"]
    drawn = played(bones_glb, 0.0)
    assert drawn["plate-L"][:, 0].min() > drawn["left-hip-bone"][:, 0].max()
    assert drawn["plate-R"][:, 0].max() < drawn["right-hip-bone"][:, 0].min()
    assert drawn["plate-words"][:, 1].max() < drawn["sacrum"][:, 1].min()
    # +y is up and +z forwards.
    assert drawn["l5-vertebra"][:, 1].mean() > drawn["sacrum"][:, 1].mean()
    assert to_gltf(pack.landmarks["left-asis"][0])[2] > to_gltf(pack.landmarks["left-psis"][0])[2]


def test_the_words_are_on_all_four_sides_and_not_mirrored(bones_glb: bytes) -> None:
    document, binary = unpacked(bones_glb)
    for name in ("plate-words", "plate-L", "plate-R"):
        mesh = next(m for m in document["meshes"] if m["name"] == name)
        attributes = mesh["primitives"][0]["attributes"]
        points, facing, places = (
            values_of(document, binary, attributes[key])
            for key in ("POSITION", "NORMAL", "TEXCOORD_0")
        )
        faces = values_of(document, binary, mesh["primitives"][0]["indices"]).reshape(-1, 3)
        sides = {tuple(way) for way in np.round(facing).astype(int).tolist()}
        assert sides == {(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)}
        for face in faces:
            one, two, three = points[face]
            assert np.cross(two - one, three - one) @ facing[face[0]] > 0.0
        for start in range(0, len(points), 4):
            # To whoever looks at a side, its picture runs from the left to the right.
            reader = np.cross([0.0, 1.0, 0.0], facing[start])
            across = points[start + 1] - points[start]
            assert across @ reader > 0.0
            assert places[start + 1, 0] > places[start, 0]


def test_at_true_size_it_says_so(exploration: Exploration) -> None:
    said = []
    for movement, factor in (("left-ilium-flexion", 1.0), ("anterior-pelvic-tilt", 5.0)):
        document, _ = unpacked(made(moving(exploration, movement, "bones", factor), fps=4.0))
        said.append(document["asset"]["extras"]["said"])
    assert said[0] == "Shown at true size: SI motion of 2.0° and 0.7 mm at most."
    assert said[1] == "Shown at true size. The SI joints themselves stay still in it."


def test_see_through_is_as_see_through_as_in_the_window(exploration: Exploration) -> None:
    from siexplorer.scene import animated as module
    from siexplorer.scene import surfaces

    assert module.FADED_OPACITY == surfaces.FADED_OPACITY
    document, _ = unpacked(made(moving(exploration, "nutation", "body-and-bones"), fps=2.0))
    skin = next(mesh for mesh in document["meshes"] if mesh["name"] == "skin-female")
    material = document["materials"][skin["primitives"][0]["material"]]
    assert material["alphaMode"] == "BLEND"
    assert material["pbrMetallicRoughness"]["baseColorFactor"][3] == module.FADED_OPACITY


def test_nothing_shown_is_nothing_to_export(exploration: Exploration) -> None:
    moving(exploration, "walking", "bones")
    exploration.set_hidden(frozenset(exploration.items), "Hide all")
    with pytest.raises(NothingToShow):
        made(exploration)
    exploration.restore_hidden()


def test_colours_and_turns_are_told_as_glTF_wants_them() -> None:
    assert [linear(c) for c in (0.0, 0.5, 1.0)] == pytest.approx([0.0, 0.2140, 1.0], abs=1e-4)
    angles = np.linspace(0.0, 720.0, 50)
    found = quaternions(Rotation.from_euler("x", angles[:, None], degrees=True).as_matrix())
    assert ((found[1:] * found[:-1]).sum(axis=1) > 0.0).all()
    with pytest.raises(ValueError, match="GLB"):
        unpacked(b"no such thing at all, really")


# Pictures -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filmed(exploration: Exploration) -> dict[str, Any]:
    """A short film, and what lay over each of its pictures."""
    if missing_gl() is not None:
        pytest.skip("this machine cannot draw")
    from siexplorer.scene import film

    seen: list[tuple[str, dict[str, Any]]] = []

    scene_of, original = film.PelvisScene, film.Drawn.add
    scenes: list[Any] = []

    def begin(*words: Any, **more: Any) -> Any:
        scenes.append(scene_of(*words, **more))
        return scenes[-1]

    def add(self: Any, picture: Any) -> None:
        overlay = scenes[-1].overlay
        seen.append((overlay._caption.GetInput(), dict(overlay.boxes)))
        original(self, picture)

    moving(exploration, "left-ilium-flexion", "bones")
    exploration.look("back")
    run = reel(exploration.known.movements["left-ilium-flexion"], frames=4)
    patch = pytest.MonkeyPatch()
    patch.setattr(film, "PelvisScene", begin)
    patch.setattr(film.Drawn, "add", add)
    heard: list[tuple[int, int]] = []
    try:
        drawn = film.pictures(
            exploration, run, (400, 300), scale=0.75, progress=lambda k, n: heard.append((k, n))
        )
    finally:
        patch.undo()
    return {"drawn": drawn, "run": run, "seen": seen, "heard": heard}


def test_true_values_factor_L_and_R_are_in_every_picture(filmed: dict[str, Any]) -> None:
    assert filmed["heard"] == [(k, 4) for k in range(1, 5)]
    assert len(filmed["seen"]) == 4
    for (words, boxes), picture in zip(filmed["seen"], filmed["drawn"], strict=True):
        text = " ".join(words.split())
        assert "x5" in text
        assert "True:" in text
        for name in ("caption", "left", "right"):
            box = boxes[name]
            assert box.left >= 0
            assert box.left + box.width <= 400
            assert box.bottom + box.height <= 300
            # A light plate with dark letters on it.
            top, left = round(300 - box.bottom - box.height), round(box.left)
            plate = picture[max(0, top) : round(300 - box.bottom), left : round(left + box.width)]
            assert int(plate.max()) - int(plate.min()) > 120, name
        assert boxes["left"].left < boxes["right"].left, "from behind, left is on the left"
    true = [float(words.split("True: ")[1].split()[0]) for words, _ in filmed["seen"]]
    assert true == sorted(true)
    assert (true[0], true[-1]) == (0.0, 2.0)


def test_a_gif_runs_for_ever_there_and_back(filmed: dict[str, Any], tmp_path: Path) -> None:
    from PIL import Image, ImageSequence

    from siexplorer.scene.film import save_gif

    save_gif(filmed["drawn"], filmed["run"], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0
        frames = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(image)]
        image.seek(0)
        assert image.info["duration"] == pytest.approx(1000 * filmed["run"].seconds[0], abs=10)
    assert len(frames) == len(filmed["run"].order)
    for here, back in ((1, 5), (2, 4)):
        assert (frames[here] == frames[back]).all()
    assert not (frames[0] == frames[3]).all()
    # What stands still keeps its colour from picture to picture, and nearly that of the drawing.
    still = (np.ptp(np.stack(list(filmed["drawn"])), axis=0) == 0).all(axis=-1)
    assert still.mean() > 0.4
    assert (np.ptp(np.stack(frames), axis=0)[still] == 0).all()
    assert np.abs(frames[0].astype(int) - filmed["drawn"][0]).mean() < 3.0


def test_an_mp4_holds_every_picture(filmed: dict[str, Any], tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV, which writes MP4, is not installed")
    from siexplorer.scene.film import save_mp4

    heard: list[tuple[int, int]] = []
    path = tmp_path / "a.mp4"
    save_mp4(filmed["drawn"], filmed["run"], path, lambda k, n: heard.append((k, n)))
    assert heard[-1] == (6, 6)
    video = cv2.VideoCapture(str(path))
    pictures = []
    while (read := video.read())[0]:
        pictures.append(read[1][:, :, ::-1])
    run = filmed["run"]
    assert len(pictures) == sum(round(s / min(run.seconds)) for s in run.seconds)
    assert np.abs(pictures[0].astype(int) - filmed["drawn"][0]).mean() < 6.0


# The command --------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    assert cli.main(["export", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.endswith(".")
    return line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("left-ilium-flexoin", "OUT.gif"), "did you mean “left-ilium-flexion”"),
        (("walking", "OUT.avi"), "ends in “.gif”, “.mp4” or “.glb”"),
        (("walking", "nowhere/OUT.gif"), "there is no folder"),
        (("walking", "OUT.gif", "--size", "100x100"), "320 to 1920"),
        (("walking", "OUT.gif", "--size", "wide"), "WxH"),
        (("walking", "OUT.gif", "--frames", "1"), "--frames wants 2"),
        (("walking", "OUT.gif", "--fps", "0"), "--fps wants 1"),
        (("walking", "OUT.gif", "--fps", "9", "--frames", "9"), "do not go together"),
        (("walking", "OUT.gif", "--magnify", "11"), "--magnify wants"),
        (("walking", "OUT.gif", "--preset", "x-ray"), "--preset wants"),
        (("walking", "OUT.glb", "--size", "800x600"), "leave --size out"),
        (("walking", "OUT.glb", "--view", "back"), "leave --view out"),
        (("walking", "OUT.glb", "--state", "OUT.json"), "does not say what a window shows"),
    ],
)
def test_one_sentence_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    there = [w.replace("OUT", str(tmp_path / "a")) if "OUT" in w else w for w in words]
    assert said in refused(capsys, *there)
    assert not list(tmp_path.iterdir())


def test_without_opencv_mp4_is_explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from siexplorer.scene import film

    monkeypatch.setattr(film, "can_video", lambda: False)
    said = refused(capsys, "walking", str(tmp_path / "a.mp4"), code=3)
    assert "pip install opencv-python-headless" in said
    assert "LGPL" in said


def test_the_command_writes_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "a.glb"
    words = ["nutation", str(out), "--magnify", "3", "--preset", "bones", "--fps", "5"]
    assert cli.main(["export", *words]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    document, _ = unpacked(out.read_bytes())
    assert document["asset"]["extras"]["factor"] == 3.0
    assert [file.name for file in tmp_path.iterdir()] == ["a.glb"]


@needs_gl
def test_the_command_writes_pictures_and_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "a.gif"
    words = ["nutation", str(out), "--size", "320x320", "--frames", "3", "--preset", "bones"]
    assert cli.main(["export", *words, "--dark"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out}\n"
    assert "Drawing 3 of 3" in captured.err
    assert out.read_bytes().startswith(b"GIF89a")


def test_what_a_window_shows_is_what_is_exported(
    exploration: Exploration, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import msgspec

    moving(exploration, "nutation", "bones")
    exploration.set_hidden(frozenset(exploration.items) - {"sacrum"}, "Only the sacrum")
    seen, out = tmp_path / "seen.json", tmp_path / "a.glb"
    seen.write_bytes(msgspec.json.encode(exploration.state))
    exploration.restore_hidden()
    assert cli.main(["export", "nutation", str(out), "--state", str(seen), "--fps", "4"]) == 0
    document, _ = unpacked(out.read_bytes())
    named = {mesh["name"] for mesh in document["meshes"]}
    assert named >= {"sacrum", "plate-L", "plate-R", "plate-words"}
    assert "left-hip-bone" not in named


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "a.gif"
    out.write_text("before")

    def half_written() -> None:
        with whole_file(out) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_written()
    assert out.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]
    with whole_file(out) as part:
        assert part.name.startswith(part_prefix(out, os.getpid()))
        part.write_text("after")
    assert out.read_text() == "after"


@needs_gl
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_on_its_way_it_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "siexplorer", "export", "walking", str(tmp_path / "a.gif")]
    process = subprocess.Popen(
        [*command, "--size", "320x320"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Drawing 1 of")
    assert list(tmp_path.iterdir())
    process.send_signal(how)
    start = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert time.monotonic() - start < 15.0
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_the_end_waits_for_a_picture_to_be_drawn_but_not_twice() -> None:
    with exporting._ended_softly(at_once=False):
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            exporting._progress("Drawing")(1, 2)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    with exporting._ended_softly(at_once=True), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    exporting._progress("Drawing")(1, 2)
