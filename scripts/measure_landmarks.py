"""Measure how well landmarks are found on made-up pelves.

``python scripts/measure_landmarks.py`` makes 200 pelves from the shape model (within 2 SD, turned,
shifted, in m, cm or mm, wound either way, with 1 mm of noise, remeshed to 5,000 to 200,000
triangles, half of them as one mesh), finds each landmark, and compares it with the same material
point carried by the model. The model that is fitted is the one that they were made from: this
measures the search, the fit and their noise, not how unlike a new person is.

``--count N`` makes fewer, ``--seed N`` others.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

STRICT = (
    "asis",
    "aiis",
    "psis",
    "pubic-tubercle",
    "ischial-spine",
    "ischial-tuberosity",
    "sacral-promontory",
)
LOOSE = ("piis", "iliac-tubercle")


def main() -> None:
    """Measure and print tables."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    sys.exit(0 if made_up_pelves(chosen.count, chosen.seed) else 1)


def made_up_pelves(count: int, seed: int) -> bool:
    """Print how far off each landmark is on made-up pelves; whether all is as it should be."""
    import numpy as np
    from pelves import made_up

    from siexplorer.geometry.find import locate
    from siexplorer.geometry.identify import NotAPelvis, Part, identify
    from siexplorer.geometry.registration import apply
    from siexplorer.packs.pack import read_shape

    model = read_shape()
    errors: dict[str, list[float]] = {}
    failed, swapped, wrong_unit, seconds = [], [], [], []
    for number in range(seed, seed + count):
        scan = made_up(model, number)
        begun = time.monotonic()
        try:
            found = identify([Part(name, part) for name, part in scan.parts], model)
            located = locate(model, found)
        except NotAPelvis as error:
            failed.append(f"{number}: {error}")
            continue
        seconds.append(time.monotonic() - begun)
        if found.unit != scan.unit:
            wrong_unit.append(number)
        whole = found.to_body @ scan.to_scan
        truth = {name: apply(whole, points) for name, points in scan.landmarks.items()}
        if truth["left-asis"][0, 0] < truth["right-asis"][0, 0]:
            swapped.append(number)
        for name, place in located.items():
            if place.shown and len(place.points) == 1 and "dimple" not in name:
                key = name.removeprefix("left-").removeprefix("right-")
                off = float(np.linalg.norm(place.points - truth[name]))
                errors.setdefault(key, []).append(off)
        if (number - seed) % 20 == 19:
            print(f"{number - seed + 1} pelves", file=sys.stderr, flush=True)
    print(
        f"{count} made-up pelves, {np.median(seconds):.1f} s each (median), {max(seconds):.1f} s at"
    )
    print(f"most; {len(failed)} failed, {len(swapped)} swapped, {len(wrong_unit)} in a wrong unit")
    print("\n".join(failed))
    print(f"{'landmark':26}{'n':>5}{'median':>8}{'p95':>8}{'max':>8}  mm")
    good = not (failed or swapped or wrong_unit)
    for key, some in sorted(errors.items()):
        middle, high = np.median(some), np.percentile(some, 95)
        bad = (key in STRICT and (middle > 2 or high > 5)) or (key in LOOSE and middle > 4)
        good &= not bad
        print(
            f"{key:26}{len(some):5}{middle:8.2f}{high:8.2f}{max(some):8.2f}{'  !' if bad else ''}"
        )
    return good


if __name__ == "__main__":
    main()
