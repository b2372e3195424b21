"""The steps of making a plan in plain words, with the phases of progress that belong to each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the work: the phases that belong to it, what it is, and why it is done."""

    phases: tuple[str, ...]
    title: str
    why: str


STEPS = (
    Step(
        ("starting", "catalogue", "cities"),
        "Reading the cities",
        "Streets, demand and how many trips a fleet can serve in each area. The first plan of a city takes longest; "
        "what is computed is kept.",
    ),
    Step(
        ("formulating",),
        "Writing down the rules",
        "Law, permits, supply, depots, money and the request's own constraints become one system of equations.",
    ),
    Step(
        ("provisional",),
        "Starting from the earlier plan",
        "The earlier plan's launches are tried under the changed request, so that there is something to keep at once.",
    ),
    Step(
        ("counting markets",),
        "Counting markets",
        "As many markets as can be come first: how many a plan can have, before what such plans are worth.",
    ),
    Step(
        ("searching",),
        "Searching",
        "Weighing every city, partner and month against one another, and proving a ceiling no plan can pass.",
    ),
    Step(
        ("settling depots",),
        "Settling depots",
        "Depots come in whole sites: which of them are worth their rent decides how far fleets can grow.",
    ),
    Step(("improving",), "Improving", "Looking around the best plan so far for launches and fleets that add value."),
    Step(
        ("proving",),
        "Proving",
        "Lowering the ceiling until best plan and ceiling are as close as was asked, or the time is up.",
    ),
    Step(("whole vehicles",), "Whole vehicles", "Fleets become whole numbers of vehicles."),
    Step(("prices",), "Pricing what binds", "What one more dollar, vehicle or charger stall would be worth."),
    Step(
        ("conflicts",), "Finding what clashes", "No plan keeps every rule: which constraints stand against each other?"
    ),
    Step(
        ("checking", "done"),
        "Checking",
        "A second program goes through every rule on the raw figures before anybody sees the plan.",
    ),
)
ONLY_FOR_RERUNS, ONLY_FOR_MARKETS, ONLY_WHEN_INFEASIBLE = "provisional", "counting markets", "conflicts"


def steps(*, rerun: bool, markets: bool) -> list[Step]:
    """Return the steps of a plan: those of a rerun only where it is one, the count of markets where they come first."""
    left_out = {phase for phase, here in ((ONLY_FOR_RERUNS, rerun), (ONLY_FOR_MARKETS, markets)) if not here}
    return [step for step in STEPS if not left_out & {*step.phases}]
