import pytest
from softbody import with_body

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.exploration.exploration import Exploration
from siexplorer.packs.pack import Pack


@pytest.fixture
def exploration(known: Knowledge, pack: Pack) -> Exploration:
    return Exploration(known, pack)


@pytest.fixture
def body(known: Knowledge, pack: Pack) -> Exploration:
    """An exploration with something of every kind."""
    return Exploration(*with_body(known, pack))
