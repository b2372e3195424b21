"""Which constraints of an infeasible request clash, and which standing rules stand against them.

A deletion filter over business groups (each constraint of the request, the capital budget, the cash floor): drop one group
after another and keep it dropped whenever the rest still has no plan; what cannot be dropped is a minimal conflict. First in
fractions, where a trial is one warm linear programme; in whole numbers where fractions have a solution and no plan is there.
All conflicts come from a hitting-set tree: without each party of one, look for the next. Where nothing is left, what was
dropped is a *correction*: without these parties the rest has a plan.

With a conflict alone, the same filter over the standing rules (supply, growth, stalls, caps ...) and over what the request
takes as given (delays, events, supply changes) finds what stands against it. Solver-level infeasible subsets would name
thousands of bounds instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from fleetplan.facts import Conflict, Firmness, Party, PartyKind, RuleKind, RuleLimit
from fleetplan.months import Grid, month_number, month_text
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import outlook_of, paths_of
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Ints, Model
from fleetplan.optimize.otherwise import Asked
from fleetplan.optimize.rules import Rule
from fleetplan.optimize.solve import solve
from fleetplan.optimize.trials import VERDICTS, Deadline, Trials, Verdict, giving_way, groups_of
from fleetplan.permits.limits import Allowed, ruled_out
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import FleetFloor, LaunchFixed, MinimumTrips
from fleetplan.request.members import has_window

EXPLAIN_S = 20.0
MOST_CONFLICTS, MOST_SETS = 8, 60
MANY = 8  # parties: so many are dropped one by one
LIMIT_KINDS = frozenset({"law", "operation", "partner"})
UNQUESTIONED = frozenset(
    {"launch_order", "permit_path", "permit_area", "response_curve", "demand", "city_demand", "depot_site"}
)
"""Rules that say how the world works; leaving one out would make a plan of another world. Permits are told as months instead."""

WORLD = ("permit_path", "permit_area", "vehicles_max", "demand", "response_curve")
"""Of these, in this order, what stands against a size that no other rule does: when permits come, how far a fleet is known."""

MONEY_PARTIES: dict[str, PartyKind] = {"capital": "capital", "cash_floor": "cash_floor"}
PLAINEST = ("line_capacity", "supply_yearly_cap", "permit_cap", "owned_fleet", "stack_supply")
"""Where several rules would do, these are named: what can be had and what law allows is plainer than how a service grows."""

PRICED = 1e-7  # of the highest price of a row: below, it has none
AGAINST_S = 4.0
"""Seconds for what stands against a conflict: nothing is said of it where that is not enough."""


@dataclass(frozen=True, slots=True)
class Clashing:
    """Groups that have no plan together; see :class:`fleetplan.facts.Conflict` for ``proof`` and ``narrowed``."""

    names: frozenset[str]
    proof: Literal["relaxation", "whole"]
    narrowed: bool


@dataclass(frozen=True, slots=True)
class Clashes:
    """Every conflict found, and the smallest sets of parties without which the rest has a plan, smallest first.

    ``settled`` says that there is no further conflict: without each set of parties the rest was proven to have a plan.
    """

    found: tuple[Clashing, ...]
    corrections: tuple[frozenset[str], ...]
    settled: bool


def clashes_of(trials: Trials, by_permits: Iterable[str] = ()) -> Clashes:
    """Return the conflicts of a request without a plan, as far as they are found in time.

    ``by_permits`` are constraints that permits alone rule out: each is a conflict by itself, for which no trial is needed.
    """
    found = [Clashing(frozenset({name}), "relaxation", narrowed=True) for name in by_permits]
    corrections: list[frozenset[str]] = []
    _without_each(trials)
    waiting: list[frozenset[str]] = [frozenset()]
    seen, settled = set(waiting), True
    while waiting:
        dropped = waiting.pop(0)
        if any(corrected <= dropped for corrected in corrections):
            continue
        known = next((c for c in found if not c.names & dropped), None)
        if known is None:
            if len(found) >= MOST_CONFLICTS or len(seen) > MOST_SETS:
                settled = False
                continue
            verdict, known = _clash(trials, dropped)
            if verdict == "plan":
                corrections.append(dropped)
                continue
            if known is None:
                settled = False
                continue
            found.append(known)
            if not known.names:  # without anything that is asked there is no plan either
                break
        further = [dropped | {name} for name in sorted(known.names)]
        waiting += [one for one in further if one not in seen]
        seen.update(further)
    return Clashes(tuple(found), tuple(corrections), settled)


def _without_each(trials: Trials) -> None:
    """Look for a party without which there is no plan either: that there is none with it follows, and is dear to see by itself.

    What trials found out they keep.
    """
    for name in sorted(trials.groups, reverse=True) if len(trials.groups) <= MANY else ():
        if trials.relaxed(Asked(frozenset({name}))) == "none":
            return


def _clash(trials: Trials, dropped: frozenset[str]) -> tuple[Verdict, Clashing | None]:
    """Return whether there is a plan without some groups, and if there is none, which of the rest clash."""
    verdict = trials.relaxed(Asked(dropped))
    if verdict == "none":
        return verdict, _both(trials, dropped)
    if verdict == "plan":
        verdict = trials.whole(Asked(dropped))
    if verdict != "none":
        return verdict, None
    every = sorted(trials.groups, reverse=True)
    names, narrowed = _filtered(every, dropped, lambda without: trials.whole(Asked(frozenset(without))))
    return verdict, Clashing(names, "whole", narrowed)


def _both(trials: Trials, dropped: frozenset[str]) -> Clashing:
    """Return a conflict of a problem that has no solution even in fractions, minimal in whole numbers as well."""
    every = sorted(trials.groups, reverse=True)
    names, sure = _filtered(every, dropped, lambda without: trials.relaxed(Asked(frozenset(without))))
    rest = frozenset(trials.groups) - names
    fewer, narrowed = (names, sure)
    if len(names) > 1:
        fewer, narrowed = _filtered(
            sorted(names, reverse=True), rest, lambda without: trials.whole(Asked(frozenset(without)))
        )
    return Clashing(fewer, "relaxation" if fewer == names else "whole", sure and narrowed)


def _filtered(
    names: Collection[str], dropped: Collection[str], verdict: Callable[[Collection[str]], Verdict]
) -> tuple[frozenset[str], bool]:
    """Return a minimal set of names that have no plan without the rest, and whether each is shown to be needed.

    Where there are many, they are dropped by halves: of four hundred most go at a stroke.
    """
    gone, sure = set(dropped), True
    every = [name for name in names if name not in gone]
    waiting = [every] if len(every) > MANY else [[name] for name in every]
    while waiting:
        some = waiting.pop(0)
        told = verdict({*gone, *some})
        if told == "none":
            gone.update(some)
        elif len(some) > 1:
            waiting = [some[: len(some) // 2], some[len(some) // 2 :], *waiting]
        else:
            sure = sure and told != "unknown"
    return frozenset(names) - gone, sure


# --- what stands against it ---


@dataclass(frozen=True, eq=False)
class _Rules:
    """A conflict's problem in fractions, with the rows of standing rules; solved from scratch, which presolve makes quick."""

    model: Model
    rows: Mapping[str, Ints]
    deadline: Deadline

    def verdict(self, without: Collection[str]) -> Verdict:
        """Return whether there is a solution without some rules."""
        if self.deadline.over:
            return "unknown"
        freed = self.model.loosened(np.concatenate([np.zeros(0, np.int64), *(self.rows[name] for name in without)]))
        free = replace(freed, cost=np.zeros(freed.columns))
        answer = solve(free, relax=True, time_limit_s=self.deadline.left_s, stop=self.deadline.stop)
        return VERDICTS[answer.status]

    def needless(self, asked: Ints) -> frozenset[str]:
        """Return rules without which there is no solution either: at a stroke, where dropping them one by one takes many trials.

        Let the rows that are ``asked`` give way as little as they must: rules whose rows have no price then are not what keeps
        them from less. One further trial confirms it; none is returned where it does not.
        """
        model, left_s = self.model, self.deadline.left_s
        limited = np.isfinite(model.row_lower[asked]) | np.isfinite(model.row_upper[asked])
        if self.deadline.over or not limited.any():
            return frozenset()
        way = np.where(np.isfinite(model.row_lower[asked]), 1.0, -1.0)[limited]
        free = giving_way(replace(model, cost=np.zeros(model.columns)), [(asked[limited], way)], [1.0])
        prices = solve(free, relax=True, time_limit_s=left_s, stop=self.deadline.stop).row_duals
        if prices is None:
            return frozenset()
        priced = np.abs(prices) > PRICED * np.abs(prices).max(initial=0.0)
        found = frozenset(key for key, index in self.rows.items() if not priced[index].any())
        return found if self.verdict(found) == "none" else frozenset()


