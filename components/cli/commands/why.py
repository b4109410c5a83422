"""``eas why``: why an instance sits where it sits, or why it has no place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import CommandError
from components.cli.base.session import Session
from components.cli.base.targets import Target, label_of, unknown
from components.cli.commands.desc import event_facts, instance_facts, limits_text, story_lines, time_text
from components.cli.commands.ls import card_indexes_of
from components.cli.commands.plan import Proposed

if TYPE_CHECKING:
    from components.ledger import InstanceRow
    from components.placement.account import Accounts
    from components.placement.plan_types import Plan

STORY = 6

TargetArgument = Annotated[
    str, typer.Argument(metavar="NAME[/ORDINAL]", help="A service, or one instance.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add ``why``."""

    @command(
        app,
        "why",
        brief="why an instance sits there, waits or is refused",
        examples="eas why llm\neas why llm/0\neas why llm --json",
    )
    def why(session: Session, target: TargetArgument) -> None:
        """Say why an instance sits where it sits, and what the next `up` would do with it.

        For one that waits or would be refused: on how many cards it fails and on what, the nearest miss, and what would
        make it fit.
        """
        facts = _explained(session, Target.parse(target))
        session.show(facts, "\n\n".join(_text(session, each) for each in facts))


def _explained(session: Session, target: Target) -> list[dict[str, Any]]:
    """Return one mapping per instance that is meant: those held, those that wait, those only declared."""
    from components.placement.address import card_indexes

    rows = [row for row in session.ledger.instances(owner=session.owner) if target.matches(row)]
    proposed, no_plan = _planned(session)
    plan = proposed.plan if proposed else None
    indexes = card_indexes_of(session)
    if proposed is not None:
        indexes |= card_indexes(view.node for view in proposed.snapshot.nodes)
    accounts = _accounts(proposed)
    facts = [_of_row(session, row, indexes, plan, no_plan, accounts) for row in rows]
    held = {(row.held.service, row.held.ordinal) for row in rows if row.held.role == "steady"}
    if plan is not None and not target.surge:
        facts += [
            _of_wish(plan, target.service, ordinal, indexes, accounts)
            for ordinal in sorted(plan.assignments.get(target.service, {}))
            if (target.service, ordinal) not in held and target.ordinal in (None, ordinal)
        ]
    if not facts:
        if no_plan:
            raise CommandError(
                f"{target} is not in the ledger, and what is declared cannot be planned: {no_plan}"
            )
        known = [label_of(row) for row in session.ledger.instances(owner=session.owner)]
        known += list(plan.assignments) if plan else []
        raise unknown(str(target), "service or instance", known)
    return facts


def _planned(session: Session) -> tuple[Proposed | None, str]:
    """Return what an `up` would do now, or why that cannot be said."""
    from components.spec.fault import SpecError

    try:
        with session.busy("planning"):
            return Proposed.of(session, declared.sound(session)), ""
    except (CommandError, SpecError) as error:
        return None, str(error)


def _accounts(proposed: Proposed | None) -> Accounts | None:
    """Return what can tell how many places could take an instance."""
    from components.placement.account import Accounts

    return None if proposed is None else Accounts(proposed.snapshot, proposed.wanted, proposed.options)


def _account(accounts: Accounts | None, service: str, ordinal: int) -> str:
    """Return how many places could take an instance, and on what the others fail."""
    account = accounts.of(service, ordinal) if accounts is not None else None
    return "" if account is None else account.sentence


def _of_row(
    session: Session,
    row: InstanceRow,
    indexes: dict[str, int],
    plan: Plan | None,
    no_plan: str,
    accounts: Accounts | None,
) -> dict[str, Any]:
    """Return what is known of an instance that holds a place."""
    steady = row.held.role == "steady"
    story = [event_facts(event) for event in session.ledger.events(row.held.id, STORY)]
    return {
        **instance_facts(row, indexes),
        "next": _next(plan, row, indexes) if plan else f"not known: {no_plan}",
        "account": _account(accounts, row.held.service, row.held.ordinal) if steady else "",
        "story": story,
    }


def _next(plan: Plan, row: InstanceRow, indexes: dict[str, int]) -> str:
    """Return what the next `up` does with an instance that is held."""
    from components.placement.address import address_of

    held = row.held
    refused = _refusals(plan, held.service, held.ordinal)
    if refused:
        return refused
    mine = [
        step
        for step in plan.steps
        if (step.service, step.ordinal, step.role) == (held.service, held.ordinal, held.role)
    ]
    label = f"{held.service}/{held.ordinal}"
    runs_on = [warning for warning in plan.warnings if warning.startswith(f"{label} runs on")]
    if runs_on:
        return runs_on[0].removeprefix(f"{label} ").partition("; `eas why")[0].rstrip(".")
    if not mine:
        return "stays: it still fits where it is, and nothing that it was started from has changed"
    lead = next((step for step in mine if step.op != "stop"), mine[0])
    target = f" to {address_of(lead.place, indexes)}" if lead.op == "start" and lead.place else ""
    mode = f" ({lead.mode})" if lead.mode else ""
    return f"{lead.how}{target}{mode}: {lead.reason}" if lead.reason else f"{lead.how}{target}{mode}"


def _of_wish(
    plan: Plan, service: str, ordinal: int, indexes: dict[str, int], accounts: Accounts | None
) -> dict[str, Any]:
    """Return what is known of an instance that is declared or waits, and holds nothing."""
    from components.placement.address import address_of

    place = plan.assignments[service][ordinal]
    refused = _refusals(plan, service, ordinal)
    reason = next(
        (
            step.reason
            for step in plan.steps
            if (step.service, step.ordinal, step.op) == (service, ordinal, "start")
        ),
        "",
    )
    following = refused or f"start on {address_of(place, indexes)}" + (f": {reason}" if reason else "")
    return {
        "instance": f"{service}/{ordinal}",
        "state": "waiting" if refused else "not started",
        "next": following,
        "account": _account(accounts, service, ordinal),
        "story": [],
    }


def _refusals(plan: Plan, service: str, ordinal: int) -> str:
    """Return why an instance gets no place, or an empty string."""
    found = [refusal for refusal in plan.refusals if (refusal.service, refusal.ordinal) == (service, ordinal)]
    return " ".join(("refused: " if refusal.blocking else "waits: ") + str(refusal) for refusal in found)


def _text(session: Session, facts: dict[str, Any]) -> str:
    """Return one instance as lines."""
    if "id" not in facts:
        lines = [f"{facts['instance']} is {facts['state']}", f"  next up: {facts['next']}"]
        return "\n".join([*lines, *([f"  {facts['account']}"] if facts["account"] else [])])
    since = time_text(facts["since"])
    lines = [
        f"{facts['instance']} sits on {facts['place']} ({limits_text(facts)}), {facts['state']} since {since} UTC"
    ]
    if facts["detail"]:
        lines.append(f"  {facts['detail']}")
    if facts["account"]:
        lines.append(f"  {facts['account']}")
    lines.append(f"  next up: {facts['next']}")
    lines += [f"  {line}" for line in story_lines(facts["story"], f"{session.owner}/")]
    return "\n".join(lines)
