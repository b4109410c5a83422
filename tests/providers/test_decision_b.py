"""Decision (b): every create mints a new id and adopts; a delete by a stale holder does nothing; nothing is left behind."""

from __future__ import annotations

import pytest

from tests.providers.engine import OWNER, PLACEMENT, Stack


@pytest.mark.parametrize("name", ["pool/lab", "service/page", PLACEMENT])
def test_b_a_replaced_resource_is_adopted_and_the_delete_of_the_old_id_does_nothing(
    stack: Stack, name: str
) -> None:
    """``--replace`` creates under a new id and deletes the old one after: nothing stops, nothing is forgotten."""
    stack.service("page", gpu_memory=20)
    stack.up()
    before, old = stack.runs(), stack.state[name].id
    stack.replace(name)
    assert stack.state[name].id != old
    assert stack.runs() == before
    with stack.read_ledger() as ledger:
        assert ledger.pool("lab") is not None
        assert [row.service for row in ledger.services(OWNER)] == ["page"]
    assert set(stack.preview().did.values()) == {"same"}
    stack.destroy()
    assert stack.runs() == {}


def test_b_a_first_create_that_failed_is_taken_away_with_its_services(stack: Stack) -> None:
    """Pulumi's state has no Placement then; EasService.delete stops and releases what is still held for it."""
    stack.service("good", gpu_memory=20)
    stack.service("bad", gpu_memory=20, labels=None)
    stack.services["bad"]["labels"] = {"simulated/fail": "out of luck"}
    stack.preview()
    with pytest.raises(Exception, match=r"1 ready, 0 stopped, 1 failed(.|\n)*bad/0: .*out of luck") as failed:
        stack.apply()
    assert type(failed.value).__name__ == "PlacementFailed"
    assert PLACEMENT not in stack.state
    assert {name: row[0] for name, row in stack.rows().items()} == {"bad/0": "failed", "good/0": "ready"}
    with pytest.raises(Exception, match=r"pool 'lab' still holds 2 instances"):
        stack.delete("pool/lab")
    stack.process()
    stack.destroy()
    assert (stack.rows(), stack.runs()) == ({}, {})


def test_b_placement_forgets_declarations_that_are_no_longer_declared(stack: Stack) -> None:
    """A declaration whose resource Pulumi never knew (a create killed before it was recorded) does not stay for ever."""
    stack.service("page", gpu_memory=20)
    stack.service("ghost", gpu_memory=20)
    stack.process()
    stack.apply(only="service/ghost")
    del stack.state["service/ghost"], stack.services["ghost"]
    stack.up()
    with stack.read_ledger() as ledger:
        assert [row.service for row in ledger.services(OWNER)] == ["page"]


def test_b_a_service_that_is_removed_is_stopped_before_its_record_goes(stack: Stack) -> None:
    """Placement's update stops it; the EasService is deleted after, and finds nothing to stop."""
    stack.service("page", gpu_memory=20)
    stack.service("llm", gpu_memory=20)
    stack.up()
    del stack.services["llm"]
    removed = stack.up()
    assert removed.hows == {"llm/0": "stop"}
    assert set(stack.rows()) == {"page/0"}
    assert "service/llm" not in stack.state
