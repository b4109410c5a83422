"""``eas fit``: how many more instances of a claim fit, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session
from components.cli.base.targets import unknown

if TYPE_CHECKING:
    from components.placement.plan_types import Plan, PlanOptions
    from components.placement.snapshot import Snapshot
    from components.spec.claim import Claim, Wanted

PROBE = "~fit"
"""The service that is tried; no real one may have this name."""
MOST = 20_000
"""More than this many are not counted."""
SHOWN = 40
"""How many places are listed."""

GpuOption = Annotated[int, typer.Option("--gpu", min=0, metavar="N", help="Whole cards per instance.")]
MemoryOption = Annotated[
    int, typer.Option("--gpu-memory", min=0, metavar="G", help="GiB (GB on ml.* nodes) on one card.")
]
PercentOption = Annotated[
    int, typer.Option("--percentage", min=0, max=100, metavar="P", help="Percent of one card's compute.")
]
CpuOption = Annotated[int, typer.Option("--cpu", min=0, metavar="N", help="Cores per instance.")]
HostOption = Annotated[int, typer.Option("--memory", min=0, metavar="MB", help="Host memory per instance.")]
PoolOption = Annotated[str | None, typer.Option("--pool", metavar="NAME", help="The pool; default: all.")]


def register(app: typer.Typer) -> None:
    """Add ``fit``."""

    @command(
        app,
        "fit",
        brief="how many more instances of a claim fit, and where",
        examples="""
            eas fit --gpu-memory 20 --percentage 10
            eas fit --gpu-memory 20 --cpu 4 --memory 16000
            eas fit --gpu 1 --pool gpus
        """,
    )
    def fit(
        session: Session,
        gpu_memory: MemoryOption = 0,
        percentage: PercentOption = 0,
        gpu: GpuOption = 0,
        cpu: CpuOption = 0,
        memory: HostOption = 0,
        pool: PoolOption = None,
    ) -> Exit:
        """Count how many more instances of a claim fit beside everything that is committed, card by card.

        The planner places them, so node states, CPU, host memory and `memory_only` count as in an `up`. Nobody is moved.
        Exit status: 0 at least one fits, 1 none does.
        """
        claim = _claim(gpu, gpu_memory, percentage, cpu, memory)
        with session.busy("planning"):
            found = [_fit(session, name, claim) for name in _pools(session, pool)]
        total = sum(each["total"] for each in found)
        session.show({"asks": _asks(claim), "total": total, "pools": found}, _text(claim, found, total))
        return Exit.OK if total else Exit.FAILED


def _claim(gpu: int, gpu_memory: int, percentage: int, cpu: int, memory: int) -> Claim:
    """Return the claim that the options describe."""
    from components.spec.claim import Claim

    if gpu and (gpu_memory or percentage):
        raise CommandError("--gpu takes whole cards; leave --gpu-memory and --percentage out", Exit.USAGE)
    if not (gpu or gpu_memory or cpu):
        raise CommandError("say what one instance asks for: --gpu-memory G, --gpu N or --cpu N", Exit.USAGE)
    if percentage and not gpu_memory:
        raise CommandError("--percentage counts with --gpu-memory only, as in a service file", Exit.USAGE)
    return Claim(gpu, gpu_memory, percentage, cpu * 1000, memory)


def _pools(session: Session, name: str | None) -> list[str]:
    """Return the names of the pools to look at."""
    known = sorted(declared.runtimes(session))
    if name is None:
        return known
    if name not in known:
        raise unknown(name, "pool", known)
    return [name]


def _fit(session: Session, pool: str, claim: Claim) -> dict[str, Any]:
    """Return how many fit into one pool, by card (or node, without cards)."""
    from components.placement.address import address_of, card_indexes
    from components.spec.claim import Wanted

    snapshot, wanted, options = committed_state(session)
    count = _bound(snapshot, pool, claim)
    probe = Wanted(service=PROBE, pool=pool, claim=claim, instances=count, revision="fit")
    plan = _plan(snapshot, (*wanted, probe), options)
    indexes = card_indexes(view.node for view in snapshot.nodes)
    places = [place for place in plan.assignments.get(PROBE, {}).values() if place is not None]
    by_address = Counter(address_of(place, indexes) for place in places)
    refusal = next((refusal for refusal in plan.refusals if refusal.service == PROBE), None)
    return {
        "pool": pool,
        "total": len(places),
        "at_least": len(places) == count == MOST,
        "places": dict(sorted(by_address.items())),
        "limit": _limit(refusal) if refusal and not places else "",
    }


def committed_state(session: Session) -> tuple[Snapshot, tuple[Wanted, ...], PlanOptions]:
    """Return what is committed, to plan something beside it; needs no secret, since no declaration is read for it."""
    project = declared.load(session)
    committed = session.ledger.committed(session.owner)
    wanted = committed.wanted if committed else ()
    options = replace(declared.options_of(session, project), on_insufficient="wait", max_moves=0)
    return declared.snapshot_of(session, project), wanted, options


def _plan(snapshot: Snapshot, wanted: tuple[Wanted, ...], options: PlanOptions) -> Plan:
    from components.placement.plan import plan

    return plan(snapshot, wanted, options)


def _bound(snapshot: Snapshot, pool: str, claim: Claim) -> int:
    """Return a number of instances that is certainly enough to fill the pool: what empty nodes would take, plus one."""
    bound = 1
    for view in snapshot.nodes:
        node = view.node
        if node.pool != pool:
            continue
        if claim.kind == "slice":
            bound += sum(card.memory_mib // max(1, claim.slice_mib(node.unit)) for card in node.cards)
        elif claim.kind == "exclusive":
            bound += len(node.cards) // claim.gpu
        else:
            bound += node.cpu_milli // max(1, claim.cpu_milli)
    return min(bound, MOST)


def _limit(refusal: Any) -> str:
    """Return why not even one fits, without the probe's name."""
    return str(refusal).removeprefix(f"{PROBE}/0 ")


def _asks(claim: Claim) -> str:
    """Return the claim in the words of a service file."""
    parts = [
        f"gpu {claim.gpu}" if claim.gpu else "",
        f"gpu_memory {claim.gpu_memory}" if claim.gpu_memory else "",
        f"gpu_core_percentage {claim.gpu_core_percentage}" if claim.gpu_core_percentage else "",
        f"cpu {claim.cpu_milli // 1000}" if claim.cpu_milli else "",
        f"memory {claim.memory_mib}" if claim.memory_mib else "",
    ]
    return ", ".join(part for part in parts if part)


def _text(claim: Claim, found: list[dict[str, Any]], total: int) -> str:
    """Return one line per place and the sum."""
    from components.placement.picture import natural

    places = [
        (natural(address), address, count) for each in found for address, count in each["places"].items()
    ]
    width = max((len(address) for _, address, _ in places), default=0)
    lines = [f"{address:{width}}  {count} more" for _, address, count in sorted(places)[:SHOWN]]
    if len(places) > SHOWN:
        lines.append(f"… and on {len(places) - SHOWN} more: --json has them all")
    lines += [f"pool {each['pool']}: none; {each['limit']}" for each in found if each["limit"]]
    least = "at least " if any(each["at_least"] for each in found) else ""
    return "\n".join([*lines, f"{least}{total} more of {_asks(claim)}"])
