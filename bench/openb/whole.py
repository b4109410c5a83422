"""A linear program in whole numbers, for HiGHS, which comes with OR-Tools."""

from __future__ import annotations

from collections.abc import Sequence

from components.placement.solver.simplex import Column, model_of

GAP = 0.01
"""It ends once it is known that no answer is better by more than this share: no clock, so the answer is the same again."""


def maximise_whole(
    columns: Sequence[Column], lows: Sequence[float | None], highs: Sequence[float | None]
) -> list[int]:
    """Return the whole value of each column, with every row between its low and high (None: open)."""
    from ortools.linear_solver.python import model_builder_helper as linear

    solver = linear.ModelSolverHelper("highs")
    solver.enable_output(False)
    solver.set_solver_specific_parameters(f"mip_rel_gap={GAP}\nlog_to_console=false")
    solver.solve(model_of(columns, lows, highs, whole=True))
    if not solver.has_solution():
        raise ArithmeticError(f"HiGHS ended without an answer: {solver.status_string()}")
    return [round(solver.variable_value(variable)) for variable in range(len(columns))]
