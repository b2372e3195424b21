"""One process that serves and, unless told otherwise, solves."""

from __future__ import annotations

import logging
import signal
import threading

import uvicorn

from api.app import create_app
from api.jobs.worker import run_worker
from api.logs import server_logs
from api.security import OpenWithoutKeys
from api.settings import Settings

DRAIN_S = 5


def serve(settings: Settings) -> None:
    """Serve until told to stop; a plan in the making goes back to the queue.

    Raises
    ------
    PermissionError
        When other machines could reach a service without keys.
    """
    app = create_app(settings)
    try:
        app.state.service.guard.refuse_open_bind()
    except OpenWithoutKeys as error:
        raise PermissionError(str(error)) from error
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=server_logs(settings.log_level),
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64_000,
        limit_concurrency=2000,
    )
    stop = threading.Event()
    worker = threading.Thread(target=_work, args=(settings, stop), name="fleetplan-worker")
    if settings.workers:
        worker.start()
    try:
        uvicorn.Server(config).run()
    finally:
        stop.set()
        if settings.workers:
            worker.join()


def _work(settings: Settings, stop: threading.Event) -> None:
    try:
        run_worker(settings.job_config(), stop=stop)
    except Exception:
        logging.getLogger("fleetplan.jobs").exception("the worker ended; plans wait for another")
        signal.raise_signal(signal.SIGTERM)
