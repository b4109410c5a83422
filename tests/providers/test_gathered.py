"""Declarations of the same moment share a transaction; each caller hears of its own only, once it is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from components.ledger import LedgerError, ServiceRecord
from components.providers.work import gathered as work
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


class Waits(threading.Condition):
    """Says how often somebody waited for others."""

    asked = 0

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        """Wait, and count where it is for others and not for the turn."""
        self.asked += timeout is not None
        return super().wait_for(predicate, timeout)


def test_one_that_comes_alone_waits_for_nobody() -> None:
    """However many come so: `--parallel 1`, or one service that changed."""
    batches: list[int] = []
    gathered = Gathered(lambda batch: batches.append(len(batch)))
    gathered._changed = waits = Waits()
    for name in "abcd":
        gathered.declare(declaration(name))
    assert batches == [1, 1, 1, 1]
    assert waits.asked == 0


def test_ones_that_come_while_others_are_recorded_wait_for_more_until_nobody_comes() -> None:
    """The first is recorded alone; the one after it waits for company in vain, and the one after that no more."""
    batches: list[int] = []
    running, go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[Declaration]) -> None:
        running.set()
        assert go_on.wait(30)
        batches.append(len(batch))

    gathered = Gathered(commit)
    gathered._changed = waits = Waits()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(gathered.declare, declaration("a"))
        assert running.wait(30)
        second = threads.submit(gathered.declare, declaration("b"))
        while not gathered._waiting:
            threading.Event().wait(0.001)
        go_on.set()
        first.result(30)
        second.result(30)
    assert waits.asked == 1
    gathered.declare(declaration("c"))
    assert waits.asked == 1
    assert batches == [1, 1, 1]


def test_what_is_recorded_returns_while_the_next_waits_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or nobody would come: Pulumi's threads bring the next declaration once they have the answer to the last."""
    monkeypatch.setattr(work, "PAUSE_S", 600.0)
    batches: list[int] = []
    running, go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[Declaration]) -> None:
        running.set()
        assert go_on.wait(30)
        batches.append(len(batch))

    gathered = Gathered(commit)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(gathered.declare, declaration("a"))
        assert running.wait(30)
        second = threads.submit(gathered.declare, declaration("b"))
        while not gathered._waiting:
            threading.Event().wait(0.001)
        go_on.set()
        first.result(30)
        assert not second.done()
        for each in (second, *(threads.submit(gathered.declare, declaration(name)) for name in "cd")):
            each.result(30)
    assert batches == [1, 3]


def test_each_event_names_its_own_cause(stack: Stack) -> None:
    """Also of services that were recorded in one transaction."""
    session = stack.process()
    batch = [declaration("a"), declaration("b")]
    session._declare(batch)
    told = session.reading().events("organization/shop/dev-1/a")
    assert [event.because for event in told] == ["a"]
    told = session.reading().events("organization/shop/dev-1/b")
    assert [event.because for event in told] == ["b"]
