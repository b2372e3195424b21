"""Why a plan does not do something, found by planning again with it asked for."""

from __future__ import annotations

from dataclasses import replace

from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.inquiry.answer import WhyNotAnswer, opened
from fleetplan.inquiry.question import WhyNot
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import rerun
from fleetplan.run import QUIET, Run


def why_not(plan: Plan, asked: WhyNot, options: PlanOptions = DEFAULT_OPTIONS, run: Run = QUIET) -> WhyNotAnswer:
    """Answer why a plan does not do what is asked: what forbids it, or what doing it costs and what else moves.

    Raises
    ------
    RequestError
        With every fault of the question.
    """
    catalogue = run.catalogue if run.catalogue is not None else load_catalogue()
    answer = opened(plan, asked, catalogue)
    if answer.kind != "open":
        return answer
    try:
        forced = rerun(plan, answer.patch, options, replace(run, catalogue=catalogue), mend=False).plan
    except InfeasibleError as error:
        return replace(answer, kind="impossible", conflicts=error.clashes)
    return replace(answer, kind="possible", forced=forced)
