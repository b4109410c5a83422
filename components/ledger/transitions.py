"""Records what carrying out did and saw: many instances in one transaction, each under its service's fencing number.

Level-triggered: recording the same again changes nothing. What is refused is refused alone, the rest of a batch stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema
from components.ledger.committing.inventory import DEPARTED, remove_nodes
from components.ledger.database.asking import ask
from components.ledger.declarations import UNUSED_SPECS, put_away
from components.ledger.errors import IllegalMove, LeaseLost, UnknownInstance
from components.ledger.events import Story, Where, story_of
from components.ledger.lifecycle import allowed
from components.ledger.records import Observed, Recorded, Transition
from components.ledger.rows import Row
from components.placement.snapshot import HoldState

_instance = schema.instance
_plan = schema.plan
_step = schema.step

Redact = Callable[[Row, str], str]
"""Returns a text without the secrets of the row's service: the last lines of a log may show a token."""
_lease = schema.lease
_CHANGEABLE = ("state", "endpoint", "detail", "token_hash")
_FEW = 200
"""So many ids are asked for in one question."""

# Built once: transitions are many and small, and building a statement costs more than running it.
_FENCE = (
    sa.select(_lease.c.fence)
    .where(_lease.c.owner == _instance.c.owner, _lease.c.service == _instance.c.service, _lease.c.held)
    .scalar_subquery()
)
_IDS: sa.BindParameter[str] = sa.bindparam("b_ids", expanding=True)
_FIND_ROWS = sa.select(_instance, _FENCE.label("fence")).where(_instance.c.id.in_(_IDS))
_CHANGE_ROW = (
    _instance.update()
    .where(_instance.c.id == sa.bindparam("b_id"))
    .values({name: sa.bindparam(f"b_{name}") for name in (*_CHANGEABLE, "since")})
)
_OPEN_STEP = _step.update().where(
    _step.c.plan_id == sa.bindparam("b_plan"), _step.c.n == sa.bindparam("b_n"), _step.c.state == "open"
)
_END_STEP = _OPEN_STEP.values(state="done", ended=sa.bindparam("b_ended"))
_END_STEP_AS = _OPEN_STEP.values(state=sa.bindparam("b_state"), ended=sa.bindparam("b_ended"))
_FIND_OPEN_STEPS = sa.select(_step.c.plan_id, _step.c.n, _step.c.document).where(
    _step.c.instance.in_(_IDS), _step.c.state == "open"
)
_FIND_PENDING = (
    sa.select(_instance)
    .where(_instance.c.state == "pending", _instance.c.owner.in_(sa.bindparam("b_owners", expanding=True)))
    .order_by(_instance.c.id)
)
_END_PLANS = (
    _plan.update()
    .where(
        _plan.c.id.in_(sa.bindparam("b_plans", expanding=True)),
        _plan.c.state == "open",
        sa.not_(sa.exists().where(_step.c.plan_id == _plan.c.id, _step.c.state == "open")),
    )
    .values(state="done")
    .returning(_plan.c.id, _plan.c.owner)
)


@dataclass(slots=True)
class _Batch:
    """What the batch has come to so far: the values of each row, and what is gone."""

    rows: dict[str, dict[str, Any]]
    changed: dict[str, None] = field(default_factory=dict)
    gone: dict[str, Row] = field(default_factory=dict)
    done: dict[tuple[int, int], None] = field(default_factory=dict)
    refused: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _HandedOver:
    """``released``: rows whose places are free now. ``steps``: what was still to be done to what is gone."""

    released: tuple[str, ...]
    steps: Sequence[Any]


def record(
    connection: sa.Connection, batch: Sequence[Transition], redact: Redact, story: Story, now: datetime
) -> Recorded:
    """Record the batch in its order. See :class:`Transition` and :class:`Recorded`."""
    work = _Batch(rows=_rows(connection, [item.instance for item in batch]))
    for item in batch:
        row = work.rows.get(item.instance)
        if row is None:
            _absent(item, work)
        elif row["fence"] != item.fence:
            work.refused[item.instance] = _lost(row["owner"], row["service"], item.fence)
        else:
            _apply(connection, item, row, work, redact, story)
    return Recorded(released=_write(connection, work, story, now), refused=work.refused)


