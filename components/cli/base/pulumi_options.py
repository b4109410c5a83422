"""The options that `preview` and `up` hand on to ``pulumi``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from components.cli.base import policy_config
from components.cli.base.ending import CommandError, Exit
from components.cli.base.workspace import Workspace

POLICY_FOLDER = "policies"

PolicyOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--policy-pack", metavar="DIR", help="A policy pack to judge with; default: policies/ where it is."
    ),
]
PolicyConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--policy-config",
        metavar="FILE",
        help="The pack's configuration; default: policies.json where it is.",
    ),
]
NoPolicyOption = Annotated[bool, typer.Option("--no-policy", help="Judge with no policy pack.")]
ParallelOption = Annotated[
    int | None, typer.Option("--parallel", "-p", min=1, metavar="N", help="How many resources at a time.")
]
ExtraArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- OPTIONS]", help="Options for pulumi itself.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class PulumiOptions:
    """What the user said about Pulumi."""

    packs: tuple[Path, ...]
    no_policy: bool
    parallel: int | None
    extra: tuple[str, ...]
    config: Path | None = None

    @classmethod
    def of(
        cls,
        packs: list[Path] | None,
        no_policy: bool,
        parallel: int | None,
        extra: list[str] | None,
        config: Path | None = None,
    ) -> PulumiOptions:
        """Gather the options; a pack and no pack at once is a mistake."""
        if packs and no_policy:
            raise CommandError("--policy-pack and --no-policy exclude each other", Exit.USAGE)
        if config is not None and no_policy:
            raise CommandError("--policy-config and --no-policy exclude each other", Exit.USAGE)
        return cls(tuple(packs or ()), no_policy, parallel, tuple(extra or ()), config)

    def arguments(self, workspace: Workspace) -> list[str]:
        """Return the command line that says so to ``pulumi``."""
        # The outputs are told by the table and at the end of `up`; dots are of no use in a file.
        arguments = ["--stack", workspace.stack, "--suppress-outputs"]
        if not sys.stdout.isatty():
            arguments.append("--suppress-progress")
        packs = self.judging(workspace)
        for pack in packs:
            arguments += ["--policy-pack", str(pack)]
        config = policy_config.found(self.config, workspace.root)
        if (
            packs
            and config is not None
            and not any(each.startswith("--policy-pack-config") for each in self.extra)
        ):
            policy_config.refuse_contradictions(config)
            # Pulumi wants one for each pack, in their order; only the first is configured here.
            arguments += ["--policy-pack-config", str(config)]
        if self.parallel is not None:
            arguments += ["--parallel", str(self.parallel)]
        return [*arguments, *self.extra]

    def judging(self, workspace: Workspace) -> tuple[Path, ...]:
        """Return the packs that judge: those named, else the project's own."""
        if self.no_policy:
            return ()
        if self.packs:
            missing = [str(pack) for pack in self.packs if not pack.exists()]
            if missing:
                raise CommandError(f"there is no policy pack {', '.join(missing)}", Exit.USAGE)
            return tuple(pack.resolve() for pack in self.packs)
        default = workspace.root / POLICY_FOLDER
        return (default,) if (default / "PulumiPolicy.yaml").is_file() else ()
