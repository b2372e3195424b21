"""The command line: ``fleetplan plan | check | cities | schema | version``, and what packages mount beside them.

Exit codes: 0 done, 2 bad input (every fault is printed), 3 no plan keeps every rule, 1 anything else. Heavy modules are
imported by the command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetplan import __version__
from fleetplan.errors import CheckFailed, FleetplanError, InfeasibleError, InputError
from fleetplan.examples import example_files

if TYPE_CHECKING:
    from rich.console import Console

    from fleetplan.catalogue.types import Catalogue
    from fleetplan.options import PlanOptions
    from fleetplan.planner import PlanningResult
    from fleetplan.plans.types import Plan
    from fleetplan.service.types import CityService

DEFAULT_EXAMPLE = "uber-2027"
COMMANDS = "fleetplan.commands"
"""Entry points of this group are Typer apps; their commands stand beside ours. The service mounts its own so."""

app = typer.Typer(
    name="fleetplan",
    help="Plan where, with whom and when a robotaxi service grows; every plan carries a proven bound.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cities_app = typer.Typer(help="The catalogue's cities: list, show, check, begin a new one.", no_args_is_help=True)
app.add_typer(cities_app, name="cities")
for _more in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
    app.add_typer(_more.load())

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


class SchemaName(StrEnum):
    """What `fleetplan schema` can print."""

    request = "request"
    plan = "plan"


def main() -> None:
    """Run the command line."""
    _keep_solver_noise_off_stdout()
    app()


def _keep_solver_noise_off_stdout() -> None:
    """Give standard output to Python alone: HiGHS prints a line of its own there now and then, whatever its options."""
    ours = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = os.fdopen(ours, "w", encoding=sys.stdout.encoding, errors="replace", buffering=1)


@app.command("plan")
def plan_command(
    request: Annotated[
        str, typer.Argument(help="A YAML or JSON request, or the name of an example.", metavar="[REQUEST]")
    ] = DEFAULT_EXAMPLE,
    out: Annotated[Path | None, typer.Option(help="Folder for the plan, its tables, maps and report.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds to search at most.")] = 120.0,
    gap: Annotated[float, typer.Option(help="Proven gap to stop at, 0.01 = 1 %.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    nodes: Annotated[
        int | None, typer.Option(help="Nodes to search at most, in place of seconds: same bytes on any load.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a plan, check it, print its summary and write its artefacts. Ctrl-C keeps the best plan so far."""
    with _reported(as_json=as_json):
        from fleetplan.options import parse_options
        from fleetplan.request import read_data

        options = parse_options({"time_limit_s": time_limit, "gap": gap, "seed": seed, "node_limit": nodes})
        result = _planned(read_data(_request_file(request)), options)
        folder = out if out is not None or as_json else Path("out") / _slug(result.plan.request.name)
        files = _written(result, folder) if folder is not None else []
        if as_json:
            typer.echo(result.plan.model_dump_json())
            return
        from fleetplan.report.summary import print_summary

        print_summary(result.plan, _console(), files)


@app.command("check")
def check_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    as_json: AsJson = False,
) -> None:
    """Check a plan against its request and the catalogue, rule by rule, without the optimizer."""
    with _reported(as_json=as_json):
        from fleetplan.plans.check import check_plan

        given = _read_plan(plan)
        catalogue, services = _context(given)
        report = check_plan(given, catalogue, services)
        if as_json:
            rows = [{"rule": v.rule, "where": v.where, "sentence": v.sentence} for v in report.violations]
            typer.echo(json.dumps({"valid": report.valid, "rules": list(report.rules_checked), "violations": rows}))
        elif report.valid:
            typer.echo(f"{plan}: every rule is kept ({len(report.rules_checked)} checks)")
        if not report.valid:
            if as_json:
                raise typer.Exit(1)
            raise CheckFailed(str(v) for v in report.violations)


