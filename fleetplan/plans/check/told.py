"""Whether a plan tells of the request, the catalogue and the curves what stands there: names, permits, sites, areas, figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleetplan.catalogue.types import City, Figure, Stack
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.report import RATIO, Named, Usd, Violation, money_apart, say
from fleetplan.plans.types import CityRollout, FigureUse, Plan
from fleetplan.service.types import LadderLevel

RULE = "plan_tells"
SHARE = 1e-4  # of a column that a plan tells in four digits after the point
CURVE_SHARE = 2e-6  # of trips: what six digits of the share by which trips exceed the law keep
WEAK = ("low", "assumed")

Told = tuple[str, Any, Any]
"""A field's name, what the plan says, what it comes to."""


def check_told(case: Case) -> Iterator[Violation]:
    """Yield what a plan says otherwise than the request, the catalogue or the sampled law."""
    yield from _differences("plan", [("name", case.plan.name, case.request.name)])
    for rollout in case.plan.cities:
        city = case.catalogue.cities[rollout.city]
        yield from _differences(rollout.city, _city(rollout, city))
        yield from _levels(case, rollout)
        yield from _sites(rollout, city)
        yield from _doubts(case, rollout, city)
        yield from _outcome(case, rollout)
        yield from _kept_out(case, rollout)
        yield from _city_binds(case.plan, rollout)
    yield from _permits_waited_for(case)
    for fleet in case.plan.stacks:
        yield from _differences(fleet.stack, [("partner", fleet.partner, case.catalogue.stacks[fleet.stack].partner)])
    for deployed in case.deployed:
        yield from _differences(deployed.name, _deployment(deployed, deployed.stack))
        yield from _empty(case, deployed)
    yield from _curve_error(case)


def _differences(where: str, told: list[Told]) -> Iterator[Violation]:
    for name, have, want in told:
        if have != want:
            yield Violation(RULE, where, say("{} is {!r}; it comes to {!r}", name, have, want), 1.0)


def _city(rollout: CityRollout, city: City) -> list[Told]:
    return [("name", rollout.name, city.name), ("currency", rollout.currency, city.currency)]


def _deployment(deployed: Deployed, stack: Stack) -> list[Told]:
    row = deployed.row
    return [("partner", row.partner, stack.partner), ("contract", row.contract, stack.contract_type)]


