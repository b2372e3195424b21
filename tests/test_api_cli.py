"""The command line around the service: serve, keys, submit, watch, rerun, compare."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from typer.testing import CliRunner

from api.app import create_app
from api.serve import where_to_open
from api.settings import Settings
from api.store.sqlstore import SqlStore
from fleetplan.cli import app
from tests.api_support import FakeKnown, Runner

REQUEST = """
name: small
capital: {per_quarter_usd: 25000000}
cities: [zurich]
horizon: {months: 24, single_months: 0}
"""


@contextmanager
def served(folder: Path, outcome: str) -> Iterator[tuple[str, SqlStore]]:
    """Serve on a free port of loopback, in a thread."""
    settings = Settings(data_dir=folder, log_level="error", poll_s=0.02)
    store = SqlStore(None, folder)
    store.migrate()
    made = create_app(settings, store, Runner(store, outcome), known=FakeKnown())
    server = uvicorn.Server(uvicorn.Config(made, port=0, log_level="error", host="127.0.0.1"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", store
    server.should_exit = True
    thread.join()
    store.close()


def _run(*arguments: str | Path, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def request_file(tmp_path):
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST)
    return file


def test_submit_watch_rerun_and_compare(tmp_path, request_file):
    with served(tmp_path / "data", "succeeded") as (server, _):
        plan = _run("submit", request_file, "--server", server).stdout.strip()
        seen = _run("watch", plan, "--server", server)
        assert "verdict" in seen.stderr
        assert "gap" in seen.stderr
        patch = '{"capital": {"per_quarter_usd": 30000000}}'
        again = _run("rerun", plan, patch, "--server", server, "--watch").stdout.strip()
        assert again != plan
        seen = _run("compare", plan, again, "--server", server, "--json")
        assert "decisions" in json.loads(seen.stdout)
        assert "What came of it" in _run("compare", plan, again, "--server", server).stdout
        assert "causes: complete" in seen.stderr


def test_causes_are_told_and_made_when_asked_for(tmp_path, request_file):
    with served(tmp_path / "data", "own") as (server, store):
        plan = _run("submit", request_file, "--server", server).stdout.strip()
        patch = '{"capital": {"per_quarter_usd": 30000000}, "discount_rate": 0.12}'
        again = _run("rerun", plan, patch, "--server", server, "--watch").stdout.strip()
        before = _run("compare", plan, again, "--server", server)
        assert "causes: none" in before.stderr
        assert "--causes" in before.stderr
        after = _run("compare", plan, again, "--server", server, "--causes", "--json")
        assert "cause 2 of 2" in after.stderr
        assert "causes: complete" in after.stderr
        assert "Together beyond their sum" in after.stderr
        told = json.loads(after.stdout)["causes"]
        assert {change["state"] for change in told["changes"]} == {"known"}
        assert store.counts() == {"succeeded": 4}
        _run("compare", plan, again, "--server", server, "--causes")
        assert store.counts() == {"succeeded": 4}


def test_watching_an_infeasible_plan_exits_with_3(tmp_path, request_file):
    with served(tmp_path / "data", "infeasible") as (server, _):
        _run("submit", request_file, "--server", server, "--watch", code=3)


def test_problems_of_the_service_are_told_in_words(tmp_path, request_file):
    request_file.write_text(REQUEST.replace("zurich", "atlantis") + "surprise: 1\n")
    with served(tmp_path / "data", "succeeded") as (server, store):
        told = _run("submit", request_file, "--server", server, code=2).stderr
        assert "/request/cities/0" in told
        assert "/request/surprise" in told
        assert "zurich" in told
        assert "plan-not-found" in _run("watch", "plan_none", "--server", server, code=1).stderr
        key = store.add_key("k", ["plan"])
        time.sleep(1.1)
        assert "key-missing" in _run("watch", "plan_none", "--server", server, code=1).stderr
        assert "plan-not-found" in _run("watch", "plan_none", "--server", server, "--key", key, code=1).stderr


def test_an_unreachable_service_is_told(request_file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert server in _run("submit", request_file, "--server", server, code=1).stderr


def test_faults_of_a_file_are_told_before_anything_is_sent(request_file):
    request_file.write_text("capital: {per_quarter_usd: 5, per_quarter_usd: 6}\n")
    assert "stands twice" in _run("submit", request_file, "--server", "http://127.0.0.1:9", code=2).stderr
    _run("rerun", "x", "no such file", "--server", "http://127.0.0.1:9", code=2)


def test_keys_are_added_listed_and_revoked(tmp_path):
    key = _run("keys", "add", "--scope", "plan", "--name", "me", "--data", tmp_path).stdout.strip()
    assert key.startswith("fp_")
    rows = json.loads(_run("keys", "list", "--json", "--data", tmp_path).stdout)
    assert [(r["name"], r["scopes"], r["revoked"]) for r in rows] == [("me", ["plan"], False)]
    assert key not in _run("keys", "list", "--data", tmp_path).stdout
    _run("keys", "revoke", "me", "--data", tmp_path)
    _run("keys", "revoke", "me", "--data", tmp_path, code=1)


def test_serve_refuses_the_world_without_a_key(tmp_path):
    told = _run("serve", "--host", "0.0.0.0", "--port", "0", "--data", tmp_path, code=1).stderr  # noqa: S104  the case
    assert "fleetplan keys add" in told


@pytest.mark.slow
def test_one_process_serves_and_plans(tmp_path, request_file):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fleetplan", "serve", "--port", str(port), "--data", str(tmp_path / "data")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, "FLEETPLAN_LOG_LEVEL": "warning"})
    try:
        server = f"http://127.0.0.1:{port}"
        _await(f"{server}/ready", process)
        plan = _run("submit", request_file, "--server", server, "--watch", "--time-limit", "20").stdout.strip()
        first = httpx2.get(f"{server}/v1/plans/{plan}").json()
        again = _run("rerun", plan, '{"discount_rate": 0.12}', "--server", server, "--watch").stdout.strip()
        assert httpx2.get(f"{server}/v1/plans/{again}").json()["parent"] == plan
        for path in ("/explanation", "/cities/zurich", "/map", "/export?format=gpkg", f"/comparison?with={again}"):
            assert httpx2.get(f"{server}/v1/plans/{plan}{path}", timeout=60).status_code == 200
        assert first["state"] == "succeeded"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code in {0, -signal.SIGTERM}, (tmp_path / "log").read_text()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail("the service did not become ready")


@pytest.mark.parametrize(
    ("host", "root", "workers", "said"),
    [
        ("127.0.0.1", "", 1, "open http://127.0.0.1:{}/ in a browser (Ctrl-C"),
        ("0.0.0.0", "/fleet", 1, "open http://127.0.0.1:{}/fleet/ in a browser"),  # noqa: S104 - only said, not opened
        ("127.0.0.1", "", 0, "it solves nothing itself: run `fleetplan worker`"),
    ],
)
def test_serve_says_where_to_open_it(tmp_path: Path, host: str, root: str, workers: int, said: str):
    settings = Settings(host=host, port=0, root_path=root, workers=workers, data_dir=tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        assert said.format(listener.getsockname()[1]) in where_to_open(settings, listener)
