"""One pool, two stacks: a platform's that declares it, and a team's that only names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.providers.engine import OTHER, OWNER, Refused, Stack


@pytest.fixture
def team(stack: Stack, tmp_path: Path) -> Stack:
    """A team on the platform's pool of two nodes, each of two cards; the platform runs nothing itself."""
    stack.pool("gpu-a", "gpu-b")
    stack.up()
    made = Stack(tmp_path / "team", owner=OTHER, ledger=stack.ledger_file)
    made.pool("gpu-a", "gpu-b")
    made.references = ["lab"]
    return made


def limit(stack: Stack, **figures: int) -> None:
    """Let every stack of the team's project take so much."""
    stack.pools["lab"]["quotas"] = {"organization/search/*": figures}


def test_foreign_slices_are_taken_and_not_ones_own_to_move(stack: Stack, team: Stack) -> None:
    stack.service("page", gpu_memory=60)
    stack.up()
    team.service("llm", gpu_memory=60, instance=3)
    team.options = {"max_moves": 8}
    places = team.up().places
    assert stack.rows()["page/0"][1] not in places.values()
    team.service("llm", gpu_memory=60, instance=4)
    with pytest.raises(Refused, match=rf"short of memory that other owners hold.*page/0 of {OWNER}"):
        team.preview()


def test_a_quota_counts_once_the_platform_has_applied_it(stack: Stack, team: Stack) -> None:
    limit(stack, cards=1)
    stack.preview()
    team.service("llm", gpu=1, instance=2)
    team.preview()
    stack.up()
    with pytest.raises(
        Refused, match=rf"llm/1 asks for 1 whole card.*The quota of {OTHER} in pool lab .*ask {OWNER}"
    ):
        team.preview()
    del stack.pools["lab"]["quotas"]
    assert stack.up().did["placement/fleet"] == "update"
    team.up()
    assert stack.preview().did["placement/fleet"] == "same"


def test_a_quota_that_was_lowered_after_the_preview_stops_the_commit(stack: Stack, team: Stack) -> None:
    limit(stack, cards=2)
    stack.up()
    team.service("llm", gpu=1, instance=2)
    team.preview()
    checked = team.program()

    def lower(phase: Any) -> None:
        limit(stack, cards=1)
        stack.up()
        team.process()

    with pytest.raises(Exception, match="1 card, 0 in use and 2 wanted"):
        _apply_with(team, checked, lower)
    assert team.rows() == {}


def test_waiting_for_a_quota_ends_with_it(stack: Stack, team: Stack) -> None:
    limit(stack, cards=1)
    stack.up()
    team.options = {"on_insufficient": "wait"}
    team.service("llm", gpu=1, instance=2)
    assert team.up().places["llm/1"] == "waiting"
    limit(stack, cards=2)
    stack.up()
    assert "waiting" not in team.up().places.values()


def test_a_node_that_holds_others_instances_is_not_removed_until_they_have_moved(
    stack: Stack, team: Stack
) -> None:
    team.service("llm", gpu=2)
    node = team.up().places["llm/0"].partition("/")[0]
    other = next(name for name in ("gpu-a", "gpu-b") if name != node)
    stack.pool(other)
    with pytest.raises(
        Refused, match=rf"node lab/{node} holds 1 instance \({OTHER}/llm/0/\w+\), of other stacks.*[Dd]rain"
    ):
        stack.preview()
    stack.pool(other, f"{node}=draining")
    stack.up()
    assert team.up().places["llm/0"].startswith(other)
    stack.pool(other)
    stack.up()
    with stack.read_ledger() as ledger:
        assert [each.name for each in ledger.pool("lab").nodes] == [other]  # type: ignore[union-attr]


def test_a_card_that_holds_others_instances_is_not_removed(stack: Stack, team: Stack) -> None:
    team.service("llm", gpu=2)
    node = team.up().places["llm/0"].partition("/")[0]
    stack.pools["lab"]["nodes"][node]["gpus"] = [{}]
    with pytest.raises(Refused, match=rf"a card of node lab/{node} holds 1 instance"):
        stack.preview()


def test_a_node_on_which_somebody_began_after_the_preview_is_not_removed(stack: Stack, team: Stack) -> None:
    stack.pool("gpu-a")
    checked = stack.program()
    team.service("llm", gpu=2, instance=2)

    def begin(phase: Any) -> None:
        team.up()
        stack.process()

    with pytest.raises(Exception, match="node lab/gpu-b holds 1 instance"):
        _apply_with(stack, checked, begin)
    assert len(team.rows()) == 2


def test_what_the_platform_drains_blocks_no_change_of_a_team(stack: Stack, team: Stack) -> None:
    team.service("llm", gpu=2)
    team.service("big", gpu=2)
    node = team.up().places["llm/0"].partition("/")[0]
    other = next(name for name in ("gpu-a", "gpu-b") if name != node)
    stack.pool(other, f"{node}=draining")
    stack.up()
    team.service("tool", cpu=1)
    phase = team.up()
    assert phase.places["llm/0"].startswith(node), "it runs on where it is: it fits nowhere else"


def test_a_pool_in_use_is_not_destroyed(stack: Stack, team: Stack) -> None:
    team.service("llm", gpu_memory=20)
    team.up()
    with pytest.raises(
        Exception, match=rf"still holds 1 instance \({OTHER}/llm/0/.*in their stacks \({OTHER}\)"
    ):
        stack.destroy()
    assert [row[0] for row in team.rows().values()] == ["ready"]
    team.destroy()
    stack.destroy()
    with stack.read_ledger() as ledger:
        assert ledger.pools() == ()


def _apply_with(stack: Stack, program: dict[str, dict[str, Any]], between: Any) -> None:
    """Check everything, let something happen, then carry out what was checked."""
    phase = stack.preview(program)
    between(phase)
    for name in program:
        stack._carry_out(phase, name)
