"""The ledger as everybody uses it: one method, one transaction. Each says what it needs; the modules beside do the work.

Safe to use from many threads. Time (aware), ids and causes are arguments: ``because`` goes to the event of every change.
A ledger on a server goes by the server's clock instead of the time that is handed in: those who share it may be on many
machines, and leases, losses and failures that one of them recorded are judged by another.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from components.ledger import (
    declarations,
    declaring,
    generations,
    leases,
    schema,
    snapshot,
    states,
    transitions,
    views,
)
from components.ledger import found as finding
from components.ledger import rebuild as rebuilding
from components.ledger.actor import Actor
from components.ledger.committing import commit as committing
from components.ledger.committing.conflicts import conflicts, tell_conflict
from components.ledger.database.backend import Receipt
from components.ledger.database.engine import Database
from components.ledger.database.keys import Vault
from components.ledger.database.vaults import Rotated, Vaults, encrypt_anew, known_key, source_of
from components.ledger.declaring import Declarations
from components.ledger.errors import (
    KeyFault,
    Refused,
    StalePlan,
    UnknownNode,
    UnknownOwner,
    UnknownRevision,
    Unusable,
)
from components.ledger.events import Story, failures_of, story_of
from components.ledger.events import history as story_history
from components.ledger.exported import Picture, export, picture_in
from components.ledger.machines import OF_A_MACHINE, Machine, identity, machines, state_folder, take_up
from components.ledger.overview import Overview, overview
from components.ledger.processes import alive as process_alive
from components.ledger.pruning import Pruned, prune
from components.ledger.records import (
    CardRow,
    Commit,
    Committed,
    EventRow,
    ForgetOutcome,
    InstanceRow,
    Lease,
    LeaseHolder,
    NodeStateRow,
    Observed,
    OpenStep,
    PastSpec,
    PlanRow,
    PoolRecord,
    Recorded,
    ServiceRecord,
    ServiceRow,
    SpecRecord,
    Transition,
    WaitingRow,
)
from components.ledger.rows import Row, load
from components.placement.bound import Assignments
from components.placement.plan_types import Step
from components.placement.snapshot import NodeState, Snapshot, StateCause
from components.spec.claim import Wanted
from components.spec.node import Node
from components.spec.quotas import Quotas
from components.spec.secret import masked, redacted

LEASE_TTL = timedelta(seconds=60)
"""How long a lease of a process on another machine stands without being renewed."""


T = TypeVar("T")
Clock = Callable[[datetime, datetime | None], datetime]
"""Returns the time that counts, of the caller's and the database server's (None: there is no server)."""


def servers_or_own(own: datetime, servers: datetime | None) -> datetime:
    """Return the server's time: the clocks of machines that share a ledger may differ by minutes."""
    return own if servers is None else servers


