"""The rule table: every rule of every subject, in the order of ``docs/rules.md``."""

from __future__ import annotations

from typing import Any

from components.rules.autoscaler import AUTOSCALER
from components.rules.containers import CONTAINERS
from components.rules.limits import LIMITS
from components.rules.metadata import METADATA
from components.rules.outcome import OUTCOME
from components.rules.pool_fit import POOL_FIT
from components.rules.pools import POOLS
from components.rules.projects import PROJECTS
from components.rules.reading import READING
from components.rules.rule import Rule
from components.rules.slicing import SLICING
from components.rules.views import ServiceView

SERVICE_RULES: tuple[Rule[ServiceView], ...] = (*SLICING, *METADATA, *CONTAINERS, *AUTOSCALER, *POOL_FIT)

RULES: tuple[Rule[Any], ...] = (*READING, *SERVICE_RULES, *POOLS, *PROJECTS, *LIMITS, *OUTCOME)

BY_ID: dict[str, Rule[Any]] = {rule.id: rule for rule in RULES}
