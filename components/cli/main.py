"""The ``eas`` command itself: what it is called with, and the list of its commands in the order of a first day."""

from __future__ import annotations

from typing import Annotated

import typer

from components.cli.commands import (
    check,
    desc,
    down,
    exporter,
    fit,
    history,
    ledger,
    logs,
    ls,
    nodes,
    plan,
    pool,
    preview,
    reconcile,
    release,
    review,
    snapshot,
    status,
    token,
    tour,
    up,
    why,
)

HELP = """
Declare GPU slices of EAS services, see where each instance goes, and make it so.

\b
Exit status of every command:
    0  done
    1  refused or failed; a sentence on stderr says why
    2  the command line is wrong
    3  a mandatory policy is violated
    4  no longer what was previewed; nothing was changed
  130  interrupted

EAS_DEBUG=1 shows where an error comes from.
"""

EPILOG = """
\b
Examples:
  eas check services/llm.json
  eas plan --drain a100-0
  eas preview --save-plan plan.json && eas up --plan plan.json
  eas pool
"""

IN_ORDER = (
    check,
    plan,
    preview,
    review,
    snapshot,
    up,
    pool,
    status,
    ls,
    desc,
    logs,
    why,
    history,
    fit,
    token,
    nodes,
    reconcile,
    release,
    exporter,
    down,
    ledger,
    tour,
)

app = typer.Typer(
    name="eas",
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        from importlib.metadata import version

        print(f"eas {version('eas-slices')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options of ``eas`` itself; the help is in :data:`HELP`."""


for module in IN_ORDER:
    module.register(app)


def main() -> None:
    """Run the command line."""
    app()
