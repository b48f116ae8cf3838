"""Start SI Explorer from a checkout: `python3 scripts/run.py`.

The first run installs what it needs. Arguments go to `siexplorer` as they are; without any, the
window opens, or, where there is no screen, the first look is drawn into the folder `first-look`.
"""

import os
import subprocess
import sys

OLDEST_PYTHON = (3, 11)

# Before anything else is imported: an old Python could not even read it.
if sys.version_info[:2] < OLDEST_PYTHON:
    sys.stderr.write(
        "SI Explorer needs Python 3.11 or newer, and this is Python "
        + sys.version.split()[0]
        + ": install a newer one and start this script with it.\n"
    )
    sys.exit(2)

import bootstrap  # noqa: E402


def main() -> int:
    """Make the machine ready, then become the application."""
    headless = is_headless()
    libraries = bootstrap.libraries_for_display(os.environ)
    python = str(bootstrap.prepare(libraries=libraries))
    arguments = sys.argv[1:]
    if headless:
        draw_without_screen()
        arguments = arguments or ["first-look", str(bootstrap.CHECKOUT / "first-look")]
    return become([python, "-m", "siexplorer", *arguments])


def is_headless() -> bool:
    """Whether this is a Linux without a screen; macOS and Windows always have one."""
    screens = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    return sys.platform.startswith("linux") and not any(screens)


def draw_without_screen() -> None:
    """Let Qt and VTK draw into memory, unless someone has chosen otherwise."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def become(command: list[str]) -> int:
    """Replace this process, so that signals and the exit code are the application's own."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(bootstrap.guarded(main))
