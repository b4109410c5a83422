"""Reviewing: the files judged, a preview run, and what both say made into one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components.cli.base import declared, policy_config
from components.cli.base.ending import Exit
from components.cli.base.engine import EngineRun
from components.cli.base.pulumi_options import POLICY_FOLDER, PulumiOptions
from components.cli.base.session import Session, now
from components.cli.commands.preview import previewed
from components.cli.review import findings
from components.cli.review.outcome import cost_of, parts_of
from components.cli.review.report import REFUSED, Report
from components.rules import BY_ID
from components.rules.configured import Configured
from components.rules.outcome.view import OutcomeView
from components.spec.whole import whole

NOISE = ("preview failed", "update failed")
"""Errors of the engine that say no more than that there was one."""


def reviewed(session: Session, options: PulumiOptions) -> tuple[Report, dict[str, Any], EngineRun]:
    """Return the report of the project as it stands, the plan in its preview, and how that ended."""
    workspace = session.workspace
    pack = next(iter(options.judging(workspace)), workspace.root / POLICY_FOLDER)
    file = policy_config.found(options.config, workspace.root)
    configured = policy_config.configured(file, pack, now().date())
    project = declared.load(session)
    faults = declared.faults_of(project)
    found = [
        *findings.of_configuration(configured, file.name if file else ""),
        *findings.of_files(project, faults, configured),
    ]
    unseen: list[str] = []
    if any(fault.level == "invalid" for fault in faults):
        # Pulumi would say the same again, and plan nothing.
        unseen.append("what the change would do, as the files cannot be used as they are")
        return (
            Report(workspace.stack, findings=tuple(found), unseen=tuple(unseen)),
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
    return replace(report, findings=tuple(found), unseen=tuple(unseen)), plan, run


def exit_of(report: Report, run: EngineRun) -> Exit:
    """Return the exit status: by the highest level among the findings that decide."""
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
    return OutcomeView.of(whole(inputs))


def _with_outcome(report: Report, view: OutcomeView, run: EngineRun, configured: Configured) -> Report:
    """Return the report with what one placement would do."""
    # Not those that are created: a service new to the plan has a step, and to a review by a picture every one is new.
    changed = [name for op, kind, name in run.operations if (op, kind) == ("update", "EasService")]
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


def _bare(error: str) -> str:
    """Return an error without Pulumi's own words before it."""
    return error.rpartition("has a problem: ")[2].strip()
