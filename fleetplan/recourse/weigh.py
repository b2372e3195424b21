"""What plans of single scenarios say together: policies, what they are worth, the bound, regret. Nothing is solved here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.months import month_number
from fleetplan.plans.types import Plan
from fleetplan.recourse.commitments import AT_MOST, Counts, Pair, decided_by, decided_together, run_by, same
from fleetplan.recourse.idle import Key
from fleetplan.recourse.measure import mean, objective_of, tail_mean
from fleetplan.recourse.types import Decided, Launch, Outcome, Policy, PolicyName, Recourse, Regret, Scenario
from fleetplan.request import ScenarioSet

HALF = 0.5
"""Of what scenarios count: what most of them decide."""


@dataclass(frozen=True, eq=False)
class Followed:
    """What is decided for all, and the plan of each scenario that follows it, as far as they are known."""

    name: PolicyName
    counts: Counts
    plans: dict[str, Plan] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Work:
    """A scenario set with all that is known of it.

    Attributes
    ----------
    plan
        The request's own.
    perfect
        By scenario its best plan, as though it were known from the start.
    settled
        The pairs of stack and city that no scenario touches before the month (:mod:`fleetplan.recourse.settled`).
    tests
        By pair the vehicles that its programme tests with, the fewest of all scenarios.
    """

    one: ScenarioSet
    scenarios: Sequence[Scenario]
    plan: Plan
    perfect: Mapping[str, Plan]
    settled: Sequence[Pair] = ()
    tests: Mapping[Pair, int] = field(default_factory=dict)

    @property
    def probabilities(self) -> list[float]:
        """Of the scenarios, in their order."""
        return [scenario.probability for scenario in self.scenarios]

    def next_policy(self, tried: Sequence[Followed], agreed: Sequence[tuple[float, Plan]] = ()) -> Followed | None:
        """Return what may be decided for all besides what was tried, the plans in it that fit already; None: nothing more.

        The request's own plan comes first; the others follow from the plans of single scenarios, all of which must be known.

        Parameters
        ----------
        agreed
            What each scenario counts, and its plan at prices at which the scenarios come close to deciding the same.
        """
        for name, counts in self._candidates(tried, agreed):
            if not any(same(counts, known.counts) for known in tried):
                fits = [s.id for s in self.scenarios if s.id in self.perfect and same(self._own[s.id], counts)]
                return Followed(name, counts, {scenario: self.perfect[scenario] for scenario in fits})
        return None

    @cached_property
    def _own(self) -> dict[str, Counts]:
        return {scenario: self._counts(plan) for scenario, plan in self.perfect.items()}

    @cached_property
    def _each(self) -> list[tuple[float, Counts]]:
        return [(s.probability, self._own[s.id]) for s in self.scenarios]

    def _candidates(
        self, tried: Sequence[Followed], agreed: Sequence[tuple[float, Plan]]
    ) -> Iterator[tuple[PolicyName, Counts]]:
        yield "plan", self._counts(self.plan)
        held = self._held(self._each)
        idle = {key: np.zeros_like(numbers) for key, numbers in held.items() if key[0] not in AT_MOST}
        yield "worth", {**self._worth({}), **held}
        if agreed:
            each = [(weight, self._counts(plan)) for weight, plan in agreed]
            yield "agreed", {**self._without(decided_together(each, HALF)), **self._held(each)}
        yield "every", {**self._without(decided_together(self._each, 0.0)), **held}
        yield "wait", idle
        waiting = next((one.plans for one in tried if one.name == "wait"), {})
        if len(waiting) == len(self.scenarios):
            yield "timely", {**self._worth(waiting), **held}
            yield "timely", {**self._worth(waiting), **idle}

    def _worth(self, waiting: Mapping[str, Plan]) -> Counts:
        """Return all that scenarios which use a city decide there, where they gain more by it than the others lose.

        Parameters
        ----------
        waiting
            Plans that decide nothing before the month: gained is what is better than these; empty: all that the city is worth.
        """
        chosen: dict[Key, NDArray[np.int64]] = {}
        buying: dict[str, set[int]] = {}
        for city in sorted({key[2] for _, counts in self._each for key in counts if key[2]}):
            own = [(p, {key: n for key, n in counts.items() if self._of_city(key, city)}) for p, counts in self._each]
            users = [k for k, (_, counts) in enumerate(own) if counts]
            if not users or self._gain(city, users, waiting) <= self._idle(city, users):
                continue
            chosen.update(_by_any([own[k] for k in users]))
            for k in users:
                for stack in {key[1] for key in own[k][1] if key[0] == "programme"}:
                    buying.setdefault(stack, set()).add(k)
        for stack, users_of in buying.items():
            key = ("purchase", stack, "", 0)
            chosen.update(
                _by_any([(p, {key: c[key]}) for p, c in (self._each[k] for k in sorted(users_of)) if key in c])
            )
        return {key: numbers for key, numbers in sorted(chosen.items()) if key[1:3] not in self.settled}

    def _of_city(self, key: Key, city: str) -> bool:
        return key[2] == city and key[0] in AT_MOST

    def _gain(self, city: str, users: Sequence[int], waiting: Mapping[str, Plan]) -> float:
        gains = 0.0
        for k in users:
            scenario = self.scenarios[k]
            before = worth_of_city(waiting[scenario.id], city) if waiting else 0.0
            gains += scenario.probability * (worth_of_city(self.perfect[scenario.id], city) - before)
        return gains

    def _idle(self, city: str, users: Sequence[int]) -> float:
        """Return what is lost in the scenarios that do not use a city, by what those that do spend on it before the month."""
        spent = [spent_before(self.perfect[self.scenarios[k].id], city, self.one.known_from) for k in users]
        others = 1.0 - sum(self.scenarios[k].probability for k in users)
        return others * sum(spent) / len(spent)

    def _counts(self, plan: Plan) -> Counts:
        until = self.one.known_from
        return {**decided_by(plan, until), **run_by(plan, until, self.settled)}

    def _held(self, each: Sequence[tuple[float, Counts]]) -> Counts:
        """Return what the plans of most cases do with the settled pairs: areas and fleets that stand exactly so go together."""
        weights: list[tuple[float, Counts]] = []
        for weight, counts in each:
            own = {key: numbers for key, numbers in counts.items() if key[1:3] in self.settled}
            known = next((k for k, (_, other) in enumerate(weights) if same(own, other)), None)
            if known is None:
                weights.append((weight, own))
            else:
                weights[known] = (weights[known][0] + weight, own)
        return max(weights, key=lambda pair: pair[0])[1]

    def _without(self, counts: Counts) -> Counts:
        return {key: numbers for key, numbers in counts.items() if key[1:3] not in self.settled}

    def weighed(self, followed: Sequence[Followed], prices_usd: float = np.inf) -> Recourse:
        """Return what is found, of policies of which the plan of every scenario is known; the first is the request's own.

        Parameters
        ----------
        prices_usd
            A bound on the objective of every policy that was proven by prices.
        """
        perfect = [_outcome(scenario.id, self.perfect[scenario.id]) for scenario in self.scenarios]
        policies = [self._policy(one) for one in followed]
        own = next((policy for policy in policies if policy.name == "plan"), None)
        best = max(policies, key=lambda policy: policy.objective_usd)
        by_perfect = objective_of(self.one, self.probabilities, [one.bound_usd for one in perfect])
        bound = max(min(by_perfect, prices_usd), best.objective_usd)
        perfect_usd = objective_of(self.one, self.probabilities, [one.value_usd for one in perfect])
        return Recourse(
            set_id=self.one.id,
            known_from=self.one.known_from,
            objective=self.one.objective,
            weight=self.one.weight,
            tail=self.one.tail,
            scenarios=list(self.scenarios),
            perfect=perfect,
            policies=policies,
            best=best.name,
            perfect_usd=perfect_usd,
            bound_usd=bound,
            bound_by="prices" if prices_usd < by_perfect else "perfect",
            gained_usd=None if own is None else best.objective_usd - own.objective_usd,
            knowing_usd=max(0.0, perfect_usd - best.objective_usd),
            knowing_most_usd=by_perfect - best.objective_usd,
            gap=(bound - best.objective_usd) / max(abs(best.objective_usd), 1.0),
            regrets=[_regret(one, other) for one, other in zip(perfect, best.outcomes, strict=True)],
        )

    def _policy(self, one: Followed) -> Policy:
        outcomes = [_outcome(scenario.id, one.plans[scenario.id]) for scenario in self.scenarios]
        values = [outcome.value_usd for outcome in outcomes]
        return Policy(
            name=one.name,
            decided=self._decided(one),
            outcomes=outcomes,
            expected_usd=mean(self.probabilities, values),
            tail_usd=tail_mean(self.probabilities, values, self.one.tail),
            objective_usd=objective_of(self.one, self.probabilities, values),
        )

    def _decided(self, one: Followed) -> list[Decided]:
        """Return each thing decided, in the month in which it grows first and to the most that it reaches."""
        until = self.one.known_from
        own = [decided_by(one.plans[scenario.id], until) for scenario in self.scenarios]
        always = sum(self.probabilities)
        labels, found = self.plan.periods, []
        for key, counts in one.counts.items():
            what, stack, city, level = key
            if not counts.any():
                continue
            most = int(counts.sum() if what == "purchase" else counts.max())
            held = [int((c[key].sum() if what == "purchase" else c[key].max()) if key in c else 0) for c in own]
            used = sum(p for p, count in zip(self.probabilities, held, strict=True) if count >= most)
            used = used if what in AT_MOST else always
            month = labels[int(np.flatnonzero(counts)[0])]
            found.append(
                Decided(
                    what=what,
                    stack=stack,
                    city=city,
                    level=level,
                    month=month,
                    count=most,
                    used=min(1.0, round(used, 9)),
                )
            )
        return sorted(found, key=lambda d: (d.month, d.city, d.stack, d.what, d.level))


def _by_any(pairs: Sequence[tuple[float, Counts]]) -> Counts:
    """Return all that any of some cases decides: to begin late costs more than to begin early."""
    return decided_together(pairs, 0.0) if pairs else {}


def worth_of_city(plan: Plan, city: str) -> float:
    """Return what a plan is worth in a city, USD."""
    return sum(one.npv_usd for one in plan.cities if one.city == city)


def spent_before(plan: Plan, city: str, until: str) -> float:
    """Return what a plan spends on a city before a month: by its own lines, its services' and those of their stacks' vehicles."""
    count = sum(month_number(label) < month_number(until) for label in plan.periods)
    own = next(one for one in plan.cities if one.city == city)
    stacks = {d.stack for d in own.deployments}
    lines = [own.city_lines_usd, *(d.lines_usd for d in own.deployments)]
    lines += [fleet.lines_usd for fleet in plan.stacks if fleet.stack in stacks]
    return -sum(sum(usd[:count]) for by_line in lines for usd in by_line.values())


def _outcome(scenario: str, plan: Plan) -> Outcome:
    given_up, within = plan.certificate.method.given_up_usd or 0.0, plan.certificate.method.weighed_bound_usd
    return Outcome(
        scenario=scenario,
        npv_usd=plan.objective,
        given_up_usd=given_up,
        bound_usd=plan.bound if within is None else within,
        launches=[
            Launch(
                city=city.city,
                launch=city.launch,
                stacks=sorted(d.stack for d in city.deployments if d.launch),
                vehicles_end=sum(d.vehicles[-1] for d in city.deployments),
                npv_usd=city.npv_usd,
            )
            for city in plan.cities
            if city.launch
        ],
        vehicles_end=plan.kpis.vehicles_end,
    )


def _regret(perfect: Outcome, chosen: Outcome) -> Regret:
    before, after = ({launch.city: launch.npv_usd for launch in one.launches} for one in (perfect, chosen))
    by_city = {city: before.get(city, 0.0) - after.get(city, 0.0) for city in sorted(before.keys() | after.keys())}
    total = perfect.value_usd - chosen.value_usd
    rest = total - sum(by_city.values())
    found = {city: round(usd, 2) for city, usd in by_city.items() if abs(usd) >= 1.0}
    return Regret(
        scenario=perfect.scenario,
        regret_usd=total,
        by_city_usd=found | ({"": round(rest, 2)} if abs(rest) >= 1.0 else {}),
    )
