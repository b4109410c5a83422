"""One writer of many: random commits of small plans on a crowded pool, each from the picture of that moment."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

from components.ledger import LeaseHolder, Ledger, StalePlan, Transition, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Held, Place, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

POOL = "shared"
SERVICE = "s"
MEMORY = 24_576
MOST = 10
"""So many instances a writer has at most: eight of them want half as much again as there is."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLATFORM = "organization/platform/prod-00"

Done = tuple[str, Literal["gone", "starting", "ready"], tuple[int, int] | None]
"""An instance, what becomes of it, and the step that is done with that."""
_ON_CARDS = """
    SELECT t.card, t.memory, c.memory_mib, t.compute FROM (
        SELECT {card} AS card, SUM(i.memory_mib) AS memory, SUM(i.compute) AS compute
        FROM instance i, {cards} WHERE i.state <> 'pending' GROUP BY {card}
    ) t JOIN card c ON c.uuid = t.card WHERE t.memory > c.memory_mib OR t.compute > 100
"""


@dataclass(frozen=True)
class Task:
    """What one writer is to do. ``audited``: after each commit it asks the database itself whether a card is too full."""

    url: str
    home: Path
    number: int
    attempts: int
    audited: bool


@dataclass
class Report:
    """What it did: seconds of each commit that was taken, plans that lost, and everything that should not have been.

    ``processor``: seconds of it that this took, with the pictures and what was recorded.
    """

    waits: list[float] = field(default_factory=list)
    lost: int = 0
    processor: float = 0.0
    longest: int = 0
    elapsed: float = 0.0
    faults: list[str] = field(default_factory=list)


def crowded(url: str, home: Path) -> None:
    """Make the ledger with its pool, which the platform's stack declares."""
    nodes = tuple(
        Node(POOL, f"n{n}", "ecs.gn7i", 1_000_000, 1_048_576, tuple(_cards(n, 4))) for n in range(4)
    )
    with open_ledger(url, home=home, create=True) as ledger:
        ledger.declare_pool(
            PLATFORM,
            POOL,
            holder="h",
            resource="eas-r-1",
            runtime="simulated",
            settings={},
            nodes=nodes,
            now=NOW,
            because="bench",
        )
        ledger.commit(
            PLATFORM,
            nodes=nodes,
            pools=[POOL],
            wanted=[],
            assignments={},
            steps=[],
            mint=str,
            now=NOW,
            because="bench",
        )


def write(task: Task, go: Callable[[], object]) -> Report:
    """Make the attempts, from when ``go`` returns."""
    report = Report()
    owner = f"organization/team{task.number}/dev"
    chance = Random(task.number)
    asking = overfull_of(task.url) if task.audited else nullcontext(list)
    with open_ledger(task.url, home=task.home, create=True) as ledger, asking as too_full:
        me = this_process("bench")
        fence = ledger.lease(owner, [SERVICE], holder=me, now=NOW)[SERVICE]
        attempt_once = partial(_attempt, ledger, owner, me, chance, report)
        go()
        began, used = time.perf_counter(), time.process_time()
        streak = 0
        for attempt in range(task.attempts):
            try:
                done = attempt_once(f"{task.number}x{attempt}x")
            except StalePlan as error:
                report.lost += 1
                streak += 1
                report.longest = max(report.longest, streak)
                if not (error.card and error.wish and error.who):
                    report.faults.append(f"a loser was not told the reason: {error}")
            else:
                streak = 0
                report.faults += [f"card {row[0]} is too full: {row[1:]}" for row in too_full()]
                # Carried out at once, so that the next plan has nothing to finish.
                ledger.record(
                    [Transition(name, to, fence, step=step) for name, to, step in done],
                    now=NOW,
                    because="bench",
                )
        report.elapsed, report.processor = time.perf_counter() - began, time.process_time() - used
    return report


