"""A report as one Markdown comment: what matters first, long lists folded, never longer than a comment may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.cli.review.report import (
    CardChange,
    Finding,
    InstanceChange,
    PoolChange,
    Report,
    ServiceChange,
)
from components.placement.picture import counted, natural

LIMIT = 60_000
"""Characters: GitHub takes 65,536 in a comment, GitLab more."""

SHOWN = 12
"""Up to so many rows stand open; more are folded, so that three changes read as well as three hundred."""

MARKS = {"mandatory": "❌", "advisory": "⚠️"}


def markdown(report: Report) -> str:
    """Return the comment."""
    blocks = [
        _title(report),
        *_findings(report),
        *_changes(report),
        *_cards(report),
        *_pools(report),
        *_notes(report),
    ]
    return _fitted(blocks)


def _title(report: Report) -> str:
    stops, advice = len(report.of_level("mandatory")), len(report.of_level("advisory"))
    if report.errors:
        verdict = f"❌ refused: {counted(stops, 'reason')}"
    elif stops:
        verdict = f"❌ {counted(stops, 'finding')} that {'stops' if stops == 1 else 'stop'} it"
    elif advice:
        verdict = f"⚠️ {counted(advice, 'piece')} of advice"
    else:
        verdict = "✅ nothing to object to"
    return f"## GPU slices of `{report.stack}`: {verdict}\n\n{_summary(report)}"


def _summary(report: Report) -> str:
    """Return one line: how many services are added, changed and removed, and how many instances are disturbed."""
    if not report.services:
        return "What changes is not known." if report.unseen else "No service changes."
    words = [word.partition(" ")[0] for service in report.services for word in service.what]
    told = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
    return f"Services: {', '.join(told)}. {counted(report.unchanged, 'instance')} unchanged."


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    rows = [
        f"| {MARKS[found.level]} | `{found.rule}` | {_where(found)} | {_cell(found.message)} | {_cell(found.fix)} |"
        for found in report.findings
        if not found.known
    ]
    if rows:
        yield _table("Findings", ("", "rule", "where", "what", "what to do"), rows)
    known = [found for found in report.findings if found.known]
    if known:
        lines = [f"* `{found.rule}` {_where(found)}: {_cell(str(found))}" for found in known]
        yield _folded(f"{counted(len(known), 'finding')} that the base branch has too", "\n".join(lines))


def _where(found: Finding) -> str:
    if not found.file:
        return found.subject
    return f"`{found.file}{f':{found.line}' if found.line else ''}`"


def _changes(report: Report) -> Iterator[str]:
    if not report.services:
        return
    rows = [_service(service) for service in sorted(report.services, key=_gravity)]
    yield _table("Services", ("service", "what happens", "instances"), rows)
    if report.instances:
        lines = [
            _instance(change) for change in sorted(report.instances, key=lambda each: natural(each.instance))
        ]
        table = _rows(("instance", "from", "to", "how", "why"), lines)
        yield _folded(f"{counted(len(lines), 'instance')}, one by one", table)


def _gravity(service: ServiceChange) -> tuple[bool, bool, str]:
    """Sort what goes first, then what is disturbed, then what only comes."""
    return service.what[0] != "removed", service.what == ("added",), service.name


def _service(service: ServiceChange) -> str:
    count = str(service.after) if service.before == service.after else f"{service.before} → {service.after}"
    return f"| `{service.name}` | {', '.join(service.what).replace('->', '→')} | {count} |"


def _instance(change: InstanceChange) -> str:
    how = f"{change.how}, {change.mode}" if change.mode else change.how
    return f"| {change.instance} | {change.origin} | {change.target} | {how} | {_cell(change.reason)} |"


def _cards(report: Report) -> Iterator[str]:
    if not report.cards:
        return
    rows = [_card(card) for card in sorted(report.cards, key=lambda each: natural(each.address))]
    yield _table("Cards", ("card", "before", "after", "then free"), rows)


def _card(card: CardChange) -> str:
    free = f"{card.free_mib / 1024:.1f} GiB, {card.free_compute} %" if card.free_mib else "full"
    return f"| {card.address} {card.model} | {_tenants(card.before)} | {_tenants(card.after)} | {free} |"


def _tenants(there: Mapping[str, str]) -> str:
    rows = sorted(there.items(), key=lambda row: natural(row[0]))
    return "<br>".join(f"{name} {_size(said)}" for name, said in rows) or "-"


def _size(said: str) -> str:
    """Return ``20480 MiB 5 %`` as ``20 GiB 5 %``."""
    mib, unit, rest = said.partition(" MiB ")
    return f"{round(int(mib) / 1024, 1):g} GiB {rest}" if unit else said


def _pools(report: Report) -> Iterator[str]:
    if not report.pools:
        return
    rows = [_pool(pool) for pool in report.pools]
    table = _table("Pools", ("pool", "free cards", "free card memory", "of that of no use"), rows)
    if report.cost is not None:
        before, after = report.cost
        table += f"\n\nAn hour costs {after:.2f} after this, {before:.2f} before."
    yield table


def _pool(pool: PoolChange) -> str:
    memory = _arrow(f"{mib / 1024:.0f}" for mib in pool.free_mib)
    cards = _arrow(map(str, pool.free_cards))
    lost = _arrow(f"{share:.1f}" for share in pool.fragmentation)
    return f"| {pool.name} | {cards} of {pool.cards} | {memory} of {pool.capacity_mib / 1024:.0f} GiB | {lost} % |"


def _arrow(values: Iterable[str]) -> str:
    before, after = values
    return after if before == after else f"{before} → {after}"


def _notes(report: Report) -> Iterator[str]:
    if report.errors:
        listed = "\n".join(f"    {line}" for error in report.errors for line in error.splitlines())
        yield _folded("what the preview said", f"\n{listed}\n")
    yield from (f"Not known: {unseen}." for unseen in report.unseen)
    if report.notes:
        yield "\n".join(f"_{note}_" for note in report.notes)


def _table(title: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table under a title; more rows than are read at a glance are folded."""
    if len(rows) <= SHOWN:
        return f"### {title}\n\n{_rows(heads, rows)}"
    rest = _folded(f"and {len(rows) - SHOWN} more", _rows(heads, rows[SHOWN:]))
    return f"### {title}\n\n{_rows(heads, rows[:SHOWN])}\n\n{rest}"


