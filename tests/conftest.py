"""What is known and the built-in pelvis, read once for every tier."""

import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.packs.pack import Pack, read_pack


@pytest.fixture(scope="session")
def known() -> Knowledge:
    return read_knowledge()


@pytest.fixture(scope="session")
def pack() -> Pack:
    return read_pack()
