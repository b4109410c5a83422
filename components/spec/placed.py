"""From a finding to a fault: with its place in the file, and in words that stay on their line."""

from __future__ import annotations

from components.spec.fault import Fault, Level
from components.spec.files import Document
from components.spec.shown import printable, shown
from components.spec.typed import TypeFault


def placed(found: TypeFault, level: Level, source: str, document: Document | None, prefix: str = "") -> Fault:
    """Return the fault of a finding; ``prefix`` leads to it where a file holds several, as ``pools[1].``."""
    field = f"{prefix}{found.field}".rstrip(".")
    line, column = document.locate(field) if document else (None, None)
    return Fault(
        rule=found.rule,
        level=level,
        source=source,
        field=printable(field),
        value=shown(found.value, found.field),
        message=printable(found.message),
        fix=printable(found.fix),
        line=line,
        column=column,
    )
