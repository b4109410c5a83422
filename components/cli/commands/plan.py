"""``eas plan``: the picture of what would be, from the project's files and the ledger, without Pulumi."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import Exit
from components.cli.base.session import Session
from components.cli.base.targets import node_named

if TYPE_CHECKING:
    from components.placement.plan_types import Plan
    from components.placement.snapshot import Snapshot
    from components.spec.claim import Wanted
    from components.spec.project import Project

DrainOption = Annotated[
    list[str] | None,
    typer.Option("--drain", metavar="NODE", help="As if NODE were draining; can be given more than once."),
]
ServicesOption = Annotated[
    str | None, typer.Option("--services", metavar="DIR", help="Service files of another folder.")
]
CardsOption = Annotated[bool, typer.Option("--cards", help="Show every card as it would be afterwards.")]


def register(app: typer.Typer) -> None:
    """Add ``plan``."""

    @command(
        app,
        "plan",
        brief="what `up` would do, without Pulumi",
        examples="""
            eas plan
            eas plan --cards
            eas plan --drain a100-0
            eas plan --services examples
        """,
    )
    def plan(
        session: Session,
        drain: DrainOption = None,
        services: ServicesOption = None,
        cards: CardsOption = False,
    ) -> Exit:
        """Show what `up` would start, move and stop, and what it would refuse. No Pulumi, nothing is changed.

        The planner is the one that `pulumi preview` asks, and so is the ledger; the policies are not asked. Exit status:
        0 everything finds a place, 1 something is refused.
        """
        with session.busy("planning"):
            project = declared.sound(session, services)
            proposal = Proposed.of(session, project, tuple(drain or ()))
            ignored = [str(fault) for fault in declared.faults_of(project) if fault.level == "ineffective"]
        warnings = "".join(f"warning: {fault}\n" for fault in ignored)
        session.show(proposal.to_dict() | {"ineffective": ignored}, warnings + proposal.text(cards=cards))
        return Exit.FAILED if proposal.plan.blocking else Exit.OK


class Proposed:
    """A plan, what it was made from, and how it reads."""

    def __init__(self, snapshot: Snapshot, wanted: tuple[Wanted, ...], plan: Plan) -> None:
        """Keep the three."""
        self.snapshot = snapshot
        self.wanted = wanted
        self.plan = plan

    @classmethod
    def of(cls, session: Session, project: Project, draining: tuple[str, ...] = ()) -> Proposed:
        """Plan what the project declares on what the ledger holds."""
        from components.placement.plan import plan

        snapshot = as_if_draining(declared.snapshot_of(session, project), draining)
        wanted = declared.wanted_of(session, project)
        return cls(snapshot, wanted, plan(snapshot, wanted, declared.options_of(project)))

    def usage(self) -> dict[str, Any]:
        """Return every card as it would be."""
        from components.placement.usage import usage

        return usage(self.snapshot, self.plan)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the same words as the inputs of ``Placement``."""
        from components.placement.address import addresses, card_indexes

        indexes = card_indexes(view.node for view in self.snapshot.nodes)
        return {
            "assignments": addresses(self.plan.assignments, indexes),
            "change": self.plan.change(),
            "refusals": [str(refusal) for refusal in self.plan.blocking],
            "waiting": [str(refusal) for refusal in self.plan.waiting],
            "warnings": list(self.plan.warnings),
            "rolling": self.plan.rolling,
            "usage": self.usage(),
        }

    def text(self, *, cards: bool) -> str:
        """Return the table, and what stands beside it in a preview."""
        from components.placement.address import card_indexes
        from components.placement.picture import card_lines, change_table, refusal_lines, unchanged

        plan = self.plan
        before = {row.id: row.place for row in self.snapshot.held}
        indexes = card_indexes(view.node for view in self.snapshot.nodes)
        lines = [f"warning: {warning}" for warning in plan.warnings]
        lines += [f"{service}: {sentence}" for service, sentence in sorted(plan.rolling.items())]
        lines += [f"refused: {sentence}" for sentence in refusal_lines(plan.blocking)]
        lines += [f"waiting: {sentence}" for sentence in refusal_lines(plan.waiting)]
        if not plan.blocking:
            lines.append(change_table(plan.steps, before, indexes, unchanged(plan)))
        if cards:
            lines += ["", *card_lines(self.usage())]
        return "\n".join(lines)


def as_if_draining(snapshot: Snapshot, names: tuple[str, ...]) -> Snapshot:
    """Return the snapshot with these nodes draining."""
    keys = {node_named(name, [view.node for view in snapshot.nodes]).key for name in names}
    views = tuple(
        replace(view, state="draining", cause="operator", reason="asked with --drain")
        if view.node.key in keys and view.state != "lost"
        else view
        for view in snapshot.nodes
    )
    return replace(snapshot, nodes=views)
