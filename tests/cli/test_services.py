"""What runs and why: ``ls``, ``desc``, ``why``, ``logs``, ``token``, ``ledger``."""

from __future__ import annotations

import json
import re

import pytest

from components.cli.commands.logs import fresh
from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import OWNER, Scratch
from tests.ledger.sites import PASSWORD, Postgres


def test_ls_has_a_row_for_each_service(fleet: Scratch) -> None:
    head, llm, page = fleet.ok("ls").splitlines()
    assert head.split() == ["SERVICE", "INSTANCES", "SLICE", "CARDS", "STATUS", "ENDPOINT"]
    assert llm.split()[:4] == ["llm", "2/2", "48G", "10"]
    assert "Running" in llm
    assert page.split()[:4] == ["page", "1/1", "20G", "5"]
    rows = fleet.json("ls")
    assert [row["service"] for row in rows] == ["llm", "page"]
    assert len(rows[0]["cards"]) == len(rows[0]["endpoints"]) == 2


def test_ls_names_each_card_once_and_the_first_few_of_many(scratch: Scratch) -> None:
    scratch.pool(
        "name: lab\nruntime: {runtime}\nnodes:\n  gpu-a: {{instance_type: ecs.gn7e-c16g1.32xlarge}}\n"
    )
    scratch.service("wide", instance=6, gpu=1)
    scratch.apply()
    assert scratch.ok("ls").splitlines()[1].split()[4:9] == ["gpu-a/0", "gpu-a/1", "gpu-a/2", "gpu-a/3", "+2"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"], ["plan"], ["preview"], ["up"], ["pool"], ["ls"], ["desc", "llm"], ["logs", "llm"], ["why", "llm"],
        ["history", "llm"],
        ["fit", "--gpu-memory", "4"], ["token", "llm"], ["drain", "gpu-a"], ["cordon", "gpu-a"], ["uncordon", "gpu-a"],
        ["forget", "gpu-a", "--yes"], ["ledger"], ["down"],
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_json_of_every_command_is_one_document(
    fleet: Scratch, pulumi: FakePulumi, arguments: list[str]
) -> None:
    assert fleet.json(*arguments) is not None


def test_ls_of_nothing_says_what_to_do(scratch: Scratch) -> None:
    assert "eas up" in scratch.ok("ls")
    assert scratch.json("ls") == []


def test_what_is_committed_and_not_carried_out_is_scaling(scratch: Scratch) -> None:
    scratch.service("llm", gpu_memory=4)
    scratch.apply(carry_out=False)
    (row,) = scratch.json("ls")
    assert (row["status"], row["ready"], row["wanted"]) == ("Scaling", 0, 1)


def test_desc_shows_instances_story_and_spec_without_secrets(scratch: Scratch) -> None:
    file = scratch.service("llm", instance=2, gpu_memory=48, gpu_core_percentage=10)
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "very-secret"}))
    scratch.apply()
    shown = scratch.ok("desc", "llm")
    assert "very-secret" not in shown
    assert "Service   llm   Running   2/2 ready" in shown
    assert "49152 MiB 10 %" in shown
    assert "starting -> ready" in shown
    facts = scratch.json("desc", "llm")
    assert [each["instance"] for each in facts["instances"]] == ["llm/0", "llm/1"]
    assert facts["spec"]["metadata"]["gpu_memory"] == 48
    assert "very-secret" not in json.dumps(facts)


def test_desc_says_when_a_declaration_waits_for_a_plan(fleet: Scratch) -> None:
    from components.cli.base import declared
    from tests.cli.scratch import _declare

    fleet.service("page", gpu_memory=30)
    session = fleet.session()
    _declare(session, declared.load(session))
    session.close()
    assert "no plan has taken it up yet" in fleet.ok("desc", "page")


@pytest.mark.parametrize("command", ["desc", "logs", "why", "token"])
def test_an_unknown_service_is_told_the_nearest_one(fleet: Scratch, command: str) -> None:
    result = fleet.eas(command, "lm")
    assert result.exit_code == 1
    assert "did you mean llm" in result.stderr


@pytest.mark.parametrize("command", ["logs", "why"])
def test_an_instance_is_named_by_its_number(fleet: Scratch, command: str) -> None:
    assert "write SERVICE or SERVICE/ORDINAL" in fleet.eas(command, "llm/x").stderr
    assert "there is no" in fleet.eas(command, "llm/7").stderr


