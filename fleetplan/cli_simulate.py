"""The command ``fleetplan simulate``: replay a plan's city and month, or run a case from elsewhere, request by request."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
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


class KindOfDays(StrEnum):
    """Which days of a month are replayed."""

    all = "all"
    weekday = "weekday"
    weekend = "weekend"


@simulate_app.command("simulate")
def simulate_command(
    plan: Annotated[Path | None, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")] = None,
    *,
    city: Annotated[str | None, typer.Option(help="City of the plan: slug or name.")] = None,
    month: Annotated[str | None, typer.Option(help="Month to replay, YYYY-MM.")] = None,
    days: Annotated[KindOfDays, typer.Option(help="Days of the month to replay.")] = KindOfDays.all,
    all_months: Annotated[
        bool, typer.Option("--all", help="Replay every city's launch year and the plan's last year, a month a period.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="With --all: write what came of it beside the plan, as NAME.replays.json.")
    ] = False,
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
        from fleetplan.errors import InputError

        asked = {"plan": plan, "--city": city, "--month": month, "--all": all_months, "--keep": keep, "--case": case}
        if faults := _asked_faults(asked):
            raise InputError(faults)
        _tell_of_compiling()
        how = _How(dispatch, runs, seed, out, as_json)
        if case is not None:
            _run_case(case, how)
            return
        from fleetplan.cli_replays import replay_all, replay_one

        given: dict[str, Any] = {
            "dispatch": (dispatch or Dispatch.batched).value,
            "seeds": range(seed, seed + runs),
            "as_json": as_json,
        }
        if all_months and plan is not None:
            stands = replay_all(plan, keep=keep, out=out, **given)
        else:
            stands = replay_one(plan or Path(), city or "", month or "", days.value, out=out, **given)
        if not stands:
            raise typer.Exit(1)


def _asked_faults(asked: dict[str, Any]) -> list[Any]:
    """Return what is missing, and what is asked for twice."""
    from fleetplan.errors import Fault

    if asked["plan"] is None and asked["--case"] is None:
        return [Fault("PLAN", "neither a plan nor --case is given", "one of them", "see docs/simulation.md")]
    faults = []
    if asked["plan"] and asked["--case"]:
        faults.append(Fault("PLAN", "and --case are both given", "one of them"))
    if asked["--all"]:
        both = [name for name in ("--city", "--month", "--case") if asked[name]]
        faults += [Fault(name, "and --all are both given", "one of them") for name in both]
    elif asked["plan"] is not None:
        faults += [Fault("--city", "is missing", "a city of the plan, or --all")] if not asked["--city"] else []
        faults += (
            [Fault("--month", "is missing", "a month of the plan, YYYY-MM, or --all")] if not asked["--month"] else []
        )
    if asked["--keep"] and not asked["--all"]:
        faults.append(Fault("--keep", "is given without --all", "both", "a single month is written with --out"))
    return faults


@dataclass(frozen=True, slots=True)
class _How:
    dispatch: Dispatch | None
    runs: int
    seed: int
    out: Path | None
    as_json: bool


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
    from fleetplan.cli_replays import written

    return written(results, head, ids, folder)
