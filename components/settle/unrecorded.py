"""What a runtime keeps for an owner and the ledger does not know. What is wanted just so is taken over as it runs;
the rest is recorded as on its way out, so that a plan stops it. Pure: no runtime and no ledger is asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from components.ledger.found import Found
from components.placement.bound import overfull
from components.placement.snapshot import Held, HoldState, Place
from components.runtimes.port import Observation
from components.settle.observe import SETTLED
from components.settle.places import Places
from components.settle.task import short
from components.spec.claim import Wanted
from components.spec.node import Node

EXTRA = "its runtime keeps it, and the ledger did not know it"
"""The detail of a row that was recorded only to be stopped."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """``found``: rows to record, ``ready`` or ``failed`` for what is taken over and ``stopping`` for what is to go.

    ``gone``: recorded instances that are gone, and that one of those stands in for. ``nowhere``: ids of what no declared
    node or card is known for, so that no row can hold it.
    """

    found: tuple[Found, ...] = ()
    gone: tuple[str, ...] = ()
    nowhere: tuple[str, ...] = ()

    @property
    def taken_over(self) -> tuple[Held, ...]:
        """Those that go on as they run."""
        return tuple(each.held for each in self.found if each.held.state != "stopping")


def unrecorded(
    owner: str,
    wanted: Iterable[Wanted],
    nodes: Sequence[Node],
    rows: Sequence[Held],
    seen: Mapping[str, Observation],
) -> Unrecorded:
    """Judge what is ``seen`` of all that the runtimes keep for ``owner``; ``rows``: those of every owner on these pools.

    An instance is taken over where the program wants that ordinal at the revision that it runs, no other instance is there
    for it, and its slice has room beside what is recorded. Of several the one that serves is.
    """
    known = {row.id for row in rows if row.owner == owner}
    fresh = [each for id_, each in seen.items() if id_ not in known and each.condition != "absent"]
    if not fresh:
        return Unrecorded()
    work = _Work(owner, {want.service: want for want in wanted}, nodes, rows, seen.keys())
    for observation in sorted(fresh, key=lambda each: (each.condition != "ready", each.id)):
        work.take(observation)
    return Unrecorded(tuple(work.found), tuple(work.gone), tuple(work.nowhere))


class _Work:
    def __init__(
        self,
        owner: str,
        wanted: Mapping[str, Wanted],
        nodes: Sequence[Node],
        rows: Sequence[Held],
        listed: Collection[str],
    ) -> None:
        self.found: list[Found] = []
        self.gone: list[str] = []
        self.nowhere: list[str] = []
        self._owner = owner
        self._wanted = wanted
        self._nodes = nodes
        self._places = Places(nodes)
        self._rows = list(rows)
        self._listed = listed

    def take(self, seen: Observation) -> None:
        """Find out what becomes of one instance."""
        service, _, rest = short(seen.id, self._owner).partition("/")
        ordinal = rest.partition("/")[0]
        want = self._wanted.get(service)
        sized = self._places.seen(want, seen) if want else None
        place = sized or self._places.unsized(seen)
        if place is None or not ordinal.isdecimal():
            self.nowhere.append(seen.id)
            return
        state: HoldState = "failed" if seen.condition == "failed" else "ready"
        held = Held(
            id=seen.id,
            owner=self._owner,
            service=service,
            ordinal=int(ordinal),
            role="steady",
            revision=seen.revision,
            place=place,
            state=state,
            token_hash=want.token_hash if want else "",
        )
        others = [row for row in self._rows if self._slot(row) == self._slot(held)]
        gone = [row for row in others if row.state in SETTLED and row.id not in self._listed]
        rest_of = [row for row in self._rows if row not in gone]
        if (
            want
            and sized
            and _is_wanted(want, held)
            and len(gone) == len(others)
            and self._fits(held, rest_of)
        ):
            # The rest of a detail is the end of a log, which may quote a secret.
            detail = seen.detail.partition("\n")[0] if state == "failed" else ""
            self.found.append(Found(held, seen.endpoint, detail))
            self.gone += [row.id for row in gone]
            self._rows = [*rest_of, held]
            return
        extra = replace(held, state="stopping")
        if not self._fits(extra, self._rows):
            # What it takes is promised to others: it holds nothing of that, and is to go.
            extra = replace(extra, place=Place(place.pool, place.node, place.cards))
        self.found.append(Found(extra, seen.endpoint, EXTRA))
        self._rows.append(extra)

    @staticmethod
    def _slot(row: Held) -> tuple[str, str, int, str]:
        return (row.owner, row.service, row.ordinal, row.role)

    def _fits(self, held: Held, others: Sequence[Held]) -> bool:
        return not overfull(self._nodes, [*others, held], {held.id})


def _is_wanted(want: Wanted, held: Held) -> bool:
    most = want.autoscale[1] if want.autoscale else want.instances
    return held.ordinal < most and held.revision == want.revision
