"""What becomes of every city of a plan, and which doubtful figures its rollout leans on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from fleetplan.catalogue.types import Figure
from fleetplan.facts import AreaLack, CityOutcome, KeptOut, PermitWait, RuleKind, RuleLimit
from fleetplan.months import month_text
from fleetplan.optimize.excused import Excused, excused_rules
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.rules import Rule
from fleetplan.optimize.rules.caps import least_while_open
from fleetplan.permits.openings import Need, first_month, first_paid_month, uncovered
from fleetplan.plans.types import CityRollout, DeploymentPlan, FigureUse, Plan
from fleetplan.service.places import areas_by_level

MOST_CAUSES = 3


def outcome(f: Formulation, city: str, deployments: Iterable[DeploymentPlan]) -> CityOutcome:
    """Return whether a city opens, and if it does not, what keeps it closed: who comes farthest decides."""
    i, users = f.instance, f.instance.of_city(city)
    if any(d.launch for d in deployments):
        return CityOutcome(kind="opens", earliest=_earliest(i, users))
    if not users:
        return CityOutcome(kind="not_admitted")
    permitted = [q for q in users if any(m.milestone.possible.any() for m in i.deployments[q].modes)]
    if not permitted:
        return CityOutcome(kind="no_permit", earliest=_earliest(i, users, in_areas=False))
    covered = [q for q in permitted if _permits_agree(i, q)]
    if not covered:
        lacks = [lack for q in permitted for lack in _lacks(i, q)]
        return CityOutcome(kind="no_area", earliest=_earliest(i, permitted), lacks=lacks)
    free = [q for q in covered if _within_reach(f, q)]
    if not free:
        return CityOutcome(kind="shut", earliest=_earliest(i, covered), against=_against(f, covered))
    return CityOutcome(kind="not_worth", earliest=_earliest(i, free))


def _permits_agree(i: Instance, q: int) -> bool:
    """Return whether in some period a mode's permit and all that the smallest area needs can be in hand."""
    data = i.deployments[q]
    return any((m.milestone.possible & data.area_can_open).any() for m in data.modes)


def _needs(i: Instance, q: int) -> list[Need]:
    """Return what the smallest area needs besides a mode's permit."""
    return [tuple(p for m in gate for p in m.permits) for gate in i.deployments[q].level_gates[0]]


def _earliest(i: Instance, users: Iterable[int], *, in_areas: bool = True) -> str:
    """Return the first month in which permits allow somebody paid rides; empty: never."""
    found = (first_paid_month(i.deployments[q].path, _needs(i, q) if in_areas else ()) for q in users)
    return month_text(min(months)) if (months := [m for m in found if m is not None]) else ""


def _lacks(i: Instance, q: int) -> Iterator[AreaLack]:
    """Yield what the smallest area of a deployment lacks within the horizon."""
    data, city = i.deployments[q], i.scope.catalogue.cities[i.deployments[q].city]
    path, service = data.path, i.cities[data.city].service
    lies_in = uncovered(path, areas_by_level(service, city)[0])
    adding: dict[Need, list[str]] = {}
    for area in sorted(lies_in):
        adding.setdefault(tuple(path.adding(area)), []).append(area)
    places: list[tuple[Need, list[str]]] = [((p,), []) for p in service.levels[0].requires]
    for need, areas in [*adding.items(), *places]:
        known = [p for p in need if p in path.permits]
        ready = {p: first_month(path, [path.permits[p]]) for p in known}
        first = min(known, key=lambda p: (ready[p], p), default=None)
        month = None if first is None else ready[first]
        if first is None or month is None:
            yield AreaLack(stack=data.stack, areas=areas, given_for=sorted(path.covers or ()))
        elif month > int(i.grid.starts[-1]):
            permit, start = path.permits[first], month_text(i.grid.start)
            wait = PermitWait(
                permit=first, title=permit.title, authority=permit.authority, in_hand=month_text(month), begun=start
            )
            yield AreaLack(stack=data.stack, areas=areas, given_for=sorted(path.covers or ()), permit=wait)


