import pytest

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.exploration import Exploration
from siexplorer.packs.pack import Pack


@pytest.fixture
def exploration(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)
