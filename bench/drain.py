"""How long it takes to plan the drain of a tenth of 1,213 nodes at 90 % allocation, and how many find a place.

    python -m bench.drain [--json] [--profile]

The fleet is made up, in the shape of EAS: cards of three models, services of slices and of whole cards, filled at random
until 90 % of all card memory is taken (a whole card counts in full). An operator drains every tenth node, so about as much
is to be rehoused as is free elsewhere. The bound is the configuration LP over what is free on the nodes that stay
(``components/placement/solver/config_lp.py``): no planner rehouses more without moving others. Times are the best of three;
the target is for the time of one core, which is what passes where nothing else runs.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.figures import Figure, calibration, peak_memory, report
from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.placement.solver.config_lp import Bin, Item, best_packing
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

NODES, SHARE, ALLOCATED, SEED = 1213, 10, 0.9, 7
GIB = 1024
OWNER = "bench/drain"
SHAPES = (
    ("ecs.gn7e", "A100-80G", 81_251, 8, 127_000, 1_000 * GIB, 40),
    ("ecs.gn7i-4", "A10", 22_731, 4, 127_000, 500 * GIB, 25),
    ("ecs.gn7i-2", "A10", 22_731, 2, 63_000, 250 * GIB, 20),
    ("ecs.gn6i", "T4", 15_109, 1, 15_000, 60 * GIB, 15),
)
"""Instance type, model, MiB of a card, cards, allocatable CPU and memory, and its share of the nodes in percent."""
SLICES = (2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 48)
PERCENT = (0, 5, 5, 10, 10, 20, 25, 30, 50)
STEP = 5
"""All percentages are multiples of this."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is there before and after the drain, and what is wanted throughout."""

    snapshot: Snapshot
    wanted: tuple[Wanted, ...]
    drained: tuple[Held, ...]


def nodes(rng: random.Random) -> list[Node]:
    """Return the nodes, in random order of their shapes."""
    kinds = [shape for shape in SHAPES for _ in range(shape[-1])]
    made = []
    for number in range(NODES):
        kind, model, mib, cards, cpu, memory, _ = rng.choice(kinds)
        name = f"gpu-{number:04d}"
        spelled = tuple(Card(f"{name}-{index}", index, model, mib, "usable") for index in range(cards))
        made.append(Node("gpus", name, kind, cpu, memory, spelled))
    return made


def services(rng: random.Random, count: int = 300) -> list[Wanted]:
    """Return services without instances yet: nine in ten of slices, the others of whole cards."""
    made = []
    for number in range(count):
        cpu, memory = rng.choice((500, 1000, 1000, 2000)), rng.choice((2, 4, 8)) * GIB
        if rng.random() < 0.1:
            claim = Claim(gpu=rng.choice((1, 1, 2, 4)), cpu_milli=4 * cpu, memory_mib=memory)
        else:
            claim = Claim(
                gpu_memory=rng.choice(SLICES),
                gpu_core_percentage=rng.choice(PERCENT),
                cpu_milli=cpu,
                memory_mib=memory,
            )
        made.append(Wanted(f"service-{number:03d}", "gpus", claim, instances=0, revision="1"))
    return made


@dataclass(slots=True)
class _Room:
    """What is free on one node while the fleet is filled."""

    node: Node
    memory: list[int]
    compute: list[int]
    cpu: int
    ram: int

    def take(self, claim: Claim, rng: random.Random) -> Place | None:
        """Put an instance on a random card that takes it."""
        if claim.cpu_milli > self.cpu or claim.memory_mib > self.ram:
            return None
        mib, cards = claim.slice_mib("GiB"), self.node.cards
        if claim.gpu:
            chosen = [i for i, card in enumerate(cards) if self.memory[i] == card.memory_mib][: claim.gpu]
            if len(chosen) < claim.gpu:
                return None
        else:
            fitting = [
                i
                for i in range(len(cards))
                if self.memory[i] >= mib and self.compute[i] >= claim.gpu_core_percentage
            ]
            if not fitting:
                return None
            chosen = [rng.choice(fitting)]
        for i in chosen:
            self.memory[i] -= cards[i].memory_mib if claim.gpu else mib
            self.compute[i] -= 100 if claim.gpu else claim.gpu_core_percentage
        self.cpu -= claim.cpu_milli
        self.ram -= claim.memory_mib
        return Place(
            "gpus",
            self.node.name,
            tuple(cards[i].uuid for i in chosen),
            0 if claim.gpu else mib,
            claim.gpu_core_percentage,
            claim.cpu_milli,
            claim.memory_mib,
            exclusive=bool(claim.gpu),
        )


