"""Prove that a bare Debian 12 is enough: `sudo python3 scripts/prove_bare_debian.py`.

Makes a Debian with nothing but Python in a folder, puts the committed state of this checkout into
it, and runs there what a newcomer would: the tests, the first look, and the window on a virtual
screen. The package registries are reached the way this machine reaches them: its apt sources for
that Debian, apt and pip settings, certificates, and proxy and index variables go along; pip folders
on this machine's own disk do not, since a bare machine would not have them either.

Every command runs in its own mount and process namespace. What is mounted for it is never visible
to this machine, and is gone, with any process left behind, the moment the command ends.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PLACE = "/srv/si-explorer"
PACKAGES = ("python3", "ca-certificates")
DEBIAN_MIRROR = "http://deb.debian.org/debian"
NEEDED_PROGRAMS = ("debootstrap", "unshare", "chroot", "git")
REGISTRY_VARIABLE = re.compile(r"(?i)^(https?_proxy|all_proxy|no_proxy|pip_\w+)$")
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
APT_KEYRINGS = ("/usr/share/keyrings", "/etc/apt/keyrings", "/etc/apt/trusted.gpg.d")
SETTINGS = (
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/pip.conf",
    "/etc/xdg/pip",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/local/share/ca-certificates",
)

# Runs as root in a new mount namespace, where nothing that is mounted reaches the machine itself.
ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t sysfs -o ro sysfs "$1/sys" || true
exec chroot "$1" /bin/sh -c "$2"
"""

# Xvfb writes the number of the display it found into the file.
WINDOW_ON_VIRTUAL_SCREEN = """
rm -f /tmp/display
Xvfb -displayfd 1 -screen 0 1600x1200x24 +extension GLX -nolisten tcp > /tmp/display 2> /dev/null &
for _ in $(seq 100); do [ -s /tmp/display ] && break; sleep 0.1; done
DISPLAY=":$(cat /tmp/display)" python3 scripts/run.py --quit-after 5
"""


@dataclass
class Outcome:
    """How one step ended."""

    name: str
    code: int
    seconds: float
    note: str = ""

    def __str__(self) -> str:
        """Write one line of the summary."""
        verdict = "ok" if self.code == 0 else "FAILED"
        return f"{verdict:<7} exit {self.code:<4} {self.seconds:8.2f} s  {self.name}  {self.note}"


def main() -> int:
    """Make the bare Debian, run the steps asked for, print how each ended."""
    options = read_options()
    absent = [name for name in NEEDED_PROGRAMS if not shutil.which(name)]
    if absent:
        print(f"This needs the programs {', '.join(absent)}.", file=sys.stderr)
        return 3
    if os.geteuid() != 0:
        print("This needs root, to make a Debian in a folder and to enter it.", file=sys.stderr)
        return 3
    keep = options.keep or options.chroot is not None or options.only == "setup"
    root = (options.chroot or Path(tempfile.mkdtemp(prefix="bare-debian-"))).absolute()
    try:
        outcomes = run_steps(root, options.suite, options.only)
    finally:
        if keep:
            print(f"\nThe Debian is kept in {root}")
        else:
            delete(root)
    print("\n== Summary")
    for outcome in outcomes:
        print(outcome)
    return 0 if all(outcome.code == 0 for outcome in outcomes) else 1


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="do not delete the Debian afterwards")
    parser.add_argument(
        "--chroot",
        type=Path,
        metavar="DIR",
        help="make it here and keep it; a Debian already there is used as it is",
    )
    parser.add_argument("--only", choices=("setup", "run", "test"), help="do only this part")
    parser.add_argument("--suite", default="bookworm", help="the Debian release (%(default)s)")
    return parser.parse_args()


def run_steps(root: Path, suite: str, only: str | None) -> list[Outcome]:
    """Run the parts in the order a newcomer would, each reported and none skipped by a failure."""
    started = time.monotonic()
    make_debian(root, suite)
    reach_registries(root, suite)
    copy_checkout(root)
    outcomes = [Outcome("a bare Debian with the checkout", 0, time.monotonic() - started)]
    if only in (None, "test"):
        outcomes.append(step(root, "scripts/test.py", "python3 scripts/test.py"))
    if only in (None, "run"):
        shutil.rmtree(inside(root, PLACE) / "first-look", ignore_errors=True)
        outcomes.append(step(root, "scripts/run.py", "python3 scripts/run.py"))
        outcomes.append(check_first_look(root))
        outcomes.append(step(root, "scripts/run.py, again", "python3 scripts/run.py"))
        outcomes.append(step(root, "scripts/run.py --version", "python3 scripts/run.py --version"))
        if inside(root, "/usr/bin/Xvfb").exists():
            outcomes.append(step(root, "the window, for 5 s", WINDOW_ON_VIRTUAL_SCREEN))
        else:
            print("\nThe window is left out: there is no Xvfb until scripts/test.py installs it.")
    return outcomes


def inside(root: Path, path: str | Path) -> Path:
    """Where a path of the new Debian lies on this machine."""
    return root / str(path).lstrip("/")


# --- Making the Debian ---------------------------------------------------------------------


