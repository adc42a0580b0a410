"""A damaged database is named before any server opens it."""

import sqlite3
from contextlib import closing

import pytest

from dustjacket.errors import DustjacketError
from dustjacket.platform.databases import check_databases

FILES = ("mlflow.db", "mlflow-auth.db", "airflow/airflow.db")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "airflow").mkdir()
    for name in FILES:
        with closing(sqlite3.connect(tmp_path / name)) as database, database:
            database.execute("CREATE TABLE rows (text)")
            database.executemany("INSERT INTO rows VALUES (?)", [("x" * 1000,)] * 100)
            database.execute("CREATE INDEX by_text ON rows (text)")
    return tmp_path


def no_header(body):
    return b"no database" + body[11:]


def no_page(body):
    return body[:8192] + b"\xff" * 4096 + body[12288:]


def half(body):
    return body[: len(body) // 2]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [no_header, no_page, half])
def test_a_damaged_database_is_one_line_with_its_path_and_the_damage(home, name, damage):
    file = home / name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DustjacketError, match=r"malformed|not a database") as refused:
        check_databases(home)
    assert str(file) in str(refused.value)
    assert "backup" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_sound_empty_and_missing_databases_pass(home):
    (home / "mlflow.db").write_bytes(b"")
    (home / "mlflow-auth.db").unlink()
    check_databases(home)
