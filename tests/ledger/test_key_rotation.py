"""A key is rotated in one transaction; wherever it dies, the ledger opens, and nobody writes with the old one."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from components.ledger import KeyFault, Ledger, open_ledger
from components.ledger.database.keys import Vault, read_key_file
from tests.ledger.build import BECAUSE, NOW, OWNER, commit, node, place, run, start, stop, wanted

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def text(*keys: bytes) -> str:
    """Return keys as the environment and the file have them."""
    return ",".join(base64.b64encode(key).decode() for key in keys)


def declare(ledger: Ledger, revision: str = "r1", secret: str = "s3cret") -> None:
    """Declare service ``a``."""
    ledger.declare_service(
        OWNER,
        "a",
        holder="h",
        pool="p",
        revision=revision,
        document={"metadata": {"name": "a"}},
        secrets={"token": secret},
        now=NOW,
        because=BECAUSE,
    )


def filled(ledger: Ledger) -> None:
    """Leave a spec of now, one of the past and a made token."""
    declare(ledger)
    done = commit(ledger, [start(1, "a", place())], nodes=[node()], tokens={"a": "made"})
    run(ledger, done)
    declare(ledger, "r2")
    steps = [start(1, "a", place(), ordinal=1, revision="r2"), stop(2, done.ids[1])]
    again = commit(ledger, steps, nodes=[node()], services=[wanted("a", "r2")], tokens={"a": "made"})
    fences = run(ledger, again, 1)
    ledger.stopping(done.ids[1], fences["a"], NOW, BECAUSE)
    ledger.gone(done.ids[1], fences["a"], NOW, BECAUSE, step=(again.plan_id, 2))
    for revision in ("r3", "r2"):
        declare(ledger, revision)


def whole(ledger: Ledger) -> None:
    """Check that everything sealed opens."""
    assert ledger.spec(OWNER, "a", "r2").secrets == {"token": "s3cret"}
    past = {spec.revision: spec.until for spec in ledger.past_specs(OWNER, "a")}
    assert past["r1"] is not None
    assert past["r2"] is None
    assert ledger.tokens(OWNER) == {"a": "made"}


def opened(file: Path, **more: object) -> Ledger:
    """Open it for writing."""
    return open_ledger(str(file), home=file.parent, create=True, alive=lambda holder: None, **more)  # type: ignore[arg-type]


def test_everything_is_encrypted_anew_and_the_old_key_opens_nothing(file: Path) -> None:
    key = file.parent / "ledger.key"
    with opened(file) as ledger:
        filled(ledger)
        [old] = read_key_file(key)
        done = ledger.rotate_key(now=NOW, because="test")
        whole(ledger)
        [new] = read_key_file(key)
        assert (Vault(old, "").fingerprint, Vault(new, "").fingerprint) == (done.old, done.new)
        assert old != new
        assert key.stat().st_mode & 0o777 == 0o600
        assert ledger.key() == (done.new, str(key))
        assert (done.specs, done.tokens) == (2, 1)
        [event] = ledger.events("ledger/key")
        assert (event.what, event.detail) == (
            "key rotated",
            f"from {done.old} to {done.new}: 2 specs, 1 tokens",
        )
        declare(ledger, "r2")
        assert [row.declared for row in ledger.services(OWNER)] == ["r2"], "the same content is the same spec"
    with opened(file) as ledger:
        whole(ledger)
    with pytest.raises(KeyFault, match=rf"ledger's is {done.new}.*it is the new one that is missing here"):
        opened(file, key=old)


def test_a_process_that_runs_on_reads_the_new_key_and_never_writes_with_the_old(file: Path) -> None:
    with opened(file) as ledger, opened(file) as other:
        filled(ledger)
        whole(other)
        ledger.rotate_key(now=NOW, because="test")
        whole(other)
        declare(other, "r3")
        assert ledger.spec(OWNER, "a", "r3").secrets == {"token": "s3cret"}
        other.rotate_key(now=NOW, because="test")
        whole(ledger)


def test_one_whose_key_is_not_there_after_a_rotation_writes_nothing(file: Path) -> None:
    with opened(file) as ledger:
        filled(ledger)
        [old] = read_key_file(file.parent / "ledger.key")
        with opened(file, key=old) as other:
            whole(other)
            ledger.rotate_key(now=NOW, because="test")
            before = ledger.events(limit=1000)
            with pytest.raises(KeyFault, match="new one that is missing here"):
                declare(other, "r3")
            assert ledger.events(limit=1000) == before
            assert other.services(OWNER), "what needs no key asks for none"


def test_keys_of_the_environment_are_handed_out_first_and_then_used(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EAS_LEDGER_KEY", text(OLD))
    with opened(file) as ledger:
        filled(ledger)
        with pytest.raises(
            KeyFault, match=r"ledger's key alone; write a new one before it.*openssl rand -base64 32"
        ):
            ledger.rotate_key(now=NOW, because="test")
    monkeypatch.setenv("EAS_LEDGER_KEY", text(NEW, OLD))
    with opened(file) as ledger:
        whole(ledger)
        declare(ledger, "r2")
        assert ledger.key()[0] == Vault(OLD, "").fingerprint, "handed out is not used"
        with opened(file) as other:
            done = ledger.rotate_key(now=NOW, because="test")
            assert done.new == Vault(NEW, "").fingerprint
            whole(other)
    for keys in (text(NEW, OLD), text(NEW), text(OLD, NEW)):
        monkeypatch.setenv("EAS_LEDGER_KEY", keys)
        with opened(file) as ledger:
            whole(ledger)
    monkeypatch.setenv("EAS_LEDGER_KEY", text(OLD, bytes(32)))
    with pytest.raises(KeyFault, match="has several keys, none of them that of ledger"):
        opened(file)
    assert not (file.parent / "ledger.key").exists()


def test_what_cannot_be_opened_stops_a_rotation_and_nothing_is_changed(file: Path) -> None:
    with opened(file) as ledger:
        filled(ledger)
        with ledger._database.write() as connection:
            connection.exec_driver_sql("UPDATE past_spec SET sealed = x'0100'")
        with pytest.raises(KeyFault, match="at revision 'r1'"):
            ledger.rotate_key(now=NOW, because="test")
        assert ledger.spec(OWNER, "a", "r2").secrets == {"token": "s3cret"}
    with opened(file) as ledger:
        assert ledger.spec(OWNER, "a", "r2").secrets == {"token": "s3cret"}


DYING = """
    import os, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from components.ledger import open_ledger, store
    from components.ledger.database import keys, vaults
    file, point = Path(sys.argv[1]), sys.argv[2]
    written = keys.write_key_file
    times = iter(("first", "second"))
    def write(path, found):
        turn = next(times)
        if point == f"before the {turn} file":
            os._exit(9)
        written(path, found)
        if point == f"after the {turn} file":
            os._exit(9)
    keys.write_key_file = write
    encrypt = store.encrypt_anew
    def die(*given):
        done = encrypt(*given)
        if point == "before the commit":
            os._exit(9)
        return done
    store.encrypt_anew = die
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        ledger.rotate_key(now=datetime.now(UTC), because="test")
"""


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("before the first file", 1),
        ("after the first file", 2),
        ("before the commit", 2),
        ("before the second file", 2),
        ("after the second file", 1),
    ],
)
def test_killed_at_any_point_the_ledger_opens_and_the_next_rotation_ends(
    file: Path, point: str, left: int
) -> None:
    with opened(file) as ledger:
        filled(ledger)
    command = [sys.executable, "-c", textwrap.dedent(DYING), str(file), point]
    assert (
        subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "EAS_LEDGER_KEY": ""}).returncode
        == 9
    )
    assert len(read_key_file(file.parent / "ledger.key")) == left
    with opened(file) as ledger:
        whole(ledger)
        before = ledger.key()[0]
        done = ledger.rotate_key(now=NOW, because="test")
        assert done.old == before
        whole(ledger)
    assert len(read_key_file(file.parent / "ledger.key")) == 1
    assert sorted(path.name for path in file.parent.iterdir()) == ["ledger.db", "ledger.key"]
