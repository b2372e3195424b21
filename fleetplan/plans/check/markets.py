"""The objective "markets first": which cities count at which date, how many that makes, and what is said of their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleetplan.months import month_number, month_text
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.report import Violation, say
from fleetplan.plans.types import MarketGoal, MarketsProof
from fleetplan.request.constraints import MarketsLive

RULE = "markets_first"


@dataclass(frozen=True)
class _Goal:
    """Whom a goal counts, when, and for which targets."""

    paid: bool
    period: int
    targets: tuple[MarketsLive, ...]

    def cities(self, case: Case) -> list[str]:
        """Return the cities with vehicles in service for such riders in the goal's period."""
        here = [d for d in case.deployed if self.period >= 0]
        return sorted(
            {
                d.row.city
                for d in here
                if (d.paid_vehicles(self.period) if self.paid else d.row.vehicles[self.period]) > 0
            }
        )

    def figures(self, case: Case) -> dict[str, object]:
        """Return what the plan has to say of the goal."""
        months = [month_number(target.by) for target in self.targets]
        elsewhere = any(target.include_existing for target in self.targets)
        return {
            "counts": "paid" if self.paid else "public",
            "by": month_text(max(months, default=case.end - 1)),
            "period": case.labels[self.period] if self.period >= 0 else "",
            "existing": sum(market.counts for market in case.catalogue.live_markets) if elsewhere else 0,
            "cities": self.cities(case),
        }


def _goals(case: Case) -> list[_Goal]:
    """Return one goal for all targets that count the same riders in the same period; without targets, the last period."""
    found: dict[tuple[bool, int], list[MarketsLive]] = {}
    for target in case.request.constraints:
        if isinstance(target, MarketsLive):
            begun = sum(start <= month_number(target.by) for start in case.starts)
            found.setdefault((target.counts == "paid", begun - 1), []).append(target)
    goals = [_Goal(paid, period, tuple(targets)) for (paid, period), targets in found.items()]
    return goals or [_Goal(paid=True, period=case.periods[-1], targets=())]


def check_markets_first(case: Case) -> Iterator[Violation]:
    """Yield markets that are counted otherwise than the plan and the request have it, and more said of them than can be."""
    told, wanted = case.plan.markets, case.request.objective == "markets_then_npv"
    if wanted and told is not None:
        yield from _counted(case, told)
        yield from _proven(case, told)
    elif wanted:
        yield Violation(
            RULE, "markets", say("the request puts markets first; the plan does not say how many it has"), 1.0
        )
    elif told is not None:
        yield Violation(RULE, "markets", say("the plan counts markets first; the request asks for value alone"), 1.0)


def _counted(case: Case, told: MarketsProof) -> Iterator[Violation]:
    goals = _goals(case)
    if len(told.goals) != len(goals):
        text = say("{} dates are counted; the request asks for {}", len(told.goals), len(goals))
        yield Violation(RULE, "markets.goals", text, abs(len(told.goals) - len(goals)))
    for k, (goal, have) in enumerate(zip(goals, told.goals, strict=False)):
        yield from _goal(case, k, goal, have)
    count = sum(len(goal.cities(case)) for goal in goals)
    if told.found != count:
        text = say("is {}; the cities with vehicles in service come to {}", told.found, count)
        yield Violation(RULE, "markets.found", text, abs(told.found - count))


def _goal(case: Case, k: int, goal: _Goal, have: MarketGoal) -> Iterator[Violation]:
    for name, want in goal.figures(case).items():
        given = getattr(have, name)
        if (sorted(given) if name == "cities" else given) != want:
            yield Violation(RULE, f"markets.goals.{k}.{name}", say("is {}; it comes to {}", given, want), 1.0)


def _proven(case: Case, told: MarketsProof) -> Iterator[Violation]:
    if told.most < told.found:
        text = say("no plan is said to have more than {}, and this one has {}", told.most, told.found)
        yield Violation(RULE, "markets.most", text, told.found - told.most)
    possible = sum(bool(case.admission.admitted(city)) for city in case.raw.cities) * len(_goals(case))
    if told.most > possible:
        text = say("is {}; the request admits stacks for {} at most", told.most, possible)
        yield Violation(RULE, "markets.most", text, told.most - possible)
    if case.plan.status in {"optimal", "within_gap"} and told.most > told.found:
        text = say(
            "the plan is called {}, and {} more markets are not ruled out", case.plan.status, told.most - told.found
        )
        yield Violation(RULE, "status", text, told.most - told.found)
