"""``eas preview``: Pulumi's preview, and the plan in it saved for a bound apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from components.cli.base.bound import bound_plan, is_bindable, save
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.engine import EngineRun, run_pulumi
from components.cli.base.pulumi_options import (
    ExtraArgument,
    NoPolicyOption,
    ParallelOption,
    PolicyConfigOption,
    PolicyOption,
    PulumiOptions,
)
from components.cli.base.session import Session, now
from components.spec.packed import unpacked_each

SaveOption = Annotated[
    Path | None,
    typer.Option("--save-plan", metavar="FILE", help="Write the plan to FILE, for `eas up --plan FILE`."),
]


def register(app: typer.Typer) -> None:
    """Add ``preview``."""

    @command(
        app,
        "preview",
        brief="what `up` would do, judged by the policies",
        examples="""
            eas preview
            eas preview --save-plan plan.json
            eas preview --no-policy -- --diff
        """,
    )
    def preview(
        session: Session,
        extra: ExtraArgument = None,
        save_plan: SaveOption = None,
        policy_pack: PolicyOption = None,
        policy_config: PolicyConfigOption = None,
        no_policy: NoPolicyOption = False,
        parallel: ParallelOption = None,
    ) -> Exit:
        """Show what `up` would do, judged by the policies; nothing is changed.

        Runs `pulumi preview`. A saved plan binds a later `up` to the cards seen here, as long as they are free.
        Exit status: 0 it can be done, 1 refused, 3 a mandatory policy is violated.
        """
        options = PulumiOptions.of(policy_pack, no_policy, parallel, extra, policy_config)
        run, plan = previewed(session, options)
        saved = False
        if save_plan is not None and run.exit == Exit.OK:
            save_checked(plan, save_plan)
            saved = True
            session.note(f"saved {save_plan}; apply exactly this with `eas up --plan {save_plan}`")
        if session.json_output:
            session.show(digest(run, plan) | {"saved": str(save_plan) if saved else None}, "")
        return run.exit


def previewed(
    session: Session, options: PulumiOptions, *, quiet: bool | None = None
) -> tuple[EngineRun, dict[str, Any]]:
    """Run the preview; return how it ended and the plan that its events hold. ``quiet``: what it prints is no answer."""
    workspace = session.workspace
    silent = session.json_output if quiet is None else quiet
    run = run_pulumi(workspace, ["preview", *options.arguments(workspace)], quiet=silent)
    return run, bound_plan(run, workspace.stack, now().isoformat(timespec="seconds"))


def save_checked(plan: dict[str, Any], file: Path) -> None:
    """Save a plan that an apply can be bound to."""
    if not is_bindable(plan):
        raise CommandError(
            "the plan cannot be bound: a value that is not known before apply decides about placement, so nothing was "
            "saved. Use `pulumi up`, or give the value as plain configuration"
        )
    save(plan, file)


def digest(run: EngineRun, plan: dict[str, Any]) -> dict[str, Any]:
    """Return what a script wants to know of a preview or an update."""
    placements = plan["placements"].values()
    return {
        "exit": int(run.exit),
        "stack": plan["stack"],
        "assignments": {
            key: value for entry in placements for key, value in entry.get("assignments", {}).items()
        },
        "change": {
            key: value for entry in placements for key, value in unpacked_each(entry.get("change")).items()
        },
        "nothing_to_change": bool(run.unchanged),
        "violations": run.violations,
        "errors": run.errors,
    }
