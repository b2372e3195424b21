"""What stands already stays as it is told: the decisions of the periods before the month that is planned from."""

from __future__ import annotations

import numpy as np

from fleetplan.months import month_text
from fleetplan.optimize.instance import Instance, Ints
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.optimize.standing import Standing, StandingService


class StartingStateRule(Rule):
    """A plan goes on from what there is."""

    key = "starting_state"
    title = "What was done before the first month planned stays as it is"
    source = "the request: starting_state"
    kind = "target"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the month that is planned from, where something stands."""
        if not instance.grid.done:
            return self.title
        return f"{self.title}: {month_text(instance.grid.today)} is the first"

    def write(self, p: Problem) -> None:
        """Give the decisions of the periods done their values."""
        known = p.instance.standing
        if known is None:
            return
        for q, service in enumerate(known.services):
            self._service(p, q, service)
        self._together(p, known)
        for stack, columns in p.columns.bought.items():
            count = known.bought.get(stack, np.zeros(p.instance.grid.done, np.int64))
            t = p.every[: len(count)]
            p.equal(self, Place("stack", stack=stack), t, [(columns[t], 1.0)], count, part="bought")
        for city in p.columns.depots:
            self._depots(p, city, known)

    def _together(self, p: Problem, known: Standing) -> None:
        """Give what several deployments of a stack begin together its values: wider programmes, and its first launch."""
        i, t = p.instance, p.every[: p.instance.grid.done]
        for (stack, wide), columns in p.columns.programmes.items():
            users = [q for q in i.of_stack(stack) if wide in i.deployments[q].shared]
            self._begun(p, Place("programme", stack=stack, jurisdiction=wide), columns[t], users, known)
        for stack, columns in p.columns.first.items():
            self._begun(p, Place("stack", stack=stack), columns[t], i.of_stack(stack), known)

    def _begun(self, p: Problem, place: Place, columns: Ints, users: list[int], known: Standing) -> None:
        begun = np.any([known.services[q].begun for q in users], axis=0)
        p.equal(self, place, p.every[: len(columns)], [(columns, 1.0)], begun.astype(float), part="together")

    def _service(self, p: Problem, q: int, service: StandingService) -> None:
        own, place, t = p.columns.deployments[q], p.place(q), p.every[: len(service.level)]
        p.equal(self, place, t, [(own.begun[t], 1.0)], service.begun.astype(float), part="begun")
        for g, columns in enumerate(own.open):
            p.equal(self, place, t, [(columns[t], 1.0)], (service.level > g).astype(float), part="open")
        names = [mode.name for mode in p.instance.deployments[q].modes]
        for name in dict.fromkeys(names):
            rows = [k for k, other in enumerate(names) if other == name]
            p.equal(self, place, t, [(own.vehicles[rows][:, t].T, 1.0)], service.mode(name), part="vehicles")

    def _depots(self, p: Problem, city: str, known: Standing) -> None:
        own, data, done = p.columns.depots[city], p.instance.cities[city], p.instance.grid.done
        place, t, starts = Place("city", city=city), p.every[:done], p.instance.grid.starts[:done]
        for k, alike in enumerate(data.depot_classes):
            sites = [(city, data.depots[s].name) for s in alike.sites if (city, data.depots[s].name) in known.ordered]
            ordered = sum((starts >= known.ordered[site] for site in sites), np.zeros(done))
            p.equal(self, place, t, [(own.ordered[k, t], 1.0)], ordered, part="ordered")
            for payer in range(own.stalls.shape[1]):
                stalls = sum((known.stalls[site][payer] for site in sites), np.zeros(done))
                p.equal(self, place, t, [(own.stalls[k, payer, t], 1.0)], stalls, part="stalls")


STANDING_STATE_RULES: tuple[Rule, ...] = (StartingStateRule(),)
