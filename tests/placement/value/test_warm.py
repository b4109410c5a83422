"""Setup compiles the kernels, so that no preview has to; a plan needs neither numba nor numpy then."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from components.placement.value.compiled import FOLDERS, _keep, _kept, compiled, folder
from components.placement.value.warm import clear

PLAN = """
import sys
from tests.placement.build import node, picture, planned, want

views = [node(f"n{number:02d}", [20_480] * 4) for number in range(30)]
wanted = [want("llm", 8, 10, instances=9, spread="host"), want("page", 5, instances=4), want("whole", gpu=2)]
assert planned(picture(views), *wanted).refusals == ()
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"llvmlite", "numba", "numpy", "pandas"}))
"""


def test_a_plan_of_many_cards_runs_compiled_kernels_without_what_compiled_them() -> None:
    compiled()
    done = subprocess.run([sys.executable, "-c", PLAN], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["llvmlite"]


def test_kept_code_that_is_cut_short_or_changed_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "machine.o"
    assert _kept(file) is None
    _keep(file, b"object code")
    assert _kept(file) == b"object code"
    file.write_bytes(file.read_bytes()[:-1])
    assert _kept(file) is None
    assert list(tmp_path.iterdir()) == [file], "nothing else is left behind"


def test_setup_clears_the_code_of_other_versions_and_nothing_else(tmp_path: Path) -> None:
    for name in ("this", "other"):
        (tmp_path / FOLDERS.replace("*", name)).mkdir()
        (tmp_path / FOLDERS.replace("*", name) / "machine.o").touch()
    (tmp_path / "engine.cpython-311.pyc").touch()
    kept = tmp_path / FOLDERS.replace("*", "this")
    clear(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == [kept.name, "engine.cpython-311.pyc"]


def test_code_is_kept_for_this_version_of_the_kernels() -> None:
    place = folder()
    assert place is not None
    sources = Path("components/placement/value").glob("*.py")
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sorted(sources))).hexdigest()
    assert digest.startswith(place.name.removeprefix(FOLDERS.removesuffix("*")))
