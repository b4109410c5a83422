"""``eas ledger rebuild``: a lost ledger is recorded anew from Pulumi's state and the runtime."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.cli.base import declared
from components.cli.commands.plan import Proposed
from components.ledger import InstanceRow
from components.runtimes.simulated import SimulatedRuntime
from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import OWNER, Scratch
from tests.e2e.conftest import NO_CLI
from tests.e2e.project import VENV, Project

KIND = "pulumi-python:dynamic/eas:"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def exported(scratch: Scratch, **changed: Any) -> dict[str, Any]:
    """Return what `pulumi stack export` says of a scratch project that is applied; ``changed``: inputs of Placement."""
    session = scratch.session()
    try:
        project = declared.sound(session)
        proposed = Proposed.of(session, project)
        wanted = {want.service: want for want in proposed.wanted}
        services = {
            service.name: {
                "name": service.name,
                "owner": session.owner,
                "pool": wanted[service.name].pool,
                "spec": service.public(),
                "about": {"revision": wanted[service.name].revision},
                **(
                    {"secrets": {**SECRET, "plaintext": json.dumps(service.secrets())}}
                    if service.secrets()
                    else {}
                ),
            }
            for service in project.services
        }
        pools = {
            pool.name: {
                "resource": pool.resource,
                "runtime": pool.runtime,
                "settings": pool.settings(),
                "nodes": {node.name: node.to_dict() for node in pool.nodes},
            }
            for pool in project.pools
        }
        placement = {
            "owner": session.owner,
            "pools": {name: {**pool, "reference": False} for name, pool in pools.items()},
            "services": {name: want.to_dict() for name, want in wanted.items()},
            "assignments": proposed.to_dict()["assignments"],
            **changed,
        }
    finally:
        session.close()
    resources = [{"type": "pulumi:pulumi:Stack", "urn": "stack"}]
    resources += [
        _resource("GpuPool", f"pool-{name}", {"name": name, "owner": OWNER, **pool})
        for name, pool in pools.items()
    ]
    resources += [_resource("EasService", f"service-{name}", values) for name, values in services.items()]
    resources.append(_resource("Placement", "placement-test", placement))
    return {"version": 3, "deployment": {"resources": json.loads(json.dumps(resources))}}


def _resource(kind: str, holder: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"type": KIND + kind, "id": holder, "urn": f"urn::{holder}", "inputs": values, "outputs": values}


def lose(scratch: Scratch) -> None:
    """Delete the ledger and its key."""
    for file in (scratch.root / ".eas").glob("ledger*"):
        file.unlink()


def rows(scratch: Scratch) -> dict[str, InstanceRow]:
    """Return the ledger's rows by id."""
    session = scratch.session()
    try:
        return {row.held.id: row for row in session.ledger.instances()}
    finally:
        session.close()


def steps(scratch: Scratch) -> list[str]:
    """Return what the planner would do now: ``op service/ordinal``."""
    return [
        f"{each['op']} {each['service']}/{each['ordinal']}"
        for each in scratch.json("plan")["change"].values()
    ]


Rebuild = Callable[..., dict[str, Any]]


@pytest.fixture
def lost(fleet: Scratch, pulumi: FakePulumi) -> Rebuild:
    """Return what exports the state (with changes to Placement's inputs), loses the ledger and rebuilds it."""

    def rebuild(*, code: int = 0, **changed: Any) -> dict[str, Any]:
        pulumi.script(stack={"stdout": json.dumps(exported(fleet, **changed))})
        lose(fleet)
        return dict(fleet.json("ledger", "rebuild", code=code))

    return rebuild


def test_everything_is_as_it_was_and_the_planner_has_nothing_to_do(fleet: Scratch, lost: Rebuild) -> None:
    before = rows(fleet)
    told = lost()
    after = rows(fleet)
    assert len(after) == 3
    assert {id_: (row.held, row.endpoint) for id_, row in after.items()} == {
        id_: (row.held, row.endpoint) for id_, row in before.items()
    }
    assert steps(fleet) == []
    assert (told["pools"], told["services"], told["missing"], told["extra"]) == (1, 2, {}, {})
    assert "pulumi preview" in told["next"]


