"""From open steps to tasks: rows, pools, runtimes, specs and limits as the ledger has them. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property

from components.ledger import (
    Ledger,
    LedgerError,
    OpenStep,
    PoolRecord,
    SpecRecord,
    UnknownRevision,
    this_machine,
)
from components.placement.address import address_of, card_indexes
from components.placement.snapshot import Held
from components.runtimes.port import Runtime
from components.settle.lanes import INSTANT, PARALLEL
from components.settle.launch import launch_of
from components.settle.limits import AFTER_GRACE_S, GRACE_S, ready_limit, stop_limit
from components.settle.outcome import SettleError
from components.settle.task import Task, short
from components.spec.node import Node
from components.spec.secret import masked, redacted

TokenFor = Callable[[str, str | None], str]
"""(service, the token that its file declares) -> its token."""


MANY = 20
"""From this many specs on, all of the owner are looked through once instead of each being asked for."""


class Outfitter:
    """What one run needs of the ledger, read once; specs when first needed."""

    def __init__(
        self, ledger: Ledger, owner: str, runtimes: Callable[[str], Runtime], token_for: TokenFor | None
    ) -> None:
        """Read the pools. ``token_for`` is None where nothing is started; then only a file's own secrets are known."""
        self._ledger = ledger
        self._owner = owner
        self._runtimes = runtimes
        self._token_for = token_for
        self._pools: dict[str, PoolRecord] = {pool.name: pool for pool in ledger.pools()}
        self._specs: dict[tuple[str, str], SpecRecord] = {}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Key -> node, also those that left the program and still hold something."""
        views = self._ledger.snapshot(self._owner, None, tuple(self._pools)).nodes
        return {view.node.key: view.node for view in views}

    @cached_property
    def indexes(self) -> dict[str, int]:
        """Card UUID -> index, for people."""
        return card_indexes(self.nodes.values())

    @cached_property
    def _token_hashes(self) -> Mapping[str, str]:
        committed = self._ledger.committed(self._owner)
        return {want.service: want.token_hash for want in committed.wanted} if committed else {}

    def token_hash(self, service: str) -> str:
        """Return the hash of the token that the committed plan wants."""
        return self._token_hashes.get(service, "")

    def parallel(self, pool: str) -> int:
        """Return how many instances of a pool may be in flight: its setting ``parallel``, else what its runtime bears."""
        record = self._pools.get(pool)
        value = record.settings.get("parallel") if record else None
        if isinstance(value, int | float) and value >= 1:
            return int(value)
        return INSTANT if record and self.runtime_of(pool).capabilities().instant else PARALLEL

    def runtime_of(self, pool: str) -> Runtime:
        """Return the runtime of a pool; raises :class:`SettleError` when the ledger has no such pool."""
        record = self._pools.get(pool)
        if record is None:
            raise SettleError(
                f"the ledger has instances on pool {pool} and no such pool; declare it again and run `pulumi up`"
            )
        if (machine := self.elsewhere.get(pool)) is not None:
            raise SettleError(
                f"what runs on pool {pool} is on machine {machine}, and can be seen and told only there: run the same "
                "command there. If that machine is gone for good, `eas forget` its nodes first"
            )
        return self._runtimes(record.runtime)

    def all_runtimes(self) -> tuple[Runtime, ...]:
        """Return every runtime that a pool of this ledger uses here, each once."""
        here = {pool.runtime for pool in self._pools.values() if pool.name not in self.elsewhere}
        return tuple(self._runtimes(name) for name in sorted(here))

    @cached_property
    def elsewhere(self) -> Mapping[str, str]:
        """Pools whose processes are on another machine -> its name."""
        here = this_machine()
        return {
            pool: machine.host for pool, machine in self._ledger.machines().items() if machine.id != here.id
        }

    def tasks(self, steps: Iterable[OpenStep], rows: Mapping[str, Held]) -> dict[int, Task]:
        """Return a task for each step, with its row of ``rows`` (id -> row) where there is one."""
        steps = tuple(steps)
        self._read_specs(rows[step.instance] for step in steps if step.instance in rows)
        tasks = {}
        for open_step in steps:
            held = rows.get(open_step.instance)
            step = open_step.step
            tasks[step.n] = Task(
                step=step,
                id=open_step.instance,
                name=short(open_step.instance, self._owner),
                recorded=held.state if held else "absent",
                held=held,
                engine=self.runtime_of(held.place.pool) if held else None,
                key=open_step.key if open_step.plan_id else None,
                pool=held.place.pool if held else "",
                where=address_of(held.place, self.indexes) if held else "",
                verb=step.op,
            )
        return tasks

    def outfit(self, task: Task) -> None:
        """Write launch, secrets and limits on the task; raises ``LedgerError`` where its spec cannot be read."""
        held = task.held
        if held is None:
            return
        task.stop_limit_s = GRACE_S + AFTER_GRACE_S
        spec = self._spec(held)
        pool = self._pools[held.place.pool]
        task.stop_limit_s = stop_limit(spec.document)
        task.limit_s = ready_limit(spec.document, pool.settings)
        task.secrets = self._secrets(held.service, spec)
        if task.verb != "stop":
            task.launch = launch_of(held, spec, task.secrets, pool, self.nodes)

    def hide_secrets(self, held: Held, text: str) -> str:
        """Return ``text``, which may quote a log, without the secrets of the instance's service."""
        try:
            return redacted(text, self._secrets(held.service, self._spec(held))) if text else text
        except UnknownRevision:
            return masked(text)

    def _secrets(self, service: str, spec: SpecRecord) -> Mapping[str, str]:
        """Return what the file kept secret, and the token, which may be made from the stack's secret instead."""
        if self._token_for is None:
            return spec.secrets
        return {**spec.secrets, "token": self._token_for(service, spec.secrets.get("token"))}

    def _read_specs(self, held: Iterable[Held]) -> None:
        """Read many specs at once; what cannot be read is found out, and said, one by one."""
        wanted = {(row.service, row.revision) for row in held}
        if len(wanted) >= MANY:
            with suppress(LedgerError):
                self._specs.update(self._ledger.specs(self._owner, wanted))

    def _spec(self, held: Held) -> SpecRecord:
        key = (held.service, held.revision)
        if key not in self._specs:
            self._specs[key] = self._ledger.spec(self._owner, *key)
        return self._specs[key]