def standing_against(
    formulation: Formulation, names: Collection[str], deadline: Deadline | None = None
) -> list[RuleLimit]:
    """Return a minimal set of standing rules that leave a conflict no solution in fractions, by the order of the rules.

    None where fractions have a solution, or where the time ran out before the set was minimal.
    """
    deadline = deadline or Deadline.after(EXPLAIN_S)
    groups = groups_of(formulation)
    others = [rows for name, rows in groups.items() if name not in names]
    model = formulation.model.loosened(np.concatenate([np.zeros(0, np.int64), *others]))
    rules = [
        r for r in formulation.rules if not r.place.constraint and r.kind in LIMIT_KINDS and r.key not in UNQUESTIONED
    ]
    rows = {r.key: model.rows_where(lambda block, key=r.key: block.rule == key) for r in rules}  # type: ignore[misc]
    soon = Deadline.after(min(AGAINST_S, deadline.left_s), deadline.stop)
    world = _Rules(model, {key: index for key, index in rows.items() if len(index)}, soon)
    if world.verdict(()) != "none":
        return []
    first = sorted(world.rows, key=lambda key: (PLAINEST.index(key) if key in PLAINEST else -1, key))
    asked = np.concatenate([np.zeros(0, np.int64), *(rows for name, rows in groups.items() if name in names)])
    less_plain = frozenset(world.rows) - set(PLAINEST)  # where what is plainest is enough by itself
    needless = less_plain if world.verdict(less_plain) == "none" else world.needless(asked)
    kept, sure = _filtered(first, needless, world.verdict)
    if not sure:
        return []
    if not kept:
        return _of_the_world(formulation, names, {r.key for r in rules}, soon)
    found = [r for r in rules if r.key in kept]
    return [RuleLimit(rule=r.key, kind=_kind(r), says=r.sentence(formulation.instance)) for r in found]


