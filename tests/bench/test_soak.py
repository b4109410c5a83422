"""``bench.soak``: nothing done is nothing shown, and a reconciler that ends by itself is told with its last words."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from bench.figures import Figure
from bench.soak.__main__ import NEEDED, done, kept
from bench.soak.watchers import Watchers


def missed(figures: list[Figure]) -> list[str]:
    return [figure.name for figure in figures if not figure.holds]


def test_a_soak_in_which_nothing_came_true_has_failed() -> None:
    assert len(missed(done(Counter()))) == len(NEEDED) + 1
    assert missed(done(Counter(dict.fromkeys(NEEDED, 1)))) == []


@pytest.mark.parametrize("name", NEEDED)
def test_a_soak_in_which_one_thing_never_came_true_has_failed(name: str) -> None:
    counts = Counter({each: 9 for each in NEEDED if each != name})
    assert f"done: {name}" in missed(done(counts))


def test_a_soak_in_which_most_ups_fail_has_failed() -> None:
    counts = Counter(dict.fromkeys(NEEDED, 4))
    assert missed(done(counts | Counter({"ups that were refused or failed": 4}))) == []
    share = "of the ups that nobody killed ended well"
    assert missed(done(counts | Counter({"ups that were refused or failed": 5}))) == [share]


def test_whatever_must_not_have_been_is_missed() -> None:
    assert missed(kept(0, 0, 0)) == []
    assert len(missed(kept(1, 1, 1))) == 3


def watchers(tmp_path: Path, program: str) -> Watchers:
    lab = SimpleNamespace(
        root=tmp_path,
        environment=dict(os.environ),
        command=lambda *arguments: [sys.executable, "-c", program],
    )
    marks = itertools.count()
    made = Watchers(lab, last=lambda: str(next(marks) // 2))  # type: ignore[arg-type]
    made.log = tmp_path / "reconcile.log"
    return made


def test_a_reconciler_that_ends_by_itself_is_a_fault_with_what_it_said(tmp_path: Path) -> None:
    over = threading.Event()
    made = watchers(tmp_path, "import sys; sys.exit('eas: the ledger is too new')")
    threading.Timer(1.5, over.set).start()
    made.run(Random(1), over)
    assert made.faults
    assert "ended by itself with 1" in made.faults[0]
    assert "the ledger is too new" in made.faults[0]
    assert made.counts["reconcilers killed"] == 0


def test_a_reconciler_is_killed_and_replaced_and_its_passes_are_counted(tmp_path: Path) -> None:
    over = threading.Event()
    made = watchers(tmp_path, "import time; print('watching', flush=True); time.sleep(60)")
    threading.Timer(4, over.set).start()
    made.run(Random(1), over, lives=(1.1, 1.2))
    assert made.faults == []
    assert made.counts["reconcilers killed"] >= 1
    assert made.counts["passes of the reconciler"] >= 1
    assert made.log.read_text().count("watching") >= made.counts["reconcilers killed"]
