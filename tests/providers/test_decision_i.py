"""Decision (i): a declaration has no effect before Placement commits a plan that takes it up."""

from __future__ import annotations

from tests.providers.engine import OWNER, Stack


def test_i_a_declared_spec_has_no_effect_before_a_plan_takes_it_up(stack: Stack) -> None:
    """A targeted EasService records the new spec; what runs, and what would be restarted, is the old one."""
    stack.service("page", gpu_memory=20)
    stack.up()
    before, runs = stack.rows(), stack.runs()
    with stack.read_ledger() as ledger:
        old = ledger.committed(OWNER)
    stack.service("page", gpu_memory=24)
    stack.apply(only="service/page")
    assert (stack.rows(), stack.runs()) == (before, runs)
    with stack.read_ledger() as ledger:
        assert ledger.committed(OWNER) == old
        assert old is not None
        kept = ledger.spec(OWNER, "page", old.wanted[0].revision)
        assert kept.document["metadata"]["gpu_memory"] == 20
    assert stack.up().hows == {"page/0": "roll"}


def test_i_a_declared_node_takes_nothing_before_a_plan_takes_it_up(stack: Stack) -> None:
    """A targeted GpuPool records the nodes; the ledger's picture of the pool stays the committed one."""
    stack.up()
    stack.pool("gpu-a", "gpu-b", "gpu-c")
    stack.apply(only="pool/lab")
    with stack.read_ledger() as ledger:
        assert [each.node.name for each in ledger.snapshot(OWNER, None, ["lab"]).nodes] == ["gpu-a", "gpu-b"]
    stack.up()
    with stack.read_ledger() as ledger:
        assert [each.node.name for each in ledger.snapshot(OWNER, None, ["lab"]).nodes] == [
            "gpu-a",
            "gpu-b",
            "gpu-c",
        ]


def test_i_a_reverted_file_restarts_nothing(stack: Stack) -> None:
    """The revision is what runs, whatever was declared between."""
    stack.service("page", gpu_memory=20)
    stack.up()
    runs = stack.runs()
    stack.service("page", gpu_memory=24)
    stack.apply(only="service/page")
    stack.service("page", gpu_memory=20)
    assert stack.up().placement["change"] == {}
    assert stack.runs() == runs