def fleet() -> Fleet:
    """Fill the nodes until so much is allocated, and drain every tenth."""
    rng = random.Random(SEED)
    made, wanted = nodes(rng), services(rng)
    rooms = [
        _Room(
            node, [c.memory_mib for c in node.cards], [100] * len(node.cards), node.cpu_milli, node.memory_mib
        )
        for node in made
    ]
    total = sum(card.memory_mib for node in made for card in node.cards)
    taken, counts = 0, Counter[str]()
    rows: list[Held] = []
    while taken < ALLOCATED * total:
        want = rng.choice(wanted)
        # A random node, then the next that takes it: like what grew over months.
        first = rng.randrange(NODES)
        order = (rooms[(first + step) % NODES] for step in range(NODES))
        place = next((place for room in order if (place := room.take(want.claim, rng))), None)
        if place is None:
            continue
        taken += place.memory_mib or sum(card.memory_mib for card in _cards(made, place))
        ordinal = counts[want.service]
        counts[want.service] += 1
        row = f"{OWNER}/{want.service}/{ordinal}/{len(rows):06d}"
        rows.append(Held(row, OWNER, want.service, ordinal, "steady", "1", place, "ready"))
    out = {node.name for node in made[::SHARE]}
    views = [
        NodeView(node, "draining", "operator", "new driver") if node.name in out else NodeView(node)
        for node in made
    ]
    drained = tuple(row for row in rows if row.place.node in out)
    now = tuple(replace(want, instances=counts[want.service]) for want in wanted if counts[want.service])
    return Fleet(Snapshot(OWNER, tuple(views), tuple(rows)), now, drained)


def _cards(made: Sequence[Node], place: Place) -> list[Card]:
    node = next(node for node in made if node.name == place.node)
    return [card for card in node.cards if card.uuid in place.cards]


def bound(drained: Fleet, placed: int) -> int:
    """Return how many of the drained instances anybody could rehouse at most without moving others; ``placed`` are."""
    free: dict[str, list[int]] = {}
    kind_of: dict[str, tuple[str, int]] = {}
    for view in drained.snapshot.nodes:
        if view.state == "ready":
            for card in view.node.cards:
                free[card.uuid] = [card.memory_mib, 100]
                kind_of[card.uuid] = (view.node.instance_type, card.memory_mib)
    for row in drained.snapshot.held:
        for uuid in row.place.cards:
            if uuid in free:
                free[uuid][0] -= kind_of[uuid][1] if row.place.exclusive else row.place.memory_mib
                free[uuid][1] -= 100 if row.place.exclusive else row.place.compute
    # All slices are whole GiB and multiples of STEP percent, so nothing is lost by counting in these.
    shapes = Counter(
        (memory // GIB, compute // STEP, memory == kind_of[uuid][1] and compute == 100)
        for uuid, (memory, compute) in free.items()
        if memory >= GIB
    )
    bins = [
        Bin(count, (memory, compute), whole=whole)
        for (memory, compute, whole), count in sorted(shapes.items())
    ]
    claims = {want.service: want.claim for want in drained.wanted}
    asked = Counter(
        (claim.gpu_memory, claim.gpu_core_percentage // STEP, claim.gpu)
        for claim in (claims[row.service] for row in drained.drained)
    )
    items = [
        Item(count, (memory, percent), cards, bins=frozenset(range(len(bins))), worth=1)
        for (memory, percent, cards), count in sorted(asked.items())
    ]
    # It is enough to know that no more than these find a place, where that is so.
    found = best_packing(items, bins, (placed + 1,)).floor
    return found if found <= placed else best_packing(items, bins).floor


def rehoused(drained: Fleet, made: Plan) -> int:
    """Return how many of the drained instances find another place."""
    out = {view.node.name for view in drained.snapshot.nodes if view.state != "ready"}
    places = [made.assignments[row.service][row.ordinal] for row in drained.drained]
    return sum(place is not None and place.node not in out for place in places)


def figures(*, profile: bool = False) -> list[Figure]:
    """Measure."""
    given = fleet()
    options = PlanOptions()
    times, cores, plans = [], [], []
    for _ in range(3):
        begin, core = time.perf_counter(), time.process_time()
        plans.append(plan(given.snapshot, given.wanted, options))
        times.append(time.perf_counter() - begin)
        cores.append(time.process_time() - core)
    if profile:
        with cProfile.Profile() as profiler:
            plan(given.snapshot, given.wanted, options)
        pstats.Stats(profiler).sort_stats("cumtime").print_stats(40)
    if plans[0] != plans[1] or violations(given.snapshot, given.wanted, plans[0], options):
        raise AssertionError("the plan is not the same twice, or breaks an invariant")
    placed = rehoused(given, plans[0])
    begin = time.perf_counter()
    most = bound(given, placed)
    bounding = time.perf_counter() - begin
    return [
        calibration(),
        Figure("instances in all", len(given.snapshot.held), ""),
        Figure(
            f"instances on the {len(given.snapshot.nodes) // SHARE + 1} nodes that drain",
            len(given.drained),
            "",
        ),
        Figure("planned in, of one core", min(cores) * 1000, "ms", 1000),
        Figure("planned in, on the clock", min(times) * 1000, "ms"),
        Figure("find a place elsewhere", placed, ""),
        Figure("could at most (configuration LP)", most, ""),
        Figure("gap to the bound", 100 * (most - placed) / max(most, 1), "%"),
        Figure("the bound takes", bounding * 1000, "ms"),
        peak_memory(),
    ]


if __name__ == "__main__":
    sys.exit(report(figures(profile="--profile" in sys.argv[1:]), as_json="--json" in sys.argv[1:]))
