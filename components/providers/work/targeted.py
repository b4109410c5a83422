"""Whether this `pulumi` was told to leave Placement out, so that a targeted service would be declared and never placed.

Pulumi tells neither a program nor a provider what `--target` names; the command line of the CLI does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import psutil

from components.providers.work.orphan import launching_cli

SERVICE = "EasService"
FLAGS = ("-t", "--target", "--target-replace")
DEPENDENTS = "--target-dependents"


@cache
def placement_left_out() -> bool:
    """Return whether the CLI that this process works for targets services and nothing else."""
    cli = launching_cli()
    try:
        return cli is not None and only_services(cli.cmdline())
    except psutil.Error:
        return False


def only_services(command: Sequence[str]) -> bool:
    """Return whether a command line of `pulumi` targets services alone, without what depends on them."""
    named = tuple(_targets(command))
    followed = any(word in (DEPENDENTS, f"{DEPENDENTS}=true") for word in command)
    return bool(named) and not followed and all(SERVICE in target for target in named)


def refusal(name: str) -> str:
    """Return why a service that is targeted alone is refused, and what to do."""
    return (
        f"service {name!r} is targeted and Placement is not, so it would be declared and nothing would start, move or "
        "stop. Add `--target '**eas:Placement::*'` or `--target-dependents`, or leave `--target` out"
    )


def _targets(command: Sequence[str]) -> Iterator[str]:
    for index, word in enumerate(command):
        flag, sign, value = word.partition("=")
        if flag in FLAGS:
            yield value if sign else "".join(command[index + 1 : index + 2])
