"""Packs fetched on request: downloaded, checked, converted, and put into the user's folder.

Nothing here runs unless a person asks for it. Only ``fetch`` reaches for the network.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from siexplorer.packs.catalog import CatalogFile, CatalogPack, read_catalog
from siexplorer.packs.pack import BUILT_IN, Pack, PackError, PackInfo, read_info, read_pack

MIRROR = "SIEXPLORER_PACK_MIRROR"
"""The variable that names a folder or address to fetch from instead of upstream."""

CHOSEN = "SIEXPLORER_PACK"
"""The variable that names the pack to use instead of the built-in one."""

ATTEMPTS = 3
PAUSE_S = 1.0
"""How often a cut connection is tried, and how long to wait before the second time (design)."""

TIMEOUT_S = (10.0, 20.0)
"""How long to wait for a connection, and then for each piece (design)."""

ROOM = 4
"""How many times its size a pack needs while it is fetched and converted (design)."""

State = Literal["built in", "here", "broken", "not here"]
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes are there, and of how many."""


class Cancelled(Exception):
    """The person who asked for the pack has changed their mind."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A pack that can be used or fetched, and how it is."""

    pack: CatalogPack
    state: State
    folder: Path
    lacks: list[str]


def packs_folder() -> Path:
    """Where fetched packs lie."""
    from platformdirs import user_data_path

    return Path(user_data_path("siexplorer", appauthor=False)) / "packs"


def listed() -> list[Listed]:
    """Every pack of the catalog and its state, by a quick look: sizes alone, no checksums."""
    found = []
    for pack in read_catalog().values():
        folder = packs_folder() / pack.id
        state, info = _state(folder)
        found.append(Listed(pack, state, folder, pack.lacks if info is None else info.lacks))
    return found


def _state(folder: Path) -> tuple[State, PackInfo | None]:
    if not folder.exists():
        return "not here", None
    try:
        info = read_info(folder)
        whole = all((folder / one.name).stat().st_size == one.bytes for one in info.file)
    except (OSError, PackError):
        return "broken", None
    return ("here" if whole else "broken"), info


def pack_called(name: str) -> CatalogPack:
    """The pack of the catalog with that id.

    Raises
    ------
    PackError
        If there is none.
    """
    packs = read_catalog()
    if name not in packs:
        raise PackError(f"There is no pack “{name}”; there are: {', '.join(packs)}.")
    return packs[name]


def open_pack(name: str, *, cache: Path | None = None) -> Pack:
    """The built-in pack, or one that was fetched.

    Raises
    ------
    PackError
        If there is no such pack, it was not fetched yet, or it is broken.
    """
    if name == BUILT_IN:
        return read_pack(cache=cache)
    pack = pack_called(name)
    folder = packs_folder() / pack.id
    if not folder.exists():
        raise PackError(
            f"The pack “{name}” is not here; “siexplorer packs fetch {name}” fetches it."
        )
    try:
        return read_pack(folder, cache=cache)
    except PackError as error:
        raise PackError(_fetch_again(name, str(error))) from None


def verify(name: str) -> None:
    """Read a fetched pack whole, every checksum included.

    Raises
    ------
    PackError
        If it is not here, or not as it was written.
    """
    found = open_pack(name)
    if found.problems:
        raise PackError(_fetch_again(name, found.problems[0]))


def _fetch_again(name: str, fault: str) -> str:
    what = fault.split("; ")[0].rstrip(".")
    return f"{what}; “siexplorer packs fetch {name}” puts it right."


def remove(name: str) -> bool:
    """Take a fetched pack away, and what is left of a download; whether there was anything.

    Raises
    ------
    PackError
        If there is no such pack, or its folder cannot be taken away.
    """
    pack = pack_called(name)
    folder = packs_folder()
    gone = [folder / pack.id, *folder.glob(f"{pack.id}.*")]
    gone = [one for one in gone if one.exists()]
    try:
        for one in gone:
            shutil.rmtree(one)
    except OSError as error:
        raise PackError(f"{folder / pack.id} cannot be removed ({_reason(error)}).") from None
    return bool(gone)


# Fetching -----------------------------------------------------------------------------------------


