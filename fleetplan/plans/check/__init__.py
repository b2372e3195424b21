"""The independent checker: every rule of ``docs/model.md`` and every money line, evaluated anew.

It reads the plan, the raw request, the catalogue and the response surfaces, and shares no code with what makes plans:
nothing of ``permits``, ``economics``, ``scope`` or ``optimize`` is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import CheckFailed
from fleetplan.plans.check import (
    curves,
    depots,
    growth,
    integrity,
    law,
    markets,
    money,
    operation,
    partners,
    permits_told,
    returns,
    riders,
    started,
    supply,
    suspended,
    targets,
    told,
    unused,
    value,
)
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.figures import check_overrides
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import CheckReport, Violation
from fleetplan.plans.types import Plan
from fleetplan.service.types import CityService

__all__ = ["CheckReport", "Violation", "check_plan", "require_valid"]

Check = Callable[[], Iterator[Violation]]


def _rules(case: Case, calendar: Calendar) -> dict[str, Check]:
    """Return every check by the key of its rule."""
    return {
        "starting_state": partial(started.check_starting_state, case),
        "permit_path": partial(law.check_permit_path, case, calendar),
        "permit_area": partial(law.check_permit_area, case, calendar),
        "permit_cap": partial(law.check_permit_cap, case, calendar),
        "fare_allowed": partial(law.check_fare_allowed, case, calendar),
        "pilots_end": partial(operation.check_pilots_end, case, calendar),
        "launch_order": partial(operation.check_launch_order, case),
        "ending": partial(suspended.check_ending, case),
        "programme_opens": partial(operation.check_programme_opens, case),
        "operator_pilot": partial(operation.check_operator_pilot, case),
        "min_fleet": partial(operation.check_min_fleet, case, calendar),
        "no_service_before_open": partial(operation.check_no_service_before_open, case),
        "vehicles_max": partial(curves.check_vehicles_max, case),
        "stack_supply": partial(supply.check_stack_supply, case),
        "owned_fleet": partial(supply.check_owned_fleet, case),
        "partner_use": partial(operation.check_partner_use, case, calendar),
        "ramp": partial(growth.check_ramp, case, calendar),
        "first_year_fleet": partial(growth.check_first_year_fleet, case, calendar),
        "partner_growth": partial(growth.check_partner_growth, case, calendar),
        "area_density": partial(operation.check_area_density, case),
        "line_capacity": partial(supply.check_line_capacity, case),
        "area_growth": partial(growth.check_area_growth, case, calendar),
        "supply_yearly_cap": partial(supply.check_supply_yearly_cap, case),
        "lawful": partial(law.check_lawful, case),
        "operator_seat": partial(law.check_operator_seat, case),
        "barred": partial(law.check_barred, case),
        "response_curve": partial(curves.check_response_curve, case),
        "productivity": partial(curves.check_productivity, case, calendar),
        "driving_day": partial(curves.check_driving_day, case),
        "demand": partial(riders.check_demand, case, calendar),
        "city_demand": partial(riders.check_city_demand, case, calendar),
        "depot_capacity": partial(depots.check_depot_capacity, case),
        "depot_site": partial(depots.check_depot_site, case),
        "partner_earns": partial(partners.check_partner_earns, case, calendar),
        "used_orders": partial(unused.check_used_orders, case),
        "capital": partial(value.check_capital, case),
        "cash_floor": partial(value.check_cash_floor, case),
        "money_lines": partial(money.check_money_lines, case, calendar),
        "npv": partial(value.check_npv, case),
        "returns": partial(returns.check_returns, case),
        "objective": partial(value.check_objective, case),
        "markets_first": partial(markets.check_markets_first, case),
        "plan_totals": partial(integrity.check_totals, case),
        "plan_columns": partial(integrity.check_columns, case),
        "plan_tells": partial(told.check_told, case),
        "permits_told": partial(permits_told.check_permits_told, case, calendar),
        "certificate": partial(integrity.check_certificate, case),
        "targets": partial(targets.check_targets, case),
    }


def check_plan(
    plan: Plan, catalogue: Catalogue, services: Mapping[str, CityService], *, delivered: bool = False
) -> CheckReport:
    """Evaluate every rule anew and report what is broken.

    Parameters
    ----------
    catalogue
        As loaded, without the request's overrides: the checker applies them itself.
    services
        Surfaces by city slug, computed from the catalogue with the overrides.
    delivered
        Whether the plan has left the program that made it, so that it must carry its seal.

    Raises
    ------
    RequestError
        When the request names a city or stack that the catalogue does not hold.
    """
    case = Case(plan, catalogue, services)
    unsealed = list(integrity.check_seal(plan)) if delivered else []
    broken = [
        *check_overrides(catalogue, plan.request.overrides),
        *integrity.check_shape(plan, catalogue, services),
    ]
    checked = ["overrides", "plan_shape"]
    if broken:
        return CheckReport((*unsealed, *broken), tuple(checked), {})
    rules = _rules(case, Calendar(case))
    judged = (violation for check in rules.values() for violation in check())
    found = [*unsealed, *(violation for violation in judged if not started.excused(case, violation))]
    lines = [f"money.{line}" for line in dict.fromkeys((*money.DEPLOYMENT_LINES, *money.CITY_LINES, *money.POOL_LINES))]
    kinds = sorted({constraint.type for constraint in plan.request.constraints})
    names = (*checked, *rules, *lines, *kinds)
    found += integrity.check_rules_named(plan, names)
    return CheckReport(tuple(found), names, value.recomputed(case))


def require_valid(plan: Plan, catalogue: Catalogue, services: Mapping[str, CityService]) -> CheckReport:
    """Return the checker's report of a plan that keeps every rule.

    Raises
    ------
    CheckFailed
        When it does not; the error carries every violation.
    """
    report = check_plan(plan, catalogue, services)
    if report.violations:
        raise CheckFailed(str(violation) for violation in report.violations)
    return report
