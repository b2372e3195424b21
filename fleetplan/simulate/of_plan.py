"""Months of one plan, replayed under the plan's own figures."""

from __future__ import annotations

from functools import cached_property

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, InputError
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.types import Plan
from fleetplan.replays.months import find_month
from fleetplan.replays.types import MonthTold, ReplayAsked
from fleetplan.scope import apply_overrides
from fleetplan.service import city_service
from fleetplan.service.types import CityService
from fleetplan.simulate.replay import Progress, Replay, replay_month
from fleetplan.simulate.scenario import Dispatch
from fleetplan.simulate.told import month_told


class PlanReplays:
    """Replays months of a plan.

    Parameters
    ----------
    catalogue
        As loaded; the request's overrides are applied here.
    """

    def __init__(self, plan: Plan, catalogue: Catalogue, dispatch: Dispatch = "batched") -> None:
        self.plan, self.dispatch = plan, dispatch
        self.digest, self.sha256 = catalogue.digest, plan_sha256(plan)
        self.catalogue, faults = apply_overrides(catalogue, plan.request.overrides)
        if faults:
            raise InputError(faults)
        self._services: dict[str, CityService] = {}

    @cached_property
    def known(self) -> frozenset[tuple[str, str]]:
        """Cities and stacks that the catalogue holds."""
        return frozenset((city, stack) for city in self.catalogue.cities for stack in self.catalogue.stacks)

    def month(self, asked: ReplayAsked, progress: Progress | None = None) -> tuple[Replay, MonthTold]:
        """Return a month as it came, and its facts, without sentences.

        Raises
        ------
        InputError
            If the plan has no such city or month, nothing is open there then, or the catalogue does not hold it any more.
        """
        rollout, period = find_month(self.plan, asked.city, asked.month)
        open_now = [d for d in rollout.deployments if d.level[period] and d.vehicles[period]]
        gone = [d.stack for d in open_now if (asked.city, d.stack) not in self.known]
        if not gone:
            service = self._service(asked.city)
            gone = [d.stack for d in open_now if d.level[period] > len(service.levels)]
        if gone:
            what = f"{', '.join(gone)} in {asked.city} is not in the catalogue as the plan has it"
            raise InputError([Fault("/city", what, "", "plan again with this catalogue")])
        replay = replay_month(self.plan, asked, self.catalogue, service, dispatch=self.dispatch, progress=progress)
        return replay, month_told(replay, self.sha256, self.digest)

    def _service(self, city: str) -> CityService:
        if city not in self._services:
            self._services[city] = city_service(self.catalogue, city)
        return self._services[city]
