"""Several stored plans side by side. One that cannot be shown is named with the reason, and the others stand."""

from __future__ import annotations

from collections.abc import Sequence

from api import problems as p
from api.deps import Answered, Service, answer_of
from api.missing import PlanDeleted, not_there
from api.option_schemas import LeftOut, SideBySideTold
from fleetplan.compare.several import FEWEST, side_by_side
from fleetplan.plans.types import Plan

Refusal = p.PlanNotFound | p.NotReady | p.NoAnswer | p.OtherVersion


def answered(service: Service, ids: Sequence[str]) -> tuple[list[Answered], dict[str, Refusal]]:
    """Return stored plans by their ids, each once, and by its id why one is left out."""
    found: list[Answered] = []
    refused: dict[str, Refusal] = {}
    for plan in dict.fromkeys(ids):
        row = service.store.get(plan)
        try:
            if row is None:
                raise not_there(service.store, service.settings.undo_days, plan, parameter="plan")
            found.append(answer_of(service, row))
        except (p.PlanNotFound, p.NotReady, p.NoAnswer, p.OtherVersion) as error:
            refused[plan] = error
    return found, refused


def left_out(service: Service, plan: str, refusal: Refusal) -> LeftOut:
    """Return what is told of a plan that was named and is not among those shown."""
    row = service.store.card(plan)
    return LeftOut(
        id=plan,
        name=row.name if row is not None else "",
        code=p.kind_of(type(refusal)).code,
        sentence=refusal.detail,
        restorable=isinstance(refusal, PlanDeleted),
    )


def named_apart(found: Sequence[Answered]) -> list[Plan]:
    """Return plans that are called differently: those of one name get a number."""
    named: list[Plan] = []
    for k, one in enumerate(found):
        before = sum(other.plan.name == one.plan.name for other in found[:k])
        name = f"{one.plan.name} ({before + 1})" if before else one.plan.name
        named.append(one.plan.model_copy(update={"name": name}))
    return named


def table_of(service: Service, ids: Sequence[str]) -> SideBySideTold:
    """Return stored plans side by side; those that cannot be shown are told in ``left_out``.

    Raises
    ------
    PlanNotFound
        Where fewer than two can be shown and one of the others is not there: with every one that is not.
    NotReady, NoAnswer, OtherVersion
        Where fewer than two can be shown: for the first that has no answer.
    BadRequest
        Where the same plan is named twice, so that fewer than two are left.
    """
    found, refused = answered(service, ids)
    if len(found) < FEWEST:
        raise _too_few(list(refused.values()))
    return table_of_answers(found, [left_out(service, plan, why) for plan, why in refused.items()])


def table_of_answers(found: Sequence[Answered], missing: list[LeftOut]) -> SideBySideTold:
    """Return plans side by side with what is told of those left out."""
    ids = [one.row.id for one in found]
    return SideBySideTold(**dict(side_by_side(named_apart(found))), ids=ids, left_out=missing)


def _too_few(refused: Sequence[Refusal]) -> p.ServiceError:
    if gone := [one for one in refused if isinstance(one, p.PlanNotFound)]:
        return p.PlanNotFound("; ".join(one.detail for one in gone), flaws=[flaw for one in gone for flaw in one.flaws])
    if refused:
        return refused[0]
    return p.refused([p.Flaw("names one plan twice", parameter="plan", allowed="two to twenty different plans")])
