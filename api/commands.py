# ruff: noqa: PLC0415  heavy imports wait for the command that needs them: --help stays fast
"""The command line around the service: run it, hand out keys, and use it from afar.

    fleetplan serve | worker | keys add | keys list | keys revoke       on the machine that plans
    fleetplan submit | watch | rerun | compare                          from anywhere, with --server and a key

The service's own code and the HTTP client are imported by the command that needs them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.starting import end_with, settings_of, store_of, usable
from api.told_lines import cause_lines, comparison_lines
from fleetplan.errors import FleetplanError

if TYPE_CHECKING:
    import httpx2


FINAL = {"succeeded": 0, "cancelled": 1, "failed": 1, "infeasible": 3}
PATIENCE_S = 60.0

service_app = typer.Typer(no_args_is_help=True)
keys_app = typer.Typer(help="API keys of the service: add, list, revoke.", no_args_is_help=True)
service_app.add_typer(keys_app, name="keys")

Server = Annotated[
    str, typer.Option("--server", envvar="FLEETPLAN_SERVER", help="Address of the service.", metavar="URL")
]
Key = Annotated[str, typer.Option("--key", envvar="FLEETPLAN_KEY", help="API key.", show_default=False)]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the service's data.", show_default=False)]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://... instead of SQLite in the data folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
TimeLimit = Annotated[float, typer.Option(help="Seconds to search at most.")]
Gap = Annotated[float, typer.Option(help="Proven gap to stop at, 0.01 = 1 %.")]
Nodes = Annotated[int | None, typer.Option(help="Nodes to search at most: the same plan, byte for byte, on any load.")]
LOCAL = "http://127.0.0.1:8000"


class KeyScope(StrEnum):
    """What a key may do; each holds the ones before."""

    read = "read"
    plan = "plan"
    admin = "admin"


# --- the service itself ---------------------------------------------------------------------------------------------------


@service_app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; loopback by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    data: Data = None,
    database: Database = None,
    workers: Annotated[int | None, typer.Option(help="Plans solved at once here; 0: none.", min=0, max=64)] = None,
) -> None:
    """Serve planning over HTTP, and solve what is asked, in one process; nothing else has to run."""
    from api.serve import serve as run

    settings = settings_of(host=host, port=port, data_dir=data, database=database, workers=workers)
    with usable():
        run(settings)


@service_app.command()
def worker(
    *,
    data: Data = None,
    database: Database = None,
    concurrency: Annotated[int, typer.Option(help="Plans solved at once.", min=1, max=64)] = 1,
) -> None:
    """Solve what a service was asked, beside it or on another machine that reaches the same database."""
    from api.jobs.worker import run_worker

    settings = settings_of(data_dir=data, database=database, workers=concurrency)
    typer.echo("fleetplan worker: waiting for plans (Ctrl-C ends it)", err=True)
    os.umask(0o077)  # what is written is nobody else's to read
    with usable():
        run_worker(settings.job_config())


@keys_app.command("add")
def keys_add(
    *,
    scope: Annotated[KeyScope, typer.Option(help="What the key may do.")] = KeyScope.read,
    name: Annotated[str, typer.Option(help="Whose key it is.")] = "",
    data: Data = None,
    database: Database = None,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    with store_of(data, database) as store:
        secret = store.add_key(name or f"{scope.value}-{time.strftime('%Y%m%d-%H%M%S')}", [scope.value])
    typer.echo(secret)


@keys_app.command("list")
def keys_list(*, data: Data = None, database: Database = None, as_json: AsJson = False) -> None:
    """List keys by name and scope."""
    with store_of(data, database) as store:
        rows: list[dict[str, Any]] = [
            {
                "id": row.id,
                "name": row.name,
                "scopes": sorted(row.scopes),
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "revoked": row.revoked_at is not None,
            }
            for row in store.list_keys()
        ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = "revoked" if row["revoked"] else "in force"
        typer.echo(f"{row['name']}  {','.join(row['scopes'])}  {row['created_at']}  {state}  {row['id']}")


@keys_app.command("revoke")
def keys_revoke(
    name: Annotated[str, typer.Argument(help="Name or id of the key.")],
    *,
    data: Data = None,
    database: Database = None,
) -> None:
    """Revoke a key; a running service refuses it within a second."""
    with store_of(data, database) as store:
        count = store.revoke(name)
    if not count:
        end_with(f"no key in force is called {name!r}")
    typer.echo(f"revoked: {name}")


# --- the service from afar --------------------------------------------------------------------------------------------------


@service_app.command()
def submit(
    request: Annotated[Path, typer.Argument(help="A YAML or JSON request.")],
    *,
    server: Server = LOCAL,
    key: Key = "",
    time_limit: TimeLimit = 120.0,
    gap: Gap = 0.01,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    nodes: Nodes = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the plan to its end.")] = False,
) -> None:
    """Send a request to a service and print the plan's id."""
    from fleetplan.request import read_data

    try:
        asked = read_data(request)  # the service judges it, names and all
    except FleetplanError as error:
        end_with(str(error), error.exit_code)
    options = {"time_limit_s": time_limit, "gap": gap, "seed": seed, "node_limit": nodes}
    with _client(server, key) as client:
        told = _told(client.post("/v1/plans", json={"request": asked, "options": options}, headers=_once()))
        _print_and_follow(client, told["id"], follow=watch)


