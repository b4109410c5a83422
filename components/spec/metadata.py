"""The ``metadata`` block of a service file, field by field.

Sources: PAI documentation "Parameters of model services", "Configure GPU slicing", "Rolling updates"; the
fields that only the Python SDK or public samples show are marked so.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.spec.typed import Block, MaybeWhole, Share, Size, Whole

DEFAULT_GRACE_S = 30
"""EAS's own ``eas.termination_grace_period``."""


class Rpc(Block):
    """Server settings of processors."""

    batching: bool = False
    enable_sigterm: bool = False
    io_threads: Annotated[Whole, Field(description="default 4")] = 4
    keepalive: Annotated[
        Whole, Field(description="a request is answered 408 after it; unit: milliseconds")
    ] = 600_000
    max_batch_size: Whole = 16
    max_batch_timeout: Annotated[Whole, Field(description="unit: milliseconds")] = 50
    max_queue_size: Annotated[Whole, Field(description="answers 450 when full")] = 64
    rate_limit: Annotated[Whole, Field(description="0 is none; unit: requests per second and instance")] = 0
    worker_threads: Annotated[Whole, Field(description="default 5")] = 5


class RollingStrategy(Block):
    """How a new revision replaces the old one. Defaults depend on the pool: see ``revision.rolling_of``."""

    max_surge: Annotated[Share | None, Field(description="extra instances during an update")] = None
    max_unavailable: Annotated[
        MaybeWhole, Field(description="instances stopped at once; unit: instances")
    ] = None


class SpreadBlock(Block):
    """Where instances of one service go relative to each other."""

    policy: Literal["default", "host", "zone"] = "default"


class Scheduling(Block):
    """Scheduling wishes."""

    spread: SpreadBlock = SpreadBlock()


class Grace(Block):
    """The blocks ``eas`` and ``runtime``: time that an instance has to end."""

    termination_grace_period: Annotated[MaybeWhole, Field(description="default 30; unit: seconds")] = None


class Metadata(Block):
    """What an instance needs and how many there are.

    A field that is not written has EAS's default. ``gpu`` 0 and unset are the same, ``gpu_memory`` 0 and
    unset too.
    """

    name: Annotated[str, Field(description="unique in a region")] = ""
    instance: Annotated[Whole, Field(description="unit: instances")] = 1
    workspace_id: str = ""
    cpu: Annotated[Whole, Field(description="unit: cores per instance")] = 0
    memory: Annotated[Whole, Field(description="4096 is 4 GB; unit: MB per instance")] = 0
    gpu: Annotated[Whole, Field(description="whole cards of one node; unit: cards per instance")] = 0
    gpu_memory: Annotated[
        Whole, Field(description="on one card; unit: GiB on ecs.* nodes and GB on ml.* nodes")
    ] = 0
    gpu_core_percentage: Annotated[
        int, Field(ge=1, le=100, description="of one card's compute; unset asks for no share; unit: percent")
    ] = 0
    qos: Annotated[
        Literal["", "BestEffort"], Field(description="BestEffort shares CPU: cpu is not counted")
    ] = ""
    resource: Annotated[str, Field(description="resource group id, eas-r-... or eas-vr-...")] = ""
    quota_id: Annotated[str, Field(description="resource quota id, quota...; from the SDK")] = ""
    cuda: str = ""
    rdma: Annotated[int, Field(ge=0, le=1, description="Lingjun quotas only")] = 0
    enable_grpc: bool = False
    enable_webservice: bool = False
    type: str = "Standard"
    shm_size: Annotated[Whole, Field(description="shared memory; unit: GB")] = 0
    disk: Size = 0
    resource_burstable: bool = False
    resource_rebalancing: bool = False
    workload_type: str = ""
    rolling_strategy: RollingStrategy = RollingStrategy()
    eas: Grace = Grace()
    runtime: Grace = Grace()
    scheduling: Scheduling = Scheduling()
    rpc: Rpc = Rpc()

    @property
    def written_grace(self) -> int | None:
        """How long an instance has to end, in seconds, in either documented spelling; None where unwritten."""
        for block in (self.eas, self.runtime):
            if block.termination_grace_period is not None:
                return block.termination_grace_period
        return None

    @property
    def grace_seconds(self) -> int:
        """How long an instance has to end, in seconds."""
        return DEFAULT_GRACE_S if self.written_grace is None else self.written_grace

    @property
    def sliced(self) -> bool:
        """Whether an instance shares a card: ``gpu`` unset or 0, and ``gpu_memory`` at least 1."""
        return self.gpu == 0 and self.gpu_memory >= 1
