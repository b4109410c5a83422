"""``GpuPool``: a pool of nodes whose cards are spelled out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.providers.pool import GpuPoolProvider
from components.resources.properties import pool_properties
from components.spec.pool import Pool


class GpuPool(Resource, module="eas", name="GpuPool"):
    """The nodes of one pool, recorded in the ledger. ``nodes`` is keyed by node name (MiB, thousandths of a core)."""

    nodes: pulumi.Output[Mapping[str, Any]]
    resource: pulumi.Output[str]

    def __init__(
        self, name: str, *, pool: Pool, owner: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare ``pool`` (one ``pool.yaml``) for ``owner``, the stack's ``eas:owner``."""
        self.pool = pool
        super().__init__(GpuPoolProvider(), name, pool_properties(pool, owner), opts)
