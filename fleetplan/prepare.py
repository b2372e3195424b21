"""From a request to the problem that is solved: what every later step passes on instead of making it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.optimize.formulate import Formulation, formulate, formulation_hash
from fleetplan.optimize.gather import gather
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.pair.blocks import LARGE_COLUMNS
from fleetplan.optimize.periods import cuts_found
from fleetplan.request import PlanRequest
from fleetplan.run import QUIET, Clock, Run
from fleetplan.scope import Scope, judge_request, resolve_scope
from fleetplan.service import city_service
from fleetplan.service.types import CityService

MANY_PERIODS = 30
SINGLE_MONTHS = 12
NONE_MADE: Mapping[str, CityService] = {}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A request with all that planning reads.

    Attributes
    ----------
    catalogue
        As loaded, without the request's overrides (``scope.catalogue`` has them).
    services
        Response surfaces by city.
    """

    request: PlanRequest
    catalogue: Catalogue
    scope: Scope
    services: Mapping[str, CityService]

    @cached_property
    def instance(self) -> Instance:
        """The problem in numbers."""
        return gather(self.scope, self.services)

    @cached_property
    def formulation(self) -> Formulation:
        """The problem as a matrix."""
        return formulate(self.instance)

    @cached_property
    def coarse(self) -> Formulation | None:
        """The problem on the default grid, where the request's has many more periods.

        None where that says something else, and where so much is planned that it is planned by city.
        """
        horizon = self.request.horizon
        if self.request.starting_state is not None:
            return None
        few = len(self.request.grid) <= MANY_PERIODS or horizon.single_months <= SINGLE_MONTHS
        if few or self.formulation.model.columns > LARGE_COLUMNS:
            return None
        shorter = horizon.model_copy(update={"single_months": SINGLE_MONTHS})
        try:
            scope = resolve_scope(self.request.model_copy(update={"horizon": shorter}), self.catalogue)
            return Prepared(scope.request, self.catalogue, scope, self.services).cut().formulation
        except RequestError:  # what is asked cannot be said by quarter
            return None

    def cut(self, parent: PlanRequest | None = None) -> Prepared:
        """Return the same with quarters cut, if the request leaves that open: as a parent's are, or where that spares waiting."""
        horizon = self.request.horizon
        if horizon.cuts is not None:
            return self
        cuts = (cuts_found(self.scope, self.services) or None) if parent is None else parent.horizon.cuts
        if cuts is None:
            return self
        request = self.request.model_copy(update={"horizon": horizon.model_copy(update={"cuts": cuts})})
        return Prepared(request, self.catalogue, resolve_scope(request, self.catalogue), self.services)

    @cached_property
    def formulation_sha256(self) -> str:
        """The hash of the matrix."""
        return formulation_hash(self.formulation)


def services_for(scope: Scope, run: Run = QUIET, made: Mapping[str, CityService] = NONE_MADE) -> dict[str, CityService]:
    """Return the response surfaces of every city of a scope: of those made already, or from the cache where possible."""
    clock = Clock(run.progress)
    found = {}
    for city in scope.cities:
        clock.send("cities", message=city)
        found[city] = made[city] if city in made else city_service(scope.catalogue, city, cache_dir=run.cache_dir)
    return found


def prepare(
    request: PlanRequest | Mapping[str, Any], run: Run = QUIET, made: Mapping[str, CityService] = NONE_MADE
) -> Prepared:
    """Return a request, parsed or as plain data, ready to be planned.

    Parameters
    ----------
    made
        Surfaces by city that were made under the request's overrides already.

    Raises
    ------
    RequestError
        With every fault of the request.
    """
    clock = Clock(run.progress)
    clock.send("catalogue")
    known = run.catalogue if run.catalogue is not None else load_catalogue()
    scope = judge_request(request, known)
    return Prepared(scope.request, known, scope, services_for(scope, run, made))


def prepare_again(request: PlanRequest, prepared: Prepared) -> Prepared:
    """Return another request ready to be planned with the catalogue and the surfaces of one that was.

    Both requests must have the same overrides; cities that only this one has are read anew.
    """
    scope = resolve_scope(request, prepared.catalogue)
    missing = [c for c in scope.cities if c not in prepared.services]
    services = {**prepared.services, **{c: city_service(scope.catalogue, c) for c in missing}}
    return Prepared(request, prepared.catalogue, scope, {c: services[c] for c in scope.cities})
