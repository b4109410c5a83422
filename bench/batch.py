"""How good a joint plan is beside the proven optimum, on random pools small enough for CP-SAT to prove it.

    python -m bench.batch [--count N] [--json]

Two hundred times a set of services is planned from nothing. Half of the pools have room to spare, and the cards in use are
compared with the fewest possible; half are nearly full, and what the plan refuses must be impossible. The model that judges
is written here and shares nothing with the planner's.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.figures import Figure, report
from components.placement import choose
from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import NodeView, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

COUNT = 200
PROOF = 5.0
"""Deterministic seconds that the judge may take for each of its two questions."""
GIB = 1024
MODELS = ("A10", "L20")


@dataclass(frozen=True, slots=True)
class Instance:
    """One random pool and what shall run on it."""

    snapshot: Snapshot
    wanted: tuple[Wanted, ...]


def instance(seed: int, *, tight: bool) -> Instance:
    """Return a pool of two to eight nodes and services for it: ``tight`` ones ask for about all of it."""
    rng = random.Random(seed)
    per_node, capacity = rng.choice((1, 2, 4)), rng.choice((22, 24, 44, 80)) * GIB
    mixed, count = rng.random() < 0.3, rng.randint(2, 5 if tight else 8)
    nodes = [
        Node("p", f"n{number}", "ecs.a", rng.choice((15_000, 31_000, 63_000)), 512 * GIB,
            tuple(Card(f"u{number}.{card}", card, MODELS[number % 2] if mixed else MODELS[0], capacity)
                  for card in range(per_node)))
        for number in range(count)
    ]  # fmt: skip
    memory, share = capacity * per_node * count, rng.uniform(0.8, 1.0) if tight else rng.uniform(0.3, 0.7)
    wanted: list[Wanted] = []
    taken = compute = 0
    while len(wanted) < 40 and max(taken / memory, compute / (100 * per_node * count)) < share:
        claim = _claim(rng, capacity // GIB, mixed=mixed, per_node=per_node)
        many = rng.choice((1, 1, 2, 3, 4))
        wanted.append(Wanted(f"s{len(wanted):02d}", "p", claim, many, "1", max_unavailable=1))
        taken += many * (claim.gpu_memory * GIB or claim.gpu * capacity)
        compute += many * (claim.gpu_core_percentage or 100 * claim.gpu)
    return Instance(Snapshot("bench/owner", tuple(NodeView(node) for node in nodes)), tuple(wanted))


def _claim(rng: random.Random, gib: int, *, mixed: bool, per_node: int) -> Claim:
    models = (rng.choice(MODELS),) if mixed and rng.random() < 0.2 else ()
    cpu = rng.choice((0, 500, 1000, 2000, 4000))
    what = rng.random()
    if what < 0.08:
        return Claim(gpu=rng.randint(1, per_node), cpu_milli=cpu, models=models)
    if what < 0.5:
        memory, percent = rng.randint(max(1, gib // 5), gib * 2 // 3), rng.choice((0, 5, 10, 20))
    elif what < 0.8:
        memory, percent = rng.randint(1, max(1, gib // 5)), rng.choice((25, 30, 40, 60))
    else:
        memory, percent = rng.randint(1, max(1, gib // 2)), rng.randint(5, 50)
    return Claim(gpu_memory=memory, gpu_core_percentage=percent, cpu_milli=cpu, memory_mib=GIB, models=models)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fewest``: the fewest cards that hold everything, None where nothing can; ``proven``: that is certain."""

    fewest: int | None
    proven: bool


