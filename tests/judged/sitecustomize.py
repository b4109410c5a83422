"""Python reads this at its start where the folder is on PYTHONPATH, which ``tests/conftest.py`` sees to.

So plans are judged in every process that a test starts as well: ``eas``, Pulumi's providers, workers that are killed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.placement.plan_types import Plan, PlanOptions
    from components.placement.snapshot import Snapshot
    from components.spec.claim import Wanted


class _Judging(Loader):
    """Loads a module as ever, then puts the judge around its ``plan``."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the usual loader."""
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; ``plan`` then fails where the checker rejects what it made."""
        self._usual.exec_module(module)
        planned = module.plan

        def plan(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
            from components.placement.checker import violations

            made: Plan = planned(snapshot, wanted, options)
            if faults := violations(snapshot, wanted, made, options):
                raise AssertionError(f"the checker rejects this plan: {faults}")
            return made

        module.plan = plan  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    """Finds the one module that makes plans, once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the usual place of ``components.placement.plan``, with the judge as loader."""
        if fullname != "components.placement.plan":
            return None
        sys.meta_path.remove(self)
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and found.loader is not None:
            found.loader = _Judging(found.loader)
        return found


sys.meta_path.insert(0, _Finder())
