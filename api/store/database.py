"""One way to open a database and to read or write in one transaction, on SQLite and on PostgreSQL."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from api.store.errors import StoreFull, StoreUnusable

BUSY_S = 30.0
"""Seconds that a SQLite writer waits for another."""


def default_url(data_dir: Path) -> str:
    """Return the URL of the SQLite database in a data folder."""
    return f"sqlite:///{data_dir / 'fleetplan.sqlite'}"


def private_folder(folder: Path) -> None:
    """Make a folder for this user alone; from one that is there already, take what others may.

    Raises
    ------
    StoreUnusable
        If it is none, or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _close_to_others(folder)
    except FileExistsError as error:
        msg = f"{folder} is a file; the data folder has to be a folder"
        raise StoreUnusable(msg) from error
    except OSError as error:
        msg = f"the data folder {folder} cannot be used: {error.strerror}"
        raise StoreUnusable(msg) from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        msg = f"the data folder {folder} cannot be written to"
        raise StoreUnusable(msg)


def _close_to_others(path: Path) -> None:
    """Take from others what they may do with a file of ours; one that is another user's is left as it is."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & stat.S_IRWXO and path.stat().st_uid == os.geteuid():
        path.chmod(mode & ~stat.S_IRWXO)


def make_engine(url: str) -> sa.Engine:
    """Return an engine for ``sqlite:///FILE`` or ``postgresql://...``.

    Raises
    ------
    ValueError
        For any other database.
    """
    parsed = sa.make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10)
    msg = f"fleetplan keeps plans in SQLite or PostgreSQL, not in {backend}"
    raise ValueError(msg)


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        _private_file(Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False}, pool_size=10)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        # FULL: what was answered 202 survives a power cut, not only a killed process.
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:  # damaged, or none: nobody else knows of this connection
            connection.close()
            raise

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes the lock when it begins: a reader that turned writer could be refused in mid-transaction.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _private_file(path: Path) -> None:
    """Make an empty file for this user alone, which SQLite takes as a new database; SQLite's other files follow its rights."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _close_to_others(path)
    except OSError as error:
        msg = f"the database {path} cannot be used: {error.strerror}"
        raise StoreUnusable(msg) from error


FULL = ("database or disk is full", "disk i/o error", "no space left on device", "could not extend file")


@contextmanager
def told_when_full() -> Iterator[None]:
    """Turn what a full disk makes of a write into :class:`StoreFull`."""
    try:
        yield
    except (OSError, sa.exc.DBAPIError) as error:
        said = str(error).lower()
        if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or any(word in said for word in FULL):
            msg = "there is no room left where plans are kept"
            raise StoreFull(msg) from error
        raise


class Database:
    """A database, opened. Safe to use from many threads; every process opens its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._writer = self.engine.execution_options(writes=True)
        self._path = Path(self.engine.url.database) if self.is_sqlite and self.engine.url.database else None
        self._file = self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)

    def check_file(self) -> None:
        """Raise :class:`StoreUnusable` when the file was deleted or replaced: what is written goes where nobody looks."""
        if self._file is not None and self._identity() != self._file:
            msg = f"the database {self._path} was deleted or replaced while the service ran; start it anew"
            raise StoreUnusable(msg)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file that only processes of this machine share."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection inside a transaction that only reads."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, lock: int | None = None) -> Iterator[sa.Connection]:
        """Give a connection inside a transaction that writes; with a lock, one at a time among all processes.

        SQLite has one writer at any time. PostgreSQL takes an advisory lock of that number until the commit.
        """
        with told_when_full(), self._writer.begin() as connection:
            if lock is not None and not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
            yield connection

    def now(self, connection: sa.Connection) -> datetime:
        """Return the time that all processes share: PostgreSQL's clock, or this machine's."""
        if self.is_sqlite:
            return datetime.now(UTC)
        moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
