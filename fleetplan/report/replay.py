"""A replayed month as pages draw it: figures promised and replayed, charts over the day, waits by zone, the depots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fleetplan.catalogue.types import City
from fleetplan.replays.types import DayKind, DeploymentTold, DepotTold, MonthTold
from fleetplan.report.day_svg import DayChart, DayLine
from fleetplan.report.wait_map import WaitMap, wait_map
from fleetplan.words.replays import figure_name
from fleetplan.words.values import count, decimal, percent

KINDS: dict[DayKind, str] = {"weekday": "weekdays", "weekend": "weekend days"}
SHARES = {"served_share", "empty_share"}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure promised and replayed, in words; ``error`` is empty for a single run."""

    name: str
    promised: str
    replayed: str
    error: str


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """One deployment of a replayed month."""

    partner: str
    sentence: str
    stands: bool
    rows: list[FigureRow]
    charts: list[DayChart]
    waits: WaitMap | None
    depots: list[DepotTold]


def replay_view(told: MonthTold, city: City | None) -> list[DeploymentView]:
    """Return how each deployment of a month is drawn; without the city there is no map."""
    views = []
    for k, one in enumerate(told.deployments):
        waits = wait_map(city, one.zones) if city is not None and one.zones else None
        sentence = told.sentences[k + 1] if len(told.sentences) > k + 1 else ""
        views.append(
            DeploymentView(one.partner, sentence, one.stands, list(_rows(one)), list(_charts(one)), waits, one.depots)
        )
    return views


def _rows(told: DeploymentTold) -> Iterable[FigureRow]:
    for f in told.figures:
        say: Callable[[float | None], str] = (
            (lambda v: "" if v is None else percent(v))
            if f.figure in SHARES
            else (lambda v: "" if v is None else decimal(v))
            if f.figure == "wait_min"
            else (lambda v: "" if v is None else count(v))
        )
        yield FigureRow(figure_name(f.figure), say(f.promised), say(f.replayed), say(f.standard_error))


def _charts(told: DeploymentTold) -> Iterable[DayChart]:
    for kind, name in KINDS.items():
        hours = [h for h in told.hours if h.days == kind]
        if hours:
            worst = max(hours, key=lambda h: h.promised_trips - h.trips)
            said = f"Furthest below the promise at {worst.hour} h: {worst.trips:,.0f} of {worst.promised_trips:,.0f}."
            yield DayChart(
                f"Trips by hour, {name}",
                "a mean day with service",
                said,
                (
                    DayLine("riders who ask", "s4", [h.asked for h in hours]),
                    DayLine("promised", "budget", [h.promised_trips for h in hours]),
                    DayLine("replayed", "spent", [h.trips for h in hours]),
                ),
            )
            longest = max(hours, key=lambda h: h.wait_min or 0.0)
            yield DayChart(
                f"Mean wait by hour, {name}",
                "minutes, of those who ride",
                f"Longest at {longest.hour} h: {longest.wait_min or 0.0:.1f} min, promised {longest.promised_wait_min:.1f}.",
                (
                    DayLine("promised", "budget", [h.promised_wait_min for h in hours]),
                    DayLine("replayed", "spent", [h.wait_min for h in hours]),
                ),
            )
        yield from _depot_charts(told, kind, name)


def _depot_charts(told: DeploymentTold, kind: DayKind, name: str) -> Iterable[DayChart]:
    quarters = [q for q in told.quarters if q.days == kind]
    if not quarters:
        return
    load = max(quarters, key=lambda q: q.load_kw)
    yield DayChart(
        f"Load of the depots, {name}",
        "kW, a mean day",
        f"Most at {load.start_min // 60}:{load.start_min % 60:02d}: {load.load_kw:,.0f} kW.",
        (DayLine("load", "spent", [q.load_kw for q in quarters]),),
    )
    queue = max(quarters, key=lambda q: q.queue)
    yield DayChart(
        f"Plugs in use and queue, {name}",
        f"of {told.plugs} plugs, a mean day",
        f"The queue is longest at {queue.start_min // 60}:{queue.start_min % 60:02d}: {queue.queue:.1f} cars.",
        (
            DayLine("plugs", "budget", [float(told.plugs)] * len(quarters)),
            DayLine("in use", "spent", [q.plugs_in_use for q in quarters]),
            DayLine("cars in the queue", "s1", [q.queue for q in quarters]),
        ),
    )
