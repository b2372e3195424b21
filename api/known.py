"""What the service knows besides plans: the catalogue, the cities' services, and plans as objects; read when needed, kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError
from fleetplan.plans.files import read_plan
from fleetplan.plans.types import Plan
from fleetplan.scope import apply_overrides
from fleetplan.service import city_service

if TYPE_CHECKING:
    from fleetplan.service.types import CityService

MOST_PLANS = 16


class Known:
    """The catalogue as loaded, services by city, plans by the hash of their bytes. Safe to use from many threads."""

    def __init__(self, catalogue_path: Path | None = None) -> None:
        self._path = catalogue_path
        self._lock = threading.RLock()
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue, read once."""
        return load_catalogue(self._path)

    def forget(self) -> None:
        """Read the catalogue again when it is next asked for: it was changed."""
        with self._lock:
            self.__dict__.pop("catalogue", None)

    def plan(self, sha256: str, answer: bytes) -> Plan:
        """Return a stored plan as an object; :class:`OtherVersion` if another version wrote it."""
        with self._lock:
            if (found := self._plans.get(sha256)) is None:
                found = self._plans[sha256] = read_plan(answer)
                if len(self._plans) > MOST_PLANS:
                    self._plans.popitem(last=False)
            self._plans.move_to_end(sha256)
            return found

    def service(self, catalogue: Catalogue, city: str) -> CityService:
        """Return the service of a city; one at a time, since a city that nobody planned yet takes seconds."""
        with self._lock:
            return city_service(catalogue, city)

    def services(self, plan: Plan) -> Mapping[str, CityService]:
        """Return the services of a plan's cities as its request changes them."""
        changed, faults = apply_overrides(self.catalogue, plan.request.overrides)
        if faults:
            raise InputError(faults)
        return {c.city: self.service(changed, c.city) for c in plan.cities if c.city in changed.cities}
