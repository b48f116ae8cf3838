#!/usr/bin/env python3
"""Find text of the records that repeats other text word for word.

``check_wording.py FILE...`` compares every sentence of annotations/ with the given text files, and
fails where one shares a run of eight words with them. Without files it compares the records with
one another: techniques, care, safety and patterns share no run with any other record; other cards
may tell the same fact in the same whole sentence, and share no run otherwise. Names, a few set
phrases and movements that are each other's mirror are left out (siexplorer/exploration/wording.py
lists them). Capital letters, marks and line breaks do not count. Exit codes: 0 nothing shared,
1 something is, 2 a file cannot be read.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Compare, print what is shared and where, and return the exit code."""
    sys.path.insert(0, str(ROOT))
    from siexplorer.exploration.wording import RUN, our_texts, repeated, shared_with

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="a text to compare with"
    )
    parser.add_argument("--annotations", type=Path, default=ROOT / "annotations", metavar="FOLDER")
    given = parser.parse_args(arguments)
    texts = our_texts(given.annotations)
    if not texts:
        print(f"{given.annotations}: no records there.", file=sys.stderr)
        return 2
    found = 0
    for path in given.files:
        try:
            other = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            print(f"{path} cannot be read ({error.strerror}).", file=sys.stderr)
            return 2
        for one, run in shared_with(texts, other):
            found += 1
            print(f"{one.where}: shares “{run}” with {path}.")
    if not given.files:
        for one, two, run in repeated(texts):
            found += 1
            print(f"{one.where}: shares “{run}” with {two.where}.")
    compared = f"{len(given.files)} files" if given.files else "one another"
    print(f"{len(texts)} texts compared with {compared}: {found} share a run of {RUN} words.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
