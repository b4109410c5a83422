"""INTEGRATION PLACEHOLDER, overwritten by the engine."""
from __future__ import annotations
from collections.abc import Sequence
from components.placement.plan_types import Plan, PlanOptions, Refusal, Step
from components.placement.snapshot import Held, Place, Snapshot
from components.spec.claim import Claim, Wanted


def plan(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    used: dict[str, list[int]] = {}
    cap = {c.uuid: c.memory_mib for v in snapshot.nodes for c in v.node.cards}
    def take(p: Place, sign: int) -> None:
        for c in p.cards:
            u = used.setdefault(c, [0, 0])
            u[0] += sign * (cap.get(c, 0) if p.exclusive else p.memory_mib); u[1] += sign * (100 if p.exclusive else p.compute)
    for h in snapshot.held:
        take(h.place, 1)
    want = {w.service: w for w in wanted}
    own: dict[tuple[str, int], list[Held]] = {}
    steps: list[Step] = []
    assignments: dict[str, dict[int, Place | None]] = {w.service: {} for w in wanted}
    refusals = []
    def add(**k) -> int:
        steps.append(Step(n=len(steps) + 1, **k)); return len(steps)
    keep: dict[tuple[str, int], Held] = {}
    for h in snapshot.held:
        if h.owner != snapshot.owner: continue
        w = want.get(h.service)
        if w is None or h.ordinal >= w.instances or h.state == "stopping":
            add(op="stop", how="stop", service=h.service, ordinal=h.ordinal, role=h.role, instance=h.id)
        else:
            keep[h.service, h.ordinal] = h
    def find(c: Claim, pool: str) -> Place | None:
        for v in sorted(snapshot.nodes, key=lambda v: v.node.name):
            if v.node.pool != pool or v.state != "ready": continue
            if c.kind == "cpu": return Place(pool, v.node.name, (), 0, 0, c.cpu_milli, c.memory_mib)
            free = [k for k in v.node.cards if not used.get(k.uuid, [0, 0])[0]]
            if c.kind == "exclusive":
                if len(free) >= c.gpu: return Place(pool, v.node.name, tuple(k.uuid for k in free[:c.gpu]), 0, 0, c.cpu_milli, c.memory_mib, True)
                continue
            m = c.slice_mib(v.node.unit)
            for k in v.node.cards:
                u = used.get(k.uuid, [0, 0])
                if u[0] + m <= k.memory_mib and u[1] + c.gpu_core_percentage <= 100:
                    return Place(pool, v.node.name, (k.uuid,), m, c.gpu_core_percentage, c.cpu_milli, c.memory_mib)
        return None
    for w in wanted:
        for i in range(w.instances):
            h = keep.get((w.service, i))
            if h and h.revision == w.revision:
                assignments[w.service][i] = h.place
                if h.state in ("reserved", "pending", "starting"):
                    add(op="start", how="resume", service=w.service, ordinal=i, instance=h.id, revision=h.revision, place=h.place)
                elif h.state == "failed":
                    add(op="restart", how="restart", service=w.service, ordinal=i, instance=h.id, revision=h.revision, place=h.place)
                elif h.token_hash != w.token_hash:
                    add(op="reconfigure", how="reconfigure", service=w.service, ordinal=i, instance=h.id)
                continue
            if h:
                n = add(op="stop", how="roll", service=w.service, ordinal=i, instance=h.id)
                take(h.place, -1)
                p = find(w.claim, w.pool)
                assert p
                take(p, 1)
                add(op="start", how="roll", service=w.service, ordinal=i, revision=w.revision, place=p, after=(n,))
                assignments[w.service][i] = p
                continue
            p = find(w.claim, w.pool)
            assignments[w.service][i] = p
            if p is None:
                refusals.append(Refusal(w.service, i, "x", {"memory": 1}, "short 1 MiB", "smaller", options.on_insufficient == "refuse"))
                continue
            take(p, 1)
            add(op="start", how="start", service=w.service, ordinal=i, revision=w.revision, place=p, reason="new")
    return Plan(assignments, tuple(steps), tuple(refusals))
