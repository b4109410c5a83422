"""What ``pulumi`` prints without a terminal, with each line that a provider says printed once.

Without a terminal Pulumi shows such a line twice: live, behind the name of the stack, and again under "Diagnostics". Here
it stays where it came, without the prefix. Errors stay in both places, and what does not look like this passes through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ROW = re.compile(
    r"^ ?[-+~ ]{1,3} *pulumi:pulumi:Stack \S+ (?:\*\*[^*]+\*\*|\S*)(?: \(\d+s\))? (?P<said>\S.*)$"
)
_COUNT = re.compile(r"^\d+ (?:message|warning)s?(?:; \d+ (?:message|warning)s?)*$")
_HEADING = "Diagnostics:"
_STACK = "  pulumi:pulumi:Stack ("
_INDENT = "    "


def once(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines (with their ends) as they come; those of "Diagnostics" when the next heading or the end comes."""
    said: set[str] = set()
    held: list[str] = []
    for line in lines:
        if held and (line.startswith(" ") or not line.strip()):
            held.append(line)
            continue
        yield from _not_said(held, said)
        held = []
        if line.rstrip() == _HEADING:
            held = [line]
            continue
        yield from _row(line, said)
    yield from _not_said(held, said)


def _row(line: str, said: set[str]) -> Iterator[str]:
    row = _ROW.match(line.rstrip("\n"))
    if row is None:
        yield line
    elif not _COUNT.match(row["said"].strip()):
        said.add(row["said"].strip())
        yield f"{_INDENT}{row['said'].rstrip()}\n"


def _not_said(block: list[str], said: set[str]) -> Iterator[str]:
    """Yield a block of diagnostics without what the stack's group repeats; an empty line where nothing else is in it."""
    left = [line for header, lines in _groups(block[1:]) for line in _left_of(header, lines, said)]
    if left:
        yield from (block[0], *left)
    elif block:
        yield "\n"


def _groups(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each resource's heading with its lines."""
    header, own = "", list[str]()
    for line in lines:
        if line.startswith("  ") and not line.startswith(_INDENT):
            if header:
                yield header, own
            header, own = line, []
        else:
            own.append(line)
    if header or own:
        yield header, own


def _left_of(header: str, lines: list[str], said: set[str]) -> list[str]:
    kept = [line for line in lines if not (header.startswith(_STACK) and _is_repeated(line.strip(), said))]
    while kept and not kept[0].strip():
        del kept[0]
    return [header, *kept] if kept else []


def _is_repeated(text: str, said: set[str]) -> bool:
    return text in said and not text.startswith("error")
