"""A provider whose CLI is gone notices it, so that it stops after the effect in hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ORPHAN = """
import pathlib, sys, time
from components.settle.holder import parent_gone
answers = pathlib.Path(sys.argv[1])
answers.write_text("there")
limit = time.monotonic() + 30
while not parent_gone() and time.monotonic() < limit:
    time.sleep(0.02)
answers.write_text("gone" if parent_gone() else "never noticed")
"""


def test_a_process_sees_that_its_parent_is_gone(tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    # The shell stands for the CLI; `wait` keeps it from becoming the child itself.
    line = f'"{sys.executable}" -c "$ORPHAN" "{answers}" & wait'
    environment = {**os.environ, "ORPHAN": ORPHAN, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(["/bin/sh", "-c", line], env=environment) as cli:
        _until(answers, "there")
        cli.send_signal(signal.SIGKILL)
    _until(answers, "gone")


def _until(answers: Path, text: str) -> None:
    limit = time.monotonic() + 40
    while time.monotonic() < limit:
        if answers.exists() and answers.read_text() == text:
            return
        time.sleep(0.02)
    raise AssertionError(
        f"no {text!r} within 40 s; last: {answers.read_text() if answers.exists() else None!r}"
    )
