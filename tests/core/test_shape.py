"""The shape model: the pack itself at zero, people within two standard deviations, and fits."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexplorer.anatomy.places import data_folder
from siexplorer.exploration.shaping import MOST_SD
from siexplorer.geometry.shape import MODELLED, PELVIS, ShapeModel
from siexplorer.geometry.surface import is_closed, volume_cm3
from siexplorer.packs.pack import BUILT_IN, SHAPE_FILE, PackError, read_shape

FILE = data_folder("meshes") / BUILT_IN / SHAPE_FILE
WEIGHTS = st.lists(st.floats(-MOST_SD, MOST_SD), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def model():
    return read_shape()


def distance(points, a, b):
    return float(np.linalg.norm(points[a][0] - points[b][0]))


def test_the_file_is_small_and_listed():
    assert FILE.stat().st_size <= 4_000_000


def test_without_weights_it_is_the_pack_itself(model, pack):
    sample = model.sample(np.zeros(0))
    for name in MODELLED:
        own = pack.surfaces[name].surface
        assert (own.faces == sample.surfaces[name].faces).all()
        assert np.abs(own.vertices - sample.surfaces[name].vertices).max() < 0.01
    for name in set(pack.landmarks) & set(sample.landmarks):
        assert np.abs(pack.landmarks[name] - sample.landmarks[name]).max() < 0.01, name
    for side in ("left", "right"):
        centre = sample.landmarks[f"{side}-hip-centre"][0]
        assert np.linalg.norm(centre - pack.centres[f"{side}-hip-joint"]) < 1.0


@settings(max_examples=30, deadline=None)
@given(weights=WEIGHTS)
def test_every_stop_is_a_pelvis_in_its_own_body_frame(weights):
    model = SHARED_MODEL
    sample = model.sample(np.array(weights))
    points = sample.landmarks
    for name in MODELLED:
        assert is_closed(sample.surfaces[name]), name
        assert volume_cm3(sample.surfaces[name]) > 0
        assert np.isfinite(sample.surfaces[name].vertices).all()
    for name in ("asis", "psis", "ischial-spine", "hip-centre"):
        assert points[f"left-{name}"][0, 0] > 20 > -20 > points[f"right-{name}"][0, 0]
    assert abs(sum(points[f"{side}-asis"][0, 0] for side in ("left", "right"))) < 16
    assert 150 < distance(points, "left-asis", "right-asis") < 320
    assert 40 < distance(points, "left-psis", "right-psis") < 150
    for side in ("left", "right"):
        thigh = sample.surfaces[f"{side}-femur"].vertices
        centre = points[f"{side}-hip-centre"][0]
        head = thigh[np.linalg.norm(thigh - centre, axis=1) < 35]
        size = np.linalg.norm(head - centre, axis=1)
        assert 12 < np.percentile(size, 25) < 34


SHARED_MODEL = read_shape()


def test_modes_come_in_order_and_leave_no_variance(model):
    assert (np.diff(model.variance_shares) <= 0).all()
    assert model.variance_shares.sum() == pytest.approx(1.0, abs=1e-5)
    assert model.count == 25


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_weights_are_found_again_from_points(seed):
    model = SHARED_MODEL
    rng = np.random.default_rng(seed)
    weights = rng.uniform(-MOST_SD, MOST_SD, model.count)
    index = rng.choice(sum(len(model.mean[model.parts[n]]) for n in PELVIS), 900, replace=False)
    targets = model.vertices(weights)[index]
    found = model.fit(index, targets + rng.normal(scale=0.3, size=targets.shape), error_mm=0.3)
    assert np.abs(found - weights).max() < 0.35


def test_too_many_weights_and_broken_arrays_are_refused(model):
    with pytest.raises(ValueError, match="26 weights"):
        model.sample(np.zeros(26))
    with np.load(FILE) as stored:
        arrays = {name: stored[name] for name in stored.files}
    with pytest.raises(ValueError, match="no array"):
        ShapeModel({name: array for name, array in arrays.items() if name != "sacrum/modes"})
    with pytest.raises(ValueError, match="do not fit"):
        ShapeModel(arrays | {"sacrum/modes": arrays["sacrum/modes"][:-1]})


def test_a_changed_file_is_not_read(tmp_path):
    folder = tmp_path / BUILT_IN
    shutil.copytree(FILE.parent, folder)
    data = bytearray((folder / SHAPE_FILE).read_bytes())
    data[5000] ^= 1
    (folder / SHAPE_FILE).write_bytes(data)
    with pytest.raises(PackError, match="do not match"):
        read_shape(folder)
    (folder / SHAPE_FILE).unlink()
    with pytest.raises(PackError, match="missing"):
        read_shape(folder)
