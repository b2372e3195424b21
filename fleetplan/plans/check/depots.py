"""Depots: ``depot_capacity`` and ``depot_site``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fleetplan.catalogue.types import DepotSite
from fleetplan.months import month_number, month_text
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.report import RATIO, Named, Violation, say
from fleetplan.plans.types import CityRollout, DepotPlan

CAPACITY, SITE = "depot_capacity", "depot_site"


def check_depot_capacity(case: Case) -> Iterator[Violation]:
    """Yield cars without a charger."""
    for rollout in case.plan.cities:
        for t in case.periods:
            yield from _balance(case, rollout, t)
            yield from _whose(case, rollout, t)


def check_depot_site(case: Case) -> Iterator[Violation]:
    """Yield stalls without a site, sites live before their time, and what is taken away again."""
    for rollout in case.plan.cities:
        sites = {site.name: site for site in case.catalogue.cities[rollout.city].depots}
        for name, count in Counter(depot.site for depot in rollout.depots).items():
            if count > 1:
                yield Violation(SITE, f"{rollout.city}/{name}", say("the site stands {} times", count), count - 1)
        for depot in rollout.depots:
            if depot.site not in sites:
                yield Violation(SITE, f"{rollout.city}/{depot.site}", say("the catalogue holds no such site"), 1.0)
            else:
                yield from _site(case, rollout.city, depot, sites[depot.site])


def _site(case: Case, city: str, depot: DepotPlan, site: DepotSite) -> Iterator[Violation]:
    place = f"{city}/{depot.site}"
    if depot.ordered not in case.labels:
        yield Violation(
            SITE, place, say("the site is ordered in {}, which begins no period", Named("month", depot.ordered)), 1.0
        )
    live = month_number(depot.ordered) + site.lead_months
    if depot.live != month_text(live):
        text = say(
            "the site is live in {}; its lead time ends in {}",
            Named("month", depot.live),
            Named("month", month_text(live)),
        )
        yield Violation(SITE, place, text, 1.0)
    for t in case.periods:
        total = depot.stalls[t] + depot.stalls_partner[t]
        room = site.stalls if case.starts[t] >= live else 0
        if total > room:
            yield Violation(SITE, case.where(place, t), say("{} stalls stand where {} may", total, room), total - room)
        for row in (depot.stalls, depot.stalls_partner):
            if row[t] < (row[t - 1] if t else 0):
                yield Violation(SITE, case.where(place, t), say("stalls are taken away"), row[t - 1] - row[t])


def _balance(case: Case, rollout: CityRollout, t: int) -> Iterator[Violation]:
    per_stall = case.eco("vehicles_per_fast_stall")
    where = case.where(rollout.city, t)
    public = (rollout.public_charging_vehicles[t], rollout.public_charging_partner[t])
    for platform, elsewhere in zip((True, False), public, strict=True):
        cars = sum(
            d.row.vehicles[t] + d.row.test_vehicles[t]
            for d in case.of_city(rollout.city)
            if d.stack.electric and d.pays("charger") == platform
        )
        stalls = sum((depot.stalls if platform else depot.stalls_partner)[t] for depot in rollout.depots)
        short = cars - per_stall * stalls - elsewhere
        if short > RATIO:
            payer = "platform" if platform else "partner"
            text = say("{} cars share {} stalls of the {} and {} public places", cars, stalls, payer, elsewhere)
            yield Violation(CAPACITY, where, text, short)
    most = case.whole("supply.public_charging_cars")
    if sum(public) > most + RATIO:
        yield Violation(CAPACITY, where, say("{} cars charge in public; {} may", sum(public), most), sum(public) - most)


def _whose(case: Case, rollout: CityRollout, t: int) -> Iterator[Violation]:
    """Yield places at public stations that no partner takes, and partners that take more than they have vehicles."""
    total = 0
    for deployed in case.of_city(rollout.city):
        row = deployed.row
        own, charges = row.public_charging_partner[t], deployed.stack.electric and not deployed.pays("charger")
        cars = row.vehicles[t] + row.test_vehicles[t] if charges else 0
        total += own
        if not 0 <= own <= cars:
            text = say("{} vehicles charge in public at the partner's cost, of {} that it charges", own, cars)
            yield Violation(CAPACITY, case.where(deployed.name, t), text, abs(own - cars))
    told = rollout.public_charging_partner[t]
    if total != told:
        text = say("{} vehicles charge in public at their partners' cost; the deployments have {}", told, total)
        yield Violation(CAPACITY, case.where(rollout.city, t), text, abs(total - told))
