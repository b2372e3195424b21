"""A made-up but type-valid plan for four cities, so that reports and exports can be tested without a solver.

Land polygons are the catalogue's real ones; every figure is invented.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h3
import numpy as np
from shapely.geometry import Point, shape
from shapely.ops import unary_union
from shapely.prepared import prep

from fleetplan.catalogue.types import Catalogue, City, Crossing, DepotSite, Gateway, HotSpot
from fleetplan.facts import Binding, CityOutcome, Method
from fleetplan.months import Grid, month_number, month_text
from fleetplan.plans.types import (
    Certificate,
    CityRollout,
    DeploymentPlan,
    DepotPlan,
    FigureUse,
    Kpis,
    LevelSummary,
    PartnerAccount,
    PermitStep,
    Plan,
    Returns,
    StackFleet,
    Worth,
)
from fleetplan.request import parse_request
from fleetplan.service.types import CityService, LadderLevel, ResponseSurface, Zones

ROOT = Path(__file__).resolve().parent.parent
GRID = Grid.default("2027-01")
LABELS = GRID.labels()
LENGTHS = list(GRID.lengths)
MODES = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")
RADII = (4, 7, 11, 15)

CENTRES: dict[str, tuple[str, float, float, str, float]] = {
    "bay-area": ("San Francisco Bay Area", 37.765, -122.43, "USD", 1.0),
    "london": ("London", 51.512, -0.12, "GBP", 1.35),
    "munich": ("Munich", 48.14, 11.57, "EUR", 1.17),
    "zurich": ("Zurich", 47.385, 8.53, "CHF", 1.25),
}

# stack, partner, city, contract, programme start, paid with operator from, driver-out from, months a level, most cars
DEPLOYMENTS: tuple[tuple[str, str, str, str, str, str, str | None, int, int], ...] = (
    ("lucid-nuro-gravity", "Lucid + Nuro", "bay-area", "own_and_license", "2027-01", "2027-04", "2028-01", 6, 2600),
    ("nvidia-hyperion", "NVIDIA Hyperion", "bay-area", "own_and_license", "2027-03", "2028-10", "2029-10", 6, 900),
    ("wayve-ford", "Wayve + Ford", "london", "own_and_license", "2027-02", "2027-09", "2029-04", 9, 1700),
    ("weride-gxr", "WeRide", "zurich", "fixed_fee", "2027-01", "2028-04", None, 12, 240),
)

PERMITS = (
    ("testing", "Test with safety driver", "test_operator", -9, 7),
    ("driver-out-test", "Driver-out test", "test_driver_out", -3, 9),
    ("paid-operator", "Paid rides with operator", "paid_operator", -3, 3),
    ("paid-driver-out", "Paid driver-out service", "paid_driver_out", 2, 7),
)


def fake_service(slug: str) -> CityService:
    """Return a ladder of discs of land cells around the city's centre."""
    _, lat, lon, _, _ = CENTRES[slug]
    land = prep(fake_land(slug))
    centre = h3.latlng_to_cell(lat, lon, 8)
    levels = []
    for index, radius in enumerate(RADII):
        disc = h3.grid_disk(centre, radius)
        cells = tuple(sorted(c for c in disc if land.contains(Point(*reversed(h3.cell_to_latlng(c))))))
        area = sum(h3.cell_area(c) for c in cells)
        levels.append(
            LadderLevel(
                slug,
                index,
                f"ring {index + 1}",
                cells,
                area,
                area * 5200,
                (),
                6.0 + index,
                0.1,
                _surface(slug, index, area),
            )
        )
    return CityService(slug, tuple(levels), np.full((len(levels), 3), 4.0), _zones(tuple(levels), lat, lon))