def test_holders_specs_and_the_story_are_there(fleet: Scratch, lost: Rebuild) -> None:
    lost()
    session = fleet.session()
    try:
        ledger = session.ledger
        pool = ledger.pool("lab")
        assert ledger.placement_holder(OWNER) == "placement-test"
        assert pool is not None
        assert pool.holder == "pool-lab"
        (llm, _) = ledger.services(OWNER)
        assert llm.declared == llm.committed
        assert ledger.spec(OWNER, "llm", llm.committed).document["metadata"]["name"] == "llm"
        assert not ledger.open_steps(OWNER)
        told = ledger.events(f"{OWNER}/llm")
        assert any(event.what == "found ready" and "eas ledger rebuild" in event.because for event in told)
    finally:
        session.close()


def test_secrets_of_the_state_are_kept_and_never_printed(scratch: Scratch, pulumi: FakePulumi) -> None:
    file = scratch.service("llm", gpu_memory=20)
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "hush-hush-token"}))
    scratch.apply()
    pulumi.script(stack={"stdout": json.dumps(exported(scratch))})
    lose(scratch)
    result = scratch.eas("ledger", "rebuild")
    assert result.exit_code == 0, result.output
    assert "hush-hush" not in result.output
    assert scratch.ok("token", "llm").strip() == "hush-hush-token"


