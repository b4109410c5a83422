"""Moves on the openb trace: each is carried out and checked, nobody who ran is lost, and only what gains is moved."""

from __future__ import annotations

import pytest

from bench.openb.audit import Invalid, audit
from bench.openb.bound import kept_bound, upper_bound
from bench.openb.carry import Change, carry_out
from bench.openb.cluster import Cluster, Step, Unfit
from bench.openb.trace import Host, Pod, Trace
from bench.openb.trades import best_changes

WHOLE_HUNGRY, WHOLE = Pod(12, 1, 1, 1000, ""), Pod(4, 1, 1, 1000, "")
HALF, THIRD = Pod(1, 1, 1, 500, ""), Pod(1, 1, 1, 300, "")
HOSTS = [Host(16, 64, 2, "A"), Host(32, 64, 2, "A")]


def stranded() -> Cluster:
    """Return a GPU that lacks CPU beside a node that has CPU and no GPU left; two whole pods change places to use it."""
    stream = [WHOLE_HUNGRY, WHOLE, WHOLE, WHOLE_HUNGRY]
    return Cluster.after(HOSTS, stream, [(0, 1), (1, 1), (1, 2), (-1, 0)])


def improved(cluster: Cluster, most: int, cost: float) -> int:
    """Make the best moves, have them audited, and return the GPU thousandths gained."""
    before, ran = cluster.allocated, dict(cluster.where)
    cluster.steps.clear()
    carry_out(cluster, best_changes(cluster, most, cost), most)
    assert audit(cluster.hosts, cluster.stream, ran, cluster.steps) == cluster.allocated
    return cluster.allocated - before


def test_a_stranded_gpu_is_put_to_use_by_moving_what_is_in_the_way() -> None:
    cluster = stranded()
    assert improved(cluster, 9, 30) == 1000
    assert 0 < cluster.moves <= 2
    assert cluster.allocated == kept_bound(cluster) == 4000


@pytest.mark.parametrize(("most", "cost"), [(0, 30), (9, 3000)])
def test_nobody_moves_without_leave_or_where_too_little_is_gained(most: int, cost: float) -> None:
    cluster = stranded()
    before = dict(cluster.where)
    assert improved(cluster, most, cost) == 0
    assert (cluster.where, cluster.moves, cluster.interrupted) == (before, 0, 0)


def changing_places(hosts: list[Host], most: int) -> Cluster:
    """Let two pods on full GPUs change places so that a third one fits beside one of them."""
    stream = [HALF, THIRD, Pod(1, 1, 1, 600, ""), Pod(1, 1, 1, 500, "")]
    ran = [(0, 1), (1, 1), (1, 1), (-1, 0)]
    cluster = Cluster.after(hosts, stream, ran)
    began = dict(cluster.where)
    cluster.steps.clear()
    changes = [
        Change(0, (0,), ((stream[2], (0,)), (stream[1], (0,)))),
        Change(1, (1, 2), ((HALF, (0,)), (stream[3], (0,)))),
    ]
    carry_out(cluster, changes, most)
    assert audit(hosts, stream, began, cluster.steps) == cluster.allocated == 1900
    return cluster


def test_who_has_to_change_places_takes_a_detour_where_moves_are_left_for_it() -> None:
    hosts = [Host(9, 9, 1, "A"), Host(9, 9, 1, "A"), Host(9, 9, 1, "A")]
    cluster = changing_places(hosts, 4)
    assert (cluster.moves, cluster.interrupted) == (4, 0)


def test_who_has_to_change_places_is_interrupted_where_none_are_left_or_there_is_no_hole() -> None:
    hosts = [Host(9, 9, 1, "A"), Host(9, 9, 1, "A"), Host(9, 9, 1, "A")]
    assert changing_places(hosts, 3).interrupted == changing_places(hosts[:2], 9).interrupted == 1


def test_a_pod_starts_beside_itself_where_both_fit_and_else_stops_first() -> None:
    cluster = Cluster.after(HOSTS, [WHOLE_HUNGRY, WHOLE], [(0, 1), (1, 1)])
    cluster.steps.clear()
    cluster.move(1, 1, (1,))
    assert (cluster.steps, cluster.interrupted) == ([(True, 1, 1, (1,)), (False, 1, 1, (0,))], 0)
    cluster.steps.clear()
    cluster.move(0, 0, (1,))
    assert (cluster.steps, cluster.interrupted) == ([(False, 0, 0, (0,)), (True, 0, 0, (1,))], 1)


def test_a_pod_that_does_not_fit_cannot_be_set_down() -> None:
    cluster = stranded()
    with pytest.raises(Unfit):
        cluster.put(3, 0, (1,))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([(True, 3, 0, (1,))], "holds more than it has"),
        ([(True, 0, 1, (0,))], "holds more than it has"),
        ([(False, 0, 0, (0,))], "do not run once in the end"),
        ([(False, 0, 1, (0,))], "where it does not run"),
        ([(False, 1, 1, (0,)), (True, 1, 1, (0, 1))], "GPUs"),
        ([(False, 1, 1, (0,)), (True, 0, 1, (0,)), (True, 1, 0, (1,))], "run twice"),
    ],
)
def test_the_audit_catches_what_cannot_be(steps: list[Step], said: str) -> None:
    cluster = stranded()
    with pytest.raises(Invalid, match=said):
        audit(HOSTS, cluster.stream, cluster.where, steps)


def test_the_bound_of_what_arrives_is_that_of_what_runs_where_nothing_has_to_be_kept() -> None:
    stream = [WHOLE_HUNGRY] * 6
    trace = Trace("mine", tuple(HOSTS), tuple(stream))
    assert upper_bound(trace, stream) == pytest.approx(
        100 * kept_bound(Cluster.after(HOSTS, stream, [(-1, 0)] * 6)) / 4000
    )
    # The CPU of the first node is enough for a pod and a third.
    assert upper_bound(trace, stream) == pytest.approx(100 * (16 / 12 + 2) / 4, abs=0.01)
