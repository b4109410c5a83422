"""Specs and secrets are never in clear in the file; a missing, wrong or exposed key is a sentence."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from components.ledger import KeyFault, Ledger, key_from_environment, open_ledger
from components.ledger.database.keys import Vault, mint_key_file
from tests.ledger.build import BECAUSE, NOW, OWNER, commit, node, place, run, start, stop, wanted

TOKEN = "tok-5f3a9c-very-secret"
KEY = bytes(range(32))


def declare(ledger: Ledger, token: str = TOKEN, revision: str = "r1") -> None:
    """Declare service ``a`` with a secret."""
    ledger.declare_service(
        OWNER,
        "a",
        holder="h",
        pool="p",
        revision=revision,
        document={"metadata": {"name": "a"}, "envs": [{"name": "DB", "value": "plain-but-private"}]},
        secrets={"token": token, "password": "hunter2-hunter2"},
        now=NOW,
        because=BECAUSE,
    )


def everything(folder: Path) -> bytes:
    """Return the bytes of the database and of all that SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.name != "ledger.key")


def test_no_secret_is_in_clear_in_the_file_whatever_was_done_with_it(ledger: Ledger, file: Path) -> None:
    declare(ledger)
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = run(ledger, done)
    ledger.failed(done.ids[1], fences["a"], f"Traceback: bad token {TOKEN} for hunter2-hunter2", NOW, BECAUSE)
    ledger.observed(done.ids[1], "ready", TOKEN, NOW, BECAUSE)
    ledger.observed(done.ids[1], "failed", f"again {TOKEN}", NOW, BECAUSE)
    declare(ledger, revision="r2")
    commit(ledger, [stop(1, done.ids[1])], nodes=[node()], services=[wanted("a", "r2")])
    for _ in range(2):
        for secret in (TOKEN.encode(), b"hunter2", b"plain-but-private"):
            assert secret not in everything(file.parent)
        assert ledger.instances()[0].detail == "again (secret)"
        ledger.close()


def test_a_log_that_shows_a_token_is_stored_without_it(ledger: Ledger) -> None:
    declare(ledger)
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = run(ledger, done)
    ledger.failed(done.ids[1], fences["a"], f"401 for {TOKEN}", NOW, BECAUSE)
    assert ledger.instances()[0].detail == "401 for (secret)"
    assert all(TOKEN not in event.detail for event in ledger.events(limit=1000))


def test_a_log_that_shows_a_token_that_was_made_or_any_known_kind_of_secret_is_stored_without_it(
    ledger: Ledger,
) -> None:
    declare(ledger)
    done = commit(ledger, [start(1, "a", place())], nodes=[node()], tokens={"a": "made-of-the-stack"})
    fences = run(ledger, done)
    said = "401 for made-of-the-stack at postgres://u:p4ss@db/x"
    ledger.failed(done.ids[1], fences["a"], said, NOW, BECAUSE)
    assert ledger.instances()[0].detail == "401 for (secret) at postgres://u:(secret)@db/x"


def test_the_key_file_is_this_users_alone_and_made_once(file: Path) -> None:
    open_ledger(str(file), home=file.parent, create=True).close()
    key = file.parent / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    first = key.read_bytes()
    assert len(base64.b64decode(first)) == 32
    open_ledger(str(file), home=file.parent, create=True).close()
    assert key.read_bytes() == first
    assert mint_key_file(key) == base64.b64decode(first)
    assert sorted(path.name for path in file.parent.iterdir()) == ["ledger.db", "ledger.key"]


def test_the_key_of_the_environment_needs_no_file(file: Path) -> None:
    key = key_from_environment({"EAS_LEDGER_KEY": base64.b64encode(KEY).decode()})
    with open_ledger(str(file), home=file.parent, create=True, key=key) as ledger:
        declare(ledger)
    assert not (file.parent / "ledger.key").exists()
    with open_ledger(str(file), home=file.parent, create=False, key=KEY) as ledger:
        assert ledger.spec(OWNER, "a", "r1").secrets["token"] == TOKEN


