"""What is known and the built-in pelvis, read once for every tier."""

import threading

import pytest

from siexplorer.anatomy.knowledge import Knowledge, read_knowledge
from siexplorer.packs.pack import Pack, read_pack


@pytest.fixture(scope="session")
def known() -> Knowledge:
    return read_knowledge()


@pytest.fixture(scope="session")
def pack() -> Pack:
    return read_pack()


def pytest_sessionfinish() -> None:
    """Wait for what a closed window still works out: Python is not taken down under its hands."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(timeout=20.0)
