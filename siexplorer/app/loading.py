"""Reading the records, the meshes and the drawing libraries beside the window, not in its way."""

from __future__ import annotations

import builtins
import gc
import importlib
import os
import sys
import threading
from pathlib import Path
from types import ModuleType
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
        import_plainly()
        threading.Thread(target=self._read, name="loader", daemon=True).start()

    def _read(self) -> None:
        from siexplorer.scene.gl import missing_gl

        # Hundreds of modules are made here and none is thrown away: looking for garbage among them,
        # now and whenever there is some later, takes a sixth of the time.
        gc.disable()
        try:
            known, pack, problems = read_all()
            if missing_gl() is None:
                # The slow imports happen here, so that the window answers meanwhile.
                import_when_used("matplotlib.pyplot")
                import siexplorer.app.view  # noqa: F401
        finally:
            if not gc.get_freeze_count():
                gc.freeze()
            gc.enable()
        try:
            self.done.emit(known, pack, problems)
        except RuntimeError:
            # The window was closed while we read.
            return


def import_plainly() -> None:
    """Let Python import by itself again, without PySide6 reading what is imported.

    From its first import on, PySide6 reads the source of every module that anything imports, to see
    whether it may ask for ``from __feature__``. Nothing here does, and with several hundred modules
    that takes a tenth of a start.
    """
    if builtins.__import__ is getattr(builtins, "__feature_import__", None):
        builtins.__import__ = builtins.__orig_import__  # type: ignore[attr-defined]


def import_when_used(name: str) -> None:
    """Stand in for a module until something of it is asked for.

    ``importlib.util.LazyLoader`` would do, but before Python 3.14 each import statement wakes it.
    PyVista imports ``matplotlib.pyplot`` for charts that are not drawn here.
    """
    if name in sys.modules:
        return
    module = ModuleType(name)
    # PySide6 and inspect ask every module for its file; that is not yet using it.
    module.__file__ = None

    def attribute(wanted: str) -> object:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), wanted)

    module.__dict__["__getattr__"] = attribute
    sys.modules[name] = module


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