def fetch(
    name: str,
    progress: Progress = lambda _what, _done, _total: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Download a pack, check it, convert it and put it in place; an older copy stays till then.

    Files that are whole already are not downloaded again. Returns what the converted pack lacks.

    Raises
    ------
    PackError
        One sentence: no such pack, no network, wrong contents, a full disk, no right to write.
    Cancelled
        Once ``stop`` says so. What is whole is kept for the next time.
    """
    from siexplorer.packs.convert import convert

    pack = pack_called(name)
    folder = packs_folder()
    part = folder / f"{pack.id}.part"
    new: Path | None = None
    try:
        part.mkdir(parents=True, exist_ok=True)
        _need_room(pack, folder)
        done = 0
        for file in pack.file:
            tell = _Teller(progress, stop, file, done, pack.bytes)
            _download(file, part, tell)
            done += file.bytes
        new = Path(tempfile.mkdtemp(dir=folder, prefix=f"{pack.id}.new-"))

        def said(what: str) -> None:
            if stop():
                raise Cancelled
            progress(what, done, pack.bytes)

        missing = convert(pack, part, new, said)
        said("Putting it in place")
        _swap(new, folder / pack.id)
        shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise PackError(_disk_words(pack, folder, error)) from None
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
    return [*pack.lacks, *missing]


def _need_room(pack: CatalogPack, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < ROOM * pack.bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _swap(new: Path, place: Path) -> None:
    """Put a whole folder in place of another; at no moment is there half a pack."""
    new.chmod(0o755)
    if not place.exists():
        new.replace(place)
        return
    old = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{place.name}.old-"))
    place.replace(old / place.name)
    try:
        new.replace(place)
    except OSError:
        (old / place.name).replace(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


class _Teller:
    """What pooch calls a progress bar: it tells how far a file is, and stops the download."""

    def __init__(
        self, progress: Progress, stop: Callable[[], bool], file: CatalogFile, done: int, total: int
    ) -> None:
        self._progress, self._stop, self._file = progress, stop, file
        self._before, self._all, self._got = done, total, 0
        self.total = file.bytes

    def update(self, count: int) -> None:
        """So many bytes more."""
        if self._stop():
            raise Cancelled
        self._got += count
        # The last piece is told as long as the others, so only more than that is too much.
        if self._got >= self._file.bytes + max(count, 1):
            raise PackError(_wrong(self._file))
        got = min(self._got, self._file.bytes)
        self._progress(f"Fetching {self._file.name}", self._before + got, self._all)

    def reset(self) -> None:
        """From the start: pooch does so at the end, before it tells the whole."""
        self._got = 0

    def close(self) -> None:
        """Nothing to close."""


def _download(file: CatalogFile, part: Path, tell: _Teller) -> None:
    """Bring one file into the folder ``part``, from upstream or from the mirror."""
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel("CRITICAL")
    address, downloader = _from_where(file, tell)
    store = pooch.create(
        path=part,
        base_url="",
        registry={file.name: f"sha256:{file.sha256}"},
        urls={file.name: address},
    )
    for attempt in range(1, ATTEMPTS + 1):
        tell.reset()
        tell.update(0)
        try:
            store.fetch(file.name, downloader=downloader)
            return
        except RequestException as error:
            answer = getattr(error, "response", None)
            refused = answer is not None and 400 <= answer.status_code < 500
            if refused or attempt == ATTEMPTS:
                raise PackError(_network_words(file, address, error)) from None
            _wait(attempt * PAUSE_S, tell)
        except ValueError:
            raise PackError(_wrong(file)) from None
        except FileNotFoundError:
            raise PackError(
                f"{address} is not there; {MIRROR} wants a mirror that holds it."
            ) from None


def _wait(seconds: float, tell: _Teller) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tell.update(0)
        time.sleep(min(0.1, seconds))


def _from_where(file: CatalogFile, tell: _Teller) -> tuple[str, Any]:
    import pooch

    mirror = os.environ.get(MIRROR, "").strip()
    if mirror and not mirror.startswith(("http://", "https://")):
        address = str(Path(mirror.removeprefix("file://")).expanduser() / file.name)

        def copy(_url: str, output: Any, _pooch: Any) -> None:
            data = Path(address).read_bytes()
            Path(output).write_bytes(data)
            tell.update(min(len(data), file.bytes))

        return address, copy
    address = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
    return address, pooch.HTTPDownloader(progressbar=tell, timeout=TIMEOUT_S, chunk_size=65536)


def _wrong(file: CatalogFile) -> str:
    return (
        f"{file.name}: what came is not the file that the catalog names (its sha256 differs), so "
        "it was thrown away; try again later, or from another mirror."
    )


def _network_words(file: CatalogFile, address: str, error: Exception) -> str:
    from requests import ConnectionError as NoConnection
    from requests import HTTPError, Timeout
    from requests.exceptions import ChunkedEncodingError

    host = address.split("/")[2] if "//" in address else address
    answer = getattr(error, "response", None)
    if isinstance(error, HTTPError) and answer is not None:
        return f"{host} does not give {file.name} out (it answers {answer.status_code})."
    if isinstance(error, ChunkedEncodingError):
        return (
            f"The connection to {host} was cut while {file.name} came, {ATTEMPTS} times; fetch it "
            "again: what is whole is kept."
        )
    if isinstance(error, Timeout):
        return f"{host} does not answer in time; fetch it again: what is whole is kept."
    if isinstance(error, NoConnection):
        return f"{host} cannot be reached: there is no network, or it is not let through."
    return f"{file.name} could not be fetched from {host} ({type(error).__name__})."


def _disk_words(pack: CatalogPack, folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        need = ROOM * pack.bytes / 1e6
        return (
            f"There is not enough room on the disk for {pack.id}: it needs about {need:.0f} MB in "
            f"{folder}; free some and fetch it again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{folder} cannot be written ({_reason(error)}), so {pack.id} was not put there."
    return f"{pack.id} could not be put into {folder} ({_reason(error)})."


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
