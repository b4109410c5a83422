"""From the checked inputs of a previewed ``Placement`` to what changes: services, instances, cards, pools, cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from components.cli.review.report import CardChange, InstanceChange, Parts, PoolChange, ServiceChange
from components.rules.outcome.spending import hourly
from components.rules.outcome.view import WAITING, OutcomeView

NOWHERE = "-"

WORDS = {
    "move": "moved",
    "roll": "restarted",
    "restart": "repaired",
    "reconfigure": "given a new token",
    "resume": "resumed",
}
"""How of a step -> what its service is said to be."""


def parts_of(view: OutcomeView, declared_only: Iterable[str] = ()) -> Parts:
    """Return what a plan does. ``declared_only``: services whose declaration changes, whether or not a step follows."""
    steps = _by_instance(view)
    instances = [change for group in steps.values() for change in _changes(view, group)]
    touched = {(change.service, change.instance) for change in instances}
    placed = [f"{service}/{ordinal}" for service, ordinal, _ in view.places()]
    return Parts(
        services=tuple(_services(view, steps, set(declared_only))),
        instances=tuple(instances),
        cards=tuple(_cards(view)),
        pools=tuple(_pools(view)),
        unchanged=sum((name.rpartition("/")[0], name) not in touched for name in placed),
    )


def cost_of(view: OutcomeView, prices: Mapping[str, float]) -> tuple[float, float] | None:
    """Return what an hour costs before and after; None where a card that the stack uses has no price."""
    before, after = (hourly(view, prices, tenants) for tenants in (view.tenants_before, view.tenants))
    if before.unknown or after.unknown:
        return None
    return float(before.total), float(after.total)


Steps = dict[tuple[str, int, str], list[Mapping[str, Any]]]


def _by_instance(view: OutcomeView) -> Steps:
    found: Steps = {}
    for step in view.steps:
        key = (str(step["service"]), int(step["ordinal"]), str(step.get("role", "steady")))
        found.setdefault(key, []).append(step)
    return dict(sorted(found.items()))


def _changes(view: OutcomeView, group: list[Mapping[str, Any]]) -> Iterator[InstanceChange]:
    """Yield what happens to one instance; a start and the stop that it replaces are one change."""
    begins = [step for step in group if step["op"] != "stop"]
    ends = [step for step in group if step["op"] == "stop"]
    for begin, end in zip_longest(begins, ends):
        lead = begin or end
        assert lead is not None, "a group has at least one step"
        if lead.get("role", "steady") == "surge":
            # A temporary one is no change of what is: it is gone when the plan is done.
            continue
        service, ordinal = str(lead["service"]), int(lead["ordinal"])
        origin = _at(end if end is not None else begin)
        target = NOWHERE if begin is None else _target(view, begin, origin)
        yield InstanceChange(
            service=service,
            instance=f"{service}/{ordinal}",
            origin=origin,
            target=target,
            how=str(lead["how"]),
            mode=str(lead.get("mode", "")),
            reason=str(
                lead.get("reason") or (end or {}).get("reason") or ("new" if lead["how"] == "start" else "")
            ),
        )


def _at(step: Mapping[str, Any] | None) -> str:
    """Return where the instance of a step is now."""
    return str(((step or {}).get("from") or {}).get("at", NOWHERE))


def _target(view: OutcomeView, begin: Mapping[str, Any], origin: str) -> str:
    if begin["op"] in ("restart", "reconfigure"):
        return origin
    return str(view.assignments.get(str(begin["service"]), {}).get(str(begin["ordinal"]), NOWHERE))


def _services(view: OutcomeView, steps: Steps, declared_only: set[str]) -> Iterator[ServiceChange]:
    names = {service for service, _, _ in steps} | (declared_only & view.services.keys())
    waiting = {service for service, places in view.assignments.items() if WAITING in places.values()}
    for name in sorted(names | waiting):
        mine = [group for (service, _, role), group in steps.items() if service == name and role == "steady"]
        after = sum(place != WAITING for place in view.assignments.get(name, {}).values())
        came = sum(all(step["op"] != "stop" and not step.get("from") for step in group) for group in mine)
        went = sum(all(step["op"] == "stop" for step in group) for group in mine)
        before = after - came + went
        what = list(_words(view, name, mine, (before, after)))
        if name in waiting:
            what.append("waiting")
        yield ServiceChange(name, tuple(what) or ("declared otherwise",), before, after, len(mine))


def _words(
    view: OutcomeView, name: str, mine: list[list[Mapping[str, Any]]], counts: tuple[int, int]
) -> Iterator[str]:
    before, after = counts
    if name not in view.services:
        yield "removed"
        return
    if not before and after:
        yield "added"
    elif before != after:
        yield f"scaled {before} -> {after}"
    hows = {str(step["how"]) for group in mine for step in group}
    yield from (word for how, word in WORDS.items() if how in hows)
    if any(step.get("mode") == "break-before-make" for group in mine for step in group):
        yield "stopped before its replacement is ready"


def _cards(view: OutcomeView) -> Iterator[CardChange]:
    for address, card in sorted(view.cards.items()):
        if "before" in card:
            yield CardChange(
                address=address,
                model=str(card["model"]),
                before=card["before"],
                after=card.get("instances", {}),
                free_mib=max(int(card["capacity_mib"]) - int(card["used_mib"]), 0),
                free_compute=max(100 - int(card["compute"]), 0),
            )


def _pools(view: OutcomeView) -> Iterator[PoolChange]:
    for name, after in sorted(view.summaries.items()):
        before = after["before"]
        yield PoolChange(
            name=name,
            cards=after["cards"],
            capacity_mib=after["capacity_mib"],
            free_cards=(before["free_cards"], after["free_cards"]),
            free_mib=(before["free_mib"], after["free_mib"]),
            fragmentation=(_share(before), _share(after)),
        )


def _share(figures: Mapping[str, Any]) -> float:
    free = figures["free_mib"]
    return round(100 * figures["stranded_mib"] / free, 1) if free else 0.0