def _zones(levels: tuple[LadderLevel, ...], lat: float, lon: float) -> Zones:
    """Return the ladder's cells, busier near the centre."""
    cells = levels[-1].cells
    centres = np.array([h3.cell_to_latlng(c) for c in cells])
    away = np.hypot(centres[:, 0] - lat, (centres[:, 1] - lon) * np.cos(np.radians(lat)))
    demand = 900 * np.exp(-away / 0.05) + 10
    level = np.array([next(i for i, k in enumerate(levels) if c in k.cells) for c in cells], dtype=np.int64)
    area = np.array([h3.cell_area(c) for c in cells])
    return Zones(cells, centres[:, 0], centres[:, 1], area, area * 5200, area * 2500, demand, level)


def _surface(slug: str, level: int, area: float) -> ResponseSurface:
    fleet, demand = np.array([0.0, 5000.0]), np.array([0.0, 90000.0])
    table = np.array([[0.0, 0.0], [0.0, 90000.0]])
    return ResponseSurface(
        slug,
        level,
        np.array([[20.0, 0.0, 0.0]]),
        6.0,
        40.0,
        area * 260,
        0.0,
        90000.0,
        5000.0,
        0.004,
        fleet,
        demand,
        table,
        np.full((2, 2), 5.0),
        np.full((2, 2), 0.4),
        table * 8,
    )


def fake_land(slug: str) -> Any:
    """Return the catalogue's land polygons of a city as one geometry."""
    data = json.loads((ROOT / "cities" / slug / "land.geojson").read_text(encoding="utf-8"))
    return unary_union([shape(f["geometry"]).buffer(0) for f in data["features"]])


def fake_city(slug: str) -> City:
    """Return a city with real land and a few invented places."""
    name, lat, lon, currency, _ = CENTRES[slug]
    crossings = (
        Crossing(
            "Old Bridge", "river", "bridge", lat + 0.01, lon, lat + 0.03, lon + 0.01, True, "", "", "made up", "assumed"
        ),
        Crossing(
            "Bay Bridge",
            "bay",
            "freeway",
            lat + 0.02,
            lon + 0.04,
            lat + 0.06,
            lon + 0.12,
            False,
            "area",
            "",
            "made up",
            "assumed",
        ),
    )
    gateways = (
        Gateway("International Airport", "airport", lat - 0.09, lon + 0.05, 9e4, 0.06, "airport", "made up", "assumed"),
        Gateway("Central Station", "station", lat, lon + 0.02, None, None, "", "made up", "assumed"),
    )
    return City(
        slug,
        name,
        "XX",
        ("state", slug),
        currency,
        "UTC",
        "right",
        False,
        {},
        (),
        (
            HotSpot("Old Town", "centre", lat, lon, 5, "x", "high"),
            HotSpot("Harbour", "quay", lat + 0.03, lon - 0.05, 3, "x", "high"),
        ),
        gateways,
        crossings,
        (DepotSite("South yard", lat - 0.03, lon + 0.03, 40, 92.5, "spare", 9, "", "made up", "assumed"),),
        (),
        fake_land(slug),
        "© OpenStreetMap contributors, ODbL",
    )


def fake_catalogue() -> Catalogue:
    """Return a catalogue that holds the four cities and little else."""
    return Catalogue({slug: fake_city(slug) for slug in CENTRES}, {}, {}, {}, {}, {}, {}, (), "c" * 64)


def fake_services() -> dict[str, CityService]:
    """Return the services of the four cities."""
    return {slug: fake_service(slug) for slug in CENTRES}


def _months_since(month: str, label: str) -> int:
    return month_number(label) - month_number(month)


def _shift(month: str, by: int) -> str:
    return month_text(month_number(month) + by)


