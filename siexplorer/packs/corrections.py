"""Landmarks that a person has put right on a mesh of their own, kept for the next time.

A correction is kept in the mesh's own coordinates, so that it holds whatever is found around it.
The file lies in the user's data folder under the mesh's SHA-256, and says nothing else about it.
"""

import contextlib
import hashlib
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from siexplorer.geometry.surface import Floats

Place = tuple[float, float, float]
MOST_BYTES = 1_000_000
CHUNK = 1 << 20


SET_BEHIND = {"psis": "dimple-of-venus"}
"""Which mark on the skin was set behind which point of bone."""


class CorrectionsError(Exception):
    """Corrections that cannot be read or kept; the message is one sentence."""


class CorrectionsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is kept: which mesh, whether it was turned over in a mirror, and where landmarks lie."""

    siexplorer_corrections: Literal[1]
    mesh_sha256: str
    mirrored: bool
    landmarks: dict[str, Place]


def followed(points: Mapping[str, Floats], by_hand: Mapping[str, Floats]) -> dict[str, Floats]:
    """Landmarks (k, 3) by id, once some of them were put elsewhere by hand, (3,): what was set
    behind one of those goes along with it. Only single points of that id are moved.
    """
    found = dict(points)
    for name, place in by_hand.items():
        if name not in points or len(points[name]) != 1:
            continue
        found[name] = place[None]
        side, _, plain = name.partition("-")
        behind = f"{side}-{SET_BEHIND.get(plain, '')}"
        if behind in points:
            found[behind] = points[behind] + place - points[name]
    return found


def digest_of(paths: Sequence[Path]) -> str:
    """The SHA-256 of a file; of several, that of theirs put together, in whatever order they came.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    found = []
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        found.append(digest.hexdigest())
    if len(found) == 1:
        return found[0]
    return hashlib.sha256("".join(sorted(found)).encode()).hexdigest()


def corrections_folder() -> Path:
    """Where corrections lie."""
    from platformdirs import user_data_path

    return Path(user_data_path("siexplorer", appauthor=False)) / "corrections"


def kept_file(digest: str, *, mirrored: bool) -> Path:
    """The file that keeps the corrections of a mesh; as its mirror image it has others, because
    there the same name means the other side.
    """
    return corrections_folder() / f"{digest}{'-mirrored' if mirrored else ''}.json"


def kept(digest: str, *, mirrored: bool) -> dict[str, Floats]:
    """The corrected landmarks of a mesh by id, (3,) each in the file's coordinates; {} if none.

    Raises
    ------
    CorrectionsError
        If there are some that cannot be read; the file is left as it is.
    """
    path = kept_file(digest, mirrored=mirrored)
    if not path.exists():
        return {}
    return read_corrections(path, digest, mirrored=mirrored)


def keep(digest: str, places: Mapping[str, Floats], *, mirrored: bool) -> None:
    """Keep these corrections of a mesh instead of those before; none takes the file away.

    What could not be read before is put aside under the same name with “.broken”, and not lost.

    Raises
    ------
    CorrectionsError
        If they cannot be written.
    """
    path = kept_file(digest, mirrored=mirrored)
    try:
        if path.exists():
            try:
                read_corrections(path, digest, mirrored=mirrored)
            except CorrectionsError:
                path.replace(path.with_suffix(".broken"))
        if places:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_corrections(path, digest, places, mirrored=mirrored)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CorrectionsError(
            f"{path}: the corrections are not kept ({error.strerror or type(error).__name__}); "
            "make room or change the folder's permissions."
        ) from None


def write_corrections(
    path: Path, digest: str, places: Mapping[str, Floats], *, mirrored: bool
) -> None:
    """Write corrections as JSON, all or nothing.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    points: dict[str, Place] = {}
    for name in sorted(places):
        x, y, z = (float(value) for value in places[name])
        points[name] = (x, y, z)
    record = CorrectionsFile(1, digest, mirrored, points)
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(part).unlink()
        raise


def read_corrections(path: Path, digest: str, *, mirrored: bool) -> dict[str, Floats]:
    """The corrections in a file, (3,) each by the landmark's id.

    Raises
    ------
    CorrectionsError
        If it cannot be read, holds something else, or belongs to another mesh.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CorrectionsError(f"{path}: it is too large for corrections; choose another file.")
        found = msgspec.json.decode(path.read_bytes(), type=CorrectionsFile)
    except OSError as error:
        raise CorrectionsError(
            f"{path}: the corrections cannot be read ({error.strerror or type(error).__name__}); "
            "check the file."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorrectionsError(
            f"{path}: the corrections in it are not used, because it is damaged ({error}); mend it "
            "or take it away."
        ) from None
    if not all(math.isfinite(value) for place in found.landmarks.values() for value in place):
        raise CorrectionsError(
            f"{path}: the corrections in it are not used, because it holds a place that is no "
            "number; mend it or take it away."
        )
    if found.mesh_sha256 != digest or found.mirrored != mirrored:
        as_what = "seen in a mirror" if found.mirrored else "as it lies"
        which = f"this mesh {as_what}" if found.mesh_sha256 == digest else "another mesh"
        raise CorrectionsError(f"{path}: the corrections in it belong to {which}; open that.")
    return {name: np.array(place) for name, place in found.landmarks.items()}
