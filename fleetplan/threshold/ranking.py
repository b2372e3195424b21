"""Which figures are turned where none is named: those that move the plan most within their ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books
from fleetplan.doubt.shifts import in_curves
from fleetplan.doubt.tornado import tornado
from fleetplan.doubt.types import Tornado
from fleetplan.errors import RequestError
from fleetplan.plans.types import Plan
from fleetplan.service.types import CityService
from fleetplan.threshold.dials import Question, dial_of
from fleetplan.threshold.types import Dial

MOST = 5


def matter_most(
    plan: Plan,
    catalogue: Catalogue,
    services: Mapping[str, CityService],
    known: Tornado | None = None,
    most: int = MOST,
) -> list[Dial]:
    """Return the dials of the figures that move a plan most, the widest bar first; ``known`` is its tornado where it was made.

    Figures in the response curves are left out: each value of one would need streets and trips made anew.
    """
    bars = (known or tornado(Books.of(plan, catalogue, services))).bars
    found: list[Dial] = []
    for key in (bar.key for bar in bars if not in_curves(bar.key)):
        if len(found) == most:
            break
        found.extend(_dials(key, plan, catalogue))
    return found


def _dials(key: str, plan: Plan, catalogue: Catalogue) -> Iterator[Dial]:
    try:
        dial = dial_of(Question(key=key), plan, catalogue)
    except RequestError:  # its range is one that no request could ask for
        return
    if dial.steps_down or dial.steps_up:
        yield dial
