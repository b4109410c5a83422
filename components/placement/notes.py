"""What the reader of a plan should know although nothing is refused."""

from __future__ import annotations

from components.placement.board import Board


def final_warnings(board: Board) -> list[str]:
    """Return warnings about the final state."""
    return []
