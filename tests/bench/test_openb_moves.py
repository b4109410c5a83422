"""Moves on the openb trace: each is carried out and checked, nobody who ran is lost, and only what gains is moved."""

from __future__ import annotations

import pytest

from bench.openb.cluster import Cluster, Unfit
from bench.openb.repack import repack
from bench.openb.slack import slack
from bench.openb.trace import Host, Pod
from bench.openb_moves import checked

WHOLE_HUNGRY, WHOLE = Pod(12, 1, 1, 1000, ""), Pod(4, 1, 1, 1000, "")
HOSTS = [Host(16, 64, 2, "A"), Host(32, 64, 2, "A")]


def stranded() -> Cluster:
    """Return a GPU that lacks CPU beside a node that has CPU and no GPU left; two whole pods change places to use it."""
    stream = [WHOLE_HUNGRY, WHOLE, WHOLE, WHOLE_HUNGRY]
    return Cluster.after(HOSTS, stream, [(0, 1), (1, 1), (1, 2), (-1, 0)])


def test_a_stranded_gpu_is_put_to_use_by_moving_what_is_in_the_way() -> None:
    cluster = stranded()
    ran = set(cluster.where)
    assert repack(cluster, [0, 1], 30, 1.0, 9) == 1000
    assert ran < set(cluster.where)
    assert 0 < cluster.moves <= 2
    checked(cluster)


def test_nothing_is_left_moved_where_it_takes_more_moves_than_allowed() -> None:
    cluster = stranded()
    before = dict(cluster.where)
    assert repack(cluster, [0, 1], 30, 1.0, 0) == 0
    assert (cluster.where, cluster.moves, cluster.interrupted) == (before, 0, 0)
    checked(cluster)


def test_moves_that_gain_too_little_are_not_made() -> None:
    cluster = stranded()
    assert repack(cluster, [0, 1], 3000, 1.0, 9) == 0
    assert cluster.moves == 0


def test_a_pod_that_does_not_fit_cannot_be_set_down() -> None:
    cluster = stranded()
    with pytest.raises(Unfit):
        cluster.move(0, 1, (0,))


def test_what_nodes_fall_short_of_adds_up_to_the_gap_where_more_waits_than_fits() -> None:
    stream = [WHOLE_HUNGRY, WHOLE, WHOLE, *[WHOLE_HUNGRY] * 3]
    cluster = Cluster.after(HOSTS, stream, [(0, 1), (1, 1), (1, 2), *[(-1, 0)] * 3])
    ceiling, short = slack(cluster)
    assert ceiling == pytest.approx(4000)
    assert sum(short) == pytest.approx(1000, abs=2)
    assert short[0] > short[1]
