"""Whether and when something opens, in words: a deployment that begins and never opens is neither open nor left out."""

from __future__ import annotations

from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.words.values import month_name

SHUT = "begun, never opens"


def today_of(plan: Plan) -> str:
    """Return the month that a plan goes on from; empty where it is planned from nothing."""
    stands = plan.request.starting_state
    return "" if stands is None else stands.month


def opens(launch: str | None, today: str = "") -> str:
    """Return when a deployment opens, or since when it is open where a plan goes on from a later month.

    >>> opens("2027-04"), opens(""), opens("2027-04", "2028-01")
    ('opens Apr 2027', 'never opens', 'open since Apr 2027')
    """
    if launch and launch < today:
        return f"open since {month_name(launch)}"
    return f"opens {month_name(launch)}" if launch else "never opens"


def ends(d: DeploymentPlan) -> str:
    """Return when a service ends, to stand after when it opens; empty where it does not."""
    return f", ends {month_name(d.ended)}" if d.ended else ""


def is_shut(city: CityRollout) -> bool:
    """Return whether a city's programmes are begun and none of them opens."""
    return bool(city.deployments) and not city.launch


def state(city: CityRollout) -> str:
    """Return what becomes of a city: ``opens Apr 2027``, ``begun, never opens`` or ``stays out``."""
    if city.launch:
        return opens(city.launch)
    return SHUT if city.deployments else "stays out"


def briefly(city: CityRollout) -> str:
    """Return the month a city opens in, or what becomes of it instead."""
    return month_name(city.launch) if city.launch else state(city)
