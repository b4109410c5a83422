"""Only looking: how what runs differs from what the ledger holds. Nothing is started or stopped here.

What was never asked to run, or is on its way in or out, is left to the plan that is not finished yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from components.ledger import InstanceRow, Ledger
from components.runtimes.port import Observation, Runtime
from components.settle.outfit import Outfitter, TokenFor
from components.settle.task import short
from components.settle.watch import Watch

Kind = Literal["dead", "missing", "moved", "silent", "recovered", "extra"]
"""``silent``: there and does not answer now. ``recovered``: recorded as failed, and serves. ``extra``: the runtime keeps it
for this owner and the ledger does not know it."""

SETTLED = frozenset({"ready", "failed"})
"""The recorded states that observation may contradict."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One instance that is not as recorded. ``matter`` is one word or a place, ``detail`` the sentence or log behind it."""

    instance: str
    service: str
    ordinal: int
    role: str
    kind: Kind
    matter: str
    detail: str = ""


def observe_owner(
    ledger: Ledger,
    runtimes: Callable[[str], Runtime],
    owner: str,
    *,
    now: datetime,
    because: str,
    token_for: TokenFor | None = None,
) -> tuple[Finding, ...]:
    """Look at this owner's instances and record dead ones as failed and recovered ones as ready: the only write.

    Returns the wanted instances that are not as planned: dead, missing or moved. Raises ``RuntimeFault`` when a runtime
    cannot be asked, since silence is not health. ``token_for``: so that a log that quotes a derived token does not bring it
    into the ledger; without it only the secrets of the file itself are hidden.
    """
    findings = survey(ledger, runtimes, owner, token_for=token_for)
    ledger.observe(
        {
            finding.instance: (
                "ready"
                if finding.kind == "recovered"
                else "absent"
                if finding.kind == "missing"
                else "failed",
                finding.detail,
            )
            for finding in findings
            if finding.kind in ("dead", "missing", "moved", "recovered")
        },
        now=now,
        because=because,
    )
    return tuple(f for f in findings if f.kind in ("dead", "missing", "moved") and f.role == "steady")


def survey(
    ledger: Ledger,
    runtimes: Callable[[str], Runtime],
    owner: str,
    *,
    token_for: TokenFor | None = None,
) -> tuple[Finding, ...]:
    """Look at this owner's instances and say how they differ from the record; write nothing."""
    outfitter = Outfitter(ledger, owner, runtimes, token_for)
    watch = Watch(outfitter.nodes.values())
    rows = ledger.instances(owner=owner)
    by_runtime: dict[int, tuple[Runtime, list[InstanceRow]]] = {}
    for row in rows:
        if row.held.state in SETTLED and row.held.place.pool not in outfitter.elsewhere:
            runtime = outfitter.runtime_of(row.held.place.pool)
            by_runtime.setdefault(id(runtime), (runtime, []))[1].append(row)
    findings: list[Finding] = []
    for runtime, own in by_runtime.values():
        observed = runtime.observe([row.held.id for row in own])
        for row in own:
            if finding := _judge(row, observed.get(row.held.id), runtime, watch):
                detail = outfitter.hide_secrets(row.held, finding.detail)
                findings.append(replace(finding, detail=detail))
    known = {row.held.id for row in rows}
    findings += [_extra(id_, owner) for id_ in listed(outfitter, owner) if id_ not in known]
    return tuple(sorted(findings, key=lambda finding: finding.instance))


def listed(outfitter: Outfitter, owner: str) -> dict[str, Runtime]:
    """Return what the runtimes keep for this owner: instance id -> runtime."""
    return {id_: runtime for runtime in outfitter.all_runtimes() for id_ in runtime.listing(owner)}


def _judge(row: InstanceRow, seen: Observation | None, runtime: Runtime, watch: Watch) -> Finding | None:
    if seen is None:
        return None
    held = row.held

    def finding(kind: Kind, matter: str, detail: str = "") -> Finding:
        return Finding(held.id, held.service, held.ordinal, held.role, kind, matter, detail or seen.detail)

    if seen.condition == "absent":
        return finding("missing", "missing")
    if seen.condition == "failed":
        return finding("dead", "dead")
    if sentence := watch.displaced(held.place, runtime, seen):
        return finding("moved", f"on {watch.where(held.place, seen)}", sentence)
    if seen.condition == "starting":
        return finding("silent", "silent")
    return finding("recovered", "recovered") if held.state == "failed" else None


def _extra(id_: str, owner: str) -> Finding:
    service, _, rest = short(id_, owner).partition("/")
    ordinal = rest.partition("/")[0]
    return Finding(
        id_,
        service,
        int(ordinal) if ordinal.isdecimal() else -1,
        "steady",
        "extra",
        "extra",
        "its runtime keeps it and the ledger does not know it; `pulumi refresh` records it, and the next `up` ends it or "
        "goes on with it",
    )
