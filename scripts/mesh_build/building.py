"""What the scripts that build meshes share: their environment, and ``--check``."""

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def in_build_environment(script: str) -> None:
    """Return only inside ``.venv-build``, with the pinned packages of the ``meshes`` extra.

    Anywhere else make that environment, run the script in it, and end with its exit code.
    """
    if os.environ.get("SIEXPLORER_MESH_BUILD") == "1":
        return
    home = ROOT / ".venv-build"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(home, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "-e", f"{ROOT}[meshes]"]
    subprocess.run(install, check=True)
    # One thread for linear algebra: sums in another order would change the last digits.
    calm = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "SIEXPLORER_MESH_BUILD": "1"}
    again = subprocess.run(
        [str(python), script, *sys.argv[1:]], env={**os.environ, **calm}, check=False
    )
    sys.exit(again.returncode)


def built_or_checked(folder: Path, build: Callable[[Path], None]) -> None:
    """Build into the folder; with ``--check`` beside it instead, and exit 1 if a file differs."""
    script = Path(sys.argv[0]).stem
    unknown = [word for word in sys.argv[1:] if word != "--check"]
    if unknown:
        sys.exit(f"{script}: “{unknown[0]}” is not an option; the only one is --check")
    if "--check" not in sys.argv[1:]:
        build(folder)
        return
    with tempfile.TemporaryDirectory() as beside:
        build(Path(beside) / folder.name)
        sys.exit(_compared(script, Path(beside) / folder.name, folder))


def _compared(script: str, fresh: Path, kept: Path) -> int:
    """0 if every built file is the committed one; else say which differ."""
    different = [
        file.name
        for file in sorted(fresh.iterdir())
        if not (kept / file.name).exists() or (kept / file.name).read_bytes() != file.read_bytes()
    ]
    for name in different:
        print(f"{script}: {name} differs from the committed one; build and commit it again")
    if not different:
        print(f"{script}: the committed files are what the build gives, byte for byte")
    return 1 if different else 0