def observe(
    connection: sa.Connection,
    seen: Mapping[str, tuple[Observed, str]],
    redact: Redact,
    story: Story,
    now: datetime,
) -> tuple[str, ...]:
    """Record what was observed of settled instances: ready ones that died as failed, failed ones that answer as ready.

    ``seen``: instance id -> condition and detail. Rows that are being started or stopped are left to whoever does that.
    Needs no lease. Returns the ids whose state changed.
    """
    work = _Batch(rows=_rows(connection, list(seen)))
    for instance, (condition, detail) in seen.items():
        row = work.rows.get(instance)
        to = _observed_state(row, condition) if row is not None else None
        if row is not None and to is not None:
            what = detail or ("it is gone" if condition == "absent" else "")
            text = redact(_fixed(row), what) if to == "failed" else ""
            story.tell(
                instance,
                f"{row['state']} -> {to}",
                f"observed {condition}: {text}".rstrip(": "),
                owner=row["owner"],
                where=_where(row),
            )
            row.update(state=to, detail=text)
            work.changed[instance] = None
    _write(connection, work, story, now)
    return tuple(work.changed)


def forced_gone(
    connection: sa.Connection, rows: Sequence[Row], story: Story, now: datetime, *, what: str = "forgotten"
) -> tuple[str, ...]:
    """Remove rows because somebody vouches that they are gone (``eas forget NODE``), or saw it. Returns what that releases.

    ``what``: the word for it in their history.
    """
    work = _Batch(rows=_rows(connection, [row.held.id for row in rows]))
    for row in rows:
        work.gone[row.held.id] = row
        story.tell(
            row.held.id,
            what,
            f"was {row.held.state} on {row.held.place.node_key}",
            owner=row.held.owner,
            where=row.held.place.where,
        )
    return _write(connection, work, story, now)


def _observed_state(row: Mapping[str, Any], condition: Observed) -> HoldState | None:
    if row["state"] == "ready" and condition in ("absent", "failed"):
        return "failed"
    if row["state"] == "failed" and condition == "ready":
        return "ready"
    return None


def _apply(
    connection: sa.Connection,
    item: Transition,
    row: dict[str, Any],
    work: _Batch,
    redact: Redact,
    story: Story,
) -> None:
    before: HoldState = row["state"]
    if item.to == "gone":
        work.gone[item.instance] = _fixed(row)
        work.rows.pop(item.instance)
        work.changed.pop(item.instance, None)
        was = f"was {before} on {row['pool']}/{row['node']}"
        story.tell(item.instance, "gone", was, owner=row["owner"], where=_where(row))
    elif item.to == "reconfigured":
        _change(row, work, story, "reconfigured", token_hash=item.token_hash)
    elif item.to == "failed" and before == "stopping":
        # It could not be stopped yet: it holds its place, and the reason is kept.
        _change(row, work, story, "still stopping", detail=redact(_fixed(row), item.detail))
    elif not allowed(before, item.to):
        work.refused[item.instance] = _illegal(connection, item, before)
        return
    else:
        detail = redact(_fixed(row), item.detail) if item.detail else ""
        values: dict[str, Any] = {"state": item.to, "detail": detail}
        if item.endpoint:
            values["endpoint"] = item.endpoint
        if item.token_hash:
            values["token_hash"] = item.token_hash
        _change(row, work, story, f"{before} -> {item.to}" if before != item.to else str(item.to), **values)
    if item.step is not None:
        work.done[item.step] = None


def _change(row: dict[str, Any], work: _Batch, story: Story, what: str, **values: Any) -> None:
    if all(row[name] == value for name, value in values.items()):
        return
    row.update(values)
    work.changed[row["id"]] = None
    told = [values.get("endpoint", ""), values.get("detail", "")]
    detail = " ".join(text for text in told if text)
    story.tell(row["id"], what, detail, owner=row["owner"], where=_where(row))


def _fixed(row: Mapping[str, Any]) -> Row:
    return held_rows.row_of(SimpleNamespace(**row))


def _where(row: Mapping[str, Any]) -> Where:
    return f"{row['pool']}/{row['node']}", row["cards"]


