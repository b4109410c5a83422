"""Bad files, locks, folders and versions end in a sentence with the file and the next step; a preview creates nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from components.ledger import (
    BadLocation,
    Ledger,
    LedgerError,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    LedgerTooNew,
    NotALedger,
    UnknownOwner,
    Unusable,
    open_ledger,
    resolve_url,
)
from components.ledger.database.backend import WRITE
from components.ledger.database.migrate import HEAD, VERSIONS
from tests.ledger.audit import content
from tests.ledger.build import BECAUSE, NOW, OWNER, commit, node, place, start

ROOT = Path(__file__).resolve().parents[2]
SOON = timedelta(seconds=0.5)


def opened(file: Path, **more: object) -> Ledger:
    """Open with ``create=True`` unless told otherwise."""
    return open_ledger(str(file), **({"home": file.parent, "create": True} | more))  # type: ignore[arg-type]


def test_a_preview_of_a_missing_ledger_creates_nothing_and_reads_as_never_held(file: Path) -> None:
    with opened(file, create=False) as ledger:
        assert not ledger.exists
        assert not ledger.knows(OWNER)
        assert ledger.pools() == ()
        assert ledger.snapshot(OWNER, [node()], ["p"]).held == ()
        assert ledger.committed(OWNER) is None
        with pytest.raises(LedgerMissing, match=f"{file} does not exist.*pulumi up"):
            commit(ledger, [start(1, "a", place())], nodes=[node()])
    assert list(file.parent.iterdir()) == []


def test_a_missing_ledger_while_pulumi_knows_assignments_is_a_sentence(file: Path) -> None:
    with opened(file, create=False) as ledger, pytest.raises(UnknownOwner) as caught:
        ledger.require_owner(OWNER, assignments=12)
    for part in (str(file), "does not exist", "12 assignments", OWNER, "eas ledger rebuild", "EAS_LEDGER"):
        assert part in str(caught.value)


def test_a_preview_of_a_ledger_that_is_there_leaves_its_content_and_folder_as_they_are(file: Path) -> None:
    opened(file).close()
    before, names = content(file), sorted(path.name for path in file.parent.iterdir())
    with opened(file, create=False) as ledger:
        ledger.snapshot(OWNER, [node()], ["p"])
    assert content(file) == before
    assert sorted(path.name for path in file.parent.iterdir()) == names


def test_the_file_and_its_folder_are_made_and_only_this_user_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "ledger.db"
    opened(file).close()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"services:\n  - a\n", "is not a ledger: it begins with b'services"),
        (b"SQLite format 3\0" + b"\0" * 4096, "not an SQLite database|damaged"),
        (
            b"SQLite format 3\0" + b"\x10\0\x01\x01\0\x40\x20\x20" + b"\xff" * 8000,
            "not an SQLite database|damaged",
        ),
    ],
    ids=["text", "zeros", "garbage"],
)
def test_a_file_that_is_no_ledger_is_named(file: Path, body: bytes, said: str, create: bool) -> None:
    file.write_bytes(body)
    with pytest.raises(NotALedger, match=said) as caught:
        opened(file, create=create)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == body


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
def test_the_database_of_another_program_is_left_alone(file: Path, create: bool) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE bookmark (url TEXT)")
    before = content(file)
    with pytest.raises(NotALedger, match="another program"):
        opened(file, create=create)
    assert content(file) == before


def test_a_ledger_damaged_in_its_middle_is_a_sentence(file: Path) -> None:
    with opened(file) as ledger:
        commit(ledger, [start(n, f"s{n}", place(memory=1)) for n in range(1, 60)], nodes=[node()])
    with file.open("r+b") as broken:
        broken.seek(4096)
        broken.write(b"\xa5" * (file.stat().st_size - 4096))

    def read() -> None:
        with opened(file, create=False) as ledger:
            ledger.instances()
            ledger.events(limit=1000)

    with pytest.raises(Unusable, match=r"damaged|another program"):
        read()


def test_an_empty_file_reads_as_none_and_becomes_a_ledger(file: Path) -> None:
    file.touch()
    with opened(file, create=False) as ledger:
        assert not ledger.knows(OWNER)
    assert file.stat().st_size == 0
    with opened(file) as ledger:
        assert not ledger.knows(OWNER)


def hold_the_lock(file: Path, mode: str) -> subprocess.Popen[str]:
    """Start a process that keeps the file locked until it is killed."""
    program = f"""
        import sqlite3, time
        database = sqlite3.connect({str(file)!r}, isolation_level=None)
        database.execute("PRAGMA locking_mode = {"EXCLUSIVE" if mode == "everything" else "NORMAL"}")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE owner SET since = since")
        print("locked", flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    """Kill it, if it still runs, and close its pipe."""
    if process.returncode is None:
        process.kill()
        process.communicate()


@pytest.mark.e2e
def test_a_write_lock_held_beyond_the_limit_is_a_sentence_and_readers_do_not_wait(file: Path) -> None:
    opened(file).close()
    other = hold_the_lock(file, "writing")
    try:
        with opened(file, patience=SOON) as ledger:
            assert not ledger.knows(OWNER)
            with pytest.raises(
                LedgerLocked, match=rf"{file} is locked by another process.*fuser {file}"
            ) as caught:
                commit(ledger, [start(1, "a", place())], nodes=[node()])
            assert caught.value.retriable
            ended(other)
            commit(ledger, [start(1, "a", place())], nodes=[node()])
    finally:
        ended(other)


@pytest.mark.e2e
def test_a_ledger_locked_altogether_is_a_sentence_when_it_is_opened(file: Path) -> None:
    opened(file).close()
    other = hold_the_lock(file, "everything")
    try:
        with pytest.raises(LedgerLocked, match=str(file)):
            opened(file, create=False, patience=SOON)
    finally:
        ended(other)


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
def test_a_schema_of_a_newer_version_is_refused_untouched(file: Path, create: bool) -> None:
    opened(file).close()
    with sqlite3.connect(file) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    before = content(file)
    with pytest.raises(LedgerTooNew, match=rf"{file} has schema 9999.*up to {HEAD}.*Update"):
        opened(file, create=create)
    assert content(file) == before


OPEN_AS_NOBODY = """
    import os, sys
    from pathlib import Path
    import alembic.command
    from components.ledger import LedgerError, open_ledger
    if os.geteuid() == 0:  # root may write everywhere
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    file = Path(sys.argv[1])
    try:
        open_ledger(str(file), home=file.parent, create=sys.argv[2] == "create").close()
    except LedgerError as error:
        print(type(error).__name__, error)
    else:
        print("opened")
"""


def as_nobody(file: Path, how: str) -> str:
    """Return what a user without any rights is told on opening the file."""
    command = [sys.executable, "-c", textwrap.dedent(OPEN_AS_NOBODY), str(file), how]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach but not write."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        folder = Path(made).resolve() / "folder"
        folder.mkdir(mode=0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.e2e
def test_a_folder_that_may_not_be_written_is_named(public: Path) -> None:
    said = as_nobody(public / "ledger.db", "create")
    assert said.startswith(f"LedgerReadOnly ledger {public / 'ledger.db'} cannot be created or written")
    assert f"write access to {public}" in said
    said = as_nobody(public / "ledger.db", "look")
    assert said == "opened\n"


@pytest.mark.e2e
def test_a_ledger_that_this_user_may_not_read_is_named(public: Path) -> None:
    file = public / "ledger.db"
    public.chmod(0o755)
    opened(file).close()
    file.chmod(0o000 if os.geteuid() else 0o600)
    for how in ("create", "look"):
        said = as_nobody(file, how)
        assert said.startswith(f"LedgerReadOnly ledger {file} cannot be ")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("mysql://host/db", "not a ledger's place"),
        ("sqlite://", "not a ledger's place"),
        ("sqlite:///", "names no file"),
        (":memory:", "names no file"),
        (".", "is a folder"),
        ("a\0b", "names no file"),
    ],
)
def test_a_place_that_cannot_be_a_ledger_is_named_with_its_source(
    tmp_path: Path, value: str, said: str
) -> None:
    with pytest.raises(BadLocation, match=said) as caught:
        resolve_url(None, {"EAS_LEDGER": value}, None, tmp_path)
    assert str(caught.value).startswith("EAS_LEDGER is ")


