# ruff: noqa: PLC0415  heavy imports wait for the command that needs them: --help stays fast
"""What every command that starts something shares: settings with their faults in words, a store, and exit codes of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from fleetplan.errors import FleetplanError

if TYPE_CHECKING:
    from api.settings import Settings
    from api.store.sqlstore import SqlStore

UNUSABLE = 4
"""Exit code when data folder, database or address cannot be used."""


def end_with(message: str, code: int = 1) -> NoReturn:
    """Say something on standard error and end with an exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def settings_of(**given: Any) -> Settings:
    """Return the settings, or end with every fault in them."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from api.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [f"FLEETPLAN_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
        end_with("\n".join(["the settings hold faults:", *lines]), 2)
    except (SettingsError, ValueError, OSError) as error:
        end_with(f"the settings cannot be read: {error}", 2)


@contextmanager
def usable() -> Iterator[None]:
    """Say in a line why the service cannot work here, and end with an exit code of its own."""
    from api.store.errors import StoreError

    try:
        yield
    except PermissionError as error:
        end_with(str(error))
    except StoreError as error:
        end_with(f"fleetplan: {error}", UNUSABLE)
    except FleetplanError as error:
        end_with(str(error), error.exit_code)


@contextmanager
def store_of(data: Path | None, database: str | None) -> Iterator[SqlStore]:
    """Give the store of a data folder, its tables brought to those of today."""
    from api.store.sqlstore import SqlStore

    settings = settings_of(data_dir=data, database=database)
    with usable():
        store = SqlStore(settings.database, settings.data_dir)
        store.migrate()
        try:
            yield store
        finally:
            store.close()
