"""The command ``fleetplan simulate``: replay a plan's city and month, or run a case from elsewhere, request by request."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fleetplan.terminal import AsJson, console, context, print_table, read_plan, reported

if TYPE_CHECKING:
    from fleetplan.simulate import SimulationResult
    from fleetplan.simulate.replay import Replay

simulate_app = typer.Typer()
MOST_RUNS = 1000
HOURLY = (
    *("hour", "requests", "served", "served_share", "wait_s_mean", "wait_s_p90", "empty_share_km"),
    *("cars_idle", "cars_riding", "cars_charging", "cars_off_shift", "load_kw", "plug_queue_most"),
)


class Dispatch(StrEnum):
    """How requests meet cars."""

    nearest = "nearest"
    batched = "batched"


@simulate_app.command("simulate")
def simulate_command(
    plan: Annotated[Path | None, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")] = None,
    *,
    city: Annotated[str | None, typer.Option(help="City of the plan: slug or name.")] = None,
    month: Annotated[str | None, typer.Option(help="Month to replay, YYYY-MM.")] = None,
    case: Annotated[Path | None, typer.Option(help="Folder of a case from elsewhere: docs/simulation.md.")] = None,
    dispatch: Annotated[
        Dispatch | None, typer.Option(help="How requests meet cars; a plan's by default batched.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs with seeds of their own.", min=1, max=MOST_RUNS)] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the first run.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for summary.json and tables as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replay a plan's city and month, or run a case from elsewhere, request by request; exit code 1: the plan does not stand."""
    with reported(as_json=as_json):
        from fleetplan.errors import Fault, InputError

        faults = [Fault("PLAN", "and --case are both given", "one of them")] if plan and case else []
        if plan is None and case is None:
            faults.append(Fault("PLAN", "neither a plan nor --case is given", "one of them", "see docs/simulation.md"))
        if plan is not None and not city:
            faults.append(Fault("--city", "is missing", "a city of the plan"))
        if plan is not None and not month:
            faults.append(Fault("--month", "is missing", "a month of the plan, YYYY-MM"))
        if faults:
            raise InputError(faults)
        _tell_of_compiling()
        how = _How(dispatch, runs, seed, out, as_json)
        if case is not None:
            _run_case(case, how)
        elif plan is not None and city and month:
            _run_plan(plan, city, month, how)


@dataclass(frozen=True, slots=True)
class _How:
    dispatch: Dispatch | None
    runs: int
    seed: int
    out: Path | None
    as_json: bool


def _run_plan(path: Path, city: str, month: str, how: _How) -> None:
    from fleetplan.catalogue.aliases import resolve_city
    from fleetplan.scope import apply_overrides
    from fleetplan.simulate.replay import find_month, replay_month

    plan = read_plan(path)
    catalogue, services = context(plan)
    slug = resolve_city(catalogue, city)
    find_month(plan, slug, month)
    changed, _ = apply_overrides(catalogue, plan.request.overrides)
    dispatch: Literal["nearest", "batched"] = "nearest" if how.dispatch is Dispatch.nearest else "batched"
    replay = replay_month(plan, month, changed, services[slug], runs=how.runs, seed=how.seed, dispatch=dispatch)
    _show_replay(replay, how)
    if not replay.stands:
        raise typer.Exit(1)


def _show_replay(replay: Replay, how: _How) -> None:
    from fleetplan.simulate.replications import summary
    from fleetplan.words.simulation import deployment_verdict, verdict

    files, told = [], []
    for found in replay.deployments:
        head = {
            "city": replay.city,
            "month": replay.month,
            "stack": found.stack,
            "dispatch": replay.dispatch,
            **found.facts(),
            "sentence": deployment_verdict(found),
        }
        told.append(summary(found.results, head))
        if how.out is not None:
            files += _written(list(found.results), head, None, how.out / found.stack)
    if how.as_json:
        row = {"city": replay.city, "month": replay.month, "stands": replay.stands, "deployments": told}
        typer.echo(json.dumps({**row, "sentence": verdict(replay)}))
        return
    for found, row in zip(replay.deployments, told, strict=True):
        typer.echo(row["sentence"])
        print_table(console(), found.rows(), ("figure", "promised", "replayed", "standard_error"))
    typer.echo(verdict(replay))
    for path in files:
        typer.echo(f"written: {path}")


def _run_case(folder: Path, how: _How) -> None:
    from fleetplan.simulate import read_case, simulate
    from fleetplan.simulate.replications import replicate

    case = read_case(folder)
    scenario = case.scenario
    if how.dispatch is not None:
        scenario = replace(scenario, policy=replace(scenario.policy, dispatch=how.dispatch.value))
    began = time.perf_counter()
    results = replicate(lambda number: simulate(scenario, seed=number), how.runs, how.seed)
    head = {
        "case": case.name,
        "places": len(scenario.travel),
        "depots": [str(name) for name in case.depot_ids],
        "dispatch": scenario.policy.dispatch,
        "seconds": round(time.perf_counter() - began, 3),
    }
    _show(results, head, case.request_ids.tolist(), how)


def _tell_of_compiling() -> None:
    """Say why a first run takes its time; numbers go to standard output, this does not."""
    from fleetplan.simulate.compiled import kept_folder

    if not kept_folder().is_dir():
        typer.echo("compiling the simulation, once for this version: about half a minute", err=True)


def _show(results: list[SimulationResult], head: dict[str, Any], ids: list[Any] | None, how: _How) -> None:
    from fleetplan.simulate.replications import summary

    files = _written(results, head, ids, how.out) if how.out is not None else []
    if how.as_json:
        typer.echo(json.dumps(summary(results, head)))
        return
    screen = console()
    _print_means(screen, results, head)
    rows: list[dict[str, Any]] = results[0].by_bin(3600) if 3600 % results[0].bin_s == 0 else []
    print_table(screen, [{**row, "hour": int(row["start_s"] // 3600)} for row in rows[:48]], HOURLY)
    for path in files:
        typer.echo(f"written: {path}")


def _print_means(screen: Any, results: list[SimulationResult], head: dict[str, Any]) -> None:
    from fleetplan.simulate.replications import means

    screen.print(f"{head['case']}: {head['places']} places, {head['dispatch']}, {len(results)} run(s)", markup=False)
    figures = means(results)
    shown = (
        *(
            "requests",
            "served",
            "served_share",
            "declined",
            "abandoned",
            "still_waiting",
            "wait_s_mean",
            "wait_s_median",
        ),
        *("wait_s_p90", "empty_share_km", "empty_share_time", "loaded_vehicle_h", "empty_vehicle_h", "utilisation"),
        *(
            "trips_per_vehicle_day",
            "km_per_vehicle_day",
            "load_kw_most",
            "plugs",
            "plugs_in_use_most",
            "plug_queue_most",
        ),
        "least_energy_kwh",
    )
    rows = [{"figure": key.replace("_", " "), **figures[key]} for key in shown if key in figures]
    columns = ("figure", "mean", "standard_error") if len(results) > 1 else ("figure", "mean")
    print_table(screen, rows, columns)


def _written(results: list[SimulationResult], head: dict[str, Any], ids: list[Any] | None, folder: Path) -> list[Path]:
    from fleetplan.simulate.replications import write_results

    try:
        return write_results(folder, results, head, ids)
    except OSError as error:
        typer.echo(f"{folder}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error
