"""The life-cycle table is total, safe in every view, and the picture in the docs is the one that it draws."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from components.ledger.lifecycle import MOVES
from components.settle import table
from components.settle.table import (
    ELSEWHERE,
    SITUATIONS,
    TELLS,
    After,
    Did,
    NoSituation,
    Recorded,
    Seen,
    Verb,
    View,
    becomes,
    situation,
)

VERBS: tuple[Verb, ...] = ("start", "restart", "stop", "reconfigure", "reload")
DOC = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def views() -> Iterator[View]:
    """Every view there is."""
    for verb, recorded, seen, after, did, late in itertools.product(
        VERBS, get_args(Recorded), get_args(Seen), get_args(After), get_args(Did), (False, True)
    ):
        yield View(verb, recorded, seen, after, did, late)


EVERY = tuple((view, situation(view)) for view in views())


def test_every_view_has_a_situation() -> None:
    assert len(EVERY) == 5 * 7 * 6 * 3 * 4 * 2


def test_every_row_decides_some_view() -> None:
    assert {row.name for _, row in EVERY} == {row.name for row in SITUATIONS}
    assert len({row.name for row in SITUATIONS}) == len(SITUATIONS)


def test_the_table_is_not_total_without_its_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SITUATIONS", SITUATIONS[:-1])
    with pytest.raises(NoSituation, match="add a row"):
        [situation(view) for view in views()]


def test_a_place_is_given_away_only_when_its_instance_is_seen_gone_or_never_ran() -> None:
    for view, row in EVERY:
        if row.action in ("gone", "done"):
            assert view.verb == "stop"
            assert view.seen == "absent" or view.recorded in ("pending", "absent")


def test_nothing_is_told_before_what_comes_first_is_done() -> None:
    for view, row in EVERY:
        if view.after != "free" and view.did == "nothing":
            assert row.action in ("wait", "skip")


def test_nothing_starts_without_a_row_that_holds_its_place() -> None:
    for view, row in EVERY:
        if row.action in ("start", "restart", "reconfigure"):
            assert view.recorded in ("reserved", "starting", "ready", "failed")


def test_only_a_stop_stops_and_only_what_failed_is_halted() -> None:
    for view, row in EVERY:
        if row.action == "stop":
            assert view.verb == "stop"
        if row.action == "halt":
            assert view.verb in ("start", "restart", "reload")
            assert view.seen in ("failed", "elsewhere")


def test_one_run_tells_a_runtime_once() -> None:
    for view, row in EVERY:
        # A reserved row was never told: telling it makes it starting in the same tick.
        if view.did != "nothing" and row.action in TELLS and view.recorded != "reserved":
            assert row.action == "halt"
            assert view.did == "told"


def test_ready_is_recorded_only_of_what_is_seen_ready_where_it_belongs() -> None:
    for view, row in EVERY:
        if row.action == "ready":
            assert view.seen == "ready" or (view.seen == "elsewhere" and view.verb == "reconfigure")


def test_what_is_not_seen_is_neither_dead_nor_gone() -> None:
    for view, row in EVERY:
        if view.seen == "unknown" and view.recorded not in ("absent", "pending", "reserved"):
            assert row.action not in ("gone", "done", "ready", *TELLS)


def test_every_wait_ends() -> None:
    """Whatever is late and free to go on is decided, unless its place is not handed on yet."""
    for view, row in EVERY:
        if view.late and view.after == "free" and view.recorded != "pending":
            assert row.action != "wait"


def test_the_ledger_allows_every_move() -> None:
    for view, row in EVERY:
        after = becomes(row.action, view.recorded)
        if after not in (view.recorded, "absent"):
            assert (view.recorded, after) in MOVES


def moves() -> dict[tuple[str, str], set[str]]:
    """Every move of a row, with what makes it."""
    found: dict[tuple[str, str], set[str]] = {edge: {cause} for edge, cause in ELSEWHERE.items()}
    for view, row in EVERY:
        after = becomes(row.action, view.recorded)
        if after != view.recorded:
            edge = (view.recorded, "[*]" if after == "absent" else after)
            found.setdefault(edge, set()).add(row.action)
    return found


def test_the_picture_in_the_docs_is_the_table() -> None:
    drawn = {
        (match[1], match[2]): set(match[3].split(", "))
        for match in re.finditer(r"^ +(\S+) --> (\S+): (.+)$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert drawn == moves()


def test_the_rows_in_the_docs_are_the_table() -> None:
    text = DOC.read_text(encoding="utf-8")
    rows = [f"| {row.name} | {row.action} | {row.why} |" for row in SITUATIONS]
    assert "\n".join(rows) in text
