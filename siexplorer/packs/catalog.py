"""The packs that can be fetched: ``meshes/catalog.toml`` as typed records."""

import re
from pathlib import Path

import msgspec

from siexplorer.anatomy.places import data_folder
from siexplorer.packs.pack import BUILT_IN, PackError, read_list

CATALOG = "catalog.toml"
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
"""How many millimetres each unit of length has."""

DIRECTIONS = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "posterior": (0, 1, 0),
    "anterior": (0, -1, 0),
    "superior": (0, 0, 1),
    "up": (0, 0, 1),
    "inferior": (0, 0, -1),
    "down": (0, 0, -1),
}
"""Where the body's own directions point in the body frame."""

AXES = re.compile(r"\+x (\w+), \+y (\w+), \+z (\w+)")


class CatalogFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file as it lies upstream. ``name`` is its path in a mirror."""

    name: str
    bytes: int
    sha256: str
    url: str


class CatalogSurface(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A surface that is made of ``parts``, each a file or ``file#node``, put together.

    What lies not above or not below a height of the body frame is cut off and the cut closed; of
    what is left, the largest piece is kept.
    """

    id: str
    entry: str
    moves_with: str
    provenance: str
    parts: list[str]
    above_mm: float | None = None
    below_mm: float | None = None


class CatalogPack(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A pack of others' meshes; ``lacks`` says in sentences what is not in it."""

    id: str
    title: str
    version: str
    summary: str
    licence: str
    attribution: str
    doi: str
    units: str
    axes: str
    provenance: str
    lacks: list[str]
    file: list[CatalogFile]
    surface: list[CatalogSurface]

    @property
    def bytes(self) -> int:
        """How much there is to fetch."""
        return sum(one.bytes for one in self.file)

    @property
    def address(self) -> str:
        """The page that says what the pack is."""
        return f"https://doi.org/{self.doi}"


class _Catalog(msgspec.Struct, forbid_unknown_fields=True):
    pack: list[CatalogPack]


def read_catalog(folder: Path | None = None) -> dict[str, CatalogPack]:
    """The packs by id, in the order of the file.

    Raises
    ------
    PackError
        If the catalog is missing or broken.
    """
    path = (folder or data_folder("meshes")) / CATALOG
    return {one.id: one for one in read_list(path, f"meshes/{CATALOG}", _Catalog).pack}


def axes_of(words: str) -> list[tuple[int, int, int]] | None:
    """Where x, y and z of a file point in the body frame, or None where the words do not say."""
    found = AXES.fullmatch(words)
    named = [DIRECTIONS.get(word) for word in found.groups()] if found else []
    axes = [axis for axis in named if axis is not None]
    used = {tuple(abs(number) for number in axis) for axis in axes}
    return axes if len(used) == 3 else None


def part_of(text: str) -> tuple[str, str]:
    """The file and the node of a part; the node is empty where the file is one mesh."""
    name, _, node = text.partition("#")
    return name, node


def catalog_faults(folder: Path | None = None) -> list[str]:
    """What is wrong with the catalog, one sentence each."""
    try:
        packs = read_catalog(folder)
    except PackError as error:
        return [str(error)]
    return [
        f"meshes/{CATALOG}: {pack.id}: {fault}; correct it."
        for pack in packs.values()
        for fault in _faults(pack)
    ]


def _faults(pack: CatalogPack) -> list[str]:
    faults = []
    names = [one.name for one in pack.file]
    ids = [one.id for one in pack.surface]
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", pack.id) or pack.id == BUILT_IN:
        faults.append(f"“{pack.id}” cannot be the id of a pack")
    texts = ("title", "version", "summary", "licence", "attribution", "doi", "provenance")
    faults += [f"“{field}” is empty" for field in texts if not getattr(pack, field).strip()]
    if pack.units not in UNITS_MM:
        faults.append(f"the units “{pack.units}” are none of {', '.join(UNITS_MM)}")
    if axes_of(pack.axes) is None:
        faults.append(f"“{pack.axes}” does not say where x, y and z point")
    faults += [f"“{name}” is there twice" for name in sorted({*names}) if names.count(name) > 1]
    faults += [f"“{name}” is there twice" for name in sorted({*ids}) if ids.count(name) > 1]
    for one in pack.file:
        parts = one.name.split("/")
        if parts[0] != pack.id or len(parts) != 2 or not re.fullmatch(r"\w[\w.-]*", parts[1]):
            faults.append(f"the file “{one.name}” must lie in “{pack.id}/”")
        if one.bytes <= 0 or not re.fullmatch(r"[0-9a-f]{64}", one.sha256):
            faults.append(f"the size or sha256 of “{one.name}” cannot be right")
        if not one.url.startswith("https://"):
            faults.append(f"the address of “{one.name}” does not begin with https://")
    for surface in pack.surface:
        if not surface.parts:
            faults.append(f"“{surface.id}” has no parts")
        faults += [
            f"“{surface.id}” is made of “{part}”, which is no file of the pack"
            for part in surface.parts
            if part_of(part)[0] not in names
        ]
        if surface.moves_with not in ids and surface.moves_with != "upper-lumbar-spine":
            faults.append(f"“{surface.id}” moves with “{surface.moves_with}”, which is not there")
    for bone in ("left-hip-bone", "right-hip-bone", "sacrum"):
        if bone not in ids:
            faults.append(f"there is no surface “{bone}”")
    return faults
