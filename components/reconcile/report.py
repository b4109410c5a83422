"""What one pass did, as data and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.reconcile.backoff import Loop


@dataclass(frozen=True, slots=True)
class Deed:
    """One instance that was to be repaired: ``how`` as plans say it (``restart``, ``move``, ``start``, …)."""

    label: str
    how: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class OwnerReport:
    """What became of one owner. ``skipped``: why it was left alone; empty where it was not. ``failed``: sentences.

    ``staying``: who is not evictable and so stays on what drains, a sentence each. ``later``: how many more are to leave
    draining and lost places, in passes to come.
    """

    owner: str
    deeds: Sequence[Deed] = ()
    skipped: str = ""
    failed: Sequence[str] = ()
    waiting: Sequence[str] = ()
    staying: Sequence[str] = ()
    resting: Sequence[Loop] = ()
    later: int = 0

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to say."""
        return not (
            self.deeds
            or self.skipped
            or self.failed
            or self.waiting
            or self.staying
            or self.resting
            or self.later
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "owner": self.owner,
            "done": [
                {"instance": deed.label, "how": deed.how, "where": deed.where, "reason": deed.reason}
                for deed in self.deeds
            ],
            "skipped": self.skipped,
            "failed": list(self.failed),
            "waiting": list(self.waiting),
            "staying": list(self.staying),
            "later": self.later,
            "resting": [
                {
                    "instance": loop.label,
                    "failures": loop.failures,
                    "until": loop.until.isoformat(timespec="seconds"),
                }
                for loop in self.resting
            ],
        }

    def lines(self) -> list[str]:
        """Return what a person reads, each line under the owner."""
        said = [
            f"  {deed.how} {deed.label} on {deed.where}" + (f": {deed.reason}" if deed.reason else "")
            for deed in self.deeds
        ]
        said += [f"  failed: {sentence}" for sentence in self.failed]
        said += [f"  waiting: {sentence}" for sentence in self.waiting]
        said += [f"  staying: {sentence}" for sentence in self.staying]
        said += [
            f"  {loop.label} failed {loop.failures} times within the hour; left alone until {loop.until:%H:%M:%S} UTC"
            for loop in self.resting
        ]
        said += [f"  {self.later} more leave draining and lost places in later passes"] if self.later else []
        said += [f"  left alone: {self.skipped}"] if self.skipped else []
        return [self.owner, *said] if said else []


@dataclass(frozen=True, slots=True)
class Report:
    """What one pass came to. ``stopped``: pools on which nothing may move, and those that another reconciler has."""

    owners: Sequence[OwnerReport] = ()
    stopped: Sequence[str] = ()

    @property
    def sound(self) -> bool:
        """Whether everything that was to be done was done."""
        return not self.stopped and not any(each.failed for each in self.owners)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"owners": [each.to_dict() for each in self.owners], "stopped": list(self.stopped)}

    def lines(self) -> list[str]:
        """Return what a person reads; nothing for a pass that found everything in order."""
        return [*self.stopped, *(line for each in self.owners for line in each.lines())]
