"""The answer: a plan, its city rollouts and its certificate. One schema for ``plan.json``, the library and HTTP.

Rows per period are columnar (lists as long as ``periods``) so that a plan stays small and turns into a DataFrame in one step.
Money is USD; positive comes in, negative goes out.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fleetplan.facts import Binding, CityOutcome, Method
from fleetplan.proven import Exactness
from fleetplan.request import PlanRequest

SCHEMA_VERSION: Literal["3"] = "3"
Status = Literal["optimal", "within_gap", "time_limit", "stopped", "exhausted"]
"""How good a plan is proven to be, or why no more is proven: see docs/optimization.md, "How a search ends"."""


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PermitStep(Model):
    """One permit on a deployment's way, with the month it starts and the month it is in hand.

    ``earliest``/``latest`` are the finish months with minimum and maximum durations and event dates; ``promised``, ``median``
    and ``careful`` those with no slip, with that of half and of nine in ten of such promises (empty in plans made before).
    """

    permit: str
    title: str
    authority: str
    jurisdiction: str
    scope: str
    start: str
    finish: str
    earliest: str
    latest: str
    held: bool
    event: str
    opens: str
    source: str
    confidence: str
    promised: str = ""
    median: str = ""
    careful: str = ""


class OpeningMonths(Model):
    """When a deployment could do what the plan has it do, were its programme begun as planned and nothing else changed.

    ``promised``, ``median``, ``careful``: months with no slip, with that of half, and of nine in ten of such promises; never
    before the plan's own month where the plan waits longer than for permits. ``slip`` is the class that
    :mod:`fleetplan.permits.slips` names, ``kept`` the chance that the promised month is kept, ``never``
    that nothing comes within five years.
    """

    promised: str
    median: str
    careful: str
    slip: str
    kept: float
    never: float


class Worth(Model):
    """What a part of a plan is worth, discounted, in USD.

    ``cash_usd`` is net cash within the horizon, ``residual_usd`` what is left of vehicles and stalls when all counted years
    are over, less what is owed on them, ``terminal_usd`` the years after the horizon with renewals. They add up to ``npv_usd``.
    ``displaced_usd`` (0 or negative) is what the platform loses on drivers' trips, horizon and years after it together: part of
    cash and terminal value where incremental value counts, told beside them where gross value does.
    """

    cash_usd: float
    residual_usd: float
    terminal_usd: float
    displaced_usd: float


class PartnerAccount(Model):
    """What the partner of a deployment earns and pays under its contract; plus comes in to it.

    ``lines_usd`` maps money lines to totals by period, undiscounted. The rest is discounted to the start: ``residual_usd`` is
    what its vehicles and stalls are worth at the end of the horizon, ``after_usd`` the years that the contract goes on, less a
    charge for the vehicles; ``worth_usd`` is all together, and ``asked_usd`` what it has to be at least where it must earn
    (``partner.least_margin`` of what the platform pays). Where the platform buys the vehicles (``owns_vehicles`` is false),
    what they cost their maker is not known, and the account holds receipts alone. ``must_earn``: it has to come out even.
    """

    lines_usd: dict[str, list[float]]
    residual_usd: float
    after_usd: float
    worth_usd: float
    owns_vehicles: bool
    must_earn: bool
    asked_usd: float = 0.0


class DeploymentPlan(Model):
    """A stack in a city over time. Lists run over the plan's periods.

    ``mode`` is the highest mode with vehicles in service (empty before launch). ``vehicles_by_mode`` maps modes to lists.
    ``public_charging_partner`` counts the vehicles that charge at public stations at the partner's cost (empty in
    plans made before).
    ``level`` is the ladder level open (0 before launch, and again from ``ended`` on, the month in which the service ends).
    ``lines_usd`` maps money lines (docs/model.md) to totals by period.
    ``displaced_usd`` is what the platform loses on drivers' trips, whether it counts (then it is a line as well) or not.
    ``launch_months`` and ``driver_out_months`` say how sure the months of launch and of driver-out are (None where there is no
    such month, and in plans made before). ``partner_account``: None in plans made before.
    """

    stack: str
    partner: str
    city: str
    contract: str
    programme_start: str
    launch: str
    driver_out: str | None
    permits: list[PermitStep]
    mode: list[str]
    vehicles: list[int]
    vehicles_by_mode: dict[str, list[int]]
    test_vehicles: list[int]
    level: list[int]
    demand_per_day: list[float]
    trips_per_day: list[float]
    wait_min: list[float | None]
    deadhead_share: list[float | None]
    km_per_day: list[float]
    energy_kwh_per_day: list[float]
    lines_usd: dict[str, list[float]]
    displaced_usd: list[float]
    npv_usd: float
    worth: Worth
    ended: str | None = None
    launch_months: OpeningMonths | None = None
    driver_out_months: OpeningMonths | None = None
    partner_account: PartnerAccount | None = None
    public_charging_partner: list[int] = []


class DepotPlan(Model):
    """A depot site that the plan opens; ``stalls`` and ``stalls_partner`` by period."""

    site: str
    lat: float
    lon: float
    ordered: str
    live: str
    stalls: list[int]
    stalls_partner: list[int]


class LevelSummary(Model):
    """A ladder level of a city as the plan knows it."""

    level: int
    name: str
    cells: int
    area_km2: float
    population: float
    addressable_trips_per_day: float


class FigureUse(Model):
    """A figure that the plan leans on."""

    key: str
    value: float
    unit: str
    source: str
    confidence: str


class Returns(Model):
    """What a plan or a city returns; all counted years together, in constant prices.

    ``irr`` is the yearly rate at which the value would be nothing. ``irr_why`` says why there is none: ``no_outlay`` where money
    never goes out first, ``no_return`` where no rate above -90 % brings it back, ``several`` where more than one would.
    ``break_even_fare`` multiplies fares so that the value is nothing, with trips and decisions as they are: riders' answer to
    the price is left out. ``fare_per_trip_usd`` and ``cost_per_trip_usd`` are present worths of net fares, and of everything
    else, over the present worth of trips. ``tax_usd`` (0 or negative) is tax on profit by city, discounted, and
    ``after_tax_npv_usd`` the value with it.
    """

    irr: float | None
    irr_why: Literal["", "no_outlay", "no_return", "several"]
    break_even_fare: float | None
    fare_per_trip_usd: float | None
    cost_per_trip_usd: float | None
    tax_usd: float
    after_tax_npv_usd: float


class CityRollout(Model):
    """One city's part of the plan."""

    city: str
    name: str
    currency: str
    usd_per_currency: float
    launch: str | None
    deployments: list[DeploymentPlan]
    depots: list[DepotPlan]
    public_charging_vehicles: list[int]
    public_charging_partner: list[int]
    levels: list[LevelSummary]
    city_lines_usd: dict[str, list[float]]
    npv_usd: float
    worth: Worth
    returns: Returns
    capital_usd: float
    peak_funding_usd: float
    payback: str | None
    binds: list[Binding]
    doubtful_figures: list[FigureUse]
    outcome: CityOutcome


