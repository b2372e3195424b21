"""Resolve a request against the catalogue: aliases to slugs, admitted deployments, constraints with slugs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.months import month_number
from fleetplan.request import AnyConstraint, Capital, PartnerShare, PlanRequest, StackInCity
from fleetplan.scope.overrides import apply_overrides

Pair = tuple[str, str]


@dataclass(frozen=True)
class Scope:
    """What is planned.

    Attributes
    ----------
    catalogue
        The catalogue with the request's overrides applied.
    deployments
        Admitted (stack, city) pairs, sorted.
    constraints
        The request's constraints with slugs in place of names.
    """

    request: PlanRequest
    catalogue: Catalogue
    cities: tuple[str, ...]
    deployments: tuple[Pair, ...]
    constraints: tuple[AnyConstraint, ...]


class _Resolver:
    """Resolves names and gathers every fault instead of stopping at the first."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.faults: list[Fault] = []

    def _try(self, where: str, call: Callable[[], str]) -> str:
        try:
            return call()
        except RequestError as error:
            self.faults += [Fault(where, f.what, f.allowed, f.remedy) for f in error.faults]
            return ""

    def city(self, name: str, where: str) -> str:
        return self._try(where, lambda: resolve_city(self.catalogue, name))

    def stack(self, name: str, where: str, city: str | None = None) -> str:
        return self._try(where, lambda: resolve_stack(self.catalogue, name, city))

    def pair(self, pair: StackInCity, where: str) -> Pair:
        city = self.city(pair.city, f"{where}/city")
        return self.stack(pair.stack, f"{where}/stack", city or None), city


def _constraint(item: AnyConstraint, index: int, names: _Resolver, catalogue: Catalogue) -> AnyConstraint:
    where = f"/constraints/{index}"
    found: dict[str, str] = {}
    city = getattr(item, "city", None)
    if city is not None:
        found["city"] = names.city(city, f"{where}/city")
    stack = getattr(item, "stack", None)
    if stack is not None:
        found["stack"] = names.stack(stack, f"{where}/stack", found.get("city") or None)
    if isinstance(item, PartnerShare) and not any(item.partner == s.partner for s in catalogue.stacks.values()):
        slug = names.stack(item.partner, f"{where}/partner")
        if slug:
            found["partner"] = catalogue.stacks[slug].partner
    _known_law(item, where, names, catalogue)
    _ordered_months(item, where, names)
    return item.model_copy(update=found)


def _known_law(item: AnyConstraint, where: str, names: _Resolver, catalogue: Catalogue) -> None:
    permits = {p for j in catalogue.jurisdictions.values() for p in j.permits}
    events = {e for j in catalogue.jurisdictions.values() for e in j.events}
    for key, known in (("permit", permits), ("jurisdiction", set(catalogue.jurisdictions)), ("event", events)):
        given = getattr(item, key, None)
        if given is not None and given not in known:
            names.faults.append(Fault(f"{where}/{key}", f"{given!r} is unknown", ", ".join(sorted(known))))


def _ordered_months(item: AnyConstraint, where: str, names: _Resolver) -> None:
    start, end = getattr(item, "start", None), getattr(item, "end", None)
    if start and end and month_number(end) < month_number(start):
        names.faults.append(Fault(f"{where}/end", f"{end} lies before start {start}", f"{start} or later"))


def _quarters(capital: Capital, months: int) -> list[Fault]:
    given = capital.per_quarter_usd
    if isinstance(given, list) and not given:
        return [Fault("/capital/per_quarter_usd", "is an empty list", "one amount, or one per quarter")]
    if isinstance(given, list) and len(given) > -(-months // 3):
        return [Fault("/capital/per_quarter_usd", f"has {len(given)} quarters", f"at most {-(-months // 3)}")]
    return []


def _admitted(request: PlanRequest, catalogue: Catalogue, cities: tuple[str, ...], names: _Resolver) -> set[Pair]:
    allowed_stacks = {names.stack(s, f"/stacks/{i}") for i, s in enumerate(request.stacks or [])}
    excluded = {names.stack(s, f"/exclude_stacks/{i}") for i, s in enumerate(request.exclude_stacks)}
    chosen: set[Pair] = set()
    for pair, fact in catalogue.deployments.items():
        stack = catalogue.stacks[pair[0]]
        wanted = fact.deal in request.deployments.deals and fact.permitted != "no" and not stack.rival
        if wanted and pair[1] in cities and (request.stacks is None or pair[0] in allowed_stacks):
            chosen.add(pair)
    for i, item in enumerate(request.deployments.add):
        pair = names.pair(item, f"/deployments/add/{i}")
        if pair not in catalogue.deployments:
            continue
        fact = catalogue.deployments[pair]
        if fact.permitted == "no":
            where = f"/deployments/add/{i}"
            names.faults.append(Fault(where, f"the law bars {pair[0]} in {pair[1]}: {fact.reason}", "a lawful pair"))
        elif pair[1] in cities:
            chosen.add(pair)
    for i, item in enumerate(request.deployments.remove):
        chosen.discard(names.pair(item, f"/deployments/remove/{i}"))
    return {p for p in chosen if p[0] not in excluded}


def resolve_scope(request: PlanRequest, catalogue: Catalogue) -> Scope:
    """Resolve every name of a request, or raise :class:`RequestError` with every fault."""
    names = _Resolver(catalogue)
    changed, override_faults = apply_overrides(catalogue, request.overrides)
    names.faults += override_faults
    names.faults += _quarters(request.capital, request.horizon.months)
    included = request.cities if request.cities is not None else sorted(catalogue.cities)
    cities = [names.city(c, f"/cities/{i}") for i, c in enumerate(included)]
    out = {names.city(c, f"/exclude_cities/{i}") for i, c in enumerate(request.exclude_cities)}
    kept = tuple(sorted({c for c in cities if c and c not in out}))
    if not kept and not names.faults:
        names.faults.append(Fault("/cities", "no city is left to plan", "at least one city"))
    deployments = _admitted(request, changed, kept, names)
    constraints = tuple(_constraint(c, i, names, changed) for i, c in enumerate(request.constraints))
    if names.faults:
        raise RequestError(names.faults)
    return Scope(request, changed, kept, tuple(sorted(deployments)), constraints)
