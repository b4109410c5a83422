"""The sentences of refusals: what is asked for, what comes nearest, what would help."""

from __future__ import annotations

from components.placement.capacity import Grid
from components.placement.feasible import Ask
from components.placement.survey import Short, Survey

_OVERRIDE = "if the card really holds more, set `memory_mib` of the card in pool.yaml"


def cores(milli: int) -> str:
    """Return ``1.5 cores``."""
    return f"{milli / 1000:g} core{'' if milli == 1000 else 's'}"


def asks(ask: Ask, grid: Grid) -> str:
    """Return what one instance asks for, with the size in MiB of every unit that its pool has."""
    claim = ask.claim
    parts = []
    if ask.kind == "exclusive":
        parts.append(f"{claim.gpu} whole card{'' if claim.gpu == 1 else 's'}")
    elif ask.kind == "slice":
        units = sorted({grid.units[node] for node in grid.pools.get(ask.pool, ())}, reverse=True) or ["GiB"]
        sizes = " or ".join(f"{claim.gpu_memory} {unit} ({ask.sizes[unit]:,} MiB)" for unit in units)
        parts.append(f"{sizes} of one card")
        if ask.compute:
            parts.append(f"{ask.compute} % of its compute")
    if ask.cpu:
        parts.append(cores(ask.cpu))
    if ask.memory:
        parts.append(f"{ask.memory:,} MiB of node memory")
    if claim.models:
        parts.append(f"model {' or '.join(claim.models)}")
    if claim.instance_types:
        parts.append(f"instance type {' or '.join(claim.instance_types)}")
    return (", ".join(parts) or "nothing") + f" in pool {ask.pool}"


def address(grid: Grid, short: Short) -> str:
    """Return ``gpu-a/0``, or the node where no card matters."""
    name = grid.nodes[short.node].name
    return f"{name}/{grid.card_index[short.cards[0]]}" if len(short.cards) == 1 and not short.whole else name


def nearest(survey: Survey) -> str:
    """Say where the least is missing, how much, and who takes it."""
    grid, short = survey.board.grid, survey.nearest
    if survey.ask.pool not in grid.pools:
        return f"There is no node in pool {survey.ask.pool}."
    if short is None:
        return ""
    if survey.ask.kind == "exclusive" and short.whole:
        return _whole_cards(survey, short)
    where = address(grid, short)
    missing = _missing(short)
    if not missing:
        return f"{where} has room, but is {short.chosen}." if short.chosen else ""
    details = []
    if short.memory:
        card = short.cards[0]
        spelled = next(one for one in grid.nodes[short.node].cards if one.uuid == grid.uuids[card])
        taken = _takers(survey, 2 * card)
        details.append(
            f"its {spelled.model} has {spelled.memory_mib:,} MiB {spelled.capacity_source}"
            + (f", of which {taken} taken" if taken else "")
        )
    if short.compute:
        details.append(f"of its compute {_takers(survey, 2 * short.cards[0] + 1)} taken")
    return f"The nearest miss is short {missing} on {where}" + (
        f": {'; '.join(details)}." if details else "."
    )


def _missing(short: Short) -> str:
    parts = []
    if short.memory:
        parts.append(f"{short.memory:,} MiB")
    if short.compute:
        parts.append(f"{short.compute} % of compute")
    if short.cpu:
        parts.append(cores(short.cpu))
    if short.node_memory:
        parts.append(f"{short.node_memory:,} MiB of node memory")
    return " and ".join(parts)


def _takers(survey: Survey, slot: int, most: int = 4) -> str:
    items = survey.board.takers(slot)
    shown = " + ".join(f"{amount:,} ({name})" for name, amount, _ in items[:most])
    return (
        shown
        + (f" + {len(items) - most} more" if len(items) > most else "")
        + (" are" if items else "nothing is")
    )


