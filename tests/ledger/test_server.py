"""A ledger on a PostgreSQL server: what is wrong there is a sentence without the password; a preview writes nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from components.ledger import (
    BadLocation,
    KeyFault,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    LedgerTooNew,
    LedgerUnreachable,
    NotALedger,
    Unusable,
    open_ledger,
    resolve_url,
)
from components.ledger.database import postgres as dialect
from components.ledger.database.migrate import HEAD, VERSIONS, upgrade
from tests.ledger.audit import content, rows_of
from tests.ledger.build import BECAUSE, LATER, NOW, OWNER, commit, node, place, run, start
from tests.ledger.sites import PASSWORD, Postgres, Site
from tests.ledger.test_key_rotation import filled, whole

ROOT = Path(__file__).resolve().parents[2]
SOON = timedelta(seconds=0.5)
HOST = "127.0.0.1"


@pytest.fixture
def used(postgres: Postgres, tmp_path: Path) -> Site:
    """A ledger that has never held anything."""
    return postgres.emptied(tmp_path)


@pytest.fixture
def bare(postgres: Postgres, tmp_path: Path) -> Site:
    """A database without a table."""
    return postgres.fresh(tmp_path)


def database_of(site: Site) -> str:
    """Return the name of the database."""
    return site.url.partition("@/")[2].partition("?")[0]


def by_address(
    postgres: Postgres, *, user: str = "eas", password: str = PASSWORD, database: str = "used"
) -> str:
    """Return the URL of a database that asks for a password."""
    return f"postgresql://{user}:{password}@{HOST}:{postgres.server.port}/{database}"


# ------------------------------------------------------------------------------------------------- opening


def test_a_preview_of_an_empty_database_makes_nothing_and_reads_as_never_held(bare: Site) -> None:
    with bare.open(create=False) as ledger:
        assert not ledger.exists
        assert not ledger.knows(OWNER)
        assert ledger.snapshot(OWNER, [node()], ["p"]).held == ()
        with pytest.raises(LedgerMissing, match=r"has no tables yet.*pulumi up"):
            commit(ledger, [start(1, "a", place())], nodes=[node()])
        assert content(bare.where) == {}
        bare.open().close()
        assert ledger.exists, "it has been made since"
    assert list(bare.home.iterdir()) == []


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
def test_the_tables_of_another_program_are_left_alone(bare: Site, create: bool) -> None:
    import psycopg

    with psycopg.connect(bare.url) as other:
        other.execute("CREATE TABLE about (name text, value text)")
        other.execute("CREATE TABLE alembic_version (version_num text)")
    before = content(bare.where)
    with pytest.raises(NotALedger, match=r"tables of another program \(about, alembic_version\).*createdb"):
        bare.open(create=create)
    assert content(bare.where) == before


@pytest.mark.parametrize("create", [True, False], ids=["up", "preview"])
def test_a_schema_of_a_newer_version_is_refused_untouched(
    bare: Site, postgres: Postgres, create: bool
) -> None:
    bare.open().close()
    postgres.server.sql("UPDATE alembic_version SET version_num = '9999'", database=database_of(bare))
    before = content(bare.where)
    with pytest.raises(LedgerTooNew, match=rf"has schema 9999.*up to {HEAD}.*Update"):
        bare.open(create=create)
    assert content(bare.where) == before


def made_at(site: Site, version: str, *statements: str) -> None:
    """Make the ledger as an earlier version left it."""
    from components.ledger.database.backend import WRITE
    from components.ledger.database.location import parse
    from components.ledger.opening import backend_of

    backend = backend_of(parse(site.url, site.home))
    engine = backend.engine(create=True, patience=SOON)
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        upgrade(connection, version)
        backend.mark(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_a_preview_reads_an_older_ledger_through_a_copy_and_up_renews_it(
    bare: Site, used: Site, version: str
) -> None:
    made_at(
        bare,
        version,
        "INSERT INTO pool VALUES ('p', 'o', 'h', 'eas-r-1', 'local', '{\"ports\": [1]}', '[]', true, '2026-03-01')",
    )
    before = content(bare.where)
    with bare.open(create=False) as ledger:
        assert [(pool.name, pool.settings) for pool in ledger.pools()] == [("p", {"ports": [1]})]
        with pytest.raises(Unusable, match=r"older version.*pulumi up"):
            ledger.set_node_state("p", "n1", None, "lost", "operator", "", "ann", NOW)
    assert content(bare.where) == before
    with bare.open() as ledger:
        assert [pool.name for pool in ledger.pools()] == ["p"]
    assert content(bare.where)["alembic_version"] == [(HEAD,)]
    assert columns(bare) == columns(used), "as if it had been made anew"


def columns(site: Site) -> object:
    """Return what the server says of every column."""
    return rows_of(
        site.where,
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2",
    )


def test_a_migration_that_dies_half_way_leaves_the_database_as_it_was(
    bare: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(connection: object) -> None:
        connection.exec_driver_sql("CREATE TABLE about (name text)")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("components.ledger.opening.make_tables", failing)
        with pytest.raises(KeyboardInterrupt):
            bare.open()
    assert content(bare.where) == {}
    bare.open().close()


@pytest.mark.parametrize("migrated", [True, False], ids=["migrated", "new"])
def test_the_tables_are_those_of_the_schema_and_order_text_as_python_does(bare: Site, migrated: bool) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from components.ledger.schema import metadata

    if migrated:
        made_at(bare, HEAD)
    with bare.open() as ledger, ledger._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    query = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'character varying' AND table_name <> 'alembic_version' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert rows_of(bare.where, query) == [[]]


def test_two_schemas_of_one_database_are_two_ledgers(bare: Site, postgres: Postgres) -> None:
    postgres.server.sql("CREATE SCHEMA one", "CREATE SCHEMA two", database=database_of(bare))
    one, two = (
        open_ledger(f"{bare.url}&options=-csearch_path%3D{schema}", home=bare.home, create=True)
        for schema in ("one", "two")
    )
    with one, two:
        commit(one, [start(1, "a", place())], nodes=[node()])
        assert one.knows(OWNER)
        assert not two.knows(OWNER)
    assert len(list(bare.home.glob("*.key"))) == 2


# ------------------------------------------------------------------------------------------ being let in


def told(url: str, home: Path, *, create: bool = False) -> Unusable:
    """Return what opening raises; the password is in none of what it says."""
    with pytest.raises(Unusable) as caught:
        open_ledger(url, home=home, create=create).close()
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in str(error)
        error = error.__cause__
    return caught.value


def test_whoever_is_not_let_in_is_told_so(postgres: Postgres, tmp_path: Path) -> None:
    said = told(by_address(postgres, password="wrong"), tmp_path)
    assert "does not let this user in (" in str(said)
    assert f"postgresql://eas:***@{HOST}" in str(said)
    assert "PGPASSWORD" in str(said)
    said = told(by_address(postgres, user="nobody-here"), tmp_path)
    assert "does not let this user in (" in str(said)
    said = told(by_address(postgres, database="absent"), tmp_path)
    assert 'database "absent" does not exist' in str(said)
    assert "createdb" in str(said)


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    began = time.monotonic()
    said = told(f"postgresql://eas:{PASSWORD}@{HOST}:1/used", tmp_path, create=True)
    assert isinstance(said, LedgerUnreachable)
    assert f"postgresql://eas:***@{HOST}:1/used cannot be reached" in str(said)
    assert time.monotonic() - began < 25, "it was never reached, so there is nothing to wait for"


def test_a_role_that_may_not_use_the_schema_is_told_so_and_sees_no_empty_ledger(
    bare: Site, postgres: Postgres, tmp_path: Path
) -> None:
    with bare.open():
        pass
    database = database_of(bare)
    postgres.server.sql(
        f"CREATE ROLE outsider LOGIN PASSWORD '{PASSWORD}'",
        "REVOKE USAGE ON SCHEMA public FROM public",
        database=database,
    )
    url = by_address(postgres, user="outsider", database=database)
    with pytest.raises(
        LedgerReadOnly, match=r"may not be read by role outsider.*GRANT USAGE ON SCHEMA public TO outsider"
    ):
        open_ledger(url, home=tmp_path, create=False)


def test_a_role_that_may_only_read_previews_and_is_told_that_it_may_not_write(
    used: Site, postgres: Postgres, tmp_path: Path
) -> None:
    with used.open() as ledger:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
    postgres.server.sql(
        f"CREATE ROLE viewer LOGIN PASSWORD '{PASSWORD}'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer",
        database="used",
    )
    url = by_address(postgres, user="viewer")
    with open_ledger(url, home=tmp_path, create=False) as ledger:
        assert len(ledger.snapshot(OWNER, [node()], ["p"]).held) == 1
        assert PASSWORD not in ledger.url
        with pytest.raises(
            LedgerReadOnly, match=r"may not be written \(permission denied.*previews need a role"
        ):
            ledger.set_node_state("p", "n1", None, "lost", "operator", "", "ann", NOW)


def test_a_key_is_rotated_on_a_server_as_it_is_in_a_file(bare: Site) -> None:
    with bare.open(key=None) as ledger:
        filled(ledger)
        done = ledger.rotate_key(now=NOW, because="test")
        assert (done.specs, done.tokens) == (2, 1)
        whole(ledger)
    with bare.open(key=None) as ledger:
        whole(ledger)
        assert ledger.key()[0] == done.new


def test_a_database_that_is_read_only_is_named(used: Site) -> None:
    url = f"{used.url}&options=-cdefault_transaction_read_only%3Don"
    with open_ledger(url, home=used.home, create=False) as ledger:
        assert not ledger.knows(OWNER)
        with pytest.raises(LedgerReadOnly, match=r"read-only transaction.*primary"):
            commit(ledger, [start(1, "a", place())], nodes=[node()])


def test_a_project_without_the_ledgers_key_is_told_where_to_put_it(bare: Site, tmp_path: Path) -> None:
    bare.open(key=None).close()
    mine = next(bare.home.glob("*.key"))
    with pytest.raises(
        KeyFault, match=rf"key file {tmp_path}/other/{mine.name} cannot be read.*EAS_LEDGER_KEY"
    ):
        bare.open(key=None, home=tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / mine.name).write_bytes(mine.read_bytes())
    (tmp_path / "other" / mine.name).chmod(0o600)
    bare.open(key=None, home=tmp_path / "other").close()


# ---------------------------------------------------------------------------------------- writing together


@pytest.fixture
def held(used: Site) -> Iterator[Site]:
    """A ledger in which another process writes, and does not end."""
    program = """
        import sys, time
        from pathlib import Path
        from components.ledger import open_ledger
        from tests.ledger.sites import KEY
        ledger = open_ledger(sys.argv[1], home=Path.cwd(), create=True, key=KEY)
        with ledger._database.write() as connection:
            print("held", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), used.url]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    yield used
    other.kill()
    other.communicate()


