"""The command ``fleetplan simulate``: replay a plan's city and month, or run a case from elsewhere, request by request."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetplan.terminal import AsJson, console, print_table, reported

if TYPE_CHECKING:
    from fleetplan.simulate import SimulationResult

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
    case: Annotated[Path | None, typer.Option(help="Folder of a case from elsewhere: docs/simulation.md.")] = None,
    dispatch: Annotated[
        Dispatch | None, typer.Option(help="How requests meet cars; by default the case's own.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs with seeds of their own.", min=1, max=MOST_RUNS)] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the first run.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for summary.json and tables as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a case from elsewhere, request by request."""
    with reported(as_json=as_json):
        from fleetplan.errors import Fault, InputError

        if case is None:
            raise InputError([Fault("--case", "is missing", "a folder", "see docs/simulation.md for what it holds")])
        _run_case(case, dispatch, runs, seed, out, as_json=as_json)


def _run_case(
    folder: Path, dispatch: Dispatch | None, runs: int, seed: int, out: Path | None, *, as_json: bool
) -> None:
    from fleetplan.simulate import read_case, simulate
    from fleetplan.simulate.replications import replicate

    _tell_of_compiling()
    case = read_case(folder)
    scenario = case.scenario
    if dispatch is not None:
        scenario = replace(scenario, policy=replace(scenario.policy, dispatch=dispatch.value))
    began = time.perf_counter()
    results = replicate(lambda number: simulate(scenario, seed=number), runs, seed)
    head = {
        "case": case.name,
        "places": len(scenario.travel),
        "depots": [str(name) for name in case.depot_ids],
        "dispatch": scenario.policy.dispatch,
        "seconds": round(time.perf_counter() - began, 3),
    }
    _show(results, head, case.request_ids.tolist(), out, as_json=as_json)


def _tell_of_compiling() -> None:
    """Say why a first run takes its time; numbers go to standard output, this does not."""
    from fleetplan.simulate.compiled import kept_folder

    if not kept_folder().is_dir():
        typer.echo("compiling the simulation, once for this version: about half a minute", err=True)


def _show(
    results: list[SimulationResult], head: dict[str, Any], ids: list[Any] | None, out: Path | None, *, as_json: bool
) -> None:
    from fleetplan.simulate.replications import summary

    files = _written(results, head, ids, out) if out is not None else []
    if as_json:
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
