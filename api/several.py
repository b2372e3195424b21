"""Several stored plans side by side."""

from __future__ import annotations

from collections.abc import Sequence

from api import problems as p
from api.deps import Answered, Service, answer_of
from api.option_schemas import SideBySideTold
from fleetplan.compare.several import side_by_side
from fleetplan.plans.types import Plan


def answered(service: Service, ids: Sequence[str]) -> list[Answered]:
    """Return stored plans by their ids, each once.

    Raises
    ------
    PlanNotFound
        With every id that no plan has.
    NotReady, NoAnswer
        For the first of them that has no answer.
    """
    rows = {name: service.store.get(name) for name in ids}
    unknown = [p.Flaw("is no plan", parameter="plan", value=name) for name, row in rows.items() if row is None]
    if unknown:
        raise p.PlanNotFound(flaws=unknown)
    return [answer_of(service, row) for row in rows.values() if row is not None]


def named_apart(found: Sequence[Answered]) -> list[Plan]:
    """Return plans that are called differently: those of one name get a number."""
    named: list[Plan] = []
    for k, one in enumerate(found):
        before = sum(other.plan.name == one.plan.name for other in found[:k])
        name = f"{one.plan.name} ({before + 1})" if before else one.plan.name
        named.append(one.plan.model_copy(update={"name": name}))
    return named


def table_of(service: Service, ids: Sequence[str]) -> SideBySideTold:
    """Return stored plans side by side.

    Raises
    ------
    BadRequest
        Where the same plan is named twice, so that fewer than two are left.
    """
    found = answered(service, ids)
    if len(found) < 2:
        raise p.refused([p.Flaw("names one plan twice", parameter="plan", allowed="two to twenty different plans")])
    return SideBySideTold(**dict(side_by_side(named_apart(found))), ids=[one.row.id for one in found])
