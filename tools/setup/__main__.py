"""The order of the steps."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(
        f"setup: this is Python {sys.version.split()[0]}, and the project needs 3.11 or later: install one "
        f"and run `make setup PYTHON=python3.11`"
    )

from tools.setup import bin_folder, environment, kernels, pulumi_cli, stack, virtualenv  # noqa: E402  after the check
from tools.setup.files import alone_in  # noqa: E402
from tools.setup.layout import Layout  # noqa: E402
from tools.setup.report import SetupError  # noqa: E402


def main() -> int:
    """Set the checkout up and return an exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.setup", description=__doc__)
    parser.add_argument("--stack", default="dev", help="the stack to select, made where it is new")
    arguments = parser.parse_args()
    # Ended from outside, it still tidies up behind itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        set_up(Layout(Path(__file__).resolve().parents[2]), arguments.stack)
    except SetupError as fault:
        print(f"setup: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


def set_up(layout: Layout, name: str) -> None:
    """Do each step, one setup at a time in one checkout."""
    with alone_in(layout.root):
        virtualenv.ensure(layout)
        kernels.ensure(layout)
        cli = pulumi_cli.ensure(layout)
        folder = bin_folder.ensure(layout, cli.folder) if cli.needs_host else cli.folder
        env = environment.ensure(layout, folder)
        stack.ensure(layout, name, env)


if __name__ == "__main__":
    sys.exit(main())