def _rows(heads: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *rows])


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _cell(text: str) -> str:
    """Return text that stays in its cell, and is no markup: names come from files of a pull request."""
    return " ".join(text.translate(_PLAIN).split())


_PLAIN = str.maketrans(
    {**{each: f"&#{ord(each)};" for each in "<>@"}, **{each: f"\\{each}" for each in "\\|`*[]#"}}
)
"""Characters that mean something in Markdown -> how they are written to mean nothing."""


def _fitted(blocks: Sequence[str]) -> str:
    """Return the blocks as far as a comment holds them; what is left off is said."""
    kept: list[str] = []
    length = 0
    for number, block in enumerate(blocks):
        if length + len(block) > LIMIT:
            shortened = _shortened(block, LIMIT - length)
            left = len(blocks) - number - bool(shortened)
            kept += [shortened] if shortened else []
            if left or shortened != block:
                kept.append("_Cut to the length of a comment; `eas review --json` has all of it._")
            break
        kept.append(block)
        length += len(block) + 2
    return "\n\n".join(kept) + "\n"


def _shortened(block: str, room: int) -> str:
    """Return as many whole lines of a block as fit, with what was folded closed again."""
    closing = "\n\n</details>"
    lines, length = [], len(closing)
    for line in block.splitlines(keepends=True):
        if length + len(line) > room:
            break
        lines.append(line)
        length += len(line)
    text = "".join(lines).rstrip()
    opened = text.count("<details>") - text.count("</details>")
    return text + closing * opened if len(lines) > 3 else ""
