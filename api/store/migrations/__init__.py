"""The steps that bring a database to the tables of today; run by :func:`api.store.migrate.migrate`."""
