"""What a preview says will be, and how what is differs from it. Reads plans as they are saved; no code of the planner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.fleet.seen import Row, Seen

WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Start:
    """A new instance that the preview announces."""

    service: str
    ordinal: int
    revision: str
    node: str
    cards: tuple[str, ...]
    memory: int
    compute: int
    exclusive: bool

    def is_(self, row: Row) -> bool:
        """Whether that is this one."""
        return all(getattr(self, name) == getattr(row, name) for name in self.__slots__)


@dataclass(frozen=True)
class Forecast:
    """The end that a preview announces.

    ``kept``: ids that stay as they are. ``restarted``: of those, the ones that are started anew in their place.
    ``starts``: new ones that stay, ``passing``: places that are taken during a roll only. ``places``: label -> address.
    """

    kept: frozenset[str]
    restarted: frozenset[str]
    starts: tuple[Start, ...]
    passing: tuple[Start, ...]
    places: Mapping[str, str]

    @classmethod
    def of(cls, before: Seen, owner: str, entry: Mapping[str, Any]) -> Forecast:
        """Read ``assignments`` and ``change`` of a saved plan or a digest."""
        kept = set(before.of(owner))
        restarted: set[str] = set()
        starts: list[Start] = []
        passing: list[Start] = []
        for step in _steps(entry["change"]):
            instance = step.get("instance", "")
            if step["op"] == "stop":
                kept.discard(instance)
            elif step["op"] == "restart":
                restarted.add(instance)
            elif step["op"] == "start" and not instance:
                (passing if step.get("role") == "surge" else starts).append(_start(step))
        places = {
            f"{service}/{ordinal}": place
            for service, ordinals in entry["assignments"].items()
            for ordinal, place in ordinals.items()
        }
        return cls(frozenset(kept), frozenset(restarted), tuple(starts), tuple(passing), places)

    def differences(self, before: Seen, after: Seen, owner: str) -> list[str]:
        """Return a sentence for each way in which what is now is not what was announced; empty where it is."""
        return [*self._rows(before, after, owner), *self._starts(before, after, owner)]

    def _rows(self, before: Seen, after: Seen, owner: str) -> Iterator[str]:
        rows = after.of(owner)
        for id_ in sorted(self.kept):
            was = before.rows[id_]
            if id_ not in rows:
                yield f"{was.label} was to stay and is gone"
            elif rows[id_] != was and not (id_ in self.restarted and rows[id_].state == "ready"):
                yield f"{was.label} was to stay as it was: {was} is {rows[id_]}"
        fresh = [row for id_, row in rows.items() if id_ not in self.kept]
        for start in self.starts:
            if not any(start.is_(row) for row in fresh):
                yield f"{start.service}/{start.ordinal} was to start as {start}; there is {fresh}"
        if len(fresh) != len(self.starts):
            yield f"{len(self.starts)} were to start and {len(fresh)} did"
        ends = {row.label: after.address(row.node, row.cards) for row in rows.values()}
        placed = {label: place for label, place in self.places.items() if place != WAITING}
        if ends != placed:
            yield f"assignments were to be {placed} and are {ends}"

    def _starts(self, before: Seen, after: Seen, owner: str) -> Iterator[str]:
        """Nobody was started who was not to be: the runtime counts."""
        for id_, run in after.runs_of(owner).items():
            was = before.runs.get(id_)
            wanted = (was.starts if was else 0) + (id_ in self.restarted or was is None)
            if run.starts != wanted:
                yield f"{id_} was started {run.starts} times, not {wanted}"

    def may_be_refused(self, before: Seen, after: Seen, owner: str) -> bool:
        """Whether what others took since leaves less than this plan takes at its most, or a node takes nothing new.

        Where even all old and all new instances together have room, nothing that came between is in the way.
        """
        mine = [(row.cards, row.memory, row.compute, row.exclusive) for row in before.of(owner).values()]
        new = [*self.starts, *self.passing]
        mine += [(each.cards, each.memory, each.compute, each.exclusive) for each in new]
        others = [row for row in after.rows.values() if row.owner != owner]
        theirs = [(row.cards, row.memory, row.compute, row.exclusive) for row in others]
        return bool(after.taken([*mine, *theirs])) or after.drained != before.drained


def _steps(change: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number, step in sorted(change.items()):
        if number.isdigit():
            yield json.loads(step) if isinstance(step, str) else dict(step)


def _start(step: Mapping[str, Any]) -> Start:
    place = step["place"]
    place = json.loads(place) if isinstance(place, str) else place
    return Start(
        step["service"],
        int(step["ordinal"]),
        step["revision"],
        place["node"],
        tuple(place.get("cards", ())),
        int(place.get("memory_mib", 0)),
        int(place.get("compute", 0)),
        bool(place.get("exclusive", False)),
    )
