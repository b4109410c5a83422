"""Decision (f), the pool's part: a changed resource id. Fleet's part is in tests/resources."""

from __future__ import annotations

import pytest

from tests.providers.engine import OTHER, Refused, Stack


def test_f_a_changed_resource_id_is_refused_while_the_pool_holds_instances(stack: Stack) -> None:
    """It names the instances; an empty pool may change its id."""
    stack.up()
    stack.pools["lab"]["resource"] = "eas-r-lab00002"
    stack.up()
    stack.pools["lab"]["resource"] = "eas-r-lab00001"
    stack.service("page", gpu_memory=20, instance=2)
    stack.up()
    stack.pools["lab"]["resource"] = "eas-r-lab00002"
    stack.services["page"]["metadata"]["resource"] = "eas-r-lab00002"
    with pytest.raises(
        Refused, match=r"pool lab is resource eas-r-lab00001 and holds 2 instances \(page/0, page/1\)"
    ):
        stack.preview()


def test_f_a_changed_runtime_is_refused_while_the_pool_holds_instances(stack: Stack) -> None:
    """The new one would not know what the old one runs, and nothing would stop it."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.pools["lab"] |= {"runtime": "local"}
    with pytest.raises(Refused, match=r"pool lab is runtime simulated and holds 1 instance \(page/0\)"):
        stack.preview()
    del stack.services["page"]
    stack.pools["lab"] |= {"runtime": "simulated"}
    stack.up()
    stack.pools["lab"] |= {"runtime": "local"}
    stack.up()


def test_f_a_pool_of_another_owner_is_refused_in_the_preview(stack: Stack) -> None:
    """And the sentence says how to reference it instead."""
    stack.up()
    second = Stack(stack.root.parent / "second", owner=OTHER, ledger=stack.ledger_file)
    second.pool("gpu-a")
    with pytest.raises(
        Refused, match=r"pool lab is declared by organization/shop/dev-11aa22 .* reference it"
    ):
        second.preview()
