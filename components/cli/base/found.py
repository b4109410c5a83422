"""Bringing together what Pulumi's state assigned and what the runtimes keep: which instance sits where, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from components.cli.base.state import State
from components.placement.address import WAITING, address_of
from components.placement.snapshot import Held, Place
from components.settle.places import Places

if TYPE_CHECKING:
    from components.ledger.found import Found
    from components.runtimes.port import Observation, Runtime
    from components.spec.claim import Wanted
    from components.spec.node import Node

Slot = tuple[str, int]
ENDLESS = 1 << 30
"""More than any service has."""


@dataclass(slots=True)
class Findings:
    """``found``: what can be recorded. ``missing``: assigned and not there, with its address. ``moved``: label -> assigned
    and real address. ``silent``: labels of what does not answer yet. Of what Pulumi's state does not know, by id with the
    reason: ``more`` goes on as it runs until a plan decides, ``leaving`` is recorded as on its way out, and ``extra`` is
    nowhere that a row could name."""

    found: list[Found] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


def look(
    state: State, nodes: Sequence[Node], runtimes: Iterable[Runtime], others: Sequence[Held] = ()
) -> Findings:
    """Ask the runtimes what they keep for this owner, and compare it with the state's assignments.

    ``others``: the rows of other owners, which share the cards.
    """
    findings = Findings()
    reasons: dict[str, str] = {}
    places = Places(nodes)
    wanted = {want.service: want for want in state.wanted}
    listed = _listed(state.owner, runtimes, findings)
    assigned = {
        (service, int(ordinal)): text
        for service, texts in state.assignments.items()
        for ordinal, text in texts.items()
        if service in wanted
    }
    for slot in sorted({*assigned, *listed}):
        text = assigned.get(slot, "")
        candidates = listed.get(slot, [])
        label = f"{slot[0]}/{slot[1]}"
        if not text:
            reasons |= {each.id: "Pulumi's state assigns it no place" for each in candidates}
            continue
        best = _best(candidates, partial(_where, places, wanted[slot[0]], text), wanted[slot[0]].revision)
        if best is None:
            reasons |= {each.id: f"nothing declared is at {text}" for each in candidates}
        else:
            seen, place = best
            _record(findings, wanted[slot[0]], slot, seen, place, state.owner)
            reasons |= {each.id: f"{seen.id} is {label}" for each in candidates if each is not seen}
            if text != WAITING and (real := address_of(place, places.indexes)) != text:
                findings.moved[label] = f"{text} -> {real}"
        if best is None and text != WAITING:
            findings.missing[label] = text
    seen_of_all = {each.id: each for candidates in listed.values() for each in candidates}
    _judge(findings, state, nodes, others, seen_of_all, reasons)
    return findings


def _judge(
    findings: Findings,
    state: State,
    nodes: Sequence[Node],
    others: Sequence[Held],
    seen: Mapping[str, Observation],
    reasons: Mapping[str, str],
) -> None:
    """Find rows for what an apply began that Pulumi's state has not heard of: it takes a card, whoever wants it.

    How many the program wants by now is not known here, so an ordinal beyond what the state wants may be one of them.
    """
    from components.settle.unrecorded import unrecorded

    wanted = [replace(want, instances=ENDLESS, autoscale=None) for want in state.wanted]
    rows = [*others, *(each.held for each in findings.found)]
    judged = unrecorded(state.owner, wanted, nodes, rows, seen)
    findings.found += judged.found
    findings.more |= {held.id: reasons[held.id] for held in judged.taken_over}
    findings.leaving |= {
        each.held.id: reasons[each.held.id] for each in judged.found if each.held.state == "stopping"
    }
    findings.extra |= {id_: reasons[id_] for id_ in judged.nowhere}


def _listed(owner: str, runtimes: Iterable[Runtime], findings: Findings) -> dict[Slot, list[Observation]]:
    listed: dict[Slot, list[Observation]] = {}
    for runtime in runtimes:
        seen = runtime.observe(runtime.listing(owner))
        for id_, observation in sorted(seen.items()):
            parts = id_.removeprefix(f"{owner}/").split("/")
            if observation.condition == "absent":
                continue
            if len(parts) != 3 or not parts[1].isdecimal():
                findings.extra[id_] = "its name is not owner/service/ordinal/incarnation"
            else:
                listed.setdefault((parts[0], int(parts[1])), []).append(observation)
    return listed


def _where(places: Places, want: Wanted, text: str, seen: Observation) -> tuple[Place | None, bool]:
    """Return where an instance sits, what is real before what was assigned, and whether that is the assigned place."""
    planned = places.assigned(want, text)
    real = places.seen(want, seen)
    return real or planned, real is None or real == planned


def _best(
    candidates: Sequence[Observation],
    where: Callable[[Observation], tuple[Place | None, bool]],
    revision: str,
) -> tuple[Observation, Place] | None:
    """Return the instance that holds the assignment.

    Of several (a roll or a move was under way, or a reconciler acted since) one of the state's revision, and what runs
    before what died, though that be in the place that the state assigned.
    """
    ranked = []
    for seen in candidates:
        place, as_assigned = where(seen)
        if place is not None:
            ranked.append(
                (
                    (
                        seen.revision not in ("", revision),
                        seen.condition == "failed",
                        not as_assigned,
                        seen.condition != "ready",
                        seen.id,
                    ),
                    seen,
                    place,
                )
            )
    if not ranked:
        return None
    _, seen, place = min(ranked, key=lambda each: each[0])
    return seen, place


def _record(
    findings: Findings, want: Wanted, slot: Slot, seen: Observation, place: Place, owner: str
) -> None:
    from components.ledger.found import Found

    held = Held(
        id=seen.id,
        owner=owner,
        service=slot[0],
        ordinal=slot[1],
        role="steady",
        revision=want.revision,
        place=place,
        state="failed" if seen.condition == "failed" else "ready",
        token_hash=want.token_hash,
    )
    # The rest of a detail is the end of a log, which may quote a secret.
    detail = seen.detail.partition("\n")[0] if seen.condition == "failed" else ""
    findings.found.append(Found(held, seen.endpoint, detail))
    if seen.condition == "starting":
        findings.silent.append(f"{slot[0]}/{slot[1]}")


def runtimes_of(state: State, recorded: Mapping[str, str], opened: Callable[[str], Runtime]) -> list[Runtime]:
    """Return each runtime of the state's pools once; ``recorded``: pool -> runtime of pools of other stacks."""
    names = {
        recorded.get(pool.name, pool.runtime) if pool.reference else pool.runtime for pool in state.pools
    }
    names |= {pool.runtime for pool in state.declared_pools}
    return [opened(name) for name in sorted(names)]
