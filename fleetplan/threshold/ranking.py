"""Which figures are turned where none is named: those that move the plan most within their ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books
from fleetplan.doubt.shifts import in_curves
from fleetplan.doubt.tornado import tornado, widest
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
    keys = (bar.key for bar in known.bars) if known is not None else _keys(Books.of(plan, catalogue, services))
    found: list[Dial] = []
    for key in (key for key in keys if not in_curves(key)):
        if len(found) == most:
            break
        found.extend(_dials(key, plan, catalogue))
    return found


def _keys(books: Books) -> Iterator[str]:
    """Yield the figures that move a plan, the widest bar first, then those that only break one of its rules at an end."""
    moving = widest(books)
    yield from moving
    yield from (bar.key for bar in tornado(books).bars if bar.key not in moving)


def _dials(key: str, plan: Plan, catalogue: Catalogue) -> Iterator[Dial]:
    try:
        dial = dial_of(Question(key=key), plan, catalogue)
    except RequestError:  # its range is one that no request could ask for
        return
    if dial.steps_down or dial.steps_up:
        yield dial
