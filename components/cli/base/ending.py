"""How a command ends: its exit status, and every expected failure as one sentence."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sized
from enum import IntEnum


class Exit(IntEnum):
    """What the exit status says to a script."""

    OK = 0
    FAILED = 1
    """Refused, or it did not work; the sentence says why."""
    USAGE = 2
    """The command line is wrong."""
    POLICY = 3
    """A mandatory policy is violated."""
    STALE = 4
    """What was previewed is no longer so: nothing was changed; preview again."""
    INTERRUPTED = 130
    """Ctrl-C. What was under way is in the ledger, and the next `up` goes on from there."""


class CommandError(Exception):
    """The command cannot go on; the message is a sentence with the next step."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        """Keep the sentence and the exit status."""
        super().__init__(message)
        self.code = code


def sentence_of(error: BaseException) -> tuple[str, Exit]:
    """Return what to print for an exception and the status to end with."""
    if isinstance(error, CommandError):
        return str(error), error.code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", Exit.INTERRUPTED
    if _is_expected(error):
        return _counted(str(error), getattr(error, "faults", ())), Exit.FAILED
    if isinstance(error, OSError):
        return _os_sentence(error), Exit.FAILED
    name = type(error).__name__
    return f"unexpected {name}: {error}. This is a mistake in eas; EAS_DEBUG=1 shows where", Exit.FAILED


def print_trace_if_asked(error: BaseException) -> None:
    """Print the traceback where EAS_DEBUG is set."""
    if os.environ.get("EAS_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)


def _is_expected(error: BaseException) -> bool:
    """Whether the message is a sentence of ours: every exception of this package is one."""
    return any(kind.__module__.startswith("components.") for kind in type(error).__mro__)


def _counted(message: str, faults: Sized) -> str:
    """Return the message; the faults of several files are a list with its length before it."""
    return f"{len(faults)} faults:\n{message}" if len(faults) > 1 else message


def _os_sentence(error: OSError) -> str:
    """Return ``pool.yaml: No such file or directory``."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
