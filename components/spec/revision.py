"""What placement is told of a service, and the digest of all whose change restarts its instances."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from components.spec.claim import Wanted
from components.spec.stand_in import stand_in_for

if TYPE_CHECKING:
    # A provider makes tokens and hashes, and reads no file: pydantic would cost each of its starts a quarter more.
    from components.spec.pool import Pool
    from components.spec.service import Service

DIGITS = 16
"""Hexadecimal digits of a digest: 64 bits, enough that no two revisions of a service meet."""

DEFAULT_SURGE = "2%"
"""EAS's ``max_surge``, rounded up and at least 1 (PAI, "Rolling updates")."""

REVIEWING = "EAS_REVIEW_PICTURE"
"""Set by `eas review --snapshot`: without the stack's secret, hashes are those that the picture of the ledger has."""

_NO_RESTART_TOP = ("labels", "token", "autoscaler")
_NO_RESTART_METADATA = ("name", "instance", "rolling_strategy")


def revision_of(service: Service, secret: bytes, pool: Pool | None = None) -> str:
    """Return the digest of everything whose change restarts an instance, 16 hexadecimal digits.

    Not in it: name, ``instance``, labels, token, autoscaler, rolling strategy, spread; nor whether ``gpu: 0``
    is written or left out. In it where an entry of ``pool``'s ``local.run`` is what runs: that command.
    Keyed, so that it tells nothing of the secrets and environment that it covers.
    """
    data = _restarting(service.data())
    for line in settings_of_revision(service, pool).get("run", {}).values():
        data = {"service": data, "local.run": line}
    return keyed(secret, "revision", data)


def settings_of_revision(service: Service, pool: Pool | None) -> dict[str, Any]:
    """Return what of the pool's section for its runtime an instance of this revision starts with, whatever it says later.

    On the local runtime that is ``run`` with the one command that stands in for this service, under its name, or with none
    where its own runs. Laid over the pool's settings of the day by ``settle/launch.py``.
    """
    if pool is None or pool.runtime != "local":
        return {}
    entry = stand_in_for(service, pool.local.run)
    return {"run": {} if entry is None else {service.name: pool.settings()["run"][entry]}}


def public_digest(document: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the digest of the public part of what a revision covers: needs no secret, and says nothing of secrets.

    ``document``: as :meth:`Service.public` returns it; ``settings``: as :func:`settings_of_revision` does.
    """
    data = _restarting(json.loads(json.dumps(document)))
    for line in settings.get("run", {}).values():
        data = {"service": data, "local.run": line}
    return sha256(json.dumps(data, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _restarting(data: dict[str, Any]) -> dict[str, Any]:
    for key in _NO_RESTART_TOP:
        data.pop(key, None)
    metadata = data.get("metadata", {})
    for key in _NO_RESTART_METADATA:
        metadata.pop(key, None)
    for key in ("gpu", "gpu_memory"):
        if metadata.get(key) == 0:
            del metadata[key]
    scheduling = metadata.get("scheduling")
    if isinstance(scheduling, dict):
        scheduling.pop("spread", None)
        if not scheduling:
            del metadata["scheduling"]
    if not metadata:
        data.pop("metadata", None)
    return data


def keyed(secret: bytes, purpose: str, data: Any) -> str:
    """Return a keyed hash of plain data; one ``purpose`` never answers for another."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
    return hmac.new(secret, message, sha256).hexdigest()[:DIGITS]


def token_of(service: Service, owner: str, secret: bytes) -> str:
    """Return the file's token, or :func:`derived_token`."""
    return service.token or derived_token(owner, service.name, secret)


def derived_token(owner: str, service: str, secret: bytes) -> str:
    """Return the token made from owner, service and secret; stored nowhere, as it can be made again."""
    return hmac.new(secret, f"token\0{owner}/{service}".encode(), sha256).hexdigest()


def token_hash_of(service: Service, secret: bytes) -> str:
    """Return a keyed hash that changes when the token does."""
    return keyed(secret, "token", service.token)


def rolling_of(service: Service, pool: Pool) -> tuple[int | str, int]:
    """Return (max_surge, max_unavailable): as written, else EAS's default by kind of pool.

    Defaults of ``max_unavailable`` (PAI, "Rolling updates"): dedicated and virtual groups 1, or 0 with the
    elastic pool (``resource_burstable``); resource quotas and the public group 0.
    """
    written = service.metadata.rolling_strategy
    surge: int | str = DEFAULT_SURGE if written.max_surge is None else written.max_surge
    if written.max_unavailable is not None:
        return surge, written.max_unavailable
    dedicated = pool.resource.startswith(("eas-r-", "eas-vr-"))
    return surge, 1 if dedicated and not service.metadata.resource_burstable else 0


def wanted_of(service: Service, pool: Pool, *, secret: bytes) -> Wanted:
    """Return what placement needs to know of a service that runs in ``pool``."""
    surge, unavailable = rolling_of(service, pool)
    return Wanted(
        service=service.name,
        pool=pool.name,
        claim=service.claim(),
        instances=service.instance,
        revision=revision_of(service, secret, pool),
        token_hash=token_hash_of(service, secret),
        spread=service.metadata.scheduling.spread.policy,
        max_surge=surge,
        max_unavailable=unavailable,
        autoscale=service.autoscaler.bounds if service.autoscaler else None,
        labels=dict(service.labels),
    )