class Ledger:
    """A durable record of pools, declarations, reservations and what came of them. Made by ``open_ledger``."""

    def __init__(
        self,
        database: Database,
        vaults: Vaults,
        *,
        url: str,
        alive: leases.Alive = process_alive,
        actor: Callable[[], Actor] = Actor,
        clock: Clock = servers_or_own,
    ) -> None:
        """``vaults`` gives the ledger's key when it is first needed; ``alive`` says whether a lease's holder still runs.

        ``actor``: who writes, asked before the first write; every event names it. ``url`` is for people: no password in it.
        ``clock``: which time counts.
        """
        self.url = url
        self._actor = functools.cache(actor)
        self._database = database
        self._vaults = vaults
        self._alive = alive
        self._clock = clock
        self._identity: str | None = None

    @property
    def exists(self) -> bool:
        """Whether there is one. If not, every read answers as if nothing had ever been held."""
        return self._database.exists

    @property
    def absence(self) -> str:
        """A sentence that says that there is none at its place; empty where there is."""
        if self.exists:
            return ""
        return (
            f"there is no ledger at {self.url} yet: `eas up` makes one; if stacks run already, the right one is named "
            "with --ledger, EAS_LEDGER or eas:ledger"
        )

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def time(self, now: datetime) -> datetime:
        """Return the time by which the ledger goes: ``now``, or its server's, to be compared with what it recorded."""
        return self._database.reading(lambda connection: self._time(connection, now))

    # ------------------------------------------------------------------------------------------ declarations

    def declare_pool(  # noqa: PLR0913 - one call, one transaction; all but the first are given by name
        self,
        owner: str,
        pool_name: str,
        *,
        holder: str,
        resource: str,
        runtime: str,
        settings: Mapping[str, Any],
        nodes: Sequence[Node],
        quotas: Quotas | None = None,
        now: datetime,
        because: str,
    ) -> None:
        """Record a pool, or take it over; what it says counts once a plan takes it up. Raises :class:`ForeignHolder`."""
        pool = declarations.PoolDeclaration(
            pool_name, holder, resource, runtime, settings, tuple(nodes), quotas or {}
        )
        self._written(
            now,
            because,
            owner,
            lambda connection, story: declarations.declare_pool(connection, owner, pool, story, story.now),
        )

    def forget_pool(self, owner: str, pool_name: str, *, holder: str, now: datetime, because: str) -> bool:
        """Remove a pool; False when ``holder`` no longer holds it. Raises :class:`PoolInUse` while it holds anything."""
        return self._written(
            now,
            because,
            owner,
            lambda connection, story: declarations.forget_pool(connection, owner, pool_name, holder, story),
        )

    def pool(self, pool_name: str) -> PoolRecord | None:
        """Return a pool, or None where nobody declares it."""
        return self._database.reading(
            lambda connection: next(iter(declarations.pools(connection, pool_name)), None)
        )

    def pools(self) -> tuple[PoolRecord, ...]:
        """Return every pool, by name."""
        return self._database.reading(declarations.pools)

    def declare_service(  # noqa: PLR0913 - one call, one transaction; all but the first are given by name
        self,
        owner: str,
        service: str,
        *,
        holder: str,
        pool: str,
        revision: str,
        document: Mapping[str, Any],
        secrets: Mapping[str, str],
        settings: Mapping[str, Any] | None = None,
        now: datetime,
        because: str,
    ) -> None:
        """Record a service's spec, encrypted, or take the service over. Nothing starts."""
        declared = ServiceRecord(service, holder, pool, revision, document, secrets, settings or {})
        self.declare_services(owner, (declared,), now=now, because=because)

    def declare_services(
        self,
        owner: str,
        services: Iterable[ServiceRecord],
        *,
        now: datetime,
        because: str,
        causes: Mapping[str, str] | None = None,
    ) -> None:
        """Record many services in one transaction. ``causes``: service -> its own cause, where that is not ``because``."""
        declared = tuple(services)
        self._written(
            now,
            because,
            owner,
            lambda connection, story: declaring.declare_services(
                connection, owner, declared, self._vaults.of(connection), story, causes=causes
            ),
        )

    def forget_service(
        self, owner: str, service: str, *, holder: str, now: datetime, because: str
    ) -> ForgetOutcome:
        """Remove a declaration, unless instances are held: then the outcome names them, to be stopped first."""
        return self._written(
            now,
            because,
            owner,
            lambda connection, story: declarations.forget_service(connection, owner, service, holder, story),
        )

    def declared(self, owner: str) -> Declarations:
        """Return what stands declared of this owner, to be compared; without the ledger's key only by its revision."""

        def read(connection: sa.Connection) -> Declarations:
            try:
                vault = self._vaults.of(connection)
            except KeyFault:
                return declaring.declared(connection, owner, None)
            return declaring.declared(connection, owner, vault)

        return self._database.reading(read)

    def spec(self, owner: str, service: str, revision: str) -> SpecRecord:
        """Return what instances of this revision start from. Raises :class:`UnknownRevision`, :class:`KeyFault`."""
        return self._database.reading(
            lambda connection: declarations.spec(
                connection, owner, service, revision, self._vaults.of(connection)
            )
        )

    @property
    def picture(self) -> Picture | None:
        """What this ledger is a picture of; None for an ordinary one."""
        return self._database.reading(picture_in)

    def export(self, file: Path, picture: Picture) -> None:
        """Write a picture of this ledger into a new ``file``: see :mod:`components.ledger.exported`."""
        self._database.reading(lambda connection: export(connection, file, picture))

    # ------------------------------------------------------------------------------------------ the picture

    def knows(self, owner: str) -> bool:
        """Return whether this ledger has ever held an assignment of this owner: a committed plan, or a row.

        A declaration alone does not count: with ``--skip-preview`` one is written before the placement is checked.
        """
        return self._database.reading(
            lambda connection: any(
                connection.execute(sa.select(table.c.owner).where(table.c.owner == owner).limit(1)).first()
                is not None
                for table in (schema.plan, schema.instance)
            )
        )

    def newest_plan(self, owner: str) -> int:
        """Return the number of this owner's newest plan, 0 before its first."""
        return self._database.reading(lambda connection: generations.newest_plan(connection, owner))

    def require_owner(self, owner: str, *, assignments: int, generation: str = "") -> None:
        """Raise :class:`UnknownOwner` if Pulumi knows ``assignments`` > 0 of an owner that this ledger never held.

        Raises :class:`LedgerOlder` if it never had the plan that Pulumi's state knows as ``generation``; empty: none.
        """
        if assignments and not self.knows(owner):
            state = "has never held anything of this stack" if self.exists else "does not exist"
            name = self._database.backend.name
            raise UnknownOwner(
                f"ledger {name} {state} ({owner}), while Pulumi knows {assignments} assignments of it: "
                "planning from here would start everything a second time. Point --ledger, EAS_LEDGER or eas:ledger at the "
                "right file, or run `eas ledger rebuild`, which records anew what Pulumi's state and the runtime show"
            )
        if generation and assignments:
            self._database.reading(
                lambda connection: generations.require(
                    connection, owner, generation, self._database.backend.name
                )
            )

    def snapshot(
        self,
        owner: str,
        nodes: Sequence[Node] | None,
        pools: Iterable[str],
        *,
        quotas: Mapping[str, Quotas] | None = None,
    ) -> Snapshot:
        """Return what ``owner`` may plan from; ``nodes`` None: the ledger's (a stack that only references the pools).

        ``quotas``: what the program says of its own pools; of others what is recorded counts.
        """
        named = tuple(pools)
        return self._database.reading(
            lambda connection: snapshot.snapshot(connection, owner, nodes, named, quotas)
        )

    def set_node_state(  # noqa: PLR0913, PLR0917 - the columns of one row
        self,
        pool: str,
        node: str,
        card_uuid: str | None,
        state: NodeState,
        cause: StateCause,
        reason: str,
        who: str,
        now: datetime,
    ) -> None:
        """Record what an operator or observation says of a node or card; ``ready`` takes back what that cause said."""

        def set_state(connection: sa.Connection, story: Story) -> None:
            row = NodeStateRow(pool, node, card_uuid or "", state, cause, reason, who, story.now)
            states.set_state(connection, row, story)

        self._written(now, f"{cause} {who}", "", set_state)

    def node_states(self, pool: str) -> tuple[NodeStateRow, ...]:
        """Return what stands recorded of this pool's nodes and cards, with who and when."""
        return self._database.reading(lambda connection: states.states(connection, (pool,)))

    def forget_node(self, pool: str, node: str, *, now: datetime, because: str) -> tuple[str, ...]:
        """Remove all rows on a lost node because somebody vouches that it will not return. Returns their ids.

        Raises :class:`UnknownNode`, or :class:`Refused` unless the node is recorded as lost: what may still run there
        must not lose its place.
        """

        def forget(connection: sa.Connection, story: Story) -> tuple[str, ...]:
            counted = [pair for pair in declarations.nodes_of(connection, (pool,)) if pair[0].name == node]
            if not counted:
                raise UnknownNode(
                    f"the ledger knows no node {node!r} in pool {pool!r}; `eas pool` lists them"
                )
            view = states.views(counted, states.states(connection, (pool,)))[0]
            if view.state != "lost":
                raise Refused(
                    f"node {pool}/{node} is {view.state}, not lost, so what is recorded there may still run; "
                    "if it will never return, mark it lost first"
                )
            here = load(connection, schema.instance.c.pool == pool, schema.instance.c.node == node)
            transitions.forced_gone(connection, here, story, story.now)
            return tuple(row.held.id for row in here)

        return self._written(now, because, "", forget)

    def specs(self, owner: str, revisions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SpecRecord]:
        """Return what :meth:`spec` does for many (service, revision) at once; those that are not there are left out."""
        asked = frozenset(revisions)
        return self._database.reading(
            lambda connection: declarations.specs(connection, owner, asked, self._vaults.of(connection))
        )

    def runtimes_home(self, env: Mapping[str, str]) -> Path:
        """Return the folder in which this machine's runtimes keep their files: beside a ledger in a file, else the user's.

        ``env`` may have ``XDG_STATE_HOME``. A database that has no name of its own yet goes by that of its key.
        """
        backend = self._database.backend
        if not backend.on_server:
            return backend.key_file.parent
        if self._identity is None:
            with self._database.read() as connection:
                self._identity = identity(connection)
        return state_folder(env) / (self._identity or backend.key_file.stem)

    def take_up_pools(self, owner: str, here: Machine) -> None:
        """Note that the pools on which ``owner`` holds something are on this machine: see :mod:`components.ledger.machines`.

        Nothing for a ledger in a file, and for runtimes that other machines can ask.
        """
        if not self._database.backend.on_server:
            return
        table, pool = schema.instance, schema.pool
        query = (
            sa.select(pool.c.name)
            .where(pool.c.runtime.in_(OF_A_MACHINE))
            .where(sa.exists().where(table.c.owner == owner, table.c.pool == pool.c.name))
        )
        with self._database.read() as connection:
            known = machines(connection)
            mine = [name for name in connection.scalars(query) if known.get(name) != here]
        if mine:
            with self._database.write() as connection:
                take_up(connection, mine, here)

    def machines(self) -> dict[str, Machine]:
        """Return pool -> the machine that its processes are on, as far as one has taken it up."""
        if not self._database.backend.on_server:
            return {}
        with self._database.read() as connection:
            return machines(connection)

    def open_steps(self, owner: str) -> tuple[OpenStep, ...]:
        """Return the committed steps of this owner that are not done, in order."""
        return self._database.reading(lambda connection: snapshot.open_steps(connection, owner))

    def unfinished(self, owner: str) -> bool:
        """Return whether a committed plan of this owner has steps that are not done."""
        return self._database.reading(lambda connection: snapshot.unfinished(connection, owner))

    def committed(self, owner: str) -> Committed | None:
        """Return what this owner's newest plan wants and has not done; None before its first."""
        return self._database.reading(lambda connection: snapshot.committed(connection, owner))

    # --------------------------------------------------------------------------------------------- commit

    def commit(  # noqa: PLR0913 - one call, one transaction; all but the first are given by name
        self,
        owner: str,
        *,
        nodes: Sequence[Node],
        pools: Sequence[str],
        wanted: Sequence[Wanted],
        assignments: Assignments,
        steps: Sequence[Step],
        mint: Callable[[], str],
        now: datetime,
        because: str,
        expected: Snapshot | None = None,
        holder: str = "",
        process: LeaseHolder | None = None,
        tokens: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        quotas: Mapping[str, Quotas] | None = None,
        repair: bool = False,
        generation: str = "",
    ) -> Commit:
        """Re-judge a plan against what is recorded now and write it whole, or change nothing.

        ``mint`` returns a new incarnation each time. ``holder``: physical id of the Placement that holds the reservations
        from now on. ``process``: who commits; then another live process that carries out for this owner is in the way.
        ``tokens``: service -> the token that its stack's secret makes, and ``options``: how services are placed; both are
        kept for reconciling, the tokens encrypted. ``quotas``: what the program says of its own pools, taken up with their
        nodes. ``repair``: the plan works towards what an earlier one wants, so that no declaration is taken up or forgotten.
        ``generation``: the mark by which Pulumi's state knows the plan.
        Raises :class:`StalePlan`, :class:`PlanIncomplete`, :class:`LeaseHeld`.
        """
        proposal = committing.Proposal(
            owner,
            nodes,
            pools,
            wanted,
            assignments,
            steps,
            expected,
            holder,
            {},
            options,
            repair,
            process,
            self._alive,
            {} if repair else (quotas or {}),
            generation,
        )

        def work(connection: sa.Connection, story: Story) -> Commit:
            sealed = self._sealed(connection, owner, tokens or {})
            return committing.commit(connection, replace(proposal, tokens=sealed), mint, story, story.now)

        try:
            return self._written(now, because, owner, work)
        except StalePlan as stale:
            self.conflict(owner, stale, now=now, because=because)
            raise

    def _sealed(self, connection: sa.Connection, owner: str, tokens: Mapping[str, str]) -> dict[str, bytes]:
        if not tokens:
            return {}
        vault = self._vaults.of(connection)
        return {
            name: vault.seal({"token": token}, declarations.about_token(owner, name))
            for name, token in tokens.items()
        }

    def conflict(self, owner: str, stale: StalePlan, *, now: datetime, because: str) -> None:
        """Record that a plan was stale; where that cannot be written, what it was refused with matters more."""
        with suppress(Unusable):
            self._written(
                now,
                because,
                owner,
                lambda connection, story: tell_conflict(connection, owner, stale, story),
            )

    # -------------------------------------------------------------------------------------------- reconciling

    def tokens(self, owner: str) -> dict[str, str]:
        """Return service -> the token that the stack's secret made at the last commit. Raises :class:`KeyFault`."""
        return self._database.reading(lambda connection: self._opened(connection, owner))

    def _opened(self, connection: sa.Connection, owner: str) -> dict[str, str]:
        sealed = views.tokens(connection, owner)
        vault = self._vaults.of(connection) if sealed else None
        return {
            name: str(vault.open(each, declarations.about_token(owner, name))["token"])
            for name, each in sealed.items()
            if vault is not None
        }

    def options(self, owner: str) -> dict[str, Any]:
        """Return how this owner's services are placed, as its last commit said."""
        return self._database.reading(lambda connection: views.options(connection, owner))

    def failures(self, owner: str, *, since: datetime) -> tuple[tuple[str, datetime], ...]:
        """Return (instance id, when) of each failure that was recorded from ``since`` on, oldest first."""
        return self._database.reading(lambda connection: failures_of(connection, owner, since))

    def confirmed(self, pool: str) -> datetime | None:
        """Return until when losses of nodes of this pool are confirmed by a person; None where none ever were."""
        return self._database.reading(lambda connection: states.confirmed(connection, pool))

    def confirm(self, pool: str, *, who: str, now: datetime, because: str) -> None:
        """Record that the nodes of this pool that are lost by now are lost indeed."""
        self._written(
            now,
            because,
            "",
            lambda connection, story: states.confirm(connection, pool, who, story, story.now),
        )

    def passed(self, pools: Sequence[str], *, now: datetime) -> None:
        """Record that a reconciler has come through a pass over these pools."""

        def passed(connection: sa.Connection) -> tuple[None, None]:
            states.passed(connection, pools, self._time(connection, now))
            return None, None

        self._database.writing(passed)

    def rebuild(self, past: rebuilding.Past, *, now: datetime, because: str) -> Commit:
        """Record anew what a lost ledger held of ``past.owner``. Raises :class:`Refused` where it holds anything of it."""
        return self._written(
            now,
            because,
            past.owner,
            lambda connection, story: rebuilding.rebuild(
                connection, past, self._vaults.of(connection), story, story.now
            ),
        )

    def prune(self, before: datetime, *, now: datetime, because: str) -> Pruned:
        """Remove events and past specs older than ``before``. Raises :class:`Refused` for what is too young."""
        return self._written(now, because, "", lambda connection, story: prune(connection, before, story))

    def key(self) -> tuple[str | None, str]:
        """Return the fingerprint of the ledger's key (None: it has none yet), and where the key is looked for."""
        return self._database.reading(known_key), source_of(os.environ, self._vaults.file)

    def rotate_key(self, *, now: datetime, because: str) -> Rotated:
        """Put a new key in the place of the ledger's, and encrypt everything anew, in one transaction.

        See :meth:`Vaults.successor` for where the new one comes from, and for what is left wherever it dies. Raises
        :class:`KeyFault`.
        """
        with self._vaults.successor(self._database.reading(known_key)) as new:

            def work(connection: sa.Connection, story: Story) -> Rotated:
                old = self._vaults.of(connection)
                specs, tokens = encrypt_anew(connection, old, new)
                detail = f"from {old.fingerprint} to {new.fingerprint}: {specs} specs, {tokens} tokens"
                story.tell("ledger/key", "key rotated", detail)
                return Rotated(old.fingerprint, new.fingerprint, specs, tokens, new.source)

            done = self._written(now, because, "", work)
            self._vaults.rotated(new)
        return done

    def record_found(
        self,
        owner: str,
        found: Sequence[finding.Found],
        *,
        gone: Collection[str] = (),
        now: datetime,
        because: str,
    ) -> None:
        """Record what runs for ``owner`` and is not recorded; ``gone``: its rows seen gone. Raises :class:`Refused`."""
        self._written(
            now,
            because,
            owner,
            lambda connection, story: finding.record_found(connection, owner, found, gone, story, now),
        )

    def placement_holder(self, owner: str) -> str | None:
        """Return the physical id of the Placement that holds this owner's reservations; None where none does."""
        query = sa.select(schema.owner.c.placement).where(schema.owner.c.name == owner)
        return self._database.reading(lambda connection: connection.scalar(query)) or None

    def release_owner(self, owner: str, *, holder: str, now: datetime, because: str) -> bool:
        """Forget what this owner's plans want; False when anything is held or ``holder`` no longer holds it."""
        return self._written(
            now,
            because,
            owner,
            lambda connection, story: committing.release(connection, owner, holder, story),
        )

    # ------------------------------------------------------------------------------------------ carrying out

    def lease(
        self,
        owner: str,
        services: Sequence[str],
        *,
        holder: LeaseHolder,
        now: datetime,
        because: str = "carrying out",
        ttl: timedelta = LEASE_TTL,
    ) -> dict[str, int]:
        """Return a fencing number per service, all or none. Raises :class:`LeaseHeld`, naming who carries out."""
        return self._written(
            now,
            because,
            owner,
            lambda connection, story: leases.acquire(
                connection, owner, services, leases.Asked(holder, ttl, self._alive), story, story.now
            ),
        )

    def renew(
        self, owner: str, fences: Mapping[str, int], *, now: datetime, ttl: timedelta = LEASE_TTL
    ) -> tuple[str, ...]:
        """Put off the end of leases; returns the services that are no longer held under these numbers."""
        return self._database.writing(
            lambda connection: (
                leases.renew(connection, owner, fences, ttl, self._time(connection, now)),
                None,
            )
        )

    def release(
        self, owner: str, fences: Mapping[str, int], *, now: datetime, because: str = "carrying out"
    ) -> None:
        """Give up leases."""
        self._written(
            now, because, owner, lambda connection, story: leases.release(connection, owner, fences, story)
        )

    def leases(self, owner: str | None = None, *, now: datetime) -> tuple[Lease, ...]:
        """Return the leases of processes that live: on this machine by asking it, on others until they run out."""
        return self._database.reading(
            lambda connection: leases.leases(connection, owner, self._alive, self._time(connection, now))
        )

    def record(self, batch: Sequence[Transition], *, now: datetime, because: str) -> Recorded:
        """Record what happened to many instances in one transaction; what is refused is refused alone."""
        if not batch:
            return Recorded()
        return self._written(
            now,
            because,
            "",
            lambda connection, story: transitions.record(
                connection, batch, self._redactor(connection), story, story.now
            ),
        )

    def starting(
        self,
        instance_id: str,
        fence: int,
        now: datetime,
        because: str,
        *,
        step: tuple[int, int] | None = None,
    ) -> None:
        """Record, before telling the runtime, that an instance is being started. Raises :class:`LeaseLost` and others."""
        self._one(Transition(instance_id, "starting", fence, step=step), now, because)

    def ready(
        self,
        instance_id: str,
        fence: int,
        endpoint: str,
        now: datetime,
        because: str,
        *,
        step: tuple[int, int] | None = None,
    ) -> None:
        """Record that an instance serves at ``endpoint``."""
        self._one(Transition(instance_id, "ready", fence, endpoint=endpoint, step=step), now, because)

    def failed(self, instance_id: str, fence: int, detail: str, now: datetime, because: str) -> None:
        """Record that an instance failed, with the reason and the last lines of its log. It holds its place."""
        self._one(Transition(instance_id, "failed", fence, detail=detail), now, because)

    def stopping(self, instance_id: str, fence: int, now: datetime, because: str) -> None:
        """Record, before telling the runtime, that an instance is being stopped. It holds its place."""
        self._one(Transition(instance_id, "stopping", fence), now, because)

    def gone(
        self,
        instance_id: str,
        fence: int,
        now: datetime,
        because: str,
        *,
        step: tuple[int, int] | None = None,
    ) -> tuple[str, ...]:
        """Record that an instance was seen gone: its place is free, or handed to who waits for it. Returns those ids."""
        return self._one(Transition(instance_id, "gone", fence, step=step), now, because).released

    def reconfigured(
        self,
        instance_id: str,
        fence: int,
        token_hash: str,
        now: datetime,
        because: str,
        *,
        step: tuple[int, int] | None = None,
    ) -> None:
        """Record that a running instance has its new token."""
        self._one(
            Transition(instance_id, "reconfigured", fence, token_hash=token_hash, step=step), now, because
        )

    def observed(
        self, instance_id: str, condition: Observed, detail: str, now: datetime, because: str
    ) -> tuple[str, ...]:
        """Record what was seen of one settled instance; see :meth:`observe`."""
        return self.observe({instance_id: (condition, detail)}, now=now, because=because)

    def observe(
        self, seen: Mapping[str, tuple[Observed, str]], *, now: datetime, because: str
    ) -> tuple[str, ...]:
        """Record ready instances seen dead as failed and failed ones that answer as ready; returns those that changed."""
        if not seen:
            return ()
        return self._written(
            now,
            because,
            "",
            lambda connection, story: transitions.observe(
                connection, seen, self._redactor(connection), story, story.now
            ),
        )

    # ------------------------------------------------------------------------------------------------ views

    def instances(
        self, owner: str | None = None, pool: str | None = None, service: str | None = None
    ) -> tuple[InstanceRow, ...]:
        """Return the rows that match, by owner, service and ordinal."""
        return self._database.reading(lambda connection: views.instances(connection, owner, pool, service))

    def services(self, owner: str | None = None) -> tuple[ServiceRow, ...]:
        """Return every service with its instances counted by state."""
        return self._database.reading(lambda connection: views.services(connection, owner))

    def waiting(self, owner: str | None = None) -> tuple[WaitingRow, ...]:
        """Return the instances that wait for a place."""
        return self._database.reading(lambda connection: views.waiting(connection, owner))

    def cards(self, pool: str | None = None) -> tuple[CardRow, ...]:
        """Return the cards with what is taken on each."""
        return self._database.reading(lambda connection: views.cards(connection, pool))

    def events(
        self, subject: str | None = None, limit: int = 100, *, owner: str | None = None
    ) -> tuple[EventRow, ...]:
        """Return the story of a subject and all below it, oldest first; see :mod:`components.ledger.events`."""
        return self._database.reading(
            lambda connection: story_of(connection, subject, owner=owner, limit=limit)
        )

    def history(
        self,
        *,
        owner: str | None = None,
        subjects: Sequence[str] = (),
        node: str | None = None,
        card: str | None = None,
        since: datetime | None = None,
        untold: Sequence[str] = (),
        limit: int = 100,
    ) -> tuple[EventRow, ...]:
        """Return what happened, oldest first; see :func:`components.ledger.events.history`."""
        return self._database.reading(
            lambda connection: story_history(
                connection,
                owner=owner,
                subjects=subjects,
                node=node,
                card=card,
                since=since,
                untold=untold,
                limit=limit,
            )
        )

    def conflicts(self, *, since: datetime, limit: int) -> tuple[EventRow, ...]:
        """Return the newest events of plans that were stale at their commit, of every owner, oldest first."""
        return self._database.reading(lambda connection: conflicts(connection, since, limit))

    def overview(self, *, after: int, now: datetime) -> Overview:
        """Return all that metrics are made of, and the events after number ``after``, all of one moment."""
        return self._database.reading(
            lambda connection: overview(connection, after, self._alive, self._time(connection, now))
        )

    def past_specs(self, owner: str, service: str) -> tuple[PastSpec, ...]:
        """Return every spec of a service that was ever taken up, oldest first. Raises :class:`KeyFault`."""
        return self._database.reading(
            lambda connection: declarations.past_specs(
                connection, owner, service, self._vaults.of(connection)
            )
        )

    def plans(self, owner: str | None = None, limit: int = 20) -> tuple[PlanRow, ...]:
        """Return the newest committed plans, newest first."""
        return self._database.reading(lambda connection: views.plans(connection, owner, limit))

    # --------------------------------------------------------------------------------------------- within

    def _one(self, item: Transition, now: datetime, because: str) -> Recorded:
        recorded = self.record((item,), now=now, because=because)
        for refusal in recorded.refused.values():
            raise refusal
        return recorded

    def _redactor(self, connection: sa.Connection) -> transitions.Redact:
        @functools.cache
        def vault() -> Vault:
            return self._vaults.of(connection)

        @functools.cache
        def made(owner: str) -> Mapping[str, str]:
            return self._opened(connection, owner)

        def redact(row: Row, text: str) -> str:
            if not text:
                return text
            # No text of PostgreSQL may hold the character that programs end theirs with.
            text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
            held = row.held
            try:
                secrets = declarations.spec(
                    connection, held.owner, held.service, held.revision, vault()
                ).secrets
            except UnknownRevision:
                return masked(text)
            # A token that the stack's secret makes is told to the process as well, and stands in no file.
            return redacted(text, {**secrets, "made": made(held.owner).get(held.service, "")})

        return redact

    def _written(
        self, now: datetime, because: str, owner: str, work: Callable[[sa.Connection, Story], T]
    ) -> T:
        """Return what ``work`` does in one transaction, told with its cause; it is done again where that was cut off."""
        actor = self._actor()

        def told(connection: sa.Connection) -> tuple[T, Receipt | None]:
            story = Story(self._time(connection, now), because, owner, actor)
            done = work(connection, story)
            return done, self._database.backend.receipt(connection, story.write(connection))

        return self._database.writing(told)

    def _time(self, connection: sa.Connection, now: datetime) -> datetime:
        """Return the time that counts: the server's, where the ledger is on one."""
        return self._clock(now, self._database.time(connection))