@app.command("schema")
def schema_command(
    what: Annotated[SchemaName, typer.Argument(help="Which schema.")] = SchemaName.request,
) -> None:
    """Print the JSON Schema of a request or of a plan."""
    from fleetplan.plans.types import Plan
    from fleetplan.request import PlanRequest

    model = PlanRequest if what is SchemaName.request else Plan
    typer.echo(json.dumps(model.model_json_schema(), indent=2))


@app.command("version")
def version_command() -> None:
    """Print the version."""
    typer.echo(__version__)


@cities_app.command("list")
def cities_list(as_json: AsJson = False) -> None:
    """List the cities with people, trips, deals and doubtful figures."""
    with _reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.catalogue.describe import list_cities

        rows = list_cities(load_catalogue())
        if as_json:
            typer.echo(json.dumps(rows))
            return
        columns = ("slug", "name", "population", "trips_per_day", "stacks_with_deal", "weak_figures", "figures")
        _print_table(_console(), rows, columns)


@cities_app.command("show")
def cities_show(
    city: Annotated[str, typer.Argument(help="Slug or name of a city.")],
    png: Annotated[Path | None, typer.Option(help="Draw the city to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a city: figures with sources, permits in order, deployments, gaps; with --png, draw it."""
    with _reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.catalogue.aliases import resolve_city
        from fleetplan.catalogue.describe import show_city

        catalogue = load_catalogue()
        slug = resolve_city(catalogue, city)
        shown = show_city(catalogue, slug)
        if png is not None:
            from fleetplan.report.city_map import draw_city

            draw_city(catalogue, slug, png)
        if as_json:
            typer.echo(json.dumps(shown))
            return
        _print_city(_console(), shown)
        if png is not None:
            typer.echo(f"drawn: {png}")


@cities_app.command("check")
def cities_check(as_json: AsJson = False) -> None:
    """Read the whole catalogue and report every fault at once."""
    with _reported(as_json=as_json):
        from fleetplan.catalogue import default_catalogue_path, load_catalogue
        from fleetplan.catalogue.describe import check_row, check_text

        row = check_row(load_catalogue())
        typer.echo(json.dumps(row) if as_json else check_text(row, default_catalogue_path()))


@cities_app.command("new")
def cities_new(
    name: Annotated[str, typer.Argument(help="Name of the city.")],
    districts: Annotated[Path, typer.Option(help="Polygons: GeoJSON, GeoPackage or Shapefile.")],
    population: Annotated[Path | None, typer.Option(help="CSV or Parquet with columns h3, population.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a city's folder from its district polygons; `fleetplan cities check` then says what to fill in."""
    with _reported(as_json=as_json):
        from fleetplan.catalogue.newcity import new_city

        folder = new_city(name, districts, population)
        written = {"folder": str(folder), "deployments": str(folder.parent / "deployments.csv")}
        typer.echo(json.dumps(written) if as_json else "\n".join(f"written: {path}" for path in written.values()))


@contextmanager
def _reported(*, as_json: bool) -> Iterator[None]:
    """Turn every error raised on purpose into a readable message (or JSON) and its exit code."""
    try:
        yield
    except FleetplanError as error:
        typer.echo(json.dumps(_error_data(error)) if as_json else _error_text(error), err=not as_json)
        raise typer.Exit(error.exit_code) from error


def _error_data(error: FleetplanError) -> dict[str, Any]:
    data: dict[str, Any] = {"code": error.code, "message": str(error).splitlines()[0]}
    if isinstance(error, InputError):
        data["faults"] = [
            {"where": f.where, "what": f.what, "allowed": f.allowed, "remedy": f.remedy} for f in error.faults
        ]
    if isinstance(error, InfeasibleError):
        data["clashes"] = [clash.model_dump(mode="json") for clash in error.clashes]
    if isinstance(error, CheckFailed):
        data["violations"] = list(error.violations)
    return {"status": "infeasible" if isinstance(error, InfeasibleError) else "error", "error": data}


def _error_text(error: FleetplanError) -> str:
    if isinstance(error, InputError):
        return "\n".join([f"{_faults(error)}:", *(f"\n{_fault_text(f)}" for f in error.faults)])
    if isinstance(error, InfeasibleError):
        head = str(error).splitlines()[0]
        return "\n".join([f"No plan keeps every rule: {head}", *(f"  - {clash.sentence}" for clash in error.clashes)])
    return str(error)


def _faults(error: InputError) -> str:
    return f"{len(error.faults)} fault{'' if len(error.faults) == 1 else 's'} in what was given"


def _fault_text(fault: Any) -> str:
    rows = [f"  {fault.where}", f"    {fault.what}"]
    rows += [f"    allowed: {fault.allowed}"] if fault.allowed else []
    rows += [f"    remedy:  {fault.remedy}"] if fault.remedy else []
    return "\n".join(rows)


def _request_file(given: str) -> Path:
    """Return the file of a request; a bare word without a file of that name is an example."""
    return Path(given) if Path(given).exists() else example_files().get(given, Path(given))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "plan"


def _planned(asked: Mapping[str, Any], options: PlanOptions) -> PlanningResult:
    """Plan in a thread of its own, so that Ctrl-C reaches us; the first one stops the search, a second one gives up."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from fleetplan.planner import plan_with_context
    from fleetplan.report.progress import ProgressDisplay
    from fleetplan.run import Run

    stop = threading.Event()
    with ProgressDisplay(_console(stderr=True)) as display, ThreadPoolExecutor(1) as pool:
        future = pool.submit(plan_with_context, asked, options, Run(progress=display.show, stop=stop))
        while True:
            try:
                return future.result(timeout=0.2)
            except TimeoutError:
                if future.done():
                    raise
                display.tick()
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                display.note("stopping: the best plan so far is kept (Ctrl-C again to give up)")


def _written(result: PlanningResult, folder: Path) -> list[Path]:
    from fleetplan.report.artefacts import write_artefacts

    try:
        return write_artefacts(result.plan, result.services, result.catalogue, folder)
    except OSError as error:
        typer.echo(f"{folder}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def _read_plan(path: Path) -> Plan:
    from fleetplan.errors import Fault
    from fleetplan.plans.files import read_plan

    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError([Fault(str(path), f"cannot be read: {error.strerror}", remedy="give a plan.json")]) from error
    return read_plan(text, str(path))


def _context(plan: Plan) -> tuple[Catalogue, dict[str, CityService]]:
    """Return the catalogue as loaded and the services as the plan's request changes them."""
    from fleetplan.catalogue import load_catalogue
    from fleetplan.scope import apply_overrides
    from fleetplan.service import city_service

    catalogue = load_catalogue()
    changed, faults = apply_overrides(catalogue, plan.request.overrides)
    if faults:
        raise InputError(faults)
    return catalogue, {c.city: city_service(changed, c.city) for c in plan.cities if c.city in catalogue.cities}


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 120)


def _print_table(console: Console, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in columns:
        numeric = bool(rows) and isinstance(rows[0].get(name), int | float)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in columns))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return str(value)


def _print_city(console: Console, shown: dict[str, Any]) -> None:
    console.print(shown["name"], style="bold", markup=False)
    plain = {k: v for k, v in shown.items() if not isinstance(v, list) or all(isinstance(i, str) for i in v)}
    for key, value in plain.items():
        console.print(f"  {key.replace('_', ' ')}: {_cell(value)}", markup=False)
    sections = {
        "figures": ("key", "value", "unit", "confidence", "source"),
        "permits": ("title", "authority", "months", "after_all", "event", "confidence"),
        "deployments": ("stack", "permitted", "deal", "reason"),
        "rivals": ("name", "fleet", "mode"),
        "gaps": ("what", "stand_in"),
    }
    for name, columns in sections.items():
        if shown.get(name):
            console.print(f"\n{name}", style="bold")
            rows = [{**row, "key": row.get("key", "").partition("#")[2]} for row in shown[name]]
            _print_table(console, rows, columns)


if __name__ == "__main__":
    main()
