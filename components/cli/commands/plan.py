"""``eas plan``: the picture of what would be, from the project's files and the ledger, without Pulumi."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import Exit
from components.cli.base.session import Session, now
from components.cli.commands.supposed import Supposed, as_if, leaving

if TYPE_CHECKING:
    from components.placement.plan_types import Plan, PlanOptions
    from components.placement.snapshot import Snapshot
    from components.spec.claim import Wanted
    from components.spec.project import Project

DrainOption = Annotated[
    list[str] | None,
    typer.Option("--drain", metavar="NODE|CARD", help="As if it were draining; can be given more than once."),
]
LoseOption = Annotated[
    list[str] | None,
    typer.Option("--lose", metavar="NODE|CARD", help="As if it were lost; can be given more than once."),
]
MovesOption = Annotated[
    int | None,
    typer.Option(
        "--max-moves",
        min=0,
        metavar="N",
        help="How many instances may move to make room, instead of pool.yaml's.",
    ),
]
RebalanceOption = Annotated[
    int | None,
    typer.Option(
        "--rebalance",
        min=0,
        metavar="N",
        help="How many instances may move to empty cards, instead of pool.yaml's.",
    ),
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
            eas plan --lose a100-0/2
            eas plan --max-moves 2
            eas plan --rebalance 10
            eas plan --services examples
        """,
    )
    def plan(
        session: Session,
        drain: DrainOption = None,
        lose: LoseOption = None,
        max_moves: MovesOption = None,
        rebalance: RebalanceOption = None,
        services: ServicesOption = None,
        cards: CardsOption = False,
    ) -> Exit:
        """Show what `up` would start, move and stop, and what it would refuse. No Pulumi, nothing is changed.

        The planner is the one that `pulumi preview` asks, and so is the ledger; the policies are not asked. Exit status:
        0 everything finds a place, 1 something is refused.
        """
        from components.ledger.admission import carried_out_elsewhere

        with session.busy("planning"):
            project = declared.sound(session, services)
            supposed = Supposed(tuple(drain or ()), tuple(lose or ()), max_moves, rebalance)
            proposal = Proposed.of(session, project, supposed)
            ignored = [str(fault) for fault in declared.faults_of(project) if fault.level == "ineffective"]
        if not session.ledger.exists:
            missing = f"ledger {session.ledger_place.shown} is not there yet: planned as if nothing ran"
            print(missing, file=sys.stderr)
        elif busy := carried_out_elsewhere(session.ledger, session.owner, now()):
            print(f"`up` is refused at the moment: {busy}", file=sys.stderr)
        warnings = "".join(f"warning: {fault}\n" for fault in ignored)
        session.show(proposal.to_dict() | {"ineffective": ignored}, warnings + proposal.text(cards=cards))
        return Exit.FAILED if proposal.refused or proposal.plan.blocking else Exit.OK


class Proposed:
    """A plan, what it was made from, and how it reads."""

    def __init__(
        self,
        snapshot: Snapshot,
        wanted: tuple[Wanted, ...],
        options: PlanOptions,
        plan: Plan,
        supposed: Supposed,
        refused: tuple[str, ...] = (),
    ) -> None:
        """Keep them. ``supposed``: what of the snapshot was only asked. ``refused``: why pools cannot be as declared."""
        self.refused = refused
        self.supposed = supposed
        self.options = options
        self.snapshot = snapshot
        self.wanted = wanted
        self.plan = plan

    @classmethod
    def of(cls, session: Session, project: Project, supposed: Supposed | None = None) -> Proposed:
        """Plan what the project declares on what the ledger holds."""
        from components.placement.plan import plan

        supposed = supposed or Supposed()
        snapshot = as_if(declared.snapshot_of(session, project), supposed)
        options = declared.options_of(session, project)
        if supposed.max_moves is not None:
            options = replace(options, max_moves=supposed.max_moves)
        if supposed.rebalance is not None:
            options = replace(options, rebalance=supposed.rebalance)
        wanted = declared.wanted_of(session, project)
        refused = declared.pool_refusals(session, project)
        return cls(snapshot, wanted, options, plan(snapshot, wanted, options), supposed, refused)

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
            "refusals": [*self.refused, *(str(refusal) for refusal in self.plan.blocking)],
            "waiting": [str(refusal) for refusal in self.plan.waiting],
            "warnings": list(self.plan.warnings),
            "rolling": self.plan.rolling,
            "leaving": [left.to_dict() for left in leaving(self.snapshot, self.plan, self.supposed)],
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
        lines += [f"refused: {sentence}" for sentence in (*self.refused, *refusal_lines(plan.blocking))]
        lines += [f"waiting: {sentence}" for sentence in refusal_lines(plan.waiting)]
        if not (self.refused or plan.blocking):
            lines.append(change_table(plan.steps, before, indexes, unchanged(plan)))
        lines += map(str, leaving(self.snapshot, plan, self.supposed))
        if cards:
            lines += ["", *card_lines(self.usage())]
        return "\n".join(lines)
