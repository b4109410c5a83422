"""``EasService``: one eascmd JSON file, recorded in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import Resource

from components.providers.service import EasServiceProvider
from components.resources.properties import service_properties
from components.spec.claim import Wanted
from components.spec.pool import Pool
from components.spec.revision import public_digest, settings_of_revision, wanted_of
from components.spec.service import Service

if TYPE_CHECKING:
    from components.ledger import Hashes


def as_recorded(wanted: Wanted, service: Service, pool: Pool, recorded: Mapping[str, Hashes]) -> Wanted:
    """Return ``wanted`` with the hashes of what is committed, where the public part is the same.

    Its secrets are then taken to be the same as well: a review without the stack's secret cannot compare them.
    """
    known = recorded.get(service.name)
    if known is None:
        return wanted
    same = known.public == public_digest(service.public(), settings_of_revision(service, pool))
    return replace(wanted, token_hash=known.token_hash, revision=known.revision if same else wanted.revision)


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
        recorded: Mapping[str, Hashes] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``service`` on ``pool``; its Pulumi name is the service's name, never the file's.

        ``secret`` is the stack's ``eas:secret``: hashes made with it are handed on as plain values, since one secret leaf
        would hide the whole property from previews and policies. ``recorded``: hashes of what is committed, for a review
        without that secret.
        """
        self.wanted: Wanted = wanted_of(service, pool, secret=secret)
        if recorded is not None:
            self.wanted = as_recorded(self.wanted, service, pool, recorded)
        props = service_properties(service, pool, self.wanted, owner)
        if secrets := service.secrets():
            props["secrets"] = pulumi.Output.secret(secrets)
        super().__init__(EasServiceProvider(), service.name, props, opts)
