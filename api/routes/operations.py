"""For those who run the service: alive, ready, metrics."""

from __future__ import annotations

import tempfile

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import Service, ServiceDep, may_read
from api.documents import json_document
from api.openapi import answer, refusals
from api.schemas import Health
from api.store.errors import StoreError
from api.submission import check_room

router = APIRouter(tags=["operations"], default_response_class=Response)
TEXT = "text/plain; version=1.0.0; charset=utf-8"


@router.get(
    "/health",
    operation_id="health",
    summary="The process lives",
    responses={200: answer("It lives.", Health, example="health"), **refusals()},
)
async def health(request: Request) -> Response:
    """Answer as long as the process lives; needs no key."""
    return json_document(Health(version=request.app.version)).respond(request)


@router.get(
    "/ready",
    operation_id="ready",
    summary="The store answers and takes what is written, and the catalogue is read",
    responses={200: answer("It is ready.", Health, example="health"), **refusals(p.NotAvailable)},
)
async def ready(request: Request, service: ServiceDep) -> Response:
    """Answer 200 when plans can be taken; needs no key."""
    await run_in_threadpool(_check, service)
    return json_document(Health(version=request.app.version)).respond(request)


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Counters and timings for Prometheus",
    dependencies=[may_read],
    responses={200: answer("Prometheus text.", media=["text/plain"]), **refusals()},
)
def metrics(service: ServiceDep) -> Response:
    """Return everything that is counted."""
    return Response(service.metrics.text(service.store.counts(), len(service.streams)), media_type=TEXT)


def _write_a_little(service: Service) -> None:
    """Write to the data folder as a plan's file would be written."""
    with tempfile.TemporaryFile(dir=service.settings.data_dir) as file:
        file.write(b"\0" * 4096)
        file.flush()


def _check(service: Service) -> None:
    try:
        service.store.counts()
        service.store.check_file()
    except StoreError as error:
        raise p.NotAvailable(str(error)) from error
    except Exception as error:
        msg = "the store does not answer"
        raise p.NotAvailable(msg) from error
    try:
        check_room(service)
        _write_a_little(service)
    except p.DiskFull as error:
        raise p.NotAvailable(error.detail) from error
    except OSError as error:
        msg = f"the data folder cannot be written to: {error.strerror}"
        raise p.NotAvailable(msg) from error
    _ = service.known.catalogue.digest
