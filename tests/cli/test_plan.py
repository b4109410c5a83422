"""``eas plan`` and ``eas fit``: the planner's answer without Pulumi."""

from __future__ import annotations

import json
import os
import socket

import pytest

from components.cli.base.session import now
from components.cli.commands.supposed import Supposed, as_if, leaving
from components.ledger import this_process
from components.placement.plan import plan
from components.runtimes.local import gpu
from components.spec.node import Card
from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import POOL, Scratch
from tests.placement.build import REFUSE, THEM, held, node, picture, want


def test_it_says_what_up_would_start(scratch: Scratch) -> None:
    scratch.service("page", gpu_memory=20, gpu_core_percentage=5)
    shown = scratch.ok("plan").splitlines()
    assert shown[0].split() == ["instance", "from", "to", "how", "reason"]
    assert shown[1].split()[:2] == ["page/0", "-"]
    assert shown[-1] == "0 unchanged"


def test_a_ledger_that_is_not_there_is_named(scratch: Scratch) -> None:
    scratch.service("page", gpu_memory=20)
    said = scratch.eas("plan", "--ledger", str(scratch.root / "elsewhere.db"))
    assert said.exit_code == 0
    assert "elsewhere.db is not there yet: planned as if nothing ran" in said.stderr


def test_an_override_of_nobody_names_the_stacks_file(scratch: Scratch) -> None:
    scratch.stack("test", overrides={"pgae": {"instance": 2}})
    assert (
        "Pulumi.test.yaml: overrides.pgae is for a service that no file declares"
        in scratch.eas("plan").stderr
    )


def test_nothing_changed_is_one_line(fleet: Scratch) -> None:
    assert fleet.ok("plan") == "nothing to do: 3 instances unchanged\n"
    assert fleet.json("plan")["change"] == {}


def test_what_does_not_fit_is_refused_with_its_reason(fleet: Scratch) -> None:
    fleet.service("big", gpu_memory=79, instance=9)
    result = fleet.eas("plan")
    assert result.exit_code == 1
    assert "refused: big/" in result.stdout
    told = fleet.json("plan", code=1)
    assert told["refusals"]


def test_many_that_are_refused_alike_are_one_sentence(fleet: Scratch) -> None:
    fleet.service("big", gpu_memory=79, instance=5000)
    result = fleet.eas("plan")
    [line] = [line for line in result.stdout.splitlines() if line.startswith("refused: big/")]
    assert "instances): each asks for 79 GiB" in line
    assert len(fleet.json("plan", code=1)["refusals"]) > 4900, "a script gets each of them"


def test_a_pool_that_discovers_is_planned_on_what_its_runtime_reports(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "present", lambda: (Card("GPU-real", 0, "H100", 81_559, "reported"),))
    scratch.pool("name: lab\nresource: eas-r-lab00001\ndiscover: true\n")
    scratch.service("page", gpu_memory=20)
    assert f"{socket.gethostname()}/0" in scratch.ok("plan")


def test_as_if_a_node_were_draining(fleet: Scratch) -> None:
    shown = fleet.ok("plan", "--drain", fleet.node_of("llm"))
    assert "llm/0" in shown
    assert "move" in shown
    assert fleet.json("plan")["change"] == {}, "it was only asked, not done"
    assert fleet.eas("plan", "--drain", "gpu-z").exit_code == 1


def test_services_of_another_folder(fleet: Scratch) -> None:
    (fleet.root / "services").rename(fleet.root / "others")
    (fleet.root / "services").mkdir()
    assert fleet.ok("plan", "--services", "others").startswith("nothing to do")
    assert len(fleet.json("plan")["change"]) == 3


def test_cards_shows_every_card_as_it_would_be(fleet: Scratch) -> None:
    shown = fleet.ok("plan", "--cards").splitlines()
    assert [line.split()[0] for line in shown[-4:]] == ["gpu-a/0", "gpu-a/1", "gpu-b/0", "gpu-b/1"]


