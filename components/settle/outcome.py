"""What came of carrying out: what the provider and the command line say at the end, and what they raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class SettleError(Exception):
    """Carrying out could not begin or did not get there; the message is a sentence with the next step."""


class NotReleased(SettleError):
    """Something that was to be stopped and released is still there; it keeps its place."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did.

    ``ready``, ``stopped``: ids of the instances that this run brought there. ``failed``: label (``service/ordinal``) ->
    reason with the last lines of its log. ``skipped``: label -> why it was not carried out. ``interrupted``: the run ended
    early, by request or because another process took over; what it had begun is recorded. ``why`` says by what.
    """

    ready: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    interrupted: bool = False
    why: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything that was to be done is done."""
        return not (self.failed or self.skipped or self.interrupted)

    def __str__(self) -> str:
        """The count, then one paragraph for each instance that failed, was skipped, and for an interruption."""
        counts = f"{len(self.ready)} ready, {len(self.stopped)} stopped, {len(self.failed)} failed"
        if self.skipped:
            counts += f", {len(self.skipped)} not carried out"
        lines = [counts + "."]
        lines += [f"{label}: {reason}" for label, reason in sorted(self.failed.items())]
        lines += [f"{label}: {reason}" for label, reason in sorted(self.skipped.items())]
        if self.interrupted:
            lines.append(
                f"interrupted: {self.why}; what was begun is recorded, run the same command again to finish"
            )
        return "\n".join(lines)
