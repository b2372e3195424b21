"""From an instance to its matrix: columns, then every rule's rows, then the objective."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fleetplan.optimize.instance import Flags, Instance
from fleetplan.optimize.ledger import Ledger
from fleetplan.optimize.matrix import Builder, Ints, Model
from fleetplan.optimize.reach import Reach, reach_of
from fleetplan.optimize.rules import STANDING_RULES, Problem, Rule, rules_for
from fleetplan.optimize.variables import Columns, columns_before, lay_out

SWITCHES = frozenset({"permit_path", "permit_area", "vehicles_max"})


WHOLE_TOLERANCE = 1e-6  # a bound nearer than this to a whole number is that number


@dataclass(frozen=True, eq=False)
class GivenUp:
    """A column for what is left undone of a commitment: ``count`` less what ``columns`` hold together, 0 at least."""

    column: int
    columns: Ints
    count: float


@dataclass(frozen=True, eq=False)
class Formulation:
    """An instance, its columns and its matrix (a maximisation of NPV in USD), the rules in it and the money booked."""

    instance: Instance
    columns: Columns
    model: Model
    rules: tuple[Rule, ...]
    ledger: Ledger
    partners: Ledger
    reach: Reach
    domain: Reach
    kept_sites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By city: depot sites that come first when the sites of a class are named, since an earlier plan has ordered them."""
    given_up: tuple[GivenUp, ...] = ()
    """What is committed before the plan and left undone by it."""


def formulate(
    instance: Instance, *, without: Collection[str] = (), loose: bool = False, apart: bool = False
) -> Formulation:
    """Write the whole problem down.

    Parameters
    ----------
    without
        Keys of rules (types of the request's constraints are keys too, and so are their ids) that are left out, rows and limits.
    loose
        Bound columns and switches by the months of permits and the largest fleets sampled only, without cuts: the same plans, a
        weaker relaxation, and every limit acts through its own rows alone, so that row prices say what it is worth.
    apart
        Let what the request asks act through its own rows alone, and bound by the standing rules as ever: without these rows it
        is the problem of a request that asks nothing, as tight as that.
    """
    rules = tuple(
        rule for rule in rules_for(instance) if not _names(rule) & set(without) and not (loose and rule.implied_by)
    )
    standing = [rule for rule in STANDING_RULES if not _names(rule) & set(without)]
    reach = reach_of(instance, [rule for rule in rules if _bounds(rule, loose=loose, apart=apart)])
    domain = curve_domain(instance, standing)
    builder = Builder()
    problem = Problem(
        instance, builder, lay_out(builder, instance, reach), Ledger(instance), Ledger(instance), reach, domain
    )
    for rule in rules:
        rule.write(problem)
    model = _in_whole_bounds(builder.finish(problem.ledger.costs(builder.size)), counted(problem.columns, builder.size))
    known = instance.standing
    sites = {} if known is None else {city: known.sites(city) for city in problem.columns.depots}
    model = model if known is None else model.loosened(_rows_done(problem, rules, model))
    return Formulation(instance, problem.columns, model, rules, problem.ledger, problem.partners, reach, domain, sites)


def _rows_done(p: Problem, rules: Sequence[Rule], model: Model) -> Ints:
    """Return the rows over nothing but columns of the periods done: what is done is judged by no rule.

    Rows that say what a column means stay, and those that say what was done.
    """
    stay = {
        r.key for r in rules if (r.kind in {"definition", "money"} and not r.implied_by) or r.key == "starting_state"
    }
    ahead = np.ones(model.columns, dtype=bool)
    ahead[columns_before(p.columns, p.instance.grid.done)] = False
    touched = model.matrix.astype(bool) @ ahead.astype(float) > 0
    judged = np.zeros(model.rows, dtype=bool)
    judged[model.rows_where(lambda block: block.rule not in stay)] = True
    return np.flatnonzero(judged & ~touched)


def counted(columns: Columns, size: int) -> Flags:
    """Return which columns count whole things: vehicles by mode, purchases, stalls, cars at public chargers."""
    found = np.zeros(size, dtype=bool)
    for own in columns.deployments:
        found[own.vehicles.ravel()] = True
        if own.public is not None:
            found[own.public] = True
    for bought in columns.bought.values():
        found[bought] = True
    for depot in columns.depots.values():
        found[depot.stalls.ravel()] = True
        found[depot.public.ravel()] = True
    return found


def _in_whole_bounds(model: Model, whole: Flags) -> Model:
    """Return a model whose columns of whole things have whole bounds: no plan is lost, and its relaxation is no weaker.

    HiGHS 1.16 calls problems infeasible that are not when a whole column's bound is a fraction (69.28 vehicles within reach).
    """
    lower = np.where(whole, np.ceil(model.lower - WHOLE_TOLERANCE), model.lower)
    upper = np.where(whole, np.floor(model.upper + WHOLE_TOLERANCE), model.upper)
    return replace(model, lower=lower, upper=np.maximum(lower, upper))


def _bounds(rule: Rule, *, loose: bool, apart: bool) -> bool:
    """Return whether a rule's limits bound columns and switches."""
    return (not loose or rule.key in SWITCHES) and not (apart and rule.place.constraint)


def formulated_apart(f: Formulation) -> Formulation:
    """Return a problem with what the request asks acting through its own rows alone: itself, where that bounds nothing else."""
    if reach_of(f.instance, [rule for rule in f.rules if _bounds(rule, loose=False, apart=True)]).same(f.reach):
        return f
    return formulate(f.instance, apart=True)


def _names(rule: Rule) -> set[str]:
    """Return the names with any of which a rule goes: its own, and those of the rules that imply it."""
    return {rule.key, rule.place.constraint, *rule.implied_by}


def curve_domain(instance: Instance, standing: Sequence[Rule]) -> Reach:
    """Return over which fleets and riders the response curves are read.

    What law, supply, stalls and growth as catalogued leave within reach, whatever the request asks for besides: a smaller domain
    bends less, so its hull is closer to the law, and a limit that is asked for never bends it. Where the request loosens the
    catalogue (earlier permits, more supply), the wider of the two.
    """
    now = reach_of(instance, standing, pauses=False)
    if instance.catalogued is instance.outlook:
        return now
    as_catalogued = Instance(instance.world, instance.catalogued, instance.catalogued)
    return now.at_least(reach_of(as_catalogued, standing, pauses=False))


def formulation_hash(formulation: Formulation) -> str:
    """Return the SHA-256 of a matrix: two formulations with the same hash have the same plans, values and bounds."""
    model, digest = formulation.model, hashlib.sha256()
    parts = (model.cost, model.lower, model.upper, model.whole, model.row_lower, model.row_upper)
    for part in (*parts, model.matrix.indptr, model.matrix.indices, model.matrix.data):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
