"""The life cycle of one step, as a first-match table: from what is planned, recorded and seen to the next action.

Pure and total: no I/O, clock or chance, and every view matches a row. It is asked anew at every tick, so that a second
run after a crash finds the same rows and goes on from where things stand; nothing here depends on what an earlier run
remembers. ``docs/lifecycle.md`` draws the moves of the record; a test derives the drawing from this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from components.placement.plan_types import Op

Verb = Op | Literal["reload"]
"""What a step does. ``reload`` is a ``reconfigure`` that can only be done by a restart in place."""

Recorded = Literal["absent", "pending", "reserved", "starting", "ready", "failed", "stopping"]
"""The state of the step's row in the ledger; ``absent``: there is no such row (any more)."""

Seen = Literal["unknown", "absent", "starting", "ready", "failed", "elsewhere"]
"""What the runtime sees. ``unknown``: it was not asked or could not answer. ``elsewhere``: it runs, but on another node or
other cards than the plan's."""

After = Literal["held", "free", "broken"]
"""The steps that come first: some are still open, all are done, or one of them will not be done in this run."""

Did = Literal["nothing", "told", "refused", "halted"]
"""What this run has done for the step: nothing yet, told the runtime, been refused by it, or told it to stop what failed."""

Action = Literal[
    "wait",
    "skip",
    "start",
    "restart",
    "reconfigure",
    "stop",
    "halt",
    "ready",
    "gone",
    "done",
    "fail",
    "give up",
]
"""``wait``: look again later. ``skip``: not carried out in this run. ``start``, ``restart``, ``reconfigure``, ``stop``:
record the intent, then tell the runtime. ``halt``: tell it to stop what failed; once that is down, ``fail``. ``ready``:
record that it serves; the step is done. ``gone``: record that it was seen gone and hand its place on; the step is done.
``done``: nothing was left to do. ``fail``: record it as failed, place held, and leave what runs alone. ``give up``: the
step failed and the record stays as it is."""

TELLS: frozenset[Action] = frozenset({"start", "restart", "reconfigure", "stop", "halt"})
"""The actions that tell a runtime something; the others change the record only, or nothing."""


