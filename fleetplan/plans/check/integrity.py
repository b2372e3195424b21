"""Whether a plan hangs together: its shape, its sums, its derived columns and its certificate."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number
from fleetplan.plans.check.case import PUBLIC_MODES, Case, Deployed
from fleetplan.plans.check.money import km_per_day, kwh_per_day
from fleetplan.plans.check.operation import in_tests
from fleetplan.plans.check.report import WAIT_MIN, Named, Usd, Violation, money_apart, say, trips_apart
from fleetplan.plans.check.supply import ceiling, owned
from fleetplan.plans.check.value import capital, cash, cumulated_budget, monthly, paid_back
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.request import PlanRequest
from fleetplan.service.types import CityService

SHAPE, TOTALS, COLUMNS, CERTIFICATE = "plan_shape", "plan_totals", "plan_columns", "certificate"
PLAN_LISTS = ("period_months", "cash_usd", "cumulated_cash_usd", "capital_usd", "cumulated_budget_usd")
ROW_LISTS = (
    *("mode", "vehicles", "test_vehicles", "level", "demand_per_day", "trips_per_day", "wait_min", "deadhead_share"),
    *("km_per_day", "energy_kwh_per_day", "public_charging_partner"),
)
FLEET_LISTS = ("bought", "owned", "in_service", "testing", "ceiling")


def _lists(plan: Plan) -> Iterator[tuple[str, list[Any]]]:
    """Yield every list of a plan that runs over its periods, with its place."""
    yield from ((name, getattr(plan, name)) for name in PLAN_LISTS)
    for rollout in plan.cities:
        yield f"{rollout.city}.public_charging_vehicles", rollout.public_charging_vehicles
        yield f"{rollout.city}.public_charging_partner", rollout.public_charging_partner
        yield from _keyed(f"{rollout.city}.usd", rollout.city_lines_usd)
        for depot in rollout.depots:
            yield f"{rollout.city}/{depot.site}.stalls", depot.stalls
            yield f"{rollout.city}/{depot.site}.stalls_partner", depot.stalls_partner
        for row in rollout.deployments:
            place = f"{row.city}/{row.stack}"
            yield from ((f"{place}.{name}", getattr(row, name)) for name in ROW_LISTS)
            yield from _keyed(place, row.vehicles_by_mode)
            yield from _keyed(f"{place}.usd", row.lines_usd)
    for fleet in plan.stacks:
        yield from ((f"{fleet.stack}.{name}", getattr(fleet, name)) for name in FLEET_LISTS)
        yield from _keyed(f"{fleet.stack}.usd", fleet.lines_usd)


def _keyed(place: str, lists: Mapping[str, list[Any]]) -> Iterator[tuple[str, list[Any]]]:
    yield from ((f"{place}.{key}", values) for key, values in lists.items())


def check_shape(plan: Plan, catalogue: Catalogue, services: Mapping[str, CityService]) -> Iterator[Violation]:
    """Yield lists of the wrong length, numbers that are none, and names that the catalogue does not hold.

    Nothing else can be checked while one of these stands.
    """
    grid = plan.request.grid
    if plan.periods != grid.labels() or plan.period_months != list(grid.lengths):
        yield Violation(SHAPE, "periods", say("the periods are not those of the request's horizon"), 1.0)
    for place, values in _lists(plan):
        if len(values) != len(grid):
            text = say("has {} entries for {} periods", len(values), len(grid))
            yield Violation(SHAPE, place, text, abs(len(values) - len(grid)))
        numbers = [value for value in values if isinstance(value, int | float)]
        if not all(math.isfinite(number) for number in numbers):
            yield Violation(SHAPE, place, say("holds a number that is not finite"), 1.0)
        if "usd" not in place and min(numbers, default=0) < 0:
            yield Violation(SHAPE, place, say("holds a negative number"), 1.0)
    yield from _twice(plan)
    for fleet in plan.stacks:
        if fleet.stack not in catalogue.stacks:
            yield Violation(SHAPE, fleet.stack, say("the catalogue holds no such stack"), 1.0)
    for rollout in plan.cities:
        if rollout.city in catalogue.cities and rollout.city in services:
            yield from _rollout(plan, rollout, len(services[rollout.city].levels))
        else:
            yield Violation(
                SHAPE, rollout.city, say("the catalogue holds no such city, or its service is missing"), 1.0
            )


def _rollout(plan: Plan, rollout: CityRollout, top: int) -> Iterator[Violation]:
    for depot in rollout.depots:
        for month in (depot.ordered, depot.live):
            if not _is_month(month):
                yield Violation(SHAPE, f"{rollout.city}/{depot.site}", say("{!r} is no month", month), 1.0)
    for row in rollout.deployments:
        yield from _row(plan, row, rollout.city, top)


def _twice(plan: Plan) -> Iterator[Violation]:
    names: dict[str, list[object]] = {
        "city": [*(rollout.city for rollout in plan.cities)],
        "pool": [*(fleet.stack for fleet in plan.stacks)],
        "deployment": [*((row.city, row.stack) for rollout in plan.cities for row in rollout.deployments)],
    }
    for what, given in names.items():
        if len(set(given)) < len(given):
            yield Violation(SHAPE, what, say("a {} stands twice", what), len(given) - len(set(given)))


def _row(plan: Plan, row: DeploymentPlan, city: str, top: int) -> Iterator[Violation]:
    place = f"{row.city}/{row.stack}"
    if row.city != city:
        yield Violation(SHAPE, place, say("the deployment stands under {}", Named("city", city)), 1.0)
    if row.stack not in {fleet.stack for fleet in plan.stacks}:
        yield Violation(SHAPE, place, say("the plan has no pool for the stack"), 1.0)
    if not set(row.vehicles_by_mode) <= set(PUBLIC_MODES):
        yield Violation(SHAPE, place, say("vehicles run in a mode that does not exist"), 1.0)
    if any(not 0 <= level <= top for level in row.level):
        yield Violation(SHAPE, place, say("a level lies outside 0 to {}", top), 1.0)
    if not _is_month(row.programme_start):
        yield Violation(SHAPE, place, say("the programme starts in {!r}, which is no month", row.programme_start), 1.0)


def _is_month(text: str) -> bool:
    try:
        month_number(text)
    except ValueError:
        return False
    return True


def check_totals(case: Case) -> Iterator[Violation]:
    """Yield sums over deployments, pools and periods that do not come out."""
    plan = case.plan
    columns = (
        ("cash_usd", plan.cash_usd, cash(case)),
        ("cumulated_cash_usd", plan.cumulated_cash_usd, list(accumulate(cash(case)))),
        ("capital_usd", plan.capital_usd, capital(case)),
        ("cumulated_budget_usd", plan.cumulated_budget_usd, cumulated_budget(case)),
    )
    for name, given, expected in columns:
        for t, (have, want) in enumerate(zip(given, expected, strict=True)):
            if money_apart(have, want):
                text = say("is {}; it comes to {}", Usd(have), Usd(want))
                yield Violation(TOTALS, case.where(name, t), text, abs(have - want))
    yield from _fleets(case)
    yield from _headline(case)


def _fleets(case: Case) -> Iterator[Violation]:
    for fleet in case.plan.stacks:
        rows = case.of_stack(fleet.stack)
        capital_paid = "capital" in case.catalogue.stacks[fleet.stack].platform_pays
        if fleet.platform_owned != capital_paid:
            yield Violation(TOTALS, fleet.stack, say("platform_owned does not follow the contract"), 1.0)
        if fleet.lead_months not in {None, case.catalogue.stacks[fleet.stack].lead_months}:
            yield Violation(
                TOTALS, fleet.stack, say("lead_months is {}; the catalogue says otherwise", fleet.lead_months), 1.0
            )
        for t in case.periods:
            columns = (
                ("in_service", fleet.in_service[t], sum(d.row.vehicles[t] for d in rows)),
                ("testing", fleet.testing[t], sum(d.row.test_vehicles[t] for d in rows)),
                ("ceiling", fleet.ceiling[t], ceiling(case, fleet.stack, t)),
                ("owned", fleet.owned[t], owned(case, fleet.bought, t)),
            )
            for name, have, want in columns:
                if have != want:
                    text = say("{} is {}; it comes to {}", name, have, want)
                    yield Violation(TOTALS, case.where(fleet.stack, t), text, abs(have - want))


def _headline(case: Case) -> Iterator[Violation]:
    kpis, last = case.plan.kpis, len(case.lengths) - 1
    vehicles = [sum(d.row.vehicles[t] for d in case.deployed) for t in case.periods]
    trips = sum(d.row.trips_per_day[last] for d in case.deployed)
    live = len({d.row.city for d in case.deployed if d.row.level[last] > 0})
    by_year = {str(start // 12): vehicles[t] for t, start in enumerate(case.starts)}
    existing = sum(market.counts for market in case.catalogue.live_markets)
    counts: tuple[tuple[str, object, object], ...] = (
        ("cities_live", kpis.cities_live, live),
        ("markets_live_with_existing", kpis.markets_live_with_existing, live + existing),
        ("vehicles_end", kpis.vehicles_end, vehicles[last]),
        ("vehicles_by_year", kpis.vehicles_by_year, by_year),
    )
    for name, given, expected in counts:
        if given != expected:
            yield Violation(TOTALS, f"kpis.{name}", say("is {}; it comes to {}", given, expected), 1.0)
    per_vehicle = trips / vehicles[last] if vehicles[last] else 0.0
    for name, have, want in (
        ("trips_per_day_end", kpis.trips_per_day_end, trips),
        ("trips_per_vehicle_day_end", kpis.trips_per_vehicle_day_end or 0.0, per_vehicle),
    ):
        if trips_apart(have, want):
            yield Violation(TOTALS, f"kpis.{name}", say("is {:.2f}; it comes to {:.2f}", have, want), abs(have - want))
    yield from _payback(case)


def _payback(case: Case) -> Iterator[Violation]:
    expected = paid_back(case, monthly(case, (held for _, held in case.line_holders())))
    if case.plan.kpis.payback != expected:
        text = say(
            "payback is {}; cumulated cash says {}", Named("month", case.plan.kpis.payback), Named("month", expected)
        )
        yield Violation(TOTALS, "kpis.payback", text, 1.0)


def check_columns(case: Case) -> Iterator[Violation]:
    """Yield columns of a deployment that do not follow from its vehicles, level and demand."""
    for deployed in case.deployed:
        for t in case.periods:
            yield from _counts(case, deployed, t)
            yield from _service(case, deployed, t)
        yield from _waits(case, deployed)
        yield from _months(case, deployed)
    for rollout in case.plan.cities:
        launches = [row.launch for row in rollout.deployments if row.launch]
        if rollout.launch != min(launches, default=None):
            text = say(
                "the city's launch is {}; its first deployment opens in {}",
                Named("month", rollout.launch),
                Named("month", min(launches, default=None)),
            )
            yield Violation(COLUMNS, rollout.city, text, 1.0)
        rate = case.own(f"fx.{case.catalogue.cities[rollout.city].currency}")
        if not math.isclose(rollout.usd_per_currency, rate, rel_tol=1e-9):
            text = say("the exchange rate is {}; the catalogue's is {}", rollout.usd_per_currency, rate)
            yield Violation(COLUMNS, rollout.city, text, abs(rollout.usd_per_currency - rate))


def _counts(case: Case, deployed: Deployed, t: int) -> Iterator[Violation]:
    row = deployed.row
    total = sum(counts[t] for counts in row.vehicles_by_mode.values())
    used = deployed.used_modes(t)
    mode = next((m for m in PUBLIC_MODES if m in used), "")
    testing = in_tests(case, deployed, t)
    for name, have, want in (
        ("vehicles", row.vehicles[t], total),
        ("mode", row.mode[t], mode),
        ("test_vehicles", row.test_vehicles[t], testing),
    ):
        if have != want:
            yield Violation(
                COLUMNS, case.where(deployed.name, t), say("{} is {!r}; it comes to {!r}", name, have, want), 1.0
            )


def _service(case: Case, deployed: Deployed, t: int) -> Iterator[Violation]:
    row, where = deployed.row, case.where(deployed.name, t)
    for name, have, want in (
        ("km_per_day", row.km_per_day[t], km_per_day(deployed, t)),
        ("energy_kwh_per_day", row.energy_kwh_per_day[t], kwh_per_day(case, deployed, t)),
    ):
        if trips_apart(have, want):
            yield Violation(COLUMNS, where, say("{} is {:.2f}; it comes to {:.2f}", name, have, want), abs(have - want))


def _waits(case: Case, deployed: Deployed) -> Iterator[Violation]:
    for t, (wait, law) in enumerate(zip(deployed.row.wait_min, deployed.waits, strict=True)):
        where = case.where(deployed.name, t)
        if (wait is None) != (law is None):
            yield Violation(COLUMNS, where, say("a wait is given exactly while vehicles serve"), 1.0)
        elif wait is not None and law is not None and abs(wait - law) > WAIT_MIN:
            yield Violation(
                COLUMNS, where, say("wait_min is {:.3f}; the curve says {:.3f}", wait, law), abs(wait - law)
            )


def _months(case: Case, deployed: Deployed) -> Iterator[Violation]:
    row, opened = deployed.row, deployed.launch_period
    launch = case.labels[opened] if opened is not None else ""
    out = next((case.labels[t] for t in case.periods if "paid_driver_out" in deployed.used_modes(t)), None)
    for name, have, want in (("launch", row.launch, launch), ("driver_out", row.driver_out, out)):
        if have != want:
            yield Violation(COLUMNS, deployed.name, say("{} is {!r}; it comes to {!r}", name, have, want), 1.0)


def request_sha256(request: PlanRequest) -> str:
    """Return the SHA-256 of a request's canonical JSON."""
    return _canonical_sha256(request.model_dump(mode="json"))