@pytest.mark.e2e
def test_a_writer_waits_for_its_limit_and_readers_do_not_wait(held: Site) -> None:
    with held.open(create=False, patience=SOON) as ledger:
        assert not ledger.knows(OWNER)
        began = time.monotonic()
        with pytest.raises(LedgerLocked, match=r"written by another process.*pg_stat_activity") as caught:
            commit(ledger, [start(1, "a", place())], nodes=[node()])
        assert caught.value.retriable
        assert time.monotonic() - began < 10 * SOON.total_seconds(), (
            "the limit is not waited for twice and more"
        )


@pytest.mark.e2e
def test_a_writer_from_which_nothing_is_heard_loses_its_transaction(
    used: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "IDLE_AT_MOST", timedelta(milliseconds=200))
    with used.open() as sleeper, used.open() as other:

        def sleeping() -> None:
            with sleeper._database.write() as connection:
                connection.exec_driver_sql("INSERT INTO about VALUES ('x', 'y')")
                time.sleep(1)
                connection.exec_driver_sql("SELECT 1")

        with pytest.raises(LedgerUnreachable, match="heard nothing"):
            sleeping()
        commit(other, [start(1, "a", place())], nodes=[node()])
        assert sleeper.knows(OWNER)
    assert rows_of(used.where, "SELECT 1 FROM about WHERE name = 'x'") == [[]]


