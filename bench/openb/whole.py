"""A linear program in whole numbers, for HiGHS, which comes with OR-Tools."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from components.placement.solver.simplex import Column

GAP = 0.01
"""It ends once it is known that no answer is better by more than this share: no clock, so the answer is the same again."""


def maximise_whole(
    columns: Sequence[Column], lows: Sequence[float | None], highs: Sequence[float | None]
) -> list[int]:
    """Return the whole value of each column, with every row between its low and high (None: open)."""
    from ortools.linear_solver.python import model_builder_helper as linear

    model = linear.ModelBuilderHelper()
    for low, high in zip(lows, highs, strict=True):
        row = model.add_linear_constraint()
        model.set_constraint_lower_bound(row, -inf if low is None else low)
        model.set_constraint_upper_bound(row, inf if high is None else high)
    for column in columns:
        variable = model.add_var()
        model.set_var_integrality(variable, True)
        model.set_var_lower_bound(variable, column.least)
        model.set_var_upper_bound(variable, inf if column.most is None else column.most)
        model.set_var_objective_coefficient(variable, column.worth)
        for row, coefficient in column.rows:
            model.add_term_to_constraint(row, variable, coefficient)
    model.set_maximize(True)
    solver = linear.ModelSolverHelper("highs")
    solver.enable_output(False)
    solver.set_solver_specific_parameters(f"mip_rel_gap={GAP}\nlog_to_console=false")
    solver.solve(model)
    if not solver.has_solution():
        raise ArithmeticError(f"HiGHS ended without an answer: {solver.status_string()}")
    return [round(solver.variable_value(variable)) for variable in range(len(columns))]
