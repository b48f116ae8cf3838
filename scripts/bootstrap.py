"""What a bare machine lacks, fetched from the registries: for `run.py` and `test.py`.

Standard library only, because it runs before anything is installed. The second time it must cost
next to nothing, so all it does then is to read one stamp file and to look at some file names.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

CHECKOUT = Path(__file__).resolve().parents[1]
STAMP_NAME = "setup-stamp.json"
LOG_NAME = "setup.log"

EXIT_FAILED = 1
EXIT_NEEDS_PACKAGES = 3
EXIT_INTERRUPTED = 130

# Shared object -> Debian package. The names are what PySide6-Essentials and VTK link or open.
DRAWING_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
}
X11_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
VIRTUAL_SCREEN_PROGRAMS = {"Xvfb": "xvfb"}

NO_NETWORK_SIGNS = (
    "NewConnectionError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Temporary failure resolving",
    "Could not resolve",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "SSLError",
    "Network is unreachable",
)


class SetupProblem(Exception):
    """Something the person at the keyboard has to know; printed as it stands, without a trace."""

    def __init__(self, sentence: str, exit_code: int = EXIT_FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def guarded(task: Callable[[], int]) -> int:
    """Run a whole script and turn what can go wrong around it into a sentence and an exit code."""
    try:
        return task()
    except SetupProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except OSError as error:
        print(
            f"Stopped: {error}. The folder for the installed libraries can be placed elsewhere "
            "with the environment variable SIEXPLORER_VENV.",
            file=sys.stderr,
        )
        return EXIT_FAILED


def prepare(
    extras: Iterable[str] = (),
    libraries: Mapping[str, str] | None = None,
    programs: Mapping[str, str] | None = None,
) -> Path:
    """Make this machine ready and return the Python that has the project installed.

    Everything that needs an administrator comes first and in one go, so that a person is asked
    once and a refusal costs no download.
    """
    venv = venv_folder()
    wanted = frozenset(extras)
    installed = read_stamp(venv)
    ready = is_ready(venv, installed, wanted)
    rebuild = not ready and needs_rebuild(venv, installed)
    packages = missing_packages(libraries or {}, programs or {})
    if rebuild and not can_create_venvs():
        packages.append(venv_package())
    if packages:
        install_system_packages(packages, venv)
    if not ready:
        (venv / STAMP_NAME).unlink(missing_ok=True)
        if rebuild:
            create_venv(venv)
        install_project(venv, wanted | (installed.extras if installed else frozenset()))
    return venv_python(venv)


def say(step: str) -> None:
    """Announce one step of the set-up at once, also through a pipe."""
    print(f"Setting up: {step}", flush=True)


# --- The virtual environment and its stamp -------------------------------------------------


def venv_folder() -> Path:
    """Where the installed libraries live: `.venv` in the checkout, or SIEXPLORER_VENV."""
    chosen = os.environ.get("SIEXPLORER_VENV")
    return Path(chosen).expanduser().absolute() if chosen else CHECKOUT / ".venv"


def venv_program(venv: Path, name: str) -> Path:
    """The path of a program that pip put into the environment."""
    return venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name


def venv_python(venv: Path) -> Path:
    """The environment's own interpreter."""
    return venv_program(venv, "python")


def base_python() -> str:
    """The interpreter to build environments with, even when we run inside one ourselves.

    A broken environment is deleted and made anew, and that must not be done with its own Python.
    """
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def recipe_now() -> str:
    """What `pyproject.toml` asks for, as a short text to compare."""
    return hashlib.sha256((CHECKOUT / "pyproject.toml").read_bytes()).hexdigest()


def place_now(venv: Path) -> str:
    """What ties an environment to where it is, and to the Python that made it.

    An editable install points at the checkout, programs in an environment point at its folder, and
    compiled libraries fit one version of Python: when any of these moves, it must be made anew.
    """
    return "{} | {} | Python {}.{}".format(CHECKOUT, venv, *sys.version_info[:2])


@dataclass(frozen=True)
class Stamp:
    """What the last finished installation put into an environment."""

    recipe: str
    place: str
    extras: frozenset[str]
    distributions: frozenset[str]


