"""Reading the records, the meshes and the drawing libraries beside the window, not in its way."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.packs.pack import Pack


IMPORTING = threading.Lock()
"""Held by a thread while it imports what is slow: two that import the same library at the same time
can each meet it half made."""


class Loader(QObject):
    """Reads in a thread of its own; ``done`` arrives in the window's thread."""

    done = Signal(object, object, list)

    def start(self) -> None:
        """Begin. The result is dropped if the loader is gone by then."""
        threading.Thread(target=self._read, name="loader", daemon=True).start()

    def _read(self) -> None:
        from siexplorer.scene.gl import missing_gl

        known, pack, problems = read_all()
        if missing_gl() is None:
            # The slow imports happen here, so that the window answers meanwhile.
            import siexplorer.app.view  # noqa: F401
        try:
            self.done.emit(known, pack, problems)
        except RuntimeError:
            # The window was closed while we read.
            return


def read_all() -> tuple[Knowledge, Pack | None, list[str]]:
    """The records, the chosen pack or None, and a sentence for all that could not be read."""
    from siexplorer.anatomy.knowledge import read_knowledge
    from siexplorer.packs.fetch import CHOSEN, open_pack
    from siexplorer.packs.pack import BUILT_IN, PackError

    known = read_knowledge()
    problems = list(known.problems)
    pack = None
    try:
        pack = open_pack(os.environ.get(CHOSEN) or BUILT_IN, cache=cache_folder())
        problems += pack.problems
    except PackError as error:
        problems.append(str(error))
    return known, pack, problems


def cache_folder() -> Path:
    """Where ready arrays are kept between starts."""
    from platformdirs import user_cache_path

    return Path(user_cache_path("siexplorer", appauthor=False)) / "packs"
