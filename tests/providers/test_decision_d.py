"""Decision (d): a ledger that never held this owner is refused where Pulumi knows assignments."""

from __future__ import annotations

import pytest

from components.providers.work import session
from tests.providers.engine import OTHER, Refused, Stack, files


def _gone(stack: Stack) -> None:
    for file in stack.ledger_file.parent.glob("ledger.db*"):
        file.unlink()


def _empty(stack: Stack) -> None:
    _gone(stack)
    stack.ledger_file.write_bytes(b"")


def _another(stack: Stack) -> None:
    _gone(stack)
    other = Stack(stack.root.parent / "other", owner=OTHER, ledger=stack.ledger_file)
    other.pool("gpu-z", name="theirs")
    other.up()


@pytest.mark.parametrize("lose", [_gone, _empty, _another])
def test_d_a_ledger_that_never_held_this_owner_is_refused_where_pulumi_knows_assignments(
    stack: Stack, lose: object
) -> None:
    """Preview, refresh and destroy name the file and the way out; none of them creates or changes anything."""
    stack.service("page", gpu_memory=20)
    stack.up()
    session.reset()
    lose(stack)  # type: ignore[operator]
    session.reset()
    before = files(stack.ledger_file.parent)
    with pytest.raises(Refused, match=r"ledger .*ledger\.db .* 1 assignments of it.*`eas ledger rebuild`"):
        stack.preview()
    for act in (stack.refresh, stack.destroy):
        with pytest.raises(Exception, match="`eas ledger rebuild`"):
            act()
    session.reset()
    assert files(stack.ledger_file.parent) == before


def test_d_a_missing_ledger_reads_as_empty_where_pulumi_knows_none(stack: Stack) -> None:
    """A first preview needs no ledger and makes none."""
    stack.service("page", gpu_memory=20)
    assert stack.preview().hows == {"page/0": "start"}
    assert files(stack.root) == {}