def _levels(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    told = [tuple(level.model_dump().values()) for level in rollout.levels]
    found = [(n, *_summary(level)) for n, level in enumerate(case.services[rollout.city].levels, start=1)]
    yield from _differences(rollout.city, [("levels", told, found)])


def _summary(level: LadderLevel) -> tuple[str, int, float, float, float]:
    trips = round(level.surface.demand_trips_per_day, 3)
    return level.name, len(level.cells), round(level.area_km2, 3), round(level.population, 1), trips


def _sites(rollout: CityRollout, city: City) -> Iterator[Violation]:
    sites = {site.name: (site.lat, site.lon) for site in city.depots}
    for depot in rollout.depots:
        if depot.site in sites:
            place = f"{rollout.city}/{depot.site}"
            yield from _differences(place, [("the place", (depot.lat, depot.lon), sites[depot.site])])


def _doubts(case: Case, rollout: CityRollout, city: City) -> Iterator[Violation]:
    """Hold the weak figures against the catalogue's: the city's and those of each of its stacks, no more and no fewer."""
    slugs = dict.fromkeys(row.stack for row in rollout.deployments)
    groups = [city.figures, *(case.catalogue.stacks[slug].figures for slug in slugs)]
    weak = [figure for group in groups for figure in group.values() if figure.confidence in WEAK]
    told = dict.fromkeys(_use(f) for f in rollout.doubtful_figures)
    found = dict.fromkeys(_figure(f) for f in weak)
    for have in told:
        if have not in found:
            yield Violation(RULE, f"{rollout.city}/{have[0]}", say("the catalogue holds no such weak figure"), 1.0)
    for want in found:
        if want not in told:
            yield Violation(
                RULE, f"{rollout.city}/{want[0]}", say("a weak figure that the plan leans on is left out"), 1.0
            )


def _use(figure: FigureUse) -> tuple[str, float, str, str, str]:
    return figure.key, figure.value, figure.unit, figure.source, figure.confidence


def _figure(figure: Figure) -> tuple[str, float, str, str, str]:
    return figure.key, round(float(figure.value), 6), figure.unit, figure.source, figure.confidence


def _outcome(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    """Hold what becomes of a city against its launches, and what opening it could bring against the bound."""
    opens = any(row.launch for row in rollout.deployments)
    if opens != (rollout.outcome.kind == "opens"):
        text = say(
            "what becomes of the city is told as {}; its first launch is {}",
            rollout.outcome.kind,
            Named("month", rollout.launch),
        )
        yield Violation(RULE, rollout.city, text, 1.0)
    more = rollout.outcome.more_at_most_usd
    left = max(0.0, case.plan.bound - case.plan.objective)
    if (more is None) != (rollout.outcome.kind != "not_worth"):
        text = say("what a plan that opens the city could be worth more is told exactly where it was not worth opening")
        yield Violation(RULE, rollout.city, text, 1.0)
    elif more is not None and money_apart(more, left):
        text = say("opening it is told to bring {} at most; the bound leaves {}", Usd(more), Usd(left))
        yield Violation(RULE, rollout.city, text, abs(more - left))


def _kept_out(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    """Hold what keeps a city out against the request: whom it admits there, who must earn, what it asks."""
    asked = {c.id for c in case.request.constraints}
    for one in rollout.outcome.kept_out or ():
        rules = {limit.rule for limit in one.limits}
        wrong = rollout.outcome.kind != "not_worth" or not one.limits or not one.stacks or one.worth_usd <= 0.0
        wrong |= not set(one.constraints) <= asked
        wrong |= any(stack not in case.admission.admitted(rollout.city) for stack in one.stacks)
        if "partner_earns" in rules and not wrong:
            wrong = all("capital" in case.catalogue.stacks[stack].platform_pays for stack in one.stacks)
        if wrong:
            yield Violation(
                RULE, rollout.city, say("what keeps it out is no limit of its, or nobody is kept out by it"), 1.0
            )


def _city_binds(plan: Plan, rollout: CityRollout) -> Iterator[Violation]:
    """Hold what binds a city against what of the plan's names it, or a stack that runs there and no city."""
    stacks = {row.stack for row in rollout.deployments}
    own = [b for b in plan.binds if b.city == rollout.city or (not b.city and b.stack in stacks)]
    if rollout.binds != own:
        yield Violation(RULE, rollout.city, say("what binds the city is not what of the plan's limits names it"), 1.0)


def _permits_waited_for(case: Case) -> Iterator[Violation]:
    """Hold a permit that an opening waits for against those that the plan lists for it, and their months."""
    permits = {(d.row.city, d.row.stack, s.permit): s for d in case.deployed for s in d.row.permits}
    begun = {(d.row.city, d.row.stack): d.row.programme_start for d in case.deployed}
    for bind in case.plan.binds:
        wait = bind.permit
        if wait is None:
            continue
        place, step = f"{bind.city}/{bind.stack}", permits.get((bind.city, bind.stack, wait.permit))
        if step is None:
            yield Violation(
                RULE, place, say("waits for {}, which is none of its permits", Named("permit", wait.permit)), 1.0
            )
            continue
        yield from _differences(
            place,
            [
                ("the title of what it waits for", wait.title, step.title),
                ("its authority", wait.authority, step.authority),
                ("the month in which it is in hand", wait.in_hand, step.finish),
                ("the month in which its programme began", wait.begun, begun[bind.city, bind.stack]),
            ],
        )


def _empty(case: Case, deployed: Deployed) -> Iterator[Violation]:
    for t, (told, law) in enumerate(zip(deployed.row.deadhead_share, deployed.deadheads, strict=True)):
        where = case.where(deployed.name, t)
        if (told is None) != (law is None):
            yield Violation(RULE, where, say("a share of empty km is given exactly while vehicles serve"), 1.0)
        elif told is not None and law is not None and abs(told - law) > SHARE:
            yield Violation(
                RULE, where, say("deadhead_share is {:.4f}; the curve says {:.4f}", told, law), abs(told - law)
            )


def _curve_error(case: Case) -> Iterator[Violation]:
    error, told = trips_beyond_the_law(case), case.plan.certificate.curve_error
    if abs(told - error) > CURVE_SHARE + RATIO:
        text = say("is {:.6f}; trips and the sampled law make it {:.6f}", told, error)
        yield Violation(RULE, "certificate.curve_error", text, abs(told - error))


def trips_beyond_the_law(case: Case) -> float:
    """Return the share of all planned trips that the sampled law does not give, wherever it gives fewer."""
    planned = beyond = 0.0
    for deployed in case.deployed:
        for t, law in enumerate(deployed.sampled_trips):
            if law is not None:
                planned += deployed.row.trips_per_day[t] * case.days(t)
                beyond += max(deployed.row.trips_per_day[t] - law, 0.0) * case.days(t)
    return beyond / planned if planned > 0 else 0.0
