"""``GpuPool``: records the nodes of one pool in the ledger, every card spelled out."""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from components.ledger import LedgerError
from components.ledger.admission import pool_refusal
from components.providers.work import ahead, session
from components.providers.work.inputs import (
    InputError,
    mapping,
    nodes_of,
    public,
    spelled_out,
    text,
    unknowns,
)
from components.spec.whole import whole


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Canonicalise; refuse another owner's pool, and another resource id or runtime while the pool holds instances."""
    news = public(news)
    if any(unknowns(news)):
        return CheckResult(news, [])
    news = whole(news)
    try:
        sentence = _refusal(news)
    except (InputError, LedgerError) as error:
        sentence = str(error)
    ahead.begin()
    return CheckResult(news, [CheckFailure("", sentence)] if sentence else [])


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Leave the comparison to the engine, which then shows it key by key; never ask for a replacement.

    As for services, what Pulumi has as unchanged is declared again where a killed apply left other settings in the ledger.
    """
    if spelled_out(public(olds)) != spelled_out(public(news)):
        return DiffResult(changes=None)
    return DiffResult(changes=_recorded_otherwise(id_, news))


def create(props: dict[str, Any]) -> CreateResult:
    """Record the pool, taking it over from whichever resource held it."""
    holder = f"pool-{session.mint()}"
    _declare(holder, props, "create")
    return CreateResult(holder, public(props))


def update(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
    """Record the pool as declared now."""
    _declare(id_, news, "update")
    return UpdateResult(public(news))


def delete(id_: str, props: dict[str, Any]) -> None:
    """Forget the pool; refused while anything is held on it, nothing at all once another resource holds it."""
    current = session.session()
    if not current.reading().exists:
        return
    current.writing().forget_pool(
        props["owner"],
        props["name"],
        holder=id_,
        now=session.now(),
        because=f"GpuPool {props['name']} delete",
    )


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Return what is recorded; nodes are declared, not observed."""
    return ReadResult(id_, public(props))


def _refusal(news: dict[str, Any]) -> str:
    """Return why this pool cannot be declared, or an empty text."""
    name, owner = text(news, "name"), text(news, "owner")
    try:
        nodes = nodes_of(mapping(news, "nodes"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"nodes of pool {name} cannot be read ({type(error).__name__}: {error})") from error
    return pool_refusal(
        session.session().reading(),
        owner,
        name,
        resource=news.get("resource"),
        runtime=news.get("runtime"),
        nodes=nodes,
    )


def _recorded_otherwise(id_: str, news: dict[str, Any]) -> bool:
    """Whether the ledger has this pool's settings otherwise than Pulumi's state; nodes and quotas come with each plan."""
    if any(unknowns(public(news))):
        return False
    told = whole(news)
    recorded = session.session().reading().pool(told["name"])
    return (
        recorded is not None
        and recorded.holder == id_
        and dict(recorded.settings) != dict(told.get("settings") or {})
    )


def _declare(holder: str, props: dict[str, Any], operation: str) -> None:
    props = whole(props)
    current = session.session()
    current.writing().declare_pool(
        props["owner"],
        props["name"],
        holder=holder,
        resource=props.get("resource") or "",
        runtime=props.get("runtime") or "local",
        settings=dict(props.get("settings") or {}),
        nodes=nodes_of(props["nodes"]),
        quotas=props.get("quotas") or {},
        now=session.now(),
        because=f"GpuPool {props['name']} {operation}",
    )
