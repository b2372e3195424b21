"""How long a plan may take, told from plans of similar size that this service has made before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.pages.shell import seconds_of
from api.store.contract import PlanRow
from fleetplan.errors import RequestError
from fleetplan.request import parse_request
from fleetplan.words.values import several, span_of_time, words_of_time

LOOKED_AT = 100
"""So many of the newest solved plans are looked at."""

SIMILAR = 1.6
"""Plans are of similar size when both their cities, and cities times periods, differ by less than this factor."""


def estimate(
    cities: int, periods: int, time_limit_s: float, all_cities: int, past: Iterable[PlanRow]
) -> dict[str, Any]:
    """Return how long plans of similar size took.

    Parameters
    ----------
    cities, periods
        How large the request is.
    all_cities
        How many cities a request considers that names none.
    past
        Solved plans; reruns among them are left out, they start from an earlier plan.
    """
    took = sorted(
        seconds
        for row in past
        if row.parent is None and (seconds := seconds_of(row)) is not None
        if _similar(row, cities, periods, all_cities)
    )
    last = f"The search stops after {words_of_time(time_limit_s)} at the latest; reading the cities and checking come on top."
    return {
        "plans": len(took),
        "least_s": took[0] if took else None,
        "most_s": took[-1] if took else None,
        "brief": _brief(took, time_limit_s),
        "sentence": f"{_history(took)} {last}",
    }


def _similar(row: PlanRow, cities: int, periods: int, all_cities: int) -> bool:
    try:
        request = parse_request(dict(row.request))
    except RequestError:  # stored by another version
        return False
    known = all_cities if request.cities is None else len(request.cities)
    had = known - len(request.exclude_cities)
    return _near(had, cities) and _near(had * len(request.grid), cities * periods)


def _near(one: int, other: int) -> bool:
    return 1 / SIMILAR < one / other < SIMILAR


def _history(took: list[float]) -> str:
    if not took:
        return "No plan of this size has been made here yet."
    if len(took) == 1:
        return f"A plan of this size took {words_of_time(took[0])} here."
    return f"{several(len(took), 'plan')} of this size took {span_of_time(took[0], took[-1])} here."


def _brief(took: list[float], time_limit_s: float) -> str:
    if not took:
        return f"search of {words_of_time(time_limit_s)} at most"
    return f"took {span_of_time(took[0], took[-1])} here before"
