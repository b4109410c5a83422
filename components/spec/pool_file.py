"""What stands in a pool file, field by field. ``pool.py`` makes a :class:`Pool` of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from components.spec.node import DeclaredState
from components.spec.typed import Block, List, MaybeWhole, Whole, Words

RuntimeName = Literal["local", "simulated", "kubernetes", "pai-eas"]
RUNTIMES: tuple[RuntimeName, ...] = ("local", "simulated")
"""Those that this version has; a pool of another is refused before anything is planned on it."""
OnInsufficient = Literal["refuse", "wait"]
OnConflict = Literal["fail", "replan"]
MemoryOnly = Literal["mixed", "separate"]
Capacity = Literal["usable", "nominal"]


class GpuEntry(Block):
    """One card, spelled out; what is left out comes from the catalogue."""

    uuid: Annotated[
        str, Field(description="as nvidia-smi -L shows it; made up from pool, node and index if absent")
    ] = ""
    model: str = ""
    memory_mib: Annotated[MaybeWhole, Field(ge=1, description="unit: MiB")] = None
    state: DeclaredState = "ready"
    reason: Annotated[str, Field(description="why it is cordoned or draining")] = ""


class NodeEntry(Block):
    """One node. ``instance_type`` of the catalogue is enough; other fields override it."""

    instance_type: str = ""
    zone: str = ""
    state: DeclaredState = "ready"
    reason: Annotated[str, Field(description="why it is cordoned or draining")] = ""
    cpu: Annotated[
        MaybeWhole, Field(ge=1, description="all of the machine's; one is kept back; unit: cores")
    ] = None
    memory: Annotated[MaybeWhole, Field(ge=1, description="as in a service file, 4096 is 4 GB; unit: MB")] = (
        None
    )
    gpus: Annotated[tuple[GpuEntry, ...] | None, List] = None
    labels: dict[str, str] = Field(default_factory=dict)


class TypeEntry(Block):
    """Figures of one instance type that replace the catalogue's, or describe a type that it does not have."""

    vcpu: Annotated[MaybeWhole, Field(ge=1, description="unit: cores")] = None
    memory_gib: Annotated[MaybeWhole, Field(ge=1, description="unit: GiB")] = None
    model: str | None = None
    count: Annotated[MaybeWhole, Field(le=64, description="unit: cards")] = None
    gb: Annotated[MaybeWhole, Field(ge=1, description="unit: GiB on ecs.* and GB on ml.*")] = None
    usable: Annotated[MaybeWhole, Field(ge=1, description="unit: MiB per card")] = None


class LocalSettings(Block):
    """How instances run as processes of this machine.

    ``run``: what stands in for what a file names and this machine does not have: by service name, processor
    name or image an argv (list) or a shell script (text); ``default`` for services that name nothing to run.
    ``ports``: first and last TCP port that instances are given. ``parallel``: how many start at once.
    """

    run: dict[str, Words] = Field(default_factory=dict)
    ports: Annotated[tuple[int, ...], List, Field(description="first and last")] = (20000, 29999)
    parallel: Annotated[Whole, Field(ge=1, description="unit: instances")] = 40
    ready_timeout_s: Annotated[
        Whole, Field(ge=1, description="20 minutes: model loads are long; unit: seconds")
    ] = 1200


class Rebalance(Block):
    """Moves that empty cards, for nothing but fewer cards in use."""

    max_moves: Annotated[
        Whole, Field(description="instances per plan; 0 moves nothing only to empty cards")
    ] = 0


class QuotaEntry(Block):
    """What one owner may take of the pool; what is not written is not limited."""

    cards: Annotated[
        MaybeWhole,
        Field(description="a slice counts as the larger of its parts of memory and compute; unit: cards"),
    ] = None
    memory_gib: Annotated[
        MaybeWhole, Field(description="card memory, of whole cards all of it; unit: GiB")
    ] = None
    compute: Annotated[MaybeWhole, Field(description="100 per whole card; unit: percent of one card")] = None


class PoolEntry(Block):
    """One pool as written."""

    name: str = ""
    reference: Annotated[
        bool,
        Field(description="another stack declares it: nodes, resource and runtime are as recorded there"),
    ] = False
    resource: Annotated[str, Field(description="eas-r-..., eas-vr-... or quota...")] = ""
    aliases: Annotated[tuple[str, ...], List, Field(description="other ids that reach the same nodes")] = ()
    runtime: RuntimeName = "local"
    default: Annotated[bool, Field(description="takes the services that name no resource")] = False
    single_user: Annotated[
        bool, Field(description="nothing else uses these cards: strangers are not looked for")
    ] = False
    discover: Annotated[bool, Field(description="take the nodes that the runtime reports")] = False
    capacity: Capacity = "usable"
    memory_only: MemoryOnly = "mixed"
    on_insufficient: OnInsufficient = "refuse"
    max_moves: Annotated[Whole, Field(description="unit: instances per plan")] = 0
    rebalance: Rebalance = Rebalance()
    on_conflict: OnConflict = "fail"
    quotas: Annotated[
        dict[str, QuotaEntry],
        Field(description="by owner, organization/project/stack; * stands for any, default for all others"),
    ] = Field(default_factory=dict)
    catalogue: dict[str, TypeEntry] = Field(default_factory=dict)
    nodes: dict[str, NodeEntry] = Field(default_factory=dict)
    local: LocalSettings = LocalSettings()
    simulated: dict[str, Any] = Field(default_factory=dict)
    kubernetes: dict[str, Any] = Field(default_factory=dict)
    pai_eas: Annotated[dict[str, Any], Field(alias="pai-eas", default_factory=dict)]
