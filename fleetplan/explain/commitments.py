"""What contracts ask the platform to take, beside what a plan takes: minimum quantities, and what missing them costs."""

from __future__ import annotations

from collections.abc import Iterator

from fleetplan.catalogue.types import Catalogue, Stack
from fleetplan.plans.types import Plan
from fleetplan.scope.overrides import apply_overrides
from fleetplan.words.values import count, usd


def commitments(plan: Plan, catalogue: Catalogue) -> list[str]:
    """Return a sentence for each minimum quantity of a partner whose vehicles a plan may take; all its stacks count."""
    return list(_commitments(plan, apply_overrides(catalogue, plan.request.overrides)[0]))


def _commitments(plan: Plan, catalogue: Catalogue) -> Iterator[str]:
    bought: dict[str, int] = {}
    for fleet in plan.stacks:
        bought[fleet.partner] = bought.get(fleet.partner, 0) + sum(fleet.bought)
    for stack in catalogue.stacks.values():
        least, taken = stack.value("contract.minimum_quantity"), bought.get(stack.partner)
        if least and taken is not None:
            yield _sentence(plan, stack, taken)


def _sentence(plan: Plan, stack: Stack, taken: int) -> str:
    least, years = round(stack.value("contract.minimum_quantity")), stack.value("contract.minimum_years")
    due = least * min(1.0, sum(plan.period_months) / 12.0 / years)
    what = f"{count(taken)} vehicles are" if taken else "No vehicle is"
    first = (
        f"{what} bought within the horizon; the contract with {stack.partner} asks for {count(least)} in {years:g} years "
        f"and in all markets, {count(due)} of them by the end of the horizon"
    )
    if taken >= due:
        return f"{first}: it is met."
    if "capital" not in stack.platform_pays:
        return (
            f"{first}: by this plan alone it is not met. The vehicles are the partner's, and nothing is booked for it."
        )
    owed = stack.value("contract.shortfall_usd_per_vehicle")
    if not owed:
        return (
            f"{first}: by this plan alone it is not met. What a vehicle short costs is not published, and nothing is booked "
            "for it."
        )
    cost = usd(owed * (due - taken))
    return f"{first}: it is not met. At {usd(owed)} a vehicle short {cost} is booked at the end of the horizon."
