"""Time in milliseconds for SQLite before 3.42, which knows no ``unixepoch('subsec')`` and answers NULL.

From Python 3.12 on, DBOS asks SQLite so for the time of a job, whatever SQLite the interpreter was linked with; Debian 12's is
3.40. Without an answer no job could be queued there. On a newer SQLite nothing is done.
"""

from __future__ import annotations

import sqlite3
import time

import sqlalchemy as sa

KNOWS_SUBSEC = (3, 42, 0)


def unixepoch(modifier: str) -> float:
    """Return seconds since 1970, as SQLite 3.42's function of this name does: whole for ``now``, with parts for ``subsec``.

    Raises
    ------
    ValueError
        For any other argument, which SQLite turns into an error of the statement.
    """
    if modifier not in {"now", "subsec", "subsecond"}:
        msg = f"unixepoch({modifier!r}) is not known here"
        raise ValueError(msg)
    return int(time.time()) if modifier == "now" else time.time()


def teach(connection: object, _record: object = None) -> None:
    """Give a connection to an older SQLite the function; any other connection stays as it is."""
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < KNOWS_SUBSEC:
        connection.create_function("unixepoch", 1, unixepoch)


def teach_every_connection() -> None:
    """See to it that connections which SQLAlchemy opens from now on know the function: DBOS makes its engines itself."""
    if not sa.event.contains(sa.Engine, "connect", teach):
        sa.event.listen(sa.Engine, "connect", teach)
