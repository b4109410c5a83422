"""What a project looks like when the work is over, read past the code of ours that did it, and how two ends differ."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.ledger import open_ledger
from components.placement.address import WAITING
from components.providers.work.inputs import placement_input, public
from components.providers.work.proposal import propose, take_snapshot
from components.providers.work.session import now
from components.settle.stale import stale_rows
from components.spec.whole import whole
from tests.ledger.audit import Where, audit, content

ID = re.compile(r"(organization/[^/\s\"]+/[^/\s\"]+/[^/\s\"]+/\d+)/[0-9a-f]{8}\b")
"""An instance id; what follows the ordinal is minted anew for every start of a life."""
PASSING = {"since", "spec", "plan_id", "committed_at", "token", "id", "incarnation", "digest", "sealed"}
"""Columns that say when and under which number, not what."""
COMPARED = (
    "pool node card node_state service spec wanted waiting instance occupied".split()  # noqa: SIM905 - reads as one line
)
RESOURCE = "pulumi-python:dynamic/eas:"


@dataclass(frozen=True)
class End:
    """The tables of the ledger, what the runtime keeps, and Pulumi's state, with minted names left out.

    ``ids``: service/ordinal -> instance id of what serves. ``faults``: what must be so at no end at all.
    """

    tables: dict[str, list[str]]
    running: list[str]
    state: dict[str, Any]
    ids: dict[str, str]
    faults: list[str]


def differences(end: End, undisturbed: End, kept: dict[str, str]) -> list[str]:
    """Return how an end differs from that of an undisturbed run; ``kept``: ids that were to stay."""
    told = list(end.faults)
    for table in COMPARED:
        told += [f"{table}: {row}" for row in _unlike(end.tables[table], undisturbed.tables[table])]
    told += [f"runtime: {name}" for name in _unlike(end.running, undisturbed.running)]
    told += [
        f"Pulumi's state, {key}: {end.state.get(key)!r} instead of {undisturbed.state.get(key)!r}"
        for key in sorted(end.state.keys() | undisturbed.state.keys())
        if end.state.get(key) != undisturbed.state.get(key)
    ]
    told += [
        f"{name} was to stay {id_} and is {end.ids.get(name)}"
        for name, id_ in kept.items()
        if undisturbed.ids.get(name) == id_ and end.ids.get(name) != id_
    ]
    return told


def _unlike(found: list[str], wanted: list[str]) -> list[str]:
    more, less = Counter(found) - Counter(wanted), Counter(wanted) - Counter(found)
    return [f"too much: {row}" for row in more.elements()] + [f"missing: {row}" for row in less.elements()]


def end_of(root: Path, where: Where, url: str, key: bytes | None = None) -> End:
    """Read a project's end. ``where`` and ``url``: its ledger."""
    rows = content(where) if not isinstance(where, Path) or where.exists() else {}
    columns = _columns(where)
    told = {
        table: sorted(ID.sub(r"\1/*", _row(columns[table], row)) for row in rows.get(table, ()))
        for table in COMPARED
    }
    listed, starts = _runtime(root)
    state = _state(root)
    instances = [dict(zip(columns["instance"], row, strict=True)) for row in rows.get("instance", ())]
    ids = {f"{row['service']}/{row['ordinal']}": row["id"] for row in instances}
    faults = [
        *(audit(where) if rows else ()),
        *_left_open(rows, columns),
        *_holders(rows, columns, state),
        *(f"{id_} was started {count} times" for id_, count in starts.items() if count != 1),
        *(f"{id_} runs and has no row" for id_ in listed if id_ not in ids.values()),
        *(f"{row['id']} has a row and does not run" for row in instances if row["id"] not in listed),
        *(_undone(root, url, state, key) if rows else ()),
    ]
    return End(told, [ID.sub(r"\1/*", id_) for id_ in listed], _plain(state), ids, faults)


def _row(columns: list[str], row: tuple[Any, ...]) -> str:
    told = {
        name: json.loads(value) if isinstance(value, str) and value.startswith(("[", "{")) else value
        for name, value in zip(columns, row, strict=True)
        if name not in PASSING and name != "holder"
    }
    return json.dumps(told, sort_keys=True, default=str)


