"""For every rule of the pack that a team sets: inputs that break it and inputs that keep it, with its configuration."""

from dataclasses import dataclass
from typing import Any

from components.spec.packed import packed
from tests.policies.build import PLACEMENT, SERVICE, service_inputs


@dataclass(frozen=True)
class Case:
    """``kind`` of resource, its inputs where the rule is ``broken`` and where it is ``kept``, and how it is set."""

    kind: str
    broken: dict[str, Any]
    kept: dict[str, Any]
    given: dict[str, Any]

    def config(self, rule: str, level: str = "mandatory") -> dict[str, Any]:
        """The configuration that turns the rule on."""
        return {rule: {"level": level, **self.given} if self.given else level}


def step(op: str, how: str, ordinal: int = 0, service: str = "svc", **more: Any) -> dict[str, Any]:
    place = (
        {"from": {"pool": "gpus", "at": "a/0"}} if op == "stop" else {"place": {"pool": "gpus", "node": "a"}}
    )
    return {"op": op, "how": how, "service": service, "ordinal": ordinal, **place, **more}


def replaced(how: str, count: int, **more: Any) -> list[dict[str, Any]]:
    """Steps that replace so many instances: a start and a stop each."""
    return [step(op, how, ordinal, **more) for ordinal in range(count) for op in ("start", "stop")]


def card(model: str = "A10-24G", capacity: int = 24576, **instances: str) -> dict[str, Any]:
    return {
        "uuid": "GPU-x",
        "model": model,
        "capacity_mib": capacity,
        "used_mib": 0,
        "compute": 0,
        "instances": {name.replace("_", "/"): said for name, said in instances.items()},
    }


def pool_figures(cards: int, mib: int, stranded: int, before: tuple[int, int, int]) -> dict[str, Any]:
    was = dict(zip(("free_cards", "free_mib", "stranded_mib"), before, strict=True))
    return {
        "cards": 8,
        "capacity_mib": 100_000,
        "free_cards": cards,
        "free_mib": mib,
        "stranded_mib": stranded,
        "before": was,
    }


def outcome(
    *,
    services: dict[str, dict[str, str]] | None = None,
    assignments: dict[str, dict[str, str]] | None = None,
    steps: list[dict[str, Any]] | None = None,
    cards: dict[str, dict[str, Any]] | None = None,
    figures: dict[str, Any] | None = None,
    runtime: str = "simulated",
) -> dict[str, Any]:
    """Checked inputs of Placement in the form in which they stand there: steps, cards, nodes and services packed."""
    labels = {"svc": {}} if services is None else services
    places = {name: {"0": "a/0"} for name in labels} if assignments is None else assignments
    nodes = {
        name: {"pool": "gpus", "zone": zone, "instance_type": "ecs.x", "cards": 2}
        for name, zone in (("a", "z1"), ("b", "z1"), ("c", "z2"))
    }
    return {
        "owner": "o/p/s",
        "pools": {"gpus": {"runtime": runtime, "nodes": {}}},
        "services": {
            name: packed({"service": name, "pool": "gpus", "claim": {}, "labels": own})
            for name, own in labels.items()
        },
        "assignments": places,
        "change": {f"{n:04d}": packed(each) for n, each in enumerate(steps or [], 1)},
        "usage": {
            "cards": {address: packed(each) for address, each in (cards or {}).items()},
            "nodes": {name: packed(node) for name, node in nodes.items()},
            "pools": {"gpus": packed(figures)} if figures else {},
        },
    }


def sliced(**metadata: Any) -> dict[str, Any]:
    return service_inputs({"metadata": {"gpu_memory": 8, "gpu_core_percentage": 20, **metadata}})


PROD, DEV = {"environment": "production"}, {"environment": "development"}
BOTH = {"svc": PROD, "test": DEV}
SHARED = {"a/0": card(svc_0="4096 MiB 10 %", test_0="4096 MiB 0 %")}
TWO = {"svc": {"0": "a/0", "1": "b/0+1"}}
TOLERANT = {"svc": {"eas-slices/tolerates-downtime": "true"}}
TEAM = {"svc": {"team": "vision"}}