@contextmanager
def overfull_of(url: str) -> Iterator[Callable[[], list[tuple[object, ...]]]]:
    """Give what lists the cards over their capacity, by a connection and SQL that are not the ledger's."""
    if not url.startswith("postgresql"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            query = _ON_CARDS.format(card="j.value", cards="json_each(i.cards) j")
            yield lambda: file.execute(query).fetchall()
        return
    import psycopg

    with closing(psycopg.connect(url, autocommit=True)) as server:
        asked = _ON_CARDS.format(card="j.value", cards="json_array_elements_text(i.cards) j").encode()
        yield lambda: list(server.execute(asked).fetchall())


def _attempt(
    ledger: Ledger, owner: str, me: LeaseHolder, chance: Random, report: Report, mark: str
) -> list[Done]:
    """Commit a few starts or stops; return what carrying it out comes to. Raises :class:`StalePlan`."""
    picture = ledger.snapshot(owner, None, [POOL])
    own = [held for held in picture.held if held.owner == owner]
    doomed = chance.sample(own, min(len(own), chance.randint(1, 3)))
    fresh = _wishes(picture, chance)
    if len(own) + len(fresh) > MOST or (own and (not fresh or chance.random() < 0.3)):
        fresh = []
    else:
        doomed = []
    if not fresh and not doomed:
        return []
    stays = [held for held in own if held not in doomed]
    free = iter(sorted(set(range(MOST + 1)) - {held.ordinal for held in own}))
    starts = [(next(free), place) for place in fresh]
    steps = [_stop(n, held) for n, held in enumerate(doomed, 1)]
    steps += [
        Step(n, "start", "start", SERVICE, ordinal, revision="r", place=place)
        for n, (ordinal, place) in enumerate(starts, 1)
    ]
    places: dict[int, Place | None] = {held.ordinal: held.place for held in stays}
    places |= dict(starts)
    names = iter(range(100))
    began = time.perf_counter()
    made = ledger.commit(
        owner,
        nodes=[],
        pools=[POOL],
        wanted=[Wanted(SERVICE, POOL, Claim(gpu_memory=1), instances=len(places), revision="r")],
        assignments={SERVICE: places},
        steps=steps,
        mint=lambda: f"{mark}{next(names)}",
        holder=f"placement of {owner}",
        process=me,
        options={"memory_only": "mixed"},
        now=NOW,
        because="bench",
    )
    report.waits.append(time.perf_counter() - began)
    done: list[Done] = [(held.id, "gone", (made.plan_id, n)) for n, held in enumerate(doomed, 1)]
    for n in range(1, len(starts) + 1):
        done += [(made.ids[n], "starting", None), (made.ids[n], "ready", (made.plan_id, n))]
    return done


def _wishes(picture: Snapshot, chance: Random) -> list[Place]:
    """Places for one to three instances, as far as the picture has room; half of them on the fullest card that fits."""
    memory: Counter[str] = Counter()
    compute: Counter[str] = Counter()
    for held in picture.held:
        for card in held.place.cards:
            memory[card] += held.place.memory_mib
            compute[card] += held.place.compute
    cards = [(view.node.name, card.uuid) for view in picture.nodes for card in view.node.cards]
    places = []
    for _ in range(chance.randint(1, 3)):
        size, share = 1024 * chance.randint(2, 12), chance.choice([0, 10, 25, 50])
        fits = [
            pair for pair in cards if memory[pair[1]] + size <= MEMORY and compute[pair[1]] + share <= 100
        ]
        if fits:
            fullest = max(fits, key=lambda pair: (memory[pair[1]], pair))
            node, card = fullest if chance.random() < 0.5 else chance.choice(fits)
            memory[card] += size
            compute[card] += share
            places.append(Place(POOL, node, (card,), size, share, 100, 100))
    return places


def _stop(n: int, held: Held) -> Step:
    return Step(n, "stop", "stop", SERVICE, held.ordinal, instance=held.id)


def _cards(node: int, count: int) -> Iterator[Card]:
    for index in range(count):
        yield Card(f"GPU-{node}-{index}", index, "A10", MEMORY)
