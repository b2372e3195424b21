"""The partner's account of each deployment, computed anew from its contract: ``partner_earns`` and what the plan says of it.

Signs are the partner's: plus comes in to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.keeping import After, after_months, followed
from fleetplan.plans.check.money import (
    CAPITAL_LINES,
    Lines,
    deployment_lines,
    from_today,
    public_charging_usd,
    vehicle_life,
    vehicle_usd,
)
from fleetplan.plans.check.operation import test_fleet
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import MONEY_SHARE, MONEY_USD, Usd, Violation, money_apart, say
from fleetplan.plans.check.targets import by_slugs
from fleetplan.plans.check.value import a_month, going_on, present_value
from fleetplan.plans.types import PartnerAccount
from fleetplan.request.constraints import PartnerParticipation

EARNS = "partner_earns"
PAID = ("partner_share", "fixed_fee", "licence")
WORDS = (
    *("capital", "energy", "maintenance", "insurance", "operator_fee", "remote", "field", "data", "charger", "licence"),
    *("payment", "support", "team", "safety_operator"),
)
COSTS = (
    *("payment", "support", "energy", "maintenance", "insurance", "operator_fee", "data", "local_charges"),
    *("remote", "field", "safety_operator"),
)


def check_partner_earns(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield partners that never earn their money back, and accounts that do not follow from the plan's decisions."""
    for deployed in case.deployed:
        own = account(case, calendar, deployed)
        yield from _told(case, deployed, own)
        short = short_usd(own)
        if own.must_earn and short:
            text = say("the partner's account comes to {} under its contract", Usd(own.worth_usd, 0))
            if own.asked_usd:
                text = say(f"{text.template}; it asks for {{}}", *text.facts, Usd(own.asked_usd, 0))
            yield Violation(EARNS, deployed.name, text, short)


def short_usd(own: PartnerAccount) -> float:
    """Return how much of what its partner asks for an account lacks; 0 where that is no more than rounding."""
    short = own.asked_usd - own.worth_usd
    return short if short > slack_usd(own) else 0.0


def slack_usd(own: PartnerAccount) -> float:
    """Return by how much an account may be short: it is a sum of hundreds of amounts, and no sum is exact to the last digit."""
    return MONEY_USD + MONEY_SHARE * sum(abs(usd) for amounts in own.lines_usd.values() for usd in amounts)


def account(case: Case, calendar: Calendar, deployed: Deployed) -> PartnerAccount:
    """Return what the partner earns and pays in a deployment."""
    owns = not deployed.pays("capital")
    lines, months = _running(case, calendar, deployed) | _launch(case, deployed), _months(case)
    lines["public_charging"] = public_charging_usd(case, deployed.row.city, deployed.row.public_charging_partner)
    kept = After()
    if owns:
        lines |= _vehicles(case, deployed)
        kept = _kept(case, deployed, months)
    lines = {line: amounts for line, amounts in sorted(from_today(case, lines).items()) if any(amounts)}
    last = sum(a_month(case, amounts) for line, amounts in lines.items() if line not in CAPITAL_LINES)
    after = last * going_on(case, months) + kept.running
    paid = {line: amounts for line, amounts in lines.items() if line in PAID}
    further = sum(a_month(case, amounts) for amounts in paid.values()) * going_on(case, months)
    return PartnerAccount(
        lines_usd=lines,
        residual_usd=kept.left,
        after_usd=after,
        worth_usd=present_value(case, lines) + kept.left + after,
        owns_vehicles=owns,
        must_earn=owns and not _excused(case, deployed),
        asked_usd=case.own("partner.least_margin") * (present_value(case, paid) + further),
    )


def _excused(case: Case, deployed: Deployed) -> bool:
    asked = [by_slugs(case, c) for c in case.request.constraints if isinstance(c, PartnerParticipation)]
    return any(
        getattr(c, "city", None) in {None, deployed.row.city}
        and getattr(c, "stack", None) in {None, deployed.row.stack}
        for c in asked
    )


def _running(case: Case, calendar: Calendar, deployed: Deployed) -> Lines:
    """Return what the platform pays the partner, and the costs that the contract leaves with it."""
    pays = frozenset(word for word in WORDS if word not in deployed.stack.platform_pays)
    theirs = deployment_lines(case, calendar, replace(deployed, stack=replace(deployed.stack, platform_pays=pays)))
    ours = deployment_lines(case, calendar, deployed)
    received = {line: [-usd for usd in ours[line]] for line in PAID}
    return {line: theirs[line] for line in COSTS} | received


def _launch(case: Case, deployed: Deployed) -> Lines:
    """Return the partner's part of launch and areas; of a launch what one more city costs a stack that runs elsewhere."""
    stack, row = deployed.stack, deployed.row
    part = 1 - stack.value("contract.launch_share")
    cost = stack.value("contract.launch_cost_usd") * part * case.own("launch.followup_factor")
    launch, area = [0.0] * len(case.lengths), [0.0] * len(case.lengths)
    for t in case.periods:
        if deployed.start == case.starts[t]:
            launch[t] = -cost
        level, before = row.level[t], max(1, row.level[t - 1]) if t else 1
        if level > before:
            km2 = deployed.levels[level - 1].area_km2 - deployed.levels[before - 1].area_km2
            area[t] = -case.own("area.expansion_usd_per_km2") * km2 * part
    return {"launch": launch, "area": area}


