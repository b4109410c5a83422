"""What the ledger records of a pool that another stack declares, for one that only names it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from components.ledger.admission import unknown_pool
from components.ledger.errors import LedgerError
from components.ledger.store import Ledger
from components.spec.fault import Fault
from components.spec.pool import Pool
from components.spec.pool_file import LocalSettings, RuntimeName
from components.spec.references import REFERENCED, Borrow


def borrow_from(ledger: Ledger, owner: str) -> Borrow:
    """Return what fills in such pools from this ledger, for a stack of this ``owner``."""

    def borrow(pool: Pool) -> Pool | Fault:
        try:
            return _borrowed(ledger, owner, pool)
        except LedgerError as error:
            return _fault(pool, str(error), "")

    return borrow


def _borrowed(ledger: Ledger, owner: str, pool: Pool) -> Pool | Fault:
    record = ledger.pool(pool.name)
    if record is None:
        return _fault(pool, unknown_pool(ledger, pool.name), "")
    if record.owner == owner:
        message = f"pool {pool.name!r} is referenced, and this very stack ({owner}) declares it."
        fix = "Write its nodes and delete the reference; another stack takes it over once this one has destroyed it."
        return _fault(pool, message, fix)
    if record.runtime == "local":
        run = {**record.settings.get("run", {}), **pool.local.run}
        local, settings = LocalSettings.model_validate({**record.settings, "run": run}), {}
    else:
        local, settings = pool.local, dict(record.settings)
    return replace(
        pool,
        resource=record.resource,
        runtime=cast(RuntimeName, record.runtime),
        local=local,
        runtime_settings=settings,
        nodes=record.nodes,
        discover=False,
    )


def _fault(pool: Pool, message: str, fix: str) -> Fault:
    return pool.fault(REFERENCED, "invalid", "name", pool.name, message, fix)
