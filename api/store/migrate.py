"""Bring a database to the tables of today. Many processes may start at once: one migrates, the others wait."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from api.store.database import Database
from api.store.errors import StoreUnusable

_LOCK = 710_100
_FOLDER = Path(__file__).resolve().parent / "migrations"

HEAD = max(step.name.partition("_")[0] for step in (_FOLDER / "versions").glob("[0-9]*_*.py"))
"""The newest step there is; a database that stands there needs no Alembic (which takes a second to import)."""


def revision(connection: sa.Connection) -> str | None:
    """Return the step at which a database stands, None when it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _known_revision(database: Database) -> str | None:
    """Return the step at which a database of ours stands."""
    try:
        with database.reading() as connection:
            found = revision(connection)
            foreign = found is None and database.is_sqlite and bool(sa.inspect(connection).get_table_names())
    except sa.exc.DBAPIError as error:
        said = str(error.orig).splitlines()[0] if error.orig else "it does not answer"
        msg = f"the database {database.engine.url.render_as_string(hide_password=True)} cannot be used: {said}"
        raise StoreUnusable(msg) from error
    if foreign:
        msg = f"the database {database.engine.url.database} is another program's: it has tables, and none of ours"
        raise StoreUnusable(msg)
    if found is not None and not list((_FOLDER / "versions").glob(f"{found}_*.py")):
        msg = (
            f"the database is of a newer version of fleetplan (step {found}, this one knows {HEAD}): start that version"
        )
        raise StoreUnusable(msg)
    return found


def migrate(database: Database, *, to: str = "head") -> None:
    """Run the steps that are missing, in one transaction; or take steps back, to one named that lies before.

    Raises
    ------
    StoreUnusable
        If the database does not answer, is damaged, another program's, or of a newer version.
    """
    if to == "head" and _known_revision(database) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - only the first start pays for it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.writing(_LOCK) as connection:
        config.attributes["connection"] = connection
        if to == "base" or (to != "head" and to < (revision(connection) or "")):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
