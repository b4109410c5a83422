"""Bad input: a sentence that names file, field, value and what to do; exit status not 0; nothing half-done."""

from __future__ import annotations

import sqlite3

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e


def test_every_fault_of_every_file_is_named_in_one_run(project: Make) -> None:
    """Nothing is registered, nothing is created."""
    lab = project()
    services = lab.root / "services"
    lab.service("units", gpu_memory="20GiB")
    lab.service("percent", gpu_memory=20, gpu_core_percentage=101)
    lab.service("large", gpu_memory=90)
    lab.service("lost", gpu_memory=20, resource="eas-r-nowhere")
    (services / "broken.json").write_text('{"metadata": {"gpu_memory": 20,}}')
    (services / "twin.json").write_text((services / "percent.json").read_text())
    said = lab.preview(ok=False)
    for part in (
        "services/units.json",
        "20GiB",
        "101",
        "services/large.json",
        "eas-r-nowhere",
        "services/broken.json:1:",
    ):
        assert part in said
    assert "nothing was registered" in said
    assert not (lab.root / ".eas").exists()

    lab.remove("units", "percent", "large", "lost", "broken", "twin")
    (lab.root / "pool.yaml").write_text(
        "name: lab\nnodes:\n  gpu-a: {instance_type: ecs.gn7e-c16g1.8xlarge\n"
    )
    assert "pool.yaml:" in lab.preview(ok=False)
    lab.pool("gpu-a")
    text = (lab.root / "pool.yaml").read_text()
    (lab.root / "pool.yaml").write_text(text.replace("ecs.gn7e-c16g1.8xlarge", "ecs.gn7e-c16g1.9xlarge"))
    said = lab.preview(ok=False)
    assert "ecs.gn7e-c16g1.9xlarge" in said
    assert "ecs.gn7e-c16g1.8xlarge" in said, "the nearest names"


def test_what_cannot_be_placed_is_refused_with_numbers_and_changes_nothing(project: Make) -> None:
    """All refusals of one preview at once; ``up`` is refused as the preview is."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()
    lab.service("many", gpu_memory=70, instance=9)
    lab.service("whole", gpu=2, instance=3)
    said = lab.up(ok=False, skip_preview=False)
    for part in ("many/", "whole/", "70 GiB", "of 4 cards", "nearest"):
        assert part in said
    assert lab.instances() == before
    lab.remove("many", "whole")
    lab.up("--expect-no-changes")


def test_a_ledger_that_cannot_be_used_is_refused(project: Make) -> None:
    """A file that is something else, another program's database, one that is locked, one that is lost."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.ledger().parent.mkdir()
    lab.ledger().write_text("these are no pages of a database")
    said = lab.preview(ok=False)
    assert "is not a ledger" in said
    assert str(lab.ledger()) in said
    lab.ledger().unlink()
    with sqlite3.connect(lab.ledger()) as other:
        other.execute("create table song (name text)")
    other.close()
    assert "SQLite database of another program" in lab.up(ok=False)
    lab.ledger().unlink()

    lab.up()
    locking = sqlite3.connect(lab.ledger(), isolation_level=None)
    locking.execute("begin immediate")
    lab.service("page", gpu_memory=24)
    assert "page/0" in lab.preview(), "reading waits for nobody"
    said = lab.up(ok=False)
    assert "is locked by another process" in said
    locking.execute("rollback")
    locking.close()
    lab.up()

    with sqlite3.connect(lab.ledger()) as whole:
        # What was committed last may still be in the log beside the file.
        whole.execute("pragma wal_checkpoint(truncate)")
    whole.close()
    saved = lab.ledger().read_bytes()
    for file in lab.ledger().parent.glob("ledger.db*"):
        file.unlink()
    for said in (lab.preview(ok=False), lab.refresh(ok=False), lab.destroy(ok=False)):
        assert "1 assignments" in said or "1 assignment" in said
        assert "eas ledger rebuild" in said
    assert not lab.ledger().exists()
    lab.ledger().write_bytes(saved)
    lab.ledger().chmod(0o600)
    lab.destroy()
