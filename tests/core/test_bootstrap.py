"""The scripts that set a machine up: what they find missing, and when they leave well alone.

Nothing here installs anything or asks a registry.
"""

import ast
import importlib.util
import io
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load a script by its path, as `scripts/` is no package."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module under test, fresh, so that a test may change what it knows."""
    return load("bootstrap", monkeypatch)


@pytest.fixture
def bare_linux(bootstrap: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module on a Linux that has apt and none of the libraries."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "has_library", lambda _name: False)
    monkeypatch.setattr(bootstrap, "has_program", lambda name: name == "apt-get")
    return bootstrap


@pytest.fixture
def checkout(bootstrap: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout of its own, with an environment in which an installation seems finished."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "siexplorer"\n')
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.delenv("SIEXPLORER_VENV", raising=False)
    venv = tmp_path / ".venv"
    packages = venv / ("Lib" if sys.platform == "win32" else "lib/python3") / "site-packages"
    (packages / "numpy-2.0.dist-info").mkdir(parents=True)
    python = bootstrap.venv_python(venv)
    python.parent.mkdir()
    python.touch()
    return tmp_path


def is_ready(bootstrap: Any, checkout: Path, *extras: str) -> bool:
    """Ask as `prepare` does."""
    venv = checkout / ".venv"
    return bool(bootstrap.is_ready(venv, bootstrap.read_stamp(venv), frozenset(extras)))


# --- System libraries ----------------------------------------------------------------------


def test_missing_libraries_become_debian_packages_once_each(bare_linux: Any) -> None:
    """Two files of one package ask for it once; a headless machine is asked for no X library."""
    packages = bare_linux.missing_packages(bare_linux.libraries_for_display({}), {})
    assert packages.count("libglib2.0-0") == 1
    assert {"libgl1", "libegl1", "libxkbcommon0", "libfontconfig1"} <= set(packages)
    assert not [name for name in packages if name.startswith(("libxcb", "libwayland"))]


def test_a_screen_asks_for_its_own_libraries(bootstrap: Any) -> None:
    """The window on X needs what Qt's xcb plugin links; on Wayland it needs that one's."""
    assert "libxcb-cursor.so.0" in bootstrap.libraries_for_display({"DISPLAY": ":0"})
    assert "libwayland-client.so.0" in bootstrap.libraries_for_display({"WAYLAND_DISPLAY": "w"})


def test_nothing_is_missing_where_everything_is_there(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A complete machine is not asked for anything."""
    monkeypatch.setattr(bootstrap, "has_library", lambda _name: True)
    assert bootstrap.missing_packages(bootstrap.X11_LIBRARIES, {}) == []


def test_linux_without_apt_is_told_the_files(
    bare_linux: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's package names mean nothing there, so the sentence names the shared objects."""
    monkeypatch.setattr(bare_linux, "has_program", lambda _name: False)
    with pytest.raises(bare_linux.SetupProblem, match=r"libGL\.so\.1.*package manager") as problem:
        bare_linux.missing_packages({"libGL.so.1": "libgl1"}, {})
    assert problem.value.exit_code == bare_linux.EXIT_NEEDS_PACKAGES


def test_an_ordinary_user_gets_the_one_line_to_run(
    bare_linux: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not root and nobody to ask: no installer runs, nothing is written, and the line is there."""
    monkeypatch.setattr(bare_linux.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(bare_linux, "run_logged", lambda *_: pytest.fail("ran an installer"))
    venv = tmp_path / "venv"

    def task() -> int:
        bare_linux.install_system_packages(["libgl1", "xvfb"], venv)
        return 0

    assert bare_linux.guarded(task) == bare_linux.EXIT_NEEDS_PACKAGES
    line = "sudo apt-get install -y --no-install-recommends libgl1 xvfb"
    assert line in capsys.readouterr().err
    assert not venv.exists()


# --- The stamp -----------------------------------------------------------------------------


def test_a_second_run_finds_the_first_ones_work(bootstrap: Any, checkout: Path) -> None:
    """A finished test installation serves `run.py`; a plain one does not serve `test.py`."""
    assert not is_ready(bootstrap, checkout)
    bootstrap.write_stamp(checkout / ".venv", frozenset({"test"}))
    assert is_ready(bootstrap, checkout)
    assert is_ready(bootstrap, checkout, "test")
    bootstrap.write_stamp(checkout / ".venv", frozenset())
    assert not is_ready(bootstrap, checkout, "test")


def test_a_changed_pyproject_or_a_lost_package_installs_again(
    bootstrap: Any, checkout: Path
) -> None:
    """Both are noticed without starting pip."""
    venv = checkout / ".venv"
    bootstrap.write_stamp(venv, frozenset())
    next(venv.rglob("numpy-2.0.dist-info")).rmdir()
    assert not is_ready(bootstrap, checkout)
    bootstrap.write_stamp(venv, frozenset())
    assert is_ready(bootstrap, checkout)
    (checkout / "pyproject.toml").write_text('[project]\nname = "siexplorer"\nversion = "2"\n')
    assert not is_ready(bootstrap, checkout)


def test_an_interrupted_or_torn_setup_starts_from_nothing(bootstrap: Any, checkout: Path) -> None:
    """Without a readable stamp nothing in an environment is trusted."""
    venv = checkout / ".venv"
    assert bootstrap.needs_rebuild(venv, bootstrap.read_stamp(venv))
    (venv / bootstrap.STAMP_NAME).write_text('{"recipe": "abc", "pl')
    assert bootstrap.read_stamp(venv) is None


def test_a_folder_of_someone_elses_is_not_emptied(bootstrap: Any, tmp_path: Path) -> None:
    """SIEXPLORER_VENV pointed at the wrong place must cost nobody their files."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(bootstrap.SetupProblem, match="another folder"):
        bootstrap.remove_old_venv(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_failure_ends_in_the_log_and_one_sentence(bootstrap: Any, tmp_path: Path) -> None:
    """Only the last command's lines are shown, and no network is told from other trouble."""
    log = "\n$ pip one\nearlier trouble\n\n$ pip two\nTemporary failure in name resolution\n"
    (tmp_path / bootstrap.LOG_NAME).write_text(log)
    text = bootstrap.explain_failure(tmp_path, "Installing")
    assert "check the network" in text
    assert "earlier trouble" not in text


# --- The two commands ----------------------------------------------------------------------


@pytest.mark.parametrize("script", ["run", "test"])
def test_an_old_python_is_told_in_one_sentence(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can read the script as far as that, and is not led into a syntax error."""
    path = SCRIPTS / f"{script}.py"
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit) as ending:
        runpy.run_path(str(path), run_name="__main__")
    assert ending.value.args == (2,)
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_paths_choose_their_tier_and_other_arguments_reach_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A path runs its own tier alone; an option goes to every tier."""
    script = load("test", monkeypatch)
    everywhere = script.choose_tiers(["-k", "pose"])
    assert everywhere == {tier: [f"tests/{tier}", "-k", "pose"] for tier in script.TIERS}
    one = script.choose_tiers(["-x", "./tests/core/test_a.py::test_b"])
    assert one == {"core": ["./tests/core/test_a.py::test_b", "-x"]}


def test_the_closing_line_counts_every_kind_of_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Errors in fixtures are failures; a report that was never written counts nothing."""
    script = load("test", monkeypatch)
    report = tmp_path / "report.xml"
    assert str(script.read_report(report)) == "0 passed, 0 failed, 0 skipped"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"/></testsuites>'
    )
    assert str(script.read_report(report)) == "5 passed, 2 failed, 2 skipped"