def _of_the_world(
    formulation: Formulation, names: Collection[str], rules: Collection[str], deadline: Deadline
) -> list[RuleLimit]:
    """Return which of those rules that nobody questions leaves no fleet or trips of the size asked, were all the others gone.

    Nothing is said of conflicts that ask for anything else. Where none of them does by itself, more riders are asked for than
    there are.
    """
    i = formulation.instance
    asked = [c for c in i.scope.constraints if c.id in names]
    if len(asked) < len(names) or not all(isinstance(c, FleetFloor | MinimumTrips) for c in asked):
        return []
    for key in WORLD:
        if deadline.over:
            return []
        free = formulate(i, without={*rules, key}, loose=True)
        others = [rows for name, rows in groups_of(free).items() if name not in names]
        model = free.model.loosened(np.concatenate([np.zeros(0, np.int64), *others]))
        answer = solve(replace(model, cost=np.zeros(model.columns)), relax=True, time_limit_s=deadline.left_s)
        if VERDICTS[answer.status] == "plan":
            rule = next(r for r in formulation.rules if r.key == key)
            return [RuleLimit(rule=key, kind="law" if rule.kind == "law" else "operation", says=rule.sentence(i))]
    if any(isinstance(c, MinimumTrips) for c in asked):
        return [RuleLimit(rule="city_demand", kind="operation", says=riders_there(i))]
    return []


def riders_there(i: Instance) -> str:
    """Return how many riders there are at all in each city planned: nobody carries more."""
    most = [
        f"{max(k.surface.demand_trips_per_day for k in c.levels):,.0f} trips a day in {slug}"
        for slug, c in i.cities.items()
    ]
    return f"Riders are as many as a city's whole area has on a mean day, before they answer prices and waits: {', '.join(most)}"


def shared_period(grid: Grid, parties: Sequence[AnyConstraint]) -> list[str]:
    """Return first and last month of a period that two constraints share though their months do not; nothing elsewhere."""
    spans = [
        (months, {int(grid.period_of(m)) for m in months}) for months in (_months(grid, c) for c in parties) if months
    ]
    for (one, its), (other, others) in itertools.combinations(spans, 2):
        if (both := its & others) and not one & other:
            inside = list(grid.months_in(min(both)))
            return [month_text(inside[0]), month_text(inside[-1])]
    return []


