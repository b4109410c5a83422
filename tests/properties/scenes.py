"""Busy random scenes from one seed: pools that are nearly full, where most changes roll, resize, swap or scale something.

Hypothesis shrinks the scenes of ``strategies.py`` well but rarely fills a pool; these are the other half.
"""

from __future__ import annotations

import random
from dataclasses import replace

from components.placement.plan_types import PlanOptions
from components.placement.snapshot import NodeView
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node
from components.spec.quotas import CARD, Quota

MODELS = ("A10", "V100")


def nodes(rng: random.Random) -> list[NodeView]:
    """Return two to five nodes of one to three cards."""
    capacity = rng.choice((10240, 16384, 22731))
    return [
        NodeView(
            Node(
                "p",
                f"n{index}",
                rng.choice(("ecs.a", "ecs.a", "ecs.b", "ml.a")),
                rng.choice((4000, 8000, 16000)),
                rng.choice((16384, 65536)),
                tuple(
                    Card(
                        f"u{index}.{number}",
                        number,
                        rng.choice(MODELS),
                        rng.choice((capacity, capacity, 8192)),
                    )
                    for number in range(rng.randint(1, 3))
                ),
                zone=f"z{index % 2}",
            )
        )
        for index in range(rng.randint(2, 5))
    ]


def claim(rng: random.Random) -> Claim:
    """Return a claim that fits most cards."""
    cpu = rng.choice((0, 500, 1000, 2000))
    models = rng.choice(((), (), (), ("A10",), ("V100",)))
    what = rng.random()
    if what < 0.1:
        return Claim(cpu_milli=rng.choice((500, 2000)), memory_mib=rng.choice((0, 4096)))
    if what < 0.25:
        return Claim(gpu=rng.choice((1, 1, 2)), cpu_milli=cpu, models=models)
    return Claim(
        gpu_memory=rng.randint(2, 8),
        gpu_core_percentage=rng.choice((0, 10, 20, 30, 50)),
        cpu_milli=cpu,
        best_effort=rng.random() < 0.2,
        models=models,
    )


def service(rng: random.Random, name: str) -> Wanted:
    """Return a service of one to four instances."""
    return Wanted(
        name,
        "p",
        claim(rng),
        instances=rng.randint(1, 4),
        revision="1",
        token_hash="t",
        spread=rng.choice(("default", "default", "default", "host", "zone")),
        max_surge=rng.choice((0, 1, 1, 2, "2%", "100%")),
        max_unavailable=rng.choice((0, 0, 1, 1, 2)),
        autoscale=rng.choice((None, None, None, (1, 3))),
    )


def services(rng: random.Random) -> list[Wanted]:
    """Return one to six services."""
    return [service(rng, name) for name in rng.sample("abcdef", rng.randint(1, 6))]


EDITS = ("same", "same", "roll", "roll", "back", "resize", "swap", "scale", "token", "limits", "gone")


def changed(rng: random.Random, wanted: list[Wanted]) -> list[Wanted]:
    """Return the services after an edit."""
    after = []
    for want in wanted:
        what = rng.choice(EDITS)
        if what != "gone" or rng.random() < 0.5:
            after.append(edited(rng, want, what))
    if rng.random() < 0.3:
        name = rng.choice("ghijk")
        if name not in {want.service for want in after}:
            after.append(service(rng, name))
    return after


def edited(rng: random.Random, want: Wanted, what: str) -> Wanted:
    """Return one service after an edit."""
    if what == "roll":
        return replace(want, revision=rng.choice(("2", "3")))
    if what == "back":
        return replace(want, revision="1") if want.revision in ("2", "3") else want
    if what == "resize":
        return replace(want, claim=claim(rng), revision=f"r{rng.randint(0, 9999)}")
    if what == "swap":
        models = ("V100",) if want.claim.models == ("A10",) else ("A10",)
        return replace(want, claim=replace(want.claim, models=models), revision=f"m{rng.randint(0, 9999)}")
    if what == "scale":
        return replace(want, instances=rng.randint(0, 5))
    if what == "token":
        return replace(want, token_hash=rng.choice(("t", "u")))
    if what == "limits":
        return replace(want, max_surge=rng.choice((0, 1, 2)), max_unavailable=rng.randint(0, 3))
    return want


def disturbed(rng: random.Random, views: list[NodeView]) -> list[NodeView]:
    """Return the nodes after something happened to one of them, or all are well again."""
    if rng.random() < 0.4:
        return [NodeView(view.node) for view in views]
    index = rng.randrange(len(views))
    view = views[index]
    what = rng.choice(("drain", "undeclare", "cordon", "lost", "card", "retype"))
    if what == "drain":
        view = replace(view, state="draining", cause="operator", reason="kernel")
    elif what == "undeclare":
        view = replace(view, state="draining", cause="program", reason="the node left the program")
    elif what == "cordon":
        view = replace(view, state="cordoned", cause="operator")
    elif what == "lost":
        view = replace(view, state="lost", cause="observed", reason="no answer")
    elif what == "card":
        card = rng.choice(view.node.cards)
        view = replace(view, card_states={card.uuid: rng.choice(("lost", "draining", "cordoned"))})
    else:
        # GiB become GB, so the same claims are smaller there.
        view = replace(view, node=replace(view.node, instance_type="ml.a"))
    return [*views[:index], view, *views[index + 1 :]]


def options(rng: random.Random) -> PlanOptions:
    """Return options; slices of both kinds are mostly mixed."""
    return PlanOptions(
        on_insufficient=rng.choice(("refuse", "wait", "wait")),
        max_moves=rng.choice((0, 0, 1, 2, 8)),
        memory_only=rng.choice(("mixed", "mixed", "mixed", "separate")),
    )


def quotas(rng: random.Random) -> tuple[Quota, ...]:
    """Return what an owner may take: mostly one or two figures that bind in pools of this size."""
    if rng.random() < 0.2:
        return ()
    cards = rng.choice((None, rng.randint(0, 6) * CARD))
    memory = rng.choice((None, rng.randint(0, 60_000)))
    compute = rng.choice((None, rng.randint(0, 500)))
    return (Quota("p", "default", "platform", cards, memory, compute),)
