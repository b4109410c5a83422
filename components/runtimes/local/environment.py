"""What an instance's process is told about itself: names, cards, limits, port, and where its token lies."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from components.runtimes.local import gpu
from components.runtimes.local.wish import Wish
from components.runtimes.port import Launch, RuntimeFault

PASSED_ON = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "XDG_RUNTIME_DIR",
        "XDG_CACHE_HOME",
        "CUDA_HOME",
        "CUDA_PATH",
        "CUDA_MPS_PIPE_DIRECTORY",
        "CUDA_MPS_LOG_DIRECTORY",
        "VIRTUAL_ENV",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "DOCKER_HOST",
    }
)
"""What of the caller's environment reaches an instance: enough to run a program. Not the rest: the caller is often
Pulumi, whose environment holds passphrases and cloud keys."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def passed_on() -> dict[str, str]:
    """Return the caller's variables that an instance gets."""
    names = (name for name in os.environ if name in PASSED_ON or name.startswith("LC_"))
    return {name: os.environ[name] for name in sorted(names)}


def variables(
    launch: Launch, wish: Wish, *, port: int, token_file: Path, mark: tuple[str, str]
) -> dict[str, str]:
    """Return the whole environment of one instance; later ones win: the caller's, the container's, then the facts.

    Raises :class:`RuntimeFault` for a variable of the container that no shell can export.
    """
    return {
        **passed_on(),
        **_container(launch.service, wish),
        **_facts(launch, port, token_file),
        mark[0]: mark[1],
    }


def _container(service: str, wish: Wish) -> Mapping[str, str]:
    for name, value in wish.env.items():
        if not _NAME.match(name):
            raise RuntimeFault(
                f"service {service!r}: the shell cannot export the environment variable {name!r}; use letters, "
                "digits and underscores, or run it with a runtime that starts containers."
            )
        if "\0" in value:
            raise RuntimeFault(
                f"service {service!r}: the environment variable {name!r} holds a NUL; remove it."
            )
    return dict(wish.env)


def _facts(launch: Launch, port: int, token_file: Path) -> dict[str, str]:
    facts = {
        "EAS_INSTANCE": launch.id,
        "EAS_SERVICE": launch.service,
        "EAS_ORDINAL": str(launch.ordinal),
        "EAS_OWNER": launch.owner,
        "EAS_POOL": launch.pool,
        "EAS_NODE": launch.node,
        "EAS_CARD_UUIDS": ",".join(card.uuid for card in launch.cards),
        "EAS_CARD_INDEXES": ",".join(str(card.index) for card in launch.cards),
        "EAS_GPU_MEMORY_MIB": ",".join(str(card.memory_mib) for card in launch.cards),
        "EAS_GPU_CORE_PERCENTAGE": ",".join(str(card.compute) for card in launch.cards),
        "EAS_EXCLUSIVE": "1" if launch.exclusive else "0",
        "EAS_TOKEN_FILE": str(token_file),
        "PORT": str(port),
        "EAS_PORT": str(port),
    }
    return {**facts, **gpu.environment(launch)}