def _months(grid: Grid, c: AnyConstraint) -> set[int]:
    """Return the months of the horizon that a constraint speaks of: its window, or the month that it fixes an opening to."""
    if isinstance(c, LaunchFixed):
        return {month_number(c.month)}
    if not has_window(type(c)):
        return set()
    return {grid.start + k for k in grid.singly.window(getattr(c, "start", None), getattr(c, "end", None))}


def _kind(rule: Rule) -> RuleKind:
    assert rule.kind != "definition"  # noqa: S101  # LIMIT_KINDS holds none
    return rule.kind


def given_in_the_way(instance: Instance, names: Collection[str], deadline: Deadline) -> list[str]:
    """Return a minimal set of delays, events and supply changes of the request without which a conflict would have a plan.

    None where the time ran out before they were found.
    """
    given = [c for c in instance.scope.constraints if c.given]

    def verdict(without: Collection[str]) -> Verdict:
        if deadline.over:
            return "unknown"
        taken = [c for c in given if c.id not in without]
        outlook = outlook_of(instance.world, paths_of(instance.scope, taken), taken)
        again = Trials(formulate(Instance(instance.world, outlook, instance.catalogued), apart=True), deadline)
        return again.relaxed(Asked(frozenset(again.groups) - frozenset(names)))

    everything = [c.id for c in given]
    if not given or verdict(everything) != "plan":
        return []
    kept, sure = _filtered(everything, (), verdict)
    return [name for name in everything if name in kept] if sure else []


# --- told ---


def allowed_by_permits(instance: Instance) -> Allowed:
    """Return what permits allow: the first period of paid service of each deployment, were every programme begun at once."""
    labels, months, uncovered = instance.grid.labels(), {}, set()
    for q in instance.deployments:
        paid = [np.flatnonzero(m.milestone.possible) for m in q.modes if m.fare_factor > 0]
        periods = [t for found in paid for t in found if q.area_can_open[t]]
        if periods:
            months[q.stack, q.city] = labels[min(periods)]
        elif any(len(found) for found in paid):
            uncovered.add((q.stack, q.city))
    admitted = {(q.stack, q.city) for q in instance.deployments}
    existing = sum(m.counts for m in instance.scope.catalogue.live_markets)
    return Allowed(admitted, months, labels[-1], existing, uncovered, instance.scope.cities)


def conflicts_told(instance: Instance, clashes: Clashes, deadline: Deadline) -> list[Conflict]:
    """Return conflicts with their parties and what stands against them, not yet said in words.

    One without parties where a request clashes with no constraint of its own, none where none was settled in time.
    """
    constraints = {c.id: c for c in instance.scope.constraints}
    allowed = allowed_by_permits(instance)
    firm: Firmness = instance.scope.request.capital.firmness or "policy"
    loose = cache(lambda: formulate(instance, loose=True))  # written down once, where some conflict needs it
    found = []
    for one in clashes.found:
        names = sorted(one.names)
        given = given_in_the_way(instance, names, deadline) if one.proof == "relaxation" else []
        parties = [
            allowed.party(constraints[n]) if n in constraints else Party(kind=MONEY_PARTIES[n], firmness=firm)
            for n in names
        ]
        parties += [allowed.party(constraints[n]) for n in given]
        plain = _by_permits_alone(parties, constraints) or any(n in MONEY_PARTIES for n in names)  # nothing is plainer
        asked = one.proof == "relaxation" and not plain
        against = standing_against(loose(), names, deadline) if asked else []
        period = shared_period(instance.grid, [constraints[n] for n in (*names, *given) if n in constraints])
        found.append(Conflict(parties=parties, against=against, proof=one.proof, narrowed=one.narrowed, period=period))
    return found


def _by_permits_alone(parties: Sequence[Party], constraints: Mapping[str, AnyConstraint]) -> bool:
    """Return whether permits by themselves rule out what one party asks: no other rule is needed against it."""
    counts = [getattr(constraints.get(p.constraint), "count", 0) for p in parties]
    return len(parties) == 1 and ruled_out(parties[0], counts[0])


def explain_infeasible(formulation: Formulation, seconds: float = EXPLAIN_S) -> list[Conflict]:
    """Return the minimal conflicts of a request, not yet said in words; one without parties if it clashes with no constraint.

    ``formulation`` is one in which a constraint acts through its own rows alone, so that freeing them frees it.
    """
    deadline = Deadline.after(seconds)
    return conflicts_told(formulation.instance, clashes_of(Trials(formulation, deadline)), deadline)
