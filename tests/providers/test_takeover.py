"""What runs already is taken over by declaring it: the state, rows or the whole ledger may be lost, nothing is restarted."""

from __future__ import annotations

import copy
import shutil

import pytest

from components.spec.packed import unpacked
from tests.providers.engine import OWNER, PLACEMENT, Refused, Stack
from tests.providers.marks import lose_row


@pytest.fixture
def running(stack: Stack) -> Stack:
    """A stack with three instances."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.service("llm", gpu=2)
    stack.up()
    return stack


def _lose_ledger(stack: Stack) -> None:
    stack.process().close()
    for file in stack.ledger_file.parent.glob("ledger.db*"):
        file.unlink()


def test_a_stack_whose_state_is_lost_finds_its_instances_in_the_ledger(
    running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same owner declares the same: every resource is created anew, and nothing is started or stopped."""
    rows, runs = running.rows(), running.runs()
    running.state.clear()
    capsys.readouterr()
    made = running.up()
    assert set(made.did.values()) == {"create"}
    assert made.placement["change"] == {}
    assert (
        "taken over without a restart, since they run already for this owner: llm/0 on "
        in capsys.readouterr().out
    )
    assert (running.rows(), running.runs()) == (rows, runs)
    assert set(running.preview().did.values()) == {"same"}


def test_where_state_and_ledger_are_lost_the_runtime_is_asked(
    running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that runs is started a second time; the preview says so, and writes nothing."""
    rows, runs = running.rows(), running.runs()
    _lose_ledger(running)
    running.state.clear()
    capsys.readouterr()
    preview = running.preview()
    assert not running.ledger_file.exists()
    said = capsys.readouterr().out
    assert "page/0    -     gpu-" in said
    assert "it runs already, and the ledger did not know it: taken over as it is" in said
    assert list(preview.placement["change"]) == ["adopted"]
    running.up()
    assert (running.rows(), running.runs()) == (rows, runs)
    assert running.state[PLACEMENT].outputs["status"] == {"llm": "1/1 ready", "page": "2/2 ready"}
    again = running.up()
    assert set(again.did.values()) == {"same"}
    assert running.refresh() == again.placement["assignments"]
    # It is as good as one that was placed: the next change knows it, and takes it away.
    del running.services["llm"]
    running.service("page", gpu_memory=20, instance=3)
    running.up()
    assert {name: row for name, row in running.rows().items() if name != "page/2"} == {
        name: row for name, row in rows.items() if name != "llm/0"
    }
    running.destroy()
    assert running.runs() == {}


def test_a_ledger_from_an_old_backup_starts_nothing_twice(stack: Stack) -> None:
    """What came after the backup runs and has no row; Pulumi's state names it, so the runtime is asked.

    So where the state was written before plans had marks; one that has a mark is refused (``test_decision_d``).
    """
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.process().close()
    backup = stack.root / "backup.db"
    shutil.copy(stack.ledger_file, backup)
    stack.service("page", gpu_memory=20, instance=3)
    stack.up()
    rows, runs = stack.rows(), stack.runs()
    stack.process().close()
    for file in stack.ledger_file.parent.glob("ledger.db*"):
        file.unlink()
    shutil.copy(backup, stack.ledger_file)
    assert stack.rows().keys() == {"page/0"}
    for side in (stack.state[PLACEMENT].inputs, stack.state[PLACEMENT].outputs):
        del side["generation"]
    repaired = stack.up()
    assert repaired.placement["change"].keys() == {"adopted"}
    assert (stack.rows(), stack.runs()) == (rows, runs)
    assert set(stack.preview().did.values()) == {"same"}


def test_another_incarnation_than_the_ledger_has_stands_in_for_it(running: Stack) -> None:
    """A backup from before a restart elsewhere: what it has is gone, what runs is what is wanted."""
    rows = running.rows()
    state, place, id_ = rows["page/1"]
    runtime = running.runtime()
    newer = f"{id_.rpartition('/')[0]}/newer"
    with runtime._rows() as instances:
        instances.execute("UPDATE instance SET id = ? WHERE id = ?", (newer, id_))
    runtime.close()
    runs = running.runs()
    before = copy.deepcopy(running.state[PLACEMENT].inputs["assignments"])
    assert running.refresh() == before
    assert running.rows() == {**rows, "page/1": (state, place, newer)}
    assert set(running.up().did.values()) == {"same"}
    assert running.runs() == runs


def test_what_runs_another_revision_is_not_what_is_declared(running: Stack) -> None:
    """It is stopped, and what is declared started: a takeover does not hide a change."""
    old = running.rows()["page/0"][2]
    _lose_ledger(running)
    running.state.clear()
    running.service("page", gpu_memory=24, instance=2)
    made = running.up()
    ops = sorted(
        (step["op"], step["service"])
        for number, step in ((n, unpacked(s)) for n, s in made.placement["change"].items())
        if number != "adopted"
    )
    assert ops.count(("start", "page")) == 2
    assert ops.count(("stop", "page")) == 2
    assert made.placement["change"]["adopted"].keys() == {"llm"}
    assert old not in running.runs()
    assert {row[0] for row in running.rows().values()} == {"ready"}
    assert set(running.preview().did.values()) == {"same"}


def test_a_lost_ledger_with_the_state_there_still_asks_for_a_rebuild(running: Stack) -> None:
    """The state knows more than the runtime: places, surges, who waits."""
    _lose_ledger(running)
    with pytest.raises(Refused, match="eas ledger rebuild"):
        running.preview()


def test_resources_that_were_taken_out_of_the_state_are_declared_again_without_a_restart(
    running: Stack,
) -> None:
    """``pulumi state delete`` of a service, of the pool, and of the placement."""
    rows, runs = running.rows(), running.runs()
    for name in ("service/page", "pool/lab", PLACEMENT):
        kept = copy.deepcopy(running.state)
        del running.state[name]
        assert running.up().did[name] == "create"
        assert (running.rows(), running.runs()) == (rows, runs)
        assert set(running.preview().did.values()) == {"same"}
        assert running.state.keys() == kept.keys()


def test_a_failed_one_that_the_ledger_lost_is_repaired_in_its_place(running: Stack) -> None:
    """Taken over as it is, which is dead: the next plan restarts it."""
    rows = running.rows()
    runtime = running.runtime()
    runtime.kill(rows["page/0"][2])
    runtime.close()
    lose_row(running, rows["page/0"][2])
    assert running.up().hows == {"page/0": "restart"}
    assert running.rows() == rows


def test_who_knows_no_owner_is_not_given_what_another_one_runs(running: Stack) -> None:
    """Only what is filed under this owner is looked at."""
    runs = running.runs()
    other = Stack(running.root.parent / "other", owner="organization/other/dev-1", ledger=running.ledger_file)
    other.pools, other.references = running.pools, ["lab"]
    other.service("page", gpu_memory=20)
    made = other.up()
    assert made.hows == {"page/0": "start"}
    assert running.runs() == runs
    assert OWNER not in str(other.rows())
