"""Carries a committed plan out: drives runtimes from the ledger until what is planned, recorded and seen agree.

In reading order: ``table`` says what follows from what; ``order`` and ``lanes`` say which steps may begin; ``task`` is one
step under way, ``outfit`` and ``launch`` fill it from the ledger, ``watch`` looks at its instance, ``book`` writes down and
``effects`` tells the runtimes; ``run`` is one tick of all that and ``loop`` all ticks. ``teardown`` stops without a plan,
``observe`` only looks. Nothing is placed here and nothing is asked of Pulumi.
"""

from components.settle.loop import settle
from components.settle.outcome import NotReleased, Outcome, SettleError
from components.settle.progress import Progress

__all__ = ["NotReleased", "Outcome", "Progress", "SettleError", "settle"]
