"""``bench.preview_truth``: its judge finds what is not as previewed, and a fixed sample of changes ends as it was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.fleet.program import CHANGES, NODES, first
from bench.fleet.seen import Card, Row, Run, Seen
from bench.preview_truth.series import Outcome, Series
from bench.preview_truth.truth import Forecast

MINE, THEIRS = "organization/scale/bench-0a1b2c", "organization/search/prod-1"
CARDS = {f"GPU-{n}": Card(f"GPU-{n}", f"n{n}", 0, 80_000) for n in range(2)}


def row(name: str, card: int = 0, owner: str = MINE, memory: int = 10_240, revision: str = "r1") -> Row:
    service, ordinal, _ = name.split("/")
    id_ = f"{owner}/{name}"
    place = (f"n{card}", (f"GPU-{card}",), memory, 0, False)
    return Row(id_, owner, service, int(ordinal), "steady", revision, *place, "ready")


def seen(*rows: Row, starts: Mapping[str, int] | None = None) -> Seen:
    runs = {
        each.id: Run(each.id, each.owner, each.node, each.cards, (starts or {}).get(each.id, 1), "")
        for each in rows
    }
    return Seen({each.id: each for each in rows}, runs, CARDS)


KEPT, OLD, FOREIGN = row("page/0/a"), row("llm/0/a", 1), row("theirs/0/a", owner=THEIRS)
NEW = row("llm/0/b", 0, memory=20_480, revision="r2")
BEFORE = seen(KEPT, OLD, FOREIGN)
PLACE = {"node": "n0", "cards": ["GPU-0"], "memory_mib": 20_480}
ENTRY: dict[str, Any] = {
    "assignments": {"page": {"0": "n0/0"}, "llm": {"0": "n0/0"}},
    "change": {
        "0001": {
            "op": "start",
            "how": "roll",
            "service": "llm",
            "ordinal": 0,
            "revision": "r2",
            "place": PLACE,
        },
        "0002": {"op": "stop", "how": "roll", "service": "llm", "ordinal": 0, "instance": OLD.id},
    },
}


def differences(*after: Row, starts: Mapping[str, int] | None = None) -> list[str]:
    return Forecast.of(BEFORE, MINE, ENTRY).differences(BEFORE, seen(*after, starts=starts), MINE)


def test_what_was_previewed_is_as_previewed() -> None:
    assert differences(KEPT, NEW, FOREIGN) == []


@pytest.mark.parametrize(
    ("after", "starts", "said"),
    [
        ((KEPT, replace(NEW, node="n1", cards=("GPU-1",))), {}, "was to start as"),
        ((KEPT, replace(NEW, memory=10_240)), {}, "was to start as"),
        ((KEPT, replace(NEW, revision="r1")), {}, "was to start as"),
        ((KEPT, OLD), {}, "was to start as"),
        ((KEPT, NEW, OLD), {}, "1 were to start and 2 did"),
        ((NEW,), {}, "page/0 was to stay and is gone"),
        ((replace(KEPT, state="failed"), NEW), {}, "was to stay as it was"),
        ((KEPT, NEW), {KEPT.id: 2}, "was started 2 times, not 1"),
        ((KEPT, NEW), {NEW.id: 2}, "was started 2 times, not 1"),
    ],
    ids=["card", "slice", "revision", "nothing", "both", "stopped", "state", "restarted", "started twice"],
)
def test_what_is_not_as_previewed_is_told(after: tuple[Row, ...], starts: dict[str, int], said: str) -> None:
    assert said in " ".join(differences(*after, starts=starts))


def test_a_restart_is_counted_and_a_waiting_one_is_nowhere() -> None:
    entry = {
        "assignments": {"page": {"0": "n0/0", "1": "waiting"}},
        "change": {
            "0001": {"op": "restart", "how": "restart", "service": "page", "ordinal": 0, "instance": KEPT.id}
        },
    }
    before = seen(KEPT)
    forecast = Forecast.of(before, MINE, entry)
    assert forecast.differences(before, seen(KEPT, starts={KEPT.id: 2}), MINE) == []
    assert forecast.differences(before, seen(KEPT), MINE) != []


def test_a_refusal_is_only_true_where_something_is_in_the_way() -> None:
    forecast = Forecast.of(BEFORE, MINE, ENTRY)
    beside = row("theirs/1/a", 1, owner=THEIRS, memory=60_000)
    before = row("theirs/1/a", 0, owner=THEIRS, memory=60_000)
    assert not forecast.may_be_refused(BEFORE, seen(KEPT, OLD, FOREIGN, beside), MINE)
    assert forecast.may_be_refused(BEFORE, seen(KEPT, OLD, FOREIGN, before), MINE)


def test_ledger_and_runtime_are_compared_and_cards_counted() -> None:
    assert BEFORE.faults() == []
    run = BEFORE.runs[KEPT.id]
    for harmed, said in (
        (replace(BEFORE, runs={**BEFORE.runs, KEPT.id: replace(run, node="n1")}), "recorded on n0"),
        (replace(BEFORE, runs={**BEFORE.runs, "x": replace(run, id="x")}), "is not in the ledger"),
        (replace(BEFORE, runs={}), "does not run"),
        (replace(BEFORE, rows={**BEFORE.rows, KEPT.id: replace(KEPT, memory=75_000)}), "85240 MiB"),
    ):
        assert said in " ".join(harmed.faults())


@pytest.mark.parametrize("kind", CHANGES)
def test_every_kind_of_change_changes_the_program_and_the_same_chance_changes_it_so(kind: str) -> None:
    program = first(Random(5), 4)
    made = CHANGES[kind](program, Random(7))
    assert made is not None
    assert made[0] != program
    assert CHANGES[kind](program, Random(7)) == made
    assert set(made[0].states) <= set(NODES)


@pytest.mark.e2e
def test_a_fixed_sample_of_changes_ends_as_previewed_or_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The first that ``python -m bench.preview_truth --seed 1`` makes by the hundred: a roll, and an add that is crossed."""
    made: list[Outcome] = []
    Series(tmp_path / "lab", seed=1, number=0).run(2, made.append)
    assert [outcome for outcome in made if outcome.verdict == "wrong"] == []
    assert {outcome.verdict for outcome in made} >= {"as previewed", "refused with reason"}
