"""Random pools, services and changes: small and tight, so that things collide."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from components.placement.plan_types import PlanOptions
from components.placement.snapshot import NodeView
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

MODELS = ("A10", "V100")
CAPACITIES = (8192, 10240, 16384, 22731)
TYPES = ("ecs.small", "ecs.large", "ml.small")
POOLS = ("p", "q")


@st.composite
def views(draw: st.DrawFn, *, most: int = 4, pools: tuple[str, ...] = ("p",)) -> list[NodeView]:
    """Return up to ``most`` nodes of up to three cards each, most of them ready."""
    count = draw(st.integers(1, most))
    return [draw(view(index, pools)) for index in range(count)]


@st.composite
def view(draw: st.DrawFn, index: int, pools: tuple[str, ...] = ("p",)) -> NodeView:
    """Return one node."""
    cards = tuple(
        Card(
            f"u{index}.{number}",
            number,
            draw(st.sampled_from(MODELS)),
            draw(st.sampled_from(CAPACITIES)),
            "usable",
        )
        for number in range(draw(st.integers(0, 3)))
    )
    node = Node(
        pool=draw(st.sampled_from(pools)),
        name=f"n{index}",
        instance_type=draw(st.sampled_from(TYPES)),
        cpu_milli=draw(st.sampled_from((3000, 7000))),
        memory_mib=draw(st.sampled_from((8192, 16384))),
        cards=cards,
        zone=draw(st.sampled_from(("z1", "z2"))),
    )
    if draw(st.integers(0, 4)):
        return NodeView(node)
    return NodeView(node, "cordoned", "operator")


claims = st.one_of(
    st.builds(
        Claim,
        gpu_memory=st.integers(1, 10),
        gpu_core_percentage=st.sampled_from((0, 0, 10, 30, 50, 60, 100)),
        cpu_milli=st.sampled_from((0, 500, 1000)),
        memory_mib=st.sampled_from((0, 1024, 4096)),
        best_effort=st.booleans(),
        models=st.sampled_from(((), (), (), ("A10",))),
        instance_types=st.sampled_from(((), (), (), ("ecs.small", "ml.small"))),
    ),
    st.builds(
        Claim, gpu=st.integers(1, 2), gpu_memory=st.integers(0, 4), cpu_milli=st.sampled_from((0, 1000))
    ),
    st.builds(Claim, cpu_milli=st.integers(0, 4000), memory_mib=st.sampled_from((0, 2048))),
)


surges: st.SearchStrategy[int | str] = st.one_of(st.integers(0, 2), st.sampled_from(("2%", "100%")))


@st.composite
def services(draw: st.DrawFn, *, most: int = 4, pools: tuple[str, ...] = ("p",)) -> list[Wanted]:
    """Return up to ``most`` services."""
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=most))
    return [draw(service(name, pools)) for name in names]


@st.composite
def service(draw: st.DrawFn, name: str, pools: tuple[str, ...] = ("p",)) -> Wanted:
    """Return one service at revision 1."""
    autoscale = draw(st.sampled_from((None, None, None, (0, 2), (1, 3))))
    return Wanted(
        name,
        draw(st.sampled_from(pools)),
        draw(claims),
        instances=draw(st.integers(0, 3)),
        revision="1",
        token_hash="t",
        spread=draw(st.sampled_from(("default", "default", "default", "host", "zone"))),
        max_surge=draw(surges),
        max_unavailable=draw(st.integers(0, 2)),
        autoscale=autoscale,
    )


@st.composite
def changed(draw: st.DrawFn, wanted: list[Wanted]) -> list[Wanted]:
    """Return the services after an edit: rolled, resized, scaled, with a new token, gone or new."""
    after: list[Wanted] = []
    for want in wanted:
        what = draw(
            st.sampled_from(("same", "same", "roll", "roll", "resize", "scale", "token", "gone", "back"))
        )
        if what == "roll":
            after.append(replace(want, revision=draw(st.sampled_from(("2", "3")))))
        elif what == "resize":
            claim = draw(claims)
            after.append(replace(want, revision=f"{hash(claim) % 1000}", claim=claim))
        elif what == "scale":
            after.append(replace(want, instances=draw(st.integers(0, 4))))
        elif what == "token":
            after.append(replace(want, token_hash=draw(st.sampled_from(("t", "u")))))
        elif what in ("same", "back"):
            after.append(want)
    names = {want.service for want in after}
    fresh = draw(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=1))
    after += [
        draw(service(name, tuple({want.pool for want in wanted} or {"p"})))
        for name in fresh
        if name not in names
    ]
    return after


@st.composite
def disturbed(draw: st.DrawFn, nodes: list[NodeView]) -> list[NodeView]:
    """Return the nodes after something happened to them: drained, lost, back, a card lost or grown."""
    return [draw(befallen(one)) for one in nodes]


@st.composite
def befallen(draw: st.DrawFn, one: NodeView) -> NodeView:
    """Return a node after what happened to it."""
    what = draw(
        st.sampled_from(
            ("same", "same", "same", "ready", "drain", "undeclare", "cordon", "lost", "card", "grow")
        )
    )
    if what == "card" and one.node.cards:
        card = draw(st.sampled_from(one.node.cards))
        return replace(one, card_states={card.uuid: draw(st.sampled_from(("lost", "draining", "cordoned")))})
    return {
        "ready": NodeView(one.node),
        "drain": replace(one, state="draining", cause="operator", reason="kernel"),
        "undeclare": replace(one, state="draining", cause="program", reason="the node left the program"),
        "cordon": replace(one, state="cordoned", cause="operator"),
        "lost": replace(one, state="lost", cause="observed", reason="no answer"),
        "grow": replace(one, node=replace(one.node, cpu_milli=one.node.cpu_milli + 1000)),
    }.get(what, one)


options = st.builds(
    PlanOptions,
    on_insufficient=st.sampled_from(("refuse", "wait")),
    max_moves=st.sampled_from((0, 0, 1, 2, 8)),
    memory_only=st.sampled_from(("mixed", "mixed", "separate")),
)
