"""Decision (h): refused is what this change adds; an instance that lost its place waits and blocks nobody."""

from __future__ import annotations

import pytest

from tests.providers.engine import Refused, Stack
from tests.providers.marks import card_of, mark


def test_h_an_instance_that_lost_its_card_waits_and_blocks_nobody_else(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning with the reason; another service's change goes through."""
    stack.pool("gpu-a")
    stack.service("page", gpu_memory=60)
    stack.service("llm", gpu_memory=60)
    first = stack.up()
    mark(stack, "gpu-a", "lost", "observed", card_of(stack, first.places["page/0"]))
    stack.service("llm", gpu_memory=60, instance=1, gpu_core_percentage=5)
    capsys.readouterr()
    changed = stack.up()
    assert changed.places["page/0"] == "waiting"
    assert changed.hows["llm/0"] == "roll"
    assert "waiting: page/0" in capsys.readouterr().out


def test_h_what_this_change_adds_is_refused_all_at_once(stack: Stack) -> None:
    """One preview names everything that does not fit; many of one service in one sentence."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("huge", gpu_memory=70, instance=9)
    stack.service("whole", gpu=2, instance=3)
    with pytest.raises(Refused) as refused:
        stack.preview()
    named = " ".join(refused.value.reasons)
    assert "huge/" in named
    assert "whole/" in named
    assert len(refused.value.reasons) < 9


def test_h_removing_or_draining_a_node_in_the_program_is_refused_where_its_instances_fit_nowhere(
    stack: Stack,
) -> None:
    """It counts as this change."""
    stack.service("page", gpu_memory=70, instance=4)
    stack.up()
    for nodes in (["gpu-a"], ["gpu-a", "gpu-b=draining"]):
        stack.pool(*nodes)
        with pytest.raises(Refused, match="page/"):
            stack.preview()


def test_h_under_an_operators_drain_they_run_on(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Until they can move; said as a warning."""
    stack.service("page", gpu_memory=70, instance=4)
    stack.up()
    before = stack.rows()
    mark(stack, "gpu-b", "draining", "operator")
    phase = stack.preview()
    assert phase.placement["change"] == {}
    assert "runs on" in capsys.readouterr().out
    assert stack.rows() == before
    stack.pool("gpu-a", "gpu-b", "gpu-c")
    assert set(stack.up().hows.values()) == {"move"}
