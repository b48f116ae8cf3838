"""Whether this machine can draw, asked before VTK is: without OpenGL libraries VTK crashes."""

import ctypes
import os
import sys

MISSING_GL = (
    "This machine has no OpenGL library ({library}), so nothing can be drawn. On Debian or Ubuntu "
    "run: sudo apt-get install libgl1 libegl1. Lists and texts work without it: siexplorer list, "
    "show, check."
)


def missing_gl() -> str | None:
    """A sentence about the library that drawing lacks, or None if drawing can be tried."""
    if not sys.platform.startswith("linux"):
        return None
    needed = ["libGL.so.1"] if os.environ.get("DISPLAY") else ["libGL.so.1", "libEGL.so.1"]
    for library in needed:
        try:
            ctypes.CDLL(library)
        except OSError:
            return MISSING_GL.format(library=library)
    return None


def draw_without_display() -> None:
    """Make VTK draw through EGL where there is no X display. Call before importing VTK."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        chosen = os.environ.get("VTK_DEFAULT_OPENGL_WINDOW")
        # An empty value would make VTK crash.
        os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = chosen or "vtkEGLRenderWindow"
