"""Looks at every card for one claim that found no place: what each lacks, which comes nearest, and what would help.

Only asked for what is refused or waits, so it may be slow and thorough.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from components.placement.board import Board
from components.placement.capacity import View
from components.placement.feasible import (
    CAPACITY,
    FEW_CARDS,
    FEW_FREE,
    FOREIGN,
    MEMORY,
    REASONS,
    Ask,
    card_fault,
    node_fault,
    room_fault,
)  # fmt: skip
from components.placement.spread import could_host
from components.spec.units import FULL_COMPUTE, MIB


@dataclass(frozen=True, slots=True)
class Short:
    """What is missing at one place: per dimension, in its unit. ``cards``: whole cards."""

    node: int
    cards: tuple[int, ...]
    memory: int = 0
    compute: int = 0
    cpu: int = 0
    node_memory: int = 0
    whole: int = 0
    chosen: str = ""

    @property
    def amounts(self) -> tuple[int, ...]:
        """The amounts alone."""
        return (self.whole, self.memory, self.compute, self.cpu, self.node_memory)


class Survey:
    """One claim against all cards in one view of the books."""

    def __init__(self, board: Board, ask: Ask, view: View) -> None:
        """Count the reasons and find the nearest miss."""
        self.board = board
        self.ask = ask
        self.view = view
        found: Counter[str] = Counter()
        self.nearest: Short | None = None
        self._score: tuple[int, ...] | None = None
        for node in range(len(board.grid.nodes)):
            self._look(node, found)
        self.counts = {reason: found[reason] for reason in REASONS if found[reason]}
        self.able = found[""]

    def _look(self, node: int, found: Counter[str]) -> None:
        ask, grid = self.ask, self.board.grid
        cards = grid.cards_of[node]
        weight = 1 if ask.kind == "cpu" else len(cards)
        fault = node_fault(ask, grid, node)
        if not fault and ask.kind == "exclusive" and len(cards) < ask.claim.gpu:
            fault = FEW_CARDS
        if fault:
            found[fault] += weight
            return
        room = room_fault(ask, grid, self.view, node)
        if ask.kind == "cpu":
            found[room] += 1
            self._consider(self._short(node, (), room))
            return
        faults = {card: card_fault(ask, grid, self.view, card) for card in cards}
        good = [card for card in cards if not faults[card]]
        if ask.kind == "exclusive" and len(good) < ask.claim.gpu:
            room = FEW_FREE
        for card in cards:
            found[self._owner_of_blame(card, faults[card]) or room] += 1
        if ask.kind == "exclusive":
            usable = [card for card in cards if faults[card] in ("", *_TAKEN)]
            if len(usable) >= ask.claim.gpu:
                self._consider(self._short(node, tuple(good), room))
            return
        for card in cards:
            if faults[card] in ("", *_TAKEN, CAPACITY):
                self._consider(self._short(node, (card,), room))

    def _owner_of_blame(self, card: int, fault: str) -> str:
        """Tell memory that other owners hold from memory that this owner could free."""
        if fault == MEMORY:
            need = self.ask.sizes[self.board.grid.units[self.board.grid.card_node[card]]]
            own = self.view.level[2 * card] - self.board.foreign[2 * card]
            if self.view.level[2 * card] - own + need > self.board.grid.caps[2 * card]:
                return FOREIGN
        return fault

    def _short(self, node: int, cards: tuple[int, ...], room: str) -> Short:
        ask, grid, level = self.ask, self.board.grid, self.view.level
        slot = grid.cpu_slot(node)
        memory = compute = whole = 0
        if ask.kind == "slice":
            (card,) = cards
            memory = level[2 * card] + ask.sizes[grid.units[node]] - grid.caps[2 * card]
            compute = level[2 * card + 1] + ask.compute - FULL_COMPUTE if ask.compute else 0
        elif ask.kind == "exclusive":
            whole = ask.claim.gpu - len(cards)
        return Short(
            node,
            cards,
            max(memory, 0),
            max(compute, 0),
            max(level[slot] + ask.cpu - grid.caps[slot], 0) if ask.cpu else 0,
            max(level[slot + 1] + ask.memory - grid.caps[slot + 1], 0) if ask.memory else 0,
            max(whole, 0),
            room,
        )

    def _consider(self, short: Short) -> None:
        """Keep the place where the least is missing, measured in thousandths of what there is."""
        grid = self.board.grid
        slot = grid.cpu_slot(short.node)
        sizes = (max(self.ask.claim.gpu, 1), 1, FULL_COMPUTE, grid.caps[slot], grid.caps[slot + 1])
        if self.ask.kind == "slice":
            sizes = (1, grid.caps[2 * short.cards[0]], *sizes[2:])
        parts = [amount * 1000 // max(size, 1) for amount, size in zip(short.amounts, sizes, strict=True)]
        score = (sum(parts), *short.amounts, short.node, *short.cards)
        if self._score is None or score < self._score:
            self._score, self.nearest = score, short

    def smaller(self) -> tuple[int, str, int] | None:
        """Return the largest ``gpu_memory`` that fits somewhere now, its unit there and the card, or None."""
        ask, grid = self.ask, self.board.grid
        best: tuple[int, int] | None = None
        for node in grid.pools.get(ask.pool, ()):
            if node_fault(ask, grid, node) or room_fault(ask, grid, self.view, node):
                continue
            for card in grid.cards_of[node]:
                free = grid.caps[2 * card] - self.view.level[2 * card]
                number = free // 1024 if grid.units[node] == "GiB" else free * MIB // 10**9
                passes = grid.card_ready[card] and (not ask.models or grid.card_model[card] in ask.models)
                enough = not ask.compute or self.view.level[2 * card + 1] + ask.compute <= FULL_COMPUTE
                if passes and enough and number >= 1 and (best is None or (number, -card) > best):
                    best = (number, -card)
        if best is None or best[0] >= ask.claim.gpu_memory:
            return None
        return best[0], grid.nodes[grid.card_node[-best[1]]].unit, -best[1]

    def fewer_percent(self) -> tuple[int, int] | None:
        """Return the largest ``gpu_core_percentage`` with which it fits somewhere now, and the card, or None."""
        ask, grid = self.ask, self.board.grid
        best: tuple[int, int] | None = None
        for node in grid.pools.get(ask.pool, ()):
            if node_fault(ask, grid, node) or room_fault(ask, grid, self.view, node):
                continue
            for card in grid.cards_of[node]:
                passes = grid.card_ready[card] and (not ask.models or grid.card_model[card] in ask.models)
                fits = self.view.level[2 * card] + ask.sizes[grid.units[node]] <= grid.caps[2 * card]
                rest = FULL_COMPUTE - self.view.level[2 * card + 1]
                if passes and fits and 1 <= rest < ask.compute and (best is None or (rest, -card) > best):
                    best = (rest, -card)
        return None if best is None else (best[0], -best[1])

    def host_type(self) -> str:
        """Return an instance type of the pool of which one more, empty, would take it; empty if there is none."""
        grid = self.board.grid
        types = {
            grid.nodes[node].instance_type
            for node in grid.pools.get(self.ask.pool, ())
            if could_host(self.ask.wanted, grid, node)
        }
        near = grid.nodes[self.nearest.node].instance_type if self.nearest is not None else ""
        return near if near in types else min(types, default="")

    def largest_card(self) -> int | None:
        """Return the largest card where the claim may be at all."""
        ask, grid = self.ask, self.board.grid
        cards = [
            card
            for node in grid.pools.get(ask.pool, ())
            if not node_fault(ask, grid, node)
            for card in grid.cards_of[node]
            if grid.card_ready[card] and (not ask.models or grid.card_model[card] in ask.models)
        ]
        return max(cards, key=lambda card: (grid.caps[2 * card], -card), default=None)


_TAKEN = tuple(reason for reason in REASONS if REASONS.index(reason) > REASONS.index(FEW_CARDS))
