"""Alembic's entry: runs the steps on the connection that :mod:`api.store.migrate` gives, and on no other."""

from __future__ import annotations

from alembic import context

from api.store.tables import metadata


def run() -> None:
    """Run the steps."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True)
    context.run_migrations()


if hasattr(context, "config"):  # not when something merely imports this file, as a search for doctests does
    run()
