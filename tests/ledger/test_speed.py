"""Ratios only: what is done for many at once must not cost what it costs one by one, nor grow with what does not matter."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from components.ledger import Ledger, Transition, open_ledger
from tests.ledger.build import BECAUSE, HERE, NOW, OTHER, OWNER, commit, node, place, start

MANY = 400


def best(action: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of a few runs, in seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return min(took)


def test_a_batch_of_transitions_costs_a_fraction_of_as_many_single_ones(ledger: Ledger) -> None:
    done = commit(
        ledger, [start(n, "s", place(memory=1), ordinal=n) for n in range(1, MANY + 1)], nodes=[node()]
    )
    fence = ledger.lease(OWNER, ["s"], holder=HERE, now=NOW)["s"]
    ids = list(done.ids.values())
    turns = iter(range(1_000_000))

    def batch() -> None:
        detail = f"died {next(turns)}"
        ledger.record(
            [Transition(name, "failed", fence, detail=detail) for name in ids], now=NOW, because=BECAUSE
        )

    def singly() -> None:
        detail = f"died {next(turns)}"
        for name in ids:
            ledger.failed(name, fence, detail, NOW, BECAUSE)

    assert best(batch) * 2 < best(singly)


def test_a_commit_grows_with_its_steps_no_faster_than_they_do(tmp_path: Path) -> None:
    def committing(count: int) -> float:
        # By the processor: the growth is of work, and other tests run beside this one.
        file = tmp_path / f"{count}.db"
        began = 0.0
        with open_ledger(str(file), home=tmp_path, create=True) as ledger:
            steps = [start(n, f"s{n}", place(memory=1)) for n in range(1, count + 1)]
            began = time.process_time()
            commit(ledger, steps, nodes=[node(memory=count)])
            return time.process_time() - began

    committing(10)
    assert committing(2_000) < 25 * committing(200)


def test_one_transition_does_not_grow_with_what_others_hold(ledger: Ledger) -> None:
    nodes = [node(f"n{number}", memory=10_000, cpu=10**6) for number in range(2)]
    mine = commit(ledger, [start(1, "a", place("n0-0", 1))], nodes=nodes)
    fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
    turns = iter(range(1_000_000))

    def moves() -> None:
        for _ in range(30):
            ledger.failed(mine.ids[1], fence, f"died {next(turns)}", NOW, BECAUSE)

    alone = best(moves)
    many = [start(n, f"s{n}", place("n1-0", 1)) for n in range(1, 3_001)]
    commit(ledger, many, nodes=nodes, owner=OTHER)
    ledger.lease(OTHER, [f"s{n}" for n in range(1, 3_001)], holder=HERE, now=NOW)
    assert best(moves) < 4 * alone
