"""Every money line, recomputed from trips, vehicles, areas, stalls and the catalogue's figures.

Signs as in the plan: plus comes in, minus goes out; USD a period. One function for each holder of
lines: deployment, city, pool.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from fleetplan.catalogue.aliases import resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check import lines
from fleetplan.plans.check.case import DAYS_PER_MONTH, OPERATOR_MODES, Case, Deployed
from fleetplan.plans.check.growth import driver_out_since
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import Usd, Violation, money_apart, say
from fleetplan.plans.check.suspended import end_of
from fleetplan.plans.types import CityRollout, StackFleet
from fleetplan.request.imposed import Tariff

ENDING_LINES = ("withdrawal", "exit")
ONCE_LINES = (*ENDING_LINES, "shortfall")
CAPITAL_LINES = ("vehicles", "placing", "depot_site", "stalls", "launch", "area")
DEPLOYMENT_LINES = (
    *("net_fares", "partner_share", "payment", "support", "displaced", "energy", "maintenance", "licence"),
    *("insurance", "operator_fee", "data", "local_charges", "fixed_fee", "remote", "field", "safety_operator", "wear"),
    *("launch", "area", "placing", *ENDING_LINES),
)
CITY_LINES = ("team", "depot_site", "stalls", "public_charging")
POOL_LINES = ("vehicles", "loan", "resale", "shortfall")
HOURS_PER_MONTH = 730
HALF_YEAR = 6
FIELD_DUTY = 0.8
OPERATOR_HOURS_PER_MONTH = 16 * 30.4
PUBLIC_KWH_PER_DAY = 90
WINTER = (11, 0, 1)

Lines = dict[str, list[float]]


def winter_factor(case: Case, deployed: Deployed, t: int) -> float:
    """Return the energy factor of frost, averaged over the months of a period."""
    frost = deployed.city.value("weather.winter_energy_factor")
    return sum(frost if month % 12 in WINTER else 1.0 for month in case.months(t)) / case.lengths[t]


def km_per_day(deployed: Deployed, t: int) -> float:
    """Return the km driven a mean day by the split of the level in force."""
    level = deployed.level(t)
    if level is None:
        return 0.0
    surface = level.surface
    return surface.km_per_trip * deployed.row.trips_per_day[t] + surface.km_per_vehicle_day * deployed.row.vehicles[t]


def kwh_per_day(case: Case, deployed: Deployed, t: int) -> float:
    """Return the energy bought a mean day, charging losses included."""
    wheels = km_per_day(deployed, t) * deployed.stack.value("vehicle.energy_kwh_per_km")
    computer = case.own("service.aux_kw") * case.own("service.service_hours") * deployed.row.vehicles[t]
    return (wheels * winter_factor(case, deployed, t) + computer) / (1 - case.eco("charging_loss"))


def net_fare(case: Case, deployed: Deployed, t: int) -> float:
    """Return the fare of a mean trip in the level in force, in a fully paid mode, tax taken out."""
    level = deployed.level(t)
    if level is None:
        return 0.0
    city = deployed.city
    fare = city.value("market.mean_fare_local") * case.own(f"fx.{city.currency}")
    length = 0.25 + 0.75 * level.mean_trip_km / city.value("market.mean_trip_km")
    return fare * deployed.stack.value("contract.fare_multiplier") / (1 + city.value("market.fare_tax")) * length


def paying_share(calendar: Calendar, deployed: Deployed, t: int) -> float:
    """Return the fare factor of a mean trip: trips are spread over the modes as the vehicles are."""
    total = sum(counts[t] for counts in deployed.row.vehicles_by_mode.values())
    if total == 0:
        return 0.0
    parts = (
        counts[t] * calendar.fare_factor(deployed, mode, t) for mode, counts in deployed.row.vehicles_by_mode.items()
    )
    return sum(parts) / total


def agents_per_vehicle(case: Case, calendar: Calendar, deployed: Deployed, t: int) -> float:
    """Return the remote agents that a vehicle needs, the mean over a period's months by its service's half years driver-out.

    An agent minds no fewer vehicles as a service grows older, and never more than the law allows.
    """
    met = case.catalogue.permits_of(deployed.row.stack, deployed.row.city).values()
    lawful = [p.vehicles_per_remote_operator for p in met if p.opens.endswith("paid_driver_out")]
    by_age = case.catalogue.assumptions["remote.vehicles_per_agent_by_half_year"].values
    since = driver_out_since(case, calendar, deployed)
    halves = [max(0, month - since) // HALF_YEAR if since <= case.starts[t] else 0 for month in case.months(t)]
    minded = [min([max(by_age[: half + 1]), *(number for number in lawful if number)]) for half in halves]
    return sum(1 / vehicles for vehicles in minded) / len(minded)


def _vehicle_month_usd(case: Case, calendar: Calendar, deployed: Deployed, t: int) -> dict[str, float]:
    city = deployed.city
    return {
        "operator_fee": city.value("cost.operator_fee_usd_per_vehicle_month"),
        "data": case.eco("connectivity_and_data_per_vehicle_month"),
        "remote": city.value("cost.remote_agent_usd_per_h")
        * HOURS_PER_MONTH
        * agents_per_vehicle(case, calendar, deployed, t),
        "field": FIELD_DUTY
        * city.value("cost.field_agent_usd_per_h")
        * HOURS_PER_MONTH
        / case.eco("event_response_vehicles_per_field_agent"),
    }


def _running(case: Case, calendar: Calendar, deployed: Deployed, t: int) -> dict[str, float]:
    row, city, stack = deployed.row, deployed.city, deployed.stack
    trips = row.trips_per_day[t] * case.days(t)
    km = km_per_day(deployed, t) * case.days(t)
    fares = net_fare(case, deployed, t) * paying_share(calendar, deployed, t) * trips
    vehicle_months = row.vehicles[t] * case.lengths[t]
    licence_first, licence_now = listed(case, "price.licence_index_by_year", case.starts[t])
    cover_first, cover_now = listed(case, "price.insurance_index_by_year", case.starts[t])
    operator_months = deployed.in_modes(OPERATOR_MODES, t) * case.lengths[t]
    paid = {
        "payment": case.eco("payment_processing") * fares,
        "support": case.eco("customer_support_per_trip") * trips,
        "energy": kwh_per_day(case, deployed, t) * case.days(t) * city.value("cost.electricity_usd_per_kwh"),
        "maintenance": case.eco("maintenance_and_tyres_per_km") * km,
        "licence": stack.value("contract.licence_usd_per_km") * licence_now / licence_first * km,
        "insurance": city.value("cost.insurance_usd_per_km") * cover_now / cover_first * km,
        "safety_operator": city.value("cost.operator_usd_per_h") * OPERATOR_HOURS_PER_MONTH * operator_months,
        **{line: usd * vehicle_months for line, usd in _vehicle_month_usd(case, calendar, deployed, t).items()},
    }
    lines = {line: -usd if deployed.pays(line) else 0.0 for line, usd in paid.items()}
    local = city.value("market.av_local_charge_usd_month") * vehicle_months
    return lines | {
        "net_fares": fares,
        "partner_share": -(1 - stack.value("contract.platform_fare_share")) * fares,
        "displaced": displaced(case, deployed, t),
        "wear": wear(case, deployed, t),
        "local_charges": -local if deployed.pays("data") else 0.0,
        "fixed_fee": -stack.value("contract.fee_usd_per_vehicle_day") * DAYS_PER_MONTH * vehicle_months,
    }


def displaced(case: Case, deployed: Deployed, t: int) -> float:
    """Return what the platform loses in a period on drivers' trips that robotaxi trips replace."""
    city = deployed.city
    shares = city.figures["market.displaced_share_by_year"]
    begun = [v for year, v in zip(shares.years, shares.values, strict=True) if year * 12 <= case.starts[t]]
    share = begun[-1] if begun else shares.values[0]
    drivers_fare = net_fare(case, deployed, t) / deployed.stack.value("contract.fare_multiplier")
    trips = deployed.row.trips_per_day[t] * case.days(t)
    return -share * city.value("market.human_take_net") * drivers_fare * trips