def _whole_cards(survey: Survey, short: Short) -> str:
    grid = survey.board.grid
    busy = [
        f"{grid.card_index[card]} by {survey.board.takers(2 * card)[0][0]}"
        for card in grid.cards_of[short.node]
        if card not in short.cards and survey.board.takers(2 * card)
    ]
    free = len(short.cards)
    sentence = f"The nearest miss is {grid.nodes[short.node].name}, which has {free} of {survey.ask.claim.gpu} cards free"
    return sentence + (f"; in use: {', '.join(busy[:4])}." if busy else ".")


def remedy(survey: Survey) -> str:
    """Say what would make it fit."""
    ways = [
        way
        for way in (_too_large(survey), _smaller(survey), _fewer_percent(survey), _one_less(survey))
        if way
    ]
    if survey.counts and (kind := survey.host_type()):
        ways.append(f"one more {kind} node")
    elif not ways and survey.counts:
        return f"No node of pool {survey.ask.pool} could take it even when empty."
    return f"It would fit with {', or with '.join(ways)}." if ways else ""


def _too_large(survey: Survey) -> str:
    ask, grid = survey.ask, survey.board.grid
    card = survey.largest_card() if ask.kind == "slice" else None
    if card is None:
        return ""
    node = grid.nodes[grid.card_node[card]]
    need, capacity = ask.sizes[node.unit], grid.caps[2 * card]
    if need <= capacity:
        return ""
    spelled = next(one for one in node.cards if one.uuid == grid.uuids[card])
    return (
        f"a larger card ({ask.claim.gpu_memory} {node.unit} are {need:,} MiB, and the largest, {node.name}/{spelled.index} "
        f"({spelled.model}), has {capacity:,} MiB {spelled.capacity_source}: {_OVERRIDE})"
    )


def _smaller(survey: Survey) -> str:
    if survey.ask.kind != "slice" or (found := survey.smaller()) is None:
        return ""
    number, unit, card = found
    grid = survey.board.grid
    where = f"{grid.nodes[grid.card_node[card]].name}/{grid.card_index[card]}"
    return f"gpu_memory {number} ({unit}, on {where} now)"


def _fewer_percent(survey: Survey) -> str:
    if not survey.ask.compute or (found := survey.fewer_percent()) is None:
        return ""
    percent, card = found
    grid = survey.board.grid
    where = f"{grid.nodes[grid.card_node[card]].name}/{grid.card_index[card]}"
    return f"gpu_core_percentage {percent} (on {where} now)"


def _one_less(survey: Survey) -> str:
    """Name a service of this owner of which one instance less, its highest ordinal, makes room at the nearest miss."""
    short = survey.nearest
    if short is None or survey.ask.kind != "slice" or short.cpu or short.node_memory or short.chosen:
        return ""
    card = short.cards[0]
    memory = {name: amount for name, amount, own in survey.board.takers(2 * card) if own}
    compute = {name: amount for name, amount, own in survey.board.takers(2 * card + 1) if own}
    enough = [
        (amount, name)
        for name, amount in memory.items()
        if amount >= short.memory and compute.get(name, 0) >= short.compute
        and survey.ask.sizes[survey.board.grid.units[short.node]] <= survey.board.grid.caps[2 * card]
    ]  # fmt: skip
    last = {
        f"{group.wanted.service}/{group.instances - 1}"
        for group in survey.board.groups
        if group.wanted.autoscale is None and group.wanted.service != survey.ask.wanted.service
    }
    enough = [item for item in enough if item[1] in last]
    return f"one instance less of {min(enough)[1].rsplit('/', 1)[0]}" if enough else ""


def freed(survey: Survey) -> str:
    """Say what has to be freed for a surge instance."""
    grid, short = survey.board.grid, survey.nearest
    if short is None:
        return "free a place for a surge instance"
    if short.whole:
        cards = f"{short.whole} more card{'' if short.whole == 1 else 's'}"
        return f"free {cards} of {grid.nodes[short.node].name} for a surge instance"
    missing = _missing(short)
    return (
        f"free {missing} on {address(grid, short)} for a surge instance"
        if missing
        else "free a place for a surge instance"
    )
