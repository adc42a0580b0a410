"""A backup holds all state once, notices damage, and restores to what was."""

import sqlite3
from contextlib import closing

import pytest

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.platform.databases import check_databases
from dustjacket.upkeep.backup import (
    back_up,
    check,
    check_empty,
    restore_bucket,
    restore_home,
)
from dustjacket.upkeep.seal import load_key
from dustjacket.upkeep.vault import Vault
from tests.support.bucket import store_in_memory
from tests.support.histories import History

SECRET = b"a private title"


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    (home / "airflow").mkdir(parents=True)
    for name in ("mlflow.db", "airflow/airflow.db"):
        with closing(sqlite3.connect(home / name)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE runs (name TEXT)")
            database.execute("INSERT INTO runs VALUES ('first')")
            database.commit()
    (home / "credentials.json").write_text("{}")
    (home / "environment-s3.json").write_text("{}")
    (home / "source-roots").write_text("/books\n")
    artifact = home / "mlflow-artifacts" / "1" / "curve.txt"
    artifact.parent.mkdir(parents=True)
    artifact.write_bytes(SECRET)
    return home


@pytest.fixture
def history():
    history = History()
    for _ in range(2):
        history.week()
    history.put("running/x.json")
    history.put("scratch/x/y/z/1")
    return history


@pytest.fixture(params=["plain", "encrypted"])
def key(request, tmp_path):
    return load_key(tmp_path / "key", create=True) if request.param == "encrypted" else None


@pytest.fixture
def vault(tmp_path, key):
    return Vault(tmp_path / "vault", key, create=True)


def rows(file):
    with closing(sqlite3.connect(file)) as database:
        return [row[0] for row in database.execute("SELECT name FROM runs")]


def test_what_is_restored_is_what_was(home, history, vault, key, tmp_path):
    with closing(sqlite3.connect(home / "mlflow.db")) as database:  # at work meanwhile
        database.execute("INSERT INTO runs VALUES ('second')")
        database.commit()
        name, files, _ = back_up(home, history.store, vault)
        database.execute("INSERT INTO runs VALUES ('after')")
        database.commit()
    empty, again = store_in_memory(), tmp_path / "again"
    vault = Vault(tmp_path / "vault", key)
    written = restore_home(again, vault, name)
    assert written + restore_bucket(empty, vault, name) == files
    assert rows(again / "mlflow.db") == ["first", "second"]
    assert rows(again / "airflow" / "airflow.db") == ["first"]
    check_databases(again)
    assert {p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file()} == {
        "mlflow.db", "airflow/airflow.db", "credentials.json", "source-roots",
        "mlflow-artifacts/1/curve.txt",
    }  # fmt: skip
    assert not (again / "credentials.json").stat().st_mode & 0o077
    kept = {k: v for k, v in history.bucket.objects.items() if k[:7] not in ("running", "scratch")}
    assert empty.client.objects == kept


def test_what_is_there_already_is_not_copied_again(home, history, vault):
    _, _, first = back_up(home, history.store, vault)
    _, _, second = back_up(home, history.store, vault)
    assert second < first / 10
    history.week()
    before = sum(map(len, history.bucket.objects.values()))
    assert back_up(home, history.store, vault)[2] < before / 2


def test_a_damaged_content_is_noticed_and_nothing_is_restored_of_it(home, history, vault, tmp_path):
    name, *_ = back_up(home, history.store, vault)
    assert check(vault, name) > 5
    largest = max((tmp_path / "vault" / "objects").glob("*/*"), key=lambda p: p.stat().st_size)
    body = largest.read_bytes()
    for damage in (body[:-1] + bytes([body[-1] ^ 1]), body[:-5], b""):
        largest.write_bytes(damage)
        with pytest.raises(CorruptVersionError):
            check(vault, name)
    largest.unlink()
    with pytest.raises(CorruptVersionError, match="missing"):
        check(vault, name)
    with pytest.raises(CorruptVersionError, match="missing"):
        restore_home(tmp_path / "again", vault, name)


def test_a_restore_that_fails_leaves_an_empty_home(home, history, vault, tmp_path):
    name, *_ = back_up(home, history.store, vault)
    for path in (tmp_path / "vault" / "objects").glob("*/*"):
        path.unlink()
    with pytest.raises(CorruptVersionError):
        restore_home(tmp_path / "again", vault, name)
    check_empty(tmp_path / "again")


def test_an_encrypted_backup_shows_nothing_and_needs_its_key(home, history, tmp_path):
    key = load_key(tmp_path / "key", create=True)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    back_up(home, history.store, Vault(tmp_path / "vault", key, create=True))
    for path in (tmp_path / "vault").rglob("*"):
        assert path.is_dir() or SECRET not in path.read_bytes()
        assert path.is_dir() or b"curve.txt" not in path.read_bytes()
    with pytest.raises(BadInputError, match="--key"):
        Vault(tmp_path / "vault")
    with pytest.raises(BadInputError, match="--key"):
        Vault(tmp_path / "vault", load_key(tmp_path / "other", create=True))
    with pytest.raises(BadInputError, match="no key"):
        load_key(tmp_path / "missing", create=False)
    (tmp_path / "bad").write_text("abc")
    with pytest.raises(BadInputError, match="64 hexadecimal"):
        load_key(tmp_path / "bad", create=True)


def test_a_version_that_is_removed_while_it_is_copied_is_not_in_the_backup(home, history, vault):
    version = history.store.newest("covers")
    get = history.bucket.get_object

    def removed(**call):
        if call["Key"].startswith(version.prefix):
            history.bucket.objects.pop(call["Key"], None)
        return get(**call)

    history.bucket.get_object = history.bucket.head_object = removed
    name, *_ = back_up(home, history.store, vault)
    restored = store_in_memory()
    restore_bucket(restored, vault, name)
    assert version.version not in restored.versions("covers")
    assert len(restored.versions("covers")) == 1


def test_nothing_is_overwritten(home, history, vault, tmp_path):
    name, *_ = back_up(home, history.store, vault)
    with pytest.raises(BadInputError, match="holds state"):
        check_empty(home)
    with pytest.raises(BadInputError, match="not empty"):
        restore_bucket(history.store, vault, name)
    with pytest.raises(BadInputError, match="other files"):
        Vault(home, create=True)
    with pytest.raises(BadInputError, match="no backup"):
        Vault(home)


def test_old_snapshots_go_with_their_contents_but_never_the_newest(home, history, vault, tmp_path):
    back_up(home, history.store, vault)
    (old,) = (tmp_path / "vault" / "snapshots").glob("*.json")
    old.rename(old.with_name("20200101T000000000000Z.json"))
    assert vault.expire(30) == 0, "it is the newest"
    (home / "credentials.json").write_text('{"airflow_password": "new"}')
    name, *_ = back_up(home, history.store, vault)
    before = len(list((tmp_path / "vault" / "objects").glob("*/*")))
    assert vault.expire(30) == 1
    assert vault.snapshots() == [name]
    assert len(list((tmp_path / "vault" / "objects").glob("*/*"))) < before
    assert check(vault, name)
