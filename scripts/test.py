"""Check everything: `python3 scripts/test.py`. Installs what that needs the first time.

Three tiers of tests, and beside the first of them style, types and import rules: `tests/core` (no
screen, no Qt), `tests/widgets` (Qt drawing into memory) and `tests/window` (real windows, on Linux
on a virtual screen of their own). All of it runs even after a failure; the exit code tells at the
end.

Arguments go to pytest, and then only pytest runs. If some of them are paths below `tests/`, only
the tiers run that those belong to:  python3 scripts/test.py tests/core/test_bootstrap.py -x
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

OLDEST_PYTHON = (3, 11)

# Before anything else is imported: an old Python could not even read it.
if sys.version_info[:2] < OLDEST_PYTHON:
    sys.stderr.write(
        "SI Explorer needs Python 3.11 or newer, and this is Python "
        + sys.version.split()[0]
        + ": install a newer one and start this script with it.\n"
    )
    sys.exit(2)

from collections.abc import Iterator  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from xml.etree import ElementTree  # noqa: E402

import bootstrap  # noqa: E402

ON_LINUX = sys.platform.startswith("linux")
TIERS = ("core", "widgets", "window")
NO_TESTS_COLLECTED = 5
VIRTUAL_SCREEN_OPTIONS = [
    *("-screen", "0", "1600x1200x24"),
    *("+extension", "GLX"),
    *("-nolisten", "tcp"),
]
# The core runs without Qt; its plugin for pytest would load it, and hide a wrong import. Without
# that plugin pytest does not know the plugin's own settings, which is no news.
TIER_OPTIONS = {
    "core": [
        *("-p", "no:pytest-qt"),
        *("-W", "ignore:Unknown config option:pytest.PytestConfigWarning"),
    ]
}
# The core draws little and times nothing to the millisecond: two of its files go side by side.
SIDE_BY_SIDE = {"core": ["-n", "2", "--dist", "loadfile"]}
SCREEN_VARIABLES = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "QT_QPA_PLATFORM",
    "VTK_DEFAULT_OPENGL_WINDOW",
)


@dataclass
class Count:
    """How many tests ended which way."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Count") -> None:
        """Take another tier's tests in."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        """Write the line that closes a run, and that CI reads."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass
class Step:
    """One check that was run, for the summary."""

    name: str
    ok: bool
    seconds: float
    note: str = ""

    def __str__(self) -> str:
        """Write one line of the summary."""
        verdict = "ok" if self.ok else "FAILED"
        return f"{verdict:<7} {self.name:<20} {self.seconds:6.1f} s  {self.note}".rstrip()


def main() -> int:
    """Set up, run every check, and close with the line that tells how many tests passed."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = choose_tiers(arguments)
    programs = bootstrap.VIRTUAL_SCREEN_PROGRAMS
    libraries = {**bootstrap.DRAWING_LIBRARIES, **bootstrap.X11_LIBRARIES}
    python = bootstrap.prepare({"test"}, libraries, programs)

    total = Count()
    tested: list[Step] = []
    # What is not a test waits for nothing and nothing for it: it goes beside the first tier.
    with ThreadPoolExecutor(1) as beside:
        checked = [beside.submit(run_check, *one) for one in ([] if arguments else checks(python))]
        for number, (tier, pytest_arguments) in enumerate(chosen.items()):
            step, count = run_tier(python, tier, pytest_arguments, narrowed=bool(arguments))
            tested.append(step)
            total.add(count)
            for one in checked if number == 0 else []:
                announce(one.result()[0].name)
                # As it is: the terminal may not know every sign in it.
                sys.stdout.buffer.write(one.result()[1])
                sys.stdout.buffer.flush()
    steps = [*(one.result()[0] for one in checked), *tested]

    announce("Summary")
    for step in steps:
        print(step)
    print(total, flush=True)
    return 0 if all(step.ok for step in steps) else 1


def announce(what: str) -> None:
    """One line before each step, so that a failure can be found in a long log."""
    print(f"\n== {what}", flush=True)


def choose_tiers(arguments: list[str]) -> dict[str, list[str]]:
    """The tiers to run, each with its arguments for pytest.

    Paths below `tests/` go to their own tier alone, all other arguments to every tier that runs.
    """
    paths: dict[str, list[str]] = {}
    others = []
    for argument in arguments:
        tier = tier_of(argument)
        if tier is None:
            others.append(argument)
        else:
            paths.setdefault(tier, []).append(argument)
    if not paths:
        return {tier: [f"tests/{tier}", *others] for tier in TIERS}
    return {tier: [*paths[tier], *others] for tier in TIERS if tier in paths}


def tier_of(argument: str) -> str | None:
    """The tier that a path such as `tests/core/test_x.py::test_y` belongs to; None for no path."""
    path = argument.replace("\\", "/").removeprefix("./").split("::")[0]
    top, _, below = path.partition("/")
    tier = below.split("/")[0]
    if top != "tests" or not tier:
        return None
    if tier not in TIERS:
        raise bootstrap.SetupProblem(
            f"{argument} is in none of the tiers: {', '.join(f'tests/{tier}' for tier in TIERS)}.",
            2,
        )
    return tier


def checks(python: Path) -> list[tuple[str, list[str]]]:
    """Name and command of every check that is not a test."""
    tool = [str(python), "-m"]
    imports = bootstrap.venv_program(bootstrap.venv_folder(), "lint-imports")
    return [
        ("ruff check", [*tool, "ruff", "check", "."]),
        ("ruff format", [*tool, "ruff", "format", "--check", "."]),
        ("mypy", [*tool, "mypy"]),
        ("lint-imports", [str(imports)]),
    ]


def run_check(name: str, command: list[str]) -> tuple[Step, bytes]:
    """Run one check; returns how it ended, and what it printed."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=bootstrap.CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Step(name, done.returncode == 0, time.monotonic() - started), done.stdout