def _absent(item: Transition, work: _Batch) -> None:
    """The row is gone: recording that again is fine, anything else comes too late."""
    if item.to != "gone":
        work.refused[item.instance] = UnknownInstance(
            f"{item.instance} is not recorded (it has been seen gone, or was never committed), so it cannot become {item.to}"
        )
    elif item.step is not None:
        work.done[item.step] = None


def _write(connection: sa.Connection, work: _Batch, story: Story, now: datetime) -> tuple[str, ...]:
    if work.changed:
        changes = [
            {f"b_{name}": work.rows[key][name] for name in _CHANGEABLE} | {"b_id": key}
            for key in work.changed
        ]
        connection.execute(_CHANGE_ROW, [change | {"b_since": now} for change in changes])
    released: tuple[str, ...] = ()
    plans = {plan_id for plan_id, _ in work.done}
    if work.done:
        connection.execute(
            _END_STEP, [{"b_plan": plan_id, "b_n": n, "b_ended": now} for plan_id, n in work.done]
        )
    if work.gone:
        handed = _hand_over(connection, work, story, now)
        released = handed.released
        plans |= _end_steps_of_gone(connection, handed.steps, now)
    if plans:
        _end_plans(connection, plans, story)
    return released


def _hand_over(connection: sa.Connection, work: _Batch, story: Story, now: datetime) -> _HandedOver:
    """Remove what is gone and give its places to the rows that wait for them, in this same transaction."""
    held_rows.delete(connection, work.gone)
    services: dict[str, set[str]] = {}
    for row in work.gone.values():
        services.setdefault(row.held.owner, set()).add(row.held.service)
    owners = sorted(services)
    swept = [(UNUSED_SPECS, {"owner": owner, "services": sorted(services[owner])}) for owner in owners]
    steps = [(_FIND_OPEN_STEPS, {"b_ids": part}) for part in _parts(work.gone)]
    waiting, departed, *more = ask(
        connection, (_FIND_PENDING, {"b_owners": owners}), (DEPARTED, {}), *swept, *steps
    )
    pending = {row.id: held_rows.row_of(row).held for row in waiting}
    after = {
        name: tuple(other for other in held.after if other not in work.gone)
        for name, held in pending.items()
        if not work.gone.keys().isdisjoint(held.after)
    }
    released = held_rows.rewrite_after(connection, after, now)
    for instance in released:
        held = pending[instance]
        free = "its place is free"
        story.tell(instance, "pending -> reserved", free, owner=held.owner, where=held.place.where)
    if unused := [row.id for answer in more[: len(swept)] for row in answer]:
        put_away(connection, unused, now)
    remove_nodes(connection, departed, story)
    return _HandedOver(released, [row for answer in more[len(swept) :] for row in answer])


def _end_steps_of_gone(connection: sa.Connection, steps: Sequence[Any], now: datetime) -> set[int]:
    """End what was still to be done to instances that are gone: their stops are done, anything else has no object."""
    ended = [
        {
            "b_plan": row.plan_id,
            "b_n": row.n,
            "b_ended": now,
            "b_state": "done" if row.document["op"] == "stop" else "dropped",
        }
        for row in steps
    ]
    if ended:
        connection.execute(_END_STEP_AS, ended)
    return {row.plan_id for row in steps}


def _end_plans(connection: sa.Connection, plans: Iterable[int], story: Story) -> None:
    """Mark those of the plans as done that have no open step left."""
    for row in connection.execute(_END_PLANS, {"b_plans": sorted(plans)}).all():
        story.tell(f"plan/{row.id}", "done", plan_id=row.id, owner=row.owner)


def _rows(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    answers = ask(connection, *((_FIND_ROWS, {"b_ids": part}) for part in _parts(ids)))
    return {row.id: row._asdict() for answer in answers for row in answer}


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _FEW):
        yield wanted[start : start + _FEW]


def _lost(owner: str, service: str, fence: int) -> LeaseLost:
    return LeaseLost(
        f"service {service!r} of {owner} is carried out by somebody else now (lease {fence} is over), "
        "so nothing more is recorded or done here",
        services=(service,),
    )


def _illegal(connection: sa.Connection, item: Transition, before: HoldState) -> IllegalMove:
    told = [f"{row.at:%H:%M:%S} {row.what}" for row in story_of(connection, item.instance, limit=8)]
    return IllegalMove(f"{item.instance} cannot go from {before} to {item.to}; its story: " + "; ".join(told))
