"""A ledger that was restored from an old backup is said to be one and repaired, not believed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e


def test_a_backup_older_than_the_state_is_refused_and_repaired(project: Make, tmp_path: Path) -> None:
    """Backup, two ups, restore: the preview refuses; after a rebuild there is nothing to do."""
    lab = project()
    lab.service("llm", instance=2, gpu_memory=48, gpu_core_percentage=10)
    lab.service("page", gpu_memory=20, gpu_core_percentage=5)
    lab.up()
    home, backup = lab.ledger().parent, tmp_path / "backup"
    backup.mkdir()
    for file in home.glob("ledger*"):
        shutil.copy2(file, backup)
    lab.service("llm", instance=2, gpu_memory=40, gpu_core_percentage=10)
    lab.up()
    lab.service("page", instance=2, gpu_memory=20, gpu_core_percentage=5)
    lab.up()
    runs = lab.instances()
    assert len(runs) == 4

    for file in home.glob("ledger*"):
        file.unlink()
    for file in backup.iterdir():
        shutil.copy2(file, home)
    said = lab.preview(ok=False)
    assert "does not know the plan that Pulumi's state" in said
    assert "eas ledger rebuild" in said
    told = lab.eas("ledger", "rebuild", "--stack", lab.stack)
    assert "4 ready" in told
    assert lab.instances() == runs
    lab.preview("--expect-no-changes")
