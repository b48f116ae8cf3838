"""A file that is there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def part_prefix(path: Path, process: int) -> str:
    """How the name begins under which a process writes a file that is not whole yet."""
    return f".{path.stem}.{process}-"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to; it becomes ``path`` at the end, or is taken away.

    It ends as ``path`` does, for writers that go by that.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written.
    """
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=part_prefix(path, os.getpid()), suffix=f".part{path.suffix}"
    )
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
