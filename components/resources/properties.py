"""What each resource hands to its provider, as plain data: by one function each, for the resources and for their tests.

What belongs together is one line of JSON (:mod:`components.spec.packed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.spec.claim import Wanted
from components.spec.packed import packed
from components.spec.pool import Pool
from components.spec.revision import settings_of_revision
from components.spec.service import Service


def pool_properties(pool: Pool, owner: str) -> dict[str, Any]:
    """Return the inputs of ``GpuPool``."""
    return {
        "name": pool.name,
        "owner": owner,
        "resource": pool.resource,
        "runtime": pool.runtime,
        "settings": pool.settings(),
        "nodes": _nodes(pool),
        **_quotas(pool),
    }


def service_properties(service: Service, pool: Pool, wanted: Wanted, owner: str) -> dict[str, Any]:
    """Return the inputs of ``EasService`` without the secrets; ``wanted`` has the hashes that stand for them."""
    about = {
        "source": service.source,
        "revision": wanted.revision,
        "token_hash": wanted.token_hash,
        "pool_facts": pool.facts,
    }
    if settings := settings_of_revision(service, pool):
        about["settings"] = settings
    return {
        "name": service.name,
        "owner": owner,
        "pool": pool.name,
        "spec": packed(service.public()),
        "about": packed(about),
    }


def placement_properties(
    pools: Iterable[Pool],
    wanted: Iterable[Wanted],
    owner: str,
    *,
    references: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the inputs of ``Placement``; ``references`` are pools whose nodes the ledger knows from another stack."""
    own = {
        pool.name: {
            "resource": pool.resource,
            "runtime": pool.runtime,
            "settings": pool.settings(),
            "reference": False,
            "nodes": _nodes(pool),
            **_quotas(pool),
        }
        for pool in pools
    }
    others = {name: {"reference": True, "nodes": {}} for name in references}
    return {
        "owner": owner,
        "pools": {**own, **others},
        "services": {each.service: packed(each.to_dict()) for each in wanted},
        "options": dict(options or {}),
    }


def _nodes(pool: Pool) -> dict[str, Any]:
    return {node.name: packed(node.to_dict()) for node in pool.nodes}


def _quotas(pool: Pool) -> dict[str, Any]:
    """Return the quotas; nothing where there are none, as it was before there were any."""
    return {"quotas": {name: dict(figures) for name, figures in pool.quotas.items()}} if pool.quotas else {}
