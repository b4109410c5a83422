"""Faults of a real server that pass: what was cut off is done again, once; a COMMIT that was not answered is asked about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.ledger import LedgerDisturbed, LedgerUnreachable, Transition
from components.ledger.database import pipeline as driver
from tests.ledger.audit import content, rows_of
from tests.ledger.build import BECAUSE, HERE, NOW, OWNER, commit, node, place, run, start, states, stop
from tests.ledger.line import Line
from tests.ledger.sites import Postgres, Site

MOST = 60
"""More statements than any transaction here has."""


@pytest.fixture
def used(postgres: Postgres, tmp_path: Path) -> Site:
    """A ledger that has never held anything."""
    return postgres.emptied(tmp_path)


class Cutter:
    """Ends connections of the ledger from the server's side, before its ``at``-th message from now on."""

    def __init__(self, site: Site, patch: pytest.MonkeyPatch) -> None:
        self._site = site
        self.at, self.count, self.cuts = 0, 0, 0
        for owner, name in (
            (psycopg.Cursor, "execute"),
            (psycopg.Cursor, "executemany"),
            (driver.Connection, "commit"),
        ):
            patch.setattr(owner, name, self._cutting(getattr(owner, name)))

    def _cutting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def cutting(subject: Any, *said: Any, **more: Any) -> Any:
            connection = subject if isinstance(subject, psycopg.Connection) else subject.connection
            if isinstance(connection, driver.Connection):
                self.count += 1
                if self.count == self.at:
                    self.cuts += 1
                    self._end(connection.info.backend_pid)
            return original(subject, *said, **more)

        return cutting

    def _end(self, number: int) -> None:
        with psycopg.connect(self._site.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))

    def before(self, message: int) -> None:
        """Cut before that message, counted from now."""
        self.at, self.count, self.cuts = message, 0, 0


@pytest.mark.e2e
def test_a_line_that_is_cut_before_any_message_changes_nothing_but_the_time_it_takes(
    used: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutter = Cutter(used, monkeypatch)
    expected = 0
    with used.open() as ledger:
        commit(ledger, [], nodes=[node(memory=10_000)])
        for message in range(1, MOST):
            service = f"s{message}"
            keep = {(f"s{n}", 0): place(memory=10) for n in range(1, message)}
            cutter.before(message)
            done = commit(
                ledger, [start(1, service, place(memory=10))], nodes=[node(memory=10_000)], keep=keep
            )
            cut = cutter.cuts
            cutter.before(message)
            fence = ledger.lease(OWNER, [service], holder=HERE, now=NOW)[service]
            cutter.before(message)
            moves = [
                Transition(done.ids[1], "starting", fence),
                Transition(done.ids[1], "ready", fence, endpoint="http://x", step=(done.plan_id, 1)),
            ]
            assert ledger.record(moves, now=NOW, because=BECAUSE).refused == {}
            cutter.before(message)
            assert len(ledger.snapshot(OWNER, None, ["p"]).held) == message
            expected += 1
            assert states(ledger) == dict.fromkeys(states(ledger), "ready")
            assert len(states(ledger)) == expected
            if not cut:
                break
        else:
            raise AssertionError(f"a commit has more than {MOST} messages")
        told = [row.what for row in ledger.events(limit=10_000)]
    assert told.count("reserved") == expected, "none was committed twice"
    assert told.count("starting -> ready") == expected, "none was recorded twice"
    assert told.count("lease taken") == expected
    assert expected > 5
    assert used.audit() == []


@pytest.mark.parametrize("where", ["commit", "answer"])
def test_a_commit_that_is_not_answered_is_neither_done_twice_nor_called_failed(
    used: Site, line: Line, where: str
) -> None:
    with line.site(used).open() as ledger:
        line.cut = where
        done = commit(ledger, [start(1, "a", place())], nodes=[node()])
        assert line.cuts == 1
        assert list(states(ledger)) == [done.ids[1]], "the ids are those of the commit that counts"
        fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
        moves = [
            Transition(done.ids[1], "starting", fence),
            Transition(done.ids[1], "ready", fence, step=(done.plan_id, 1)),
        ]
        line.cut = where
        assert ledger.record(moves, now=NOW, because=BECAUSE).refused == {}
        after = {("a", 0): place(memory=300)}
        line.cut = where
        swap = [stop(1, done.ids[1]), start(2, "a", place(memory=300), after=(1,))]
        moved = commit(ledger, swap, nodes=[node()], keep=after)
        line.cut = where
        recorded = ledger.record(
            [Transition(done.ids[1], "gone", fence, step=(moved.plan_id, 1))], now=NOW, because=BECAUSE
        )
        assert recorded.released == (moved.ids[2],), "who takes the place over is told, whatever was heard"
        assert line.cuts == 4
        assert [plan.id for plan in ledger.plans(OWNER)] == [moved.plan_id, done.plan_id]
    assert used.audit() == []


def test_a_line_that_is_cut_every_time_is_a_sentence_and_nothing_is_written(used: Site, line: Line) -> None:
    with line.site(used).open() as ledger:
        before = content(used.where)

        def cut() -> str:
            line.cut = "commit"
            return "i0"

        with pytest.raises(LedgerUnreachable, match="run it again: it goes on from what is recorded"):
            commit(ledger, [start(1, "a", place())], nodes=[node()], mint=cut)
        assert line.cuts > 1
        assert content(used.where) == before


@pytest.mark.e2e
def test_a_server_that_restarts_in_the_middle_of_a_commit_is_waited_for(
    used: Site, postgres: Postgres
) -> None:
    restarted: list[threading.Timer] = []

    def mint() -> str:
        if not restarted:
            postgres.server.stop("immediate")
            restarted.append(threading.Timer(0.5, postgres.server.start))
            restarted[0].start()
        return f"i{time.monotonic_ns()}"

    with used.open() as ledger:
        ledger.events()
        try:
            done = commit(ledger, [start(1, "a", place())], nodes=[node()], mint=mint)
        finally:
            restarted[0].join()
        run(ledger, done)
        assert set(states(ledger).values()) == {"ready"}
        assert len(ledger.plans(OWNER)) == 1
    assert used.audit() == []


@pytest.mark.parametrize(("code", "times"), [("40P01", 3), ("40001", 3), ("40P01", 100)])
def test_what_the_server_undoes_for_another_program_is_done_again_a_few_times(
    used: Site, code: str, times: int
) -> None:
    """As a trigger of an outsider would: the deadlock or serialization failure comes with the last statement."""
    with psycopg.connect(used.url, autocommit=True) as outsider:
        outsider.execute("CREATE SEQUENCE undone")
        outsider.execute(
            "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF nextval('undone') <= {times} THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END IF; "
            "RETURN NULL; END $$"
        )
        outsider.execute("CREATE TRIGGER undo AFTER INSERT ON plan EXECUTE FUNCTION undo()")
        try:
            with used.open() as ledger:
                if times > 50:
                    with pytest.raises(
                        LedgerDisturbed, match=r"another program.*\(not now\); run this again"
                    ):
                        commit(ledger, [start(1, "a", place())], nodes=[node()])
                    assert not ledger.knows(OWNER)
                else:
                    commit(ledger, [start(1, "a", place())], nodes=[node()])
                    assert len(ledger.plans(OWNER)) == 1
        finally:
            outsider.execute("DROP TRIGGER undo ON plan; DROP FUNCTION undo; DROP SEQUENCE undone")
    assert rows_of(used.where, "SELECT count(*) FROM plan") == [[(0 if times > 50 else 1,)]]
    assert used.audit() == []
