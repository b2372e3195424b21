"""How a plan was found, and for which plans its bound holds, in a sentence."""

from __future__ import annotations

from fleetplan.facts import Inheritance, Method, Reuse
from fleetplan.proven import Watch
from fleetplan.words.values import count, month_name, usd

WHY_NOT: dict[Inheritance, str] = {
    "kept_decisions": "it holds for plans that kept decisions of a plan before it",
    "priced_changes": "it holds for plans whose changes cost no more",
    "objective": "the two do not weigh plans by net present value alone",
    "catalogue": "it rests on another catalogue",
    "loosens": "this request may allow plans that the other did not",
    "matrix": "the same request is written down otherwise today",
    "own_is_lower": "the search proved a lower one",
}
"""Why the bound of the parent plan is not this plan's."""


BEGAN_WITH: dict[Reuse, str] = {
    "plan": ", from the earlier plan itself on",
    "remainder": ", from what this request leaves of the earlier plan on",
    "launches": ", from the earlier plan's launches, areas and depots on",
    "openings": ", from the earlier plan's launches and areas on",
    "entries": ", from the earlier plan's choice of who enters on",
    "later": ", from the earlier plan's launches and areas on, some put off",
    "so_far": ", from the plan on that was found before the search was interrupted",
}
"""What of the earlier plan the search began with."""

NOT_BEGUN: dict[Reuse, str] = {
    "other_periods": "the periods are not those of the earlier plan",
    "rules": "its launches and areas break a rule of this request",
}
"""Why the search began with nothing of the earlier plan."""


PROVISIONAL: dict[Reuse, str] = {
    "plan": "the parent's plan keeps every rule of this request",
    "remainder": "what this request leaves of the parent's plan",
    "launches": "the parent's launches, fleets anew",
    "openings": "the parent's launches, depots and fleets anew",
    "entries": "who enters in the parent's plan, all else anew",
    "later": "the parent's launches, some put off, depots and fleets anew",
    "so_far": "the plan that was found before the search was interrupted",
    "other_periods": "the parent's periods are others",
    "rules": "the parent's launches break a rule of this request",
}
"""What is told of the plan that a rerun begins with."""


def method_sentence(method: Method) -> str:
    """Return how a plan was found, what its bound is proven for, and where the bound is from."""
    found = (
        "One mixed-integer program of launches, areas and depots"
        f"{BEGAN_WITH.get(method.began_with, '')}, then whole vehicles."
    )
    return " ".join([found, *_begun(method), *_counted(method), *_holds(method), *_bound(method), *_weighed(method)])


WATCHED: dict[Watch, str] = {
    "launches": "open what the earlier plan does, in the same months",
    "entry": "open the partners of the earlier plan in its cities",
    "areas": "open what the earlier plan does, in the same months and as widely",
}
"""What the plans do that were weighed against all others."""


def _weighed(method: Method) -> list[str]:
    told = method.weighing
    if told is None:
        return []
    whose = " where it was asked about" if told.city or told.stack else ""
    held = f"plans that {WATCHED[told.watch]}{whose}"
    proofs = told.proofs
    if proofs.held_bound_usd is None:
        return [f"No plan keeps every rule here of the {held}."]
    others = "no other plan keeps every rule"
    if proofs.other_bound_usd is not None:
        others = f"all others are worth at most {usd(proofs.other_bound_usd)}"
    return [f"Weighed apart: {held} are worth at most {usd(proofs.held_bound_usd)}, and {others}."]


def _begun(method: Method) -> list[str]:
    why = NOT_BEGUN.get(method.began_with)
    return [f"Nothing of the earlier plan was begun with: {why}."] if why else []


def _counted(method: Method) -> list[str]:
    told = ["Markets were counted before value: the bound holds for plans with as many."]
    told = told if "counting markets" in method.stages else []
    if method.node_limit is None or method.nodes is None:
        return told
    nodes = f"{count(method.nodes)} branch-and-bound nodes, {count(method.node_limit)} allowed"
    return [
        *told,
        f"In one process, its work counted in nodes and not in seconds: {nodes}; the same request gives the same plan.",
    ]


def _holds(method: Method) -> list[str]:
    told, own = [], not method.bounds_every_plan
    if method.kept_until:
        which = ": the bound holds for plans that keep them" if own else ""
        told.append(f"Decisions of the parent plan before {month_name(method.kept_until)} are kept{which}.")
    if method.committed_until:
        which = ", and the bound holds for plans that leave no more undone" if own else ""
        told.append(
            f"Before {month_name(method.committed_until)} it does no more than is decided for every scenario; "
            f"what it leaves undone of that had cost {usd(method.given_up_usd or 0.0)}{which}."
        )
    if method.priced_until:
        told.append(
            f"What is decided before {month_name(method.priced_until)} had prices in the search: it proves a bound for a "
            "scenario set and is no advice by itself."
        )
    if method.change_price_usd:
        which = ": the bound holds for plans whose changes cost no more" if own else ""
        told.append(
            f"{usd(method.change_price_usd)} is weighed against every launch moved and every vehicle shifted at a year's end, "
            f"{usd(method.change_cost_usd)} here{which}."
        )
    return told


def _bound(method: Method) -> list[str]:
    if method.inheritance == "inherited":
        return ["The bound was proven for the parent plan, whose request allows every plan of this one."]
    if method.inheritance in WHY_NOT:
        return [f"The parent plan's bound is not taken over: {WHY_NOT[method.inheritance]}."]
    return []
