"""How many markets a plan has where they come first: which cities count at which date, and what is proven of their number."""

from __future__ import annotations

from fleetplan.months import month_text
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.markets import MarketGoal as Counted
from fleetplan.optimize.markets import market_goals, market_steps
from fleetplan.optimize.search import SearchResult
from fleetplan.plans.types import MarketGoal, MarketsProof
from fleetplan.request.constraints import MarketsLive


def markets_proof(f: Formulation, result: SearchResult) -> MarketsProof | None:
    """Return the markets of a solution and what is proven of their number; None where value alone was searched for."""
    if result.markets is None:
        return None
    goals = [_goal(f, result.x, goal) for goal in market_goals(f.instance)]
    found = sum(len(goal.cities) for goal in goals)
    return MarketsProof(found=found, most=max(found, result.markets.most), goals=goals)


def _goal(f: Formulation, x: Array, goal: Counted) -> MarketGoal:
    i = f.instance
    targets = _targets(i, goal)
    elsewhere = sum(market.counts for market in i.scope.catalogue.live_markets)
    return MarketGoal(
        counts=goal.counts,
        by=max((target.by for target in targets), default=month_text(i.grid.end - 1)),
        period=i.grid.labels()[goal.period],
        existing=elsewhere if any(target.include_existing for target in targets) else 0,
        cities=[city for city, step in market_steps(f, goal).items() if x[step] > 0.5],
    )


def _targets(i: Instance, goal: Counted) -> list[MarketsLive]:
    """Return the targets that ask for a goal."""
    targets = [c for c in i.scope.constraints if isinstance(c, MarketsLive)]
    return [c for c in targets if (c.counts, i.grid.last_begun_by(c.by)) == (goal.counts, goal.period)]
