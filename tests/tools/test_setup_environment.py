"""What ``.env.sh`` gives a shell, and what setup never mints twice."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pulumi
import pytest

from components.spec.quotas import CARD, quota_of
from tools.setup import environment, stack
from tools.setup.layout import Layout
from tools.setup.report import SetupError


@pytest.fixture
def awkward(tmp_path: Path) -> Layout:
    """A checkout in a folder whose name a shell would take apart."""
    root = tmp_path / "it's a $HOME; folder"
    root.mkdir()
    return Layout(root)


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_it_can_be_sourced_anywhere_and_twice(awkward: Layout, shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed here")
    environment.ensure(awkward, awkward.bin)
    script = (
        "set -eu; PULUMI_CONFIG_PASSPHRASE=foreign; export PULUMI_CONFIG_PASSPHRASE\n"
        '. "$0"; before=$PATH; . "$0"; test "$PATH" = "$before"\n'
        'echo "$PULUMI_HOME"; echo "${PATH%%:*}"; env | grep -c \'^PULUMI_CONFIG_PASSPHRASE=\' || true\n'
    )
    done = subprocess.run(
        [found, "-c", script, str(awkward.env_file)], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [str(awkward.home), str(awkward.bin), "0"]


def test_state_and_passphrase_are_private(layout: Layout) -> None:
    environment.ensure(layout, layout.bin)
    assert layout.state.stat().st_mode & 0o777 == 0o700
    assert layout.passphrase.stat().st_mode & 0o777 == 0o600


def test_the_automatic_log_is_off_unless_its_folder_is_there(layout: Layout) -> None:
    environment.ensure(layout, layout.bin)
    logs = layout.home / "logs"
    assert logs.is_file()
    logs.unlink()
    logs.mkdir()
    environment.ensure(layout, layout.bin)
    assert logs.is_dir()


def test_the_passphrase_is_minted_once(layout: Layout) -> None:
    environment.ensure_passphrase(layout)
    first = layout.passphrase.read_text()
    environment.ensure_passphrase(layout)
    assert layout.passphrase.read_text() == first


def test_a_lost_passphrase_is_not_replaced_while_something_needs_it(layout: Layout) -> None:
    layout.stack_file("dev").write_text("encryptionsalt: v1:abc\n")
    with pytest.raises(SetupError, match=r"Pulumi\.dev\.yaml cannot be read without it"):
        environment.ensure_passphrase(layout)


def test_a_lost_stack_file_is_not_replaced_while_the_stack_holds_something(layout: Layout) -> None:
    record = layout.stack_record("dev")
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}))
    with pytest.raises(SetupError, match="Put the file back"):
        stack.ensure(layout, "dev", {})


@pytest.mark.parametrize("name", ["", "template", "a b", "../x", "a/b", "é"])
def test_a_stack_name_that_pulumi_or_a_file_cannot_have_is_refused(layout: Layout, name: str) -> None:
    with pytest.raises(SetupError, match="cannot name a stack"):
        stack.ensure(layout, name, {})


def test_the_owner_that_setup_makes_is_bound_by_the_quota_of_its_stack(layout: Layout) -> None:
    owner = stack.minted(layout, "prod")
    assert stack.minted(layout, "prod") != owner
    quotas = {"organization/eas-slices/prod": {"cards": 2}, "default": {"cards": 9}}
    for who in (owner, stack.minted(layout, "prod")):
        found = quota_of("lab", quotas, who)
        assert found is not None
        assert (found.entry, found.cards) == ("organization/eas-slices/prod", 2 * CARD)


def test_two_projects_have_owners_that_quotas_tell_apart(layout: Layout) -> None:
    (layout.root / "Pulumi.yaml").write_text('name: "search"\nruntime: python\n')
    owner = stack.minted(layout, "prod")
    assert owner.startswith("organization/search/prod-")
    assert quota_of("lab", {"organization/eas-slices/prod": {"cards": 2}}, owner) is None
    assert quota_of("lab", {"organization/search/*": {"cards": 2}}, owner) is not None


def test_the_advice_of_a_stack_without_an_owner_makes_one_that_quotas_know() -> None:
    from components.resources.settings import settings_of

    with pytest.raises(pulumi.RunError, match=r"openssl rand -hex (\d+)\)") as raised:
        settings_of(pulumi.Config("eas-nothing"))
    said = re.search(r"-hex (\d+)", str(raised.value))
    assert said is not None
    assert (
        quota_of("lab", {"a/b/prod": {"cards": 2}}, f"a/b/prod-{secrets.token_hex(int(said[1]))}") is not None
    )


@pytest.mark.e2e
def test_a_second_setup_of_the_stack_changes_nothing(awkward: Layout) -> None:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        pytest.skip("pulumi is not on PATH: run `make test`, which sources .env.sh")
    (awkward.root / "Pulumi.yaml").write_text("name: eas-slices\nruntime: python\n")
    (awkward.root / stack.TEMPLATE).write_text("config: {}\n")
    texts = []
    for _ in range(2):
        env = environment.ensure(awkward, Path(pulumi).parent)
        stack.ensure(awkward, "dev", env)
        texts.append([path.read_text() for path in (awkward.stack_file("dev"), awkward.env_file)])
    assert texts[0] == texts[1]
    assert "eas:owner: organization/eas-slices/dev-" in texts[0][0]
    assert "secure:" in texts[0][0]
