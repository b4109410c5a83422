"""A rule is data: its name, how much it matters, one sentence, what it looks at and finds, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from components.rules.parameters import Parameters
from components.spec.fault import Level

Subject = Literal[
    "reading",
    "slicing",
    "metadata",
    "containers",
    "autoscaler",
    "pool fit",
    "pools",
    "project",
    "limits",
    "outcome",
]
"""What a rule is about; the sections of ``docs/rules.md``."""

Enforcement = Literal["mandatory", "advisory", "off"]
"""What the policy pack does about a broken rule, unless it is configured otherwise."""

View = TypeVar("View")
Given = TypeVar("Given", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What one rule found at one field. ``fix`` replaces the rule's own where numbers allow a better one.

    ``subject``: the pool or service it is about, where the view holds several.
    """

    field: str
    value: Any
    message: str
    fix: str = ""
    subject: str = ""


def always(_view: object) -> bool:
    """Apply everywhere."""
    return True


@dataclass(frozen=True, slots=True)
class Rule(Generic[View]):
    """One rule.

    ``statement`` says in one sentence what holds where the rule is kept. ``applies`` is asked first;
    ``judge`` yields nothing where the rule is kept. Both are pure and read the view only.
    ``pack``: what the policy pack does by default, where that does not follow from the level.
    """

    id: str
    level: Level
    subject: Subject
    statement: str
    fix: str
    judge: Callable[..., Iterable[Complaint]]
    applies: Callable[[View], bool] = always
    pack: Enforcement | None = None
    parameters: type[Parameters] | None = None

    @property
    def enforcement(self) -> Enforcement:
        """The pack's default: mandatory, but off for notices, which ``up`` prints; or the rule's own."""
        if self.pack is not None:
            return self.pack
        return "off" if self.level == "notice" else "mandatory"

    def complaints(self, view: View, given: Parameters | None = None) -> Iterable[Complaint]:
        """Yield what this rule finds in ``view``, under the parameters ``given`` or their defaults."""
        if not self.applies(view):
            return ()
        if self.parameters is None:
            return self.judge(view)
        return self.judge(view, given if given is not None else self.parameters())


def limit(
    id_: str,
    subject: Subject,
    statement: str,
    fix: str,
    parameters: type[Given],
    judge: Callable[[View, Given], Iterable[Complaint]],
) -> Rule[View]:
    """Return a rule with parameters: what a team sets for itself, so off until it does."""
    return Rule(id_, "notice", subject, statement, fix, judge, parameters=parameters)
