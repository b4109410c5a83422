"""How often a small transaction waits for a server's answer, whatever it reads and writes: others wait for it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from components.ledger import Ledger, Transition
from components.placement.snapshot import Place
from tests.ledger.build import BECAUSE, HERE, NOW, OWNER, commit, node, place, start
from tests.ledger.line import Line
from tests.ledger.sites import Postgres

BEGIN, ASK, COMMIT, LEAVE = 1, 1, 1, 1
NUMBER = 1
"""A plan's own, which its steps need."""


def test_a_small_transaction_waits_for_its_server_a_few_times_only(
    postgres: Postgres, line: Line, tmp_path: Path
) -> None:
    with line.site(postgres.emptied(tmp_path)).open() as ledger:
        nodes = [node("n1", 4)]
        commit(ledger, [], nodes=nodes)
        fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
        kept: dict[tuple[str, int], Place | None] = {}
        last = ""
        for ordinal in range(4):
            where = place(f"n1-{ordinal}")
            done = commit(ledger, [start(1, "a", where, ordinal=ordinal)], nodes=nodes, keep=kept)
            kept["a", ordinal] = where
            moves = [
                Transition(done.ids[1], "starting", fence),
                Transition(done.ids[1], "ready", fence, endpoint="http://x", step=(done.plan_id, 1)),
            ]
            ledger.record(moves, now=NOW, because=BECAUSE)
            last = done.ids[1]

        steps = [start(1, "a", place("n1-0"), ordinal=4), start(2, "b", place("n1-1"))]
        trips = trips_of(
            line, ledger, lambda ledger: commit(ledger, steps, nodes=nodes, keep=kept, process=HERE)
        )
        assert trips <= BEGIN + ASK + NUMBER + COMMIT + LEAVE
        ended = [Transition(last, "stopping", fence)]
        trips = trips_of(line, ledger, lambda ledger: ledger.record(ended, now=NOW, because=BECAUSE))
        assert trips <= BEGIN + ASK + 2 + COMMIT + LEAVE, (
            "2: the key and the spec, whose secrets the log may show"
        )
        trips = trips_of(line, ledger, lambda ledger: ledger.snapshot(OWNER, None, ["p"]))
        assert trips <= BEGIN + ASK + LEAVE


def trips_of(line: Line, ledger: Ledger, work: Callable[[Ledger], object]) -> int:
    """Return how often it waited."""
    before = line.trips
    work(ledger)
    return line.trips - before
