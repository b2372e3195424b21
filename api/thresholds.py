"""At which values of a figure another plan is best, read from stored plans.

Nothing is planned here. Which value to plan next follows from what is stored: of each search the reruns to post are told, so that
a client that posts them and asks again, until nothing is left to post, learns the answer. Who asks later reads the same plans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.asked_reruns import AskedReruns, refused
from api.deps import Answered, Service
from api.schemas import ChangeState, RerunCall
from api.schemas_again import ThresholdsTold, ThresholdTold
from fleetplan.catalogue.aliases import resolve_city
from fleetplan.doubt.answer import check_known, kept_doubt
from fleetplan.errors import InputError
from fleetplan.options import Weigh
from fleetplan.plans.types import Plan
from fleetplan.proven import Proofs, Watch
from fleetplan.service.types import CityService
from fleetplan.threshold.answer import Made, Search, worth_along
from fleetplan.threshold.dials import Question, dial_of
from fleetplan.threshold.ranking import matter_most
from fleetplan.threshold.shape import Watched
from fleetplan.threshold.types import Dial
from fleetplan.words.names import Names
from fleetplan.words.threshold import dial_name, stands_words, threshold_rows, threshold_sentences, value_words

GAP = 0.01


@dataclass(frozen=True, slots=True)
class Asked:
    """What is turned (nothing named: so many figures that matter most), and what counts as another plan."""

    question: Question
    watch: Watch
    of: str
    most: int


def thresholds_told(service: Service, found: Answered, asked: Asked) -> ThresholdsTold:
    """Return the thresholds of a stored plan as far as the store knows them.

    Raises
    ------
    BadRequest
        With every fault of the question; and where the catalogue does not hold any more what the plan speaks of.
    """
    plan, catalogue = found.plan, service.known.catalogue
    try:
        services = service.known.services(plan)
        check_known(plan, catalogue, services)
        watched = Watched(asked.watch, resolve_city(catalogue, asked.of) if asked.of else None)
        dials = _dials(service, found, asked, services)
    except InputError as error:
        raise refused(error) from error
    reruns = AskedReruns.of(service, found, "threshold", GAP)
    weighing = reruns.weighing(Weigh(watch=watched.what, city=watched.city, stack=watched.stack))
    names = Names(catalogue, (plan,))
    told = []
    for dial in dials:
        search = Search(plan, catalogue, dial, watched, worth_along(dial, catalogue, services, plan))
        told.append(_Known(search, weighing, reruns, names).told())
    return ThresholdsTold(plan=found.row.id, thresholds=told)


def _dials(service: Service, found: Answered, asked: Asked, services: Mapping[str, CityService]) -> list[Dial]:
    plan, catalogue = found.plan, service.known.catalogue
    if asked.question != Question():
        return [dial_of(asked.question, plan, catalogue)]
    known = kept_doubt(plan, catalogue)
    return matter_most(plan, catalogue, services, known.tornado if known else None, asked.most)


@dataclass(eq=False)
class _Known:
    """One search, filled with what is stored, step by step as it would go.

    ``weighing`` asks for plans with what is watched weighed against all others, ``reruns`` for plans as they are asked for.
    """

    search: Search
    weighing: AskedReruns
    reruns: AskedReruns
    names: Names
    calls: list[RerunCall] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    running: bool = False

    def told(self) -> ThresholdTold:
        """Return what is known, and what to post next."""
        search = self.search
        while self._taken(search.todo(), search.found, search.patch):
            pass
        if not self.calls and not self.running and not self.faults:
            self._taken(search.held_todo(), search.held, search.holding_patch)
        known = search.threshold()
        state: ChangeState = "missing" if self.calls else "running" if self.running else "known"
        return ThresholdTold(
            state=state,
            name=dial_name(search.dial, self.names),
            stands=stands_words(known, self.names),
            threshold=known,
            sentences=threshold_sentences(known, self.names),
            rows=threshold_rows(known, self.names),
            faults=self.faults,
            made=len(search.found) + len(search.held),
            reruns=self.calls,
        )

    def _taken(self, steps: list[int], into: dict[int, Made], patch: Callable[[int], dict[str, Any]]) -> bool:
        """Take what is stored of some steps; return whether there was any, so that further steps may follow."""
        some = False
        self.calls, self.running = [], False
        for step in steps:
            dial = self.search.dial
            name = f"{dial_name(dial, self.names)}: {value_words(dial, dial.value(step))}"
            held = into is self.search.held
            as_it_is = ", launches as they are" if held else ""
            found = (self.reruns if held else self.weighing).found(patch(step), f"{name}{as_it_is}")
            if found.fault:
                self.faults = sorted({*self.faults, found.fault})
            elif found.state == "known":
                plan = found.plan()
                into[step], some = Made(plan, found.id, proofs=_proofs(plan, self.search.watched)), True
            elif found.call is not None:
                self.calls.append(found.call)
            else:
                self.running = True
        return some and not self.faults


def _proofs(plan: Plan | None, watched: Watched) -> Proofs | None:
    """Return what was proven when a stored plan was made, where what is watched was weighed."""
    weighed = None if plan is None else plan.certificate.method.weighing
    if weighed is None or Watched(weighed.watch, weighed.city or None, weighed.stack or None) != watched:
        return None
    return weighed.proofs
