"""What a node is worth, and what it loses by one more instance. Integers only.

``worth = min over CPU prices of (price * free CPU + sum over cards of their value + what gangs add)``: the node as a whole
has one CPU price. The best place loses least; what stays free of a node counts a little, so that among equals the fuller
one is taken.
"""

from __future__ import annotations

from components.placement.value.shape import NEVER, Asks, Nodes, Shape, Tables

CPU_LEFT = 5
"""What a thousandth of a core that stays free counts: 0.01 cards per 128 cores."""
CARDS_LEFT = 82
"""What a thousandth of a card that stays free counts: 0.01 cards per 8 cards."""


def settle(shape: Shape, tables: Tables, nodes: Nodes, node: int) -> None:
    """Work out ``state`` of a node's cards, its ``whole``, ``left``, ``worth`` and ``before`` from what is free of it."""
    cards, worth = shape.cards, nodes.worth[node]
    whole = left = 0
    for mu in range(len(worth)):
        worth[mu] = shape.cpu_prices_int[mu] * nodes.cpu[node]
    for at in range(node * cards, node * cards + nodes.number[node]):
        state = state_of(shape, nodes, at)
        nodes.state[at] = state
        nodes.twin[at] = state < 0 or _seen_before(nodes, node * cards, at)
        if state >= 0:
            whole += is_free(nodes, at)
            left += nodes.room[at] * 1000 // nodes.size[at]
            row = tables.card[state]
            for mu in range(len(worth)):
                worth[mu] += row[mu]
    nodes.whole[node], nodes.left[node] = whole, left
    best, gang = NEVER, tables.gang[nodes.main[node] * (cards + 1) + whole]
    for mu in range(len(worth)):
        best = min(best, worth[mu] + gang[mu])
    nodes.before[node] = best


