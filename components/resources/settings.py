"""What a stack's configuration says about its fleet (``Pulumi.STACK.yaml``, keys ``eas:…``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from components.spec.fault import SpecError
from components.spec.options import stack_max_moves
from components.spec.owners import SUFFIX_BYTES
from components.spec.revision import REVIEWING

if TYPE_CHECKING:
    from components.ledger import Hashes


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """``owner`` names this stack in the ledger; ``secret`` keys token and revision hashes.

    ``pool_files``, ``services`` and ``overrides`` choose and adapt the files, so that dev and prod share them;
    ``references`` are pools that another stack declares; ``max_moves`` counts before what the pools say.
    ``ledger``: where that stack's record is, asked only for such pools. ``recorded``: what stands for hashes made with the
    secret in a review that has none.
    """

    owner: str
    secret: bytes
    pool_files: tuple[str, ...] = ("pool.yaml",)
    services: str = "services"
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    max_moves: int | None = None
    ledger: str | None = None
    recorded: Mapping[str, Hashes] | None = None


def settings_of(config: pulumi.Config) -> FleetSettings:
    """Read the stack's ``eas:`` configuration; raises ``pulumi.RunError`` naming what is missing and how to set it."""
    owner, secret = config.get("owner"), config.get("secret")
    if not owner:
        raise pulumi.RunError(
            "eas:owner is not set, so the ledger cannot tell this stack from others. Run `make setup`, or "
            "`pulumi config set eas:owner "
            f"ORGANIZATION/PROJECT/STACK-$(openssl rand -hex {SUFFIX_BYTES})` once for this stack"
        )
    recorded = recorded_hashes(config.get("ledger")) if not secret and REVIEWING in os.environ else None
    if not secret and recorded is None:
        raise pulumi.RunError(
            "eas:secret is not set, so tokens and revisions cannot be made. Run `make setup`, or "
            "`pulumi config set --secret eas:secret $(openssl rand -hex 32)` once for this stack"
        )
    pools = config.get_object("pools")
    return FleetSettings(
        owner=owner,
        secret=(secret or "").encode(),
        pool_files=tuple([pools] if isinstance(pools, str) else pools or ("pool.yaml",)),
        services=config.get("services") or "services",
        overrides=config.get_object("overrides") or {},
        references=tuple(config.get_object("references") or ()),
        max_moves=_max_moves(config),
        ledger=config.get("ledger"),
        recorded=recorded,
    )


def recorded_hashes(configured: str | None) -> Mapping[str, Hashes]:
    """Return service -> hashes of the picture that is reviewed by; raises ``pulumi.RunError`` where the ledger is none."""
    from components.ledger import LedgerError, open_ledger, resolve_url

    here = Path.cwd()
    try:
        place = resolve_url(None, os.environ, configured, here)
        with open_ledger(place.url, home=here, create=False) as ledger:
            picture = ledger.picture
    except LedgerError as error:
        raise pulumi.RunError(str(error)) from error
    if picture is None:
        raise pulumi.RunError(
            f"ledger {place.shown} is no picture that `eas snapshot` took; nothing can be reviewed by it"
        )
    return picture.hashes


def _max_moves(config: pulumi.Config) -> int | None:
    try:
        return stack_max_moves(config.get("max_moves"), f"Pulumi.{pulumi.get_stack()}.yaml")
    except SpecError as error:
        raise pulumi.RunError(str(error)) from error
