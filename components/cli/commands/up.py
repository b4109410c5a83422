"""``eas up``: preview, ask, and apply exactly that."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from components.cli.base.bound import VARIABLE, is_bindable, load, save
from components.cli.base.command import command
from components.cli.base.declared import local_only
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
from components.cli.base.session import Session
from components.cli.base.warm import warmed
from components.cli.commands.closing import show_closing
from components.cli.commands.preview import digest, previewed

PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Apply the plan that `eas preview --save-plan FILE` saved."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add ``up``."""

    @command(
        app,
        "up",
        brief="preview, ask, and do exactly that",
        examples="""
            eas up
            eas up --yes --parallel 8
            eas up --plan plan.json
        """,
    )
    def up(
        session: Session,
        extra: ExtraArgument = None,
        plan: PlanOption = None,
        yes: YesOption = False,
        policy_pack: PolicyOption = None,
        policy_config: PolicyConfigOption = None,
        no_policy: NoPolicyOption = False,
        parallel: ParallelOption = None,
    ) -> Exit:
        """Preview, ask, then make exactly that true: the cards are the previewed ones, or nothing is changed.

        Runs `pulumi preview`, and `pulumi up` bound to what it said; with --plan, bound to a plan saved before.
        Where nothing would change, it says so and ends. Without a terminal it asks nobody: it goes on by itself where only
        local and simulated runtimes are touched, and wants --yes elsewhere. Exit status: 0 done, 1 refused or failed, 3 a
        mandatory policy is violated, 4 no longer what was previewed.
        """
        options = PulumiOptions.of(policy_pack, no_policy, parallel, extra, policy_config)
        if plan is not None:
            chosen = load(plan, session.workspace.stack)
        else:
            with warmed(session):
                run, chosen = previewed(session, options)
            if run.exit != Exit.OK:
                return _ended(session, run, chosen, "")
            if not is_bindable(chosen):
                raise CommandError(
                    "what was previewed cannot be bound: a value that is not known before apply decides about placement. "
                    "Use `pulumi up`, or give the value as plain configuration"
                )
            if run.unchanged:
                return _nothing_to_change(session, run, chosen)
            if not _agreed(session, yes):
                raise CommandError("nothing was changed: the preview was declined")
        run = apply_bound(session, options, chosen)
        return _ended(session, run, chosen, AFTERWARDS.get(run.exit, ""))


def apply_bound(session: Session, options: PulumiOptions, plan: dict[str, Any]) -> EngineRun:
    """Run the update with ``plan`` handed to the provider in a file that only this user can read."""
    workspace = session.workspace
    with tempfile.TemporaryDirectory(prefix="eas-plan-") as folder:
        file = Path(folder, "plan.json")
        save(plan, file)
        return run_pulumi(
            workspace,
            ["up", "--skip-preview", "--yes", *options.arguments(workspace)],
            variables={VARIABLE: str(file)},
            quiet=session.json_output,
        )


AFTERWARDS = {
    Exit.STALE: "no instance was touched; `eas up` previews anew what is possible now",
    Exit.INTERRUPTED: "interrupted; the ledger has what was under way, and `eas up` goes on from there",
    Exit.FAILED: "not everything is as planned: `eas ls` shows what is, `eas logs NAME` why; `eas up` tries again",
}
"""What to say after an update that did not end well."""


def _ended(session: Session, run: EngineRun, plan: dict[str, Any], sentence: str) -> Exit:
    """Print what is left to say, and return the exit status."""
    if session.json_output:
        session.show(digest(run, plan), "")
    elif run.exit == Exit.OK:
        show_closing(session)
    if sentence:
        print(f"eas: {sentence}", file=sys.stderr)
    return run.exit


def _nothing_to_change(session: Session, run: EngineRun, plan: dict[str, Any]) -> Exit:
    """Say that all is as declared; a second run of Pulumi would find the same."""
    from components.placement.address import WAITING

    places = [
        place
        for inputs in plan["placements"].values()
        for ordinals in inputs.get("assignments", {}).values()
        for place in ordinals.values()
    ]
    waiting = places.count(WAITING)
    told = f"nothing to change: {run.unchanged} resources, {len(places) - waiting} instances as planned"
    session.note(told + (f", {waiting} waiting" if waiting else ""))
    return _ended(session, run, plan, "")


def _agreed(session: Session, yes: bool) -> bool:
    """Whether the user wants the previewed change; see :func:`consent`."""
    return consent(session, yes, "Do exactly this?", "up")


def consent(session: Session, yes: bool, question: str, verb: str) -> bool:
    """Ask on a terminal; without one go on only with ``--yes``, or where nothing but this machine is touched."""
    if yes:
        return True
    if sys.stdin.isatty() and not session.json_output:
        return typer.confirm(question)
    if local_only(session):
        session.note("--yes: local runtime")
        return True
    raise CommandError(
        f"there is no terminal to ask on, and this stack runs more than local and simulated runtimes; "
        f"look at `eas preview`, then run `eas {verb} --yes`"
    )