def test_invalid_files_are_all_named_and_nothing_is_planned(scratch: Scratch) -> None:
    scratch.service("one", gpu_memory="x")
    scratch.service("two", gpu_memory=-1)
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert "services/one.json" in result.stderr
    assert "services/two.json" in result.stderr


def test_the_stack_chooses_and_overrides_files(scratch: Scratch) -> None:
    scratch.service("page", gpu_memory=20)
    (scratch.root / "services").rename(scratch.root / "mine")
    scratch.stack("test", services="mine", overrides={"page": {"instance": 3}})
    assert len(scratch.json("plan")["change"]) == 3


def test_without_the_secret_it_says_so(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch.service("page", gpu_memory=20)
    scratch.stack("test", secret=None)
    monkeypatch.setenv("PATH", "/nowhere")
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert "eas:secret" in result.stderr
    assert "make setup" in result.stderr


def test_an_encrypted_secret_is_asked_of_pulumi(scratch: Scratch, pulumi: FakePulumi) -> None:
    scratch.service("page", gpu_memory=20)
    scratch.stack("test", secret={"secure": "v1:xyz"})
    scratch.ok("plan")
    assert [call["arguments"][:3] for call in pulumi.calls] == [["config", "get", "eas:secret"]]


def test_fit_counts_card_by_card(fleet: Scratch) -> None:
    told = fleet.json("fit", "--gpu-memory", "20", "--percentage", "10")
    (pool,) = told["pools"]
    assert told["total"] == sum(pool["places"].values()) == 7  # wherever llm/0, llm/1 and page/0 sit
    last = fleet.ok("fit", "--gpu-memory", "20", "--percentage", "10").splitlines()[-1]
    assert last == f"{told['total']} more of gpu_memory 20, gpu_core_percentage 10"


def test_fit_moves_nobody_and_changes_nothing(fleet: Scratch) -> None:
    fleet.ok("fit", "--gpu-memory", "20")
    assert fleet.json("plan")["change"] == {}


def test_fit_of_whole_cards_and_of_what_is_too_large(fleet: Scratch) -> None:
    assert fleet.json("fit", "--gpu", "2")["total"] == 1
    result = fleet.eas("fit", "--gpu-memory", "100")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "0 more of gpu_memory 100"


def test_fit_needs_no_secret(fleet: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.stack("test", secret={"secure": "v1:xyz"})
    monkeypatch.setenv("PATH", "/nowhere")
    assert fleet.json("fit", "--gpu-memory", "20")["total"]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--percentage", "10"],
        ["--gpu", "1", "--gpu-memory", "4"],
        ["--gpu-memory", "4", "--percentage", "101"],
    ],
)
def test_fit_of_a_claim_that_makes_no_sense_is_a_usage_error(fleet: Scratch, options: list[str]) -> None:
    assert fleet.eas("fit", *options).exit_code == 2


def test_fit_in_an_unknown_pool(fleet: Scratch) -> None:
    result = fleet.eas("fit", "--gpu-memory", "4", "--pool", "labb")
    assert result.exit_code == 1
    assert "did you mean lab?" in result.stderr


def test_json_of_a_refusal_is_an_object_with_the_sentence(scratch: Scratch) -> None:
    scratch.stack("test", owner=None)
    told = scratch.json("ls", code=1)
    assert told["exit"] == 1
    assert "eas:owner" in told["error"]
    json.dumps(told)


def fragmented(scratch: Scratch) -> None:
    """Leave 64 GiB free where one of 15 sits, and ask for 70."""
    scratch.service("big", gpu_memory=60)
    scratch.service("small", gpu_memory=15)
    scratch.service("mid", gpu_memory=50, instance=3)
    scratch.apply()
    (scratch.root / "services" / "big.json").unlink()
    scratch.service("new", gpu_memory=70)


def test_a_refusal_names_the_move_that_would_make_room_and_nothing_moves(scratch: Scratch) -> None:
    fragmented(scratch)
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert "It fits with 1 move: small/0 from " in result.stdout
    assert "(set max_moves to 1)" in result.stdout


