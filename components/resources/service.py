"""``EasService``: one eascmd JSON file, recorded in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.providers.service import EasServiceProvider
from components.spec.claim import Wanted
from components.spec.pool import Pool
from components.spec.revision import wanted_of
from components.spec.service import Service


class EasService(Resource, module="eas", name="EasService"):
    """One service's declaration. ``spec`` is its canonical document without secrets; policies judge it."""

    spec: pulumi.Output[Mapping[str, Any]]
    revision: pulumi.Output[str]

    def __init__(
        self,
        *,
        service: Service,
        pool: Pool,
        owner: str,
        secret: bytes,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``service`` on ``pool``; its Pulumi name is the service's name, never the file's.

        ``secret`` is the stack's ``eas:secret``: hashes made with it are handed on as plain values, since one secret leaf
        would hide the whole property from previews and policies.
        """
        self.wanted: Wanted = wanted_of(service, pool, secret=secret)
        secrets = service.secrets()
        super().__init__(
            EasServiceProvider(),
            service.name,
            {
                "name": service.name,
                "owner": owner,
                "pool": pool.name,
                "source": service.source,
                "spec": service.public(),
                "secrets": pulumi.Output.secret(secrets) if secrets else None,
                "has_token": "token" in secrets,
                "token_hash": self.wanted.token_hash,
                "revision": self.wanted.revision,
                "pool_facts": pool.facts_text,
            },
            opts,
        )
