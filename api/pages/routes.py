"""Every router of the pages; addresses with fixed words come before those with a plan's id."""

from __future__ import annotations

from api.pages import (
    alternatives,
    assets,
    catalogue,
    city,
    comparison,
    doubt,
    evaluation,
    new_city,
    new_plan,
    plans,
    recourse,
    rerun,
    review,
    search,
    side_by_side,
    sign_in,
)

ROUTERS = (
    assets.router,
    sign_in.router,
    plans.router,
    new_plan.router,
    rerun.router,
    comparison.router,
    city.router,
    doubt.router,
    alternatives.router,
    evaluation.router,
    side_by_side.router,
    recourse.router,
    review.router,
    new_city.router,
    catalogue.router,
    search.router,
)
