"""The small parts of the local runtime: asking together, cutting logs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.runtimes.local.coalesce import Coalescer
from components.runtimes.local.janitor import cut
from components.runtimes.local.processes import cards_of

ROOT = Path(__file__).parents[2]


def test_what_waits_is_asked_together_and_each_gets_its_own_answer() -> None:
    batches: list[int] = []
    first_is_in, go_on = threading.Event(), threading.Event()

    def double(asked: Sequence[int]) -> list[int]:
        batches.append(len(asked))
        first_is_in.set()
        go_on.wait(10)
        return [2 * number for number in asked]

    together = Coalescer(double, limit=8)
    with ThreadPoolExecutor(17) as threads:
        first = threads.submit(together, 0)
        first_is_in.wait(10)
        rest = [threads.submit(together, number) for number in range(1, 17)]
        while len(together._waiting) < 16:
            threading.Event().wait(0.005)
        go_on.set()
        assert [answer.result(10) for answer in (first, *rest)] == [2 * number for number in range(17)]
    assert batches == [1, 8, 8]


def test_an_answer_is_never_older_than_its_question() -> None:
    counter = iter(range(100))
    together: Coalescer[None, int] = Coalescer(lambda asked: [next(counter)] * len(asked))
    assert [together(None), together(None), together(None)] == [0, 1, 2]


def test_what_goes_wrong_is_told_to_all_who_asked_and_the_next_are_served() -> None:
    def fail(asked: Sequence[int]) -> list[int]:
        if 13 in asked:
            raise ValueError("thirteen")
        return list(asked)

    together = Coalescer(fail)
    with pytest.raises(ValueError, match="thirteen"):
        together(13)
    assert together(14) == 14


def test_an_overgrown_log_is_cut_under_its_writers_hands(tmp_path: Path) -> None:
    log = tmp_path / "svc.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"".join(b"line %05d\n" % n for n in range(1000)))
        cut(tmp_path, largest=1100)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    kept = log.with_suffix(".log.1").read_bytes()
    assert len(kept) == 1100
    assert kept.endswith(b"line 00999\n")
    cut(tmp_path, largest=1100)
    assert log.read_bytes() == b"after\n"


def test_the_janitor_speaks_supervisords_protocol_and_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "svc.log").write_bytes(b"x" * ((10 << 20) + 1))
    header = "ver:3.0 server:eas serial:1 pool:janitor poolserial:1 eventname:TICK_5 len:15\nwhen:1201063880"
    done = subprocess.run(
        [sys.executable, "-S", "-m", "components.runtimes.local.janitor", str(tmp_path)],
        input=header,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "READY\nRESULT 2\nOKREADY\n"
    assert (tmp_path / "svc.log").stat().st_size == 0
    assert (tmp_path / "svc.log.1").stat().st_size == 10 << 20


@pytest.mark.parametrize(
    ("told", "shown", "uses"),
    [
        ("GPU-1", None, ("GPU-1",)),
        ("GPU-1,GPU-2", "GPU-1", ("GPU-1", "GPU-2")),
        ("GPU-1", "", ("GPU-1",)),
        ("GPU-1", "GPU-2", ("GPU-2",)),
        ("GPU-1", "GPU-1,GPU-2", ("GPU-1", "GPU-2")),
        ("GPU-1", "1", ("GPU-1",)),
        ("", "GPU-2", ("GPU-2",)),
        ("", None, ()),
    ],
    ids=[
        "told",
        "one is not in the machine",
        "none is",
        "another",
        "one more",
        "an index",
        "not told",
        "nothing",
    ],
)
def test_a_process_uses_the_cards_that_its_environment_says(
    told: str, shown: str | None, uses: tuple[str, ...]
) -> None:
    environment = {"EAS_CARD_UUIDS": told} | ({} if shown is None else {"CUDA_VISIBLE_DEVICES": shown})
    assert cards_of(environment) == uses
