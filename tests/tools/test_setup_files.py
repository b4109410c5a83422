"""An interrupted or doubled setup leaves nothing half-done."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.setup.files import alone_in, make_whole, write

ROOT = Path(__file__).parents[2]


class PowerCut(BaseException):
    """Nothing catches it."""


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def fails(partial: Path) -> None:
        (partial / "first").touch()
        raise PowerCut

    with pytest.raises(PowerCut):
        make_whole(tmp_path / "made", fails)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_attempt_leaves_the_earlier_result(tmp_path: Path) -> None:
    def fails(partial: Path) -> None:
        raise PowerCut

    make_whole(tmp_path / "made", lambda partial: (partial / "old").touch())
    with pytest.raises(PowerCut):
        make_whole(tmp_path / "made", fails)
    assert (tmp_path / "made" / "old").exists()


def test_what_a_killed_attempt_left_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "made.partial-1").mkdir()
    (tmp_path / "made.partial-1" / "half").touch()
    make_whole(tmp_path / "made", lambda partial: (partial / "whole").touch())
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["whole"]


def test_a_second_setup_waits_for_the_first(tmp_path: Path) -> None:
    second = (
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r})\n"
        f"from tools.setup.files import alone_in\n"
        f"from pathlib import Path\n"
        f"with alone_in(Path({str(tmp_path)!r})): print('in', flush=True)\n"
    )
    with (
        alone_in(tmp_path),
        subprocess.Popen([sys.executable, "-c", second], stdout=subprocess.PIPE, text=True) as waiting,
    ):
        assert waiting.stdout is not None
        assert "another setup" in waiting.stdout.readline()
        time.sleep(0.1)
        assert waiting.poll() is None
        waiting.kill()


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert write(file, "text")
    assert not write(file, "text")
    assert write(file, "other")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o644)
    write(file, "text", 0o600)
    assert file.stat().st_mode & 0o777 == 0o600
