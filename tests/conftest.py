"""Every plan that any test makes in this process is judged by the independent checker, whatever the test looks at."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence

import pytest

from components.placement import plan as planning
from components.placement.checker import violations
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Snapshot
from components.spec.claim import Wanted

_plan = planning.plan


def _judged(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    """Plan, and fail the test where the plan breaks an invariant."""
    made = _plan(snapshot, wanted, options)
    faults = violations(snapshot, wanted, made, options)
    assert not faults, f"the checker rejects this plan: {faults}"
    return made


# Modules bind the name when they are imported, which is after this.
planning.plan = _judged


@pytest.fixture(autouse=True)
def _garbage_is_looked_for_as_before() -> Iterator[None]:
    """A fleet and a provider make their process look seldom, and this one does not end soon."""
    threshold = gc.get_threshold()
    yield
    if gc.get_threshold() != threshold:
        gc.unfreeze()
        gc.set_threshold(*threshold)
