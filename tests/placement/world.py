"""A tiny interpreter of plans: commits them to rows as the ledger does, and carries steps out in any valid order.

It knows no planner. After every effect it adds up what counts on each card and node, so an order in which a plan
overfills something fails right there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from components.placement.plan_types import Plan, Step
from components.placement.snapshot import Held, HoldState, NodeView, Place, Snapshot
from components.spec.claim import Wanted
from components.spec.quotas import Quota


@dataclass
class World:
    """Nodes, the rows of every owner, and who waits. ``open`` has each owner's steps that are not done."""

    nodes: list[NodeView]
    rows: dict[str, Held] = field(default_factory=dict)
    waiting: dict[str, frozenset[tuple[str, int]]] = field(default_factory=dict)
    open: dict[str, list[Step]] = field(default_factory=dict)
    ids: dict[str, dict[int, str]] = field(default_factory=dict)
    minted: int = 0
    quotas: dict[str, tuple[Quota, ...]] = field(default_factory=dict)

    def snapshot(self, owner: str) -> Snapshot:
        """Return the picture that ``owner`` plans from."""
        return Snapshot(
            owner,
            tuple(self.nodes),
            tuple(self.rows.values()),
            self.waiting.get(owner, frozenset()),
            self.quotas.get(owner, ()),
        )

    def commit(self, owner: str, plan: Plan, wanted: Sequence[Wanted]) -> None:
        """Write the plan's rows; a row waits for all stops before it on the same node, directly or through others."""
        tokens = {want.service: want.token_hash for want in wanted}
        before: dict[int, set[int]] = {}
        names: dict[int, str] = {}
        started: dict[tuple[str, int, str], str] = {}
        stops: set[int] = set()
        done: set[int] = set()
        for step in plan.steps:
            before[step.n] = set(step.after).union(*(before[n] for n in step.after))
            slot = (step.service, step.ordinal, step.role)
            if step.op == "start" and not step.instance:
                assert step.place is not None
                self.minted += 1
                names[step.n] = started[slot] = f"{owner}/{step.service}/{step.ordinal}/{self.minted:06d}"
            else:
                names[step.n] = step.instance or started[slot]
            if step.op == "stop":
                stops.add(step.n)
                row = self.rows.get(names[step.n])
                if row is not None and row.state == "pending":
                    del self.rows[row.id]
                    done.add(step.n)
        places = {step.n: step.place for step in plan.steps if step.op == "start"}
        where = {name: row.place.node_key for name, row in self.rows.items()}
        where |= {names[n]: place.node_key for n, place in places.items() if place is not None}
        for step in plan.steps:
            if step.op != "start":
                continue
            name = names[step.n]
            waits = [names[n] for n in sorted(before[step.n] & stops - done) if names[n] in where]
            here = tuple(sorted({other for other in waits if where[other] == where[name]}))
            state: HoldState = "pending" if here else "reserved"
            if not step.instance:
                assert step.place is not None
                self.rows[name] = Held(
                    name,
                    owner,
                    step.service,
                    step.ordinal,
                    step.role,
                    step.revision,
                    step.place,
                    state,
                    here,
                    tokens[step.service],
                )
            elif self.rows[name].state == "pending":
                self.rows[name] = replace(self.rows[name], state=state, after=here)
        self.ids[owner] = names
        self.open[owner] = [step for step in plan.steps if step.n not in done]
        self._note_waiting(owner, plan)

    def _note_waiting(self, owner: str, plan: Plan) -> None:
        """Remember who waits, and see that everybody else has a row."""
        self.waiting[owner] = frozenset(
            (service, ordinal)
            for service, places_ in plan.assignments.items()
            for ordinal, place in places_.items()
            if place is None
        )
        for service, places_ in plan.assignments.items():
            for ordinal, place in places_.items():
                assert place is None or any(
                    (row.service, row.ordinal, row.role, row.place) == (service, ordinal, "steady", place)
                    for row in self.rows.values()
                    if row.owner == owner
                ), f"{service}/{ordinal} has no row at {place}"

    def possible(self, owner: str) -> list[Step]:
        """Return the steps that may be carried out now."""
        left = {step.n for step in self.open[owner]}
        names = self.ids[owner]
        return [
            step
            for step in self.open[owner]
            if not left & set(step.after)
            and not (step.op != "stop" and self.rows[names[step.n]].state == "pending")
            and not (step.op == "stop" and self.lost(self.rows[names[step.n]].place))
        ]

    def run(self, owner: str, rng: random.Random, wanted: Sequence[Wanted], steps: int = 1 << 30) -> bool:
        """Carry out up to so many steps in a random valid order; say whether all are done."""
        tokens = {want.service: want.token_hash for want in wanted}
        while self.open[owner] and steps > 0:
            choice = self.possible(owner)
            if not choice:
                return False
            self.do(owner, rng.choice(sorted(choice, key=lambda step: step.n)), tokens)
            steps -= 1
        return not self.open[owner]

    def do(self, owner: str, step: Step, tokens: dict[str, str]) -> None:
        """Carry one step out to its end."""
        name = self.ids[owner][step.n]
        self.open[owner].remove(step)
        if step.op == "stop":
            del self.rows[name]
            for other, row in list(self.rows.items()):
                if row.state == "pending" and name in row.after:
                    after = tuple(one for one in row.after if one != name)
                    self.rows[other] = replace(row, after=after, state="pending" if after else "reserved")
        else:
            token = tokens.get(step.service, "") if step.op == "reconfigure" else self.rows[name].token_hash
            self.rows[name] = replace(self.rows[name], state="ready", token_hash=token)
        self.check_room()

    def crash(self, owner: str, rng: random.Random) -> None:
        """End the run here: what may have been told to start or stop is left starting, stopping or failed."""
        for step in self.possible(owner):
            name = self.ids[owner][step.n]
            told: HoldState = "stopping" if step.op == "stop" else rng.choice(["starting", "failed"])
            if step.op != "reconfigure" and rng.random() < 0.5:
                self.rows[name] = replace(self.rows[name], state=told)

    def lost(self, place: Place) -> bool:
        """Return whether a place cannot be reached."""
        view = next((view for view in self.nodes if view.node.key == place.node_key), None)
        return view is not None and (
            "lost" in (view.state, *(view.card_states.get(uuid) for uuid in place.cards))
        )

    def check_room(self) -> None:
        """Add up what counts now; a pending row does not."""
        rows = [row for row in self.rows.values() if row.state != "pending"]
        for view in self.nodes:
            node = view.node
            here = [row.place for row in rows if row.place.node_key == node.key]
            assert sum(place.cpu_milli for place in here) <= node.cpu_milli
            assert sum(place.node_memory_mib for place in here) <= node.memory_mib
            for card in node.cards:
                on = [place for place in here if card.uuid in place.cards]
                assert (
                    sum(card.memory_mib if place.exclusive else place.memory_mib for place in on)
                    <= card.memory_mib
                )
                assert sum(100 if place.exclusive else place.compute for place in on) <= 100
                assert len(on) == 1 or not any(place.exclusive for place in on)

    def ready(self, owner: str, service: str) -> int:
        """Return how many instances of a service serve."""
        return sum(
            (row.owner, row.service, row.state) == (owner, service, "ready") for row in self.rows.values()
        )