def _within_reach(f: Formulation, q: int) -> bool:
    """Return whether the limits of all rules leave an opening: the smallest area, with the least fleet of a service."""
    reach, least = f.reach.deployments[q], least_while_open(f.instance, q)
    return bool((reach.possible[0] & (reach.fleet >= least)).any())


def _against(f: Formulation, users: Iterable[int]) -> list[RuleLimit]:
    """Return the rules each of which alone leaves one of some deployments nothing that could open."""
    users = list(users)
    found = [rule for rule in f.rules if any(_shuts(rule, f.instance, q) for q in users)]
    return [
        RuleLimit(rule=rule.key, kind=rule.kind, says=rule.sentence(f.instance))
        for rule in found
        if rule.kind != "definition"
    ]


def _shuts(rule: Rule, i: Instance, q: int) -> bool:
    least, opens, fleet, modes = (
        least_while_open(i, q),
        rule.openings(i, q),
        rule.fleet_limit(i, q),
        rule.mode_limit(i, q),
    )
    if opens is not None and not opens[0].any():
        return True
    most = [limit.max() for limit in (fleet, None if modes is None else modes.sum(axis=0)) if limit is not None]
    return any(m < least for m in most)


def with_proof(city: CityRollout, plan: Plan) -> CityRollout:
    """Return a city whose outcome tells what the plan's bound proves of opening it, in plans with as many markets."""
    if city.outcome.kind != "not_worth":
        return city
    more = round(max(0.0, plan.bound - plan.objective), 2)
    return city.model_copy(update={"outcome": city.outcome.model_copy(update={"more_at_most_usd": more})})


def with_causes(plan: Plan, loose: Formulation, x: Array) -> Plan:
    """Return a plan that tells of every city that was not worth opening which rule keeps it out.

    ``loose`` is the plan's problem in its loose form, ``x`` its columns, shape (columns,). Cities are looked into on all cores.
    """
    closed = [city.city for city in plan.cities if city.outcome.kind == "not_worth"]
    with ThreadPoolExecutor(cores()) as pool:
        found = dict(zip(closed, pool.map(lambda city: excused_rules(loose, x, city), closed), strict=True))
    cities = []
    for city in plan.cities:
        out = city.outcome
        if city.city in found:
            causes = found[city.city]
            told = None if causes is None else [_kept_out(loose.instance, one) for one in causes[:MOST_CAUSES]]
            out = out.model_copy(update={"kept_out": told})
        cities.append(city.model_copy(update={"outcome": out}))
    return plan.model_copy(update={"cities": cities})


def _kept_out(i: Instance, one: Excused) -> KeptOut:
    return KeptOut(
        limits=[RuleLimit(rule=r.key, kind=_setter(r), says=r.sentence_of(i, one.stacks)) for r in one.rules],
        constraints=[rule.place.constraint for rule in one.rules if rule.place.constraint],
        stacks=list(one.stacks),
        worth_usd=round(one.worth_usd, 2),
    )


def _setter(rule: Rule) -> RuleKind:
    assert rule.kind != "definition"  # noqa: S101  # nobody set it, so nobody may excuse it
    return rule.kind


def doubtful_figures(i: Instance, city: str, stacks: Iterable[str]) -> list[FigureUse]:
    """Return the low-confidence and assumed figures that a city's rollout leans on, city first, then its stacks."""
    catalogue = i.scope.catalogue
    groups: list[Iterable[Figure]] = [catalogue.cities[city].figures.values()]
    groups += [catalogue.stacks[s].figures.values() for s in dict.fromkeys(stacks)]
    weak = [f for group in groups for f in group if f.confidence in {"low", "assumed"}]
    return [
        FigureUse(key=f.key, value=round(float(f.value), 6), unit=f.unit, source=f.source, confidence=f.confidence)
        for f in weak
    ]
