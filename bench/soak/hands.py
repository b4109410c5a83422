"""What happens during a soak: what a user, an operator, a machine that fails and a killer do to one fleet."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from random import Random

import psutil

from bench.fleet.lab import OWNER, Lab, Said
from bench.fleet.neighbour import Neighbour
from bench.fleet.program import NODES, Program, changed, first
from bench.fleet.seen import look
from components.runtimes.simulated import SimulatedRuntime

KINDS = {"add": 18, "scale": 24, "resize": 10, "roll": 14, "token": 4, "remove": 14, "drain": 6}
DEEDS = {
    "up": 30,
    "up, CLI killed": 9,
    "up, provider killed": 9,
    "up, all killed": 6,
    "instance killed": 14,
    "instance lost": 6,
    "drain or uncordon": 10,
    "refresh": 6,
    "reconcile": 6,
}
REFUSED = 1
PROVIDER = "pulumi.dynamic"
LONGEST_S = 300


class Hands:
    """Does one random deed after the other."""

    def __init__(self, lab: Lab, chance: Random) -> None:
        """Bring up a first program in a new lab."""
        self.lab = lab
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._chance = chance
        self._program = self._good = Program()
        self._runtime = SimulatedRuntime(lab.home)
        self._first = chance.sample(list(DEEDS), len(DEEDS))
        self._begin()
        self._operator = Neighbour(str(lab.home / "ledger.db"), lab.home, "operator")

    def _begin(self) -> None:
        """Bring up what there is before the first deed; smaller and smaller until it fits."""
        for services in (3, 2, 1):
            self._program = first(self._chance, services)
            self.lab.write(self._program)
            if self._up() == 0:
                return
        raise RuntimeError("nothing fits an empty pool")

    def close(self) -> None:
        """Close what is open."""
        self._operator.close()
        self._runtime.close()

    def deed(self) -> str:
        """Do one, then look whether any card is too full; return what was done. Every kind comes once before any again."""
        (kind,) = (
            [self._first.pop()] if self._first else self._chance.choices(list(DEEDS), list(DEEDS.values()))
        )
        did = self._do(kind)
        self.counts[kind] += 1
        seen = look(self.lab.home)
        counting = (row for row in seen.rows.values() if row.state != "pending")
        full = seen.taken((row.cards, row.memory, row.compute, row.exclusive) for row in counting)
        self.faults += [f"after {kind}: {fault}" for fault in full]
        return f"{kind}: {did}"

    def _do(self, kind: str) -> str:
        if kind.startswith("up"):
            return self._apply(kind.partition(", ")[2].removesuffix(" killed"))
        if kind.startswith("instance"):
            return self._harm("kill" if kind == "instance killed" else "lose")
        if kind == "drain or uncordon":
            return self._drain()
        if kind == "refresh":
            code = self.lab.pulumi("refresh", "--yes", "--skip-preview").code
            self.counts["refreshes that ended well"] += code == 0
            return f"exit {code}"
        return f"exit {self.lab.eas('reconcile').code}"

    # ------------------------------------------------------------------------------------------------- up

    def _apply(self, victim: str) -> str:
        what = self._change()
        self.lab.write(self._program)
        code = self._killed(victim) if victim else self._up()
        return f"{what} -> exit {code}"

    def _change(self) -> str:
        while True:
            (kind,) = self._chance.choices(list(KINDS), list(KINDS.values()))
            if found := changed(self._program, kind, self._chance):
                self._program, what = found
                return f"{kind} {what}"

    def _up(self) -> int:
        said = self.lab.eas("up", "--yes", "--no-policy")
        if "currently locked" in said.out + said.err:
            self.lab.pulumi("cancel", "--yes")
        if said.code == 0:
            self._good = self._program
            self.counts["ups that ended well"] += 1
        else:
            self.counts["ups that were refused or failed"] += 1
            self._program = self._good
            self.lab.write(self._program)
        return said.code

    def _killed(self, victim: str) -> int:
        """Run ``eas up`` and kill -9 what is named, at a random moment; the next one goes on from there."""
        child = subprocess.Popen(
            self.lab.command("up", "--yes", "--no-policy"),
            cwd=self.lab.root,
            env=self.lab.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_to_kill(child)
        self.counts["kills that hit"] += _kill(child, victim)
        child.wait(timeout=LONGEST_S)
        self.lab.pulumi("cancel", "--yes")
        return child.returncode

    def _wait_to_kill(self, child: subprocess.Popen[bytes]) -> None:
        """Half of the time at any moment, half of the time while the ledger has something under way."""
        aimed = self._chance.random() < 0.5
        until = time.monotonic() + self._chance.uniform(0.5, 12)
        while child.poll() is None and time.monotonic() < until + (30 if aimed else 0):
            if aimed and any(
                row.state not in ("ready", "failed") for row in look(self.lab.home).of(OWNER).values()
            ):
                time.sleep(self._chance.uniform(0, 0.3))
                return
            time.sleep(0.02)

    # ----------------------------------------------------------------------------------------- the machines

    def _harm(self, how: str) -> str:
        runs = sorted(look(self.lab.home).runs)
        if not runs:
            return "nobody is there"
        victim = self._chance.choice(runs)
        getattr(self._runtime, how)(victim)
        return victim

    def _drain(self) -> str:
        drained = sorted(look(self.lab.home).drained)
        if drained and (len(drained) > 1 or self._chance.random() < 0.6):
            self._operator.operator(drained[0], "ready")
            return f"{drained[0]} ready"
        node = self._chance.choice([name for name in NODES if name not in drained])
        self._operator.operator(node, "draining")
        return f"{node} draining"

    # --------------------------------------------------------------------------------------------- the end

    def finish(self) -> list[str]:
        """Undrain, let the last program become true, and return what still differs: nothing, if all is well."""
        for node in look(self.lab.home).drained:
            self._operator.operator(node, "ready")
        self._program = self._good
        self.lab.write(self._program)
        self.lab.pulumi("cancel", "--yes")
        # What the neighbour left half-done is brought to its end as well.
        self.lab.eas("reconcile")
        told = []
        if (said := self.lab.pulumi("refresh", "--yes", "--skip-preview")).code:
            told.append(_ended("pulumi refresh", said))
        said = self.lab.eas("up", "--yes", "--no-policy")
        if said.code == REFUSED and "fits nowhere" in said.out + said.err:
            # The last program that came true had room that the neighbour took after a killed `up` had left it.
            while self._operator.give(look(self.lab.home), self._chance):
                self.counts["slices that the neighbour had to give back at the end"] += 1
            said = self.lab.eas("up", "--yes", "--no-policy")
        if said.code:
            told.append(_ended("eas up", said))
        return [*told, *self._differences()]

    def _differences(self) -> list[str]:
        """Compare ledger, runtime and program, by the product's own words and by queries of our own."""
        found = []
        checks = {
            "pulumi preview": self.lab.pulumi("preview", "--expect-no-changes"),
            "pulumi refresh": self.lab.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
            "eas reconcile": self.lab.eas("reconcile"),
        }
        for name, said in checks.items():
            if said.code or (name == "eas reconcile" and "everything is as committed" not in said.out):
                found.append(_ended(f"{name}, which should find nothing,", said))
        seen = look(self.lab.home)
        found += seen.faults()
        rows = Counter(row.service for row in seen.of(OWNER).values())
        wanted = {
            name: count
            for name, document in self._program.services.items()
            if (count := document["metadata"]["instance"])
        }
        if dict(rows) != wanted:
            found.append(f"the program wants {wanted}, and there are {dict(rows)}")
        return found


def _ended(name: str, said: Said) -> str:
    return f"{name} ended with {said.code}:\n{said.out[-3000:]}{said.err[-1000:]}"


def _kill(child: subprocess.Popen[bytes], victim: str) -> bool:
    """Kill the CLI (``eas`` and ``pulumi``), the provider, or all of them; return whether any of them was there."""
    hit = False
    try:
        family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    except psutil.Error:
        return hit
    for process in family:
        try:
            provider = PROVIDER in " ".join(process.cmdline())
            cli = process.pid == child.pid or process.name() == "pulumi"
            if victim == "all" or (victim == "provider" and provider) or (victim == "CLI" and cli):
                process.send_signal(signal.SIGKILL)
                hit = True
        except psutil.Error:
            continue
    return hit
