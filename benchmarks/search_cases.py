"""What the optimizer's benchmark solves, and how fast it is promised to be.

A change of a rerun is made from the parent plan, so that it binds whatever that plan is: supply is cut below the fleet that was
planned, the cap lies below it, a launch is put elsewhere than it was. Each run tells how far the plan moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.portfolio import request_of
from benchmarks.portfolio_files import Recipe
from fleetplan.months import month_number, month_text
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.request import read_data

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MARKS = (0.05, 0.02, 0.01, 0.005, 0.001)
"""Relative gaps whose first proof is timed."""

LIMIT_S = 120.0
GAP = 0.0005  # where a search stops: below the least mark
RERUN_GAP, RERUN_S = 0.01, 60.0
MOVED_SHARE = 0.05  # of the vehicles at the end, shifted: a change that moves no launch and fewer is a poor one
FASTER = 5.0  # times, that a rerun is promised to be faster than planning anew

Patch = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Promise:
    """Seconds until a first plan, and until each of some gaps is proven."""

    first_s: float
    proven: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One problem.

    Attributes
    ----------
    change
        Makes the patch of a rerun from its parent plan; a case without one is planned from nothing.
    recipe
        The portfolio whose catalogue it reads; the real catalogue without one.
    stop_after_s
        When to ask the search to stop, counted from its first plan.
    """

    name: str
    request: Mapping[str, Any]
    promise: Promise
    seconds: float = LIMIT_S
    gap: float = GAP
    change: Callable[[Plan], Patch] | None = None
    recipe: Recipe | None = None
    stop_after_s: float | None = None


def example(name: str, **changed: Any) -> dict[str, Any]:
    """Return an example's request with some members replaced."""
    return {**read_data(EXAMPLES / f"{name}.yaml"), **changed}


# --- changes that bind ------------------------------------------------------------------------------------------------


def budget_cut(parent: Plan) -> Patch:
    """Give a fifth less capital than the plan needs where it needs most."""
    budget = parent.request.capital.per_quarter_usd
    assert isinstance(budget, int | float)
    quarters = [given / budget for given in parent.cumulated_budget_usd]
    need = max(spent / count for spent, count in zip(accumulate(parent.capital_usd), quarters, strict=True))
    return {"capital": {"per_quarter_usd": round(0.8 * need)}}


def permits_late(parent: Plan) -> Patch:
    """Lengthen London's permits by half a year; the largest city's, where London is not planned."""
    planned = {city.city for city in parent.cities if city.launch}
    city = "london" if "london" in planned else _largest(parent).city
    return {"constraints": {"late": {"type": "permit_delay", "city": city, "months": 6}}}


def supply_cut(parent: Plan) -> Patch:
    """Cut the supply of the stack that uses it most to three fifths of what was planned."""

    def use(stack: str) -> float:
        fleet = next(s for s in parent.stacks if s.stack == stack)
        return max((v / c for v, c in zip(fleet.in_service, fleet.ceiling, strict=True) if c), default=0.0)

    stack = max((s.stack for s in parent.stacks), key=use)
    change = {"type": "supply_change", "stack": stack, "factor": round(0.6 * use(stack), 4)}
    return {"constraints": {"scarce": change}}


def fleet_capped(parent: Plan) -> Patch:
    """Allow a quarter fewer vehicles than planned at the end."""
    return {"constraints": {"cap": {"type": "fleet_cap", "vehicles": int(0.75 * parent.kpis.vehicles_end)}}}


def launch_moved(parent: Plan) -> Patch:
    """Let the largest deployment open half a year later than planned at the earliest; fixed to a month, it may have no plan."""
    largest = _largest(parent)
    month = month_text(month_number(largest.launch) + 6)
    pair = {"stack": largest.stack, "city": largest.city}
    return {"constraints": {"then": {"type": "launch_not_before", **pair, "month": month}}}


def fare_raised(parent: Plan) -> Patch:
    """Raise the fare of a city that stays out by half, as a market that was thought too poor is found to be: it may open."""
    city = _left_out(parent)
    return {"overrides": {f"{city}/city.toml#market.mean_fare_local": {"factor": 1.5}}}


def rate_lowered(parent: Plan) -> Patch:
    """Ask for what a bond earns in place of a company: more is worth beginning."""
    return {"discount_rate": round(0.4 * parent.request.discount_rate, 4)}


def city_forced(parent: Plan) -> Patch:
    """Open a city that stays out with the largest deployment's stack, whatever it costs."""
    return {
        "constraints": {
            "there": {"type": "force_deployment", "city": _left_out(parent), "stack": _largest(parent).stack}
        }
    }


def _left_out(parent: Plan) -> str:
    """Return a city that stays out: Houston where it does, whose law allows the service already."""
    out = [c for c in parent.cities if not c.deployments]
    return min(out, key=lambda c: (c.city != "houston", c.city)).city


def _largest(parent: Plan) -> DeploymentPlan:
    """Return the deployment with most vehicles at the end."""
    return max(deployments_of(parent).values(), key=lambda d: (d.vehicles[-1], d.city, d.stack))


CHANGES: dict[str, Callable[[Plan], Patch]] = {
    "budget": budget_cut,
    "permits": permits_late,
    "supply": supply_cut,
    "cap": fleet_capped,
    "launch": launch_moved,
    "fare": fare_raised,
    "rate": rate_lowered,
    "force": city_forced,
}

# --- cases ------------------------------------------------------------------------------------------------------------


def cases() -> dict[str, Case]:
    """Return every case by name, the parent of the reruns (``reference``) first."""
    reference = example("uber-2027")
    small = Promise(2.0, {0.001: 30.0})
    horizon = {**reference["horizon"], "single_months": 48}
    found = [
        Case("reference", reference, Promise(2.0, {0.01: 10.0, 0.001: 60.0})),
        Case("tight-budget", example("tight-budget"), small),
        Case("ten-markets", example("ten-markets"), small),
        Case("one-city", {**reference, "cities": ["bay-area"]}, small),
        Case("two-cities", {**reference, "cities": ["bay-area", "london"]}, small),
        Case("single-months", {**reference, "horizon": horizon}, Promise(5.0, {0.01: 60.0})),
        *(rerun(name, change, reference) for name, change in CHANGES.items()),
        portfolio(Recipe(cities=30, stacks=12), Promise(10.0, {0.01: 60.0}), LIMIT_S),
        portfolio(Recipe(cities=100, stacks=20, months=60, single_months=24), Promise(60.0, {0.02: 600.0}), 600.0),
        Case("cancel", example("tight-budget"), Promise(2.0), stop_after_s=4.0),
    ]
    return {case.name: case for case in found}


def rerun(name: str, change: Callable[[Plan], Patch], reference: Mapping[str, Any]) -> Case:
    """Return the case of a rerun after one change."""
    return Case(f"rerun-{name}", reference, Promise(1.0, {0.01: 3.0}), RERUN_S, RERUN_GAP, change)


def portfolio(recipe: Recipe, promise: Promise, seconds: float) -> Case:
    """Return the case of a portfolio."""
    return Case(f"portfolio-{recipe.cities}", request_of(recipe), promise, seconds, recipe=recipe)