def test_with_leave_the_move_is_shown_as_what_it_is(scratch: Scratch) -> None:
    fragmented(scratch)
    shown = scratch.ok("plan", "--max-moves", "1")
    row = next(line for line in shown.splitlines() if line.startswith("small/0"))
    assert "move, make-before-break" in row
    assert row.endswith("makes room for new/0")
    pool = scratch.root / "pool.yaml"
    pool.write_text(pool.read_text() + "max_moves: 1\n")
    assert "makes room for new/0" in scratch.ok("plan")
    assert scratch.eas("plan", "--max-moves", "-1").exit_code == 2


def test_a_rebalance_says_how_far_from_the_bound_it_ends(scratch: Scratch) -> None:
    for name, size in (("one", 50), ("two", 50), ("small", 25), ("tiny", 25)):
        scratch.service(name, gpu_memory=size)
    scratch.apply()
    for name in ("one", "two"):
        (scratch.root / "services" / f"{name}.json").unlink()
    scratch.apply()
    assert "rebalance" not in scratch.ok("plan")
    shown = scratch.ok("plan", "--rebalance", "3")
    assert "from 2 to 1 cards in use with 1 move, which is the fewest" in shown
    assert "the gap is 0" in shown
    assert "move, make-before-break" in shown
    assert scratch.eas("plan", "--rebalance", "-1").exit_code == 2


@pytest.mark.parametrize("state", ["drain", "lose"])
def test_as_if_a_card_were_draining_or_lost(fleet: Scratch, state: str) -> None:
    card = fleet.card_of("llm")
    shown = fleet.ok("plan", f"--{state}", card)
    assert f"card {card} is {'draining' if state == 'drain' else 'lost'}" in shown
    assert "llm/0" in shown
    assert fleet.json("plan")["change"] == {}, "it was only asked, not done"


def test_as_if_a_node_were_lost_says_who_is_stranded(fleet: Scratch) -> None:
    fleet.service("wide", gpu=2)
    fleet.apply()
    shown = fleet.ok("plan", "--lose", "gpu-a", "--lose", "gpu-b")
    assert "waiting: wide/0" in shown
    assert "4 lost" in shown
    assert "gpu-a: 0 of " in shown
    told = fleet.json("plan", "--lose", "gpu-a", "--lose", "gpu-b")["leaving"]
    assert {name for each in told for name in each["stranded"]} == {"llm/0", "llm/1", "page/0", "wide/0"}


def test_why_says_how_many_cards_could_take_it_and_why_the_others_could_not(scratch: Scratch) -> None:
    scratch.service("big", gpu_memory=60)
    scratch.service("mid", gpu_memory=50, instance=3)
    scratch.apply()
    shown = scratch.ok("why", "big/0")
    assert "  1 of 4 cards could take it: 3 short of memory." in shown
    assert "next up: stays" in shown
    scratch.ok("drain", scratch.node_of("big"))
    shown = scratch.ok("why", "big/0")
    assert "next up: runs on where it is, since it fits nowhere else" in shown
    assert "It should leave, and 0 of 4 cards could take it: 2 draining, 2 short of memory." in shown
    scratch.service("new", gpu_memory=4)
    shown = scratch.ok("why", "new")
    assert "2 of 4 cards could take it: 2 draining." in shown
    assert "next up: start on " in shown


def test_who_goes_where_and_who_is_stranded_is_said_before_anything_happens(scratch: Scratch) -> None:
    """Both cards of gpu-b hold 50; one of 60 on gpu-a fits beside neither, one of 15 beside both."""
    scratch.service("big", gpu_memory=60)
    scratch.service("small", gpu_memory=15)
    scratch.service("mid", gpu_memory=50, instance=3)
    scratch.apply()
    card = scratch.card_of("big")
    assert scratch.card_of("small") == card
    shown = scratch.ok("plan", "--drain", card)
    assert f"{card}: 1 of 2 find a place elsewhere; stranded, and would run on where they are: big/0" in shown
    assert (
        f"big/0 runs on where it is, since it fits nowhere else (card {card} is draining (asked with" in shown
    )
    lost = scratch.ok("plan", "--lose", card)
    assert f"{card}: 1 of 2 find a place elsewhere; stranded, and would wait: big/0" in lost


