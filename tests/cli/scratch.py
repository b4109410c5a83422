"""A scratch project for the command line: files, a stack with owner and secret, and a way to apply without Pulumi."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from components.cli.base import declared
from components.cli.base.session import Session, mint, now
from components.cli.commands.plan import Proposed
from components.cli.main import app
from components.ledger import this_process
from components.settle import Outcome, settle

OWNER = "organization/eas-slices/test-0a1b2c"
POOL = """\
name: lab
resource: eas-r-lab00001
runtime: {runtime}
nodes:
  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge, zone: z1}}
  gpu-b: {{instance_type: ecs.gn7e-c16g1.8xlarge, zone: z2}}
"""


@dataclass
class Scratch:
    """One project folder with the stack ``test``."""

    root: Path
    runner: CliRunner = field(default_factory=CliRunner)
    chosen: str | None = None
    """The stack that sessions are of, where there are several."""

    @classmethod
    def new(cls, root: Path) -> Scratch:
        """Write what every project has."""
        made = cls(root)
        (root / "services").mkdir(parents=True)
        (root / "Pulumi.yaml").write_text("name: eas-slices\nruntime: python\n")
        made.stack("test")
        made.pool()
        return made

    def stack(self, name: str, **config: Any) -> None:
        """Write a stack's configuration; the secret is plain, so that no Pulumi is asked."""
        values = {"owner": OWNER.replace("test", name), "secret": "hush", **config}
        text = json.dumps(
            {"config": {f"eas:{key}": value for key, value in values.items() if value is not None}}
        )
        (self.root / f"Pulumi.{name}.yaml").write_text(text)

    def pool(self, text: str = POOL, *, runtime: str = "simulated") -> None:
        """Write ``pool.yaml``: two nodes of two A100-80G each, unless said otherwise."""
        (self.root / "pool.yaml").write_text(text.format(runtime=runtime))

    def service(self, name: str, **metadata: Any) -> Path:
        """Write one service file."""
        document = {
            "metadata": {"name": name, "instance": 1, **metadata},
            "containers": [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}],
        }
        file = self.root / "services" / f"{name}.json"
        file.write_text(json.dumps(document, indent=2))
        return file

    def eas(self, *arguments: str, given: str | None = None) -> Result:
        """Run ``eas``; no failure may be a traceback."""
        result = self.runner.invoke(app, [arguments[0], "-C", str(self.root), *arguments[1:]], input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    def ok(self, *arguments: str) -> str:
        """Run ``eas``, which must succeed, and return what it printed on stdout."""
        result = self.eas(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run ``eas`` with ``--json`` and return what stdout holds."""
        result = self.eas(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def card_of(self, service: str, ordinal: int = 0) -> str:
        """Return where an instance sits: ``gpu-a/0``."""
        return str(self.json("why", f"{service}/{ordinal}")[0]["place"])

    def node_of(self, service: str, ordinal: int = 0) -> str:
        """Return the node that an instance sits on."""
        return self.card_of(service, ordinal).partition("/")[0]

    def session(self) -> Session:
        """Return a session as a command has it."""
        return Session(folder=self.root, stack_flag=self.chosen)

    def apply(self, *, carry_out: bool = True) -> Outcome:
        """Do what an ``up`` does to the ledger and the runtime, without Pulumi."""
        session = self.session()
        try:
            project = declared.sound(session)
            _declare(session, project)
            return _commit(session, Proposed.of(session, project), project, carry_out)
        finally:
            session.close()


def _declare(session: Session, project: Any) -> None:
    """Record pools and services, as ``GpuPool`` and ``EasService`` do."""
    ledger = session.writable_ledger
    wanted = {each.service: each for each in declared.wanted_of(session, project)}
    for pool in project.pools:
        ledger.declare_pool(
            session.owner,
            pool.name,
            holder=f"pool-{pool.name}",
            resource=pool.resource,
            runtime=pool.runtime,
            settings=pool.settings(),
            nodes=pool.nodes,
            quotas=pool.quotas,
            now=now(),
            because="test",
        )
    for service in project.services:
        want = wanted[service.name]
        ledger.declare_service(
            session.owner,
            service.name,
            holder=f"service-{service.name}",
            pool=want.pool,
            revision=want.revision,
            document=service.public(),
            secrets=service.secrets(),
            now=now(),
            because="test",
        )


def _commit(session: Session, proposed: Proposed, project: Any, carry_out: bool) -> Outcome:
    """Commit the plan and carry it out, as ``Placement`` does."""
    ledger = session.writable_ledger
    ledger.commit(
        session.owner,
        nodes=[node for pool in project.pools for node in pool.nodes],
        pools=[pool.name for pool in project.pools],
        wanted=proposed.wanted,
        assignments=proposed.plan.assignments,
        steps=proposed.plan.steps,
        holder="placement-test",
        mint=mint,
        now=now(),
        because="test",
        quotas={pool.name: pool.quotas for pool in project.pools},
        tokens={want.service: f"token-of-{want.service}" for want in proposed.wanted},
        options={"memory_only": proposed.options.memory_only},
    )
    if not carry_out:
        return Outcome()
    return settle(
        ledger,
        session.runtime,
        session.owner,
        holder=this_process("test"),
        token_for=lambda service, given: given or f"token-of-{service}",
        clock=now,
        sleep=lambda seconds: None,
        report=lambda progress: None,
    )
