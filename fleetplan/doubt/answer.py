"""All that is found out of a plan's doubt, kept beside the cities' curves: the same plan and catalogue are asked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from fleetplan import __version__
from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books
from fleetplan.doubt.laws import law_shifts
from fleetplan.doubt.spread import DRAWS, spread
from fleetplan.doubt.tornado import tornado
from fleetplan.doubt.types import Doubt
from fleetplan.errors import Fault, InputError
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.types import Plan
from fleetplan.service import CityService, default_cache_dir
from fleetplan.whole_files import whole_file

Services = Mapping[str, CityService]


def books_of(
    plan: Plan, catalogue: Catalogue, services: Services, cache_dir: Path | None = None, *, streets: bool = False
) -> Books:
    """Open the books of a plan with what figures make of its curves; see :func:`fleetplan.doubt.laws.law_shifts`.

    ``streets``: streets and trips are made anew for the figures that they are made from, which takes minutes, once.

    Raises
    ------
    InputError
        Where the plan speaks of cities, stacks or areas that the catalogue does not hold any more.
    """
    check_known(plan, catalogue, services)
    books = Books.of(plan, catalogue, services)
    return Books(books.fixed, law_shifts(books.fixed, cache_dir, remake=streets))


def check_known(plan: Plan, catalogue: Catalogue, services: Services) -> None:
    """Refuse a plan of which the catalogue does not hold a city, a stack or an area any more.

    Raises
    ------
    InputError
        With each of them.
    """
    faults = []
    for city in plan.cities:
        for d in city.deployments:
            known = city.city in catalogue.cities and d.stack in catalogue.stacks
            if not known or len(services[city.city].levels) < max(d.level, default=0):
                what = f"{d.stack} in {city.city} is not in the catalogue as the plan has it"
                faults.append(Fault(f"/cities/{city.city}/{d.stack}", what, remedy="plan again with this catalogue"))
    if faults:
        raise InputError(faults)


def doubt_of(
    plan: Plan,
    catalogue: Catalogue,
    read_services: Callable[[], Services],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    cache_dir: Path | None = None,
    streets: bool = False,
) -> Doubt:
    """Return the doubt of a plan, from what is kept where possible.

    Raises
    ------
    InputError
        As :func:`books_of`; and where draws or seed are out of range.
    """
    path = doubt_file(plan, catalogue, (draws, seed, streets), cache_dir)
    if (known := _read(path)) is not None:
        return known
    books = books_of(plan, catalogue, read_services(), cache_dir, streets=streets)
    found = Doubt(tornado=tornado(books), spread=spread(books, draws, seed))
    _keep(found, path)
    return found


def kept_doubt(plan: Plan, catalogue: Catalogue, cache_dir: Path | None = None) -> Doubt | None:
    """Return the doubt of a plan if somebody asked for it before, with the usual draws; nothing is worked out."""
    both = (doubt_file(plan, catalogue, (DRAWS, 0, streets), cache_dir) for streets in (True, False))
    return next((known for path in both if (known := _read(path)) is not None), None)


def doubt_file(plan: Plan, catalogue: Catalogue, how: tuple[int, int, bool], cache_dir: Path | None = None) -> Path:
    """Return where a plan's doubt is kept by draws, seed and whether streets are made anew; there need not be any yet."""
    told = json.dumps([__version__, plan_sha256(plan), catalogue.digest, *how])
    return (cache_dir or default_cache_dir()) / f"doubt-{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"


def _read(path: Path) -> Doubt | None:
    try:
        return Doubt.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _keep(found: Doubt, path: Path) -> None:
    """Store what was found; a cache that cannot be written to is no reason to fail."""
    try:
        with whole_file(path) as file:
            file.write(found.model_dump_json().encode())
    except OSError:
        return
