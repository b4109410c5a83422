"""Quotas at the command line: refused by `eas plan`, shown by `eas pool`."""

from __future__ import annotations

from tests.cli.scratch import Scratch

QUOTAS = """\
quotas:
  organization/eas-slices/test: {{cards: 1, memory_gib: 60}}
  "organization/*/*": {{cards: 0}}
"""


def limit(scratch: Scratch) -> None:
    """Give this stack a quota."""
    text = (scratch.root / "pool.yaml").read_text()
    (scratch.root / "pool.yaml").write_text(text + QUOTAS.format())


def test_what_the_stack_takes_and_may_take_is_shown_and_more_is_refused(scratch: Scratch) -> None:
    limit(scratch)
    scratch.service("llm", instance=2, gpu_memory=20, gpu_core_percentage=5)
    scratch.apply()
    [quota] = scratch.json("pool")["quotas"]
    assert quota == {
        "owner": "organization/eas-slices/test-0a1b2c",
        "pool": "lab",
        "entry": "organization/eas-slices/test",
        "cards": {"used": 0.504, "quota": 1.0},
        "memory_mib": {"used": 40960.0, "quota": 61440.0},
        "compute": {"used": 10.0, "quota": None},
    }
    shown = scratch.ok("pool")
    assert "0.504/1" in shown
    assert "40960/61440" in shown
    scratch.service("page", gpu_memory=48)
    refused = scratch.json("plan", code=1)["refusals"]
    assert len(refused) == 1
    assert "61,440 MiB of card memory, 40,960 in use and 90,112 wanted" in refused[0]
    assert "1 card, 0.504 in use and 1.108 wanted" in refused[0]
    assert "with 0.108 cards less and 28,672 MiB of card memory less" in refused[0]
    assert "`cards: 2, memory_gib: 88`" in refused[0]


def test_an_entry_that_is_for_nobody_is_told_with_what_is_perhaps_meant(scratch: Scratch) -> None:
    text = (scratch.root / "pool.yaml").read_text()
    own = "quotas:\n  organization/eas-slices/tset: {cards: 1}\n  organization/eas-slices/test: {cards: 2}\n"
    (scratch.root / "pool.yaml").write_text(text + own + "  default: {cards: 1}\n")
    scratch.service("llm", gpu_memory=20)
    scratch.apply()
    near = "organization/eas-slices/test"
    assert scratch.json("pool")["quotas_for_nobody"] == [
        {"pool": "lab", "entry": "organization/eas-slices/tset", "perhaps": near}
    ]
    assert (
        "quota 'organization/eas-slices/tset' of pool lab is for no stack that the ledger knows; "
        f"did you mean '{near}'?"
    ) in scratch.ok("pool")


def test_without_quotas_nothing_of_them_is_shown(fleet: Scratch) -> None:
    assert fleet.json("pool")["quotas"] == []
    assert "QUOTA" not in fleet.ok("pool")
