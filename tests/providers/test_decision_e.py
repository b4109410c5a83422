"""Decision (e): what a reconciler did since the last ``up`` shows once, as ``adopted``, and starts nothing."""

from __future__ import annotations

import pytest

from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.providers.work import session
from components.settle import settle
from tests.providers.engine import OWNER, PLACEMENT, Stack
from tests.providers.marks import card_of


def reconcile(stack: Stack, service: str, to: str) -> None:
    """Move an instance as a reconciler would: commit another plan for this owner and carry it out."""
    stack.process()
    current = session.session()
    ledger = current.writing()
    card = card_of(stack, to)
    rows = {row.held.service: row.held for row in ledger.instances(owner=OWNER)}
    old = rows[service]
    place = Place("lab", to.partition("/")[0], (card,), old.place.memory_mib, old.place.compute)
    committed = ledger.committed(OWNER)
    assert committed is not None
    ledger.commit(
        OWNER,
        nodes=[node for pool in stack.typed_pools() for node in pool.nodes],
        pools=["lab"],
        wanted=committed.wanted,
        assignments={name: {0: place if name == service else row.place} for name, row in rows.items()},
        steps=[
            Step(1, "start", "move", service, 0, revision=old.revision, place=place),
            Step(2, "stop", "move", service, 0, instance=old.id, after=(1,)),
        ],
        mint=session.mint,
        now=session.now(),
        because="eas reconcile",
    )
    conduct = session.conduct("eas reconcile")
    outcome = settle(
        ledger,
        current.runtime,
        OWNER,
        holder=conduct.holder,
        token_for=lambda name, declared: current.token(OWNER, name, declared),
        clock=conduct.clock,
        sleep=conduct.sleep,
        report=lambda _: None,
    )
    assert outcome.complete, outcome


def test_e_what_a_reconciler_did_shows_once_and_the_up_starts_nothing(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """``adopted`` in ``change``, in the table, and never again."""
    stack.service("page", gpu_memory=20)
    stack.service("llm", gpu_memory=20)
    first = stack.up()
    was = first.places["page/0"]
    to = next(
        place for place in ("gpu-a/0", "gpu-a/1", "gpu-b/0", "gpu-b/1") if place not in first.places.values()
    )
    reconcile(stack, "page", to)
    runs = stack.runs()
    capsys.readouterr()
    adopted = stack.preview()
    assert adopted.placement["change"] == {"adopted": {"page": {"0": f"{was} -> {to}"}}}
    assert adopted.did[PLACEMENT] == "update"
    table = capsys.readouterr().out
    assert f"page/0    {was}  {to}  adopted  already moved by reconcile at 2" in table
    assert "1 unchanged" in table
    assert stack.up().did[PLACEMENT] == "update"
    assert stack.runs() == runs
    again = stack.preview()
    assert again.placement["change"] == {}
    assert set(again.did.values()) == {"same"}
