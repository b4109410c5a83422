"""One run of ``eas``: its common options, and what they lead to, opened when first used and closed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.workspace import Workspace

if TYPE_CHECKING:
    from components.ledger import Ledger
    from components.runtimes.port import Runtime


def now() -> datetime:
    """Return the time of this effect (UTC)."""
    return datetime.now(UTC)


def mint() -> str:
    """Return a new short id."""
    return uuid.uuid4().hex[:8]


@dataclass
class Session:
    """The common options of one command, and everything that is found through them."""

    json_output: bool = False
    stack_flag: str | None = None
    ledger_flag: str | None = None
    folder: Path | None = None
    _open: dict[bool, Ledger] = field(default_factory=dict)

    @cached_property
    def workspace(self) -> Workspace:
        """The project and stack; raises :class:`CommandError` outside a project."""
        return Workspace.find(self.folder, self.stack_flag)

    @property
    def owner(self) -> str:
        """The stack's ``eas:owner``."""
        return self.workspace.owner

    @cached_property
    def ledger_place(self) -> tuple[str, str]:
        """The ledger's URL and where that was said: found as the providers find it."""
        from components.ledger import resolve_url

        configured = self.workspace.plain("eas:ledger")
        configured = configured if isinstance(configured, str) else None
        return resolve_url(self.ledger_flag, os.environ, configured, self.workspace.root)

    @property
    def ledger(self) -> Ledger:
        """The ledger, for reading: a missing one is not created and answers as one that never held anything."""
        return self._opened(create=False)

    @property
    def writable_ledger(self) -> Ledger:
        """The ledger, for commands that record something."""
        return self._opened(create=True)

    def _opened(self, *, create: bool) -> Ledger:
        from components.ledger import open_ledger

        if True in self._open:
            return self._open[True]
        found = self._open.get(create)
        if found is not None and found.exists:
            return found
        # One that was not there may have been made meanwhile, by the `pulumi` that this command started.
        self.close()
        url, _ = self.ledger_place
        self._open[create] = open_ledger(url, home=self.workspace.home, create=create)
        return self._open[create]

    def close(self) -> None:
        """Close what was opened."""
        for ledger in self._open.values():
            ledger.close()
        self._open.clear()

    def runtime(self, name: str) -> Runtime:
        """Return the runtime of that name, as the providers open it."""
        from components.runtimes.registry import open_runtime

        return open_runtime(name, self.workspace.home)

    @cached_property
    def secret(self) -> bytes:
        """The stack's ``eas:secret``, which only Pulumi can decrypt: needed for revisions and tokens."""
        plain = self.workspace.plain("eas:secret")
        if isinstance(plain, str) and plain:
            return plain.encode()
        return self._secret_from_pulumi().encode()

    def _secret_from_pulumi(self) -> str:
        workspace = self.workspace
        command = ["pulumi", "config", "get", "eas:secret", "--stack", workspace.stack, "--non-interactive"]
        hint = "revisions and tokens cannot be made without it; run `make setup`, then `. ./.env.sh`"
        try:
            answer = subprocess.run(
                command,
                cwd=workspace.root,
                env=workspace.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        except FileNotFoundError as error:
            raise CommandError(
                f"eas:secret of stack '{workspace.stack}' needs `pulumi`, which is not on PATH: {hint}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"`{' '.join(command)}` did not answer within 60 s; {hint}") from error
        if answer.returncode or not answer.stdout.strip():
            said = " ".join(answer.stderr.split()) or "it is not set"
            raise CommandError(f"eas:secret of stack '{workspace.stack}' cannot be read ({said}); {hint}")
        return answer.stdout.strip()

    def show(self, data: Any, text: str) -> None:
        """Print the answer: ``data`` as JSON with ``--json``, else ``text``."""
        print(json.dumps(data, indent=2, ensure_ascii=False, default=str) if self.json_output else text)

    def note(self, sentence: str) -> None:
        """Say something beside the answer; with ``--json`` it goes to stderr."""
        print(sentence, file=sys.stderr if self.json_output else sys.stdout, flush=True)

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Show on a terminal that something takes time; the note vanishes when it is done."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(doing):
            yield
