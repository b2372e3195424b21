"""Turn a resolved request, the catalogue and the response surfaces into an :class:`Instance`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from fleetplan.catalogue.types import City
from fleetplan.economics import deployment_rates, discount, going_on, vehicle_life_months
from fleetplan.months import Grid, month_number
from fleetplan.optimize.carried import cumulated_budget, standing_permits
from fleetplan.optimize.imposed import left_by_rivals
from fleetplan.optimize.instance import (
    Array,
    DeploymentOutlook,
    DeploymentTerms,
    Flags,
    Gate,
    Instance,
    Ints,
    Milestone,
    Outlook,
    ServiceMode,
    World,
    counted_modes,
)
from fleetplan.optimize.lawcaps import cap_changes
from fleetplan.optimize.lines import delay_of, further, rivals_take
from fleetplan.optimize.owning import counted_years, keeping, stack_terms, stall_life
from fleetplan.optimize.pace import Growth
from fleetplan.optimize.sites import CityData, DepotData
from fleetplan.optimize.suspended import SuspensionTerms
from fleetplan.permits import DelayRule, PermitPath, permit_path
from fleetplan.permits.caps import allowances, vehicles_in_tests
from fleetplan.permits.openings import level_needs
from fleetplan.permits.paths import CITY, LONG_AGO
from fleetplan.permits.ways import ways
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import EventDate, PermitDelay, SupplyChange
from fleetplan.scope import Scope
from fleetplan.service.places import areas_by_level
from fleetplan.service.types import CityService


def adoption_matrix(grid: Grid, curve: Sequence[float]) -> Array:
    """Return mean adoption in period ``t`` of a ring opened at the start of period ``tau``, shape (tau, t).

    Age is counted in months since opening, 0 in the opening month; beyond the table its last value holds.
    """
    table, starts, lengths = np.asarray(curve, float), grid.starts, np.asarray(grid.lengths)
    total = np.zeros((len(grid), len(grid)))
    for month in range(max(grid.lengths)):  # of a period
        ages = starts[None, :] + month - starts[:, None]
        total += np.where((ages >= month) & (month < lengths), table[np.clip(ages, 0, len(table) - 1)], 0.0)
    return np.asarray(total / lengths)


HALF_YEAR_MONTHS = 6


def productivity_matrix(grid: Grid, by_half_year: Sequence[float]) -> Array:
    """Return mean trips a day per car in period ``t`` of a service driver-out since the start of period ``tau``, shape (tau, t).

    One value for each half year of age, and none lower than one before; beyond the table its last value holds.
    """
    rising = np.maximum.accumulate(np.asarray(by_half_year, float))
    return adoption_matrix(grid, np.repeat(rising, HALF_YEAR_MONTHS).tolist())


def season_means(grid: Grid, factors: Sequence[float]) -> Array:
    """Return the mean month factor of each period, shape (periods,)."""
    return np.array([np.mean([factors[m % 12] for m in grid.months_in(t)]) for t in range(len(grid))])


def placeable(
    grid: Grid,
    years: Sequence[int],
    values: Sequence[float],
    changes: Sequence[SupplyChange],
    late_months: int = 0,
    more: Array | float = 0.0,
) -> Ints:
    """Return the vehicles a stack may have in service in each period: linear between Decembers, then changed.

    The figure is read at the start of a period and multiplied by the least factor of the period's months: vehicles stand
    still within a period, so what a stack lacks in one month it lacks in all of them.

    Parameters
    ----------
    late_months
        By how much later all of it comes.
    more
        Vehicles that a further line adds, by period.
    """
    at = np.array([12 * y + 11 for y in years], float)
    level = np.interp(grid.starts.astype(float) - late_months, at, np.asarray(values, float)) + more
    factors = np.ones(len(grid.singly))
    for change in changes:
        factors[list(grid.singly.window(change.start, change.end))] *= change.factor
    least = np.minimum.reduceat(factors, grid.starts - grid.start)
    return np.asarray(np.floor(level * least + 1e-9), dtype=np.int64)


def _reach(path: PermitPath, grid: Grid, permits: Sequence[str], programme: str) -> Ints:
    return _since(
        path, grid, _last_start(grid, [path.ready(permits, programme, int(m)) for m in grid.starts]), programme
    )


def _since(path: PermitPath, grid: Grid, last: Ints, programme: str) -> Ints:
    """Return the last periods to begin in, none of them before the one in which a programme began, or may begin."""
    return np.where(last < grid.first_period_from(path.begins(programme)), -1, last)


def _last_start(grid: Grid, ready: Sequence[int]) -> Ints:
    """Return for every period the last period to begin in (never a later one) so that ``ready`` months are kept."""
    months = np.asarray(ready)
    return np.array([min(int(np.sum(months <= m)) - 1, t) for t, m in enumerate(grid.starts)], dtype=np.int64)


def _milestones(path: PermitPath, grid: Grid, permits: Sequence[str], shared: Sequence[str]) -> Gate:
    """Return the ways to have some permits in hand, but for those that another always precedes."""
    found: list[Milestone] = []
    for way in ways(path, permits, shared):
        own = _milestone(way, grid, permits, shared)
        found = [other for other in found if not _precedes(own, other)]
        if not any(_precedes(other, own) for other in found):
            found.append(own)
    return tuple(found)


def _precedes(one: Milestone, other: Milestone) -> bool:
    """Return whether a milestone is always reached when another is."""
    return all((one.reach[p] >= other.reach[p]).all() for p in one.reach)


def _milestone(path: PermitPath, grid: Grid, permits: Sequence[str], shared: Sequence[str]) -> Milestone:
    own = [CITY, *(w for w in path.wide if w not in shared)]
    together = []
    for month in grid.starts:
        timings = path.timings(dict.fromkeys(own, int(month)))
        together.append(max((timings[p].finish for p in permits), default=LONG_AGO))
    reach = {CITY: _since(path, grid, _last_start(grid, together), CITY)}
    for wide in shared:
        reach[wide] = _reach(path, grid, permits, wide)
    return Milestone(tuple(permits), reach)


def _modes(path: PermitPath, grid: Grid, shared: Sequence[str], wanted: Sequence[str]) -> tuple[ServiceMode, ...]:
    modes = []
    for permit in path.permits.values():
        if permit.opens not in wanted:
            continue
        for allowed in allowances(permit, path.permits.values()):
            for milestone in _milestones(path, grid, [permit.id, *sorted(allowed.after)], shared):
                modes.append(  # noqa: PERF401  # reads better than a comprehension of this size
                    ServiceMode(
                        name=permit.opens,
                        fare_factor=permit.fare_factor,
                        operator=permit.opens.endswith("operator"),
                        milestone=milestone,
                        cap=allowed.vehicles,
                        permit=permit.id,
                        area_levels=permit.area_levels,
                    )
                )
    return tuple(m for m in modes if m.milestone.possible.any())


def _level_gates(
    path: PermitPath, grid: Grid, shared: Sequence[str], wanted: Sequence[str], city: City, service: CityService
) -> tuple[tuple[Gate, ...], ...]:
    """Return for every level what must be ready before it may open (besides a permitted mode)."""
    requires = [level.requires for level in service.levels]
    gates: list[tuple[Gate, ...]] = []
    for needs in level_needs(path, wanted, requires, areas_by_level(service, city)):
        needed = [_either(path, grid, need, shared) for need in needs]
        gates.append(tuple({tuple(m.permits for m in gate): gate for gate in needed}.values()))
    return tuple(gates)


def _either(path: PermitPath, grid: Grid, permits: Sequence[str], shared: Sequence[str]) -> Gate:
    """Return the ways to have one of some permits in hand."""
    return tuple(m for p in permits for m in _milestones(path, grid, [p], shared)) or (_never(grid),)


def _never(grid: Grid) -> Milestone:
    return Milestone((), {CITY: np.full(len(grid), -1, dtype=np.int64)})


def delays_of(constraints: Sequence[AnyConstraint]) -> list[DelayRule]:
    """Return the delays of permits among constraints."""
    return [
        DelayRule(c.months, c.permit or "", c.jurisdiction or "", c.city or "", c.stack or "")
        for c in constraints
        if isinstance(c, PermitDelay)
    ]


def dates_asked(constraints: Sequence[AnyConstraint]) -> dict[str, int]:
    """Return the absolute months that constraints give to events of law, by event."""
    return {c.event: month_number(c.month) for c in constraints if isinstance(c, EventDate)}


def paths_of(scope: Scope, constraints: Sequence[AnyConstraint] | None = None) -> dict[tuple[str, str], PermitPath]:
    """Return the permit path of every admitted deployment.

    ``constraints`` are those whose delays and event dates count; all of the request's when left out.
    """
    counted = scope.constraints if constraints is None else constraints
    moved = dates_asked(counted)
    return {
        (stack, city): permit_path(
            scope.catalogue,
            stack,
            city,
            horizon_start=scope.request.grid.start,
            durations=scope.request.permit_durations,
            delays=delays_of(counted),
            event_months=moved,
            **standing_permits(scope, stack, city),
        )
        for stack, city in scope.deployments
    }


def _ceiling(scope: Scope, slug: str, grid: Grid, constraints: Sequence[AnyConstraint]) -> Ints:
    figure = scope.catalogue.stacks[slug].figures["supply.placeable"]
    changes = [c for c in constraints if isinstance(c, SupplyChange) and c.stack == slug]
    late, more = delay_of(slug, scope.catalogue, constraints), further(slug, grid, constraints)
    found = placeable(grid, figure.years, figure.values, changes, late, more)
    return found if scope.started is None else np.maximum(found, scope.started.there(slug))


def _city_data(scope: Scope, slug: str, service: CityService, grid: Grid) -> CityData:
    city = scope.catalogue.cities[slug]
    depots = []
    for i, site in enumerate(city.depots):
        reach = np.searchsorted(grid.starts + site.lead_months, grid.starts, side="right") - 1
        depots.append(DepotData(site.name, site.stalls, reach.astype(np.int64), service.depot_km_by_level[:, i]))
    stall = city.value("cost.charger_stall_usd")
    return CityData(
        city=slug,
        service=service,
        depots=tuple(depots),
        depot_fixed_usd=city.value("cost.depot_fixed_usd"),
        stall_usd=stall,
        stalls_kept=keeping(scope, stall_life(scope, slug), grid),
    )


def _shared(paths: Mapping[tuple[str, str], PermitPath]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return for every deployment the wider programmes that another deployment of its stack needs too."""
    use = Counter((stack, wide) for (stack, _), path in paths.items() for wide in path.wide)
    return {pair: tuple(w for w in path.wide if use[pair[0], w] > 1) for pair, path in sorted(paths.items())}


