"""Who may come in: API keys with scopes, and what a bare loopback service may do without them.

Keys live hashed in the store. Scopes contain one another: read < plan < admin.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from anyio import sleep, to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from api.problems import CrossOrigin, Flaw, HostUnknown, KeyMissing, KeyUnknown, ScopeMissing
from api.settings import Settings, is_loopback
from api.store.keys import KeyRow

KEY_COOKIE = "fleetplan_key"
"""Set by the sign-in page: HttpOnly and SameSite=Strict, so that neither scripts nor other sites get to use it."""

FRESH_S = 1.0
MOST_CACHED = 1000
FIRST_WAIT_S, LONGEST_WAIT_S, FORGET_S = 0.005, 5.0, 60.0
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers by which a proxy says that it passes a call on."""

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Scope(StrEnum):
    """What a key may do: read; make, rerun and cancel plans; delete."""

    read = "read"
    plan = "plan"
    admin = "admin"

    def holds(self, other: Scope) -> bool:
        """Return whether this scope contains another.

        >>> Scope.admin.holds(Scope.read), Scope.read.holds(Scope.plan)
        (True, False)
        """
        return _ORDER[self] >= _ORDER[other]


_ORDER = {scope: number for number, scope in enumerate(Scope)}


class KeyBook(Protocol):
    """Where keys are kept."""

    def find_key(self, plaintext: str) -> KeyRow | None:
        """Return the key in force under this text."""

    def list_keys(self) -> Sequence[KeyRow]:
        """Return every key, revoked ones too."""


class OpenWithoutKeys(Exception):
    """The service would listen to other machines without a single key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``key`` is empty where no keys are in use; ``name`` is what whoever made the key called it."""

    key: str
    scopes: frozenset[Scope]
    name: str = ""

    def require(self, scope: Scope) -> None:
        """Raise :class:`ScopeMissing` unless the caller has a scope."""
        if not any(own.holds(scope) for own in self.scopes):
            has = ", ".join(sorted(self.scopes))
            msg = f"this needs scope {scope.value!r}; the key has {has}"
            raise ScopeMissing(msg)


ANYBODY = Caller("", frozenset({Scope.admin}))


class Guesses:
    """Wrong keys by address: each answer waits twice as long as the one before, up to some seconds."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def wait(self, client: str) -> None:
        """Note a wrong key, and wait."""
        now = time.monotonic()
        last, count = self._wrong.pop(client, (now, 0))
        count = 1 if now - last > FORGET_S else count + 1
        self._wrong[client] = (now, count)
        while len(self._wrong) > MOST_CACHED:
            self._wrong.popitem(last=False)
        await sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(count, 20)))


class Guard:
    """Decides who may come in. What the store said about a key holds for a second; then a revoked key is out."""

    def __init__(self, settings: Settings, book: KeyBook) -> None:
        self._settings = settings
        self._book = book
        self._in_use = False
        self._asked = float("-inf")
        self._in_force: frozenset[str] = frozenset()
        self._known: dict[str, tuple[float, Caller]] = {}
        self._guesses = Guesses()

    def refuse_open_bind(self) -> None:
        """Raise :class:`OpenWithoutKeys` when other machines could reach a service without keys."""
        if not self._settings.loopback and not any(key.revoked_at is None for key in self._book.list_keys()):
            names = ", ".join(self._settings.allowed_hosts)
            where = f"be reached as {names}" if is_loopback(self._settings.host) else f"listen on {self._settings.host}"
            msg = (
                f"refusing to {where} without an API key: others could plan, read and delete. "
                "Make one first: fleetplan keys add --scope plan"
            )
            raise OpenWithoutKeys(msg)

    async def caller(self, authorization: str | None, *, client: str = "", forwarded: bool = False) -> Caller:
        """Return who asks, or raise :class:`KeyMissing` or :class:`KeyUnknown`.

        Parameters
        ----------
        client
            The address that the call came from; from one that guesses keys, wrong ones are answered ever later.
        forwarded
            Whether a proxy passed the call on: then it may come from anybody, and loopback opens nothing.
        """
        if self._settings.loopback and not forwarded and not await self._keys_in_use():
            return ANYBODY
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise KeyMissing
        try:
            return await self._by_key(secret.strip())
        except KeyUnknown:
            await self._guesses.wait(client)
            raise

    def at_hand(self, authorization: str, *, forwarded: bool) -> Caller | None:
        """Return who asks as far as that is known at this moment: None where the store has to be asked, or nobody comes in."""
        now = time.monotonic()
        if self._settings.loopback and not forwarded and not authorization:
            return ANYBODY if now - self._asked < FRESH_S and not self._in_use else None
        scheme, _, secret = authorization.partition(" ")
        known = self._known.get(hashlib.sha256(secret.strip().encode()).hexdigest())
        return known[1] if scheme.lower() == "bearer" and known is not None and now - known[0] < FRESH_S else None

    async def in_force(self, caller: Caller) -> bool:
        """Return whether a caller may still come in: a key that was revoked ends its streams too."""
        if not caller.key:
            return not await self._keys_in_use()
        await self._keys_in_use()
        return caller.key in self._in_force

    async def in_force_now(self) -> tuple[bool, frozenset[str]]:
        """Return whether keys are in use, and the ids of those in force."""
        return await self._keys_in_use(), self._in_force

    async def _keys_in_use(self) -> bool:
        now = time.monotonic()
        if now - self._asked >= FRESH_S:
            self._asked = now
            self._in_use = await to_thread.run_sync(self._any_key)
        return self._in_use

    def _any_key(self) -> bool:
        """Return whether keys are in use: once there was one, nobody comes in without, even when all are revoked."""
        keys = self._book.list_keys()
        self._in_force = frozenset(key.id for key in keys if key.revoked_at is None)
        return bool(keys)

    async def _by_key(self, secret: str) -> Caller:
        digest, now = hashlib.sha256(secret.encode()).hexdigest(), time.monotonic()
        if (known := self._known.get(digest)) and now - known[0] < FRESH_S:
            return known[1]
        self._known.pop(digest, None)
        found = await to_thread.run_sync(self._book.find_key, secret)
        if found is None:
            raise KeyUnknown
        caller = Caller(found.id, frozenset(Scope(scope) for scope in found.scopes), found.name)
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        self._known[digest] = (now, caller)
        return caller

    def check_host(self, host: str | None) -> None:
        """Raise :class:`HostUnknown` when a page made a browser call us under another name (DNS rebinding)."""
        name = host_name(host or "")
        known = is_loopback(name) or name in self._settings.allowed_hosts
        # A public service without a list of names leaves this to its keys: a page does not know one.
        if not known and (self._settings.loopback or self._settings.allowed_hosts):
            raise HostUnknown(flaws=[Flaw("is not a name of this service", parameter="Host", value=host)])

    def check_origin(self, method: str, origin: str | None, host: str | None) -> None:
        """Raise :class:`CrossOrigin` when a page of another origin would change something."""
        if method in CHANGING and origin is not None and origin.partition("://")[2] != (host or ""):
            raise CrossOrigin(flaws=[Flaw("is another origin", parameter="Origin", value=origin)])


def cookie_authorization(headers: Headers) -> str | None:
    """Return what a signed-in browser sends instead of an Authorization header."""
    secret = cookie_parser(headers.get("cookie", "")).get(KEY_COOKIE)
    return f"Bearer {secret}" if secret else None


def host_name(host: str) -> str:
    """Return a Host header without its port.

    >>> host_name("[::1]:8000"), host_name("Example.org:80")
    ('[::1]', 'example.org')
    """
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
