"""What contracts ask the platform to take, beside what a plan takes: minimum quantities, and what missing them costs."""

from __future__ import annotations

from collections.abc import Iterator

from fleetplan.catalogue.types import Catalogue, Stack
from fleetplan.plans.types import Plan
from fleetplan.words.values import count, usd


def commitments(plan: Plan, catalogue: Catalogue) -> list[str]:
    """Return a sentence for each minimum quantity of a partner that the plan buys from; a minimum counts all its stacks."""
    return list(_commitments(plan, catalogue))


def _commitments(plan: Plan, catalogue: Catalogue) -> Iterator[str]:
    bought: dict[str, int] = {}
    for fleet in plan.stacks:
        bought[fleet.partner] = bought.get(fleet.partner, 0) + sum(fleet.bought)
    for stack in catalogue.stacks.values():
        least, taken = round(stack.value("contract.minimum_quantity")), bought.get(stack.partner, 0)
        if least and taken:
            yield _sentence(stack, least, taken)


def _sentence(stack: Stack, least: int, taken: int) -> str:
    asked = f"the contract with {stack.partner} asks for {count(least)} in all markets"
    if taken >= least:
        return f"{count(taken)} vehicles are bought within the horizon; {asked}: it is met."
    first = f"{count(taken)} vehicles are bought within the horizon; {asked}: by this plan alone it is not met."
    owed = stack.value("contract.shortfall_usd_per_vehicle")
    if not owed:
        return f"{first} What a vehicle short costs is not published, and nothing is booked for it."
    most = usd(owed * (least - taken))
    return f"{first} At {usd(owed)} a vehicle short that is up to {most}, which is no part of the plan's value."