@service_app.command()
def watch(plan: Annotated[str, typer.Argument(help="Id of a plan.")], *, server: Server = LOCAL, key: Key = "") -> None:
    """Follow a plan until it ends. Exit codes: 0 planned, 3 infeasible, 1 failed or cancelled."""
    with _client(server, key) as client:
        _told(client.get(f"/v1/plans/{plan}"))
        raise typer.Exit(FINAL[_follow(client, plan)])


@service_app.command()
def rerun(  # noqa: PLR0913  a command has as many options as it has
    plan: Annotated[
        str, typer.Argument(help="Id of the plan to start from, or a plan.json: then no service is asked.")
    ],
    patch: Annotated[str, typer.Argument(help="Merge patch as JSON, or a YAML or JSON file; lists go by key.")],
    *,
    server: Server = LOCAL,
    key: Key = "",
    freeze_until: Annotated[str | None, typer.Option(help="Decisions before this month stay.")] = None,
    change_price: Annotated[float | None, typer.Option(help="USD for each launch moved or vehicle shifted.")] = None,
    time_limit: TimeLimit = 120.0,
    gap: Gap = 0.01,
    nodes: Nodes = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the plan to its end.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the new plan of a file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Plan again with changes: a plan.json here, telling what moved, or a plan of a service, printing the new plan's id."""
    options = {
        "time_limit_s": time_limit,
        "gap": gap,
        "node_limit": nodes,
        "freeze_until": freeze_until,
        "change_price_usd": change_price,
    }
    changes = _patch(patch)
    if Path(plan).is_file():
        from fleetplan.cli_files import rerun_file

        rerun_file(Path(plan), changes, options, out, as_json=as_json)
        return
    body = {"patch": changes, "options": options}
    with _client(server, key) as client:
        told = _told(client.post(f"/v1/plans/{plan}/reruns", json=body, headers=_once()))
        _print_and_follow(client, told["id"], follow=watch)


@service_app.command()
def compare(
    plan: Annotated[str, typer.Argument(help="A plan: its id, or a plan.json.")],
    others: Annotated[list[str], typer.Argument(help="The plan to compare it with, or up to 19, given likewise.")],
    *,
    server: Server = LOCAL,
    key: Key = "",
    causes: Annotated[bool, typer.Option("--causes", help="Make the plans with one change alone, and wait.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two plans, and which input caused what where a service keeps them; lay more side by side."""
    if any(Path(one).is_file() for one in (plan, *others)):
        from fleetplan.cli_files import compare_files, table_files

        if len(others) == 1:
            compare_files(Path(plan), Path(others[0]), as_json=as_json)
        else:
            table_files([Path(one) for one in (plan, *others)], as_json=as_json)
        return
    with _client(server, key) as client:
        if len(others) > 1:
            _show_table(client, [plan, *others], as_json=as_json)
            return
        other = others[0]
        told = _compared(client, plan, other)
        if causes and (open_changes := [c for c in told["causes"]["changes"] if c["state"] != "known"]):
            _make_known(client, open_changes)
            told = _compared(client, plan, other)
    for line in cause_lines(told["causes"]):
        typer.echo(line, err=True)
    typer.echo(json.dumps(told, indent=2) if as_json else "\n".join(comparison_lines(told)))


# --- helpers --------------------------------------------------------------------------------------------------------------


@contextmanager
def _client(server: str, key: str) -> Iterator[httpx2.Client]:
    import httpx2

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = httpx2.Timeout(10.0, read=PATIENCE_S)
    try:
        with httpx2.Client(base_url=server, headers=headers, timeout=timeout) as client:
            yield client
    except httpx2.TransportError as error:
        end_with(f"{server}: {error}")


def _once() -> dict[str, str]:
    """Return a key with which a retry is the same call."""
    return {"Idempotency-Key": os.urandom(16).hex()}


def _told(response: httpx2.Response) -> dict[str, Any]:
    """Return an answer, or end with the problem in words."""
    told: dict[str, Any] = response.json()
    if not response.is_success:
        end_with(_problem_text(response, told), 2 if response.status_code in {400, 422} else 1)
    return told


def _problem_text(response: httpx2.Response, told: dict[str, Any]) -> str:
    lines = [f"{told.get('title', response.reason_phrase)} ({told.get('code', response.status_code)})"]
    lines += [told["detail"]] if told.get("detail") else []
    for fault in told.get("errors", []):
        lines.append(f"  {fault.get('pointer') or fault.get('parameter') or ''}: {fault['message']}")
        lines += [f"    {name}: {fault[name]}" for name in ("value", "allowed", "remedy") if fault.get(name)]
    lines += [told["remedy"]] if told.get("remedy") else []
    return "\n".join(lines)


def _patch(given: str) -> Any:
    from fleetplan.request import read_data
    from fleetplan.request.text import read_text

    if given.lstrip().startswith("{"):
        reading = read_text(given, "yaml")
        if reading.faults:
            first = reading.faults[0]
            end_with(f"the patch, line {first.line}, column {first.column}: {first.message}; {first.remedy}", 2)
        return reading.data
    if not Path(given).is_file():
        end_with(f"{given}: neither a JSON object nor a file", 2)
    try:
        return read_data(Path(given))
    except FleetplanError as error:
        end_with(str(error), error.exit_code)


def _print_and_follow(client: httpx2.Client, plan: str, *, follow: bool) -> None:
    typer.echo(plan)
    if follow:
        sys.stdout.flush()
        raise typer.Exit(FINAL[_follow(client, plan)])


def _show_table(client: httpx2.Client, plans: Sequence[str], *, as_json: bool) -> None:
    from fleetplan.cli_files import show_table
    from fleetplan.compare.table_types import SideBySide

    told = _told(client.get("/v1/comparisons", params={"plan": plans}))
    show_table(SideBySide.model_validate({name: told[name] for name in SideBySide.model_fields}), as_json=as_json)


def _compared(client: httpx2.Client, plan: str, other: str) -> dict[str, Any]:
    return _told(client.get(f"/v1/plans/{plan}/comparison", params={"with": other}))


def _make_known(client: httpx2.Client, changes: list[dict[str, Any]]) -> None:
    """Ask for the plans with one change alone, all at once so that workers share them, and follow each to its end."""
    plans = []
    for change in changes:
        if (call := change["rerun"]) is not None:
            once = {"Idempotency-Key": call["idempotency_key"]}
            where = str(client.base_url.join(call["href"]))  # it says the path under which a proxy shows the service
            plans.append(_told(client.post(where, json=call["body"], headers=once))["id"])
        else:
            plans.append(change["plan"])
    for number, (plan, change) in enumerate(zip(plans, changes, strict=True), start=1):
        typer.echo(f"cause {number} of {len(plans)}  {change['sentence']}  ({plan})", err=True)
        _follow(client, plan)


def _follow(client: httpx2.Client, plan: str) -> Literal["succeeded", "infeasible", "cancelled", "failed"]:
    """Print a plan's events until it ends, through lost connections; return how it ended."""
    import httpx2

    seen, failures = "0", 0
    while True:
        try:
            for event, number, data in _events(client, plan, seen):
                seen, failures = number, 0
                typer.echo(_event_line(event, data), err=True)
            state = _told(client.get(f"/v1/plans/{plan}"))["state"]
            if state in FINAL:
                return state  # type: ignore[no-any-return]
        except httpx2.TransportError:
            failures += 1
            if failures > 10:
                raise
        time.sleep(min(2.0**failures, 10.0))


def _events(client: httpx2.Client, plan: str, seen: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    with client.stream("GET", f"/v1/plans/{plan}/events", headers={"Last-Event-ID": seen}) as response:
        if response.status_code >= 400:
            response.read()
            _told(response)
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
                fields = {}


def _event_line(event: str, data: dict[str, Any]) -> str:
    from fleetplan.words.proof import gap_text

    numbers = {"best_usd": "best", "bound_usd": "bound", "objective": "best", "bound": "bound"}
    parts = [str(data[name]) for name in ("phase", "state", "message") if data.get(name)]
    parts += [f"{word} {data[name]:,.0f} USD" for name, word in numbers.items() if data.get(name) is not None]
    best, bound = data.get("best_usd", data.get("objective")), data.get("bound_usd", data.get("bound"))
    parts += [f"gap {gap_text(best, bound)}"] if best is not None and bound is not None else []
    parts += [data["problem"].get("title", "")] if isinstance(data.get("problem"), dict) else []
    return f"{event:<10} {'  '.join(parts)}".rstrip()
