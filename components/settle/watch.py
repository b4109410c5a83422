"""Looking at instances: what the runtimes see, compared with the place that the ledger holds for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from components.placement.address import address_of, card_indexes
from components.placement.snapshot import Place
from components.runtimes.port import Capabilities, Observation, Runtime, RuntimeFault
from components.settle.task import Task
from components.spec.node import Node


class Watch:
    """Observes many instances with one call for each runtime."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        """Take all nodes, for sentences."""
        nodes = tuple(nodes)
        self._indexes = card_indexes(nodes)
        self._homes = {card.uuid: node.name for node in nodes for card in node.cards}
        self._capabilities: dict[int, Capabilities] = {}

    def capabilities(self, runtime: Runtime) -> Capabilities:
        """Return what the runtime can hold to, asked once a run."""
        if id(runtime) not in self._capabilities:
            self._capabilities[id(runtime)] = runtime.capabilities()
        return self._capabilities[id(runtime)]

    def look(self, tasks: Iterable[Task], now: datetime) -> None:
        """Write on each task what is seen of its instance; ``unknown`` where the runtime cannot answer."""
        groups: dict[int, list[Task]] = {}
        for task in tasks:
            groups.setdefault(id(task.runtime), []).append(task)
        for group in groups.values():
            runtime = group[0].runtime
            try:
                observed = runtime.observe([task.id for task in group])
            except RuntimeFault as fault:
                for task in group:
                    _blind(task, str(fault), now)
                continue
            for task in group:
                self._note(task, observed.get(task.id), now)

    def _note(self, task: Task, observation: Observation | None, now: datetime) -> None:
        if observation is None:
            _blind(task, f"runtime {task.runtime.name} said nothing about it", now)
            return
        task.blind_since = None
        task.endpoint, task.detail = observation.endpoint, observation.detail
        task.seen = observation.condition
        if task.held and (sentence := self.displaced(task.held.place, task.runtime, observation)):
            task.seen, task.detail = "elsewhere", sentence

    def where(self, place: Place, observation: Observation) -> str:
        """Return where an instance really is, as an address; a card's node is the one that has it."""
        cards = observation.cards
        node = self._homes.get(cards[0], "") if cards else ""
        return address_of(Place(place.pool, node or observation.node or place.node, cards), self._indexes)

    def displaced(self, place: Place, runtime: Runtime, observation: Observation) -> str:
        """Return how what an instance was really given differs from its place; empty where it does not.

        Only what the runtime can pin and what it reports is compared.
        """
        if observation.condition == "absent":
            return ""
        can = self.capabilities(runtime)
        if can.pin_node and observation.node and observation.node != place.node:
            return f"it runs on node {observation.node} and its place is on {place.node}"
        if can.pin_card and observation.cards and set(observation.cards) != set(place.cards):
            given = self.where(place, observation)
            return f"it was given {given} and its place is {address_of(place, self._indexes)}"
        return ""


def _blind(task: Task, reason: str, now: datetime) -> None:
    task.seen, task.detail = "unknown", reason
    task.blind_since = task.blind_since or now
