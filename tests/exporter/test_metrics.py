"""What is exported of a ledger: on both databases, by a reader, and the same after a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from components.exporter.catalogue import BUCKETS, METRICS, Detail
from components.exporter.scrape import Scraper
from components.exporter.server import text_of
from components.ledger import LeaseHolder, StalePlan, pool_lease
from components.ledger.leases import RECONCILER
from components.placement.fragmentation import fragmentation
from components.placement.plan_types import Plan
from components.placement.usage import usage
from components.spec.units import MIB
from tests.exporter.conftest import Scene, values
from tests.ledger.build import BECAUSE, HERE, NOW, OTHER, OWNER, commit, node, place, run, start, stop
from tests.ledger.sites import PASSWORD, Postgres

LATE = "organization/late/dev-33cc"
NODES = (node("n1", 2), node("n2", 2))


def busy(scene: Scene) -> None:
    """Let two owners hold something, one wait, one move, one fail thrice, one plan lose, and one apply die."""
    with scene.ledger() as ledger:
        pool = {"holder": "h", "resource": "r", "runtime": "simulated", "settings": {}, "nodes": NODES}
        ledger.declare_pool(OWNER, "p", **pool, now=scene.at, because=BECAUSE)  # type: ignore[arg-type]
        first = commit(
            ledger,
            [start(1, "a", place("n1-0", 400, 30)), start(2, "whole", place("n1-1", 0, exclusive=True))],
            nodes=NODES,
            keep={("a", 1): None},
        )
        fences = ledger.lease(OWNER, ["a", "whole"], holder=HERE, now=scene.at)
        for id_ in first.ids.values():
            ledger.starting(id_, fences[id_.split("/")[-3]], scene.at, BECAUSE)
        scene.later(20)
        for n, id_ in first.ids.items():
            ledger.ready(
                id_, fences[id_.split("/")[-3]], "http://x", scene.at, BECAUSE, step=(first.plan_id, n)
            )
        ledger.set_node_state("p", "n1", "n1-0", "draining", "operator", "fan", "ann", scene.at)
        move = replace(start(1, "a", place("n2-0", 400, 30)), how="move", reason="card n1/0 is draining")
        away = replace(stop(2, first.ids[1], after=(1,)), how="move")
        moved = commit(
            ledger,
            [move, away],
            nodes=NODES,
            keep={("a", 1): None, ("whole", 0): place("n1-1", 0, exclusive=True)},
            now=scene.at,
            because="eas reconcile (pid 7)",
        )
        new = moved.ids[1]
        ledger.starting(new, fences["a"], scene.at, "eas reconcile (pid 7)")
        ledger.ready(
            new, fences["a"], "http://y", scene.later(3), "eas reconcile (pid 7)", step=(moved.plan_id, 1)
        )
        ledger.stopping(first.ids[1], fences["a"], scene.at, BECAUSE)
        ledger.gone(first.ids[1], fences["a"], scene.at, BECAUSE, step=(moved.plan_id, 2))
        for _ in range(3):
            ledger.failed(new, fences["a"], "it died", scene.later(10), BECAUSE)
            ledger.starting(new, fences["a"], scene.later(1), BECAUSE)
        ledger.release(OWNER, fences, now=scene.at)
        commit(ledger, [start(1, "b", place("n2-1", 100))], owner=OTHER, now=scene.at)
        with pytest.raises(StalePlan):
            commit(ledger, [start(1, "c", place("n2-1", 950))], owner=LATE, now=scene.at)
        watchman = LeaseHolder(9, "there", "b", 1.0, "eas reconcile")
        ledger.lease(RECONCILER, [pool_lease("q")], holder=watchman, now=scene.at)
        ledger.passed(["p", "gone"], now=scene.at)


def test_everything_is_told_in_base_units(scene: Scene) -> None:
    busy(scene)
    told = values(scene.scraper(Detail.CARD))
    assert told["eas_up"] == {(): 1}
    assert told["eas_pool_nodes"] == {("p", "ready"): 2}
    assert told["eas_pool_cards"] == {("A10", "p", "draining"): 1, ("A10", "p", "ready"): 3}
    assert told["eas_pool_free_cards"] == {("A10", "p"): 0}
    assert told["eas_pool_memory_bytes"] == {("A10", "p"): 4000 * MIB}
    assert told["eas_pool_allocated_memory_bytes"] == {
        ("A10", OWNER, "p"): 1400 * MIB,
        ("A10", OTHER, "p"): 100 * MIB,
    }
    assert told["eas_pool_allocated_compute_cards"] == {("A10", OWNER, "p"): 1.3, ("A10", OTHER, "p"): 0}
    assert told["eas_pool_instances"] == {
        (OWNER, "p", "ready"): 1,
        (OWNER, "p", "starting"): 1,
        (OTHER, "p", "reserved"): 1,
    }
    assert told["eas_waiting_instances"] == {(OWNER,): 1, (OTHER,): 0}
    assert told["eas_stale_instances"] == {(OWNER,): 1, (OTHER,): 1}
    assert told["eas_crash_looping_instances"] == {(OWNER,): 1, (OTHER,): 0}
    assert told["eas_reconciler_up"] == {("p",): 0}
    assert told["eas_last_reconcile_timestamp_seconds"] == {("p",): scene.at.timestamp()}
    assert told["eas_last_commit_timestamp_seconds"][(OTHER,)] == scene.at.timestamp()
    assert told["eas_commits_total"] == {("apply", OWNER): 1, ("reconcile", OWNER): 1, ("apply", OTHER): 1}
    assert told["eas_conflicts_total"] == {(LATE, "taken"): 1}
    assert told["eas_moves_total"] == {("reconcile", OWNER, "p"): 1}
    assert told["eas_restarts_total"] == {("apply", OWNER, "p"): 3}
    assert told["eas_failures_total"] == {(OWNER, "p"): 3}
    assert told["eas_node_state"] == {("n1", "p", "ready"): 1, ("n2", "p", "ready"): 1}
    assert told["eas_node_cpu_cores"] == {("n1", "p"): 64, ("n2", "p"): 64}
    assert told["eas_node_allocated_memory_bytes"][("A10", "n1", "p")] == 1000 * MIB
    assert told["eas_card_allocated_compute_ratio"][("0", "A10", "n2", "p")] == 0.3


def test_readiness_is_a_histogram_from_the_start_and_from_the_commit(scene: Scene) -> None:
    busy(scene)
    told = values(scene.scraper())
    assert told["eas_start_to_ready_seconds_count"] == {("p",): 3}
    assert told["eas_start_to_ready_seconds_sum"] == {("p",): 43}
    buckets = told["eas_start_to_ready_seconds_bucket"]
    assert [buckets[str(float(bound)), "p"] for bound in (2.5, 5, 15, 30)] == [0, 1, 1, 3]
    assert buckets["+Inf", "p"] == 3
    assert len(buckets) == len(BUCKETS) + 1
    assert told["eas_reserve_to_ready_seconds_sum"] == {("p",): 43}


def test_the_figures_are_those_of_eas_pool(scene: Scene) -> None:
    """What is taken and free is `usage`'s, what is stranded `fragmentation`'s."""
    busy(scene)
    told = values(scene.scraper(Detail.CARD))
    with scene.ledger() as ledger:
        seen = ledger.snapshot(OWNER, None, ["p"])
    cards = usage(seen, Plan(assignments={}))["cards"].values()
    for card in cards:
        labels = (card["uuid"].rpartition("-")[2], card["model"], card["node"], "p")
        assert told["eas_card_allocated_memory_bytes"][labels] == card["used_mib"] * MIB
        assert told["eas_card_allocated_compute_ratio"][labels] == card["compute"] / 100
    ready = sum(card["free_mib"] for card in cards if card["state"] == "ready")
    assert told["eas_pool_free_memory_bytes"] == {("p",): ready * MIB}
    found = fragmentation(seen.nodes, seen.held)["p"]
    assert 0 < found.ratio < 1
    assert told["eas_pool_fragmentation_ratio"] == {("p",): found.ratio}
    assert told["eas_pool_stranded_memory_bytes"] == {("p",): found.stranded_mib * MIB}


def test_an_exporter_that_is_restarted_counts_to_the_same_numbers(scene: Scene) -> None:
    running = scene.scraper()
    assert "eas_commits_total" not in values(running)
    busy(scene)
    assert values(running) == values(scene.scraper())
    assert values(running) == values(scene.scraper()), "nothing is counted twice"


def test_pruned_events_stay_counted_until_a_restart_which_counts_what_is_left(scene: Scene) -> None:
    busy(scene)
    running = scene.scraper()
    before = counted(running)
    with scene.ledger() as ledger:
        scene.later(30 * 86_400)
        done = ledger.prune(scene.at - timedelta(days=20), now=scene.at, because="eas ledger prune")
    assert done.events
    assert counted(running) == before
    after = counted(scene.scraper())
    assert after.keys() <= before.keys()
    assert all(after[sample] <= before[sample] for sample in after)
    commits = {name: value for name, value in before.items() if name[0] == "eas_commits_total"}
    assert after.items() >= commits.items()
    assert "eas_moves_total" not in {name for name, _ in after}


def counted(scraper: Scraper) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return what only ever grows, by name and labels."""
    return {
        (name, labels): value
        for name, samples in values(scraper).items()
        if name.endswith(("_total", "_bucket", "_count", "_sum"))
        for labels, value in samples.items()
    }


