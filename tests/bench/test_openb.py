"""The trace benchmark: the referee catches what is not fair, and the rivals are what they are said to be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.openb import rivals, rule
from bench.openb.__main__ import TRACES, main, replay_all
from bench.openb.referee import FoulPlay, judge
from bench.openb.trace import Host, Pod, Trace, made_up, read

HOSTS = (Host(8000, 4096, 2, "A"), Host(4000, 4096, 1, "B"))
SHARED = Pod(2000, 1024, 1, 400, "")


@pytest.mark.parametrize(
    ("stream", "decisions", "said"),
    [
        ([SHARED], [(-1, 0)], "was dropped, and node 0 could take it"),
        ([SHARED], [(0, 0b11)], "gets another number of GPUs"),
        ([SHARED], [(1, 0b10)], "gets GPUs that do not exist"),
        ([SHARED] * 3, [(0, 1)] * 3, "lacks room on a GPU"),
        ([Pod(9000, 1, 0, 0, "")], [(0, 0)], "lacks CPU"),
        ([Pod(1, 9000, 0, 0, "")], [(0, 0)], "lacks memory"),
        ([Pod(1, 1, 1, 100, "B")], [(0, 1)], "rules out"),
        ([SHARED], [], "were decided on"),
    ],
)
def test_the_referee_catches_foul_play(
    stream: list[Pod], decisions: list[tuple[int, int]], said: str
) -> None:
    with pytest.raises(FoulPlay, match=said):
        judge(HOSTS, stream, decisions)


def test_the_referee_counts_what_is_allocated_at_each_mark() -> None:
    stream = [Pod(1000, 1, 1, 1000, ""), Pod(1000, 1, 2, 1000, ""), Pod(1000, 1, 1, 1000, ""), SHARED]
    result = judge(HOSTS, stream, [(1, 1), (0, 3), (-1, 0), (-1, 0)], marks=(1.0, 1.4))
    assert result.allocated == [3000, 3000]
    assert [dict(dropped) for dropped in result.dropped] == [{}, {"whole": 1, "small": 1}]


def test_a_policy_that_drops_awkward_pods_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    fair = rivals.run

    def choosy(
        policy: str, trace: Trace, hosts: Sequence[Host], stream: Sequence[Pod], seed: int
    ) -> list[tuple[int, int]]:
        decisions = fair(policy, trace, hosts, stream, seed)
        return [(-1, 0) if pod.milli == 810 else found for pod, found in zip(stream, decisions, strict=True)]

    monkeypatch.setattr(rivals, "run", choosy)
    with pytest.raises(FoulPlay, match="was dropped, and node"):
        replay_all(made_up(8), [42])


def test_fragmentation_is_what_typical_pods_cannot_use() -> None:
    classes, share = np.array([[2000, 1, 500], [1000, 2, 1000], [1000, 0, 0]]), np.array([0.5, 0.3, 0.2])
    may = np.ones((3, 1), dtype=bool)
    room = np.array([300, 700, 1000, -1, -1, -1, -1, -1])
    # The first class cannot use 300; the second finds one whole GPU instead of two, the third wants none: 2000 each.
    found = rivals.fragmentation(4000, 0, room, classes, share, may)
    assert found == pytest.approx(0.5 * 300 + 0.3 * 2000 + 0.2 * 2000)
    assert rivals.fragmentation(1500, 0, room, classes, share, may) == pytest.approx(2000)
    assert rivals.gradient_score(0.0, 0.0) == 50
    assert rivals.gradient_score(1000.0, 0.0) == 73
    assert rivals.gradient_score(0.0, 1000.0) == 26


def test_a_made_up_trace_is_the_same_every_time_and_every_rule_plays_fair_on_it() -> None:
    trace = made_up(12)
    assert made_up(12) == trace
    assert trace.arrivals(42) == trace.arrivals(42) != trace.arrivals(43)
    found = replay_all(trace, [42])
    assert all(len(results) == 1 and len(results[0].allocated) == 2 for results in found.values())


@pytest.mark.parametrize("mix", ["learned", "running"])
def test_what_is_not_known_of_the_mix_is_not_used(mix: rule.Mix) -> None:
    trace = made_up(12)
    stream = trace.arrivals(42)
    other = type(trace)(trace.name, trace.hosts, trace.pods + trace.pods[:50] * 3)
    one, _ = rule.run(trace, trace.hosts, stream, mix=mix)
    two, _ = rule.run(other, trace.hosts, stream, mix=mix)
    assert one == two


def test_the_value_rule_is_ahead_of_published_fgd_on_the_first_seed() -> None:
    nodes, pods = TRACES / "openb_node_list_gpu_node.csv", TRACES / "openb_pod_list_gpushare60.csv"
    if not nodes.exists():
        pytest.skip(f"there is no {nodes}")
    trace = read(nodes, pods)
    stream = trace.arrivals(42)
    decisions, _ = rule.run(trace, trace.hosts, stream, mix="given")
    result = judge(trace.hosts, stream, decisions)
    assert trace.published is not None
    assert 100 * result.allocated[0] / trace.capacity > trace.published.fgd_100
    assert 100 * result.allocated[1] / trace.capacity > trace.published.fgd_130


def written(folder: Path, trace: Trace, pods: str) -> list[str]:
    """Write a trace in the openb form; return the arguments that name it."""
    nodes = folder / "nodes.csv"
    nodes.write_text(
        "sn,cpu_milli,memory_mib,gpu,model\n"
        + "".join(f"n{i:04d},{h.cpu},{h.memory},{h.gpus},{h.model}\n" for i, h in enumerate(trace.hosts))
    )
    list_ = folder / f"{pods}.csv"
    list_.write_text(
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
        + "".join(
            f"p{i:05d},{p.cpu},{p.memory},{p.gpus},{p.milli},{p.spec}\n" for i, p in enumerate(trace.pods)
        )
    )
    return ["--nodes", str(nodes), "--pods", str(list_), "--seeds", "1", "--json"]


def test_a_trace_from_elsewhere_has_a_bound_of_its_own_that_no_policy_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(written(tmp_path, made_up(8), "mine"))
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])["figures"]
    values = {figure["name"]: figure["value"] for figure in figures}
    bound = values["mine: upper bound at 100 %"]
    given = values["mine: unallocated at 100 %, value, mix given"]
    assert 100 - given <= bound + 1e-6 <= 100 + 1e-6
    (closed,) = [f for f in figures if f["name"] == "gap between FGD and the bound closed, value, mix given"]
    assert closed["target"] == ">= 60"
    assert closed["value"] <= 100


@pytest.mark.parametrize("text", [None, "", "a,b\n1,2\n", "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n"])
def test_files_of_another_form_are_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    arguments = written(tmp_path, made_up(4), "mine")
    if text is None:
        (tmp_path / "mine.csv").unlink()
    else:
        (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "of the openb form is needed" in capsys.readouterr().err


def test_without_the_traces_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.openb.__main__.TRACES", tmp_path)
    monkeypatch.setattr("bench.openb.__main__.made_up", lambda: made_up(6))
    main(["--seeds", "1"])
    assert "skipped: the openb traces" in capsys.readouterr().out