def run_tier(
    python: Path, tier: str, arguments: list[str], *, narrowed: bool
) -> tuple[Step, Count]:
    """Run one tier of tests in the surroundings it is written for."""
    name = f"pytest tests/{tier}"
    announce(name)
    started = time.monotonic()
    try:
        with surroundings(tier) as environment:
            options = [
                *TIER_OPTIONS.get(tier, []),
                *([] if narrowed else SIDE_BY_SIDE.get(tier, [])),
            ]
            code, count = run_pytest(python, [*options, *arguments], environment)
    except bootstrap.SetupProblem as problem:
        print(problem, flush=True)
        code, count = 1, Count()
    ok = code == 0 or (code == NO_TESTS_COLLECTED and narrowed)
    if not ok and not count.failed:
        # It died, or never started: no report names a test, yet something did fail.
        count.failed = 1
    note = str(count)
    if code < 0:
        note += f" (ended by signal {-code})"
    return Step(name, ok, time.monotonic() - started, note), count


def run_pytest(
    python: Path, arguments: list[str], environment: dict[str, str]
) -> tuple[int, Count]:
    """Run pytest; returns its exit code and what its report counts."""
    with tempfile.TemporaryDirectory(prefix="siexplorer-tests-") as folder:
        report = Path(folder, "report.xml")
        code = subprocess.call(
            [str(python), "-m", "pytest", f"--junitxml={report}", *arguments],
            cwd=bootstrap.CHECKOUT,
            env=environment,
        )
        return code, read_report(report)


def read_report(report: Path) -> Count:
    """Count the tests in a junit file; nothing when the run died before it was written."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Count()
    count = Count()
    for suite in suites:
        tests, failures, errors, skipped = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        count.add(Count(tests - failures - errors - skipped, failures + errors, skipped))
    return count


@contextlib.contextmanager
def surroundings(tier: str) -> Iterator[dict[str, str]]:
    """The environment variables of a tier, with a virtual screen behind them where it needs one.

    Never the user's own screen: tests would steal the keyboard, and see that person's windows.
    """
    environment = {k: v for k, v in os.environ.items() if k not in SCREEN_VARIABLES}
    if tier == "widgets":
        environment["QT_QPA_PLATFORM"] = "offscreen"
        if ON_LINUX:
            environment["VTK_DEFAULT_OPENGL_WINDOW"] = "vtkEGLRenderWindow"
    if tier == "window" and ON_LINUX:
        with virtual_screen() as display:
            yield {**environment, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    else:
        yield environment


@contextlib.contextmanager
def virtual_screen(patience_s: float = 30.0) -> Iterator[str]:
    """An X server without a monitor, on a display that nobody uses; gone again afterwards."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), *VIRTUAL_SCREEN_OPTIONS],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        os.close(writing)
        with os.fdopen(reading, encoding="ascii") as pipe:
            ready, _, _ = select.select([pipe], [], [], patience_s)
            number = pipe.readline().strip() if ready else ""
        if not number:
            raise bootstrap.SetupProblem("The virtual screen (Xvfb) did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(bootstrap.guarded(main))
