"""The best place of an ask: a tournament over all nodes, in which only the nodes that changed play again."""

from __future__ import annotations

from components.placement.value.node import take, weigh
from components.placement.value.shape import NEVER, Asks, Ints, Nodes, Ranks, Shape, Tables


def best(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ranks: Ranks, ask: int) -> int:
    """Return the node where the ask loses least, the first of equals; -1 where it fits nowhere."""
    _refresh(shape, tables, nodes, asks, ranks, ask)
    node = ranks.winner[ask * ranks.leaves + 1]
    return node if ranks.loss[ask * ranks.leaves + node] < NEVER else -1


def best_among(
    shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ranks: Ranks, ask: int, allowed: Ints
) -> int:
    """Return the node where the ask loses least of those that are allowed (not 0), the first of equals; -1 for none."""
    _refresh(shape, tables, nodes, asks, ranks, ask)
    least, chosen = NEVER, -1
    for node in range(len(allowed)):
        if allowed[node] and ranks.loss[ask * ranks.leaves + node] < least:
            least, chosen = ranks.loss[ask * ranks.leaves + node], node
    return chosen


def place_all(
    shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ranks: Ranks, stream: Ints, found: Ints
) -> None:
    """Place one ask after the other; ``found`` gets node and cards (as bits) of each, or -1 and 0."""
    for turn in range(len(stream)):
        ask = stream[turn]
        node = best(shape, tables, nodes, asks, ranks, ask)
        taken = 0
        if node >= 0:
            at = ranks.place[ask * ranks.leaves + node]
            taken = take(shape, tables, nodes, asks, ask, node, at)
        found[2 * turn] = node
        found[2 * turn + 1] = taken


def _refresh(shape: Shape, tables: Tables, nodes: Nodes, asks: Asks, ranks: Ranks, ask: int) -> None:
    """Let the nodes play again that changed since the ask was last looked at; all of them where that is too long ago."""
    base, clock, begin = ask * ranks.leaves, nodes.clock[0], ranks.seen[ask]
    anew = begin < 0 or clock - begin > len(nodes.log)
    turns = len(nodes.cpu) if anew else clock - begin
    for turn in range(turns):
        node = turn if anew else nodes.log[(begin + turn) % len(nodes.log)]
        if not anew and nodes.changed[node] != begin + turn:
            continue
        loss, place = weigh(shape, tables, nodes, asks, ask, node)
        ranks.place[base + node] = place
        if loss != ranks.loss[base + node]:
            ranks.loss[base + node] = loss
            if not anew:
                _play_up(ranks, base, node)
    if anew:
        for knot in range(ranks.leaves - 1, 0, -1):
            ranks.winner[base + knot] = _play(ranks, base, knot)
    ranks.seen[ask] = clock


def _play_up(ranks: Ranks, base: int, node: int) -> None:
    """Play the matches of one node again, up to where nothing changes any more."""
    knot = (ranks.leaves + node) >> 1
    while knot > 0:
        old = ranks.winner[base + knot]
        new = _play(ranks, base, knot)
        ranks.winner[base + knot] = new
        if new == old and new != node:
            break
        knot >>= 1


def _play(ranks: Ranks, base: int, knot: int) -> int:
    """Return the better of a knot's two sides, the left of equals."""
    left, right = 2 * knot, 2 * knot + 1
    if left >= ranks.leaves:
        one, two = left - ranks.leaves, right - ranks.leaves
    else:
        one, two = ranks.winner[base + left], ranks.winner[base + right]
    return one if ranks.loss[base + one] <= ranks.loss[base + two] else two
