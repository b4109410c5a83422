"""Declarations of the same moment share a transaction; each caller hears of its own only, once it is durable."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.ledger import LedgerError, ServiceRecord
from components.providers.work.gathered import Declaration, Gathered
from tests.providers.engine import Stack


def declaration(name: str) -> Declaration:
    """Return the declaration of one service."""
    return Declaration("organization/shop/dev-1", ServiceRecord(name, f"h-{name}", "lab", "r1", {}), name)


def test_what_gathers_behind_a_transaction_is_one_transaction() -> None:
    """Three that come while the first is being recorded are recorded together, and none returns before that."""
    batches: list[list[str]] = []
    running, go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[Declaration]) -> None:
        running.set()
        assert go_on.wait(30)
        batches.append(sorted(each.record.service for each in batch))

    gathered = Gathered(commit)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(gathered.declare, declaration("a"))
        assert running.wait(30)
        others = [threads.submit(gathered.declare, declaration(name)) for name in "bcd"]
        while len(gathered._waiting) < 3:
            threading.Event().wait(0.001)
        assert not any(each.done() for each in (first, *others))
        go_on.set()
        for each in (first, *others):
            each.result(30)
    assert batches == [["a"], ["b", "c", "d"]]


@pytest.mark.parametrize("kind", [LedgerError, ValueError])
def test_one_that_cannot_be_recorded_fails_alone(kind: type[Exception]) -> None:
    """Its neighbours are recorded, each on its own."""
    recorded: list[str] = []
    go_on = threading.Event()

    def commit(batch: Sequence[Declaration]) -> None:
        assert go_on.wait(30)
        if any(each.record.service == "bad" for each in batch):
            raise kind("bad")
        recorded.extend(each.record.service for each in batch)

    gathered = Gathered(commit)
    with ThreadPoolExecutor(4) as threads:
        calls = {name: threads.submit(gathered.declare, declaration(name)) for name in ("a", "b", "bad", "c")}
        while len(gathered._waiting) < 3:
            threading.Event().wait(0.001)
        go_on.set()
        with pytest.raises(kind, match="bad"):
            calls.pop("bad").result(30)
        for each in calls.values():
            each.result(30)
    assert sorted(recorded) == ["a", "b", "c"]


def test_each_event_names_its_own_cause(stack: Stack) -> None:
    """Also of services that were recorded in one transaction."""
    session = stack.process()
    batch = [declaration("a"), declaration("b")]
    session._declare(batch)
    told = session.reading().events("organization/shop/dev-1/a")
    assert [event.because for event in told] == ["a"]
    told = session.reading().events("organization/shop/dev-1/b")
    assert [event.because for event in told] == ["b"]
