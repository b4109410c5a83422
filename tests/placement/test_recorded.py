"""The same plan on any machine: what was recorded on one is made again on another, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.placement.recorded import FILE, recorded

ROOT = Path(__file__).resolve().parents[2]


def test_the_recorded_plans_are_made_again_byte_for_byte() -> None:
    kept = FILE.read_text().splitlines()
    made = list(recorded())
    differs = [json.loads(new)["scene"] for new, old in zip(made, kept, strict=True) if new != old]
    assert not differs, (
        f"other plans than recorded for {differs}: if that is meant, `python -m tests.placement.recorded` records them"
    )


def test_neither_hash_seed_nor_process_changes_a_plan() -> None:
    program = "from tests.placement.recorded import recorded; print('\\n'.join(recorded()))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "271828")
    }
    assert seen == {FILE.read_text()}
