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

from components.ledger import LedgerError, ServiceRecord
from components.providers.work import session
from components.providers.work.gathered import Declaration
from components.providers.work.inputs import InputError, mapping, public, text, unknowns
from components.providers.work.targeted import placement_left_out, refusal
from components.rules import judge_service
from components.settle.teardown import teardown_instances
from components.spec.packed import unpacked
from components.spec.service import parse_service
from components.spec.whole import whole

ABOUT = "about"
"""The input with all that is known of the declaration besides its spec: file, revision, token hash, pool facts."""
FACTS = "pool_facts"
"""The part of it that tells policies what the pool has."""
SETTINGS = "settings"
"""The part of it that the ledger keeps with the revision: what the pool's section says of this service now."""
SECRETS = "secrets"


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Refuse what is invalid, with the words of the rule table; ineffective fields stay, so that policies see them."""
    news = public(news)
    plain = {key: value for key, value in news.items() if key != SECRETS}
    if any(unknowns(plain)):
        return CheckResult(news, [])
    checked = whole(plain)
    if news.get(SECRETS) is not None:
        checked[SECRETS] = news[SECRETS]
    try:
        name = text(checked, "name")
        text(checked, "owner")
        spec, about = mapping(checked, "spec"), mapping(checked, ABOUT)
    except InputError as error:
        return CheckResult(checked, [CheckFailure("", str(error))])
    if placement_left_out():
        return CheckResult(checked, [CheckFailure("", refusal(name))])
    source = str(about.get("source") or f"service {name!r}")
    service, faults = parse_service(spec, source=source, default_name=name)
    if service is not None:
        faults = (*faults, *judge_service(service, None))
    return CheckResult(
        checked, [CheckFailure("", str(fault)) for fault in faults if fault.level == "invalid"]
    )


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Leave the comparison to the engine, which then shows it key by key; never ask for a replacement.

    A change of the pool alone (``pool_facts``, what policies need to know of it) or of the file's name is no change of the
    service: it is stored, and a pool that grows does not show every service as changed. ``settings`` are in the revision.
    What Pulumi has as unchanged is declared again where the ledger has another declaration: of an apply that was killed
    before its state was written, and whose file was taken back since.
    """
    if _compared(olds) != _compared(news):
        return DiffResult(changes=None)
    return DiffResult(changes=_recorded_otherwise(id_, news))


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
    if not current.reading().exists:
        return
    owner, name = props["owner"], props["name"]
    because = f"EasService {name} delete"
    ledger = current.writing()
    outcome = ledger.forget_service(owner, name, holder=id_, now=session.now(), because=because)
    if outcome.held:
        conduct = session.conduct(because)
        teardown_instances(ledger, current.runtime, owner, outcome.held, because=because, conduct=conduct)
        ledger.forget_service(owner, name, holder=id_, now=session.now(), because=because)


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Return what is recorded; a declaration cannot drift."""
    return ReadResult(id_, public(props))


def _compared(side: dict[str, Any]) -> Any:
    about = unpacked(side.get(ABOUT))
    if isinstance(about, dict):
        about = {key: value for key, value in about.items() if key not in (FACTS, SETTINGS, "source")}
    return whole({**public(side), "spec": unpacked(side.get("spec")), ABOUT: about})


def _recorded_otherwise(id_: str, news: dict[str, Any]) -> bool:
    """Whether the ledger has another declaration of this resource than Pulumi's state, or none at all."""
    if any(unknowns(public(news))):
        return False
    current, owner, record = session.session(), news["owner"], _record(id_, news)
    try:
        if not current.reading().exists:
            return False
        declared = current.declared(owner)
        holder = declared.holder(record.service)
        if holder is None:
            return current.reading().knows(owner)
    except LedgerError:
        # Placement's check comes later, and says it.
        return False
    # What another resource has taken over by now is not this one's to declare.
    return holder == id_ and not declared.has(record)


def _record(holder: str, props: dict[str, Any]) -> ServiceRecord:
    props = whole(props)
    about = unpacked(props.get(ABOUT)) or {}
    return ServiceRecord(
        props["name"],
        holder=holder,
        pool=props.get("pool") or "",
        revision=about.get("revision") or "",
        document=mapping(props, "spec"),
        secrets={key: str(value) for key, value in (props.get(SECRETS) or {}).items() if value},
        settings=about.get(SETTINGS) or {},
    )


def _declare(holder: str, props: dict[str, Any], operation: str) -> None:
    record = _record(holder, props)
    because = f"EasService {record.service} {operation} (pid {os.getpid()})"
    session.session().declare(Declaration(props["owner"], record, because))
