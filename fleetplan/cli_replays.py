"""A plan's months replayed on the command line: one, or all in which it stands or falls, kept beside the plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fleetplan.terminal import console, print_table, read_plan

if TYPE_CHECKING:
    from fleetplan.replays.types import DeploymentTold, MonthTold
    from fleetplan.simulate import SimulationResult
    from fleetplan.simulate.of_plan import PlanReplays
    from fleetplan.simulate.replay import Replay

MOST_MONTHS = 10_000
PER_HOUR = ("hour", "asked", "promised", "replayed", "wait_promised", "wait", "load_kw", "plugs_in_use", "queue")


def _replays(path: Path, dispatch: Any) -> PlanReplays:
    from fleetplan.catalogue import load_catalogue
    from fleetplan.simulate.of_plan import PlanReplays

    return PlanReplays(read_plan(path), load_catalogue(), dispatch)


def replay_one(
    path: Path,
    city: str,
    month: str,
    days: Any,
    *,
    out: Path | None,
    dispatch: Any,
    seeds: Sequence[int],
    as_json: bool,
) -> bool:
    """Replay a city's month and show it; return whether the plan stands."""
    from fleetplan.catalogue.aliases import resolve_city
    from fleetplan.replays.months import find_month
    from fleetplan.replays.types import ReplayAsked
    from fleetplan.words.replays import said

    replays = _replays(path, dispatch)
    slug = resolve_city(replays.catalogue, city)
    find_month(replays.plan, slug, month, ("--city", "--month"))
    replay, plain = replays.month(ReplayAsked(city=slug, month=month, days=days, seeds=tuple(seeds)))
    told = said(plain)
    summaries, files = _summaries(replay, told, out)
    if as_json:
        typer.echo(json.dumps({**told.model_dump(mode="json"), "deployments": summaries}))
        return told.stands
    screen = console()
    typer.echo(told.sentences[0])
    for sentence, one in zip(told.sentences[1:], told.deployments, strict=True):
        typer.echo(sentence)
        _print(screen, one)
    for file in files:
        typer.echo(f"written: {file}")
    return told.stands


def _print(screen: Any, told: DeploymentTold) -> None:
    from fleetplan.words.replays import figure_name

    rows = [
        {
            "figure": figure_name(f.figure),
            "promised": f.promised,
            "replayed": f.replayed,
            "standard_error": f.standard_error,
        }
        for f in told.figures
    ]
    print_table(screen, rows, tuple(rows[0]))
    for kind in ("weekday", "weekend"):
        hours = [row for row in _by_hour(told) if row["days"] == kind]
        if hours:
            typer.echo(f"{kind}s, by hour:" if kind == "weekday" else "weekend days, by hour:")
            print_table(screen, hours, PER_HOUR)


def _by_hour(told: DeploymentTold) -> list[dict[str, Any]]:
    """Return a row an hour: riders, trips and waits promised and replayed, and what goes on at the depots."""
    depot: dict[tuple[str, int], list[Any]] = {}
    for quarter in told.quarters:
        depot.setdefault((quarter.days, quarter.start_min // 60), []).append(quarter)
    rows = []
    for hour in told.hours:
        at = depot.get((hour.days, hour.hour), [])
        row = {
            "days": hour.days,
            "hour": hour.hour,
            "asked": hour.asked,
            "promised": hour.promised_trips,
            "replayed": hour.trips,
            "wait_promised": hour.promised_wait_min,
            "wait": hour.wait_min,
        }
        for name in ("load_kw", "plugs_in_use", "queue"):
            row[name] = sum(getattr(q, name) for q in at) / len(at) if at else None
        rows.append(row)
    return rows


def _summaries(replay: Replay, told: MonthTold, out: Path | None) -> tuple[list[dict[str, Any]], list[Path]]:
    """Return each deployment's facts with the totals of its runs, and write them where a folder is given."""
    from fleetplan.simulate.replications import summary

    summaries: list[dict[str, Any]] = []
    files: list[Path] = []
    for found, one, sentence in zip(replay.deployments, told.deployments, told.sentences[1:], strict=True):
        head = {
            "city": told.city,
            "month": told.month,
            "days": told.days,
            "dispatch": told.dispatch,
            **one.model_dump(mode="json"),
            "sentence": sentence,
        }
        summaries.append(summary(found.results, head))
        if out is not None:
            files += written(list(found.results), head, None, out / found.stack)
    return summaries, files


def replay_all(path: Path, *, keep: bool, out: Path | None, dispatch: Any, seeds: Sequence[int], as_json: bool) -> bool:
    """Replay every month in which a plan stands or falls; return whether it stands in all of them."""
    from fleetplan.replays import kept
    from fleetplan.replays.months import months_to_replay
    from fleetplan.replays.types import ReplayAsked, ReplayedPlan
    from fleetplan.words.replays import NOTHING, said, standing_sentences

    replays = _replays(path, dispatch)
    months: list[MonthTold] = []
    wanted = sorted(months_to_replay(replays.plan, MOST_MONTHS), key=lambda one: (one.city, one.month))
    for one in wanted:
        replay, plain = replays.month(ReplayAsked(city=one.city, month=one.month, seeds=tuple(seeds)))
        told = said(plain)
        months.append(told)
        if not as_json:
            typer.echo("\n  ".join(told.sentences))
        if out is not None:
            _summaries(replay, told, out / one.city / one.month)
    found = ReplayedPlan(plan_sha256=replays.sha256, planned=len(wanted), months=months)
    found = found.model_copy(update={"sentences": tuple(standing_sentences(found.standing) or [NOTHING])})
    typer.echo(found.model_dump_json() if as_json else "\n".join(found.sentences))
    if keep:
        file = kept.keep(found, path)
        typer.echo(f"written: {file}", err=as_json)
    return not found.standing.fallen


def written(results: list[SimulationResult], head: dict[str, Any], ids: list[Any] | None, folder: Path) -> list[Path]:
    """Write a run's tables into a folder, or end where that cannot be."""
    from fleetplan.simulate.replications import write_results

    try:
        return write_results(folder, results, head, ids)
    except OSError as error:
        typer.echo(f"{folder}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error
