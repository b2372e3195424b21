"""Resolve a request against the catalogue: aliases to slugs, admitted deployments, constraints with slugs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.request import AnyConstraint, PlanRequest
from fleetplan.scope.admission import Admission, check_classes, check_lists, readable
from fleetplan.scope.classes import with_classes
from fleetplan.scope.lines import check_lines
from fleetplan.scope.names import Names, Pair
from fleetplan.scope.overrides import apply_overrides
from fleetplan.scope.relevance import check_events, check_launches, check_months, check_planned
from fleetplan.scope.scenarios import scenario_faults
from fleetplan.scope.started import Started, started_of


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
    started
        What stands already, where the request goes on from something.
    """

    request: PlanRequest
    catalogue: Catalogue
    cities: tuple[str, ...]
    deployments: tuple[Pair, ...]
    constraints: tuple[AnyConstraint, ...]
    started: Started | None = None


_LISTS = frozenset({"cities", "exclude_cities", "stacks", "exclude_stacks", "deployments"})
_HORIZON = frozenset({"horizon", "capital"})
_STATE = frozenset({"horizon", "starting_state"})


def resolve_scope(request: PlanRequest, catalogue: Catalogue) -> Scope:
    """Return what a request plans.

    Raises
    ------
    RequestError
        With every fault: names that the catalogue does not have, months outside the horizon, constraints on what is not
        planned, figures out of range, and what the grid cannot say.
    """
    scope, faults = look_up(request, catalogue)
    if faults:
        raise RequestError(faults)
    return scope


def look_up(request: PlanRequest, catalogue: Catalogue, unread: Collection[str] = ()) -> tuple[Scope, list[Fault]]:
    """Return what a request plans, and every fault found on the way.

    Parameters
    ----------
    unread
        Fields of the request that hold faults of their own; nothing is said about what depends on them, nor about entries
        of lists that are None.
    """
    names = Names(catalogue)
    changed, names.faults = apply_overrides(catalogue, request.overrides)
    classed = with_classes(request, names)
    names.catalogue, changed = replace(catalogue, deployments=classed), replace(changed, deployments=classed)
    known = len(names.faults)
    admission = Admission.of(request, names)
    lists_hold = len(names.faults) == known and _LISTS.isdisjoint(unread)
    if lists_hold:
        check_lists(request, admission)
        lists_hold = len(names.faults) == known
    if lists_hold:
        check_classes(request, admission)
    if _HORIZON.isdisjoint(unread):
        _check_quarters(request, names)
    asked: Iterator[tuple[int, AnyConstraint]] = readable(request.constraints)
    constraints = [(i, names.constraint(item, f"/constraints/{i}")) for i, item in asked]
    for i, item in constraints:
        where = f"/constraints/{i}"
        check_launches(item, where, names)
        if "horizon" not in unread:
            check_months(item, where, request.grid, names)
        if lists_hold:
            check_planned(item, where, admission, names)
    check_events(constraints, names)
    check_lines(constraints, admission if lists_hold else None, names)
    planned = tuple(sorted(admission.planned))
    state_reads = _STATE.isdisjoint(unread)
    started = started_of(request, names, admission if lists_hold else None) if state_reads else None
    asking = tuple(c for _, c in constraints)
    if not names.faults and not unread:
        names.faults += scenario_faults(request, catalogue, look_up)
    return Scope(request, changed, admission.cities, planned, asking, started), names.faults


def _check_quarters(request: PlanRequest, names: Names) -> None:
    given, most = getattr(request.capital, "per_quarter_usd", None), -(-request.horizon.months // 3)
    where = "/capital/per_quarter_usd"
    if given == []:
        names.add(where, "is an empty list", "one amount, or one per quarter", "write the amount of every quarter")
    elif isinstance(given, list) and len(given) > most:
        what = f"has {len(given)} quarters, the horizon of {request.horizon.months} months has {most}"
        names.add(where, what, f"at most {most}", f"take out the last {len(given) - most}, or lengthen the horizon")