def _bought(case: Case, deployed: Deployed, t: int) -> int:
    """Return the vehicles that the partner brings: those added to the service, and the test vehicles as the programme begins."""
    return deployed.added(t) + (test_fleet(case, deployed) if deployed.start == case.starts[t] else 0)


def _chargers(case: Case, deployed: Deployed) -> tuple[float, float]:
    """Return what stalls, and the part of a site of mean size, cost a vehicle, where the partner charges at its own cost."""
    if not deployed.stack.electric or deployed.pays("charger"):
        return 0.0, 0.0
    cars, sites = case.eco("vehicles_per_fast_stall"), deployed.city.depots
    stall = deployed.city.value("cost.charger_stall_usd") / cars
    if not sites or not sum(site.stalls for site in sites):
        return stall, 0.0
    return stall, deployed.city.value("cost.depot_fixed_usd") * len(sites) / sum(site.stalls for site in sites) / cars


def _stall_life(case: Case) -> int:
    return round(12 * case.own("depot.stall_life_years"))


def _renewed(case: Case, life: int, t: int) -> list[int]:
    """Return the periods of the horizon in which a thing bought in period ``t`` is renewed."""
    found, born = [], case.starts[t]
    for later in range(t + 1, len(case.lengths)):
        if case.starts[later] - born >= life:
            found.append(later)
            born = case.starts[later]
    return found


def _vehicles(case: Case, deployed: Deployed) -> Lines:
    """Return what vehicles and chargers cost, renewals within the horizon included."""
    stall, site = _chargers(case, deployed)
    rest, slug = case.own("fleet.residual_share"), deployed.row.stack
    lines = {line: [0.0] * len(case.lengths) for line in ("vehicles", "stalls", "depot_site", "placing")}
    for t in case.periods:
        count, paid = _bought(case, deployed, t), vehicle_usd(case, slug, case.starts[t])
        lines["vehicles"][t] -= count * paid
        lines["stalls"][t] -= count * stall
        lines["depot_site"][t] -= count * site
        lines["placing"][t] -= count * case.own("fleet.delivery_usd")
        for later in _renewed(case, vehicle_life(case), t):
            now = vehicle_usd(case, slug, case.starts[later])
            lines["vehicles"][later] -= count * (now - rest * min(paid, now))
            paid = now
        for later in _renewed(case, _stall_life(case), t):
            lines["stalls"][later] -= count * stall
    return lines


def _kept(case: Case, deployed: Deployed, months: int) -> After:
    """Return the worth of keeping the partner's vehicles and stalls for so many months after the horizon."""
    stall, (rest, slug) = _chargers(case, deployed)[0], (case.own("fleet.residual_share"), deployed.row.stack)
    total = After()
    for t in case.periods:
        count = _bought(case, deployed, t)
        if count:
            car = case.starts[[t, *_renewed(case, vehicle_life(case), t)][-1]]
            total += followed(case, vehicle_life(case), rest, lambda m: vehicle_usd(case, slug, m), car, months) * count
            place = case.starts[[t, *_renewed(case, _stall_life(case), t)][-1]]
            total += followed(case, _stall_life(case), 0.0, lambda _: stall, place, months) * count
    return total


def _months(case: Case) -> int:
    """Return the months after the horizon for which the contract goes on, and that count."""
    left = case.own("partner.contract_years") - (case.end - case.start) / 12
    return min(after_months(case), round(12 * max(0.0, left)))


def _told(case: Case, deployed: Deployed, own: PartnerAccount) -> Iterator[Violation]:
    """Yield what the plan says of the account and does not follow from its decisions."""
    told = deployed.row.partner_account
    if told is None:
        yield Violation("money_lines", deployed.name, say("the partner's account is missing"), 1.0)
        return
    for line in sorted({*told.lines_usd, *own.lines_usd}):
        nothing = [0.0] * len(case.lengths)
        pairs = zip(told.lines_usd.get(line, nothing), own.lines_usd.get(line, nothing), strict=True)
        for t, (have, want) in enumerate(pairs):
            if money_apart(have, want):
                text = say("the partner's {} is {}; it comes to {}", line, Usd(have), Usd(want))
                yield Violation(EARNS, case.where(deployed.name, t), text, abs(have - want))
    carried = MONEY_USD * (1 + going_on(case, _months(case)) / case.lengths[-1])  # the last lines' rounding goes on
    for name in ("residual_usd", "after_usd", "worth_usd", "asked_usd"):
        have, want = float(getattr(told, name)), float(getattr(own, name))
        if abs(have - want) > carried + MONEY_SHARE * max(abs(have), abs(want)):
            text = say("the partner's {} is {}; it comes to {}", name, Usd(have), Usd(want))
            yield Violation(EARNS, deployed.name, text, abs(have - want))
    if (told.owns_vehicles, told.must_earn) != (own.owns_vehicles, own.must_earn):
        yield Violation(EARNS, deployed.name, say("whether the partner must earn is told otherwise than asked"), 1.0)