def _permits(city: str, launch: str, driver_out: str | None) -> list[PermitStep]:
    steps = []
    for key, title, opens, offset, months in PERMITS:
        anchor = (driver_out or _shift(launch, 18)) if opens == "paid_driver_out" else launch
        finish = anchor if opens.startswith("paid") else _shift(anchor, offset + months - 6)
        start = _shift(finish, -months)
        held = key == "testing" and city == "bay-area"  # held permits carry no months
        steps.append(
            PermitStep(
                permit=f"{city}-{key}",
                title=title,
                authority=f"{city.title()} transport authority",
                jurisdiction=city,
                scope="city",
                start="" if held else start,
                finish="" if held else finish,
                earliest="" if held else _shift(finish, -2),
                latest="" if held else _shift(finish, 3 + months),
                held=held,
                event="av-act" if key == "paid-driver-out" else "",
                opens=opens,
                source="https://example.org/law made up; a rule of the road, section 4",
                confidence="low" if city == "zurich" else "medium",
            )
        )
    return steps


def _deployment(
    row: tuple[str, str, str, str, str, str, str | None, int, int], levels: list[LevelSummary]
) -> DeploymentPlan:
    stack, partner, city, contract, begun, launch, driver_out, pace, largest = row
    vehicles, level, mode, demand, trips = [], [], [], [], []
    for label in LABELS:
        age = _months_since(launch, label)
        open_level = min(len(RADII), 1 + age // pace) if age >= 0 else 0
        level.append(open_level)
        share = 0.0 if age < 0 else min(1.0, 0.04 + (age / 36) ** 1.6)
        vehicles.append(round(largest * share))
        out = driver_out is not None and _months_since(driver_out, label) >= 0
        mode.append("" if age < 0 else "paid_driver_out" if out else "paid_operator")
        demand.append(levels[open_level - 1].addressable_trips_per_day * min(1, 0.2 + age / 40) if open_level else 0.0)
        trips.append(min(demand[-1], vehicles[-1] * 19.0))
    by_mode = {m: [v if mode[t] == m else 0 for t, v in enumerate(vehicles)] for m in MODES}
    fares = [11.5 * trips[t] * 30.44 * LENGTHS[t] for t in range(len(LABELS))]
    start = LABELS.index(launch)
    lines = {
        "net_fares": fares,
        "partner_share": [-0.1 * f for f in fares],
        "energy": [-1.1 * trips[t] * 30.44 * LENGTHS[t] for t in range(len(LABELS))],
        "remote": [-900.0 * v * n for v, n in zip(vehicles, LENGTHS, strict=True)],
        "safety_operator": [-14000.0 * v * n for v, n in zip(by_mode["paid_operator"], LENGTHS, strict=True)],
        "launch": [-12e6 if t == start else 0.0 for t in range(len(LABELS))],
    }
    return DeploymentPlan(
        stack=stack,
        partner=partner,
        city=city,
        contract=contract,
        programme_start=begun,
        launch=launch,
        driver_out=driver_out,
        permits=_permits(city, launch, driver_out),
        mode=mode,
        vehicles=vehicles,
        vehicles_by_mode=by_mode,
        test_vehicles=[
            20 if _months_since(begun, label) >= 0 and not lv else 0 for label, lv in zip(LABELS, level, strict=True)
        ],
        public_charging_partner=[0] * len(LABELS),
        level=level,
        demand_per_day=demand,
        trips_per_day=trips,
        wait_min=[None if not lv else round(7.5 - 0.1 * t, 1) for t, lv in enumerate(level)],
        deadhead_share=[None if not lv else 0.46 - 0.003 * t for t, lv in enumerate(level)],
        km_per_day=[t * 11 for t in trips],
        energy_kwh_per_day=[t * 2.2 for t in trips],
        lines_usd=lines,
        npv_usd=largest * 61000.0,
        displaced_usd=[-0.05 * x for x in lines["net_fares"]],
        worth=worth(largest * 61000.0),
        partner_account=PartnerAccount(
            lines_usd={
                "partner_share": [-usd for usd in lines["partner_share"]],
                "vehicles": [-1000.0 * v for v in vehicles],
            },
            residual_usd=1e6,
            after_usd=2e6,
            worth_usd=3e6,
            owns_vehicles=contract == "revenue_share",
            must_earn=contract == "revenue_share",
        ),
    )


def _rollout(slug: str, service: CityService) -> CityRollout:
    name, lat, lon, currency, usd = CENTRES[slug]
    levels = [
        LevelSummary(
            level=k.index + 1,
            name=k.name,
            cells=len(k.cells),
            area_km2=k.area_km2,
            population=k.population,
            addressable_trips_per_day=k.surface.demand_trips_per_day,
        )
        for k in service.levels
    ]
    deployments = [_deployment(row, levels) for row in DEPLOYMENTS if row[2] == slug]
    live = bool(deployments)
    stalls = [0 if t < 9 else 12 * (t - 8) for t in range(len(LABELS))]
    depots = [
        DepotPlan(
            site="South yard",
            lat=lat - 0.03,
            lon=lon + 0.03,
            ordered="2027-01",
            live="2027-10",
            stalls=stalls,
            stalls_partner=[0] * len(LABELS),
        )
    ]
    doubtful = FigureUse(
        key=f"{slug}/city.toml#market.platform_share",
        value=0.45,
        unit="share",
        source="judgement, no figure found",
        confidence="assumed",
    )
    binding = Binding(
        rule="permit_path",
        kind="law",
        city=slug,
        sentence=f"{name}: paid driver-out service may not run before its permit is in hand.",
        period="2027-10",
        price_usd=1.4e6,
        unit="month",
        source="made up",
    )
    return CityRollout(
        city=slug,
        name=name,
        currency=currency,
        usd_per_currency=usd,
        launch=min((d.launch for d in deployments), default=None),
        deployments=deployments,
        depots=depots if live else [],
        public_charging_vehicles=[8 if live else 0] * len(LABELS),
        public_charging_partner=[0] * len(LABELS),
        levels=levels,
        city_lines_usd={
            "team": [-120000.0 * n if live else 0.0 for n in LENGTHS],
            "depot_site": [-2.5e6 if live and t == 0 else 0.0 for t in range(len(LABELS))],
        },
        npv_usd=sum(d.npv_usd for d in deployments),
        worth=worth(sum(d.npv_usd for d in deployments)),
        returns=returns(sum(d.npv_usd for d in deployments)),
        capital_usd=88e6 if live else 0,
        peak_funding_usd=61e6 if live else 0,
        payback="2029-07" if live else None,
        binds=[binding],
        doubtful_figures=[doubtful],
        outcome=CityOutcome(kind="opens", sentence=f"{name} opens.")
        if live
        else CityOutcome(
            kind="not_worth",
            earliest="2029-08",
            more_at_most_usd=2.4e6,
            sentence="No stack with a deal earns back its launch cost: the EU type approval comes in Aug 2029.",
        ),
    )


def worth(npv: float) -> Worth:
    """Return a value split as plans split it."""
    return Worth(cash_usd=npv * 0.22, residual_usd=npv * 0.09, terminal_usd=npv * 0.69, displaced_usd=-0.2 * npv)


def returns(npv: float) -> Returns:
    """Return what a value returns, made up."""
    return Returns(
        irr=0.17,
        irr_why="",
        break_even_fare=0.91,
        fare_per_trip_usd=16.2,
        cost_per_trip_usd=14.7,
        tax_usd=-0.2 * max(0.0, npv),
        after_tax_npv_usd=npv - 0.2 * max(0.0, npv),
    )


def _stack_fleets(cities: list[CityRollout]) -> list[StackFleet]:
    fleets = []
    for d in (d for c in cities for d in c.deployments):
        owned = d.contract == "own_and_license"
        bought = [max(0, v - w) if owned else 0 for v, w in zip(d.vehicles, [0, *d.vehicles[:-1]], strict=True)]
        fleets.append(
            StackFleet(
                stack=d.stack,
                partner=d.partner,
                platform_owned=owned,
                bought=bought,
                owned=list(d.vehicles) if owned else [0] * len(LABELS),
                in_service=list(d.vehicles),
                testing=list(d.test_vehicles),
                ceiling=[150 + 140 * t for t in range(len(LABELS))],
                lines_usd={"vehicles": [-66000.0 * b for b in bought]},
                lead_months=9,
            )
        )
    return fleets


def fake_plan(name: str = "made-up plan", services: dict[str, CityService] | None = None) -> Plan:
    """Return a plausible plan of four cities, one of which stays out."""
    services = services or fake_services()
    cities = [_rollout(slug, services[slug]) for slug in sorted(CENTRES)]
    stacks = _stack_fleets(cities)
    lines = [ls for c in cities for ls in [c.city_lines_usd, *(d.lines_usd for d in c.deployments)]] + [
        s.lines_usd for s in stacks
    ]
    cash = [sum(v[t] for ls in lines for v in ls.values()) for t in range(len(LABELS))]
    capital = [
        -sum(v[t] for ls in lines for k, v in ls.items() if k in {"vehicles", "launch", "depot_site"})
        for t in range(len(LABELS))
    ]
    budget = list(np.cumsum([125e6 / 3 * n for n in LENGTHS]))
    end = sum(d.vehicles[-1] for c in cities for d in c.deployments)
    trips = sum(d.trips_per_day[-1] for c in cities for d in c.deployments)
    years = {str(y): sum(d.vehicles[_last_period(y)] for c in cities for d in c.deployments) for y in range(2027, 2031)}
    npv = sum(c.npv_usd for c in cities)
    kpis = Kpis(
        npv_usd=npv,
        cash_usd=npv * 0.22,
        residual_usd=npv * 0.09,
        terminal_usd=npv * 0.69,
        incremental_npv_usd=npv,
        gross_npv_usd=npv * 1.2,
        years_after=4.0,
        npv_by_horizon_usd=npv * 0.31,
        npv_twice_after_usd=npv * 1.4,
        capital_usd=sum(capital),
        discounted_capital_usd=sum(capital) * 0.85,
        peak_funding_usd=-min(np.cumsum(cash)),
        payback="2029-10",
        cities_live=3,
        markets_live_with_existing=9,
        vehicles_end=end,
        trips_per_day_end=trips,
        vehicles_by_year=years,
        trips_per_vehicle_day_end=trips / end,
    )
    certificate = Certificate(
        request_sha256="a" * 64,
        catalogue_sha256="c" * 64,
        version="0.1.0",
        seed=0,
        method=Method(stages=["searching"], sentence="By search."),
        objective_usd=npv,
        bound_usd=npv * 1.008,
        gap=0.0079,
        gap_of_capital=0.011,
        solver="HiGHS 1.12.0",
        checker="passed",
        rules_checked=["permit_path", "capital", "stack_supply"],
        curve_error=0.004,
    )
    request = parse_request({"name": name, "capital": {"per_quarter_usd": 125e6}})
    return Plan(
        status="within_gap",
        name=name,
        objective=npv,
        bound=npv * 1.008,
        gap=0.0079,
        periods=LABELS,
        period_months=LENGTHS,
        kpis=kpis,
        returns=returns(npv),
        cities=cities,
        stacks=stacks,
        cash_usd=cash,
        cumulated_cash_usd=list(np.cumsum(cash)),
        capital_usd=capital,
        cumulated_budget_usd=budget,
        binds=[
            Binding(
                rule="stack_supply",
                kind="partner",
                stack="lucid-nuro-gravity",
                limit=2000.0,
                amount=2000.0,
                limit_unit="vehicle",
                sentence="Lucid + Nuro: at most 2,000 vehicles can be had in Dec 2027.",
                period="2027-12",
                price_usd=41000.0,
                unit="vehicle",
                source="made up",
            ),
            Binding(
                rule="launches_per_quarter",
                kind="target",
                constraint="pace",
                sentence="At most 3 first openings a quarter.",
                period="2027-04",
                price_usd=None,
                unit="launch",
                source="the request",
            ),
        ],
        certificate=certificate,
        request=request,
    )


def _last_period(year: int) -> int:
    return max(t for t, label in enumerate(LABELS) if label.startswith(str(year)))
