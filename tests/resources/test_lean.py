"""What a fleet spares a program: looking for garbage all the time, and the same places of the stack again and again."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from components.providers.collector import YOUNG, collect_seldom
from components.resources import Fleet
from components.resources.lean import make_lean
from tests.resources.program import pool, run, service

SDK = importlib.import_module("pulumi.runtime.resource")
POSITION = "_get_source_position_for_frame"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The collector and the SDK as they are before a fleet is declared, here and for other tests."""
    threshold, of_frame = gc.get_threshold(), getattr(SDK, POSITION)
    gc.set_threshold(700, 10, 10)
    setattr(SDK, POSITION, getattr(of_frame, "_of_frame", of_frame))
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    setattr(SDK, POSITION, of_frame)


def asked_for(services: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often the SDK asks for a place while a fleet is declared."""
    asked: list[tuple[str, int]] = []
    real = getattr(SDK, POSITION)

    def of_frame(frame: Any) -> Any:
        asked.append((frame.filename, frame.lineno))
        return real(frame)

    with monkeypatch.context() as patched:
        patched.setattr(SDK, POSITION, of_frame)

        def program() -> None:
            Fleet(pools=[pool()], services={f"page_{n}": service() for n in range(services)})

        run(program)
    return len(asked)


def test_each_line_of_the_stack_is_turned_into_its_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many resources there are; this also fails when the SDK no longer asks."""
    asked_for(1, monkeypatch)  # mocks register the stack itself before there is a fleet, once in a process
    assert asked_for(30, monkeypatch) == asked_for(3, monkeypatch) > 0


def test_the_place_is_what_the_sdk_says() -> None:
    """Of this line, asked twice."""
    real = getattr(SDK, POSITION)
    make_lean()
    (frame,) = SDK.traceback.extract_stack(limit=1)
    assert getattr(SDK, POSITION)(frame) == getattr(SDK, POSITION)(frame) == real(frame)
    assert getattr(SDK, POSITION)(frame).line == frame.lineno


def test_garbage_is_looked_for_in_large_portions() -> None:
    """And what was there before is left alone, once."""
    collect_seldom()
    frozen = gc.get_freeze_count()
    assert gc.get_threshold() == (YOUNG, 10, 10)
    assert frozen > 0
    later: list[object] = [[] for _ in range(1000)]
    collect_seldom()
    assert gc.get_freeze_count() <= frozen, later


@pytest.mark.parametrize("chosen", [0, YOUNG + 1])
def test_what_a_program_has_chosen_for_itself_stays(chosen: int) -> None:
    """No looking at all, or an even larger portion."""
    gc.set_threshold(chosen, 10, 10)
    collect_seldom()
    assert gc.get_threshold()[0] == chosen
