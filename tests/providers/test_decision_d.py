"""Decision (d): a ledger that never held this owner is refused where Pulumi knows assignments."""

from __future__ import annotations

import pytest

from components.providers.work import session
from tests.providers.engine import OTHER, PLACEMENT, Refused, Stack, files


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


def _backup(stack: Stack) -> bytes:
    session.reset()
    files(stack.root)
    return stack.ledger_file.read_bytes()


def _restore(stack: Stack, backup: bytes) -> None:
    session.reset()
    for suffix in ("-wal", "-shm"):
        stack.ledger_file.with_name(stack.ledger_file.name + suffix).unlink(missing_ok=True)
    stack.ledger_file.write_bytes(backup)


@pytest.mark.parametrize("ups", [1, 2])
def test_d_a_ledger_older_than_the_state_is_refused_and_left_as_it_is(stack: Stack, ups: int) -> None:
    """As after a backup was restored: preview, refresh and destroy name the plan and the way out; nothing is started."""
    stack.service("page", gpu_memory=20)
    stack.up()
    backup = _backup(stack)
    for number in range(ups):
        stack.service("page", gpu_memory=21 + number)
        stack.up()
    runs = stack.runs()
    _restore(stack, backup)
    with pytest.raises(
        Refused, match=r"does not know the plan .* last plan of this stack is of .*`eas ledger rebuild`"
    ):
        stack.preview()
    for act in (stack.refresh, stack.destroy):
        with pytest.raises(Exception, match="restored from a backup"):
            act()
    session.reset()
    assert stack.ledger_file.read_bytes() == backup
    assert stack.runs() == runs


def test_d_a_ledger_newer_than_the_state_is_believed(stack: Stack) -> None:
    """An `up` that failed after its commit left the state as it was; and one with nothing to do keeps its mark."""
    stack.service("page", gpu_memory=20)
    stack.up()
    before = dict(stack.state)
    stack.service("page", gpu_memory=21)
    stack.up()
    stack.state = before
    stack.up()
    mark = stack.state[PLACEMENT].inputs["generation"]
    assert stack.up().did[PLACEMENT] == "same"
    assert stack.state[PLACEMENT].inputs["generation"] == mark


def test_d_both_checks_of_one_up_give_the_plan_one_mark_and_no_two_plans_the_same(stack: Stack) -> None:
    """Scaled up and down again, the plan does the same for the second time."""
    marks = []
    for count in (1, 2, 1, 2):
        stack.service("page", gpu_memory=20, instance=count)
        seen = stack.preview().placement["generation"]
        assert stack.apply().placement["generation"] == seen
        marks.append(seen)
    assert len(set(marks)) == 4
