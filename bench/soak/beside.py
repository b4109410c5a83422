"""Who works beside the user: a neighbour in the same ledger, and ``eas reconcile --watch`` that dies now and then."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random

from bench.fleet.lab import Lab
from bench.fleet.neighbour import Neighbour
from bench.fleet.seen import look
from bench.soak.watchers import Watchers


class Beside:
    """Two threads that go on until they are told to end."""

    def __init__(self, lab: Lab, seed: int) -> None:
        """Start them."""
        self.counts: Counter[str] = Counter()
        self.error = ""
        self.watchers = Watchers(lab)
        self._lab = lab
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(act, Random(f"{seed}/{act.__name__}")))
            for act in (self._neighbour, self._reconciler)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let both finish what they are at."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, act: object, chance: Random) -> None:
        try:
            act(chance)  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001 - it is told at the end, by the thread that can
            self.error = f"{type(error).__name__}: {error}"

    def _neighbour(self, chance: Random) -> None:
        neighbour = Neighbour(str(self._lab.home / "ledger.db"), self._lab.home, "theirs")
        try:
            while not self._over.wait(chance.uniform(0.5, 4)):
                seen = look(self._lab.home)
                if chance.random() < 0.4:
                    did = neighbour.give(seen, chance)
                else:
                    did = neighbour.take(seen, chance, sorted(seen.cards))
                self.counts["changes of the neighbour"] += bool(did)
        finally:
            neighbour.close()

    def _reconciler(self, chance: Random) -> None:
        self.watchers.run(chance, self._over)