def judged(case: Instance) -> Verdict:
    """Return the fewest cards in use, by a model of one whole number per service and card."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    nodes = [view.node for view in case.snapshot.nodes]
    cards = [(node, card) for node in nodes for card in node.cards]
    used = {card.uuid: model.new_bool_var(card.uuid) for _, card in cards}
    here: dict[tuple[str, str], Any] = {}
    for want in case.wanted:
        claim = want.claim
        for _, card in cards:
            allowed = not claim.models or card.model in claim.models
            most = (1 if claim.gpu else want.instances) if allowed else 0
            here[want.service, card.uuid] = model.new_int_var(0, most, "")
        for node in nodes:
            if claim.gpu:
                groups = model.new_int_var(0, want.instances, "")
                model.add(sum(here[want.service, card.uuid] for card in node.cards) == claim.gpu * groups)
        model.add(
            sum(here[want.service, card.uuid] for _, card in cards) == want.instances * (claim.gpu or 1)
        )
    for _, card in cards:
        on = [(want.claim, here[want.service, card.uuid]) for want in case.wanted]
        model.add(sum(_memory(claim, card) * many for claim, many in on) <= card.memory_mib * used[card.uuid])
        model.add(sum((100 if claim.gpu else claim.gpu_core_percentage) * many for claim, many in on) <= 100)
    for node in nodes:
        # An instance with several whole cards counts its CPU once, so everything is multiplied by the number of cards.
        scale = math.lcm(*(want.claim.gpu or 1 for want in case.wanted))
        for amount, most in (("cpu_milli", node.cpu_milli), ("memory_mib", node.memory_mib)):
            taken = [
                getattr(want.claim, amount) * scale // (want.claim.gpu or 1) * here[want.service, card.uuid]
                for want in case.wanted
                for card in node.cards
            ]
            model.add(sum(taken) <= most * scale)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = PROOF
    status = solver.status_name(solver.solve(model))
    if status in ("INFEASIBLE", "UNKNOWN"):
        return Verdict(None, status == "INFEASIBLE")
    for variable in here.values():
        model.add_hint(variable, solver.value(variable))
    model.minimize(sum(used.values()))
    status = solver.status_name(solver.solve(model))
    return Verdict(round(solver.objective_value), status == "OPTIMAL")


def _memory(claim: Claim, card: Card) -> int:
    return card.memory_mib if claim.gpu else claim.gpu_memory * GIB


def cards_in_use(made: Plan) -> int:
    """Return how many cards hold something in the end."""
    return len(
        {
            uuid
            for places in made.assignments.values()
            for place in places.values()
            if place
            for uuid in place.cards
        }
    )


def greedy(case: Instance) -> Plan:
    """Plan without the exhaustive search."""
    together = choose._together
    choose._together = lambda board, done, left: left
    try:
        return plan(case.snapshot, case.wanted, PlanOptions())
    finally:
        choose._together = together


def figures(count: int) -> list[Figure]:
    """Plan and judge."""
    seen: Counter[str] = Counter()
    slowest = 0.0
    for seed in range(count):
        case = instance(seed, tight=bool(seed % 2))
        began = time.process_time()
        made = plan(case.snapshot, case.wanted, PlanOptions())
        slowest = max(slowest, time.process_time() - began)
        faults = violations(case.snapshot, case.wanted, made, PlanOptions())
        if faults:
            raise AssertionError(f"seed {seed}: {faults[0]}")
        verdict, alone = judged(case), greedy(case)
        seen["proven"] += verdict.proven
        seen["impossible"] += verdict.proven and verdict.fewest is None
        seen["feasible"] += verdict.fewest is not None
        if verdict.fewest is not None:
            seen["refused"] += bool(made.refusals)
            seen["refused alone"] += bool(alone.refusals)
            if not made.refusals and not alone.refusals and verdict.proven:
                seen["fewest"] += verdict.fewest
                seen["cards"] += cards_in_use(made)
                seen["cards alone"] += cards_in_use(alone)
    over = 100 * (seen["cards"] / seen["fewest"] - 1)
    alone_over = 100 * (seen["cards alone"] / seen["fewest"] - 1)
    return [
        Figure(f"instances of {count} that the judge proved", seen["proven"], ""),
        Figure("of them impossible", seen["impossible"], ""),
        Figure("feasible sets refused", seen["refused"], "", 0),
        Figure("the same one after the other", seen["refused alone"], ""),
        Figure(f"cards above the optimum of {seen['fewest']}", over, "%", 2),
        Figure("the same one after the other", alone_over, "%"),
        Figure("longest plan", slowest, "s CPU"),
    ]


if __name__ == "__main__":
    asked = sys.argv[1:]
    many = int(asked[asked.index("--count") + 1]) if "--count" in asked else COUNT
    sys.exit(report(figures(many), as_json="--json" in asked))
