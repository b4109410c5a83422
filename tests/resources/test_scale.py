"""What holds for many resources, and at start-up."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from components.resources import Fleet
from tests.resources.program import pool, run, service

SERIALIZE = """
import asyncio
from pulumi.dynamic.dynamic import serialize_provider
from components.providers.placement import PlacementProvider
from components.providers.pool import GpuPoolProvider
from components.providers.service import EasServiceProvider
for kind in (GpuPoolProvider, EasServiceProvider, PlacementProvider):
    print(serialize_provider(kind()))
"""


def python(code: str) -> str:
    """Run code in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_two_thousand_resources_construct() -> None:
    """Pulumi's SDK adds a frame per pickled dict and resource: with an instance attribute, 1,000 would be too many."""
    services = {f"s{number:04d}": service() for number in range(2000)}
    nodes = {f"n{number:03d}": {"instance_type": "ecs.gn7e-c16g1.32xlarge"} for number in range(100)}
    found = run(lambda: Fleet(pools=[pool(nodes=nodes)], services=services))
    assert len(found.names("EasService")) == 2000


def test_two_interpreters_store_the_same_provider() -> None:
    """By reference: a hundred bytes or less, the same each time, without any of our code in it."""
    first = python(SERIALIZE)
    assert first == python(SERIALIZE)
    assert all(len(line) < 120 for line in first.splitlines())


@pytest.mark.parametrize(
    "module", ["sqlalchemy", "alembic", "supervisor", "cryptography", "components.ledger"]
)
def test_declaring_imports_nothing_of_the_providers_work(module: str) -> None:
    """A program only declares; the ledger and what it needs would cost each preview most of a second."""
    loaded = python("import sys; import components.resources; print(*sys.modules, sep='\\n')").splitlines()
    assert module not in loaded
    assert not [name for name in loaded if name.startswith("components.providers.work")]


@pytest.mark.parametrize("module", ["alembic", "supervisor", "typer", "rich"])
def test_a_check_imports_only_what_it_needs(module: str) -> None:
    """Each phase of each command starts a provider process."""
    loaded = python(
        "import sys; import components.providers.work.placement; print(*sys.modules, sep='\\n')"
    ).splitlines()
    assert module not in loaded


def test_what_the_first_call_needs_is_less_than_what_the_others_need_which_comes_meanwhile() -> None:
    """The program waits for the pool; while it then prepares the services, the provider imports the rest."""
    before, after = python(
        """
        import sys, threading
        import components.providers.work.pool
        from components.providers.work import ahead
        print("pydantic" in sys.modules, ahead.NEEDED[-1] in sys.modules)
        ahead.begin()
        ahead.begin()
        threads = [thread for thread in threading.enumerate() if thread.name == "eas-ahead"]
        for thread in threads:
            thread.join()
        print(*(name in sys.modules for name in ahead.NEEDED), len(threads))
        """
    ).splitlines()
    assert before == "False False"
    assert after == "True True 1"
