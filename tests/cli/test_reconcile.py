"""``eas reconcile``: what was committed is kept true, for every stack, without Pulumi."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from components.cli.base.session import now
from components.ledger import LeaseHolder, this_process
from tests.cli.scratch import OWNER, POOL, Scratch


def ids(scratch: Scratch) -> dict[str, str]:
    """Return label -> id of what the ledger holds."""
    session = scratch.session()
    rows = session.ledger.instances()
    session.close()
    return {f"{row.held.service}/{row.held.ordinal}": row.held.id for row in rows}


def whereabouts(scratch: Scratch) -> dict[str, str]:
    """Return id -> node of what this stack holds."""
    session = scratch.session()
    rows = session.ledger.instances(owner=session.owner)
    session.close()
    return {row.held.id: row.held.place.node for row in rows}


def place(scratch: Scratch, label: str) -> str:
    """Return the node of one instance of this stack."""
    return next(node for id_, node in whereabouts(scratch).items() if f"/{label}/" in id_)


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
    assert ids(fleet) == before, "there is no other node"
    assert any(row["what"] == "losses confirmed" for row in fleet.json("history"))


THREE = """
  gpu-c: {{instance_type: ecs.gn7e-c16g1.8xlarge}}
"""


def test_once_a_person_has_confirmed_a_storm_what_was_lost_moves_and_status_says_so_until_then(
    scratch: Scratch,
) -> None:
    scratch.pool(POOL.rstrip() + THREE)
    scratch.service("page", instance=3, gpu_memory=60)
    scratch.apply()
    lost = sorted({scratch.node_of("page", n) for n in range(3)})[:1]
    lost += [node for node in ("gpu-a", "gpu-b", "gpu-c") if node not in lost][:1]
    [left] = {"gpu-a", "gpu-b", "gpu-c"} - set(lost)
    for node in lost:
        node_state(scratch, node, "lost")
    before = ids(scratch)
    assert scratch.json("reconcile", code=1)["owners"] == []
    assert ids(scratch) == before
    [stopped] = scratch.json("status")["stopped"]
    assert stopped["pool"] == "lab"
    assert stopped["reason"].startswith("pool lab: 2 of 3 nodes were lost")
    shown = scratch.ok("status")
    assert "nothing is moved until a person confirms" in shown
    assert "`eas reconcile --confirm lab`" in shown
    (owner,) = scratch.json("reconcile", "--confirm", "lab", code=0)["owners"]
    assert owner["done"]
    assert {deed["where"].partition("/")[0] for deed in owner["done"]} == {left}
    assert ids(scratch) != before
    assert scratch.json("status")["stopped"] == []


def test_nodes_that_a_person_gave_up_are_no_storm(scratch: Scratch) -> None:
    scratch.pool(POOL.rstrip() + THREE)
    scratch.service("page", instance=2, gpu_memory=60)
    scratch.apply()
    home = scratch.node_of("page")
    second = next(node for node in ("gpu-a", "gpu-b", "gpu-c") if node != home)
    for node in (home, second):
        scratch.ok("forget", node, "--yes")
    assert scratch.json("status")["stopped"] == []
    report = scratch.json("reconcile")
    assert report["stopped"] == []
    [left] = {"gpu-a", "gpu-b", "gpu-c"} - {home, second}
    assert {deed["where"].partition("/")[0] for deed in report["owners"][0]["done"]} == {left}


GUEST = "organization/eas-slices/guest-0a1b2c"
SECOND_POOL = """\
name: other
resource: eas-r-lab00002
runtime: {runtime}
nodes:
  gpu-x: {{instance_type: ecs.gn7e-c16g1.8xlarge}}
  gpu-y: {{instance_type: ecs.gn7e-c16g1.8xlarge}}
"""


def guest_of(fleet: Scratch, instances: int) -> Scratch:
    """Let another stack have a pool and a service of its own, in the same ledger."""
    fleet.stack("guest", pools=["guest.yaml"], services="guests")
    (fleet.root / "guest.yaml").write_text(SECOND_POOL.format(runtime="simulated"))
    (fleet.root / "guests").mkdir()
    fleet.service("seat", instance=instances, gpu_memory=2).rename(fleet.root / "guests" / "seat.json")
    made = replace(fleet, chosen="guest")
    assert made.apply().complete
    return made


def test_the_moves_of_a_pass_are_for_all_stacks_together(fleet: Scratch) -> None:
    fleet.service("many", instance=4, gpu_memory=2)
    fleet.apply()
    (fleet.root / "services" / "many.json").rename(fleet.root / "many.json")
    guest = guest_of(fleet, 4)
    own = replace(fleet, chosen="test")
    nodes = {place(one, label) for one, label in ((own, "many/0"), (guest, "seat/0"))}
    before = {id_: node for one in (own, guest) for id_, node in whereabouts(one).items() if node in nodes}
    assert len(before) >= 6, "enough of each has to leave"
    for node in nodes:
        fleet.ok("drain", node, "-s", "test")
    done = fleet.json("reconcile", "--moves", "3", "-s", "test")["owners"]
    moved = {each["owner"]: sum(deed["how"] == "move" for deed in each["done"]) for each in done}
    assert moved == {GUEST: 2, OWNER: 1}, "by turns, in the order of the owners' names"
    assert sum(each["later"] for each in done) == len(before) - 3


def test_a_stack_on_two_pools_with_a_reconciler_each_is_told_who_can_repair_it(fleet: Scratch) -> None:
    fleet.stack("test", pools=["pool.yaml", "guest.yaml"])
    (fleet.root / "guest.yaml").write_text(SECOND_POOL.format(runtime="simulated"))
    fleet.service("seat", gpu_memory=2, resource="eas-r-lab00002")
    for name in ("llm", "page"):
        file = fleet.root / "services" / f"{name}.json"
        document = json.loads(file.read_text())
        document["metadata"]["resource"] = "eas-r-lab00001"
        file.write_text(json.dumps(document))
    assert fleet.apply().complete
    kill(fleet, "seat/0")
    for pool, other in (("lab", "other"), ("other", "lab")):
        (owner,) = fleet.json("reconcile", pool)["owners"]
        assert owner["done"] == []
        assert owner["skipped"].startswith(f"it also runs on pool {other}, which is left alone here")
        assert owner["skipped"].endswith("`eas reconcile lab other`")
    (owner,) = fleet.json("reconcile", "lab", "other")["owners"]
    assert [deed["instance"] for deed in owner["done"]] == ["seat/0"]
    assert fleet.ok("reconcile").strip() == "everything is as committed"


def test_a_deed_without_a_reason_ends_with_its_place() -> None:
    from components.reconcile.report import Deed, OwnerReport

    deeds = [Deed("page/0", "start", "gpu-a/0", ""), Deed("page/1", "move", "gpu-a/1", "gpu-b is draining")]
    assert OwnerReport("o", deeds).lines() == [
        "o",
        "  start page/0 on gpu-a/0",
        "  move page/1 on gpu-a/1: gpu-b is draining",
    ]


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
