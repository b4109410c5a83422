"""``eas review``: one report of what a change does, for whoever has to agree to it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base.ages import age_of
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.pulumi_options import (
    ExtraArgument,
    ParallelOption,
    PolicyConfigOption,
    PolicyOption,
    PulumiOptions,
)
from components.cli.base.session import Session
from components.cli.commands.preview import SaveOption, save_checked
from components.cli.review.picture import reviewing

if TYPE_CHECKING:
    from components.cli.review.report import Report

MarkdownOption = Annotated[
    Path | None,
    typer.Option("--markdown", metavar="FILE", help="Write the report as Markdown, for a comment."),
]
SarifOption = Annotated[
    Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0.")
]
NewOnlyOption = Annotated[
    bool, typer.Option("--new-only", help="Fail only on findings that the base does not have.")
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="REF|FILE", help="The base: a commit, or what `eas review --json` wrote there."
    ),
]

SnapshotOption = Annotated[
    Path | None,
    typer.Option(
        "--snapshot",
        metavar="FILE",
        help="Review by a picture of the ledger (`eas snapshot`), and nothing else.",
    ),
]
MaxAgeOption = Annotated[
    str, typer.Option("--max-age", metavar="AGE", help="How old the picture may be: 30m, 24h, 7d.")
]


def register(app: typer.Typer) -> None:
    """Add ``review``."""

    @command(
        app,
        "review",
        brief="what a change does, as one report for a pull request",
        examples="""
            eas review
            eas review --markdown comment.md --sarif findings.sarif
            eas review --new-only --base origin/main
            eas review --save-plan plan.json
            eas review --snapshot ledger-picture.db --max-age 12h
        """,
    )
    def review(
        session: Session,
        extra: ExtraArgument = None,
        markdown: MarkdownOption = None,
        sarif: SarifOption = None,
        new_only: NewOnlyOption = False,
        base: BaseOption = None,
        save_plan: SaveOption = None,
        snapshot: SnapshotOption = None,
        max_age: MaxAgeOption = "24h",
        policy_pack: PolicyOption = None,
        policy_config: PolicyConfigOption = None,
        parallel: ParallelOption = None,
    ) -> Exit:
        """Preview, judge, and tell a reviewer what the change does: services, instances, cards, headroom, cost, findings.

        Prints the report as Markdown, with --json as JSON. Changes nothing and needs no more than a preview does. Exit
        status: 0 nothing stops it, 1 it is refused, 3 a mandatory policy is violated.
        """
        from components.cli.review.making import exit_of, reviewed

        if new_only != (base is not None):
            raise CommandError(
                "--new-only and --base go together: new is what the base does not have", Exit.USAGE
            )
        options = PulumiOptions.of(
            [policy_pack[0]] if policy_pack else None, False, parallel, extra, policy_config
        )
        if snapshot is not None and save_plan is not None:
            raise CommandError(
                "--save-plan needs the ledger itself: a plan made by a picture of it binds nothing",
                Exit.USAGE,
            )
        oldest = age_of(max_age, "--max-age")
        with ExitStack() as review:
            on, note = session, ""
            if snapshot is not None:
                on, note = review.enter_context(reviewing(session, snapshot, oldest))
            made, plan, run = reviewed(on, options)
        made = _done(session, made, note)
        if base is not None:
            handed = ["--snapshot", str(snapshot.absolute()), "--max-age", max_age] if snapshot else []
            made = _against(made, base, session, options, handed)
        _write(session, made, markdown, sarif, options)
        code = exit_of(made, run)
        if save_plan is not None and code == Exit.OK:
            save_checked(plan, save_plan)
            session.note(f"saved {save_plan}; apply exactly this with `eas up --plan {save_plan}`")
        return code


def _done(session: Session, report: Report, note: str) -> Report:
    """Return the report with files as the repository names them, and what its reader must know."""
    from components.cli.review.base import prefix_of
    from components.cli.review.findings import located

    notes = (note,) if note else ()
    return replace(report, findings=located(report.findings, prefix_of(session.workspace.root)), notes=notes)


def _against(
    report: Report, base: str, session: Session, options: PulumiOptions, handed: list[str]
) -> Report:
    """Mark the findings that the base has too; ``handed``: options of this review that hold for that of the base."""
    from components.cli.review.base import base_findings

    handed += ["--parallel", str(options.parallel)] if options.parallel is not None else []
    with session.busy(f"reviewing {base} ..."):
        keys = {found.key for found in base_findings(base, session.workspace, handed)}
    return replace(
        report,
        findings=tuple(
            replace(found, known=found.key in keys and not found.of_its_own) for found in report.findings
        ),
    )


def _write(
    session: Session, report: Report, markdown: Path | None, sarif: Path | None, options: PulumiOptions
) -> None:
    from components.cli.review.markdown import markdown as as_markdown

    text = as_markdown(report)
    if markdown is not None:
        markdown.write_text(text, encoding="utf-8")
    if sarif is not None:
        sarif.write_text(json.dumps(_sarif(session, report, options), indent=1) + "\n", encoding="utf-8")
    session.show(report.to_dict(), text.rstrip())


def _sarif(session: Session, report: Report, options: PulumiOptions) -> dict[str, Any]:
    from importlib.metadata import version

    from components.cli.base.workspace import PROJECT_FILE
    from components.cli.review.base import prefix_of
    from components.cli.review.sarif import sarif
    from components.rules import BY_ID
    from components.rules.own import own_rules

    packs = options.judging(session.workspace)
    own = {rule.id: rule for pack in packs for rule in own_rules(pack)}
    fallback = prefix_of(session.workspace.root) + PROJECT_FILE
    return sarif(report, {**BY_ID, **own}, version("eas-slices"), fallback)
