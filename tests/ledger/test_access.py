"""Who comes to a ledger in a file: its user, a group if somebody says so, everybody never; who may only read previews."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ledger import LedgerExposed, open_ledger
from tests.ledger.build import OWNER, commit, node, place, start

ROOT = Path(__file__).resolve().parents[2]


def made(file: Path) -> None:
    """Make a ledger that holds one instance."""
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644, 0o666])
def test_a_file_that_every_user_may_open_is_refused_with_the_command_that_helps(
    file: Path, mode: int, create: bool
) -> None:
    made(file)
    file.chmod(mode)
    with pytest.raises(LedgerExposed, match=rf"mode {mode:o} of ledger\.db.*run `chmod o= {file}`"):
        open_ledger(str(file), home=file.parent, create=create)
    subprocess.run(["chmod", "o=", str(file)], check=True)
    with open_ledger(str(file), home=file.parent, create=create) as ledger:
        assert ledger.knows(OWNER)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_a_group_is_a_choice(file: Path, mode: int) -> None:
    made(file)
    file.chmod(mode)
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        assert ledger.knows(OWNER)


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_what_sqlite_keeps_beside_it_is_looked_at_as_well(file: Path, ending: str) -> None:
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
        beside = file.with_name(file.name + ending)
        assert beside.stat().st_mode & 0o777 == 0o600
        beside.chmod(0o644)
        with pytest.raises(LedgerExposed, match=f"chmod o= {beside}"):
            open_ledger(str(file), home=file.parent, create=False)


def test_whatever_the_umask_all_files_are_this_users(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_ledger(str(tmp_path / "ledger.db"), home=tmp_path, create=True) as ledger:
            commit(ledger, [start(1, "a", place())], nodes=[node()])
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.key"), 0o600)


READ = """
    import os, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from components.ledger import LedgerError, open_ledger
    if os.geteuid() == 0:  # root may read and write everywhere
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    file = Path(sys.argv[1])
    try:
        with open_ledger(str(file), home=file.parent, create=False) as ledger:
            print(len(ledger.instances()), "held")
            ledger.set_node_state("p", "n1", None, "lost", "operator", "", "ann", datetime.now(UTC))
    except LedgerError as error:
        print(type(error).__name__, error)
"""


def as_reader(file: Path) -> list[str]:
    """Return what a user is told who may only read."""
    command = [sys.executable, "-c", textwrap.dedent(READ), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """A ledger of mode 440 that a group of others may read, in a folder that nobody may write."""
    if os.geteuid():
        pytest.skip("only root can give a file to another user's group")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        inner = Path(folder).resolve() / "shelf"
        inner.mkdir()
        yield inner
        inner.chmod(0o755)


def put(shelf: Path, source: Path, *names: str) -> Path:
    """Copy a ledger's files for the group to read."""
    for name in names:
        shutil.copy(source / name, shelf / name)
        os.chown(shelf / name, -1, 65534)
        (shelf / name).chmod(0o440)
    shelf.chmod(0o555)
    return shelf / names[0]


def test_a_file_and_folder_that_may_only_be_read_are_enough_for_a_preview(
    shelf: Path, tmp_path: Path
) -> None:
    made(tmp_path / "ledger.db")
    file = put(shelf, tmp_path, "ledger.db")
    held, refusal = as_reader(file)
    assert held == "1 held"
    assert refusal.startswith(
        f"LedgerReadOnly ledger {file} may not be written by this user, who can preview"
    )
    assert sorted(path.name for path in shelf.iterdir()) == ["ledger.db"], "reading leaves nothing behind"


def test_a_reader_sees_what_a_writer_has_not_yet_put_into_the_file_itself(
    shelf: Path, tmp_path: Path
) -> None:
    with open_ledger(str(tmp_path / "ledger.db"), home=tmp_path, create=True) as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
        assert (tmp_path / "ledger.db-wal").stat().st_size
        file = put(shelf, tmp_path, "ledger.db", "ledger.db-wal", "ledger.db-shm")
    held, refusal = as_reader(file)
    assert held == "1 held"
    assert refusal.startswith("LedgerReadOnly")
