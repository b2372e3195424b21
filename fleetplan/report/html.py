"""The report: one HTML file that shows a plan from disk, on a phone and on paper, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, DeploymentPlan, FigureUse, Plan
from fleetplan.report import charts, finance, gantt, words
from fleetplan.report.map_svg import city_map
from fleetplan.report.tables import area_km2, ordered_deployments
from fleetplan.service.types import CityService

DOUBT_ORDER = {"assumed": 0, "low": 1, "medium": 2, "high": 3}


def report_html(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue) -> str:
    """Return the whole report as one HTML text."""
    palette = charts.palette(plan)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            plan=plan,
            k=plan.kpis,
            css=Markup(_read("report.css")),  # noqa: S704  our own file
            js=Markup(_read("report.js")),  # noqa: S704  our own file
            verdict=words.verdict(plan),
            status=words.STATUS_NAMES[plan.status],
            end_month=_end_month(plan),
            years=gantt.Scale.of(plan).years(),
            rows=_timeline(plan),
            palette=palette,
            charts=charts.portfolio(plan, palette),
            fleets=charts.fleet_legend(plan, palette),
            year_numbers=finance.years(plan),
            money=finance.groups_by_year(plan, finance.all_lines(plan)),
            cities=[_city(plan, c, services.get(c.city), catalogue, palette) for c in _city_order(plan)],
            doubts=_doubts(plan),
            attributions=sorted({c.land_attribution for s, c in catalogue.cities.items() if s in services}),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fleetplan.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        month=words.month_name,
        count=words.count,
        decimal=words.decimal,
        percent=words.percent,
        usd=words.usd,
        usd_fine=words.usd_fine,
    )
    environment.globals["mode_name"] = lambda mode: words.MODE_NAMES.get(mode, mode)
    return environment


def _read(name: str) -> str:
    return (resources.files("fleetplan.report") / "templates" / name).read_text(encoding="utf-8")


def _end_month(plan: Plan) -> str:
    return month_text(month_number(plan.periods[0]) + sum(plan.period_months) - 1)


def _city_order(plan: Plan) -> list[CityRollout]:
    return sorted(plan.cities, key=lambda c: (c.launch or "9999", c.name))


def _timeline(plan: Plan) -> list[dict[str, Any]]:
    """Return the rows of the timeline: one a deployment, grouped by city in the order of first openings."""
    rows: list[dict[str, Any]] = []
    for city in _city_order(plan):
        deployments = [d for c, d in ordered_deployments(plan) if c.city == city.city]
        rows += [
            {"city": city, "head": i == 0, "d": d, "track": gantt.deployment_track(plan, d)}
            for i, d in enumerate(deployments)
        ]
        if not deployments:
            rows.append({"city": city, "head": True, "d": None, "track": None})
    return rows


def _city(
    plan: Plan, city: CityRollout, service: CityService | None, catalogue: Catalogue, palette: dict[str, str]
) -> dict[str, Any]:
    fact = catalogue.cities.get(city.city)
    drawn = city_map(city, fact, service, plan.periods) if service and service.levels and fact else None
    return {
        "c": city,
        "map": drawn,
        "states": _states(plan, city) if drawn else None,
        "year_ends": _year_ends(plan, city),
        "closed": [x for x in fact.crossings if not x.open] if fact else [],
        "charts": charts.city(plan, city, palette) if city.deployments else [],
        "deployments": [
            _deployment(plan, city, d) for d in sorted(city.deployments, key=lambda d: (d.launch, d.stack))
        ],
        "by_year": _service_by_year(plan, city),
        "money": finance.groups_by_year(plan, finance.city_lines(city)) if city.deployments else [],
        "doubts": sorted(city.doubtful_figures, key=_doubt_key),
    }


def _deployment(plan: Plan, city: CityRollout, d: DeploymentPlan) -> dict[str, Any]:
    permits = sorted(d.permits, key=lambda s: (not s.held, s.start, s.finish))
    openings = gantt.opening_months_of(plan, d)
    return {
        "d": d,
        "permits": [{"p": p, "track": gantt.permit_track(plan, p)} for p in permits],
        "areas": [(level, month, area_km2(city, level)) for level, month in openings],
    }


def _states(plan: Plan, city: CityRollout) -> dict[str, Any]:
    """Return what the slider needs: per deployment the level, fleet, trips and wait by period."""
    return {
        "periods": [words.month_name(p) for p in plan.periods],
        "area": {k.level: round(k.area_km2) for k in city.levels},
        "stacks": [
            {
                "name": d.partner,
                "level": d.level,
                "vehicles": d.vehicles,
                "trips": [round(x) for x in d.trips_per_day],
                "wait": [None if w is None else round(w, 1) for w in d.wait_min],
            }
            for d in city.deployments
        ],
    }


def _year_ends(plan: Plan, city: CityRollout) -> list[dict[str, Any]]:
    """Return for each year the index of its last period and the widest level open then."""
    ends = []
    for year in finance.years(plan):
        t = max((i for i, p in enumerate(plan.periods) if p < f"{year + 1}"), default=0)
        level = max((d.level[t] for d in city.deployments), default=0)
        ends.append({"year": year, "t": t, "level": level, "area": area_km2(city, level)})
    return ends


def _service_by_year(plan: Plan, city: CityRollout) -> list[dict[str, Any]]:
    rows = []
    for end in _year_ends(plan, city):
        t = end["t"]
        open_now = [d for d in city.deployments if d.level[t]]
        vehicles, trips = sum(d.vehicles[t] for d in open_now), sum(d.trips_per_day[t] for d in open_now)
        rows.append(
            {
                **end,
                "vehicles": vehicles,
                "trips": trips,
                "per_vehicle": trips / vehicles if vehicles else None,
                "wait": _weighted([(d.wait_min[t], d.trips_per_day[t]) for d in open_now]),
                "deadhead": _weighted([(d.deadhead_share[t], d.km_per_day[t]) for d in open_now]),
                "stalls": sum(d.stalls[t] + d.stalls_partner[t] for d in city.depots),
            }
        )
    return rows


def _weighted(pairs: list[tuple[float | None, float]]) -> float | None:
    known = [(v, w) for v, w in pairs if v is not None]
    weight = sum(w for _, w in known)
    return sum(v * w for v, w in known) / weight if weight else None


def _doubt_key(figure: FigureUse) -> tuple[int, str]:
    return DOUBT_ORDER.get(figure.confidence, 0), figure.key


def _doubts(plan: Plan) -> list[FigureUse]:
    """Return every doubtful figure once, assumed ones first."""
    return sorted({f.key: f for c in plan.cities for f in c.doubtful_figures}.values(), key=_doubt_key)