def read_stamp(venv: Path) -> Stamp | None:
    """The stamp of a finished installation; None when there is none or it cannot be read."""
    try:
        content = json.loads((venv / STAMP_NAME).read_text(encoding="utf-8"))
        return Stamp(
            str(content["recipe"]),
            str(content["place"]),
            frozenset(map(str, content["extras"])),
            frozenset(map(str, content["distributions"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(venv: Path, extras: frozenset[str]) -> None:
    """Record a finished installation. Renamed into place, so that it is whole or absent."""
    content = {
        "recipe": recipe_now(),
        "place": place_now(venv),
        "extras": sorted(extras),
        "distributions": sorted(installed_distributions(venv)),
    }
    unfinished = venv / (STAMP_NAME + ".new")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(venv / STAMP_NAME)


def installed_distributions(venv: Path) -> set[str]:
    """Names and versions of all installed packages, as pip's own folder names tell them."""
    folder = venv / "Lib" if os.name == "nt" else venv / "lib"
    pattern = "site-packages/*.dist-info" if os.name == "nt" else "*/site-packages/*.dist-info"
    return {path.name for path in folder.glob(pattern)}


def is_ready(venv: Path, stamp: Stamp | None, wanted: frozenset[str]) -> bool:
    """Whether the environment holds all that is wanted: more than that is welcome."""
    return (
        stamp is not None
        and stamp.recipe == recipe_now()
        and stamp.place == place_now(venv)
        and wanted <= stamp.extras
        and venv_python(venv).exists()
        and stamp.distributions <= installed_distributions(venv)
    )


def needs_rebuild(venv: Path, stamp: Stamp | None) -> bool:
    """Whether pip cannot mend the environment, so that it has to be made from nothing.

    An installation that was interrupted leaves no stamp, and perhaps a package that pip takes for
    whole: nothing in such an environment is to be trusted.
    """
    return stamp is None or stamp.place != place_now(venv) or not has_working_pip(venv)


def has_working_pip(venv: Path) -> bool:
    """Whether the environment's Python starts and finds pip."""
    try:
        probe = subprocess.run(
            [str(venv_python(venv)), "-c", "import pip"], capture_output=True, check=False
        )
    except OSError:
        return False
    return probe.returncode == 0


def install_project(venv: Path, extras: frozenset[str]) -> None:
    """Install the project, editable, with these extras, and stamp the environment."""
    say("installing SI Explorer and the libraries it uses (some minutes the first time) ...")
    pip = [str(venv_python(venv)), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    target = f".[{','.join(sorted(extras))}]" if extras else "."
    if run_logged([*pip, "--disable-pip-version-check", "--editable", target], venv) != 0:
        raise SetupProblem(explain_failure(venv, "Installing the Python libraries"))
    write_stamp(venv, extras)
    say("done.")


def create_venv(venv: Path) -> None:
    """Make the environment from nothing, in place of one that is broken or of another Python."""
    remove_old_venv(venv)
    say(f"making a Python environment in {venv} ...")
    if run_logged([base_python(), "-m", "venv", str(venv)], venv) != 0:
        raise SetupProblem(explain_failure(venv, "Making the Python environment"))


def remove_old_venv(venv: Path) -> None:
    """Delete what an earlier set-up left. Never touches a folder that it did not make."""
    if not venv.exists():
        return
    ours = {LOG_NAME, "pyvenv.cfg"}
    contents = {path.name for path in venv.iterdir()}
    if contents and not contents & ours:
        raise SetupProblem(
            f"{venv} is not empty and holds no Python environment. "
            "Point SIEXPLORER_VENV at another folder."
        )
    for path in venv.iterdir():
        if path.name == LOG_NAME:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def can_create_venvs() -> bool:
    """Whether this Python can make an environment with pip; Debian ships it without."""
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def venv_package() -> str:
    """The Debian package that completes the Python which is running."""
    if not has_program("apt-get"):
        raise SetupProblem(
            "This Python comes without its modules venv and ensurepip, which SI Explorer needs to "
            "set itself up: install them, or start this with another Python.",
            EXIT_NEEDS_PACKAGES,
        )
    system = Path("/usr/bin/python3")
    if system.exists() and system.resolve() == Path(base_python()).resolve():
        return "python3-venv"
    return "python{}.{}-venv".format(*sys.version_info[:2])


# --- System libraries ----------------------------------------------------------------------


def libraries_for_display(environment: Mapping[str, str]) -> dict[str, str]:
    """The libraries that drawing needs here; the screen's own only where there is a screen."""
    libraries = dict(DRAWING_LIBRARIES)
    if environment.get("DISPLAY"):
        libraries.update(X11_LIBRARIES)
    if environment.get("WAYLAND_DISPLAY"):
        libraries.update(WAYLAND_LIBRARIES)
    return libraries


def missing_packages(libraries: Mapping[str, str], programs: Mapping[str, str]) -> list[str]:
    """Debian's names for what is missing, in order and once each; nothing but on Linux.

    On a Linux without apt nobody can act on Debian's names, so the files themselves are named.
    """
    if not sys.platform.startswith("linux"):
        return []
    absent = {name: package for name, package in libraries.items() if not has_library(name)}
    absent.update({name: package for name, package in programs.items() if not has_program(name)})
    if absent and not has_program("apt-get"):
        raise SetupProblem(missing_without_apt(absent), EXIT_NEEDS_PACKAGES)
    return list(dict.fromkeys(absent.values()))


def missing_without_apt(absent: Iterable[str]) -> str:
    """The sentence for a Linux whose package manager we do not know."""
    return (
        f"SI Explorer needs these to draw, and they are missing: {', '.join(absent)}. "
        "Install them with your system's package manager, then run this again."
    )


@cache
def library_folders() -> list[Path]:
    """Where a loader looks by default, with Debian's folder for this kind of processor."""
    multiarch = str(getattr(sys.implementation, "_multiarch", ""))
    tails = [multiarch, ""] if multiarch else [""]
    roots = ("/usr/lib", "/lib", "/usr/lib64", "/lib64", "/usr/local/lib")
    return [Path(root, tail) for tail in tails for root in roots]


def has_library(name: str) -> bool:
    """Whether a shared object can be loaded.

    A look for the file answers at once nearly always; only when it is in none of the usual places
    is the loader itself asked, which knows about every other place.
    """
    if any((folder / name).exists() for folder in library_folders()):
        return True
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def has_program(name: str) -> bool:
    """Whether a program is on the path or in the folders that an ordinary user's path lacks."""
    return bool(shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin"))


def install_line(packages: Sequence[str]) -> str:
    """The one line for a person to run."""
    install = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    return f"sudo apt-get update && sudo {install}"


def install_system_packages(packages: Sequence[str], venv: Path) -> None:
    """Install with apt: as root at once, with sudo once a person agreed, else say how."""
    become_root = permission_to_install(packages)
    if become_root is None:
        raise SetupProblem(
            f"SI Explorer needs system packages that only an administrator can install. "
            f"Run this line, then start again:\n  {install_line(packages)}",
            EXIT_NEEDS_PACKAGES,
        )
    say(f"installing system packages with apt: {' '.join(packages)} ...")
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    apt += ["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "--no-install-recommends", *packages]
    if has_package_lists() and run_logged(install, venv) == 0:
        return
    # No lists yet, or they name releases that the archive has replaced since.
    run_logged([*apt, "update"], venv)
    if run_logged(install, venv) != 0:
        raise SetupProblem(
            explain_failure(venv, "Installing system packages")
            + f"\nBy hand it is:\n  {install_line(packages)}",
            EXIT_NEEDS_PACKAGES,
        )


def permission_to_install(packages: Sequence[str]) -> list[str] | None:
    """What to put in front of a command to run it as root; None when that is not ours to do."""
    if os.geteuid() == 0:
        return []
    if not (shutil.which("sudo") and sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    print(f"SI Explorer needs these system packages: {' '.join(packages)}")
    try:
        answer = input("Install them now with sudo? [Y/n] ")
    except EOFError:
        return None
    return ["sudo"] if answer.strip().lower() in {"", "y", "yes"} else None


def has_package_lists() -> bool:
    """Whether apt knows any package; a fresh container's apt knows none."""
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


# --- Running the installers ----------------------------------------------------------------


def run_logged(command: Sequence[str], venv: Path) -> int:
    """Run an installer with all its talk in the log; returns its exit code.

    Standard input is left to it for sudo alone, which may ask for a password on the terminal.
    """
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / LOG_NAME).open("a", encoding="utf-8") as log:
        print("\n$", *command, file=log, flush=True)
        keyboard = None if command[0] == "sudo" else subprocess.DEVNULL
        return subprocess.run(
            command, stdin=keyboard, stdout=log, stderr=log, cwd=CHECKOUT, check=False
        ).returncode


def explain_failure(venv: Path, what: str, lines: int = 12) -> str:
    """The end of the log, and what to do about it."""
    log = venv / LOG_NAME
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    last_command = text.rpartition("\n$ ")[2]
    ending = "\n".join(f"  {line}" for line in last_command.splitlines()[-lines:])
    return f"{what} failed:\n{ending}\n{advice(last_command)} The full log is {log}."


def advice(log: str) -> str:
    """One sentence on what a person can do, guessed from what the installer said."""
    if "No space left on device" in log:
        return "The disk is full: free some space, then run this again."
    if any(sign in log for sign in NO_NETWORK_SIGNS):
        return "The package registry cannot be reached: check the network, then run this again."
    return "Put right what the lines above name, then run this again."
