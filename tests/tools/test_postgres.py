"""A server of one's own: started once, stopped, and its ledger's URL printed; what is missing is a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from components.ledger import open_ledger
from tools.postgres import NoServer, Server, main

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.e2e


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where its files are; the name of a socket is short."""
    made = Path(tempfile.mkdtemp(prefix="eas-pg-", dir="/tmp")).resolve()
    yield made / "postgres"
    if Server(made / "postgres").runs():
        main(["stop", "--folder", str(made / "postgres")])
    shutil.rmtree(made)


def test_a_server_is_started_once_and_keeps_its_ledger(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.parent.chmod(0o755)
    url = f"postgresql://eas@/eas?host={folder}"
    for _ in range(2):
        assert main(["start", "--folder", str(folder)]) == 0
        assert capsys.readouterr().out == f"{url}\n"
    open_ledger(url, home=tmp_path, create=True).close()
    assert main(["stop", "--folder", str(folder)]) == 0
    assert not Server(folder).runs()
    capsys.readouterr()
    assert main(["stop", "--folder", str(folder)]) == 0
    assert capsys.readouterr() == (f"no server of {folder} runs\n", "")
    assert main(["start", "--folder", str(folder)]) == 0
    with open_ledger(url, home=tmp_path, create=False) as ledger:
        assert ledger.exists
    assert folder.stat().st_mode & 0o777 == 0o700


def test_programs_that_are_not_there_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EAS_POSTGRES", str(tmp_path / "nowhere"))
    with pytest.raises(NoServer, match=r"nowhere.*no initdb"):
        Server(tmp_path / "server").start()
    assert main(["start", "--folder", str(tmp_path / "server")]) == 1
    assert capsys.readouterr().err.startswith("postgres: ")


@pytest.mark.e2e
def test_a_server_does_not_outlive_who_started_it_even_when_that_is_killed() -> None:
    program = """
        import sys, time
        from pathlib import Path
        from tools.postgres import Server
        with Server(Path(sys.argv[1])).while_within() as server:
            print(server.pid(), flush=True)
            time.sleep(60)
    """
    folder = Path(tempfile.mkdtemp(prefix="eas-pg-", dir="/tmp")).resolve()
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder)]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert starter.stdout is not None
    number = int(starter.stdout.readline())
    assert psutil.pid_exists(number)
    starter.kill()
    starter.communicate()
    for _ in range(200):
        if not folder.exists() and not psutil.pid_exists(number):
            return
        time.sleep(0.1)
    raise AssertionError("the server or its files are still there")


def test_a_number_that_another_program_has_by_now_is_not_the_server(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}/data\n")
    assert not Server(tmp_path).runs()
    with pytest.raises(NoServer, match="no server of"):
        Server(tmp_path).pid()
