"""One series: change after change on one project, each previewed, perhaps crossed by a neighbour, applied and judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from bench.fleet.lab import OWNER, Lab, Said
from bench.fleet.neighbour import Neighbour
from bench.fleet.program import NODES, Program, changed, first
from bench.fleet.seen import Seen, look
from bench.preview_truth.truth import Forecast

Verdict = Literal["as previewed", "refused with reason", "preview refused", "wrong"]
WEIGHTS = {"add": 20, "scale": 25, "resize": 13, "roll": 14, "token": 4, "remove": 10, "drain": 14}
POOLS: tuple[dict[str, Any], ...] = (
    {},
    {"max_moves": 2},
    {"on_insufficient": "wait"},
    {"memory_only": "separate", "max_moves": 1},
)
"""How each series has its services placed; the fifth begins anew."""
REFUSED = 1
STALE = 4
SAVED = "plan.json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change. ``between``: what happened between preview and apply; ``why``: reason or differences."""

    number: int
    kind: str
    what: str
    between: str
    verdict: Verdict
    why: list[str] = field(default_factory=list)
    steps: int = 0


class Series:
    """Its project, its neighbour and its chance."""

    def __init__(self, folder: Path, seed: int, number: int) -> None:
        """Make the project in a new folder; the same seed and number make the same series."""
        self.lab = Lab(folder, pool=POOLS[number % len(POOLS)])
        self._chance = Random(f"{seed}/{number}")
        self._program = self._good = Program()
        self._drained = ""
        self._begin()
        self._neighbour = Neighbour(str(self.lab.home / "ledger.db"), self.lab.home, "theirs")

    def _begin(self) -> None:
        """Bring up what there is before the first change; smaller and smaller until it fits."""
        for services in (4, 3, 2, 1):
            self._program = self._good = first(self._chance, services)
            self.lab.write(self._program)
            if not self.lab.eas("up", "--no-policy", "--yes").code:
                return
        raise RuntimeError("nothing fits an empty pool")

    def run(self, changes: int, told: Callable[[Outcome], None]) -> None:
        """Make changes until so many were applied or refused by their apply; refused previews come on top."""
        applied = number = 0
        try:
            while applied < changes:
                number += 1
                outcome = self._one(number)
                applied += outcome.verdict != "preview refused"
                told(outcome)
        finally:
            self._neighbour.close()

    def _one(self, number: int) -> Outcome:
        before = look(self.lab.home)
        if self._chance.random() < 0.25:
            self._cross(before, list(before.cards))
            before = look(self.lab.home)
        kind, what = self._change()
        self.lab.write(self._program)
        apply = self._saved if self._chance.random() < 0.6 else self._at_once
        verdict, why, between, steps = apply(before)
        if verdict == "as previewed":
            self._good = self._program
        elif verdict in ("preview refused", "wrong"):
            self._program = self._good
        return Outcome(number, kind, what, between, verdict, why, steps)

    def _change(self) -> tuple[str, str]:
        """Change the program, or for some drains what an operator says of a node."""
        while True:
            (kind,) = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            if kind == "drain" and self._chance.random() < 0.5:
                return kind, self._operator()
            if found := changed(self._program, kind, self._chance):
                self._program, what = found
                return kind, what

    def _operator(self) -> str:
        node = self._drained or self._chance.choice(NODES)
        self._neighbour.operator(node, "ready" if self._drained else "draining")
        self._drained = "" if self._drained else node
        return f"operator: {node} {'draining' if self._drained else 'ready again'}"

    # --------------------------------------------------------------------------------------------- applying

    def _saved(self, before: Seen) -> tuple[Verdict, list[str], str, int]:
        """Save the preview's plan, let somebody come between, apply it."""
        said = self.lab.eas("preview", "--no-policy", "--json", "--save-plan", SAVED)
        if said.code:
            return self._refused(said, before)
        plan = json.loads((self.lab.root / SAVED).read_text())
        (entry,) = plan["placements"].values()
        forecast = Forecast.of(before, OWNER, entry)
        between = self._between(before, forecast)
        crossed = look(self.lab.home)
        said = self.lab.eas("up", "--no-policy", "--json", "--yes", "--plan", SAVED)
        return (*self._judged(said, forecast, before, crossed, bool(between)), between, len(entry["change"]))

    def _at_once(self, before: Seen) -> tuple[Verdict, list[str], str, int]:
        """Run ``eas up``, which previews, and applies exactly that."""
        said = self.lab.eas("up", "--no-policy", "--json", "--yes")
        digest = said.digest
        if "assignments" not in digest or (said.code and not digest["assignments"] and not digest["change"]):
            return self._refused(said, before)
        forecast = Forecast.of(before, OWNER, digest)
        return (*self._judged(said, forecast, before, before, False), "", len(digest["change"]))

    def _between(self, before: Seen, forecast: Forecast) -> str:
        """Let the neighbour or an operator come between preview and apply, often just where the plan wants to go."""
        wanted = sorted({uuid for start in forecast.starts for uuid in start.cards})
        what = self._chance.random()
        if what < 0.25:
            return ""
        if what < 0.3 and not self._drained:
            return self._operator()
        aimed = wanted if wanted and self._chance.random() < 0.6 else sorted(before.cards)
        return self._cross(before, aimed)

    def _cross(self, seen: Seen, cards: list[str]) -> str:
        if self._chance.random() < 0.3 and (did := self._neighbour.give(seen, self._chance)):
            return did
        return self._neighbour.take(seen, self._chance, cards)

    # ---------------------------------------------------------------------------------------------- judging

    def _refused(self, said: Said, before: Seen) -> tuple[Verdict, list[str], str, int]:
        """A preview that refuses says why and changes nothing."""
        reasons = _reasons(said)
        faults = _changed(before, look(self.lab.home))
        if said.code != REFUSED or not reasons or faults:
            return "wrong", [f"exit status {said.code}", *faults, said.out, said.err], "", 0
        return "preview refused", reasons, "", 0

    def _judged(
        self, said: Said, forecast: Forecast, before: Seen, crossed: Seen, came_between: bool
    ) -> tuple[Verdict, list[str]]:
        after = look(self.lab.home)
        faults = [*after.faults(), *_changed(_others(crossed), _others(after))]
        if said.code == 0:
            faults += forecast.differences(before, after, OWNER)
            return ("wrong", [*faults, said.err]) if faults else ("as previewed", [])
        reasons = _reasons(said)
        faults += _changed(crossed, after)
        if said.code not in (REFUSED, STALE) or not reasons:
            faults.append(f"exit status {said.code}, without a reason that names anything")
        if not came_between:
            faults.append("refused, and nothing had come between")
        elif not forecast.may_be_refused(before, crossed, OWNER):
            faults.append("refused, and what came between is in nobody's way")
        return ("wrong", [*faults, *reasons, said.err]) if faults else ("refused with reason", reasons)


def _reasons(said: Said) -> list[str]:
    """Return what the engine and providers called errors, which for a refusal name a service or node of the program."""
    errors = said.digest.get("errors") or []
    return [str(error) for error in errors if "/" in str(error)]


def _others(seen: Seen) -> Seen:
    """Return what is not of the program's owner."""
    rows = {id_: row for id_, row in seen.rows.items() if row.owner != OWNER}
    runs = {id_: run for id_, run in seen.runs.items() if run.owner != OWNER}
    return Seen(rows, runs, {})


def _changed(before: Seen, after: Seen) -> list[str]:
    """Return how two moments differ between which nothing was to happen."""
    found = []
    for then, now in ((before.rows, after.rows), (before.runs, after.runs)):
        names = sorted({*then, *now})
        found += [f"{then.get(id_)} became {now.get(id_)}" for id_ in names if then.get(id_) != now.get(id_)]
    return found
