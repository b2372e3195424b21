"""API keys. Only their hashes are kept: 256 random bits need no salt and no slow hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.database import Database
from api.store.ids import new_id

SCOPES = ("read", "plan", "admin")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the store knows it; the key itself is nowhere kept."""

    id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None


class Keys(Database):
    """The keys of a service."""

    def add_key(self, name: str, scopes: Iterable[str]) -> str:
        """Make a key and return it in plain text, the only time that it is seen.

        Raises
        ------
        ValueError
            If a scope is unknown or none is given.
        """
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            msg = f"scopes are one or more of {', '.join(SCOPES)}"
            raise ValueError(msg)
        plaintext = f"fp_{secrets.token_urlsafe(32)}"
        with self.writing() as connection:
            row = {
                "id": new_id("key"),
                "name": name,
                "sha256": _hash(plaintext),
                "scopes": wanted,
                "created_at": self.now(connection),
            }
            connection.execute(sa.insert(tables.keys).values(row))
        return plaintext

    def find_key(self, plaintext: str) -> KeyRow | None:
        """Return the key that is in force under this text, or None."""
        t = tables.keys
        with self.reading() as connection:
            wanted = sa.select(t).where(t.c.sha256 == _hash(plaintext), t.c.revoked_at.is_(None))
            row = connection.execute(wanted).mappings().first()
        return None if row is None else _key(row)

    def list_keys(self) -> Sequence[KeyRow]:
        """Return every key, revoked ones too, oldest first."""
        with self.reading() as connection:
            return [_key(r) for r in connection.execute(sa.select(tables.keys).order_by(tables.keys.c.id)).mappings()]

    def revoke(self, name: str) -> int:
        """Revoke every key in force with this name or id; return how many there were."""
        t = tables.keys
        with self.writing() as connection:
            named = sa.update(t).where(sa.or_(t.c.name == name, t.c.id == name), t.c.revoked_at.is_(None))
            return connection.execute(named.values(revoked_at=self.now(connection))).rowcount


def _hash(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _key(row: sa.RowMapping) -> KeyRow:
    values: dict[str, Any] = {k: row[k] for k in ("id", "name", "created_at", "revoked_at")}
    return KeyRow(scopes=frozenset(row["scopes"]), **values)