def test_an_empty_file_is_a_lost_ledger(fleet: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(stack={"stdout": json.dumps(exported(fleet))})
    lose(fleet)
    (fleet.root / ".eas" / "ledger.db").touch()
    assert "rebuilt" in fleet.ok("ledger", "rebuild")
    assert steps(fleet) == []


def test_what_the_runtime_does_not_have_is_started_by_the_next_up(fleet: Scratch, lost: Rebuild) -> None:
    (gone,) = (id_ for id_ in rows(fleet) if "/llm/1/" in id_)
    runtime = SimulatedRuntime(fleet.root / ".eas")
    runtime.stop(gone)
    assert runtime.observe([gone])[gone].condition == "absent"
    told = lost()
    assert list(told["missing"]) == ["llm/1"]
    assert steps(fleet) == ["start llm/1"]


def test_what_failed_is_recorded_as_failed(fleet: Scratch, lost: Rebuild) -> None:
    (dead,) = (id_ for id_ in rows(fleet) if "/page/0/" in id_)
    SimulatedRuntime(fleet.root / ".eas").kill(dead)
    lost()
    row = rows(fleet)[dead]
    assert (row.held.state, "killed" in row.detail) == ("failed", True)
    assert steps(fleet) == ["restart page/0"]


def test_what_an_apply_began_that_the_state_has_not_heard_of_keeps_its_place(
    fleet: Scratch, lost: Rebuild
) -> None:
    """Killed in a scale-up, ledger lost with it: the newcomer is taken up as the program wants it, not started twice."""
    fleet.service("llm", instance=3, gpu_memory=48, gpu_core_percentage=10, cpu=2, memory=4096)
    before = rows(fleet)
    state = {name: {"0": fleet.card_of(name)} for name in ("llm", "page")}
    state["llm"]["1"] = fleet.card_of("llm", 1)
    fleet.apply()
    (newcomer,) = rows(fleet).keys() - before.keys()
    told = lost(assignments=state)
    assert list(told["more"]) == [newcomer]
    assert rows(fleet)[newcomer].held.state == "ready"
    assert steps(fleet) == []


def test_one_beyond_what_the_program_wants_is_stopped_by_the_next_up(fleet: Scratch, lost: Rebuild) -> None:
    (second,) = (id_ for id_ in rows(fleet) if "/llm/1/" in id_)
    state = {name: {"0": fleet.card_of(name)} for name in ("llm", "page")}
    fleet.service("llm", instance=1, gpu_memory=48, gpu_core_percentage=10, cpu=2, memory=4096)
    assert list(lost(assignments=state)["more"]) == [second]
    assert steps(fleet) == ["stop llm/1"]


def test_the_second_of_one_name_and_what_nobody_wants_are_on_their_way_out(
    fleet: Scratch, lost: Rebuild
) -> None:
    """Killed in a move or a roll: the one that has the assignment stays, the other holds its place until it is stopped."""
    held = {id_.removeprefix(f"{OWNER}/")[:6]: row.held for id_, row in rows(fleet).items()}
    page, other = held["page/0"], held["llm/1/"]
    twin, ghost = f"{OWNER}/page/0/twin", f"{OWNER}/ghost/0/lone"
    with SimulatedRuntime(fleet.root / ".eas")._rows() as kept:
        columns = (
            "owner, node, cards, started, ready_after, stop_after, stopped, failure, token, starts, revision"
        )
        for name in (twin, ghost):
            kept.execute(
                f"INSERT INTO instance (id, {columns}) SELECT ?, {columns} FROM instance WHERE id = ?",
                (name, other.id),
            )
    told = lost()
    assert told["leaving"] == {
        twin: f"{page.id} is page/0",
        ghost: "Pulumi's state assigns it no place",
    }
    now_held = {id_: row.held for id_, row in rows(fleet).items()}
    assert (now_held[twin].state, now_held[ghost].state) == ("stopping", "stopping")
    assert now_held[twin].place == replace(page.place, node=other.place.node, cards=other.place.cards)
    assert sorted(steps(fleet)) == ["stop ghost/0", "stop page/0"]


def test_what_a_reconciler_put_in_the_place_of_one_that_died_is_the_one_that_counts(
    fleet: Scratch, lost: Rebuild
) -> None:
    """The state is older: it assigns the place of the dead one, and what runs by now runs elsewhere."""
    held = {id_.removeprefix(f"{OWNER}/")[:6]: row.held for id_, row in rows(fleet).items()}
    page, other = held["page/0"], held["llm/1/"]
    successor = f"{OWNER}/page/0/zz-newer"
    runtime = SimulatedRuntime(fleet.root / ".eas")
    with runtime._rows() as kept:
        columns = "owner, started, ready_after, stop_after, stopped, failure, token, starts, revision"
        kept.execute(
            f"INSERT INTO instance (id, {columns}, node, cards) SELECT ?, {columns}, ?, ? FROM instance WHERE id = ?",
            (successor, other.place.node, json.dumps(other.place.cards), page.id),
        )
    runtime.kill(page.id)
    state = {name: {"0": fleet.card_of(name)} for name in ("llm", "page")}
    state["llm"]["1"] = fleet.card_of("llm", 1)
    told = lost(assignments=state)
    assert (told["extra"], list(told["leaving"])) == ({}, [page.id])
    states = {row.held.id: row.held.state for row in rows(fleet).values() if row.held.service == "page"}
    assert states == {successor: "ready", page.id: "stopping"}
    assert steps(fleet) == ["stop page/0"]


def test_down_ends_what_runs_also_where_ledger_and_state_are_lost(fleet: Scratch, pulumi: FakePulumi) -> None:
    lose(fleet)
    told = fleet.json("down", "--yes")
    assert [name.rpartition("/")[0] for name in told["stopped"]] == ["llm/0", "llm/1", "page/0"]
    assert SimulatedRuntime(fleet.root / ".eas").listing() == ()
    assert not (fleet.root / ".eas" / "ledger.db").exists(), "nothing is made to be forgotten"
    assert fleet.json("down", "--yes")["stopped"] == []


def test_where_the_runtime_has_it_counts_more_than_the_assignment(fleet: Scratch, lost: Rebuild) -> None:
    place = fleet.card_of("llm", 0)
    told = lost(
        assignments={
            "llm": {"0": "gpu-b/1", "1": fleet.card_of("llm", 1)},
            "page": {"0": fleet.card_of("page")},
        }
    )
    assert told["moved"] == {"llm/0": f"gpu-b/1 -> {place}"}
    assert fleet.card_of("llm", 0) == place
    assert steps(fleet) == []


@pytest.mark.parametrize("words", ["dead", "missing"])
def test_what_a_refresh_left_in_the_state_is_understood(fleet: Scratch, lost: Rebuild, words: str) -> None:
    there = {"0": f"{words} (was {fleet.card_of('llm', 0)})", "1": fleet.card_of("llm", 1)}
    told = lost(assignments={"llm": there, "page": {"0": fleet.card_of("page")}})
    assert len(told["instances"]) == 3
    assert steps(fleet) == []


def test_waiting_stays_waiting(fleet: Scratch, lost: Rebuild) -> None:
    there = {"0": fleet.card_of("llm", 0), "1": fleet.card_of("llm", 1), "2": "waiting"}
    told = lost(assignments={"llm": there, "page": {"0": fleet.card_of("page")}})
    assert told["missing"] == {}
    session = fleet.session()
    try:
        assert session.ledger.services(OWNER)[0].waiting == 1
    finally:
        session.close()


def test_a_drained_node_keeps_what_runs_there(fleet: Scratch, pulumi: FakePulumi) -> None:
    state = exported(fleet)
    for resource in state["deployment"]["resources"][1:]:
        for told in (
            resource["inputs"].get("nodes", {}),
            resource["inputs"].get("pools", {}).get("lab", {}).get("nodes", {}),
        ):
            for node in told.values():
                node["state"] = "draining"
        resource["outputs"] = resource["inputs"]
    pulumi.script(stack={"stdout": json.dumps(state)})
    lose(fleet)
    assert len(fleet.json("ledger", "rebuild")["instances"]) == 3


def test_it_refuses_what_is_not_lost(fleet: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(stack={"stdout": json.dumps(exported(fleet))})
    before = rows(fleet)
    result = fleet.eas("ledger", "rebuild")
    assert result.exit_code == 1
    assert "1 pool, 2 services, 3 instances" in result.stderr
    assert rows(fleet) == before


@pytest.mark.parametrize("generation", ["0123456789abcdef", ""], ids=["by its mark", "by what runs"])
def test_a_ledger_older_than_the_state_is_replaced_by_what_runs(
    fleet: Scratch, pulumi: FakePulumi, generation: str
) -> None:
    """A backup is restored; without a mark in the state it shows by an instance that it never had."""
    home = fleet.root / ".eas"
    backup = {file.name: file.read_bytes() for file in home.glob("ledger*")}
    fleet.service("llm", instance=1, gpu_memory=30, gpu_core_percentage=10)
    fleet.apply()
    runs = rows(fleet)
    pulumi.script(stack={"stdout": json.dumps(exported(fleet, generation=generation))})
    lose(fleet)
    for name, content in backup.items():
        (home / name).write_bytes(content)
        (home / name).chmod(0o600)
    session = fleet.session()
    listed = session.runtime("simulated").listing(OWNER)
    (report,) = fleet.json("reconcile", code=1)["owners"]
    assert "nothing is repaired: 1 instance that this ledger has never heard of" in report["failed"][0]
    assert session.runtime("simulated").listing(OWNER) == listed
    session.close()
    assert rows(fleet).keys() != runs.keys()
    assert "rebuilt" in fleet.ok("ledger", "rebuild")
    assert {id_: row.held for id_, row in rows(fleet).items()} == {id_: row.held for id_, row in runs.items()}
    assert steps(fleet) == []
    told = [row["detail"] for row in fleet.json("history", "llm") if row["what"] == "forgotten"]
    assert told == ["the ledger is older than what is known of it"] * 2
    assert "not lost" in fleet.eas("ledger", "rebuild").stderr


def test_it_writes_nothing_where_what_runs_does_not_fit(fleet: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(stack={"stdout": json.dumps(_smaller(exported(fleet)))})
    lose(fleet)
    result = fleet.eas("ledger", "rebuild")
    assert result.exit_code == 1
    assert "does not fit" in result.stderr
    assert rows(fleet) == {}
    assert not fleet.json("ledger")["known"], "nothing of it is written"


def _smaller(state: dict[str, Any]) -> dict[str, Any]:
    """Let every card have 1,000 MiB."""
    text = json.dumps(state)
    for size in {card["memory_mib"] for card in _cards(state)}:
        text = text.replace(f'"memory_mib": {size}', '"memory_mib": 1000')
    return dict(json.loads(text))


def _cards(state: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = state["deployment"]["resources"][1]["inputs"]["nodes"]
    return [card for node in nodes.values() for card in node["cards"]]


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ({"stdout": '{"deployment": {"resources": []}}'}, "nothing to rebuild from"),
        ({"stdout": "not json"}, "not JSON"),
        ({"code": 255}, "cannot be exported"),
    ],
)
def test_without_a_state_nothing_is_made(
    scratch: Scratch, pulumi: FakePulumi, script: dict[str, Any], sentence: str
) -> None:
    pulumi.script(stack=script)
    result = scratch.eas("ledger", "rebuild")
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not (scratch.root / ".eas").exists()


def test_another_owners_state_is_refused(fleet: Scratch, pulumi: FakePulumi) -> None:
    text = json.dumps(exported(fleet)).replace("test-0a1b2c", "copy-ffffff")
    pulumi.script(stack={"stdout": text})
    lose(fleet)
    result = fleet.eas("ledger", "rebuild")
    assert result.exit_code == 1
    assert "copy-ffffff" in result.stderr


def test_migrate_makes_no_ledger(scratch: Scratch) -> None:
    result = scratch.eas("ledger", "migrate")
    assert result.exit_code == 1
    assert "no ledger" in result.stderr
    assert not (scratch.root / ".eas").exists()


def test_migrate_of_a_ledger_of_today_is_fine(fleet: Scratch) -> None:
    assert "holds" in fleet.ok("ledger", "migrate")


@pytest.mark.e2e
def test_with_the_real_cli(tmp_path: Path) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    project = Project(tmp_path / "project")
    project.service("llm", instance=2, gpu_memory=48, gpu_core_percentage=10)
    project.service("page", gpu_memory=20, gpu_core_percentage=5)
    project.up()
    before = project.instances()
    assert len(before) == 3
    for file in project.ledger().parent.glob("ledger*"):
        file.unlink()
    assert "eas ledger rebuild" in project.preview(ok=False)
    _eas(project, "ledger", "rebuild")
    assert project.instances() == before
    project.preview("--expect-no-changes")


def _eas(project: Project, *arguments: str) -> None:
    import subprocess

    done = subprocess.run(
        [str(VENV / "bin" / "eas"), *arguments, "--stack", project.stack],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_rotating_the_key_of_no_ledger_makes_none(scratch: Scratch) -> None:
    assert "with a key to rotate" in scratch.eas("ledger", "rotate-key").stderr
    assert not (scratch.root / ".eas" / "ledger.db").exists()


def test_rotating_the_key_says_which_it_is_now_and_where(fleet: Scratch) -> None:
    before = json.loads(fleet.ok("ledger", "--json"))["key"]
    told = fleet.ok("ledger", "rotate-key")
    after = json.loads(fleet.ok("ledger", "--json"))
    assert before in told
    assert after["key"] in told
    assert after["key"] != before
    assert after["key_from"].endswith("ledger.key")
    assert "whoever else uses this ledger needs a copy" in told
    assert fleet.ok("desc", "llm")
    assert "key rotated" in fleet.ok("history", "--all")


def test_pruning_wants_a_time_and_says_what_went(fleet: Scratch) -> None:
    assert "belong together" in fleet.eas("ledger", "prune").stderr
    assert "belong together" in fleet.eas("ledger", "--before", "90d").stderr
    assert "--before soon is neither" in fleet.eas("ledger", "prune", "--before", "soon").stderr
    assert "younger than 7 days stays" in fleet.eas("ledger", "prune", "--before", "1d").stderr
    assert "removed 0 events and 0 past specs" in fleet.ok("ledger", "prune", "--before", "90d")
    assert "pruned" in fleet.ok("history", "--all")
