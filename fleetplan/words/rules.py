"""The rules that plans are held against, in words: what each says, and of which kind it is.

A rule of ``docs/model.md`` is said as it stands there, a money line by what it pays for, a type of constraint as in forms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fleetplan.words.constraints import CONSTRAINTS

LAW, PARTNER, SERVICE, MONEY = "Law", "Partners and supply", "Service, fleets and areas", "Money"
ASKED, TOLD = "What the request asks", "What the plan says of itself"
KINDS = (LAW, PARTNER, SERVICE, MONEY, ASKED, TOLD)
LINE = "money."
"""So begins the key of the rule that a money line follows from the decisions."""

RULES: Mapping[str, tuple[str, str]] = {
    "overrides": (ASKED, "Figures that the request sets are figures of the catalogue, within what they may be"),
    "plan_shape": (TOLD, "Every list has a value for each period, every number is one, every name is in the catalogue"),
    "starting_state": (ASKED, "What was done before the first month planned stays as it is"),
    "permit_path": (LAW, "Riders are carried only in a mode whose permits are in hand"),
    "permit_area": (LAW, "An area opens only when every permit for it is in hand"),
    "permit_cap": (LAW, "The number of vehicles stays within what the permits allow"),
    "fare_allowed": (
        LAW,
        "A fare is taken only in a mode that allows it, and modes of a lower fare end once a higher one is permitted",
    ),
    "pilots_end": (SERVICE, "No vehicle runs with an operator on board once riders may be carried without one"),
    "launch_order": (
        SERVICE,
        "A programme once begun and an area once open are never undone, and areas open from the inside out",
    ),
    "ending": (SERVICE, "A service ends only where a suspension found it open, and does not come back"),
    "programme_opens": (SERVICE, "A programme that begins opens to riders within the horizon"),
    "operator_pilot": (SERVICE, "Vehicles with an operator on board stay a pilot"),
    "min_fleet": (SERVICE, "An open service keeps a minimum fleet, and a larger one once it is driver-out"),
    "no_service_before_open": (SERVICE, "Vehicles serve, and riders are offered, only in an open area"),
    "vehicles_max": (SERVICE, "A fleet stays within the largest for which the law of its area was sampled"),
    "stack_supply": (PARTNER, "Vehicles placed stay within what can be had of each stack"),
    "owned_fleet": (
        PARTNER,
        (
            "Vehicles placed are owned where the platform buys them; none is bought that could not be placed then or later, "
            "and never are more owned than the most that can be had in a period"
        ),
    ),
    "partner_use": (
        PARTNER,
        "Driver-out vehicles of partners paid by the trip are kept busy once their service is a year old",
    ),
    "ramp": (SERVICE, "A fleet opens with a launch fleet and grows no faster than in proportion to what runs"),
    "first_year_fleet": (SERVICE, "A fleet stays small until its service has been driver-out for a year"),
    "partner_growth": (PARTNER, "All fleets of a partner together grow no faster than in proportion to what it runs"),
    "area_density": (SERVICE, "An area beyond the first opens only with vehicles enough for it"),
    "line_capacity": (
        PARTNER,
        "Vehicles added in a calendar year stay within what the plant builds that feeds their stacks, all of them together",
    ),
    "area_growth": (
        SERVICE,
        "An area grows only while the service is driver-out, and takes its months for every doubling",
    ),
    "supply_yearly_cap": (LAW, "Additions in a calendar year stay within the stack's legal volume"),
    "lawful": (LAW, "Only stacks that the request admits and the law does not bar are placed"),
    "operator_seat": (SERVICE, "A vehicle without a seat for an operator never runs with one on board"),
    "barred": (LAW, "No vehicles serve where a law bars their stack, from its month on"),
    "response_curve": (SERVICE, "Trips served follow from vehicles, demand and streets"),
    "productivity": (
        SERVICE,
        "A car of the whole fleet, spares and workshop included, makes no more trips than cars of services of its age do",
    ),
    "driving_day": (
        SERVICE,
        "A vehicle drives no farther in a day than the streets' speed allows in its service hours",
    ),
    "demand": (
        SERVICE,
        "Riders take to driver-out service over months, ring by ring, and hardly to a pilot with an operator",
    ),
    "city_demand": (SERVICE, "Stacks in one city share the same riders"),
    "depot_capacity": (SERVICE, "Vehicles need charger stalls at depots with power"),
    "depot_site": (SERVICE, "Stalls stand only on sites ordered in time, and what is ordered or built stays"),
    "partner_earns": (PARTNER, "A partner that owns the vehicles earns its money back within its contract"),
    "used_orders": (
        SERVICE,
        "Nothing is bought or ordered that nobody uses within the horizon: vehicles, stalls, depot sites",
    ),
    "capital": (MONEY, "Capital spent stays within the quarterly budget; what is not spent carries over"),
    "cash_floor": (MONEY, "Cumulated net cash never falls below the floor"),
    "money_lines": (MONEY, "Every amount of money follows from the decisions and the figures"),
    "npv": (MONEY, "Present values, capital and headline money are what the amounts come to"),
    "returns": (MONEY, "Returns, the fares at which nothing is left and the cost of a trip follow from the money"),
    "objective": (MONEY, "Value, bound and gap belong together, and no plan is called the best that is not proven so"),
    "markets_first": (ASKED, "Markets are counted as the request has it"),
    "plan_totals": (TOLD, "What is told of cities, partners and the whole plan is the sum of its parts"),
    "plan_columns": (TOLD, "Trips, kilometres and shares told of a service follow from its vehicles, area and riders"),
    "plan_tells": (TOLD, "What the plan repeats of request, catalogue and sampled service is what stands there"),
    "permits_told": (TOLD, "Every permit that is needed is listed, with its own months and authority"),
    "certificate": (TOLD, "The hashes are those of this request and this catalogue"),
    "targets": (ASKED, "Every constraint of the request is kept"),
}
"""By key the kind and the sentence of every rule that is held against each plan."""

PAID_FOR: Mapping[str, str] = {
    "net_fares": "fares of riders, less taxes on them",
    "partner_share": "the partner's share of fares",
    "payment": "payment processing",
    "support": "customer support",
    "displaced": "trips that human drivers lose",
    "energy": "energy",
    "maintenance": "maintenance and tyres",
    "licence": "licences of the driving software",
    "insurance": "insurance",
    "operator_fee": "fleet operators' fees",
    "data": "connectivity and data",
    "local_charges": "local charges and levies",
    "fixed_fee": "partners' fixed fees",
    "remote": "remote agents",
    "field": "field agents",
    "safety_operator": "safety operators on board",
    "wear": "renewing vehicles worn out early",
    "launch": "launches",
    "area": "opening areas",
    "placing": "delivering and commissioning vehicles",
    "withdrawal": "taking vehicles away from where a service ends",
    "exit": "ending a service",
    "team": "city teams",
    "depot_site": "depot sites",
    "stalls": "charger stalls",
    "public_charging": "charging at public stations",
    "vehicles": "vehicles bought",
    "loan": "loans on vehicles",
    "resale": "vehicles sold at the end of their years",
    "shortfall": "vehicles short of a contract's minimum quantity",
}


FOLLOWS = "What is paid or earned follows from decisions and figures"


@dataclass(frozen=True, slots=True)
class RulesOfAKind:
    """Rules of one kind: how many, and each in a sentence; money lines share one."""

    kind: str
    count: int
    rules: list[str]


def rule_words(key: str) -> tuple[str, str]:
    """Return the kind of a rule and what it says; a rule that is not known (any more) by its key.

    >>> rule_words("permit_path")
    ('Law', 'Riders are carried only in a mode whose permits are in hand')
    >>> rule_words("money.energy")
    ('Money', 'What is paid or earned follows from decisions and figures: energy')
    >>> rule_words("stacks_per_city")
    ('What the request asks', 'So many partners in one city at most')
    """
    if key in RULES:
        return RULES[key]
    if (paid := _paid_for(key)) is not None:
        return MONEY, f"{FOLLOWS}: {paid}"
    if key in CONSTRAINTS:
        return ASKED, CONSTRAINTS[key].title
    return TOLD, key


def _paid_for(key: str) -> str | None:
    return PAID_FOR.get(key.removeprefix(LINE)) if key.startswith(LINE) else None


def rules_by_kind(keys: Iterable[str]) -> list[RulesOfAKind]:
    """Return rules in words by their kind.

    >>> rules_by_kind(["capital", "permit_cap"])[0]
    RulesOfAKind(kind='Law', count=1, rules=['The number of vehicles stays within what the permits allow'])
    >>> rules_by_kind(["money.energy", "money.team"])[0].rules
    ['What is paid or earned follows from decisions and figures: energy, city teams']
    """
    told, counts = dict[str, list[str]](), Counter[str]()
    paid: list[str] = []
    for key in keys:
        kind, said = rule_words(key)
        counts[kind] += 1
        if (line := _paid_for(key)) is not None:
            paid.append(line)
        else:
            told.setdefault(kind, []).append(said)
    if paid:
        told.setdefault(MONEY, []).append(f"{FOLLOWS}: {', '.join(paid)}")
    return [RulesOfAKind(kind, counts[kind], told[kind]) for kind in KINDS if kind in told]
