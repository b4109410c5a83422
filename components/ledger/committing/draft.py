"""Turns the steps of a plan into rows: which are new, which go on, which stop, and what waits for what. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from components.ledger.committing.judge import AGAIN
from components.ledger.errors import PlanIncomplete, StalePlan
from components.placement.bound import Assignments, same_place
from components.placement.plan_types import Step
from components.placement.snapshot import Held, HoldState, Place


@dataclass(slots=True)
class Draft:
    """What a plan comes to. ``ids``: step -> instance. ``fresh``: new rows. ``resumed``: recorded rows, with their turn set
    anew. ``stopped``: rows that some step stops. ``dropped``: pending rows that are stopped; nothing of them ever ran."""

    ids: dict[int, str] = field(default_factory=dict)
    fresh: list[Held] = field(default_factory=list)
    resumed: list[Held] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)


def draft(
    owner: str,
    steps: Sequence[Step],
    own: Mapping[str, Held],
    tokens: Mapping[str, str],
    mint: Callable[[], str],
) -> Draft:
    """Resolve the steps against this owner's rows of now. ``tokens``: service -> token hash for new rows.

    A stop or restart without an instance is about the row that this plan starts for the same service, ordinal and role.
    Raises :class:`StalePlan` when a row that a step names is gone or another, :class:`PlanIncomplete` when steps
    contradict each other.
    """
    result = Draft()
    started: dict[tuple[str, int, str], Held] = {}
    stops_before = _stops_before(steps)
    stop_ids: dict[int, str] = {}
    stops_at: dict[str, set[int]] = {}
    for step in sorted(steps, key=lambda step: step.n):
        slot = (step.service, step.ordinal, step.role)
        if step.op == "start" and not step.instance:
            if step.place is None:
                raise PlanIncomplete(f"step {step.n} starts {step.label} without a place")
            held = _fresh(owner, step, tokens, mint)
            started[slot] = held
        elif step.instance:
            held = _recorded(step, own)
        elif slot in started:
            held = started[slot]
        else:
            raise PlanIncomplete(
                f"step {step.n} ({step.op} {step.label}) names no instance, and no earlier step starts one"
            )
        result.ids[step.n] = held.id
        if step.op == "stop":
            stop_ids[step.n] = held.id
            stops_at.setdefault(held.place.node_key, set()).add(step.n)
            result.stopped.add(held.id)
            if held.state == "pending" and held.id in own:
                result.dropped.add(held.id)
        elif step.op == "start":
            here = stops_before[step.n] & stops_at.get(held.place.node_key, set())
            waiting = replace(held, after=tuple(sorted({stop_ids[n] for n in here})))
            (result.resumed if held.id in own else result.fresh).append(waiting)
    result.fresh = [_in_its_turn(held, result) for held in result.fresh]
    result.resumed = [_resumed(held, own[held.id], result) for held in result.resumed]
    return result


def covered(
    own: Iterable[Held], assignments: Assignments, made: Draft, unreachable: Callable[[Place], bool]
) -> None:
    """Check that the plan speaks of every row of this owner, and that what it keeps is there.

    ``unreachable``: whether a place is on a lost node or card, whose rows stay until it returns. Raises
    :class:`StalePlan` for a kept instance that is gone, :class:`PlanIncomplete` for a row that the plan forgot.
    """
    spoken = set(made.ids.values())
    finals = {
        (service, ordinal): place
        for service, places in assignments.items()
        for ordinal, place in places.items()
        if place is not None
    }
    found: set[tuple[str, int]] = set()
    rows = list(own)
    for held in [*rows, *made.fresh]:
        place = finals.get((held.service, held.ordinal))
        stays = (
            held.role == "steady"
            and held.id not in made.stopped
            and place is not None
            and same_place(place, held.place)
        )
        if stays:
            found.add((held.service, held.ordinal))
        elif held.id not in spoken and not unreachable(held.place):
            raise PlanIncomplete(
                f"the plan neither keeps, starts nor stops {held.id} ({held.state} on {held.place.node_key}). {AGAIN}"
            )
        if stays and held.id not in spoken and held.state in ("pending", "reserved", "starting", "stopping"):
            raise PlanIncomplete(
                f"{held.id} is {held.state}, left so by an earlier plan, and this plan has no step for it. {AGAIN}"
            )
    for slot, place in finals.items():
        if slot not in found:
            wish = f"{slot[0]}/{slot[1]}"
            raise StalePlan(
                f"the plan keeps {wish} on node {place.node_key}, but no such instance is recorded there any more. {AGAIN}",
                card=place.cards[0] if place.cards else place.node_key,
                wish=wish,
                service=slot[0],
            )


def _fresh(owner: str, step: Step, tokens: Mapping[str, str], mint: Callable[[], str]) -> Held:
    incarnation = mint()
    if not incarnation or "/" in incarnation:
        raise PlanIncomplete(f"{incarnation!r} cannot name an incarnation: it is empty or holds a slash")
    assert step.place is not None
    return Held(
        id=f"{owner}/{step.service}/{step.ordinal}/{incarnation}",
        owner=owner,
        service=step.service,
        ordinal=step.ordinal,
        role=step.role,
        revision=step.revision,
        place=step.place,
        state="reserved",
        token_hash=tokens.get(step.service, ""),
    )


def _recorded(step: Step, own: Mapping[str, Held]) -> Held:
    held = own.get(step.instance)
    wish = f"{step.op} {step.label}"
    if held is None:
        raise StalePlan(
            f"the plan wants to {wish} ({step.instance}), which is no longer recorded: it has been seen gone. {AGAIN}",
            wish=wish,
            service=step.service,
        )
    moved = step.place is not None and not same_place(step.place, held.place)
    if step.op != "stop" and (moved or (step.revision and step.revision != held.revision)):
        raise StalePlan(
            f"the plan wants to {wish} as revision {step.revision!r}, but {held.id} is revision {held.revision!r} "
            f"on node {held.place.node_key} now. {AGAIN}",
            card=held.place.cards[0] if held.place.cards else held.place.node_key,
            wish=wish,
            service=step.service,
        )
    if step.op == "start" and held.state == "stopping":
        raise StalePlan(
            f"the plan wants to {wish}, but {held.id} is being stopped. {AGAIN}",
            wish=wish,
            service=step.service,
        )
    return held


def _stops_before(steps: Sequence[Step]) -> dict[int, frozenset[int]]:
    """Return for each step the numbers of the stops that must be done before it. Raises :class:`PlanIncomplete`."""
    closed: dict[int, frozenset[int]] = {}
    stops: set[int] = set()
    # All steps of a wave wait for the same ones; their sets are made once.
    known: dict[tuple[int, ...], frozenset[int]] = {}
    for step in sorted(steps, key=lambda step: step.n):
        for other in step.after:
            if other not in closed:
                raise PlanIncomplete(f"step {step.n} comes after step {other}, which does not come before it")
        if step.after not in known:
            direct = stops.intersection(step.after)
            known[step.after] = frozenset(direct).union(*(closed[other] for other in step.after))
        closed[step.n] = known[step.after]
        if step.op == "stop":
            stops.add(step.n)
    return closed


def _in_its_turn(held: Held, made: Draft) -> Held:
    waits = tuple(other for other in held.after if other not in made.dropped)
    return replace(held, after=waits, state="pending" if waits else "reserved")


def _resumed(held: Held, before: Held, made: Draft) -> Held:
    """A pending row goes on waiting for what this plan still stops; any other has its place already."""
    if before.state != "pending":
        return before
    waits = {*held.after, *(other for other in before.after if other in made.stopped)} - made.dropped
    state: HoldState = "pending" if waits else "reserved"
    return replace(before, after=tuple(sorted(waits)), state=state)
