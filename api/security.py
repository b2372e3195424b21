"""API keys: random, kept as SHA-256 only, each with one scope; and what a bare loopback service may do without them.

A key has 256 random bits, so a plain hash is enough: there is nothing to guess. Scopes contain one another:
read < plan < admin.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from api.problems import CrossOrigin, Flaw, HostUnknown, KeyMissing, KeyUnknown, ScopeMissing
from api.settings import Settings, is_loopback

PREFIX = "fp_"
FRESH_S = 1.0
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Scope(StrEnum):
    """What a key may do: read; make, rerun and cancel plans; delete."""

    read = "read"
    plan = "plan"
    admin = "admin"

    def holds(self, other: Scope) -> bool:
        """Return whether this scope contains another."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: its name, the hash of its secret, its scope."""

    name: str
    sha256: str
    scope: Scope
    created_at: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``name`` is empty where no keys are in use."""

    name: str
    scope: Scope

    def require(self, scope: Scope) -> None:
        """Raise :class:`ScopeMissing` unless the caller has a scope."""
        if not self.scope.holds(scope):
            msg = f"this needs scope {scope.value!r}; the key has {self.scope.value!r}"
            raise ScopeMissing(msg)


class OpenWithoutKeys(Exception):  # noqa: N818  as in fleetplan.errors: it says what happened
    """The service would listen to other machines without a single key."""


def digest(secret: str) -> str:
    """Return the hash under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file, none when there is no file."""
    if not path.is_file():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))["keys"]
    return tuple(Key(r["name"], r["sha256"], Scope(r["scope"]), r["created_at"]) for r in rows)


def add_key(path: Path, scope: Scope, name: str) -> str:
    """Make a key and return its secret, which is kept nowhere.

    Raises
    ------
    ValueError
        When a key of that name exists.
    """
    keys = read_keys(path)
    if any(k.name == name for k in keys):
        msg = f"a key named {name!r} exists"
        raise ValueError(msg)
    secret = PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _write_keys(path, [*keys, Key(name, digest(secret), scope, now)])
    return secret


def remove_key(path: Path, name: str) -> bool:
    """Remove a key by name; return whether there was one."""
    keys = read_keys(path)
    _write_keys(path, [k for k in keys if k.name != name])
    return any(k.name == name for k in keys)


def _write_keys(path: Path, keys: Sequence[Key]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"keys": [asdict(k) for k in keys]}, file, indent=1)
        file.write("\n")
    Path(aside).replace(path)


class Guard:
    """Decides who may come in; reads the key file again when it has changed, so that a removed key ends at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._checked = -FRESH_S
        self._stamp: tuple[int, int] | None = None
        self._keys: Mapping[str, Key] = {}

    def refuse_open_bind(self) -> None:
        """Raise :class:`OpenWithoutKeys` when other machines could reach a service without keys."""
        if not self._settings.loopback and not self.keys():
            msg = (
                f"refusing to listen on {self._settings.host} without an API key: others could plan, read and delete. "
                "Make one first: fleetplan keys add --scope plan"
            )
            raise OpenWithoutKeys(msg)

    def keys(self) -> Mapping[str, Key]:
        """Return keys by hash."""
        now = time.monotonic()
        if now - self._checked >= FRESH_S:
            self._checked = now
            stamp = _stamp(self._settings.keys_path)
            if stamp != self._stamp:
                self._stamp = stamp
                self._keys = {k.sha256: k for k in read_keys(self._settings.keys_path)}
        return self._keys

    def caller(self, authorization: str | None) -> Caller:
        """Return who asks, or raise :class:`KeyMissing` or :class:`KeyUnknown`."""
        keys = self.keys()
        if not keys and self._settings.loopback:
            return Caller("", Scope.admin)
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise KeyMissing
        found = keys.get(digest(secret.strip()))
        if found is None:
            raise KeyUnknown
        return Caller(found.name, found.scope)

    def check_host(self, host: str | None) -> None:
        """Raise :class:`HostUnknown` when a page tricked a browser into calling us under another name."""
        name = _host_name(host or "")
        if is_loopback(name) or name in self._settings.allowed_hosts:
            return
        if not self._settings.loopback and not self._settings.allowed_hosts:
            return
        raise HostUnknown(flaws=[Flaw("is not a name of this service", parameter="Host", value=host)])

    def check_origin(self, method: str, origin: str | None, host: str | None) -> None:
        """Raise :class:`CrossOrigin` when a page of another origin would change something."""
        if method in CHANGING and origin is not None and origin.partition("://")[2] != (host or ""):
            raise CrossOrigin(flaws=[Flaw("is another origin", parameter="Origin", value=origin)])


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


def _host_name(host: str) -> str:
    """Return a Host header without its port.

    >>> _host_name("[::1]:8000"), _host_name("example.org:80")
    ('[::1]', 'example.org')
    """
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
