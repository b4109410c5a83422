"""Rules of whether a pool, when empty, can hold an instance. What is taken is for placement to judge."""

from __future__ import annotations

from collections.abc import Iterator

from components.rules.facts import NodeKind
from components.rules.rule import Complaint, Rule
from components.rules.views import ServiceView
from components.spec.nearest import did_you_mean
from components.spec.service import CARD_MODEL_LABEL


def _known(view: ServiceView) -> bool:
    """Whether the pool's nodes are known before it runs."""
    return view.facts is not None and bool(view.facts.nodes)


def _models(view: ServiceView) -> Iterator[Complaint]:
    facts = view.facts
    if facts is None:
        return
    known = {card.model for card in facts.cards}
    for model in view.service.claim().models:
        if model not in known:
            field = f"labels.{CARD_MODEL_LABEL}"
            listed = ", ".join(sorted(known)) or "none"
            message = f"{field} allows {model!r}, and pool {facts.pool!r} has no such card; it has {listed}."
            meant = did_you_mean(model, known)
            yield Complaint(field, model, message, f"{meant[:1].upper()}{meant[1:]}" if meant else "")


def _types(view: ServiceView) -> Iterator[Complaint]:
    facts = view.facts
    types = view.service.claim().instance_types
    if facts is None or not types:
        return
    known = {node.instance_type for node in facts.nodes}
    if known.isdisjoint(types):
        message = (
            f"cloud.computing names {', '.join(types)}, and pool {facts.pool!r} has no node of such a type."
        )
        meant = did_you_mean(types[0], known)
        fix = f"{meant[:1].upper()}{meant[1:]}" if meant else ""
        yield Complaint("cloud.computing", list(types), message, fix)


def _enough_cards(view: ServiceView) -> Iterator[Complaint]:
    facts, claim = view.facts, view.service.claim()
    if facts is None or claim.kind == "cpu":
        return
    needed = max(claim.gpu, 1)
    per_node = max((node.cards for node in facts.nodes), default=0)
    if claim.models or claim.instance_types:
        per_node = sum_per_node(view)
    if per_node < needed:
        field = "metadata.gpu" if claim.gpu else "metadata.gpu_memory"
        which = f" of model {' or '.join(claim.models)}" if claim.models else ""
        message = (
            f"{field} needs {needed} cards{which} of one node; one of {facts.pool!r} has {per_node} at most."
        )
        fix = f"Write {per_node} or less." if claim.gpu and per_node else ""
        yield Complaint(field, claim.gpu or claim.gpu_memory, message, fix)


def sum_per_node(view: ServiceView) -> int:
    """Return the most allowed cards that one node can have, by instance type."""
    if view.facts is None:
        return 0
    totals: dict[str, int] = {}
    for card in view.facts.allowed(view.service.claim()):
        totals[card.instance_type] = totals.get(card.instance_type, 0) + card.per_node
    return max(totals.values(), default=0)


def _node_fits(view: ServiceView) -> Iterator[Complaint]:
    facts, claim = view.facts, view.service.claim()
    if facts is None:
        return
    cpu = 0 if claim.best_effort else claim.cpu_milli
    needed = max(claim.gpu, 1 if claim.gpu_memory else 0)
    nodes = [node for node in facts.nodes if node.cards >= needed]
    if not nodes or any(node.cpu_milli >= cpu and node.memory_mib >= claim.memory_mib for node in nodes):
        return
    for field, value, message in _too_small(view, nodes, cpu):
        yield Complaint(field, value, message)


def _too_small(view: ServiceView, nodes: list[NodeKind], cpu: int) -> Iterator[tuple[str, int, str]]:
    pool = view.facts.pool if view.facts else ""
    most_cpu, most_memory = max(node.cpu_milli for node in nodes), max(node.memory_mib for node in nodes)
    if cpu > most_cpu:
        most = f"{most_cpu // 1000} at most, one kept back"
        message = f"metadata.cpu is {view.meta.cpu}; a node of pool {pool!r} has {most}."
        yield "metadata.cpu", view.meta.cpu, message
    if view.meta.memory > most_memory:
        message = (
            f"metadata.memory is {view.meta.memory} MB; a node of pool {pool!r} has {most_memory} at most."
        )
        yield "metadata.memory", view.meta.memory, message
    if cpu <= most_cpu and view.meta.memory <= most_memory:
        both = f"metadata.cpu {view.meta.cpu} and memory {view.meta.memory} MB"
        message = f"{both} are on no one node of pool {pool!r} together."
        yield "metadata.cpu", view.meta.cpu, message


POOL_FIT: tuple[Rule[ServiceView], ...] = (
    Rule(
        "card-model-known",
        "invalid",
        "pool fit",
        f"The card models that the label {CARD_MODEL_LABEL} allows are in the pool.",
        "Correct the label, or delete it to allow any card.",
        _models,
        _known,
    ),
    Rule(
        "instance-type-in-pool",
        "invalid",
        "pool fit",
        "cloud.computing of a service that does not overflow names an instance type of its pool.",
        "Correct the type, or delete cloud.computing to allow any node.",
        _types,
        _known,
    ),
    Rule(
        "enough-cards",
        "invalid",
        "pool fit",
        "Some node of the pool has as many cards as an instance asks for: an instance never spans nodes.",
        "Ask for fewer cards, or add a node.",
        _enough_cards,
        _known,
    ),
    Rule(
        "node-fits-instance",
        "invalid",
        "pool fit",
        "Some node of the pool, when empty, has an instance's CPU and memory; one core is the system's.",
        "Ask for less, or add a larger node; with qos BestEffort CPU is not counted.",
        _node_fits,
        _known,
    ),
)
