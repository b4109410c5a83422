"""The report of a review, as data: what changes, where, at what cost, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["mandatory", "advisory"]

REFUSED = "refused"
"""The rule of what no policy found: the preview itself says that it cannot be done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. ``file`` as the repository names it, ``line`` from 1; ``file`` is empty where there is none.

    ``known``: the base branch has it too.
    """

    rule: str
    level: Verdict
    subject: str
    message: str
    fix: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    known: bool = False

    @property
    def of_its_own(self) -> bool:
        """Whether this counts whatever the base has: a preview that failed as a whole told nothing of the change."""
        return self.rule == REFUSED and not self.file

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two findings the same in two versions of the files, whose lines and numbers may differ."""
        return self.rule, self.subject, self.file, re.sub(r"\d+", "#", self.message)

    def __str__(self) -> str:
        """Message and fix, as `eas check` says them."""
        return f"{self.message} {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """What happens to one instance: ``origin`` and ``target`` are places, or ``-``."""

    service: str
    instance: str
    origin: str
    target: str
    how: str
    mode: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """What happens to one service: ``what`` in words (added, removed, restarted, moved, ...), counts of its instances."""

    name: str
    what: tuple[str, ...]
    before: int
    after: int
    touched: int


@dataclass(frozen=True, slots=True)
class CardChange:
    """One card whose instances change: instance -> what it takes there."""

    address: str
    model: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    free_mib: int
    free_compute: int


@dataclass(frozen=True, slots=True)
class PoolChange:
    """The figures of one pool, each before and after; shares in percent, memory in MiB."""

    name: str
    cards: int
    capacity_mib: int
    free_cards: tuple[int, int]
    free_mib: tuple[int, int]
    fragmentation: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole. ``errors``: what stopped the preview; ``unseen``: what could not be told because of it.

    ``cost``: of an hour before and after, where prices are given; ``notes``: what the reader must know of the figures.
    """

    stack: str
    services: tuple[ServiceChange, ...] = ()
    instances: tuple[InstanceChange, ...] = ()
    unchanged: int = 0
    cards: tuple[CardChange, ...] = ()
    pools: tuple[PoolChange, ...] = ()
    cost: tuple[float, float] | None = None
    findings: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that decide: those that the base branch does not have."""
        return tuple(found for found in self.findings if not found.known)

    def of_level(self, level: Verdict) -> tuple[Finding, ...]:
        """Return the findings of one level that decide."""
        return tuple(found for found in self.counted if found.level == level)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data; ``format`` grows when a reader of an older one could not follow."""
        return {"format": 1, **asdict(self)}


def finding_from(data: Mapping[str, Any]) -> Finding:
    """Read a finding of a saved report; raises KeyError or TypeError for what is none."""
    known = {name: data[name] for name in Finding.__dataclass_fields__ if name in data}
    return Finding(**known)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a preview told, before findings are added; as in :class:`Report`."""

    services: tuple[ServiceChange, ...] = ()
    instances: tuple[InstanceChange, ...] = ()
    cards: tuple[CardChange, ...] = ()
    pools: tuple[PoolChange, ...] = ()
    unchanged: int = 0