def test_why_says_where_it_sits_and_what_the_next_up_does(fleet: Scratch) -> None:
    (fact,) = fleet.json("why", "llm/0")
    assert fact["place"] in fleet.json("ls")[0]["cards"]
    assert fact["next"].startswith("stays")
    shown = fleet.ok("why", "llm/0")
    assert shown.startswith(f"llm/0 sits on {fact['place']} (49152 MiB 10 %), ready since ")


def test_why_of_one_that_does_not_fit_is_the_planners_refusal(fleet: Scratch) -> None:
    fleet.service("big", gpu_memory=79, instance=9)
    facts = fleet.json("why", "big")
    assert len(facts) == 9
    last = facts[-1]
    assert last["state"] == "waiting"
    assert last["next"].startswith("refused: big/8 asks for ")


def test_why_of_one_that_is_not_applied_yet_says_where_it_will_start(fleet: Scratch) -> None:
    fleet.service("more", gpu_memory=4)
    assert "more/0 is not started\n  next up: start on gpu-" in fleet.ok("why", "more")


def test_why_before_the_first_up_names_cards_by_their_place(scratch: Scratch) -> None:
    scratch.service("more", gpu_memory=4)
    assert re.search(r"start on gpu-[ab]/[01]$", scratch.json("why", "more/0")[0]["next"].partition(":")[0])


def test_why_of_a_changed_service_says_what_the_change_does(fleet: Scratch) -> None:
    fleet.service("page", gpu_memory=21, gpu_core_percentage=5)
    (fact,) = fleet.json("why", "page/0")
    assert not fact["next"].startswith("stays")


def test_logs_are_those_of_the_instance(fleet: Scratch) -> None:
    assert set(fleet.json("logs", "llm")) == {"llm/0", "llm/1"}
    assert fleet.eas("logs", "llm/0", "-n", "0").exit_code == 2
    assert fleet.eas("logs", "llm", "--follow", "--json").exit_code == 2


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        (["a", "b"], ["a", "b"], []),
        (["a", "b"], ["a", "b", "c"], ["c"]),
        (["a", "b"], ["b", "c", "d"], ["c", "d"]),
        (["a", "b"], ["x"], ["x"]),
        ([], ["a"], ["a"]),
    ],
)
def test_following_prints_what_is_new(before: list[str], now: list[str], new: list[str]) -> None:
    assert list(fresh(before, now)) == new


def test_the_token_is_the_files_own_or_a_made_one(scratch: Scratch) -> None:
    file = scratch.service("own", gpu_memory=4)
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "very-secret"}))
    scratch.service("made", gpu_memory=4)
    scratch.apply()
    assert scratch.ok("token", "own") == "very-secret\n"
    made = scratch.ok("token", "made").strip()
    assert len(made) == 64
    assert scratch.json("token", "made") == {"service": "made", "token": made}


def test_the_ledger_says_which_one_and_who_said_so(
    fleet: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    facts = fleet.json("ledger")
    assert facts["from"] == "the project's default"
    assert facts["url"].endswith("/project/.eas/ledger.db")
    assert (facts["owner"], facts["instances"]) == (OWNER, {"ready": 3})
    assert "2 nodes, 4 cards; of this owner 2 services, instances: 3 ready" in fleet.ok("ledger")
    monkeypatch.setenv("EAS_LEDGER", f"{tmp_path}/other.db")
    assert fleet.json("ledger")["from"] == "EAS_LEDGER"
    assert fleet.json("ledger", "--ledger", f"{tmp_path}/third.db")["from"] == "--ledger"
    assert "has never held this owner" in fleet.ok("ledger")


def test_a_ledger_on_a_server_is_shown_without_its_password(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    place = f"127.0.0.1:{postgres.server.port}/used"
    monkeypatch.setenv("EAS_LEDGER", f"postgresql://eas:{PASSWORD}@{place}")
    assert scratch.json("ledger")["url"] == f"postgresql://eas:***@{place}"
    shown = scratch.ok("ledger")
    assert "has never held this owner" in shown
    assert PASSWORD not in shown


def test_the_stacks_configuration_names_a_ledger(scratch: Scratch) -> None:
    scratch.stack("test", ledger="elsewhere/ledger.db")
    facts = scratch.json("ledger")
    assert facts["from"] == "eas:ledger of the stack"
    assert facts["url"].endswith("/project/elsewhere/ledger.db")


def test_reading_makes_no_ledger(scratch: Scratch, pulumi: FakePulumi) -> None:
    scratch.service("llm", gpu_memory=4)
    for arguments in (["plan"], ["ls"], ["pool"], ["ledger"], ["fit", "--gpu-memory", "4"], ["preview"]):
        scratch.ok(*arguments)
    assert not (scratch.root / ".eas").exists()
