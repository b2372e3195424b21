"""Whether and when something opens, in words: a deployment that begins and never opens is neither open nor left out."""

from __future__ import annotations

from fleetplan.plans.types import CityRollout, DeploymentPlan
from fleetplan.words.values import month_name

SHUT = "begun, never opens"


def opens(launch: str | None) -> str:
    """Return when a deployment opens.

    >>> opens("2027-04"), opens("")
    ('opens Apr 2027', 'never opens')
    """
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
