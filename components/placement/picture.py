"""Plans and pools as people read them: the table of changes, and one line per card. Text only.

Providers print the table in every preview and the command line shows both, so that one change looks the same everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from components.placement.address import address_of
from components.placement.plan_types import Plan, Refusal, Step
from components.placement.snapshot import STRICTNESS, Place
from components.spec.units import MIB, Unit, unit_of

NOWHERE = "-"
"""Where an instance comes from that is new, and where one goes that ends."""

ALIKE = 3
"""From this many refusals of one service that differ in the ordinal only, one sentence stands for all."""

DOTS = 20
"""How many dots a card with nothing on it is drawn with."""

CHANGE_HEADINGS = ("instance", "from", "to", "how", "reason")


def columns(headings: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> str:
    """Return rows as left-aligned columns under headings, without trailing blanks."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False))).rstrip()
        for line in lines
    )


def counted(count: int, noun: str) -> str:
    """Return ``1 card``, ``2 cards``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def change_rows(
    steps: Sequence[Step], before: Mapping[str, Place], indexes: Mapping[str, int]
) -> list[tuple[str, str, str, str, str]]:
    """Return one row (instance, from, to, how, reason) for each instance that the steps touch.

    A start and the stop that it replaces are one row: what moves is one instance to its reader. ``before`` has the place
    of every instance that is held now, ``indexes`` the index of every card.
    """
    groups: dict[tuple[str, int, str], list[Step]] = {}
    for step in steps:
        groups.setdefault((step.service, step.ordinal, step.role), []).append(step)
    waves = _services_with_waves(steps)
    rows = []
    for _, group in sorted(groups.items()):
        begins = [step for step in group if step.op != "stop"]
        ends = [step for step in group if step.op == "stop"]
        for begin, end in zip_longest(begins, ends):
            rows.append(_row(begin, end, before, indexes, waves))
    return rows


def change_table(
    steps: Sequence[Step], before: Mapping[str, Place], indexes: Mapping[str, int], unchanged: int
) -> str:
    """Return the one table of a preview: what changes, row by row, and how many instances stay as they are."""
    rows = change_rows(steps, before, indexes)
    if not rows:
        return f"nothing to do: {counted(unchanged, 'instance')} unchanged"
    return f"{columns(CHANGE_HEADINGS, rows)}\n{unchanged} unchanged"


def unchanged(plan: Plan) -> int:
    """Return how many instances have a place that no step of the plan touches."""
    touched = {(step.service, step.ordinal) for step in plan.steps if step.role == "steady"}
    return sum(
        place is not None and (service, ordinal) not in touched
        for service, places in plan.assignments.items()
        for ordinal, place in places.items()
    )


def refusal_lines(refusals: Iterable[Refusal]) -> Iterator[str]:
    """Yield a sentence for each refusal; one for many of a service that differ in the ordinal only."""
    groups: dict[str, list[Refusal]] = {}
    for refusal in refusals:
        groups.setdefault(repr(replace(refusal, ordinal=0)), []).append(refusal)
    for alike in groups.values():
        if len(alike) < ALIKE:
            yield from map(str, alike)
        else:
            one = f"{alike[0].service}/{alike[0].ordinal}"
            many = f"{one} to {alike[-1].ordinal} ({len(alike)} instances): each"
            yield str(alike[0]).replace(one, many, 1)


def _row(
    begin: Step | None,
    end: Step | None,
    before: Mapping[str, Place],
    indexes: Mapping[str, int],
    waves: frozenset[str],
) -> tuple[str, str, str, str, str]:
    """Render what happens to one instance: it begins, it ends, or it is replaced by itself elsewhere."""
    lead = begin or end
    assert lead is not None, "a group has at least one step"
    if begin is None:
        origin, target = _place(end, before, indexes), NOWHERE
    elif begin.op in ("restart", "reconfigure"):
        origin = target = _place(begin, before, indexes)
    else:
        origin = NOWHERE if end is None or lead.role == "surge" else _place(end, before, indexes)
        target = address_of(begin.place, indexes)
    reason = lead.reason or (end.reason if end is not None else "") or ("new" if lead.how == "start" else "")
    return lead.label, origin, target, _how(lead, waves), reason


def _place(step: Step | None, before: Mapping[str, Place], indexes: Mapping[str, int]) -> str:
    """Return where the instance of a step sits now, or where the step says it sits."""
    if step is None:
        return NOWHERE
    place = before.get(step.instance, step.place)
    return NOWHERE if place is None else address_of(place, indexes)


def _how(step: Step, waves: frozenset[str]) -> str:
    """Return ``move, make-before-break`` or ``roll, in-place, wave 2``."""
    words = [str(step.how)]
    if step.mode:
        words.append(step.mode)
    if step.wave and step.service in waves:
        words.append(f"wave {step.wave}")
    return ", ".join(words)


def _services_with_waves(steps: Sequence[Step]) -> frozenset[str]:
    """Return the services whose change takes more than one wave."""
    seen: dict[str, set[int]] = {}
    for step in steps:
        if step.wave:
            seen.setdefault(step.service, set()).add(step.wave)
    return frozenset(service for service, numbers in seen.items() if len(numbers) > 1)


def card_lines(usage: Mapping[str, Any]) -> list[str]:
    """Return one line per card: what it is, who is on it with how much, and what is free; ``usage`` as in the inputs.

    Sizes are in the unit that service files use on that node (GiB, or GB on ``ml.*``). Free is rounded down.
    """
    nodes = usage.get("nodes", {})
    cards = sorted(usage.get("cards", {}).items(), key=lambda item: natural(item[0]))
    heads = [(address, _model(card, _unit(address, nodes))) for address, card in cards]
    widths = [max((len(head[column]) for head in heads), default=0) for column in (0, 1)]
    lines = []
    for head, (address, card) in zip(heads, cards, strict=True):
        unit = _unit(address, nodes)
        node = nodes.get(address.rpartition("/")[0], {})
        state = max(node.get("state", "ready"), card.get("state", "ready"), key=lambda one: STRICTNESS[one])
        line = " ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True))
        mark = "" if state == "ready" else f"  {state}"
        lines.append(f"{line} [{_bar(card, unit)}] {_free(card, unit)}{mark}")
    return lines


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts ``gpu-2`` before ``gpu-10``."""
    parts = re.split(r"(\d+)", text)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def _unit(address: str, nodes: Mapping[str, Any]) -> Unit:
    """Return the unit of the node that a card's address names."""
    return unit_of(nodes.get(address.rpartition("/")[0], {}).get("instance_type", ""))


