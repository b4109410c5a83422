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

from components.providers.work import session
from components.providers.work.inputs import InputError, mapping, public, text, unknowns, whole
from components.spec.node import Node


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Canonicalise; refuse a changed resource id while the pool holds instances."""
    if any(unknowns(public(news))):
        return CheckResult(public(news), [])
    news = whole(public(news))
    try:
        name = text(news, "name")
        text(news, "owner")
        for node in mapping(news, "nodes").values():
            Node.from_dict(node)
    except (InputError, KeyError, TypeError, ValueError) as error:
        return CheckResult(news, [CheckFailure("", f"pool cannot be read ({type(error).__name__}: {error})")])
    recorded = session.session().reading().pool(name)
    if recorded is not None and recorded.resource != news.get("resource"):
        held = session.session().reading().instances(pool=name)
        if held:
            names = ", ".join(sorted({f"{row.held.service}/{row.held.ordinal}" for row in held})[:5])
            return CheckResult(
                news,
                [
                    CheckFailure(
                        "",
                        f"pool {name} is resource {recorded.resource} and holds {len(held)} instances ({names}); "
                        f"its resource cannot become {news.get('resource')}. Declare the new resource as a pool of "
                        "another name and move the services, or remove them first",
                    )
                ],
            )
    return CheckResult(news, [])


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Leave the comparison to the engine, which then shows it key by key; never ask for a replacement."""
    return DiffResult(changes=None)


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
    session.session().writing().forget_pool(
        props["owner"],
        props["name"],
        holder=id_,
        now=session.now(),
        because=f"GpuPool {props['name']} delete",
    )


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Return what is recorded; nodes are declared, not observed."""
    return ReadResult(id_, public(props))


def _declare(holder: str, props: dict[str, Any], operation: str) -> None:
    current = session.session()
    current.writing().declare_pool(
        props["owner"],
        props["name"],
        holder=holder,
        resource=props.get("resource") or "",
        runtime=props.get("runtime") or "local",
        settings=dict(props.get("settings") or {}),
        nodes=[Node.from_dict(node) for _, node in sorted(props["nodes"].items())],
        now=session.now(),
        because=f"GpuPool {props['name']} {operation}",
    )
