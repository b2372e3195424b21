"""Bring a database to the tables of today. Many processes may start at once: one migrates, the others wait."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from api.store.database import Database

HEAD = "0002"
"""The newest step; a database that stands there needs no Alembic (which takes a second to import)."""

_LOCK = 710_100
_FOLDER = Path(__file__).resolve().parent / "migrations"


def revision(connection: sa.Connection) -> str | None:
    """Return the step at which a database stands, None when it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def migrate(database: Database, *, to: str = "head") -> None:
    """Run the steps that are missing, in one transaction."""
    with database.reading() as connection:
        if to == "head" and revision(connection) == HEAD:
            return
    from alembic import command  # noqa: PLC0415 - only the first start pays for it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.writing(_LOCK) as connection:
        config.attributes["connection"] = connection
        if to == "base":
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