CASES: dict[str, Case] = {
    "slice-has-percentage": Case(SERVICE, service_inputs({"metadata": {"gpu_memory": 8}}), sliced(), {}),
    "slice-at-most": Case(SERVICE, sliced(gpu_memory=9), sliced(gpu_memory=8), {"gpu_memory": 8}),
    "slice-at-least": Case(
        SERVICE, sliced(gpu_core_percentage=4), sliced(gpu_core_percentage=5), {"gpu_core_percentage": 5}
    ),
    "no-break-before-make": Case(
        PLACEMENT,
        outcome(steps=replaced("roll", 1, mode="break-before-make")),
        outcome(steps=replaced("roll", 1, mode="in-place")),
        {},
    ),
    "nothing-waits": Case(PLACEMENT, outcome(assignments={"svc": {"0": "waiting"}}), outcome(), {}),
    "moves-at-most": Case(
        PLACEMENT, outcome(steps=replaced("move", 2)), outcome(steps=replaced("move", 1)), {"at_most": 1}
    ),
    "breaks-at-most": Case(
        PLACEMENT,
        outcome(
            services=TOLERANT,
            steps=replaced("move", 2, mode="break-before-make"),
        ),
        outcome(services=TOLERANT, steps=replaced("move", 1, mode="break-before-make")),
        {"at_most": 1},
    ),
    "restarts-at-most": Case(
        PLACEMENT,
        outcome(steps=[*replaced("roll", 2), step("restart", "restart", 2)]),
        outcome(steps=[*replaced("roll", 2), step("start", "surge", 0, role="surge")]),
        {"at_most": 2},
    ),
    "removals-at-most": Case(
        PLACEMENT,
        outcome(runtime="kubernetes", steps=[step("stop", "stop", service="gone")]),
        outcome(runtime="simulated", steps=[step("stop", "stop", service="gone")]),
        {},
    ),
    "scale-downs-at-most": Case(
        PLACEMENT,
        outcome(steps=[step("stop", "stop", 2), step("stop", "stop", 3)]),
        outcome(steps=[step("stop", "stop", 2), step("stop", "stop", 0, role="surge")]),
        {"at_most": 1},
    ),
    "instances-apart": Case(
        PLACEMENT,
        outcome(assignments={"svc": {"0": "a/0", "1": "a/1"}}),
        outcome(assignments=TWO),
        {"on": "node"},
    ),
    "labels-apart": Case(
        PLACEMENT,
        outcome(services=BOTH, cards=SHARED),
        outcome(services={"svc": PROD, "test": PROD}, cards=SHARED),
        {},
    ),
    "headroom-at-least": Case(
        PLACEMENT,
        outcome(figures=pool_figures(1, 50_000, 0, (2, 60_000, 0))),
        outcome(figures=pool_figures(2, 50_000, 0, (3, 60_000, 0))),
        {"cards": 2, "percent": 50},
    ),
    "fragmentation-rise": Case(
        PLACEMENT,
        outcome(figures=pool_figures(1, 50_000, 10_001, (1, 50_000, 5_000))),
        outcome(figures=pool_figures(1, 50_000, 10_000, (1, 50_000, 5_000))),
        {"points": 10},
    ),
    "models-allowed": Case(
        PLACEMENT,
        outcome(services=TEAM, cards={"a/0": card("A10-24G", svc_0="4096 MiB 0 %")}),
        outcome(services=TEAM, cards={"a/0": card("L20-48G", svc_0="4096 MiB 0 %")}),
        {"models": {"vision": ["L20-48G"]}},
    ),
    "team-quota": Case(
        PLACEMENT,
        outcome(services=TEAM, cards={"a/0": card(svc_0="4096 MiB 10 %", svc_1="4097 MiB 0 %")}),
        outcome(services=TEAM, cards={"a/0": card(svc_0="4096 MiB 10 %", svc_1="4096 MiB 0 %")}),
        {"quotas": {"vision": {"cards": 0, "memory_gib": 8, "percentage": 10}}},
    ),
    "cost-at-most": Case(
        PLACEMENT,
        outcome(cards={"a/0": card(svc_0="6144 MiB 60 %"), "a/1": card(svc_1="whole card")}),
        outcome(cards={"a/0": card(svc_0="6144 MiB 50 %"), "a/1": card(svc_1="whole card")}),
        {"at_most": 1.5, "prices": {"A10-24G": 1.0}},
    ),
}
