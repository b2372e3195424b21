"""The answer to a question, and as much of it as needs no search.

Both plans of an answer are found within their gaps, so the cost of forcing lies between

    least = max(0, plan.objective - forced.bound)      most = max(0, plan.bound - forced.objective)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from fleetplan.catalogue.types import Catalogue
from fleetplan.compare import compare_plans
from fleetplan.facts import Conflict
from fleetplan.inquiry.question import WhyNot, asking, does_it, resolved
from fleetplan.plans.types import Plan
from fleetplan.scope.admission import Admission, Refusal
from fleetplan.scope.names import Names
from fleetplan.words.names import Names as CatalogueNames
from fleetplan.words.why_not import why_not_sentences

Kind = Literal["open", "planned", "left_out", "impossible", "possible"]
"""To be planned with its patch; the plan does it; law or the request's lists keep it out; no plan can; some plan can."""


@dataclass(frozen=True, slots=True)
class WhyNotAnswer:
    """The answer to a question.

    Attributes
    ----------
    asked
        The question, in slugs.
    patch
        What makes a request of it, for a rerun; empty where the plan does it or it is left out.
    refusal
        Why the request does not admit the stack there by itself: no deal, a rival's, another list, the law. What follows, where
        something does, is of the request with the stack let in.
    conflicts
        What stands in the way, the first blocker first, where no plan can.
    forced
        The best plan found that does it.
    """

    kind: Kind
    plan: Plan
    asked: WhyNot
    patch: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None
    conflicts: tuple[Conflict, ...] = ()
    forced: Plan | None = None

    @property
    def cost_usd(self) -> float | None:
        """NPV given up for forcing it, between the plans found; negative where forcing led to a better plan."""
        return None if self.forced is None else self.plan.objective - self.forced.objective

    @property
    def least_usd(self) -> float | None:
        """NPV given up at least, proven."""
        return None if self.forced is None else max(0.0, self.plan.objective - self.forced.bound)

    @property
    def most_usd(self) -> float | None:
        """NPV given up at most, proven."""
        return None if self.forced is None else max(0.0, self.plan.bound - self.forced.objective)


def opened(plan: Plan, asked: WhyNot, catalogue: Catalogue) -> WhyNotAnswer:
    """Return the answer as far as it is known without a search: ``open``, with the patch to plan again with, or settled.

    Raises
    ------
    RequestError
        With every fault of the question.
    """
    asked = resolved(asked, plan, catalogue)
    if does_it(asked, plan):
        return WhyNotAnswer("planned", plan, asked)
    admission = Admission.of(plan.request, Names(catalogue))
    refusal = _refusal(asked, admission)
    patch: dict[str, Any] = {"constraints": dict(asking(asked, plan))}
    if refusal is not None:
        let_in = replace(admission, added=admission.added | {(asked.stack or "", asked.city)})
        if _refusal(asked, let_in) is not None:
            return WhyNotAnswer("left_out", plan, asked, refusal=refusal)
        patch["deployments"] = {"add": {f"{asked.stack}@{asked.city}": {}}}
    return WhyNotAnswer("open", plan, asked, patch, refusal)


def _refusal(asked: WhyNot, admission: Admission) -> Refusal | None:
    return admission.city_refusal(asked.city) if asked.stack is None else admission.refusal(asked.stack, asked.city)


def told(answer: WhyNotAnswer, catalogue: Catalogue) -> list[str]:
    """Return the answer in sentences: what forbids it, or what it costs and which launches move with it."""
    plan, forced = answer.plan, answer.forced
    names = CatalogueNames(catalogue, plans=(plan, *([forced] if forced else [])))
    moves = compare_plans(plan, forced, names).decisions if forced is not None else []
    return why_not_sentences(answer, names, [move.sentence for move in moves if move.kind == "launch"])


def answer_data(answer: WhyNotAnswer, sentences: Sequence[str]) -> dict[str, Any]:
    """Return an answer as plain data: what was asked, what was found, money with its band, and the patch that a rerun takes."""
    forced = answer.forced
    return {
        "kind": answer.kind,
        "asked": asdict(answer.asked),
        "patch": answer.patch,
        "refusal": None if answer.refusal is None else asdict(answer.refusal),
        "conflicts": [conflict.model_dump(mode="json") for conflict in answer.conflicts],
        "npv_usd": None if forced is None else forced.objective,
        "bound_usd": None if forced is None else forced.bound,
        "cost_usd": answer.cost_usd,
        "least_usd": answer.least_usd,
        "most_usd": answer.most_usd,
        "sentences": list(sentences),
    }
