"""What one owner may take of a pool: ``quotas`` of a pool file, by owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from components.spec.owners import without_suffix

Quotas = Mapping[str, Mapping[str, int]]
"""Entry (``default``, or a pattern of owners) -> figure (``cards``, ``memory_gib``, ``compute``) -> how much."""
DEFAULT = "default"
"""The entry for whom no other one is."""
CARD = 1000
"""A card in the unit in which parts of cards are counted."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What one owner may take of one pool; None: as much as there is.

    ``entry``: the entry of the pool file that says so, ``declared_by``: the owner whose file that is. ``cards`` in
    thousandths of a card, ``memory`` in MiB, ``compute`` in percent of one card.
    """

    pool: str
    entry: str
    declared_by: str = ""
    cards: int | None = None
    memory: int | None = None
    compute: int | None = None


def quota_of(pool: str, quotas: Quotas, owner: str, declared_by: str = "") -> Quota | None:
    """Return what ``owner`` may take of ``pool``; None where that is open.

    Of the entries that match, the one that is the most exact counts: part by part from the left a name counts before a
    pattern, and a longer pattern before a shorter one.
    """
    matching = [entry for entry in quotas if _is_for(entry, owner)]
    entry = min(matching, key=_exactness, default=DEFAULT if DEFAULT in quotas else None)
    said = quotas[entry] if entry is not None else {}
    if entry is None or not said:
        return None
    cards, memory = said.get("cards"), said.get("memory_gib")
    return Quota(
        pool,
        entry,
        declared_by,
        cards=None if cards is None else cards * CARD,
        memory=None if memory is None else memory * 1024,
        compute=said.get("compute"),
    )


def entries_for_nobody(quotas: Quotas, owners: Iterable[str]) -> list[str]:
    """Return the entries, but for the default, that are for none of these ``owners``: misspelt, or for one yet to come."""
    known = sorted(set(owners))
    return sorted(
        entry for entry in quotas if entry != DEFAULT and not any(_is_for(entry, owner) for owner in known)
    )


def _is_for(entry: str, owner: str) -> bool:
    plain = without_suffix(owner)
    return entry in (plain, owner) or _matches(entry, plain)


def _matches(entry: str, owner: str) -> bool:
    parts, names = entry.split("/"), owner.split("/")
    return len(parts) == len(names) and all(map(fnmatchcase, names, parts))


def _exactness(entry: str) -> tuple[object, ...]:
    return (*(("*" in part, -len(part)) for part in entry.split("/")), entry)