def state_of(shape: Shape, nodes: Nodes, at: int) -> int:
    """Return the state of a card, rounded down; -1 for one that takes nothing."""
    type_ = nodes.type[at]
    if type_ < 0 or nodes.room[at] < 0 or nodes.compute[at] < 0:
        return -1
    units = min(nodes.room[at] // shape.unit[type_], shape.units[type_])
    state: int = shape.first[type_] + units * (shape.steps + 1) + nodes.compute[at] * shape.steps // 100
    return state


def is_free(nodes: Nodes, at: int) -> bool:
    """Return whether nothing is on a card."""
    return bool(nodes.room[at] == nodes.size[at] and nodes.compute[at] == 100)


def admits(nodes: Nodes, asks: Asks, ask: int, node: int) -> bool:
    """Return whether a node, beside its cards, may and can take one more of ``ask``."""
    if not asks.may[ask * nodes.kinds + nodes.kind[node]]:
        return False
    if asks.cpu[ask] > 0 and asks.cpu[ask] > nodes.cpu[node]:
        return False
    if asks.memory[ask] > 0 and asks.memory[ask] > nodes.memory[node]:
        return False
    return bool(asks.apart[ask] == 0 or nodes.slices[3 * node + asks.apart[ask]] == 0)


def weigh(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ask: int, node: int) -> tuple[int, int]:
    """Return what the node loses by one more of ``ask`` and the card where it loses least (-1: none, or whole cards)."""
    if not admits(nodes, asks, ask, node):
        return NEVER, -1
    if asks.gpus[ask]:
        return _whole_cards(shape, tables, nodes, asks, ask, node), -1
    if not asks.slice[ask]:
        return _cpu_only(shape, tables, nodes, asks, ask, node), -1
    begin = node * shape.cards
    least, chosen = NEVER, -1
    types = len(shape.units)
    for at in range(begin, begin + nodes.number[node]):
        if nodes.twin[at] or nodes.room[at] < asks.room[ask * types + nodes.type[at]]:
            continue
        loss = weigh_card(shape, tables, nodes, asks, ask, at)
        if loss < least:
            least, chosen = loss, at
    return least, chosen


def weigh_card(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ask: int, at: int) -> int:
    """Return what the node of a card loses by one more slice on it; the node itself is not asked whether it admits that."""
    types, node, state, type_ = len(shape.units), at // shape.cards, nodes.state[at], nodes.type[at]
    if state < 0 or nodes.room[at] < asks.room[ask * types + type_]:
        return NEVER
    if asks.compute[ask] > 0 and nodes.compute[at] < asks.compute[ask]:
        return NEVER
    whole = nodes.whole[node] - is_free(nodes, at)
    gang = tables.gang[nodes.main[node] * (shape.cards + 1) + whole]
    now, then = tables.card[state], tables.card[_lower(shape, asks, ask, type_, state)]
    best, worth, toll = NEVER, nodes.worth[node], asks.toll[ask]
    for mu in range(len(worth)):
        best = min(best, worth[mu] - toll[mu] - now[mu] + then[mu] + gang[mu])
    loss: int = nodes.before[node] - best + CPU_LEFT * (nodes.cpu[node] - asks.cpu[ask])
    loss += CARDS_LEFT * (nodes.left[node] - asks.share[ask * types + type_])
    return loss


def _cpu_only(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ask: int, node: int) -> int:
    """Return the loss by what takes no card."""
    best, worth, toll = NEVER, nodes.worth[node], asks.toll[ask]
    gang = tables.gang[nodes.main[node] * (shape.cards + 1) + nodes.whole[node]]
    for mu in range(len(worth)):
        best = min(best, worth[mu] - toll[mu] + gang[mu])
    loss: int = nodes.before[node] - best + CPU_LEFT * (nodes.cpu[node] - asks.cpu[ask])
    loss += CARDS_LEFT * nodes.left[node]
    return loss


def _seen_before(nodes: Nodes, begin: int, at: int) -> bool:
    """Return whether an earlier card of the node is just like this one."""
    for other in range(begin, at):
        if (
            nodes.room[other] == nodes.room[at]
            and nodes.compute[other] == nodes.compute[at]
            and nodes.type[other] == nodes.type[at]
        ):
            return True
    return False


def _lower(shape: Shape, asks: Asks, ask: int, type_: int, state: int) -> int:
    """Return the state of a card once it has taken the ask; sizes that are no multiple of a unit are rounded up."""
    width = shape.steps + 1
    units = asks.units[ask * len(shape.units) + type_]
    if shape.exact:
        after: int = state - units * width - asks.steps[ask]
        return after
    free = (state - shape.first[type_]) // width
    steps = state - shape.first[type_] - free * width
    rounded: int = shape.first[type_] + max(free - units, 0) * width + max(steps - asks.steps[ask], 0)
    return rounded


def _whole_cards(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ask: int, node: int) -> int:
    """Return the loss by taking cards whole, all as if they were like the first that is free."""
    types, number = len(shape.units), asks.gpus[ask]
    begin = node * shape.cards
    found, type_ = 0, -1
    for at in range(begin, begin + nodes.number[node]):
        if nodes.state[at] >= 0 and is_free(nodes, at):
            if asks.room[ask * types + nodes.type[at]] >= NEVER:
                continue
            found += 1
            if type_ < 0:
                type_ = nodes.type[at]
    if found < number:
        return NEVER
    full, empty = tables.card[shape.first[type_ + 1] - 1], tables.card[shape.first[type_]]
    gang = tables.gang[nodes.main[node] * (shape.cards + 1) + nodes.whole[node] - number]
    best, worth, toll = NEVER, nodes.worth[node], asks.toll[ask]
    for mu in range(len(worth)):
        best = min(best, worth[mu] - toll[mu] - number * (full[mu] - empty[mu]) + gang[mu])
    loss: int = nodes.before[node] - best + CPU_LEFT * (nodes.cpu[node] - asks.cpu[ask])
    loss += CARDS_LEFT * (nodes.left[node] - 1000 * number) + number * asks.large[ask * types + type_]
    return loss


def take(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ask: int, node: int, at: int) -> int:
    """Put one more of ``ask`` on the node: on the card ``at``, or on the first cards that are free as a whole.

    Returns the places of its cards on the node, as bits.
    """
    types = len(shape.units)
    nodes.cpu[node] -= asks.cpu[ask]
    nodes.memory[node] -= asks.memory[ask]
    if asks.slice[ask]:
        nodes.room[at] -= asks.room[ask * types + nodes.type[at]]
        nodes.compute[at] -= asks.compute[ask]
        nodes.slices[3 * node + (1 if asks.compute[ask] else 2)] += 1
    left, begin = asks.gpus[ask], node * shape.cards
    taken = 1 << (at - begin) if asks.slice[ask] else 0
    for other in range(begin, begin + nodes.number[node]):
        if left == 0:
            break
        if nodes.state[other] >= 0 and is_free(nodes, other):
            if asks.room[ask * types + nodes.type[other]] >= NEVER:
                continue
            nodes.room[other] = nodes.compute[other] = 0
            taken |= 1 << (other - begin)
            left -= 1
    change(shape, tables, nodes, node)
    return taken


def note(nodes: Nodes, node: int) -> None:
    """Record that a node changed."""
    clock = nodes.clock[0]
    nodes.log[clock % len(nodes.log)] = node
    nodes.changed[node] = clock
    nodes.clock[0] = clock + 1


def change(shape: Shape, tables: Tables, nodes: Nodes, node: int) -> None:
    """Take up what is free of a node now."""
    settle(shape, tables, nodes, node)
    note(nodes, node)
