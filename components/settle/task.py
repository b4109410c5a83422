"""One step while it is carried out: what is known of it now. No effects; the table decides from :meth:`Task.view`."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from components.placement.plan_types import Step
from components.placement.snapshot import Held
from components.runtimes.port import Launch, Runtime
from components.settle.limits import APPEAR_S, UNSEEN_S
from components.settle.table import After, Did, Recorded, Seen, Verb, View


@dataclass(slots=True, eq=False)
class Task:
    """A step with its instance's id, row state, runtime, and what this run did and saw.

    ``name``: the id without its owner. ``key``: (plan, n) of a committed step. ``held``: the row as it was when the run
    began; ``recorded`` follows it. ``where``: its place for people (``gpu-a/0``). ``begun``: when it was admitted;
    ``since``: when it began to wait for what it waits for now; ``blind_since``: since when nothing is seen of it.
    ``limit_s``, ``stop_limit_s``: how long a readiness and a stop may take. ``reason``: why it fails, once it does.
    ``secrets`` never reach a message. ``busy``: the runtime is being told right now, in another thread.
    """

    step: Step
    id: str
    name: str
    recorded: Recorded
    held: Held | None
    engine: Runtime | None
    key: tuple[int, int] | None = None
    pool: str = ""
    where: str = ""
    verb: Verb = "stop"
    did: Did = "nothing"
    seen: Seen = "unknown"
    endpoint: str = ""
    detail: str = ""
    reason: str = ""
    begun: datetime | None = None
    since: datetime | None = None
    blind_since: datetime | None = None
    limit_s: float = 0.0
    stop_limit_s: float = 0.0
    launch: Launch | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    busy: Future[None] | None = None

    @property
    def runtime(self) -> Runtime:
        """The runtime of its pool; a step whose row is gone has none and is told to nobody."""
        if self.engine is None:
            raise AssertionError(f"{self.id} has no row, so no runtime is told about it")
        return self.engine

    @property
    def n(self) -> int:
        """The step's number."""
        return self.step.n

    @property
    def label(self) -> str:
        """``service/ordinal``, as people read it."""
        return self.step.label

    def view(self, after: After, now: datetime) -> View:
        """Return what the table decides from."""
        return View(self.verb, self.recorded, self.seen, after, self.did, self._late(now))

    def waited(self, now: datetime) -> float:
        """Return for how many seconds it has waited for what it waits for now."""
        return (now - self.since).total_seconds() if self.since else 0.0

    def current_limit(self) -> float:
        """Return the limit, in seconds, of what it waits for now."""
        if self.verb == "stop" or self.did == "halted":
            return self.stop_limit_s
        if self.seen == "absent":
            return min(APPEAR_S, self.limit_s)
        return self.limit_s

    def _late(self, now: datetime) -> bool:
        if self.seen == "unknown":
            return self.blind_since is not None and (now - self.blind_since).total_seconds() > UNSEEN_S
        return self.waited(now) > self.current_limit()


def short(instance_id: str, owner: str) -> str:
    """Return ``service/ordinal/incarnation``: the id without its owner, for people and fault points."""
    return instance_id.removeprefix(f"{owner}/")
