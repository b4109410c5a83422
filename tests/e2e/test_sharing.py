"""A platform project that declares a pool, and a team project that only names it: no nodes, no pool file."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e

PLATFORM = "organization/eas-slices/gpus-0a1b2c"
TEAM = "organization/eas-slices/search-4d5e6f"
QUOTAS = {"organization/eas-slices/search": {"cards": 1}, "default": {"cards": 2}}


def test_a_team_runs_on_the_platforms_pool_within_its_quota_and_nobody_takes_it_away(project: Make) -> None:
    platform = project("platform", owner="gpus-0a1b2c", quotas=QUOTAS)
    team = project("team", owner="search-4d5e6f")
    (team.root / "pool.yaml").unlink()
    team.configure(references=["lab"], ledger=str(platform.ledger()))
    team.service("page", gpu_memory=30, instance=2, resource="eas-r-lab00001")
    said = team.preview(ok=False)
    assert "is not there yet. Apply the stack that declares it first" in said
    assert not platform.ledger().exists()

    platform.up()
    team.up()
    assert {name: row[0] for name, row in platform.instances().items()} == {
        "page/0": "ready",
        "page/1": "ready",
    }
    team.service("page", gpu_memory=30, instance=3, resource="eas-r-lab00001")
    said = team.preview(ok=False)
    for part in ("page/2 asks for 30 GiB", f"The quota of {TEAM} in pool lab", "1 card", f"ask {PLATFORM}"):
        assert part in said
    team.configure(references=["lap"])
    assert "Did you mean 'lab'?" in team.preview(ok=False)
    team.configure(references=["lab"])
    assert "0.756/1" in platform.eas("pool")

    # What the team runs keeps its node and the pool.
    (node,) = {row[0] for row in platform.query("select node from instance")}
    (other,) = {"gpu-a", "gpu-b"} - {node}
    platform.pool(other)
    said = platform.preview(ok=False)
    assert re.search(rf"node lab/{node} holds 2 instances \({TEAM}/page/0/\w+, {TEAM}/page/1/\w+\)", said)
    platform.pool("gpu-a", "gpu-b")
    said = platform.eas("down", "--yes", ok=False)
    assert f"pool lab holds 2 instances ({TEAM}/page/0/" in said
    assert "nothing was stopped" in said
    assert f"in their stacks ({TEAM})" in platform.destroy(ok=False)
    team.destroy()
    platform.destroy()
    assert platform.query("select name from pool") == []
