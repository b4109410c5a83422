"""What is wrong with a declaration, as data: one fault, one sentence, one fix.

Everything that judges (parsing, the rule table, the policy pack, the command line) speaks of a fault in
this form, so that one mistake is worded once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["invalid", "ineffective", "notice"]
"""``invalid``: refused, whatever the policy pack says. ``ineffective``: EAS would silently ignore it.
``notice``: worth a line, never a reason to stop."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule at one place of one file.

    ``source`` is the file as the user named it (or ``service 'x'`` where there is no file), ``field`` the
    dotted path inside it, ``value`` what stands there (already rendered as JSON), ``message`` the sentence
    that says what is wrong with the numbers in it, and ``fix`` the next step.
    """

    rule: str
    level: Level
    source: str
    field: str
    value: str
    message: str
    fix: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Render as ``file:line: message; fix [rule]``."""
        where = self.source
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column}"
        fix = f" {self.fix}" if self.fix else ""
        return f"{where}: {self.message}{fix} [{self.rule}]"


class SpecError(Exception):
    """A declaration cannot be used; carries every fault that was found, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults; the message lists them, one a line."""
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
