"""``eas reconcile``: what was committed is kept true, for every stack, without Pulumi."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from typing import Any

import pytest

from components.cli.base.session import now
from components.ledger import LeaseHolder, this_process
from tests.cli.scratch import OWNER, Scratch


def ids(scratch: Scratch) -> dict[str, str]:
    """Return label -> id of what the ledger holds."""
    session = scratch.session()
    rows = session.ledger.instances()
    session.close()
    return {f"{row.held.service}/{row.held.ordinal}": row.held.id for row in rows}


def kill(scratch: Scratch, *labels: str) -> None:
    """Let instances vanish from the runtime, as if their processes had died."""
    session = scratch.session()
    for label in labels:
        session.runtime("simulated").lose(ids(scratch)[label])  # type: ignore[attr-defined]
    session.close()


def node_state(scratch: Scratch, node: str, state: Any) -> None:
    session = scratch.session()
    session.writable_ledger.set_node_state("lab", node, None, state, "observed", "", "test", now())
    session.close()


def test_nothing_to_do_says_so_and_writes_nothing(fleet: Scratch) -> None:
    before = [row for row in fleet.json("history") if row["subject"].startswith(OWNER)]
    assert fleet.ok("reconcile").strip() == "everything is as committed"
    assert fleet.json("reconcile") == {"owners": [], "stopped": []}
    assert [row for row in fleet.json("history") if row["subject"].startswith(OWNER)] == before


def test_what_died_is_restarted_where_it_was(fleet: Scratch) -> None:
    before, card = ids(fleet), fleet.card_of("llm", 0)
    kill(fleet, "llm/0")
    (owner,) = fleet.json("reconcile")["owners"]
    assert [(deed["instance"], deed["how"], deed["where"]) for deed in owner["done"]] == [
        ("llm/0", "restart", card)
    ]
    assert ids(fleet) == before
    assert {row["status"] for row in fleet.json("ls")} == {"Running"}
    because = [row["because"] for row in fleet.json("history", "llm/0") if row["what"] == "starting -> ready"]
    assert because[-1].startswith("eas reconcile")


def test_a_restarted_instance_has_the_token_that_it_had(fleet: Scratch) -> None:
    session = fleet.session()
    assert session.ledger.tokens(OWNER) == {"llm": "token-of-llm", "page": "token-of-page"}
    session.close()
    assert "token-of-llm" not in (fleet.root / ".eas" / "ledger.db").read_bytes().decode("latin-1")


def test_what_sits_on_a_lost_node_is_placed_elsewhere(fleet: Scratch) -> None:
    node = fleet.node_of("page")
    node_state(fleet, node, "lost")
    (owner,) = fleet.json("reconcile")["owners"]
    assert any(deed["instance"] == "page/0" and not deed["where"].startswith(node) for deed in owner["done"])
    assert {row["status"] for row in fleet.json("ls")} <= {"Running", "Updating", "Scaling"}


def test_a_draining_node_is_emptied_a_few_at_a_time(fleet: Scratch) -> None:
    fleet.service("many", instance=6, gpu_memory=2)
    fleet.apply()
    counts = {node: sum(fleet.node_of("many", n) == node for n in range(6)) for node in ("gpu-a", "gpu-b")}
    node = max(counts, key=lambda name: counts[name])
    fleet.ok("drain", node)

    def there() -> int:
        session = fleet.session()
        rows = session.ledger.instances()
        session.close()
        return sum(row.held.place.node == node for row in rows)

    first = there()
    done = fleet.json("reconcile", "--moves", "3")["owners"][0]
    assert [deed["how"] for deed in done["done"]] == ["move"] * 3
    done = fleet.json("reconcile", "--moves", "1")["owners"][0]
    assert [deed["how"] for deed in done["done"]] == ["move"], "one that was planned before is still a move"
    assert first - there() == 4
    for _ in range(6):
        fleet.eas("reconcile", "--moves", "3")
    assert there() == 0


def test_a_waiting_instance_gets_its_place_when_space_frees(scratch: Scratch) -> None:
    scratch.pool(
        "name: lab\nruntime: {runtime}\non_insufficient: wait\n"
        "nodes:\n  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge}}\n"
    )
    scratch.service("big", gpu=2)
    scratch.apply()
    scratch.service("late", gpu_memory=8)
    scratch.apply()
    (owner,) = scratch.json("reconcile")["owners"]
    assert owner["waiting"][0].startswith("late/0 asks for ")
    (scratch.root / "services" / "big.json").unlink()
    # The stop of `big` is what an `up` commits; `late` has its place by it or by the next pass.
    scratch.apply(carry_out=False)
    scratch.json("reconcile")
    assert [row["status"] for row in scratch.json("ls") if row["service"] == "late"] == ["Running"]


def test_a_changed_file_that_no_up_took_up_means_nothing(fleet: Scratch) -> None:
    from components.cli.base import declared
    from tests.cli.scratch import _declare

    before = ids(fleet)
    fleet.service("page", gpu_memory=30)
    fleet.service("other", gpu_memory=2)
    session = fleet.session()
    _declare(session, declared.load(session))
    session.close()
    kill(fleet, "llm/1")
    fleet.json("reconcile")
    assert ids(fleet) == before
    assert {row["service"] for row in fleet.json("ls")} == {"llm", "page", "other"}, (
        "a declaration stays declared"
    )
    assert fleet.json("why", "page/0")[0]["next"].startswith("roll")


def test_a_crash_loop_is_left_alone_for_a_growing_while_and_named(scratch: Scratch) -> None:
    scratch.pool(
        "name: lab\nruntime: {runtime}\nsimulated: {{fail: [bad]}}\n"
        "nodes:\n  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge}}\n"
    )
    scratch.service("bad", gpu_memory=2)
    scratch.service("good", gpu_memory=2)
    scratch.apply()
    first = scratch.json("reconcile", code=1)["owners"][0]
    assert "bad/0" in first["failed"][0]
    kill(scratch, "good/0")
    second = scratch.json("reconcile")["owners"][0]
    assert not second["failed"]
    assert [deed["instance"] for deed in second["done"]] == ["good/0"]
    (loop,) = second["resting"]
    assert (loop["instance"], loop["failures"]) == ("bad/0", 2)
    assert "failed 2 times within the hour; left alone until" in scratch.ok("reconcile")


def test_when_a_fifth_of_the_nodes_is_lost_at_once_nothing_moves_until_a_person_says_so(
    fleet: Scratch,
) -> None:
    before = ids(fleet)
    node_state(fleet, "gpu-a", "lost")
    node_state(fleet, "gpu-b", "lost")
    report = fleet.json("reconcile", code=1)
    assert "2 of 2 nodes were lost" in report["stopped"][0]
    assert ids(fleet) == before
    node_state(fleet, "gpu-a", "ready")
    node_state(fleet, "gpu-a", "lost")
    assert fleet.json("reconcile", code=1)["stopped"]
    confirmed = fleet.json("reconcile", "--confirm", "lab")
    assert not confirmed["stopped"]
    assert any(row["what"] == "losses confirmed" for row in fleet.json("history"))


def test_confirm_names_its_pool(fleet: Scratch) -> None:
    assert "--confirm needs the pool" in fleet.eas("reconcile", "--confirm").stderr
    assert "did you mean lab" in fleet.eas("reconcile", "la").stderr


def held_by(scratch: Scratch, owner: str, service: str, holder: LeaseHolder) -> None:
    """Let another process hold a lease."""
    session = scratch.session()
    session.writable_ledger.lease(owner, [service], holder=holder, now=now(), ttl=timedelta(minutes=5))
    session.close()


def alive() -> LeaseHolder:
    return this_process("pulumi up", os.getppid())


def dead() -> LeaseHolder:
    me = this_process("")
    return LeaseHolder(999_999, me.host, me.boot_id, 1.0, "eas reconcile")


def test_a_stack_whose_up_is_running_is_left_to_it(fleet: Scratch) -> None:
    kill(fleet, "llm/0")
    held_by(fleet, OWNER, "page", alive())
    (owner,) = fleet.json("reconcile")["owners"]
    assert "pulumi up" in owner["skipped"]
    assert not owner["done"]
    assert "left alone: pulumi up" in fleet.ok("reconcile")


def test_a_pool_that_another_process_reconciles_is_left_to_it(fleet: Scratch) -> None:
    kill(fleet, "llm/0")
    held_by(fleet, "reconcile", "pool/lab", alive())
    report = fleet.json("reconcile", code=1)
    assert not report["owners"]
    assert "pool lab is reconciled by another process" in report["stopped"][0]


def test_the_lease_of_a_dead_reconciler_is_taken_over(fleet: Scratch) -> None:
    held_by(fleet, "reconcile", "pool/lab", dead())
    kill(fleet, "llm/0")
    assert fleet.json("reconcile")["owners"][0]["done"]


def test_without_a_ledger_nothing_is_made(scratch: Scratch) -> None:
    assert "no pool is recorded" in scratch.ok("reconcile")
    assert not (scratch.root / ".eas").exists()


def test_watching_makes_passes_until_it_is_over() -> None:
    from components.reconcile import watch

    passes: list[int] = []
    naps: list[float] = []
    over = threading.Event()

    def one_pass() -> None:
        passes.append(len(passes))
        if len(passes) == 3:
            over.set()

    watch(one_pass, every=7, sleep=naps.append, over=over.is_set, tell=print)
    assert (passes, naps) == ([0, 1, 2], [7, 7])


def test_who_is_not_evictable_stays_on_a_draining_node_until_its_own_stack_moves_it(fleet: Scratch) -> None:
    fleet.service("fixed", gpu_memory=2)
    file = fleet.root / "services" / "fixed.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"labels": {"eas-slices/evictable": "false"}}))
    fleet.apply()
    node = fleet.node_of("fixed")
    told = fleet.json("drain", node, "--reason", "fan")
    assert told["not_evictable"] == [{"owner": OWNER, "instance": "fixed/0"}]
    assert f"fixed/0 is not evictable: it stays until the next `up` of {OWNER}" in fleet.ok("drain", node)
    (owner,) = fleet.json("reconcile")["owners"]
    assert "fixed/0" not in [deed["instance"] for deed in owner["done"]]
    assert len(owner["staying"]) == 1
    assert owner["staying"][0].startswith(f"fixed/0 runs on where it is (node {node} is draining (")
    assert fleet.node_of("fixed") == node
    assert "  staying: fixed/0" in fleet.ok("reconcile")
    node_state(fleet, node, "lost")
    (owner,) = fleet.json("reconcile")["owners"]
    places = {deed["instance"]: deed["where"].partition("/")[0] for deed in owner["done"]}
    assert places["fixed/0"] != node, "it is dead there, so that starting it elsewhere evicts nobody"


def test_its_own_stack_moves_who_is_not_evictable(fleet: Scratch) -> None:
    file = fleet.service("fixed", gpu_memory=2)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"labels": {"eas-slices/evictable": "false"}}))
    fleet.apply()
    node = fleet.node_of("fixed")
    fleet.ok("drain", node)
    fleet.apply()
    assert fleet.node_of("fixed") != node


def test_a_quota_binds_what_waits_for_it_in_reconcile_as_well(fleet: Scratch) -> None:
    pool = fleet.root / "pool.yaml"
    text = pool.read_text()
    pool.write_text(text + "on_insufficient: wait\nquotas: {default: {memory_gib: 120}}\n")
    fleet.service("more", instance=2, gpu_memory=3)
    fleet.apply()
    (owner,) = fleet.json("reconcile")["owners"]
    assert owner["done"] == []
    assert "The quota of" in owner["waiting"][0]
    assert fleet.json("status")["waiting"][0]["instance"] == "more/1"


def test_a_database_that_is_away_for_a_while_ends_no_watch_and_is_told_once() -> None:
    from components.ledger import KeyFault, LedgerUnreachable
    from components.reconcile import watch

    said: list[str] = []
    passes = iter(
        [LedgerUnreachable("db does not answer"), LedgerUnreachable("db does not answer"), None, None]
    )
    left = [4]

    def one_pass() -> None:
        left[0] -= 1
        if error := next(passes):
            raise error

    watch(one_pass, every=7, sleep=lambda _: None, over=lambda: not left[0], tell=said.append)
    assert said == ["db does not answer; tried again in 7 s"]

    def broken() -> None:
        raise KeyFault("another key")

    with pytest.raises(KeyFault, match="another key"):
        watch(broken, every=7, sleep=lambda _: None, over=lambda: False, tell=said.append)