def _terms(scope: Scope, pair: tuple[str, str], shared: tuple[str, ...]) -> DeploymentTerms:
    stack, city = scope.catalogue.stacks[pair[0]], scope.catalogue.cities[pair[1]]
    rates = deployment_rates(scope.catalogue, stack, city)
    by_month = np.repeat(rates.agents_per_vehicle, HALF_YEAR_MONTHS).tolist()
    return DeploymentTerms(
        stack=pair[0],
        city=pair[1],
        rates=rates,
        agents=adoption_matrix(scope.request.grid, by_month),
        young_agents=rates.agents_per_vehicle[0],
        shared=shared,
        electric=stack.electric,
        paid_by_trip=stack.contract_type == "revenue_share",
        test_fleet=vehicles_in_tests(scope.catalogue, *pair),
    )


def _growth(scope: Scope, key: str) -> Growth:
    own = scope.catalogue.assumptions
    return Growth(own[f"{key}_vehicles_per_month"].value, own[f"{key}_share_per_month"].value)


def world_of(
    scope: Scope, services: Mapping[str, CityService], shared: Mapping[tuple[str, str], tuple[str, ...]]
) -> World:
    """Return what every scenario of a request shares; ``shared``: wider programmes by deployment."""
    grid, own = scope.request.grid, scope.catalogue.assumptions
    rate, counted = scope.request.discount_rate, counted_years(scope)
    offset, lengths = (grid.starts - grid.today).astype(float), np.asarray(grid.lengths, float)
    disc_end = discount(rate, float(grid.end - grid.today))
    return World(
        scope=scope,
        grid=grid,
        deployments=tuple(_terms(scope, pair, shared[pair]) for pair in sorted(shared)),
        stacks={s: stack_terms(scope, s, grid) for s in sorted({stack for stack, _ in shared})},
        cities={c: _city_data(scope, c, services[c], grid) for c in scope.cities},
        adoption=adoption_matrix(grid, own["adoption.curve_monthly"].values),
        productivity=productivity_matrix(grid, own["fleet.trips_per_car_day_by_half_year"].values),
        young_trips=own["fleet.trips_per_car_day_by_half_year"].values[0],
        pilot_riders=own["adoption.operator_share"].value,
        doubling_months=own["area.doubling_months"].value,
        budget_usd=cumulated_budget(grid, scope.request),
        days=lengths * 365.25 / 12.0,
        months=lengths,
        disc_start=np.array([discount(rate, m) for m in offset]),
        disc_mid=np.array([discount(rate, m) for m in offset + lengths / 2.0]),
        disc_end=disc_end,
        going_on={m: going_on(rate, grid.end - grid.today, m, own["terminal.growth"].value) for m in counted},
        after_months=counted[0],
        life_months=vehicle_life_months(own),
        life_km=own["fleet.life_km"].value,
        spare_share=own["service.spare_share"].value,
        vehicles_per_stall=scope.catalogue.economics["vehicles_per_fast_stall"].value,
        public_cars=round(own["supply.public_charging_cars"].value),
        min_launch_fleet=round(own["fleet.min_launch_fleet"].value),
        operator_pilot_cap=own["fleet.operator_pilot_cap"].value,
        km2_per_vehicle=own["fleet.km2_per_vehicle_most"].value,
        partner_least_trips=own["fleet.partner_least_trips"].value,
        growth=_growth(scope, "fleet.growth"),
        partner_growth=_growth(scope, "fleet.partner_growth"),
        launch_fleet=round(own["fleet.likely_launch_fleet"].value),
        first_year_fleet=round(own["fleet.first_year_fleet"].value),
        followup_factor=own["launch.followup_factor"].value,
        team_usd_month=own["team.usd_per_year"].value / 12.0,
        suspension=SuspensionTerms(
            adoption_curve=tuple(own["adoption.curve_monthly"].values),
            recovery_months=own["suspension.recovery_months"].value,
            forgotten_months=own["suspension.forgotten_months"].value,
            exit_usd=own["exit.usd_per_service"].value,
        ),
    )


