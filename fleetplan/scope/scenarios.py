"""A scenario of a request as a request of its own, and what is wrong with scenario sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.months import month_number, month_text
from fleetplan.request import FigureOverride, PlanRequest, StackClass, StackInCity
from fleetplan.request.constraints import Constraint, EventDate
from fleetplan.request.scenarios import Changes, ScenarioSet

if TYPE_CHECKING:
    from fleetplan.scope.resolve import Scope

LATE = ("median", "careful")
"""Durations of permits on which promises slip."""
LONGEST_ID = 80
Placed = list[tuple[Any, str]]
"""Entries of a list of a request, each with where it stands: empty for what the request says itself."""


@dataclass(frozen=True, eq=False)
class Composed:
    """A request with the changes of a scenario, and where each entry of its lists is from."""

    request: PlanRequest
    constraints: Placed
    overrides: Placed
    classes: Placed

    def where(self, fault: Fault) -> str:
        """Return where in the changes a fault of the request stands; empty where it is none of theirs."""
        for name, placed in (
            ("/constraints/", self.constraints),
            ("/overrides/", self.overrides),
            ("/deployments/classes/", self.classes),
        ):
            if fault.where.startswith(name):
                number, _, rest = fault.where.removeprefix(name).partition("/")
                own = placed[int(number)][1]
                return f"{own}/{rest.replace('slip_months', 'months')}".rstrip("/") if own else ""
        return ""


def scenario_request(request: PlanRequest, changes: Sequence[Changes], catalogue: Catalogue, name: str) -> PlanRequest:
    """Return what a request asks in a scenario, its own scenario sets left out.

    Parameters
    ----------
    changes
        What is otherwise; where two say something of the same, the later one counts.
    name
        Of the request that comes out.
    """
    found = request.model_copy(update={"name": name, "scenario_sets": []})
    for one in changes:
        found = compose(found, one, catalogue).request
    return found


def compose(request: PlanRequest, changes: Changes, catalogue: Catalogue) -> Composed:
    """Return a request with the changes of a scenario."""
    constraints, overrides = _constraints(request, changes), _overrides(request, changes)
    classes = _classes(request, changes, catalogue)
    pairs = request.deployments.model_copy(update={"classes": [entry for entry, _ in classes]})
    update = {
        "constraints": [entry for entry, _ in constraints],
        "overrides": [entry for entry, _ in overrides],
        "deployments": pairs,
        "scenario_sets": [],
    }
    return Composed(request.model_copy(update=update), constraints, overrides, classes)


def _constraints(request: PlanRequest, changes: Changes) -> Placed:
    dated = {c.event for c in changes.constraints if isinstance(c, EventDate)}
    found: Placed = [(c, "") for c in request.constraints if not (isinstance(c, EventDate) and c.event in dated)]
    taken = {c.id for c, _ in found}
    for i, c in enumerate(changes.constraints):
        own: Constraint = c.model_copy(update={"id": _free(c.id, taken)})
        taken.add(own.id)
        found.append((own, f"/constraints/{i}"))
    return found


def _free(name: str, taken: set[str]) -> str:
    number = 1
    tried = name
    while tried in taken:
        number += 1
        tried = f"{name[: LONGEST_ID - 5]} {number}"
    return tried


def _overrides(request: PlanRequest, changes: Changes) -> Placed:
    own = {c.figure: c for c in request.overrides}
    changed = {c.figure for c in changes.overrides}
    kept: Placed = [(c, "") for c in request.overrides if c.figure not in changed]
    return [*kept, *((_on_top(own.get(c.figure), c), f"/overrides/{i}") for i, c in enumerate(changes.overrides))]


def _on_top(own: FigureOverride | None, change: FigureOverride) -> FigureOverride:
    """Return a change of a figure on top of the request's own: a factor multiplies it, a value replaces it."""
    if own is None or change.factor is None:
        return change
    if own.factor is not None:
        return change.model_copy(update={"factor": own.factor * change.factor})
    if own.values is not None:
        times = [value * change.factor for value in own.values]
        return change.model_copy(update={"values": times, "factor": None})
    return change.model_copy(update={"value": (own.value or 0.0) * change.factor, "factor": None})


def _classes(request: PlanRequest, changes: Changes, catalogue: Catalogue) -> Placed:
    found: Placed = [(entry, "") for entry in request.deployments.classes]
    at = {_pair(entry, catalogue): k for k, (entry, _) in enumerate(found)}
    for i, slip in enumerate(changes.slips):
        where, pair = f"/slips/{i}", _pair(slip, catalogue)
        if pair in at and not found[at[pair]][1]:
            found[at[pair]] = (found[at[pair]][0].model_copy(update={"slip_months": slip.months}), where)
        else:
            found.append((StackClass(stack=slip.stack, city=slip.city, slip_months=slip.months), where))
    return found


def _pair(entry: StackInCity, catalogue: Catalogue) -> tuple[str, str]:
    try:
        city = resolve_city(catalogue, entry.city)
        return resolve_stack(catalogue, entry.stack, city), city
    except RequestError:
        return entry.stack, entry.city


LookUp = Callable[[PlanRequest, Catalogue], "tuple[Scope, list[Fault]]"]


def scenario_faults(request: PlanRequest, catalogue: Catalogue, look_up: LookUp) -> Iterator[Fault]:
    """Yield what is wrong with the scenario sets of a request that has no other fault.

    ``look_up`` judges a request (:func:`fleetplan.scope.resolve.look_up`).
    """
    first: dict[str, int] = {}
    for k, one in enumerate(request.scenario_sets):
        where = f"/scenario_sets/{k}"
        if first.setdefault(one.id, k) != k:
            what = f"{one.id!r} is the id of /scenario_sets/{first[one.id]} already"
            yield Fault(f"{where}/id", what, "an id of its own", f"write {one.id}-2, for example")
        yield from _known_from(request, one, where)
        if one.sample is not None and one.sample.permits and request.permit_durations not in LATE:
            what = f"draws how late permits come, and permit_durations {request.permit_durations} lets none be late"
            remedy = "set permit_durations: median, or permits: false"
            yield Fault(f"{where}/sample/permits", what, "permit_durations median or careful", remedy)
        for place, changes in _changes(one):
            composed = compose(request, changes, catalogue)
            for fault in look_up(composed.request, catalogue)[1]:
                at = f"{where}{place}{composed.where(fault)}"
                yield Fault(at, fault.what, fault.allowed, fault.remedy)


def _changes(one: ScenarioSet) -> Iterator[tuple[str, Changes]]:
    for i, case in enumerate(one.cases):
        yield f"/cases/{i}", case
    for i, shock in enumerate(one.sample.shocks if one.sample is not None else ()):
        yield f"/sample/shocks/{i}", shock


def _known_from(request: PlanRequest, one: ScenarioSet, where: str) -> Iterator[Fault]:
    grid, month = request.grid, month_number(one.known_from)
    if not grid.start < month < grid.end:
        first, last = month_text(grid.start + 1), month_text(grid.end - 1)
        yield Fault(
            f"{where}/known_from",
            f"{one.known_from} lies outside the months of which some come before and some after",
            f"{first} to {last}",
            f"write {first}, for example",
        )
