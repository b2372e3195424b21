"""SQLite before 3.42 is taught the time that DBOS asks it for; otherwise no job is queued on Python 3.12 and newer."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
import sqlalchemy as sa

from api.jobs import older_sqlite


def test_an_older_sqlite_tells_the_time_in_parts_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older_sqlite, "KNOWS_SUBSEC", (99,))
    with closing(sqlite3.connect(":memory:")) as connection:
        older_sqlite.teach(connection)
        connection.execute("CREATE TABLE job (at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        connection.execute("INSERT INTO job DEFAULT VALUES")
        [(at,)] = connection.execute("SELECT at FROM job").fetchall()
        [(now,)] = connection.execute("SELECT unixepoch('now')").fetchall()
        assert abs(at / 1000 - time.time()) < 60
        assert abs(now - time.time()) < 60
        assert isinstance(now, int)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("SELECT unixepoch('auto')")


def test_every_engine_that_is_made_after_the_queue_was_loaded_has_the_time() -> None:
    import api.jobs.queue  # noqa: F401, PLC0415  # teaches, as it is imported

    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT unixepoch('subsec')")).scalar_one() is not None
    engine.dispose()
    older_sqlite.teach_every_connection()
    older_sqlite.teach(object())
