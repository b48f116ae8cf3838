"""Whether this machine can draw and open a window, and the window itself."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from siexplorer.cli.arguments import MeshUnit
from siexplorer.printing import CANNOT_DRAW, Refusal

NO_DISPLAY = (
    "There is no screen here to open a window on: run “python3 scripts/run.py” in a checkout, or "
    "“siexplorer first-look FOLDER” to draw pictures instead."
)
NO_ANSWER = (
    "No screen answers at DISPLAY={display}, so no window can open: correct DISPLAY, or run "
    "“siexplorer first-look FOLDER” to draw pictures instead."
)
XCB_LIBRARIES = (
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-image.so.0",
    "libxcb-keysyms.so.1",
    "libxcb-render-util.so.0",
    "libxkbcommon-x11.so.0",
)
"""What Qt needs for an X window beyond what every screen brings."""

NO_XCB = (
    "The window needs libraries that this machine lacks: run “python3 scripts/run.py” in a "
    "checkout, which installs them, or on Debian or Ubuntu “sudo apt-get install libxcb-cursor0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxkbcommon-x11-0”."
)


def open_window(
    quit_after: float | None,
    meshes: Sequence[Path] = (),
    *,
    unit: MeshUnit | None = None,
    mirrored: bool | None = None,
) -> int:
    """Open the window, with a mesh of the user's own or without, and stay until it is closed."""
    if sys.platform.startswith("linux"):
        need_screen()
    need_gl()
    try:
        from siexplorer.app.main import run
    except ImportError as error:
        raise Refusal(
            f"The window cannot open, because a library is missing ({error}): run “python3 "
            "scripts/run.py” in a checkout, which installs what is missing.",
            CANNOT_DRAW,
        ) from None
    return run(quit_after, meshes, unit=unit, mirrored=mirrored)


def has_screen() -> bool:
    """Whether a window can be opened here."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        need_screen()
    except Refusal:
        return False
    return True


def need_gl() -> None:
    """Refuse where OpenGL is missing; let it draw without a display where there is none."""
    from siexplorer.scene.gl import draw_without_display, missing_gl

    missing = missing_gl()
    if missing:
        raise Refusal(missing, CANNOT_DRAW)
    draw_without_display()


def need_screen() -> None:
    """Whether Qt can open a window here: it would not raise but abort."""
    platform, display, wayland = (
        os.environ.get(name, "") for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    )
    if not (platform or display or wayland):
        raise Refusal(NO_DISPLAY)
    if wayland or not display or not (platform or "xcb").startswith("xcb"):
        return
    import ctypes

    try:
        for library in XCB_LIBRARIES:
            ctypes.CDLL(library)
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        raise Refusal(NO_XCB, CANNOT_DRAW) from None
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    deaf = xcb.xcb_connection_has_error(connection) != 0
    xcb.xcb_disconnect(connection)
    if deaf:
        raise Refusal(NO_ANSWER.format(display=display))