class StackFleet(Model):
    """A stack's pool by period: owned (bought, still in life), in service, in tests, idle, supply ceiling.

    ``lead_months``: from an order to its vehicles, as the catalogue has it; None in plans made before it was told.
    """

    stack: str
    partner: str
    platform_owned: bool
    bought: list[int]
    owned: list[int]
    in_service: list[int]
    testing: list[int]
    ceiling: list[int]
    lines_usd: dict[str, list[float]]
    lead_months: int | None = Field(default=None, exclude_if=lambda told: told is None)


class Kpis(Model):
    """Headline figures.

    ``npv_usd`` is the value that the request asks for, ``cash_usd + residual_usd + terminal_usd`` (:class:`Worth`); it is one of
    ``incremental_npv_usd`` and ``gross_npv_usd``. ``years_after`` count after the horizon; ``npv_by_horizon_usd`` and
    ``npv_twice_after_usd`` are what the same decisions would be worth with none of them, and with twice as many. ``payback`` is
    the month at whose end cumulated cash is back at zero for good, ``peak_funding_usd`` how far below zero it falls at the end
    of any month.
    """

    npv_usd: float
    cash_usd: float
    residual_usd: float
    terminal_usd: float
    incremental_npv_usd: float
    gross_npv_usd: float
    years_after: float
    npv_by_horizon_usd: float
    npv_twice_after_usd: float
    capital_usd: float
    discounted_capital_usd: float
    peak_funding_usd: float
    payback: str | None
    cities_live: int
    markets_live_with_existing: int
    vehicles_end: int
    trips_per_day_end: float
    vehicles_by_year: dict[str, int]
    trips_per_vehicle_day_end: float | None


class Certificate(Model):
    """What the plan carries as proof.

    ``gap_asked`` is the gap at which the search was to stop (None in plans made before). ``seal`` is the SHA-256 of the whole
    plan's canonical JSON with the seal itself empty: what is altered afterwards no longer goes with it.
    """

    request_sha256: str
    catalogue_sha256: str
    formulation_sha256: str = ""
    version: str
    seed: int
    method: Method
    objective_usd: float
    bound_usd: float
    exactness: Exactness = Exactness()
    gap: float
    gap_of_capital: float
    solver: str
    checker: str
    rules_checked: list[str]
    curve_error: float
    gap_asked: float | None = None
    seal: str = ""


class MarketGoal(Model):
    """What the objective "markets first" counts at one date.

    Cities that carry paying riders (``counts`` is ``public``: any riders) in the last period begun by the month ``by``: the
    latest of the targets that ask for it, the last month of the horizon without a target. ``period`` is that period's first
    month, ``existing`` the markets live elsewhere today, where a target counts them too.
    """

    counts: Literal["paid", "public"]
    by: str
    period: str
    existing: int
    cities: list[str]


class MarketsProof(Model):
    """The number of markets where they come first: ``found`` in this plan, and no plan has more than ``most``.

    A city counts once for each goal. The plan's ``bound`` then holds for the plans with at least ``found`` markets.
    """

    found: int
    most: int
    goals: list[MarketGoal]

    @property
    def closed(self) -> bool:
        """Whether no plan has more markets than this one."""
        return self.found >= self.most


class Plan(Model):
    """A whole plan. ``markets`` is what is proven of their number where the request puts them first, None elsewhere."""

    schema_version: Literal["3"] = SCHEMA_VERSION
    status: Status
    name: str
    objective: float
    bound: float
    gap: float
    markets: MarketsProof | None = None
    currency: Literal["USD"] = "USD"
    periods: list[str]
    period_months: list[int]
    kpis: Kpis
    returns: Returns
    cities: list[CityRollout]
    stacks: list[StackFleet]
    cash_usd: list[float]
    cumulated_cash_usd: list[float]
    capital_usd: list[float]
    cumulated_budget_usd: list[float]
    binds: list[Binding]
    certificate: Certificate
    request: PlanRequest