def vehicle_life(case: Case) -> int:
    """Return the months after which a vehicle is renewed for its age."""
    return max(1, round(12 * case.own("fleet.life_years")))


def wear(case: Case, deployed: Deployed, t: int) -> float:
    """Return what is set aside in a period for vehicles that kilometres wear out before their years are over.

    The kilometres driven take ``km / life_km`` lives, age takes one for every ``life`` months of a vehicle, spares included.
    """
    if not deployed.pays("capital"):
        return 0.0
    spares = 1 + case.own("service.spare_share")
    by_km = km_per_day(deployed, t) * case.days(t) / case.own("fleet.life_km")
    by_age = deployed.row.vehicles[t] * spares * case.lengths[t] / vehicle_life(case)
    price = vehicle_usd(case, deployed.row.stack, case.starts[t]) / spares
    return -max(0.0, by_km - by_age) * price * (1 - case.own("fleet.residual_share"))


def _first_of_stack(case: Case, deployed: Deployed) -> bool:
    """Return whether a deployment bears the stack's common launch work: first programme, then first city by name."""
    first = min(case.of_stack(deployed.row.stack), key=lambda d: (d.start, d.row.city))
    return first is deployed


def _one_off(case: Case, deployed: Deployed, t: int) -> dict[str, float]:
    stack, row = deployed.stack, deployed.row
    share = stack.value("contract.launch_share")
    launch = stack.value("contract.launch_cost_usd") * share
    followup = case.own("launch.followup_factor")
    charged = (1.0 if _first_of_stack(case, deployed) else followup) if deployed.start == case.starts[t] else 0.0
    level = row.level[t]
    before = max(1, row.level[t - 1]) if t else 1
    km2 = deployed.levels[level - 1].area_km2 - deployed.levels[before - 1].area_km2 if level > before else 0.0
    delivery = case.own("fleet.delivery_usd") if deployed.pays("capital") else 0.0
    moving = case.own("fleet.move_usd_per_vehicle") if deployed.pays("capital") else 0.0
    return {
        "launch": -launch * charged,
        "area": -case.own("area.expansion_usd_per_km2") * km2 * share,
        "placing": -delivery * deployed.added(t),
        "withdrawal": -moving * deployed.left(t),
        "exit": -case.own("exit.usd_per_service") * (end_of(case, deployed) == t),
    }


