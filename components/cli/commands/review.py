"""``eas review``: one report of what a change does, for whoever has to agree to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared, policy_config
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.engine import EngineRun
from components.cli.base.pulumi_options import (
    POLICY_FOLDER,
    ExtraArgument,
    ParallelOption,
    PolicyConfigOption,
    PolicyOption,
    PulumiOptions,
)
from components.cli.base.session import Session, now
from components.cli.commands.preview import SaveOption, previewed, save_checked

if TYPE_CHECKING:
    from components.cli.review.report import Finding, Report
    from components.rules.configured import Configured
    from components.rules.outcome.view import OutcomeView

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

NOISE = ("preview failed", "update failed")
"""Errors of the engine that say no more than that there was one."""


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
        policy_pack: PolicyOption = None,
        policy_config: PolicyConfigOption = None,
        parallel: ParallelOption = None,
    ) -> Exit:
        """Preview, judge, and tell a reviewer what the change does: services, instances, cards, headroom, cost, findings.

        Prints the report as Markdown, with --json as JSON. Changes nothing and needs no more than a preview does. Exit
        status: 0 nothing stops it, 1 it is refused, 3 a mandatory policy is violated.
        """
        if new_only != (base is not None):
            raise CommandError(
                "--new-only and --base go together: new is what the base does not have", Exit.USAGE
            )
        options = PulumiOptions.of(
            [policy_pack[0]] if policy_pack else None, False, parallel, extra, policy_config
        )
        made, plan, run = reviewed(session, options)
        if base is not None:
            made = _against(made, base, session, options)
        _write(session, made, markdown, sarif, options)
        code = exit_of(made, run)
        if save_plan is not None and code == Exit.OK:
            save_checked(plan, save_plan)
            session.note(f"saved {save_plan}; apply exactly this with `eas up --plan {save_plan}`")
        return code


def reviewed(session: Session, options: PulumiOptions) -> tuple[Report, dict[str, Any], EngineRun]:
    """Return the report of the project as it stands, the plan in its preview, and how that ended."""
    from components.cli.review import findings
    from components.cli.review.report import Report

    workspace = session.workspace
    pack = next(iter(options.judging(workspace)), workspace.root / POLICY_FOLDER)
    file = policy_config.found(options.config, workspace.root)
    configured = policy_config.configured(file, pack, now().date())
    project = declared.load(session)
    found = [
        *findings.of_configuration(configured, file.name if file else ""),
        *findings.of_files(project, configured),
    ]
    unseen: list[str] = []
    if any(fault.level == "invalid" for fault in declared.faults_of(project)):
        # Pulumi would say the same again, and plan nothing.
        unseen.append("what the change would do, as the files cannot be used as they are")
        return (
            _done(session, Report(workspace.stack, unseen=tuple(unseen)), found),
            {"placements": {}},
            EngineRun(1),
        )
    run, plan = previewed(session, replace(options, config=file), quiet=True)
    errors = tuple(error for error in map(_bare, run.errors) if error not in NOISE)
    report = Report(workspace.stack, errors=errors)
    if not plan["placements"]:
        unseen.append("what the change would do, as the preview planned nothing")
    for urn, inputs in sorted(plan["placements"].items()):
        if "change" not in inputs:
            unseen.append("what the change would do, as a value that is known at apply only decides about it")
            continue
        view = _view(inputs)
        report = _with_outcome(report, view, run, configured)
        found += findings.of_outcome(view, project, configured, urn.rpartition("::")[2])
    found += findings.of_errors(errors, project)
    found += findings.of_events(run.violations, found)
    return _done(session, replace(report, unseen=tuple(unseen)), found), plan, run


def exit_of(report: Report, run: EngineRun) -> Exit:
    """Return the exit status: by the highest level among the findings that decide."""
    from components.cli.review.report import REFUSED
    from components.rules import BY_ID

    if run.interrupted:
        return Exit.INTERRUPTED
    stops = report.of_level("mandatory")
    if any(found.rule == REFUSED or _invalid(BY_ID.get(found.rule)) for found in stops):
        return Exit.FAILED
    if stops:
        return Exit.POLICY
    explained = bool(report.findings)
    return Exit.OK if run.code == 0 or explained else Exit.FAILED


def _invalid(rule: Any) -> bool:
    return rule is not None and rule.level == "invalid"


def _view(inputs: Mapping[str, Any]) -> OutcomeView:
    from components.rules.outcome.view import OutcomeView
    from components.rules.parameters import whole

    return OutcomeView.of(whole(inputs))


def _with_outcome(report: Report, view: OutcomeView, run: EngineRun, configured: Configured) -> Report:
    """Return the report with what one placement would do."""
    from components.cli.review.outcome import cost_of, parts_of

    changed = [
        name for op, kind, name in run.operations if kind == "EasService" and op in ("create", "update")
    ]
    parts = parts_of(view, changed)
    prices = getattr(configured.given.get("cost-at-most"), "prices", None)
    cost = cost_of(view, prices) if prices else None
    return replace(
        report,
        services=(*report.services, *parts.services),
        instances=(*report.instances, *parts.instances),
        cards=(*report.cards, *parts.cards),
        pools=(*report.pools, *parts.pools),
        unchanged=report.unchanged + parts.unchanged,
        cost=cost,
    )


def _done(session: Session, report: Report, found: Iterable[Finding]) -> Report:
    from components.cli.review.base import prefix_of
    from components.cli.review.findings import located

    return replace(report, findings=located(found, prefix_of(session.workspace.root)))


def _against(report: Report, base: str, session: Session, options: PulumiOptions) -> Report:
    """Mark the findings that the base has too."""
    from components.cli.review.base import base_findings

    handed = ["--parallel", str(options.parallel)] if options.parallel is not None else []
    with session.busy(f"reviewing {base} ..."):
        keys = {found.key for found in base_findings(base, session.workspace, handed)}
    return replace(
        report, findings=tuple(replace(found, known=found.key in keys) for found in report.findings)
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


def _bare(error: str) -> str:
    """Return an error without Pulumi's own words before it."""
    return error.rpartition("has a problem: ")[2].strip()
