"""The life of a fleet on the simulated runtime: up, no-op, add, scale, change, move, rename, replace, remove, destroy."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e


def test_a_fleet_is_placed_kept_grown_changed_and_taken_away(project: Make) -> None:
    """One stack through its life; each step says what must not move."""
    lab = project()
    lab.service("page", gpu_memory=20, gpu_core_percentage=5, token="t0k3n-of-page")
    lab.service("llm", gpu_memory=48, gpu_core_percentage=10)

    preview = lab.preview("--diff")
    assert "page/0    -     gpu-a/" in preview
    assert not lab.ledger().exists(), "a preview creates nothing"
    assert not (lab.root / ".eas").exists()

    said = lab.up(skip_preview=False)
    assert "page/0 ready on gpu-a/" in said
    running = lab.instances()
    assert {name: state for name, (state, _) in running.items()} == {"page/0": "ready", "llm/0": "ready"}
    outputs = lab.placement()
    assert outputs["status"] == {"page": "1/1 ready", "llm": "1/1 ready"}
    exported = lab.run("stack", "export", "--stack", lab.stack).stdout
    assert "t0k3n-of-page" not in exported, "tokens are secrets in the state"
    assert "t0k3n-of-page" not in preview + said

    # Unchanged: nothing to do, also bound to its own preview, also after a refresh.
    assert "unchanged" in lab.preview("--expect-no-changes")
    lab.up("--expect-no-changes", "--strict", skip_preview=False)
    assert "unchanged" in lab.refresh("--expect-no-changes")
    assert lab.placement() == outputs
    assert lab.instances() == running

    # Added and scaled up: who runs stays.
    lab.service("extra", gpu_memory=10)
    lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=3, token="t0k3n-of-page")
    lab.up("--strict", skip_preview=False)
    grown = lab.instances()
    assert grown.keys() == {"page/0", "page/1", "page/2", "llm/0", "extra/0"}
    assert running.items() <= grown.items()

    # Changed (a roll), scaled down, removed, another token: each does its own and nothing else.
    lab.service("llm", gpu_memory=50, gpu_core_percentage=10)
    lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=2, token="another")
    lab.remove("extra")
    said = lab.up()
    assert "roll" in said
    after = lab.instances()
    assert after.keys() == {"page/0", "page/1", "llm/0"}
    assert after["llm/0"] != grown["llm/0"]
    assert (after["page/0"], after["page/1"]) == (grown["page/0"], grown["page/1"])
    assert lab.placement()["tokens"]["page"] == "another"
    assert lab.query("select count(*) from instance where role = 'surge'") == [(0,)]

    lab.destroy()
    assert lab.instances() == {}
    assert lab.query("select count(*) from pool") == [(0,)]


def test_what_is_only_called_or_held_otherwise_restarts_nothing(project: Make) -> None:
    """Another file name, ``--replace`` of every resource at once, a target without its Placement, a reverted file."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    before = lab.instances()

    (lab.root / "services" / "page.json").rename(lab.root / "services" / "other-file.json")
    lab.up("--expect-no-changes")
    resources = [r for r in lab.state()["deployment"]["resources"] if "dynamic/eas:" in r["type"]]
    assert len(resources) == 3
    said = lab.up(*(flag for each in resources for flag in ("--replace", each["urn"])))
    assert "3 replaced" in said
    assert lab.instances() == before
    replaced = {
        r["urn"]: r["id"] for r in lab.state()["deployment"]["resources"] if "dynamic/eas:" in r["type"]
    }
    assert all(replaced[each["urn"]] != each["id"] for each in resources)

    lab.service("llm", gpu_memory=48)
    refused = lab.up("--target", "**EasService::llm", ok=False)
    assert "service 'llm' is targeted and Placement is not" in refused
    assert "--target-dependents" in refused
    assert lab.instances() == before
    lab.up("--target", "**EasService::llm", "--target", "**eas:Placement::*")
    assert lab.instances().keys() == {"page/0", "llm/0"}
    lab.remove("llm")
    (lab.root / "services" / "other-file.json").unlink()
    lab.service("sheet", gpu_memory=20)
    lab.up()
    assert lab.instances().keys() == {"sheet/0"}, "a service under another name is another service"
    lab.preview("--expect-no-changes")


def test_a_node_that_is_drained_in_the_program_is_left_and_one_that_is_needed_stays(project: Make) -> None:
    """Draining moves, make-before-break; removing what cannot be spared is refused in the preview."""
    lab = project()
    lab.service("page", gpu_memory=20, instance=2)
    lab.up()
    before = lab.placement()["assignments"]["page"]
    node = before["0"].partition("/")[0]
    other = {"gpu-a": "gpu-b", "gpu-b": "gpu-a"}[node]

    lab.pool(f"{node}=draining", other)
    said = lab.up()
    assert "make-before-break" in said
    moved = lab.placement()["assignments"]["page"]
    assert {place.partition("/")[0] for place in moved.values()} == {other}
    lab.pool(other)
    lab.up()
    assert lab.query("select name from node") == [(other,)]

    lab.pool(other, "gpu-c")
    lab.service("huge", gpu_memory=70, instance=3)
    lab.up()
    lab.pool(other)
    said = lab.preview(ok=False)
    assert "huge/" in said
    assert "gpu-c" in said
    assert lab.instances().keys() == {"page/0", "page/1", "huge/0", "huge/1", "huge/2"}