def test_those_of_other_stacks_are_counted_and_left_to_them() -> None:
    rows = [held("llm", 0, "a/0", 2), held("theirs", 0, "a/0", 2, owner=THEM)]
    snapshot, supposed = picture([node("a"), node("b")], rows), Supposed(drain=("a",))
    made = plan(as_if(snapshot, supposed), [want("llm", 2)], REFUSE)
    (left,) = leaving(snapshot, made, supposed)
    assert str(left) == "a: 1 of 1 find a place elsewhere; 1 of other stacks are theirs to move"


def in_pieces(scratch: Scratch) -> None:
    """Leave two cards with 45 of 79 taken, and two with 30: room for 60 takes one move."""
    wide = {name: scratch.service(name, gpu_memory=45) for name in ("wide_a", "wide_b", "wide_c", "wide_d")}
    scratch.apply()
    for name in ("slim_a", "slim_b"):
        scratch.service(name, gpu_memory=30)
    scratch.apply()
    beside = {scratch.card_of("slim_a"), scratch.card_of("slim_b")}
    for name, file in wide.items():
        if scratch.card_of(name) in beside:
            file.unlink()
    scratch.apply()


def test_leave_to_move_is_the_pools_then_the_stacks_then_what_is_asked(scratch: Scratch) -> None:
    in_pieces(scratch)
    scratch.service("big", gpu_memory=60)
    cases: tuple[tuple[int, int | str | None, int | None, bool], ...] = (
        (0, None, None, False),
        (1, None, None, True),
        (0, "1", None, True),
        (1, 0, None, False),
        (0, 0, 1, True),
        (1, 1, 0, False),
    )
    for pool, stack, asked, fits in cases:
        scratch.pool(POOL + f"max_moves: {pool}\n")
        scratch.stack("test", max_moves=stack)
        result = scratch.eas("plan", *(() if asked is None else ("--max-moves", str(asked))))
        assert result.exit_code == (0 if fits else 1), (pool, stack, asked, result.output)
        assert ("makes room for big/0" in result.output) == fits


@pytest.mark.parametrize("wrong", ["two", -1, 1.5, True])
def test_a_stack_that_says_no_number_of_moves_is_told_so(scratch: Scratch, wrong: object) -> None:
    scratch.stack("test", max_moves=wrong)
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert "Pulumi.test.yaml: eas:max_moves is " in result.stderr
    assert "not a whole number of instances, 0 or more. Write for example 2" in result.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"text": POOL.replace("eas-r-lab00001", "eas-r-lab00002"), "runtime": "simulated"},
            "is resource eas-r-lab00001 and holds 2 instances (page/0, page/1)",
        ),
        ({"runtime": "local"}, "is runtime simulated and holds 2 instances (page/0, page/1)"),
    ],
)
def test_a_pool_that_cannot_become_so_is_refused_as_the_preview_refuses_it(
    scratch: Scratch, changed: dict[str, str], said: str
) -> None:
    scratch.service("page", gpu_memory=20, instance=2)
    scratch.apply()
    scratch.pool(**changed)
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert f"refused: pool lab {said}" in result.stdout
    assert "unchanged" not in result.stdout
    assert said in scratch.json("plan", code=1)["refusals"][0]


def test_a_referenced_pool_that_the_ledger_does_not_know_is_refused(scratch: Scratch) -> None:
    scratch.stack("test", references=["lab"])
    result = scratch.eas("plan")
    assert result.exit_code == 1
    assert "pool lab is referenced (eas:references)" in result.output


def test_a_plan_that_somebody_carries_out_is_said_beside_it(fleet: Scratch) -> None:
    session = fleet.session()
    holder = this_process("pulumi up in another terminal", os.getppid())
    session.writable_ledger.lease(session.owner, ["page"], holder=holder, now=now())
    session.close()
    result = fleet.eas("plan")
    assert (
        f"`up` is refused at the moment: another process is carrying out this stack's plan: {holder}"
        in result.stderr
    )
