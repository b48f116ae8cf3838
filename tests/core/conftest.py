"""The bones of the built-in pelvis, and copies of the data that a test may break."""

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from siexplorer.anatomy.places import data_folder
from siexplorer.exploration.checks import BONES
from siexplorer.geometry.landmarks import Bones
from siexplorer.packs.pack import BUILT_IN, Pack

settings.register_profile("core", deadline=None, derandomize=True)
settings.load_profile("core")

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def bones(pack: Pack) -> Bones:
    return Bones(*(pack.surfaces[name].surface for name in BONES))


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """A copy of the annotations."""
    return Path(shutil.copytree(data_folder("annotations"), tmp_path / "annotations"))


@pytest.fixture
def pack_folder(tmp_path: Path) -> Path:
    """A copy of the built-in pack."""
    return Path(shutil.copytree(data_folder("meshes") / BUILT_IN, tmp_path / BUILT_IN))


@pytest.fixture(scope="session")
def other_pelvis() -> Path:
    """The folder of a pelvis that the landmark rules were not written on."""
    folder = SHARED / "meshes" / "bodyparts3d"
    if not folder.is_dir():
        pytest.skip("the BodyParts3D pelvis is not on this machine")
    return folder