def from_today(case: Case, lines: Lines) -> Lines:
    """Return lines without what lies in periods done: it was paid and earned before."""
    done = case.request.grid.done
    return {line: [0.0] * done + amounts[done:] for line, amounts in lines.items()}


def deployment_lines(case: Case, calendar: Calendar, deployed: Deployed) -> Lines:
    """Return the lines of a deployment."""
    by_period = [_running(case, calendar, deployed, t) | _one_off(case, deployed, t) for t in case.periods]
    counted = [line for line in DEPLOYMENT_LINES if line != "displaced" or case.request.value == "incremental"]
    return from_today(case, {line: [amounts[line] for amounts in by_period] for line in counted})


def team_stays(case: Case, rollout: CityRollout, t: int) -> bool:
    """Return whether a city's team has something to do: a programme begun that has not ended."""
    begun = [d for d in case.of_city(rollout.city) if d.start <= case.starts[t]]
    ends = [end_of(case, d) for d in begun]
    return any(end is None or t < end for end in ends)


def public_charging_usd(case: Case, city: str, vehicles: list[int]) -> list[float]:
    """Return what charging so many vehicles at public stations costs more than at a depot, by period (0 or negative)."""
    electricity = case.catalogue.cities[city].value("cost.electricity_usd_per_kwh")
    premium = max(0.0, case.own("public_charge_usd_per_kwh") - electricity)
    kwh = [n * PUBLIC_KWH_PER_DAY * DAYS_PER_MONTH * length for n, length in zip(vehicles, case.lengths, strict=True)]
    return [-premium * amount for amount in kwh]