def _size(mib: int, unit: Unit) -> float:
    """Return MiB in the unit of that node."""
    return mib / 1024 if unit == "GiB" else mib * MIB / 10**9


def _amount(mib: int, unit: Unit) -> str:
    """Return ``20G``: as a service file says it."""
    return f"{round(_size(mib, unit), 1):g}G"


def _model(card: Mapping[str, Any], unit: Unit) -> str:
    """Return ``A100 80G``; the capacity where the model's name does not say it."""
    model, dash, memory = str(card["model"]).rpartition("-")
    if dash and memory.endswith("G") and memory[:-1].isdecimal():
        return f"{model} {memory}"
    return f"{card['model']} {_amount(int(card['capacity_mib']), unit)}"


def _bar(card: Mapping[str, Any], unit: Unit) -> str:
    """Return who is on a card, and dots for the memory that is free: twenty are a whole card."""
    parts = [_tenant(each, unit) for each in card["instances"]]
    dots = math.ceil(DOTS * card["free_mib"] / max(1, card["capacity_mib"]))
    return " | ".join([*parts, *(["·" * dots] if dots else [])])


def _tenant(each: Mapping[str, Any], unit: Unit) -> str:
    """Return ``page/0 20G 5 %``; another owner's instance has that owner's last name before it."""
    owner = "" if each["owner"] == "own" else str(each["owner"]).rpartition("/")[2] + ":"
    name = f"{owner}{each['instance']}"
    if each["exclusive"]:
        return f"{name} whole"
    compute = f" {each['compute']} %" if each["compute"] else ""
    return f"{name} {_amount(int(each['mib']), unit)}{compute}"


def _free(card: Mapping[str, Any], unit: Unit) -> str:
    """Return ``free 11.3 GiB 85 %``, or ``full``."""
    if not card["free_mib"]:
        return "full"
    amount = math.floor(_size(int(card["free_mib"]), unit) * 10) / 10
    return f"free {amount:.1f} {unit} {card['free_compute']} %"
