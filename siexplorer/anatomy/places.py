"""Where the data that ships with the program lies."""

import os
from pathlib import Path


def data_folder(name: str) -> Path:
    """The folder ``annotations`` or ``meshes``: in an installed wheel, or in the checkout.

    ``SIEXPLORER_DATA`` points to another folder that holds both.
    """
    override = os.environ.get("SIEXPLORER_DATA")
    if override:
        return Path(override) / name
    package = Path(__file__).resolve().parent.parent
    installed = package / "data" / name
    return installed if installed.is_dir() else package.parent / name
