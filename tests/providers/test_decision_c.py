"""Decision (c): what a failed or killed ``up`` committed stays, and the next plan starts from where it stands."""

from __future__ import annotations

import pytest

from tests.providers.engine import Stack


def test_c_an_up_that_failed_is_resumed_where_it_stood(stack: Stack) -> None:
    """The instance keeps its id and its place; the step that is no longer wanted is undone."""
    stack.service("page", gpu_memory=20)
    stack.service("bad", gpu_memory=20)
    stack.services["bad"]["labels"] = {"simulated/fail": "out of luck"}
    with pytest.raises(Exception, match="out of luck"):
        stack.up()
    page, bad = stack.rows()["page/0"], stack.rows()["bad/0"]
    # Labels are no revision: the same instance is tried again, and now it comes up.
    stack.services["bad"]["labels"] = {}
    resumed = stack.up()
    assert resumed.hows == {"bad/0": "restart"}
    assert stack.rows() == {"page/0": page, "bad/0": ("ready", *bad[1:])}


def test_c_a_failed_instance_that_is_no_longer_wanted_is_taken_away(stack: Stack) -> None:
    """What an earlier ``up`` left is stopped when its service left the program."""
    stack.service("page", gpu_memory=20)
    stack.service("bad", gpu_memory=20)
    stack.services["bad"]["labels"] = {"simulated/fail": "out of luck"}
    with pytest.raises(Exception, match="out of luck"):
        stack.up()
    del stack.services["bad"]
    stack.up()
    assert set(stack.rows()) == {"page/0"}
    assert len(stack.runs()) == 1


def test_c_what_a_killed_process_committed_is_finished_by_the_next(stack: Stack) -> None:
    """The plan is in the ledger, nothing of it has been started: same ids, same places, each started once."""
    stack.service("page", gpu_memory=20, instance=2)
    commit_and_die(stack)
    reserved = stack.rows()
    assert {row[0] for row in reserved.values()} == {"reserved"}
    resumed = stack.up()
    assert set(resumed.hows.values()) == {"resume"}
    assert stack.rows() == {name: ("ready", *row[1:]) for name, row in reserved.items()}
    assert set(stack.runs().values()) == {1}


def commit_and_die(stack: Stack) -> None:
    """Do the update up to the commit, as if the provider were killed right after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.providers.work.carry.settle", _die)
        with pytest.raises(KeyboardInterrupt):
            stack.up()


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
