"""Take the README's screenshots from the real window: ``python scripts/take_pictures.py``.

Run it with the project's own Python under a display, for example
``xvfb-run .venv/bin/python scripts/take_pictures.py``. Pictures go to ``scripts/pictures``.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "scripts" / "pictures"


def main() -> None:
    """Open the window, bring it into each state, and save what a person would see."""
    os.environ["QT_API"] = "pyside6"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if sys.platform == "linux" else "")
    folder = tempfile.mkdtemp()
    settings = Path(folder) / "settings.ini"
    settings.write_text("[General]\nnotice=1000\n")
    os.environ["SIEXPLORER_SETTINGS"] = str(settings)
    sys.path.insert(0, str(ROOT))
    from PySide6.QtGui import QSurfaceFormat
    from PySide6.QtWidgets import QApplication

    from siexplorer.app.main import gl_format
    from siexplorer.app.window import MainWindow

    QSurfaceFormat.setDefaultFormat(gl_format())
    app = QApplication(["siexplorer"])
    app.setStyle("Fusion")
    window = MainWindow()
    window.resize(1280, 800)
    window.open()
    OUT.mkdir(exist_ok=True)

    def settle(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.005)

    def save(name: str) -> None:
        from PIL import Image

        settle(1.0)
        path = OUT / f"{name}.png"
        window.grab().save(str(path))
        Image.open(path).convert("RGB").save(path, optimize=True)
        print(path.relative_to(ROOT))

    while window.view is None:
        settle(0.05)
    window.view.animate = False
    do = window.exploration
    save("start")
    do.visit("left-psis")
    save("psis")
    do.visit("left-iliacus")
    do.set_voice("student")
    save("iliacus")
    do.set_voice("plain")
    do.select(None)
    do.set_mode("move")
    do.set_moment(1.0)
    save("move")
    do.set_mode("ball")
    do.read_zone("gluteal-clear")
    save("ball")
    window.close()


if __name__ == "__main__":
    main()
