"""``Placement``: one per stack; plans all services jointly in ``check`` and carries the plan out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.providers.placement import PlacementProvider
from components.resources.pool import GpuPool
from components.resources.properties import placement_properties
from components.resources.service import EasService


class Placement(Resource, module="eas", name="Placement"):
    """Which instance sits on which card, and how it gets there.

    ``assignments`` (service -> ordinal -> ``node/card`` or ``waiting``) and ``change`` (the steps of this plan) are known in
    the preview. ``endpoints`` (service -> ordinal -> URL), ``tokens`` (service -> token, secret) and ``status`` are known
    once the services serve. Read them with ``.get``: a preview of a new service has none yet.
    """

    assignments: pulumi.Output[Mapping[str, Any]]
    change: pulumi.Output[Mapping[str, Any]]
    usage: pulumi.Output[Mapping[str, Any]]
    endpoints: pulumi.Output[Mapping[str, Any]]
    tokens: pulumi.Output[Mapping[str, Any]]
    status: pulumi.Output[Mapping[str, Any]]

    def __init__(
        self,
        name: str,
        *,
        pools: Sequence[GpuPool],
        services: Sequence[EasService],
        owner: str,
        references: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Place ``services`` on ``pools`` and on the pools that other stacks declare (``references``, by name).

        ``options``: ``on_insufficient``, ``max_moves``, ``rebalance`` (how many instances may move to empty cards),
        ``memory_only``, ``on_conflict``.
        """
        given = placement_properties(
            (pool.pool for pool in pools),
            (service.wanted for service in services),
            owner,
            references=references,
            options=options,
        )
        super().__init__(
            PlacementProvider(),
            name,
            {
                **given,
                "assignments": None,
                "change": None,
                "usage": None,
                "endpoints": None,
                "tokens": None,
                "status": None,
            },
            pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(depends_on=[*pools, *services], additional_secret_outputs=["tokens"]),
                opts,
            ),
        )