def outlook_of(
    world: World, paths: Mapping[tuple[str, str], PermitPath], constraints: Sequence[AnyConstraint]
) -> Outlook:
    """Return when permits come, how many riders there are and how many vehicles can be had.

    ``constraints`` are those whose supply changes and bars count; the delays and event dates are in ``paths`` already.
    """
    scope, grid = world.scope, world.grid
    wanted = counted_modes(scope.constraints)
    found = []
    for terms in world.deployments:
        path, city = paths[terms.stack, terms.city], scope.catalogue.cities[terms.city]
        modes = _modes(path, grid, terms.shared, wanted)
        gates = _level_gates(path, grid, terms.shared, wanted, city, world.cities[terms.city].service)
        season = season_means(grid, city.series("season.month_factors"))
        rivals = rivals_take(grid, terms.city, scope.catalogue, constraints)
        scale = season * (1.0 - rivals) * terms.rates.demand_factor * left_by_rivals(grid, terms.city, constraints)
        found.append(DeploymentOutlook(path, modes, gates, scale, *_barred(scope, terms, constraints, grid)))
    ceilings = {s: _ceiling(scope, s, grid, constraints) for s in world.stacks}
    return Outlook(tuple(found), ceilings, cap_changes(scope, constraints))


def _barred(
    scope: Scope, terms: DeploymentTerms, constraints: Sequence[AnyConstraint], grid: Grid
) -> tuple[Flags, str]:
    """Return in which periods an event that is given its month bars a stack from a city, and which one does from when."""
    bars = scope.catalogue.bars_of(terms.stack, terms.city)
    given = [(c.month, c.event) for c in constraints if isinstance(c, EventDate) and c.event in bars]
    if not given:
        return np.zeros(len(grid), dtype=bool), ""
    month, event = min(given)
    title = scope.catalogue.event(event).title
    return grid.starts + np.asarray(grid.lengths) > month_number(month), f"{title} from {month}"


def gather(scope: Scope, services: Mapping[str, CityService]) -> Instance:
    """Return the instance of a scope; ``services`` holds the response surfaces of every city in it."""
    paths = paths_of(scope)
    world = world_of(scope, services, _shared(paths))
    outlook = outlook_of(world, paths, scope.constraints)
    if not any(c.given for c in scope.constraints):
        return Instance(world, outlook, outlook)
    return Instance(world, outlook, outlook_of(world, paths_of(scope, ()), ()))
