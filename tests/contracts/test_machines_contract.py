"""Where what runs is kept: by the ledger, whatever URL reaches it; and for a ledger on a server each pool on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ledger import Ledger, this_machine
from components.ledger.machines import Machine
from components.runtimes.port import Runtime
from components.runtimes.simulated import SimulatedRuntime
from components.settle.observe import survey
from components.settle.outcome import SettleError
from components.settle.outfit import Outfitter
from tests.ledger.build import BECAUSE, HERE, NOW, OWNER, commit, node, place, run, start
from tests.ledger.sites import Site

ELSEWHERE = Machine("0123456789ab", "other-host")
CARDS = node(cards=2)


@pytest.fixture
def ledger(site: Site) -> Iterator[Ledger]:
    """A ledger with pool ``p``, on which one instance of ``svc`` runs."""
    opened = site.open(alive=lambda holder: None)
    opened.declare_pool(
        OWNER, "p", holder="h", resource="eas-r-1", runtime="simulated", settings={}, nodes=[CARDS], quotas={},
        now=NOW, because=BECAUSE,
    )  # fmt: skip
    run(opened, commit(opened, [start(1, "svc", place("n1-0"))], nodes=[CARDS]))
    yield opened
    opened.close()


def on_server(ledger: Ledger) -> bool:
    return "postgresql" in ledger.url


class Asked:
    """A runtime that no test may ask here."""

    def __call__(self, name: str) -> Runtime:
        raise AssertionError(f"runtime {name} was asked for what is on another machine")


def test_every_url_of_one_ledger_leads_to_one_folder(ledger: Ledger, site: Site, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    home = ledger.runtimes_home(env)
    if on_server(ledger):
        assert home.parent == tmp_path / "state" / "eas-slices"
        other = Site(f"{site.url}{'&' if '?' in site.url else '?'}connect_timeout=7", site.home, site.where)
        with other.open(create=False) as again:
            assert again.runtimes_home(env) == home
    else:
        assert home == Path(str(site.where)).parent
        assert ledger.runtimes_home({}) == home


def test_a_pool_on_another_machine_is_neither_looked_at_nor_told(ledger: Ledger) -> None:
    ledger.take_up_pools(OWNER, ELSEWHERE)
    if not on_server(ledger):
        assert ledger.machines() == {}
        return
    assert ledger.machines() == {"p": ELSEWHERE}
    assert survey(ledger, Asked(), OWNER) == ()
    outfitter = Outfitter(ledger, OWNER, Asked(), None)
    assert outfitter.all_runtimes() == ()
    with pytest.raises(
        SettleError, match="what runs on pool p is on machine other-host, and can be seen and told only there"
    ):
        outfitter.runtime_of("p")
    ledger.take_up_pools(OWNER, this_machine())
    assert ledger.machines() == {"p": ELSEWHERE}, "what runs there is there"


def test_a_pool_on_which_nothing_was_started_moves_to_the_machine_that_starts_something(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.take_up_pools(OWNER, ELSEWHERE)
    if on_server(ledger):
        (held,) = (row.held for row in ledger.instances(OWNER))
        fences = ledger.lease(OWNER, ["svc"], holder=HERE, now=NOW)
        ledger.gone(held.id, fences["svc"], NOW, BECAUSE)
        commit(ledger, [start(1, "svc", place("n1-1"))], nodes=[CARDS])
        ledger.take_up_pools(OWNER, this_machine())
        assert ledger.machines() == {"p": this_machine()}
    runtime = SimulatedRuntime(tmp_path)
    assert Outfitter(ledger, OWNER, lambda name: runtime, None).runtime_of("p") is runtime
