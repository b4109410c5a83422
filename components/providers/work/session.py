"""What one provider process shares between its resources: configuration, ledger, runtimes, and who it is.

Pulumi starts one provider process per phase and calls it from four threads, so everything here is guarded by a lock and
opened on first use.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi.dynamic import ConfigureRequest

from components.ledger import Declarations, Ledger, open_ledger, resolve_url, this_actor
from components.providers.collector import collect_seldom
from components.providers.work.failures import DEBUG
from components.providers.work.gathered import Declaration, Gathered
from components.providers.work.inputs import InputError
from components.providers.work.orphan import end_when_orphaned, orphaned
from components.runtimes.port import Runtime
from components.runtimes.registry import open_runtime
from components.settle import Progress
from components.settle.holder import this_process
from components.settle.loop import Conduct
from components.spec.claim import Wanted
from components.spec.revision import derived_token, keyed

STATE_FOLDER = ".eas"
"""The folder in the project that holds the ledger and what runtimes keep."""


def now() -> datetime:
    """Return the time of this effect (UTC)."""
    return datetime.now(UTC)


def mint() -> str:
    """Return a new short id for an incarnation or a physical resource."""
    return uuid.uuid4().hex[:8]


def say(progress: Progress | str) -> None:
    """Print one line at once; Pulumi shows it under the stack.

    One write with its end in it: `print` makes two, and two threads would share a line.
    """
    sys.stdout.write(f"{progress}\n")
    sys.stdout.flush()


def warn(sentence: str) -> None:
    """Print what the reader must know."""
    say(f"warning: {sentence}")


def conduct(because: str) -> Conduct:
    """Return how this process carries out: it stops after the effect in hand when its ``pulumi`` is gone."""
    return Conduct(this_process(because), now, time.sleep, say, orphaned)


class Session:
    """Lazily opened parts of one provider process."""

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        """Take the project folder and the stack's configuration; opens nothing yet."""
        self.root = root
        self.home = root / STATE_FOLDER
        self._secret = str(config.get("eas:secret") or "").encode()
        self.ledger_url, self.ledger_from = resolve_url(None, os.environ, config.get("eas:ledger"), root)
        self._lock = threading.RLock()
        self._writer: Ledger | None = None
        self._reader: Ledger | None = None
        self._reader_found = False
        self._runtimes: dict[tuple[str, Path], Runtime] = {}
        self._declared = Gathered(self._declare)
        self._found_declared: dict[str, Declarations] = {}

    def writing(self) -> Ledger:
        """Return the ledger for writing; creates it when it is not there yet."""
        with self._lock:
            if self._writer is None:
                self._writer = open_ledger(
                    self.ledger_url, home=self.home, create=True, actor=lambda: this_actor(self.root)
                )
            return self._writer

    def reading(self) -> Ledger:
        """Return the ledger for reading; creates nothing, and finds one that was missing when it was asked before."""
        with self._lock:
            if self._writer is not None:
                return self._writer
            if self._reader is not None and self._reader_found != self._reader.exists:
                self._reader.close()
                self._reader = None
            if self._reader is None:
                self._reader = open_ledger(self.ledger_url, home=self.home, create=False)
                self._reader_found = self._reader.exists
            return self._reader

    def declared(self, owner: str) -> Declarations:
        """Return the declarations of this owner as they stood when this process first asked."""
        with self._lock:
            if owner not in self._found_declared:
                self._found_declared[owner] = self.reading().declared(owner)
            return self._found_declared[owner]

    def declare(self, declaration: Declaration) -> None:
        """Record a service, together with those that are declared at the same time; durable when it returns."""
        self._declared.declare(declaration)

    def _declare(self, declarations: Sequence[Declaration]) -> None:
        for owner in sorted({each.owner for each in declarations}):
            of_owner = [each for each in declarations if each.owner == owner]
            self.writing().declare_services(
                owner,
                [each.record for each in of_owner],
                now=now(),
                because=of_owner[0].because,
                causes={each.record.service: each.because for each in of_owner},
            )

    def runtime(self, name: str) -> Runtime:
        """Return the runtime of that name, opened once."""
        with self._lock:
            home = self.reading().runtimes_home(os.environ)
            if (name, home) not in self._runtimes:
                self._runtimes[name, home] = open_runtime(name, home, tell=warn)
            return self._runtimes[name, home]

    def token(self, owner: str, service: str, declared: str | None) -> str:
        """Return the token of a service: the declared one, or one derived from the stack's secret and kept nowhere."""
        if declared:
            return declared
        if not self._secret:
            raise InputError(
                f"service {service} declares no token, and eas:secret is not set to make one from. "
                "`pulumi config set --secret eas:secret $(openssl rand -hex 32)` sets it once for this stack"
            )
        return derived_token(owner, service, self._secret)

    def token_of(self, ledger: Ledger, owner: str, want: Wanted) -> str:
        """Return the token of a wanted service; its spec is read (and decrypted) only where the file declares one."""
        if want.token_hash == keyed(self._secret, "token", ""):
            return self.token(owner, want.service, None)
        declared = ledger.spec(owner, want.service, want.revision).secrets.get("token")
        return self.token(owner, want.service, declared)

    def derived_tokens(self, owner: str, wanted: Iterable[Wanted]) -> dict[str, str]:
        """Return service -> token of those whose file declares none."""
        none_declared = keyed(self._secret, "token", "")
        return {
            want.service: derived_token(owner, want.service, self._secret)
            for want in wanted
            if self._secret and want.token_hash == none_declared
        }

    def close(self) -> None:
        """Close the ledger; the next call opens it again."""
        with self._lock:
            for ledger in (self._writer, self._reader):
                if ledger is not None:
                    ledger.close()
            self._writer = self._reader = None


_LOCK = threading.Lock()
_SESSION: Session | None = None


def configure(request: ConfigureRequest) -> None:
    """Remember the stack's configuration for this process; every provider class calls it, the first call counts.

    Errors become one sentence: Pulumi prints ``format_exc()``, which honours ``sys.tracebacklimit``.
    """
    global _SESSION  # noqa: PLW0603 - one process serves one stack, and Pulumi owns the instances that could hold this
    if not os.environ.get(DEBUG):
        sys.tracebacklimit = 0
    with _LOCK:
        if _SESSION is None:
            names = ("eas:secret", "eas:ledger", "eas:owner")
            _SESSION = Session(Path.cwd(), {name: request.config.get(name) for name in names})
            end_when_orphaned()
            collect_seldom()


def session() -> Session:
    """Return this process's session; for methods that Pulumi calls after ``configure``."""
    if _SESSION is None:
        raise RuntimeError("the provider was called before Pulumi configured it; run it through `pulumi`")
    return _SESSION


def reset(replacement: Session | None = None) -> None:
    """Forget or replace the session, for tests that call providers as Pulumi calls them."""
    global _SESSION  # noqa: PLW0603 - see configure
    with _LOCK:
        if _SESSION is not None and _SESSION is not replacement:
            _SESSION.close()
        _SESSION = replacement
