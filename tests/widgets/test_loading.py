"""What a start imports, and how."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from siexplorer.app.loading import import_plainly, import_when_used

START = """
import builtins, sys
from siexplorer.app.loading import import_plainly, import_when_used

assert builtins.__import__ is builtins.__feature_import__
import_plainly()
assert builtins.__import__ is builtins.__orig_import__
import_when_used("matplotlib.pyplot")
import siexplorer.app.view

print(*sys.modules)
import matplotlib.pyplot as plt
from matplotlib.pyplot import Figure

assert Figure is plt.Figure
plt.figure()
"""


def test_a_start_reads_no_sources_and_imports_no_charts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"QT_API": "pyside6", "MPLBACKEND": "agg"},
    )
    loaded = set(done.stdout.split())
    assert "pyvistaqt" in loaded
    assert not loaded & {"matplotlib.figure", "matplotlib.axes", "trimesh", "scipy.spatial"}


def test_a_module_is_imported_when_something_of_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_come.py").write_text("import sys\nsys.came = True\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "came", False, raising=False)
    import_plainly()
    import_when_used("slow_to_come")
    import slow_to_come

    assert not sys.came
    assert slow_to_come.answer == 42
    assert sys.came
    with pytest.raises(AttributeError, match="question"):
        slow_to_come.question  # noqa: B018
    assert sys.modules.pop("slow_to_come") is not slow_to_come
