"""How many examples each property is tried with: a few hundred in `make test`, `EAS_EXAMPLES` of them in `make fuzz`.

What fails is kept in `.hypothesis/examples`, which git ignores, and tried first by whichever runs next here. Most properties
take a seed and no more: one that failed stays for good as `@example(seed=...)` above its property, beside the mending.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

MANY = int(os.environ.get("EAS_EXAMPLES") or 0)


def examples(usual: int) -> settings:
    """Return the settings of one property."""
    return settings(max_examples=MANY or usual, deadline=None, suppress_health_check=list(HealthCheck))
