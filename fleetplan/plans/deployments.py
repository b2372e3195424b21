"""The deployments of a plan by key, and the periods in which years end."""

from __future__ import annotations

from collections.abc import Collection

from fleetplan.plans.types import DeploymentPlan, Plan


def _key(d: DeploymentPlan) -> str:
    return f"{d.stack}@{d.city}"


def deployments_of(plan: Plan) -> dict[str, DeploymentPlan]:
    """Return the deployments of a plan by ``stack@city``."""
    return {_key(d): d for city in plan.cities for d in city.deployments}


def year_ends(months: Collection[str]) -> dict[str, int]:
    """Return for each calendar year the last period that begins in it.

    >>> year_ends(["2027-07", "2027-10", "2028-01"])
    {'2027': 1, '2028': 2}
    """
    return {month[:4]: t for t, month in enumerate(months)}