def city_lines(case: Case, rollout: CityRollout) -> Lines:
    """Return the lines of a city: its team, sites, stalls and public charging."""
    city = case.catalogue.cities[rollout.city]
    team_from = min((d.start for d in case.of_city(rollout.city)), default=case.end)
    stacks = (case.catalogue.stacks[stack] for stack in case.admission.admitted(rollout.city))
    site = city.value("cost.depot_fixed_usd") if any("charger" in s.platform_pays for s in stacks) else 0.0
    lines: Lines = {line: [] for line in CITY_LINES if line != "public_charging"}
    for t in case.periods:
        team_months = sum(month >= team_from for month in case.months(t)) if team_stays(case, rollout, t) else 0
        ordered = sum(depot.ordered == case.labels[t] for depot in rollout.depots)
        placed = sum(depot.stalls[t] - (depot.stalls[t - 1] if t else 0) for depot in rollout.depots)
        lines["team"].append(-case.own("team.usd_per_year") / 12 * team_months)
        lines["depot_site"].append(-site * ordered)
        lines["stalls"].append(-city.value("cost.charger_stall_usd") * placed)
    lines["public_charging"] = public_charging_usd(case, rollout.city, rollout.public_charging_vehicles)
    return from_today(case, lines)


def listed(case: Case, figure: str, month: int) -> tuple[float, float]:
    """Return what a list by calendar year holds in its first year and in that of an absolute month."""
    known = case.catalogue.assumptions[figure]
    begun = [value for year, value in zip(known.years, known.values, strict=True) if year * 12 <= month]
    return known.values[0], begun[-1] if begun else known.values[0]


def vehicle_usd(case: Case, stack: str, month: int) -> float:
    """Return the price of a vehicle in the year of a month with its share of spares: its kit and its battery get cheaper."""
    maker = case.catalogue.stacks[stack]
    whole, kit = maker.value("vehicle.price_usd"), maker.value("vehicle.kit_share")
    kit_first, kit_now = listed(case, "price.kit_index_by_year", month)
    cell_first, cell_now = listed(case, "price.battery_usd_per_kwh_by_year", month)
    price = whole * (1 - kit) + whole * kit * kit_now / kit_first
    price -= maker.value("vehicle.battery_kwh") * (cell_first - cell_now)
    spares = 1 + case.own("service.spare_share")
    there = lines.price_usd(case, stack, max(0.0, price), month)
    return max(0.0, price) * spares * duties(case, stack, month) if there is None else there * spares


def duties(case: Case, stack: str, month: int) -> float:
    """Return what tariffs that the request asks for multiply a stack's price with in an absolute month."""
    held = (c for c in case.request.constraints if isinstance(c, Tariff) and resolve_stack(case.raw, c.stack) == stack)
    on = (c for c in held if month_number(c.start) <= month <= (month_number(c.end) if c.end else month))
    return math.prod(1 + c.duty for c in on)


def monthly_annuity(interest: float, months: int) -> float:
    """Return the monthly payment that repays 1 USD, at ``interest / 12`` a month.

    >>> round(monthly_annuity(0.12, 12), 6), monthly_annuity(0.0, 10)
    (0.088849, 0.1)
    """
    rate = interest / 12
    return rate / (1 - (1 + rate) ** -months) if rate else 1 / months


def loan_months(case: Case) -> int:
    """Return how many months a vehicle loan runs: never longer than the vehicle."""
    return min(vehicle_life(case), round(12 * case.own("finance.term_years")))


def loan_due(case: Case) -> float:
    """Return the monthly payment on 1 USD, in money of the day."""
    return monthly_annuity(case.own("finance.interest"), loan_months(case))


def deflated(case: Case, months: float) -> float:
    """Return what 1 USD of the day is worth so many months later, in prices of the purchase."""
    return float((1 + case.own("finance.inflation")) ** (-months / 12))


def loan_left(case: Case, age: int) -> float:
    """Return what is still owed of 1 USD so many months after purchase, in prices of the purchase."""
    left = loan_months(case) - age
    if left <= 0:
        return 0.0
    return loan_due(case) / monthly_annuity(case.own("finance.interest"), left) * deflated(case, age)