def plan_seal(plan: Plan) -> str:
    """Return the SHA-256 of a plan's canonical JSON with an empty seal."""
    data = plan.model_dump(mode="json")
    data["certificate"]["seal"] = ""
    return _canonical_sha256(data)


def _canonical_sha256(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_seal(plan: Plan) -> Iterator[Violation]:
    """Yield that a plan is not as it left the program: altered since, or never sealed."""
    have = plan.certificate.seal
    if not have:
        text = say(
            "the plan carries no seal, so nobody can tell whether its words and proofs were altered; plan it again"
        )
        yield Violation(CERTIFICATE, "seal", text, 1.0)
    elif have != plan_seal(plan):
        yield Violation(CERTIFICATE, "seal", say("the plan was altered after it was sealed"), 1.0)


def check_rules_named(plan: Plan, known: Collection[str]) -> Iterator[Violation]:
    """Yield rules that a plan says it was held against and that do not exist."""
    for name in plan.certificate.rules_checked:
        if name not in known:
            yield Violation(CERTIFICATE, "rules_checked", say("{!r} is no rule that plans are held against", name), 1.0)


def check_certificate(case: Case) -> Iterator[Violation]:
    """Yield hashes that are not those of the request and the catalogue, and a verdict that is none."""
    proof = case.plan.certificate
    if proof.checker not in {"", "passed"}:
        yield Violation(CERTIFICATE, "checker", say("is {!r}; a plan that is delivered has passed", proof.checker), 1.0)
    for what, have, want in (
        ("request_sha256", proof.request_sha256, request_sha256(case.request)),
        ("catalogue_sha256", proof.catalogue_sha256, case.raw.digest),
    ):
        if have != want:
            yield Violation(CERTIFICATE, what, say("is {}; it comes to {}", have, want), 1.0)
