"""What is said of one task: why it failed, and the line for each event. Sentences only; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from components.runtimes.port import RuntimeFault
from components.settle.effects import Told
from components.settle.progress import Event
from components.settle.task import Task
from components.spec.secret import redacted

LOG_LINES = 8
"""Lines of its log that a failure ends with."""
NAMED = 5
"""How many steps a line names before it counts the rest."""

_TOLD: dict[Told, tuple[Event, str]] = {
    "start": ("starting", "starting"),
    "restart": ("starting", "restarting"),
    "reconfigure": ("note", "is handed its new token"),
    "stop": ("stopping", "stopping"),
}


def told(task: Task, verb: Told) -> tuple[Event, str]:
    """Return the event and the line for telling a runtime."""
    event, said = _TOLD[verb]
    how = f" ({task.step.how})" if verb != "stop" and task.step.how not in (verb, "start", "restart") else ""
    return event, f"{task.label} {said}{_where(task)}{how}"


def ready(task: Task, now: datetime) -> str:
    """Return the line for one that serves."""
    if task.did == "nothing":
        return f"{task.label} ready{_where(task)}: it serves already"
    with_token = {
        "reconfigure": " with its new token",
        "reload": " with its new token, restarted because its runtime cannot hand one over",
    }
    return f"{task.label} ready{_where(task)} after {_since_begun(task, now)}{with_token.get(task.verb, '')}"


def stopped(task: Task, now: datetime) -> str:
    """Return the line for one that was seen gone."""
    return f"{task.label} stopped{_where(task)} after {_since_begun(task, now)}"


def failed(task: Task, reason: str) -> str:
    """Return the line for one that failed."""
    return f"{task.label} failed{_where(task)}: {reason}"


def skipped(task: Task, behind: Sequence[Task]) -> str:
    """Return the line that names what is not carried out after a failure."""
    names = ", ".join(dict.fromkeys(f"{other.step.op} {other.label}" for other in behind[:NAMED]))
    more = f" and {len(behind) - NAMED} more" if len(behind) > NAMED else ""
    return f"not carried out after {task.label}: {names}{more}"


def crash(task: Task) -> str:
    """Return why a failed one is stopped: what the runtime says of it, without secrets."""
    return _clean(task, task.detail or "it failed and its runtime does not say why")


def refusal(task: Task, error: Exception) -> str:
    """Return why a runtime did not do what it was told."""
    if isinstance(error, RuntimeFault):
        return _clean(task, str(error))
    return _clean(
        task,
        f"runtime {task.runtime.name} failed with {type(error).__name__}: {error}. This is a defect of the runtime and not "
        "of the service; please report it",
    )


def why(task: Task, now: datetime) -> str:
    """Return why a step failed that nobody refused, with the next step."""
    waited = f"{task.waited(now):.0f} s"
    if task.recorded == "absent":
        return "the ledger has no such instance any more; run `pulumi up` for a new plan"
    if task.verb == "stop":
        return _clean(
            task,
            f"it is still there {waited} after it was told to stop, so its place on {task.where} stays taken; end it by "
            f"hand or wait, then run this again. {task.detail}".rstrip(),
        )
    if task.recorded == "stopping":
        return "an earlier plan is stopping it; run `pulumi up` for a new plan"
    if task.seen == "unknown":
        return _clean(task, f"nothing can be seen of it: {task.detail}")
    if task.seen == "absent":
        return f"it is not there {waited} after it was started; run `pulumi up` to try again"
    if task.seen == "failed":
        return crash(task)
    return _unanswered(task, waited)


def _unanswered(task: Task, waited: str) -> str:
    said = (
        f"not ready after {waited}; it is left running, and `pulumi up` takes it up once it answers (the pool's "
        f"ready_timeout_s sets the limit). {task.detail}"
    ).rstrip()
    try:
        log = task.runtime.logs(task.id, LOG_LINES)
    except RuntimeFault:
        log = ""
    lines = [f"    {line}" for line in log.splitlines() if line not in said]
    return _clean(task, "\n".join([said, *lines]))


def _clean(task: Task, text: str) -> str:
    return redacted(text, task.secrets)


def _where(task: Task) -> str:
    return f" on {task.where}" if task.where else ""


def _since_begun(task: Task, now: datetime) -> str:
    return f"{(now - (task.begun or now)).total_seconds():.1f} s"
