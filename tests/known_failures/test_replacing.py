"""Row 20: an update replaces; what a file no longer says is gone, and what is stored is what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.placement.snapshot import Place
from components.providers.work import service as easservice
from components.providers.work import session
from components.runtimes.port import Observation
from components.runtimes.simulated import SimulatedRuntime
from components.settle.observe import observe_owner
from components.spec.claim import Wanted
from components.spec.service import Service
from tests.known_failures.conftest import Open
from tests.known_failures.engines import Spy
from tests.known_failures.pools import GIB, OWNER, POOL, node, wants
from tests.settle.runtimes import Wrapped
from tests.spec.build import service

CONTAINER: dict[str, Any] = {
    "image": "x:1",
    "script": "serve",
    "port": 8000,
    "env": [{"name": "OLD", "value": "1"}],
}
BEFORE: dict[str, Any] = {"metadata": {"name": "page", "gpu": 1, "rdma": 1}, "containers": [CONTAINER]}
AFTER: dict[str, Any] = {
    "metadata": {"name": "page", "gpu_memory": 4},
    "containers": [{**CONTAINER, "env": []}],
}


def wanted_of(made: Service, revision: str) -> Wanted:
    """Return what placement is told of a service."""
    claim = made.claim()
    return wants("page", claim.gpu_memory, claim.gpu_core_percentage, gpu=claim.gpu, revision=revision)


def test_20_a_file_that_drops_its_whole_card_gets_a_slice(fleet: Open, tmp_path: Path) -> None:
    spy = Spy(SimulatedRuntime(tmp_path))
    here = fleet(node("n1", 16 * GIB), runtime=spy)
    old, new = service(**BEFORE), service(**AFTER)
    here.documents["page"] = old.public()
    assert here.up(wanted_of(old, "r1")).complete
    assert here.rows()["page/0"].place.exclusive
    here.documents["page"] = new.public()
    assert here.up(wanted_of(new, "r2")).complete

    place = here.rows()["page/0"].place
    assert place == Place(POOL, "n1", ("GPU-n1-0",), memory_mib=4 * GIB)
    stored = here.ledger.spec(OWNER, "page", "r2").document
    assert stored == new.public()
    assert "gpu" not in stored["metadata"]
    told = spy.launches[-1]
    assert told.spec == new.public()
    assert (told.exclusive, told.cards[0].memory_mib) == (False, 4 * GIB)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[session.Session]:
    """The provider's session of a project in this test's folder."""
    made = session.Session(tmp_path, {"eas:secret": "s"})
    session.reset(made)
    yield made
    session.reset()
    made.writing().close()


def inputs(document: dict[str, Any], revision: str) -> dict[str, Any]:
    """Return the inputs of ``EasService``."""
    spec = service(**document).public()
    about = {"source": "services/page.json", "revision": revision, "token_hash": "", "pool_facts": "{}"}
    return {"name": "page", "owner": OWNER, "pool": POOL, "spec": spec, "about": about}


def test_20_the_provider_stores_what_is_declared_now_and_nothing_of_before(provider: session.Session) -> None:
    old = easservice.check({}, inputs(BEFORE, "r1")).inputs
    created = easservice.create(old)
    new = easservice.check(old, inputs(AFTER, "r2")).inputs
    assert new["spec"] == service(**AFTER).public(), "check adds nothing of the old inputs"
    assert created.outs is not None
    updated = easservice.update(created.id, created.outs, new)
    assert updated.outs == new
    stored = provider.reading().spec(OWNER, "page", "r2").document
    assert stored == service(**AFTER).public()


class Merging(Wrapped):
    """An engine that keeps what it was told first, as ``UpdateService`` of EAS merges."""

    def __init__(self, inner: SimulatedRuntime, kept: tuple[str, ...]) -> None:
        super().__init__(inner)
        self.kept = kept

    def observe(self, instance_ids: Any) -> dict[str, Observation]:
        """Say that every instance has the cards of before."""
        return {
            id_: Observation(id_, seen.condition, seen.endpoint, seen.detail, self.kept, seen.node)
            if seen.condition != "absent"
            else seen
            for id_, seen in self.inner.observe(instance_ids).items()
        }


def test_20_what_the_engine_really_gave_is_compared_and_a_difference_is_no_success(
    fleet: Open, tmp_path: Path
) -> None:
    two = node("n1", 16 * GIB, 16 * GIB)
    here = fleet(two, runtime=Merging(SimulatedRuntime(tmp_path), ("GPU-n1-0", "GPU-n1-1")))
    outcome = here.up(wants("page", 4))
    assert not outcome.complete
    assert "n1/0+1" in outcome.failed["page/0"]
    assert here.rows()["page/0"].state == "failed"


def test_20_a_difference_that_comes_later_is_found_by_the_next_refresh(fleet: Open, tmp_path: Path) -> None:
    engine = Merging(SimulatedRuntime(tmp_path), ())
    here = fleet(node("n1", 16 * GIB, 16 * GIB), runtime=engine)
    assert here.up(wants("page", 4)).complete
    engine.kept = ("GPU-n1-1",)
    assert here.rows()["page/0"].place.cards == ("GPU-n1-0",)
    [finding] = observe_owner(here.ledger, lambda _name: engine, OWNER, now=here.clock(), because="refresh")
    assert (finding.kind, finding.matter) == ("moved", "on n1/1")
