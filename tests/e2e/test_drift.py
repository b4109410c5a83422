"""What was done to real processes by hand is found by ``pulumi refresh`` and undone by ``up``; what runs is never restarted
because somebody lost a name, a state or a ledger for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.runtimes.local.runtime import LocalRuntime
from components.runtimes.port import Launch, PinnedCard
from tests.e2e.conftest import Make
from tests.e2e.project import Project, kill, processes_of, wait_until

pytestmark = pytest.mark.e2e

SERVE = "exec python3 -m http.server $PORT --bind 127.0.0.1"
OWNER = "organization/eas-slices/test-0a1b2c"


def _pids(lab: Project) -> dict[str, list[int]]:
    return {name: processes_of(id_) for name, (_, id_) in lab.instances().items()}


def _place(lab: Project, name: str) -> str:
    service, _, ordinal = name.partition("/")
    return str(lab.placement()["assignments"][service][ordinal])


def _card_elsewhere(lab: Project, name: str) -> tuple[str, str]:
    """Return UUID and address of a card on which that instance is not."""
    here = _place(lab, name)
    rows = lab.query("select uuid, node, position from card order by uuid")
    return next((uuid, f"{node}/{n}") for uuid, node, n in rows if f"{node}/{n}" != here)


def _script(lab: Project, id_: str) -> Path:
    (found,) = (
        file
        for file in (lab.root / ".eas" / "local" / "instances").glob("*/launch")
        if id_ in file.read_text()
    )
    return found


def _harm(lab: Project) -> Mapping[str, str]:
    """Do to each instance what people do by hand; return how each is to read."""
    ids = {name: id_ for name, (_, id_) in lab.instances().items()}
    runtime = LocalRuntime(lab.root / ".eas")
    # Missing: stopped through its runtime, behind the ledger's back.
    runtime.stop(ids["gone/0"])
    wait_until(lambda: runtime.observe([ids["gone/0"]])[ids["gone/0"]].condition == "absent")
    # Moved: its launch script was given another card, and it was killed, so that its supervisor starts it there.
    uuid, elsewhere = _card_elsewhere(lab, "moved/0")
    script = _script(lab, ids["moved/0"])
    script.write_text(re.sub(r"(?m)^(export EAS_CARD_UUIDS=).*$", rf"\g<1>{uuid}", script.read_text()))
    before = processes_of(ids["moved/0"])
    kill(before)
    wait_until(lambda: set(processes_of(ids["moved/0"])) - set(before))
    # Extra: a second one of the same name, which no plan ever wanted.
    card = PinnedCard(uuid, 0, "", 0, 0, 0)
    document = {"metadata": {"name": "kept"}, "containers": [{"script": SERVE, "port": 8000, "image": "x"}]}
    node = elsewhere.partition("/")[0]
    runtime.start(Launch(f"{OWNER}/kept/0/by-hand", OWNER, "kept", 0, "lab", node, (card,), False, document))
    return {
        "gone/0": f"missing (was {_place(lab, 'gone/0')})",
        "moved/0": f"on {elsewhere} (was {_place(lab, 'moved/0')})",
        "kept/0": f"{_place(lab, 'kept/0')}, and extra on {elsewhere}",
    }


def test_what_was_done_by_hand_is_found_and_undone_and_what_was_lost_is_taken_over(project: Make) -> None:
    """One stack: harmed, refreshed, repaired; then renamed, and its ledger and state thrown away."""
    lab = project(runtime="local")
    for name in ("gone", "moved", "kept"):
        lab.service(name, gpu_memory=10, script=SERVE)
    lab.up()
    healthy, pids = lab.instances(), _pids(lab)
    assert "unchanged" in lab.refresh("--expect-no-changes")

    expected = _harm(lab)
    lab.refresh()
    assert {name: _place(lab, name) for name in expected} == expected
    said = lab.up()
    assert re.search(r"kept/0 +\S+ +- +stop", said), said
    assert lab.instances() == healthy
    assert processes_of(f"{OWNER}/kept/0/by-hand") == []
    repaired = _pids(lab)
    assert repaired["kept/0"] == pids["kept/0"], "only what was harmed was touched"
    assert repaired["gone/0"]
    assert repaired["moved/0"]

    # Another name of the stack is no other owner.
    lab.run("stack", "rename", "other", "--stack", lab.stack)
    lab.stack = "other"
    lab.preview("--expect-no-changes")
    # Nor are resources without a state.
    urns = [r["urn"] for r in lab.state()["deployment"]["resources"] if "dynamic/eas:" in r["type"]]
    for urn in reversed(urns):
        lab.run("state", "delete", urn, "--yes", "--stack", lab.stack)
    # And with the ledger gone as well, the runtime is asked.
    for file in lab.ledger().parent.glob("ledger.db*"):
        file.unlink()
    said = lab.up()
    taken = set(re.findall(r"(\w+/0) .* adopted .*: taken over as it is", said))
    assert taken == healthy.keys()
    assert lab.instances() == healthy
    assert _pids(lab) == repaired
    lab.up("--expect-no-changes")
