"""Tokens: declared or derived, never in clear where Pulumi or the ledger show inputs, and no reason to restart."""

from __future__ import annotations

import hashlib
import hmac
import shutil

import pytest

from components.providers.work import session
from components.runtimes.port import Capabilities
from components.runtimes.simulated import SimulatedRuntime
from tests.providers.engine import OWNER, PLACEMENT, SECRET, Stack, files, leaves

TOKEN = "declared-t0k3n-of-the-file"


def token_in_runtime(stack: Stack, instance: str) -> str:
    """Return the token that the instance was handed."""
    runtime = stack.runtime()
    with runtime._rows() as rows:
        found = rows.execute("SELECT token FROM instance WHERE id = ?", (instance,)).fetchone()[0]
    runtime.close()
    return str(found)


def test_a_declared_token_is_an_output_and_nowhere_a_plain_input(stack: Stack) -> None:
    """It is in EasService's ``secrets`` (a Pulumi secret), in Placement's ``tokens`` (too), and encrypted in the ledger."""
    stack.service("page", gpu_memory=20, token=TOKEN)
    phase = stack.up()
    for name, inputs in phase.checked.items():
        shown = {key: value for key, value in inputs.items() if key != "secrets"}
        assert not any(TOKEN in str(leaf) for leaf in leaves(shown)), name
    assert stack.state[PLACEMENT].outputs["tokens"] == {"page": TOKEN}
    assert token_in_runtime(stack, stack.rows()["page/0"][2]) == TOKEN
    session.reset()
    for name, content in files(stack.root).items():
        if "simulated" not in name:
            assert TOKEN.encode() not in content, name


def test_a_service_without_a_token_has_one_made_from_the_secret_the_same_after_a_lost_ledger(
    stack: Stack,
) -> None:
    """HMAC(secret, owner/service): derived again, stored nowhere."""
    stack.service("page", gpu_memory=20)
    stack.up()
    expected = hmac.new(SECRET.encode(), f"token\0{OWNER}/page".encode(), hashlib.sha256).hexdigest()
    assert stack.state[PLACEMENT].outputs["tokens"] == {"page": expected}
    assert token_in_runtime(stack, stack.rows()["page/0"][2]) == expected
    session.reset()
    for name, content in files(stack.ledger_file.parent).items():
        if "simulated" not in name:
            assert expected.encode() not in content, name
    shutil.rmtree(stack.root / ".eas")
    stack.state.clear()
    stack.up()
    assert stack.state[PLACEMENT].outputs["tokens"] == {"page": expected}


@pytest.mark.parametrize(("before", "after"), [(TOKEN, "another"), ("", TOKEN), (TOKEN, "")])
def test_a_token_change_is_a_reconfigure_and_restarts_nothing(stack: Stack, before: str, after: str) -> None:
    """From file to file, from derived to file, from file to derived."""
    stack.service("page", gpu_memory=20, token=before)
    stack.service("llm", gpu_memory=20)
    stack.up()
    rows, runs = stack.rows(), stack.runs()
    stack.service("page", gpu_memory=20, token=after)
    changed = stack.up()
    assert changed.hows == {"page/0": "reconfigure"}
    assert (stack.rows(), stack.runs()) == (rows, runs)
    new = stack.state[PLACEMENT].outputs["tokens"]["page"]
    assert new == (after or new)
    assert new != before
    assert token_in_runtime(stack, rows["page/0"][2]) == new
    assert set(stack.preview().did.values()) == {"same"}


def test_where_the_runtime_cannot_hand_it_over_the_instance_restarts_in_place(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same instance on the same card, started anew."""
    stack.service("page", gpu_memory=20, token=TOKEN)
    stack.up()
    rows = stack.rows()
    able = SimulatedRuntime(stack.root).capabilities()
    unable = Capabilities(**{name: getattr(able, name) for name in able.__slots__} | {"reconfigure": False})
    monkeypatch.setattr(SimulatedRuntime, "capabilities", lambda _: unable)
    stack.service("page", gpu_memory=20, token="another")
    stack.up()
    assert stack.rows() == rows
    assert set(stack.runs().values()) == {2}


def test_without_the_stacks_secret_nothing_is_derived(stack: Stack) -> None:
    """A token that everybody can compute is none: it is refused, with the command that sets the secret."""
    stack.service("page", gpu_memory=20)
    del stack.config["eas:secret"]
    with pytest.raises(Exception, match="pulumi config set --secret eas:secret"):
        stack.up()


def test_another_secret_of_the_stack_makes_new_tokens_and_rolls_every_service(stack: Stack) -> None:
    """Tokens and revisions are keyed with it: it is rotated as a release is, and the preview says so before."""
    stack.service("page", gpu_memory=20)
    stack.service("llm", gpu_memory=20, token=TOKEN)
    stack.up()
    rows, before = stack.rows(), stack.state[PLACEMENT].outputs["tokens"]
    stack.config["eas:secret"] = "another-secret-of-this-stack"
    stack.up()
    tokens = stack.state[PLACEMENT].outputs["tokens"]
    assert tokens["page"] != before["page"]
    assert tokens["llm"] == before["llm"] == TOKEN
    after = stack.rows()
    assert {name: row[2] != rows[name][2] for name, row in after.items()} == dict.fromkeys(
        ("llm/0", "page/0"), True
    )
    assert token_in_runtime(stack, after["page/0"][2]) == tokens["page"]
    assert set(stack.preview().did.values()) == {"same"}
