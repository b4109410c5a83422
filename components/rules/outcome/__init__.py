"""Rules of what a plan would do: judged by the policy pack on the checked inputs of ``Placement``."""

from components.rules.outcome.apart import APART
from components.rules.outcome.disturbance import DISTURBANCE
from components.rules.outcome.room import ROOM
from components.rules.outcome.spending import SPENDING
from components.rules.outcome.view import OutcomeView
from components.rules.rule import Rule

OUTCOME: tuple[Rule[OutcomeView], ...] = (*DISTURBANCE, *APART, *ROOM, *SPENDING)

__all__ = ["OUTCOME", "OutcomeView"]
