"""How `up` ends: every card, the endpoints, one request that is answered, what is not enforced, and what to try next."""

from __future__ import annotations

import json
import shlex
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.session import Session
from components.cli.base.targets import label_of
from components.cli.commands.ls import card_indexes_of
from components.cli.commands.token import token_of

if TYPE_CHECKING:
    from components.ledger import InstanceRow

REQUEST_SECONDS = 5.0
SHOWN_CARDS = 40
SHOWN_ENDPOINTS = 12


def show_closing(session: Session) -> None:
    """Print the state of what this stack runs, in a few lines."""
    rows = sorted(
        session.ledger.instances(owner=session.owner),
        key=lambda row: (row.held.service, row.held.ordinal, row.held.role),
    )
    print()
    for block in (_cards(session), _endpoints(rows), _one_answer(session, rows), _unenforced(session, rows)):
        lines = list(block)
        if lines:
            print("\n".join(lines), flush=True)
    print("try next:")
    for line in [*exports(session), *suggestions(session, rows)]:
        print(f"  {line}", flush=True)


def exports(session: Session) -> list[str]:
    """Return the line without which a command finds another ledger: what `make` or one call was told, a shell is not."""
    from components.ledger.database.location import ENVIRONMENT

    place = session.ledger_place
    if place.source != ENVIRONMENT:
        return []
    hidden = "" if place.url == place.shown else "  # with its password in the place of ***"
    return [f"export {ENVIRONMENT}={shlex.quote(place.shown)}{hidden}"]


def suggestions(session: Session, rows: Sequence[InstanceRow]) -> list[str]:
    """Return three commands that say more about what runs, or what to do where nothing does."""
    stack = [] if session.stack_flag is None else ["--stack", session.stack_flag]
    if session.ledger_flag is not None:
        stack += ["--ledger", session.ledger_place.shown]
    if not rows:
        words = [["eas", "check"], ["eas", "plan", "--cards"], ["eas", "pool"]]
    else:
        first = label_of(rows[0])
        node = rows[0].held.place.node
        words = [["eas", "why", first], ["eas", "fit", "--gpu-memory", "20", "--percentage", "10"]]
        words.append(["eas", "plan", "--drain", node])
    return [shlex.join([*command, *stack]) for command in words]


def _cards(session: Session) -> Iterator[str]:
    from components.cli.commands.pool import usage_now
    from components.placement.picture import card_lines

    lines = card_lines(usage_now(session))
    yield from lines[:SHOWN_CARDS]
    if len(lines) > SHOWN_CARDS:
        yield f"… and {len(lines) - SHOWN_CARDS} more cards: `eas pool`"


def _endpoints(rows: Sequence[InstanceRow]) -> Iterator[str]:
    served = [(label_of(row), row.endpoint) for row in rows if row.endpoint]
    width = max((len(label) for label, _ in served), default=0)
    for label, endpoint in served[:SHOWN_ENDPOINTS]:
        yield f"{label:{width}}  {endpoint}"
    if len(served) > SHOWN_ENDPOINTS:
        yield f"… and {len(served) - SHOWN_ENDPOINTS} more: `eas ls`"


def _one_answer(session: Session, rows: Sequence[InstanceRow]) -> Iterator[str]:
    """Yield what one instance answers about itself; sliced ones first, since they have limits to tell."""
    candidates = [row for row in rows if row.held.state == "ready" and _is_real(row.endpoint)]
    if not candidates:
        return
    row = min(candidates, key=_told_least)
    try:
        token = token_of(session, row.held.service)
    except CommandError as error:
        yield f"no request was sent to {label_of(row)}: {error}"
        return
    yield f"GET {row.endpoint} -> {_said(_get(row.endpoint, token), card_indexes_of(session))}"


def _is_real(endpoint: str) -> bool:
    """Whether anybody can answer there: records of the simulated runtime have a name that nothing ever resolves."""
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    return endpoint.startswith("http") and not host.endswith(".invalid")


def _told_least(row: InstanceRow) -> tuple[bool, bool, str, int]:
    """Return a key that puts an instance with both limits first."""
    place = row.held.place
    return not place.compute, not place.memory_mib, row.held.service, row.held.ordinal


def _get(url: str, token: str) -> str:
    """Return the body of one answer, or why there is none."""
    request = urllib.request.Request(url, headers={"Authorization": token})
    # No proxy: what runs on this machine is not to be asked for elsewhere.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=REQUEST_SECONDS) as answer:
            body: bytes = answer.read(4096)
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return f"no answer ({error})"
    return body.decode(errors="replace").strip()


def _said(body: str, indexes: dict[str, int]) -> str:
    """Return instance, card and limits where the answer names them, else the beginning of the answer."""
    try:
        told: Any = json.loads(body)
        cards = [
            f"{told['node']}/{indexes.get(uuid, uuid)} {memory} MiB {compute} %"
            for uuid, memory, compute in zip(
                told["cards"], told["gpu_memory_mib"], told["gpu_core_percentage"], strict=True
            )
        ]
        return f"{told['instance']} on {', '.join(cards) or told['node']}"
    except (ValueError, KeyError, TypeError):
        return body.splitlines()[0][:200] if body else "an empty answer"


def _unenforced(session: Session, rows: Sequence[InstanceRow]) -> Iterator[str]:
    """Yield what the runtimes in use cannot hold to."""
    said: dict[str, None] = {}
    for record in session.ledger.pools():
        if any(row.held.place.pool == record.name for row in rows):
            sentence = session.runtime(record.runtime).capabilities().enforced
            if sentence:
                said.setdefault(sentence)
    yield from said
