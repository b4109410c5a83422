"""The blocks around an instance: where it runs in the cloud, how it is reached, what is mounted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from components.spec.typed import Block, List, Share, Whole

DEDICATED_PSEUDO_TYPE = "dedicated_resource"
"""Stands among ``cloud.computing.instances`` for the service's own resource group."""


class CloudInstance(Block):
    """One instance type of the public resource group, tried in order."""

    type: str = ""
    spot_price_limit: Annotated[float | None, Field(strict=False, description="unit: USD per hour")] = None
    capacity: Share | None = None


class Computing(Block):
    """Instance types."""

    instance_type: str = ""
    instances: Annotated[tuple[CloudInstance, ...], List] = ()
    disable_spot_protection_period: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The real instance types that are named."""
        named = (self.instance_type, *(instance.type for instance in self.instances))
        return tuple(name for name in named if name and name != DEDICATED_PSEUDO_TYPE)


class CloudNetworking(Block):
    """The VPC that instances are attached to."""

    vpc_id: str = ""
    vswitch_id: str = ""
    security_group_id: str = ""
    destination_cidrs: str = ""
    default_route: str = ""


class Cloud(Block):
    """Where instances run."""

    computing: Computing = Computing()
    networking: CloudNetworking = CloudNetworking()


class Limit(Block):
    """A gateway limit."""

    enable: bool = False
    limit: Whole = 0


class GatewayPolicy(Block):
    """Limits at the gateway."""

    rate_limit: Limit | None = None
    concurrency_limit: Limit | None = None


class Networking(Block):
    """How the service is reached."""

    gateway: str = ""
    gateway_policy: GatewayPolicy | None = None
    nlb: Annotated[tuple[dict[str, Any], ...], List] = ()


class Oss(Block):
    """A bucket path."""

    path: str = ""
    endpoint: str = ""
    read_only: Annotated[bool, Field(alias="readOnly")] = True


class Nfs(Block):
    """A file system path."""

    server: str = ""
    path: str = "/"
    read_only: Annotated[bool, Field(alias="readOnly")] = False


class Dataset(Block):
    """A PAI data set."""

    id: str = ""
    version: str = ""
    read_only: bool = True


class StorageProperties(Block):
    """Further properties of a mount."""

    resource_type: str = ""


class Storage(Block):
    """One mount."""

    mount_path: str = ""
    oss: Oss | None = None
    nfs: Nfs | None = None
    dataset: Dataset | None = None
    properties: StorageProperties = StorageProperties()


class RuntimeBlock(Block):
    """The ``runtime`` block at the top level."""

    enable_crash_block: bool = False
    termination_grace_period: Annotated[Whole | None, Field(description="unit: seconds")] = None


class UnitBlock(Block):
    """Nodes per instance of a multi-machine service."""

    size: Annotated[Whole, Field(description="unit: nodes per instance")] = 1