def _columns(where: Where) -> dict[str, list[str]]:
    from components.ledger import schema

    return {table.name: [column.name for column in table.columns] for table in schema.metadata.sorted_tables}


def _runtime(root: Path) -> tuple[list[str], dict[str, int]]:
    found_in = [root / ".eas", *(root / ".state" / "eas-slices").glob("*")]
    files = [file for home in found_in if (file := home / "simulated" / "instances.db").exists()]
    if not files:
        return [], {}
    [file] = files
    rows = sqlite3.connect(file)
    try:
        found = dict(rows.execute("SELECT id, starts FROM instance ORDER BY id").fetchall())
    finally:
        rows.close()
    return list(found), found


def _state(root: Path) -> dict[str, Any]:
    file = root / ".pulumi-state" / ".pulumi" / "stacks" / "eas-slices" / "test.json"
    document = json.loads(file.read_text())["checkpoint"].get("latest") or {}
    return dict(document)


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """Return of each resource what an apply decides: its name, its outputs without minted names, ciphers and forecasts."""
    # Pulumi keeps a note of a create whose end it did not see until somebody clears it, and creates all the same.
    told: dict[str, Any] = {}
    for resource in state.get("resources") or ():
        shown = {
            **{f"in {key}": value for key, value in (resource.get("inputs") or {}).items()},
            **(resource.get("outputs") or {}),
        }
        kept = {key: value for key, value in shown.items() if key not in FORECASTS and not _secret(value)}
        name = f"{resource['urn']}{' (to be deleted)' if resource.get('delete') else ''}"
        told[name] = json.loads(ID.sub(r"\1/*", json.dumps(kept, sort_keys=True)))
    return told


FORECASTS = ("change", "usage", "generation", "in change", "in usage", "in generation")
"""What the last plan did, what was free then, which ledger: a plan that finishes another one's work has less to do."""


def _secret(value: Any) -> bool:
    return isinstance(value, dict) and "ciphertext" in value


def _left_open(rows: dict[str, list[tuple[Any, ...]]], columns: dict[str, list[str]]) -> list[str]:
    """Return plans and steps that nobody ended."""
    told = []
    for table, name, mark in (("plan", "state", "open"), ("step", "state", "open")):
        at = columns[table].index(name)
        told += [f"{table} left open: {row}" for row in rows.get(table, ()) if row[at] == mark]
    return told


def _holders(
    rows: dict[str, list[tuple[Any, ...]]], columns: dict[str, list[str]], state: dict[str, Any]
) -> list[str]:
    """Return who holds something by the ledger, and not by Pulumi's state: its delete would do nothing."""
    known = {each.get("id") for each in state.get("resources") or ()}
    told = []
    for table, column in (("pool", "holder"), ("service", "holder"), ("owner", "placement")):
        at = columns[table].index(column)
        told += [
            f"{table}: {row[at]} is not in Pulumi's state"
            for row in rows.get(table, ())
            if row[at] and row[at] not in known
        ]
    return told


def _undone(root: Path, url: str, state: dict[str, Any], key: bytes | None) -> list[str]:
    """Return what the next preview would still change, and what `eas status` would call stale."""
    with open_ledger(url, home=root / ".eas", create=False, key=key) as ledger:
        told = [f"stale: {row.held.id}" for row in stale_rows(ledger, None, now())]
        told += [f"lease of {lease.service} held by {lease.holder}" for lease in ledger.leases(now=now())]
        placements = [each for each in state.get("resources") or () if each["type"] == f"{RESOURCE}Placement"]
        for placement in placements:
            given = placement_input(whole(public(placement["inputs"])))
            known = placement["inputs"]["assignments"]
            proposal = propose(take_snapshot(ledger, given), given, known)
            told += [f"the next preview would {json.dumps(step)}" for step in proposal.change.values()]
            waiting = [
                place
                for places in proposal.assignments.values()
                for place in places.values()
                if place == WAITING
            ]
            told += ["an instance waits"] * len(waiting)
    return told
