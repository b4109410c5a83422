"""``EasService``: one eascmd JSON file, recorded in the ledger."""

from __future__ import annotations

import pulumi
from pulumi.dynamic import Resource

from components.providers.service import EasServiceProvider
from components.resources.properties import service_properties
from components.spec.claim import Wanted
from components.spec.pool import Pool
from components.spec.revision import wanted_of
from components.spec.service import Service


class EasService(Resource, module="eas", name="EasService"):
    """One service's declaration: ``name``, ``owner``, ``pool``, ``spec``, ``about``, and ``secrets`` where it has some.

    ``spec`` is the canonical document without secrets; policies judge it. ``about`` has the file (``source``),
    ``revision``, ``token_hash`` and what rules need to know of the pool (``pool_facts``). Both are one line of JSON: few
    properties and values, and no annotated outputs, as Pulumi's cost for 1,000 services is by their number
    (``docs/decisions/0006-few-values-few-waits.md``).
    """

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
        props = service_properties(service, pool, self.wanted, owner)
        if secrets := service.secrets():
            props["secrets"] = pulumi.Output.secret(secrets)
        super().__init__(EasServiceProvider(), service.name, props, opts)
