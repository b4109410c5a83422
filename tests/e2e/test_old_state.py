"""What each earlier version left behind is read, kept, changed and taken away by this one."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.old_state import NODES, OPTIONS, STATES, THIS, restore

VERSIONS = sorted(folder.name for folder in STATES.iterdir())


def test_this_version_has_left_its_state_for_later_ones() -> None:
    from components.ledger.database.migrate import VERSIONS as SCHEMAS

    assert THIS in VERSIONS
    assert SCHEMAS[-1] == THIS, "a new schema: set THIS to it and run `python -m tests.e2e.old_state`"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_state_of_a_version_is_unchanged_changed_and_taken_away(project: Make, version: str) -> None:
    lab = project(nodes=NODES, **OPTIONS)
    restore(STATES / version, lab)
    before = lab.instances()
    assert before.keys() == {"page/0", "page/1", "llm/0", "embed/0", "tool/0", "video/0"}

    lab.preview("--expect-no-changes")
    lab.refresh("--expect-no-changes")
    assert lab.placement()["tokens"]["llm"] == "a-token-of-its-own"

    lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=1, labels={"team": "search"})
    lab.service("llm", gpu_memory=40, gpu_core_percentage=10, token="a-token-of-its-own")
    lab.remove("tool")
    lab.up()
    after = lab.instances()
    kept = {"page/0", "embed/0", "video/0"}
    assert after.keys() == {*kept, "llm/0"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["llm/0"] != before["llm/0"], "a change of its memory is a roll"

    lab.destroy()
    assert lab.instances() == {}