def test_a_failure_older_than_an_hour_is_no_crash_loop(scene: Scene) -> None:
    busy(scene)
    scraper = scene.scraper()
    assert values(scraper)["eas_crash_looping_instances"][(OWNER,)] == 1
    scene.later(3700)
    assert values(scraper)["eas_crash_looping_instances"][(OWNER,)] == 0
    assert values(scraper)["eas_failures_total"] == {(OWNER, "p"): 3}


def test_what_is_told_of_nodes_and_cards_is_chosen(scene: Scene) -> None:
    busy(scene)
    for detail in Detail:
        names = {family.name for family in scene.scraper(detail).collect()}
        told = {metric.name.removesuffix("_total") for metric in METRICS if metric.detail <= detail}
        assert names == told


def test_no_label_names_a_service_or_an_instance(scene: Scene) -> None:
    busy(scene)
    assert {label for metric in METRICS for label in metric.labels} <= {
        "pool", "model", "state", "owner", "by", "reason", "node", "card",
    }  # fmt: skip
    assert "whole" not in text_of(scene.scraper(Detail.CARD))


def test_an_answer_stands_for_a_moment(scene: Scene) -> None:
    scraper = scene.scraper(hold=5)
    assert "eas_commits_total" not in values(scraper)
    busy(scene)
    scene.ticks = 4.9
    assert "eas_commits_total" not in values(scraper)
    scene.ticks = 5
    assert "eas_commits_total" in values(scraper)


