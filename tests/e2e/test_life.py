"""The life of a fleet on the simulated runtime: up, no-op, add, scale, change, refuse, rename, remove, destroy."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.e2e.project import Project

pytestmark = pytest.mark.e2e
Make = Callable[..., Project]


def test_a_fleet_is_placed_kept_grown_changed_and_taken_away(project: Make) -> None:
    """One stack through its life; each step says what must not move."""
    lab = project()
    lab.service("page", gpu_memory=20, gpu_core_percentage=5)
    lab.service("llm", gpu_memory=48, gpu_core_percentage=10)

    preview = lab.preview()
    assert "page/0" in preview
    assert "gpu-a/" in preview
    assert not lab.ledger().exists(), "a preview creates nothing"

    lab.up()
    first = lab.assignments()
    assert set(first) == {"page", "llm"}
    running = lab.instances()
    assert {state for state, _ in running.values()} == {"ready"}

    again = lab.preview("--expect-no-changes")
    assert "unchanged" in again
    lab.up("--expect-no-changes")
    assert lab.instances() == running

    lab.service("extra", gpu_memory=10)
    lab.up()
    assert lab.assignments()["page"] == first["page"]
    assert {name: row for name, row in lab.instances().items() if not name.startswith("extra/")} == running

    lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=3)
    lab.up()
    scaled = lab.instances()
    assert scaled["page/0"] == running["page/0"], "changing only the count moves nobody"
    assert {"page/0", "page/1", "page/2"} <= set(scaled)

    lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=2)
    lab.up()
    assert set(lab.instances()) == {"page/0", "page/1", "llm/0", "extra/0"}, "the highest ordinal goes"

    before = lab.instances()
    lab.service("page", gpu_memory=20, gpu_core_percentage=6, instance=2)
    rolled = lab.up()
    assert "roll" in rolled
    after = lab.instances()
    assert after["page/0"] != before["page/0"]
    assert after["llm/0"] == before["llm/0"]
    assert lab.query("select count(*) from instance where role = 'surge'") == [(0,)]

    lab.remove("extra")
    lab.up()
    assert "extra/0" not in lab.instances()

    lab.destroy()
    assert lab.instances() == {}


def test_what_cannot_be_placed_is_refused_with_the_nearest_miss_and_a_remedy(project: Make) -> None:
    """All refusals of one preview at once, exit status not 0, nothing changed."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()
    lab.service("many", gpu_memory=70, instance=5)
    said = lab.preview(ok=False)
    assert "many/" in said
    assert "memory" in said
    assert "MiB" in said
    lab.up(ok=False)
    assert lab.instances() == before

    lab.service("many", gpu_memory=90)
    said = lab.preview(ok=False)
    assert "services/many.json" in said
    assert "81,251" in said


def test_every_broken_file_is_named_in_one_run(project: Make) -> None:
    """Bad input is a sentence with file, field and value; nothing is registered."""
    lab = project()
    lab.service("page", gpu_memory="20GiB")
    lab.service("word", gpu_memory=20, gpu_core_percentage=101)
    (lab.root / "services" / "broken.json").write_text('{"metadata": {"gpu_memory": 20,}}')
    said = lab.preview(ok=False)
    for part in ("services/page.json", "20GiB", "services/word.json", "101", "services/broken.json"):
        assert part in said


def test_a_renamed_file_keeps_the_instance_and_a_renamed_service_starts_anew(project: Make) -> None:
    """The Pulumi name is the service's, never the file's."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()
    (lab.root / "services" / "page.json").rename(lab.root / "services" / "other-file.json")
    lab.up()
    assert lab.instances() == before

    (lab.root / "services" / "other-file.json").unlink()
    lab.service("sheet", gpu_memory=20)
    lab.up()
    assert set(lab.instances()) == {"sheet/0"}


def test_replacing_a_resource_on_request_restarts_nothing(project: Make) -> None:
    """``--replace`` creates first and deletes after: the delete of the old id must not stop what the new one adopted."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()
    state = json.loads(lab.run("stack", "export", "--stack", lab.stack).stdout)
    urns = [entry["urn"] for entry in state["deployment"]["resources"] if "dynamic/eas:" in entry["type"]]
    assert len(urns) == 3
    for urn in urns:
        lab.up("--replace", urn)
        assert lab.instances() == before, urn
    lab.preview("--expect-no-changes")


def test_a_reverted_file_restarts_nothing_that_still_runs_that_revision(project: Make) -> None:
    """A roll that fails pauses with the old revision serving; reverting the file is then no restart."""
    lab = project(extra="simulated:\n  fail: [\"page@bad\"]\n")
    lab.service("page", gpu_memory=20, instance=2)
    lab.up()
    before = lab.instances()
    bad = {
        "metadata": {"name": "page", "instance": 2, "gpu_memory": 20, "rolling_strategy": {"max_unavailable": 0}},
        "containers": [{"image": "x:bad", "script": "exit 1", "port": 8000}],
        "labels": {"simulated.fail": "true"},
    }
    lab.write("page.json", bad)
    lab.up(ok=False)
    lab.service("page", gpu_memory=20, instance=2)
    lab.up()
    assert lab.instances() == before


def test_a_targeted_service_without_its_placement_starts_nothing_and_says_so(project: Make) -> None:
    """``--target`` of a service declares it; nothing runs before Placement commits a plan that takes it up."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()
    lab.service("llm", gpu_memory=48)
    lab.up("--target", "**EasService::llm")
    assert lab.instances() == before
    lab.up()
    assert set(lab.instances()) == {"page/0", "llm/0"}
