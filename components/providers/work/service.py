"""``EasService``: records one service's canonical spec in the ledger. Fast, no waiting, nothing started."""

from __future__ import annotations

import os
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from components.providers.work import session
from components.providers.work.inputs import InputError, mapping, public, text, unknowns, whole
from components.rules import judge_service
from components.settle.teardown import teardown_instances
from components.spec.service import parse_service


FACTS = "pool_facts"
"""The input that tells policies what the pool has."""


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Refuse what is invalid, with the words of the rule table; ineffective fields stay, so that policies see them."""
    news = public(news)
    if any(unknowns({key: value for key, value in news.items() if key != "secrets"})):
        return CheckResult(news, [])
    secrets = news.pop("secrets", None)
    news = whole(news)
    if secrets is not None:
        news["secrets"] = secrets
    try:
        name = text(news, "name")
        text(news, "owner")
        spec = mapping(news, "spec")
    except InputError as error:
        return CheckResult(news, [CheckFailure("", str(error))])
    service, faults = parse_service(spec, source=news.get("source") or f"service '{name}'", default_name=name)
    if service is not None:
        faults = (*faults, *judge_service(service, None))
    failures = [CheckFailure("", str(fault)) for fault in faults if fault.level == "invalid"]
    return CheckResult(news, failures)


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Leave the comparison to the engine, which then shows it key by key; never ask for a replacement.

    A change of the pool alone (``cards``, what policies need to know of it) is no change of the service: the new facts
    are stored, and a pool that grows does not show every service as changed.
    """
    old, new = ({key: value for key, value in whole(public(side)).items() if key != FACTS} for side in (olds, news))
    return DiffResult(changes=False if old == new else None)


def create(props: dict[str, Any]) -> CreateResult:
    """Record the declaration, taking it over from whichever resource held it."""
    holder = f"service-{session.mint()}"
    _declare(holder, props, "create")
    return CreateResult(holder, public(props))


def update(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
    """Record the declaration as it is now; no instance is touched before Placement commits a plan."""
    _declare(id_, news, "update")
    return UpdateResult(public(news))


def delete(id_: str, props: dict[str, Any]) -> None:
    """Forget the declaration; first stop and release what a failed first apply left behind for it."""
    current = session.session()
    owner, name = props["owner"], props["name"]
    because = f"EasService {name} delete"
    ledger = current.writing()
    outcome = ledger.forget_service(owner, name, holder=id_, now=session.now(), because=because)
    if outcome.held:
        teardown_instances(ledger, current.runtime, owner, outcome.held, because=because)
        ledger.forget_service(owner, name, holder=id_, now=session.now(), because=because)


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Return what is recorded; a declaration cannot drift."""
    return ReadResult(id_, public(props))


def _declare(holder: str, props: dict[str, Any], operation: str) -> None:
    current = session.session()
    current.writing().declare_service(
        props["owner"],
        props["name"],
        holder=holder,
        pool=props.get("pool") or "",
        revision=props.get("revision") or "",
        document=dict(props["spec"]),
        secrets={key: str(value) for key, value in (props.get("secrets") or {}).items() if value},
        now=session.now(),
        because=f"EasService {props['name']} {operation} (pid {os.getpid()})",
    )