def pool_lines(case: Case, fleet: StackFleet) -> Lines:
    """Return the lines of a stack's pool: vehicles bought, the loan on their financed share, and old ones sold."""
    stack = case.catalogue.stacks[fleet.stack]
    buys = "capital" in stack.platform_pays
    prices = [vehicle_usd(case, fleet.stack, month) if buys else 0.0 for month in case.starts]
    financed = financed_share(case, fleet.stack)
    term = loan_months(case)
    vehicles = [-price * (1 - financed) * count for price, count in zip(prices, fleet.bought, strict=True)]
    loan = []
    for t in case.periods:
        due = sum(
            price * count * deflated(case, month - bought + 0.5)
            for bought, price, count in zip(case.starts, prices, fleet.bought, strict=True)
            for month in case.months(t)
            if financed and count and bought <= month < bought + term
        )
        loan.append(-financed * loan_due(case) * due)
    lines = {"vehicles": vehicles, "loan": loan, "resale": _sold(case, fleet, prices), "shortfall": _short(case, fleet)}
    return from_today(case, lines)


def financed_share(case: Case, stack: str) -> float:
    """Return the share of a vehicle's price that a loan bears: the contract's, and no more than a lender finances."""
    return min(case.own("finance.loan_to_value"), case.catalogue.stacks[stack].value("contract.financed_share"))


def minimum_due(case: Case, stack: str) -> float:
    """Return the vehicles that a contract asks to be taken within the horizon: its minimum, evenly over its years."""
    contract = case.catalogue.stacks[stack]
    years = (case.end - case.start) / 12
    return contract.value("contract.minimum_quantity") * min(1.0, years / contract.value("contract.minimum_years"))


def _short(case: Case, fleet: StackFleet) -> list[float]:
    """Return what is owed at the end for vehicles short of a contract's minimum; all that is bought of the partner counts."""
    owed = case.catalogue.stacks[fleet.stack].value("contract.shortfall_usd_per_vehicle")
    partner = case.catalogue.stacks[fleet.stack].partner
    taken = sum(sum(f.bought) for f in case.plan.stacks if case.catalogue.stacks[f.stack].partner == partner)
    buys = "capital" in case.catalogue.stacks[fleet.stack].platform_pays
    short = max(0.0, minimum_due(case, fleet.stack) - taken) if buys else 0.0
    return [0.0] * (len(case.lengths) - 1) + [-owed * short]


def _sold(case: Case, fleet: StackFleet, prices: list[float]) -> list[float]:
    """Return what vehicles fetch whose life is over, in the first period that begins without them."""
    amounts = [0.0] * len(case.lengths)
    for bought, paid, count in zip(case.starts, prices, fleet.bought, strict=True):
        over = next((t for t in case.periods if case.starts[t] >= bought + vehicle_life(case)), None)
        if over is not None and paid:
            now = vehicle_usd(case, fleet.stack, case.starts[over])
            amounts[over] += count * min(paid, now) * case.own("fleet.residual_share")
    return amounts


def _compare(case: Case, place: str, given: Mapping[str, list[float]], expected: Lines) -> Iterator[Violation]:
    for line in sorted(set(given) - set(expected)):
        yield Violation("money_lines", place, say("line {!r} has no place here", line), sum(map(abs, given[line])))
    for line, amounts in expected.items():
        stated = given.get(line, [0.0] * len(amounts))
        for t, (have, want) in enumerate(zip(stated, amounts, strict=True)):
            if money_apart(have, want):
                text = say("{} is {}; it comes to {}", line, Usd(have), Usd(want))
                yield Violation(f"money.{line}", case.where(place, t), text, abs(have - want))


def check_money_lines(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield money lines that do not follow from the plan's decisions."""
    for deployed in case.deployed:
        expected = deployment_lines(case, calendar, deployed)
        yield from _compare(case, deployed.name, deployed.row.lines_usd, expected)
        beside = from_today(case, {"displaced": [displaced(case, deployed, t) for t in case.periods]})
        yield from _compare(case, deployed.name, {"displaced": deployed.row.displaced_usd}, beside)
    for rollout in case.plan.cities:
        yield from _compare(case, rollout.city, rollout.city_lines_usd, city_lines(case, rollout))
    for fleet in case.plan.stacks:
        yield from _compare(case, fleet.stack, fleet.lines_usd, pool_lines(case, fleet))
