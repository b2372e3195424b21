"""Turn a resolved request, the catalogue and the response surfaces into an :class:`Instance`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.economics import annuity, annuity_factor, deployment_rates, discount, outstanding
from fleetplan.months import Grid, month_number
from fleetplan.optimize.instance import (
    Array,
    CityData,
    DeploymentData,
    DepotData,
    Instance,
    Ints,
    Milestone,
    ServiceMode,
    StackData,
)
from fleetplan.permits import PUBLIC_MODES, DelayRule, PermitPath, permit_path
from fleetplan.permits.paths import CITY, LONG_AGO
from fleetplan.request import AnyConstraint, Capital, EventDate, MarketsLive, PermitDelay, SupplyChange
from fleetplan.scope import Scope
from fleetplan.service.types import CityService

STALL_LIFE_MONTHS = 120


def adoption_matrix(grid: Grid, curve: Sequence[float]) -> Array:
    """Return mean adoption in period ``t`` of a ring opened at the start of period ``tau``, shape (tau, t).

    Age is counted in months since opening, 0 in the opening month; beyond the table its last value holds.
    """
    table = np.asarray(curve, float)
    out = np.zeros((len(grid), len(grid)))
    for tau in range(len(grid)):
        for t in range(tau, len(grid)):
            ages = np.array([m - int(grid.starts[tau]) for m in grid.months_in(t)])
            out[tau, t] = table[np.minimum(ages, len(table) - 1)].mean()
    return out


def season_means(grid: Grid, factors: Sequence[float]) -> Array:
    """Return the mean month factor of each period, shape (periods,)."""
    return np.array([np.mean([factors[m % 12] for m in grid.months_in(t)]) for t in range(len(grid))])


def rival_shares(grid: Grid, share_at_end: float) -> Array:
    """Return the share that rivals take in the middle of each period: growing evenly from 0 to ``share_at_end``."""
    months = sum(grid.lengths)
    middle = grid.starts - grid.start + np.asarray(grid.lengths) / 2.0
    return np.asarray(share_at_end * middle / months)


def placeable(grid: Grid, years: Sequence[int], values: Sequence[float], changes: Sequence[SupplyChange]) -> Ints:
    """Return the vehicles a stack may have in service in each period: linear between Decembers, then changed.

    The figure is read at the start of a period and multiplied by the least factor of the period's months: vehicles stand
    still within a period, so what a stack lacks in one month it lacks in all of them.
    """
    at = np.array([12 * y + 11 for y in years], float)
    level = np.interp(grid.starts.astype(float), at, np.asarray(values, float))
    factors = np.ones(len(grid.singly))
    for change in changes:
        factors[list(grid.singly.window(change.start, change.end))] *= change.factor
    least = np.minimum.reduceat(factors, grid.starts - grid.start)
    return np.asarray(np.floor(level * least + 1e-9), dtype=np.int64)


def cumulated_budget(grid: Grid, capital: Capital) -> Array:
    """Return the budget of all quarters begun by the start of each period, shape (periods,)."""
    given = capital.per_quarter_usd
    quarters = given if isinstance(given, list) else [given]
    out = np.zeros(len(grid))
    for t, start in enumerate(grid.starts):
        begun = (int(start) - grid.start) // 3 + 1
        out[t] = sum(quarters[min(k, len(quarters) - 1)] for k in range(begun))
    return out


def _reach(path: PermitPath, grid: Grid, permits: Sequence[str], programme: str) -> Ints:
    return _last_start(grid, [path.ready(permits, programme, int(m)) for m in grid.starts])


def _last_start(grid: Grid, ready: Sequence[int]) -> Ints:
    """Return for every period the last period to begin in (never a later one) so that ``ready`` months are kept."""
    months = np.asarray(ready)
    return np.array([min(int(np.sum(months <= m)) - 1, t) for t, m in enumerate(grid.starts)], dtype=np.int64)


def _milestone(path: PermitPath, grid: Grid, permits: Sequence[str], shared: Sequence[str]) -> Milestone:
    own = [CITY, *(w for w in path.wide if w not in shared)]
    together = []
    for month in grid.starts:
        timings = path.timings(dict.fromkeys(own, int(month)))
        together.append(max((timings[p].finish for p in permits), default=LONG_AGO))
    reach = {CITY: _last_start(grid, together)}
    for wide in shared:
        reach[wide] = _reach(path, grid, permits, wide)
    return Milestone(tuple(permits), reach)


def _wanted_modes(constraints: Sequence[AnyConstraint]) -> tuple[str, ...]:
    unpaid = any(isinstance(c, MarketsLive) and c.counts == "public" for c in constraints)
    return PUBLIC_MODES if unpaid else tuple(m for m in PUBLIC_MODES if m.startswith("paid"))


def _modes(
    path: PermitPath, grid: Grid, shared: Sequence[str], wanted: Sequence[str], pilot_cap: float
) -> tuple[ServiceMode, ...]:
    modes = []
    for permit in path.permits.values():
        if permit.opens not in wanted:
            continue
        concurrent = permit.fleet_cap and permit.fleet_cap_kind == "concurrent"
        cap = float(permit.fleet_cap) if concurrent else np.inf
        if permit.opens.endswith("operator"):
            cap = min(cap, pilot_cap)
        modes.append(
            ServiceMode(
                name=permit.opens,
                fare_factor=permit.fare_factor,
                operator=permit.opens.endswith("operator"),
                milestone=_milestone(path, grid, [permit.id], shared),
                cap=cap,
                permit=permit.id,
                area_levels=permit.area_levels,
            )
        )
    return tuple(m for m in modes if any(m.milestone.possible(t) for t in range(len(grid))))


def _level_gates(
    path: PermitPath, grid: Grid, shared: Sequence[str], modes: Sequence[ServiceMode], service: CityService
) -> tuple[tuple[Milestone, ...], ...]:
    """Return for every level the milestones that must all be reached before it may open (besides a permitted mode)."""
    gates: list[tuple[Milestone, ...]] = []
    everything = dict.fromkeys([CITY, *path.wide], grid.start)
    limits = [m.area_levels for m in modes if m.area_levels > 0]
    openers = path.opening("area")
    for number, level in enumerate(service.levels, start=1):
        needed: list[Milestone] = []
        if limits and number > min(limits):
            if openers:
                timings = path.timings(everything)
                best = min(openers, key=lambda p: timings[p.id].finish)
                needed.append(_milestone(path, grid, [best.id], shared))
            else:
                never = np.full(len(grid), -1, dtype=np.int64)
                needed.append(Milestone((), {CITY: never}))
        needed += [_milestone(path, grid, [p], shared) for p in level.requires if p in path.permits]
        gates.append(tuple(needed))
    return tuple(gates)


def _delays(constraints: Sequence[AnyConstraint]) -> list[DelayRule]:
    return [
        DelayRule(c.months, c.permit or "", c.jurisdiction or "", c.city or "", c.stack or "")
        for c in constraints
        if isinstance(c, PermitDelay)
    ]


def paths_of(scope: Scope) -> dict[tuple[str, str], PermitPath]:
    """Return the permit path of every admitted deployment."""
    moved = {c.event: month_number(c.month) for c in scope.constraints if isinstance(c, EventDate)}
    return {
        (stack, city): permit_path(
            scope.catalogue,
            stack,
            city,
            horizon_start=scope.request.grid.start,
            durations=scope.request.permit_durations,
            delays=_delays(scope.constraints),
            event_months=moved,
        )
        for stack, city in scope.deployments
    }


def _stack_data(scope: Scope, slug: str, grid: Grid) -> StackData:
    stack, own = scope.catalogue.stacks[slug], scope.catalogue.assumptions
    end = grid.end
    life = round(own["fleet.life_years"].value * 12)
    price = stack.value("vehicle.price_usd") * (1.0 + own["service.spare_share"].value)
    financed = stack.value("contract.financed_share")
    rate, term = own["finance.interest"].value, round(own["finance.term_years"].value * 12)
    payment = annuity(rate, term) * price * financed
    periods = len(grid)
    loan, residual = np.zeros((periods, periods)), np.zeros(periods)
    alive = np.zeros((periods, periods), dtype=bool)
    keep = own["fleet.residual_share"].value
    for tau, bought in enumerate(int(m) for m in grid.starts):
        for t in range(tau, periods):
            alive[tau, t] = int(grid.starts[t]) - bought < life
            loan[tau, t] = -payment * sum(1 for m in grid.months_in(t) if m - bought < term)
        age = end - bought
        worth = price * (keep + (1.0 - keep) * (1.0 - age / life)) if age < life else 0.0
        residual[tau] = worth - price * financed * outstanding(rate, term, age)
    placeable_figure = stack.figures["supply.placeable"]
    changes = [c for c in scope.constraints if isinstance(c, SupplyChange) and c.stack == slug]
    return StackData(
        stack=slug,
        partner=stack.partner,
        owned="capital" in stack.platform_pays,
        ceiling=placeable(grid, placeable_figure.years, placeable_figure.values, changes),
        yearly_cap=stack.value("supply.yearly_cap"),
        life_months=life,
        price_usd=price,
        own_cash_usd=price * (1.0 - financed),
        loan_usd=loan,
        residual_usd=residual,
        alive=alive,
    )


def _city_data(scope: Scope, slug: str, service: CityService, grid: Grid) -> CityData:
    city = scope.catalogue.cities[slug]
    depots = []
    for i, site in enumerate(city.depots):
        reach = np.array([int(np.sum(grid.starts + site.lead_months <= m)) - 1 for m in grid.starts], dtype=np.int64)
        depots.append(DepotData(site.name, site.stalls, reach, service.depot_km_by_level[:, i]))
    age = grid.end - grid.starts
    return CityData(
        city=slug,
        service=service,
        depots=tuple(depots),
        depot_fixed_usd=city.value("cost.depot_fixed_usd"),
        stall_usd=city.value("cost.charger_stall_usd"),
        stall_residual=np.maximum(0.0, 1.0 - age / STALL_LIFE_MONTHS),
    )


def _deployment(
    scope: Scope, pair: tuple[str, str], path: PermitPath, shared: Sequence[str], service: CityService, grid: Grid
) -> DeploymentData:
    catalogue = scope.catalogue
    stack, city = catalogue.stacks[pair[0]], catalogue.cities[pair[1]]
    rates = deployment_rates(catalogue, stack, city)
    pilot_cap = catalogue.assumptions["fleet.operator_pilot_cap"].value
    modes = _modes(path, grid, shared, _wanted_modes(scope.constraints), pilot_cap)
    season = season_means(grid, city.series("season.month_factors"))
    rivals = rival_shares(grid, city.value("market.rival_share"))
    return DeploymentData(
        stack=pair[0],
        city=pair[1],
        path=path,
        rates=rates,
        modes=modes,
        level_gates=_level_gates(path, grid, shared, modes, service),
        shared=tuple(shared),
        scale=season * (1.0 - rivals) * rates.demand_factor,
        electric=stack.electric,
        paid_by_trip=stack.contract_type == "revenue_share",
        test_fleet=round(catalogue.assumptions["fleet.test_fleet"].value),
    )


def gather(scope: Scope, services: Mapping[str, CityService]) -> Instance:
    """Return the instance of a scope; ``services`` holds the response surfaces of every city in it."""
    grid = scope.request.grid
    catalogue: Catalogue = scope.catalogue
    paths = paths_of(scope)
    use = Counter((stack, wide) for (stack, _), path in paths.items() for wide in path.wide)
    deployments = []
    for pair, path in sorted(paths.items()):
        shared = [w for w in path.wide if use[(pair[0], w)] > 1]
        deployments.append(_deployment(scope, pair, path, shared, services[pair[1]], grid))
    rate = scope.request.discount_rate
    own = catalogue.assumptions
    offset = (grid.starts - grid.start).astype(float)
    lengths = np.asarray(grid.lengths, float)
    stacks = {s: _stack_data(scope, s, grid) for s in sorted({d.stack for d in deployments})}
    charge = {
        s: annuity(own["finance.interest"].value, data.life_months) * 12.0 * data.price_usd
        for s, data in stacks.items()
    }
    disc_end = discount(rate, float(grid.end - grid.start))
    return Instance(
        scope=scope,
        grid=grid,
        deployments=tuple(deployments),
        stacks=stacks,
        cities={c: _city_data(scope, c, services[c], grid) for c in scope.cities},
        adoption=adoption_matrix(grid, own["adoption.curve_monthly"].values),
        budget_usd=cumulated_budget(grid, scope.request.capital),
        days=lengths * 365.25 / 12.0,
        months=lengths,
        disc_start=np.array([discount(rate, m) for m in offset]),
        disc_mid=np.array([discount(rate, m) for m in offset + lengths / 2.0]),
        disc_end=disc_end,
        terminal_factor=disc_end * annuity_factor(rate, own["terminal.years"].value),
        capital_charge_usd=charge,
        vehicles_per_stall=catalogue.economics["vehicles_per_fast_stall"].value,
        public_cars=round(own["supply.public_charging_cars"].value),
        min_launch_fleet=round(own["fleet.min_launch_fleet"].value),
        km2_per_vehicle=own["fleet.km2_per_vehicle_most"].value,
        partner_least_trips=own["fleet.partner_least_trips"].value,
        ramp_per_month=own["fleet.ramp_vehicles_per_month"].value,
        followup_factor=own["launch.followup_factor"].value,
        team_usd_month=own["team.usd_per_year"].value / 12.0,
    )
