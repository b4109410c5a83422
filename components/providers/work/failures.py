"""From an exception to the one line that Pulumi prints of it.

Pulumi shows what ``traceback.format_exc()`` says. The exceptions that our stages raise on purpose are sentences for the
user; they keep their name and lose their module. Anything else is a defect of ours and says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from components.ledger import LedgerError
from components.providers.work.inputs import InputError
from components.runtimes.port import RuntimeFault
from components.settle import SettleError
from components.spec.fault import SpecError

DEBUG = "EAS_DEBUG"
"""Set to anything, it leaves exceptions with their traceback."""


class ProviderFailure(Exception):
    """Base of what a provider raises for Pulumi to print."""


class PlacementFailed(ProviderFailure):
    """Some instances did not get where the plan put them; everything else is done."""


class Defect(ProviderFailure):
    """Something that should not happen; the message asks for a report."""


PlacementFailed.__module__ = Defect.__module__ = "builtins"  # Pulumi prints the qualified name


@contextmanager
def plainly() -> Iterator[None]:
    """Let what our stages say through as it is, and name everything else a defect."""
    try:
        yield
    except ProviderFailure:
        raise
    except (LedgerError, RuntimeFault, SettleError, SpecError, InputError) as error:
        if os.environ.get(DEBUG):
            raise
        named = type(type(error).__name__, (ProviderFailure,), {"__module__": "builtins"})
        raise named(str(error)) from None
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        raise Defect(
            f"{type(error).__name__}: {error}. This is a defect of eas-slices, not of your files: please report it with "
            f"what the same command prints under {DEBUG}=1"
        ) from None