def test_a_ledger_that_is_not_there_is_not_up_until_it_is(scene: Scene, tmp_path: Path) -> None:
    busy(scene)
    good = scene.site
    scene.site = replace(good, url=str(tmp_path / "none" / "ledger.db"))
    scraper = scene.scraper()
    assert values(scraper) == {"eas_up": {(): 0}, "eas_scrape_duration_seconds": {(): 0}}
    (said,) = scene.said
    assert said.startswith(
        f"there is no ledger at sqlite:///{tmp_path}/none/ledger.db yet: `eas up` makes one"
    )
    assert not (tmp_path / "none").exists()
    scene.site = good
    assert values(scraper)["eas_up"] == {(): 1}


def test_a_ledger_that_cannot_be_read_is_told_once_and_read_again_when_it_can(
    scene: Scene, tmp_path: Path
) -> None:
    busy(scene)
    scraper = scene.scraper()
    good, bad = scene.site, tmp_path / "broken.db"
    bad.write_text("no database")
    before = values(scraper)
    scene.site = replace(good, url=str(bad))
    for _ in range(2):
        assert values(scraper) == {"eas_up": {(): 0}, "eas_scrape_duration_seconds": {(): 0}}
    assert len(scene.said) == 1
    assert "not a ledger" in scene.said[0]
    scene.site = good
    assert values(scraper) == before


def test_another_ledger_in_its_place_is_counted_from_the_beginning(scene: Scene, tmp_path: Path) -> None:
    busy(scene)
    scraper = scene.scraper()
    values(scraper)
    other = Scene(replace(scene.site, url=str(tmp_path / "other.db"), home=tmp_path / "other"))
    with other.ledger() as ledger:
        run(ledger, commit(ledger, [start(1, "x", place())], nodes=[node()], owner=OTHER), owner=OTHER)
    scene.site = other.site
    assert values(scraper)["eas_commits_total"] == {("apply", OTHER): 1}


def test_a_role_that_may_only_read_is_enough(postgres: Postgres, tmp_path: Path) -> None:
    scene = Scene(postgres.emptied(tmp_path))
    busy(scene)
    expected = values(scene.scraper())
    postgres.server.sql(
        f"CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher",
        database="used",
    )
    url = f"postgresql://watcher:{PASSWORD}@127.0.0.1:{postgres.server.port}/used"
    scene.site = replace(scene.site, url=url)
    assert values(scene.scraper()) == expected
    scene.site = replace(scene.site, url=url.replace(PASSWORD, "wrong"))
    assert values(scene.scraper())["eas_up"] == {(): 0}
    assert PASSWORD not in scene.said[0]


def test_text_is_what_prometheus_reads(scene: Scene) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    busy(scene)
    families = {family.name: family for family in text_string_to_metric_families(text_of(scene.scraper()))}
    assert families["eas_conflicts"].type == "counter"
    assert families["eas_start_to_ready_seconds"].type == "histogram"
    assert families["eas_pool_memory_bytes"].samples[0].value == 4000 * MIB
    assert NOW.timestamp() < families["eas_last_commit_timestamp_seconds"].samples[0].value