def test_a_connection_that_is_cut_writes_nothing_and_the_next_write_goes_on(
    used: Site, postgres: Postgres
) -> None:
    def cut() -> str:
        postgres.server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'used' AND pid <> pg_backend_pid()",
            database="used",
        )
        return "i0"

    with used.open() as ledger:
        before = content(used.where)
        with pytest.raises(LedgerUnreachable, match="run it again: it goes on from what is recorded"):
            commit(ledger, [start(1, "a", place())], nodes=[node()], mint=cut)
        assert content(used.where) == before
        done = commit(ledger, [start(1, "a", place())], nodes=[node()])
        run(ledger, done)
    assert used.audit() == []


def test_a_commit_is_durable_whatever_the_roles_default(used: Site) -> None:
    url = f"{used.url}&options=-csynchronous_commit%3Doff"
    with open_ledger(url, home=used.home, create=False) as ledger:
        with ledger._database.write() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        with ledger._database.read() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"


def test_one_transaction_of_a_reader_sees_one_moment(used: Site) -> None:
    with used.open() as writer, used.open() as reader:
        with reader._database.read() as connection:
            count = "SELECT count(*) FROM event"
            before = connection.exec_driver_sql(count).scalar()
            commit(writer, [start(1, "a", place())], nodes=[node()])
            assert connection.exec_driver_sql(count).scalar() == before
        assert len(reader.events()) > 0


