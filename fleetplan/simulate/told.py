"""A replay as plain typed facts: judged figures, hours, depots and zones, means over its runs and days."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fleetplan.demand.types import DAY_TYPES
from fleetplan.replays.types import (
    DayKind,
    DeploymentTold,
    DepotTold,
    FigureName,
    HourTold,
    Judged,
    MonthTold,
    QuarterTold,
    Shortfall,
    ZoneTold,
)
from fleetplan.simulate.layout import SERVED, Array, Ints
from fleetplan.simulate.replay import WAIT_SHARE, DeploymentReplay, Ground, Measured, Replay

HOUR_S, DAY_S = 3600, 86_400


def month_told(replay: Replay, plan_sha256: str, catalogue_sha256: str) -> MonthTold:
    """Return what came of a month; sentences are not said yet."""
    return MonthTold(
        city=replay.city,
        month=replay.month,
        days=replay.days,
        seeds=replay.seeds,
        name=replay.name,
        dispatch=replay.dispatch,
        stands=replay.stands,
        plan_sha256=plan_sha256,
        catalogue_sha256=catalogue_sha256,
        deployments=[deployment_told(found) for found in replay.deployments],
    )


def deployment_told(found: DeploymentReplay) -> DeploymentTold:
    """Return what came of one deployment."""
    ground = found.ground
    return DeploymentTold(
        stack=found.stack,
        partner=found.partner,
        level=found.level,
        level_name=found.level_name,
        vehicles=found.vehicles,
        plugs=found.plugs,
        demand_per_day=found.demand_per_day,
        stands=found.stands,
        shortfalls=list(_shortfalls(found)),
        figures=list(_figures(found)),
        hours=[] if ground is None else list(_hours(found, ground)),
        quarters=list(_quarters(found)),
        depots=[] if ground is None else list(_depots(found, ground)),
        zones=[] if ground is None else list(_zones(found, ground)),
    )


def _shortfalls(found: DeploymentReplay) -> Iterator[Shortfall]:
    if not found.trips_stand:
        missed = found.promised_share - found.share
        yield _shortfall(found, "served_share", missed, found.allowed_points)
    if not found.wait_stands:
        longer = found.wait_min.mean / found.promised_wait_min - 1.0 if found.promised_wait_min else 0.0
        yield _shortfall(found, "wait_min", longer, WAIT_SHARE)


def _shortfall(found: DeploymentReplay, figure: FigureName, missed: float, allowed: float) -> Shortfall:
    told = {"stack": found.stack, "partner": found.partner, "figure": figure}
    return Shortfall.model_validate({**told, "missed": missed, "allowed": allowed})


def _figures(found: DeploymentReplay) -> Iterator[Judged]:
    share = Measured(found.share, found.trips.error / found.demand_per_day if found.demand_per_day else 0.0)
    rows: tuple[tuple[FigureName, float, Measured], ...] = (
        ("trips_per_day", found.promised_trips, found.trips),
        ("served_share", found.promised_share, share),
        ("wait_min", found.promised_wait_min, found.wait_min),
        ("empty_share", found.promised_empty_share, found.empty_share),
    )
    several = len(found.results) > 1
    for name, promised, got in rows:
        error = got.error if several else None
        yield Judged(figure=name, promised=promised, replayed=got.mean, standard_error=error)


def _kinds(found: DeploymentReplay) -> Iterator[tuple[int, DayKind, Ints]]:
    """Yield the kinds of days replayed, with the numbers of their days."""
    ends = np.array(found.weekend)
    for row, kind in enumerate(DAY_TYPES):
        days = np.flatnonzero(ends == (kind == "weekend"))
        if len(days):
            yield row, kind, days


def _hours(found: DeploymentReplay, ground: Ground) -> Iterator[HourTold]:
    first = found.results[0]
    hour_of_bin = (np.arange(len(first.rider_counts)) * first.bin_s) // HOUR_S
    counts = np.mean([r.rider_counts for r in found.results], axis=0)
    hours = len(found.weekend) * 24
    asked, trips = (np.bincount(hour_of_bin, counts[:, k], hours).reshape(-1, 24) for k in (0, SERVED))
    waits, rides = _waits_by_hour(found, hours)
    for row, kind, days in _kinds(found):
        for hour in range(24):
            rode = rides[days, hour].sum()
            yield HourTold(
                days=kind,
                hour=hour,
                asked=float(asked[days, hour].mean()),
                promised_trips=float(ground.promise.hour_trips[24 * row + hour]),
                trips=float(trips[days, hour].mean()),
                promised_wait_min=float(ground.promise.hour_wait_min[24 * row + hour]),
                wait_min=float(waits[days, hour].sum() / rode / 60.0) if rode else None,
            )


def _waits_by_hour(found: DeploymentReplay, hours: int) -> tuple[Array, Array]:
    """Return the sum of waits (s) and the number of those who rode by day and hour of the request, all runs together."""
    waits, rides = np.zeros(hours), np.zeros(hours)
    for result in found.results:
        rode = np.isfinite(result.wait_s)
        hour = np.minimum(result.time_s[rode] // HOUR_S, hours - 1).astype(np.int64)
        waits += np.bincount(hour, result.wait_s[rode], hours)
        rides += np.bincount(hour, minlength=hours)
    return waits.reshape(-1, 24), rides.reshape(-1, 24)


def _quarters(found: DeploymentReplay) -> Iterator[QuarterTold]:
    first = found.results[0]
    if not first.plugs:
        return
    per_day = DAY_S // first.bin_s
    tables = [
        np.mean([getattr(r, name).sum(axis=1) for r in found.results], axis=0).reshape(-1, per_day)
        for name in ("load_kw", "plugs_in_use", "plug_queue")
    ]
    for _, kind, days in _kinds(found):
        for k in range(per_day):
            load, used, queue = (float(table[days, k].mean()) for table in tables)
            start = k * first.bin_s // 60
            yield QuarterTold(days=kind, start_min=start, load_kw=load, plugs_in_use=used, queue=queue)


def _depots(found: DeploymentReplay, ground: Ground) -> Iterator[DepotTold]:
    for k, (site, plugs) in enumerate(zip(ground.sites, ground.site_plugs, strict=True)):
        load = max(float(r.load_kw[:, k].max(initial=0.0)) for r in found.results)
        queue = max(int(r.plug_queue_most[:, k].max(initial=0)) for r in found.results)
        yield DepotTold(site=site, plugs=plugs, load_kw_most=load, queue_most=queue)


def _zones(found: DeploymentReplay, ground: Ground) -> Iterator[ZoneTold]:
    count, days = len(ground.cells), len(found.weekend) * len(found.results)
    asked, rode, waits = np.zeros(count), np.zeros(count), np.zeros(count)
    for result in found.results:
        served = np.isfinite(result.wait_s)
        asked += np.bincount(result.origin, minlength=count)[:count]
        rode += np.bincount(result.origin[served], minlength=count)[:count]
        waits += np.bincount(result.origin[served], result.wait_s[served], count)[:count]
    for k, cell in enumerate(ground.cells):
        if asked[k]:
            wait = float(waits[k] / rode[k] / 60.0) if rode[k] else None
            share = float(rode[k] / asked[k])
            yield ZoneTold(cell=cell, riders_per_day=float(asked[k] / days), served_share=share, wait_min=wait)
