"""CP-SAT behind a few words: whole-numbered variables, sums within bounds, one objective, a deterministic limit.

One worker, a fixed seed and deterministic time: the same model has the same answer on every machine with this version of
OR-Tools. The model is written straight into OR-Tools' message form, since its Python layer imports pandas (0.3 s).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

Status = Literal["proven", "found", "impossible", "unknown"]
Term = tuple[int, int]
"""(variable, coefficient)."""
SEED = 1
MISSING = (
    "Placed one after the other they do not all fit; the exhaustive search, which might find a way, is not installed: "
    "pip install 'eas-slices[solver]'."
)
"""What users are told where OR-Tools is not there: what it is and how to get it."""


def installed() -> bool:
    """Return whether OR-Tools is there."""
    return find_spec("ortools") is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """``proven``: no better one exists; ``found``: the limit was reached with an answer, ``unknown``: without one.

    ``bound``: what the objective is at least. ``spent``: deterministic time.
    """

    status: Status
    values: Sequence[int] = ()
    objective: int = 0
    bound: float = 0.0
    spent: float = 0.0

    @property
    def good(self) -> bool:
        """Whether there are values."""
        return self.status in ("proven", "found")


class Model:
    """One problem, built up and solved once or more."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        from ortools.sat import cp_model_pb2

        self._proto = cp_model_pb2.CpModelProto()
        self._statuses: dict[int, Status] = {
            cp_model_pb2.OPTIMAL: "proven",
            cp_model_pb2.FEASIBLE: "found",
            cp_model_pb2.INFEASIBLE: "impossible",
        }

    @property
    def size(self) -> int:
        """How many variables there are."""
        return len(self._proto.variables)

    def whole(self, least: int, most: int) -> int:
        """Return a new variable between these two."""
        self._proto.variables.add(domain=[least, most])
        return self.size - 1

    def total(
        self,
        terms: Iterable[Term],
        least: int | None = None,
        most: int | None = None,
        when: int | None = None,
    ) -> None:
        """Keep a sum of variables times coefficients within bounds; ``when``: only if that 0-1 variable is 1."""
        constraint = self._proto.constraints.add()
        if when is not None:
            constraint.enforcement_literal.append(when)
        for variable, coefficient in terms:
            constraint.linear.vars.append(variable)
            constraint.linear.coeffs.append(coefficient)
        low = -(1 << 62) if least is None else least
        high = 1 << 62 if most is None else most
        constraint.linear.domain.extend((low, high))

    def minimise(self, terms: Iterable[Term]) -> None:
        """Ask for the least sum; what was asked before is forgotten."""
        self._proto.objective.Clear()
        for variable, coefficient in terms:
            self._proto.objective.vars.append(variable)
            self._proto.objective.coeffs.append(coefficient)

    def hint(self, values: Sequence[int]) -> None:
        """Begin with these values, one per variable."""
        self._proto.solution_hint.Clear()
        self._proto.solution_hint.vars.extend(range(len(values)))
        self._proto.solution_hint.values.extend(values)

    def solve(self, limit: float) -> Answer:
        """Solve within a limit in deterministic time, about seconds of one core."""
        from ortools.sat import sat_parameters_pb2
        from ortools.sat.python import cp_model_helper

        parameters = sat_parameters_pb2.SatParameters(
            num_workers=1, random_seed=SEED, max_deterministic_time=limit
        )
        search: Any = cp_model_helper.SolveWrapper()
        search.set_parameters(parameters)
        response = search.solve(self._proto)
        status = self._statuses.get(response.status, "unknown")
        return Answer(
            status,
            tuple(response.solution),
            round(response.objective_value),
            response.best_objective_bound,
            response.deterministic_time,
        )
