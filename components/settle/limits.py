"""How long is waited for what, in seconds: from the service's document and the pool's settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

READY_S = 1200.0
"""Model loads are long; ``ready_timeout_s`` in the pool's settings says otherwise."""
GRACE_S = 30.0
"""EAS's own default of ``eas.termination_grace_period``."""
AFTER_GRACE_S = 60.0
"""What an engine may take, beyond the grace period, to kill an instance and to show it as gone."""
APPEAR_S = 60.0
"""What an engine may take to show an instance that it was told to start."""
UNSEEN_S = 120.0
"""How long a runtime may fail to answer before what waits for it fails."""


def ready_limit(document: Mapping[str, Any], settings: Mapping[str, Any]) -> float:
    """Return how long a start may take: the pool's ``ready_timeout_s``, and never less than the file's own startup check.

    EAS itself gives an instance ``initial_delay_seconds + period_seconds * failure_threshold`` before it counts as failed.
    """
    limit = _seconds(settings.get("ready_timeout_s"), READY_S)
    for container in document.get("containers") or ():
        check = container.get("startup_check") or {}
        if check:
            tolerated = _seconds(check.get("period_seconds"), 10.0) * _seconds(
                check.get("failure_threshold"), 3.0
            )
            limit = max(limit, _seconds(check.get("initial_delay_seconds"), 0.0) + tolerated)
    return limit


def stop_limit(document: Mapping[str, Any]) -> float:
    """Return how long a stop may take: the file's grace period, and time for the engine to kill and to notice."""
    metadata = document.get("metadata") or {}
    for block in ("eas", "runtime"):
        nested = metadata.get(block)
        value = nested.get("termination_grace_period") if isinstance(nested, Mapping) else None
        value = metadata.get(f"{block}.termination_grace_period", value)
        if value is not None:
            return _seconds(value, GRACE_S) + AFTER_GRACE_S
    return GRACE_S + AFTER_GRACE_S


def _seconds(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else default
