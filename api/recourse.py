"""What to decide before it is known which scenario comes, read from stored plans.

Nothing is planned here. Which plans are needed next follows from those that are stored: the reruns to post are told, so that a
client that posts them and asks again, until nothing is left to post, learns the answer. They are durable, and shared out over all
workers; who asks later reads the same plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.asked_reruns import LONGEST_NAME, MOST_S, refused
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import ChangeState, Rerun, RerunCall
from api.schemas_again import RecourseTold, ScenarioTold
from api.store.contract import PlanRow
from fleetplan.doubt.answer import check_known
from fleetplan.errors import InfeasibleError, InputError
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.patches import Task
from fleetplan.recourse.price import Prices
from fleetplan.recourse.search import ENOUGH, GAP, Search
from fleetplan.recourse.types import Recourse, Scenario
from fleetplan.reruns.commit import costs_of
from fleetplan.scope import resolve_scope
from fleetplan.words.names import Names
from fleetplan.words.recourse import (
    decided_sentences,
    recourse_sentences,
    regret_sentences,
    scenario_sentences,
    step_words,
)


class Waiting(Exception):
    """Plans are missing, or being made."""


@dataclass(eq=False)
class StoredMaker:
    """Looks plans up among the reruns of a plan, instead of making them."""

    service: Service
    found: Answered
    options: PlanOptions
    rows: list[tuple[PlanRow, Mapping[str, Any]]]
    calls: list[RerunCall] = field(default_factory=list)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    step: str = "scenarios"
    made: int = 0
    asked: int = 0
    running: bool = False

    @staticmethod
    def of(service: Service, found: Answered) -> StoredMaker:
        """Return a maker with the reruns of a plan as they are stored now."""
        rows = service.store.page(limit=MOST_RERUNS, after=None, parent=found.row.id)
        free = found.row.options.free
        options = free.model_copy(update={"gap": min(GAP, free.gap), "time_limit_s": min(MOST_S, free.time_limit_s)})
        return StoredMaker(service, found, options, [(row, asked_of(row.request)) for row in rows])

    def make(self, step: str, tasks: Sequence[Task], parents: Mapping[str, Plan]) -> list[Plan | None]:
        """Return the stored plans.

        Raises
        ------
        Waiting
            If some are not stored yet.
        """
        del parents  # a stored plan is found by what it was asked for
        self.step, self.asked, self.made = step, len(tasks), 0
        plans = [self._plan(step, task) for task in tasks]
        if self.calls or self.running:
            raise Waiting
        return plans

    def costs(self, until: str) -> Prices:
        """Return what one of each slot costs that is left undone before a month."""
        plan, catalogue = self.found.plan, self.service.known.catalogue
        scope = resolve_scope(plan.request, catalogue)
        services = {**self.service.known.services(plan)}
        prepared = Prepared(plan.request, catalogue, scope, {city: services[city] for city in scope.cities})
        return costs_of(prepared.formulation, until)

    def _plan(self, step: str, task: Task) -> Plan | None:
        name = f"{self.found.row.name}: scenario {task.scenario.id}, {step_words(step).lower()}"[:LONGEST_NAME]
        options = task.options
        body = Rerun(patch={**task.patch, "name": name}, options=options)
        sent = SentRerun(body.patch, body.options)
        wanted = asked_of(changed_request(self.service, self.found.row, sent).model_dump(mode="json"))
        same = (row for row, asked in self.rows if asked == wanted and _alike(row.options, options))
        row = min(same, key=worth, default=None)
        state, _, _ = finding(row)
        if state in UNMADE:
            self.calls.append(rerun_call("recourse", self.found.row.id, body, row))
            return None
        if state != "known" or row is None:
            self.running = True
            return None
        self.made += 1
        if row.answer_sha256 is None:
            return None
        self.ids[step, task.scenario.id] = row.id
        return answer_of(self.service, row).plan


def _alike(one: PlanOptions, other: PlanOptions) -> bool:
    """Return whether two plans are made within the same commitments, and at the same prices."""
    return one.commit == other.commit and one.prices == other.prices and not one.keeps


def recourse_told(service: Service, found: Answered, name: str | None) -> RecourseTold:
    """Return what is known of a scenario set of a stored plan's request, and what to post next.

    Raises
    ------
    BadRequest
        Where the request has no such set, or puts markets first; and where the catalogue does not hold any more what the
        plan speaks of.
    """
    plan, catalogue = found.plan, service.known.catalogue
    try:
        check_known(plan, catalogue, service.known.services(plan))
        scope = resolve_scope(plan.request, catalogue)
        one = set_of(plan.request, name)
        scenarios = scenarios_of(scope, one, catalogue)
    except InputError as error:
        raise refused(error) from error
    maker = StoredMaker.of(service, found)
    search = Search(one, scenarios, plan, catalogue, maker, maker.options, ENOUGH)
    state, fault = _searched(search)
    known = search.recourse() if search.found else None
    names = Names(catalogue, (plan,))
    state = "missing" if maker.calls else "running" if maker.running else state
    return RecourseTold(
        plan=found.row.id,
        set_id=one.id,
        sets=[other.id for other in plan.request.scenario_sets] or [one.id],
        state=state,
        recourse=known,
        sentences=recourse_sentences(known, names) if known else [fault] if fault else [],
        decided=decided_sentences(known, names) if known else [],
        regrets=regret_sentences(known, names) if known else [],
        scenarios=[_scenario(plan, one_of, maker, known, names) for one_of in scenarios],
        step=step_words(maker.step),
        made=maker.made,
        asked=maker.asked,
        reruns=maker.calls,
    )


def _searched(search: Search) -> tuple[ChangeState, str]:
    try:
        search.run()
    except Waiting:
        return "running", ""
    except InfeasibleError as error:
        return "known", f"{str(error).splitlines()[0].capitalize()}."
    return "known", ""


def _scenario(plan: Plan, scenario: Scenario, maker: StoredMaker, known: Recourse | None, names: Names) -> ScenarioTold:
    best = known.best if known else ""
    return ScenarioTold(
        id=scenario.id,
        probability=scenario.probability,
        sentences=scenario_sentences(scenario, plan.request, names),
        known_plan=maker.ids.get(("scenarios", scenario.id)),
        plan=maker.ids.get((best, scenario.id)) or maker.ids.get(("scenarios", scenario.id)) if best else None,
    )
