"""Another owner in the same ledger: it takes and gives up slices by itself, with the ledger's own interface."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.fleet.program import POOL
from bench.fleet.seen import Seen
from components.ledger import LedgerError, ServiceRecord, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.runtimes.simulated import SimulatedRuntime
from components.settle import settle
from components.spec.claim import Claim, Wanted

OWNER = "organization/search/prod-33bb44"
SHARE = 0.25
"""Of all cards' memory, so much it takes at most."""
LEAST_MIB = 4 * 1024


class Neighbour:
    """Each of its services is one instance on one card."""

    def __init__(self, url: str, home: Path, label: str, owner: str = OWNER) -> None:
        """``label``: what the names of its services begin with."""
        self.owner = owner
        self._ledger = open_ledger(url, home=home, create=True)
        self._runtime = SimulatedRuntime(home)
        self._numbers = itertools.count()
        self._label = label
        self._because = "the neighbour"

    def close(self) -> None:
        """Close its files."""
        self._ledger.close()
        self._runtime.close()

    def take(self, seen: Seen, chance: Random, cards: list[str]) -> str:
        """Take what is free of one of these cards, or a part; returns what it did, empty where it takes nothing."""
        whole = sum(card.memory for card in seen.cards.values())
        mine = sum(row.memory for row in seen.of(self.owner).values())
        for uuid in chance.sample(cards, len(cards)):
            memory, compute = _free(seen, uuid)
            size = min(memory if chance.random() < 0.5 else chance.randint(1, 40) * 1024, memory)
            if memory < LEAST_MIB or mine + size > SHARE * whole:
                continue
            percent = min(chance.choice((0, 0, 10, 20)), compute)
            place = Place(POOL, seen.cards[uuid].node, (uuid,), size, percent, 500, 512)
            name = f"{self._label}{next(self._numbers)}"
            if self._commit(add=(name, place)):
                return f"took {size} MiB of {seen.cards[uuid].address}"
        return ""

    def give(self, seen: Seen, chance: Random) -> str:
        """Stop one of its instances; returns what it did."""
        mine = seen.of(self.owner)
        if not mine:
            return ""
        row = mine[chance.choice(sorted(mine))]
        if row.state not in ("ready", "failed"):
            return ""
        return f"gave {row.memory} MiB of {row.node} up" if self._commit(drop=row.service) else ""

    def operator(self, node: str, state: str) -> None:
        """Say what an operator says with ``eas drain`` and ``uncordon``."""
        drained = state != "ready"
        self._ledger.set_node_state(
            POOL, node, None, "draining" if drained else "ready", "operator", "bench", "operator", _now()
        )

    def _commit(self, add: tuple[str, Place] | None = None, drop: str = "") -> bool:
        """Commit and carry out; False where somebody was faster or the place is no longer for new ones."""
        held = {
            row.held.service: row.held
            for row in self._ledger.instances(owner=self.owner)
            if row.held.state != "stopping"
        }
        steps: list[Step] = []
        if add:
            steps.append(Step(1, "start", "start", add[0], 0, revision="r", place=add[1]))
            self._declare(add[0])
        if drop:
            row = held.pop(drop)
            steps.append(Step(1, "stop", "stop", drop, 0, instance=row.id, place=row.place))
        places = {name: row.place for name, row in held.items()} | ({add[0]: add[1]} if add else {})
        try:
            self._ledger.commit(
                self.owner,
                nodes=(),
                pools=[POOL],
                wanted=[_wanted(name, place) for name, place in sorted(places.items())],
                process=this_process(self._because),
                tokens={name: f"token of {name}" for name in places},
                assignments={name: {0: place} for name, place in sorted(places.items())},
                steps=steps,
                mint=lambda: f"{next(self._numbers):06x}",
                now=_now(),
                because=self._because,
            )
            self._settle()
        except LedgerError:
            return False
        return True

    def _declare(self, name: str) -> None:
        document = {"metadata": {"name": name}, "containers": [{"image": "registry.example/theirs:1"}]}
        record = ServiceRecord(name, f"service-{name}", POOL, "r", document)
        self._ledger.declare_services(self.owner, [record], now=_now(), because=self._because)

    def _settle(self) -> None:
        settle(
            self._ledger,
            lambda _name: self._runtime,
            self.owner,
            holder=this_process(self._because),
            token_for=lambda service, declared: declared or f"token of {service}",
            clock=_now,
            sleep=time.sleep,
            report=_silence,
        )


_silence: Callable[[object], None] = lambda _progress: None  # noqa: E731 - it is what hears, and does nothing


def _now() -> datetime:
    return datetime.now(UTC)


def _free(seen: Seen, uuid: str) -> tuple[int, int]:
    """Return MiB and percent of a card that nobody holds."""
    card = seen.cards[uuid]
    here = [row for row in seen.rows.values() if uuid in row.cards]
    if any(row.exclusive for row in here):
        return 0, 0
    return card.memory - sum(row.memory for row in here), 100 - sum(row.compute for row in here)


def _wanted(name: str, place: Place) -> Wanted:
    claim = Claim(gpu_memory=-(-place.memory_mib // 1024), gpu_core_percentage=place.compute, cpu_milli=500)
    return Wanted(name, POOL, claim, revision="r")
