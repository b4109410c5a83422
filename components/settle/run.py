"""One run: tick by tick from what is planned, recorded and seen to the next actions, until nothing is left to do.

A tick hears what the runtimes answered, begins what may begin, looks at what is under way, asks the table, records
everything in one transaction, and only then tells the runtimes. The decisions are the table's; here they are done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from components.ledger import LedgerError, Recorded, Transition
from components.runtimes.port import RuntimeFault
from components.settle import words
from components.settle.book import Book
from components.settle.effects import Effects, Told
from components.settle.lanes import Lanes
from components.settle.order import Order
from components.settle.outcome import Outcome
from components.settle.progress import Narrator
from components.settle.table import Action, becomes, situation
from components.settle.task import Task
from components.settle.watch import Watch


class Outfitter(Protocol):
    """What gives a task its launch and its token's hash."""

    def outfit(self, task: Task) -> None:
        """Write the launch and the limits on the task; raises ``LedgerError`` where its spec is not there."""

    def token_hash(self, service: str) -> str:
        """Return the hash of the token that the committed plan wants."""


@dataclass(slots=True)
class Tally:
    """What came of the steps so far."""

    ready: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def outcome(self, *, interrupted: str = "") -> Outcome:
        """Return it as the outcome of the run; ``interrupted`` says by what it ended early."""
        return Outcome(
            tuple(self.ready),
            tuple(self.stopped),
            dict(self.failed),
            dict(self.skipped),
            interrupted=bool(interrupted),
            why=interrupted,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick does for one task: what it records, what it tells, and what follows once that is recorded."""

    task: Task
    action: Action
    moves: tuple[Transition, ...] = ()
    tell: Told | None = None


class Run:
    """The steps of one run with their tasks; :meth:`tick` until :attr:`over`."""

    def __init__(
        self,
        tasks: Mapping[int, Task],
        *,
        book: Book,
        effects: Effects,
        watch: Watch,
        outfitter: Outfitter,
        narrator: Narrator,
        limit: Callable[[str], int],
    ) -> None:
        """Take the tasks by step number; ``limit``: how many instances of a pool may be in flight."""
        self._tasks = dict(tasks)
        self._by_id: dict[str, list[Task]] = {}
        for task in tasks.values():
            self._by_id.setdefault(task.id, []).append(task)
        self._order = Order({n: task.step.after for n, task in tasks.items()})
        self._lanes = Lanes(self._order, limit)
        self._active: dict[int, Task] = {}
        self._book = book
        self._effects = effects
        self._watch = watch
        self._outfitter = outfitter
        self._narrator = narrator
        self.tally = Tally()

    @property
    def over(self) -> bool:
        """Whether nothing is in flight; asked after a tick, nothing can begin any more either."""
        return not self._active

    def tick(self, now: datetime) -> bool:
        """Do what can be done now; return whether anything happened. Raises ``LeaseLost`` before any further effect."""
        self._book.keep(now)
        answered = self._hear(now)
        begun = self._begin(now)
        idle = [task for task in self._active.values() if task.busy is None]
        self._watch.look([task for task in idle if _visible(task)], now)
        decisions = [self._decide(task, now) for task in idle]
        acted = self._carry_out([decision for decision in decisions if decision.action != "wait"], now)
        self._narrator.idle(((task.label, task.begun or now) for task in self._active.values()), now)
        return answered or begun or acted

    def listen(self, timeout_s: float) -> bool:
        """Wait until a runtime that is being told has answered, up to ``timeout_s``; False if none is being told."""
        busy = [task.busy for task in self._active.values() if task.busy is not None]
        if busy:
            wait(busy, timeout_s, FIRST_COMPLETED)
        return bool(busy)

    def strand(self) -> None:
        """Fail the steps that could never begin because their place was not handed on."""
        for n in sorted(self._lanes.parked):
            task = self._tasks[n]
            self.tally.failed[task.label] = (
                f"not started: its place on {task.where} is not free yet; run `pulumi up` for a new plan"
            )

    # ------------------------------------------------------------------------------------------ hear and begin

    def _hear(self, now: datetime) -> bool:
        heard = False
        for task in self._active.values():
            if task.busy is None or not task.busy.done():
                continue
            heard = True
            try:
                error = task.busy.exception()
            except CancelledError:
                error = RuntimeFault("it was not told in time")
            task.busy = None
            task.since = now
            if error is None:
                continue
            if not isinstance(error, Exception):
                raise error
            task.did = "refused" if task.did == "told" else task.did
            task.reason = words.refusal(task, error)
        return heard

    def _begin(self, now: datetime) -> bool:
        begun = list(self._lanes.admit(self._tasks))
        for task in begun:
            task.begun = task.since = now
            self._active[task.n] = task
            self._outfit(task)
        return bool(begun)

    def _outfit(self, task: Task) -> None:
        if task.held is None:
            return
        try:
            self._outfitter.outfit(task)
        except (LedgerError, RuntimeFault) as error:
            # A stop needs no spec: what cannot be launched any more can still be ended.
            if task.verb != "stop":
                task.did, task.reason = "refused", str(error)

    # ------------------------------------------------------------------------------------------ decide

    def _decide(self, task: Task, now: datetime) -> Decision:
        action = situation(task.view(self._order.standing(task.n), now)).action
        if action in ("start", "restart"):
            return Decision(
                task, action, (self._move(task, "starting"),), "start" if action == "start" else "restart"
            )
        if action == "stop":
            return Decision(task, action, (self._move(task, "stopping"),), "stop")
        if action == "reconfigure":
            return self._reconfigure(task)
        if action == "halt":
            return Decision(task, action, (), "stop")
        if action == "ready":
            return Decision(task, action, self._served(task))
        if action in ("gone", "done"):
            return Decision(task, action, (self._move(task, "gone"),))
        if action == "fail":
            task.reason = task.reason or words.why(task, now)
            return Decision(task, action, (self._move(task, "failed"),))
        if action == "give up":
            task.reason = task.reason or words.why(task, now)
        return Decision(task, action)

    def _reconfigure(self, task: Task) -> Decision:
        if self._watch.capabilities(task.runtime).reconfigure:
            return Decision(task, "reconfigure", (), "reconfigure")
        task.verb = "reload"
        return Decision(task, "restart", (self._move(task, "starting"),), "restart")

    def _served(self, task: Task) -> tuple[Transition, ...]:
        done = self._move(task, "ready")
        if task.verb in ("reconfigure", "reload"):
            return (self._move(task, "reconfigured"), done)
        return (done,)

    def _move(self, task: Task, to: str) -> Transition:
        ends = to in ("ready", "gone")
        return Transition(
            instance=task.id,
            to=to,  # type: ignore[arg-type]
            fence=self._book.fence(task.step.service),
            endpoint=task.endpoint if to == "ready" else "",
            detail=task.reason if to == "failed" else "",
            token_hash=self._outfitter.token_hash(task.step.service) if to == "reconfigured" else "",
            step=task.key if ends else None,
        )

    # ------------------------------------------------------------------------------------------ carry out

    def _carry_out(self, decisions: list[Decision], now: datetime) -> bool:
        moves = [move for decision in decisions for move in decision.moves]
        refused: Mapping[str, Exception] = {}
        if moves:
            recorded = self._book.write(moves, now)
            refused = recorded.refused
            self._released(recorded)
        if any(decision.tell and not decision.moves for decision in decisions):
            self._book.keep(now, prove=True)
        for decision in decisions:
            if decision.task.id in refused and decision.moves:
                self._fail(decision.task, str(refused[decision.task.id]), now)
            else:
                self._follow(decision, now)
        return bool(decisions)

    def _released(self, recorded: Recorded) -> None:
        for instance in recorded.released:
            for task in self._by_id.get(instance, ()):
                task.recorded = "reserved"
                self._lanes.unpark(task)

    def _follow(self, decision: Decision, now: datetime) -> None:
        task, action = decision.task, decision.action
        for sibling in self._by_id[task.id]:
            sibling.recorded = becomes(action, sibling.recorded)
        if decision.tell:
            self._tell(task, action, decision.tell, now)
        elif action == "ready":
            self.tally.ready.append(task.id)
            self._narrator.say("ready", task.label, words.ready(task, now), now)
            self._end(task)
        elif action in ("gone", "done"):
            self.tally.stopped.append(task.id)
            self._narrator.say("stopped", task.label, words.stopped(task, now), now)
            self._end(task)
        else:
            self._fail(task, task.reason, now)

    def _tell(self, task: Task, action: Action, told: Told, now: datetime) -> None:
        if action == "halt":
            task.did = "halted"
            task.reason = words.crash(task)
            self._narrator.say("stopping", task.label, f"{task.label} stopping: {task.reason}", now)
        else:
            task.did = "told"
            if task.verb == "reconfigure" and told == "restart":
                task.verb = "reload"
            event, text = words.told(task, told)
            self._narrator.say(event, task.label, text, now)
        task.since = now
        self._effects.tell(task, told, instant=self._watch.capabilities(task.runtime).instant)

    def _fail(self, task: Task, reason: str, now: datetime) -> None:
        told = self.tally.failed.get(task.label)
        self.tally.failed[task.label] = f"{told}\n{reason}" if told else reason
        self._narrator.say("failed", task.label, words.failed(task, reason), now)
        self._leave(task)
        behind = [self._tasks[n] for n in self._order.failed(task.n)]
        for other in behind:
            assert situation(other.view("broken", now)).action == "skip"
            self.tally.skipped.setdefault(
                other.label, f"not carried out: it comes after {task.label}, which failed"
            )
        if behind:
            self._narrator.say("skipped", task.label, words.skipped(task, behind), now)

    def _end(self, task: Task) -> None:
        self._leave(task)
        self._order.done(task.n)

    def _leave(self, task: Task) -> None:
        del self._active[task.n]
        self._lanes.leave(task)


def _visible(task: Task) -> bool:
    """Whether there may be something to see: a row that is only reserved was never started, a gone one is no more."""
    return task.recorded != "absent" and (task.recorded != "reserved" or task.verb == "stop")
