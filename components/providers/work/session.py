"""What one provider process shares between its resources: configuration, ledger, runtimes, and who it is.

Pulumi starts one provider process per phase and calls it from four threads, so everything here is guarded by a lock and
opened on first use.
"""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi.dynamic import ConfigureRequest

from components.ledger import Ledger, open_ledger, resolve_url
from components.runtimes.port import Runtime
from components.runtimes.registry import open_runtime
from components.spec.revision import derived_token

STATE_FOLDER = ".eas"
"""The folder in the project that holds the ledger and what runtimes keep."""


def now() -> datetime:
    """Return the time of this effect (UTC)."""
    return datetime.now(UTC)


def mint() -> str:
    """Return a new short id for an incarnation or a physical resource."""
    return uuid.uuid4().hex[:8]


class Session:
    """Lazily opened parts of one provider process."""

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        """Take the project folder and the stack's configuration; opens nothing yet."""
        self.root = root
        self.home = root / STATE_FOLDER
        self._secret = str(config.get("eas:secret") or "")
        self.ledger_url, self.ledger_from = resolve_url(None, os.environ, config.get("eas:ledger"), root)
        self._lock = threading.RLock()
        self._ledger: Ledger | None = None
        self._runtimes: dict[str, Runtime] = {}

    def writing(self) -> Ledger:
        """Return the ledger for writing; creates it when it is not there yet."""
        with self._lock:
            if self._ledger is None:
                self._ledger = open_ledger(self.ledger_url, home=self.home, create=True)
            return self._ledger

    def reading(self) -> Ledger:
        """Return the ledger for reading; a missing one is not created and not remembered as missing."""
        with self._lock:
            if self._ledger is not None:
                return self._ledger
            return open_ledger(self.ledger_url, home=self.home, create=False)

    def runtime(self, name: str) -> Runtime:
        """Return the runtime of that name, opened once."""
        with self._lock:
            if name not in self._runtimes:
                self._runtimes[name] = open_runtime(name, self.home)
            return self._runtimes[name]

    def token(self, owner: str, service: str, declared: str | None) -> str:
        """Return the token of a service: the declared one, or one derived from the stack's secret and kept nowhere."""
        return declared or derived_token(owner, service, self._secret.encode())


_LOCK = threading.Lock()
_SESSION: Session | None = None


def configure(request: ConfigureRequest) -> None:
    """Remember the stack's configuration for this process; every provider class calls it, the first call counts.

    Errors become one sentence: Pulumi prints ``format_exc()``, which honours ``sys.tracebacklimit``.
    """
    global _SESSION  # noqa: PLW0603 - one process serves one stack, and Pulumi owns the instances that could hold this
    if not os.environ.get("EAS_DEBUG"):
        sys.tracebacklimit = 0
    with _LOCK:
        if _SESSION is None:
            names = ("eas:secret", "eas:ledger", "eas:owner")
            _SESSION = Session(Path.cwd(), {name: request.config.get(name) for name in names})


def session() -> Session:
    """Return this process's session; for methods that Pulumi calls after ``configure``."""
    if _SESSION is None:
        raise RuntimeError("the provider was called before Pulumi configured it; run it through `pulumi`")
    return _SESSION


def reset(replacement: Session | None = None) -> None:
    """Forget or replace the session, for tests that call providers as Pulumi calls them."""
    global _SESSION  # noqa: PLW0603 - see configure
    with _LOCK:
        _SESSION = replacement
