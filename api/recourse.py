"""What to decide before it is known which scenario comes, read from stored plans.

Nothing is planned here. Which plans are needed next follows from those that are stored: the reruns to post are told, so that a
client that posts them and asks again, until nothing is left to post, learns the answer. They are durable, and shared out over all
workers; who asks later reads the same plans.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from api.asked_reruns import LONGEST_NAME, MOST_S, refused
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import ChangeState, Rerun, RerunCall
from api.schemas_again import RecourseTold, ScenarioTold
from api.store.contract import PlanRow
from fleetplan import __version__
from fleetplan.doubt.answer import check_known
from fleetplan.errors import InfeasibleError, InputError
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.idle import IdleCosts
from fleetplan.recourse.patches import Task
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
    rows: list[tuple[PlanRow, Callable[[], Mapping[str, Any]]]]
    calls: list[RerunCall] = field(default_factory=list)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    step: str = "scenarios"
    made: int = 0
    asked: int = 0
    running: bool = False

    @staticmethod
    def of(service: Service, found: Answered, rows: Sequence[PlanRow]) -> StoredMaker:
        """Return a maker with the reruns of a plan."""
        free = found.row.options.free
        least = {"gap": min(GAP, free.gap), "time_limit_s": min(MOST_S, free.time_limit_s), "causes": False}
        options = free.model_copy(update=least)
        return StoredMaker(service, found, options, [(row, cache(partial(asked_of, row.request))) for row in rows])

    def make(self, step: str, tasks: Sequence[Task], parents: Mapping[str, Plan]) -> list[Plan | None]:
        """Return the stored plans.

        Raises
        ------
        Waiting
            If some are not stored yet.
        """
        del parents  # a stored plan is found by what it was asked for
        rows = [self._row(task) for task in tasks]
        states = [finding(row)[0] for row in rows]
        self.step, self.asked, self.made = step, len(tasks), states.count("known")
        for task, row, state in zip(tasks, rows, states, strict=True):
            if state in UNMADE:
                self.calls.append(rerun_call("recourse", self.found.row.id, self._body(step, task), row))
        self.running = any(state != "known" and state not in UNMADE for state in states)
        if self.calls or self.running:
            raise Waiting
        return [self._plan(step, task, row) for task, row in zip(tasks, rows, strict=True) if row is not None]

    def costs(self, until: str) -> IdleCosts:
        """Return what one of each slot costs that is left undone before a month."""
        plan, catalogue = self.found.plan, self.service.known.catalogue
        scope = resolve_scope(plan.request, catalogue)
        services = {**self.service.known.services(plan)}
        prepared = Prepared(plan.request, catalogue, scope, {city: services[city] for city in scope.cities})
        return costs_of(prepared.formulation, until)

    def _row(self, task: Task) -> PlanRow | None:
        """Return the rerun that tells most of those with a task's request; the request is judged only where no patch says so."""
        rows = [(row, asked) for row, asked in self.rows if _alike(row.options, task.options)]
        patched = [row for row, _ in rows if row.patch is not None and _unnamed(row.patch) == task.patch]
        row = min(patched, key=worth, default=None)
        if finding(row)[0] == "known":
            return row
        sent = SentRerun(dict(task.patch), task.options)
        wanted = asked_of(changed_request(self.service, self.found.row, sent).model_dump(mode="json"))
        return min((row for row, asked in rows if asked() == wanted), key=worth, default=None)

    def _body(self, step: str, task: Task) -> Rerun:
        name = f"{self.found.row.name}: scenario {task.scenario.id}, {step_words(step).lower()}"[:LONGEST_NAME]
        return Rerun(patch={**task.patch, "name": name}, options=task.options)

    def _plan(self, step: str, task: Task, row: PlanRow) -> Plan | None:
        if row.answer_sha256 is None:
            return None
        self.ids[step, task.scenario.id] = row.id
        return answer_of(self.service, row).plan


def _unnamed(patch: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in patch.items() if name != "name"}


def _alike(one: PlanOptions, other: PlanOptions) -> bool:
    """Return whether two plans are made within the same commitments, and at the same prices."""
    return one.commit == other.commit and one.prices == other.prices and not one.keeps


def recourse_told(service: Service, found: Answered, name: str | None) -> RecourseTold:
    """Return what is known of a scenario set of a stored plan's request, and what to post next.

    What is known to the end is kept with the plan, for as long as its reruns stay what they are: then none of them is opened.

    Raises
    ------
    BadRequest
        Where the request has no such set, or puts markets first; and where the catalogue does not hold any more what the
        plan speaks of.
    """
    rows = service.store.page(limit=MOST_RERUNS, after=None, parent=found.row.id)
    asked = _asked(service, name, rows)
    if (held := service.store.finding(found.row.id, asked)) is not None:
        return RecourseTold.model_validate_json(held)
    told = _told(service, found, name, rows)
    if told.state == "known":
        service.store.keep_finding(found.row.id, asked, told.model_dump_json().encode())
    return told


def _asked(service: Service, name: str | None, rows: Sequence[PlanRow]) -> dict[str, Any]:
    """Return what an answer is kept under: it holds for this version, this catalogue and these reruns."""
    reruns = sorted((row.id, row.state, row.answer_sha256 or "") for row in rows)
    digest = hashlib.sha256(json.dumps(reruns).encode()).hexdigest()
    own = {"version": __version__, "catalogue_sha256": service.known.catalogue.digest, "reruns_sha256": digest}
    return {"kind": "recourse", "set": name or "", "enough": ENOUGH, **own}


def _told(service: Service, found: Answered, name: str | None, rows: Sequence[PlanRow]) -> RecourseTold:
    """Weigh what is stored."""
    plan, catalogue = found.plan, service.known.catalogue
    try:
        check_known(plan, catalogue, service.known.services(plan))
        scope = resolve_scope(plan.request, catalogue)
        one = set_of(plan.request, name)
        scenarios = scenarios_of(scope, one, catalogue)
    except InputError as error:
        raise refused(error) from error
    maker = StoredMaker.of(service, found, rows)
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
