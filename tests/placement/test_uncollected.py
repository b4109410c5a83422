"""No garbage collection while a plan is made, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from components.placement.uncollected import uncollected


def test_the_collector_runs_again_afterwards_whatever_happened() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the outer one lets it run again"
    assert gc.isenabled()
    with pytest.raises(ValueError, match="of the plan"), uncollected():
        raise ValueError("of the plan")
    assert gc.isenabled()


def test_a_collector_that_somebody_else_has_stopped_stays_so() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