@dataclass(frozen=True, slots=True)
class View:
    """One step at one moment. ``late``: past the limit of what it waits for."""

    verb: Verb
    recorded: Recorded
    seen: Seen = "unknown"
    after: After = "free"
    did: Did = "nothing"
    late: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of the table: when it holds, what follows, and why."""

    name: str
    holds: Callable[[View], bool]
    action: Action
    why: str


_BEGUN: tuple[Situation, ...] = (
    Situation(
        "broken",
        lambda v: v.after == "broken" and v.did == "nothing",
        "skip",
        "what comes first failed, so a roll pauses here with the old revision serving",
    ),
    Situation(
        "held", lambda v: v.after == "held" and v.did == "nothing", "wait", "what comes first is not done"
    ),
)

_STOPPING: tuple[Situation, ...] = (
    Situation(
        "already gone",
        lambda v: v.recorded == "absent",
        "done",
        "an earlier run saw it gone",
    ),
    Situation(
        "never had its place",
        lambda v: v.recorded == "pending",
        "gone",
        "it was to come after others, and nothing of it ever ran",
    ),
    Situation(
        "seen gone",
        lambda v: v.seen == "absent",
        "gone",
        "only now is its place free; a dead or never started one needs no stop",
    ),
    Situation(
        "will not go",
        lambda v: (v.late or v.did == "refused") and v.recorded == "stopping",
        "fail",
        "it is still there, so its place stays taken; the row stays at stopping, with the reason",
    ),
    Situation(
        "cannot be stopped",
        lambda v: v.late or v.did == "refused",
        "give up",
        "nothing was done to it, and not being seen is not being gone",
    ),
    Situation(
        "going",
        lambda v: v.did != "nothing" or v.seen == "unknown",
        "wait",
        "it has its grace period; a runtime that cannot be observed is not told either",
    ),
    Situation("to be stopped", lambda v: True, "stop", "it is there and the plan has no place for it"),
)

_HOLDING: tuple[Situation, ...] = (
    Situation(
        "row is gone",
        lambda v: v.recorded == "absent",
        "give up",
        "nothing holds a place for it, so nothing may run there",
    ),
    Situation(
        "row is going",
        lambda v: v.recorded == "stopping",
        "give up",
        "it was told to stop; a new plan decides what comes instead",
    ),
    Situation(
        "place not free", lambda v: v.recorded == "pending", "wait", "it counts once its holder is seen gone"
    ),
    Situation(
        "refused, and as it was",
        lambda v: v.did == "refused" and (v.verb == "reconfigure" or v.recorded == "reserved"),
        "give up",
        "nothing was done to it: it serves with the old token, or was never started",
    ),
    Situation(
        "reserved",
        lambda v: v.recorded == "reserved",
        "start",
        "the intent is recorded before the effect, so a reserved row was never started",
    ),
    Situation("refused", lambda v: v.did == "refused", "fail", "the runtime cannot start it"),
    Situation(
        "halted",
        lambda v: v.did == "halted" and (v.seen == "absent" or v.late),
        "fail",
        "what failed is down, or will not go down; its row keeps the place until a plan decides",
    ),
    Situation("halting", lambda v: v.did == "halted", "wait", "it has its grace period"),
    Situation(
        "unseen for too long", lambda v: v.seen == "unknown" and v.late, "fail", "its runtime does not answer"
    ),
    Situation("unseen", lambda v: v.seen == "unknown", "wait", "the next observation tells"),
)

_RECONFIGURING: tuple[Situation, ...] = (
    Situation(
        "old token, dead",
        lambda v: v.did == "nothing" and v.seen in ("absent", "failed"),
        "restart",
        "one that does not run takes up its token by being started anew",
    ),
    Situation("old token", lambda v: v.did == "nothing", "reconfigure", "it runs with the old token"),
    Situation(
        "new token",
        lambda v: v.seen in ("ready", "elsewhere"),
        "ready",
        "it serves with the new token; that it drifted is for the next plan to repair",
    ),
    Situation(
        "lost with its new token",
        lambda v: v.late or v.seen in ("absent", "failed"),
        "fail",
        "it served before, so the runtime's own restarts go on and nothing is stopped",
    ),
    Situation("taking up its token", lambda v: v.seen == "starting", "wait", "it does not answer yet"),
)

_STARTING: tuple[Situation, ...] = (
    Situation(
        "to be reloaded",
        lambda v: v.verb == "reload" and v.did == "nothing",
        "restart",
        "only a restart hands over the new token; done again if it is not recorded as done",
    ),
    Situation(
        "given another place",
        lambda v: v.seen == "elsewhere" and v.did == "told",
        "halt",
        "it takes what the ledger holds for others",
    ),
    Situation("drifted", lambda v: v.seen == "elsewhere", "restart", "it is brought back to its place, once"),
    Situation("serves", lambda v: v.seen == "ready", "ready", "whoever started it, or healed by itself"),
    Situation(
        "crashes",
        lambda v: v.seen == "failed" and v.did == "told",
        "halt",
        "it never served in this step, and a crash loop must not go on heating the card",
    ),
    Situation("crashed before", lambda v: v.seen == "failed", "restart", "asking again means one more try"),
    Situation(
        "dead",
        lambda v: v.seen == "absent" and v.did == "nothing" and v.verb == "restart",
        "restart",
        "it died and its place is kept",
    ),
    Situation(
        "never started",
        lambda v: v.seen == "absent" and v.did == "nothing",
        "start",
        "an earlier run recorded the intent and was ended before the effect, or stopped what failed",
    ),
    Situation(
        "not ready in time",
        lambda v: v.late,
        "fail",
        "it is left running: a slow load may still end well, and asking again takes it up",
    ),
    Situation(
        "not there yet",
        lambda v: v.seen == "absent",
        "wait",
        "an engine may take a while to show what it was told to start",
    ),
    Situation("loading", lambda v: v.seen == "starting", "wait", "it is there and does not answer yet"),
)


def _only(verbs: tuple[Verb, ...], rows: tuple[Situation, ...]) -> tuple[Situation, ...]:
    """Return the rows, each holding for these verbs alone."""

    def narrowed(row: Situation) -> Situation:
        return Situation(row.name, lambda v: v.verb in verbs and row.holds(v), row.action, row.why)

    return tuple(narrowed(row) for row in rows)


SITUATIONS: tuple[Situation, ...] = (
    *_BEGUN,
    *_only(("stop",), _STOPPING),
    *_HOLDING,
    *_only(("reconfigure",), _RECONFIGURING),
    *_STARTING,
)
"""In order; the first that holds decides. Rows after ``_STOPPING`` see no stops, rows of ``_STARTING`` no reconfigures."""


class NoSituation(AssertionError):
    """No row of the table matches: a defect of the table, never of the data."""


def situation(view: View) -> Situation:
    """Return the first row that holds. Raises :class:`NoSituation` if the table is not total."""
    for row in SITUATIONS:
        if row.holds(view):
            return row
    raise NoSituation(f"no situation matches {view}; add a row to SITUATIONS")


_BECOMES: dict[Action, Recorded] = {
    "start": "starting",
    "restart": "starting",
    "stop": "stopping",
    "ready": "ready",
    "gone": "absent",
    "fail": "failed",
}


def becomes(action: Action, recorded: Recorded) -> Recorded:
    """Return the state of the row once ``action`` is recorded; the same state where it does not touch the record.

    One that was told to stop and does not go stays at ``stopping``: only being seen gone ends that.
    """
    if action == "fail" and recorded == "stopping":
        return "stopping"
    return _BECOMES.get(action, recorded)


ELSEWHERE: dict[tuple[str, str], str] = {
    ("[*]", "pending"): "commit",
    ("[*]", "reserved"): "commit",
    ("pending", "reserved"): "handed on",
    ("ready", "failed"): "observed",
    ("failed", "ready"): "observed",
}
"""The moves of a row that no step makes: by committing a plan, by another row's ``gone``, by observation."""
