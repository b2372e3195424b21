"""What a plan is worth in three numbers, never one: cash within the horizon, what is left, the years after the horizon."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from fleetplan.plans.types import CityRollout, Kpis, Plan, Returns
from fleetplan.words.currency import amount
from fleetplan.words.values import DASH, decimal, percent, usd

LEAST_USD = 0.5
"""Less than that is nothing."""


class Parts(Protocol):
    """What holds the three parts of a value."""

    @property
    def cash_usd(self) -> float:
        """Net cash within the horizon, discounted."""

    @property
    def residual_usd(self) -> float:
        """What is left of vehicles and stalls, discounted."""

    @property
    def terminal_usd(self) -> float:
        """The years after the horizon, discounted."""


class Part(NamedTuple):
    """One of the three: its name, its amount, and its share of the whole where that means anything."""

    name: str
    amount: str
    share: str


def parts(worth: Parts) -> list[Part]:
    """Return the three parts of a value; shares only where the whole is worth something."""
    whole = worth.cash_usd + worth.residual_usd + worth.terminal_usd
    named = (
        ("cash within the horizon", worth.cash_usd),
        ("residual", worth.residual_usd),
        ("terminal", worth.terminal_usd),
    )
    return [Part(name, usd(part), percent(part / whole, 0) if whole > LEAST_USD else "") for name, part in named]


def parts_text(worth: Parts) -> str:
    """Return the three parts in a line: ``cash within the horizon $22.0 M (22 %), residual $9.00 M (9 %), terminal …``."""
    return ", ".join(f"{p.name} {p.amount}{f' ({p.share})' if p.share else ''}" for p in parts(worth))


def years(k: Kpis) -> str:
    """Return how many years count after the horizon: ``4 years``."""
    number = decimal(k.years_after, 1).removesuffix(".0")
    return f"{number} year{'' if k.years_after == 1 else 's'}"


def parts_sentence(k: Kpis) -> str:
    """Return what the three parts are and what they rest on."""
    cash = f"{usd(k.cash_usd)} is net cash within the horizon" if k.cash_usd >= 0 else _paid(k)
    if not k.years_after:
        return f"{cash}, {usd(k.residual_usd)} what vehicles and stalls are worth at its end; no year after it counts"
    verb = "comes" if k.years_after == 1 else "come"
    after = f"the {years(k)} after it {verb} to {usd(k.terminal_usd)} with vehicles and stalls renewed"
    return f"{cash}, {after}, and {usd(k.residual_usd)} is what is left of these in the end"


def _paid(k: Kpis) -> str:
    return f"the horizon itself costs {usd(-k.cash_usd)} net"


def basis_sentence(plan: Plan) -> str:
    """Return whether incremental or gross value counts, with the other one beside it."""
    k, incremental = plan.kpis, plan.request.value == "incremental"
    lost = k.gross_npv_usd - k.incremental_npv_usd
    if lost < LEAST_USD:
        return "No driver's trip is replaced, so gross and incremental value are the same."
    if incremental:
        gross = f"the gross {usd(k.gross_npv_usd)}"
        return f"Counted is what robotaxis add: {usd(lost)} of lost takings on drivers' trips are taken off {gross}."
    return (
        f"Counted is gross value, robotaxi trips whole; less {usd(lost)} of lost takings on drivers' trips it is "
        f"{usd(k.incremental_npv_usd)} of incremental value."
    )


def other_basis(plan: Plan) -> str:
    """Return in a few words which value counts and what the other one is: ``incremental; gross $120 M``."""
    k = plan.kpis
    if plan.request.value == "incremental":
        return f"incremental; gross {usd(k.gross_npv_usd)}"
    return f"gross; incremental {usd(k.incremental_npv_usd)}"


def years_sentence(k: Kpis) -> str:
    """Return what the same plan is worth with no year counted after the horizon, and with twice as many."""
    if not k.years_after:
        return "No year after the horizon counts."
    return (
        f"With no year counted after the horizon the same plan is worth {usd(k.npv_by_horizon_usd)}, with {years(k)} "
        f"{usd(k.npv_usd)}, with twice as many {usd(k.npv_twice_after_usd)}."
    )


# --- returns ---

NO_RATE = {
    "no_outlay": "none: money never goes out before it comes in",
    "no_return": "none: no rate brings the money back",
    "several": "none: more than one rate would do",
}


def rate_words(r: Returns) -> str:
    """Return the rate of return, or why there is none."""
    return NO_RATE[r.irr_why] if r.irr is None else percent(r.irr)


def fare_words(r: Returns) -> str:
    """Return the share of today's fares at which nothing would be left: ``82 % of the fares``."""
    return DASH if r.break_even_fare is None else f"{percent(r.break_even_fare, 0)} of the fares"


def cost_words(r: Returns) -> str:
    """Return what a trip costs against the net fare it brings, all counted years together."""
    if r.cost_per_trip_usd is None or r.fare_per_trip_usd is None:
        return DASH
    cost, fare = (amount(usd_each, _cents) for usd_each in (r.cost_per_trip_usd, r.fare_per_trip_usd))
    return f"{cost} of {fare}"


def _cents(value: float, sign: str) -> str:
    return f"{sign}{value:,.2f}"


class ReturnRow(NamedTuple):
    """The returns of a city or of the plan, as people write them."""

    name: str
    rate: str
    fare: str
    cost: str
    after_tax: str
    npv: str


def return_rows(plan: Plan) -> list[ReturnRow]:
    """Return what every city returns that a plan does anything in, the plan last."""
    busy = [c for c in plan.cities if c.deployments]
    rows = [_row(c.name, c.returns, c.npv_usd) for c in busy]
    return [*rows, _row("The plan", plan.returns, plan.kpis.npv_usd)] if busy else []


def city_row(city: CityRollout) -> ReturnRow:
    """Return what a city returns."""
    return _row(city.name, city.returns, city.npv_usd)


def _row(name: str, r: Returns, npv: float) -> ReturnRow:
    return ReturnRow(name, rate_words(r), fare_words(r), cost_words(r), usd(r.after_tax_npv_usd), usd(npv))
