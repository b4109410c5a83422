"""``eas history``: who did what to which service, instance, node and card."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from components.cli.base.session import now
from components.cli.commands.history import since_of
from components.ledger import this_process, user_at_host
from tests.cli.scratch import OWNER, Scratch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_services_history_has_what_happened_where_and_who_did_it(fleet: Scratch) -> None:
    rows = fleet.json("history", "llm")
    assert rows[0]["what"] == "declared"
    assert {row["who"] for row in rows} == {user_at_host()}
    started = [row for row in rows if row["what"] == "starting -> ready"]
    assert len(started) == 2
    assert all(row["node"].startswith("lab/gpu-") and len(row["cards"]) == 1 for row in started)
    assert all("page" not in row["subject"] for row in rows)
    shown = fleet.ok("history", "llm")
    assert shown.splitlines()[0].split() == ["TIME", "(UTC)", "SUBJECT", "WHAT", "WHERE", "WHY", "WHO"]
    assert "llm/0/" in shown
    assert fleet.card_of("llm") in shown


def test_an_instances_history_is_its_ordinals(fleet: Scratch) -> None:
    rows = fleet.json("history", "llm/1")
    assert rows
    assert all("/llm/1/" in row["subject"] for row in rows)


def test_a_cards_history_has_who_came_and_went(fleet: Scratch) -> None:
    card = fleet.card_of("page")
    fleet.ok("cordon", card.partition("/")[0], "--reason", "fan")
    (fleet.root / "services" / "page.json").unlink()
    fleet.apply()
    rows = fleet.json("history", card)
    whats = [row["what"] for row in rows if "/page/0/" in row["subject"]]
    assert whats[0] == "reserved"
    assert whats[-1] == "gone"
    assert any(row["what"] == "ready -> cordoned" and "fan" in row["detail"] for row in rows)
    other = fleet.json("history", card.partition("/")[0])
    assert len(other) >= len(rows)


def test_another_card_of_the_node_is_not_in_it(scratch: Scratch) -> None:
    scratch.service("one", gpu=1)
    scratch.service("two", gpu=1)
    scratch.apply()
    of_one = scratch.json("history", scratch.card_of("one"))
    assert any("/one/0/" in row["subject"] for row in of_one)
    assert not any("/two/0/" in row["subject"] for row in of_one)


def test_earlier_specs_can_be_printed_and_hold_no_secret(fleet: Scratch) -> None:
    fleet.service("page", gpu_memory=24, gpu_core_percentage=5)
    fleet.apply()
    fleet.service("page", gpu_memory=28, gpu_core_percentage=5)
    fleet.apply()
    specs = fleet.json("history", "page", "--spec")
    assert [each["spec"]["metadata"]["gpu_memory"] for each in specs] == [20, 24, 28]
    assert [each["until"] is None for each in specs] == [False, False, True]
    assert len({each["revision"] for each in specs}) == 3
    assert "still counts" in fleet.ok("history", "page", "--spec")


def test_a_spec_without_its_token_is_kept_after_the_service_is_gone(fleet: Scratch) -> None:
    file = fleet.service("page", gpu_memory=20)
    file.write_text(json.dumps({**json.loads(file.read_text()), "token": "very-secret"}))
    fleet.apply()
    (fleet.root / "services" / "page.json").unlink()
    fleet.apply()
    # A commit forgets declarations that hold nothing; the one before stopped what this one held.
    fleet.apply()
    assert "very-secret" not in fleet.ok("history", "page", "--spec")
    assert fleet.json("history", "page", "--spec")[-1]["until"]
    assert fleet.json("history", "page")[-1]["what"] == "forgotten"


def test_only_what_is_asked_for_is_told(fleet: Scratch) -> None:
    everything = fleet.json("history")
    assert not any(row["what"].startswith("lease") for row in everything)
    assert any(row["what"].startswith("lease") for row in fleet.json("history", "--leases"))
    newest = fleet.json("history", "--limit", "2")
    assert newest == everything[-2:]
    assert "the newest 2; --limit 20" in fleet.ok("history", "--limit", "2")
    assert fleet.json("history", "--since", "2099-01-01") == []
    assert "nothing is recorded" in fleet.ok("history", "--since", "2099-01-01")
    assert fleet.json("history", "--since", "1h") == everything


def test_what_is_left_out_takes_no_place_of_what_is_told(fleet: Scratch) -> None:
    session = fleet.session()
    ledger, holder = session.writable_ledger, this_process("test")
    services = [f"s{n}" for n in range(400)]
    fences = ledger.lease(OWNER, services, holder=holder, now=now())
    ledger.release(OWNER, fences, now=now())
    session.close()
    told = fleet.json("history", "--limit", "5")
    assert len(told) == 5
    assert not any(row["what"].startswith("lease") for row in told)


def test_a_ci_run_is_named(fleet: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_ACTOR": "ann",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    fleet.ok("cordon", "gpu-a")
    (row,) = [row for row in fleet.json("history", "gpu-a") if row["what"] == "ready -> cordoned"]
    assert row["who"] == "ann"
    assert row["run"] == "https://git.example/a/b/actions/runs/7"
    assert "ann (https://git.example/a/b/actions/runs/7)" in fleet.ok("history", "gpu-a")


def test_a_pool_tells_what_was_changed_of_it_and_of_its_nodes(scratch: Scratch) -> None:
    """Before and after; a node that is gone is still known by its name."""
    head = "name: lab\nruntime: {runtime}\nnodes:\n"
    first = "  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge, zone: z1}}\n"
    scratch.pool(head + first + first.replace("gpu-a", "gpu-b"))
    scratch.apply()
    scratch.apply()
    scratch.pool(head + first.replace("z1", "z2"))
    scratch.apply()
    told = [(row["subject"], row["what"], row["detail"]) for row in scratch.json("history", "lab")]
    assert told[-3:] == [
        ("pool/lab/gpu-a", "taken up anew", "zone z1 -> z2"),
        ("pool/lab/gpu-b", "left the program", ""),
        ("pool/lab/gpu-b", "removed", "it left the program and holds nothing any more"),
    ]
    assert ("pool/lab", "declared anew", "nodes -gpu-b ~gpu-a") in told
    assert sum(what == "declared anew" for _, what, _ in told) == 1, "nothing changed the second time"
    assert [row["what"] for row in scratch.json("history", "gpu-b")] == [
        "taken up",
        "left the program",
        "removed",
    ]
    assert scratch.json("history", "lab/gpu-b") == scratch.json("history", "gpu-b")


def test_nothing_since_then_is_said_so(fleet: Scratch) -> None:
    assert fleet.ok("history", "llm", "--since", "2099-01-01").startswith(
        "nothing is recorded of llm since 2099"
    )


@pytest.mark.parametrize("name", ["lm", "gpu-x", "gpu-x/0"])
def test_an_unknown_name_is_a_sentence(fleet: Scratch, name: str) -> None:
    result = fleet.eas("history", name)
    assert result.exit_code == 1
    assert f"there is no service, node or card {name}" in result.stderr


def test_spec_needs_a_service(fleet: Scratch) -> None:
    assert "--spec is about one service" in fleet.eas("history", "--spec").stderr
    assert "did you mean page" in fleet.eas("history", "pge", "--spec").stderr


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("24h", NOW - timedelta(hours=24)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28T08:00+02:00", datetime(2026, 2, 28, 6, tzinfo=UTC)),
    ],
)
def test_since_is_an_age_or_a_time(text: str, time: datetime) -> None:
    assert since_of(text, NOW) == time


def test_an_age_beyond_all_time_is_everything(fleet: Scratch) -> None:
    assert fleet.json("history", "--since", "99999999w") == fleet.json("history")


@pytest.mark.parametrize("text", ["yesterday", "24", "-3h", "2026-13-01"])
def test_a_since_that_is_neither_is_a_sentence(fleet: Scratch, text: str) -> None:
    result = fleet.eas("history", f"--since={text}")
    assert result.exit_code == 1
    assert "neither an age nor a time" in result.stderr
