"""A mesh of the user's own: read without trust, and brought into the body frame."""

from collections.abc import Callable, Sequence
from pathlib import Path

from siexplorer.geometry.identify import Identified, NotAPelvis, Part, Unit, identify
from siexplorer.geometry.shape import ShapeModel
from siexplorer.packs.meshfiles import (
    MOST_TRIANGLES,
    RawMesh,
    Unreadable,
    read_glb,
    read_gltf,
    read_obj,
    read_ply,
    read_stl,
    read_vtp,
)

MOST_BYTES = 2_000_000_000
READERS: dict[str, Callable[[Path], list[RawMesh]]] = {
    ".stl": read_stl,
    ".obj": read_obj,
    ".ply": read_ply,
    ".glb": read_glb,
    ".gltf": read_gltf,
    ".vtp": read_vtp,
}
KINDS = "STL, OBJ, PLY, GLB, glTF and VTP"

SIGNS = {
    b"glTF": ("a GLB", (".glb",)),
    b"ply\n": ("a PLY", (".ply",)),
    b"ply\r": ("a PLY", (".ply",)),
    b"PK\x03\x04": ("a ZIP archive", ()),
    b"\x1f\x8b": ("a gzip archive", ()),
    b"\x89PNG": ("a picture", ()),
    b"\xff\xd8\xff": ("a picture", ()),
    b"%PDF": ("a PDF", ()),
    b"\x93NUMPY": ("a NumPy array", ()),
    b"<VTKFile": ("a VTK file", (".vtp",)),
    b"# vtk": ("an old VTK file", ()),
}
"""How files of other kinds begin, what they are, and which endings are right for them."""


class OwnMeshError(Exception):
    """A file that cannot be used; the message is one sentence: what, where, what to do."""


def read_own(paths: Sequence[Path]) -> list[Part]:
    """The meshes of some files, in their own coordinates, with the names that the files give.

    Raises
    ------
    OwnMeshError
        If one of them cannot be read, or they hold no triangles or too many.
    """
    parts = []
    for path in paths:
        for mesh in _read(path):
            # Of several files, each is one bone as a rule: its file's name says which.
            named = " ".join(filter(None, [path.stem if len(paths) > 1 else "", mesh.name]))
            parts.append(Part(named, mesh.surface))
    count = sum(len(part.surface.faces) for part in parts)
    where = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    if count == 0:
        raise OwnMeshError(
            f"{where}: there are no triangles in it; export a surface, not points or curves."
        )
    if count > MOST_TRIANGLES:
        raise OwnMeshError(
            f"{where}: {count:,} triangles in all, and at most {MOST_TRIANGLES:,} are read; "
            "simplify them first."
        )
    return parts


def open_own(
    paths: Sequence[Path],
    model: ShapeModel,
    *,
    unit: Unit | None = None,
    mirrored: bool = False,
    said: Callable[[str], None] = lambda _: None,
) -> Identified:
    """Read some files and find the pelvis in them; the rest as in ``identify``.

    ``said`` is told ``reading`` besides.

    Raises
    ------
    OwnMeshError
        If they cannot be read, or show no pelvis.
    """
    said("reading")
    parts = read_own(paths)
    where = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    try:
        return identify(parts, model, unit=unit, mirrored=mirrored, said=said)
    except NotAPelvis as error:
        raise OwnMeshError(f"{where}: {_small(str(error))}") from None


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _read(path: Path) -> list[RawMesh]:
    where = path.name or str(path)
    reader = READERS.get(path.suffix.lower())
    try:
        if path.is_dir():
            raise OwnMeshError(f"{where}: that is a folder; name the mesh files in it.")
        size = path.stat().st_size
        if reader is None:
            told = f"“{path.suffix}”" if path.suffix else "no ending"
            raise OwnMeshError(f"{where}: {told} is no mesh that is read here; {KINDS} are.")
        if not path.is_file():
            raise OwnMeshError(f"{where}: that is no ordinary file; copy the mesh into one.")
        if size == 0:
            raise OwnMeshError(f"{where}: the file is empty; get it again.")
        if size > MOST_BYTES:
            raise OwnMeshError(
                f"{where}: {size / 1e9:.1f} GB is more than is read ({MOST_BYTES / 1e9:.0f} GB); "
                "simplify the mesh or save it in binary."
            )
        with path.open("rb") as file:
            begin = file.read(64).lstrip()
        for sign, (kind, endings) in SIGNS.items():
            if begin.startswith(sign) and path.suffix.lower() not in endings:
                told = f"rename it to end in {endings[0]}" if endings else f"{KINDS} are read"
                raise OwnMeshError(f"{where}: it is named {path.suffix} but holds {kind}; {told}.")
        return reader(path)
    except OwnMeshError:
        raise
    except Unreadable as error:
        raise OwnMeshError(f"{where}: {error}.") from None
    except FileNotFoundError:
        raise OwnMeshError(f"{where}: there is no such file; check the name.") from None
    except PermissionError:
        raise OwnMeshError(f"{where}: it may not be read; change its permissions.") from None
    except MemoryError:
        raise OwnMeshError(f"{where}: it needs more memory than there is; simplify it.") from None
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as error:
        raise OwnMeshError(
            f"{where}: it cannot be read ({type(error).__name__}); export it again."
        ) from None