@pytest.mark.e2e
def test_a_server_that_is_killed_and_restarted_loses_nothing_and_is_waited_for(
    used: Site, postgres: Postgres
) -> None:
    with used.open() as ledger:
        done = commit(ledger, [start(1, "a", place())], nodes=[node()])
        postgres.server.stop("immediate")
        later = threading.Timer(0.5, postgres.server.start)
        later.start()
        try:
            fences = run(ledger, done)
        finally:
            later.join()
        assert fences == {"a": 1}
        assert [row.held.state for row in ledger.instances()] == ["ready"]
    assert used.audit() == []


def test_a_log_with_the_character_that_ends_texts_is_recorded(used: Site) -> None:
    with used.open() as ledger:
        done = commit(ledger, [start(1, "a", place())], nodes=[node()])
        fences = run(ledger, done)
        ledger.failed(done.ids[1], fences["a"], "core\0dumped", LATER, BECAUSE)
        assert ledger.instances()[0].detail == "core\N{REPLACEMENT CHARACTER}dumped"


# --------------------------------------------------------------------------------------------- its place


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("postgresql://eas:hunter2@host", "names no database"),
        ("postgresql://eas:hunter2@host:port/db", "is no URL"),
        ("postgresql://eas:hunter2/x@host/db", "is no URL"),
        ("postgresql://eas:hunter2@host/db#x", "names no database"),
        ("mysql://eas:hunter2@host/db", "not a ledger's place"),
    ],
)
def test_a_url_that_cannot_be_is_named_without_its_password(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(BadLocation, match=said) as caught:
        resolve_url(None, {"EAS_LEDGER": value}, None, tmp_path)
    assert str(caught.value).startswith("EAS_LEDGER is ")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_place_is_shown_without_its_password(tmp_path: Path) -> None:
    shown = {
        "postgres://eas:p%40ss@db.example.com:6432/eas?sslmode=require": (
            "postgresql://eas:***@db.example.com:6432/eas?sslmode=require"
        ),
        "postgresql://eas@/eas?host=/run/postgresql&password=s3cret": (
            "postgresql://eas@/eas?host=/run/postgresql&password=***"
        ),
        "postgresql://db/eas": "postgresql://db/eas",
    }
    for url, expected in shown.items():
        found = resolve_url(url, {}, None, tmp_path)
        assert found.shown == expected
        assert found.source == "--ledger"


def test_a_password_has_no_place_in_a_stack_file(tmp_path: Path) -> None:
    with pytest.raises(BadLocation, match=r"stack files.*PGPASSWORD") as caught:
        resolve_url(None, {}, "postgresql://eas:hunter2@db/eas", tmp_path)
    assert "hunter2" not in str(caught.value)
    assert resolve_url(None, {}, "postgresql://eas@db/eas", tmp_path).url == "postgresql://eas@db/eas"


def test_ledgers_of_other_users_of_one_database_share_its_key_file(tmp_path: Path) -> None:
    from components.ledger.database.location import parse

    keys = {
        parse(url, tmp_path).key_file
        for url in (
            "postgresql://a:x@db:5432/eas",
            "postgresql://b@db/eas",
            "postgres://db/eas?sslmode=require",
        )
    }
    assert keys == {tmp_path / "db-5432-eas.key"}


def test_the_driver_is_not_loaded_for_a_file(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from components.ledger import open_ledger; "
        "open_ledger(sys.argv[1], home=Path(sys.argv[2]), create=True).close(); print('psycopg' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "ledger.db"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"
