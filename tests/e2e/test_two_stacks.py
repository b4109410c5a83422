"""Two checkouts, two owners, one ledger: who is refused, who is foreign, and whose plan holds."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e

OWNER = "organization/eas-slices/test-0a1b2c"


def test_a_second_clone_of_a_stack_is_refused_without_its_ledger_and_works_with_it(project: Make) -> None:
    """The same configuration and backend: nothing is started a second time."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    running = lab.instances()
    clone = project("clone", clone_of=lab)
    said = clone.up(ok=False)
    assert "eas ledger rebuild" in said
    assert clone.instances() == {}
    clone.configure(ledger=str(lab.ledger()))
    clone.preview("--expect-no-changes")
    assert lab.instances() == running


def test_a_bound_apply_holds_beside_a_neighbour_or_is_refused_naming_who(project: Make) -> None:
    """``eas up --plan``: a foreign commit that leaves the card free fails nothing, one that takes it is refused."""
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.up()
    guest = project("guest", clone_of=lab, owner="guest-9z8y7x")
    guest.remove("page")
    guest.service("visitor", gpu_memory=20)
    guest.configure(ledger=str(lab.ledger()))
    said = guest.preview(ok=False)
    assert f"declared by {OWNER}" in said
    assert "eas:references" in said
    guest.configure(references=["lab"])

    # Free: the guest comes between preview and apply, on another card or beside it.
    lab.service("llm", gpu_memory=20)
    lab.eas("preview", "--save-plan", "plan.json", "--no-policy")
    guest.up()
    assert OWNER in json.dumps(guest.placement()["usage"]), (
        "the first stack's instances are foreign to the second"
    )
    assert lab.instances()["visitor/0"][1].startswith("organization/eas-slices/guest-9z8y7x/")
    lab.eas("up", "--plan", "plan.json", "--yes", "--no-policy")
    assert lab.instances()["llm/0"][0] == "ready"

    # Taken: the card is gone; the previewed plan is refused, and nothing is changed.
    lab.service("huge", gpu_memory=70)
    lab.eas("preview", "--save-plan", "plan.json", "--no-policy")
    guest.service("visitor", gpu_memory=70, instance=3)
    guest.up()
    before = lab.instances()
    said = lab.eas("up", "--plan", "plan.json", "--yes", "--no-policy", ok=False)
    for part in ("the apply is not what was previewed", "huge/0", "visitor/", "guest-9z8y7x"):
        assert part in said
    assert lab.instances() == before

    # A plan is for what was previewed: another claim is named by its field.
    lab.service("huge", gpu_memory=10)
    said = lab.eas("up", "--plan", "plan.json", "--yes", "--no-policy", ok=False)
    assert "services.huge.claim.gpu_memory was 70 in the preview and is 10 now" in said
    lab.destroy(ok=False)
    guest.destroy()
    lab.destroy()
    assert lab.instances() == {}
