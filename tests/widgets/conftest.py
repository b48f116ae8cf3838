import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.exploration.exploration import Exploration
from siexplorer.packs.pack import Pack, read_pack


@pytest.fixture(scope="session")
def known() -> Knowledge:
    return read_knowledge()


@pytest.fixture(scope="session")
def pack() -> Pack:
    return read_pack()


@pytest.fixture
def exploration(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)