def make_debian(root: Path, suite: str) -> None:
    """Make the smallest Debian that has a Python, unless there is one already."""
    if inside(root, "/etc/debian_version").exists():
        print(f"== Using the Debian in {root} as it is", flush=True)
        return
    mirror = debian_mirror(suite)
    print(f"== Making a bare Debian {suite} in {root}", flush=True)
    with tempfile.NamedTemporaryFile("w+", prefix="debootstrap-", suffix=".log") as log:
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
        command += [suite, str(root), mirror]
        if subprocess.call(command, stdout=log, stderr=log) != 0:
            print(Path(log.name).read_text(encoding="utf-8")[-2000:], file=sys.stderr)
            raise SystemExit("debootstrap failed.")


def source_files(suite: str) -> list[Path]:
    """The apt source files of this machine that name the release."""
    candidates = [Path("/etc/apt/sources.list")]
    candidates += sorted(Path("/etc/apt/sources.list.d").glob("*.list"))
    candidates += sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))
    named = re.compile(rf"(?m)^(?!#).*(?<=\s){re.escape(suite)}(?=\s|$)")
    return [path for path in candidates if path.exists() and named.search(path.read_text())]


def debian_mirror(suite: str) -> str:
    """The archive that this machine takes the release from; Debian's own when it is another."""
    for path in source_files(suite):
        for line in path.read_text().splitlines():
            address = re.search(r"^(?:URIs:|deb\b).*?((?:https?|file)://\S+)", line)
            if address:
                return address.group(1)
    return DEBIAN_MIRROR


def reach_registries(root: Path, suite: str) -> None:
    """Let the new Debian reach apt's and pip's registries the way this machine does."""
    files = [Path(path) for path in SETTINGS]
    files += [Path(value) for value in certificate_files().values()]
    files += [Path.home() / ".config/pip", Path.home() / ".pip"]
    sources = source_files(suite)
    if sources:
        inside(root, "/etc/apt/sources.list").unlink(missing_ok=True)
        files += [*sources, *map(Path, APT_KEYRINGS)]
    for path in files:
        copy(path, root)
    for path in [Path("/etc/apt/apt.conf"), *Path("/etc/apt/apt.conf.d").iterdir()]:
        # Only what says how to fetch; the rest is this machine's own business.
        if path.is_file() and "Acquire" in path.read_text(encoding="utf-8", errors="replace"):
            copy(path, root)


def copy(path: Path, root: Path) -> None:
    """Copy a file or folder of this machine to the same place in the new Debian, if it exists."""
    target = inside(root, path)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    elif path.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy(path, target)


def certificate_files() -> dict[str, str]:
    """The variables that name a certificate bundle, where that is a file."""
    named = {name: os.environ.get(name, "") for name in CERTIFICATE_VARIABLES}
    return {name: value for name, value in named.items() if Path(value).is_file()}


def copy_checkout(root: Path) -> None:
    """Put the committed state into the new Debian; one that is there already is brought up to it.

    Fetched by Git rather than copied, so that nothing uncommitted can make the proof pass.
    """
    target = inside(root, PLACE)
    git = ["git", "-c", "advice.detachedHead=false", "-C", str(target)]
    target.mkdir(parents=True, exist_ok=True)
    for command in (
        ["init", "--quiet"],
        ["fetch", "--quiet", "--depth=1", CHECKOUT.as_uri(), "HEAD"],
        ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"],
    ):
        subprocess.run([*git, *command], check=True)


# --- Running in it -------------------------------------------------------------------------


def step(root: Path, name: str, script: str) -> Outcome:
    """Run a shell script in the checkout inside the new Debian, and time it."""
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    code = subprocess.call(command_inside(root, script), env=environment_inside(os.environ))
    return Outcome(name, code, time.monotonic() - started)


def command_inside(root: Path, script: str) -> Sequence[str]:
    """The command that enters the new Debian in namespaces of its own and runs a script there."""
    namespaces = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork"]
    whole = f"cd {shlex.quote(PLACE)} && {{\n{script}\n}}"
    return [*namespaces, "--kill-child", "sh", "-c", ENTER, "enter", str(root), whole]


def environment_inside(environment: Mapping[str, str]) -> dict[str, str]:
    """A newcomer's environment, with the variables that say how to reach the registries."""
    kept = {k: v for k, v in environment.items() if REGISTRY_VARIABLE.match(k)}
    return {
        **kept,
        **certificate_files(),
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "TERM": environment.get("TERM", "dumb"),
    }


def check_first_look(root: Path) -> Outcome:
    """Look whether the first look is there: a page and pictures that are not empty."""
    folder = inside(root, PLACE) / "first-look"
    pictures = [path for path in sorted(folder.rglob("*.png")) if path.stat().st_size > 0]
    complete = bool(pictures) and (folder / "index.html").exists()
    kilobytes = sum(path.stat().st_size for path in pictures) / 1024
    note = f"{len(pictures)} pictures, {kilobytes:.0f} KB"
    return Outcome("the first look's pictures", 0 if complete else 1, 0.0, note)


def delete(root: Path) -> None:
    """Delete the new Debian, but never through something that is mounted below it."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    below = [line.split()[4] for line in mounts.splitlines()]
    if any(Path(point).is_relative_to(root) for point in below):
        print(f"Something is mounted below {root}: it is left as it is.", file=sys.stderr)
        return
    shutil.rmtree(root)


if __name__ == "__main__":
    sys.exit(main())