def test_whoever_opens_a_ledger_takes_the_key_of_the_environment_before_a_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EAS_LEDGER_KEY", base64.b64encode(KEY).decode())
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        declare(ledger)
    assert not (file.parent / "ledger.key").exists()
    monkeypatch.setenv("EAS_LEDGER_KEY", "no key")
    with open_ledger(str(file), home=file.parent, create=False) as ledger:
        assert ledger.services(OWNER), "what needs no key asks for none"
        with pytest.raises(KeyFault, match="EAS_LEDGER_KEY is not base64"):
            ledger.spec(OWNER, "a", "r1")


def test_url_safe_base64_is_read_as_well() -> None:
    key = b"\xff\xfe" * 16
    assert key_from_environment({"EAS_LEDGER_KEY": base64.urlsafe_b64encode(key).decode()}) == key


@pytest.mark.parametrize("value", ["not base64!", base64.b64encode(b"short").decode(), "\u00e9"])
def test_a_malformed_key_is_named(value: str) -> None:
    with pytest.raises(KeyFault, match="EAS_LEDGER_KEY"):
        key_from_environment({"EAS_LEDGER_KEY": value})


def test_no_key_in_the_environment_is_none() -> None:
    assert key_from_environment({}) is None
    assert key_from_environment({"EAS_LEDGER_KEY": " "}) is None


def test_another_ledgers_key_is_refused_before_anything_is_written_with_it(file: Path) -> None:
    open_ledger(str(file), home=file.parent, create=True).close()
    with pytest.raises(
        KeyFault, match=rf"EAS_LEDGER_KEY is not the key of ledger {file}.*put the ledger's own key"
    ):
        open_ledger(str(file), home=file.parent, create=True, key=KEY)


def test_a_lost_key_is_named_and_not_replaced(file: Path) -> None:
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        declare(ledger)
    (file.parent / "ledger.key").unlink()
    with pytest.raises(KeyFault, match=r"ledger\.key cannot be read.*EAS_LEDGER_KEY"):
        open_ledger(str(file), home=file.parent, create=True)
    assert not (file.parent / "ledger.key").exists()
    with open_ledger(str(file), home=file.parent, create=False) as ledger:
        assert ledger.services(OWNER)
        with pytest.raises(KeyFault):
            ledger.spec(OWNER, "a", "r1")


def test_a_key_that_others_can_read_is_refused_with_the_command_that_helps(file: Path) -> None:
    open_ledger(str(file), home=file.parent, create=True).close()
    (file.parent / "ledger.key").chmod(0o644)
    with pytest.raises(KeyFault, match=r"mode 644; run `chmod 600 "):
        open_ledger(str(file), home=file.parent, create=True)


def test_what_was_sealed_for_one_place_does_not_open_at_another() -> None:
    vault = Vault(KEY, "EAS_LEDGER_KEY")
    sealed = vault.seal({"token": TOKEN}, "service a")
    assert vault.open(sealed, "service a") == {"token": TOKEN}
    assert TOKEN.encode() not in sealed
    assert vault.seal({"token": TOKEN}, "service a") != sealed
    for wrong in (
        lambda: vault.open(sealed, "service b"),
        lambda: Vault(KEY[::-1], "other").open(sealed, "service a"),
    ):
        with pytest.raises(KeyFault, match="service"):
            wrong()
    with pytest.raises(KeyFault):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "service a")


def test_equal_content_has_one_digest_and_a_key_of_its_own() -> None:
    vault = Vault(KEY, "k")
    assert vault.digest({"a": 1, "b": 2}) == vault.digest({"b": 2, "a": 1})
    assert vault.digest({"a": 1}) != Vault(KEY[::-1], "k").digest({"a": 1})
