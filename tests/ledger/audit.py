"""Reads a ledger's rows past the ledger's own code, on either database: to see that nothing changed, and that all holds."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

Where = Path | str
"""An SQLite file, or the URL of a database on a server."""
Rows = list[tuple[Any, ...]]
Query = Callable[[str], Rows]


def content(where: Where) -> dict[str, Rows]:
    """Return all rows of all tables."""
    listing = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if not isinstance(where, Path):
        listing = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    names = sorted(row[0] for row in rows_of(where, listing)[0])
    tables = rows_of(where, *(f'SELECT * FROM "{name}"' for name in names))
    return {name: sorted(rows, key=repr) for name, rows in zip(names, tables, strict=True)}


def content_but_conflicts(where: Where) -> dict[str, Rows]:
    """Return :func:`content` without the events of stale plans, which alone are written when a commit is refused."""
    found = content(where)
    found.pop("sqlite_sequence", None)
    found["event"] = [
        row for row in found["event"] if not any(str(value).startswith("conflict: ") for value in row)
    ]
    return found


def audit(where: Where) -> list[str]:
    """Return every way in which the ledger breaks what must hold after each transaction; all read at one moment."""
    instances, cards, nodes, occupied, plans, steps = rows_of(
        where,
        "SELECT id, owner, state, after, cards, pool, node, memory_mib, compute, exclusive, cpu_milli, node_memory_mib "
        "FROM instance",
        "SELECT uuid, memory_mib FROM card",
        "SELECT pool, name, document, departed FROM node",
        "SELECT instance, card FROM occupied",
        "SELECT id, owner, state FROM plan WHERE state = 'open'",
        "SELECT plan_id, n FROM step WHERE state = 'open'",
    )
    held = [(*row[:3], _plain(row[3]), _plain(row[4]), *row[5:]) for row in instances]
    taken = {(instance, card) for instance, card in occupied}
    return [
        *_cards_overfull(held, dict(cards)),
        *_nodes_wrong(held, nodes),
        *_incoherent(held, taken, plans, steps),
    ]


def rows_of(where: Where, *queries: str) -> list[Rows]:
    """Return the rows of each query, in one transaction."""
    if isinstance(where, Path):
        database = sqlite3.connect(where, isolation_level=None)
        try:
            database.execute("BEGIN")
            return [database.execute(query).fetchall() for query in queries]
        finally:
            database.close()
    import psycopg

    with psycopg.connect(where) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.pipeline():
            cursors = [connection.execute(query.encode()) for query in queries]
            return [cursor.fetchall() for cursor in cursors]


def _plain(value: Any) -> Any:
    """JSON is a text in SQLite, and read already from a server."""
    return json.loads(value) if isinstance(value, str) else value


def _cards_overfull(held: Rows, capacity: dict[str, int]) -> list[str]:
    memory: Counter[str] = Counter()
    compute: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for _, _, state, _, cards, _, _, mib, percent, exclusive, _, _ in held:
        for card in cards if state != "pending" else ():
            memory[card] += mib
            compute[card] += percent
            alone[card] += bool(exclusive)
            there[card] += 1
    return [
        f"card {card}: {memory[card]} of {capacity[card]} MiB, {compute[card]} %, {alone[card]} exclusive of {there[card]}"
        for card in sorted(there.keys() & capacity.keys())
        if memory[card] > capacity[card] or compute[card] > 100 or (alone[card] and there[card] > 1)
    ]


def _nodes_wrong(held: Rows, nodes: Rows) -> list[str]:
    cpu: Counter[tuple[str, str]] = Counter()
    memory: Counter[tuple[str, str]] = Counter()
    for _, _, state, _, _, pool, node, _, _, _, milli, mib in held:
        if state != "pending":
            cpu[pool, node] += milli
            memory[pool, node] += mib
    holding = {(row[5], row[6]) for row in held}
    broken = []
    for pool, name, document, departed in nodes:
        size = _plain(document)
        if cpu[pool, name] > size["cpu_milli"] or memory[pool, name] > size["memory_mib"]:
            broken.append(
                f"node {pool}/{name}: {cpu[pool, name]} of {size['cpu_milli']} CPU, "
                f"{memory[pool, name]} of {size['memory_mib']} MiB"
            )
        if departed and (pool, name) not in holding:
            broken.append(f"node {pool}/{name} left and holds nothing, but is still there")
    return broken


def _incoherent(held: Rows, taken: set[tuple[str, str]], plans: Rows, steps: Rows) -> list[str]:
    broken = []
    owner_of = {row[0]: row[1] for row in held}
    for instance, owner, state, others, *_ in held:
        if (state == "pending") != bool(others):
            broken.append(f"{instance} is {state} and waits for {others}")
        broken += [
            f"{instance} waits for {other}, which is {owner_of.get(other, 'nobody')}'s"
            for other in others
            if owner_of.get(other) != owner
        ]
    places = {(row[0], card) for row in held for card in row[4]}
    if taken != places:
        broken.append(f"occupied and instance disagree: {taken ^ places}")
    open_plans = Counter(owner for _, owner, _ in plans)
    broken += [f"{owner} has {count} open plans" for owner, count in open_plans.items() if count > 1]
    known = {number for number, _, _ in plans}
    broken += [
        f"step {n} of plan {plan} is open and its plan is not" for plan, n in steps if plan not in known
    ]
    return broken
