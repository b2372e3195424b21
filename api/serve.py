"""One process that serves and, unless told otherwise, solves."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Sequence
from types import FrameType

import typer
import uvicorn

from api.app import create_app
from api.jobs.worker import run_worker
from api.logs import server_logs
from api.security import OpenWithoutKeys
from api.settings import Settings
from api.short_way import AtHand
from api.sockets import answering
from api.store.errors import StoreUnusable

DRAIN_S = 3


def serve(settings: Settings) -> None:
    """Serve until told to stop; a plan in the making goes back to the queue with the best that was found of it.

    Raises
    ------
    PermissionError
        When other machines could reach a service without keys.
    StoreUnusable
        When data folder, database or address cannot be used.
    CatalogueError
        When the catalogue cannot be read.
    """
    os.umask(0o077)  # what is written is nobody else's to read
    app = create_app(settings)
    try:
        app.state.service.guard.refuse_open_bind()
    except OpenWithoutKeys as error:
        raise PermissionError(str(error)) from error
    _ = app.state.service.known.catalogue
    listener = _listener(settings)
    config = uvicorn.Config(
        app,
        http=answering(AtHand(app.state.service).wire),
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
    # After it has shut down, uvicorn raises the signal again, which would end the process before its plans are handed back.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _Server(config, [stop, app.state.service.closing], where_to_open(settings, listener)).run(sockets=[listener])
    finally:
        stop.set()
        if settings.workers:
            worker.join()
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Uvicorn, whose end is the worker's too: plans are handed back while open answers are finished.

    ``greeting`` is said on standard error once it answers.
    """

    def __init__(self, config: uvicorn.Config, ends: Sequence[threading.Event], greeting: str) -> None:
        super().__init__(config)
        self._ends = ends
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say where."""
        await super().startup(sockets)
        if self.started:
            typer.echo(self._greeting, err=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        for end in self._ends:
            end.set()
        super().handle_exit(sig, frame)


def where_to_open(settings: Settings, listener: socket.socket) -> str:
    """Return where a browser finds the service, who solves, and how to end it; a port of 0 is the one that was given."""
    host, port = settings.host.strip("[]"), listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - every address of this machine: one of them
    shown = f"[{host}]" if ":" in host else host
    solves = "" if settings.workers else "; it solves nothing itself: run `fleetplan worker` beside it"
    return f"fleetplan serve: open http://{shown}:{port}{settings.root_path}/ in a browser{solves} (Ctrl-C ends it)"


def _listener(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises
    ------
    StoreUnusable
        If somebody else listens there, or the address is none of this machine's.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, proto)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        msg = f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}"
        raise StoreUnusable(msg) from error
    return found


def _work(settings: Settings, stop: threading.Event) -> None:
    try:
        run_worker(settings.job_config(), stop=stop)
    except Exception:
        logging.getLogger("fleetplan.jobs").exception("the worker ended; plans wait for another")
        signal.raise_signal(signal.SIGTERM)
