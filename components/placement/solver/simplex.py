"""A linear program for GLOP: columns in, value and dual prices out. The one place where OR-Tools solves LPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ortools.linear_solver.python.model_builder_helper import ModelBuilderHelper


@dataclass(frozen=True, slots=True)
class Column:
    """One variable: its worth in the objective, (row, coefficient) pairs, and its bounds (``most`` None: none)."""

    worth: float
    rows: tuple[tuple[int, int], ...]
    least: float = 0.0
    most: float | None = None


def maximise(
    columns: Sequence[Column], lows: Sequence[float | None], highs: Sequence[float | None]
) -> tuple[float, list[float]]:
    """Return the greatest worth with every row between its low and high (None: open), and the dual price of each row."""
    from ortools.linear_solver.python import model_builder_helper as glop

    solver = glop.ModelSolverHelper("glop")
    solver.solve(model_of(columns, lows, highs))
    if not solver.has_solution():
        raise ArithmeticError(f"GLOP ended without an answer: {solver.status_string()}")
    # One by one, since all of them at once come as an array, for which numpy would be imported.
    return solver.objective_value(), [float(solver.dual_value(row)) for row in range(len(lows))]


def model_of(
    columns: Sequence[Column],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    whole: bool = False,
) -> ModelBuilderHelper:
    """Return the problem for a solver of OR-Tools; ``whole``: every column takes a whole number."""
    # What OR-Tools' own modelling layers stand on: those import pandas, and pywraplp warns when it is imported.
    from ortools.linear_solver.python import model_builder_helper as linear

    model = linear.ModelBuilderHelper()
    for low, high in zip(lows, highs, strict=True):
        row = model.add_linear_constraint()
        model.set_constraint_lower_bound(row, -inf if low is None else low)
        model.set_constraint_upper_bound(row, inf if high is None else high)
    for column in columns:
        variable = model.add_var()
        if whole:
            model.set_var_integrality(variable, True)
        model.set_var_lower_bound(variable, column.least)
        model.set_var_upper_bound(variable, inf if column.most is None else column.most)
        model.set_var_objective_coefficient(variable, column.worth)
        for row, coefficient in column.rows:
            model.add_term_to_constraint(row, variable, coefficient)
    model.set_maximize(True)
    return model
