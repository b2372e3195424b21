"""Accept a plan: make it durable, hand it to the workers, and say where it will stand."""

from __future__ import annotations

import hashlib
import re
import shutil
import time

from anyio import to_thread
from fastapi import Request, Response

from api.deps import Service, stored
from api.documents import Document, json_document
from api.prefix import at
from api.problems import DiskFull, StoreLimit
from api.schemas import plan_status
from api.security import Caller
from api.store.contract import FINAL, NewPlan, PlanRow
from fleetplan.replays.types import ReplayCounts

WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])", re.IGNORECASE)
RETRY_S = "1"


async def submission_key(request: Request, given: str | None) -> tuple[str | None, str]:
    """Return the idempotency key of this caller, and the hash of what is asked (address and body)."""
    digest = hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).hexdigest()
    if given is None:
        return None, digest
    caller: Caller = request.scope["caller"]
    bare = given.strip('"')
    return f"{caller.key}/{bare}", digest


def check_room(service: Service) -> None:
    """Raise :class:`DiskFull` when the data folder has less room than a plan may need."""
    free, least = shutil.disk_usage(service.settings.data_dir).free, service.settings.min_free_bytes
    if free < least:
        msg = f"{free / 1e6:,.1f} MB are free in the data folder, {least / 1e6:,.1f} MB are kept free"
        raise DiskFull(msg)


def check_quota(service: Service) -> None:
    """Raise :class:`StoreLimit` when more is stored than may be; what is stored is measured anew after some seconds."""
    most, measure = service.settings.max_store_bytes, service.store.stored_bytes
    if not most or service.stored.bytes(measure) <= most:
        return
    if service.store.empty_bin(0.0):  # what waits to be brought back makes room for what is asked now
        service.stored.forget()
    if (held := service.stored.bytes(measure)) > most:
        msg = f"{held / 1e6:,.1f} MB are stored, {most / 1e6:,.1f} MB may be"
        raise StoreLimit(msg)


def check_space(service: Service) -> None:
    """Raise :class:`DiskFull` or :class:`StoreLimit` where a plan has no room."""
    check_room(service)
    check_quota(service)


async def submit(request: Request, service: Service, new: NewPlan, prefer: str | None) -> Response:
    """Store and enqueue a plan; answer 202, or 200 when it ended within the time that the client prefers to wait."""
    await to_thread.run_sync(check_space, service)
    row, replayed = await to_thread.run_sync(service.take_in, new)
    headers = {"Location": at(f"/v1/plans/{row.id}")}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if (seconds := preferred_wait(prefer, service.settings.max_wait_s)) is not None:
        headers["Preference-Applied"] = f"wait={seconds:g}"
        row = await until_final(service, row, seconds)
    if row.state in FINAL:
        return status_document(row, headers).respond(request)
    return status_document(row, {**headers, "Retry-After": RETRY_S}).respond(request, 202)


def status_document(
    row: PlanRow, headers: dict[str, str] | None = None, replays: ReplayCounts | None = None
) -> Document:
    """Return a plan's status as a document."""
    return json_document(plan_status(row, replays), headers=headers)


def preferred_wait(prefer: str | None, most_s: float) -> float | None:
    """Return the seconds that a Prefer header asks to wait, at most ``most_s`` (RFC 7240).

    >>> preferred_wait("respond-async, wait=10", 60.0)
    10.0
    """
    found = WAIT.search(prefer or "")
    return None if found is None else min(float(found[1]), most_s)


async def until_final(service: Service, row: PlanRow, seconds: float) -> PlanRow:
    """Return a plan's row once it is final, or as it stands after some seconds."""
    end = time.monotonic() + seconds
    if row.state in FINAL:
        return row
    async with service.following.follow(row.id) as follower:
        while not follower.ended and not service.closing.is_set() and (left := end - time.monotonic()) > 0:
            await follower.moved(left)
    return await to_thread.run_sync(stored, service, row.id)