def test_the_flag_goes_before_the_environment_before_the_stack_before_the_default(tmp_path: Path) -> None:
    env = {"EAS_LEDGER": "env.db"}
    home = tmp_path.resolve()
    assert resolve_url("flag.db", env, "stack.db", tmp_path) == (f"sqlite:///{home}/flag.db", "--ledger")
    assert resolve_url(None, env, "stack.db", tmp_path) == (f"sqlite:///{home}/env.db", "EAS_LEDGER")
    assert resolve_url("", {"EAS_LEDGER": " "}, "stack.db", tmp_path) == (
        f"sqlite:///{home}/stack.db",
        "eas:ledger of the stack",
    )
    assert resolve_url(None, {}, None, tmp_path) == (
        f"sqlite:///{home}/.eas/ledger.db",
        "the project's default",
    )


def test_a_url_and_a_path_of_one_file_are_one_ledger(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    spellings = [f"sqlite:///{tmp_path}/x y.db", "sqlite:///x y.db", "x y.db", f"{tmp_path}/link/x y.db"]
    urls = {
        resolve_url(value, {}, None, tmp_path)[0] for value in [*spellings, f"sqlite:///{tmp_path}/x%20y.db"]
    }
    assert urls == {f"sqlite:///{tmp_path.resolve()}/x y.db"}
    with open_ledger(urls.pop(), home=tmp_path, create=True):
        assert (tmp_path / "x y.db").exists()


def test_names_that_a_url_would_read_otherwise_name_the_file_they_name(tmp_path: Path) -> None:
    for name in ("a?b.db", "a#b.db", "100%.db", "a&mode=ro.db"):
        opened(tmp_path / name).close()
        with opened(tmp_path / name) as ledger:
            assert ledger.exists
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("first", [None, *VERSIONS], ids=lambda version: version or "empty")
def test_every_version_migrates_to_the_tables_that_queries_see(
    tmp_path: Path, first: str | None, made_at: Callable[[Path, str | None], None]
) -> None:
    file = tmp_path / "ledger.db"
    made_at(file, first)
    with opened(file, create=False) as ledger:
        assert not ledger.knows(OWNER)
    with opened(file) as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
    fresh = tmp_path / "fresh.db"
    opened(fresh).close()
    assert tables(file) == tables(fresh)


def test_the_tables_made_by_migrating_are_those_of_the_schema(
    file: Path, made_at: Callable[[Path, str | None], None]
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from components.ledger.schema import metadata

    made_at(file, VERSIONS[-1])
    with opened(file) as ledger, ledger._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_new_ledger_is_what_migrating_would_make_of_it_and_imports_no_alembic(
    tmp_path: Path, made_at: Callable[[Path, str | None], None]
) -> None:
    """To the letter, with the version in it; importing Alembic would cost a first `up` more than making the tables."""
    made_at(tmp_path / "migrated.db", VERSIONS[-1])
    program = """
        import sys
        from pathlib import Path
        from components.ledger import open_ledger
        open_ledger(sys.argv[1], home=Path.cwd(), create=True).close()
        sys.exit("alembic" in sys.modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "new.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert spelled(tmp_path / "new.db") == spelled(tmp_path / "migrated.db")


def spelled(file: Path) -> tuple[list[str], list[tuple[str]]]:
    """Return every statement that would make the tables, in one spelling of spaces, and the version."""
    with sqlite3.connect(file) as database:
        made = database.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        ).fetchall()
        version = database.execute("SELECT version_num FROM alembic_version").fetchall()
    return [" ".join(sql.split()).replace(" )", ")").replace("( ", "(") for (sql,) in made], version


def test_the_last_migration_is_the_version_this_program_works_with() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(ROOT / "components" / "ledger" / "database" / "migrations"))
    config.set_main_option("path_separator", "os")
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(known)) == VERSIONS


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(file).close()
    with sqlite3.connect(file) as old:
        old.execute("UPDATE alembic_version SET version_num = '0000'")
    before = content(file)
    monkeypatch.setattr("components.ledger.database.migrate.VERSIONS", ("0000", *VERSIONS))

    def failing(connection: object, to: str = "head") -> None:
        connection.exec_driver_sql("DROP TABLE lease")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr("components.ledger.opening.upgrade", failing)
    with pytest.raises(KeyboardInterrupt):
        opened(file)
    assert content(file) == before


def test_a_preview_reads_an_older_ledger_through_a_copy_and_leaves_it_old(
    file: Path, made_at: Callable[[Path, str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(file) as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
    before = content(file)
    monkeypatch.setattr("components.ledger.database.migrate.HEAD", "9999")
    with opened(file, create=False) as ledger:
        assert len(ledger.instances(OWNER)) == 1
        with pytest.raises(Unusable, match=r"older version.*pulumi up"):
            ledger.set_node_state("p", "n1", None, "lost", "operator", "", "ann", NOW)
    assert content(file) == before


def tables(file: Path) -> dict[str, object]:
    """Return the columns and indexes of every table."""
    with sqlite3.connect(file) as database:
        names = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")
        ]
        return {name: database.execute(f'PRAGMA table_xinfo("{name}")').fetchall() for name in sorted(names)}


@pytest.fixture
def made_at() -> Callable[[Path, str | None], None]:
    """What makes a ledger as an earlier version left it."""
    from components.ledger.database.migrate import upgrade
    from components.ledger.database.sqlite import SqliteFile

    def make(file: Path, version: str | None) -> None:
        if version is None:
            return
        backend = SqliteFile(file)
        backend.make_place()
        engine = backend.engine(create=True, patience=SOON)
        backend.prepare(engine)
        with engine.connect().execution_options(**{WRITE: True}) as connection:
            upgrade(connection, version)
            backend.mark(connection)
            connection.commit()
        engine.dispose()

    return make


def test_every_error_is_a_sentence_of_one_tree() -> None:
    import components.ledger.errors as module

    classes = [
        value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert all(issubclass(kind, LedgerError) for kind in classes)
    assert issubclass(LedgerReadOnly, Unusable)
    assert BECAUSE
